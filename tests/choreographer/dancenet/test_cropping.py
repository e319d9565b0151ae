"""The crop that fits all of a clip, and the pictures made with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.config import (
    PRESETS,
    FrameChoreographerConfig,
    PictureConfig,
    read_config,
)
from dancenow.choreographer.dancenet.cropping import (
    Box,
    ClipMasks,
    crop_of,
    cropped,
    figure_box,
    kept_size,
    shape_for,
)
from dancenow.choreographer.dancenet.method import METHOD
from dancenow.choreographer.dancenet.prepare import prepare_pictures
from dancenow.choreographer.dancenet.silhouettes import fit, threshold_silhouette
from dancenow.errors import InputError
from dancenow.options import TrainChoreographerOptions
from dancenow.video import open_writer, read_frames

Frame = NDArray[np.uint8]
CROPPED = PictureConfig(height=32, width=48, background="threshold", crop="auto", stride=1)


def drawn(*boxes: Box, size: tuple[int, int] = (80, 60)) -> Frame:
    """White boxes on black, uint8 `(h, w, 1)`."""
    mask = np.zeros((size[1], size[0], 1), np.uint8)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = 255
    return mask


def test_specks_are_no_part_of_the_figure() -> None:
    body, arm, speck = (30, 10, 50, 50), (60, 20, 66, 24), (2, 2, 5, 5)
    assert figure_box(drawn(body, arm, speck)) == (30, 10, 66, 50)
    assert figure_box(drawn(body)[..., 0]) == body
    assert figure_box(drawn()) is None


BOXES = st.tuples(st.integers(0, 39), st.integers(0, 29), st.integers(40, 80), st.integers(30, 60))


@given(boxes=st.lists(BOXES, min_size=1, max_size=12))
def test_a_crop_fits_the_figure_wherever_it_is_for_two_frames(boxes: list[Box]) -> None:
    twice = [box for box in boxes for _ in range(2)]
    left, top, right, bottom = crop_of(twice, (80, 60))
    assert min(left, top) >= 0 and right <= 80 and bottom <= 60
    for box in boxes:
        assert left <= box[0] and top <= box[1] and right >= box[2] and bottom >= box[3]


def test_what_is_found_in_a_single_frame_is_left_out() -> None:
    usual, slip = (20, 10, 40, 50), (0, 0, 80, 60)
    assert crop_of([usual] * 5 + [slip] + [usual] * 5, (80, 60)) == (19, 9, 41, 51)
    assert crop_of([usual] * 5 + [slip] * 2 + [usual] * 5, (80, 60)) == slip
    assert crop_of([], (80, 60)) == slip  # nobody: everything


@given(
    width=st.integers(4, 400), height=st.integers(4, 400), nominal=st.sampled_from([208, 360])
)  # fmt: skip
def test_pictures_get_the_crops_shape_and_about_as_many_pixels(
    width: int, height: int, nominal: int
) -> None:
    size = shape_for([(10, 20, 10 + width, 20 + height)], (nominal, 120))
    assert size[0] % 8 == size[1] % 8 == 0
    assert 1 <= size[0] * size[1] / (nominal * 120) < 1.15
    wanted = min(max(width / height, 0.4), 2.5)
    assert 0.85 < size[0] / size[1] / wanted < 1.15


def test_masks_come_back_as_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    given = [rng.integers(0, 256, (20, 30, 1), np.uint8) for _ in range(4)]
    masks = ClipMasks.of(iter(given), tmp_path)
    assert len(masks) == 4 and masks.whole == (0, 0, 30, 20)
    for _ in range(2):
        assert all(np.array_equal(*pair) for pair in zip(masks, given, strict=True))


def test_masks_of_large_frames_are_kept_smaller_and_in_shape() -> None:
    assert kept_size(np.zeros((60, 80, 3), np.uint8)) == (80, 60)
    assert kept_size(np.zeros((3840, 2160, 3), np.uint8)) == (720, 1280)


def test_a_figure_in_colours_has_its_silhouette_beside_them(tmp_path: Path) -> None:
    frame = np.full((60, 80, 3), (10, 90, 170), np.uint8)
    masks = ClipMasks.of([drawn((20, 10, 40, 50))], tmp_path)
    (picture,) = cropped(masks, iter([frame]), (10, 10, 50, 50), lambda part: part)
    assert picture.shape == (40, 40, 4) and picture.dtype == np.uint8
    assert (picture[:, 10:30] == (10, 90, 170, 255)).all()
    assert not picture[:, :10].any() and not picture[:, 30:].any()


def dancing(count: int = 12) -> Iterator[Frame]:
    """A small block that walks from (10, 20) to (32, 20) before black, uint8 `(60, 96, 3)`."""
    for number in range(count):
        frame = np.zeros((60, 96, 3), np.uint8)
        frame[20:36, 10 + 2 * number : 20 + 2 * number] = (200, 60, 130)
        yield frame


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    with open_writer(tmp_path / "walk.mp4", fps=10, crf=4) as writer:
        for frame in dancing():
            writer.write(frame)
    return tmp_path / "walk.mp4"


def test_a_small_figure_fills_the_picture(clip: Path) -> None:
    frames, decided, _ = prepare_pictures([clip], CROPPED)
    assert frames.pictures.shape == (12, 32, 48, 1) and decided == CROPPED
    lit = frames.pictures[..., 0] > 127
    assert lit.any(axis=(0, 1)).sum() >= 0.85 * 48  # from side to side, over the whole clip
    for picture in lit:
        rows, columns = (np.flatnonzero(picture.any(axis=axis)) for axis in (1, 0))
        assert abs(len(columns) / len(rows) - 10 / 16) < 0.15  # not stretched
    assert lit[0, :, :8].any() and lit[-1, :, -8:].any()  # the crop follows nobody


def test_without_a_crop_pictures_are_the_originals(clip: Path) -> None:
    frames, decided, _ = prepare_pictures([clip], CROPPED.model_copy(update={"crop": "off"}))
    assert decided.crop == "off"
    for picture, frame in zip(frames.pictures, read_frames(clip), strict=True):
        assert np.array_equal(picture, threshold_silhouette(frame, (48, 32)))


def test_the_shape_is_the_crops_and_decided_once(clip: Path) -> None:
    frames, decided, _ = prepare_pictures([clip], CROPPED.model_copy(update={"reshape": True}))
    height, width = frames.pictures.shape[1:3]
    assert (decided.height, decided.width, decided.reshape) == (height, width, False)
    assert abs(width / height - 32 / 16) < 0.5
    again, _, _ = prepare_pictures([clip], decided)
    assert np.array_equal(again.pictures, frames.pictures)


def test_colours_are_kept_and_the_room_is_not(clip: Path) -> None:
    config = CROPPED.model_copy(update={"colour": True})
    frames, _, _ = prepare_pictures([clip], config)
    assert frames.pictures.shape == (12, 32, 48, 4)
    picture = frames.pictures[6].astype(int)
    body = picture[picture[..., 3] > 127, :3]
    assert len(body) and np.abs(np.median(body, axis=0) - (200, 60, 130)).max() < 16
    assert not picture[picture[..., 3] == 0].any()
    whole, _, _ = prepare_pictures([clip], config.model_copy(update={"crop": "off"}))
    shown, frame = whole.pictures[6].astype(int), fit([*dancing()][6], (48, 32))
    assert np.abs(shown[..., :3] - frame).mean() < 3


def test_every_clip_has_its_own_crop_and_all_have_one_shape(clip: Path, tmp_path: Path) -> None:
    with open_writer(tmp_path / "near.mp4", fps=10, crf=4) as writer:
        for frame in dancing():
            writer.write(frame[10:40, :48].repeat(2, axis=0).repeat(2, axis=1))
    frames, _, _ = prepare_pictures([clip, tmp_path / "near.mp4"], CROPPED)
    assert frames.lengths == (12, 12)
    far, near = (frames.pictures[part].max(axis=0) > 127 for part in frames.clips())
    assert (far & near).sum() > 0.85 * (far | near).sum()


def test_where_nothing_is_cut_out_nothing_is_cropped(clip: Path) -> None:
    grey = CROPPED.model_copy(update={"background": "grey", "reshape": True})
    frames, decided, _ = prepare_pictures([clip], grey)
    assert decided.crop == "off" and not decided.reshape
    assert frames.pictures.shape[1:3] == (32, 48)


def test_a_folder_from_before_crops_is_without_one() -> None:
    values = FrameChoreographerConfig(preset="fast").model_dump(mode="json")
    for name in ("crop", "reshape", "colour"):
        del values["picture"][name]
    del values["neighbours"], values["vae"]["absolute"], values["vae"]["strided"]
    config = read_config(values)
    assert (config.picture.crop, config.picture.reshape, config.picture.colour) == (
        "off",
        False,
        False,
    )
    assert config.neighbours == 0 and config.vae.absolute == 0 and not config.vae.strided


def configured(**options: Any) -> FrameChoreographerConfig:
    return METHOD.configure(TrainChoreographerOptions(**options))


def test_the_default_crops_and_the_original_does_not() -> None:
    assert configured().picture.crop == "auto" and configured().picture.reshape
    for original in (
        {"preset": "dancenet"},
        {"reference": True},
        {"preset": "tiny", "reference": True},
    ):
        assert configured(**original).picture.crop == "off"
        assert configured(**original, crop="auto").picture.crop == "auto"
    for picture in (configured(crop="off").picture, PRESETS["dancenet"].picture):
        assert (picture.crop, picture.width, picture.height) == ("off", 208, 120)
        assert not picture.reshape


def test_colours_come_in_larger_pictures() -> None:
    picture = configured(colour=True).picture
    assert picture.colour and picture.channels == 4
    assert picture.width * picture.height >= 208 * 360
    assert configured(colour=True, preset="tiny").picture.width == 64


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crop": "tight"}, "`crop=tight`: unknown; choose one of auto, off"),
        ({"crop": "auto", "background": "grey"}, "`crop=auto`: with `background=grey` no dancer"),
        ({"colour": True, "background": "grey"}, "`colour`: with `background=grey` no dancer"),
        ({"colour": True, "background": "colour"}, "`colour`: with `background=colour` no dancer"),
        ({"colour": True, "reference": True}, "`colour`: the original dreams silhouettes"),
    ],
)
def test_options_that_contradict_each_other_are_told(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        configured(**options)


@pytest.mark.parametrize("options", [{"crop": "off"}, {"colour": True}])
def test_motion_is_neither_cropped_nor_coloured(options: dict[str, Any]) -> None:
    from dancenow.choreographer.motion.method import METHOD as MOTION

    with pytest.raises(InputError, match="belongs to `codec=frame`"):
        MOTION.configure(TrainChoreographerOptions(codec="pose", **options))
