"""Writing clips: a video, a GIF or a folder of pictures, by the output's suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from av.container import OutputContainer

from dancenow.errors import InputError, OutputError
from dancenow.files import FULL_DISK, atomic_path, check_can_write, full_disk
from dancenow.video.audio import SoundSource, SoundTrack, add_sound_track
from dancenow.video.containers import open_media
from dancenow.video.convert import Frame
from dancenow.video.encode import FORMATS, TRANSPARENT, AddSound, open_media_writer
from dancenow.video.folder import check_may_replace, open_folder_writer
from dancenow.video.gif import open_gif
from dancenow.video.timing import as_rate


class _FrameSink(Protocol):
    def write(self, frame: Frame) -> None: ...


class VideoWriter:
    """Takes the frames of a clip one by one; made by `open_writer`.

    Attributes:
        path: the output.
        frames: how many frames have been written.
        size: `(width, height)` pixels of the frames; None before the first, if not given.
    """

    def __init__(
        self, path: Path, sink: _FrameSink, size: tuple[int, int] | None, channels: int
    ) -> None:
        self.path = path
        self._channels = channels
        self.frames = 0
        self.size = size
        self._sink = sink

    def write(self, frame: Frame) -> None:
        """Append one frame.

        Args:
            frame: uint8 `(H, W, 3)` RGB, or with `alpha` `(H, W, 4)` RGBA, not premultiplied; all
                of one size.

        Raises:
            OutputError: it cannot be written, for lack of space for example.
            ValueError: its type, shape or size is wrong.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != self._channels:
            wanted = f"(H, W, {self._channels})"
            raise ValueError(f"a frame must be uint8 {wanted}, not {frame.dtype} {frame.shape}")
        size = (frame.shape[1], frame.shape[0])
        if self.size is None:
            self.size = size
        if size != self.size:
            raise ValueError(f"a frame of {size} cannot follow frames of {self.size}")
        with _explained(self.path):
            self._sink.write(np.ascontiguousarray(frame))
        self.frames += 1


@contextmanager
def open_writer(
    path: str | Path,
    *,
    fps: float | Fraction,
    size: tuple[int, int] | None = None,
    crf: int = 18,
    alpha: bool = False,
    audio: SoundSource | None = None,
    audio_start: float = 0.0,
    comment: str | None = None,
    finish: Callable[[Path], None] | None = None,
) -> Iterator[VideoWriter]:
    """Write a clip frame by frame: `with open_writer("out.mp4", fps=25) as out: out.write(frame)`.

    The suffix decides: `.mp4`, `.mov` and `.mkv` become H.264 (yuv420p, BT.709) that browsers
    play, `.webm` VP9, `.gif` an animated GIF, and no suffix a folder of numbered PNG pictures.
    With `alpha`, `.mov` becomes ProRes 4444; `.webm` and pictures keep alpha too.  The output
    appears when the block ends; after an error or Ctrl-C, what was there before stays.

    Args:
        path: the output.
        fps: frames a second.
        size: `(width, height)` of the frames in pixels; by default the first frame decides.  Odd
            sides of H.264 grow by one repeated row or column.
        crf: quality of H.264, 0 (lossless) to 51 (worst); VP9's is chosen to match.
        alpha: frames have an alpha channel.
        audio: the sound, cut to the length of the frames: a clip or sound file, copied where the
            output allows it and encoded to AAC or Opus elsewhere; or float32 samples `(N,)` or
            `(N, 2)` in -1..1, and their rate.  GIFs and folders have none.
        audio_start: seconds of the clip or file before the sound that is taken.
        comment: shown by players and viewers in the output's details.
        finish: called with the finished file before it takes its name; not for folders.

    Raises:
        InputError: the suffix is unknown, `audio` cannot be read, or no frame was written.
        OutputError: the output cannot be written.
        ValueError: an argument is out of range.
    """
    path, rate = Path(path), as_rate(fps)
    if not 0 <= crf <= 51:
        raise ValueError(f"crf must be 0 to 51, not {crf}")
    if alpha:
        _check_transparent(path)
    if isinstance(audio, (str, Path)) and not Path(audio).is_dir():
        open_media(Path(audio)).close()  # fail now, not after hours of work
    with ExitStack() as sources, ExitStack() as outputs:

        def add_sound(output: OutputContainer) -> SoundTrack | None:
            return None if audio is None else add_sound_track(audio, output, sources, audio_start)

        with _explained(path):
            sink = outputs.enter_context(
                _open_sink(path, rate, crf, alpha, add_sound, comment, finish)
            )
        writer = VideoWriter(path, sink, size, 4 if alpha else 3)
        yield writer
        if writer.frames == 0:
            raise InputError(f"{path}: there are no frames to write.")
        with _explained(path):
            outputs.close()  # writes what is left, and gives the output its name


def check_output(path: Path, *, alpha: bool = False, motion: Sequence[str] = ()) -> None:
    """Raise now, before long work, what `open_writer` would raise about the output.

    Args:
        path: the output.
        alpha: frames have an alpha channel.
        motion: suffixes of motions that the caller writes, to be told besides.

    Raises:
        InputError: the suffix is unknown, or of a format without alpha.
        OutputError: the folder does not exist or cannot be written.
    """
    if path.suffix and path.suffix.lower() not in (*FORMATS, ".gif"):
        raise _unknown_format(path, motion)
    if alpha:
        _check_transparent(path)
    if path.suffix:
        check_can_write(path)
    else:
        check_may_replace(path)


def _check_transparent(path: Path) -> None:
    if path.suffix and path.suffix.lower() not in TRANSPARENT:
        raise InputError(
            f"{path}: {path.suffix} cannot be transparent; choose a name that ends in "
            f"{' or '.join(TRANSPARENT)}, or one without a suffix for a folder of pictures."
        )


def _unknown_format(path: Path, motion: Sequence[str] = ()) -> InputError:
    also = f"in {', '.join(motion[:-1])} or {motion[-1]} for the motion, " if motion else ""
    return InputError(
        f"{path}: {path.suffix} cannot be written; choose a name that ends in "
        f"{', '.join(FORMATS)} or .gif, {also}or one without a suffix for a folder of pictures."
    )


@contextmanager
def _open_sink(
    path: Path,
    rate: Fraction,
    crf: int,
    alpha: bool,
    add_sound: AddSound,
    comment: str | None,
    finish: Callable[[Path], None] | None,
) -> Iterator[_FrameSink]:
    suffix = path.suffix.lower()
    if not suffix:
        with open_folder_writer(path, rate, comment) as folder:
            yield folder
    elif suffix == ".gif" or suffix in FORMATS:
        with atomic_path(path) as temporary:
            if suffix == ".gif":
                with open_gif(temporary, rate, comment) as gif:
                    yield gif
            else:
                with open_media_writer(temporary, rate, crf, alpha, add_sound, comment) as video:
                    yield video
            if finish is not None:
                finish(temporary)
    else:
        raise _unknown_format(path)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the system's errors in writing into messages."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise full_disk(path) from error
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); choose another output."
        ) from error
