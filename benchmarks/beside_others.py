"""How fast work goes on a free machine and beside other work, in one run, through the commands.

    python benchmarks/beside_others.py [--seconds 20] [--rounds 3] [--before OTHER/CHECKOUT/src]

Laptops are never idle.  Each kind of work is measured on a free machine, beside a process that
keeps one core busy, and beside a detection of poses.  Rates are steps of training, frames, and
seconds of dance, a second.  Medians over the rounds are printed, as a table or with --json as JSON.
`--before` measures another checkout of DanceNow in turn with this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from figures import keep_figures

NEIGHBOURS = ("free", "busy", "detection")
SOURCE = Path(__file__).resolve().parents[1] / "src"


class Bench:
    """The commands of one checkout, and what they need, made once in a folder."""

    def __init__(self, source: Path, folder: Path, seconds: float) -> None:
        self.source, self.folder, self.seconds = source, folder, seconds
        self.count = 0
        folder.mkdir()

    def command(self, *words: object, neighbour: bool = False) -> dict[str, Any]:
        """Run a command; what it printed with `--json`."""
        done = subprocess.run(
            [sys.executable, "-m", "dancenow", *map(str, words), "--json"],
            env=self.environment(neighbour),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr[-500:]}")
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def environment(self, neighbour: bool = False) -> dict[str, str]:
        """Its own code and cache; a neighbour finds nothing that was done before."""
        cache = tempfile.mkdtemp(dir=self.folder) if neighbour else str(self.folder / "cache")
        return {**os.environ, "PYTHONPATH": str(self.source), "DANCENOW_CACHE": cache}

    def prepare(self) -> None:
        """Render a performer, and learn what performing, composing and dreaming need."""
        self.clip, self.track = self.folder / "zola.mp4", self.folder / "zola.pose.npz"
        self.command("sample", "-o", self.clip, "--performer", "zola", "--seconds", 16)
        self.person, self.moves, self.pictures = (
            self.folder / name for name in ("person", "moves", "pictures")
        )
        self.command("train", "performer", self.clip, "-o", self.person, "--steps", 5)
        learn = ("train", "choreographer")
        self.command(
            *learn, self.track, "-o", self.moves, "--codec", "pose", "--preset", "tiny",
            "--steps", 5,
        )  # fmt: skip
        self.command(*learn, self.clip, "-o", self.pictures, "--steps", 20)

    def _minutes(self) -> float:
        return self.seconds / 60

    def _new(self) -> Path:
        self.count += 1
        return self.folder / f"made-{self.count}"

    def learning_a_person(self) -> float:
        made = self.command(
            "train", "performer", self.clip, "-o", self._new(), "--minutes", self._minutes()
        )
        return float(made["steps"] / made["seconds"])

    def learning_motion(self) -> float:
        made = self.command(
            "train", "choreographer", self.track, "-o", self._new(), "--codec", "pose",
            "--minutes", self._minutes(),
        )  # fmt: skip
        return float(made["steps"] / made["seconds"])

    def performing(self) -> float:
        made = self.command("perform", self.person, self.track, "-o", f"{self._new()}.mp4")
        return float(made["frames"] / made["times"]["perform"])

    def composing(self) -> float:
        made = self.command("generate", self.moves, "-o", f"{self._new()}.npz", "--seconds", 60)
        return 60 / float(made["times"]["compose"])

    def dreaming(self) -> float:
        made = self.command("generate", self.pictures, "-o", f"{self._new()}.mp4", "--seconds", 16)
        return 16 / float(made["times"]["generate"])

    def work(self) -> dict[str, Callable[[], float]]:
        """All kinds of work, by name."""
        return {
            "learning a person, steps/s": self.learning_a_person,
            "learning motion, steps/s": self.learning_motion,
            "performing, frames/s": self.performing,
            "composing, s of dance/s": self.composing,
            "dreaming, s of dance/s": self.dreaming,
        }


@contextmanager
def neighbour(kind: str, bench: Bench) -> Iterator[None]:
    """Another process at work while the block runs."""
    if kind == "free":
        yield
        return
    code = "while True: pass"
    if kind == "detection":
        code = (
            "import itertools, pathlib, sys\n"
            "from dancenow.pose.estimators import make_estimator\n"
            "from dancenow.video import read_frames\n"
            "for _ in itertools.count():\n"
            "    frames = read_frames(pathlib.Path(sys.argv[1]))\n"
            "    for _ in make_estimator('mediapipe').stream(frames): pass\n"
        )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(bench.clip)],
        env=bench.environment(neighbour=True),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each training")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--before", type=Path, help="the src folder of another checkout")
    parser.add_argument("--beside", nargs="+", choices=NEIGHBOURS, default=NEIGHBOURS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sources = {"now": SOURCE} | ({"before": arguments.before} if arguments.before else {})
        benches = {
            name: Bench(source, Path(scratch) / name, arguments.seconds)
            for name, source in sources.items()
        }
        for bench in benches.values():
            bench.prepare()
        rates: dict[str, list[float]] = {}
        for _ in range(arguments.rounds):
            for kind in arguments.beside:
                for name, bench in benches.items():
                    with neighbour(kind, bench):
                        for work, measure in bench.work().items():
                            key, rate = f"{work}|{name}|{kind}", measure()
                            rates.setdefault(key, []).append(rate)
                            print(f"{key}: {rate:.2f}", file=sys.stderr, flush=True)
    medians = {key: median(values) for key, values in rates.items()}
    if arguments.json:
        print(json.dumps(medians))
        return
    keep_figures("beside", "rates", medians)
    names = list(sources)
    print("| work | " + " | ".join(f"{n}, {k}" for n in names for k in arguments.beside) + " |")
    print("| --- |" + " --- |" * (len(names) * len(arguments.beside)))
    for work in next(iter(benches.values())).work():
        cells = [f"{medians[f'{work}|{n}|{k}']:.2f}" for n in names for k in arguments.beside]
        print(f"| {work} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
