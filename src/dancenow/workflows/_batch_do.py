"""Doing a task of a batch in this process, whichever it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from dancenow.errors import InputError, OutputError
from dancenow.options import PerformOptions
from dancenow.progress import ProgressCallback
from dancenow.workflows._batch_tasks import Task


def do(task: Task, progress: ProgressCallback) -> dict[str, Any]:
    """Do a task in this process; returns its figures.

    Raises:
        DanceNowError: it cannot be done.
    """
    from dancenow.workflows._segments import paint_segment
    from dancenow.workflows.generate import generate
    from dancenow.workflows.perform import perform
    from dancenow.workflows.train_choreographer import train_choreographer
    from dancenow.workflows.train_performer import train_performer

    options, output = task.options, task.output
    if output is None:
        _find_poses(task, progress)
        return {}
    output.parent.mkdir(parents=True, exist_ok=True)
    if task.kind == "learn":
        learned = train_performer(task.inputs[0], output, options, progress=progress)
        return {"steps": learned.steps, "seconds": round(learned.seconds, 1)}
    if task.kind == "moves":
        _, trained = train_choreographer(list(task.inputs), output, options, progress=progress)
        return {"steps": trained.steps, "seconds": round(trained.seconds, 1)}
    if task.kind == "compose":
        made: Any = generate(task.inputs[0], output, options, progress=progress)
    else:
        source, *performers = task.inputs
        if task.segment is not None:
            segment = range(*task.segment)
            paint_segment(performers[0], source, output, segment, options, progress=progress)
            return {"frames": len(segment)}
        painted = task.painted
        try:
            made = perform(performers, source, output, options, painted=painted, progress=progress)
        except InputError as error:
            if painted and not isinstance(error, OutputError):  # damaged: painted again next time
                shutil.rmtree(painted[0].parent, ignore_errors=True)
            raise
        if painted:
            shutil.rmtree(painted[0].parent, ignore_errors=True)
    return {"frames": made.frames, "fps": made.fps, "size": list(made.size)}


def _find_poses(task: Task, progress: ProgressCallback) -> None:
    """Find the poses of a source, or a part of that, for the cache."""
    from dancenow.sources.detection import detect_people, follow_in_segment, look_at_segment
    from dancenow.sources.load import load_cast
    from dancenow.staging.room import steady_track
    from dancenow.video import probe
    from dancenow.workflows.perform import loading

    source: Path = task.inputs[0]
    count: int
    shown: PerformOptions
    count, shown = task.options
    if task.kind == "poses":
        motions = load_cast(source, count, progress=progress, **loading(shown))
        if count == 1:
            steady_track(motions[0], progress)
        return
    clip = probe(source, fps=shown.fps)
    using = {"estimator": shown.estimator, "device": shown.device}
    if task.kind == "who":
        detect_people(clip, progress=progress, **using)
        return
    assert task.segment is not None
    segment = range(*task.segment)
    if task.kind == "look":
        look_at_segment(clip, segment, progress=progress, **using)
    else:
        follow_in_segment(clip, segment, person=shown.person, progress=progress, **using)
