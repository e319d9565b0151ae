"""Performers that have learned nothing, for tests of all that surrounds the learning."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from dancenow.performer.fast.condition import POSE_CHANNELS
from dancenow.performer.fast.config import GeneratorConfig, PerformerConfig
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.performer import FastPerformer, PlatedScene
from dancenow.performer.fast.references import References
from dancenow.performer.fast.texture import LAYERS, Texture
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.pose.extent import standing_height
from dancenow.pose.normalize import pose_statistics
from dancenow.pose.retarget import body_shape
from dancenow.training import Device

CPU = Device("cpu", "32-true")
CONFIG = PerformerConfig(preset="tiny", generator=GeneratorConfig(widths=(8, 16)))


def references_of(track: PoseTrack) -> References:
    """Stick figures with thick limbs, in the track's own frames."""
    width, height = track.size
    frames = np.zeros((len(track), height, width, 3), np.uint8)
    masks = np.zeros((len(track), height, width), np.uint8)
    for index, keypoints in enumerate(track.keypoints):
        frames[index] = draw_pose(keypoints, track.size)
        thick = cv2.dilate(frames[index].max(axis=-1), np.ones((7, 7), np.uint8))
        masks[index] = 255 * (thick > 0)
    times = (np.arange(len(track)) / track.fps).astype(np.float32)
    return References(frames, masks, track.keypoints, times, standing_height(track))


def plated(track: PoseTrack, plate: NDArray[np.uint8], zoom: float = 1.0) -> PlatedScene:
    """The scene of a person with that track before a plate."""
    return PlatedScene(plate, track.fps, zoom, pose_statistics(track), body_shape(track))


def untrained(
    track: PoseTrack, scene: PlatedScene, config: PerformerConfig = CONFIG
) -> FastPerformer:
    """A performer with weights by chance that has seen `track`."""
    torch.manual_seed(0)
    generator = FastGenerator(POSE_CHANNELS, config.generator.widths, LAYERS)
    with torch.no_grad():  # it would begin with the texture as it is
        generator.exit.weight.normal_(0, 0.05)
    texture = Texture(references_of(track))
    return FastPerformer(config, scene, generator, texture, CPU, {"steps": 3})
