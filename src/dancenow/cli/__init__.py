"""The command line.  It has no logic of its own: every command calls a function of `workflows`."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any, NoReturn

import typer

from dancenow.cli.apps import app
from dancenow.cli.building import with_flags
from dancenow.cli.commands import FIELDS
from dancenow.errors import DanceNowError, DanceNowWarning, InputError
from dancenow.files import full_disk, is_full
from dancenow.names import printable
from dancenow.processes import ENDINGS, end_process, is_secondary_process, share_heaps

# Errors of the system that speak of a path as the user gave it.
_NAMES = {errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
_RIGHTS = {errno.EACCES, errno.EPERM, errno.EROFS}
_STOPPED = 128 + signal.SIGINT  # the exit status after Ctrl-C


def _fail(message: str, status: int) -> NoReturn:
    if not is_secondary_process():
        print(f"dancenow: {printable(with_flags(message, FIELDS))}", file=sys.stderr)
    end_process(status)


def _usage(error: Any) -> str:
    """Click's message in one line, and where the options are listed."""
    message = " ".join(error.format_message().split()).replace("Value error, ", "").rstrip(".")
    command = getattr(getattr(error, "ctx", None), "command_path", "dancenow")
    return f"{message}; `{command} -h` lists what there is."


class _ShowOnce:
    """Shows each of our warnings in one line, once: a clip is read several times."""

    def __init__(self) -> None:
        self._shown: set[str] = set()

    def __call__(self, message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        text = str(message)
        if not issubclass(category, DanceNowWarning) or text in self._shown:
            return
        self._shown.add(text)
        if not is_secondary_process():
            print(f"dancenow: warning: {printable(with_flags(text, FIELDS))}", file=sys.stderr)


class _Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP: shutdown, or a closed terminal."""


def _end_as_ctrl_c_does() -> list[int]:
    """Make SIGTERM and SIGHUP save like Ctrl-C; received signals are added to the returned list."""
    came: list[int] = []

    def end(number: int, _: object) -> None:
        came.append(number)
        raise _Ended

    for number in ENDINGS[1:]:
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` ignores SIGHUP
            signal.signal(number, end)
    return came


def _tell_all() -> None:
    """Show what is logged, such as a damaged file of the cache that is made anew."""
    shown = logging.StreamHandler()
    shown.setFormatter(logging.Formatter("dancenow: %(message)s"))
    own = logging.getLogger("dancenow")
    own.addHandler(shown)
    own.setLevel(logging.INFO)


def main() -> None:
    """Run the command line, and exit with the documented status."""
    share_heaps()
    came = _end_as_ctrl_c_does()
    verbose = any(word in ("-v", "--verbose") for word in sys.argv[1:])
    if verbose:
        _tell_all()
    else:
        warnings.showwarning = _ShowOnce()
    warnings.simplefilter("always", DanceNowWarning)
    # Not of its parent, which sets its own level when it is imported.
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)
    try:
        status = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):  # older Typers turn Ctrl-C into Abort
        status = _STOPPED
        for number in ENDINGS[1:]:  # it is ending: `timeout` asks twice
            signal.signal(number, signal.SIG_IGN)
    except DanceNowError as error:
        if verbose:
            traceback.print_exc()
        _fail(str(error), 2 if isinstance(error, InputError) else 1)
    except OSError as error:
        if verbose:
            traceback.print_exc()
        place = os.fsdecode(error.filename or "") or "the disk"
        if is_full(error):
            _fail(str(full_disk(Path(place))), 2)
        if error.errno in _NAMES | _RIGHTS and error.filename:
            _fail(f"{place}: cannot be used ({error.strerror}).", 2)
        _fail(f"{type(error).__name__}: {error} (-v shows where)", 1)
    except Exception as error:
        show = getattr(error, "show", None)
        if callable(show):  # Click's usage errors
            if type(error).__name__ == "NoArgsIsHelpError":
                show()
                sys.exit(2)
            _fail(_usage(error), int(getattr(error, "exit_code", 2)))
        if verbose:
            traceback.print_exc()
        _fail(f"{type(error).__name__}: {error} (-v shows where)", 1)
    if status == _STOPPED:  # newer Typers return this on Ctrl-C
        status = 128 + came[0] if came else _STOPPED
        _fail("stopped; if it was training, the same command resumes it.", status)
    end_process(status if isinstance(status, int) else 0)
