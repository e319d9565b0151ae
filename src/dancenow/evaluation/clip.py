"""Comparing a clip with the true one: pictures, poses and flicker, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.flicker import Flicker, FlickerScores
from dancenow.evaluation.judge import REGIONS, Judge, Region
from dancenow.evaluation.pictures import PictureScores
from dancenow.evaluation.poses import PoseScores, pose_scores
from dancenow.evaluation.yardsticks import Yardsticks
from dancenow.pose import PoseTrack
from dancenow.progress import Progress, ProgressCallback, StageTimes, silent

_SHORT: Final = {"person": "at 256 px", "native": "full size", "head": "head"}

Frame = NDArray[np.uint8]
PerFrame = dict[Region, list[PictureScores | None]]
"""The scores of every frame in each region; None where it is not seen."""


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
        native: scores inside the person's box at its own size, up to 640 px high; its sharpness is
            that inside the body's outline.
        face: scores inside the square around the face (`pose.face_region`), unscaled; None if no
            face is seen.
        head: scores of a close square around the face, scaled to 96 px.
        flicker: changes from frame to frame; None if there is only one frame.
        lpips_missing: why LPIPS was not measured; None if it was.
        st_lpips_missing: the same for ST-LPIPS.
        yardsticks: what the figures are worth: those of some true frames after they were blurred
            or moved, and of the empty room, by region (see `yardsticks`).
    """

    frames: int
    whole: PictureScores
    person: PictureScores | None
    pose: PoseScores
    times: StageTimes
    native: PictureScores | None = None
    face: PictureScores | None = None
    head: PictureScores | None = None
    flicker: FlickerScores | None = None
    lpips_missing: str | None = None
    st_lpips_missing: str | None = None
    yardsticks: Mapping[str, Mapping[str, PictureScores]] = field(default_factory=dict)

    def summary(self) -> str:
        """The figures for the user."""
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The figures for people, a line each."""
        named = {
            "whole frames": self.whole,
            "person's box": self.person,
            "person at full size": self.native,
            "face": self.face,
            "head, close": self.head,
        }
        lines = [f"{name}: {_figures(s)}" for name, s in named.items() if s is not None]
        for name, regions in self.yardsticks.items():
            measured = ", ".join(
                f"{_SHORT[region]} {scores.st_lpips:.3f}"
                for region, scores in regions.items()
                if scores.st_lpips is not None
            )
            if measured:
                lines.append(f"for comparison, ST-LPIPS of {name}: {measured}")
        lines += filter(None, (self.lpips_missing, self.st_lpips_missing))
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
    if scores.psnr_aligned is not None and scores.ssim_aligned is not None:
        figures.append(f"aligned {scores.psnr_aligned:.2f} dB and {scores.ssim_aligned:.3f}")
    if scores.lpips is not None:
        figures.append(f"LPIPS {scores.lpips:.3f}")
    if scores.st_lpips is not None:
        figures.append(f"ST-LPIPS {scores.st_lpips:.3f}")
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
    empty: Callable[[int], Frame] | None = None,
    times: StageTimes | None = None,
    progress: ProgressCallback = silent,
) -> tuple[ClipScores, PerFrame]:
    """Compare a clip with the true one; see `ClipScores`.

    Args:
        pairs: each frame of the clip and the true one, uint8 `(H, W, 3)` RGB of one size.
        truth: the true poses, from the first frame on.
        made: the poses found in the clip.
        detected: the same before gaps were filled, for the missed detections.
        empty: returns the room without the person as frame k shows it; another yardstick.
        times: seconds of earlier stages; "compare" is added.
        progress: called for every frame.

    Returns:
        The means over all frames, and the scores of every frame.
    """
    times = times or StageTimes()
    poses = pose_scores(made, truth, detected)
    with times.stage("compare"):
        truth = truth[: len(made)]
        judge = Judge(truth)
        frames, flicker, yardsticks = _compare(pairs, judge, len(truth), empty, progress)
    means = {name: PictureScores.mean(frames[name]) for name in REGIONS}
    whole = means.pop("whole")
    assert whole is not None
    scores = ClipScores(
        frames=len(frames["whole"]),
        whole=whole,
        pose=poses,
        times=times,
        flicker=flicker,
        lpips_missing=judge.lpips_missing,
        st_lpips_missing=judge.st_lpips_missing,
        yardsticks=yardsticks,
        **means,
    )
    return scores, frames


def _compare(
    pairs: Iterable[tuple[Frame, Frame]],
    judge: Judge,
    count: int,
    empty: Callable[[int], Frame] | None,
    progress: ProgressCallback,
) -> tuple[PerFrame, FlickerScores | None, dict[str, dict[str, PictureScores]]]:
    """The scores of every frame in each region, the flicker of all, and the yardsticks."""
    regions: PerFrame = {name: [] for name in REGIONS}
    flicker, yardsticks = Flicker(), Yardsticks(judge, count, empty)
    for index, (made, truth) in enumerate(pairs):
        if index >= count:
            break
        regions["whole"].append(judge.whole(made, truth))
        for name, scores in judge.close(index, made, truth).items():
            regions[name].append(scores)
        flicker.add(made, truth, judge.places(index).person)
        yardsticks.add(index, truth)
        progress(Progress("comparing", index + 1, count))
    return regions, flicker.scores(), yardsticks.scores()
