"""The original's Keras weights, against what Keras computes, written out here in NumPy."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.choreographer import FrameChoreographer
from dancenow.choreographer.dancenet.config import PictureConfig
from dancenow.choreographer.dancenet.keras_import import import_keras
from dancenow.errors import DanceNowWarning, InputError, OutputError
from dancenow.options import ImportKerasOptions
from dancenow.training import Device
from dancenow.workflows.import_keras import import_keras_weights

CPU = Device("cpu", "32-true")
LATENT, DENSE, FILTERS = 6, 5, (4, 3, 2)
HIDDEN, HEAD, MIXTURES = 7, 9, 3

Array = NDArray[np.float32]
Layer = list[Array]
RNG = np.random.default_rng(0)


def layer(*shape: int) -> Layer:
    """A kernel and a bias as Keras has them."""
    kernel = RNG.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))
    return [kernel.astype(np.float32), RNG.normal(size=shape[-1]).astype(np.float32)]


def lstm_layer(inputs: int) -> Layer:
    """Kernel, recurrent kernel, bias; its gates go beyond both ends of the hard sigmoid."""
    kernel, bias = layer(inputs, 4 * HIDDEN)
    return [4 * kernel, 4 * layer(HIDDEN, 4 * HIDDEN)[0], bias]


# What Keras computes, channels last.


def convolve(x: Array, weights: Layer) -> Array:
    """The same-padded 3 x 3 convolution of `(B, H, W, in)`."""
    kernel, bias = weights
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = x.shape[1:3]
    result = np.zeros((*x.shape[:3], kernel.shape[3])) + bias
    for row in range(3):
        for column in range(3):
            result += padded[:, row : row + height, column : column + width] @ kernel[row, column]
    return result


def pool(x: Array) -> Array:
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def dense(x: Array, weights: Layer) -> Array:
    return x @ weights[0] + weights[1]


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x: Array) -> Array:
    return np.clip(0.2 * x + 0.5, 0, 1)


GATES = {"sigmoid": sigmoid, "hard_sigmoid": hard_sigmoid}


def encode(x: Array, layers: list[Layer]) -> tuple[Array, Array]:
    for weights in layers[:3]:
        x = pool(relu(convolve(x, weights)))
    hidden = dense(x.reshape(len(x), -1), layers[3])
    return dense(hidden, layers[4]), dense(hidden, layers[5])


def decode(z: Array, layers: list[Layer], grid: tuple[int, int]) -> Array:
    x = relu(dense(z, layers[0])).reshape(len(z), *grid, -1)
    x = relu(convolve(dense(x, layers[1]), layers[2]))
    for weights in layers[3:]:
        x = convolve(x.repeat(2, axis=1).repeat(2, axis=2), weights)
        x = sigmoid(x) if weights is layers[-1] else relu(x)
    return x


def lstm(x: Array, weights: Layer, gate: Callable[[Array], Array]) -> Array:
    """All outputs of a layer for `(B, T, in)`; the gates lie as input, forget, cell, output."""
    kernel, recurrent, bias = weights
    hidden = cell = np.zeros((len(x), HIDDEN))
    outputs = []
    for now in x.swapaxes(0, 1):
        into, forget, new, out = np.split(now @ kernel + hidden @ recurrent + bias, 4, axis=1)
        cell = gate(forget) * cell + gate(into) * np.tanh(new)
        hidden = gate(out) * np.tanh(cell)
        outputs.append(hidden)
    return np.stack(outputs, axis=1)


def mix(x: Array, layers: list[Layer], gate: str) -> tuple[Array, Array, Array]:
    for weights in layers[:-2]:
        x = lstm(x, weights, GATES[gate])
    x, mixture = relu(dense(x, layers[-2])), layers[-1]
    scales = dense(x, mixture[2:4])
    elu = np.where(scales > 0, scales, np.exp(np.minimum(scales, 0)) - 1)
    return dense(x, mixture[:2]), elu + 1 + 1e-8, dense(x, mixture[4:])


# How Keras writes it.


@dataclass(frozen=True)
class Layout:
    """How a file names things, and what it says beside the weights.

    Attributes:
        nested: encoder and decoder are one layer each.
        prefix: before every weight's name.
        suffix: after it.
        whole: a whole model, its weights in a group of their own.
        text: how strings are stored.
        said: where version and backend stand: "file" or "group".
        version: of Keras.
        backend: likewise.
        model: the model's configuration.
        parted: the list of layers is parted, as a long one is.
    """

    nested: bool = True
    prefix: str = ""
    suffix: str = ":0"
    whole: bool = False
    text: Callable[[str], Any] = np.bytes_
    said: str = "group"
    version: str | None = "2.2.0"
    backend: str = "tensorflow"
    model: Any = None
    parted: bool = False

    def texts(self, names: list[str]) -> Any:
        kind = "S" if self.text is np.bytes_ else h5py.string_dtype()
        return np.array([self.text(name) for name in names], kind) if names else np.zeros(0)


def write(path: Path, parts: dict[str, list[Layer]], layout: Layout) -> Path:
    """Write the layers of models; in the file their names are in no order."""
    listed: dict[str, list[tuple[str, Array]]] = {"input_1": []}
    for part, layers in parts.items():
        for number, arrays in enumerate(layers):
            name = f"{'zyxwvut'[number]}_{part}"
            into = listed.setdefault(part if layout.nested else name, [])
            for place, array in enumerate(arrays):
                into.append((f"{layout.prefix}{name}/{place}{layout.suffix}", array))
            listed[f"dropout_{number}_{part}"] = []
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if layout.whole else file
        names = layout.texts(list(listed))
        if layout.parted:
            group.attrs["layer_names0"], group.attrs["layer_names1"] = names[:2], names[2:]
        else:
            group.attrs["layer_names"] = names
        for layer_name, weights in listed.items():
            one = group.create_group(layer_name)
            one.attrs["weight_names"] = layout.texts([name for name, _ in weights])
            for name, array in weights:
                one.create_dataset(name, data=array)
        where = file if layout.said == "file" else group
        where.attrs["backend"] = layout.text(layout.backend)
        if layout.version is not None:
            where.attrs["keras_version"] = layout.text(layout.version)
        if layout.model is not None:
            file.attrs["model_config"] = layout.text(json.dumps(layout.model))
    return path


class Original:
    """The original's files, small, for pictures of `size`; a test may change what is in them."""

    def __init__(self, folder: Path, size: tuple[int, int] = (16, 24)) -> None:
        self.folder, self.size = folder, size
        self.grid = (size[0] // 8, size[1] // 8)
        cells, (first, second, third) = self.grid[0] * self.grid[1], FILTERS
        self.encoder = [
            layer(3, 3, 1, first),
            layer(3, 3, first, second),
            layer(3, 3, second, third),
            layer(cells * third, DENSE),
            layer(DENSE, LATENT),
            layer(DENSE, LATENT),
        ]
        self.decoder = [
            layer(LATENT, cells * third),
            layer(third, DENSE),
            layer(3, 3, DENSE, third),
            layer(3, 3, third, second),
            layer(3, 3, second, first),
            layer(3, 3, first, 1),
        ]
        self.sequence = [lstm_layer(inputs) for inputs in (LATENT, HIDDEN, HIDDEN)]
        gaussians = MIXTURES * LATENT
        mixture = [*layer(HEAD, gaussians), *layer(HEAD, gaussians), *layer(HEAD, MIXTURES)]
        self.sequence += [layer(HIDDEN, HEAD), mixture]
        self.latents: Any = RNG.normal(size=(70, 1, LATENT)).astype(np.float32)
        self.vae_layout, self.layout = Layout(), Layout(nested=False, whole=True)

    def write(self) -> tuple[Path, Path, Path]:
        """`vae_cnn.h5`, `gendance.h5` and `lv.npy`."""
        np.save(self.folder / "lv.npy", self.latents)
        parts = {"encoder": self.encoder, "decoder": self.decoder}
        return (
            write(self.folder / "vae_cnn.h5", parts, self.vae_layout),
            write(self.folder / "gendance.h5", {"lstm": self.sequence}, self.layout),
            self.folder / "lv.npy",
        )

    def load(self, *files: Path, **options: Any) -> FrameChoreographer:
        """Import the files, or others; a warning is an error."""
        vae, sequence, lv = files or self.write()
        picture = PictureConfig(height=self.size[0], width=self.size[1])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return import_keras(
                vae, sequence, **{"latents": lv, "picture": picture, "device": CPU, **options}
            )


@pytest.fixture
def original(tmp_path: Path) -> Original:
    folder = tmp_path / "dancenet"
    folder.mkdir()
    return Original(folder)


def close(ours: torch.Tensor, keras: Array) -> bool:
    assert ours.shape == keras.shape
    return np.allclose(ours.detach().numpy(), keras, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(Layout(), id="the original's"),
        pytest.param(Layout(nested=False, suffix=""), id="flat"),
        pytest.param(Layout(whole=True, said="file", text=str), id="whole model"),
        pytest.param(Layout(prefix="model_1/model_1/"), id="models in models"),
        pytest.param(Layout(nested=False, prefix="model_1/", text=str), id="flat in a model"),
        pytest.param(Layout(nested=False, parted=True), id="parted list"),
    ],
)
def test_the_autoencoder_computes_what_keras_computes(original: Original, layout: Layout) -> None:
    original.vae_layout = layout
    vae = original.load().vae
    pictures = RNG.random((5, 16, 24, 1)).astype(np.float32)
    posterior = vae.encoder(torch.from_numpy(pictures).permute(0, 3, 1, 2))
    mean, log_variance = encode(pictures, original.encoder)
    assert close(posterior.mean, mean) and close(posterior.log_variance, log_variance)
    assert not close(posterior.mean, log_variance)
    latents = RNG.normal(size=(5, LATENT)).astype(np.float32)
    decoded = vae.decoder(torch.from_numpy(latents)).sigmoid().permute(0, 2, 3, 1)
    assert close(decoded, decode(latents, original.decoder, original.grid))


@pytest.mark.parametrize(("gate", "other"), [tuple(GATES), tuple(GATES)[::-1]])
@pytest.mark.parametrize("depth", [1, 3])
def test_the_sequence_network_computes_what_keras_computes(
    original: Original, gate: str, other: str, depth: int
) -> None:
    del original.sequence[1 : 4 - depth]
    network = original.load(gate=gate).network
    latents = RNG.random((2, 20, LATENT)).astype(np.float32)
    mixture, _ = network(torch.from_numpy(latents), network.start(2))
    means, scales, logits = mix(latents, original.sequence, gate)
    assert close(mixture.means, means.reshape(2, 20, MIXTURES, LATENT))
    assert close(mixture.scales, scales.reshape(2, 20, MIXTURES, LATENT))
    assert close(mixture.logits, logits)
    assert not close(mixture.logits, mix(latents, original.sequence, other)[2])


def lstm_model(*gates: object) -> dict[str, Any]:
    """The configuration of a model of LSTM layers inside another model."""
    layers = [{"class_name": "LSTM", "config": {"recurrent_activation": gate}} for gate in gates]
    dense = {"class_name": "Dense", "config": {"recurrent_activation": "tanh"}}
    inner = {"class_name": "Model", "config": {"layers": [dense, *layers]}}
    return {"class_name": "Model", "config": {"layers": [inner]}}


@pytest.mark.parametrize(
    ("version", "model", "asked", "gate"),
    [
        ("2.2.0", None, "auto", "hard_sigmoid"),
        ("2.3.0", None, "auto", "sigmoid"),
        ("2.3.0-tf", None, "auto", "sigmoid"),
        ("2.21.0", None, "auto", "sigmoid"),
        ("3.4.1", None, "auto", "sigmoid"),
        ("2.2.4-tf", lstm_model("sigmoid", "sigmoid"), "auto", "sigmoid"),
        ("2.2.4-tf", lstm_model("hard_sigmoid"), "auto", "hard_sigmoid"),
        ("2.21.0", lstm_model("hard_sigmoid"), "auto", "hard_sigmoid"),
        ("2.2.0", lstm_model(None), "auto", "hard_sigmoid"),
        (None, lstm_model("sigmoid"), "auto", "sigmoid"),
        (None, None, "sigmoid", "sigmoid"),
        ("2.2.0", lstm_model("hard_sigmoid"), "sigmoid", "sigmoid"),
        ("2.21.0", lstm_model("tanh"), "hard_sigmoid", "hard_sigmoid"),
    ],
)
@pytest.mark.parametrize(("said", "text"), [("file", str), ("group", np.bytes_)])
def test_what_is_asked_for_decides_the_gates_then_the_model_then_the_version(
    original: Original, version: str, model: Any, asked: str, gate: str, said: str, text: Any
) -> None:
    original.layout = replace(original.layout, version=version, model=model, said=said, text=text)
    choreographer = original.load(gate=asked)
    assert choreographer.config.sequence.gate == gate
    assert choreographer.network.layers[0].hard == (gate == "hard_sigmoid")


@pytest.mark.parametrize("version", [None, "", "unknown", "2.2.4-tf"])
def test_where_nothing_decides_the_gates_the_originals_are_taken_with_a_warning(
    original: Original, version: str | None
) -> None:
    original.layout = replace(original.layout, version=version)
    vae, sequence, lv = original.write()
    picture = PictureConfig(height=16, width=24)
    with pytest.warns(DanceNowWarning, match=r"gendance\.h5.*hard_sigmoid is taken.*`gate`"):
        choreographer = import_keras(vae, sequence, latents=lv, picture=picture, device=CPU)
    assert choreographer.config.sequence.gate == "hard_sigmoid"


@pytest.mark.parametrize(
    ("version", "gates"),
    [
        ("2.2.0", ["sigmoid", "hard_sigmoid"]),
        ("2.2.0", ["relu"]),
        ("2.2.0", [{"class_name": "function"}]),
        ("3.4.1", ["hard_sigmoid"]),  # x / 6 + 0.5
    ],
)
def test_gates_that_the_network_cannot_compute_are_told(
    original: Original, version: str, gates: list[object]
) -> None:
    original.layout = replace(original.layout, version=version, model=lstm_model(*gates))
    with pytest.raises(InputError, match=r"gendance\.h5: its gates compute .*`gate`"):
        original.load()
    with pytest.raises(InputError, match=r"`gate=relu`: unknown; choose one of auto, sigmoid"):
        original.load(gate="relu")


def test_the_configuration_has_the_sizes_of_the_files(original: Original) -> None:
    config = original.load().config
    assert config.preset == "dancenet" and not config.reference
    assert (config.vae.latent, config.vae.filters, config.vae.dense) == (LATENT, FILTERS, DENSE)
    sequence = config.sequence
    assert (sequence.hidden, sequence.layers) == (HIDDEN, 3)
    assert (sequence.dense, sequence.mixtures) == (HEAD, MIXTURES)


def full_size(original: Original) -> None:
    """Give the files the original's own shapes."""

    def zeros(*shape: int) -> Layer:
        return [np.zeros(shape, np.float32), np.zeros(shape[-1], np.float32)]

    original.encoder = [zeros(3, 3, *io) for io in [(1, 128), (128, 64), (64, 32)]]
    original.encoder += [zeros(12480, 128), zeros(128, 128), zeros(128, 128)]
    original.decoder = [zeros(128, 12480), zeros(32, 128)]
    original.decoder += [zeros(3, 3, *io) for io in [(128, 32), (32, 64), (64, 128), (128, 1)]]
    original.sequence = [[zeros(i, 2048)[0], *zeros(512, 2048)] for i in (128, 512, 512)]
    mixture = zeros(1000, 3072) + zeros(1000, 3072) + zeros(1000, 24)
    original.sequence += [zeros(512, 1000), mixture]
    original.latents = RNG.normal(size=(9, 1, 128))


def test_the_originals_own_shapes_load(original: Original) -> None:
    small = original.sequence
    full_size(original)
    choreographer = original.load(picture=None)
    vae, network = choreographer.vae, choreographer.network
    counts = [sum(w.numel() for w in m.parameters()) for m in (vae.encoder, vae.decoder, network)]
    assert counts == [1_724_128, 1_744_545, 12_198_336]
    assert choreographer.size == (208, 120)
    original.sequence = small
    with pytest.raises(InputError, match=r"gendance\.h5: is for latents of 6 .*cnn\.h5 have 128"):
        original.load(picture=None)


@pytest.mark.parametrize("shape", [(50, 1, LATENT), (50, LATENT)])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_dances_start_from_the_latents_given_and_their_range_is_the_scale(
    original: Original, shape: tuple[int, ...], kind: Any
) -> None:
    original.latents = RNG.normal(size=shape).astype(kind)
    learned = original.load().learned
    flat = original.latents.reshape(50, LATENT).astype(np.float32)
    assert np.array_equal(learned.means, flat) and learned.means.dtype == np.float32
    assert learned.lengths == (50,) and learned.fps == 30 and learned.stride == 1
    assert learned.background == "threshold"
    scaled = learned.scaler.scale(learned.means)
    assert np.allclose(scaled.min(axis=0), 0) and np.allclose(scaled.max(axis=0), 1)
    noise = np.exp(0.5 * learned.log_variances)
    assert noise.shape == flat.shape and (noise < 1e-4).all()


def test_without_latents_the_range_of_the_prior_is_assumed_with_a_warning(
    original: Original,
) -> None:
    vae, sequence, _ = original.write()
    picture = PictureConfig(height=16, width=24)
    with pytest.warns(DanceNowWarning, match=r"`latents=lv\.npy`.*assumed to be -4 to 4"):
        learned = import_keras(vae, sequence, picture=picture, device=CPU).learned
    assert (learned.scaler.low == -4).all() and (learned.scaler.high == 4).all()
    assert learned.means.shape == (64, LATENT) and sum(learned.lengths) == 64
    assert np.abs(learned.means).max() <= 4
    assert 0.5 < learned.means.std() < 1.5
    steps = np.diff(learned.means, axis=0).std()
    assert 0.2 < steps < 0.8  # a walk: draws that do not follow each other lie 1.4 apart


@pytest.mark.parametrize(
    ("latents", "reason"),
    [
        (np.zeros((50, 1, LATENT + 1)), "has the shape 50 x 1 x 7; give .* \\(N, 1, 6\\)"),
        (np.zeros((50, 2, LATENT)), "has the shape"),
        (np.zeros((1, LATENT)), "has the shape"),
        (np.zeros(()), "has the shape"),
        (np.zeros((50, LATENT), int), "is not an array of floats"),
        (np.full((50, LATENT), np.nan), "NaN or infinite"),
        (np.array([{}] * 50), "is not an array of numbers"),
        (b"", "is not an array of numbers"),
        (b"PK\x03\x04", "is not an array of numbers"),
        (b"\x93NUMPY\x01\x00", "is not an array of numbers"),
        (None, "cannot be read"),
    ],
)
def test_latents_that_do_not_fit_are_told(original: Original, latents: Any, reason: str) -> None:
    if isinstance(latents, np.ndarray):
        original.latents = latents
    files = original.write()
    if isinstance(latents, bytes):
        files[2].write_bytes(latents)
    elif latents is None:
        files[2].unlink()
    with pytest.raises(InputError, match=rf"lv\.npy: .*{reason}") as told:
        original.load(*files)
    assert "\n" not in str(told.value)


def test_latents_that_claim_to_be_more_than_their_file_holds_are_told(original: Original) -> None:
    files = original.write()
    header = b"'shape': (70, 1, 6), }          "
    content = files[2].read_bytes()
    assert header in content
    files[2].write_bytes(content.replace(header, b"'shape': (70000000000, 1, 6), } "))
    with pytest.raises(InputError, match=r"lv\.npy: is not an array"):
        original.load(*files)


def test_swapped_files_are_told(original: Original) -> None:
    vae, sequence, lv = original.write()
    order = "autoencoder's file first and the sequence network's second"
    with pytest.raises(InputError, match=rf"gendance\.h5: holds a sequence network.*{order}"):
        original.load(sequence, vae, lv)
    with pytest.raises(InputError, match=rf"vae_cnn\.h5: holds an autoencoder.*{order}"):
        original.load(vae, vae, lv)


def test_another_picture_size_is_told(original: Original) -> None:
    with pytest.raises(InputError, match=r"takes 12 values, .* 120 x 208 px give 780"):
        original.load(picture=None)


def test_convolutions_of_theano_are_told(original: Original) -> None:
    original.vae_layout = replace(original.vae_layout, backend="theano")
    with pytest.raises(InputError, match=r"vae_cnn\.h5: .*Theano.*save it again"):
        original.load()


@pytest.mark.parametrize(
    ("number", "shape", "name"),
    [
        (0, (5, 5, 1, 4), "encoder.convolutions.0"),
        (0, (3, 3, 3, 4), "encoder.convolutions.0"),
        (1, (3, 3, 5, 3), "encoder.convolutions.1"),
        (2, (3, 3), "encoder.convolutions.2"),
        (3, (3, 3, 2, 2), "encoder.dense"),
        (4, (DENSE + 1, LATENT), "encoder.mean"),
        (4, (DENSE, 0), "encoder.mean"),
        (4, (), "encoder.mean"),
        (5, (DENSE, LATENT + 1), "encoder.log_variance"),
        (6, (LATENT, 13), "decoder.dense"),
        (7, (2, DENSE + 1), "decoder.channels"),
        (8, (3, 3, DENSE, 3), "decoder.convolution"),
        (11, (3, 3, 4, 3), "decoder.upsample3"),
    ],
)
def test_a_layer_of_the_autoencoder_that_does_not_fit_is_named(
    original: Original, number: int, shape: tuple[int, ...], name: str
) -> None:
    wrong = (original.encoder + original.decoder)[number]
    wrong[0] = np.zeros(shape, np.float32)
    wrong[1] = np.zeros(shape[-1:], np.float32)
    with pytest.raises(InputError, match=rf"cnn\.h5: ._.*/0:0 has .*autoencoder's {name} needs"):
        original.load()


@pytest.mark.parametrize(
    ("number", "place", "shape", "name"),
    [
        (0, 0, (LATENT, 4 * HIDDEN + 1), "layers.0"),
        (0, 1, (HIDDEN + 1, 4 * HIDDEN), "layers.0"),
        (0, 1, (), "layers.0"),
        (0, 2, (8 * HIDDEN,), "layers.0"),  # CuDNNLSTM's
        (1, 0, (LATENT, 4 * HIDDEN), "layers.1"),
        (3, 0, (HIDDEN + 1, HEAD), "dense"),
        (3, 1, (HEAD + 1,), "dense"),
        (4, 2, (HEAD, MIXTURES * LATENT + 1), "mixture.scales"),
        (4, 4, (HEAD + 1, MIXTURES), "mixture.logits"),
    ],
)
def test_a_layer_of_the_sequence_network_that_does_not_fit_is_named(
    original: Original, number: int, place: int, shape: tuple[int, ...], name: str
) -> None:
    original.sequence[number][place] = np.zeros(shape, np.float32)
    with pytest.raises(InputError, match=rf"gendance\.h5: ._lstm/.*network's {name} needs") as told:
        original.load()
    assert "\n" not in str(told.value)


def test_a_mixture_over_other_dimensions_is_told(original: Original) -> None:
    original.sequence[4][4:] = layer(HEAD, MIXTURES + 1)
    with pytest.raises(InputError, match=r"has 18 means, and 4 Gaussians .* need 24"):
        original.load()


def test_too_few_or_too_many_layers_are_told(original: Original) -> None:
    whole = original.sequence
    original.sequence = whole[3:]
    with pytest.raises(InputError, match=r"gendance\.h5: holds 8 arrays .* 17 "):
        original.load()
    original.sequence = [*whole, layer(2, 2)]
    with pytest.raises(InputError, match=r"gendance\.h5: holds 19 arrays .* 17 "):
        original.load()
    original.decoder = []
    with pytest.raises(InputError, match=r"vae_cnn\.h5: holds 12 arrays .* 24 "):
        original.load()


def rewritten(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def without_layers(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("layers")


def inside(harm: Callable[[Any, str], object]) -> Callable[[Path], None]:
    """Harm the first LSTM layer, of which the group and the kernel's name are given."""

    def harm_file(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            group = file["model_weights/z_lstm"]
            harm(group, group.attrs["weight_names"][0].decode())

    return harm_file


def replaced(*shape: int, **how: Any) -> Callable[[Path], None]:
    def harm(group: Any, name: str) -> None:
        del group[name]
        group.create_dataset(name, shape, **how)

    return inside(harm)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "cannot be read"),
    "a folder": (folder, "cannot be read"),
    "empty": (rewritten(b""), "is not an HDF5 file"),
    "a web page": (rewritten(b"<!DOCTYPE html>"), "is not an HDF5 file"),
    "cut": (cut, "is damaged"),
    "of Keras 3": (without_layers, "has no list of layers"),
    "without a weight": (inside(lambda group, name: group.pop(name)), "is damaged"),
    "without a list": (inside(lambda group, _: group.attrs.clear()), "is damaged"),
    "a group for a weight": (
        inside(lambda group, name: (group.pop(name), group.create_group(name))),
        "is damaged",
    ),
    "text": (replaced(3, dtype="S3"), "is damaged"),
    "made up": (replaced(10**7, 10**5, dtype="f4", chunks=(100, 100)), "is damaged"),
    "no number": (
        inside(lambda group, name: group[name].write_direct(np.full((6, 28), np.nan, "f4"))),
        "z_lstm/0:0 holds NaN or infinite values",
    ),
    "half a model": (
        inside(lambda group, _: group.file.attrs.update(model_config="{")),
        "is damaged",
    ),
}


@pytest.mark.parametrize(("harm", "reason"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_that_is_not_keras_weights_is_told(
    original: Original, harm: Callable[[Path], object], reason: str
) -> None:
    files = original.write()
    harm(files[1])
    with pytest.raises(InputError, match=rf"gendance\.h5: .*{reason}") as told:
        original.load(*files)
    assert "\n" not in str(told.value)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Files for the original's pictures, but with few weights."""
    folder = tmp_path / "dancenet"
    folder.mkdir()
    return Original(folder, (120, 208)).write()


def test_what_is_imported_dances_and_is_the_same_when_it_is_loaded(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    vae, sequence, lv = files
    out = tmp_path / "new" / "dance"
    made = import_keras_weights(vae, sequence, out, ImportKerasOptions(latents=lv, device="cpu"))
    assert made.folder == out and made.gate == "hard_sigmoid" and made.latents == 70
    assert f"{made.parameters:,} parameters" in made.summary()
    loaded = FrameChoreographer.load(out, CPU)
    direct = import_keras(vae, sequence, latents=lv, device=CPU)
    assert loaded.config == direct.config and loaded.training == direct.training
    for reference in (False, True):
        dances = [
            list(islice(choreographer.compose(1.0, seed=1, reference=reference), 3))
            for choreographer in (loaded, direct)
        ]
        assert dances[0][0].shape == (120, 208, 3)
        assert np.array_equal(dances[0], dances[1])


def test_importing_again_replaces_what_was_imported(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    vae, sequence, lv = files
    out = tmp_path / "dance"
    with pytest.warns(DanceNowWarning, match="`latents"):
        first = import_keras_weights(vae, sequence, out, ImportKerasOptions(device="cpu"))
    assert first.latents == 0 and "assumed" in first.summary()
    import_keras_weights(
        vae, sequence, out, ImportKerasOptions(gate="sigmoid", latents=lv, device="cpu")
    )
    loaded = FrameChoreographer.load(out, CPU)
    assert loaded.config.sequence.gate == "sigmoid" and len(loaded.learned.means) == 70


@pytest.mark.parametrize("what", ["file", "other", "trained", "checkpoint"])
def test_nothing_else_is_replaced(
    files: tuple[Path, Path, Path], tmp_path: Path, what: str
) -> None:
    vae, sequence, lv = files
    out = tmp_path / "dance"
    if what == "file":
        out.write_text("mine")
    elif what == "other":
        shutil.copytree(vae.parent, out)
    else:
        import_keras_weights(vae, sequence, out, ImportKerasOptions(latents=lv, device="cpu"))
        if what == "checkpoint":
            (out / "checkpoint").mkdir()
        else:
            document = json.loads((out / "config.json").read_text("utf-8"))
            (out / "config.json").write_text(json.dumps({**document, "training": {"steps": 3}}))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(OutputError, match=r"dance: (is a file|holds other files)"):
        import_keras_weights(vae, sequence, out, ImportKerasOptions(latents=lv, device="cpu"))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_failed_import_leaves_no_folder(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    vae, sequence, lv = files
    with pytest.raises(InputError, match="`gate=x`"):
        import_keras_weights(
            vae, sequence, tmp_path / "out", ImportKerasOptions(gate="x", latents=lv, device="cpu")
        )
    with pytest.raises(OutputError, match="cannot be made"):
        import_keras_weights(
            vae, sequence, vae / "out", ImportKerasOptions(latents=lv, device="cpu")
        )
    assert not (tmp_path / "out").exists()
