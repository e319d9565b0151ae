"""The tempo of a sound: which of the periods that it repeats with is the beat.

The autocorrelation of onsets (Ellis, "Beat tracking by dynamic programming", 2007) has a peak at
the beat, and as high ones at its half and its double.  A beat is told from them by what is struck:
on every beat a kick or a snare drum, in between a hi-hat at most; and the bass drum repeats every
one or two beats.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dancenow.music.beats import Onsets, Samples

Array = NDArray[np.float64]

_LEAST: Final = 4.0  # seconds needed to find a pulse
_FAINT: Final = 0.5  # 99th percentile of the onsets; with less, nothing is struck
_TEMPO: Final = (40.0, 220.0)  # beats a minute
_USUAL: Final = 112.0  # beats a minute, around which tempi are likeliest
_OCTAVES: Final = 0.8  # standard deviation of their logarithm
_LEVELS: Final = (
    0.25,
    1 / 3,
    0.5,
    2 / 3,
    1.0,
    1.5,
    2.0,
    3.0,
    4.0,
)  # of the period of the highest peak
_NEAR: Final = 0.04  # how far from them peaks are looked for
_BASS: Final = 0.4  # what the bass drum counts
_PLAIN: Final = 0.15  # what it counts to repeat at all
_AS_WELL: Final = 0.4  # of the best one's evidence: from which half or double may be meant
_SOFT: Final = 0.1  # of the louder bands' strokes: what softer bands' usual strokes count at least
_KICKS: Final = 2.0  # what a bass drum counts beside other strokes when beats are placed


def struck(onsets: Onsets) -> Samples:
    """Onsets for placing beats, in which drums count more than hi-hats, and a bass drum most."""
    strength = onsets.strength
    drums = _drums(onsets) + _KICKS * _even(onsets.low, float(np.quantile(onsets.middle, 0.97)))
    scale = float(np.quantile(strength, 0.99))
    earlier = np.append(drums[1:], drums[-1:])  # a drum is loudest a moment after it is struck
    made: Samples = (strength + scale * earlier).astype(np.float32)
    return made


def find_pulse(onsets: Onsets, rate: float) -> tuple[float, float, float]:
    """The period of the beat in seconds, how clear it is, and what tempo may be meant as well.

    Args:
        onsets: of a sound.
        rate: onsets a second.

    Returns:
        The period; the autocorrelation of the onsets there, 0..1; and 0.5 or 2 if half or double
        the tempo is nearly as likely, else 0.
    """
    strength = onsets.strength
    if len(strength) < _LEAST * rate or np.quantile(strength, 0.99) < _FAINT:
        return 0.5, 0.0, 0.0
    whole = _correlation(strength, rate)
    if whole is None:
        return 0.5, 0.0, 0.0
    low, high = (int(np.floor(60 / bpm * rate)) for bpm in reversed(_TEMPO))
    lags = np.arange(low, min(high, len(whole)))
    highest = int(lags[(whole[lags] * _likely(lags / rate)).argmax()])
    clarity = float(np.clip(whole[highest], 0, 1))
    drums, kicks = _correlation(_drums(onsets), rate), _correlation(onsets.low, rate)
    periods, evidence = [], []
    for level in _LEVELS:
        period = _peak(whole, level * highest)
        if low <= period < high:
            periods.append(period)
            evidence.append(_evidence(whole, drums, kicks, period))
    likely = np.array(evidence) * _likely(np.array(periods) / rate)
    best = int(likely.argmax())
    other = 0.0
    for ratio in (0.5, 2.0):
        period = _peak(whole, periods[best] / ratio)
        if low <= period < high:
            found = _evidence(whole, drums, kicks, period)
            if found > _AS_WELL * evidence[best]:
                other = ratio
    return periods[best] / rate, clarity, other


def _evidence(whole: Array, drums: Array | None, kicks: Array | None, period: float) -> float:
    """How much a period looks like the beat's."""
    found = _PLAIN * max(0.0, _at(whole, period))
    if drums is not None:
        between = [max(0.0, _at(drums, period / part)) for part in (2, 3)]
        found += max(0.0, _at(drums, period)) * (1 - between[0]) * (1 - between[1])
    if kicks is not None:
        found += _BASS * max(0.0, _at(kicks, 2 * period) - max(0.0, _at(kicks, period)))
    return found


def _likely(periods: Array) -> Array:
    """How likely periods in seconds are in music."""
    octaves = np.log2(60 / periods / _USUAL)
    likely: Array = np.exp(-0.5 * (octaves / _OCTAVES) ** 2)
    return likely


def _drums(onsets: Onsets) -> Samples:
    """Strokes of a bass or snare drum, each as strong as usual ones of its kind."""
    loudest = max(float(np.quantile(part, 0.97)) for part in (onsets.low, onsets.middle))
    both = (_even(part, loudest) for part in (onsets.low, onsets.middle))
    drums: Samples = np.maximum(*both)
    return drums


def _even(part: Samples, loudest: float) -> Samples:
    """Onsets of some bands, in their usual strokes' strength, at most 1.5."""
    usual = max(float(np.quantile(part, 0.97)), _SOFT * loudest, 1e-9)
    even: Samples = np.minimum(part / usual, 1.5).astype(np.float32)
    return even


def _correlation(onsets: NDArray[Any], rate: float) -> Array | None:
    """The autocorrelation of onsets, 1 at lag 0; None if there are none."""
    off = onsets.astype(np.float64) - gaussian_filter1d(onsets.astype(np.float64), rate)
    off = np.maximum(off, 0)
    off -= off.mean()
    power = float((off**2).sum())
    if power <= 0:
        return None
    size = 1 << int(np.ceil(np.log2(2 * len(off))))
    spectrum = np.abs(np.fft.rfft(off, size)) ** 2
    correlation = np.fft.irfft(spectrum)[: len(off)] / power
    correlation *= len(off) / np.maximum(len(off) - np.arange(len(off)), 1)
    return np.asarray(correlation)


def _at(correlation: Array, period: float) -> float:
    """The highest correlation near a period; 0 beyond the end."""
    near = max(1, round(0.5 * _NEAR * period))
    middle = round(period)
    part = correlation[max(0, middle - near) : middle + near + 1]
    return float(part.max()) if len(part) else 0.0


def _peak(correlation: Array, period: float) -> float:
    """The period near another one at which the correlation is highest, finer than a lag."""
    near = max(1, round(_NEAR * period))
    first = max(1, round(period) - near)
    part = correlation[first : round(period) + near + 1]
    if len(part) == 0:
        return period
    at = first + int(part.argmax())
    if not 0 < at < len(correlation) - 1:
        return float(at)
    before, here, after = correlation[at - 1 : at + 2]
    bend = before - 2 * here + after
    return at + (0.5 * (before - after) / bend if bend < 0 else 0.0)
