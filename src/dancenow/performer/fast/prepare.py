"""From a target clip to the training data of a performer: a background plate and crops."""

from __future__ import annotations

import json
import math
import warnings
from bisect import bisect_right
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import Entry, cache_dir
from dancenow.errors import DanceNowWarning, InputError, counted
from dancenow.files import new_folder, new_pictures
from dancenow.hashing import content_hash
from dancenow.options import Others
from dancenow.performer.fast.config import CropConfig, PerformerConfig
from dancenow.performer.fast.crop import crop_path
from dancenow.performer.fast.dataset import FINE, CropSet, spread
from dancenow.performer.fast.faces import upright_face
from dancenow.performer.fast.performer import PlatedScene
from dancenow.performer.fast.references import FineFrames, pack_picture
from dancenow.performer.method import TargetRequest
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent, standing_height
from dancenow.pose.filters import complete
from dancenow.pose.layout import BODY, CERTAIN, INDEX, LEFT_HAND, RIGHT_HAND, USABLE
from dancenow.pose.legs import HARDLY
from dancenow.pose.normalize import PoseStatistics, pose_statistics
from dancenow.pose.retarget import BodyShape, body_shape
from dancenow.pose.shots import shots_of
from dancenow.pose.track import FloatArray
from dancenow.progress import Progress, ProgressCallback
from dancenow.reading import read_object
from dancenow.sources.background import find_room, of_one_room, plate_frames
from dancenow.sources.camera import LOOKED_AT, find_camera, stabilize_frame, steadied, warn_of_drift
from dancenow.sources.load import load_poses
from dancenow.sources.masks import PersonDetection, detect_person
from dancenow.video import ClipInfo, probe, read_frames
from dancenow.video.camera_motion import CameraPath

Frame = NDArray[np.uint8]

VERSION = 14  # of what is cached here; increment it when the preparation changes
_FEWEST_FRAMES = 8
_FOLLOWED = 0.9  # of the frames looked at; in fewer, the camera of an edited clip is not followed
_COVERED = 0.25  # of the person's area that others may take up in the box around it
_OTHER, _EDGE_PX = 60, 7  # mask value of another person; pixels that their mask may miss
_WORTH = 1.2  # a smaller factor shows nothing
_SMALL_PX, _GOOD_PX = 150, 400  # heights of a person
_HARDLY = 0.02  # of the frames
_FEWEST_POINTS = 8  # body keypoints that a training frame needs


@dataclass(frozen=True)
class Prepared:
    """A target clip prepared for training.

    Attributes:
        scene: where the person stands.
        crops: the training data.
        key: identifies the clip's content and the preparation.
        learned: which frames of which clip these are, for later evaluation.
    """

    scene: PlatedScene
    crops: CropSet
    key: str
    learned: dict[str, Any]


def prepare_target(config: PerformerConfig, request: TargetRequest) -> Prepared:
    """Detect and crop the person of a clip, and make the room's plate; cached by content.

    Args:
        config: the size of the crops.
        request: the clip, and what is known of it.

    Raises:
        InputError: the clip cannot be read, is too short, or nobody is seen in it.
    """
    clip, progress = request.target, request.progress
    info = probe(clip)
    stop = info.frames - round(request.options.hold_out * info.frames)
    if stop < _FEWEST_FRAMES:
        raise InputError(
            f"{clip}: has {counted(stop, 'frame')} to learn from; a target needs at least "
            f"{_FEWEST_FRAMES}, better hundreds."
        )
    crop = config.crop
    stride = 2 ** len(config.generator.widths)  # the crops' sides are multiples of it
    known = None if request.options.poses is None else content_hash(request.options.poses)
    found_by = known or request.options.estimator
    who = (request.options.target_person, request.options.others.value)
    details = (crop.model_dump(), config.texture.references, who)
    key = content_hash(clip, VERSION, *details, stride, stop, found_by)
    entry = Entry(cache_dir("crops") / key, (content_hash(clip),), clip)

    def make() -> None:
        learned = np.linspace(0, stop - 1, min(crop.max_frames, stop))
        wanted = np.union1d(learned.astype(np.int64), plate_frames(stop, info.size))
        given = request.options.poses
        track = None if given is None else complete(load_poses(info, given, person=who[0]))
        seen = detect_person(
            info,
            wanted,
            track=track,
            person=request.options.target_person,
            estimator=request.options.estimator,
            device=request.options.device,
            progress=progress,
        )
        with new_folder(entry.path) as temporary:
            most = config.texture.references
            keep = request.options.others is Others.keep
            preparation = _Preparation(clip, info, seen, crop, stride, stop, most, keep)
            preparation.write(temporary, progress)

    scene, crops, drift = entry.get(make, lambda: _read(entry.path, info, stride))
    if scene.camera is None:
        warn_of_drift(clip, info.size, drift)
    _warn_of_what_lacks(clip.name, crops.keypoints, crops.body_px * scene.zoom)
    span = {"clip": content_hash(clip), "start": 0, "stop": stop, "frames": info.frames}
    return Prepared(scene, crops, key, span)


def _read(folder: Path, info: ClipInfo, stride: int) -> tuple[PlatedScene, CropSet, dict[str, Any]]:
    document = read_object(folder / "scene.json", "is damaged.")
    moves = document["camera"]
    scene = PlatedScene(
        np.load(folder / "plate.npy"),
        float(info.fps),
        document["zoom"],
        PoseStatistics.from_dict(document["statistics"]),
        BodyShape.from_dict(document["shape"]),
        None if moves is None else CameraPath(np.array(moves), info.size),
    )
    return scene, CropSet.open(folder, document["body_px"], stride), dict(document["drift"])


class _SteadyFrame(NamedTuple):
    """A frame as seen by a still camera.

    Attributes:
        row: its row in the observation.
        frame: uint8 `(H, W, 3)` RGB.
        mask: the person, uint8 of any size with the frame's shape, 255 there.
        hidden: where the room is hidden, likewise.
        others: other persons, likewise; None if there are none.
    """

    row: int
    frame: Frame
    mask: Frame
    hidden: Frame
    others: Frame | None


@dataclass(frozen=True)
class _Preparation:
    clip: Path
    info: ClipInfo
    seen: PersonDetection
    config: CropConfig
    stride: int
    stop: int
    references: int
    keep_others: bool

    def write(self, folder: Path, progress: ProgressCallback) -> None:
        """Write plate, crops and statistics into `folder`."""
        track = self.seen.track[: self.stop]
        camera, drift = find_camera(self.info, track, stop=self.stop, progress=progress)
        looked_at = min(LOOKED_AT, self.stop) - 1
        if self.seen.cuts and drift["measured"] < _FOLLOWED * looked_at:
            camera = None  # from shot to shot, it jumps
        if camera is not None:
            track = steadied(track, camera)
        plate_rows = self._plate_rows()
        chosen = list(self._steady_frames(camera, progress, plate_rows, "looking at the room of"))
        track = self._in_one_place(track, chosen)
        somebody = _body_seen(track)[self.seen.frames[[each.row for each in chosen]]]
        room = find_room(
            [each.frame for each in chosen], [each.hidden for each in chosen], somebody.tolist()
        )
        del chosen
        height = standing_height(track)
        zoom = max(1.0, height / self.config.body_px)
        path = crop_path(track, zoom, self.stride, self.config.max_px)
        rows = self._learnable(track)
        shape = (len(rows), path.canvas[1], path.canvas[0])
        frames = new_pictures(folder / "frames.npy", (*shape, 3))
        masks = new_pictures(folder / "masks.npy", shape)
        plates = new_pictures(folder / "plates.npy", (*shape, 3))
        keypoints = np.zeros((len(rows), *track.keypoints.shape[1:]), np.float32)
        times = np.zeros(len(rows), np.float32)
        inside = np.zeros((len(rows), 4), np.int64)
        factor = fine_factor(zoom, height / zoom, self.config.fine_px, self.stride)
        fine_path, fine_rows = path.enlarged(factor), set(spread(len(rows), self.references))
        fine: list[NDArray[np.uint8]] = []
        stage = "cutting the person out of"
        for each in self._steady_frames(camera, progress, rows, stage):
            index, place = int(self.seen.frames[each.row]), rows[each.row]
            plate = room.plates[room.state_of(each.frame, each.hidden)]
            frame = _without(each.frame, each.others, plate)
            frames[place] = path.cut(frame, index)
            if factor > 1 and place in fine_rows:
                fine.append(pack_picture(fine_path.cut(frame, index)))
            masks[place] = path.cut_small(each.mask, index, self.info.size)
            inside[place] = path.inside(index, self.info.size)
            _clear_outside(masks[place], inside[place])
            plates[place] = path.cut(plate, index)
            keypoints[place] = path.to_canvas(track.keypoints[index], index)
            times[place] = index / track.fps
        for array in (frames, masks, plates):
            array.flush()
        if fine:
            FineFrames.of(fine, factor).save(folder / FINE)
        np.save(folder / "keypoints.npy", keypoints)
        np.save(folder / "times.npy", times)
        np.save(folder / "inside.npy", inside)
        np.save(folder / "plate.npy", room.latest)
        scene = {
            "zoom": zoom,
            "body_px": height / zoom,
            "statistics": pose_statistics(track).to_dict(),
            "shape": body_shape(track).to_dict(),
            "camera": None if camera is None else camera.moves.tolist(),
            "drift": drift,
        }
        (folder / "scene.json").write_text(json.dumps(scene), "utf-8")

    def _in_one_place(self, track: PoseTrack, chosen: list[_SteadyFrame]) -> PoseTrack:
        """The track without the shots that show another place than the longest one."""
        shots = shots_of(self.seen.cuts, len(track))
        if len(shots) < 2:
            return track
        seen = _body_seen(track)
        main = max(range(len(shots)), key=lambda number: int(seen[shots[number]].sum()))
        shot = [bisect_right(self.seen.cuts, int(self.seen.frames[each.row])) for each in chosen]
        kept = of_one_room(
            [each.frame for each in chosen],
            [each.hidden for each in chosen],
            [number == main for number in shot],
        )
        same = {main} | {shot[index] for index in kept}
        keypoints = track.keypoints.copy()
        for number, frames in enumerate(shots):
            if number not in same:
                keypoints[frames] = 0
        left_out = int((seen & ~_body_seen(track.with_keypoints(keypoints))).sum())
        if left_out:
            warnings.warn(
                f"{self.clip}: {left_out} of {len(track)} frames show the person in other places "
                "than most do; they are left out.",
                DanceNowWarning,
                stacklevel=5,
            )
        return track.with_keypoints(keypoints)

    def _learnable(self, track: PoseTrack) -> dict[int, int]:
        """Rows of the observation that show the person, and their indices in the set."""
        seen = _body_seen(track)
        boxes = body_extent(self.seen.track)
        free = [row for row in range(len(self.seen.frames)) if not self._is_covered(row, boxes)]
        if len(free) >= max(_FEWEST_FRAMES, len(self.seen.frames) // 4):
            seen[np.delete(self.seen.frames, free)] = False
        rows = [row for row, index in enumerate(self.seen.frames) if seen[index]]
        if len(rows) < _FEWEST_FRAMES:
            raise InputError(
                f"{self.clip}: a person is seen in {len(rows)} frames only; "
                "the whole body must be visible."
            )
        return {row: place for place, row in enumerate(rows)}

    def _is_covered(self, row: int, boxes: FloatArray) -> bool:
        """Whether another person stands before or close behind the one who is learned.

        Args:
            row: of the observation.
            boxes: the person's in each frame of the clip, as filmed.
        """
        if self.seen.everyone is self.seen.masks:
            return False
        own = np.asarray(self.seen.masks[row])
        others = np.asarray(self.seen.everyone[row]) > own
        left, top, right, bottom = boxes[int(self.seen.frames[row])]
        if not np.isfinite(left):
            return True
        scale = own.shape[1] / self.info.size[0]
        box = (slice(max(0, int(top * scale)), int(bottom * scale) + 1),
               slice(max(0, int(left * scale)), int(right * scale) + 1))  # fmt: skip
        covered = np.count_nonzero(others[box] & (own[box] < _OTHER))
        return covered > _COVERED * max(1, np.count_nonzero(own[box] >= _OTHER))

    def _plate_rows(self) -> dict[int, None]:
        chosen = plate_frames(self.stop, self.info.size)
        return dict.fromkeys(np.searchsorted(self.seen.frames, chosen).tolist())

    def _steady_frames(
        self,
        camera: CameraPath | None,
        progress: ProgressCallback,
        wanted: Container[int],
        stage: str,
    ) -> Iterator[_SteadyFrame]:
        """The wanted rows of the observation, as seen by a still camera."""
        row_of = {int(index): row for row, index in enumerate(self.seen.frames)}
        for index, frame in enumerate(read_frames(self.info, stop=self.stop)):
            row = row_of.get(index)
            if row is not None and row in wanted:
                mask = np.asarray(self.seen.masks[row])
                shown, own, hidden = stabilize_frame(frame, mask, camera, index)
                others = None
                if self.seen.everyone is not self.seen.masks:
                    everyone = np.asarray(self.seen.everyone[row])
                    _, all_of_them, all_hidden = stabilize_frame(frame, everyone, camera, index)
                    others = np.where(own < all_of_them, all_of_them, np.uint8(0))
                    hidden = hidden if self.keep_others else all_hidden
                yield _SteadyFrame(row, shown, own, hidden, others)
            progress(Progress(f"{stage} {self.clip.name}", index + 1, self.stop))


def _without(frame: Frame, others: Frame | None, plate: Frame) -> Frame:
    """A frame in which the room stands in the place of other persons."""
    if others is None or not others.any():
        return frame
    height, width = frame.shape[:2]
    full = cv2.resize(others, (width, height), interpolation=cv2.INTER_LINEAR)
    grown = cv2.dilate(full, np.ones((_EDGE_PX, _EDGE_PX), np.uint8))
    return np.where((grown >= _OTHER)[..., None], plate, frame)


def _body_seen(track: PoseTrack) -> NDArray[np.bool_]:
    """Whether enough of the person is seen to be learned, in each frame."""
    points = (track.confidence[:, BODY] >= CERTAIN).sum(axis=1)
    return np.asarray(points >= _FEWEST_POINTS)


def _warn_of_what_lacks(name: str, keypoints: FloatArray, height: float) -> None:
    """Say what cannot be learned from poses `(N, 137, 3)` of a person `height` pixels high."""
    lacks = []
    if height < _SMALL_PX:
        lacks.append(
            f"the person is {height:.0f} pixels high, so faces and hands are a few dots; from "
            f"{_GOOD_PX} pixels on they can be learned"
        )
    if np.mean([upright_face(pose) is not None for pose in keypoints]) < _HARDLY:
        lacks.append("the face is hardly ever seen from the front; none is made up")
    hands = np.stack([keypoints[:, hand, 2].max(axis=1) for hand in (LEFT_HAND, RIGHT_HAND)])
    if (hands.max(axis=0) >= USABLE).mean() < _HARDLY:
        lacks.append("hands are hardly ever seen, and stay vague where a dance shows them")
    ankles = keypoints[:, [INDEX["left_ankle"], INDEX["right_ankle"]], 2].max(axis=1)
    if (ankles >= USABLE).mean() < HARDLY:
        lacks.append(f"the legs are seen in {100 * (ankles >= USABLE).mean():.0f} % of the frames")
    if lacks:
        warnings.warn(f"{name}: {'; '.join(lacks)}.", DanceNowWarning, stacklevel=4)


def fine_factor(zoom: float, body_px: float, most_px: int, stride: int) -> float:
    """Pixels of the finer pictures for one of the canvas: 1 if the clip has no more to give.

    Every multiple of the stride becomes a whole number of pixels.
    """
    factor = math.floor(min(zoom, most_px / body_px) * stride) / stride
    return factor if factor >= _WORTH else 1.0


def _clear_outside(mask: Frame, inside: NDArray[np.int64]) -> None:
    """Clear the mask outside the frame, where only its edge is repeated."""
    left, top, right, bottom = inside.tolist()
    mask[:top], mask[bottom:], mask[:, :left], mask[:, right:] = 0, 0, 0, 0
