"""A finished result in another form, marked as synthetic like it; and parts of clips."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import InputError
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.staging.result import open_result
from dancenow.video import open_writer, probe, read_frames
from dancenow.video.audio import add_sound_track
from dancenow.video.comment import read_comment
from dancenow.video.encode import open_output

Frame = NDArray[np.uint8]

_GIF_PX: Final = 360  # longer side
_GIF_FPS: Final = Fraction(25, 2)
_TALL: Final = (720, 1280)  # width and height
_BLURRED_PX: Final = 48  # width to which the picture behind is made small
_DIMMED: Final = 0.6  # brightness of the picture behind
_KEPT: Final = 12  # of H.264: what is cut is still to be learned from
FORMS: Final = ("gif", "tall", "silent")
"""An animated GIF; 9:16 with a blurred copy behind it; without sound."""


def suffix_of(form: str) -> str:
    """The suffix of a form's file."""
    return ".gif" if form == "gif" else ".mp4"


def convert_result(
    result: Path, output: Path, form: str, *, progress: ProgressCallback = silent
) -> None:
    """Write a result in another form.

    Args:
        result: the clip.
        output: with the suffix that `suffix_of` gives.
        form: one of `FORMS`.
        progress: called for every frame.

    Raises:
        InputError: the form is unknown, or the clip cannot be read.
    """
    ways: Mapping[str, Callable[[Frame], Frame]] = {
        "gif": _small,
        "tall": tall,
        "silent": lambda frame: frame,
    }
    if form not in ways:
        raise InputError(f"`{form}`: unknown; choose one of {', '.join(FORMS)}.")
    info = probe(result)
    fps = min(_GIF_FPS, info.fps) if form == "gif" else info.fps
    claim = Claim.of(Made.copy, Origin.composite, result)
    sound = result if form == "tall" else None
    total = round(info.duration * fps)
    with open_result(output, claim, fps=fps, audio_from=sound) as writer:
        for done, frame in enumerate(read_frames(result, fps=fps), start=1):
            writer.write(ways[form](frame))
            progress(Progress("writing it", done, max(done, total)))


def cut_clip(
    clip: Path,
    output: Path,
    begins: float,
    ends: float,
    *,
    progress: ProgressCallback = silent,
) -> None:
    """Write a part of a clip, with its sound.

    Args:
        clip: the clip.
        output: the part, an MP4.
        begins: its first second.
        ends: the second at which it ends; beyond the clip's end, that.
        progress: called for every frame.

    Raises:
        InputError: nothing is left, or the clip cannot be read.
    """
    info = probe(clip)
    first, last = round(begins * info.fps), min(round(ends * info.fps), info.frames)
    if not 0 <= first < last:
        raise InputError(f"{clip}: nothing of it lies between {begins:g} s and {ends:g} s.")
    with open_writer(
        output,
        fps=info.fps,
        crf=_KEPT,
        audio=clip,
        audio_start=float(first / info.fps),
        comment=read_comment(clip),  # which may say that it is synthetic
    ) as writer:
        for done, frame in enumerate(read_frames(clip, start=first, stop=last), start=1):
            writer.write(frame)
            progress(Progress("cutting it", done, last - first))


def cut_sound(sound: Path, output: Path, begins: float, ends: float) -> None:
    """Write a part of a sound.

    Args:
        sound: a sound file, or a clip with sound.
        output: the part, an M4A.
        begins: its first second.
        ends: the second at which it ends; beyond the sound's end, that.

    Raises:
        InputError: there is no sound, or no such part of it.
    """
    if not 0 <= begins < ends:
        raise InputError(f"{sound}: nothing of it lies between {begins:g} s and {ends:g} s.")
    with ExitStack() as sources, open_output(output, "mp4") as written:
        track = add_sound_track(sound, written, sources, begins)
        if track is None:
            raise InputError(f"{sound}: has no sound that can be decoded.")
        track.finish(Fraction(ends - begins))


def tall(frame: Frame) -> Frame:
    """The frame in a picture of 9:16, uint8 `(1280, 720, 3)`: whole, before a blurred copy."""
    width, height = _TALL
    few = (_BLURRED_PX, max(1, round(_BLURRED_PX * height / width)))
    behind = cv2.GaussianBlur(cv2.resize(frame, few, interpolation=cv2.INTER_AREA), (0, 0), 3)
    picture = (_DIMMED * cv2.resize(behind, _TALL, interpolation=cv2.INTER_CUBIC)).astype(np.uint8)
    whole = _resized(frame, min(width / frame.shape[1], height / frame.shape[0]))
    whole = whole[:height, :width]
    top, left = (height - whole.shape[0]) // 2, (width - whole.shape[1]) // 2
    picture[top : top + whole.shape[0], left : left + whole.shape[1]] = whole
    return picture


def _small(frame: Frame) -> Frame:
    return _resized(frame, min(1.0, _GIF_PX / max(frame.shape[:2])))


def _resized(frame: Frame, factor: float) -> Frame:
    size = (max(1, round(factor * frame.shape[1])), max(1, round(factor * frame.shape[0])))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(frame, size, interpolation=how).astype(np.uint8)
