"""Tracing: surfaces lie where geometry says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dancenow.sample.kinematics import BodyPose, Proportions, build_skeleton, forward_kinematics
from dancenow.sample.pinhole import frame_person
from dancenow.sample.sdf import ImplicitBody, Primitive, Tracer, melt

SKELETON = build_skeleton(Proportions())
CAMERA = frame_person(1.72, (128, 128))


def _trace(primitive: Primitive) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    body = ImplicitBody([primitive], {"thing": 0.02})
    tracer = Tracer(body.posed(forward_kinematics(SKELETON, BodyPose())), CAMERA)
    rays = tracer.rays()
    depth, cover = tracer.trace(rays)
    point, _, rest = tracer.surface(rays, depth)
    assert torch.allclose(point, rest, atol=1e-4)  # in the rest pose
    return point.numpy().T, cover.numpy(), rays.pixel.numpy()


def test_a_ball_is_hit_on_its_surface_and_covers_its_disc() -> None:
    centre, radius = np.array([0.1, 1.1, 0.2]), 0.25
    ball = Primitive("thing", "pelvis", tuple(centre), tuple(centre), radius, radius)
    point, cover, _ = _trace(ball)
    away = np.linalg.norm(point[cover > 0.99] - centre, axis=1)
    assert np.abs(away - radius).max() < 0.012  # half a pixel
    disc = np.pi * (CAMERA.focal * radius / (CAMERA.eye[2] - centre[2])) ** 2
    assert cover.sum() == pytest.approx(disc, rel=0.04)


def test_a_squeezed_cone_stays_inside_its_outline() -> None:
    a, b = (0.0, 0.8, 0.0), (0.0, 1.2, 0.0)
    point, cover, _ = _trace(Primitive("thing", "pelvis", a, b, 0.1, 0.1, (2.0, 0.5)))
    solid = point[cover > 0.99]
    assert 0.17 < np.abs(solid[:, 0]).max() <= 0.205
    assert 0.03 < solid[:, 2].max() <= 0.055


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=6), st.floats(0.01, 0.5))
def test_melting_only_adds_and_only_nearby(distances: list[float], k: float) -> None:
    d = torch.tensor(distances, dtype=torch.float64)[:, None]
    melted = float(melt(d, torch.tensor([k], dtype=torch.float64)))
    ordered = sorted(distances)
    assert melted <= ordered[0] + 1e-9
    if ordered[1] - ordered[0] > len(distances) * k:
        assert melted == pytest.approx(ordered[0])
