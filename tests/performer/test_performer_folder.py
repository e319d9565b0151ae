"""A performer's folder, damaged in every way, and the pictures that it gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dancenow.errors import InputError
from dancenow.performer import Performer
from dancenow.performer.fast.condition import POSE_CHANNELS
from dancenow.performer.fast.config import PRESETS
from dancenow.performer.fast.crop import crop_path
from dancenow.performer.fast.networks import FastGenerator, Foreground
from dancenow.performer.fast.performer import FastPerformer, PlatedScene
from dancenow.performer.fast.texture import LAYERS, Texture
from dancenow.performer.method import method_of
from dancenow.performer.performer import is_performer
from dancenow.pose import PoseTrack
from dancenow.pose.normalize import PoseStatistics
from dancenow.sample import dance_track
from untrained import CONFIG, CPU, plated, references_of, untrained


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return dance_track("zola", "groove", seconds=1, size=128, fps=7)


@pytest.fixture
def scene(track: PoseTrack) -> PlatedScene:
    plate = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    return plated(track, plate)


@pytest.fixture
def performer(track: PoseTrack, scene: PlatedScene) -> Performer:
    return untrained(track, scene)


class Red(nn.Module):
    """Paints one colour with one coverage, whatever the pose."""

    stride = 4

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = alpha

    def fused(self) -> Red:
        return self

    def parts(self, _pose: Tensor, plate: Tensor, _texture: Tensor) -> Red:
        self.plate = plate
        return self

    def of(self, index: int) -> Red:
        one = Red(self.alpha)
        one.plate = self.plate[index : index + 1]
        return one

    def rows(self, rows: slice) -> Red:
        some = Red(self.alpha)
        some.plate = self.plate[:, :, rows]
        return some

    def mixed(self, _texture: Tensor) -> Foreground:
        colour = torch.tensor([1.0, -1.0, -1.0])[:, None, None].expand_as(self.plate)
        return Foreground(colour, torch.full_like(self.plate[:, :1], self.alpha))


def red(scene: PlatedScene, alpha: float) -> Performer:
    seen = dance_track("zola", "groove", seconds=1, size=128, fps=7)
    return FastPerformer(CONFIG, scene, Red(alpha), Texture(references_of(seen)), CPU)  # type: ignore[arg-type]


def test_what_is_painted_is_laid_into_its_box_and_the_rest_is_the_plate(
    scene: PlatedScene, track: PoseTrack
) -> None:
    path = crop_path(track, 1.0, 4, 640)
    frames = list(red(scene, 1.0).perform(track))
    assert len(frames) == len(track)
    for index, frame in enumerate(frames):
        left, top = np.maximum(path.corners[index] - 1, 0)  # the soft edge takes a px more
        right, bottom = np.minimum(path.corners[index] + path.box + 1, 128)
        outside = np.ones((128, 128), bool)
        outside[top:bottom, left:right] = False
        assert np.array_equal(frame[outside], scene.plate[outside])
        x, y = (path.corners[index] + np.array(path.box) // 2).clip(0, 127)
        assert frame[y, x].tolist() == [255, 0, 0]


def test_half_coverage_mixes_half_and_half(scene: PlatedScene, track: PoseTrack) -> None:
    path = crop_path(track, 1.0, 4, 640)
    frame = next(red(scene, 0.5).perform(track))
    x, y = (path.corners[0] + np.array(path.box) // 2).clip(0, 127)
    expected = scene.plate[y, x] / 2 + np.array([127.5, 0, 0])
    assert np.abs(frame[y, x] - expected).max() <= 2


def test_where_nothing_is_covered_the_frame_is_the_plate(
    scene: PlatedScene, track: PoseTrack
) -> None:
    frames = list(red(scene, 0.0).perform(track))
    assert len(frames) == len(track) and all(np.array_equal(f, scene.plate) for f in frames)


def test_a_dancer_may_leave_the_frame(scene: PlatedScene, track: PoseTrack) -> None:
    keypoints = track.keypoints.copy()
    keypoints[..., 0] += np.linspace(0, 600, len(track), dtype=np.float32)[:, None]
    frames = list(red(scene, 1.0).perform(track.with_keypoints(keypoints)))
    assert len(frames) == len(track)
    assert not np.array_equal(frames[0], scene.plate)
    assert np.array_equal(frames[-1], scene.plate)


@pytest.mark.parametrize("zoom", [1.0, 1.7, 3.0])
def test_the_painted_picture_is_scaled_to_the_frame(
    scene: PlatedScene, track: PoseTrack, zoom: float
) -> None:
    large = replace(scene, zoom=zoom)
    frame = next(red(large, 1.0).perform(track))
    assert frame.shape == (128, 128, 3) and frame.dtype == np.uint8
    hips = track.xy[0, 8].astype(int)
    assert frame[hips[1], hips[0]].tolist() == [255, 0, 0]


def test_a_frame_does_not_depend_on_the_frames_around_it(
    performer: Performer, track: PoseTrack
) -> None:
    still = track.with_keypoints(np.repeat(track.keypoints[:1], 6, axis=0))
    frames = list(performer.perform(still))
    assert len(frames) == 6  # more than one batch, the last one not full
    assert all(np.abs(f.astype(int) - frames[0]).max() <= 1 for f in frames)


def test_a_track_with_nobody_in_it_is_refused(performer: Performer, track: PoseTrack) -> None:
    with pytest.raises(InputError, match="whole body"):
        next(performer.perform(track.with_keypoints(np.zeros_like(track.keypoints))))


def test_every_weight_of_the_generator_can_learn() -> None:
    torch.manual_seed(0)
    generator = FastGenerator(POSE_CHANNELS, (8, 16, 16), LAYERS)
    pose, plate = torch.rand(2, POSE_CHANNELS, 8, 12), torch.rand(2, 3, 16, 24)
    texture = torch.rand(2, 4 * LAYERS, 16, 24)
    for step in range(2):  # a layer that begins at zero hides those before it for one step
        generator.zero_grad()
        generator(pose, plate, texture).over(plate).square().mean().backward()
        if step == 0:
            with torch.no_grad():
                for weight in generator.parameters():
                    assert weight.grad is not None
                    weight -= 0.1 * weight.grad
    for name, weight in generator.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0, name


def edited(folder: Path, edit: Callable[[dict[str, object]], object]) -> None:
    path = folder / "config.json"
    document = json.loads(path.read_text("utf-8"))
    edit(document)
    path.write_text(json.dumps(document), "utf-8")


@pytest.mark.parametrize("key", ["version", "kind", "config", "scene", "training"])
def test_a_config_without_one_of_its_parts_is_told(
    performer: Performer, tmp_path: Path, key: str
) -> None:
    performer.save(tmp_path)
    edited(tmp_path, lambda document: document.pop(key))
    with pytest.raises(InputError, match="train it again"):
        Performer.load(tmp_path, CPU)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\0"])
def test_a_config_that_is_no_document_is_told(
    performer: Performer, tmp_path: Path, text: str
) -> None:
    performer.save(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json: is not a performer's"):
        Performer.load(tmp_path, CPU)


def test_weights_of_another_size_are_told(performer: Performer, tmp_path: Path) -> None:
    performer.save(tmp_path)
    edited(tmp_path, lambda d: d["config"]["generator"].update(widths=[8, 24]))  # type: ignore[index]
    with pytest.raises(InputError, match="another preset or version"):
        Performer.load(tmp_path, CPU)


@pytest.mark.parametrize("left", [None, b"", b"\x89PNG", b"text"])
def test_a_plate_that_is_missing_or_damaged_is_told_once(
    performer: Performer, tmp_path: Path, capfd: pytest.CaptureFixture[str], left: bytes | None
) -> None:
    performer.save(tmp_path)
    (tmp_path / "plate.png").unlink()
    if left is not None:
        (tmp_path / "plate.png").write_bytes(left)
    with pytest.raises(InputError, match=r"plate\.png is missing or damaged"):
        Performer.load(tmp_path, CPU)
    assert capfd.readouterr() == ("", "")  # OpenCV has nothing to add


def test_the_plate_is_kept_without_loss(performer: Performer, tmp_path: Path) -> None:
    assert not is_performer(tmp_path)
    performer.save(tmp_path)
    assert is_performer(tmp_path)
    again = Performer.load(tmp_path, CPU)
    assert np.array_equal(again.scene.plate, performer.scene.plate)
    assert again.config == CONFIG and again.scene.fps == 7 and again.scene.zoom == 1


def test_presets_are_found_by_name() -> None:
    for name, preset in PRESETS.items():
        assert (
            method_of(name).presets[name] is preset and preset.preset == name and preset.minutes > 0
        )
    with pytest.raises(InputError, match=r"`preset=nice`: unknown; choose one of .*fast"):
        method_of("nice")


def test_statistics_that_say_too_little_are_told() -> None:
    with pytest.raises(InputError, match="damaged"):
        PoseStatistics.from_dict({"far": 1})
