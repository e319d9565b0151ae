"""Somebody else dances what your camera sees, while it sees it.

A clip plays in the camera's place here, and the picture goes into a clip.  For a camera give its
number, "0", as the source, and leave out the output: a window opens, and q ends it.

Put your own clips into runs/live: `camera.mp4`, and `me.mp4`, who dances.  Sample performers stand
in for what is missing.
"""

from pathlib import Path

import dancenow
from dancenow import LiveOptions, TrainPerformerOptions


def main(folder: Path, steps: int | None = None) -> None:
    """Work in `folder`; with a number of `steps` to see quickly that it runs."""
    me = clip(folder / "me.mp4", "zola", "house")
    camera = clip(folder / "camera.mp4", "mika", "groove")
    learning = TrainPerformerOptions(minutes=2)
    if steps is not None:
        learning = TrainPerformerOptions(preset="tiny", steps=steps)
    dancenow.train_performer(me, folder / "me", learning)

    before_blue = LiveOptions(background="navy", seconds=60)
    live = dancenow.perform_live(folder / "me", str(camera), folder / "live.mp4", before_blue)

    print(live.summary())  # frames a second, and how late each one is shown


def clip(path: Path, performer: str, dance: str) -> Path:
    """Your own clip; where there is none, a sample performer's."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        dancenow.write_sample(path, dancenow.SampleOptions(performer=performer, dance=dance))
    return path


if __name__ == "__main__":
    main(Path("runs/live"))
