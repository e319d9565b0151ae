"""Budgets, averages, checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from dancenow.errors import InputError
from dancenow.options.groups import BudgetOptions
from dancenow.training import (
    Budget,
    Clock,
    TrainingState,
    WeightAverage,
    load_state,
    save_state,
)
from dancenow.training.budget import budget_of, cosine_rate
from dancenow.training.checkpoint import optimizer_tensors, restore_optimizer


class Ticking:
    """A clock that goes on by one second each time it is read."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        self.time += 1.0
        return self.time


def test_options_without_a_budget_take_the_default() -> None:
    assert budget_of(BudgetOptions(), Budget(minutes=3)) == Budget(minutes=3)


def test_a_part_of_a_training_gets_its_share() -> None:
    whole, default = BudgetOptions(minutes=4, steps=10), Budget(steps=1)
    assert budget_of(whole, default, share=0.25) == Budget(minutes=1, steps=2)
    assert budget_of(BudgetOptions(steps=1), default, share=0.25) == Budget(steps=1)


def test_a_quality_is_a_number_of_steps_and_excludes_other_budgets() -> None:
    default = Budget(minutes=1)
    assert budget_of(BudgetOptions(quality="quick"), default, enough_steps=40) == Budget(steps=40)
    assert budget_of(BudgetOptions(quality="good"), default, enough_steps=40) == Budget(steps=100)
    with pytest.raises(InputError, match="`quality`: replaces"):
        budget_of(BudgetOptions(quality="good", steps=3), default, enough_steps=40)
    with pytest.raises(InputError, match="not known"):
        budget_of(BudgetOptions(quality="good"), default)


@pytest.mark.parametrize("wrong", [{}, {"minutes": -1}, {"minutes": float("nan")}, {"steps": 0}])
def test_a_budget_that_allows_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"`(minutes|steps)`"):
        Budget(**wrong)  # type: ignore[arg-type]


def test_the_clock_ends_with_whichever_budget_ends_first() -> None:
    clock = Clock(Budget(minutes=1, steps=10), now=lambda: 0.0)
    clock.step = 5
    assert clock.fraction == 0.5
    clock.step = 10
    assert clock.over
    assert Clock(Budget(minutes=1), spent=60, now=lambda: 0.0).over


def test_the_rate_warms_up_and_falls_to_nothing() -> None:
    assert cosine_rate(0.0, 0, warmup_steps=10) == pytest.approx(0.1)
    assert cosine_rate(0.0, 100, warmup_steps=10) == pytest.approx(1.0)
    assert cosine_rate(0.5, 100, warmup_steps=10) == pytest.approx(0.5)
    assert cosine_rate(1.0, 100, warmup_steps=10) == pytest.approx(0.0)


def test_the_average_follows_the_weights_and_stays_between_them() -> None:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(layer.weight)
    average = WeightAverage(layer, decay=0.9)
    nn.init.ones_(layer.weight)
    seen = []
    for step in range(100):
        average.update(layer, step)
        seen.append(float(average.module.weight.detach()))
    assert seen[0] == pytest.approx(0.9)  # 1 - (1 + 0) / (10 + 0)
    assert seen == sorted(seen) and 0.99 < seen[-1] <= 1.0


def test_a_checkpoint_comes_back_exactly(tmp_path: Path) -> None:
    weights = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    save_state(tmp_path, TrainingState({"a.b": weights}, {"step": 7, "seed": 3}))
    state = load_state(tmp_path)
    assert state is not None
    assert torch.equal(state.tensors["a.b"], weights)
    assert state.values == {"step": 7, "seed": 3}


def test_a_death_between_the_two_files_leaves_the_older_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_state(tmp_path, TrainingState({"w": torch.zeros(1)}, {"step": 1}))
    monkeypatch.setattr("dancenow.training.checkpoint.write_text", _die)
    with pytest.raises(KeyboardInterrupt):
        save_state(tmp_path, TrainingState({"w": torch.ones(1)}, {"step": 2}))
    state = load_state(tmp_path)
    assert state is not None and state.values["step"] == 1 and float(state.tensors["w"]) == 0


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_damaged_or_newer_checkpoint_is_told(tmp_path: Path) -> None:
    assert load_state(tmp_path) is None
    save_state(tmp_path, TrainingState({"w": torch.zeros(1)}, {"step": 1}))
    document = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps({**document, "version": 99}))
    with pytest.raises(InputError, match="update DanceNow"):
        load_state(tmp_path)
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        load_state(tmp_path)


def test_an_optimiser_goes_on_from_where_it_was() -> None:
    def steps(layer: nn.Linear, optimizer: torch.optim.Optimizer, count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            layer(torch.ones(1, 2)).sum().square().backward()
            optimizer.step()

    torch.manual_seed(0)
    whole = nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(whole.parameters())
    steps(whole, optimizer, 3)
    other = nn.Linear(2, 2)
    other.load_state_dict(whole.state_dict())
    resumed = torch.optim.AdamW(other.parameters())
    restore_optimizer(resumed, {k: v.clone() for k, v in optimizer_tensors(optimizer).items()})
    steps(whole, optimizer, 3)
    steps(other, resumed, 3)
    assert torch.equal(whole.weight, other.weight)
