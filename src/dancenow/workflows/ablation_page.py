"""The ablation's page: what each part of the paper brings, figure by figure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dancenow.report import (
    Meaning,
    Page,
    Row,
    Section,
    facts,
    figures,
    paragraph,
    picture,
    times,
    write_page,
)
from dancenow.report.meanings import PICTURES, POSES, STEADINESS

if TYPE_CHECKING:
    from dancenow.workflows.ablation import Ablation

_PICTURES = (
    ("whole", "psnr", "whole frame"),
    ("whole", "ssim", "whole frame"),
    ("person", "ssim", "person's box"),
    ("face", "ssim", "face"),
    ("whole", "lpips", "whole frame"),
    ("person", "energy", "person's box"),
)


def write_ablation_page(page: Path, made: Ablation, facts_of: dict[str, object]) -> Path:
    """Write the page.

    Args:
        page: where it goes.
        made: what was measured.
        facts_of: how it was measured.
    """
    names = [row.name for row in made.rows]
    missing = made.rows[0].scores.scores.lpips_missing
    learned = {f"learning: {row.name}": row.seconds for row in made.rows}
    return write_page(
        page,
        Page(
            "ablation",
            "Frame by frame, temporal smoothing, face GAN",
            (
                paragraph(
                    "The paper's system without its parts, then with one after the other. All "
                    "variants learned whole frames for the same budget; the last then learned the "
                    "face."
                ),
            ),
            (
                Section("What was compared", (facts("The variants", facts_of),)),
                Section(
                    "What the parts bring",
                    (
                        figures("Every variant against the truth", _rows(made), names),
                        paragraph(missing) if missing else "",
                    ),
                ),
                Section(
                    "How it looks",
                    (
                        picture(
                            made.sheet.read_bytes(),
                            f"Rows of frames: stick figures, the truth, {', '.join(names)}",
                            f"From above: stick figures, the truth, {', '.join(names)}.",
                        ),
                    ),
                ),
                Section("How long it took", (times("Stages", learned),)),
            ),
        ),
    )


def _rows(made: Ablation) -> list[Row]:
    scores = [row.scores.scores for row in made.rows]
    rows = [
        Row(
            replace(PICTURES[score], name=f"{PICTURES[score].name}, {where}"),
            [getattr(getattr(of, region), score, None) for of in scores],
        )
        for region, score, where in _PICTURES
    ]
    rows += [
        Row(m, [getattr(of.flicker, key, None) for of in scores]) for key, m in STEADINESS.items()
    ]
    for part in ("body", "hands", "face"):
        distance = POSES["distance_percent"]
        named = replace(distance, name=f"{distance.name}, {part}")
        rows.append(Row(named, [of.pose.distance_percent[part] for of in scores]))
    rows.append(Row(POSES["missed"], [of.pose.missed for of in scores]))
    steps = Meaning("Steps of training", "With the same budget, the first two do alike.", digits=0)
    return [*rows, Row(steps, [row.steps for row in made.rows])]
