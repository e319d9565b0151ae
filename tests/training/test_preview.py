"""Previews of what is being trained."""

from __future__ import annotations

import numpy as np
import torch

from dancenow.training.preview import picture_sheet


def test_rows_of_pictures_become_one_picture() -> None:
    values = torch.tensor([[-1.0, 0.0, 1.0], [-1.2, 0.5, 1.2]])  # of two rows of three pictures
    sheet = picture_sheet(values[..., None, None, None].expand(2, 3, 3, 4, 5))
    assert sheet.shape == (8, 15, 3) and sheet.dtype == np.uint8
    assert sheet[::4, ::5, 0].tolist() == [[0, 128, 255], [0, 191, 255]]
    assert (sheet[:4, :5] == 0).all() and (sheet[4:, 10:] == 255).all()


def test_a_pictures_rows_columns_and_colours_stay_in_place() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    tensor = torch.from_numpy(picture).permute(2, 0, 1).float() / 127.5 - 1
    assert np.array_equal(picture_sheet(tensor[None, None]), picture)
