"""The configuration of the paper's system.  What a field means stands beside it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from dancenow.errors import InputError
from dancenow.options import PresetOptions
from dancenow.pose.face_region import face_side

_NARROWEST = 1 / 6  # of a frame's sides: narrower ones have no room for a face's region

_LARGEST = 4096  # px; four times the paper's, and more than any card's memory takes today

StageName = Literal["global", "enhancer", "all", "face"]


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NetworkConfig(_Config):
    """Sizes of the networks, as in pix2pixHD (Wang et al., 2018, appendix)."""

    width: int = 64
    """Channels of the global generator's first layer."""
    downsamplings: int = 4
    blocks: int = 9
    enhancer: bool = False
    """Whether a local enhancer doubles the resolution."""
    enhancer_width: int = 32
    enhancer_blocks: int = 3
    discriminator_width: int = 64
    discriminator_layers: int = 3
    discriminator_scales: int = 2
    face_width: int = 64
    face_downsamplings: int = 3
    face_blocks: int = 5
    upsampling: Literal["transposed", "resize"] = "transposed"
    """Transposed convolutions as in the paper, or nearest neighbours and a convolution, which
    leave no checkerboard (Odena et al., 2016)."""

    @property
    def stride(self) -> int:
        """Sides of the painted picture are multiples of this many px."""
        return int(2 ** (self.downsamplings + self.enhancer))


class LossConfig(_Config):
    """Weights of the generator's loss (section 4, equations 4 to 6)."""

    feature_matching: float = 10.0
    perceptual: float = 10.0
    """Distance of VGG-19's features; 0 goes without, and needs no weights of VGG-19."""


class OptimizerConfig(_Config):
    """Adam (Kingma & Ba, 2015); the rate is constant, then falls linearly to 0 in every stage."""

    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    batch: int = 1
    """Pairs of frames a step on every device."""
    decay_from: float = 0.5
    """The part of a stage from which the rate falls."""


class PoseAugmentConfig(_Config):
    """Random motions of the pose alone; off, as in the paper."""

    scale: float = 0.0
    """Largest logarithm of the scale, about the body's middle."""
    shift: float = 0.0
    """Largest shift, in parts of the picture's height."""


class StageConfig(_Config):
    """One stage of the training and its part of the budget."""

    name: StageName
    share: float


class EDNConfig(_Config):
    """Everything that decides how a performer of the paper's kind is trained."""

    family: Literal["edn"] = "edn"
    preset: str
    size: int = 512
    """Longer side of the painted picture in px."""
    max_frames: int = 20_000
    """Frames of the target clip to learn from, spread over its length; they lie scaled in the
    cache, 0.44 MB each at 512 px and 16:9, 1.8 MB at 1024."""
    temporal: bool = True
    """Temporal smoothing (section 3.2); without it, frames are painted and judged one by one."""
    history: int = 0
    """Up to so many frames are painted, without gradients, before a pair, so that its first frame
    is not always painted from nothing; 0 as in the paper.  Against errors that grow from frame to
    frame when performing."""
    networks: NetworkConfig = NetworkConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    augment: PoseAugmentConfig = PoseAugmentConfig()
    stages: tuple[StageConfig, ...] = (
        StageConfig(name="global", share=0.8),
        StageConfig(name="face", share=0.2),
    )
    minutes: float = 240.0
    """How long to train when nobody says."""

    def canvas(self, frame: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the painted picture for frames of that width and height.

        The longer side is `size`; the other keeps the frame's shape as nearly as the networks'
        stride allows.

        Raises:
            InputError: `size` is too small or no multiple of the stride, or the frame is a strip.
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
        """The shorter side in px for a longer one."""
        stride = self.networks.stride
        return max(2, round(size * ratio / stride)) * stride

    def _fits(self, size: int, ratio: float) -> bool:
        """Whether a face's region has room in a picture of that size."""
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
        optimizer=OptimizerConfig(learning_rate=6e-4, batch=2),  # small networks bear it
        minutes=1.0,
    ),
}


def configured(config: EDNConfig, options: PresetOptions) -> EDNConfig:
    """A preset's configuration with a user's options in it.

    Raises:
        InputError: an option has no possible value.
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
