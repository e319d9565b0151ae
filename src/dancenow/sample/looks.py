"""The performers: how each is built and dressed, and where they dance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from dancenow.errors import InputError
from dancenow.sample.kinematics import Array, Proportions
from dancenow.sample.rooms import LOFT, SALON, STUDIO, TERRACE, RoomLook


@dataclass(frozen=True)
class Look:
    """A performer.  Colours are sRGB, `#rrggbb`; lengths in metres.

    Attributes:
        proportions: how the body is built.
        skin, hair, iris, lips: colours.
        hair_style: "short", "bun", "afro" or "cap".
        top: "tshirt", "hoodie", "tank" or "dress"; its colours and pattern ("stripes", "star",
            "band" or "dots").
        sleeves: 0 none, 1 to the elbow, 2 to the wrist.
        bottom_colour: the trousers' colour; a dress has none.
        legs_covered: how far down trousers or skirt reach, 1 to the knee, 2 to the ankle.
        loose: how loosely the trousers hang.
        shoes, soles, socks: colours.
        waist: half the waist's width.
        bust: whether the figure has a bust.
        room: where they dance; `home` is the place in it, x in metres.
    """

    proportions: Proportions
    room: RoomLook
    skin: str
    hair: str
    iris: str
    lips: str
    hair_style: str
    top: str
    top_colour: str
    top_second: str
    pattern: str
    sleeves: float
    bottom_colour: str
    legs_covered: float
    loose: float
    shoes: str
    soles: str
    socks: str
    waist: float
    bust: bool
    home: float = 0.0

    @property
    def place(self) -> Array:
        """Where the performer's home is, `(3,)`, metres."""
        return np.array([self.home, 0.0, 0.0])


PERFORMERS: Final[Mapping[str, Look]] = MappingProxyType(
    {
        "mika": Look(
            Proportions(height=1.76, legs=0.515, shoulders=0.365, hips=0.19, girth=1.0),
            LOFT,
            skin="#e3ac86", hair="#4a2d1c", iris="#3d6b8f", lips="#b8665a", hair_style="short",
            top="tshirt", top_colour="#f3efe4", top_second="#23395d", pattern="stripes",
            sleeves=0.62, bottom_colour="#33517f", legs_covered=1.95,
            loose=0.012, shoes="#c8372d", soles="#f2f0ea", socks="#eeeeee", waist=0.138,
            bust=False,
        ),
        "zola": Look(
            Proportions(
                height=1.66, legs=0.53, shoulders=0.315, hips=0.195, arms=0.335, girth=0.9
            ),
            SALON,
            skin="#7d4e34", hair="#1d1411", iris="#3a2417", lips="#8e3b3d", hair_style="afro",
            top="dress", top_colour="#f2b632", top_second="#d9512c", pattern="band",
            sleeves=0.0, bottom_colour="#f2b632", legs_covered=0.72,
            loose=0.0, shoes="#f4f1ea", soles="#d9512c", socks="#f4f1ea", waist=0.112,
            bust=True, home=0.35,
        ),
        "bo": Look(
            Proportions(
                height=1.70, legs=0.485, shoulders=0.385, hips=0.21, head=0.268, girth=1.12
            ),
            STUDIO,
            skin="#f0c3a3", hair="#a8622d", iris="#4f7a4a", lips="#c47a6c", hair_style="cap",
            top="hoodie", top_colour="#2f8f83", top_second="#f6d55c", pattern="star",
            sleeves=1.86, bottom_colour="#3a3f4b", legs_covered=0.86,
            loose=0.022, shoes="#f3f3f3", soles="#f28c38", socks="#f3f3f3", waist=0.150,
            bust=False, home=-0.3,
        ),
        "lin": Look(
            Proportions(
                height=1.63, legs=0.52, shoulders=0.32, hips=0.19, arms=0.33, girth=0.92
            ),
            TERRACE,
            skin="#f1cfae", hair="#26211f", iris="#4a3626", lips="#c75c66", hair_style="bun",
            top="tank", top_colour="#d64f7f", top_second="#f7f2ee", pattern="dots",
            sleeves=0.0, bottom_colour="#2b2d3a", legs_covered=1.9,
            loose=0.0, shoes="#8fd0c7", soles="#ffffff", socks="#ffffff", waist=0.112,
            bust=True, home=0.1,
        ),
    }
)  # fmt: skip


def find_performer(name: str) -> Look:
    """The performer called `name`.

    Raises:
        InputError: there is no such performer.
    """
    if name not in PERFORMERS:
        raise InputError(f"no performer is called {name!r}; choose one of {', '.join(PERFORMERS)}.")
    return PERFORMERS[name]
