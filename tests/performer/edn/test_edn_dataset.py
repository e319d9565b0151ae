"""What the paper's training draws from: pairs and figures, canvases, options, watch."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import PresetOptions
from dancenow.performer.edn.config import EDN_PRESETS, EDNConfig, PoseAugmentConfig, configured
from dancenow.performer.edn.dataset import PairBatch, PairSet, consecutive, open_pairs, save_pairs
from dancenow.performer.edn.watch import DiscriminatorWatch
from dancenow.performer.method import method_of
from dancenow.pose.draw import draw_pose
from dancenow.pose.face_region import face_corners, face_side
from dancenow.pose.layout import BODY
from dancenow.sample import dance_track

WIDTH, HEIGHT = 96, 128
EDN_512, EDN_1024, EDN_TINY = (EDN_PRESETS[f"edn-{name}"] for name in ("512", "1024", "tiny"))
rng = np.random.default_rng


@pytest.fixture(scope="module")
def poses() -> PairSet:
    """A dance of 8 frames before pictures of noise; the faces of frames 2 and 7 are not seen."""
    track = dance_track("mika", "disco", seconds=1, size=(WIDTH, HEIGHT), fps=8)
    keypoints = track.keypoints.copy()
    keypoints[[2, 7], :, 2] *= np.isin(np.arange(137), range(1, 15))  # the torso and its limbs
    frames = rng(0).integers(0, 256, (8, HEIGHT, WIDTH, 3)).astype(np.uint8)
    return PairSet.of_poses(frames, keypoints, consecutive(np.arange(8)))


@pytest.fixture(scope="module")
def drawn(poses: PairSet) -> PairSet:
    """The same with figures that somebody else drew."""
    figures = rng(1).integers(0, 256, poses.frames.shape).astype(np.uint8)
    return PairSet(
        poses.frames, None, figures, poses.pairs, poses.corners, poses.has_face, poses.side
    )


# Pairs.


def test_neighbours_make_pairs_and_gaps_do_not() -> None:
    assert consecutive(np.array([3, 4, 5, 9, 11, 12])).tolist() == [[0, 1], [1, 2], [4, 5]]


@pytest.mark.parametrize("indices", [[], [5], [1, 3, 5]])
def test_without_neighbours_there_are_no_pairs(indices: list[int]) -> None:
    assert consecutive(np.array(indices, np.int64)).shape == (0, 2)


def test_faces_are_learned_from_pairs_that_show_two(poses: PairSet) -> None:
    assert poses.face_pairs.tolist() == [[0, 1], [3, 4], [4, 5], [5, 6]]
    assert len(poses.pairs) == 7


def test_the_faces_regions_are_found_in_the_poses(poses: PairSet) -> None:
    assert poses.canvas == (WIDTH, HEIGHT) and poses.side == face_side(poses.canvas)
    assert poses.keypoints is not None
    corners, seen = face_corners(poses.keypoints, poses.canvas, poses.side)
    assert np.array_equal(poses.corners, corners) and np.array_equal(poses.has_face, seen)


def test_a_batch_holds_the_frames_the_drawn_poses_and_the_faces(poses: PairSet) -> None:
    rows = poses.pairs[[4, 0, 4]]
    batch = poses.batch(rows)
    assert batch.figures.shape == batch.frames.shape == (3, 2, 3, HEIGHT, WIDTH)
    assert batch.figures.dtype == batch.frames.dtype == torch.uint8
    assert batch.corners.shape == (3, 2, 2) and batch.corners.dtype == torch.int64
    assert poses.keypoints is not None
    for place, pair in enumerate(rows):
        for time, row in enumerate(pair):
            figure = draw_pose(poses.keypoints[row], (WIDTH, HEIGHT))
            assert np.array_equal(batch.figures[place, time].permute(1, 2, 0), figure)
            assert np.array_equal(batch.frames[place, time].permute(1, 2, 0), poses.frames[row])
            assert np.array_equal(batch.corners[place, time], poses.corners[row])


def test_on_a_device_pictures_lie_between_minus_1_and_1() -> None:
    pictures = torch.tensor([0, 51, 255], dtype=torch.uint8).expand(1, 2, 3, 1, 3)
    batch = PairBatch(pictures, pictures, torch.tensor([[[1, 2], [3, 4]]]))
    moved = batch.to(torch.device("cpu"))
    expected = torch.tensor([-1.0, -0.6, 1.0]).expand(1, 2, 3, 1, 3)
    torch.testing.assert_close(moved.figures, expected)
    torch.testing.assert_close(moved.frames, expected)
    assert torch.equal(moved.corners, batch.corners)


def test_given_figures_are_used_as_they_are(drawn: PairSet) -> None:
    batch = drawn.batch(drawn.pairs[:2], PoseAugmentConfig(scale=0.5, shift=0.5), [rng(0), rng(1)])
    assert drawn.figures is not None
    assert np.array_equal(batch.figures.permute(0, 1, 3, 4, 2), drawn.figures[drawn.pairs[:2]])


@pytest.mark.parametrize("kind", ["poses", "drawn"])
def test_a_set_is_the_same_when_it_is_opened_again(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pairs: PairSet = request.getfixturevalue(kind)
    np.save(tmp_path / "frames.npy", pairs.frames)
    if pairs.figures is not None:
        np.save(tmp_path / "figures.npy", pairs.figures)
    save_pairs(tmp_path, pairs)
    opened = open_pairs(tmp_path)
    assert isinstance(opened.frames, np.memmap)
    assert opened.side == pairs.side and (opened.keypoints is None) == (pairs.keypoints is None)
    for mine, wanted in zip(opened.batch(opened.pairs), pairs.batch(pairs.pairs), strict=True):
        assert torch.equal(mine, wanted)
    assert np.array_equal(opened.face_pairs, pairs.face_pairs)


# Poses that are moved at random.


@pytest.fixture(scope="module")
def still(poses: PairSet) -> PairSet:
    """Somebody who holds one pose, the body alone."""
    assert poses.keypoints is not None
    one = np.zeros_like(poses.keypoints[0])
    one[BODY] = poses.keypoints[0, BODY]
    return PairSet.of_poses(poses.frames, np.stack([one] * 8), poses.pairs)


def test_the_presets_move_no_pose() -> None:
    assert all(c.augment == PoseAugmentConfig(scale=0, shift=0) for c in EDN_PRESETS.values())


def test_without_augmentation_the_generators_change_nothing(poses: PairSet) -> None:
    plain = poses.batch(poses.pairs)
    same = poses.batch(poses.pairs, PoseAugmentConfig(), [rng(k) for k in range(7)])
    assert all(torch.equal(a, b) for a, b in zip(plain, same, strict=True))


def test_both_poses_of_a_pair_move_alike_and_every_pair_for_itself(still: PairSet) -> None:
    augment = PoseAugmentConfig(scale=0.1, shift=0.1)
    figures = still.batch(still.pairs[:3], augment, [rng(0), rng(1), rng(0)]).figures
    plain = still.batch(still.pairs[:3]).figures
    assert torch.equal(figures[:, 0], figures[:, 1])
    assert not torch.equal(figures[0], figures[1]) and torch.equal(figures[0], figures[2])
    assert all(not torch.equal(moved, there) for moved, there in zip(figures, plain, strict=True))


def test_the_real_frames_and_their_faces_stay_where_they_are(poses: PairSet) -> None:
    augment = PoseAugmentConfig(scale=0.1, shift=0.1)
    moved = poses.batch(poses.pairs, augment, [rng(k) for k in range(7)])
    plain = poses.batch(poses.pairs)
    assert torch.equal(moved.frames, plain.frames) and torch.equal(moved.corners, plain.corners)


def extent(pairs: PairSet, augment: PoseAugmentConfig | None, seed: int = 0) -> NDArray[np.float64]:
    """Left, top, right and bottom of the first pair's figure in px."""
    figure = pairs.batch(pairs.pairs[:1], augment, [rng(seed)]).figures[0, 0].any(dim=0).numpy()
    rows, columns = np.nonzero(figure)
    return np.array([columns.min(), rows.min(), columns.max(), rows.max()], float)


def test_a_shift_is_at_most_its_part_of_the_pictures_height(still: PairSet) -> None:
    augment = PoseAugmentConfig(shift=0.03)
    shifts = np.array([extent(still, augment, seed) for seed in range(40)]) - extent(still, None)
    assert np.abs(shifts[:, :2] - shifts[:, 2:]).max() <= 2  # nothing grows
    for along in (0, 1):
        assert 0.02 * HEIGHT < np.abs(shifts[:, along]).max() <= 0.03 * HEIGHT + 1


def test_a_pose_is_scaled_about_a_point_inside_the_body(still: PairSet) -> None:
    augment = PoseAugmentConfig(scale=0.15)
    left, top, right, bottom = extent(still, None)
    scales = []
    for seed in range(40):
        moved = extent(still, augment, seed)
        scale = (moved[3] - moved[1]) / (bottom - top)
        scales.append(scale)
        if abs(scale - 1) > 0.1:  # enough to tell what stays in its place
            x, y = (moved[:2] - scale * np.array([left, top])) / (1 - scale)
            assert left < x < right and top < y < bottom
    assert np.exp(-0.15) - 0.02 < min(scales) < 0.9 and 1.1 < max(scales) < np.exp(0.15) + 0.02


def test_keypoints_move_as_the_affine_motion_says(poses: PairSet) -> None:
    motion = np.array([[0.8, 0.1, 5.0], [-0.1, 0.9, 7.0]])
    assert poses.keypoints is not None
    moved = poses.keypoints[3].copy()
    moved[:, :2] = [motion @ (x, y, 1) for x, y, _ in moved]
    assert np.array_equal(poses.figure(3, motion), draw_pose(moved, poses.canvas))


# Canvases and presets.


@pytest.mark.parametrize(
    ("config", "frame", "canvas"),
    [
        (EDN_512, (1920, 1080), (512, 288)),
        (EDN_512, (1080, 1920), (288, 512)),
        (EDN_512, (640, 480), (512, 384)),
        (EDN_1024, (1920, 1080), (1024, 576)),
        (EDN_1024, (300, 300), (1024, 1024)),
        (EDN_TINY, (100, 99), (64, 64)),
        (EDN_512, (1000, 430), (512, 224)),  # 220.16 px, at the stride's nearest multiple
    ],
)
def test_the_canvas_keeps_the_frames_shape(
    config: EDNConfig, frame: tuple[int, int], canvas: tuple[int, int]
) -> None:
    assert config.canvas(frame) == canvas


@pytest.mark.parametrize(
    ("config", "size"),
    [(EDN_512, 16), (EDN_1024, 32), (EDN_TINY, 4)]  # one px where the networks are narrowest
    + [(config, size) for config in (EDN_512, EDN_1024, EDN_TINY) for size in (1, 33, 502, 1023)],
)
def test_a_size_that_the_networks_cannot_halve_is_refused_with_two_that_they_can(
    config: EDNConfig, size: int
) -> None:
    with pytest.raises(InputError, match=f"`size={size}`: must be a multiple of") as told:
        config.model_copy(update={"size": size}).canvas((640, 480))
    suggested = re.search(r"(\d+) or (\d+) for example", str(told.value))
    assert suggested is not None
    for text in suggested.groups():
        canvas = config.model_copy(update={"size": int(text)}).canvas((640, 480))
        assert max(canvas) == int(text)
        assert all(side % config.networks.stride == 0 for side in canvas)


@pytest.mark.parametrize("name", EDN_PRESETS)
def test_a_presets_stages_share_the_whole_budget(name: str) -> None:
    config = EDN_PRESETS[name]
    assert config.preset == name
    assert sum(stage.share for stage in config.stages) == pytest.approx(1)
    assert ("enhancer" in {stage.name for stage in config.stages}) == config.networks.enhancer


# Options.


def test_without_options_a_preset_stays_what_it_is() -> None:
    assert all(configured(config, PresetOptions()) == config for config in EDN_PRESETS.values())


def test_every_option_changes_its_part_of_the_preset() -> None:
    options = PresetOptions(
        size=256, batch=3, no_perceptual=True, per_frame=True, no_face=True, augment=True,
        upsampling="resize",
    )  # fmt: skip
    config = configured(EDN_512, options)
    assert (config.size, config.optimizer.batch, config.temporal) == (256, 3, False)
    assert config.loss.perceptual == 0 and config.loss.feature_matching == 10
    assert [stage.name for stage in config.stages] == ["global"]
    assert config.augment.scale > 0 and config.augment.shift > 0
    assert config.networks == EDN_512.networks.model_copy(update={"upsampling": "resize"})
    assert config.optimizer.betas == EDN_512.optimizer.betas


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="`batch=0`"):
        configured(EDN_512, PresetOptions(batch=0))


def test_weights_for_a_loss_that_is_not_there_are_refused() -> None:
    with pytest.raises(InputError, match=r"`vgg_weights`: `preset=edn-tiny`"):
        configured(EDN_TINY, PresetOptions(vgg_weights=Path("vgg.safetensors")))


def test_other_presets_refuse_what_is_the_papers_alone() -> None:
    fast = method_of("fast")
    assert fast.configure("fast", PresetOptions()) == fast.presets["fast"]
    for options, name in (
        (PresetOptions(size=512), "`size`"),
        (PresetOptions(no_perceptual=True), "`no_perceptual`"),
        (PresetOptions(vgg_weights=Path("vgg.safetensors")), "`vgg_weights`"),
        (PresetOptions(devices=2), "`devices`"),
    ):
        with pytest.raises(InputError, match=f"^{name}: `preset=fast` .*edn-512"):
            fast.configure("fast", options)


# A discriminator that teaches nothing.


def watched(losses: list[float], scales: int = 2) -> list[str]:
    """What is said about a discriminator with these losses a scale."""
    watch = DiscriminatorWatch("judge", scales)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", DanceNowWarning)
        for loss in losses:
            watch.update(scales * loss)
    return [str(warning.message) for warning in said]


@pytest.mark.parametrize("scales", [1, 3])
def test_a_discriminator_that_always_wins_is_told_of_once(scales: int) -> None:
    healthy = [0.2] * 100
    said = watched([0.001] * 1000 + healthy + [0.001] * 1000, scales)
    assert len(said) == 1 and said[0].startswith("the judge has collapsed")
    assert "tells every painted picture from a real one" in said[0] and "`seed`" in said[0]


@pytest.mark.parametrize("scales", [1, 3])
def test_a_discriminator_that_is_blind_is_told_of_once(scales: int) -> None:
    said = watched([0.25] * 1500 + [0.1] * 100 + [0.25] * 1500, scales)
    assert len(said) == 1 and "no longer tells painted pictures from real ones" in said[0]


# The second is as bad as a blind one on the average, but still moving.
@pytest.mark.parametrize(
    ("middle", "spread"), [(0.15, 0.1), (0.25, 0.05), (0.03, 0.02), (0.2, 0.0)]
)
def test_nothing_is_said_of_a_healthy_discriminator(middle: float, spread: float) -> None:
    assert watched([middle - spread, middle + spread] * 2000) == []


def test_nothing_is_said_of_a_short_victory() -> None:
    assert watched(([0.001] * 300 + [0.3] * 100) * 5) == []
