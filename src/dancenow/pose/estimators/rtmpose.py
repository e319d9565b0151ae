"""Poses by RTMPose whole-body (Jiang et al., 2023; RTMW, 2024) through rtmlib: several persons."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import cv2
import torch

from dancenow.errors import DanceNowWarning, InputError
from dancenow.pose.cuts import with_cuts
from dancenow.pose.estimators.base import Detection, Frame, PoseEstimator
from dancenow.pose.estimators.wholebody import wholebody_to_layout
from dancenow.pose.looks import look_of

_MODE: Final = "balanced"  # of rtmlib's sets of models, between "lightweight" and "performance"
_CUDA: Final = "CUDAExecutionProvider"


class RTMPoseEstimator(PoseEstimator):
    """A person detector (YOLOX) and a whole-body pose model (RTMW/DWPose), in ONNX Runtime.

    The models are downloaded at first use.

    Args:
        device: "cpu", "cuda", "mps", or "auto": CUDA where PyTorch and ONNX Runtime both have it,
            else the CPU.
        quick: look at no frame that follows, for live use.

    Raises:
        InputError: rtmlib or ONNX Runtime is not installed, or a model cannot be downloaded or
            used.

    Warns:
        DanceNowWarning: CUDA was asked for and ONNX Runtime does not have it.
    """

    def __init__(self, *, device: str = "cpu", quick: bool = False) -> None:
        self._quick = quick
        try:
            import onnxruntime
            from rtmlib import YOLOX, RTMPose, Wholebody
        except ImportError as error:
            raise InputError(
                'RTMPose is not installed: run `pip install "dancenow[rtmpose]"`, '
                "or use the estimator mediapipe."
            ) from error
        device = _known_device(device, onnxruntime.get_available_providers())
        models = Wholebody.MODE[_MODE]
        self._detector = _load(YOLOX, models["det"], models["det_input_size"], device)
        self._poser = _load(RTMPose, models["pose"], models["pose_input_size"], device)

    def stream(self, frames: Iterable[Frame], *, masks: bool = False) -> Iterator[Detection]:  # noqa: ARG002
        """Detect all persons in each frame; there are no masks.  See `PoseEstimator.stream`."""
        for frame, cut in with_cuts(frames, at_once=self._quick):
            # YOLOX was trained on BGR pictures, RTMPose on RGB (rtmlib issue 48).
            boxes = self._detector(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
            # Without a box rtmlib would take the whole frame for a person.
            if len(boxes) == 0:
                yield Detection([], cut=cut)
            else:
                people = list(wholebody_to_layout(*self._poser(frame, bboxes=boxes)))
                looks = [look_of(frame, person) for person in people]
                yield Detection(people, looks=looks, cut=cut)


def _known_device(device: str, providers: Sequence[str]) -> str:
    """The device as rtmlib names it: "cpu", "cuda" or "mps"."""
    if device == "auto":
        return "cuda" if _CUDA in providers and torch.cuda.is_available() else "cpu"
    if device == "cuda" and _CUDA not in providers:
        warnings.warn(
            "RTMPose runs on the CPU, since this ONNX Runtime has no CUDA; install "
            "onnxruntime-gpu in place of onnxruntime.",
            DanceNowWarning,
            stacklevel=2,
        )
        return "cpu"
    return device


def _load(tool: Any, address: str, size: tuple[int, int], device: str) -> Any:
    """Make one of rtmlib's tools from its own model at `address`."""
    try:
        # rtmlib announces each model on standard output, which belongs to our own results.
        with contextlib.redirect_stdout(io.StringIO()):
            return tool(address, model_input_size=size, device=device)
    except OSError as error:  # urllib's errors are among these
        raise InputError(
            f"RTMPose's models cannot be fetched ({error}); check the network, or use the "
            "estimator mediapipe."
        ) from error
    except Exception as error:
        if type(error).__module__.startswith("onnxruntime"):
            raise InputError(f"{address}: is no usable ONNX model ({error}).") from error
        raise
