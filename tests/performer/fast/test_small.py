"""A performer stored small dances like the one it was, and is read like any other."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from dancenow.evaluation.pictures import picture_scores
from dancenow.performer import Performer
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.references import FineFrames, pack_picture
from dancenow.performer.fast.small import save_small, smaller
from dancenow.performer.fast.texture import Texture
from dancenow.pose import PoseTrack
from dancenow.sample import dance_track
from untrained import plated, untrained

SIZE = (160, 160)


@pytest.fixture(scope="module")
def dance() -> PoseTrack:
    return dance_track("zola", "house", seconds=2, size=SIZE, fps=6)


@pytest.fixture(scope="module")
def performer(dance: PoseTrack) -> FastPerformer:
    """A dancer before noise, which is no part of them."""
    rng = np.random.default_rng(0)
    made = untrained(dance, plated(dance, np.full((*SIZE[::-1], 3), 90, np.uint8)))
    references = made.texture.references
    noise = rng.integers(0, 256, references.frames.shape, np.uint8)
    seen = cv2.GaussianBlur(references.masks.transpose(1, 2, 0), (5, 5), 0).transpose(2, 0, 1) > 0
    frames = np.where(seen[..., None], references.frames, noise)
    fine = FineFrames.of([pack_picture(frame.repeat(2, 0).repeat(2, 1)) for frame in frames], 2.0)
    with_room = type(references)(
        frames, references.masks, references.keypoints, references.times, references.body_px, fine
    )
    return FastPerformer(
        made.config, made.scene, made.generator, Texture(with_room), made.device, {"steps": 3}
    )


def test_it_dances_the_same_from_a_fraction_of_the_bytes(
    performer: FastPerformer, dance: PoseTrack, tmp_path: Path
) -> None:
    performer.save(tmp_path / "full")
    save_small(performer, tmp_path / "small")
    size = {
        name: sum(path.stat().st_size for path in (tmp_path / name).iterdir())
        for name in ("full", "small")
    }
    assert size["small"] < size["full"] / 2
    full, small = (list(Performer.load(tmp_path / name).perform(dance)) for name in size)
    assert np.mean([picture_scores(a, b).psnr for a, b in zip(small, full, strict=True)]) > 33


def test_half_precision_on_disk_is_full_precision_in_memory(
    performer: FastPerformer, tmp_path: Path
) -> None:
    save_small(performer, tmp_path)
    stored = load_file(tmp_path / "generator.safetensors")
    assert {weight.dtype for weight in stored.values() if weight.ndim > 1} == {torch.float16}
    loaded = Performer.load(tmp_path)
    assert isinstance(loaded, FastPerformer)
    for name, weight in loaded.generator.state_dict().items():
        assert weight.dtype in (torch.float32, torch.int64)
        assert torch.equal(weight, stored[name].to(weight.dtype))


def test_fewer_pictures_are_spread_over_the_clip(performer: FastPerformer) -> None:
    references = performer.texture.references
    few = smaller(references, 5)
    assert len(few) == 5 and few.fine is not None and len(few.fine) == 5
    assert (few.times[0], few.times[-1]) == (references.times[0], references.times[-1])
    assert all(len(getattr(few, name)) == 5 for name in ("frames", "masks", "keypoints"))


def test_the_room_is_left_out_and_the_person_is_kept(performer: FastPerformer) -> None:
    references = performer.texture.references
    few = smaller(references)
    corner = few.frames[:, :4, :4]
    assert (corner == corner[0, 0, 0]).all() and (references.frames[:, :4, :4] != 127).any()
    person = references.masks > 0
    assert np.array_equal(few.frames[person], references.frames[person])
