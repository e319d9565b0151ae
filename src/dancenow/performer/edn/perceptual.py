"""The perceptual loss: distances of VGG-19's features (Johnson et al., 2016; Wang et al., 2018).

VGG-19 (Simonyan & Zisserman, 2015) was trained on ImageNet; its weights are downloaded once from a
public model hub, and never replaced by random ones.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn import functional

from dancenow.cache import cache_dir
from dancenow.errors import InputError

REPOSITORY: Final = "timm/vgg19.tv_in1k"
FILENAME: Final = "model.safetensors"

# Layers of VGG-19 up to relu5_1: channels of the convolutions, "M" for max pooling.
_LAYERS: Final = (64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512)
_TAKEN: Final = (0, 2, 4, 8, 12)  # convolutions of the compared ReLUs, relu1_1 to relu5_1
WEIGHTS: Final = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
_MEAN: Final = (0.485, 0.456, 0.406)  # of ImageNet's pictures, in 0..1
_DEVIATION: Final = (0.229, 0.224, 0.225)


class VGG19Features(nn.Module):
    """VGG-19 up to relu5_1, frozen."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        channels, convolutions = 3, []
        for layer in _LAYERS:
            if isinstance(layer, int):
                convolutions.append(nn.Conv2d(channels, layer, 3, padding=1))
                channels = layer
        self.convolutions = nn.ModuleList(convolutions)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None])
        self.requires_grad_(False).eval()

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1 of `(B, 3, H, W)` RGB in -1..1."""
        x = ((pictures + 1) / 2 - self.mean) / self.deviation
        taken, place = [], 0
        for layer in _LAYERS:
            if layer == "M":
                x = functional.max_pool2d(x, 2)
                continue
            x = functional.relu(self.convolutions[place](x))
            if place in _TAKEN:
                taken.append(x)
            place += 1
        return taken


class PerceptualLoss(nn.Module):
    """Weighted mean absolute differences of VGG-19's features (Wang et al., 2018, appendix)."""

    def __init__(self, features: VGG19Features) -> None:
        super().__init__()
        self.features = features

    def forward(self, painted: Tensor, real: Tensor) -> Tensor:
        """Both `(B, 3, H, W)` RGB in -1..1; gradients flow to `painted` only."""
        with torch.no_grad():
            wanted = self.features(real)
        distances = [
            weight * functional.l1_loss(made.float(), true.float())
            for weight, made, true in zip(WEIGHTS, self.features(painted), wanted, strict=True)
        ]
        return torch.stack(distances).sum()


def load_vgg19(weights: Path | None = None) -> VGG19Features:
    """VGG-19's features with ImageNet's weights.

    Args:
        weights: a safetensors file with torchvision's names (`features.0.weight`, ...); by default
            the model hub's file, downloaded on first use and kept in the user's cache.

    Raises:
        InputError: the file is missing, does not hold the weights, or cannot be downloaded.
    """
    path = fetched_weights() if weights is None else weights
    if not path.is_file():
        raise InputError(f"{path}: no such file; VGG-19's weights are needed there.")
    network = VGG19Features()
    # torchvision numbers convolutions, ReLUs and poolings in one sequence.
    numbers = _numbers()
    try:
        with safe_open(path, "pt") as file:
            for number, convolution in zip(numbers, network.convolutions, strict=True):
                for name, parameter in convolution.named_parameters():
                    parameter.copy_(file.get_tensor(f"features.{number}.{name}"))
    except (OSError, SafetensorError, RuntimeError) as error:
        hint = (
            '; a .pth file must be turned into safetensors first: python -c "import torch, '
            "safetensors.torch as s; s.save_file(torch.load('vgg19.pth', weights_only=True), "
            "'vgg19.safetensors')\""
            if path.suffix in (".pth", ".pt")
            else ""
        )
        raise InputError(f"{path}: holds no weights of VGG-19 in safetensors{hint}.") from error
    return network


def _numbers() -> list[int]:
    numbers, number = [], 0
    for layer in _LAYERS:
        if isinstance(layer, int):
            numbers.append(number)
        number += 1 if layer == "M" else 2
    return numbers


def fetched_weights() -> Path:
    """VGG-19's weights in the cache, downloaded from the model hub on first use and verified.

    Raises:
        InputError: they are not in the cache and cannot be downloaded, or arrive damaged.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    cached = cache_dir("vgg19") / FILENAME
    checksum = cached.with_suffix(".sha256")
    if cached.is_file() and checksum.is_file():
        return _checked(cached, checksum.read_text("utf-8").strip())
    try:
        metadata = get_hf_file_metadata(hf_hub_url(REPOSITORY, FILENAME), timeout=10)
        fetched = hf_hub_download(
            REPOSITORY, FILENAME, revision=metadata.commit_hash, local_dir=cached.parent
        )
    except Exception as error:  # the hub's client raises many kinds of errors
        raise InputError(
            f"the perceptual loss needs VGG-19's weights, and {REPOSITORY} cannot be fetched from "
            f"the model hub ({type(error).__name__}); give them with `vgg_weights=FILE`, or train "
            "without with `no_perceptual`."
        ) from error
    # The hub names large files by their SHA-256.
    digest = (metadata.etag or "").strip('"')
    _checked(Path(fetched), digest)
    checksum.write_text(digest, "utf-8")
    return Path(fetched)


def _checked(path: Path, expected: str) -> Path:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != expected:
        path.unlink(missing_ok=True)
        path.with_suffix(".sha256").unlink(missing_ok=True)
        raise InputError(
            f"{path}: VGG-19's weights are damaged and were removed; run the command again to "
            "download them."
        )
    return path
