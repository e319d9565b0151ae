"""Motion in space: bodies out of captures and tracks, filmed, and written for other programs."""

from dancenow.mocap.bvh import Bvh, read_bvh, write_bvh
from dancenow.mocap.bvh_figure import figure_of
from dancenow.mocap.figure import Figure
from dancenow.mocap.filming import Lens, film
from dancenow.mocap.glb import write_glb
from dancenow.mocap.lifting import lift
from dancenow.mocap.rig import rig

__all__ = [
    "Bvh",
    "Figure",
    "Lens",
    "figure_of",
    "film",
    "lift",
    "read_bvh",
    "rig",
    "write_bvh",
    "write_glb",
]
