"""Training a detector: passages of filmed and made clips, told apart, and calibrated."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dancenow.credentials import read_credentials
from dancenow.detector.calibration import Calibration
from dancenow.detector.config import ENOUGH_STEPS, DetectorConfig
from dancenow.detector.detector import Detector, is_detector
from dancenow.detector.examples import SPLIT, split
from dancenow.detector.learning import (
    Clips,
    DetectorTrained,
    calibrated,
    figures_of,
    passages_of,
    training_page,
)
from dancenow.detector.passages import VERSION
from dancenow.detector.training import DetectorTraining
from dancenow.errors import CredentialsError, DanceNowWarning, InputError
from dancenow.files import write_bytes
from dancenow.hashing import content_hash, hash_of
from dancenow.options import TrainDetectorOptions
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Budget, Device, choose_device
from dancenow.training.budget import budget_of
from dancenow.training.session import Session, Training
from dancenow.video import clips_in
from dancenow.video.png import encode_png
from dancenow.workflows.sample import is_sample


def train_detector(
    real: Sequence[str | Path],
    out: str | Path,
    options: TrainDetectorOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> DetectorTrained:
    """Learn to tell clips that performers made from filmed ones.

    It knows the people and performers that it was shown; others it judges far less well, and what
    other programs make not at all.

    Args:
        real: filmed clips, or folders of them.
        out: the detector's folder; an unfinished training in it is resumed.
        options: see `TrainDetectorOptions`; `fake` names what performers made.
        progress: called for every frame and step.

    Raises:
        InputError: a clip or an option cannot be used, or `out` holds other files.
        TrainingError: the loss is NaN or infinite.
    """
    options, folder, config = options or TrainDetectorOptions(), Path(out), DetectorConfig()
    clips = _clips(real, options.fake)
    budget = budget_of(options, Budget(minutes=config.minutes), enough_steps=ENOUGH_STEPS)
    device, times = choose_device(options.device), StageTimes()
    contents = {content_hash(clip): made for clip, made in clips}
    finished, begun_with = is_detector(folder), _made_of(contents, config, options)
    figures: dict[str, Any] = {"filmed": 0, "made": 0}
    with Session(
        folder,
        "detector",
        finished=finished,
        contents=list(contents),
        logger=options.logger,
        progress=progress,
    ) as session:
        session.check(begun_with)
        session.page = lambda: training_page(folder, clips, options, figures, times)
        with times.stage("prepare"):
            _tell_of_marks(clips)
            seen = passages_of(clips, config, options, progress)
            examples = split(seen, config.held_out)
        training = DetectorTraining(config, examples, device, options.seed)
        with times.stage("train"):
            clock = session.train(training, _training(budget, begun_with, device))
        detector = Detector(config, training.average.module, Calibration(), device, figures)
        detector.calibration, held_out = calibrated(detector, examples)
        figures |= figures_of(clips, options.estimator, clock, held_out)
        write_bytes(folder / "preview.png", encode_png(training.preview()))
        detector.save(folder)
        session.finish(figures)
    return DetectorTrained(
        folder, figures["filmed"], figures["made"], clock.step, clock.seconds, held_out, times
    )


def _training(budget: Budget, made_of: dict[str, Any], device: Device) -> Training:
    return Training(
        "",
        "telling them apart",
        budget,
        made_of,
        enough_steps=ENOUGH_STEPS,
        tune_threads=device.kind == "cpu",
    )


def _clips(real: Sequence[str | Path], fake: Sequence[Path]) -> list[tuple[Path, bool]]:
    """All clips, and whether a performer made them."""
    clips = [(clip, False) for path in real for clip in clips_in(Path(path))]
    clips += [(clip, True) for path in fake for clip in clips_in(path)]
    if not real:
        raise InputError("give filmed clips, and with `fake` what performers made of such people.")
    if not fake:
        raise InputError("`fake`: name at least one clip that a performer made.")
    known: dict[str, Path] = {}
    for clip, _ in clips:
        name = content_hash(clip)
        if name in known:
            raise InputError(f"{clip}: is the same clip as {known[name]}; give each once.")
        known[name] = clip
    return clips


def _tell_of_marks(clips: Clips) -> None:
    """Warn of clips that are said to be filmed and say themselves that they are not."""
    for clip, made in clips:
        if made or clip.is_dir() or is_sample(clip):
            continue
        try:
            found = read_credentials(clip)
        except CredentialsError:
            return
        if found is not None and found.synthetic:
            warnings.warn(
                f"{clip}: says that it is synthetic; is it meant as `fake`?",
                DanceNowWarning,
                stacklevel=3,
            )


def _made_of(
    contents: dict[str, bool], config: DetectorConfig, options: TrainDetectorOptions
) -> dict[str, Any]:
    return {
        "config": config.model_dump(mode="json"),
        "clips": hash_of(*sorted(contents.items())),
        "version": VERSION,
        "split": SPLIT,
        "estimator": options.estimator,
    }
