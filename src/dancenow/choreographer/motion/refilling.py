"""Giving spans of a detected motion back to the model, which fills them anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.body import measure_body
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.codec import RATE
from dancenow.choreographer.motion.completing import Completion, Gap
from dancenow.choreographer.motion.laying import Curve, Laid
from dancenow.choreographer.stretches import Stretches
from dancenow.errors import InputError
from dancenow.pose import PoseTrack


def refill(
    learned: PoseChoreographer, track: PoseTrack, spans: Sequence[tuple[float, float]], seed: int
) -> PoseTrack:
    """A track with some spans filled anew from what is around them, marked as edited.

    Args:
        learned: what the model learned; it need not be the same person's dance.
        track: the (cleaned) poses.
        spans: seconds from which and up to which to fill, in any order.
        seed: of all random draws.

    Raises:
        InputError: a span is not within the track, or the whole body is not seen around it.
    """
    for begins, ends in sorted(spans):
        track = _refilled(learned, track, begins, ends, seed)
    return track


def _refilled(
    learned: PoseChoreographer, track: PoseTrack, begins: float, ends: float, seed: int
) -> PoseTrack:
    fps, codec = track.fps, learned.codec
    first, stop = max(0, round(begins * fps)), min(len(track), round(ends * fps) + 1)
    if not 0 <= begins < ends or stop - first < 2:
        raise InputError(
            f"{begins:g} to {ends:g} s: is no span of a track that lasts {track.duration:.2f} s."
        )
    body = measure_body(track)
    vectors, whole = codec.encode_frames(track)
    learned.guess_depth(vectors, track)
    around = learned.network.window / 3 / RATE  # seconds that matter
    low, high = max(0, first - round(around * fps)), min(len(track), stop + round(around * fps))
    seen = whole.copy()
    seen[first:stop] = True
    if not seen[low:high].all() or (low == first and high == stop):
        raise InputError(
            f"{begins:g} to {ends:g} s: the whole body must be seen for {around:.1f} s before or "
            "after; choose another span."
        )
    seconds = (high - 1 - low) / fps
    times = np.arange(int(np.ceil(seconds * RATE)) + 1) / RATE
    moves = Curve(vectors, low, high - 1)(times / seconds).astype(np.float32)
    inside = (times > (first - 1 - low) / fps) & (times < (stop - low) / fps)
    laid = Laid(moves, ~inside, np.zeros(len(moves), bool))
    Completion(learned, Stretches(None)).complete(laid, [Gap(0, seconds, seed)])
    made = codec.decode(laid.moves, fps, body)[: high - low]
    return _inserted(track, made, slice(first, stop), first - low)


def _inserted(track: PoseTrack, made: PoseTrack, span: slice, offset: int) -> PoseTrack:
    """A track with a span of another's keypoints, led to where its own are on both sides."""
    count = span.stop - span.start
    new = made.keypoints[offset : offset + count].copy()
    sides: list[NDArray[np.float32] | None] = []
    for at, here in ((span.start - 1, offset - 1), (span.stop, offset + count)):
        if 0 <= at < len(track) and 0 <= here < len(made):
            both = (track.confidence[at] > 0) & (made.confidence[here] > 0)
            sides.append(np.where(both[:, None], track.xy[at] - made.xy[here], 0))
        else:
            sides.append(None)
    part = ((np.arange(count) + 1) / (count + 1))[:, None, None]
    before = sides[0] if sides[0] is not None else sides[1]
    after = sides[1] if sides[1] is not None else sides[0]
    assert before is not None and after is not None
    away = (1 - part) * before + part * after
    new[..., :2] += np.where(new[..., 2:] > 0, away, 0)
    keypoints, edited = track.keypoints.copy(), track.edits.copy()
    depth = None if track.depth is None else track.depth.copy()
    keypoints[span], edited[span] = new, True
    if depth is not None and made.depth is not None:
        depth[span] = made.depth[offset : offset + count]
    return replace(track, keypoints=keypoints, depth=depth, edited=edited)
