"""Performing live: a camera's newest frame, always, in a window or into a file."""

from __future__ import annotations

import re
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.credentials import Claim, Made
from dancenow.errors import DanceNowWarning, InputError
from dancenow.files import check_not_read
from dancenow.performer import Performer
from dancenow.performer.fast.performer import FastPerformer
from dancenow.pose.estimators import make_estimator
from dancenow.pose.estimators.stderr_filter import drop_stderr_lines
from dancenow.pose.extent import body_extent
from dancenow.pose.layout import NUM_KEYPOINTS
from dancenow.pose.online import OnlineCleaner, OnlineNormalizer
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sources.load import Source
from dancenow.staging.backdrop import SOURCE, TRANSPARENT, Backdrop, check_background
from dancenow.staging.result import ResultWriter, open_result
from dancenow.staging.show import ShowOptions
from dancenow.training import choose_device
from dancenow.video import check_output, probe, read_frames

Frame = NDArray[np.uint8]
Item = TypeVar("Item")

_CAMERA_FPS = 30.0  # where a camera does not say
_POSES_A_SECOND = 10.0  # about what comes out of the estimator
_TITLE = "DanceNow - press q to end"
_ENDS = (ord("q"), 27)  # keys
_NOISE = re.compile(rb"^\[ ?(WARN|ERROR|INFO):")  # what OpenCV has to say about a missing camera


@dataclass(frozen=True)
class Live:
    """What was performed live.

    Attributes:
        frames: how many were shown.
        seconds: how long it took, from the first to the last.
        latency: median time from a frame's capture until its performance is shown, seconds.
        latency_95: the time that 95 % of them stay below, seconds.
        output: the clip that was written, or None.
        credentials: whether it carries Content Credentials.
    """

    frames: int
    seconds: float
    latency: float
    latency_95: float
    output: Path | None
    credentials: bool = False

    def summary(self) -> str:
        """One line for people."""
        rate = self.frames / self.seconds if self.seconds > 0 else 0.0
        where = "" if self.output is None else f"{self.output}: "
        return (
            f"{where}{self.frames} frames performed live, {rate:.1f} a second; from the camera to "
            f"the picture {1000 * self.latency:.0f} ms (95 %: {1000 * self.latency_95:.0f} ms)"
        )


def perform_live(
    folder: str | Path,
    source: str = "0",
    output: str | Path | None = None,
    show: ShowOptions | None = None,
    *,
    seconds: float | None = None,
    estimator: str = "mediapipe",
    device: str = "auto",
    credentials: bool = True,
    progress: ProgressCallback = silent,
) -> Live:
    """Let a performer dance what a camera sees, until `q`, Ctrl-C, the clip's end or `seconds`.

    Frames that come while an older one is being worked on are dropped: what is shown is always as
    new as can be.

    Args:
        folder: the performer.
        source: a camera's number, or a clip that is played in its place at its own rate.
        output: a clip to write; else a window is opened.
        show: what lies behind the person; the rest cannot be chosen live.
        seconds: how long, at most.
        estimator: which estimator finds the poses.
        device: "auto", "cpu", "cuda" or "mps".
        credentials: sign the clip with Content Credentials.
        progress: told about every frame that is shown.

    Raises:
        InputError: there is no such camera, no window can be opened, an option cannot be had live,
            or the performer is one that paints whole frames.
    """
    out = None if output is None else Path(output)
    show = show or ShowOptions()
    _check(show, out, seconds)
    if out is not None:
        check_not_read(out, Path(source), Path(folder))
    performer = Performer.load(folder, choose_device(device))
    if not isinstance(performer, FastPerformer):
        raise InputError(
            f"{folder}: live performing needs a performer of the preset fast; this one paints "
            "whole frames."
        )
    with ExitStack() as resources:
        camera = _open_camera(source, resources)
        nobody = PoseTrack(np.zeros((1, NUM_KEYPOINTS, 3), np.float32), camera.fps, camera.size)
        backdrop = Backdrop(show.background, performer, Source(nobody, None))
        alpha = backdrop.transparent
        played = None if source.isdigit() else Path(source)
        claim = show.claim(Made.live, performer, played, Path(folder)) if credentials else None
        screen: _Screen = _Window() if out is None else _File(out, claim, camera.fps, alpha)
        resources.enter_context(screen)
        session = _Session(performer, camera, screen, backdrop, estimator, seconds, progress)
        made = session.run(out)
    # What is written is finished, and signed, only here.
    return replace(made, credentials=screen.credentials)


def _check(show: ShowOptions, output: Path | None, seconds: float | None) -> None:
    """Raise `InputError` where something is asked for that cannot be had live."""
    if show != ShowOptions(background=show.background):
        raise InputError(
            "--webcam: the motion is always normalised, before a still camera; leave out "
            "--no-normalize, --retarget and --camera."
        )
    if seconds is not None and seconds <= 0:
        raise InputError(f"--seconds {seconds:g}: must be above 0.")
    if show.background == SOURCE:
        raise InputError("--webcam: --background source cannot be had live; choose another.")
    check_background(show.background)
    alpha = show.background == TRANSPARENT
    if output is not None:
        check_output(output, alpha=alpha)
    elif alpha:
        raise InputError("--background transparent: needs a file; write one with -o OUT.webm.")


class _Newest(Generic[Item]):
    """A place for one item: a newer one replaces it, whether it was taken or not."""

    def __init__(self) -> None:
        self._item: Item | None = None
        self._closed: BaseException | bool = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        with self._changed:
            self._item = item
            self._changed.notify_all()

    def close(self, error: BaseException | None = None) -> None:
        """Nothing more comes, because of an error perhaps; what is there can still be taken."""
        with self._changed:
            self._closed = error or self._closed or True
            self._changed.notify_all()

    def take(self) -> Item | None:
        """The newest item, waiting for one; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed is not False)
            item, self._item = self._item, None
            if item is None and isinstance(self._closed, BaseException):
                raise self._closed
            return item


@dataclass
class _Camera:
    """Where frames come from, as fast as they come.

    Attributes:
        size: width and height in px.
        fps: frames a second.
        frames: gives the next frame when its time has come; None at the end.
    """

    size: tuple[int, int]
    fps: float
    frames: Callable[[], Frame | None]


def _open_camera(source: str, resources: ExitStack) -> _Camera:
    if source.isdigit():
        with drop_stderr_lines(_NOISE):
            capture = cv2.VideoCapture(int(source))
        resources.callback(capture.release)
        if not capture.isOpened():
            raise InputError(
                f"--webcam: there is no camera {source}; give another number as SOURCE, or a clip "
                "to play in its place."
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
        return _Camera((width, height), fps if 1 <= fps <= 240 else _CAMERA_FPS, grab)
    info = probe(Path(source))
    played = _played(Path(source), float(info.fps))
    return _Camera(info.size, float(info.fps), lambda: next(played, None))


def _played(clip: Path, fps: float) -> Iterator[Frame]:
    """The frames of a clip, each when its time has come."""
    begin = time.monotonic()
    for index, frame in enumerate(read_frames(clip)):
        time.sleep(max(0.0, begin + index / fps - time.monotonic()))
        yield frame


class _Window:
    """Shows pictures in a window."""

    credentials = False

    def __enter__(self) -> _Window:
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL)
        except cv2.error as error:
            raise InputError(
                "--webcam: no window can be opened here; write a clip with -o OUT.mp4."
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        cv2.destroyWindow(_TITLE)

    def show(self, frame: Frame) -> bool:
        """Show a frame; gives whether to go on."""
        cv2.imshow(_TITLE, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        ended = cv2.waitKey(1) & 0xFF in _ENDS
        return not ended and cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1


@dataclass
class _File:
    """Writes pictures into a clip of constant rate: each stays until the next one comes."""

    path: Path
    claim: Claim | None
    fps: float
    alpha: bool
    _resources: ExitStack = field(default_factory=ExitStack)
    _writer: ResultWriter | None = None
    _last: Frame | None = None
    _begin: float = 0.0

    def __enter__(self) -> _File:
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
        """Write a frame; gives whether to go on."""
        assert self._writer is not None
        now = time.monotonic()
        if self._last is None:
            self._begin = now
        else:
            while self._writer.frames < (now - self._begin) * self.fps:
                self._writer.write(self._last)
        self._last = frame
        return True


_Screen = _Window | _File


@dataclass
class _Session:
    performer: FastPerformer
    camera: _Camera
    screen: _Screen
    backdrop: Backdrop
    estimator: str
    seconds: float | None
    progress: ProgressCallback

    def run(self, output: Path | None) -> Live:
        """Perform until something ends it."""
        self._frames: _Newest[tuple[Frame, float]] = _Newest()
        self._stopped = threading.Event()
        self._first = self._last = 0.0
        thread = threading.Thread(target=self._capture, name="camera", daemon=True)
        thread.start()
        latencies: list[float] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("once", DanceNowWarning)  # not with every pose
                self._perform(latencies, time.monotonic())
        except KeyboardInterrupt:
            if not latencies:
                raise
            # else it is the way to end it where there is no window
        finally:
            self._stopped.set()
            self._frames.close()
            thread.join(timeout=10)
        if not latencies:
            raise InputError("--webcam: nobody was seen; step back until the whole body shows.")
        late = float(np.quantile(latencies, 0.95))
        return Live(len(latencies), self._last - self._first, median(latencies), late, output)

    def _capture(self) -> None:
        try:
            while not self._stopped.is_set():
                frame = self.camera.frames()
                if frame is None:
                    break
                self._frames.put((frame, time.monotonic()))
        except BaseException as error:
            self._frames.close(error)
        finally:
            self._frames.close()

    def _seen(self) -> Iterator[tuple[FloatArray | None, float]]:
        """The poses in the newest frames, and when these were captured.

        Detection and painting take turns: side by side on few cores, each would slow the other
        down many times over.
        """
        captured = 0.0

        def newest() -> Iterator[Frame]:
            nonlocal captured
            while not self._stopped.is_set() and (taken := self._frames.take()) is not None:
                frame, captured = taken
                yield frame

        for detection in make_estimator(self.estimator).stream(newest()):
            yield detection.candidates[0] if detection.candidates else None, captured

    def _perform(self, latencies: list[float], begin: float) -> None:
        scene = self.performer.scene
        cleaner = OnlineCleaner()
        normalizer = OnlineNormalizer(
            self.camera.size, _POSES_A_SECOND, scene.statistics, scene.size
        )
        backgrounds = self.backdrop.frames(_POSES_A_SECOND)
        for seen, captured in self._seen():
            keypoints = normalizer.add(cleaner.add(seen, captured))
            track = None
            if keypoints is not None:
                track = PoseTrack(keypoints[None], _POSES_A_SECOND, scene.size)
            if track is not None and np.isfinite(body_extent(track)).all():
                layer = next(self.performer.layers(track, resume=True))
                alone = self.backdrop.transparent
                go_on = self.screen.show(layer.alone() if alone else layer.over(next(backgrounds)))
                self._last = time.monotonic()
                self._first = self._first or self._last
                latencies.append(self._last - captured)
                note = f"{1000 * median(latencies[-20:]):.0f} ms from the camera to the picture"
                self.progress(Progress("dancing live", len(latencies), None, "frames", note))
                if not go_on:
                    return
            if self.seconds is not None and time.monotonic() - begin > self.seconds:
                return
