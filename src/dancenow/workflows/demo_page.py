"""The demo's page: everything it made, in one HTML file that needs nothing beside it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

import torch

from dancenow.choreographer import ChoreographyOptions
from dancenow.evaluation.page import (
    picture_figures,
    pose_figures,
    steadiness_figures,
)
from dancenow.progress import StageTimes
from dancenow.report import (
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
    times,
    video,
    write_page,
)
from dancenow.training.history import History
from dancenow.training.page import PAGE, previews_over_time
from dancenow.version import __version__
from dancenow.workflows.evaluate import ClipScores
from dancenow.workflows.generate import Generated
from dancenow.workflows.train import TrainOptions
from dancenow.workflows.transfer import Performed

_STAGES = {
    "render": "rendering the sample performers",
    "detect": "finding the source's poses",
    "prepare": "finding the target's poses, masks and background",
    "train": "learning the target",
    "perform": "dancing",
    "evaluate": "measuring against the truth",
    "choreograph": "learning the target's dance",
    "generate": "dreaming up a new dance",
    "motion capture": "computing the sample performers' motion",
    "moves": "learning motion",
    "new dance": "composing and performing a dance to clicks",
    "show": "putting the videos side by side",
}


@dataclass(frozen=True)
class DemoFigures:
    """What the page tells.

    Attributes:
        scores: the result against the truth.
        times: seconds of each stage.
        performed: the performance.
        options: how the performer was trained.
        dance: the generated dance.
        dance_options: how its choreographer was trained.
        new_dance: the composed dance.
        moves_options: how its choreographer was trained.
    """

    scores: ClipScores
    times: StageTimes
    performed: Performed
    options: TrainOptions
    dance: Generated
    dance_options: ChoreographyOptions
    new_dance: Generated
    moves_options: ChoreographyOptions


def write_demo_page(folder: Path, figures: DemoFigures) -> Path:
    """Write `index.html` into the demo's folder, its videos inside."""
    stages = {_STAGES.get(name, name): spent for name, spent in figures.times.seconds.items()}
    performed = figures.performed
    page = Page(
        "demo",
        "One dance, another dancer",
        (
            paragraph(
                "The dancer on the left was seen only as a video. Its poses were detected, moved "
                "to the other dancer's body and place, and performed by a network that learned "
                "that dancer from a clip of a different dance. On the right is what a perfect "
                "answer looks like: it is known because both dancers are drawn by DanceNow itself."
            ),
            video(
                folder / "transfer.mp4", "Source, poses, result and truth side by side", starts=True
            ),
            element(
                "div",
                *(element("span", name) for name in ("source", "poses", "result", "truth")),
                class_="labels",
            ),
        ),
        (
            Section("A dance that nobody danced", _composed(folder, figures)),
            Section("The same in 2018", _dreamt(folder, figures)),
            Section(
                "How near it comes",
                (
                    paragraph("The result against the truth; every figure says what is good."),
                    picture_figures(figures.scores),
                    pose_figures(figures.scores),
                    steadiness_figures(figures.scores),
                ),
            ),
            Section("What was learned on the way", (_learned(folder, figures),)),
            Section(
                "How long it took",
                (
                    times("Stages", stages),
                    paragraph(
                        f"{performed.steps:,} steps of training, {performed.frames:,} frames "
                        f"danced. {_machine()}."
                    ),
                ),
            ),
            Section("The videos", (_videos(folder),)),
            Section(
                "The same by hand",
                (
                    paragraph("In this folder:"),
                    code(_commands(figures)),
                    paragraph(
                        "With your own two videos: ",
                        element("code", "dancenow transfer dancer.mp4 me.mp4 -o me_dancing.mp4"),
                        "; a new dance from one: ",
                        element("code", "dancenow generate dancer.mp4 -o new_dance.mp4"),
                        ".",
                    ),
                ),
            ),
        ),
        "Everyone in these videos is synthetic. Ask people before you make them dance.",
    )
    return write_page(folder / PAGE, page)


def _composed(folder: Path, figures: DemoFigures) -> tuple[object, ...]:
    return (
        paragraph(
            "A model of motion learned from the poses of four sample dances and composed "
            f"{_dance_seconds(figures)} seconds of its own; the performer dances them. ",
            _timed(figures.new_dance),
        ),
        _grid(
            video(
                folder / "new_dance.mp4",
                "The composed dance",
                "Composed, then performed (with sound).",
            ),
            picture(
                (figures.new_dance.choreographer / "preview.png").read_bytes(),
                "Stick figures of a composed dance, one beside the other",
                "Another of its dances, half a second apart.",
            ),
        ),
    )


def _dreamt(folder: Path, figures: DemoFigures) -> tuple[object, ...]:
    return (
        paragraph(
            "A second pair of networks saw the target's dance as silhouettes, learned how one "
            f"follows the other, and dreamt on for {_dance_seconds(figures)} seconds."
        ),
        _grid(
            picture(
                (figures.dance.choreographer / "preview.png").read_bytes(),
                "Silhouettes of the target's dance, one beside the other",
                "What it saw: some of the target's silhouettes.",
            ),
            video(folder / "dance.mp4", "The generated dance", "What it dreamt.", starts=True),
        ),
    )


def _learned(folder: Path, figures: DemoFigures) -> Html:
    """Losses of all trainings, previews of one; each folder has a page of its own."""
    folders = {
        "the target": figures.performed.performer / "checkpoint",
        "its silhouettes": figures.dance.choreographer / "checkpoint" / "codec",
        "their sequence": figures.dance.choreographer / "checkpoint" / "sequence",
        "motion": figures.new_dance.choreographer / "checkpoint" / "motion",
    }
    shown = []
    for name, path in folders.items():
        history = History.load(path)
        steps, values = history.series("loss")
        what = f"Loss of learning {name}; less is better."
        shown.append(Curve(f"Loss: {name}", steps, values, what))
    pages = dict.fromkeys(
        f"{of.relative_to(folder)}/{PAGE}"
        for of in (figures.performed.performer, figures.dance.choreographer,
                   figures.new_dance.choreographer)
    )  # fmt: skip
    more = paragraph("More of each training: ", joined((element("code", p) for p in pages), ", "))
    shows = "What is painted of the target while it is learned; above, frames of its clip."
    painted = previews_over_time(History.load(folders["the target"]), shows)
    return joined((curves(shown, "loss"), paragraph(shows), painted, more))


def _videos(folder: Path) -> Html:
    captions = {
        "source": "The source: whose motion is used.",
        "target": "The target: all that was learned from.",
        "result": "The result.",
        "truth": "The truth, never shown to the network.",
    }
    shown = (video(folder / f"{name}.mp4", name, said) for name, said in captions.items())
    return _grid(*shown)


def _grid(*figures: Html) -> Html:
    return element("div", *figures, class_="grid")


def _dance_seconds(figures: DemoFigures) -> str:
    return f"{figures.dance.frames / figures.dance.fps:.0f}"


def _timed(dance: Generated) -> str:
    if dance.beat_alignment is None or dance.before_alignment is None:
        return ""
    return (
        f"Its accents were moved to the beats of a click track, {dance.tempo:.0f} a minute: beat "
        f"alignment {dance.before_alignment:.2f} before, {dance.beat_alignment:.2f} after (1 is "
        "every accent on a beat)."
    )


def _commands(figures: DemoFigures) -> str:
    seed, preset = figures.options.seed, figures.options.preset
    seconds = figures.dance.frames / figures.dance.fps
    how = f"--preset {preset} {_budget(figures.options)} --seed {seed}"
    dance_how = f"--preset {preset} {_budget(figures.dance_options)} --seed {seed}"
    return "\n".join(
        [
            f"dancenow train performer target.mp4 -o performer-{preset} {how}",
            f"dancenow perform performer-{preset} source.mp4 -o result.mp4",
            "dancenow evaluate clip result.mp4 truth.mp4",
            f"dancenow train choreographer target.mp4 -o choreographer-{preset} {dance_how}",
            f"dancenow generate choreographer-{preset} -o dance.mp4 --seconds {seconds:.3g} "
            f"--seed {seed}",
            f"dancenow train choreographer moves-*.npz -o moves-{preset} --codec pose --preset "
            f"{preset} {_budget(figures.moves_options)} --seed {seed}",
            f"dancenow generate moves-{preset} -o new_dance.mp4 --performer performer-{preset} "
            f"--music clicks.wav --seconds {seconds:.3g} --seed {seed}",
        ]
    )


def _budget(options: TrainOptions | ChoreographyOptions) -> str:
    if options.steps is None:
        return f"--minutes {options.minutes:g}"
    return f"--steps {options.steps}"


def _machine() -> str:
    threads = torch.get_num_threads()
    return (
        f"DanceNow {__version__}, PyTorch {torch.__version__}, Python "
        f"{platform.python_version()}, {platform.system()} {platform.machine()}, {threads} threads"
    )
