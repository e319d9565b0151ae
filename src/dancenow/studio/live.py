"""Dancing live on the page: pictures of its camera go in, the performer's come out."""

from __future__ import annotations

import queue
import threading
import time
import traceback
from contextlib import suppress
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from dancenow.errors import DanceNowError, InputError
from dancenow.processes import kill, leave_terminal, start_worker, worker_context
from dancenow.studio.job_kinds import PRELOAD

MOST_BYTES: Final = 1_000_000  # of a picture
_MOST_PIXELS: Final = 1_000_000
_FRESH: Final = 0.5  # seconds that a request waits for a new picture
_IDLE: Final = 15.0  # seconds without a picture after which the stage is left
_FPS: Final = 30.0  # that the camera is taken to have
_QUALITY: Final = 88  # of the JPEGs
_BUSY: Final = "somebody else dances live here; try again when they have stopped."
_FAILED: Final = "it stopped because of an error; see the studio's log."

Wanted = tuple[str, Path, str]  # the owner, the performer's folder, the background


class LiveStage:
    """One live performance at a time, in a process of its own.

    Args:
        device: where the performer paints.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._wanted: Wanted | None = None
        self._process: Any = None
        self._connection: Any = None
        self._seen = 0.0

    def show(self, owner: str, folder: Path, background: str, jpeg: bytes) -> bytes | None:
        """Show a picture of the camera; returns the newest picture of the performer, if any.

        Args:
            owner: who dances.
            folder: the performer.
            background: as on the command line.
            jpeg: what the camera sees.

        Raises:
            InputError: somebody else dances, or the performer cannot dance live.
        """
        with self._lock:
            wanted = (owner, folder, background)
            other = self._wanted is not None and self._wanted[0] != owner
            if other and time.monotonic() - self._seen < _IDLE:
                raise InputError(_BUSY)
            if self._wanted != wanted:
                self._leave()
                self._enter(wanted)
            self._seen = time.monotonic()
            try:
                self._connection.send_bytes(jpeg)
                return self._newest()
            except (EOFError, OSError) as error:
                self._leave()
                raise InputError(_FAILED) from error

    def leave(self, owner: str) -> None:
        """End an owner's performance, if there is one."""
        with self._lock:
            if self._wanted is not None and self._wanted[0] == owner:
                self._leave()

    def close(self) -> None:
        """End any performance."""
        with self._lock:
            self._leave()

    def _enter(self, wanted: Wanted) -> None:
        context = worker_context(PRELOAD)
        self._connection, other = context.Pipe()
        _, folder, background = wanted
        self._process = context.Process(
            target=_perform, args=(other, folder, background, self._device), daemon=True
        )
        start_worker(self._process)
        other.close()
        self._wanted = wanted
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()

    def _watch(self, process: Any) -> None:
        """Leave the stage once its page is gone."""
        while self._process is process:
            time.sleep(_IDLE / 3)
            with self._lock:
                if self._process is process and time.monotonic() - self._seen > _IDLE:
                    self._leave()

    def _leave(self) -> None:
        if self._process is not None:
            self._connection.close()
            self._process.join(2)
            kill(self._process)
        self._process = self._connection = self._wanted = None

    def _newest(self) -> bytes | None:
        picture: bytes | None = None
        wait = _FRESH
        while self._connection.poll(wait):
            kind, value = self._connection.recv()
            if kind == "failed":
                self._leave()
                raise InputError(value)
            picture, wait = value, 0.0
        return picture


class _Page:
    """A camera and a screen at the other end of a pipe."""

    credentials = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._size: tuple[int, int] | None = None
        self._newest: queue.Queue[bytes | None] = queue.Queue(1)
        # While the performer is loaded, too: a full pipe would stop whoever sends.
        threading.Thread(target=self._receive, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def next(self) -> NDArray[np.uint8] | None:
        """The next picture of the camera, uint8 `(H, W, 3)` RGB; None at the end."""
        while (jpeg := self._newest.get()) is not None:
            frame = _decoded(jpeg)
            if frame is None:
                continue
            size = (frame.shape[1], frame.shape[0])
            self._size = self._size or size
            if size == self._size:
                return frame
        self._newest.put(None)  # for whoever asks once more
        return None

    def _receive(self) -> None:
        """Keep the newest picture that came, until the other end closes."""
        jpeg: bytes | None = b""
        while jpeg is not None:
            try:
                jpeg = self._connection.recv_bytes(MOST_BYTES)
            except (EOFError, OSError):
                jpeg = None
            with suppress(queue.Empty):
                self._newest.get_nowait()
            self._newest.put(jpeg)

    def show(self, frame: NDArray[np.uint8]) -> bool:
        """Show a picture; returns whether to continue."""
        bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        try:
            self._connection.send(("picture", data.tobytes()))
        except OSError:
            return False
        return True


def _perform(connection: Connection, folder: Path, background: str, device: Any) -> None:
    """Perform what comes through a pipe until it ends; the process of a `LiveStage`."""
    leave_terminal()
    page = _Page(connection)
    try:
        if (first := page.next()) is None:
            return
        from dancenow.options import LiveOptions
        from dancenow.staging.live.camera import LiveCamera
        from dancenow.workflows.live import perform_between

        camera = LiveCamera((first.shape[1], first.shape[0]), _FPS, page.next)
        options = LiveOptions(background=background, device=device)
        perform_between(folder, camera, page, options)
    except DanceNowError as error:
        with suppress(OSError):
            connection.send(("failed", str(error)))
    except Exception:
        traceback.print_exc()
        with suppress(OSError):
            connection.send(("failed", _FAILED))


def _decoded(jpeg: bytes) -> NDArray[np.uint8] | None:
    """A picture, uint8 `(H, W, 3)` RGB; None where it is damaged, no JPEG, or too large."""
    from PIL import Image

    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except Exception:  # whatever the decoder says of a damaged picture
        return None
