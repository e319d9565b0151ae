"""Which joint of a motion capture is which: hierarchies of the CMU, Mixamo and Rokoko kinds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from dancenow.errors import InputError
from dancenow.mocap.bvh import Bvh

SIDES: Final = ("left", "right")
FINGERS: Final = ("thumb", "index", "middle", "ring", "little")
NEEDED: Final = (
    "hips", "neck", "head",
    *(f"{side}_{joint}" for side in SIDES
      for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")),
)  # fmt: skip

# Names as they are written, without case, blanks and what separates words; for a side "l" stands
# for left.  The first that is there counts.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "hips": ("hips", "hip", "pelvis", "root"),
    "neck": ("neck", "neck1", "lowerneck"),
    "head": ("head",),
}
_SIDED: Final[dict[str, tuple[str, ...]]] = {
    # Where a shoulder stands beside an arm, it is the collar bone.
    "shoulder": ("arm", "upperarm", "uparm", "shldr", "shoulder"),
    "elbow": ("forearm", "lowerarm", "loarm", "elbow"),
    "wrist": ("hand", "wrist"),
    "hip": ("upleg", "thigh", "upperleg", "hip", "femur"),
    "knee": ("leg", "shin", "calf", "lowerleg", "loleg", "knee", "tibia"),
    "ankle": ("foot", "ankle"),
    "toe": ("toebase", "toe", "toes", "ball"),
}
_FINGER_WORDS: Final = {"little": ("pinky", "little", "pinkie"), "thumb": ("thumb",)}
_NUMBERED: Final = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "little": 5}
_PARTS: Final = ("proximal", "medial", "distal", "tip")


def find_joints(bvh: Bvh, path: Path) -> dict[str, int]:
    """Numbers of the joints by our names: those of `NEEDED`, and toes and fingers if there are.

    A file `STEM.joints.json` beside the BVH file, with names of ours and of the file's, decides
    where it is there.

    Raises:
        InputError: a joint is not found.
    """
    plain = {_plain(name): number for number, name in reversed(list(enumerate(bvh.names)))}
    found = {
        name: plain[candidate]
        for name, candidates in _NAMES.items()
        for candidate in reversed(candidates)
        if candidate in plain
    }
    for side in SIDES:
        for joint, words in _SIDED.items():
            for word in reversed(words):
                for candidate in (f"{side}{word}", f"{side[0]}{word}", f"{word}{side[0]}"):
                    if candidate in plain:
                        found[f"{side}_{joint}"] = plain[candidate]
        found |= _fingers(plain, side)
    found |= _given(bvh, path)
    missing = [name for name in NEEDED if name not in found]
    if missing:
        known = ", ".join(name for name in bvh.names if not name.endswith("_end"))
        example = json.dumps({missing[0]: "NAME"})
        raise InputError(
            f"{path}: which joint is {', '.join(missing)}? The file has {known}; write their "
            f"names into {_sidecar(path).name} beside it, as {example}."
        )
    return found


def _plain(name: str) -> str:
    """A joint's name without case, name space and separators."""
    bare = name.rsplit(":", 1)[-1]
    bare = re.sub(r"^(mixamorig\d*|bip0?1|cc_base|def|jnt)[_\s-]*", "", bare, flags=re.IGNORECASE)
    return re.sub(r"[^a-z0-9]", "", bare.lower())


def _fingers(plain: dict[str, int], side: str) -> dict[str, int]:
    found = {}
    for finger in FINGERS:
        words = _FINGER_WORDS.get(finger, (finger,))
        for part in range(1, 5):
            candidates = [f"{s}hand{word}{part}" for s in (side, side[0]) for word in words]
            candidates += [f"{s}{word}{part}" for s in (side, side[0]) for word in words]
            candidates.append(f"{side}finger{_NUMBERED[finger]}{_PARTS[part - 1]}")
            for candidate in candidates:
                if candidate in plain:
                    found[f"{side}_{finger}_{part}"] = plain[candidate]
                    break
    return found


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.stem}.joints.json")


def _given(bvh: Bvh, path: Path) -> dict[str, int]:
    file = _sidecar(path)
    if not file.is_file():
        return {}
    try:
        names = {str(k): str(v) for k, v in json.loads(file.read_text("utf-8")).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{file}: is no JSON object of joints' names.") from error
    unknown = [name for name in names.values() if name not in bvh.names]
    if unknown:
        raise InputError(f"{file}: {path.name} has no joint {unknown[0]!r}.")
    return {name: bvh.names.index(theirs) for name, theirs in names.items()}
