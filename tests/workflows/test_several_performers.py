"""Several performers, each of whom follows one dancer of a source."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import Formation, Legs, PerformOptions, TransferOptions
from dancenow.pose import PoseTrack
from dancenow.pose.layout import BODY
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.perform import perform
from dancenow.workflows.transfer import transfer
from motions import dancing
from untrained import plated, untrained

COLOURS = {"mika": (230, 40, 40), "zola": (40, 40, 230)}
OPTIONS = PerformOptions(device="cpu")


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One performer in red and one in blue."""
    folders = []
    for dancer, colour in COLOURS.items():
        home = dancing(dancer, "house", seconds=1, fps=10, size=(200, 150))
        performer = untrained(home, plated(home, np.full((150, 200, 3), 90, np.uint8)))
        performer.generator.exit.weight.data.zero_()
        performer.texture.references.frames[...] = colour
        folder = tmp_path_factory.mktemp("cast") / dancer
        performer.save(folder)
        folders.append(folder)
    return folders


def written(path: Path, *tracks: PoseTrack) -> Path:
    """Pose files of several persons, as DWPose writes them."""
    width, height = tracks[0].size
    frames = [
        {
            "people": [
                {"pose_keypoints_2d": track.keypoints[index, BODY].ravel().tolist()}
                for track in tracks
            ],
            "canvas_width": width,
            "canvas_height": height,
        }
        for index in range(len(tracks[0]))
    ]
    path.write_text(json.dumps(frames), "utf-8")
    return path


def moved(track: PoseTrack, x: float, y: float = 0.0) -> PoseTrack:
    keypoints = track.keypoints.copy()
    keypoints[..., :2] += np.where(keypoints[..., 2:] > 0, (x, y), 0)
    return PoseTrack(keypoints.astype(np.float32), track.fps, (320, 150))


@pytest.fixture(scope="module")
def duet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The larger one is on the right."""
    track = dancing("lin", "wave", seconds=1, fps=10, size=(160, 120))
    larger = track.with_keypoints(track.keypoints * np.array([1.15, 1.15, 1], np.float32))
    return written(
        tmp_path_factory.mktemp("duet") / "duet.json", moved(track, -20), moved(larger, 130)
    )


def middle(picture: NDArray[np.uint8], dancer: str) -> NDArray[np.float64]:
    """Where somebody in a colour is in a picture: x, y in pixels."""
    own = np.abs(picture.astype(int) - COLOURS[dancer]).max(axis=-1) < 70
    assert own.sum() > 30
    return np.argwhere(own).mean(axis=0)[::-1]


@pytest.mark.slow
def test_each_follows_a_dancer_from_left_to_right(
    cast: list[Path], duet: Path, tmp_path: Path
) -> None:
    made = perform(cast, duet, tmp_path / "o.mp4", OPTIONS)
    assert made.frames == 10 and made.performer == cast[0] and made.beside == (cast[1],)
    assert probe(made.output).size == made.size
    for picture in read_frames(made.output):
        assert middle(picture, "mika")[0] < middle(picture, "zola")[0]
    other = perform(cast, duet, tmp_path / "p.mp4", PerformOptions(device="cpu", person="1,2"))
    picture = next(iter(read_frames(other.output)))  # the larger one is the first
    assert middle(picture, "mika")[0] > middle(picture, "zola")[0]


def test_side_by_side_each_has_a_room(cast: list[Path], duet: Path, tmp_path: Path) -> None:
    options = PerformOptions(device="cpu", formation=Formation.beside)
    made = perform(cast, duet, tmp_path / "o.mp4", options)
    picture = next(iter(read_frames(made.output)))
    assert middle(picture, "mika")[0] < made.size[0] / 2 < middle(picture, "zola")[0]


def test_of_one_dancer_all_dance_the_same(cast: list[Path], tmp_path: Path) -> None:
    track = dancing("lin", "wave", seconds=1, fps=10, size=(160, 120))
    one = written(tmp_path / "one.json", track)
    options = PerformOptions(device="cpu", formation=Formation.beside)
    with pytest.warns(DanceNowWarning, match="shows one dancer; all performers dance the same"):
        made = perform(cast, one, tmp_path / "o.mp4", OPTIONS)
    picture = next(iter(read_frames(made.output)))  # in a row, not one before the other
    assert middle(picture, "zola")[0] - middle(picture, "mika")[0] > 0.3 * made.size[0]
    track.save(tmp_path / "t.npz")
    assert perform(cast, tmp_path / "t.npz", tmp_path / "p.mp4", options).frames == 10


@pytest.mark.slow
def test_in_a_film_the_one_in_front_hides_the_other(
    cast: list[Path], cases: Path, tmp_path: Path
) -> None:
    """One in stripes comes from the left, and passes before one in a dress."""
    options = TransferOptions(device="cpu", credentials=False)
    made = transfer(cases / "two_crossing.mp4", cast, tmp_path / "o.mp4", options)
    pictures = list(read_frames(made.output))
    assert len(pictures) == 60
    assert middle(pictures[0], "mika")[0] < middle(pictures[0], "zola")[0]
    assert middle(pictures[-1], "mika")[0] > middle(pictures[-1], "zola")[0]
    shown = [
        np.abs(pictures[30].astype(int) - COLOURS[dancer]).max(axis=-1) < 70 for dancer in COLOURS
    ]
    assert shown[0].sum() > 2 * shown[1].sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"person": "2"}, "2 performers need a person each, such as 2,1"),
        ({"person": "1,1"}, "names a person twice"),
        ({"person": "1,9"}, "`person=9`: 2 persons are seen"),
        ({"normalize": False}, "`normalize=False`: works with one performer"),
        ({"camera": "source"}, "`camera=source`: works with one performer"),
        ({"legs": Legs.cut}, "`legs=cut`: works with one performer"),
        ({"background": "source"}, "`background=source`: "),
    ],
)
def test_what_several_cannot_do_is_told(
    options: dict, message: str, cast: list[Path], duet: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        perform(cast, duet, tmp_path / "o.mp4", PerformOptions(device="cpu", **options))
    assert not (tmp_path / "o.mp4").exists()


def test_too_few_dancers_and_too_few_performers_are_told(
    cast: list[Path], duet: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="2 dancers are seen, too few for 3 performers"):
        perform([*cast, cast[0]], duet, tmp_path / "o.mp4", OPTIONS)
    frames = TransferOptions(device="cpu", preset="edn-tiny")
    clips = [duet.with_name("a"), duet.with_name("b")]
    for folder in clips:
        with open_writer(folder, fps=5) as writer:
            for _ in range(9):
                writer.write(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(InputError, match="`formation=together`: performers of the preset edn-tiny"):
        transfer(duet, clips, tmp_path / "o.mp4", frames)  # before any training
    beside = PerformOptions(device="cpu", formation=Formation.beside)
    with pytest.raises(InputError, match="`formation=beside`: needs several performers"):
        perform(cast[0], duet, tmp_path / "o.mp4", beside)
    with pytest.raises(InputError, match="is a performer; SOURCE, the motion to dance, is missing"):
        perform(cast[0], cast[1], tmp_path / "o.mp4", OPTIONS)
