"""What finds people in a picture: MediaPipe's graphs, behind a face that others can have, too."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

PLAIN, HEAVY = 1, 2  # MediaPipe's numbers of its pose models
_GRAPH: Final = """
input_stream: "image"
output_stream: "detections"
node {
  calculator: "PoseDetectionCpu"
  input_stream: "IMAGE:image"
  output_stream: "DETECTIONS:detections"
}
"""


class Found(NamedTuple):
    """A person in a square picture: the middle of the hips and the radius of the circle around the
    whole body, in parts of the picture, and a score in 0..1."""

    x: float
    y: float
    radius: float
    score: float


class Graph(Protocol):
    """Looks at square pictures, uint8 `(S, S, 3)` RGB; results are as MediaPipe's solutions'."""

    def process(self, picture: Picture) -> Any:
        """What is seen; see `to_layout`."""

    def reset(self) -> None:
        """Forget the pictures before."""

    def close(self) -> None:
        """It is not used any more."""


class Detector(Protocol):
    """Finds all persons in square pictures."""

    def find(self, picture: Picture) -> list[Found]:
        """All persons, in no order."""

    def close(self) -> None:
        """It is not used any more."""


class Graphs(Protocol):
    """Makes them."""

    def holistic(self, complexity: int, *, masks: bool) -> Graph:
        """Follows one person's body, hands and face."""

    def pose(self, complexity: int, *, masks: bool = False) -> Graph:
        """Looks for one person's body in single pictures."""

    def detector(self) -> Detector:
        """Finds everybody."""


class MediaPipeGraphs:
    """MediaPipe's own."""

    def holistic(self, complexity: int, *, masks: bool) -> Graph:
        from mediapipe.python.solutions.holistic import Holistic

        # Its causal filter lags by a third of a frame; `pose.flow_fusion` does better.
        # The irises come with the refined face mesh, which costs no more time.
        return Solution(
            Holistic(
                model_complexity=complexity,
                smooth_landmarks=False,
                enable_segmentation=masks,
                refine_face_landmarks=True,
            )
        )

    def pose(self, complexity: int, *, masks: bool = False) -> Graph:
        from mediapipe.python.solutions.pose import Pose

        return Solution(
            Pose(static_image_mode=True, model_complexity=complexity, enable_segmentation=masks)
        )

    def detector(self) -> Detector:
        return _PoseDetection()


class Solution:
    """One of MediaPipe's solutions, whose results take no memory when nobody uses them any more.

    MediaPipe makes a class for every result.  Classes refer to themselves, so their masks of the
    size of a frame would pile up until Python's garbage collector comes by.

    Args:
        solution: as MediaPipe makes it.
    """

    def __init__(self, solution: Any) -> None:
        self._solution = solution
        self.reset, self.close = solution.reset, solution.close

    def process(self, picture: Picture) -> SimpleNamespace:
        """What is seen, under MediaPipe's names."""
        found, result = self._solution.process(picture), SimpleNamespace()
        for name in found._fields:
            setattr(result, name, getattr(found, name))
            setattr(found, name, None)
        return result


class _PoseDetection:
    """MediaPipe's person detector by itself."""

    def __init__(self) -> None:
        import mediapipe
        from google.protobuf import text_format
        from mediapipe.framework import calculator_pb2
        from mediapipe.python._framework_bindings import resource_util
        from mediapipe.python._framework_bindings.calculator_graph import CalculatorGraph

        # As MediaPipe's own solutions do: its models lie beside its package's folder.
        resource_util.set_resource_dir(str(Path(mediapipe.__file__).parents[1]))
        config = text_format.Parse(_GRAPH, calculator_pb2.CalculatorGraphConfig())
        self._packets: list[Any] = []
        self._time = 0
        self._graph = CalculatorGraph(graph_config=config)
        self._graph.observe_output_stream(
            "detections", lambda _, packet: self._packets.append(packet), True
        )
        self._graph.start_run()

    def find(self, picture: Picture) -> list[Found]:
        from mediapipe.python import packet_creator, packet_getter
        from mediapipe.python._framework_bindings.image_frame import ImageFormat

        self._packets.clear()
        self._time += 1
        packet = packet_creator.create_image_frame(image_format=ImageFormat.SRGB, data=picture)
        self._graph.add_packet_to_input_stream("image", packet.at(self._time))
        self._graph.wait_until_idle()
        people = []
        for found in self._packets:
            for detection in [] if found.is_empty() else packet_getter.get_proto_list(found):
                hip, edge = detection.location_data.relative_keypoints[:2]
                radius = float(np.hypot(edge.x - hip.x, edge.y - hip.y))
                people.append(Found(hip.x, hip.y, radius, float(detection.score[0])))
        return people

    def close(self) -> None:
        self._graph.close()
