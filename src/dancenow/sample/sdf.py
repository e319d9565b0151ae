"""Bodies as signed distance fields: smoothly blended cones, traced from the camera.

A body is a list of primitives, each fixed to a bone: a cone with round ends (or an ellipsoid),
flattened if wanted.  Primitives of one part (shirt, head, left arm ...) blend into each other;
different parts meet at a sharp edge.  Each part is traced by itself (sphere tracing: Hart, "Sphere
tracing", 1996; smooth minimum: Quilez, "smooth minimum", 2013), with only the few primitives that
are near a ray.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.sample.kinematics import JOINT, Array, PosedSkeleton
from dancenow.sample.pinhole import PinholeCamera

NEAREST = 7  # primitives a ray keeps
STEPS = 28
_FAR = 1e3


@dataclass(frozen=True)
class Primitive:
    """A round cone from `a` (radius `ra`) to `b` (radius `rb`) on a bone, in the rest pose, metres.

    `flat` scales its cross-section (sideways, front to back); `cut` ends it in a flat face at that
    distance beyond `b`, instead of a round one.  With a = b it is an ellipsoid.
    """

    part: str
    bone: str
    a: tuple[float, float, float]
    b: tuple[float, float, float]
    ra: float
    rb: float
    flat: tuple[float, float] = (1.0, 1.0)
    cut: float = _FAR
    shades: bool = False  # casts shadow


def _frame(primitive: Primitive) -> tuple[Array, float]:
    """Rest coordinates -> the primitive's own scaled ones, `(3, 4)`; and its length."""
    a, b = np.array(primitive.a), np.array(primitive.b)
    length = float(np.linalg.norm(b - a))
    y = (b - a) / length if length > 1e-6 else np.array([0.0, 1.0, 0.0])
    front = np.array([0.0, 0.0, 1.0]) if abs(y[2]) < 0.9 else np.array([0.0, 1.0, 0.0])
    z = front - y * (front @ y)
    z /= np.linalg.norm(z)
    axes = np.stack([np.cross(y, z), y, z])
    axes = axes / np.array([primitive.flat[0], 1.0, primitive.flat[1]])[:, None]
    return np.concatenate([axes, -(axes @ a)[:, None]], axis=1), length


class ImplicitBody:
    """The primitives of one performer, ready to be posed.

    Args:
        primitives: all of them.
        blends: part -> how widely its primitives blend, metres; its order numbers the parts.
    """

    def __init__(self, primitives: Sequence[Primitive], blends: dict[str, float]) -> None:
        parts = list(blends)
        ordered = sorted(primitives, key=lambda p: parts.index(p.part))
        frames = [_frame(p) for p in ordered]
        self.parts = parts
        self.bones = np.array([JOINT[p.bone] for p in ordered])
        self.part = np.array([parts.index(p.part) for p in ordered])
        self.frames = np.stack([frame for frame, _ in frames])
        self.ends = np.array([[p.a, p.b] for p in ordered])
        self.reach = np.array([max(p.ra, p.rb) * max(1.0, *p.flat) for p in ordered])
        self.blend = torch.tensor(list(blends.values()), dtype=torch.float32)
        self.shades = torch.tensor([i for i, p in enumerate(ordered) if p.shades])
        lengths = [length for _, length in frames]
        self.shape = torch.tensor(
            [
                (length, p.ra, (p.rb - p.ra) / max(length, 1e-6), 1 / p.flat[0], 1 / p.flat[1],
                 length + p.cut)
                for p, length in zip(ordered, lengths, strict=True)
            ]
        ).T.contiguous()  # (6, P)  # fmt: skip

    def posed(self, placed: PosedSkeleton) -> PosedBody:
        """The body in a pose."""
        turn = placed.rotations[self.bones].transpose(0, 2, 1)
        rest = placed.skeleton.rest[self.bones]
        shift = rest - np.einsum("pij,pj->pi", turn, placed.positions[self.bones])
        to_rest = np.concatenate([turn, shift[:, :, None]], axis=2)
        square = np.concatenate([to_rest, np.tile([[[0.0, 0, 0, 1]]], (len(turn), 1, 1))], axis=1)
        ends = self.ends - rest[:, None]
        world = np.einsum("pji,pej->pei", turn, ends) + placed.positions[self.bones][:, None]
        return PosedBody(
            self,
            torch.from_numpy((self.frames @ square).astype(np.float32)),
            torch.from_numpy(to_rest.astype(np.float32)),
            world,
        )


@dataclass(frozen=True)
class PosedBody:
    """A body in a pose: `to_local`, `to_rest` float32 `(P, 3, 4)` from world coordinates; `ends`
    `(P, 2, 3)` in the world."""

    body: ImplicitBody
    to_local: Tensor
    to_rest: Tensor
    ends: Array


def distances(x: Tensor, y: Tensor, z: Tensor, shape: Tensor) -> Tensor:
    """Distance to primitives in their own coordinates, to first order if they are flattened."""
    length, radius, slope, squeeze_x, squeeze_z, cut = shape
    h = torch.minimum(y.clamp_min(0.0), length)
    v = y - h
    vv = v * v
    n = (x * x + vv + z * z + 1e-12).sqrt()
    g = ((x * squeeze_x) ** 2 + vv + (z * squeeze_z) ** 2 + 1e-12).sqrt()
    return torch.maximum((n - radius - slope * h) * n / g, y - cut)


def melt(d: Tensor, k: Tensor) -> Tensor:
    """Smooth minimum over the first axis, `(K, N)` -> `(N,)`; `k` `(N,)` metres."""
    out = d[0]
    for other in d[1:]:
        h = (k - (out - other).abs()).clamp_min(0.0)
        out = torch.minimum(out, other) - h * h / (4 * k)
    return out


def closest(origin: Tensor, direction: Tensor, shape: Tensor) -> tuple[Tensor, Tensor]:
    """Where rays come closest to primitives, and the distance there.

    Args:
        origin, direction: `(3, ...)` in the primitives' own coordinates.
        shape: `(6, ...)`.

    Returns:
        Ray parameter and distance; the distance is negative where the ray goes through.
    """
    ox, oy, oz = origin
    dx, dy, dz = direction
    t = -(dx * ox + dz * oz) / (dx * dx + dz * dz + 1e-9)
    h = torch.minimum((oy + t * dy).clamp_min(0.0), shape[0])
    t = -(dx * ox + dy * (oy - h) + dz * oz) / (dx * dx + dy * dy + dz * dz)
    return t, distances(ox + t * dx, oy + t * dy, oz + t * dz, shape)


@dataclass(frozen=True)
class Rays:
    """Rays with the primitives near them: pixel `(N,)`, direction `(3, N)`, part `(N,)`, near
    primitives `(K, N)` and whether they count, depths to search between `(N,)` metres."""

    pixel: Tensor
    direction: Tensor
    part: Tensor
    near: Tensor
    start: Tensor
    stop: Tensor

    def __getitem__(self, keep: Tensor) -> Rays:
        return Rays(
            self.pixel[keep], self.direction[:, keep], self.part[keep], self.near[:, keep],
            self.start[keep], self.stop[keep],
        )  # fmt: skip


class Tracer:
    """Traces camera rays to a posed body."""

    def __init__(self, posed: PosedBody, camera: PinholeCamera) -> None:
        self.posed = posed
        self.camera = camera
        self.eye = torch.from_numpy(camera.eye.astype(np.float32))
        to_local = posed.to_local
        self.origin = to_local[:, :, :3] @ self.eye + to_local[:, :, 3]  # (P, 3)
        # One column per primitive, and one for "none", which is far away.
        nowhere = torch.tensor([0.0, -_FAR, 0.0])
        turn = torch.cat([to_local[:, :, :3].reshape(-1, 9), torch.zeros(1, 9)])
        origin = torch.cat([self.origin, nowhere[None]])
        shape = torch.cat([posed.body.shape.T, torch.tensor([[0, 0, 0, 1, 1, _FAR]])])
        self.table = torch.cat([turn, origin, shape], dim=1).T.contiguous()  # (18, P + 1)

    def rays(self) -> Rays:
        """All rays that pass near the body, by part."""
        found = [self._rays_of(part) for part in range(len(self.posed.body.parts))]
        kept = [rays for rays in found if rays is not None]
        if not kept:
            empty = torch.zeros(0)
            none = torch.zeros(0, dtype=torch.long)
            return Rays(none, torch.zeros(3, 0), none, none.expand(NEAREST, 0), empty, empty)
        return Rays(
            torch.cat([r.pixel for r in kept]),
            torch.cat([r.direction for r in kept], dim=1),
            torch.cat([r.part for r in kept]),
            torch.cat([r.near for r in kept], dim=1),
            torch.cat([r.start for r in kept]),
            torch.cat([r.stop for r in kept]),
        )

    def _rays_of(self, part: int) -> Rays | None:
        body, camera = self.posed.body, self.camera
        mine = np.flatnonzero(body.part == part)
        if not len(mine):
            return None
        pixel = self._covered(mine)
        if not len(pixel):
            return None
        width = camera.size[0]
        through = camera.rays(pixel % width + 0.5, pixel // width + 0.5)
        direction = torch.from_numpy(through).T.contiguous()
        index = torch.from_numpy(mine)
        local = torch.einsum("pij,jn->ipn", self.posed.to_local[index, :, :3], direction)
        shape = body.shape[:, index, None]
        t, d = closest(self.origin[index].T[:, :, None], local, shape)
        k = float(body.blend[part])
        near_by = 0.5 * k + 7.5 / camera.focal  # metres: 1.5 pixels, five metres away
        keep = (d.amin(dim=0) < near_by).nonzero()[:, 0]
        d, t = d[:, keep], t[:, keep]
        count = min(NEAREST, len(mine))
        # Of the primitives that a ray meets, the first count.
        wide = torch.from_numpy(body.reach[mine].astype(np.float32))[:, None]
        enters = t - ((-d).clamp_min(0.0) * 2 * wide).sqrt()
        order = torch.where(d < 0.5 * k + 0.01, enters, d + _FAR)
        chosen = torch.topk(order, count, dim=0, largest=False, sorted=False).indices
        chosen = chosen.sort(dim=0).values  # blending depends on the order
        reach = wide[:, 0][chosen] + k
        t = t.gather(0, chosen)
        # Primitives too far away to matter do not widen the search.
        matters = d.gather(0, chosen) < near_by + 0.5 * k
        near = torch.full((NEAREST, len(keep)), len(body.part), dtype=torch.long)
        near[:count] = index[chosen]
        return Rays(
            torch.from_numpy(pixel)[keep],
            direction[:, keep],
            torch.full((len(keep),), part),
            near,
            torch.where(matters, t - reach, torch.tensor(_FAR)).amin(dim=0).clamp_min(0.1),
            torch.where(matters, t + reach, torch.tensor(-_FAR)).amax(dim=0),
        )

    def _covered(self, primitives: NDArray[np.int64]) -> NDArray[np.int64]:
        """Pixels that the primitives may touch: their outlines, drawn slightly too large."""
        width, height = self.camera.size
        mask = np.zeros((height, width), dtype=np.uint8)
        seen = self.camera.project(self.posed.ends[primitives])  # (p, 2, 3)
        reach = self.posed.body.reach[primitives, None] + 0.5 * float(self.posed.body.blend.max())
        radius = np.ceil(self.camera.focal * reach / (seen[..., 2] - reach)).max(axis=1) + 1
        for (a, b), r in zip(np.rint(seen[..., :2]).astype(int).tolist(), radius, strict=True):
            cv2.line(mask, a, b, (255,), 2 * int(r) + 1)
        return np.flatnonzero(mask)

    def trace(self, rays: Rays) -> tuple[Tensor, Tensor]:
        """Trace rays to the surface.

        Returns:
            Depth `(N,)`, metres, of the surface or of where the ray comes closest to it; and how
            much of the pixel the surface covers there, `(N,)`, 0..1.
        """
        pixel = 1.0 / self.camera.focal  # metres a pixel at depth 1
        n = len(rays.pixel)
        best_t, best_gap = rays.start.clone(), torch.full((n,), 9.0)
        active = torch.arange(n)
        part = rays
        t = rays.start.clone()
        local, shape, blend, origin = self._gather(part)
        for step in range(STEPS):
            x, y, z = (origin[i] + t * local[i] for i in range(3))
            # The surface is moved in by half a pixel, and its coverage fades over one pixel.
            d = melt(distances(x, y, z, shape), blend)
            gap = d / (pixel * t) + 0.5
            better = gap < best_gap[active]
            best_gap[active] = torch.where(better, gap, best_gap[active])
            best_t[active] = torch.where(better, t, best_t[active])
            t = t + 0.92 * (gap * pixel * t).clamp_min(0.25 * pixel)
            if step % 4 == 3:
                going = ((best_gap[active] > 0.04) & (t < part.stop)).nonzero()[:, 0]
                if not len(going):
                    break
                if len(going) < 0.8 * len(t):
                    active, t, part = active[going], t[going], part[going]
                    local, shape, origin = (
                        local[:, :, going],
                        shape[:, :, going],
                        origin[:, :, going],
                    )
                    blend = blend[going]
        # A ray that has come within a twentieth of a pixel has arrived.
        return best_t, (1.06 * (1.0 - best_gap)).clamp(0.0, 1.0)

    def _gather(self, rays: Rays) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        got = self.table[:, rays.near]  # (18, K, N)
        turn = got[:9].view(3, 3, *rays.near.shape)
        local = (turn * rays.direction[None, :, None, :]).sum(dim=1)
        return local, got[12:], self.posed.body.blend[rays.part], got[9:12]

    def surface(self, rays: Rays, depth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Points, normals and rest-pose points of the surface, each `(3, N)`, metres.

        The rest-pose point undoes the pose bone by bone, blended like the surface: paint moves
        with the body.
        """
        point = self.eye[:, None] + depth * rays.direction
        got = self.table[:, rays.near]
        turn = got[:9].view(3, 3, *rays.near.shape)
        local = got[9:12] + depth * (turn * rays.direction[None, :, None, :]).sum(dim=1)
        shape, blend = got[12:], self.posed.body.blend[rays.part]
        size = 0.7 / self.camera.focal * depth
        normal = torch.zeros_like(point)
        for corner in ((1.0, 1.0, 1.0), (1.0, -1.0, -1.0), (-1.0, 1.0, -1.0), (-1.0, -1.0, 1.0)):
            e = torch.tensor(corner)
            x, y, z = local + size * (turn * e[None, :, None, None]).sum(dim=1)
            normal += e[:, None] * melt(distances(x, y, z, shape), blend)
        normal = normal / normal.norm(dim=0).clamp_min(1e-9)
        d = distances(local[0], local[1], local[2], shape)
        weight = torch.softmax(-d / 0.012, dim=0)
        rest_table = torch.cat([self.posed.to_rest.reshape(-1, 12), torch.zeros(1, 12)]).T
        back = rest_table[:, rays.near].view(3, 4, *rays.near.shape)
        rest = ((back[:, :3] * point[None, :, None, :]).sum(dim=1) + back[:, 3]) * weight
        return point, normal, rest.sum(dim=1)
