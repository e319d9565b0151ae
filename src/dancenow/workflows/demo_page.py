"""The demo's page: everything it made, in one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import html
import platform
from dataclasses import dataclass
from pathlib import Path
from string import Template

import torch

from dancenow.files import write_text
from dancenow.progress import StageTimes
from dancenow.version import __version__
from dancenow.workflows.choreograph import ChoreographyOptions
from dancenow.workflows.evaluate import ClipScores
from dancenow.workflows.generate import Generated
from dancenow.workflows.new_dance import Danced
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
    new_dance: Danced
    moves_options: ChoreographyOptions


def write_page(folder: Path, figures: DemoFigures) -> Path:
    """Write `index.html` into the demo's folder, its videos inside."""
    page = folder / "index.html"
    videos = {
        name: _data(folder / f"{name}.mp4")
        for name in ("transfer", "source", "target", "result", "truth", "dance", "new_dance")
    }
    text = Template(_PAGE).substitute(
        videos,
        scores=_score_rows(figures.scores),
        times=_time_rows(figures.times),
        commands=html.escape(_commands(figures)),
        learned=_picture(figures.dance.choreographer / "preview.png"),
        moves=_picture(figures.new_dance.choreographer / "preview.png"),
        timed=_timed(figures.new_dance),
        dance_seconds=f"{figures.dance.frames / figures.dance.fps:.0f}",
        machine=html.escape(_machine()),
        steps=figures.performed.steps,
        frames=figures.performed.frames,
    )
    write_text(page, text)
    return page


def _timed(dance: Danced) -> str:
    if dance.beat_alignment is None or dance.before_alignment is None:
        return ""
    return (
        f"Its accents were moved to the beats of a click track, {dance.tempo:.0f} a minute: beat "
        f"alignment {dance.before_alignment:.2f} before, {dance.beat_alignment:.2f} after (1 is "
        "every accent on a beat)."
    )


def _data(video: Path) -> str:
    return "data:video/mp4;base64," + base64.b64encode(video.read_bytes()).decode("ascii")


def _picture(png: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode("ascii")


def _score_rows(scores: ClipScores) -> str:
    rows = []
    for name, s in (("whole frame", scores.whole), ("the person's box", scores.person)):
        if s is not None:
            rows.append((f"PSNR, {name}", f"{s.psnr:.1f} dB", "higher is nearer to the truth"))
            rows.append((f"SSIM, {name}", f"{s.ssim:.3f}", "1 is equal"))
            rows.append((f"Sharpness, {name}", f"{s.sharpness:.2f}", "1 is as sharp as the truth"))
    for part, distance in scores.pose.distance_percent.items():
        if distance is not None:
            rows.append((f"Pose distance, {part}", f"{distance:.1f} %", "of the body's height"))
    rows.append(("Missed detections", f"{100 * scores.pose.missed:.1f} %", "of the frames"))
    return "\n".join(
        f"<tr><th scope=row>{n}</th><td>{v}</td><td>{why}</td></tr>" for n, v, why in rows
    )


def _time_rows(times: StageTimes) -> str:
    rows = [(_STAGES.get(name, name), seconds) for name, seconds in times.seconds.items()]
    rows.append(("in all", sum(times.seconds.values())))
    return "\n".join(
        f"<tr><th scope=row>{name}</th><td>{seconds:.1f} s</td></tr>" for name, seconds in rows
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


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DanceNow: the demo</title>
<style>
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent) }
  body { font: 16px/1.55 system-ui, sans-serif; max-width: 68rem; margin: 0 auto; padding: 1.5rem }
  h1 { font-size: 1.9rem; line-height: 1.2; margin: .5rem 0 } h2 { margin-top: 2.5rem }
  video, img { width: 100%; border-radius: 10px; display: block; background: #0002 }
  .labels { display: grid; grid-template-columns: repeat(4, 1fr); text-align: center;
            font-size: .9rem; margin: .4rem 0 }
  .single { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem }
  figure { margin: 0 } figcaption { font-size: .9rem; margin-top: .3rem }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line);
           font-weight: normal }
  td:nth-child(2) { font-variant-numeric: tabular-nums; white-space: nowrap; font-weight: 600 }
  .wide { overflow-x: auto }
  pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); border-radius: 10px }
  footer { margin-top: 3rem; font-size: .9rem }
</style>
<h1>One dance, another dancer</h1>
<p>The dancer on the left was seen only as a video. Its poses were detected, moved to the other
dancer's body and place, and performed by a network that learned that dancer from a clip of a
different dance. On the right is what a perfect answer looks like: it is known because both dancers
are drawn by DanceNow itself.</p>
<video src="$transfer" controls autoplay loop muted playsinline
  aria-label="Source, poses, result and truth side by side"></video>
<div class="labels"><span>source</span><span>poses</span><span>result</span><span>truth</span></div>

<h2>A dance that nobody danced</h2>
<p>A model of motion learned from the poses of four sample dances and composed $dance_seconds
seconds of its own; the performer dances them. $timed</p>
<div class="single">
<figure><video src="$new_dance" controls loop muted playsinline
  aria-label="The composed dance"></video>
<figcaption>Composed, then performed (with sound).</figcaption></figure>
<figure><img src="$moves" alt="Stick figures of a composed dance, one beside the other">
<figcaption>Another of its dances, half a second apart.</figcaption></figure>
</div>

<h2>The same in 2018</h2>
<p>A second pair of networks saw the target's dance as silhouettes, learned how one follows the
other, and dreamt on for $dance_seconds seconds.</p>
<div class="single">
<figure><img src="$learned" alt="Silhouettes of the target's dance, one beside the other">
<figcaption>What it saw: some of the target's silhouettes.</figcaption></figure>
<figure><video src="$dance" controls autoplay loop muted playsinline
  aria-label="The generated dance"></video>
<figcaption>What it dreamt.</figcaption></figure>
</div>

<h2>How near it comes</h2>
<div class="wide"><table>$scores</table></div>

<h2>How long it took</h2>
<div class="wide"><table>$times</table></div>
<p>$steps steps of training, $frames frames danced. $machine.</p>

<h2>The videos</h2>
<div class="single">
<figure><video src="$source" controls loop muted playsinline aria-label="Source"></video>
<figcaption>The source: whose motion is used.</figcaption></figure>
<figure><video src="$target" controls loop muted playsinline aria-label="Target"></video>
<figcaption>The target: all that was learned from.</figcaption></figure>
<figure><video src="$result" controls loop muted playsinline aria-label="Result"></video>
<figcaption>The result.</figcaption></figure>
<figure><video src="$truth" controls loop muted playsinline aria-label="Truth"></video>
<figcaption>The truth, never shown to the network.</figcaption></figure>
</div>

<h2>The same by hand</h2>
<p>In this folder:</p>
<pre>$commands</pre>
<p>With your own two videos: <code>dancenow transfer dancer.mp4 me.mp4 -o me_dancing.mp4</code>;
a new dance from one: <code>dancenow generate dancer.mp4 -o new_dance.mp4</code></p>
<footer>Everyone in these videos is synthetic. Ask people before you make them dance.</footer>
</html>
"""
