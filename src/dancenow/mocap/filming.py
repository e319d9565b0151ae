"""A motion capture as a pose track: seen by a virtual camera."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.mocap.bvh import Bvh, unit
from dancenow.mocap.skeleton import find_joints
from dancenow.pose import PoseTrack
from dancenow.pose.face_model import NOSE_TIP, face_features
from dancenow.pose.layout import (
    FACE,
    FINGERS,
    INDEX,
    LEFT_HAND,
    MIDPOINTS,
    NUM_KEYPOINTS,
    RIGHT_HAND,
    SIDES,
)

Array = NDArray[np.float64]

SIZE: Final = (1280, 720)  # pixels of the virtual camera's picture

# Of the camera, in body heights.
_DISTANCE: Final = 4.0
_NEAREST: Final = 2.0  # it moves back if the body would come nearer than this
_EYE: Final = 0.6  # its height

_TALL: Final = 0.62  # share of the picture's height that the standing body fills at most
_MARGIN: Final = 0.04  # of the picture's height
_CALM_FPS: Final = 60.0  # captures of 120 frames a second are thinned to this
_BEGINNING: Final = 0.5  # seconds at the start in which the body faces the camera
_SUDDEN: Final = 1.5  # body heights a second, mean of all joints: faster than anyone moves
_BLOCK: Final = 1000  # frames whose joints are computed at once
# What a capture lacks, of an average body, in body heights (Drillis and Contini, 1966).
_HEAD: Final = 0.13  # from the chin to the top
_CHIN: Final = -0.01  # above the head's joint
_DEEP: Final = 0.06  # from the head's joint to the front of the face
_EAR: Final = 0.042
_SOLE: Final = 0.039  # from the ankle to the ground
_TOES: Final = 0.11
_HEEL: Final = 0.05
_FOOT_WIDE: Final = 0.035
_HAND: Final = 0.1
_PROFILE: Final = 0.15  # sine of the angle beyond the profile at which a face is still seen
_FOREHEAD: Final = 0.9  # share of the height that legs and trunk make up; the head is not measured


@dataclass(frozen=True)
class _Figure:
    """A body in its own axes: x to its left at the start, y up, z forward; in body heights.

    Attributes:
        places: `(T, J, 3)`.
        turns: rotations of head, ankles and wrists by our names, `(T, 3, 3)` each; the columns
            are left, up and forward of a body that stands with its arms hanging or spread.
        hands: where the hands point, by our names of the wrists, `(T, 3)`.
        at: indices of the joints by our names.
        ends: indices of end sites by the index of their joint.
    """

    places: Array
    turns: dict[str, Array]
    hands: dict[str, Array]
    at: dict[str, int]
    ends: dict[int, int]

    def __getitem__(self, name: str) -> Array:
        return self.places[:, self.at[name]]


def film_bvh(bvh: Bvh, path: Path, *, azimuth: float = 0.0) -> PoseTrack:
    """The keypoints of a motion capture, seen by a camera in front of it.

    The up axis and the unit of length are found from the body itself; the face, the heels, and
    hands without fingers are those of an average body.  A first frame that no body could leave so
    fast is taken for a calibration pose and replaced with the second.

    Args:
        bvh: the capture.
        path: its file, for messages and for `STEM.joints.json` beside it.
        azimuth: degrees; 0 films from in front of the body at the start, 90 from its left.

    Returns:
        A track of 1280 x 720 px, at most 60 frames a second.

    Raises:
        InputError: a joint is not found, or the body has no size.
    """
    if not math.isfinite(azimuth):
        raise InputError(f"`camera` must be an angle in degrees, not {azimuth:g}.")
    step = max(1, math.ceil(bvh.fps / _CALM_FPS - 0.01))
    thinned = Bvh(bvh.joints, bvh.values[::step], bvh.fps / step)
    figure = _figure(thinned, find_joints(bvh, path), path)
    points, hidden = _points(figure)
    turn = np.radians(azimuth)
    across = np.array([np.cos(turn), 0, -np.sin(turn)])  # the picture's x, seen from the front
    towards = np.array([np.sin(turn), 0, np.cos(turn)])  # to the camera
    x, y, depth = points @ across, points[..., 1], points @ towards
    depth -= np.median(depth)
    away = max(_DISTANCE, float(depth.max()) + _NEAREST)
    middle = float(np.median(x[:, INDEX["mid_hip"]]))
    near = away / (away - depth)
    seen = (hidden @ towards).min(axis=0) <= _PROFILE
    return _framed((x - middle) * near, (y - _EYE) * near, seen, thinned.fps)


def _figure(bvh: Bvh, at: dict[str, int], path: Path) -> _Figure:
    turning = ["head", *(f"{side}_{joint}" for side in SIDES for joint in ("ankle", "wrist"))]
    places, turns = _moved(bvh, [at[name] for name in turning])
    height, up = _height(places, at), _up(places, at)
    if up is None or not height > 1e-6:
        raise InputError(f"{path}: the body has no size; is the file damaged?")
    if _starts_with_a_jump(places[:6] / height, at, bvh.fps):
        places[0], turns[0] = places[1], turns[1]
    now = _axes(places, at, up, round(_BEGINNING * bvh.fps))
    if now is None:
        raise InputError(f"{path}: the body has no width; are the joints named correctly?")
    placed = (places @ now.T) / height
    feet = placed[:, [at["left_ankle"], at["right_ankle"]], 1].min(axis=1)
    placed[..., 1] -= np.quantile(feet, 0.05) - _SOLE
    rest = bvh.rest()
    then = _standing(rest, at)
    own, hands = {}, {}
    for number, name in enumerate(turning):
        turned = now @ turns[:, number]
        if name.endswith("wrist"):
            along = rest[at[name]] - rest[at[name.replace("wrist", "elbow")]]
            hands[name] = turned @ unit(along)
        low = _low(placed[:, at[name], 1]) if name.endswith("ankle") else None
        if then is None or low is not None:
            own[name] = turned @ _settled(turned, placed, at, low)
        else:
            own[name] = turned @ then.T
    ends = {joint.parent: number for number, joint in enumerate(bvh.joints) if not joint.channels}
    return _Figure(placed, own, hands, at, ends)


def _moved(bvh: Bvh, turning: list[int]) -> tuple[Array, Array]:
    """Positions of all joints, `(T, J, 3)`, and rotations of some, `(T, N, 3, 3)`."""
    places, turns = [], []
    for first in range(0, len(bvh), _BLOCK):
        block = Bvh(bvh.joints, bvh.values[first : first + _BLOCK], bvh.fps)
        where, how = block.kinematics()
        places.append(where)
        turns.append(how[:, turning])
    return np.concatenate(places), np.concatenate(turns)


def _height(places: Array, at: dict[str, int]) -> float:
    """The body's height in the file's units, from its legs and its straightest trunk."""

    def length(a: Array, b: Array, quantile: float) -> float:
        return float(np.quantile(np.linalg.norm(a - b, axis=-1), quantile))

    legs = sum(
        length(places[:, at[f"{side}_{a}"]], places[:, at[f"{side}_{b}"]], 0.5) / 2
        for side in SIDES
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    )
    hips = (places[:, at["left_hip"]] + places[:, at["right_hip"]]) / 2
    trunk = length(places[:, at["head"]], hips, 0.9)
    return (legs + trunk) / _FOREHEAD / (1 - _SOLE) if min(legs, trunk) > 0 else 0.0


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


def _starts_with_a_jump(places: Array, at: dict[str, int], fps: float) -> bool:
    """Whether the first frame is not part of the motion; `places` are in body heights."""
    hips = (places[:, at["left_hip"]] + places[:, at["right_hip"]]) / 2
    steps = np.diff(places - hips[:, None], axis=0)
    speed = fps * np.linalg.norm(steps, axis=-1).mean(axis=1)
    return len(speed) == 5 and speed[0] > _SUDDEN and speed[0] > 2 * float(speed[1:].max())


def _leftward(places: Array, at: dict[str, int], up: Array) -> Array:
    """From the right hip and shoulder to the left ones, horizontally, `(T, 3)`."""
    hips = places[:, at["left_hip"]] - places[:, at["right_hip"]]
    left: Array = hips + places[:, at["left_shoulder"]] - places[:, at["right_shoulder"]]
    level: Array = left - (left @ up)[:, None] * up
    return level


def _axes(places: Array, at: dict[str, int], up: Array, frames: int = 1) -> Array | None:
    """Rows: the body's left, up and forward, over the first frames in which it is upright."""
    left = _leftward(places, at, up)
    width = np.linalg.norm(left, axis=1)
    if not width.max() > 1e-6:
        return None
    upright = unit(left[width > 0.5 * width.max()])[: max(1, frames)]
    mean = upright.mean(axis=0)
    first = unit(mean if np.linalg.norm(mean) > 0.1 else upright[0])  # else it spins
    return np.array([first, up, np.cross(first, up)], np.float64)


def _standing(rest: Array, at: dict[str, int]) -> Array | None:
    """The body's axes in the rest pose if it stands there; some files put all bones in a row."""
    hips, feet = ((rest[at[f"left_{a}"]] + rest[at[f"right_{a}"]]) / 2 for a in ("hip", "ankle"))
    up = _up(rest[None], at)
    if up is None or min(unit(hips - feet) @ up, unit(rest[at["head"]] - hips) @ up) < 0.7:
        return None
    return _axes(rest[None], at, up)


def _settled(
    turns: Array, placed: Array, at: dict[str, int], frames: NDArray[np.bool_] | None
) -> Array:
    """A joint's rotation from the file's axes to the body's, if it is upright on the whole.

    The rotation `(3, 3)` nearest to the mean over `frames`, or over all.
    """
    up = np.array([0.0, 1, 0])
    left = _leftward(placed, at, up)
    width = np.linalg.norm(left, axis=1)
    good = width > 0.3 * width.max()
    if frames is not None and (good & frames).any():
        good &= frames
    left = unit(left[good])
    body = np.stack([left, np.tile(up, (len(left), 1)), np.cross(left, up)], axis=-1)
    mean = (np.swapaxes(turns[good], 1, 2) @ body).mean(axis=0)
    u, _, v = np.linalg.svd(mean)
    return np.asarray(u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v)


def _low(height: Array) -> NDArray[np.bool_]:
    """Frames in which an ankle is low, so that its sole is on the ground."""
    return np.asarray(height <= np.quantile(height, 0.25) + 0.01)


def _points(figure: _Figure) -> tuple[Array, Array]:
    """The keypoints `(T, 137, 3)`, and two directions from which each cannot be seen.

    A camera in both directions, `(2, T, 137, 3)`, does not see the keypoint; 0 if it is always
    seen.
    """
    shape = (len(figure.places), NUM_KEYPOINTS, 3)
    points, hidden = np.zeros(shape), np.zeros((2, *shape))
    for side in SIDES:
        for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
            points[:, INDEX[f"{side}_{joint}"]] = figure[f"{side}_{joint}"]
        _add_foot(points, figure, side)
        _add_hand(points, figure, side)
    for name, left, right in MIDPOINTS:
        points[:, INDEX[name]] = points[:, [INDEX[left], INDEX[right]]].mean(axis=1)
    _add_head(points, hidden, figure)
    return points, hidden


def _add_head(points: Array, hidden: Array, figure: _Figure) -> None:
    left, up, ahead = np.moveaxis(figure.turns["head"], -1, 0)
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
        hidden[:, :, FACE.start + number] = -ahead - 2 * u[number] * left
    points[:, INDEX["nose"]] = origin + _HEAD * NOSE_TIP[1] * up + (_DEEP + 0.02) * ahead
    hidden[:, :, INDEX["nose"]] = -ahead
    for side, sign in zip(SIDES, (1, -1), strict=True):
        eye, pupil = INDEX[f"{side}_eye"], INDEX[f"face_{side}_pupil"]
        points[:, eye], hidden[:, :, eye] = points[:, pupil], hidden[:, :, pupil]
        points[:, INDEX[f"{side}_ear"]] = origin + 0.47 * _HEAD * up + sign * _EAR * left
        # From in front and from behind, both are seen.
        hidden[0, :, INDEX[f"{side}_ear"]] = -sign * left - 0.4 * ahead
        hidden[1, :, INDEX[f"{side}_ear"]] = -sign * left + 0.4 * ahead


def _add_foot(points: Array, figure: _Figure, side: str) -> None:
    """Heel and toes; the foot points to its toe joint or end site if it has one."""
    ankle = figure[f"{side}_ankle"]
    left, up, ahead = np.moveaxis(figure.turns[f"{side}_ankle"], -1, 0)
    tip = figure.at.get(f"{side}_toe", figure.at[f"{side}_ankle"])
    to_toe = figure.places[:, figure.ends.get(tip, tip)] - ankle
    to_toe = to_toe - (to_toe * up).sum(axis=-1, keepdims=True) * up
    if float(np.median(np.linalg.norm(to_toe, axis=-1))) > 0.2 * _TOES:
        ahead = unit(to_toe)
        left = np.cross(up, ahead)
    outside = left if side == "left" else -left
    sole = ankle - 0.8 * _SOLE * up
    points[:, INDEX[f"{side}_heel"]] = sole - _HEEL * ahead
    points[:, INDEX[f"{side}_big_toe"]] = sole + _TOES * ahead - 0.3 * _FOOT_WIDE * outside
    points[:, INDEX[f"{side}_small_toe"]] = sole + 0.85 * _TOES * ahead + _FOOT_WIDE * outside


def _add_hand(points: Array, figure: _Figure, side: str) -> None:
    """The fingers of the capture; missing ones are those of an open hand."""
    first = (LEFT_HAND if side == "left" else RIGHT_HAND).start
    wrist = figure[f"{side}_wrist"]
    points[:, first] = wrist
    along = figure.hands[f"{side}_wrist"]
    thumbward = figure.turns[f"{side}_wrist"][..., 2]
    across = unit(thumbward - (thumbward * along).sum(axis=-1, keepdims=True) * along)
    for finger, name in enumerate(FINGERS):
        at = first + 1 + 4 * finger
        own = [figure.at.get(f"{side}_{name}_{part}") for part in range(1, 5)]
        known = [number for number in own[:3] if number is not None]
        if len(known) == 3:
            points[:, at : at + 3] = figure.places[:, known]
            tip = own[3] if own[3] is not None else figure.ends.get(known[2])
            bent = figure.places[:, known[2]] - figure.places[:, known[1]]
            points[:, at + 3] = (
                points[:, at + 2] + 0.8 * bent if tip is None else figure.places[:, tip]
            )
            continue
        spread = (0.35, 0.16, 0.05, -0.06, -0.17)[finger]
        reach = (0.55, 0.95, 1.0, 0.95, 0.8)[finger]
        knuckle = 0.25 if finger == 0 else 0.5
        for part in range(4):
            share = knuckle * reach + (reach - knuckle * reach) * part / 3
            fan = spread * (0.5 + 0.5 * share)
            points[:, at + part] = wrist + _HAND * (share * along + fan * across)


def _framed(x: Array, y: Array, seen: NDArray[np.bool_], fps: float) -> PoseTrack:
    """The track in a picture that contains all of it, the ground near its lower edge."""
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
