"""What makes a piece of a reference worse: blur, and an arm before the face."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dancenow.performer.fast.faults import find_faults
from dancenow.performer.fast.pieces import PIECES
from dancenow.performer.fast.references import References
from dancenow.performer.fast.texture import Texture
from dancenow.pose.layout import INDEX
from dancenow.sample import dance_track
from untrained import references_of

HEAD = [piece.name for piece in PIECES].index("head")
COUNT = 8


@pytest.fixture(scope="module")
def alike() -> References:
    """A dancer in patterned clothes who stands still: all references are alike."""
    drawn = references_of(dance_track("zola", "house", seconds=1, size=(208, 208), fps=COUNT))
    noise = np.random.default_rng(0).normal(size=drawn.frames.shape[1:])
    clothes = (128 + 300 * cv2.GaussianBlur(noise, (0, 0), 1.5)).clip(0, 255).astype(np.uint8)
    first = (np.stack([each[0]] * COUNT) for each in (drawn.masks, drawn.keypoints))
    masks, keypoints = first
    return replace(drawn, frames=np.stack([clothes] * COUNT), masks=masks, keypoints=keypoints)


def test_equally_sharp_pieces_have_no_fault(alike: References):
    faults = find_faults(alike)
    assert faults.shape == (COUNT, len(PIECES))
    assert (faults == faults[0]).all()
    assert (faults < 1.15).mean() > 0.9


def test_a_blurred_frame_is_taken_only_where_its_pose_is_better(alike: References):
    frames = alike.frames.copy()
    frames[0] = cv2.GaussianBlur(frames[0], (0, 0), 2.5)
    blurred = replace(alike, frames=frames)
    faults = find_faults(blurred)
    assert (faults[0] > 1.3 * faults[1]).mean() > 0.9
    larger = alike.keypoints[0] * np.float32([1.05, 1.05, 1])
    chosen = Texture(blurred).choose(larger)
    assert (chosen != 0).mean() > 0.9


def test_a_face_behind_a_hand_is_worse(alike: References):
    keypoints = alike.keypoints.copy()
    nose = keypoints[2, INDEX["nose"]]
    keypoints[2, INDEX["left_elbow"]] = nose + np.float32([30, 40, 0])
    keypoints[2, INDEX["left_wrist"]] = nose + np.float32([2, 4, 0])
    faults = find_faults(replace(alike, keypoints=keypoints))
    assert faults[2, HEAD] > 1.3 * faults[1, HEAD]
    assert_array_equal(np.delete(faults[:, HEAD], 2), faults[1, HEAD])


def test_nothing_seen_is_no_error(alike: References):
    nobody = replace(alike, keypoints=np.zeros_like(alike.keypoints))
    assert np.isfinite(find_faults(nobody)).all()
