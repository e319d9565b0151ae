"""Composing a dance that is written down as a plan, `dance.toml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from dancenow import consent
from dancenow.choreographer import Choreographer, find_method
from dancenow.choreographer.arrangement import Arranged, Arrangement
from dancenow.credentials import Made
from dancenow.errors import InputError
from dancenow.files import check_not_read
from dancenow.hashing import content_hash
from dancenow.music import Music, analyze_music
from dancenow.options import ComposeOptions, ShowOptions, TrainChoreographerOptions
from dancenow.performer import Performer
from dancenow.plan import LONGEST, DancePlan, lay_out, read_plan
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.captures import WRITTEN, check_depth, filmed, is_motion, named_after
from dancenow.sources.footage import files_of, read_footage
from dancenow.staging.ensemble import Ensemble
from dancenow.staging.group import in_one_frame
from dancenow.staging.result import marked
from dancenow.staging.show import check_performer, performance_claim
from dancenow.training.device import choose_device
from dancenow.training.session import contents_of
from dancenow.workflows._composed import Composed
from dancenow.workflows._new_dance import check_shown, write_dance
from dancenow.workflows.train_choreographer import codec_of, load_or_train

_POSES = "pose"  # the codec of choreographers that compose motion


def compose(
    plan: str | Path | DancePlan,
    output: str | Path,
    options: ComposeOptions | None = None,
    *,
    longest: float = LONGEST,
    progress: ProgressCallback = silent,
) -> Composed:
    """Make the dance that a plan describes; the same plan gives the same dance.

    Args:
        plan: the document, or its file; see `dancenow.plan`.
        output: a track (`.npz`), a capture (`.bvh`, `.glb`), or a clip of performers or stick
            figures.  The tracks of several dancers go beside each other, with their names.
        options: who dances it, and how it is filmed.
        longest: seconds that it may last.
        progress: called for every frame and step.

    Raises:
        InputError: the plan, an input or an option cannot be used; the message tells the line.
    """
    options, output = options or ComposeOptions(), Path(output)
    plan = plan if isinstance(plan, DancePlan) else read_plan(Path(plan))
    files = files_of(plan)
    ensemble = _ensemble(plan, output, options, files)
    times = StageTimes()
    arranged = arrange_plan(plan, options, times, progress, longest)
    tracks = in_one_frame(list(arranged.tracks.values()))
    if options.view.moved or output.suffix.lower() in WRITTEN:
        check_depth(plan.path, tracks[0])
    if options.view.moved:
        tracks = [filmed(plan.path, tracks[0], options.view)]
    inputs = (*files, *options.performer)
    claim = marked(
        performance_claim(Made.new_dance, ensemble.performers, options.background, *inputs), options
    )
    outputs = named_after(output, list(arranged.tracks)) if is_motion(output) else [output]
    with times.stage("perform" if ensemble.performers else "write"):
        if is_motion(output):
            for path, track in zip(outputs, tracks, strict=True):
                size, signed = write_dance([track], path, ensemble)
        else:
            audio = None if plan.music is None else plan.file(plan.music)
            size, signed = write_dance(tracks, output, ensemble, audio, claim, progress)
    return Composed(
        outputs[0],
        len(tracks[0]),
        tracks[0].fps,
        size,
        len(plan.segments),
        arranged.stretches,
        arranged.reused,
        times,
        signed,
        tuple(outputs[1:]),
        tuple(arranged.tracks),
    )


def arrange_plan(
    plan: DancePlan,
    options: ComposeOptions,
    times: StageTimes,
    progress: ProgressCallback = silent,
    longest: float = LONGEST,
) -> Arranged:
    """What a plan's dancers dance, for `longest` seconds at most; else as `compose`."""
    music = _music(plan, times)
    with times.stage("detect"):
        footage = read_footage(plan, options, device=options.device, progress=progress)
    lasting = {place: each.track.duration for place, each in footage.items()}
    line = lay_out(plan, music, lasting, longest)
    key, learned, of = "", None, set[str]()
    if plan.choreographer is not None:
        folder, learned = _choreographer(plan, options, times, progress)
        key, of = content_hash(folder), contents_of(folder)
    with times.stage("compose"):
        given = Arrangement(plan, line, footage, music, key, frozenset(of))
        return find_method(_POSES).arrange(given, learned, progress)


def _ensemble(
    plan: DancePlan, output: Path, options: ComposeOptions, files: Sequence[Path]
) -> Ensemble:
    """Who dances; options and output are checked now, before long work."""
    background, given = options.background, options.performer
    names = list(dict.fromkeys(segment.dancer for segment in plan.segments))
    check_shown(output, background, given)
    if options.view.moved and (len(names) > 1 or output.suffix.lower() in WRITTEN):
        what = "a motion capture" if len(names) == 1 else "several dancers"
        raise InputError(f"`camera`: cannot be chosen for {what}; leave it out.")
    if given and len(names) > 1 and len(given) != len(names):
        raise InputError(
            f"`performer`: the plan has {len(names)} dancers, and {len(given)} would perform; name "
            f"{len(names)}."
        )
    for path in named_after(output, names) if is_motion(output) else [output]:
        check_not_read(path, plan.path, *files, *given)
    device = choose_device(options.device)
    performers = tuple(Performer.load(path, device) for path in given)
    if len(performers) == 1:
        check_performer(ShowOptions(background=background), performers[0])
    ensemble = Ensemble(performers, options.formation, 0.0, background)
    if performers:
        ensemble.check()
        consent.tell(*given)
    return ensemble


def _music(plan: DancePlan, times: StageTimes) -> Music | None:
    if plan.music is None:
        return None
    try:
        with times.stage("music"):
            return analyze_music(plan.file(plan.music), bpm=plan.bpm, first_beat=plan.first_beat)
    except InputError as error:
        told = re.match(r"`(bpm|first_beat)\b", str(error))
        raise plan.fault(str(error), told.group(1) if told else "music") from error


def _choreographer(
    plan: DancePlan, options: ComposeOptions, times: StageTimes, progress: ProgressCallback
) -> tuple[Path, Choreographer]:
    """The choreographer and its folder; one that dreams pictures is no use."""
    assert plan.choreographer is not None
    dance = plan.file(plan.choreographer)
    training = TrainChoreographerOptions(codec=_POSES, device=options.device)
    try:
        codec_of(dance, training, of_tracks=True)
        return load_or_train(dance, training, progress=progress, times=times)
    except InputError as error:
        raise plan.fault(str(error), "choreographer") from error
