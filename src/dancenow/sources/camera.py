"""The camera movement of a clip: warned about, or followed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning
from dancenow.files import write_text
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.reading import read_object
from dancenow.sources.clip_entry import clip_entry
from dancenow.video import ClipInfo, read_frames
from dancenow.video.camera_motion import CameraPath, CameraTracker, Drift, interpolate_path

_VERSION = 3  # of what is cached here; increment it when the measurement changes
LOOKED_AT = 36  # number of frames measured
_SHRINK = 8  # pixels of the frame per pixel of the mask
_MARGIN = 0.03  # of the frame's longer side around the keypoints

Frame = NDArray[np.uint8]


class DriftWatch:
    """Measures camera drift on a few dozen frames of a clip that is being read anyway.

    Args:
        track: the poses, which show where the person hides the room.
        count: number of frames to come.
    """

    def __init__(self, track: PoseTrack, count: int) -> None:
        self._drift = CameraTracker()
        self._masks = PersonBoxes(track)
        chosen = np.linspace(0, count - 1, min(LOOKED_AT, count))
        self._chosen = set(chosen.astype(int).tolist())

    def see(self, place: int, index: int, frame: Frame) -> None:
        """Measure a frame, number `place` of those seen and number `index` of the clip."""
        if place in self._chosen:
            self._drift.add(frame, self._masks[index])

    def drift(self) -> Drift:
        """The drift that was measured."""
        return self._drift.drift()

    def figures(self) -> dict[str, Any]:
        """The drift as JSON values."""
        drift = self.drift()
        return {"x": drift.x, "y": drift.y, "zoom": drift.zoom, "measured": drift.measured}


class PersonBoxes:
    """Masks of the boxes around a person's keypoints: `boxes[index]` is uint8, 255 inside."""

    def __init__(self, track: PoseTrack) -> None:
        self._extent, self._size = body_extent(track), track.size

    def __getitem__(self, index: int) -> Frame:
        width, height = self._size
        mask = np.zeros((-(-height // _SHRINK), -(-width // _SHRINK)), np.uint8)
        edges = self._extent[index]
        if np.isfinite(edges).all():
            margin = _MARGIN * max(self._size)
            grown = (edges + np.array([-margin, -margin, margin, margin])) / _SHRINK
            left, top, right, bottom = np.maximum(np.round(grown), 0).astype(int)
            mask[top:bottom, left:right] = 255
        return mask


def warn_of_drift(clip: Path, size: tuple[int, int], figures: dict[str, Any]) -> None:
    """Warn if the figures of `DriftWatch` show that the camera moves."""
    drift = Drift(**figures)
    if drift.moves(size):
        warnings.warn(drift.warning(clip.name, size), DanceNowWarning, stacklevel=3)


def find_camera(
    clip: ClipInfo,
    track: PoseTrack,
    *,
    stop: int | None = None,
    progress: ProgressCallback = silent,
) -> tuple[CameraPath | None, dict[str, Any]]:
    """The camera path of a clip; cached by the clip's content.

    Args:
        clip: the clip.
        track: its poses, which show where the person hides the room.
        stop: the frame before which to stop.
        progress: called for every frame.

    Returns:
        The path over the frames before `stop`, relative to the first one, or None if the camera
        stands still or cannot be followed; and the figures of its drift, as JSON values.
    """
    stop = min(len(track), clip.frames if stop is None else stop)
    boxes = np.round(body_extent(track) / 4).tolist()
    entry = clip_entry("cameras", clip, _VERSION, stop, boxes, suffix=".json")

    def make() -> None:
        stage = f"watching the camera of {clip.path.name}"
        watch, masks = DriftWatch(track, stop), PersonBoxes(track)
        for index, frame in enumerate(read_frames(clip, stop=stop)):
            watch.see(index, index, frame)
            progress(Progress(stage, index + 1, stop))
        path = None
        if watch.drift().worth_following(clip.size):
            camera, moves = CameraTracker(), []
            for index, frame in enumerate(read_frames(clip, stop=stop)):
                moves.append(camera.add(frame, masks[index]))
                progress(Progress(f"following the camera of {clip.path.name}", index + 1, stop))
            path = interpolate_path(moves, clip.size)
        found = None if path is None else path.moves.tolist()
        write_text(entry.path, json.dumps({"moves": found, "drift": watch.figures()}))

    def read() -> tuple[CameraPath | None, dict[str, Any]]:
        document = read_object(entry.path, "is damaged.")
        moves, drift = document["moves"], dict(document["drift"])
        return None if moves is None else CameraPath(np.array(moves), clip.size), drift

    return entry.get(make, read)


def stabilize_frame(
    frame: Frame, mask: Frame, camera: CameraPath | None, index: int
) -> tuple[Frame, Frame, Frame]:
    """A frame as seen by a still camera.

    Args:
        frame: uint8 `(H, W, 3)` RGB.
        mask: uint8 of any size with the frame's aspect ratio, 255 on the person.
        camera: how the camera moves; None if it stands still.
        index: the frame's number in the clip.

    Returns:
        The frame, its mask, and a mask that is 255 wherever the room is hidden.
    """
    if camera is None:
        return frame, mask, mask
    full = cv2.resize(mask, camera.size, interpolation=cv2.INTER_LINEAR)
    steady = camera.steady(np.asarray(full, dtype=np.uint8), index)
    return camera.steady(frame, index), steady, np.maximum(steady, camera.unseen(index))


def steadied(track: PoseTrack, camera: CameraPath) -> PoseTrack:
    """A track in the camera's common view; both of the same length."""
    keypoints = track.keypoints.copy()
    seen = keypoints[..., 2:] > 0
    keypoints[..., :2] = np.where(seen, camera.steadied(track.xy), track.xy)
    return track.with_keypoints(keypoints)
