"""What every page keeps: nothing from elsewhere, escaped names, figures that explain themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pages import check, parsed, points

from dancenow.report import (
    Curve,
    Html,
    Meaning,
    Page,
    Row,
    Section,
    Shot,
    code,
    curve,
    curves,
    element,
    encode_jpeg,
    escaped,
    facts,
    figures,
    page_kind,
    paragraph,
    picture,
    strip,
    times,
    write_page,
)
from dancenow.report.curves import smoothed
from dancenow.report.tables import duration
from dancenow.video.png import encode_png

GREY = np.full((20, 30, 3), 90, np.uint8)


def whole_page() -> Page:
    """A page with a part of every kind."""
    steps = np.arange(1, 31)
    shots = [Shot(encode_jpeg(GREY), f"step {n}", f"after {n} steps") for n in (1, 2)]
    return Page(
        "training",
        "Dance <1> & co",
        (paragraph("Hello <b>you</b>", note=True),),
        (
            Section("Facts", (facts("How", {"clip": '<i>"x"</i>.mp4', "none": ""}),)),
            Section("Losses", (curves([Curve("loss", steps, 1.0 / steps)], "a"),)),
            Section("More losses", (curves([Curve("l<1", steps, 0.0 * steps)], "b"),), 3),
            Section("Previews", (strip(shots, "Previews"), picture(encode_png(GREY), "grey"))),
            Section("Figures", (figures("All", [Row(Meaning("PSNR", "dB <of> it"), (1.5,))]),)),
            Section("Nothing", (Html(""), strip([], "none"), figures("None", []))),
            Section("Times", (times("Stages", {"a": 1.0, "b": 70.0}),)),
            Section("Commands", (code("dancenow perform 'a <b>' && c"),)),
        ),
        "The end.",
    )


def test_a_page_needs_nothing_beside_it_and_is_well_formed(tmp_path: Path) -> None:
    page = check(write_page(tmp_path / "index.html", whole_page()))
    assert "Nothing" not in page.text and "none" not in page.text
    assert "in all 1 min 11 s" in page.text and "The end. Made by DanceNow" in page.text


def test_what_is_given_as_text_stays_text(tmp_path: Path) -> None:
    page = check(write_page(tmp_path / "index.html", whole_page()))
    assert not page.all("i") and not page.all("b1")
    for said in ("Dance <1> & co", '<i>"x"</i>.mp4', "Hello <b>you</b>", "dB <of> it", "l<1"):
        assert said in page.text


@given(st.text())
def test_any_text_survives_as_text_and_as_an_attribute(text: str) -> None:
    text = text.replace("\r", "").replace("\0", "")  # HTML has none of them
    page = parsed(element("p", text, title=text))
    assert page.wrong == [] and page.open == []
    assert "".join(page.words) == text and page.all("p")[0]["title"] == text
    assert escaped(Html("<p>")) == "<p>"


def test_a_page_is_known_by_what_it_reports(tmp_path: Path) -> None:
    path = write_page(tmp_path / "index.html", whole_page())
    (tmp_path / "mine.html").write_text("<!doctype html><p>mine")
    (tmp_path / "binary.html").write_bytes(b"\xff\xfe\x80")
    assert page_kind(path) == "training"
    for other in ("mine.html", "binary.html", "missing.html"):
        assert page_kind(tmp_path / other) is None


def test_text_has_enough_contrast_by_day_by_night_and_on_paper() -> None:
    import re

    from dancenow.report.style import STYLE

    schemes = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        for ground in ("paper", "raised"):
            for ink in ("ink", "muted", "accent", "warm"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def contrast(a: str, b: str) -> float:
    """WCAG 2.1's contrast ratio of two colours."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = np.array([int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


# Curves.


@pytest.mark.parametrize("count", [1, 2, 11, 12, 500])
def test_a_curve_has_a_point_for_every_value(count: int) -> None:
    x = np.arange(count)
    page = parsed(curve(Curve("loss", x, 2.0 + np.sin(x)), "k"))
    if count < 12:  # too few to be smoothed
        assert points(page, "only") == [count]
    else:
        assert points(page, "raw") == points(page, "smooth") == [count]
    assert len(page.all("title")) == len(page.all("desc")) == 1


@example([1.7e308])
@example([5e-324, 1.0])
@given(st.lists(st.floats(), max_size=40))
def test_any_values_make_a_curve_inside_its_picture(values: list[float]) -> None:
    known = [v for v in values if abs(v) <= 1e30]
    drawn = curve(Curve("loss", np.arange(len(values)), np.array(values, np.float64)), "k")
    if not known:
        assert drawn == ""
        return
    page = parsed(drawn)
    assert page.wrong == [] and "nan" not in drawn.lower().replace("are not finite", "")
    assert sum(points(page, "only") + points(page, "raw")) == len(known)


def test_values_that_are_no_numbers_interrupt_the_line_and_are_told() -> None:
    values = np.array([1.0, 2.0, np.nan, 3.0, np.inf, 2.0])
    page = parsed(curve(Curve("loss", np.arange(6), values), "k"))
    (line,) = (of["d"] or "" for of in page.all("path"))
    assert line.count("M") == 3 and points(page, "only") == [4]
    assert "2 more are not finite" in page.text


def test_the_axis_is_logarithmic_where_values_span_orders() -> None:
    x = np.arange(1, 50)
    wide, narrow, signed = (curve(Curve("loss", x, y), "k") for y in (1 / x, 1 + 1 / x, 1 - 3 / x))
    assert "log scale" in wide
    assert "log scale" not in narrow and "log scale" not in signed


def test_smoothing_keeps_what_is_steady_and_calms_what_is_not() -> None:
    steady = smoothed(np.full(100, 3.0))
    assert steady is not None and np.allclose(steady, 3.0)
    noise = np.random.default_rng(0).normal(size=1000)
    calm = smoothed(noise)
    assert calm is not None and calm.std() < 0.3 * noise.std()
    ramp = smoothed(np.arange(100.0))
    assert ramp is not None and np.allclose(ramp[10:-10], np.arange(10, 90))


# Tables.


def test_a_figure_tells_its_unit_which_way_is_better_and_what_it_is() -> None:
    psnr = Meaning("PSNR", "Size of the error.", "higher", "dB", 1)
    missed = Meaning("Missed", "Frames.", "lower", "%", 1, 100.0)
    rows = [Row(psnr, (23.456, None)), Row(missed, (0.034, float("nan")))]
    page = parsed(figures("Pictures", rows, ("whole", "face")))
    for said in ("23.5 dB", "3.4 %", "–", "not measured", "Higher is better. Size of the error."):
        assert said in page.text
    assert [of["scope"] for of in page.all("th")] == ["col"] * 3 + ["row"] * 2


def test_a_figure_that_nobody_measured_has_no_row() -> None:
    rows = [Row(Meaning("LPIPS", "x"), (None, float("nan")))]
    assert figures("Pictures", rows, ("whole", "face")) == ""


def test_times_are_told_as_people_tell_them() -> None:
    told = [duration(s) for s in (0, 4.24, 59.9, 60, 200, 3599.4, 3600, 7500)]
    assert told == [
        "0.0 s", "4.2 s", "59.9 s", "1 min", "3 min 20 s", "59 min 59 s", "1 h", "2 h 5 min"
    ]  # fmt: skip


# Pictures.


def test_pictures_say_their_size_and_large_ones_are_shrunk() -> None:
    data = encode_jpeg(np.zeros((900, 1800, 3), np.uint8))
    image = parsed(picture(data, "black", "a <caption>")).all("img")[0]
    assert (image["width"], image["height"]) == ("800", "400")
    assert (image["src"] or "").startswith("data:image/jpeg;base64,")
    with pytest.raises(ValueError, match="JPEG or PNG"):
        picture(b"GIF89a", "x")


def test_very_wide_pictures_stand_below_each_other() -> None:
    wide = Shot(encode_jpeg(np.zeros((20, 200, 3), np.uint8)), "c", "a")
    assert parsed(strip([wide], "x")).all("ol")[0]["class"] == "grid rows"
    assert parsed(strip([Shot(encode_jpeg(GREY), "c", "a")], "x")).all("ol")[0]["class"] == (
        "grid shots"
    )
