"""Onsets and beats: of strokes whose times are known."""

from __future__ import annotations

import numpy as np
import pytest

from dancenow.music.beats import HOP, find_onsets, track_beats

RATE = 22050
LATE = 0.02  # seconds by which onsets peak after a stroke


def strokes(times: list[float], seconds: float) -> np.ndarray:
    """Short bursts of noise, mono."""
    sound = np.zeros(round(seconds * RATE), np.float32)
    burst = np.random.default_rng(0).normal(0, 0.3, 600) * np.linspace(1, 0, 600)
    for time in times:
        sound[round(time * RATE) :][:600] = burst
    return sound


def test_onsets_peak_at_strokes_and_nowhere_else() -> None:
    times = [0.5, 0.93, 1.7]
    strength = find_onsets(strokes(times, 2.5), RATE).strength
    assert strength.shape == (1 + round(2.5 * RATE) // HOP,) and strength.dtype == np.float32
    at = np.arange(len(strength)) * HOP / RATE - LATE
    apart = np.abs(at[:, None] - times).min(axis=1)
    assert strength[apart > 0.1].max() < 0.05 * strength.max()
    for time in times:
        near = np.flatnonzero(np.abs(at - time) < 0.1)
        assert abs(at[near[strength[near].argmax()]] - time) < 0.03


def test_how_loud_a_sound_is_does_not_matter() -> None:
    sound = strokes([0.4, 1.1], 1.6)
    a, b = find_onsets(sound, RATE).strength, find_onsets(sound * 0.1, RATE).strength
    np.testing.assert_allclose(a, b, atol=1e-3 * a.max())


def test_in_silence_nothing_is_struck() -> None:
    assert find_onsets(np.zeros(RATE, np.float32), RATE).strength.max() == 0
    assert len(track_beats(np.zeros(100), 20)) == 0


@pytest.mark.parametrize("missing", [None, 7])
def test_beats_are_found_even_where_a_stroke_is_missing(missing: int | None) -> None:
    onsets, wanted = np.zeros(420), np.arange(11, 400, 20)
    onsets[np.delete(wanted, [] if missing is None else [missing])] = 10
    onsets[wanted[3] + 9] = 6  # off the beat
    found = track_beats(onsets, 20)
    inside = found[(found >= 11) & (found <= 391)]
    assert np.abs(inside - wanted).max() <= 1


def test_beats_follow_a_tempo_that_drifts() -> None:
    wanted = np.cumsum(np.linspace(18, 23, 20)).round().astype(int)
    onsets = np.zeros(wanted[-1] + 30)
    onsets[wanted] = 10
    found = track_beats(onsets, 20)
    assert np.abs(found[:, None] - wanted).min(axis=0).max() <= 1
