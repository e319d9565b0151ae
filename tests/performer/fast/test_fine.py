"""Pixels at the clip's own resolution: the small painting says where they go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from dancenow.errors import InputError
from dancenow.evaluation.pictures import gradient_magnitude
from dancenow.options import TrainPerformerOptions
from dancenow.performer import Performer
from dancenow.performer.fast import performer as painting
from dancenow.performer.fast.condition import POSE_CHANNELS
from dancenow.performer.fast.config import PRESETS
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.pieces import PIECES
from dancenow.performer.fast.prepare import fine_factor, prepare_target
from dancenow.performer.fast.references import FineFrames, References, pack_picture
from dancenow.performer.fast.texture import LAYERS, FineTexture, Texture
from dancenow.performer.method import TargetRequest
from dancenow.pose import PoseTrack
from dancenow.sample import dance_track
from fixture_types import SampleClip
from untrained import CONFIG, CPU, plated, references_of

Frame = NDArray[np.uint8]

SIZE, FACTOR = (160, 160), 2.0


@pytest.fixture(scope="module")
def dance() -> PoseTrack:
    return dance_track("zola", "house", seconds=1, size=SIZE, fps=6)


@pytest.fixture(scope="module")
def references(dance: PoseTrack) -> References:
    """A dancer in clothes with threads that only the finer pictures show."""
    drawn = references_of(dance)
    threads = np.indices((320, 320)).sum(axis=0) % 4 < 2
    fine = []
    for mask in drawn.masks:
        inside = cv2.resize(mask, (320, 320), interpolation=cv2.INTER_NEAREST) > 0
        fine.append(np.where((inside & threads)[..., None], 255, 60 * inside[..., None]))
    pictures = [picture.astype(np.uint8).repeat(3, axis=-1) for picture in fine]
    coarse = np.stack([cv2.resize(p, SIZE, interpolation=cv2.INTER_AREA) for p in pictures])
    return replace(
        drawn, frames=coarse, fine=FineFrames.of([pack_picture(p) for p in pictures], FACTOR)
    )


def copying(references: References, track: PoseTrack) -> FastPerformer:
    """A performer that has learned nothing yet: it shows the texture as it is."""
    torch.manual_seed(0)
    room = np.zeros((320, 320, 3), np.uint8)
    generator = FastGenerator(POSE_CHANNELS, CONFIG.generator.widths, LAYERS)
    scene = plated(double(track), room, zoom=FACTOR)
    return FastPerformer(CONFIG, scene, generator, Texture(references), CPU)


def double(track: PoseTrack) -> PoseTrack:
    """The same in frames of twice the size."""
    keypoints = track.keypoints * np.array([2, 2, 1], np.float32)
    return PoseTrack(keypoints, track.fps, (320, 320))


@pytest.mark.parametrize(
    ("zoom", "body_px", "expected"),
    [(1.0, 224, 1.0), (1.1, 224, 1.0), (2.7, 224, 2.6875), (6.0, 224, 3.1875)],
)
def test_the_finer_pictures_are_as_fine_as_the_clip_and_not_huge(
    zoom: float, body_px: float, expected: float
) -> None:
    assert fine_factor(zoom, body_px, 720, 32) == expected


def test_finer_pictures_come_back_from_disk_and_damage_is_noticed(
    references: References, tmp_path: Path
) -> None:
    assert references.fine is not None
    references.fine.save(tmp_path / "fine.safetensors")
    again = FineFrames.load(tmp_path / "fine.safetensors")
    assert len(again) == len(references) and again.factor == FACTOR
    np.testing.assert_array_equal(again[3], references.fine[3])
    tensors = load_file(tmp_path / "fine.safetensors")
    save_file({**tensors, "frames": tensors["frames"][:-1]}, tmp_path / "fine.safetensors")
    with pytest.raises(ValueError, match="damaged"):
        FineFrames.load(tmp_path / "fine.safetensors")
    with pytest.raises(InputError, match="damaged; train"):
        FineFrames.of([np.arange(9, dtype=np.uint8)], FACTOR)[0]


def test_the_finer_texture_lies_where_the_coarse_one_does(
    references: References, dance: PoseTrack
) -> None:
    chosen = np.full(len(PIECES), 2)
    coarse = Texture(references).layers(dance.keypoints[4], chosen, SIZE)
    fine = FineTexture(Texture(references)).finer(dance.keypoints[4], chosen, SIZE)
    assert fine.shape == (320, 320, coarse.shape[2])
    small = np.stack(
        [cv2.resize(fine[..., c], SIZE, interpolation=cv2.INTER_AREA) for c in range(8)], axis=-1
    )
    assert np.abs(small.astype(int) - coarse).mean() < 3


def test_the_result_shows_what_only_the_finer_pictures_do(
    references: References, dance: PoseTrack
) -> None:
    track = double(dance)[:2]
    fine = list(copying(references, dance).perform(track))
    coarse = list(copying(replace(references, fine=None), dance).perform(track))
    for sharp, soft in zip(fine, coarse, strict=True):
        assert gradient_magnitude(sharp) > 1.5 * gradient_magnitude(soft)
        blurred = [cv2.GaussianBlur(picture, (0, 0), 4).astype(int) for picture in (sharp, soft)]
        assert np.abs(blurred[0] - blurred[1]).mean() < 2


@pytest.mark.parametrize("finer", [True, False])
def test_pictures_are_painted_alike_in_strips_and_whole(
    references: References, dance: PoseTrack, monkeypatch: pytest.MonkeyPatch, finer: bool
) -> None:
    track = double(dance)[:2]
    performer = copying(references if finer else replace(references, fine=None), dance)
    torch.nn.init.normal_(performer.generator.exit.weight, std=0.02)
    performer = FastPerformer(CONFIG, performer.scene, performer.generator, performer.texture, CPU)
    pictures = []
    for rows in (10_000, 7):
        monkeypatch.setattr(painting, "_STRIP_PX", rows)
        pictures.append(np.stack(list(performer.perform(track))).astype(int))
    assert pictures[0].any()
    np.testing.assert_allclose(*pictures, atol=1)


def test_no_more_finer_pieces_are_kept_than_have_room(
    references: References, dance: PoseTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 200_000
    plenty, little = FineTexture(Texture(references)), FineTexture(Texture(references))
    monkeypatch.setattr(little, "_room", room)
    for reference in range(4):
        chosen = np.full(len(PIECES), reference)
        drawn = [each.finer(dance.keypoints[4], chosen, SIZE) for each in (plenty, little)]
        np.testing.assert_array_equal(*drawn)
        assert 0 < sum(t.pixels.nbytes for t in little._tiles.values() if t) <= room
    assert sum(t.pixels.nbytes for t in plenty._tiles.values() if t) > 2 * room


def test_a_performer_keeps_its_finer_pictures(
    references: References, dance: PoseTrack, tmp_path: Path
) -> None:
    performer, track = copying(references, dance), double(dance)[:1]
    performer.save(tmp_path)
    (before,), (after,) = performer.perform(track), Performer.load(tmp_path, CPU).perform(track)
    assert np.abs(before.astype(int) - after).mean() < 1  # the coarse ones are compressed, too
    (tmp_path / "fine.safetensors").write_bytes(b"damaged")
    with pytest.raises(InputError, match="damaged"):
        Performer.load(tmp_path, CPU)
    (tmp_path / "fine.safetensors").unlink()  # as one that an older version trained
    (soft,) = Performer.load(tmp_path, CPU).perform(track)
    assert gradient_magnitude(soft) < gradient_magnitude(after)


@pytest.mark.slow
def test_a_clip_gives_finer_pictures_where_the_person_is_larger_than_the_painting(
    sample_clip: SampleClip,
) -> None:
    clip = sample_clip(size=256, fps=10)
    options = TrainPerformerOptions(poses=clip.with_suffix(".pose.npz"))
    crops = prepare_target(PRESETS["tiny"], TargetRequest(clip, CPU, options)).crops
    found = crops.references(384)
    assert found.fine is not None and len(found.fine) == len(found) == 10
    small = cv2.resize(found.fine[4], crops.canvas, interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - found.frames[4]).mean() < 4
    assert crops.references(5).fine is None  # these are other rows
