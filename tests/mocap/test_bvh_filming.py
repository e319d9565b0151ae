"""A motion capture is filmed as a camera would see it, whatever program wrote it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from captures import (
    HEIGHTS,
    KINDS,
    X_DOWN,
    X_UP,
    Y_DOWN,
    Y_UP,
    Z_DOWN,
    Z_UP,
    Array,
    capture,
    theirs,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.transform import Rotation

from dancenow.errors import InputError
from dancenow.mocap import Bvh, figure_of, film, read_bvh, write_bvh
from dancenow.mocap.filming import SIZE
from dancenow.mocap.skeleton import NEEDED
from dancenow.options.view import FRONT, View
from dancenow.pose import PoseTrack
from dancenow.pose.layout import BODY, BODY_NAMES, FACE, INDEX, LEFT_HAND, RIGHT_HAND

PATH = Path("dance.bvh")
ON_HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")


def film_bvh(bvh: Bvh, path: Path, view: View = FRONT) -> PoseTrack:
    return film(figure_of(bvh, path), view)


def at(track: PoseTrack, name: str, frame: int = 0) -> Array:
    """Where a keypoint is, px; it must be seen."""
    x, y, seen = track.keypoints[frame, INDEX[name]].astype(np.float64)
    assert seen == 1
    return np.array([x, y])


def seen(track: PoseTrack, name: str, frame: int = 0) -> bool:
    return bool(track.confidence[frame, INDEX[name]])


def dance(frames: int = 24) -> dict[str, object]:
    """Something of everything; the first frames look ahead."""
    t = np.linspace(0, 1, frames)
    wave, sway = np.sin(2 * np.pi * t), np.sin(4 * np.pi * t)
    zero = 0 * t

    def about(left: Array = zero, up: Array = zero, ahead: Array = zero) -> Array:
        return np.stack([left, up, ahead], axis=1)

    return {
        "hips": about(up=60 * wave**3),
        "spine": about(left=10 * sway, ahead=8 * wave),
        "head": about(left=15 * sway, up=20 * wave),
        "left_shoulder": about(ahead=70 * wave, up=20 * sway),
        "right_shoulder": about(ahead=50 * sway, left=30 * wave),
        "left_elbow": about(up=-50 * wave**2),
        "right_wrist": about(ahead=40 * wave),
        "left_hip": about(left=-60 * wave**2),
        "left_knee": about(left=80 * wave**2),
        "right_ankle": about(up=-15 * wave**2),
    }


def travel(frames: int = 24) -> Array:
    t = np.linspace(0, 1, frames)
    return np.stack([0.5 * np.sin(2 * np.pi * t), 0.1 * np.abs(t - 0.5), 0.3 * t], axis=1)


def danced(kind: str = "mixamo", **options: object) -> Bvh:
    return capture(kind, turns=dance(), travel=travel(), frames=24, **options)


@pytest.fixture(scope="module")
def usual() -> PoseTrack:
    return film_bvh(danced(), PATH)


def assert_same(track: PoseTrack, other: PoseTrack, px: float = 0.02) -> None:
    assert (track.fps, track.size) == (other.fps, other.size)
    assert_array_equal(track.confidence, other.confidence)
    assert_allclose(track.xy, other.xy, atol=px)


class TestWhoeverWroteIt:
    @pytest.mark.parametrize("kind", KINDS)
    def test_names_change_nothing(self, kind: str, usual: PoseTrack) -> None:
        assert_same(film_bvh(danced(kind), PATH), usual)

    @pytest.mark.parametrize("unit", [100.0, 39.37, 0.056])
    @pytest.mark.parametrize(
        "axes",
        [Y_UP, Z_UP, X_UP, Y_DOWN, Z_DOWN, X_DOWN],
        ids=["y up", "z up", "x up", "y down", "z down", "x down"],
    )
    def test_axes_and_units_change_nothing(
        self, axes: Array, unit: float, usual: PoseTrack
    ) -> None:
        assert_same(film_bvh(danced(axes=axes, unit=unit), PATH), usual)

    @pytest.mark.parametrize("facing", [-90.0, 45.0, 180.0, 231.0])
    @pytest.mark.parametrize("axes", [Y_UP, Z_UP], ids=["y up", "z up"])
    def test_a_body_is_filmed_from_its_front_wherever_it_looks(
        self, axes: Array, facing: float, usual: PoseTrack
    ) -> None:
        assert_same(film_bvh(danced(axes=axes, facing=facing), PATH), usual)

    def test_one_who_spins_at_once_is_filmed_from_where_the_first_frame_looks(self) -> None:
        turns = {"hips": np.arange(60)[:, None] * [0, 24, 0]}  # once in half a second
        still = film_bvh(capture(), PATH)
        track = film_bvh(capture(turns=turns, frames=60, facing=90), PATH)
        assert track.confidence[0].all()
        # The spinning arms come nearer to the camera, so that the body is a little smaller.
        apart, alike = (at(t, "left_hip")[0] - at(t, "right_hip")[0] for t in (track, still))
        assert 0.7 * alike < apart < 1.01 * alike

    @pytest.mark.parametrize("order", ["XYZ", "ZYX", "YXZ", "YZX", "XZY"])
    def test_the_order_of_channels_changes_nothing(self, order: str, usual: PoseTrack) -> None:
        assert_same(film_bvh(danced(order=order), PATH), usual)

    def test_a_file_in_z_up_centimetres_is_the_body_in_y_up_metres(
        self, tmp_path: Path, usual: PoseTrack
    ) -> None:
        path = tmp_path / "dance.bvh"
        write_bvh(danced("biped", axes=Z_UP, unit=100, facing=-90), path)
        assert_same(film_bvh(read_bvh(path), path), usual)

    def test_a_rest_pose_with_all_bones_in_a_row_moves_the_body_alike(
        self, usual: PoseTrack
    ) -> None:
        track = film_bvh(danced(in_a_row=True), PATH)
        joints = [n for n in range(25) if BODY_NAMES[n] not in ON_HEAD]
        assert_allclose(track.xy[:, joints], usual.xy[:, joints], atol=0.02)
        # How the head is set on the neck is found from the motion.
        head = [INDEX[name] for name in ON_HEAD]
        both = (track.confidence[:, head] > 0) & (usual.confidence[:, head] > 0)
        assert both.mean() > 0.8
        assert np.abs(track.xy[:, head] - usual.xy[:, head])[both].max() < 4
        with_hands = np.r_[LEFT_HAND, RIGHT_HAND]
        assert np.abs(track.xy[:, with_hands] - usual.xy[:, with_hands]).max() < 12

    def test_a_root_that_turns_the_rest_pose_upright_changes_nothing(
        self, usual: PoseTrack
    ) -> None:
        """Some programs keep y up below the root, and the root makes z up of it."""
        bvh, lying = danced(order="XYZ"), danced(axes=Z_UP)
        places, turns = lying.kinematics()
        root = Rotation.from_matrix(turns[:, 0] @ Z_UP).as_euler("XYZ", degrees=True)
        values = np.concatenate([lying.values[:, :3], root, bvh.values[:, 6:]], axis=1)
        mixed = replace(bvh, values=values)
        assert_allclose(mixed.kinematics()[0], places, atol=1e-9)
        assert_same(film_bvh(mixed, PATH), usual)

    def test_names_of_nobody_are_read_beside_the_capture(
        self, tmp_path: Path, usual: PoseTrack
    ) -> None:
        names = (*NEEDED, "left_toe", "right_toe")
        (tmp_path / "dance.joints.json").write_text(
            json.dumps({name: theirs("unknown", name) for name in names})
        )
        assert_same(film_bvh(danced("unknown"), tmp_path / "dance.bvh"), usual)


class TestPlaces:
    """A T in the plane before the camera is seen in its true proportions."""

    def px(self, track: PoseTrack) -> tuple[float, Array]:
        """Px a metre, and the point between the ankles, from the hips."""
        left, right = at(track, "left_hip"), at(track, "right_hip")
        scale = (left[0] - right[0]) / 0.2
        return scale, (left + right) / 2 + [0, scale * HEIGHTS["hip"]]

    def test_the_joints_are_where_they_are(self) -> None:
        track = film_bvh(capture(), PATH)
        scale, ground = self.px(track)
        assert 200 < scale < 300
        for side, sign in (("left", 1), ("right", -1)):
            for joint, x in (("shoulder", 0.2), ("elbow", 0.48), ("wrist", 0.74), ("knee", 0.1)):
                wanted = ground + scale * np.array([sign * x, -HEIGHTS[joint]])
                assert_allclose(at(track, f"{side}_{joint}"), wanted, atol=0.01)
        assert_allclose(at(track, "neck"), ground - [0, scale * HEIGHTS["shoulder"]], atol=0.01)
        assert_allclose(at(track, "mid_hip"), ground - [0, scale * HEIGHTS["hip"]], atol=0.01)

    def test_a_raised_left_arm_is_the_left_arm_and_points_up(self) -> None:
        track = film_bvh(capture(turns={"left_shoulder": (0, 0, 90)}), PATH)
        scale, ground = self.px(track)
        assert_allclose(
            at(track, "left_wrist"), ground + scale * np.array([0.2, -1.45 - 0.54]), atol=0.01
        )
        assert_allclose(
            at(track, "right_wrist"), ground + scale * np.array([-0.74, -1.45]), atol=0.01
        )
        assert at(track, "left_wrist")[1] < at(track, "nose")[1] - 50
        # The hand goes on where the arm goes.
        assert_allclose(
            at(track, "left_hand_middle_4")[0], at(track, "left_wrist")[0], atol=0.1 * scale
        )
        assert at(track, "left_hand_middle_4")[1] < at(track, "left_wrist")[1] - 0.1 * scale

    def test_one_that_does_the_same_with_the_other_side_is_the_mirrored_one(self) -> None:
        turn = np.array([20.0, 30.0, 70.0])
        left = film_bvh(capture(turns={"left_shoulder": turn, "left_knee": (40, 0, 0)}), PATH)
        other = {"right_shoulder": turn * [1, -1, -1], "right_knee": (40, 0, 0)}
        assert_same(film_bvh(capture(turns=other), PATH), left.mirror(), px=0.01)

    def test_feet_point_ahead_and_lie_flat(self) -> None:
        track = film_bvh(capture(), PATH)
        for side in ("left", "right"):
            # The camera looks down on them: what is nearer to it is lower in the picture.
            heel, big, small = (
                at(track, f"{side}_{name}") for name in ("heel", "big_toe", "small_toe")
            )
            assert at(track, f"{side}_ankle")[1] < heel[1] < small[1] < big[1]
            assert abs(small[0] - 640) > abs(big[0] - 640) > abs(heel[0] - 640) - 5

    def test_a_foot_without_toes_points_as_its_end_does(self) -> None:
        plain = capture(turns={"left_ankle": (0, 40, 0)})
        toe = theirs("mixamo", "left_toe")
        number = plain.names.index(toe)
        cut = replace(
            plain,
            joints=tuple(
                replace(j, name="mixamorig:LeftFoot_end", channels=()) if j.name == toe else j
                for j in plain.joints
            ),
            values=np.delete(plain.values, range(3 * number - 3, 3 * number), axis=1),
        )
        a, b = film_bvh(plain, PATH), film_bvh(cut, PATH)
        assert_allclose(a.xy[:, BODY], b.xy[:, BODY], atol=1.5)
        assert at(b, "left_big_toe")[0] > at(b, "left_heel")[0] + 15

    def test_a_foot_of_which_nothing_is_known_points_as_the_body_does(self) -> None:
        bvh = capture()
        toes = [theirs("mixamo", f"{side}_toe") for side in ("left", "right")]
        bare = replace(
            bvh, joints=tuple(replace(j, name=j.name.replace("Toe", "X")) for j in bvh.joints)
        )
        assert len(set(bvh.names) - set(bare.names)) == 2 * len(toes)
        assert_same(film_bvh(bare, PATH), film_bvh(bvh, PATH))

    def test_splayed_legs_of_the_rest_pose_tilt_no_foot(self) -> None:
        """The CMU's captures rest with spread legs; in motion they stand straight."""
        spread = {"left_hip": np.radians(20.0), "right_hip": -np.radians(20.0)}
        bvh = capture("cmu")
        joints, values = [], bvh.values.copy()
        column = 0
        for joint in bvh.joints:
            side = joint.name.partition("t")[0] + "t"
            side = {"Left": "left", "Right": "right"}.get(side, "")
            if side and any(part in joint.name for part in ("Leg", "Foot", "Toe")):
                angle = spread[f"{side}_hip"]
                x, y, z = joint.offset
                if not joint.name.endswith("UpLeg"):
                    x, y = (
                        x * np.cos(angle) - y * np.sin(angle),
                        x * np.sin(angle) + y * np.cos(angle),
                    )
                else:
                    values[:, column] -= np.degrees(angle)
                joint = replace(joint, offset=(float(x), float(y), z))
            joints.append(joint)
            column += len(joint.channels)
        splayed = replace(bvh, joints=tuple(joints), values=values)
        number = bvh.names.index("LeftFoot")
        assert abs(splayed.rest()[number, 0] - bvh.rest()[number, 0]) > 0.25
        assert_allclose(splayed.kinematics()[0], bvh.kinematics()[0], atol=1e-9)
        a, b = film_bvh(splayed, PATH), film_bvh(bvh, PATH)
        assert_allclose(a.xy, b.xy, atol=0.02)

    def test_all_that_is_seen_is_in_the_picture(self, usual: PoseTrack) -> None:
        known = usual.xy[usual.confidence > 0]
        assert (known >= 0).all()
        assert (known <= SIZE).all()

    def test_one_who_travels_is_held_in_the_picture(self) -> None:
        way = np.linspace(-6, 6, 12)[:, None] * [1, 0, 0]
        track = film_bvh(capture(travel=way), PATH)
        x = track.xy[:, INDEX["mid_hip"], 0]
        assert 0 < x[0] < 150
        assert 1130 < x[-1] < 1280
        assert (np.diff(x) > 50).all()

    def test_one_who_comes_near_is_filmed_from_further_away(self) -> None:
        way = np.linspace(0, 20, 12)[:, None] * [0, 0, 1]
        xy = film_bvh(capture(travel=way), PATH).xy.astype(np.float64)
        tall = xy[:, INDEX["left_ankle"], 1] - xy[:, INDEX["left_shoulder"], 1]
        assert (np.diff(tall) > 0).all()
        assert (xy >= 0).all()
        assert (xy <= SIZE).all()


class TestCamera:
    def test_from_behind_left_is_left(self) -> None:
        track = film_bvh(capture(turns={"left_shoulder": (0, 0, 90)}), PATH, View(180))
        front = film_bvh(capture(turns={"left_shoulder": (0, 0, 90)}), PATH)
        for name in ("left_wrist", "right_wrist", "left_knee", "right_shoulder", "neck"):
            x = 1280 - at(front, name)[0]
            assert at(track, name)[0] == pytest.approx(x, abs=12)
        assert at(track, "left_wrist")[0] < 640 < at(track, "right_wrist")[0]

    @pytest.mark.parametrize("azimuth", [0.0, 90.0, -30.0, 180.0])
    def test_a_turned_body_is_one_filmed_from_elsewhere(self, azimuth: float) -> None:
        """The camera may go around the body, or the body may turn; later, it must be."""
        frames = 40
        turn = np.zeros((frames, 3))
        turn[20:, 1] = -azimuth
        turned = film_bvh(capture(turns={"hips": turn}, frames=frames), PATH)
        around = film_bvh(capture(frames=frames), PATH, View(azimuth))
        a, b = (track.xy[30].astype(np.float64) for track in (turned, around))
        both = (turned.confidence[30] > 0) & (around.confidence[30] > 0)
        assert_array_equal(turned.confidence[30], around.confidence[30])
        # Framing differs: only proportions can be compared, and perspective a little.
        a, b = (xy[both] - xy[INDEX["mid_hip"]] for xy in (a, b))
        a, b = (xy / (xy[:, 1].max() - xy[:, 1].min()) for xy in (a, b))
        assert_allclose(a, b, atol=0.02)

    def test_from_the_left_a_body_looks_to_the_left_of_the_picture(self) -> None:
        track = film_bvh(capture(), PATH, View(90))
        assert at(track, "left_big_toe")[0] < at(track, "left_heel")[0] - 20
        assert at(track, "nose")[0] < at(track, "left_ear")[0] - 5
        # Its left side is nearer, and what is nearer is larger.
        assert at(track, "left_ankle")[1] > at(track, "right_ankle")[1] + 2

    def test_from_the_right_a_body_looks_to_the_right_of_the_picture(self) -> None:
        track = film_bvh(capture(), PATH, View(-90))
        assert at(track, "right_big_toe")[0] > at(track, "right_heel")[0] + 20
        assert at(track, "right_ankle")[1] > at(track, "left_ankle")[1] + 2

    def test_once_around_is_where_one_was(self, usual: PoseTrack) -> None:
        assert_same(film_bvh(danced(), PATH, View(-720)), usual, px=0.01)

    @pytest.mark.parametrize("azimuth", [float("nan"), float("inf")])
    def test_no_angle_is_refused(self, azimuth: float) -> None:
        with pytest.raises(InputError) as error:
            film_bvh(capture(), PATH, View(azimuth))
        assert str(error.value) == f"`camera` must be an angle in degrees, not {azimuth:g}."


class TestFace:
    @pytest.mark.parametrize(
        ("azimuth", "hidden"),
        [
            (0, set()),
            (25, set()),
            (40, {"right_ear"}),
            (75, {"right_ear"}),
            (90, {"right_ear", "right_eye"}),
            (-90, {"left_ear", "left_eye"}),
            (110, {"right_ear", "right_eye", "nose"}),
            (135, {"right_ear", "right_eye", "nose", "left_eye"}),
            (180, {"right_eye", "nose", "left_eye"}),
        ],
    )
    def test_what_is_turned_away_is_not_seen(self, azimuth: float, hidden: set[str]) -> None:
        track = film_bvh(capture(), PATH, View(azimuth))
        assert {name for name in ON_HEAD if not seen(track, name)} == hidden
        face = track.confidence[0, FACE] > 0
        assert face.all() if abs(azimuth) < 60 else not face.all()
        assert face.any() == (abs(azimuth) < 135)
        assert (track.xy[track.confidence == 0] == 0).all()
        body = [n for n in range(25) if BODY_NAMES[n] not in ON_HEAD]
        assert (track.confidence[0, body] == 1).all()

    def test_a_head_that_turns_turns_its_face(self) -> None:
        ahead = film_bvh(capture(), PATH)
        left = film_bvh(capture(turns={"head": (0, 30, 0)}), PATH)
        down = film_bvh(capture(turns={"head": (30, 0, 0)}), PATH)
        assert at(ahead, "nose")[0] == pytest.approx(at(ahead, "neck")[0], abs=0.01)
        assert at(left, "nose")[0] > at(ahead, "nose")[0] + 5
        assert at(down, "nose")[1] > at(ahead, "nose")[1] + 5
        away = film_bvh(capture(turns={"head": (0, 120, 0)}), PATH)
        assert not seen(away, "nose")
        assert not seen(away, "left_eye")

    def test_the_face_is_above_the_shoulders_the_left_eye_on_the_left(self) -> None:
        track = film_bvh(capture(), PATH)
        assert at(track, "left_eye")[0] > at(track, "nose")[0] > at(track, "right_eye")[0]
        assert at(track, "left_ear")[0] > at(track, "left_eye")[0]
        assert at(track, "left_eye")[1] < at(track, "nose")[1] < at(track, "neck")[1]
        assert at(track, "face_left_pupil") == pytest.approx(at(track, "left_eye"))


class TestHands:
    def test_a_bent_wrist_bends_the_hand(self) -> None:
        straight = film_bvh(capture(), PATH)
        bent = film_bvh(capture(turns={"left_wrist": (0, 0, -90)}), PATH)
        wrist = at(bent, "left_wrist")
        assert_allclose(wrist, at(straight, "left_wrist"), atol=8)
        tip, before = at(bent, "left_hand_middle_4"), at(straight, "left_hand_middle_4")
        assert before[0] > wrist[0] + 25
        assert tip[1] > wrist[1] + 25
        assert abs(tip[0] - wrist[0]) < 10

    def test_thumbs_of_hanging_arms_point_ahead(self) -> None:
        down = {"left_shoulder": (0, 0, -90), "right_shoulder": (0, 0, 90)}
        track = film_bvh(capture(turns=down), PATH, View(90))
        for side in ("left", "right"):
            thumb, little = (at(track, f"{side}_hand_{f}_4") for f in ("thumb", "little"))
            assert thumb[0] < at(track, f"{side}_wrist")[0] - 3
            assert thumb[0] < little[0] - 5
            assert little[1] > at(track, f"{side}_wrist")[1] + 10

    @pytest.mark.parametrize("fingers", [3, 4])
    def test_captured_fingers_are_taken(self, fingers: int) -> None:
        bvh = capture(fingers=fingers, turns={"left_index_2": (0, 0, -60)})
        track = film_bvh(bvh, PATH)
        scale = (at(track, "left_hip")[0] - at(track, "right_hip")[0]) / 0.2
        left = at(track, "left_wrist")
        knuckle, middle, last, tip = (at(track, f"left_hand_index_{n}") for n in (1, 2, 3, 4))
        assert_allclose(knuckle - left, scale * np.array([0.065, 0.01]), atol=1.5)
        assert_allclose(middle - knuckle, scale * np.array([0.025, 0]), atol=0.3)
        bent = 0.025 * scale * np.array([np.cos(np.pi / 3), np.sin(np.pi / 3)])
        assert_allclose(last - middle, bent, atol=0.3)
        assert_allclose(tip - last, bent * (1 if fingers == 4 else 0.8), atol=0.3)
        other = at(track, "right_hand_index_4") - at(track, "right_hand_index_3")
        assert other[0] < 0
        assert other[1] == pytest.approx(0, abs=0.3)

    def test_too_few_joints_of_fingers_are_left_alone(self) -> None:
        assert_same(film_bvh(capture(fingers=2), PATH), film_bvh(capture(), PATH))


class TestTime:
    @pytest.mark.parametrize(
        ("fps", "filmed", "frames"),
        [
            (24.0, 24.0, 50),
            (60.0, 60.0, 50),
            (60.0024, 60.0024, 50),
            (75.0, 37.5, 25),
            (90.0, 45.0, 25),
            (120.0, 60.0, 25),
            (120 / 1.001, 60 / 1.001, 25),
            (240.0, 60.0, 13),
        ],
    )
    def test_more_than_60_frames_a_second_are_thinned(
        self, fps: float, filmed: float, frames: int
    ) -> None:
        turns = dance(50)
        track = film_bvh(capture(turns=turns, frames=50, fps=fps), PATH)
        assert (track.fps, len(track)) == (pytest.approx(filmed, rel=1e-9), frames)

    def test_a_thinned_track_keeps_the_pace(self) -> None:
        slow = film_bvh(capture(turns=dance(60), frames=60, fps=60), PATH)
        turns = {name: np.repeat(np.array(turn), 2, axis=0) for name, turn in dance(60).items()}
        assert_same(film_bvh(capture(turns=turns, frames=120, fps=120), PATH), slow)

    def test_long_captures_are_moved_block_by_block_alike(self) -> None:
        turns = {name: np.tile(np.array(turn), (60, 1)) for name, turn in dance(24).items()}
        track = film_bvh(capture(turns=turns, frames=1440), PATH)
        assert_allclose(track.xy[:24], track.xy[-24:], atol=0.01)
        assert_allclose(track.xy[984:1008], track.xy[:24], atol=0.01)

    def test_one_frame_is_enough(self) -> None:
        assert len(film_bvh(capture(frames=1), PATH)) == 1

    def test_a_first_frame_in_another_pose_is_left_out(self) -> None:
        """The CMU's captures begin with a T, whatever is danced then."""
        frames = 60
        turns = {name: np.array(turn) for name, turn in dance(frames).items()}
        turns["left_shoulder"] = turns["left_shoulder"] - [0, 0, 80]
        turns["right_shoulder"] = turns["right_shoulder"] + [0, 0, 80]
        turns["hips"] = turns["hips"] + [0, 50, 0]
        clean = capture("cmu", turns=turns, travel=travel(frames), frames=frames)
        start = capture("cmu", frames=frames)
        jump = replace(clean, values=np.concatenate([start.values[:1], clean.values[1:]]))
        calm = replace(clean, values=np.concatenate([clean.values[1:2], clean.values[1:]]))
        assert len(film_bvh(jump, PATH)) == frames
        assert_same(film_bvh(jump, PATH), film_bvh(calm, PATH))

    def test_a_dance_that_begins_at_once_keeps_its_first_frame(self) -> None:
        t = np.arange(30)
        turns = {"left_shoulder": np.outer(np.minimum(15 * t, 80), [0, 0, 1])}
        track = film_bvh(capture(turns=turns, frames=30), PATH)
        y = track.xy[:, INDEX["left_wrist"], 1]
        assert y[0] > y[1] + 10


class TestRefused:
    def test_a_joint_that_is_not_found_is_asked_for(self) -> None:
        with pytest.raises(InputError, match=r"^dance\.bvh: which joint is head, left_shoulder, "):
            film_bvh(capture("unknown"), PATH)

    @pytest.mark.parametrize("size", [0.0, 1e-9])
    def test_a_body_without_size_is_refused(self, size: float) -> None:
        with pytest.raises(InputError) as error:
            film_bvh(capture(unit=size), PATH)
        assert str(error.value) == "dance.bvh: the body has no size; is the file damaged?"

    def test_a_body_without_width_is_refused(self) -> None:
        flat = capture()
        joints = tuple(replace(j, offset=(0.0, *j.offset[1:])) for j in flat.joints)
        with pytest.raises(InputError) as error:
            film_bvh(replace(flat, joints=joints), PATH)
        assert str(error.value) == (
            "dance.bvh: the body has no width; are the joints named correctly?"
        )


class TestJumpingJacks:
    """Three jumping jacks of a real capture."""

    @pytest.fixture
    def track(self, clips: Path) -> PoseTrack:
        path = clips / "jumping_jacks.bvh"
        if not path.is_file():
            pytest.skip(f"needs {path}, which is not part of the project")
        return film_bvh(read_bvh(path), path)

    def test_all_frames_are_filmed(self, track: PoseTrack) -> None:
        assert (len(track), track.fps, track.size) == (125, 30.0, SIZE)
        assert (track.confidence == 1).all()
        assert (track.xy > 0).all()
        assert (track.xy < SIZE).all()

    def test_hands_rise_above_the_head_and_come_down_three_times(self, track: PoseTrack) -> None:
        hands = track.xy[:, [INDEX["left_wrist"], INDEX["right_wrist"]], 1]
        above = hands.max(axis=1) < track.xy[:, INDEX["left_eye"], 1]
        below = hands.min(axis=1) > track.xy[:, INDEX["mid_hip"], 1]
        assert np.flatnonzero(np.diff(above.astype(int)) == 1).size == 3
        assert np.flatnonzero(np.diff(below.astype(int)) == 1).size == 3
        assert below[0]
        assert below[-1]

    def test_feet_spread_as_the_hands_rise(self, track: PoseTrack) -> None:
        apart = track.xy[:, INDEX["left_ankle"], 0] - track.xy[:, INDEX["right_ankle"], 0]
        hands = -track.xy[:, [INDEX["left_wrist"], INDEX["right_wrist"]], 1].mean(axis=1)
        assert apart.min() > 0
        assert apart.max() > 4 * apart.min()
        assert np.corrcoef(apart, hands)[0, 1] > 0.9

    def test_it_looks_into_the_camera_its_left_on_the_right_of_the_picture(
        self, track: PoseTrack
    ) -> None:
        for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "eye", "ear"):
            left, right = (track.xy[:, INDEX[f"{side}_{joint}"], 0] for side in ("left", "right"))
            assert (left > right).all()
