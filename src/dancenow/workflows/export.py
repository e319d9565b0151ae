"""Exporting training pairs in the layout of the authors' code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.files import check_folder
from dancenow.options import ExportEdnOptions
from dancenow.performer.edn.config import EDN_PRESETS
from dancenow.performer.edn.figures import scaled
from dancenow.pose.draw import draw_pose
from dancenow.pose.face_region import face_corners, face_side
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import load_poses
from dancenow.sources.stick_figures import write_authors_folder
from dancenow.video import probe, read_frames

Frame = NDArray[np.uint8]
Exported = tuple[str, Frame, Frame, tuple[int, int] | None]


@dataclass(frozen=True)
class PairsExported:
    """A folder of the authors' layout.

    Attributes:
        folder: its path.
        frames: number of frames.
        size: width and height of the pictures in pixels.
        times: seconds of each stage.
    """

    folder: Path
    frames: int
    size: tuple[int, int]
    times: StageTimes

    def summary(self) -> str:
        """One line for the user."""
        return (
            f"{self.folder}: {self.frames} frames of {self.size[0]} x {self.size[1]} in train_img, "
            "train_label and train_facetexts128"
        )


def export_pairs(
    target: str | Path,
    output: str | Path,
    options: ExportEdnOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> PairsExported:
    """Write a clip's frames, stick figures and face boxes for the authors' code.

    Args:
        target: the clip.
        output: a new or empty folder.
        options: see `ExportEdnOptions`; the size must be a multiple of 32.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, nobody is seen, or the folder is not empty.
    """
    target, output, options = Path(target), Path(output), options or ExportEdnOptions()
    check_folder(output, "data set", ours=False)
    info = probe(target)
    canvas = EDN_PRESETS["edn-1024"].model_copy(update={"size": options.size}).canvas(info.size)
    times = StageTimes()
    with times.stage("detect"):
        track = load_poses(
            info,
            options.poses,
            estimator=options.estimator,
            device=options.device,
            progress=progress,
        )
    keypoints = track.keypoints.copy()
    keypoints[..., :2] *= np.array(canvas, np.float32) / np.array(info.size, np.float32)
    side = face_side(canvas)
    corners, has_face = face_corners(keypoints, canvas, side)

    def frames() -> Iterator[Exported]:
        for index, frame in enumerate(read_frames(info)):
            left, top = corners[index].tolist()
            yield (
                f"frame{index:06d}",
                draw_pose(keypoints[index], canvas),
                scaled(frame, canvas),
                (left, top) if has_face[index] else None,
            )
            progress(Progress(f"writing {output.name}", index + 1, info.frames))

    with times.stage("write"):
        written = write_authors_folder(output, frames(), side)
    return PairsExported(output, written, canvas, times)
