"""Pictures of clips for the page: a strip with the poses found, a small one for the shelf."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import NobodyError
from dancenow.files import write_bytes
from dancenow.pose.draw import overlay
from dancenow.pose.estimators import make_estimator
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sample import SampleStage
from dancenow.sample.looks import find_performer
from dancenow.video import probe, read_frames

Picture = NDArray[np.uint8]

_SHOWN: Final = 6  # frames, in two rows
_COLUMNS: Final = 3
_PANEL_PX: Final = 300  # longer side of one
_SHELF_PX: Final = 320
_QUALITY: Final = 85  # of JPEG, 0..100


def write_strip(clip: Path, output: Path, *, progress: ProgressCallback = silent) -> int:
    """Write some of a clip's frames with their poses over them; gives in how many one was found.

    Raises:
        NobodyError: nobody is seen in any of them.
        InputError: the clip cannot be read.
    """
    info = probe(clip)
    places = np.unique(np.linspace(0, info.frames - 1, _SHOWN + 2).astype(int)[1:-1])
    estimator, panels, seen = make_estimator("mediapipe"), [], 0
    for number, place in enumerate(places.tolist()):
        frame = next(iter(read_frames(clip, start=place, stop=place + 1)))
        # Each on its own: what lies between them was not seen, so nobody can be followed.
        found = next(iter(estimator.stream([frame]))).candidates
        if found:
            seen += 1
            frame = overlay(frame, found[0])
        panels.append(_shrunk(frame, _PANEL_PX))
        progress(Progress("looking for the pose", number + 1, len(places)))
    if not seen:
        raise NobodyError(
            f"{clip}: nobody is seen in it; choose a clip that shows one person from head to feet."
        )
    _write(_grid(panels), output)
    return seen


def write_sample_strip(
    performer: str,
    dance: str,
    seconds: float,
    strip: Path,
    picture: Path,
    *,
    progress: ProgressCallback = silent,
) -> None:
    """Write the same of a sample performer, and one frame alone: few frames are rendered.

    Raises:
        InputError: an unknown name.
    """
    stage = SampleStage(find_performer(performer), _PANEL_PX)
    frames = _few(stage, dance, seconds)
    panels = []
    for number, (frame, keypoints) in enumerate(frames):
        if number == _SHOWN // 2:
            write_picture(frame, picture)
        panels.append(overlay(frame, keypoints))
        progress(Progress(f"drawing {performer}", number + 1, _SHOWN))
    _write(_grid(panels), strip)


def _few(
    stage: SampleStage, dance: str, seconds: float
) -> Iterator[tuple[Picture, NDArray[np.float32]]]:
    """Some moments of a dance: frames and their true keypoints."""
    poses = stage.poses(dance, seconds=seconds, fps=_SHOWN / seconds)
    return ((stage.draw(pose), stage.keypoints(pose)) for pose in poses)


def write_middle(clip: Path, output: Path) -> None:
    """Write a small picture out of the middle of a clip."""
    middle = probe(clip).frames // 2
    write_picture(next(iter(read_frames(clip, start=middle, stop=middle + 1))), output)


def write_picture(picture: Picture, output: Path) -> None:
    """Write a picture, uint8 `(H, W, 3)` RGB, as a small JPEG."""
    _write(_shrunk(picture, _SHELF_PX), output)


def _shrunk(picture: Picture, px: int) -> Picture:
    factor = px / max(picture.shape[:2])
    size = (max(1, round(factor * picture.shape[1])), max(1, round(factor * picture.shape[0])))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def _grid(panels: list[Picture]) -> Picture:
    columns = min(_COLUMNS, len(panels))
    rows = [panels[first : first + columns] for first in range(0, len(panels), columns)]
    empty = np.zeros_like(panels[0])
    full = [np.hstack([*row, *[empty] * (columns - len(row))]) for row in rows]
    return np.asarray(np.vstack(full), np.uint8)


def _write(picture: Picture, output: Path) -> None:
    bgr = np.ascontiguousarray(picture[..., ::-1])
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    write_bytes(output, data.tobytes())
