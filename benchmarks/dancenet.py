"""How fast DanceNet's own networks learn, encode and generate here.

    python benchmarks/dancenet.py [--keras PYTHON] [--device cpu] [--steps 4] [--loss-steps 25]

PYTHON is the interpreter of an environment with TensorFlow; with it the same networks are measured
in Keras in the same run (`dancenet_keras.py`).  Prints, for each precision, the rates, FLOP/s and
the share of the machine's own peak (a large matrix product); FLOP are those of the plain layers.
Then the losses of both precisions after the same steps, and whether they agree.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from statistics import median
from typing import get_args

import numpy as np
import torch

from dancenow.choreographer.dancenet.choreographer import FrameChoreographer, LearnedLatents
from dancenow.choreographer.dancenet.codec import FrameCodec, LatentScaler
from dancenow.choreographer.dancenet.config import PRESETS
from dancenow.choreographer.dancenet.frames import FrameSet
from dancenow.choreographer.dancenet.prepare import prepare_pictures
from dancenow.choreographer.dancenet.sequence_training import SequenceTraining
from dancenow.choreographer.dancenet.vae_training import VAETraining
from dancenow.options import SampleOptions
from dancenow.training.device import Device, Precision, choose_device
from dancenow.workflows.sample import write_sample
from figures import keep_figures

CONFIG = PRESETS["dancenet"]


def picture_flop() -> tuple[float, float]:
    """Multiplications and additions of the encoder and of the decoder for one picture."""
    picture, vae = CONFIG.picture, CONFIG.vae
    first, second, third = vae.filters
    px = picture.height * picture.width

    def convolution(px: float, inputs: int, outputs: int) -> float:
        return 2 * 9 * px * inputs * outputs

    dense = 2 * (px / 64) * third * vae.dense
    encoder = (
        convolution(px, picture.channels, first)
        + convolution(px / 4, first, second)
        + convolution(px / 16, second, third)
        + dense
        + 2 * 2 * vae.dense * vae.latent
    )
    decoder = (
        2 * (px / 64) * third * vae.latent
        + dense
        + convolution(px / 64, vae.dense, third)
        + convolution(px / 16, third, second)
        + convolution(px / 4, second, first)
        + convolution(px, first, picture.channels)
    )
    return encoder, decoder


def latent_flop() -> float:
    """Multiplications and additions of the sequence network for one latent."""
    sequence, latent = CONFIG.sequence, CONFIG.vae.latent
    hidden = sequence.hidden
    lstm = 4 * hidden * (latent + hidden) + (sequence.layers - 1) * 4 * hidden * 2 * hidden
    heads = sequence.dense * sequence.mixtures * (2 * latent + 1)
    return 2.0 * (lstm + hidden * sequence.dense + heads)


def peak(device: Device, size: int = 3072) -> float:
    """FLOP/s of a large matrix product in the device's precision, the best of five."""
    dtype = torch.bfloat16 if device.precision == "bf16-mixed" else torch.float32
    a, b = (torch.randn(size, size, device=device.torch).to(dtype) for _ in range(2))
    return 2 * size**3 / min(times(lambda: a @ b, 5, device))


def times(work: Callable[[], object], repeats: int, device: Device) -> list[float]:
    """Seconds of each call, after one that is not counted."""

    def once() -> float:
        start = time.perf_counter()
        work()
        if device.kind == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    once()
    return [once() for _ in range(repeats)]


def sample_pictures() -> FrameSet:
    """Silhouettes of a sample performer, at least a batch of them."""
    with tempfile.TemporaryDirectory() as scratch:
        clip = Path(scratch) / "dance.mp4"
        write_sample(
            clip, SampleOptions(performer="mika", dance="groove", seconds=8, size=128, fps=15)
        )
        picture = CONFIG.picture.model_copy(update={"background": "person", "stride": 1})
        return prepare_pictures([clip], picture)[0]


def measure(frames: FrameSet, device: Device, steps: int) -> dict[str, tuple[float, float]]:
    """Rates and FLOP/s by name."""
    encoder, decoder = picture_flop()
    result: dict[str, tuple[float, float]] = {}

    def note(name: str, count: int, flop: float, work: Callable[[], object], repeats: int) -> None:
        rate = count / median(times(work, repeats, device))
        result[name] = (rate, rate * flop)

    vae = VAETraining(CONFIG, frames, device, 0)
    numbers = iter(range(10**6))
    note(
        "vae_training",
        vae.batch,
        3 * (encoder + decoder),
        lambda: vae.step(next(numbers), 0),
        steps,
    )
    codec = FrameCodec(vae.vae, device)
    note("encoding", len(frames), encoder, lambda: codec.encode(frames), 3)

    means, log_variances = codec.encode(frames)
    scaler = LatentScaler.fit(means)
    # Streams need more latents than there are pictures: the same ones, over and over.
    latents = np.tile(scaler.scale(means), (20, 1))
    sequence = CONFIG.sequence.model_copy(update={"batch": 128, "window": 8})
    training = SequenceTraining(sequence, [latents], device, 0)
    note(
        "sequence_training",
        1024,
        3 * latent_flop(),
        lambda: training.step(next(numbers), 0),
        2 * steps,
    )
    learned = LearnedLatents(means, log_variances, (len(means),), Fraction(30), 1, "person", scaler)
    choreographer = FrameChoreographer(CONFIG, codec.vae, training.network, learned, device)
    count = 240
    note(
        "generating",
        count,
        latent_flop() + decoder,
        lambda: list(islice(choreographer.compose(600), count)),
        3,
    )
    return result


def losses(frames: FrameSet, device: Device, steps: int) -> tuple[list[float], list[float]]:
    """Of both networks, step by step, from the same weights and random numbers."""
    vae = VAETraining(CONFIG, frames, device, 0)
    pictures = [vae.step(number, 0)["loss"] for number in range(steps)]
    rng = np.random.default_rng(0)
    latents = rng.random((400, CONFIG.vae.latent), np.float32)
    sequence = SequenceTraining(CONFIG.sequence, [latents], device, 0)
    return pictures, [sequence.step(number, 0)["loss"] for number in range(steps)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keras", help="interpreter of an environment with TensorFlow")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--loss-steps", type=int, default=25)
    options = parser.parse_args()

    frames = sample_pictures()
    kind, preferred = choose_device(options.device).kind, choose_device(options.device).precision
    keras: dict[str, float] = {}
    if options.keras:
        script = Path(__file__).with_name("dancenet_keras.py")
        done = subprocess.run([options.keras, str(script)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        keras = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{kind}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}, {preferred}")
    table: dict[str, dict[str, float]] = {}
    precisions: tuple[Precision, ...] = get_args(Precision)
    for precision in precisions:
        if precision != "32-true" and precision != preferred:
            print(f"\n{precision}: slower than float32 on this processor, left out")
            continue
        device = Device(kind, precision)
        best = peak(device)
        print(f"\n{precision}, peak {best / 1e9:.0f} GFLOP/s (matrix product)")
        print(f"{'':20}{'a second':>10}{'GFLOP/s':>10}{'of peak':>9}{'Keras':>9}{'ratio':>8}")
        of_peak = table[precision] = {"peak_gflops": best / 1e9}
        for name, (rate, flops) in measure(frames, device, options.steps).items():
            of_peak |= {name: rate, f"{name}, of the peak": flops / best}
            line = f"{name:20}{rate:>10.1f}{flops / 1e9:>10.1f}{flops / best:>9.0%}"
            if name in keras:
                line += f"{keras[name]:>9.1f}{rate / keras[name]:>8.1f}"
                of_peak |= {f"{name}, times Keras's": rate / keras[name]}
            print(line)
    keep_figures("rates", f"dancenet, {kind}", {**table, "keras": keras})
    if preferred != "32-true":
        print(f"\nloss after {options.loss_steps} steps, the last five, float32 / {preferred}")
        both = (losses(frames, Device(kind, p), options.loss_steps) for p in ("32-true", preferred))
        for name, pair in zip(("VAE", "sequence"), zip(*both, strict=True), strict=True):
            exact, rounded = (np.array(of[-5:]) for of in pair)
            shown = ", ".join(f"{a:.1f} / {b:.1f}" for a, b in zip(exact, rounded, strict=True))
            print(f"{name}: {shown}; means {rounded.mean() / exact.mean() - 1:+.2%} apart")


if __name__ == "__main__":
    main()
