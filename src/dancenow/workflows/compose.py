"""Composing: a new dance as motion, timed to music, danced by performers or stick figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.choreographer import DanceRequest
from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import InputError
from dancenow.files import check_can_write, check_not_read
from dancenow.music import Music, hear
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import Source, load_source
from dancenow.staging.backdrop import SOURCE, TARGET, TRANSPARENT, background_file
from dancenow.staging.choices import Formation, Retarget
from dancenow.staging.ensemble import Ensemble, check_cast
from dancenow.staging.result import open_result
from dancenow.training import Device
from dancenow.video import check_output
from dancenow.video.prefetch import computed_ahead
from dancenow.workflows.transfer import ShowOptions, write_performance


@dataclass(frozen=True)
class NewDance:
    """What only a composed dance can be like, and who dances it.

    Attributes:
        bars: its length in bars of four beats of the music, instead of seconds.
        loop: its end leads back to its beginning.
        continue_from: a track, clip, motion capture or OpenPose folder that it continues.
        music: a sound file or a clip with sound, to whose beats it is timed.
        performers: folders of trained performers; none: stick figures are drawn.
        formation: how several performers share the picture.
        canon: seconds by which each performer begins after the one before.
        background: behind the performers, as of `ShowOptions`.
    """

    bars: int | None = None
    loop: bool = False
    continue_from: Path | None = None
    music: Path | None = None
    performers: tuple[Path, ...] = ()
    formation: Formation = Formation.beside
    canon: float = 0.0
    background: str = TARGET

    def check(self, output: Path, dance: Path, seconds: float | None) -> None:
        """Raise `InputError` now for what would be wrong after long work."""
        if self.bars is not None and self.bars < 1:
            raise InputError(f"--bars must be at least 1, not {self.bars}.")
        if self.bars is not None and self.music is None:
            raise InputError("--bars: bars are counted in the music's beats; add --music FILE.")
        if self.bars is not None and seconds is not None:
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
        if self.loop and self.continue_from is not None:
            raise InputError("--loop and --continue-from: a loop has no beginning; choose one.")


@dataclass(frozen=True)
class ComposeInputs:
    """What the files hold that a new dance is made with.

    Attributes:
        ensemble: who dances it; with no performers, stick figures are drawn.
        music: what was heard of the music.
        continued: the dance that it continues.
    """

    ensemble: Ensemble
    music: Music | None = None
    continued: PoseTrack | None = None

    @staticmethod
    def read(
        new: NewDance, device: Device, *, times: StageTimes, progress: ProgressCallback = silent
    ) -> ComposeInputs:
        """Load the performers, hear the music and read what is continued: before any training.

        Raises:
            InputError: one of them cannot be used.
        """
        music = continued = None
        with times.stage("load"):
            performers = tuple(Performer.load(path, device) for path in new.performers)
            ensemble = Ensemble(performers, new.formation, new.canon, new.background)
            ensemble.check()
            if len(performers) == 1:
                ShowOptions(background=new.background).check_performer(performers[0])
        if new.music is not None:
            with times.stage("music"):
                music = hear(new.music)
        if new.continue_from is not None:
            with times.stage("detect"):
                continued = load_source(new.continue_from, progress=progress).track
        return ComposeInputs(ensemble, music, continued)

    def request(
        self, new: NewDance, seconds: float | None, temperature: float | None, seed: int
    ) -> DanceRequest:
        """What is asked of the choreographer."""
        how = (new.loop, self.continued, self.music, str(new.music or ""))
        return DanceRequest(seconds, new.bars, seed, temperature, *how)

    def claim(self, new: NewDance, dance: Path) -> Claim:
        """What the credentials of a new dance, learned from `dance`, state."""
        inputs = (dance, *new.performers, new.music, new.continue_from)
        performers = self.ensemble.performers
        if len(performers) == 1:
            show = ShowOptions(background=new.background)
            return show.claim(Made.new_dance, performers[0], *inputs)
        # Several share recorded rooms; without performers all is drawn.
        origin = Origin.composite if performers else Origin.painted
        return Claim.of(Made.new_dance, origin, *inputs, background_file(new.background))


def write_dance(
    track: PoseTrack,
    output: Path,
    new: NewDance,
    ensemble: Ensemble,
    *,
    claim: Claim | None = None,
    progress: ProgressCallback = silent,
) -> tuple[tuple[int, int], bool]:
    """Write a composed dance: performed, as stick figures, or as a track.

    Args:
        track: the dance.
        output: the clip, or a track (`.npz`).
        new: what was asked for; it was checked.
        ensemble: who dances it; with no performers, stick figures are drawn.
        claim: what the clip's credentials state; None: it gets none.
        progress: told about every frame.

    Returns:
        Width and height in pixels, and whether the clip carries credentials.

    Raises:
        InputError: it cannot be written.
    """
    performers = ensemble.performers
    if output.suffix == ".npz":
        track.save(output)
        return track.size, False
    if len(performers) == 1:
        shaped = performers[0].scene.shape is not None
        retarget = Retarget.limbs if shaped else Retarget.whole
        show = ShowOptions(retarget=retarget, background=new.background)
        source = Source(track, None)
        made = write_performance(
            performers[0], source, output, show, audio=new.music, claim=claim, progress=progress
        )
        return performers[0].scene.size, made.credentials
    size, frames = ensemble.frames(track) if performers else _stick_figures(track)
    fps = Fraction(track.fps).limit_denominator(1001)
    with open_result(output, claim, fps=fps, size=size, audio_from=new.music) as result:
        for frame in computed_ahead(frames):
            result.write(frame)
            progress(Progress("dancing", result.frames, len(track)))
    return size, result.credentials


def _stick_figures(track: PoseTrack) -> tuple[tuple[int, int], Iterator[NDArray[np.uint8]]]:
    return track.size, (draw_pose(pose, track.size) for pose in track.keypoints)
