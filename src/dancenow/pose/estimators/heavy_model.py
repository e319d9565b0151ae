"""MediaPipe's larger pose model, BlazePose heavy, which its package does not contain."""

from __future__ import annotations

import os
import urllib.request
from functools import cache
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from dancenow.errors import OutputError
from dancenow.files import write_bytes

_PLACE: Final = "modules/pose_landmark/pose_landmark_heavy.tflite"
_PATIENCE: Final = 5.0  # seconds; a network that keeps silent for longer counts as none
_KIND: Final = (slice(4, 8), b"TFL3")  # where a TensorFlow Lite file says what it is


def pose_model() -> str:
    """The name of the model that finds poses, unless it must be quick."""
    return "heavy" if has_heavy_model() else "full"


@cache
def has_heavy_model() -> bool:
    """Whether the heavy model lies in MediaPipe's folder; if not, it is fetched from Google.

    Where there is no network, or the folder cannot be written, there is none.  A download that
    breaks off leaves nothing behind, unlike MediaPipe's own.
    """
    package = find_spec("mediapipe")
    assert package is not None and package.origin is not None
    path = Path(package.origin).parent / _PLACE
    if path.is_file():
        return True
    if not os.access(path.parent, os.W_OK):
        return False
    from mediapipe.python.solutions import download_utils

    address = f"{download_utils._GCS_URL_PREFIX}{path.name}"
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
            model = answer.read()
        where, kind = _KIND
        if model[where] != kind:  # the log-in page of some network
            return False
        write_bytes(path, model)
    except (OSError, HTTPException, OutputError):
        return False
    return True
