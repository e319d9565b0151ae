"""How the autoencoder and the sequence network learn, stop, and go on."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from dancenow.choreographer.dancenet.config import (
    FrameChoreographerConfig,
    PictureConfig,
    SequenceConfig,
    VAEConfig,
)
from dancenow.choreographer.dancenet.frames import FrameSet
from dancenow.choreographer.dancenet.mdn import negative_log_likelihood
from dancenow.choreographer.dancenet.sequence import DanceSequence
from dancenow.choreographer.dancenet.sequence_training import (
    SequenceTraining,
    Streams,
    held_out_loss,
    hold_out,
)
from dancenow.choreographer.dancenet.vae_training import VAETraining, make_optimizer
from dancenow.errors import InputError
from dancenow.training import Device, TrainingState, load_state, save_state
from dancenow.training.budget import cosine_rate

CPU = Device("cpu", "32-true")
LATENT = 4
Latents = NDArray[np.float32]


class Training(Protocol):
    def step(self, number: int, fraction: float) -> object: ...
    def state(self) -> TrainingState: ...
    def restore(self, state: TrainingState, where: Path) -> None: ...


def weights(training: Training) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in training.state().tensors.items()}


def assert_equal_weights(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name


def through_a_file(training: Training, folder: Path, into: Training) -> None:
    """Save a training after seven steps, and let another go on from there."""
    state = training.state()
    save_state(folder, TrainingState(state.tensors, {**state.values, "step": 7}))
    read = load_state(folder)
    assert read is not None
    into.restore(read, folder)


# The windows.


def numbered(lengths: list[int]) -> list[Latents]:
    """Latents that say which clip they are of, and their place in it."""
    return [
        np.stack([np.full(length, clip), np.arange(length)], 1).astype(np.float32)
        for clip, length in enumerate(lengths)
    ]


def streams(lengths: list[int], window: int, batch: int, seed: int = 0) -> Streams:
    return Streams(numbered(lengths), window, batch, seed)


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=3),
    window=st.integers(1, 12),
    batch=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_windows_follow_one_another_until_their_clip_is_over(
    lengths: list[int], window: int, batch: int, seed: int
) -> None:
    lengths = [*lengths, window + 1]
    made = streams(lengths, window, batch, seed)
    ends: list[tuple[float, float]] | None = None
    for _ in range(12):
        windows, following, began = made.next()
        assert windows.shape == following.shape == (batch, window, 2) and began.shape == (batch,)
        assert torch.equal(windows[:, 1:], following[:, :-1])
        for row in torch.cat((windows, following[:, -1:]), 1):
            clip, places = int(row[0, 0]), row[:, 1]
            assert (row[:, 0] == clip).all()
            assert (places.diff() == 1).all()
            assert places[0] >= 0 and places[-1] < lengths[clip]
        for number, anew in enumerate(began.tolist() if ends else []):
            assert ends is not None
            clip, end = ends[number]
            if anew:
                assert end + window >= lengths[int(clip)]  # nothing was left of it
            else:
                assert windows[number, 0].tolist() == [clip, end]
        ends = [(row[-1, 0].item(), row[-1, 1].item()) for row in following]


def test_every_latent_of_every_clip_that_is_long_enough_is_seen() -> None:
    made = streams([20, 5, 31], window=6, batch=3)
    seen = {tuple(row) for _ in range(300) for row in made.next()[0].reshape(-1, 2).tolist()}
    assert seen == {(0, place) for place in range(19)} | {(2, place) for place in range(30)}


def test_streams_begin_where_the_seed_says() -> None:
    a, b, c = (streams([200], 6, 3, seed).next()[0] for seed in (0, 0, 1))
    assert torch.equal(a, b) and not torch.equal(a, c)
    assert len({row[0, 1].item() for row in a}) > 1  # not all at one place


def test_longer_clips_are_seen_more() -> None:
    made = streams([26, 206], window=6, batch=4)
    clips = torch.cat([made.next()[0][:, 0, 0] for _ in range(2000)])
    assert (clips == 1).float().mean() > 0.8


def test_the_last_part_of_a_clip_is_held_out() -> None:
    (latents,) = numbered([10])
    learned, held_out = hold_out(latents, 0.2)
    assert len(held_out) == 2 and np.array_equal(np.concatenate((learned, held_out)), latents)
    assert len(hold_out(latents, 0.0)[0]) == 10


# The sequence network.


def wave(length: int, seed: int = 0) -> Latents:
    """A dance that repeats itself, a little shaken, in 0..1."""
    rng = np.random.default_rng(seed)
    time = np.arange(length)[:, None]
    turns = np.sin(0.5 * time + np.arange(LATENT)) / 2 + 0.5
    return (turns + 0.01 * rng.normal(size=turns.shape)).astype(np.float32)


PLAIN = SequenceConfig(
    hidden=16, layers=2, dropout=0.1, dense=16, mixtures=3, window=8, batch=4, learning_rate=5e-3
)


def sequence(
    config: SequenceConfig = PLAIN,
    lengths: tuple[int, ...] = (60, 40),
    *,
    seed: int = 0,
    reference: bool = False,
    **update: object,
) -> SequenceTraining:
    clips = [wave(length, number) for number, length in enumerate(lengths)]
    return SequenceTraining(config.model_copy(update=update), clips, CPU, seed, reference=reference)


def losses(training: SequenceTraining | VAETraining, start: int, stop: int) -> list[float]:
    return [training.step(number, number / 100)["loss"] for number in range(start, stop)]


@pytest.mark.parametrize("reference", [False, True])
def test_the_dance_is_learned(reference: bool) -> None:
    training = sequence(reference=reference)
    before = training.held_out_loss()
    course = losses(training, 0, 80)
    assert np.isfinite(course).all()
    assert np.mean(course[-5:]) < np.mean(course[:5]) - 2
    assert training.held_out_loss() < before - 2


def forward(network: DanceSequence, latents: Latents) -> tuple[Tensor, ...]:
    """What remains in the network after latents, layer by layer: hidden, cell."""
    _, state = network(torch.from_numpy(latents)[None], network.start(1))
    return tuple(part[0] for layer in state for part in layer)


def carried(training: SequenceTraining, stream: int) -> tuple[Tensor, ...]:
    tensors = training.state().tensors
    return tuple(
        tensors[f"carried.{layer}.{part}"][stream]
        for layer in range(2)
        for part in ("hidden", "cell")
    )


def test_the_state_is_carried_from_window_to_window() -> None:
    training = sequence(lengths=(2000,), dropout=0.0, learning_rate=0.0)
    clip = training.streams.clips[0]
    training.streams.places = [(0, 7 * number) for number in range(len(training.streams.places))]
    starts = [start for _, start in training.streams.places]
    assert all(start + 24 < len(clip) for start in starts)  # no clip is over yet
    losses(training, 0, 3)
    for stream, start in enumerate(starts):
        expected = forward(training.network, clip[start : start + 24])
        torch.testing.assert_close(carried(training, stream), expected, rtol=1e-4, atol=1e-5)


def test_where_a_stream_begins_anew_the_state_is_forgotten() -> None:
    training = sequence(lengths=(13,), dropout=0.0, learning_rate=0.0)  # room for one window
    clip = training.streams.clips[0]
    losses(training, 0, 5)
    for stream, (_, end) in enumerate(training.streams.places):
        expected = forward(training.network, clip[end - 8 : end])
        torch.testing.assert_close(carried(training, stream), expected, rtol=1e-4, atol=1e-5)


def test_noise_is_added_to_what_is_seen_and_not_to_what_follows() -> None:
    still = [np.full((60, LATENT), 0.5, np.float32)]
    found = []
    for noise in (0.0, 0.3):
        config = PLAIN.model_copy(update={"input_noise": noise, "dropout": 0.0})
        training = SequenceTraining(config, still, CPU, 0)
        nn.init.zeros_(training.network.dense.weight)  # blind to what is seen
        found.append(losses(training, 0, 1)[0])
    assert found[0] == found[1]
    assert losses(sequence(), 0, 1) != losses(sequence(input_noise=0.3), 0, 1)


def test_a_loss_that_is_no_number_leaves_the_sequence_network_as_it_was() -> None:
    training = sequence()
    losses(training, 0, 2)
    assert training.network.mixture.means.bias is not None
    with torch.no_grad():
        training.network.mixture.means.bias[0] = float("nan")
    before = {n: w for n, w in weights(training).items() if not n.startswith("carried")}
    assert np.isnan(losses(training, 2, 3)[0])
    after = weights(training)
    assert_equal_weights(
        {name: value.nan_to_num(123) for name, value in before.items()},
        {name: after[name].nan_to_num(123) for name in before},
    )


@pytest.mark.parametrize(
    "lengths", [(400,), (30, 25)], ids=["no clip ends meanwhile", "clips end all the time"]
)
def test_a_dance_training_that_was_resumed_goes_on_as_if_never_stopped(
    lengths: tuple[int, ...], tmp_path: Path
) -> None:
    unbroken = sequence(lengths=lengths, input_noise=0.05)
    stopped, resumed = (sequence(lengths=lengths, input_noise=0.05) for _ in range(2))
    expected = losses(unbroken, 0, 14)
    assert losses(stopped, 0, 7) == expected[:7]
    through_a_file(stopped, tmp_path, resumed)
    assert losses(resumed, 7, 14) == expected[7:]
    assert_equal_weights(weights(resumed), weights(unbroken))


def test_the_reference_too_goes_on_as_if_never_stopped(tmp_path: Path) -> None:
    unbroken, stopped, resumed = (sequence(reference=True) for _ in range(3))
    expected = losses(unbroken, 0, 14)
    losses(stopped, 0, 7)
    through_a_file(stopped, tmp_path, resumed)
    assert losses(resumed, 7, 14) == expected[7:]


@pytest.mark.parametrize("reference", [False, True])
def test_a_dance_training_that_was_stopped_in_its_first_step_is_kept(
    reference: bool, tmp_path: Path
) -> None:
    stopped, resumed, unbroken = (sequence(reference=reference) for _ in range(3))
    through_a_file(stopped, tmp_path, resumed)
    assert losses(resumed, 0, 3) == losses(unbroken, 0, 3)


def test_the_seed_decides_a_training() -> None:
    assert losses(sequence(), 0, 4) == losses(sequence(), 0, 4)
    assert losses(sequence(), 0, 4) != losses(sequence(seed=1), 0, 4)


def test_a_preview_does_not_change_the_course() -> None:
    watched, alone = sequence(), sequence()
    picture = watched.preview()
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
    losses(watched, 0, 3)
    watched.preview()
    assert losses(watched, 3, 6) == losses(alone, 0, 6)[3:]


@pytest.mark.parametrize("reference", [False, True])
def test_a_preview_shows_six_latents_whatever_clip_comes_first(reference: bool) -> None:
    shown: list[Latents] = []

    def show(latents: Latents) -> NDArray[np.uint8]:
        shown.append(latents)
        return np.zeros((8, 48, 3), np.uint8)

    clips = [wave(2), wave(40)]  # nothing is held out of the first
    training = SequenceTraining(PLAIN, clips, CPU, 0, reference=reference, show=show)
    assert training.preview().shape == (8, 48, 3)
    assert shown[0].shape == (6, LATENT) and np.isfinite(shown[0]).all()


def test_weights_of_another_sequence_network_are_told(tmp_path: Path) -> None:
    training = sequence()
    losses(training, 0, 1)
    with pytest.raises(InputError, match="another preset"):
        through_a_file(training, tmp_path, sequence(hidden=8))


def test_an_epoch_sees_as_many_latents_as_there_are() -> None:
    training = sequence(lengths=(100, 60))  # 80 and 48 to learn from, 4 windows of 8 a step
    assert training.steps_per_epoch == 4
    assert sequence(lengths=(101, 60)).steps_per_epoch == 5
    assert sequence(lengths=(1400, 100), reference=True).steps_per_epoch == 2  # 1200 by 1024


def test_the_reference_sees_every_pair_in_order_and_none_across_clips() -> None:
    training = sequence(lengths=(1400, 100), reference=True)
    learned = [hold_out(wave(1400), 0.2)[0], hold_out(wave(100, 1), 0.2)[0]]
    pairs = [training.pairs.batch(number) for number in range(4)]
    assert [len(before) for before, _ in pairs] == [1024, 174, 1024, 174]
    assert all(part.shape[1:] == (1, LATENT) for pair in pairs for part in pair)
    before = np.concatenate([clip[:-1] for clip in learned])
    after = np.concatenate([clip[1:] for clip in learned])
    for number, (seen, following) in enumerate(pairs):
        start = 1024 * (number % 2)
        assert np.array_equal(seen[:, 0], before[start : start + len(seen)])
        assert np.array_equal(following[:, 0], after[start : start + len(seen)])


@pytest.mark.parametrize("remember", [False, True])
def test_the_held_out_loss_is_the_mean_over_every_next_latent(remember: bool) -> None:
    network = sequence().network
    clips = [wave(9), wave(1), wave(5, 2)]
    nats = []
    with torch.no_grad():
        network.eval()
        for clip in clips:
            state = network.start(1)
            for now, following in pairwise(clip):
                mixture, after = network(torch.from_numpy(now).view(1, 1, -1), state)
                state = after if remember else network.start(1)
                nats.append(negative_log_likelihood(mixture, torch.from_numpy(following)).item())
    network.train()
    found = held_out_loss(network, clips, CPU, remember=remember)
    assert len(nats) == 12 and found == pytest.approx(np.mean(nats), rel=1e-4)
    assert network.training  # it is left as it was


# The autoencoder.


def config(**update: object) -> FrameChoreographerConfig:
    vae = {"latent": 3, "filters": (4, 6, 8), "dense": 8, "batch": 20, **update}
    return FrameChoreographerConfig(
        preset="tiny",
        picture=PictureConfig(height=16, width=24, background="threshold"),
        vae=VAEConfig(**vae),  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Watched(FrameSet):
    """A set that keeps which of its pictures were asked for."""

    asked: list[list[int]] = field(default_factory=list)

    def tensor(self, indices: NDArray[np.int64] | slice) -> Tensor:
        self.asked.append(np.arange(len(self))[indices].tolist())
        return super().tensor(indices)

    def take(self) -> list[int]:
        """What was asked for since the last time."""
        asked = [index for some in self.asked for index in some]
        self.asked.clear()
        return asked


def blocks(count: int = 46) -> Watched:
    """A white block that goes from left to right."""
    pictures = np.zeros((count, 16, 24, 1), np.uint8)
    for number, picture in enumerate(pictures):
        left = number * 16 // count
        picture[4:12, left : left + 8] = 255
    return Watched(pictures, (count,), Fraction(25), 1, "threshold")


def codec(seed: int = 0, **update: object) -> VAETraining:
    return VAETraining(config(**update), blocks(), CPU, seed)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_the_pictures_are_learned(optimizer: str) -> None:
    training = codec(optimizer=optimizer, learning_rate=3e-3)
    course = losses(training, 0, 60)
    assert np.mean(course[-5:]) < 0.6 * np.mean(course[:2])
    assert training.loss == course[-1]
    flat = 16 * 24 * np.log(2)  # of a decoder that knows nothing
    assert course[0] == pytest.approx(flat, rel=0.5) and course[-1] < 0.6 * flat


def test_the_loss_is_that_of_a_picture_and_the_sum_of_its_terms() -> None:
    told = codec().step(0, 0.0)
    assert next(iter(told)) == "loss"
    assert told["loss"] == pytest.approx(told["reconstruction"] + told["divergence"])
    assert told["reconstruction"] < 2 * 16 * 24 * np.log(2)


def test_small_batches_give_the_gradient_of_the_whole_batch() -> None:
    training = codec()
    with torch.no_grad():  # what is drawn is then the mean: no noise to compare
        nn.init.zeros_(training.vae.encoder.log_variance.weight)
        training.vae.encoder.log_variance.bias.fill_(-60.0)
    vae = deepcopy(training.vae)
    told = training.step(0, 0.0)
    batch = training.frames.take()  # type: ignore[attr-defined]
    assert len(batch) == 20 and len(set(batch)) == 20
    pictures = training.frames.tensor(np.array(batch)).float() / 255
    mean, log_variance = vae.encoder(pictures)
    logits = vae.decoder(mean)
    cross_entropy = -(
        pictures * logits.sigmoid().log() + (1 - pictures) * (-logits).sigmoid().log()
    )
    divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
    whole = (cross_entropy.sum() + divergence.sum()) / 20
    whole.backward()
    assert told["loss"] == pytest.approx(whole.item(), rel=1e-5)
    for (name, ours), theirs in zip(training.vae.named_parameters(), vae.parameters(), strict=True):
        assert ours.grad is not None and theirs.grad is not None
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-7])
def test_rmsprop_is_keras_s(size: float) -> None:
    """a = 0.9 a + 0.1 g^2 from a = 0; w = w - rate g / (sqrt(a) + 1e-7)."""
    torch.manual_seed(0)
    vae = codec().vae
    optimizer = make_optimizer(vae, config().vae)
    expected = [weight.detach().double().numpy().copy() for weight in vae.parameters()]
    squares = [np.zeros_like(weight) for weight in expected]
    begun = [weight.copy() for weight in expected]
    for _ in range(4):
        for index, weight in enumerate(vae.parameters()):
            weight.grad = size * torch.randn(weight.shape)
            gradient = weight.grad.double().numpy()
            squares[index] = 0.9 * squares[index] + 0.1 * gradient**2
            expected[index] -= 1e-3 * gradient / (np.sqrt(squares[index]) + 1e-7)
        optimizer.step()
    for weight, wanted, start in zip(vae.parameters(), expected, begun, strict=True):
        moved = weight.detach().double().numpy() - start
        np.testing.assert_allclose(moved, wanted - start, rtol=1e-3, atol=1e-6)
        assert np.abs(moved).max() > 1e-4


def epoch(training: VAETraining, steps: range) -> Iterator[list[int]]:
    frames = training.frames
    assert isinstance(frames, Watched)
    for number in steps:
        training.step(number, 0.0)
        yield frames.take()


def test_every_epoch_sees_every_picture_once_in_another_order() -> None:
    training = codec()
    assert training.steps_per_epoch == 3
    first, second = list(epoch(training, range(3))), list(epoch(training, range(3, 6)))
    for batches in (first, second):
        assert [len(batch) for batch in batches] == [20, 20, 6]
        assert sorted(chain.from_iterable(batches)) == list(range(46))
    assert first != second
    assert list(epoch(codec(), range(3, 6))) == second  # also without the epoch before
    assert list(epoch(codec(seed=1), range(3))) != first


def test_the_rate_stays_or_falls_along_half_a_cosine() -> None:
    training, annealed = codec(), codec(anneal=True)
    for number, fraction in enumerate((0.0, 0.25, 0.5, 0.9)):
        for each, factor in ((training, 1.0), (annealed, 0.5 * (1 + np.cos(np.pi * fraction)))):
            each.step(number, fraction)
            assert each.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3 * factor)
    assert cosine_rate(0.5, 10, warmup_steps=1) == pytest.approx(0.5)


def test_a_loss_that_is_no_number_leaves_the_autoencoder_as_it_was() -> None:
    training = codec()
    losses(training, 0, 2)
    bias = training.vae.decoder.upsample3.bias
    assert bias is not None
    with torch.no_grad():
        bias[0] = float("nan")
    before = weights(training)
    assert np.isnan(losses(training, 2, 3)[0])
    assert_equal_weights(
        {name: value.nan_to_num(123) for name, value in before.items()},
        {name: value.nan_to_num(123) for name, value in weights(training).items()},
    )


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
def test_a_picture_training_that_was_resumed_goes_on_as_if_never_stopped(
    optimizer: str, tmp_path: Path
) -> None:
    unbroken, stopped, resumed = (codec(optimizer=optimizer, anneal=True) for _ in range(3))
    expected = losses(unbroken, 0, 14)
    losses(stopped, 0, 7)
    through_a_file(stopped, tmp_path, resumed)
    assert resumed.loss == expected[6]
    assert losses(resumed, 7, 14) == expected[7:]
    assert_equal_weights(weights(resumed), weights(unbroken))


def test_weights_of_another_autoencoder_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another preset"):
        through_a_file(codec(), tmp_path, codec(latent=4))


def test_a_batch_is_never_larger_than_the_set() -> None:
    training = codec(batch=100)
    assert training.batch == 46 and training.steps_per_epoch == 1


def test_the_preview_shows_pictures_above_what_comes_back() -> None:
    training = codec(optimizer="adam", learning_rate=5e-3)
    picture = training.preview()
    assert picture.shape == (32, 6 * 24, 3) and picture.dtype == np.uint8
    shown = [picture[:16, left : left + 24, 0] for left in range(0, 144, 24)]
    chosen = np.linspace(0, 45, 6).astype(int)
    assert np.array_equal(shown, training.frames.pictures[chosen, ..., 0])
    before = picture[16:].astype(float)
    losses(training, 0, 60)
    above, below = (training.preview()[half].astype(float) for half in (np.s_[:16], np.s_[16:]))
    assert np.abs(below - above).mean() < 0.5 * np.abs(before - above).mean()
    assert training.vae.training
