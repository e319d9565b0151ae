"""The skeleton: what forward kinematics must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from dancenow.sample import PERFORMERS
from dancenow.sample.kinematics import JOINTS, PARENTS, BodyPose, build_skeleton, forward_kinematics

SKELETONS = {name: build_skeleton(look.proportions) for name, look in PERFORMERS.items()}


@pytest.mark.parametrize("name", PERFORMERS)
def test_the_rest_pose_stands_on_the_floor_and_is_left_right_symmetric(name: str) -> None:
    skeleton = SKELETONS[name]
    placed = forward_kinematics(skeleton, BodyPose())
    assert np.allclose(placed.positions, skeleton.rest)
    assert skeleton.rest[:, 1].min() >= 0
    for i, joint in enumerate(JOINTS):
        if joint.startswith("left_"):
            right = skeleton.at(joint.replace("left_", "right_"))
            assert np.allclose(skeleton.rest[i] * (-1, 1, 1), right)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(PERFORMERS)))
def test_no_rotation_stretches_a_bone(seed: int, name: str) -> None:
    skeleton = SKELETONS[name]
    turns = Rotation.random(len(JOINTS), random_state=seed).as_matrix()
    placed = forward_kinematics(skeleton, BodyPose(rotations=turns))
    for j in range(1, len(JOINTS)):
        rest = np.linalg.norm(skeleton.rest[j] - skeleton.rest[PARENTS[j]])
        now = np.linalg.norm(placed.positions[j] - placed.positions[PARENTS[j]])
        assert now == pytest.approx(rest, abs=1e-9)


def test_a_joint_turns_all_that_hangs_on_it_and_nothing_else() -> None:
    skeleton = SKELETONS["mika"]
    turns = BodyPose().rotations.copy()
    turns[JOINTS.index("left_elbow")] = Rotation.from_euler("y", -90, degrees=True).as_matrix()
    placed = forward_kinematics(skeleton, BodyPose(rotations=turns))
    fore = skeleton.at("left_wrist")[0] - skeleton.at("left_elbow")[0]
    assert np.allclose(placed.at("left_wrist"), skeleton.at("left_elbow") + np.array([0, 0, fore]))
    assert np.allclose(placed.at("right_wrist"), skeleton.at("right_wrist"))
