"""The results of a protocol: a file that anybody can send, and what two of them differ in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field
from scipy.stats import t as student

from dancenow.errors import InputError
from dancenow.evaluation import protocol as protocols
from dancenow.files import write_text
from dancenow.reading import read_object, reading
from dancenow.schema import Count, Schema

FILE: Final = "results.json"
_VERSION: Final = 1
_CERTAIN: Final = 0.99  # that none of the differences is chance, before any is called one
_FINE: Final = 1e-6  # differences below it are rounding

_Text = Annotated[str, Field(max_length=300)]
_Figures = Annotated[dict[_Text, float], Field(max_length=100)]


@dataclass(frozen=True)
class Spread:
    """How the seeds of a figure lie apart within their clips.

    Attributes:
        squares: sum of the squared distances from each clip's mean.
        freedom: degrees of freedom.
        share: the variance of the mean over all clips, as a part of a single value's.
    """

    squares: float
    freedom: int
    share: float

    @property
    def error(self) -> float:
        """Standard error of the mean; NaN if there is but one seed."""
        return math.sqrt(self.squares / self.freedom * self.share) if self.freedom else math.nan


class ClipResult(Schema):
    """What one clip came to, or the one dance of all clips."""

    name: _Text
    content: _Text
    """A hash of the clip, which says whether two results are of the same."""
    frames: Count
    """That were measured."""
    runs: Annotated[tuple[_Figures, ...], Field(min_length=1, max_length=100)]
    """The figures of each seed."""
    baselines: Annotated[dict[_Text, _Figures], Field(max_length=20)] = Field(default_factory=dict)


class ProtocolResult(Schema):
    """What a protocol came to on some clips."""

    version: Literal[1] = _VERSION
    protocol: _Text
    fingerprint: _Text
    """Of the protocol, which says whether it is the same."""
    dancenow: _Text
    machine: _Text
    date: _Text
    estimator: _Text
    """That found the poses."""
    seconds: Annotated[float, Field(ge=0)]
    """That it took in all."""
    clips: Annotated[tuple[ClipResult, ...], Field(min_length=1, max_length=10_000)]

    def means(self) -> dict[str, float]:
        """Each figure: the mean over the clips of the mean over the seeds."""
        return {
            name: float(np.mean([np.mean(values) for values in found]))
            for name, found in self._by_clip().items()
        }

    def noise(self) -> dict[str, float]:
        """The standard error of each mean that the seeds explain; NaN where there is but one."""
        return {name: of.error for name, of in self.spread().items()}

    def spread(self) -> dict[str, Spread]:
        """How the seeds of each figure lie apart."""
        return {
            name: Spread(
                sum(float(((np.array(v) - np.mean(v)) ** 2).sum()) for v in by_clip),
                sum(len(values) - 1 for values in by_clip),
                sum(1 / len(values) for values in by_clip) / len(by_clip) ** 2,
            )
            for name, by_clip in self._by_clip().items()
        }

    def baselines(self) -> dict[str, dict[str, float]]:
        """Each baseline's figures: the means over the clips that have them."""
        names = dict.fromkeys(name for clip in self.clips for name in clip.baselines)
        return {
            name: _means(clip.baselines[name] for clip in self.clips if name in clip.baselines)
            for name in names
        }

    def _by_clip(self) -> dict[str, list[list[float]]]:
        """Each figure's values by clip and seed."""
        found: dict[str, list[list[float]]] = {}
        for clip in self.clips:
            for name in dict.fromkeys(name for run in clip.runs for name in run):
                found.setdefault(name, []).append([run[name] for run in clip.runs if name in run])
        return found

    def write(self, folder: Path) -> Path:
        """Write it into a report's folder."""
        write_text(folder / FILE, self.model_dump_json(indent=1) + "\n")
        return folder / FILE


def _means(rows: Iterable[dict[str, float]]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, []).append(value)
    return {name: float(np.mean(each)) for name, each in values.items()}


def read_results(path: Path) -> ProtocolResult:
    """Read a results file, or the one in a report's folder.

    Raises:
        InputError: it is none, or of a protocol that is not known or was changed.
    """
    path = path / FILE if path.is_dir() else path
    said = "holds no results of a protocol."
    with reading(path, said):
        result = ProtocolResult.model_validate(read_object(path, said))
    known = protocols.PROTOCOLS.get(result.protocol)
    if known is None or known.fingerprint != result.fingerprint:
        raise InputError(
            f"{path}: its {result.protocol} is not the one that is known here; measure again with "
            "one version of DanceNow."
        )
    return result


@dataclass(frozen=True)
class Difference:
    """One figure in two results.

    Attributes:
        figure: its name.
        ours, theirs: the means.
        noise: how far they may lie apart by chance; infinite if that is not known.
    """

    figure: str
    ours: float
    theirs: float
    noise: float

    @property
    def beyond(self) -> bool:
        """Whether they differ by more than chance explains; false if that is not known."""
        return abs(self.ours - self.theirs) > max(self.noise, _FINE)


@dataclass(frozen=True)
class Comparison:
    """Two results beside each other.

    Attributes:
        other: where the other result was read from.
        same_clips: whether both are of the same clips.
        same_estimator: whether poses were found alike.
        differences: of all figures that both have.
    """

    other: Path
    same_clips: bool
    same_estimator: bool
    differences: tuple[Difference, ...]

    def lines(self) -> list[str]:
        """For the user."""
        beyond = [each for each in self.differences if each.beyond]
        lines = [
            f"beside {self.other}: {len(self.differences) - len(beyond)} of "
            f"{len(self.differences)} figures are the same within what seeds explain"
        ]
        lines += [
            f"  {each.figure}: {each.ours:.4g} here, {each.theirs:.4g} there (chance explains "
            f"{each.noise:.2g})"
            for each in beyond
        ]
        if not self.same_clips:
            lines.append("  of other clips: differences say nothing of the method")
        if not self.same_estimator:
            lines.append("  with poses of another estimator, which changes every figure")
        return lines


def compare(ours: ProtocolResult, theirs: ProtocolResult, other: Path) -> Comparison:
    """Compare a result with one of the same protocol that was read from `other`.

    Chance is what Student's distribution says of the seeds' spread: in 99 of 100 comparisons in
    which nothing differs, no figure is called different (Bonferroni).
    """
    mine, means, spreads, others = ours.means(), theirs.means(), ours.spread(), theirs.spread()
    both = [name for name in mine if name in means]
    differences = tuple(
        Difference(name, mine[name], means[name], _chance(spreads[name], others[name], len(both)))
        for name in both
    )
    same = sorted(c.content for c in ours.clips) == sorted(c.content for c in theirs.clips)
    return Comparison(other, same, ours.estimator == theirs.estimator, differences)


def _chance(one: Spread, other: Spread, figures: int) -> float:
    """How far two means may lie apart by chance; infinite where the seeds do not say."""
    squares, freedom = one.squares + other.squares, one.freedom + other.freedom
    if not one.freedom or not other.freedom or squares == 0:
        return math.inf
    quantile = float(student.ppf(1 - (1 - _CERTAIN) / figures / 2, freedom))
    return quantile * math.sqrt(squares / freedom * (one.share + other.share))
