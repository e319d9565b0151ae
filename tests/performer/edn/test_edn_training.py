"""The paper's training: temporal smoothing, stages, resuming, several processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dancenow.errors import InputError
from dancenow.performer.edn.config import EDN_PRESETS, EDNConfig, LossConfig, StageConfig
from dancenow.performer.edn.dataset import PairSet
from dancenow.performer.edn.faces import paint_faces
from dancenow.performer.edn.networks import make_generator
from dancenow.performer.edn.perceptual import PerceptualLoss, VGG19Features
from dancenow.performer.edn.temporal import TemporalPair
from dancenow.performer.edn.training import EDNTraining
from dancenow.sample import dance_track
from dancenow.training import Device, load_state, save_state
from dancenow.training.device import choose_device

CPU = Device("cpu", "32-true")
TINY = EDN_PRESETS["edn-tiny"].networks.model_copy(
    update={"width": 8, "blocks": 1, "discriminator_width": 8, "face_width": 8, "face_blocks": 1}
)


def config(**update: object) -> EDNConfig:
    """The tiny preset, tinier."""
    base = EDN_PRESETS["edn-tiny"]
    optimizer = base.optimizer.model_copy(update={"batch": 2, "learning_rate": 2e-4})
    return base.model_copy(
        update={"networks": TINY, "optimizer": optimizer, "history": 0, **update}
    )


def with_enhancer() -> EDNConfig:
    networks = TINY.model_copy(update={"enhancer": True, "enhancer_width": 4, "enhancer_blocks": 1})
    return config(networks=networks, stages=EDN_PRESETS["edn-1024"].stages)


def noisy_dance() -> PairSet:
    """A sample dance's poses before pictures of noise."""
    track = dance_track("mika", "disco", seconds=1, size=(64, 64), fps=8)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (len(track), 64, 64, 3)).astype(np.uint8)
    rows = np.arange(1, len(track))
    return PairSet.of_poses(frames, track.keypoints, np.stack([rows - 1, rows], axis=1))


@pytest.fixture(scope="module")
def pairs() -> PairSet:
    return noisy_dance()


def training(pairs: PairSet, settings: EDNConfig | None = None, seed: int = 0) -> EDNTraining:
    return EDNTraining(settings or config(), pairs, CPU.fabric(), seed, None)


def weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def changed(network: nn.Module, before: dict[str, Tensor]) -> bool:
    return any(not torch.equal(before[k], v) for k, v in network.state_dict().items())


class Recorder(nn.Module):
    """Gives half the sum of what it sees, and remembers it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x)
        return 0.5 * (x[:, :3] + x[:, 3:])


def test_the_first_frame_is_painted_from_nothing_and_the_second_from_the_first() -> None:
    recorder = Recorder()
    figures = torch.randn(2, 2, 3, 8, 8)
    before, now = TemporalPair(recorder, temporal=True)(figures)
    assert torch.equal(recorder.seen[0][:, :3], figures[:, 0])
    assert (recorder.seen[0][:, 3:] == 0).all()
    assert torch.equal(recorder.seen[1][:, :3], figures[:, 1])
    assert torch.equal(recorder.seen[1][:, 3:], before)
    torch.testing.assert_close(now, 0.5 * figures[:, 1] + 0.25 * figures[:, 0])


def test_the_second_frames_gradient_reaches_the_first_frames_output() -> None:
    generator = nn.Conv2d(6, 3, 1)
    before, now = TemporalPair(generator, temporal=True)(torch.randn(1, 2, 3, 4, 4))
    before.retain_grad()
    now.sum().backward()
    assert before.grad is not None
    expected = generator.weight[:, 3:].sum(dim=0)
    torch.testing.assert_close(before.grad, expected.expand_as(before.grad[0])[None])


def test_frames_before_a_pair_are_painted_without_gradients() -> None:
    generator = nn.Conv2d(6, 3, 1)
    figures = torch.randn(1, 4, 3, 4, 4, requires_grad=True)
    pair = TemporalPair(generator, temporal=True)
    before, now = pair(figures)
    (before.sum() + now.sum()).backward()
    assert figures.grad is not None
    assert (figures.grad[:, :2] == 0).all() and (figures.grad[:, 2:] != 0).all()
    with torch.no_grad():
        painted = torch.zeros(1, 3, 4, 4)
        for k in range(4):
            painted = generator(torch.cat((figures[:, k], painted), dim=1))
    torch.testing.assert_close(now, painted)


@pytest.mark.parametrize("earlier", [0, 2])
def test_every_weight_learns_in_bfloat16_also_behind_a_history(earlier: int) -> None:
    generator = make_generator(TINY)[0]
    pair = TemporalPair(generator, temporal=True)
    with torch.autocast("cpu", torch.bfloat16):
        before, now = pair(torch.randn(1, 2 + earlier, 3, 32, 32))
    (before.square().mean() + now.square().mean()).backward()
    assert all(p.grad is not None for p in generator.parameters())
    assert all(p.grad.abs().sum() > 0 for n, p in generator.named_parameters() if "weight" in n)


def test_a_history_is_drawn_from_the_frames_before_the_pair(pairs: PairSet) -> None:
    batch = pairs.batch(pairs.pairs[[3, 1]], history=2)
    assert batch.figures.shape[1] == 4 and batch.frames.shape[1] == 2
    rows = [[1, 2, 3, 4], [0, 0, 1, 2]]  # where the clip begins its first figure stands again
    for figures, wanted in zip(batch.figures, rows, strict=True):
        for figure, row in zip(figures, wanted, strict=True):
            assert np.array_equal(figure.permute(1, 2, 0).numpy(), pairs.figure(row))


def test_frame_by_frame_the_second_frame_knows_nothing_of_the_first() -> None:
    recorder = Recorder()
    TemporalPair(recorder, temporal=False)(torch.randn(1, 2, 3, 8, 8))
    assert all((seen[:, 3:] == 0).all() for seen in recorder.seen)


def test_the_discriminator_sees_two_figures_and_then_two_frames(pairs: PairSet) -> None:
    work = training(pairs)
    seen: list[Tensor] = []
    work.judge.scales[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    batch = work._draw(0).to(torch.device("cpu"))
    work.step(0, 0.0)
    work.close()
    judged = seen[0]  # real pairs, then painted ones
    assert judged.shape == (4, 12, 64, 64)
    real = torch.cat((batch.figures, batch.frames), dim=1).flatten(1, 2)
    torch.testing.assert_close(judged[:2], real)
    torch.testing.assert_close(judged[2:, :6], real[:, :6])
    assert not torch.equal(judged[2:, 6:], real[:, 6:])


def test_frame_by_frame_the_discriminator_sees_one_figure_and_one_frame(pairs: PairSet) -> None:
    work = training(pairs, config(temporal=False))
    shapes = []
    work.judge.scales[0].register_forward_pre_hook(lambda _, i: shapes.append(tuple(i[0].shape)))
    work.step(0, 0.0)
    work.close()
    assert shapes[0] == (8, 6, 64, 64)


def test_a_step_improves_both_sides_and_tells_every_term(pairs: PairSet) -> None:
    work = training(pairs)
    before = weights(work.coarse), weights(work.judge), weights(work.face)
    told = work.step(0, 0.0)
    work.close()
    assert next(iter(told)) == "loss"
    assert {"adversarial", "feature_matching", "l1", "discriminator"} <= told.keys()
    assert told["loss"] == pytest.approx(told["adversarial"] + 10 * told["feature_matching"])
    assert changed(work.coarse, before[0]) and changed(work.judge, before[1])
    assert not changed(work.face, before[2])


def test_the_perceptual_loss_counts_ten_times(pairs: PairSet) -> None:
    torch.manual_seed(0)
    work = EDNTraining(
        config(loss=LossConfig()), pairs, CPU.fabric(), 0, PerceptualLoss(VGG19Features())
    )
    told = work.step(0, 0.0)
    work.close()
    assert told["loss"] == pytest.approx(
        told["adversarial"] + 10 * told["feature_matching"] + 10 * told["perceptual"], rel=1e-4
    )


@pytest.mark.parametrize(
    ("fraction", "phase", "learns"),
    [
        (0.1, "global", {"body", "coarse_head", "judge"}),
        (0.35, "enhancer", {"front", "back", "head", "judge"}),
        (0.6, "all", {"body", "front", "back", "head", "judge"}),
        (0.95, "face", {"face", "face_judge"}),
    ],
)
def test_each_stage_trains_its_own_networks(
    pairs: PairSet, fraction: float, phase: str, learns: set[str]
) -> None:
    work = training(pairs, with_enhancer())
    assert work.enhancer is not None
    parts: dict[str, nn.Module] = {
        "body": work.coarse.body,
        "coarse_head": work.coarse.head,
        "front": work.enhancer.front,
        "back": work.enhancer.back,
        "head": work.enhancer.head,
        "judge": work.judge,
        "face": work.face,
        "face_judge": work.face_judge,
    }
    before = {name: weights(part) for name, part in parts.items()}
    work.step(0, fraction)
    work.close()
    assert work.phase == phase
    assert {name for name, part in parts.items() if changed(part, before[name])} == learns


def test_the_global_stage_works_at_half_the_resolution_without_the_finest_judge(
    pairs: PairSet,
) -> None:
    work = training(pairs, with_enhancer())
    finest, sizes = weights(work.judge.scales[0]), []
    work.coarse.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].shape[-1]))
    work.step(0, 0.0)
    work.close()
    assert set(sizes) == {32} and not changed(work.judge.scales[0], finest)


def test_without_a_face_in_any_frame_the_face_stage_is_left_out(pairs: PairSet) -> None:
    blind = PairSet(
        pairs.frames, pairs.keypoints, None, pairs.pairs, pairs.corners,
        np.zeros_like(pairs.has_face), pairs.side,
    )  # fmt: skip
    work = training(blind)
    work.step(0, 0.99)
    work.close()
    assert work.phase == "global"


def test_the_rate_is_constant_and_then_falls_to_nothing_in_every_stage(pairs: PairSet) -> None:
    stages = (StageConfig(name="global", share=0.5), StageConfig(name="face", share=0.5))
    work = training(pairs, config(stages=stages))
    rates = []
    for number, fraction in enumerate((0.0, 0.2, 0.375, 0.499, 0.5, 0.875)):
        work.step(number, fraction)
        assert work._work is not None
        rates.append(work._work.optimizer.param_groups[0]["lr"])
    work.close()
    assert rates == pytest.approx([2e-4, 2e-4, 1e-4, 8e-7, 2e-4, 1e-4], rel=1e-3)


def test_a_resumed_training_goes_on_as_if_it_had_not_stopped(
    pairs: PairSet, tmp_path: Path
) -> None:
    whole, first = training(pairs), training(pairs)
    wanted = [whole.step(k, k / 6) for k in range(6)]
    for k in range(3):
        first.step(k, k / 6)
    save_state(tmp_path, first.state())
    state = load_state(tmp_path)
    assert state is not None
    second = training(pairs)
    second.restore(state, tmp_path)
    told = [second.step(k, k / 6) for k in range(3, 6)]
    for work in (whole, first, second):
        work.close()
    for mine, theirs in zip(told, wanted[3:], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)
    for name, value in second.coarse.state_dict().items():
        torch.testing.assert_close(value, whole.coarse.state_dict()[name], rtol=1e-4, atol=1e-6)


def test_a_state_that_nothing_was_added_to_is_saved_as_it_was(
    pairs: PairSet, tmp_path: Path
) -> None:
    first, second = training(pairs), training(pairs)
    for number, fraction in enumerate((0.0, 0.9)):
        first.step(number, fraction)
    state = first.state()
    second.restore(state, tmp_path)
    again = second.state()
    first.close()
    second.close()
    assert second.phase == again.values["stage"] == "face"
    assert again.tensors.keys() == state.tensors.keys()


def test_a_state_of_other_networks_is_refused(pairs: PairSet, tmp_path: Path) -> None:
    work, other = training(pairs), training(pairs, with_enhancer())
    with pytest.raises(InputError, match="another preset"):
        other.restore(work.state(), tmp_path)
    work.close()
    other.close()


def test_bfloat16_tells_nearly_the_losses_of_float32(pairs: PairSet) -> None:
    runs = []
    for precision in ("32-true", "bf16-mixed"):
        work = EDNTraining(config(), pairs, Device("cpu", precision).fabric(), 0, None)  # type: ignore[arg-type]
        runs.append([work.step(k, 0.0)["loss"] for k in range(8)])
        work.close()
    assert runs[1] == pytest.approx(runs[0], rel=0.05)


def test_the_face_network_paints_inside_its_box_alone() -> None:
    face = nn.Conv2d(6, 3, 1)
    figures, pictures = torch.randn(1, 3, 32, 32), torch.zeros(1, 3, 32, 32)
    painted = paint_faces(face, figures, pictures, torch.tensor([[8, 4]]), 16)
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[4:20, 8:24] = True
    assert (painted[..., ~inside] == 0).all() and (painted[..., inside] != 0).any()


def test_the_preview_shows_figures_paintings_and_truth(pairs: PairSet) -> None:
    work = training(pairs)
    work.step(0, 0.0)
    assert work.preview().shape == (3 * 64, 4 * 64, 3)
    work.step(1, 0.95)
    assert work.phase == "face" and work.preview().dtype == np.uint8
    work.close()


def lessons(batch: int) -> tuple[int, list[dict[str, float]]] | None:
    """The losses of five steps in two stages, and how many processes made them; of the first."""
    chosen = choose_device("cpu")
    fabric = Device("cpu", "32-true", chosen.devices, chosen.nodes).launched_fabric()
    optimizer = config().optimizer.model_copy(update={"batch": batch})
    work = EDNTraining(config(optimizer=optimizer), noisy_dance(), fabric, 0, None)
    told = [work.step(k, f) for k, f in enumerate((0.0, 0.3, 0.6, 0.85, 0.9))]
    work.close()
    work.team.close()
    return (work.team.size, told) if work.team.first else None


SCRIPT = """
import json, os, sys
sys.path.insert(0, {here!r})
from test_edn_training import lessons

told = lessons(batch=1)
if told is not None:
    print(json.dumps(told))
sys.stdout.flush()
os._exit(0)  # as the command line ends: gloo's threads can abort an interpreter that is torn down
"""


@pytest.mark.slow
def test_two_processes_learn_what_one_with_the_double_batch_learns(tmp_path: Path) -> None:
    script = tmp_path / "learn.py"
    script.write_text(SCRIPT.format(here=str(Path(__file__).parent)))
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *launch, str(script)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    processes, two = json.loads(done.stdout.splitlines()[-1])
    alone = lessons(batch=2)
    assert alone is not None and (alone[0], processes) == (1, 2) and len(two) == 5
    for a, b in zip(alone[1], two, strict=True):
        assert b == pytest.approx(a, rel=2e-3)
