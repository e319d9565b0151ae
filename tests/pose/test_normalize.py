"""Global pose normalisation: its invariances, and what it does where the paper is silent."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from dancers import dance, moved, without
from hypothesis import given, settings
from hypothesis import strategies as st

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.pose.normalize import PoseStatistics, normalize, pose_statistics

ANKLES = [INDEX["left_ankle"], INDEX["right_ankle"]]


def walk(amount: float = 60.0, seconds: float = 8.0, **options: object) -> PoseTrack:
    """To the camera and back: the body grows with the ankle position, as perspective has it."""

    def ankle(t: np.ndarray) -> np.ndarray:
        return 380 + amount * np.sin(2 * np.pi * t / 4)

    def height(t: np.ndarray) -> np.ndarray:
        return 300 * (ankle(t) - 130) / 250

    return dance(ankle, height=height, seconds=seconds, **options)  # type: ignore[arg-type]


def transfer(source: PoseTrack, target: PoseTrack) -> PoseTrack:
    return normalize(source, pose_statistics(source), pose_statistics(target), target.size)


def seen_distance(a: PoseTrack, b: PoseTrack) -> float:
    seen = a.confidence > 0
    return float(np.linalg.norm(a.xy - b.xy, axis=-1)[seen].max())


@st.composite
def tracks(draw: st.DrawFn) -> PoseTrack:
    """Walks of any depth and length, jittery, with holes."""
    track = walk(draw(st.floats(0, 80)), seconds=draw(st.sampled_from([0.04, 0.2, 1.0, 4.0])))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    keypoints = track.keypoints.copy()
    keypoints[..., :2] += random.normal(0, draw(st.sampled_from([0.0, 1.0, 3.0])), (137, 2))
    hole = random.random(keypoints.shape[:2]) < draw(st.sampled_from([0.0, 0.1, 0.3]))
    hole[0] = False
    keypoints[hole] = 0
    return track.with_keypoints(keypoints)


@settings(max_examples=40, deadline=None)
@given(tracks())
def test_normalising_a_track_to_itself_is_the_identity(track: PoseTrack) -> None:
    assert seen_distance(transfer(track, track), track) < 1e-3


@settings(max_examples=40, deadline=None)
@given(tracks(), st.floats(0.3, 4), st.floats(-300, 300), st.floats(-300, 300))
def test_a_source_that_is_the_target_moved_and_scaled_comes_back(
    target: PoseTrack, scale: float, dx: float, dy: float
) -> None:
    source = moved(target, scale, (dx, dy), (1920, 1080))
    result = transfer(source, target)
    assert result.size == target.size
    assert seen_distance(result, target) < 1e-2


def test_the_frame_rate_does_not_matter() -> None:
    target = walk(fps=24)
    source = moved(walk(fps=60), 2.0, (50, -100), (1920, 1080))
    result = transfer(source, target)
    assert result.fps == 60
    assert seen_distance(result, walk(fps=60)) < 0.01 * 300


def test_missing_keypoints_stay_as_they_are() -> None:
    source = without(walk(), "left_wrist", "nose", frames=slice(10, 30))
    result = transfer(source, moved(walk(), 0.5, (10, 10), (320, 240)))
    missing = source.confidence == 0
    assert (result.keypoints[missing] == 0).all()
    assert (result.confidence == source.confidence).all()


def test_what_is_missing_does_not_matter() -> None:
    source = without(walk(), "left_wrist", "nose", frames=slice(10, 30))
    garbage = source.keypoints.copy()
    garbage[source.confidence == 0, :2] = 1e6
    other = source.with_keypoints(garbage)
    assert pose_statistics(other) == pose_statistics(source)


def test_near_and_far_are_the_papers() -> None:
    """near = max; far = the greatest y within epsilon of median - 0.7 (max - median)."""
    still = [340.0] * 20 + [380.0] * 41 + [420.0] * 20
    far_cluster = [380 - 0.7 * 40] * 20  # where the median rule looks
    y = np.concatenate([np.full(30, v) for v in (*far_cluster, *still)])
    statistics = pose_statistics(dance(lambda _: y, seconds=len(y) / 25))
    assert statistics.near == pytest.approx(420, abs=0.1)
    assert statistics.middle == pytest.approx(380, abs=0.1)
    assert statistics.far == pytest.approx(352, abs=0.1 * 40)


def test_heights_are_measured_near_and_far() -> None:
    statistics = pose_statistics(walk(60))
    assert statistics.near_height == pytest.approx(300 * (440 - 130) / 250, rel=0.02)
    assert statistics.far_height == pytest.approx(300 * (statistics.far - 130) / 250, rel=0.03)


def test_a_walk_fills_the_targets_depth_and_its_sizes() -> None:
    """The paper's formulas: far goes to far, near to near, with the target's size there."""
    source, target = walk(60), moved(walk(30), 0.5, (100, 20), (320, 240))
    t = pose_statistics(target)
    result = pose_statistics(transfer(source, target))
    assert result.near == pytest.approx(t.near, abs=0.5)
    assert result.far == pytest.approx(t.far, abs=0.5)
    assert result.near_height == pytest.approx(t.near_height, rel=0.01)
    assert result.far_height == pytest.approx(t.far_height, rel=0.01)
    assert result.x == pytest.approx(t.x, abs=0.1)


def test_a_source_that_stays_in_place_is_not_shaken_by_a_target_that_walks() -> None:
    source = dance(lambda t: 400 + 1.0 * np.sin(2 * np.pi * 3 * t))
    target = walk(80)
    result = transfer(source, target)
    scale = pose_statistics(target).middle_height / 300
    for before, after in zip(source.xy.T, result.xy.T, strict=True):
        assert np.ptp(after, axis=1) == pytest.approx(scale * np.ptp(before, axis=1), rel=0.02)
    assert pose_statistics(result).middle == pytest.approx(pose_statistics(target).middle, abs=1)


def test_a_jump_stays_a_jump() -> None:
    def lift(t: np.ndarray) -> np.ndarray:
        return 60 * np.maximum(0, np.sin(2 * np.pi * t)) * (t > 1) * (t < 1.5)

    source = dance(lambda t: 400 + 30 * np.sin(t), lift=lift)
    target = moved(walk(40), 0.5, (0, 0), (320, 240))
    ground = pose_statistics(dance(lambda t: 400 + 30 * np.sin(t)))
    assert pose_statistics(source).near == pytest.approx(ground.near, abs=1)
    result = transfer(source, target)
    flat = transfer(dance(lambda t: 400 + 30 * np.sin(t)), target)
    risen = (flat.xy - result.xy)[:, ANKLES, 1].max()
    assert risen == pytest.approx(60 * pose_statistics(target).middle_height / 300, rel=0.1)


def test_a_raised_leg_does_not_lift_the_body() -> None:
    source = dance(lambda t: 400 + 0 * t)
    keypoints = source.keypoints.copy()
    keypoints[40:60, [INDEX["left_ankle"], INDEX["left_knee"]], 1] -= 100
    kick = source.with_keypoints(keypoints)
    target = moved(walk(60), 0.7, (0, 0), (448, 336))
    hip = INDEX["mid_hip"]
    plain, result = transfer(source, target), transfer(kick, target)
    assert np.abs(result.xy[:, hip] - plain.xy[:, hip]).max() < 0.01 * 300


def test_one_wrong_ankle_does_not_move_the_near_position() -> None:
    track = walk(60)
    keypoints = track.keypoints.copy()
    keypoints[30, ANKLES, 1] += 200
    spoilt = pose_statistics(track.with_keypoints(keypoints))
    assert spoilt.near == pytest.approx(pose_statistics(track).near, abs=1)


def test_ankles_that_are_hidden_for_a_while_are_placed_below_the_hips() -> None:
    track = walk(60)
    hidden = without(
        track, "left_ankle", "right_ankle", "left_knee", "right_knee", frames=slice(40, 70)
    )
    target = moved(walk(30), 0.5, (0, 0), (320, 240))
    assert seen_distance(transfer(hidden, target), transfer(track, target)) < 0.02 * 150


@pytest.mark.parametrize(
    "cut", [("left_ankle", "right_ankle"), ("left_ankle", "right_ankle", "left_knee", "right_knee")]
)
def test_a_person_cut_at_the_legs_is_placed_by_the_rest(cut: tuple[str, ...]) -> None:
    source, target = walk(60), moved(walk(60), 0.5, (0, 0), (320, 240))
    statistics = pose_statistics(without(source, *cut))
    result = normalize(without(source, *cut), statistics, pose_statistics(target), target.size)
    hip = INDEX["mid_hip"]
    assert np.abs(result.xy[:, hip] - target.xy[:, hip]).max() < 0.03 * 150


def test_a_face_alone_cannot_be_placed() -> None:
    keypoints = walk().keypoints.copy()
    keypoints[:, : INDEX["left_heel"] + 4] = 0
    with pytest.raises(InputError, match="whole body"):
        pose_statistics(walk().with_keypoints(keypoints))


def test_no_frames_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no frames"):
        pose_statistics(walk()[:0])


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_few_frames_are_enough(count: int) -> None:
    short = walk()[:count]
    target = moved(walk(), 0.5, (0, 0), (320, 240))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = transfer(short, target)
        back = transfer(target, short)
    assert np.isfinite(result.keypoints).all()
    assert np.isfinite(back.keypoints).all()
    assert np.ptp(result.xy[..., 1]) == pytest.approx(150, rel=0.25)


def test_the_scale_stays_bounded_when_the_source_walks_on_beyond_what_was_measured() -> None:
    source = walk(20)
    statistics = pose_statistics(source)
    far_away = dance(lambda t: 380 - 300 + 0 * t)
    target = pose_statistics(walk(80))
    result = normalize(far_away, statistics, target, (640, 480))
    scale = np.ptp(result.xy[0, :, 1]) / np.ptp(far_away.xy[0, :, 1])
    assert 0.5 < scale < 2


def test_statistics_survive_json() -> None:
    statistics = pose_statistics(walk())
    assert PoseStatistics.from_dict(json.loads(json.dumps(statistics.to_dict()))) == statistics


@pytest.mark.parametrize("change", [{"near": None}, {"x": float("nan")}, {"far_height": -1.0}])
def test_damaged_statistics_are_an_input_error(change: dict[str, float]) -> None:
    values = pose_statistics(walk()).to_dict() | change
    with pytest.raises(InputError, match="damaged"):
        PoseStatistics.from_dict(values)
    with pytest.raises(InputError, match="damaged"):
        PoseStatistics.from_dict({})
