"""Writing a moving skeleton as binary glTF 2.0, with a plain skinned figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pygltflib as gltf
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dancenow.files import write_bytes
from dancenow.mocap.bvh import Bvh

_METRES: Final = 0.01  # of the centimetres in a `Bvh`; glTF counts in metres
_SIDES: Final = 10  # of the prism around a bone
_THICK: Final = 0.14  # of a bone's length: half the width of its prism
_WIDEST: Final = 7.0  # centimetres, likewise
_THINNEST: Final = 2.0
_TRUNK: Final = {  # half the width and half the depth of what ends at a joint, in centimetres
    "Spine": (12.5, 9.0), "Spine1": (15.0, 10.0), "Neck": (10.0, 7.5), "HeadTop_End": (8.0, 9.5),
}  # fmt: skip
_COMPONENTS: Final = {
    "float32": gltf.FLOAT,
    "uint16": gltf.UNSIGNED_SHORT,
    "uint8": gltf.UNSIGNED_BYTE,
}
_SKIN: Final = (0.82, 0.62, 0.5, 1.0)  # RGBA, linear


def write_glb(motion: Bvh, path: str | Path) -> None:
    """Write a moving skeleton with a figure of prisms, one around each bone, atomically.

    Args:
        motion: a skeleton of the kind that `rig` makes; only its root has a place that changes.
        path: ends in .glb.
    """
    places, _ = motion.kinematics()
    rest = motion.rest() * _METRES
    raised = np.array([0, float(places[0, 0, 1]) * _METRES, 0])  # the rest pose stands on the floor
    document = gltf.GLTF2(asset=gltf.Asset(version="2.0", generator="DanceNow"))
    buffer = _Buffer(document)
    count = len(motion.joints)
    children: list[list[int]] = [[] for _ in range(count)]
    for number, joint in enumerate(motion.joints):
        if joint.parent >= 0:
            children[joint.parent].append(number)
    for number, joint in enumerate(motion.joints):
        offset = np.array(joint.offset) * _METRES + (raised if joint.parent < 0 else 0)
        document.nodes.append(
            gltf.Node(name=joint.name, translation=offset.tolist(), children=children[number])
        )
    inverse = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    inverse[:, 3, :3] = -rest - raised  # columns first, as glTF has them
    document.skins.append(
        gltf.Skin(inverseBindMatrices=buffer.add(inverse, gltf.MAT4), joints=list(range(count)))
    )
    document.meshes.append(gltf.Mesh(name="Figure", primitives=[_figure(motion, raised, buffer)]))
    document.materials.append(
        gltf.Material(
            name="Figure",
            pbrMetallicRoughness=gltf.PbrMetallicRoughness(
                baseColorFactor=list(_SKIN), metallicFactor=0.0, roughnessFactor=0.8
            ),
        )
    )
    document.nodes.append(gltf.Node(name="Figure", mesh=0, skin=0))
    document.animations.append(_animation(motion, buffer))
    document.scenes.append(gltf.Scene(nodes=[0, count]))
    document.scene = 0
    document.buffers.append(gltf.Buffer(byteLength=len(buffer.data)))
    document.set_binary_blob(bytes(buffer.data))
    write_bytes(Path(path), b"".join(document.save_to_bytes()))


class _Buffer:
    """The binary part of a document."""

    def __init__(self, document: gltf.GLTF2) -> None:
        self.document, self.data = document, bytearray()

    def add(self, values: NDArray[Any], kind: str, *, bounds: bool = False) -> int:
        """Append values, and return the number of their accessor."""
        views, accessors = self.document.bufferViews, self.document.accessors
        raw = values.tobytes()
        views.append(gltf.BufferView(buffer=0, byteOffset=len(self.data), byteLength=len(raw)))
        self.data += raw + bytes(-len(raw) % 4)
        table = values.reshape(len(values), -1)
        accessors.append(
            gltf.Accessor(
                bufferView=len(views) - 1,
                componentType=_COMPONENTS[values.dtype.name],
                count=len(values),
                type=kind,
                min=table.min(axis=0).tolist() if bounds else None,
                max=table.max(axis=0).tolist() if bounds else None,
            )
        )
        return len(accessors) - 1


def _figure(motion: Bvh, raised: NDArray[np.float64], buffer: _Buffer) -> gltf.Primitive:
    """A prism around each bone, which moves with the joint at its beginning."""
    rest = motion.rest()
    points: list[NDArray[np.float64]] = []
    normals: list[NDArray[np.float64]] = []
    joints: list[NDArray[np.int64]] = []
    faces: list[tuple[int, ...]] = []
    around = 2 * np.pi * np.arange(_SIDES) / _SIDES
    for number, joint in enumerate(motion.joints):
        start, end = rest[joint.parent], rest[number]
        length = float(np.linalg.norm(end - start))
        if joint.parent < 0 or length < 1e-6:
            continue
        along = (end - start) / length
        first = np.array([1.0, 0, 0]) if abs(along[0]) < 0.7 else np.array([0.0, 1, 0])
        first -= (first @ along) * along
        first /= np.linalg.norm(first)
        second = np.cross(along, first)
        out = np.cos(around)[:, None] * first + np.sin(around)[:, None] * second
        limb = float(np.clip(_THICK * length, _THINNEST, _WIDEST))
        wide, deep = _TRUNK.get(joint.name, (limb, limb))
        thick = wide * np.cos(around)[:, None] * first + deep * np.sin(around)[:, None] * second
        base = sum(len(ring) for ring in points)
        # Narrow at both ends, so that bent joints stay round.
        rings = [(0.0, 0.6), (0.15, 1.0), (0.85, 0.85), (1.0, 0.5)]
        for share, width in rings:
            points.append(start + share * length * along + width * thick)
            normals.append(out)
        joints.append(np.full(len(rings) * _SIDES, joint.parent))
        for below in range(len(rings) - 1):
            for side in range(_SIDES):
                a, b = (base + below * _SIDES + (side + k) % _SIDES for k in (0, 1))
                faces += [(a, b, a + _SIDES), (b, b + _SIDES, a + _SIDES)]
        for last, turn in ((0, -1), (len(rings) - 1, 1)):
            a = base + last * _SIDES
            faces += [(a, a + k, a + k + 1)[::turn] for k in range(1, _SIDES - 1)]
    places = np.concatenate(points) * _METRES + raised
    owner = np.concatenate(joints)
    of = np.zeros((len(owner), 4), np.uint8)
    of[:, 0] = owner
    weights = np.zeros((len(owner), 4), np.float32)
    weights[:, 0] = 1
    return gltf.Primitive(
        attributes=gltf.Attributes(
            POSITION=buffer.add(places.astype(np.float32), gltf.VEC3, bounds=True),
            NORMAL=buffer.add(np.concatenate(normals).astype(np.float32), gltf.VEC3),
            JOINTS_0=buffer.add(of, gltf.VEC4),
            WEIGHTS_0=buffer.add(weights, gltf.VEC4),
        ),
        indices=buffer.add(np.array(faces, np.uint16).reshape(-1), gltf.SCALAR),
        material=0,
    )


def _animation(motion: Bvh, buffer: _Buffer) -> gltf.Animation:
    """The rotations of all joints, and the root's place."""
    animation = gltf.Animation(name="Dance")
    moments = (np.arange(len(motion)) / motion.fps).astype(np.float32)
    times = buffer.add(moments, gltf.SCALAR, bounds=True)

    def channel(node: int, path: str, values: NDArray[np.float32], kind: str) -> None:
        animation.samplers.append(
            gltf.AnimationSampler(
                input=times, output=buffer.add(values, kind), interpolation="LINEAR"
            )
        )
        target = gltf.AnimationChannelTarget(node=node, path=path)
        animation.channels.append(
            gltf.AnimationChannel(sampler=len(animation.samplers) - 1, target=target)
        )

    start = 0
    for number, joint in enumerate(motion.joints):
        stop = start + len(joint.channels)
        named = dict(zip(joint.channels, motion.values[:, start:stop].T, strict=True))
        start = stop
        if "Xposition" in named:
            place = np.stack([named[f"{axis}position"] for axis in "XYZ"], axis=1) * _METRES
            channel(number, "translation", place.astype(np.float32), gltf.VEC3)
        turning = [name for name in joint.channels if name.endswith("rotation")]
        if turning:
            order = "".join(name[0] for name in turning)
            angles = np.stack([named[name] for name in turning], axis=1)
            turns = Rotation.from_euler(order, angles, degrees=True).as_quat()
            # The shorter way around from frame to frame.
            flips = np.cumprod(np.where((turns[1:] * turns[:-1]).sum(axis=1) < 0, -1, 1))
            turns[1:] *= flips[:, None]
            channel(number, "rotation", turns.astype(np.float32), gltf.VEC4)
    return animation
