"""Clips to sign, and how they are looked into."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np

from dancenow.credentials import Claim, Made, Origin
from dancenow.credentials.certificate import own_identity
from dancenow.staging.result import NOTE
from dancenow.video import open_writer

CLAIM = Claim(Made.transfer, Origin.composite, ("dancer.mp4", "me.mp4"))
RATE = 44100
NETWORKS = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CAMERA = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"


def write_clip(path: Path, *, crf: int = 18, size: int = 64, note: str | None = NOTE) -> Path:
    """One second of noise, with a tone where there can be one."""
    noise = np.random.default_rng(0).integers(0, 256, (25, size, size, 3), dtype=np.uint8)
    tone = (0.2 * np.sin(0.05 * np.arange(RATE))).astype(np.float32)
    with open_writer(path, fps=25, crf=crf, audio=(tone, RATE), comment=note) as writer:
        for frame in noise:
            writer.write(frame)
    return path


def boxes(path: Path) -> dict[str, tuple[int, int]]:
    """Where the boxes of an MP4 begin and end, by their names, in the file's order."""
    data, found, place = path.read_bytes(), {}, 0
    while place < len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        found[name.decode()] = (place, place + length)
        place += length
    return found


def packets(path: Path) -> list[tuple[int, int | None, bytes]]:
    """Everything that a file's streams hold: stream, time, data."""
    with av.open(str(path)) as container:
        return [
            (packet.stream_index, packet.pts, bytes(packet))
            for packet in container.demux()
            if packet.size
        ]


def flip(path: Path, place: int) -> None:
    """Change a bit of a byte."""
    with path.open("rb+") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))


def sign_as(path: Path, manifest: dict[str, object], ingredient: Path | None = None) -> None:
    """Sign a file as another program would, with this user's certificate."""
    import c2pa

    identity = own_identity()
    info = c2pa.C2paSignerInfo(
        identity.algorithm, identity.chain.encode(), identity.key.encode(), None
    )
    signed = path.with_name(f"signed-{path.name}")
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(manifest) as builder:
        if ingredient is not None:
            with ingredient.open("rb") as stream:
                builder.add_ingredient(
                    {"title": ingredient.name, "relationship": "parentOf", "label": "parent"},
                    "video/mp4",
                    stream,
                )
        builder.sign_file(path, signed, signer)
    signed.replace(path)


def acted(**action: object) -> dict[str, object]:
    """A manifest with one action."""
    actions = {"actions": [action]}
    return {
        "claim_generator_info": [{"name": "Their Camera", "version": "7"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": actions}],
    }
