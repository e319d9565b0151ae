"""Frames from a camera, or from a clip played in its place."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.pose.estimators.stderr_filter import drop_stderr_lines
from dancenow.video import probe, read_frames

Frame = NDArray[np.uint8]
Captured = tuple[Frame, float]  # a frame and its capture time, of `time.monotonic`

_CAMERA_FPS = 30.0  # assumed if a camera does not say
_NOISE = re.compile(rb"^\[ ?(WARN|ERROR|INFO):")  # OpenCV's log of a missing camera


@dataclass
class LiveCamera:
    """A source of frames in real time.

    Attributes:
        size: width and height in pixels.
        fps: frames per second.
        frames: returns the next frame when it is due; None at the end.
    """

    size: tuple[int, int]
    fps: float
    frames: Callable[[], Frame | None]


def open_camera(source: str, resources: ExitStack) -> LiveCamera:
    """The camera of that number, or a clip played in its place at its own rate.

    Args:
        source: a camera's number, or a clip.
        resources: closes the camera at the end.

    Raises:
        InputError: the camera does not exist, or the clip cannot be read.
    """
    if source.isdigit():
        with drop_stderr_lines(_NOISE):
            capture = cv2.VideoCapture(int(source))
        resources.callback(capture.release)
        if not capture.isOpened():
            raise InputError(
                f"`webcam`: there is no camera {source}; set SOURCE to another number, or to a "
                "clip to play in its place."
            )
        width, height = (
            int(capture.get(what)) for what in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )

        def grab() -> Frame | None:
            there, frame = capture.read()
            if not there:
                return None
            return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8)

        fps = capture.get(cv2.CAP_PROP_FPS)
        return LiveCamera((width, height), fps if 1 <= fps <= 240 else _CAMERA_FPS, grab)
    info = probe(Path(source))
    played = _played(Path(source), float(info.fps))
    return LiveCamera(info.size, float(info.fps), lambda: next(played, None))


def _played(clip: Path, fps: float) -> Iterator[Frame]:
    """The frames of a clip, each when it is due."""
    begin = time.monotonic()
    for index, frame in enumerate(read_frames(clip)):
        time.sleep(max(0.0, begin + index / fps - time.monotonic()))
        yield frame


class NewestFrame:
    """Holds the newest frame with its capture time; a newer one replaces it, taken or not."""

    def __init__(self) -> None:
        self._frame: Captured | None = None
        self._closed: BaseException | bool = False
        self._changed = threading.Condition()

    def put(self, frame: Captured) -> None:
        """Replace the frame by a newer one."""
        with self._changed:
            self._frame = frame
            self._changed.notify_all()

    def close(self, error: BaseException | None = None) -> None:
        """End the stream, perhaps with an error; the last frame can still be taken."""
        with self._changed:
            self._closed = error or self._closed or True
            self._changed.notify_all()

    def take(self) -> Captured | None:
        """Wait for a frame and return the newest; None at the end of the stream."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._closed is not False)
            frame, self._frame = self._frame, None
            if frame is None and isinstance(self._closed, BaseException):
                raise self._closed
            return frame
