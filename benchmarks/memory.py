"""Peak memory of `dancenow pose` on a long clip, which this script makes.

    python benchmarks/memory.py [--minutes 10] [--source CLIP]

The clip is 1920 x 1080 at 25 frames/s: a sample performer's dance (or a given clip), repeated.
Prints the peak resident memory of the whole process, as the system counts it, and the rate.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from dancenow.sample import render_sample
from dancenow.video import open_writer, read_frames

SIZE, FPS = (1920, 1080), 25


def make_clip(path: Path, minutes: float, source: Path | None) -> int:
    """Write the long clip; gives its number of frames."""
    total = round(60 * minutes * FPS)
    if source is None:
        dance = render_sample("zola", "groove", seconds=2, size=(960, 540), fps=FPS)
        short = path.with_name("short.mp4")
        with open_writer(short, fps=FPS) as writer:
            for frame, _ in dance:
                writer.write(frame)
        source = short
    written = 0
    with open_writer(path, fps=FPS, size=SIZE, crf=28) as writer:
        while written < total:
            for frame in islice(read_frames(source, size=SIZE), total - written):
                writer.write(frame)
                written += 1
    return written


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--source", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = make_clip(folder / "long.mp4", options.minutes, options.source)
        command = [sys.executable, "-m", "dancenow", "pose", str(folder / "long.mp4")]
        command += ["-o", str(folder / "track.npz")]
        start = time.perf_counter()
        subprocess.run(command, check=True, env={**os.environ, "DANCENOW_CACHE": str(folder / "c")})
        spent = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    megabytes = used / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(f"{frames} frames of {SIZE[0]} x {SIZE[1]}: {frames / spent:.1f} frames/s,", end=" ")
    print(f"peak resident memory {megabytes:.0f} MiB")


if __name__ == "__main__":
    main()
