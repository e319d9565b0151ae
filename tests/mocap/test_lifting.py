"""From the picture into space, against the sample performers' true motion."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.mocap import Figure, film, lift
from dancenow.options.view import View
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX, NUM_KEYPOINTS, SIDES
from dancenow.sample import SampleStage
from dancenow.sample.kinematics import forward_kinematics
from dancenow.sample.looks import find_performer
from motions import without

Array = NDArray[np.float64]

FPS = 20
JOINTS = [
    f"{side}_{joint}"
    for side in SIDES
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]
DANCERS = {"zola": "groove", "bo": "disco", "mika": "house"}


@lru_cache
def danced(who: str) -> tuple[PoseTrack, dict[str, Array]]:
    """A performer's true track, and joints in body heights: x right, y up, z to the camera."""
    stage = SampleStage(find_performer(who), 256)
    poses = list(stage.poses(DANCERS[who], seconds=6, fps=FPS, seed=3))
    keypoints = np.stack([stage.keypoints(pose) for pose in poses])
    depth = np.stack([stage.depth(pose) for pose in poses])
    placed = [forward_kinematics(stage.skeleton, pose, stage.look.place) for pose in poses]
    tall = stage.look.proportions.height
    joints = {name: np.stack([each.at(name) for each in placed]) / tall for name in JOINTS}
    return PoseTrack(keypoints, FPS, stage.size, depth), joints


def as_detected(track: PoseTrack) -> PoseTrack:
    """What an estimator says: it leans bodies forwards, and trembles."""
    rng = np.random.default_rng(0)
    assert track.depth is not None
    tall = np.ptp(track.xy[:, [INDEX["neck"], INDEX["left_ankle"]], 1], axis=1).max() / 0.8
    rise = (track.xy[..., 1] - track.xy[:, [INDEX["mid_hip"]], 1]) / tall
    noise = rng.normal(0, 0.03, track.depth.shape)
    moved = track.keypoints + rng.normal(0, 0.5, track.keypoints.shape) * [1, 1, 0]
    return replace(
        track, keypoints=moved, depth=(track.depth + 0.25 * rise + noise).astype(np.float32)
    )


def middle(joints: dict[str, Array] | Figure) -> Array:
    return (joints["left_hip"] + joints["right_hip"]) / 2


@pytest.mark.parametrize("who", DANCERS)
def test_a_body_is_found_in_space(who: str) -> None:
    track, truth = danced(who)
    figure, _ = lift(as_detected(track))
    hips, true_hips = middle(figure), middle(truth)
    errors = [
        np.linalg.norm(figure[name] - hips - (truth[name] - true_hips), axis=-1) for name in JOINTS
    ]
    assert np.median(errors) < 0.05  # of the body's height
    away = hips - np.median(hips, axis=0) - (true_hips - np.median(true_hips, axis=0))
    assert np.median(np.linalg.norm(away, axis=-1)) < 0.06
    assert np.median(hips[:, 1] - true_hips[:, 1]) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("who", DANCERS)
def test_bones_keep_their_lengths(who: str) -> None:
    figure, _ = lift(as_detected(danced(who)[0]))
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")):
        left, right = (
            np.linalg.norm(figure[f"{side}_{a}"] - figure[f"{side}_{b}"], axis=-1) for side in SIDES
        )
        assert np.ptp(left) < 1e-6 and left[0] == pytest.approx(right[0])


@pytest.mark.parametrize("who", DANCERS)
def test_feet_that_stand_do_not_slide(who: str) -> None:
    track, truth = danced(who)
    figure, _ = lift(as_detected(track))
    for side in SIDES:
        true, found = (each[f"{side}_ankle"] for each in (truth, figure))
        stands = np.linalg.norm(np.gradient(true, axis=0), axis=-1) * FPS < 0.02
        slides = np.linalg.norm(np.gradient(found[:, ::2], axis=0), axis=-1) * FPS
        assert stands.any() and np.median(slides[stands]) < 0.01  # body heights a second
        assert np.median(found[stands, 1]) == pytest.approx(0.039, abs=0.01)


def test_the_lens_shows_the_body_as_it_was() -> None:
    track = danced("zola")[0]
    back = film(*_with_view(track, View()))
    rows = [INDEX[name] for name in JOINTS]
    apart = np.linalg.norm(back.xy[:, rows] - track.xy[:, rows], axis=-1)
    assert back.size == track.size and np.median(apart) < 0.03 * 190  # of the body's height


def _with_view(track: PoseTrack, view: View) -> tuple[Figure, View, object]:
    figure, lens = lift(track)
    return figure, view, lens


def test_from_behind_left_and_right_change_places_and_no_face_is_seen() -> None:
    track = danced("zola")[0]
    figure, lens = lift(track)
    front, behind = film(figure, View(), lens), film(figure, View(180), lens)
    for name in ("shoulder", "hip"):
        wide = [each.xy[:, INDEX[f"left_{name}"], 0] - each.xy[:, INDEX[f"right_{name}"], 0]
                for each in (front, behind)]  # fmt: skip
        assert np.median(wide[0]) > 0 > np.median(wide[1])
    nose = INDEX["nose"]
    assert front.confidence[:, nose].mean() > 0.9 and behind.confidence[:, nose].mean() < 0.1


def test_an_orbit_comes_around() -> None:
    figure, lens = lift(danced("zola")[0])
    around = film(figure, View(turning=360 * FPS / (len(figure) - 1)), lens)
    front = film(figure, View(), lens)
    assert np.allclose(around.xy[[0, -1]], front.xy[[0, -1]], atol=1e-2)
    half = len(figure) // 2
    assert around.confidence[half, INDEX["nose"]] == 0


def test_feet_are_turned_as_they_are_though_an_estimator_does_not_see_it() -> None:
    track, _ = danced("zola")
    assert track.depth is not None
    flat = track.depth.copy()
    for side in SIDES:
        rows = [INDEX[f"{side}_{part}"] for part in ("heel", "big_toe", "small_toe")]
        flat[:, rows] = track.depth[:, [INDEX[f"{side}_ankle"]]]
    figure, _ = lift(replace(track, depth=flat))
    for side in SIDES:
        heel, toe, _ = figure.foot(side)
        ahead = (toe - heel)[:, 2] / np.linalg.norm(toe - heel, axis=-1)
        assert np.median(ahead) > 0.8  # to the camera


@pytest.mark.parametrize("known", [0.0, 0.4])
def test_without_depth_nothing_is_lifted(known: float) -> None:
    track = danced("zola")[0]
    assert track.depth is not None
    depth = track.depth.copy()
    depth[round(known * len(track)) :] = np.nan
    for each in (replace(track, depth=depth), replace(track, depth=None)):
        with pytest.raises(InputError, match="its depth is not known"):
            lift(each)


def test_a_moment_is_not_lifted() -> None:
    with pytest.raises(InputError, match="lasts 1 frame, too few"):
        lift(danced("zola")[0][:1])


def lengths(figure: Figure) -> dict[str, float]:
    """Of limbs, in body heights."""
    return {
        f"{a}-{b}": float(np.linalg.norm(figure[f"left_{a}"] - figure[f"left_{b}"], axis=-1)[0])
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
    }


def test_hidden_joints_and_unknown_depths_are_interpolated() -> None:
    track = danced("zola")[0]
    assert track.depth is not None
    whole, _ = lift(track)
    depth = track.depth.copy()
    depth[40:46] = np.nan
    hidden = without(track, INDEX["left_wrist"], frames=slice(40, 46))
    gappy, _ = lift(replace(hidden, depth=depth))
    apart = [np.linalg.norm(gappy[name] - whole[name], axis=-1).max() for name in JOINTS]
    assert np.isfinite(apart).all() and max(apart) < 0.3


def bend(figure: Figure, side: str) -> NDArray[np.float64]:
    """The angle between forearm and hand, in degrees."""
    arm = figure[f"{side}_wrist"] - figure[f"{side}_elbow"]
    hand = figure.hands[f"{side}_wrist"]
    cosine = (arm * hand).sum(axis=-1) / np.linalg.norm(arm, axis=-1)
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


@pytest.mark.parametrize("frames", [slice(None), slice(20, 60)])
def test_a_hand_that_is_not_seen_goes_with_its_arm(frames: slice) -> None:
    track = danced("zola")[0]
    usual, _ = lift(track)
    figure, _ = lift(without(track, slice(95, NUM_KEYPOINTS), frames=frames))
    for side in SIDES:
        assert np.median(bend(figure, side)[frames]) < np.median(bend(usual, side)) + 25


def test_a_head_that_is_not_seen_sits_on_its_neck() -> None:
    track = danced("zola")[0]
    usual, _ = lift(track)
    for points in (["left_ear"], ["left_ear", "right_ear"], ["left_ear", "right_ear", "nose"]):
        figure, _ = lift(without(track, *(INDEX[name] for name in points)))
        apart = np.linalg.norm(figure["head"] - usual["head"], axis=-1)
        assert np.median(apart) < 0.08, points


def test_a_body_without_feet_stands_on_average_ones() -> None:
    parts = [f"{s}_{p}" for s in SIDES for p in ("ankle", "heel", "big_toe", "small_toe")]
    figure, lens = lift(without(danced("zola")[0], *(INDEX[name] for name in parts)))
    assert np.isfinite(film(figure, View(45), lens).keypoints).all()
    assert lengths(figure)["knee-ankle"] == pytest.approx(0.25, abs=0.05)


def walking(away: float, part: float) -> PoseTrack:
    """A dancer seen by a level camera, who goes `away` body heights back after a while."""
    track = danced("zola")[0]
    assert track.depth is not None
    count = len(track)
    gone = away * np.clip((np.arange(count) / count - part) / 0.2, 0, 1)
    camera, tall = 4.0, 100.0  # heights to the camera; pixels of a height there
    near = (camera / (camera + gone))[:, None, None]
    figure, _ = lift(track)
    points, _ = figure.keypoints()
    seen = np.stack([points[..., 0], 0.6 - points[..., 1]], axis=-1) * tall * near + (320, 240)
    keypoints = np.concatenate([seen, np.ones((*seen.shape[:2], 1))], axis=-1)
    behind = -(points[..., 2] - figure.hips[:, 2:])
    return PoseTrack(keypoints.astype(np.float32), FPS, (640, 480), behind.astype(np.float32))


@pytest.mark.parametrize("part", [0.2, 0.6])
@pytest.mark.parametrize("away", [0.0, 1.0, 2.0])
def test_who_goes_away_stays_as_large(away: float, part: float) -> None:
    usual, figure = lift(walking(0.0, part))[0], lift(walking(away, part))[0]
    for name, length in lengths(figure).items():
        assert length == pytest.approx(lengths(usual)[name], rel=0.12), name
    assert np.ptp(figure.hips[:, 2]) == pytest.approx(away * 7.68 / 4, rel=0.35, abs=0.35)


def test_who_stands_on_a_chair_is_not_far_away() -> None:
    track = danced("zola")[0]
    raised = track.keypoints.copy()
    raised[40:80, :, 1] -= 0.4 * 170
    figure, _ = lift(track.with_keypoints(raised))
    assert np.ptp(figure.hips[:, 2]) < 0.5
    assert lengths(figure)["hip-knee"] == pytest.approx(
        lengths(lift(track)[0])["hip-knee"], rel=0.1
    )
