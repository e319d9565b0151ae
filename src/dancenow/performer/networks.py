"""The fast preset's generator: a small U-Net that paints a person over a background plate."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.1  # of the leaky ReLUs: without normalisation, plain ones die


class Painted(NamedTuple):
    """What a generator paints, before it is laid over the background.

    Attributes:
        colour: `(B, 3, H, W)`, RGB in -1..1.
        alpha: `(B, 1, H, W)`, coverage in 0..1.
    """

    colour: Tensor
    alpha: Tensor

    def over(self, plate: Tensor) -> Tensor:
        """The picture: the colour laid over `plate`, `(B, 3, H, W)` RGB in -1..1."""
        return plate + self.alpha * (self.colour - plate)


class Block(nn.Module):
    """Two 3 x 3 convolutions around a shortcut, without normalisation.

    As in EDSR (Lim et al., 2017, section 3.1), where dropping batch norm made pictures better; on
    a CPU it also halves the time of a step.  The second convolution begins at zero, so that a deep
    stack begins as a shallow one (Zhang et al., "Fixup initialization", 2019).
    """

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.kaiming_normal_(self.conv1.weight, a=SLOPE)
        nn.init.zeros_(self.conv2.weight)
        self.shortcut: nn.Module = (
            nn.Identity() if channels_in == channels else nn.Conv2d(channels_in, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(functional.leaky_relu(self.conv1(x), SLOPE, inplace=True))
        return functional.leaky_relu(y + self.shortcut(x), SLOPE, inplace=True)


class FastGenerator(nn.Module):
    """A U-Net (Ronneberger et al., 2015) that works at half the picture's resolution.

    Pixels are folded into channels at the door and unfolded at the exit (Shi et al., 2016), so
    that no layer runs at full resolution: on a CPU this is worth more than the depth it costs.

    Args:
        pose_channels: channels of the drawn pose.
        widths: channels at 1/2, 1/4, 1/8, ... of the picture's resolution.
    """

    def __init__(self, pose_channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(2)
        self.entry = nn.Conv2d(4 * (pose_channels + 3), widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            Block(a, b) for a, b in zip((widths[0], *widths[:-1]), widths, strict=True)
        )
        self.up = nn.ModuleList(
            Block(below + here, here)
            for below, here in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.exit = nn.Conv2d(widths[0], 4 * 4, 3, padding=1)
        self.unfold = nn.PixelShuffle(2)

    @property
    def stride(self) -> int:
        """Heights and widths of pictures must be multiples of this many px."""
        return int(2 ** len(self.down))

    def forward(self, pose: Tensor, plate: Tensor) -> Painted:
        """Paint the person.

        Args:
            pose: the drawn pose, `(B, pose_channels, H, W)`, 0..1.
            plate: the background behind the person, `(B, 3, H, W)`, RGB in -1..1.
        """
        x = self.entry(self.fold(torch.cat((pose, plate), dim=1)))
        x = functional.leaky_relu(x, SLOPE, inplace=True)
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else functional.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for block in self.up:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = block(torch.cat((x, skips.pop()), dim=1))
        painted = self.unfold(self.exit(x)).float()
        return Painted(torch.tanh(painted[:, :3]), torch.sigmoid(painted[:, 3:]))
