"""'dance.toml': what it may say, and what a message says where it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dancenow.errors import InputError
from dancenow.plan import DancePlan, Kind, Pin, Segment, plan_of, plan_text, read_plan
from dancenow.plan.document import parse_plan
from dancenow.plan.faults import FLAGS, NUMBERS

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
        ("bpm = 120", "bpm = fast", 4, "is not TOML: write bpm as a plain number"),
        ("bpm = 120", "bpm = 0", 4, "'bpm' must be greater than 0"),
        ("bpm = 120", "tempo = 120", 4, "'tempo' is unknown; choose from choreographer, music"),
        ('unit = "beats"', 'unit = "bars"', 3, "'unit' must be 'seconds' or 'beats'"),
        ("repeat = 2", "repeat = 0", 10, "'repeat' must be greater than or equal to 1"),
        ("to = 5.5", "to = 1", 9, "'to' must be after 'from', which is 2 s"),
        ("to = 5.5", "to = nan", 9, "'to'"),
        ("repeat = 2", "length = 3\nspeed = 2", 11, "'length' and 'speed': choose one"),
        ("repeat = 2", "seed = 2", 10, "'seed' means nothing to a segment with 'clip'"),
        ("repeat = 2", 'pose = "b.npz"', 6, "either 'clip' or 'pose'; keep one"),
        ("compose = true\n", "", 13, "either 'clip' or 'pose' or 'compose' or 'gap'; give one"),
        ("compose = true\n", "compose = false\n", 14, "'compose' must be true; or leave it out"),
        ("liveliness = -0.5", "liveliness = 9", 17, "'liveliness' must be less than or equal"),
        ("gap = true\nlength = 2", "gap = true", 19, "'length' is missing"),
        ("gap = true", "gap = true\nmirror = true", 21, "'mirror' means nothing to a segment with"),
        ("at = 8\n", "", 28, "'at' is missing"),
        ("from = 2", "start = 2", 8, "'start' is unknown"),
        ("[[pin]]", "[[pins]]", 28, "'pins' is unknown; is 'pin' meant? Choose from choreographer"),
        ("length = 16", "lenght = 16", 16, "'lenght' is unknown; is 'length' meant? Choose from"),
        (
            "length = 16",
            'music = "a.wav"',
            16,
            "'music' is said of the whole dance; write it above",
        ),
        ("repeat = 2", "repeat = 1.5", 10, "'repeat' must be a whole number"),
        ('clip = "a.mp4"', "clip = 3", 7, "'clip' must be a text in quotes"),
        ("bpm = 120", 'bpm = "fast"', 4, "'bpm' must be a number"),
        ("bpm = 120", "bpm = 120\nbpm = 130", 5, "bpm is given twice; keep one"),
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


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("music = song.wav", 'write music = "song.wav", texts in straight quotes'),
        ("music = “song.wav”", 'write music = "song.wav", texts in straight quotes'),
        ('music = "song.wav', 'write music = "song.wav", texts in straight quotes'),
        ("music = 4.wav # mine", 'write music = "4.wav", texts in straight quotes'),
        (r'music = "C:\users\a.wav"', r"write music = 'C:\users\a.wav', in single quotes because"),
        ("music =", "music has no value; give it one, or leave the line out"),
        ("bpm: 120", "write bpm = 120, with one ="),
        ("bpm == 120", "write bpm = 120, with one ="),
        ('music "a.wav"', 'write music = "a.wav", with one ='),
        ("bpm = 8,5", "write bpm as a plain number, such as 2 or 0.5, without unit or quotes"),
        ("bpm = 120 a minute", "write bpm as a plain number"),
        ("mirror = yes", "write mirror = true; it is true or false"),
        ("mirror = No", "write mirror = false; it is true or false"),
        ("mirror = True", "write mirror = true; it is true or false"),
        ("[segment]]", "write [[segment]], in double brackets"),
        ("[Pin]]", "write [[pin]], in double brackets"),
        ('my music = "a"', 'Invalid key "my music"'),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_is_not_toml_is_told_with_how_to_write_it(line: str, says: str, ending: str) -> None:
    text = ending.join(["fade = 1", line, "[[segment]]", 'clip = "a.mp4"', ""])
    with pytest.raises(InputError) as told:
        parse_plan(text, Path("d.toml"))
    assert str(told.value).startswith(f"d.toml, line 2: is not TOML: {says}")


def test_every_key_is_known_as_what_it_is() -> None:
    fields = {**DancePlan.model_fields, **Segment.model_fields, **Pin.model_fields}
    kinds = {
        field.alias or name: str(field.annotation)
        for name, field in fields.items()
        if not field.exclude
    }
    assert {name for name, kind in kinds.items() if "float" in kind or "int" in kind} == NUMBERS
    assert {name for name, kind in kinds.items() if "bool" in kind or "[True]" in kind} == FLAGS
