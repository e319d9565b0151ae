"""What is shipped of the sample performers, so that nobody waits for it: clips, tracks, dancers.

`scripts/make_samples.py` makes all of it anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

CLIPS: Final = (
    ("zola", "house"),
    ("bo", "disco"),
    ("lin", "groove"),
    ("mika", "groove"),
    ("zola", "groove"),
)
"""Performer and dance of each shipped clip.  The last one is the truth of a transfer: Zola in the
dance of the one before."""

DANCERS: Final = ("zola", "bo")
"""The performers who are shipped trained, with the preset `fast`."""

MOVES: Final = (("mika", "house"), ("zola", "disco"), ("bo", "groove"), ("lin", "wave"))
"""Performer and dance of the motion that the shipped choreographer has learned, each dance a style
of its own."""

PX: Final = 512
"""Width and height of the clips, in pixels."""

FPS: Final = 25.0
"""Frames a second of the clips."""

SECONDS: Final = 8.0
"""Length of each clip."""

FOLDER: Final = Path(__file__).parent
"""Where everything lies: `clips/NAME-DANCE.mp4`, the same with `.pose.npz`, `dancers/NAME/` and
`moves/`."""


def shipped_clip(performer: str, dance: str) -> Path | None:
    """A shipped clip of a sample performer, with a click track as its sound.

    Args:
        performer: a name in `PERFORMERS`.
        dance: a name in `DANCES`.

    Returns:
        An MP4 of `SECONDS` at `FPS`, `PX` pixels square: what `render_sample` draws with `seed` 0,
        compressed.  None if no such clip is shipped.
    """
    return _there(clip_path(FOLDER, performer, dance))


def shipped_track(performer: str, dance: str) -> Path | None:
    """The true poses in a shipped clip, with their depth.

    Args:
        performer: a name in `PERFORMERS`.
        dance: a name in `DANCES`.

    Returns:
        A track (see `PoseTrack`), a pose for each of the clip's frames, exact to 1/128 pixel; None
        if no such clip is shipped.
    """
    return _there(track_path(FOLDER, performer, dance))


def shipped_dancer(performer: str) -> Path | None:
    """A sample performer who is already trained.

    Args:
        performer: a name in `PERFORMERS`.

    Returns:
        A folder for `Performer.load`, of which only copies are to be changed.  None if the
        performer is not shipped trained.
    """
    folder = dancer_path(FOLDER, performer)
    return folder if _there(folder / "config.json") else None


def shipped_moves() -> Path | None:
    """A choreographer who has learned `MOVES`.

    Returns:
        A folder for `Choreographer.load`, of which only copies are to be changed; None if it is
        not there.
    """
    folder = moves_path(FOLDER)
    return folder if _there(folder / "config.json") else None


def moves_path(folder: Path) -> Path:
    """Where the trained choreographer lies in a folder such as `FOLDER`."""
    return folder / "moves"


def clip_path(folder: Path, performer: str, dance: str) -> Path:
    """Where a clip lies in a folder such as `FOLDER`."""
    return folder / "clips" / f"{performer}-{dance}.mp4"


def track_path(folder: Path, performer: str, dance: str) -> Path:
    """Where a clip's true track lies in a folder such as `FOLDER`."""
    return clip_path(folder, performer, dance).with_suffix(".pose.npz")


def dancer_path(folder: Path, performer: str) -> Path:
    """Where a trained performer lies in a folder such as `FOLDER`."""
    return folder / "dancers" / performer


def _there(path: Path) -> Path | None:
    return path if path.is_file() else None
