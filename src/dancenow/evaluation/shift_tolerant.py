"""ST-LPIPS: LPIPS that forgives a shift by a pixel or two, which people do not see.

A. Ghildyal, F. Liu: Shift-tolerant Perceptual Similarity Metric, ECCV 2022.  The learned weights
are those of the package `stlpips-pytorch` (BSD-2), which is not imported: it needs libraries that
nothing here does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dancenow.errors import InputError

Frame = NDArray[np.uint8]

MISSING: Final = "ST-LPIPS: not measured; needs its weights (pip install stlpips-pytorch)"
_PACKAGE, _FILE = "stlpips_pytorch", Path("weights/vST0.0/alex_shift_tolerant.pth")
_LAYERS: Final = ("slice1.0", "slice2.5", "slice3.9", "slice4.11", "slice5.13")
_PADDING: Final = (2, 2, 1, 1, 1)
_POOLED: Final = (1, 2)  # layers before which the strongest of 3 x 3 pixels is taken
_SMALLEST_PX: Final = 32  # the shorter side that the layers need
_TINY: Final = 1e-10


class ShiftTolerantLpips:
    """Compares pictures by AlexNet's features, sampled with blur instead of strides.

    Args:
        weights: the tensors of `alex_shift_tolerant.pth`.

    Raises:
        InputError: they are not.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        try:
            self._shift, self._scale = (weights[f"scaling_layer.{n}"] for n in ("shift", "scale"))
            names = [f"net.{layer}" for layer in _LAYERS]
            self._kernels = [(weights[f"{n}.weight"], weights[f"{n}.bias"]) for n in names]
            self._votes = [weights[f"lin{k}.model.1.weight"] for k in range(len(_LAYERS))]
        except KeyError as error:
            raise InputError(f"ST-LPIPS: the weights lack {error}.") from error
        row = torch.tensor([1.0, 2.0, 1.0]) / 4
        self._blur = row[:, None] * row[None]

    @torch.inference_mode()
    def __call__(self, made: Frame, truth: Frame) -> float:
        """The distance of two pictures of equal size, uint8 `(H, W, 3)` RGB; 0 if equal.

        Pictures with a side below 32 pixels are enlarged.
        """
        return float(self.distance(_tensor(made), _tensor(truth)))

    def distance(self, made: Tensor, truth: Tensor) -> Tensor:
        """Distances `(B,)` of pictures `(B, 3, H, W)`, RGB in -1..1; differentiable."""
        total = made.new_zeros(len(made))
        for a, b, vote in zip(
            self._features(made), self._features(truth), self._votes, strict=True
        ):
            total = total + functional.conv2d((a - b) ** 2, vote).mean(dim=(1, 2, 3))
        return total

    def _features(self, pictures: Tensor) -> Iterator[Tensor]:
        """Features of every layer, of length 1 in each place; one layer at a time, as they are
        large."""
        x = (pictures - self._shift) / self._scale
        for index, ((kernel, bias), padding) in enumerate(
            zip(self._kernels, _PADDING, strict=True)
        ):
            if index in _POOLED:
                x = self._sampled(functional.max_pool2d(x, 3, stride=1))
            x = functional.conv2d(x, kernel, bias, padding=padding)
            x = functional.relu(self._sampled(x) if index == 0 else x)
            yield x / (x.square().sum(dim=1, keepdim=True).sqrt() + _TINY)

    def _sampled(self, x: Tensor) -> Tensor:
        """Every second pixel of the blurred features (Zhang, 2019)."""
        channels = x.shape[1]
        kernel = self._blur.to(x).expand(channels, 1, 3, 3)
        padded = functional.pad(x, (2, 2, 2, 2), mode="reflect")
        return functional.conv2d(padded, kernel, stride=2, groups=channels)


def load_st_lpips() -> ShiftTolerantLpips | None:
    """ST-LPIPS where its weights are installed, else None (see `MISSING`).

    Raises:
        InputError: the weights are damaged.
    """
    spec = find_spec(_PACKAGE)  # which does not import it
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        file = Path(folder) / _FILE
        if file.is_file():
            try:
                weights = torch.load(file, map_location="cpu", weights_only=True)
            except (RuntimeError, EOFError, OSError, ValueError, UnpicklingError) as error:
                raise InputError(f"{file}: is damaged; install stlpips-pytorch again.") from error
            return ShiftTolerantLpips(weights)
    return None


def _tensor(picture: Frame) -> Tensor:
    x = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
    side = min(x.shape[-2:])
    if side < _SMALLEST_PX:
        x = functional.interpolate(x, scale_factor=_SMALLEST_PX / side, mode="bicubic")
    return x
