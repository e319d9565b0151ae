"""Change a motion with numpy before somebody dances it, and take it to an animation program.

Put your own clips into runs/edit_motion: `dancer.mp4`, whose motion is used, and `me.mp4`, who
dances it.  Sample performers stand in for what is missing.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

import dancenow


def main(folder: Path, steps: int | None = None) -> None:
    """Work in `folder`; with a number of `steps` to see quickly that it runs."""
    dancer = clip(folder / "dancer.mp4", "mika", "groove")
    me = learned(folder, steps)

    track = dancenow.detect(dancer)  # .keypoints: float32 (T, 137, 3), x, y, confidence
    slow = replace(track.resample(2 * track.fps), fps=track.fps)  # twice the frames, half as fast
    keypoints = slow.mirror().keypoints.copy()
    keypoints[..., 0] += np.linspace(0, 0.1 * track.size[0], len(keypoints))[
        :, None
    ]  # to the right
    slow.with_keypoints(keypoints).save(folder / "edited.npz")
    dancenow.perform(me, folder / "edited.npz", folder / "edited.mp4")

    motion = folder / "motion.bvh"  # Blender reads and writes this
    dancenow.write_pose(dancer, motion)
    from_the_left = dancenow.PerformOptions(camera="90")
    dancenow.perform(me, motion, folder / "from_the_left.mp4", from_the_left)


def learned(folder: Path, steps: int | None) -> Path:
    """The folder of a performer who learned `me.mp4`."""
    options = dancenow.TrainPerformerOptions(minutes=2)
    if steps is not None:
        options = dancenow.TrainPerformerOptions(preset="tiny", steps=steps)
    me = clip(folder / "me.mp4", "zola", "house")
    return dancenow.train_performer(me, folder / "me", options).folder


def clip(path: Path, performer: str, dance: str) -> Path:
    """Your own clip; where there is none, a sample performer's."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        dancenow.write_sample(path, dancenow.SampleOptions(performer=performer, dance=dance))
    return path


if __name__ == "__main__":
    main(Path("runs/edit_motion"))
