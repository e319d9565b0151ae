"""Several performers in one picture, side by side or before one background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.options import Formation, Retarget
from dancenow.performer import Performer
from dancenow.performer.layer import Layer
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.pose.normalize import PoseStatistics
from dancenow.pose.retarget import body_shape, retarget_limbs
from dancenow.staging.backdrop import TARGET, picture_frames
from dancenow.staging.group import Group, Place, gather
from dancenow.staging.room import performable

Frame = NDArray[np.uint8]

MOST: Final = 8  # performers
_BESIDE: Final = 0.08  # margin beside the dancer of a strip, as a fraction of the frame's height
_SLIMMEST: Final = 0.45  # minimum width of a strip, as a fraction of its height
_TALLEST: Final = 1080  # pixels


@dataclass(frozen=True)
class Ensemble:
    """Performers that dance together.

    Attributes:
        performers: from left to right.
        formation: side by side, or together.
        delay: seconds by which each starts after the previous one, as in a canon; 0 is unison.
        background: "target" (the first performer's room), a colour, a picture or a clip.
        retarget: what takes the performers' proportions; by default the limbs of those whose are
            known.
    """

    performers: tuple[Performer, ...]
    formation: Formation = Formation.beside
    delay: float = 0.0
    background: str = TARGET
    retarget: Retarget | None = None

    def check(self) -> None:
        """Raise `InputError` if these performers do not fit the settings."""
        check_cast(len(self.performers), self.formation, self.delay)
        for performer in self.performers:
            _home(performer)
        layered = all(performer.paints_layers for performer in self.performers)
        if self.formation is Formation.together and not layered:
            raise InputError(
                "`formation=together`: performers of the presets edn-... paint whole frames; "
                "choose `formation=beside`, or train them with `preset=fast`."
            )
        if self.formation is Formation.beside and self.background != TARGET and not layered:
            raise InputError(
                f"`background={self.background}`: performers of the presets edn-... paint whole "
                "frames; train one with `preset=fast`."
            )

    def frames(
        self, motion: PoseTrack | Sequence[PoseTrack]
    ) -> tuple[tuple[int, int], Iterator[Frame]]:
        """Width and height of the picture, and its frames, uint8 `(H, W, 3)` RGB.

        Args:
            motion: what all dance, or a track for each performer, of dancers of one source, who
                keep their places when together; who stands lower is in front.
        """
        if isinstance(motion, PoseTrack):
            tracks = [
                _later(danced, round(number * self.delay * motion.fps))
                for number, danced in enumerate(self._danced([motion] * len(self.performers)))
            ]
            if self.formation is Formation.together:
                return self._together(self._in_a_row(tracks))
        elif self.formation is Formation.together:
            homes = [_home(performer) for performer in self.performers]
            group = gather(motion, homes, self.performers[0].scene.size)
            shaped = zip(self.performers, motion, group.tracks, strict=True)
            tracks = [self._shaped(*each) for each in shaped]
            return self._together(replace(group, tracks=tracks))
        else:
            tracks = self._danced(motion)
        return self._beside(tracks)

    def _danced(self, tracks: Sequence[PoseTrack]) -> list[PoseTrack]:
        """Each performer's track in its own frame."""
        return [
            performable(performer, track, retarget=self._retarget(performer))
            for performer, track in zip(self.performers, tracks, strict=True)
        ]

    def _retarget(self, performer: Performer) -> Retarget:
        if self.retarget is not None:
            return self.retarget
        return Retarget.whole if performer.scene.shape is None else Retarget.limbs

    def _shaped(self, performer: Performer, given: PoseTrack, track: PoseTrack) -> PoseTrack:
        """A track in a performer's frame, with its proportions if they are wanted."""
        shape = performer.scene.shape
        if shape is None or self._retarget(performer) is not Retarget.limbs:
            return replace(track, size=performer.scene.size)
        shaped = retarget_limbs(track, body_shape(given), shape)
        return replace(shaped, size=performer.scene.size)

    def _beside(self, tracks: Sequence[PoseTrack]) -> tuple[tuple[int, int], Iterator[Frame]]:
        height = min(_TALLEST, max(track.size[1] for track in tracks)) // 2 * 2
        strips = [_strip(track, height) for track in tracks]
        size = (sum(width for *_, width in strips), height)

        def frames() -> Iterator[Frame]:
            streams = [
                self._frames(performer, track)
                for performer, track in zip(self.performers, tracks, strict=True)
            ]
            for pictures in zip(*streams, strict=True):
                shown = [
                    cv2.resize(
                        np.ascontiguousarray(picture[:, left:right]),
                        (width, height),
                        interpolation=cv2.INTER_AREA
                        if height < picture.shape[0]
                        else cv2.INTER_CUBIC,
                    )
                    for picture, (left, right, width) in zip(pictures, strips, strict=True)
                ]
                yield np.asarray(np.hstack(shown), dtype=np.uint8)

        return size, frames()

    def _frames(self, performer: Performer, track: PoseTrack) -> Iterator[Frame]:
        if self.background == TARGET or not performer.paints_layers:
            return performer.perform(track)
        behind = picture_frames(self.background, track.size, track.fps)
        return (
            layer.over(picture)
            for layer, picture in zip(performer.layers(track), behind, strict=False)
        )

    def _in_a_row(self, tracks: list[PoseTrack]) -> Group:
        """Performers of one dance, each in the middle of an equal part of the room."""
        homes = [_home(performer) for performer in self.performers]
        home, count = homes[0], len(homes)
        reach = max(
            _reach(track) / own.middle_height for track, own in zip(tracks, homes, strict=True)
        )
        first = self.performers[0].scene
        width = max(first.size[0], round(reach * home.middle_height * count))
        shape = (len(tracks[0]), 2)
        places = [
            Place(
                home.middle_height / own.middle_height,
                np.broadcast_to(np.array([own.x, own.middle]), shape),
                np.broadcast_to(
                    np.array([width // 2 * 2 * (number + 0.5) / count, home.middle]), shape
                ),
            )
            for number, own in enumerate(homes)
        ]
        order = np.broadcast_to(np.arange(count), (shape[0], count))
        return Group(width, tracks, places, order)

    def _together(self, group: Group) -> tuple[tuple[int, int], Iterator[Frame]]:
        first = self.performers[0].scene
        size = (group.width // 2 * 2, first.size[1] // 2 * 2)
        if self.background == TARGET and first.plate is not None:
            home = _home(self.performers[0])
            behind: Iterator[Frame] = cycle([_widened(first.plate, home.x, size)])
        else:
            behind = picture_frames(self.background, size, group.tracks[0].fps)

        def frames() -> Iterator[Frame]:
            streams = [
                performer.layers(track)
                for performer, track in zip(self.performers, group.tracks, strict=True)
            ]
            pictures = zip(zip(*streams, strict=True), behind, strict=False)
            for index, (layers, background) in enumerate(pictures):
                frame = background
                for number in group.order[index]:
                    place = group.places[number]
                    here, there = place.here[index], place.there[index]
                    frame = _moved(layers[number], place.scale, here, there, size).over(frame)
                yield frame

        return size, frames()


def _home(performer: Performer) -> PoseStatistics:
    """Where a performer stands in its own frame.

    Raises:
        InputError: it is unknown, so no dance can be normalised to its body.
    """
    if performer.scene.statistics is None:
        raise InputError(
            "`performer`: one was learned from drawn stick figures without poses, so no dance "
            "can be normalised to it; train it from a clip."
        )
    return performer.scene.statistics


def check_cast(count: int, formation: Formation, delay: float = 0.0) -> None:
    """Raise `InputError` if that many performers do not fit the settings."""
    if count > MOST:
        raise InputError(f"`performer`: at most {MOST} dance together, not {count}.")
    if not (np.isfinite(delay) and delay >= 0):
        raise InputError(f"`canon` must be 0 s or above, not {delay:g}.")
    if delay and count < 2:
        raise InputError(f"`canon={delay:g}`: needs several performers; add a `performer`.")
    if formation is Formation.together and count < 2:
        raise InputError("`formation=together`: needs several performers; add a `performer`.")


def _later(track: PoseTrack, delay: int) -> PoseTrack:
    """A track delayed by `delay` frames, during which its first pose is held."""
    if delay == 0:
        return track
    held = np.repeat(track.keypoints[:1], min(delay, len(track)), axis=0)
    return track.with_keypoints(np.concatenate([held, track.keypoints])[: len(track)])


def _strip(track: PoseTrack, height: int) -> tuple[int, int, int]:
    """First and last column of a frame around a dancer, and their width at that height."""
    extent = body_extent(track)
    margin = _BESIDE * track.size[1]
    left, right = float(np.nanmin(extent[:, 0])) - margin, float(np.nanmax(extent[:, 2])) + margin
    slim = _SLIMMEST * track.size[1] - (right - left)
    if slim > 0:
        left, right = left - slim / 2, right + slim / 2
    first, last = max(0, round(left)), min(track.size[0], round(right))
    return first, last, max(2, round((last - first) * height / track.size[1]) // 2 * 2)


def _reach(track: PoseTrack) -> float:
    """The width that a dance takes up, in pixels."""
    extent = body_extent(track)
    return float(np.nanquantile(extent[:, 2], 0.99) - np.nanquantile(extent[:, 0], 0.01))


def _widened(plate: Frame, middle: float, size: tuple[int, int]) -> Frame:
    """A room widened by mirroring its sides, centred on where its dancer stood."""
    width = plate.shape[1]
    more = max(0, size[0] - width)
    left = min(more, max(0, round(size[0] / 2 - middle)))
    widened = plate[: size[1], : size[0]]
    while left > 0 or more - left > 0:  # a mirror shows no more than the room
        now_left, now_right = min(left, width - 1), min(more - left, width - 1)
        widened = np.asarray(
            cv2.copyMakeBorder(widened, 0, 0, now_left, now_right, cv2.BORDER_REFLECT_101), np.uint8
        )
        left, more = left - now_left, more - now_left - now_right
    return widened


def _moved(
    layer: Layer,
    scale: float,
    here: NDArray[np.float64],
    there: NDArray[np.float64],
    size: tuple[int, int],
) -> Layer:
    """A layer scaled about a point of its own frame and moved elsewhere."""
    nobody = Layer(np.zeros((0, 0, 4), np.uint8), 0, 0, size)
    if not layer.pixels.size:
        return nobody
    height, width = layer.pixels.shape[:2]
    left, top = (
        (corner - origin) * scale + goal
        for corner, origin, goal in zip((layer.left, layer.top), here, there, strict=True)
    )
    first = np.maximum(np.floor([left, top]), 0).astype(int)
    last = np.minimum(np.ceil([left + width * scale, top + height * scale]), size).astype(int)
    if (first >= last).any():
        return nobody
    # cv2 has pixel centres at .0.
    offset = (first + 0.5 - [left, top]) / scale - 0.5
    back = np.array([[1 / scale, 0, offset[0]], [0, 1 / scale, offset[1]]])
    pixels = layer.pixels
    if scale < 1:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.4 / scale), np.uint8)
    moved = cv2.warpAffine(
        pixels,
        back,
        (int(last[0] - first[0]), int(last[1] - first[1])),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return Layer(np.asarray(moved, np.uint8), int(first[0]), int(first[1]), size)
