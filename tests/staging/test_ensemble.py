"""Several performers in one picture: its size, who stands where, who begins when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.options import Formation
from dancenow.performer import Performer
from dancenow.performer.fast.performer import FastPerformer
from dancenow.pose import PoseTrack
from dancenow.pose.draw import draw_pose
from dancenow.pose.extent import body_extent
from dancenow.pose.normalize import PoseStatistics, pose_statistics
from dancenow.pose.retarget import BodyShape, body_shape
from dancenow.staging.ensemble import MOST, Ensemble
from dancenow.video import open_writer
from motions import CPU, dancing
from untrained import plated, untrained

Frame = NDArray[np.uint8]
FPS = 10
ROOMS = {"zola": ((128, 96), 40), "mika": ((150, 84), 110), "bo": ((91, 121), 200)}


@dataclass(frozen=True)
class Room:
    size: tuple[int, int]
    fps: float
    statistics: PoseStatistics | None
    shape: BodyShape | None
    plate: None = None
    camera: None = None


class StickFigure(Performer):
    """Paints whole frames: a room's colour and the pose, nothing learned."""

    paints_layers = False

    def __init__(self, seen: PoseTrack, colour: int = 0) -> None:
        self.scene = Room(seen.size, seen.fps, pose_statistics(seen), body_shape(seen))
        self.colour, self.device, self.training = colour, CPU, {}
        self.danced: PoseTrack | None = None

    @property
    def preset(self) -> str:
        return "stick"

    def perform(self, track: PoseTrack) -> Iterator[Frame]:
        self._check_size(track)
        self.danced = track
        for keypoints in track.keypoints:
            yield np.maximum(draw_pose(keypoints, track.size), np.uint8(self.colour))

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def home(dancer: str) -> PoseTrack:
    return dancing(dancer, "house", seconds=1, fps=FPS, size=ROOMS[dancer][0])


def stick(dancer: str) -> StickFigure:
    return StickFigure(home(dancer), ROOMS[dancer][1])


@pytest.fixture(scope="module")
def dance() -> PoseTrack:
    return dancing("lin", "wave", seconds=1.6, fps=FPS, size=(200, 160))


@pytest.fixture(scope="module")
def painters() -> dict[str, FastPerformer]:
    """Performers with rooms of one colour, of different sizes."""
    made = {}
    for dancer, (size, colour) in ROOMS.items():
        plate = np.full((size[1], size[0], 3), colour, np.uint8)
        made[dancer] = untrained(home(dancer), plated(home(dancer), plate))
    return made


def shown(ensemble: Ensemble, dance: PoseTrack) -> tuple[tuple[int, int], list[Frame]]:
    size, frames = ensemble.frames(dance)
    pictures = list(frames)
    assert len(pictures) == len(dance)
    for picture in pictures:
        assert picture.dtype == np.uint8 and picture.shape == (size[1], size[0], 3)
    return size, pictures


def strips(performers: tuple[StickFigure, ...], picture: Frame) -> list[slice]:
    """The columns of each performer, told by the colour of their rooms."""
    top = picture[0, :, 0].astype(int)
    found = [np.flatnonzero(top == performer.colour) for performer in performers]
    return [slice(int(columns[0]), int(columns[-1]) + 1) for columns in found]


# Beside.


@pytest.mark.parametrize("cast", [("zola",), ("zola", "mika"), ("bo", "mika", "zola")])
def test_beside_each_has_a_strip_of_their_own_room(cast: tuple[str, ...], dance: PoseTrack) -> None:
    performers = tuple(stick(dancer) for dancer in cast)
    (width, height), pictures = shown(Ensemble(performers), dance)
    assert height == max(ROOMS[dancer][0][1] for dancer in cast) // 2 * 2 and width % 2 == 0
    columns = strips(performers, pictures[0])
    assert [part.start for part in columns] == [0, *(part.stop for part in columns[:-1])]
    assert columns[-1].stop == width
    for part in columns:
        assert part.stop - part.start >= 0.4 * height  # nobody is squeezed
        for picture in pictures:
            assert picture[:, part].max() > 240  # somebody is in it


def test_strips_hold_their_dancers_in_every_frame(dance: PoseTrack) -> None:
    performers = tuple(stick(dancer) for dancer in ("zola", "mika", "bo"))
    (_, height), pictures = shown(Ensemble(performers), dance)
    for performer, part in zip(performers, strips(performers, pictures[0]), strict=True):
        danced = performer.danced
        assert danced is not None
        extent = body_extent(danced)
        reach = (np.nanmax(extent[:, 2]) - np.nanmin(extent[:, 0])) * height / danced.size[1]
        assert part.stop - part.start >= min(reach, danced.size[0] * height / danced.size[1]) - 2


def test_tall_pictures_are_made_smaller() -> None:
    seen = dancing("zola", "house", seconds=0.2, fps=FPS, size=(300, 1600))
    (_, height), _ = shown(Ensemble((StickFigure(seen),)), seen)
    assert height == 1080


def test_a_background_replaces_the_rooms_beside(
    painters: dict[str, FastPerformer], dance: PoseTrack
) -> None:
    cast = tuple(painters.values())
    _, pictures = shown(Ensemble(cast, background="#204060"), dance[:4])
    corners = [picture[:3].reshape(-1, 3) for picture in pictures]
    assert np.abs(np.concatenate(corners).astype(int) - (0x20, 0x40, 0x60)).max() <= 2


# Canon.


@pytest.mark.parametrize("delay", [0.0, 0.3, 0.5])
def test_in_a_canon_each_dances_what_the_one_before_danced(delay: float, dance: PoseTrack) -> None:
    performers = (stick("zola"), StickFigure(home("zola"), 90), StickFigure(home("zola"), 160))
    Ensemble(performers, delay=delay).check()
    shown(Ensemble(performers, delay=delay), dance)
    tracks = [performer.danced for performer in performers]
    late = round(delay * FPS)
    for before, after in pairwise(tracks):
        assert before is not None and after is not None
        assert np.array_equal(after.keypoints[late:], before.keypoints[: len(dance) - late])
        assert (after.keypoints[:late] == before.keypoints[:1]).all()  # waits in the first pose


def test_who_would_begin_after_the_end_waits(dance: PoseTrack) -> None:
    performers = (stick("zola"), stick("mika"))
    shown(Ensemble(performers, delay=99.0), dance)
    first, second = (performer.danced for performer in performers)
    assert first is not None and second is not None
    assert (second.keypoints == second.keypoints[:1]).all()
    assert not (first.keypoints == first.keypoints[:1]).all()


# Together.


@pytest.mark.parametrize("cast", [("zola", "mika"), ("bo", "mika", "zola")])
def test_together_all_stand_before_the_first_ones_room(
    painters: dict[str, FastPerformer], dance: PoseTrack, cast: tuple[str, ...]
) -> None:
    performers = tuple(painters[dancer] for dancer in cast)
    ensemble = Ensemble(performers, Formation.together)
    ensemble.check()
    (width, height), pictures = shown(ensemble, dance[:5])
    own, colour = ROOMS[cast[0]]
    assert height == own[1] // 2 * 2 and width % 2 == 0 and width >= own[0] // 2 * 2
    for picture in pictures:
        changed = (picture != colour).any(axis=-1)
        assert not changed[:, 0].all() and (picture[0] == colour).mean() > 0.5
        for number in range(len(cast)):  # one in each part
            part = slice(width * number // len(cast), width * (number + 1) // len(cast))
            assert changed[:, part].sum() > 50


def test_together_all_are_about_as_tall_and_on_one_ground(
    painters: dict[str, FastPerformer], dance: PoseTrack
) -> None:
    still = dance.with_keypoints(np.repeat(dance.keypoints[:1], 2, axis=0))
    for cast in (("zola", "bo"), ("bo", "zola")):
        performers = tuple(painters[dancer] for dancer in cast)
        (width, height), pictures = shown(Ensemble(performers, Formation.together), still)
        changed = (pictures[0] != ROOMS[cast[0]][1]).any(axis=-1)
        rows = [np.flatnonzero(changed[:, part].any(axis=1)) for part in
                (slice(0, width // 2), slice(width // 2, width))]  # fmt: skip
        tops, bottoms = [r[0] for r in rows], [r[-1] for r in rows]
        assert abs(tops[0] - tops[1]) < 0.12 * height
        assert abs(bottoms[0] - bottoms[1]) < 0.12 * height


def test_a_room_that_is_too_narrow_goes_on_in_its_mirror(
    painters: dict[str, FastPerformer], dance: PoseTrack
) -> None:
    first = painters["zola"]
    width = first.scene.size[0]
    stripes = np.zeros_like(first.scene.plate)
    stripes[...] = (np.arange(width) % 256)[None, :, None]
    striped = untrained(home("zola"), replace(first.scene, plate=stripes))
    crowd = (striped, *(painters[dancer] for dancer in ("mika", "bo", "mika", "bo")))
    size, pictures = shown(Ensemble(crowd, Formation.together), dance[:1])
    assert size[0] > 1.5 * width
    row = pictures[0][0, :, 0].astype(int)  # nobody reaches up there
    steps = np.abs(np.diff(row))
    assert (steps <= 1).all() and row.max() == width - 1 and row.min() == 0


def test_a_clip_can_lie_behind_all(
    painters: dict[str, FastPerformer], dance: PoseTrack, tmp_path: Path
) -> None:
    clip = tmp_path / "behind.mkv"
    with open_writer(clip, fps=FPS, crf=0) as writer:
        for grey in (40, 200):
            writer.write(np.full((64, 64, 3), grey, np.uint8))
    cast = (painters["zola"], painters["mika"])
    _, pictures = shown(Ensemble(cast, Formation.together, background=str(clip)), dance[:5])
    assert [round(float(picture[0, 0, 0]), -1) for picture in pictures] == [40, 200, 40, 200, 40]


# What cannot be.


@pytest.mark.parametrize(
    ("ensemble", "message"),
    [
        (Ensemble((), delay=1.0), "`canon=1`: needs several performers"),
        (Ensemble((), Formation.together), "`formation=together`: needs several"),
        (Ensemble((stick("zola"),) * 2, delay=-1.0), "`canon` must be 0 s or above, not -1"),
        (Ensemble((stick("zola"),) * 2, delay=float("nan")), "`canon` must be 0 s or above"),
        (Ensemble((stick("zola"),) * 2, delay=float("inf")), "`canon` must be 0 s or above"),
        (Ensemble((stick("zola"),) * (MOST + 1)), "at most 8 dance together, not 9"),
        (Ensemble((stick("zola"),) * 2, Formation.together), "paint whole frames"),
        (Ensemble((stick("zola"),) * 2, background="red"), "`background=red`: .* whole frames"),
    ],
)
def test_what_cannot_be_danced_together_is_told(ensemble: Ensemble, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ensemble.check()


def test_a_performer_without_a_body_is_told() -> None:
    drawn = stick("zola")
    drawn.scene = replace(drawn.scene, statistics=None)
    with pytest.raises(InputError, match="`performer`: one was learned from drawn stick figures"):
        Ensemble((drawn,)).check()


def test_nobody_at_all_is_fine() -> None:
    Ensemble(()).check()
