"""Pose estimators behind one protocol: MediaPipe (the default) and RTMPose (an extra)."""

from dancenow.errors import InputError
from dancenow.pose.estimators.base import Cast, Detection, PoseEstimator
from dancenow.pose.estimators.heavy_model import pose_model
from dancenow.pose.estimators.mediapipe import MediaPipeEstimator, Segmenter
from dancenow.pose.estimators.rtmpose import RTMPoseEstimator

__all__ = [
    "Cast",
    "Detection",
    "MediaPipeEstimator",
    "PoseEstimator",
    "RTMPoseEstimator",
    "Segmenter",
    "make_estimator",
    "pose_model",
]


def make_estimator(
    name: str = "mediapipe", *, device: str = "cpu", quick: bool = False
) -> PoseEstimator:
    """The estimator called `name`.

    Args:
        name: "mediapipe"; "litert", the same models without MediaPipe's graph (needs the extra
            `litert`); or "rtmpose" (needs the extra `rtmpose` and downloads its models at first
            use).
        device: "cpu", "cuda", "mps", or "auto" (CUDA where PyTorch and ONNX Runtime both have it,
            else the CPU); MediaPipe always runs on the CPU.
        quick: for live use; see `MediaPipeEstimator` and `RTMPoseEstimator`.

    Raises:
        InputError: there is no such estimator, or what it needs is not installed.
    """
    if name == "mediapipe":
        return MediaPipeEstimator(quick=quick)
    if name == "litert":
        from dancenow.pose.estimators.litert_graphs import LiteRTGraphs

        return MediaPipeEstimator(quick=quick, graphs=LiteRTGraphs())
    if name == "rtmpose":
        return RTMPoseEstimator(device=device, quick=quick)
    raise InputError(f"no pose estimator is called {name!r}; choose mediapipe, litert or rtmpose.")
