"""Forgetting somebody: all that was learned of a person or a dance, wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dancenow import consent
from dancenow.cache import cache_root, concerned, entries, forget
from dancenow.choreographer import is_choreographer
from dancenow.detector import is_detector
from dancenow.errors import InputError, OutputError, counted
from dancenow.files import finished_name, remove, size_of
from dancenow.hashing import content_hash
from dancenow.model_files import is_model_file
from dancenow.performer import is_performer
from dancenow.processes import try_lock
from dancenow.reading import read_object
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.training.session import CHECKPOINT, LOCK, MARKER, contents_of

_OURS = frozenset((CHECKPOINT, "previews", "logs", "index.html", consent.FILE))


@dataclass(frozen=True)
class Forgotten:
    """What was removed.

    Attributes:
        what: the folder or the clip.
        removed: everything that is gone, from the cache, too.
        bytes: how much that was.
        left: files in the folder that are not ours, and stay.
        looked_at: how many entries of the cache were looked at afterwards; none is of this person.
    """

    what: Path
    removed: tuple[Path, ...]
    bytes: int
    left: tuple[Path, ...]
    looked_at: int

    def summary(self) -> str:
        """A few lines for the user."""
        others = f"none of the {self.looked_at:,} others that the cache holds is of it"
        lines = [
            f"{self.what}: forgotten; {counted(len(self.removed), 'thing')} "
            f"({self.bytes / 1e6:,.1f} MB) are removed, and {others}"
        ]
        if not self.removed:
            lines = [
                f"{self.what}: the cache holds nothing of it. A folder of pictures that has "
                "changed is another one; what was learned with -o is forgotten by its folder."
            ]
        lines += [f"  stays, since it is not ours: {path}" for path in self.left]
        return "\n".join(lines)


def forget_person(what: str | Path) -> Forgotten:
    """Remove everything that was learned of somebody, and everything the cache holds of them.

    Videos that were made stay, and so does the clip: these are the user's.

    Args:
        what: the folder of a performer, a choreographer or a detector, finished or not; or a clip,
            of which the cache is to hold nothing more.

    Raises:
        InputError: it is neither.
        OutputError: something cannot be removed.
    """
    what = Path(what)
    if not what.exists():
        raise InputError(f"{what}: no such folder or clip.")
    learned = what.is_dir() and _is_learned(what)
    if what.is_dir() and not learned and not any(what.iterdir()):
        raise InputError(f"{what}: is empty; give the folder of a performer, or a clip.")
    contents = _contents(what) if learned else _contents_of_clip(what)
    mirrored = [folder for folder in _mirrored() if not contents.isdisjoint(_contents(folder))]
    found = concerned(contents)
    for entry in found:
        if entry.is_in_work:
            raise InputError(f"{what}: another process is at work on it; stop it first.")
    folders = [*([what] if learned else []), *mirrored, *(entry.path for entry in found)]
    with ExitStack() as alone:
        for folder in folders:
            alone.enter_context(_alone(folder))
        kept = {entry.path: size_of(entry.path) for entry in entries()}
        removed = forget(contents)  # first: the folder tells what to look for
        freed = sum(kept.get(path, 0) for path in removed)
        looked_at = list(entries())
        if any(not contents.isdisjoint(entry.of) for entry in looked_at):
            raise OutputError(f"{what}: something of it is still in the cache; try again.")
        for path in sorted(what.iterdir()) if learned and what.is_dir() else ():
            if _is_ours(finished_name(path.name) or path.name):
                freed += size_of(path)
                remove(path)
                if path.exists():
                    raise OutputError(f"{path}: cannot be removed; it may be in use.")
                removed.append(path)
        for folder in mirrored:
            freed += size_of(folder)
            remove(folder)
            removed.append(folder)
    left: tuple[Path, ...] = ()
    if learned and what.is_dir():
        left = tuple(sorted(what.iterdir()))
        if not left:
            what.rmdir()
    return Forgotten(what, tuple(removed), freed, left, len(looked_at))


def _is_ours(name: str) -> bool:
    return name in _OURS or is_model_file(name)


def _mirrored() -> Iterator[Path]:
    """Whoever was learned, and whatever dance, by batches whose folder lies elsewhere."""
    for folder in (cache_root() / "mirrors").glob("*/*/*"):
        if folder.parent.name in ("people", "dances") and folder.is_dir() and _is_learned(folder):
            yield folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let nobody train in a folder meanwhile, who would write the person again."""
    checkpoint = folder / CHECKPOINT
    release = try_lock(checkpoint / LOCK) if checkpoint.is_dir() else lambda: None
    if release is None:
        raise InputError(f"{folder}: another process is training in it; stop it first.")
    try:
        yield
    finally:
        release()


def _is_learned(folder: Path) -> bool:
    """Whether something was learned, or begun to be, in a folder."""
    begun = (folder / CHECKPOINT / MARKER).is_file()
    return begun or is_performer(folder) or is_choreographer(folder) or is_detector(folder)


def _contents_of_clip(clip: Path) -> set[str]:
    """A clip, or a folder of pictures, or of the authors' data, which is known by its parts."""
    parts = [each for each in clip.iterdir() if each.is_dir()] if is_authors_folder(clip) else []
    return {content_hash(each) for each in (clip, *parts)}


def _contents(folder: Path) -> set[str]:
    """What something was learned from, as far as its files tell; and itself."""
    found = {content_hash(folder), *contents_of(folder)}
    try:
        figures = read_object(folder / "config.json", "").get("training")
    except InputError:
        return found
    learned = figures.get("learned") if isinstance(figures, dict) else None
    if isinstance(learned, dict) and "clip" in learned:  # older versions' markers do not tell
        found.add(str(learned["clip"]))
    contents = figures.get("contents") if isinstance(figures, dict) else None
    return found.union(map(str, contents)) if isinstance(contents, list) else found
