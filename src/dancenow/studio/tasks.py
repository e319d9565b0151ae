"""The tasks of jobs, run in worker processes: they call `workflows` with what the user chose.

A request is JSON: paths are text, options are those of the command line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dancenow.errors import InputError
from dancenow.progress import Progress, ProgressCallback
from dancenow.staging.backdrop import TRANSPARENT
from dancenow.studio.worker import JobReporter, JobRequest

if TYPE_CHECKING:
    from dancenow.options import GenerateOptions, PerformOptions
    from dancenow.pose import PoseTrack

RESULT_FILE, SIDE_BY_SIDE_FILE, FIRST_FILE = "result.mp4", "beside.mp4", "first.mp4"
RESULT_STEM, SOURCE_STEM, POSTER_FILE = "result", "source", "poster.jpg"
_FIRST_SECONDS = 3.0  # length of a first look
_PLATE = 4  # how many uploads' pixels an imported room may have: who was learned elsewhere
_PREVIEW_INTERVAL = 1.0  # seconds between two looks for a new preview


def transfer(request: JobRequest, folder: Path, reporter: JobReporter) -> dict[str, Any]:
    """Train a person where needed, let them dance a source, and put both side by side."""
    from dancenow.options import PerformOptions, Retarget
    from dancenow.performer import Performer, is_performer
    from dancenow.sources.load import load_source
    from dancenow.staging.room import performable
    from dancenow.staging.show import check_show
    from dancenow.staging.side_by_side import write_beside
    from dancenow.studio.thumbnails import write_clip_thumbnail
    from dancenow.studio.uploads import link_or_copy
    from dancenow.training import choose_device
    from dancenow.workflows.perform import perform

    transparent = request["background"] == TRANSPARENT
    result = folder / (f"{RESULT_STEM}.webm" if transparent else RESULT_FILE)
    show = PerformOptions(
        retarget=Retarget(request["retarget"]),
        background=request["background"],
        device=request["device"],
        person=request.get("who", "largest"),
        source_poses=Path(request["poses"]) if request.get("poses") else None,
    )
    check_show(show, result)
    reporter.step("poses")
    source = Path(request["source"])
    link_or_copy(source, folder / f"{SOURCE_STEM}{source.suffix}")
    # Refuses it before the training, not after.
    motion = load_source(source, person=show.person, poses=show.source_poses, progress=reporter)
    trained = Path(request["person"]["folder"])
    if request["person"]["material"] is not None and not is_performer(trained):
        reporter.step("look")
        _show_first_look(request["person"], motion.track, show, folder, reporter)
    figures = train_person(request["person"], reporter)
    reporter.step("perform")
    made = perform(trained, source, result, show, progress=reporter)
    reporter.step("finish")
    write_clip_thumbnail(result, folder / POSTER_FILE)
    performer = Performer.load(trained, choose_device(request["device"]))
    moved = performable(performer, motion.track, retarget=show.retarget)
    write_beside(
        [source, moved, result], folder / SIDE_BY_SIDE_FILE, sound=result, progress=reporter
    )
    return {**figures, **result_figures(made), "beside": True}


def new_dance(request: JobRequest, folder: Path, reporter: JobReporter) -> dict[str, Any]:
    """Train on a dance and a person where needed, compose a new dance, and perform it."""
    from dancenow.staging.side_by_side import write_beside
    from dancenow.studio.thumbnails import write_clip_thumbnail
    from dancenow.workflows.generate import generate

    dance, person = request["dance"], request["person"]
    result, trained = folder / RESULT_FILE, Path(request["dance"]["folder"])
    options = dance_options(request)
    figures = train_dance(dance, reporter)
    if person is not None:
        figures |= train_person(person, reporter)
    reporter.step("perform")
    made = generate(trained, result, options, progress=reporter)
    reporter.step("finish")
    write_clip_thumbnail(result, folder / POSTER_FILE)
    if made.track is not None and person is not None:
        write_beside(
            [made.track, result], folder / SIDE_BY_SIDE_FILE, sound=result, progress=reporter
        )
    return {**figures, **result_figures(made), "beside": person is not None}


def dance_options(request: JobRequest) -> GenerateOptions:
    """What a request for a new dance says, as options."""
    from dancenow.options import GenerateOptions

    person, music = request["person"], request["music"]
    return GenerateOptions(
        codec=request["dance"]["codec"],
        device=request["device"],
        seed=request["seed"],
        seconds=request["seconds"],
        temperature=request["temperature"],
        loop=request["loop"],
        style=tuple(request.get("style", ())),
        music=None if music is None else Path(music),
        bpm=request.get("bpm"),
        performer=() if person is None else (Path(person["folder"]),),
    )


def learn_person(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """Go on learning a person."""
    return train_person(request["person"], reporter)


def convert(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """Write a result in another form: "gif", "tall" (9:16) or "silent"."""
    from dancenow.staging.conversion import convert_result

    result, output = Path(request["result"]), Path(request["output"])
    convert_result(result, output, request["form"], progress=reporter)
    return {}


def cut_clip(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """Write a part of a clip, or of music."""
    from dancenow.staging.conversion import cut_clip, cut_sound

    clip, output, part = Path(request["clip"]), Path(request["output"]), request["part"]
    if request["music"]:
        cut_sound(clip, output, *part)
    else:
        cut_clip(clip, output, *part, progress=reporter)
    return {}


def preview_clip(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """Draw a strip of a clip's frames with the poses found in them, and a thumbnail.

    Returns:
        `people`: how many are seen at once; `boxes`: see `write_numbered_people`.
    """
    from dancenow.sources.photos import photos_of
    from dancenow.studio.thumbnails import (
        write_clip_thumbnail,
        write_numbered_people,
        write_pose_strip,
    )

    clip, strip = Path(request["clip"]), Path(request["strip"])
    people = write_pose_strip(clip, strip, progress=reporter)
    write_clip_thumbnail(clip, Path(request["picture"]))
    boxes = None
    if people > 1 and not photos_of(clip):
        boxes = write_numbered_people(clip, strip, progress=reporter)
    return {"people": people, "boxes": boxes}


def look_ahead(request: JobRequest, folder: Path, reporter: JobReporter) -> dict[str, Any]:
    """Find what a job will need of a clip, which is kept in the cache: poses, or a dancer."""
    from dancenow.sources.load import load_source

    clip, training = Path(request["clip"]), request["training"]
    if training is None:
        reporter.step("poses")
        load_source(clip, progress=reporter)
    else:
        reporter.step("look")
        with TemporaryDirectory(dir=folder) as untrained:
            _prepare({"material": clip, **training}, Path(untrained) / "person", reporter)
    return {}


def check_import(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """Load an imported person or dance, so that a damaged one is refused now."""
    from dancenow.choreographer import Choreographer
    from dancenow.performer import Performer
    from dancenow.studio.thumbnails import write_thumbnail
    from dancenow.training import choose_device

    trained, cpu = Path(request["folder"]), choose_device("cpu")
    reporter(Progress("checking the archive", 0, None))
    if request["kind"] == "person":
        _check_plate(trained, float(request["megapixels"]))
        plate, picture = Performer.load(trained, cpu).scene.plate, Path(request["picture"])
        if plate is not None and not picture.is_file():
            write_thumbnail(plate, picture)
    else:
        Choreographer.load(trained, cpu)
    return {}


def _check_plate(trained: Path, megapixels: float) -> None:
    """Raise `InputError` if an imported person stands in a larger picture than is allowed."""
    from dancenow.video.images import open_picture

    path = trained / "plate.png"
    if path.is_file():
        with open_picture(path) as plate:
            if plate.width * plate.height > _PLATE * megapixels * 1e6:
                raise InputError(
                    f"the person's room is {plate.width} x {plate.height} pixels; at most "
                    f"{_PLATE * megapixels:g} million pixels are allowed here."
                )


def file_of(folder: Path, stem: str) -> Path | None:
    """The file in a job's folder that has that stem, whatever its suffix."""
    return next(iter(sorted(folder.glob(f"{stem}.*"))), None)


def _show_first_look(
    person: dict[str, Any],
    track: PoseTrack,
    show: PerformOptions,
    folder: Path,
    reporter: JobReporter,
) -> None:
    """Show some seconds of what a person looks like before any training, if that is anything."""
    from dancenow.options import PerformOptions
    from dancenow.workflows.perform import perform

    show = replace(show, person=PerformOptions().person, source_poses=None)  # chosen already
    if show.background in ("source", TRANSPARENT):  # needs the source's clip, not only its poses
        show = replace(show, background="target")
    with TemporaryDirectory(dir=folder) as untrained:
        performer, start = Path(untrained) / "person", Path(untrained) / "start.npz"
        if not _prepare(person, performer, reporter):
            return
        track[: max(1, round(_FIRST_SECONDS * track.fps))].save(start)
        perform(performer, start, folder / FIRST_FILE, show, progress=reporter)
    reporter.first_look()


def _prepare(person: dict[str, Any], folder: Path, reporter: JobReporter) -> bool:
    """Make a person who has learned nothing yet; False where that is nothing to see."""
    from dancenow.options import TrainPerformerOptions
    from dancenow.performer import method_for
    from dancenow.workflows.train_performer import train_performer

    clip = Path(person["material"])
    method = method_for(clip, person["preset"])
    if not (method.learns and method.shows_untrained):
        return False
    options = TrainPerformerOptions(
        preset=person["preset"],
        minutes=0,
        device=person["device"],
        seed=person["seed"],
        target_person=person.get("who", "largest"),
        consent=person.get("consent"),
    )
    train_performer(clip, folder, options, progress=reporter)
    return True


def train_person(person: dict[str, Any], reporter: JobReporter) -> dict[str, Any]:
    """Train a person for the time that was chosen; an imported one stays as it is."""
    from dancenow.options import TrainPerformerOptions
    from dancenow.performer import method_for
    from dancenow.workflows.train_performer import train_performer

    folder = Path(person["folder"])
    if person["material"] is None:
        return {}
    reporter.step("learn")
    options = TrainPerformerOptions(
        preset=person["preset"],
        minutes=person["minutes"],
        steps=person["steps"],
        device=person["device"],
        seed=person["seed"],
        target_person=person.get("who", "largest"),
        consent=person.get("consent"),
    )
    clip = Path(person["material"])
    if not method_for(clip, options.preset).learns:
        options = replace(options, minutes=None, steps=None)
    with _previews(folder, reporter) as progress:
        trained = train_performer(clip, folder, options, progress=progress)
    return {"person_steps": trained.steps, "person_seconds": trained.seconds}


def train_dance(dance: dict[str, Any], reporter: JobReporter) -> dict[str, Any]:
    """Train a choreographer of poses; an imported one stays as it is."""
    from dancenow.options import TrainChoreographerOptions
    from dancenow.workflows.train_choreographer import train_choreographer

    clips, folder = [Path(clip) for clip in dance["clips"]], Path(dance["folder"])
    if not clips:
        return {}
    reporter.step("dance")
    options = TrainChoreographerOptions(
        preset=dance["preset"],
        codec="pose",
        minutes=dance["minutes"],
        steps=dance["steps"],
        device=dance["device"],
        seed=dance["seed"],
    )
    with _previews(folder, reporter) as progress:
        trained = train_choreographer(clips, folder, options, progress=progress)[1]
    return {"dance_steps": trained.steps, "dance_seconds": trained.seconds}


@contextmanager
def _previews(folder: Path, reporter: JobReporter) -> Iterator[ProgressCallback]:
    """A progress callback that also shows the newest picture that a training left in its folder."""
    shown, checked = "", time.monotonic()

    def show_newest() -> None:
        nonlocal shown, checked
        checked = time.monotonic()
        newest = max(folder.glob("**/previews/*.jpg"), default=None)
        if newest is not None and str(newest) != shown:
            shown = str(newest)
            reporter.preview(newest.read_bytes())

    def progress(event: Progress) -> None:
        reporter(event)
        if time.monotonic() - checked >= _PREVIEW_INTERVAL:
            show_newest()

    try:
        yield progress
    finally:
        show_newest()


def result_figures(made: Any) -> dict[str, Any]:
    """What the page says about a clip that was made, as JSON."""
    figures = {
        "frames": made.frames,
        "fps": float(made.fps),
        "size": list(made.size),
        "seconds_spent": round(sum(made.times.seconds.values()), 1),
    }
    for name in ("tempo", "beat_alignment", "before_alignment"):
        if getattr(made, name, None) is not None:
            figures[name] = getattr(made, name)
    return figures
