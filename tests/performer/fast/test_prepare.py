"""Which frames of a target are learned where others are near."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dancenow.performer.fast.config import PRESETS
from dancenow.performer.fast.prepare import _Preparation
from dancenow.pose.extent import body_extent
from dancenow.sources.masks import PersonDetection
from dancenow.video import open_writer, probe
from motions import dancing


def test_masks_of_others_are_compared_where_the_person_was_filmed(tmp_path: Path) -> None:
    """The poses were steadied by 60 px since: to where the other one stands, beside the person."""
    track = dancing(seconds=1)
    with open_writer(tmp_path / "a.mp4", fps=track.fps) as writer:
        for _ in range(len(track)):
            writer.write(np.zeros((*track.size[::-1], 3), np.uint8))
    masks = np.zeros((len(track), *track.size[::-1]), np.uint8)
    for mask, (left, top, right, bottom) in zip(masks, body_extent(track).astype(int), strict=True):
        mask[top:bottom, left:right] = 255
    everyone = np.maximum(masks, np.roll(masks, 60, axis=2))
    masks[:8, 80:] = 0  # the other one's legs hide the person's
    seen = PersonDetection(track, np.arange(len(track)), masks, everyone, ())
    info = probe(tmp_path / "a.mp4")
    crop = PRESETS["tiny"].crop
    preparation = _Preparation(info.path, info, seen, crop, 4, len(track), 4, False)
    moved = track.with_keypoints(track.keypoints + np.array([60, 0, 0], np.float32))
    assert preparation._learnable(moved).keys() == set(range(8, len(track)))
