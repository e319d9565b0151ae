"""Carrying motions over: fitting tracks to a performer, options, what is told before long work."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError, OutputError
from dancenow.evaluation import PictureScores, PoseScores, picture_scores
from dancenow.evaluation.clip import ClipScores
from dancenow.options import PerformOptions, PoseOptions, TrainPerformerOptions, TransferOptions
from dancenow.performer import Performer
from dancenow.performer.method import method_of
from dancenow.performer.plan import TrainingPlan
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent, standing_height
from dancenow.progress import Progress, StageTimes
from dancenow.sample import dance_track
from dancenow.sources.load import Source, load_source
from dancenow.sources.masks import detect_person
from dancenow.staging.performance import write_performance
from dancenow.staging.room import performable
from dancenow.training import Budget
from dancenow.video import open_writer, probe, read_frames
from dancenow.video.prefetch import THREAD_NAME
from dancenow.workflows.evaluate_clip import evaluate_clip
from dancenow.workflows.perform import perform
from dancenow.workflows.pose import write_pose
from dancenow.workflows.train_performer import load_or_train, train_performer
from dancenow.workflows.transfer import transfer
from fixture_types import Known, SampleClip
from untrained import plated, untrained

Frame = NDArray[np.uint8]


@pytest.fixture
def performer() -> Performer:
    """An untrained zola in a frame of 160 x 144 px."""
    own = dance_track("zola", "house", seconds=2, size=(160, 144), fps=8)
    return untrained(own, plated(own, np.full((144, 160, 3), 90, np.uint8)))


@pytest.fixture
def source() -> PoseTrack:
    return dance_track("mika", "groove", seconds=1, size=256, fps=12)


def test_a_motion_is_brought_to_the_performers_height_and_place(
    performer: Performer, source: PoseTrack
) -> None:
    track = performable(performer, source)
    assert track.size == (160, 144) and track.fps == 12 and len(track) == len(source)
    statistics = performer.scene.statistics
    own = dance_track("zola", "house", seconds=2, size=(160, 144), fps=8)
    assert standing_height(track) == pytest.approx(standing_height(own), rel=0.2)
    assert track.xy[:, 8, 0].mean() == pytest.approx(statistics.x, abs=0.15 * 160)
    box = body_extent(track)
    assert (box[:, 0] >= -1).all() and (box[:, 2] <= 161).all()


def test_the_place_of_the_source_in_its_frame_does_not_matter(
    performer: Performer, source: PoseTrack
) -> None:
    keypoints = source.keypoints.copy()
    keypoints[..., :2] = keypoints[..., :2] / 2 + (30, 70)
    here, there = (
        performable(performer, track) for track in (source, source.with_keypoints(keypoints))
    )
    seen = source.confidence > 0
    assert np.abs(here.xy - there.xy)[seen].max() < 0.5


def test_without_normalising_only_the_frame_is_fitted(
    performer: Performer, source: PoseTrack
) -> None:
    same = dance_track("mika", "groove", seconds=1, size=(160, 144), fps=12)
    assert performable(performer, same, normalize=False) is same
    track = performable(performer, source, normalize=False)
    assert track.size == (160, 144)
    scale = 144 / 256
    assert np.allclose(track.xy[..., 0], source.xy[..., 0] * scale + (160 - 144) / 2, atol=1e-2)
    assert np.allclose(track.xy[..., 1], source.xy[..., 1] * scale, atol=1e-2)
    assert np.array_equal(track.confidence, source.confidence)


def test_a_track_is_danced_at_its_own_rate_without_sound(
    performer: Performer, source: PoseTrack, tmp_path: Path
) -> None:
    events: list[Progress] = []
    written = write_performance(
        performer, Source(source, None), tmp_path / "o.mp4", progress=events.append
    )
    clip = probe(tmp_path / "o.mp4")
    assert written.frames == clip.frames == len(source) == 12
    assert clip.fps == 12 and clip.size == (160, 144) and not clip.has_audio
    assert not written.credentials  # nobody said what to state
    assert [event.done for event in events] == list(range(1, 13))
    assert {(event.stage, event.total) for event in events} == {("dancing", 12)}


def test_what_fails_while_dancing_leaves_no_clip(
    performer: Performer, source: PoseTrack, tmp_path: Path
) -> None:
    running = []

    def stop(event: Progress) -> None:
        running.append(THREAD_NAME in {thread.name for thread in threading.enumerate()})
        if event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_performance(performer, Source(source, None), tmp_path / "o.mp4", progress=stop)
    assert list(tmp_path.iterdir()) == []
    assert running[0]
    assert THREAD_NAME not in {thread.name for thread in threading.enumerate()}


def test_a_budget_comes_from_the_preset_by_default() -> None:
    def budget(**chosen: object) -> Budget:
        return TrainingPlan.of(TrainPerformerOptions(device="cpu", **chosen)).budget  # type: ignore[arg-type]

    assert budget(preset="tiny").minutes == method_of("tiny").presets["tiny"].minutes
    assert budget(preset="tiny", steps=5) == Budget(steps=5)
    assert budget(preset="tiny", minutes=2, steps=5) == Budget(2, 5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"preset": "nice"}, "`preset=nice`: unknown"),
        ({"minutes": -1}, "`minutes` must be above 0"),
        ({"minutes": 0, "preset": "edn-tiny"}, "`minutes` must be above 0"),
        ({"steps": 0}, "`steps` must be at least 1"),
        ({"quality": "good", "steps": 9}, "`quality`: replaces"),
        ({"preset": "tiny", "quality": "good"}, "`quality=good`: .* set `minutes` or `steps`"),
        ({"hold_out": 1}, "`hold_out=1`: must be at least 0 and below 1"),
    ],
)
def test_options_that_make_no_plan_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        TrainingPlan.of(TrainPerformerOptions(device="cpu", **wrong))  # type: ignore[arg-type]


def test_a_quality_is_counted_in_steps() -> None:
    steps = [
        TrainingPlan.of(TrainPerformerOptions(device="cpu", quality=quality)).budget.steps or 0
        for quality in ("quick", "good", "best")
    ]
    assert 0 < steps[0] < steps[1] < steps[2]


@pytest.fixture
def clip(sample_clip: SampleClip) -> Path:
    return sample_clip()


def test_wrong_outputs_and_options_are_told_before_poses_are_sought(
    clip: Path, tmp_path: Path
) -> None:
    events: list[Progress] = []
    few = TransferOptions(preset="tiny", steps=2, device="cpu")
    out = tmp_path / "o.mp4"
    (tmp_path / "empty").mkdir()
    wrong = [
        (clip, clip, tmp_path / "missing" / "o.mp4", few, "no such folder"),
        (clip, clip, tmp_path / "o.exe", few, "cannot be written"),
        (clip, tmp_path / "none.mp4", out, few, "no such file"),
        (clip, tmp_path / "empty", out, few, "without pictures"),
        (tmp_path / "none.mp4", clip, out, few, "no such file"),
        (clip, clip, out, TransferOptions(preset="nice"), "`preset=nice`"),
        (clip, clip, out, TransferOptions(preset="tiny", minutes=-1), "`minutes`"),
        (clip, clip, out, TransferOptions(preset="tiny", device="tpu"), "`device=tpu`"),
    ]
    for source, target, output, options, said in wrong:
        with pytest.raises(InputError, match=said):
            transfer(source, target, output, options, progress=events.append)
    assert not events and [entry.name for entry in tmp_path.iterdir()] == ["empty"]


def test_a_clip_that_is_read_is_never_written_over(clip: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(clip.read_bytes())
    (tmp_path / "link.mp4").symlink_to(mine)
    few = TransferOptions(preset="tiny", steps=2, device="cpu")
    for output in (mine, tmp_path / "link.mp4"):
        for source, target in ((mine, clip), (clip, mine)):
            with pytest.raises(OutputError, match="would replace"):
                transfer(source, target, output, few)
        with pytest.raises(OutputError, match="would replace"):
            perform(tmp_path, mine, output)
        with pytest.raises(OutputError, match="would replace"):
            write_pose(mine, tmp_path / "t.npz", PoseOptions(overlay=output))
    assert mine.read_bytes() == clip.read_bytes() and not (tmp_path / "t.npz").exists()


def test_a_file_where_the_performers_folder_should_be_is_told(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        train_performer(
            clip, tmp_path / "p", TrainPerformerOptions(preset="tiny", steps=2, device="cpu")
        )
    with pytest.raises(OutputError, match="cannot be made"):
        train_performer(
            clip, tmp_path / "p" / "q", TrainPerformerOptions(preset="tiny", steps=2, device="cpu")
        )
    assert (tmp_path / "p").read_text() == "mine"


def test_a_trained_performer_is_taken_as_it_is(
    performer: Performer, clip: Path, known: Known, tmp_path: Path
) -> None:
    known(clip)
    performer.training["steps"] = 7
    performer.save(tmp_path / "p")
    trained = load_or_train(
        tmp_path / "p", TrainPerformerOptions(preset="tiny", steps=99, device="cpu")
    )
    assert trained.steps == 7 and trained.folder == tmp_path / "p"
    assert not (tmp_path / "p" / "checkpoint").exists()
    made = perform(tmp_path / "p", clip, tmp_path / "frames", PerformOptions(device="cpu"))
    assert made.frames == probe(tmp_path / "frames").frames == 10 and made.steps == 7
    assert made.fps == 10 and made.size == (160, 144)
    assert f"{tmp_path / 'frames'}: 10 frames of 160 x 144 at 10 a second" in made.summary()


def test_masks_show_where_the_person_is(clip: Path) -> None:
    events: list[Progress] = []
    wanted = np.array([0, 4, 9])
    seen = detect_person(probe(clip), wanted, progress=events.append)
    assert len(seen.track) == 10 and seen.masks.shape == (3, 128, 128)
    truth = PoseTrack.load(clip.with_name("bo.pose.npz"))
    for mask, frame in zip(seen.masks, wanted, strict=True):
        x, y = ((truth.xy[frame, 1] + truth.xy[frame, 8]) / 2).astype(int)  # the chest
        assert mask[y, x] > 200 and 0.02 < (mask > 127).mean() < 0.4
    count = len(events)
    again = detect_person(probe(clip), wanted, progress=events.append)
    assert len(events) == count and np.array_equal(again.masks, seen.masks)


def test_a_worse_clip_scores_lower_and_a_shorter_one_is_told(clip: Path, tmp_path: Path) -> None:
    with open_writer(tmp_path / "worse.mp4", fps=10) as writer:
        for frame in list(read_frames(clip))[:8]:
            writer.write(np.asarray(cv2.GaussianBlur(frame, (0, 0), 1.5), np.uint8))
    truth = PoseTrack.load(clip.with_name("bo.pose.npz"))
    with pytest.warns(UserWarning, match=r"has 8 frames, .* has 10; the first 8 are compared"):
        scores = evaluate_clip(tmp_path / "worse.mp4", clip, true_track=truth)
    assert scores.frames == 8 and scores.person is not None
    assert 15 < scores.person.psnr < 40 and scores.person.sharpness < 0.8
    assert scores.whole.ssim < 0.99
    lines = "\n".join(scores.lines())
    assert "person's box: PSNR" in lines and "missed detections: 0.0 % of 8 frames" in lines


def test_figures_that_could_not_be_measured_are_left_out_of_the_lines() -> None:
    scores = ClipScores(
        3,
        PictureScores(20, 0.5, 1),
        None,
        PoseScores({"body": 1.0, "face": None}, {"body": 2.0, "face": None}, 0.25),
        StageTimes(),
    )
    assert scores.lines() == [
        "whole frames: PSNR 20.00 dB, SSIM 0.500, sharpness 1.00",
        "pose distance, of the body's height: body 2.00 % (1.0 px)",
        "missed detections: 25.0 % of 3 frames",
    ]


def test_training_tells_its_stages_and_leaves_a_performer(clip: Path, tmp_path: Path) -> None:
    events: list[Progress] = []
    times = StageTimes()
    trained = train_performer(
        clip,
        tmp_path / "p",
        TrainPerformerOptions(preset="tiny", steps=3, device="cpu"),
        progress=events.append,
        times=times,
    )
    stages = list(dict.fromkeys(event.stage for event in events))
    told = [stage.split()[0] for stage in stages]
    assert told == ["detecting", "following", "watching", "looking", "cutting", "learning"]
    assert list(times.seconds) == ["prepare", "train"] and trained.times is times
    assert trained.steps == 3
    figures = Performer.load(tmp_path / "p").training
    assert figures["steps"] == 3 and figures["clip"] == "bo.mp4" and figures["frames"] == 10


def test_a_first_look_needs_no_training_and_can_be_trained_on(
    clip: Path, known: Known, tmp_path: Path
) -> None:
    known(clip)
    folder = tmp_path / "p"
    first = train_performer(
        clip, folder, TrainPerformerOptions(preset="tiny", minutes=0, device="cpu")
    )
    assert first.steps == 0 and (folder / "index.html").is_file()
    (picture, *_) = first.performer.perform(load_source(clip).track)
    assert picture.shape[:2] == (128, 128)
    assert gain_over_the_room(first.performer, clip, picture) > 2
    options = TrainPerformerOptions(preset="tiny", steps=2, device="cpu")
    assert train_performer(clip, folder, options).steps == 2


def gain_over_the_room(performer: Performer, clip: Path, picture: NDArray[np.uint8]) -> float:
    """How much nearer a picture comes to the clip's first frame than the empty room, in dB."""
    truth = next(iter(read_frames(clip, stop=1)))
    plate = performer.scene.plate
    assert plate is not None
    return picture_scores(picture, truth).psnr - picture_scores(plate, truth).psnr
