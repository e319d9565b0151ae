"""Pieces of the page as HTML.  All text of users is escaped by `element`."""

from __future__ import annotations

import time
from typing import Any, Final

from dancenow.report.html import Html, element
from dancenow.studio.archive import PICTURE
from dancenow.studio.jobs import Job, State
from dancenow.studio.library import Entry, Kind
from dancenow.studio.wishes import Material

_WORDS: Final = {
    State.queued: "Waiting",
    State.running: "At work",
    State.cancelling: "Stopping; what was learned is being saved",
    State.cancelled: "Cancelled; what was learned is kept",
    State.interrupted: "Interrupted; what was learned is kept",
    State.failed: "It did not work",
    State.done: "Done",
}
_BELIEVED: Final = 1e9  # steps, or seconds of training
_MEGABYTE: Final = 1_000_000  # bytes


def wrong(line: str) -> Html:
    """A line that says what is wrong."""
    return element("div", line, class_="message wrong", role="alert")


def good(line: str) -> Html:
    """A line that says what happened."""
    return element("div", line, class_="message good", role="status")


def nothing() -> Html:
    """No message."""
    return Html("")


def said(words: Html) -> Any:
    """An update that shows a message, or hides it where there is none."""
    import gradio as gr

    return gr.HTML(words, visible=bool(words))


def brought(what: str, names: str) -> Html:
    """What a user brought, by name."""
    return element("div", element("strong", what), f" {names}", class_="message", role="status")


def question(entry: Entry) -> Html:
    """What is asked before something is deleted."""
    return element("p", f"Delete {entry.name} for ever, with everything that was learned?")


def step(number: int, title: str, hint: str) -> Html:
    """The heading of a part of a form."""
    heading = element("h2", f"{number}. {title}")
    return element("div", heading, element("p", hint, class_="hint"), class_="step")


def chosen(material: Material) -> Html:
    """A clip that was chosen, with the poses found in it."""
    strip = element(
        "img",
        src=f"media/{material.media}/strip",
        alt=f"Frames of {material.name} with the poses found in them",
    )
    clip = Html("")
    if material.playable:
        clip = element(
            "video",
            src=f"media/{material.media}/clip",
            controls=True,
            muted=True,
            playsinline=True,
            preload="metadata",
            aria_label=f"The clip {material.name}",
        )
    words = element(
        "div", element("strong", material.name), f": {material.details}", class_="words"
    )
    return element("div", strip, clip, words, class_="card chosen")


def person_chosen(entry: Entry) -> Html:
    """A person of the library who was chosen."""
    picture = Html("")
    if entry.strip is not None:
        alt = f"Frames of {entry.name} with the poses found in them"
        picture = element("img", src=f"media/library/{entry.id}/strip", alt=alt)
    elif entry.picture is not None:
        alt = f"A picture of {entry.name}"
        picture = element("img", src=f"media/library/{entry.id}/picture", alt=alt)
    words = element("div", element("strong", entry.name), f": {learned(entry)}", class_="words")
    return element("div", picture, words, class_="card chosen")


def job_panel(job: Job, ahead: int, told: Any) -> Html:
    """How a job goes.

    Args:
        job: the job.
        ahead: how many come before it.
        told: puts the user's names into a line.
    """
    parts = [element("h3", job.title), element("p", _standing(job, ahead))]
    if job.state in (State.running, State.cancelling):
        parts += _progress(job, told)
    if job.error:
        parts.append(element("div", told(job.error), class_="message wrong", role="alert"))
    parts += [element("p", told(line), class_="hint") for line in job.warnings]
    if job.preview and job.state is not State.done:
        source = f"media/jobs/{job.id}/preview?at={job.preview:.0f}"
        parts.append(element("img", src=source, alt="What was learned so far"))
    return element("section", *parts, class_=f"job {job.state.value}", aria_label="The job")


def result(job: Job) -> Html:
    """What a job made: players, downloads, figures."""
    figures = [element("li", line) for line in told_figures(job.result)]
    videos = [_player(job, "result", "The result")]
    if job.result.get("beside"):
        videos.append(_player(job, "beside", "Side by side"))
    return element(
        "section",
        element("div", *videos, class_="made"),
        element("ul", *figures, class_="figures"),
        aria_label="The result",
    )


def shelf(entry: Entry) -> Html:
    """A person or a dance of the library."""
    if entry.picture is not None:
        picture = element(
            "img",
            src=f"media/library/{entry.id}/picture",
            alt=f"A picture of {entry.name}",
            class_=None if entry.picture.name == PICTURE else "row",  # of stick figures
        )
    else:
        picture = element("div", entry.name[:1].upper(), class_="nothing", aria_hidden="true")
    day = time.strftime("%d %B %Y", time.localtime(entry.made)).lstrip("0")
    where = f"From {entry.clip}. " if entry.clip else "A sample, drawn by DanceNow. "
    lines = [
        element("h3", entry.name),
        element("p", _sentence(learned(entry))),
        element("p", f"{where}{day}, {entry.bytes / _MEGABYTE:.1f} MB.", class_="hint"),
    ]
    if entry.consent.get("confirmed"):
        lines.append(element("p", "The person agreed, as you confirmed.", class_="hint"))
    if entry.report.is_file():
        page = element(
            "a",
            f"How {entry.name} was learned",
            href=f"media/library/{entry.id}/report",
            target="_blank",
            rel="noopener",
        )
        lines.append(element("p", page))
    if entry.ready:
        link = f"media/library/{entry.id}/archive"
        lines.append(
            element("a", f"Download {entry.name}", href=link, download=True, class_="save")
        )
    return element("div", picture, element("div", *lines), class_="shelf")


def learned(entry: Entry) -> str:
    """How far something is learned, in words."""
    figures = entry.figures
    if not entry.ready:
        return "not learned to the end yet"
    steps = figures.get("steps")
    seconds = figures.get("seconds")
    what = "a person" if entry.kind is Kind.person else "a dance"
    # They may come from an archive, which may say anything.
    if not isinstance(steps, int) or not isinstance(seconds, int | float):
        return what
    if not (0 <= steps < _BELIEVED and 0 <= seconds < _BELIEVED):
        return what
    frames = figures.get("frames")
    seen = f" from {frames} frames" if isinstance(frames, int) else ""
    return f"{what}, learned for {duration(seconds)} ({steps:,} steps){seen}"


def duration(seconds: float) -> str:
    """A length of time in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def told_figures(figures: dict[str, Any]) -> list[str]:
    """A job's figures in plain words."""
    lines = []
    if "frames" in figures:
        width, height = figures["size"]
        lines.append(
            f"{figures['frames'] / figures['fps']:.1f} s of video: {figures['frames']} frames of "
            f"{width} x {height} px, {figures['fps']:.4g} a second."
        )
    for what in ("person", "dance"):
        if f"{what}_steps" in figures:
            lines.append(
                f"The {what} was learned in {figures[f'{what}_steps']:,} steps, "
                f"{duration(figures[f'{what}_seconds'])} in all."
            )
    if "beat_alignment" in figures:
        lines.append(
            f"The music has {figures['tempo']:.0f} beats a minute; beat alignment "
            f"{figures['beat_alignment']:.2f}, where 1 is every accent on a beat."
        )
    if "seconds_spent" in figures:
        lines.append(f"Making it took {duration(figures['seconds_spent'])} besides learning.")
    return lines


def _standing(job: Job, ahead: int) -> str:
    if job.state is State.queued and ahead:
        return f"Waiting: {ahead} job{'s come' if ahead > 1 else ' comes'} before it."
    return f"{_WORDS[job.state]}."


def _progress(job: Job, told: Any) -> list[Html]:
    now = job.progress
    if not now:
        return [element("progress", aria_label="Starting"), element("p", "Starting …")]
    stage = _sentence(told(now["stage"]))
    left = f", about {duration(now['left'])} left for this step" if now.get("left") else ""
    if not now["total"]:
        return [element("progress", aria_label=stage), element("p", f"{stage} …")]
    share = min(1.0, now["done"] / now["total"])
    bar = element("progress", value=f"{share:.4f}", max="1", aria_label=stage)
    return [bar, element("p", f"{stage}: {100 * share:.0f} %{left}.")]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _player(job: Job, what: str, title: str) -> Html:
    source = f"media/jobs/{job.id}/{what}"
    video = element(
        "video",
        src=source,
        controls=True,
        loop=True,
        playsinline=True,
        preload="auto",
        aria_label=f"{title}: {job.title}",
    )
    save = element(
        "a", f"Download {title.lower()}", href=f"{source}?save", download=True, class_="save"
    )
    caption = element("figcaption", element("strong", title), save)
    return element("figure", video, caption)
