"""Named configurations of a performer.  Each field is described below it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dancenow.schema import Count, Minutes, Schema, Share, Step, Weight, Width


class CropConfig(Schema):
    """The picture around the person that the generator paints."""

    body_px: Width = 224
    """Maximum height of the standing person in the painted picture, in pixels."""
    max_px: Width = 448
    """Maximum width and height of the painted picture, in pixels."""
    max_frames: Count = 1500
    """Maximum number of training frames, spread over the clip."""
    fine_px: Width = 720
    """Maximum height of the standing person in the pictures whose pixels the result is made of."""


class GeneratorConfig(Schema):
    """The generator's size."""

    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=8)] = (
        32,
        64,
        128,
        192,
        256,
    )
    """Channels at 1/2, 1/4, 1/8, ... of the picture's resolution."""


class TextureConfig(Schema):
    """Real pixels, warped limb by limb, as an additional input."""

    references: Count = 384
    """Maximum number of frames to take pixels from."""


class LossConfig(Schema):
    """Weights of the loss's terms."""

    gradient: Weight = 1.0
    """Difference of image gradients, against blur."""
    structure: Weight = 0.2
    """1 - SSIM."""
    coverage: Weight = 0.1
    """Alpha against the person's mask; fades to a tenth of this by half of the budget."""
    elsewhere: Weight = 0.2
    """Weight of pixels off the person; those on the person weigh 1 + this."""
    forgiven_px: Weight = 3.0
    """Distance by which what is painted may lie beside its place, in pixels."""
    focus: Weight = 1.0
    """Extra weight of the face and the hands, as a multiple of the person's."""


class AdversaryConfig(Schema):
    """The discriminator, against the blur that pixel differences alone bring about."""

    start: Share = 0.05
    """Fraction of the budget after which it starts."""
    weight: Weight = 0.15
    """Weight of looking real."""
    features: Weight = 10.0
    """Weight of the feature distance."""
    widths: tuple[Width, Width, Width] = (32, 64, 96)
    """Channels at 1/2, 1/4 and 1/8 of the picture's resolution."""
    learning_rate: Step = 4e-4


class OptimizerConfig(Schema):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019)."""

    learning_rate: Step = 1e-3
    betas: tuple[Share, Share] = (0.9, 0.99)
    weight_decay: Share = 1e-2
    warmup_steps: Count = 30
    batch: Width = 4
    clip_norm: Weight = 1.0
    """Largest norm of the gradient."""
    average_decay: Share = 0.995
    """Decay of the averaged weights, per step."""


class AugmentConfig(Schema):
    """Random motions of pose and picture together, so poses are not tied to their position."""

    scale: Share = 0.06
    """Largest logarithm of the scale."""
    rotation: Share = 0.05
    """Largest angle, in radians."""
    gap: tuple[Weight, Weight] = (0.15, 4.0)
    """Range of the minimum time to a texture's frame, in seconds; drawn log-uniformly."""


class PerformerConfig(Schema):
    """All settings of a performer's training."""

    preset: str
    crop: CropConfig = CropConfig()
    generator: GeneratorConfig = GeneratorConfig()
    texture: TextureConfig = TextureConfig()
    loss: LossConfig = LossConfig()
    adversary: AdversaryConfig = AdversaryConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    augment: AugmentConfig = AugmentConfig()
    minutes: Minutes = 5.0
    """Default length of the training."""


PRESETS: dict[str, PerformerConfig] = {
    "fast": PerformerConfig(preset="fast"),
    "tiny": PerformerConfig(
        preset="tiny",
        crop=CropConfig(body_px=96, max_px=160, max_frames=300),
        generator=GeneratorConfig(widths=(24, 48, 96, 128)),
        minutes=0.5,
    ),
}
