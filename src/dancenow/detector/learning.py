"""Around the training of a detector: its clips before, its calibration and its page after."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from dancenow.detector.calibration import Calibration, Reliability
from dancenow.detector.config import DetectorConfig
from dancenow.detector.detector import Detector
from dancenow.detector.examples import Example
from dancenow.detector.passages import Passages, find_passages
from dancenow.errors import DanceNowWarning, InputError, counted
from dancenow.hashing import content_hash
from dancenow.options import TrainDetectorOptions
from dancenow.progress import ProgressCallback, StageTimes
from dancenow.training import choose_device
from dancenow.training.budget import Clock
from dancenow.training.page import TrainingPage, TrainingPart, format_device, format_options
from dancenow.video import probe

Clips = Sequence[tuple[Path, bool]]
"""Clips, and whether a performer made them."""

_STAGES: Final = {"prepare": "looking at the clips", "train": "telling them apart"}


@dataclass(frozen=True)
class DetectorTrained:
    """The figures of a training.

    Attributes:
        folder: where the detector lies.
        filmed: how many clips of real persons.
        made: how many that performers made.
        steps: steps in all.
        seconds: seconds of them.
        held_out: how well it does on what it did not learn.
        times: seconds of each stage, now.
    """

    folder: Path
    filmed: int
    made: int
    steps: int
    seconds: float
    held_out: Reliability
    times: StageTimes

    def summary(self) -> str:
        """For people."""
        held = self.held_out
        told = f"; {100 * held.right:.0f} % of {held.looks} held-out looks are right"
        told = "" if math.isnan(held.right) else told
        return (
            f"{self.folder}: learned {counted(self.filmed, 'filmed clip')} and {self.made} made "
            f"in {self.steps} steps ({self.seconds:.0f} s){told}\n"
            f"look at a clip: dancenow detect CLIP --with {self.folder}"
        )


def passages_of(
    clips: Clips,
    config: DetectorConfig,
    options: TrainDetectorOptions,
    progress: ProgressCallback,
) -> list[tuple[Passages, bool]]:
    """The passages of all clips that show somebody, as they are and compressed again.

    Raises:
        InputError: no clip of a kind can be used.

    Warns:
        DanceNowWarning: a clip cannot be used, and is left out.
    """
    found: list[tuple[Passages, bool]] = []
    faults: dict[bool, list[InputError]] = {False: [], True: []}
    for clip, made in clips:
        try:
            seen = find_passages(
                probe(clip),
                config,
                recompressed=config.recompressed,
                estimator=options.estimator,
                device=options.device,
                progress=progress,
            )
        except InputError as error:
            faults[made].append(error)
        else:
            found.append((seen, made))
    for made, errors in faults.items():
        if errors and not any(kind == made for _, kind in found):
            raise errors[0]
        for fault in errors:
            warnings.warn(f"left out: {fault}", DanceNowWarning, stacklevel=3)
    return found


def calibrated(detector: Detector, examples: Sequence[Example]) -> tuple[Calibration, Reliability]:
    """The calibration that what was held out asks for, and how reliable it makes the detector.

    Every clip is judged with a calibration to those of other rooms, so that nobody judges themself.
    """
    held = [example for example in examples if len(example.held_out)]
    if not held:
        nothing = np.zeros(0)
        return Calibration.fit(nothing, nothing > 0), Reliability.of(nothing, nothing > 0)
    logits = np.array(
        [
            [
                detector.logits(example.passages, example.held_out, variant).mean()
                for variant in range(len(example.passages.variants))
            ]
            for example in held
        ],
        np.float64,
    )
    looks = logits.shape[1]
    made = np.array([example.made for example in held], np.bool_)
    rooms = np.array([example.room for example in held])
    scores = np.zeros_like(logits)
    for room in np.unique(rooms):
        others = rooms != room
        fitted = Calibration.fit(logits[others].ravel(), made[others].repeat(looks), looks)
        scores[~others] = fitted.probability(logits[~others])
    calibration = Calibration.fit(logits.ravel(), made.repeat(looks), looks)
    return calibration, Reliability.of(scores.ravel(), made.repeat(looks))


def figures_of(clips: Clips, estimator: str, clock: Clock, held_out: Reliability) -> dict[str, Any]:
    """The figures of a training, as they are kept."""
    known = held_out.looks > 0
    return {
        "contents": sorted(content_hash(clip) for clip, _ in clips),
        "estimator": estimator,
        "filmed": sum(not made for _, made in clips),
        "made": sum(made for _, made in clips),
        "steps": clock.step,
        "seconds": round(clock.seconds, 1),
        "held_out": held_out.looks,
        "right": held_out.right if known else None,
        "brier": held_out.brier if known else None,
    }


def training_page(
    folder: Path,
    clips: Clips,
    options: TrainDetectorOptions,
    figures: Mapping[str, Any],
    times: StageTimes,
) -> TrainingPage:
    """The page of a training; `figures` are those of a finished one."""
    shows = "Filmed parts above made ones; reddish where it takes them for made."
    return TrainingPage(
        "A detector",
        "A judge of clips: it tells what performers made from what was filmed.",
        {
            "filmed clips": ", ".join(clip.name for clip, made in clips if not made),
            "made clips": ", ".join(clip.name for clip, made in clips if made),
            "budget": format_options(options, DetectorConfig().minutes),
            "device": format_device(choose_device(options.device)),
            "seed": str(options.seed),
        },
        (TrainingPart("The detector", folder / "checkpoint", shows),),
        {_STAGES[stage]: spent for stage, spent in times.seconds.items()},
        [["dancenow", "detect", "CLIP", "--with", folder.name]],
        {"detector_right": figures.get("right"), "detector_brier": figures.get("brier")},
        (folder / "preview.png", shows),
    )
