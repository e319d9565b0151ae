"""A wish, written down as the request of a job: files, options, and what the user calls them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from dancenow.cache import cache_dir
from dancenow.errors import InputError
from dancenow.sample import DANCES, PERFORMERS
from dancenow.studio.config import StudioConfig
from dancenow.studio.library import Entry
from dancenow.studio.uploads import Upload, Uploads

SAMPLES: Final = {"zola": "house", "bo": "disco", "lin": "groove", "mika": "groove"}
SAMPLE_DANCES: Final = (("mika", "house"), ("zola", "disco"), ("bo", "groove"), ("lin", "house"))


class Order:
    """The request of one job, as it grows.

    Args:
        config: how the studio is set up.
        uploads: those of the owner.

    Attributes:
        uses: ids of the uploads that it needs.
        names: what the user calls the files that messages may mention, by path.
    """

    def __init__(self, config: StudioConfig, uploads: Uploads) -> None:
        self._config, self._uploads = config, uploads
        self.uses: list[str] = []
        self.names: dict[str, str] = {}

    def upload(self, ref: str) -> Upload:
        """An upload by its id, or by "upload:ID".

        Raises:
            InputError: it is gone.
        """
        upload = self._uploads.get(ref.removeprefix("upload:"))
        if upload is None:
            raise InputError("a file that you brought is not here any more; bring it again.")
        self.uses.append(upload.id)
        self.names[str(upload.file)] = upload.name
        return upload

    def material(self, ref: str) -> dict[str, Any]:
        """A clip by its ref.

        Raises:
            InputError: there is none.
        """
        if ref.startswith("upload:"):
            return {"path": str(self.upload(ref).file), "sample": None}
        performer, _, dance = ref.removeprefix("sample:").partition("/")
        return self._sample(performer, dance, self._config.sizes.sample_seconds)

    def person(self, person: Entry, minutes: float) -> dict[str, Any]:
        """What a job must know to learn a person, or to go on.

        Raises:
            InputError: it is not learned, and there is nothing to learn it from.
        """
        self.names[str(person.trained)] = person.name
        material = None
        if person.sample:
            seconds = self._config.sizes.learned_seconds
            material = self._sample(person.sample, SAMPLES[person.sample], seconds)
        elif clips := person.clips:
            self.names[str(clips[0])] = person.clip
            material = {"path": str(clips[0]), "sample": None}
        elif not person.ready:
            raise InputError(f"{person.name}: cannot be learned, its clip is gone; delete it.")
        how = self._how(self._config.sizes.preset, minutes)
        return {"folder": str(person.trained), "material": material, **how}

    def dance(self, dance: Entry, minutes: float) -> dict[str, Any]:
        """What a job must know to learn a dance, or to go on."""
        self.names[str(dance.trained)] = dance.name
        for number, clip in enumerate(dance.clips):
            self.names[str(clip)] = f"{dance.name}, clip {number + 1}"
        return {
            "folder": str(dance.trained),
            "clips": [str(clip) for clip in dance.clips],
            "samples": self._sample_dances() if dance.sample else [],
            "codec": dance.codec or "pose",
            **self._how(self._config.sizes.dance_preset, minutes),
        }

    def _sample(self, performer: str, dance: str, seconds: float) -> dict[str, Any]:
        if performer not in PERFORMERS or dance not in DANCES:
            raise InputError("there is no such sample performer; choose another.")
        sizes = self._config.sizes
        how = f"{seconds:g}s-{sizes.sample_px}px-{sizes.sample_fps:g}fps"
        path = cache_dir("studio") / f"{performer}-{dance}-{how}.mp4"
        self.names[str(path)] = f"{performer.capitalize()} dancing {dance}"
        sample = {
            "performer": performer,
            "dance": dance,
            "seconds": seconds,
            "size": sizes.sample_px,
            "fps": sizes.sample_fps,
        }
        return {"path": str(path), "sample": sample}

    def _sample_dances(self) -> list[dict[str, Any]]:
        seconds, fps = self._config.sizes.moves_seconds, self._config.sizes.sample_fps
        return [
            {
                "path": str(
                    cache_dir("studio") / f"{performer}-{dance}-{seconds:g}s-{fps:g}fps.npz"
                ),
                "performer": performer,
                "dance": dance,
                "seconds": seconds,
                "fps": fps,
            }
            for performer, dance in SAMPLE_DANCES
        ]

    def _how(self, preset: str, minutes: float) -> dict[str, Any]:
        pace = self._config.sizes.steps_a_minute
        return {
            "preset": preset,
            "minutes": minutes if pace is None else None,
            "steps": None if pace is None else round(pace * minutes),
            "device": self._config.device,
            "seed": self._config.seed,
        }


def told(names: dict[str, str], line: str) -> str:
    """A line with the user's names in place of files'."""
    for path in sorted(names, key=len, reverse=True):
        line = line.replace(path, names[path])
    for path, name in names.items():
        if Path(path).suffix:  # files have names of their own; folders are all called alike
            line = line.replace(Path(path).name, name)
    return line
