"""From a target clip to what a performer learns from: a background plate and crops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import cache_dir, content_hash
from dancenow.errors import InputError
from dancenow.files import atomic_folder, new_pictures
from dancenow.performer.background import background_plate, plate_frames
from dancenow.performer.crop import crop_path
from dancenow.performer.dataset import CropSet
from dancenow.performer.fast import PlatedScene
from dancenow.performer.presets import CropConfig
from dancenow.pose import PoseTrack
from dancenow.pose.extent import SEEN, standing_height
from dancenow.pose.filters import clean
from dancenow.pose.normalize import PoseStatistics, pose_statistics
from dancenow.pose.retarget import BodyShape, body_shape
from dancenow.progress import Progress, ProgressCallback, silent
from dancenow.video import ClipInfo, probe, read_frames
from dancenow.video.camera import CameraPath
from dancenow.workflows.camera import find_camera, steadied, warn_of_drift
from dancenow.workflows.observe import Observation, observe

_VERSION = 4  # of what is cached here; raise it when the preparation changes
_FEWEST_FRAMES = 8
_FEWEST_POINTS = 8  # of the body, for a frame to be learned


@dataclass(frozen=True)
class Prepared:
    """A target clip, ready to be learned.

    Attributes:
        scene: where the person stands.
        crops: what is learned from.
        key: a name for the clip's content and the preparation.
        learned: which frames of which clip these are, for a later measurement.
    """

    scene: PlatedScene
    crops: CropSet
    key: str
    learned: dict[str, Any]


def prepare_target(
    clip: Path,
    config: CropConfig,
    stride: int,
    *,
    estimator: str = "mediapipe",
    poses: Path | None = None,
    hold_out: float = 0.0,
    progress: ProgressCallback = silent,
) -> Prepared:
    """Detect the person of a clip, cut it out and take the room's plate; cached by content.

    Args:
        clip: the target clip.
        config: the size of the crops.
        stride: the crops' sides are multiples of this.
        estimator: which estimator finds the poses.
        poses: poses that are known already: a track or a folder of OpenPose files.
        hold_out: the part of the clip's end that is not learned, 0..1.
        progress: told about every frame.

    Raises:
        InputError: the clip cannot be read, is too short, or nobody is seen in it.
    """
    info = probe(clip)
    stop = info.frames - round(hold_out * info.frames)
    if stop < _FEWEST_FRAMES:
        raise InputError(
            f"{clip}: has {stop} frames to learn from; a target needs at least {_FEWEST_FRAMES}, "
            "better some hundred."
        )
    known = None if poses is None else content_hash(poses)
    key = content_hash(clip, _VERSION, config.model_dump(), stride, stop, known or estimator)
    folder = cache_dir("crops") / key
    if not folder.is_dir():
        learned = np.linspace(0, stop - 1, min(config.max_frames, stop))
        wanted = np.union1d(learned.astype(np.int64), plate_frames(stop, info.size))
        seen = observe(clip, wanted, estimator=estimator, poses=poses, progress=progress)
        with atomic_folder(folder) as temporary:
            _Preparation(clip, info, seen, config, stride, stop).write(temporary, progress)
    document = json.loads((folder / "scene.json").read_text("utf-8"))
    if document["camera"] is None:
        warn_of_drift(clip, info.size, document["drift"])
    statistics = PoseStatistics.from_dict(document["statistics"])
    plate = np.load(folder / "plate.npy")
    shape = BodyShape.from_dict(document["shape"])
    camera = None
    if document["camera"] is not None:
        camera = CameraPath(np.array(document["camera"]), info.size)
    scene = PlatedScene(plate, float(info.fps), document["zoom"], statistics, shape, camera)
    crops = CropSet.open(folder, document["body_px"], stride)
    span = {"clip": content_hash(clip), "start": 0, "stop": stop, "frames": info.frames}
    return Prepared(scene, crops, key, span)


@dataclass(frozen=True)
class _Preparation:
    clip: Path
    info: ClipInfo
    seen: Observation
    config: CropConfig
    stride: int
    stop: int

    def write(self, folder: Path, progress: ProgressCallback) -> None:
        """Write plate, crops and statistics into `folder`."""
        track = clean(self.seen.track)
        camera, drift = find_camera(self.clip, track, stop=self.stop, progress=progress)
        if camera is not None:
            track = steadied(track[: self.stop], camera)
        height = standing_height(track)
        zoom = max(1.0, height / self.config.body_px)
        path = crop_path(track, zoom, self.stride, self.config.max_px)
        rows = self._learnable(track)
        shape = (len(rows), path.canvas[1], path.canvas[0])
        frames = new_pictures(folder / "frames.npy", (*shape, 3))
        masks = new_pictures(folder / "masks.npy", shape)
        for_plate: list[NDArray[np.uint8]] = []
        plate_masks: list[NDArray[np.uint8]] = []
        plate_rows = self._plate_rows()
        for row, frame in self._frames(progress):
            index, mask = int(self.seen.frames[row]), self.seen.masks[row]
            hidden = mask
            if camera is not None:
                frame = camera.steady(frame, index)
                full = cv2.resize(mask, self.info.size, interpolation=cv2.INTER_LINEAR)
                mask = camera.steady(np.asarray(full, dtype=np.uint8), index)
                hidden = np.maximum(mask, camera.unseen(index))
            if row in plate_rows:
                for_plate.append(frame)
                plate_masks.append(hidden)
            if row in rows:
                frames[rows[row]] = path.cut(frame, index)
                masks[rows[row]] = path.cut_small(mask, index, self.info.size)
        plate, _ = background_plate(for_plate, plate_masks)
        plates = new_pictures(folder / "plates.npy", (*shape, 3))
        keypoints = np.zeros((len(rows), *track.keypoints.shape[1:]), np.float32)
        times = np.zeros(len(rows), np.float32)
        for row, place in rows.items():
            index = int(self.seen.frames[row])
            plates[place] = path.cut(plate, index)
            keypoints[place] = path.to_canvas(track.keypoints[index], index)
            times[place] = index / track.fps
        for array in (frames, masks, plates):
            array.flush()
        np.save(folder / "keypoints.npy", keypoints)
        np.save(folder / "times.npy", times)
        np.save(folder / "plate.npy", plate)
        scene = {
            "zoom": zoom,
            "body_px": height / zoom,
            "statistics": pose_statistics(track).to_dict(),
            "shape": body_shape(track).to_dict(),
            "camera": None if camera is None else camera.moves.tolist(),
            "drift": drift,
        }
        (folder / "scene.json").write_text(json.dumps(scene), "utf-8")

    def _learnable(self, track: PoseTrack) -> dict[int, int]:
        """Rows of the observation in which the person is seen, and their places in the set."""
        seen = (track.confidence[:, :25] >= SEEN).sum(axis=1) >= _FEWEST_POINTS
        rows = [row for row, index in enumerate(self.seen.frames) if seen[index]]
        if len(rows) < _FEWEST_FRAMES:
            raise InputError(
                f"{self.clip}: a person is seen in {len(rows)} frames only; "
                "the whole body must be visible."
            )
        return {row: place for place, row in enumerate(rows)}

    def _plate_rows(self) -> dict[int, None]:
        chosen = plate_frames(self.stop, self.info.size)
        return dict.fromkeys(np.searchsorted(self.seen.frames, chosen).tolist())

    def _frames(self, progress: ProgressCallback) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """The observed frames with their rows."""
        row_of = {int(index): row for row, index in enumerate(self.seen.frames)}
        stage = f"cutting the person out of {self.clip.name}"
        for index, frame in enumerate(read_frames(self.clip, stop=self.stop)):
            if index in row_of:
                yield row_of[index], frame
            progress(Progress(stage, index + 1, self.stop))
