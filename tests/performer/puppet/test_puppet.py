"""A puppet: cut out of a picture, posed as a dancer, painted, kept in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dancenow.errors import InputError
from dancenow.performer import Performer, is_performer
from dancenow.performer.puppet.config import PuppetConfig
from dancenow.performer.puppet.cutting import _below_hem, cut_parts
from dancenow.performer.puppet.painting import paint
from dancenow.performer.puppet.performer import Puppet, PuppetScene, View
from dancenow.performer.puppet.posing import Poser, side_of
from dancenow.performer.puppet.views import ViewChooser
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import frame_height
from dancenow.pose.layout import INDEX, MIRROR
from dancenow.pose.normalize import pose_statistics
from dancenow.pose.retarget import body_shape
from dancenow.pose.track import FloatArray
from motions import CPU, dancing, without

Frame = NDArray[np.uint8]
SIZE = (300, 300)
LIMBS = (
    (("left_hip", "left_knee", "left_ankle", "left_big_toe"), (40, 40, 200), 26),
    (("right_hip", "right_knee", "right_ankle", "right_big_toe"), (40, 160, 40), 26),
    (("mid_hip", "neck"), (200, 40, 40), 50),
    (("neck", "nose"), (240, 200, 160), 30),
    (("left_shoulder", "left_elbow", "left_wrist"), (230, 230, 40), 16),
    (("right_shoulder", "right_elbow", "right_wrist"), (40, 220, 220), 16),
)


def still(dance: str = "wave", frame: int = 0) -> FloatArray:
    return dancing("lin", dance, seconds=2, fps=10, size=SIZE).keypoints[frame]


def drawn(pose: FloatArray) -> tuple[Frame, Frame]:
    """A person with limbs of different colours before grey, and the mask."""
    picture, mask = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8), np.zeros(SIZE[::-1], np.uint8)
    for names, colour, width in LIMBS:
        points = pose[[INDEX[name] for name in names], :2].round().astype(np.int32)
        for canvas, value in ((picture, colour), (mask, (255,))):
            cv2.polylines(canvas, [points], False, value, width)
    return picture, mask


def view_of(pose: FloatArray) -> View:
    picture, mask = drawn(pose)
    height = frame_height(pose)
    return View(pose, height, cut_parts(picture, mask, pose, height))


def puppet_of(*poses: FloatArray) -> Puppet:
    plate = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    track = PoseTrack(np.repeat(poses[0][None], 8, axis=0), 25.0, SIZE)
    scene = PuppetScene(plate, pose_statistics(track), body_shape(track))
    return Puppet(PuppetConfig(), scene, [view_of(pose) for pose in poses], CPU, {"steps": 0})


def place(picture: Frame, colour: tuple[int, int, int]) -> NDArray[np.float64]:
    """The middle of what has a colour, x and y; NaN if nothing has."""
    own = np.abs(picture.astype(int) - colour).max(axis=-1) < 40
    return np.argwhere(own).mean(axis=0)[::-1] if own.any() else np.full(2, np.nan)


def from_behind(pose: FloatArray, x: float) -> FloatArray:
    """The same person seen from behind: left is left in the picture, and no face is seen."""
    turned = pose.copy()
    turned[:, 0] = np.where(turned[:, 2] > 0, 2 * x - turned[:, 0], 0)
    turned[[INDEX[n] for n in ("nose", "left_eye", "right_eye")]] = 0
    turned[25:95] = 0
    return turned


def test_in_the_pose_of_the_photo_it_looks_as_there() -> None:
    pose = still()
    picture, mask = drawn(pose)
    shown = next(puppet_of(pose).perform(PoseTrack(pose[None], 25.0, SIZE)))
    inside = cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0
    assert np.abs(shown.astype(int) - picture)[inside].mean() < 6
    assert np.abs(shown.astype(int) - 120)[cv2.dilate(mask, np.ones((9, 9))) == 0].max() < 3


@pytest.mark.parametrize("frame", [5, 10, 15])
def test_its_limbs_lie_where_the_dancers_do(frame: int) -> None:
    pose, dancer = still(), still(frame=frame)
    shown = next(puppet_of(pose).perform(PoseTrack(dancer[None], 25.0, SIZE)))
    goal, _ = drawn(dancer)
    for _, colour, _ in LIMBS:
        assert np.linalg.norm(place(shown, colour) - place(goal, colour)) < 0.08 * SIZE[1]


def test_it_keeps_its_side_when_the_dancer_turns_away() -> None:
    """And its left arm does what the dancer's left arm does, as if seen from the front."""
    pose = still()
    puppet = puppet_of(pose)
    front = still(frame=8)
    behind = from_behind(front, float(front[INDEX["mid_hip"], 0]))
    track = PoseTrack(np.stack([front, *[behind] * 20]), 25.0, SIZE)
    first, *_, last = puppet.perform(track)
    for _, colour, _ in LIMBS[4:]:
        assert np.linalg.norm(place(first, colour) - place(last, colour)) < 8


def test_with_a_photo_from_behind_it_turns() -> None:
    pose = still()
    back = from_behind(pose, float(pose[INDEX["mid_hip"], 0]))
    back[INDEX["nose"]] = (*(back[INDEX["neck"], :2] + (0, -40)), 1)
    chooser = ViewChooser([pose, back])
    assert chooser.choose(pose, 25) == [(0, 1.0)]
    shown = [chooser.choose(back, 25) for _ in range(20)]
    assert len(shown[0]) == 2 or len(shown[8]) == 2  # it fades
    assert shown[-1] == [(1, 1.0)]
    assert [chooser.choose(pose, 25) for _ in range(20)][-1] == [(0, 1.0)]
    frames = list(puppet_of(pose, back).perform(PoseTrack(np.stack([pose, back]), 25.0, SIZE)))
    assert len(frames) == 2


def test_a_limb_that_is_hidden_comes_from_the_other_side() -> None:
    pose = without(PoseTrack(still()[None], 25.0, SIZE), INDEX["left_elbow"], INDEX["left_wrist"])
    hidden = pose.keypoints[0].copy()
    hidden[INDEX["left_shoulder"]] = still()[INDEX["left_shoulder"]]
    shown = next(puppet_of(hidden).perform(PoseTrack(still()[None], 25.0, SIZE)))
    arms = np.abs(shown.astype(int) - LIMBS[5][1]).max(axis=-1) < 40
    middle = int(still()[INDEX["mid_hip"], 0])
    assert arms[:, :middle].sum() > 50 and arms[:, middle:].sum() > 50


def test_what_an_arm_hides_is_completed() -> None:
    """An arm before the trunk leaves no hole when it is raised."""
    pose = still().copy()
    hip, neck = pose[INDEX["mid_hip"], :2], pose[INDEX["neck"], :2]
    pose[INDEX["left_elbow"], :2] = pose[INDEX["left_shoulder"], :2] + (8, 40)
    pose[INDEX["left_wrist"], :2] = (hip + neck) / 2 - (12, 0)
    pose[95:116] = 0  # the hand follows the forearm
    shown = next(puppet_of(pose).perform(PoseTrack(still()[None], 25.0, SIZE)))
    x, y = ((hip + neck) / 2).astype(int)
    assert (
        np.abs(shown[y - 20 : y + 20, x - 10 : x + 10].astype(int) - 120).max(axis=-1) > 40
    ).all()


def test_limbs_that_point_at_the_camera_get_their_length() -> None:
    pose = still().copy()
    shoulder = pose[INDEX["left_shoulder"], :2]
    pose[INDEX["left_elbow"], :2] = np.add(shoulder, (4, 12))
    poser = Poser(pose, frame_height(pose), frame_height(pose))
    posed = poser.pose(still(frame=8), 25)
    length = np.linalg.norm(
        np.diff(posed[[INDEX["left_shoulder"], INDEX["left_elbow"]], :2], axis=0)
    )
    assert length > 0.12 * frame_height(pose) * 0.9


def test_a_skirt_is_told_from_trousers() -> None:
    pose = still()
    height = frame_height(pose)
    _, trousers = drawn(pose)
    assert _below_hem(trousers, pose, height, None) is None
    left, right, knees = (
        pose[INDEX["left_hip"], :2], pose[INDEX["right_hip"], :2],
        (pose[INDEX["left_knee"], :2] + pose[INDEX["right_knee"], :2]) / 2,
    )  # fmt: skip
    hem = knees[1] - 8
    corners = np.array(
        [
            np.subtract(right, (10, 10)),
            np.add(left, (10, -10)),
            (knees[0] + 60, hem),
            (knees[0] - 60, hem),
        ]
    )
    skirt = trousers.copy()
    cv2.fillConvexPoly(skirt, corners.astype(np.int32), (255,))
    below = _below_hem(skirt, pose, height, None)
    assert below is not None
    line = np.flatnonzero(below[:, int(knees[0])] > 0)[0]
    assert abs(line - hem) < 0.12 * (knees[1] - left[1]) + 4


def test_who_is_not_in_the_picture_is_not_painted() -> None:
    pose = still()
    layers = puppet_of(pose).layers(PoseTrack(np.stack([pose, np.zeros_like(pose)]), 25.0, SIZE))
    first, second = layers
    assert first.pixels.size and not second.pixels.size
    with pytest.raises(InputError, match="nobody"):
        list(puppet_of(pose).perform(PoseTrack(np.zeros_like(pose)[None], 25.0, SIZE)))
    far = pose.copy()
    far[:, 0] += 2000
    assert not paint(view_of(pose).parts, far, SIZE, 1.0).pixels.size


def test_it_stays_where_it_is_while_the_hips_are_not_seen() -> None:
    pose = still()
    poser = Poser(pose, frame_height(pose), frame_height(pose))
    before = poser.pose(pose, 25)
    hidden = pose.copy()
    hidden[[INDEX[n] for n in ("mid_hip", "left_hip", "right_hip", "left_knee", "right_knee")]] = 0
    after = poser.pose(hidden, 25)
    hip = INDEX["mid_hip"]
    assert np.linalg.norm(after[hip, :2] - before[hip, :2]) < 6
    hidden[INDEX["neck"]] = 0
    assert np.linalg.norm(poser.pose(hidden, 25)[hip, :2] - after[hip, :2]) < 6


def test_in_a_folder_it_stays_as_it_is(tmp_path: Path) -> None:
    puppet = puppet_of(still(), still(frame=8))
    puppet.save(tmp_path)
    assert is_performer(tmp_path)
    again = Performer.load(tmp_path, CPU)
    assert again.preset == "puppet" and again.scene.size == SIZE
    track = dancing("lin", "wave", seconds=2, fps=10, size=SIZE)[:6]
    for old, new in zip(puppet.perform(track), again.perform(track), strict=True):
        assert np.abs(old.astype(int) - new).mean() < 0.1
    (tmp_path / "photo2_body.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="the performer is damaged"):
        Performer.load(tmp_path, CPU)
    (tmp_path / "photo2_body.png").unlink()
    with pytest.raises(InputError, match=r"photo2_body.png is missing"):
        Performer.load(tmp_path, CPU)
    Image.fromarray(np.zeros((9, 9, 4), np.uint8)).save(tmp_path / "photo2_body.png")
    with pytest.raises(InputError, match=r"is 9 x 9 pixels and was .* keep its size"):
        Performer.load(tmp_path, CPU)
    puppet.save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for name, value in (("name", "../../x"), ("name", "left_arm_2"), ("bones", [[0.5, 1, 0.1]])):
        document = json.loads(json.dumps(config))
        document["scene"]["views"][0]["parts"][0][name] = value
        (tmp_path / "config.json").write_text(json.dumps(document))
        with pytest.raises(InputError, match=r"the performer is damaged|keep its size"):
            Performer.load(tmp_path, CPU)


def test_the_side_that_is_shown() -> None:
    pose = still().astype(np.float64)
    assert side_of(pose) > 0.3
    assert side_of(pose[list(MIRROR)]) < -0.3
    assert side_of(np.zeros_like(pose)) == 0
