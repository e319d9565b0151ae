"""The frame codec: a trained FrameVAE between pictures and scaled latents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dancenow.choreographer.dancenet.frames import FrameSet, as_rgb
from dancenow.choreographer.dancenet.vae import FrameVAE, Posterior
from dancenow.training import Device
from dancenow.training.threads import ThreadTuner

Latents = NDArray[np.float32]

_BATCH = 8  # pictures at once: what lies between the layers then fits the processor's cache
_FLAT = 1e-4  # of the largest range: below it a dimension does not move, but for rounding
_LEAST = 1e-2  # what counts as the largest range at least


@dataclass(frozen=True)
class LatentScaler:
    """Scales each dimension of the latents, or of their principal axes, to 0..1 over the dance.

    Attributes:
        axes: orthonormal, float32 `(D, D)`, one per column; the identity changes nothing.
        low: lowest value along each axis, float32 `(D,)`.
        high: highest, likewise.
    """

    axes: Latents
    low: Latents
    high: Latents

    @staticmethod
    def fit(latents: Latents, *, principal_axes: bool = False) -> LatentScaler:
        """The scaler fitted to latents `(T, D)`."""
        axes = np.eye(latents.shape[1], dtype=np.float32)
        if principal_axes:
            off = latents.astype(np.float64) - latents.mean(axis=0, dtype=np.float64)
            axes = np.linalg.eigh(off.T @ off)[1][:, ::-1].astype(np.float32)
        along = latents @ axes
        return LatentScaler(axes, along.min(axis=0), along.max(axis=0))

    @property
    def _range(self) -> Latents:
        span = self.high - self.low
        return np.where(span > _FLAT * max(span.max(), _LEAST), span, 1).astype(np.float32)

    @property
    def log_volume(self) -> float:
        """Nats to add to a scaled latent's negative log likelihood to get the unscaled one's."""
        return float(np.log(self._range).sum())

    def scale(self, latents: Latents) -> Latents:
        """Scale to 0..1, `(..., D)`."""
        scaled: Latents = ((_turn(latents, self.axes) - self.low) / self._range).astype(np.float32)
        return scaled

    def unscale(self, scaled: Latents) -> Latents:
        """Undo `scale`, `(..., D)`."""
        along = scaled * self._range + self.low
        return _turn(along.astype(np.float32), self.axes.T)


def _turn(latents: Latents, axes: Latents) -> Latents:
    """`latents @ axes`, by PyTorch: NumPy's threads would get in the way of PyTorch's."""
    turned: Latents = (torch.from_numpy(latents) @ torch.from_numpy(np.array(axes))).numpy()
    return turned


class FrameCodec:
    """Encodes pictures and decodes latents in batches, streaming.

    Attributes:
        vae: the networks, in evaluation mode.
        device: where they compute.
    """

    def __init__(self, vae: FrameVAE, device: Device) -> None:
        channels_last = vae.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.vae: FrameVAE = channels_last.to(device.torch).eval()
        self.device = device
        self._threads = ThreadTuner(None if device.kind == "cpu" else 1)

    @torch.inference_mode()
    def encode(
        self, frames: FrameSet, tell: Callable[[int], None] = lambda _: None
    ) -> tuple[Latents, Latents]:
        """Means and log variances of the latents of all pictures, each float32 `(N, D)`."""
        means, log_variances = [], []
        for start in range(0, len(frames), _BATCH):
            pictures = frames.tensor(slice(start, start + _BATCH)).to(self.device.torch)
            with self._threads.measure(len(pictures)), self.device.autocast():
                posterior: Posterior = self.vae.encoder(pictures.float() / 255)
            means.append(posterior.mean.cpu().numpy())
            log_variances.append(posterior.log_variance.cpu().numpy())
            tell(min(start + _BATCH, len(frames)))
        return np.concatenate(means), np.concatenate(log_variances)

    @torch.inference_mode()
    def decode(self, latents: Iterable[Latents]) -> Iterator[NDArray[np.uint8]]:
        """Decode latents into pictures, in order.

        Args:
            latents: float32 `(D,)` each, not scaled.

        Yields:
            uint8 `(H, W, 1)`, or `(H, W, 3)` RGB.
        """
        batch: list[Latents] = []
        for latent in latents:
            batch.append(latent)
            if len(batch) == _BATCH:
                yield from self._decode(np.stack(batch))
                batch.clear()
        if batch:
            yield from self._decode(np.stack(batch))

    @torch.inference_mode()
    def _decode(self, latents: Latents) -> NDArray[np.uint8]:
        with self._threads.measure(len(latents)), self.device.autocast():
            logits = self.vae.decoder(torch.from_numpy(latents).to(self.device.torch))
        pictures = (255 * logits.sigmoid()).round().byte().permute(0, 2, 3, 1)
        array: NDArray[np.uint8] = pictures.cpu().numpy()
        return np.stack([as_rgb(picture) for picture in array]) if array.shape[3] == 4 else array
