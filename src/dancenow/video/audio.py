"""The sound of a clip being written: copied if the format allows it, otherwise encoded.

Times here are seconds of the output: 0 is when its first frame is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final, Protocol

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.video.containers import open_media, sound_stream
from dancenow.video.probe import probe

Samples = NDArray[np.float32]
SoundSource = str | Path | tuple[Samples, int]  # a file; or samples and how many a second

# What is copied into each format: what the format allows and its players understand.
COPIED_CODECS: Final = {
    "mp4": frozenset({"aac", "mp3", "mp3float", "opus", "libopus", "flac"}),
    "mov": frozenset({"aac", "mp3", "mp3float", "alac", "ac3", "pcm_s16le", "pcm_s24le"}),
    "matroska": frozenset(
        {"aac", "mp3", "mp3float", "ac3", "eac3", "opus", "libopus", "vorbis", "flac", "alac"}
        | {"pcm_s16le", "pcm_s24le", "pcm_f32le"}
    ),
    "webm": frozenset({"opus", "libopus", "vorbis"}),
}
_AAC_RATES: Final = (48000, 44100, 32000, 24000, 22050, 16000)  # Hz
_OPUS_RATES: Final = (48000, 24000, 16000)  # Hz
_BITS: Final = 160_000  # a second
_GAP: Final = 0.05  # s; a longer pause between blocks is silence, a shorter one is rounding


class SoundTrack(Protocol):
    """A sound that is written alongside the frames."""

    def feed(self, until: Fraction) -> None:
        """Write what sounds before `until` seconds."""

    def finish(self, until: Fraction) -> None:
        """Write the rest, up to `until` seconds and no further."""


def add_sound_track(
    source: SoundSource, output: OutputContainer, resources: ExitStack, start: float = 0.0
) -> SoundTrack | None:
    """Add a sound to an output, from the first frame of its source on.

    Args:
        source: a clip or a sound file; or samples and their rate.
        output: where to write; its header must not have been written yet.
        resources: keeps the file open.
        start: seconds after a file's first frame at which its sound begins to be taken.

    Returns:
        None if the file has no sound that can be decoded.

    Raises:
        InputError: there is no such file, or it is not a media file.
        ValueError: the samples have a wrong shape or rate.
    """
    if isinstance(source, tuple):
        samples, rate = source
        channels = np.asarray(samples, dtype=np.float32).reshape(len(samples), -1).T
        if not 1 <= len(channels) <= 2 or rate < 1:
            raise ValueError(
                f"samples must be (N,) or (N, 2) at a rate above 0, not {samples.shape}"
            )
        return EncodedSound(_frames(channels, rate), Fraction(0), len(channels), rate, output)
    path = Path(source)
    if path.is_dir():
        return None
    media = resources.enter_context(open_media(path))
    stream = sound_stream(media, path)
    if stream is None:
        return None
    origin = sound_origin(path, stream) + Fraction(start)
    if stream.codec_context.name in COPIED_CODECS.get(output.format.name, ()):
        return CopiedSound(media, stream, origin, output)
    channel_count = min(stream.codec_context.channels, 2)
    return EncodedSound(decode_sound(media, stream), origin, channel_count, stream.rate, output)


def sound_origin(path: Path, stream: AudioStream) -> Fraction:
    """When a clip shows its first frame or, if it has none, when its sound begins, seconds."""
    try:
        return Fraction(probe(path).start)
    except InputError:  # music, with or without a cover picture
        return (stream.start_time or 0) * (stream.time_base or Fraction(1))


def decode_sound(source: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Decode a sound; what is damaged is left out, and the rest keeps its times."""
    with suppress(av.FFmpegError):  # cut off: what came before it is heard
        for packet in source.demux(stream):
            with suppress(av.FFmpegError):  # damaged: a pause takes its place
                yield from packet.decode()


class CopiedSound:
    """A sound track whose packets are copied as they are."""

    def __init__(
        self,
        source: InputContainer,
        stream: AudioStream,
        origin: Fraction,
        output: OutputContainer,
    ) -> None:
        self._base = stream.time_base or Fraction(1, stream.rate)
        self._shift = round(origin / self._base)
        self._output = output
        self._stream = output.add_stream_from_template(stream)
        # MP4 tells its player to leave out what comes before 0, so the cut is exact to a sample,
        # and one packet more lets the decoder settle.  Matroska would move the picture instead.
        self._early_packets = 2 if output.format.name in ("mp4", "mov") else 0
        self._packets = self._from_start(source, stream)
        self._next: Packet[AudioStream] | None = next(self._packets, None)

    def _from_start(
        self, source: InputContainer, stream: AudioStream
    ) -> Iterator[Packet[AudioStream]]:
        with suppress(av.FFmpegError):  # cut off: what came before it is copied
            for packet in source.demux(stream):
                if packet.pts is None or packet.dts is None or packet.is_corrupt:
                    continue
                packet.pts -= self._shift
                packet.dts -= self._shift
                if packet.pts > -self._early_packets * (packet.duration or 0) - 1:
                    yield packet

    def feed(self, until: Fraction) -> None:
        """Write the packets that end before `until` seconds."""
        while (packet := self._next) is not None:
            assert packet.pts is not None
            if (packet.pts + (packet.duration or 0)) * self._base > until:
                return
            self._write(packet)

    def finish(self, until: Fraction) -> None:
        """Write the rest, cutting the last packet to end at `until` seconds."""
        self.feed(until)
        packet = self._next
        if packet is not None and packet.pts is not None and packet.pts * self._base < until:
            packet.duration = max(1, round(until / self._base) - packet.pts)
            self._write(packet)

    def _write(self, packet: Packet[AudioStream]) -> None:
        packet.stream = self._stream
        self._output.mux(packet)
        self._next = next(self._packets, None)


class EncodedSound:
    """A sound track encoded to AAC, or to Opus in WebM."""

    def __init__(
        self,
        frames: Iterator[AudioFrame],
        origin: Fraction,
        channels: int,
        rate: int,
        output: OutputContainer,
    ) -> None:
        webm = output.format.name == "webm"
        codec, rates = ("libopus", _OPUS_RATES) if webm else ("aac", _AAC_RATES)
        self._rate = rate if rate in rates else rates[0]
        self._layout = "mono" if channels == 1 else "stereo"
        self._output = output
        stream = output.add_stream(codec, rate=self._rate)
        assert isinstance(stream, AudioStream)
        self._stream = stream
        self._stream.codec_context.layout = self._layout
        self._stream.codec_context.bit_rate = _BITS
        self._blocks = self._resampled(frames, origin)
        self._block = np.zeros((channels, 0), dtype=np.float32)
        self._written = 0  # samples

    def _resampled(self, frames: Iterator[AudioFrame], origin: Fraction) -> Iterator[Samples]:
        """Blocks float32 `(channels, n)` without gaps, the first beginning at 0 seconds."""
        resampler = AudioResampler(format="fltp", layout=self._layout, rate=self._rate)
        position = 0
        for frame in chain(frames, (None,)):
            for block in resampler.resample(frame):
                samples = np.asarray(block.to_ndarray(), dtype=np.float32)
                begin = position
                if block.pts is not None and block.time_base is not None:
                    begin = round((block.pts * block.time_base - origin) * self._rate)
                slack = _GAP * self._rate if position else 0
                if begin > position + slack:
                    while position < begin:  # a pause may be longer than any memory
                        silence = min(self._rate, begin - position)
                        yield np.zeros((len(samples), silence), dtype=np.float32)
                        position += silence
                elif begin < position - slack:
                    samples = samples[:, position - begin :]
                position += samples.shape[1]
                yield samples

    def feed(self, until: Fraction) -> None:
        """Encode the samples before `until` seconds."""
        wanted = round(until * self._rate)
        while self._written < wanted:
            if self._block.shape[1] == 0:
                block = next(self._blocks, None)
                if block is None:
                    return
                self._block = block
            count = min(self._block.shape[1], wanted - self._written)
            if count:
                self._encode(self._block[:, :count])
            self._block = self._block[:, count:]

    def _encode(self, samples: Samples) -> None:
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=self._layout
        )
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._written
        self._output.mux(self._stream.encode(frame))
        self._written += samples.shape[1]

    def finish(self, until: Fraction) -> None:
        """Encode the rest, up to `until` seconds, and end the stream."""
        self.feed(until)
        self._output.mux(self._stream.encode(None))


def _frames(channels: Samples, rate: int) -> Iterator[AudioFrame]:
    layout = "mono" if len(channels) == 1 else "stereo"
    for begin in range(0, channels.shape[1], rate):  # a second at a time
        block = np.ascontiguousarray(channels[:, begin : begin + rate])
        frame = AudioFrame.from_ndarray(block, format="fltp", layout=layout)
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        frame.pts = begin
        yield frame
