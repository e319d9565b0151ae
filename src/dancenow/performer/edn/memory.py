"""What a training step of the paper's system needs of a GPU's memory."""

from __future__ import annotations

import torch
from torch import nn

from dancenow.performer.edn.config import EDNConfig
from dancenow.performer.edn.networks import make_discriminator, make_generator
from dancenow.performer.edn.temporal import TemporalPair
from dancenow.training.memory import MemoryNeed, Precision, memory_need


def training_need(config: EDNConfig, canvas: tuple[int, int], precision: Precision) -> MemoryNeed:
    """The need of a step without the perceptual loss, at least.

    Args:
        config: the networks and the batch.
        canvas: width and height of the painted picture in pixels.
        precision: of the networks.
    """

    def forward() -> list[nn.Module]:
        coarse, enhancer = make_generator(config.networks)
        generator = coarse if enhancer is None else enhancer
        discriminator = make_discriminator(config.networks, temporal=config.temporal)
        figures = torch.empty(config.optimizer.batch, 2, 3, *canvas[::-1])
        painted = torch.stack(TemporalPair(generator, temporal=config.temporal)(figures), dim=1)
        if config.temporal:
            pairs = torch.cat((figures, painted), dim=1).flatten(1, 2)
        else:
            pairs = torch.cat((figures, painted), dim=2).flatten(0, 1)
        for _ in range(3):  # the real pairs, the painted ones, and again for the generator
            discriminator(pairs)
        return [generator, discriminator]

    return memory_need(forward, precision)
