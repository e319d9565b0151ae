"""Body proportions: measured, kept, and given to another's motion."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest
from dancers import dance, moved, without
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import FACE, INDEX, LEFT_HAND, LIMBS, MIRROR
from dancenow.pose.normalize import normalize, pose_statistics
from dancenow.pose.retarget import BodyShape, body_shape, retarget_limbs
from dancenow.sample import PERFORMERS, dance_track

PAIRS = list(permutations(PERFORMERS, 2))
ENDS = {
    "torso": ("mid_hip", "neck"),
    "hips": ("mid_hip", "left_hip"),
    "shoulders": ("neck", "left_shoulder"),
    "upper_arm": ("left_shoulder", "left_elbow"),
    "forearm": ("left_elbow", "left_wrist"),
    "thigh": ("left_hip", "left_knee"),
    "shin": ("left_knee", "left_ankle"),
    "foot": ("left_ankle", "left_big_toe"),
    "neck": ("neck", "nose"),
    "head": ("left_ear", "right_ear"),
    "hand": ("left_hand_wrist", "left_hand_middle_1"),
}


@pytest.fixture(scope="module")
def house() -> dict[str, PoseTrack]:
    """Everybody in the same dance: what a perfect transfer from one to the other gives."""
    return {name: dance_track(name, "house", seconds=3, fps=12) for name in PERFORMERS}


def standing() -> PoseTrack:
    return dance(lambda t: 400 + 0 * t)


def whole(source: PoseTrack, target: PoseTrack) -> PoseTrack:
    """The motion with the body normalised as a whole."""
    return normalize(source, pose_statistics(source), pose_statistics(target), target.size)


def retargeted(source: PoseTrack, target: PoseTrack) -> PoseTrack:
    return retarget_limbs(whole(source, target), body_shape(source), body_shape(target))


def lengths(track: PoseTrack, name: str) -> NDArray[np.float64]:
    """Of a limb in every frame, px, left and right one after the other; NaN where not seen."""
    left, both = [INDEX[end] for end in ENDS[name]], []
    for ends in (left, [MIRROR[end] for end in left]):
        a, b = (track.xy[:, end].astype(np.float64) for end in ends)
        seen = (track.confidence[:, ends] > 0).all(axis=1)
        both.append(np.where(seen, np.linalg.norm(b - a, axis=-1), np.nan))
    return np.concatenate(both)


def distance(track: PoseTrack, truth: PoseTrack) -> float:
    """The body's mean distance from the true one, px, wherever it stands."""
    here, there = (t.xy[:, :25] - t.xy[:, [INDEX["mid_hip"]]] for t in (track, truth))
    return float(np.linalg.norm(here - there, axis=-1).mean())


def changed(shape: BodyShape, **factors: float) -> BodyShape:
    return BodyShape({name: length * factors.get(name, 1) for name, length in shape.limbs.items()})


# --- Measuring -----------------------------------------------------------------------------------


def test_limbs_are_measured_in_parts_of_the_height() -> None:
    limbs = body_shape(standing()).limbs
    assert set(limbs) >= set(ENDS)
    assert limbs["torso"] == pytest.approx(0.29, rel=0.05)
    assert limbs["thigh"] == pytest.approx(0.255, rel=0.05)
    assert limbs["thigh"] / limbs["torso"] == pytest.approx(0.255 / 0.29, rel=0.01)
    assert limbs["head"] / limbs["torso"] == pytest.approx(0.09 / 0.29, rel=0.01)  # ear to ear


@pytest.mark.parametrize("scale", [0.3, 2.5])
def test_the_size_and_the_place_in_the_picture_do_not_matter(scale: float) -> None:
    track = dance_track("lin", "wave", seconds=2, fps=12)
    other = body_shape(moved(track, scale, (90, -40), (1920, 1080))).limbs
    assert other == pytest.approx(dict(body_shape(track).limbs), rel=1e-3)


def test_the_performers_are_told_apart(house: dict[str, PoseTrack]) -> None:
    shapes = {name: body_shape(track).limbs for name, track in house.items()}
    assert shapes["bo"]["torso"] > shapes["mika"]["torso"] > shapes["zola"]["torso"]
    assert shapes["zola"]["thigh"] > shapes["mika"]["thigh"] > shapes["bo"]["thigh"]


def test_a_limb_that_is_never_seen_is_left_out() -> None:
    track = without(standing(), "left_knee", "right_knee")
    assert set(ENDS) - set(body_shape(track).limbs) == {"thigh", "shin"}
    brief = without(standing(), "left_big_toe", "right_big_toe", frames=slice(2, None))
    assert "foot" not in body_shape(brief).limbs


def test_one_side_is_enough() -> None:
    both, right = (body_shape(t).limbs for t in (standing(), without(standing(), "left_knee")))
    assert right["thigh"] == pytest.approx(both["thigh"], rel=0.01)


def test_nobody_has_no_shape() -> None:
    nobody = standing().with_keypoints(np.zeros_like(standing().keypoints))
    with pytest.raises(InputError, match="whole body"):
        body_shape(nobody)
    shape = body_shape(standing())
    with pytest.raises(InputError):
        retarget_limbs(nobody, shape, shape)


def test_raised_arms_do_not_change_the_shape() -> None:
    track = standing()
    keypoints = track.keypoints.copy()
    for side in ("left", "right"):
        shoulder = keypoints[:, INDEX[f"{side}_shoulder"], 1]
        for joint in ("elbow", "wrist"):
            keypoints[:, INDEX[f"{side}_{joint}"], 1] *= -1
            keypoints[:, INDEX[f"{side}_{joint}"], 1] += 2 * shoulder
    raised = body_shape(track.with_keypoints(keypoints)).limbs
    for name in ("torso", "thigh", "shin", "neck", "upper_arm"):
        assert raised[name] == pytest.approx(body_shape(track).limbs[name], rel=0.02), name


def test_a_shape_is_kept_as_json() -> None:
    shape = body_shape(standing())
    assert BodyShape.from_dict(json.loads(json.dumps(shape.to_dict()))) == shape


@pytest.mark.parametrize(
    "values",
    [
        {"torso": 0},
        {"torso": -0.3},
        {"torso": float("nan")},
        {"torso": float("inf")},
        {"torso": "long"},
        {"torso": None},
        {"torso": [0.3]},
        {"torso": 0.3, "thigh": 0},
        [0.3],
        None,
        "torso",
    ],
)
def test_impossible_shapes_are_told(values: object) -> None:
    with pytest.raises(InputError, match="proportions are damaged; train") as caught:
        BodyShape.from_dict(values)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


# --- Retargeting ---------------------------------------------------------------------------------


def test_equal_shapes_change_nothing(house: dict[str, PoseTrack]) -> None:
    for track in (standing(), house["zola"]):
        shape = body_shape(track)
        same = retarget_limbs(track, shape, shape)
        np.testing.assert_array_equal(same.keypoints, track.keypoints)
        assert (same.fps, same.size) == (track.fps, track.size)


@pytest.mark.parametrize("name", sorted(set(ENDS) - {"head", "hand"}))
def test_only_the_limb_that_differs_is_changed(name: str) -> None:
    track = standing()
    shape = body_shape(track)
    longer = retarget_limbs(track, shape, changed(shape, **{name: 1.2}))
    for other in ENDS:
        factor = 1.2 if other == name else 1.0
        wanted = factor * lengths(track, other)
        np.testing.assert_allclose(lengths(longer, other), wanted, rtol=1e-4, err_msg=other)


def test_the_head_and_the_hands_grow_as_a_whole() -> None:
    track = standing()
    shape = body_shape(track)
    grown = retarget_limbs(track, shape, changed(shape, head=1.3, hand=0.8))
    for part, middle, factor in ((FACE, "nose", 1.3), (LEFT_HAND, "left_wrist", 0.8)):
        before, after = (t.xy[:, part] - t.xy[:, [INDEX[middle]]] for t in (track, grown))
        np.testing.assert_allclose(after, factor * before, atol=1e-3)
    np.testing.assert_allclose(lengths(grown, "head"), 1.3 * lengths(track, "head"), rtol=1e-4)
    np.testing.assert_allclose(lengths(grown, "neck"), lengths(track, "neck"), rtol=1e-4)


def test_longer_legs_lift_the_hips_and_leave_the_feet() -> None:
    track = standing()
    shape = body_shape(track)
    tall = retarget_limbs(track, shape, changed(shape, thigh=1.2, shin=1.2))
    ankles, hip = [INDEX["left_ankle"], INDEX["right_ankle"]], INDEX["mid_hip"]
    np.testing.assert_allclose(tall.xy[:, ankles, 1], track.xy[:, ankles, 1], atol=0.1)
    risen = track.xy[:, hip, 1] - tall.xy[:, hip, 1]
    np.testing.assert_allclose(risen, 0.2 * 0.51 * 300, atol=0.1)
    np.testing.assert_allclose(tall.xy[:, hip, 0], track.xy[:, hip, 0], atol=1e-3)


def test_a_mistaken_shape_stretches_only_so_far() -> None:
    track = standing()
    shape = body_shape(track)
    long, short = (retarget_limbs(track, shape, changed(shape, shin=f)) for f in (9, 1 / 9))
    np.testing.assert_allclose(lengths(long, "shin"), 1.6 * lengths(track, "shin"), rtol=1e-4)
    np.testing.assert_allclose(lengths(short, "shin"), lengths(track, "shin") / 1.6, rtol=1e-4)


def test_a_limb_that_either_has_not_shown_keeps_its_length() -> None:
    track = standing()
    shape = body_shape(track)
    rest = BodyShape({name: 1.2 * x for name, x in shape.limbs.items() if name != "forearm"})
    for made in (retarget_limbs(track, shape, rest), retarget_limbs(track, rest, shape)):
        np.testing.assert_allclose(lengths(made, "forearm"), lengths(track, "forearm"), rtol=1e-4)
    longer = lengths(retarget_limbs(track, shape, rest), "torso")
    np.testing.assert_allclose(longer, 1.2 * lengths(track, "torso"), rtol=1e-4)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_limbs_come_nearer_to_the_targets(
    house: dict[str, PoseTrack], source: str, target: str
) -> None:
    truth = house[target]
    before, after = whole(house[source], truth), retargeted(house[source], truth)
    for name in ENDS:
        was, now, wanted = (np.nanquantile(lengths(t, name), 0.85) for t in (before, after, truth))
        assert abs(np.log(now / wanted)) <= max(abs(np.log(was / wanted)), 0.02), name
    assert distance(after, truth) < 0.6 * distance(before, truth)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_limbs_keep_their_directions_and_the_dancer_their_ground(
    house: dict[str, PoseTrack], source: str, target: str
) -> None:
    before, after = whole(house[source], house[target]), retargeted(house[source], house[target])
    a, b = np.array(LIMBS).T
    old, new = (t.xy[:, b].astype(np.float64) - t.xy[:, a] for t in (before, after))
    sizes = [np.linalg.norm(each, axis=-1, keepdims=True) for each in (old, new)]
    seen = (before.confidence[:, a] > 0) & (before.confidence[:, b] > 0)
    clear = seen & (sizes[0][..., 0] > 1)  # px
    turned = np.linalg.norm(new / sizes[1].clip(0.1) - old / sizes[0].clip(0.1), axis=-1)
    assert turned[clear].max() < 1e-3
    assert np.abs(find_ground(after).ankle - find_ground(before).ankle).max() < 0.5
    hips = INDEX["mid_hip"]
    np.testing.assert_allclose(after.xy[:, hips, 0], before.xy[:, hips, 0], atol=1e-3)


@pytest.mark.parametrize(("learned", "danced"), [("wave", "disco"), ("disco", "wave")])
def test_it_helps_whatever_the_target_danced_when_it_was_learned(learned: str, danced: str) -> None:
    dances = {
        (name, dance): dance_track(name, dance, seconds=3, fps=10)
        for name in PERFORMERS
        for dance in (learned, danced)
    }
    before, after = [], []
    for source, target in PAIRS:
        motion, seen, truth = (
            dances[source, danced],
            dances[target, learned],
            dances[target, danced],
        )
        before.append(distance(whole(motion, seen), truth))
        after.append(distance(retargeted(motion, seen), truth))
    assert np.mean(after) < 0.8 * np.mean(before)


def test_missing_keypoints_stay_missing() -> None:
    source = without(standing(), "left_wrist", "nose", "right_knee", frames=slice(10, 30))
    shape = body_shape(source)
    made = retarget_limbs(source, shape, changed(shape, thigh=1.2, forearm=0.8, neck=1.1))
    missing = source.confidence == 0
    np.testing.assert_array_equal(made.confidence, source.confidence)
    np.testing.assert_array_equal(made.keypoints[missing], source.keypoints[missing])


def test_where_a_missing_keypoint_lies_does_not_matter() -> None:
    source = without(standing(), "left_elbow", "left_ear", "right_ankle", frames=slice(10, 30))
    garbage = source.keypoints.copy()
    garbage[source.confidence == 0, :2] = 1e6
    shape = body_shape(standing())
    target = changed(shape, upper_arm=1.3, shin=0.8, head=1.2)
    here, there = (
        retarget_limbs(track, shape, target) for track in (source, source.with_keypoints(garbage))
    )
    seen = source.confidence > 0
    assert body_shape(source.with_keypoints(garbage)) == body_shape(source)
    np.testing.assert_allclose(there.xy[seen], here.xy[seen], atol=1e-3)


def test_a_head_seen_from_one_side_keeps_its_size() -> None:
    aside = without(standing(), "left_ear")
    made = retarget_limbs(aside, body_shape(aside), body_shape(standing()))
    face = slice(FACE.start, FACE.stop)
    before, after = (t.xy[:, face] - t.xy[:, [INDEX["nose"]]] for t in (aside, made))
    np.testing.assert_allclose(after, before, rtol=0.1, atol=0.5)
