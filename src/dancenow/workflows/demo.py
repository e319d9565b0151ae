"""The demo: one sample performer dances another's dance, then dances that nobody danced."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dancenow.choreographer import ChoreographyOptions
from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import OutputError
from dancenow.files import write_text
from dancenow.music import has_music, write_wav
from dancenow.performer import Performer
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sample import click_track, dance_track
from dancenow.sources.load import load_source
from dancenow.staging.result import open_result
from dancenow.staging.room import performable
from dancenow.version import __version__
from dancenow.video import read_frames
from dancenow.workflows.compose import NewDance
from dancenow.workflows.demo_page import DemoFigures, write_demo_page
from dancenow.workflows.evaluate import ClipScores, evaluate_clip
from dancenow.workflows.generate import Generated, generate
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train import TrainOptions, train_performer
from dancenow.workflows.train_choreographer import train_choreographer
from dancenow.workflows.transfer import Performed, perform

_SOUND_RATE = 44100  # samples a second
_SOURCE, _TARGET = ("mika", "groove"), ("zola", "house")


@dataclass(frozen=True)
class DemoSize:
    """How much the demo does.

    Attributes:
        px: height and width of the clips.
        fps: their frames a second.
        source_seconds: length of the dance that is transferred.
        target_seconds: length of the clip that is learned.
        preset: of the performer.
        minutes: of training, or
        steps: of training, so that a slow machine gets the same picture.
        dance_minutes: of training the choreographer, or
        dance_steps: of the same.
        dance_seconds: length of the dances that are generated.
        moves_seconds: length of each of the dances whose motion is learned.
        moves_minutes: of learning it, or
        moves_steps: of the same.
    """

    px: int
    fps: float
    source_seconds: float
    target_seconds: float
    preset: str
    minutes: float | None = None
    steps: int | None = None
    dance_minutes: float | None = None
    dance_steps: int | None = None
    dance_seconds: float = 16
    moves_seconds: float = 40
    moves_minutes: float | None = None
    moves_steps: int | None = None


FULL = DemoSize(256, 25, 8, 20, "fast", minutes=4, dance_minutes=1.2, moves_minutes=1.5)
QUICK = DemoSize(
    160,
    12,
    3,
    5,
    "tiny",
    steps=300,
    dance_steps=200,
    dance_seconds=4,
    moves_seconds=8,
    moves_steps=100,
)
_LEARNED = (("mika", "house"), ("zola", "disco"), ("bo", "groove"), ("lin", "house"))
_MUSIC = "house"  # whose clicks are danced to


@dataclass(frozen=True)
class Demo:
    """What the demo left.

    Attributes:
        folder: where everything lies.
        page: the page that shows it.
        scores: the transfer against the true answer.
        times: seconds of each stage.
        performed: the transfer.
        dance: the generated dance of silhouettes.
        new_dance: the composed dance that the performer dances.
    """

    folder: Path
    page: Path
    scores: ClipScores
    times: StageTimes
    performed: Performed
    dance: Generated
    new_dance: Generated

    def summary(self) -> str:
        """A few lines for people."""
        spent = sum(self.times.seconds.values())
        return "\n".join(
            [
                f"{self.folder / 'transfer.mp4'}: source, poses, result and truth side by side",
                *self.scores.lines(),
                f"{self.dance.output}: a new dance, dreamt up from the target's silhouettes",
                f"{self.new_dance.output}: a new dance to clicks, performed by the target",
                f"{spent:.0f} s in all; open {self.page} to see everything",
            ]
        )


def run_demo(
    folder: Path,
    *,
    quick: bool = False,
    device: str = "auto",
    seed: int = 0,
    credentials: bool = True,
    progress: ProgressCallback = silent,
) -> Demo:
    """Render two sample performers, learn one, let it dance the other's dance, measure, show.

    The learned one's dance is learned too, and a new one is dreamt up from it; and a dance is
    composed from the motion of all sample performers, to a click track, for the learned one.

    Args:
        folder: where everything is left; made where it is missing.
        quick: use the smallest sizes.
        device: where networks compute.
        seed: of dances and training.
        credentials: sign what is made with Content Credentials.
        progress: told about every frame and step.

    Raises:
        OutputError: the folder cannot be written.
    """
    size = QUICK if quick else FULL
    _make(folder)
    times = StageTimes()
    clips = {name: folder / f"{name}.mp4" for name in ("source", "target", "truth", "result")}
    with times.stage("render"):
        _render(folder, clips, size, seed, progress)
    options = TrainOptions(size.preset, size.minutes, size.steps, device=device, seed=seed)
    performer = folder / f"performer-{size.preset}"
    trained = train_performer(clips["target"], performer, options, progress=progress, times=times)
    performed = perform(
        performer,
        clips["source"],
        clips["result"],
        device=device,
        credentials=credentials,
        times=times,
        progress=progress,
    )
    with times.stage("evaluate"):
        truth = PoseTrack.load(folder / "truth.pose.npz")
        scores = evaluate_clip(clips["result"], clips["truth"], true_track=truth, progress=progress)
    dance, dance_options = _dream(
        folder, clips["target"], size, device, seed, credentials, times, progress
    )
    new_dance, moves_options = _compose(
        folder, performer, size, device, seed, credentials, times, progress
    )
    with times.stage("show"):
        _side_by_side(folder, clips, trained.performer, credentials, progress)
        page = write_demo_page(
            folder,
            DemoFigures(
                scores, times, performed, options, dance, dance_options, new_dance, moves_options
            ),
        )
    return Demo(folder, page, scores, times, performed, dance, new_dance)


def _dream(
    folder: Path,
    clip: Path,
    size: DemoSize,
    device: str,
    seed: int,
    credentials: bool,
    times: StageTimes,
    progress: ProgressCallback,
) -> tuple[Generated, ChoreographyOptions]:
    """Learn a clip's dance, and write a new one."""
    options = ChoreographyOptions(
        size.preset, minutes=size.dance_minutes, steps=size.dance_steps, device=device, seed=seed
    )
    learned = folder / f"choreographer-{size.preset}"
    with times.stage("choreograph"):
        train_choreographer(clip, learned, options, progress=progress)
    with times.stage("generate"):
        dance = generate(
            learned,
            folder / "dance.mp4",
            options,
            seconds=size.dance_seconds,
            credentials=credentials,
            progress=progress,
        )
    return dance, options


def _compose(
    folder: Path,
    performer: Path,
    size: DemoSize,
    device: str,
    seed: int,
    credentials: bool,
    times: StageTimes,
    progress: ProgressCallback,
) -> tuple[Generated, ChoreographyOptions]:
    """Learn the motion of some dances, and let the performer dance a new one to clicks."""
    options = ChoreographyOptions(
        size.preset,
        "pose",
        minutes=size.moves_minutes,
        steps=size.moves_steps,
        device=device,
        seed=seed,
    )
    with times.stage("motion capture"):
        tracks = []
        for number, (dancer, dance) in enumerate(_LEARNED):
            path = folder / f"moves-{dancer}-{dance}.npz"
            if not path.is_file():
                seconds = size.moves_seconds
                dance_track(dancer, dance, seconds=seconds, fps=size.fps, seed=seed).save(path)
            tracks.append(path)
            progress(Progress("capturing dances", number + 1, len(_LEARNED)))
        clicks = folder / "clicks.wav"
        samples = click_track(_MUSIC, size.dance_seconds, seed=seed, rate=_SOUND_RATE)
        write_wav(clicks, samples, _SOUND_RATE)
    learned = folder / f"moves-{size.preset}"
    with times.stage("moves"):
        train_choreographer(tracks, learned, options, progress=progress)
    with times.stage("new dance"):
        made = generate(
            learned,
            folder / "new_dance.mp4",
            options,
            new=NewDance(performers=(performer,), music=clicks if has_music() else None),
            seconds=size.dance_seconds,
            credentials=credentials,
            progress=progress,
        )
    return made, options


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror}).") from error


def _render(
    folder: Path,
    clips: dict[str, Path],
    size: DemoSize,
    seed: int,
    progress: ProgressCallback,
) -> None:
    """The source dances, the target dances something else, the truth is the target's answer."""
    done = folder / "rendered.json"
    spec = json.dumps([__version__, asdict(size), seed, _SOURCE, _TARGET])
    if done.is_file() and done.read_text("utf-8") == spec:
        return
    cast = {
        "source": (*_SOURCE, size.source_seconds),
        "target": (*_TARGET, size.target_seconds),
        "truth": (_TARGET[0], _SOURCE[1], size.source_seconds),
    }
    for name, (performer, dance, seconds) in cast.items():
        write_sample(
            clips[name],
            performer=performer,
            dance=dance,
            seconds=seconds,
            size=size.px,
            fps=size.fps,
            seed=seed,
            progress=progress,
        )
    write_text(done, spec)


def _side_by_side(
    folder: Path,
    clips: dict[str, Path],
    performer: Performer,
    credentials: bool,
    progress: ProgressCallback,
) -> None:
    """Write source, poses, result and truth beside each other."""
    motion = load_source(clips["source"])
    assert motion.clip is not None
    track = performable(performer, motion.track)
    width, height = track.size
    panels = zip(
        read_frames(clips["source"], size=track.size),
        (draw_pose(keypoints, track.size) for keypoints in track.keypoints),
        read_frames(clips["result"]),
        read_frames(clips["truth"]),
        strict=True,
    )
    size = (4 * width, height)
    claim = Claim.of(Made.comparison, Origin.composite, *clips.values()) if credentials else None
    with open_result(
        folder / "transfer.mp4", claim, fps=motion.clip.fps, size=size, audio_from=clips["source"]
    ) as result:
        for row in panels:
            result.write(np.hstack(row))
            progress(Progress("putting everything side by side", result.frames, len(track)))
