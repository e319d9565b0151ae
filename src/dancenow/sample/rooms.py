"""The rooms: a wall with things on it and a floor, painted by formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.sample.colour import Image, linear
from dancenow.sample.pinhole import PinholeCamera

Field = NDArray[np.float32]

WALL_Z: Final = -2.1  # metres behind the performer's home


@dataclass(frozen=True)
class RoomLook:
    """How a room looks.  Colours are sRGB `#rrggbb`.

    Attributes:
        wall: "bricks", "panels", "wallpaper" or "plaster", in two colours.
        floor: "planks", "parquet" or "tiles", in two colours.
        skirting: colour of the board along the floor.
        things: what stands or hangs at the wall: (kind, x, y of its middle or foot, size), metres.
        accent: colour of curtains, frames and pots.
        light: direction towards the main light.
        warmth: colour of the main light.
    """

    wall: str
    wall_colours: tuple[str, str]
    floor: str
    floor_colours: tuple[str, str]
    skirting: str
    things: tuple[tuple[str, float, float, float], ...]
    accent: str
    light: tuple[float, float, float]
    warmth: str


LOFT: Final = RoomLook(
    "bricks", ("#94503c", "#b3a594"), "planks", ("#a5774b", "#7d5733"), "#54463c",
    (("window", -1.25, 1.75, 1.0), ("picture", 1.35, 1.7, 0.62), ("plant", 1.75, 0.0, 1.1)),
    "#2f4f4f", (-0.50, 0.78, 0.62), "#fff0dc",
)  # fmt: skip
SALON: Final = RoomLook(
    "wallpaper", ("#2f6f74", "#3d8588"), "parquet", ("#b98d5c", "#8f6439"), "#efe6d6",
    (("picture", -0.95, 1.75, 0.75), ("picture", 1.75, 1.55, 0.5), ("lamp", -1.75, 0.0, 1.65)),
    "#d9a441", (0.55, 0.75, 0.6), "#ffe9cc",
)  # fmt: skip
STUDIO: Final = RoomLook(
    "panels", ("#d9d3c7", "#c4bcae"), "planks", ("#c9a777", "#a98652"), "#8d8577",
    (("window", 1.15, 1.7, 1.25), ("shelf", -1.45, 1.55, 0.9), ("plant", -1.95, 0.0, 0.85)),
    "#c8553d", (0.45, 0.80, 0.65), "#fff6ea",
)  # fmt: skip
TERRACE: Final = RoomLook(
    "plaster", ("#9fbab2", "#88a69e"), "tiles", ("#b8583a", "#a04a31"), "#f4ead9",
    (("arch", -1.1, 0.0, 1.15), ("plant", 1.25, 0.0, 1.3), ("picture", 0.95, 1.95, 0.42)),
    "#3b6ea5", (-0.45, 0.85, 0.55), "#fff3d6",
)  # fmt: skip


def paint_room(room: RoomLook, camera: PinholeCamera) -> Image:
    """The empty room as the camera sees it, float32 `(H, W, 3)` linear light."""
    width, height = camera.size
    fine = 3 if width * height <= 600_000 else 2
    ys, xs = np.mgrid[0 : height * fine, 0 : width * fine].astype(np.float32)
    rays = camera.rays((xs + 0.5) / fine, (ys + 0.5) / fine)
    eye = camera.eye.astype(np.float32)
    depth = np.float32(eye[2] - WALL_Z)
    x, y = eye[0] + depth * rays[..., 0], eye[1] + depth * rays[..., 1]
    horizon = int(np.argmax(y[:, 0] < 0)) if (y[:, 0] < 0).any() else height * fine
    wall = _wall(room, x[:horizon], y[:horizon])
    down = np.minimum(rays[horizon:, :, 1], -1e-4)
    reach = -eye[1] / down
    floor = _floor(room, eye[0] + reach * rays[horizon:, :, 0], eye[2] - reach)
    full = np.concatenate([wall, floor])
    return np.asarray(cv2.resize(full, (width, height), interpolation=cv2.INTER_AREA))


def _noise(x: Field, y: Field, seed: float = 0.0) -> Field:
    """A pseudo-random number 0..1 for every integer place (x, y)."""
    value = np.sin(np.floor(x) * 127.1 + np.floor(y) * 311.7 + seed * 74.7) * 43758.547
    return np.asarray(value - np.floor(value), dtype=np.float32)


def _grain(x: Field, y: Field, seed: float = 0.0) -> Field:
    """Smooth noise 0..1."""
    fx, fy = x - np.floor(x), y - np.floor(y)
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    a, b = _noise(x, y, seed), _noise(x + 1, y, seed)
    c, d = _noise(x, y + 1, seed), _noise(x + 1, y + 1, seed)
    return np.asarray((a + (b - a) * fx) * (1 - fy) + (c + (d - c) * fx) * fy)


def _mix(a: Any, b: Any, share: Field) -> Image:
    weight = np.clip(share, 0.0, 1.0)[..., None]
    return np.asarray(a * (1 - weight) + b * weight, dtype=np.float32)


def _box(x: Field, y: Field, w: float, h: float, soft: float = 0.006) -> Field:
    """1 inside the rectangle of half-sizes w, h about 0, soft at its edge."""
    d = np.maximum(np.abs(x) - w, np.abs(y) - h)
    return np.clip(0.5 - d / soft, 0.0, 1.0)


def _wall(room: RoomLook, x: Field, y: Field) -> Image:
    first, second = (linear(c) for c in room.wall_colours)
    if room.wall == "bricks":
        row = np.floor(y / 0.085)
        column = x / 0.26 + 0.5 * (row % 2)
        tone = 0.72 + 0.5 * _noise(column, row) + 0.12 * _grain(x * 60, y * 60)
        across, up = np.abs(column - np.floor(column) - 0.5), np.abs(y / 0.085 - row - 0.5)
        gap = np.maximum((across - 0.472) * 0.26, (up - 0.425) * 0.085)
        image = _mix(first * tone[..., None], second * 0.8, gap / 0.004 + 0.5)
    elif room.wall == "panels":
        cell = np.abs((x / 0.8) - np.floor(x / 0.8) - 0.5) * 0.8
        image = _mix(first, second, _box(cell - 0.4, y, 0.006, 9.0))
        inset = _box(cell, y - 0.52, 0.31, 0.30) - _box(cell, y - 0.52, 0.295, 0.285)
        image = _mix(image, second * 0.8, inset)
        image = _mix(image, second, np.clip(0.5 - (np.abs(y - 0.98) - 0.022) / 0.006, 0, 1))
        image *= (1.0 - 0.10 * (y < 0.96))[..., None]
    elif room.wall == "wallpaper":
        row = np.floor(y / 0.22)
        u, v = (x / 0.22 + 0.5 * (row % 2)) % 1.0 - 0.5, (y / 0.22) % 1.0 - 0.5
        radius = np.hypot(u, v)
        petals = 0.30 + 0.10 * np.cos(6 * np.arctan2(v, u))
        image = _mix(first, second, (petals - radius) / 0.03)
        image = _mix(image, linear(room.accent) * 0.7, (0.08 - radius) / 0.03)
    else:
        rough = 0.6 * _grain(x * 3, y * 3) + 0.4 * _grain(x * 14, y * 14, 1)
        image = _mix(first, second, rough)
    image = _mix(image, linear(room.skirting), np.clip(0.5 - (y - 0.11) / 0.006, 0, 1))
    for kind, at_x, at_y, size in room.things:
        # Each thing is painted only where it is.
        columns = np.abs(x[0] - at_x) < size + 0.5
        rows = np.abs(y[:, 0] - at_y) < 1.9 * size + 0.3
        patch = np.ix_(rows, columns)
        image[patch] = _THINGS[kind](image[patch], room, x[patch] - at_x, y[patch] - at_y, size)
    # Light falls on the wall's upper half and fades; the corner above the floor is dim.
    pool = np.exp(-(((x - 1.2 * room.light[0]) / 2.6) ** 2) - ((y - 1.5) / 1.9) ** 2)
    dim = 1.0 - 0.35 * np.exp(-y / 0.12)
    return np.asarray(image * ((0.42 + 0.5 * pool) * dim)[..., None] * linear(room.warmth))


def _floor(room: RoomLook, x: Field, z: Field) -> Image:
    first, second = (linear(c) for c in room.floor_colours)
    if room.floor == "planks":
        row = np.floor(x / 0.16)
        along = z / 1.1 + 7.3 * _noise(row, row, 3)
        tone = _noise(row, along, 2)
        veins = _grain(x * 45, z * 3 + 40 * tone)
        image = _mix(first, second, 0.65 * tone + 0.35 * veins)
        edge = np.minimum(_edge(x / 0.16) * 0.16, _edge(along) * 1.1)
    elif room.floor == "parquet":
        u, v = x / 0.36, z / 0.36
        flip = (np.floor(u) + np.floor(v)) % 2 == 0
        strip = (np.where(flip, u, v) * 4).astype(np.float32)
        tone = _noise(strip, np.where(flip, np.floor(v), np.floor(u)) + 50 * flip, 5)
        image = _mix(first, second, 0.25 + 0.35 * flip + 0.4 * (tone - 0.3))
        edge = np.minimum(_edge(strip) * 0.09, np.minimum(_edge(u), _edge(v)) * 0.36)
    else:
        u, v = x / 0.34, z / 0.34
        image = (
            _mix(first, second, _noise(u, v, 4)) * (0.9 + 0.2 * _grain(x * 20, z * 20))[..., None]
        )
        edge = np.minimum(_edge(u), _edge(v)) * 0.34 - 0.004
    image = _mix(image, second * 0.35, 0.8 * np.clip(1 - edge / 0.005, 0, 1))
    near = np.exp(-((x / 2.6) ** 2) - ((z - 0.1) / 2.2) ** 2)
    dim = 1.0 - 0.45 * np.exp(-(z - WALL_Z) / 0.25)
    lit = (0.50 + 0.38 * near) * dim
    return np.asarray(image * lit[..., None] * linear(room.warmth), dtype=np.float32)


def _edge(x: Field) -> Field:
    """Distance to the nearest integer."""
    return np.asarray(0.5 - np.abs(x - np.floor(x) - 0.5))


def _shadow(image: Image, x: Field, y: Field, w: float, h: float, room: RoomLook) -> Image:
    side = 0.05 * np.sign(room.light[0])
    return image * (1 - 0.45 * _box(x + side, y + 0.05, w, h, 0.08))[..., None]


def _window(image: Image, room: RoomLook, x: Field, y: Field, size: float) -> Image:
    w, h = 0.42 * size, 0.62 * size
    image = _shadow(image, x, y, w + 0.06, h + 0.06, room)
    image = _mix(image, linear("#f5efe4"), _box(x, y, w + 0.05, h + 0.05))
    glow = np.clip(0.5 + 0.5 * y / h, 0, 1)
    sky = _mix(linear("#ffe7c2") * 1.35, linear("#8dbbe6") * 1.25, glow)
    hills = 0.16 * np.sin(3.1 * x / size + 1) + 0.07 * np.sin(9 * x / size) - 0.28
    sky = _mix(sky, linear("#7ea05f"), (hills - y / h) / 0.03)
    image = _mix(image, sky, _box(x, y, w, h))
    bars = np.maximum(_box(x, y, 0.015, h), _box(x, y - 0.1 * h, w, 0.015))
    image = _mix(image, linear("#f5efe4"), bars)
    image = _mix(image, linear("#e4dac8"), _box(x, y + h + 0.07, w + 0.12, 0.025))
    folds = 0.8 + 0.2 * np.sin(x * 70)
    drape = _box(np.abs(x) - (w + 0.10), y - 0.02, 0.10, h + 0.14)
    return _mix(image, linear(room.accent) * folds[..., None], drape)


def _picture(image: Image, room: RoomLook, x: Field, y: Field, size: float) -> Image:
    w, h = 0.5 * size, 0.66 * size
    image = _shadow(image, x, y, w, h, room)
    image = _mix(image, linear("#3b2f28"), _box(x, y, w, h))
    image = _mix(image, linear("#f4eee2"), _box(x, y, w - 0.025, h - 0.025))
    inner = _box(x, y, 0.74 * w, 0.78 * h)
    sun = np.hypot(x - 0.2 * w, y - 0.25 * h)
    art = _mix(linear("#e9c9a0"), linear("#d9603b"), (0.36 * w - sun) / 0.01)
    ridge = 0.2 * np.sin(4 * x / w) - 0.25
    art = _mix(art, linear(room.accent), (ridge - y / h) / 0.02)
    art = _mix(art, linear("#1f3342"), (0.15 * np.sin(3 * x / w + 2) - 0.5 - y / h) / 0.02)
    return _mix(image, art, inner)


def _plant(image: Image, room: RoomLook, x: Field, y: Field, size: float) -> Image:
    image = _shadow(image, x, y - 0.3 * size, 0.16 * size, 0.34 * size, room)
    leaves = np.random.default_rng(7)
    for i in range(22):
        angle = -1.15 + 2.3 * ((i * 7) % 22) / 21 + leaves.normal(0, 0.08)
        length = size * leaves.uniform(0.38, 0.62)
        base = 0.28 * size
        u = x * np.cos(angle) - (y - base) * np.sin(angle)
        v = x * np.sin(angle) + (y - base) * np.cos(angle)
        u = u + 0.25 * v * v / size * np.sign(angle)
        t = np.clip(v / length, 0, 1)
        width = 0.05 * size * np.sin(np.pi * t**0.8) + 0.002
        inside = np.where((v > 0) & (v < length), (width - np.abs(u)) / 0.008, 0)
        green = linear(("#3e7d4a", "#54985a", "#2f6640")[i % 3]) * (0.75 + 0.4 * t)[..., None]
        image = _mix(image, green * (1 - 0.25 * (np.abs(u) < 0.004))[..., None], inside)
    taper = 0.105 * size + 0.04 * (y - 0.15 * size)
    pot = _box(x / np.maximum(taper, 0.01), np.zeros_like(x), 1, 1, 0.06) * _box(
        np.zeros_like(x), y - 0.16 * size, 1, 0.16 * size
    )
    shade = np.clip(1.0 - 0.9 * (x / (0.13 * size) + 0.3 * np.sign(room.light[0])) ** 2, 0.35, 1)
    return _mix(image, linear(room.accent) * shade[..., None], pot)


def _lamp(image: Image, room: RoomLook, x: Field, y: Field, size: float) -> Image:
    glow = np.exp(-((x / 0.55) ** 2) - ((y - size) / 0.5) ** 2)
    image = image * (1 + 0.9 * glow)[..., None]
    image = _mix(image, linear("#2a2522"), _box(x, y - size / 2, 0.012, size / 2))
    image = _mix(image, linear("#2a2522"), _box(x, y - 0.02, 0.14, 0.02))
    slant = 0.15 + 0.35 * np.clip(size + 0.16 - y, 0, 0.32)
    shade = _box(x / slant, np.zeros_like(x), 1, 1, 0.05) * _box(0 * x, y - size, 1, 0.16)
    bright = (1.25 - 0.5 * np.abs(x) / slant)[..., None]
    return _mix(image, linear(room.accent) * linear("#fff1d0") * 1.5 * bright, shade)


def _shelf(image: Image, room: RoomLook, x: Field, y: Field, size: float) -> Image:
    for level in (0.0, 0.42):
        up = y - level
        image = _shadow(image, x, up, 0.5 * size, 0.02, room)
        slot = np.floor(x / 0.055)
        tall = 0.17 + 0.12 * _noise(slot, slot * 0 + 10 * level, 8)
        hue = _noise(slot, slot * 0 + 3, level)[..., None]
        palette = [linear(c) for c in ("#b5483a", "#e0b04c", "#38618c", "#5b7f5b", "#e8dfcf")]
        book = np.select([hue < 0.2, hue < 0.4, hue < 0.6, hue < 0.8], palette[:4], palette[4])
        gone = _noise(slot, slot * 0 + 20 * level, 2) < 0.22
        books = _box(x, up - 0.02 - tall / 2, 0.46 * size, 1) * (up > 0.02) * (up < 0.02 + tall)
        spine = (1 - 0.4 * (_edge(x / 0.055) < 0.1))[..., None]
        image = _mix(image, book * 0.8 * spine, books * ~gone)
        image = _mix(image, linear("#7a5433"), _box(x, up, 0.5 * size, 0.02))
    return image


def _arch(image: Image, room: RoomLook, x: Field, y: Field, size: float) -> Image:
    """A doorway to a garden under the sky."""
    half, spring = 0.42 * size, 1.35 * size

    def opening(grow: float) -> Field:
        round_top = np.hypot(x, np.maximum(y - spring, 0.0)) - half - grow
        return np.clip(0.5 - round_top / 0.008, 0, 1)

    image = _mix(image, linear("#f6efe2"), opening(0.07))
    view = _mix(linear("#cfe6f5") * 1.2, linear("#6fa8dc") * 1.2, (y - 0.9) / 1.2)
    sea = linear("#3f86a8") * (0.9 + 0.15 * np.sin(y * 160 + 3 * np.sin(x * 9)))[..., None]
    view = _mix(view, sea, (0.92 - y) / 0.01)
    bush = 0.42 + 0.10 * np.sin(x * 9) + 0.05 * np.sin(x * 31 + 1)
    view = _mix(
        view, linear("#5f8f4e") * (0.6 + 0.6 * _grain(x * 40, y * 40))[..., None], (bush - y) / 0.02
    )
    inner = _mix(image, view, opening(0.0))
    edge = np.clip((np.abs(x) - half + 0.09) / 0.09, 0, 1) * (np.sign(x) == np.sign(room.light[0]))
    return _mix(inner, linear("#8a6a4a"), 0.5 * edge * opening(0.0))


_THINGS: Final = {
    "window": _window, "picture": _picture, "plant": _plant, "lamp": _lamp, "shelf": _shelf,
    "arch": _arch,
}  # fmt: skip
