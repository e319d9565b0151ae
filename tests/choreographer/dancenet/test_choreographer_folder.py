"""A choreographer's folder, damaged in every way, and the dances that it gives."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from dancenow.choreographer import is_choreographer
from dancenow.choreographer.config import find_preset
from dancenow.choreographer.dancenet.choreographer import FrameChoreographer, LearnedLatents, draw
from dancenow.choreographer.dancenet.codec import Latents, LatentScaler
from dancenow.choreographer.dancenet.config import (
    PRESETS,
    FrameChoreographerConfig,
    PictureConfig,
    SequenceConfig,
    VAEConfig,
)
from dancenow.choreographer.dancenet.sequence import DanceSequence
from dancenow.choreographer.dancenet.vae import FrameVAE
from dancenow.errors import InputError
from dancenow.training import Device

CPU = Device("cpu", "32-true")
LATENT = 6
CONFIG = FrameChoreographerConfig(
    preset="tiny",
    picture=PictureConfig(height=16, width=24, background="threshold", stride=3),
    vae=VAEConfig(latent=LATENT, filters=(4, 4, 6), dense=8),
    sequence=SequenceConfig(
        hidden=12, layers=2, dense=10, mixtures=3, window=4, principal_axes=True, residual=True
    ),
)
FILES = ("vae.safetensors", "sequence.safetensors", "latents.npz")


def made(
    config: FrameChoreographerConfig = CONFIG, fps: Fraction = Fraction(25)
) -> FrameChoreographer:
    """An untrained one that wanders about the latents of two clips."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(50, LATENT)).astype(np.float32)
    means = np.cumsum(0.3 * steps, axis=0, dtype=np.float32)
    scaler = LatentScaler.fit(means, principal_axes=config.sequence.principal_axes)
    learned = LearnedLatents(
        means,
        rng.normal(size=means.shape).astype(np.float32) - 3,
        (30, 20),
        fps,
        config.picture.stride or 1,
        config.picture.background,
        scaler,
    )
    vae, network = FrameVAE(config.picture, config.vae), DanceSequence(LATENT, config.sequence)
    for layer in vae.decoder.modules():  # pictures that differ from each other
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, std=0.4)
    if config.sequence.residual:
        network.begin_with([torch.from_numpy(scaler.scale(clip)) for clip in learned.clips()])
    return FrameChoreographer(config, vae, network, learned, CPU, {"steps": 7, "temperature": 0.8})


@pytest.fixture
def choreographer() -> FrameChoreographer:
    return made()


def dance(of: FrameChoreographer, seconds: float = 0.6, **how: object) -> NDArray[np.uint8]:
    return np.stack(list(of.compose(seconds, **how)))  # type: ignore[arg-type]


@pytest.mark.parametrize("reference", [False, True])
def test_what_is_loaded_dances_as_what_was_saved(
    choreographer: FrameChoreographer, tmp_path: Path, reference: bool
) -> None:
    folder = tmp_path / "new" / "folder"
    choreographer.save(folder)
    loaded = FrameChoreographer.load(str(folder), CPU)
    assert loaded.config == CONFIG and loaded.training == choreographer.training
    for name in ("means", "log_variances"):
        assert np.array_equal(getattr(loaded.learned, name), getattr(choreographer.learned, name))
    ours = dance(choreographer, seed=3, reference=reference)
    assert np.array_equal(ours, dance(loaded, seed=3, reference=reference))
    assert not np.array_equal(ours, dance(loaded, seed=4, reference=reference))


def test_the_learned_dance_is_kept_exactly(
    choreographer: FrameChoreographer, tmp_path: Path
) -> None:
    learned = replace(choreographer.learned, fps=Fraction(30000, 1001), background="person")
    learned.save(tmp_path / "latents.npz")
    again = LearnedLatents.load(tmp_path / "latents.npz")
    assert (again.lengths, again.fps, again.stride) == ((30, 20), Fraction(30000, 1001), 3)
    assert again.background == "person" and again.rate == pytest.approx(30000 / 1001 / 3)
    for name in ("axes", "low", "high"):
        assert np.array_equal(getattr(again.scaler, name), getattr(learned.scaler, name))
    assert [len(clip) for clip in again.clips()] == [30, 20]
    assert np.array_equal(np.concatenate(again.clips()), learned.means)


def test_latents_are_drawn_from_what_was_learned() -> None:
    means = np.repeat(np.array([[1.0, -2.0]], np.float32), 20_000, axis=0)
    deviations = np.array([0.1, 2.0], np.float32)
    log_variances = np.broadcast_to(2 * np.log(deviations), means.shape).astype(np.float32)
    drawn = draw(means, log_variances, seed=3)
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn.mean(axis=0), [1, -2], atol=0.05)
    np.testing.assert_allclose(drawn.std(axis=0), deviations, rtol=0.03)
    assert np.array_equal(drawn, draw(means, log_variances, seed=3))
    assert not np.array_equal(drawn, draw(means, log_variances, seed=4))


def test_a_folder_is_a_choreographers_once_it_is_saved(
    choreographer: FrameChoreographer, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    assert not is_choreographer(folder)
    choreographer.save(folder)
    assert is_choreographer(folder)
    assert {path.name for path in folder.iterdir()} == {*FILES, "config.json"}
    (folder / "vae.safetensors").unlink()
    assert is_choreographer(folder)  # damaged, and still not to be trained over
    (folder / "config.json").write_text("{}")
    assert not is_choreographer(folder)


def test_an_empty_folder_tells_how_to_make_one(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InputError, match="holds no choreographer; make one with"):
            FrameChoreographer.load(folder, CPU)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_named(
    choreographer: FrameChoreographer, tmp_path: Path, name: str
) -> None:
    choreographer.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=rf"{name} is missing; train the choreographer again"):
        FrameChoreographer.load(tmp_path, CPU)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("left", [0, 1, 7, 40, 300, -1])
def test_a_file_that_was_cut_off_is_told(
    choreographer: FrameChoreographer, tmp_path: Path, name: str, left: int
) -> None:
    choreographer.save(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(InputError, match="is damaged; train it again"):
        FrameChoreographer.load(tmp_path, CPU)


def rewritten(path: Path, **changed: object) -> None:
    """Change arrays of an `.npz` file; None drops one."""
    with np.load(path) as file:
        arrays = {**file, **changed}
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in arrays.items() if array is not None})
    path.write_bytes(buffer.getvalue())


@pytest.mark.parametrize("name", ["means", "lengths", "fps", "stride", "background", "axes"])
def test_latents_that_say_too_little_are_told(
    choreographer: FrameChoreographer, tmp_path: Path, name: str
) -> None:
    choreographer.save(tmp_path)
    rewritten(tmp_path / "latents.npz", **{name: None})
    with pytest.raises(InputError, match="is damaged; train it again"):
        FrameChoreographer.load(tmp_path, CPU)


def test_nothing_is_unpickled(choreographer: FrameChoreographer, tmp_path: Path) -> None:
    choreographer.save(tmp_path)
    rewritten(tmp_path / "latents.npz", means=np.array([{"a": 1}], object))
    with pytest.raises(InputError, match="is damaged; train it again"):
        FrameChoreographer.load(tmp_path, CPU)


def edited(folder: Path, edit: Callable[[dict[str, object]], object]) -> None:
    path = folder / "config.json"
    document = json.loads(path.read_text("utf-8"))
    edit(document)
    path.write_text(json.dumps(document), "utf-8")


@pytest.mark.parametrize(("version", "mend"), [(2, "update DanceNow"), (0, "train it again")])
def test_another_version_is_told(
    choreographer: FrameChoreographer, tmp_path: Path, version: int, mend: str
) -> None:
    choreographer.save(tmp_path)
    edited(tmp_path, lambda document: document.update(version=version))
    with pytest.raises(InputError, match=rf"of version {version}, .* reads version 1; {mend}"):
        FrameChoreographer.load(tmp_path, CPU)


def test_a_performer_is_no_choreographer(choreographer: FrameChoreographer, tmp_path: Path) -> None:
    choreographer.save(tmp_path)
    edited(tmp_path, lambda document: document.update(kind="performer"))
    assert not is_choreographer(tmp_path)
    with pytest.raises(InputError, match="holds a performer; a choreographer is needed"):
        FrameChoreographer.load(tmp_path, CPU)


@pytest.mark.parametrize("key", ["version", "kind", "config", "training"])
def test_a_config_without_one_of_its_parts_is_told(
    choreographer: FrameChoreographer, tmp_path: Path, key: str
) -> None:
    choreographer.save(tmp_path)
    edited(tmp_path, lambda document: document.pop(key))
    with pytest.raises(InputError, match="train it again"):
        FrameChoreographer.load(tmp_path, CPU)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\0"])
def test_a_config_that_is_no_document_is_told(
    choreographer: FrameChoreographer, tmp_path: Path, text: str
) -> None:
    choreographer.save(tmp_path)
    (tmp_path / "config.json").write_text(text)
    assert not is_choreographer(tmp_path)
    with pytest.raises(InputError, match=r"config\.json: is not a choreographer's"):
        FrameChoreographer.load(tmp_path, CPU)


@pytest.mark.parametrize("part", ["picture", "vae", "sequence"])
def test_a_config_with_a_value_that_nobody_knows_is_told(
    choreographer: FrameChoreographer, tmp_path: Path, part: str
) -> None:
    choreographer.save(tmp_path)
    edited(tmp_path, lambda d: d["config"][part].update(colour="mauve"))  # type: ignore[index]
    with pytest.raises(InputError, match="is damaged; train it again"):
        FrameChoreographer.load(tmp_path, CPU)


@pytest.mark.parametrize(
    ("part", "size"), [("vae", {"dense": 9}), ("sequence", {"hidden": 13}), ("vae", {"latent": 7})]
)
def test_weights_of_another_size_are_told(
    choreographer: FrameChoreographer, tmp_path: Path, part: str, size: dict[str, int]
) -> None:
    choreographer.save(tmp_path)
    edited(tmp_path, lambda d: d["config"][part].update(size))  # type: ignore[index]
    with pytest.raises(InputError, match="another preset or version"):
        FrameChoreographer.load(tmp_path, CPU)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(12)])
@pytest.mark.parametrize("seconds", [0.001, 0.5, 0.61, 1.0])
def test_a_dance_is_as_long_as_asked(fps: Fraction, seconds: float) -> None:
    choreographer = made(fps=fps)
    frames = dance(choreographer, seconds)
    assert choreographer.fps() == fps
    assert frames.shape == (max(1, round(seconds * fps)), 16, 24, 3)
    assert frames.dtype == np.uint8 and choreographer.size == (24, 16)
    assert len(dance(choreographer, seconds, reference=True)) == max(1, round(seconds * 30))


def test_grey_pictures_are_given_as_rgb_and_coloured_ones_keep_their_colours() -> None:
    grey = dance(made(), 0.2)
    assert (grey == grey[..., :1]).all()
    picture = CONFIG.picture.model_copy(update={"background": "colour"})
    colour = dance(made(CONFIG.model_copy(update={"picture": picture})), 0.2)
    assert colour.shape[1:] == (16, 24, 3) and not (colour == colour[..., :1]).all()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_length_that_makes_no_sense_is_told_before_anything_is_drawn(
    choreographer: FrameChoreographer, seconds: float
) -> None:
    with pytest.raises(InputError, match="`seconds` must be above 0"):
        choreographer.compose(seconds)


@pytest.mark.parametrize("temperature", [-0.1, float("nan"), float("inf")])
@pytest.mark.parametrize("reference", [False, True])
def test_a_temperature_that_makes_no_sense_is_told_before_anything_is_drawn(
    choreographer: FrameChoreographer, temperature: float, reference: bool
) -> None:
    for compose in (choreographer.compose, choreographer.compose_latents):
        with pytest.raises(InputError, match="`temperature` must be from 0 to 10"):
            compose(temperature=temperature, reference=reference)


def latents(of: FrameChoreographer, length: int, **how: object) -> Latents:
    return np.stack(list(islice(of.compose_latents(**how), length)))  # type: ignore[arg-type]


def test_at_temperature_0_nothing_is_left_to_chance(choreographer: FrameChoreographer) -> None:
    for reference in (False, True):
        ways = [latents(choreographer, 9, temperature=0.0, reference=reference) for _ in range(2)]
        assert np.array_equal(*ways)
    # Another seed begins elsewhere in the learned dance, and goes on from there for certain.
    calm = [
        np.abs(np.diff(latents(choreographer, 60, temperature=t)[20:], axis=0)).mean()
        for t in (0.0, 1.0)
    ]
    assert calm[0] < 0.2 * calm[1]


def test_the_default_is_the_temperature_that_was_found(choreographer: FrameChoreographer) -> None:
    assert choreographer.temperature == 0.8
    asked = latents(choreographer, 5, temperature=0.8)
    assert np.array_equal(latents(choreographer, 5), asked)
    assert not np.array_equal(latents(choreographer, 5, temperature=1.0), asked)
    choreographer.training.clear()
    assert choreographer.temperature == 1.0
    original = latents(choreographer, 5, reference=True, temperature=0.05)
    assert np.array_equal(latents(choreographer, 5, reference=True), original)


def test_the_hotter_the_wilder(choreographer: FrameChoreographer) -> None:
    steps = [
        np.abs(np.diff(latents(choreographer, 200, temperature=t), axis=0)).mean()
        for t in (0.1, 0.4, 1.6)
    ]
    assert steps[0] < 0.8 * steps[1] < 0.64 * steps[2]


@given(temperature=st.one_of(st.just(0.0), st.floats(0, 10)), seed=st.integers(0, 9))
def test_a_dance_stays_in_the_range_of_the_learned_one(temperature: float, seed: int) -> None:
    choreographer = made()
    new = latents(choreographer, 12, temperature=temperature, seed=seed)
    scaled = choreographer.learned.scaler.scale(new)
    assert np.isfinite(new).all()
    assert scaled.min() >= -0.051 and scaled.max() <= 1.051


def test_between_two_latents_frames_walk_from_one_to_the_other() -> None:
    """With a stride of 3 every third frame is a drawn latent's own picture."""
    choreographer = made()
    frames = dance(choreographer, 1.0, seed=5)
    drawn = latents(choreographer, 9, seed=5)
    own = [np.repeat(picture, 3, axis=2) for picture in choreographer.codec.decode(drawn)]
    assert np.abs(frames[::3].astype(int) - np.stack(own)).max() <= 1
    assert not np.array_equal(frames[1], frames[0])


def test_the_original_gives_a_picture_a_latent_at_30_a_second(
    choreographer: FrameChoreographer,
) -> None:
    assert choreographer.fps(reference=True) == 30
    frames = dance(choreographer, 0.3, reference=True)
    drawn = latents(choreographer, 9, reference=True)
    own = [np.repeat(picture, 3, axis=2) for picture in choreographer.codec.decode(drawn)]
    assert np.abs(frames.astype(int) - np.stack(own)).max() <= 1


def test_a_dance_longer_than_memory_can_be_begun(choreographer: FrameChoreographer) -> None:
    frames = choreographer.compose(1e6)
    assert [frame.shape for frame in islice(frames, 3)] == [(16, 24, 3)] * 3


def test_the_liveliest_dance_needs_the_hottest_temperature() -> None:
    """What moves less than the learned dance at 1 is calibrated upwards, and the other way."""
    calm, wild = made(), made()
    with torch.no_grad():
        calm.network.mixture.scales.bias -= 0.5
        wild.network.mixture.scales.bias += 0.7
    assert 0.5 <= wild.calibrate() < calm.calibrate() <= 2.0


def test_calibrated_it_moves_as_much_as_the_dance_that_was_learned() -> None:
    choreographer = made()

    def speed(of: Latents) -> float:
        pictures = np.stack(list(choreographer.codec.decode(of))).astype(float)
        return float(np.abs(np.diff(pictures, axis=0)).mean())

    wanted = speed(choreographer.learned.clips()[0])
    temperature = choreographer.calibrate()
    assert 0.5 < temperature < 2.0  # not at the border: it was found
    assert speed(latents(choreographer, 300, temperature=temperature)) == pytest.approx(
        wanted, rel=0.2
    )


def test_presets_are_found_by_name() -> None:
    for name, preset in PRESETS.items():
        assert find_preset(PRESETS, name) is preset and preset.preset == name
        assert preset.minutes > 0 and 0 < preset.codec_share < 1
    with pytest.raises(InputError, match=r"`preset=nice`: unknown; choose one of .*dancenet"):
        find_preset(PRESETS, "nice")


@pytest.mark.parametrize("side", [0, 7, 12, -8])
def test_a_picture_that_cannot_be_pooled_thrice_is_refused(side: int) -> None:
    with pytest.raises(ValueError, match="multiple of 8"):
        PictureConfig(height=side)
    with pytest.raises(ValueError, match="multiple of 8"):
        PictureConfig(width=side)
