"""Kill every long verb at chance moments, and see that the next call goes on or begins cleanly.

    python tests/attacks/killing.py --seed 7 --kills 200 --asked 40 --full 20

After each: what was finished is still there and whole, no file is half, the same command ends well,
and nothing unfinished is left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from fuzz import command_line, good_files, in_child, warm_up
from PIL import Image
from safetensors import safe_open

from dancenow.errors import InputError

MORE: Final = (
    "dancenow.workflows.transfer",
    "dancenow.workflows.batch",
    "dancenow.performer.edn.training",
    "dancenow.choreographer.dancenet.method",
)
SECONDS: Final = 240.0  # that a call may take
CPU: Final = ("--device", "cpu")


@dataclass(frozen=True)
class Verb:
    """A long command.

    Attributes:
        name: of it.
        command: its words, or what does the same in Python; files are those of `make_good_files`.
        fresh: whether the cache is empty before it, so that all is prepared anew.
        makes: what is there when it has ended.
    """

    name: str
    command: tuple[str, ...] | Callable[[], int]
    makes: str
    fresh: bool = False


def _train(target: str, folder: str, *more: str) -> tuple[str, ...]:
    return ("train", "performer", target, "-o", folder, *CPU, *more)


def _studio() -> int:
    """A studio in which somebody learns a person; one that was interrupted goes on."""
    from dancenow.studio.config import StudioConfig
    from dancenow.studio.job import JobState
    from dancenow.studio.service import StudioService

    person = {"folder": str(Path("studio/owners/me/person").absolute()), "steps": 4,
              "material": str(Path("x.mp4").absolute()), "preset": "tiny", "minutes": None,
              "device": "cpu", "seed": 0}  # fmt: skip
    service = StudioService(StudioConfig(Path("studio")))
    queue = service.queue
    try:
        known = queue.jobs_of("me")
        job = known[0] if known else queue.submit("me", "learn_person", {"person": person}, "Bo")
        if job.state.resumable:
            job = queue.resume("me", job.id)
        while job.state.active:
            time.sleep(0.02)
            job = queue.get("me", job.id) or job
        if job.error:
            print(f"dancenow: {job.error}", file=sys.stderr)
        return 0 if job.state is JobState.done else 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except InputError as error:
        print(f"dancenow: {error}", file=sys.stderr)
        return 2
    finally:
        queue.close()


VERBS: Final = (
    Verb("train on", _train("x.mp4", "P", "--preset", "tiny", "--steps", "8"), "P/config.json"),
    Verb("train", _train("x.mp4", "new", "--preset", "tiny", "--steps", "4"), "new/config.json",
         fresh=True),
    Verb("train edn", _train("x.mp4", "edn", "--preset", "edn-tiny", "--steps", "4"),
         "edn/config.json", fresh=True),
    Verb("learn poses", ("train", "choreographer", "long.pose.npz", "-o", "moves", *CPU, "--codec",
                         "pose", "--preset", "tiny", "--steps", "6"), "moves/config.json"),
    Verb("learn pictures", ("train", "choreographer", "long.mp4", "-o", "dream", *CPU, "--codec",
                            "frame", "--preset", "tiny", "--steps", "6"), "dream/config.json"),
    Verb("find poses", ("pose", "long.mp4", "-o", "out.npz"), "out.npz", fresh=True),
    Verb("perform", ("perform", "P", "x.pose.npz", "-o", "out.mp4", *CPU), "out.mp4"),
    Verb("transfer", ("transfer", "t.npz", "x.mp4", "-o", "out.mp4", *CPU, "--preset", "tiny",
                      "--steps", "4"), "out.mp4", fresh=True),
    *(Verb(f"perform {name}", ("perform", "P", "x.pose.npz", "-o", name, "--background",
                               background, *CPU), name)
      for name, background in (("out.webm", "transparent"), ("out.mov", "transparent"),
                               ("out.gif", "white"), ("pictures out", "white"))),
    Verb("learn a detector", ("train", "detector", "x.mp4", "--fake", "long.mp4", "-o", "T2",
                              "--steps", "4", *CPU), "T2/config.json", fresh=True),
    Verb("detect", ("detect", "long.mp4", "--with", "T", *CPU), "T/config.json", fresh=True),
    Verb("export motion", ("export-motion", "long.mp4", "-o", "conditions", *CPU), "conditions",
         fresh=True),
    Verb("studio", _studio, "studio/owners/me/person/config.json", fresh=True),
    Verb("compose", ("compose", "plan.toml", "-o", "out.mp4", "--performer", "P", *CPU), "out.mp4"),
    Verb("generate", ("generate", "D", "-o", "out.mp4", "--performer", "P", "--seconds", "2", *CPU),
         "out.mp4"),
    Verb("batch", ("batch", "batch.toml", "-o", "out", "--jobs", "1"), "out"),
)  # fmt: skip


@dataclass(frozen=True)
class Kill:
    """How a call was ended, and what was wrong afterwards; "" if nothing."""

    number: int
    verb: str
    how: str
    wrong: str


def plan(
    seed: int, verbs: list[Verb], kills: int, asked: int, full: int
) -> Iterator[tuple[Verb, str, float]]:
    """Verbs, how each is ended ("SIGKILL", "SIGTERM", "SIGINT", "full"), and when: 0 to 1."""
    chance = random.Random(seed)
    ways = ["SIGKILL"] * kills + ["SIGTERM", "SIGINT"] * (asked // 2) + ["full"] * full
    chance.shuffle(ways)
    for number, how in enumerate(ways):
        if number % len(verbs) == 0:
            chance.shuffle(verbs)
        yield verbs[number % len(verbs)], how, chance.random()


def one(good: Path, number: int, verb: Verb, how: str, moment: float, lasts: float) -> Kill:
    """End a verb in its midst, and call it again.

    Args:
        good: the folder that `fuzz.prepared` filled.
        number: of the kill.
        verb: the verb.
        how: see `plan`.
        moment: when, 0 to 1 of what it lasts; of a full disk, how much fits.
        lasts: seconds.
    """
    with tempfile.TemporaryDirectory(prefix="kill-") as scratch:
        work = Path(scratch, "work")
        shutil.copytree(good, work)
        if verb.fresh:
            shutil.rmtree(work / "cache")
        (work / "cache").mkdir(exist_ok=True)
        if verb.makes == "out.mp4":
            shutil.copyfile(work / "v.mp4", work / "out.mp4")  # an older result
        finished = _steps(work)
        status, told = _call(verb, work, how, moment * lasts if how != "full" else moment)
        wrong = _after(how, status, told) or _half(work) or _lost(work, finished)
        if not wrong:
            status, told = _call(verb, work, "", 0.0)
            lines = [line for line in told.splitlines() if line.startswith("dancenow: ")]
            wrong = f"then status {status}: {lines[-1:]} {told[-300:]}" if status != 0 else ""
        wrong = wrong or _half(work) or _missing(work, verb) or _left(work)
        return Kill(number, verb.name, f"{how} at {moment:.2f}", wrong)


def lasting(good: Path, verb: Verb) -> float:
    """Seconds that a verb takes undisturbed."""
    with tempfile.TemporaryDirectory(prefix="kill-") as scratch:
        work = Path(scratch, "work")
        shutil.copytree(good, work)
        if verb.fresh:
            shutil.rmtree(work / "cache")
        begun = time.monotonic()
        status, told = _call(verb, work, "", 0.0)
        assert status == 0, f"{verb.name}: {told[-500:]}"
        assert not _missing(work, verb), verb.name
        return time.monotonic() - begun


def _call(verb: Verb, work: Path, how: str, moment: float) -> tuple[int, str]:
    """The exit status of a verb, below 0 if a signal ended it, and what it printed as errors."""
    log = work.parent / "told"
    pid = os.fork()
    if pid == 0:
        told = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        if how == "full":  # no file may be larger, as on a disk that is full by then
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            most = int(2 ** (10 + 12 * moment))
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        words = verb.command
        in_child(work, told, words if callable(words) else lambda: command_line(words))
    begun, sent = time.monotonic(), False
    while True:
        done, state = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        spent = time.monotonic() - begun
        if how.startswith("SIG") and not sent and spent >= moment:
            os.killpg(pid, getattr(signal, how))
            sent = True
        if spent > SECONDS:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 99, "it took too long"
        time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError):  # its workers
        os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(state), log.read_text(errors="replace")


def _after(how: str, status: int, told: str) -> str:
    """What is wrong with how a call ended."""
    if how == "SIGKILL":
        return ""
    if "Traceback" in told:
        return f"a traceback: {told[-300:]}"
    right = {
        "SIGTERM": (0, 128 + signal.SIGTERM, -signal.SIGTERM),  # before the command line is there
        "SIGINT": (0, 128 + signal.SIGINT),
        "full": (0, 1, 2),
    }[how]
    if status not in right:
        return f"status {status}: {told[-300:]}"
    if how == "full" and status:
        line = [line for line in told.splitlines() if line.startswith("dancenow: ")][-1:]
        known = "no space left" in str(line) or "free" in str(line) or "failed" in told
        return "" if known and (status == 2 or "batch" in told) else f"status {status}: {line}"
    return ""


def _steps(work: Path) -> dict[Path, int]:
    """How far the trainings in a folder are."""
    return {
        path.relative_to(work): json.loads(path.read_text())["values"]["step"]
        for path in work.glob("**/checkpoint/**/state.json")
    }


def _lost(work: Path, finished: dict[Path, int]) -> str:
    now = _steps(work)
    lost = {str(path): step for path, step in finished.items() if now.get(path, -1) < step}
    return f"lost: {lost}" if lost else ""


def _half(work: Path) -> str:
    """The first file that is not whole; those that are not finished do not count."""
    for path in sorted(work.rglob("*")):
        unfinished = any(".part" in part for part in path.relative_to(work).parts)
        if unfinished or not path.is_file() or path.is_relative_to(work / "cases"):
            continue
        try:
            _read(path)
        except Exception as error:
            return f"half: {path.relative_to(work)} ({type(error).__name__}: {error})"
    return ""


def _read(path: Path) -> None:
    if path.suffix in (".json", ".of"):
        json.loads(path.read_text("utf-8"))
    elif path.suffix == ".npz":
        with np.load(path) as file:
            dict(file)
    elif path.suffix == ".npy":
        np.load(path, mmap_mode="r")
    elif path.suffix == ".safetensors":
        with safe_open(path, "numpy") as tensors:
            tensors.keys()
    elif path.suffix in (".png", ".jpg"):
        with Image.open(path) as picture:
            picture.load()
    elif path.suffix in (".mp4", ".webm", ".mov", ".gif"):
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)) > 0


def _missing(work: Path, verb: Verb) -> str:
    return "" if (work / verb.makes).exists() else f"missing: {verb.makes}"


def _left(work: Path) -> str:
    left = [str(path.relative_to(work)) for path in work.rglob("*.part*")]
    return f"left behind: {left[:3]}" if left else ""


def main() -> int:
    """Carry out a plan; returns 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--good", type=Path, help="a folder that fuzz.py --prepare filled")
    parser.add_argument("--only", help="names of verbs, with commas between")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--asked", type=int, default=40, help="SIGTERM and SIGINT")
    parser.add_argument("--full", type=int, default=20, help="full disks")
    chosen = parser.parse_args()
    wrong, begun = 0, time.monotonic()
    with good_files(chosen.good) as good:
        warm_up(*MORE)
        verbs = [verb for verb in VERBS if verb.name in (chosen.only or verb.name).split(",")]
        lasts = {verb.name: lasting(good, verb) for verb in verbs}
        print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in lasts.items()), flush=True)
        moments = plan(chosen.seed, verbs, chosen.kills, chosen.asked, chosen.full)
        for number, (verb, how, moment) in enumerate(moments):
            kill = one(good, number, verb, how, moment, lasts[verb.name])
            if kill.wrong:
                wrong += 1
                print(f"{number} {kill.verb}, {kill.how}: {kill.wrong}", flush=True)
            if (number + 1) % 20 == 0:
                spent = time.monotonic() - begun
                print(f"{number + 1} ended, {wrong} wrong, {spent:.0f} s", flush=True)
    total = chosen.kills + chosen.asked + chosen.full
    print(f"{total} calls ended in their midst with seed {chosen.seed}: {wrong} went wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
