"""What is computed differently on a CPU comes out the same: Winograd, narrow and wide layers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from dancenow.performer.edn.config import NetworkConfig
from dancenow.performer.edn.layers import ReflectConv2d, shared_casts
from dancenow.performer.edn.networks import GlobalGenerator, make_generator
from dancenow.performer.edn.quick import NarrowConv, WinogradConv, quickened
from dancenow.performer.edn.winograd import convolve, transformed_weight

WIDE = 256  # channels from which a layer is computed differently
Layer = Callable[[Tensor], Tensor]


@pytest.fixture(autouse=True)
def same_noise() -> None:
    torch.manual_seed(0)


def plainly(conv: ReflectConv2d) -> Layer:
    """The layer as PyTorch computes it."""

    def layer(x: Tensor) -> Tensor:
        padded = functional.pad(x, [conv.kernel_size[0] // 2] * 4, mode="reflect")
        return functional.conv2d(padded, conv.weight, conv.bias)

    return layer


# Painting.


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    ("batch", "channels", "out", "height", "width"),
    [(1, 1, 1, 2, 2), (1, 3, 5, 4, 6), (2, 4, 3, 8, 2), (3, 2, 2, 10, 14)],
)
def test_winograds_convolution_is_exact(
    batch: int, channels: int, out: int, height: int, width: int, layout: torch.memory_format
) -> None:
    x = torch.randn(batch, channels, height + 2, width + 2, dtype=torch.float64)
    weight = torch.randn(out, channels, 3, 3, dtype=torch.float64)
    y = convolve(x.contiguous(memory_format=layout), transformed_weight(weight))
    torch.testing.assert_close(y, functional.conv2d(x, weight), atol=1e-12, rtol=1e-12)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(2, 2), (3, 3), (4, 5), (7, 4), (6, 6)])
def test_a_wide_layer_by_winograd_is_the_layer(size: tuple[int, int]) -> None:
    conv = ReflectConv2d(6, 4, 3).double()
    x = torch.randn(2, 6, *size, dtype=torch.float64)
    torch.testing.assert_close(WinogradConv(conv, torch.float64)(x), conv(x))


@torch.inference_mode()
@pytest.mark.parametrize("kernel", [3, 7])
@pytest.mark.parametrize("size", [(8, 8), (9, 5)])
def test_a_narrow_layer_by_rows_is_the_layer(size: tuple[int, int], kernel: int) -> None:
    conv = ReflectConv2d(16, 3, kernel)
    x = torch.randn(2, 16, *size)
    torch.testing.assert_close(NarrowConv(conv)(x), conv(x), atol=1e-5, rtol=1e-5)


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    return sum(type(module) is kind for module in network.modules())


@torch.inference_mode()
@pytest.mark.parametrize("size", [(32, 32), (20, 28)])  # 8 x 8 and 5 x 7 where it is wide
@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_a_quickened_generator_paints_the_same_picture(
    size: tuple[int, int], upsampling: str
) -> None:
    config = NetworkConfig(width=WIDE // 4, downsamplings=2, blocks=2, upsampling=upsampling)  # type: ignore[arg-type]
    generator, _ = make_generator(config)
    quick = quickened(copy.deepcopy(generator), torch.float32)
    # Both convolutions of every block, and the one behind the wide layers' upsampling.
    assert count(quick, WinogradConv) == 4 + (upsampling == "resize")
    assert count(quick, NarrowConv) == 1
    x = torch.randn(1, 6, *size).clamp(-1, 1)
    picture = generator(x)
    assert picture.std() > 0.05  # a picture to speak of
    torch.testing.assert_close(quick(x), picture, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_a_quickened_enhancer_paints_the_same_picture() -> None:
    config = NetworkConfig(
        width=WIDE // 4, downsamplings=2, blocks=1, enhancer=True, enhancer_width=WIDE // 8,
        enhancer_blocks=1,
    )  # fmt: skip
    _, enhancer = make_generator(config)
    assert enhancer is not None
    quick = quickened(copy.deepcopy(enhancer), torch.float32)
    assert count(quick, WinogradConv) == 2 and count(quick, NarrowConv) == 1
    x = torch.randn(1, 6, 40, 24).clamp(-1, 1)
    torch.testing.assert_close(quick(x), enhancer(x), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_in_bfloat16_a_quickened_generator_paints_nearly_the_same() -> None:
    generator = GlobalGenerator(6, WIDE // 4, 2, 1)
    quick = quickened(copy.deepcopy(generator), torch.bfloat16)
    x = torch.randn(1, 6, 32, 24).clamp(-1, 1)
    difference = (quick(x.bfloat16()) - generator(x)).abs()
    assert difference.mean() < 4 / 255


def test_narrower_networks_keep_their_layers_but_for_the_head() -> None:
    network = quickened(GlobalGenerator(6, 16, 2, 1), torch.float32)
    assert count(network, WinogradConv) == 0 and count(network, NarrowConv) == 1


# Learning.


def gradients(
    layer: Layer, x: Tensor, conv: ReflectConv2d, towards: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Output, and the gradients of x, weight and bias."""
    conv.zero_grad()
    mine = x.clone(memory_format=torch.preserve_format).requires_grad_()
    y = layer(mine)
    (y.float() * towards).sum().backward()
    assert mine.grad is not None and conv.weight.grad is not None
    assert conv.bias is not None and conv.bias.grad is not None
    return y.detach(), mine.grad, conv.weight.grad.clone(), conv.bias.grad.clone()


def computed_differently(layer: Layer, x: Tensor) -> bool:
    return "WideConv" in type(layer(x.clone().requires_grad_()).grad_fn).__name__


def wide_case(batch: int = 2) -> tuple[ReflectConv2d, Tensor, Tensor]:
    """A wide layer, a small picture, and a direction for its output."""
    conv = ReflectConv2d(WIDE, 8, 3)
    return conv, torch.randn(batch, WIDE, 5, 6), torch.randn(batch, 8, 5, 6)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_wide_layers_gradients_are_pytorchs(batch: int, layout: torch.memory_format) -> None:
    conv, x, towards = wide_case(batch)
    x = x.contiguous(memory_format=layout)
    conv = conv.to(memory_format=layout)  # type: ignore[call-overload]
    assert computed_differently(conv, x)
    mine, wanted = (gradients(layer, x, conv, towards) for layer in (conv, plainly(conv)))
    for value, expected in zip(mine, wanted, strict=True):
        torch.testing.assert_close(value, expected, atol=1e-4, rtol=1e-4)


def test_a_frozen_layer_hands_the_gradient_on_to_its_input() -> None:
    conv, x, towards = wide_case()
    wanted = gradients(plainly(conv), x, conv, towards)[1]
    conv.zero_grad()
    conv.requires_grad_(False)
    mine = x.requires_grad_()
    (conv(mine) * towards).sum().backward()
    assert mine.grad is not None and conv.weight.grad is None
    torch.testing.assert_close(mine.grad, wanted, atol=1e-4, rtol=1e-4)


def test_without_gradients_the_layer_gives_the_same() -> None:
    conv, x, _ = wide_case()
    with torch.no_grad():
        plain = conv(x)
    torch.testing.assert_close(conv(x).detach(), plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_in_bfloat16_a_wide_layers_gradients_are_nearly_those_of_float32(shared: bool) -> None:
    conv, x, towards = wide_case()
    wanted = gradients(plainly(conv), x, conv, towards)
    with sharing(shared), torch.autocast("cpu", torch.bfloat16):
        assert computed_differently(conv, x)
        mine = gradients(conv, x, conv, towards)
    assert mine[0].dtype == torch.bfloat16
    assert all(gradient.dtype == torch.float32 for gradient in mine[1:])
    for value, expected in zip(mine, wanted, strict=True):
        error = (value.float() - expected).norm() / expected.norm()
        assert error < 0.02  # bfloat16 keeps 8 bits


def sharing(shared: bool) -> AbstractContextManager[None]:
    return shared_casts() if shared else nullcontext()


@pytest.mark.parametrize("bfloat16", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_a_weight_that_is_used_twice_gets_both_gradients(bfloat16: bool, shared: bool) -> None:
    conv, first, towards = wide_case()
    second = torch.randn_like(first)
    wanted = [gradients(plainly(conv), x, conv, towards) for x in (first, second)]
    conv.zero_grad()
    with sharing(shared), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        outputs = [conv(first), conv(second)]
    torch.stack([(y.float() * towards).sum() for y in outputs]).sum().backward()
    assert conv.weight.grad is not None and conv.bias is not None and conv.bias.grad is not None
    for mine, place in ((conv.weight.grad, 2), (conv.bias.grad, 3)):
        expected = wanted[0][place] + wanted[1][place]
        assert (mine - expected).norm() / expected.norm() < (0.02 if bfloat16 else 1e-5)


@pytest.mark.parametrize("shared", [False, True])
def test_a_weight_that_is_used_twice_is_converted_once_where_that_is_shared(shared: bool) -> None:
    conv, x, _ = wide_case()
    with sharing(shared), torch.autocast("cpu", torch.bfloat16):
        outputs = [conv(x), conv(x)]
    origins = [y.grad_fn.next_functions[1][0] for y in outputs]
    assert all("ToCopy" in type(origin).__name__ for origin in origins)
    assert (origins[0] is origins[1]) == shared


def test_what_is_shared_ends_with_its_context() -> None:
    conv, x, _ = wide_case()
    for _ in range(2):
        with shared_casts(), torch.autocast("cpu", torch.bfloat16):
            before = conv(x)
        with torch.no_grad():
            conv.weight.neg_()
            conv.bias.neg_()  # type: ignore[union-attr]
        with shared_casts(), torch.autocast("cpu", torch.bfloat16):
            torch.testing.assert_close(conv(x), -before)
