"""Comparing the poses of a dance with the true ones."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dancenow.pose import PoseTrack
from dancenow.pose.extent import standing_height
from dancenow.pose.layout import BODY, CERTAIN, FACE, LEFT_HAND, RIGHT_HAND

_PARTS = {"body": (BODY,), "face": (FACE,), "hands": (LEFT_HAND, RIGHT_HAND)}


@dataclass(frozen=True)
class PoseScores:
    """Scores of a track.

    Distances are between keypoints seen in both tracks, averaged over keypoints and frames (Chan et
    al., 2019, section 5, "pose distance"); None if no keypoint is seen in both.

    Attributes:
        distance_px: mean distance for "body", "face" and "hands", in pixels.
        distance_percent: the same in % of the standing person's height.
        missed: fraction of the frames with a person in the true track only, 0..1.
        missed_keypoints: keypoints of "body", "face" and "hands" seen in the true track only, per
            frame (Chan et al., 2019, section 5, "missed detections").
    """

    distance_px: dict[str, float | None]
    distance_percent: dict[str, float | None]
    missed: float
    missed_keypoints: dict[str, float] = field(default_factory=dict)


def pose_scores(made: PoseTrack, truth: PoseTrack, detected: PoseTrack | None = None) -> PoseScores:
    """Compare a track with the true one, frame by frame, over their common length.

    Args:
        made: the track.
        truth: the true one.
        detected: the track before its gaps were filled, for the missed detections.

    Raises:
        ValueError: the tracks are of different frame sizes.
        InputError: nobody is in the true track.
    """
    if made.size != truth.size:
        raise ValueError(f"tracks of different frame sizes: {made.size} and {truth.size}")
    frames = min(len(made), len(truth))
    a, b = made.keypoints[:frames], truth.keypoints[:frames]
    both = (a[..., 2] >= CERTAIN) & (b[..., 2] >= CERTAIN)
    distance = np.linalg.norm(a[..., :2] - b[..., :2], axis=-1)
    height = standing_height(truth)
    px = {}
    for part, slices in _PARTS.items():
        chosen = np.zeros(both.shape[1], dtype=bool)
        for keypoints in slices:
            chosen[keypoints] = True
        values = distance[both & chosen]
        px[part] = float(values.mean()) if values.size else None
    percent = {part: None if d is None else 100 * d / height for part, d in px.items()}
    missing = (b[..., 2] >= CERTAIN) & ~((detected or made).keypoints[:frames, :, 2] >= CERTAIN)
    missed_keypoints = {
        part: float(sum(missing[:, keypoints].sum() for keypoints in slices) / max(1, frames))
        for part, slices in _PARTS.items()
    }
    there = (b[:, BODY, 2] >= CERTAIN).any(axis=1)
    gone = there & ~(a[:, BODY, 2] >= CERTAIN).any(axis=1)
    missed = float(gone.sum() / max(1, there.sum()))
    return PoseScores(px, percent, missed, missed_keypoints)
