"""Poses as vectors and back: what is kept, what is guessed, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.choreographer.motion.body import LIMB_NAMES, Body, measure_body
from dancenow.choreographer.motion.codec import RATE, Moves, PoseCodec
from dancenow.errors import InputError
from dancenow.evaluation.dance import skating
from dancenow.pose import PoseTrack
from dancenow.pose.layout import FACE, INDEX, LEFT_HAND, RIGHT_HAND
from motions import dancing, without

LIMBS = np.array([(INDEX[a], INDEX[b]) for a, b in LIMB_NAMES])
JOINTS = np.unique(LIMBS)
LEGS = [INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle")]
EARS = [INDEX["left_ear"], INDEX["right_ear"]]
EYES = [INDEX["left_eye"], INDEX["right_eye"]]


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    """Ten seconds at the rate of the vectors: nothing is lost in between."""
    return dancing(fps=RATE)


@pytest.fixture(scope="module")
def codec(track: PoseTrack) -> PoseCodec:
    return PoseCodec.fit([track])


@pytest.fixture(scope="module")
def moves(track: PoseTrack, codec: PoseCodec) -> Moves:
    return codec.encode(track)[0]


def apart(a: PoseTrack, b: PoseTrack, points: object = slice(None)) -> NDArray[np.float64]:
    """Distances of keypoints that both tracks show, in body heights."""
    both = (a.confidence[:, points] > 0) & (b.confidence[:, points] > 0)
    distance = np.linalg.norm(a.xy[:, points] - b.xy[:, points], axis=-1)
    return np.asarray(distance[both] / measure_body(a).height)


def lengths(track: PoseTrack) -> NDArray[np.float64]:
    """Of every limb in every frame, `(T, 20)` px; 0 where it is hidden."""
    ends = track.xy[:, LIMBS].astype(np.float64)
    seen = track.confidence[:, LIMBS].all(axis=-1)
    return np.where(seen, np.linalg.norm(ends[:, :, 1] - ends[:, :, 0], axis=-1), 0)


# There and back.


@pytest.mark.parametrize(
    ("dancer", "dance", "fps"),
    [("zola", "groove", RATE), ("lin", "wave", RATE), ("bo", "house", RATE)],
)
def test_a_dance_comes_back_as_it_was(dancer: str, dance: str, fps: float) -> None:
    track = dancing(dancer, dance, seconds=6, fps=fps)
    codec = PoseCodec.fit([track])
    (moves,) = codec.encode(track)
    again = codec.decode(moves, track.fps, settled=False)
    assert moves.dtype == np.float32 and moves.shape == (len(track), codec.dimensions)
    assert (len(again), again.fps, again.size) == (len(track), track.fps, track.size)
    assert apart(track, again, JOINTS).max() < 0.01
    assert apart(track, again, slice(LEFT_HAND.start, RIGHT_HAND.stop)).mean() < 0.01
    assert apart(track, again, FACE).mean() < 0.01


@pytest.mark.parametrize("fps", [24, 30, 60])
def test_a_dance_of_another_rate_comes_back_nearly_as_it_was(fps: float) -> None:
    track = dancing(seconds=4, fps=fps)
    codec = PoseCodec.fit([track])
    (moves,) = codec.encode(track)
    assert len(moves) == round(4 * RATE)
    again = codec.decode(moves, fps, settled=False)
    assert len(again) == len(track)
    # After the last vector nothing is known.
    assert apart(track[:-4], again[:-4], JOINTS).mean() < 0.005


def test_one_moment_is_the_same_at_every_rate(codec: PoseCodec, moves: Moves) -> None:
    slow, fast = (codec.decode(moves, fps, settled=False) for fps in (12, 36))
    assert np.allclose(slow.xy, fast.xy[::3][: len(slow)], atol=1e-2)


def test_where_the_dancer_stands_and_how_large_is_not_in_the_vectors(
    track: PoseTrack, codec: PoseCodec, moves: Moves
) -> None:
    shown = track.keypoints.copy()
    shown[..., :2] = 2.5 * shown[..., :2] + (70, -20)
    moved = replace(track.with_keypoints(shown), size=(900, 400))
    assert np.allclose(codec.encode(moved)[0], moves, atol=1e-3)


def test_kinematics_are_the_decoded_joints(codec: PoseCodec, moves: Moves) -> None:
    level = moves.copy()
    level[:, 3] = 0  # of the usual size
    joints = np.einsum("td,dja->tja", level, codec.kinematics)
    track = codec.decode(level, settled=False)
    order = [INDEX["mid_hip"], *LIMBS[:, 1]]
    origin = np.array([codec.body.x, codec.body.ground])
    pixels = joints[..., :2] * codec.body.height + origin
    assert pixels == pytest.approx(track.xy[:, order], abs=1e-2)
    assert track.depth is not None
    assert joints[..., 2] == pytest.approx(track.depth[:, order], abs=1e-5)


def test_depth_comes_back(track: PoseTrack, codec: PoseCodec, moves: Moves) -> None:
    again = codec.decode(moves)
    assert track.depth is not None and again.depth is not None
    rows = [*JOINTS, *EARS]
    assert np.abs(again.depth[:, rows] - track.depth[:, rows]).mean() < 0.01
    assert np.isnan(again.depth[:, LEFT_HAND]).all()  # their shapes are of the picture


def test_where_one_dance_has_no_depth_none_is_learned(track: PoseTrack, codec: PoseCodec) -> None:
    flat = replace(track, depth=None)
    plain = PoseCodec.fit([track, flat])
    assert codec.spatial and not plain.spatial
    assert plain.dimensions == len(plain.weights) < codec.dimensions == len(codec.weights)
    (moves,) = plain.encode(track)
    assert plain.decode(moves).depth is None
    assert apart(plain.decode(moves), codec.decode(codec.encode(flat)[0])).max() < 1e-6


def test_who_comes_nearer_is_larger_and_no_other(track: PoseTrack, codec: PoseCodec) -> None:
    nearer = np.linspace(0.8, 1.25, len(track))[:, None, None]
    shown = track.keypoints.copy()
    shown[..., :2] = nearer * (shown[..., :2] - (80, 60)) + (80, 60)
    walking = track.with_keypoints(shown)
    (moves,) = codec.encode(walking)
    size = np.exp(moves[:, 3])
    assert size[-1] / size[0] == pytest.approx(1.25 / 0.8, rel=0.15)
    again = codec.decode(moves, RATE, measure_body(walking), settled=False)
    assert apart(walking, again, JOINTS).mean() < 0.01


def test_a_mirrored_dance_is_the_decoded_dance_in_a_mirror(
    track: PoseTrack, codec: PoseCodec, moves: Moves
) -> None:
    mirrored = codec.decode(codec.encode(track.mirror())[0])
    expected = codec.decode(moves).mirror()
    shift = 2 * codec.body.x - track.size[0]  # about where the dancer stands
    expected = expected.with_keypoints(expected.keypoints + np.array([shift, 0, 0], np.float32))
    points = [*JOINTS, *range(LEFT_HAND.start, RIGHT_HAND.stop)]  # a face is nobody else's
    assert np.array_equal(mirrored.confidence[:, points], expected.confidence[:, points])
    assert apart(expected, mirrored, points).max() < 0.02


# Bodies.


def test_mirrored_vectors_are_those_of_the_mirrored_dance(
    track: PoseTrack, codec: PoseCodec, moves: Moves
) -> None:
    mirrored = codec.encode(track.mirror())[0]
    assert np.allclose(codec.mirrored(codec.mirrored(moves)), moves, atol=0.15)
    apart = np.abs(codec.mirrored(moves) - mirrored) * codec.weights
    assert np.quantile(apart, 0.99) < 0.05
    joints = codec.decode(codec.mirrored(moves)).xy - codec.decode(mirrored).xy
    assert np.abs(joints).max() < 0.05 * codec.body.height


def test_another_body_dances_with_its_own_limbs_on_its_own_ground(
    codec: PoseCodec, moves: Moves
) -> None:
    other = dancing("bo", "house", seconds=4, fps=RATE, size=(200, 300))
    body = measure_body(other)
    plain, danced = (codec.decode(moves, RATE, b, settled=False) for b in (None, body))
    assert danced.size == other.size
    ratio = (body.limbs * body.height) / (codec.body.limbs * codec.body.height)
    known = lengths(plain) > 1
    assert np.allclose((lengths(danced) / np.maximum(lengths(plain), 1))[known],
                       np.broadcast_to(ratio, known.shape)[known], rtol=0.01)  # fmt: skip
    hips = danced.xy[:, INDEX["mid_hip"]]
    assert np.median(hips[:, 0]) == pytest.approx(body.x, abs=0.05 * body.height)
    ankles = danced.xy[:, [INDEX["left_ankle"], INDEX["right_ankle"]], 1].max(axis=1)
    assert np.median(ankles) == pytest.approx(body.ground, abs=0.05 * body.height)


@given(seed=st.integers(0, 2**32 - 1), wild=st.floats(0.1, 100), settled=st.booleans())
def test_no_vectors_make_a_limb_longer_than_the_bodys(
    seed: int, wild: float, settled: bool
) -> None:
    codec = PoseCodec.fit([dancing(fps=RATE)])
    rng = np.random.default_rng(seed)
    moves = (wild * rng.standard_normal((12, codec.dimensions))).astype(np.float32)
    track = codec.decode(moves, 24, settled=settled)
    assert np.isfinite(track.keypoints).all()
    longest = codec.body.limbs * codec.body.height
    tolerance = 1e-3 * codec.body.height
    assert (lengths(track) <= 2 * longest + tolerance).all()  # depth makes it larger, twice at most
    size = np.exp(moves[:, 3].astype(np.float64).clip(-1, 1)).clip(0.5, 2)[:, None]
    assert (lengths(codec.decode(moves, settled=settled)) <= size * longest + tolerance).all()


def test_both_sides_of_a_body_are_alike(codec: PoseCodec) -> None:
    named = dict(zip(LIMB_NAMES, codec.body.limbs, strict=True))
    for (a, b), length in named.items():
        if a.startswith("left"):
            assert named[a.replace("left", "right"), b.replace("left", "right")] == length > 0


def test_a_body_is_read_as_it_was_written(codec: PoseCodec) -> None:
    again = Body.from_dict(codec.body.to_dict())
    assert np.array_equal(again.limbs, codec.body.limbs)
    assert replace(again, limbs=codec.body.limbs) == codec.body


@pytest.mark.parametrize(
    ("name", "value"),
    [("limbs", [1.0]), ("limbs", None), ("height", float("nan")), ("size", [3]), ("hand", "x")],
)
def test_a_damaged_body_is_refused(codec: PoseCodec, name: str, value: object) -> None:
    values = {**codec.body.to_dict(), name: value}
    with pytest.raises((KeyError, TypeError, ValueError)):
        Body.from_dict(values)


# What is not seen.


def test_a_limb_that_is_hidden_for_a_moment_is_guessed(track: PoseTrack, codec: PoseCodec) -> None:
    hidden = slice(40, 40 + round(0.3 * RATE))
    gap = without(track, INDEX["left_wrist"], frames=hidden)
    (moves,) = codec.encode(gap)
    again = codec.decode(moves, settled=False)
    assert apart(track, again, INDEX["left_wrist"]).max() < 0.2
    outside = np.r_[0:38, hidden.stop + 2 : len(track)]
    distance = np.linalg.norm(again.xy - track.xy, axis=-1)[outside][:, INDEX["left_wrist"]]
    assert distance.max() < 0.01 * codec.body.height


def test_a_dance_is_parted_where_the_body_is_hidden_for_long(
    track: PoseTrack, codec: PoseCodec
) -> None:
    first, last = round(4 * RATE), round(5 * RATE)
    gap = without(track, INDEX["right_ankle"], frames=slice(first, last))
    one, two = codec.encode(gap)
    assert (len(one), len(two)) == (first, len(track) - last)
    whole = codec.encode(track)[0]
    assert np.abs(one - whole[:first])[5:-5, 4:44].max() < 0.05


def test_short_pieces_are_left_out_unless_asked_for(track: PoseTrack, codec: PoseCodec) -> None:
    cuts = [without(track, INDEX["neck"], frames=slice(30, 45))]
    assert [len(piece) for piece in codec.encode(cuts[0])] == [len(track) - 45]
    assert [len(piece) for piece in codec.encode(cuts[0], shortest=0.0)] == [30, len(track) - 45]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda track: track.with_keypoints(0 * track.keypoints),
        lambda track: track[:0],
        lambda track: without(track, *LEGS),
        lambda track: without(track, LEGS[0], frames=slice(70, None)),
    ],
    ids=["nobody", "no frames", "no legs", "hardly ever whole"],
)
def test_a_track_without_a_whole_body_is_refused(
    track: PoseTrack, codec: PoseCodec, break_it: Callable[[PoseTrack], PoseTrack]
) -> None:
    broken = break_it(track)
    for use in (measure_body, codec.encode, lambda t: PoseCodec.fit([track, t])):
        with pytest.raises(InputError, match=r"the whole body.* is seen in \d+ %"):
            use(broken)


def test_a_body_without_a_size_is_refused(track: PoseTrack) -> None:
    point = np.ones_like(track.keypoints)
    with pytest.raises(InputError, match="the body has no size"):
        measure_body(track.with_keypoints(point))


def test_hands_that_were_never_seen_are_never_shown(track: PoseTrack) -> None:
    handless = without(track, LEFT_HAND)
    codec = PoseCodec.fit([handless])
    again = codec.decode(codec.encode(handless)[0])
    assert codec.known == (True, False, True)
    assert not again.confidence[:, LEFT_HAND].any()
    assert again.confidence[:, RIGHT_HAND].all()


def test_what_hides_for_a_while_is_hidden_then(track: PoseTrack, codec: PoseCodec) -> None:
    hidden = slice(60, 90)
    turned = without(track, FACE, INDEX["nose"], *EYES, RIGHT_HAND, frames=hidden)
    again = codec.decode(codec.encode(turned)[0])
    gone = [*range(FACE.start, FACE.stop), INDEX["nose"], *EYES, RIGHT_HAND.start]
    assert not again.confidence[63:87][:, gone].any()
    assert again.confidence[5:57][:, gone].all() and again.confidence[:, EARS].all()


def test_a_hand_with_some_hidden_fingers_is_whole_and_one_with_many_is_not_shown(
    track: PoseTrack, codec: PoseCodec
) -> None:
    first = RIGHT_HAND.start
    some = without(track, slice(first + 17, first + 21), frames=slice(30, 50))
    again = codec.decode(codec.encode(some)[0], settled=False)
    assert again.confidence[:, RIGHT_HAND].all()
    assert apart(track, again, RIGHT_HAND).max() < 0.08
    many = without(track, slice(first + 9, first + 21), frames=slice(30, 50))
    again = codec.decode(codec.encode(many)[0], settled=False)
    assert not again.confidence[33:47, RIGHT_HAND].any()


def test_a_head_without_a_face_keeps_its_nose_eyes_and_ears(track: PoseTrack) -> None:
    faceless = without(track, FACE)
    codec = PoseCodec.fit([faceless])
    again = codec.decode(codec.encode(faceless)[0], settled=False)
    assert codec.known[0] is False and not again.confidence[:, FACE].any()
    head = [INDEX["nose"], *EYES, *EARS]
    assert again.confidence[:, head].all()
    assert apart(faceless, again, head).max() < 0.02


def test_a_head_with_nothing_but_a_nose_keeps_it(track: PoseTrack) -> None:
    bald = without(track, FACE, *EYES, *EARS)
    codec = PoseCodec.fit([bald])
    again = codec.decode(codec.encode(bald)[0], settled=False)
    assert again.confidence[:, INDEX["nose"]].all() and not again.confidence[:, EYES + EARS].any()
    assert apart(bald, again, INDEX["nose"]).max() < 0.01


def test_eyes_that_are_hidden_before_a_seen_face_are_put_at_its_pupils(
    track: PoseTrack, codec: PoseCodec, moves: Moves
) -> None:
    again = codec.encode(without(track, *EYES, *EARS))[0]
    assert np.abs(again - moves)[:, -15:-5].max() < 0.5 * np.abs(moves[:, -15:-5]).max() + 0.1


def test_one_track_without_a_face_does_not_spoil_the_others(
    track: PoseTrack, codec: PoseCodec
) -> None:
    both = PoseCodec.fit([track, without(track, FACE, RIGHT_HAND)])
    assert both.known == (True, True, True)
    assert np.allclose(both.face[0], codec.face[0])
    moves = both.encode(without(track, FACE))[0]
    assert np.allclose(moves[:, -15:-5], 0, atol=1e-4)  # the usual face
    assert both.decode(moves).confidence[:, FACE].all()


def test_feet_that_were_never_seen_are_never_shown(track: PoseTrack) -> None:
    toes = [INDEX[f"{s}_{p}"] for s in ("left", "right") for p in ("big_toe", "small_toe", "heel")]
    codec = PoseCodec.fit([without(track, *toes)])
    moves = codec.encode(without(track, *toes))[0]
    for body in (None, measure_body(track)):
        again = codec.decode(moves, RATE, body)
        assert not again.confidence[:, toes].any() and again.confidence[:, LEGS].all()


# Feet.


def test_feet_that_stand_slide_less_and_nothing_rises(codec: PoseCodec, moves: Moves) -> None:
    swaying = moves.copy()
    swaying[:, 0] += 0.05 * np.sin(np.arange(len(moves)) * 2 * np.pi / RATE)
    loose, settled = (codec.decode(swaying, settled=flag) for flag in (False, True))
    assert skating(settled) < 0.5 * skating(loose)
    legs = [INDEX["mid_hip"], INDEX["neck"], INDEX["left_wrist"]]
    assert np.array_equal(settled.xy[:, legs, 1], loose.xy[:, legs, 1])


def test_a_dancer_who_never_stands_is_left_alone(codec: PoseCodec, moves: Moves) -> None:
    flying = moves.copy()
    flying[:, -2:] = 0
    loose, settled = (codec.decode(flying, settled=flag) for flag in (False, True))
    assert np.allclose(settled.xy, loose.xy, atol=1e-3)


# Shapes.


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_moment_can_be_decoded_too(codec: PoseCodec, moves: Moves, count: int) -> None:
    for fps in (RATE, 25.0, 60.0):
        track = codec.decode(moves[:count], fps)
        assert len(track) == max(1, round(count / RATE * fps)) and np.isfinite(track.xy).all()


def test_every_value_has_a_weight(codec: PoseCodec, moves: Moves) -> None:
    assert codec.weights.shape == (codec.dimensions,) == moves.shape[1:]
    assert (codec.weights > 0).all() and np.isfinite(moves).all()


def test_a_head_whose_face_was_lost_for_a_moment_stays(track: PoseTrack) -> None:
    lost = without(track, FACE, frames=slice(20, 50))
    codec = PoseCodec.fit([lost])
    decoded = codec.decode(codec.encode(lost)[0])
    nose = decoded.confidence[:, INDEX["nose"]]
    assert nose.all() and decoded.confidence[:, EYES].all()
    assert not decoded.confidence[30:40, FACE].any()


def test_a_head_that_turns_away_has_neither_nose_nor_eyes(track: PoseTrack) -> None:
    turned = without(track, FACE, INDEX["nose"], *EYES, frames=slice(20, 50))
    codec = PoseCodec.fit([turned])
    decoded = codec.decode(codec.encode(turned)[0])
    assert not decoded.confidence[30:40, [INDEX["nose"], *EYES]].any()
