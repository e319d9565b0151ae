"""The paper's ablation (section 5, table 1), on a sample performer with known true frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.evaluation.ablation import Ablation, AblationRow, write_ablation_page, write_sheet
from dancenow.files import check_folder, make_folder
from dancenow.options import (
    AblationOptions,
    EvaluatePerformerOptions,
    SampleOptions,
    TrainPerformerOptions,
)
from dancenow.options.field import narrowed
from dancenow.performer.edn.config import EDN_PRESETS, EDNConfig, configured
from dancenow.pose import PoseTrack
from dancenow.pose.extent import standing_height
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.report import PAGE
from dancenow.training import Budget, choose_device
from dancenow.training.budget import budget_of
from dancenow.training.page import format_budget
from dancenow.workflows.evaluate_performer import evaluate_performer
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_performer import train_performer

_PERFORMER, _LEARNED, _DANCED = "zola", "house", "groove"
_SECONDS, _TEST_SECONDS, _FPS = 16.0, 4.0, 25.0
_JITTER = 0.0075  # of the body's height per coordinate, MediaPipe's error (docs/performance.md)


@dataclass(frozen=True)
class Variant:
    """One line of the table.

    Attributes:
        name: shown in the table.
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


def run_ablation(
    out: str | Path,
    options: AblationOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Ablation:
    """Train the paper's three variants on a sample performer and measure each on another dance.

    All variants learn whole frames with the same budget and seed; the last one then gets some more
    time for the face.  Poses are the true ones with a detector's error.

    Args:
        out: a folder; results of an earlier run there are reused.
        options: budget of each variant.  The clips do not depend on the seed.
        progress: called for every frame and step.

    Raises:
        InputError: the preset is not one of the paper's, or an option cannot be used.
    """
    out, options = Path(out), options or AblationOptions()
    training, seed = narrowed(options, TrainPerformerOptions), options.seed
    config = _checked_config(training)
    budget = budget_of(training, Budget(minutes=config.minutes))
    check_folder(out, "report", ours=True)
    make_folder(out)
    times = StageTimes()
    with times.stage("render"):
        learned = _rendered(out / "learned.mp4", _LEARNED, _SECONDS, config, progress)
        danced = _rendered(out / "danced.mp4", _DANCED, _TEST_SECONDS, config, progress)
        learned_poses, danced_poses = _jittered(learned, seed), _jittered(danced, seed + 1)
    rows = []
    for variant in VARIANTS:
        folder = out / variant.folder
        of_variant = replace(_options_of(training, budget, variant, config), poses=learned_poses)
        trained = train_performer(learned, folder, of_variant, progress=progress, times=times)
        with times.stage("measure"):
            measuring = EvaluatePerformerOptions(
                poses=danced_poses,
                device=options.device,
                keep=out / f"{variant.folder}.mp4",
            )
            true_poses = danced.with_suffix(".pose.npz")
            scores = evaluate_performer(
                folder, danced, measuring, true_poses=true_poses, progress=progress
            )
        rows.append(AblationRow(variant.name, trained.steps, trained.seconds, scores))
    perceptual = config.loss.perceptual > 0
    performed = [out / f"{variant.folder}.mp4" for variant in VARIANTS]
    sheet = write_sheet(out / "sheet.png", PoseTrack.load(danced_poses), [danced, *performed])
    made = Ablation(out / PAGE, sheet, options.preset, perceptual, rows, times)
    write_ablation_page(made.report, made, _how(made, seed, budget, config))
    return made


def _checked_config(options: TrainPerformerOptions) -> EDNConfig:
    """The preset with the options applied, after checking them all."""
    if options.preset not in EDN_PRESETS:
        raise InputError(f"`preset={options.preset}`: choose one of the paper's (edn-...).")
    choose_device(options.device)
    return configured(EDN_PRESETS[options.preset], options)


def _how(made: Ablation, seed: int, budget: Budget, config: EDNConfig) -> dict[str, object]:
    """How the variants were measured, in words."""
    start, stop = made.rows[0].scores.span
    width, height = config.canvas((config.size, config.size))
    return {
        "preset": f"{made.preset}, {'with' if made.perceptual else 'without'} the perceptual loss",
        "budget": f"{format_budget(budget)} for whole frames",
        "picture": f"{width} x {height} px",
        "learned": f"the sample performer {_PERFORMER} in {_SECONDS:g} s of {_LEARNED}",
        "measured on": f"{stop - start} frames of {_DANCED}",
        "poses": f"the true ones with a detector's error, {100 * _JITTER:.2g} % of the height",
        "seed": str(seed),
    }


def _rendered(
    clip: Path, dance: str, seconds: float, config: EDNConfig, progress: ProgressCallback
) -> Path:
    """A clip of the sample performer with its true poses beside it; reused if it exists."""
    if not clip.is_file() or not clip.with_suffix(".pose.npz").is_file():
        write_sample(
            clip,
            SampleOptions(performer=_PERFORMER, dance=dance, seconds=seconds, fps=_FPS),
            frame_size=config.canvas((config.size, config.size)),
            progress=progress,
        )
    return clip


def _jittered(clip: Path, seed: int) -> Path:
    """The clip's true poses with a detector's error; written beside them."""
    track = PoseTrack.load(clip.with_suffix(".pose.npz"))
    keypoints = track.keypoints.copy()
    deviation = _JITTER * standing_height(track)
    noise = np.random.default_rng(seed).normal(0, deviation, keypoints[..., :2].shape)
    keypoints[..., :2] += noise.astype(np.float32)
    path = clip.with_suffix(".jittered.npz")
    track.with_keypoints(keypoints).save(path)
    return path


def _options_of(
    options: TrainPerformerOptions, budget: Budget, variant: Variant, config: EDNConfig
) -> TrainPerformerOptions:
    """The variant's options; the face stage is added on top of the budget."""
    whole = 1.0
    if not variant.no_face:
        whole = 1 - sum(stage.share for stage in config.stages if stage.name == "face")
    return replace(
        options,
        minutes=None if budget.minutes is None else budget.minutes / whole,
        steps=None if budget.steps is None else round(budget.steps / whole),
        per_frame=variant.per_frame,
        no_face=variant.no_face,
    )
