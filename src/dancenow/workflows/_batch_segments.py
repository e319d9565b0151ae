"""Long clips in a batch: looked at, followed and painted in segments, by several at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from dancenow.cache import cache_dir
from dancenow.errors import DanceNowError
from dancenow.performer import is_performer, learned_apart, method_for
from dancenow.sources.load import is_without_picture
from dancenow.sources.segments import segments_of
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.video import probe
from dancenow.workflows._batch_tasks import Kind, Task

_Clips = dict[tuple[Path, object], list[range]]


def with_segments(tasks: Mapping[str, Task]) -> dict[str, Task]:
    """The same tasks, where those on long clips follow others that do them in segments."""
    clips: _Clips = {}
    made: dict[str, Task] = {}
    for task in tasks.values():
        for each in _in_segments(task, tasks, clips):
            made[each.key] = each
    return made


def _in_segments(task: Task, tasks: Mapping[str, Task], clips: _Clips) -> Iterator[Task]:
    """The tasks that a task becomes; the last one has its name, and needs the others."""
    if task.kind == "poses":
        count, shown = task.options
        segments = [] if shown.source_poses else _segments(task.inputs[0], shown.fps, clips)
        looks = [_segment(task, "look", each) for each in segments]
        yield from looks
        if looks:
            needs = tuple(look.key for look in looks)
            who = replace(task, key=f"{task.key}, who", kind="who", needs=needs)
            yield who
            follows = [_segment(task, "follow", each, who.key) for each in segments]
            yield from follows[: None if count == 1 else 0]
            task = replace(task, needs=(who.key, *(each.key for each in follows)))
            task = task if count == 1 else replace(task, needs=(who.key,))
    elif task.kind == "perform" and len(task.inputs) == 2 and _paints_apart(task, tasks):
        folder = cache_dir("painted") / task.fingerprint
        parts = [
            _segment(task, "paint", each, *task.needs, folder=folder)
            for each in _segments(task.inputs[0], task.options.fps, clips)
        ]
        yield from parts
        painted = tuple(part.output for part in parts if part.output is not None)
        needs = (*task.needs, *(part.key for part in parts))
        task = replace(task, needs=needs, painted=painted)
    yield task


def _segment(
    task: Task, kind: Kind, segment: range, *needs: str, folder: Path | None = None
) -> Task:
    name = f"{segment.start}-{segment.stop}"
    return replace(
        task,
        key=f"{task.key}, {kind} {name}",
        kind=kind,
        needs=needs,
        output=None if folder is None else folder / f"{name}.mkv",
        segment=(segment.start, segment.stop),
    )


def _segments(source: Path, fps: float | Fraction | None, clips: _Clips) -> list[range]:
    """The segments of a long clip; none of anything else."""
    if (source, fps) not in clips:
        found: list[range] = []
        try:
            if not is_authors_folder(source) and not is_without_picture(source):
                found = segments_of(probe(source, fps=fps).frames)
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
