"""The fast preset's network and what it paints: at its beginning, merged, in windows, in layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dancenow.performer.fast.condition import POSE_CHANNELS
from dancenow.performer.fast.crop import crop_path
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.steadying import Steadying
from dancenow.performer.fast.texture import LAYERS
from dancenow.performer.layer import Layer
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.sample import dance_track
from untrained import plated, untrained

Frame = NDArray[np.uint8]
Poses = list[NDArray[np.float32]]
Window = tuple[int, int, int, int]

SIZE = (160, 144)


def generator() -> FastGenerator:
    torch.manual_seed(0)
    return FastGenerator(POSE_CHANNELS, (8, 16), LAYERS)


def inputs(cover: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """A pose, a plate, and layers of texture; `cover` is `(B, LAYERS, H, W)`."""
    rng = torch.Generator().manual_seed(1)
    if cover is None:
        cover = torch.rand((2, LAYERS, 32, 48), generator=rng)
    pose = torch.rand((2, POSE_CHANNELS, 16, 24), generator=rng)
    plate = 2 * torch.rand((2, 3, 32, 48), generator=rng) - 1
    colour = torch.rand((2, LAYERS, 3, 32, 48), generator=rng) * cover[:, :, None]
    return pose, plate, torch.cat((colour, cover[:, :, None]), dim=2).flatten(1, 2)


# --- The network ---------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [False, True])
def test_it_begins_with_the_arms_over_the_body_over_the_plate(training: bool) -> None:
    cover = torch.zeros(2, LAYERS, 32, 48)
    cover[:, 0, 4:20] = 1
    cover[:, 1, 12:28, 10:30] = 1
    pose, plate, texture = inputs(cover)
    with torch.no_grad():
        painted = generator().train(training)(pose, plate, texture)
    expected = plate
    for layer in range(LAYERS):
        colour, shown = texture[:, 4 * layer : 4 * layer + 3], cover[:, layer : layer + 1]
        expected = expected + shown * (2 * colour - 1 - expected)
    assert float((painted.over(plate) - expected).abs().max()) < 0.15
    assert float((painted.over(plate) - expected).abs().mean()) < 0.03


def test_where_there_is_no_texture_it_begins_with_the_plate() -> None:
    pose, plate, texture = inputs(torch.zeros(2, LAYERS, 32, 48))
    painted = generator()(pose, plate, texture)
    assert torch.isfinite(painted.colour).all() and float(painted.alpha.detach().max()) < 0.05


def test_with_little_coverage_a_colour_is_not_darker() -> None:
    cover = torch.zeros(2, LAYERS, 32, 48)
    cover[:, 0] = 0.5
    pose, plate, _ = inputs(cover)
    texture = torch.zeros(2, 4 * LAYERS, 32, 48)
    texture[:, :3], texture[:, 3] = 0.5, 0.5  # white, half there
    colour = generator()(pose, plate, texture).colour
    assert float(colour.detach().min()) > 0.85


def well_used(network: FastGenerator) -> FastGenerator:
    """With statistics and weights as after a training."""
    rng = torch.Generator().manual_seed(2)
    with torch.no_grad():
        network.exit.weight.normal_(0, 0.1, generator=rng)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 2, generator=rng)
                module.bias.normal_(0, 0.5, generator=rng)
                assert module.running_mean is not None and module.running_var is not None
                module.running_mean.normal_(0, 0.5, generator=rng)
                module.running_var.uniform_(0.3, 3, generator=rng)
    return network


def test_merged_norms_give_the_same_picture() -> None:
    network = well_used(generator()).eval()
    merged = network.fused()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in merged.modules())
    with torch.no_grad():
        there, here = network(*inputs()), merged(*inputs())
    assert float(there.alpha.std()) > 0.01 and float(there.colour.std()) > 0.1
    torch.testing.assert_close(here.colour, there.colour, rtol=0, atol=1e-4)
    torch.testing.assert_close(here.alpha, there.alpha, rtol=0, atol=1e-4)


def test_merging_leaves_the_network_as_it_is() -> None:
    network = well_used(generator()).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    merged = network.fused()
    assert network.training and not merged.training
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())


# --- Layers --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return dance_track("zola", "house", seconds=1, size=SIZE, fps=6)


@pytest.fixture(scope="module")
def plate() -> Frame:
    return np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3), np.uint8)


@pytest.fixture(scope="module")
def performer(track: PoseTrack, plate: Frame) -> FastPerformer:
    return untrained(track, plated(track, plate))


def test_a_person_alone_laid_over_a_room_is_the_person_before_it(
    performer: FastPerformer, track: PoseTrack, plate: Frame
) -> None:
    layers = list(performer.layers(track))
    assert len(layers) == len(track)
    for layer in layers:
        alone, before = layer.alone(), layer.over(plate)
        assert alone.shape == (*SIZE[::-1], 4) and alone.dtype == before.dtype == np.uint8
        cover = alone[..., 3:] / 255
        laid = cover * alone[..., :3] + (1 - cover) * plate
        assert 0.02 < (cover > 0.5).mean() < 0.5
        assert np.abs(laid - before).max() <= 2


def test_neither_changes_the_room(performer: FastPerformer, track: PoseTrack, plate: Frame) -> None:
    kept = plate.copy()
    layer = next(performer.layers(track))
    layer.over(plate)
    layer.alone()
    np.testing.assert_array_equal(plate, kept)


def test_nobody_is_an_empty_layer(plate: Frame) -> None:
    layer = Layer(np.zeros((0, 0, 4), np.uint8), 0, 0, SIZE)
    np.testing.assert_array_equal(layer.over(plate), plate)
    assert layer.alone().shape == (*SIZE[::-1], 4) and not layer.alone().any()


def test_what_is_opaque_hides_the_room_and_what_is_not_lets_it_through(plate: Frame) -> None:
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[0] = (200, 100, 50, 255)
    pixels[1] = (100, 50, 25, 128)
    layer = Layer(pixels, 7, 5, SIZE)
    frame = layer.over(plate)
    assert (frame[5, 7:10] == (200, 100, 50)).all()
    half = np.array([100, 50, 25]) + plate[6, 7:10] * (127 / 255)
    assert np.abs(frame[6, 7:10] - half).max() <= 1
    frame[5:7, 7:10] = plate[5:7, 7:10]
    np.testing.assert_array_equal(frame, plate)


# --- Windows -------------------------------------------------------------------------------------


def test_a_window_is_painted_as_the_whole_canvas_would_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = (240, 224)
    track = dance_track("zola", "house", seconds=1, size=size, fps=8)
    keypoints = track.keypoints.copy()  # in the second batch the person is further away
    hips = keypoints[4:, INDEX["mid_hip"], :2][:, None]
    keypoints[4:, :, :2] = hips + 0.6 * (keypoints[4:, :, :2] - hips)
    track = track.with_keypoints(keypoints)
    plate = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8)
    performer = untrained(track, plated(track, plate))
    windows: list[Window] = []
    choose = FastPerformer._window

    def watched(self: FastPerformer, poses: Poses, canvas: tuple[int, int]) -> Window:
        windows.append(choose(self, poses, canvas))
        return windows[-1]

    monkeypatch.setattr(Steadying, "steady", lambda _, layer, __: layer)  # each frame for itself
    monkeypatch.setattr(FastPerformer, "_window", watched)
    windowed = list(performer.layers(track))
    monkeypatch.setattr(FastPerformer, "_window", lambda *args: (0, 0, *args[2]))
    whole = list(performer.layers(track))

    path = crop_path(track, 1.0, performer.generator.stride, 640)
    left, top, right, bottom = windows[1]
    assert left > 0 and right < path.canvas[0] and bottom - top < 0.9 * path.canvas[1]
    reach = 20  # px that the network looks around itself
    for index in range(4, 8):
        x, y = path.corners[index].tolist()
        inside = np.s_[y + top + reach : y + bottom - reach, x + left + reach : x + right - reach]
        shown = windowed[index].alone()[inside]
        assert shown[..., 3].size > 1000 and (shown[..., 3] > 128).mean() > 0.2
        here, there = (each[index].over(plate)[inside] for each in (windowed, whole))
        assert np.abs(here.astype(int) - there).max() <= 3
