"""BlazePose, BlazePalm's hands and the face mesh by LiteRT, without MediaPipe's graph.

The models are those in MediaPipe's wheel, and what stands between them follows the description of
its holistic graph (`HolisticLandmarkCpu`), whose numbers are given here.  The face mesh "with
attention" needs operators of MediaPipe's own; the plain mesh and the model of eyes and irises stand
in for it.  Everything looks at a square picture; places are in its pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from dancenow.pose.estimators.blaze import (
    PRESENT,
    Array,
    OneEuro,
    Picture,
    Roi,
    anchors_of,
    angle_of,
    around,
    box,
    detections,
    refined,
    wrapped,
)
from dancenow.pose.estimators.graphs import Found

_THREADS: Final = 2  # more help little: the models are small
_WRIST_SEEN: Final = 0.1
_POSE_PX, _DETECT_PX, _CROP_PX, _HAND_PX, _FACE_PX, _FIND_PX = 256, 224, 256, 224, 192, 128
_EYE_PX: Final = 64
_FACE_OF_BODY: Final = 11  # landmarks of the body that are in the face


class Model:
    """A TensorFlow Lite model; its outputs by the last part of their names."""

    def __init__(self, path: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._model = Interpreter(model_path=str(path), num_threads=threads)
        self._model.allocate_tensors()
        self._input = self._model.get_input_details()[0]["index"]
        self._outputs = {each["name"]: each["index"] for each in self._model.get_output_details()}

    def run(self, picture: Picture, low: float = 0.0) -> dict[str, Array]:
        """Its outputs for a picture, whose values become `low`..1."""
        values = picture[None].astype(np.float32) * ((1 - low) / 255) + low
        self._model.set_tensor(self._input, values)
        self._model.invoke()
        return {name: self._model.get_tensor(index) for name, index in self._outputs.items()}


@dataclass
class Seen:
    """What is seen in a picture.

    Attributes:
        body: `(33, 3)`: x, y, visibility.
        world: `(33, 3)`, metres from the hips.
        hands: left and right `(21, 2)`; None if not seen.
        face: `(70, 2)` in the order of `FACE_POINTS`; None if not seen.
    """

    body: Array
    world: Array
    hands: tuple[Array | None, Array | None]
    face: Array | None


class BodyDetector:
    """Finds all persons in square pictures."""

    def __init__(self, folder: Path, threads: int = _THREADS) -> None:
        self._model = Model(folder / "modules/pose_detection/pose_detection.tflite", threads)
        self._anchors = anchors_of(_DETECT_PX, (8, 16, 32, 32, 32))

    def look(self, picture: Picture) -> Iterator[tuple[Array, float]]:
        """Middle of the hips, top of the body's circle and more, `(4, 2)` in parts; and a score."""
        side = len(picture)
        whole = Roi(side / 2, side / 2, side, side, 0.0)
        out = self._model.run(whole.cut(picture, _DETECT_PX, cv2.BORDER_CONSTANT), -1.0)
        boxes, scores = out["Identity"][0], out["Identity_1"][0, :, 0]
        return detections(boxes, scores, self._anchors, _DETECT_PX)

    def find(self, picture: Picture) -> list[Found]:
        """All persons; see `Detector`."""
        people = []
        for points, score in self.look(picture):
            radius = float(np.linalg.norm(points[1] - points[0]))
            people.append(Found(float(points[0, 0]), float(points[0, 1]), radius, score))
        return people

    def close(self) -> None: ...


class Holistic:
    """One person's body, hands and face, followed from picture to picture."""

    def __init__(self, folder: Path, *, heavy: bool, threads: int = _THREADS) -> None:
        def model(place: str) -> Model:
            return Model(folder / "modules" / place, threads)

        kind = "heavy" if heavy else "full"
        self._detector = BodyDetector(folder, threads)
        self._pose = model(f"pose_landmark/pose_landmark_{kind}.tflite")
        self._recrop = model("holistic_landmark/hand_recrop.tflite")
        self._hand = model("hand_landmark/hand_landmark_full.tflite")
        self._face_finder = model("face_detection/face_detection_short_range.tflite")
        self._face = model("face_landmark/face_landmark.tflite")
        self._eye = model("iris_landmark/iris_landmark.tflite")
        self._face_anchors = anchors_of(_FIND_PX, (8, 16, 16, 16))
        self.reset()

    def reset(self) -> None:
        """Forget whom it followed."""
        self._body_roi: Roi | None = None
        self._steady = OneEuro()
        self._hands: list[Array | None] = [None, None]
        self._mesh: Array | None = None

    def look(self, picture: Picture) -> Seen | None:
        """What is seen in a square picture, uint8 `(S, S, 3)` RGB; None if nobody is."""
        found = self.look_at_body(picture)
        if found is None:
            self.reset()
            return None
        body, world = found
        hands = [self._look_at_hand(picture, body, side) for side in (0, 1)]
        return Seen(body, world, (hands[0], hands[1]), self._look_at_face(picture, body))

    def look_at_body(self, picture: Picture) -> tuple[Array, Array] | None:
        """The body alone: see `Seen`."""
        roi = self._body_roi or self._find_body(picture)
        self._body_roi = None
        if roi is None:
            return None
        out = self._pose.run(roi.cut(picture, _POSE_PX))
        if float(out["Identity_1"].squeeze()) < PRESENT:
            return None
        raw = out["Identity"].reshape(39, 5)
        places = refined(raw[:, :2] / _POSE_PX, out["Identity_3"][0])
        visible = 1 / (1 + np.exp(-raw[:, 3]))
        points = roi.back(places)
        here = around(points[33], points[34], math.pi / 2)
        ahead = self._steady.follow(points[33:35], here.width)
        self._body_roi = around(ahead[0], ahead[1], math.pi / 2).grown(1.25)
        cos, sin = math.cos(roi.angle), math.sin(roi.angle)
        world = out["Identity_4"].reshape(39, 3)[:33].copy()
        world[:, :2] = world[:, :2] @ np.array([[cos, sin], [-sin, cos]], np.float32)
        return np.column_stack([points[:33], visible[:33]]).astype(np.float32), world

    def _find_body(self, picture: Picture) -> Roi | None:
        side = len(picture)
        for points, _ in self._detector.look(picture):
            return around(points[0] * side, points[1] * side, math.pi / 2).grown(1.25)
        return None

    def _look_at_hand(self, picture: Picture, body: Array, side: int) -> Array | None:
        wrist, pinky, index = body[[15 + side, 17 + side, 19 + side]]
        before, self._hands[side] = self._hands[side], None
        if wrist[2] < _WRIST_SEEN:
            return None
        middle = (2 * index[:2] + pinky[:2]) / 3
        length = 2 * float(np.linalg.norm(middle - wrist[:2]))
        angle = angle_of(wrist[:2], middle, math.pi / 2)
        rough = Roi(float(middle[0]), float(middle[1]), length, length, angle).grown(2.7, 0.1)
        ends = self._recrop.run(rough.cut(picture, _CROP_PX))["output_crop"].reshape(2, 2)
        start, end = rough.back(ends / _CROP_PX)
        roi = around(start, end, -math.pi / 2).grown(1.0, 0.1)
        if before is not None:
            roi = _followed(_hand_roi(before), roi, before, 40, 0.2, 0.4, -0.1)
        out = self._hand.run(roi.cut(picture, _HAND_PX))
        if float(out["Identity_1"].squeeze()) < PRESENT:
            return None
        hand: Array = roi.back(out["Identity"].reshape(21, 3)[:, :2] / _HAND_PX)
        self._hands[side] = hand
        return hand

    def _look_at_face(self, picture: Picture, body: Array) -> Array | None:
        before, self._mesh = self._mesh, None
        points = body[:_FACE_OF_BODY, :2]
        rough = box(points, angle_of(points[5], points[2], 0.0)).grown(3.0)
        out = self._face_finder.run(rough.cut(picture, _FIND_PX, cv2.BORDER_CONSTANT), -1.0)
        boxes, scores = out["regressors"][0], out["classificators"][0, :, 0]
        found = next(detections(boxes, scores, self._face_anchors, _FIND_PX), None)
        if found is None:
            return None
        marks = rough.back(found[0])
        roi = box(marks, angle_of(marks[0], marks[1], 0.0)).grown(2.0, 0.1)
        if before is not None:
            tight = box(before, angle_of(before[33], before[263], 0.0)).grown(1.5)
            roi = _followed(tight, roi, before, 15, 0.1, 0.3, -0.2)
        out = self._face.run(roi.cut(picture, _FACE_PX))
        if 1 / (1 + math.exp(-float(out["conv2d_31"].squeeze()))) < PRESENT:
            return None
        mesh = roi.back(out["conv2d_21"].reshape(468, 3)[:, :2] / _FACE_PX)
        self._mesh = mesh
        parts = {"mesh": mesh}
        for name, ends in _EYES.items():
            corners = mesh[list(ends)]
            eye = box(corners, angle_of(corners[0], corners[1], 0.0)).grown(2.3)
            cut = eye.cut(picture, _EYE_PX)
            turned = name == "right"  # the model knows one eye; the other one is its mirror image
            out = self._eye.run(np.ascontiguousarray(cut[:, ::-1]) if turned else cut)
            for kind, output in (("eye", "eyes_contours_and_brows"), ("iris", "iris")):
                points = out[f"output_{output}"].reshape(-1, 3)[:, :2] / _EYE_PX
                if turned:
                    points = points * (-1, 1) + (1, 0)
                parts[f"{name}_{kind}"] = eye.back(points)
        points = np.stack([parts[name][number] for name, number in _FACE])
        return np.asarray(points, np.float32)


_PALM: Final = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)


def _hand_roi(hand: Array) -> Roi:
    """Where a hand `(21, 2)` is looked for in the next picture."""
    ahead = ((hand[5] + hand[13]) / 2 + hand[9]) / 2
    angle = angle_of(hand[0], ahead, math.pi / 2)
    hand = hand[list(_PALM)]
    middle = (hand.min(axis=0) + hand.max(axis=0)) / 2
    cos, sin = math.cos(angle), math.sin(angle)
    turned = (hand - middle) @ np.array([[cos, -sin], [sin, cos]], np.float32)
    low, high = turned.min(axis=0), turned.max(axis=0)
    (u, v), (width, height) = (low + high) / 2, high - low
    x, y = middle[0] + cos * u - sin * v, middle[1] + sin * u + cos * v
    return Roi(float(x), float(y), float(width), float(height), angle).grown(2.0, 0.1)


def _followed(
    last: Roi, found: Roi, points: Array, degrees: float, apart: float, scale: float, margin: float
) -> Roi:
    """Where the last picture's points say to look, as long as that agrees with what was found."""
    turn = abs(math.degrees(wrapped(last.angle - found.angle)))
    away = math.hypot(last.x - found.x, last.y - found.y)
    grown = abs(last.width - found.width)
    near = turn < degrees and away < apart * found.width and grown < scale * found.width
    cos, sin = math.cos(found.angle), math.sin(found.angle)
    inside = (points - (found.x, found.y)) @ np.array([[cos, -sin], [sin, cos]], np.float32)
    reach = np.array([found.width, found.height]) * (0.5 - margin)
    return last if near and bool((np.abs(inside) < reach).all()) else found


def _named(name: str, *numbers: int) -> list[tuple[str, int]]:
    return [(name, number) for number in numbers]


_EYES: Final = {"left": (33, 133), "right": (362, 263)}  # as the model has them: in the picture
# The models' outputs that hold the points of `FACE_POINTS`, in its order.
_FACE: Final = (
    *_named("mesh", 127, 234, 93, 132, 58, 172, 150, 176, 152),
    *_named("mesh", 400, 379, 397, 288, 361, 323, 454, 356),
    *_named("mesh", 70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # finer than the eyes' model
    *_named("mesh", 168, 197, 5, 4, 98, 97, 2, 326, 327),
    *_named("left_eye", 0, 11, 13, 8, 5, 3),
    *_named("right_eye", 8, 13, 11, 0, 3, 5),
    *_named("mesh", 61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),
    *_named("mesh", 78, 81, 13, 311, 308, 402, 14, 178),
    *_named("left_iris", 0),
    *_named("right_iris", 0),
)
