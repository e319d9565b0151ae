"""Public sets as papers use them: their folders, and what papers published on them.

None of these figures was computed as here; `why_not_alike` says how they differ, and is shown
wherever they are.
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
        published: figures of papers, by method; by the names of `Protocol.figures`.
        source: where they were published.
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
    {
        "DisCo": {"whole.psnr": 29.03, "whole.ssim": 0.668},
        "MagicAnimate": {"whole.psnr": 29.16, "whole.ssim": 0.714},
        "Animate Anyone": {"whole.psnr": 29.56, "whole.ssim": 0.718},
    },
    "Xu et al., MagicAnimate, CVPR 2024, table 1; Hu, Animate Anyone, CVPR 2024",
    "they see one photo of a person, on ten chosen clips, and compare pictures of 256 or 512 "
    "pixels, their PSNR by code that is known to count too high; here a person is learned from "
    "80 % of a clip, and the room of the clip is given",
)
AIST: Final = PublicSet(
    "AIST++",
    "dance",
    {
        "the real dances": {"fid_k": 17.10, "fid_g": 10.60, "beat_alignment": 0.2374},
        "FACT": {"fid_k": 35.35, "fid_g": 22.11, "beat_alignment": 0.2209},
        "Bailando": {"fid_k": 28.16, "fid_g": 9.62, "beat_alignment": 0.2332},
    },
    "Siyao et al., Bailando, CVPR 2022, table 1",
    "they measure joints in space of dances made to the test split's music, whose features are "
    "not those here (joints in the picture, in windows of four seconds), and beats by another "
    "formula; EDGE (Tseng et al., CVPR 2023, section 5) shows that FID says little of a dance",
)


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
