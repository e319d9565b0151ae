"""The tasks whose results pages draw, in worker processes: music, dances and poses."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dancenow.studio.worker import JobReporter, JobRequest

if TYPE_CHECKING:
    from dancenow.pose import PoseTrack

_PEAKS: Final = 1200  # of a sound that is drawn
_BODY: Final = 25  # keypoints that are drawn
_FINE: Final = 4  # parts of a pixel that places are rounded to
_HIDDEN: Final = -32768


def hear_music(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """What the time line shows of a piece of music: its loudness and its beats."""
    import numpy as np

    from dancenow.music import analyze_music
    from dancenow.music.analysis import load_samples
    from dancenow.progress import Progress

    path = Path(request["music"])
    reporter(Progress("hearing the music", 0, None))
    music = analyze_music(path, bpm=request["bpm"], first_beat=request["first_beat"])
    parts = np.array_split(np.abs(load_samples(path)), _PEAKS)
    peaks = np.array([float(part.max(initial=0)) for part in parts])
    return {
        "seconds": round(music.seconds, 3),
        "tempo": round(music.tempo, 2),
        "other_tempo": round(music.other_tempo, 2),
        "beats": music.beats.round(3).tolist(),
        "peaks": (peaks / max(peaks.max(), 1e-6)).round(3).tolist(),
    }


def arrange_plan(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """Make the motion of a plan, as the page draws it."""
    from dancenow.options import ComposeOptions
    from dancenow.plan import plan_of
    from dancenow.progress import StageTimes
    from dancenow.workflows.compose import arrange_plan

    plan = plan_of(request["plan"], Path("dance.toml"))
    options = ComposeOptions(device=request["device"])
    arranged = arrange_plan(plan, options, StageTimes(), reporter, request["longest"])
    return drawn_dance(arranged.tracks)


def show_dance(request: JobRequest, folder: Path, reporter: JobReporter) -> dict[str, Any]:
    """The motion of a new dance, as the page draws it; a dance that is not known is learned."""
    from dancenow.pose import PoseTrack
    from dancenow.studio.tasks import dance_options, train_dance
    from dancenow.workflows.generate import generate

    train_dance(request["dance"], reporter)
    output = folder / "dance.npz"
    made = generate(
        Path(request["dance"]["folder"]), output, dance_options(request), progress=reporter
    )
    shown = drawn_dance({"": made.track or PoseTrack.load(output)})
    for name in ("tempo", "beat_alignment"):
        if getattr(made, name, None) is not None:
            shown[name] = getattr(made, name)
    return shown


def drawn_dance(tracks: Mapping[str, PoseTrack]) -> dict[str, Any]:
    """What a page's player needs of a dance: the places of every dancer, by name."""
    first = next(iter(tracks.values()))
    return {
        "fps": first.fps,
        "size": list(first.size),
        "frames": len(first),
        "seconds": first.duration,
        "dancers": [{"name": name, "places": _drawn(track)} for name, track in tracks.items()],
    }


def find_poses(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """The poses of a clip, as the page draws them over it."""
    from dancenow.sources.load import load_source

    return _shown(load_source(Path(request["source"]), progress=reporter).track)


def mend_poses(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """Mend the poses of a clip, and keep them beside it."""
    from dancenow.pose.mending import Edit
    from dancenow.workflows.mend import mend

    track = mend(
        Path(request["source"]),
        Path(request["output"]),
        edits=[Edit(*edit) for edit in request["edits"]],
        spans=[(begins, ends) for begins, ends in request["spans"]],
        choreographer=request["choreographer"],
        device=request["device"],
        progress=reporter,
    )
    return _shown(track)


def perform_plan(request: JobRequest, folder: Path, reporter: JobReporter) -> dict[str, Any]:
    """Train people where needed, and let them dance a plan."""
    from dancenow.options import ComposeOptions
    from dancenow.plan import plan_of
    from dancenow.studio.tasks import POSTER_FILE, RESULT_FILE, result_figures, train_person
    from dancenow.studio.thumbnails import write_clip_thumbnail
    from dancenow.workflows.compose import compose

    reporter.step("poses")
    plan = plan_of(request["plan"], Path("dance.toml"))
    figures: dict[str, Any] = {}
    for person in request["people"]:
        figures |= train_person(person, reporter)
    options = ComposeOptions(
        device=request["device"],
        performer=tuple(Path(person["folder"]) for person in request["people"]),
    )
    reporter.step("perform")
    made = compose(
        plan, folder / RESULT_FILE, options, longest=request["longest"], progress=reporter
    )
    write_clip_thumbnail(folder / RESULT_FILE, folder / POSTER_FILE)
    return {**figures, **result_figures(made), "beside": False}


def learn_dance(request: JobRequest, _: Path, reporter: JobReporter) -> dict[str, Any]:
    """Learn a dance, so that plans can be composed with it."""
    from dancenow.studio.tasks import train_dance

    return train_dance(request["dance"], reporter)


def _shown(track: PoseTrack) -> dict[str, Any]:
    return {
        "fps": track.fps,
        "size": list(track.size),
        "frames": len(track),
        "places": _drawn(track),
        "edited": track.edits.any(axis=1).nonzero()[0].tolist(),
    }


def _drawn(track: PoseTrack) -> str:
    """The body's keypoints in quarters of a pixel: base64 of little-endian int16 `(T, 25, 2)`."""
    import numpy as np

    places = (track.xy[:, :_BODY] * _FINE).round().clip(_HIDDEN + 1, 32767)
    places[track.confidence[:, :_BODY] <= 0] = _HIDDEN
    return base64.b64encode(places.astype(np.dtype("<i2")).tobytes()).decode()
