"""Finding the joints of a motion capture by the names that programs give them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Final

from dancenow.errors import InputError
from dancenow.mocap.bvh import Bvh
from dancenow.pose.layout import FINGERS, SIDES
from dancenow.reading import read_object

NEEDED: Final = (
    "head",
    *(f"{side}_{joint}" for side in SIDES
      for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")),
)  # fmt: skip
USED: Final = (
    *NEEDED,
    *(f"{side}_toe" for side in SIDES),
    *(f"{side}_{finger}_{part}" for side in SIDES for finger in FINGERS for part in range(1, 5)),
)

# Names in lower case, without separators.  The first that is present and not yet another joint
# counts.
_HEAD: Final = ("head", "chead", "skull", "skullbase", "spine006")  # the last is Rigify's
_SIDED: Final[dict[str, tuple[str, ...]]] = {
    # If there is an arm as well, a "shoulder" is the collar bone.
    "shoulder": ("upperarm", "uparm", "uarm", "shldr", "shldrbend", "arm", "shoulder"),
    "elbow": ("forearm", "forearmbend", "lowerarm", "lowarm", "loarm", "farm", "elbow"),
    "wrist": ("wrist", "hand"),
    # If there is a knee or shin as well, a "leg" is the thigh, otherwise the shin.
    "knee": ("knee", "shin", "calf", "lowerleg", "lowleg", "loleg", "tibia", "leg"),
    "hip": ("upleg", "upperleg", "thigh", "thighbend", "femur", "hip", "leg"),
    "ankle": ("ankle", "foot"),
    "toe": ("toebase", "toe", "toes", "toe0", "ball", "foot"),
}
_FINGER_WORDS: Final = {"middle": ("middle", "mid"), "little": ("pinky", "little", "pinkie")}
_PARTS: Final = (("proximal",), ("medial", "intermediate"), ("distal",), ("tip",))
_THUMB_PARTS: Final = (("metacarpal",), ("proximal",), ("distal",), ("tip",))
_BIPED_PARTS: Final = ("", "1", "2", "nub")
_MOST_NAMED: Final = 100  # joints that a message lists


def find_joints(bvh: Bvh, path: Path) -> dict[str, int]:
    """Indices of the joints by our names: those in `NEEDED`, and those in `USED` if present.

    The names of CMU's captures, Mixamo, Rokoko, Blender's Rigify, 3ds Max's Biped, DAZ, Unreal,
    SMPL and similar ones are known.  Of each finger, all joints are found or none.  A file
    `STEM.joints.json` beside the BVH file, which maps our names to the file's, takes precedence.

    Raises:
        InputError: a joint is not found.
    """
    plain: dict[str, int] = {}
    for number, name in enumerate(_without_prefix(bvh)):
        plain.setdefault(_plain(name), number)
    candidates = {"head": list(_HEAD)}
    for side in SIDES:
        for joint, words in _SIDED.items():
            candidates[f"{side}_{joint}"] = [name for word in words for name in _sided(side, word)]
    found: dict[str, int] = {}
    for joint, names in candidates.items():
        for name in names:
            if name in plain and plain[name] not in found.values():
                found[joint] = plain[name]
                break
    found |= _fingers(plain, "left") | _fingers(plain, "right")
    found |= _given(bvh, path)
    missing = [name for name in NEEDED if name not in found]
    if missing:
        known = [joint.name for joint in bvh.joints if joint.channels]
        listed = ", ".join(known[:_MOST_NAMED]) + (" ..." if len(known) > _MOST_NAMED else "")
        example = json.dumps({missing[0]: "NAME"})
        raise InputError(
            f"{path}: which joint is {', '.join(missing)}? The file has {listed}; write the "
            f"names into {joints_file(path).name} beside it, as in {example}."
        )
    return found


def _without_prefix(bvh: Bvh) -> list[str]:
    """Names without their common prefix, such as the character's name."""
    joints = [joint.name for joint in bvh.joints if joint.channels]
    prefix = os.path.commonprefix(joints)  # noqa: RUF071 - names, not paths
    if any(name[len(prefix) :][:1].isalnum() for name in joints):
        prefix = re.sub(r"[^\W_]*$", "", prefix)  # whole words only
    return [name.removeprefix(prefix) for name in bvh.names]


def _plain(name: str) -> str:
    """A joint's name in lower case, without namespace and separators."""
    bare = name.rsplit(":", 1)[-1]
    known = r"^(mixamorig\d*|(bip\d*|cc_base|j_bip|def|org|jnt)(?=[\W_]))"
    return re.sub(r"[^a-z0-9]", "", re.sub(known, "", bare, flags=re.IGNORECASE).lower())


def _sided(side: str, word: str) -> tuple[str, ...]:
    return f"{side}{word}", f"{side[0]}{word}", f"{word}{side}", f"{word}{side[0]}"


def _fingers(plain: dict[str, int], side: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, finger in enumerate(FINGERS):
        parts = {}
        for part in range(4):
            for candidate in _finger_names(plain, side, number, part):
                if candidate in plain:
                    parts[f"{side}_{finger}_{part + 1}"] = plain[candidate]
                    break
        if all(f"{side}_{finger}_{part}" in parts for part in (1, 2, 3)):
            found |= parts
    return found


def _finger_names(plain: dict[str, int], side: str, finger: int, part: int) -> list[str]:
    s = side[0]
    names = []
    for word in _FINGER_WORDS.get(FINGERS[finger], (FINGERS[finger],)):
        names += [f"{whose}{hand}{word}{part + 1}" for whose in (side, s) for hand in ("hand", "")]
        names += [f"{f}{word}0{part + 1}{s}" for f in ("f", "")]
        names += [f"{side}{word}{name}" for name in _parts(plain, f"{side}{word}", finger)[part]]
    numbered = f"{side}finger{finger + 1}"
    names += [f"{numbered}{name}" for name in _parts(plain, numbered, finger)[part]]
    return [*names, f"{s}finger{finger}{_BIPED_PARTS[part]}"]


def _parts(plain: dict[str, int], start: str, finger: int) -> tuple[tuple[str, ...], ...]:
    """Names of a finger's joints; a thumb begins with its metacarpal if that is captured."""
    return _THUMB_PARTS if finger == 0 and f"{start}metacarpal" in plain else _PARTS


def joints_file(path: Path) -> Path:
    """The file beside a motion capture that names its joints."""
    return path.with_name(f"{path.stem}.joints.json")


def _given(bvh: Bvh, path: Path) -> dict[str, int]:
    file = joints_file(path)
    try:
        if not file.is_file():
            return {}
    except OSError:  # the name is too long for any file
        return {}
    document = read_object(file, "is not a JSON object of joint names.")
    names = {str(ours): str(theirs) for ours, theirs in document.items()}
    for ours, theirs in names.items():
        if ours not in USED:
            raise InputError(f"{file}: {ours!r} is not one of {', '.join(NEEDED)}, left_toe, ...")
        if theirs not in bvh.names:
            raise InputError(f"{file}: {path.name} has no joint {theirs!r}.")
    return {ours: bvh.names.index(theirs) for ours, theirs in names.items()}
