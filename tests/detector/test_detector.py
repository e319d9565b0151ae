"""The detector: what it learns from, how it learns, what it says, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from dancenow.detector import Detector, Verdict
from dancenow.detector.calibration import Calibration, Reliability
from dancenow.detector.config import RUN, DetectorConfig
from dancenow.detector.detector import CONFIG, VERSION, WEIGHTS
from dancenow.detector.examples import Drawing, changed_by_chance, evened, split
from dancenow.detector.learning import calibrated
from dancenow.detector.network import DetectorNetwork, joined
from dancenow.detector.passages import Passages, _Cutting, find_passages
from dancenow.detector.rooms import rooms_of
from dancenow.detector.training import DetectorTraining
from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import SampleOptions, TrainDetectorOptions
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.progress import silent
from dancenow.training.session import CHECKPOINT, agrees
from dancenow.video import clips_in, open_writer, probe
from dancenow.workflows.forget import forget_person
from dancenow.workflows.judge import judge
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_detector import _made_of, train_detector
from dancenow.workflows.verify import verify
from untrained import CPU

SMALL = DetectorConfig(
    canvas=64, body=50, passages=4, crop=32, widths=(8, 16, 16), batch=8, learning_rate=1e-2
)


def passages(seed: int, *, made: bool) -> Passages:
    """What was filmed has grain that moves; what was made has a grain that stays."""
    rng = np.random.default_rng(seed)
    shape = (SMALL.passages, 1 if made else SMALL.frames, 64, 64, 3)
    grain = np.repeat(rng.normal(0, 25, shape), SMALL.frames if made else 1, axis=1)
    pictures = (rng.uniform(90, 160) + grain).clip(0, 255).astype(np.uint8)
    variants = (pictures, 255 - pictures, np.ascontiguousarray(pictures[..., ::-1]))
    places = np.full((4, 4, 4), 255, np.uint8)
    return Passages(Path(f"{seed}.mp4"), str(seed), variants, places)


@pytest.fixture(scope="module")
def trained() -> tuple[DetectorTraining, Detector]:
    clips = [(passages(k, made=k % 2 == 1), k % 2 == 1) for k in range(10)]
    examples = split(clips, SMALL.held_out)
    training = DetectorTraining(SMALL, examples, CPU, seed=0)
    for number in range(60):
        training.step(number, number / 60)
    training.close()
    detector = Detector(SMALL, training.average.module, Calibration(), CPU)
    detector.calibration, reliability = calibrated(detector, examples)
    assert reliability.looks == 6 and reliability.brier < 0.26
    return training, detector


def test_it_tells_what_it_has_not_seen(trained: tuple[DetectorTraining, Detector]) -> None:
    _, detector = trained
    for seed in range(20, 26):
        verdict = detector.verdict(passages(seed, made=seed % 2 == 1))
        assert verdict.made == (seed % 2 == 1)
        assert 0.2 < verdict.score < 0.8  # two held-out clips are no reason to be surer
        assert verdict.passages == 4 and 0 <= verdict.spread < 0.3


def test_a_saved_detector_says_the_same(
    trained: tuple[DetectorTraining, Detector], tmp_path: Path
) -> None:
    detector = trained[1]
    detector.save(tmp_path)
    again = Detector.load(tmp_path, CPU)
    clip = passages(30, made=True)
    assert again.verdict(clip) == detector.verdict(clip)


def test_a_preview_shows_both_kinds(trained: tuple[DetectorTraining, Detector]) -> None:
    assert trained[0].preview().shape == (2 * 32, 4 * 32, 3)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"kind": "performer"}, "holds no detector"),
        ({"version": VERSION + 1}, "update DanceNow"),
        ({"config": {**SMALL.model_dump(), "crop": 4000}}, "is damaged"),
        ({"config": {**SMALL.model_dump(), "widths": [8, 8]}}, "another preset or version"),
        ({"calibration": {"slope": "steep"}}, "is damaged"),
    ],
)
def test_a_damaged_detector_is_told(
    trained: tuple[DetectorTraining, Detector], tmp_path: Path, damage: dict, message: str
) -> None:
    trained[1].save(tmp_path)
    document = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps(document | damage))
    with pytest.raises(InputError, match=message):
        Detector.load(tmp_path, CPU)


def test_a_network_of_no_numbers_says_nothing() -> None:
    network = DetectorNetwork(SMALL)
    torch.nn.init.constant_(network.judge.weight, torch.nan)
    with pytest.raises(InputError, match="is damaged"):
        Detector(SMALL, network, Calibration(), CPU).verdict(passages(0, made=True))


@pytest.mark.parametrize(
    "change", [{"body": 8}, {"canvas": 512, "widths": (2048, 8)}, {"frames": 64}, {"passages": 64}]
)
def test_a_configuration_that_would_take_all_memory_is_none(change: dict) -> None:
    with pytest.raises(ValidationError):
        DetectorConfig(**change)


def test_missing_weights_are_told(
    trained: tuple[DetectorTraining, Detector], tmp_path: Path
) -> None:
    trained[1].save(tmp_path)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(InputError, match="train it again"):
        Detector.load(tmp_path, CPU)


def test_batch_k_is_the_same_whoever_draws_it() -> None:
    clips = [(passages(k, made=k == 1), k == 1) for k in range(2)]
    examples = split(clips, 0.25)
    one, other = (Drawing(examples, SMALL, seed=3) for _ in range(2))
    one.batch(4)
    for a, b in zip(one.batch(5), other.batch(5), strict=True):
        np.testing.assert_array_equal(a, b)
    frames, runs, places, made = one.batch(5)
    assert frames.shape == (8, 32, 32, 3) and frames.dtype == np.uint8
    assert runs.shape == (8, RUN, 32, 32) and runs.dtype == np.float32
    assert places.shape == (8, 4, 4) and made.tolist() == [0, 1] * 4


def test_of_few_clips_the_ends_are_held_out_and_of_many_whole_ones() -> None:
    few = split([(passages(0, made=False), False), (passages(1, made=True), True)], 0.25)
    assert [(list(each.learned), list(each.held_out)) for each in few] == [([0, 1, 2], [3])] * 2
    many = split([(passages(k, made=k % 2 == 1), k % 2 == 1) for k in range(20)], 0.2)
    again = split([(each.passages, each.made) for each in reversed(many)], 0.2)
    assert {e.passages.content: len(e.held_out) for e in many} == {
        e.passages.content: len(e.held_out) for e in again
    }  # whatever their order
    held = [each for each in many if len(each.held_out)]
    assert sum(each.made for each in held) == 2 and len(held) == 4
    assert all(not len(each.learned) for each in held)


def in_a_room(room: int, number: int, *, made: bool) -> Passages:
    """A clip in a room: half of its walls are as in all rooms; the light differs a little."""
    clip = passages(number, made=made)
    colours = np.random.default_rng(room).integers(0, 247, (32, 3))
    walls = np.full(clip.variants[0].shape, 128)
    walls[:, :, :, ::2] = np.tile(colours, (2, 1))[:, None]
    walls = (walls + 4 * (number % 3)).astype(np.uint8)
    places = np.zeros((4, 4, 4), np.uint8)
    places[:, 1:3, 1:3] = 255
    return replace(clip, variants=(walls,) * 3, places=places)


def test_clips_of_one_room_are_told_from_those_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = [3, 0, 3, 7, 0, 7, 12]
    clips = [in_a_room(room, k, made=k % 2 == 1) for k, room in enumerate(rooms)]
    found = rooms_of(clips)
    assert [found.index(number) for number in found] == [rooms.index(room) for room in rooms]
    monkeypatch.setattr("dancenow.detector.rooms._ALIKE", 0.99)
    assert len(set(rooms_of(clips))) > 4, "the light differs"
    monkeypatch.setattr("dancenow.detector.rooms._ALIKE", 0.5)
    assert len(set(rooms_of(clips))) < 4, "much of the walls is alike"
    hidden = [passages(k, made=False) for k in range(2)]  # nothing of their rooms is seen
    assert len(set(rooms_of(hidden))) == 2


def test_of_many_rooms_whole_ones_are_held_out() -> None:
    clips = [(in_a_room(k // 4, k, made=k % 2 == 1), k % 2 == 1) for k in range(40)]
    clips.append((in_a_room(11, 40, made=False), False))  # nothing was made in it
    examples = split(clips, 0.2)
    held = {int(e.passages.content) // 4 for e in examples if len(e.held_out)}
    learned = {int(e.passages.content) // 4 for e in examples if len(e.learned)}
    assert len(held) == 2 and held.isdisjoint(learned) and held | learned == set(range(11))
    assert 10 in learned


def test_a_room_with_most_clips_is_learned() -> None:
    of = [0] * 40 + [1 + k // 2 for k in range(14)]
    clips = [(in_a_room(room, k, made=k % 2 == 1), k % 2 == 1) for k, room in enumerate(of)]
    for order in range(5):
        held = [
            room
            for room, example in zip(of, split(again(clips, order), 0.2), strict=True)
            if len(example.held_out)
        ]
        assert 0 not in held and 8 <= len(held) <= 16


def again(clips: list[tuple[Passages, bool]], order: int) -> list[tuple[Passages, bool]]:
    """The same with other names, so that others come first."""
    return [(replace(clip, content=f"{clip.content} {order}"), made) for clip, made in clips]


def test_all_frames_of_a_run_are_changed_alike() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    alike = 0
    for seed in range(20):
        changed = changed_by_chance([frame] * 3, np.random.default_rng(seed))
        assert all(each.shape == frame.shape and each.dtype == np.uint8 for each in changed)
        alike += np.array_equal(changed[0], changed[2])
    assert alike > 10  # only noise differs


def test_what_counts_is_the_body_against_the_room() -> None:
    logits, places = torch.full((1, 24, 24), -4.0), torch.zeros(1, 24, 24)
    logits[0, 0, 0], places[0, 0, 0] = 4, 1
    seen = joined(logits, places).item()
    assert seen == pytest.approx(4 * 1 / 1.576 - 4 * 0.576 / 1.576 + 4, abs=0.05)
    # What camera and codec add everywhere is not counted.
    assert joined(logits + 3, places).item() == pytest.approx(seen, abs=0.02)
    logits[0, 1, 1] = 100  # the body's outline belongs to neither
    assert joined(logits, places).item() == pytest.approx(seen, abs=0.1)
    # Without a room, the body alone counts; without a body, nothing does.
    assert joined(logits * 0 + 2, places * 0 + 1).item() == pytest.approx(2)
    assert joined(logits, places * 0).item() == pytest.approx(0, abs=0.02)


def test_places_do_not_see_the_whole() -> None:
    network = DetectorNetwork(SMALL).eval()
    runs = torch.zeros(1, RUN, 64, 64)
    other = runs.clone()
    other[..., 48:, 48:] = 1
    with torch.no_grad():
        one, two = network(runs)[0], network(other)[0]
    assert one.shape == (8, 8)
    assert torch.equal(one[:3, :3], two[:3, :3]) and not torch.equal(one, two)


def test_neither_colours_nor_light_nor_contrast_are_seen() -> None:
    frames = np.random.default_rng(0).integers(60, 120, (RUN, 48, 48, 3), dtype=np.uint8)
    grey = np.repeat(frames[..., :1], 3, axis=-1)
    brighter = (1.5 * grey.astype(float) + 20).astype(np.uint8)
    inside = (slice(None), slice(9, -9), slice(9, -9))
    one, two = evened(grey)[inside], evened(brighter)[inside]
    assert np.abs(one - two).mean() < 0.05 * np.abs(one).mean()
    still = evened(np.repeat(frames[:1], RUN, axis=0))
    assert not still[1:].any() and still[0].any()


def test_a_calibration_is_as_sure_as_it_may_be() -> None:
    rng = np.random.default_rng(0)
    made = np.arange(400) % 2 == 1
    logits = np.where(made, 1.0, -1.0) * 2 + 4 * rng.normal(size=400) + 3
    fitted = Calibration.fit(logits, made)
    before = Reliability.of(Calibration().probability(logits), made)
    after = Reliability.of(fitted.probability(logits), made)
    assert after.brier < before.brier and fitted.slope < 1 and fitted.offset < -0.5
    alone = Calibration.fit(logits[made], made[made])  # nothing to compare with
    assert alone.slope < 0.5 and alone.offset == 0
    three = Calibration.fit(logits.repeat(3), made.repeat(3), looks=3)
    assert three.slope == pytest.approx(fitted.slope, abs=1e-4)  # a look is no clip
    bounded = Calibration(slope=100).probability(np.array([50.0, -50.0]))
    assert 0 < bounded[1] < 0.001 < 0.999 < bounded[0] < 1


def test_words_say_when_it_cannot_be_told() -> None:
    said = [Verdict(Path("a"), score, 0.1, 9).words() for score in (0.1, 0.5, 0.9)]
    assert said == ["looks filmed", "cannot be told", "looks made by a performer"]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for name, seed in (("filmed.mp4", 0), ("made.mp4", 1)):
        sample = SampleOptions(seconds=0.8, size=96, fps=10, performer="bo", seed=seed)
        write_sample(folder / name, sample)
    return folder


def test_from_clips_to_a_verdict(clips: Path, tmp_path: Path) -> None:
    options = TrainDetectorOptions(fake=(clips / "made.mp4",), steps=2, device="cpu")
    with pytest.warns(DanceNowWarning, match="steps"):
        made = train_detector([clips / "filmed.mp4"], tmp_path / "D", options)
    assert (made.filmed, made.made, made.steps) == (1, 1, 2) and "--with" in made.summary()
    assert "A detector" in (tmp_path / "D" / "index.html").read_text("utf-8")
    verdict = judge(clips / "made.mp4", tmp_path / "D")
    assert 0 < verdict.score < 1 and str(clips / "made.mp4") in verdict.summary()
    both = verify(clips / "made.mp4", tmp_path / "D")
    assert both.seen is not None and both.seen.score == verdict.score
    assert "no Content Credentials" in both.summary() and "a detector, which can" in both.summary()
    grey = tmp_path / "grey.mp4"
    with open_writer(grey, fps=10) as writer:
        for _ in range(8):
            writer.write(np.full((64, 64, 3), 128, np.uint8))
    assert "a detector cannot look at it" in verify(grey, tmp_path / "D").summary()
    other = TrainDetectorOptions(fake=(clips / "made.mp4",), steps=3, device="cpu", seed=1)
    with pytest.raises(InputError, match="other"):
        train_detector([clips / "made.mp4"], tmp_path / "D", _with(other, clips / "filmed.mp4"))
    gone = forget_person(tmp_path / "D")
    assert not (tmp_path / "D").exists()
    assert any(path.parent.name == "passages" for path in gone.removed)


def _with(options: TrainDetectorOptions, fake: Path) -> TrainDetectorOptions:
    return TrainDetectorOptions(fake=(fake,), steps=options.steps, device=options.device)


def test_a_detector_without_its_checkpoint_is_forgotten_too(
    trained: tuple[DetectorTraining, Detector], tmp_path: Path
) -> None:
    trained[1].save(tmp_path / "D")
    assert len(forget_person(tmp_path / "D").removed) == 2
    assert not (tmp_path / "D").exists()


def test_no_passage_lies_over_a_cut(clips: Path) -> None:
    info = probe(clips / "filmed.mp4")
    track = PoseTrack.load(clips / "filmed.pose.npz")
    starts = [
        [each.start for each in _Cutting(info, track, SMALL, 0, cuts).passages]
        for cuts in ((), (2,), (7,))
    ]
    assert starts == [[0], [2], [0]]


def test_passages_are_cut_around_the_person_and_compressed_again(clips: Path) -> None:
    found = find_passages(
        probe(clips / "filmed.mp4"),
        SMALL,
        recompressed=2,
        estimator="mediapipe",
        device="cpu",
        progress=silent,
    )
    assert len(found) == 1 and len(found.variants) == 3
    first, *again = (pictures[0].astype(float) for pictures in found.variants)
    for pictures in again:  # the same moments, and not the same pictures
        assert 0.1 < np.abs(pictures - first).mean() < 12
    assert found.places.shape == (1, 4, 4) and found.places[0, 1:3, 1:3].mean() > 25


def test_the_face_and_the_hands_count_most(clips: Path) -> None:
    info, track = probe(clips / "filmed.mp4"), PoseTrack.load(clips / "filmed.pose.npz")
    cutting = _Cutting(info, track, DetectorConfig(passages=1, frames=5), 0)
    (passage,) = cutting.passages
    body = cutting._body(passage)

    def at(name: str) -> int:
        x, y = track.xy[passage.start + 2, INDEX[name]] - (passage.x, passage.y)
        column, row = (int(24 * (each / cutting.side + 0.5)) for each in (x, y))
        return int(body[row, column])

    assert at("nose") > 200
    assert all(25 <= at(f"{side}_hip") <= 80 for side in ("left", "right"))
    assert max(body[0, 0], body[0, -1]) == 0
    assert (body > 150).sum() > 4  # hands, too

    nobody = track.with_keypoints(track.keypoints * np.array([1, 1, 0], np.float32))
    cutting.track = nobody
    assert not cutting._body(passage).any()


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (["filmed.mp4"], [], "`fake`: name at least one"),
        ([], ["made.mp4"], "give filmed clips"),
        (["filmed.mp4"], ["filmed.mp4"], "is the same clip as"),
        (["missing.mp4"], ["made.mp4"], "no such file"),
        (["empty"], ["made.mp4"], "without clips"),
    ],
)
def test_clips_that_make_no_sense_are_told_at_once(
    clips: Path, tmp_path: Path, real: list[str], fake: list[str], message: str
) -> None:
    (clips / "empty").mkdir(exist_ok=True)
    options = TrainDetectorOptions(fake=tuple(clips / name for name in fake), steps=1)
    with pytest.raises(InputError, match=message):
        train_detector([clips / name for name in real], tmp_path / "D", options)
    assert not (tmp_path / "D" / CHECKPOINT).exists()


def test_a_training_is_not_resumed_with_fewer_clips() -> None:
    whole = _made_of({"a": False, "b": True, "c": True}, SMALL, TrainDetectorOptions())
    fewer = _made_of({"a": False, "b": True}, SMALL, TrainDetectorOptions())
    other = _made_of({"c": True, "b": True, "a": False}, SMALL, TrainDetectorOptions())
    assert not agrees(fewer, whole) and agrees(other, whole)  # their order does not matter


@pytest.mark.slow
def test_nobody_and_too_short_are_told(clips: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    write_sample(short, SampleOptions(seconds=0.3, size=96, fps=10, performer="bo"))
    with pytest.raises(InputError, match="no 5 frames in a row"):
        find_passages(
            probe(short), SMALL, recompressed=0, estimator="mediapipe", device="cpu",
            progress=silent,
        )  # fmt: skip
    with open_writer(tmp_path / "grey.mp4", fps=10) as writer:
        for _ in range(8):
            writer.write(np.full((64, 64, 3), 128, np.uint8))
    options = TrainDetectorOptions(fake=(clips / "made.mp4",), steps=1, device="cpu")
    with pytest.raises(InputError, match=r"grey\.mp4"):
        train_detector([tmp_path / "grey.mp4"], tmp_path / "D", options)
    assert not (tmp_path / "D").exists()
    with pytest.warns(DanceNowWarning, match=r"left out: .*grey\.mp4"):
        train_detector([tmp_path / "grey.mp4", clips / "filmed.mp4"], tmp_path / "D", options)


def test_a_folder_names_its_clips(clips: Path, tmp_path: Path) -> None:
    (clips / "._filmed.mp4").write_bytes(b"beside it")  # as macOS leaves them
    assert clips_in(clips) == [clips / "filmed.mp4", clips / "made.mp4"]
    assert clips_in(clips / "made.mp4") == [clips / "made.mp4"]
    with open_writer(tmp_path / "pictures", fps=10) as writer:
        writer.write(np.zeros((16, 16, 3), np.uint8))
    assert clips_in(tmp_path / "pictures") == [tmp_path / "pictures"]
