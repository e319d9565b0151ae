"""Joints are recognised under the names that programs give them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from captures import FINGER_KINDS, KINDS, capture, theirs

from dancenow.errors import InputError
from dancenow.mocap import Bvh, read_bvh, write_bvh
from dancenow.mocap.skeleton import NEEDED, find_joints

TOES = ("left_toe", "right_toe")
FINGER_JOINTS = [
    f"{side}_{finger}_{part}"
    for side in ("left", "right")
    for finger in ("thumb", "index", "middle", "ring", "little")
    for part in (1, 2, 3, 4)
]


def named(bvh: Bvh, found: dict[str, int]) -> dict[str, str]:
    return {ours: bvh.names[number] for ours, number in found.items()}


def renamed(bvh: Bvh, **names: str) -> Bvh:
    return replace(
        bvh, joints=tuple(replace(j, name=names.get(j.name, j.name)) for j in bvh.joints)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_joints_of_every_kind_are_found(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "dance.bvh"
    write_bvh(capture(kind), path)
    bvh = read_bvh(path)
    assert named(bvh, find_joints(bvh, path)) == {n: theirs(kind, n) for n in (*NEEDED, *TOES)}


@pytest.mark.parametrize("kind", FINGER_KINDS)
def test_the_fingers_of_every_kind_are_found(kind: str) -> None:
    bvh = capture(kind, fingers=4)
    found = named(bvh, find_joints(bvh, Path("dance.bvh")))
    assert {n: found.get(n) for n in FINGER_JOINTS} == {n: theirs(kind, n) for n in FINGER_JOINTS}


def test_a_finger_of_two_joints_is_no_finger() -> None:
    bvh = capture("mixamo", fingers=2)
    assert not set(find_joints(bvh, Path("dance.bvh"))) & set(FINGER_JOINTS)


def test_a_thumb_without_metacarpal_begins_with_its_proximal_joint() -> None:
    parts = {"Metacarpal": "Proximal", "Proximal": "Medial", "Distal": "Distal", "Tip": "Tip"}
    bvh = renamed(
        capture("rokoko", fingers=4),
        **{f"LeftFinger1{old}": f"LeftFinger1{new}" for old, new in parts.items()},
    )
    found = named(bvh, find_joints(bvh, Path("dance.bvh")))
    assert [found[f"left_thumb_{part}"] for part in (1, 2, 3, 4)] == [
        "LeftFinger1Proximal",
        "LeftFinger1Medial",
        "LeftFinger1Distal",
        "LeftFinger1Tip",
    ]


@pytest.mark.parametrize(
    ("arm", "elbow", "wrist"),
    [
        ("LShldr", "LForeArm", "LHand"),
        ("LUArm", "LFArm", "LHand"),  # OptiTrack
        ("ShoulderLeft", "ElbowLeft", "WristLeft"),  # Kinect
        ("LeftUpArm", "LeftLowArm", "LeftHand"),  # Biovision
        ("left_upper_arm", "left_lower_arm", "left_hand"),
        ("LEFTARM", "LEFTFOREARM", "LEFTHAND"),
        ("DEF-upper_arm.L", "DEF-forearm.L", "DEF-hand.L"),
        ("mixamorig5:LeftArm", "mixamorig_LeftForeArm", "mixamorigLeftHand"),
        ("CC_Base_L_Upperarm", "CC_Base_L_Forearm", "CC_Base_L_Hand"),
    ],
)
def test_arms_are_found_under_other_names(arm: str, elbow: str, wrist: str) -> None:
    bvh = renamed(capture("poser"), LeftShoulder=arm, LeftElbow=elbow, LeftWrist=wrist)
    found = named(bvh, find_joints(bvh, Path("dance.bvh")))
    assert (found["left_shoulder"], found["left_elbow"], found["left_wrist"]) == (arm, elbow, wrist)
    assert found["right_wrist"] == "RightWrist"


def test_a_hand_beyond_a_wrist_and_a_foot_beyond_an_ankle_are_not_these() -> None:
    bvh = capture("smpl", fingers=0)
    hand = replace(bvh.joints[-1], name="L_Hand", parent=bvh.names.index("L_Wrist"))
    found = named(bvh, find_joints(replace(bvh, joints=(*bvh.joints, hand)), Path("dance.bvh")))
    assert found["left_wrist"] == "L_Wrist"
    assert (found["left_ankle"], found["left_toe"]) == ("L_Ankle", "L_Foot")


def test_of_two_bodies_the_first_counts() -> None:
    one = capture()
    second = tuple(
        replace(j, parent=j.parent + len(one.joints) if j.parent >= 0 else -1) for j in one.joints
    )
    both = Bvh((*one.joints, *second), one.values.repeat(2, axis=1), one.fps)
    assert find_joints(both, Path("d.bvh")) == find_joints(one, Path("d.bvh"))


def test_what_is_not_found_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "dance.bvh"
    bvh = renamed(capture("poser"), LeftElbow="Tom", Head="Dick")
    with pytest.raises(InputError) as error:
        find_joints(bvh, path)
    known = ", ".join(joint.name for joint in bvh.joints if joint.channels)
    assert str(error.value) == (
        f"{path}: which joint is head, left_elbow? The file has {known}; write the names into "
        'dance.joints.json beside it, as in {"head": "NAME"}.'
    )
    assert known.startswith("Hips, Chest2, Neck, Dick, LeftCollar, LeftShoulder, Tom, LeftWrist, ")


def test_a_long_list_of_names_is_cut_short() -> None:
    bvh = capture("unknown")
    more = tuple(replace(bvh.joints[1], name=f"hair{n}") for n in range(200))
    many = Bvh((*bvh.joints, *more), np.zeros((1, 600 + 63)), bvh.fps)
    with pytest.raises(InputError, match=r", hair79 \.\.\.; write the names into d\.joints\.json"):
        find_joints(many, Path("d.bvh"))


def sidecar(folder: Path, text: str) -> Path:
    (folder / "dance.v2.joints.json").write_text(text)
    return folder / "dance.v2.bvh"


def test_a_file_beside_the_capture_says_which_joint_is_which(tmp_path: Path) -> None:
    names = {name: theirs("unknown", name) for name in (*NEEDED, *TOES)}
    bvh = capture("unknown")
    assert named(bvh, find_joints(bvh, sidecar(tmp_path, json.dumps(names)))) == names


def test_the_file_beside_the_capture_decides(tmp_path: Path) -> None:
    path = sidecar(tmp_path, '{"left_wrist": "LeftHandThumb1"}')
    bvh = renamed(capture("cmu"), LeftToeBase="LeftHandThumb1")
    assert named(bvh, find_joints(bvh, path))["left_wrist"] == "LeftHandThumb1"


def test_an_end_site_can_be_named(tmp_path: Path) -> None:
    bvh = capture("cmu")
    found = find_joints(bvh, sidecar(tmp_path, '{"left_toe": "LeftToeBase_end"}'))
    assert bvh.names[found["left_toe"]] == "LeftToeBase_end"


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"head": ', '"head"', "[" * 100_000])
def test_a_file_that_is_no_json_object_is_refused(text: str, tmp_path: Path) -> None:
    path = sidecar(tmp_path, text)
    with pytest.raises(InputError) as error:
        find_joints(capture(), path)
    assert str(error.value) == (
        f"{tmp_path / 'dance.v2.joints.json'}: is not a JSON object of joint names."
    )


def test_a_name_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    path = sidecar(tmp_path, '{"left_hipp": "mixamorig:LeftUpLeg"}')
    with pytest.raises(InputError) as error:
        find_joints(capture(), path)
    assert str(error.value) == (
        f"{tmp_path / 'dance.v2.joints.json'}: 'left_hipp' is not one of head, left_shoulder, "
        "left_elbow, left_wrist, left_hip, left_knee, left_ankle, right_shoulder, right_elbow, "
        "right_wrist, right_hip, right_knee, right_ankle, left_toe, ..."
    )


def test_a_name_that_the_capture_has_not_is_refused(tmp_path: Path) -> None:
    path = sidecar(tmp_path, '{"left_hip": "LeftUpLeg"}')
    with pytest.raises(InputError) as error:
        find_joints(capture(), path)
    assert str(error.value) == (
        f"{tmp_path / 'dance.v2.joints.json'}: dance.v2.bvh has no joint 'LeftUpLeg'."
    )
