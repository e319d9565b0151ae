"""Transfer: learn the person of one clip, and make them dance like the person of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dancenow import consent
from dancenow.credentials import Made
from dancenow.errors import InputError
from dancenow.files import check_not_read
from dancenow.options import Formation, TrainPerformerOptions, TransferOptions
from dancenow.options.field import narrowed
from dancenow.options.unused import warn_of_unused
from dancenow.performer import Performer, is_performer, method_for
from dancenow.pose.dancers import check_person
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.load import check_rate, load_cast
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.staging.performance import check_ensemble, write_cast
from dancenow.staging.result import marked
from dancenow.staging.show import (
    check_performer,
    check_several,
    check_show,
    check_source,
    check_whole_frames,
    performance_claim,
)
from dancenow.workflows.perform import Performed, several
from dancenow.workflows.train_performer import Trained, check_target, load_or_train


def transfer(
    source: str | Path,
    target: str | Path | Sequence[str | Path],
    output: str | Path,
    options: TransferOptions | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Performed:
    """Make the person of `target` dance like the person of `source`.

    Args:
        source: a clip, a track, a motion capture or pose files.
        target: a clip, or the folder of a trained performer; of several, each follows a dancer of
            the source, and they share a picture.
        output: the clip to write.
        options: see `TransferOptions`.
        progress: called for every frame and step.

    Raises:
        InputError: an input or option cannot be used.
    """
    source, targets, output = Path(source), several(target), Path(output)
    options = options or TransferOptions()
    check_show(options, output)
    check_not_read(output, source, *targets)
    check_several(options, len(targets), options.formation)
    if len(targets) > 1 and options.poses is not None:
        raise InputError("`poses`: are those of one target; leave it out.")
    training = narrowed(options, TrainPerformerOptions)
    for each in targets:
        check_target(each, training)
    check_source(options, source)
    check_rate(options.fps)
    check_person(options.person, count=len(targets))
    times = StageTimes()
    trained: dict[Path, Trained] = {}
    for each in targets:
        if is_performer(each):
            trained[each] = _load(each, source, options, training, times)
        else:
            _check_clip(each, options, several=len(targets) > 1)
    with times.stage("detect"):
        motions = load_cast(
            source,
            len(targets),
            fps=options.fps,
            person=options.person,
            poses=options.source_poses,
            estimator=options.estimator,
            device=options.device,
            view=options.view,
            progress=progress,
        )
    for each in targets:
        if each not in trained:
            trained[each] = load_or_train(each, training, progress=progress, times=times)
    cast = []
    for number, each in enumerate(targets):
        known = trained[each]
        if each in targets[:number]:  # one performer dances one track at a time
            performer = Performer.load(known.folder, known.performer.device)
            known = Trained.of(known.folder, performer, times)
        cast.append(known)
    performers = [each.performer for each in cast]
    check_ensemble(performers, options, options.formation)
    consent.tell(*(each.folder for each in cast))
    claim = marked(
        performance_claim(Made.transfer, performers, options.background, source, *targets), options
    )
    with times.stage("perform"):
        result = write_cast(
            performers,
            motions,
            output,
            options,
            options.formation,
            claim=claim,
            progress=progress,
        )
    return Performed.of(output, result, motions[0].track.fps, cast, times)


def _load(
    target: Path,
    source: Path,
    options: TransferOptions,
    training: TrainPerformerOptions,
    times: StageTimes,
) -> Trained:
    """A performer that is trained already."""
    trained = load_or_train(target, training, times=times)
    same = training.preset == trained.preset
    unused = replace(training, consent=None)  # which was noted
    unused = replace(unused, preset=TransferOptions().preset) if same else unused
    warn_of_unused(target, unused, "dancenow train performer")
    check_performer(options, trained.performer, source)
    return trained


def _check_clip(target: Path, options: TransferOptions, *, several: bool) -> None:
    """Raise `InputError` if the options do not fit what will be learned of a clip."""
    if method_for(target, options.preset).paints_layers:
        return
    if several and options.formation is Formation.together:
        raise InputError(
            f"`formation=together`: performers of the preset {options.preset} paint whole frames; "
            "choose `formation=beside`, or `preset=fast`."
        )
    check_whole_frames(options, options.preset)
    if options.normalize and is_authors_folder(target):
        raise InputError(
            f"{target}: holds drawn stick figures without poses, so nothing can be normalised "
            "to who is learned from it; add `normalize=False`."
        )
