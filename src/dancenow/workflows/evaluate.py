"""Measuring a clip against the true one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError, NobodyError
from dancenow.evaluation import PictureScores, PoseScores, picture_scores, pose_scores
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.pose.filters import clean
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.video import probe, read_frames
from dancenow.workflows.observe import detect_pose

_BOX_PX = 256  # height to which the person's box is scaled
_BOX_MARGIN = 0.05  # of the frame's shorter side
_SMALLEST_PX = 16

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class ClipScores:
    """Means over the frames of a clip.

    Attributes:
        frames: how many were compared.
        whole: scores of whole frames.
        person: scores inside the person's box, scaled to a height of 256 px; None where nobody
            is seen.
        pose: distances of the poses detected in both clips, or to the true track.
        times: seconds of each stage.
    """

    frames: int
    whole: PictureScores
    person: PictureScores | None
    pose: PoseScores
    times: StageTimes

    def lines(self) -> list[str]:
        """The figures for people, a line each."""
        named = {"whole frames": self.whole, "person's box": self.person}
        lines = [
            f"{name}: PSNR {s.psnr:.2f} dB, SSIM {s.ssim:.3f}, sharpness {s.sharpness:.2f}"
            for name, s in named.items()
            if s is not None
        ]
        parts = [
            f"{part} {d:.2f} %" for part, d in self.pose.distance_percent.items() if d is not None
        ]
        lines.append(f"pose distance, of the body's height: {', '.join(parts)}")
        lines.append(f"missed detections: {100 * self.pose.missed:.1f} % of {self.frames} frames")
        return lines


def evaluate_clip(
    made: Path,
    truth: Path,
    *,
    true_track: PoseTrack | None = None,
    estimator: str = "mediapipe",
    progress: ProgressCallback = silent,
) -> ClipScores:
    """Compare a clip with the true one, frame by frame.

    Args:
        made: the clip to judge.
        truth: what it should look like; of the same frame size.
        true_track: the true poses, where they are known better than by detection.
        estimator: which estimator finds the poses.
        progress: told about every frame.

    Raises:
        InputError: a clip cannot be read, or their sizes differ.
    """
    sizes = probe(made).size, probe(truth).size
    if sizes[0] != sizes[1]:
        raise InputError(
            f"{made} has frames of {sizes[0][0]} x {sizes[0][1]} px, {truth} of "
            f"{sizes[1][0]} x {sizes[1][1]}; they must be equal."
        )
    counts = probe(made).frames, probe(truth).frames
    if counts[0] != counts[1]:
        warnings.warn(
            f"{made} has {counts[0]} frames, {truth} has {counts[1]}; the first "
            f"{min(counts)} are compared.",
            DanceNowWarning,
            stacklevel=2,
        )
    times = StageTimes()
    with times.stage("detect"):
        reference = true_track or clean(detect_pose(truth, estimator=estimator, progress=progress))
        try:
            found = clean(detect_pose(made, estimator=estimator, progress=progress))
        except NobodyError:  # that is a finding here: every frame counts as missed
            found = reference.with_keypoints(np.zeros_like(reference.keypoints))
    whole, person = [], []
    with times.stage("compare"):
        for done, (a, b, box) in enumerate(_pairs(made, truth, reference), start=1):
            whole.append(picture_scores(a, b))
            if box is not None:
                person.append(picture_scores(_cut(a, box), _cut(b, box)))
            progress(Progress("comparing", done, min(counts)))
    inside = _mean(person) if person else None
    return ClipScores(len(whole), _mean(whole), inside, pose_scores(found, reference), times)


def _pairs(
    made: Path, truth: Path, track: PoseTrack
) -> Iterator[tuple[Frame, Frame, tuple[int, int, int, int] | None]]:
    """Frames of both clips with the person's box (left, top, right, bottom)."""
    width, height = track.size
    margin = _BOX_MARGIN * min(width, height)
    grown = body_extent(track) + np.array([-margin, -margin, margin, margin])
    for a, b, edges in zip(read_frames(made), read_frames(truth), grown, strict=False):
        box = None
        if np.isfinite(edges).all():
            left, top = max(0, round(edges[0])), max(0, round(edges[1]))
            right, bottom = min(width, round(edges[2])), min(height, round(edges[3]))
            if min(right - left, bottom - top) >= _SMALLEST_PX:
                box = (left, top, right, bottom)
        yield a, b, box


def _cut(frame: Frame, box: tuple[int, int, int, int]) -> Frame:
    left, top, right, bottom = box
    inside = np.ascontiguousarray(frame[top:bottom, left:right])
    size = (max(_SMALLEST_PX, round((right - left) * _BOX_PX / (bottom - top))), _BOX_PX)
    method = cv2.INTER_AREA if bottom - top > _BOX_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(inside, size, interpolation=method), dtype=np.uint8)


def _mean(scores: list[PictureScores]) -> PictureScores:
    rows = np.array([(s.psnr, s.ssim, s.sharpness) for s in scores])
    psnr, ssim, sharpness = (float(v) for v in rows.mean(axis=0))
    return PictureScores(psnr, ssim, sharpness)
