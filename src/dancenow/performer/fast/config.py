"""Named configurations of a performer.  Each field is described below it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CropConfig(_Config):
    """The picture around the person that the generator paints."""

    body_px: int = 224
    """Maximum height of the standing person in the painted picture, in pixels."""
    max_px: int = 448
    """Maximum width and height of the painted picture, in pixels."""
    max_frames: int = 1500
    """Maximum number of training frames, spread over the clip."""
    fine_px: int = 720
    """Maximum height of the standing person in the pictures whose pixels the result is made of."""


class GeneratorConfig(_Config):
    """The generator's size."""

    widths: tuple[int, ...] = (32, 64, 128, 192, 256)
    """Channels at 1/2, 1/4, 1/8, ... of the picture's resolution."""


class TextureConfig(_Config):
    """Real pixels, warped limb by limb, as an additional input."""

    references: int = 384
    """Maximum number of frames to take pixels from."""


class LossConfig(_Config):
    """Weights of the loss's terms."""

    gradient: float = 1.0
    """Difference of image gradients, against blur."""
    structure: float = 0.2
    """1 - SSIM."""
    coverage: float = 0.1
    """Alpha against the person's mask; fades to a tenth of this by half of the budget."""
    elsewhere: float = 0.2
    """Weight of pixels off the person; those on the person weigh 1 + this."""
    forgiven_px: float = 3.0
    """Distance by which what is painted may lie beside its place, in pixels."""
    focus: float = 1.0
    """Extra weight of the face and the hands, as a multiple of the person's."""


class AdversaryConfig(_Config):
    """The discriminator, against the blur that pixel differences alone bring about."""

    start: float = 0.05
    """Fraction of the budget after which it starts."""
    weight: float = 0.15
    """Weight of looking real."""
    features: float = 10.0
    """Weight of the feature distance."""
    widths: tuple[int, int, int] = (32, 64, 96)
    """Channels at 1/2, 1/4 and 1/8 of the picture's resolution."""
    learning_rate: float = 4e-4


class OptimizerConfig(_Config):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019)."""

    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 1e-2
    warmup_steps: int = 30
    batch: int = 4
    clip_norm: float = 1.0
    """Largest norm of the gradient."""
    average_decay: float = 0.995
    """Decay of the averaged weights, per step."""


class AugmentConfig(_Config):
    """Random motions of pose and picture together, so poses are not tied to their position."""

    scale: float = 0.06
    """Largest logarithm of the scale."""
    rotation: float = 0.05
    """Largest angle, in radians."""
    gap: tuple[float, float] = (0.15, 4.0)
    """Range of the minimum time to a texture's frame, in seconds; drawn log-uniformly."""


class PerformerConfig(_Config):
    """All settings of a performer's training."""

    preset: str
    crop: CropConfig = CropConfig()
    generator: GeneratorConfig = GeneratorConfig()
    texture: TextureConfig = TextureConfig()
    loss: LossConfig = LossConfig()
    adversary: AdversaryConfig = AdversaryConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    augment: AugmentConfig = AugmentConfig()
    minutes: float = 5.0
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
