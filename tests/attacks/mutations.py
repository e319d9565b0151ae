"""Ways to spoil a file: by bytes, by the values of a document, by the members of an archive."""

from __future__ import annotations

import io
import json
import random
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any, Final

import numpy as np

Mutation = Callable[[bytes, random.Random], bytes]

NASTY: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1, 1e-300, 1e9, 1e308, -1e308, 10**400, 2**31, 2**63, float("nan"),
    float("inf"), "", "x", "\x1b[31m", "\ud800", "a" * 5000, [], {}, [[]], [1] * 5000,
    "../../etc/passwd", "nul\0",
)  # fmt: skip
_NUMBERS: Final = ("nan", "-1", "0", "1e999", "1e9", "-1e308", "99999999999999999999", "", "x")
_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def mutated(data: bytes, kind: str, chance: random.Random) -> bytes:
    """A spoiled copy of a file.

    Args:
        data: the file.
        kind: "bytes", "json", "text", "zip", "npz" or "safetensors": what it is known to be; every
            kind is also spoiled byte by byte now and then.
        chance: decides how.
    """
    ways = _WAYS.get(kind, (_bytes,))
    way = chance.choice((*ways, *ways, _bytes))
    try:
        return way(data, chance)
    except (ValueError, KeyError, IndexError, struct.error, zipfile.BadZipFile, OSError):
        return _bytes(data, chance)


def _bytes(data: bytes, chance: random.Random) -> bytes:
    spoiled = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        if not spoiled:
            return bytes(spoiled)
        place, length = chance.randrange(len(spoiled)), chance.choice((1, 2, 4, 8, 64, 4096))
        what = chance.randrange(9)
        if what == 0:
            spoiled[place] ^= 1 << chance.randrange(8)
        elif what == 1:
            spoiled[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif what == 2:
            del spoiled[place:]
        elif what == 3:
            del spoiled[place : place + length]
        elif what == 4:
            spoiled[place:place] = spoiled[place : place + length]
        elif what == 5:
            spoiled[place:place] = chance.randbytes(length)
        elif what == 6:
            spoiled[place : place + length] = bytes([chance.choice((0, 0xFF))]) * length
        elif what == 7:  # a length or an offset
            form = chance.choice("<>") + chance.choice("HIQ")
            most = (1 << (8 * struct.calcsize(form))) - 1
            value = struct.pack(form, chance.choice((0, 1, most, most // 2, most // 2 + 1)))
            spoiled[place : place + len(value)] = value
        else:
            other = chance.randrange(len(spoiled))
            spoiled[place : place + length] = spoiled[other : other + length]
    return bytes(spoiled)


def _text(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        lines = data.splitlines(keepends=True)
        place = chance.randrange(len(lines))
        if chance.random() < 0.5:
            lines[place:place] = [lines[place]] * chance.choice((1, 3, 1000))
        else:
            del lines[place : place + chance.choice((1, 5))]
        return b"".join(lines)
    found = list(_NUMBER.finditer(data))
    chosen = chance.choice(found)
    return data[: chosen.start()] + chance.choice(_NUMBERS).encode() + data[chosen.end() :]


def _json(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.1:
        opening = chance.choice(("[", '{"a":'))
        return (opening * 5000).encode()
    document = json.loads(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        document = _spoiled(document, chance)
    text = json.dumps(document).replace("Infinity", "1e999")
    return text.encode("utf-8", "surrogatepass")


def _spoiled(value: Any, chance: random.Random) -> Any:
    """A document with something else in one place."""
    if isinstance(value, dict) and value and chance.random() < 0.92:
        key, copy = chance.choice(sorted(value)), dict(value)
        if chance.random() < 0.08:
            del copy[key]
        else:
            copy[key] = _spoiled(value[key], chance)
        return copy
    if isinstance(value, list) and value and chance.random() < 0.85:
        place = chance.randrange(len(value))
        return [*value[:place], _spoiled(value[place], chance), *value[place + 1 :]]
    return chance.choice(NASTY)


def _zip(data: bytes, chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    place = chance.randrange(len(members))
    name, held = members[place]
    what = chance.randrange(6)
    if what == 0:
        del members[place]
    elif what == 1:
        members.append(members[place])
    elif what == 2:
        names = ("../a", "/a", "a" * 300, "", "a\\b", f"{name}/")
        members[place] = (chance.choice(names), held)
    else:
        members[place] = (name, _bytes(held, chance))
    made = io.BytesIO()
    method = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    with zipfile.ZipFile(made, "w", method) as archive:
        for member, content in members:
            archive.writestr(member or "x", content)
    packed = bytearray(made.getvalue())
    if chance.random() < 0.2:  # says that it is encrypted, or packed in another way
        start = packed.rfind(b"PK\x01\x02")
        packed[start + chance.choice((8, 10))] |= chance.choice((1, 99))
    return bytes(packed)


def _npz(data: bytes, chance: random.Random) -> bytes:
    with np.load(io.BytesIO(data)) as file:
        arrays = dict(file)
    name = chance.choice(sorted(arrays))
    array = arrays[name]
    flat = array.astype(np.float64).ravel() if array.dtype.kind in "fiub" else np.zeros(1)
    if len(flat):
        flat[chance.randrange(len(flat))] = chance.choice((np.nan, np.inf, -1, 1e30, 1e9, 0))
    spoiled: tuple[Any, ...] = (
        flat.reshape(array.shape) if flat.size == array.size else flat,
        array[:0] if array.ndim else np.zeros((0,)),
        np.zeros((2, 3, 4)), np.array("text"), np.array(None), array.astype(str),
        np.zeros(chance.choice((1, 1 << 22)), np.uint8),
        np.array(chance.choice((0, -1, 1e9, 2**62))),
    )  # fmt: skip
    arrays[name] = chance.choice(spoiled)
    if chance.random() < 0.15:
        del arrays[name]
    made = io.BytesIO()
    np.savez_compressed(made, **arrays)
    return made.getvalue()


def _safetensors(data: bytes, chance: random.Random) -> bytes:
    (length,) = struct.unpack("<Q", data[:8])
    head, rest = data[8 : 8 + length], data[8 + length :]
    if chance.random() < 0.3:
        return data[: 8 + length] + _bytes(rest, chance)
    spoiled = _json(head, chance)
    return struct.pack("<Q", len(spoiled)) + spoiled + rest


_WAYS: Final[dict[str, tuple[Mutation, ...]]] = {
    "json": (_json, _json, _text),
    "text": (_text,),
    "zip": (_zip,),
    "npz": (_npz, _zip),
    "safetensors": (_safetensors,),
}
