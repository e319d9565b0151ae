"""Description of a field of an options class: its help line and its flag.

Options classes are frozen dataclasses with fields `Annotated[type, Option("help")]`.  The command
line builds its options from these; the studio and the library use the classes themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar, get_type_hints

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Option:
    """Description of a field.

    Attributes:
        help: one line for the user.
        flags: on the command line; by default `--` and the field's name with hyphens.
        negates: the flag turns the field off.
        shown_default: shown in the help instead of the default.
        panel: its heading in the help.
        metavar: placeholder of the value in the help.
        minimum: the smallest value.
        environment: the environment variable that is read if the flag is absent.
    """

    help: str
    flags: tuple[str, ...] = ()
    negates: bool = False
    shown_default: str = ""
    panel: str = ""
    metavar: str = ""
    minimum: int | None = None
    environment: str = ""


def described(kind: type) -> dict[str, tuple[Any, Option, Any]]:
    """The type, description and default of each field of an options class."""
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for each in fields(kind):
        annotation = hints[each.name]
        inner, option = annotation.__origin__, annotation.__metadata__[0]
        found[each.name] = (inner, option, each.default)
    return found


def narrowed(options: object, kind: type[Kind]) -> Kind:
    """The given options as another class, restricted to its fields."""
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: getattr(options, name) for name in names if hasattr(options, name)})
