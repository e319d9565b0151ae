"""What a user fills in on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from dancenow.pose.dancers import LARGEST

Minutes = Annotated[float, Field(gt=0, le=60)]
Text = Annotated[str, Field(max_length=200)]
Texts = Annotated[tuple[Text, ...], Field(max_length=100)]


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

    source: Text
    target: Text
    name: Text = ""
    consent: bool = False
    minutes: Minutes = 5.0
    background: Text = "target"
    limbs: bool = False
    source_person: Text = LARGEST
    target_person: Text = LARGEST


@dataclass(frozen=True)
class DanceForm:
    """A request for a dance that nobody danced.

    Attributes:
        dance: "samples", "dance:ID", or "clips" to learn from `clips`.
        clips: ids of uploads.
        name: the name of a dance that is learned from clips.
        performer: "person:ID", "sample:PERFORMER", or "" for a stick figure.
        music: id of an upload, or "".
        bpm: beats a minute of the music, where they are known better than heard.
        seconds: its length; None: the music's.
        temperature: how wild; 1 is as learned.
        seed: decides which dance is composed.
        style: learned styles, or shares of them, as on the command line.
        loop: the end leads back to the beginning.
        minutes: training time for a dance or a person that is not trained yet.
    """

    dance: Text
    clips: Texts = ()
    name: Text = ""
    performer: Text = ""
    music: Text = ""
    bpm: Annotated[float, Field(ge=20, le=400)] | None = None
    seconds: Annotated[float, Field(gt=0, le=600)] | None = 16.0
    temperature: Annotated[float, Field(ge=0, le=10)] = 1.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    style: Texts = ()
    loop: bool = False
    minutes: Minutes = 5.0
