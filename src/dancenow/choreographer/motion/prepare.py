"""Training a choreographer with the pose codec: tracks, their vectors, a model of their motion."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.cache import content_hash
from dancenow.choreographer import ChoreographerConfig
from dancenow.choreographer.dancenet.choreographer import is_choreographer
from dancenow.choreographer.motion.choreographer import LearnedMoves, PoseChoreographer
from dancenow.choreographer.motion.codec import RATE, Moves, PoseCodec
from dancenow.choreographer.motion.composing import Learned, Wanted, compose
from dancenow.choreographer.motion.dance import MoveScaler
from dancenow.choreographer.motion.diffusion import MotionDenoiser
from dancenow.choreographer.motion.training import MotionTraining
from dancenow.errors import DanceNowWarning, InputError
from dancenow.files import check_folder, make_folder, write_bytes
from dancenow.mocap.skeleton import joints_file
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.report import PAGE
from dancenow.sources.camera import find_camera, steadied
from dancenow.sources.load import load_source
from dancenow.training import Budget, Clock, Device, TrainingState, load_state
from dancenow.training.logs import LoggerName, log_figures
from dancenow.training.page import Story, page_when_stopped, write_training_page
from dancenow.video.png import encode_png
from dancenow.workflows.training_stories import choreographer_story

_VERSION: Final = 2  # of what is learned from; raise it when codec or cleaning change
_ENOUGH: Final = 3  # windows that a dance holds at least
_SHOWN: Final = 8  # stick figures of a preview
_SHOWN_PX: Final = 160  # height and width of each
_SHOWN_HEIGHTS: Final = 1.5  # body heights that it shows


@dataclass(frozen=True)
class ChoreographedPoses:
    """The figures of a training.

    Attributes:
        folder: where the choreographer lies.
        clips: how many clips and tracks were learned.
        dance_seconds: length of the dance that was learned, without mirrored copies.
        steps: steps in all.
        seconds: seconds of them.
        held_out: loss of the held-out part; NaN where the dance was too short to hold any out.
        times: seconds of each stage, now.
    """

    folder: Path
    clips: int
    dance_seconds: float
    steps: int
    seconds: float
    held_out: float
    times: StageTimes

    def summary(self) -> str:
        """For people."""
        return (
            f"{self.folder}: learned {self.dance_seconds:.0f} s of dance from {self.clips} "
            f"clip{'s' if self.clips > 1 else ''} in {self.steps} steps ({self.seconds:.0f} s)\n"
            f"a new dance: dancenow generate {self.folder} -o dance.mp4; how it moves so far: "
            f"{self.folder / 'preview.png'}"
        )


def train_on_poses(
    paths: list[Path],
    out: Path,
    config: ChoreographerConfig,
    device: Device,
    *,
    minutes: float | None,
    steps: int | None,
    seed: int,
    estimator: str = "mediapipe",
    logger: LoggerName = "tensorboard",
    progress: ProgressCallback = silent,
    times: StageTimes,
) -> tuple[PoseChoreographer, ChoreographedPoses]:
    """Learn the motion of some clips, tracks, motion captures or OpenPose folders.

    A folder that holds a choreographer of the same clips and preset is resumed; nothing is done
    where its budget was used before.

    Args:
        paths: what to learn from.
        out: where the choreographer goes.
        config: the preset's configuration.
        device: where the network computes.
        minutes: budget; the preset's where neither this nor `steps` is given.
        steps: likewise.
        seed: of the weights and of what is drawn.
        estimator: which estimator finds the poses in clips.
        logger: where losses and previews are logged.
        progress: told about every frame and step.
        times: the seconds of each stage are added to it.

    Raises:
        InputError: a clip or an option cannot be used, or `out` holds something else.
        TrainingError: the loss is no number.
    """
    from dancenow.training.loop import run_training

    check_folder(out, "choreographer", ours=_ours(out))
    unsaid = minutes is None and steps is None
    budget = Budget(config.minutes if unsaid else minutes, steps)
    with times.stage("prepare"):
        made_of = _made_of(paths, config)
        checkpoint = out / "checkpoint" / "motion"
        state = _resumable(out, checkpoint, made_of)
        tracks, fps = _tracks(paths, estimator, progress)
        dance = Dance.of(tracks, paths, config)
        make_folder(out)
        training = MotionTraining(
            config.motion,
            dance.pieces,
            dance.held_out,
            dance.scaler,
            dance.codec.weights,
            dance.codec.kinematics,
            device,
            seed,
            show=lambda network: dance.shown(network, device),
        )
        training.notes.update(made_of)
        clock = Clock(budget)
        if state is not None:
            training.restore(state, checkpoint)
            clock = Clock(budget, int(state.values["step"]), float(state.values["seconds"]))
    figures: dict[str, Any] = {}

    def story() -> Story:
        asked, spent = (minutes, steps), times.seconds
        return choreographer_story(out, paths, config, device, asked, seed, figures, spent)

    if went_on := not clock.over:
        with page_when_stopped(out, story), times.stage("motion"):
            run_training(
                training,
                clock,
                checkpoint,
                stage="learning the dance",
                progress=progress,
                logger=logger,
            )
            seconds = clock.seconds
    else:
        seconds = clock.spent
    held_out = training.held_out_loss()
    figures |= {
        "clips": [path.name for path in paths],
        "precision": device.precision,
        "budget": [minutes, steps],
        "steps": clock.step,
        "seconds": round(seconds, 1),
        "held_out": round(held_out, 4) if np.isfinite(held_out) else None,
    }
    learned = LearnedMoves(tuple(dance.danced), dance.scaler, fps, tuple(dance.held_out))
    choreographer = PoseChoreographer(
        config, dance.codec, training.average.module, learned, device, figures
    )
    choreographer.save(out)
    write_bytes(out / "preview.png", encode_png(training.preview()))
    if went_on:
        log_figures(logger, checkpoint, clock.step, figures)
    if went_on or not (out / PAGE).is_file():
        write_training_page(out, story())
    report = ChoreographedPoses(
        out, len(paths), learned.seconds, clock.step, seconds, held_out, times
    )
    return choreographer, report


@dataclass(frozen=True)
class Dance:
    """What is learned: all pieces with their mirrored copies, as they were danced, held out."""

    codec: PoseCodec
    pieces: list[Moves]
    danced: list[Moves]
    held_out: list[Moves]
    scaler: MoveScaler

    @staticmethod
    def of(tracks: list[PoseTrack], paths: list[Path], config: ChoreographerConfig) -> Dance:
        motion = config.motion
        usable, whole = [], []
        for track, path in zip(tracks, paths, strict=True):
            try:
                PoseCodec.fit([track])
            except InputError as error:
                if len(tracks) == 1:
                    raise InputError(f"{path}: {error}") from error
                warnings.warn(f"{path} is left out: {error}", DanceNowWarning, stacklevel=2)
            else:
                usable.append(track)
                whole.append(path)
        if not usable:
            raise InputError("none of the clips shows a whole body; film it from head to feet.")
        codec = PoseCodec.fit(usable)
        pieces: list[Moves] = []
        danced: list[Moves] = []
        held_out: list[Moves] = []
        for track in usable:
            # What is held out is held out from both sides of the mirror.
            for mirrored in (False, True) if motion.mirror else (False,):
                for piece in codec.encode(track.mirror() if mirrored else track):
                    kept = len(piece) - round(motion.held_out * len(piece))
                    if len(piece) - kept < motion.window or kept < _ENOUGH * motion.window:
                        kept = len(piece)
                    elif not mirrored:
                        held_out.append(piece[kept:])
                    if kept >= motion.window:
                        pieces.append(piece[:kept])
                    if not mirrored:
                        danced.append(piece[:kept])
        learned = sum(len(piece) for piece in danced if len(piece) >= motion.window)
        if learned < _ENOUGH * motion.window:
            others = f" and {len(whole) - 1} more" if len(whole) > 1 else ""
            raise InputError(
                f"{whole[0]}{others}: the whole body is seen for {_longest(codec, usable):.1f} s "
                f"at a time; {_ENOUGH * motion.window / RATE:.0f} s, in passages of at least "
                f"{motion.window / RATE:.0f} s, are needed to learn a dance; give longer clips."
            )
        return Dance(codec, pieces, danced, held_out, MoveScaler.fit(pieces, motion.window))

    def shown(self, network: MotionDenoiser, device: Device) -> NDArray[np.uint8]:
        """Stick figures of a new dance, half a second apart, uint8 `(H, W, 3)` RGB."""
        step = round(RATE / 2)
        learned = Learned(self.danced, self.scaler, self.codec.weights)
        scaled = compose(network, learned, Wanted(_SHOWN * step), device)
        track = self.codec.decode(self.scaler.unscale(scaled))
        pictures = []
        for keypoints in track.keypoints[::step]:
            near, side = keypoints.copy(), 2 * _SHOWN_PX  # drawn larger: lines are drawn whole
            scale = side / (_SHOWN_HEIGHTS * self.codec.body.height)
            middle = (self.codec.body.x, self.codec.body.ground)
            near[:, :2] = (near[:, :2] - middle) * scale + (side / 2, 0.88 * side)
            drawn = draw_pose(near, (side, side))
            pictures.append(cv2.resize(drawn, (_SHOWN_PX,) * 2, interpolation=cv2.INTER_AREA))
        return np.asarray(np.hstack(pictures), dtype=np.uint8)


def _longest(codec: PoseCodec, tracks: list[PoseTrack]) -> float:
    """Seconds of the longest passage in which the whole body is seen."""
    passages = (piece for track in tracks for piece in codec.encode(track, shortest=0.0))
    return max(map(len, passages), default=0) / RATE


def _made_of(paths: list[Path], config: ChoreographerConfig) -> dict[str, Any]:
    """What a training that is resumed must agree in."""
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder.")
    return {
        "config": config.model_dump(mode="json"),
        "clips": content_hash(paths[0], _VERSION, [_learned_from(path) for path in paths]),
        "codec": "pose",
    }


def _learned_from(path: Path) -> tuple[str, ...]:
    """A short name for what a clip, or a motion capture with its named joints, holds."""
    named = joints_file(path)
    files = (path, named) if path.suffix.lower() == ".bvh" and named.is_file() else (path,)
    return tuple(content_hash(file) for file in files)


def _resumable(out: Path, checkpoint: Path, made_of: dict[str, Any]) -> TrainingState | None:
    """The checkpoint that is gone on from, if there is one."""
    state = load_state(checkpoint)
    if (checkpoint.parent / "codec").is_dir():
        raise InputError(f"{out}: was learned with --codec frame; add that to go on.")
    if state is None and is_choreographer(out):
        raise InputError(
            f"{out}: holds a finished choreographer without its checkpoint; choose another folder."
        )
    if state is not None and any(state.values.get(k) != v for k, v in made_of.items()):
        raise InputError(
            f"{out}: holds a choreographer of other clips, options or version; choose another "
            "folder."
        )
    return state


def _tracks(
    paths: list[Path], estimator: str, progress: ProgressCallback
) -> tuple[list[PoseTrack], Fraction]:
    """The tracks, steadied where a camera moved, and the first one's frame rate."""
    tracks, fps = [], Fraction(25)
    for number, path in enumerate(paths):
        source = load_source(path, estimator=estimator, progress=progress)
        track = source.track
        if source.clip is not None:
            camera, _ = find_camera(path, track, progress=progress)
            if camera is not None and len(camera) == len(track):
                track = steadied(track, camera)
        if number == 0:
            exact = Fraction(track.fps).limit_denominator(1001)
            fps = source.clip.fps if source.clip is not None else exact
        tracks.append(track)
        progress(Progress("reading the dances", number + 1, len(paths), "clips"))
    return tracks, fps


def _ours(out: Path) -> bool:
    only_preview = out.is_dir() and {path.name for path in out.iterdir()} <= {"preview.png"}
    return is_choreographer(out) or (out / "checkpoint" / "motion").is_dir() or only_preview
