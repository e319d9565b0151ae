"""A motion capture as a camera would have seen it: a pose track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.mocap.bvh import Bvh
from dancenow.mocap.skeleton import FINGERS, SIDES, find_joints
from dancenow.pose import PoseTrack
from dancenow.pose.layout import FACE, INDEX, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from dancenow.sample.face import NOSE_TIP, face_features

Array = NDArray[np.float64]

SIZE: Final = (1280, 720)  # px of the virtual camera's picture

_DISTANCE: Final = 4.0  # of the camera, in body heights: as one films a dancer
_EYE: Final = 0.6  # its height, likewise
_TALL: Final = 0.62  # part of the picture's height that the standing body fills, at most
_MARGIN: Final = 0.04  # of the picture's height
_CALM_FPS: Final = 60.0  # captures of 120 frames a second are thinned to this
# Of a usual body, in body heights (Drillis and Contini, 1966): what a capture does not hold.
_HEAD: Final = 0.13  # from the chin to the top
_CHIN: Final = -0.01  # above the head's joint
_DEEP: Final = 0.06  # from the head's joint to the front of the face
_EAR: Final = 0.042
_SOLE: Final = 0.039  # from the ankle to the ground
_TOES: Final = 0.11
_HEEL: Final = 0.05
_FOOT_WIDE: Final = 0.035
_HAND: Final = 0.1
_FOREHEAD: Final = 0.9  # of the legs' and trunk's length: what the head adds is not measured


@dataclass(frozen=True)
class _Figure:
    """A body in its own axes: x to its left at the beginning, y up, z where it looks; in heights.

    Attributes:
        places: `(T, J, 3)`.
        turns: `(T, J, 3, 3)`, from the rest pose in the same axes.
        at: numbers of the joints by our names.
        ends: numbers of end sites by the number of their joint.
    """

    places: Array
    turns: Array
    at: dict[str, int]
    ends: dict[int, int]

    def __getitem__(self, name: str) -> Array:
        return self.places[:, self.at[name]]


def film_bvh(bvh: Bvh, path: Path, *, azimuth: float = 0.0) -> PoseTrack:
    """The keypoints of a motion capture, seen by a camera in front of it.

    The axis that points up and the unit of length are found from the body itself; the face, the
    heels, and hands without fingers are those of a usual body.

    Args:
        bvh: the capture.
        path: its file, for messages and for `STEM.joints.json` beside it.
        azimuth: degrees; 0 films from where the body looks at the beginning, 90 from its left.

    Returns:
        A track of 1280 x 720 px, at most 60 frames a second.

    Raises:
        InputError: a joint is not found, or the body has no size.
    """
    if not np.isfinite(azimuth):
        raise InputError(f"--camera must be an angle in degrees, not {azimuth:g}.")
    step = max(1, round(bvh.fps / _CALM_FPS))
    thinned = Bvh(bvh.joints, bvh.values[::step], bvh.fps / step)
    figure = _figure(thinned, find_joints(bvh, path), path)
    points, hidden = _points(figure)
    turn = np.radians(azimuth)
    across = np.array([np.cos(turn), 0, -np.sin(turn)])  # the picture's x, seen from the front
    towards = np.array([np.sin(turn), 0, np.cos(turn)])  # to the camera
    x, y, depth = points @ across, points[..., 1], points @ towards
    middle = float(np.median(x[:, INDEX["mid_hip"]]))
    near = _DISTANCE / np.maximum(_DISTANCE - (depth - np.median(depth)), 0.5)
    x, y = (x - middle) * near, (y - _EYE) * near
    seen = hidden @ towards <= 0
    return _framed(x, y, seen, thinned.fps)


def _figure(bvh: Bvh, at: dict[str, int], path: Path) -> _Figure:
    places, turns = bvh.kinematics()
    rest = bvh.rest()
    up = _up(places, at)
    if up is None:
        raise InputError(f"{path}: the body has no size; is it damaged?")
    now, then = (_axes(body, at, up) for body in (places[: max(1, round(bvh.fps))], rest[None]))
    legs = sum(
        float(np.linalg.norm(rest[at[f"left_{b}"]] - rest[at[f"left_{a}"]]))
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    )
    hips = (rest[at["left_hip"]] + rest[at["right_hip"]]) / 2
    trunk = float(np.linalg.norm(rest[at["head"]] - hips))
    height = (legs + trunk) / _FOREHEAD / (1 - _SOLE)
    placed = (places @ now.T) / height
    feet = placed[:, [at["left_ankle"], at["right_ankle"]], 1].min(axis=1)
    placed[..., 1] -= np.quantile(feet, 0.05) - _SOLE
    turned = now @ turns @ then.T  # from the rest pose in the body's axes to the world's
    ends = {joint.parent: number for number, joint in enumerate(bvh.joints) if not joint.channels}
    return _Figure(placed, turned, at, ends)


def _up(places: Array, at: dict[str, int]) -> Array | None:
    """The axis of the file that points up: from the feet to the head, most of the time."""
    feet = (places[:, at["left_ankle"]] + places[:, at["right_ankle"]]) / 2
    rise = np.median(places[:, at["head"]] - feet, axis=0)
    axis = int(np.abs(rise).argmax())
    if not np.abs(rise[axis]) > 1e-9:
        return None
    up = np.zeros(3)
    up[axis] = np.sign(rise[axis])
    return up


def _axes(places: Array, at: dict[str, int], up: Array) -> Array:
    """Rows: the body's left, up, and where it looks."""
    left = sum(
        np.median(places[:, at[f"left_{joint}"]] - places[:, at[f"right_{joint}"]], axis=0)
        for joint in ("hip", "shoulder")
    )
    left = left - (left @ up) * up
    left = left / max(float(np.linalg.norm(left)), 1e-9)
    return np.stack([left, up, np.cross(left, up)])


def _points(figure: _Figure) -> tuple[Array, Array]:
    """The keypoints `(T, 137, 3)`, and of each a direction from which it cannot be seen.

    The directions, `(T, 137, 3)`, point to where a camera does not see the keypoint; 0 where it
    is always seen.
    """
    count = len(figure.places)
    points, hidden = np.zeros((count, NUM_KEYPOINTS, 3)), np.zeros((count, NUM_KEYPOINTS, 3))
    for side in SIDES:
        for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
            points[:, INDEX[f"{side}_{joint}"]] = figure[f"{side}_{joint}"]
        _add_foot(points, figure, side)
        _add_hand(points, figure, side)
    for middle, joint in (("neck", "shoulder"), ("mid_hip", "hip")):
        ends = points[:, [INDEX[f"{side}_{joint}"] for side in SIDES]]
        points[:, INDEX[middle]] = ends.mean(axis=1)
    _add_head(points, hidden, figure)
    return points, hidden


def _add_head(points: Array, hidden: Array, figure: _Figure) -> None:
    turn = figure.turns[:, figure.at["head"]]
    left, up, ahead = turn[..., 0], turn[..., 1], turn[..., 2]
    origin = figure["head"] + _CHIN * up
    features = face_features(0.0, 0.0)
    u, v = features[:, 0], features[:, 1]
    bulge = 1 - (u / 0.33) ** 2 - ((v - 0.45) / 0.75) ** 2
    front = _DEEP * np.sqrt(np.maximum(bulge, 0.0))
    front[27:31] += 0.02 * np.linspace(0.2, 1, 4)  # the bridge of the nose
    for number in range(len(features)):
        points[:, FACE.start + number] = (
            origin + _HEAD * (u[number] * left + v[number] * up) + front[number] * ahead
        )
    points[:, INDEX["nose"]] = origin + _HEAD * NOSE_TIP[1] * up + (_DEEP + 0.02) * ahead
    for side, sign in zip(SIDES, (1, -1), strict=True):
        points[:, INDEX[f"{side}_eye"]] = points[:, INDEX[f"face_{side}_pupil"]]
        points[:, INDEX[f"{side}_ear"]] = origin + 0.47 * _HEAD * up + sign * _EAR * left
        hidden[:, INDEX[f"{side}_ear"]] = -sign * left - 0.4 * ahead
    face = [INDEX["nose"], INDEX["left_eye"], INDEX["right_eye"], *range(FACE.start, FACE.stop)]
    hidden[:, face] = -ahead[:, None]


def _add_foot(points: Array, figure: _Figure, side: str) -> None:
    ankle = figure[f"{side}_ankle"]
    turn = figure.turns[:, figure.at[f"{side}_ankle"]]
    ahead, down = turn[..., 2], -turn[..., 1]
    if f"{side}_toe" in figure.at:
        ahead = figure[f"{side}_toe"] - ankle
        end = figure.ends.get(figure.at[f"{side}_toe"])
        if end is not None:
            ahead = figure.places[:, end] - ankle
        ahead = ahead - (ahead * down).sum(axis=-1, keepdims=True) * down
        ahead /= np.maximum(np.linalg.norm(ahead, axis=-1, keepdims=True), 1e-9)
    outside = (1 if side == "left" else -1) * np.cross(-down, ahead)
    sole = ankle + 0.8 * _SOLE * down
    points[:, INDEX[f"{side}_heel"]] = sole - _HEEL * ahead
    points[:, INDEX[f"{side}_big_toe"]] = sole + _TOES * ahead - 0.3 * _FOOT_WIDE * outside
    points[:, INDEX[f"{side}_small_toe"]] = sole + 0.85 * _TOES * ahead + _FOOT_WIDE * outside


def _add_hand(points: Array, figure: _Figure, side: str) -> None:
    """The fingers of the capture, or a hand that hangs open."""
    first = (LEFT_HAND if side == "left" else RIGHT_HAND).start
    wrist = figure[f"{side}_wrist"]
    points[:, first] = wrist
    along = wrist - figure[f"{side}_elbow"]
    along = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
    ahead = figure.turns[:, figure.at[f"{side}_elbow"]][..., 2]
    across = ahead - (ahead * along).sum(axis=-1, keepdims=True) * along
    across = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    for finger, name in enumerate(FINGERS):
        spread = (0.35, 0.16, 0.05, -0.06, -0.17)[finger]
        reach = (0.55, 0.95, 1.0, 0.95, 0.8)[finger]
        knuckle = 0.25 if finger == 0 else 0.5
        for part in range(1, 5):
            joint = figure.at.get(f"{side}_{name}_{part}")
            at = first + 4 * finger + part
            if joint is not None:
                points[:, at] = figure.places[:, joint]
                continue
            before = figure.at.get(f"{side}_{name}_{part - 1}")
            if before is not None and before in figure.ends:
                points[:, at] = figure.places[:, figure.ends[before]]
                continue
            share = knuckle * reach + (reach - knuckle * reach) * (part - 1) / 3
            fan = spread * (0.5 + 0.5 * share)
            points[:, at] = wrist + _HAND * (share * along + fan * across)


def _framed(x: Array, y: Array, seen: NDArray[np.bool_], fps: float) -> PoseTrack:
    """The picture that holds all of it, the ground near its lower edge."""
    width, height = SIZE
    margin = _MARGIN * height
    top, bottom, side = float(y.max()), float(y.min()), float(np.abs(x).max())
    scale = min(
        _TALL * height,
        (height - 2 * margin) / max(top - bottom, 1e-6),
        (width / 2 - margin) / max(side, 1e-6),
    )
    keypoints = np.stack(
        [width / 2 + scale * x, height - margin + scale * (bottom - y), seen], axis=-1
    )
    keypoints[~seen] = 0
    return PoseTrack(keypoints.astype(np.float32), fps, SIZE)
