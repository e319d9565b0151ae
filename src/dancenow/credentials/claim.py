"""What a video's credentials state about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any, Final

from dancenow.version import __version__

SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class Made(str, Enum):
    """What was done, in words that readers of credentials show."""

    transfer = "A learned person was made to dance like the person of another video."
    performance = "A learned person was made to perform a motion."
    live = "A learned person was made to perform, live, the motion that a camera saw."
    new_dance = "A dance was composed by a model of motion, and performed or drawn."
    dream = "A dance was dreamt up, picture by picture, by a model of silhouettes."
    reconstruction = "A clip's pictures were put beside what a model makes of them."
    comparison = "A result was put beside what it was made from."
    copy = "A result was written in another form."


class Origin(str, Enum):
    """How the pictures were made: names from the IPTC's digital source types."""

    painted = "trainedAlgorithmicMedia"  # by learned networks alone
    composite = "compositeWithTrainedAlgorithmicMedia"  # combined with recorded pictures


@dataclass(frozen=True)
class Claim:
    """What is stated about a synthetic video.

    Attributes:
        made: what was done.
        origin: how its pictures were made.
        inputs: names of the files it was made from, without folders.
        signed: it is stated in Content Credentials.
        visible: it is also drawn into the picture.
    """

    made: Made
    origin: Origin
    inputs: tuple[str, ...] = ()
    signed: bool = True
    visible: bool = False

    @classmethod
    def of(cls, made: Made, origin: Origin, *inputs: Path | None) -> Claim:
        """A claim with the names of files or folders; None and repeats are left out."""
        names = dict.fromkeys(plain_text(p.absolute().name) for p in inputs if p is not None)
        return cls(made, origin, tuple(name for name in names if name))

    def manifest(self, title: str) -> dict[str, Any]:
        """The claim as a c2pa manifest definition, dated now.

        It has one action, `c2pa.created`.  The inputs are ingredients related as "inputTo", by
        name only: their content, and what their own credentials say about people, stay out.
        """
        agent = {"name": "DanceNow", "version": __version__}
        labels = [f"input{number}" for number in range(len(self.inputs))]
        created = {
            "action": "c2pa.created",
            "when": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "softwareAgent": agent,
            "digitalSourceType": SOURCE_TYPES + self.origin.value,
            "description": self.made.value,
        }
        if labels:
            created["parameters"] = {"ingredientIds": labels}
        actions = {"actions": [created], "allActionsIncluded": True}
        return {
            "title": plain_text(title),
            "claim_generator_info": [agent],
            "ingredients": [
                {"title": name, "relationship": "inputTo", "label": label}
                for name, label in zip(self.inputs, labels, strict=True)
            ],
            "assertions": [{"label": "c2pa.actions.v2", "data": actions, "created": True}],
        }


def plain_text(name: str) -> str:
    """A file's name as Unicode: bytes that are none become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")
