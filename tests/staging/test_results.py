"""Results: every one is marked as synthetic, and none is lost for a signature's sake."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dancenow.credentials import Claim, Made, Origin, read_credentials
from dancenow.errors import DanceNowWarning
from dancenow.performer import Performer
from dancenow.sample import dance_track
from dancenow.staging.result import NOTE, open_result
from dancenow.video import open_writer, probe, read_comment
from motions import dancing, untrained_choreographer
from untrained import plated, untrained

Command = Callable[..., tuple[int, str, str]]

CLAIM = Claim(Made.dream, Origin.painted, ("dance",))
SIZE = (96, 80)


def write(path: Path, claim: Claim | None = CLAIM) -> bool:
    with open_result(path, claim, fps=10) as result:
        for number in range(10):
            result.write(np.full((32, 32, 3), 20 * number, np.uint8))
    assert result.frames == 10
    return result.credentials


@pytest.mark.parametrize(
    ("name", "signed"),
    [("a.mp4", True), ("a.mov", True), ("a.gif", True), ("a.webm", False), ("a.mkv", False),
     ("pictures", False)],
)  # fmt: skip
def test_what_can_be_signed_is_signed_and_everything_has_a_note(
    tmp_path: Path, name: str, signed: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DanceNowWarning)
        assert write(tmp_path / name) is signed
    assert read_comment(tmp_path / name) == NOTE and probe(tmp_path / name).frames == 10
    found = None if name == "pictures" else read_credentials(tmp_path / name)
    assert (found is not None) is signed
    assert found is None or (found.state == "intact" and found.inputs == ("dance",))


def test_without_a_claim_there_is_only_the_note(tmp_path: Path) -> None:
    assert not write(tmp_path / "a.mp4", None)
    assert read_credentials(tmp_path / "a.mp4") is None and read_comment(tmp_path / "a.mp4") == NOTE


def test_a_result_that_cannot_be_signed_is_kept_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DANCENOW_CREDENTIALS", str(tmp_path / "file" / "credentials"))
    with pytest.warns(DanceNowWarning, match="is complete, but carries no") as told:
        assert not write(tmp_path / "a.mp4")
    assert len(told) == 1 and "\n" not in str(told[0].message)
    assert str(told[0].message).startswith(f"{tmp_path / 'a.mp4'}: ")
    assert probe(tmp_path / "a.mp4").frames == 10 and read_comment(tmp_path / "a.mp4") == NOTE
    assert len(list(tmp_path.iterdir())) == 2


def test_a_result_never_shows_itself_unsigned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "a.mp4", []

    def look(finished: Path, *_: object, **__: object) -> None:
        seen.append((finished.is_file(), path.exists()))

    monkeypatch.setattr("dancenow.staging.result.sign", look)
    assert write(path) and seen == [(True, False)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Performers, choreographers and a motion."""
    folder = tmp_path_factory.mktemp("results")
    for dancer in ("zola", "bo"):
        own = dance_track(dancer, "house", seconds=1, size=SIZE, fps=6)
        plate = np.full((*SIZE[::-1], 3), 90, np.uint8)
        untrained(own, plated(own, plate)).save(folder / dancer)
    dance_track("mika", "groove", seconds=0.5, size=128, fps=8).save(folder / "mika.npz")
    untrained_choreographer(dancing(fps=24)).save(folder / "dance")
    with open_writer(folder / "block.mp4", fps=2) as writer:
        for number in range(30):
            frame = np.zeros((32, 40, 3), np.uint8)
            frame[6:26, 4 + number // 2 : 14 + number // 2] = 210
            writer.write(frame)
    return folder


def told(answer: tuple[int, str, str]) -> dict[str, object]:
    status, out, err = answer
    assert status == 0, err
    document = json.loads(out.splitlines()[-1])
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    ("words", "made", "inputs"),
    [
        (["perform", "zola", "mika.npz"], Made.performance, ("mika.npz", "zola")),
        (["transfer", "mika.npz", "zola"], Made.transfer, ("mika.npz", "zola")),
        (["generate", "dance", "--seconds", "0.5"], Made.new_dance, ("dance",)),
        (
            ["generate", "dance", "--seconds", "0.5", "--performer", "zola"],
            Made.new_dance,
            ("dance", "zola"),
        ),
        (
            ["generate", "dance", "--seconds", "0.5", "--performer", "zola", "--performer", "bo"],
            Made.new_dance,
            ("dance", "zola", "bo"),
        ),
    ],
)
def test_results_of_commands_are_signed_unless_that_is_not_wanted(
    dancenow: Command,
    stage: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    made: Made,
    inputs: tuple[str, ...],
) -> None:
    monkeypatch.chdir(stage)
    out = tmp_path / "out.mp4"
    assert told(dancenow(*words, "-o", out, "--json"))["credentials"] is True
    found = read_credentials(out)
    assert found is not None and found.state == "intact" and found.synthetic
    assert found.done == (made.value,) and found.inputs == inputs
    assert told(dancenow(*words, "-o", out, "--json", "--no-credentials"))["credentials"] is False
    assert read_credentials(out) is None and read_comment(out) == NOTE


def test_dreams_and_reconstructions_are_signed_too(
    dancenow: Command, stage: Path, tmp_path: Path
) -> None:
    clip, learned = stage / "block.mp4", tmp_path / "learned"
    few = ["--preset", "tiny", "--steps", 5, "--device", "cpu"]
    assert dancenow("train", "choreographer", clip, "-o", learned, *few)[0] == 0
    dream, both = tmp_path / "dream.mp4", tmp_path / "both.mp4"
    words = {
        dream: (["generate", learned, "--seconds", 2], Made.dream, ("learned",)),
        both: (["reconstruct", learned, clip], Made.reconstruction, ("block.mp4", "learned")),
    }
    for path, (command, made, inputs) in words.items():
        assert told(dancenow(*command, "-o", path, "--json"))["credentials"] is True
        found = read_credentials(path)
        assert found is not None and found.done == (made.value,) and found.inputs == inputs
        answer = told(dancenow(*command, "-o", path, "--json", "--no-credentials"))
        assert answer["credentials"] is False and read_credentials(path) is None


def test_a_person_over_a_recorded_room_is_told_from_whole_painted_frames(
    stage: Path, tmp_path: Path
) -> None:
    from dancenow.staging.show import performance_claim

    performer = Performer.load(stage / "zola")
    picture = tmp_path / "beach.png"
    claim = performance_claim(Made.performance, [performer], str(picture), stage / "zola")
    assert claim.origin is Origin.composite and claim.inputs == ("zola", "beach.png")
    for name in ("target", "white", "transparent"):
        claim = performance_claim(Made.performance, [performer], name, None)
        assert claim.inputs == ()
