"""Dressing a skeleton: the primitives of body, hair and clothes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dancenow.pose.layout import FINGERS, SIDES
from dancenow.sample.kinematics import Skeleton
from dancenow.sample.looks import Look
from dancenow.sample.sdf import Primitive

# Part -> how widely its primitives blend, metres.
BLENDS: Final[dict[str, float]] = {
    "skin": 0.028, "hair": 0.03, "hat": 0.012, "top": 0.05, "bottom": 0.045, "legs": 0.03,
    "left_hand": 0.011, "right_hand": 0.011, "left_shoe": 0.03, "right_shoe": 0.03,
}  # fmt: skip

Point = tuple[float, float, float]


def dress(look: Look, skeleton: Skeleton) -> list[Primitive]:
    """All primitives of a performer, in the rest pose."""
    return [
        *_head(skeleton),
        *_hair(look, skeleton),
        *_top(look, skeleton),
        *_bottom(look, skeleton),
        *(p for side in SIDES for p in _arm(look, skeleton, side)),
        *(p for side in SIDES for p in _hand(skeleton, side)),
        *(p for side in SIDES for p in _shoe(skeleton, side)),
    ]


def _point(skeleton: Skeleton, name: str) -> Point:
    x, y, z = (float(v) for v in skeleton.at(name))
    return x, y, z


def head_point(skeleton: Skeleton, u: float, v: float, w: float) -> Point:
    """A point on the head: u to its left, v up from the chin, w forward, in head heights."""
    p = skeleton.proportions
    return u * p.head, p.height - p.head + v * p.head, w * p.head


def _head(s: Skeleton) -> Iterator[Primitive]:
    h = s.proportions.head

    def blob(u: float, v: float, w: float, r: float, fx: float = 1, fz: float = 1) -> Primitive:
        c = head_point(s, u, v, w)
        return Primitive("skin", "head", c, c, r * h, r * h, (fx, fz))

    top = head_point(s, 0, 0.45, 0.10)
    chin = head_point(s, 0, 0.155, 0.165)
    c = head_point(s, 0, 0.62, -0.02)
    yield Primitive("skin", "head", c, c, 0.375 * h, 0.375 * h, (0.82, 0.98), shades=True)
    yield Primitive("skin", "head", top, chin, 0.265 * h, 0.15 * h, (1.0, 0.95), shades=True)
    for side in (1, -1):
        yield blob(0.115 * side, 0.315, 0.165, 0.145)
        yield blob(0.305 * side, 0.47, -0.02, 0.075, 0.45, 0.75)
    bridge, tip = head_point(s, 0, 0.48, 0.345), head_point(s, 0, 0.375, 0.395)
    yield Primitive("skin", "head", bridge, tip, 0.022 * h, 0.042 * h)
    shoulder = s.at("left_shoulder")
    neck_top = head_point(s, 0, 0.28, -0.05)
    neck_base = (0.0, float(shoulder[1]) - 0.01, -0.015)
    g = s.proportions.girth
    yield Primitive("skin", "neck", neck_top, neck_base, 0.042 * g, 0.050 * g)
    for side in (1, -1):
        out = (0.93 * float(shoulder[0]) * side, float(shoulder[1]) - 0.008, 0.0)
        yield Primitive("skin", "chest", neck_base, out, 0.040 * g, 0.042 * g)
    low = (0.0, float(shoulder[1]) - 0.07, 0.035)
    yield Primitive("skin", "chest", neck_base, low, 0.05 * g, 0.06, (1.5, 0.9))


def _hair(look: Look, s: Skeleton) -> Iterator[Primitive]:
    h = s.proportions.head

    def lock(
        a: Point,
        b: Point,
        ra: float,
        rb: float,
        flat: tuple[float, float] = (1, 1),
    ) -> Primitive:
        return Primitive("hair", "head", head_point(s, *a), head_point(s, *b), ra * h, rb * h, flat)

    def ball(u: float, v: float, w: float, r: float, fx: float = 1, fz: float = 1) -> Primitive:
        return lock((u, v, w), (u, v, w), r, r, (fx, fz))

    style = look.hair_style
    yield ball(0, 0.66, -0.085, 0.385, 0.88, 0.97)
    if style == "short":
        yield lock((-0.17, 0.93, 0.16), (0.20, 0.90, 0.17), 0.10, 0.085)
        yield lock((-0.2, 0.95, 0.0), (0.2, 0.99, 0.02), 0.12, 0.10)
        for side in (1, -1):
            yield lock((0.285 * side, 0.66, 0.06), (0.30 * side, 0.52, 0.03), 0.045, 0.02)
    elif style == "bun":
        yield ball(0, 1.08, -0.16, 0.17)
        for side in (1, -1):
            yield lock((0.03 * side, 0.94, 0.19), (0.27 * side, 0.72, 0.13), 0.055, 0.05)
            yield lock((0.28 * side, 0.70, 0.11), (0.285 * side, 0.36, 0.08), 0.038, 0.012)
    elif style == "afro":
        for u, v, w, r in (
            (0, 0.95, -0.10, 0.36), (0.25, 0.80, -0.10, 0.28), (-0.25, 0.80, -0.10, 0.28),
            (0, 0.62, -0.26, 0.36), (0.2, 1.02, 0.02, 0.19), (-0.2, 1.02, 0.02, 0.19),
            (0, 1.04, 0.10, 0.19), (0.31, 0.62, -0.12, 0.19), (-0.31, 0.62, -0.12, 0.19),
        ):  # fmt: skip
            yield ball(u, v, w, r)
    elif style == "cap":
        # The crown points down, so that its cut is the rim.
        crown, rim = head_point(s, 0, 0.685, -0.04), head_point(s, 0, 0.68, -0.04)
        yield Primitive("hat", "head", crown, rim, 0.40 * h, 0.40 * h, (0.87, 1.0), cut=0.005)
        back, front = head_point(s, 0, 0.73, 0.22), head_point(s, 0, 0.77, 0.47)
        yield Primitive("hat", "head", back, front, 0.25 * h, 0.19 * h, (1.0, 0.10))


def _top(look: Look, s: Skeleton) -> Iterator[Primitive]:
    p, g = s.proportions, s.proportions.girth
    shoulder, hip = s.at("left_shoulder"), float(s.at("left_hip")[1])
    y, half = float(shoulder[1]), float(shoulder[0])
    trunk = y - hip
    loose = {"tshirt": 0.008, "hoodie": 0.014, "dress": 0.004, "tank": 0.0}[look.top]

    def band(bone: str, level: float, width: float, r: float, z: float, deep: float) -> Primitive:
        radius = (r + loose) * g
        reach = max(width * g - r * g, 0.005)
        at = y - (1 - level) * trunk
        return Primitive(
            "top", bone, (-reach, at, z), (reach, at, z), radius, radius, (1.0, deep), shades=True
        )

    yield band("chest", 0.74, 0.90 * half, 0.108, 0.006, 0.94)
    yield band("chest", 0.91, 0.98 * half, 0.052, -0.008, 1.1)
    waist = look.waist
    yield band("spine", 0.42, waist, 0.088, 0.004, 0.98)
    if look.bust:
        for side in (1, -1):
            c = (0.068 * side, y - 0.29 * trunk, 0.062)
            yield Primitive("top", "chest", c, c, 0.066, 0.066)
    hem = {"tshirt": 0.03, "hoodie": 0.0, "tank": 0.08, "dress": 0.0}[look.top]
    low = (0.0, hip + hem, 0.0)
    r = 0.5 * p.hips + (0.066 + loose if look.top != "tank" else 0.056) * g
    if look.top != "dress":
        yield Primitive(
            "top", "pelvis", (0, hip + 0.34 * trunk, 0.002), low, (waist + loose) * g, r,
            (1.0, 0.80), cut=0.0,
        )  # fmt: skip
    if look.top == "hoodie":
        for side in (1, -1):
            yield Primitive(
                "top",
                "chest",
                (0.075 * side, y + 0.035, -0.05),
                (0.02 * side, y - 0.05, 0.10),
                0.036,
                0.026,
            )
        yield Primitive(
            "top", "chest", (-0.06, y + 0.01, -0.095), (0.06, y + 0.01, -0.095), 0.055, 0.055
        )
    if look.top == "dress":
        yield from _skirt(s, hip + 0.30 * trunk, look)
    if look.sleeves > 0:
        yield from _sleeves(look, s, loose)


def _sleeves(look: Look, s: Skeleton, loose: float) -> Iterator[Primitive]:
    g = s.proportions.girth
    for sign, side in ((1, "left"), (-1, "right")):
        a, b, c = (s.at(f"{side}_{n}") for n in ("shoulder", "elbow", "wrist"))
        upper = min(look.sleeves, 1.0)
        x, y = float(a[0]), float(a[1])
        end = x + upper * float(b[0] - a[0])
        yield Primitive(
            "top", f"{side}_shoulder", (x, y, 0), (end, y, 0), (0.058 + loose) * g,
            (0.054 + loose) * g, cut=0.0 if upper < 1 else 1e3, shades=True,
        )  # fmt: skip
        if look.sleeves > 1:
            end = float(b[0] + (look.sleeves - 1) * (c[0] - b[0]))
            x = float(b[0]) - 0.02 * sign
            yield Primitive(
                "top", f"{side}_elbow", (x, y, 0), (end, y, 0), (0.05 + loose) * g,
                (0.036 + loose) * g, cut=0.0,
            )  # fmt: skip


def _skirt(s: Skeleton, waist: float, look: Look) -> Iterator[Primitive]:
    hip, knee = s.at("left_hip"), s.at("left_knee")
    length = look.legs_covered
    r = 0.5 * s.proportions.hips + 0.065
    yield Primitive(
        "top",
        "pelvis",
        (0, waist, 0),
        (0, float(hip[1]), 0),
        look.waist,
        r,
        (1.0, 0.78),
        shades=True,
    )
    # A panel between the legs keeps the skirt whole when they part.
    panel = float(hip[1]) + 0.8 * length * (float(knee[1]) - float(hip[1]))
    yield Primitive(
        "top",
        "pelvis",
        (0, float(hip[1]), 0.0),
        (0, panel, 0.02),
        r,
        r + 0.03,
        (1.0, 0.72),
        cut=0.0,
    )
    for side in SIDES:
        x, y, _ = _point(s, f"{side}_hip")
        end = y + length * (float(knee[1]) - y)
        yield Primitive(
            "top", f"{side}_hip", (0.75 * x, y + 0.02, 0), (0.85 * x, end, 0), 0.105, 0.150,
            (1.0, 0.95), cut=0.0, shades=True,
        )  # fmt: skip


def _bottom(look: Look, s: Skeleton) -> Iterator[Primitive]:
    p, g = s.proportions, s.proportions.girth
    _, y, _ = _point(s, "left_hip")
    reach = max(0.5 * p.hips + 0.055 * g - 0.1 * g, 0.01)
    part = "legs" if look.top == "dress" else "bottom"
    yield Primitive(
        part, "pelvis", (-reach, y + 0.03, -0.012), (reach, y + 0.03, -0.012), 0.1 * g, 0.1 * g
    )
    cover = 0.0 if look.top == "dress" else look.legs_covered
    for side in SIDES:
        yield from _leg(look, s, side, cover)


def _leg(look: Look, s: Skeleton, side: str, cover: float) -> Iterator[Primitive]:
    """A leg; `cover` of it in cloth: 0 none, 1 to the knee, 2 to the ankle."""
    g = s.proportions.girth
    hip, knee, ankle = (_point(s, f"{side}_{n}") for n in ("hip", "knee", "ankle"))
    sign = 1 if side == "left" else -1
    start = (hip[0] - 0.008 * sign, hip[1] - 0.01, 0.0)
    loose = look.loose
    thigh, shin, calf = 0.084 * g, 0.049 * g, 0.05 * g
    if cover < 2:
        if cover <= 0:
            yield Primitive("legs", f"{side}_hip", start, knee, thigh, 0.053 * g, shades=True)
        shin = shin if cover < 1 else 0.036 * g
        yield Primitive("legs", f"{side}_knee", knee, ankle, shin, 0.034 * g, shades=True)
        back, low = (knee[0], knee[1] - 0.10, -0.018), (knee[0], knee[1] - 0.16, -0.014)
        if cover < 1:
            yield Primitive("legs", f"{side}_knee", back, low, calf, 0.043 * g)
    if cover <= 0:
        return
    end = hip[1] + min(cover, 1.0) * (knee[1] - hip[1])
    yield Primitive(
        "bottom", f"{side}_hip", start, (knee[0], end, 0.0), thigh + 0.5 * loose + 0.006,
        (0.052 * g + loose + 0.006) if cover > 1 else (0.066 * g + loose + 0.01),
        cut=1e3 if cover > 1 else 0.0, shades=True,
    )  # fmt: skip
    if cover > 1:
        end = knee[1] + (cover - 1.0) * (ankle[1] - knee[1]) + 0.03
        yield Primitive(
            "bottom", f"{side}_knee", knee, (ankle[0], end, -0.004), 0.052 * g + loose + 0.006,
            0.042 * g + loose + 0.004, cut=0.0, shades=True,
        )  # fmt: skip


def _arm(look: Look, s: Skeleton, side: str) -> Iterator[Primitive]:
    g = s.proportions.girth
    shoulder, elbow, wrist = (_point(s, f"{side}_{n}") for n in ("shoulder", "elbow", "wrist"))
    if look.sleeves < 1:
        yield Primitive(
            "skin", f"{side}_shoulder", shoulder, elbow, 0.05 * g, 0.04 * g, shades=True
        )
    end = wrist[0] - (0.012 if side == "left" else -0.012)
    yield Primitive(
        "skin", f"{side}_elbow", elbow, (end, wrist[1], wrist[2]), 0.041 * g, 0.029 * g, shades=True
    )


def _hand(s: Skeleton, side: str) -> Iterator[Primitive]:
    hand = s.proportions.hand
    part, sign = f"{side}_hand", 1 if side == "left" else -1
    wrist = _point(s, f"{side}_wrist")

    def palm(along: float, across: float, up: float = 0.0) -> Point:
        return wrist[0] + sign * along * hand, wrist[1] + up * hand, wrist[2] + across * hand

    r = 0.165 * hand
    yield Primitive(
        part, f"{side}_wrist", palm(-0.02, 0.0), palm(0.10, 0.0), 0.027, 0.026, (0.85, 1.0)
    )
    yield Primitive(
        part, f"{side}_wrist", palm(0.16, 0.01), palm(0.36, 0.0), 0.9 * r, 1.12 * r, (0.5, 1.05),
        shades=True,
    )  # fmt: skip
    yield Primitive(
        part, f"{side}_wrist", palm(0.08, 0.07, -0.02), palm(0.28, 0.17, -0.03), 0.075 * hand,
        0.07 * hand,
    )  # fmt: skip
    for f, finger in enumerate(FINGERS):
        tip = s.fingertips[f + (0 if side == "left" else 5)]
        points = [_point(s, f"{side}_{finger}_{i}") for i in (1, 2, 3)]
        points.append((float(tip[0]), float(tip[1]), float(tip[2])))
        r = (0.054 if finger == "thumb" else 0.047 if finger != "little" else 0.04) * hand
        for i in range(3):
            thick, thin = r * (1.0 - 0.08 * i), r * (0.92 - 0.08 * i)
            yield Primitive(part, f"{side}_{finger}_{i + 1}", points[i], points[i + 1], thick, thin)


def _shoe(s: Skeleton, side: str) -> Iterator[Primitive]:
    part, foot = f"{side}_shoe", s.proportions.foot
    x, y, _ = _point(s, f"{side}_ankle")
    ball = float(s.at(f"{side}_toe")[2])
    heel = (x, 0.046, -0.17 * foot)
    yield Primitive(
        part, f"{side}_ankle", heel, (x, 0.041, ball), 0.045, 0.046, (0.92, 1.0), shades=True
    )
    yield Primitive(part, f"{side}_ankle", (x, y + 0.035, -0.012), (x, 0.06, 0.03), 0.042, 0.042)
    yield Primitive(
        part, f"{side}_toe", (x, 0.038, ball), (x, 0.034, ball + 0.19 * foot), 0.045, 0.036
    )
