"""Motion capture: BVH files as motion for anybody, and poses from video as BVH."""

from dancenow.mocap.bvh import Bvh, read_bvh, write_bvh
from dancenow.mocap.filming import film_bvh

__all__ = ["Bvh", "film_bvh", "read_bvh", "write_bvh"]
