"""Backgrounds: the performer's room, the source's, a colour, a picture, a clip, transparent."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from dancenow.errors import DanceNowWarning, InputError
from dancenow.files import new_pictures, scratch_folder, write_bytes
from dancenow.performer import Performer
from dancenow.pose.shots import shots_of
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.sources.background import find_room, plate_frames
from dancenow.sources.camera import find_camera, stabilize_frame
from dancenow.sources.clip_entry import clip_entry
from dancenow.sources.load import Source
from dancenow.sources.masks import detect_person
from dancenow.video import IMAGE_SUFFIXES, probe, read_frames
from dancenow.video.animation import is_animation
from dancenow.video.images import SEE_THROUGH, open_picture, read_image, see_through
from dancenow.video.png import encode_png

Frame = NDArray[np.uint8]

TARGET, SOURCE, TRANSPARENT = "target", "source", "transparent"
_VERSION = 6  # of what is cached here; increment it when the plate of a source changes


def check_background(name: str) -> None:
    """Raise `InputError` if `name` is not a background."""
    if name in (TARGET, SOURCE, TRANSPARENT) or _colour(name) is not None:
        return
    path = Path(name)
    if not path.exists():
        raise InputError(
            f"`background={name}`: unknown; choose target, source, transparent, a colour (white, "
            "#20c060), or a file that exists."
        )
    if _is_picture(path):
        read_image(path)
        with open_picture(path) as picture:
            if see_through(picture):
                warnings.warn(f"{path}: {SEE_THROUGH}.", DanceNowWarning, stacklevel=2)
    else:
        probe(path)


def background_file(name: str) -> Path | None:
    """The path of a background picture or clip; None for other backgrounds."""
    named = name in (TARGET, SOURCE, TRANSPARENT) or _colour(name) is not None
    return None if named else Path(name)


class Backdrop:
    """What lies behind the person, frame by frame.

    Args:
        name: "target", "source", "transparent", a colour, a picture or a clip.
        performer: who dances.
        source: the motion.
        progress: called for every frame while the source's room is measured.

    Raises:
        InputError: the background does not exist, or the performer paints whole frames.
    """

    def __init__(
        self,
        name: str,
        performer: Performer,
        source: Source,
        *,
        progress: ProgressCallback = silent,
    ) -> None:
        check_background(name)
        if name != TARGET and not performer.paints_layers:
            raise InputError(
                f"`background={name}`: performers of the presets edn-... paint whole frames; train "
                "one with `preset=fast`."
            )
        self.transparent = name == TRANSPARENT
        self._size, self._name = performer.scene.size, name
        self._picture = performer.scene.plate if name == TARGET else None
        if name == SOURCE:
            self._picture = _filling(source_room(source, progress), self._size)

    def frames(self, fps: float) -> Iterator[Frame]:
        """One uint8 `(H, W, 3)` RGB picture per frame, endless; clips are looped."""
        if self._picture is not None:
            return cycle([self._picture])
        return picture_frames(self._name, self._size, fps)


def picture_frames(name: str, size: tuple[int, int], fps: float) -> Iterator[Frame]:
    """A colour, a picture or a clip as a background.

    Args:
        name: a colour's name, or a file.
        size: width and height in pixels.
        fps: pictures per second.

    Yields:
        uint8 `(H, W, 3)` RGB, endless; clips are looped.
    """
    if (colour := _colour(name)) is not None:
        yield from cycle([np.full((*size[::-1], 3), colour, np.uint8)])
    elif _is_picture(Path(name)):
        yield from cycle([_filling(read_image(Path(name)), size)])
    else:
        while True:
            for frame in read_frames(name, fps=fps):
                yield _filling(frame, size)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not is_animation(path)


def _colour(name: str) -> tuple[int, int, int] | None:
    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError:
        return None
    return red, green, blue


def _filling(picture: Frame, size: tuple[int, int]) -> Frame:
    """A picture scaled to fill a frame, with the excess cropped evenly."""
    height, width = picture.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    middle = (np.array([width, height]) - np.array(size) / scale) / 2
    matrix = np.array([[1 / scale, 0, middle[0]], [0, 1 / scale, middle[1]]])
    matrix[:, 2] += 0.5 / scale - 0.5  # cv2 has pixel centres at .0
    if scale < 1:
        blur = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
        picture = np.asarray(blur, dtype=np.uint8)
    filled = cv2.warpAffine(
        picture,
        matrix,
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(filled, dtype=np.uint8)


def source_room(source: Source, progress: ProgressCallback) -> Frame:
    """The room of a source clip's longest shot, without dancers; cached by the clip's content.

    Returns:
        uint8 `(H, W, 3)` RGB.

    Raises:
        InputError: the source has no picture.
    """
    if source.clip is None:
        raise InputError("`background=source`: the source is a track; it has no picture.")
    clip = source.clip
    entry = clip_entry("rooms", clip, _VERSION, suffix=".png")

    def make() -> None:
        shot = max(shots_of(source.cuts, clip.frames), key=lambda shot: shot.stop - shot.start)
        wanted = shot.start + plate_frames(shot.stop - shot.start, clip.size)
        seen = detect_person(clip, wanted, person="1", progress=progress)  # everyone is hidden
        camera = None
        if not source.cuts:  # from shot to shot, a camera jumps
            camera, _ = find_camera(clip, seen.track, progress=progress)
        rows = {int(index): row for row, index in enumerate(wanted)}
        somebody = (seen.track.confidence[wanted] > 0).any(axis=1).tolist()
        # In a file: they are hundreds of megabytes.
        with scratch_folder(entry.path.parent, entry.path.name) as scratch:
            frames: NDArray[np.uint8] | None = None
            masks: list[Frame] = []
            for index, frame in enumerate(read_frames(clip)):
                progress(
                    Progress(f"looking at the room of {clip.path.name}", index + 1, clip.frames)
                )
                if index in rows:
                    mask = seen.everyone[rows[index]]
                    shown, _, hidden = stabilize_frame(frame, mask, camera, index)
                    if frames is None:
                        shape = (len(wanted), *shown.shape)
                        frames = new_pictures(scratch / "frames.npy", shape)
                    frames[len(masks)] = shown
                    masks.append(hidden)
            steady = [] if frames is None else list(frames[: len(masks)])
            room = find_room(steady, masks, somebody[: len(masks)])
            write_bytes(entry.path, encode_png(room.latest))

    return entry.get(make, lambda: read_image(entry.path))
