"""The sample performers: procedural people who dance, with known poses.

They are the project's own test and demo material: no third-party video is needed, and the ground
truth of a motion transfer is known.
"""

from dancenow.sample.click_track import click_track
from dancenow.sample.dances import DANCES, DanceStyle
from dancenow.sample.kinematics import BodyPose
from dancenow.sample.looks import PERFORMERS, Look
from dancenow.sample.stage import SampleStage, dance_track, render_sample

__all__ = [
    "DANCES",
    "PERFORMERS",
    "BodyPose",
    "DanceStyle",
    "Look",
    "SampleStage",
    "click_track",
    "dance_track",
    "render_sample",
]
