"""HTML fragments of the page.  `element` escapes all text of users."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from dancenow.errors import counted
from dancenow.report.html import Html, element
from dancenow.studio.archive import PICTURE_FILE
from dancenow.studio.config import MEGABYTE
from dancenow.studio.forms import ClipCard
from dancenow.studio.job import Job, JobState
from dancenow.studio.library import EntryKind, LibraryEntry

_STATES: Final = {
    JobState.queued: "Waiting",
    JobState.running: "At work",
    JobState.cancelling: "Stopping; what was learned is being saved",
    JobState.cancelled: "Cancelled; what was learned is kept",
    JobState.interrupted: "Interrupted; what was learned is kept",
    JobState.failed: "It did not work",
    JobState.done: "Done",
}
_PLAUSIBLE: Final = 1e9  # steps, or seconds of training


def error_message(line: str) -> Html:
    """A message that something is wrong."""
    return element("div", line, class_="message wrong", role="alert")


def success_message(line: str) -> Html:
    """A message that something succeeded."""
    return element("div", line, class_="message good", role="status")


def status_message(title: str, details: str = "") -> Html:
    """A message about an upload."""
    return element("div", element("strong", title), f" {details}", class_="message", role="status")


def hint(line: str) -> Html:
    """A line in a quieter colour."""
    return element("p", line, class_="hint")


def delete_question(entry: LibraryEntry) -> Html:
    """The question before something is deleted."""
    return element("p", f"Delete {entry.name} permanently, with everything that was learned?")


def step_heading(number: int, title: str, hint_line: str) -> Html:
    """The heading of one step of a form."""
    return element("div", element("h2", f"{number}. {title}"), hint(hint_line), class_="step")


def clip_card(card: ClipCard) -> Html:
    """A clip that was chosen, with the poses found in it."""
    strip = element(
        "img",
        src=f"media/{card.media}/strip",
        alt=f"Frames of {card.name} with the poses found in them",
    )
    clip = Html("")
    if card.playable:
        clip = element(
            "video",
            src=f"media/{card.media}/clip",
            controls=True,
            muted=True,
            playsinline=True,
            preload="metadata",
            aria_label=f"The clip {card.name}",
        )
    text = element("div", element("strong", card.name), f": {card.details}", class_="words")
    return element("div", strip, clip, text, class_="card chosen")


def person_card(entry: LibraryEntry) -> Html:
    """A person of the library who was chosen."""
    picture = Html("")
    if entry.strip is not None:
        alt = f"Frames of {entry.name} with the poses found in them"
        picture = element("img", src=f"media/library/{entry.id}/strip", alt=alt)
    elif entry.picture is not None:
        alt = f"A picture of {entry.name}"
        picture = element("img", src=f"media/library/{entry.id}/picture", alt=alt)
    text = element(
        "div", element("strong", entry.name), f": {training_summary(entry)}", class_="words"
    )
    return element("div", picture, text, class_="card chosen")


def job_panel(job: Job, ahead: int, with_names: Callable[[str], str]) -> Html:
    """The state of a job.

    Args:
        job: the job.
        ahead: how many jobs come before it.
        with_names: puts the user's names in place of paths.
    """
    parts = [element("h3", job.title), element("p", _state(job, ahead))]
    if job.state in (JobState.running, JobState.cancelling):
        parts += _progress(job, with_names)
    if job.error:
        parts.append(error_message(with_names(job.error)))
    parts += [hint(with_names(line)) for line in job.warnings]
    if job.preview and job.state is not JobState.done:
        source = f"media/jobs/{job.id}/preview?at={job.preview:.0f}"
        parts.append(element("img", src=source, alt="What was learned so far"))
    return element("section", *parts, class_=f"job {job.state.value}", aria_label="The job")


def result_panel(job: Job) -> Html:
    """What a job made: players, downloads, figures."""
    figures = [element("li", line) for line in figure_lines(job.result)]
    videos = [_player(job, "result", "The result")]
    if job.result.get("beside"):
        videos.append(_player(job, "beside", "Side by side"))
    return element(
        "section",
        element("div", *videos, class_="made"),
        element("ul", *figures, class_="figures"),
        aria_label="The result",
    )


def first_look_panel(job: Job) -> Html:
    """The first look at what a job makes."""
    return element(
        "section",
        hint("A first look, before any learning: it gets better from here."),
        element("div", element("figure", _video(job, "first", "A first look")), class_="made"),
        aria_label="A first look",
    )


def library_card(entry: LibraryEntry) -> Html:
    """A person or a dance of the library."""
    if entry.picture is not None:
        picture = element(
            "img",
            src=f"media/library/{entry.id}/picture",
            alt=f"A picture of {entry.name}",
            class_=None if entry.picture.name == PICTURE_FILE else "row",  # of stick figures
        )
    else:
        picture = element("div", entry.name[:1].upper(), class_="nothing", aria_hidden="true")
    day = time.strftime("%d %B %Y", time.localtime(entry.created)).lstrip("0")
    origin = f"From {entry.clip}. " if entry.clip else "A sample, drawn by DanceNow. "
    lines = [
        element("h3", entry.name),
        element("p", _capitalized(training_summary(entry))),
        hint(f"{origin}{day}, {entry.size_bytes / MEGABYTE:.1f} MB."),
    ]
    if entry.consent.get("confirmed"):
        lines.append(hint("The person agreed, as you confirmed."))
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
    return element("div", picture, element("div", *lines), class_="entry-card")


def training_summary(entry: LibraryEntry) -> str:
    """How long something was trained, in words."""
    if not entry.ready:
        return "not fully learned yet"
    figures = entry.figures
    steps, seconds, frames = (figures.get(name) for name in ("steps", "seconds", "frames"))
    what = "a person" if entry.kind is EntryKind.person else "a dance"
    # They may come from an archive, which may say anything.
    if not isinstance(steps, int) or not isinstance(seconds, int | float):
        return what
    if not (0 <= steps < _PLAUSIBLE and 0 <= seconds < _PLAUSIBLE):
        return what
    if entry.is_puppet:
        return (
            f"{what}, a puppet made of {counted(frames, 'photo')}"
            if isinstance(frames, int)
            else what
        )
    source = f" from {frames} frames" if isinstance(frames, int) else ""
    return f"{what}, learned for {rough_duration(seconds)} ({steps:,} steps){source}"


def rough_duration(seconds: float) -> str:
    """A length of time in words, rounded."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def figure_lines(figures: dict[str, Any]) -> list[str]:
    """A job's figures in plain words."""
    lines = []
    if "frames" in figures:
        width, height = figures["size"]
        lines.append(
            f"{figures['frames'] / figures['fps']:.1f} s of video: {figures['frames']} frames of "
            f"{width} x {height} pixels, {figures['fps']:.4g} per second."
        )
    for what in ("person", "dance"):
        if f"{what}_steps" in figures:
            lines.append(
                f"Learning the {what} took {figures[f'{what}_steps']:,} steps, "
                f"{rough_duration(figures[f'{what}_seconds'])} in all."
            )
    if "beat_alignment" in figures:
        lines.append(
            f"The music has {figures['tempo']:.0f} beats per minute; beat alignment "
            f"{figures['beat_alignment']:.2f}, where 1 means that every accent falls on a beat."
        )
    if "seconds_spent" in figures:
        spent = rough_duration(figures["seconds_spent"])
        lines.append(f"Making the video took {spent}, not counting the learning.")
    return lines


def _state(job: Job, ahead: int) -> str:
    if job.state is JobState.queued and ahead:
        return f"Waiting: {ahead} job{'s come' if ahead > 1 else ' comes'} before it."
    return f"{_STATES[job.state]}."


def _progress(job: Job, with_names: Callable[[str], str]) -> list[Html]:
    now = job.progress
    if not now:
        return [element("progress", aria_label="Starting"), element("p", "Starting …")]
    stage = _capitalized(with_names(now["stage"]))
    left = f", about {rough_duration(now['left'])} left for this step" if now.get("left") else ""
    if not now["total"]:
        return [element("progress", aria_label=stage), element("p", f"{stage} …")]
    share = min(1.0, now["done"] / now["total"])
    bar = element("progress", value=f"{share:.4f}", max="1", aria_label=stage)
    return [bar, element("p", f"{stage}: {100 * share:.0f} %{left}.")]


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _player(job: Job, what: str, title: str) -> Html:
    source = f"media/jobs/{job.id}/{what}?save"
    save = element("a", f"Download {title.lower()}", href=source, download=True, class_="save")
    caption = element("figcaption", element("strong", title), save)
    return element("figure", _video(job, what, title), caption)


def _video(job: Job, what: str, title: str) -> Html:
    return element(
        "video",
        src=f"media/jobs/{job.id}/{what}",
        controls=True,
        loop=True,
        playsinline=True,
        preload="auto",
        aria_label=f"{title}: {job.title}",
    )
