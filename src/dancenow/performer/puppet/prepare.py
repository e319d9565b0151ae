"""From photos to a puppet: poses, masks, the room, the parts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError, counted
from dancenow.performer.method import TargetRequest
from dancenow.performer.puppet.config import PuppetConfig
from dancenow.performer.puppet.cutting import cut_parts
from dancenow.performer.puppet.parts import PARTS
from dancenow.performer.puppet.performer import PuppetScene, View
from dancenow.pose import PoseTrack
from dancenow.pose.body_size import body_heights
from dancenow.pose.layout import INDEX, USABLE
from dancenow.pose.normalize import pose_statistics
from dancenow.pose.pose_files import holds_poses, read_pose_files
from dancenow.pose.retarget import body_shape
from dancenow.pose.track import FloatArray
from dancenow.progress import Progress
from dancenow.sources.background import find_room
from dancenow.sources.photos import cut_out, find_person, photos_of, read_photo

Frame = NDArray[np.uint8]

VERSION: Final = 1  # of what is made; increment it when puppets change
_HELD: Final = 8  # frames of the still track that is measured
# Of the longer side: how far around a mask the person may still show; two tries.
_FRINGES: Final = (0.008, 0.012)
_EDGE: Final = 0.01  # of the longer side beyond a photo's edge
_SMOOTH_PX: Final = 320  # longer side of the pictures that are compared
_TRUNK: Final = ("neck", "mid_hip")


@dataclass(frozen=True)
class MadePuppet:
    """What photos became.

    Attributes:
        scene: where the puppet stands.
        views: the person in each photo.
    """

    scene: PuppetScene
    views: list[View]


def make_puppet(config: PuppetConfig, request: TargetRequest) -> MadePuppet:
    """Cut the person out of a target's photos.

    Raises:
        InputError: a photo cannot be read, nobody is seen, or the given poses do not fit.
    """
    files = photos_of(request.target)
    given = _given(request.options.poses, len(files))
    views: list[View] = []
    room: Frame | None = None
    for number, file in enumerate(files):
        stage = f"cutting the person out of {file.name}"
        request.progress(Progress(stage, number, len(files)))
        photo, cover = read_photo(file, config.most_px)
        seen = _seen(photo, cover, None if given is None else given[number], file)
        if seen is None:
            if len(files) > 1:
                told = f"{file}: nobody is seen in it; it is left out."
                warnings.warn(told, DanceNowWarning, stacklevel=5)
            continue
        keypoints, mask = seen
        body_px = float(body_heights(keypoints[None])[0])
        views.append(View(keypoints, body_px, cut_parts(photo, mask, keypoints, body_px)))
        if room is None:
            room = _room(photo, mask)
        request.progress(Progress(stage, number + 1, len(files)))
    if room is None:
        raise InputError(
            f"{request.target}: nobody is seen in it with both shoulders and both hips. "
            "`poses` gives the joints of a drawing: a track (.npz) or pose files."
        )
    _tell(request.target, len(views))
    size = (int(room.shape[1]), int(room.shape[0]))
    still = PoseTrack(np.repeat(views[0].keypoints[None], _HELD, axis=0), 25.0, size)
    scene = PuppetScene(room, pose_statistics(still), body_shape(still))
    return MadePuppet(scene, views)


def _room(photo: Frame, mask: Frame) -> Frame:
    """The photo without the person.

    What is completed may by chance repeat a thing that hangs elsewhere: of two tries, the one that
    is more like a smooth continuation of the surroundings.
    """
    tries = []
    for fringe in _FRINGES:
        reach = 2 * round(fringe * max(mask.shape)) + 1
        hidden = np.asarray(cv2.dilate(mask, np.ones((reach, reach), np.uint8)), np.uint8)
        tries.append(find_room([photo], [hidden]).latest)
    size = tuple(max(1, round(side * _SMOOTH_PX / max(mask.shape))) for side in mask.shape[::-1])
    hole = cv2.resize(hidden, size, interpolation=cv2.INTER_AREA)
    hole = cv2.dilate(np.where(hole > 20, 255, 0).astype(np.uint8), np.ones((9, 9), np.uint8))
    small = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (photo, *tries)]
    smooth = cv2.inpaint(small[0], hole, 5, cv2.INPAINT_TELEA)
    blurred = [cv2.GaussianBlur(each, (0, 0), 4).astype(np.int16) for each in (smooth, *small[1:])]
    apart = [float(np.abs(each - blurred[0])[hole > 0].mean()) for each in blurred[1:]]
    return tries[int(np.argmin(apart))]


def _seen(
    photo: Frame, cover: Frame | None, given: PoseTrack | None, file: Path
) -> tuple[FloatArray, Frame] | None:
    """The keypoints in pixels of the photo, and the mask; None if nobody is seen."""
    if given is not None:
        scale = photo.shape[1] / given.size[0]
        keypoints = given.keypoints[0].copy()
        keypoints[:, :2] *= scale
        if abs(scale * given.size[1] - photo.shape[0]) > 0.02 * photo.shape[0]:
            raise InputError(
                f"{file}: the given poses are for a picture of {given.size[0]} x "
                f"{given.size[1]} pixels, which has another shape."
            )
        keypoints = _inside(keypoints, photo)
        if not _has_trunk(keypoints):
            return None
        lines = [line for part in PARTS for bone in part.bones for line in bone.lines]
        mask = cover if cover is not None else cut_out(photo, keypoints, lines)
    else:
        found = find_person(photo)
        if found is None:
            return None
        keypoints = _inside(found.keypoints, photo)
        mask = found.mask if cover is None else cover
    return (keypoints, mask) if _has_trunk(keypoints) else None


def _inside(keypoints: FloatArray, photo: Frame) -> FloatArray:
    """Keypoints without those beyond the edge of the photo, which are guessed."""
    height, width = photo.shape[:2]
    margin = _EDGE * max(height, width)
    x, y = keypoints[:, 0], keypoints[:, 1]
    outside = (x < -margin) | (y < -margin) | (x > width + margin) | (y > height + margin)
    return np.where(outside[:, None], np.float32(0), keypoints)


def _has_trunk(keypoints: FloatArray) -> bool:
    names = (*_TRUNK, "left_shoulder", "right_shoulder", "left_hip", "right_hip")
    return bool((keypoints[[INDEX[name] for name in names], 2] >= USABLE).all())


def _given(poses: Path | None, count: int) -> list[PoseTrack] | None:
    """The known poses of each photo."""
    if poses is None:
        return None
    if poses.suffix.lower() == ".npz":
        track = PoseTrack.load(poses)
    elif holds_poses(poses):
        track = read_pose_files(poses, fps=25.0).track
    else:
        raise InputError(f"{poses}: is neither a track (.npz) nor pose files (JSON, a folder).")
    if len(track) != count:
        raise InputError(
            f"{poses}: has {counted(len(track), 'pose')} for {counted(count, 'photo')}; give one "
            "for each."
        )
    return [track[index : index + 1] for index in range(count)]


def _tell(target: Path, count: int) -> None:
    made = f"{count} photos make a puppet, which turns where one of them shows that side"
    if count == 1:
        made = (
            "one photo makes a puppet, which does not turn; five to ten, also from the sides and "
            "from behind, make a better one"
        )
    warnings.warn(f"{target}: {made}; a clip can be learned.", DanceNowWarning, stacklevel=5)
