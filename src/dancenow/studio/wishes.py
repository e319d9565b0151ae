"""What a user can choose and wish for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Material:
    """A clip to choose: one that was brought, or a sample performer's.

    Attributes:
        ref: names it: "upload:ID" or "sample:PERFORMER/DANCE".
        name: for people.
        details: its length and size, for people.
        media: where the page finds its pictures, below /media/.
        playable: whether its clip is there too.
    """

    ref: str
    name: str
    details: str
    media: str
    playable: bool


@dataclass(frozen=True)
class TransferWish:
    """Someone is to dance like someone else.

    Attributes:
        source: ref of the clip whose motion is used.
        target: ref of the clip to learn from, or "person:ID".
        name: what a new person is called; "" takes the clip's name.
        consent: the user confirmed that a new person agreed.
        minutes: of learning.
        background: as on the command line, or "upload:ID".
        limbs: every limb takes the target's length.
    """

    source: str
    target: str
    name: str = ""
    consent: bool = False
    minutes: float = 5.0
    background: str = "target"
    limbs: bool = False


@dataclass(frozen=True)
class DanceWish:
    """A dance that nobody danced.

    Attributes:
        dance: "samples", "dance:ID", or "clips" to learn `clips`.
        clips: ids of uploads.
        name: what a dance that is learned from clips is called.
        performer: "person:ID", "sample:PERFORMER", or "" for a stick figure.
        music: id of an upload, or "".
        seconds: its length; None: the music's.
        temperature: how wild.
        seed: which dance.
        loop: its end leads back to its beginning.
        minutes: of learning a dance, and a person, that are not learned yet.
    """

    dance: str
    clips: tuple[str, ...] = ()
    name: str = ""
    performer: str = ""
    music: str = ""
    seconds: float | None = 16.0
    temperature: float = 1.0
    seed: int = 0
    loop: bool = False
    minutes: float = 5.0
