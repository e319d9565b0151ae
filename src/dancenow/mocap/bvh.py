"""BVH files (Biovision hierarchy): a skeleton and its joints' rotations."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from dancenow import limits
from dancenow.errors import DanceNowWarning, InputError
from dancenow.files import write_bytes

Array = NDArray[np.float64]

_POSITIONS: Final = ("Xposition", "Yposition", "Zposition")
_ROTATIONS: Final = ("Xrotation", "Yrotation", "Zrotation")
_CHANNELS: Final = {name.lower(): name for name in (*_POSITIONS, *_ROTATIONS)}
_MOST_JOINTS: Final = 1000
_MOST_FRAMES: Final = 1_000_000
_MOST_WORDS: Final = 100 * _MOST_JOINTS  # of a hierarchy
_LONGEST_NAME: Final = 100
_LONGEST_LINE: Final = 1 << 20
_MOVED: Final = 200  # bytes that a joint takes in a frame once it is moved
_BLANK: Final = " \t\r\n\0\x1a"  # a DOS file ends in Ctrl-Z, and some are filled up with NULs
_LARGEST: Final = 1e9  # of any number in a file


@dataclass(frozen=True)
class Joint:
    """A joint of the hierarchy.

    Attributes:
        name: as in the file; an end site has its parent's name plus "_end".
        parent: index of its parent; -1 for a root.
        offset: from its parent in the rest pose, in the file's units.
        channels: names of its values in a frame, in the file's order; an end site has none.
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

    def __post_init__(self) -> None:
        channels = sum(len(joint.channels) for joint in self.joints)
        if self.values.ndim != 2 or self.values.shape[1] != channels:
            raise ValueError(f"values must be (T, {channels}), not {self.values.shape}")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def names(self) -> list[str]:
        """The names of all joints, in order."""
        return [joint.name for joint in self.joints]

    def kinematics(self) -> tuple[Array, Array]:
        """The joints' positions `(T, J, 3)` and rotations `(T, J, 3, 3)` (forward kinematics).

        A rotation maps vectors of the rest pose to the current pose.  Rotations apply in the
        file's order, the last one first; a position replaces the offset.
        """
        count, places, turns = len(self), [], []
        start = 0
        for joint in self.joints:
            own = self.values[:, start : start + len(joint.channels)]
            start += len(joint.channels)
            shift = np.tile(np.array(joint.offset), (count, 1))
            turn = np.tile(np.eye(3), (count, 1, 1))
            for channel, value in zip(joint.channels, own.T, strict=True):
                if channel in _POSITIONS:
                    shift[:, _POSITIONS.index(channel)] = value
                else:
                    turn = turn @ rotation(_ROTATIONS.index(channel), np.radians(value))
            if joint.parent < 0:
                places.append(shift)
                turns.append(turn)
            else:
                above = turns[joint.parent]
                places.append(places[joint.parent] + np.einsum("tij,tj->ti", above, shift))
                turns.append(above @ turn)
        return np.stack(places, axis=1), np.stack(turns, axis=1)

    def rest(self) -> Array:
        """The joints' positions in the rest pose, `(J, 3)`.

        Of joints without an offset whose positions are captured, those tell it.
        """
        places = np.array([joint.offset for joint in self.joints], np.float64)
        start = 0
        for number, joint in enumerate(self.joints):
            own = self.values[:, start : start + len(joint.channels)]
            start += len(joint.channels)
            if joint.parent >= 0 and not places[number].any():
                for channel, value in zip(joint.channels, own.T, strict=True):
                    if channel in _POSITIONS:
                        places[number, _POSITIONS.index(channel)] = np.median(value)
        for number, joint in enumerate(self.joints):
            if joint.parent >= 0:
                places[number] += places[joint.parent]
        return places


def rotation(axis: int, angle: Array) -> Array:
    """Rotations `(T, 3, 3)` by `angle` `(T,)`, radians, about axis 0, 1 or 2."""
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros((len(angle), 3, 3))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, axis, axis] = 1
    matrix[:, i, i], matrix[:, j, j] = cos, cos
    matrix[:, i, j], matrix[:, j, i] = -sin, sin
    return matrix


def unit(vectors: Array) -> Array:
    """Vectors `(..., 3)` scaled to length 1; zero vectors stay zero."""
    scaled: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return scaled


def read_bvh(path: str | Path) -> Bvh:
    """Read a BVH file.  Keywords may be in upper or lower case; names may contain spaces.

    Warns:
        DanceNowWarning: it holds more or fewer frames than it says; those that are there are read.

    Raises:
        InputError: there is no such file, or it is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        # Names in another encoding are no reason to refuse a file.
        with path.open(encoding=_encoding(path), errors="replace") as file:
            if not file.read(1000).lstrip().upper().startswith("HIERARCHY"):
                raise InputError(f"{path}: is not a BVH file: it does not begin with HIERARCHY.")
            file.seek(0)
            joints = tuple(_read_hierarchy(_hierarchy_words(file)))
            values, stated, fps = _read_motion(file, sum(len(joint.channels) for joint in joints))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise InputError(f"{path}: the BVH file is damaged: {error}.") from error
    limits.check_length(path, len(values), len(values) / fps)
    limits.check_memory(path, _MOVED * len(values) * len(joints))
    if len(values) != stated:
        warnings.warn(
            f"{path}: holds {len(values)} whole frames, not the {stated} that it states; those are "
            "read.",
            DanceNowWarning,
            stacklevel=2,
        )
    return Bvh(joints, values, fps)


def _encoding(path: Path) -> str:
    """Of a text that begins with an ASCII letter or a byte order mark."""
    with path.open("rb") as file:
        head = file.read(2)
    if head in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in head:
        return "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
    return "utf-8-sig"


def _hierarchy_words(file: TextIO) -> Iterator[str]:
    """The words between HIERARCHY and MOTION; the file is left after MOTION."""
    words: list[str] = []
    for line in _lines(file):
        row = line.replace("{", " { ").replace("}", " } ").split()
        if row[:1] and row[0].upper() == "MOTION":
            return iter(words[1:])
        words += row
        if len(words) > _MOST_WORDS:
            raise ValueError("the hierarchy is too long")
    raise ValueError("MOTION is missing")


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of a file, none of which may take all memory."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise ValueError(f"a line has more than {_LONGEST_LINE:,} characters")
        yield line


def _read_hierarchy(words: Iterator[str]) -> list[Joint]:
    joints: list[Joint] = []
    above: list[int] = []  # the joints that are not closed yet, root first
    in_end = False
    for word in words:
        kind = word.upper()
        if word == "}" and above:
            above.pop()
            in_end = False
        elif (kind == "ROOT" and not above) or (kind in ("JOINT", "END") and above and not in_end):
            in_end = kind == "END"
            parent = above[-1] if above else -1
            name = _read_name(words)
            if in_end:
                name = f"{joints[parent].name}_end"
            first = _next(words, f"the OFFSET of {name}")
            if in_end and first == "}":  # an end without a place is where its joint is
                in_end = False
                continue
            above.append(len(joints))
            joints.append(Joint(name, parent, *_read_joint(first, words, name, in_end)))
            if len(joints) > _MOST_JOINTS:
                raise ValueError(f"it has more than {_MOST_JOINTS} joints")
        else:
            after = f"after {joints[-1].name}" if joints else "at the beginning"
            raise ValueError(f"{_short(word)} is not expected {after}")
    if not joints:
        raise ValueError("ROOT is missing")
    if above:
        raise ValueError(f"{joints[above[-1]].name} is not closed before MOTION")
    return joints


def _read_name(words: Iterator[str]) -> str:
    """A joint's name and the brace after it."""
    name: list[str] = []
    while (word := _next(words, "{")) != "{":
        name.append(word)
        if word.upper() == "OFFSET" or len(name) > _LONGEST_NAME:
            raise ValueError(f"{{ is missing after {_short(name[0])}")
    joined = " ".join(name)
    if not 0 < len(joined) <= _LONGEST_NAME or not joined.isprintable():
        raise ValueError("a joint has no readable name")
    return joined


def _read_joint(
    first: str, words: Iterator[str], name: str, is_end: bool
) -> tuple[tuple[float, float, float], tuple[str, ...]]:
    """Offset and channels; `first` is the word after the brace."""
    if first.upper() != "OFFSET":
        raise ValueError(f"the OFFSET of {name} is missing")
    what = f"the OFFSET of {name}"
    x, y, z = _numbers([_next(words, what) for _ in range(3)], what).tolist()
    if is_end:
        return (x, y, z), ()
    if _next(words, f"the CHANNELS of {name}").upper() != "CHANNELS":
        raise ValueError(f"the CHANNELS of {name} are missing")
    count = _whole(_next(words, "the number of CHANNELS"), f"the number of CHANNELS of {name}")
    channels = []
    for _ in range(count):
        word = _next(words, f"a channel of {name}")
        if word.lower() not in _CHANNELS:
            raise ValueError(f"{_short(word)} is not one of {name}'s {count} channels")
        channels.append(_CHANNELS[word.lower()])
    return (x, y, z), tuple(channels)


def _read_motion(file: TextIO, channels: int) -> tuple[Array, int, float]:
    """Values `(T, channels)` of the frames that are there, how many are stated, and their rate."""
    lines = (line for each in _lines(file) if (line := each.strip(_BLANK)))
    count = _whole(_field(next(lines, ""), "Frames"), "Frames")
    time = _field(next(lines, ""), "Frame Time")
    seconds = float(_numbers([time], "Frame Time")[0])
    if not 0 < count <= _MOST_FRAMES:
        raise ValueError(f"Frames must be 1 to {_MOST_FRAMES}, not {count}")
    if not 1e-4 < seconds < 10:
        raise ValueError(f"Frame Time must be 0.0001 to 10 seconds, not {_short(time)}")
    if not channels:
        raise ValueError("no joint has CHANNELS")
    parts, found, in_rows = [], 0, True
    # A part at a time: as words, numbers take ten times as much memory.
    while found < _MOST_FRAMES * channels and (rows := list(islice(lines, 1000))):
        words = [row.split() for row in rows]
        in_rows = in_rows and all(len(row) == channels for row in words)
        parts.append(_numbers([word for row in words for word in row], "the motion"))
        found += len(parts[-1])
    # A row that is cut may end in half a number, and rows of another length are another motion.
    if found != count * channels and not (in_rows and found):
        raise ValueError(f"{found} values follow instead of {count} frames of {channels} values")
    return np.concatenate(parts).reshape(-1, channels), count, _rate(seconds)


def _field(line: str, name: str) -> str:
    """The value after `name:`."""
    label, mark, value = line.partition(":")
    if not mark or " ".join(label.split()).lower() != name.lower():
        raise ValueError(f"{name}: is missing")
    return value.strip()


def _next(words: Iterator[str], what: str) -> str:
    word = next(words, None)
    if word is None:
        raise ValueError(f"it ends where {what} should be")
    return word


def _whole(word: str, what: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 10):
        raise ValueError(f"{what} must be a whole number, not {_short(word)}")
    return int(word)


def _numbers(words: list[str], what: str) -> Array:
    try:
        values = np.fromiter(map(float, words), np.float64, len(words))
        usable = bool((np.abs(values) < _LARGEST).all())
    except ValueError:
        usable = False
    if not usable:
        wrong = next(word for word in words if not _is_number(word))
        raise ValueError(f"{_short(wrong)} in {what} is not a number, or far too large")
    return values


def _is_number(word: str) -> bool:
    try:
        return abs(float(word)) < _LARGEST
    except ValueError:
        return False


def _short(word: str) -> str:
    return repr(word if len(word) <= 20 else f"{word[:20]}...")


def _rate(seconds: float) -> float:
    """Frames a second.  Files round the frame time, so a common rate nearby is meant."""
    rate = 1 / seconds
    for common in (round(rate), round(1.001 * rate) / 1.001):
        if abs(rate - common) < 3e-4 * rate:
            return float(common)
    return rate


def write_bvh(bvh: Bvh, path: str | Path) -> None:
    """Write a BVH file, atomically.  A joint without channels or children is an end site."""
    children: dict[int, list[int]] = {number: [] for number in range(-1, len(bvh.joints))}
    for number, joint in enumerate(bvh.joints):
        children[joint.parent].append(number)
    starts = np.cumsum([0, *(len(joint.channels) for joint in bvh.joints)])
    lines, opened = ["HIERARCHY"], 0
    columns: list[int] = []  # of the values, in the order of the hierarchy: depth first
    waiting = [(number, 0) for number in reversed(children[-1])]
    while waiting:
        number, depth = waiting.pop()
        lines += ["\t" * level + "}" for level in reversed(range(depth, opened))]
        opened = depth + 1
        joint, tab = bvh.joints[number], "\t" * depth
        end = depth > 0 and not joint.channels and not children[number]
        kind = "End Site" if end else f"{'JOINT' if depth else 'ROOT'} {joint.name}"
        offset = " ".join(f"{value:.6f}" for value in joint.offset)
        lines += [f"{tab}{kind}", f"{tab}{{", f"{tab}\tOFFSET {offset}"]
        if not end:
            channels = " ".join([str(len(joint.channels)), *joint.channels])
            lines.append(f"{tab}\tCHANNELS {channels}")
        columns += range(starts[number], starts[number + 1])
        waiting += [(child, depth + 1) for child in reversed(children[number])]
    lines += ["\t" * level + "}" for level in reversed(range(opened))]
    lines += ["MOTION", f"Frames: {len(bvh)}", f"Frame Time: {1 / bvh.fps:.8f}"]
    values = np.take(bvh.values, columns, axis=1)
    lines += [" ".join(f"{value:.6f}" for value in row) for row in values.tolist()]
    write_bytes(Path(path), ("\n".join(lines) + "\n").encode())
