"""Builds the request of a job: the files, the options, and the names that the user knows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError
from dancenow.sample.shipped import CLIPS, shipped_clip, shipped_dancer, shipped_track
from dancenow.studio.config import StudioConfig
from dancenow.studio.library import LibraryEntry
from dancenow.studio.uploads import Upload, Uploads

SAMPLE_PERFORMERS: Final = {"zola": "house", "bo": "disco", "lin": "groove", "mika": "groove"}
"""Each sample performer with the dance that the page shows of them."""


class RequestBuilder:
    """Builds the request of one job, and notes what it refers to.

    Args:
        config: the studio's configuration.
        uploads: those of the owner.

    Attributes:
        uses: ids of the uploads that the job needs.
        names: the user's names for the files that messages may mention, by path.
    """

    def __init__(self, config: StudioConfig, uploads: Uploads) -> None:
        self._config, self._uploads = config, uploads
        self._workload = config.workload
        self.uses: list[str] = []
        self.names: dict[str, str] = {}

    def upload(self, ref: str) -> Upload:
        """An upload by its id, or by "upload:ID".

        Raises:
            InputError: it is gone.
        """
        upload = self._uploads.get(ref.removeprefix("upload:"))
        if upload is None:
            raise InputError("a file that you uploaded is gone; upload it again.")
        self.uses.append(upload.id)
        self.names[str(upload.file)] = upload.name
        return upload

    def clip(self, ref: str) -> str:
        """The file of a clip, by its ref.

        Raises:
            InputError: there is none.
        """
        if ref.startswith("upload:"):
            return str(self.upload(ref).file)
        performer, _, dance = ref.removeprefix("sample:").partition("/")
        return self._sample_clip(performer, dance)

    def poses(self, ref: str) -> str | None:
        """The file of a clip's poses, where they are known: mended ones, or a sample's true ones.

        Raises:
            InputError: there is no such clip.
        """
        if ref.startswith("upload:"):
            mended = self.upload(ref).mended
            return str(mended) if mended.is_file() else None
        performer, _, dance = ref.removeprefix("sample:").partition("/")
        track = shipped_track(performer, dance) if (performer, dance) in CLIPS else None
        return None if track is None else str(track)

    def person(self, person: LibraryEntry, minutes: float) -> dict[str, Any]:
        """What a job must know to train a person, or to continue.

        Raises:
            InputError: the person is not trained, and there is no clip to train from.
        """
        self.names[str(person.trained)] = person.name
        check_agreed(person)
        clip = None
        if person.sample:
            if shipped_dancer(person.sample) is None:
                clip = self._sample_clip(person.sample, SAMPLE_PERFORMERS[person.sample])
        elif clips := person.clips:
            self.names[str(clips[0])] = person.clip
            clip = str(clips[0])
        elif not person.ready:
            raise InputError(f"{person.name}: cannot be learned, the clip is gone; delete it.")
        training = self.training(minutes)
        return {
            "folder": str(person.trained),
            "material": clip,
            "who": person.who,
            "consent": None if person.sample else "yes",
            **training,
        }

    def dance(self, dance: LibraryEntry, minutes: float) -> dict[str, Any]:
        """What a job must know to train on a dance, or to continue."""
        self.names[str(dance.trained)] = dance.name
        for number, clip in enumerate(dance.clips):
            self.names[str(clip)] = f"{dance.name}, clip {number + 1}"
        return {
            "folder": str(dance.trained),
            "clips": [str(clip) for clip in dance.clips],
            "codec": dance.codec or "pose",
            **self.training(minutes, self._workload.dance_preset),
        }

    def _sample_clip(self, performer: str, dance: str) -> str:
        clip = shipped_clip(performer, dance) if (performer, dance) in CLIPS else None
        if clip is None:
            raise InputError("there is no such sample performer; choose another.")
        self.names[str(clip)] = title_of(performer, dance)
        return str(clip)

    def sample_motion(self, ref: str) -> Path:
        """The true poses in a sample performer's clip.

        Raises:
            InputError: there is no such sample.
        """
        poses = self.poses(ref)
        if poses is None:
            raise InputError("there is no such sample dance; choose another.")
        self.names[poses] = title_of(*ref.removeprefix("sample:").split("/", 1))
        return Path(poses)

    def training(self, minutes: float, preset: str = "") -> dict[str, Any]:
        """How long to train what, by default a performer."""
        steps = self._workload.steps_per_minute
        return {
            "preset": preset or self._workload.preset,
            "minutes": minutes if steps is None else None,
            "steps": None if steps is None else round(steps * minutes),
            "device": self._config.device,
            "seed": self._config.seed,
        }


def check_agreed(entry: LibraryEntry) -> None:
    """Raise `InputError` if nobody has confirmed that a person agreed to videos of them."""
    if not entry.may_dance:
        raise InputError(
            f"{entry.name}: nobody has confirmed that this person agreed; add them again."
        )


def title_of(performer: str, dance: str) -> str:
    """What a sample performer's clip is called on the page."""
    return f"{performer.capitalize()} dancing {dance}"


def with_user_names(line: str, names: dict[str, str]) -> str:
    """A line with the user's names in place of the paths in `names`, and options as plain words."""
    line = re.sub(
        r"`(\w+)(?:=([^`]*))?`", lambda found: " ".join(filter(None, found.groups())), line
    )
    for path in sorted(names, key=len, reverse=True):
        line = line.replace(path, names[path])
    for path, name in names.items():
        if Path(path).suffix:  # files have unique names; folders are all called "trained"
            line = line.replace(Path(path).name, name)
    return line
