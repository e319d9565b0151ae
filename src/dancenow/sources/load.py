"""Loading a motion from a clip, a track, a motion capture or OpenPose files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from dancenow.errors import InputError
from dancenow.mocap import film_bvh, read_bvh
from dancenow.pose import PoseTrack
from dancenow.pose.filters import clean
from dancenow.pose.openpose import is_openpose_folder, read_openpose
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.detection import find_pose
from dancenow.video import ClipInfo, probe

FASTEST_RATE: Final = 1000  # frames a second


@dataclass(frozen=True)
class Source:
    """A motion to dance.

    Attributes:
        track: its cleaned poses.
        clip: the clip it came from, or None if only poses were given.
    """

    track: PoseTrack
    clip: ClipInfo | None


def load_source(
    path: Path,
    *,
    fps: float | None = None,
    estimator: str = "mediapipe",
    device: str = "cpu",
    azimuth: float = 0.0,
    progress: ProgressCallback = silent,
) -> Source:
    """The motion in a clip, a track (`.npz`), a motion capture (`.bvh`) or OpenPose files.

    Args:
        path: the file or folder.
        fps: frames a second, instead of the file's own: a video is resampled, while pictures,
            poses and captures come at this rate.
        estimator: which estimator finds the poses in a clip.
        device: where it runs; see `make_estimator`.
        azimuth: angle from which a motion capture is filmed, in degrees; see `film_bvh`.
        progress: called for every frame.

    Raises:
        InputError: it is none of these, or it shows nobody.
    """
    check_azimuth(path, azimuth)
    check_rate(fps)
    if path.suffix == ".npz":
        track = PoseTrack.load(path)
        if len(track) == 0 or not (track.confidence > 0).any():
            raise InputError(f"{path}: the track holds no pose.")
        return Source(track if fps is None else replace(track, fps=fps), None)
    if path.is_dir() and is_openpose_folder(path):
        return Source(clean(read_openpose(path, fps=fps)), None)
    if path.suffix.lower() == ".bvh":
        capture = read_bvh(path)
        if fps is not None:
            capture = replace(capture, fps=fps)
        return Source(film_bvh(capture, path, azimuth=azimuth), None)
    clip = probe(path, fps=fps)
    clip.tell()
    return Source(find_pose(clip, estimator=estimator, device=device, progress=progress), clip)


def check_azimuth(path: Path, azimuth: float) -> None:
    """Raise `InputError` if an angle is set, but the motion is not a motion capture."""
    if azimuth and path.suffix.lower() != ".bvh":
        raise InputError(f"`camera={azimuth:g}`: {path} is no motion capture (.bvh); leave it out.")


def check_rate(fps: float | None) -> None:
    """Raise `InputError` if a source cannot go at this many frames a second."""
    if fps is not None and not 1 <= fps <= FASTEST_RATE:
        raise InputError(f"`fps={fps:g}`: must be between 1 and {FASTEST_RATE}.")


def load_poses(
    clip: ClipInfo,
    poses: Path | None,
    *,
    estimator: str = "mediapipe",
    device: str = "cpu",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The poses of a clip: detected and cleaned, or given; a given track is taken as it is.

    Args:
        clip: the clip.
        poses: a track (`.npz`) or a folder of OpenPose files of this same clip, or None.
        estimator: which estimator finds the poses if none are given.
        device: where it runs; see `make_estimator`.
        progress: called for every frame.

    Raises:
        InputError: the poses are of another clip, or nobody is seen.
    """
    if poses is None:
        return find_pose(clip, estimator=estimator, device=device, progress=progress)
    if poses.suffix == ".npz":
        track = PoseTrack.load(poses)
    elif is_openpose_folder(poses):
        track = clean(read_openpose(poses, fps=float(clip.fps), size=clip.size))
    else:
        raise InputError(f"{poses}: is neither a track (.npz) nor a folder of OpenPose files.")
    if not (track.confidence > 0).any():
        raise InputError(f"{poses}: holds no pose.")
    if len(track) != clip.frames:
        raise InputError(
            f"{poses}: has {len(track)} poses, {clip.path} has {clip.frames} frames; give the "
            "poses of this same clip."
        )
    # H.264 pads odd sides by a row or column at the bottom or right, so nothing moves.
    if (track.size[0] + track.size[0] % 2, track.size[1] + track.size[1] % 2) == clip.size:
        return replace(track, size=clip.size)
    if track.size != clip.size:
        raise InputError(
            f"{poses}: is for frames of {track.size[0]} x {track.size[1]} pixels, {clip.path} has "
            f"{clip.size[0]} x {clip.size[1]}; give the poses of this same clip."
        )
    return track
