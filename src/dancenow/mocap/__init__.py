"""Motion capture: BVH files as pose tracks, and poses from video as BVH files."""

from dancenow.mocap.bvh import Bvh, read_bvh, write_bvh
from dancenow.mocap.filming import film_bvh

__all__ = ["Bvh", "film_bvh", "read_bvh", "write_bvh"]
