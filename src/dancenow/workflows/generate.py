"""Generating: a new dance from a learned one, written as a clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancenow.choreographer import Choreographer, is_choreographer
from dancenow.choreographer.choreographer import check_dream, holds_parts
from dancenow.files import check_not_read
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.training.device import choose_device
from dancenow.video import check_output, open_writer
from dancenow.workflows.ahead import computed_ahead
from dancenow.workflows.choreograph import ChoreographyOptions, train_choreographer


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
    """

    output: Path
    frames: int
    fps: float
    size: tuple[int, int]
    choreographer: Path
    times: StageTimes

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
    seconds: float = 16.0,
    temperature: float | None = None,
    reference: bool | None = None,
    progress: ProgressCallback = silent,
) -> Generated:
    """Make a new dance.

    Args:
        dance: a trained choreographer's folder, or a clip, of which one is trained in the cache.
        output: the clip to write.
        options: how to train where `dance` is a clip, the device, and the seed.
        seconds: length of the new dance.
        temperature: how wild it is; see `Choreographer.compose`.
        reference: compose as the original does; None: if it was trained so.
        progress: told about every frame and step.

    Raises:
        InputError: what was given cannot be used.
        TrainingError: the loss is no number.
    """
    dance, output = Path(dance), Path(output)
    options = options or ChoreographyOptions()
    check_output(output)
    check_not_read(output, dance)
    check_dream(seconds, temperature)
    times = StageTimes()
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
        total, done = max(1, round(seconds * fps)), 0
        with open_writer(output, fps=fps, size=choreographer.size) as writer:
            for frame in computed_ahead(frames):
                writer.write(frame)
                done += 1
                progress(Progress("dancing", done, total))
    return Generated(output, done, float(fps), choreographer.size, folder, times)
