"""The files that a plan names, and the motion in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dancenow.errors import InputError
from dancenow.options.groups import EstimatorOptions
from dancenow.plan import DancePlan
from dancenow.pose.dancers import LARGEST
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.load import Source, load_source, steady_track

Place = tuple[str | int, ...]  # of a value in a plan, such as ("segment", 2, "clip")


def files_of(plan: DancePlan) -> list[Path]:
    """All files that a plan names, once each.

    Raises:
        InputError: one is missing; the message tells the line.
    """
    named: list[tuple[Place, Path | None]] = [
        (("choreographer",), plan.choreographer),
        (("music",), plan.music),
        *_shown(plan),
    ]
    files = []
    for place, path in named:
        if path is None:
            continue
        try:
            found = plan.file(path).exists()
        except (OSError, ValueError):  # its name is too long, or no name
            found = False
        if not found:
            raise plan.fault(f"{str(path)[:200]}: no such file or folder.", *place)
        files.append(plan.file(path))
    return list(dict.fromkeys(files))


def read_footage(
    plan: DancePlan,
    options: EstimatorOptions,
    *,
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> dict[tuple[str, int], Source]:
    """The motion in all clips of a plan, each found once and without the camera's own movement.

    Args:
        plan: the plan.
        options: how poses are found.
        device: where; see `make_estimator`.
        progress: called for every frame.

    Returns:
        By ("segment", number) and ("pin", number).

    Raises:
        InputError: one cannot be read, or shows nobody; the message tells the line.
    """
    loaded: dict[tuple[Path, str], Source] = {}
    footage = {}
    for (what, number, key), path in _shown(plan):
        part = plan.segments[number] if what == "segment" else plan.pins[number]
        name = plan.file(path).resolve(), part.person or LARGEST
        if name not in loaded:
            try:
                source = load_source(
                    plan.file(path),
                    person=name[1],
                    estimator=options.estimator,
                    device=device,
                    progress=progress,
                )
            except InputError as error:
                at = "person" if "`person" in str(error) else key
                raise plan.fault(str(error), what, number, at) from error
            loaded[name] = replace(source, track=steady_track(source, progress))
        footage[what, number] = loaded[name]
    return footage


def _shown(plan: DancePlan) -> list[tuple[tuple[str, int, str], Path]]:
    """The clips, tracks and captures of a plan, and where it names them."""
    parts = [("segment", n, "clip", each.clip) for n, each in enumerate(plan.segments)]
    parts += [("segment", n, "pose", each.pose) for n, each in enumerate(plan.segments)]
    parts += [("pin", n, "pose", each.pose) for n, each in enumerate(plan.pins)]
    return [((what, n, key), path) for what, n, key, path in parts if path is not None]
