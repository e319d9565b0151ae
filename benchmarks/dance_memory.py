"""What memory, principal axes and the autoregressive start bring, against the original's way.

    python benchmarks/dance_memory.py CHOREOGRAPHER [--minutes 2] [--seconds 600]

CHOREOGRAPHER is a trained folder, whose pictures' latents are used.  Three sequence networks of one
size learn them for the same time: as the original does (drawn latents, one at a time, no memory),
with memory alone, and as the default does.  Printed are the held-out negative log likelihood, in
nats a latent of the autoencoder, and how a long dance of each moves.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

from dancenow.choreographer.dancenet.choreographer import FrameChoreographer, draw
from dancenow.choreographer.dancenet.codec import LatentScaler
from dancenow.choreographer.dancenet.config import PRESETS
from dancenow.choreographer.dancenet.sequence_training import SequenceTraining
from dancenow.options import EvaluateDanceOptions
from dancenow.training import choose_device
from dancenow.workflows.evaluate_dance import evaluate_dance
from figures import keep_figures

WAYS = ("the original's", "with memory", "the default")


def learn(
    base: FrameChoreographer, way: str, minutes: float
) -> tuple[FrameChoreographer, float, int]:
    """A choreographer of the same pictures, its held-out loss, and its steps."""
    reference = way == WAYS[0]
    preset = PRESETS["fast" if way == WAYS[2] else "dancenet"]
    sequence, learned = preset.sequence, base.learned
    latents = draw(learned.means, learned.log_variances, 0) if reference else learned.means
    scaler = LatentScaler.fit(latents, principal_axes=sequence.principal_axes)
    learned = dataclasses.replace(learned, scaler=scaler)
    clips = [scaler.scale(clip) for clip in learned.split(latents)]
    training = SequenceTraining(sequence, clips, base.device, 0, reference=reference)
    start, number = time.monotonic(), 0
    best = float("inf")
    while time.monotonic() - start < 60 * minutes:
        training.step(number, 0)
        number += 1
        if number % 50 == 0:
            best = min(best, training.held_out_loss() + scaler.log_volume)
    held_out = training.held_out_loss() + scaler.log_volume
    config = preset.model_copy(update={"picture": base.config.picture, "vae": base.config.vae})
    made = FrameChoreographer(config, base.vae, training.network, learned, base.device)
    if not reference:
        made.training["temperature"] = made.calibrate()
    print(f"\n{way}: {number} steps; held out {held_out:.1f} nats at the end, {best:.1f} at best")
    return made, held_out, number


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("choreographer", type=Path)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=600.0)
    options = parser.parse_args()
    base = FrameChoreographer.load(options.choreographer, choose_device())
    for way in WAYS:
        made, held_out, steps = learn(base, way, options.minutes)
        scores = evaluate_dance(
            made, EvaluateDanceOptions(seconds=options.seconds, reference=way == WAYS[0])
        )
        temperature = 0.05 if way == WAYS[0] else made.temperature
        print(f"temperature {temperature:g}")
        print("\n".join(scores.lines()), flush=True)
        found = {"steps": steps, "held_out_nats": held_out, "temperature": temperature}
        keep_figures("dances", f"learned as {way}", found | dataclasses.asdict(scores))


if __name__ == "__main__":
    main()
