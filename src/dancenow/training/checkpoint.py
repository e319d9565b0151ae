"""Training state on disk: tensors in safetensors, the rest in JSON, both replaced atomically.

The JSON is written last and names its tensor file, so a process killed in between leaves the older
pair intact.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from safetensors.torch import load_file, save, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from dancenow.errors import InputError
from dancenow.files import atomic_path, write_bytes, write_text
from dancenow.reading import read_object, reading
from dancenow.schema import Seconds, Steps

VERSION = 1
STATE = "state.json"


@dataclass(frozen=True)
class TrainingState:
    """Everything needed to resume training exactly.

    Attributes:
        tensors: named tensors: weights, averages, the optimiser's moments.
        values: JSON values: the step, the seconds spent, random states.
    """

    tensors: dict[str, Tensor]
    values: dict[str, Any] = field(default_factory=dict)


class Progressed(BaseModel):
    """What the values of every checkpoint tell: how far the training is."""

    model_config = ConfigDict(allow_inf_nan=False)

    step: Steps = 0
    seconds: Seconds = 0.0


def save_state(folder: Path, state: TrainingState) -> None:
    """Write a checkpoint into `folder` and remove the previous one."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"state-{int(state.values.get('step', 0)):08d}.safetensors"
    tensors = {key: value.detach().cpu().contiguous() for key, value in state.tensors.items()}
    with atomic_path(folder / name) as temporary:
        save_file(tensors, temporary)
    document = {"version": VERSION, "tensors": name, "values": state.values}
    write_text(folder / STATE, json.dumps(document, indent=1))
    for old in folder.glob("state-*.safetensors"):
        if old.name != name:
            old.unlink(missing_ok=True)


def load_state(folder: Path) -> TrainingState | None:
    """The checkpoint in `folder`, or None if there is none.

    Raises:
        InputError: it is damaged or of a newer version.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    said = "the checkpoint is damaged; remove this folder to train from scratch."
    with reading(folder, said):
        document = read_object(path, said)
        version = int(document["version"])
        if version > VERSION:
            raise InputError(
                f"{folder}: a checkpoint of version {version}, but this DanceNow reads up to "
                f"{VERSION}; update DanceNow."
            )
        progress = Progressed.model_validate(document["values"])
        tensors = load_file(folder / Path(document["tensors"]).name)
        if not all(bool(value.isfinite().all()) for value in tensors.values()):
            raise ValueError("a weight is no number")
        return TrainingState(
            tensors, {**document["values"], **progress.model_dump(exclude_unset=True)}
        )


def write_weights(path: Path, network: nn.Module, precision: torch.dtype = torch.float32) -> None:
    """Write a trained network's weights as safetensors.

    Args:
        path: the file, written atomically.
        network: the network.
        precision: of its matrices and kernels on disk; `restore_module` widens them again.
    """
    weights = {
        key: _narrowed(value.detach().cpu().contiguous(), precision)
        for key, value in network.state_dict().items()
    }
    write_bytes(path, save(weights))


def _narrowed(weight: Tensor, precision: torch.dtype) -> Tensor:
    """A float32 matrix or kernel in another precision; anything else as it is.

    Biases and the statistics of normalisations weigh little on disk, and may be large or small.
    """
    narrow = weight.dtype == torch.float32 and weight.ndim > 1
    return weight.to(precision) if narrow else weight


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with `prefix.` before each name."""
    return {f"{prefix}.{key}": value for key, value in tensors.items()}


def unprefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix.`, with the prefix removed."""
    start = prefix + "."
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """An optimiser's state as named tensors (`index.name`)."""
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, entries in state.items()
        for name, value in entries.items()
    }


@torch.no_grad()
def restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Restore what `optimizer_tensors` returned; hyper-parameters are left alone.

    Moments get their parameter's memory format back: fused optimisers pair the two element by
    element as stored in memory, and files are always channels first.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        parameter = parameters[int(number)]
        if value.shape == parameter.shape:
            value = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def averaged_state(
    network: nn.Module, average: nn.Module, optimizer: Optimizer, seed: int
) -> TrainingState:
    """The state of a training of one network, its averaged copy and its optimiser's moments."""
    return TrainingState(
        {
            **prefixed("network", network.state_dict()),
            **prefixed("average", average.state_dict()),
            **prefixed("optimizer", optimizer_tensors(optimizer)),
        },
        {"seed": seed},
    )


def restore_averaged(
    network: nn.Module, average: nn.Module, optimizer: Optimizer, state: TrainingState, where: Path
) -> None:
    """Restore what `averaged_state` returned; it was read from the folder `where`.

    Raises:
        InputError: it belongs to another network.
    """
    restore_module(network, unprefixed("network", state.tensors), where)
    restore_module(average, unprefixed("average", state.tensors), where)
    restore_optimizer(optimizer, unprefixed("optimizer", state.tensors))


def restore_module(module: nn.Module, tensors: dict[str, Tensor], where: Path) -> None:
    """Load weights into a network; it keeps its own precision, whatever theirs is.

    Raises:
        InputError: they belong to another network.
    """
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"{where}: was trained with another preset or version; choose another folder."
        ) from error


def fill_module(module: nn.Module, tensors: dict[str, Tensor], where: Path) -> None:
    """Give a network made on the device "meta" its weights, on the CPU.

    No memory is taken for a network that the weights do not fit.

    Raises:
        InputError: they belong to another network.
    """
    planned = {name: value.shape for name, value in module.state_dict().items()}
    if planned != {name: value.shape for name, value in tensors.items()}:
        raise InputError(
            f"{where}: was trained with another preset or version; choose another folder."
        )
    restore_module(module.to_empty(device="cpu"), tensors, where)
