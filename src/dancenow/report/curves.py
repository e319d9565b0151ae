"""Charts as inline SVG: axes with units, a smoothed line over the faint raw one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.report.html import Html, element, escaped

Values = NDArray[np.float64]

_WIDTH, _HEIGHT = 440, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 12, 16, 44  # pixels around the plot
_LOG_FROM: Final = 20.0  # ratio of largest to smallest value from which the axis is logarithmic
_LARGEST: Final = 1e30  # larger values are treated as infinite
_SMOOTH_FROM: Final = 12  # points; fewer are not smoothed
_WINDOW: Final = 1 / 25  # of the points, for smoothing
_TICKS: Final = 5
_FROM_NOUGHT: Final = 0.05  # of the end; an axis that begins before this is shown from 0
_LETTER: Final = 7.5  # pixels per letter; a phase without room for its name has none


@dataclass(frozen=True)
class Curve:
    """A line over time.

    Attributes:
        name: what is shown.
        x: `(N,)`, ascending.
        y: `(N,)`; NaN and infinite values are skipped.
        what: a one-line description.
        x_name: what `x` counts.
        y_unit: unit of `y`.
        phases: where named phases begin, in `x`.
        level: a reference value, and its name.
        log: whether the axis may be logarithmic.
    """

    name: str
    x: NDArray[np.int64] | Values
    y: Values
    what: str = ""
    x_name: str = "steps"
    y_unit: str = ""
    phases: Sequence[tuple[float, str]] = ()
    level: tuple[float, str] | None = None
    log: bool = True


def curves(shown: Sequence[Curve], prefix: str) -> Html:
    """A grid of charts; `prefix`, unique in the page, begins their ids."""
    charts = [curve(of, f"{prefix}-{number}") for number, of in enumerate(shown)]
    items = [element("li", chart) for chart in charts if chart]
    return element("ul", *items, class_="grid charts") if items else Html("")


def curve(of: Curve, key: str) -> Html:
    """A chart with its caption; empty without values.

    Args:
        of: what is shown.
        key: prefix of the ids of its parts, unique in the page.
    """
    of = replace(of, y=_drawable(of.y))
    finite = np.isfinite(of.y)
    if not finite.any():
        return Html("")
    scale = _Scale.of(of)
    smooth = smoothed(of.y)
    label = f"{of.name}{f', {of.y_unit}' if of.y_unit else ''}{', log scale' if scale.log else ''}"
    known = of.y[finite]
    summary = (
        f"{of.name} from {_short(known[0])} to {_short(known[-1])} over {len(known)} points; "
        f"least {_short(known.min())}, most {_short(known.max())}."
    )
    if len(known) < len(of.y):
        summary += f" {len(of.y) - len(known)} more are not finite."
    lines: list[Html] = [*_phases(of, scale), *_axes(of, scale, label)]
    if smooth is None:
        lines.append(_line(of.x, of.y, scale, "only"))
    else:
        lines += [_line(of.x, of.y, scale, "raw"), _line(of.x, smooth, scale, "smooth")]
    lines += _level(of, scale)
    drawing = element(
        "svg",
        element("title", f"{of.name} over {of.x_name}", id=f"{key}-title"),
        element("desc", summary, id=f"{key}-desc"),
        *lines,
        class_="chart",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
    )
    ends = known if smooth is None else smooth[np.isfinite(smooth)]
    way = f" {_short(ends[0])} → {_short(ends[-1])}" if len(ends) > 1 else f" {_short(ends[0])}"
    caption = element("figcaption", element("b", of.name), way, f". {of.what}" if of.what else ".")
    return element("figure", drawing, caption)


def smoothed(values: Values) -> Values | None:
    """A centred moving average; None if there are too few values."""
    if np.isfinite(values).sum() < _SMOOTH_FROM:
        return None
    half = max(2, round(len(values) * _WINDOW / 2))
    kernel = np.hanning(2 * half + 3)[1:-1]
    known = np.isfinite(values)
    total = np.convolve(np.where(known, values, 0.0), kernel, mode="full")
    weight = np.convolve(known.astype(np.float64), kernel, mode="full")
    inside = slice(half, half + len(values))
    mean: Values = total[inside] / np.maximum(weight[inside], 1e-12)
    return np.where(known, mean, np.nan)


def _drawable(values: Values) -> Values:
    """Values without those too large for an axis; the tiniest become 0."""
    size = np.abs(values)
    known: Values = np.where(size <= _LARGEST, values, np.nan)
    return np.where(size < 1 / _LARGEST, 0.0, known)


@dataclass(frozen=True)
class _Scale:
    """From values to pixels of the drawing."""

    x: tuple[float, float]
    y: tuple[float, float]
    log: bool

    @staticmethod
    def of(curve: Curve) -> _Scale:
        known = curve.y[np.isfinite(curve.y)]
        if curve.level is not None and math.isfinite(curve.level[0]):
            known = np.append(known, curve.level[0])
        low, high = float(known.min()), float(known.max())
        log = curve.log and low > 0 and high / low > _LOG_FROM
        if log:
            low, high = low / 1.15, high * 1.15
        else:
            room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
            touches = 0 <= low <= 0.6 * high  # include 0
            low, high = 0.0 if touches else low - room, high + room
        ends = float(curve.x[0]), float(curve.x[-1])
        if 0 < ends[0] < _FROM_NOUGHT * ends[1]:
            ends = 0.0, ends[1]
        return _Scale(ends if ends[1] > ends[0] else (ends[0] - 1, ends[0] + 1), (low, high), log)

    def across(self, value: float) -> float:
        start, end = self.x
        return _LEFT + (value - start) / (end - start) * (_WIDTH - _LEFT - _RIGHT)

    def up(self, value: float) -> float:
        low, high, value = (math.log(v) if self.log else v for v in (*self.y, value))
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def _line(x: NDArray[np.int64] | Values, y: Values, scale: _Scale, kind: str) -> Html:
    """A line through the values, interrupted at NaN and infinite ones."""
    path, pen = [], "M"
    for across, value in zip(x.tolist(), y.tolist(), strict=True):
        if not math.isfinite(value):
            pen = "M"
            continue
        path.append(f"{pen}{scale.across(across):.1f} {scale.up(value):.1f}")
        pen = "L"
    if len(path) == 1:  # a point, made visible by the line's round ends
        path.append("h0")
    return element("path", class_=kind, d="".join(path))


def _axes(of: Curve, scale: _Scale, label: str) -> list[Html]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    lines = []
    for value in _log_ticks(*scale.y) if scale.log else _ticks(*scale.y):
        y = scale.up(value)
        lines.append(_segment(_LEFT, y, right, y, "axis"))
        lines.append(_text(_LEFT - 7, y + 4.5, _short(value), "end"))
    for value in _ticks(*scale.x):
        lines.append(_segment(scale.across(value), bottom, scale.across(value), bottom + 4, "axis"))
        lines.append(_text(scale.across(value), bottom + 18, _short(value), "middle"))
    lines.append(_segment(_LEFT, bottom, right, bottom, "axis"))
    lines.append(_text((_LEFT + right) / 2, _HEIGHT - 8, of.x_name, "middle"))
    lines.append(_text(0, 0, label, "middle", f"translate(10 {(_TOP + bottom) / 2}) rotate(-90)"))
    return lines


def _phases(of: Curve, scale: _Scale) -> list[Html]:
    if len(of.phases) < 2:
        return []
    lines = []
    ends = [*(start for start, _ in of.phases[1:]), scale.x[1]]
    for (start, name), end in zip(of.phases, ends, strict=True):
        x = min(max(scale.across(start), _LEFT), _WIDTH - _RIGHT)
        if x > _LEFT:
            lines.append(_segment(x, _TOP, x, _HEIGHT - _BOTTOM, "phase"))
        if scale.across(end) - x > _LETTER * len(name):
            lines.append(_text(x + 3, _TOP - 4, name, "start"))
    return lines


def _level(of: Curve, scale: _Scale) -> list[Html]:
    if of.level is None or not math.isfinite(of.level[0]):
        return []
    y = scale.up(of.level[0])
    return [
        _segment(_LEFT, y, _WIDTH - _RIGHT, y, "level"),
        _text(_WIDTH - _RIGHT, y - 6, of.level[1], "end", kind="named"),
    ]


def _segment(x1: float, y1: float, x2: float, y2: float, kind: str) -> Html:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return element("line", class_=kind, **{name: f"{value:.1f}" for name, value in ends.items()})


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str,
    transform: str | None = None,
    kind: str | None = None,
) -> Html:
    return element(
        "text",
        escaped(text),
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        text_anchor=anchor,
        transform=transform,
        class_=kind,
    )


def _ticks(low: float, high: float) -> list[float]:
    """About five round values between two."""
    rough = (high - low) / _TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [
        n * step for n in itertools.takewhile(lambda n: n * step <= high, itertools.count(first))
    ]


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two values, with 2 and 5 times them if there are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    tens = [10.0**power for power in powers if low <= 10.0**power <= high]
    if len(tens) > 2:
        return tens[:: max(1, len(tens) // _TICKS)]
    finer = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [value for value in finer if low <= value <= high]


def _short(value: float) -> str:
    """A number in few characters."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    if abs(value) >= 1e4:
        return f"{value / 1e3:.3g}k"
    return f"{value:.4g}" if abs(value) >= 1000 else f"{value:.3g}"
