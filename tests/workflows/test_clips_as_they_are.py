"""Targets and sources as people bring them, through whole verbs."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import Legs, Others, PoseOptions, TrainPerformerOptions, TransferOptions
from dancenow.performer.fast.performer import FastPerformer
from dancenow.sources.detection import detect_pose
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.pose import write_pose
from dancenow.workflows.train_performer import train_performer
from dancenow.workflows.transfer import transfer

TINY = {"preset": "tiny", "minutes": 0.0, "device": "cpu"}


def learned(target: Path, out: Path, **options: object) -> FastPerformer:
    chosen = TrainPerformerOptions(**TINY, logger="none", **options)  # type: ignore[arg-type]
    performer = train_performer(target, out, chosen).performer
    assert isinstance(performer, FastPerformer)
    return performer


def colour(picture: NDArray[np.uint8], x: int, y: int, reach: int = 12) -> NDArray[np.float64]:
    return picture[y - reach : y + reach, x - reach : x + reach].mean(axis=(0, 1))


@pytest.mark.slow
def test_of_two_dancers_the_chosen_one_is_learned_and_the_other_is_not_there(
    cases: Path, tmp_path: Path
) -> None:
    """One in stripes at 180 px, one in a yellow dress at 455 px, before a wall of bricks."""
    duet = cases / "two_side_by_side.mp4"
    second = learned(duet, tmp_path / "second", target_person="right")
    assert second.training["learned"]["target_person"] == "right"
    wall = colour(second.scene.plate, 320, 150)
    for x in (180, 455):
        assert np.abs(colour(second.scene.plate, x, 150) - wall).max() < 40
    shown = second.texture.references
    dress = np.median(shown.frames[shown.masks > 200], axis=0)
    assert dress[0] - dress[2] > 60  # yellow
    with pytest.warns(DanceNowWarning, match="shows 2 dancers; the largest and steadiest is taken"):
        detect_pose(probe(duet))
    kept = learned(duet, tmp_path / "kept", target_person="right", others=Others.keep)
    assert np.abs(colour(kept.scene.plate, 180, 150) - wall).max() > 40


@pytest.mark.slow
def test_an_end_card_is_no_room_and_other_places_are_left_out(cases: Path, tmp_path: Path) -> None:
    frames = list(read_frames(cases / "end_card_target.mp4"))
    edited = tmp_path / "edited.mp4"
    with open_writer(edited, fps=12) as writer:
        for frame in frames[:32]:
            writer.write(frame)
        for frame in frames[32:48]:
            near = cv2.resize(frame[100:250, 80:240], (320, 300), interpolation=cv2.INTER_CUBIC)
            writer.write(np.asarray(near, np.uint8))
        for frame in frames[48:]:
            writer.write(frame)
    with pytest.warns(DanceNowWarning, match="16 of 72 frames show the person in other places"):
        performer = learned(edited, tmp_path / "edited")
    plate = performer.scene.plate
    assert np.abs(colour(plate, 40, 140) - colour(frames[0], 40, 140)).max() < 12
    assert plate[..., 2].mean() < plate[..., 0].mean()  # the card is blue
    assert len(performer.texture.references.frames) <= 32


@pytest.mark.slow
def test_a_source_with_cuts_is_danced_in_one_place(cases: Path, tmp_path: Path) -> None:
    frames = list(read_frames(cases / "end_card_target.mp4"))[:48]
    edited = tmp_path / "edited.mp4"
    with open_writer(edited, fps=12) as writer:
        for index, frame in enumerate(frames):
            near = cv2.resize(frame[60:270, 50:270], (320, 300), interpolation=cv2.INTER_CUBIC)
            writer.write(np.asarray(near, np.uint8) if index >= 24 else frame)
    made = tmp_path / "made.mp4"
    with warnings.catch_warnings():
        warnings.simplefilter("error", DanceNowWarning)  # a cut is no other person
        warnings.filterwarnings("ignore", ".*pixels high", DanceNowWarning)
        options = TransferOptions(consent="yes", **TINY)  # type: ignore[arg-type]
        result = transfer(edited, cases / "end_card_target.mp4", made, options)
    assert result.frames == probe(made).frames == 48
    # About as large in both shots (twice, if they were danced as filmed): the trousers are blue.
    blue = [((f[..., 2] > 90) & (f[..., 0] < 70)).mean() for f in read_frames(made)]
    assert np.mean(blue[24:]) == pytest.approx(np.mean(blue[:24]), rel=0.3)


@pytest.mark.slow
def test_hidden_legs_stand_or_the_picture_is_cut(cases: Path, tmp_path: Path) -> None:
    pictures = {}
    for legs in Legs:
        options = TransferOptions(**TINY, legs=legs)  # type: ignore[arg-type]
        made = tmp_path / f"{legs.value}.mp4"
        with pytest.warns(DanceNowWarning, match="the legs are seen in 0 % of the frames"):
            transfer(cases / "upper_body_source.mp4", cases / "end_card_target.mp4", made, options)
        pictures[legs] = next(iter(read_frames(made)))
    assert pictures[Legs.stand].shape == pictures[Legs.cut].shape
    # The floor is in the one, and not in the other.
    floor = next(iter(read_frames(cases / "end_card_target.mp4")))[285:, :60].mean(axis=(0, 1))
    low = {legs: picture[285:, :60].mean(axis=(0, 1)) for legs, picture in pictures.items()}
    assert np.abs(low[Legs.stand] - floor).max() < 12 < np.abs(low[Legs.cut] - floor).max()


@pytest.mark.slow
def test_the_numbers_of_persons_are_shown(cases: Path, tmp_path: Path) -> None:
    duet = cases / "two_side_by_side.mp4"
    made = write_pose(
        duet, tmp_path / "t.npz", PoseOptions(person="2", people=tmp_path / "people.png")
    )
    assert made.frames == 48
    picture = cv2.imread(str(tmp_path / "people.png"))
    assert picture.shape[:2] == (300, 640)
    with pytest.raises(InputError, match="`person=3`: 2 persons are seen"):
        write_pose(duet, tmp_path / "u.npz", PoseOptions(person="3"))
    for wrong in ({"people": tmp_path / "people.jpg"}, {"person": "me"}):
        with pytest.raises(InputError):
            write_pose(duet, tmp_path / "u.npz", PoseOptions(**wrong))  # type: ignore[arg-type]
    assert not (tmp_path / "u.npz").exists()
