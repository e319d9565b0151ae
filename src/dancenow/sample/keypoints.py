"""The true keypoints of a posed performer, in the layout of `dancenow.pose.layout`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from dancenow.pose.body_size import height_in_space
from dancenow.pose.face_model import face_features
from dancenow.pose.layout import (
    BODY,
    FACE,
    FINGERS,
    INDEX,
    LEFT_HAND,
    MIDPOINTS,
    NUM_KEYPOINTS,
    RIGHT_HAND,
    SIDES,
)
from dancenow.sample.figure import head_point
from dancenow.sample.kinematics import (
    JOINT,
    Array,
    BodyPose,
    PosedSkeleton,
    Skeleton,
    forward_kinematics,
)
from dancenow.sample.pinhole import PinholeCamera
from dancenow.sample.sdf import ImplicitBody, closest, distances, melt

_JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_ON_FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")


class KeypointProjector:
    """Projects the keypoints of one performer.

    Confidence is 1 if a keypoint is visible, otherwise 0: outside the picture, and for points of
    face and hands also behind the head or the trunk.  Joints of trunk, arms and legs keep
    confidence 1 behind other limbs, as in OpenPose's labels.
    """

    def __init__(self, skeleton: Skeleton, body: ImplicitBody, camera: PinholeCamera) -> None:
        self.skeleton = skeleton
        self.body = body
        self.camera = camera
        # Features move so little over the face that tracing it once is enough.
        self._depth = self._surface(face_features(mouth=0.0, blink=0.0))
        self._depth[:17] = 0.03 + 0.23 * np.sin(np.pi * np.arange(17) / 16)  # the jaw's outline

    def keypoints(self, placed: PosedSkeleton) -> NDArray[np.float32]:
        """Keypoints, float32 `(137, 3)`: x and y pixels, confidence 0 or 1; missing ones are 0."""
        points = self._points(placed)
        head = [INDEX[name] for name in _ON_FACE]
        seen = self.camera.project(points)
        width, height = self.camera.size
        inside = (
            (seen[:, 0] >= 0) & (seen[:, 0] < width) & (seen[:, 1] >= 0) & (seen[:, 1] < height)
        )
        small = np.r_[head, FACE, LEFT_HAND, RIGHT_HAND]
        inside[small] &= ~self._hidden(placed, points[small])
        # The outline of a face is visible from behind, but no face is.
        head_turn = placed.rotations[JOINT["head"]][:, 2]
        if head_turn @ (self.camera.eye - placed.at("head")) < 0:
            inside[np.r_[head[:3], FACE]] = False
        seen[:, 2] = 1.0
        return np.where(inside[:, None], seen, 0.0).astype(np.float32)

    def depth(self, placed: PosedSkeleton) -> NDArray[np.float32]:
        """How far keypoints are behind the hips, `(137,)` in body heights; see `PoseTrack`."""
        points = self._points(placed)
        away = -points[:, 2]  # the camera looks along -z
        behind = (away - away[INDEX["mid_hip"]]) / height_in_space(points)
        return np.asarray(behind, np.float32)

    def _points(self, placed: PosedSkeleton) -> Array:
        """The keypoints in the world, `(137, 3)`, metres."""
        points = np.zeros((NUM_KEYPOINTS, 3))
        self._body(placed, points[BODY])
        points[FACE] = self._face(placed)
        for side, part in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
            points[part] = self._hand(placed, side)
        eye, face = INDEX["face_left_pupil"], INDEX["face_nose_bridge_3"]
        points[INDEX["left_eye"]], points[INDEX["right_eye"]] = points[eye], points[eye - 1]
        points[INDEX["nose"]] = points[face]
        return points

    def _body(self, placed: PosedSkeleton, out: Array) -> None:
        foot = self.skeleton.proportions.foot
        for side in SIDES:
            for joint in _JOINTS:
                out[INDEX[f"{side}_{joint}"]] = placed.at(f"{side}_{joint}")
            sign = 1 if side == "left" else -1
            ankle, toe = self.skeleton.at(f"{side}_ankle"), self.skeleton.at(f"{side}_toe")
            heel = np.array([ankle[0], 0.02, -0.27 * foot])
            big = np.array([toe[0] - 0.02 * sign, 0.02, toe[2] + 0.27 * foot])
            small = np.array([toe[0] + 0.03 * sign, 0.02, toe[2] + 0.17 * foot])
            out[INDEX[f"{side}_heel"]] = placed.carry(f"{side}_ankle", heel)
            out[INDEX[f"{side}_big_toe"]] = placed.carry(f"{side}_toe", big)
            out[INDEX[f"{side}_small_toe"]] = placed.carry(f"{side}_toe", small)
            ear = np.array(head_point(self.skeleton, 0.325 * sign, 0.47, -0.01))
            out[INDEX[f"{side}_ear"]] = placed.carry("head", ear)
        for name, left, right in MIDPOINTS:
            out[INDEX[name]] = 0.5 * (out[INDEX[left]] + out[INDEX[right]])

    def _face(self, placed: PosedSkeleton) -> Array:
        features = np.column_stack([face_features(placed.mouth, placed.blink), self._depth])
        points = np.array([head_point(self.skeleton, u, v, w) for u, v, w in features])
        return placed.carry("head", points)

    def _surface(self, features: Array) -> Array:
        """How far forward the face is at (u, v), in head heights: traced from the front."""
        rest = forward_kinematics(self.skeleton, BodyPose())
        index = torch.from_numpy(np.flatnonzero(self.body.part == self.body.parts.index("skin")))
        to_local = self.body.posed(rest).to_local[index]
        shape = self.body.shape[:, index, None]
        head = self.skeleton.proportions.head
        start = np.array([head_point(self.skeleton, u, v, 0.6) for u, v in features])
        points = torch.from_numpy(start.T.astype(np.float32)).contiguous()
        blend = self.body.blend[self.body.parts.index("skin")].expand(points.shape[1])
        for _ in range(24):
            local = torch.einsum("pij,jn->ipn", to_local[:, :, :3], points)
            x, y, z = local + to_local[:, :, 3].T[:, :, None]
            points[2] -= melt(distances(x, y, z, shape), blend).clamp_min(0.0)
            points[2].clamp_(min=0.0)
        return (points[2] / head).double().numpy()

    @staticmethod
    def _hand(placed: PosedSkeleton, side: str) -> Array:
        names = [f"{side}_{finger}_{i}" for finger in FINGERS for i in (1, 2, 3)]
        joints = np.array([placed.at(name) for name in names]).reshape(5, 3, 3)
        tips = placed.skeleton.fingertips[slice(0, 5) if side == "left" else slice(5, 10)]
        ends = [placed.carry(f"{side}_{f}_3", tip) for f, tip in zip(FINGERS, tips, strict=True)]
        fingers = np.concatenate([joints, np.array(ends)[:, None]], axis=1).reshape(20, 3)
        return np.concatenate([placed.at(f"{side}_wrist")[None], fingers])

    def _hidden(self, placed: PosedSkeleton, points: Array) -> NDArray[np.bool_]:
        """Whether the body hides points `(N, 3)` from the camera."""
        index = self.body.shades
        to_local = self.body.posed(placed).to_local[index]
        eye = torch.from_numpy(self.camera.eye.astype(np.float32))
        towards = torch.from_numpy((points - self.camera.eye).astype(np.float32)).T
        origin = (to_local[:, :, :3] @ eye + to_local[:, :, 3]).T[:, :, None]
        direction = torch.einsum("pij,jn->ipn", to_local[:, :, :3], towards)
        t, d = closest(origin, direction, self.body.shape[:, index, None])
        length = towards.norm(dim=0)
        hidden = (d < -0.008) & ((1 - t) * length > 0.03)
        return np.asarray(hidden.any(dim=0).numpy())
