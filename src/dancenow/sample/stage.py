"""Performers on stage: sample dances with known poses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.pose.track import PoseTrack
from dancenow.sample.dances import Choreography
from dancenow.sample.figure import BLENDS, dress
from dancenow.sample.keypoints import KeypointProjector
from dancenow.sample.kinematics import BodyPose, build_skeleton, forward_kinematics
from dancenow.sample.looks import Look, find_performer
from dancenow.sample.pinhole import frame_person
from dancenow.sample.render import Renderer
from dancenow.sample.sdf import ImplicitBody
from dancenow.sample.stance import Solver

Frame = NDArray[np.uint8]
Keypoints = NDArray[np.float32]

SMALLEST = 32  # pixels; below, there is nothing to see
_BLOCK = 64  # frames whose stances are computed at once, several times as fast as one by one


class SampleStage:
    """One performer in front of one camera.

    It can show any `BodyPose`: from a dance or from motion capture.

    Args:
        look: the performer.
        size: picture size, pixels: one number for a square, or `(width, height)`.

    Raises:
        InputError: the size is too small.
    """

    def __init__(self, look: Look, size: int | tuple[int, int] = 256) -> None:
        width, height = (size, size) if isinstance(size, int) else size
        if min(width, height) < SMALLEST:
            raise InputError(
                f"{width} x {height} px is too small; give at least {SMALLEST} x {SMALLEST}."
            )
        self.look = look
        self.size = (width, height)
        self.skeleton = build_skeleton(look.proportions)
        self.camera = frame_person(look.proportions.height, self.size, look.home)
        body = ImplicitBody(dress(look, self.skeleton), BLENDS)
        self._marker = KeypointProjector(self.skeleton, body, self.camera)
        self._renderer: Renderer | None = None

    def draw(self, pose: BodyPose) -> Frame:
        """A frame, uint8 `(H, W, 3)` RGB.  The first call paints the room."""
        if self._renderer is None:
            self._renderer = Renderer(self.look, self.skeleton, self.camera)
        return self._renderer.draw(forward_kinematics(self.skeleton, pose, self.look.place))

    def keypoints(self, pose: BodyPose) -> Keypoints:
        """The true keypoints, float32 `(137, 3)`: x pixels, y pixels, confidence 0 or 1."""
        return self._marker.keypoints(forward_kinematics(self.skeleton, pose, self.look.place))

    def depth(self, pose: BodyPose) -> NDArray[np.float32]:
        """The true depth of the keypoints, float32 `(137,)` in body heights; see `PoseTrack`."""
        return self._marker.depth(forward_kinematics(self.skeleton, pose, self.look.place))

    def poses(self, dance: str, *, seconds: float, fps: float, seed: int = 0) -> Iterator[BodyPose]:
        """The poses of a dance, one a frame; frame k is at k / fps seconds.

        Raises:
            InputError: there is no such dance, or length or frame rate is not above 0.
        """
        for value, name in ((seconds, "seconds"), (fps, "fps")):
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"{name} must be above 0, not {value}.")
        choreography = Choreography(dance, seed)
        solver = Solver(self.skeleton, choreography.dance.swing)
        frames = np.arange(max(1, round(seconds * fps)))
        blocks = (frames[start : start + _BLOCK] for start in range(0, len(frames), _BLOCK))
        return (
            solver.pose(stance) for block in blocks for stance in choreography.stances(block / fps)
        )


def render_sample(
    performer: str,
    dance: str,
    *,
    seconds: float,
    size: int | tuple[int, int] = 256,
    fps: float = 25,
    seed: int = 0,
) -> Iterator[tuple[Frame, Keypoints]]:
    """A performer dances: frames and the true keypoints.

    Two performers of the same dance with the same `fps` and `seed` move the same way in the same
    frames, each with their own body in their own room: what a perfect motion transfer from one to
    the other would show.

    Args:
        performer: a name in `PERFORMERS`.
        dance: a name in `DANCES`.
        seconds: length.
        size: picture size, pixels: one number for a square, or `(width, height)`.
        fps: frames a second.
        seed: for the choice of moves.

    Returns:
        `round(seconds * fps)` pairs of a frame, uint8 `(H, W, 3)` RGB, and keypoints, float32
        `(137, 3)`: x pixels, y pixels, confidence 0 or 1.

    Raises:
        InputError: a name is unknown, or a length, size or frame rate is too small.
    """
    stage = SampleStage(find_performer(performer), size)
    poses = stage.poses(dance, seconds=seconds, fps=fps, seed=seed)
    return ((stage.draw(pose), stage.keypoints(pose)) for pose in poses)


def dance_track(
    performer: str,
    dance: str,
    *,
    seconds: float,
    size: int | tuple[int, int] = 256,
    fps: float = 25,
    seed: int = 0,
) -> PoseTrack:
    """The true pose track of `render_sample`, without rendering; same arguments and errors."""
    stage = SampleStage(find_performer(performer), size)
    poses = stage.poses(dance, seconds=seconds, fps=fps, seed=seed)
    both = [(stage.keypoints(pose), stage.depth(pose)) for pose in poses]
    keypoints, depth = (np.stack(part) for part in zip(*both, strict=True))
    return PoseTrack(keypoints, fps, stage.size, depth)
