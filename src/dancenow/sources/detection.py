"""Detecting the person in a clip: poses and masks, cached by the clip's content."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np

from dancenow.cache import Entry, cache_dir, cache_root
from dancenow.errors import DanceNowWarning, NobodyError
from dancenow.files import new_folder
from dancenow.pose import PoseTrack
from dancenow.pose.dancers import LARGEST, choose_dancer
from dancenow.pose.estimators import Cast, pose_model
from dancenow.pose.estimators.base import cast_of
from dancenow.pose.filters import complete
from dancenow.pose.flow_fusion import Flow, flow_height, join_with_flow
from dancenow.pose.shots import shots_of
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.reading import read_json
from dancenow.sources.clip_entry import clip_entry
from dancenow.sources.segments import detections, flow_under, segments_of
from dancenow.video import ClipInfo

DETECTING = "detecting poses in"
VERSION = 9  # of what is cached here; increment it when detection changes
_CUTS = "cuts.json"


def detect_people(
    clip: ClipInfo,
    *,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> Cast:
    """All dancers in a clip with their raw poses, and the clip's cuts; cached by content.

    Args:
        clip: the clip.
        estimator: which estimator finds the poses.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    entry = people_entry(clip, estimator)

    def make() -> None:
        tell, kept = frame_progress(DETECTING, clip, progress), _kept(entry, clip)
        seen = chain.from_iterable(
            detections(clip, segment, kept, estimator, device, tell)
            for segment in segments_of(clip)
        )
        with naming(clip):
            found = cast_of(seen, float(clip.fps), clip.size)
        save_cast(found, entry)

    return entry.get(make, lambda: _read_cast(entry.path))


def detect_pose(
    clip: ClipInfo,
    *,
    person: str = LARGEST,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The raw poses of one dancer in a clip; cached by the clip's content.

    Args:
        clip: the clip.
        person: who of several persons; see `choose_dancer`.
        estimator: which estimator finds the poses.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, nobody is seen in it, or there is no such person.

    Warns:
        DanceNowWarning: there are several persons, and none was chosen.
    """
    cast = detect_people(clip, estimator=estimator, device=device, progress=progress)
    return cast.tracks[choose(cast, person, clip, "person")]


def find_pose(
    clip: ClipInfo,
    *,
    person: str = LARGEST,
    option: str = "person",
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The poses of a dancer, without outliers and short gaps, joined with the clip's flow; cached.

    Arguments, errors and warnings are those of `detect_pose`; `option` is the one that names the
    person, for messages.
    """
    cast = detect_people(clip, estimator=estimator, device=device, progress=progress)
    chosen = choose(cast, person, clip, option)
    entry = _track_entry(clip, estimator, chosen)

    def make() -> None:
        shots, kept = _shots(cast, chosen, clip), _kept(entry, clip)
        flow = Flow.joined(
            [_flow(clip, shots.values(), segment, kept, progress) for segment in segments_of(clip)]
        )
        joined = [join_with_flow(each, flow[slice(*ends)]) for ends, each in shots.items()]
        keypoints = np.concatenate([each.keypoints for each in joined])
        cast.tracks[chosen].with_keypoints(keypoints).save(entry.path)
        _partial(entry).remove()

    return entry.get(make, lambda: PoseTrack.load(entry.path))


def look_at_segment(
    clip: ClipInfo,
    segment: range,
    *,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> None:
    """Find who is in a segment of a long clip, for `detect_people`; it may be another process."""
    entry = people_entry(clip, estimator)
    if not entry.is_there:
        tell = frame_progress(DETECTING, clip, progress)
        for _ in detections(clip, segment, _kept(entry, clip), estimator, device, tell):
            pass


def follow_in_segment(
    clip: ClipInfo,
    segment: range,
    *,
    person: str = LARGEST,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> None:
    """Find the flow in a segment of a long clip, for `find_pose`; it may be another process."""
    cast = detect_people(clip, estimator=estimator, device=device, progress=progress)
    chosen = choose_dancer(cast.tracks, person, str(clip.path), "person")
    entry = _track_entry(clip, estimator, chosen)
    if not entry.is_there:
        shots = _shots(cast, chosen, clip).values()
        _flow(clip, shots, segment, _kept(entry, clip), progress)


def _shots(cast: Cast, chosen: int, clip: ClipInfo) -> dict[tuple[int, int], PoseTrack]:
    """A person's poses without outliers and short gaps, by the first frame and end of a shot."""
    track = cast.tracks[chosen]
    shots = shots_of(cast.cuts, clip.frames)
    return {(shot.start, shot.stop): complete(track[shot]) for shot in shots}


def _flow(
    clip: ClipInfo,
    shots: Collection[PoseTrack],
    segment: range,
    kept: Path,
    progress: ProgressCallback,
) -> Flow:
    """The flow under a person in a segment, given their poses in all shots."""
    tell = frame_progress("following the person in", clip, progress)
    keypoints = np.concatenate([shot.keypoints for shot in shots])
    # None from a shot into the next.
    heights = np.concatenate([[*[flow_height(shot)] * (len(shot) - 1), 0.0] for shot in shots])
    return flow_under(clip, segment, kept, keypoints, heights[:-1], tell)


def choose(cast: Cast, person: str, clip: ClipInfo, option: str) -> int:
    """Index of the person that is meant."""
    if person == LARGEST and _together(cast):
        warnings.warn(
            f"{clip.path}: shows {len(cast.tracks)} dancers; the largest and steadiest is taken. "
            f"`{option}=left`, right or a number take another; `dancenow pose CLIP -o TRACK "
            "--people PICTURE` shows their numbers.",
            DanceNowWarning,
            stacklevel=3,
        )
    return choose_dancer(cast.tracks, person, str(clip.path), option)


def _together(cast: Cast) -> bool:
    """Whether several dancers are seen at once."""
    seen = np.stack([(track.confidence > 0).any(axis=1) for track in cast.tracks])
    return bool((seen.sum(axis=0) > 1).any())


def people_entry(clip: ClipInfo, estimator: str) -> Entry:
    model = pose_model() if estimator in ("mediapipe", "litert") else ""
    return clip_entry("people", clip, VERSION, estimator, model)


def _track_entry(clip: ClipInfo, estimator: str, chosen: int) -> Entry:
    people = people_entry(clip, estimator).path.name
    return clip_entry("tracks", clip, people, chosen, suffix=".npz")


def _partial(made: Entry) -> Entry:
    """The segments of something that is made for the cache, kept until it is there."""
    name = f"{made.path.parent.name}-{made.path.stem}"
    return Entry(cache_root() / "segments" / name, made.of)


def _kept(made: Entry, clip: ClipInfo) -> Path:
    """The folder of the segments of something that is made, which only a long clip has."""
    partial = _partial(made)
    if len(segments_of(clip)) > 1:
        cache_dir("segments")
        partial.claim()
    return partial.path


def save_cast(cast: Cast, entry: Entry) -> None:
    with new_folder(entry.path) as temporary:
        (temporary / _CUTS).write_text(json.dumps(cast.cuts), "utf-8")
        for number, track in enumerate(cast.tracks, start=1):
            track.save(temporary / f"{number}.npz")
    _partial(entry).remove()


def _read_cast(folder: Path) -> Cast:
    cuts = read_json(folder / _CUTS, "is damaged.")
    count = len(list(folder.glob("*.npz")))
    tracks = tuple(PoseTrack.load(folder / f"{number + 1}.npz") for number in range(count))
    if len({len(track) for track in tracks}) != 1:
        raise ValueError("the tracks differ in length")
    return Cast(tracks, tuple(map(int, cuts)))


@contextmanager
def naming(clip: ClipInfo) -> Iterator[None]:
    """Tell in which clip nobody was found."""
    try:
        yield
    except NobodyError as error:
        raise NobodyError(f"{clip.path}: {error}") from error


def frame_progress(stage: str, clip: ClipInfo, progress: ProgressCallback) -> Callable[[int], None]:
    return lambda done: progress(Progress(f"{stage} {clip.path.name}", done, clip.frames))
