"""Setting up the C2PA library: it never uses the network, and little memory."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from dancenow.errors import CredentialsError

# Hashed in one piece, a video is read into buffers of up to half a gigabyte.  Instead it is hashed
# in pieces of this size, whose hashes form a Merkle tree.
_PIECE: Final = 8192  # KiB
# Data up to this size is held in memory, larger data in unnamed temporary files.
_IN_MEMORY: Final = 32  # MiB


def load_c2pa() -> ModuleType:
    """The library c2pa, loaded at first use: everything else works without it.

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
    """Settings for c2pa.

    Args:
        known: a signer's certificate (PEM) to trust: this one only, not its issuer.
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
