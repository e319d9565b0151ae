"""Writing WAV files."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dancenow.files import write_bytes


def write_wav(path: Path, samples: NDArray[np.float32], rate: int) -> None:
    """Write a sound as 16-bit PCM, atomically.

    Args:
        path: the file.
        samples: float32 `(N,)`, mono, -1..1.
        rate: samples a second.
    """
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples.clip(-1, 1) * 32767).round().astype("<i2").tobytes())
    write_bytes(path, buffer.getvalue())
