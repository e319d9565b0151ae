"""Measuring by a frozen protocol: every clip is learned with every seed, and measured alike."""

from __future__ import annotations

import datetime
import math
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from dancenow.errors import DanceNowWarning, InputError
from dancenow.evaluation.page import check_report
from dancenow.evaluation.protocol import Protocol, find_protocol, meaning_of
from dancenow.evaluation.protocol_page import CLIPS, write_protocol_page
from dancenow.evaluation.protocol_results import (
    Comparison,
    ProtocolResult,
    compare,
    read_results,
)
from dancenow.evaluation.public_sets import PublicSet, clips_of_set
from dancenow.files import make_folder, remove, write_text
from dancenow.hashing import content_hash
from dancenow.options import EvaluateBenchmarkOptions
from dancenow.processes import machine_in_words
from dancenow.progress import ProgressCallback, silent
from dancenow.version import __version__
from dancenow.video import clips_in
from dancenow.workflows._protocol_runs import ProtocolRuns

_RUNS: Final = "unfinished"  # folder of what is learned, until all is measured
_MARKER: Final = "benchmark"  # a file in it that says whose it is
_LONGEST: Final = 80  # letters of a clip's name


@dataclass(frozen=True)
class Benchmarked:
    """What a protocol came to.

    Attributes:
        report: the folder with the page and `results.json`.
        result: the results.
        comparisons: with the results that were given.
    """

    report: Path
    result: ProtocolResult
    comparisons: tuple[Comparison, ...]

    def summary(self) -> str:
        """For people."""
        means, noise = self.result.means(), self.result.noise()
        clips = self.result.clips
        lines = [f"{self.result.protocol} on {', '.join(clip.name for clip in clips)}:"]
        for name in find_protocol(self.result.protocol).figures:
            if name in means:
                what, error = meaning_of(name), noise[name]
                mean = f"{what.factor * means[name]:.{what.digits + 1}f}"
                chance = "" if math.isnan(error) else f" ± {what.factor * error:.2g}"
                lines.append(f"  {what.name}: {mean}{chance} {what.unit}".rstrip())
        for each in self.comparisons:
            lines += each.lines()
        lines.append(f"the page is {self.report / 'index.html'}; results.json is what to send")
        return "\n".join(lines)


def evaluate_benchmark(
    clips: Sequence[str | Path],
    report: str | Path,
    options: EvaluateBenchmarkOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Benchmarked:
    """Measure by a protocol; one that was stopped goes on.

    Args:
        clips: clips, tracks and captures for a dance, or folders of public sets (`clips_of_set`).
        report: the folder for the page, `results.json` and unfinished work.
        options: see `EvaluateBenchmarkOptions`.
        progress: called for every frame and step.

    Raises:
        InputError: a clip or an option cannot be used.

    Warns:
        DanceNowWarning: published figures of a public set were not computed alike.
    """
    options, report = options or EvaluateBenchmarkOptions(), Path(report)
    protocol = find_protocol(options.protocol)
    others = [(path, _read_other(path, protocol)) for path in options.compare]
    public, named = _expanded(clips, protocol)
    unfinished = report / _RUNS
    if not (unfinished / _MARKER).is_file():  # else it is ours, and goes on
        check_report(report)
        make_folder(unfinished)
        write_text(unfinished / _MARKER, "")
    runs = ProtocolRuns(protocol, options, unfinished, report / CLIPS, progress)
    if protocol.subject == "person":
        results = [runs.person(clip, name) for name, clip in named.items()]
    else:
        results = [runs.dance(list(named.values()), _all_of(list(named)))]
    result = ProtocolResult(
        protocol=protocol.name,
        fingerprint=protocol.fingerprint,
        dancenow=__version__,
        machine=machine_in_words(),
        date=datetime.date.today().isoformat(),
        estimator=options.estimator,
        seconds=round(runs.seconds, 1),
        clips=tuple(results),
    )
    compared = tuple(compare(result, theirs, path) for path, theirs in others)
    write_protocol_page(report, protocol, result, public, compared)
    result.write(report)
    remove(unfinished)
    return Benchmarked(report, result, compared)


def _expanded(
    given: Sequence[str | Path], protocol: Protocol
) -> tuple[PublicSet | None, dict[str, Path]]:
    """The clips that are meant, by name, and the public set that they are of."""
    sets: dict[str, PublicSet] = {}
    clips: list[Path] = []
    for path in map(Path, given):
        public, found = clips_of_set(path)
        if public is not None and public.subject != protocol.subject:
            raise InputError(f"{path}: {public.name} is for a {public.subject}; {protocol.name} "
                             f"measures a {protocol.subject}.")  # fmt: skip
        sets |= {public.name: public} if public is not None else {}
        clips += found if public is not None or protocol.subject == "dance" else clips_in(path)
    if not clips:
        raise InputError("give at least one clip to measure on.")
    for public in sets.values():
        warnings.warn(
            f"{public.name}: what papers say of it was not computed alike: {public.why_not_alike}.",
            DanceNowWarning,
            stacklevel=3,
        )
    named: dict[str, Path] = {}
    contents: set[str] = set()
    for clip in clips:
        if (content := content_hash(clip)) in contents:
            raise InputError(f"{clip}: is given twice.")
        contents.add(content)
        named[_name(clip, named)] = clip
    return (next(iter(sets.values())) if len(sets) == 1 else None), named


def _name(clip: Path, taken: Collection[str]) -> str:
    """The name of a clip in results: its file's, numbered where another one has it, too."""
    own = clip.parent.name if clip.name == "images" else clip.name
    own = own[-_LONGEST:].encode("utf-8", "replace").decode("utf-8")
    numbered = (f"{own} ({number})" for number in count(2))
    return own if own not in taken else next(name for name in numbered if name not in taken)


def _read_other(path: Path, protocol: Protocol) -> ProtocolResult:
    """A result to compare with.

    Raises:
        InputError: it is none of the same protocol.
    """
    result = read_results(path)
    if result.protocol != protocol.name:
        raise InputError(f"{path}: is a result of {result.protocol}, not of {protocol.name}.")
    return result


def _all_of(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
