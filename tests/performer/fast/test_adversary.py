"""The discriminator of the last part of learning."""

from __future__ import annotations

import pytest
import torch

from dancenow.performer.fast.adversary import (
    Adversary,
    PoseDiscriminator,
    Verdict,
    feature_distance,
    hinge,
)
from dancenow.performer.fast.config import AdversaryConfig
from untrained import CPU

POSES = 3
CONFIG = AdversaryConfig(widths=(8, 8, 8), learning_rate=0.01)


@pytest.fixture
def adversary() -> Adversary:
    torch.manual_seed(0)
    return Adversary(CONFIG, POSES, CPU.fabric())


def pictures(count: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Real pictures with fine stripes, painted ones without, and poses."""
    torch.manual_seed(1)
    real = 0.3 * torch.rand(count, 3, 32, 48)
    real[..., ::2] += 0.5
    return real, 0.3 * torch.rand(count, 3, 32, 48) + 0.25, torch.rand(count, POSES, 16, 24)


def test_it_judges_patches_at_an_eighth_of_the_resolution() -> None:
    verdict = PoseDiscriminator(POSES, (8, 12, 16))(*pictures()[::2])
    assert verdict.scores.shape == (4, 1, 4, 6)
    assert [f.shape[1:] for f in verdict.features] == [(8, 16, 24), (12, 8, 12), (16, 4, 6)]


def test_the_hinge_is_as_computed_by_hand() -> None:
    real, painted = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])
    assert float(hinge(real, painted)) == pytest.approx(0.25 + 0.5)


def test_equal_features_lie_at_no_distance_and_each_layer_counts_alike() -> None:
    a = [torch.zeros(1, 2, 4, 4), torch.zeros(1, 8, 2, 2)]
    assert float(feature_distance(a, a)) == 0
    assert float(feature_distance(a, [a[0] + 1, a[1]])) == pytest.approx(0.5)
    assert float(feature_distance(a, [a[0], a[1] + 1])) == pytest.approx(0.5)


def test_it_learns_to_tell_real_from_painted(adversary: Adversary) -> None:
    real, painted, pose = pictures()
    for _ in range(40):
        adversary.learn(real, painted, pose)
    with torch.no_grad():
        real_verdict, fake_verdict = (adversary.network(p, pose) for p in (real, painted))
    assert float(real_verdict.scores.mean()) > float(fake_verdict.scores.mean()) + 0.5


def test_what_it_says_reaches_the_painter_and_leaves_itself_alone(adversary: Adversary) -> None:
    real, painted, pose = pictures()
    painted.requires_grad_(True)
    verdict = adversary.learn(real, painted, pose)
    assert painted.grad is None
    adversary.optimizer.zero_grad(set_to_none=True)
    unreal, unlike = adversary.judge(painted, pose, verdict)
    (unreal + unlike).backward()
    assert painted.grad is not None and float(painted.grad.abs().max()) > 0
    assert all(weight.grad is None for weight in adversary.network.parameters())
    assert all(weight.requires_grad for weight in adversary.network.parameters())


def test_real_pictures_are_like_themselves(adversary: Adversary) -> None:
    real, _, pose = pictures()
    adversary.network.eval()
    verdict: Verdict = adversary.network(real, pose)
    _, unlike = adversary.judge(real, pose, verdict)
    assert float(unlike.detach()) == pytest.approx(0, abs=1e-6)
