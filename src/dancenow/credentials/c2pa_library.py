"""How the C2PA library is set up: it never asks the network, and needs little memory."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from dancenow.errors import CredentialsError

# Hashed as one piece, a video is read into buffers of up to half a gigabyte.  A longer one is
# hashed in pieces of this size, whose hashes form a tree (Merkle).
_PIECE: Final = 8192  # KiB
# What it works on lies in memory up to this size, beyond in unnamed files of the temporary folder.
_IN_MEMORY: Final = 32  # MiB


def load_c2pa() -> ModuleType:
    """The library c2pa, loaded when first needed: a machine without it loses nothing else.

    Raises:
        CredentialsError: it cannot be loaded.
    """
    try:
        import c2pa
    except (ImportError, OSError, RuntimeError) as error:
        raise CredentialsError(
            f"the library c2pa cannot be loaded ({error}); install c2pa-python."
        ) from error
    return c2pa  # type: ignore[no-any-return]


def c2pa_settings(known: str | None = None) -> dict[str, Any]:
    """Settings of c2pa.

    Args:
        known: a signer's certificate (PEM) that is trusted: just this one, not who issued it.
    """
    made: dict[str, Any] = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
        "core": {
            "merkle_tree_chunk_size_in_kb": _PIECE,
            "backing_store_memory_threshold_in_mb": _IN_MEMORY,
        },
        "builder": {"thumbnail": {"enabled": False}},
    }
    if known is not None:
        anchor = {"trust_anchors": "", "allowed_list": known, "trust_kind": "manifest"}
        made["trust"] = {"anchors": [anchor]}
    return made
