"""What one user asks for, whichever interface they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError
from dancenow.studio.catalogue import Catalogue, stored
from dancenow.studio.job import Job
from dancenow.studio.media_types import UploadKind
from dancenow.studio.orders import Orders
from dancenow.studio.service import StudioService
from dancenow.studio.web.answers import UNREADABLE

_LOOKED_AT: Final = {  # and whether somebody is to be learned of it
    "clip": (UploadKind.clip, False),
    "dancer": (UploadKind.clip, True),
    "photo": (UploadKind.picture, True),
}
_STORED: Final = {"background": UploadKind.picture, "music": UploadKind.sound}


class Desk:
    """What one user asks for."""

    def __init__(self, service: StudioService, owner: str) -> None:
        self.service, self.owner = service, owner
        self.orders = Orders(service, owner)
        self.catalogue = Catalogue(service, owner)

    def add(self, path: Path, name: str, kind: str, *, consent: bool) -> dict[str, Any]:
        """Store what was uploaded, and say what it is."""
        if kind in _LOOKED_AT:
            wanted, dancer = _LOOKED_AT[kind]
            upload = self.service.add_clip(self.owner, path, name, wanted, dancer=dancer)
            return self.catalogue.upload(upload)
        if kind in _STORED:
            return stored(self.service.add_upload(self.owner, path, name, _STORED[kind]))
        if kind == "archive":
            entry = self.service.import_archive(self.owner, path, name, consent=consent)
            return {"id": entry.id, "name": entry.name}
        raise InputError(UNREADABLE)

    def ordered(self, body: Mapping[str, Any], order: Callable[[], Job]) -> dict[str, Any]:
        """The job of an order; the same for a second press."""
        return {"job": self.orders.once(str(body.get("key", ""))[:64], order).id}
