"""From clips to what a choreographer learns from: small pictures, made once and cached."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.cache import cache_dir, content_hash
from dancenow.choreographer.dancenet.config import PictureConfig
from dancenow.choreographer.dancenet.frames import FrameSet
from dancenow.choreographer.dancenet.silhouettes import make_pictures, suggest_background
from dancenow.errors import InputError
from dancenow.files import new_folder, new_pictures
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.video import ClipInfo, probe, read_frames

VERSION = 1  # of what is cached here; raise it when the pictures change
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
        The pictures, the configuration with "auto" and the stride decided, and a name for both.

    Raises:
        InputError: a clip cannot be read, is empty, or nothing moves in it.
    """
    infos = [probe(clip) for clip in clips]
    fps = infos[0].fps
    config = _decided(infos, config)
    assert config.stride is not None
    key = content_hash(clips[0], VERSION, config.model_dump(), [content_hash(c) for c in clips])
    folder = cache_dir("pictures") / key
    if not folder.is_dir():
        with new_folder(folder) as temporary:
            _write(temporary, infos, config, fps, progress)
    frames = FrameSet.open(folder)
    _check(frames, clips[0])
    return frames, config, key


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
    return config.model_copy(update=update)


def _some_frames(info: ClipInfo) -> Iterator[NDArray[np.uint8]]:
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
    shape = (sum(expected), config.height, config.width, config.channels)
    pictures = new_pictures(folder / "pictures.npy", shape)
    lengths, done = [], 0
    for info, most in zip(infos, expected, strict=True):
        kept = islice(read_frames(info.path, fps=fps), 0, None, stride)
        stage = f"taking the background away in {info.path.name}"
        first = done
        for picture in islice(make_pictures(kept, config), most):
            pictures[done] = picture
            done += 1
            total = max(round(info.duration * fps), done - first)
            progress(Progress(stage, (done - first) * stride, total))
        lengths.append(done - first)
    pictures.flush()
    FrameSet(pictures, tuple(lengths), fps, stride, config.background).describe(folder)


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
