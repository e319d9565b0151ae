"""The joined layers, against the plain pairs of layers that they stand for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dancenow.choreographer.dancenet.layers import ConvReluPool, UpsampleConv, keras_initialization

Pictures = Callable[[int], Tensor]
SHAPES = [(1, 4), (3, 4), (4, 1), (4, 3), (1, 2), (5, 6)]  # channels in and out


def plain(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """What DanceNet writes as two Keras layers."""
    if isinstance(layer, ConvReluPool):
        convolved = F.conv2d(x, layer.weight, layer.bias, padding=1)
        return F.max_pool2d(F.relu(convolved), 2)
    larger = F.interpolate(x, scale_factor=2, mode="nearest")
    return F.conv2d(larger, layer.weight, layer.bias, padding=1)


def noise(channels: int) -> Tensor:
    return torch.rand(3, channels, 10, 14)


def silhouettes(channels: int) -> Tensor:
    """Black and white, nearly everywhere flat: most pooling windows hold four equal values."""
    pictures = torch.zeros(3, channels, 16, 20)
    pictures[:, :, 3:13, 6:11] = 1.0
    pictures[1, :, 8:, 2:18] = 1.0
    pictures[2, :, ::5] = 1.0
    return pictures


def flat(channels: int) -> Tensor:
    return torch.stack([torch.full((channels, 8, 8), value) for value in (0.0, 0.3, 1.0)])


PICTURES = [noise, silhouettes, flat]


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Callable[[int, int], nn.Conv2d]:
    """Make the layer under test with weights and biases that switch some of its px off."""

    def layer(inputs: int, outputs: int) -> nn.Conv2d:
        torch.manual_seed(0)
        made: nn.Conv2d = request.param(inputs, outputs)
        assert made.bias is not None
        nn.init.uniform_(made.bias, -0.3, 0.3)
        return made

    return layer


both = pytest.mark.parametrize("make", [ConvReluPool, UpsampleConv], indirect=True)


def gradients(layer: nn.Conv2d, result: Tensor) -> list[Tensor]:
    """Of the weights and the biases, for a loss in which every px has its own weight."""
    assert layer.bias is not None
    torch.manual_seed(1)
    loss = (result.float() * torch.rand(result.shape)).sum()
    return list(torch.autograd.grad(loss, [layer.weight, layer.bias]))


@both
@pytest.mark.parametrize("pictures", PICTURES)
@pytest.mark.parametrize(("inputs", "outputs"), SHAPES)
def test_values_and_gradients_are_those_of_the_plain_pair(
    make: Callable[[int, int], nn.Conv2d], pictures: Pictures, inputs: int, outputs: int
) -> None:
    layer, x = make(inputs, outputs), pictures(inputs)
    ours, theirs = layer(x), plain(layer, x)
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    for a, b in zip(gradients(layer, ours), gradients(layer, theirs), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)


@both
@pytest.mark.parametrize("inputs", [1, 3, 5])
def test_the_gradient_reaches_the_picture(
    make: Callable[[int, int], nn.Conv2d], inputs: int
) -> None:
    layer, x = make(inputs, 4), noise(inputs).requires_grad_()
    weight = torch.randn(layer(x).shape)
    ours, theirs = (
        torch.autograd.grad((result * weight).sum(), x)[0] for result in (layer(x), plain(layer, x))
    )
    assert ours.abs().max() > 0
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


@both
@pytest.mark.parametrize("pictures", PICTURES)
@pytest.mark.parametrize(("inputs", "outputs"), SHAPES)
def test_in_bf16_values_and_gradients_stay_near(
    make: Callable[[int, int], nn.Conv2d], pictures: Pictures, inputs: int, outputs: int
) -> None:
    layer, x = make(inputs, outputs), pictures(inputs)
    exact = plain(layer, x)
    with torch.autocast("cpu", torch.bfloat16):
        rough = layer(x)
    assert (rough.float() - exact).abs().max() < 0.02 * exact.abs().max()
    # Where two values are nearly equal, rounding may let the other one win: no px counts alone.
    for a, b in zip(gradients(layer, rough), gradients(layer, exact), strict=True):
        assert (a - b).norm() < 0.05 * b.norm()


@both
def test_the_order_of_the_picture_in_memory_does_not_matter(
    make: Callable[[int, int], nn.Conv2d],
) -> None:
    for inputs, outputs in SHAPES:
        layer, x = make(inputs, outputs), noise(inputs)
        last = x.contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(layer(last), layer(x))


@both
def test_a_picture_does_not_depend_on_those_beside_it(
    make: Callable[[int, int], nn.Conv2d],
) -> None:
    for inputs, outputs in SHAPES:
        layer, x = make(inputs, outputs), noise(inputs)
        alone = torch.cat([layer(picture[None]) for picture in x])
        torch.testing.assert_close(layer(x), alone, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layer", [ConvReluPool(1, 128), UpsampleConv(64, 32), nn.Linear(300, 40)])
def test_weights_begin_as_in_keras(layer: nn.Conv2d | nn.Linear) -> None:
    keras_initialization(layer)
    field = layer.weight[0, 0].numel() if layer.weight.dim() == 4 else 1
    outputs, inputs = layer.weight.shape[:2]
    limit = np.sqrt(6 / (field * (inputs + outputs)))
    values = layer.weight.detach().numpy()
    assert np.abs(values).max() <= limit
    assert values.std() == pytest.approx(limit / np.sqrt(3), rel=0.1)  # uniform
    assert layer.bias is not None and not layer.bias.any()
