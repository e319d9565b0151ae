"""`PoseTrack`: the keypoints of one person over time."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dancenow import limits
from dancenow.errors import InputError
from dancenow.files import write_bytes
from dancenow.pose.layout import LAYOUT, MIRROR, NUM_KEYPOINTS
from dancenow.reading import read_arrays, reading

FloatArray = NDArray[np.float32]

VERSION = 1


@dataclass(frozen=True)
class PoseTrack:
    """The keypoints of one person over time.

    Attributes:
        keypoints: float32 `(T, 137, 3)`: x and y in pixels of the upright frame (x right, y down,
            pixel centres at .5), confidence in 0..1; a missing keypoint has confidence 0.
        fps: frames a second.
        size: frame size `(width, height)` in pixels.
        depth: float32 `(T, 137)`, how far each keypoint is behind the middle of the hips, seen from
            the camera, in body heights (see `body_height`); NaN where it is unknown.  None if
            nothing is known of depth.
        edited: bool `(T, 137)`, which keypoints were put there by hand or filled, and are not for
            cleaning to change; None if none.
    """

    keypoints: FloatArray
    fps: float
    size: tuple[int, int]
    depth: FloatArray | None = None
    edited: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        keypoints = np.ascontiguousarray(self.keypoints, dtype=np.float32)
        if keypoints.ndim != 3 or keypoints.shape[1:] != (NUM_KEYPOINTS, 3):
            raise ValueError(f"keypoints must be (T, {NUM_KEYPOINTS}, 3), not {keypoints.shape}")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"fps must be above 0, not {self.fps}")
        if self.depth is not None:
            depth = np.ascontiguousarray(self.depth, dtype=np.float32)
            if depth.shape != keypoints.shape[:2]:
                raise ValueError(f"depth must be {keypoints.shape[:2]}, not {depth.shape}")
            object.__setattr__(self, "depth", depth)
        if self.edited is not None and self.edited.shape != keypoints.shape[:2]:
            raise ValueError(f"edited must be {keypoints.shape[:2]}, not {self.edited.shape}")
        object.__setattr__(self, "keypoints", keypoints)
        object.__setattr__(self, "fps", float(self.fps))
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, frames: slice) -> PoseTrack:
        """A range of frames; a step lowers the frame rate accordingly."""
        if not isinstance(frames, slice):
            raise TypeError("a track is sliced, as in track[10:20]; use .keypoints for one frame")
        step = frames.step or 1
        if step < 1:
            raise ValueError("a track cannot be sliced backwards")
        depth = None if self.depth is None else self.depth[frames]
        edited = None if self.edited is None else self.edited[frames]
        return replace(
            self,
            keypoints=self.keypoints[frames],
            fps=self.fps / step,
            depth=depth,
            edited=edited,
        )

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self) / self.fps

    @property
    def xy(self) -> FloatArray:
        """Coordinates, float32 `(T, 137, 2)`, pixels."""
        return self.keypoints[..., :2]

    @property
    def confidence(self) -> FloatArray:
        """Confidence, float32 `(T, 137)`, 0..1."""
        return self.keypoints[..., 2]

    @property
    def edits(self) -> NDArray[np.bool_]:
        """Which keypoints were edited, bool `(T, 137)`."""
        nothing: NDArray[np.bool_] = np.zeros(self.keypoints.shape[:2], bool)
        return nothing if self.edited is None else self.edited

    def with_keypoints(self, keypoints: NDArray[Any]) -> PoseTrack:
        """The track with other keypoints `(N, 137, 3)`; its depth and edits stay if N is T."""
        same = len(keypoints) == len(self)
        return replace(
            self,
            keypoints=keypoints.astype(np.float32, copy=False),
            depth=self.depth if same else None,
            edited=self.edited if same else None,
        )

    def mirror(self) -> PoseTrack:
        """The mirrored track: left and right swap, x becomes width - x."""
        flipped = self.keypoints[:, MIRROR, :].copy()
        seen = flipped[..., 2] > 0
        flipped[..., 0] = np.where(seen, self.size[0] - flipped[..., 0], flipped[..., 0])
        depth = None if self.depth is None else self.depth[:, MIRROR]
        edited = None if self.edited is None else self.edited[:, MIRROR]
        return replace(self, keypoints=flipped, depth=depth, edited=edited)

    def resample(self, fps: float) -> PoseTrack:
        """The track at another frame rate, linear in time between two seen keypoints.

        Frame k of the result is at k / fps seconds.  If only one neighbour is seen, the nearer
        frame decides whether and where the keypoint is seen.
        """
        if not (np.isfinite(fps) and fps > 0):
            raise ValueError(f"fps must be above 0, not {fps}")
        if len(self) == 0 or fps == self.fps:
            return replace(self, fps=fps)
        count = max(1, round(self.duration * fps))
        position = np.clip(np.arange(count) * (self.fps / fps), 0, len(self) - 1)
        before = np.floor(position).astype(int)
        after = np.minimum(before + 1, len(self) - 1)
        weight = (position - before).astype(np.float32)[:, None, None]
        a, b = self.keypoints[before], self.keypoints[after]
        nearest = np.where(weight < 0.5, a, b)
        both = (a[..., 2:] > 0) & (b[..., 2:] > 0)
        keypoints = np.where(both, (1 - weight) * a + weight * b, nearest)
        depth = self.depth
        if depth is not None:
            part, near, far = weight[..., 0], depth[before], depth[after]
            nearest = np.where(part < 0.5, near, far)
            depth = np.where(np.isnan(near + far), nearest, (1 - part) * near + part * far)
        edited = self.edited
        if edited is not None:
            edited = np.where(weight[..., 0] < 0.5, edited[before], edited[after])
        return replace(self, keypoints=keypoints, fps=fps, depth=depth, edited=edited)

    def save(self, path: str | Path) -> None:
        """Write the track to a `.npz` file, atomically."""
        path = Path(path)
        if path.suffix != ".npz":
            raise InputError(f"{path}: a track's name must end in .npz.")
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            keypoints=self.keypoints,
            fps=np.float64(self.fps),
            size=np.array(self.size, dtype=np.int64),
            layout=np.array(LAYOUT),
            version=np.int64(VERSION),
            **({} if self.depth is None else {"depth": self.depth}),
            **({} if self.edited is None else {"edited": self.edited}),
        )
        write_bytes(path, buffer.getvalue())

    @staticmethod
    def load(path: str | Path) -> PoseTrack:
        """Read a track.

        Raises:
            InputError: there is no such file, or it is not a track, or of an unknown version.
        """
        path = Path(path)
        said = "is not a pose track; make one with `dancenow pose CLIP -o TRACK.npz`."
        data = read_arrays(path, said)
        with reading(path, said):
            version, layout = int(data["version"]), str(data["layout"])
            if version > VERSION:
                raise InputError(
                    f"{path}: is a track of version {version}, but this DanceNow reads "
                    f"versions up to {VERSION}; update DanceNow."
                )
            if layout != LAYOUT:
                raise InputError(
                    f"{path}: has the keypoint layout {layout!r}; {LAYOUT!r} is needed."
                )
            width, height = (int(v) for v in data["size"])
            edited = data["edited"].astype(bool) if "edited" in data else None
            keypoints, fps = data["keypoints"], float(data["fps"])
            limits.check_picture(path, width, height)
            limits.check_rate(path, fps)
            limits.check_length(path, len(keypoints), len(keypoints) / fps)
            track = PoseTrack(keypoints, fps, (width, height), data.get("depth"), edited)
        if not np.isfinite(track.keypoints).all():
            raise InputError(f"{path}: holds NaN or infinite values; make the track again.")
        limits.check_places(path, track.xy[track.confidence > 0])
        if track.depth is not None and np.isinf(track.depth).any():
            raise InputError(f"{path}: holds infinite depths; make the track again.")
        return track
