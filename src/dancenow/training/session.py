"""A training session: the folder in which a model is trained, from its marker to its page.

The session marks the folder as ours before anything else is written, keeps a second process out
with a lock, resumes a training only with the inputs it began with, and leaves a checkpoint and a
page however it ends.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from dancenow.errors import (
    DanceNowError,
    DanceNowWarning,
    InputError,
    OutputError,
    TrainingError,
    counted,
)
from dancenow.files import make_folder, names_in, write_text
from dancenow.options.groups import LoggerName
from dancenow.processes import is_secondary_process, return_freed_memory, try_lock
from dancenow.progress import ProgressCallback, silent
from dancenow.reading import read_object, reading
from dancenow.report import PAGE
from dancenow.training.budget import Budget, Clock
from dancenow.training.checkpoint import STATE, load_state
from dancenow.training.history import FILE as HISTORY
from dancenow.training.logs import check_logger, log_figures
from dancenow.training.loop import LoopOptions, Trainable, run_training
from dancenow.training.pace import lasting, watched
from dancenow.training.page import TrainingPage, write_training_page
from dancenow.training.team import Team

CHECKPOINT: Final = "checkpoint"
MARKER: Final = "training.json"
LOCK: Final = "training.lock"
VERSION: Final = 1


@dataclass(frozen=True)
class Training:
    """One training inside a session; a choreographer of pictures has two.

    Attributes:
        name: of its folder below `checkpoint/`; "" if the session has only one training.
        label: its name in progress, such as "learning the dance".
        budget: of this training.
        made_of: JSON values that must match to resume, such as its clip and configuration.
        starts_over: start over if `made_of` differs, instead of refusing.
        enough_steps: steps needed for a good result; with fewer, the user is warned.
        tune_threads: see `LoopOptions`.
        learns: what it learns, such as "the pictures", for warnings; "" if the session has only
            one training.
    """

    name: str
    label: str
    budget: Budget
    made_of: Mapping[str, Any]
    starts_over: bool = False
    enough_steps: int = 0
    tune_threads: bool = False
    learns: str = ""

    def told(self, text: str) -> str:
        """A warning of this training, which tells it from others of the session."""
        return f"{self.learns}: {text}" if self.learns else text


class Session:
    """The folder of a training, while this process trains in it; a context manager.

    Ctrl-C and a failed training still write the page, with a note.  Any other error before the
    first step removes what the session made.

    Args:
        folder: for the result and the checkpoints; created if missing.
        kind: what is trained, such as "performer"; a folder of another kind is refused.
        finished: whether the folder already holds such a result.
        contents: of what it is learned (see `content_hash`), so that it can be forgotten.
        logger: where losses and previews are logged besides the history.
        progress: called for every step.

    Attributes:
        page: makes the page's content; None until it is known.
        trained: whether this session has done any step.

    Raises:
        InputError: the folder holds other files, is of another kind, or another process trains in
            it.
    """

    def __init__(
        self,
        folder: Path,
        kind: str,
        *,
        finished: bool,
        contents: Collection[str] = (),
        logger: LoggerName = "csv",
        progress: ProgressCallback = silent,
    ) -> None:
        check_logger(logger)
        self.folder, self.kind, self.finished = folder, kind, finished
        self.page: Callable[[], TrainingPage] | None = None
        self.trained = False
        self._contents = sorted(set(contents))
        self._logger, self._progress = logger, progress
        self._notes: list[str] = []
        self._last: tuple[Path, int] | None = None  # checkpoint of the last training, and its steps
        self._check_folder()

    def __enter__(self) -> Session:
        self._resources = ExitStack()
        if not is_secondary_process():  # only the first process locks the folder
            self._existed = self.folder.is_dir()
            self._marked = self._mark()
            self._lock()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        first = not is_secondary_process()
        if first and isinstance(error, KeyboardInterrupt | TrainingError):
            self._write_stopped_page(error)
        self._resources.close()
        if first and error is not None and self._marked:
            self._unmark()

    def checkpoint(self, name: str = "") -> Path:
        """The folder of a training's checkpoint."""
        return self.folder / CHECKPOINT / name if name else self.folder / CHECKPOINT

    def check(self, made_of: Mapping[str, Any], name: str = "") -> None:
        """Raise now, before long work, if a training of that name cannot resume with `made_of`.

        Raises:
            InputError: it was begun with something else, or its checkpoint is gone.
        """
        if self.finished and not (self.checkpoint(name) / STATE).is_file():
            raise self._checkpoint_is_gone()
        try:
            values = read_object(self.checkpoint(name) / STATE, "").get("values")
        except InputError:
            return  # none yet, or damaged, which `load_state` reports
        if isinstance(values, dict):
            self._agree(made_of, values)

    def train(self, trainable: Trainable, training: Training, team: Team | None = None) -> Clock:
        """Start or resume a training, and run it until its budget is used.

        Always closes `trainable`.

        Returns:
            The training's clock: its total steps and seconds.

        Raises:
            InputError: the checkpoint does not match, is damaged, or is of a newer version.
            TrainingError: the loss is NaN or infinite.
        """
        team = team or Team()
        checkpoint = self.checkpoint(training.name)
        try:
            clock = self._resumed(trainable, training, team)
            self._note_contents()
            steps_before = clock.step
            if not clock.over or not (checkpoint / STATE).is_file():
                self.trained = True
                run_training(
                    trainable,
                    clock,
                    checkpoint,
                    training.label,
                    LoopOptions(
                        self._watching(training, clock),
                        self._logger,
                        team,
                        training.made_of,
                        training.tune_threads,
                    ),
                )
        finally:
            trainable.close()
            return_freed_memory()
        clock.stop()
        self._last = checkpoint, clock.step
        if clock.step > steps_before and clock.step < training.enough_steps and team.first:
            self._warn_of_few_steps(training, clock)
        return clock

    def finish(self, figures: Mapping[str, Any]) -> None:
        """Log the final figures and write the page, if anything was trained."""
        if is_secondary_process():
            return
        if self.trained and self._last is not None:
            log_figures(self._logger, *self._last, figures)
        if self.page is not None and (self.trained or not (self.folder / PAGE).is_file()):
            write_training_page(self.folder, replace(self.page(), notes=tuple(self._notes)))

    def _resumed(self, trainable: Trainable, training: Training, team: Team) -> Clock:
        state = load_state(self.checkpoint(training.name))
        if not team.same(-1 if state is None else int(state.values["step"])):
            raise InputError(
                f"{self.folder}: the machines see different checkpoints; let them share it."
            )
        if state is None and self.finished and not training.starts_over:
            raise self._checkpoint_is_gone()
        if state is not None and not agrees(training.made_of, state.values):
            if not training.starts_over:
                self._agree(training.made_of, state.values)
            state = None
        if state is None:
            return Clock(training.budget)
        trainable.restore(state, self.checkpoint(training.name))
        return Clock(training.budget, int(state.values["step"]), float(state.values["seconds"]))

    def _checkpoint_is_gone(self) -> InputError:
        return InputError(
            f"{self.folder}: holds a finished {self.kind} without its checkpoint; choose another "
            "folder."
        )

    def _agree(self, made_of: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Raise `InputError` if a checkpoint was begun with other inputs."""
        ours, theirs = made_of.get("config"), values.get("config")
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            preset = theirs.get("preset")
            if isinstance(preset, str) and preset != ours.get("preset"):
                raise InputError(
                    f"{self.folder}: was begun with `preset={preset}`; add that to resume it, or "
                    "choose another folder."
                )
        if not agrees(made_of, values):
            raise InputError(
                f"{self.folder}: holds a {self.kind} of another clip, preset or version, or of "
                "other options; choose another folder."
            )

    def _watching(self, training: Training, clock: Clock) -> ProgressCallback:
        """The progress, and a warning as soon as the minutes turn out to be far too few."""
        enough = training.enough_steps
        if training.budget.minutes is None or not enough:
            return self._progress
        preset = training.made_of.get("config", {}).get("preset", "fast")
        other = "`preset=fast` or " if preset not in ("fast", "tiny") else ""

        def tell(expected: int, minutes: float) -> None:
            said = training.told(
                f"at this pace {counted(expected, 'step')} can be made in this time, and a good "
                f"result takes about {enough:,} ({lasting(minutes)}): stop with Ctrl-C and "
                f"choose {other}more `minutes`."
            )
            warnings.warn(f"{self.folder}: {said}", DanceNowWarning, stacklevel=5)

        return watched(self._progress, clock, enough, tell)

    def _warn_of_few_steps(self, training: Training, clock: Clock) -> None:
        made = "1 step was" if clock.step == 1 else f"{clock.step:,} steps were"
        said = training.told(
            f"{made} made, and a good result takes about "
            f"{training.enough_steps:,}: run the same command with more `minutes`, or with "
            "`quality=good`. A busy computer takes longer per step."
        )
        self._notes.append(said)
        warnings.warn(f"{self.folder}: {said}", DanceNowWarning, stacklevel=4)

    def _check_folder(self) -> None:
        folder = self.folder
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder}: is a file; a {self.kind} needs a folder.")
        if not folder.is_dir():
            return
        marked = _marked_kind(folder)
        if (held := marked or _finished_kind(folder)) not in (None, self.kind):
            raise OutputError(f"{folder}: holds a {held}; choose another folder.")
        # Older versions left no marker.
        left = (folder.glob(f"{CHECKPOINT}/**/{name}") for name in (STATE, HISTORY))
        begun = next(chain.from_iterable(left), None) is not None
        ours = self.finished or marked is not None or begun
        # A process that is killed before it marks the folder leaves an empty checkpoint.
        others = names_in(folder) - {CHECKPOINT} | names_in(folder / CHECKPOINT) - {LOCK}
        if others and not ours:
            raise OutputError(f"{folder}: holds other files; choose a new or empty folder.")

    def _mark(self) -> bool:
        """Mark the folder as ours; returns whether it was not marked before."""
        make_folder(self.folder / CHECKPOINT)
        path = self.folder / CHECKPOINT / MARKER
        if path.is_file():
            return False
        document = {"version": VERSION, "kind": self.kind, "contents": self._contents}
        write_text(path, json.dumps(document))
        return True

    def _note_contents(self) -> None:
        """Add what is learned to the marker, where an older version or other clips made it."""
        known = contents_of(self.folder)
        if not is_secondary_process() and not known.issuperset(self._contents):
            contents = sorted(known.union(self._contents))
            document = {"version": VERSION, "kind": self.kind, "contents": contents}
            write_text(self.folder / CHECKPOINT / MARKER, json.dumps(document))

    def _unmark(self) -> None:
        """Remove the marker and the folders if they hold nothing else."""
        checkpoint = self.folder / CHECKPOINT
        if {path.name for path in checkpoint.iterdir()} <= {MARKER, LOCK}:
            for path in checkpoint.iterdir():
                path.unlink()
            with suppress(OSError):
                checkpoint.rmdir()
                if not self._existed:
                    self.folder.rmdir()

    def _lock(self) -> None:
        release = try_lock(self.folder / CHECKPOINT / LOCK)
        if release is None:
            raise InputError(
                f"{self.folder}: another process is training in it; wait for it, or choose another "
                "folder."
            )
        self._resources.callback(release)

    def _write_stopped_page(self, error: BaseException) -> None:
        why = "It was stopped; the same command resumes it."
        if isinstance(error, TrainingError):
            why = f"It failed: {error}"
        if self.page is not None and self.trained:
            with suppress(OSError, DanceNowError):  # the reason for stopping matters more
                write_training_page(self.folder, replace(self.page(), notes=(why,)))


def agrees(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether `theirs` holds every value of `ours`; further values do not matter.

    Older versions wrote more into a configuration than is read today.
    """
    return all(
        agrees(value, theirs.get(key, {}))
        if isinstance(value, Mapping) and isinstance(theirs.get(key), Mapping)
        else theirs.get(key) == value
        for key, value in ours.items()
    )


def contents_of(folder: Path) -> set[str]:
    """Of what was learned in a folder, as its marker tells; empty if it does not."""
    try:
        contents = read_object(folder / CHECKPOINT / MARKER, "").get("contents", [])
    except InputError:
        return set()
    return set(map(str, contents)) if isinstance(contents, list) else set()


def _marked_kind(folder: Path) -> str | None:
    """The kind named by a folder's marker; None without a marker.

    Raises:
        InputError: it is of a newer version.
    """
    path = folder / CHECKPOINT / MARKER
    try:
        with reading(path, ""):
            document = read_object(path, "")
            version, kind = int(document["version"]), str(document["kind"])
    except InputError:
        return None
    if version > VERSION:
        raise InputError(
            f"{folder}: a training of version {version}, but this DanceNow reads up to {VERSION}; "
            "update DanceNow."
        )
    return kind


def _finished_kind(folder: Path) -> str | None:
    """The kind of a finished result without a marker, as older versions left it."""
    try:
        kind = read_object(folder / "config.json", "").get("kind")
    except InputError:
        return None
    return None if kind is None else str(kind)
