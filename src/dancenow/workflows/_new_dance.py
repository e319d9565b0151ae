"""Composing: a new dance as motion, timed to music, danced by performers or stick figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dancenow import consent
from dancenow.choreographer.choreographer import DanceRequest
from dancenow.credentials import Claim, Made
from dancenow.errors import InputError
from dancenow.files import check_can_write, check_not_read
from dancenow.music import Music, analyze_music
from dancenow.options import GenerateOptions, Retarget, ShowOptions
from dancenow.options.styles import parse_mix
from dancenow.options.verbs import BACKGROUNDS
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.sources.captures import MOTION, WRITTEN, is_motion, write_motion
from dancenow.sources.load import Source, load_source
from dancenow.staging.backdrop import SOURCE, TARGET, TRANSPARENT
from dancenow.staging.ensemble import Ensemble, check_cast
from dancenow.staging.performance import write_drawn, write_ensemble, write_performance
from dancenow.staging.show import check_performer, check_show, performance_claim
from dancenow.training import Device
from dancenow.video import check_output


def asks_for_tracks(options: GenerateOptions) -> bool:
    """Whether the options need a composed dance."""
    default = GenerateOptions()
    names = (
        "bars", "loop", "continue_from", "music", "performer", "formation", "canon", "camera",
        "style", "bpm", "first_beat",
    )  # fmt: skip
    asked = any(getattr(options, name) != getattr(default, name) for name in names)
    return asked or options.background not in (TARGET, *BACKGROUNDS)


def check_composition(options: GenerateOptions, output: Path, dance: Path) -> None:
    """Check the options now, before long work."""
    performers, background = options.performer, options.background
    if options.bars is not None and options.bars < 1:
        raise InputError(f"`bars` must be at least 1, not {options.bars}.")
    for name in ("bars", "bpm", "first_beat"):
        if getattr(options, name) is not None and options.music is None:
            raise InputError(f"`{name}`: says something of the music; add `music`.")
    if options.bars is not None and options.seconds is not None:
        raise InputError("`bars` and `seconds`: choose one.")
    if options.loop and options.music is not None:
        raise InputError("`loop` and `music`: music ends, a loop does not; choose one.")
    if options.loop and options.continue_from is not None:
        raise InputError("`loop` and `continue_from`: a loop has no beginning; choose one.")
    if options.canon and (options.loop or options.view.turning):
        raise InputError(
            "`canon`: who starts later is not in a loop, nor before an orbiting camera; leave "
            "one of them out."
        )
    if output.suffix.lower() in WRITTEN and options.view.moved:
        raise InputError("`camera`: means nothing to a motion capture; leave it out.")
    check_shown(output, background, performers)
    check_cast(len(performers), options.formation, options.canon)
    given = [p for p in (options.music, options.continue_from) if p is not None]
    for path in given:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder.")
    check_not_read(output, dance, *given, *performers)


def check_shown(output: Path, background: str, performers: Sequence[Path]) -> None:
    """Check now what a new dance is written as, and who is to dance it before what."""
    if is_motion(output):
        check_can_write(output)
        if performers:
            raise InputError(f"{output}: a track needs no `performer`; leave it out.")
    else:
        check_output(output, alpha=background == TRANSPARENT, motion=MOTION)
        check_show(ShowOptions(background=background), output)
    if background == SOURCE:
        raise InputError("`background=source`: a new dance has no source; choose another.")
    if background != TARGET and not performers:
        raise InputError(f"`background={background}`: needs a `performer` to be behind.")
    if background == TRANSPARENT and len(performers) > 1:
        raise InputError("`background=transparent`: works with one `performer`.")
    for path in performers:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder.")


@dataclass(frozen=True)
class ComposeInputs:
    """Inputs of a new dance.

    Attributes:
        ensemble: who dances it; without performers, stick figures are drawn.
        music: the analysed music.
        continued: the dance that it continues.
    """

    ensemble: Ensemble
    music: Music | None = None
    continued: PoseTrack | None = None

    @staticmethod
    def read(
        options: GenerateOptions,
        device: Device,
        *,
        times: StageTimes,
        progress: ProgressCallback = silent,
    ) -> ComposeInputs:
        """Load the performers, the music and the continued dance, before any training.

        Raises:
            InputError: one of them cannot be used.
        """
        music = continued = None
        with times.stage("load"):
            performers = tuple(Performer.load(path, device) for path in options.performer)
            ensemble = Ensemble(performers, options.formation, options.canon, options.background)
            ensemble.check()
            consent.tell(*options.performer)
            if len(performers) == 1:
                check_performer(ShowOptions(background=options.background), performers[0])
        if options.music is not None:
            with times.stage("music"):
                music = analyze_music(options.music, bpm=options.bpm, first_beat=options.first_beat)
        if options.continue_from is not None:
            with times.stage("detect"):
                continued = load_source(options.continue_from, progress=progress).track
        return ComposeInputs(ensemble, music, continued)

    def request(self, options: GenerateOptions) -> DanceRequest:
        """The request to the choreographer."""
        return DanceRequest(
            options.seconds,
            options.bars,
            options.seed,
            options.temperature,
            options.loop,
            self.continued,
            self.music,
            str(options.music or ""),
            parse_mix(",".join(options.style)) if options.style else {},
        )

    def claim(self, options: GenerateOptions, dance: Path) -> Claim:
        """The statement of a new dance's credentials; it was learned from `dance`."""
        inputs = (dance, *options.performer, options.music, options.continue_from)
        performers, background = self.ensemble.performers, options.background
        return performance_claim(Made.new_dance, performers, background, *inputs)


def write_dance(
    tracks: Sequence[PoseTrack],
    output: Path,
    ensemble: Ensemble,
    audio: Path | None = None,
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> tuple[tuple[int, int], bool]:
    """Write a new dance: performed, as stick figures, or as a track.

    Args:
        tracks: the dance, or a track for each of several dancers who share a frame.
        output: the clip; of one track also a track (`.npz`) or a motion capture (`.bvh`, `.glb`).
        ensemble: who dances it; without performers, stick figures are drawn.
        audio: a file whose sound is added.
        claim: the statement of the clip's credentials; None for no credentials.
        progress: called for every frame.

    Returns:
        Width and height in pixels, and whether the clip carries credentials.

    Raises:
        InputError: it cannot be written.
    """
    performers, track = ensemble.performers, tracks[0]
    if is_motion(output):
        write_motion(output, output, track)
        return track.size, False
    if len(performers) == 1:
        shaped = performers[0].scene.shape is not None
        retarget = Retarget.limbs if shaped else Retarget.whole
        show = ShowOptions(retarget=retarget, background=ensemble.background)
        source = Source(track, None)
        made = write_performance(
            performers[0], source, output, show, audio=audio, claim=claim, progress=progress
        )
        return performers[0].scene.size, made.credentials
    if performers:
        motion = track if len(tracks) == 1 else tracks
        made = write_ensemble(ensemble, motion, output, audio=audio, claim=claim, progress=progress)
        return made.size or track.size, made.credentials
    drawn = write_drawn(tracks, output, audio=audio, claim=claim, progress=progress)
    return track.size, drawn.credentials
