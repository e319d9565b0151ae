"""Writing the poses of a clip, and the clip with its poses drawn over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dancenow.errors import InputError, counted
from dancenow.files import check_can_write, check_folder, check_not_read, write_bytes
from dancenow.options import PoseOptions
from dancenow.options.view import FRONT
from dancenow.pose import PoseTrack
from dancenow.pose.dancers import check_person
from dancenow.pose.draw import overlay as draw_overlay
from dancenow.pose.filters import clean
from dancenow.pose.openpose import write_openpose
from dancenow.pose.pose_files import holds_poses, read_pose_files
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.captures import (
    WRITTEN,
    filmed,
    is_capture,
    is_motion,
    read_figure,
    write_motion,
)
from dancenow.sources.detection import detect_people, detect_pose
from dancenow.sources.load import check_rate, find_in_every_shot, load_source
from dancenow.sources.people_picture import draw_people
from dancenow.video import ClipInfo, check_output, open_writer, probe, read_frames
from dancenow.video.png import encode_png


@dataclass(frozen=True)
class PoseResult:
    """A track that was written.

    Attributes:
        track: the file.
        overlay: the clip with the poses drawn over it, or None.
        frames: number of frames.
        seen: the fraction of frames in which a person is seen, 0..1.
        times: seconds of each stage.
        taken_for: what the input was taken for, in words.
    """

    track: Path
    overlay: Path | None
    frames: int
    seen: float
    times: StageTimes
    taken_for: str = ""

    def summary(self) -> str:
        """One line for the user."""
        return (
            f"{self.track}: {counted(self.frames, 'frame')}, a person in "
            f"{100 * self.seen:.1f} % of them; made of {self.taken_for}"
        )


def detect(
    clip: str | Path,
    options: PoseOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """The poses in a clip, a track, a motion capture (`.bvh`) or pose files.

    Args:
        clip: the file or folder.
        options: how they are found; output options are ignored.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    return _found(Path(clip), options or PoseOptions(), progress)[0]


def _found(clip: Path, options: PoseOptions, progress: ProgressCallback) -> tuple[PoseTrack, str]:
    """The poses, and what the input was taken for."""
    track, taken_for = _seen(clip, options, progress)
    if options.view.moved and not is_capture(clip):
        track = filmed(clip, track, options.view)
    return track, taken_for


def _seen(clip: Path, options: PoseOptions, progress: ProgressCallback) -> tuple[PoseTrack, str]:
    """The poses from where they were filmed, or in a capture are to be filmed."""
    check_rate(options.fps)
    check_person(options.person)
    captured = is_capture(clip)
    if captured or clip.suffix.lower() == ".npz":
        view = options.view if captured else FRONT
        track = load_source(clip, fps=options.fps, person=options.person, view=view).track
        return track, "a motion capture" if captured else "a track"
    if holds_poses(clip):
        files = read_pose_files(clip, fps=options.fps)
        track = files.of(options.person, clip)
        return track if options.raw else clean(track), files.taken_for
    info = probe(clip, fps=options.fps)
    given: dict[str, Any] = {
        "person": options.person, "estimator": options.estimator, "device": options.device,
        "progress": progress,
    }  # fmt: skip
    track = detect_pose(info, **given) if options.raw else find_in_every_shot(info, **given)[0]
    return track, _described(info)


def _described(clip: ClipInfo) -> str:
    """What a clip was taken for."""
    kind = "a folder of pictures" if clip.is_folder else "a clip"
    return f"{kind} of {clip.size[0]} x {clip.size[1]} at {float(clip.fps):.4g} frames a second"


def write_pose(
    clip: str | Path,
    output: str | Path,
    options: PoseOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> PoseResult:
    """Find the poses of a clip and write them: a track, OpenPose files, or a motion capture.

    Args:
        clip: a clip, a track, a motion capture (`.bvh`), or pose files.
        output: a track, `.npz`; a motion capture, `.bvh` or `.glb`; or, without a suffix, a new or
            empty folder for OpenPose's JSON files.
        options: see `PoseOptions`.
        progress: called for every frame.

    Raises:
        InputError: the clip cannot be read, or nobody is seen in it.
    """
    clip, output, options = Path(clip), Path(output), options or PoseOptions()
    overlay = options.overlay
    _check(clip, output, options)
    times = StageTimes()
    with times.stage("detect"):
        track, taken_for = _found(clip, options, progress)
        if is_motion(output):
            captured = output.suffix.lower() in WRITTEN and is_capture(clip)
            write_motion(output, clip, read_figure(clip, options.fps) if captured else track)
        else:
            write_openpose(track, output)
    if overlay is not None:
        with times.stage("overlay"):
            _write_overlay(probe(clip, fps=options.fps), track, overlay, progress)
    if options.people is not None:
        info = probe(clip, fps=options.fps)
        cast = detect_people(info, estimator=options.estimator, device=options.device)
        write_bytes(options.people, encode_png(draw_people(info, cast.tracks).picture))
    seen = float((track.confidence > 0).any(axis=1).mean())
    return PoseResult(output, overlay, len(track), seen, times, taken_for)


def _check(clip: Path, output: Path, options: PoseOptions) -> None:
    """Raise `InputError` now if the output cannot be made or written later."""
    suffix, overlay = output.suffix.lower(), options.overlay
    given = clip.suffix.lower() == ".npz" or is_capture(clip) or holds_poses(clip)
    if suffix not in (".npz", *WRITTEN, ""):
        raise InputError(
            f"{output}: choose a name that ends in .npz for a track or in .bvh or .glb for a "
            "motion capture, or a folder name without an ending for OpenPose files."
        )
    for name, picture in (("overlay", overlay), ("people", options.people)):
        if given and picture is not None:
            raise InputError(f"{clip}: holds poses without a picture; leave out `{name}`.")
    if options.people is not None:
        if options.people.suffix.lower() != ".png":
            raise InputError(f"{options.people}: choose a name that ends in .png.")
        check_can_write(options.people)
        check_not_read(options.people, clip)
    if overlay is not None and options.view.moved:
        raise InputError("`overlay`: shows the poses as they were filmed; leave out `camera`.")
    for name, set_ in (("raw", options.raw), ("camera", options.view.moved)):
        if suffix in WRITTEN and set_:
            raise InputError(f"`{name}`: means nothing to a motion capture; leave it out.")
    if not suffix:
        check_folder(output, "set of OpenPose files", ours=False)
    check_can_write(output)
    check_not_read(output, clip)
    if overlay is not None:
        check_output(overlay)
        check_not_read(overlay, clip)


def _write_overlay(
    clip: ClipInfo, track: PoseTrack, overlay: Path, progress: ProgressCallback
) -> None:
    """Write a clip with its poses drawn over it."""
    audio = clip.path if clip.has_audio else None
    with open_writer(overlay, fps=clip.fps, size=clip.size, audio=audio) as writer:
        for index, frame in enumerate(read_frames(clip)):
            writer.write(draw_overlay(frame, track.keypoints[index]))
            progress(Progress("drawing", index + 1, clip.frames))
