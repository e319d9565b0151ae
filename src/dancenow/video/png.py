"""PNG files."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_COMPRESSION: Final = 3  # of 9; more takes three times as long and saves a few per cent
_HEADER: Final = 33  # bytes: the signature and the chunk IHDR


def encode_png(picture: NDArray[np.uint8], comment: str | None = None) -> bytes:
    """Encode a picture, uint8 `(H, W, 3)` RGB or `(H, W, 4)` RGBA, as PNG.

    Viewers show `comment` (Latin-1 characters only) in its details.
    """
    swap = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    bgr = cv2.cvtColor(picture, swap)
    done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])
    assert done
    png = data.tobytes()
    if comment is None:
        return png
    text = b"tEXtComment\0" + comment.encode("latin-1")
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    return png[:_HEADER] + chunk + png[_HEADER:]
