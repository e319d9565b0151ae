"""MediaPipe's models by LiteRT: as good as by MediaPipe's graph, keypoint by keypoint."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.estimators import litert_graphs, make_estimator
from dancenow.pose.estimators.base import cast_of
from dancenow.pose.layout import BODY, FACE, LEFT_HAND, RIGHT_HAND
from dancenow.pose.track import FloatArray
from dancenow.sample.shipped import shipped_clip, shipped_track
from dancenow.video import probe, read_frames

pytest.importorskip("ai_edge_litert")
FRAMES = 40
PARTS = {"body": BODY, "face": FACE, "left": LEFT_HAND, "right": RIGHT_HAND}


@pytest.fixture(scope="module")
def found() -> dict[str, PoseTrack]:
    """The poses in a sample by both, and the true ones; 512 pixels."""
    clip, track = shipped_clip("zola", "house"), shipped_track("zola", "house")
    assert clip is not None and track is not None
    info = probe(clip)
    frames = list(islice(read_frames(info), FRAMES))
    made = {
        name: cast_of(make_estimator(name).stream(frames), float(info.fps), info.size).tracks[0]
        for name in ("mediapipe", "litert")
    }
    return {**made, "truth": PoseTrack.load(track)[:FRAMES]}


def apart(a: PoseTrack, b: PoseTrack, part: slice) -> FloatArray:
    """Pixels between keypoints that are seen in both."""
    both = (a.confidence[:, part] > 0.3) & (b.confidence[:, part] > 0.3)
    assert both.mean() > 0.6
    return np.linalg.norm(a.xy[:, part] - b.xy[:, part], axis=-1)[both]


@pytest.mark.slow
@pytest.mark.parametrize(("part", "median", "most"), [
    ("body", 0.6, 2.5), ("face", 1.5, 4.0), ("left", 0.6, 6.0), ("right", 0.6, 6.0),
])  # fmt: skip
def test_it_sees_what_mediapipe_sees(
    found: dict[str, PoseTrack], part: str, median: float, most: float
) -> None:
    pixels = apart(found["litert"], found["mediapipe"], PARTS[part])
    assert np.median(pixels) < median and np.quantile(pixels, 0.9) < most
    truth = [np.median(apart(found[name], found["truth"], PARTS[part])) for name in found][:2]
    assert truth[1] < 1.15 * truth[0] + 0.1  # as near to the truth
    seen = [(found[name].confidence[:, PARTS[part]] > 0).mean() for name in ("mediapipe", "litert")]
    assert abs(seen[0] - seen[1]) < 0.06


def test_depth_is_that_of_mediapipe(found: dict[str, PoseTrack]) -> None:
    ours, theirs = found["litert"].depth, found["mediapipe"].depth
    assert ours is not None and theirs is not None
    known = np.isfinite(ours) & np.isfinite(theirs)
    assert known.mean() > 0.1 and np.median(np.abs(ours - theirs)[known]) < 0.02


def test_it_runs_without_mediapipe_being_imported() -> None:
    code = """
import sys
from itertools import islice
from dancenow.pose.estimators import make_estimator, mediapipe
from dancenow.sample.shipped import shipped_clip
from dancenow.video import read_frames
mediapipe.has_heavy_model = lambda: False  # it asks MediaPipe where that could be had
frames = islice(read_frames(shipped_clip("bo", "disco")), 3)
seen = list(make_estimator("litert").stream(frames))
assert all(len(each.candidates) == 1 for each in seen)
assert "mediapipe.python" not in sys.modules and "mediapipe" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_an_empty_room_holds_nobody() -> None:
    wall = np.full((120, 160, 3), 90, np.uint8)
    assert not any(seen.candidates for seen in make_estimator("litert").stream(iter([wall] * 3)))


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litert_graphs, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'dancenow\[litert\]'"):
        make_estimator("litert")
