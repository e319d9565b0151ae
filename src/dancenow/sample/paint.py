"""Paint for performers: skin, face, hair, cloth, as functions of rest-pose points.

Colours are linear light.  Every edge is one pixel soft, whatever the picture's size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from dancenow.pose import face_model as face
from dancenow.sample.colour import linear
from dancenow.sample.kinematics import Skeleton
from dancenow.sample.looks import Look


class Coat(NamedTuple):
    """A painted surface: albedo `(3, N)`, gloss `(N,)` 0..1."""

    albedo: Tensor
    gloss: Tensor


def _colour(code: str) -> Tensor:
    return torch.from_numpy(linear(code))[:, None]


def _over(base: Tensor, colour: Tensor, share: Tensor) -> Tensor:
    share = share.clamp(0.0, 1.0)
    return base * (1 - share) + colour * share


def _shown(period: float, pixel: Tensor) -> Tensor:
    """How much of a pattern can be shown: none with a period, metres, of less than two pixels."""
    return (period / pixel / 2 - 1).clamp(0, 1)


class SurfacePainter:
    """Paints one performer.

    Args:
        look: colours and clothes.
        skeleton: the body's measures.
    """

    def __init__(self, look: Look, skeleton: Skeleton) -> None:
        self.look = look
        self.skeleton = skeleton
        self.head = skeleton.proportions.head
        self.chin = skeleton.proportions.height - self.head

    def paint(self, part: str, rest: Tensor, pixel: Tensor, *, mouth: float, blink: float) -> Coat:
        """The coat of a part at rest-pose points `(3, N)`; `pixel` `(N,)` is a pixel's size, m."""
        if part == "skin":
            return self._head(rest, pixel, mouth, blink)
        if part == "hair":
            return self._hair(rest, pixel)
        if part == "hat":
            return self._hat(rest, pixel)
        if part == "top":
            return self._folded(self._top(rest, pixel), rest, pixel)
        if part == "bottom":
            return self._folded(self._bottom(rest, pixel), rest, pixel)
        if part.endswith("shoe"):
            return self._shoe(rest, pixel)
        if part == "legs":
            return self._legs(rest, pixel)
        return self._skin(rest)

    def _flat(self, code: str, like: Tensor, gloss: float) -> Coat:
        return Coat(
            _colour(code).expand(3, like.shape[1]).clone(), like.new_full((like.shape[1],), gloss)
        )

    def _skin(self, rest: Tensor) -> Coat:
        coat = self._flat(self.look.skin, rest, 0.25)
        wrist = self.skeleton.at("left_wrist")[0]
        hand = self.skeleton.proportions.hand
        # Knuckles and fingertips are a little redder.
        warm = ((rest[0].abs() - wrist) / hand - 0.35).clamp(0, 1) * 0.35
        return Coat(
            _over(coat.albedo, coat.albedo * torch.tensor([[1.05], [0.82], [0.76]]), warm),
            coat.gloss,
        )

    def _head(self, rest: Tensor, pixel: Tensor, mouth: float, blink: float) -> Coat:
        coat = self._skin(rest)
        u, v, w = rest[0] / self.head, (rest[1] - self.chin) / self.head, rest[2] / self.head
        aa = pixel / self.head  # a pixel in head heights
        skin, s = coat.albedo, u.abs()

        def inside(distance: Tensor, softer: float = 0.0) -> Tensor:
            """1 where `distance` is below 0, with an edge one pixel soft."""
            return (0.5 - distance / (aa + softer)).clamp(0, 1) * (w > 0.1)

        flush = torch.tensor([[1.0], [0.62], [0.55]])
        cheek = 1 - (((s - 0.175) / 0.085) ** 2 + ((v - 0.33) / 0.07) ** 2)
        skin = _over(skin, skin * flush, 0.55 * cheek.clamp(0, 1) * (w > 0.1))
        nose = 1 - ((s / 0.06) ** 2 + ((v - 0.37) / 0.05) ** 2)
        skin = _over(skin, skin * flush, 0.3 * nose.clamp(0, 1) * (w > 0.1))
        nostril = ((s - 0.028) / 0.016) ** 2 + ((v - 0.335) / 0.010) ** 2 - 1
        skin = _over(skin, skin * 0.35, 0.7 * inside(nostril * 0.012))
        coat = Coat(self._eyes(skin, s, u, v, inside, blink), coat.gloss)
        return Coat(self._mouth(coat.albedo, u, v, inside, mouth), coat.gloss)

    def _eyes(self, skin: Tensor, s: Tensor, u: Tensor, v: Tensor, inside, blink: float) -> Tensor:  # type: ignore[no-untyped-def]
        x, y = (s - face.EYE[0]) / face.EYE_HALF[0], v - face.EYE[1]
        open_eye = face.EYE_HALF[1] * (1 - 0.94 * blink)
        arc = (1 - x * x).clamp_min(-0.4)
        lid = y - open_eye * arc - 0.006 * x
        below = -y - 0.72 * face.EYE_HALF[1] * arc * (1 - 0.2 * blink)
        shape = torch.maximum(lid, below)
        socket = 1 - ((x / 1.5) ** 2 + ((y - 0.012) / 0.10) ** 2)
        skin = _over(skin, skin * 0.66, 0.5 * socket.clamp(0, 1) * inside(s - 0.4))
        out = _over(skin, _colour("#f4f1ee") * (0.8 + 0.0 * x), inside(shape))
        # Both eyes look ahead: the iris is not mirrored.
        r = torch.hypot(s - face.EYE[0] + 0.004, y - 0.002)
        eye = inside(shape)
        out = _over(out, _colour(self.look.iris), inside(r - 0.047) * eye)
        out = _over(out, _colour("#0b0908"), inside(r - 0.024) * eye)
        glint = torch.hypot(u - torch.sign(u) * face.EYE[0] + 0.015, y - 0.02)
        out = _over(out, _colour("#ffffff") * 1.2, inside(glint - 0.012) * eye)
        lash = torch.maximum((lid - 0.004).abs() - 0.0085, x.abs() * 0.085 - 0.098)
        out = _over(out, _colour("#1a1210"), 0.92 * inside(lash))
        under = torch.maximum((below - 0.002).abs() - 0.003, x.abs() * 0.085 - 0.085)
        out = _over(out, skin * 0.45, 0.6 * inside(under))
        t = (s - face.BROW[0]) / face.BROW_HALF
        middle = face.BROW[1] + 0.022 * (1 - t * t) - 0.012 * t
        brow = torch.maximum(
            (v - middle).abs() - 0.0175 * (1 - 0.35 * t), (t.abs() - 1) * face.BROW_HALF
        )
        return _over(out, _colour(self.look.hair) * 0.8, 0.9 * inside(brow))

    def _mouth(self, skin: Tensor, u: Tensor, v: Tensor, inside, mouth: float) -> Tensor:  # type: ignore[no-untyped-def]
        t = u / face.MOUTH_HALF
        y = v - face.MOUTH[1] - (0.022 * t * t - 0.0066)
        taper = (1 - t * t).clamp_min(-0.3)
        gap = face.MOUTH_OPENS * mouth * taper
        upper = face.LIP * taper * (1.0 - 0.18 * torch.exp(-((t / 0.16) ** 2)))
        lower = (face.LIP * 1.15) * taper + gap
        ends = (t.abs() - 1.0) * face.MOUTH_HALF
        lips = torch.maximum(torch.maximum(y - upper, -y - lower), ends)
        out = _over(skin, _colour(self.look.lips), 0.9 * inside(lips))
        if mouth > 0.02:
            hole = torch.maximum(torch.maximum(y, -y - gap), ends + 0.01)
            out = _over(out, _colour("#3a1014"), inside(hole))
            teeth = torch.maximum(hole, -y - 0.55 * gap - 0.004)
            out = _over(out, _colour("#f6f3ee"), inside(teeth))
        line = torch.maximum((y + 0.5 * gap).abs() - 0.0035, ends)
        return _over(out, _colour("#4a1a1a"), 0.75 * inside(line) * (1.0 if mouth < 0.3 else 0.0))

    def _folded(self, coat: Coat, rest: Tensor, pixel: Tensor) -> Coat:
        """Cloth with folds where a body bends: at the waist, in the elbows and behind the knees."""
        x, y, z = rest
        hip, knee = (float(self.skeleton.at(f"left_{name}")[1]) for name in ("hip", "knee"))
        elbow = float(self.skeleton.at("left_elbow")[0])
        bends = torch.exp(-(((y - hip - 0.10) / 0.10) ** 2))
        bends = bends + torch.exp(-(((y - knee) / 0.09) ** 2)) * (y < hip)
        bends = bends + torch.exp(-(((x.abs() - elbow) / 0.08) ** 2)) * (y > hip + 0.2)
        wander = torch.sin(21 * x + 13 * z) + 0.6 * torch.sin(37 * z - 17 * x + 5 * y)
        along = torch.where((x.abs() > 0.6 * elbow) & (y > hip + 0.2), x.abs(), y)
        period = 0.055  # metres
        crease = torch.sin((2 * torch.pi / period) * along + 1.8 * wander)
        shade = 0.5 * crease + 0.5 * crease * crease.abs()
        return Coat(coat.albedo * (1 + 0.2 * shade * bends.clamp(0, 1) * _shown(period, pixel)),
                    coat.gloss)  # fmt: skip

    def _hair(self, rest: Tensor, pixel: Tensor) -> Coat:
        coat = self._flat(self.look.hair, rest, 0.55)
        u, v, w = rest[0] / self.head, (rest[1] - self.chin) / self.head, rest[2] / self.head
        if self.look.hair_style == "afro":
            tone = torch.sin(u * 70) * torch.sin(v * 65 + 1) * torch.sin(w * 60)
            return Coat(coat.albedo * (1 + 0.55 * tone), coat.gloss * 0.3)
        tone = torch.sin(u * 42 + 9 * v) + 0.6 * torch.sin(u * 97 - 14 * v + 5 * w)
        strands = torch.sin(u * 170 + 4 * torch.sin(9 * v) + 31 * w) * _shown(
            0.037 * self.head, pixel
        )
        return Coat(coat.albedo * (1 + 0.22 * tone + 0.3 * strands), coat.gloss)

    def _hat(self, rest: Tensor, pixel: Tensor) -> Coat:
        coat = self._flat(self.look.top_second, rest, 0.15)
        u, v, w = rest[0] / self.head, (rest[1] - self.chin) / self.head, rest[2] / self.head
        aa = pixel / self.head
        peak = (0.5 - torch.maximum(0.36 - w, v - 0.80) / aa).clamp(0, 1)
        out = _over(coat.albedo, _colour(self.look.top_colour), peak)
        badge = torch.hypot(u, v - 0.92) - 0.06
        return Coat(
            _over(out, _colour(self.look.top_colour), (0.5 - badge / aa).clamp(0, 1) * (w > 0.1)),
            coat.gloss,
        )

    def _top(self, rest: Tensor, pixel: Tensor) -> Coat:
        look = self.look
        coat = self._flat(look.top_colour, rest, 0.08)
        x, y, z = rest
        second = _colour(look.top_second)
        shoulder, hip = self.skeleton.at("left_shoulder"), float(self.skeleton.at("left_hip")[1])
        sleeve = (x.abs() > float(shoulder[0]) + 0.02) & (y > float(shoulder[1]) - 0.12)
        if look.pattern == "stripes":
            along = torch.where(sleeve, x.abs() - float(shoulder[0]), float(shoulder[1]) - y)
            wave = ((along / 0.062) % 1.0 - 0.5).abs() - 0.30
            return Coat(_over(coat.albedo, second, 0.5 + wave * 0.062 / pixel), coat.gloss)
        if look.pattern == "dots":
            row = torch.floor(y / 0.042)
            around = 0.11 * torch.atan2(x, z)
            u = (around / 0.048 + 0.5 * (row % 2)) % 1.0 - 0.5
            v = (y / 0.042) % 1.0 - 0.5
            dot = torch.hypot(u * 0.048, v * 0.042) - 0.0115
            return Coat(_over(coat.albedo, second, 0.5 - dot / pixel), coat.gloss)
        if look.pattern == "band":
            waist = hip + 0.40 * (float(shoulder[1]) - hip)
            band = (y - waist).abs() - 0.022
            out = _over(coat.albedo, second, 0.5 - band / pixel)
            hem = y - (
                hip + look.legs_covered * (float(self.skeleton.at("left_knee")[1]) - hip) + 0.05
            )
            zigzag = hem + 0.028 * (((x / 0.07) % 1.0) - 0.5).abs() * 2
            return Coat(_over(out, second, 0.5 - zigzag / pixel), coat.gloss)
        u, v = x / 0.082, (y - float(shoulder[1]) + 0.155) / 0.082
        # A five-pointed star: fold the plane into one tenth, measure from the edge tip-to-notch.
        fold = (torch.atan2(u, v) / 1.2566371 + 0.5) % 1.0 - 0.5
        a, r = fold.abs() * 1.2566371, torch.hypot(u, v)
        star = 0.588 * (r * torch.cos(a) - 1.0) + 0.809 * r * torch.sin(a) * 1.376
        out = _over(coat.albedo, second, (0.5 - star * 0.082 / pixel) * (z > 0))
        pocket = (y - hip - 0.13).abs() - 0.004
        seam = (0.5 - pocket / pixel) * (z > 0) * (x.abs() < 0.11)
        rib = (y < hip - 0.005) | (
            sleeve & (x.abs() > float(self.skeleton.at("left_wrist")[0]) - 0.075)
        )
        out = _over(out, coat.albedo * 0.6, 0.8 * seam)
        return Coat(_over(out, coat.albedo * 0.68, rib.float()), coat.gloss)

    def _bottom(self, rest: Tensor, pixel: Tensor) -> Coat:
        look = self.look
        coat = self._flat(look.bottom_colour, rest, 0.10)
        x, y, z = rest
        hip = self.skeleton.at("left_hip")
        seam = (0.5 - ((x.abs() - float(hip[0])).abs() - 0.0035) / pixel).clamp(0, 1)
        side = (z.abs() < 0.03) & (x.abs() > 0.5 * float(hip[0]))
        out = coat.albedo
        if look.loose > 0.01:  # denim: worn on the front of the thigh, with seams
            worn = torch.exp(-(((x.abs() - float(hip[0])) / 0.05) ** 2) - ((y - 0.62) / 0.2) ** 2)
            weave = 1 + 0.06 * torch.sin(x * 900) * torch.sin(y * 700)
            out = out * weave * (1 + 0.45 * worn * (z > 0))
            out = _over(out, coat.albedo * 0.5, 0.6 * seam * side)
            out = _over(
                out,
                coat.albedo * 0.5,
                0.5 * (0.5 - (x.abs() - 0.003) / pixel) * (y > float(hip[1]) - 0.06),
            )
        else:
            out = _over(
                out,
                _colour(look.top_colour),
                0.9 * (0.5 - (z.abs() - 0.010) / pixel) * (x.abs() > float(hip[0]) + 0.02),
            )
        return Coat(out, coat.gloss)

    def _legs(self, rest: Tensor, pixel: Tensor) -> Coat:
        coat = self._skin(rest)
        sock = rest[1] - 0.135
        return Coat(_over(coat.albedo, _colour(self.look.socks), 0.5 + -sock / pixel), coat.gloss)

    def _shoe(self, rest: Tensor, pixel: Tensor) -> Coat:
        look = self.look
        coat = self._flat(look.shoes, rest, 0.3)
        x, y, z = rest
        foot = self.skeleton.proportions.foot
        out = coat.albedo
        lace = (((z / 0.026) % 1.0 - 0.5).abs() - 0.17) * 0.026
        on_top = ((x.abs() - float(self.skeleton.at("left_ankle")[0])).abs() < 0.02) & (z > 0.03)
        out = _over(
            out,
            _colour(look.soles),
            0.9 * (0.5 - lace / pixel) * (on_top & (z < 0.45 * foot) & (y > 0.05)),
        )
        return Coat(_over(out, _colour(look.soles), 0.5 - (y - 0.024) / pixel), coat.gloss)
