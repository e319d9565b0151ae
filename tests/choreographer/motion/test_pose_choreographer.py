"""A choreographer of poses: what it composes, what it keeps on disk, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dancenow.choreographer import is_choreographer, learned_codec
from dancenow.choreographer.dancenet.choreographer import FrameChoreographer
from dancenow.choreographer.motion.body import measure_body
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.codec import LIMBS, RATE
from dancenow.choreographer.motion.composition import Composition
from dancenow.choreographer.motion.to_music import retimed
from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from motions import CPU, SMALL, SmoothDance, dancing, steps_of, untrained_choreographer, without

SHORT = Composition(3.0, seed=1)
JOINTS = range(15)


@pytest.fixture(scope="module")
def track() -> PoseTrack:
    return dancing(fps=24)


@pytest.fixture(scope="module")
def choreographer(track: PoseTrack) -> PoseChoreographer:
    return untrained_choreographer(track)


@pytest.fixture(scope="module")
def smooth(track: PoseTrack) -> PoseChoreographer:
    """One whose dances are smooth."""
    return untrained_choreographer(track, smooth=True)


def paces(track: PoseTrack) -> np.ndarray:
    """How far the body moves from each frame to the next, in body heights."""
    return steps_of(track.xy[:, JOINTS]) / measure_body(track).height


# Composing.


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.0, 3.3])
def test_a_dance_is_danced_by_the_learned_body_at_the_learned_rate(
    choreographer: PoseChoreographer, track: PoseTrack, seconds: float
) -> None:
    dance = choreographer.compose(Composition(seconds))
    assert (dance.fps, dance.size, dance.size) == (24, track.size, choreographer.size)
    assert len(dance) == max(1, round(seconds * 24))
    assert np.isfinite(dance.keypoints).all() and dance.confidence[:, JOINTS[1:]].all()


def test_sixteen_seconds_are_composed_by_default(choreographer: PoseChoreographer) -> None:
    assert choreographer.compose().duration == pytest.approx(16, abs=1 / 24)


def test_a_seed_decides_everything(choreographer: PoseChoreographer) -> None:
    one, same, other = (
        choreographer.compose(replace(SHORT, seed=seed)).keypoints for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_progress_counts_vectors(choreographer: PoseChoreographer) -> None:
    told: list[int] = []
    choreographer.compose(SHORT, told.append)
    assert told == sorted(told) and told[-1] == round(3 * RATE)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Composition(0), "`seconds` must be above 0 and at most 3600, not 0"),
        (Composition(-1), "`seconds`"),
        (Composition(float("nan")), "`seconds` .* not nan"),
        (Composition(1e9), "`seconds` .* not 1e\\+09"),
        (Composition(temperature=-0.1), "`temperature` must be from 0 to 10, not -0.1"),
        (Composition(temperature=float("nan")), "`temperature`"),
        (Composition(temperature=1e30), "`temperature`"),
        (Composition(loop=True, continue_from=dancing(seconds=1)), "`loop` and `continue_from`"),
    ],
)
def test_what_makes_no_sense_is_told(
    choreographer: PoseChoreographer, wrong: Composition, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        choreographer.compose(wrong)


@pytest.mark.parametrize("temperature", [0.0, 10.0])
def test_the_wildest_and_the_calmest_dance_are_dances(
    choreographer: PoseChoreographer, temperature: float
) -> None:
    dance = choreographer.compose(replace(SHORT, temperature=temperature))
    assert np.isfinite(dance.keypoints).all()


def test_energy_is_passed_on_within_bounds(track: PoseTrack) -> None:
    choreographer = untrained_choreographer(track, smooth=True)
    network = choreographer.network
    assert isinstance(network, SmoothDance)
    energy = np.linspace(-9, 9, round(4 * RATE)).astype(np.float32)
    choreographer.compose(Composition(4.0, energy=energy))
    assert min(network.asked) == pytest.approx(-1.5) and max(network.asked) <= 1.5
    network.asked.clear()
    choreographer.compose(Composition(4.0))
    assert np.isnan(network.asked).all()


# Coming round.


@pytest.mark.parametrize("fps", [24.0, 29.97, 50.0])
@pytest.mark.parametrize("seconds", [0.7, 2.0, 5.05])
def test_a_loops_last_frame_leads_to_its_first(
    smooth: PoseChoreographer, fps: float, seconds: float
) -> None:
    learned = replace(smooth.learned, fps=Fraction(fps).limit_denominator(1001))
    choreographer = replace(smooth, learned=learned)
    moves = choreographer.compose_moves(Composition(seconds, seed=3, loop=True))
    loop = choreographer.to_track(moves, loop=True)
    assert loop.fps == pytest.approx(fps, abs=0.01)
    assert len(loop) == round(len(moves) / RATE * loop.fps)
    assert len(choreographer.to_track(moves, seconds, loop=True)) == round(seconds * loop.fps)
    again = loop.with_keypoints(np.concatenate([loop.keypoints, loop.keypoints[:1]]))
    steps = paces(again)
    assert steps[-1] < 1.2 * steps[:-1].max() + 0.002


def test_a_loop_is_evenly_paced_where_it_closes(smooth: PoseChoreographer) -> None:
    """A body that turns at one pace, round and round, does so over the seam, too."""
    count = round(2 * RATE)
    moves = np.repeat(smooth.learned.pieces[0][:1], count, axis=0)
    moves[:, -2:] = 0  # in the air
    angle = 2 * np.pi * np.arange(count) / count
    moves[:, 0], moves[:, 1] = 0.2 * np.cos(angle), 0.5 + 0.2 * np.sin(angle)
    for fps in (Fraction(30000, 1001), Fraction(24), Fraction(37)):
        uneven = replace(smooth, learned=replace(smooth.learned, fps=fps))
        loop = uneven.to_track(moves, loop=True)
        hips = np.concatenate([loop.xy, loop.xy[:1]])[:, INDEX["mid_hip"]]
        steps = np.linalg.norm(np.diff(hips, axis=0), axis=1)
        assert steps.max() < 1.02 * steps.min()


# Going on.


def test_a_dance_goes_on_from_where_another_ended(
    smooth: PoseChoreographer, track: PoseTrack
) -> None:
    before = track[: 4 * 24]
    (danced,) = smooth.codec.encode(before)
    usual = np.median(steps_of(danced[:, LIMBS]))
    ends = []
    for seed in range(3):
        moves = smooth.compose_moves(Composition(2.0, seed, continue_from=before))
        assert len(moves) == round(2 * RATE)
        joint = steps_of(np.concatenate([danced[-1:], moves])[:, LIMBS])
        assert joint[0] < 2.5 * usual
        ends.append(moves[-1])
    assert not np.allclose(ends[0], ends[1])


def test_a_single_pose_is_gone_on_from(smooth: PoseChoreographer, track: PoseTrack) -> None:
    pose = track[50:51]
    moves = smooth.compose_moves(Composition(2.0, continue_from=pose))
    dance = smooth.codec.decode(moves, 24, settled=False)
    first = np.linalg.norm(dance.xy[0] - pose.xy[0], axis=-1)[list(JOINTS)]
    later = np.linalg.norm(dance.xy[-1] - pose.xy[0], axis=-1)[list(JOINTS)]
    arms = [INDEX[f"{s}_{j}"] for s in ("left", "right") for j in ("elbow", "wrist")]
    assert first[arms].mean() < 0.08 * measure_body(track).height < later[arms].mean()


def test_who_goes_on_may_have_another_body_and_frame(smooth: PoseChoreographer) -> None:
    other = dancing("bo", "house", seconds=2, fps=30, size=(300, 200))
    dance = smooth.compose(Composition(1.0, continue_from=other))
    assert (dance.size, dance.fps) == (smooth.size, 24)


@pytest.mark.parametrize("hidden", [slice(0, None), slice(-30, None), slice(0, -40)])
def test_a_body_that_is_not_seen_cannot_be_gone_on_from(
    smooth: PoseChoreographer, track: PoseTrack, hidden: slice
) -> None:
    cut = without(track, INDEX["left_knee"], frames=hidden)
    with pytest.raises(InputError, match="`continue_from`: the whole body"):
        smooth.compose(Composition(1.0, continue_from=cut))


def test_a_body_that_is_half_seen_before_its_end_can_be(
    smooth: PoseChoreographer, track: PoseTrack
) -> None:
    cut = without(track, INDEX["left_knee"], frames=slice(0, 100))
    moves = smooth.compose_moves(Composition(1.0, continue_from=cut))
    whole = smooth.compose_moves(Composition(1.0, continue_from=track))
    assert np.abs(moves - whole).mean() < 0.05


# Other times.


def test_the_same_moments_are_the_same_dance(choreographer: PoseChoreographer) -> None:
    moves = choreographer.learned.pieces[0]
    at = np.arange(len(moves)) / RATE
    assert np.allclose(retimed(moves, at), moves, atol=1e-5)
    later = retimed(moves, at[: len(moves) // 2] + 2.0)
    assert np.allclose(later[: len(moves) // 3], moves[30 : 30 + len(moves) // 3], atol=1e-5)
    beyond = retimed(moves, np.array([-1.0, 1e6]))
    assert np.allclose(beyond, moves[[0, -1]], atol=1e-5)


# On disk.


@pytest.fixture
def saved(choreographer: PoseChoreographer, tmp_path: Path) -> Path:
    choreographer.save(tmp_path / "c")
    return tmp_path / "c"


def test_a_saved_choreographer_composes_the_very_same(
    choreographer: PoseChoreographer, saved: Path
) -> None:
    again = PoseChoreographer.load(saved, CPU)
    for wanted in (SHORT, replace(SHORT, loop=True), replace(SHORT, temperature=0.7)):
        one, other = choreographer.compose(wanted), again.compose(wanted)
        assert np.array_equal(one.keypoints, other.keypoints)
        assert (one.fps, one.size) == (other.fps, other.size)
    assert again.config == choreographer.config and again.training == choreographer.training
    assert again.learned.seconds == choreographer.learned.seconds == pytest.approx(10, abs=0.1)
    assert again.codec.known == choreographer.codec.known


def test_what_was_held_out_is_kept_apart(choreographer: PoseChoreographer, tmp_path: Path) -> None:
    (piece,) = choreographer.learned.pieces
    parts = replace(
        choreographer.learned,
        pieces=(piece[:60], piece[60:80]),
        held_out=(piece[80:],),
        fps=Fraction(30000, 1001),
    )
    replace(choreographer, learned=parts).save(tmp_path)
    learned = PoseChoreographer.load(tmp_path, CPU).learned
    assert [len(part) for part in learned.pieces] == [60, 20]
    assert np.array_equal(learned.held_out[0], piece[80:]) and learned.fps == parts.fps
    assert learned.seconds == pytest.approx(80 / RATE)


def test_its_folder_says_what_it_is(saved: Path) -> None:
    assert is_choreographer(saved) and learned_codec(saved) == "pose"
    with pytest.raises(InputError, match="was learned with `codec=pose`"):
        FrameChoreographer.load(saved, CPU)


@pytest.mark.parametrize("name", ["config.json", "motion.safetensors", "moves.npz"])
@pytest.mark.parametrize("left", [None, 0, 60])
def test_a_file_that_is_missing_or_cut_is_told(saved: Path, name: str, left: int | None) -> None:
    path = saved / name
    if left is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(InputError, match=r": .*(missing|damaged|holds no|is not)") as told:
        PoseChoreographer.load(saved, CPU)
    assert str(saved) in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("body", None),
        ("body", {}),
        ("energy", [1.0]),
        ("fps", [25, 0]),
        ("fps", 25),
        ("training", None),
        ("config", {"preset": "tiny", "codec": "pose", "motion": {"width": "wide"}}),
        ("config", {"preset": "tiny", "codec": "pose", "motion": {"width": -8}}),
    ],
)
def test_a_document_with_damage_is_told(saved: Path, key: str, value: object) -> None:
    document = json.loads((saved / "config.json").read_text("utf-8"))
    (saved / "config.json").write_text(json.dumps({**document, key: value}))
    with pytest.raises(InputError, match="is damaged; train it again"):
        PoseChoreographer.load(saved, CPU)


@pytest.mark.parametrize("config", [None, [], {"preset": "tiny"}, {"codec": "frame"}])
def test_another_codecs_choreographer_is_told(saved: Path, config: object) -> None:
    document = json.loads((saved / "config.json").read_text("utf-8"))
    (saved / "config.json").write_text(json.dumps({**document, "config": config}))
    assert learned_codec(saved) == "frame"
    with pytest.raises(InputError, match="was learned with `codec=frame`"):
        PoseChoreographer.load(saved, CPU)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"version": 99}, "version 99"), ({"kind": "performer"}, "holds a performer")],
)
def test_another_kind_or_version_is_told(
    saved: Path, change: dict[str, object], message: str
) -> None:
    document = json.loads((saved / "config.json").read_text("utf-8"))
    (saved / "config.json").write_text(json.dumps({**document, **change}))
    with pytest.raises(InputError, match=message):
        PoseChoreographer.load(saved, CPU)


def test_weights_of_another_size_are_told(saved: Path, track: PoseTrack) -> None:
    other = untrained_choreographer(track, SMALL.model_copy(update={"width": 32}))
    other.save(saved.parent / "other")
    (saved.parent / "other" / "motion.safetensors").rename(saved / "motion.safetensors")
    with pytest.raises(InputError, match="another preset or version"):
        PoseChoreographer.load(saved, CPU)
