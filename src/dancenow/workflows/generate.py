"""Generating a new dance from a learned one, dreamt as pictures or composed as motion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from dancenow.choreographer import Choreographer, find_method, is_choreographer
from dancenow.choreographer.choreographer import DanceRequest
from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import InputError
from dancenow.files import check_not_read
from dancenow.options import GenerateOptions, TrainChoreographerOptions
from dancenow.pose import PoseTrack
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.captures import MOTION, WRITTEN, check_depth, filmed, is_motion
from dancenow.staging.backdrop import TARGET
from dancenow.staging.result import marked, open_result
from dancenow.training.device import choose_device
from dancenow.video import check_output
from dancenow.video.prefetch import prefetch
from dancenow.workflows._new_dance import (
    ComposeInputs,
    asks_for_tracks,
    check_composition,
    write_dance,
)
from dancenow.workflows.train_choreographer import codec_of, load_or_train


@dataclass(frozen=True)
class Generated:
    """A dance that was generated.

    Attributes:
        output: the clip or track.
        frames: number of frames.
        fps: frames per second.
        size: width and height in pixels.
        choreographer: folder of the choreographer.
        times: seconds of each stage.
        tempo: beats a minute of the music; None without music or a clear beat.
        beat_alignment: how close accents are to beats, 0..1; None without music or a clear beat.
        before_alignment: the same before the dance was timed to the music.
        credentials: whether the clip carries Content Credentials.
    """

    output: Path
    frames: int
    fps: float
    size: tuple[int, int]
    choreographer: Path
    times: StageTimes
    tempo: float | None = None
    beat_alignment: float | None = None
    before_alignment: float | None = None
    credentials: bool = False
    _track: PoseTrack | None = field(default=None, repr=False, compare=False)

    @property
    def track(self) -> PoseTrack | None:
        """The poses that were composed; None where pictures were dreamt.  Not part of `--json`."""
        return self._track

    def summary(self) -> str:
        """One line for the user."""
        width, height = self.size
        spent = ", ".join(f"{name} {s:.1f} s" for name, s in self.times.rounded().items())
        timed = ""
        if self.tempo is not None and self.beat_alignment is not None:
            timed = (
                f"; music of {self.tempo:.0f} beats a minute, beat alignment "
                f"{self.beat_alignment:.2f} ({self.before_alignment:.2f} before it was timed)"
            )
        return (
            f"{self.output}: {self.frames} frames of {width} x {height} at {self.fps:.4g} a "
            f"second{timed} ({spent}); the choreographer is in {self.choreographer}"
        )


def generate(
    dance: str | Path,
    output: str | Path,
    options: GenerateOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Generated:
    """Make a new dance.

    Args:
        dance: a trained choreographer's folder, or a clip, on which one is trained in the cache.
        output: the clip to write; with the pose codec also a track (`.npz`) or a motion capture
            (`.bvh`, `.glb`).
        options: the dance, its performers, and the training if `dance` is a clip.
        progress: called for every frame and step.

    Raises:
        InputError: an input or option cannot be used.
        TrainingError: the loss is NaN or infinite.
    """
    options = options or GenerateOptions()
    training = options.training
    if training.background is not None:
        options = replace(options, background=TARGET)
    dance, output = Path(dance), Path(output)
    of_tracks = asks_for_tracks(options) or is_motion(output)
    codec = codec_of(dance, training, of_tracks=of_tracks)
    job = _Job(dance, output, options, replace(training, codec=codec), progress)
    return _compose(job) if find_method(codec).composes_tracks else _dream(job)


@dataclass(frozen=True)
class _Job:
    """A request to `generate`."""

    dance: Path
    output: Path
    options: GenerateOptions
    training: TrainChoreographerOptions
    progress: ProgressCallback
    times: StageTimes = field(default_factory=StageTimes)

    def choreographer(self) -> tuple[Path, Choreographer]:
        """The choreographer and its folder."""
        return load_or_train(self.dance, self.training, progress=self.progress, times=self.times)


def _compose(job: _Job) -> Generated:
    """Compose a dance with a choreographer of poses, and perform it."""
    method, options = find_method(job.training.codec), job.options
    check_composition(options, job.output, job.dance)
    if options.style and not is_choreographer(job.dance):
        raise InputError(f"`style`: {job.dance} is no choreographer that was trained with styles.")
    method.check_request(
        DanceRequest(options.seconds, None, options.seed, options.temperature, options.loop)
    )
    device = choose_device(options.device)
    inputs = ComposeInputs.read(options, device, times=job.times, progress=job.progress)
    request = inputs.request(options)
    method.check_request(request)
    folder, choreographer = job.choreographer()
    with job.times.stage("compose"):
        composed = choreographer.compose_track(request, job.progress)
    track = composed.track
    if options.view.moved or job.output.suffix.lower() in WRITTEN:
        check_depth(job.dance, track)
    if options.view.moved:
        track = filmed(job.dance, track, options.view, loop=options.loop)
    claim = marked(inputs.claim(options, job.dance), options)
    with job.times.stage("perform" if inputs.ensemble.performers else "write"):
        size, signed = write_dance(
            [track], job.output, inputs.ensemble, options.music, claim, job.progress
        )
    return Generated(
        job.output,
        len(track),
        track.fps,
        size,
        folder,
        job.times,
        composed.tempo,
        composed.beat_alignment,
        composed.before_alignment,
        signed,
        track,
    )


def _dream(job: _Job) -> Generated:
    """Dream a clip with a choreographer of pictures."""
    options = job.options
    check_output(job.output, motion=() if is_choreographer(job.dance) else MOTION)
    check_not_read(job.output, job.dance)
    request = DanceRequest(options.seconds, None, options.seed, options.temperature)
    find_method(job.training.codec).check_request(request)
    folder, choreographer = job.choreographer()
    with job.times.stage("generate"):
        dream = choreographer.dream(request, reference=options.reference or None)
        claim = marked(Claim.of(Made.dream, Origin.painted, job.dance), options)
        size = choreographer.size
        with open_result(job.output, claim, fps=dream.fps, size=size) as result:
            for frame in prefetch(dream.frames):
                result.write(frame)
                job.progress(Progress("dancing", result.frames, dream.count))
    return Generated(
        job.output,
        result.frames,
        float(dream.fps),
        size,
        folder,
        job.times,
        credentials=result.credentials,
    )
