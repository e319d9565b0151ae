"""Figures as skeletons: what BVH and GLB files say, and what Blender reads."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pygltflib
import pytest

from dancenow.errors import InputError
from dancenow.mocap import Bvh, Figure, figure_of, lift, read_bvh, rig, write_bvh, write_glb
from dancenow.pose.layout import SIDES
from motions import dancing

PLAIN = ("LeftArm", "RightForeArm", "LeftLeg", "RightFoot", "Head")
OURS = ("left_shoulder", "right_elbow", "left_knee", "right_ankle", "head")


@pytest.fixture(scope="module")
def figure() -> Figure:
    return lift(dancing(seconds=2))[0]


@pytest.fixture(scope="module")
def motion(figure: Figure) -> Bvh:
    return rig(figure)


def test_a_skeleton_moves_like_its_figure(figure: Figure, motion: Bvh) -> None:
    places, _ = motion.kinematics()
    for theirs, ours in zip(PLAIN, OURS, strict=True):
        apart = np.linalg.norm(places[:, motion.names.index(theirs)] / 170 - figure[ours], axis=-1)
        assert np.median(apart) < 0.03, theirs


def test_it_rests_in_a_t(motion: Bvh) -> None:
    rest = dict(zip(motion.names, motion.rest(), strict=True))
    for side, sign in (("Left", 1), ("Right", -1)):
        arm = rest[f"{side}Hand"] - rest[f"{side}Arm"]
        assert arm[0] * sign > 40 and np.abs(arm[1:]).max() < 1e-9
        leg = rest[f"{side}Foot"] - rest[f"{side}UpLeg"]
        assert leg[1] < -60 and np.abs(leg[::2]).max() < 1e-9
        assert rest[f"{side}Toe_End"][2] > rest[f"{side}Foot"][2]  # it looks along z
    assert rest["Head"][1] > rest["Neck"][1] > rest["Hips"][1]


def test_a_written_skeleton_is_the_same_body_again(
    figure: Figure, motion: Bvh, tmp_path: Path
) -> None:
    write_bvh(motion, tmp_path / "a.bvh")
    again = figure_of(read_bvh(tmp_path / "a.bvh"), tmp_path / "a.bvh")
    for side in SIDES:
        for joint in ("elbow", "wrist", "knee", "ankle"):
            one, other = (each[f"{side}_{joint}"] - each[f"{side}_hip"] for each in (figure, again))
            lengths = [np.linalg.norm(each, axis=-1) for each in (one, other)]
            assert lengths[0] == pytest.approx(lengths[1], rel=0.15)


def test_a_moment_is_no_motion(figure: Figure) -> None:
    parts = {
        name: {key: each[:2] for key, each in getattr(figure, name).items()}
        for name in ("places", "turns", "hands")
    }
    with pytest.raises(InputError, match="2 frames long"):
        rig(Figure(**parts, fps=figure.fps))


def test_a_glb_file_holds_the_motion(motion: Bvh, tmp_path: Path) -> None:
    write_glb(motion, tmp_path / "a.glb")
    document = pygltflib.GLTF2().load(tmp_path / "a.glb")
    assert document is not None
    names = [node.name for node in document.nodes]
    assert names == [*motion.names, "Figure"]
    (animation,) = document.animations
    moving = [(names[c.target.node], c.target.path) for c in animation.channels]
    assert ("Hips", "translation") in moving and ("LeftArm", "rotation") in moving
    times = document.accessors[animation.samplers[0].input]
    assert times.count == len(motion)
    assert times.max == pytest.approx([(len(motion) - 1) / motion.fps])
    height = document.accessors[document.meshes[0].primitives[0].attributes.POSITION]
    assert -0.1 < height.min[1] < 0.1 and 1.6 < height.max[1] < 1.9  # metres, on the floor


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="Blender is one Python's package only")
def test_blender_opens_both(motion: Bvh, tmp_path: Path) -> None:
    bpy = pytest.importorskip("bpy", reason="needs dancenow[blender], on Python 3.11")
    places, _ = motion.kinematics()
    for ending, write, unit in (("glb", write_glb, 0.01), ("bvh", write_bvh, 1.0)):
        write(motion, tmp_path / f"a.{ending}")
        bpy.ops.wm.read_factory_settings(use_empty=True)
        read = bpy.ops.import_scene.gltf if ending == "glb" else bpy.ops.import_anim.bvh
        read(filepath=str(tmp_path / f"a.{ending}"))
        (body,) = (each for each in bpy.data.objects if each.type == "ARMATURE")
        scene = bpy.context.scene
        for number in (0, 20, 39):
            moment = number / motion.fps * scene.render.fps if ending == "glb" else number + 1
            scene.frame_set(int(moment), subframe=moment % 1)
            for name in PLAIN:
                x, y, z = body.matrix_world @ body.pose.bones[name].head
                expected = places[number, motion.names.index(name)] * unit
                assert [x, z, -y] == pytest.approx(expected.tolist(), abs=0.02 * 170 * unit)
        for bone in body.data.bones:
            if bone.name in ("LeftForeArm", "RightForeArm"):  # the rest pose
                assert abs(bone.head_local.z - body.data.bones["LeftArm"].head_local.z) < 1.7 * unit
        skinned = [each for each in bpy.data.objects if each.type == "MESH" and each.modifiers]
        assert len(skinned) == (1 if ending == "glb" else 0)
