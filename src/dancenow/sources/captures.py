"""Motion in space: out of a capture, or of a track that knows depth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from dancenow.errors import InputError
from dancenow.mocap import Bvh, Figure, Lens, figure_of, film, lift, read_bvh, rig
from dancenow.options.view import View
from dancenow.pose import PoseTrack

CAPTURES: Final = (".bvh",)


def is_capture(path: Path) -> bool:
    """Whether a file is a motion capture, by its name."""
    return path.suffix.lower() in CAPTURES


def read_figure(path: Path, fps: float | None = None) -> Figure:
    """The body of a motion capture.

    Args:
        path: the file.
        fps: frames a second, instead of its own.

    Raises:
        InputError: it cannot be read.
    """
    capture = read_bvh(path)
    return figure_of(capture if fps is None else replace(capture, fps=fps), path)


def filmed(path: Path, track: PoseTrack, view: View) -> PoseTrack:
    """A motion that was filmed from one side, from another; `path` is where it came from.

    Raises:
        InputError: nothing is known of its depth.
    """
    figure, lens = _lifted(path, track)
    return film(figure, view, lens)


def motion_capture(path: Path, track: PoseTrack | None) -> Bvh:
    """A skeleton that moves as a capture, or the track of another file, does.

    Raises:
        InputError: nothing is known of its depth, or it is too short.
    """
    figure = read_figure(path) if track is None else _lifted(path, track)[0]
    try:
        return rig(figure)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _lifted(path: Path, track: PoseTrack) -> tuple[Figure, Lens]:
    try:
        return lift(track)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
