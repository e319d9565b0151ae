"""Comparing a clip with the true one: pictures, poses and flicker, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.flicker import Flicker, FlickerScores
from dancenow.evaluation.perceptual import load_lpips
from dancenow.evaluation.pictures import PictureScores, picture_scores
from dancenow.evaluation.poses import PoseScores, pose_scores
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.pose.face_region import face_corners, face_side
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent

_BOX_PX = 256  # height to which the person's box is scaled
_BOX_MARGIN = 0.05  # of the frame's shorter side
_SMALLEST_PX = 16

Frame = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the frame
Lpips = Callable[[Frame, Frame], float]
PerFrame = dict[str, list[PictureScores | None]]
"""The scores of every frame in "whole", "person" and "face"; None where it is not seen."""


@dataclass(frozen=True)
class ClipScores:
    """Means over the frames of a clip.

    Attributes:
        frames: number of frames compared.
        whole: scores of whole frames.
        person: scores inside the person's box, scaled to a height of 256 px; None if nobody is
            seen.
        pose: distances of the poses detected in both clips, or to the true track.
        times: seconds of each stage.
        face: scores inside the square around the face (`pose.face_region`), unscaled; None if no
            face is seen.
        flicker: changes from frame to frame; None if there is only one frame.
        lpips_missing: why LPIPS was not measured; None if it was.
    """

    frames: int
    whole: PictureScores
    person: PictureScores | None
    pose: PoseScores
    times: StageTimes
    face: PictureScores | None = None
    flicker: FlickerScores | None = None
    lpips_missing: str | None = None

    def summary(self) -> str:
        """The figures for the user."""
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The figures for people, a line each."""
        named = {"whole frames": self.whole, "person's box": self.person, "face": self.face}
        lines = [f"{name}: {_figures(s)}" for name, s in named.items() if s is not None]
        if self.lpips_missing is not None:
            lines.append(self.lpips_missing)
        px = self.pose.distance_px
        parts = [
            f"{part} {d:.2f} % ({px[part]:.1f} px)"
            for part, d in self.pose.distance_percent.items()
            if d is not None
        ]
        distance = ", ".join(parts) or "no keypoint is seen in both"
        lines.append(f"pose distance, of the body's height: {distance}")
        lines.append(f"missed detections: {100 * self.pose.missed:.1f} % of {self.frames} frames")
        missed = [f"{part} {n:.2f}" for part, n in self.pose.missed_keypoints.items()]
        if missed:
            lines.append(f"missed keypoints per frame: {', '.join(missed)}")
        if self.flicker is not None:
            lines.append(_steadiness(self.flicker))
        return lines


def _figures(scores: PictureScores) -> str:
    figures = [
        f"PSNR {scores.psnr:.2f} dB, SSIM {scores.ssim:.3f}, sharpness {scores.sharpness:.2f}"
    ]
    if not math.isnan(scores.energy):
        figures.append(f"gradient energy {scores.energy:.2f}")
    if scores.lpips is not None:
        figures.append(f"LPIPS {scores.lpips:.3f}")
    return ", ".join(figures)


def _steadiness(flicker: FlickerScores) -> str:
    error = f"error of the motion in the person's box: {flicker.motion_error:.2f} of 255"
    if flicker.made is None or flicker.real is None:
        return error
    return (
        f"flicker where the true video stands still: {flicker.made:.2f} of 255 (the true video's "
        f"own: {flicker.real:.2f}); {error}"
    )


def clip_scores(
    pairs: Iterable[tuple[Frame, Frame]],
    truth: PoseTrack,
    made: PoseTrack,
    detected: PoseTrack | None = None,
    *,
    times: StageTimes | None = None,
    progress: ProgressCallback = silent,
) -> tuple[ClipScores, PerFrame]:
    """Compare a clip with the true one; see `ClipScores`.

    Args:
        pairs: each frame of the clip and the true one, uint8 `(H, W, 3)` RGB of one size.
        truth: the true poses, from the first frame on.
        made: the poses found in the clip.
        detected: the same before gaps were filled, for the missed detections.
        times: seconds of earlier stages; "compare" is added.
        progress: called for every frame.

    Returns:
        The means over all frames, and the scores of every frame.
    """
    times = times or StageTimes()
    poses = pose_scores(made, truth, detected)
    with times.stage("compare"):
        lpips, lpips_missing = load_lpips()
        frames, flicker = _compare(pairs, truth[: len(made)], lpips, progress)
    whole = _mean(frames["whole"])
    assert whole is not None
    scores = ClipScores(
        frames=len(frames["whole"]),
        whole=whole,
        person=_mean(frames["person"]),
        pose=poses,
        times=times,
        face=_mean(frames["face"]),
        flicker=flicker,
        lpips_missing=lpips_missing,
    )
    return scores, frames


def _compare(
    pairs: Iterable[tuple[Frame, Frame]],
    track: PoseTrack,
    lpips: Lpips | None,
    progress: ProgressCallback,
) -> tuple[PerFrame, FlickerScores | None]:
    """The scores of every frame in each region where it is seen, and the flicker of all."""
    regions: PerFrame = {"whole": [], "person": [], "face": []}
    flicker = Flicker()
    boxes = zip(_person_boxes(track), _face_boxes(track), strict=True)
    for (a, b), (person, face) in zip(pairs, boxes, strict=False):
        regions["whole"].append(picture_scores(a, b, lpips))
        of_person = of_face = None
        if person is not None:
            of_person = picture_scores(_scaled(_cut(a, person)), _scaled(_cut(b, person)), lpips)
        if face is not None:
            of_face = picture_scores(_cut(a, face), _cut(b, face), lpips)
        regions["person"].append(of_person)
        regions["face"].append(of_face)
        flicker.add(a, b, person)
        progress(Progress("comparing", len(regions["whole"]), len(track)))
    return regions, flicker.scores()


def _person_boxes(track: PoseTrack) -> list[Box | None]:
    width, height = track.size
    margin = _BOX_MARGIN * min(width, height)
    boxes: list[Box | None] = []
    for edges in body_extent(track) + np.array([-margin, -margin, margin, margin]):
        box = None
        if np.isfinite(edges).all():
            left, top = max(0, round(edges[0])), max(0, round(edges[1]))
            right, bottom = min(width, round(edges[2])), min(height, round(edges[3]))
            if min(right - left, bottom - top) >= _SMALLEST_PX:
                box = (left, top, right, bottom)
        boxes.append(box)
    return boxes


def _face_boxes(track: PoseTrack) -> list[Box | None]:
    side = face_side(track.size)
    if side > min(track.size):  # the frame is too narrow for the square
        return [None] * len(track)
    corners, seen = face_corners(track.keypoints, track.size, side)
    return [
        (left, top, left + side, top + side) if there else None
        for (left, top), there in zip(corners.tolist(), seen, strict=True)
    ]


def _cut(frame: Frame, box: Box) -> Frame:
    left, top, right, bottom = box
    return np.ascontiguousarray(frame[top:bottom, left:right])


def _scaled(inside: Frame) -> Frame:
    height, width = inside.shape[:2]
    size = (max(_SMALLEST_PX, round(width * _BOX_PX / height)), _BOX_PX)
    method = cv2.INTER_AREA if height > _BOX_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(inside, size, interpolation=method), dtype=np.uint8)


def _mean(scores: list[PictureScores | None]) -> PictureScores | None:
    measured = [score for score in scores if score is not None]
    if not measured:
        return None
    rows = np.array([(s.psnr, s.ssim, s.sharpness, s.energy) for s in measured])
    psnr, ssim, sharpness, energy = (float(v) for v in rows.mean(axis=0))
    perceived = [s.lpips for s in measured if s.lpips is not None]
    lpips = float(np.mean(perceived)) if perceived else None
    return PictureScores(psnr, ssim, sharpness, energy, lpips)
