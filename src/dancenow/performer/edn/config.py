"""The configuration of the paper's system.  Each field is described below it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from dancenow.errors import InputError
from dancenow.options import PresetOptions
from dancenow.pose.face_region import face_side
from dancenow.schema import Count, Depth, Minutes, Schema, Share, Step, Weight, Width

_NARROWEST = 1 / 6  # ratio of a frame's sides; narrower frames have no room for a face region

_LARGEST = 4096  # pixels; four times the paper's, and more than fits in any GPU's memory today

StageName = Literal["global", "enhancer", "all", "face"]


class NetworkConfig(Schema):
    """Sizes of the networks, as in pix2pixHD (Wang et al., 2018, appendix)."""

    width: Width = 64
    """Channels of the global generator's first layer."""
    downsamplings: int = Field(default=4, ge=1, le=8)
    blocks: Depth = 9
    enhancer: bool = False
    """Whether a local enhancer doubles the resolution."""
    enhancer_width: Width = 32
    enhancer_blocks: Depth = 3
    discriminator_width: Width = 64
    discriminator_layers: Depth = 3
    discriminator_scales: Depth = 2
    face_width: Width = 64
    face_downsamplings: int = Field(default=3, ge=1, le=8)
    face_blocks: Depth = 5
    upsampling: Literal["transposed", "resize"] = "transposed"
    """Transposed convolutions as in the paper, or nearest neighbour and a convolution, which avoids
    checkerboard artefacts (Odena et al., 2016)."""

    @property
    def stride(self) -> int:
        """Sides of the painted picture are multiples of this many pixels."""
        return int(2 ** (self.downsamplings + self.enhancer))


class LossConfig(Schema):
    """Weights of the generator's loss (section 4, equations 4 to 6)."""

    feature_matching: Weight = 10.0
    perceptual: Weight = 10.0
    """Distance of VGG-19's features; 0 leaves it out, and needs no weights of VGG-19."""


class OptimizerConfig(Schema):
    """Adam (Kingma & Ba, 2015); in each stage the rate is constant, then falls linearly to 0."""

    learning_rate: Step = 2e-4
    betas: tuple[Share, Share] = (0.5, 0.999)
    batch: Width = 1
    """Pairs of frames per step on each device."""
    decay_from: Share = 0.5
    """The fraction of a stage after which the rate falls."""


class PoseAugmentConfig(Schema):
    """Random motions of the pose alone; off in the paper."""

    scale: Share = 0.0
    """Largest logarithm of the scale, about the body's centre."""
    shift: Share = 0.0
    """Largest shift, as a fraction of the picture's height."""


class StageConfig(Schema):
    """One stage of the training and its share of the budget."""

    name: StageName
    share: Share


class EDNConfig(Schema):
    """All settings of the training of an EDN performer."""

    family: Literal["edn"] = "edn"
    preset: str
    size: Width = 512
    """Longer side of the painted picture in pixels."""
    max_frames: Count = 20_000
    """Maximum number of training frames, spread over the clip; they are cached at the painted size,
    0.44 MB each at 512 px and 16:9, 1.8 MB at 1024."""
    temporal: bool = True
    """Temporal smoothing (section 3.2); without it, frames are painted and judged separately."""
    history: int = Field(default=0, ge=0, le=1000)
    """Maximum number of frames painted without gradients before a pair, so its first frame has a
    history; 0 in the paper.  Reduces errors that grow from frame to frame when performing."""
    networks: NetworkConfig = NetworkConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    augment: PoseAugmentConfig = PoseAugmentConfig()
    stages: tuple[StageConfig, ...] = (
        StageConfig(name="global", share=0.8),
        StageConfig(name="face", share=0.2),
    )
    minutes: Minutes = 240.0
    """Default length of the training."""

    def canvas(self, frame: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the painted picture for frames of that width and height.

        The longer side is `size`; the other keeps the aspect ratio as nearly as the networks'
        stride allows.

        Raises:
            InputError: `size` is too small or not a multiple of the stride, or the frame is too
                narrow.
        """
        stride, ratio = self.networks.stride, min(frame) / max(frame)
        if ratio < _NARROWEST:
            raise InputError(
                f"frames of {frame[0]} x {frame[1]} px are too narrow to be painted; crop the clip "
                "around the person."
            )
        if self.size > _LARGEST:
            raise InputError(f"`size={self.size}`: must be at most {_LARGEST} pixels.")
        if self.size % stride or not self._fits(self.size, ratio):
            below = max(1, self.size // stride) * stride
            while not self._fits(below, ratio):
                below += stride
            raise InputError(
                f"`size={self.size}`: must be a multiple of {stride} pixels for "
                f"`preset={self.preset}`, {below} or {below + stride} for example."
            )
        short = self._short(self.size, ratio)
        return (self.size, short) if frame[0] >= frame[1] else (short, self.size)

    def _short(self, size: int, ratio: float) -> int:
        """The shorter side in pixels, given the longer one."""
        stride = self.networks.stride
        return max(2, round(size * ratio / stride)) * stride

    def _fits(self, size: int, ratio: float) -> bool:
        """Whether a picture of that size has room for a face region."""
        short = self._short(size, ratio)
        return size >= 2 * self.networks.stride and face_side((size, short)) <= short


AUGMENTED = PoseAugmentConfig(scale=0.02, shift=0.01)

EDN_PRESETS: dict[str, EDNConfig] = {
    "edn-512": EDNConfig(preset="edn-512"),
    "edn-1024": EDNConfig(
        preset="edn-1024",
        size=1024,
        max_frames=8_000,
        networks=NetworkConfig(enhancer=True, discriminator_scales=3),
        stages=(
            StageConfig(name="global", share=0.3),
            StageConfig(name="enhancer", share=0.1),
            StageConfig(name="all", share=0.45),
            StageConfig(name="face", share=0.15),
        ),
        minutes=960.0,
    ),
    "edn-tiny": EDNConfig(
        preset="edn-tiny",
        size=64,
        max_frames=600,
        history=3,
        networks=NetworkConfig(
            width=16,
            downsamplings=3,
            blocks=4,
            discriminator_width=16,
            discriminator_layers=2,
            face_width=16,
            face_downsamplings=2,
            face_blocks=2,
        ),
        loss=LossConfig(perceptual=0.0),
        optimizer=OptimizerConfig(learning_rate=6e-4, batch=2),  # small networks tolerate it
        minutes=1.0,
    ),
}


def configured(config: EDNConfig, options: PresetOptions) -> EDNConfig:
    """A preset's configuration with the user's options applied.

    Raises:
        InputError: an option is out of range or does not fit the preset.
    """
    update: dict[str, Any] = {"temporal": not options.per_frame}
    if options.size is not None:
        update["size"] = options.size
    if options.batch is not None:
        if options.batch < 1:
            raise InputError(f"`batch={options.batch}`: must be at least 1.")
        update["optimizer"] = config.optimizer.model_copy(update={"batch": options.batch})
    if options.no_perceptual and options.vgg_weights is not None:
        raise InputError("`vgg_weights`: is not used with `no_perceptual`; leave one out.")
    if options.no_perceptual:
        update["loss"] = config.loss.model_copy(update={"perceptual": 0.0})
    elif options.vgg_weights is not None and not config.loss.perceptual:
        raise InputError(
            f"`vgg_weights`: `preset={config.preset}` has no perceptual loss; leave it out."
        )
    if options.no_face:
        update["stages"] = tuple(stage for stage in config.stages if stage.name != "face")
    if options.augment:
        update["augment"] = AUGMENTED
    if options.history is not None:
        if options.history < 0:
            raise InputError(f"`history={options.history}`: must be at least 0.")
        update["history"] = options.history
    if options.upsampling is not None:
        networks = config.networks.model_copy(update={"upsampling": options.upsampling})
        update["networks"] = networks
    return config.model_copy(update=update)
