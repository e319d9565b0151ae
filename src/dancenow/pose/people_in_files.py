"""People in the pose files of other programs, as the files hold them; see `pose_files`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from dancenow.errors import InputError
from dancenow.pose.bodies import COUNTS, Points
from dancenow.pose.layout import BODY, FACE
from dancenow.pose.openpose import PARTS

YAML_END: Final = "_pose.yml"
LARGEST_FRAME: Final = 100_000  # pixels of a picture's side


@dataclass(frozen=True)
class Person:
    """A person as in a file: the body, and the face and hands if they are given by themselves."""

    body: Points
    parts: Points  # (112, 3)


@dataclass(frozen=True)
class Frame:
    """What a file says of a frame."""

    people: tuple[Person, ...] = ()
    size: tuple[int, int] | None = None
    file: Path | None = None


def load_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{file}: is not a file of poses, or is damaged; write it again."
        ) from error


def read_json(file: Path) -> Frame:
    try:
        return json_frame(file, load_json(file))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{file}: is not a file of poses, or is damaged; write it again."
        ) from error


def json_frame(file: Path, document: dict[str, Any]) -> Frame:
    """A frame in OpenPose's form."""
    people = []
    for person in document["people"]:
        parts = []
        for name, _, part in PARTS:
            values = person.get(f"{name}_2d", person.get(name)) or []
            wanted = part.stop - part.start
            counts = COUNTS if part == BODY else (wanted, *([68] if part == FACE else []))
            parts.append(_points(np.asarray(values, np.float64).ravel(), counts))
        if parts[0] is not None:
            people.append(_checked(file, parts))
    width, height = document.get("canvas_width"), document.get("canvas_height")
    size = None
    if width and height:
        size = (int(width), int(height))
        if not all(1 <= side <= LARGEST_FRAME for side in size):
            raise InputError(f"{file}: states a picture of {size[0]} x {size[1]} pixels.")
    return Frame(tuple(people), size, file)


def json_instance(file: Path, person: dict[str, Any]) -> Person:
    """A person with all keypoints in one list, and perhaps their scores in another."""
    points = np.asarray(person["keypoints"], np.float64)
    scores = person.get("keypoint_scores")
    if scores is not None and points.ndim == 2 and points.shape[1] == 2:
        points = np.concatenate([points, np.asarray(scores, np.float64)[:, None]], axis=1)
    return _checked(file, [_points(points.ravel(), COUNTS), None, None, None])


def _points(values: Points, counts: tuple[int, ...]) -> Points | None:
    """Values as `(N, 3)`: x, y and confidence, or x and y only; None if there are none.

    Pairs are told by their number, which no list of triples has; a pair of zeros is a point that
    was not found.
    """
    if len(values) == 0:
        return None
    if len(values) % 3 == 0 and len(values) // 3 in counts:
        return values.reshape(-1, 3)
    if len(values) % 2 == 0 and len(values) // 2 in counts:
        pairs = values.reshape(-1, 2)
        given: Points = np.concatenate([pairs, (pairs != 0).any(axis=1, keepdims=True)], axis=1)
        return given
    odd: Points = values.reshape(-1, 3 if len(values) % 3 == 0 else 1)
    return odd


def _checked(file: Path, parts: Sequence[Points | None]) -> Person:
    """A person of parts with the right numbers of points: body, face, hands."""
    body = parts[0]
    assert body is not None
    if len(body) not in COUNTS or body.shape[1] != 3:
        known = ", ".join(map(str, COUNTS[:-1]))
        raise InputError(
            f"{file}: has a body of {len(body)} points; {known} or {COUNTS[-1]} are needed."
        )
    rest = []
    for (_, name, part), values in zip(PARTS[1:], parts[1:], strict=True):
        wanted = part.stop - part.start
        given = np.zeros((wanted, 3)) if values is None else values
        if part == FACE and len(given) == 68:
            given = np.concatenate([given, np.zeros((2, 3))])
        if given.shape != (wanted, 3):
            raise InputError(f"{file}: {name} has {len(given)} points; {wanted} are needed.")
        rest.append(given)
    person = Person(body, np.concatenate(rest))
    if not (np.isfinite(body).all() and np.isfinite(person.parts).all()):
        raise InputError(f"{file}: holds NaN or infinite values; write it again.")
    return person


def read_yaml(file: Path) -> Frame:
    stem = file.name.removesuffix(YAML_END)
    parts = [_matrix(file.with_name(f"{stem}_{name}.yml")) for _, name, _ in PARTS]
    body = parts[0]
    if body is None:
        return Frame()
    people = [
        _checked(file, [None if part is None or i >= len(part) else part[i] for part in parts])
        for i in range(len(body))
    ]
    return Frame(tuple(people), None, file)


def _matrix(file: Path) -> Points | None:
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
