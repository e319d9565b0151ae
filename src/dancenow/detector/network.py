"""The network: every place of a run of frames is judged by what lies around it."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from dancenow.detector.config import RUN, DetectorConfig


class DetectorNetwork(nn.Module):
    """Convolutions without a view of the whole: no place sees enough to know who dances.

    With few persons to learn from, a network that saw all of them would learn their clothes.
    """

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        widths, layers = config.widths, nn.Sequential()
        before = RUN
        for number, width in enumerate(widths):
            layers.append(_Layer(before, width, side=5 if number == 0 else 3, stride=2))
            before = width
        layers.append(_Layer(before, before, side=3, stride=1))
        self.layers = layers
        self.dropout = nn.Dropout2d(config.dropout)
        self.judge = nn.Conv2d(before, 1, 1)

    def forward(self, runs: Tensor) -> Tensor:
        """Judge every place of some runs.

        Args:
            runs: as `evened` gives them, float `(B, RUN, H, W)`.

        Returns:
            Logits `(B, H / stride, W / stride)`: above 0, it looks made.
        """
        logits: Tensor = self.judge(self.dropout(self.layers(runs)))[:, 0]
        return logits


class _Layer(nn.Sequential):
    def __init__(self, before: int, width: int, *, side: int, stride: int) -> None:
        super().__init__(
            nn.Conv2d(before, width, side, stride, side // 2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )


def joined(logits: Tensor, places: Tensor) -> Tensor:
    """One logit a run: the mean over the body's places less the mean over all others.

    The face and the hands weigh most, as in `places`; limbs and torso, which count less there, are
    also a part of the others, by half.  Camera and codec are the same everywhere, so what they look
    like cancels out; a performer's room is a picture of the real one.

    Args:
        logits: `(B, h, w)`.
        places: how much each place counts for the body, 0..1, `(B, h, w)`.
    """
    logits, body = logits.float(), places + 1e-3  # where no body is seen, every place counts
    near = max_pool2d(places[:, None], 3, 1, 1)[:, 0]  # around face and hands lies neither
    room = (1 - near).clamp(min=0).square()
    of_body = (logits * body).sum((1, 2)) / body.sum((1, 2))
    return of_body - (logits * room).sum((1, 2)) / (room.sum((1, 2)) + 1)  # without room, nothing
