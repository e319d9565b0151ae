"""What a training step of the fast preset needs of a GPU's memory."""

from __future__ import annotations

import torch
from torch import nn

from dancenow.performer.fast.adversary import PoseDiscriminator
from dancenow.performer.fast.condition import POSE_CHANNELS
from dancenow.performer.fast.config import PerformerConfig
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.texture import LAYER_CHANNELS, LAYERS
from dancenow.training.memory import MemoryNeed, Precision, memory_need


def training_need(
    config: PerformerConfig, canvas: tuple[int, int], precision: Precision
) -> MemoryNeed:
    """The need of a step with the discriminator, at least.

    Args:
        config: the networks and the batch.
        canvas: width and height of the crops in pixels.
        precision: of the networks.
    """

    def forward() -> list[nn.Module]:
        (width, height), batch = canvas, config.optimizer.batch
        generator = FastGenerator(POSE_CHANNELS, config.generator.widths, LAYERS)
        discriminator = PoseDiscriminator(POSE_CHANNELS, config.adversary.widths)
        pose = torch.empty(batch, POSE_CHANNELS, height // 2, width // 2)
        plate = torch.empty(batch, 3, height, width)
        texture = torch.empty(batch, LAYERS * LAYER_CHANNELS, height, width)
        picture = generator(pose, plate, texture).over(plate)
        for _ in range(3):  # the real pictures, the painted ones, and again for the generator
            discriminator(picture, pose)
        return [generator, discriminator]

    return memory_need(forward, precision)
