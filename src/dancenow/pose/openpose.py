"""OpenPose's files: a folder with each frame's keypoints, as JSON (read, written) or YAML (read).

JSON (`--write_json`): one `NAME_000000000042_keypoints.json` a frame, with `people[...]` that hold
`pose_keypoints_2d`, `face_keypoints_2d`, `hand_left_keypoints_2d`, `hand_right_keypoints_2d`, each
x1, y1, c1, x2, y2, c2, ... (before version 1.2 the names lack `_2d`).

YAML (`--write_keypoint`, by OpenCV's FileStorage): four files a frame, `NAME_pose.yml`,
`NAME_face.yml`, `NAME_hand_left.yml`, `NAME_hand_right.yml`, each one matrix of persons x
keypoints x 3.

Bodies have 25 points (BODY_25), 18 (COCO) or 23.  The 23 are OpenPose's first BODY_23, from its
development in 2018: BODY_25 without heels and in its own order, from the neck to the ears.  The
data published with Everybody Dance Now has it (its `data_prep` converts 25 points to it); the later
BODY_23, without neck and mid-hip, was never published with a model.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError, OutputError
from dancenow.files import check_can_write
from dancenow.pose.layout import (
    BODY,
    BODY_NAMES,
    FACE,
    INDEX,
    LEFT_HAND,
    NUM_KEYPOINTS,
    RIGHT_HAND,
)
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.pose.tracking import track_person

_LEGS = (
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
)  # fmt: skip
BODY_18: Final = (*BODY_NAMES[:8], *_LEGS, "right_eye", "left_eye", "right_ear", "left_ear")
BODY_23: Final = (
    *BODY_NAMES[1:9],
    "right_hip", "right_knee", "right_ankle", "right_big_toe", "right_small_toe",
    "left_hip", "left_knee", "left_ankle", "left_big_toe", "left_small_toe",
    "nose", "right_eye", "right_ear", "left_eye", "left_ear",
)  # fmt: skip
_BODIES: Final = {
    len(names): [INDEX[name] for name in names] for names in (BODY_18, BODY_23, BODY_NAMES)
}
# Name of the part in JSON, in YAML, and where it goes; a face may lack the pupils.
_PARTS: Final = (
    ("pose_keypoints", "pose", BODY),
    ("face_keypoints", "face", FACE),
    ("hand_left_keypoints", "hand_left", LEFT_HAND),
    ("hand_right_keypoints", "hand_right", RIGHT_HAND),
)
_JSON_END: Final = "_keypoints.json"
_YAML_END: Final = "_pose.yml"
_SIDECAR: Final = "dancenow-track.json"  # beside files of ours: rate and size, which they lack
_DEFAULT_FPS: Final = 30.0
_MAX_SPARSE: Final = 100  # frame numbers per file; with more, they are no frame numbers

People = list[FloatArray]


def is_openpose_folder(path: str | Path) -> bool:
    """Whether `path` is a folder with OpenPose's JSON or YAML files."""
    path = Path(path)
    return path.is_dir() and any(
        entry.name.endswith((_JSON_END, _YAML_END)) for entry in path.iterdir()
    )


def read_openpose(
    folder: str | Path, *, fps: float | None = None, size: tuple[int, int] | None = None
) -> PoseTrack:
    """Read a folder of OpenPose files: the JSON files if there are any, else the YAML files.

    Frames are ordered by their numbers; a missing number becomes a frame without keypoints.  Of
    several persons the largest and steadiest is taken (see `track_person`).

    Args:
        folder: the folder.
        fps: frames a second, which OpenPose's files do not state; by default what DanceNow wrote
            beside its own files, otherwise 30, with a warning.
        size: frame size `(width, height)`, which they do not state either; by default likewise,
            otherwise the extent of the keypoints, with a warning.

    Warns:
        DanceNowWarning: frames are missing, the size is guessed, or there are several persons.

    Raises:
        InputError: no such folder, no OpenPose files in it, a damaged file, frames of several
            clips, bodies with different numbers of points, normalised coordinates, or nobody in
            any frame.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder.")
    read: Callable[[Path], People] = _read_json
    ending, files = _JSON_END, sorted(folder.glob(f"*{_JSON_END}"))
    if not files:
        read, ending, files = _read_yaml, _YAML_END, sorted(folder.glob(f"*{_YAML_END}"))
    if not files:
        raise InputError(
            f"{folder}: holds no OpenPose files; NAME{_JSON_END} or NAME{_YAML_END} is needed."
        )
    frames, points = _read_all(_in_order(folder, files, ending), read)
    frames = [[_to_layout(person, points) for person in people] for people in frames]
    extent = _extent(folder, frames)
    stated_fps, stated_size = _read_sidecar(folder)
    fps, size = fps or stated_fps, size or stated_size
    if size is None:
        size = extent
        rate = "" if fps else f", at {_DEFAULT_FPS:g} frames a second"
        warnings.warn(
            f"{folder}: OpenPose's files do not state the frame size; {size[0]} x {size[1]}, the "
            f"extent of the keypoints, is taken{rate}.",
            DanceNowWarning,
            stacklevel=2,
        )
    fps = fps or _DEFAULT_FPS
    return PoseTrack(track_person(frames, size), fps, size)


def write_openpose(track: PoseTrack, folder: str | Path) -> None:
    """Write `track` as OpenPose JSON files (BODY_25, face, hands) into a new or empty folder.

    The folder appears complete, or not at all.  Reading it returns the same keypoints.

    Raises:
        OutputError: the folder is not empty, or cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputError(f"{folder}: exists and is not empty; choose another folder.")
    if not folder.exists():
        check_can_write(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
            whole = Path(temporary, folder.name)
            whole.mkdir()
            for frame, keypoints in enumerate(track.keypoints):
                name = f"{folder.name}_{frame:012d}{_JSON_END}"
                (whole / name).write_text(json.dumps(_as_json(keypoints)), encoding="utf-8")
            sidecar = {"version": 1, "fps": track.fps, "size": list(track.size)}
            (whole / _SIDECAR).write_text(json.dumps(sidecar), encoding="utf-8")
            if folder.exists():
                folder.rmdir()
            whole.replace(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}).") from error


def _read_sidecar(folder: Path) -> tuple[float | None, tuple[int, int] | None]:
    """Frames a second and frame size, if DanceNow wrote the files."""
    try:
        stated = json.loads((folder / _SIDECAR).read_text("utf-8"))
        fps, (width, height) = float(stated["fps"]), stated["size"]
        if not (math.isfinite(fps) and fps > 0 and min(int(width), int(height)) > 0):
            return None, None
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
    return fps, (int(width), int(height))


def _as_json(keypoints: FloatArray) -> dict[str, Any]:
    people = []
    if (keypoints[:, 2] > 0).any():
        # The shortest decimal that gives the same float32 again.
        values = [float(str(value)) for value in keypoints.ravel()]
        people.append(
            {
                "person_id": [-1],
                **{
                    f"{name}_2d": values[3 * part.start : 3 * part.stop] for name, _, part in _PARTS
                },
            }
        )
    return {"version": 1.3, "people": people}


def _in_order(folder: Path, files: list[Path], ending: str) -> list[Path | None]:
    """The files by frame number, None for missing numbers; without numbers, in natural order."""
    stems = [file.name.removesuffix(ending) for file in files]
    matches = [re.fullmatch(r"(.*?)(\d+)", stem) for stem in stems]
    numbered = [match for match in matches if match is not None]
    if len(numbered) < len(files):
        return [file for _, file in sorted(zip(map(_natural, stems), files, strict=True))]
    clips = sorted({match[1] for match in numbered})
    if len(clips) > 1:
        raise InputError(
            f"{folder}: holds frames of several clips ({clips[0]}..., {clips[1]}...); "
            "give each clip its own folder."
        )
    numbers = [int(match[2]) for match in numbered]
    first, last = min(numbers), max(numbers)
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{folder}: holds the same frame number twice; remove one of the files.")
    if last - first + 1 > _MAX_SPARSE * len(files):
        raise InputError(
            f"{folder}: the numbers in the names ({first} to {last} in {len(files)} files) are no "
            "frame numbers; number the files consecutively."
        )
    by_number = dict(zip(numbers, files, strict=True))
    missing = last - first + 1 - len(files)
    if missing:
        warnings.warn(
            f"{folder}: {missing} of {last - first + 1} frames have no file; "
            "they count as frames without a person.",
            DanceNowWarning,
            stacklevel=3,
        )
    return [by_number.get(number) for number in range(first, last + 1)]


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts `frame2` before `frame10`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _read_all(files: list[Path | None], read: Callable[[Path], People]) -> tuple[list[People], int]:
    """The persons of each frame, float32 `(N, 3)` each, and how many points a body has."""
    frames: list[People] = []
    points: tuple[int, Path] | None = None
    for file in files:
        people = [] if file is None else read(file)
        frames.append(people)
        for person in people:
            count = len(person) - (NUM_KEYPOINTS - BODY.stop)
            if points is not None and count != points[0]:
                raise InputError(
                    f"{file}: has bodies of {count} points, but {points[1].name} of {points[0]}; "
                    "make all files with one model."
                )
            if points is None and file is not None:
                points = (count, file)
    return frames, points[0] if points is not None else len(BODY_NAMES)


def _to_layout(person: FloatArray, points: int) -> FloatArray:
    """From body points in file order, then face and hands, to the layout of 137."""
    keypoints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    keypoints[_BODIES[points]] = person[:points]
    keypoints[BODY.stop :] = person[points:]
    if points == len(BODY_18):
        hips = keypoints[[INDEX["right_hip"], INDEX["left_hip"]]]
        if (hips[:, 2] > 0).all():
            keypoints[INDEX["mid_hip"]] = *hips[:, :2].mean(axis=0), hips[:, 2].min()
    keypoints[:, 2] = np.clip(keypoints[:, 2], 0, 1)
    return keypoints


def _extent(folder: Path, frames: list[People]) -> tuple[int, int]:
    """The frame size that holds all keypoints."""
    seen = [person[person[:, 2] > 0, :2] for people in frames for person in people]
    xy = np.concatenate(seen) if seen else np.zeros((0, 2), np.float32)
    if len(xy) == 0:
        return 1, 1
    if np.abs(xy).max() <= 1:
        raise InputError(
            f"{folder}: has coordinates from 0 to 1, not in pixels; "
            "run OpenPose with --keypoint_scale 0."
        )
    width, height = np.maximum(np.ceil(xy.max(axis=0)), 1).astype(int)
    return int(width), int(height)


def _joined(file: Path, parts: Sequence[NDArray[Any] | None]) -> FloatArray:
    """Body, face and hands of one person, `(N, 3)` each or None, stacked."""
    columns: list[NDArray[Any]] = []
    for (_, name, part), values in zip(_PARTS, parts, strict=True):
        wanted = part.stop - part.start
        if values is None or len(values) == 0:
            values = np.zeros((wanted, 3))
        if part == BODY and len(values) not in _BODIES:
            raise InputError(
                f"{file}: has a body of {len(values)} points; 18, 23 or 25 are needed."
            )
        if part == FACE and len(values) == 68:
            values = np.concatenate([values, np.zeros((2, 3))])
        if part != BODY and len(values) != wanted:
            raise InputError(f"{file}: {name} has {len(values)} points; {wanted} are needed.")
        columns.append(values)
    person: FloatArray = np.concatenate(columns).astype(np.float32)
    if not np.isfinite(person).all():
        raise InputError(f"{file}: holds NaN or infinite values; run OpenPose again.")
    return person


def _read_json(file: Path) -> People:
    try:
        people = json.loads(file.read_text(encoding="utf-8"))["people"]
        parts = [[_points(person, name) for name, _, _ in _PARTS] for person in people]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file}: is not an OpenPose file, or is damaged; run OpenPose again."
        ) from error
    return [_joined(file, person) for person in parts if len(person[0])]


def _points(person: dict[str, Any], name: str) -> NDArray[Any]:
    flat = np.asarray(person.get(f"{name}_2d", person.get(name)) or [], dtype=np.float64)
    return flat.reshape(-1, 3)


def _read_yaml(file: Path) -> People:
    stem = file.name.removesuffix(_YAML_END)
    parts = [_matrix(file.with_name(f"{stem}_{name}.yml")) for _, name, _ in _PARTS]
    body = parts[0]
    if body is None:
        return []
    return [
        _joined(file, [None if part is None or i >= len(part) else part[i] for part in parts])
        for i in range(len(body))
    ]


def _matrix(file: Path) -> NDArray[Any] | None:
    """The first matrix of a FileStorage file, `(P, N, 3)`; None if it is empty or missing."""
    if not file.is_file():
        return None
    try:
        storage = cv2.FileStorage(str(file), cv2.FILE_STORAGE_READ)
        keys = storage.root().keys()
        matrix = storage.getNode(keys[0]).mat()
        storage.release()
    except (cv2.error, SystemError, IndexError) as error:
        raise InputError(
            f"{file}: is not an OpenPose YAML file, or is damaged; run OpenPose again."
        ) from error
    if matrix is None or matrix.size == 0:
        return None
    if matrix.ndim != 3 or matrix.shape[2] != 3:
        raise InputError(f"{file}: holds a matrix of {matrix.shape}, not persons x keypoints x 3.")
    return matrix
