"""Pictures of posed performers: the traced body with light, shadow and paint, in its room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dancenow.sample.colour import Image, linear, to_display
from dancenow.sample.figure import BLENDS, dress
from dancenow.sample.kinematics import PosedSkeleton, Skeleton
from dancenow.sample.looks import Look
from dancenow.sample.paint import SurfacePainter
from dancenow.sample.pinhole import PinholeCamera
from dancenow.sample.rooms import WALL_Z, paint_room
from dancenow.sample.sdf import ImplicitBody, PosedBody, Rays, Tracer, closest

LAYERS: Final = 4  # surfaces blended in one pixel, nearest first


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let PyTorch compute on one core.

    A frame is some thousand short operations.  A second core would save a third of the time if it
    is free, but if it is busy every operation waits for it: a hundred times slower.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Renderer:
    """Draws one performer in their room.

    Args:
        look: the performer.
        skeleton: their body.
        camera: where they are seen from.
    """

    def __init__(self, look: Look, skeleton: Skeleton, camera: PinholeCamera) -> None:
        self.look = look
        self.camera = camera
        self.body = ImplicitBody(dress(look, skeleton), BLENDS)
        self.painter = SurfacePainter(look, skeleton)
        self.plate = paint_room(look.room, camera)
        light = np.array(look.room.light)
        self.light = torch.from_numpy((light / np.linalg.norm(light)).astype(np.float32))
        self.warmth = torch.from_numpy(linear(look.room.warmth))[:, None]
        floor = self.plate[int(self.plate.shape[0] * 0.85) :].reshape(-1, 3).mean(axis=0)
        self.bounce = torch.from_numpy(floor)[:, None]
        self._ground = _Ground(camera)

    @torch.inference_mode()
    def draw(self, placed: PosedSkeleton) -> NDArray[np.uint8]:
        """One frame, uint8 `(H, W, 3)` RGB."""
        with _one_thread():
            return self._draw(placed)

    def _draw(self, placed: PosedSkeleton) -> NDArray[np.uint8]:
        posed = self.body.posed(placed)
        tracer = Tracer(posed, self.camera)
        picture = torch.from_numpy(self.plate * self._ground.shadow(posed, self.light)[..., None])
        picture = picture.view(-1, 3)
        rays = tracer.rays()
        depth, cover = tracer.trace(rays)
        seen = (cover > 0.02).nonzero()[:, 0]
        rays, depth, cover = rays[seen], depth[seen], cover[seen]
        rays, depth, cover, layer = _nearest(rays, depth, cover, 6.0 / self.camera.focal)
        colour = self._shade(tracer, rays, depth, placed).T
        for i in range(LAYERS - 1, -1, -1):
            here = (layer == i).nonzero()[:, 0]
            pixel, alpha = rays.pixel[here], cover[here, None]
            picture[pixel] = picture[pixel] * (1 - alpha) + colour[here] * alpha
        return to_display(picture.view(self.plate.shape).numpy())

    def _shade(self, tracer: Tracer, rays: Rays, depth: Tensor, placed: PosedSkeleton) -> Tensor:
        """Colours `(3, N)` in linear light."""
        point, normal, rest = tracer.surface(rays, depth)
        albedo = torch.zeros_like(point)
        gloss = torch.zeros_like(depth)
        pixel = depth / self.camera.focal
        for i, part in enumerate(self.body.parts):
            here = (rays.part == i).nonzero()[:, 0]
            if len(here):
                coat = self.painter.paint(
                    part, rest[:, here], pixel[here], mouth=placed.mouth, blink=placed.blink
                )
                albedo[:, here], gloss[here] = coat.albedo, coat.gloss
        view = -rays.direction / rays.direction.norm(dim=0)
        return self._light(point, normal, view, albedo, gloss, tracer.posed)

    def _light(
        self, point: Tensor, normal: Tensor, view: Tensor, albedo: Tensor, gloss: Tensor,
        posed: PosedBody,
    ) -> Tensor:  # fmt: skip
        key, warm = self.light[:, None], self.warmth
        facing = (normal * view).sum(dim=0)
        lit = ((normal * key).sum(dim=0) + 0.22).clamp_min(0.0) / 1.22
        shadow = cast_shadow(posed, point + 0.012 * normal, self.light, 0.10)
        open_sky = openness(posed, point, normal)
        fill = torch.tensor([-0.75 * float(torch.sign(self.light[0])), 0.15, 0.64])[:, None]
        soft = ((normal * fill).sum(dim=0) + 0.3).clamp_min(0.0) / 1.3
        up = 0.5 + 0.5 * normal[1]
        sky = torch.tensor([[0.92], [0.97], [1.05]])
        ambient = (0.40 * up * sky + 0.75 * (1 - up) * self.bounce) * open_sky
        light = 1.08 * lit * (0.25 + 0.75 * shadow) * warm + 0.24 * soft * open_sky + ambient
        half = key + view
        half = half / half.norm(dim=0)
        shine = (normal * half).sum(dim=0).clamp_min(0.0) ** 28 * 0.28 * gloss * shadow
        rim = (1 - facing.clamp(0, 1)) ** 3 * (0.35 + 0.65 * up) * 0.16
        colour: Tensor = albedo * light + (shine + rim * (0.35 + 0.65 * albedo.mean(dim=0))) * warm
        return colour


def _nearest(
    rays: Rays, depth: Tensor, cover: Tensor, edge: float
) -> tuple[Rays, Tensor, Tensor, Tensor]:
    """Keep visible surfaces, and find which layer of its pixel each is, 0 the nearest."""
    order = torch.argsort(rays.pixel.double() * 1e4 + depth.double())
    rays, depth, cover = rays[order], depth[order], cover[order]
    # The edge where two surfaces meet is soft as well.
    meets = rays.pixel[1:] == rays.pixel[:-1]
    ahead = 0.5 + 0.5 * ((depth[1:] - depth[:-1]) / edge).clamp(0, 1)
    cover[:-1] = torch.where(
        meets & (cover[1:] > 0.98), torch.minimum(cover[:-1], ahead), cover[:-1]
    )
    place = torch.arange(len(order))
    first = torch.ones_like(place, dtype=torch.bool)
    first[1:] = rays.pixel[1:] != rays.pixel[:-1]
    start = torch.cummax(torch.where(first, place, torch.zeros_like(place)), dim=0).values
    layer = place - start
    full = (cover > 0.98).long()
    # A surface behind one that fills the pixel is hidden.
    before = torch.cumsum(full, dim=0) - full
    hidden = before - before[start] > 0
    keep = (~hidden & (layer < LAYERS)).nonzero()[:, 0]
    return rays[keep], depth[keep], cover[keep], layer[keep]


def cast_shadow(posed: PosedBody, points: Tensor, light: Tensor, softness: float) -> Tensor:
    """How much of the main light reaches points `(3, N)`: 0..1 `(N,)`."""
    index = posed.body.shades
    to_local = posed.to_local[index]
    origin = (
        torch.einsum("pij,jn->ipn", to_local[:, :, :3], points) + to_local[:, :, 3].T[:, :, None]
    )
    towards = (to_local[:, :, :3] @ light).T[:, :, None]
    t, d = closest(origin, towards, posed.body.shape[:, index, None])
    # The farther the caster, the softer its shadow; what is at the point itself casts none.
    reach = (t / 0.07).clamp(0, 1)
    clear = (d / (softness * t.clamp_min(0.05)) * 0.5 + 0.5).clamp(0, 1)
    clear = clear * clear * (3 - 2 * clear)
    left: Tensor = (1 - reach * (1 - clear)).amin(dim=0)
    return left


def openness(posed: PosedBody, points: Tensor, normals: Tensor) -> Tensor:
    """How much of the surroundings points `(3, N)` see past the body: 0..1 `(N,)`."""
    index = posed.body.shades
    ends = torch.from_numpy(posed.ends[index.numpy()].astype(np.float32))
    a, along = ends[:, 0, :, None], (ends[:, 1] - ends[:, 0])[:, :, None]
    radius = torch.from_numpy(posed.body.reach[index.numpy()].astype(np.float32))[:, None] * 0.85
    offset = points[None] - a
    h = (offset * along).sum(1) / (along * along).sum(1).clamp_min(1e-9)
    away = h.clamp(0, 1)[:, None] * along - offset
    distance = (away * away).sum(1).sqrt()  # `norm` takes ten times as long on this axis
    lean = (away * normals[None]).sum(1) / distance.clamp_min(1e-6)
    block = (radius / distance.clamp_min(1e-6)).clamp(0, 1) ** 2 * lean.clamp_min(0.0)
    seen: Tensor = (1 - 0.8 * block).prod(dim=0)
    return seen


class _Ground:
    """The floor and the wall behind, which catch the performer's shadow."""

    def __init__(self, camera: PinholeCamera) -> None:
        width, height = camera.size
        step = max(2.0, height / 84)
        self.shape = (max(2, round(height / step)), max(2, round(width / step)))
        self.size = (width, height)
        y = (np.arange(self.shape[0]) + 0.5) * height / self.shape[0]
        x = (np.arange(self.shape[1]) + 0.5) * width / self.shape[1]
        rays = camera.rays(x[None, :], y[:, None]).reshape(-1, 3)
        to_wall = camera.eye[2] - WALL_Z
        to_floor = -camera.eye[1] / np.minimum(rays[:, 1], -1e-4)
        floor = to_floor < to_wall
        points = camera.eye + np.where(floor, to_floor, to_wall)[:, None] * rays
        self.points = torch.from_numpy(points.astype(np.float32)).T.contiguous()
        up, front = torch.tensor([[0.0], [1.0], [0.0]]), torch.tensor([[0.0], [0.0], [1.0]])
        self.normals = torch.where(torch.from_numpy(floor), up, front)

    def shadow(self, posed: PosedBody, light: Tensor) -> Image:
        """What is left of the light, float32 `(H, W)`."""
        lit = cast_shadow(posed, self.points, light, 0.22)
        left = (0.52 + 0.48 * lit) * (0.25 + 0.75 * openness(posed, self.points, self.normals))
        coarse = left.view(self.shape).numpy()
        return np.asarray(cv2.resize(coarse, self.size, interpolation=cv2.INTER_LINEAR))
