"""Whether a device computes what the networks need: the operators tried on it, beside the CPU's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

_TOLERANCE: Final = 1e-2  # of the largest value; what is wrong is wrong by far more

Work = Callable[[Tensor], Tensor]


def _works() -> Mapping[str, Work]:
    """Operators of the networks on pictures `(2, 8, 16, 16)`; each with fixed weights."""
    torch.manual_seed(0)
    kernel, taller = torch.randn(8, 8, 3, 3) / 8, torch.randn(8, 8, 4, 4) / 8
    lstm, linear = nn.LSTM(16, 16), nn.Linear(16, 16)

    def recurrent(x: Tensor) -> Tensor:
        # A copy: moving a module moves it for good.
        own = nn.LSTM(16, 16).to(x.device)
        own.load_state_dict(lstm.state_dict())
        out: Tensor = own(x.flatten(0, 1).transpose(0, 1))[0]
        return out

    return {
        "conv2d": lambda x: functional.conv2d(x, kernel.to(x.device), padding=1),
        "conv_transpose2d": lambda x: functional.conv_transpose2d(
            x, taller.to(x.device), stride=2, padding=1
        ),
        "instance_norm": functional.instance_norm,
        "batch_norm": lambda x: functional.batch_norm(x, None, None, training=True),
        "layer_norm": lambda x: functional.layer_norm(x, x.shape[-1:]),
        "reflection pad": lambda x: functional.pad(x, (3, 3, 3, 3), mode="reflect"),
        "max_pool2d": lambda x: functional.max_pool2d(x, 9, stride=1, padding=4),
        "avg_pool2d": lambda x: functional.avg_pool2d(x, 8, 2),
        "interpolate": lambda x: functional.interpolate(x, scale_factor=2, mode="nearest"),
        "pixel_shuffle": lambda x: functional.pixel_shuffle(functional.pixel_unshuffle(x, 2), 4),
        "binary_cross_entropy": lambda x: functional.binary_cross_entropy(
            torch.sigmoid(x), torch.full_like(x, 0.3)
        ),
        "attention": lambda x: functional.scaled_dot_product_attention(x, x, x),
        "lstm": recurrent,
        "linear": lambda x: functional.linear(
            x, linear.weight.to(x.device), linear.bias.to(x.device)
        ),
        "logsumexp": lambda x: torch.logsumexp(x, dim=-1),
        "einsum": lambda x: torch.einsum("bchw,bchv->bcwv", x, x),
    }


def _tried(work: Work, device: str) -> tuple[Tensor, Tensor]:
    """An operator's result and the gradient of its input, on the CPU."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, 8, 16, 16, generator=generator).to(device).requires_grad_()
    result = work(x)
    result.square().mean().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    return result.detach().float().cpu(), x.grad.float().cpu()


@lru_cache(maxsize=4)
def missing_operator(device: str) -> str | None:
    """The first operator of ours that a device lacks or computes wrongly; None if all are right.

    Takes a second on a device's first use.

    Args:
        device: as PyTorch names it, "mps" for example.
    """
    for name, work in _works().items():
        right = _tried(work, "cpu")
        try:
            with warnings.catch_warnings():
                # PyTorch warns where it computes on the CPU instead: slower than all of it there.
                warnings.simplefilter("error")
                found = _tried(work, device)
        except (RuntimeError, NotImplementedError, UserWarning):
            return name
        for a, b in zip(right, found, strict=True):
            if not torch.allclose(a, b, rtol=0, atol=_TOLERANCE * float(a.abs().max())):
                return name
    return None
