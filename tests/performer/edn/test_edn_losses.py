"""The paper's losses, every formula by hand, and where VGG-19's weights come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from dancenow.errors import InputError
from dancenow.performer.edn import losses
from dancenow.performer.edn.perceptual import PerceptualLoss, fetched_weights, load_vgg19

Judged = list[list[Tensor]]


def verdicts(*values: list[float]) -> Judged:
    """What a discriminator of one layer and a verdict tells, a list of verdicts a scale."""
    return [[torch.zeros(1), torch.tensor(scale)] for scale in values]


def test_a_verdict_is_measured_by_the_square_of_its_error() -> None:
    judged = verdicts([0.5, 0.0])
    assert losses.adversarial(judged, real=True).item() == pytest.approx((0.25 + 1) / 2)
    assert losses.adversarial(judged, real=False).item() == pytest.approx((0.25 + 0) / 2)


def test_the_verdicts_of_the_scales_are_added_up_however_many_each_has() -> None:
    judged = verdicts([0.5], [0.0, 2.0, 0.0, 0.0], [1.0])
    assert losses.adversarial(judged, real=True).item() == pytest.approx(0.25 + 1.0 + 0)


def test_a_discriminator_loses_half_of_both_errors() -> None:
    told = losses.discriminator_loss(verdicts([0.5], [1.0]), verdicts([0.5], [2.0]))
    assert told.item() == pytest.approx(0.5 * ((0.25 + 0) + (0.25 + 4)))


def test_a_discriminator_that_knows_nothing_loses_a_quarter_a_scale() -> None:
    judged = verdicts([0.5], [0.5], [0.5])
    assert losses.discriminator_loss(judged, judged).item() == pytest.approx(3 * 0.25)


def features(scales: int, layers: int, value: float) -> Judged:
    """`layers` convolutions of stride 2, one of stride 1, the verdict; every layer's size its own.

    Layer k holds (k + 1) times `value`; the verdict is far from anything.
    """
    return [
        [torch.full((1, 2, 4 - k % 3, 5), (k + 1) * value) for k in range(layers + 1)]
        + [torch.full((1, 1, 2, 2), 100 * value)]
        for _ in range(scales)
    ]


@pytest.mark.parametrize("scales", [1, 2, 3])
@pytest.mark.parametrize("layers", [2, 3])
def test_every_layer_counts_4_by_layers_plus_1_and_every_scale_its_part(
    scales: int, layers: int
) -> None:
    told = losses.feature_matching(features(scales, layers, 0.5), features(scales, layers, -0.5))
    differences = [k + 1.0 for k in range(layers + 1)]
    assert told.item() == pytest.approx(4 / (layers + 1) * sum(differences))


def test_the_scales_count_equally_however_large_their_features_are() -> None:
    fake: Judged = [
        [torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8), torch.zeros(1)],
        [torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), torch.zeros(1)],
    ]
    for scale in range(2):
        real = [[layer + (number == scale) for layer in part] for number, part in enumerate(fake)]
        # One convolution of stride 2: both layers of one scale differ by 1 and count 4 / 2 / 2.
        assert losses.feature_matching(fake, real).item() == pytest.approx(2.0)


def test_features_that_are_equal_match_whatever_the_verdict_says() -> None:
    fake = features(2, 3, 1.0)
    real = [[*scale[:-1], scale[-1] - 7] for scale in fake]
    assert losses.feature_matching(fake, real).item() == 0


def test_no_gradient_reaches_the_real_features() -> None:
    fake, real = features(2, 3, 0.5), features(2, 3, -0.5)
    for layer in (layer for judged in (fake, real) for scale in judged for layer in scale):
        layer.requires_grad_()
    losses.feature_matching(fake, real).backward()
    assert all(layer.grad is None for scale in real for layer in scale)
    for scale in fake:
        assert scale[-1].grad is None
        for layer in scale[:-1]:  # the mean's derivative, times the weights
            expected = torch.full_like(layer, 4 / 4 / 2 / layer.numel())
            torch.testing.assert_close(layer.grad, expected)


def test_a_batch_that_was_judged_at_once_is_split_in_the_middle() -> None:
    judged = [[torch.randn(4, 3, 2, 2), torch.randn(4, 1)], [torch.randn(4, 5)]]
    first, second = losses.split(judged)
    for scale, one, two in zip(judged, first, second, strict=True):
        for layer, a, b in zip(scale, one, two, strict=True):
            assert torch.equal(a, layer[:2]) and torch.equal(b, layer[2:])


# The perceptual loss.  VGG-19 as torchvision numbers it, with weights of the test's own.

NUMBERS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
POOLINGS = (4, 9, 18, 27)
CHANNELS = (64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512)
TAKEN = (1, 6, 11, 20, 29)  # relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
MEAN, DEVIATION = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


@pytest.fixture(scope="module")
def reference() -> nn.Sequential:
    """torchvision's `vgg19().features` up to relu5_1."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    into = 3
    for number in range(30):
        if number in NUMBERS:
            out = CHANNELS[NUMBERS.index(number)]
            conv = nn.Conv2d(into, out, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight)
            nn.init.uniform_(conv.bias, -0.1, 0.1)  # type: ignore[arg-type]
            layers.append(conv)
            into = out
        else:
            layers.append(nn.MaxPool2d(2) if number in POOLINGS else nn.ReLU())
    return nn.Sequential(*layers).requires_grad_(False)


@pytest.fixture(scope="module")
def weights(reference: nn.Sequential, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its weights in a file, with the classifier's beside them as in the hub's."""
    path = tmp_path_factory.mktemp("vgg") / "vgg19.safetensors"
    tensors = {f"features.{name}": value for name, value in reference.state_dict().items()}
    save_file({**tensors, "classifier.0.bias": torch.zeros(4)}, path)
    return path


def reference_features(reference: nn.Sequential, pictures: Tensor) -> list[Tensor]:
    x = ((pictures + 1) / 2 - MEAN[:, None, None]) / DEVIATION[:, None, None]
    taken = []
    for number, layer in enumerate(reference):
        x = layer(x)
        if number in TAKEN:
            taken.append(x)
    return taken


def test_the_features_are_those_of_torchvisions_network(
    reference: nn.Sequential, weights: Path
) -> None:
    pictures = torch.rand(2, 3, 32, 48) * 2 - 1
    made = load_vgg19(weights)(pictures)
    for mine, wanted in zip(made, reference_features(reference, pictures), strict=True):
        torch.testing.assert_close(mine, wanted, atol=1e-4, rtol=1e-4)


def test_pictures_are_normalised_as_imagenets(reference: nn.Sequential, weights: Path) -> None:
    network = load_vgg19(weights)
    first = reference[0]
    assert isinstance(first, nn.Conv2d) and first.bias is not None
    grey = (2 * MEAN - 1)[None, :, None, None].expand(1, 3, 16, 16)  # of ImageNet's mean colour
    torch.testing.assert_close(network(grey)[0][0, :, 8, 8], first.bias.relu(), atol=1e-5, rtol=0)
    bright = (2 * (MEAN + DEVIATION) - 1)[None, :, None, None].expand(1, 3, 16, 16)
    expected = (first.bias + first.weight.sum(dim=(1, 2, 3))).relu()
    torch.testing.assert_close(network(bright)[0][0, :, 8, 8], expected, atol=1e-4, rtol=1e-4)


def test_deeper_layers_weigh_more(reference: nn.Sequential, weights: Path) -> None:
    painted, real = (torch.rand(1, 3, 32, 32) * 2 - 1 for _ in range(2))
    pairs = zip(
        WEIGHTS, reference_features(reference, painted), reference_features(reference, real),
        strict=True,
    )  # fmt: skip
    expected = sum(weight * (a - b).abs().mean().item() for weight, a, b in pairs)
    loss = PerceptualLoss(load_vgg19(weights))
    assert loss(painted, real).item() == pytest.approx(expected, rel=1e-4)
    assert loss(real, real).item() == 0


def test_the_painted_picture_alone_learns_from_the_perceptual_loss(weights: Path) -> None:
    loss = PerceptualLoss(load_vgg19(weights))
    painted, real = (torch.rand(1, 3, 32, 32, requires_grad=True) for _ in range(2))
    loss(painted, real).backward()
    assert painted.grad is not None and (painted.grad != 0).any()
    assert real.grad is None
    assert all(not p.requires_grad and p.grad is None for p in loss.parameters())


@pytest.mark.parametrize("name", ["missing.safetensors", "missing.pth"])
def test_weights_that_are_not_there_are_told_of(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=name):
        load_vgg19(tmp_path / name)


def test_a_pickled_file_is_refused_with_the_way_to_turn_it_into_another(tmp_path: Path) -> None:
    path = tmp_path / "vgg19.pth"
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, path)
    with pytest.raises(InputError, match=r"vgg19\.pth: .*safetensors.*save_file"):
        load_vgg19(path)


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"layer.weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="holds no weights of VGG-19") as told:
        load_vgg19(path)
    assert "save_file" not in str(told.value)
    save_file({"features.0.weight": torch.zeros(8, 3, 3, 3)}, path)
    with pytest.raises(InputError, match="holds no weights of VGG-19"):
        load_vgg19(path)


# The model hub, played by the test.

WEIGHTS_FILE = b"weights of VGG-19"
DIGEST = hashlib.sha256(WEIGHTS_FILE).hexdigest()


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the cache keeps the weights."""
    monkeypatch.setenv("DANCENOW_CACHE", str(tmp_path))
    return tmp_path / "vgg19" / "model.safetensors"


def unreachable(*_: object, **__: object) -> None:
    raise ConnectionError("no network")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", unreachable)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Make the hub tell `DIGEST` and send some bytes."""

    def sends(content: bytes) -> None:
        def download(repo: str, filename: str, *, revision: str, local_dir: Path) -> str:
            assert (repo, revision) == ("timm/vgg19.tv_in1k", "a commit")
            path = Path(local_dir) / filename
            path.write_bytes(content)
            return str(path)

        told = SimpleNamespace(commit_hash="a commit", etag=f'"{DIGEST}"')
        monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", lambda *_, **__: told)
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)

    return sends


@pytest.mark.usefixtures("no_network")
def test_weights_in_the_cache_need_no_network(cached: Path) -> None:
    cached.parent.mkdir()
    cached.write_bytes(WEIGHTS_FILE)
    cached.with_suffix(".sha256").write_text(DIGEST + "\n")
    assert fetched_weights() == cached


def test_weights_are_fetched_once(
    cached: Path, hub: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(WEIGHTS_FILE)
    assert fetched_weights() == cached and cached.read_bytes() == WEIGHTS_FILE
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", unreachable)
    assert fetched_weights() == cached


def test_weights_that_damaged_in_the_cache_are_removed_and_fetched_anew(
    cached: Path, hub: Callable[[bytes], None]
) -> None:
    hub(WEIGHTS_FILE)
    fetched_weights()
    cached.write_bytes(WEIGHTS_FILE[:-1])
    with pytest.raises(InputError, match="damaged and were removed; run the command again"):
        fetched_weights()
    assert not cached.exists()
    assert fetched_weights().read_bytes() == WEIGHTS_FILE


def test_weights_that_are_not_what_the_hub_tells_of_are_not_kept(
    cached: Path, hub: Callable[[bytes], None]
) -> None:
    hub(WEIGHTS_FILE + b"!")
    with pytest.raises(InputError, match="damaged"):
        fetched_weights()
    assert not cached.exists() and not cached.with_suffix(".sha256").exists()


@pytest.mark.usefixtures("no_network")
def test_without_a_network_both_ways_out_are_named(cached: Path) -> None:
    with pytest.raises(InputError, match="ConnectionError") as told:
        fetched_weights()
    assert "`vgg_weights=FILE`" in str(told.value) and "`no_perceptual`" in str(told.value)
    assert not cached.exists()
