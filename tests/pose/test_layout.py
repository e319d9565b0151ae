"""The keypoint tables fit together."""

from __future__ import annotations

from dancenow.pose import layout


def test_there_are_137_keypoints_with_names_of_their_own() -> None:
    assert layout.NUM_KEYPOINTS == 137
    assert len(set(layout.KEYPOINT_NAMES)) == 137
    assert [layout.INDEX[name] for name in layout.KEYPOINT_NAMES] == list(range(137))


def test_the_parts_cover_the_layout_in_openposes_order() -> None:
    parts = (layout.BODY, layout.FACE, layout.LEFT_HAND, layout.RIGHT_HAND)
    assert [part.stop - part.start for part in parts] == [25, 70, 21, 21]
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(137))
    assert layout.KEYPOINT_NAMES[8] == "mid_hip"
    assert layout.KEYPOINT_NAMES[24] == "right_heel"


def test_limbs_join_two_keypoints_and_each_has_a_colour() -> None:
    assert len(layout.LIMBS) == len(layout.LIMB_COLOURS) == len(set(layout.LIMBS))
    assert all(0 <= a < 137 and 0 <= b < 137 and a != b for a, b in layout.LIMBS)
    assert all(0 <= channel <= 255 for colour in layout.LIMB_COLOURS for channel in colour)


def test_body_limbs_have_a_colour_each_and_the_body_hangs_together() -> None:
    assert len(set(layout.BODY_COLOURS)) == len(layout.BODY_LIMBS)
    reached = {layout.INDEX["neck"]}
    for _ in layout.BODY_LIMBS:
        reached |= {i for limb in layout.BODY_LIMBS if reached & set(limb) for i in limb}
    assert reached == set(range(layout.BODY.stop))


def test_hands_hang_together() -> None:
    for part, limbs in (
        (layout.LEFT_HAND, layout.LEFT_HAND_LIMBS),
        (layout.RIGHT_HAND, layout.RIGHT_HAND_LIMBS),
    ):
        assert {b for _, b in limbs} == set(range(part.start + 1, part.stop))


def test_mirroring_twice_is_nothing_and_swaps_left_and_right() -> None:
    assert [layout.MIRROR[j] for j in layout.MIRROR] == list(range(137))
    for i, name in enumerate(layout.KEYPOINT_NAMES):
        other = layout.KEYPOINT_NAMES[layout.MIRROR[i]]
        if name.startswith("left_"):
            assert other == name.replace("left_", "right_", 1)
        elif name.startswith("face_left_"):
            assert other.startswith(name.replace("left_", "right_", 1).rstrip("0123456789"))


def test_a_mirrored_limb_is_a_limb() -> None:
    limbs = {frozenset(limb) for limb in layout.LIMBS}
    assert {frozenset(layout.MIRROR[i] for i in limb) for limb in layout.LIMBS} == limbs


def test_every_keypoint_off_the_middle_has_a_partner() -> None:
    pairs = [(i, j) for i, j in enumerate(layout.MIRROR) if i < j]
    middle = {i for i in range(137) if layout.MIRROR[i] == i}
    assert {i for pair in pairs for i in pair} | middle == set(range(137))
    assert not any("left" in layout.KEYPOINT_NAMES[i] for i in middle)
