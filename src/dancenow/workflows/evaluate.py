"""Measuring a clip against the true one."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError, NobodyError
from dancenow.evaluation import PictureScores, PoseScores, picture_scores, pose_scores
from dancenow.evaluation.flicker import Flicker, FlickerScores
from dancenow.evaluation.page import Compared, check_report, write_clip_page
from dancenow.evaluation.perceptual import load_lpips
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.pose.face_region import face_corners, face_side
from dancenow.pose.filters import clean
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent
from dancenow.sources.load import detect_pose
from dancenow.video import probe, read_frames

_BOX_PX = 256  # height to which the person's box is scaled
_BOX_MARGIN = 0.05  # of the frame's shorter side
_SMALLEST_PX = 16

Frame = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # left, top, right, bottom in px of the frame
Lpips = Callable[[Frame, Frame], float]
PerFrame = dict[str, list[PictureScores | None]]
"""The scores of every frame in "whole", "person" and "face"; None where that is not seen."""


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
        face: scores inside the square around the face (`pose.face_region`), as large as it is;
            None where no face is seen.
        flicker: changes from frame to frame; None where there is one frame only.
        lpips_missing: why LPIPS was not measured; None where it was.
    """

    frames: int
    whole: PictureScores
    person: PictureScores | None
    pose: PoseScores
    times: StageTimes
    face: PictureScores | None = None
    flicker: FlickerScores | None = None
    lpips_missing: str | None = None

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
            lines.append(f"missed keypoints a frame: {', '.join(missed)}")
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


def evaluate_clip(
    made: Path,
    truth: Path,
    *,
    true_track: PoseTrack | None = None,
    span: tuple[int, int] | None = None,
    estimator: str = "mediapipe",
    report: Path | None = None,
    progress: ProgressCallback = silent,
) -> ClipScores:
    """Compare a clip with the true one, frame by frame.

    Args:
        made: the clip to judge.
        truth: what it should look like; of the same frame size.
        true_track: the true poses of the whole of `truth`, where they are known better than by
            detection.
        span: the frames of `truth` that `made` shows, as in `range(*span)`; by default all.
        estimator: which estimator finds the poses.
        report: a folder to leave a page with the figures in.
        progress: told about every frame.

    Raises:
        InputError: a clip cannot be read, their sizes differ, or `report` holds other things.
        ValueError: `span` holds no frame, or some that `truth` has not.
    """
    if report is not None:
        check_report(report)
    scores, frames = measure_clip(
        made, truth, true_track=true_track, span=span, estimator=estimator, progress=progress
    )
    if report is not None:
        start = 0 if span is None else span[0]
        entries = {"made": made.name, "truth": truth.name, "frames": f"{scores.frames:,}"}
        write_clip_page(
            report,
            f"{made.name} against {truth.name}",
            entries,
            scores,
            frames,
            Compared(made, truth, start),
            scores.times.seconds,
        )
    return scores


def measure_clip(
    made: Path,
    truth: Path,
    *,
    true_track: PoseTrack | None = None,
    span: tuple[int, int] | None = None,
    estimator: str = "mediapipe",
    progress: ProgressCallback = silent,
) -> tuple[ClipScores, PerFrame]:
    """As `evaluate_clip`, with the scores of every frame."""
    start, stop, frames = _checked_span(made, truth, span)
    times = StageTimes()
    with times.stage("detect"):
        reference = true_track or clean(detect_pose(truth, estimator=estimator, progress=progress))
        reference = reference[start:stop]
        try:
            detected = detect_pose(made, estimator=estimator, progress=progress)
            found = clean(detected)
        except NobodyError:  # that is a finding here: every frame counts as missed
            detected = found = reference.with_keypoints(np.zeros_like(reference.keypoints))
        pose = pose_scores(found, reference, detected)
    with times.stage("compare"):
        lpips, lpips_missing = load_lpips()
        pairs = zip(read_frames(made), read_frames(truth, start=start, stop=stop), strict=False)
        regions, flicker = _compare(pairs, reference[:frames], lpips, progress)
    whole = _mean(regions["whole"])
    assert whole is not None
    scores = ClipScores(
        len(regions["whole"]),
        whole,
        _mean(regions["person"]),
        pose,
        times,
        _mean(regions["face"]),
        flicker,
        lpips_missing,
    )
    return scores, regions


def _checked_span(made: Path, truth: Path, span: tuple[int, int] | None) -> tuple[int, int, int]:
    """First frame of `truth` to compare, the one before which to end, and how many `made` has."""
    a, b = probe(made), probe(truth)
    if a.size != b.size:
        raise InputError(
            f"{made} has frames of {a.size[0]} x {a.size[1]} px, {truth} of "
            f"{b.size[0]} x {b.size[1]}; they must be equal."
        )
    start, stop = span or (0, b.frames)
    if not 0 <= start < stop <= b.frames:
        raise ValueError(f"{truth} has {b.frames} frames; there is no span {start} to {stop}")
    frames = min(a.frames, stop - start)
    if a.frames != stop - start:
        asked = "" if span is None else f" in frames {start} to {stop - 1}"
        warnings.warn(
            f"{made} has {a.frames} frames, {truth} has {stop - start}{asked}; the first "
            f"{frames} are compared.",
            DanceNowWarning,
            stacklevel=4,
        )
    return start, stop, frames


def _compare(
    pairs: Iterator[tuple[Frame, Frame]],
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
    if side > min(track.size):  # a frame so narrow holds no such square
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
