"""Named configurations of a performer.  What a field means stands beside it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CropConfig(_Config):
    """The picture around the person that the generator paints."""

    body_px: int = 224
    """Height of the standing person in the painted picture, at most, in px."""
    max_px: int = 448
    """Width and height of the painted picture, at most, in px."""
    max_frames: int = 1500
    """Frames of the target clip to learn from, spread over its length."""


class GeneratorConfig(_Config):
    """The generator's size."""

    widths: tuple[int, ...] = (32, 64, 128, 192, 256)
    """Channels at 1/2, 1/4, 1/8, ... of the picture's resolution."""


class TextureConfig(_Config):
    """Real px, warped limb by limb, as further input."""

    references: int = 384
    """Frames of the clip that lend them, at most."""


class LossConfig(_Config):
    """Weights of the loss's terms."""

    gradient: float = 1.0
    """Differences of neighbouring px, against blur."""
    structure: float = 0.2
    """1 - SSIM."""
    coverage: float = 0.1
    """Alpha against the person's mask; fades to a tenth of this by half of the budget."""
    elsewhere: float = 0.2
    """How much px off the person count, those on the person counting 1 + this."""
    focus: float = 1.0
    """How much more px of the face and the hands count, in parts of the person's."""


class AdversaryConfig(_Config):
    """The discriminator of the last part of learning, against blur."""

    start: float = 0.5
    """Part of the budget after which it joins."""
    weight: float = 0.1
    """How much it counts to look real."""
    features: float = 5.0
    """How much the distance of its features counts."""
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
    """Decay of the averaged weights, a step."""


class AugmentConfig(_Config):
    """Random motions of pose and picture together, so that a pose is not learned by its place."""

    scale: float = 0.06
    """Largest logarithm of the scale."""
    rotation: float = 0.05
    """Largest angle, in radians."""
    gap: tuple[float, float] = (0.15, 4.0)
    """Texture comes from frames at least so many seconds away: from, to, drawn by its logarithm."""


class PerformerConfig(_Config):
    """Everything that decides how a performer is trained."""

    preset: str
    crop: CropConfig = CropConfig()
    generator: GeneratorConfig = GeneratorConfig()
    texture: TextureConfig = TextureConfig()
    loss: LossConfig = LossConfig()
    adversary: AdversaryConfig = AdversaryConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    augment: AugmentConfig = AugmentConfig()
    minutes: float = 5.0
    """How long to train when nobody says."""


PRESETS: dict[str, PerformerConfig] = {
    "fast": PerformerConfig(preset="fast"),
    "tiny": PerformerConfig(
        preset="tiny",
        crop=CropConfig(body_px=96, max_px=160, max_frames=300),
        generator=GeneratorConfig(widths=(24, 48, 96, 128)),
        minutes=0.5,
    ),
}
