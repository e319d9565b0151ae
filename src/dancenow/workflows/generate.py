"""Generating: a new dance from a learned one, written as a clip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dancenow.choreographer import Choreographer, is_choreographer
from dancenow.choreographer.dancenet.choreographer import check_dream, holds_parts
from dancenow.choreographer.motion.choreographer import PoseChoreographer, learned_codec
from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import InputError
from dancenow.files import check_not_read
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.staging.result import open_result
from dancenow.training.device import choose_device
from dancenow.video import check_output
from dancenow.video.prefetch import prefetch
from dancenow.workflows.choreograph import (
    ChoreographyOptions,
    train_choreographer,
    train_pose_choreographer,
)
from dancenow.workflows.new_dance import SECONDS, Danced, Given, NewDance, write_new_dance


@dataclass(frozen=True)
class Generated:
    """A dance that was generated.

    Attributes:
        output: the clip.
        frames: how many.
        fps: frames a second.
        size: width and height in px.
        choreographer: folder of the choreographer.
        times: seconds of each stage.
        credentials: whether the clip carries Content Credentials.
    """

    output: Path
    frames: int
    fps: float
    size: tuple[int, int]
    choreographer: Path
    times: StageTimes
    credentials: bool = False

    def summary(self) -> str:
        """One line for people."""
        width, height = self.size
        spent = ", ".join(f"{name} {s:.1f} s" for name, s in self.times.rounded().items())
        return (
            f"{self.output}: {self.frames} frames of {width} x {height} at {self.fps:.4g} a "
            f"second ({spent}); the choreographer is in {self.choreographer}"
        )


def generate(
    dance: str | Path,
    output: str | Path,
    options: ChoreographyOptions | None = None,
    *,
    seconds: float | None = None,
    temperature: float | None = None,
    reference: bool | None = None,
    new: NewDance | None = None,
    credentials: bool = True,
    progress: ProgressCallback = silent,
) -> Generated | Danced:
    """Make a new dance.

    Args:
        dance: a trained choreographer's folder, or a clip, of which one is trained in the cache.
        output: the clip to write, or the track (`.npz`) where poses were learned.
        options: how to train where `dance` is a clip, the device, and the seed.
        seconds: length of the new dance; None: 16, or that of the music.
        temperature: how wild it is; see `Choreographer.compose`.
        reference: compose as the original does; None: if it was trained so.
        new: what only a choreographer of poses can do: performers, music, and so on.
        credentials: sign the clip with Content Credentials.
        progress: told about every frame and step.

    Raises:
        InputError: what was given cannot be used.
        TrainingError: the loss is no number.
    """
    dance, output = Path(dance), Path(output)
    options = options or ChoreographyOptions()
    times = StageTimes()
    new = replace(new or NewDance(), seconds=seconds, temperature=temperature)
    if _of_poses(dance, output, options, new):
        if reference:
            raise InputError("--reference: belongs to --codec frame; leave it out.")
        return _generate_motion(dance, output, options, new, credentials, progress, times)
    seconds = SECONDS if seconds is None else seconds
    check_output(output)
    check_not_read(output, dance)
    check_dream(seconds, temperature)
    if is_choreographer(dance) or holds_parts(dance):
        with times.stage("load"):
            folder, choreographer = dance, Choreographer.load(dance, choose_device(options.device))
    else:
        choreographer, made = train_choreographer(
            dance, None, options, progress=progress, times=times
        )
        folder = made.folder
    with times.stage("generate"):
        frames = choreographer.compose(
            seconds, seed=options.seed, temperature=temperature, reference=reference
        )
        fps = choreographer.fps(reference=reference)
        total = max(1, round(seconds * fps))
        claim = Claim.of(Made.dream, Origin.painted, dance) if credentials else None
        with open_result(output, claim, fps=fps, size=choreographer.size) as result:
            for frame in prefetch(frames):
                result.write(frame)
                progress(Progress("dancing", result.frames, total))
    return Generated(
        output,
        result.frames,
        float(fps),
        choreographer.size,
        folder,
        times,
        result.credentials,
    )


def _of_poses(dance: Path, output: Path, options: ChoreographyOptions, new: NewDance) -> bool:
    """Whether poses are composed, and not pictures."""
    asked = new.of_poses or output.suffix == ".npz" or options.codec == "pose"
    if not is_choreographer(dance):
        options.config()  # tells of options that do not fit now
        return asked
    if learned_codec(dance) == "pose":
        if options.background is not None:
            raise InputError(f"--background {options.background}: needs a --performer before it.")
        return True
    if asked:
        raise InputError(
            f"{dance}: was learned with --codec frame and dreams pictures; performers, music, "
            "loops and tracks need one that was trained with --codec pose."
        )
    return False


def _generate_motion(
    dance: Path,
    output: Path,
    options: ChoreographyOptions,
    new: NewDance,
    credentials: bool,
    progress: ProgressCallback,
    times: StageTimes,
) -> Danced:
    new.check(output, dance)
    device = choose_device(options.device)
    given = Given.read(new, device, times=times, progress=progress)
    if is_choreographer(dance) or holds_parts(dance):
        with times.stage("load"):
            folder, choreographer = dance, PoseChoreographer.load(dance, device)
    else:
        choreographer, made = train_pose_choreographer(
            dance, None, options, progress=progress, times=times
        )
        folder = made.folder
    return write_new_dance(
        choreographer,
        folder,
        output,
        new,
        given,
        seed=options.seed,
        times=times,
        claim=given.claim(new, dance) if credentials else None,
        progress=progress,
    )
