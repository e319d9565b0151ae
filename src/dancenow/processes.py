"""The processes that train together: who speaks for them, and how each of them ends."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def end_process(status: int) -> NoReturn:
    """End this process; one of several that trained together ends at once.

    There, PyTorch's gloo can still have threads when the interpreter is torn down, which aborts a
    process that has done everything right.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def is_secondary_process() -> bool:
    """Whether another of the processes that train together speaks for this one.

    `torchrun` tells every process its RANK; Lightning, which starts the others itself, tells the
    place on the machine and the machine's number.
    """
    if "RANK" in os.environ:
        return os.environ["RANK"] != "0"
    return any(os.environ.get(name, "0") != "0" for name in ("LOCAL_RANK", "NODE_RANK"))
