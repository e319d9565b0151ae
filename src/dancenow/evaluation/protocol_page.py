"""The page of a protocol's results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dancenow.evaluation.protocol import Protocol, meaning_of
from dancenow.evaluation.protocol_results import Comparison, ProtocolResult
from dancenow.evaluation.public_sets import PublicSet
from dancenow.report import (
    PAGE,
    Html,
    Page,
    Row,
    Section,
    element,
    facts,
    figures,
    joined,
    paragraph,
    write_page,
)

CLIPS: Final = "clips"
"""The folder, beside the page, of single clips' pages."""


def write_protocol_page(
    folder: Path,
    protocol: Protocol,
    result: ProtocolResult,
    public: PublicSet | None,
    comparisons: Sequence[Comparison],
) -> Path:
    """Write `index.html`: means with noise, baselines, each clip, published figures, others'."""
    means, noise, beside = result.means(), result.noise(), result.baselines()
    names = [name for name in protocol.figures if name in means]
    spread = {name: None if math.isnan(noise[name]) else noise[name] for name in names}
    all_of_it = figures(
        "All clips",
        [
            Row(
                meaning_of(name),
                (means[name], spread[name], *(each.get(name) for each in beside.values())),
            )
            for name in names
        ],
        ("mean", "noise (standard error)", *beside),
    )
    by_clip = figures(
        "Means over the seeds",
        [Row(meaning_of(name), [_of_clip(result, k, name) for k in range(len(result.clips))])
         for name in names],
        [clip.name for clip in result.clips],
    )  # fmt: skip
    sections = [
        Section("What was measured", (_facts(protocol, result),)),
        Section("What it came to", (all_of_it,)),
        Section("Clip by clip", (_links(folder, result), by_clip if len(result.clips) > 1 else "")),
    ]
    if public is not None:
        papers = public.published
        rows = [
            Row(meaning_of(name), (means[name], *(of.get(name) for of in papers.values())))
            for name in names
        ]
        source = f" Published in {public.source}." if public.source else ""
        told = paragraph(f"Not computed alike: {public.why_not_alike}.{source}", note=True)
        columns = ("here", *papers)
        shown = figures("Beside published figures", rows, columns) if papers else ""
        sections.append(Section(f"What others say on {public.name}", (told, shown)))
    for each in comparisons:
        rows = [Row(meaning_of(d.figure), (d.ours, d.theirs, _known(d.noise)))
                for d in each.differences]  # fmt: skip
        table = figures("Beside it", rows, ("here", "there", "chance explains"))
        said = paragraph(" ".join(line.strip() + "." for line in each.lines()))
        sections.append(Section(f"Beside {each.other.name}", (said, table)))
    lead = [paragraph(f"{protocol.name}: {protocol.about}.")]
    if missing := [meaning_of(name).name for name in protocol.figures if name not in means]:
        lead.append(paragraph(f"Not measured here: {', '.join(missing)}.", note=True))
    page = Page("evaluation", f"Results of {protocol.name}", tuple(lead), tuple(sections))
    return write_page(folder / PAGE, page)


def _links(folder: Path, result: ProtocolResult) -> Html:
    """Links to the pages of single clips, with their pictures."""
    names = [clip.name for clip in result.clips if (folder / CLIPS / clip.name / PAGE).is_file()]
    links = [element("a", name, href=f"{CLIPS}/{quote(name)}/{PAGE}") for name in names]
    return paragraph("With pictures: ", joined(links, ", "), ".") if links else Html("")


def _facts(protocol: Protocol, result: ProtocolResult) -> Html:
    return facts(
        "How",
        {
            "clips": ", ".join(clip.name for clip in result.clips),
            "frames measured": f"{sum(clip.frames for clip in result.clips):,}",
            "held out": f"the last {100 * protocol.hold_out:.0f} %",
            "preset": protocol.preset,
            "steps of each training": f"{protocol.steps:,}",
            "seeds": ", ".join(map(str, protocol.seeds)),
            "version": result.dancenow,
            "machine": result.machine,
            "date": result.date,
            "poses by": result.estimator,
            "fingerprint": result.fingerprint,
        },
    )


def _of_clip(result: ProtocolResult, number: int, name: str) -> float | None:
    values = [run[name] for run in result.clips[number].runs if name in run]
    return sum(values) / len(values) if values else None


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
