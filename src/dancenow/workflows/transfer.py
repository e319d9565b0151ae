"""The whole way: learn the person of one clip, and let them dance like the person of another."""

from __future__ import annotations

import warnings
from pathlib import Path

from dancenow.credentials import Made
from dancenow.errors import DanceNowWarning
from dancenow.files import check_not_read
from dancenow.performer import Performer, is_performer, method_of
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.load import load_source
from dancenow.staging.performance import write_performance
from dancenow.staging.show import ShowOptions
from dancenow.workflows.perform import Performed
from dancenow.workflows.train_performer import (
    Trained,
    TrainOptions,
    check_target,
    load_or_train,
)


def transfer(
    source: str | Path,
    target: str | Path,
    output: str | Path,
    options: TrainOptions | None = None,
    show: ShowOptions | None = None,
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
    show = show or ShowOptions()
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
    elif not method_of(options.preset).paints_layers:
        show.check_whole_frames(options.preset)
    with times.stage("detect"):
        motion = load_source(
            source, estimator=options.estimator, azimuth=show.azimuth, progress=progress
        )
    trained = trained or load_or_train(target, options, progress=progress, times=times)
    claim = show.claim(Made.transfer, trained.performer, source, target) if credentials else None
    with times.stage("perform"):
        result = write_performance(
            trained.performer, motion, output, show, claim=claim, progress=progress
        )
    return Performed.of(output, result, motion.track.fps, trained, times)


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
