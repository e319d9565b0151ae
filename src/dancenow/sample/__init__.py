"""The sample performers: procedural people who dance, with known poses.

The project's own test and demo material: no third party's video is needed, and the true answer of
a motion transfer is known.
"""

from dancenow.sample.audio import click_track
from dancenow.sample.body import BodyPose
from dancenow.sample.dances import DANCES, Dance
from dancenow.sample.looks import PERFORMERS, Look
from dancenow.sample.stage import Stage, dance_track, render_sample

__all__ = [
    "DANCES",
    "PERFORMERS",
    "BodyPose",
    "Dance",
    "Look",
    "Stage",
    "click_track",
    "dance_track",
    "render_sample",
]
