"""From clips to what a choreographer learns from: small pictures, made once and cached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dancenow.cache import Entry, cache_dir
from dancenow.choreographer.dancenet.config import PictureConfig
from dancenow.choreographer.dancenet.cropping import (
    Box,
    ClipMasks,
    Frame,
    cropped,
    shape_for,
)
from dancenow.choreographer.dancenet.frames import FrameSet
from dancenow.choreographer.dancenet.silhouettes import (
    fit,
    make_masks,
    make_pictures,
    suggest_background,
)
from dancenow.errors import InputError
from dancenow.files import new_folder, new_pictures
from dancenow.hashing import content_hash
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.video import ClipInfo, probe, read_frames

VERSION = 4  # of what is cached here; raise it when the pictures change
_STRIDE = 4
_ENOUGH = 600  # pictures: with fewer, frames that lie closer together are kept
_LOOKED_AT = 9  # frames, to choose how the background is removed
_CHECKED = 200  # pictures, to see whether anything is there and moves
_CONTRAST = 8  # of 255, from the darkest to the brightest pixel of a picture that shows something
_MOTION = 0.05  # of 255, mean deviation of a pixel over time


def prepare_pictures(
    clips: list[Path], config: PictureConfig, *, progress: ProgressCallback = silent
) -> tuple[FrameSet, PictureConfig, str]:
    """Read clips as the pictures that are learned; cached by their content.

    Args:
        clips: video files or folders of pictures; all are read at the first one's rate.
        config: the pictures' size, how the background is removed, and the stride.
        progress: called for every frame.

    Returns:
        The pictures, the configuration with the background, the stride and the pictures' shape
        decided, and a name for both.

    Raises:
        InputError: a clip cannot be read, is empty, or nothing moves in it.
    """
    infos = [probe(clip) for clip in clips]
    fps = infos[0].fps
    config = _decided(infos, config)
    assert config.stride is not None
    contents = [content_hash(clip) for clip in clips]
    key = content_hash(clips[0], VERSION, config.model_dump(), contents)
    entry = Entry(cache_dir("pictures") / key, tuple(contents))

    def make() -> None:
        with new_folder(entry.path) as temporary:
            _write(temporary, infos, config, fps, progress)

    frames = entry.get(make, lambda: FrameSet.open(entry.path))
    _check(frames, clips[0])
    height, width = frames.pictures.shape[1:3]
    shape = {"height": int(height), "width": int(width), "reshape": False}
    return frames, config.model_copy(update=shape), key


def _decided(infos: list[ClipInfo], config: PictureConfig) -> PictureConfig:
    """Replace "auto" and a missing stride by what suits the clips."""
    update: dict[str, object] = {}
    if config.background == "auto":
        ways = {suggest_background(_some_frames(info)) for info in infos}
        update["background"] = "threshold" if ways == {"threshold"} else "person"
    if config.stride is None:
        total = sum(round(info.duration * infos[0].fps) for info in infos)
        stride = max(1, min(_STRIDE, total // _ENOUGH))
        update["stride"] = 1 if all(info.is_folder for info in infos) else stride
    config = config.model_copy(update=update)
    if not config.cuts_out:
        return config.model_copy(update={"crop": "off", "reshape": False})
    return config if _is_cut_out(config) else config.model_copy(update={"reshape": False})


def _is_cut_out(config: PictureConfig) -> bool:
    """Whether the figure is cut out before its place in the picture is known."""
    return config.cuts_out and (config.crop == "auto" or config.colour)


def _some_frames(info: ClipInfo) -> Iterator[Frame]:
    for index in np.linspace(0, info.frames - 1, min(_LOOKED_AT, info.frames)).astype(int).tolist():
        yield from read_frames(info.path, start=index, stop=index + 1)


def _write(
    folder: Path,
    infos: list[ClipInfo],
    config: PictureConfig,
    fps: Fraction,
    progress: ProgressCallback,
) -> None:
    """Write the pictures of all clips into `folder`."""
    stride = config.stride or 1
    expected = [-(-max(1, round(info.duration * fps) + 1) // stride) for info in infos]

    def kept(info: ClipInfo) -> Iterator[Frame]:
        return islice(read_frames(info.path, fps=fps), 0, None, stride)

    def told(info: ClipInfo, pictures: Iterator[Frame]) -> Iterator[Frame]:
        stage = f"taking the background away in {info.path.name}"
        for done, picture in enumerate(pictures, start=1):
            yield picture
            progress(Progress(stage, done * stride, max(round(info.duration * fps), done)))

    with ExitStack() as stack:
        clips: list[Iterator[Frame]]
        if _is_cut_out(config):
            masks = []
            for info, most in zip(infos, expected, strict=True):
                there = Path(stack.enter_context(TemporaryDirectory(dir=folder)))
                found = islice(make_masks(kept(info), config), most)
                masks.append(ClipMasks.of(told(info, found), there))
            config, crops = _shaped(config, masks)
            size = (config.width, config.height)
            clips = [
                cropped(
                    of, kept(info) if config.colour else None, crop, lambda part: fit(part, size)
                )
                for info, of, crop in zip(infos, masks, crops, strict=True)
            ]
        else:
            clips = [told(info, make_pictures(kept(info), config)) for info in infos]
        shape = (sum(expected), config.height, config.width, config.channels)
        pictures = new_pictures(folder / "pictures.npy", shape)
        lengths, done = [], 0
        for clip, most in zip(clips, expected, strict=True):
            first = done
            for picture in islice(clip, most):
                pictures[done] = picture
                done += 1
            lengths.append(done - first)
    pictures.flush()
    FrameSet(pictures, tuple(lengths), fps, stride, config.background).describe(folder)


def _shaped(config: PictureConfig, masks: list[ClipMasks]) -> tuple[PictureConfig, list[Box]]:
    """Every clip's crop, and the configuration with the picture's height and width decided."""
    crops = [of.crop() if config.crop == "auto" else of.whole for of in masks]
    size = (config.width, config.height)
    if config.reshape:
        width, height = shape_for(crops, size)
        config = config.model_copy(update={"height": height, "width": width})
    return config, crops


def _check(frames: FrameSet, clip: Path) -> None:
    """Raise `InputError` if nothing can be learned from the pictures."""
    chosen = np.linspace(0, len(frames) - 1, min(_CHECKED, len(frames))).astype(int)
    some = frames.pictures[np.unique(chosen)].astype(np.float32)
    contrast = some.max(axis=(1, 2, 3)) - some.min(axis=(1, 2, 3))
    if (contrast < _CONTRAST).all():
        if frames.background == "person":
            raise InputError(
                f"{clip}: nobody is seen; choose another `background` (threshold, grey, colour)."
            )
        shade = "white" if some.mean() > 127 else "black"
        raise InputError(
            f"{clip}: with `background={frames.background}` every picture is {shade}; choose "
            "another `background` (person, grey, colour)."
        )
    if float(some.std(axis=0).mean()) < _MOTION:
        raise InputError(f"{clip}: nothing moves in it; a dance is needed.")
