"""Make what DanceNow ships of its sample performers: clips, their true tracks, trained dancers.

    .venv/bin/python scripts/make_samples.py [--folder FOLDER] [--work FOLDER]

Clips and tracks come out the same on every machine with the same encoder, the dancers nearly so:
their training goes by steps and a seed, but sums in parallel.  What an interrupted run has
rendered or trained in the work folder is used again.  On two cores it takes about half an hour.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dancenow import consent
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.files import atomic_folder, make_folder
from dancenow.options import SampleOptions, TrainChoreographerOptions, TrainPerformerOptions
from dancenow.performer import Performer
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.small import save_small
from dancenow.pose import PoseTrack
from dancenow.progress import Progress
from dancenow.sample import dance_track
from dancenow.sample.shipped import (
    CLIPS,
    DANCERS,
    FOLDER,
    FPS,
    MOVES,
    PX,
    SECONDS,
    clip_path,
    dancer_path,
    moves_path,
    track_path,
)
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_choreographer import train_choreographer
from dancenow.workflows.train_performer import train_performer

LEARNED_SECONDS = 16.0  # of the clip that a dancer is trained on
STEPS = 300  # about two minutes on two idle cores, five on busy ones
MOVES_SECONDS = 60.0  # of each dance that is learned as motion
MOVES_STEPS = 1500  # about three minutes on two idle cores
_STEP = 1 / 64  # pixels: to this, the coordinates of shipped tracks are rounded
_DEPTH_STEP = 1 / 4096  # body heights


def main(arguments: list[str] | None = None) -> int:
    """Make everything; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where to (default: the package)"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("runs/samples"), help="for what is not shipped"
    )
    options = parser.parse_args(arguments)
    for performer, dance in CLIPS:
        make_clip(performer, dance, options.work, options.folder)
    for performer in DANCERS:
        make_dancer(performer, options.work, options.folder)
    make_moves(options.work, options.folder)
    made = (options.folder / name for name in ("clips", "dancers", "moves"))
    files = sorted(path for folder in made for path in folder.rglob("*") if path.is_file())
    for path in files:
        print(f"{path.stat().st_size:>10,} {path.relative_to(options.folder)}")
    print(f"{sum(path.stat().st_size for path in files):>10,} in all")
    return 0


def make_clip(performer: str, dance: str, work: Path, folder: Path) -> None:
    """Render a clip in the work folder, and copy it and its rounded track to the shipped ones."""
    rendered = render(performer, dance, SECONDS, work)
    goal, track = clip_path(folder, performer, dance), track_path(folder, performer, dance)
    make_folder(goal.parent)
    shutil.copyfile(rendered, goal)
    rounded(PoseTrack.load(rendered.with_suffix(".pose.npz"))).save(track)


def make_dancer(performer: str, work: Path, folder: Path) -> None:
    """Train a dancer on the first dance that is shipped of them, and store it small."""
    dance = next(dance for name, dance in CLIPS if name == performer)
    clip = render(performer, dance, LEARNED_SECONDS, work)
    training = TrainPerformerOptions(
        preset="fast", steps=STEPS, poses=clip.with_suffix(".pose.npz"), device="cpu"
    )
    trained = train_performer(clip, work / performer, training, progress=tell)
    loaded = Performer.load(trained.folder)
    assert isinstance(loaded, FastPerformer)
    goal = dancer_path(folder, performer)
    make_folder(goal.parent)
    with atomic_folder(goal) as temporary:
        save_small(loaded, temporary)
        consent.record(temporary, consent.OF_SAMPLES, who="")


def make_moves(work: Path, folder: Path) -> None:
    """Train a choreographer on the sample dances, a style each, and store it small."""
    make_folder(work)
    styles = []
    for performer, dance in MOVES:
        track = work / f"{performer}-{dance}-{MOVES_SECONDS:g}s.npz"
        dance_track(performer, dance, seconds=MOVES_SECONDS, fps=FPS).save(track)
        styles.append(f"{dance}={track}")
    options = TrainChoreographerOptions(
        codec="pose", preset="fast", steps=MOVES_STEPS, device="cpu", style=tuple(styles)
    )
    made = train_choreographer([], work / "moves", options, progress=tell)[0]
    assert isinstance(made, PoseChoreographer)
    goal = moves_path(folder)
    with atomic_folder(goal) as temporary:
        made.save(temporary, torch.float16)


def render(performer: str, dance: str, seconds: float, work: Path) -> Path:
    """A rendered clip in the work folder, its true track beside it; made if it is not there."""
    clip = work / f"{performer}-{dance}-{seconds:g}s.mp4"
    if not (clip.is_file() and clip.with_suffix(".pose.npz").is_file()):
        make_folder(work)
        options = SampleOptions(performer=performer, dance=dance, seconds=seconds, size=PX, fps=FPS)
        write_sample(clip, options, progress=tell)
    return clip


def rounded(track: PoseTrack) -> PoseTrack:
    """A track whose numbers compress well: to `_STEP` and `_DEPTH_STEP`."""
    keypoints = track.keypoints.copy()
    keypoints[..., :2] = np.round(keypoints[..., :2] / _STEP) * _STEP
    depth = track.depth
    if depth is not None:
        depth = (np.round(depth / _DEPTH_STEP) * _DEPTH_STEP).astype(np.float32)
    return replace(track, keypoints=keypoints, depth=depth)


def tell(event: Progress) -> None:
    """Print every hundredth frame or step, and the last one."""
    if event.done % 100 == 0 or event.done == event.total:
        print(f"{event.stage}: {event.done} {event.unit}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
