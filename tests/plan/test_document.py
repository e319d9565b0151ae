"""'dance.toml': what it may say, and what a message says where it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dancenow.errors import InputError
from dancenow.plan import Kind, plan_of, plan_text, read_plan
from dancenow.plan.document import parse_plan

GOOD = """
choreographer = "moves"
unit = "beats"
bpm = 120

[[segment]]
clip = "a.mp4"
from = 2
to = 5.5
repeat = 2
mirror = true

[[segment]]
compose = true
style = "ballet:0.5,hiphop:0.5"
length = 16
liveliness = -0.5

[[segment]]
gap = true
length = 2

[[segment]]
pose = "b.npz"
from = 1.25
length = 4

[[pin]]
at = 8
pose = "a.mp4"
from = 3
"""


def test_a_plan_is_read_and_written_without_loss(tmp_path: Path) -> None:
    plan = parse_plan(GOOD, Path("dance.toml"))
    kinds = [Kind.passage, Kind.composed, Kind.gap, Kind.pose]
    assert [segment.kind for segment in plan.segments] == kinds
    assert plan.segments[0].start == 2 and plan.pins[0].start == 3
    (tmp_path / "again.toml").write_text(plan_text(plan))
    again = read_plan(tmp_path / "again.toml")
    assert again.model_dump() == plan.model_dump()


def test_paths_are_relative_to_the_plan(tmp_path: Path) -> None:
    plan = plan_of({"segment": [{"clip": "a.mp4"}]}, tmp_path / "dance.toml")
    assert plan.file(Path("~nobody-of-that-name/a.mp4")).name == "a.mp4"
    assert plan.file(Path("a.mp4")) == tmp_path / "a.mp4"
    assert plan.file(Path("/b.mp4")) == Path("/b.mp4")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("bpm = 120", "bpm = fast", 4, "is not TOML"),
        ("bpm = 120", "bpm = 0", 4, "'bpm' must be greater than 0"),
        ("bpm = 120", "tempo = 120", 4, "'tempo' is unknown; choose from choreographer, music"),
        ('unit = "beats"', 'unit = "bars"', 3, "'unit': input should be 'seconds' or 'beats'"),
        ("repeat = 2", "repeat = 0", 10, "'repeat' must be greater than or equal to 1"),
        ("to = 5.5", "to = 1", 9, "'to' must be after 'from', which is 2 s"),
        ("to = 5.5", "to = nan", 9, "'to'"),
        ("repeat = 2", "length = 3\nspeed = 2", 11, "'length' and 'speed': choose one"),
        ("repeat = 2", "seed = 2", 10, "'seed' means nothing to a segment with 'clip'"),
        ("repeat = 2", 'pose = "b.npz"', 6, "either 'clip' or 'pose'; keep one"),
        ("compose = true\n", "", 13, "either 'clip' or 'pose' or 'compose' or 'gap'; give one"),
        ("compose = true\n", "compose = false\n", 14, "'compose': input should be True"),
        ("liveliness = -0.5", "liveliness = 9", 17, "'liveliness' must be less than or equal"),
        ("gap = true\nlength = 2", "gap = true", 19, "'length' is missing"),
        ("gap = true", "gap = true\nmirror = true", 21, "'mirror' means nothing to a segment with"),
        ("at = 8\n", "", 28, "'at' is missing"),
        ("from = 2", "start = 2", 8, "'start' is unknown"),
        ("[[pin]]", "[[pins]]", 28, "'pins' is unknown"),
        ("at = 8", "at = 1e308", 29, "'at' must be less than"),
        ('choreographer = "moves"', "", 14, "'compose' needs a 'choreographer'"),
        ("at = 8", "at = 8\nlines = 3", 30, "'lines' is unknown"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as told:
        parse_plan(GOOD.replace(old, new, 1), Path("dance.toml"))
    assert str(told.value).startswith(f"dance.toml, line {line}: ")
    assert says in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["path", "lines"])
def test_what_a_plan_keeps_for_itself_cannot_be_given(name: str) -> None:
    with pytest.raises(InputError, match=f"'{name}' is unknown"):
        parse_plan(f'{name} = "x"\n{GOOD}', Path("dance.toml"))


def test_tables_in_one_line_are_told_with_it() -> None:
    text = 'segment = [{clip = "a.mp4"}, {clip = "b.mp4", speed = 99}]'
    with pytest.raises(InputError, match=r"^d.toml, line 1: 'speed' must be"):
        parse_plan(text, Path("d.toml"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no"),
        (b"\xff\xfe\x00[", "no text in UTF-8"),
        (b"[[segment]]\nclip = 3", "'clip'"),
        (b"segment = 3", "'segment'"),
        (b"x = '''\nabc", "is not TOML"),
        (b"a = " + 5000 * b"[", "is not TOML"),
        (b"# \xc2\x85\n[segment]\nclip = 'a'", r"line 2: write \[\[segment\]\], in double"),
    ],
)
def test_what_is_no_plan_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "dance.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_plan(path)
    with pytest.raises(InputError, match="no such file"):
        read_plan(tmp_path / "other.toml")
    with pytest.raises(InputError, match="no such file"):
        read_plan(tmp_path)
