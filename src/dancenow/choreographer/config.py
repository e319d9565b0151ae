"""What the configurations of all methods share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from dancenow.errors import InputError
from dancenow.schema import Minutes, Schema


class MethodConfig(Schema):
    """What every method's configuration holds.

    Attributes:
        preset: its name.
        codec: the name of the method in `METHODS`.
        minutes: default length of the training.
    """

    preset: str
    codec: str
    minutes: Minutes


ConfigT = TypeVar("ConfigT", bound=MethodConfig)


def find_preset(presets: Mapping[str, ConfigT], name: str) -> ConfigT:
    """The preset of that name.

    Raises:
        InputError: there is none.
    """
    if name not in presets:
        raise InputError(f"`preset={name}`: unknown; choose one of {', '.join(presets)}.")
    return presets[name]
