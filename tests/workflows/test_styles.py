"""Styles: named when a dance is learned, and asked for when a new one is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.composition import Composition
from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import GenerateOptions, TrainChoreographerOptions
from dancenow.options.styles import parse_mix, styled_clips
from dancenow.pose.layout import INDEX, SIDES
from dancenow.training import choose_device
from dancenow.workflows.generate import generate
from dancenow.workflows.train_choreographer import train_choreographer
from motions import dancing, without

Command = Callable[..., tuple[int, str, str]]
FEW = TrainChoreographerOptions(preset="tiny", steps=2, device="cpu")
NEW = GenerateOptions(device="cpu", seconds=6.0)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`calm.npz`, a body that stands; `wild.npz`, one that dances; `wilder.npz`; `short.npz`."""
    folder = tmp_path_factory.mktemp("styles")
    wild = dancing(seconds=20)
    held = wild[20:21].keypoints.repeat(len(wild), axis=0)
    moved = held + 0.5 * np.sin(np.arange(len(wild)) / 3)[:, None, None] * [1, 0, 0]
    wild.with_keypoints(moved).save(folder / "calm.npz")
    wild.save(folder / "wild.npz")
    dancing("zola", "disco", seconds=12).save(folder / "wilder.npz")
    wild[:50].save(folder / "short.npz")
    return folder


@pytest.fixture(scope="module")
def trained(stage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "c"
    styles = (f"calm={stage / 'calm.npz'}", f"wild={stage / 'wild.npz'}")
    train_choreographer([stage / "wilder.npz"], folder, replace(FEW, style=styles))
    return folder


def away(folder: Path, seconds: float = 30.0, **style: float) -> NDArray[np.float32]:
    """How far a new dance is from the pose that the calm one holds, in pixels, `(T,)`."""
    choreographer = PoseChoreographer.load(folder, choose_device("cpu"))
    made = choreographer.compose(Composition(seconds, temperature=0.0, style=style))
    joints = [INDEX[f"{side}_{j}"] for side in SIDES for j in ("elbow", "wrist", "knee", "ankle")]
    new, held = (
        each.xy[:, joints] - each.xy[:, [INDEX["mid_hip"]]]
        for each in (made, dancing(seconds=20)[20:21])
    )
    return np.asarray(np.linalg.norm(new - held, axis=-1).mean(axis=1), np.float32)


@pytest.mark.slow
def test_clips_keep_the_styles_that_they_were_given(trained: Path) -> None:
    learned = PoseChoreographer.load(trained, choose_device("cpu")).learned
    assert learned.styles == ("calm", "wild", "wild")  # a plain clip is of the last style


def test_the_style_that_is_asked_for_is_danced(trained: Path) -> None:
    calm, wild = away(trained, calm=1.0), away(trained, wild=1.0)
    assert np.median(calm) < 0.5 * np.median(wild)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_styles_are_mixed_in_their_shares(trained: Path, share: float) -> None:
    calm, wild = away(trained, calm=1.0), away(trained, wild=1.0)
    between = (np.median(calm) + np.median(wild)) / 2
    mixed = away(trained, 120.0, calm=share, wild=1 - share)
    assert (mixed < between).mean() == pytest.approx(share, abs=0.2)


def test_a_style_is_asked_for_by_name(trained: Path, tmp_path: Path) -> None:
    for name in ("wild", "calm:1,wild:3"):
        made = generate(trained, tmp_path / "a.npz", replace(NEW, style=(name,)))
        assert made.frames == round(6 * made.fps)
    for name in ("ballet", "calm:1,ballet:1"):
        with pytest.raises(InputError, match=r"`style=ballet`: unknown; .* is calm, wild"):
            generate(trained, tmp_path / "b.npz", replace(NEW, style=(name,)))
    assert not (tmp_path / "b.npz").exists()


def test_styles_can_be_named_one_by_one_and_spelt_in_other_ways(
    trained: Path, tmp_path: Path
) -> None:
    made = [
        generate(trained, tmp_path / f"{number}.npz", replace(NEW, style=style))
        for number, style in enumerate([("calm", "wild"), ("calm:0.5,wild:0.5",)])
    ]
    assert made[0].output.read_bytes() == made[1].output.read_bytes()
    assert parse_mix("cafe\u0301") == {"caf\u00e9": 1.0}
    assert styled_clips(["cafe\u0301=a.mp4"], []) == [(Path("a.mp4"), "caf\u00e9")]


def test_a_short_mix_has_all_its_styles(trained: Path) -> None:
    calm, wild = away(trained, 4.0, calm=1.0), away(trained, 4.0, wild=1.0)
    between = (np.median(calm) + np.median(wild)) / 2
    share = (away(trained, 4.0, calm=0.5, wild=0.5) < between).mean()
    assert 0.2 < share < 0.8


def test_a_clip_has_no_styles_and_is_not_learned_for_them(stage: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`style`: .*wild.npz is no choreographer"):
        generate(stage / "wild.npz", tmp_path / "a.npz", replace(NEW, style=("wild",)))


def test_without_styles_none_can_be_asked_for(stage: Path, tmp_path: Path) -> None:
    train_choreographer(stage / "wild.npz", tmp_path / "c", replace(FEW, codec="pose"))
    with pytest.raises(InputError, match="`style=wild`: unknown; what was learned is none"):
        generate(tmp_path / "c", tmp_path / "a.npz", replace(NEW, style=("wild",)))


def test_other_styles_are_another_training(stage: Path, trained: Path) -> None:
    styles = (f"calm={stage / 'wild.npz'}", f"wild={stage / 'calm.npz'}")
    with pytest.raises(InputError, match=r"other clips|something else|another"):
        train_choreographer([stage / "wilder.npz"], trained, replace(FEW, steps=4, style=styles))


def test_a_style_needs_a_passage_to_learn_from(stage: Path, tmp_path: Path) -> None:
    styles = (f"long={stage / 'wild.npz'}", f"short={stage / 'short.npz'}")
    with pytest.raises(InputError, match="`style=short`: its clips show the whole body for less"):
        train_choreographer([], tmp_path / "c", replace(FEW, style=styles))


def test_a_style_of_which_nobody_is_seen_is_told(stage: Path, tmp_path: Path) -> None:
    whole = dancing(seconds=20)
    without(whole, INDEX["left_ankle"]).save(tmp_path / "legless.npz")
    styles = (f"a={stage / 'wild.npz'}", f"b={tmp_path / 'legless.npz'}")
    with (
        pytest.warns(DanceNowWarning, match="is left out"),
        pytest.raises(InputError, match="`style=b`: its clips"),
    ):
        train_choreographer([], tmp_path / "c", replace(FEW, style=styles))


def test_a_clip_without_depth_among_others_is_told(stage: Path, tmp_path: Path) -> None:
    replace(dancing(seconds=20), depth=None).save(tmp_path / "flat.npz")
    with pytest.warns(DanceNowWarning, match=r"flat.npz: the depth of its poses is not known"):
        train_choreographer(
            [stage / "wild.npz", tmp_path / "flat.npz"], tmp_path / "c", replace(FEW, codec="pose")
        )


@pytest.mark.parametrize("text", ["ballet", "=a.mp4", "ballet=", "two words=a.mp4", "a:b=c.mp4"])
def test_a_style_is_a_name_and_a_clip(text: str) -> None:
    with pytest.raises(InputError, match="must name a style and a clip"):
        styled_clips([text], [])


@pytest.mark.parametrize(
    ("text", "mix"),
    [
        ("hiphop", {"hiphop": 1.0}),
        ("ballet:0.5,hiphop:0.5", {"ballet": 0.5, "hiphop": 0.5}),
        ("ballet:1, hiphop:3", {"ballet": 0.25, "hiphop": 0.75}),
        ("ballet:0,hiphop", {"hiphop": 1.0}),
    ],
)
def test_shares_sum_to_one(text: str, mix: dict[str, float]) -> None:
    assert parse_mix(text) == pytest.approx(mix)


@pytest.mark.parametrize(
    "text", ["", ":1", "a:", "a:x", "a:-1", "a:nan", "a:inf", "a,a", "a:0", "a=b", "a b"]
)
def test_what_is_no_mix_is_told(text: str) -> None:
    with pytest.raises(InputError, match="`style="):
        GenerateOptions(style=(text,))


def test_on_the_command_line(dancenow: Command, stage: Path, tmp_path: Path) -> None:
    status, _, errors = dancenow(
        "train", "choreographer", "--style", f"calm={stage / 'calm.npz'}", "--style",
        f"wild={stage / 'wild.npz'}", stage / "wilder.npz", "-o", tmp_path / "c",
        "--preset", "tiny", "--steps", 2, "--device", "cpu",
    )  # fmt: skip
    assert status == 0, errors
    status, _, errors = dancenow(
        "generate", tmp_path / "c", "--style", "calm:0.5,wild:0.5", "-o", tmp_path / "a.npz",
        "--seconds", 2, "--device", "cpu",
    )  # fmt: skip
    assert status == 0, errors
    status, _, errors = dancenow("train", "choreographer", "-o", tmp_path / "d")
    assert status == 2 and "at least one clip" in errors
