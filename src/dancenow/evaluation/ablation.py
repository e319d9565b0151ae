"""The effect of each part of the paper's system, as a table and as a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.performer import PerformerScores
from dancenow.evaluation.pictures import PictureScores
from dancenow.files import write_bytes
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import StageTimes
from dancenow.report import (
    Meaning,
    Page,
    Row,
    Section,
    facts,
    figures,
    paragraph,
    picture,
    times,
    write_page,
)
from dancenow.report.meanings import PICTURES, POSES, STEADINESS
from dancenow.video import read_frames
from dancenow.video.png import encode_png

_SHEET_COLUMNS = 6
_CELL_PX = 192
_PICTURES = (
    ("whole", "psnr", "whole frame"),
    ("whole", "ssim", "whole frame"),
    ("person", "ssim", "person's box"),
    ("face", "ssim", "face"),
    ("whole", "lpips", "whole frame"),
    ("person", "energy", "person's box"),
)


@dataclass(frozen=True)
class AblationRow:
    """A variant and its figures.

    Attributes:
        name: of the variant.
        steps: of training.
        seconds: of training.
        scores: on a held-out dance.
    """

    name: str
    steps: int
    seconds: float
    scores: PerformerScores


@dataclass(frozen=True)
class Ablation:
    """Results of the ablation.

    Attributes:
        report: a page with the table and the sheet.
        sheet: frames of every variant below the true ones.
        preset: of the variants.
        perceptual: whether the perceptual loss was used.
        rows: the figures.
        times: seconds of each stage.
    """

    report: Path
    sheet: Path
    preset: str
    perceptual: bool
    rows: list[AblationRow]
    times: StageTimes

    def summary(self) -> str:
        """The table for the user."""
        names = [name for name, _ in _COLUMNS_OF]
        lines = [" | ".join(["variant", *names])]
        lines += [" | ".join([row.name, *_cells(row)]) for row in self.rows]
        return "\n".join([*lines, f"the page is {self.report}"])


def write_ablation_page(page: Path, made: Ablation, facts_of: dict[str, object]) -> Path:
    """Write the page.

    Args:
        page: where it goes.
        made: what was measured.
        facts_of: how it was measured.
    """
    names = [row.name for row in made.rows]
    missing = made.rows[0].scores.scores.lpips_missing
    learned = {f"learning: {row.name}": row.seconds for row in made.rows}
    return write_page(
        page,
        Page(
            "ablation",
            "Frame by frame, temporal smoothing, face GAN",
            (
                paragraph(
                    "The paper's system without its parts, then with one after the other. All "
                    "variants learned whole frames with the same budget; the last then learned the "
                    "face."
                ),
            ),
            (
                Section("What was compared", (facts("The variants", facts_of),)),
                Section(
                    "What the parts contribute",
                    (
                        figures("Each variant compared with the truth", _rows(made), names),
                        paragraph(missing) if missing else "",
                    ),
                ),
                Section(
                    "How it looks",
                    (
                        picture(
                            made.sheet.read_bytes(),
                            f"Rows of frames: stick figures, the truth, {', '.join(names)}",
                            f"From above: stick figures, the truth, {', '.join(names)}.",
                        ),
                    ),
                ),
                Section("How long it took", (times("Stages", learned),)),
            ),
        ),
    )


def write_sheet(path: Path, poses: PoseTrack, clips: Sequence[Path]) -> Path:
    """Write some frames of clips of the same dance, one clip per row, below their stick figures."""
    chosen = np.linspace(0, len(poses) - 1, _SHEET_COLUMNS).astype(int).tolist()
    rows = [[_cell(draw_pose(poses.keypoints[index], poses.size)) for index in chosen]]
    for clip in clips:
        frames = enumerate(read_frames(clip))
        rows.append([_cell(frame) for index, frame in frames if index in chosen])
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    write_bytes(path, encode_png(sheet))
    return path


def _cell(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (round(frame.shape[1] * _CELL_PX / frame.shape[0]), _CELL_PX)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def _rows(made: Ablation) -> list[Row]:
    scores = [row.scores.scores for row in made.rows]
    rows = [
        Row(
            replace(PICTURES[score], name=f"{PICTURES[score].name}, {where}"),
            [getattr(getattr(of, region), score, None) for of in scores],
        )
        for region, score, where in _PICTURES
    ]
    rows += [
        Row(m, [getattr(of.flicker, key, None) for of in scores]) for key, m in STEADINESS.items()
    ]
    for part in ("body", "hands", "face"):
        distance = POSES["distance_percent"]
        named = replace(distance, name=f"{distance.name}, {part}")
        rows.append(Row(named, [of.pose.distance_percent[part] for of in scores]))
    rows.append(Row(POSES["missed"], [of.pose.missed for of in scores]))
    steps = Meaning("Training steps", "The first two variants have the same budget.", digits=0)
    return [*rows, Row(steps, [row.steps for row in made.rows])]


def _number(value: float | None, digits: int = 2) -> str:
    return "none" if value is None else f"{value:.{digits}f}"


def _of_region(region: str, score: str, digits: int) -> Callable[[AblationRow], str]:
    def cell(row: AblationRow) -> str:
        scores: PictureScores | None = getattr(row.scores.scores, region)
        return _number(None if scores is None else getattr(scores, score), digits)

    return cell


def _flicker(name: str) -> Callable[[AblationRow], str]:
    def cell(row: AblationRow) -> str:
        flicker = row.scores.scores.flicker
        return _number(None if flicker is None else getattr(flicker, name))

    return cell


_COLUMNS_OF: list[tuple[str, Callable[[AblationRow], str]]] = [
    ("PSNR, dB", _of_region("whole", "psnr", 2)),
    ("SSIM", _of_region("whole", "ssim", 3)),
    ("person's SSIM", _of_region("person", "ssim", 3)),
    ("face's SSIM", _of_region("face", "ssim", 3)),
    ("LPIPS", _of_region("whole", "lpips", 3)),
    ("sharpness", _of_region("person", "energy", 2)),
    ("flicker", _flicker("made")),
    ("true flicker", _flicker("real")),
    ("motion's error", _flicker("motion_error")),
    ("body, %", lambda row: _number(row.scores.scores.pose.distance_percent["body"])),
    ("hands, %", lambda row: _number(row.scores.scores.pose.distance_percent["hands"])),
    ("face, %", lambda row: _number(row.scores.scores.pose.distance_percent["face"])),
    ("missed, %", lambda row: _number(100 * row.scores.scores.pose.missed, 1)),
]


def _cells(row: AblationRow) -> list[str]:
    return [cell(row) for _, cell in _COLUMNS_OF]
