"""The processes that train together: who speaks for them, and how each of them ends."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def end_process(status: int) -> NoReturn:
    """Exit; a process of distributed training exits without tearing down the interpreter.

    PyTorch's gloo may still have threads then, and tearing down would abort a process that has
    succeeded.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def is_secondary_process() -> bool:
    """Whether this is a process of distributed training other than the first, which reports.

    `torchrun` sets RANK; Lightning, when it starts the others itself, sets LOCAL_RANK and
    NODE_RANK.
    """
    if "RANK" in os.environ:
        return os.environ["RANK"] != "0"
    return any(os.environ.get(name, "0") != "0" for name in ("LOCAL_RANK", "NODE_RANK"))
