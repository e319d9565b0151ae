"""Small clips made on the spot, whose frames carry their own number."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]

BITS = 8
CLICK_RATE = 48000  # Hz


def numbered(index: int, size: tuple[int, int] = (128, 64)) -> Frame:
    """A frame that carries its number: bits along the top, red and blue quarters below."""
    width, height = size
    frame = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        if index >> bit & 1:
            frame[: height // 2, bit * width // BITS : (bit + 1) * width // BITS] = 255
    frame[height // 2 :, : width // 2] = (220, 20, 20)
    frame[height // 2 :, width // 2 :] = (20, 20, 220)
    return frame


def number_of(frame: Frame) -> int:
    """The number that an upright frame of any size carries."""
    height, width = frame.shape[:2]
    centres = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return sum(int(frame[height // 4, x, 1] > 127) << bit for bit, x in enumerate(centres))


def clicks(times: Sequence[float], seconds: float, rate: int = CLICK_RATE) -> NDArray[np.float32]:
    """Mono samples with a short loud burst at each time."""
    samples = np.zeros(round(seconds * rate), np.float32)
    burst = np.sin(np.arange(rate // 100) * 0.5).astype(np.float32)
    for time in times:
        begin = round(time * rate)
        samples[begin : begin + len(burst)] = burst[: len(samples) - begin]
    return samples


def heard(path: Path) -> tuple[NDArray[np.float32], float]:
    """The sound of a file, mono, from the moment of its first frame on, and its sample rate."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        begin = min(p.pts * p.time_base for p in container.demux(video) if p.pts is not None)
    samples = np.zeros(0, np.float32)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            block = frame.to_ndarray()
            if block.shape[0] == 1 and frame.layout.nb_channels == 2:  # packed
                block = block.reshape(-1, 2).T
            if block.dtype == np.int16:
                block = block / 32768
            at = round((frame.pts * frame.time_base - begin) * frame.sample_rate)
            end = at + block.shape[1]
            if end > len(samples):
                samples = np.pad(samples, (0, end - len(samples)))
            samples[max(at, 0) : max(end, 0)] = block.mean(axis=0)[max(0, -at) :]
            rate = frame.sample_rate
    return samples, float(rate)


def click_times(path: Path) -> list[float]:
    """When the clicks of a file begin, seconds after its first frame."""
    samples, rate = heard(path)
    loud = np.flatnonzero(np.abs(samples) > 0.3)
    starts = loud[np.insert(np.diff(loud) > 0.05 * rate, 0, True)] if len(loud) else loud
    return [float(start / rate) for start in starts]


def turn(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Set the display matrix in the (only) track header of an MP4 file."""
    data = bytearray(path.read_bytes())
    version = data.index(b"tkhd") + 4
    matrix = version + 4 + (32 if data[version] else 20) + 16
    entries = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    data[matrix : matrix + 36] = struct.pack(">9i", *entries)
    path.write_bytes(bytes(data))


def in_yuv(frame: Frame, pixels: str, matrix: int, levels: int) -> av.VideoFrame:
    """RGB in 4:2:0 of 8 or 10 bits by the formulas of ITU-T H.273, to test against.

    Args:
        frame: uint8 `(H, W, 3)`.
        pixels: yuv420p or yuv420p10le.
        matrix: 1 (BT.709), 5 (BT.601) or 9 (BT.2020).
        levels: 1 (limited range) or 2 (full range).
    """
    red, blue = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}[matrix]
    rgb = frame / 255
    luma = rgb @ (red, 1 - red - blue, blue)
    chroma = [(rgb[..., 2] - luma) / (2 - 2 * blue), (rgb[..., 0] - luma) / (2 - 2 * red)]
    depth = 10 if pixels.endswith("10le") else 8
    unit, top = 1 << (depth - 8), (1 << depth) - 1
    black, white, swing = (16 * unit, 219 * unit, 224 * unit) if levels == 1 else (0, top, top)
    planes = [black + white * luma, *(128 * unit + swing * c[::2, ::2] for c in chroma)]
    picture = av.VideoFrame(frame.shape[1], frame.shape[0], pixels)
    for plane, values in zip(picture.planes, planes, strict=True):
        samples = np.clip(np.round(values), 0, top).astype("<u2" if depth > 8 else np.uint8)
        row = plane.line_size // samples.itemsize  # rows are stored with some bytes to spare
        plane.update(np.pad(samples, ((0, 0), (0, row - samples.shape[1]))).tobytes())
    picture.colorspace, picture.color_range = matrix, levels
    return picture


def write_clip(
    path: Path,
    *,
    frames: int = 20,
    fps: Fraction | int = 25,
    stamps: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    size: tuple[int, int] = (128, 64),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    aspect: Fraction | None = None,
    colours: tuple[int, int] | None = None,
    sound: NDArray[np.float32] | None = None,
    sound_codec: str = "aac",
    sound_at: float = 0.0,
    options: dict[str, str] | None = None,
    file_options: dict[str, str] | None = None,
    draw: Callable[[int, tuple[int, int]], Frame] = numbered,
) -> Path:
    """Write a clip of numbered frames with PyAV alone, so that reading is tested by itself."""
    with av.open(str(path), "w", options=file_options or {}) as output:
        stream = output.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.codec_context.time_base = time_base or 1 / Fraction(fps)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if colours is not None:
            stream.codec_context.colorspace, stream.codec_context.color_range = colours
        track = None
        if sound is not None:
            track = output.add_stream(sound_codec, rate=CLICK_RATE)
            track.codec_context.layout = "mono"
        for index, stamp in enumerate(stamps or range(frames)):
            frame = draw(index, size)
            if colours is None:
                picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            else:
                picture = in_yuv(frame, pixels, *colours)
            picture.pts, picture.time_base = stamp, stream.codec_context.time_base
            output.mux(stream.encode(picture))
        if track is not None and sound is not None:
            _encode_sound(output, track, sound, sound_at)
        output.mux(stream.encode(None))
    return path


def _encode_sound(
    output: av.container.OutputContainer,
    track: av.AudioStream,
    sound: NDArray[np.float32],
    start: float,
) -> None:
    packed = track.codec_context.name.startswith("pcm")
    for begin in range(0, len(sound), 1024):
        block = sound[None, begin : begin + 1024]
        if packed:
            block = (block * 32767).astype(np.int16)
        piece = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="s16" if packed else "fltp", layout="mono"
        )
        piece.sample_rate = CLICK_RATE
        piece.pts = begin + round(start * CLICK_RATE)
        piece.time_base = Fraction(1, CLICK_RATE)
        output.mux(track.encode(piece))
    output.mux(track.encode(None))
