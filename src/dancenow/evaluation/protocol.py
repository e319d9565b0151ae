"""Frozen protocols: what is learned and measured, so that results of different days compare.

A protocol never changes once it has a number: what is measured otherwise is another protocol.
docs/protocol.md describes them in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from dancenow.errors import InputError
from dancenow.evaluation.clip import ClipScores
from dancenow.evaluation.dance import DanceScores
from dancenow.hashing import hash_of
from dancenow.names import nearest
from dancenow.report.meanings import DANCE, PICTURES, POSES, STEADINESS, Meaning

_REGIONS: Final = {
    "whole": "whole frames",
    "person": "person, 256 px",
    "native": "person, full size",
    "head": "head",
}


@dataclass(frozen=True)
class Protocol:
    """What is learned, how long, and what is measured.

    Attributes:
        name: with its number, such as "self-transfer-1".
        about: one line on what it does.
        subject: whether a "person" or a "dance" is learned.
        hold_out: the last part of every clip, which is not learned but measured on.
        preset: of what is learned.
        steps: of a training; steps, not minutes, so that machines compare.
        seeds: one training each.
        seconds: length of a dance that is measured; 0 for a person.
        figures: what is measured, see `of_person` and `of_dance`.
        measures: raised when networks or measures change without anything above.
    """

    name: str
    about: str
    subject: Literal["person", "dance"]
    hold_out: float
    preset: str
    steps: int
    seeds: tuple[int, ...]
    seconds: float
    figures: tuple[str, ...]
    measures: int = 1

    @property
    def fingerprint(self) -> str:
        """A short name for all that is fixed."""
        return hash_of(self)


PROTOCOLS: Final[Mapping[str, Protocol]] = MappingProxyType(
    {
        each.name: each
        for each in (
            Protocol(
                "self-transfer-1",
                "a person learned from the first 80 % of a clip dances the poses of the rest",
                "person",
                0.2,
                "fast",
                300,
                (0, 1),
                0.0,
                (
                    "person.psnr", "person.ssim", "person.ssim_aligned", "person.st_lpips",
                    "person.sharpness", "native.ssim", "native.st_lpips", "native.energy",
                    "head.ssim", "head.st_lpips", "whole.psnr", "whole.ssim",
                    "pose.body", "pose.missed", "flicker.made", "flicker.motion_error",
                ),
            ),
            Protocol(
                "dance-1",
                "dances composed from what some clips taught, beside what was held out",
                "dance",
                0.1,
                "fast",
                600,
                (0, 1),
                60.0,
                (
                    "fid_k", "fid_g", "diversity_k", "diversity_g", "contact_ratio",
                    "skating_ratio", "speed_ratio", "copy_distance", "beat_alignment",
                ),
            ),
        )
    }
)  # fmt: skip


def find_protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        InputError: there is none.
    """
    if name not in PROTOCOLS:
        meant = nearest(name, PROTOCOLS)
        asked = f" (did you mean {meant}?)" if meant else ""
        raise InputError(
            f"`protocol={name}`: there is none of that name{asked}; there are "
            f"{', '.join(PROTOCOLS)}."
        )
    return PROTOCOLS[name]


def of_person(scores: ClipScores) -> dict[str, float]:
    """What a comparison of clips says, by the names of `Protocol.figures`; only what is known."""
    found: dict[str, Any] = {}
    for region in _REGIONS:
        part = getattr(scores, region)
        for name in PICTURES if part is not None else ():
            found[f"{region}.{name}"] = getattr(part, name)
    found["pose.body"] = scores.pose.distance_percent.get("body")
    found["pose.missed"] = scores.pose.missed
    for name in ("made", "motion_error"):
        found[f"flicker.{name}"] = getattr(scores.flicker, name, None)
    return _numbers(found)


def of_dance(scores: DanceScores, beat_alignment: float | None) -> dict[str, float]:
    """The same of a dance."""
    found = {name: getattr(scores, name, None) for name in DANCE}
    return _numbers({**found, "beat_alignment": beat_alignment})


def baselines(scores: ClipScores) -> dict[str, dict[str, float]]:
    """What blurred and moved true frames and the empty room score, by baseline and figure."""
    return {
        name: _numbers(
            {
                f"{region}.{figure}": getattr(part, figure)
                for region, part in regions.items()
                for figure in PICTURES
            }
        )
        for name, regions in scores.yardsticks.items()
    }


def meaning_of(figure: str) -> Meaning:
    """What a figure is, by its name in `Protocol.figures`."""
    region, _, name = figure.rpartition(".")
    if region in _REGIONS:
        known = PICTURES[name]
        return Meaning(
            f"{known.name}, {_REGIONS[region]}", known.what, known.better, known.unit,
            known.digits, known.factor,
        )  # fmt: skip
    if region == "pose":
        return POSES["missed"] if name == "missed" else POSES["distance_percent"]
    return STEADINESS[name] if region == "flicker" else DANCE[name]


def _numbers(found: Mapping[str, Any]) -> dict[str, float]:
    kept = {name: float(value) for name, value in found.items() if isinstance(value, int | float)}
    return {name: value for name, value in kept.items() if math.isfinite(value)}
