"""Pose files of other programs: each frame's keypoints, as JSON or YAML.

A folder holds a file a frame:

- OpenPose's JSON (`--write_json`), `NAME_000000000042_keypoints.json`, and what others write in its
  form under other names, such as AlphaPose's `sep-json/42.json`: `people[...]` that hold
  `pose_keypoints_2d`, `face_keypoints_2d`, `hand_left_keypoints_2d`, `hand_right_keypoints_2d`,
  each x1, y1, c1, x2, y2, c2, ... (before version 1.2 the names lack `_2d`);
- OpenPose's YAML (`--write_keypoint`, by OpenCV's FileStorage): `NAME_pose.yml`, `NAME_face.yml`,
  `NAME_hand_left.yml`, `NAME_hand_right.yml`, each one matrix of persons x keypoints x 3.

A single JSON file holds all frames:

- a list of such `people`, with `canvas_width` and `canvas_height` (DWPose in ComfyUI);
- AlphaPose's results: a list of persons with `image_id` and `keypoints`;
- MMPose's predictions: `instance_info`, with `frame_id` and `instances`.

The 23 points of a body are OpenPose's first BODY_23, from its development in 2018: BODY_25 without
heels and in its own order, from the neck to the ears.  The data published with Everybody Dance Now
has it (its `data_prep` converts 25 points to it); the later BODY_23, without neck and mid-hip, was
never published with a model.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from dancenow import limits
from dancenow.errors import DanceNowWarning, InputError, NobodyError
from dancenow.pose.bodies import BODY_25, BodyModel, model_of
from dancenow.pose.dancers import LARGEST, choose_dancer
from dancenow.pose.layout import BODY
from dancenow.pose.openpose import JSON_END, SIDECAR, read_sidecar
from dancenow.pose.people_in_files import (
    YAML_END,
    Frame,
    Person,
    json_frame,
    json_instance,
    load_json,
    read_frame,
    read_yaml,
)
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.pose.tracking import track_people, track_person
from dancenow.reading import reading

_DEFAULT_FPS: Final = 30.0
_MAX_SPARSE: Final = 10  # frame numbers per file; with many more, they are no frame numbers
_SPARE: Final = 1000  # frame numbers that are taken beyond that
_WIDEST: Final = 2.0  # coordinates up to this are fractions of the frame, beyond it pixels
_MOST: Final = 0.95  # of the points of a file with fractions lie within the frame
_OUTSIDE: Final = 0.05  # of the frame, by which such points may still be outside


@dataclass(frozen=True)
class PoseFiles:
    """Poses that were read from files.

    Attributes:
        people: the persons of each frame, float32 `(137, 3)` each, in any order.
        fps: frames per second.
        size: width and height in pixels.
        taken_for: what the files were taken for, in words.
        first: which frame of the clip the first one is, from 0; None if the files do not tell.
    """

    people: list[list[FloatArray]]
    fps: float
    size: tuple[int, int]
    taken_for: str
    first: int | None = None

    @property
    def track(self) -> PoseTrack:
        """The largest and steadiest person; see `track_person`."""
        return PoseTrack(track_person(self.people, self.size), self.fps, self.size)

    @property
    def tracks(self) -> list[PoseTrack]:
        """Everybody, the largest and steadiest first; see `track_people`."""
        found = track_people(self.people, self.size)
        return [PoseTrack(each.keypoints, self.fps, self.size) for each in found]

    def of(self, person: str, path: Path, option: str = "person") -> PoseTrack:
        """The person that a text names; see `choose_dancer`."""
        if person == LARGEST:
            return self.track
        tracks = self.tracks
        return tracks[choose_dancer(tracks, person, str(path), option)]


def holds_poses(path: str | Path) -> bool:
    """Whether `path` is a JSON file, or a folder of pose files."""
    path = Path(path)
    if path.is_dir():
        if _listed(path, JSON_END) or _listed(path, YAML_END):
            return True
        return bool(_plain_json(path))
    return path.suffix.lower() == ".json" and path.is_file()


def read_pose_files(
    path: str | Path,
    *,
    fps: float | None = None,
    size: tuple[int, int] | None = None,
) -> PoseFiles:
    """Read the poses that another program found; see the module for what is known.

    Frames are ordered by their numbers; a missing number becomes a frame without keypoints.
    Which order of keypoints a body has is told by their number and by the lengths of its limbs.

    Args:
        path: a folder, or a JSON file.
        fps: frames a second, which such files do not state; by default what DanceNow wrote beside
            its own files, otherwise 30, with a warning.
        size: frame size `(width, height)`, where the files do not state it; by default the extent
            of the keypoints, with a warning.

    Warns:
        DanceNowWarning: frames are missing, or the size is guessed.

    Raises:
        InputError: there are no such files, a file is damaged, there are frames of several clips,
            bodies of different or unknown kinds, coordinates that are fractions of an unknown
            frame size, or nobody in any frame.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such folder or file.")
    frames, first, form = _read_folder(path) if path.is_dir() else _read_list(path)
    stated_fps, stated_size = read_sidecar(path) if path.is_dir() else (None, None)
    model = _model(frames, ours=stated_fps is not None)
    fps = fps or stated_fps
    size = stated_size or next((frame.size for frame in frames if frame.size), size)
    if model is None:
        raise NobodyError(f"{path}: holds no poses of anybody.")
    people = [[_to_layout(each, model) for each in frame.people] for frame in frames]
    units = _scale(path, people, size)
    if size is None:
        size = _extent(path, people)
        rate = "" if fps else f", at {_DEFAULT_FPS:g} frames a second"
        warnings.warn(
            f"{path}: the frame size is not stated; {size[0]} x {size[1]}, the extent of the "
            f"keypoints, is taken{rate}.",
            DanceNowWarning,
            stacklevel=2,
        )
    fps = fps or _DEFAULT_FPS
    body = f"{len(model.rows)} points ({model.name})"
    taken_for = f"{form}, {body}, {units} of {size[0]} x {size[1]}, {fps:.4g} frames a second"
    return PoseFiles(people, fps, size, taken_for, first)


def _read_folder(folder: Path) -> tuple[list[Frame], int | None, str]:
    """The frames of a folder with a file a frame, the first number, what it was taken for."""
    read: Callable[[Path], Frame] = read_frame
    form, ending, files = "OpenPose's JSON files", JSON_END, _listed(folder, JSON_END)
    if not files:
        read, form, ending = read_yaml, "OpenPose's YAML files", YAML_END
        files = _listed(folder, YAML_END)
    if not files:
        read, form, ending = read_frame, "JSON files in OpenPose's form", ".json"
        files = _plain_json(folder)
    if not files:
        raise InputError(
            f"{folder}: holds no pose files; NAME{JSON_END}, NAME{YAML_END} or 0.json, 1.json, "
            "... with `people` are needed."
        )
    frames = [Frame() if file is None else read(file) for file in _in_order(folder, files, ending)]
    numbers = [int(file.stem) for file in files if file.stem.isdecimal()]
    return frames, min(numbers) if len(numbers) == len(files) else None, form


def _listed(folder: Path, ending: str) -> list[Path]:
    """Files whose names have an ending; macOS puts `._NAME` beside each on foreign disks."""
    return sorted(file for file in folder.glob(f"*{ending}") if not file.name.startswith("."))


def _plain_json(folder: Path) -> list[Path]:
    """Files NUMBER.json or NAME_NUMBER.json in OpenPose's form; the first one is looked into."""
    files = sorted(
        file
        for file in _listed(folder, ".json")
        if file.name != SIDECAR and file.stem[-1:].isdecimal()
    )
    if files:
        try:
            document = load_json(files[0])
        except InputError:
            return []
        if not (isinstance(document, dict) and "people" in document):
            return []
    return files


def _read_list(file: Path) -> tuple[list[Frame], int | None, str]:
    """The frames of a JSON file with all frames, the first number, what it was taken for."""
    document = load_json(file)
    with reading(file, "is damaged, or not what it seems to be."):
        if isinstance(document, dict) and "instance_info" in document:
            numbered = [
                (int(each["frame_id"]) - 1, [json_instance(file, one) for one in each["instances"]])
                for each in document["instance_info"]
            ]
            return *_numbered(file, numbered), "MMPose's predictions"
        if isinstance(document, dict) and "people" in document:
            return [json_frame(file, document)], None, "one frame in OpenPose's form"
        if isinstance(document, list) and document and "people" in document[0]:
            frames = [json_frame(file, each) for each in document]
            return frames, None, "a list of frames, as from DWPose"
        if isinstance(document, list) and document and "image_id" in document[0]:
            numbered = [
                (_number(str(each["image_id"])), [json_instance(file, each)]) for each in document
            ]
            return *_numbered(file, numbered), "AlphaPose's results"
    raise InputError(
        f"{file}: holds no poses in a known form: OpenPose's, DWPose's, AlphaPose's or MMPose's."
    )


def _number(image: str) -> int:
    """The frame number in the name of a picture: the last one in it."""
    return int(re.findall(r"\d+", Path(image).stem)[-1])


def _numbered(file: Path, frames: list[tuple[int, list[Person]]]) -> tuple[list[Frame], int | None]:
    """People by frame number, from the first number that is there, and this number."""
    people: dict[int, list[Person]] = {}
    for number, persons in frames:
        people.setdefault(number, []).extend(persons)
    if not people:
        return [], None
    numbers = range(min(people), max(people) + 1)
    if len(numbers) > _SPARE + _MAX_SPARSE * len(people):
        raise InputError(f"{file}: the numbers of its pictures are no frame numbers.")
    limits.check_length(file, len(numbers), 0)
    _warn_of_missing(file, len(numbers) - len(people), len(numbers))
    made = [Frame(tuple(people.get(number, ())), None, file) for number in numbers]
    return made, max(0, numbers.start)


def _model(frames: list[Frame], *, ours: bool) -> BodyModel | None:
    """The order of keypoints that all bodies have; None if there are no bodies."""
    found: dict[int, Frame] = {}
    for frame in frames:
        for person in frame.people:
            found.setdefault(len(person.body), frame)
    if len(found) > 1:
        (first, one), (second, other) = list(found.items())[:2]
        assert one.file is not None and other.file is not None
        raise InputError(
            f"{other.file}: has bodies of {second} points, but {one.file.name} of {first}; "
            "make all files with one model."
        )
    if not found:
        return None
    if ours:
        return BODY_25
    return model_of([person.body for frame in frames for person in frame.people])


def _to_layout(person: Person, model: BodyModel | None) -> FloatArray:
    """A person in the layout of 137."""
    assert model is not None
    keypoints = model.to_layout(person.body)
    if len(person.body) < len(person.parts):  # face and hands are not part of the body
        keypoints[BODY.stop :] = person.parts
    keypoints[:, 2] = np.clip(keypoints[:, 2], 0, 1)
    return keypoints


def _scale(path: Path, people: list[list[FloatArray]], size: tuple[int, int] | None) -> str:
    """Bring keypoints to pixels, in place; says in which units they were.

    Raises:
        InputError: they are fractions of an unknown frame size.
    """
    seen = [person[person[:, 2] > 0, :2] for frame in people for person in frame]
    xy = np.concatenate(seen) if seen else np.zeros((0, 2), np.float32)
    if len(xy) == 0 or np.abs(xy).max() > _WIDEST or np.ptp(xy, axis=0).max() == 0:
        return "pixels"
    within = (np.abs(xy - 0.5) <= 0.5 + _OUTSIDE).all(axis=1).mean() >= _MOST
    low, units = (0.0, "fractions from 0 to 1") if within else (-1.0, "fractions from -1 to 1")
    if size is None:
        raise InputError(
            f"{path}: has coordinates that are {units}, not pixels, of a frame size that is not "
            "stated; write pixels (OpenPose: --keypoint_scale 0)."
        )
    for frame in people:
        for person in frame:
            shown = person[:, 2] > 0
            person[shown, :2] = (person[shown, :2] - low) / (1 - low) * np.array(size)
    return units


def _extent(path: Path, people: list[list[FloatArray]]) -> tuple[int, int]:
    """The frame size that holds all keypoints."""
    seen = [person[person[:, 2] > 0, :2] for frame in people for person in frame]
    xy = np.concatenate(seen) if seen else np.zeros((0, 2))
    if len(xy) == 0 or not 1 <= xy.max() <= limits.SIDE:
        raise InputError(f"{path}: its coordinates lie in no picture; write them in pixels.")
    width, height = np.maximum(np.ceil(xy.max(axis=0)), 1).astype(int)
    limits.check_picture(path, width, height)
    return int(width), int(height)


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
    if last - first + 1 > _SPARE + _MAX_SPARSE * len(files):
        raise InputError(
            f"{folder}: the numbers in the names ({first} to {last} in {len(files)} files) are no "
            "frame numbers; number the files consecutively."
        )
    limits.check_length(folder, last - first + 1, 0)
    by_number = dict(zip(numbers, files, strict=True))
    _warn_of_missing(folder, last - first + 1 - len(files), last - first + 1)
    return [by_number.get(number) for number in range(first, last + 1)]


def _warn_of_missing(path: Path, missing: int, frames: int) -> None:
    if missing:
        warnings.warn(
            f"{path}: {missing} of {frames} frames are missing; they count as frames without a "
            "person.",
            DanceNowWarning,
            stacklevel=4,
        )


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts `frame2` before `frame10`."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]
