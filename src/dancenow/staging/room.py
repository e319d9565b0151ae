"""Staging a performance: the source's poses in the performer's room, and the camera."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import Camera, Legs, Retarget, ShowOptions
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.pose.framing import keep_in_frame, share_outside
from dancenow.pose.legs import HARDLY, share_of_legs, view_above_legs, with_standing_legs
from dancenow.pose.normalize import normalize as normalized_track
from dancenow.pose.normalize import pose_statistics
from dancenow.pose.retarget import body_shape, retarget_limbs
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.camera import PersonBoxes, find_camera, steadied
from dancenow.sources.load import Source
from dancenow.video import read_frames
from dancenow.video.camera_motion import CameraPath, match_views, still_path

_OFTEN = 0.1  # of the frames, in which a body leaves the picture
_UNMOVED = 0.4  # pixels; a view that differs less is the plate's own
_ZOOMED = (0.8, 1.25)  # scale range within which two views may show the same room


@dataclass(frozen=True)
class Staged:
    """A performance, ready to be painted.

    Attributes:
        track: the poses in pixels of the performer's own frame, as seen by a still camera.
        view: how the camera moves; None if it stands still.
    """

    track: PoseTrack
    view: CameraPath | None


def stage(
    performer: Performer,
    source: Source,
    show: ShowOptions,
    *,
    progress: ProgressCallback = silent,
) -> Staged:
    """Bring a source's motion into a performer's room.

    The source camera's movement is removed from the motion: a dancer who stands still must not sway
    because the camera did.  A performer that paints whole frames learned the camera's movement with
    them; its own poses are not steadied.

    Args:
        performer: who dances.
        source: any motion.
        show: normalisation, retargeting, and the camera.
        progress: called for every frame.

    Raises:
        InputError: nothing can be normalised to the performer, or the path of its camera is unknown
            and was chosen.
    """
    camera = show.filmed_by
    if camera is Camera.target:
        check_camera(performer)
    track, path = source.track, _source_path(source, progress)
    view: CameraPath | None = None
    if not show.normalize and (at_home := _at_home(performer, source, path)) is not None:
        track = steadied(track, at_home)
        if camera in (Camera.auto, Camera.source):
            view = at_home
    else:
        if path is not None and (show.normalize or performer.paints_layers):
            track = steadied(track, path)
        given, size = track, performer.scene.size
        track = performable(
            performer,
            given,
            normalize=show.normalize,
            retarget=show.retarget,
            stand=show.legs is Legs.stand,
        )
        _warn_if_outside(track, given)
        if camera is Camera.source:
            view = None if path is None else _resized(path, size)
        if show.legs is Legs.cut and share_of_legs(given) < HARDLY:
            view = (view or still_path(len(track), size)).before(view_above_legs(track, given))
    if camera is Camera.target:
        view = _target_path(performer, len(track), track.fps)
    if view is not None and view.reach() < _UNMOVED:
        view = None
    return Staged(track, view)


def steady_track(source: Source, progress: ProgressCallback = silent) -> PoseTrack:
    """A source's poses as seen by a still camera."""
    path = _source_path(source, progress)
    return source.track if path is None else steadied(source.track, path)


def performable(
    performer: Performer,
    track: PoseTrack,
    *,
    normalize: bool = True,
    retarget: Retarget = Retarget.whole,
    stand: bool = True,
) -> PoseTrack:
    """A track in pixels of the performer's frame.

    Args:
        performer: who dances it.
        track: any motion.
        normalize: move and scale it to the performer's body and place, and shorten travel that
            leaves the frame; otherwise only scale it to the performer's frame size.
        retarget: what takes the target's proportions.
        stand: when normalised, legs that the motion does not show stand still below the body.

    Raises:
        InputError: nothing can be normalised to the performer.
    """
    scene = performer.scene
    if normalize:
        if scene.statistics is None:
            raise InputError(
                "the performer was learned from drawn stick figures without poses, so nothing can "
                "be normalised to it; add `normalize=False`."
            )
        if stand:
            track = with_standing_legs(track)
        moved = normalized_track(track, pose_statistics(track), scene.statistics, scene.size)
        if retarget is Retarget.limbs:
            if scene.shape is None:
                raise InputError(
                    "`retarget=limbs`: the performer's proportions are not known; train it again."
                )
            moved = retarget_limbs(moved, body_shape(track), scene.shape)
        return keep_in_frame(moved, track)
    if track.size == scene.size:
        return track
    scale = min(scene.size[0] / track.size[0], scene.size[1] / track.size[1])
    keypoints = track.keypoints.copy()
    keypoints[..., :2] *= scale
    keypoints[..., 0] += (scene.size[0] - scale * track.size[0]) / 2
    keypoints[..., 1] += scene.size[1] - scale * track.size[1]
    return replace(track, keypoints=keypoints, size=scene.size)


def _warn_if_outside(track: PoseTrack, given: PoseTrack) -> None:
    share = share_outside(track, given)
    if share - share_outside(given, given) > _OFTEN:
        warnings.warn(
            f"in {100 * share:.0f} % of the frames the body leaves the picture; a target with more "
            "room around the person shows all of it.",
            DanceNowWarning,
            stacklevel=3,
        )


def _source_path(source: Source, progress: ProgressCallback) -> CameraPath | None:
    if source.clip is None or source.cuts or source.filmed:  # from shot to shot, a camera jumps
        return None
    path, _ = find_camera(source.clip, source.track, progress=progress)
    return path if path is not None and len(path) == len(source.track) else None


def _at_home(performer: Performer, source: Source, path: CameraPath | None) -> CameraPath | None:
    """The source's camera as seen from the performer's plate, if both show the same room."""
    clip = source.clip
    plate = performer.scene.plate
    if (
        clip is None
        or source.cuts
        or source.filmed
        or plate is None
        or clip.size != performer.scene.size
    ):
        return None
    frame = next(iter(read_frames(clip, stop=1)))
    mask = PersonBoxes(source.track)[0]
    moved = match_views(plate, frame, mask)
    if moved is None or not _ZOOMED[0] < np.hypot(moved[0, 0], moved[1, 0]) < _ZOOMED[1]:
        return None
    return (path or still_path(len(source.track), clip.size)).after(moved)


def check_camera(performer: Performer) -> CameraPath:
    """How the target's camera moved.

    Raises:
        InputError: it stood still, or its movement is unknown.
    """
    camera = performer.scene.camera
    if camera is None:
        raise InputError(
            "`camera=target`: the performer's camera stood still, or its movement is not known; "
            "leave the option out."
        )
    return camera


def _target_path(performer: Performer, count: int, fps: float) -> CameraPath:
    """The target's own camera path, played back and forth for as long as needed."""
    camera = check_camera(performer)
    last = max(1, len(camera) - 1)
    step = performer.scene.fps / fps
    there: NDArray[np.int64] = np.round(np.arange(count) * step).astype(np.int64) % (2 * last)
    back = np.minimum(there, 2 * last - there).clip(0, len(camera) - 1)
    return CameraPath(camera.moves[back], camera.size)


def _resized(path: CameraPath, size: tuple[int, int]) -> CameraPath:
    """A path for frames of another size, its moves scaled with the frame's height."""
    factor = size[1] / path.size[1]
    moves = path.moves.copy()
    old, new = np.array(path.size) / 2, np.array(size) / 2
    # About the picture's centre: x' = A (x - m) + m + d, with d scaled.
    shift = moves[:, :, 2] + moves[:, :, :2] @ old - old
    moves[:, :, 2] = factor * shift + new - moves[:, :, :2] @ new
    return CameraPath(moves, size)
