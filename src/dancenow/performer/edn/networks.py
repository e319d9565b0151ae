"""The networks of pix2pixHD (Wang et al., CVPR 2018) as "Everybody Dance Now" uses them.

In the papers' notation: c7s1-k is a 7 x 7 convolution with k channels, dk a 3 x 3 convolution of
stride 2, Rk a residual block, uk a transposed convolution of stride 2, Ck a 4 x 4 convolution.
Instance normalisation has no parameters of its own, so every convolution keeps its bias.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from dancenow.performer.edn.config import NetworkConfig
from dancenow.performer.edn.layers import InstanceNorm, ReflectConv2d

Upsampling = Literal["transposed", "resize"]

Network = TypeVar("Network", bound=nn.Module)

FIGURE_CHANNELS = 3  # RGB of the drawn stick figure, -1..1
FRAME_CHANNELS = 3  # RGB of a frame, -1..1


def _conv7(channels_in: int, channels: int) -> list[nn.Module]:
    return [ReflectConv2d(channels_in, channels, 7), InstanceNorm(), nn.ReLU(inplace=True)]


def _down(channels_in: int) -> list[nn.Module]:
    conv = nn.Conv2d(channels_in, 2 * channels_in, 3, stride=2, padding=1)
    return [conv, InstanceNorm(), nn.ReLU(inplace=True)]


def _up(channels_in: int, upsampling: Upsampling) -> list[nn.Module]:
    channels = channels_in // 2
    if upsampling == "resize":
        layers: list[nn.Module] = [
            nn.Upsample(scale_factor=2, mode="nearest"),
            ReflectConv2d(channels_in, channels, 3),
        ]
    else:
        layers = [
            nn.ConvTranspose2d(channels_in, channels, 3, stride=2, padding=1, output_padding=1)
        ]
    return [*layers, InstanceNorm(), nn.ReLU(inplace=True)]


def _head(channels_in: int) -> nn.Sequential:
    return nn.Sequential(ReflectConv2d(channels_in, FRAME_CHANNELS, 7), nn.Tanh())


class ResidualBlock(nn.Module):
    """Rk: two 3 x 3 convolutions with a skip connection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ReflectConv2d(channels, channels, 3)
        self.conv2 = ReflectConv2d(channels, channels, 3)
        self.norm = InstanceNorm()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = functional.relu(self.norm(self.conv1(x)), inplace=True)
        y = self.norm(self.conv2(y))
        return x + y


class GlobalGenerator(nn.Module):
    """pix2pixHD's global generator: c7s1-w, d.., R.., u.., c7s1-3 and tanh.

    With 6 input channels and the paper's sizes it has 182,452,675 parameters; the face generator
    (3 downsamplings, 5 blocks) is the same network with 26,724,291.

    Args:
        channels_in: channels of the input.
        width: channels of the first layer.
        downsamplings: how many times the picture is halved.
        blocks: residual blocks at the lowest resolution.
        upsampling: how the resolution is restored.
    """

    def __init__(
        self,
        channels_in: int,
        width: int,
        downsamplings: int,
        blocks: int,
        upsampling: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(downsamplings + 1)]
        layers = _conv7(channels_in, width)
        for channels in widths[:-1]:
            layers += _down(channels)
        layers += [ResidualBlock(widths[-1]) for _ in range(blocks)]
        for channels in widths[:0:-1]:
            layers += _up(channels, upsampling)
        self.body = nn.Sequential(*layers)
        self.head = _head(width)

    def forward(self, x: Tensor) -> Tensor:
        """From `(B, channels_in, H, W)` to a picture `(B, 3, H, W)` in -1..1, float32."""
        picture: Tensor = self.head(self.body(x)).float()
        return picture


class LocalEnhancer(nn.Module):
    """pix2pixHD's local enhancer around a global generator, at twice its resolution.

    The global part sees the input halved; its last features before the head are added to those of
    the enhancer's own front end (Wang et al., section 3.1).  182,715,939 parameters in total with
    the paper's sizes.

    Args:
        body: the global generator without its head, with `2 * width` output channels.
        channels_in: channels of the input.
        width: channels of the enhancer's first layer.
        blocks: residual blocks of the enhancer.
        upsampling: how the resolution is restored.
    """

    def __init__(
        self,
        body: nn.Sequential,
        channels_in: int,
        width: int,
        blocks: int,
        upsampling: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        self.body = body
        self.front = nn.Sequential(*_conv7(channels_in, width), *_down(width))
        self.back = nn.Sequential(
            *(ResidualBlock(2 * width) for _ in range(blocks)), *_up(2 * width, upsampling)
        )
        self.head = _head(width)

    def forward(self, x: Tensor) -> Tensor:
        """From `(B, channels_in, H, W)` to a picture `(B, 3, H, W)` in -1..1, float32."""
        features = self.front(x) + self.body(halved(x))
        picture: Tensor = self.head(self.back(features)).float()
        return picture


class PatchDiscriminator(nn.Module):
    """A 70 x 70 PatchGAN (Isola et al., 2017): C64-C128-C256-C512 and one value per patch.

    Args:
        channels_in: channels of the judged pictures in total.
        width: channels of the first layer.
        layers: convolutions of stride 2.
    """

    def __init__(self, channels_in: int, width: int, layers: int) -> None:
        super().__init__()
        widths = [min(width * 2**level, 512) for level in range(layers + 1)]
        first = nn.Sequential(
            nn.Conv2d(channels_in, width, 4, stride=2, padding=2), nn.LeakyReLU(0.2, inplace=True)
        )
        stages: list[nn.Module] = [first]
        for level in range(1, layers + 1):
            stride = 2 if level < layers else 1
            conv = nn.Conv2d(widths[level - 1], widths[level], 4, stride=stride, padding=2)
            stages.append(nn.Sequential(conv, InstanceNorm(), nn.LeakyReLU(0.2, inplace=True)))
        stages.append(nn.Conv2d(widths[-1], 1, 4, stride=1, padding=2))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Every layer's output; the last is the verdict `(B, 1, h, w)`, near 1 for real."""
        outputs = []
        for stage in self.stages:
            x = stage(x)
            outputs.append(x)
        return outputs


class MultiscaleDiscriminator(nn.Module):
    """Identical discriminators that see the pictures at full, half, quarter... resolution.

    With 12 channels: 5,547,906 parameters for two scales, 8,321,859 for three.
    """

    def __init__(self, scales: list[PatchDiscriminator]) -> None:
        super().__init__()
        self.scales = nn.ModuleList(scales)

    @staticmethod
    def of(channels_in: int, width: int, layers: int, scales: int) -> MultiscaleDiscriminator:
        """New discriminators for `scales` resolutions (see `PatchDiscriminator`)."""
        return MultiscaleDiscriminator(
            [PatchDiscriminator(channels_in, width, layers) for _ in range(scales)]
        )

    def coarser(self) -> MultiscaleDiscriminator:
        """The same networks without the finest, for pictures at half the resolution."""
        return MultiscaleDiscriminator(list(self.scales)[1:])  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        """Every layer's output for every scale, finest first (see `PatchDiscriminator`)."""
        outputs = []
        for level, scale in enumerate(self.scales):
            x = halved(x) if level else x
            outputs.append(scale(x))
        return outputs


def halved(x: Tensor) -> Tensor:
    """A picture at half the resolution, as in pix2pixHD: the mean of 3 x 3 pixels."""
    return functional.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)


def make_generator(config: NetworkConfig) -> tuple[GlobalGenerator, LocalEnhancer | None]:
    """The global generator, and the enhancer around it if there is one."""
    channels = FIGURE_CHANNELS + FRAME_CHANNELS
    coarse = GlobalGenerator(
        channels, config.width, config.downsamplings, config.blocks, config.upsampling
    )
    _initialise(coarse)
    if not config.enhancer:
        return coarse, None
    if config.width != 2 * config.enhancer_width:
        raise ValueError("the enhancer's width must be half the global generator's")
    enhancer = LocalEnhancer(
        coarse.body, channels, config.enhancer_width, config.enhancer_blocks, config.upsampling
    )
    for part in (enhancer.front, enhancer.back, enhancer.head):
        _initialise(part)
    return coarse, enhancer


def make_discriminator(config: NetworkConfig, *, temporal: bool) -> MultiscaleDiscriminator:
    """The discriminator over two stick figures and two frames, or one of each."""
    channels = (2 if temporal else 1) * (FIGURE_CHANNELS + FRAME_CHANNELS)
    return _initialised(
        MultiscaleDiscriminator.of(
            channels,
            config.discriminator_width,
            config.discriminator_layers,
            config.discriminator_scales,
        )
    )


def make_face_networks(config: NetworkConfig) -> tuple[GlobalGenerator, MultiscaleDiscriminator]:
    """The generator of the face's residual and its discriminator."""
    channels = FIGURE_CHANNELS + FRAME_CHANNELS
    generator = GlobalGenerator(
        channels,
        config.face_width,
        config.face_downsamplings,
        config.face_blocks,
        config.upsampling,
    )
    discriminator = MultiscaleDiscriminator.of(
        channels, config.discriminator_width, config.discriminator_layers, 1
    )
    return _initialised(generator), _initialised(discriminator)


def _initialised(network: Network) -> Network:
    _initialise(network)
    return network


@torch.no_grad()
def _initialise(network: nn.Module) -> None:
    """Normal weights of deviation 0.02, as in DCGAN (Radford et al., 2016)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
