"""The table of methods.  To add one, add a folder beside this file and a line here.

Each folder's `METHOD` is a `dancenow.performer.method.Method`, imported on first use because it
brings its networks along.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError

METHODS: Final = {
    "fast": "dancenow.performer.fast.method",
    "edn": "dancenow.performer.edn.method",
    "puppet": "dancenow.performer.puppet.method",
}
PUPPET: Final = "puppet"
"""The preset for photos."""


def method_module(name: object, folder: Path) -> Any:
    """The module of the method named in a performer's folder; older folders name none.

    Raises:
        InputError: there is no such method.
    """
    name = name or "fast"
    if name not in METHODS:
        raise InputError(f"{folder}: was learned by the method {name}; update DanceNow.")
    return import_module(METHODS[str(name)])
