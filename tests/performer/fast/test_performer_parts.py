"""Crops, plates, conditions, batches, losses, the network, and the performer on disk."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dancenow.errors import InputError
from dancenow.performer import Performer
from dancenow.performer.fast import losses
from dancenow.performer.fast.condition import POSE_CHANNELS, draw_condition
from dancenow.performer.fast.config import PRESETS, AugmentConfig
from dancenow.performer.fast.crop import crop_path, cut_box
from dancenow.performer.fast.dataset import CropSet, move_keypoints, to_tensor
from dancenow.performer.fast.networks import FastGenerator, Foreground
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.texture import LAYERS, Texture
from dancenow.performer.fast.training import FastTraining
from dancenow.pose import PoseTrack
from dancenow.pose.extent import standing_height
from dancenow.sample import dance_track
from dancenow.sources.background import find_room
from untrained import CPU, plated, untrained

CONFIG = PRESETS["tiny"].model_copy(
    update={"generator": PRESETS["tiny"].generator.model_copy(update={"widths": (8, 16)})}
)


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return dance_track("zola", "groove", seconds=2, size=128, fps=10)


def test_the_box_holds_the_whole_person_in_every_frame(track: PoseTrack) -> None:
    path = crop_path(track, 1.0, 16, 512)
    assert path.canvas[0] % 16 == 0 and path.canvas[1] % 16 == 0
    for index in range(len(track)):
        seen = path.to_canvas(track.keypoints[index], index)[track.confidence[index] > 0.3]
        assert (seen[:, :2] >= 0).all() and (seen[:, :2] <= path.canvas).all()


@pytest.mark.parametrize("zoom", [1.0, 2.0])
def test_a_dot_on_a_keypoint_is_found_at_its_place_on_the_canvas(
    track: PoseTrack, zoom: float
) -> None:
    path = crop_path(track, zoom, 16, 512)
    keypoints = track.keypoints[3].copy()
    keypoints[4, :2] = np.floor(keypoints[4, :2]) + 0.5
    frame = np.zeros((128, 128, 3), np.uint8)
    x, y = np.floor(keypoints[4, :2]).astype(int)
    frame[y, x] = 255
    canvas = path.cut(frame, 3)[..., 0].astype(float)
    rows, columns = np.indices(canvas.shape)
    centre = [(columns * canvas).sum() / canvas.sum(), (rows * canvas).sum() / canvas.sum()]
    expected = path.to_canvas(keypoints, 3)[4, :2]
    assert np.abs(np.array(centre) + 0.5 - expected).max() <= 0.5


@given(x=st.integers(-300, 300), y=st.integers(-300, 300))
def test_a_box_beyond_the_frame_repeats_its_edge(x: int, y: int) -> None:
    frame = np.arange(40 * 50, dtype=np.uint32).reshape(40, 50).astype(np.uint8)
    cut = cut_box(frame, np.array([x, y]), (30, 20), (30, 20))
    rows, columns = np.clip(np.arange(y, y + 20), 0, 39), np.clip(np.arange(x, x + 30), 0, 49)
    assert np.array_equal(cut, frame[rows][:, columns])


def test_the_plate_is_the_room_behind_a_moving_person() -> None:
    rng = np.random.default_rng(0)
    room = rng.integers(0, 256, (60, 80, 3), np.uint8)
    frames, masks = [], []
    for left in (0, 20, 40, 60, 10):
        frame, mask = room.copy(), np.zeros((60, 80), np.uint8)
        frame[10:50, left : left + 12] = (255, 0, 255)
        mask[10:50, left : left + 12] = 255
        frames.append(frame)
        masks.append(mask)
    found = find_room(frames, masks)
    assert found.unseen == 0 and len(found.plates) == 1
    assert np.array_equal(found.latest, room)


def test_what_is_never_seen_is_filled_from_around_and_counted() -> None:
    frame = np.full((64, 64, 3), 100, np.uint8)
    frame[20:40, 20:40] = 255
    mask = np.zeros((32, 32), np.uint8)
    mask[10:20, 10:20] = 255
    found = find_room([frame] * 5, [mask] * 5)
    assert 0.09 < found.unseen < 0.25
    assert np.abs(found.latest.astype(int) - 100).max() <= 3


def test_a_room_that_changes_has_a_plate_for_each_state() -> None:
    wall = np.full((120, 160, 3), 90, np.uint8)
    captions = [wall.copy(), wall.copy()]
    captions[0][100:112, 20:70] = 250
    captions[1][100:112, 60:130] = 10
    frames, masks = [], []
    for index in range(16):
        frame, mask = captions[index // 9].copy(), np.zeros((120, 160), np.uint8)
        left = 8 * index
        frame[20:112, left : left + 14] = (255, 0, 255)
        mask[20:112, left : left + 14] = 255
        frames.append(frame)
        masks.append(mask)
    room = find_room(frames, masks)
    assert len(room.plates) == 2
    for plate, caption in zip(room.plates, captions, strict=True):
        assert np.array_equal(plate, caption)
    states = [room.state_of(frame, mask) for frame, mask in zip(frames, masks, strict=True)]
    assert states == [0] * 9 + [1] * 7
    assert np.array_equal(room.latest, captions[1])


def test_what_a_state_shows_once_does_not_count() -> None:
    """A hand that the mask missed in a frame, where a person hides the wall in all others."""
    wall, beside = np.full((120, 160, 3), 90, np.uint8), np.s_[30:50, 120:140]
    frames, masks = [], []
    for index in range(18):
        frame, mask = wall.copy(), np.zeros((120, 160), np.uint8)
        frame[100:112, 20:70] = 250 if index < 9 else 10
        if index >= 9:
            frame[beside] = (255, 0, 255)
            mask[beside] = 255 if index != 12 else 0
        frames.append(frame)
        masks.append(mask)
    room = find_room(frames, masks)
    assert len(room.plates) == 2
    assert (room.latest[beside] == 90).all()


def test_every_limb_is_drawn_in_its_own_channel(track: PoseTrack) -> None:
    drawn = draw_condition(track.keypoints[0], (128, 128), 100)
    assert drawn.shape == (64, 64, POSE_CHANNELS) and drawn.dtype == np.uint8
    assert (drawn[..., : POSE_CHANNELS - 3].max(axis=(0, 1)) > 60).all()
    hidden = track.keypoints[0].copy()
    hidden[4, 2] = 0  # the right wrist
    changed = (draw_condition(hidden, (128, 128), 100) != drawn).any(axis=(0, 1))
    assert changed[:24].sum() == 1
    hidden[:, :2] = np.nan
    draw_condition(hidden, (128, 128), 100)


def crops(count: int = 6) -> CropSet:
    rng = np.random.default_rng(0)
    track = dance_track("zola", "groove", seconds=1, size=64, fps=count)
    frames = np.full((count, 64, 64, 3), 40, np.uint8)
    masks = np.zeros((count, 64, 64), np.uint8)
    for i, keypoints in enumerate(track.keypoints):
        x, y = keypoints[1, :2].astype(int)
        frames[i, y : y + 20, x - 6 : x + 6] = (220, 60, 30)
        masks[i, y : y + 20, x - 6 : x + 6] = 255
    plates = np.full_like(frames, 40) + rng.integers(0, 3, frames.shape, np.uint8)
    times = np.arange(count, dtype=np.float32) / count
    inside = np.tile([0, 0, 64, 64], (count, 1))
    height = standing_height(track)
    stride = 2 ** len(CONFIG.generator.widths)
    return CropSet(frames, plates, masks, track.keypoints, times, inside, height, stride)


def test_pictures_and_keypoints_move_together() -> None:
    import cv2

    frame = np.zeros((64, 64), np.uint8)
    frame[30, 20] = 255
    keypoints = np.zeros((137, 3), np.float32)
    keypoints[0] = (20.5, 30.5, 1)
    motion = np.array([[1.0, 0.0, 7.0], [0.0, 1.0, -4.0]])
    moved = cv2.warpAffine(frame, motion, (64, 64))
    assert moved[26, 27] == 255
    assert move_keypoints(keypoints, motion)[0].tolist() == [27.5, 26.5, 1.0]


def test_a_batch_depends_on_its_random_numbers_alone() -> None:
    data, augment = crops(), AugmentConfig()
    texture = Texture(data.references(4))
    a, b = (data.batch(np.random.default_rng((5, 2)), 3, augment, texture) for _ in range(2))
    c = data.batch(np.random.default_rng((5, 3)), 3, augment, texture)
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    assert a.real.shape != c.real.shape or not torch.equal(a.real, c.real)
    height, width = a.real.shape[2:]
    assert height % data.stride == 0 and width % data.stride == 0
    assert a.pose.shape == (3, POSE_CHANNELS, height // 2, width // 2)
    assert a.texture.shape == (3, 4 * LAYERS, height, width)
    assert float(a.texture.min()) >= 0 and float(a.texture.max()) <= 1 >= float(a.pose.max())
    assert float(a.real.min()) >= -1 and float(a.real.max()) <= 1


def test_losses_are_zero_at_equality_and_as_computed_by_hand() -> None:
    one = torch.ones(1, 1, 16, 16)
    real = torch.zeros(1, 3, 16, 16)
    for loss in (losses.weighted_l1, losses.gradient_l1, losses.structure):
        assert float(loss(real, real, one)) == pytest.approx(0, abs=1e-6)
    step = real.clone()
    step[..., 8:] = 1.0
    assert float(losses.weighted_l1(step, real, one)) == pytest.approx(0.5)
    assert float(losses.gradient_l1(step, real, one)) == pytest.approx(1 / 15)
    half = torch.full((1, 1, 2, 2), 0.5)
    assert float(losses.coverage(half, one[..., :2, :2], one[..., :2, :2])) == pytest.approx(
        np.log(2), rel=1e-5
    )


def test_a_real_picture_moves_onto_one_painted_beside_it() -> None:
    noise = np.random.default_rng(0).normal(size=(2, 96, 96, 3))
    rooms = np.stack([cv2.GaussianBlur(picture, (0, 0), 3) for picture in noise]) * 5
    real = to_tensor(rooms.clip(-1, 1))
    beside = torch.roll(real, (2, -1), (2, 3))
    (moved,) = losses.moved_onto(beside, real, most=3.0)
    inside = np.s_[..., 12:-12, 12:-12]
    assert (moved - beside)[inside].abs().mean() < 0.15 * (real - beside)[inside].abs().mean()
    (near,) = losses.moved_onto(torch.roll(real, 6, 3), real, most=1.0)
    assert (near - torch.roll(real, 1, 3))[inside].abs().mean() < 0.1  # no further than allowed
    (same, also) = losses.moved_onto(real, real, real[:, :1], most=3.0)
    assert torch.allclose(same, real, atol=0.02)
    assert torch.equal(also, same[:, :1])


def test_coverage_still_pulls_where_alpha_has_sunk_to_nothing() -> None:
    logit = torch.full((1, 1, 2, 2), -12.0, requires_grad=True)
    one = torch.ones(1, 1, 2, 2)
    losses.coverage(torch.sigmoid(logit), one, one).backward()
    assert logit.grad is not None and float(logit.grad.sum()) == pytest.approx(-1, rel=1e-3)


def test_paint_is_laid_over_the_plate() -> None:
    plate = torch.rand(1, 3, 4, 4)
    colour = torch.rand(1, 3, 4, 4)
    for alpha, expected in ((0.0, plate), (1.0, colour), (0.25, 0.75 * plate + 0.25 * colour)):
        painted = Foreground(colour, torch.full((1, 1, 4, 4), alpha))
        assert torch.allclose(painted.over(plate), expected, atol=1e-6)


def test_the_generator_works_at_any_size_that_its_stride_divides() -> None:
    generator = FastGenerator(POSE_CHANNELS, (8, 16, 16), LAYERS)
    for height, width in ((32, 48), (64, 16)):
        pose = torch.rand(2, POSE_CHANNELS, height // 2, width // 2)
        plate, texture = torch.rand(2, 3, height, width), torch.rand(2, 4 * LAYERS, height, width)
        painted = generator(pose, plate, texture)
        assert painted.colour.shape == (2, 3, height, width)
        assert painted.alpha.shape == (2, 1, height, width)
        assert float(painted.alpha.detach().min()) >= 0 and float(painted.alpha.detach().max()) <= 1
    assert generator.stride == 8


def test_training_makes_the_loss_fall_and_resumes_exactly() -> None:
    data = crops()
    whole = FastTraining(CONFIG, data, CPU, seed=1)
    first = [whole.step(n, n / 30)["l1"] for n in range(15)]
    state = whole.state()
    saved = {k: v.detach().clone() for k, v in state.tensors.items()}
    resumed = FastTraining(CONFIG, data, CPU, seed=1)
    resumed.restore(type(state)(saved, state.values), Path())
    last = [(whole.step(n, n / 30)["l1"], resumed.step(n, n / 30)["l1"]) for n in range(15, 30)]
    assert all(a == b for a, b in last)
    assert np.mean([a for a, _ in last[-5:]]) < 0.8 * np.mean(first[:5])
    for a, b in zip(
        whole.average.module.parameters(), resumed.average.module.parameters(), strict=True
    ):
        assert torch.equal(a, b)
    whole.close()
    resumed.close()


@pytest.fixture
def performer(track: PoseTrack) -> FastPerformer:
    plate = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    return untrained(track, plated(track, plate), CONFIG)


def test_a_performer_comes_back_from_disk_the_same(
    performer: FastPerformer, track: PoseTrack, tmp_path: Path
) -> None:
    performer.save(tmp_path)
    again = Performer.load(tmp_path, CPU)
    assert isinstance(again, FastPerformer)
    assert again.training == {"steps": 3} and again.scene.statistics == performer.scene.statistics
    frames = list(zip(performer.perform(track), again.perform(track), strict=True))
    assert len(frames) == len(track)
    # The pictures that lend their px are kept as JPEG.
    assert all(np.abs(a.astype(int) - b).mean() < 4 for a, b in frames)
    for a, b in zip(performer.generator.parameters(), again.generator.parameters(), strict=True):
        assert torch.equal(a, b)


def test_where_nobody_is_the_room_is_empty_and_around_the_person_it_is_untouched(
    performer: Performer, track: PoseTrack
) -> None:
    keypoints = track.keypoints.copy()
    keypoints[4] = 0
    frames = list(performer.perform(track.with_keypoints(keypoints)))
    assert np.array_equal(frames[4], performer.scene.plate)
    assert np.array_equal(frames[0][:, :2], performer.scene.plate[:, :2])
    assert not np.array_equal(frames[0], performer.scene.plate)


def test_beside_a_gpu_threads_draw_and_steady_the_same_frames(
    performer: FastPerformer, track: PoseTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = list(performer.perform(track))
    monkeypatch.setattr(performer, "_idle_cores", True)
    beside = list(performer.perform(track))
    assert len(beside) == len(track) > 4
    np.testing.assert_array_equal(beside, alone)
    (part,) = performer.layers(track, within=range(3, 4))
    np.testing.assert_array_equal(part.over(performer.scene.plate), alone[3])

    before = threading.active_count()
    frames = performer.perform(track)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(performer, "_paint", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        next(performer.perform(track))


def test_a_track_for_another_frame_is_refused(performer: Performer, track: PoseTrack) -> None:
    with pytest.raises(InputError, match="normalise"):
        next(performer.perform(replace(track, size=(64, 64))))


@pytest.mark.parametrize(
    "missing", ["config.json", "generator.safetensors", "plate.png", "references.safetensors"]
)
def test_a_performer_with_a_file_missing_is_told(
    performer: Performer, tmp_path: Path, missing: str
) -> None:
    performer.save(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(InputError, match=r"train"):
        Performer.load(tmp_path, CPU)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 99}, "update"),
        ({"kind": "choreographer"}, "performer"),
        ({"scene": 3}, "damag"),
    ],
)
def test_a_config_that_is_no_performers_is_told(
    performer: Performer, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    performer.save(tmp_path)
    document = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**document, **change}))
    with pytest.raises(InputError, match=said):
        Performer.load(tmp_path, CPU)
    (tmp_path / "generator.safetensors").write_bytes(b"no tensors")
    (tmp_path / "config.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="damaged"):
        Performer.load(tmp_path, CPU)
