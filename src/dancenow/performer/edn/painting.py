"""Painting frame by frame, each picture given the previous one."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dancenow.performer.edn.faces import paint_faces
from dancenow.performer.edn.layers import one_size
from dancenow.performer.edn.quick import quickened
from dancenow.processes import keep_freed_memory
from dancenow.training import Device
from dancenow.training.threads import ThreadTuner

Frame = NDArray[np.uint8]
Fetch = Callable[[], Frame]
Painted = tuple[Tensor, Tensor]

_WARM_UP = 3  # runs before a CUDA graph is captured


class Painter:
    """The generator, ready to paint one frame at a time on a device.

    Weights are converted once, to bfloat16 and channels last if the device is faster that way.

    Args:
        generator: from figure and previous output, `(1, 6, H, W)`, to a frame `(1, 3, H, W)`.
        face: the network of the face's residual, or None.
        device: where and in which precision it computes.
        temporal: whether a frame is given the previous one.
        side: of the faces' region, pixels.
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
        self._threads = ThreadTuner(None if device.kind == "cpu" else 1)
        self._graphs: dict[tuple[int, torch.Size], _Graph] = {}

    def restart(self) -> None:
        """Begin a new clip: the next frame has no previous one."""
        self._previous = None

    @torch.inference_mode()
    def paint(self, figure: Tensor, corner: Tensor | None) -> Fetch:
        """Begin the next frame.

        Args:
            figure: uint8 `(1, 3, H, W)` RGB, the stick figure.
            corner: int64 `(1, 2)`, left and top of the face region in pixels; None without a face.

        Returns:
            A function that returns the frame, uint8 `(H, W, 3)` RGB; a GPU paints in the background
            until it is called.
        """
        x = figure.to(self.device.torch, non_blocking=True).to(self.dtype) / 127.5 - 1
        x = x.contiguous(memory_format=torch.channels_last)
        previous = self._previous
        if previous is None or not self.temporal:
            previous = torch.zeros_like(x)
        inputs = [x, previous]
        if self._face is not None and corner is not None:
            inputs.append(corner.to(self.device.torch, non_blocking=True))
        with self._threads.measure(), one_size():
            self._previous, shown = self._step(inputs)
        return _fetched(shown)

    def _step(self, inputs: list[Tensor]) -> tuple[Tensor, ...]:
        if self.device.kind != "cuda":
            return self._paint(*inputs)
        key = (len(inputs), inputs[0].shape)
        if key not in self._graphs:
            self._graphs[key] = _Graph(self._paint, inputs)
        return self._graphs[key](inputs)

    def _paint(self, figure: Tensor, previous: Tensor, corner: Tensor | None = None) -> Painted:
        """The generator's picture, and the same with a face as uint8 `(H, W, 3)`."""
        picture = self._generator(torch.cat((figure, previous), dim=1)).to(self.dtype)
        shown = picture
        if self._face is not None and corner is not None:
            shown = paint_faces(self._face, figure, picture, corner, self.side)
        shown = ((shown.float()[0].permute(1, 2, 0) + 1) * 127.5).round().clamp(0, 255).byte()
        return picture, shown

    def _ready(self, network: nn.Module) -> nn.Module:
        converted = copy.deepcopy(network).requires_grad_(False).eval()
        if self.device.kind == "cpu":
            keep_freed_memory()
            converted = quickened(converted, self.dtype)
        converted.to(device=self.device.torch, dtype=self.dtype)
        return converted.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _fetched(shown: Tensor) -> Fetch:
    if shown.device.type != "cuda":
        return lambda: np.asarray(shown.cpu().numpy())
    host = torch.empty(shown.shape, dtype=shown.dtype, pin_memory=True)
    host.copy_(shown, non_blocking=True)
    copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
    copied.record()

    def fetch() -> Frame:
        copied.synchronize()  # waits for this frame only, not for later work
        return host.numpy()

    return fetch


class _Graph:
    """A step captured as a CUDA graph: one launch per frame instead of hundreds."""

    def __init__(self, step: Callable[..., tuple[Tensor, ...]], inputs: list[Tensor]) -> None:
        self._inputs = [tensor.clone() for tensor in inputs]
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                step(*self._inputs)
        torch.cuda.current_stream().wait_stream(stream)
        self._captured = torch.cuda.CUDAGraph()
        # Another performer may use the GPU in a thread of its own meanwhile.
        with torch.cuda.graph(self._captured, capture_error_mode="thread_local"):
            self._outputs = step(*self._inputs)

    def __call__(self, inputs: list[Tensor]) -> tuple[Tensor, ...]:
        for mine, theirs in zip(self._inputs, inputs, strict=True):
            mine.copy_(theirs)
        self._captured.replay()
        return tuple(tensor.clone() for tensor in self._outputs)  # the next replay overwrites them
