"""Learn a person once, then let them dance anything, before anything.

Put your own clips into runs/learn_once: `me.mp4`, and what I am to dance as `dancer.mp4` and
`other.mp4`.  Sample performers stand in for what is missing.  The performer is left in `me/`: run
the script again, and nothing is learned twice.
"""

from pathlib import Path

import dancenow
from dancenow import PerformOptions, TrainPerformerOptions


def main(folder: Path, steps: int | None = None) -> None:
    """Work in `folder`; with a number of `steps` to see quickly that it runs."""
    me = clip(folder / "me.mp4", "zola", "house")
    dancer = clip(folder / "dancer.mp4", "mika", "groove")
    other = clip(folder / "other.mp4", "bo", "wave")
    learning = TrainPerformerOptions(minutes=2)
    if steps is not None:
        learning = TrainPerformerOptions(preset="tiny", steps=steps)
    green, nothing = PerformOptions(background="#20c060"), PerformOptions(background="transparent")

    dancenow.train_performer(me, folder / "me", learning, progress=tell)
    dancenow.perform(folder / "me", dancer, folder / "at_home.mp4", progress=tell)
    dancenow.perform(folder / "me", other, folder / "on_green.mp4", green, progress=tell)
    dancenow.perform(folder / "me", other, folder / "cut_out.webm", nothing, progress=tell)


def tell(event: dancenow.Progress) -> None:
    """Print how far the work is."""
    print(f"{event.stage}: {event.done:.0f} of {event.total} {event.unit} {event.note}")


def clip(path: Path, performer: str, dance: str) -> Path:
    """Your own clip; where there is none, a sample performer's."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        dancenow.write_sample(path, dancenow.SampleOptions(performer=performer, dance=dance))
    return path


if __name__ == "__main__":
    main(Path("runs/learn_once"))
