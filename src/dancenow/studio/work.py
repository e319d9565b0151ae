"""What jobs do, each in a process of its own: calls of `workflows`, with what the page asked for.

A request is JSON: paths are text, options are those of the command line.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from dancenow.files import make_folder
from dancenow.progress import Progress
from dancenow.studio.child import Request, Tell
from dancenow.studio.jobs import Kind

RESULT, BESIDE = "result.mp4", "beside.mp4"
_LOOK = 1.0  # seconds between two looks for a new preview


def transfer(request: Request, folder: Path, tell: Tell) -> dict[str, Any]:
    """Learn a person where that is needed, let them dance a source, and show both."""
    from dancenow.performer import Performer
    from dancenow.sources.load import load_source
    from dancenow.staging.choices import Retarget
    from dancenow.staging.room import performable
    from dancenow.staging.side_by_side import write_beside
    from dancenow.workflows.transfer import ShowOptions, perform

    result = folder / RESULT
    show = ShowOptions(retarget=Retarget(request["retarget"]), background=request["background"])
    show.check(result)
    source = _clip(request["source"], tell)
    motion = load_source(source, progress=tell)  # what is wrong with it is told before learning
    figures = _learn_person(request["person"], tell)
    trained = Path(request["person"]["folder"])
    made = perform(trained, source, result, show, device=request["device"], progress=tell)
    performer = Performer.load(trained)
    moved = performable(performer, motion.track, retarget=show.retarget)
    write_beside([source, moved, result], folder / BESIDE, sound=result, progress=tell)
    return {**figures, **_figures(made), "beside": True}


def new_dance(request: Request, folder: Path, tell: Tell) -> dict[str, Any]:
    """Learn a dance and a person where that is needed, compose a new one, and perform it."""
    from dancenow.choreographer import ChoreographyOptions
    from dancenow.pose import PoseTrack
    from dancenow.staging.side_by_side import write_beside
    from dancenow.workflows.compose import NewDance
    from dancenow.workflows.generate import generate

    dance, person, music = request["dance"], request["person"], request["music"]
    result, trained = folder / RESULT, Path(request["dance"]["folder"])
    background = request["background"]
    new = NewDance(
        loop=request["loop"],
        music=None if music is None else Path(music),
        performers=() if person is None else (Path(person["folder"]),),
        background=background if person is not None else "target",
    )
    options = ChoreographyOptions(
        codec=dance["codec"], device=request["device"], seed=request["seed"]
    )
    wanted = {"seconds": request["seconds"], "temperature": request["temperature"]}
    figures = _learn_dance(dance, tell)
    if person is not None:
        figures |= _learn_person(person, tell)
    made = generate(trained, result, options, **wanted, new=new, progress=tell)
    if person is not None:
        # Composing is quick and the seed decides all: this is the dance that was performed.
        track = folder / "dance.npz"
        alone = NewDance(loop=new.loop, music=new.music)
        generate(trained, track, options, **wanted, new=alone, progress=tell)
        danced = PoseTrack.load(track)
        write_beside([danced, result], folder / BESIDE, sound=result, progress=tell)
    return {**figures, **_figures(made), "beside": person is not None}


def look(request: Request, _: Path, tell: Tell) -> dict[str, Any]:
    """A strip of a clip's frames with the poses found in them, and one frame alone."""
    from dancenow.studio.look import write_middle, write_strip

    clip = Path(request["clip"])
    seen = write_strip(clip, Path(request["strip"]), progress=tell)
    write_middle(clip, Path(request["picture"]))
    return {"seen": seen}


def sample_look(request: Request, _: Path, tell: Tell) -> dict[str, Any]:
    """The same of a sample performer, whose clip need not be rendered for it."""
    from dancenow.studio.look import write_sample_strip

    write_sample_strip(
        request["performer"],
        request["dance"],
        request["seconds"],
        Path(request["strip"]),
        Path(request["picture"]),
        progress=tell,
    )
    return {}


def admit(request: Request, _: Path, tell: Tell) -> dict[str, Any]:
    """Load what was brought from elsewhere: what is damaged is told now."""
    from dancenow.choreographer import Choreographer
    from dancenow.performer import FastPerformer, Performer
    from dancenow.studio.look import write_picture
    from dancenow.training import choose_device

    trained, cpu = Path(request["folder"]), choose_device("cpu")
    tell(Progress("looking into the archive", 0, None))
    if request["kind"] == "person":
        performer = Performer.load(trained, cpu)
        if isinstance(performer, FastPerformer) and not Path(request["picture"]).is_file():
            write_picture(performer.scene.plate, Path(request["picture"]))
    else:
        Choreographer.load(trained, cpu)
    return {}


KINDS = {
    "transfer": Kind(transfer),
    "new_dance": Kind(new_dance),
    "look": Kind(look, lane="short", kept=False),
    "sample_look": Kind(sample_look, lane="short", kept=False),
    "admit": Kind(admit, lane="short", kept=False),
}


def _clip(material: dict[str, Any], tell: Tell) -> Path:
    """A clip's file; a sample performer's is rendered first."""
    from dancenow.workflows.sample import write_sample

    path, sample = Path(material["path"]), material["sample"]
    if sample is not None and not path.is_file():
        make_folder(path.parent)
        write_sample(path, **sample, progress=tell)
    return path


def _learn_person(person: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Train a person until the budget is used; one that was brought stays as it is."""
    from dancenow.workflows.train import TrainOptions, train_performer

    folder = Path(person["folder"])
    if person["material"] is None:
        return {}
    options = TrainOptions(
        person["preset"],
        person["minutes"],
        person["steps"],
        device=person["device"],
        seed=person["seed"],
    )
    clip, watch = _clip(person["material"], tell), _Watch(folder, tell)
    try:
        trained = train_performer(clip, folder, options, progress=watch)
    finally:
        watch.look()
    return {"person_steps": trained.steps, "person_seconds": trained.seconds}


def _learn_dance(dance: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Train a choreographer of poses; one that was brought stays as it is."""
    from dancenow.choreographer import ChoreographyOptions
    from dancenow.workflows.train_choreographer import train_choreographer

    clips, folder = [Path(clip) for clip in dance["clips"]], Path(dance["folder"])
    for sample in dance["samples"]:
        clips.append(Path(sample["path"]))
        if not clips[-1].is_file():
            _dance_of_sample(tell, **sample)
    if not clips:
        return {}
    options = ChoreographyOptions(
        dance["preset"],
        "pose",
        dance["minutes"],
        dance["steps"],
        device=dance["device"],
        seed=dance["seed"],
    )
    watch = _Watch(folder, tell)
    try:
        report = train_choreographer(clips, folder, options, progress=watch)[1]
    finally:
        watch.look()
    return {"dance_steps": report.steps, "dance_seconds": report.seconds}


def _dance_of_sample(
    tell: Tell, *, path: str, performer: str, dance: str, seconds: float, fps: float
) -> None:
    from dancenow.sample import dance_track

    make_folder(Path(path).parent)
    tell(Progress(f"{performer} dances {dance}", 0, None))
    dance_track(performer, dance, seconds=seconds, fps=fps).save(Path(path))


class _Watch:
    """A callback that also shows the newest picture that a training left in its folder."""

    def __init__(self, folder: Path, tell: Tell) -> None:
        self._folder, self._tell = folder, tell
        self._shown, self._looked = "", time.monotonic()

    def __call__(self, event: Progress) -> None:
        self._tell(event)
        if time.monotonic() - self._looked >= _LOOK:
            self.look()

    def look(self) -> None:
        """Show the newest picture, if it was not shown before."""
        self._looked = time.monotonic()
        newest = max(self._folder.glob("**/previews/*.jpg"), default=None)
        if newest is not None and str(newest) != self._shown:
            self._shown = str(newest)
            self._tell.preview(newest.read_bytes())


def _figures(made: Any) -> dict[str, Any]:
    """What is told of a clip that was made, as JSON."""
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
