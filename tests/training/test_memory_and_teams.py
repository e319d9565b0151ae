"""Memory that is kept between steps, and processes that train together."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest
import torch

from dancenow.processes import keep_freed_memory, return_freed_memory, share_heaps
from dancenow.training import Device
from dancenow.training.team import Team


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_than_on_linux_memory_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    touched: list[object] = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", touched.append)
    assert keep_freed_memory.__wrapped__() is False
    return_freed_memory()
    share_heaps()
    assert not touched


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc keeps memory")
def test_what_was_kept_is_given_back() -> None:
    told = subprocess.run(
        [sys.executable, "-c", KEEP_AND_RETURN], capture_output=True, text=True, check=True
    )
    kept, returned = map(int, told.stdout.split())
    assert kept > 150 and returned < 50


KEEP_AND_RETURN = """
import psutil
from dancenow.processes import keep_freed_memory, return_freed_memory
import numpy as np
keep_freed_memory()
before = psutil.Process().memory_info().rss
blocks = [np.ones(2**20 // 8) for _ in range(200)]
last = np.ones(8)
del blocks
held = lambda: (psutil.Process().memory_info().rss - before) >> 20
kept = held()
return_freed_memory()
print(kept, held())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc has several heaps")
@pytest.mark.parametrize(("given", "heaps"), [({}, 4), ({"MALLOC_ARENA_MAX": "6"}, 6)])
def test_threads_share_four_heaps_unless_the_user_says_how_many(
    given: dict[str, str], heaps: int
) -> None:
    env = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    command = [sys.executable, "-c", SHARE + TEN_THREADS + f"again({TEN_THREADS!r})"]
    told = subprocess.run(command, env=env | given, capture_output=True, text=True, check=True)
    own, child = (part.count("<heap nr=") for part in told.stdout.split("</malloc>")[:2])
    assert (own, child) == (heaps, heaps)


SHARE = """
import subprocess, sys
from dancenow.processes import share_heaps
share_heaps()
again = lambda code: subprocess.run([sys.executable, "-c", code])
"""
TEN_THREADS = """
import ctypes, threading
together = threading.Barrier(11)
for _ in range(10):
    threading.Thread(target=lambda: (bytes(2000), together.wait(), together.wait())).start()
together.wait()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
together.wait()
"""


@pytest.mark.parametrize("with_fabric", [False, True])
def test_a_team_of_one_agrees_with_itself_and_waits_for_nobody(with_fabric: bool) -> None:
    team = Team(Device("cpu", "32-true").fabric() if with_fabric else None)
    team.wait()
    assert (team.rank, team.size, team.first) == (0, 1, True)
    assert team.agreed(0.1) == 0.1
    terms = {"loss": torch.tensor(2.0, requires_grad=True), "l1": torch.tensor(0.5).bfloat16()}
    assert team.means(terms) == {"loss": 2.0, "l1": 0.5}
