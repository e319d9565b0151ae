"""Mending detected poses: keypoints moved by hand, spans given back to a choreographer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dancenow.choreographer import Choreographer, find_method
from dancenow.errors import InputError
from dancenow.files import check_can_write
from dancenow.pose import PoseTrack
from dancenow.pose.dancers import LARGEST
from dancenow.pose.mending import Edit, with_edits
from dancenow.progress import ProgressCallback, silent
from dancenow.sources.load import load_source
from dancenow.training import choose_device


def mend(
    source: str | Path,
    output: str | Path,
    *,
    edits: Sequence[Edit] = (),
    spans: Sequence[tuple[float, float]] = (),
    choreographer: str | Path | None = None,
    person: str = LARGEST,
    seed: int = 0,
    device: str = "auto",
    progress: ProgressCallback = silent,
) -> PoseTrack:
    """Write the mended poses of a clip or track as a track, which says what was edited.

    Args:
        source: the clip, track, capture or pose files.
        output: the track, `.npz`; it may be the source itself.
        edits: keypoints that belong elsewhere; they come before the spans are filled.
        spans: seconds from which and up to which a choreographer fills in what is danced.
        choreographer: the folder of one that was trained with `codec=pose`; needed for spans.
        person: who of several; see `choose_dancer`.
        seed: of the filling.
        device: where networks compute.
        progress: called for every frame.

    Returns:
        The track.

    Raises:
        InputError: an input cannot be used, or an edit or span is not within the track.
    """
    source, output = Path(source), Path(output)
    if output.suffix.lower() != ".npz":
        raise InputError(f"{output}: choose a name that ends in .npz.")
    check_can_write(output)
    if spans and choreographer is None:
        raise InputError("a span is filled by a choreographer; name one.")
    track = load_source(source, person=person, progress=progress).track
    if edits:
        track = with_edits(track, edits)
    if spans and choreographer is not None:
        learned = Choreographer.load(choreographer, choose_device(device))
        track = find_method(learned.codec_name).refill(learned, track, spans, seed)
    track.save(output)
    return track
