"""Exporting a motion as what large video models are conditioned on: poses, faces, masks, a room."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.files import atomic_folder, check_folder
from dancenow.options import ExportMotionOptions, TrainPerformerOptions
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.pose.draw_dwpose import draw_dwpose, pose_document
from dancenow.pose.face_region import face_boxes
from dancenow.processes import return_freed_memory
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import Source, is_without_picture, load_source
from dancenow.sources.masks import detect_person
from dancenow.staging.backdrop import source_room
from dancenow.staging.conversion import cut_sound
from dancenow.staging.room import performable
from dancenow.video import ClipInfo, open_writer, probe, read_frames
from dancenow.video.png import encode_png
from dancenow.workflows.train_performer import check_target, load_or_train

Frame = NDArray[np.uint8]

_FACE_PX: Final = 512  # side of a face's picture


@dataclass(frozen=True)
class MotionExported:
    """A folder with a motion as conditions.

    Attributes:
        folder: its path.
        frames: number of frames.
        size: width and height of the drawn poses in pixels.
        files: what is in it.
        times: seconds of each stage.
    """

    folder: Path
    frames: int
    size: tuple[int, int]
    files: tuple[str, ...]
    times: StageTimes

    def summary(self) -> str:
        """One line for the user."""
        width, height = self.size
        names = ", ".join(self.files)
        return f"{self.folder}: {self.frames} frames, poses of {width} x {height}: {names}"


def export_motion(
    source: str | Path,
    output: str | Path,
    options: ExportMotionOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> MotionExported:
    """Write a motion's poses as videos and JSON, and of a clip its faces, masks, room and sound.

    `pose.mp4` has OpenPose's colours, `dwpose.mp4` DWPose's; `poses.json` is a list with `people`,
    `canvas_width` and `canvas_height` a frame, as ComfyUI's pose nodes read it: 18 keypoints of
    the body, 70 of the face, 21 of each hand.  `face.mp4`, `mask.mp4` (white on the dancer),
    `background.png` and `sound.m4a` are of the source as it was filmed.

    Args:
        source: a clip, a track, a motion capture or pose files.
        output: a new or empty folder.
        options: see `ExportMotionOptions`.
        progress: called for every frame.

    Raises:
        InputError: an input cannot be used, or the folder is not empty.
    """
    source, output = Path(source), Path(output)
    options, times = options or ExportMotionOptions(), StageTimes()
    check_folder(output, "motion", ours=False)
    first_look = TrainPerformerOptions(minutes=0, device=options.device, consent=options.consent)
    if options.performer is not None:
        check_target(options.performer, first_look)
    with times.stage("detect"):
        found_here = options.source_poses is None and options.estimator == "mediapipe"
        if found_here and not is_without_picture(source):  # masks and poses in one pass
            _find_masks(probe(source, fps=options.fps), None, progress)
        motion = load_source(
            source,
            fps=options.fps,
            person=options.person,
            poses=options.source_poses,
            estimator=options.estimator,
            device=options.device,
            progress=progress,
        )
    track = motion.track
    if options.performer is not None:
        known = load_or_train(options.performer, first_look, progress=progress, times=times)
        track = performable(known.performer, track, retarget=options.retarget)
    if output.exists():
        output.rmdir()
    with times.stage("write"), atomic_folder(output) as folder:
        _write_poses(folder, track, motion, progress)
        if motion.clip is not None:
            _write_picture(folder, motion, progress)
    files = tuple(sorted(path.name for path in output.iterdir()))
    return MotionExported(output, len(track), track.size, files, times)


def _write_poses(
    folder: Path, track: PoseTrack, motion: Source, progress: ProgressCallback
) -> None:
    rate = motion.clip.fps if motion.clip else Fraction(track.fps).limit_denominator(1001)
    # One after the other: an encoder holds dozens of frames.
    for name, draw in (("pose.mp4", draw_pose), ("dwpose.mp4", draw_dwpose)):
        with open_writer(folder / name, fps=rate) as writer:
            for number, keypoints in enumerate(track.keypoints, start=1):
                writer.write(draw(keypoints, track.size))
                progress(Progress(f"drawing {name}", number, len(track)))
        return_freed_memory()
    with (folder / "poses.json").open("w", encoding="utf-8") as document:
        document.write("[")
        for number, keypoints in enumerate(track.keypoints):
            separator = ", " if number else ""
            document.write(separator + json.dumps(pose_document(keypoints, track.size)))
        document.write("]")


def _find_masks(
    clip: ClipInfo, track: PoseTrack | None, progress: ProgressCallback
) -> NDArray[np.uint8]:
    """Masks of the dancer with that track, or of the first one, in every frame; cached."""
    every = np.arange(clip.frames)
    return detect_person(clip, every, track=track, person="1", progress=progress).masks


def _write_picture(folder: Path, motion: Source, progress: ProgressCallback) -> None:
    """Write what only a clip has: faces, masks, the room, the sound."""
    clip = motion.clip
    assert clip is not None
    masks = _find_masks(clip, motion.track, progress)
    boxes = face_boxes(motion.track)
    with ExitStack() as open_files:
        face = open_files.enter_context(open_writer(folder / "face.mp4", fps=clip.fps))
        mask = open_files.enter_context(open_writer(folder / "mask.mp4", fps=clip.fps))
        for index, frame in enumerate(read_frames(clip)):
            face.write(_face(frame, boxes[index]))
            grown = cv2.resize(masks[index], clip.size, interpolation=cv2.INTER_LINEAR)
            mask.write(np.asarray(cv2.cvtColor(grown, cv2.COLOR_GRAY2RGB), np.uint8))
            progress(Progress("writing faces and masks", index + 1, clip.frames))
    return_freed_memory()
    (folder / "background.png").write_bytes(encode_png(source_room(motion, progress)))
    if clip.has_audio:
        cut_sound(clip.path, folder / "sound.m4a", 0.0, clip.duration)


def _face(frame: Frame, box: NDArray[np.float64]) -> Frame:
    """The square in a frame, at `_FACE_PX`."""
    scale = max(1.0, float(box[2])) / _FACE_PX
    corner = box[:2] - box[2] / 2
    matrix = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(frame, matrix, (_FACE_PX, _FACE_PX), flags=how), np.uint8)
