"""How a studio is set up.  Light to import: the command line reads it to show its help."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

from dancenow.errors import InputError

HOST: Final = "127.0.0.1"
PORT: Final = 7860
MEGABYTE: Final = 1_000_000  # bytes


@dataclass(frozen=True)
class Limits:
    """What an upload may be at most.

    Attributes:
        megabytes: size of the file.
        seconds: length.
        megapixels: width times height, in millions.
    """

    megabytes: float = 500.0
    seconds: float = 300.0
    megapixels: float = 9.0  # 4096 x 2160 px is 8.8

    def __post_init__(self) -> None:
        for name, value in (
            ("--max-upload", self.megabytes),
            ("--max-seconds", self.seconds),
            ("--max-megapixels", self.megapixels),
        ):
            if not 0 < value < float("inf"):
                raise InputError(f"{name} must be above 0, not {value:g}.")

    @property
    def bytes(self) -> int:
        """Size of the file in bytes."""
        return round(self.megabytes * MEGABYTE)


@dataclass(frozen=True)
class Sizes:
    """How much is made; tests ask for less.

    Attributes:
        preset: of the performers.
        dance_preset: of the choreographers.
        steps_a_minute: counts steps for each minute that the user chose, instead of the time.
        sample_px: height and width of the sample performers' clips.
        sample_seconds: their length where they are a source, and
        learned_seconds: where they are learned.
        sample_fps: their frames a second.
        moves_seconds: length of each sample dance that a choreographer learns.
    """

    preset: str = "fast"
    dance_preset: str = "fast"
    steps_a_minute: int | None = None
    sample_px: int = 256
    sample_seconds: float = 8.0
    learned_seconds: float = 16.0
    sample_fps: float = 25.0
    moves_seconds: float = 60.0


@dataclass(frozen=True)
class StudioConfig:
    """How a studio is set up.

    Attributes:
        data: the folder that holds what people upload, train and make.
        host: the address that it listens on.
        port: its port; 0 takes a free one.
        accounts: names and passwords of those who may come in; none: whoever reaches the address.
        limits: of uploads.
        device: where networks compute.
        seed: of trainings.
        open_browser: open the page in the browser.
        sizes: how much is made.
    """

    data: Path
    host: str = HOST
    port: int = PORT
    accounts: tuple[tuple[str, str], ...] = ()
    limits: Limits = Limits()
    device: str = "auto"
    seed: int = 0
    open_browser: bool = True
    sizes: Sizes = field(default_factory=Sizes)

    def check(self) -> None:
        """Raise `InputError` where the page would be open to strangers."""
        if not self.accounts and not is_loopback(self.host):
            raise InputError(
                f"--host {self.host}: others could reach the studio there; add "
                "--auth USER:PASSWORD, or leave --host out to keep it to this computer."
            )
        if not 0 <= self.port <= 65535:
            raise InputError(f"--port must be between 0 and 65535, not {self.port}.")


def data_folder() -> Path:
    """The user's own folder for what a studio holds."""
    return user_data_path("dancenow") / "studio"


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this computer only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def read_account(text: str) -> tuple[str, str]:
    """A name and a password written as USER:PASSWORD.

    Raises:
        InputError: one of them is missing.
    """
    name, _, password = text.partition(":")
    if not name or not password:
        raise InputError("--auth: give a name and a password, as in --auth anna:secret.")
    return name, password
