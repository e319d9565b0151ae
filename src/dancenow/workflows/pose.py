"""Writing the poses of a clip, and the clip with its poses drawn over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancenow.errors import InputError
from dancenow.files import check_can_write, check_not_read
from dancenow.pose.draw import overlay as draw_overlay
from dancenow.pose.filters import clean
from dancenow.pose.openpose import is_openpose_folder, read_openpose
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.video import check_output, open_writer, probe, read_frames
from dancenow.workflows.observe import detect_pose


@dataclass(frozen=True)
class PoseMade:
    """A track that was written.

    Attributes:
        track: the file.
        overlay: the clip with the poses over it, or None.
        frames: how many.
        seen: the part of them in which a person is seen, 0..1.
        times: seconds of each stage.
    """

    track: Path
    overlay: Path | None
    frames: int
    seen: float
    times: StageTimes


def write_pose(
    clip: Path,
    output: Path,
    *,
    overlay: Path | None = None,
    estimator: str = "mediapipe",
    raw: bool = False,
    progress: ProgressCallback = silent,
) -> PoseMade:
    """Find the poses of a clip and write them as a track.

    Args:
        clip: a clip, or a folder of OpenPose files.
        output: the track, `.npz`.
        overlay: also write the clip with the poses drawn over it.
        estimator: which estimator finds the poses.
        raw: write the poses as detected, with gaps and jitter.
        progress: told about every frame.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    if output.suffix != ".npz":
        raise InputError(f"{output}: a track's name must end in .npz")
    imported = clip.is_dir() and is_openpose_folder(clip)
    if imported and overlay is not None:
        raise InputError(f"{clip}: holds poses without a picture; leave out --overlay.")
    check_can_write(output)
    if overlay is not None:
        check_output(overlay)
        check_not_read(overlay, clip)
    times = StageTimes()
    with times.stage("detect"):
        if imported:
            track = read_openpose(clip)
        else:
            track = detect_pose(clip, estimator=estimator, progress=progress)
    if not raw:
        track = clean(track)
    track.save(output)
    if overlay is not None:
        info = probe(clip)
        audio = clip if info.has_audio else None
        with (
            times.stage("overlay"),
            open_writer(overlay, fps=info.fps, size=info.size, audio_from=audio) as writer,
        ):
            for index, frame in enumerate(read_frames(clip)):
                writer.write(draw_overlay(frame, track.keypoints[index]))
                progress(Progress("drawing", index + 1, info.frames))
    seen = float((track.confidence > 0).any(axis=1).mean())
    return PoseMade(output, overlay, len(track), seen, times)
