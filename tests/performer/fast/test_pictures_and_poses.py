"""Crops, plates and batches: what is at a keypoint in the clip is at it in what is learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.performer.fast import losses
from dancenow.performer.fast.condition import draw_condition
from dancenow.performer.fast.config import AugmentConfig
from dancenow.performer.fast.crop import CropPath, crop_path
from dancenow.performer.fast.dataset import CropSet
from dancenow.performer.fast.texture import Texture
from dancenow.pose import PoseTrack
from dancenow.pose.layout import BODY_LIMBS, INDEX
from dancenow.sample import dance_track
from dancenow.sources.background import find_room, plate_frames


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return dance_track("zola", "groove", seconds=2, size=128, fps=10)


def walking(track: PoseTrack) -> PoseTrack:
    """The same dance while walking 120 px to the right."""
    keypoints = track.keypoints.copy()
    keypoints[..., 0] += np.linspace(0, 120, len(track), dtype=np.float32)[:, None]
    return track.with_keypoints(keypoints)


def centre(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The centre of brightness of `(H, W)` as x and y, pixel centres at .5."""
    weight = picture.astype(float)
    rows, columns = np.indices(picture.shape)
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum() + 0.5


def test_the_box_follows_a_walker_smoothly_at_one_size(track: PoseTrack) -> None:
    still, path = crop_path(track, 1.0, 16, 512), crop_path(walking(track), 1.0, 16, 512)
    moved = path.corners[:, 0] - path.corners[0, 0]
    assert 80 < moved[-1] < 130
    assert np.abs(np.diff(path.corners, axis=0)).max() < 15
    assert path.box == path.canvas and path.corners.dtype == np.int64
    assert abs(path.box[1] - still.box[1]) <= 16  # walking makes nobody taller


def test_gaps_do_not_let_the_box_jump(track: PoseTrack) -> None:
    keypoints = walking(track).keypoints.copy()
    keypoints[8:12] = 0
    path = crop_path(track.with_keypoints(keypoints), 1.0, 16, 512)
    assert np.abs(np.diff(path.corners, axis=0)).max() < 15


def test_a_person_too_large_for_the_canvas_is_cut(track: PoseTrack) -> None:
    path = crop_path(track, 1.0, 16, 70)
    assert path.canvas == (64, 64)
    with pytest.raises(InputError, match="whole body"):
        crop_path(track.with_keypoints(np.zeros_like(track.keypoints)), 1.0, 16, 70)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_a_smaller_picture_of_the_frame_is_cut_at_the_same_place(factor: int) -> None:
    path = CropPath(np.array([[16, 24], [-8, 40]]), (64, 96), (64, 96))
    frame = np.zeros((160, 128), np.uint8)
    frame[64:96, 48:64] = 255
    small = frame[::factor, ::factor]
    for index in range(2):
        whole = path.cut(frame, index)
        again = path.cut_small(np.ascontiguousarray(small), index, (128, 160))
        assert again.shape == whole.shape == (96, 64)
        assert np.abs(centre(whole) - centre(again)).max() <= 0.5 * factor


def test_the_plate_is_the_median_of_an_even_number_of_frames_too() -> None:
    frames = [np.full((16, 16, 3), value, np.uint8) for value in (10, 20, 40, 200)]
    nobody = [np.zeros((8, 8), np.uint8)] * 4
    assert (find_room(frames, nobody).latest == 30).all()
    masks = [*nobody[:3], np.full((8, 8), 255, np.uint8)]
    room = find_room(frames, masks)  # the bright frame shows the person alone
    assert (room.latest == 20).all() and room.unseen == 0


def test_frames_for_the_plate_are_spread_over_the_clip_and_bounded() -> None:
    assert plate_frames(5, (64, 64)).tolist() == [0, 1, 2, 3, 4]
    many = plate_frames(10_000, (1920, 1080))
    assert many[0] == 0 and many[-1] == 9_999 and np.ptp(np.diff(many)) <= 1
    assert len(many) >= 5 and len(many) * 3 * 1920 * 1080 <= 500 << 20
    assert len(plate_frames(10_000, (7680, 4320))) >= 5


def test_a_limb_is_drawn_where_its_ends_are() -> None:
    keypoints = np.zeros((137, 3), np.float32)
    a, b = BODY_LIMBS[0]
    keypoints[a], keypoints[b] = (20.5, 30.5, 1), (60.5, 30.5, 1)
    drawn = draw_condition(keypoints, (96, 64), 60)
    assert drawn.shape[:2] == (32, 48)  # at half the resolution
    assert 2 * centre(drawn[..., 0]) == pytest.approx([40.5, 30.5], abs=0.5)
    assert not drawn[..., 1:].any()
    keypoints[a, 2] = 0
    assert not draw_condition(keypoints, (96, 64), 60).any()


def dots(count: int = 4) -> CropSet:
    """Crops that show a bright square on the right wrist, in the frame and in the mask."""
    keypoints = np.zeros((count, 137, 3), np.float32)
    elbow, wrist = INDEX["right_elbow"], INDEX["right_wrist"]
    frames = np.zeros((count, 64, 96, 3), np.uint8)
    for i in range(count):
        x, y = 40 + 5 * i, 28 + 3 * i
        keypoints[i, wrist], keypoints[i, elbow] = (x, y, 1), (x, y, 1)
        frames[i, y - 3 : y + 3, x - 3 : x + 3] = 255
    times, inside = np.arange(count, dtype=np.float32), np.tile([0, 0, 96, 64], (count, 1))
    return CropSet(frames, frames // 2, frames[..., 0], keypoints, times, inside, 40.0, 16)


def test_augmentation_moves_frame_plate_mask_and_pose_alike() -> None:
    crops, augment = dots(), AugmentConfig(scale=0.2, rotation=0.3)
    texture = Texture(crops.references(4))
    batch = crops.batch(np.random.default_rng(0), 16, augment, texture)
    places = []
    for pose, real, plate, mask, inside, _ in zip(*batch, strict=True):
        assert float(inside.amin()) >= 0 and float(inside.amax()) == 1
        drawn = (255 * pose.amax(dim=0)).byte().numpy()  # a limb of no length: a dot
        pictures = [((p[0] + 1) * 127.5).byte().numpy() for p in (real, plate)]
        pictures.append((255 * mask[0]).byte().numpy())
        for picture in pictures:
            assert np.abs(centre(picture) - 2 * centre(drawn)).max() < 1
        places.append(centre(drawn))
    assert np.ptp(np.array(places), axis=0).min() > 2  # it did move


def test_crops_can_be_had_as_they_are_and_from_disk(tmp_path: Path) -> None:
    crops = dots()
    for name in ("frames", "plates", "masks", "keypoints", "times", "inside"):
        np.save(tmp_path / f"{name}.npy", getattr(crops, name))
    again = CropSet.open(tmp_path, crops.body_px, crops.stride)
    texture = Texture(crops.references(4))
    assert len(again) == 4 and again.canvas == crops.canvas == (96, 64)
    for a, b in zip(crops.exactly([2, 0], texture), again.exactly([2, 0], texture), strict=True):
        assert torch.equal(a, b)
    real = crops.exactly([2, 0], texture).real
    assert torch.equal(
        ((real + 1) * 127.5).round().byte().permute(0, 2, 3, 1),
        torch.from_numpy(crops.frames[[2, 0]]),
    )


def test_structure_is_one_minus_ssim_as_its_formula_says() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (2 * torch.rand(1, 3, 8, 8, generator=generator, dtype=torch.float64) - 1 for _ in "ab")
    ssim = []
    for x, y in zip(a[0].numpy(), b[0].numpy(), strict=True):  # one window, L = 2
        c1, c2 = 0.02**2, 0.06**2
        covariance = ((x - x.mean()) * (y - y.mean())).mean()
        ssim.append(
            (2 * x.mean() * y.mean() + c1)
            * (2 * covariance + c2)
            / ((x.mean() ** 2 + y.mean() ** 2 + c1) * (x.var() + y.var() + c2))
        )
    one = torch.ones(1, 1, 8, 8, dtype=torch.float64)
    assert float(losses.structure(a, b, one)) == pytest.approx(1 - np.mean(ssim), abs=1e-9)


def test_errors_count_where_the_weight_is() -> None:
    real, picture = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    picture[..., :8] = 0.5
    weight = torch.zeros(1, 1, 16, 16)
    weight[..., :8] = 2
    assert float(losses.weighted_l1(picture, real, weight)) == pytest.approx(0.5)
    assert float(losses.weighted_l1(picture, real, weight.flip(-1))) == 0
    assert float(losses.structure(picture, real, weight)) > float(
        losses.structure(picture, real, weight.flip(-1))
    )


def test_a_constant_error_has_no_gradient_error() -> None:
    one, real = torch.ones(1, 1, 8, 8), torch.rand(1, 3, 8, 8)
    assert float(losses.gradient_l1(real + 0.3, real, one)) == pytest.approx(0, abs=1e-6)


def test_coverage_is_least_where_alpha_is_the_mask() -> None:
    mask = torch.tensor([[[[0.0, 1.0]]]])
    inside = torch.ones_like(mask)
    right, wrong = (
        float(losses.coverage(mask * a + (1 - mask) * (1 - a), mask, inside)) for a in (0.9, 0.1)
    )
    assert right == pytest.approx(-np.log(0.9), rel=1e-4)
    assert wrong == pytest.approx(-np.log(0.1), rel=1e-4)


def test_what_lies_beyond_the_frame_does_not_count() -> None:
    crops = dots()
    crops.inside[:, 2] = 48  # the right half was never seen
    texture = Texture(crops.references(4))
    batch = crops.exactly([0], texture)
    assert batch.inside[0, 0, :, :48].min() == 1 and batch.inside[0, 0, :, 48:].max() == 0
    wrong = torch.full_like(batch.mask, 0.5)
    seen = losses.coverage(wrong, batch.mask, batch.inside)
    assert float(seen) == pytest.approx(0.5 * np.log(2), rel=1e-5)


def test_the_part_of_a_canvas_that_shows_the_frame_is_known() -> None:
    corners = np.array([[-10, 5], [60, -7]])
    path = CropPath(corners, (40, 40), (20, 20))
    assert path.inside(0, (90, 90)) == (5, 0, 20, 20)
    assert path.inside(1, (90, 90)) == (0, 4, 15, 20)
