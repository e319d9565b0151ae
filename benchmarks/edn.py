"""The paper's system at 256 x 256: how fast it trains and performs, against the plain way.

    python benchmarks/edn.py [--size 256] [--preset edn-512] [--steps 3] [--device auto]

The plain way is how the original computes: the same networks and losses in float32, channels first,
PyTorch's own layers and optimiser.  Both are measured in one run, in turns, without the VGG term.
A frame of training is one step on a pair of frames, as the original counts.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from dancenow.performer.edn import layers, losses
from dancenow.performer.edn.config import EDN_PRESETS, EDNConfig
from dancenow.performer.edn.dataset import PairSet
from dancenow.performer.edn.networks import make_discriminator, make_generator
from dancenow.performer.edn.painting import Painter
from dancenow.performer.edn.temporal import TemporalPair
from dancenow.performer.edn.training import EDNTraining
from dancenow.training import Device, choose_device
from figures import keep_figures

_BLOCK = 5  # frames painted in a row, as a clip is


class PlainWay:
    """One step after the other as the paper's code takes them."""

    def __init__(self, config: EDNConfig, device: torch.device) -> None:
        torch.manual_seed(0)
        coarse, enhancer = make_generator(config.networks)
        self.generator = (coarse if enhancer is None else enhancer).to(device)
        for module in self.generator.modules():
            if isinstance(module, layers.InstanceNorm):
                module.forward = functional.instance_norm  # type: ignore[method-assign]
        self.pair = TemporalPair(self.generator, temporal=True)
        self.judge = make_discriminator(config.networks, temporal=True).to(device)
        self.optimizers = [
            torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
            for network in (self.generator, self.judge)
        ]
        self.losses: list[float] = []

    def step(self, figures: torch.Tensor, frames: torch.Tensor) -> None:
        painted = torch.stack(self.pair(figures), dim=1)
        real = torch.cat((figures, frames), dim=1).flatten(1, 2)
        fake = torch.cat((figures, painted), dim=1).flatten(1, 2)
        on_fake, on_real = self.judge(fake.detach()), self.judge(real)
        against = losses.discriminator_loss(on_real, on_fake)
        judged = self.judge(fake)
        loss = losses.adversarial(judged, real=True)
        loss = loss + 10 * losses.feature_matching(judged, on_real)
        self.optimizers[0].zero_grad()
        loss.backward(retain_graph=False)
        self.optimizers[0].step()
        self.optimizers[1].zero_grad()
        against.backward()
        self.optimizers[1].step()
        self.losses.append(float(loss.detach()))

    @torch.inference_mode()
    def paint(self, figure: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
        return self.generator(torch.cat((figure, previous), dim=1))


def some_pairs(canvas: tuple[int, int]) -> PairSet:
    """Pairs of a sample dance's poses before noise: the figures count, not the picture."""
    from dancenow.sample import dance_track

    track = dance_track("mika", "disco", seconds=2, size=canvas, fps=8)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (len(track), canvas[1], canvas[0], 3)).astype(np.uint8)
    rows = np.arange(1, len(track))
    return PairSet.of_poses(frames, track.keypoints, np.stack([rows - 1, rows], axis=1))


def as_is(plain: bool) -> None:
    """Let glibc give freed memory back, as it does by itself, or keep it, as we do."""
    if sys.platform.startswith("linux"):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-4, 65536 if plain else 0)
        mallopt(-1, 128 << 10 if plain else 2**31 - 1)


def in_turns(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each work, done in turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            as_is(name == "plain")
            start = time.perf_counter()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:  # the first one warms up
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--preset", default="edn-512")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--frames", type=int, default=35)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    device = choose_device(options.device)
    config = EDN_PRESETS[options.preset]
    assert isinstance(config, EDNConfig)
    stages = tuple(s for s in config.stages if s.name == config.stages[-2].name)
    config = config.model_copy(update={"size": options.size, "stages": stages, "history": 0})
    pairs = some_pairs(config.canvas((options.size, options.size)))
    print(f"{options.preset} at {pairs.canvas[0]} x {pairs.canvas[1]}, {device}")
    found = performing(config, pairs, device, options.frames)
    found |= training(config, pairs, device, options.steps)
    keep_figures("rates", f"{options.preset} at {options.size} px, {device.kind}", found)


def performing(config: EDNConfig, pairs: PairSet, device: Device, frames: int) -> dict[str, float]:
    plain = PlainWay(config, device.torch)
    painter = Painter(plain.generator, None, device, temporal=True, side=pairs.side)
    figure = pairs.batch(pairs.pairs[:1]).figures[:, 1]
    as_float = figure.to(device.torch).float() / 127.5 - 1
    previous = torch.zeros_like(as_float)
    seconds = in_turns(
        {
            "plain": lambda: [plain.paint(as_float, previous) for _ in range(_BLOCK)],
            "here": lambda: [painter.paint(figure, None)() for _ in range(_BLOCK)],
        },
        frames // _BLOCK,
    )
    seconds = {name: value / _BLOCK for name, value in seconds.items()}
    painter.restart()
    with torch.inference_mode():
        truth = plain.paint(as_float, previous)
        shown = torch.from_numpy(painter.paint(figure, None)()).permute(2, 0, 1)[None]
        shown = shown.to(truth.device).float() / 127.5 - 1
    difference = 127.5 * (truth.float() - shown).abs()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        plain.paint(as_float, previous)
    flop = counter.get_total_flops()
    rate, peak = flop / seconds["here"], measured_peak(device, painter.dtype)
    print(
        f"performing: plain {1 / seconds['plain']:.2f} frames/s, here "
        f"{1 / seconds['here']:.2f} ({seconds['plain'] / seconds['here']:.1f} x); mean difference "
        f"{difference.mean():.2f} of 255, largest {difference.max():.0f}"
    )
    print(
        f"  {flop / 1e9:.0f} GFLOP a frame in plain convolutions, {rate / 1e9:.0f} GFLOP/s: "
        f"{100 * rate / peak:.0f} % of a matrix product's {peak / 1e9:.0f}"
    )
    return {
        "performing_plain": 1 / seconds["plain"],
        "performing": 1 / seconds["here"],
        "performing_gain": seconds["plain"] / seconds["here"],
        "performing_of_peak": rate / peak,
        "performing_gflops": rate / 1e9,
        "levels_apart": float(difference.mean()),
    }


def measured_peak(device: Device, dtype: torch.dtype) -> float:
    """FLOP/s of a product of matrices of 2048 x 2048 in that precision."""
    a = torch.randn(2048, 2048).to(device.torch, dtype)
    seconds = in_turns({"product": lambda: a @ a}, 9)["product"]
    return float(2 * 2048**3 / seconds)


def training(config: EDNConfig, pairs: PairSet, device: Device, steps: int) -> dict[str, float]:
    plain = PlainWay(config, device.torch)
    here = EDNTraining(config, pairs, device.fabric(), 0, None)
    here.generator.load_state_dict(plain.generator.state_dict())
    here.judge.load_state_dict(plain.judge.state_dict())
    count, ours = iter(range(1000)), []

    def plain_step() -> None:
        batch = here._draw(len(plain.losses)).to(device.torch)
        plain.step(batch.figures, batch.frames)

    seconds = in_turns(
        {
            "plain": plain_step,
            "here": lambda: ours.append(here.step(next(count), 0.0)["loss"]),
        },
        steps,
    )
    here.close()
    print(
        f"training: plain {1 / seconds['plain']:.3f} frames/s, here {1 / seconds['here']:.3f} "
        f"({seconds['plain'] / seconds['here']:.1f} x)"
    )
    if device.kind == "cuda":
        print(f"  peak memory of both: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    print("losses, plain:", " ".join(f"{loss:.3f}" for loss in plain.losses))
    print("losses, here: ", " ".join(f"{loss:.3f}" for loss in ours))
    apart = (abs(a / b - 1) for a, b in zip(ours, plain.losses, strict=True))
    return {
        "training_plain": 1 / seconds["plain"],
        "training": 1 / seconds["here"],
        "training_gain": seconds["plain"] / seconds["here"],
        "losses_apart": max(apart),
    }


if __name__ == "__main__":
    main()
