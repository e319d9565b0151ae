"""Processes of distributed training: which one reports, and how each exits."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


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


def is_secondary_process() -> bool:
    """Whether this process is not the first one of distributed training, which alone reports.

    `torchrun` sets RANK; if Lightning starts the others itself, it sets LOCAL_RANK and NODE_RANK.
    """
    if "RANK" in os.environ:
        return os.environ["RANK"] != "0"
    return any(os.environ.get(name, "0") != "0" for name in ("LOCAL_RANK", "NODE_RANK"))
