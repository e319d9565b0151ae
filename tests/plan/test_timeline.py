"""Where segments and pins lie: in seconds, in beats, and where they cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.music import Music
from dancenow.plan import TimeLine, lay_out
from dancenow.plan.document import parse_plan

LASTING = {(what, number): 10.0 for what in ("segment", "pin") for number in range(9)}


def music(*beats: float, seconds: float = 60) -> Music:
    return Music(seconds, np.array(beats), 120, 1, np.zeros(60))


def laid(text: str, heard: Music | None = None) -> TimeLine:
    return lay_out(parse_plan(text, Path("d.toml")), heard, LASTING)


def spans(line: TimeLine, dancer: str = "") -> list[tuple[float, float]]:
    return [(round(each.begins, 3), round(each.ends, 3)) for each in line.segments[dancer]]


def clip(more: str = "", name: str = "a.mp4") -> str:
    return f'[[segment]]\nclip = "{name}"\n{more}\n'


def test_segments_follow_each_other() -> None:
    line = laid(clip("from = 2\nto = 5") + clip("from = 9\nrepeat = 3") + clip("speed = 0.5"))
    assert spans(line) == [(0, 3), (3, 6), (6, 26)]
    assert line.seconds == 26
    assert [each.fade for each in line.segments[""]] == [0.5] * 3
    assert line.segments[""][1].once == 1


def test_who_dances_with_somebody_begins_at_once() -> None:
    line = laid(clip("to = 3") + clip('dancer = "other"\nto = 4') + clip("to = 1"))
    assert spans(line) == [(0, 3), (3, 4)]
    assert spans(line, "other") == [(0, 4)]
    assert line.seconds == 4


def test_a_given_place_and_length_count_for_more_than_the_order() -> None:
    line = laid(clip("at = 8\nlength = 2") + clip("at = 1\nto = 4\nlength = 2\nrepeat = 2"))
    assert spans(line) == [(1, 5), (8, 10)]


def test_beats_are_the_musics_own() -> None:
    heard = music(0.5, 1.0, 1.6, 2.2, 2.8)
    text = 'unit = "beats"\nfade = 1\n' + clip("to = 1\nlength = 2")
    line = laid(text + clip("to = 1\nlength = 1\nrepeat = 3"), heard)
    # From the second on, beats are further apart; after the last they go on at the mean.
    assert spans(line) == [(0.5, 1.6), (1.6, 3.375)]
    assert line.segments[""][0].fade == pytest.approx(0.6)


def test_beats_without_music_are_counted() -> None:
    line = laid('unit = "beats"\nbpm = 60\nfirst_beat = 2\n' + clip("length = 2"))
    assert spans(line) == [(2, 4)]
    assert line.beats[:2].tolist() == [2, 3]


def test_repetitions_follow_uneven_beats() -> None:
    line = laid('unit = "beats"\n' + clip("to = 1\nlength = 1\nrepeat = 3"), music(0, 1, 3, 6))
    assert line.segments[""][0].bounds == (0, 1, 3, 6)
    assert line.segments[""][0].once == 1


@pytest.mark.parametrize("at", [3.995, 4.005])
def test_segments_that_nearly_touch_meet(at: float) -> None:
    line = laid(clip("to = 4") + clip(f"at = {at}\nto = 4"))
    assert spans(line) == [(0, 4), (4, round(at + 4, 3))]


def test_pins_lie_in_order_and_on_beats() -> None:
    pins = '[[pin]]\nat = 6\npose = "p.npz"\n[[pin]]\nat = 2\npose = "p.npz"\n'
    line = laid('unit = "beats"\nbpm = 60\n' + clip("length = 8") + pins)
    assert [(each.at, each.number) for each in line.pins[""]] == [(2, 1), (6, 0)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (clip("at = 4\nto = 3") + clip("at = 6\nto = 1"), "line 5: this segment begins at 6.00 s"),
        (clip("from = 11"), "line 3: 'from=11': a.mp4 lasts 10.00 s"),
        (clip("from = 10"), "line 3: 'from=10': a.mp4 lasts 10.00 s"),
        (clip("to = 10.5"), "line 3: 'to=10.5': a.mp4 lasts 10.00 s"),
        ('[[segment]]\npose = "p.npz"\nfrom = 12\nlength = 1', "line 3: 'from=12': p.npz lasts"),
        (clip("to = 9\nlength = 0.5"), "line 4: 'length': the passage lasts 9.00 s"),
        (clip("at = -2"), "line 3: 'at': begins at -2.00 s, before the dance does"),
        ('unit = "beats"\n' + clip(), "line 1: 'unit': without 'music', beats need 'bpm'"),
        ("length = 5\n" + clip(), "line 1: 'length': the dance would end at 5.00 s"),
        (clip("repeat = 999"), "line 1: this segment ends at 9990.00 s, but 3600 s is the most"),
        (clip("at = 1\nlength = 1e-300"), "line 4: lasts 0 s; 0.02 s is the least"),
        (clip("speed = 10\nfrom = 9.9"), "line 1: lasts 0.01 s"),
        (
            clip() + '[[pin]]\nat = 1\npose = "p"\nfrom = 99',
            "line 7: 'from=99': p lasts 10.00 s",
        ),
        (
            'unit = "beats"\nbpm = 60\nfirst_beat = 3600\n' + clip(),
            "line 3: 'first_beat': is later than any dance",
        ),
        (clip() + '[[pin]]\nat = 11\npose = "p"', "line 5: 'at': the dance lasts from 0 to 10.00"),
        (
            clip() + '[[pin]]\nat = 1\npose = "p"\n[[pin]]\nat = 1.01\npose = "q"',
            "line 7: two poses are pinned to one moment, 1.00 s",
        ),
        (clip() + '[[pin]]\nat = 1\npose = "p"\ndancer = "who"', "line 7: 'dancer=who': has no"),
    ],
)
def test_what_cannot_lie_there_is_told(text: str, says: str) -> None:
    with pytest.raises(InputError) as told:
        laid(text)
    assert says in str(told.value)


def test_music_that_is_too_short_or_has_no_beat_is_told() -> None:
    with pytest.raises(
        InputError, match=r"line 2: this segment ends at 10\.00 s, but the music ends at 5"
    ):
        laid('music = "m.wav"\n' + clip(), music(0, 1, seconds=5))
    with pytest.raises(InputError, match="line 2: 'unit': no clear beat is heard"):
        laid('music = "m.wav"\nunit = "beats"\n' + clip(), music())


BEATS = 'unit = "beats"\nbpm = 120\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            BEATS + clip("length = 16") + clip("at = 12\nlength = 4"),
            "line 6: this segment begins at beat 12 (6.00 s), before the one of line 3 ends, at "
            "beat 16 (8.00 s); move",
        ),
        (
            BEATS + clip("length = 16") + '[[pin]]\nat = 20\npose = "p"',
            "line 7: 'at': the dance lasts from 0 to beat 16 (8.00 s), and this is at beat 20 "
            "(10.00 s)",
        ),
        (
            BEATS + clip("length = 4") + '[[pin]]\nat = 1\npose = "p"\n' * 2,
            "two poses are pinned to one moment, beat 1 (0.50 s)",
        ),
        (BEATS + clip("at = -4\nlength = 8"), "line 5: 'at': begins at beat -4 (-2.00 s), before"),
        (
            BEATS + "length = 8\n" + clip("length = 16"),
            "line 3: 'length': the dance would end at beat 8 (4.00 s), and the segment of line 4 "
            "ends at beat 16 (8.00 s)",
        ),
    ],
)
def test_faults_of_beats_are_told_in_beats(text: str, says: str) -> None:
    with pytest.raises(InputError) as told:
        laid(text)
    assert says in str(told.value)


def test_what_runs_over_the_music_is_told_with_its_own_line() -> None:
    heard = music(*np.arange(0, 12, 0.5), seconds=12)
    text = 'unit = "beats"\n' + clip("length = 16") + clip("length = 16") + clip("length = 4")
    with pytest.raises(InputError) as told:
        laid(text, heard)
    assert str(told.value) == (
        "d.toml, line 5: this segment ends at beat 32 (16.00 s), but the music ends at beat 24 "
        "(12.00 s); shorten the dance."
    )
    with pytest.raises(InputError, match=r"line 2: 'length': the dance would end at beat 40 "):
        laid('unit = "beats"\nlength = 40\n' + clip("length = 16"), heard)
