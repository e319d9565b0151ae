"""Weights as Keras 2 wrote them: names and arrays in the order in which a file lists them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.reading import check_file, reading

Array = NDArray[np.float32]

LSTM_ARRAYS: Final = 3  # of a layer: kernel, recurrent kernel, bias


@dataclass(frozen=True)
class KerasFile:
    """What a file holds.

    Attributes:
        path: of the file.
        arrays: names and values of all weights, in the order in which the file lists them.
        version: of the Keras that wrote it; empty if it does not say.
        backend: what that Keras computed with; empty if it does not say.
        gates: what the gates of the model's LSTM layers compute, if the file holds a model.
    """

    path: Path
    arrays: list[tuple[str, Array]]
    version: str
    backend: str
    gates: frozenset[str]

    @property
    def is_autoencoder(self) -> bool:
        """Whether there is a convolution in it."""
        return any(array.ndim == 4 for _, array in self.arrays)

    @property
    def is_sequence(self) -> bool:
        """Whether it begins with an LSTM."""
        shapes = [array.shape for _, array in self.arrays[:LSTM_ARRAYS]]
        if [len(shape) for shape in shapes] != [2, 2, 1]:
            return False
        kernel, recurrent, bias = shapes
        return kernel[1] == recurrent[1] == bias[0] == 4 * recurrent[0]


def read_keras_file(path: Path) -> KerasFile:
    """Read weights, or a whole model.

    Raises:
        InputError: the file is missing, damaged, or not written by Keras 2; or h5py is missing.
    """
    try:
        import h5py
    except ImportError as error:
        raise InputError(
            f"{path}: reading it needs one more package: pip install 'dancenow[keras]'."
        ) from error
    check_file(path)
    try:
        size = path.stat().st_size
        path.open("rb").close()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    if not h5py.is_hdf5(path):
        raise InputError(
            f"{path}: is not an HDF5 file, in which Keras writes weights; give the .h5 file "
            "itself, or download it again."
        )
    damaged = reading(path, "the file is damaged; download or copy it again.")
    with damaged, h5py.File(path, "r") as file:
        group = file.get("model_weights", file)
        if not _has(group, "layer_names"):
            raise InputError(
                f"{path}: has no list of layers, as Keras 2 writes it; load it with the Keras "
                "that wrote it and save the weights as .h5 again."
            )
        return KerasFile(
            path,
            list(_arrays(path, group, size)),
            _attribute(file, group, "keras_version"),
            _attribute(file, group, "backend"),
            frozenset(_gates(json.loads(_attribute(file, group, "model_config") or "null"))),
        )


def _has(group: Any, key: str) -> bool:
    return key in group.attrs or f"{key}0" in group.attrs


def _names(group: Any, key: str) -> list[str]:
    """A list of names in a group's attributes; Keras splits lists over 64 KB by numbers."""
    if not _has(group, key):
        raise KeyError(key)
    parts = [group.attrs[key]] if key in group.attrs else []
    while f"{key}{len(parts)}" in group.attrs:
        parts.append(group.attrs[f"{key}{len(parts)}"])
    return [_text(name) for part in parts for name in part]


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _attribute(file: Any, group: Any, key: str) -> str:
    return _text(file.attrs.get(key, group.attrs.get(key, "")))


def _arrays(path: Path, group: Any, most: int) -> list[tuple[str, Array]]:
    found = []
    for layer in _names(group, "layer_names"):
        for name in _names(group[layer], "weight_names"):
            weights = group[layer][name]
            # More bytes than the file has would only be fill values.
            if weights.dtype.kind != "f" or weights.nbytes > most:
                raise ValueError(name)
            array = weights[()].astype(np.float32)
            if not np.isfinite(array).all():
                raise InputError(
                    f"{path}: {name} holds NaN or infinite values; the training failed, take "
                    "an earlier file."
                )
            found.append((name, array))
    return found


def _gates(model: Any) -> set[str]:
    """What the gates of all LSTM layers compute, in a model and the models inside it."""
    parts = model.values() if isinstance(model, dict) else model if isinstance(model, list) else ()
    found: set[str] = set().union(*(_gates(part) for part in parts))
    if isinstance(model, dict) and model.get("class_name") == "LSTM":
        gate = model["config"].get("recurrent_activation")
        found |= set() if gate is None else {str(gate)}
    return found
