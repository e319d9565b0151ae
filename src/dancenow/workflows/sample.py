"""Rendering a sample performer: a clip with a click track, and its true track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from dancenow import limits
from dancenow.errors import InputError
from dancenow.names import known_as
from dancenow.options import SampleOptions
from dancenow.pose import PoseTrack
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sample import DANCES, PERFORMERS, SampleStage, click_track
from dancenow.sample.looks import find_performer
from dancenow.sample.shipped import FOLDER
from dancenow.staging.result import NOTE
from dancenow.video import check_output, open_writer
from dancenow.video.comment import read_comment

_SOUND_RATE = 44100  # samples per second
_CRF = 14  # samples stand in for camera footage: keep them clean


@dataclass(frozen=True)
class SampleResult:
    """A sample that was rendered.

    Attributes:
        output: the clip.
        track: its true track.
        performer: who dances.
        dance: what is danced.
        frames: number of frames.
        times: seconds of each stage.
    """

    output: Path
    track: Path
    performer: str
    dance: str
    frames: int
    times: StageTimes

    def summary(self) -> str:
        """One line for the user."""
        return (
            f"{self.output} ({self.frames} frames) and its true track {self.track}; "
            f"dancenow train choreographer {self.track} --codec pose learns from that at once"
        )


_OF_NOBODY: Final = "; a sample performer, no real person"
_NOTE: Final = NOTE + _OF_NOBODY


def is_sample(clip: Path) -> bool:
    """Whether a clip shows a sample performer, as far as it says."""
    if clip.resolve().is_relative_to(FOLDER):
        return True
    try:
        return (read_comment(clip) or "").endswith(_OF_NOBODY)
    except InputError:
        return False


def write_sample(
    output: str | Path,
    options: SampleOptions | None = None,
    *,
    frame_size: tuple[int, int] | None = None,
    progress: ProgressCallback = silent,
) -> SampleResult:
    """Render a sample performer dancing; the true track goes beside the clip.

    Args:
        output: the clip; its true track gets the same name with `.pose.npz`.
        options: performer, dance, length and size.
        frame_size: width and height in pixels, if the frame is not square.
        progress: called for every frame.

    Raises:
        InputError: a name is unknown, the length or size is invalid, or the output cannot be
            written.
    """
    output, options = Path(output), options or SampleOptions()
    performer = known_as(options.performer, PERFORMERS) or next(iter(PERFORMERS))
    dance = known_as(options.dance, DANCES) or next(iter(DANCES))
    seconds, fps, seed = options.seconds, options.fps, options.seed
    if not (np.isfinite(seconds) and np.isfinite(fps) and seconds > 0 and fps > 0):
        raise InputError("`seconds` and `fps` must be above 0.")
    limits.check_rate("`fps`", fps)
    limits.check_length("`seconds`", seconds * fps, seconds)
    limits.check_picture("`size`", *(frame_size or (options.size, options.size)))
    check_output(output)
    size = frame_size or (options.size, options.size)
    total = max(1, round(seconds * fps))
    times, keypoints, depth = StageTimes(), [], []
    stage = SampleStage(find_performer(performer), size)
    poses = stage.poses(dance, seconds=seconds, fps=fps, seed=seed)
    sound = (click_track(dance, total / fps, seed, _SOUND_RATE), _SOUND_RATE)
    with (
        times.stage("render"),
        open_writer(output, fps=fps, size=size, crf=_CRF, audio=sound, comment=_NOTE) as writer,
    ):
        for pose in poses:
            writer.write(stage.draw(pose))
            keypoints.append(stage.keypoints(pose))
            depth.append(stage.depth(pose))
            doing = f"rendering {performer} dancing {dance}"
            progress(Progress(doing, len(keypoints), total))
    track = output.with_name(f"{output.stem}.pose.npz")
    PoseTrack(np.stack(keypoints), fps, size, np.stack(depth)).save(track)
    return SampleResult(output, track, performer, dance, len(keypoints), times)
