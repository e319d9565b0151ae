"""The network: every place of a run of frames is judged by what lies around it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dancenow.detector.config import RUN, DetectorConfig

_CHANGE = 4.0  # differences between frames are small


class DetectorNetwork(nn.Module):
    """Convolutions without a view of the whole: no place sees enough to know who dances.

    With few persons to learn from, a network that saw all of them would learn their clothes.
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        widths, layers = config.widths, nn.Sequential()
        before = 3 * RUN
        for number, width in enumerate(widths):
            layers.append(_Layer(before, width, stride=1 if number == 0 else 2))
            before = width
        layers.append(_Layer(before, before, stride=1))
        self.layers, self.stride = layers, 2 ** (len(widths) - 1)
        self.judge = nn.Conv2d(before, 1, 1)

    def forward(self, runs: Tensor) -> Tensor:
        """Judge every place of some runs.

        Args:
            runs: float `(B, RUN, 3, H, W)`, RGB in -1..1.

        Returns:
            Logits `(B, H / stride, W / stride)`: above 0, it looks made.
        """
        middle = runs[:, RUN // 2]
        changes = [_CHANGE * (runs[:, k] - middle) for k in range(RUN) if k != RUN // 2]
        seen = torch.cat([middle, *changes], dim=1)
        logits: Tensor = self.judge(self.layers(seen))[:, 0]
        return logits


class _Layer(nn.Sequential):
    def __init__(self, before: int, width: int, *, stride: int) -> None:
        super().__init__(
            nn.Conv2d(before, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )


def joined(logits: Tensor, places: Tensor) -> Tensor:
    """One logit a run: the mean over the places where the body is.

    Args:
        logits: `(B, h, w)`.
        places: how much of each place the body takes, 0..1, `(B, h, w)`.
    """
    weights = places + 1e-3  # where no body is seen, every place counts
    return (logits.float() * weights).sum((1, 2)) / weights.sum((1, 2))
