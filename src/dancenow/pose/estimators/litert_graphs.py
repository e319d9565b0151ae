"""LiteRT in place of MediaPipe's graphs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from dancenow.errors import InputError
from dancenow.pose.estimators.blaze import Array, Picture
from dancenow.pose.estimators.graphs import HEAVY, Detector, Graph
from dancenow.pose.estimators.litert import BodyDetector, Holistic
from dancenow.pose.estimators.mediapipe_layout import FACE_POINTS


class LiteRTGraphs:
    """LiteRT in place of MediaPipe's graphs.

    Raises:
        InputError: LiteRT is not installed, or MediaPipe's package, which has the models.
    """

    def __init__(self) -> None:
        package = find_spec("mediapipe")
        if find_spec("ai_edge_litert") is None or package is None or package.origin is None:
            raise InputError(
                "`estimator=litert`: needs LiteRT, and the models in MediaPipe's package: "
                "pip install 'dancenow[litert]'."
            )
        self._folder = Path(package.origin).parent

    def holistic(self, complexity: int, *, masks: bool) -> Graph:
        assert not masks, "masks come from MediaPipe's graph"
        return _Followed(Holistic(self._folder, heavy=complexity == HEAVY))

    def pose(self, complexity: int, *, masks: bool = False) -> Graph:
        assert not masks, "masks come from MediaPipe's graph"
        return _Single(Holistic(self._folder, heavy=complexity == HEAVY))

    def detector(self) -> Detector:
        return BodyDetector(self._folder)


class _Followed:
    """Gives results as MediaPipe's solutions do, in parts of the picture."""

    def __init__(self, holistic: Holistic) -> None:
        self._holistic = holistic

    def process(self, picture: Picture) -> Any:
        seen, side = self._holistic.look(picture), len(picture)
        if seen is None:
            return SimpleNamespace(pose_landmarks=None)
        left, right = (None if hand is None else _landmarks(hand / side) for hand in seen.hands)
        face = None
        if seen.face is not None:
            points = _landmarks(seen.face / side).landmark
            face = SimpleNamespace(landmark=dict(zip(FACE_POINTS, points, strict=True)))
        return SimpleNamespace(
            pose_landmarks=_landmarks(seen.body[:, :2] / side, seen.body[:, 2]),
            pose_world_landmarks=_landmarks(seen.world, seen.body[:, 2]),
            left_hand_landmarks=left,
            right_hand_landmarks=right,
            face_landmarks=face,
        )

    def reset(self) -> None:
        self._holistic.reset()

    def close(self) -> None: ...


class _Single(_Followed):
    """Looks at each picture by itself, and at the body only."""

    def process(self, picture: Picture) -> Any:
        self._holistic.reset()
        found = self._holistic.look_at_body(picture)
        if found is None:
            return SimpleNamespace(pose_landmarks=None)
        body, _ = found
        return SimpleNamespace(pose_landmarks=_landmarks(body[:, :2] / len(picture), body[:, 2]))


def _landmarks(points: Array, visible: Array | None = None) -> Any:
    rows = np.zeros((len(points), 4))
    rows[:, : points.shape[1]] = points
    rows[:, 3] = 1.0 if visible is None else visible
    names = ("x", "y", "z", "visibility")
    return SimpleNamespace(
        landmark=[SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows.tolist()]
    )
