"""Faces: the dancer's expressions, the performer's looks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dancenow.performer.fast.faces import Bend, Looks, upright_face
from dancenow.pose.face_model import face_features
from dancenow.pose.layout import FACE, NUM_KEYPOINTS
from dancenow.pose.track import FloatArray

LIPS = slice(FACE.start + 48, FACE.start + 68)
IDENTITY = np.eye(2, 3)


def head(
    *, mouth: float = 0.0, wide: float = 1.0, turn: float = 0.0, size: float = 90.0
) -> FloatArray:
    """A pose with a face alone, seen frontally; `turn` in degrees, `size` in pixels."""
    points = face_features(mouth, 0.0) * (wide * size, -size)
    angle = np.deg2rad(turn)
    points = points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    pose = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    pose[FACE, :2], pose[FACE, 2] = points + np.array([100, 150]), 1
    return pose


class TestBend:
    def test_a_face_that_is_only_moved_and_turned_is_not_bent(self):
        old = head(turn=20)
        motion = cv2.getRotationMatrix2D((100, 100), 15, 1.1)
        new = old.copy()
        new[FACE, :2] = (old[FACE, :2] - 0.5) @ motion[:, :2].T + motion[:, 2] + 0.5
        bend = Bend.of(new, old, cv2.invertAffineTransform(motion))
        assert np.abs(bend.field((40, 40), (120, 130))).max() < 1e-3

    def test_an_opening_mouth_is_fetched_from_the_closed_one(self):
        """At the lower lip the field points up, to where that lip lies in the old face."""
        new, old = head(mouth=1.0), head()
        bend = Bend.of(new, old, IDENTITY)
        field = bend.field((0, 0), (200, 200))
        lip = FACE.start + 57  # the middle of the lower one
        x, y = np.round(new[lip, :2] - 0.5).astype(int)
        dropped = new[lip, 1] - old[lip, 1]
        assert dropped > 4
        assert -1.2 * dropped < field[y, x, 1] < -0.5 * dropped
        assert np.abs(field[:20]).max() < 0.1  # far above, nothing moves

    def test_the_field_of_a_part_is_a_part_of_the_field(self):
        bend = Bend.of(head(mouth=1.0), head(), IDENTITY)
        whole, part = bend.field((30, 20), (150, 160)), bend.field((60, 70), (80, 90))
        assert_allclose(part, whole[50:140, 30:110], atol=0.25)

    def test_a_small_face_is_not_bent(self):
        assert Bend.of(head(mouth=1.0, size=20), head(size=20), IDENTITY) is None

    def test_without_a_face_there_is_none(self):
        assert Bend.of(head(), np.zeros_like(head()), IDENTITY) is None


class TestLooks:
    @pytest.mark.parametrize("turn", [0, 25])
    def test_another_ones_face_takes_the_own_shape_and_keeps_its_expression(self, turn: float):
        looks = Looks(np.stack([head()] * 4))
        looks.meet(np.stack([head(wide=0.8)] * 30))
        neutral = looks.adapt(head(wide=0.8, turn=turn))
        assert_allclose(neutral[FACE, :2], looks_like(0.8, turn), atol=0.5)
        speaking = looks.adapt(head(wide=0.8, turn=turn, mouth=1.0))
        opened = speaking[LIPS, :2] - neutral[LIPS, :2]
        open_and_shut = [head(wide=0.8, turn=turn, mouth=m)[LIPS, :2] for m in (1.0, 0.0)]
        wanted = open_and_shut[0] - open_and_shut[1]
        assert_allclose(opened, wanted, atol=0.5)

    @pytest.mark.parametrize("turn", range(0, 95, 5))
    def test_a_face_from_the_side_tells_nothing(self, turn: int):
        """A head that turns away: its nose comes near the jaw's end, then beyond it."""
        depth = np.zeros(70)  # of the points, towards the camera, in head heights
        depth[27:36], depth[[0, 1, 15, 16]] = 0.35, -0.1
        depth[17:27] = depth[36:70] = depth[6:11] = 0.2
        pose, angle = head(), np.deg2rad(turn)
        across = face_features(0.0, 0.0)[:, 0]
        pose[FACE, 0] = 100 + 90 * (np.cos(angle) * across + np.sin(angle) * depth)
        assert (upright_face(pose) is not None) == (turn <= 10)

    def test_pupils_need_not_be_found(self):
        looks = Looks(head()[None])
        dancer = head(wide=0.8)
        dancer[FACE.start + 68 : FACE.stop] = 0
        looks.meet(dancer[None])
        adapted = looks.adapt(dancer)
        assert_allclose(adapted[FACE, :2][:68], looks_like(0.8)[:68], atol=0.5)
        assert_array_equal(adapted[FACE][68:], 0)

    def test_a_turned_face_changes_as_much_less_as_it_is_narrower(self):
        looks = Looks(head()[None])
        looks.meet(head(wide=0.8)[None])
        front, turned = head(wide=0.8), head(wide=0.4)
        changes = [looks.adapt(pose)[FACE, 0] - pose[FACE, 0] for pose in (front, turned)]
        assert_allclose(changes[1], changes[0] / 2, atol=0.1)

    def test_the_own_face_stays_as_it_is(self):
        looks = Looks(np.stack([head()] * 4))
        looks.meet(np.stack([head()] * 4))
        assert_allclose(looks.adapt(head(mouth=0.5)), head(mouth=0.5), atol=1e-3)

    def test_faces_that_are_never_seen_change_nothing(self):
        nobody = np.zeros((3, NUM_KEYPOINTS, 3), np.float32)
        for own, met in ((nobody, head()[None]), (head()[None], nobody)):
            looks = Looks(own)
            looks.meet(met)
            assert_array_equal(looks.adapt(head(wide=0.8)), head(wide=0.8))

    def test_the_next_dancer_is_met_anew(self):
        looks = Looks(head()[None])
        looks.meet(head(wide=0.6)[None])
        looks.reset()
        looks.meet(head(wide=0.9)[None])
        assert_allclose(looks.adapt(head(wide=0.9))[FACE, :2], looks_like(0.9), atol=0.5)


def looks_like(wide: float, turn: float = 0.0) -> FloatArray:
    """The performer's face where the dancer's lies: with the same eyes' middle and distance."""
    own, dancers = (head(wide=each, turn=turn)[FACE, :2] for each in (1.0, wide))
    middles = [face[36:48].mean(axis=0) for face in (own, dancers)]
    return np.asarray(middles[1] + wide * (own - middles[0]), np.float32)
