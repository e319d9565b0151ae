"""Two clips in, one out: the person of one dances like the person of the other.

Put your own clips into runs/transfer: `dancer.mp4`, whose motion is used, and `me.mp4`, who is made
to dance.  Sample performers stand in for what is missing.
"""

from pathlib import Path

import dancenow
from dancenow import TransferOptions


def main(folder: Path, steps: int | None = None) -> None:
    """Work in `folder`; with a number of `steps` to see quickly that it runs."""
    dancer = clip(folder / "dancer.mp4", "mika", "groove")
    me = clip(folder / "me.mp4", "zola", "house")
    options = TransferOptions(minutes=2)  # more minutes, a sharper picture
    if steps is not None:
        options = TransferOptions(preset="tiny", steps=steps)

    made = dancenow.transfer(dancer, me, folder / "me_dancing.mp4", options)

    print(made.summary())  # the dancer's frames and sound, in my room


def clip(path: Path, performer: str, dance: str) -> Path:
    """Your own clip; where there is none, a sample performer's."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        dancenow.write_sample(path, dancenow.SampleOptions(performer=performer, dance=dance))
    return path


if __name__ == "__main__":
    main(Path("runs/transfer"))
