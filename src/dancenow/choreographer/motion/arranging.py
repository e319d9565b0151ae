"""A dance out of a document: passages, held poses and composed stretches, and what joins them.

Everything becomes vectors at `RATE`, at its place in time (`laying`).  The network, which learned
to go on from what is known on both sides, fills the gaps, and makes the moments in which one
segment passes into the next, or a pinned pose is struck, anew (`completing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.arrangement import Arranged, Arrangement
from dancenow.choreographer.choreographer import DanceRequest
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.codec import RATE, PoseCodec
from dancenow.choreographer.motion.completing import Completion, Gap
from dancenow.choreographer.motion.laying import Curve, Laid, Piece, lay
from dancenow.choreographer.motion.series import Array
from dancenow.choreographer.motion.to_music import composition_of, time_to_music
from dancenow.choreographer.stretches import Stretches
from dancenow.errors import InputError
from dancenow.music import Music
from dancenow.options.styles import learned_mix, parse_mix
from dancenow.plan import Clock, Kind, Placed, Segment
from dancenow.pose.gaps import runs
from dancenow.progress import Progress, ProgressCallback
from dancenow.sources.load import Source

_FEWEST: Final = 3  # beats to which a stretch can be timed
_STILL: Final = 0.05  # seconds; what is less than a vector is no gap


def arrange(
    given: Arrangement, learned: PoseChoreographer | None, progress: ProgressCallback
) -> Arranged:
    """Make a dance of what a document says.

    Args:
        given: the document and its footage.
        learned: composes, joins and fills gaps; without one there are only passages and poses,
            which fade into each other.
        progress: called for every segment.

    Raises:
        InputError: a segment cannot be made; the message tells its line.
    """
    styles = _styles(given, learned)
    stretches = Stretches(given.key, sorted(given.learned_of))
    material = _Material(given, learned, styles, stretches)
    fps = given.plan.fps or material.fps
    tracks, done = {}, 0
    for dancer, placed in given.line.segments.items():
        pieces: list[Piece] = []
        for each in placed:
            pieces += material.pieces(each)
            done += 1
            progress(Progress("arranging", done, len(given.plan.segments), "segments"))
        pins = [
            (pinned.at, material.pose("pin", pinned.number))
            for pinned in given.line.pins.get(dancer, ())
        ]
        laid = lay(pieces, pins, given.line.seconds, material.codec.dimensions)
        if learned is None:
            _check_whole(given, placed, laid)
        else:
            gaps = [_gap(each, styles) for each in placed if each.segment.kind is Kind.gap]
            Completion(learned, stretches).complete(laid, gaps)
        count = max(1, round(given.line.seconds * fps))
        tracks[dancer] = material.codec.decode(laid.moves, fps)[:count]
    return Arranged(tracks, stretches.asked, stretches.reused)


class _Material:
    """The motion that segments give.

    Attributes:
        codec: of all vectors.
        fps: frames a second of the dance, unless the document says otherwise.
    """

    def __init__(
        self,
        given: Arrangement,
        learned: PoseChoreographer | None,
        styles: Mapping[int, Mapping[str, float]],
        stretches: Stretches,
    ) -> None:
        self._given, self._learned = given, learned
        self._styles, self._stretches = styles, stretches
        self._encoded: dict[int, tuple[Array, NDArray[np.bool_]]] = {}
        if learned is not None:
            self.codec, self.fps = learned.codec, float(learned.learned.fps)
            return
        tracks = {}
        for (what, number), footage in given.footage.items():
            if id(footage.track) in tracks:
                continue
            tracks[id(footage.track)] = footage.track
            try:
                PoseCodec.fit([footage.track])
            except InputError as error:
                raise given.plan.fault(str(error), what, number) from error
        self.codec = PoseCodec.fit([*tracks.values()])
        self.fps = next(iter(tracks.values())).fps

    def pieces(self, placed: Placed) -> list[Piece]:
        """The pieces of a segment: its repetitions, and the shots of what it is out of."""
        kind = placed.segment.kind
        if kind is Kind.gap:
            return []
        if kind is Kind.pose:
            held = Curve(self.pose("segment", placed.number)[None], 0, 0)
            return [Piece(placed.begins, placed.ends, placed.fade, held)]
        curves = self._shots(placed) if kind is Kind.passage else [self._composed(placed)]
        shares = np.array([curve.length for curve in curves])
        shares = shares.cumsum() / shares.sum() if shares.sum() else np.ones(1)
        pieces = []
        for begins, ends in pairwise(placed.bounds):
            cuts = begins + (ends - begins) * np.array([0, *shares])
            pieces += [
                Piece(float(a), float(b), placed.fade, curve)
                for (a, b), curve in zip(pairwise(cuts), curves, strict=True)
            ]
        return pieces

    def pose(self, what: str, number: int) -> Array:
        """The vector `(D,)` of the pose that a "segment" or a "pin" shows."""
        plan = self._given.plan
        asked = plan.segments[number] if what == "segment" else plan.pins[number]
        vectors, whole, footage = self._vectors(what, number)
        frame = min(round(asked.start * footage.track.fps), len(vectors) - 1)
        if not whole[frame]:
            raise plan.fault(
                f"{asked.pose} does not show the whole body at {asked.start:g} s; take another "
                "moment.",
                *(what, number, "from"),
            )
        chosen = vectors[frame : frame + 1]
        pose: Array = (self.codec.mirrored(chosen) if asked.mirror else chosen)[0]
        return pose

    def _shots(self, placed: Placed) -> list[Curve]:
        """The passage of a segment, cut where its clip is cut."""
        segment, number = placed.segment, placed.number
        vectors, whole, footage = self._vectors("segment", number)
        fps, last = footage.track.fps, len(vectors) - 1
        first = min(segment.start * fps, last)
        end = last if segment.to is None else min(segment.to * fps, last)
        seen = whole[int(first) : int(np.ceil(end)) + 1]
        if not seen.all():
            start, stop = next(iter(runs(~seen)))
            raise self._given.plan.fault(
                f"{segment.clip} does not show the whole body from {(int(first) + start) / fps:.2f}"
                f" to {(int(first) + stop) / fps:.2f} s; take another passage.",
                *("segment", number, "clip"),
            )
        if segment.mirror:
            vectors = self.codec.mirrored(vectors)
        curves = []
        for a, b in pairwise([0, *footage.cuts, len(vectors)]):
            if a < end and b - 1 > first:
                curves.append(Curve(vectors[a:b], max(first - a, 0.0), min(end, b - 1) - a))
        moment = min(round(first), last)  # of a passage that is no longer than a frame
        return curves or [Curve(vectors[moment : moment + 1], 0, 0)]

    def _vectors(self, what: str, number: int) -> tuple[Array, NDArray[np.bool_], Source]:
        """The vectors `(T, D)` of a segment's or pin's footage, and where the body is whole."""
        footage = self._given.footage[what, number]
        name = id(footage.track)
        if name not in self._encoded:
            try:
                vectors, whole = self.codec.encode_frames(footage.track)
            except InputError as error:
                raise self._given.plan.fault(str(error), what, number) from error
            if self._learned is not None:
                self._learned.guess_depth(vectors, footage.track)
            self._encoded[name] = vectors, whole
        return *self._encoded[name], footage

    def _composed(self, placed: Placed) -> Curve:
        """A composed segment, timed to the beats that fall on it."""
        segment, seconds, learned = placed.segment, placed.once, self._learned
        assert learned is not None
        music = self._music(placed)
        style = self._styles[placed.number]
        request = DanceRequest(
            seconds, None, segment.seed, segment.temperature, music=music, style=style
        )

        def make() -> NDArray[np.float32]:
            composition = composition_of(request)
            if segment.liveliness is not None:
                energy = np.full(composition.count, segment.liveliness, np.float32)
                composition = replace(composition, energy=energy)
            moves = learned.compose_moves(composition)
            if music is not None:
                moves = time_to_music(learned.codec, moves, music, seconds)[0]
            return moves

        heard = (np.empty(0), np.empty(0)) if music is None else (music.beats, music.energy)
        how = (segment.seed, segment.temperature, segment.liveliness, sorted(style.items()))
        moves = self._stretches.get(make, "composed", round(seconds, 4), *how, *heard)
        if segment.mirror:
            moves = self.codec.mirrored(moves)
        return Curve(moves, 0.0, min(seconds * RATE, len(moves) - 1))

    def _music(self, placed: Placed) -> Music | None:
        """The music of a segment's first repetition, if beats fall on it."""
        begins, seconds, heard = placed.begins, placed.once, self._given.music
        beats = self._given.line.beats
        beats = beats[(beats >= begins) & (beats < begins + seconds)] - begins
        if len(beats) < _FEWEST:
            return None
        tempo = 60 / float(np.diff(beats).mean())
        moments = np.arange(int(np.ceil(seconds))) + 0.5
        energy = np.zeros(len(moments)) if heard is None else heard.energy_at(begins + moments)
        return Music(seconds, beats.round(4), tempo, 1.0, energy.round(4))


def _styles(
    given: Arrangement, learned: PoseChoreographer | None
) -> dict[int, Mapping[str, float]]:
    """The styles of composed segments and gaps."""
    styles: dict[int, Mapping[str, float]] = {}
    for number, segment in enumerate(given.plan.segments):
        if segment.kind not in (Kind.composed, Kind.gap):
            continue
        assert learned is not None  # a plan with such segments names one
        try:
            mix = parse_mix(segment.style) if segment.style else {}
            styles[number] = learned_mix(mix, learned.learned.styles)
        except InputError as error:
            raise given.plan.fault(str(error), "segment", number, "style") from error
    return styles


def _gap(placed: Placed, styles: Mapping[int, Mapping[str, float]]) -> Gap:
    segment: Segment = placed.segment
    return Gap(
        placed.begins,
        placed.ends,
        segment.seed,
        segment.temperature,
        segment.liveliness,
        styles[placed.number],
    )


def _check_whole(given: Arrangement, placed: Sequence[Placed], laid: Laid) -> None:
    """Raise `InputError` if something is missing between segments; before and after, one stands."""
    inner = [
        (start / RATE, stop / RATE)
        for start, stop in runs(~laid.known)
        if start > 0 and stop < len(laid.known) and stop - start > _STILL * RATE
    ]
    if inner:
        start, stop = inner[0]
        after = next(each.number for each in placed if each.ends > stop)
        moment = Clock(given.plan, given.music).moment
        raise given.plan.fault(
            f"nothing is said of {moment(start)} to {moment(stop)}, before this segment; a "
            "`choreographer` would fill it.",
            *("segment", after),
        )
