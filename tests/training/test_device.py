"""The choice of a device: what is missing is named, and what computes wrongly is not used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch.nn import functional

from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import TrainPerformerOptions
from dancenow.performer.plan import TrainingPlan
from dancenow.training import Device, choose_device
from dancenow.training.device import measure_precision
from dancenow.training.memory import MemoryNeed, memory_need
from dancenow.training.probe import missing_operator


@pytest.fixture(autouse=True)
def probed_anew() -> Iterator[None]:
    """No result of a probe outlives the change that a test made."""
    missing_operator.cache_clear()
    yield
    missing_operator.cache_clear()


def failing(message: str) -> object:
    def init() -> None:
        raise RuntimeError(message)

    return init


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(InputError, match="`device=tpu`: unknown"):
        choose_device("tpu")
    assert measure_precision() in ("32-true", "bf16-mixed")


def test_without_a_card_what_pytorch_sees_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    with pytest.raises(InputError, match=r"`device=cuda`: PyTorch .* a build without CUDA"):
        choose_device("cuda")
    with pytest.raises(InputError, match=r"`device=mps`: PyTorch .* sees none here"):
        choose_device("mps")


def test_a_driver_that_is_too_old_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    old = "The NVIDIA driver on your system is too old (found version 11040)."
    monkeypatch.setattr(torch.cuda, "init", failing(old))
    with pytest.raises(InputError, match=r"driver is older than PyTorch .* \(CUDA 12.8\)"):
        choose_device("cuda")
    monkeypatch.setattr(torch.cuda, "init", failing("Found no NVIDIA driver on your system."))
    with pytest.raises(InputError, match=r"\(CUDA 12.8\) sees no GPU"):
        choose_device("cuda")


def test_a_device_without_our_operators_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)  # yet nothing runs on it
    with pytest.warns(DanceNowWarning, match="computing on the CPU: .* mps device lacks conv2d"):
        assert choose_device("auto").kind == "cpu"
    with pytest.raises(InputError, match="`device=mps`: it lacks conv2d"):
        choose_device("mps")


def test_the_probe_finds_what_is_computed_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_operator("cpu") is None
    missing_operator.cache_clear()
    right, calls = functional.max_pool2d, iter(range(9))

    def unsteady(*args: object, **options: object) -> torch.Tensor:
        pooled: torch.Tensor = right(*args, **options)  # type: ignore[arg-type]
        return pooled * (1 + 0.1 * next(calls))

    monkeypatch.setattr(functional, "max_pool2d", unsteady)
    assert missing_operator("cpu") == "max_pool2d"


def test_a_device_that_fabric_does_not_know_can_train() -> None:
    fabric = Device("meta", "32-true").fabric()
    network = torch.nn.Linear(2, 2)
    model, optimizer = fabric.setup(network, torch.optim.AdamW(network.parameters()))
    fabric.backward(model(torch.empty(1, 2, device=fabric.device)).sum())
    optimizer.step()
    assert model.weight.device.type == "meta"


def test_the_memory_that_a_step_needs_is_known_without_taking_it() -> None:
    channels, px, batch = 64, 256, 16

    def forward() -> list[torch.nn.Module]:
        network = torch.nn.Sequential(*(torch.nn.Conv2d(channels, channels, 3) for _ in range(2)))
        network(torch.empty(batch, channels, px, px))
        return [network]

    need = memory_need(forward, "32-true")
    picture = 4 * batch * channels * px * px
    # Each convolution keeps its input, and its weights, for the gradients.
    assert 1.9 * picture < need.kept < 2.01 * picture
    assert need.weights == 16 * 2 * (channels * channels * 9 + channels)
    assert memory_need(forward, "bf16-mixed").kept < 0.6 * need.kept


def test_a_card_that_is_too_small_is_told_before_training() -> None:
    plan = TrainingPlan.of(TrainPerformerOptions(preset="edn-1024", device="cpu"))
    need = MemoryNeed(weights=3 * 2**30, kept=8 * 2**30)
    plan.check_memory(need, 11 * 2**30)
    with pytest.raises(InputError, match=r"needs at least 11.0 GiB .* has 5.0; .* `size=512`"):
        plan.check_memory(need, 5 * 2**30)
