"""The paper's networks: sizes, what they see, and layers that compute what PyTorch's do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from dancenow.performer.edn.config import NetworkConfig
from dancenow.performer.edn.layers import InstanceNorm, ReflectConv2d, one_size
from dancenow.performer.edn.networks import (
    GlobalGenerator,
    LocalEnhancer,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    ResidualBlock,
    halved,
    make_discriminator,
    make_face_networks,
    make_generator,
)

SMALL = NetworkConfig(
    width=8,
    downsamplings=2,
    blocks=1,
    enhancer_width=4,
    enhancer_blocks=1,
    discriminator_width=8,
    face_width=8,
    face_downsamplings=2,
    face_blocks=1,
)
ENHANCED = SMALL.model_copy(update={"enhancer": True})
# Height and width of canvases: portrait, landscape, square.
CANVASES = [(64, 40), (40, 64), (48, 48)]


@pytest.fixture(autouse=True)
def same_noise() -> None:
    torch.manual_seed(0)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def enhancer() -> LocalEnhancer:
    network = make_generator(ENHANCED)[1]
    assert network is not None
    return network


# The papers' sizes.


def test_the_global_generator_has_the_papers_parameters() -> None:
    with torch.device("meta"):
        generator, none = make_generator(NetworkConfig())
    assert none is None and parameters(generator) == 182_452_675


def test_the_generator_with_its_enhancer_has_the_papers_parameters() -> None:
    with torch.device("meta"):
        _, network = make_generator(NetworkConfig(enhancer=True))
    assert network is not None and parameters(network) == 182_715_939


def test_the_face_networks_have_the_papers_parameters() -> None:
    with torch.device("meta"):
        generator, discriminator = make_face_networks(NetworkConfig())
    assert parameters(generator) == 26_724_291
    assert parameters(discriminator) == 2_767_809


@pytest.mark.parametrize(("scales", "expected"), [(2, 5_547_906), (3, 8_321_859)])
def test_the_discriminator_of_pairs_has_the_papers_parameters(scales: int, expected: int) -> None:
    with torch.device("meta"):
        network = make_discriminator(NetworkConfig(discriminator_scales=scales), temporal=True)
    assert parameters(network) == expected


def test_frame_by_frame_the_discriminator_sees_half_the_channels() -> None:
    with torch.device("meta"):
        network = make_discriminator(NetworkConfig(), temporal=False)
    first = next(m for m in network.modules() if isinstance(m, nn.Conv2d))
    assert first.in_channels == 6


def test_weights_begin_with_a_deviation_of_one_fiftieth() -> None:
    generator, _ = make_generator(SMALL.model_copy(update={"width": 32}))
    convolutions = [m for m in generator.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    values = torch.cat([m.weight.detach().flatten() for m in convolutions])
    assert values.mean().item() == pytest.approx(0, abs=1e-3)
    assert values.std().item() == pytest.approx(0.02, rel=0.02)


# Generators.


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
@pytest.mark.parametrize("canvas", CANVASES)
def test_a_picture_is_as_large_as_its_figure_and_within_the_range(
    canvas: tuple[int, int], upsampling: str
) -> None:
    config = ENHANCED.model_copy(update={"upsampling": upsampling})
    for network in make_generator(config):
        assert network is not None
        picture = network(10 * torch.randn(2, 6, *canvas))
        assert picture.shape == (2, 3, *canvas) and picture.dtype == torch.float32
        assert picture.abs().max() <= 1


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_transposed_convolutions_are_there_unless_resizing_is_asked_for(upsampling: str) -> None:
    config = ENHANCED.model_copy(update={"upsampling": upsampling})
    networks = [make_generator(config)[1], make_face_networks(config)[0]]
    transposed = [
        sum(isinstance(module, nn.ConvTranspose2d) for module in network.modules())
        for network in networks
        if network is not None
    ]
    # Two of the global part and one of the enhancer; two of the face.
    assert transposed == ([3, 2] if upsampling == "transposed" else [0, 0])


def silenced(layer: nn.Module) -> None:
    """A convolution before a normalisation and a ReLU that gives nothing from now on."""
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()


@torch.no_grad()
def test_the_enhancer_adds_its_front_end_to_what_the_body_sees_at_half_the_resolution() -> None:
    x = torch.randn(1, 6, 32, 48)
    network = enhancer()
    fine, coarse = network.front(x), network.body(halved(x))
    assert fine.shape == coarse.shape == (1, 8, 16, 24)
    torch.testing.assert_close(network(x), network.head(network.back(fine + coarse)))
    silenced(network.front[3])
    torch.testing.assert_close(network(x), network.head(network.back(coarse)))
    silenced(network.body[-3])
    nothing = network.head(network.back(torch.zeros_like(fine)))
    torch.testing.assert_close(network(x), nothing)


@torch.no_grad()
def test_a_residual_block_adds_to_what_it_is_given() -> None:
    block, x = ResidualBlock(4), torch.randn(1, 4, 6, 8)
    assert not torch.allclose(block(x), x)
    silenced(block.conv2)
    torch.testing.assert_close(block(x), x)


def test_the_enhancer_is_built_around_the_global_generator_itself() -> None:
    coarse, network = make_generator(ENHANCED)
    assert network is not None and network.body is coarse.body


def test_an_enhancer_that_does_not_fit_its_generator_is_refused() -> None:
    with pytest.raises(ValueError, match="half"):
        make_generator(ENHANCED.model_copy(update={"enhancer_width": 8}))


def test_a_generator_without_its_head_gives_twice_the_enhancers_width() -> None:
    body = GlobalGenerator(6, 8, 2, 1).body
    assert body(torch.randn(1, 6, 16, 24)).shape == (1, 8, 16, 24)


# Discriminators.


@torch.no_grad()
def test_the_discriminator_shows_every_layer_of_every_scale() -> None:
    judge = MultiscaleDiscriminator.of(12, 8, 3, 2)
    judged = judge(torch.randn(2, 12, 64, 48))
    # Every convolution pads 2 px to each side of its 4: stride 2 gives n / 2 + 1, stride 1 n + 1.
    shapes = [
        [(2, 8, 33, 25), (2, 16, 17, 13), (2, 32, 9, 7), (2, 64, 10, 8), (2, 1, 11, 9)],
        [(2, 8, 17, 13), (2, 16, 9, 7), (2, 32, 5, 4), (2, 64, 6, 5), (2, 1, 7, 6)],
    ]
    assert [[tuple(layer.shape) for layer in scale] for scale in judged] == shapes


@torch.no_grad()
def test_the_widest_layer_of_a_discriminator_has_512_channels() -> None:
    with torch.device("meta"):
        judged = PatchDiscriminator(6, 64, 4)(torch.randn(1, 6, 128, 128))
    assert [layer.shape[1] for layer in judged] == [64, 128, 256, 512, 512, 1]


@torch.no_grad()
def test_every_further_scale_sees_the_picture_halved_once_more() -> None:
    judge = MultiscaleDiscriminator.of(6, 8, 2, 3)
    x = torch.randn(1, 6, 48, 32)
    judged = judge(x)
    seen = [x, halved(x), halved(halved(x))]
    for outputs, scale, picture in zip(judged, judge.scales, seen, strict=True):
        for output, wanted in zip(outputs, scale(picture), strict=True):
            torch.testing.assert_close(output, wanted)


@torch.no_grad()
def test_the_coarser_discriminator_is_the_same_without_the_finest_scale() -> None:
    judge = MultiscaleDiscriminator.of(6, 8, 2, 3)
    coarser = judge.coarser()
    assert [id(p) for p in coarser.parameters()] == [
        id(p) for scale in list(judge.scales)[1:] for p in scale.parameters()
    ]
    x = torch.randn(1, 6, 48, 32)
    for outputs, wanted in zip(coarser(halved(x)), judge(x)[1:], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(outputs, wanted, strict=True))


def reached(network: nn.Module, side: int) -> Tensor:
    """Which px of a picture the verdict in its middle depends on, bool `(side, side)`."""
    x = torch.randn(1, 3, side, side, requires_grad=True)
    verdict = network(x)[-1]
    verdict[0, 0, verdict.shape[2] // 2, verdict.shape[3] // 2].backward()
    assert x.grad is not None
    return x.grad[0].abs().sum(dim=0) > 0


def test_a_verdict_is_about_70_px() -> None:
    judge = PatchDiscriminator(3, 4, 3)
    for index, stage in enumerate(judge.stages):  # a normalisation sees the whole picture
        if isinstance(stage, nn.Sequential):
            judge.stages[index] = nn.Sequential(*(m for m in stage if type(m) is not InstanceNorm))
    rows, columns = reached(judge, 128).nonzero(as_tuple=True)
    assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == 70


# Layers.


def test_halving_takes_the_mean_of_3_by_3_px_that_are_there() -> None:
    x = torch.randn(1, 1, 6, 8)
    small = halved(x)
    assert small.shape == (1, 1, 3, 4)
    torch.testing.assert_close(small[0, 0, 1, 2], x[0, 0, 1:4, 3:6].mean())
    torch.testing.assert_close(small[0, 0, 0, 0], x[0, 0, :2, :2].mean())
    torch.testing.assert_close(small[0, 0, 0, 1], x[0, 0, :2, 1:4].mean())


@pytest.mark.parametrize("size", [(8, 8), (9, 7)])
def test_a_constant_picture_stays_itself_when_halved(size: tuple[int, int]) -> None:
    small = halved(torch.full((1, 1, *size), 0.7))
    torch.testing.assert_close(small, torch.full_like(small, 0.7))


@torch.no_grad()
@pytest.mark.parametrize("kernel", [3, 7])
def test_reflection_keeps_a_constant_picture_constant_where_zeros_would_not(kernel: int) -> None:
    reflect = ReflectConv2d(2, 4, kernel)
    x = torch.ones(1, 2, 12, 10)
    y = reflect(x)
    assert y.shape == (1, 4, 12, 10)
    torch.testing.assert_close(y, y[:, :, 6:7, 5:6].expand_as(y))
    zeros = functional.conv2d(x, reflect.weight, reflect.bias, padding=kernel // 2)
    torch.testing.assert_close(zeros[:, :, 6, 5], y[:, :, 6, 5])
    assert (zeros[:, :, 0, 0] - y[:, :, 0, 0]).abs().min() > 1e-4


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("batch", [1, 3, 6])
def test_instance_normalisation_is_pytorchs_and_so_is_its_gradient(
    batch: int, layout: torch.memory_format
) -> None:
    x = (3 + 2 * torch.randn(batch, 5, 6, 7)).contiguous(memory_format=layout)
    weights = torch.randn(batch, 5, 6, 7)
    results = []
    for norm in (InstanceNorm(), functional.instance_norm):
        mine = x.clone(memory_format=torch.preserve_format).requires_grad_()
        y = norm(mine)
        (weights * y).sum().backward()
        assert mine.grad is not None
        results.append((y.detach(), mine.grad))
    (y, gradient), (wanted, wanted_gradient) = results
    torch.testing.assert_close(y, wanted)
    torch.testing.assert_close(gradient, wanted_gradient, atol=1e-5, rtol=1e-4)


def test_convolutions_are_timed_only_while_pictures_have_one_size() -> None:
    with one_size():
        assert torch.backends.cudnn.benchmark
    assert not torch.backends.cudnn.benchmark


def test_every_picture_is_normalised_by_itself() -> None:
    x = torch.randn(3, 4, 8, 8) * torch.tensor([1.0, 10.0, 0.1]).view(3, 1, 1, 1) + 5
    y = InstanceNorm()(x)
    torch.testing.assert_close(y.mean(dim=(2, 3)), torch.zeros(3, 4), atol=1e-5, rtol=0)
    deviation = y.std(dim=(2, 3), correction=0)
    torch.testing.assert_close(deviation, torch.ones(3, 4), atol=2e-3, rtol=0)
