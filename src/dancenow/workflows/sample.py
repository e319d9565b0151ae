"""Rendering a sample performer: a clip with the click of its beat, and the true track."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sample import DANCES, PERFORMERS, click_track, render_sample
from dancenow.staging.result import NOTE
from dancenow.video import check_output, open_writer

_SOUND_RATE = 44100  # samples a second
_CRF = 14  # samples stand in for camera footage: keep them clean


@dataclass(frozen=True)
class SampleMade:
    """A sample that was rendered.

    Attributes:
        output: the clip.
        track: its true track.
        performer: who dances.
        dance: what is danced.
        frames: how many.
        times: seconds of each stage.
    """

    output: Path
    track: Path
    performer: str
    dance: str
    frames: int
    times: StageTimes


def write_sample(
    output: Path,
    *,
    performer: str = "",
    dance: str = "",
    seconds: float = 10.0,
    size: int | tuple[int, int] = 256,
    fps: float = 25.0,
    seed: int = 0,
    progress: ProgressCallback = silent,
) -> SampleMade:
    """Render a sample performer dancing; the true track goes beside the clip.

    Args:
        output: the clip; its true track takes the same name with `.pose.npz`.
        performer: who dances; the first there is, where nobody is named.
        dance: what is danced; the first there is, where nothing is named.
        seconds: how long.
        size: frame size in px, square or `(width, height)`.
        fps: frames a second.
        seed: of the dance's variations.
        progress: told about every frame.

    Raises:
        InputError: an unknown name, a length or size that makes no clip, an output that cannot be
            written.
    """
    performer, dance = performer or next(iter(PERFORMERS)), dance or next(iter(DANCES))
    if not (np.isfinite(seconds) and np.isfinite(fps) and seconds > 0 and fps > 0):
        raise InputError("--seconds and --fps must be above 0.")
    check_output(output)
    frame_size = size if isinstance(size, tuple) else (size, size)
    total = max(1, round(seconds * fps))
    times, keypoints = StageTimes(), []
    frames = render_sample(performer, dance, seconds=seconds, size=size, fps=fps, seed=seed)
    sound = (click_track(dance, total / fps, seed, _SOUND_RATE), _SOUND_RATE)
    with (
        times.stage("render"),
        open_writer(
            output, fps=fps, size=frame_size, crf=_CRF, audio=sound, comment=NOTE
        ) as writer,
    ):
        for frame, pose in frames:
            writer.write(frame)
            keypoints.append(pose)
            stage = f"rendering {performer} dancing {dance}"
            progress(Progress(stage, len(keypoints), total))
    track = output.with_name(f"{output.stem}.pose.npz")
    PoseTrack(np.stack(keypoints), fps, frame_size).save(track)
    return SampleMade(output, track, performer, dance, len(keypoints), times)
