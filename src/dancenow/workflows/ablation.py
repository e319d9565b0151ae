"""The paper's ablation on a sample performer, whose true answer is known (section 5, table 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.evaluation import PictureScores
from dancenow.files import check_folder, make_folder, write_bytes
from dancenow.performer.edn.config import EDNConfig
from dancenow.performer.edn.options import PaperOptions
from dancenow.performer.fast.config import performer_preset
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.pose.extent import standing_height
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.report import PAGE
from dancenow.training.page import said_budget
from dancenow.video import read_frames
from dancenow.video.png import encode_png
from dancenow.workflows.ablation_page import write_ablation_page
from dancenow.workflows.evaluate_performer import PerformerScores, evaluate_performer
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train import TrainOptions, train_performer

_PERFORMER, _LEARNED, _DANCED = "zola", "house", "groove"
_SECONDS, _TEST_SECONDS, _FPS = 16.0, 4.0, 25.0
_JITTER = 0.0075  # of the body's height a coordinate: as MediaPipe errs (docs/performance.md)
_COLUMNS = 6  # frames on the sheet
_CELL_PX = 192

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Variant:
    """One line of the table.

    Attributes:
        name: what it is called.
        folder: of the performer, inside the report's.
        per_frame: without temporal smoothing.
        no_face: without the face network.
    """

    name: str
    folder: str
    per_frame: bool
    no_face: bool


VARIANTS = (
    Variant("frame by frame", "per_frame", True, True),
    Variant("+ temporal smoothing", "temporal", False, True),
    Variant("+ face GAN", "face", False, False),
)


@dataclass(frozen=True)
class AblationRow:
    """A variant and its figures.

    Attributes:
        name: of the variant.
        steps: of training.
        seconds: of training.
        scores: on a dance that was not learned.
    """

    name: str
    steps: int
    seconds: float
    scores: PerformerScores


@dataclass(frozen=True)
class Ablation:
    """What the ablation left.

    Attributes:
        report: a page with the table and the sheet.
        sheet: frames of every variant below the truth.
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
        """The table for people."""
        names = [name for name, _ in _COLUMNS_OF]
        lines = [" | ".join(["variant", *names])]
        lines += [" | ".join([row.name, *_cells(row)]) for row in self.rows]
        return "\n".join([*lines, f"the page is {self.report}"])


def run_ablation(
    out: Path,
    *,
    preset: str = "edn-tiny",
    minutes: float | None = None,
    steps: int | None = None,
    paper: PaperOptions | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: ProgressCallback = silent,
) -> Ablation:
    """Train the paper's three variants on a sample performer and measure each on another dance.

    All variants learn whole frames for the same budget from the same seed; the last one then
    learns the face for a part of it more.  Poses are the true ones with a detector's error.

    Args:
        out: a folder; what lies there of an earlier run is used again.
        preset: one of the paper's.
        minutes: budget of a variant.
        steps: budget of a variant.
        paper: further options of the presets.
        device: "auto", "cpu", "cuda" or "mps".
        seed: decides everything that is random.
        progress: told about every frame and step.

    Raises:
        InputError: the preset is not one of the paper's, or an option cannot be used.
    """
    options = TrainOptions(preset, minutes, steps, device=device, seed=seed)
    options = replace(options, paper=paper or PaperOptions())
    config = performer_preset(preset)
    if not isinstance(config, EDNConfig):
        raise InputError(f"--preset {preset}: is not one of the paper's (edn-...).")
    options.budget()
    options.chosen_device()
    config = options.paper.applied(config)
    canvas = config.canvas((config.size, config.size))
    check_folder(out, "report", ours=True)
    make_folder(out)
    times = StageTimes()
    with times.stage("render"):
        clips = [
            _rendered(out / f"{name}.mp4", dance, seconds, canvas[0], progress)
            for name, dance, seconds in (
                ("learned", _LEARNED, _SECONDS),
                ("danced", _DANCED, _TEST_SECONDS),
            )
        ]
        poses = [_jittered(clip, seed) for seed, clip in enumerate(clips)]
    rows = []
    for variant in VARIANTS:
        of_variant = replace(_options_of(options, variant, config), poses=poses[0])
        trained = train_performer(
            clips[0], out / variant.folder, of_variant, progress=progress, times=times
        )
        with times.stage("measure"):
            scores = evaluate_performer(
                out / variant.folder,
                clips[1],
                poses=poses[1],
                true_poses=clips[1].with_suffix(".pose.npz"),
                device=device,
                keep=out / f"{variant.folder}.mp4",
                progress=progress,
            )
        rows.append(AblationRow(variant.name, trained.steps, trained.seconds, scores))
    sheet = _write_sheet(out, clips[1])
    perceptual = config.loss.perceptual > 0
    made = Ablation(out / PAGE, sheet, preset, perceptual, rows, times)
    start, stop = rows[0].scores.span
    jitter = f"the true ones with a detector's error, {100 * _JITTER:.2g} % of the height"
    how: dict[str, object] = {
        "preset": f"{preset}, {'with' if perceptual else 'without'} the perceptual loss",
        "budget": f"{said_budget(options.budget())} for whole frames",
        "picture": f"{canvas[0]} x {canvas[1]} px",
        "learned": f"the sample performer {_PERFORMER} in {_SECONDS:g} s of {_LEARNED}",
        "measured on": f"{stop - start} frames of {_DANCED}",
        "poses": jitter,
        "seed": str(seed),
    }
    write_ablation_page(made.report, made, how)
    return made


def _rendered(
    clip: Path, dance: str, seconds: float, size: int, progress: ProgressCallback
) -> Path:
    if not clip.is_file() or not clip.with_suffix(".pose.npz").is_file():
        write_sample(
            clip,
            performer=_PERFORMER,
            dance=dance,
            seconds=seconds,
            size=size,
            fps=_FPS,
            progress=progress,
        )
    return clip


def _jittered(clip: Path, seed: int) -> Path:
    """The clip's true poses with an error like a detector's; written beside them."""
    track = PoseTrack.load(clip.with_suffix(".pose.npz"))
    keypoints = track.keypoints.copy()
    deviation = _JITTER * standing_height(track)
    noise = np.random.default_rng(seed).normal(0, deviation, keypoints[..., :2].shape)
    keypoints[..., :2] += noise.astype(np.float32)
    path = clip.with_suffix(".jittered.npz")
    track.with_keypoints(keypoints).save(path)
    return path


def _options_of(options: TrainOptions, variant: Variant, config: EDNConfig) -> TrainOptions:
    """The variant's options: what the face learns comes on top of the budget."""
    budget = options.budget()
    whole = 1.0
    if not variant.no_face:
        whole = 1 - sum(stage.share for stage in config.stages if stage.name == "face")
    return replace(
        options,
        minutes=None if budget.minutes is None else budget.minutes / whole,
        steps=None if budget.steps is None else round(budget.steps / whole),
        paper=replace(options.paper, per_frame=variant.per_frame, no_face=variant.no_face),
    )


def _write_sheet(out: Path, clip: Path) -> Path:
    """Stick figures, the truth, and every variant, in rows of a few frames."""
    track = PoseTrack.load(clip.with_suffix(".jittered.npz"))
    chosen = np.linspace(0, len(track) - 1, _COLUMNS).astype(int).tolist()
    rows = [[_cell(draw_pose(track.keypoints[index], track.size)) for index in chosen]]
    for name in (clip.name, *(f"{variant.folder}.mp4" for variant in VARIANTS)):
        frames = enumerate(read_frames(out / name))
        rows.append([_cell(frame) for index, frame in frames if index in chosen])
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    write_bytes(out / "sheet.png", encode_png(sheet))
    return out / "sheet.png"


def _cell(frame: Frame) -> Frame:
    size = (round(frame.shape[1] * _CELL_PX / frame.shape[0]), _CELL_PX)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


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
