"""A new dance from a choreographer of poses: composed, timed to music, performed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.choreographer import (
    Composition,
    PoseChoreographer,
    check_continued,
)
from dancenow.choreographer.motion.codec import RATE, Moves
from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import DanceNowWarning, InputError
from dancenow.evaluation.features import joint_speed, joints_of
from dancenow.files import check_can_write, check_not_read
from dancenow.music import Music, align_to_beats, analyze_music, beat_alignment, find_accents
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import Source, load_source
from dancenow.staging.backdrop import SOURCE, TARGET, TRANSPARENT, background_file
from dancenow.staging.choices import Formation, Retarget
from dancenow.staging.ensemble import Ensemble, check_cast
from dancenow.staging.performance import write_performance
from dancenow.staging.result import open_result
from dancenow.staging.show import ShowOptions
from dancenow.training import Device
from dancenow.video import check_output
from dancenow.video.prefetch import prefetch

Frame = NDArray[np.uint8]

SECONDS: Final = 16.0  # of a dance without music, when nobody says
_TO_SPARE: Final = 2.0  # seconds composed beyond the music, for the timing to choose from
_CALMEST: Final = 1.2  # standard deviations by which sections change the energy at most


@dataclass(frozen=True)
class NewDance:
    """What a new dance is to be like, and who dances it.

    Attributes:
        seconds: its length; None: the music's, or 16.
        bars: its length in bars of four beats of the music, instead of `seconds`.
        temperature: 1 draws from what was learned as it is; more is wilder.
        loop: its end leads back to its beginning.
        continue_from: a track, clip, motion capture or OpenPose folder that it goes on from.
        music: a sound file or a clip with sound, to whose beats it is timed.
        performers: folders of trained performers; none: stick figures are drawn.
        formation: how several performers share the picture.
        canon: seconds by which each performer begins after the one before.
        background: behind the performers, as of `ShowOptions`.
    """

    seconds: float | None = None
    bars: int | None = None
    temperature: float | None = None
    loop: bool = False
    continue_from: Path | None = None
    music: Path | None = None
    performers: tuple[Path, ...] = ()
    formation: Formation = Formation.beside
    canon: float = 0.0
    background: str = TARGET

    @property
    def of_poses(self) -> bool:
        """Whether something is asked for that only a choreographer of poses can do."""
        return self != NewDance(seconds=self.seconds, temperature=self.temperature)

    def check(self, output: Path, dance: Path) -> None:
        """Raise `InputError` now for what would be wrong after long work."""
        if self.bars is not None and self.bars < 1:
            raise InputError(f"--bars must be at least 1, not {self.bars}.")
        if self.bars is not None and self.music is None:
            raise InputError("--bars: bars are counted in the music's beats; add --music FILE.")
        if self.bars is not None and self.seconds is not None:
            raise InputError("--bars and --seconds: choose one.")
        if self.loop and self.music is not None:
            raise InputError("--loop and --music: music has an end; choose one.")
        if output.suffix == ".npz":
            check_can_write(output)
            if self.performers:
                raise InputError(f"{output}: a track needs no --performer; leave it out.")
        else:
            check_output(output, alpha=self.background == TRANSPARENT)
        check_cast(len(self.performers), self.formation, self.canon)
        given = [p for p in (self.music, self.continue_from, *self.performers) if p is not None]
        for path in given:
            if not path.exists():
                raise InputError(f"{path}: no such file or folder.")
        check_not_read(output, dance, *given)
        if output.suffix != ".npz":
            ShowOptions(background=self.background).check(output)
        if self.background == SOURCE:
            raise InputError("--background source: a new dance has no source; choose another.")
        if self.background != TARGET and not self.performers:
            raise InputError(f"--background {self.background}: needs a --performer before it.")
        if self.background == TRANSPARENT and len(self.performers) > 1:
            raise InputError("--background transparent: works with one --performer.")
        self.composition(0).check()
        if self.loop and self.continue_from is not None:
            raise InputError("--loop and --continue-from: a loop has no beginning; choose one.")

    def composition(self, seed: int, before: PoseTrack | None = None) -> Composition:
        """What is composed where there is no music."""
        seconds = SECONDS if self.seconds is None else self.seconds
        temperature = 1.0 if self.temperature is None else self.temperature
        return Composition(seconds, seed, temperature, loop=self.loop, continue_from=before)


@dataclass(frozen=True)
class Given:
    """What a new dance is made with, besides a choreographer.

    Attributes:
        ensemble: who dances it; nobody: stick figures are drawn.
        music: what was heard of the music.
        before: the dance that it goes on from.
    """

    ensemble: Ensemble
    music: Music | None = None
    before: PoseTrack | None = None

    def claim(self, new: NewDance, dance: Path) -> Claim:
        """What the credentials of a new dance, learned from `dance`, state."""
        inputs = (dance, *new.performers, new.music, new.continue_from)
        performers = self.ensemble.performers
        if len(performers) == 1:
            show = ShowOptions(background=new.background)
            return show.claim(Made.new_dance, performers[0], *inputs)
        # Several share recorded rooms; where nobody performs, all is drawn.
        origin = Origin.composite if performers else Origin.painted
        return Claim.of(Made.new_dance, origin, *inputs, background_file(new.background))

    @staticmethod
    def read(
        new: NewDance, device: Device, *, times: StageTimes, progress: ProgressCallback = silent
    ) -> Given:
        """Load the performers, hear the music and see what is continued: before any training.

        Raises:
            InputError: one of them cannot be used.
        """
        music = before = None
        with times.stage("load"):
            performers = tuple(Performer.load(path, device) for path in new.performers)
            ensemble = Ensemble(performers, new.formation, new.canon, new.background)
            ensemble.check()
            if len(performers) == 1:
                ShowOptions(background=new.background).check_performer(performers[0])
        if new.music is not None:
            with times.stage("music"):
                music = analyze_music(new.music)
                _length(new, music)
        if new.continue_from is not None:
            with times.stage("detect"):
                before = load_source(new.continue_from, progress=progress).track
                check_continued(before)
        return Given(ensemble, music, before)


@dataclass(frozen=True)
class Danced:
    """A new dance.

    Attributes:
        output: the clip or track.
        frames: how many.
        fps: frames a second.
        size: width and height in px.
        choreographer: folder of the choreographer.
        times: seconds of each stage.
        tempo: beats a minute of the music; None without music or a clear beat.
        beat_alignment: how near accents come to beats, 0..1; None likewise.
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
    """The poses that were performed; no part of what is printed as JSON."""

    def summary(self) -> str:
        """One line for people."""
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


def write_new_dance(
    choreographer: PoseChoreographer,
    folder: Path,
    output: Path,
    new: NewDance,
    given: Given,
    *,
    seed: int,
    times: StageTimes,
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> Danced:
    """Compose a dance and write it: performed, as stick figures, or as a track.

    Args:
        choreographer: a choreographer of poses.
        folder: where it lies, for the report.
        output: the clip, or a track (`.npz`).
        new: what the dance is to be like; it was checked.
        given: what it is made with, as `Given.read` read it for `new`.
        seed: of everything that is drawn.
        times: the seconds of each stage are added to it.
        claim: what the clip's credentials state; None: it gets none.
        progress: told about every frame.

    Raises:
        InputError: what was given cannot be used.
    """
    performers = given.ensemble.performers
    with times.stage("compose"):
        moves, seconds, figures = _composed(choreographer, new, given, seed, progress)
        track = choreographer.danced(moves, seconds, loop=new.loop)
    signed = False
    with times.stage("perform" if performers else "write"):
        if output.suffix == ".npz":
            track.save(output)
            size = track.size
        elif len(performers) == 1:
            shaped = performers[0].scene.shape is not None
            retarget = Retarget.limbs if shaped else Retarget.whole
            show = ShowOptions(retarget=retarget, background=new.background)
            source = Source(track, None)
            signed = write_performance(
                performers[0], source, output, show, audio=new.music, claim=claim, progress=progress
            ).credentials
            size = performers[0].scene.size
        else:
            size, frames = given.ensemble.frames(track) if performers else _drawn(track)
            signed = _write(output, frames, track, size, new.music, claim, progress)
    return Danced(
        output,
        len(track),
        track.fps,
        size,
        folder,
        times,
        **figures,
        credentials=signed,
        _track=track,
    )


def _composed(
    choreographer: PoseChoreographer,
    new: NewDance,
    given: Given,
    seed: int,
    progress: ProgressCallback,
) -> tuple[Moves, float, dict[str, Any]]:
    """Vectors of the dance, its length in seconds, and the figures of its timing."""
    music, wanted = given.music, new.composition(seed, given.before)

    def made(wanted: Composition) -> Moves:
        return choreographer.compose_moves(
            wanted, lambda done: progress(Progress("composing", done, wanted.count, "vectors"))
        )

    if music is None:
        return made(wanted), wanted.seconds, {}
    seconds = max(_length(new, music), 2 / RATE)
    aligned = len(music.beats) > 0
    if not aligned:
        _warn(f"{new.music}: has no clear beat; the dance is not timed to it.")
    if new.seconds is not None and new.seconds > music.seconds:
        _warn(f"{new.music}: ends after {music.seconds:.1f} s, and the dance with it.")
    danced = seconds + (_TO_SPARE if aligned else 0)
    moments = np.arange(round(danced * RATE)) / RATE
    energy = music.energy_at(moments).clip(-_CALMEST, _CALMEST) if music.energy.any() else None
    wanted = replace(
        wanted, seconds=danced, energy=None if energy is None else energy.astype(np.float32)
    )
    moves = made(wanted)
    if not aligned:
        return moves, seconds, {}
    count = math.ceil(seconds * RATE - 1e-6)
    accents, clear = _accents(choreographer, moves)
    shown = align_to_beats(accents, clear, music.beats, seconds, len(moves) / RATE)
    places = np.arange(count) / RATE
    timed = choreographer.retimed(moves, np.interp(places, np.arange(len(shown)) / 100.0, shown))
    figures = {
        "tempo": round(music.tempo, 2),
        "beat_alignment": _alignment(choreographer, timed, music),
        "before_alignment": _alignment(choreographer, moves[:count], music),
    }
    return timed, seconds, figures


def _warn(text: str) -> None:
    warnings.warn(text, DanceNowWarning, stacklevel=3)


def _length(new: NewDance, music: Music) -> float:
    """Seconds of a dance to some music."""
    if new.bars is None:
        return music.seconds if new.seconds is None else min(new.seconds, music.seconds)
    beats, last = music.beats, 4 * new.bars
    if len(beats) == 0:
        raise InputError(f"--bars: {new.music} has no clear beat; give --seconds.")
    if last > len(beats):
        raise InputError(
            f"--bars {new.bars}: {new.music} has {len(beats) // 4} bars of four beats."
        )
    if last < len(beats):
        return float(beats[last])
    # The last bar ends where its next beat would be.
    return min(music.seconds, float(beats[-1] + np.diff(beats).mean()))


def _accents(
    choreographer: PoseChoreographer, moves: Moves
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    track = choreographer.codec.decode(moves, 2 * RATE)
    return find_accents(joint_speed(joints_of(track)), track.fps)


def _alignment(choreographer: PoseChoreographer, moves: Moves, music: Music) -> float | None:
    score = beat_alignment(_accents(choreographer, moves)[0], music.beats)
    return round(score, 4) if np.isfinite(score) else None


def _drawn(track: PoseTrack) -> tuple[tuple[int, int], Iterator[Frame]]:
    return track.size, (draw_pose(keypoints, track.size) for keypoints in track.keypoints)


def _write(
    output: Path,
    frames: Iterator[Frame],
    track: PoseTrack,
    size: tuple[int, int],
    music: Path | None,
    claim: Claim | None,
    progress: ProgressCallback,
) -> bool:
    """Write the frames; gives whether they carry credentials."""
    fps = Fraction(track.fps).limit_denominator(1001)
    with open_result(output, claim, fps=fps, size=size, audio_from=music) as result:
        for frame in prefetch(frames):
            result.write(frame)
            progress(Progress("dancing", result.frames, len(track)))
    return result.credentials
