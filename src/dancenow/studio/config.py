"""The studio's configuration.  Light to import: the command line reads it to show its help."""

from __future__ import annotations

import ipaddress
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

from dancenow.errors import InputError, OutputError
from dancenow.files import make_folder

HOST: Final = "127.0.0.1"
PORT: Final = 7860
MEGABYTE: Final = 1_000_000  # bytes
GIGABYTE: Final = 1_000_000_000  # bytes


@dataclass(frozen=True)
class Limits:
    """The limits of an upload, and of all that is kept.

    Attributes:
        megabytes: largest file.
        seconds: longest clip or music.
        megapixels: largest width times height, in millions of pixels.
        user_gigabytes: what a user keeps at most: uploads, people, dances, videos.
        total_gigabytes: what all users keep together.
    """

    megabytes: float = 500.0
    seconds: float = 300.0
    megapixels: float = 9.0  # 4096 x 2160 is 8.8
    user_gigabytes: float = 50.0
    total_gigabytes: float = 200.0

    def __post_init__(self) -> None:
        for name, value in (
            ("`max_upload`", self.megabytes),
            ("`max_seconds`", self.seconds),
            ("`max_megapixels`", self.megapixels),
            ("`max_user_gb`", self.user_gigabytes),
            ("`max_total_gb`", self.total_gigabytes),
        ):
            if not 0 < value < float("inf"):
                raise InputError(f"{name} must be above 0, not {value:g}.")

    @property
    def bytes(self) -> int:
        """The largest file in bytes."""
        return round(self.megabytes * MEGABYTE)


@dataclass(frozen=True)
class Workload:
    """How much work a job is; tests make it small.

    Attributes:
        preset: preset of the performers.
        dance_preset: preset of the choreographers.
        steps_per_minute: steps to train for each minute that the user chose; None: train by time.
    """

    preset: str = "fast"
    dance_preset: str = "fast"
    steps_per_minute: int | None = None


@dataclass(frozen=True)
class StudioConfig:
    """The studio's configuration.

    Attributes:
        data: the folder for everything that users upload, train and make.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        accounts: names and passwords of the users; empty: whoever reaches the address is let in.
        limits: of uploads.
        device: where networks compute.
        seed: of trainings.
        open_browser: open the page in the browser.
        api: other programs are served, too; a password is also the token of theirs.
        workload: how much work a job is.
    """

    data: Path
    host: str = HOST
    port: int = PORT
    accounts: tuple[tuple[str, str], ...] = ()
    limits: Limits = Limits()
    device: str = "auto"
    seed: int = 0
    open_browser: bool = True
    api: bool = False
    workload: Workload = field(default_factory=Workload)

    def check(self) -> None:
        """Raise `InputError` where the page would be open to strangers."""
        if not self.accounts and not is_loopback(self.host):
            raise InputError(
                f"`host={self.host}`: others could reach the studio there; add "
                "`auth=USER:PASSWORD`, or leave `host` out to keep it to this computer."
            )
        passwords = [password for _, password in self.accounts]
        if self.api and len(set(passwords)) < len(passwords):
            raise InputError(
                "`auth`: two users have one password, which is their token; change it."
            )
        if not 0 <= self.port <= 65535:
            raise InputError(f"`port` must be between 0 and 65535, not {self.port}.")


def own_token(data: Path) -> str:
    """The token of this computer's user, made once and readable by nobody else.

    Raises:
        OutputError: it cannot be kept.
    """
    path = data / "token"
    try:
        known = path.read_text("utf-8").strip()
    except (OSError, ValueError):
        known = ""
    if not known:
        known = secrets.token_urlsafe(32)
        make_folder(data)
        try:
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(known)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror}).") from error
    return known


def data_folder() -> Path:
    """The default folder of the studio's data."""
    return user_data_path("dancenow") / "studio"


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this computer only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def read_account(text: str) -> tuple[str, str]:
    """Read a name and a password written as USER:PASSWORD.

    Raises:
        InputError: one of them is missing.
    """
    name, _, password = text.partition(":")
    if not name or not password:
        raise InputError("`auth`: give a name and a password, as in `auth=anna:secret`.")
    return name, password
