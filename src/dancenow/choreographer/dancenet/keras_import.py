"""The original DanceNet's own weights, as Keras 2 wrote them, made into a choreographer.

Layer names differ from file to file, and a model inside a model counts as one layer.  All files
list their weights in the same order: this identifies the weights, and their shapes are checked.
The shapes give every size but the picture's.
"""

from __future__ import annotations

import re
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import torch
from torch import Tensor

from dancenow.choreographer.dancenet.choreographer import (
    REFERENCE_FPS,
    FrameChoreographer,
    LearnedLatents,
)
from dancenow.choreographer.dancenet.codec import Latents, LatentScaler
from dancenow.choreographer.dancenet.config import (
    PRESETS,
    FrameChoreographerConfig,
    PictureConfig,
    SequenceConfig,
    VAEConfig,
)
from dancenow.choreographer.dancenet.keras_file import (
    LSTM_ARRAYS,
    Array,
    KerasFile,
    read_keras_file,
)
from dancenow.choreographer.dancenet.sequence import DanceSequence
from dancenow.choreographer.dancenet.vae import FrameVAE
from dancenow.errors import DanceNowWarning, InputError
from dancenow.training import Device, choose_device

GATES: Final = ("auto", "sigmoid", "hard_sigmoid")

_State = dict[str, Tensor]

_VAE_ARRAYS: Final = 24  # kernel and bias of twelve layers
_HEAD_ARRAYS: Final = 8  # kernel and bias of the dense layer and of the mixture's three

_EXACT: Final = -20.0  # log variance of latents to which nothing is to be added
_RANGE: Final = 4.0  # of 20,000 draws from a standard normal the largest lies near it
_STAND_IN: Final = 64  # latents, where none are given: two windows
_KEPT: Final = 0.9  # of a latent in the next one, in the stand-in


def import_keras(
    vae_file: str | Path,
    sequence_file: str | Path,
    *,
    gate: str = "auto",
    latents: str | Path | None = None,
    picture: PictureConfig | None = None,
    device: Device | None = None,
) -> FrameChoreographer:
    """A choreographer that computes what Keras computed.

    The original's scaler is in neither file: it is fitted on `latents`.  Those are draws already,
    so they are kept with log variances of -20, almost no variance.  They play at the original's 30
    a second.  Without them the range is taken to be -4 to 4, since the autoencoder's prior is a
    standard normal, and dances start from a stand-in: a random walk of 64 latents whose
    distribution is that prior.

    Args:
        vae_file: the autoencoder, `vae_cnn.h5`: weights or a whole model.
        sequence_file: the sequence network, `gendance.h5`: likewise.
        gate: what the LSTM's gates compute: "sigmoid", "hard_sigmoid", or "auto": what the file
            says of its layers, else what the Keras that wrote it does by default.
        latents: the latents the sequence network was trained on, `lv.npy`: float `(N, D)` or
            `(N, 1, D)`.
        picture: decides the pictures' height and width; None: the original's 120 x 208 pixels.
        device: where the networks compute; None: the best there is.

    Raises:
        InputError: a file is missing, damaged or of another model; `gate` is unknown.

    Warns:
        DanceNowWarning: names what none of the files holds and was assumed.
    """
    if gate not in GATES:
        raise InputError(f"`gate={gate}`: unknown; choose one of {', '.join(GATES)}.")
    picture = picture or PRESETS["dancenet"].picture
    picture = picture.model_copy(update={"background": "threshold", "stride": 1})
    files = read_keras_file(Path(vae_file)), read_keras_file(Path(sequence_file))
    config, vae, network = _networks(*files, picture, gate)
    if latents is None:
        learned = _stand_in(config.vae.latent, picture)
    else:
        learned = _read_latents(Path(latents), config.vae.latent, picture)
    source: dict[str, Any] = {
        "imported": [file.path.name for file in files],
        "keras_version": files[1].version,
        "latents": None if latents is None else Path(latents).name,
    }
    return FrameChoreographer(config, vae, network, learned, device or choose_device(), source)


def _networks(
    vae_weights: KerasFile, sequence_weights: KerasFile, picture: PictureConfig, gate: str
) -> tuple[FrameChoreographerConfig, FrameVAE, DanceSequence]:
    """Both networks with their weights, and the configuration that follows from their shapes."""
    preset = PRESETS["dancenet"]
    vae_config, vae_state = _autoencoder(vae_weights, picture, preset.vae)
    latent, sequence_config, sequence_state = _sequence(sequence_weights, preset.sequence)
    if latent != vae_config.latent:
        raise InputError(
            f"{sequence_weights.path}: is for latents of {latent} dimensions, and those of "
            f"{vae_weights.path} have {vae_config.latent}; give two files of one training."
        )
    decided = gate if gate != "auto" else _gate(sequence_weights)
    sequence_config = sequence_config.model_copy(update={"gate": decided})
    config = preset.model_copy(
        update={"picture": picture, "vae": vae_config, "sequence": sequence_config}
    )
    vae, network = FrameVAE(picture, vae_config), DanceSequence(latent, sequence_config)
    for module, state in ((vae, vae_state), (network, sequence_state)):
        module.load_state_dict({**module.state_dict(), **state})  # buffers stay
    return config, vae, network


def _gate(weights: KerasFile) -> str:
    """What the LSTM's gates compute.

    By default Keras before 2.3 uses the hard sigmoid clip(0.2 x + 0.5, 0, 1), later ones the
    sigmoid.  What Keras 3 calls the hard sigmoid has another slope.
    """
    numbers = re.match(r"(\d+)\.(\d+)", weights.version)
    version = None if numbers is None else (int(numbers[1]), int(numbers[2]))
    if weights.gates:
        gate = " and ".join(sorted(weights.gates))
        if gate not in GATES[1:] or (gate == "hard_sigmoid" and version and version >= (3, 0)):
            raise InputError(
                f"{weights.path}: its gates compute {gate} (Keras {weights.version or '?'}); "
                "only sigmoid and Keras 2's hard_sigmoid can be imported; choose one with `gate`."
            )
        return gate
    if version is not None and version >= (2, 3):
        return "sigmoid"
    # TensorFlow 1.13 to 2.1 all call their Keras 2.2.4-tf, and changed the default on the way.
    if version is None or "-tf" in weights.version:
        of = f"of Keras {weights.version}" if version else "without its version"
        warnings.warn(
            f"{weights.path}: is {of}, which leaves open what its LSTM's gates compute; the "
            "original's hard_sigmoid is taken (choose with `gate`).",
            DanceNowWarning,
            stacklevel=4,
        )
    return "hard_sigmoid"


class _Layers:
    """Takes a file's weights one layer after the other, and checks each.

    Args:
        weights: the file.
        whose: whose layers they are, for messages.
    """

    def __init__(self, weights: KerasFile, whose: str) -> None:
        self.path, self.whose = weights.path, whose
        self._left = iter(weights.arrays)

    def array(self, layer: str, *shape: int | None) -> Array:
        """The next array, which must have that shape; None: any size."""
        name, array = next(self._left)
        fits = len(shape) == array.ndim and all(
            size > 0 and wanted in (None, size)
            for size, wanted in zip(array.shape, shape, strict=True)
        )
        if not fits:
            raise InputError(
                f"{self.path}: {name} has the shape {_shape(array.shape)}, and {self.whose} "
                f"{layer} needs {_shape(shape)}; give the weights of DanceNet's own networks."
            )
        return array

    def pair(self, layer: str, *shape: int | None) -> _State:
        """The next kernel, of that shape, and its bias, in PyTorch's layout."""
        kernel = self.array(layer, *shape)
        bias = self.array(layer, kernel.shape[-1])
        # (height, width, in, out) to (out, in, height, width), and (in, out) to (out, in).
        turned = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        return {f"{layer}.weight": _tensor(turned), f"{layer}.bias": _tensor(bias)}


def _autoencoder(
    weights: KerasFile, picture: PictureConfig, preset: VAEConfig
) -> tuple[VAEConfig, _State]:
    """Sizes and weights of the autoencoder; its encoder is listed first."""
    path, count = weights.path, len(weights.arrays)
    if weights.is_sequence:
        raise InputError(
            f"{path}: holds a sequence network, where the autoencoder is needed; give the "
            "autoencoder's file first and the sequence network's second."
        )
    if count != _VAE_ARRAYS:
        raise InputError(
            f"{path}: holds {count} arrays of weights, and DanceNet's autoencoder has "
            f"{_VAE_ARRAYS} (twelve layers); give the file that vae.save_weights wrote."
        )
    if weights.backend == "theano":
        raise InputError(
            f"{path}: was written by Keras on Theano, which turns convolutions around; load it "
            "with Keras on TensorFlow and save it again."
        )
    layers = _Layers(weights, "the autoencoder's")
    state: _State = {}
    widths = [picture.channels]
    for number in range(3):
        name = f"encoder.convolutions.{number}"
        state |= layers.pair(name, 3, 3, widths[-1], None)
        widths.append(len(state[f"{name}.bias"]))
    channels, first, second, third = widths
    state |= layers.pair("encoder.dense", None, None)
    dense, flat = state["encoder.dense.weight"].shape
    expected = (picture.height // 8) * (picture.width // 8) * third
    if flat != expected:
        raise InputError(
            f"{path}: its encoder.dense takes {flat} values, and pictures of {picture.height} x "
            f"{picture.width} px give {expected}; only weights for that size can be imported."
        )
    state |= layers.pair("encoder.mean", dense, None)
    latent = len(state["encoder.mean.bias"])
    state |= layers.pair("encoder.log_variance", dense, latent)
    state |= layers.pair("decoder.dense", latent, flat)
    state |= layers.pair("decoder.channels", third, dense)
    state |= layers.pair("decoder.convolution", 3, 3, dense, third)
    state |= layers.pair("decoder.upsample1", 3, 3, third, second)
    state |= layers.pair("decoder.upsample2", 3, 3, second, first)
    state |= layers.pair("decoder.upsample3", 3, 3, first, channels)
    sizes = {"latent": latent, "filters": (first, second, third), "dense": dense}
    return preset.model_copy(update=sizes), state


def _sequence(weights: KerasFile, preset: SequenceConfig) -> tuple[int, SequenceConfig, _State]:
    """Dimensions of the latents, sizes and weights of the sequence network."""
    path, count = weights.path, len(weights.arrays)
    if weights.is_autoencoder:
        raise InputError(
            f"{path}: holds an autoencoder, where the sequence network is needed; give the "
            "autoencoder's file first and the sequence network's second."
        )
    depth, rest = divmod(count - _HEAD_ARRAYS, LSTM_ARRAYS)
    if depth < 1 or rest:
        raise InputError(
            f"{path}: holds {count} arrays of weights, and DanceNet's sequence network has 17 "
            f"({LSTM_ARRAYS} of each LSTM layer, {_HEAD_ARRAYS} more); give its gendance.h5."
        )
    layers = _Layers(weights, "the sequence network's")
    state: _State = {}
    hidden = sum(weights.arrays[1][1].shape[:1])  # rows of the first recurrent kernel
    for number in range(depth):
        name = f"layers.{number}"
        # The gates lie in our order: input, forget, cell, output.
        kernel = layers.array(name, hidden if number else None, 4 * hidden)
        state |= {
            f"{name}.input_weight": _tensor(kernel.T),
            f"{name}.hidden_weight": _tensor(layers.array(name, hidden, 4 * hidden).T),
            f"{name}.bias": _tensor(layers.array(name, 4 * hidden)),
        }
    latent = state["layers.0.input_weight"].shape[1]
    state |= layers.pair("dense", hidden, None)
    dense = len(state["dense.bias"])
    state |= layers.pair("mixture.means", dense, None)
    means = len(state["mixture.means.bias"])
    state |= layers.pair("mixture.scales", dense, means)
    state |= layers.pair("mixture.logits", dense, None)
    mixtures = len(state["mixture.logits.bias"])
    if means != mixtures * latent:
        raise InputError(
            f"{path}: its mixture has {means} means, and {mixtures} Gaussians over {latent} "
            f"dimensions need {mixtures * latent}; give the weights of DanceNet's own networks."
        )
    sizes = {"hidden": hidden, "layers": depth, "dense": dense, "mixtures": mixtures}
    return latent, preset.model_copy(update=sizes), state


def _shape(shape: tuple[int | None, ...]) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape) or "of one number"


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(np.array(array, order="C"))


def _read_latents(path: Path, dimensions: int, picture: PictureConfig) -> LearnedLatents:
    """The latents of `lv.npy`, in whose range the sequence network works."""
    try:
        array = np.lib.format.open_memmap(path, "r")  # type: ignore[no-untyped-call]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or 'damaged'}).") from error
    except ValueError as error:
        raise InputError(f"{path}: is not an array of numbers as np.save writes it.") from error
    wanted = f"give the lv.npy of the same training, (N, 1, {dimensions}) or (N, {dimensions})"
    if array.dtype.kind != "f":
        raise InputError(f"{path}: is not an array of floats; {wanted}.")
    if array.shape[1:] not in ((1, dimensions), (dimensions,)) or len(array) < 2:
        raise InputError(f"{path}: has the shape {_shape(array.shape)}; {wanted}.")
    latents = cast(Latents, array.reshape(-1, dimensions).astype(np.float32))
    if not np.isfinite(latents).all():
        raise InputError(f"{path}: holds NaN or infinite values; {wanted}.")
    return _learned_latents(latents, LatentScaler.fit(latents), picture)


def _stand_in(dimensions: int, picture: PictureConfig) -> LearnedLatents:
    """A random walk over the prior, and the range that nearly all of the prior lies in."""
    warnings.warn(
        f"without `latents=lv.npy` the range of the latents is assumed to be -{_RANGE:g} to "
        f"{_RANGE:g}, and dances start from a random walk.",
        DanceNowWarning,
        stacklevel=3,
    )
    noise = np.random.default_rng(0).standard_normal((_STAND_IN, dimensions))
    walk = noise.copy()
    for index in range(1, _STAND_IN):
        walk[index] = _KEPT * walk[index - 1] + (1 - _KEPT**2) ** 0.5 * noise[index]
    ends = np.full(dimensions, _RANGE, np.float32)
    latents = walk.clip(-_RANGE, _RANGE).astype(np.float32)
    return _learned_latents(
        latents, LatentScaler(np.eye(dimensions, dtype=np.float32), -ends, ends), picture
    )


def _learned_latents(
    latents: Latents, scaler: LatentScaler, picture: PictureConfig
) -> LearnedLatents:
    return LearnedLatents(
        latents,
        np.full_like(latents, _EXACT),
        (len(latents),),
        Fraction(REFERENCE_FPS),
        1,
        picture.background,
        scaler,
    )
