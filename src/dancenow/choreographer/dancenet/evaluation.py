"""How a choreographer of pictures is measured: its dance against the one it learned, as decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.choreographer import SECONDS, DanceRequest
from dancenow.choreographer.dancenet.choreographer import FrameChoreographer
from dancenow.choreographer.dancenet.codec import Latents
from dancenow.choreographer.dancenet.frames import as_rgb
from dancenow.choreographer.dancenet.sampling import in_between
from dancenow.choreographer.page import evaluation_facts
from dancenow.evaluation.motion import (
    MotionScores,
    copy_distances,
    motion_scores,
    picture_speeds,
    usual_speed,
)
from dancenow.evaluation.page import SHOTS, Frame, chosen, write_dance_page
from dancenow.evaluation.silhouettes import SilhouetteScores, silhouette_scores
from dancenow.progress import Progress, ProgressCallback

_SHOWN_SECONDS: Final = 60.0  # of the dance, whose silhouettes are measured


@dataclass(frozen=True)
class _Watched:
    """A decoded dance.

    Attributes:
        rate: pictures a second.
        speeds: how much the pictures change a second; the original has another rate.
        shots: some of the pictures with their times in seconds.
    """

    rate: float
    speeds: NDArray[np.float32]
    shots: list[tuple[float, Frame]] = field(default_factory=list)


def evaluate_pictures(
    choreographer: FrameChoreographer,
    request: DanceRequest,
    reference: bool | None,
    report: Path | None,
    progress: ProgressCallback,
) -> MotionScores:
    """Dream a dance and measure it; see `Method.evaluate`."""
    request.check()
    learned, scaler = choreographer.learned, choreographer.learned.scaler
    reference = choreographer.config.reference if reference is None else reference
    rate = float(choreographer.fps(reference=True)) if reference else learned.rate
    count = max(2, round((SECONDS if request.seconds is None else request.seconds) * rate))
    composed = choreographer.compose_latents(
        seed=request.seed, temperature=request.temperature, reference=reference
    )
    latents = np.stack(list(islice(composed, count)))
    new = _watch(choreographer, [latents], rate, "dancing", progress)
    old = _watch(choreographer, learned.clips(), learned.rate, "the learned dance", progress)
    scaled = scaler.scale(latents)
    like_learned = np.arange(0, len(scaled), rate / learned.rate).astype(int)
    clips = [scaler.scale(clip) for clip in learned.clips()]
    copies = copy_distances(scaled[like_learned], clips, learned.rate)
    scores = motion_scores(
        new.speeds, rate, old.speeds, learned.rate, scaled, copies
    ).with_silhouettes(
        _shown(choreographer, latents, reference=reference), choreographer.learned_silhouettes
    )
    if report is not None:
        rows = {
            "The new dance": [(at, as_rgb(picture)) for at, picture in new.shots],
            "The learned dance": [(at, as_rgb(picture)) for at, picture in old.shots[:SHOTS]],
        }
        facts = evaluation_facts(choreographer, request.seed)
        title = "A dreamt dance against the learned one"
        write_dance_page(
            report, title, facts, scores, (new.speeds / usual_speed(old.speeds), rate), rows
        )
    return scores


def _shown(
    choreographer: FrameChoreographer, latents: Latents, *, reference: bool
) -> SilhouetteScores:
    """The silhouettes of the dance's first minute at most, as shown: with those in between."""
    if not choreographer.config.picture.silhouettes:
        return SilhouetteScores()
    stride = 1 if reference else choreographer.learned.stride
    most = round(_SHOWN_SECONDS * choreographer.fps(reference=reference))
    shown = islice(in_between(iter(latents), stride), most)
    return silhouette_scores(choreographer.codec.decode(shown))


def _watch(
    choreographer: FrameChoreographer,
    clips: list[Latents],
    rate: float,
    stage: str,
    progress: ProgressCallback,
) -> _Watched:
    """Decode clips of latents, and measure how the pictures change."""

    def pictures(clip: Latents) -> Iterator[NDArray[np.uint8]]:
        for done, picture in enumerate(choreographer.codec.decode(clip), start=1):
            yield picture
            progress(Progress(stage, done, len(clip), "pictures"))

    shots: list[tuple[float, Frame]] = []
    changes = [picture_speeds(chosen(pictures(clip), len(clip), rate, shots)) for clip in clips]
    return _Watched(rate, rate * np.concatenate(changes), shots)
