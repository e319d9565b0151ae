"""Measuring a performer: which frames are fair to measure on, and what is told of them."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from dancenow.cli import main
from dancenow.errors import DanceNowWarning, InputError, OutputError
from dancenow.evaluation.perceptual import Lpips
from dancenow.evaluation.performer import PerformerScores
from dancenow.evaluation.pictures import PictureScores
from dancenow.hashing import content_hash
from dancenow.options import EvaluatePerformerOptions, SampleOptions
from dancenow.performer import Performer
from dancenow.performer.fast.performer import FastPerformer, PlatedScene
from dancenow.pose import PoseTrack
from dancenow.pose.openpose import write_openpose
from dancenow.progress import Progress
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.evaluate_clip import evaluate_clip
from dancenow.workflows.evaluate_performer import evaluate_performer
from dancenow.workflows.sample import write_sample
from fixture_types import SampleClip
from untrained import plated, untrained

Frame = NDArray[np.uint8]
Train = Callable[..., Path]


@pytest.fixture
def clip(sample_clip: SampleClip) -> Path:
    """Bo in 10 frames of 128 x 128 px, with the true poses beside it."""
    return sample_clip()


@pytest.fixture
def other(sample_clip: SampleClip) -> Path:
    """The same in half as many frames of another dance."""
    return sample_clip(dance="groove", seconds=0.5)


@pytest.fixture
def poses(clip: Path) -> Path:
    return clip.with_suffix(".pose.npz")


@pytest.fixture
def performer(poses: Path) -> FastPerformer:
    """An untrained bo."""
    track = PoseTrack.load(poses)
    made = untrained(track, plated(track, np.full((128, 128, 3), 90, np.uint8)))
    made.training = {}
    return made


@pytest.fixture
def trained(performer: FastPerformer, clip: Path, tmp_path: Path) -> Train:
    """Save the performer as one that learned the first frames of the clip; gives its folder."""

    def save(stop: int | None) -> Path:
        if stop is not None:
            learned = {"clip": content_hash(clip), "start": 0, "stop": stop, "frames": stop}
            performer.training["learned"] = learned
        performer.save(tmp_path / "performer")
        return tmp_path / "performer"

    return save


@pytest.fixture
def perfect(clip: Path, poses: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let performers paint the true frame of every pose of the clip; lists which were painted."""
    truth, frames, painted = PoseTrack.load(poses), list(read_frames(clip)), []

    def paint(_: Performer, track: PoseTrack) -> Iterator[Frame]:
        for keypoints in track.keypoints:
            (same,) = np.flatnonzero((truth.keypoints == keypoints).all(axis=(1, 2)))
            painted.append(int(same))
            yield frames[same]

    load = Performer.load

    def load_perfect(*arguments: Any) -> Performer:
        performer = load(*arguments)
        monkeypatch.setattr(type(performer), "perform", paint)
        return performer

    monkeypatch.setattr(Performer, "load", load_perfect)
    return painted


def test_the_frames_behind_the_learned_ones_are_performed_and_compared_with_themselves(
    trained: Train, clip: Path, poses: Path, perfect: list[int]
) -> None:
    made = evaluate_performer(
        trained(stop=6), clip, EvaluatePerformerOptions(poses=poses, device="cpu")
    )
    assert perfect == [6, 7, 8, 9]
    assert made.span == (6, 10) and made.held_out and made.seen == "held out"
    scores = made.scores
    assert scores.frames == 4
    assert scores.face is not None and scores.person is not None and scores.flicker is not None
    assert scores.whole.psnr == scores.person.psnr == scores.face.psnr == 100
    assert scores.flicker.made == scores.flicker.real and scores.flicker.motion_error == 0
    # MediaPipe's detections in the true frames against the sample's true poses.
    assert scores.pose.missed == 0
    distance = scores.pose.distance_percent["body"]
    assert distance is not None and distance < 5


def test_what_an_untrained_performer_makes_is_measured(
    trained: Train, clip: Path, poses: Path, own_cache: Path, tmp_path: Path
) -> None:
    events: list[Progress] = []
    made = evaluate_performer(
        trained(stop=7),
        clip,
        EvaluatePerformerOptions(poses=poses, device="cpu"),
        progress=events.append,
    )
    assert made.span == (7, 10) and made.preset == "tiny" and made.fps_performed > 0
    assert list(made.times.seconds) == ["detect", "perform", "measure"]
    assert [event.done for event in events if event.stage == "dancing"] == [1, 2, 3]
    scores = made.scores
    assert scores.whole.psnr < 40 and scores.whole.energy != pytest.approx(1)
    lines = made.lines()
    assert lines[0] == (
        f"{tmp_path / 'performer'} (preset tiny), frames 7 to 9 of {clip}, "
        "held out from its training"
    )
    for said in (
        "whole frames: PSNR", "person's box: PSNR", "face: PSNR", "pose distance",
        "missed detections", "flicker where the true video stands still", "painted",
    ):  # fmt: skip
        assert sum(line.startswith(said) for line in lines) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["performer"]
    assert not [
        entry for entry in own_cache.iterdir() if entry.name not in ("tracks", "cameras", "people")
    ]


@pytest.mark.slow
def test_another_clip_is_measured_whole(trained: Train, other: Path) -> None:
    made = evaluate_performer(
        trained(stop=10),
        other,
        EvaluatePerformerOptions(poses=other.with_suffix(".pose.npz"), device="cpu"),
    )
    assert made.span == (0, 5) and made.held_out and made.scores.frames == 5
    assert "another clip than the one that was learned" in made.lines()[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "seen", "said"),
    [(10, "learned", "all of its frames were learned; train with `hold_out=0.2`"),
     (None, "unknown", "does not tell which frames it learned")],
)  # fmt: skip
def test_a_clip_that_was_learned_whole_is_measured_with_a_warning(
    trained: Train, clip: Path, poses: Path, perfect: list[int],
    stop: int | None, seen: str, said: str,
) -> None:  # fmt: skip
    with pytest.warns(DanceNowWarning, match=said):
        made = evaluate_performer(
            trained(stop), clip, EvaluatePerformerOptions(poses=poses, device="cpu")
        )
    assert perfect == list(range(10))
    assert made.span == (0, 10) and not made.held_out and made.seen == seen
    assert "learned" in made.lines()[0]


@pytest.mark.parametrize("other_clip", [False, True])
def test_the_person_who_was_learned_is_compared(
    performer: FastPerformer, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    other_clip: bool,
) -> None:  # fmt: skip
    learned = {"clip": "" if other_clip else content_hash(clip), "stop": 6, "target_person": "left"}
    performer.training["learned"] = learned
    performer.save(tmp_path / "performer")
    asked: list[str] = []

    def load(*_: object, person: str, **__: object) -> None:
        asked.append(person)
        raise InputError("that is all")

    monkeypatch.setattr("dancenow.workflows.evaluate_performer.load_poses", load)
    with pytest.raises(InputError, match="that is all"):
        evaluate_performer(tmp_path / "performer", clip, EvaluatePerformerOptions(device="cpu"))
    assert asked == ["largest" if other_clip else "left"]


def test_without_poses_they_are_detected_in_the_clip(trained: Train, clip: Path) -> None:
    events: list[Progress] = []
    made = evaluate_performer(
        trained(stop=8), clip, EvaluatePerformerOptions(device="cpu"), progress=events.append
    )
    assert made.scores.frames == 2 and made.span == (8, 10)
    seen = [event.done for event in events if event.stage == "detecting poses in bo.mp4"]
    assert seen == list(range(1, 11))  # once, for painting and for comparing


def test_poses_of_openpose_are_in_px_of_the_clip(
    trained: Train, clip: Path, poses: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "openpose"
    write_openpose(PoseTrack.load(poses), folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DanceNowWarning)  # nothing needs to be guessed
        # Whoever is hardly learned may be taken for two.
        warnings.filterwarnings("ignore", "another person is seen", DanceNowWarning)
        made = evaluate_performer(
            trained(stop=7), clip, EvaluatePerformerOptions(poses=folder, device="cpu")
        )
    assert made.span == (7, 10) and made.scores.person is not None


def test_the_true_poses_of_a_clip_with_odd_sides_fit_it(
    performer: FastPerformer, tmp_path: Path
) -> None:
    clip, poses = tmp_path / "odd.mp4", tmp_path / "odd.pose.npz"
    write_sample(
        clip,
        SampleOptions(performer="bo", dance="wave", seconds=0.4, fps=10),
        frame_size=(127, 111),
    )
    assert probe(clip).size == (128, 112) and PoseTrack.load(poses).size == (127, 111)
    scene = performer.scene
    assert isinstance(scene, PlatedScene)
    performer.scene = replace(scene, plate=scene.plate[:112])
    performer.save(tmp_path / "performer")
    with pytest.warns(DanceNowWarning, match="does not tell"):
        made = evaluate_performer(
            tmp_path / "performer", clip, EvaluatePerformerOptions(poses=poses, device="cpu")
        )
    assert made.scores.frames == 4 and made.scores.person is not None


@pytest.mark.usefixtures("perfect")
@pytest.mark.parametrize("name", ["kept.mp4", "kept"])
def test_the_performed_clip_can_be_kept(
    trained: Train, clip: Path, poses: Path, tmp_path: Path, name: str
) -> None:
    keep = tmp_path / name
    made = evaluate_performer(
        trained(stop=7), clip, EvaluatePerformerOptions(poses=poses, device="cpu", keep=keep)
    )
    kept = probe(keep)
    assert (kept.frames, kept.size, float(kept.fps)) == (3, (128, 128), 10)
    # What is measured is what was painted, not what an encoder left of it.
    assert made.scores.whole.psnr == 100


def test_what_fails_on_the_way_leaves_nothing(
    trained: Train, clip: Path, poses: Path, own_cache: Path, tmp_path: Path
) -> None:
    folder = trained(stop=7)
    for stage in ("dancing", "comparing"):

        def stop(event: Progress, stage: str = stage) -> None:
            if event.stage == stage and event.done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            evaluate_performer(
                folder,
                clip,
                EvaluatePerformerOptions(poses=poses, device="cpu", keep=tmp_path / "k.mp4"),
                progress=stop,
            )
        assert [entry.name for entry in tmp_path.iterdir()] == ["performer"]
        assert not [
            entry
            for entry in own_cache.iterdir()
            if entry.name not in ("tracks", "cameras", "people")
        ]


def test_what_cannot_be_measured_is_told_before_anything_is_painted(
    trained: Train, clip: Path, poses: Path, other: Path, tmp_path: Path
) -> None:
    folder = trained(stop=9)
    small = tmp_path / "small.mp4"
    with open_writer(small, fps=10) as writer:
        for frame in read_frames(clip, size=(64, 64)):
            writer.write(frame)
    short = tmp_path / "short.npz"
    PoseTrack.load(poses)[:4].save(short)
    events: list[Progress] = []
    wrong: list[tuple[Path, Path, dict[str, Any], str]] = [
        (tmp_path, clip, {}, "holds no performer"),
        (folder, tmp_path / "none.mp4", {}, "no such file"),
        (folder, small, {}, "64 x 64 pixels, the performer's are 128 x 128; give a clip"),
        (folder, clip, {}, r"too few frames to measure on \(1, .* larger `hold_out`"),
        (folder, other, {"poses": short}, "has 4 poses, .* has 5 frames"),
        (folder, other, {"keep": tmp_path / "o.exe"}, "cannot be written"),
    ]
    for performer, true, options, said in wrong:
        with pytest.raises(InputError, match=said):
            evaluate_performer(
                performer,
                true,
                EvaluatePerformerOptions(device="cpu", **options),
                progress=events.append,
            )
    with pytest.raises(OutputError, match="would replace"):
        evaluate_performer(folder, small, EvaluatePerformerOptions(device="cpu", keep=small))
    assert not events


def test_a_clip_is_compared_with_a_span_of_the_truth(
    clip: Path, poses: Path, tmp_path: Path
) -> None:
    with open_writer(tmp_path / "part", fps=10) as writer:
        for frame in read_frames(clip, start=4, stop=8):
            writer.write(frame)
    truth = PoseTrack.load(poses)
    same = evaluate_clip(tmp_path / "part", clip, true_track=truth, span=(4, 8))
    late = evaluate_clip(tmp_path / "part", clip, true_track=truth, span=(5, 9))
    assert same.frames == late.frames == 4
    assert same.whole.psnr == 100 > late.whole.psnr
    first = evaluate_clip(tmp_path / "part", clip, true_track=truth, span=(4, 8), most=2)
    assert first.frames == 2 and first.whole.psnr == 100
    near, far = same.pose.distance_px["body"], late.pose.distance_px["body"]
    assert near is not None and far is not None and near < far
    with pytest.warns(DanceNowWarning, match=r"has 4 frames, .* has 6 in frames 4 to 9; the first"):
        assert evaluate_clip(tmp_path / "part", clip, true_track=truth, span=(4, 10)).frames == 4
    for span in ((4, 4), (-1, 3), (4, 11)):
        with pytest.raises(ValueError, match="no span"):
            evaluate_clip(tmp_path / "part", clip, true_track=truth, span=span)


def test_a_worse_face_scores_lower_in_the_face_alone(
    clip: Path, poses: Path, tmp_path: Path
) -> None:
    truth = PoseTrack.load(poses)
    with open_writer(tmp_path / "blind", fps=10) as writer:
        for frame, keypoints in zip(read_frames(clip), truth.keypoints, strict=True):
            x, y = (int(v) for v in keypoints[0, :2])  # the nose
            blurred = cv2.GaussianBlur(frame[y - 4 : y + 4, x - 4 : x + 4], (0, 0), 2)
            frame[y - 4 : y + 4, x - 4 : x + 4] = blurred
            writer.write(frame)
    scores = evaluate_clip(tmp_path / "blind", clip, true_track=truth)
    assert scores.face is not None and scores.person is not None
    assert scores.face.sharpness < 0.9 < scores.person.sharpness < 1
    assert scores.face.psnr < scores.person.psnr < scores.whole.psnr


@pytest.fixture
def detected(poses: Path, monkeypatch: pytest.MonkeyPatch) -> PoseTrack:
    """The true poses, which are found at once."""
    truth = PoseTrack.load(poses)
    monkeypatch.setattr("dancenow.workflows.evaluate_clip.detect_pose", lambda *_, **__: truth)
    return truth


def test_lpips_is_told_of_every_region_where_it_can_be_had(
    clip: Path, detected: PoseTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def network(made: Tensor, _: Tensor) -> Tensor:
        return made.new_tensor(0.25)

    monkeypatch.setattr("dancenow.evaluation.judge.load_lpips", lambda: (Lpips(network), None))
    scores = evaluate_clip(clip, clip, true_track=detected)
    assert scores.lpips_missing is None
    assert sum("LPIPS 0.250" in line for line in scores.lines()) == 4


def test_why_lpips_is_missing_is_told_once(
    clip: Path, detected: PoseTrack, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "LPIPS: not measured; no network"
    monkeypatch.setattr("dancenow.evaluation.judge.load_lpips", lambda: (None, reason))
    scores = evaluate_clip(clip, clip, true_track=detected)
    assert scores.whole.lpips is None and scores.lpips_missing == reason
    assert [line for line in scores.lines() if line.startswith("LPIPS")] == [reason]


def test_the_command_prints_the_figures(
    trained: Train,
    clip: Path,
    poses: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = trained(stop=8)
    words = ["evaluate", "performer", folder, clip, "--poses", poses, "--device", "cpu", "--json"]
    monkeypatch.setattr(sys, "argv", ["dancenow", *map(str, words)])
    with warnings.catch_warnings(), pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures.keys() == set(PerformerScores.__dataclass_fields__)
    assert figures["span"] == [8, 10] and figures["held_out"] is True
    assert set(PictureScores.__dataclass_fields__) == figures["scores"]["face"].keys()
    assert figures["scores"]["flicker"].keys() == {"made", "real", "motion_error"}
