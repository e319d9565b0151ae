"""Decoding rate of `read_frames` against the bare PyAV loop, on the same clip, in turns.

    python benchmarks/decode.py CLIP [--repeats N]

The bare loop decodes with as many threads and turns every frame into an RGB array of its stored
size, which is the least that any reader in RGB must do.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av

from dancenow.video import probe, read_frames
from figures import keep_figures


def bare(path: Path) -> int:
    """Decode to RGB with PyAV alone; returns the number of frames."""
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            frame.to_ndarray(format="rgb24")
            count += 1
    return count


def ours(path: Path) -> int:
    """Decode with `read_frames`; returns the number of frames."""
    return sum(1 for _ in read_frames(path))


def run(read: Callable[[Path], int], path: Path) -> tuple[float, float]:
    """One run: frames a second, and ms of processor time a frame, which other load hardly moves."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    count = read(path)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    return count / seconds, 1000 * cpu / count


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()

    begin = time.perf_counter()
    info = probe(arguments.clip)
    probing = time.perf_counter() - begin
    width, height = info.size
    print(f"{info.path.name}: {width} x {height}, {info.frames} frames, {float(info.fps):.3f} fps")
    print(f"probe: {1000 * probing:.1f} ms")

    readers = {"bare PyAV": bare, "read_frames": ours}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
    for _ in range(arguments.repeats):  # in turns, so that both meet the same load
        for name, read in readers.items():
            runs[name].append(run(read, arguments.clip))
    medians = {}
    for name, figures in runs.items():
        rates = [rate for rate, _ in figures]
        medians[name] = statistics.median(rates)
        cpu = statistics.median(cpu for _, cpu in figures)
        print(
            f"{name}: {medians[name]:.1f} frames/s (median of {len(rates)}, {min(rates):.1f} to "
            f"{max(rates):.1f}), {cpu:.2f} ms of processor time a frame"
        )
    ratio = medians["read_frames"] / medians["bare PyAV"]
    print(f"ratio: {ratio:.2f}")
    found = {"width": width, "height": height, "frames_a_second": medians["read_frames"],
             "of_a_bare_loop": ratio}  # fmt: skip
    keep_figures("rates", f"decode {info.path.name}", found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory: {peak / (1 << (20 if sys.platform == 'darwin' else 10)):.0f} MiB")


if __name__ == "__main__":
    main()
