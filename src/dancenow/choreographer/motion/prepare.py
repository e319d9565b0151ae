"""What a choreographer of poses learns from: the tracks of some clips, and their vectors."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.choreographer.motion.codec import RATE, SHORTEST, Moves, PoseCodec
from dancenow.choreographer.motion.composing import LearnedMotion, MotionRequest, compose
from dancenow.choreographer.motion.config import MotionConfig, PoseChoreographerConfig
from dancenow.choreographer.motion.depths import are_known
from dancenow.choreographer.motion.diffusion import MotionDenoiser
from dancenow.choreographer.motion.scaler import MoveScaler
from dancenow.choreographer.motion.training import MotionData
from dancenow.errors import DanceNowWarning, InputError
from dancenow.hashing import content_hash
from dancenow.mocap.skeleton import joints_file
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.pose.shots import shots_of
from dancenow.progress import Progress, ProgressCallback
from dancenow.sources.load import load_source, steady_track
from dancenow.training import Device

VERSION: Final = 5  # of what is learned from; raise it when codec or cleaning change
_ENOUGH: Final = 3  # windows that a dance holds at least
_SHOWN: Final = 8  # stick figures of a preview
_SHOWN_PX: Final = 160  # height and width of each
_SHOWN_HEIGHTS: Final = 1.5  # body heights that it shows


@dataclass(frozen=True)
class PreparedDance:
    """A dance to be learned, and what is kept of it.

    Attributes:
        codec: fitted to the tracks.
        data: what the network learns, mirrored copies included.
        danced: the pieces, without mirrored copies and held-out parts.
        styles: of each of `danced`; "" if it has none.
    """

    codec: PoseCodec
    data: MotionData
    danced: list[Moves]
    styles: list[str]

    @staticmethod
    def of(
        tracks: list[PoseTrack],
        paths: list[Path],
        config: MotionConfig,
        styles: list[str] | None = None,
    ) -> PreparedDance:
        """The vectors of the tracks that were read from `paths`, and their styles.

        Raises:
            InputError: too little of a whole body is seen.
        """
        usable = _with_whole_body(tracks, paths)
        named = [styles[number] for number in usable] if styles else [""] * len(usable)
        tracks, paths = [tracks[number] for number in usable], [paths[number] for number in usable]
        codec = PoseCodec.fit(tracks)
        _tell_of_depth(codec, tracks, paths)
        pieces: list[Moves] = []
        danced: list[Moves] = []
        held_out: list[Moves] = []
        of_danced: list[str] = []
        for style, mirrored, piece in _pieces(codec, tracks, named, mirror=config.mirror):
            # What is held out is held out from both sides of the mirror.
            kept = len(piece) - round(config.held_out * len(piece))
            if len(piece) - kept < config.window or kept < _ENOUGH * config.window:
                kept = len(piece)
            elif not mirrored:
                held_out.append(piece[kept:])
            if kept >= config.window:
                pieces.append(piece[:kept])
            if not mirrored:
                danced.append(piece[:kept])
                of_danced.append(style)
        learned = sum(len(piece) for piece in danced if len(piece) >= config.window)
        if learned < _ENOUGH * config.window:
            clips = len(set(paths))
            others = f" and {clips - 1} more" if clips > 1 else ""
            raise InputError(
                f"{paths[0]}{others}: the whole body is seen for {_longest(codec, tracks):.1f} s "
                f"at a time; {_ENOUGH * config.window / RATE:.0f} s, in passages of at least "
                f"{config.window / RATE:.0f} s, are needed to learn a dance; give longer clips."
            )
        for style in dict.fromkeys(styles or named):
            if not any(
                each == style and len(piece) >= config.window
                for each, piece in zip(of_danced, danced, strict=True)
            ):
                raise InputError(
                    f"`style={style}`: its clips show the whole body for less than "
                    f"{config.window / RATE:.0f} s at a time; give longer ones."
                )
        scaler = MoveScaler.fit(pieces, config.window)
        data = MotionData(pieces, held_out, scaler, codec.weights, codec.kinematics)
        return PreparedDance(codec, data, danced, of_danced)

    def preview(self, network: MotionDenoiser, device: Device) -> NDArray[np.uint8]:
        """Stick figures of a new dance, half a second apart, uint8 `(H, W, 3)` RGB."""
        step = round(RATE / 2)
        learned = LearnedMotion(self.danced, self.data.scaler, self.codec.weights)
        scaled = compose(network, learned, MotionRequest(_SHOWN * step), device)
        track = self.codec.decode(self.data.scaler.unscale(scaled))
        pictures = []
        for keypoints in track.keypoints[::step]:
            near, side = keypoints.copy(), 2 * _SHOWN_PX  # drawn larger: lines are drawn whole
            scale = side / (_SHOWN_HEIGHTS * self.codec.body.height)
            middle = (self.codec.body.x, self.codec.body.ground)
            near[:, :2] = (near[:, :2] - middle) * scale + (side / 2, 0.88 * side)
            drawn = draw_pose(near, (side, side))
            pictures.append(cv2.resize(drawn, (_SHOWN_PX,) * 2, interpolation=cv2.INTER_AREA))
        return np.asarray(np.hstack(pictures), dtype=np.uint8)


def _tell_of_depth(codec: PoseCodec, tracks: list[PoseTrack], paths: list[Path]) -> None:
    """Warn if no depth is learned only because some of the tracks have none."""
    flat = {path for track, path in zip(tracks, paths, strict=True) if not are_known([track])}
    if not codec.spatial and flat != set(paths):
        names = ", ".join(str(path) for path in sorted(flat))
        warnings.warn(
            f"{names}: the depth of its poses is not known, so none is learned, and new dances "
            "cannot be filmed from elsewhere.",
            DanceNowWarning,
            stacklevel=4,
        )


def _with_whole_body(tracks: list[PoseTrack], paths: list[Path]) -> list[int]:
    """The numbers of the tracks that show a whole body; if there is only one, it must."""
    usable: list[int] = []
    faults: dict[Path, InputError] = {}
    for number, (track, path) in enumerate(zip(tracks, paths, strict=True)):
        try:
            PoseCodec.fit([track])
        except InputError as error:
            if len(tracks) == 1:
                raise InputError(f"{path}: {error}") from error
            faults[path] = error
        else:
            usable.append(number)
    for path in faults.keys() - {paths[number] for number in usable}:
        warnings.warn(f"{path} is left out: {faults[path]}", DanceNowWarning, stacklevel=3)
    if not usable:
        raise InputError("none of the clips shows a whole body; film it from head to feet.")
    return usable


def _pieces(
    codec: PoseCodec, tracks: list[PoseTrack], styles: list[str], *, mirror: bool
) -> Iterator[tuple[str, bool, Moves]]:
    """The vectors of all tracks, piece by piece: their style, and whether they are mirrored."""
    for track, style in zip(tracks, styles, strict=True):
        for mirrored in (False, True) if mirror else (False,):
            for piece in codec.encode(track.mirror() if mirrored else track):
                yield style, mirrored, piece


def _longest(codec: PoseCodec, tracks: list[PoseTrack]) -> float:
    """Seconds of the longest passage in which the whole body is seen."""
    passages = (piece for track in tracks for piece in codec.encode(track, shortest=0.0))
    return max(map(len, passages), default=0) / RATE


def made_of(
    paths: list[Path], config: PoseChoreographerConfig, styles: Sequence[str] = ()
) -> dict[str, Any]:
    """What must be the same to resume a training.

    Raises:
        InputError: a clip is missing.
    """
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder.")
    return {
        "config": config.model_dump(mode="json"),
        "clips": content_hash(paths[0], VERSION, [_content_names(path) for path in paths]),
        "codec": config.codec,
        **({"styles": list(styles)} if any(styles) else {}),
    }


def _content_names(path: Path) -> tuple[str, ...]:
    """Short names for the content of a clip, or of a motion capture and its named joints."""
    named = joints_file(path)
    files = (path, named) if path.suffix.lower() == ".bvh" and named.is_file() else (path,)
    return tuple(content_hash(file) for file in files)


def read_tracks(
    paths: list[Path], progress: ProgressCallback
) -> tuple[list[PoseTrack], list[int], Fraction]:
    """The tracks, the number of the path each came from, and the first one's frame rate.

    A track is steadied where a camera moved.  Each shot of a clip with cuts is a track of its own,
    as no move goes on from one to the next.

    Raises:
        InputError: a clip cannot be read, or nobody is seen in it.
    """
    tracks: list[PoseTrack] = []
    origins: list[int] = []
    fps = Fraction(25)
    for number, path in enumerate(paths):
        source = load_source(path, progress=progress)
        track = steady_track(source, progress)
        if number == 0:
            exact = Fraction(track.fps).limit_denominator(1001)
            fps = source.clip.fps if source.clip is not None else exact
        shots = [track[shot] for shot in shots_of(source.cuts, len(track))]
        shots = [shot for shot in shots if shot.duration >= SHORTEST] or shots
        tracks += shots
        origins += [number] * len(shots)
        progress(Progress("reading the dances", number + 1, len(paths), "clips"))
    return tracks, origins, fps
