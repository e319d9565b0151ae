"""Photos and drawings as targets, through whole verbs."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import (
    PerformOptions,
    SampleOptions,
    TrainPerformerOptions,
    TransferOptions,
)
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.sources.photos import photos_of, read_photo
from dancenow.video import open_writer, probe, read_frames
from dancenow.video.images import read_image
from dancenow.workflows.perform import perform
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_performer import train_performer
from dancenow.workflows.transfer import transfer
from motions import dancing

SIZE = (240, 240)
OPTIONS = TransferOptions(device="cpu", credentials=False)


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return dancing("lin", "wave", seconds=1, fps=10, size=SIZE)


def drawing(path: Path, track: PoseTrack, *, transparent: bool = False) -> Path:
    """A figure on paper, or on nothing."""
    figure = np.zeros((SIZE[1], SIZE[0]), np.uint8)
    for line in (("neck", "mid_hip"), ("left_hip", "left_ankle"), ("right_hip", "right_ankle"),
                 ("left_shoulder", "left_wrist"), ("right_shoulder", "right_wrist"),
                 ("nose", "neck")):  # fmt: skip
        start, end = (track.keypoints[0, INDEX[name], :2].astype(int).tolist() for name in line)
        cv2.line(figure, start, end, (255,), 16)
    colour = np.where(figure[..., None] > 0, (200, 30, 30), (250, 245, 235)).astype(np.uint8)
    picture = np.dstack([colour, figure]) if transparent else colour
    Image.fromarray(picture).save(path)
    return path


def red(picture: np.ndarray) -> np.ndarray:
    return np.abs(picture.astype(int) - (200, 30, 30)).max(axis=-1) < 40


@pytest.mark.parametrize("transparent", [False, True])
def test_a_drawing_dances_when_its_joints_are_given(
    track: PoseTrack, tmp_path: Path, transparent: bool
) -> None:
    picture = drawing(tmp_path / "figure.png", track, transparent=transparent)
    track[:1].save(tmp_path / "joints.npz")
    track.save(tmp_path / "dance.npz")
    options = TransferOptions(device="cpu", credentials=False, poses=tmp_path / "joints.npz")
    with pytest.warns(DanceNowWarning, match="one photo makes a puppet, which does not turn"):
        made = transfer(tmp_path / "dance.npz", picture, tmp_path / "o.mp4", options)
    assert made.frames == len(track) and made.size == SIZE and made.steps == 0
    first, *_, last = read_frames(made.output)
    goal = red(read_image(picture))
    assert (red(first) & goal).sum() > 0.8 * goal.sum()
    assert (red(first) ^ red(last)).sum() > 100  # it moves


def test_poses_of_another_picture_are_refused(track: PoseTrack, tmp_path: Path) -> None:
    picture = drawing(tmp_path / "figure.png", track)
    track.save(tmp_path / "many.npz")
    wide = PoseTrack(track.keypoints[:1], track.fps, (SIZE[0] * 2, SIZE[1]))
    wide.save(tmp_path / "wide.npz")
    for name, message in (("many", "has 10 poses for 1 photo"), ("wide", "has another shape")):
        options = TransferOptions(device="cpu", poses=tmp_path / f"{name}.npz")
        with pytest.raises(InputError, match=message):
            transfer(tmp_path / "many.npz", picture, tmp_path / "o.mp4", options)
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.slow
def test_a_puppet_of_a_sample_performer_looks_like_the_truth(tmp_path: Path) -> None:
    """One frame of a clip, seen by the estimator, dances the rest of it."""
    clip = tmp_path / "zola.mp4"
    write_sample(clip, SampleOptions(performer="zola", dance="wave", seconds=1.2, size=256, fps=10))
    Image.fromarray(next(iter(read_frames(clip)))).save(tmp_path / "zola.png")
    with pytest.warns(DanceNowWarning, match="one photo"):
        made = transfer(
            tmp_path / "zola.pose.npz", tmp_path / "zola.png", tmp_path / "o.mp4", OPTIONS
        )
    truth, shown = list(read_frames(clip)), list(read_frames(made.output))
    plate = read_image(made.performer / "plate.png")
    apart, empty = [], []
    for real, painted in zip(truth, shown, strict=True):
        person = np.abs(real.astype(int) - plate).max(axis=-1) > 40
        apart.append(np.abs(real.astype(int) - painted)[person].mean())
        empty.append(np.abs(real.astype(int) - plate)[person].mean())
    assert np.mean(apart) < 0.55 * np.mean(empty)
    again = perform(made.performer, tmp_path / "zola.pose.npz", tmp_path / "p.mp4",
                    PerformOptions(device="cpu", credentials=False))  # fmt: skip
    assert again.frames == made.frames


def test_what_is_a_photo(track: PoseTrack, cases: Path, tmp_path: Path) -> None:
    one = drawing(tmp_path / "one.png", track)
    few = tmp_path / "few"
    few.mkdir()
    drawing(few / "2.png", track)
    drawing(few / "10.png", track)
    assert photos_of(one) == [one]
    assert photos_of(few) == [few / "2.png", few / "10.png"]
    with open_writer(tmp_path / "ours", fps=5) as writer:
        writer.write(read_image(one))
    many = tmp_path / "many"
    many.mkdir()
    for number in range(13):
        drawing(many / f"{number}.png", track)
    for clip in (tmp_path / "ours", many, cases / "animated.webp", cases / "interlaced.mpg"):
        assert photos_of(clip) == []


def test_rounded_corners_cut_nobody_out(track: PoseTrack, tmp_path: Path) -> None:
    picture = read_image(drawing(tmp_path / "figure.png", track))
    cover = np.full(picture.shape[:2], 255, np.uint8)
    cover[:4, :4] = 0
    Image.fromarray(np.dstack([picture, cover])).save(tmp_path / "screen.png")
    assert read_photo(tmp_path / "screen.png", 1280)[1] is None
    Image.fromarray(np.dstack([picture, 0 * cover])).save(tmp_path / "nothing.png")
    with pytest.raises(InputError, match="is transparent all over"):
        read_photo(tmp_path / "nothing.png", 1280)


def test_one_photo_twice_dances_as_two(track: PoseTrack, tmp_path: Path) -> None:
    """As one puppet, they would share the memory of who turned where."""
    picture = drawing(tmp_path / "figure.png", track)
    performer = tmp_path / "puppet"
    track[:1].save(tmp_path / "joints.npz")
    options = TrainPerformerOptions(device="cpu", poses=tmp_path / "joints.npz")
    train_performer(picture, performer, options)
    track.save(tmp_path / "dance.npz")
    made = transfer(tmp_path / "dance.npz", [performer, performer], tmp_path / "o.mp4", OPTIONS)
    for frame in read_frames(made.output):
        figures = red(frame)
        half = figures.shape[1] // 2
        counts = figures[:, :half].sum(), figures[:, half:].sum()
        assert min(counts) > 0.85 * max(counts)


def test_photos_of_phones_are_read(track: PoseTrack, tmp_path: Path) -> None:
    picture = read_image(drawing(tmp_path / "figure.png", track))
    pillow_heif.from_pillow(Image.fromarray(picture)).save(tmp_path / "IMG_1.HEIC", quality=95)
    shown, cover = read_photo(tmp_path / "IMG_1.HEIC", 1280)
    assert cover is None and np.abs(shown.astype(int) - picture).mean() < 3
    assert read_photo(tmp_path / "IMG_1.HEIC", 100)[0].shape == (100, 100, 3)
    (tmp_path / "IMG_2.jpg").write_bytes((tmp_path / "IMG_1.HEIC").read_bytes())
    assert np.array_equal(read_photo(tmp_path / "IMG_2.jpg", 1280)[0], shown)
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "IMG_1.HEIC").rename(folder / "IMG_1.HEIC")
    assert probe(folder).size == SIZE
    (folder / "IMG_1.HEIC").write_bytes(b"no picture")
    with pytest.raises(InputError, match="damaged"):
        read_photo(folder / "IMG_1.HEIC", 100)


def test_options_of_a_training_have_no_effect_on_photos(track: PoseTrack, tmp_path: Path) -> None:
    picture = drawing(tmp_path / "figure.png", track)
    track[:1].save(tmp_path / "joints.npz")
    options = TrainPerformerOptions(device="cpu", poses=tmp_path / "joints.npz", minutes=2.0)
    with pytest.warns(DanceNowWarning, match="`minutes` has no effect"):
        trained = train_performer(picture, tmp_path / "puppet", options)
    assert trained.summary().endswith("made without training (preset puppet)")
    plain = TrainPerformerOptions(device="cpu", poses=tmp_path / "joints.npz")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train_performer(picture, tmp_path / "puppet", plain)  # it is there already
    drawing(tmp_path / "other.png", track, transparent=True)
    with pytest.raises(InputError, match="holds a performer of another target"):
        train_performer(tmp_path / "other.png", tmp_path / "puppet", plain)
    with pytest.raises(InputError, match="`preset=edn-tiny`: learns from a clip"):
        train_performer(picture, tmp_path / "p", TrainPerformerOptions(preset="edn-tiny"))
    with pytest.raises(InputError, match="a puppet is made of a photo"):
        clip = TrainPerformerOptions(preset="puppet")
        train_performer(tmp_path / "joints.npz", tmp_path / "p", clip)


def test_a_picture_of_nobody_is_told(tmp_path: Path, track: PoseTrack) -> None:
    Image.fromarray(np.full((200, 200, 3), 90, np.uint8)).save(tmp_path / "wall.png")
    track.save(tmp_path / "dance.npz")
    with pytest.raises(InputError, match="nobody is seen in it with both shoulders"):
        transfer(tmp_path / "dance.npz", tmp_path / "wall.png", tmp_path / "o.mp4", OPTIONS)
