"""Long clips in a batch: looked at, followed and painted in segments, by several at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from dancenow.errors import DanceNowError
from dancenow.hashing import fingerprint
from dancenow.performer import is_performer, learned_apart, method_for
from dancenow.sources.load import is_without_picture
from dancenow.sources.segments import segments_of
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.video import probe
from dancenow.workflows._batch_tasks import Kind, Task

PAINTED: Final = ".painted"
"""The folder, in that of a batch, of segments that are painted and not joined yet."""
_Clips = dict[tuple[Path, object], list[range]]


def with_segments(tasks: Mapping[str, Task], folder: Path) -> dict[str, Task]:
    """The same tasks, where those on long clips follow others that do them in segments.

    Args:
        tasks: those of the batch.
        folder: of the batch.
    """
    clips: _Clips = {}
    made: dict[str, Task] = {}
    for task in tasks.values():
        for each in _in_segments(task, tasks, clips, folder / PAINTED):
            made.setdefault(each.key, each)
    return made


def _in_segments(
    task: Task, tasks: Mapping[str, Task], clips: _Clips, painted: Path
) -> Iterator[Task]:
    """The tasks that a task becomes; the last one has its name, and needs the others."""
    if task.kind == "poses":
        shown = task.options[1]
        segments = [] if shown.source_poses else _segments(task.inputs[0], shown.fps, clips)
        if segments:
            helpers = list(_finding(task, segments))
            yield from helpers
            task = replace(task, needs=tuple(each.key for each in helpers))
    elif task.kind == "perform" and len(task.inputs) == 2 and _paints_apart(task, tasks):
        place = painted / fingerprint(task.key, task.fingerprint)
        segments = _segments(task.inputs[0], task.options.fps, clips)
        parts = [_segment(task, task.key, "paint", each, task.needs, place) for each in segments]
        yield from parts
        files = tuple(part.output for part in parts if part.output is not None)
        needs = (*task.needs, *(part.key for part in parts))
        task = replace(task, needs=needs, painted=files)
    yield task


def _finding(task: Task, segments: list[range]) -> Iterator[Task]:
    """What finds the poses of a clip in segments: everybody's, who they are, then the person's.

    Two tasks that want the poses of one clip share them.
    """
    count, shown = task.options
    about = (task.inputs, shown.fps, shown.estimator, shown.device)
    clip = f"{task.inputs[0].stem}-{fingerprint(*about)[:6]}"
    looks = [_segment(task, f"everybody {clip}", "look", each, ()) for each in segments]
    yield from looks
    needs = tuple(look.key for look in looks)
    who = replace(task, key=f"everybody {clip}", kind="who", needs=needs)
    yield who
    if count == 1:
        person = f"person {shown.person} {clip}"
        yield from (_segment(task, person, "follow", each, (who.key,)) for each in segments)


def _segment(
    task: Task,
    name: str,
    kind: Kind,
    segment: range,
    needs: tuple[str, ...],
    folder: Path | None = None,
) -> Task:
    part = f"{segment.start}-{segment.stop}"
    return replace(
        task,
        key=f"{name}, {kind} {part}",
        kind=kind,
        needs=needs,
        output=None if folder is None else folder / f"{part}.mkv",
        segment=(segment.start, segment.stop),
    )


def _segments(source: Path, fps: float | Fraction | None, clips: _Clips) -> list[range]:
    """The segments of a long clip; none of anything else."""
    if (source, fps) not in clips:
        found: list[range] = []
        try:
            if not is_authors_folder(source) and not is_without_picture(source):
                found = segments_of(probe(source, fps=fps))
        except DanceNowError:
            pass  # whoever finds its poses tells why
        clips[source, fps] = found if len(found) > 1 else []
    return clips[source, fps]


def _paints_apart(task: Task, tasks: Mapping[str, Task]) -> bool:
    """Whether the performer of a task can paint a part of a dance as the whole."""
    person = task.inputs[1]
    learning = next((tasks[need] for need in task.needs if tasks[need].kind == "learn"), None)
    try:
        if learning is None:
            return is_performer(person) and learned_apart(person)
        return method_for(learning.inputs[0], learning.options.preset).paints_apart
    except DanceNowError:
        return False  # whoever loads it tells why
