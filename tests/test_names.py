"""Names that people type: which was meant, and pages that are named to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dancenow.cli.building import Command
from dancenow.cli.commands import COMMANDS
from dancenow.errors import InputError
from dancenow.names import known_as, nearest
from dancenow.options import SampleOptions
from dancenow.options.field import described
from dancenow.options.styles import learned_mix
from dancenow.workflows.sample import write_sample

ROOT = Path(__file__).resolve().parents[1]
PAGE = re.compile(r"(?<![\w/])docs/(?!en/)[\w/-]+\.md")  # of the handbook, not of others


def test_a_name_is_known_in_any_case_but_an_exact_one_comes_first() -> None:
    assert known_as("Mika", ["zola", "mika"]) == "mika"
    assert known_as("MIKA", ["mika", "Mika"]) == "MIKA"  # which one, nobody can say
    assert known_as("Mika", ["mika", "Mika"]) == "Mika"
    assert known_as("nobody", ["mika"]) == "nobody"


def test_the_nearest_name_is_what_was_probably_meant() -> None:
    assert nearest("balet", ["hiphop", "ballet"]) == "ballet"
    assert nearest("Ballett", ["hiphop", "ballet"]) == "ballet"
    assert nearest("tango", ["hiphop", "ballet"]) == ""


def test_styles_are_known_in_any_case_and_the_nearest_is_told() -> None:
    assert learned_mix({"Calm": 0.5, "wild": 0.5}, ["calm", "wild", ""]) == {
        "calm": 0.5,
        "wild": 0.5,
    }
    with pytest.raises(InputError) as told:
        learned_mix({"clam": 1.0}, ["calm", "wild"])
    assert str(told.value) == (
        "`style=clam`: unknown; is calm meant? What was learned is calm, wild."
    )
    with pytest.raises(InputError, match="`style=tango`: unknown; what was learned is calm, wild"):
        learned_mix({"tango": 1.0}, ["calm", "wild"])


def test_a_sample_is_asked_for_in_any_case(tmp_path: Path) -> None:
    how = SampleOptions(performer="Bo", dance="WAVE", seconds=0.1, size=64, fps=10)
    made = write_sample(tmp_path / "a.mp4", how)
    assert (made.performer, made.dance) == ("bo", "wave")
    assert f"dancenow train choreographer {tmp_path / 'a.pose.npz'} --codec pose" in made.summary()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_page_that_help_names_is_about_the_command(command: Command) -> None:
    help_ = [command.help, *(argument.help for argument in command.arguments)]
    if command.options is not None:
        help_ += [option.help for _, option, _ in described(command.options).values()]
    for page in PAGE.findall(" ".join(help_)):
        assert f"dancenow {command.name}" in (ROOT / page).read_text("utf-8")


def test_pages_that_the_code_names_are_there() -> None:
    named = {
        page
        for path in (ROOT / "src").rglob("*.py")
        for page in PAGE.findall(path.read_text("utf-8"))
    }
    assert named and {page for page in named if not (ROOT / page).is_file()} == set()
