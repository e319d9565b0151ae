"""A live session: a performer dances the newest frame of a camera."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from dancenow.errors import DanceNowWarning, InputError
from dancenow.performer import Performer
from dancenow.pose.estimators import PoseEstimator
from dancenow.pose.extent import body_extent
from dancenow.pose.online import OnlineCleaner, OnlineNormalizer
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.progress import Progress, ProgressCallback
from dancenow.staging.backdrop import Backdrop
from dancenow.staging.live.camera import Frame, LiveCamera, NewestFrame
from dancenow.staging.live.screen import Screen

_POSES_A_SECOND = 10.0  # typical output of the estimator


@dataclass
class LiveSession:
    """A performer dances what a camera sees.

    Attributes:
        performer: who dances.
        camera: where frames come from.
        screen: where pictures go.
        backdrop: the background.
        estimator: finds the poses.
        seconds: maximum duration.
        progress: called for every frame that is shown.
    """

    performer: Performer
    camera: LiveCamera
    screen: Screen
    backdrop: Backdrop
    estimator: PoseEstimator
    seconds: float | None
    progress: ProgressCallback

    def run(self) -> tuple[list[float], float]:
        """Perform until something ends it.

        Returns:
            The latency of each shown frame since its capture, and the time from the first to the
            last one, in seconds.

        Raises:
            InputError: nobody was seen.
        """
        self._frames = NewestFrame()
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
            # otherwise Ctrl-C is how to stop without a window
        finally:
            self._stopped.set()
            self._frames.close()
            thread.join(timeout=10)
        if not latencies:
            raise InputError("`webcam`: nobody was seen; step back until the whole body shows.")
        return latencies, self._last - self._first

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
        """The poses in the newest frames, and their capture times.

        Detection and painting take turns: in parallel on few cores, each would slow the other down
        many times over.
        """
        captured = 0.0

        def newest() -> Iterator[Frame]:
            nonlocal captured
            while not self._stopped.is_set() and (taken := self._frames.take()) is not None:
                frame, captured = taken
                yield frame

        for detection in self.estimator.stream(newest()):
            yield detection.candidates[0] if detection.candidates else None, captured

    def _perform(self, latencies: list[float], begin: float) -> None:
        scene = self.performer.scene
        if scene.statistics is None:
            raise InputError("the performer's poses are unknown; train it from a clip.")
        cleaner = OnlineCleaner()
        normalizer = OnlineNormalizer(
            self.camera.size, _POSES_A_SECOND, scene.statistics, scene.size
        )
        backgrounds = _in_time(self.backdrop.frames(_POSES_A_SECOND), _POSES_A_SECOND)
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


def _in_time(frames: Iterator[Frame], fps: float) -> Iterator[Frame]:
    """Frames at the speed of the clock, however often they are asked for."""
    start = time.monotonic()
    for index, frame in enumerate(frames):
        while index >= int((time.monotonic() - start) * fps):
            yield frame
