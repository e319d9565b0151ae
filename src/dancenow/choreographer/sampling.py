"""Dreaming up a dance: latents drawn one after the other, with the state carried along."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from dancenow.choreographer import mdn
from dancenow.choreographer.codec import Latents, LatentScaler
from dancenow.choreographer.sequence import DanceSequence
from dancenow.training import Device

_OVERSHOOT = 0.05  # how far a drawn latent may lie outside the learned range, scaled


@torch.inference_mode()
def dream(
    network: DanceSequence,
    warm_up: Latents,
    device: Device,
    *,
    temperature: float,
    seed: int,
) -> Iterator[Latents]:
    """Scaled latents `(D,)` without end, going on from `warm_up`.

    Each is drawn from the mixture that the network gives for the one before and for its memory of
    all before that.

    Args:
        network: the sequence network, in evaluation mode.
        warm_up: scaled latents `(T, D)` of a real dance; they are not given out.
        device: where the network computes.
        temperature: see `mdn.sample`.
        seed: of what is drawn.
    """
    generator = torch.Generator(device.torch).manual_seed(seed)
    latents = torch.from_numpy(warm_up).to(device.torch)[None]
    state = network.start(1)
    while True:
        with device.autocast():
            mixture, state = network(latents, state)
        last = mdn.Mixture(*(part[:, -1:] for part in mixture))
        drawn = mdn.sample(last, generator, temperature)
        latents = drawn.clamp(-_OVERSHOOT, 1 + _OVERSHOOT)
        yield latents[0, 0].cpu().numpy()


@torch.inference_mode()
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
    without being scaled; the scale is used as a variance.

    Args:
        network: the sequence network, in evaluation mode.
        scaler: of the latents.
        first: the scaled latent `(D,)` to begin with.
        device: where the network computes.
        temperature: see `mdn.sample`.
        seed: of what is drawn.
    """
    generator = torch.Generator(device.torch).manual_seed(seed)
    latent = first
    while True:
        with device.autocast():
            mixture, _ = network(
                torch.from_numpy(latent).to(device.torch)[None, None], network.start(1)
            )
        drawn = mdn.sample(mixture, generator, temperature, scale_as_variance=True)
        latent = scaler.unscale(drawn[0, 0].cpu().numpy())
        yield latent


def in_between(latents: Iterator[Latents], count: int) -> Iterator[Latents]:
    """`count` latents for each: itself, then those on the way to the next (Catmull & Rom 1974).

    The last of `latents` is where the way ends; it is not given out.
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
