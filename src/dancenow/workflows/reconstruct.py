"""Reconstructing: a clip beside the pictures decoded from its latents."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.choreographer import FrameChoreographer
from dancenow.choreographer.dancenet.codec import Latents
from dancenow.choreographer.dancenet.frames import as_rgb
from dancenow.choreographer.dancenet.prepare import prepare_pictures
from dancenow.credentials import Claim, Made, Origin
from dancenow.files import check_can_write, check_not_read, write_bytes
from dancenow.options import ReconstructOptions
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.staging.result import marked, open_result
from dancenow.training.device import choose_device
from dancenow.video import check_output
from dancenow.video.png import encode_png

_WALK = (5, 9)  # number of walks between two latents, and pictures per walk


@dataclass(frozen=True)
class Reconstructed:
    """A clip beside its reconstruction.

    Attributes:
        output: the clip: original pictures left, decoded ones right.
        walk: a picture; each row walks from one latent to another.
        frames: number of frames.
        psnr: mean over the pictures, in dB.
        times: seconds of each stage.
        credentials: whether the clip carries Content Credentials.
    """

    output: Path
    walk: Path
    frames: int
    psnr: float
    times: StageTimes
    credentials: bool = False

    def summary(self) -> str:
        """One line for the user."""
        return (
            f"{self.output}: {self.frames} pictures and their reconstructions, "
            f"{self.psnr:.1f} dB PSNR; a walk between latents: {self.walk}"
        )


def reconstruct(
    folder: str | Path,
    clip: str | Path,
    output: str | Path,
    options: ReconstructOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Reconstructed:
    """Write a clip's pictures beside the decoded ones, and a walk between latents.

    Args:
        folder: a trained choreographer's.
        clip: the clip it learned, or another.
        output: the clip to write; the walk is written beside it, as `OUTPUT's stem.walk.png`.
        options: see `ReconstructOptions`.
        progress: called for every frame.

    Raises:
        InputError: an input or option cannot be used.
    """
    folder, clip, output = Path(folder), Path(clip), Path(output)
    options = options or ReconstructOptions()
    walk = output.with_name(f"{output.stem}.walk.png")
    check_output(output)
    check_can_write(walk)
    check_not_read(output, clip, folder)
    times = StageTimes()
    with times.stage("load"):
        choreographer = FrameChoreographer.load(folder, choose_device(options.device))
    with times.stage("prepare"):
        frames, _, _ = prepare_pictures([clip], choreographer.config.picture, progress=progress)
    with times.stage("encode"):
        means, _ = choreographer.codec.encode(frames)
    with times.stage("decode"):
        errors = []
        width, height = choreographer.size
        fps = frames.fps / frames.stride
        claim = marked(Claim.of(Made.reconstruction, Origin.composite, clip, folder), options)
        with open_result(output, claim, fps=fps, size=(2 * width, height)) as result:
            decoded = choreographer.codec.decode(means)
            for done, (picture, back) in enumerate(zip(frames.pictures, decoded, strict=True)):
                result.write(np.hstack([as_rgb(picture), as_rgb(back)]))
                errors.append(_psnr(picture, back))
                progress(Progress("putting both side by side", done + 1, len(frames)))
        sheet = latent_walk(choreographer, means)
        write_bytes(walk, encode_png(sheet))
    return Reconstructed(
        output, walk, len(frames), float(np.mean(errors)), times, result.credentials
    )


def latent_walk(choreographer: FrameChoreographer, latents: Latents) -> NDArray[np.uint8]:
    """Rows of pictures, each a straight walk from one latent to another, uint8 `(H, W, 3)` RGB.

    Args:
        choreographer: whose decoder is used.
        latents: float32 `(N, D)`, in time order; the walks' ends are spread over them.
    """
    rows, columns = _WALK
    ends = latents[np.linspace(0, len(latents) - 1, rows + 1).astype(int)]
    sheet = []
    for start, end in pairwise(ends):
        way = (start + (end - start) * t for t in np.linspace(0, 1, columns, dtype=np.float32))
        sheet.append(np.hstack([as_rgb(picture) for picture in choreographer.codec.decode(way)]))
    return np.vstack(sheet)


def _psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    error = float(np.square(a.astype(np.float32) - b.astype(np.float32)).mean())
    return float(10 * np.log10(255**2 / max(error, 1e-3)))
