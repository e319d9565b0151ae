"""Processes: what systems do differently, and which one of distributed training reports.

Windows has neither sessions nor SIGHUP: nothing but this module names what one system lacks.
"""

from __future__ import annotations

import _thread
import ctypes
import hashlib
import multiprocessing
import os
import platform
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, lru_cache
from multiprocessing import resource_tracker
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, NoReturn, cast

import psutil

ENDINGS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that ask a process to end: Ctrl-C first, then shutdown, a closed terminal."""


_TRIM_THRESHOLD: Final = -1  # glibc's parameters of mallopt
_MMAP_MAX: Final = -4
_ARENA_MAX: Final = -8
_ARENAS: Final = "MALLOC_ARENA_MAX"  # glibc's name of it in the environment
_HEAPS: Final = 4
_HERE: Final = -100  # AT_FDCWD: names are relative to the working folder
_EXCHANGE: Final = 2  # RENAME_EXCHANGE
_NONE: Final = -(10**9)
_SAME_START: Final = 500  # hundredths of a second by which a clock that is set may move a start


def try_lock(path: Path) -> Callable[[], None] | None:
    """Lock a file of its own for this process, until it is released or the process ends.

    Args:
        path: the file; it holds nothing.

    Returns:
        What releases it; None if somebody else has it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except (OSError, NotImplementedError):
        pass  # a file system without locks
    return lambda: lock.release(force=True)


def swap(one: Path, other: Path) -> bool:
    """Let two files or folders of one file system change names at once; False where none can."""
    renameat2 = _of_glibc("renameat2")
    if renameat2 is None:
        return False
    first, second = os.fsencode(one.absolute()), os.fsencode(other.absolute())
    return renameat2(_HERE, first, _HERE, second, _EXCHANGE) == 0


def this_process() -> str:
    """A name for this process that tells, on this machine, whether it is still running."""
    return f"{_machine()}-{os.getpid()}-{_started(os.getpid()) or 0}"


def is_running(name: str) -> bool:
    """Whether a process that `this_process` named may still run; one of another machine may."""
    _, pid, started = name.split("-")
    if not is_of_this_machine(name) or started == "0":
        return True
    now = _started(int(pid))
    return now is None or abs(now - int(started)) <= _SAME_START


def is_of_this_machine(name: str) -> bool:
    """Whether `this_process` named a process of this machine since its last start."""
    return name.split("-")[0] == _machine()


@cache
def _machine() -> str:
    """This machine as long as it runs, and the part of it in which processes have their numbers."""
    about = [platform.node()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        with suppress(OSError):
            link = Path(path).is_symlink()
            about.append(str(Path(path).readlink()) if link else Path(path).read_text())
    return hashlib.blake2b(repr(about).encode(), digest_size=4).hexdigest()


def _started(pid: int) -> int | None:
    """When a process started, in hundredths of a second; -1 if there is none, None if unknown."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return _NONE
        told = Path(f"/proc/{pid}/stat")
        if told.exists():  # Linux, by the clock since the start, which nobody sets
            return int(told.read_text().rpartition(")")[2].split()[19])
        return int(100 * process.create_time())
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return _NONE
    except (psutil.Error, OSError, OverflowError, ValueError, IndexError):
        return None


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Let this process keep freed memory instead of returning large blocks to the system.

    By default glibc maps every block above 32 MB anew and the system clears it page by page, which
    for the gradients of a large network takes longer than computing them.  No effect without glibc.

    Returns:
        Whether anything was changed.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, 2**31 - 1))


def share_heaps() -> None:
    """Let the threads of this process, and of those that it starts, share four heaps from now on.

    By default glibc gives every thread its own, up to eight a core, and what one has freed is of no
    use to the others: memory grows with every segment of a clip.  With fewer, frames that one
    thread makes and another frees lie among small blocks, and painting takes more.  No effect
    without glibc, nor where the user has set `MALLOC_ARENA_MAX`.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None and _ARENAS not in os.environ:
        os.environ[_ARENAS] = str(_HEAPS)
        mallopt(_ARENA_MAX, _HEAPS)


def return_freed_memory() -> None:
    """Give back to the system what was freed, and kept for use in this or other threads.

    Without this, memory grows with every network or graph that is made and thrown away, and what
    `keep_freed_memory` kept stays.  No effect without glibc.
    """
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of glibc's; None where another C library is used."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):
        return cast(Callable[..., int], getattr(ctypes.CDLL(None), name))
    return None


def allow_open_files(count: int) -> None:
    """Let this process have so many files and connections open, as far as the system lets it."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def worker_context(preload: Iterable[str]) -> ForkServerContext | SpawnContext:
    """How worker processes are started: forked from a clean one, where libraries survive that.

    Args:
        preload: modules that they import; where they are forked, they are imported once for all.
    """
    if sys.platform != "linux":  # macOS's libraries do not survive a fork
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


def start_worker(process: BaseProcess) -> None:
    """Start a worker process, which calls `leave_terminal` first.

    Until then Ctrl-C does not reach it, nor what forks it: while they import modules, it would end
    them with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        process.start()
        return
    resource_tracker.ensure_running()  # `process.start` does that, too, and it unblocks Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_terminal() -> None:
    """Let Ctrl-C in the terminal reach those above this process alone, where systems can.

    A worker that was asked to end before this ends here.
    """
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "pthread_sigmask"):
        if signal.SIGINT in signal.sigpending():
            sys.exit(128 + signal.SIGINT)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def interrupt_self() -> None:
    """Do to this process, from any of its threads, what Ctrl-C does."""
    if os.name == "posix":
        os.kill(os.getpid(), signal.SIGINT)
    else:
        _thread.interrupt_main()


def interrupt(process: BaseProcess) -> None:
    """Do to a process what Ctrl-C does; where systems cannot, end it."""
    if os.name == "posix" and process.pid is not None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)
    else:
        process.terminate()


def kill(process: BaseProcess) -> None:
    """Kill a process that has not ended, and those that it started, if it left the terminal."""
    if not process.is_alive():
        return
    if hasattr(os, "killpg") and process.pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def end_process(status: int) -> NoReturn:
    """Exit; in distributed training, without tearing down the interpreter.

    PyTorch's gloo may still have threads running, and teardown would then abort a process that has
    succeeded.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def machine_in_words() -> str:
    """The processor, its cores, the system and Python, for what is measured on it."""
    model, cpuinfo = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        model = next(named, model)
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {model}, {platform.system()}, {python}"


def is_secondary_process() -> bool:
    """Whether this process is not the first one of distributed training, which alone reports.

    `torchrun` sets RANK; if Lightning starts the others itself, it sets LOCAL_RANK and NODE_RANK.
    """
    if "RANK" in os.environ:
        return os.environ["RANK"] != "0"
    return any(os.environ.get(name, "0") != "0" for name in ("LOCAL_RANK", "NODE_RANK"))
