"""LPIPS: the dissimilarity of two pictures, judged by a network much as people do.

R. Zhang, P. Isola, A. Efros, E. Shechtman, O. Wang: The Unreasonable Effectiveness of Deep Features
as a Perceptual Metric, 2018.  torchmetrics has its learned weights, torchvision the AlexNet
underneath, whose own weights are downloaded once (0.24 GB).  Neither is a dependency of DanceNow.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pickle import UnpicklingError
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Frame = NDArray[np.uint8]
Network = Callable[[Tensor, Tensor], Tensor]

MISSING: Final = (
    "LPIPS: not measured; needs torchvision and its AlexNet weights (pip install torchvision)"
)
_BROKEN: Final = (RuntimeError, EOFError, UnpicklingError)  # torch's errors for a damaged file
_SMALLEST_PX: Final = 64  # the shorter side that AlexNet's layers need
_PATIENCE: Final = 5.0  # timeout of a server, in seconds


class Lpips:
    """Compares pictures by a network that takes two of them.

    Args:
        network: takes two batches float32 `(1, 3, H, W)` in 0..1, returns their distance.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    @torch.inference_mode()
    def __call__(self, made: Frame, truth: Frame) -> float:
        """The distance of two pictures of equal size, uint8 `(H, W, 3)` RGB; 0 if equal.

        Pictures too small for the network are enlarged.
        """
        return float(self._network(_tensor(made), _tensor(truth)))


def load_lpips(make: Callable[[], Network] | None = None) -> tuple[Lpips | None, str | None]:
    """LPIPS if available here, or None and one line that says what it needs.

    Args:
        make: loads the network; by default LPIPS over AlexNet.
    """
    try:
        with _short_timeout():
            return Lpips((make or _alexnet)()), None
    except ModuleNotFoundError:
        return None, MISSING
    except (ImportError, OSError, HTTPException, *_BROKEN) as error:
        first = str(error).strip().partition("\n")[0]
        return None, f"{MISSING}; {type(error).__name__}: {first}"


def _alexnet() -> Network:
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    metric = LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True)

    def distance(made: Tensor, truth: Tensor) -> Tensor:
        metric.reset()  # otherwise it accumulates all pictures
        value = metric(made, truth)
        assert isinstance(value, Tensor)
        return value

    return distance


@contextmanager
def _short_timeout() -> Iterator[None]:
    """Set a short timeout for downloads; torch has none of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _tensor(picture: Frame) -> Tensor:
    height, width = picture.shape[:2]
    scale = _SMALLEST_PX / min(height, width)
    if scale > 1:
        size = (max(_SMALLEST_PX, round(width * scale)), max(_SMALLEST_PX, round(height * scale)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255
