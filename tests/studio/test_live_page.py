"""Dancing live on the page: Chromium's camera shows a sample performer."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from browsing import CHROMIUM, LONG, Studio, picture
from PIL import Image

from dancenow.video import read_frames
from fixture_types import SampleClip

requests = pytest.importorskip("requests")
SESSION = {"dancenow_studio": "x" * 43}
SAMPLE = "person=sample:zola&behind=white"


def jpeg(frame: np.ndarray[Any, Any]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(frame).save(data, "JPEG")
    return data.getvalue()


def ask(studio: Studio, data: bytes, what: str = SAMPLE, cookies: Any = None) -> Any:
    url = f"{studio.address}/api/live/frame?{what}"
    return requests.post(url, data=data, cookies=cookies or SESSION)


def leave(studio: Studio) -> None:
    url = f"{studio.address}/api/live/leave"
    assert requests.post(url, data="{}", cookies=SESSION).status_code == 200


@pytest.mark.slow
def test_pictures_go_up_and_the_performer_comes_down(
    studio: Studio, sample_clip: SampleClip
) -> None:
    seen = [jpeg(frame) for frame in read_frames(sample_clip("bo", "house", seconds=2, size=256))]
    painted = None
    for number in range(400):
        answer = ask(studio, seen[number % len(seen)])
        if answer.status_code == 200:
            painted = np.asarray(Image.open(io.BytesIO(answer.content)))
            break
        assert answer.status_code == 204
    assert painted is not None and painted.shape == (512, 512, 3)
    dark = (painted < 200).any(axis=-1).mean()
    assert 0.02 < dark < 0.5  # somebody before white
    other = ask(studio, seen[0], cookies={"dancenow_studio": "y" * 43})
    assert other.status_code == 400 and "somebody else dances" in other.json()["error"]
    for odd in (b"", b"no picture", seen[0][:200], jpeg(np.zeros((9, 9, 3), np.uint8))):
        assert ask(studio, odd).status_code in (200, 204)  # it is not seen, and nothing else
    leave(studio)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("person=sample:nobody&behind=white", "no such performer"),
        ("person=person:x&behind=white", "."),
        ("person=&behind=white", "not learned yet"),
        ("person=sample:zola&behind=/etc/passwd", "cannot be read"),
        ("behind=white", "not learned yet"),
    ],
)
def test_what_cannot_dance_is_told(studio: Studio, what: str, line: str) -> None:
    answer = ask(studio, b"x", what)
    assert answer.status_code == 400 and line in answer.json()["error"]


def test_huge_pictures_are_refused(studio: Studio) -> None:
    assert ask(studio, b"x" * 1_500_000).status_code == 400


@pytest.fixture
def dancing_camera(tmp_path: Path, sample_clip: SampleClip) -> Iterator[Any]:
    """A browser whose camera shows a sample performer again and again."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    film = tmp_path / "camera.y4m"
    with av.open(str(film), "w", "yuv4mpegpipe") as container:
        stream: Any = container.add_stream("rawvideo", rate=10)
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for frame in read_frames(sample_clip("bo", "house", seconds=2, size=256)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags += [f"--use-file-for-fake-video-capture={film}"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_somebody_dances_on_the_page(studio: Studio, dancing_camera: Any) -> None:
    page = dancing_camera.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(LONG)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{studio.address}/#live")
    page.get_by_role("radio", name="Zola").check()
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_text("pictures a second").wait_for()
    assert page.get_by_role("img", name="The dancer").evaluate("c => c.width") == 512
    picture(page, "live")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Start the camera").wait_for()
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_role("link", name="My videos").click()  # which leaves the camera
    page.go_back()
    page.get_by_role("button", name="Start the camera").wait_for()
    assert not errors
    page.context.close()
