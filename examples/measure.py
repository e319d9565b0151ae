"""How good is a performer?  The end of a clip is held out, painted, and compared with the truth.

Put your own clip into runs/measure as `me.mp4`; a sample performer stands in where it is missing.
A page with all figures and some frames is left in `report/`.
"""

from pathlib import Path

import dancenow
from dancenow import EvaluatePerformerOptions, SampleOptions, TrainPerformerOptions


def main(folder: Path, steps: int | None = None) -> None:
    """Work in `folder`; with a number of `steps` to see quickly that it runs."""
    me = folder / "me.mp4"
    if not me.exists():
        folder.mkdir(parents=True, exist_ok=True)
        dancenow.write_sample(me, SampleOptions(performer="zola", dance="house"))
    learning = TrainPerformerOptions(hold_out=0.2, minutes=2)
    if steps is not None:
        learning = TrainPerformerOptions(hold_out=0.2, preset="tiny", steps=steps)

    dancenow.train_performer(me, folder / "me", learning)
    kept = EvaluatePerformerOptions(report=folder / "report", keep=folder / "repeated.mp4")
    measured = dancenow.evaluate_performer(folder / "me", me, kept)

    start, stop = measured.span
    print(f"frames {start} to {stop - 1}, {measured.seen}")
    if (person := measured.scores.person) is not None:  # None: nobody is seen there
        print(f"inside the person's box: PSNR {person.psnr:.1f} dB, SSIM {person.ssim:.2f}")
    for part, distance in measured.scores.pose.distance_percent.items():
        if distance is not None:
            print(f"{part}: {distance:.1f} % of the body's height away from the true pose")
    print(f"painted at {measured.fps_performed:.1f} frames a second")


if __name__ == "__main__":
    main(Path("runs/measure"))
