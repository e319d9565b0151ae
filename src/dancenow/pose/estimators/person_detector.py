"""MediaPipe's person detector by itself: where all persons are in a picture.

Holistic keeps only the best of what it finds (Bazarevsky et al., "BlazePose", 2020, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from dancenow.pose.estimators.base import Frame
from dancenow.pose.estimators.stderr_filter import MEDIAPIPE, drop_stderr_lines
from dancenow.pose.estimators.window import Cutter, Window, search_windows

_GRAPH: Final = """
input_stream: "image"
output_stream: "detections"
node {
  calculator: "PoseDetectionCpu"
  input_stream: "IMAGE:image"
  output_stream: "DETECTIONS:detections"
}
"""
_SAME: Final = 0.5  # radii between the hips of two findings of one person
_PART: Final = 0.65  # of a person's radius; a smaller finding within it is a part of the person
_SURE: Final = 0.75  # score; windows cut people in pieces, which score less
_PARTS: Final = (2, 3)  # of the frame's short side that windows are wide, for small persons
_LARGEST: Final = 0.75  # of the window's side; larger findings are left to larger windows


@dataclass(frozen=True)
class Spot:
    """Where a person is.

    Attributes:
        x, y: the middle of the hips, pixels.
        radius: of the circle around the whole body, pixels.
        score: how sure the detector is, 0..1.
    """

    x: float
    y: float
    radius: float
    score: float

    def part_of(self, other: Spot) -> bool:
        """Whether it is the same person, or a part of them that a window cut off."""
        apart = float(np.hypot(self.x - other.x, self.y - other.y))
        return apart < (_SAME if self.radius > _PART * other.radius else 1.0) * other.radius


class PersonDetector:
    """Finds all persons in single pictures, also small ones; see `Spot`."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._found: list[Any] = []
        self._cutter = Cutter()
        self._time = 0

    def __enter__(self) -> PersonDetector:
        return self

    def __exit__(self, *_: object) -> None:
        if self._graph is not None:
            self._graph.close()

    def find(self, frame: Frame, *, closely: bool = False, small: bool = False) -> list[Spot]:
        """All persons in a frame, the surest first.

        Args:
            frame: uint8 `(H, W, 3)` RGB.
            closely: look at smaller windows, too, which takes three times as long.
            small: if nobody is found, look for persons of a tenth of the frame's height, which
                takes ten times as long.
        """
        height, width = frame.shape[:2]
        windows = [Window.whole(width, height), *search_windows(width, height, 1)]
        if closely:
            windows += search_windows(width, height, 2)
        found = self._all(frame, windows)
        for part in _PARTS if small else ():
            found = found or self._all(frame, search_windows(width, height, part))
        return found

    def _all(self, frame: Frame, windows: Iterable[Window]) -> list[Spot]:
        spots = [spot for window in windows for spot in self._look(frame, window)]
        kept: list[Spot] = []
        for spot in sorted(spots, key=lambda spot: -spot.score):
            if spot.score >= _SURE and not any(spot.part_of(other) for other in kept):
                kept.append(spot)
        return kept

    def _look(self, frame: Frame, window: Window) -> list[Spot]:
        from mediapipe.python import packet_creator, packet_getter
        from mediapipe.python._framework_bindings.image_frame import ImageFormat

        graph = self._started()
        picture = self._cutter.cut(frame, window)
        self._found.clear()
        self._time += 1
        noisy = self._time <= len(_PARTS) + 1
        packet = packet_creator.create_image_frame(image_format=ImageFormat.SRGB, data=picture)
        with drop_stderr_lines(MEDIAPIPE) if noisy else nullcontext():
            graph.add_packet_to_input_stream("image", packet.at(self._time))
            graph.wait_until_idle()
        spots = []
        for found in self._found:
            if found.is_empty():
                continue
            for detection in packet_getter.get_proto_list(found):
                hip, edge = (
                    np.array([point.x, point.y]) * window.side
                    for point in detection.location_data.relative_keypoints[:2]
                )
                radius = float(np.linalg.norm(edge - hip))
                if 2 * radius < _LARGEST * window.side or window.side >= max(frame.shape[:2]):
                    x, y = hip + np.array([window.left, window.top])
                    spots.append(Spot(float(x), float(y), radius, float(detection.score[0])))
        return spots

    def _started(self) -> Any:
        if self._graph is None:
            import mediapipe
            from google.protobuf import text_format
            from mediapipe.framework import calculator_pb2
            from mediapipe.python._framework_bindings import resource_util
            from mediapipe.python._framework_bindings.calculator_graph import CalculatorGraph

            # As MediaPipe's own solutions do: its models lie beside its package's folder.
            resource_util.set_resource_dir(str(Path(mediapipe.__file__).parents[1]))
            config = text_format.Parse(_GRAPH, calculator_pb2.CalculatorGraphConfig())
            with drop_stderr_lines(MEDIAPIPE):
                self._graph = CalculatorGraph(graph_config=config)
                self._graph.observe_output_stream(
                    "detections", lambda _, packet: self._found.append(packet), True
                )
                self._graph.start_run()
        return self._graph
