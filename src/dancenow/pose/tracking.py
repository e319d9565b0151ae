"""Tracking the persons of a clip.

The first is the largest and steadiest over the whole clip, not the largest in each frame.
Candidates are first joined from frame to frame into tracklets (assignment by predicted position and
by what people look like).  Then the chain of tracklets with the highest sum of size times
confidence is chosen; one tracklet may follow another only if a person could have moved that far and
looks alike.  What is left makes the next person's chain.
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from dancenow.errors import DanceNowWarning, NobodyError
from dancenow.pose.layout import BODY, FOUND, NUM_KEYPOINTS
from dancenow.pose.looks import looks_apart
from dancenow.pose.track import FloatArray

# Lengths below are in spreads (see `Person`); a standing person is about 3.3 spreads high.
_MIN_SEEN = 4  # body keypoints that make a candidate
_REACH = 1.0  # spreads a person may move from one frame to the next
_DRIFT = 0.15  # spreads added to it by each frame without a sighting
_MAX_REACH = 8.0  # spreads, however long the gap
_MAX_GROWTH = 1.6  # ratio of spreads from one frame to the next
_MAX_REGROWTH = 2.5  # the same, however long the gap
_LOOKS = 40.0  # of 255; looks that differ so much are as bad as a spread of distance
_UNLIKE = 45.0  # of 255; looks that differ more are not of one person
_REMEMBERED = 15  # frames whose looks are remembered
_SELDOM = 0.1  # of the frames; who is seen in fewer is nobody
MOST_PEOPLE = 9
_MAX_GAP = 12  # frames after which a tracklet ends; longer gaps are joined afterwards


@dataclass(frozen=True)
class Person:
    """One person in one frame, as far as tracking needs to know.

    Attributes:
        keypoints: float32 `(137, 3)`, pixels.
        seen: bool `(25,)`: body keypoints that are trusted and inside the frame.
        spread: root mean square distance of the seen body keypoints from their centre, px.  Unlike
            a box's height, it hardly changes when an arm is raised.
        weight: spread times mean confidence of the body.
        look: float32 `(6,)`, see `look_of`; None if unknown.
        depth: float32 `(137,)`, see `PoseTrack`; None if unknown.
    """

    keypoints: FloatArray
    seen: NDArray[np.bool_]
    spread: float
    weight: float
    look: FloatArray | None = None
    depth: FloatArray | None = None

    @staticmethod
    def of(
        keypoints: FloatArray, size: tuple[int, int], look: FloatArray | None = None
    ) -> Person | None:
        """The person with `keypoints` in a frame of `size`; None if too little is seen."""
        body = keypoints[BODY]
        inside = ((body[:, :2] >= 0) & (body[:, :2] <= np.asarray(size))).all(axis=1)
        seen = (body[:, 2] >= FOUND) & inside
        if seen.sum() < _MIN_SEEN:
            return None
        xy = body[seen, :2]
        spread = float(np.sqrt(((xy - xy.mean(axis=0)) ** 2).sum(axis=1).mean()))
        if spread <= 0:
            return None
        return Person(keypoints, seen, spread, spread * float(body[:, 2].mean()), look)

    def offset_to(self, other: Person, motion: FloatArray | None = None) -> float:
        """How far `other` is from this person (moved by `motion`, pixels), in spreads.

        The median over the body keypoints seen in both, so that one stray limb is no jump; the
        distance of the centres if too few are seen in both.
        """
        moved = 0.0 if motion is None else motion
        a, b = self.keypoints[BODY, :2] + moved, other.keypoints[BODY, :2]
        common = self.seen & other.seen
        if common.sum() < _MIN_SEEN:
            apart = float(np.linalg.norm(a[self.seen].mean(axis=0) - b[other.seen].mean(axis=0)))
        else:
            apart = float(np.median(np.linalg.norm(a[common] - b[common], axis=1)))
        return apart / max(self.spread, other.spread)

    def may_become(self, other: Person, frames: int) -> bool:
        """Whether this person can be `other`, `frames` frames later."""
        growth = max(self.spread / other.spread, other.spread / self.spread)
        return bool(
            growth < min(_MAX_GROWTH ** np.sqrt(frames), _MAX_REGROWTH)
            and self.offset_to(other) < _reach(frames)
        )


@dataclass(frozen=True)
class Tracked:
    """A person who was tracked through a clip.

    Attributes:
        keypoints: float32 `(T, 137, 3)`, pixels; all zero in frames where they were not seen.
        look: float32 `(6,)`, see `look_of`; None if unknown.
    """

    keypoints: FloatArray
    look: FloatArray | None


def track_person(candidates: Sequence[Sequence[FloatArray]], size: tuple[int, int]) -> FloatArray:
    """The first of `track_people`, float32 `(T, 137, 3)`.

    Warns:
        DanceNowWarning: other persons were seen; says in how many frames.

    Raises:
        NobodyError: there is no person in any frame.
    """
    keypoints = track_people(candidates, size, most=1)[0].keypoints
    seen = (keypoints[:, :, 2] > 0).any(axis=1)
    people = np.array([sum(_is_somebody(k, size) for k in frame) for frame in candidates])
    count = int((people - seen > 0).sum())
    if count:
        warnings.warn(
            f"another person is seen in {count} of {len(people)} frames; only the largest and "
            "steadiest one is followed.",
            DanceNowWarning,
            stacklevel=2,
        )
    return keypoints


def track_people(
    candidates: Sequence[Sequence[FloatArray]],
    size: tuple[int, int],
    looks: Sequence[Sequence[FloatArray]] | None = None,
    cuts: Sequence[int] = (),
    *,
    most: int = MOST_PEOPLE,
) -> list[Tracked]:
    """Track the persons in a whole clip, the largest and steadiest over time first.

    Args:
        candidates: the persons seen in each frame, each float32 `(137, 3)`, pixels.
        size: frame size `(width, height)`; what lies outside does not count for a person's size.
        looks: what each of them looks like, float32 `(6,)`; see `look_of`.
        cuts: the frames with which new shots begin: a person may be anywhere in them.
        most: how many to track.

    Returns:
        The persons; beside the first, only those that are seen in a tenth of the frames.

    Raises:
        NobodyError: there is no person in any frame.
    """
    people: list[list[Person]] = []
    for index, frame in enumerate(candidates):
        seen = looks[index] if looks is not None and len(looks[index]) == len(frame) else None
        found = [
            Person.of(np.asarray(keypoints, np.float32), size, None if seen is None else seen[i])
            for i, keypoints in enumerate(frame)
        ]
        people.append([person for person in found if person is not None])
    tracklets = _tracklets(people, cuts)
    earlier = _earlier(tracklets, cuts)
    left = list(range(len(tracklets)))
    tracks: list[Tracked] = []
    while left and len(tracks) < most:
        best = _best_chain(tracklets, earlier, left)
        left = [index for index in left if index not in best]
        chain = [tracklets[index] for index in best]
        if tracks and sum(len(each.frames) for each in chain) / len(people) < _SELDOM:
            continue
        keypoints = np.zeros((len(people), NUM_KEYPOINTS, 3), dtype=np.float32)
        for tracklet in chain:
            for number, person in zip(tracklet.frames, tracklet.people, strict=True):
                keypoints[number] = person.keypoints
        tracks.append(Tracked(keypoints, max(chain, key=lambda each: each.weight).look))
    if not tracks:
        raise NobodyError(
            "no person was found; check that the whole body is visible and well lit, and at least "
            "a tenth of the picture high."
        )
    return tracks


def _is_somebody(keypoints: FloatArray, size: tuple[int, int]) -> bool:
    return Person.of(np.asarray(keypoints, np.float32), size) is not None


@dataclass
class _Tracklet:
    """One person, over frames that certainly belong together."""

    frames: list[int] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    weight: float = 0.0

    def add(self, frame: int, person: Person) -> None:
        self.frames.append(frame)
        self.people.append(person)
        self.weight += person.weight

    def cost(self, frame: int, person: Person) -> float:
        """How badly `person` continues this tracklet, in spreads; inf if it cannot."""
        last, gap = self.people[-1], frame - self.frames[-1]
        if not last.may_become(person, gap):
            return np.inf
        offset = min(last.offset_to(person), last.offset_to(person, self._motion(gap)))
        return offset + looks_apart(self.look, person.look) / _LOOKS

    @property
    def look(self) -> FloatArray | None:
        """What the person looks like, over some of the frames."""
        known = [p.look for p in self.people[-_REMEMBERED:] if p.look is not None]
        if not known:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of what is seen in no frame
            return np.asarray(np.nanmedian(known, axis=0), np.float32)

    def _motion(self, gap: int) -> FloatArray:
        """How far the centre has probably moved since, pixels."""
        if len(self.people) < 2:
            return np.zeros(2, np.float32)
        a, b = self.people[-2], self.people[-1]
        common = a.seen & b.seen
        if not common.any():
            return np.zeros(2, np.float32)
        steps = b.keypoints[BODY, :2][common] - a.keypoints[BODY, :2][common]
        motion: FloatArray = np.median(steps, axis=0) * gap / (self.frames[-1] - self.frames[-2])
        return motion


def _reach(frames: int) -> float:
    return min(_REACH + _DRIFT * (frames - 1), _MAX_REACH)


def _tracklets(people: list[list[Person]], cuts: Sequence[int]) -> list[_Tracklet]:
    """Join persons from frame to frame, each to the tracklet it continues best."""
    done: list[_Tracklet] = []
    running: list[_Tracklet] = []
    ends = set(cuts)
    for frame, present in enumerate(people):
        longest = 0 if frame in ends else _MAX_GAP
        done += [t for t in running if frame - t.frames[-1] > longest]
        running = [t for t in running if frame - t.frames[-1] <= longest]
        costs = np.array([[t.cost(frame, p) for p in present] for t in running])
        costs = costs.reshape(len(running), len(present))
        possible = np.isfinite(costs)
        rows, columns = linear_sum_assignment(np.where(possible, costs, 1e6))
        taken = {int(c): int(r) for r, c in zip(rows, columns, strict=True) if possible[r, c]}
        for i, person in enumerate(present):
            if i not in taken:
                running.append(_Tracklet())
            running[taken.get(i, -1)].add(frame, person)
    return sorted(done + running, key=lambda t: t.frames[0])


def _earlier(tracklets: list[_Tracklet], cuts: Sequence[int]) -> list[list[int]]:
    """For each tracklet, the numbers of those that may come right before it in a chain."""
    looks = [t.look for t in tracklets]
    shots = [bisect_right(cuts, t.frames[0]) for t in tracklets]
    found: list[list[int]] = []
    for j, later in enumerate(tracklets):
        before = []
        for i, earlier in enumerate(tracklets[:j]):
            gap = later.frames[0] - earlier.frames[-1]
            if (
                gap > 0
                and (shots[i] < shots[j] or earlier.people[-1].may_become(later.people[0], gap))
                and looks_apart(looks[i], looks[j]) < _UNLIKE
            ):
                before.append(i)
        found.append(before)
    return found


def _best_chain(tracklets: list[_Tracklet], earlier: list[list[int]], left: list[int]) -> list[int]:
    """The numbers of the compatible tracklets with the greatest total weight, of those left."""
    best = {number: tracklets[number].weight for number in left}
    previous: dict[int, int] = {}
    for j in left:
        for i in earlier[j]:
            if i in best and best[i] + tracklets[j].weight > best[j]:
                best[j], previous[j] = best[i] + tracklets[j].weight, i
    chain = [max(left, key=best.__getitem__)]
    while chain[-1] in previous:
        chain.append(previous[chain[-1]])
    return chain[::-1]
