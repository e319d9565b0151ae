"""Inputs of the demo: two sample dancers, the true answer, dances to learn, a click track."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dancenow.files import write_text
from dancenow.music import write_wav
from dancenow.pose import PoseTrack
from dancenow.progress import Progress, ProgressCallback
from dancenow.sample import click_track, dance_track
from dancenow.sample.shipped import FPS, PX, SECONDS, shipped_clip, shipped_dancer, shipped_track
from dancenow.staging.result import NOTE
from dancenow.training import Budget
from dancenow.version import __version__
from dancenow.video import open_writer, read_frames

CLIPS: Final = "clips.json"
"""The file that tells a demo's folder."""
SOURCE: Final = ("mika", "groove")  # performer and dance
TARGET: Final = ("zola", "house")
LEARNED: Final = (("mika", "house"), ("zola", "disco"), ("bo", "groove"), ("lin", "house"))
_MUSIC: Final = "house"  # the dance whose beat the clicks follow
_SOUND_RATE: Final = 44100  # samples per second
_CRF: Final = 14  # of the shortened clips, which stand in for camera footage


@dataclass(frozen=True)
class DemoSize:
    """Sizes of the demo.

    Attributes:
        px: height and width of the clips, at most those of the shipped ones.
        fps: their frames per second, the shipped ones' or half of them.
        source_seconds: length of the dance to transfer.
        target_seconds: length of the clip to learn.
        moves_seconds: length of each dance whose motion is learned.
        dance_seconds: length of the generated dances.
        compared: how many frames of the result are compared with the truth.
        preset: of all trainings.
        performer: budget of the target; in steps, so slow machines get the same picture.
        dance: budget of the target's dance.
        moves: budget of the motion.
    """

    px: int
    fps: float
    source_seconds: float
    target_seconds: float
    moves_seconds: float
    dance_seconds: float
    compared: int
    preset: str
    performer: Budget
    dance: Budget
    moves: Budget

    def commands(self, seed: int) -> list[str]:
        """Commands that do the same in the demo's folder."""
        preset, end = self.preset, f"--seconds {self.dance_seconds:.3g} --seed {seed}"
        performer, dance, moves = (
            f"--preset {preset} {_words(budget)} --seed {seed}"
            for budget in (self.performer, self.dance, self.moves)
        )
        words = (
            f"perform {trained_target()} source.mp4 -o first.mp4",
            f"train performer target.mp4 -o performer-{preset} {performer}",
            f"perform performer-{preset} source.mp4 -o result.mp4",
            "evaluate clip result.mp4 truth.mp4",
            f"train choreographer target.mp4 -o choreographer-{preset} {dance}",
            f"generate choreographer-{preset} -o dance.mp4 {end}",
            f"train choreographer moves-*.npz -o moves-{preset} --codec pose {moves}",
            f"generate moves-{preset} -o new_dance.mp4 --performer performer-{preset} "
            f"--music clicks.wav {end}",
        )
        return [f"dancenow {command}" for command in words]


def _words(budget: Budget) -> str:
    return f"--minutes {budget.minutes:g}" if budget.steps is None else f"--steps {budget.steps}"


FULL: Final = DemoSize(
    PX, FPS, 8, 8, 16, 8, 24, "fast", Budget(minutes=1.5), Budget(minutes=0.5), Budget(minutes=0.5)
)
QUICK: Final = DemoSize(
    160, 12.5, 2, 4, 8, 4, 8, "tiny", Budget(steps=70), Budget(steps=60), Budget(steps=50)
)


def cut_clips(folder: Path, size: DemoSize, progress: ProgressCallback) -> None:
    """Write `source.mp4`, `target.mp4` and `truth.mp4`, the target's true answer to the source.

    They are the shipped clips, or their beginnings in fewer pixels and frames; the true track of
    each is beside it (`.pose.npz`).
    """
    cast = {
        "source": (*SOURCE, size.source_seconds),
        "target": (*TARGET, size.target_seconds),
        "truth": (TARGET[0], SOURCE[1], size.source_seconds),
    }
    done, spec = folder / CLIPS, _spec(cast, size.px, size.fps)
    if _holds(done, spec):
        return
    write_text(done, "")  # whose folder it is
    for name, (performer, dance, seconds) in cast.items():
        clip, track = shipped_clip(performer, dance), shipped_track(performer, dance)
        assert clip is not None and track is not None
        goal = folder / f"{name}.mp4"
        if (size.px, size.fps, seconds) == (PX, FPS, SECONDS):
            shutil.copyfile(clip, goal)
            shutil.copyfile(track, goal.with_suffix(".pose.npz"))
        else:
            _shorten(clip, PoseTrack.load(track), goal, size, seconds)
        progress(Progress(f"taking {performer}'s {dance}", round(seconds * size.fps)))
    write_text(done, spec)


def _shorten(clip: Path, track: PoseTrack, goal: Path, size: DemoSize, seconds: float) -> None:
    """The beginning of a shipped clip and of its true track, in fewer pixels and frames."""
    px, frames = (size.px, size.px), round(seconds * size.fps)
    with open_writer(goal, fps=size.fps, size=px, crf=_CRF, audio=clip, comment=NOTE) as writer:
        for frame in read_frames(clip, fps=size.fps, size=px, stop=frames):
            writer.write(frame)
    keypoints = track.resample(size.fps).keypoints[:frames].copy()
    keypoints[..., :2] *= size.px / PX
    PoseTrack(keypoints, size.fps, px).save(goal.with_suffix(".pose.npz"))


def trained_target() -> Path:
    """The target, trained before it was shipped: its folder."""
    folder = shipped_dancer(TARGET[0])
    assert folder is not None
    return folder


def capture_moves(
    folder: Path, size: DemoSize, seed: int, progress: ProgressCallback
) -> list[Path]:
    """Write the tracks of some dances, `moves-*.npz`; returns them."""
    tracks = [folder / f"moves-{performer}-{dance}.npz" for performer, dance in LEARNED]
    done, spec = folder / "moves.json", _spec(LEARNED, size.moves_seconds, size.fps, seed)
    if not _holds(done, spec):
        for number, (path, (performer, dance)) in enumerate(zip(tracks, LEARNED, strict=True)):
            seconds = size.moves_seconds
            dance_track(performer, dance, seconds=seconds, fps=size.fps, seed=seed).save(path)
            progress(Progress("capturing dances", number + 1, len(tracks)))
        write_text(done, spec)
    return tracks


def write_clicks(folder: Path, size: DemoSize, seed: int) -> Path:
    """Write a click track as long as the generated dances, `clicks.wav`."""
    clicks = folder / "clicks.wav"
    samples = click_track(_MUSIC, size.dance_seconds, seed=seed, rate=_SOUND_RATE)
    write_wav(clicks, samples, _SOUND_RATE)
    return clicks


def _spec(*decides: object) -> str:
    """A string that identifies everything a result depends on."""
    return json.dumps([__version__, *decides])


def _holds(done: Path, spec: str) -> bool:
    """Whether a folder holds the result of an earlier run with the same spec."""
    return done.is_file() and done.read_text("utf-8") == spec
