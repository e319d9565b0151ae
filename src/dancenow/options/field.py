"""How one field of an options class is offered to people: its line of help, its flag.

Options classes are frozen dataclasses.  A field is annotated `Annotated[type, Option("help")]`; the
command line makes its options from these, the studio and the library take the classes themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar, get_type_hints

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Option:
    """What is told of a field.

    Attributes:
        help: one line for people.
        flags: on the command line; by default `--` and the field's name with hyphens.
        negates: the flag turns the field off.
        shown_default: what stands in place of the default in the help.
        panel: the heading in the help below which it stands.
        metavar: what stands for the value in the help.
        minimum: the smallest value.
        environment: the environment variable that is read where the flag is not given.
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
    """The fields of an options class: for each its type, what is told of it, and its default."""
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for each in fields(kind):
        annotation = hints[each.name]
        inner, option = annotation.__origin__, annotation.__metadata__[0]
        found[each.name] = (inner, option, each.default)
    return found


def narrowed(options: object, kind: type[Kind]) -> Kind:
    """Those of some options that another class has, too, as that class."""
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: getattr(options, name) for name in names if hasattr(options, name)})
