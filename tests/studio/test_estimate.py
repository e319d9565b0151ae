"""How long a job takes: by rates that are measured, kept, and not spoiled by a cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from dancenow.studio.estimate import DEFAULT_RATES, Rates, Step, steps_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rates.json"


def test_a_rate_is_usual_until_it_is_measured_and_kept(file: Path) -> None:
    step = Step("perform", 10)
    rates = Rates(file)
    assert rates.seconds(step) == 10 * DEFAULT_RATES["perform"]
    rates.add(step, 50)
    assert rates.seconds(step) == pytest.approx(50)
    rates.add(step, 30)
    assert rates.seconds(step) == pytest.approx(40)
    assert Rates(file).seconds(step) == pytest.approx(40)


def test_what_was_in_the_cache_tells_nothing(file: Path) -> None:
    rates, step = Rates(file), Step("poses", 10)
    rates.add(step, 40)
    rates.add(step, 0.5)
    rates.add(Step("poses", 0), 7)
    assert rates.seconds(step) == pytest.approx(40)


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"perform": "fast"}', '{"perform": -1}', "7"])
def test_a_damaged_file_is_forgotten(file: Path, text: str) -> None:
    file.write_text(text)
    assert Rates(file).seconds(Step("perform", 1)) == DEFAULT_RATES["perform"]


def test_the_outlook_counts_all_steps(file: Path) -> None:
    rates = Rates(file)
    steps = [Step("poses", 1), Step("learn", 10), Step("perform", 2)]
    for step, seconds in zip(steps, (10, 60, 30), strict=True):
        rates.add(step, seconds)
    assert rates.outlook(steps, 0, 0) == (pytest.approx(0), pytest.approx(100))
    half = rates.outlook(steps, 1, 30)
    assert (half.share, half.left) == (pytest.approx(0.4), pytest.approx(60))
    late = rates.outlook(steps, 2, 3000)  # a step that takes longer is not done
    assert late.share < 1 and 0 < late.left < 2
    assert rates.outlook([], 0, 0) == (0, 0)


def test_a_request_names_its_steps() -> None:
    assert steps_of({"steps": [["learn", 60], ["perform", 2.5]]}) == [
        Step("learn", 60),
        Step("perform", 2.5),
    ]
    assert steps_of({}) == []
