"""How fast a performer learns and performs.

    python benchmarks/performer.py TARGET [--preset fast] [--steps 20] [--source SOURCE]

Prints the machine's own peak in a 3 x 3 convolution, the training rate, the share of each part of a
step, and the rate of performing with and without writing the clip, all in one run on one clip.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from unittest.mock import patch

import torch

from dancenow.performer.fast import dataset, losses
from dancenow.performer.fast.config import PRESETS
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.prepare import prepare_target
from dancenow.performer.fast.training import FastTraining
from dancenow.performer.method import TargetRequest
from dancenow.sources.load import load_source
from dancenow.staging.performance import write_performance
from dancenow.staging.room import performable
from dancenow.training import Device, choose_device
from figures import keep_figures


def peak(device: Device, channels: int = 128, side: int = 64) -> float:
    """GFLOP/s of a convolution in the device's precision, the best of ten."""
    dtype = torch.bfloat16 if device.precision == "bf16-mixed" else torch.float32
    image = torch.randn(4, channels, side, side, device=device.torch)
    image = image.to(dtype, memory_format=torch.channels_last)
    kernel = torch.randn(channels, channels, 3, 3, device=device.torch).to(
        dtype, memory_format=torch.channels_last
    )
    best = 0.0
    with torch.inference_mode():
        for _ in range(10):
            start = time.perf_counter()
            torch.conv2d(image, kernel, padding=1)
            if device.kind == "cuda":
                torch.cuda.synchronize()
            best = max(best, 1 / (time.perf_counter() - start))
    return best * 4 * side * side * channels * channels * 9 * 2 / 1e9


@contextmanager
def clocked(spent: dict[str, float], parts: dict[str, tuple[object, str]]) -> Iterator[None]:
    """Add up the seconds that methods take, without the others that they call, by their parts."""
    within = [0.0]  # seconds of the calls inside each running one

    def timed(part: str, method: Callable[..., object]) -> Callable[..., object]:
        def call(*positional: object, **named: object) -> object:
            start = time.perf_counter()
            within.append(0.0)
            try:
                return method(*positional, **named)
            finally:
                seconds = time.perf_counter() - start
                spent[part] = spent.get(part, 0.0) + seconds - within.pop()
                within[-1] += seconds

        return call

    with ExitStack() as patches:
        for part, (owner, name) in parts.items():
            method = timed(part, getattr(owner, name))
            patches.enter_context(patch.object(owner, name, method))
        yield


def print_shares(training: FastTraining, steps: int) -> dict[str, dict[str, float]]:
    """What a step's time goes to: first the batch alone, which a thread draws, then the rest."""
    spent: dict[str, float] = {}
    drawing: dict[str, tuple[object, str]] = {
        "choosing references": (training.texture, "choose"),
        "warping their pieces": (training.texture, "layers"),
        "drawing the pose": (dataset, "draw_condition"),
        "copying to tensors": (dataset, "to_tensor"),
    }
    start = time.perf_counter()
    with clocked(spent, drawing):
        for number in range(steps):
            training._draw(number)
    batch = _print_table("a batch, drawn meanwhile", time.perf_counter() - start, spent, steps)

    spent.clear()
    learning: dict[str, tuple[object, str]] = {
        "waiting for the batch": (training._batches, "get"),
        "moving the real picture": (losses, "moved_onto"),
        "discriminator": (training, "_judged"),
        "backward": (training.fabric, "backward"),
        "optimiser": (training.optimizer, "step"),
        "averaging the weights": (training.average, "update"),
        "SSIM": (losses, "structure"),
        "gradients of the picture": (losses, "gradient_l1"),
        "painting": (FastGenerator, "forward"),
    }
    start = time.perf_counter()
    with clocked(spent, learning):
        for number in range(steps, 2 * steps):
            training.step(number, 0.5)
    step = _print_table("a step", time.perf_counter() - start, spent, steps)
    return {"batch": batch, "step": step}


def _print_table(
    what: str, seconds: float, spent: dict[str, float], steps: int
) -> dict[str, float]:
    print(f"{what}: {1000 * seconds / steps:.0f} ms, of which")
    spent["the rest"] = seconds - sum(spent.values())
    for part, part_seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"  {part:24} {part_seconds / seconds:5.1%}")
    return {"ms": 1000 * seconds / steps} | {part: s / seconds for part, s in spent.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--preset", choices=PRESETS, default="fast")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()

    device = choose_device(options.device)
    config = PRESETS[options.preset]
    prepared = prepare_target(config, TargetRequest(options.target, device))
    width, height = prepared.crops.canvas
    best = peak(device)
    print(f"{device.kind}, {device.precision}, peak {best:.0f} GFLOP/s (3 x 3 convolution)")

    training = FastTraining(config, prepared.crops, device, seed=0)
    seconds = []
    for number in range(options.steps + 2):
        start = time.perf_counter()
        training.step(number, 0.5)
        seconds.append(time.perf_counter() - start)
    step = median(seconds[2:])
    batch = config.optimizer.batch
    print(
        f"training: {batch / step:.1f} frames/s, cut out of {width} x {height} "
        f"(median step {step:.3f} s, batch {batch})"
    )

    found = {"peak_gflops": best, "step_seconds": step, **print_shares(training, options.steps)}
    training.close()

    generator, texture = training.average.module, training.texture
    performer = FastPerformer(config, prepared.scene, generator, texture, device)
    source = load_source(options.source or options.target)
    track = performable(performer, source.track)
    start = time.perf_counter()
    frames = sum(1 for _ in performer.perform(track))
    spent = time.perf_counter() - start
    frame = "x".join(map(str, performer.scene.size))
    print(f"performing: {frames / spent:.1f} frames/s of {frame}")
    found |= {"frame": frame.replace("x", " x "), "performing": frames / spent}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        frames = write_performance(performer, source, Path(folder) / "out.mp4").frames
        spent = time.perf_counter() - start
    print(f"performing and writing: {frames / spent:.1f} frames/s")
    found["performing_and_writing"] = frames / spent
    keep_figures("rates", f"{options.preset} {options.target.name}, {device.kind}", found)


if __name__ == "__main__":
    main()
