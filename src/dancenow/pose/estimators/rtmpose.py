"""Poses by RTMPose whole-body (Jiang et al., 2023; RTMW, 2024) through rtmlib: several persons."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.errors import InputError
from dancenow.pose.estimators.base import Detection, Frame, PoseEstimator
from dancenow.pose.estimators.wholebody import wholebody_to_layout

_MODES = ("lightweight", "balanced", "performance")


class RTMPoseEstimator(PoseEstimator):
    """A person detector (YOLOX) and a whole-body pose model (RTMW/DWPose), in ONNX Runtime.

    Args:
        mode: "lightweight", "balanced" or "performance": which of rtmlib's models are used; they
            are downloaded at first use.
        det_model: a YOLOX person detector in an ONNX file, instead of rtmlib's.
        pose_model: a SimCC whole-body pose model (133 keypoints) in an ONNX file, instead of
            rtmlib's.
        device: "cpu", "cuda" or "mps".

    Raises:
        InputError: rtmlib or ONNX Runtime is not installed, a model file does not exist or is no
            such model, or a model cannot be downloaded.
    """

    def __init__(
        self,
        *,
        mode: str = "balanced",
        det_model: str | Path | None = None,
        pose_model: str | Path | None = None,
        device: str = "cpu",
    ) -> None:
        if mode not in _MODES:
            raise InputError(f"RTMPose has no mode {mode!r}; choose one of {', '.join(_MODES)}.")
        try:
            import onnxruntime  # noqa: F401
            from rtmlib import YOLOX, RTMPose, Wholebody
        except ImportError as error:
            raise InputError(
                'RTMPose is not installed: run `pip install "dancenow[rtmpose]"`, '
                "or use the estimator mediapipe."
            ) from error
        known = Wholebody.MODE[mode]
        self._detector = _load(YOLOX, det_model, known["det"], known["det_input_size"], device)
        self._poser = _load(RTMPose, pose_model, known["pose"], known["pose_input_size"], device)
        outputs = self._poser.session.get_outputs()
        if len(outputs) != 2 or outputs[0].shape[1] not in (133, "133"):
            raise InputError(
                f"{pose_model}: is no SimCC whole-body pose model of 133 keypoints; "
                "leave it out to use rtmlib's."
            )

    def stream(self, frames: Iterable[Frame], *, masks: bool = False) -> Iterator[Detection]:  # noqa: ARG002
        """Detect all persons in each frame; there are no masks.  See `PoseEstimator.stream`."""
        for frame in frames:
            # YOLOX was trained on BGR pictures, RTMPose on RGB (rtmlib issue 48).
            boxes = self._detector(np.ascontiguousarray(frame[..., ::-1]))
            # Without a box rtmlib would take the whole frame for a person.
            if len(boxes) == 0:
                yield Detection([])
            else:
                yield Detection(list(wholebody_to_layout(*self._poser(frame, bboxes=boxes))))


def _load(
    tool: Any, path: str | Path | None, address: str, size: tuple[int, int], device: str
) -> Any:
    """Make one of rtmlib's tools from a file, or from rtmlib's own model at `address`."""
    if path is not None and not Path(path).is_file():
        raise InputError(f"{path}: no such file; an ONNX model is needed here.")
    try:
        # rtmlib announces each model on standard output, which belongs to our own results.
        with contextlib.redirect_stdout(io.StringIO()):
            model = tool(str(path or address), model_input_size=size, device=device)
    except OSError as error:  # urllib's errors are among these
        raise InputError(
            f"RTMPose's models cannot be fetched ({error}); check the network, give model files, "
            "or use the estimator mediapipe."
        ) from error
    except Exception as error:
        if type(error).__module__.startswith("onnxruntime"):
            raise InputError(f"{path or address}: is no usable ONNX model ({error}).") from error
        raise
    if path is not None:
        height, width = model.session.get_inputs()[0].shape[2:]
        if isinstance(height, int) and isinstance(width, int):
            # rtmlib gives the detector (height, width) and the pose model (width, height).
            swap = tool.__name__ == "YOLOX"
            model.model_input_size = (height, width) if swap else (width, height)
    return model
