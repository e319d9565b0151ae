"""The fast preset's generator: a small U-Net that paints a person over a background plate."""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dancenow.performer.fast.texture import LAYER_CHANNELS

_TRUST = 8.0  # initial weight of the texture's coverage in the logit of alpha
_HIDES = 3.0  # initial amount by which a layer hides the one below, in the logit of a vote
SLOPE = 0.1  # of the leaky ReLUs; without normalisation, plain ReLUs die


class Parts(NamedTuple):
    """What a generator says of each pixel, before the texture's own pixels are mixed in.

    Smooth enough to be enlarged, so that they can be mixed with texture at a finer resolution.

    Attributes:
        own: `(B, 3, H, W)`, the generator's own colour, RGB in -1..1.
        cover: `(B, 1, H, W)`, what it adds to the texture's coverage, as a logit.
        votes: `(B, layers + 1, H, W)`, for its own colour and for each layer of texture, as logits.
    """

    own: Tensor
    cover: Tensor
    votes: Tensor

    def of(self, index: int) -> Parts:
        """Those of one picture of the batch."""
        return Parts(*(each[index : index + 1] for each in self))

    def rows(self, rows: slice) -> Parts:
        """Those of some rows of pixels."""
        return Parts(*(each[:, :, rows] for each in self))

    def enlarged(self, factor: float) -> Parts:
        """The same at `factor` times the resolution."""
        together = torch.cat(self, dim=1).contiguous()
        larger = functional.interpolate(together, scale_factor=factor, mode="bilinear")
        return Parts(larger[:, :3], larger[:, 3:4], larger[:, 4:])

    def mixed(self, texture: Tensor) -> Foreground:
        """The person: these parts with the texture's pixels, `(B, 4 * layers, H, W)`."""
        covers = texture[:, LAYER_CHANNELS - 1 :: LAYER_CHANNELS]
        covered = covers.amax(dim=1, keepdim=True) - 0.5
        colour = self._colour(texture)
        return Foreground(colour, torch.sigmoid(self.cover + _TRUST * covered))

    def _colour(self, texture: Tensor) -> Tensor:
        """The generator's own colour mixed with those of the layers, weighted by its votes.

        With votes of 0, each layer hides those below it and the generator's own colour.
        """
        layers = self.votes.shape[1] - 1
        first = torch.arange(layers + 1, device=self.votes.device, dtype=self.votes.dtype)
        weights = (self.votes + _HIDES * first[:, None, None]).softmax(dim=1)
        total = weights[:, :1]
        mixed = (self.own + 1) * (total / 2)  # in 0..1, as the texture is
        for layer in range(layers):
            start = LAYER_CHANNELS * layer
            weight = weights[:, layer + 1 : layer + 2]
            mixed = torch.addcmul(mixed, texture[:, start : start + 3], weight)
            total = torch.addcmul(total, texture[:, start + 3 : start + 4], weight)
        return mixed * (2 / total.clamp_min(1e-6)) - 1


class Foreground(NamedTuple):
    """A generator's output, before compositing over the background.

    Attributes:
        colour: `(B, 3, H, W)`, RGB in -1..1.
        alpha: `(B, 1, H, W)`, coverage in 0..1.
    """

    colour: Tensor
    alpha: Tensor

    def over(self, plate: Tensor) -> Tensor:
        """The picture composited over `plate`, `(B, 3, H, W)` RGB in -1..1."""
        return plate + self.alpha * (self.colour - plate)


class Block(nn.Module):
    """Two 3 x 3 convolutions with a skip connection (He et al., 2016), each with batch norm.

    Batch norm costs a tenth of a step's time and speeds up learning several times: after 60 steps
    on eight pictures, training is three times as far.
    """

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1, bias=False)
        self.norm1: nn.Module = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2: nn.Module = nn.BatchNorm2d(channels)
        nn.init.kaiming_normal_(self.conv1.weight, a=SLOPE)
        nn.init.kaiming_normal_(self.conv2.weight, a=SLOPE)
        self.shortcut: nn.Module = nn.Identity()
        if channels_in != channels:
            self.shortcut = nn.Conv2d(channels_in, channels, 1)
            nn.init.kaiming_normal_(self.shortcut.weight, a=1.0)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.leaky_relu(self.norm1(self.conv1(x)), SLOPE, inplace=True)
        y = self.norm2(self.conv2(y))
        return functional.leaky_relu(y + self.shortcut(x), SLOPE, inplace=True)


class FastGenerator(nn.Module):
    """A U-Net (Ronneberger et al., 2015) that works at half the picture's resolution.

    Pixels are folded into channels at the input and unfolded at the output (Shi et al., 2016), so
    no layer runs at full resolution: on a CPU the speed is worth more than the depth it costs.

    It also copies: for each pixel it weighs its own colour against those of the layers of warped
    texture, so stripes and faces are real pixels wherever these fit.

    Args:
        pose_channels: channels of the drawn pose.
        widths: channels at 1/2, 1/4, 1/8, ... of the picture's resolution.
        layers: pictures of warped texture (`dancenow.performer.fast.texture`).
    """

    def __init__(self, pose_channels: int, widths: tuple[int, ...], layers: int) -> None:
        super().__init__()
        self.layers = layers
        self.fold = nn.PixelUnshuffle(2)
        pictures = 3 + LAYER_CHANNELS * layers
        self.entry = nn.Conv2d(pose_channels + 4 * pictures, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            Block(a, b) for a, b in zip((widths[0], *widths[:-1]), widths, strict=True)
        )
        self.up = nn.ModuleList(
            Block(below + here, here)
            for below, here in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.exit = nn.Conv2d(widths[0], 4 * (3 + 1 + 1 + layers), 3, padding=1)
        self.unfold = nn.PixelShuffle(2)
        # It starts with the unchanged texture, and learns to correct it.
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)  # type: ignore[arg-type]

    def fused(self) -> FastGenerator:
        """A copy for inference, with batch norms merged into the convolutions before them."""
        copy = deepcopy(self).eval()
        for block in (*copy.down, *copy.up):
            assert isinstance(block, Block)
            block.conv1 = fuse_conv_bn_eval(block.conv1, block.norm1)  # type: ignore[arg-type]
            block.conv2 = fuse_conv_bn_eval(block.conv2, block.norm2)  # type: ignore[arg-type]
            block.norm1, block.norm2 = nn.Identity(), nn.Identity()
        return copy

    @property
    def stride(self) -> int:
        """Heights and widths of pictures must be multiples of this many pixels."""
        return int(2 ** len(self.down))

    def forward(self, pose: Tensor, plate: Tensor, texture: Tensor) -> Foreground:
        """Paint the person.

        Args:
            pose: the drawn pose at half the resolution, `(B, pose_channels, H/2, W/2)`, 0..1.
            plate: the background behind the person, `(B, 3, H, W)`, RGB in -1..1.
            texture: the layers, `(B, 4 * layers, H, W)`: premultiplied RGB and coverage of each,
                0..1.
        """
        return self.parts(pose, plate, texture).mixed(texture)

    def parts(self, pose: Tensor, plate: Tensor, texture: Tensor) -> Parts:
        """What it says of each pixel; arguments as for `forward`."""
        x = self.entry(torch.cat((pose, self.fold(torch.cat((plate, texture), dim=1))), dim=1))
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
        return Parts(torch.tanh(painted[:, :3]), painted[:, 3:4], painted[:, 4:])
