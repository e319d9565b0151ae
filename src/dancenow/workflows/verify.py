"""Verifying: what a file's Content Credentials say, and whether they are still valid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from dancenow.credentials import Credentials, read_credentials
from dancenow.detector import Detector, Verdict
from dancenow.errors import InputError
from dancenow.progress import ProgressCallback, silent
from dancenow.reading import check_file
from dancenow.video import read_comment
from dancenow.workflows.judge import judge

Status = Literal["intact", "changed", "doubtful", "none"]

_STATES: Final = {
    "intact": "Content Credentials, intact: pictures and sound are as they were signed",
    "changed": "Content Credentials that no longer hold: the file was changed after it was signed",
    "doubtful": "Content Credentials that cannot be relied upon",
}
_SYNTHETIC: Final = {
    True: "yes, wholly or in part",
    False: "no, say the credentials",
    None: "the credentials do not say",
}


@dataclass(frozen=True)
class Verified:
    """Result of verifying a file.

    Attributes:
        file: the file, or a folder of pictures.
        status: "none" without credentials; otherwise see `Credentials.state`.
        credentials: what they say.
        note: the metadata comment, which anybody can write or remove.
        seen: what a detector sees; None if none was asked, or it cannot look.
        unseen: why it cannot look; "" if it can.
    """

    file: Path
    status: Status
    credentials: Credentials | None = None
    note: str | None = None
    seen: Verdict | None = None
    unseen: str = ""

    def summary(self) -> str:
        """Lines for the user; text from the file cannot break lines or control the terminal."""
        return "\n".join(
            "".join(sign if sign.isprintable() else " " for sign in line) for line in self._lines()
        )

    @property
    def exit_status(self) -> int:
        """Exit status of the command: 0 if there are valid credentials."""
        return 0 if self.status == "intact" else 1

    def _lines(self) -> Iterator[str]:
        found = self.credentials
        if found is None:
            yield f"{self.file}: no Content Credentials"
        else:
            yield f"{self.file}: {_STATES[found.state]}"
            yield from (f"  problem: {problem}" for problem in found.problems)
            yield from self._credential_lines(found)
        if self.note is not None:
            yield f"  note, which proves nothing: {self.note}"
        if self.seen is not None:
            yield f"  a detector, which can err: {self.seen.told()}"
        if self.unseen:
            yield f"  a detector cannot look at it: {self.unseen}"

    def _credential_lines(self, found: Credentials) -> Iterator[str]:
        if found.signer is None:
            return  # too damaged to read
        yield f"  synthetic: {_SYNTHETIC[found.synthetic]}"
        when = "" if found.when is None else f", {found.when} by the signing machine's clock"
        yield f"  made with: {found.made_with or 'unknown'}{when}"
        yield from (f"  what was done: {deed}" for deed in found.done)
        if found.inputs:
            yield f"  made from: {', '.join(found.inputs)}"
        known = "known to this machine"
        if not found.trusted:
            known = "not known to this machine; the name proves nothing"
        if found.state != "intact":
            known = "or so it says"
        yield f"  signed by: {found.signer} ({known})"


def verify(
    file: str | Path,
    detector: str | Path | Detector | None = None,
    *,
    progress: ProgressCallback = silent,
) -> Verified:
    """Read and check the credentials of a file, whatever program wrote it, and its note.

    Args:
        file: the file, or a folder of pictures.
        detector: a trained detector, or its folder; it says what it sees in the clip.
        progress: called for every frame that it looks at.

    Raises:
        InputError: the file does not exist, or is not a media file.
        CredentialsError: credentials cannot be read on this machine.
    """
    file = Path(file)
    if not file.exists():
        raise InputError(f"{file}: no such file.")
    check_file(file)
    found = None if file.is_dir() else read_credentials(file)
    try:
        note = read_comment(file)
    except InputError:
        if found is None:
            raise
        note = None  # credentials are found in documents and pictures too
    status: Status = "none" if found is None else found.state
    if detector is None:
        return Verified(file, status, found, note)
    if not isinstance(detector, Detector):
        detector = Detector.load(detector)
    try:
        return Verified(file, status, found, note, judge(file, detector, progress=progress))
    except InputError as error:
        return Verified(file, status, found, note, None, str(error))
