"""What a user fills in on the page, and what the page shows of a clip."""

from __future__ import annotations

from dataclasses import dataclass

from dancenow.pose.dancers import LARGEST


@dataclass(frozen=True)
class ClipCard:
    """What the page shows of a clip: an uploaded one, or a sample performer's.

    Attributes:
        ref: identifies it: "upload:ID" or "sample:PERFORMER/DANCE".
        name: its name on the page.
        details: its length and size, as text.
        media: the address of its files, below /media/.
        playable: whether the clip itself can be played, and not only its pictures shown.
        people: how many persons were seen.
        numbered: whether its pictures show their numbers.
    """

    ref: str
    name: str
    details: str
    media: str
    playable: bool
    people: int = 1
    numbered: bool = False


@dataclass(frozen=True)
class TransferForm:
    """A request that one person dances like another.

    Attributes:
        source: ref of the clip whose motion is used.
        target: ref of the clip to learn from, or "person:ID".
        name: the name of a new person; "" uses the clip's name.
        consent: the user confirmed that a new person agreed.
        minutes: training time.
        background: as on the command line, or "upload:ID".
        limbs: fit every limb to the target's length.
        source_person: who of several persons in the source; see `choose_dancer`.
        target_person: likewise, in a target that is to be learned.
    """

    source: str
    target: str
    name: str = ""
    consent: bool = False
    minutes: float = 5.0
    background: str = "target"
    limbs: bool = False
    source_person: str = LARGEST
    target_person: str = LARGEST


@dataclass(frozen=True)
class DanceForm:
    """A request for a dance that nobody danced.

    Attributes:
        dance: "samples", "dance:ID", or "clips" to learn from `clips`.
        clips: ids of uploads.
        name: the name of a dance that is learned from clips.
        performer: "person:ID", "sample:PERFORMER", or "" for a stick figure.
        music: id of an upload, or "".
        seconds: its length; None: the music's.
        temperature: how wild; 1 is as learned.
        seed: decides which dance is composed.
        loop: the end leads back to the beginning.
        minutes: training time for a dance or a person that is not trained yet.
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
