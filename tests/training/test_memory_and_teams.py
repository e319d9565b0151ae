"""Memory that is kept between steps, and processes that train together."""

from __future__ import annotations

import ctypes
import sys

import pytest
import torch

from dancenow.training import Device
from dancenow.training.memory import keep_freed_memory
from dancenow.training.team import Team


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_than_on_linux_memory_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    touched: list[object] = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", touched.append)
    assert keep_freed_memory.__wrapped__() is False and not touched


@pytest.mark.parametrize("with_fabric", [False, True])
def test_a_team_of_one_agrees_with_itself_and_waits_for_nobody(with_fabric: bool) -> None:
    team = Team(Device("cpu", "32-true").fabric() if with_fabric else None)
    team.wait()
    assert (team.rank, team.size, team.first) == (0, 1, True)
    assert team.agreed(0.1) == 0.1
    terms = {"loss": torch.tensor(2.0, requires_grad=True), "l1": torch.tensor(0.5).bfloat16()}
    assert team.means(terms) == {"loss": 2.0, "l1": 0.5}
