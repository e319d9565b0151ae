"""Performing live: always a camera's newest frame, in a window, a file or a virtual camera."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from dancenow import consent
from dancenow.credentials import Made
from dancenow.errors import InputError
from dancenow.files import check_not_read
from dancenow.options import LiveOptions, ShowOptions
from dancenow.options.field import narrowed
from dancenow.performer import Performer
from dancenow.pose.estimators import make_estimator
from dancenow.pose.layout import NUM_KEYPOINTS
from dancenow.pose.track import PoseTrack
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.load import Source
from dancenow.staging.backdrop import SOURCE, TRANSPARENT, Backdrop, check_background
from dancenow.staging.live.camera import LiveCamera, open_camera
from dancenow.staging.live.screen import ClipFile, Screen, ScreenWindow, VirtualCamera
from dancenow.staging.live.session import LiveSession
from dancenow.staging.result import marked
from dancenow.staging.show import performance_claim
from dancenow.training import choose_device
from dancenow.video import check_output


@dataclass(frozen=True)
class Live:
    """A live performance.

    Attributes:
        frames: number of frames shown.
        seconds: time from the first to the last frame.
        latency: median time from a frame's capture until its performance is shown, seconds.
        latency_95: 95th percentile of the latency, seconds.
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
        """One line for the user."""
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
    options: LiveOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Live:
    """Make a performer dance what a camera sees, until `q`, Ctrl-C, the clip's end or `seconds`.

    Frames that arrive while an older one is processed are dropped, to keep latency low.

    Args:
        folder: the performer.
        source: a camera's number, or a clip played in its place at its own rate.
        output: a clip to write; by default a window is opened.
        options: the background and the duration; other options are not available live.
        progress: called for every frame that is shown.

    Raises:
        InputError: there is no such camera, no window can be opened, an option cannot be had live,
            or the performer is one that paints whole frames.
    """
    out = None if output is None else Path(output)
    options = options or LiveOptions()
    _check(options, out)
    if out is not None:
        check_not_read(out, Path(source), Path(folder))
    performer = _loaded(Path(folder), options)
    with ExitStack() as resources:
        camera = open_camera(source, resources)
        consent.tell(Path(folder))
        played = None if source.isdigit() else Path(source)
        inputs = (played, Path(folder))
        claim = marked(
            performance_claim(Made.live, [performer], options.background, *inputs), options
        )
        screen: Screen = ScreenWindow()
        if options.virtual_camera is not None:
            screen = VirtualCamera(camera.fps, options.virtual_camera)
        if out is not None:
            screen = ClipFile(out, claim, camera.fps, options.background == TRANSPARENT)
        latencies, lasted = _perform(performer, camera, screen, options, progress)
    # The file is finished and signed only here.
    late = float(np.quantile(latencies, 0.95))
    return Live(len(latencies), lasted, median(latencies), late, out, screen.credentials)


def perform_between(
    folder: Path, camera: LiveCamera, screen: Screen, options: LiveOptions | None = None
) -> None:
    """Make a performer dance what any camera sees, on any screen, until one of them ends it.

    Args:
        folder: the performer.
        camera: where pictures come from.
        screen: where they go.
        options: as for `perform_live`.

    Raises:
        InputError: as `perform_live`.
    """
    options = options or LiveOptions()
    _check(options, None)
    consent.tell(folder)
    _perform(_loaded(folder, options), camera, screen, options, silent)


def _loaded(folder: Path, options: LiveOptions) -> Performer:
    performer = Performer.load(folder, choose_device(options.device))
    if not performer.paints_layers:
        raise InputError(
            f"{folder}: live performing needs a performer of the preset fast; this one paints "
            "whole frames."
        )
    return performer


def _perform(
    performer: Performer,
    camera: LiveCamera,
    screen: Screen,
    options: LiveOptions,
    progress: ProgressCallback,
) -> tuple[list[float], float]:
    """Each picture's latency, and the time from the first to the last one, in seconds."""
    finder = make_estimator(options.estimator, device=options.device, quick=True)
    nobody = PoseTrack(np.zeros((1, NUM_KEYPOINTS, 3), np.float32), camera.fps, camera.size)
    backdrop = Backdrop(options.background, performer, Source(nobody, None))
    with screen:
        session = LiveSession(
            performer, camera, screen, backdrop, finder, options.seconds, progress
        )
        return session.run()


def _check(options: LiveOptions, output: Path | None) -> None:
    """Raise `InputError` if something is asked for that cannot be had live."""
    background, seconds = options.background, options.seconds
    if narrowed(options, ShowOptions) != ShowOptions(background=background):
        raise InputError(
            "`webcam`: always normalises the motion and films with a still camera; leave out "
            "`normalize=False`, `retarget`, `legs` and `camera`."
        )
    if options.formation is not LiveOptions().formation:
        raise InputError("`webcam`: one performer dances live; leave out `formation`.")
    if options.person != LiveOptions().person:
        raise InputError("`person`: a live dance follows one person; leave it out.")
    if options.source_poses is not None:
        raise InputError("`source_poses`: a live dance finds its own; leave it out.")
    if options.fps is not None:
        raise InputError("`fps`: a live dance goes as fast as its camera; leave it out.")
    if seconds is not None and seconds <= 0:
        raise InputError(f"`seconds={seconds:g}`: must be above 0.")
    if background == SOURCE:
        raise InputError("`webcam`: `background=source` does not work live; choose another.")
    check_background(background)
    alpha = background == TRANSPARENT
    if options.virtual_camera is not None and (output is not None or alpha):
        raise InputError(
            "`virtual_camera`: takes pictures with a background, and nothing is written beside; "
            "leave out the output and `background=transparent`."
        )
    if output is not None:
        check_output(output, alpha=alpha)
    elif alpha:
        raise InputError("`background=transparent`: needs a file; write one with -o OUT.webm.")
