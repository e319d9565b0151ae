"""Checkpoints: names, old files, damage, strangers; devices; what a clock says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from dancenow.errors import InputError
from dancenow.training import Budget, Clock, Device, TrainingState, choose_device, load_state
from dancenow.training.budget import cosine_rate
from dancenow.training.checkpoint import prefixed, restore_module, save_state, unprefixed


def saved(folder: Path, step: int) -> TrainingState:
    state = TrainingState({"w": torch.full((4,), float(step))}, {"step": step})
    save_state(folder, state)
    return state


def test_names_are_prefixed_and_found_again_without_mixing() -> None:
    a, b = torch.zeros(1), torch.ones(1)
    both = {**prefixed("gen", {"x.y": a}), **prefixed("generator", {"x.y": b})}
    assert set(both) == {"gen.x.y", "generator.x.y"}
    assert unprefixed("gen", both) == {"x.y": a} and unprefixed("generator", both) == {"x.y": b}


def test_a_checkpoint_makes_its_folder_and_drops_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "performer" / "checkpoint"
    saved(folder, 1)
    saved(folder, 2)
    assert len(list(folder.iterdir())) == 2
    state = load_state(folder)
    assert state is not None and state.values["step"] == 2 and float(state.tensors["w"][0]) == 2


def test_a_checkpoint_is_kept_that_does_not_need_its_gradients(tmp_path: Path) -> None:
    layer = nn.Linear(2, 3)
    transposed = torch.arange(6.0).reshape(2, 3).T
    save_state(tmp_path, TrainingState({"w": layer.weight, "t": transposed}, {"step": 0}))
    state = load_state(tmp_path)
    assert state is not None and torch.equal(state.tensors["t"], transposed)
    assert torch.equal(state.tensors["w"], layer.weight) and not state.tensors["w"].requires_grad


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": "x"}', '{"version": 1}', "\0"])
def test_a_state_file_that_says_nothing_is_told(tmp_path: Path, text: str) -> None:
    saved(tmp_path, 1)
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(InputError, match=r"damaged; remove this folder"):
        load_state(tmp_path)


@pytest.mark.parametrize("left", [None, 0, 7, 40])
def test_tensors_that_are_missing_or_cut_are_told(tmp_path: Path, left: int | None) -> None:
    saved(tmp_path, 1)
    file = next(tmp_path.glob("*.safetensors"))
    whole = file.read_bytes()
    file.unlink()
    if left is not None:
        file.write_bytes(whole[:left])
    with pytest.raises(InputError, match="damaged"):
        load_state(tmp_path)


def test_weights_of_another_network_are_told() -> None:
    with pytest.raises(InputError, match="here: was trained with another preset"):
        restore_module(nn.Linear(2, 2), nn.Linear(3, 2).state_dict(), Path("here"))


def test_time_of_an_earlier_process_counts() -> None:
    now = [100.0]
    clock = Clock(Budget(minutes=2), spent=30, now=lambda: now[0])
    assert clock.seconds == 30 and clock.fraction == 0.25 and not clock.over
    now[0] = 190.0
    assert clock.seconds == 120 and clock.fraction == 1 and clock.over
    now[0] = 1000.0
    assert clock.fraction == 1


@given(
    a=st.floats(0, 1), b=st.floats(0, 1), step=st.integers(0, 10**6), warmup=st.integers(1, 1000)
)
def test_the_rate_is_a_factor_that_only_falls_after_warming_up(
    a: float, b: float, step: int, warmup: int
) -> None:
    early, late = (cosine_rate(f, step, warmup_steps=warmup) for f in sorted((a, b)))
    assert 0 <= late <= early <= 1


def test_the_processor_is_always_there() -> None:
    device = choose_device("cpu")
    assert device.kind == "cpu" and device.torch == torch.device("cpu")
    assert device == choose_device("cpu")  # measured once
    assert choose_device("auto").precision in ("32-true", "bf16-mixed")


def test_autocast_computes_in_the_chosen_precision() -> None:
    layer, x = nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8)
    for precision, dtype in (("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)):
        with Device("cpu", precision).autocast():  # type: ignore[arg-type]
            assert layer(x).dtype == dtype
