"""Spoil good files by chance, and read each in a process of its own that is watched.

    python tests/attacks/fuzz.py --seed 7 --count 1000 --keep runs/fuzz

A reader may take a file or refuse it in one line; it must not crash, hang, take much memory, show
control characters, or leave anything behind.  What fails is kept, with its command.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import psutil
from doors import CASES, DOORS, Door, make_good_files, pack_person
from mutations import mutated

MEMORY: Final = 2 << 30  # bytes beyond what the parent has
SECONDS: Final = 60.0
MODULES: Final = ("dancenow.cli", "dancenow.workflows.perform", "dancenow.workflows.pose",
                   "dancenow.workflows.generate", "dancenow.workflows.compose",
                   "dancenow.workflows.train_performer", "dancenow.workflows.verify",
                   "dancenow.performer.fast.performer", "dancenow.studio.archive",
                   "torch._dynamo", "mediapipe")  # fmt: skip
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Failure:
    """An input that was not read as it must be.

    Attributes:
        number: of the input in its round.
        door: its name.
        why: what went wrong.
        told: the last lines of standard error.
    """

    number: int
    door: str
    why: str
    told: str


@dataclass(frozen=True)
class Ended:
    """How a process ended: its status, or why it was ended; and what it printed as errors."""

    status: int | None
    why: str
    told: str


def prepared(folder: Path) -> None:
    """Write the good files, and what reading each leaves in the cache."""
    os.environ["DANCENOW_CACHE"] = str(folder / "cache")
    make_good_files(folder)
    pack_person(folder)
    shutil.copytree(CASES, folder / "cases")
    shutil.copyfile(folder / "x.mp4", folder / "signed.mp4")
    with contextlib.suppress(Exception):  # without it, `verify` has less to read
        from dancenow.credentials import Claim, Made, Origin, sign

        sign(folder / "signed.mp4", Claim(Made.transfer, Origin.composite), title="signed.mp4")


@contextlib.contextmanager
def good_files(given: Path | None) -> Iterator[Path]:
    """The folder of good files, or one that is made for the while."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="fuzz-good-") as folder:
        # In a process of its own: what has computed must not be forked.
        subprocess.run([sys.executable, __file__, "--prepare", folder], check=True)
        yield Path(folder)


def warm_up(*more: str) -> None:
    """Import what the readers need, and more modules, once for all forked processes."""
    for name in (*MODULES, *more):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def fuzz(good: Path, seed: int, count: int, keep: Path | None = None) -> Iterator[Failure | None]:
    """Read `count` spoiled files; yields a failure or None for each.

    Args:
        good: the folder that `prepared` filled.
        seed: decides everything.
        count: how many.
        keep: where the failing ones are kept.
    """
    warm_up()
    for number in range(count):
        yield one(good, seed, number, keep)


def unspoiled(good: Path, door: Door) -> str:
    """What is wrong with how a good file is read; "" if nothing is."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        work = Path(scratch, "work")
        shutil.copytree(good, work)
        ended = _read(door, work)
    return ended.why or ("" if ended.status == 0 else f"status {ended.status}: {ended.told}")


def one(good: Path, seed: int, number: int, keep: Path | None = None) -> Failure | None:
    """Read one spoiled file: the same for the same seed and number."""
    chance = random.Random(f"{seed} {number}")
    door = chance.choices(DOORS, [each.weight for each in DOORS])[0]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        work = Path(scratch, "work")
        shutil.copytree(good, work)
        file = work / door.file
        file.write_bytes(mutated(file.read_bytes(), door.kind, chance))
        spoiled = file.read_bytes()
        before = {path.relative_to(work) for path in work.rglob("*")}
        ended = _read(door, work)
        why = ended.why or _wrong(door, ended, work, before)
    if not why:
        return None
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{seed}-{number}-{file.name}").write_bytes(spoiled)
        (keep / f"{seed}-{number}.txt").write_text(
            f"{door.name}\n{why}\n{ended.told}\n", errors="backslashreplace"
        )
    return Failure(number, door.name, why, "\n".join(ended.told.splitlines()[-3:]))


def _read(door: Door, work: Path) -> Ended:
    """Read a file in a forked process, which is ended if it takes too long or too much memory."""
    read, write = os.pipe()
    base = psutil.Process().memory_info().rss
    pid = os.fork()
    if pid == 0:
        os.close(read)
        in_child(work, write, lambda: _called(door, work))
    os.close(write)
    process, begun, why = psutil.Process(pid), time.monotonic(), ""
    told = bytearray()
    os.set_blocking(read, False)
    with os.fdopen(read, "rb", buffering=0) as pipe:
        while True:
            with contextlib.suppress(BlockingIOError):
                told += pipe.read(1 << 20) or b""
            done, state = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            with contextlib.suppress(psutil.Error):
                if process.memory_info().rss > base + MEMORY:
                    why = "it took more than 2 GB of memory"
            if time.monotonic() - begun > SECONDS:
                why = f"it took more than {SECONDS:.0f} s"
            if why:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                state = 0
                break
            time.sleep(0.02)
        told += pipe.read(1 << 20) or b""
    status = os.waitstatus_to_exitcode(state)
    if status < 0:
        why = f"it was ended by {signal.Signals(-status).name}"
    return Ended(status, why, told.decode("utf-8", "surrogateescape"))


def in_child(work: Path, told: int, call: Callable[[], int]) -> NoReturn:
    """Call something in a process that was just forked, and end it.

    Args:
        work: the folder to work in; the cache and temporary files are there, too.
        told: the descriptor that takes what is printed as errors.
        call: returns the exit status, or raises `SystemExit`.
    """
    status = 99
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor, what in ((0, null), (1, null), (2, told)):
            os.dup2(what, descriptor)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False, errors="backslashreplace")  # noqa: SIM115
        os.chdir(work)
        os.environ["DANCENOW_CACHE"] = str(work / "cache")
        os.environ["DANCENOW_CREDENTIALS"] = str(work / "credentials")
        os.environ["TMPDIR"] = tempfile.tempdir = str(work)
        status = call()
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(status)


def command_line(words: Sequence[str]) -> int:
    """Run the command line; it ends the process itself."""
    from dancenow.cli import main

    sys.argv = ["dancenow", *words]
    main()
    return 0


def _called(door: Door, work: Path) -> int:
    from dancenow.errors import InputError

    if not callable(door.command):
        return command_line([word.replace("{}", door.file) for word in door.command])
    try:
        door.command(work / door.file)
    except InputError as error:
        print(f"dancenow: {error}", file=sys.stderr)
        return 2
    return 0


def _wrong(door: Door, ended: Ended, work: Path, before: set[Path]) -> str:
    """What is wrong with how a process ended; "" if nothing is."""
    lines = [line for line in ended.told.splitlines() if line.startswith("dancenow: ")]
    errors = [line for line in lines if not line.startswith("dancenow: warning: ")]
    if ended.status not in door.statuses:
        return f"status {ended.status}"
    if ended.status == 2 and len(errors) != 1:
        return f"status 2 with {len(errors)} lines"
    if "Traceback" in ended.told or "-v shows where" in ended.told:
        return "a raw error"
    if any(_CONTROL.search(line) for line in lines):
        return "control characters"
    left = {path.relative_to(work) for path in work.rglob("*")} - before
    if found := [path for path in left if ".part" in path.name or path.name.startswith("tmp")]:
        return f"left behind: {found[0]}"
    if ended.status == 2 and (made := [p for p in left if p.name.startswith("out.")]):
        return f"refused, but made: {made[0]}"
    return ""


def main() -> int:
    """Run a round; returns 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--keep", type=Path, default=Path("runs/fuzz"))
    parser.add_argument("--only", type=int, help="one number of the round")
    parser.add_argument("--good", type=Path, help="a folder that --prepare filled")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.prepare is not None:
        prepared(chosen.prepare)
        return 0
    failures, begun = 0, time.monotonic()
    with good_files(chosen.good) as good:
        warm_up()
        for door in DOORS:
            if why := unspoiled(good, door):
                print(f"the good file of {door.name!r} is not taken: {why}")
                return 1
        if chosen.only is not None:
            print(one(good, chosen.seed, chosen.only, chosen.keep))
            return 0
        for number, failure in enumerate(fuzz(good, chosen.seed, chosen.count, chosen.keep), 1):
            if failure is not None:
                failures += 1
                print(
                    f"{failure.number} {failure.door}: {failure.why}\n  {failure.told!a}",
                    flush=True,
                )
            if number % 100 == 0:
                spent = time.monotonic() - begun
                print(f"{number} read, {failures} failed, {spent:.0f} s", flush=True)
    print(f"{chosen.count} spoiled files read with seed {chosen.seed}: {failures} failed")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
