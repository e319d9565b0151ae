"""Onsets and beats of a sound.

Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36(1), 2007.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelmax, get_window

Array = NDArray[np.float64]
Samples = NDArray[np.float32]

HOP: Final = 512  # samples from each onset strength to the next
_WINDOW: Final = 2048  # samples, of the spectrogram
_AT_ONCE: Final = 2048  # windows whose spectrum is held at a time
_BANDS: Final = 128
_LOW: Final = 150.0  # hertz
_HIGH: Final = 2500.0
_FLOOR: Final = 80.0  # dB below the loudest; what is quieter counts as silent
_DELAY: Final = _WINDOW // (2 * HOP)  # hops by which a window sees a stroke before its middle does
_TIGHT: Final = 100.0  # weight of an even pulse against strong onsets
_SMOOTH: Final = 1 / 32  # of a beat: standard deviation of the smoothing


class Onsets(NamedTuple):
    """How much louder each moment is than the one before, `rate / HOP` times a second.

    Float32 `(1 + N // HOP,)` each.

    Attributes:
        strength: the mean over mel bands of the rise in dB.
        low: the rise in amplitude below 150 Hz: kick drum and bass.
        middle: likewise from there to 2500 Hz: snare drum and voices, but hardly a hi-hat.
    """

    strength: Samples
    low: Samples
    middle: Samples


def find_onsets(samples: Samples, rate: int) -> Onsets:
    """The onsets of a sound.

    Args:
        samples: mono, float32 `(N,)`, -1..1.
        rate: samples a second.
    """
    padded = np.pad(samples, _WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP]
    window = get_window("hann", _WINDOW).astype(np.float32)
    bands = _mel_bands(rate).T
    # The spectrum is fifty times as large as the sound, so it is computed in pieces.
    power = np.concatenate(
        [
            np.abs(rfft(windows[start : start + _AT_ONCE] * window)) ** 2 @ bands
            for start in range(0, len(windows), _AT_ONCE)
        ]
    )
    loud = 10 * np.log10(np.maximum(power, 1e-10))
    loud = np.maximum(loud, loud.max() - _FLOOR)
    low, high = (int(np.searchsorted(_band_edges(rate)[1:-1], hertz)) for hertz in (_LOW, _HIGH))
    rises = [np.maximum(np.diff(loud, axis=0), 0).mean(axis=1)]
    for part in (slice(low), slice(low, high)):
        rises.append(np.maximum(np.diff(np.sqrt(power[:, part].sum(axis=1))), 0))
    padded_rises = (np.pad(rise, (1 + _DELAY, 0))[: len(windows)] for rise in rises)
    return Onsets(*(rise.astype(np.float32) for rise in padded_rises))


def _mel_bands(rate: int) -> Samples:
    """Triangular bands, evenly spaced in mel (O'Shaughnessy, 1987), of a power spectrum."""
    edges = _band_edges(rate)
    hertz = np.fft.rfftfreq(_WINDOW, 1 / rate)
    up = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    bands: Samples = np.clip(np.minimum(up, down), 0, None).astype(np.float32)
    return bands


def _band_edges(rate: int) -> Array:
    """Where the mel bands begin, peak and end, in hertz."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges: Array = 700 * (10 ** (np.linspace(0, top, _BANDS + 2) / 2595) - 1)
    return edges


def track_beats(onsets: NDArray[Any], period: float) -> NDArray[np.int64]:
    """The beats that are evenly spaced and on strong onsets, ascending.

    Args:
        onsets: strengths `(N,)`.
        period: of the pulse, in onsets.

    Returns:
        Indices of onsets.
    """
    spread = float(onsets.std())
    if spread == 0:
        return np.empty(0, np.int64)
    strength = gaussian_filter1d(onsets.astype(np.float64) / spread, period * _SMOOTH)
    lags = np.arange(max(1, round(period / 2)), round(2 * period) + 1)
    uneven = -_TIGHT * np.log(lags / period) ** 2
    score, before = strength.copy(), np.full(len(strength), -1)
    for here in range(lags[0], len(strength)):
        reach = min(len(lags), here - lags[0] + 1)
        passed = score[here - lags[:reach]] + uneven[:reach]
        best = int(passed.argmax())
        if passed[best] > 0:  # otherwise the beats begin here
            score[here] += passed[best]
            before[here] = here - lags[best]
    peaks = argrelmax(score)[0]
    if not len(peaks):
        return np.empty(0, np.int64)
    beats = [int(peaks[score[peaks] >= np.median(score[peaks]) / 2][-1])]
    while before[beats[-1]] >= 0:
        beats.append(int(before[beats[-1]]))
    return np.array(beats[::-1], np.int64)
