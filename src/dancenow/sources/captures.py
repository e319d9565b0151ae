"""Motion in space: out of a capture, or of a track that knows depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from dancenow.errors import InputError
from dancenow.mocap import (
    Figure,
    Lens,
    figure_of,
    film,
    lift,
    read_bvh,
    rig,
    write_bvh,
    write_glb,
)
from dancenow.mocap.smpl import holds_smpl, read_smpl
from dancenow.options.view import View
from dancenow.pose import PoseTrack
from dancenow.pose.layout import HANDS, INDEX, NUM_KEYPOINTS, SIDES

_LIMBS: Final = {"elbow": (), "wrist": (), "knee": (), "ankle": ("heel", "big_toe", "small_toe")}
WRITTEN: Final = {".bvh": write_bvh, ".glb": write_glb}
MOTION: Final = (".npz", *WRITTEN)


def is_capture(path: Path) -> bool:
    """Whether a file is a motion capture: BVH, AMASS or AIST++."""
    return path.suffix.lower() == ".bvh" or holds_smpl(path)


def read_figure(path: Path, fps: float | None = None) -> Figure:
    """The body of a motion capture.

    Args:
        path: the file.
        fps: frames a second, instead of its own.

    Raises:
        InputError: it cannot be read.
    """
    capture = read_smpl(path) if holds_smpl(path) else read_bvh(path)
    return figure_of(capture if fps is None else replace(capture, fps=fps), path)


def check_depth(path: Path, track: PoseTrack) -> None:
    """Raise `InputError` if a choreographer, or a clip, taught no depth to a composed track."""
    if track.depth is None:
        raise InputError(
            f"{path}: has learned nothing of depth; train it anew on clips whose poses DanceNow "
            "finds, or on captures."
        )


def filmed(path: Path, track: PoseTrack, view: View, *, loop: bool = False) -> PoseTrack:
    """A motion that was filmed from one side, from another; `path` is where it came from.

    In a loop, the camera comes round, and the motion is seen as if it had gone round before.

    Raises:
        InputError: nothing is known of its depth.
    """
    if loop and track.depth is not None:
        count, view = len(track), view.closed(track.duration)
        keypoints, depth = (np.concatenate([part] * 3) for part in (track.keypoints, track.depth))
        thrice = replace(track, keypoints=keypoints, depth=depth, edited=None)
        return filmed(path, thrice, view)[count : 2 * count]
    figure, lens = _lifted(path, track)
    made = film(figure, view, lens)
    keypoints = made.keypoints.copy()
    seen = track.confidence > 0
    keypoints[~seen.any(axis=1)] = 0
    for side in SIDES:  # what was hidden is still not known
        for joint, parts in _LIMBS.items():
            rows = [INDEX[f"{side}_{part}"] for part in (joint, *parts)]
            if joint == "wrist":
                rows += list(range(*HANDS[side].indices(NUM_KEYPOINTS)))
            hidden = np.flatnonzero(~seen[:, INDEX[f"{side}_{joint}"]])
            keypoints[hidden[:, None], rows] = 0
    return replace(made, keypoints=keypoints)


def is_motion(output: Path) -> bool:
    """Whether an output is to hold a motion itself, not pictures of it."""
    return output.suffix.lower() in MOTION


def write_motion(output: Path, path: Path, motion: PoseTrack | Figure) -> None:
    """Write a motion as a capture, or a track as a track.

    Args:
        output: ends as one of `WRITTEN` does, or in .npz.
        path: where the motion came from, for messages.
        motion: a track, or a body in space.

    Raises:
        InputError: nothing is known of its depth, or it is too short.
    """
    if output.suffix.lower() == ".npz" and isinstance(motion, PoseTrack):
        motion.save(output)
        return
    figure = motion if isinstance(motion, Figure) else _lifted(path, motion)[0]
    try:
        skeleton = rig(figure)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    WRITTEN[output.suffix.lower()](skeleton, output)


def named_after(output: Path, dancers: Sequence[str]) -> list[Path]:
    """An output for each of several dancers, with their names.

    Raises:
        InputError: two would have the same name.
    """
    if len(dancers) == 1:
        return [output]
    names = [name or "first" for name in dancers]
    if len({name.casefold() for name in names}) < len(names):
        raise InputError(f"{output}: two dancers would have one file; give them other names.")
    return [output.with_name(f"{output.stem}-{name}{output.suffix}") for name in names]


def _lifted(path: Path, track: PoseTrack) -> tuple[Figure, Lens]:
    try:
        return lift(track)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
