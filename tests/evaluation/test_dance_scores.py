"""Figures of a dance's joints, on motions of which they are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.evaluation.dance import DanceScores, dance_scores, limb_lengths, skating
from dancenow.evaluation.features import (
    JOINTS,
    Joints,
    diversity,
    frechet_distance,
    geometric_features,
    joint_speed,
    joints_of,
    kinetic_features,
    standardized,
    unsupported,
)
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX, NUM_KEYPOINTS
from dancenow.sample import dance_track

pytestmark = pytest.mark.filterwarnings("error")

Array = NDArray[np.float64]

NO_COPIES = np.empty(0, np.float32)
HEIGHT = 200.0  # px
SIZE = (640, 480)
GROUND = 400.0  # px
FPS = 50.0

# A standing body that faces the camera: x to the picture's right, y up, in body heights.
STANDING = {
    "nose": (0.0, 0.915), "neck": (0.0, 0.80), "mid_hip": (0.0, 0.51),
    "right_shoulder": (-0.12, 0.80), "right_elbow": (-0.13, 0.63), "right_wrist": (-0.14, 0.47),
    "left_shoulder": (0.12, 0.80), "left_elbow": (0.13, 0.63), "left_wrist": (0.14, 0.47),
    "right_hip": (-0.06, 0.51), "right_knee": (-0.065, 0.255), "right_ankle": (-0.07, 0.0),
    "left_hip": (0.06, 0.51), "left_knee": (0.065, 0.255), "left_ankle": (0.07, 0.0),
    "left_big_toe": (0.09, -0.04), "left_heel": (0.065, -0.02),
    "right_big_toe": (-0.09, -0.04), "right_heel": (-0.065, -0.02),
}  # fmt: skip

# The relations in the order of their columns.
SIDED = (
    "hand above the shoulders", "hand above the head", "elbow bent", "knee bent",
    "arm out", "foot raised", "hand fast", "foot fast",
)  # fmt: skip
RELATIONS = (
    "hands together", "arms crossed", "feet apart", "feet crossed", "trunk leans", "crouched",
    "turned to a side", "turned around", "travelling",
    *(f"{side} {relation}" for side in ("left", "right") for relation in SIDED),
)  # fmt: skip


def track_of(path: Array, fps: float = FPS, **poses: tuple[float, float]) -> PoseTrack:
    """A body in a pose, whose mid-hip follows a path `(T, 2)` in px from its place."""
    keypoints = np.zeros((len(path), NUM_KEYPOINTS, 3))
    for name, (x, y) in {**STANDING, **poses}.items():
        place = np.array([SIZE[0] / 2 + HEIGHT * x, GROUND - HEIGHT * y])
        keypoints[:, INDEX[name], :2] = path + place
        keypoints[:, INDEX[name], 2] = 1
    return PoseTrack(keypoints, fps, SIZE)


def still(seconds: float = 4.0, fps: float = FPS) -> PoseTrack:
    return track_of(np.zeros((round(seconds * fps), 2)), fps)


def posed(seconds: float = 4.0, **poses: tuple[float, float]) -> Joints:
    """Joints that hold a pose."""
    places = np.array([{**STANDING, **poses}[name] for name in JOINTS])
    count = round(seconds * FPS)
    still = np.zeros((count, len(JOINTS), 2))
    return Joints(np.repeat(places[None], count, axis=0), still, np.zeros(count), FPS)


def moving(joint: str, speed: Array, fps: float = FPS) -> Joints:
    """A standing body of which one joint moves at a speed `(T, 2)`."""
    base = posed(len(speed) / FPS)
    speeds = base.speeds.copy()
    speeds[:, JOINTS.index(joint)] = speed
    return Joints(base.places, speeds, base.ground, fps)


def holding(joints: Joints) -> set[str]:
    """The relations that hold in most frames."""
    (features,) = geometric_features(joints)
    return {name for name, part in zip(RELATIONS, features, strict=True) if part > 0.5}


@pytest.fixture(scope="module")
def disco() -> PoseTrack:
    """Eight seconds of a sample performer."""
    return dance_track("mika", "disco", seconds=8, fps=12)


# Joints


def test_joints_are_in_body_heights_from_the_middle_of_the_ground() -> None:
    joints = joints_of(still(1))
    unit = joints.places[0, JOINTS.index("neck"), 1] / STANDING["neck"][1]
    assert unit == pytest.approx(1, abs=0.01)  # the body's height is measured along its skeleton
    expected = unit * np.array([STANDING[name] for name in JOINTS])
    np.testing.assert_allclose(joints.places, np.tile(expected, (50, 1, 1)), atol=1e-5)
    np.testing.assert_allclose(joints.speeds, 0, atol=1e-5)


def test_what_is_hidden_is_interpolated() -> None:
    track = track_of(np.linspace((0, 0), (100, 0), 50))
    keypoints = track.keypoints.copy()
    keypoints[10:30, INDEX["left_wrist"]] = 0
    np.testing.assert_allclose(
        joints_of(track.with_keypoints(keypoints)).places, joints_of(track).places, atol=1e-5
    )


def test_a_joint_that_is_never_seen_does_not_move() -> None:
    keypoints = track_of(np.linspace((0, 0), (100, 0), 50)).keypoints.copy()
    keypoints[:, INDEX["left_wrist"]] = 0
    joints = joints_of(PoseTrack(keypoints, FPS, SIZE))
    assert np.isfinite(joints.places).all()
    np.testing.assert_array_equal(joints.speeds[:, JOINTS.index("left_wrist")], 0)


@pytest.mark.parametrize(("x", "y"), [(80.0, 0.0), (0.0, -60.0), (30.0, 40.0)])
def test_speeds_are_body_heights_a_second(x: float, y: float) -> None:
    seconds = np.arange(100)[:, None] / FPS
    track = track_of(seconds * [x, y])
    joints = joints_of(track)
    unit = HEIGHT * STANDING["neck"][1] / (joints.places[:, 1] - joints.places[:, -1])[0, 1]
    inner = joints.speeds[20:-20]
    np.testing.assert_allclose(inner[..., 0], x / unit, atol=1e-3)
    np.testing.assert_allclose(inner[..., 1], -y / unit, atol=1e-3)  # up is positive
    speed = joint_speed(joints)
    assert speed.shape == (100,)
    np.testing.assert_allclose(speed[20:-20], np.hypot(x, y) / unit, atol=1e-3)


def test_the_frame_rate_does_not_change_speeds() -> None:
    def circling(fps: float) -> PoseTrack:
        t = np.arange(round(4 * fps)) / fps
        return track_of(30 * np.stack([np.sin(3 * t), np.cos(3 * t)], axis=1), fps)

    slow, fast = (joint_speed(joints_of(circling(fps))).mean() for fps in (20, 60))
    assert slow == pytest.approx(fast, rel=0.03)


def test_what_has_no_body_is_refused_in_one_line() -> None:
    track = still(1)
    headless = track.keypoints.copy()
    headless[:, INDEX["neck"]] = 0
    damaged = track.keypoints.copy()
    damaged[3, INDEX["left_wrist"], 0] = np.nan
    for keypoints, why in (
        (track.keypoints[:0], "no frames"),
        (headless, "whole body"),
        (damaged, "NaN"),
    ):
        with pytest.raises(InputError, match=why) as refused:
            joints_of(track.with_keypoints(keypoints))
        assert "\n" not in str(refused.value)


# Kinetic features


def kinetic(joints: Joints, joint: str) -> Array:
    """The three features of a joint in the only window: along x, along y, acceleration."""
    (features,) = kinetic_features(joints)
    of_joint: Array = features.reshape(len(JOINTS), 3)[JOINTS.index(joint)]
    return of_joint


def test_kinetic_features_of_a_circle() -> None:
    """Radius r, angular speed w: w r / sqrt 2 along each axis, acceleration w^2 r."""
    radius, rate = 0.2, 2 * np.pi
    t = np.arange(200) / FPS
    speed = radius * rate * np.stack([-np.sin(rate * t), np.cos(rate * t)], axis=1)
    found = kinetic(moving("left_wrist", speed), "left_wrist")
    rms = radius * rate / np.sqrt(2)
    np.testing.assert_allclose(found, [rms, rms, radius * rate**2], rtol=0.01)


def test_kinetic_features_of_a_straight_line() -> None:
    found = kinetic(moving("nose", np.tile([0.3, -0.4], (200, 1))), "nose")
    np.testing.assert_allclose(found, [0.3, 0.4, 0], atol=1e-12)


def test_kinetic_features_of_a_steady_acceleration() -> None:
    """From rest to v: the root of the mean square is v / sqrt 3."""
    speed = np.linspace((0, 0), (2, 0), 201)[:200]
    found = kinetic(moving("left_ankle", speed), "left_ankle")
    np.testing.assert_allclose(found, [2 / np.sqrt(3), 0, 0.01 * FPS], rtol=0.01)


def test_kinetic_features_of_a_track_are_those_of_its_motion() -> None:
    radius, rate = 20, np.pi  # px, 1/s
    t = np.arange(200) / FPS
    track = track_of(radius * np.stack([np.cos(rate * t), np.sin(rate * t)], axis=1))
    speed = radius * rate / HEIGHT
    for joint in ("nose", "left_ankle", "mid_hip"):
        found = kinetic(joints_of(track), joint)
        np.testing.assert_allclose(found[:2], speed / np.sqrt(2), rtol=0.05)
        assert found[2] == pytest.approx(speed * rate, rel=0.1)


def test_joints_at_rest_have_no_kinetic_features() -> None:
    joints = moving("left_wrist", np.ones((200, 2)))
    np.testing.assert_array_equal(kinetic(joints, "right_wrist"), 0)
    assert kinetic_features(joints).shape == (1, 3 * len(JOINTS))


@pytest.mark.parametrize(
    ("seconds", "windows"), [(0.02, 1), (0.04, 1), (3.0, 1), (4.0, 1), (6.0, 2), (9.9, 3)]
)
def test_windows_overlap_by_half_and_a_short_dance_is_one(seconds: float, windows: int) -> None:
    joints = posed(seconds)
    for features in (kinetic_features(joints), geometric_features(joints)):
        assert len(features) == windows
        assert np.isfinite(features).all()


# Geometric features


def test_a_body_that_stands_is_in_no_relation() -> None:
    assert geometric_features(posed()).shape == (1, len(RELATIONS))
    assert holding(posed()) == set()


@pytest.mark.parametrize(
    ("poses", "relations"),
    [
        (
            {"left_wrist": (0.02, 0.6), "right_wrist": (-0.02, 0.6)},
            {"hands together", "left elbow bent", "right elbow bent"},
        ),
        (
            {"left_wrist": (-0.06, 0.47), "right_wrist": (0.06, 0.47)},
            {"arms crossed"},
        ),
        ({"left_ankle": (0.2, 0.0), "right_ankle": (-0.2, 0.0)}, {"feet apart"}),
        ({"left_ankle": (-0.05, 0.0), "right_ankle": (0.05, 0.0)}, {"feet crossed"}),
        ({"neck": (0.1, 0.78)}, {"trunk leans"}),
        ({"neck": (-0.1, 0.78)}, {"trunk leans"}),
        (
            {"left_elbow": (0.13, 0.97), "left_wrist": (0.14, 1.1)},
            {"left hand above the shoulders", "left hand above the head"},
        ),
        (
            {"right_elbow": (-0.3, 0.82), "right_wrist": (-0.45, 0.85)},
            {"right hand above the shoulders", "right arm out"},
        ),
        ({"left_elbow": (0.29, 0.8), "left_wrist": (0.29, 0.63)}, {"left elbow bent"}),
        ({"right_knee": (-0.25, 0.4), "right_ankle": (-0.07, 0.02)}, {"right knee bent"}),
        ({"left_ankle": (0.07, 0.06)}, {"left foot raised"}),
    ],
)
def test_a_pose_is_in_its_relations(
    poses: dict[str, tuple[float, float]], relations: set[str]
) -> None:
    assert holding(posed(**poses)) == relations


def test_a_body_seen_from_behind_has_its_arms_uncrossed() -> None:
    """Left and right change places in the picture; only that it is turned is told."""
    turned = posed(**{name: (-x, y) for name, (x, y) in STANDING.items()})
    assert holding(turned) == {"turned around"}


@pytest.mark.parametrize(
    ("joint", "speed", "relation"),
    [
        ("mid_hip", 0.3, "travelling"),
        ("left_wrist", 0.9, "left hand fast"),
        ("right_wrist", 0.9, "right hand fast"),
        ("left_ankle", 0.6, "left foot fast"),
    ],
)
def test_fast_joints_are_told(joint: str, speed: float, relation: str) -> None:
    assert holding(moving(joint, np.tile([0.6 * speed, 0.8 * speed], (200, 1)))) == {relation}
    assert holding(moving(joint, np.tile([0.3 * speed, 0.4 * speed], (200, 1)))) == set()


@pytest.mark.parametrize(
    ("poses", "relation"),
    [
        ({name: (x, 0.85 * y) for name, (x, y) in STANDING.items()}, "crouched"),
        ({name: (0.2 * x, y) for name, (x, y) in STANDING.items()}, "turned to a side"),
    ],
)
def test_a_feature_is_the_part_of_the_time(
    poses: dict[str, tuple[float, float]], relation: str
) -> None:
    usual, other = posed(3), posed(1, **poses)
    joints = Joints(
        np.concatenate([usual.places, other.places]),
        np.concatenate([usual.speeds, other.speeds]),
        np.concatenate([usual.ground, other.ground]),
        FPS,
    )
    (features,) = geometric_features(joints)
    assert features[RELATIONS.index(relation)] == pytest.approx(1 / 4)


def test_who_steps_nearer_neither_crouches_nor_lifts_a_foot() -> None:
    far, near = posed(4), posed(4)
    down = np.array([0.0, -0.12])  # in the picture
    walked = Joints(
        np.concatenate([far.places, near.places + down]),
        np.concatenate([far.speeds, near.speeds]),
        np.repeat([0.0, down[1]], len(far.places)),
        FPS,
    )
    crouched, lifted = RELATIONS.index("crouched"), RELATIONS.index("left foot raised")
    assert (geometric_features(walked)[:, [crouched, lifted]] == 0).all()


@pytest.mark.parametrize(
    ("hips", "left", "right", "expected"),
    [
        ((2.0, 0.0), 1.0, 0.5, 2.0 * 1.0 * 0.5),
        ((0.0, 2.0), 1.0, 0.5, 2.0 * 1.0 * 0.5),
        ((0.0, -2.0), 1.0, 0.5, 0.0),  # whoever falls needs no foot
        ((2.0, 0.0), 1.0, 0.0, 0.0),  # the right foot stands and pushes
        ((0.0, 0.0), 1.0, 0.5, 0.0),
    ],
)
def test_hips_that_accelerate_over_moving_feet_are_unsupported(
    hips: tuple[float, float], left: float, right: float, expected: float
) -> None:
    moment = np.arange(round(2 * FPS))[:, None] / FPS
    joints = moving("mid_hip", moment * np.array(hips))
    speeds = joints.speeds.copy()
    speeds[:, JOINTS.index("left_ankle"), 0] = left
    speeds[:, JOINTS.index("right_ankle"), 1] = right
    measured = unsupported(Joints(joints.places, speeds, joints.ground, FPS))
    assert measured == pytest.approx(np.full(len(moment), expected))


def test_mirrored_joints_exchange_left_and_right() -> None:
    pose = {"left_elbow": (0.13, 0.97), "left_wrist": (0.14, 1.1), "left_ankle": (0.07, 0.06)}
    mirrored = {name.replace("left", "right"): (-x, y) for name, (x, y) in pose.items()}
    left, right = holding(posed(**pose)), holding(posed(**mirrored))
    assert left == {relation.replace("right", "left") for relation in right} != right


# Distances


def with_moments(mean: Array, covariance: Array, count: int = 50) -> Array:
    """Rows whose mean and covariance are exactly these."""
    rows = np.random.default_rng(0).normal(size=(count, len(mean)))
    rows -= rows.mean(axis=0)
    white = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False).reshape(2, 2))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def test_the_frechet_distance_of_one_figure_is_that_of_means_and_deviations() -> None:
    first, second = (
        np.array([[1.0], [3.0]]),
        np.array([[4.0], [10.0]]),
    )  # deviations sqrt 2, 3 sqrt 2
    assert frechet_distance(first, second) == pytest.approx(5**2 + (2 * np.sqrt(2)) ** 2)


def test_the_frechet_distance_of_two_gaussians_along_the_axes() -> None:
    first = with_moments(np.zeros(2), np.diag([1.0, 4.0]))
    second = with_moments(np.array([3.0, 4.0]), np.diag([9.0, 25.0]))
    # |(3, 4)|^2 + (1 - 3)^2 + (2 - 5)^2
    assert frechet_distance(first, second) == pytest.approx(25 + 4 + 9)


def test_the_frechet_distance_of_gaussians_askew() -> None:
    """A = I: trace(A + B - 2 B^(1/2)) with eigenvalues 1 and 3 of B."""
    first = with_moments(np.zeros(2), np.eye(2))
    second = with_moments(np.zeros(2), np.array([[2.0, 1.0], [1.0, 2.0]]))
    expected = 2 + 4 - 2 * (1 + np.sqrt(3))
    assert frechet_distance(first, second) == pytest.approx(expected)


def test_the_frechet_distance_of_few_rows_is_known_too() -> None:
    """With fewer rows than columns the covariances are singular."""
    rng = np.random.default_rng(1)
    few = rng.normal(size=(3, 40))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(few, few + 2) == pytest.approx(40 * 4)
    spread = frechet_distance(few, few.mean(axis=0) + 3 * (few - few.mean(axis=0)))
    assert spread == pytest.approx(4 * np.trace(np.cov(few, rowvar=False)))


@given(st.integers(2, 12), st.integers(2, 12), st.integers(1, 6), st.integers(0, 1000))
def test_the_frechet_distance_is_one(rows: int, others: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(rows, columns)), 2 * rng.normal(size=(others, columns))
    there, back = frechet_distance(a, b), frechet_distance(b, a)
    assert there >= 0
    assert there == pytest.approx(back, abs=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a + 5, b + 5) == pytest.approx(there, abs=1e-6)


def test_one_window_has_no_frechet_distance() -> None:
    assert np.isnan(frechet_distance(np.ones((1, 4)), np.eye(4)))
    assert np.isnan(frechet_distance(np.eye(4), np.ones((1, 4))))


def test_features_are_in_deviations_of_the_real_dance() -> None:
    real = np.array([[1.0, 10.0], [3.0, 30.0]])
    np.testing.assert_allclose(standardized(real, real), [[-1, -1], [1, 1]])
    np.testing.assert_allclose(standardized(np.array([[4.0, 10.0]]), real), [[2, -1]])


def test_what_hardly_ever_happens_does_not_outweigh_everything() -> None:
    real = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1e-4], [1.0, 0.0]])
    assert standardized(np.array([[0.0, 0.1]]), real)[0, 1] < 5


def test_features_that_never_change_stay_finite() -> None:
    real = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert np.isfinite(standardized(np.array([[2.0, 6.0]]), real)).all()
    assert np.isfinite(standardized(np.ones((2, 2)), np.zeros((3, 2)))).all()


def test_diversity_is_the_mean_distance_of_two_windows() -> None:
    corners = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    assert diversity(corners) == pytest.approx((3 + 4 + 5) / 3)
    assert diversity(np.zeros((5, 2))) == 0
    assert np.isnan(diversity(corners[:1]))


# Feet, limbs


def test_skating_is_the_speed_of_feet_that_slide() -> None:
    seconds = np.arange(400)[:, None] / FPS
    assert skating(track_of(seconds * [40, 0])) == pytest.approx(40 / HEIGHT, rel=0.03)
    assert skating(still()) == pytest.approx(0, abs=1e-4)


def test_feet_that_are_not_seen_do_not_skate() -> None:
    keypoints = still(1).keypoints.copy()
    keypoints[:, [INDEX[f"{side}_ankle"] for side in ("left", "right")]] = 0
    assert np.isnan(skating(PoseTrack(keypoints, FPS, SIZE)))


def test_limb_lengths_are_the_limbs_lengths() -> None:
    track = track_of(
        np.zeros((100, 2)),
        left_shoulder=(0.1, 0.8),
        left_elbow=(0.4, 0.4),  # 3 4 5
        left_wrist=(0.4, 0.3),
    )
    lengths = limb_lengths(track)
    assert lengths.shape == (8,)
    assert lengths[0] == pytest.approx(0.5 * HEIGHT)
    assert lengths[2] == pytest.approx(0.1 * HEIGHT, rel=1e-5)
    thighs = np.hypot(0.005, 0.255) * HEIGHT
    np.testing.assert_allclose(lengths[4:6], thighs, rtol=1e-5)


def test_a_limb_that_points_at_the_camera_is_as_long_as_when_it_does_not() -> None:
    track = still()
    keypoints = track.keypoints.copy()
    keypoints[:150, INDEX["left_wrist"]] = keypoints[:150, INDEX["left_elbow"]]
    np.testing.assert_allclose(
        limb_lengths(track.with_keypoints(keypoints)), limb_lengths(track), rtol=1e-5
    )


def test_a_limb_that_is_never_seen_has_no_length() -> None:
    keypoints = still(1).keypoints.copy()
    keypoints[:, INDEX["left_wrist"]] = 0
    lengths = limb_lengths(PoseTrack(keypoints, FPS, SIZE))
    assert np.isnan(lengths[2]) and np.isfinite(np.delete(lengths, 2)).all()


# All together


def test_the_learned_dance_itself_is_a_perfect_dance(disco: PoseTrack) -> None:
    scores = dance_scores(disco, [disco], [], np.zeros(5, np.float32))
    assert scores.seconds == pytest.approx(8)
    assert scores.speed_ratio == pytest.approx(1)
    assert 0 < scores.slowest_ratio < 1
    assert scores.freeze == scores.learned_freeze < 1
    assert scores.skating_ratio == scores.contact_ratio == pytest.approx(1)
    assert scores.fid_k == pytest.approx(0, abs=1e-6) == scores.learned_fid_k
    assert scores.fid_g == pytest.approx(0, abs=1e-6) == scores.learned_fid_g
    assert scores.diversity_k == scores.learned_diversity_k > 0
    assert scores.diversity_g == scores.learned_diversity_g > 0
    assert scores.copy_distance == scores.nearest == 0
    assert scores.outside == 0
    assert not scores.held_out


def test_a_dance_twice_as_fast_is_twice_as_fast(disco: PoseTrack) -> None:
    slow = PoseTrack(disco.keypoints, disco.fps / 2, disco.size)
    scores = dance_scores(disco, [slow], [], NO_COPIES)
    assert scores.speed_ratio == pytest.approx(2, rel=0.1)
    assert scores.fid_k > 1


def test_another_dance_is_farther_than_its_own_second_half(disco: PoseTrack) -> None:
    other = dance_track("mika", "wave", seconds=8, fps=12)
    apart = dance_scores(other, [disco], [disco], NO_COPIES)
    assert apart.fid_k > apart.learned_fid_k and apart.fid_g > apart.learned_fid_g
    assert apart.held_out


def test_a_stand_is_found(disco: PoseTrack) -> None:
    keypoints = disco.keypoints.copy()
    keypoints[24:60] = keypoints[24]  # three seconds
    scores = dance_scores(disco.with_keypoints(keypoints), [disco], [disco], NO_COPIES)
    assert scores.freeze == pytest.approx(3, abs=0.35)
    assert scores.slowest_ratio == pytest.approx(0, abs=0.01)


def test_frames_outside_the_picture_are_counted(disco: PoseTrack) -> None:
    keypoints = disco.keypoints.copy()
    keypoints[:24, :, 0] += disco.size[0]
    scores = dance_scores(disco.with_keypoints(keypoints), [disco], [], NO_COPIES)
    assert scores.outside == pytest.approx(1 / 4)


def enlarged(track: PoseTrack, factor: float, rows: slice = slice(None)) -> PoseTrack:
    keypoints = track.keypoints.copy()
    middle = np.array([SIZE[0] / 2, GROUND])
    keypoints[:, rows, :2] = middle + factor * (keypoints[:, rows, :2] - middle)
    return track.with_keypoints(keypoints)


def in_a_row(*tracks: PoseTrack) -> PoseTrack:
    return tracks[0].with_keypoints(np.concatenate([track.keypoints for track in tracks]))


def test_a_body_that_comes_nearer_by_the_minute_is_told() -> None:
    minute = still(60, 4.0)
    new = in_a_row(minute, enlarged(minute, 1.1))
    scores = dance_scores(new, [minute, minute], [], NO_COPIES)
    assert scores.size == pytest.approx(0.05 / 1.05, abs=1e-4)
    assert scores.limbs == pytest.approx(0, abs=1e-4)
    assert scores.learned_size == scores.learned_limbs == 0


def test_a_limb_that_grows_by_the_minute_is_told() -> None:
    minute = still(60, 4.0)
    wrist, elbow = INDEX["left_wrist"], INDEX["left_elbow"]
    keypoints = minute.keypoints.copy()
    along = keypoints[:, wrist, :2] - keypoints[:, elbow, :2]
    keypoints[:, wrist, :2] += 0.2 * along
    scores = dance_scores(
        in_a_row(minute, minute.with_keypoints(keypoints)), [minute], [], NO_COPIES
    )
    assert scores.limbs == pytest.approx(0.1 / 1.1, abs=1e-4)
    assert scores.size == pytest.approx(0, abs=1e-4)


def test_a_dance_shorter_than_two_minutes_is_not_compared_by_the_minute() -> None:
    scores = dance_scores(still(80, 4.0), [still(60, 4.0)], [], NO_COPIES)
    assert np.isnan([scores.limbs, scores.size, scores.learned_limbs]).all()
    assert sum("needs two minutes" in line for line in scores.lines()) == 2


def test_feet_are_compared_with_feet_as_they_were(disco: PoseTrack) -> None:
    settled = dance_scores(disco, [still(8)], [], NO_COPIES, [disco])
    assert settled.skating_ratio == pytest.approx(1)


def test_pieces_count_by_their_length(disco: PoseTrack) -> None:
    whole = dance_scores(disco, [disco], [], NO_COPIES)
    pieces = dance_scores(disco, [disco, disco[:12]], [], NO_COPIES)
    assert pieces.speed_ratio == pytest.approx(whole.speed_ratio, rel=0.1)
    assert pieces.skating_ratio == pytest.approx(whole.skating_ratio, rel=0.15)


@pytest.mark.parametrize("frames", [1, 2, 5, 48])
def test_a_dance_shorter_than_two_windows_has_no_distances(disco: PoseTrack, frames: int) -> None:
    scores = dance_scores(disco[:frames], [disco], [], NO_COPIES)
    unknown = {name for name, value in dataclasses.asdict(scores).items() if np.isnan(value)}
    assert unknown == {
        "fid_k", "fid_g", "diversity_k", "diversity_g", "copy_distance", "nearest",
        "limbs", "learned_limbs", "size", "learned_size",
    }  # fmt: skip


def test_a_learned_dance_that_stands_still_compares_with_nothing(disco: PoseTrack) -> None:
    scores = dance_scores(disco, [still(8)], [], NO_COPIES)
    assert np.isnan([scores.speed_ratio, scores.slowest_ratio, scores.skating_ratio]).all()
    assert np.isfinite([scores.outside, scores.fid_k, scores.fid_g]).all()


@pytest.mark.parametrize("frames", [1, 96])
def test_the_figures_are_told_in_lines(disco: PoseTrack, frames: int) -> None:
    scores = dance_scores(disco[:frames], [disco], [], NO_COPIES)
    assert isinstance(scores, DanceScores)
    text = "\n".join(scores.lines())
    assert f"speed: {scores.speed_ratio:.2f}" in text
    assert "none held out" in text
    held_out = dataclasses.replace(scores, held_out=True)
    assert "the held-out part" in "\n".join(held_out.lines())
