"""Adding credentials to a finished video."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dancenow.credentials.c2pa_library import c2pa_settings, load_c2pa
from dancenow.credentials.certificate import own_identity
from dancenow.credentials.claim import Claim
from dancenow.errors import CredentialsError
from dancenow.files import atomic_path

SIGNABLE: Final = {".mp4": "video/mp4", ".mov": "video/quicktime", ".gif": "image/gif"}
"""Formats that DanceNow writes and that can carry credentials; Matroska and WebM cannot."""


def sign(path: Path, claim: Claim, *, title: str | None = None) -> None:
    """Add credentials to a finished video; pictures and sound are copied unchanged.

    The signed file replaces the old one in one step.  The signature covers pictures, sound and
    index, not boxes that players ignore (C2PA leaves them out).

    Args:
        path: the video, in one of the formats in `SIGNABLE`.
        claim: what to state.
        title: the video's name in its credentials; by default the file's.

    Raises:
        CredentialsError: it cannot carry credentials, or the certificate cannot be used.
        OutputError: there is no space, or no permission.
    """
    kind = SIGNABLE.get(path.suffix.lower())
    if kind is None:
        raise CredentialsError(
            f"{path}: {path.suffix} cannot carry Content Credentials; {', '.join(SIGNABLE)} can."
        )
    identity = own_identity()
    c2pa = load_c2pa()
    manifest = claim.manifest(path.name if title is None else title)
    try:
        info = c2pa.C2paSignerInfo(
            identity.algorithm, identity.chain.encode(), identity.key.encode(), None
        )
        with (
            atomic_path(path) as temporary,
            c2pa.Context.from_dict(c2pa_settings()) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(manifest, context) as builder,
            path.open("rb") as source,
            temporary.open("wb+") as signed,
        ):
            builder.sign(signer, kind, source, signed)
    except c2pa.C2paError as error:
        raise CredentialsError(f"{path}: cannot be signed ({error}).") from error
