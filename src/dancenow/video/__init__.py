"""Clips: probe, read, write."""

from dancenow.video.comment import read_comment
from dancenow.video.images import IMAGE_SUFFIXES, clips_in
from dancenow.video.probe import ClipInfo, probe
from dancenow.video.read import read_frames, stored_frames
from dancenow.video.timing import as_rate
from dancenow.video.write import VideoWriter, check_output, open_writer

__all__ = [
    "IMAGE_SUFFIXES",
    "ClipInfo",
    "VideoWriter",
    "as_rate",
    "check_output",
    "clips_in",
    "open_writer",
    "probe",
    "read_comment",
    "read_frames",
    "stored_frames",
]
