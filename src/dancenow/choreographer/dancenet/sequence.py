"""The dance as a sequence of latents: an LSTM and a mixture density network."""

from __future__ import annotations

import warnings
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dancenow.choreographer.dancenet.config import SequenceConfig
from dancenow.choreographer.dancenet.layers import keras_initialization
from dancenow.choreographer.dancenet.mdn import Mixture, MixtureDensity

# cuDNN copies our weights into one piece at every call; they are small.
warnings.filterwarnings("ignore", "RNN module weights are not part of", module=__name__)

State = tuple[tuple[Tensor, Tensor], ...]
"""Of every layer, its last output and its cell, each `(B, hidden)`."""


class LSTMLayer(nn.Module):
    """One LSTM layer with one bias per gate (Hochreiter & Schmidhuber 1997; Gers et al. 2000).

    The gates are in the order input, forget, cell, output.

    Args:
        inputs: features in.
        hidden: features out.
        hard: compute the gates with clip(0.2 x + 0.5, 0, 1), as Keras before 2.3 does.
    """

    def __init__(self, inputs: int, hidden: int, *, hard: bool = False) -> None:
        super().__init__()
        self.hidden, self.hard = hidden, hard
        self.input_weight = nn.Parameter(torch.empty(4 * hidden, inputs))
        self.hidden_weight = nn.Parameter(torch.empty(4 * hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        nn.init.xavier_uniform_(self.input_weight)
        nn.init.orthogonal_(self.hidden_weight)
        nn.init.ones_(self.bias.data[hidden : 2 * hidden])  # remember, at first

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """From `(B, T, inputs)` and the state before it to `(B, T, hidden)` and the one after."""
        if self.hard:
            return self._step_by_step(x, state)
        none = torch.zeros_like(self.bias)  # PyTorch's LSTM wants a second bias
        weights = [self.input_weight, self.hidden_weight, self.bias, none]
        kind = x.device.type
        if torch.is_autocast_enabled(kind):
            # Autocast leaves an LSTM alone on the CPU.
            dtype = torch.get_autocast_dtype(kind)
            x, *weights = (tensor.to(dtype) for tensor in (x, *weights))
            state = (state[0].to(dtype), state[1].to(dtype))
        hidden, cell = (tensor[None].contiguous() for tensor in state)
        result, hidden, cell = torch.lstm(
            x, (hidden, cell), weights, True, 1, 0.0, self.training, False, True
        )
        return result, (hidden[0].float(), cell[0].float())

    def _step_by_step(
        self, x: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        hidden, cell = state
        projected = F.linear(x, self.input_weight, self.bias)
        results = []
        for now in projected.unbind(1):
            hidden, cell = self.gated((now + F.linear(hidden, self.hidden_weight)).float(), cell)
            results.append(hidden)
        return torch.stack(results, 1), (hidden, cell)

    def gated(self, sums: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """The output of a layer and its new cell, `(..., hidden)`, from the inputs of its gates.

        Args:
            sums: `(..., 4 * hidden)`.
            cell: the previous cell, `(..., hidden)`.
        """
        into, forget, new, out = sums.chunk(4, -1)
        gate = _hard_sigmoid if self.hard else torch.sigmoid
        cell = gate(forget) * cell + gate(into) * new.tanh()
        return gate(out) * cell.tanh(), cell


def dropout(x: Tensor, rate: float) -> Tensor:
    """Set a fraction `rate` of the values to 0 and scale the others up (Srivastava et al. 2014).

    PyTorch's own draws a double for every value on the CPU, which costs as much as an LSTM layer;
    here four values share one draw of 64 bits.  The rate is exact to 1 / 65536.
    """
    if x.device.type != "cpu" or rate == 0:
        return F.dropout(x, rate)
    bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    limit = round(rate * 65536)
    kept = bits.view(torch.int16)[: x.numel()].view(x.shape) >= limit - 32768
    return x * kept.to(x.dtype).mul_(65536 / (65536 - limit))


def _hard_sigmoid(x: Tensor) -> Tensor:
    return (0.2 * x + 0.5).clamp(0, 1)


class DanceSequence(nn.Module):
    """Three LSTM layers with dropout, a dense layer and a mixture density network.

    12,198,336 parameters in DanceNet's size: 512 units a layer, Dense 1000, 24 Gaussians over 128
    dimensions.
    """

    carry: Tensor
    rest: Tensor

    def __init__(self, latent: int, config: SequenceConfig) -> None:
        super().__init__()
        self.config = config
        sizes = [latent, *[config.hidden] * config.layers]
        hard = config.gate == "hard_sigmoid"
        self.layers = nn.ModuleList(
            LSTMLayer(inputs, hidden, hard=hard) for inputs, hidden in pairwise(sizes)
        )
        self.dense = nn.Linear(config.hidden, config.dense)
        keras_initialization(self.dense)
        self.mixture = MixtureDensity(config.dense, latent, config.mixtures)
        self.register_buffer("carry", torch.zeros(latent))
        self.register_buffer("rest", torch.zeros(latent))

    def start(self, batch: int) -> State:
        """The state before the first latent."""
        size = (batch, self.config.hidden)
        zeros = self.dense.weight.new_zeros
        return tuple((zeros(size), zeros(size)) for _ in self.layers)

    def forward(self, latents: Tensor, state: State) -> tuple[Mixture, State]:
        """What may follow each latent.

        Args:
            latents: scaled, `(B, T, D)`.
            state: after the latents before them.

        Returns:
            Mixtures of leading shape `(B, T)`, and the state after the last latent.
        """
        x, after = latents, []
        for layer, before in zip(self.layers, state, strict=True):
            x, left = layer(x, before)
            after.append(left)
            x = dropout(x, self.config.dropout) if self.training else x
        return self.expect(self.mixture(F.relu(self.dense(x))), latents), tuple(after)

    def expect(self, mixture: Mixture, latents: Tensor) -> Mixture:
        """Add what the linear model, if there is one, expects after `latents` to the means.

        Args:
            mixture: of leading shape `(...)`.
            latents: scaled, `(..., D)`.
        """
        if not self.config.residual:
            return mixture
        expected = self.rest + self.carry * (latents - self.rest)
        return mixture._replace(means=mixture.means + expected[..., None, :])

    @torch.no_grad()
    def begin_with(self, clips: list[Tensor]) -> None:
        """Begin as the first-order autoregressive model that fits the dance (least squares).

        Each dimension returns to its mean as fast as in the dance, and varies as much: a dance
        that stays within its range, and is lively, before anything is learned.

        Args:
            clips: scaled latents `(T, D)`.
        """
        clips = [clip.to(self.rest.device) for clip in clips]
        before = torch.cat([clip[:-1] for clip in clips])
        after = torch.cat([clip[1:] for clip in clips])
        self.rest.copy_(before.mean(0))
        off = before - self.rest
        self.carry.copy_(
            ((off * (after - self.rest)).sum(0) / off.square().sum(0).clamp_min(1e-6)).clamp(0, 1)
        )
        strayed = (after - self.rest - self.carry * off).std(0).clamp(1e-3, 1)
        mixtures = self.mixture.shape[0]
        self.mixture.scales.bias.copy_(
            strayed.log().repeat(mixtures)
        )  # ELU(x) + 1 = exp(x) below 0
        for layer in (self.mixture.scales, self.mixture.means):
            layer.weight.mul_(0.1)
