"""Painting frame after frame: every picture is given the one before it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from dancenow.performer.edn.quick import quickened
from dancenow.performer.edn.training import paint_faces
from dancenow.training import Device
from dancenow.training.memory import keep_freed_memory

Step = Callable[[Tensor, Tensor], Tensor]

_WARM_UP = 3  # runs before a CUDA graph is captured


class Painter:
    """The generator, ready to paint one frame at a time on a device.

    Weights are converted once: to bfloat16 and channels-last where the device is quicker so.

    Args:
        generator: from figure and previous output, `(1, 6, H, W)`, to a frame `(1, 3, H, W)`.
        face: the network of the face's residual, or None.
        device: where and in which precision it computes.
        temporal: whether a frame is given the one before.
        side: of the faces' region, px.
    """

    def __init__(
        self,
        generator: nn.Module,
        face: nn.Module | None,
        device: Device,
        *,
        temporal: bool,
        side: int,
    ) -> None:
        self.device, self.temporal, self.side = device, temporal, side
        self.dtype = torch.bfloat16 if device.precision == "bf16-mixed" else torch.float32
        self._generator = self._ready(generator)
        self._face = None if face is None else self._ready(face)
        self._previous: Tensor | None = None
        self._graph: _Graph | None = None

    def restart(self) -> None:
        """Begin a new clip: the next frame has none before it."""
        self._previous = None

    @torch.inference_mode()
    def paint(self, figure: Tensor, corner: Tensor | None) -> Tensor:
        """The next frame.

        Args:
            figure: uint8 `(1, 3, H, W)` RGB, the stick figure.
            corner: int64 `(1, 2)`, left and top of the face's region in px; None without a face.

        Returns:
            uint8 `(H, W, 3)` RGB on the device; on a GPU it may still be computed.
        """
        x = figure.to(self.device.torch, non_blocking=True).to(self.dtype) / 127.5 - 1
        x = x.contiguous(memory_format=torch.channels_last)
        previous = self._previous
        if previous is None or not self.temporal:
            previous = torch.zeros_like(x)
        picture = self._step(x, previous)
        self._previous = picture
        shown = picture.float()
        if self._face is not None and corner is not None:
            place = corner.to(self.device.torch, non_blocking=True)
            shown = paint_faces(self._face, x, picture, place, self.side).float()
        return ((shown[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).byte()

    def _step(self, figure: Tensor, previous: Tensor) -> Tensor:
        if self.device.kind != "cuda":
            return self._paint(figure, previous)
        if self._graph is None or self._graph.shape != figure.shape:
            self._graph = _Graph(self._paint, figure, previous)
        return self._graph(figure, previous)

    def _paint(self, figure: Tensor, previous: Tensor) -> Tensor:
        picture: Tensor = self._generator(torch.cat((figure, previous), dim=1))
        return picture.to(self.dtype)

    def _ready(self, network: nn.Module) -> nn.Module:
        converted = copy.deepcopy(network).requires_grad_(False).eval()
        if self.device.kind == "cpu":
            keep_freed_memory()
            converted = quickened(converted, self.dtype)
        converted.to(device=self.device.torch, dtype=self.dtype)
        return converted.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


class _Graph:
    """A step captured as a CUDA graph: one launch a frame instead of some hundred."""

    def __init__(self, step: Step, figure: Tensor, previous: Tensor) -> None:
        self.shape = figure.shape
        self._figure, self._previous = figure.clone(), previous.clone()
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                step(self._figure, self._previous)
        torch.cuda.current_stream().wait_stream(stream)
        self._captured = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._captured):
            self._picture = step(self._figure, self._previous)

    def __call__(self, figure: Tensor, previous: Tensor) -> Tensor:
        self._figure.copy_(figure)
        self._previous.copy_(previous)
        self._captured.replay()
        return self._picture.clone()  # the next replay writes over it
