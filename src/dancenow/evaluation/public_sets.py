"""Public sets as papers use them: their folders, and what others published on them.

None of these figures was computed as here; `why_not_alike` says how they differ, and is shown
wherever they are.  Only figures whose source was read are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dancenow.errors import InputError
from dancenow.reading import read_text
from dancenow.video.images import list_images, natural_key

_MOST_MOTIONS: Final = 60


@dataclass(frozen=True)
class PublicSet:
    """A public set.

    Attributes:
        name: what it is called.
        subject: what is learned of it, as in `Protocol.subject`.
        published: figures of others, by method; by the names of `Protocol.figures`.
        source: where they were published; "" if there are none.
        why_not_alike: how they were computed otherwise.
    """

    name: str
    subject: str
    published: Mapping[str, Mapping[str, float]]
    source: str
    why_not_alike: str


TIKTOK: Final = PublicSet(
    "TikTok dataset",
    "person",
    {},
    "",
    "papers give their networks the first frame of a clip, as DisCo does, and compare pictures of "
    "256 pixels on ten clips; here a person is learned from 80 % of a clip, and its room is known",
)
AIST: Final = PublicSet(
    "AIST++",
    "dance",
    {
        "Bailando": {
            "fid_k": 28.75, "fid_g": 11.82, "diversity_k": 6.41, "diversity_g": 6.13,
            "beat_alignment": 0.2244,
        },
        "Dance Revolution": {
            "fid_k": 64.01, "fid_g": 32.28, "diversity_k": 3.76, "diversity_g": 3.29,
            "beat_alignment": 0.2031,
        },
    },
    "OpenXRLab XRMoGen, docs/en/benchmark.md",
    "they measure joints in space of dances made to the test split's music; here features are of "
    "joints in the picture, in windows of four seconds, and beats are even ones",
)  # fmt: skip


def clips_of_set(folder: Path) -> tuple[PublicSet | None, list[Path]]:
    """What a folder of a public set holds; a clip or another folder is given back as it is.

    The TikTok dataset's folders (`00001/images/`) are a clip each.  Of AIST++ (`motions/*.pkl` and
    `splits/`), the motions of the training split without those on the ignore list are taken, at
    most 60, spread over the split.

    Raises:
        InputError: there is no such file, or the set is incomplete.
    """
    if not folder.exists():
        raise InputError(f"{folder}: no such file or folder.")
    if not folder.is_dir():
        return None, [folder]
    if (folder / "motions").is_dir():
        return AIST, _motions(folder)
    pictures = [each / "images" for each in folder.iterdir() if _holds_pictures(each / "images")]
    if pictures:
        return TIKTOK, sorted(pictures, key=lambda each: natural_key(each.parent))
    return None, [folder]


def _holds_pictures(folder: Path) -> bool:
    return folder.is_dir() and bool(list_images(folder))


def _motions(folder: Path) -> list[Path]:
    splits = folder / "splits"
    split = splits / "crossmodal_train.txt"
    if not split.is_file():
        raise InputError(f"{split}: is missing; AIST++ comes with it.")
    said = "is no list of names."
    ignored = folder / "ignore_list.txt"
    left_out = set(read_text(ignored, said).split()) if ignored.is_file() else set()
    named = [name for name in read_text(split, said).split() if name not in left_out]
    found = [folder / "motions" / f"{name}.pkl" for name in named]
    there = [path for path in found if path.is_file()]
    if not there:
        raise InputError(f"{folder}: has none of the motions that {split.name} names.")
    step = max(1, -(-len(there) // _MOST_MOTIONS))
    return there[::step]
