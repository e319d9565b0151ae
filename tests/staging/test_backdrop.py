"""What a performer dances before: every kind of background, and what is none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.performer import Performer
from dancenow.performer.fast.performer import FastPerformer, PlatedScene
from dancenow.pose import PoseTrack
from dancenow.pose.normalize import pose_statistics
from dancenow.pose.retarget import body_shape
from dancenow.sample import dance_track
from dancenow.sources.load import Source
from dancenow.sources.masks import PersonDetection
from dancenow.staging import backdrop
from dancenow.staging.backdrop import Backdrop, check_background
from dancenow.video import ClipInfo, open_writer, probe
from dancenow.video.png import encode_png

Frame = NDArray[np.uint8]

SIZE = (160, 144)
COLOURS = [(200, 40, 40), (40, 200, 40), (40, 40, 200)]


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return dance_track("zola", "house", seconds=1, size=SIZE, fps=8)


@pytest.fixture(scope="module")
def scene(track: PoseTrack) -> PlatedScene:
    plate = np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3), np.uint8)
    return PlatedScene(plate, 8, 1.0, pose_statistics(track), body_shape(track))


class Unlearned(FastPerformer):
    """A performer of the fast kind that knows its room, and nothing else."""

    def __init__(self, scene: PlatedScene) -> None:
        self.scene = scene


class WholeFrames(Performer):
    """A performer that paints its room with the person, as those of the paper do."""

    paints_layers = False

    def __init__(self, scene: PlatedScene) -> None:
        self.scene = scene

    @property
    def preset(self) -> str:
        return "whole"

    def perform(self, track: PoseTrack) -> Iterator[Frame]:
        return (self.scene.plate for _ in range(len(track)))  # type: ignore[attr-defined]

    def save(self, folder: Path) -> None:
        """There is nothing to keep."""


@pytest.fixture(scope="module")
def performer(scene: PlatedScene) -> FastPerformer:
    return Unlearned(scene)


@pytest.fixture
def source(track: PoseTrack) -> Source:
    return Source(track, None)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A red, a green and a blue frame, at 10 a second, wider than the performer's frame."""
    with open_writer(tmp_path / "clip.mp4", fps=10) as writer:
        for colour in COLOURS:
            writer.write(np.full((100, 200, 3), colour, np.uint8))
    return tmp_path / "clip.mp4"


def picture(path: Path, pixels: Frame) -> str:
    path.write_bytes(encode_png(pixels))
    return str(path)


def stripes(width: int, height: int) -> Frame:
    """Red, green and blue side by side, the green twice as wide."""
    pixels = np.full((height, width, 3), COLOURS[1], np.uint8)
    pixels[:, : width // 4] = COLOURS[0]
    pixels[:, -(width // 4) :] = COLOURS[2]
    return pixels


# --- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["target", "source", "transparent", "white", "#20c060", "#fff", "rgb(10, 20, 30)"],
)
def test_rooms_and_colours_are_backgrounds(name: str) -> None:
    check_background(name)


def test_pictures_clips_and_folders_of_pictures_are_backgrounds(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "folder").mkdir()
    picture(tmp_path / "folder" / "1.png", stripes(40, 30))
    check_background(picture(tmp_path / "beach.png", stripes(40, 30)))
    check_background(str(clip))
    check_background(str(tmp_path / "folder"))


def test_what_is_no_background_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a beach")
    (tmp_path / "torn.png").write_bytes(encode_png(stripes(400, 300))[:60])
    (tmp_path / "empty").mkdir()
    wrong = {
        "the beach": "choose target, source, transparent, a colour .* or a file",
        "#12345": "unknown; choose",
        str(tmp_path / "none.png"): "or a file that exists",
        str(tmp_path / "notes.txt"): "video",
        str(tmp_path / "torn.png"): "damaged",
        str(tmp_path / "empty"): "without pictures",
    }
    for name, said in wrong.items():
        with pytest.raises(InputError, match=said) as caught:
            check_background(name)
        assert "\n" not in str(caught.value) and Path(name).name in str(caught.value)


# --- Frames --------------------------------------------------------------------------------------


def test_the_targets_room_is_its_plate(performer: FastPerformer, source: Source) -> None:
    backdrop = Backdrop("target", performer, source)
    assert not backdrop.transparent
    for frame in islice(backdrop.frames(8), 3):
        np.testing.assert_array_equal(frame, performer.scene.plate)


@pytest.mark.parametrize(
    ("name", "colour"), [("white", (255, 255, 255)), ("#20c060", (32, 192, 96))]
)
def test_a_colour_fills_every_frame(
    performer: FastPerformer, source: Source, name: str, colour: tuple[int, int, int]
) -> None:
    backdrop = Backdrop(name, performer, source)
    assert not backdrop.transparent
    for frame in islice(backdrop.frames(8), 3):
        assert frame.dtype == np.uint8
        np.testing.assert_array_equal(frame, np.full((*SIZE[::-1], 3), colour))


def test_nothing_is_transparent(performer: FastPerformer, source: Source) -> None:
    assert Backdrop("transparent", performer, source).transparent


def shown(name: str, performer: FastPerformer, source: Source) -> Frame:
    first, second = islice(Backdrop(name, performer, source).frames(8), 2)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (*SIZE[::-1], 3) and first.dtype == np.uint8
    return first


def test_a_picture_of_the_same_size_is_shown_as_it_is(
    performer: FastPerformer, source: Source, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*SIZE[::-1], 3), np.uint8)
    name = picture(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(shown(name, performer, source), pixels)


@pytest.mark.parametrize("scale", [0.25, 1, 5])
def test_a_wide_picture_is_cut_evenly_on_both_sides(
    performer: FastPerformer, source: Source, tmp_path: Path, scale: float
) -> None:
    """Of 320 px that are twice as wide as the frame, the middle 160 are shown."""
    wide = stripes(round(320 * scale), round(144 * scale))
    frame = shown(picture(tmp_path / "wide.png", wide), performer, source).astype(int)
    assert np.abs(frame[:, 8:-8] - COLOURS[1]).max() <= 2
    higher = np.ascontiguousarray(stripes(round(288 * scale), round(160 * scale)).swapaxes(0, 1))
    frame = shown(picture(tmp_path / "high.png", higher), performer, source).astype(int)
    assert np.abs(frame[8:-8] - COLOURS[1]).max() <= 2


@pytest.mark.parametrize("size", [(160, 144), (321, 200), (90, 61), (1000, 1300)])
def test_a_mirrored_picture_is_shown_mirrored(
    performer: FastPerformer, source: Source, tmp_path: Path, size: tuple[int, int]
) -> None:
    y, x = np.mgrid[: size[1], : size[0]] / max(size)
    pixels = np.dstack([255 * x, 255 * y, 127 + 120 * np.sin(9 * x + 5 * y)]).astype(np.uint8)
    there = shown(picture(tmp_path / "a.png", pixels), performer, source).astype(int)
    turned = np.ascontiguousarray(pixels[::-1, ::-1])
    back = shown(picture(tmp_path / "b.png", turned), performer, source)[::-1, ::-1]
    assert np.abs(back - there).max() <= 2


def test_a_large_picture_is_not_jagged(
    performer: FastPerformer, source: Source, tmp_path: Path
) -> None:
    fine = np.indices((1440, 1600)).sum(axis=0)[..., None] // 2 % 2 * np.full(3, 255)
    frame = shown(picture(tmp_path / "a.png", fine.astype(np.uint8)), performer, source)
    assert np.abs(frame.astype(int) - 128).max() < 12


def test_a_clip_fills_the_frame_and_begins_anew(
    performer: FastPerformer, source: Source, clip: Path
) -> None:
    frames = list(islice(Backdrop(str(clip), performer, source).frames(10), 8))
    assert len(frames) == 8
    for index, frame in enumerate(frames):
        assert frame.shape == (*SIZE[::-1], 3)
        assert np.abs(frame.astype(int) - COLOURS[index % 3]).max() <= 4


def test_a_clip_is_shown_at_the_dances_rate(
    performer: FastPerformer, source: Source, clip: Path
) -> None:
    frames = list(islice(Backdrop(str(clip), performer, source).frames(20), 6))
    assert len(frames) == 6
    for index, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - COLOURS[index // 2]).max() <= 4


def test_the_sources_room_is_that_of_its_longest_shot_without_anybody(
    performer: FastPerformer, track: PoseTrack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(tmp_path / "a.mp4", fps=8) as writer:
        for index in range(8):
            frame = np.full((*SIZE[::-1], 3), COLOURS[0] if index < 3 else COLOURS[2], np.uint8)
            frame[40:100, 20:50] = frame[40:100, 110:140] = 255
            writer.write(frame)

    def detect(_: ClipInfo, wanted: NDArray[np.int64], **options: object) -> PersonDetection:
        assert wanted.tolist() == [3, 4, 5, 6, 7] and options["person"] == "1"
        masks = np.zeros((len(wanted), *SIZE[::-1]), np.uint8)
        masks[:, 40:100, 20:50] = 255
        return PersonDetection(track, wanted, masks, np.maximum(masks, masks[:, :, ::-1]), (3,))

    monkeypatch.setattr(backdrop, "detect_person", detect)
    monkeypatch.setattr(backdrop, "find_camera", lambda *_, **__: pytest.fail("it jumps"))
    room = shown("source", performer, Source(track, probe(tmp_path / "a.mp4"), (3,)))
    assert np.abs(room.astype(int) - COLOURS[2]).max() < 20


# --- What cannot be ------------------------------------------------------------------------------


def test_a_track_has_no_room(performer: FastPerformer, source: Source) -> None:
    with pytest.raises(InputError, match="the source is a track"):
        Backdrop("source", performer, source)


def test_whole_frames_have_their_own_room_and_no_other(scene: PlatedScene, source: Source) -> None:
    whole = WholeFrames(scene)
    assert not Backdrop("target", whole, source).transparent
    for name in ("transparent", "white"):
        with pytest.raises(InputError, match=rf"`background={name}`: .*`preset=fast`"):
            Backdrop(name, whole, source)
