"""Loading a motion from a clip, a track, a motion capture or OpenPose files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dancenow.errors import InputError
from dancenow.mocap import film_bvh, read_bvh
from dancenow.pose import PoseTrack
from dancenow.pose.filters import clean
from dancenow.pose.openpose import is_openpose_folder, read_openpose
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.detection import find_pose
from dancenow.video import ClipInfo, probe


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
    estimator: str = "mediapipe",
    device: str = "cpu",
    azimuth: float = 0.0,
    progress: ProgressCallback = silent,
) -> Source:
    """The motion in a clip, a track (`.npz`), a motion capture (`.bvh`) or OpenPose files.

    Args:
        path: the file or folder.
        estimator: which estimator finds the poses in a clip.
        device: where it runs; see `make_estimator`.
        azimuth: angle from which a motion capture is filmed, in degrees; see `film_bvh`.
        progress: called for every frame.

    Raises:
        InputError: it is none of these, or it shows nobody.
    """
    check_azimuth(path, azimuth)
    if path.suffix == ".npz":
        track = PoseTrack.load(path)
        if len(track) == 0 or not (track.confidence > 0).any():
            raise InputError(f"{path}: the track holds no pose.")
        return Source(track, None)
    if path.is_dir() and is_openpose_folder(path):
        return Source(clean(read_openpose(path)), None)
    if path.suffix.lower() == ".bvh":
        return Source(film_bvh(read_bvh(path), path, azimuth=azimuth), None)
    found = find_pose(path, estimator=estimator, device=device, progress=progress)
    return Source(found, probe(path))


def check_azimuth(path: Path, azimuth: float) -> None:
    """Raise `InputError` if an angle is set, but the motion is not a motion capture."""
    if azimuth and path.suffix.lower() != ".bvh":
        raise InputError(f"`camera={azimuth:g}`: {path} is no motion capture (.bvh); leave it out.")


def load_poses(
    clip: Path,
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
    info = probe(clip)
    if poses.suffix == ".npz":
        track = PoseTrack.load(poses)
    elif is_openpose_folder(poses):
        track = clean(read_openpose(poses, fps=float(info.fps), size=info.size))
    else:
        raise InputError(f"{poses}: is neither a track (.npz) nor a folder of OpenPose files.")
    if not (track.confidence > 0).any():
        raise InputError(f"{poses}: holds no pose.")
    if len(track) != info.frames:
        raise InputError(
            f"{poses}: has {len(track)} poses, {clip} has {info.frames} frames; give the poses of "
            "this same clip."
        )
    # H.264 pads odd sides by a row or column at the bottom or right, so nothing moves.
    if (track.size[0] + track.size[0] % 2, track.size[1] + track.size[1] % 2) == info.size:
        return replace(track, size=info.size)
    if track.size != info.size:
        raise InputError(
            f"{poses}: is for frames of {track.size[0]} x {track.size[1]} pixels, {clip} has "
            f"{info.size[0]} x {info.size[1]}; give the poses of this same clip."
        )
    return track
