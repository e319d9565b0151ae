"""From the picture into space: a body of constant bones, its place in the room, and firm feet.

A track says where a keypoint is in the picture and how far it is behind the hips.  What it does not
say is how far away the hips are.  Two things do: where the feet touch the floor, seen from a level
camera, or else the body's size.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_opening, gaussian_filter1d
from scipy.spatial.transform import Rotation

from dancenow.errors import InputError, counted
from dancenow.mocap.bvh import unit
from dancenow.mocap.figure import CHIN, EARS, HEAD, SOLE, Array, Figure
from dancenow.mocap.filming import Lens
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import NECK_TO_NOSE, SHANK, THIGH, TORSO, body_height, depth_scale
from dancenow.pose.feet import held_still
from dancenow.pose.gaps import filled, runs
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import INDEX, SIDES, USABLE, swapped

_FEWEST: Final = 0.5  # part of the frames in which the depth must be known
_FEWEST_FRAMES: Final = 3
_AGREE: Final = 0.3  # logarithm by which floor and size may differ in how far somebody is away
_FOCAL: Final = 1.2  # focal length of an unknown camera, in longer sides of its picture
_LOOKS_DOWN: Final = 0.3  # body heights: how high a camera must be to see who is nearer by the feet
_SMOOTH: Final = 0.06  # seconds: standard deviation of what is taken off depth as noise
_SLOW: Final = 0.3  # seconds: how slowly the distance changes
_LONG: Final = 0.85  # quantile of a bone's length in space
_LOW: Final = 0.08  # body heights above the floor at which a foot still stands
_STANDS: Final = 0.5  # body heights a second: a foot that is faster slides
_LEAST: Final = 0.1  # seconds that a foot stands at least
_FADES: Final = 2.0  # seconds in which a correction of the body's place fades
_SOFT: Final = 0.04  # seconds
_FOOT_LONG: Final = 0.15  # body heights from heel to toe
_BEHIND: Final = 0.3  # of a foot's length, what is behind the ankle
_EARS_AHEAD: Final = 0.015  # body heights: how far the ears are in front of the neck
_REACH: Final = 0.999  # of a leg's length: how far it stretches at most

# Parent and child of the bones, from the hips outwards.
_BONES: Final = (
    ("mid_hip", "neck"),
    *(("mid_hip", f"{side}_hip") for side in SIDES),
    *(("neck", f"{side}_shoulder") for side in SIDES),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for a, b in (
            ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"),
            ("ankle", "heel"), ("ankle", "big_toe"),
            ("wrist", "hand_index_1"), ("wrist", "hand_little_1"),
        )
        for side in SIDES
    ),
    *(("neck", name) for name in ("nose", "left_ear", "right_ear")),
)  # fmt: skip
_NAMES: Final = tuple(dict.fromkeys(name for bone in _BONES for name in bone))
_ROWS: Final = [INDEX[name] for name in _NAMES]
_FOOT: Final = ("ankle", "heel", "big_toe")

# Of the left side, as `_usual` says; Drillis and Contini, 1966.
_OFFSETS: Final = {
    "neck": (0.0, -TORSO), "hip": (0.05, 0.0), "shoulder": (0.11, 0.0), "elbow": (0.02, 0.18),
    "wrist": (0.0, 0.15), "knee": (0.0, THIGH), "ankle": (0.0, SHANK), "heel": (0.0, 0.03),
    "big_toe": (0.01, 0.05), "hand_index_1": (0.0, 0.05), "hand_little_1": (0.0, 0.05),
    "nose": (0.0, -NECK_TO_NOSE), "ear": (0.045, -NECK_TO_NOSE - 0.01),
}  # fmt: skip


def lift(track: PoseTrack) -> tuple[Figure, Lens]:
    """A body in space, and the camera that saw it.

    Args:
        track: with depth.

    Returns:
        The figure, at the track's frame rate; its bones have constant lengths, and feet that stand
        stay where they are.  The lens films it as the track shows it.

    Raises:
        InputError: the depth is unknown, or the body is rarely seen.
    """
    size = depth_scale(track)
    height = float(np.nanquantile(body_height(track) / size, _LONG)) / (1 - SOLE)
    xy, depth = _known(track, height * size)
    ground = gaussian_filter1d(find_ground(track).ankle, _SLOW * track.fps, mode="nearest")
    centre = np.array(track.size) / 2
    scale = height * size
    level = ground - centre[1]  # of the ankles, below the camera's horizon
    if np.median(level / scale) > _LOOKS_DOWN and level.min() > 0:
        on_floor = level * float(np.median(scale / level))
        if np.abs(np.log(on_floor / scale)).max() < _AGREE:  # else it stands on a chair
            scale = on_floor
    away = _FOCAL * max(track.size) / scale
    depth *= 1 - SOLE
    rises = (xy[:, :, 1] - xy[:, [_at("mid_hip")], 1]) / scale[:, None]
    depth = depth + _lean(rises, depth) * rises
    _turn_feet(xy[..., 0] / scale[:, None], depth)
    near = 1 + depth / away[:, None]
    across = (xy[..., 0] - centre[0]) / scale[:, None] * near
    down = (xy[..., 1] - centre[1]) / scale[:, None] * near
    points = np.stack([across, -down, -depth], axis=-1)
    points = _firm(points - points[:, [_at("mid_hip")]])
    usual = float(np.median(away))
    hips = (xy[:, _at("mid_hip")] - centre) / scale[:, None]
    above = level / scale - hips[:, 1] + SOLE
    root = np.stack([hips[:, 0], above, usual - away], axis=-1)
    points = _settled(_upright_head(points) + root[:, None], track.fps)
    lens = Lens(
        track.size,
        float(centre[0] + np.median(scale) * np.median(hips[:, 0])),
        float(centre[1]),
        float(np.median(level / scale)) + SOLE,
        usual,
        float(np.median(scale)),
    )
    return _figure(points, track.fps), lens


def _at(name: str) -> int:
    """Where a joint is among those of `_NAMES`."""
    return _NAMES.index(name)


def _known(track: PoseTrack, height: Array) -> tuple[Array, Array]:
    """Pixels `(T, N, 2)` and depths `(T, N)` of the joints.

    A joint that is hidden for a while goes with the one that it hangs on; one that is never seen is
    where an average body has it.

    Args:
        track: the poses.
        height: of the body in each frame, `(T,)`, pixels.
    """
    if len(track) < _FEWEST_FRAMES:
        raise InputError(f"lasts {counted(len(track), 'frame')}, too few to see a body move.")
    depth = np.full((len(track), len(_ROWS)), np.nan)
    if track.depth is not None:
        depth = track.depth[:, _ROWS].astype(np.float64)
    ends = np.isfinite(depth[:, [_at(f"{side}_ankle") for side in SIDES]]).all(axis=1)
    if ends.mean() < _FEWEST:
        raise InputError(
            "its depth is not known: poses that DanceNow finds in a clip have it, pose files of "
            "other programs do not."
        )
    seen = track.confidence[:, _ROWS] >= USABLE
    given, xy = track.xy[:, _ROWS].astype(np.float64), np.zeros((len(track), len(_ROWS), 2))
    root = _at("mid_hip")
    xy[:, root] = filled(given[:, root], seen[:, root])
    depth[:, root] = 0
    for parent, child in _BONES:
        above, below = _at(parent), _at(child)
        both = seen[:, above] & seen[:, below]
        offset = given[:, below] - given[:, above]
        usual = np.array(_usual(child)) * height[:, None]
        if child.endswith("_1"):  # a knuckle: on from the forearm
            elbow = _at(child[: child.index("_")] + "_elbow")
            offset = np.where(both[:, None], offset, 0.3 * (xy[:, above] - xy[:, elbow]))
        else:
            offset = filled(offset, both) if both.any() else usual
        xy[:, below] = np.where(seen[:, [below]], given[:, below], xy[:, above] + offset)
        behind = (depth[:, below] - depth[:, above])[:, None]
        behind = filled(behind, np.isfinite(behind[:, 0]))[:, 0]
        depth[:, below] = depth[:, above] + behind
    return xy, gaussian_filter1d(depth, _SMOOTH * track.fps, axis=0, mode="nearest")


def _usual(joint: str) -> tuple[float, float]:
    """Where a joint is from the one that it hangs on, in body heights right and down.

    Of an average body that faces the camera with its arms hanging.
    """
    side, _, name = joint.partition("_")
    x, y = _OFFSETS[name or joint]
    return (x if side == "left" else -x), y


def _lean(rises: Array, depth: Array) -> float:
    """By how much depth grows with height: who dances is upright in general.

    Estimators lean bodies forwards, and a camera that looks down does, too.
    """
    feet = [_at("left_ankle"), _at("right_ankle")]
    tall = rises[:, feet].mean(axis=1) - rises[:, _at("neck")]
    back = depth[:, _at("neck")] - depth[:, feet].mean(axis=1)
    upright = tall > max(0.7 * float(np.quantile(tall, 0.9)), 0.2)
    return float(np.median(back[upright] / tall[upright])) if upright.any() else 0.0


def _turn_feet(across: Array, depth: Array) -> None:
    """Put toes in front of heels by what a level foot's width in the picture leaves of its length.

    Estimators hardly see how long a foot is that points at the camera.

    Args:
        across: x of the joints, `(T, N)`, body heights.
        depth: of the joints, `(T, N)`; that of heels and toes is replaced.
    """
    width = sum(
        across[:, _at(f"left_{part}")] - across[:, _at(f"right_{part}")]
        for part in ("hip", "shoulder")
    )
    faces = width / max(float(np.quantile(np.abs(width), 0.95)), 1e-6)  # 1: the camera
    for side in SIDES:
        ankle, heel, toe = (_at(f"{side}_{part}") for part in _FOOT)
        wide = across[:, toe] - across[:, heel]
        length = max(_FOOT_LONG, float(np.quantile(np.abs(wide), 0.95)))
        towards = np.tanh(3 * (faces + (depth[:, heel] - depth[:, toe]) / length))
        reach = towards * np.sqrt(np.maximum(length**2 - wide**2, 0))
        depth[:, heel] = depth[:, ankle] + _BEHIND * reach
        depth[:, toe] = depth[:, ankle] - (1 - _BEHIND) * reach


def _firm(points: Array) -> Array:
    """Joints `(T, N, 3)` whose bones keep their directions and have one length each."""
    lengths = {
        (a, b): float(np.quantile(np.linalg.norm(points[:, _at(b)] - points[:, _at(a)], axis=-1),
                                  _LONG))
        for a, b in _BONES
    }  # fmt: skip
    made = np.zeros_like(points)
    for a, b in _BONES:
        both = (lengths[a, b] + lengths[swapped(a), swapped(b)]) / 2
        along = unit(points[:, _at(b)] - points[:, _at(a)])
        made[:, _at(b)] = made[:, _at(a)] + both * along
    return made


def _upright_head(points: Array) -> Array:
    """The joints with the head above the neck in general: estimators push it forwards."""
    head = [_at(name) for name in ("nose", "left_ear", "right_ear")]
    neck = points[:, _at("neck")]
    across = points[:, _at("left_shoulder")] - points[:, _at("right_shoulder")]
    forward = unit(np.cross(across, neck - points[:, _at("mid_hip")]))
    ahead = ((points[:, head[1:]].mean(axis=1) - neck) * forward).sum(axis=-1)
    made = points.copy()
    made[:, head] -= (float(np.median(ahead)) - _EARS_AHEAD) * forward[:, None]
    return made


def _settled(points: Array, fps: float) -> Array:
    """The joints with feet that stand where they are, on the floor."""
    feet = np.stack([points[:, [_at(f"{side}_{p}") for p in _FOOT]].mean(axis=1) for side in SIDES])
    low = np.stack(
        [points[:, [_at(f"{side}_{p}") for p in _FOOT], 1].min(axis=1) for side in SIDES]
    )
    speed = np.linalg.norm(np.gradient(feet[..., ::2], axis=1), axis=-1) * fps
    speed = gaussian_filter1d(speed, _SOFT * fps, axis=1, mode="nearest")
    stands = (low < np.quantile(low.min(axis=0), 0.2) + _LOW) & (speed < _STANDS)
    shortest = np.ones((1, max(1, round(_LEAST * fps))), bool)
    stands = binary_opening(stands, shortest)
    made = points.copy()
    for axis in (0, 2):
        made[..., axis] += held_still(feet[..., axis], stands, _FADES * fps)[:, None]
    floor = np.where(stands, low, np.inf).min(axis=0)
    known = np.isfinite(floor)
    if known.any():
        frames = np.arange(len(points))
        under = np.interp(frames, frames[known], floor[known])
        made[..., 1] -= gaussian_filter1d(under, _SLOW * fps, mode="nearest")[:, None]
        ankles = made[:, [_at(f"{side}_ankle") for side in SIDES], 1].T
        made[..., 1] += SOLE - np.median(ankles[stands])
    for number, side in enumerate(SIDES):
        _level(made, side, stands[number])
        _plant(made, side, stands[number], fps)
    return made


def _plant(points: Array, side: str, stands: NDArray[np.bool_], fps: float) -> None:
    """Let the leg take up what is left of a standing foot's movement."""
    hip, knee, *foot = (_at(f"{side}_{part}") for part in ("hip", "knee", *_FOOT))
    feet, away, weight = points[:, foot], np.zeros((len(points), 3, 3)), np.zeros(len(points))
    for start, stop in runs(stands):
        away[start:stop] = feet[start:stop].mean(axis=0) - feet[start:stop]
        weight[start:stop] = 1
    # A foot that is not held yet, or no longer, is on its way to where it is held.
    near = gaussian_filter1d(weight, _SOFT * fps)[:, None, None]
    soft = gaussian_filter1d(away, _SOFT * fps, axis=0) / np.maximum(near, 1e-3)
    away = np.where(stands[:, None, None], away, soft * near.clip(0, 1))
    upper = np.linalg.norm(points[:, knee] - points[:, hip], axis=-1)
    lower = np.linalg.norm(feet[:, 0] - points[:, knee], axis=-1)
    ankle = feet[:, 0] + away[:, 0]
    reach = ankle - points[:, hip]
    length = np.linalg.norm(reach, axis=-1)
    short = np.minimum(length, _REACH * (upper + lower))
    ahead = reach / np.maximum(length, 1e-9)[:, None]
    ankle = points[:, hip] + short[:, None] * ahead
    # The knee stays in the plane in which it is bent: the law of cosines says where.
    along = (upper**2 - lower**2 + short**2) / np.maximum(2 * short, 1e-9)
    side_on = np.sqrt(np.maximum(upper**2 - along**2, 0))
    bent = points[:, knee] - points[:, hip]
    bent -= (bent * ahead).sum(axis=-1, keepdims=True) * ahead
    points[:, knee] = points[:, hip] + along[:, None] * ahead + side_on[:, None] * unit(bent)
    short_of = ankle - feet[:, 0] - away[:, 0]
    points[:, foot] = feet + away + short_of[:, None]


def _level(points: Array, side: str, stands: NDArray[np.bool_]) -> None:
    """Turn a foot so that in general its sole is level while it stands."""
    ankle, heel, toe = (_at(f"{side}_{part}") for part in _FOOT)
    if not stands.any():
        return
    foot = points[:, toe] - points[:, heel]
    ahead = unit(foot * np.array([1.0, 0, 1]))
    rises = np.arctan2(foot[:, 1], np.linalg.norm(foot[:, ::2], axis=-1))
    axis = np.cross(ahead, [0.0, 1, 0])
    turn = Rotation.from_rotvec(-float(np.median(rises[stands])) * axis)
    for part in (heel, toe):
        points[:, part] = points[:, ankle] + turn.apply(points[:, part] - points[:, ankle])


def _figure(points: Array, fps: float) -> Figure:
    """The figure of joints `(T, N, 3)`."""
    at = {name: points[:, number] for number, name in enumerate(_NAMES)}
    ears = (at["left_ear"] + at["right_ear"]) / 2
    left = unit(at["left_ear"] - at["right_ear"])
    ahead = at["nose"] - ears
    up = unit(np.cross(ahead, left))
    turns = {"head": np.stack([left, up, np.cross(left, up)], axis=-1)}
    places = {"head": ears - (EARS * HEAD + CHIN) * up}
    hands = {}
    for side in SIDES:
        for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
            places[f"{side}_{joint}"] = at[f"{side}_{joint}"]
        forward = unit(at[f"{side}_big_toe"] - at[f"{side}_heel"])
        shin = at[f"{side}_knee"] - at[f"{side}_ankle"]
        top = unit(shin - (shin * forward).sum(axis=-1, keepdims=True) * forward)
        turns[f"{side}_ankle"] = np.stack([np.cross(top, forward), top, forward], axis=-1)
        index, little = at[f"{side}_hand_index_1"], at[f"{side}_hand_little_1"]
        points_to = unit((index + little) / 2 - at[f"{side}_wrist"])
        hands[f"{side}_wrist"] = points_to
        thumbward = index - little
        thumbward = unit(thumbward - (thumbward * points_to).sum(-1, keepdims=True) * points_to)
        other = np.cross(points_to, thumbward)
        turns[f"{side}_wrist"] = np.stack([points_to, other, thumbward], axis=-1)
    return Figure(places, turns, hands, fps)
