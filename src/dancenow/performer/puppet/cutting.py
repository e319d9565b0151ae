"""Cutting a person out of a photo, part by part, and completing what other parts hide."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.performer.puppet.parts import BODY, PALMS, PARTS, Bone, Part
from dancenow.pose.layout import INDEX, MIRROR, USABLE
from dancenow.pose.track import FloatArray

Frame = NDArray[np.uint8]

_PALM: Final = 0.35  # length of a hand whose fingers are not found, in forearms
_INSIDE: Final = 0.3  # added to the torso's distance: what is in front of it is nearer
_CLOSE, _ALONE = 0.7, 0.4  # widths from a part, and between it and others, of what is certain
_CAP: Final = 1.1  # radius around the joint at which a part is attached, in widths
_HULL: Final = 0.9  # distance from a bone up to which a part goes on under others, in widths
_SHOULDER: Final = 0.055  # body heights around the shoulders that an arm's round end covers
_FEWEST: Final = 0.15  # of the pixels that a limb should have; with fewer, it is hidden
_ROUND: Final = 1.15  # radius of a joint, in half thicknesses of the limb
_SOLID: Final = 250  # mask value from which a pixel is the person's alone
_SCRAP: Final = 0.1  # of the largest piece of a part; smaller ones are left out
_SOFT_PX: Final = 1.0  # standard deviation of the edges between parts
_FILL_PX: Final = 3  # radius of the inpainting

# Skirts, along the thighs (0 at the hips, 1 at the knees) and in body heights across.
_FROM, _SHORTEST_SKIRT = 0.15, 0.4
_WIDE, _GAP = 0.3, 0.02
_SOLID_GAP: Final = 0.9  # share of the middle that is covered
_ENDS: Final = 0.8  # of the width that is left below a hem
_NEAR_HEM: Final = 0.12  # above and below a hem, where the photo's edges tell it
_SKIRT_FIRST: Final = 0.5  # a skirt lies before the thighs


@dataclass(frozen=True)
class CutPart:
    """The body, or a bone of a limb, cut out of a photo.

    Attributes:
        name: which part, and for limbs which bone.
        picture: uint8 `(h, w, 4)`: premultiplied RGB and coverage.
        left, top: its corner in the photo, pixels.
        bones: those that move it.
        ends: float32 `(bones, 2, 2)`, where each bone starts and ends, pixels of the photo.
        body_px: the person's height, pixels.
    """

    name: str
    picture: Frame
    left: int
    top: int
    bones: tuple[Bone, ...]
    ends: FloatArray
    body_px: float


def cut_parts(photo: Frame, mask: Frame, keypoints: FloatArray, body_px: float) -> list[CutPart]:
    """The parts of a person, from the back to the front; limbs that are not seen are missing.

    A limb that is hidden is taken from the other side, mirrored.

    Args:
        photo: uint8 `(H, W, 3)` RGB.
        mask: uint8 `(H, W)`, 255 on the person.
        keypoints: float32 `(137, 3)`, pixels of the photo.
        body_px: the person's height in pixels.
    """
    joints = with_palms(keypoints)
    parts = _cut(photo, mask, joints, body_px)
    if len(parts) < len(PARTS):
        picture, where = (np.ascontiguousarray(each[:, ::-1]) for each in (photo, mask))
        other = _cut(picture, where, _mirrored(joints, photo.shape[1]), body_px)
        parts = {**other, **parts}
    return [piece for part in PARTS if part.name in parts for piece in parts[part.name]]


def with_palms(keypoints: FloatArray) -> FloatArray:
    """Keypoints `(137, 3)` in which a hand without fingers goes on along its forearm."""
    joints = keypoints.copy()
    for side, palm in PALMS.items():
        elbow, wrist = (joints[INDEX[f"{side}_{name}"]] for name in ("elbow", "wrist"))
        if joints[palm, 2] < USABLE <= min(elbow[2], wrist[2]):
            joints[palm, :2] = wrist[:2] + _PALM * (wrist[:2] - elbow[:2])
            joints[palm, 2] = wrist[2]
    return joints


def _mirrored(joints: FloatArray, width: int) -> FloatArray:
    """Keypoints of the picture flipped from left to right."""
    flipped = joints[list(MIRROR)].copy()
    flipped[:, 0] = np.where(flipped[:, 2] > 0, width - flipped[:, 0], 0)
    return flipped


def _cut(photo: Frame, mask: Frame, joints: FloatArray, body_px: float) -> dict[str, list[CutPart]]:
    """The pieces of each part that is seen, by the parts' names."""
    shown = {part: bones for part in PARTS if (bones := _seen_bones(part, joints)) or part is BODY}
    shape = mask.shape[:2]
    far = {
        part: _distance(bones, joints, body_px, shape, part is BODY)
        for part, bones in shown.items()
    }
    arms = [each for part, each in far.items() if part.name.endswith("arm")]
    below = _below_hem(mask, joints, body_px, np.min(arms, axis=0) if arms else None)
    if below is not None:
        thighs = [bones[0] for part, bones in shown.items() if part.name.endswith("leg")]
        skirt = _distance(tuple(thighs), joints, body_px, shape, False)
        skirt = np.where(below < -_NEAR_HEM, _SKIRT_FIRST * skirt, skirt)
        far[BODY] = np.minimum(far[BODY], np.where(below < _NEAR_HEM, skirt, np.inf))
        shown[BODY] = (*shown[BODY], *thighs)
    belongs = _belonging(photo, mask, list(far.values()))
    colour = _without_fringe(photo, mask)
    cut = {}
    for number, (part, bones) in enumerate(shown.items()):
        own = belongs == number
        if part is not BODY and _hidden(bones, own, joints, body_px):
            continue
        goes_on = _trunk(joints, body_px, shape) if part is BODY else far[part] < _HULL
        in_front = belongs > max(number, list(shown).index(BODY) - 1)
        under = goes_on & in_front & ~own & (mask > 127)
        cover = cv2.GaussianBlur((own | under).astype(np.float32), (0, 0), _SOFT_PX)
        if part is not BODY:
            cover = np.maximum(cover, _cap(bones[0], joints, body_px, shape))
        filled, cover = _filled(colour, own, under, mask), cover * mask
        if part is BODY:
            cut[part.name] = [_part(part.name, filled, cover, bones, joints, body_px)]
            continue
        cut[part.name] = [
            _part(f"{part.name}_{index}", filled, share * cover, (bone,), joints, body_px)
            for index, (bone, share) in enumerate(
                zip(bones, _of_bones(bones, cover, joints, body_px), strict=True), start=1
            )
        ]
    return cut


def _of_bones(
    bones: tuple[Bone, ...], cover: FloatArray, joints: FloatArray, body_px: float
) -> list[FloatArray]:
    """Which pixels of a limb move with each bone, 0..1; around joints, both bones have them.

    `cover` is the limb's coverage, float32 `(H, W)` in 0..255.
    """
    shape = cover.shape
    far = np.stack([_distance((bone,), joints, body_px, shape, False) for bone in bones])
    nearest = far.argmin(axis=0)
    shares = [(nearest == number).astype(np.float32) for number in range(len(bones))]
    thick = cv2.distanceTransform((cover > 127).astype(np.uint8), cv2.DIST_L2, 5)
    for number, (before, after) in enumerate(pairwise(bones)):
        joint = joints[after.start, :2]
        x, y = (int(v) for v in joint.clip(0, np.array(shape[::-1]) - 1))
        usual = min(before.width, after.width) * body_px
        radius = float(np.clip(_ROUND * thick[y, x], 0.6 * usual, 1.6 * usual))
        disc = np.clip((radius - to_segment(joint, joint, shape)) / (0.3 * radius), 0, 1)
        for each in (number, number + 1):
            shares[each] = np.maximum(shares[each], disc)
    return [np.asarray(cv2.GaussianBlur(share, (0, 0), _SOFT_PX), np.float32) for share in shares]


def _belonging(photo: Frame, mask: Frame, far: list[FloatArray]) -> NDArray[np.int32]:
    """The number of the part that each pixel of the person belongs to, `(H, W)`; otherwise -1.

    What lies near the bones of one part alone is certain; between, the photo's edges decide, by
    flooding (Meyer, "Color image segmentation", 1992).
    """
    stack = np.stack(far)
    order = np.sort(stack, axis=0)
    nearest = stack.argmin(axis=0).astype(np.int32)
    alone = order[1] - order[0] if len(far) > 1 else np.full_like(order[0], np.inf)
    certain = (alone > _ALONE) & ((order[0] < _CLOSE) | (alone > 2 * _ALONE))
    markers = np.where(certain, nearest + 1, 0).astype(np.int32)
    markers[mask <= 127] = len(far) + 1
    smooth = cv2.bilateralFilter(np.ascontiguousarray(photo), 5, 30, 3)
    belongs = cv2.watershed(smooth, markers.copy())
    lines = (belongs <= 0) | (belongs > len(far))
    belongs = np.where(lines & (mask > 0), nearest, belongs - 1)
    return np.where(mask > 0, belongs, -1).astype(np.int32)


def _seen_bones(part: Part, joints: FloatArray) -> tuple[Bone, ...]:
    """The first bones of a chain up to one whose end is not seen."""
    seen: list[Bone] = []
    for bone in part.bones:
        if min(joints[bone.start, 2], joints[bone.end, 2]) < USABLE:
            break
        seen.append(bone)
    return tuple(seen)


def _distance(
    bones: tuple[Bone, ...],
    joints: FloatArray,
    body_px: float,
    shape: tuple[int, ...],
    is_body: bool,
) -> FloatArray:
    """How far pixels lie from a part, in its bones' widths, float32 `(H, W)`."""
    far = np.full(shape, np.inf, np.float32)
    for number, bone in enumerate(bones):
        inside = _INSIDE if is_body and number == 0 else 0.0
        for a, b in bone.lines:
            if min(joints[a, 2], joints[b, 2]) >= USABLE:
                along = to_segment(joints[a, :2], joints[b, :2], shape)
                np.minimum(far, along / (bone.width * body_px) + inside, out=far)
    return far


def to_segment(a: FloatArray, b: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """The distance of each pixel from a line between two points, pixels, float32 `(H, W)`."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    x, y = x.astype(np.float32) + np.float32(0.5), y.astype(np.float32) + np.float32(0.5)
    dx, dy = (b - a).astype(np.float32)
    along = ((x - a[0]) * dx + (y - a[1]) * dy) / max(float(dx * dx + dy * dy), 1e-3)
    along = np.clip(along, 0, 1)
    return np.asarray(np.hypot(x - a[0] - along * dx, y - a[1] - along * dy), np.float32)


def _trunk(joints: FloatArray, body_px: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """What lies between the shoulders and the hips, but not at them, bool `(H, W)`."""
    names = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")
    corners = joints[[INDEX[name] for name in names]]
    inside = np.zeros(shape, np.uint8)
    if (corners[:, 2] >= USABLE).all():
        cv2.fillConvexPoly(inside, cv2.convexHull(corners[:, :2].round().astype(np.int32)), (1,))
        for corner in corners[:2, :2]:  # there, an arm is attached
            inside[to_segment(corner, corner, shape) < _SHOULDER * body_px] = 0
    return inside > 0


def _cap(bone: Bone, joints: FloatArray, body_px: float, shape: tuple[int, ...]) -> FloatArray:
    """The round end with which a part is attached, 0..1."""
    joint = joints[bone.start, :2]
    radius = _CAP * bone.width * body_px
    away = to_segment(joint, joint, shape)
    return np.clip((radius - away) / (0.25 * radius), 0, 1)


def _hidden(
    bones: tuple[Bone, ...], own: NDArray[np.bool_], joints: FloatArray, body_px: float
) -> bool:
    """Whether a limb has far fewer pixels than it should."""
    length = sum(np.linalg.norm(joints[b.end, :2] - joints[b.start, :2]) for b in bones)
    return float(own.sum()) < _FEWEST * 2 * bones[0].width * body_px * float(length)


def _below_hem(
    mask: Frame, joints: FloatArray, body_px: float, arms: FloatArray | None
) -> FloatArray | None:
    """How far pixels lie below the hem of a skirt, in thighs, `(H, W)`; None without a skirt.

    A skirt covers the gap between the thighs, and suddenly ends.

    Args:
        mask: 255 on the person.
        joints: keypoints.
        body_px: the person's height in pixels.
        arms: how far pixels lie from the arms, in widths.
    """
    points = [joints[INDEX[f"{side}_{name}"]] for side in PALMS for name in ("hip", "knee")]
    if min(point[2] for point in points) < USABLE:
        return None
    hips, knees = (np.stack(points[i::2])[:, :2].mean(axis=0) for i in (0, 1))
    down = knees - hips
    across = np.array([-down[1], down[0]]) / max(float(np.linalg.norm(down)), 1e-3)
    shares = np.arange(_FROM, 1.6, 0.05)
    beside = np.linspace(-_WIDE, _WIDE, 121) * body_px
    place = hips + shares[:, None, None] * down + beside[:, None] * across
    x, y = np.moveaxis(place.astype(int), -1, 0)
    inside = (x >= 0) & (x < mask.shape[1]) & (y >= 0) & (y < mask.shape[0])
    x, y = x.clip(0, mask.shape[1] - 1), y.clip(0, mask.shape[0] - 1)
    person = inside & (mask[y, x] > 127)
    if arms is not None:
        person &= arms[y, x] > 1
    gap = np.abs(beside) < _GAP * body_px
    closed = person[:, gap].mean(axis=1) > _SOLID_GAP
    wide = person.sum(axis=1)
    for number in range(2, len(shares) - 4):
        if not closed[: number - 1].all():
            return None
        if shares[number] > _SHORTEST_SKIRT and wide[number + 2] < _ENDS * wide[number - 1]:
            hem = shares[number - 1 + int(np.argmin(np.diff(wide[number - 1 : number + 5])))]
            rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]] + 0.5
            along = (columns - hips[0]) * down[0] + (rows - hips[1]) * down[1]
            return np.asarray(along / max(float(down @ down), 1e-3) - hem, np.float32)
    return None


def _without_fringe(photo: Frame, mask: Frame) -> Frame:
    """The photo with the person's edge in the colours of the nearest pixels inside."""
    solid = mask >= _SOLID
    if not solid.any():
        return photo
    _, nearest = cv2.distanceTransformWithLabels(
        (~solid).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colours[nearest[solid]] = photo[solid]
    return np.where(solid[..., None], photo, colours[nearest])


def _filled(colour: Frame, own: NDArray[np.bool_], under: NDArray[np.bool_], mask: Frame) -> Frame:
    """Colours of a part in which what others hide is continued from around it."""
    if not under.any():
        return colour
    known = own & (mask > 127)
    rows, columns = (np.flatnonzero((under | known).any(axis=axis)) for axis in (1, 0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    unknown = np.where(known[box], 0, 255).astype(np.uint8)
    near = cv2.dilate(under[box].astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    hole = np.where(near, unknown, 0).astype(np.uint8)
    # What belongs to nobody here must not flow in.
    start = colour[box].copy()
    start[(unknown > 0) & ~near] = np.median(colour[known], axis=0) if known.any() else 0
    mended = cv2.inpaint(np.ascontiguousarray(start), hole, _FILL_PX, cv2.INPAINT_TELEA)
    filled = colour.copy()
    filled[box] = np.where(under[box][..., None], mended, colour[box])
    return filled


def _part(
    name: str,
    colour: Frame,
    cover: FloatArray,
    bones: tuple[Bone, ...],
    joints: FloatArray,
    body_px: float,
) -> CutPart:
    alpha = _without_scraps(np.round(cover).clip(0, 255).astype(np.uint8))
    rows, columns = (np.flatnonzero((alpha > 0).any(axis=axis)) for axis in (1, 0))
    ends = np.stack([joints[[bone.start, bone.end], :2] for bone in bones]).astype(np.float32)
    if not len(rows):
        return CutPart(name, np.zeros((1, 1, 4), np.uint8), 0, 0, bones, ends, body_px)
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    picture = premultiplied(colour[box], alpha[box])
    return CutPart(name, picture, int(columns[0]), int(rows[0]), bones, ends, body_px)


def _without_scraps(alpha: Frame) -> Frame:
    """Coverage without small pieces beside the largest one, which belong to other parts."""
    count, labels, figures, _ = cv2.connectedComponentsWithStats((alpha > 0).astype(np.uint8))
    if count < 3:  # the background is one
        return alpha
    areas = figures[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero(areas >= _SCRAP * areas.max())
    return np.where(np.isin(labels, kept), alpha, 0).astype(np.uint8)


def premultiplied(colour: Frame, alpha: Frame) -> Frame:
    """Premultiplied RGB and coverage, uint8 `(H, W, 4)`."""
    scaled = np.round(colour * (alpha[..., None] / np.float32(255)))
    return np.dstack([scaled, alpha]).astype(np.uint8)
