"""Loading a motion from a clip, a track, a motion capture or pose files."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from dancenow.errors import DanceNowWarning, InputError
from dancenow.limits import FASTEST
from dancenow.mocap import film
from dancenow.options.view import FRONT, View
from dancenow.pose import PoseTrack
from dancenow.pose.dancers import LARGEST, check_person, choose_cast
from dancenow.pose.estimators import Cast
from dancenow.pose.filters import clean
from dancenow.pose.legs import HARDLY, share_of_legs
from dancenow.pose.pose_files import holds_poses, read_pose_files
from dancenow.pose.shots import join_shots, shots_of
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.camera import find_camera, steadied
from dancenow.sources.captures import filmed, is_capture, read_figure
from dancenow.sources.detection import detect_people, find_pose
from dancenow.video import ClipInfo, probe, stored_frames

_FEW: Final = 2  # poses by which a file may differ from its clip
_ROUNDED: Final = 2  # pixels by which the height of a scaled frame may differ


@dataclass(frozen=True)
class Source:
    """A motion to dance.

    Attributes:
        track: its cleaned poses.
        clip: the clip it came from, or None if only poses were given.
        cuts: the frames of the clip with which new shots begin; the track shows all of them as one.
        filmed: whether the track shows the dancer from another side than the clip does.
    """

    track: PoseTrack
    clip: ClipInfo | None
    cuts: tuple[int, ...] = ()
    filmed: bool = False


def load_source(
    path: Path,
    *,
    fps: float | None = None,
    person: str = LARGEST,
    poses: Path | None = None,
    estimator: str = "mediapipe",
    device: str = "cpu",
    view: View = FRONT,
    progress: ProgressCallback = silent,
) -> Source:
    """The motion in a clip, a track (`.npz`), a motion capture (`.bvh`) or pose files.

    Args:
        path: the file or folder.
        fps: frames a second, instead of the file's own: a video is resampled, while pictures,
            poses and captures come at this rate.
        person: who of several persons in a clip; see `choose_dancer`.
        poses: the poses of a clip, if known: a track (`.npz`) or pose files.
        estimator: which estimator finds the poses in a clip otherwise.
        device: where it runs; see `make_estimator`.
        view: where the motion is filmed from.
        progress: called for every frame.

    Raises:
        InputError: it is none of these, it shows nobody, or `poses` are not those of a clip.
    """
    source = _load(path, fps, person, poses, estimator, device, view, progress)
    share = share_of_legs(source.track)
    if share < HARDLY:
        warnings.warn(
            f"{path}: the legs are seen in {100 * share:.0f} % of the frames; where they are not, "
            "the place of the feet is guessed.",
            DanceNowWarning,
            stacklevel=2,
        )
    if not view.moved or is_capture(path):
        return source
    return replace(source, track=filmed(path, steady_track(source, progress), view), filmed=True)


def is_without_picture(path: Path) -> bool:
    """Whether a source is a track, a motion capture or pose files, and no clip."""
    return is_capture(path) or path.suffix.lower() == ".npz" or holds_poses(path)


def steady_track(source: Source, progress: ProgressCallback = silent) -> PoseTrack:
    """A source's track, without the camera's own movement; from shot to shot, a camera jumps."""
    if source.clip is None or source.cuts:
        return source.track
    camera, _ = find_camera(source.clip, source.track, progress=progress)
    if camera is None or len(camera) != len(source.track):
        return source.track
    return steadied(source.track, camera)


def _load(
    path: Path,
    fps: float | None,
    person: str,
    poses: Path | None,
    estimator: str,
    device: str,
    view: View,
    progress: ProgressCallback,
) -> Source:
    check_rate(fps)
    check_person(person)
    if poses is not None and is_without_picture(path):
        raise InputError(f"`source_poses={poses}`: {path} holds poses already; leave it out.")
    if person != LARGEST and (is_capture(path) or path.suffix.lower() == ".npz"):
        raise InputError(f"`person={person}`: {path} holds one person; leave it out.")
    if is_capture(path):
        return Source(film(read_figure(path, fps), view), None)
    if path.suffix.lower() == ".npz":
        track = PoseTrack.load(path)
        if len(track) == 0 or not (track.confidence > 0).any():
            raise InputError(f"{path}: the track holds no pose.")
        return Source(track if fps is None else replace(track, fps=fps), None)
    if holds_poses(path):
        return Source(clean(read_pose_files(path, fps=fps).of(person, path)), None)
    clip = probe(path, fps=fps)
    clip.tell()
    if poses is not None:
        if person != LARGEST and poses.suffix.lower() == ".npz":
            raise InputError(f"`person={person}`: {poses} holds one person; leave it out.")
        return Source(load_poses(clip, poses, person=person), clip)
    track, cuts = find_in_every_shot(
        clip, person=person, estimator=estimator, device=device, progress=progress
    )
    return Source(join_shots(track, cuts), clip, cuts)


def find_in_every_shot(
    clip: ClipInfo,
    *,
    person: str = LARGEST,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> tuple[PoseTrack, tuple[int, ...]]:
    """The poses of a dancer, or of another one in shots that do not show them; and the cuts.

    Arguments, errors and warnings are those of `find_pose`; who was named is followed alone.
    """
    track = find_pose(clip, person=person, estimator=estimator, device=device, progress=progress)
    cast = detect_people(clip, estimator=estimator, device=device)
    if cast.cuts and person == LARGEST:
        track = _in_every_shot(clip, cast, track, estimator, progress)
    return track, cast.cuts


def _in_every_shot(
    clip: ClipInfo, cast: Cast, track: PoseTrack, estimator: str, progress: ProgressCallback
) -> PoseTrack:
    """A track with another dancer in the shots that do not show the first."""
    keypoints, depth = track.keypoints.copy(), None if track.depth is None else track.depth.copy()
    for shot in shots_of(cast.cuts, len(track)):
        if (keypoints[shot, :, 2] > 0).any():
            continue
        shown = [int((each.confidence[shot] > 0).any(axis=1).sum()) for each in cast.tracks]
        best = int(np.argmax(shown))
        if shown[best]:
            other = find_pose(clip, person=str(best + 1), estimator=estimator, progress=progress)
            keypoints[shot] = other.keypoints[shot]
            if depth is not None and other.depth is not None:
                depth[shot] = other.depth[shot]
    return replace(track, keypoints=keypoints, depth=depth)


def load_cast(
    path: Path,
    count: int,
    *,
    fps: float | None = None,
    person: str = LARGEST,
    poses: Path | None = None,
    estimator: str = "mediapipe",
    device: str = "cpu",
    view: View = FRONT,
    progress: ProgressCallback = silent,
) -> list[Source]:
    """The motions that `count` performers dance: those of as many dancers, if a file shows them.

    Arguments, errors and warnings are those of `load_source`, except for `person`: see
    `choose_cast`.
    """
    check_person(person, count=count)

    def load(who: str) -> Source:
        return load_source(
            path,
            fps=fps,
            person=who,
            poses=poses,
            estimator=estimator,
            device=device,
            view=view,
            progress=progress,
        )

    if count == 1:
        return [load(person)]
    if poses is not None:
        raise InputError(f"`source_poses={poses}`: are those of one dancer; leave it out.")
    if is_capture(path) or path.suffix.lower() == ".npz":
        return [load(person)] * count  # all dance the same
    if holds_poses(path):
        tracks: Sequence[PoseTrack] = read_pose_files(path, fps=fps).tracks
    else:
        clip = probe(path, fps=fps)
        tracks = detect_people(clip, estimator=estimator, device=device, progress=progress).tracks
    chosen = choose_cast(tracks, person, count, str(path))
    if view.moved and len(tracks) > 1:
        raise InputError(
            f"{path}: shows several dancers, whom `camera` cannot film together from elsewhere; "
            "leave it out."
        )
    if len(tracks) == 1:
        return [load(LARGEST)] * count
    return [load(str(index + 1)) for index in chosen]


def check_rate(fps: float | None) -> None:
    """Raise `InputError` if a source cannot go at this many frames a second."""
    if fps is not None and not 1 <= fps <= FASTEST:
        raise InputError(f"`fps={fps:g}`: must be between 1 and {FASTEST:g}.")


def load_poses(
    clip: ClipInfo,
    poses: Path | None,
    *,
    person: str = LARGEST,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The poses of a clip: detected and cleaned, or given; a given track is taken as it is.

    Args:
        clip: the clip.
        poses: a track (`.npz`) or pose files of this same clip, or None.
        person: who of several persons, unless a track is given; see `choose_dancer`.
        estimator: which estimator finds the poses if none are given.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the poses are of another clip, or nobody is seen.
    """
    if poses is None:
        return find_pose(
            clip,
            person=person,
            option="target_person",
            estimator=estimator,
            device=device,
            progress=progress,
        )
    first = None
    if poses.suffix.lower() == ".npz":
        track = PoseTrack.load(poses)
    elif holds_poses(poses):
        files = read_pose_files(poses, fps=float(clip.fps), size=clip.size)
        track, first = clean(files.of(person, poses, "target_person")), files.first
    else:
        raise InputError(f"{poses}: is neither a track (.npz) nor pose files (JSON, a folder).")
    if not (track.confidence > 0).any():
        raise InputError(f"{poses}: holds no pose.")
    if len(track) != clip.frames:
        track = _matched(poses, track, clip, first)
    return _fitted(poses, track, clip)


def _fitted(poses: Path, track: PoseTrack, clip: ClipInfo) -> PoseTrack:
    """A track in pixels of a clip's frames; pose files may be of the same frames, scaled."""
    width, height = track.size
    # H.264 pads odd sides by a row or column at the bottom or right, so nothing moves.
    if track.size == clip.size or (width + width % 2, height + height % 2) == clip.size:
        return replace(track, size=clip.size)
    bent = abs(height - width * clip.size[1] / clip.size[0]) > _ROUNDED
    if bent or poses.suffix.lower() == ".npz":
        raise InputError(
            f"{poses}: is for frames of {width} x {height} pixels, {clip.path} has "
            f"{clip.size[0]} x {clip.size[1]}; give the poses of this same clip."
        )
    keypoints = track.keypoints.copy()
    keypoints[..., :2] *= np.array(clip.size, np.float32) / np.array(track.size, np.float32)
    return replace(track, keypoints=keypoints, size=clip.size)


def _matched(poses: Path, track: PoseTrack, clip: ClipInfo, first: int | None) -> PoseTrack:
    """A track with a pose for each frame that is read of a clip.

    Other programs find a pose in each frame that is stored.  Some leave out the last one or two;
    some leave out all that show nobody, but number the others, from `first` on.
    """
    rows, count = np.arange(clip.frames), clip.frames
    stored, total = stored_frames(clip)
    end = len(track) + (first or 0)
    if abs(end - total) < abs(end - count):
        rows, count = stored, total
    start = first if end <= count else None
    of = f"{count} frames" if count == clip.frames else f"{count} stored frames"
    most = 0 if poses.suffix.lower() == ".npz" else _FEW
    if start is None and abs(len(track) - count) > most:
        raise InputError(
            f"{poses}: has {len(track)} poses, {clip.path} has {of}; give the poses of this same "
            "clip."
        )
    if len(track) != count:
        how = "counted from the first one" if start is None else "placed by their numbers"
        warnings.warn(
            f"{poses}: has {len(track)} poses, {clip.path} has {of}; they are {how}.",
            DanceNowWarning,
            stacklevel=3,
        )
    keypoints = np.zeros((len(rows), *track.keypoints.shape[1:]), np.float32)
    rows = rows - (start or 0)
    there = (rows >= 0) & (rows < len(track))
    keypoints[there] = track.keypoints[rows[there]]
    return PoseTrack(keypoints, float(clip.fps), track.size)
