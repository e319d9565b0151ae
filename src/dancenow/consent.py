"""Consent: who said that a learned person agreed to videos of them, when, and in which words."""

from __future__ import annotations

import getpass
import time
import warnings
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, StrictBool

from dancenow.errors import DanceNowWarning, InputError
from dancenow.files import write_text
from dancenow.reading import read_object, reading

FILE: Final = "consent.json"
TEXT: Final = "The person in this clip agreed to dance videos being made of them."
OF_SAMPLES: Final = "A sample performer, drawn by DanceNow; no real person."


class ConsentNeeded(InputError):
    """Somebody is to be learned, and nobody has said yet that they agreed."""


class Consent(BaseModel):
    """What was said; a file beside what was learned.

    Attributes:
        confirmed: the person agreed; of a sample performer, nobody had to.
        text: in these words.
        when: in UTC, as in ISO 8601.
        who: the user of the machine who said so; "" if older versions or a page asked.
    """

    model_config = ConfigDict(extra="ignore")

    confirmed: StrictBool
    text: str
    when: str
    who: str = ""

    @property
    def settled(self) -> bool:
        """Whether videos may be made of the person."""
        return self.confirmed or self.text == OF_SAMPLES


def record(folder: Path, text: str = TEXT, *, who: str | None = None) -> None:
    """Write down, beside what was learned, that the person agreed, or is drawn."""
    said = Consent(
        confirmed=text != OF_SAMPLES,
        text=text,
        when=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        who=_user() if who is None else who,
    )
    write_text(folder / FILE, said.model_dump_json(indent=1))


def consent_of(folder: Path) -> Consent | None:
    """What was said of whoever was learned in a folder; None if nothing was, or it is damaged."""
    try:
        with reading(folder / FILE, "is damaged."):
            return Consent.model_validate(read_object(folder / FILE, "is damaged."))
    except InputError:
        return None


def is_settled(folder: Path) -> bool:
    """Whether videos may be made of whoever was learned in a folder.

    A studio keeps what was said one folder above what was learned.
    """
    places = (folder, folder.parent) if folder.name == "trained" else (folder,)
    return any(said is not None and said.settled for said in map(consent_of, places))


def check(folder: Path, answer: str | None) -> None:
    """Check, before anybody is learned in a folder, what is said of their consent.

    Args:
        folder: where they are learned.
        answer: "yes", "no", "ask", or None: nothing is said.

    Raises:
        ConsentNeeded: the answer is "ask", and nothing was said before.
        InputError: the answer is "no".
    """
    if answer == "no":
        raise InputError(f"`consent=no`: nothing is made of a person who does not agree: {folder}.")
    if answer == "ask" and not is_settled(folder):
        raise ConsentNeeded(f"{folder}: nobody has said that the person agreed; add `consent=yes`.")


def tell(*folders: Path) -> None:
    """Warn of performers of whom nobody has said that they agreed."""
    for folder in dict.fromkeys(folders):
        if not is_settled(folder):
            warnings.warn(
                f"{folder}: nobody has said that this person agreed to videos of them; if so, "
                "learn them with `consent=yes`.",
                DanceNowWarning,
                stacklevel=3,
            )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in a container, or no users
        return ""
