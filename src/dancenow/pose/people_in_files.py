"""People in the pose files of other programs, as the files hold them; see `pose_files`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from dancenow.errors import InputError
from dancenow.limits import PEOPLE, check_picture, check_places
from dancenow.pose.bodies import COUNTS, Points
from dancenow.pose.layout import BODY, FACE
from dancenow.pose.openpose import PARTS
from dancenow.reading import read_json, read_text, reading

YAML_END: Final = "_pose.yml"
_NOT_FINITE: Final = re.compile(r"\.(nan|inf)", re.IGNORECASE)  # as YAML writes them


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


_DAMAGED: Final = "is not a file of poses, or is damaged; write it again."


def load_json(file: Path) -> Any:
    return read_json(file, _DAMAGED)


def read_frame(file: Path) -> Frame:
    document = load_json(file)
    with reading(file, _DAMAGED):
        return json_frame(file, document)


def json_frame(file: Path, document: dict[str, Any]) -> Frame:
    """A frame in OpenPose's form."""
    people = []
    if len(document["people"]) > PEOPLE:
        raise InputError(f"{file}: shows more than {PEOPLE} people.")
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
        check_picture(file, *size)
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
    for points in (person.body, person.parts):
        check_places(file, points[points[:, 2] > 0, :2])
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


def _shape(text: str) -> tuple[int, ...]:
    """The shape of the first matrix; one of two dimensions may have channels, as in "3f"."""
    if "opencv-matrix" not in text:
        return tuple(map(int, _listed("sizes", text)))
    found = {name: int(value) for name, value in re.findall(r"\b(rows|cols|dt):\s*\"?(\d+)", text)}
    shape = found["rows"], found["cols"]
    return (*shape, found["dt"]) if "dt" in found else shape


def _listed(name: str, text: str) -> list[str]:
    """The words of the first list of that name."""
    found = re.search(rf"\b{name}:\s*\[([^\]]*)\]", text)
    if found is None:
        raise ValueError(f"{name} is missing")
    return found[1].replace(",", " ").split()


def _matrix(file: Path) -> Points | None:
    """The first matrix of a file of OpenCV's FileStorage, `(P, N, 3)`; None if empty or missing."""
    if not file.is_file():
        return None
    said = "is not an OpenPose YAML file, or is damaged; run OpenPose again."
    text = read_text(file, said)
    with reading(file, said):
        shape = _shape(text)
        values = np.array([float(_NOT_FINITE.sub(r"\1", word)) for word in _listed("data", text)])
    if values.size == 0:
        return None
    if len(shape) != 3 or shape[2] != 3 or shape[0] > PEOPLE:
        raise InputError(
            f"{file}: holds a matrix of {str(shape)[:40]}, not persons x keypoints x 3."
        )
    if math.prod(shape) != len(values):
        raise InputError(f"{file}: {said}")
    return values.reshape(shape)
