"""Performing live: a clip in the camera's place, with the poses of a sample in its frames."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError, OutputError
from dancenow.options import LiveOptions
from dancenow.performer.edn.config import EDN_PRESETS
from dancenow.performer.edn.networks import make_generator
from dancenow.performer.edn.performer import EDNPerformer, FrameScene
from dancenow.pose import PoseTrack
from dancenow.pose.estimators import Detection
from dancenow.pose.face_region import face_side
from dancenow.pose.normalize import pose_statistics
from dancenow.progress import Progress
from dancenow.sample import dance_track
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.live import Live, perform_live
from untrained import CPU, plated, untrained

Frame = NDArray[np.uint8]
Seen = Callable[[int], Detection]

SIZE = (160, 144)
FPS = 25


class Estimator:
    """Sees in the frame that comes as the nth what it is told to."""

    def __init__(self, see: Seen) -> None:
        self.see = see
        self.looked = 0

    def stream(self, frames: Iterable[Frame], *, masks: bool = False) -> Iterator[Detection]:
        assert not masks
        for frame in frames:
            assert frame.shape == (128, 128, 3) and frame.dtype == np.uint8
            yield self.see(self.looked)
            self.looked += 1


@pytest.fixture(scope="module")
def own() -> PoseTrack:
    return dance_track("zola", "house", seconds=1, size=SIZE, fps=6)


@pytest.fixture(scope="module")
def folder(own: PoseTrack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A performer before a grey wall."""
    path = tmp_path_factory.mktemp("live") / "performer"
    untrained(own, plated(own, np.full((*SIZE[::-1], 3), 90, np.uint8))).save(path)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds: no test waits for their end."""
    path = tmp_path_factory.mktemp("clip") / "camera.mp4"
    with open_writer(path, fps=FPS) as writer:
        for _ in range(10 * FPS):
            writer.write(np.full((128, 128, 3), 60, np.uint8))
    return path


@pytest.fixture(scope="module")
def dance() -> PoseTrack:
    return dance_track("mika", "groove", seconds=2, size=128, fps=FPS)


@pytest.fixture
def sees(monkeypatch: pytest.MonkeyPatch) -> Callable[[Seen], Estimator]:
    """Let the estimator see something."""

    def replace(see: Seen) -> Estimator:
        estimator = Estimator(see)
        monkeypatch.setattr("dancenow.workflows.live.make_estimator", lambda *_, **__: estimator)
        return estimator

    return replace


@pytest.fixture
def dancing(sees: Callable[[Seen], Estimator], dance: PoseTrack) -> Estimator:
    """Somebody dances before the camera."""
    return sees(lambda index: Detection([dance.keypoints[index % len(dance)]]))


def stop_after(count: int) -> Callable[[Progress], None]:
    """Ctrl-C, when so many frames were shown."""

    def tell(event: Progress) -> None:
        if event.done == count:
            raise KeyboardInterrupt

    return tell


def no_threads_are_left() -> bool:
    return not {thread.name for thread in threading.enumerate()} & {"camera", "poses"}


def test_what_the_camera_sees_is_danced_until_ctrl_c(
    folder: Path, clip: Path, dancing: Estimator, tmp_path: Path
) -> None:
    out = tmp_path / "o.mp4"
    made = perform_live(folder, str(clip), out, LiveOptions(device="cpu"), progress=stop_after(4))
    assert isinstance(made, Live) and made.output == out and made.frames == 4
    assert made.credentials  # known only once the file is finished
    assert 8 <= dancing.looked < 10 * FPS and no_threads_are_left()
    figures = (made.latency, made.latency_95, made.seconds)
    assert np.isfinite(figures).all() and 0 < made.latency <= made.latency_95
    written = probe(out)
    assert written.size == SIZE and written.fps == FPS and not written.has_audio
    frames = list(read_frames(out))
    assert len(frames) == written.frames >= 1
    person = np.abs(frames[-1].astype(int) - 90).max(axis=-1) > 30
    assert 0.01 < person.mean() < 0.6
    assert [entry.name for entry in tmp_path.iterdir()] == ["o.mp4"]


@pytest.mark.usefixtures("dancing")
def test_the_summary_tells_the_latency(folder: Path, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "frames"
    events: list[Progress] = []

    def tell(event: Progress) -> None:
        events.append(event)
        stop_after(2)(event)

    made = perform_live(folder, str(clip), out, LiveOptions(device="cpu"), progress=tell)
    assert f"{out}: 2 frames performed live" in made.summary()
    assert "from the camera to the picture" in made.summary() and " ms" in events[0].note
    assert [event.done for event in events] == [1, 2]
    assert {(event.stage, event.total) for event in events} == {("dancing live", None)}


@pytest.mark.usefixtures("dancing")
def test_a_virtual_camera_gets_every_picture(
    folder: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyvirtualcam = pytest.importorskip("pyvirtualcam")
    sent: list[Frame] = []

    class Camera:
        def __init__(self, *about: object, device: str | None) -> None:
            assert about == (*SIZE, FPS) and device == "/dev/video9"

        def send(self, frame: Frame) -> None:
            sent.append(frame)

        def close(self) -> None:
            sent.append(np.zeros(0, np.uint8))

    monkeypatch.setattr(pyvirtualcam, "Camera", Camera)
    options = LiveOptions(device="cpu", virtual_camera="/dev/video9")
    made = perform_live(folder, str(clip), None, options, progress=stop_after(3))
    assert made.frames == 3 and made.output is None
    assert [frame.shape for frame in sent] == [(*SIZE[::-1], 3)] * 3 + [(0,)]


@pytest.mark.usefixtures("dancing")
def test_a_virtual_camera_that_is_not_there_is_told(folder: Path, clip: Path) -> None:
    pytest.importorskip("pyvirtualcam")
    options = LiveOptions(device="cpu", virtual_camera="/dev/nowhere")
    with pytest.raises(InputError, match=r"`virtual_camera`: there is none here \(") as told:
        perform_live(folder, str(clip), None, options)
    assert "\n" not in str(told.value)


def test_it_ends_with_the_clip(
    folder: Path, dancing: Estimator, clip: Path, tmp_path: Path
) -> None:
    short = tmp_path / "short.mp4"
    with open_writer(short, fps=10) as writer:
        for frame in islice(read_frames(clip), 20):
            writer.write(frame)
    made = perform_live(folder, str(short), tmp_path / "o.mp4", LiveOptions(device="cpu"))
    assert 1 <= made.frames <= 20 - 7 and 8 <= dancing.looked <= 20
    assert probe(tmp_path / "o.mp4").frames >= 1


def test_it_ends_when_its_time_is_over(
    folder: Path, clip: Path, dancing: Estimator, tmp_path: Path
) -> None:
    made = perform_live(folder, str(clip), tmp_path / "o.mp4", LiveOptions(seconds=2, device="cpu"))
    assert made.frames >= 1 and dancing.looked < 10 * FPS and no_threads_are_left()


def test_a_moment_without_anybody_does_not_end_it(
    folder: Path, clip: Path, dance: PoseTrack, sees: Callable[[Seen], Estimator], tmp_path: Path
) -> None:
    def see(index: int) -> Detection:
        return Detection([] if index % 3 == 1 else [dance.keypoints[index % len(dance)]])

    sees(see)
    made = perform_live(
        folder, str(clip), tmp_path / "o.mp4", LiveOptions(device="cpu"), progress=stop_after(6)
    )
    assert made.frames == 6 and probe(tmp_path / "o.mp4").frames >= 1


@pytest.mark.parametrize("name", ["o.mp4", "o.gif", "frames"])
def test_where_nobody_is_seen_nothing_is_left(
    folder: Path, clip: Path, sees: Callable[[Seen], Estimator], tmp_path: Path, name: str
) -> None:
    sees(lambda _: Detection([]))
    with pytest.raises(InputError, match="nobody was seen; step back"):
        perform_live(folder, str(clip), tmp_path / name, LiveOptions(seconds=0.3, device="cpu"))
    assert not list(tmp_path.iterdir()) and no_threads_are_left()


def test_a_clip_that_was_there_before_stays_where_nobody_is_seen(
    folder: Path, clip: Path, sees: Callable[[Seen], Estimator], tmp_path: Path
) -> None:
    sees(lambda _: Detection([]))
    (tmp_path / "o.mp4").write_bytes(b"mine")
    with pytest.raises(InputError, match="nobody"):
        perform_live(folder, str(clip), tmp_path / "o.mp4", LiveOptions(seconds=0.3, device="cpu"))
    assert (tmp_path / "o.mp4").read_bytes() == b"mine"


def test_what_fails_in_the_estimator_is_told(
    folder: Path, clip: Path, dance: PoseTrack, sees: Callable[[Seen], Estimator], tmp_path: Path
) -> None:
    def see(index: int) -> Detection:
        if index == 20:
            raise InputError("the model is gone")
        return Detection([dance.keypoints[index]])

    sees(see)
    with pytest.raises(InputError, match="the model is gone"):
        perform_live(folder, str(clip), tmp_path / "o.mp4", LiveOptions(device="cpu"))
    assert not list(tmp_path.iterdir()) and no_threads_are_left()


def test_nobody_can_be_chosen(folder: Path, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`person`: a live dance follows one person"):
        perform_live(folder, str(clip), tmp_path / "o.mp4", LiveOptions(person="2", device="cpu"))


def test_an_unknown_estimator_is_told(folder: Path, clip: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pose estimator is called 'eyes'"):
        perform_live(
            folder, str(clip), tmp_path / "o.mp4", LiveOptions(estimator="eyes", device="cpu")
        )
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_is_told_before_the_camera_runs(
    folder: Path, clip: Path, dancing: Estimator, tmp_path: Path
) -> None:
    wrong: list[tuple[str, Path, type[InputError], str]] = [
        ("97", tmp_path / "o.mp4", InputError, "there is no camera 97"),
        ("none.mp4", tmp_path / "o.mp4", InputError, "no such file"),
        (str(clip), tmp_path / "missing" / "o.mp4", OutputError, "no such folder"),
        (str(clip), tmp_path / "o.exe", InputError, "cannot be written"),
        (str(clip), clip, OutputError, "would replace"),
    ]
    before = clip.read_bytes()
    for source, out, error, said in wrong:
        with pytest.raises(error, match=said):
            perform_live(folder, source, out, LiveOptions(device="cpu"))
    with pytest.raises(InputError, match="holds no performer"):
        perform_live(tmp_path, str(clip), tmp_path / "o.mp4", LiveOptions(device="cpu"))
    assert dancing.looked == 0 and not list(tmp_path.iterdir()) and clip.read_bytes() == before


def test_a_performer_that_paints_whole_frames_is_refused(
    own: PoseTrack, clip: Path, dancing: Estimator, tmp_path: Path
) -> None:
    config = EDN_PRESETS["edn-tiny"]
    coarse, _ = make_generator(config.networks)
    scene = FrameScene(SIZE, own.fps, pose_statistics(own), face_side(config.canvas(SIZE)))
    EDNPerformer(config, scene, coarse, None, CPU).save(tmp_path / "edn")
    with pytest.raises(InputError, match="needs a performer of the preset fast"):
        perform_live(tmp_path / "edn", str(clip), tmp_path / "o.mp4", LiveOptions(device="cpu"))
    assert dancing.looked == 0 and not (tmp_path / "o.mp4").exists()
