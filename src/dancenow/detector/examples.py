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
from dancenow.hashing import hash_of

Frames = NDArray[np.uint8]

_FEW: Final = 4  # clips of a kind; of fewer, the end of each is held out instead of whole ones


class Example(NamedTuple):
    """A clip to learn from.

    Attributes:
        passages: what is seen of it.
        made: whether a performer made it.
        learned: the passages to learn.
        held_out: those to measure with.
    """

    passages: Passages
    made: bool
    learned: range
    held_out: range


def split(clips: Sequence[tuple[Passages, bool]], share: float) -> list[Example]:
    """Hold out whole clips of both kinds; of few clips, the last passages of each.

    Which ones depends on their contents alone: a resumed training holds out the same.
    """
    held: set[str] = set()
    few = min(sum(made == kind for _, made in clips) for kind in (False, True)) < _FEW
    for kind in () if few or share == 0 else (False, True):
        of_kind = sorted((each.content for each, made in clips if made == kind), key=hash_of)
        held.update(of_kind[: max(1, round(share * len(of_kind)))])
    examples = []
    for passages, made in clips:
        count = len(passages)
        kept = max(1, count - max(1, round(share * count))) if few and share > 0 else count
        stop = 0 if passages.content in held else kept
        examples.append(Example(passages, made, range(stop), range(stop, count)))
    return examples


class Batch(NamedTuple):
    """Parts of runs.

    Attributes:
        frames: uint8 `(B, RUN, H, W, 3)` RGB.
        places: where the body is, 0..255, uint8 `(B, h, w)`.
        made: float32 `(B,)`, 1 if a performer made it.
    """

    frames: Frames
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
        frames, places, made_too = zip(*drawn, strict=True)
        return Batch(np.stack(frames), np.stack(places), np.array(made_too, np.float32))

    def _part(self, example: Example, rng: np.random.Generator) -> tuple[Frames, NDArray[np.uint8]]:
        """A part of a run near the body, changed by chance."""
        passages, crop = example.passages, self.config.crop
        pictures = passages.variants[int(rng.integers(len(passages.variants)))]
        passage = int(rng.choice(example.learned))
        start = int(rng.choice(runs_of(pictures.shape[1])))
        side = min(self.config.canvas, round(crop * rng.uniform(0.85, 1.2)))
        body = passages.places[passage]
        scale = self.config.canvas / body.shape[0]
        odds = body.ravel() + 1.0
        row, column = divmod(int(rng.choice(odds.size, p=odds / odds.sum())), body.shape[1])
        top, left = (
            int(np.clip((at + rng.uniform()) * scale - side / 2, 0, self.config.canvas - side))
            for at in (row, column)
        )
        frames = np.asarray(
            pictures[passage, start : start + RUN, top : top + side, left : left + side]
        )
        small = cv2.resize(body, (self.config.canvas,) * 2)[top : top + side, left : left + side]
        cells = max(1, crop // 2 ** (len(self.config.widths) - 1))
        places = cv2.resize(small, (cells, cells), interpolation=cv2.INTER_AREA)
        changed = changed_by_chance([_sized(frame, crop) for frame in frames], rng)
        if rng.uniform() < 0.5:
            changed, places = [frame[:, ::-1] for frame in changed], places[:, ::-1]
        return np.stack(changed), np.ascontiguousarray(places)


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
