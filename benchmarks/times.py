"""How long what README promises takes, from an empty cache, nothing beside.

    python benchmarks/times.py SOURCE TARGET [--only setup demo transfer poses]

SOURCE and TARGET are two clips.  What is measured is written into `times.json` (see
`figures.py`); what is left out of `--only` stays in it as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dancenow.files import size_of
from dancenow.video import probe
from figures import keep_figures

_MINUTES: Final = 5.0


def _dancenow(cache: Path, *words: object) -> tuple[float, Any]:
    """Seconds that a command takes as a process, and what it prints as JSON."""
    env = {**os.environ, "DANCENOW_CACHE": str(cache)}
    command = [sys.executable, "-m", "dancenow", *map(str, words), "--json"]
    begun = time.monotonic()
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return round(time.monotonic() - begun, 1), json.loads(done.stdout.splitlines()[-1])


def _clip(path: Path) -> dict[str, Any]:
    info = probe(path)
    width, height = info.size
    return {"width": width, "height": height, "frames": info.frames,
            "seconds": round(info.frames / float(info.fps), 1)}  # fmt: skip


def setup(_: Path, __: Path, work: Path) -> dict[str, Any]:
    clone, env = work / "clone", {**os.environ, "PIP_CACHE_DIR": str(work / "pip")}
    root = Path(__file__).parents[1]
    subprocess.run(["git", "clone", "--quiet", str(root), str(clone)], check=True)
    begun = time.monotonic()
    subprocess.run(["make", "setup"], cwd=clone, env=env, check=True, capture_output=True)
    spent = time.monotonic() - begun
    return {"seconds": round(spent), "gigabytes": round(size_of(clone / ".venv") / 1e9, 1)}


def demo(_: Path, __: Path, work: Path) -> dict[str, Any]:
    seconds, told = _dancenow(work / "cache", "demo", "--out", work / "demo")
    person = told["scores"]["person"]
    return {
        "seconds": seconds,
        "minutes": round(seconds / 60, 1),
        "psnr": round(person["psnr"], 1),
        "ssim": round(person["ssim"], 2),
    }


def transfer(source: Path, target: Path, work: Path) -> dict[str, Any]:
    out, minutes = work / "out.mp4", _MINUTES
    words = ("transfer", source, target, "-o", out, "--minutes", minutes, "--consent", "yes")
    seconds, told = _dancenow(work / "cache", *words)
    return {
        "seconds": seconds,
        "minutes": round(seconds / 60, 1),
        "learning_minutes": minutes,
        "stages": told["times"],
        "frames": told["frames"],
        "source": _clip(source),
        "target": _clip(target),
    }


def poses(source: Path, _: Path, work: Path) -> dict[str, Any]:
    seconds, _ = _dancenow(work / "cache", "pose", source, "-o", work / "out.npz")
    rate = round(probe(source).frames / seconds, 1)
    return {"seconds": seconds, "frames_per_second": rate, "clip": _clip(source)}


PARTS: Final[dict[str, Callable[[Path, Path, Path], dict[str, Any]]]] = {
    "setup": setup,
    "demo": demo,
    "transfer": transfer,
    "poses": poses,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    chosen = parser.parse_args()
    for name in chosen.only:
        with tempfile.TemporaryDirectory() as folder:
            found = PARTS[name](chosen.source, chosen.target, Path(folder))
        print(name, found, flush=True)
        keep_figures("times", name, found)


if __name__ == "__main__":
    main()
