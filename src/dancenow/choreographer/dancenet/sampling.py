"""Dreaming up a dance: latents drawn one after the other, with the state carried along."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dancenow.choreographer.dancenet import mdn
from dancenow.choreographer.dancenet.codec import Latents, LatentScaler
from dancenow.choreographer.dancenet.sequence import DanceSequence, LSTMLayer
from dancenow.training import Device
from dancenow.training.threads import ThreadTuner

_OVERSHOOT = 0.05  # how far a drawn latent may lie outside the learned range, scaled


class Stepper:
    """A sequence network that sees one latent at a time, with memory.

    It computes what `DanceSequence` computes, several times as fast: the weights are joined, and
    converted to the device's precision once instead of at every step.

    Args:
        network: the sequence network.
        device: where it computes, and in which precision.
    """

    def __init__(self, network: DanceSequence, device: Device) -> None:
        dtype = torch.bfloat16 if device.precision == "bf16-mixed" else torch.float32
        self.network, self.dtype = network, dtype
        self._threads = ThreadTuner(None if device.kind == "cpu" else 1)
        self._layers = [
            (torch.cat((layer.input_weight, layer.hidden_weight), 1).to(dtype), layer.bias, layer)
            for layer in network.layers
            if isinstance(layer, LSTMLayer)
        ]
        heads = (network.mixture.means, network.mixture.scales, network.mixture.logits)
        self._dense = (network.dense.weight.to(dtype), network.dense.bias)
        self._heads = (
            torch.cat([head.weight for head in heads]).to(dtype),
            torch.cat([head.bias for head in heads]),
        )
        self._sizes = [len(head.bias) for head in heads]
        self.forget()

    def forget(self) -> None:
        """Go back to the state before the first latent."""
        self._state = [(hidden[0], cell[0]) for hidden, cell in self.network.start(1)]

    def __call__(self, latent: Tensor) -> mdn.Mixture:
        """The mixture of what may follow a scaled latent `(D,)`."""
        with self._threads.measure():
            return self._next(latent)

    def _next(self, latent: Tensor) -> mdn.Mixture:
        x = latent
        for number, (weight, bias, layer) in enumerate(self._layers):
            hidden, cell = self._state[number]
            gates = self._linear(torch.cat((x, hidden)), weight, bias)
            hidden, cell = layer.gated(gates, cell)
            self._state[number] = (hidden, cell)
            x = hidden
        features = self._linear(x, *self._dense).relu_()
        parts = torch.split(self._linear(features, *self._heads), self._sizes)
        return self.network.expect(self.network.mixture.read(*parts), latent)

    def _linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.linear(x.to(self.dtype)[None], weight)[0].float() + bias


def dream(
    network: DanceSequence,
    warm_up: Latents,
    device: Device,
    *,
    temperature: float,
    seed: int,
) -> Iterator[Latents]:
    """Endless scaled latents `(D,)` that continue `warm_up`.

    Each is drawn from the mixture that the network returns for the previous one and its memory of
    all earlier ones.

    Args:
        network: the sequence network, in evaluation mode.
        warm_up: scaled latents `(T, D)` of a real dance; they are not part of the result.
        device: where the network computes.
        temperature: see `mdn.sample`.
        seed: of all random draws.
    """
    with torch.inference_mode():
        stepper = Stepper(network, device)
        generator = torch.Generator(device.torch).manual_seed(seed)
        for latent in torch.from_numpy(warm_up).to(device.torch):
            mixture = stepper(latent)
    while True:
        with torch.inference_mode():  # not around the yield: it is the whole thread's
            drawn = mdn.sample(mixture, generator, temperature)
            latent = drawn.clamp(-_OVERSHOOT, 1 + _OVERSHOOT)
            mixture = stepper(latent)
        yield latent.cpu().numpy()


def dream_as_original(
    network: DanceSequence,
    scaler: LatentScaler,
    first: Latents,
    device: Device,
    *,
    temperature: float,
    seed: int,
) -> Iterator[Latents]:
    """Latents `(D,)`, not scaled, as the original's notebook makes them.

    The network sees one latent at a time and keeps no state; what was drawn goes back into it
    unscaled; the scale is used as a variance.

    Args:
        network: the sequence network, in evaluation mode.
        scaler: of the latents.
        first: the scaled latent `(D,)` to begin with.
        device: where the network computes.
        temperature: see `mdn.sample`.
        seed: of all random draws.
    """
    with torch.inference_mode():
        stepper = Stepper(network, device)
    generator = torch.Generator(device.torch).manual_seed(seed)
    latent = first
    while True:
        with torch.inference_mode():
            stepper.forget()
            mixture = stepper(torch.from_numpy(latent).to(device.torch))
            drawn = mdn.sample(mixture, generator, temperature, scale_as_variance=True)
        latent = scaler.unscale(drawn.cpu().numpy())
        yield latent


def in_between(latents: Iterator[Latents], count: int) -> Iterator[Latents]:
    """`count` latents for each: itself, then some between it and the next (Catmull & Rom 1974).

    For counts above 1, the last of `latents` only ends the curve and is not part of the result.
    """
    if count == 1:
        yield from latents
        return
    at = (np.arange(count, dtype=np.float32) / count)[:, None]
    try:
        here, ahead = next(latents), next(latents)
    except StopIteration:
        return
    before = here
    for beyond in latents:
        yield from _catmull_rom(before, here, ahead, beyond, at)
        before, here, ahead = here, ahead, beyond
    yield from _catmull_rom(before, here, ahead, ahead, at)


def _catmull_rom(p0: Latents, p1: Latents, p2: Latents, p3: Latents, t: Latents) -> Latents:
    """The curve from p1 to p2 at t `(T, 1)` in 0..1."""
    curve: Latents = (
        p1
        + 0.5 * t * (p2 - p0)
        + t**2 * (p0 - 2.5 * p1 + 2 * p2 - 0.5 * p3)
        + t**3 * (-0.5 * p0 + 1.5 * p1 - 1.5 * p2 + 0.5 * p3)
    )
    return curve
