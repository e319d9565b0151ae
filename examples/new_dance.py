"""A dance that nobody danced: learned from several dances, composed to music, performed.

Put your own files into runs/new_dance: some minutes of clips, tracks or motion captures into
`dances/`, a sound file as `music.wav`, and `me.mp4`, who dances.  Sample performers, and the clicks
that they dance to, stand in for what is missing.
"""

from pathlib import Path

import dancenow
from dancenow import GenerateOptions, SampleOptions, TrainChoreographerOptions

SAMPLES = (("mika", "house"), ("zola", "disco"), ("bo", "groove"), ("lin", "wave"))


def main(folder: Path, steps: int | None = None) -> None:
    """Work in `folder`; with a number of `steps` to see quickly that it runs."""
    me, music = folder / "me.mp4", folder / "music.wav"
    if not me.exists():
        sample(me, "zola", "house")
    dances = sorted(folder.glob("dances/*")) or [
        sample(folder / "samples" / f"{dance}.mp4", dancer, dance) for dancer, dance in SAMPLES
    ]
    motion = TrainChoreographerOptions(codec="pose", minutes=2)
    person = dancenow.TrainPerformerOptions(minutes=2)
    if steps is not None:
        motion = TrainChoreographerOptions(codec="pose", preset="tiny", steps=steps)
        person = dancenow.TrainPerformerOptions(preset="tiny", steps=steps)

    dancenow.train_choreographer(dances, folder / "style", motion)
    dancenow.train_performer(me, folder / "me", person)
    heard = music if music.exists() else me  # the sound of a clip will do
    to_music = GenerateOptions(music=heard, performer=(folder / "me",), seed=7)
    made = dancenow.generate(folder / "style", folder / "new_dance.mp4", to_music)

    print(made.summary())


def sample(path: Path, performer: str, dance: str) -> Path:
    """Render a sample clip; returns its true track."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return dancenow.write_sample(path, SampleOptions(performer=performer, dance=dance)).track


if __name__ == "__main__":
    main(Path("runs/new_dance"))
