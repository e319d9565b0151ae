"""The camera: fixed, level, and far enough away for every dance to stay in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dancenow.sample.kinematics import Array


@dataclass(frozen=True)
class PinholeCamera:
    """A pinhole that looks along -z; instead of tilting, the picture's centre is shifted.

    Attributes:
        size: picture size `(width, height)`, pixels.
        eye: `(3,)`, the camera's position, metres.
        focal: focal length, pixels.
        centre: `(x, y)`, pixels: where the optical axis meets the picture.
    """

    size: tuple[int, int]
    eye: Array
    focal: float
    centre: tuple[float, float]

    def project(self, points: NDArray[Any]) -> Array:
        """World points `(..., 3)`, metres -> `(..., 3)`: x pixels, y pixels, depth m."""
        offset = np.asarray(points, dtype=np.float64) - self.eye
        depth = -offset[..., 2]
        x = self.centre[0] + self.focal * offset[..., 0] / depth
        y = self.centre[1] - self.focal * offset[..., 1] / depth
        return np.stack([x, y, depth], axis=-1)

    def rays(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float32]:
        """Directions `(..., 3)` through picture points; z is -1, so the ray parameter is depth."""
        out = np.empty((*np.broadcast_shapes(x.shape, y.shape), 3), dtype=np.float32)
        out[..., 0] = (x - self.centre[0]) / self.focal
        out[..., 1] = (self.centre[1] - y) / self.focal
        out[..., 2] = -1.0
        return out


def frame_person(height: float, size: tuple[int, int], home: float = 0.0) -> PinholeCamera:
    """The camera for a person of `height` metres whose home is at x = `home`.

    The standing person fills three quarters of the picture's height, or less in a narrow picture,
    so that outstretched arms fit.
    """
    width, rows = size
    distance = 4.4
    view = max(height / 0.755, 1.40 * height * rows / width)  # metres of picture height at z = 0
    focal = rows / view * distance
    eye = np.array([0.12 * home, 1.12, distance])
    # Raised hands reach 1.25 heights; the space left over goes mostly above.
    floor_row = rows * (1.0 - 0.05 - 0.42 * max(0.0, 1.0 - height / 0.755 / view))
    centre_y = floor_row - focal * eye[1] / distance
    centre_x = width / 2 - focal * (home - eye[0]) / distance
    return PinholeCamera(size, eye, focal, (centre_x, centre_y))
