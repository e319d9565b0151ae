"""The trainings and measurements of a protocol, each kept until all are done."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from dancenow.choreographer.choreographer import Choreographer, DanceRequest
from dancenow.evaluation.dance import DanceScores
from dancenow.evaluation.performer import PerformerScores
from dancenow.evaluation.protocol import Protocol, baselines, of_dance, of_person
from dancenow.evaluation.protocol_results import ClipResult
from dancenow.files import make_folder, remove, write_text
from dancenow.hashing import content_hash, hash_of
from dancenow.music import Music
from dancenow.options import (
    EvaluateBenchmarkOptions,
    EvaluateDanceOptions,
    EvaluatePerformerOptions,
    TrainChoreographerOptions,
    TrainPerformerOptions,
)
from dancenow.progress import ProgressCallback
from dancenow.reading import read_object
from dancenow.version import __version__
from dancenow.workflows.evaluate_dance import evaluate_dance
from dancenow.workflows.evaluate_performer import evaluate_performer
from dancenow.workflows.train_choreographer import train_choreographer
from dancenow.workflows.train_performer import train_performer

Figures = dict[str, Any]

_BEAT: Final = 0.5  # seconds between the beats that a dance is timed to


@dataclass
class ProtocolRuns:
    """The runs of a protocol.

    Attributes:
        protocol: what is done.
        options: device, estimator.
        folder: of what is learned, until it is measured.
        pages: where each clip gets a page with pictures of the first seed.
        progress: called for every frame and step.
        seconds: that all runs took, earlier ones included.
    """

    protocol: Protocol
    options: EvaluateBenchmarkOptions
    folder: Path
    pages: Path
    progress: ProgressCallback
    seconds: float = 0.0

    def person(self, clip: Path, name: str) -> ClipResult:
        """Learn and measure the person of a clip, once a seed."""
        return self._result(content_hash(clip), name, partial(self._person, clip, name))

    def dance(self, clips: Sequence[Path], name: str) -> ClipResult:
        """Learn and measure the dance of all clips, once a seed."""
        content = hash_of(*(content_hash(clip) for clip in clips))
        return self._result(content, name, partial(self._dance, clips))

    def _result(
        self, content: str, name: str, measure: Callable[[int, Path], Figures]
    ) -> ClipResult:
        """What is measured with a seed in a folder, of all seeds."""
        found = [
            self._run(self._key(content, seed), partial(measure, seed))
            for seed in self.protocol.seeds
        ]
        return ClipResult(
            name=name,
            content=content,
            frames=found[0]["frames"],
            runs=tuple(each["figures"] for each in found),
            baselines=found[0].get("baselines", {}),
        )

    def _key(self, content: str, seed: int) -> str:
        """The name of a run; of other conditions, it is another run."""
        made_of = (self.protocol.fingerprint, __version__, self.options.estimator)
        return hash_of(content, seed, *made_of)

    def _run(self, name: str, measure: Callable[[Path], Figures]) -> Figures:
        """What a run found, now or before it was stopped."""
        folder = self.folder / name
        scores = folder.with_suffix(".json")
        if not scores.is_file():
            began = time.monotonic()
            make_folder(folder.parent)
            found = measure(folder)
            found["seconds"] = round(time.monotonic() - began, 1)
            write_text(scores, json.dumps(found))
            remove(folder)
        found = read_object(scores, "is damaged; remove it.")
        self.seconds += float(found["seconds"])
        return found

    def _person(self, clip: Path, name: str, seed: int, folder: Path) -> Figures:
        protocol, options = self.protocol, self.options
        learn = TrainPerformerOptions(
            preset=protocol.preset,
            hold_out=protocol.hold_out,
            steps=protocol.steps,
            seed=seed,
            estimator=options.estimator,
            device=options.device,
            logger="none",
        )
        train_performer(clip, folder, learn, progress=self.progress)
        page = self.pages / name if seed == protocol.seeds[0] else None
        measure = EvaluatePerformerOptions(
            estimator=options.estimator, device=options.device, report=page
        )
        scores: PerformerScores = evaluate_performer(folder, clip, measure, progress=self.progress)
        return {
            "frames": scores.scores.frames,
            "figures": self._asked(of_person(scores.scores)),
            "baselines": {
                name: self._asked(found) for name, found in baselines(scores.scores).items()
            },
        }

    def _dance(self, clips: Sequence[Path], seed: int, folder: Path) -> Figures:
        protocol, options = self.protocol, self.options
        learn = TrainChoreographerOptions(
            codec="pose",
            preset=protocol.preset,
            steps=protocol.steps,
            seed=seed,
            device=options.device,
            logger="none",
        )
        dance, _ = train_choreographer(clips, folder, learn, progress=self.progress)
        measure = EvaluateDanceOptions(seconds=protocol.seconds, seed=seed, device=options.device)
        scores = evaluate_dance(dance, measure, progress=self.progress)
        assert isinstance(scores, DanceScores)
        return {
            "frames": round(scores.seconds * 15),
            "figures": self._asked(of_dance(scores, self._beat_alignment(dance, seed))),
        }

    def _asked(self, found: Figures) -> Figures:
        """The figures that the protocol asks for."""
        return {name: value for name, value in found.items() if name in self.protocol.figures}

    def _beat_alignment(self, dance: Choreographer, seed: int) -> float | None:
        """How closely a dance's accents fall on an even beat that it is timed to."""
        seconds = self.protocol.seconds
        beats = np.arange(0, seconds, _BEAT)
        music = Music(seconds, beats, 60 / _BEAT, 1.0, np.zeros(int(seconds)))
        request = DanceRequest(seconds, seed=seed, music=music)
        return dance.compose_track(request, self.progress).beat_alignment
