"""Clips of people that nobody has filmed, and what is made of them: for `benchmarks/detector.py`.

    python benchmarks/detector_people.py FOLDER [--count 32] [--steps 50]

Sample performers whose bodies, clothes, rooms and cameras are drawn by chance; half of the cameras
blur what moves, and draw soft and sharpened pictures.  Of each person, two dances come into
FOLDER/real; a performer learned from the first one dances the second, untrained and after some
steps of learning, into FOLDER/fake.  What is there already is not made again.
"""

from __future__ import annotations

import argparse
import colorsys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.options import PerformOptions, TrainPerformerOptions
from dancenow.pose import PoseTrack
from dancenow.sample.dances import DANCES
from dancenow.sample.kinematics import Proportions
from dancenow.sample.looks import Look
from dancenow.sample.rooms import RoomLook
from dancenow.sample.stage import SampleStage
from dancenow.video import open_writer
from dancenow.workflows.perform import perform
from dancenow.workflows.train_performer import train_performer

Picture = NDArray[np.float32]

SIZE, FPS = 320, 25
EXPOSURES: Final = 4  # of a frame, if its shutter never closed
SECONDS: Final = (6.0, 4.0)  # of what is learned, of what is danced


def colour(rng: np.random.Generator, saturation: float = 1.0) -> str:
    """Any colour, `#rrggbb`."""
    hsv = rng.uniform(), saturation * rng.uniform(0.1, 0.9), rng.uniform(0.15, 0.95)
    return "#" + "".join(f"{round(255 * c):02x}" for c in colorsys.hsv_to_rgb(*hsv))


def look(rng: np.random.Generator) -> Look:
    """Somebody in a room."""
    skin = np.array([0xF4, 0xCF, 0xB0]) * np.array([1, 0.97, 0.93]) ** rng.uniform(0, 12)
    dress, bust = rng.uniform() < 0.2, rng.uniform() < 0.5
    places = rng.permutation([-1.6, -1.0, 1.1, 1.7])
    at_the_wall = (("window", 1.7, 1.1), ("picture", 1.7, 0.6), ("shelf", 1.55, 0.9))
    on_the_floor = (("plant", 0.0, 1.1), ("lamp", 0.0, 1.6), ("arch", 0.0, 1.15))
    things = [*rng.permutation(3)[:2], *rng.permutation(3)[:1] + 3]
    room = RoomLook(
        str(rng.choice(["bricks", "panels", "wallpaper", "plaster"])),
        (colour(rng, 0.6), colour(rng, 0.6)),
        str(rng.choice(["planks", "parquet", "tiles"])),
        (colour(rng, 0.7), colour(rng, 0.7)),
        colour(rng, 0.4),
        tuple(
            (kind, float(x), y, size * float(rng.uniform(0.8, 1.1)))
            for (kind, y, size), x in zip(
                ((*at_the_wall, *on_the_floor)[k] for k in things), places, strict=False
            )
        ),
        colour(rng),
        (float(rng.uniform(-0.6, 0.6)), 0.8, 0.6),
        str(rng.choice(["#fff0dc", "#ffe9cc", "#fff6ea", "#eef4ff"])),
    )
    return Look(
        Proportions(
            height=float(rng.uniform(1.55, 1.85)), legs=float(rng.uniform(0.48, 0.54)),
            shoulders=float(rng.uniform(0.31, 0.39)), hips=float(rng.uniform(0.185, 0.215)),
            girth=float(rng.uniform(0.88, 1.15)),
        ),
        room,
        skin="#" + "".join(f"{round(c):02x}" for c in skin), hair=colour(rng, 0.6),
        iris=colour(rng), lips="#b8665a",
        hair_style=str(rng.choice(["short", "bun", "afro", "cap"])),
        top="dress" if dress else str(rng.choice(["tshirt", "hoodie", "tank"])),
        top_colour=colour(rng), top_second=colour(rng),
        pattern=str(rng.choice(["stripes", "star", "band", "dots"])),
        sleeves=float(rng.uniform(0, 1.9)), bottom_colour=colour(rng),
        legs_covered=float(rng.uniform(0.6, 0.9) if dress else rng.uniform(0.8, 1.95)),
        loose=0.0 if dress else float(rng.uniform(0, 0.022)), shoes=colour(rng),
        soles=colour(rng, 0.5), socks=colour(rng, 0.3), waist=float(rng.uniform(0.112, 0.15)),
        bust=bool(bust), home=float(rng.uniform(-0.35, 0.35)),
    )  # fmt: skip


@dataclass(frozen=True)
class Camera:
    """How somebody is filmed.

    Attributes:
        grain: standard deviation of its noise, 0..255.
        crf: how strongly its file is compressed.
        exposures: how many of the `EXPOSURES` of a frame its shutter is open for.
        softness: standard deviation of its blur, pixels.
        sharpening: how much of what blur takes away it adds again.
    """

    grain: float
    crf: int
    exposures: int = 1
    softness: float = 0.0
    sharpening: float = 0.0

    def take(self, exposed: Picture, rng: np.random.Generator) -> NDArray[np.uint8]:
        """A frame, `(H, W, 3)` RGB 0..255, of the exposures `(N, H, W, 3)`: their mean light."""
        frame = np.sqrt((exposed**2).mean(0))
        if self.softness:
            frame = cv2.GaussianBlur(frame, (0, 0), self.softness)
            frame += self.sharpening * (frame - cv2.GaussianBlur(frame, (0, 0), 1.0))
        frame = frame + self.grain * rng.standard_normal(frame.shape)
        return np.asarray(frame.round().clip(0, 255), np.uint8)


def film(folder: Path, number: int) -> None:
    """Two dances of person `number`, and their true poses."""
    rng = np.random.default_rng(number)
    stage = SampleStage(look(rng), SIZE)
    camera = Camera(float(rng.choice([0.0, 0.0, 2.0, 4.0])), int(rng.integers(16, 26)))
    dances = rng.permutation(list(DANCES))[: len(SECONDS)].tolist()
    if number % 2:
        camera = replace(
            camera, exposures=int(rng.integers(2, EXPOSURES)),
            softness=float(rng.uniform(0.4, 1.0)), sharpening=float(rng.uniform(0, 1.5)),
        )  # fmt: skip
    for take, (dance, seconds) in enumerate(zip(dances, SECONDS, strict=True)):
        clip = folder / f"p{number:02}-{take}.mp4"
        if clip.exists():
            continue
        poses = list(stage.poses(dance, seconds=seconds, fps=EXPOSURES * FPS, seed=number))
        frames = [poses[at : at + camera.exposures] for at in range(0, len(poses), EXPOSURES)]
        keypoints = np.stack([stage.keypoints(frame[len(frame) // 2]) for frame in frames])
        PoseTrack(keypoints, FPS, (SIZE, SIZE)).save(clip.with_suffix(".npz"))
        with open_writer(clip, fps=FPS, crf=camera.crf) as writer:
            for frame in frames:
                exposed = np.stack([stage.draw(pose) for pose in frame]).astype(np.float32)
                writer.write(camera.take(exposed, rng))


def make(folder: Path, number: int, steps: int) -> None:
    """The same person made to dance, untrained and learned."""
    first, second = (folder / "real" / f"p{number:02}-{take}" for take in range(2))
    known = TrainPerformerOptions(poses=first.with_suffix(".npz"), consent="yes", logger="none")
    ways = {"look": replace(known, minutes=0), "fast": replace(known, steps=steps)}
    for how, options in ways.items():
        out = folder / "fake" / f"p{number:02}-{how}-{second.name}.mp4"
        if out.exists():
            continue
        learned = folder / "people" / f"p{number:02}-{how}"
        train_performer(first.with_suffix(".mp4"), learned, options)
        perform(learned, second.with_suffix(".npz"), out, PerformOptions())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--steps", type=int, default=50)
    chosen = parser.parse_args()
    for name in ("real", "fake", "people"):
        (chosen.folder / name).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(partial(film, chosen.folder / "real"), range(chosen.count)):
            pass
    for number in range(chosen.count):
        make(chosen.folder, number, chosen.steps)
        print(f"{number + 1} of {chosen.count}", flush=True)


if __name__ == "__main__":
    main()
