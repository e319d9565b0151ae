"""The pose codec: between a track and vectors that a model of motion can learn.

A frame's vector holds, apart from each other,

- the root: where the hips are, how far the dancer stands from the middle of their ground, and how
  large depth makes them;
- twenty limbs, each as a part of its own length: `(x, y)` within the unit disc, since a limb that
  points at the camera looks shorter and never longer;
- the shape of each hand and of the face, as a few principal components;
- whether face and hands are seen, and whether each foot stands.

What belongs to the body, its lengths, is not in the vectors: a dance can be decoded to any body,
and its limbs cannot grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.body import MIN_CONFIDENCE, body_height
from dancenow.pose.feet import SIDES, find_feet
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import FACE, INDEX, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND

Array = NDArray[np.float64]
Moves = NDArray[np.float32]  # (T, D), a vector a frame

RATE: Final = 15.0  # vectors a second

_LONGEST: Final = 0.985  # quantile of a limb's length in the picture that is taken for its own
_UPRIGHT: Final = 0.85  # quantile of the body's height
_LONGEST_GAP: Final = 0.5  # seconds over which a hidden limb is guessed
_SHORTEST: Final = 3.0  # seconds: shorter pieces teach no dance
_NEEDED: Final = 0.5  # part of the frames in which the whole body must be seen
_KNOWN: Final = 0.05  # part of the frames in which a part must be seen to be known
_MOST: Final = 0.7  # of the points of a hand or face: where fewer are seen, it is hidden
_HAND_SHAPES: Final = 12
_FACE_SHAPES: Final = 10
_FACE_SLOW: Final = 0.8  # seconds; how slowly the size of a body changes with depth
_DEEPEST: Final = 2.0  # how much larger or smaller than usual depth makes a body at most
_FOOT: Final = ("big_toe", "heel", "ankle")
_SOLE: Final = ("big_toe", "small_toe", "heel")
_FADES: Final = 2.0  # seconds in which a correction of the body's place fades
_TAKEN_UP: Final = 0.01  # of the sum of all lengths: what a leg may move a foot
_SOFT: Final = 0.04  # seconds
_STANDS: Final = 0.35  # body heights a second: a foot on the ground that is faster slides


def _limbs() -> tuple[tuple[str, str], ...]:
    """Parent and child of every limb, from the hips outwards."""
    sides = ("left", "right")
    return (
        ("mid_hip", "neck"),
        *(("mid_hip", f"{s}_hip") for s in sides),
        *(("neck", f"{s}_shoulder") for s in sides),
        *((f"{s}_shoulder", f"{s}_elbow") for s in sides),
        *((f"{s}_elbow", f"{s}_wrist") for s in sides),
        *((f"{s}_hip", f"{s}_knee") for s in sides),
        *((f"{s}_knee", f"{s}_ankle") for s in sides),
        *((f"{s}_ankle", f"{s}_{end}") for end in ("big_toe", "small_toe", "heel") for s in sides),
        ("neck", "nose"),
    )


LIMB_NAMES: Final = _limbs()
_PARENTS: Final = np.array([INDEX[a] for a, _ in LIMB_NAMES])
_CHILDREN: Final = np.array([INDEX[b] for _, b in LIMB_NAMES])
_CORE: Final = np.array([not b.endswith(("toe", "heel", "nose")) for _, b in LIMB_NAMES])


def _swapped(name: str) -> str:
    return name.replace("left", "?").replace("right", "left").replace("?", "right")


# Lengths are the same on both sides.
_OTHER_SIDE: Final = np.array([LIMB_NAMES.index((_swapped(a), _swapped(b))) for a, b in LIMB_NAMES])
_HEAD_POINTS: Final = np.array(
    [INDEX[n] for n in ("right_eye", "left_eye", "right_ear", "left_ear")]
    + list(range(FACE.start, FACE.stop))
)
_EYES: Final = slice(0, 2)  # of `_HEAD_POINTS`
_EARS: Final = slice(2, 4)
_FACE_POINTS: Final = slice(4, None)
# What stands in for a hidden eye or ear: the pupil, the outline of the jaw where it begins.
_STAND_INS: Final = np.array(
    [4 + INDEX[n] - FACE.start for n in ("face_right_pupil", "face_left_pupil")] + [4, 20]
)
_HANDS: Final = {"left": LEFT_HAND, "right": RIGHT_HAND}
_ROOT: Final = slice(0, 4)  # x, height of the hips, depth, log size
_LIMBS: Final = slice(4, 4 + 2 * len(LIMB_NAMES))
_STATES: Final = 5  # seen: face, left hand, right hand; standing: left, right


@dataclass(frozen=True)
class Body:
    """A body's own lengths, and where it stands in its frame.

    Attributes:
        limbs: of `LIMB_NAMES`, in body heights, float64 `(20,)`; 0 where never seen.
        hand, head: sizes, in body heights.
        height: px of the usual body's height.
        x, ground: median x of the hips and y of the ankles on the ground, px.
        size: width and height of the frame in px.
    """

    limbs: Array
    hand: float
    head: float
    height: float
    x: float
    ground: float
    size: tuple[int, int]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "limbs": self.limbs.tolist(), "size": list(self.size)}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Body:
        """Read what `to_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: it is damaged.
        """
        numbers = {k: float(values[k]) for k in ("hand", "head", "height", "x", "ground")}
        width, height = values["size"]
        limbs = np.array(values["limbs"], np.float64)
        if limbs.shape != (len(LIMB_NAMES),) or not np.isfinite([*limbs, *numbers.values()]).all():
            raise ValueError("a length is no number")
        return Body(limbs, size=(int(width), int(height)), **numbers)


def measure_body(track: PoseTrack) -> Body:
    """The lengths of a (cleaned) track's body.

    Raises:
        InputError: there is no body, or hardly ever a whole one.
    """
    whole = _whole(track).mean() if len(track) else 0.0
    if whole < _NEEDED:
        raise InputError(
            f"the whole body, from shoulders to ankles, is seen in {100 * whole:.0f} % of the "
            "frames only; film it so that head and feet are in the picture."
        )
    height = float(np.nanquantile(body_height(track), _UPRIGHT))
    xy, seen = track.xy.astype(np.float64), track.confidence >= MIN_CONFIDENCE
    scale = _scale(track)
    limbs = np.zeros(len(LIMB_NAMES))
    for number, (a, b) in enumerate(zip(_PARENTS, _CHILDREN, strict=True)):
        both = seen[:, a] & seen[:, b]
        if both.mean() >= _KNOWN:
            lengths = np.linalg.norm(xy[both, b] - xy[both, a], axis=-1) / scale[both]
            limbs[number] = np.quantile(lengths, _LONGEST) / height
    limbs = np.maximum(limbs, limbs[_OTHER_SIDE])
    hands = []
    for part in _HANDS.values():
        root, knuckle = part.start, part.start + 9
        both = seen[:, root] & seen[:, knuckle]
        if both.mean() >= _KNOWN:
            lengths = np.linalg.norm(xy[both, knuckle] - xy[both, root], axis=-1) / scale[both]
            hands.append(float(np.quantile(lengths, _LONGEST)) / height)
    torso = limbs[0]
    hips = xy[:, INDEX["mid_hip"], 0][seen[:, INDEX["mid_hip"]]]
    return Body(
        limbs,
        max(hands) if hands else 0.2 * torso,
        float(limbs[-1]) or 0.4 * torso,
        height,
        float(np.median(hips)),
        float(np.median(find_ground(track).ankle)),
        track.size,
    )


@dataclass(frozen=True)
class PoseCodec:
    """Between tracks and vectors, fitted to the tracks that are learned.

    Attributes:
        body: the body that dances are decoded to.
        hand: mean `(42,)` and components `(12, 42)` of a hand's shape, in its size.
        face: mean `(148,)` and components `(10, 148)` of the head's, in its size.
        known: whether face, left and right hand were ever seen; without a face, a head may have
            eyes and ears.
    """

    body: Body
    hand: tuple[Array, Array]
    face: tuple[Array, Array]
    known: tuple[bool, bool, bool]

    @property
    def dimensions(self) -> int:
        """Values of a vector."""
        shapes = 2 * len(self.hand[1]) + len(self.face[1])
        return _LIMBS.stop + shapes + _STATES

    @property
    def weights(self) -> NDArray[np.float32]:
        """How much each value of a vector counts for the eye, float32 `(D,)`."""
        hands, face = 2 * len(self.hand[1]), len(self.face[1])
        limbs = np.repeat([1.0 if core else 0.4 for core in _CORE], 2)
        root, states = np.array([2.0, 2.0, 0.5, 0.5]), np.array([0.2, 0.2, 0.2, 0.6, 0.6])
        shapes = np.repeat([0.25, 0.2], [hands, face])
        weights = np.concatenate([root, limbs, shapes, states])
        return np.asarray(weights, dtype=np.float32)

    @staticmethod
    def fit(tracks: Sequence[PoseTrack]) -> PoseCodec:
        """The codec of some (cleaned) tracks; the first one's body is decoded to.

        Raises:
            InputError: a track shows no whole body.
        """
        bodies = [measure_body(track) for track in tracks]
        face = bool(np.mean([_seen_face(track).mean() for track in tracks]) > _KNOWN)
        hands, faces, seen = [], [], np.zeros(2)
        for track, body in zip(tracks, bodies, strict=True):
            parts = _parts(track, body, face=face)
            seen += [parts[side].shown.mean() / len(tracks) for side in SIDES]
            faces.append(parts["face"].shape[parts["face"].known])
            for side in SIDES:
                hands.append(parts[side].shape[parts[side].known])
        left, right = (bool(part > _KNOWN) for part in seen)
        return PoseCodec(
            bodies[0],
            _principal(np.concatenate(hands), _HAND_SHAPES),
            _principal(np.concatenate(faces), _FACE_SHAPES),
            (face, left, right),
        )

    def encode(self, track: PoseTrack, shortest: float = _SHORTEST) -> list[Moves]:
        """Vectors of the pieces of a (cleaned) track in which the whole body is seen.

        Args:
            track: of any body and frame size.
            shortest: seconds; shorter pieces are left out.

        Returns:
            float32 `(T, D)` each, `RATE` a second.

        Raises:
            InputError: there is no body, or hardly ever a whole one.
        """
        body = measure_body(track)
        vectors = self._vectors(track, body)
        pieces = []
        for start, stop in _runs(_bridged(_whole(track), track.fps)):
            if (stop - start) / track.fps >= shortest:
                pieces.append(_resampled(vectors[start:stop], track.fps, RATE))
        return pieces

    def decode(
        self, moves: Moves, fps: float = RATE, body: Body | None = None, *, settled: bool = True
    ) -> PoseTrack:
        """The track of some vectors.

        Args:
            moves: `(T, D)`.
            fps: frames a second of the track.
            body: whose; None: `self.body`.
            settled: let feet that stand stand still.
        """
        body = body or self.body
        vectors = _resampled(moves, RATE, fps).astype(np.float64)
        count, lengths = len(vectors), body.limbs * body.height
        states = vectors[:, -_STATES:] > 0.5
        root, limbs = vectors[:, _ROOT], vectors[:, _LIMBS].reshape(count, -1, 2)
        limbs = limbs / np.maximum(np.linalg.norm(limbs, axis=-1, keepdims=True), 1.0)
        scale = np.exp(root[:, 3].clip(-np.log(_DEEPEST), np.log(_DEEPEST)))
        xy = np.zeros((count, NUM_KEYPOINTS, 2))
        seen = np.zeros((count, NUM_KEYPOINTS), bool)
        ground = body.ground + root[:, 2] * body.height
        xy[:, INDEX["mid_hip"], 0] = body.x + root[:, 0] * body.height
        xy[:, INDEX["mid_hip"], 1] = ground - root[:, 1] * body.height * scale
        seen[:, INDEX["mid_hip"]] = True
        for number, (parent, child) in enumerate(zip(_PARENTS, _CHILDREN, strict=True)):
            length = (lengths[number] * scale)[:, None]
            xy[:, child] = xy[:, parent] + length * limbs[:, number]
            seen[:, child] = body.limbs[number] > 0 and self.body.limbs[number] > 0
        if settled:
            _settle(xy, vectors[:, -2:], lengths, scale, fps)
        self._add_shapes(xy, seen, vectors, states, body, scale)
        keypoints = np.dstack([np.where(seen[..., None], xy, 0), seen])
        return PoseTrack(keypoints.astype(np.float32), fps, body.size)

    def _vectors(self, track: PoseTrack, body: Body) -> Array:
        """Vectors `(T, D)` of all frames, at the track's own rate."""
        unit, scale = body.height, _scale(track)
        xy = track.xy.astype(np.float64)
        seen = track.confidence >= MIN_CONFIDENCE
        lengths = np.where(body.limbs > 0, body.limbs, 1) * unit
        limbs = (xy[:, _CHILDREN] - xy[:, _PARENTS]) / (lengths * scale[:, None])[..., None]
        both = seen[:, _CHILDREN] & seen[:, _PARENTS]
        limbs = np.stack([_filled(limbs[:, i], both[:, i]) for i in range(len(LIMB_NAMES))], axis=1)
        limbs /= np.maximum(np.linalg.norm(limbs, axis=-1, keepdims=True), 1.0)
        hips = _filled(xy[:, INDEX["mid_hip"]], seen[:, INDEX["mid_hip"]])
        ankle = gaussian_filter1d(find_ground(track).ankle, _FACE_SLOW * track.fps, mode="nearest")
        root = np.stack(
            [
                (hips[:, 0] - body.x) / unit,
                (ankle - hips[:, 1]) / (unit * scale),
                (ankle - body.ground) / unit,
                np.log(scale),
            ],
            axis=1,
        )
        parts = _parts(track, body, face=self.known[0])
        shapes, states = [], []
        for name, (mean, axes) in (("left", self.hand), ("right", self.hand), ("face", self.face)):
            shape, known, _ = parts[name]
            usual = shape if known.any() else np.broadcast_to(mean, shape.shape)
            shapes.append((_filled(usual, known | ~known.any()) - mean) @ axes.T)
        for name in ("face", "left", "right"):
            states.append(gaussian_filter1d(parts[name].shown.astype(float), 0.1 * track.fps))
        feet = find_feet(track)
        for side in range(2):
            stands = feet.standing[:, side] & (feet.speed[:, side] < _STANDS)
            states.append(gaussian_filter1d(stands.astype(float), 0.05 * track.fps))
        return np.concatenate(
            [root, limbs.reshape(len(track), -1), *shapes, np.stack(states, axis=1)], axis=1
        )

    def _add_shapes(
        self,
        xy: Array,
        seen: NDArray[np.bool_],
        vectors: Array,
        states: NDArray[np.bool_],
        body: Body,
        scale: Array,
    ) -> None:
        """Put hands and face at wrists and nose."""
        start, hands = _LIMBS.stop, len(self.hand[1])
        places = (
            ("left", self.hand, slice(start, start + hands), 1),
            ("right", self.hand, slice(start + hands, start + 2 * hands), 2),
            ("face", self.face, slice(start + 2 * hands, -_STATES), 0),
        )
        for name, (mean, axes), where, number in places:
            shape = (vectors[:, where] @ axes + mean).reshape(len(xy), -1, 2)
            if name == "left":
                shape = shape * [-1.0, 1.0]
            size = (body.head if name == "face" else body.hand) * body.height * scale
            anchor = INDEX["nose"] if name == "face" else INDEX[f"{name}_wrist"]
            points = _HEAD_POINTS if name == "face" else np.arange(NUM_KEYPOINTS)[_HANDS[name]]
            xy[:, points] = xy[:, [anchor]] + size[:, None, None] * shape
            there = states[:, number] & seen[:, anchor]
            if name != "face":
                seen[:, points] = (there & self.known[number])[:, None]
            elif (mean[: 2 * _EYES.stop] != 0).any():  # eyes were seen: it turns away at times
                seen[:, points[_FACE_POINTS]] = (there & self.known[0])[:, None]
                seen[:, points[_EYES]] = there[:, None]
                seen[:, points[_EARS]] = seen[:, [anchor]]
                seen[:, anchor] = there


def _scale(track: PoseTrack) -> Array:
    """How large depth makes the body in each frame, slowly changing, float64 `(T,)`.

    A crouch or a limb that points at the camera is no depth: the largest of two seconds counts.
    """
    heights = _filled(
        body_height(track).astype(np.float64)[:, None], np.isfinite(body_height(track))
    )[:, 0]
    window = max(1, round(2 * track.fps)) | 1
    largest = maximum_filter1d(heights, window, mode="nearest")
    slow = gaussian_filter1d(largest, _FACE_SLOW * track.fps, mode="nearest")
    slow /= max(float(np.median(slow)), 1e-6)
    scale: Array = slow.clip(1 / _DEEPEST, _DEEPEST)
    return scale


def _whole(track: PoseTrack) -> NDArray[np.bool_]:
    """In which frames the trunk, arms and legs are seen, `(T,)`."""
    seen = track.confidence >= MIN_CONFIDENCE
    core = np.union1d(_PARENTS[_CORE], _CHILDREN[_CORE])
    whole: NDArray[np.bool_] = seen[:, core].all(axis=1)
    return whole


class _Part(NamedTuple):
    """A hand or the head over time.

    Attributes:
        shape: in its own size, seen from its wrist or nose, `(T, 2 K)`; a left hand is mirrored.
        known: in which frames the shape is seen, `(T,)`.
        shown: in which frames the part is.
    """

    shape: Array
    known: NDArray[np.bool_]
    shown: NDArray[np.bool_]


def _parts(track: PoseTrack, body: Body, *, face: bool) -> dict[str, _Part]:
    """Hands and head; with `face`, the shape of a head without one is not known."""
    xy, seen = track.xy.astype(np.float64), track.confidence >= MIN_CONFIDENCE
    scale = _scale(track) * body.height
    parts = {}
    for side, sign in zip(SIDES, (-1.0, 1.0), strict=True):
        points, anchor = np.arange(NUM_KEYPOINTS)[_HANDS[side]], INDEX[f"{side}_wrist"]
        shape = (xy[:, points] - xy[:, [anchor]]) / (scale * body.hand)[:, None, None]
        there = _mostly(seen[:, points] & seen[:, [anchor]])
        shape = _completed(shape, seen[:, points] & seen[:, [anchor]])
        parts[side] = _Part((shape * [sign, 1.0]).reshape(len(track), -1), there, there)
    nose = INDEX["nose"]
    there = _seen_face(track)
    eyes = seen[:, _HEAD_POINTS[_EYES]].all(axis=1) & seen[:, nose]
    head = (xy[:, _HEAD_POINTS] - xy[:, [nose]]) / (scale * body.head)[:, None, None]
    head[:, _FACE_POINTS] = (
        _completed(head[:, _FACE_POINTS], seen[:, FACE] & seen[:, [nose]]) if face else 0
    )
    # Without a face there is no outline of a jaw either.
    stand_ins = head[:, _STAND_INS] if face else head[:, [0, 1, 0, 1]]
    hidden = ~seen[:, _HEAD_POINTS[: _EARS.stop], None]
    head[:, : _EARS.stop] = np.where(hidden, stand_ins, head[:, : _EARS.stop])
    shown = there if there.mean() > _KNOWN else eyes
    parts["face"] = _Part(head.reshape(len(track), -1), there if face else eyes, shown)
    return parts


def _seen_face(track: PoseTrack) -> NDArray[np.bool_]:
    """In which frames the nose and most of the face are seen, `(T,)`."""
    seen = track.confidence >= MIN_CONFIDENCE
    return _mostly(seen[:, FACE] & seen[:, [INDEX["nose"]]])


def _mostly(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where most of the points `(T, K)` are seen, `(T,)`; nowhere where one never is."""
    there: NDArray[np.bool_] = (seen.mean(axis=1) >= _MOST) & seen.any(axis=0).all()
    return there


def _completed(shape: Array, seen: NDArray[np.bool_]) -> Array:
    """Shapes `(T, K, 2)` whose hidden points are interpolated."""
    return np.stack([_filled(shape[:, i], seen[:, i]) for i in range(shape.shape[1])], axis=1)


def _principal(values: Array, count: int) -> tuple[Array, Array]:
    """Mean and the first principal axes of values `(N, D)`."""
    if len(values) < 2:
        return np.zeros(values.shape[1]), np.eye(values.shape[1])[:count]
    mean = values.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov((values - mean).T))
    return mean, np.ascontiguousarray(axes[:, ::-1].T[:count])


def _filled(values: Array, known: NDArray[np.bool_]) -> Array:
    """Values `(T, D)` with what is not known interpolated; 0 where nothing is known."""
    if known.all():
        return values
    if not known.any():
        return np.zeros_like(values)
    frames = np.arange(len(values))
    columns = [np.interp(frames, frames[known], column[known]) for column in values.T]
    return np.stack(columns, axis=1)


def _bridged(known: NDArray[np.bool_], fps: float) -> NDArray[np.bool_]:
    """True also in short gaps."""
    bridged = known.copy()
    for start, stop in _runs(~known):
        if start > 0 and stop < len(known) and (stop - start) / fps <= _LONGEST_GAP:
            bridged[start:stop] = True
    return bridged


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Begin and end of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _resampled(values: NDArray[Any], rate: float, wanted: float) -> Moves:
    """Values `(T, D)` at another rate, by cubic splines."""
    if rate == wanted:
        return values.astype(np.float32)
    count = max(1, round(len(values) / rate * wanted))
    if len(values) < 2:
        return np.repeat(values, count, axis=0).astype(np.float32)
    at = np.minimum(np.arange(count) * (rate / wanted), len(values) - 1)
    smooth: Moves = CubicSpline(np.arange(len(values)), values, axis=0)(at).astype(np.float32)
    return smooth


def _settle(xy: Array, stands: Array, lengths: Array, scale: Array, fps: float) -> None:
    """Let feet that stand stand still: the body follows them, and the legs take up what is left.

    Along the picture's width only; heights of feet on the ground say how deep they stand.
    """
    if len(xy) < 3:
        return
    firm = stands > 0.5
    feet = np.stack(
        [xy[:, [INDEX[f"{side}_{part}"] for part in _FOOT], 0].mean(axis=1) for side in SIDES]
    )
    # The correction c of the body's place is least in the sum of squares of
    # w (slide + c[t + 1] - c[t]) over both feet, and of c itself, so that it fades.
    weight = (firm[1:] & firm[:-1]).T.astype(np.float64)
    slide = np.diff(feet, axis=1)
    joint = weight.sum(axis=0)
    pull = (weight * slide).sum(axis=0)
    fade = 1 / (_FADES * fps) ** 2
    diagonal = np.full(len(xy), fade)
    diagonal[1:] += joint
    diagonal[:-1] += joint
    right = np.zeros(len(xy))
    right[:-1] += pull
    right[1:] -= pull
    banded = np.stack([np.concatenate([[0.0], -joint]), diagonal])
    correction = solveh_banded(banded, right)
    xy[..., 0] += correction[:, None]
    feet += correction
    most = _TAKEN_UP * float(lengths.sum())
    for foot, side in zip(feet, SIDES, strict=True):
        away = np.zeros(len(xy))
        for start, stop in _runs(firm[:, SIDES.index(side)]):
            away[start:stop] = foot[start:stop].mean() - foot[start:stop]
        away = gaussian_filter1d(away.clip(-most, most), _SOFT * fps)
        for part, share in (("knee", 0.5), ("ankle", 1), *((part, 1) for part in _SOLE)):
            xy[:, INDEX[f"{side}_{part}"], 0] += share * away
        for bone, rest in ((("hip", "knee"), ("ankle", *_SOLE)), (("knee", "ankle"), _SOLE)):
            _shorten(xy, side, bone, rest, lengths, scale)


def _shorten(
    xy: Array,
    side: str,
    bone: tuple[str, str],
    rest: tuple[str, ...],
    lengths: Array,
    scale: Array,
) -> None:
    """Bring the end of a bone that has become too long back, and what follows it."""
    a, b = (f"{side}_{end}" for end in bone)
    longest = lengths[LIMB_NAMES.index((a, b))] * scale
    along = xy[:, INDEX[b]] - xy[:, INDEX[a]]
    length = np.linalg.norm(along, axis=-1)
    back = along * (np.minimum(1, longest / np.maximum(length, 1e-9)) - 1)[:, None]
    for name in (b, *(f"{side}_{part}" for part in rest)):
        xy[:, INDEX[name]] += back
