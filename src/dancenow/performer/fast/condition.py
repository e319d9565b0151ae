"""The stick figure as the generator's input: one channel per limb.

With colours, as in a drawn figure, the network would first have to unmix them where limbs cross.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.pose.layout import BODY_LIMBS, FACE_LIMBS, LEFT_HAND_LIMBS, LIMBS, USABLE
from dancenow.pose.track import FloatArray

POSE_CHANNELS: Final = len(BODY_LIMBS) + 3  # the body's limbs, the face, the left and right hand

_BODY_WIDTH = 1 / 50  # of the body's height
_SHIFT = 4  # cv2 takes coordinates in 1/16 px


def _channels() -> tuple[int, ...]:
    body, face, hand = len(BODY_LIMBS), len(FACE_LIMBS), len(LEFT_HAND_LIMBS)
    return (*range(body), *[body] * face, *[body + 1] * hand, *[body + 2] * hand)


_CHANNEL: Final = _channels()


def draw_condition(
    keypoints: FloatArray, canvas: tuple[int, int], body_px: float
) -> NDArray[np.uint8]:
    """Draw a pose for the generator, at half the canvas's resolution.

    Args:
        keypoints: float32 `(137, 3)`, pixels of the canvas and confidence.
        canvas: width and height in pixels.
        body_px: height of the standing person.

    Returns:
        uint8 `(H / 2, W / 2, POSE_CHANNELS)`, 0..255, anti-aliased.
    """
    width, height = canvas[0] // 2, canvas[1] // 2
    # cv2 draws fast on up to 4 channels that lie together: 3 limbs share a picture.
    planes = [np.zeros((height, width, 3), np.uint8) for _ in range(POSE_CHANNELS // 3)]
    seen = keypoints[:, 2] >= USABLE
    far = 4.0 * max(canvas)
    points = np.clip(np.nan_to_num(keypoints[:, :2]), -far, far)
    # The layout has pixel centres at .5, cv2 at .0.
    fixed = np.round((points / 2 - 0.5) * (1 << _SHIFT)).astype(int).tolist()
    thick = max(2, round(body_px / 2 * _BODY_WIDTH))
    for (a, b), channel in zip(LIMBS, _CHANNEL, strict=True):
        if seen[a] and seen[b]:
            colour = [0.0, 0.0, 0.0]
            colour[channel % 3] = 255.0
            width_px = thick if channel < len(BODY_LIMBS) else 1
            cv2.line(
                planes[channel // 3], fixed[a], fixed[b], colour, width_px, cv2.LINE_AA, _SHIFT
            )
    return np.concatenate(planes, axis=2)
