"""The segments of a long clip, each looked at by itself: all in turn, or by several processes.

What was found in a segment is kept until the whole clip is done, so whoever is interrupted goes on.
A clip is cut into the same segments wherever it is looked at, and so gives the same poses.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import OutputError
from dancenow.files import write_bytes
from dancenow.pose.cuts import LOOK_AHEAD
from dancenow.pose.estimators import Detection, make_estimator
from dancenow.pose.flow_fusion import Flow, measure_flow
from dancenow.pose.track import FloatArray
from dancenow.processes import return_freed_memory
from dancenow.video import ClipInfo, read_frames
from dancenow.video.read import can_begin_anywhere

SEGMENT: Final = 900  # frames
_BEFORE: Final = 24  # frames before a segment that are seen and forgotten: who is there, and where
Tell = Callable[[int], None]


def segments_of(clip: ClipInfo) -> list[range]:
    """The segments of a clip.

    A clip of up to one and a half is whole, and so is one that must be read from its beginning.

    Raises:
        InputError: the clip cannot be read.
    """
    frames = clip.frames
    if frames > 3 * SEGMENT // 2 and not can_begin_anywhere(clip):
        return [range(frames)]
    starts = range(0, max(1, frames - SEGMENT // 2), SEGMENT)
    return [range(a, b) for a, b in zip(starts, [*starts[1:], frames], strict=True)]


def look_at(
    clip: ClipInfo,
    segment: range,
    *,
    estimator: str = "mediapipe",
    device: str = "cpu",
    masks: bool = False,
) -> Iterator[Detection]:
    """What is seen in each frame of a segment; otherwise as `PoseEstimator.stream`."""
    start, stop = max(0, segment.start - _BEFORE), segment.stop + LOOK_AHEAD
    frames = read_frames(clip, start=start, stop=stop)
    seen = make_estimator(estimator, device=device).stream(frames, masks=masks)
    yield from islice(seen, segment.start - start, segment.stop - start)
    del seen, frames  # the graphs; the decoder, with what it has read ahead
    return_freed_memory()


def detections(
    clip: ClipInfo, segment: range, folder: Path, estimator: str, device: str, tell: Tell
) -> Iterator[Detection]:
    """What is seen in each frame of a segment, without masks; kept in `folder`."""
    path = folder / f"{segment.start}-{segment.stop}.npz"
    kept = _read(path)
    if kept is not None:
        yield from _unpacked(kept)
        tell(segment.stop)
        return
    found = []
    for number, seen in enumerate(look_at(clip, segment, estimator=estimator, device=device)):
        found.append(seen)
        tell(segment.start + number + 1)
    packed = _packed(found)
    if segment != range(clip.frames):
        _write(path, packed)
    yield from _unpacked(packed)


def joined(found: Iterable[Detection]) -> Iterator[Detection]:
    """The same detections without masks, as views of a few large arrays.

    Small arrays of every frame, made between large ones, would keep the memory around them.
    """
    return _unpacked(_packed(list(found)))


def flow_under(
    clip: ClipInfo,
    segment: range,
    folder: Path,
    keypoints: FloatArray,
    heights: NDArray[np.float64],
    tell: Tell,
) -> Flow:
    """The flow from each frame of a segment to its next one; kept in `folder`.

    Args:
        clip: the clip.
        segment: of the clip.
        folder: for this person's flow.
        keypoints: `(T, K, 3)`, the person's in the whole clip.
        heights: `(T - 1,)`, see `measure_flow`.
        tell: called with the number of frames done.
    """
    path = folder / f"{segment.start}-{segment.stop}.npz"
    kept = _read(path)
    if kept is not None:
        tell(segment.stop)
        return Flow(kept["steps"], kept["sure"])
    inside = slice(segment.start, min(segment.stop, len(heights)))

    def frames() -> Iterator[NDArray[np.uint8]]:
        shown = read_frames(clip, start=segment.start, stop=inside.stop + 1)
        for number, frame in enumerate(shown, start=segment.start + 1):
            yield frame
            tell(min(number, segment.stop))

    flow = measure_flow(keypoints[inside.start : inside.stop + 1], heights[inside], frames())
    if segment != range(clip.frames):
        _write(path, {"steps": flow.steps, "sure": flow.sure})
    return flow


def _packed(found: list[Detection]) -> dict[str, NDArray[Any]]:
    """Detections as arrays; those of all frames one after the other."""
    poses = [pose for each in found for pose in each.candidates]
    looks = [look for each in found for look in each.looks]
    depths = [depth for each in found for depth in each.depths]
    first = next((depth for depth in depths if depth is not None), np.zeros(0, np.float32))
    unknown = np.full(first.shape, np.nan, np.float32)
    return {
        "counts": np.array(
            [(len(each.candidates), len(each.depths), len(each.looks)) for each in found], np.int64
        ).reshape(-1, 3),
        "cuts": np.array([each.cut for each in found], np.bool_),
        "poses": np.array(poses, np.float32),
        "looks": np.array(looks, np.float32),
        "depths": np.array([unknown if depth is None else depth for depth in depths], np.float32),
    }


def _unpacked(kept: dict[str, NDArray[Any]]) -> Iterator[Detection]:
    poses, depths, looks = (iter(kept[name]) for name in ("poses", "depths", "looks"))
    for (count, deep, seen), cut in zip(kept["counts"].tolist(), kept["cuts"], strict=True):
        known = [depth if np.isfinite(depth).any() else None for depth in islice(depths, deep)]
        yield Detection(
            list(islice(poses, count)), None, known, list(islice(looks, seen)), bool(cut)
        )


def _write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    with suppress(OSError, OutputError):  # it only saves work; the whole clip may be done by now
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, buffer.getvalue())


def _read(path: Path) -> dict[str, NDArray[Any]] | None:
    """The arrays of a file; None if it is not there or damaged."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            return dict(kept)
    except Exception:  # whatever zip and numpy say of it: the file is made again
        return None
