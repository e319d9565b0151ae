"""Transfer: learn the person of one clip, and make them dance like the person of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dancenow.credentials import Made
from dancenow.errors import InputError
from dancenow.files import check_not_read
from dancenow.options import TrainPerformerOptions, TransferOptions
from dancenow.options.field import narrowed
from dancenow.options.unused import warn_of_unused
from dancenow.performer import is_performer, method_of
from dancenow.pose.dancers import check_person
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.load import check_rate, load_source
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.staging.performance import write_performance
from dancenow.staging.show import (
    check_performer,
    check_show,
    check_source,
    check_whole_frames,
    performance_claim,
)
from dancenow.workflows.perform import Performed
from dancenow.workflows.train_performer import Trained, check_target, load_or_train


def transfer(
    source: str | Path,
    target: str | Path,
    output: str | Path,
    options: TransferOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Performed:
    """Make the person of `target` dance like the person of `source`.

    Args:
        source: a clip, a track, a motion capture or pose files.
        target: a clip, or the folder of a trained performer.
        output: the clip to write.
        options: see `TransferOptions`.
        progress: called for every frame and step.

    Raises:
        InputError: an input or option cannot be used.
    """
    source, target, output = Path(source), Path(target), Path(output)
    options = options or TransferOptions()
    check_show(options, output)
    check_not_read(output, source, target)
    training = narrowed(options, TrainPerformerOptions)
    check_target(target, training)
    check_source(options, source)
    check_rate(options.fps)
    check_person(options.person)
    times = StageTimes()
    trained: Trained | None = None
    if is_performer(target):
        trained = load_or_train(target, training, times=times)
        same = training.preset == trained.preset
        unused = replace(training, preset=TransferOptions().preset) if same else training
        warn_of_unused(target, unused, "dancenow train performer")
        check_performer(options, trained.performer, source)
    elif not method_of(options.preset).paints_layers:
        check_whole_frames(options, options.preset)
        if options.normalize and is_authors_folder(target):
            raise InputError(
                f"{target}: holds drawn stick figures without poses, so nothing can be normalised "
                "to who is learned from it; add `normalize=False`."
            )
    with times.stage("detect"):
        motion = load_source(
            source,
            fps=options.fps,
            person=options.person,
            estimator=options.estimator,
            device=options.device,
            azimuth=options.azimuth,
            progress=progress,
        )
    if trained is None:
        trained = load_or_train(target, training, progress=progress, times=times)
    claim = None
    if options.credentials:
        claim = performance_claim(
            Made.transfer, trained.performer, options.background, source, target
        )
    with times.stage("perform"):
        result = write_performance(
            trained.performer, motion, output, options, claim=claim, progress=progress
        )
    return Performed.of(output, result, motion.track.fps, trained, times)
