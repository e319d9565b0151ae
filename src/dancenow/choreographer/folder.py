"""A choreographer's folder: what every kind of choreographer keeps in it, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from dancenow.choreographer.config import MethodConfig
from dancenow.errors import InputError
from dancenow.files import write_text
from dancenow.reading import read_object, reading

VERSION: Final = 1
KIND: Final = "choreographer"
CONFIG: Final = "config.json"


def is_choreographer(path: Path) -> bool:
    """Whether a folder holds a trained choreographer, complete or not."""
    try:
        return read_object(path / CONFIG, "").get("kind") == KIND
    except InputError:
        return False


def looks_trained(path: Path) -> bool:
    """Whether a folder is a trained model rather than a clip: of another kind, or incomplete."""
    if not path.is_dir():
        return False
    return any((path / name).exists() for name in (CONFIG, "checkpoint")) or any(
        path.glob("*.safetensors")
    )


def learned_codec(folder: Path) -> str:
    """The codec that the choreographer in a folder was trained with: "frame" or "pose".

    Raises:
        InputError: there is no choreographer, or one of another version.
    """
    config = read_document(folder).get("config")
    return str(config.get("codec", "frame")) if isinstance(config, dict) else "frame"


def read_document(folder: Path) -> dict[str, Any]:
    """What a choreographer's `config.json` holds.

    Raises:
        InputError: there is none, or it is of another model or version.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(
            f"{folder}: holds no choreographer; make one with "
            "`dancenow train choreographer CLIP -o DIR`."
        )
    said = "is not a choreographer's; train it again."
    document = read_object(path, said)
    with reading(path, said):
        version, kind = int(document["version"]), document["kind"]
    if kind != KIND:
        raise InputError(f"{folder}: holds a {kind}; a choreographer is needed here.")
    if version != VERSION:
        raise InputError(
            f"{folder}: a choreographer of version {version}, and this DanceNow reads version "
            f"{VERSION}; {'update DanceNow' if version > VERSION else 'train it again'}."
        )
    return document


def read_complete(folder: Path, codec: str, files: Sequence[str]) -> dict[str, Any]:
    """As `read_document`, but also checks the codec and that no file is missing.

    Raises:
        InputError: it is of another codec, or a file is missing.
    """
    document = read_document(folder)
    if (found := learned_codec(folder)) != codec:
        raise InputError(
            f"{folder}: was learned with `codec={found}`; `codec={codec}` is needed here."
        )
    for name in files:
        if not (folder / name).is_file():
            raise InputError(f"{folder}: {name} is missing; train the choreographer again.")
    return document


def damage_reported(folder: Path) -> AbstractContextManager[None]:
    """Turn the errors of reading a damaged file within into `InputError`."""
    return reading(folder, "the choreographer is damaged; train it again.")


def write_document(
    folder: Path, config: MethodConfig, training: dict[str, Any], **more: object
) -> None:
    """Write `config.json`, last of all files: it makes the folder a choreographer's."""
    document = {
        "version": VERSION,
        "kind": KIND,
        "config": config.model_dump(mode="json"),
        **more,
        "training": training,
    }
    write_text(folder / CONFIG, json.dumps(document, indent=1))
