"""Sound for a dance: a click on every beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.sample.dances import find_dance


def click_track(
    dance: str, seconds: float, seed: int = 0, rate: int = 44100
) -> NDArray[np.float32]:
    """Clicks on a dance's beats, every fourth one higher, each with a soft kick.

    Args:
        dance: name of the dance.
        seconds: length.
        seed: varies the noise in the clicks, not the beats.
        rate: samples a second.

    Returns:
        float32 `(N,)`, mono, -1..1, `N = round(seconds * rate)`.

    Raises:
        InputError: there is no such dance, or length or rate is not above 0.
    """
    beat = find_dance(dance).beat
    if not (np.isfinite(seconds) and seconds > 0 and rate > 0):
        raise InputError(f"{seconds} s at {rate} samples/s: both must be above 0.")
    count = round(seconds * rate)
    out = np.zeros(count, dtype=np.float32)
    length = round(0.12 * rate)
    t = np.arange(length) / rate
    noise = np.random.default_rng(seed).normal(size=length)
    for k in range(int(np.ceil(seconds / beat))):
        start = round(k * beat * rate)
        if start >= count:
            break
        pitch = 1320.0 if k % 4 == 0 else 880.0
        click = 0.5 * np.sin(2 * np.pi * pitch * t) * np.exp(-t / 0.012)
        kick = (
            0.35 * np.sin(2 * np.pi * (55 * t + 2.2 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.05)
        )
        sound = click + kick + 0.06 * noise * np.exp(-t / 0.004)
        piece = out[start : start + length]
        piece += sound[: len(piece)].astype(np.float32)
    return np.clip(out, -1.0, 1.0)
