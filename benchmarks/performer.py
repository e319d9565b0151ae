"""How fast a performer learns and performs.

    python benchmarks/performer.py TARGET [--preset fast] [--steps 20] [--source SOURCE]

Prints the machine's own peak in a 3 x 3 convolution, the training rate, and the rate of performing
with and without writing the clip, all in one run on one clip.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import torch

from dancenow.performer.fast.config import PRESETS
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.prepare import prepare_target
from dancenow.performer.fast.training import FastTraining
from dancenow.performer.method import TargetRequest
from dancenow.sources.load import load_source
from dancenow.staging.performance import write_performance
from dancenow.staging.room import performable
from dancenow.training import Device, choose_device


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
    print(f"{device.kind}, {device.precision}, peak {peak(device):.0f} GFLOP/s (3 x 3 convolution)")

    training = FastTraining(config, prepared.crops, device, seed=0)
    seconds = []
    for number in range(options.steps + 2):
        start = time.perf_counter()
        training.step(number, 0.5)
        seconds.append(time.perf_counter() - start)
    training.close()
    step = median(seconds[2:])
    batch = config.optimizer.batch
    print(
        f"training: {batch / step:.1f} frames/s, cut out of {width} x {height} "
        f"(median step {step:.3f} s, batch {batch})"
    )

    generator, texture = training.average.module, training.texture
    performer = FastPerformer(config, prepared.scene, generator, texture, device)
    source = load_source(options.source or options.target)
    track = performable(performer, source.track)
    start = time.perf_counter()
    frames = sum(1 for _ in performer.perform(track))
    spent = time.perf_counter() - start
    frame = "x".join(map(str, performer.scene.size))
    print(f"performing: {frames / spent:.1f} frames/s of {frame}")
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        frames = write_performance(performer, source, Path(folder) / "out.mp4").frames
        spent = time.perf_counter() - start
    print(f"performing and writing: {frames / spent:.1f} frames/s")


if __name__ == "__main__":
    main()
