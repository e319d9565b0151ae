"""Who of the persons in a clip dances: not mirror images, posters and statues; and which one."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError
from dancenow.pose.extent import body_extent
from dancenow.pose.layout import INDEX, MIRROR, SIDES, USABLE
from dancenow.pose.looks import looks_apart
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.pose.tracking import Tracked

LARGEST: Final = "largest"
_WHERE: Final = (LARGEST, "left", "right")
_MOVING: Final = np.array(
    [
        INDEX[f"{side}_{joint}"]
        for side in SIDES
        for joint in ("shoulder", "elbow", "wrist", "knee", "ankle")
    ]
)
_AT_FIRST: Final = 0.5  # seconds that tell who is on the left
_HIDDEN: Final = 2.5  # seconds that a dancer may be hidden by another
_NEAR: Final = 0.3  # of a dancer's width, between boxes of dancers that are about to cross
_FEWEST: Final = 10  # frames in which two persons are compared
_ALIKE: Final = 25.0  # of 255, of the looks of a dancer and a mirror image
_SMALLER: Final = 0.92  # of the dancer's size; a mirror image is farther away
_SAME_MOTION: Final = 0.3  # trunk lengths, median distance of a mirror image's joints
_STILL: Final = 0.02  # trunk lengths; the joints of a picture of a person move less


def dancers(people: Sequence[Tracked]) -> list[Tracked]:
    """The persons of a clip without smaller mirror images of others, posters and statues.

    The first is always kept.
    """
    kept = list(people[:1])
    for person in people[1:]:
        mirrored = any(_is_mirror_image(person, other) for other in kept)
        if not (mirrored or _is_still(person.keypoints)):
            kept.append(person)
    return kept


def bridged(tracks: Sequence[PoseTrack], cuts: Sequence[int] = ()) -> list[PoseTrack]:
    """The tracks, with poses interpolated where one dancer passes behind another.

    What is interpolated is half as certain as what was seen.

    Args:
        tracks: all dancers of a clip.
        cuts: the frames with which new shots begin: nobody goes on from one shot to the next.
    """
    extents = [body_extent(track) for track in tracks]
    made = []
    for index, track in enumerate(tracks):
        keypoints = track.keypoints.copy()
        seen = (keypoints[..., 2] > 0).any(axis=1)
        known = np.flatnonzero(seen)
        others = [extent for number, extent in enumerate(extents) if number != index]
        for before, after in pairwise(known.tolist()):
            gap = after - before
            if gap < 2 or gap > _HIDDEN * track.fps:
                continue
            if any(before < cut <= after for cut in cuts):
                continue
            if any(
                _overlap(extents[index][f], other[f]) for f in (before, after) for other in others
            ):
                part = np.arange(1, gap)[:, None, None] / gap
                first, last = keypoints[before], keypoints[after]
                between = (1 - part) * first + part * last
                between[..., 2] = 0.5 * np.minimum(first[:, 2], last[:, 2])
                keypoints[before + 1 : after] = np.where(between[..., 2:] > 0, between, 0)
        made.append(track.with_keypoints(keypoints))
    return made


def _overlap(a: FloatArray, b: FloatArray) -> bool:
    """Whether two boxes overlap from left to right, or nearly so."""
    near = _NEAR * (a[2] - a[0])
    return bool(a[0] - near < b[2] and b[0] - near < a[2])


def check_person(person: str, option: str = "person", *, count: int = 1) -> None:
    """Raise `InputError` if a text, the value of an option, does not name `count` persons.

    Several are named one after the other, such as "2,1"; "largest" alone names any number.
    """
    if count > 1 and person != LARGEST:
        each = _names(person)
        if len(each) != count:
            raise InputError(
                f"`{option}={person}`: {count} performers need a person each, such as "
                f"{','.join(map(str, range(count, 0, -1)))}."
            )
        for one in each:
            check_person(one, option)
        if len(set(each)) < count:
            raise InputError(f"`{option}={person}`: names a person twice.")
        return
    if person not in _WHERE and not re.fullmatch("[1-9][0-9]{0,2}", person):
        raise InputError(
            f"`{option}={person}`: unknown; choose {', '.join(_WHERE)}, or a number from 1."
        )


def _names(person: str) -> list[str]:
    """Whom a list such as "2, 1" names."""
    return [each.strip() for each in person.split(",")]


def choose_dancer(
    tracks: Sequence[PoseTrack], person: str, name: str, option: str = "person"
) -> int:
    """Index of the person that a text names: a number from 1, or largest, left or right (at first).

    Args:
        tracks: all dancers, the largest and steadiest first.
        person: whom to choose.
        name: the clip's, for messages.
        option: the one that names the person, for messages.

    Raises:
        InputError: there is no such person.
    """
    check_person(person, option)
    if person == LARGEST:
        return 0
    if person in _WHERE:
        places = [_place(track) for track in tracks]
        return int(np.argmin(places) if person == "left" else np.argmax(places))
    if int(person) > len(tracks):
        seen = "one person is" if len(tracks) == 1 else f"{len(tracks)} persons are"
        raise InputError(f"`{option}={person}`: {seen} seen in {name}.")
    return int(person) - 1


def choose_cast(tracks: Sequence[PoseTrack], person: str, count: int, name: str) -> list[int]:
    """Indices of the persons whom `count` performers follow.

    Args:
        tracks: all dancers, the largest and steadiest first.
        person: a list such as "2,1", or "largest": the first ones from left to right.
        count: number of performers.
        name: the clip's, for messages.

    Raises:
        InputError: there are not as many.

    Warns:
        DanceNowWarning: there is one person, whom all performers follow.
    """
    check_person(person, count=count)
    if person != LARGEST:
        return [choose_dancer(tracks, each, name) for each in _names(person)]
    if len(tracks) == 1:
        warnings.warn(
            f"{name}: shows one dancer; all performers dance the same.",
            DanceNowWarning,
            stacklevel=2,
        )
        return [0] * count
    if len(tracks) < count:
        raise InputError(f"{name}: {len(tracks)} dancers are seen, too few for {count} performers.")
    return sorted(range(count), key=lambda index: _place(tracks[index]))


def nearest_dancer(tracks: Sequence[PoseTrack], track: PoseTrack) -> int:
    """Index of the person whose poses are nearest to given ones of the same clip."""
    return int(np.argmin([_apart(each, track) for each in tracks]))


def _apart(a: PoseTrack, b: PoseTrack) -> float:
    """The median distance of the hips of two tracks, pixels; inf if never seen together."""
    hip, count = INDEX["mid_hip"], min(len(a), len(b))
    ours, theirs = a.keypoints[:count, hip], b.keypoints[:count, hip]
    both = (ours[:, 2] > 0) & (theirs[:, 2] > 0)
    if not both.any():
        return float("inf")
    return float(np.median(np.linalg.norm(ours[both, :2] - theirs[both, :2], axis=1)))


def _place(track: PoseTrack) -> float:
    """Where a person is at first, x in pixels: they may change places later."""
    seen = track.confidence >= USABLE
    if not seen.any():
        seen = track.confidence > 0
    first = np.flatnonzero(seen.any(axis=1))[: max(1, round(_AT_FIRST * track.fps))]
    return float(np.median(track.xy[first, :, 0][seen[first]]))


def _joints(keypoints: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Joints `(T, J, 2)` in trunk lengths from the hips, and the frames in which they are seen."""
    neck, hip = keypoints[:, INDEX["neck"]], keypoints[:, INDEX["mid_hip"]]
    trunk = np.linalg.norm(neck[:, :2] - hip[:, :2], axis=1).astype(np.float64)
    seen = (neck[:, 2] >= USABLE) & (hip[:, 2] >= USABLE) & (trunk > 0)
    size = float(np.median(trunk[seen])) if seen.any() else 1.0
    return (keypoints[:, _MOVING, :2] - hip[:, None, :2]) / size, seen


def _is_mirror_image(person: Tracked, other: Tracked) -> bool:
    """Whether a person is a smaller mirror image of another, in a mirror beside or behind them."""
    if _size(person.keypoints) > _SMALLER * _size(other.keypoints):
        return False
    if person.look is None or other.look is None or looks_apart(person.look, other.look) > _ALIKE:
        return False
    there, seen_there = _joints(other.keypoints)
    here, seen_here = _joints(person.keypoints[:, list(MIRROR)])
    both = seen_there & seen_here
    if both.sum() < _FEWEST:
        return False
    return any(
        np.median(np.linalg.norm(here[both] * (flip, 1) - there[both], axis=-1)) < _SAME_MOTION
        for flip in (1, -1)
    )


def _size(keypoints: FloatArray) -> float:
    """The median length of the trunk, pixels."""
    neck, hip = keypoints[:, INDEX["neck"]], keypoints[:, INDEX["mid_hip"]]
    seen = (neck[:, 2] >= USABLE) & (hip[:, 2] >= USABLE)
    return float(np.median(np.linalg.norm((neck - hip)[seen, :2], axis=1))) if seen.any() else 0.0


def _is_still(keypoints: FloatArray) -> bool:
    joints, seen = _joints(keypoints)
    if seen.sum() < _FEWEST:
        return False
    spread = np.median(np.abs(joints[seen] - np.median(joints[seen], axis=0)), axis=0)
    return bool(spread.max() < _STILL)
