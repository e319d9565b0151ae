"""BVH files (Biovision hierarchy): a skeleton and how its joints turn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.files import write_bytes

Array = NDArray[np.float64]

_POSITIONS: Final = ("Xposition", "Yposition", "Zposition")
_ROTATIONS: Final = ("Xrotation", "Yrotation", "Zrotation")
_MOST_JOINTS: Final = 1000
_MOST_FRAMES: Final = 1_000_000


@dataclass(frozen=True)
class Joint:
    """A joint of the hierarchy.

    Attributes:
        name: as in the file; an end site has its parent's name and "_end".
        parent: number of its parent; -1 for the root.
        offset: from its parent in the rest pose, in the file's units.
        channels: names of its values in a frame, in the file's order; none of an end site.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]


@dataclass(frozen=True)
class Bvh:
    """A skeleton in motion.

    Attributes:
        joints: parents before their children.
        values: float64 `(T, C)`, the channels of all joints; degrees, and the file's units.
        fps: frames a second.
    """

    joints: tuple[Joint, ...]
    values: Array
    fps: float

    def __len__(self) -> int:
        return len(self.values)

    @property
    def names(self) -> list[str]:
        """Of all joints, in order."""
        return [joint.name for joint in self.joints]

    def kinematics(self) -> tuple[Array, Array]:
        """Where the joints are, `(T, J, 3)`, and how they are turned, `(T, J, 3, 3)`.

        A rotation takes vectors of the rest pose to where they point.
        """
        count, places, turns = len(self), [], []
        start = 0
        for joint in self.joints:
            own = self.values[:, start : start + len(joint.channels)]
            start += len(joint.channels)
            shift = np.tile(np.array(joint.offset), (count, 1))
            if any(channel in _POSITIONS for channel in joint.channels):
                shift = np.zeros((count, 3)) if joint.parent < 0 else shift
                for column, channel in enumerate(joint.channels):
                    if channel in _POSITIONS:
                        axis = _POSITIONS.index(channel)
                        shift[:, axis] = own[:, column]
            turn = np.tile(np.eye(3), (count, 1, 1))
            for column, channel in enumerate(joint.channels):
                if channel in _ROTATIONS:
                    turn = turn @ rotation(_ROTATIONS.index(channel), np.radians(own[:, column]))
            if joint.parent < 0:
                places.append(shift)
                turns.append(turn)
            else:
                above = turns[joint.parent]
                places.append(places[joint.parent] + np.einsum("tij,tj->ti", above, shift))
                turns.append(above @ turn)
        return np.stack(places, axis=1), np.stack(turns, axis=1)

    def rest(self) -> Array:
        """Where the joints are in the rest pose, `(J, 3)`."""
        places = np.zeros((len(self.joints), 3))
        for number, joint in enumerate(self.joints):
            if joint.parent >= 0:
                places[number] = places[joint.parent] + joint.offset
        return places


def rotation(axis: int, angle: Array) -> Array:
    """Rotations by `angle (T,)`, in radians, about x, y or z, `(T, 3, 3)`."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros((len(angle), 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, axis, axis] = 1
    matrix[:, i, i], matrix[:, j, j] = cos, cos
    matrix[:, i, j], matrix[:, j, i] = -sin, sin
    return matrix


def read_bvh(path: str | Path) -> Bvh:
    """Read a BVH file.

    Raises:
        InputError: there is none, or it is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text; is it a BVH file?") from error
    head, mark, motion = text.partition("MOTION")
    if not head.lstrip().startswith("HIERARCHY") or not mark:
        raise InputError(f"{path}: is no BVH file: HIERARCHY or MOTION is missing.")
    try:
        joints = tuple(_read_hierarchy(head.split()[1:]))
        values, seconds = _read_motion(motion, sum(len(joint.channels) for joint in joints))
    except (ValueError, IndexError, StopIteration) as error:
        raise InputError(
            f"{path}: the BVH file is damaged ({error or 'it ends too early'})."
        ) from (error)
    return Bvh(joints, values, 1 / seconds)


def _read_hierarchy(words: list[str]) -> Iterator[Joint]:
    parents: list[int] = []
    names: list[str] = []
    place = 0
    pending: tuple[str, bool] | None = None
    while place < len(words):
        word = words[place]
        if word in ("ROOT", "JOINT"):
            pending, place = (words[place + 1], False), place + 2
        elif word == "End":
            pending, place = (f"{names[parents[-1]]}_end", True), place + 2
        elif word == "{":
            if pending is None or words[place + 1] != "OFFSET":
                raise ValueError("OFFSET is missing")
            name, end = pending
            x, y, z = (float(value) for value in words[place + 2 : place + 5])
            if not all(map(math.isfinite, (x, y, z))):
                raise ValueError(f"the offset of {name} is no number")
            place += 5
            channels: tuple[str, ...] = ()
            if not end:
                if words[place] != "CHANNELS":
                    raise ValueError(f"CHANNELS of {name} are missing")
                count = int(words[place + 1])
                channels = tuple(words[place + 2 : place + 2 + count])
                if len(channels) != count or set(channels) - {*_POSITIONS, *_ROTATIONS}:
                    raise ValueError(f"unknown channels of {name}")
                place += 2 + count
            if len(names) >= _MOST_JOINTS:
                raise ValueError("too many joints")
            yield Joint(name, parents[-1] if parents else -1, (x, y, z), channels)
            parents.append(len(names))
            names.append(name)
            pending = None
        elif word == "}":
            parents.pop()
            place += 1
        else:
            raise ValueError(f"unexpected {word[:20]!r}")
    if parents or not names:
        raise ValueError("the hierarchy is not closed")


def _read_motion(text: str, channels: int) -> tuple[Array, float]:
    words = text.split()
    if words[0] != "Frames:" or words[2:4] != ["Frame", "Time:"]:
        raise ValueError("Frames or Frame Time is missing")
    count, seconds = int(words[1]), float(words[4])
    if not (0 < count <= _MOST_FRAMES and 1e-4 < seconds < 10):
        raise ValueError(f"{count} frames of {seconds:g} s")
    values = np.array(words[5:], np.float64)
    if len(values) != count * channels:
        raise ValueError(f"{len(values)} values instead of {count} x {channels}")
    if not np.isfinite(values).all():
        raise ValueError("a value is no number")
    return values.reshape(count, channels), seconds


def write_bvh(bvh: Bvh, path: str | Path) -> None:
    """Write a BVH file, atomically."""
    path = Path(path)
    lines = ["HIERARCHY"]
    children: dict[int, list[int]] = {number: [] for number in range(-1, len(bvh.joints))}
    for number, joint in enumerate(bvh.joints):
        children[joint.parent].append(number)

    def write(number: int, depth: int) -> None:
        joint, tab = bvh.joints[number], "\t" * depth
        order.append(number)
        end = not joint.channels
        kind = "End Site" if end else f"{'ROOT' if joint.parent < 0 else 'JOINT'} {joint.name}"
        offset = " ".join(f"{value:.6f}" for value in joint.offset)
        lines.extend([f"{tab}{kind}", f"{tab}{{", f"{tab}\tOFFSET {offset}"])
        if not end:
            lines.append(f"{tab}\tCHANNELS {len(joint.channels)} {' '.join(joint.channels)}")
        for child in children[number]:
            write(child, depth + 1)
        lines.append(f"{tab}}}")

    order: list[int] = []
    for root in children[-1]:
        write(root, 0)
    # The file has the values in the order of its hierarchy, depth first.
    ends = np.cumsum([len(joint.channels) for joint in bvh.joints])
    columns = [
        column
        for number in order
        for column in range(int(ends[number]) - len(bvh.joints[number].channels), int(ends[number]))
    ]
    lines += ["MOTION", f"Frames: {len(bvh)}", f"Frame Time: {1 / bvh.fps:.8f}"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in bvh.values[:, columns].tolist()]
    write_bytes(path, ("\n".join(lines) + "\n").encode())
