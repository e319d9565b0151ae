"""One command that proves a GPU: are its results right, how fast is it, what fits?

    python benchmarks/gpu.py kit runs/gpu-kit [--quick]      # on any machine, once
    python benchmarks/gpu.py check runs/gpu-kit [--quick] [--device auto] [--minutes 8] [--json F]
        [--compare MINUTES]

`make gpu-kit` and `make gpu-check` call them.  The kit holds frames of a sample performer; the
check needs PyTorch, Lightning Fabric, OpenCV, SciPy, safetensors and pydantic, but
neither MediaPipe nor PyAV.  Every part prints its rows as soon as it has them; one that fails says
so, and the others go on.  With `--device cpu --quick` all of it runs on a CPU, on small networks.

- outputs: every network on the device beside the CPU, in float32 (without TF32) and in bfloat16.
- edn: rates of training and performing, memory taken and foretold, share of the peak.
- fast: steps a second at three sizes, and the held-out picture as the minutes pass.
- compare: fast beside the paper's system after the same `--compare` minutes; only if asked for.
- choreographers: rates of training, dreaming and composing.
- resume: a training that goes from the CPU to the device and back.
- memory: a training that runs out of memory, and what is told.
- compiled: rates of training when networks are compiled first.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any


class _Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for libraries that read and write files: what they name can be imported, no more.

    It comes last: where a library is installed, that one is found.
    """

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        own = name.split(".")[0] in ("av", "PIL", "pi_heif", "pygltflib")
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if own else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = ModuleType(spec.name)

        def named(name: str) -> type:
            if name.startswith("__"):
                raise AttributeError(name)
            return type(name, (), {})

        module.__getattr__ = named  # type: ignore[method-assign]
        return module

    def exec_module(self, module: ModuleType) -> None:
        pass


sys.meta_path.append(_Missing())

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from dancenow.choreographer.dancenet.config import PRESETS as FRAME_PRESETS  # noqa: E402
from dancenow.choreographer.dancenet.frames import FrameSet  # noqa: E402
from dancenow.choreographer.dancenet.sampling import dream  # noqa: E402
from dancenow.choreographer.dancenet.sequence import DanceSequence  # noqa: E402
from dancenow.choreographer.dancenet.sequence_training import SequenceTraining  # noqa: E402
from dancenow.choreographer.dancenet.vae import FrameVAE  # noqa: E402
from dancenow.choreographer.dancenet.vae_training import VAETraining  # noqa: E402
from dancenow.choreographer.motion.composing import (  # noqa: E402
    LearnedMotion,
    MotionRequest,
    compose,
)
from dancenow.choreographer.motion.config import PRESETS as MOTION_PRESETS  # noqa: E402
from dancenow.choreographer.motion.diffusion import MotionDenoiser  # noqa: E402
from dancenow.choreographer.motion.prepare import PreparedDance  # noqa: E402
from dancenow.choreographer.motion.training import MotionTraining  # noqa: E402
from dancenow.detector.config import RUN, DetectorConfig  # noqa: E402
from dancenow.detector.network import DetectorNetwork  # noqa: E402
from dancenow.errors import DanceNowError, InputError  # noqa: E402
from dancenow.evaluation import picture_scores  # noqa: E402
from dancenow.options import TrainPerformerOptions  # noqa: E402
from dancenow.performer.edn.config import EDN_PRESETS  # noqa: E402
from dancenow.performer.edn.dataset import PairSet  # noqa: E402
from dancenow.performer.edn.memory import training_need  # noqa: E402
from dancenow.performer.edn.networks import (  # noqa: E402
    make_discriminator,
    make_face_networks,
    make_generator,
)
from dancenow.performer.edn.painting import Painter  # noqa: E402
from dancenow.performer.edn.performer import EDNPerformer, FrameScene  # noqa: E402
from dancenow.performer.edn.training import EDNTraining  # noqa: E402
from dancenow.performer.fast.adversary import PoseDiscriminator  # noqa: E402
from dancenow.performer.fast.condition import POSE_CHANNELS  # noqa: E402
from dancenow.performer.fast.config import PRESETS as FAST_PRESETS  # noqa: E402
from dancenow.performer.fast.config import PerformerConfig  # noqa: E402
from dancenow.performer.fast.dataset import CropSet  # noqa: E402
from dancenow.performer.fast.networks import FastGenerator  # noqa: E402
from dancenow.performer.fast.performer import FastPerformer, PlatedScene  # noqa: E402
from dancenow.performer.fast.references import References  # noqa: E402
from dancenow.performer.fast.texture import LAYER_CHANNELS, LAYERS  # noqa: E402
from dancenow.performer.fast.training import FastTraining  # noqa: E402
from dancenow.performer.plan import TrainingPlan  # noqa: E402
from dancenow.pose import PoseTrack  # noqa: E402
from dancenow.pose.extent import body_extent, standing_height  # noqa: E402
from dancenow.pose.normalize import pose_statistics  # noqa: E402
from dancenow.pose.retarget import body_shape  # noqa: E402
from dancenow.sample import dance_track, render_sample  # noqa: E402
from dancenow.training import Device, choose_device  # noqa: E402

Frame = NDArray[np.uint8]
Row = dict[str, object]

_HELD_OUT = 5  # one of this many frames is kept for measuring
_FLOAT32, _BF16 = 1e-3, 6e-2  # largest difference from the CPU's, in the output's deviations
_WARM_UP = 2  # times


@dataclass(frozen=True)
class Scale:
    """How much is done: on a card, or as a trial on a CPU."""

    kit_px: int
    kit_frames: int
    sizes: tuple[int, ...]
    edn: tuple[str, ...]
    edn_px: tuple[int, ...]
    fast: str
    dance: str
    motion: str
    steps: int
    dance_seconds: float


FULL = Scale(
    900, 80, (224, 448, 768), ("edn-512", "edn-1024"), (512, 1024), "fast", "fast", "fast", 30, 60
)
QUICK = Scale(128, 12, (64, 96), ("edn-tiny",), (64,), "tiny", "tiny", "tiny", 2, 12)


@dataclass
class Check:
    """What the parts share.

    Attributes:
        person: frames of a sample performer, with masks and true poses.
        track: the same poses as a track.
        device: what is proved.
        scale: how much is done.
        seconds: for everything.
        compared: seconds of each training that is compared; 0 compares none.
        rows: the results so far.
    """

    person: References
    track: PoseTrack
    device: Device
    scale: Scale
    seconds: float
    compared: float = 0.0
    rows: list[Row] = field(default_factory=list)

    def tell(self, part: str, what: str, **figures: object) -> None:
        """Print and keep a row."""
        row: Row = {"part": part, "what": what, **figures}
        self.rows.append(row)
        shown = ", ".join(f"{name} {_short(value)}" for name, value in figures.items())
        print(f"{part:15} {what:28} {shown}", flush=True)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


# --- The kit -------------------------------------------------------------------------------------


def make_kit(folder: Path, scale: Scale) -> None:
    """Render a sample performer; all that the check needs of the outside."""
    folder.mkdir(parents=True, exist_ok=True)
    fps, side = 8.0, scale.kit_px
    frames, keypoints = zip(
        *render_sample("zola", "house", seconds=scale.kit_frames / fps, size=side, fps=fps),
        strict=True,
    )
    pictures = np.stack(frames)
    plate = np.median(pictures, axis=0).astype(np.uint8)  # rooms stand still, dancers do not
    moved = np.abs(pictures.astype(np.int16) - plate).max(axis=-1) > 12
    grown = [cv2.dilate(mask.astype(np.uint8) * 255, np.ones((5, 5), np.uint8)) for mask in moved]
    track = PoseTrack(np.stack(keypoints), fps, (side, side))
    times = (np.arange(len(track)) / fps).astype(np.float32)
    height = standing_height(track)
    References(pictures, np.stack(grown), track.keypoints, times, height).save(
        folder / "person.safetensors"
    )
    cv2.imwrite(str(folder / "plate.png"), plate[..., ::-1])
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    print(f"{folder}: {len(track)} frames of {side} x {side} pixels, {size:.1f} MiB")


def crops_of(check: Check, plate: Frame, body_px: int) -> tuple[CropSet, CropSet, PlatedScene]:
    """Whole frames, scaled so that the person is `body_px` high: to learn, held out, the scene."""
    person = check.person
    stride = 2 ** len(FAST_PRESETS[check.scale.fast].generator.widths)
    side = max(stride, round(check.track.size[0] * body_px / person.body_px / stride) * stride)
    factor = side / check.track.size[0]
    keypoints = person.keypoints.copy()
    keypoints[..., :2] *= factor

    def scaled(pictures: Iterable[Frame]) -> Frame:
        return np.stack(
            [cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA) for p in pictures]
        )

    frames, masks = scaled(person.frames), scaled(person.masks)
    small = scaled(plate[None])[0]
    plates = np.broadcast_to(small, frames.shape)
    inside = np.tile(np.array([0, 0, side, side]), (len(frames), 1))

    def part(rows: NDArray[np.bool_]) -> CropSet:
        return CropSet(
            frames[rows], plates[rows], masks[rows], keypoints[rows], person.times[rows],
            inside[rows], person.body_px * factor, stride,
        )  # fmt: skip

    held_out = np.arange(len(frames)) % _HELD_OUT == _HELD_OUT // 2
    track = PoseTrack(keypoints, check.track.fps, (side, side))
    scene = PlatedScene(small, track.fps, 1.0, pose_statistics(track), body_shape(track))
    return part(~held_out), part(held_out), scene


# --- Timing --------------------------------------------------------------------------------------


def wait(device: Device) -> None:
    """Wait until the device has done all that it was told."""
    if device.kind == "cuda":
        torch.cuda.synchronize()


def seconds_of(work: Callable[[], object], device: Device, times: int) -> float:
    """Median seconds of some work, warmed up."""
    for _ in range(_WARM_UP):
        work()
    wait(device)
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        wait(device)
        taken.append(time.perf_counter() - start)
    return median(taken)


def peak_flops(device: Device) -> float:
    """FLOP/s of a product of two large matrices in the device's precision."""
    side = 512 if device.kind == "cpu" else 8192
    dtype = torch.bfloat16 if device.precision == "bf16-mixed" else torch.float32
    a = torch.randn(side, side, device=device.torch, dtype=dtype)
    return 2 * side**3 / seconds_of(lambda: a @ a, device, 10)


@contextmanager
def memory_peak(device: Device) -> Iterator[dict[str, float]]:
    """The most memory that was taken within, in GiB; nothing on a CPU."""
    found: dict[str, float] = {}
    before = 0
    if device.kind == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    yield found
    if device.kind == "cuda":
        found["GiB"] = (torch.cuda.max_memory_allocated() - before) / 2**30


# --- The parts -----------------------------------------------------------------------------------


def outputs(check: Check, _: Frame) -> None:
    """Every network's output beside the CPU's."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    for name, network, inputs in _networks(check.scale):
        network.eval()
        for weights in network.parameters():
            if not weights.any():  # some layers begin with zeros, which would hide the others
                nn.init.normal_(weights, std=0.05)
        with torch.inference_mode():
            right = _flat(network(*inputs))
            there = network.to(check.device.torch)
            moved = [x.to(check.device.torch) for x in inputs]
            exact = _flat(there(*moved))
            with torch.autocast(check.device.kind, torch.bfloat16):
                rounded = _flat(there(*moved))
        deviation = float(right.std()) + 1e-9
        float32 = float((exact - right).abs().max()) / deviation
        bf16 = float((rounded - right).abs().mean()) / deviation
        passed = float32 <= _FLOAT32 and bf16 <= _BF16
        check.tell("outputs", name, float32=float32, bf16=bf16, passed=passed)
    torch.backends.cudnn.allow_tf32 = True


def _networks(scale: Scale) -> Iterator[tuple[str, nn.Module, list[Tensor]]]:
    """All networks with an input each."""
    torch.manual_seed(0)
    fast = FAST_PRESETS[scale.fast]
    for px in scale.sizes:
        inputs = [
            torch.rand(1, POSE_CHANNELS, px // 2, px // 2),
            2 * torch.rand(1, 3, px, px) - 1,
            torch.rand(1, LAYERS * LAYER_CHANNELS, px, px),
        ]
        generator = FastGenerator(POSE_CHANNELS, fast.generator.widths, LAYERS)
        yield f"fast generator, {px} px", generator, inputs
        judge = PoseDiscriminator(POSE_CHANNELS, fast.adversary.widths)
        yield f"fast discriminator, {px} px", judge, [inputs[1], inputs[0]]
    for preset, px in zip(scale.edn, scale.edn_px, strict=True):
        config = EDN_PRESETS[preset].networks
        picture, pair = 2 * torch.rand(1, 6, px, px) - 1, 2 * torch.rand(1, 12, px, px) - 1
        coarse, enhancer = make_generator(config)
        yield f"{preset} generator", coarse if enhancer is None else enhancer, [picture]
        yield f"{preset} discriminator", make_discriminator(config, temporal=True), [pair]
        yield f"{preset} face", make_face_networks(config)[0], [picture[..., :64, :64]]
    frame = FRAME_PRESETS[scale.dance]
    shape = (1, frame.picture.channels, frame.picture.height, frame.picture.width)
    yield (
        "picture decoder",
        FrameVAE(frame.picture, frame.vae).decoder,
        [torch.randn(1, frame.vae.latent)],
    )
    yield "picture encoder", FrameVAE(frame.picture, frame.vae).encoder, [torch.rand(shape)]
    yield "picture sequence", FromRest(DanceSequence(32, frame.sequence)), [torch.randn(1, 40, 32)]
    motion = MOTION_PRESETS[scale.motion].motion
    noisy, one = torch.randn(1, motion.window, 83), torch.ones(1)
    known = torch.zeros(1, motion.window)
    yield "detector", DetectorNetwork(DetectorConfig()), [torch.randn(1, RUN, 192, 192)]
    yield "motion denoiser", MotionDenoiser(83, motion), [noisy, one, 0 * one, known]


class FromRest(nn.Module):
    """A sequence network that remembers nothing at first."""

    def __init__(self, network: DanceSequence) -> None:
        super().__init__()
        self.network = network

    def forward(self, latents: Tensor) -> object:
        """What may follow each latent, `(B, T, D)`."""
        return self.network(latents, self.network.start(len(latents)))[0]


def _flat(output: Any) -> Tensor:
    """All tensors of an output in one, on the CPU."""
    if isinstance(output, Tensor):
        return output.detach().float().cpu().flatten()
    parts = output.values() if isinstance(output, Mapping) else output
    return torch.cat([_flat(part) for part in parts])


def edn(check: Check, _: Frame) -> None:
    """The paper's system: rates, memory, share of the peak."""
    device, scale = check.device, check.scale
    peak = peak_flops(device)
    check.tell("edn", "peak of a matrix product", TFLOPS=peak / 1e12)
    for preset, px in zip(scale.edn, scale.edn_px, strict=True):
        pairs = _pairs(check, px)
        for batch in (1, 4) if device.kind == "cuda" else (1,):
            training = _train_edn(check, preset, pairs, batch, peak)
        painters = {"graphs" if device.kind == "cuda" else "plain": _painter(training, device)}
        if device.kind == "cuda":
            painters["plain"] = without_graphs(_painter(training, device))
        figure = pairs.batch(pairs.pairs[:1]).figures[:, 1]
        works = {name: partial(_painted, painter, figure) for name, painter in painters.items()}
        rates = {
            f"{name}_fps": 1 / seconds_of(work, device, scale.steps) for name, work in works.items()
        }
        check.tell("edn", f"{preset}, performing", **rates)


def compiled(check: Check, _: Frame) -> None:
    """The paper's system with compiled networks."""
    if check.device.kind != "cuda":
        check.tell("compiled", "networks", skipped="needs a GPU, Triton and a C compiler")
        return
    peak = peak_flops(check.device)
    for preset, px in zip(check.scale.edn, check.scale.edn_px, strict=True):
        pairs = _pairs(check, px)
        _train_edn(check, preset, pairs, 4, peak, compiled=True)


def _train_edn(
    check: Check,
    preset: str,
    pairs: PairSet,
    batch: int,
    peak: float,
    *,
    compiled: bool = False,
) -> EDNTraining:
    """Measure some steps; returns the training."""
    config, device = EDN_PRESETS[preset], check.device
    optimizer = config.optimizer.model_copy(update={"batch": batch})
    config = config.model_copy(update={"optimizer": optimizer})
    need = training_need(config, pairs.canvas, device.precision)
    with memory_peak(device) as memory:
        training = EDNTraining(config, pairs, device.fabric(), 0, None)
        if compiled:
            training.generator.compile(dynamic=False)
            training.judge.compile(dynamic=False)
        number, begun = iter(range(10**9)), time.perf_counter()

        def step() -> object:
            return training.step(next(number), 0.79)  # the last stage of whole frames

        with torch.compiler.set_stance("force_eager"), FlopCounterMode(display=False) as counter:
            step()
        for _ in range(4):  # with and without earlier frames, for which networks are compiled apart
            step()
        wait(device)
        begun = time.perf_counter() - begun
        taken = seconds_of(step, device, check.scale.steps)
        training.close()
    check.tell(
        "compiled" if compiled else "edn",
        f"{preset}, {pairs.canvas[0]} px, batch {batch}",
        first_five_s=begun,
        pairs_per_second=batch / taken,
        peak_percent=100 * counter.get_total_flops() / taken / peak,
        foretold_GiB=need.total / 2**30,
        **memory,
    )
    return training


def _painter(training: EDNTraining, device: Device) -> Painter:
    return Painter(training.generator, None, device, temporal=True, side=training.pairs.side)


def _painted(painter: Painter, figure: Tensor) -> Frame:
    return painter.paint(figure, None)()


def without_graphs(painter: Painter) -> Painter:
    """Let it launch every operation by itself."""
    painter._step = lambda inputs: painter._paint(*inputs)  # type: ignore[method-assign]
    return painter


def _pairs(check: Check, px: int) -> PairSet:
    """Pairs of the kit's frames."""
    person = check.person
    frames = np.stack(
        [cv2.resize(f, (px, px), interpolation=cv2.INTER_AREA) for f in person.frames]
    )
    keypoints = person.keypoints.copy()
    keypoints[..., :2] *= px / check.track.size[0]
    rows = np.arange(1, len(frames))
    return PairSet.of_poses(frames, keypoints, np.stack([rows - 1, rows], axis=1))


def fast(check: Check, plate: Frame) -> None:
    """The fast preset at several sizes: steps a second, and the picture as time passes."""
    device, scale = check.device, check.scale
    each = 0.6 * check.seconds / len(scale.sizes)
    for px in scale.sizes:
        learned, held_out, scene = crops_of(check, plate, px)
        config = _config(scale, px)
        with memory_peak(device) as memory:
            training = FastTraining(config, learned, device, 0)
            start, step, marks = time.perf_counter(), 0, [1 / 3, 2 / 3, 1.0]
            while marks:
                spent = (time.perf_counter() - start) / each
                training.step(step, min(1.0, spent))
                step += 1
                if spent >= marks[0]:
                    wait(device)
                    seconds = time.perf_counter() - start
                    marks.pop(0)
                    scores = _scores(_performer(training, config, scene, device), held_out, scene)
                    check.tell(
                        "fast", f"{px} px after {seconds:.0f} s",
                        steps=step, steps_per_second=step / seconds, **scores,
                    )  # fmt: skip
                    start += time.perf_counter() - start - seconds  # measuring takes no time
            training.close()
        performer = _performer(training, config, _in_hd(scene), device)
        track = _hd_track(check.track)
        frames = sum(1 for _ in performer.perform(track[:4]))
        began = time.perf_counter()
        frames = sum(1 for _ in performer.perform(track))
        rate = frames / (time.perf_counter() - began)
        check.tell("fast", f"{px} px, performing in 1080p", fps=rate, **memory)


def compare(check: Check, plate: Frame) -> None:
    """The fast preset and the paper's system after the same time, on the same frames."""
    if not check.compared:
        check.tell("compare", "fast and edn", skipped="ask for it with --compare MINUTES")
        return
    device, scale, px = check.device, check.scale, check.scale.edn_px[0]
    learned, held_out, scene = crops_of(check, plate, px)
    config = _config(scale, px)
    training = FastTraining(config, learned, device, 0)
    steps = _train_for(training, check.compared, device)
    scores = _scores(_performer(training, config, scene, device), held_out, scene)
    check.tell("compare", f"fast, {px} px", steps=steps, **scores)

    rows = np.flatnonzero(np.isin(check.person.times, learned.times))
    pairs = _pairs(check, scene.size[0])
    kept = np.isin(pairs.pairs, rows).all(axis=1)
    paper = EDN_PRESETS[scale.edn[0]]
    edn_training = EDNTraining(
        paper, replace(pairs, pairs=pairs.pairs[kept]), device.fabric(), 0, None
    )
    steps = _train_for(edn_training, check.compared, device)
    frames = FrameScene(scene.size, scene.fps, None, pairs.side)
    face = edn_training.face if edn_training.phase == "face" else None
    painter = EDNPerformer(paper, frames, edn_training.generator, face, device)
    check.tell("compare", scale.edn[0], steps=steps, **_scores(painter, held_out, scene))


def _train_for(training: FastTraining | EDNTraining, seconds: float, device: Device) -> int:
    """Train for some seconds; returns the steps."""
    start, step = time.perf_counter(), 0
    while (spent := (time.perf_counter() - start) / seconds) < 1:
        training.step(step, spent)
        step += 1
    wait(device)
    training.close()
    return step


def _config(scale: Scale, px: int) -> PerformerConfig:
    base = FAST_PRESETS[scale.fast]
    return base.model_copy(update={"crop": base.crop.model_copy(update={"body_px": px})})


def _performer(
    training: FastTraining, config: PerformerConfig, scene: PlatedScene, device: Device
) -> FastPerformer:
    return FastPerformer(config, scene, training.average.module, training.texture, device)


def _in_hd(scene: PlatedScene) -> PlatedScene:
    """The same scene in the middle of a room of 1920 x 1080."""
    plate = cv2.resize(scene.plate, (1920, 1080), interpolation=cv2.INTER_LINEAR)
    return replace(
        scene, plate=np.asarray(plate, np.uint8), zoom=max(1.0, 1080 / scene.plate.shape[0])
    )


def _hd_track(track: PoseTrack) -> PoseTrack:
    keypoints = track.keypoints.copy()
    factor = 1080 / track.size[1]
    keypoints[..., :2] *= factor
    keypoints[..., 0] += (1920 - factor * track.size[0]) / 2
    return PoseTrack(keypoints, track.fps, (1920, 1080))


def _scores(
    performer: FastPerformer | EDNPerformer, truth: CropSet, scene: PlatedScene
) -> dict[str, float]:
    """Figures in the person's box of the held-out frames."""
    track = PoseTrack(truth.keypoints, scene.fps, scene.size)
    found = []
    for made, real, box in zip(
        performer.perform(track), truth.frames, body_extent(track), strict=True
    ):
        left, top, right, bottom = np.clip(np.round(box), 0, scene.size[0]).astype(int)
        part = np.s_[top:bottom, left:right]
        found.append(picture_scores(made[part], np.asarray(real[part])))
    return {
        "psnr": float(np.mean([s.psnr for s in found])),
        "ssim": float(np.mean([s.ssim for s in found])),
        "sharpness": float(np.mean([s.sharpness for s in found])),
    }


def choreographers(check: Check, _: Frame) -> None:
    """Training, dreaming and composing."""
    device, scale = check.device, check.scale
    config = FRAME_PRESETS[scale.dance].sequence
    latents = np.random.default_rng(0).normal(size=(600, 32)).astype(np.float32)
    sequence = SequenceTraining(config, [latents], device, 0)
    number = iter(range(10**9))
    taken = seconds_of(lambda: sequence.step(next(number), 0.5), device, scale.steps)
    network: DanceSequence = sequence.network.eval()
    dreamt = dream(network, latents[:50], device, temperature=1.0, seed=0)
    rate = 1 / seconds_of(lambda: next(dreamt), device, 10 * scale.steps)
    check.tell("choreographers", "sequence", steps_per_second=1 / taken, dreamt_per_second=rate)

    frame = FRAME_PRESETS[scale.dance]
    size = (frame.picture.width, frame.picture.height)
    small = np.stack([cv2.resize(mask, size) for mask in check.person.masks])[..., None]
    pictures = np.repeat(small, frame.picture.channels, axis=-1)
    frames = FrameSet(pictures, (len(pictures),), Fraction(8), 1, "grey")
    autoencoder = VAETraining(frame, frames, device, 0)
    taken = seconds_of(lambda: autoencoder.step(next(number), 0.5), device, scale.steps)
    check.tell("choreographers", "autoencoder", steps_per_second=1 / taken)

    motion = MOTION_PRESETS[scale.motion].motion
    tracks = [
        dance_track("zola", name, seconds=scale.dance_seconds, fps=15)
        for name in ("house", "groove")
    ]
    dance = PreparedDance.of(tracks, [Path("house"), Path("groove")], motion)
    training = MotionTraining(motion, dance.data, device, 0)
    taken = seconds_of(lambda: training.step(next(number), 0.5), device, scale.steps)
    learned = LearnedMotion(dance.danced, dance.data.scaler, dance.codec.weights)
    request = MotionRequest(60 * 15)
    spent = seconds_of(
        lambda: compose(training.average.module, learned, request, device), device, 1
    )
    check.tell("choreographers", "motion", steps_per_second=1 / taken, minute_composed_s=spent)


def resume(check: Check, plate: Frame) -> None:
    """From the CPU to the device and back."""
    cpu = Device("cpu", "32-true")
    learned, _, _ = crops_of(check, plate, check.scale.sizes[0])
    config, state, losses = _config(check.scale, check.scale.sizes[0]), None, []
    for turn, device in enumerate((cpu, check.device, cpu)):
        training = FastTraining(config, learned, device, 0)
        if state is not None:
            training.restore(state, Path("memory"))
        losses += [training.step(4 * turn + k, 0.6)["loss"] for k in range(4)]
        state = training.state()
        state = replace(state, tensors={k: v.detach().cpu() for k, v in state.tensors.items()})
        training.close()
    check.tell(
        "resume", "CPU, device, CPU", first=losses[0], last=losses[-1],
        passed=bool(np.isfinite(losses).all()),
    )  # fmt: skip


def memory(check: Check, _: Frame) -> None:
    """Out of memory: what is told, and that work goes on after it."""
    preset = check.scale.edn[-1]
    plan = TrainingPlan.of(TrainPerformerOptions(preset=preset, device=check.device.kind))
    told, filled = "", None
    try:
        with plan.advice_on_memory(Path("runs/p")):
            if check.device.kind == "cuda":
                free, _total = torch.cuda.mem_get_info()
                filled = torch.empty(free - 2**28, dtype=torch.uint8, device="cuda")
                pairs = _pairs(check, check.scale.edn_px[-1])
                EDNTraining(EDN_PRESETS[preset], pairs, check.device.fabric(), 0, None).step(0, 0.5)
            else:
                raise torch.OutOfMemoryError("as a GPU would say")
    except InputError as error:
        told = str(error)
    del filled
    if check.device.kind == "cuda":
        torch.cuda.empty_cache()
    value = float(torch.ones(8, device=check.device.torch).sum())
    check.tell("memory", "out of memory", told=told, passed="memory" in told and value == 8.0)


PARTS = (outputs, choreographers, edn, fast, compare, resume, memory, compiled)


# --- The command ---------------------------------------------------------------------------------


def run_check(
    folder: Path,
    device: Device,
    scale: Scale,
    minutes: float,
    compared: float = 0.0,
    written: Path | None = None,
) -> list[Row]:
    """Run all parts and write the rows after each; what fails is a row, too."""
    person = References.load(folder / "person.safetensors")
    plate = np.asarray(cv2.imread(str(folder / "plate.png")), np.uint8)[..., ::-1].copy()
    side = person.frames[0].shape[0]
    track = PoseTrack(person.keypoints, 8.0, (side, side))
    check = Check(person, track, device, scale, 60 * minutes, 60 * compared)
    name = torch.cuda.get_device_name(0) if device.kind == "cuda" else device.kind
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    check.tell("device", name, precision=device.precision, torch=torch.__version__, command=command)
    for part in PARTS:
        start = time.perf_counter()
        try:
            part(check, plate)
        except (RuntimeError, ValueError, TypeError, AttributeError, DanceNowError) as error:
            traceback.print_exc()
            check.tell(part.__name__, "failed", error=f"{type(error).__name__}: {error}")
        check.tell(part.__name__, "took", seconds=time.perf_counter() - start)
        if written is not None:
            written.write_text(json.dumps(check.rows, indent=1))
    return check.rows


def main() -> int:
    """Make the kit, or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("do", choices=["kit", "check"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="small, to try it on a CPU")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--minutes", type=float, default=8.0, help="for everything, about")
    parser.add_argument("--compare", type=float, default=0.0, help="minutes of each training")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    scale = QUICK if options.quick else FULL
    if options.do == "kit":
        make_kit(options.folder, scale)
        return 0
    if not (options.folder / "person.safetensors").is_file():
        print(f"{options.folder}: holds no kit; make it first: make gpu-kit", file=sys.stderr)
        return 2
    try:
        device = choose_device(options.device)
    except DanceNowError as error:
        print(f"gpu-check: {error}", file=sys.stderr)
        return 2
    rows = run_check(options.folder, device, scale, options.minutes, options.compare, options.json)
    failed = [row for row in rows if row.get("passed") is False or "error" in row]
    print(f"\n{len(rows)} rows, {len(failed)} failed" + "".join(f"\n  {row}" for row in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
