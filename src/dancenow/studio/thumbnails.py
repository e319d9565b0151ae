"""Pictures of clips for the page: a strip of frames with their poses, and a thumbnail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import cache_dir
from dancenow.errors import NobodyError
from dancenow.files import make_folder, write_bytes
from dancenow.pose.draw import overlay
from dancenow.pose.estimators import make_estimator
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.report import encode_jpeg
from dancenow.sample.shipped import shipped_clip
from dancenow.sources.detection import detect_people
from dancenow.sources.people_picture import draw_people
from dancenow.sources.photos import photos_of, read_photo
from dancenow.video import probe, read_frames

Picture = NDArray[np.uint8]

_STRIP_FRAMES: Final = 6  # in two rows
_COLUMNS: Final = 3
_PANEL_PX: Final = 300  # longer side of a frame in the strip
_THUMBNAIL_PX: Final = 320  # longer side
_MOST_NUMBERED: Final = 400  # frames of a clip whose persons are numbered while the user waits
_PHOTO_PX: Final = 1280  # longer side at which a photo is looked at


def write_pose_strip(clip: Path, output: Path, *, progress: ProgressCallback = silent) -> int:
    """Write some of a clip's frames, or a photo, with the poses drawn over them.

    Returns:
        How many persons are seen at once.

    Raises:
        NobodyError: nobody is seen in any of them.
        InputError: the clip cannot be read.
    """
    frames, count = _some_frames(clip)
    estimator, panels, seen = make_estimator(), [], []
    for number, frame in enumerate(frames):
        # Each on its own: a person cannot be followed over frames that were skipped.
        found = next(iter(estimator.stream([frame]))).candidates
        seen.append(len(found))
        for person in found:
            frame = overlay(frame, person)
        panels.append(_resized(frame, _PANEL_PX))
        progress(Progress("looking for the pose", number + 1, count))
    if not any(seen):
        raise NobodyError(
            f"{clip}: nobody is seen in it; choose a clip that shows one person from head to feet."
        )
    _write(_grid(panels), output)
    return max(seen)


def _some_frames(clip: Path) -> tuple[Iterator[Picture], int]:
    """Frames spread over a clip, or a photo, and their number."""
    if photos_of(clip):
        return iter([read_photo(clip, _PHOTO_PX)[0]]), 1
    info = probe(clip)
    places = np.unique(np.linspace(0, info.frames - 1, _STRIP_FRAMES + 2).astype(int)[1:-1])
    frames = (
        next(iter(read_frames(clip, start=place, stop=place + 1))) for place in places.tolist()
    )
    return frames, len(places)


def write_numbered_people(
    clip: Path, output: Path, *, progress: ProgressCallback = silent
) -> list[tuple[float, ...] | None] | None:
    """Write a picture with the numbers of all persons in a clip; their poses are kept for later.

    Returns:
        Where each of them is in it, see `PeoplePicture`; or None, without a picture, if finding
        them would take too long or there is only one.
    """
    info = probe(clip)
    if info.frames > _MOST_NUMBERED:
        return None
    people = detect_people(info, progress=progress).tracks
    if len(people) < 2:
        return None
    shown = draw_people(info, people)
    _write(shown.picture, output)
    return shown.boxes


def write_clip_thumbnail(clip: Path, output: Path) -> None:
    """Write the thumbnail of a clip, the frame in its middle, or of a photo."""
    if photos_of(clip):
        write_thumbnail(read_photo(clip, _PHOTO_PX)[0], output)
        return
    middle = probe(clip).frames // 2
    write_thumbnail(next(iter(read_frames(clip, start=middle, stop=middle + 1))), output)


def write_thumbnail(picture: Picture, output: Path) -> None:
    """Write the thumbnail of a picture, uint8 `(H, W, 3)` RGB, as JPEG."""
    _write(_resized(picture, _THUMBNAIL_PX), output)


def _resized(picture: Picture, px: int) -> Picture:
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
    write_bytes(output, encode_jpeg(picture))


def sample_picture(performer: str, dance: str) -> Path | None:
    """The picture of a sample performer's clip, shared by all users; None without a clip."""
    clip = shipped_clip(performer, dance)
    picture = cache_dir("studio") / f"{performer}-{dance}.jpg"
    if clip is not None and not picture.is_file():
        make_folder(picture.parent)
        write_clip_thumbnail(clip, picture)
    return clip and picture
