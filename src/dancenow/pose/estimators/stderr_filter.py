"""Keeping a C++ library's log lines off the user's terminal."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MEDIAPIPE: Final = re.compile(
    rb"inference_feedback_manager|landmark_projection_calculator|XNNPACK delegate"
    rb"|before absl::InitializeLog|gl_context"
)
"""What MediaPipe's threads log when they start, and when the first person is seen."""

# File descriptor 2 belongs to the whole process, so only one thread at a time may redirect it.
_FD_LOCK = threading.RLock()


@contextmanager
def drop_stderr_lines(noise: re.Pattern[bytes]) -> Iterator[None]:
    """Drop the lines that match `noise` from file descriptor 2 while the block runs.

    C++ code writes there directly, past `sys.stderr`.  All output is held back during the block;
    the lines that do not match are written afterwards, so no other writer loses anything.
    """
    with _FD_LOCK:
        try:
            terminal = os.dup(2)
        except OSError:  # standard error is closed: nothing to keep clean
            yield
            return
        with tempfile.TemporaryFile() as held:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(held.fileno(), 2)
            try:
                yield
            finally:
                if sys.stderr is not None:
                    sys.stderr.flush()
                os.dup2(terminal, 2)
                os.close(terminal)
                held.seek(0)
                for line in held:
                    if not noise.search(line):
                        os.write(2, line)
