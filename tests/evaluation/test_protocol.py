"""Frozen protocols, their results, what two of them differ in, and public sets."""

from __future__ import annotations

import json
import math
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

import dancenow.evaluation.protocol as protocols
from dancenow.choreographer.motion.config import PRESETS as choreographers
from dancenow.errors import DanceNowWarning, InputError
from dancenow.evaluation.protocol import PROTOCOLS, find_protocol, meaning_of
from dancenow.evaluation.protocol_results import (
    FILE,
    ClipResult,
    Comparison,
    ProtocolResult,
    compare,
    read_results,
)
from dancenow.evaluation.public_sets import AIST, TIKTOK, clips_of_set
from dancenow.hashing import hash_of
from dancenow.options import EvaluateBenchmarkOptions, SampleOptions
from dancenow.performer.fast.config import PRESETS as performers
from dancenow.workflows import _protocol_runs
from dancenow.workflows.evaluate_benchmark import _expanded, evaluate_benchmark
from dancenow.workflows.sample import write_sample

DOC = Path(__file__).parents[2] / "docs" / "protocol.md"


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [("self-transfer-1", "abb23862090626661bbb34a9"), ("dance-1", "3b7741c12ffe811919167c06")],
)
def test_a_protocol_with_a_number_never_changes(name: str, fingerprint: str) -> None:
    assert find_protocol(name).fingerprint == fingerprint, "give what is changed a new number"


def test_nor_do_the_networks_that_it_learns() -> None:
    person, dance = performers["fast"], choreographers["fast"]
    assert hash_of(person.model_dump(mode="json")) == "b589aa1f4e125b593ae2e488"
    assert hash_of(dance.model_dump(mode="json")) == "514883240a1cbbad8e2c46f1"


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_page_of_protocols_says_what_they_fix(name: str) -> None:
    protocol, text = PROTOCOLS[name], DOC.read_text("utf-8")
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    said = next(part for part in section if part.startswith(name))
    for figure in protocol.figures:
        assert f"`{figure}`" in said, figure
        assert meaning_of(figure).name
    for fact in (f"{protocol.steps:,} steps", f"`{protocol.preset}`", protocol.fingerprint,
                 f"{100 * protocol.hold_out:.0f} %", *map(str, protocol.seeds)):  # fmt: skip
        assert fact in said, fact


def test_an_unknown_protocol_is_told() -> None:
    with pytest.raises(InputError, match=r"did you mean self-transfer-1\?"):
        find_protocol("self-transfer-2")


def result(*clips: list[dict[str, float]], **changed: object) -> ProtocolResult:
    protocol = PROTOCOLS["self-transfer-1"]
    values: dict[str, object] = {
        "protocol": protocol.name,
        "fingerprint": protocol.fingerprint,
        "dancenow": "1",
        "machine": "m",
        "date": "2026-01-01",
        "estimator": "mediapipe",
        "seconds": 1.0,
        "clips": tuple(
            ClipResult(name=f"{k}", content=f"{k}", frames=9, runs=tuple(runs))
            for k, runs in enumerate(clips)
        ),
    }
    return ProtocolResult.model_validate(values | changed)


def beside(ours: ProtocolResult, theirs: ProtocolResult) -> Comparison:
    return compare(ours, theirs, Path("other"))


def test_a_mean_is_over_clips_and_its_noise_is_what_seeds_explain() -> None:
    of = result([{"a": 1.0}, {"a": 3.0}], [{"a": 10.0}, {"a": 10.0}])
    assert of.means() == {"a": 6.0}
    assert of.spread()["a"].freedom == 2
    assert of.noise()["a"] == pytest.approx(math.sqrt(2 / 2 / 4))
    assert math.isnan(result([{"a": 1.0}]).noise()["a"])
    assert result([{}, {"a": 2.0}]).means() == {"a": 2.0}  # not measured with every seed


@pytest.mark.parametrize("seeds", [(3, 3), (4, 2)])
def test_noise_is_as_wide_as_means_of_other_seeds_lie_apart(seeds: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    means, errors = [], []
    for _ in range(400):
        clips = [[{"a": float(50 * k + rng.normal())} for _ in range(n)]
                 for k, n in enumerate(seeds)]  # fmt: skip
        means.append(result(*clips).means()["a"])
        errors.append(result(*clips).noise()["a"])
    assert np.std(means) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.12)


def test_only_what_chance_does_not_explain_is_a_difference() -> None:
    rng = np.random.default_rng(1)

    def measured(level: float) -> ProtocolResult:
        def run() -> dict[str, float]:
            return {name: level + float(rng.normal()) for name in "abcdefgh"}

        return result(*[[run() for _ in range(2)] for _ in range(3)])

    named = [any(d.beyond for d in beside(measured(0), measured(0)).differences)
             for _ in range(200)]  # fmt: skip
    assert np.mean(named) <= 0.03
    assert all(d.beyond for d in beside(measured(0), measured(20)).differences)
    assert "0 of 8 figures are the same" in beside(measured(0), measured(20)).lines()[0]


def test_other_clips_and_single_seeds_are_no_reason_to_call_it_a_difference() -> None:
    once, twice = result([{"a": 1.0}]), result([{"a": 5.0}, {"a": 5.1}])
    assert beside(once, twice).same_clips
    assert not beside(once, twice).differences[0].beyond
    assert not beside(result([{"a": 0.0}] * 2), result([{"a": 0.1}] * 2)).differences[0].beyond
    other = beside(once, result([{"a": 5.0}], [{"a": 5.0}]))
    assert not other.same_clips and "of other clips" in "".join(other.lines())
    found = beside(once, result([{"a": 1.0}], estimator="rtmpose"))
    assert "of another estimator" in "".join(found.lines())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d | {"fingerprint": "0"}, "is not the one that is known here"),
        (lambda d: d | {"protocol": "other-9"}, "is not the one that is known here"),
        (lambda d: d | {"version": 2}, "holds no results"),
        (lambda d: d | {"clips": []}, "holds no results"),
        (lambda _: [], "holds no results"),
        (lambda d: d | {"clips": [d["clips"][0] | {"runs": [{"a": "x"}]}]}, "holds no results"),
    ],
)
def test_results_that_are_none_are_told(
    tmp_path: Path, change: Callable[[dict], object], message: str
) -> None:
    result([{"a": 1.0}]).write(tmp_path)
    document = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(change(document)))
    with pytest.raises(InputError, match=message):
        read_results(tmp_path)


def test_results_survive_being_sent(tmp_path: Path) -> None:
    written = result([{"a": 1.25}, {"a": 2.0}])
    assert read_results(written.write(tmp_path)) == written


def test_tiktok_is_a_clip_a_folder(tmp_path: Path) -> None:
    for number in ("00010", "00002"):
        (tmp_path / number / "images").mkdir(parents=True)
        (tmp_path / number / "masks").mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / number / "images" / "0001.png")
    public, clips = clips_of_set(tmp_path)
    assert public is TIKTOK
    assert [clip.parent.name for clip in clips] == ["00002", "00010"]


def test_aist_is_its_training_split_without_what_is_to_be_ignored(tmp_path: Path) -> None:
    (tmp_path / "motions").mkdir()
    (tmp_path / "splits").mkdir()
    for name in ("a", "b", "c", "d"):
        (tmp_path / "motions" / f"{name}.pkl").write_bytes(pickle.dumps({}))
    with pytest.raises(InputError, match=r"crossmodal_train\.txt: is missing"):
        clips_of_set(tmp_path)
    (tmp_path / "splits" / "crossmodal_train.txt").write_text("a\nb\nc\nnot_there\n")
    (tmp_path / "ignore_list.txt").write_text("b\n")
    public, clips = clips_of_set(tmp_path)
    assert public is AIST and [clip.stem for clip in clips] == ["a", "c"]


def test_what_papers_published_is_never_called_alike() -> None:
    for public in (TIKTOK, AIST):
        assert public.why_not_alike and bool(public.source) == bool(public.published)
        for figures in public.published.values():
            for name in figures:
                assert meaning_of(name)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocols with the smallest networks and a few steps."""
    small = {name: replace(each, preset="tiny", steps=2, seconds=min(each.seconds, 10.0))
             for name, each in PROTOCOLS.items()}  # fmt: skip
    monkeypatch.setattr(protocols, "PROTOCOLS", MappingProxyType(small))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "bo.mp4"
    write_sample(path, SampleOptions(seconds=4, size=64, fps=10, performer="bo"))
    return path


@pytest.mark.slow
@pytest.mark.usefixtures("tiny")
def test_a_benchmark_that_was_stopped_goes_on(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, calls = _protocol_runs.evaluate_performer, []

    def stopped(*given: object, **how: object) -> object:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return measure(*given, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(_protocol_runs, "evaluate_performer", stopped)
    options = EvaluateBenchmarkOptions(device="cpu")
    with pytest.raises(KeyboardInterrupt):
        evaluate_benchmark([clip], tmp_path / "R", options)
    made = evaluate_benchmark([clip], tmp_path / "R", options)
    assert len(calls) == 3  # the first seed is not measured again
    assert sorted(path.name for path in (tmp_path / "R").iterdir()) == ["clips", "index.html", FILE]
    (only,) = made.result.clips
    assert len(only.runs) == 2 and only.frames == 8 and "the empty room" in only.baselines
    assert set(only.runs[0]) <= set(PROTOCOLS["self-transfer-1"].figures)
    again = evaluate_benchmark(
        [clip],
        tmp_path / "again",
        EvaluateBenchmarkOptions(device="cpu", compare=(tmp_path / "R",)),
    )
    assert again.comparisons[0].same_clips
    assert not any(each.beyond for each in again.comparisons[0].differences)
    page = (tmp_path / "again" / "index.html").read_text("utf-8")
    assert 'href="clips/bo.mp4/index.html"' in page
    assert list((tmp_path / "again" / "clips" / "bo.mp4" / "pictures").glob("*.jpg"))
    assert "Beside R" in page and "true frames blurred" in page


@pytest.mark.usefixtures("tiny")
def test_a_dance_is_measured_beside_what_papers_say(tmp_path: Path) -> None:
    (tmp_path / "splits").mkdir()
    (tmp_path / "motions").mkdir()
    time = np.linspace(0, 6, 14 * 60)
    poses = np.zeros((len(time), 24, 3))
    poses[:, 16, 2], poses[:, 1, 0] = np.sin(3 * time), 0.4 * np.sin(2 * time)
    motion = {"smpl_poses": poses.reshape(len(time), -1), "smpl_trans": np.zeros((len(time), 3))}
    (tmp_path / "motions" / "m.pkl").write_bytes(pickle.dumps(motion, protocol=2))
    (tmp_path / "splits" / "crossmodal_train.txt").write_text("m\n")
    options = EvaluateBenchmarkOptions(protocol="dance-1", device="cpu")
    with pytest.warns(DanceNowWarning, match="was not computed alike"):
        made = evaluate_benchmark([tmp_path], tmp_path / "R", options)
    assert {"fid_k", "diversity_g", "speed_ratio", "beat_alignment"} <= set(made.result.means())
    page = (tmp_path / "R" / "index.html").read_text("utf-8")
    assert "Bailando" in page and "Not computed alike" in page


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (["missing.mp4"], {}, "no such file"),
        (["bo.mp4", "bo.mp4"], {}, "is given twice"),
        ([], {}, "at least one clip"),
        (["bo.mp4"], {"protocol": "self-transfer"}, "did you mean"),
        (["bo.mp4"], {"compare": (Path("missing.json"),)}, "missing.json"),
    ],
)
def test_what_makes_no_sense_is_told_at_once(
    clip: Path, tmp_path: Path, given: list[str], options: dict, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        evaluate_benchmark(
            [clip.parent / name for name in given], tmp_path / "R",
            EvaluateBenchmarkOptions(**options),
        )  # fmt: skip
    assert not (tmp_path / "R").exists()


@pytest.mark.parametrize("name", ["letter.txt", "unfinished/letter.txt", "runs/events"])
def test_a_folder_of_other_files_is_not_written_into(clip: Path, tmp_path: Path, name: str) -> None:
    letter = tmp_path / "R" / name
    letter.parent.mkdir(parents=True)
    letter.write_text("dear")
    with pytest.raises(InputError, match="holds other files"):
        evaluate_benchmark([clip], tmp_path / "R")
    assert letter.read_text() == "dear" and len(list((tmp_path / "R").iterdir())) == 1


def test_results_of_another_protocol_are_told_before_the_long_work(
    clip: Path, tmp_path: Path
) -> None:
    result([{"a": 1.0}]).write(tmp_path)
    options = EvaluateBenchmarkOptions(protocol="dance-1", compare=(tmp_path,))
    with pytest.raises(InputError, match="is a result of self-transfer-1, not of dance-1"):
        evaluate_benchmark([clip], tmp_path / "R", options)


def test_clips_of_one_name_are_numbered(clip: Path, tmp_path: Path) -> None:
    other = tmp_path / clip.name
    other.write_bytes(clip.read_bytes() + b"else")
    long = tmp_path / ("x" * 120 + ".mp4")
    long.write_bytes(clip.read_bytes() + b"more")
    _, named = _expanded([clip, other, long], PROTOCOLS["self-transfer-1"])
    assert list(named)[:2] == ["bo.mp4", "bo.mp4 (2)"] and len(list(named)[2]) == 80
    assert list(named.values()) == [clip, other, long]
