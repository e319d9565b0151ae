"""Dances: their tempo, their style, and how often each move comes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

from dancenow.errors import InputError
from dancenow.sample.kinematics import Array
from dancenow.sample.moves import ARMS, BEATS, STEPS, KeyRecorder, Keys, Move
from dancenow.sample.stance import CHANNEL, CHANNELS, NEUTRAL, ODD


@dataclass(frozen=True)
class DanceStyle:
    """The style of a dance.

    Attributes:
        bpm: beats a minute.
        steps: leg moves (names in `moves.STEPS`) and their relative frequencies.
        arms: arm moves (names in `moves.ARMS`) and their relative frequencies.
        swing: how far the hips follow the weight, 1 = clearly.
        energy: size of the movements of trunk, arms and head, 1 = as written.
        lag: by how many seconds the hands are behind the hips; the arm is in between.
        overshoot: how far an arm shoots past its end, as a share of the way.
    """

    bpm: float
    steps: Mapping[str, float]
    arms: Mapping[str, float]
    swing: float = 1.0
    energy: float = 1.0
    lag: float = 0.10
    overshoot: float = 0.12

    @property
    def beat(self) -> float:
        """Length of a beat in seconds."""
        return 60.0 / self.bpm


DANCES: Final[Mapping[str, DanceStyle]] = MappingProxyType(
    {
        "disco": DanceStyle(
            112,
            steps={"step_touch": 3, "cross_step": 1, "sway": 1, "turn": 1},
            arms={"point": 3, "swing": 1, "clap": 1, "raise_arms": 1},
            swing=1.2,
        ),
        "house": DanceStyle(
            122,
            steps={"step_touch": 1, "cross_step": 2, "squat": 1, "walk": 2},
            arms={"pump": 2, "swing": 2, "clap": 1},
            swing=0.8,
            lag=0.07,
        ),
        "wave": DanceStyle(
            92,
            steps={"sway": 3, "step_touch": 1, "walk": 1},
            arms={"arm_wave": 3, "raise_arms": 2},
            swing=1.3,
            lag=0.13,
            overshoot=0.18,
        ),
        "groove": DanceStyle(
            100,
            steps={"squat": 2, "sway": 1, "step_touch": 1, "walk": 1, "turn": 1},
            arms={"clap": 1, "pump": 1, "swing": 1, "point": 1, "arm_wave": 1},
        ),
    }
)

# What moves after what: share of the dance's lag by channel.  Feet and hips are on the beat.
_LAGS: Final = {
    "chest": 0.35, "head": 0.6, "shrug": 0.5, "reach": 0.75, "elbow": 0.6, "out": 0.7, "up": 0.7,
    "front": 0.7, "palm": 0.9, "flex": 1.0, "curl": 1.0, "point": 0.8, "spread": 1.0,
}  # fmt: skip
_FEET: Final = ("foot_x", "foot_y", "foot_z", "toe_out", "heel")


def _lag_share(channel: str) -> float:
    name = channel.removeprefix("left_").removeprefix("right_")
    return 0.0 if name in _FEET else _LAGS.get(name, _LAGS.get(name.split("_")[0], 0.0))


class Choreography:
    """An endless dance, drawn from a seed: a stance for any time.

    Phrase k (eight beats) depends on the seed and k alone, so that any moment can be asked for.
    Between keys, channels follow monotone cubic curves over the phrase and its two neighbours,
    whose slopes depend on adjacent keys only: the motion has no seams.
    """

    def __init__(self, name: str, seed: int = 0) -> None:
        self.dance = find_dance(name)
        self._name, self._seed = name, seed & 0xFFFFFFFF

    def moves(self, phrase: int) -> tuple[str, str]:
        """Names of a phrase's leg move and arm move."""
        return _drawn(self.dance, _random(self._name, self._seed, phrase))

    def stances(self, times: ArrayLike) -> Array:
        """Stances at some times.

        Args:
            times: `(T,)`, seconds; any, even negative.

        Returns:
            float64 `(T, len(CHANNELS))`.
        """
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        out = np.empty((len(at), len(CHANNELS)))
        for i, channel in enumerate(CHANNELS):
            share = _lag_share(channel)
            now = at - share * self.dance.lag
            out[:, i] = self._curve(i, now)
            if share >= 0.7:  # an arm shoots past its end and comes back
                past = self._curve(i, now - 0.10)
                out[:, i] += self.dance.overshoot * (out[:, i] - past)
        return _alive(out, at)

    def _curve(self, channel: int, times: Array) -> Array:
        beats = times / self.dance.beat
        phrases = np.floor(beats / BEATS).astype(int)
        values = np.empty(len(times))
        for phrase in np.unique(phrases):
            chosen = phrases == phrase
            curve = _phrase_curves(self._name, self._seed, int(phrase))[channel]
            values[chosen] = curve(beats[chosen] - phrase * BEATS)
        return values


def _random(dance: str, seed: int, phrase: int) -> np.random.Generator:
    return np.random.default_rng((zlib.crc32(dance.encode()), seed, phrase & 0xFFFFFFFF))


@lru_cache(64)
def _phrase_curves(dance: str, seed: int, phrase: int) -> list[PchipInterpolator]:
    """Of every channel, over the beats of a phrase."""
    near = [(shift, _keys(dance, seed, phrase + shift)) for shift in (-1, 0, 1)]
    return [
        PchipInterpolator(
            *np.transpose([(b + s * BEATS, v) for s, keys in near for b, v in keys[name]])
        )
        for name in CHANNELS
    ]


@lru_cache(64)
def _keys(dance: str, seed: int, phrase: int) -> Keys:
    style, rng = DANCES[dance], _random(dance, seed, phrase)
    steps, arms = _drawn(style, rng)
    mirrored = bool(rng.integers(2))
    energy = style.energy * rng.uniform(0.88, 1.08)
    return _write((STEPS[steps], ARMS[arms]), mirrored, energy)


def _drawn(style: DanceStyle, rng: np.random.Generator) -> tuple[str, str]:
    """A leg move and an arm move."""
    return _draw(rng, style.steps), _draw(rng, style.arms)


def _draw(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    shares = np.array(list(weights.values()), dtype=np.float64)
    return str(rng.choice(list(weights), p=shares / shares.sum()))


def _write(moves: tuple[Move, ...], mirrored: bool, energy: float) -> Keys:
    """The keys of a phrase: for every channel, in order, with one at its start and end."""
    score = KeyRecorder()
    for move in moves:
        move(score)
    keys: Keys = {}
    for name, neutral in NEUTRAL.items():
        # Keys in the next phrase are left out: that phrase starts at home.
        timed = [(round(beat, 2), value) for beat, value in score.keys.get(name, [])]
        found = sorted({beat: value for beat, value in timed if beat <= BEATS - 0.04}.items())
        if not found or found[0][0] > 0.25:
            found.insert(0, (0.0, neutral))
        if found[-1][0] < 4.0:
            found.append((7.75, found[-1][1] if len(found) > 1 else neutral))
        keys[name] = [(beat, _scaled(name, value, neutral, energy)) for beat, value in found]
    return {_other(n): _flip(n, k) for n, k in keys.items()} if mirrored else keys


def _scaled(name: str, value: float, neutral: float, energy: float) -> float:
    trunk = name in ("drop", "hip_roll") or name.startswith(("chest", "head", "hip_"))
    return neutral + energy * (value - neutral) if trunk else value


def _other(name: str) -> str:
    for a, b in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(a):
            return b + name.removeprefix(a)
    return name


def _flip(name: str, keys: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(beat, -value) for beat, value in keys] if name in ODD else keys


def _alive(stances: Array, times: Array) -> Array:
    """Add breathing and blinking."""
    breath = np.sin(2 * np.pi * 0.31 * times) + 0.3 * np.sin(2 * np.pi * 0.17 * times + 1)
    stances[:, CHANNEL["chest_pitch"]] -= 0.012 * breath
    for side in ("left", "right"):
        stances[:, CHANNEL[f"{side}_shrug"]] += 0.015 * breath
    since = np.mod(times + 0.9 * np.sin(0.7 * times), 3.1) - 1.5
    stances[:, CHANNEL["blink"]] = np.exp(-((since / 0.07) ** 2))
    return stances


def find_dance(name: str) -> DanceStyle:
    """The dance called `name`.

    Raises:
        InputError: there is no such dance.
    """
    if name not in DANCES:
        raise InputError(f"no dance is called {name!r}; choose one of {', '.join(DANCES)}.")
    return DANCES[name]
