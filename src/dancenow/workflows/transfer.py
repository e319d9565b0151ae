"""Performing: a source's motion, danced by a performer, written as a clip."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import DanceNowWarning, InputError
from dancenow.files import check_not_read
from dancenow.performer import FastPerformer, Performer
from dancenow.performer.edn.config import EDNConfig
from dancenow.performer.edn.folders import is_authors_folder, read_authors_folder
from dancenow.performer.edn.performer import EDNPerformer
from dancenow.performer.edn.prepare import authors_corners, scaled
from dancenow.performer.performer import is_performer
from dancenow.pose.openpose import is_openpose_folder
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import Source, load_source
from dancenow.staging.backdrop import (
    SOURCE,
    TARGET,
    TRANSPARENT,
    Backdrop,
    background_file,
    check_background,
)
from dancenow.staging.choices import CameraChoice, Retarget
from dancenow.staging.result import ResultWriter, open_result
from dancenow.staging.room import Staged, check_camera, stage
from dancenow.training import choose_device
from dancenow.video import check_output
from dancenow.video.prefetch import prefetch
from dancenow.workflows.train import Trained, TrainOptions, check_target, load_or_train


@dataclass(frozen=True)
class ShowOptions:
    """How a motion is shown.

    Attributes:
        normalized: move and scale the motion to the target's body and place.
        retarget: whether single limbs take the target's lengths, or the body as a whole.
        camera: whose camera films it.
        azimuth: from where a motion capture is filmed, in degrees: 0 is its front, 90 its left.
        background: "target", "source", "transparent", a colour, a picture or a clip.
    """

    normalized: bool = True
    retarget: Retarget = Retarget.whole
    camera: CameraChoice = CameraChoice.auto
    azimuth: float = 0.0
    background: str = TARGET

    def check(self, output: Path) -> None:
        """Raise now what would be wrong after other long work.

        Raises:
            InputError: there is no such background, or the output cannot be written.
        """
        check_background(self.background)
        check_output(output, alpha=self.background == TRANSPARENT)
        if Path(self.background).exists():
            check_not_read(output, Path(self.background))
        if self.retarget is Retarget.limbs and not self.normalized:
            raise InputError("--retarget limbs: needs the motion normalised; leave one out.")

    def check_source(self, source: Path) -> None:
        """Raise `InputError` where the background needs a picture that the source has not."""
        given = source.suffix.lower() in (".npz", ".bvh")
        poses = given or (source.is_dir() and is_openpose_folder(source))
        if self.background == SOURCE and (poses or is_authors_folder(source)):
            raise InputError(f"--background source: {source} holds poses without a picture.")

    def check_performer(self, performer: Performer) -> None:
        """Raise `InputError` where a performer cannot be shown so."""
        if not isinstance(performer, FastPerformer):
            self.check_whole_frames(performer.preset)
        elif self.camera is CameraChoice.target:
            check_camera(performer)

    def check_whole_frames(self, preset: str) -> None:
        """Raise `InputError` where more is asked for than a painter of whole frames can do."""
        if self.background != TARGET or self.camera is CameraChoice.target:
            raise InputError(
                f"--background and --camera target: performers of the preset {preset} paint whole "
                "frames; train one with --preset fast."
            )

    def claim(self, made: Made, performer: Performer, *inputs: Path | None) -> Claim:
        """What the credentials of a performance state."""
        whole = not isinstance(performer, FastPerformer)  # else over a recorded room
        origin = Origin.painted if whole else Origin.composite
        return Claim.of(made, origin, *inputs, background_file(self.background))


@dataclass(frozen=True)
class Performed:
    """A clip that was made.

    Attributes:
        output: the clip.
        frames: how many.
        fps: frames a second.
        size: width and height in px.
        times: seconds of each stage.
        performer: folder of the performer.
        steps: its steps of training.
        perceptual: whether it learned with the perceptual loss; None where its preset has none.
        credentials: whether the clip carries Content Credentials.
    """

    output: Path
    frames: int
    fps: float
    size: tuple[int, int]
    times: StageTimes
    performer: Path
    steps: int
    perceptual: bool | None = None
    credentials: bool = False

    def summary(self) -> str:
        """One line for people."""
        width, height = self.size
        spent = ", ".join(f"{name} {s:.0f} s" for name, s in self.times.rounded().items())
        without = ", which learned without the perceptual loss" if self.perceptual is False else ""
        return (
            f"{self.output}: {self.frames} frames of {width} x {height} at {self.fps:.4g} a "
            f"second ({spent}); the performer is in {self.performer}{without}"
        )


def transfer(
    source: str | Path,
    target: str | Path,
    output: str | Path,
    options: TrainOptions | None = None,
    show: ShowOptions = ShowOptions(),
    *,
    credentials: bool = True,
    progress: ProgressCallback = silent,
) -> Performed:
    """Make the person of `target` dance like the person of `source`.

    Args:
        source: a clip, a track or a folder of OpenPose files.
        target: a clip, or the folder of a trained performer.
        output: the clip to write.
        options: how to train where `target` is a clip.
        show: how the motion is shown.
        credentials: sign the clip with Content Credentials.
        progress: told about every frame and step.

    Raises:
        InputError: what was given cannot be used.
    """
    source, target, output = Path(source), Path(target), Path(output)
    show.check(output)
    check_not_read(output, source, target)
    options = options or TrainOptions()
    check_target(target, options)
    show.check_source(source)
    times = StageTimes()
    trained: Trained | None = None
    if is_performer(target):
        trained = load_or_train(target, options, times=times)
        _tell_unused(target, options, trained.performer)
        show.check_performer(trained.performer)
    elif isinstance(options.config(), EDNConfig):
        show.check_whole_frames(options.preset)
    with times.stage("detect"):
        motion = load_source(
            source, estimator=options.estimator, azimuth=show.azimuth, progress=progress
        )
    trained = trained or load_or_train(target, options, progress=progress, times=times)
    claim = show.claim(Made.transfer, trained.performer, source, target) if credentials else None
    with times.stage("perform"):
        written = write_performance(
            trained.performer, motion, output, show, claim=claim, progress=progress
        )
    return Performed(
        output,
        written.frames,
        motion.track.fps,
        trained.performer.scene.size,
        times,
        trained.folder,
        trained.steps,
        trained.performer.training.get("perceptual"),
        written.credentials,
    )


def _tell_unused(target: Path, options: TrainOptions, performer: Performer) -> None:
    """Tell which options of training a person who was learned before has no use for."""
    unused = [
        f"--{name}" for name in ("minutes", "steps", "poses") if getattr(options, name) is not None
    ]
    if options.preset not in (TrainOptions().preset, performer.preset):
        unused.append("--preset")
    if unused:
        warnings.warn(
            f"{target}: is learned already, so that {', '.join(unused)} does nothing; to learn "
            f"more: dancenow train performer CLIP -o {target}.",
            DanceNowWarning,
            stacklevel=3,
        )


def perform(
    folder: str | Path,
    source: str | Path,
    output: str | Path,
    show: ShowOptions = ShowOptions(),
    *,
    estimator: str = "mediapipe",
    device: str = "auto",
    credentials: bool = True,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> Performed:
    """Let a trained performer dance a source's motion, signed where `credentials` are wanted.

    Raises:
        InputError: what was given cannot be used.
    """
    folder, source, output = Path(folder), Path(source), Path(output)
    show.check(output)
    check_not_read(output, source, folder)
    times = StageTimes() if times is None else times
    performer = Performer.load(folder, choose_device(device))
    show.check_source(source)
    show.check_performer(performer)
    steps = int(performer.training.get("steps", 0))
    perceptual = performer.training.get("perceptual")
    claim = show.claim(Made.performance, performer, source, folder) if credentials else None
    if is_authors_folder(source):
        with times.stage("perform"):
            written = _write_figures(performer, source, output, claim, progress)
        fps = performer.scene.fps
    else:
        with times.stage("detect"):
            motion = load_source(
                source, estimator=estimator, azimuth=show.azimuth, progress=progress
            )
        with times.stage("perform"):
            written = write_performance(
                performer, motion, output, show, claim=claim, progress=progress
            )
        fps = motion.track.fps
    return Performed(
        output,
        written.frames,
        fps,
        performer.scene.size,
        times,
        folder,
        steps,
        perceptual,
        written.credentials,
    )


def _write_figures(
    performer: Performer,
    source: Path,
    output: Path,
    claim: Claim | None,
    progress: ProgressCallback,
) -> ResultWriter:
    """Perform the stick figures of a folder of the authors' layout; gives what was written."""
    if not isinstance(performer, EDNPerformer):
        raise InputError(
            f"{source}: holds drawn stick figures, which only a performer of the presets edn-... "
            "can dance."
        )
    given = read_authors_folder(source, "test" if (source / "test_label").is_dir() else "train")
    canvas = performer.canvas
    frames = performer.paint(
        lambda row: scaled(given.label(row), canvas),
        len(given),
        authors_corners(given, canvas),
        given.has_face,
    )
    fps = Fraction(performer.scene.fps).limit_denominator(1001)
    with open_result(output, claim, fps=fps, size=performer.scene.size) as result:
        for frame in prefetch(frames):
            result.write(frame)
            progress(Progress("dancing", result.frames, len(given)))
    return result


def write_performance(
    performer: Performer,
    source: Source,
    output: Path,
    show: ShowOptions = ShowOptions(),
    *,
    audio: Path | None = None,
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> ResultWriter:
    """Write a performance with the source's rate and audio; gives what was written.

    `audio` is a file whose sound takes the place of the source's; `claim` is what the clip's
    credentials state, without which it gets none.
    """
    staged = stage(
        performer,
        source,
        normalized=show.normalized,
        camera=show.camera,
        retarget=show.retarget,
        progress=progress,
    )
    backdrop = Backdrop(show.background, performer, source, progress=progress)
    clip = source.clip
    fps = clip.fps if clip else Fraction(staged.track.fps).limit_denominator(1001)
    if audio is None and clip is not None and clip.has_audio:
        audio = clip.path
    frames = prefetch(_filmed(performer, staged, backdrop, float(fps)))
    with open_result(
        output,
        claim,
        fps=fps,
        size=staged.track.size,
        alpha=backdrop.transparent,
        audio_from=audio,
    ) as result:
        for frame in frames:
            result.write(frame)
            progress(Progress("dancing", result.frames, len(staged.track)))
    return result


def _filmed(
    performer: Performer, staged: Staged, backdrop: Backdrop, fps: float
) -> Iterator[NDArray[np.uint8]]:
    """The frames of a performance, as its camera sees them."""
    frames: Iterator[NDArray[np.uint8]]
    if not isinstance(performer, FastPerformer):
        frames = performer.perform(staged.track)
    elif backdrop.transparent:
        frames = (layer.alone() for layer in performer.layers(staged.track))
    else:
        layers = zip(performer.layers(staged.track), backdrop.frames(fps), strict=False)
        frames = (layer.over(background) for layer, background in layers)
    for index, frame in enumerate(frames):
        yield frame if staged.view is None else staged.view.shown(frame, index)
