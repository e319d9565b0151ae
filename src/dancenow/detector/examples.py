"""What a detector learns from: parts of runs of frames, changed as videos are on their way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.detector.config import RUN, DetectorConfig
from dancenow.detector.passages import Passages, runs_of
from dancenow.detector.rooms import rooms_of
from dancenow.hashing import hash_of

Frames = NDArray[np.uint8]

_TURN: Final = 0.35  # radians
_ZOOM: Final = 0.3  # logarithm of the scale
_NEAR, _AROUND = 9, 17  # pixels over which brightness and contrast are evened out
_FAINT: Final = 0.01  # contrast that is not raised further, of 1
_FEW: Final = 4  # clips of a kind; of fewer, the end of each is held out instead of whole ones
_MANY_ROOMS: Final = 8  # with clips of both kinds; of fewer, single clips are held out
_FAR: Final = 1.5  # more than was to be held out
SPLIT: Final = 2  # how clips are split; increment it when others are held out


class Example(NamedTuple):
    """A clip to learn from.

    Attributes:
        passages: what is seen of it.
        made: whether a performer made it.
        learned: the passages to learn.
        held_out: those to measure with.
        room: a number that clips of one room share.
    """

    passages: Passages
    made: bool
    learned: range
    held_out: range
    room: int = 0


def split(clips: Sequence[tuple[Passages, bool]], share: float) -> list[Example]:
    """Hold out all clips of some rooms: most likely people who are not learned.

    Of few rooms, single clips of both kinds are held out; of few clips, the last passages of each.
    Which ones depends on their contents alone: a resumed training holds out the same.
    """
    numbers = rooms_of([each for each, _ in clips])
    rooms: dict[int, dict[str, bool]] = {}
    for (passages, made), number in zip(clips, numbers, strict=True):
        rooms.setdefault(number, {})[passages.content] = made
    of_kind = {kind: [[p.content] for p, made in clips if made == kind] for kind in (False, True)}
    both = [list(room) for room in rooms.values() if len({*room.values()}) == 2]
    few = min(map(len, of_kind.values())) < _FEW
    if len(both) >= _MANY_ROOMS:
        held = _some(both, share)
    else:
        held = set() if few else _some(of_kind[False], share) | _some(of_kind[True], share)
    few, examples = few and not held, []
    for (passages, made), number in zip(clips, numbers, strict=True):
        count = len(passages)
        kept = max(1, count - max(1, round(share * count))) if few and share > 0 else count
        stop = 0 if passages.content in held else kept
        examples.append(Example(passages, made, range(stop), range(stop, count), number))
    return examples


def _some(units: Sequence[Sequence[str]], share: float) -> set[str]:
    """The clips of some units, together a share of all, if not 0; by chance, but always the same.

    A unit that is far more than a share is rather learned.
    """
    wanted = max(1, round(share * sum(map(len, units)))) if share else 0
    held: set[str] = set()
    for unit in sorted(units, key=lambda unit: hash_of(min(unit))):
        if len(held) < wanted and len(held) + len(unit) <= _FAR * wanted:
            held.update(unit)
    return held or set(sorted(units, key=len)[0] if wanted else ())


class Batch(NamedTuple):
    """Parts of runs.

    Attributes:
        frames: the middle ones, uint8 `(B, H, W, 3)` RGB.
        runs: float32 `(B, RUN, H, W)`, as `evened` gives them.
        places: where the body is, 0..255, uint8 `(B, h, w)`.
        made: float32 `(B,)`, 1 if a performer made it.
    """

    frames: Frames
    runs: NDArray[np.float32]
    places: NDArray[np.uint8]
    made: NDArray[np.float32]


@dataclass(frozen=True)
class Drawing:
    """How batches are drawn; batch k depends on the seed and k alone.

    Attributes:
        examples: clips of both kinds.
        config: the size of a part and of a batch.
        seed: of all random draws.
    """

    examples: Sequence[Example]
    config: DetectorConfig
    seed: int

    def batch(self, number: int) -> Batch:
        """Batch `number`: as many made as filmed parts, every clip as often as another."""
        rng = np.random.default_rng((self.seed, number))
        kinds = {
            made: [each for each in self.examples if each.made == made and len(each.learned)]
            for made in (False, True)
        }
        drawn = []
        for k in range(self.config.batch):
            made = k % 2 == 1
            example = kinds[made][int(rng.integers(len(kinds[made])))]
            drawn.append((*self._part(example, rng), float(made)))
        runs, places, made_too = zip(*drawn, strict=True)
        middle = np.stack([run[RUN // 2] for run in runs])
        seen = np.stack([evened(run) for run in runs])
        return Batch(middle, seen, np.stack(places), np.array(made_too, np.float32))

    def _part(self, example: Example, rng: np.random.Generator) -> tuple[Frames, NDArray[np.uint8]]:
        """A part of a run near the body, changed by chance."""
        passages, crop = example.passages, self.config.crop
        pictures = passages.variants[int(rng.integers(len(passages.variants)))]
        passage = int(rng.choice(example.learned))
        start = int(rng.choice(runs_of(pictures.shape[1])))
        body = passages.places[passage]
        scale = self.config.canvas / body.shape[0]
        odds = body.ravel() + 1.0
        row, column = divmod(int(rng.choice(odds.size, p=odds / odds.sum())), body.shape[1])
        middle = (np.array([column, row]) + rng.uniform(size=2)) * scale
        turned = _turned(middle, crop, rng)
        frames = [_moved(frame, turned, crop) for frame in pictures[passage, start : start + RUN]]
        cells = max(1, crop // 2 ** len(self.config.widths))
        whole = _moved(cv2.resize(body, (self.config.canvas,) * 2), turned, crop)
        places = cv2.resize(whole, (cells, cells), interpolation=cv2.INTER_AREA)
        changed = changed_by_chance(frames, rng)
        return np.stack(changed), np.ascontiguousarray(places)


def evened(frames: Frames) -> NDArray[np.float32]:
    """A run without colour, with brightness and contrast evened out around every place.

    What is left is how fine detail looks and moves, not who is seen, where, or in which light.

    Args:
        frames: uint8 `(RUN, H, W, 3)` RGB.

    Returns:
        float32 `(RUN, H, W)`: the middle frame, then how the others differ from it, about -3..3.
    """
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255 for frame in frames]
    fine = np.stack([frame - cv2.blur(frame, (_NEAR, _NEAR)) for frame in grey])
    middle = fine[RUN // 2]
    contrast = np.sqrt(cv2.blur(middle * middle, (_AROUND, _AROUND)) + _FAINT**2)
    others = np.delete(fine, RUN // 2, axis=0)
    return np.asarray(np.concatenate([middle[None], others - middle]) / contrast, np.float32)


def _turned(
    middle: NDArray[np.float64], crop: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The map, `(2, 3)`, from a picture to a part around a place: turned, scaled, mirrored."""
    angle, size = rng.uniform(-_TURN, _TURN), np.exp(rng.uniform(-_ZOOM, _ZOOM))
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if rng.uniform() < 0.5:
        turn[0] *= -1
    return np.column_stack([turn, crop / 2 - turn @ middle])


def _moved(frame: Frames, by: NDArray[np.float64], crop: int) -> Frames:
    moved = cv2.warpAffine(frame, by, (crop, crop), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


def changed_by_chance(frames: list[Frames], rng: np.random.Generator) -> list[Frames]:
    """The frames of a run smaller and enlarged again, blurred, compressed, noisy, recoloured.

    All frames alike, as a video's are, so that only what no transport does tells the kinds apart.
    """
    side = frames[0].shape[0]
    if rng.uniform() < 0.4:
        small = max(8, round(side * rng.uniform(0.4, 1)))
        frames = [_sized(_sized(frame, small), side) for frame in frames]
    if rng.uniform() < 0.35:
        sigma = rng.uniform(0.3, 1.8)
        frames = [np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.uint8) for frame in frames]
    if rng.uniform() < 0.3:
        quality = int(rng.integers(30, 96))
        frames = [_compressed(frame, quality) for frame in frames]
    gain = rng.uniform(0.85, 1.15, 3) * rng.uniform(0.8, 1.2)
    offset, gamma = rng.uniform(-12, 12), rng.uniform(0.8, 1.25)
    levels = (np.arange(256)[:, None] / 255) ** gamma * 255 * gain + offset
    table = levels.round().clip(0, 255).astype(np.uint8)[:, None]
    frames = [np.asarray(cv2.LUT(frame, table), np.uint8) for frame in frames]
    if rng.uniform() < 0.3:
        spread = rng.uniform(1, 5)
        frames = [
            (frame + spread * rng.standard_normal(frame.shape, np.float32))
            .round().clip(0, 255).astype(np.uint8)
            for frame in frames
        ]  # fmt: skip
    return frames


def _sized(frame: Frames, side: int) -> Frames:
    how = cv2.INTER_AREA if frame.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, (side, side), interpolation=how), np.uint8)


def _compressed(frame: Frames, quality: int) -> Frames:
    _, packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
