"""What all estimators share, and what stands around MediaPipe: windows and quiet."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from dancenow.errors import InputError
from dancenow.pose.estimators import Detection, PoseEstimator, make_estimator
from dancenow.pose.estimators.base import Frame, cast_of
from dancenow.pose.estimators.stderr_filter import drop_stderr_lines
from dancenow.pose.estimators.window import Cutter, Window, search_windows
from dancenow.pose.layout import BODY, NUM_KEYPOINTS


class BrightestPixel(PoseEstimator):
    """An estimator for these tests: a body around the brightest pixel, nobody in the dark."""

    def stream(self, frames: Iterable[Frame], *, masks: bool = False) -> Iterator[Detection]:
        for frame in frames:
            y, x = np.unravel_index(frame[..., 0].argmax(), frame.shape[:2])
            body = np.zeros((NUM_KEYPOINTS, 3), np.float32)
            body[BODY] = [(x + dx, y + 3 * dx, 1) for dx in np.linspace(-5, 5, 25)]
            mask = frame[..., 0].astype(np.float32) / 255 if masks else None
            yield Detection([body] if frame.any() else [], mask)


def moving_light(frames: int) -> Iterator[Frame]:
    for t in range(frames):
        frame = np.zeros((60, 80, 3), np.uint8)
        frame[30, 20 + t] = 255
        yield frame


def test_an_estimator_turns_frames_into_a_track():
    track = cast_of(BrightestPixel().stream(moving_light(10)), 12.5, (80, 60)).tracks[0]
    assert (track.fps, track.size) == (12.5, (80, 60))
    np.testing.assert_allclose(track.xy[:, BODY, 0].mean(axis=1), 20 + np.arange(10), atol=1e-4)


def test_a_clip_without_a_person_is_refused_with_advice():
    dark = (np.zeros((60, 80, 3), np.uint8) for _ in range(5))
    with pytest.raises(InputError, match="whole body is visible"):
        cast_of(BrightestPixel().stream(dark), 25, (80, 60))


def test_an_unknown_estimator_is_refused_with_the_names_of_the_known_ones():
    with pytest.raises(InputError, match="'openpos'; choose mediapipe, litert or rtmpose"):
        make_estimator("openpos")


def test_importing_the_estimators_loads_neither_mediapipe_nor_rtmlib():
    code = (
        "import sys, dancenow.pose.estimators as e; e.make_estimator();"
        "print([m for m in ('mediapipe', 'rtmlib', 'onnxruntime') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_only_the_named_lines_are_kept_off_standard_error(capfd):
    with drop_stderr_lines(re.compile(rb"chatter")):
        os.write(2, b"W0000 chatter\nkeep this\nINFO: chatter\n")
    os.write(2, b"chatter outside\n")
    assert capfd.readouterr().err == "keep this\nchatter outside\n"


def test_standard_error_is_given_back_after_an_error_inside(capfd):
    with pytest.raises(RuntimeError), drop_stderr_lines(re.compile(rb"chatter")):
        os.write(2, b"chatter\nwhy it failed\n")
        raise RuntimeError
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "why it failed\nafter\n"


def test_threads_that_want_quiet_at_once_lose_nothing(capfd):
    def work(name: int) -> None:
        for _ in range(20):
            with drop_stderr_lines(re.compile(rb"chatter")):
                os.write(2, b"chatter\nline of %d\n" % name)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = capfd.readouterr().err.splitlines()
    assert sorted(lines) == sorted(f"line of {i}" for i in range(4) for _ in range(20))


sizes = st.tuples(st.integers(40, 200), st.integers(40, 200))


@given(size=sizes, data=st.data())
@settings(deadline=None, max_examples=50)
def test_a_window_shows_the_frame_where_they_overlap_and_black_elsewhere(size, data):
    width, height = size
    window = Window(
        *(data.draw(st.integers(-60, 150)) for _ in "xy"), data.draw(st.integers(1, 99))
    )
    frame = np.random.default_rng(0).integers(1, 255, (height, width, 3), dtype=np.uint8)
    side = window.side
    padded = np.pad(frame, ((300, 300), (300, 300), (0, 0)))
    rows = slice(300 + window.top, 300 + window.top + side)
    columns = slice(300 + window.left, 300 + window.left + side)
    cutter = Cutter()
    for _ in range(2):  # the canvas is used again
        assert_array_equal(cutter.cut(frame, window), padded[rows, columns])

    mask = np.random.default_rng(1).random((side, side), dtype=np.float32)
    padded_mask = np.zeros((height + 600, width + 600), np.float32)
    padded_mask[rows, columns] = mask
    assert_array_equal(window.paste(mask, width, height), padded_mask[300:-300, 300:-300])


@given(size=sizes)
def test_the_whole_window_holds_the_whole_frame(size):
    (rows, columns), _ = Window.whole(*size).overlap(*size)
    assert (rows, columns) == (slice(0, size[1]), slice(0, size[0]))


def body_at(x: float, y: float, height: float) -> np.ndarray:
    keypoints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    keypoints[BODY, 0] = x
    keypoints[BODY, 1] = y + np.linspace(-0.5, 0.5, 25) * height
    keypoints[BODY, 2] = 1
    return keypoints


@given(x=st.floats(0, 1280), y=st.floats(0, 720), height=st.floats(20, 700))
def test_a_new_window_fits_and_a_body_that_walks_far_or_grows_much_leaves_it(x, y, height):
    body = body_at(x, y, height)
    window = Window.around(body, largest=1280)
    assert window.fits(body, largest=1280)
    assert not window.fits(body_at(x + window.side / 2, y, height), largest=1280)
    if window.side < 1280:
        assert not window.fits(body_at(x, y, 0.9 * window.side), largest=1280)


@given(
    size=st.tuples(st.integers(100, 2000), st.integers(100, 2000)),
    part=st.integers(1, 3),
    data=st.data(),
)
@settings(max_examples=50)
def test_wherever_a_small_person_stands_a_search_window_holds_it_whole(size, part, data):
    width, height = size
    person = min(size) // (2 * part) - 1
    left = data.draw(st.integers(0, width - person))
    top = data.draw(st.integers(0, height - person))
    assert any(
        w.left <= left
        and w.top <= top
        and left + person <= w.left + w.side
        and top + person <= w.top + w.side
        for w in search_windows(width, height, part)
    )
