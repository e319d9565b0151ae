"""Comparing the movement of a generated dance with the learned one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.silhouettes import SilhouetteScores, ratio

Latents = NDArray[np.float32]

_STILL = 0.1  # of the learned dance's mean speed; slower counts as still
_WINDOWS = 300  # windows of the generated dance to search for in the learned one


@dataclass(frozen=True)
class MotionScores:
    """A generated dance compared with the learned one.

    Attributes:
        seconds: length of the generated dance.
        speed_ratio: its mean speed, relative to the learned dance's.
        slowest_ratio: the same of its slowest tenth (a minute out of ten), which shows stalls.
        freeze: its longest time without movement, in seconds.
        learned_freeze: the learned dance's longest time without movement, in seconds.
        outside: the fraction of its latents' values outside the learned range.
        copy_distance: median distance of windows of one second to the nearest learned one, relative
            to the distance between nearest learned windows: 0 is a copy, 1 as new as another
            passage of the learned dance.
        nearest: the smallest such distance.
        grey, learned_grey: of silhouettes, the mean share of grey pixels on the figure and around
            it (`SilhouetteScores`); of the dance as it is shown, and of the pictures that were
            learned.  NaN if these are no silhouettes or not known.
        grey_ratio: one relative to the other.
        pieces, learned_pieces: the fraction of frames in which the figure is in pieces, likewise.
        pieces_ratio: one relative to the other.
    """

    seconds: float
    speed_ratio: float
    slowest_ratio: float
    freeze: float
    learned_freeze: float
    outside: float
    copy_distance: float
    nearest: float
    grey: float = float("nan")
    learned_grey: float = float("nan")
    grey_ratio: float = float("nan")
    pieces: float = float("nan")
    learned_pieces: float = float("nan")
    pieces_ratio: float = float("nan")

    def summary(self) -> str:
        """The figures for the user."""
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The figures for the user, a line each."""
        lines = [
            f"speed: {self.speed_ratio:.2f} of the learned dance's; its slowest tenth "
            f"{self.slowest_ratio:.2f}",
            f"longest stand: {self.freeze:.1f} s; the learned dance's: {self.learned_freeze:.1f} s",
            f"outside the learned range: {100 * self.outside:.2f} % of the values",
            f"nearest second of the learned dance: {self.copy_distance:.2f} away in the median, "
            f"{self.nearest:.2f} at least (0 is a copy, 1 another passage)",
        ]
        if np.isfinite(self.grey):
            lines += [
                f"grey on and around the figure: {100 * self.grey:.1f} %"
                + _beside(self.learned_grey, self.grey_ratio),
                f"figure in pieces: {100 * self.pieces:.1f} % of the frames"
                + _beside(self.learned_pieces, self.pieces_ratio),
            ]
        return lines

    def with_silhouettes(self, new: SilhouetteScores, learned: SilhouetteScores) -> MotionScores:
        """The same scores with those of the silhouettes."""
        return replace(
            self,
            grey=new.grey,
            learned_grey=learned.grey,
            grey_ratio=ratio(new.grey, learned.grey),
            pieces=new.pieces,
            learned_pieces=learned.pieces,
            pieces_ratio=ratio(new.pieces, learned.pieces),
        )


def _beside(learned: float, times: float) -> str:
    if not np.isfinite(learned):
        return "; of the learned pictures not known, train again to know it"
    return f"; the learned pictures' {100 * learned:.1f} %, so {times:.2f} times as much"


def motion_scores(
    new: NDArray[np.float32],
    rate: float,
    learned: NDArray[np.float32],
    learned_rate: float,
    scaled: Latents,
    copies: NDArray[np.float32],
) -> MotionScores:
    """Measure a generated dance; see `MotionScores`.

    Args:
        new: `(T - 1,)`, the changes from each of its pictures to the next, per second.
        rate: its pictures per second.
        learned: `(N,)`, those of the learned dance.
        learned_rate: its pictures per second.
        scaled: `(T, D)`, the generated dance's latents; the learned range is 0..1.
        copies: distances of its seconds to the nearest learned one; may be empty.
    """
    usual = usual_speed(learned)
    nothing = float("nan")
    return MotionScores(
        seconds=len(scaled) / rate,
        speed_ratio=float(new.mean()) / usual,
        slowest_ratio=slowest_part(new) / usual,
        freeze=longest_stand(new, usual, rate),
        learned_freeze=longest_stand(learned, usual, learned_rate),
        outside=float(((scaled < 0) | (scaled > 1)).mean()),
        copy_distance=float(np.median(copies)) if len(copies) else nothing,
        nearest=float(copies.min()) if len(copies) else nothing,
    )


def usual_speed(speeds: NDArray[np.float32]) -> float:
    """The mean speed; NaN if nothing moves, as nothing can be compared with it."""
    return float(speeds.mean()) or float("nan")


def picture_speeds(pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Mean change of a pixel from each picture to the next, as a fraction of full scale.

    Args:
        pictures: uint8 `(H, W, C)` each, of one size.

    Returns:
        float32 `(N - 1,)`.
    """
    speeds: list[float] = []
    before: NDArray[np.int16] | None = None
    for picture in pictures:
        now = picture.astype(np.int16)
        if before is not None:
            speeds.append(float(np.abs(now - before).mean()) / 255)
        before = now
    return np.array(speeds, np.float32)


def longest_stand(speeds: NDArray[np.float32], mean: float, rate: float) -> float:
    """The longest time, in seconds, during which no speed reaches a tenth of `mean`.

    Args:
        speeds: `(N,)`, from each picture to the next.
        mean: the speed to compare with.
        rate: pictures per second.
    """
    longest = run = 0
    for still in speeds < _STILL * mean:
        run = run + 1 if still else 0
        longest = max(longest, run)
    return longest / rate


def slowest_part(speeds: NDArray[np.float32], parts: int = 10) -> float:
    """The mean speed of the slowest of equal parts."""
    return min(float(part.mean()) for part in np.array_split(speeds, parts) if len(part))


def copy_distances(
    generated: Latents, learned: list[Latents], rate: float, *, seed: int = 0
) -> NDArray[np.float32]:
    """Distances of windows of one second to the nearest window of the learned dance.

    Euclidean distances between windows of scaled latents, relative to the median distance of a
    learned window to the nearest other at least a second away.

    Args:
        generated: scaled latents `(T, D)`.
        learned: those of each learned clip, `(T, D)`.
        rate: latents per second.
        seed: of the choice of windows.

    Returns:
        float32 `(W,)`; empty where a dance is shorter than two seconds.
    """
    length = max(2, round(rate))
    bank, places = _windows(learned, length)
    if len(bank) < 2 * length or len(generated) < length:
        return np.empty(0, np.float32)
    rng = np.random.default_rng(seed)
    own = rng.choice(len(bank), min(_WINDOWS, len(bank)), replace=False)
    apart = np.abs(places[own, None] - places[None]) >= length
    usual = np.where(apart, _distances(bank[own], bank), np.inf).min(axis=1)
    starts = rng.choice(
        len(generated) - length + 1, min(_WINDOWS, len(generated) - length + 1), replace=False
    )
    windows = np.stack([generated[s : s + length].ravel() for s in starts])
    nearest: NDArray[np.float32] = _distances(windows, bank).min(axis=1)
    scale = float(np.median(usual[np.isfinite(usual)])) if np.isfinite(usual).any() else 1.0
    return (nearest / max(scale, 1e-9)).astype(np.float32)


def _windows(clips: list[Latents], length: int) -> tuple[Latents, NDArray[np.int64]]:
    """All windows `(W, length * D)`, and where they begin; different clips are far apart."""
    windows, places, offset = [], [], 0
    for clip in clips:
        for start in range(len(clip) - length + 1):
            windows.append(clip[start : start + length].ravel())
            places.append(offset + start)
        offset += len(clip) + length
    if not windows:
        return np.empty((0, 1), np.float32), np.empty(0, np.int64)
    # A long dance has more windows than are worth comparing with.
    step = max(1, len(windows) // 5000)
    return np.stack(windows[::step]), np.array(places[::step], np.int64)


def _distances(a: Latents, b: Latents) -> NDArray[np.float32]:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    distances: NDArray[np.float32] = np.sqrt(np.maximum(squares, 0)).astype(np.float32)
    return distances
