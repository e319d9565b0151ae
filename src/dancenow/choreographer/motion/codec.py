"""The pose codec: between a track and vectors that a model of motion can learn.

A frame's vector holds, separately,

- the root: where the hips are, how far the dancer stands from the middle of their ground, and how
  large depth makes them;
- twenty limbs, each as a fraction of its own length: `(x, y)` within the unit disc, since a limb
  that points at the camera looks shorter and never longer;
- the shape of each hand and of the face, as a few principal components;
- whether face and hands are seen, and whether each foot stands;
- if it is known, how far each limb's end is behind its beginning (`depths`).

The body's own lengths are not in the vectors: a dance can be decoded to any body, and limbs cannot
grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.choreographer.motion import depths
from dancenow.choreographer.motion.body import (
    CHILDREN,
    CORE,
    KNOWN,
    LIMB_NAMES,
    OTHER_SIDE,
    PARENTS,
    Body,
    measure_body,
    whole_body,
)
from dancenow.choreographer.motion.parts import (
    EARS,
    EYES,
    FACE_POINTS,
    HEAD_POINTS,
    parts_of,
    seen_face,
)
from dancenow.choreographer.motion.parts import OTHER_SIDE as HEAD_OTHER_SIDE
from dancenow.choreographer.motion.series import Array, bridged, resampled
from dancenow.choreographer.motion.settling import settle
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import DEEPEST, SLOW, depth_scale
from dancenow.pose.feet import find_feet
from dancenow.pose.gaps import filled, runs
from dancenow.pose.ground import find_ground
from dancenow.pose.layout import HANDS, INDEX, NUM_KEYPOINTS, SIDES, USABLE

Moves = NDArray[np.float32]  # (T, D), a vector a frame
Float = TypeVar("Float", np.float32, np.float64)

RATE: Final = 15.0  # vectors a second
LIMBS: Final = slice(4, 4 + 2 * len(LIMB_NAMES))  # where a vector holds them

SHORTEST: Final = 3.0  # seconds: shorter pieces teach no dance
_HAND, _FACE = 42, 148  # values of a shape: x and y of 21 and of 74 keypoints
_HAND_SHAPES: Final = 12
_FACE_SHAPES: Final = 10
_STANDS: Final = 0.35  # body heights a second: a foot on the ground that is faster slides
PLACE: Final = [0, 2, 3]  # values of a vector that say where the dancer stands
_ROOT: Final = slice(0, 4)  # x, height of the hips, depth, log size
_STATES: Final = 5  # seen: face, left hand, right hand; standing: left, right


@dataclass(frozen=True)
class PoseCodec:
    """Converts between tracks and vectors, fitted to the tracks that are learned.

    Attributes:
        body: the body that dances are decoded to.
        hand: mean `(42,)` and components `(12, 42)` of a hand's shape, in its size.
        face: mean `(148,)` and components `(10, 148)` of the head's, in its size.
        known: whether face, left and right hand were ever seen; without a face, a head may have
            eyes and ears.
        spatial: whether vectors hold depths.
        head_stays: whether nose and eyes are seen where the face is not, as when an estimator
            only loses the face; otherwise a head without a face is turned away.
    """

    body: Body
    hand: tuple[Array, Array]
    face: tuple[Array, Array]
    known: tuple[bool, bool, bool]
    head_stays: bool
    spatial: bool = False

    def __post_init__(self) -> None:
        for (mean, axes), count in ((self.hand, _HAND), (self.face, _FACE)):
            if mean.shape != (count,) or axes.ndim != 2 or axes.shape[1] != count:
                raise ValueError(f"shapes of {mean.shape} and {axes.shape}, not of {count} values")

    @property
    def dimensions(self) -> int:
        """Number of values in a vector."""
        shapes = 2 * len(self.hand[1]) + len(self.face[1])
        return int(self.depths.stop) + shapes + _STATES

    @property
    def depths(self) -> slice:
        """Where depths are in a vector; nowhere if it holds none."""
        return slice(LIMBS.stop, LIMBS.stop + self.spatial * depths.COUNT)

    @property
    def _shapes(self) -> slice:
        """Where the shapes of hands and face are in a vector."""
        return slice(self.depths.stop, -_STATES)

    @property
    def weights(self) -> NDArray[np.float32]:
        """How much each value of a vector counts for the eye, float32 `(D,)`."""
        hands, face = 2 * len(self.hand[1]), len(self.face[1])
        limbs = np.repeat([1.0 if core else 0.4 for core in CORE], 2)
        root, states = np.array([2.0, 2.0, 0.5, 0.5]), np.array([0.2, 0.2, 0.2, 0.6, 0.6])
        shapes = np.repeat([0.25, 0.2], [hands, face])
        behind = depths.WEIGHTS[: self.spatial * depths.COUNT]
        weights = np.concatenate([root, limbs, behind, shapes, states])
        return np.asarray(weights, dtype=np.float32)

    @property
    def kinematics(self) -> NDArray[np.float32]:
        """The matrix that turns a vector into joints, float32 `(D, 21, 2 or 3)`, in body heights.

        Hips and the ends of all limbs, x to the right, y down and, if it is known, z away; the
        body's size, which depth changes slowly, is taken as 1.
        """
        joints = np.zeros((NUM_KEYPOINTS, 2 + self.spatial, self.dimensions))
        joints[INDEX["mid_hip"], 0, 0] = 1
        joints[INDEX["mid_hip"], 1, 1:3] = -1, 1
        for number, (parent, child) in enumerate(zip(PARENTS, CHILDREN, strict=True)):
            joints[child] = joints[parent]
            for axis in (0, 1):
                joints[child, axis, LIMBS.start + 2 * number + axis] += self.body.limbs[number]
            if self.spatial:
                joints[child, 2, LIMBS.stop + number] += depths.lengths(self.body)[number]
        order = [INDEX["mid_hip"], *CHILDREN]
        return np.ascontiguousarray(joints[order].transpose(2, 0, 1), dtype=np.float32)

    @staticmethod
    def fit(tracks: Sequence[PoseTrack]) -> PoseCodec:
        """The codec of some (cleaned) tracks; dances are decoded to the first one's body.

        Raises:
            InputError: a track shows no whole body.
        """
        bodies = [measure_body(track) for track in tracks]
        face = bool(np.mean([seen_face(track).mean() for track in tracks]) > KNOWN)
        hands, faces, seen = [], [], np.zeros(2)
        for track, body in zip(tracks, bodies, strict=True):
            parts = parts_of(track, body, face=face)
            seen += [parts[side].shown.mean() / len(tracks) for side in SIDES]
            faces.append(parts["face"].shape[parts["face"].known])
            for side in SIDES:
                hands.append(parts[side].shape[parts[side].known])
        left, right = (bool(part > KNOWN) for part in seen)
        return PoseCodec(
            bodies[0],
            _principal(np.concatenate(hands), _HAND_SHAPES),
            _principal(np.concatenate(faces), _FACE_SHAPES),
            (face, left, right),
            _head_stays(tracks),
            depths.are_known(tracks),
        )

    def encode(self, track: PoseTrack, shortest: float = SHORTEST) -> list[Moves]:
        """Vectors of the pieces of a (cleaned) track in which the whole body is seen.

        Args:
            track: of any body and frame size.
            shortest: seconds; shorter pieces are left out.

        Returns:
            float32 `(T, D)` each, `RATE` a second.

        Raises:
            InputError: there is no body, or hardly ever a whole one.
        """
        vectors, whole = self.encode_frames(track)
        pieces = []
        for start, stop in runs(whole):
            if (stop - start) / track.fps >= shortest:
                pieces.append(resampled(vectors[start:stop], track.fps, RATE))
        return pieces

    def encode_frames(self, track: PoseTrack) -> tuple[Array, NDArray[np.bool_]]:
        """Vectors `(T, D)` of all frames of a (cleaned) track, at its own rate.

        Returns:
            The vectors, and in which frames the whole body is seen, `(T,)`; where it is hidden for
            a moment only, it is known as well.

        Raises:
            InputError: there is no body, or hardly ever a whole one.
        """
        vectors = self._vectors(track, measure_body(track))
        return vectors, bridged(whole_body(track), track.fps)

    def mirrored(self, moves: NDArray[Float]) -> NDArray[Float]:
        """Vectors `(T, D)` with left and right swapped."""
        count, hands = len(moves), len(self.hand[1])
        made = moves.copy()
        made[:, 0] *= -1
        limbs = moves[:, LIMBS].reshape(count, -1, 2)[:, OTHER_SIDE] * [-1, 1]
        made[:, LIMBS] = limbs.reshape(count, -1)
        if self.spatial:
            made[:, self.depths] = depths.mirrored(moves[:, self.depths])
        start = self._shapes.start
        made[:, start : start + 2 * hands] = np.roll(
            moves[:, start : start + 2 * hands], hands, axis=1
        )
        mean, axes = self.face
        head = slice(start + 2 * hands, -_STATES)
        face = (moves[:, head] @ axes + mean).reshape(count, -1, 2)[:, HEAD_OTHER_SIDE] * [-1, 1]
        made[:, head] = (face.reshape(count, -1) - mean) @ axes.T
        made[:, -_STATES:] = moves[:, -_STATES:][:, [0, 2, 1, 4, 3]]
        return made

    def decode(
        self, moves: Moves, fps: float = RATE, body: Body | None = None, *, settled: bool = True
    ) -> PoseTrack:
        """Decode vectors into a track.

        Args:
            moves: `(T, D)`.
            fps: frames a second of the track.
            body: the one to decode to; None: `self.body`.
            settled: keep standing feet still.
        """
        body = body or self.body
        vectors = resampled(moves, RATE, fps).astype(np.float64)
        count, lengths = len(vectors), body.limbs * body.height
        states = vectors[:, -_STATES:] > 0.5
        root, limbs = vectors[:, _ROOT], vectors[:, LIMBS].reshape(count, -1, 2)
        limbs = limbs / np.maximum(np.linalg.norm(limbs, axis=-1, keepdims=True), 1.0)
        scale = np.exp(root[:, 3].clip(-np.log(DEEPEST), np.log(DEEPEST)))
        xy = np.zeros((count, NUM_KEYPOINTS, 2))
        seen = np.zeros((count, NUM_KEYPOINTS), bool)
        ground = body.ground + root[:, 2] * body.height
        xy[:, INDEX["mid_hip"], 0] = body.x + root[:, 0] * body.height
        xy[:, INDEX["mid_hip"], 1] = ground - root[:, 1] * body.height * scale
        seen[:, INDEX["mid_hip"]] = True
        for number, (parent, child) in enumerate(zip(PARENTS, CHILDREN, strict=True)):
            length = (lengths[number] * scale)[:, None]
            xy[:, child] = xy[:, parent] + length * limbs[:, number]
            seen[:, child] = body.limbs[number] > 0 and self.body.limbs[number] > 0
        if settled:
            settle(xy, vectors[:, -2:], lengths, scale, fps)
        self._add_shapes(xy, seen, vectors, states, body, scale)
        keypoints = np.dstack([np.where(seen[..., None], xy, 0), seen]).astype(np.float32)
        if not self.spatial:
            return PoseTrack(keypoints, fps, body.size)
        behind = depths.decode(vectors[:, self.depths], body)
        return PoseTrack(keypoints, fps, body.size, behind.astype(np.float32))

    def _vectors(self, track: PoseTrack, body: Body) -> Array:
        """Vectors `(T, D)` of all frames, at the track's own rate."""
        unit, scale = body.height, depth_scale(track)
        xy = track.xy.astype(np.float64)
        seen = track.confidence >= USABLE
        lengths = np.where(body.limbs > 0, body.limbs, 1) * unit
        limbs = (xy[:, CHILDREN] - xy[:, PARENTS]) / (lengths * scale[:, None])[..., None]
        both = seen[:, CHILDREN] & seen[:, PARENTS]
        limbs = np.stack([filled(limbs[:, i], both[:, i]) for i in range(len(LIMB_NAMES))], axis=1)
        limbs /= np.maximum(np.linalg.norm(limbs, axis=-1, keepdims=True), 1.0)
        hips = filled(xy[:, INDEX["mid_hip"]], seen[:, INDEX["mid_hip"]])
        ankle = gaussian_filter1d(find_ground(track).ankle, SLOW * track.fps, mode="nearest")
        root = np.stack(
            [
                (hips[:, 0] - body.x) / unit,
                (ankle - hips[:, 1]) / (unit * scale),
                (ankle - body.ground) / unit,
                np.log(scale),
            ],
            axis=1,
        )
        parts = parts_of(track, body, face=self.known[0])
        shapes, states = [], []
        for name, (mean, axes) in (("left", self.hand), ("right", self.hand), ("face", self.face)):
            shape, known, _ = parts[name]
            usual = shape if known.any() else np.broadcast_to(mean, shape.shape)
            shapes.append((filled(usual, known | ~known.any()) - mean) @ axes.T)
        for name in ("face", "left", "right"):
            states.append(gaussian_filter1d(parts[name].shown.astype(float), 0.1 * track.fps))
        feet = find_feet(track)
        for side in range(2):
            stands = feet.standing[:, side] & (feet.speed[:, side] < _STANDS)
            states.append(gaussian_filter1d(stands.astype(float), 0.05 * track.fps))
        behind = [depths.encode(track, body)] if self.spatial else []
        flat = limbs.reshape(len(track), -1)
        return np.concatenate([root, flat, *behind, *shapes, np.stack(states, axis=1)], axis=1)

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
        start, hands = self._shapes.start, len(self.hand[1])
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
            points = HEAD_POINTS if name == "face" else np.arange(NUM_KEYPOINTS)[HANDS[name]]
            xy[:, points] = xy[:, [anchor]] + size[:, None, None] * shape
            there = states[:, number] & seen[:, anchor]
            if name != "face":
                seen[:, points] = (there & self.known[number])[:, None]
            elif (mean[: 2 * EYES.stop] != 0).any():  # eyes were seen: it turns away at times
                seen[:, points[FACE_POINTS]] = (there & self.known[0])[:, None]
                seen[:, points[EARS]] = seen[:, [anchor]]
                if not self.head_stays:
                    seen[:, anchor] = there
                seen[:, points[EYES]] = seen[:, [anchor]]


def _head_stays(tracks: Sequence[PoseTrack]) -> bool:
    """Whether nose and eyes are mostly seen in the frames without a face."""
    nose_and_eyes = [INDEX[name] for name in ("nose", "left_eye", "right_eye")]
    seen = [
        (track.confidence[~seen_face(track)][:, nose_and_eyes] >= USABLE).all(axis=1)
        for track in tracks
    ]
    faceless = np.concatenate(seen)
    return bool(faceless.mean() > 0.5) if len(faceless) else False


def _principal(values: Array, count: int) -> tuple[Array, Array]:
    """Mean and the first principal axes of values `(N, D)`."""
    if len(values) < 2:
        return np.zeros(values.shape[1]), np.eye(values.shape[1])[:count]
    mean = values.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov((values - mean).T))
    return mean, np.ascontiguousarray(axes[:, ::-1].T[:count])
