"""Real px in new poses: which frames lend them, how they move, and how they are kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from dancenow.performer.fast.dataset import move_keypoints
from dancenow.performer.fast.pieces import PIECES
from dancenow.performer.fast.references import References
from dancenow.performer.fast.texture import LAYER_CHANNELS, LAYERS, Texture
from dancenow.pose.layout import FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dancenow.sample import dance_track
from untrained import references_of

Frame = NDArray[np.uint8]
Keypoints = NDArray[np.float32]
Picture = NDArray[np.float64]

SIZE = (208, 208)
FPS = 8
TURNED = cv2.getRotationMatrix2D((104, 104), 25, 1)
GROWN = cv2.getRotationMatrix2D((104, 104), 0, 1.2)


@pytest.fixture(scope="module")
def references() -> References:
    """A dancer in clothes with something to see everywhere, before black."""
    drawn = references_of(dance_track("zola", "house", seconds=2, size=SIZE, fps=FPS))
    noise = np.random.default_rng(0).normal(size=drawn.frames.shape)
    clothes = np.stack([cv2.GaussianBlur(picture, (0, 0), 3) for picture in noise])
    frames = (128 + 500 * clothes).clip(20, 255).astype(np.uint8)
    return replace(drawn, frames=frames * (drawn.masks[..., None] > 0))


@pytest.fixture(scope="module")
def texture(references: References) -> Texture:
    return Texture(references)


def every_piece_from(reference: int) -> NDArray[np.int64]:
    return np.full(len(PIECES), reference)


def laid(layers: Frame) -> Picture:
    """The arms over the body, float64 `(H, W, 4)`: RGB multiplied by coverage, and coverage."""
    body, arms = layers[..., :4].astype(float), layers[..., 4:].astype(float)
    return arms + body * (1 - arms[..., 3:] / 255)


def only(keypoints: Keypoints, *names: str) -> Keypoints:
    """A pose of which nothing else is seen."""
    seen = np.zeros_like(keypoints)
    indices = [INDEX[name] for name in names]
    seen[indices] = keypoints[indices]
    return seen


def moved_points(keypoints: Keypoints, indices: list[int], by: tuple[float, float]) -> Keypoints:
    changed = keypoints.copy()
    changed[indices, :2] += by
    return changed


# --- Choosing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 7, 15])
def test_a_pose_that_is_known_takes_its_own_frame(
    texture: Texture, references: References, index: int
) -> None:
    keypoints = references.keypoints[index]
    assert texture.choose(keypoints).tolist() == [index] * len(PIECES)
    # Where the person stands does not matter.
    elsewhere = moved_points(keypoints, list(range(137)), (40, -25))
    assert texture.choose(elsewhere).tolist() == [index] * len(PIECES)


def test_frames_nearer_than_the_gap_are_left_out(texture: Texture, references: References) -> None:
    for gap in (0.2, 0.7):
        chosen = texture.choose(references.keypoints[7], time=7 / FPS, gap=gap)
        assert (np.abs(references.times[chosen] - 7 / FPS) >= gap).all()


def test_where_the_gap_leaves_nothing_out_of_all_frames(
    texture: Texture, references: References
) -> None:
    chosen = texture.choose(references.keypoints[7], time=7 / FPS, gap=60)
    assert (chosen == 7).all()


def test_what_was_chosen_before_stays_unless_something_is_clearly_better(
    references: References,
) -> None:
    pose, other = references.keypoints[0], references.keypoints[8]
    rng = np.random.default_rng(1)
    nearly = pose.copy()
    nearly[:, :2] += rng.normal(0, 0.1, (137, 2))
    known = replace(
        references,
        frames=references.frames[:3],
        masks=references.masks[:3],
        keypoints=np.stack([pose, nearly, other]),
        times=references.times[:3],
    )
    texture = Texture(known)
    assert (texture.choose(pose) == 0).all()
    assert (texture.choose(pose, previous=every_piece_from(1)) == 1).all()
    limbs = [i for i, piece in enumerate(PIECES) if piece.name.endswith(("forearm", "hand"))]
    assert (texture.choose(pose, previous=every_piece_from(2))[limbs] == 0).all()


def test_what_a_pose_lacks_does_not_hide_what_differs(references: References) -> None:
    """The face is not found in a turn; the head must not stay where it was for that."""
    pose = references.keypoints[0]
    nodding = pose.copy()
    head = [INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
    nodding[head, 1] += 0.04 * references.body_px
    known = replace(
        references,
        frames=references.frames[:2],
        masks=references.masks[:2],
        keypoints=np.stack([pose, nodding]),
        times=references.times[:2],
    )
    turned = pose.copy()
    turned[FACE, 2] = 0
    (number,) = (i for i, piece in enumerate(PIECES) if piece.name == "head")
    assert Texture(known).choose(turned, previous=every_piece_from(1))[number] == 0


def test_what_was_chosen_before_goes_where_it_is_too_near_in_time(
    texture: Texture, references: References
) -> None:
    chosen = texture.choose(
        references.keypoints[7], time=7 / FPS, gap=0.5, previous=every_piece_from(7)
    )
    assert (chosen != 7).all()


def test_every_limb_may_come_from_another_frame(references: References) -> None:
    pose = references.keypoints[0]
    legs = [INDEX[f"{side}_{n}"] for side in ("left", "right")
            for n in ("knee", "ankle", "heel", "big_toe", "small_toe")]  # fmt: skip
    toes = [INDEX[f"{side}_big_toe"] for side in ("left", "right")]
    arms = [INDEX[f"{side}_{n}"] for side in ("left", "right") for n in ("elbow", "wrist")]
    arms += [*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)]
    other_legs = moved_points(moved_points(pose, legs, (30, 0)), toes, (15, 0))
    known = replace(
        references,
        frames=references.frames[:2],
        masks=references.masks[:2],
        keypoints=np.stack([other_legs, moved_points(pose, arms, (0, -30))]),
        times=references.times[:2],
    )
    chosen = dict(zip([piece.name for piece in PIECES], Texture(known).choose(pose), strict=True))
    for side in ("left", "right"):
        assert [chosen[f"{side} {n}"] for n in ("upper arm", "forearm", "hand")] == [0, 0, 0]
        assert [chosen[f"{side} {n}"] for n in ("thigh", "shin", "foot")] == [1, 1, 1]


# --- Moving --------------------------------------------------------------------------------------


def test_a_known_pose_gives_its_px_back(texture: Texture, references: References) -> None:
    layers = texture.layers(references.keypoints[3], every_piece_from(3), SIZE)
    assert layers.shape == (*SIZE[::-1], LAYERS * LAYER_CHANNELS) and layers.dtype == np.uint8
    picture = laid(layers)
    inside = cv2.erode(references.masks[3], np.ones((3, 3), np.uint8)) > 0
    assert (picture[inside][:, 3] > 200).mean() > 0.95
    covered = inside & (picture[..., 3] > 100)
    colour = 255 * picture[covered][:, :3] / picture[covered][:, 3:]
    error = np.abs(colour - references.frames[3][covered])
    assert np.median(error) <= 2 and np.quantile(error, 0.95) < 12
    outside = cv2.dilate(references.masks[3], np.ones((9, 9), np.uint8)) == 0
    assert picture[outside].max() == 0


@pytest.mark.parametrize(
    "motion",
    [np.array([[1.0, 0, 9], [0, 1, -6]]), TURNED, GROWN],
    ids=["shifted", "turned", "larger"],
)
def test_a_pose_that_moves_as_a_whole_takes_the_picture_along(
    texture: Texture, references: References, motion: NDArray[np.float64]
) -> None:
    keypoints = references.keypoints[3]
    before = laid(texture.layers(keypoints, every_piece_from(3), SIZE))
    after = laid(texture.layers(move_keypoints(keypoints, motion), every_piece_from(3), SIZE))
    expected = cv2.warpAffine(before, motion, SIZE)
    covered = (expected[..., 3] > 0) | (after[..., 3] > 0)
    error = np.abs(after - expected)[covered]
    assert error.mean() < 4 and np.quantile(error, 0.98) < 40
    assert np.abs(before - expected)[covered].mean() > 40  # it did move


def spread(layers: Frame, axis: NDArray[np.float64]) -> tuple[float, float]:
    """How far the arms' layer reaches along and across an axis, px, standard deviations."""
    cover = layers[..., 7].astype(float)
    y, x = np.indices(cover.shape)
    sizes = []
    for a, b in (axis, np.array([-axis[1], axis[0]])):
        place = a * x + b * y
        middle = np.average(place, weights=cover)
        sizes.append(float(np.sqrt(np.average((place - middle) ** 2, weights=cover))))
    return sizes[0], sizes[1]


def test_a_foreshortened_bone_is_shorter_and_as_wide(
    texture: Texture, references: References
) -> None:
    full = only(references.keypoints[0], "left_elbow", "left_wrist")
    elbow, wrist = full[INDEX["left_elbow"], :2], full[INDEX["left_wrist"], :2]
    short = full.copy()
    short[INDEX["left_wrist"], :2] = elbow + 0.6 * (wrist - elbow)
    axis = (wrist - elbow).astype(float) / np.linalg.norm(wrist - elbow)
    sizes = [
        spread(texture.layers(pose, every_piece_from(0), SIZE), axis) for pose in (full, short)
    ]
    assert sizes[1][0] / sizes[0][0] == pytest.approx(0.6, abs=0.05)
    assert sizes[1][1] / sizes[0][1] == pytest.approx(1, abs=0.05)


def test_a_head_from_behind_is_as_large_as_from_in_front(
    texture: Texture, references: References
) -> None:
    ears = [INDEX["left_ear"], INDEX["right_ear"]]
    front = only(references.keypoints[3], "neck", "left_ear", "right_ear")
    behind = front.copy()
    behind[ears] = front[ears[::-1]]
    sizes = []
    for pose in (front, behind):
        cover = texture.layers(pose, every_piece_from(3), SIZE)[..., 3]
        sizes.append(float((cover > 0).sum()))
    assert sizes[0] > 50 and sizes[1] == pytest.approx(sizes[0], rel=0.25)


def test_limbs_that_are_not_seen_leave_nothing(texture: Texture, references: References) -> None:
    chosen = every_piece_from(3)
    keypoints = references.keypoints[3]
    whole = texture.layers(keypoints, chosen, SIZE)
    armless = keypoints.copy()
    for side in ("left", "right"):
        armless[[INDEX[f"{side}_elbow"], INDEX[f"{side}_wrist"]], 2] = 0
    armless[[*range(95, 137)], 2] = 0
    without = texture.layers(armless, chosen, SIZE)
    assert whole[..., 4:].any() and not without[..., 4:].any()
    np.testing.assert_array_equal(without[..., :4], whole[..., :4])
    assert not texture.layers(np.zeros_like(keypoints), chosen, SIZE).any()


def test_a_limb_that_its_reference_does_not_show_leaves_nothing(references: References) -> None:
    keypoints = references.keypoints.copy()
    keypoints[0, [INDEX["left_elbow"], INDEX["right_elbow"]], 2] = 0
    keypoints[0, 95:, 2] = 0
    layers = Texture(replace(references, keypoints=keypoints)).layers(
        references.keypoints[0], every_piece_from(0), SIZE
    )
    assert not layers[..., 4:].any() and layers[..., :4].any()


def test_a_person_beside_the_canvas_leaves_it_empty(
    texture: Texture, references: References
) -> None:
    keypoints = moved_points(references.keypoints[3], list(range(137)), (400, 0))
    assert not texture.layers(keypoints, every_piece_from(3), SIZE).any()


@settings(max_examples=40)
@given(
    keypoints=arrays(
        np.float32,
        (137, 3),
        elements=st.floats(-300, 500, width=32),
        fill=st.floats(0, 1, width=32),
    ),
    seed=st.integers(0, 99),
)
def test_whatever_the_pose_colours_never_exceed_their_coverage(
    texture: Texture, references: References, keypoints: Keypoints, seed: int
) -> None:
    keypoints[:, 2] = np.random.default_rng(seed).uniform(0, 1, 137)
    keypoints[keypoints[:, 2] < 0.1, :2] = np.nan  # where nothing is seen there may be no place
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chosen = texture.choose(keypoints)
        layers = texture.layers(keypoints, chosen, (96, 80))
    assert chosen.dtype == np.int64 and ((chosen >= 0) & (chosen < len(references))).all()
    assert layers.shape == (80, 96, LAYERS * LAYER_CHANNELS) and layers.dtype == np.uint8
    for start in range(0, layers.shape[2], LAYER_CHANNELS):
        assert (layers[..., start : start + 3] <= layers[..., start + 3 : start + 4]).all()


# --- On disk -------------------------------------------------------------------------------------


def test_references_come_back_from_disk(references: References, tmp_path: Path) -> None:
    references.save(tmp_path / "r.safetensors")
    again = References.load(tmp_path / "r.safetensors")
    assert len(again) == len(references) == 16
    np.testing.assert_array_equal(again.keypoints, references.keypoints)
    np.testing.assert_array_equal(again.times, references.times)
    assert again.body_px == pytest.approx(references.body_px)
    for name in ("frames", "masks"):
        there, here = getattr(references, name), np.stack(list(getattr(again, name)))
        assert here.dtype == np.uint8 and here.shape == there.shape
        assert np.abs(here.astype(int) - there).mean() < 3


def test_the_colours_that_come_back_are_the_same_and_not_mirrored(
    references: References, tmp_path: Path
) -> None:
    frames = np.zeros_like(references.frames)
    frames[..., 0], frames[..., 1], frames[:, :, 100:, 2] = 220, 120, 90
    replace(references, frames=frames).save(tmp_path / "r.safetensors")
    again = np.stack(list(References.load(tmp_path / "r.safetensors").frames))
    assert np.abs(again[:, 50, 40] - [220.0, 120, 0]).max() < 6
    assert np.abs(again[:, 50, 160] - [220.0, 120, 90]).max() < 6


Tensors = dict[str, NDArray[np.generic]]


def lose_sizes(tensors: Tensors) -> None:
    del tensors["masks_sizes"]


def lose_a_pose(tensors: Tensors) -> None:
    tensors["keypoints"] = tensors["keypoints"][1:]


def lose_all(tensors: Tensors) -> None:
    for name in ("frames_sizes", "masks_sizes", "times", "keypoints"):
        tensors[name] = tensors[name][:0]


def blank_a_picture(tensors: Tensors) -> None:
    tensors["frames"] = np.zeros_like(tensors["frames"])


def cut_the_pictures(tensors: Tensors) -> None:
    tensors["masks"] = tensors["masks"][:40]


def swap_the_pictures(tensors: Tensors) -> None:
    packed = [cv2.imencode(".jpg", np.zeros((20, 30), np.uint8))[1].ravel() for _ in range(16)]
    tensors["masks"] = np.concatenate(packed)
    tensors["masks_sizes"] = np.array([len(each) for each in packed])


@pytest.mark.parametrize(
    "damage",
    [lose_sizes, lose_a_pose, lose_all, blank_a_picture, cut_the_pictures, swap_the_pictures],
)
def test_damaged_references_are_told(
    references: References, tmp_path: Path, damage: Callable[[Tensors], None]
) -> None:
    path = tmp_path / "r.safetensors"
    references.save(path)
    tensors = load_file(path)
    damage(tensors)
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path)
    with pytest.raises((KeyError, ValueError)):
        References.load(path)


def test_references_that_are_missing_or_cut_off_are_told(
    references: References, tmp_path: Path
) -> None:
    path = tmp_path / "r.safetensors"
    with pytest.raises(OSError):
        References.load(path)
    references.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SafetensorError):
        References.load(path)
