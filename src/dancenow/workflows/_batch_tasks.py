"""The tasks of a batch: who is learned, whose poses are found, what is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from dancenow.hashing import fingerprint
from dancenow.options import (
    GenerateOptions,
    PerformOptions,
)
from dancenow.performer import is_performer
from dancenow.plan.batch import Wanted, plain_file_name

_VERSION: Final = 1  # of what fingerprints are made of
Kind = Literal["learn", "moves", "poses", "perform", "compose", "look", "who", "follow", "paint"]


@dataclass(frozen=True)
class Task:
    """A part of a batch, done by one process.

    Attributes:
        key: its name, of which there is one.
        kind: what is done.
        inputs: the files and folders that it reads.
        output: what it writes; None for poses, which are kept in the cache.
        options: of what is done.
        needs: keys of the tasks that must be done first.
        fingerprint: changes with everything that its result depends on.
        segment: its frames, where it does a part of what another task joins.
        painted: segments that it joins.
    """

    key: str
    kind: Kind
    inputs: tuple[Path, ...]
    output: Path | None
    options: Any
    needs: tuple[str, ...] = ()
    fingerprint: str = ""
    segment: tuple[int, int] | None = None
    painted: tuple[Path, ...] = ()

    @property
    def reads(self) -> tuple[Path, ...]:
        """All files and folders that it reads, and that another task may make."""
        return (*self.inputs, *getattr(self.options, "performer", ()))

    @property
    def is_result(self) -> bool:
        """Whether the plan wants it, not only another task."""
        return self.kind in ("perform", "compose")

    @property
    def there(self) -> bool:
        """Whether what it writes is there."""
        if self.output is None:
            return False
        return (self.output / "config.json").is_file() or self.output.is_file()


def tasks_of(wanted: Sequence[Wanted], folder: Path) -> dict[str, Task]:
    """The tasks that make what is wanted in a folder, each once, in an order that works."""
    tasks: dict[str, Task] = {}
    for each in wanted:
        needs = []
        people = []
        for name, path in each.performers:
            person = _learning(tasks, name, path, each, folder)
            people.append(path if person is None else person.output)
            needs += [] if person is None else [person.key]
        found = tuple(path for path in people if path is not None)
        output = folder / "videos" / f"{each.name}{each.suffix}"
        if isinstance(each.options, GenerateOptions):
            moves = _moves(tasks, each.moves, each.options, folder)
            folder_of_moves = each.moves[0] if moves is None else moves.output
            assert folder_of_moves is not None
            needs += [] if moves is None else [moves.key]
            options = replace(each.options, performer=found)
            task = Task(each.name, "compose", (folder_of_moves,), output, options, tuple(needs))
        else:
            assert each.source is not None
            needs.append(_poses(tasks, each.source, each.options, len(found)).key)
            task = Task(
                each.name, "perform", (each.source, *found), output, each.options, tuple(needs)
            )
        tasks[f"video {task.key}"] = replace(task, key=f"video {task.key}")
    return _marked(tasks)


def _learning(
    tasks: dict[str, Task], name: str, path: Path, wanted: Wanted, folder: Path
) -> Task | None:
    """The task that learns somebody; None where that was done before the batch."""
    if is_performer(path):
        return None
    return _once(tasks, "learn", name, (path,), folder / "people", wanted.training)


def _moves(
    tasks: dict[str, Task], moves: tuple[Path, ...], options: GenerateOptions, folder: Path
) -> Task | None:
    if len(moves) == 1 and (moves[0] / "config.json").is_file():
        return None
    return _once(tasks, "moves", moves[0].stem, moves, folder / "dances", options.training)


def _once(
    tasks: dict[str, Task],
    kind: Kind,
    name: str,
    inputs: tuple[Path, ...],
    folder: Path | None,
    options: Any,
) -> Task:
    """The task that does this; a new one, under a name of its own, if there is none yet.

    Whom it learns has a folder of their own for what is learned of which clip and how: it goes on
    when there is more time, and begins anew when the clip is another.
    """
    place = f"{plain_file_name(name)}-{fingerprint(inputs, _without_budget(options))[:6]}"
    known = tasks.get(f"{kind} {place}")
    if known is not None and known.options != options:  # the same, learned for another time
        place = f"{place}-{fingerprint(_without_consent(options))[:6]}"
    output = None if folder is None else folder / place
    key = f"{kind} {place}"
    return tasks.setdefault(key, Task(key, kind, inputs, output, options))


def _without_budget(options: Any) -> Any:
    options = _without_consent(options)
    if hasattr(options, "minutes"):
        return replace(options, minutes=None, steps=None, quality=None)
    return options


def _without_consent(options: Any) -> Any:
    """Options of which none says who agreed: that does not change what is learned."""
    return replace(options, consent=None) if hasattr(options, "consent") else options


def _poses(tasks: dict[str, Task], source: Path, options: PerformOptions, count: int) -> Task:
    """The task that finds the poses of a source, for all who dance it."""
    shown = PerformOptions(
        person=options.person,
        fps=options.fps,
        estimator=options.estimator,
        device=options.device,
        source_poses=options.source_poses,
    )
    return _once(tasks, "poses", source.stem, (source,), None, (count, shown))


def _marked(tasks: Mapping[str, Task]) -> dict[str, Task]:
    """The same tasks with their fingerprints; what each needs stands before it."""
    marked: dict[str, Task] = {}
    made = frozenset(task.output for task in tasks.values() if task.output is not None)
    for key, task in tasks.items():
        before = [marked[need].fingerprint for need in task.needs]
        options = _without_consent(task.options)
        mark = fingerprint(_VERSION, task.kind, task.inputs, options, before, made=made)
        marked[key] = replace(task, fingerprint=mark)
    return marked
