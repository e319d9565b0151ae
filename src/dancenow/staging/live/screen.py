"""Live output: a window, a clip, or a virtual camera that other programs see."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from dancenow.credentials import Claim
from dancenow.errors import InputError
from dancenow.staging.result import ResultWriter, open_result

Frame = NDArray[np.uint8]

_TITLE = "DanceNow - press q to quit"
_ENDS = (ord("q"), 27)  # keys


class Screen(Protocol):
    """Where pictures go; a context manager."""

    @property
    def credentials(self) -> bool:
        """Whether what was made carries Content Credentials; known at the end."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def show(self, frame: Frame) -> bool:
        """Show a picture, uint8 `(H, W, 3)` RGB or `(H, W, 4)` RGBA; returns whether to go on."""


class ScreenWindow:
    """Shows pictures in a window."""

    credentials = False

    def __enter__(self) -> Self:
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL)
        except cv2.error as error:
            raise InputError(
                "`webcam`: no window can be opened here; write a clip with -o OUT.mp4 instead."
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        cv2.destroyWindow(_TITLE)

    def show(self, frame: Frame) -> bool:
        """Show a frame; returns whether to continue."""
        cv2.imshow(_TITLE, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        ended = cv2.waitKey(1) & 0xFF in _ENDS
        return not ended and cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1


@dataclass
class ClipFile:
    """Writes pictures into a clip of constant frame rate, repeating each until the next one."""

    path: Path
    claim: Claim | None
    fps: float
    alpha: bool
    _resources: ExitStack = field(default_factory=ExitStack)
    _writer: ResultWriter | None = None
    _last: Frame | None = None
    _begin: float = 0.0

    def __enter__(self) -> Self:
        self._resources.__enter__()
        self._writer = self._resources.enter_context(
            open_result(self.path, self.claim, fps=self.fps, alpha=self.alpha)
        )
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if self._last is not None and self._writer is not None and error[0] is None:
                self._writer.write(self._last)
        except BaseException:
            self._resources.__exit__(*sys.exc_info())
            raise
        self._resources.__exit__(*error)  # type: ignore[arg-type]

    @property
    def credentials(self) -> bool:
        """Whether the finished file carries Content Credentials."""
        return self._writer is not None and self._writer.credentials

    def show(self, frame: Frame) -> bool:
        """Write a frame; returns whether to continue."""
        assert self._writer is not None
        now = time.monotonic()
        if self._last is None:
            self._begin = now
        else:
            while self._writer.frames < (now - self._begin) * self.fps:
                self._writer.write(self._last)
        self._last = frame
        return True


@dataclass
class VirtualCamera:
    """Shows pictures to other programs as a camera's: OBS Virtual Camera, or v4l2loopback.

    Attributes:
        fps: frames a second that the camera promises; each picture stays until the next.
        device: which of several; by default the first that is free.
    """

    fps: float
    device: str | None = None
    _camera: Any = None

    credentials = False

    def __enter__(self) -> Self:
        if find_spec("pyvirtualcam") is None:
            raise InputError(
                "`virtual_camera`: needs one more package: pip install 'dancenow[camera]'."
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._camera is not None:
            self._camera.close()

    def show(self, frame: Frame) -> bool:
        """Show a frame; returns whether to continue."""
        if self._camera is None:
            self._camera = self._opened(frame)
        self._camera.send(frame)
        return True

    def _opened(self, frame: Frame) -> Any:
        import pyvirtualcam

        height, width = frame.shape[:2]
        device = None if self.device in (None, "auto") else self.device
        try:
            return pyvirtualcam.Camera(width, height, self.fps, device=device)
        except (RuntimeError, ValueError) as error:
            why = " ".join(str(error).split())[:300]
            raise InputError(f"`virtual_camera`: there is none here ({why}).") from error
