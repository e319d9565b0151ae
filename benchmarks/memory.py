"""Peak memory of every long verb on a long clip, which this script makes.

    python benchmarks/memory.py [--minutes 10] [--source CLIP] [--verbs pose,train] [--work DIR]

The clip is 1920 x 1080 at 25 frames/s: a sample performer's dance (or a given clip), repeated.
Prints, for each verb, the most memory that it held at once: its own, and with the files that are
mapped into it, which the system takes back when it needs room.  Both are looked at every 50 ms,
over the process and those that it started.  What is measured is written into
`memory.json` (see `figures.py`); verbs that are left out stay in it as they were.  With `--work`
the clip and what verbs made of it stay there, for those that are measured another time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext, suppress
from pathlib import Path

import av
import psutil

from dancenow.sample import render_sample
from dancenow.video import open_writer, probe, read_frames
from figures import keep_figures

SIZE, FPS = (1920, 1080), 25
EVERY = 0.05  # seconds

# In this order each finds what it needs.
VERBS = {
    "pose": "pose long.mp4 -o track.npz",
    "train": "train performer long.mp4 -o performer --steps 20 --device cpu",
    "perform": "perform performer long.mp4 -o performed.mp4 --device cpu",
    "moves": "train choreographer long.mp4 -o moves --codec pose --steps 20 --device cpu",
    "pictures": "train choreographer long.mp4 -o dream --steps 20 --device cpu",
    "evaluate": "evaluate clip performed.mp4 long.mp4",
    "export": "export-motion long.mp4 -o exported",
}


def make_clip(path: Path, minutes: float, source: Path | None) -> int:
    """Write the long clip; gives its number of frames."""
    if source is None:
        dance = render_sample("zola", "groove", seconds=2, size=(960, 540), fps=FPS)
        source = path.with_name("short.mp4")
        with open_writer(source, fps=FPS) as writer:
            for frame, _ in dance:
                writer.write(frame)
    once = path.with_name("once.mp4")
    with open_writer(once, fps=FPS, size=SIZE, crf=28) as writer:
        for frame in read_frames(source, size=SIZE):
            writer.write(frame)
    return repeat(once, path, round(60 * minutes * FPS))


def repeat(source: Path, path: Path, least: int) -> int:
    """Write a clip several times over, without encoding it anew; gives the number of frames."""
    with av.open(str(source)) as once, av.open(str(path), "w") as goal:
        stream = goal.add_stream_from_template(once.streams.video[0])
        packets = [packet for packet in once.demux(video=0) if packet.dts is not None]
        times = -(-least // len(packets))
        length = sum(packet.duration for packet in packets)
        for number in range(times):
            for each in packets:
                packet = av.Packet(bytes(each))
                packet.stream, packet.time_base = stream, each.time_base
                packet.is_keyframe, packet.duration = each.is_keyframe, each.duration
                packet.pts, packet.dts = (at + number * length for at in (each.pts, each.dts))
                goal.mux(packet)
    return times * len(packets)


def measured(command: list[str], folder: Path) -> tuple[int, float, float]:
    """The exit status of a command, and the most MiB it held: its own, and with mapped files."""
    env = {**os.environ, "DANCENOW_CACHE": str(folder / "cache")}
    own = mapped = 0.0
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.DEVNULL) as process:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            with suppress(psutil.Error):
                seen = [each.memory_info() for each in (root, *root.children(recursive=True))]
                held = sum(each.rss for each in seen)
                shared = sum(getattr(each, "shared", 0) for each in seen)
                own, mapped = max(own, (held - shared) / 2**20), max(mapped, held / 2**20)
            time.sleep(EVERY)
    return process.returncode, own, mapped


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--verbs", default=",".join(VERBS))
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    with nullcontext(options.work) if options.work else tempfile.TemporaryDirectory() as name:
        folder, clip = Path(name).resolve(), Path(name) / "long.mp4"
        folder.mkdir(parents=True, exist_ok=True)
        known = clip.exists()
        frames = probe(clip).frames if known else make_clip(clip, options.minutes, options.source)
        print(f"{frames} frames of {SIZE[0]} x {SIZE[1]}")
        for verb in options.verbs.split(","):
            start = time.perf_counter()
            command = [sys.executable, "-m", "dancenow", *VERBS[verb].split()]
            status, own, mapped = measured(command, folder)
            rate = frames / (time.perf_counter() - start)
            failed = "" if status in (0, 1) else f", status {status}"
            print(f"{verb:9} {own:6.0f} MiB of its own, {mapped:6.0f} with mapped files,", end=" ")
            print(f"{rate:5.1f} frames/s{failed}", flush=True)
            if not failed:
                found = {"minutes": options.minutes, "own_mib": round(own),
                         "mapped_mib": round(mapped)}  # fmt: skip
                keep_figures("memory", verb, found)


if __name__ == "__main__":
    main()
