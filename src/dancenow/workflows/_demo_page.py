"""The demo's page: everything it made, in one self-contained HTML file.

It is here, not in `report/`, because it shows the results of four other verbs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dancenow.evaluation.clip import ClipScores
from dancenow.evaluation.page import picture_figures, pose_figures, steadiness_figures
from dancenow.progress import StageTimes
from dancenow.report import (
    PAGE,
    Curve,
    Html,
    Page,
    Section,
    code,
    curves,
    element,
    joined,
    paragraph,
    picture,
    video,
    write_page,
)
from dancenow.training.history import History
from dancenow.training.page import previews_over_time
from dancenow.workflows._demo_inputs import DemoSize
from dancenow.workflows._demo_times import spent_on
from dancenow.workflows.generate import Generated
from dancenow.workflows.perform import Performed


def write_demo_page(
    folder: Path,
    size: DemoSize,
    seed: int,
    scores: ClipScores,
    spent: StageTimes,
    first: Performed,
    performed: Performed,
    dance: Generated,
    new_dance: Generated,
) -> Path:
    """Write `index.html` into the demo's folder, its videos inside."""
    compared = paragraph(
        f"The first {scores.frames} frames of the result compared with the truth; every figure "
        "says what is good."
    )
    tables = (picture_figures(scores), pose_figures(scores), steadiness_figures(scores))
    page = Page(
        "demo",
        "One dance, another dancer",
        _lead(folder, size),
        (
            Section("The first result", _first(first, spent)),
            Section("A dance that nobody danced", _composed(folder, new_dance, size)),
            Section("The same in 2018", _imagined(folder, dance, size)),
            Section("How close it comes", (compared, *tables)),
            Section("The trainings", _learned(folder, performed, dance, new_dance)),
            Section("How long it took", spent_on(spent, performed)),
            Section("The videos", _videos(folder)),
            Section("The same by hand", _by_hand(size.commands(seed))),
        ),
        "Everyone in these videos is synthetic. Ask people before you make them dance.",
    )
    return write_page(folder / PAGE, page)


def _lead(folder: Path, size: DemoSize) -> tuple[object, ...]:
    names = ("source", "poses", "result", "truth")
    return (
        paragraph(
            "The dancer on the left was seen only as a video. Its poses were detected, moved "
            "to the other dancer's body and place, and performed by a network that learned "
            f"that dancer just now, from {size.target_seconds:g} seconds of a different dance. On "
            "the right is what a perfect answer looks like: it is known because both dancers are "
            "drawn by DanceNow itself, which ships these clips. Their true poses only serve to "
            "measure."
        ),
        video(folder / "transfer.mp4", "Source, poses, result and truth side by side", starts=True),
        element("div", *(element("span", name) for name in names), class_="labels"),
    )


def _first(first: Performed, spent: StageTimes) -> tuple[object, ...]:
    waited = sum(spent.seconds.get(name, 0.0) for name in ("clips", "first"))
    return _shown(
        f"It was there after {waited:.0f} seconds: the same dancer comes trained with DanceNow, "
        f"by {first.steps:,} steps on a clip of 16 seconds and its true poses.",
        video(first.output, "The first result", "By the dancer who is shipped trained."),
    )


def _composed(folder: Path, dance: Generated, size: DemoSize) -> tuple[object, ...]:
    return _shown(
        "A model of motion learned from the poses of four sample dances and composed "
        f"{size.dance_seconds:.0f} seconds of its own; the performer dances them. {_timed(dance)}",
        video(
            folder / "new_dance.mp4",
            "The composed dance",
            "Composed, then performed (with sound).",
        ),
        picture(
            (dance.choreographer / "preview.png").read_bytes(),
            "Stick figures of a composed dance, one beside the other",
            "Another of its dances, half a second apart.",
        ),
    )


def _imagined(folder: Path, dance: Generated, size: DemoSize) -> tuple[object, ...]:
    return _shown(
        "A second pair of networks saw the target's dance as silhouettes, learned how one "
        f"follows the other, and dreamt on for {size.dance_seconds:.0f} seconds.",
        picture(
            (dance.choreographer / "preview.png").read_bytes(),
            "Silhouettes of the target's dance, one beside the other",
            "What it saw: some of the target's silhouettes.",
        ),
        video(folder / "dance.mp4", "The generated dance", "What it dreamt.", starts=True),
    )


def _learned(
    folder: Path, performed: Performed, dance: Generated, new_dance: Generated
) -> tuple[object, ...]:
    """Losses of all trainings, and previews of one; each folder has its own page."""
    trained = (performed.performer, dance.choreographer, new_dance.choreographer)
    target, dreamt, composed = (path / "checkpoint" for path in trained)
    histories = {
        "the target": History.load(target),
        "its silhouettes": History.load(dreamt / "codec"),
        "their sequence": History.load(dreamt / "sequence"),
        "motion": History.load(composed / "motion"),
    }
    shown = [
        Curve(f"Loss: {name}", *history.series("loss"), f"Loss of {name}; lower is better.")
        for name, history in histories.items()
    ]
    pages = dict.fromkeys(f"{path.relative_to(folder)}/{PAGE}" for path in trained)
    more = paragraph("More of each training: ", joined((element("code", p) for p in pages), ", "))
    shows = "Below: what is painted of the target during training. Above: frames of its clip."
    painted = previews_over_time(histories["the target"], shows)
    return curves(shown, "loss"), paragraph(shows), painted, more


def _by_hand(commands: Sequence[str]) -> tuple[object, ...]:
    return (
        paragraph("In this folder:"),
        code("\n".join(commands)),
        paragraph(
            "With your own two videos: ",
            element("code", "dancenow transfer dancer.mp4 me.mp4 -o me_dancing.mp4"),
            "; a new dance from one: ",
            element("code", "dancenow generate dancer.mp4 -o new_dance.mp4"),
            ".",
        ),
    )


def _videos(folder: Path) -> tuple[object, ...]:
    captions = {
        "source": "The source: whose motion is used.",
        "target": "The target: all that was learned from.",
        "result": "The result.",
        "truth": "The truth, never shown to the network.",
    }
    return _shown("", *(video(folder / f"{n}.mp4", n, said) for n, said in captions.items()))


def _shown(said: str, *figures: Html) -> tuple[object, ...]:
    return paragraph(said) if said else "", element("div", *figures, class_="grid")


def _timed(dance: Generated) -> str:
    if dance.beat_alignment is None or dance.before_alignment is None:
        return ""
    return (
        f"Its accents were moved to the beats of a click track, {dance.tempo:.0f} a minute: beat "
        f"alignment {dance.before_alignment:.2f} before, {dance.beat_alignment:.2f} after (1 is "
        "every accent on a beat)."
    )
