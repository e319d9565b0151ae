"""The time line in a real browser: segments dragged and typed, music, undo, a dance performed.

`STUDIO_PICTURES=folder` keeps a picture of every step.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, LONG, Studio, picture

from dancenow.music import write_wav
from dancenow.options import SampleOptions
from dancenow.plan import read_plan
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.sample.click_track import click_track
from dancenow.video import probe
from dancenow.workflows.sample import write_sample

pytest.importorskip("uvicorn", reason="needs dancenow[studio]")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the browser Chromium: apt install chromium"),
]
expect = playwright.expect


def opened(browser: Any, studio: Studio) -> Any:
    page = browser.new_context(viewport={"width": 1300, "height": 1000}).new_page()
    page.set_default_timeout(LONG)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(f"{studio.address}/timeline")
    page.wait_for_selector("body[data-ready]")
    return page


def segments(page: Any) -> list[dict[str, Any]]:
    """The plan as the studio kept it."""
    expect(page.locator("body")).not_to_have_attribute("data-kept", "no", timeout=LONG)
    kept: list[dict[str, Any]] = page.evaluate("fetch('/timeline/state').then((a) => a.json())")[
        "plan"
    ].get("segment", [])
    return kept


def wait_until(page: Any, what: str) -> None:
    expect(page.locator("#status")).to_contain_text(what, timeout=LONG)


def segment(page: Any, number: int) -> Any:
    return page.locator(f"[data-key=segment-{number}]")


def drag(page: Any, target: Any, right: float, edge: bool = False) -> None:
    box = target.bounding_box()
    x = box["x"] + (box["width"] - 3 if edge else box["width"] / 2)
    page.mouse.move(x, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(x + right / 2, box["y"] + 40)
    page.mouse.move(x + right, box["y"] + 40)
    page.mouse.up()


@pytest.mark.slow
def test_a_dance_is_directed_with_the_pointer(browser: Any, studio: Studio) -> None:
    page = opened(browser, studio)
    page.click("[data-add=clip]")
    page.click("[data-add=clip]")
    wait_until(page, "ready")
    assert [(s["at"], s["length"]) for s in segments(page)] == [(0, 4), (4, 4)]
    drag(page, segment(page, 1), 125)  # two seconds, on a grid of quarters
    assert segments(page)[1]["at"] == pytest.approx(6, abs=0.25)
    expect(page.locator("#fault")).to_contain_text(
        "nothing is said of", timeout=LONG
    )  # nobody fills the gap
    drag(page, segment(page, 0), 300)  # onto the other: it stays where it fits
    first, second = segments(page)
    assert first["at"] + first["length"] <= second["at"] or second["at"] + 4 <= first["at"]
    drag(page, segment(page, 1), -60, edge=True)
    assert segments(page)[1]["length"] == pytest.approx(3, abs=0.25)
    page.click("#undo")
    assert segments(page)[1]["length"] == 4
    page.click("#redo")
    assert segments(page)[1]["length"] == pytest.approx(3, abs=0.25)
    page.click("[data-do=mirror]")
    page.click("[data-do=repeat]")
    assert segments(page)[1]["mirror"] is True and segments(page)[1]["repeat"] == 2
    assert page.faults == []
    picture(page, "timeline-pointer")
    page.context.close()


def test_what_was_typed_belongs_to_what_was_chosen_then(browser: Any, studio: Studio) -> None:
    page = opened(browser, studio)
    page.click("[data-add=clip]")
    page.click("[data-add=clip]")
    wait_until(page, "ready")
    segment(page, 0).click()
    page.locator("#inspector input[aria-label^=Length]").fill("2.5")
    segment(page, 1).click()
    assert [s["length"] for s in segments(page)] == [2.5, 4]
    page.click("[data-add=pin]")
    page.click("[data-do=split]")  # means nothing to a pin
    page.click("[data-add=pose]")
    assert len(segments(page)) == page.locator(".segment").count() == 3
    assert page.faults == []
    page.context.close()


def test_beats_come_and_go_with_undo(browser: Any, studio: Studio) -> None:
    page = opened(browser, studio)
    page.click("[data-add=clip]")
    page.click("[data-add=clip]")
    page.locator("#bpm").fill("43.7")
    page.keyboard.press("Enter")
    expect(segment(page, 0)).to_have_attribute("aria-label", re.compile("beat"), timeout=LONG)
    wait_until(page, "ready")
    one, two = segments(page)
    assert one["length"] == pytest.approx(4 * 43.7 / 60, abs=0.01)
    assert one["at"] + one["length"] <= two["at"] + 1e-6
    page.click("#undo")
    expect(segment(page, 0)).to_have_attribute("aria-label", re.compile("second"), timeout=LONG)
    assert [(s["at"], s["length"]) for s in segments(page)] == [(0, 4), (4, 4)]
    assert segment(page, 1).evaluate("(it) => it.style.left") == "240px"
    page.click("#redo")
    expect(segment(page, 0)).to_have_attribute("aria-label", re.compile("beat"), timeout=LONG)
    assert segment(page, 1).evaluate("(it) => Math.round(parseFloat(it.style.left))") == 240
    assert page.faults == []
    page.context.close()


def test_all_of_it_can_be_done_with_the_keyboard(browser: Any, studio: Studio) -> None:
    page = opened(browser, studio)
    page.focus("[data-add=clip]")
    page.keyboard.press("Enter")
    expect(segment(page, 0)).to_be_focused()
    wait_until(page, "ready")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    assert segments(page) == [
        {"at": 0.5, "length": 3.75, "clip": "sample:zola/house", "from": 0, "to": 4}
    ]
    page.keyboard.press("m")
    page.keyboard.press("d")
    made = segments(page)
    assert len(made) == 2 and made[1]["mirror"] and made[1]["at"] == 4.25
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert len(segments(page)) == 1 and "mirror" not in segments(page)[0]
    page.locator("#inspector input[aria-label^=To]").fill("2")
    page.keyboard.press("Tab")
    assert segments(page)[0]["to"] == 2
    expect(page.locator("#inspector input[aria-label^=Begins]")).to_be_focused()
    segment(page, 0).focus()
    wait_until(page, "ready")
    page.locator("#wave").click(position={"x": 150, "y": 20})
    segment(page, 0).focus()
    page.keyboard.press("s")
    one, two = segments(page)
    assert one["to"] == two["from"] and two["at"] == pytest.approx(2.5, abs=0.1)
    assert one["at"] + one["length"] == pytest.approx(two["at"])
    page.keyboard.press("Delete")
    assert segments(page) == [two]
    page.keyboard.press("Control+Shift+z")  # nothing to redo
    assert segments(page) == [two] and page.faults == []
    page.context.close()


@pytest.mark.slow
def test_to_music_with_composed_stretches_a_pin_and_a_performer(
    browser: Any, studio: Studio, tmp_path: Path
) -> None:
    page = opened(browser, studio)
    write_wav(tmp_path / "song.wav", click_track("house", 8.2, rate=22050), 22050)
    page.set_input_files("#add-music", tmp_path / "song.wav")
    expect(page.locator("#heard")).to_contain_text("beats a minute", timeout=LONG)
    page.click("[data-add=clip]")
    page.click("[data-add=compose]")
    made = segments(page)
    assert [s["length"] for s in made] == [8, 8] and made[1]["compose"] is True  # beats
    wait_until(page, "ready")  # the sample dances are learned already
    expect(page.locator("#learn")).to_be_hidden()
    expect(page.locator("#fault")).to_be_hidden()
    page.locator("#inspector input[aria-label=Version]").fill("3")
    page.keyboard.press("Enter")
    page.locator("#wave").click(position={"x": 240, "y": 20})
    page.click("[data-add=pin]")
    wait_until(page, "ready")
    picture(page, "timeline-music")
    with page.expect_download() as saved:
        page.click("#save")
    saved.value.save_as(tmp_path / "dance.toml")
    plan = read_plan(tmp_path / "dance.toml")
    assert plan.unit == "beats" and str(plan.music) == "song.wav" and len(plan.pins) == 1
    assert plan.segments[1].seed == 2 and str(plan.segments[0].clip) == "Zola dancing house"
    page.keyboard.press("Escape")
    page.click("#play")
    expect(page.locator("#clock")).to_have_text(re.compile(r"^([1-9]|0\.[3-9])"), timeout=LONG)
    page.click("#play")
    page.locator("[data-key=segment-1]").focus()
    page.click("[data-do=duplicate]")  # longer than the music
    expect(page.locator("#fault")).to_contain_text("the music ends", timeout=LONG)
    page.get_by_role("button", name="End with the music").click()
    expect(page.locator("#fault")).to_be_hidden(timeout=LONG)
    wait_until(page, "ready")
    page.locator("#people select").select_option("sample:zola")
    page.click("#perform")
    page.wait_for_selector("#result video")
    source = page.locator("#result video").get_attribute("src")
    job = studio.data / "owners"
    made_file = next(job.glob(f"*/jobs/{source.split('/')[3]}/result.mp4"))
    info = probe(made_file)
    assert info.has_audio and info.size == (512, 512)
    picture(page, "timeline-performed")
    page.reload()  # it is all still there
    page.wait_for_selector("body[data-ready]")
    assert len(segments(page)) == 2  # the third began when the music was over
    expect(page.locator("#music option:checked")).to_have_text("song.wav")
    assert page.faults == []
    page.context.close()


def test_nobody_sees_or_names_what_is_anothers(browser: Any, studio: Studio) -> None:
    page = opened(browser, studio)
    asked = page.evaluate(
        """async () => {
          const ask = (path, body) => fetch(`/timeline/${path}`, {method: 'POST', body})
            .then(async (answer) => [answer.status, await answer.text()]);
          const plan = (clip) => JSON.stringify({plan: {segment: [{clip}]}});
          return [
            await ask('do/arrange', plan('/etc/passwd')),
            await ask('do/arrange', plan('upload:AAAAAAAAAAAAAAAAAAAAAA')),
            await ask('do/arrange', plan('sample:../x')),
            await ask('do/arrange', JSON.stringify({plan: {segments: [{clip: '/etc/passwd'}]}})),
            await ask('do/arrange', JSON.stringify({plan: {segment: [{clip: 'sample:zola/house'}],
              pins: [{at: 1, pose: '/etc/passwd'}]}})),
            await ask('do/arrange', JSON.stringify({plan: {segment: [{clip: 'sample:zola/house'}],
              music: '/etc/passwd'}})),
            await ask('do/arrange', JSON.stringify({plan: {segment: [{clip: 'sample:zola/house'}],
              choreographer: '/etc'}})),
            await ask('do/arrange', JSON.stringify({plan: {fps: 200,
              segment: [{clip: 'sample:zola/house'}]}})),
            await ask('do/keep', '{"plan": {"x": NaN}}'),
            await ask('do/keep', '{"plan": {"x": "\\\\ud800"}}'),
            await ask('do/keep', '{"plan": 3}'),
            await ask('do/perform', JSON.stringify({plan: {segment: [{clip: 'sample:zola/house'}]},
              people: 5})),
            await ask('do/arrange', JSON.stringify({plan: {segment: [{clip: 3}], path: '/'}})),
            await ask('do/arrange', JSON.stringify({plan: {segment: 7}})),
            await ask('do/arrange', '[1'),
            await ask('do/arrange', '[]'),
            await ask('do/nothing', '{}'),
            await ask('do/hear', JSON.stringify({music: '../../x'})),
            await ask('do/learn', JSON.stringify({dance: 'dance:AAAAAAAAAAAAAAAAAAAAAA'})),
            await ask('do/perform', JSON.stringify({plan: {segment: []}, people: ['person:x']})),
            await ask('do/keep', '{"plan": 3}'),
            await ask('upload?kind=clip&name=x', 'no clip'),
            await ask('upload?kind=other&name=x', 'no clip'),
            await ask('upload?kind=clip&name=x', 'x'.repeat(6e6)),
          ];
        }"""
    )
    assert [each for each in asked if each[0] not in (400, 404, 413)] == []
    assert all(json.loads(text)["error"] for status, text in asked if status == 400)
    assert not any("/etc" in text or "owners" in text for _, text in asked)
    page.context.close()


def test_it_can_be_read_by_a_screen_reader(browser: Any, studio: Studio) -> None:
    pytest.importorskip("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    page = opened(browser, studio)
    page.click("[data-add=clip]")
    wait_until(page, "ready")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.context.close()


@pytest.mark.slow
def test_poses_are_mended_and_stay_so(browser: Any, studio: Studio, tmp_path: Path) -> None:
    write_sample(
        tmp_path / "me.mp4",
        SampleOptions(performer="zola", dance="house", seconds=6, size=128, fps=10),
    )
    page = opened(browser, studio)
    page.click("[data-add=clip]")
    page.set_input_files("#inspector input[type=file]", tmp_path / "me.mp4")
    page.get_by_role("button", name="Mend its poses").click(timeout=LONG)
    page.wait_for_selector("#mender[data-ready]")
    canvas = page.locator("#mender canvas")
    wrist = page.locator("#mender select")
    wrist.select_option("right wrist")
    canvas.focus()
    for key in (".", ".", "Shift+ArrowRight", "ArrowDown", "ArrowDown", "Control+z"):
        page.keyboard.press(key)
    expect(page.locator("#mender output")).to_have_text("0.20 s, mended")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)  # nothing is there to be grabbed
    page.mouse.down()
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.up()
    page.click("[data-mend=from]")
    page.click("[data-mend=fill]")
    expect(page.locator("#mender [role=status]")).to_contain_text("Choose where the span")
    picture(page, "timeline-mending")
    page.click("[data-mend=keep]")
    page.wait_for_selector("#mender[data-ready]")
    mended = next((studio.data / "owners").glob("*/uploads/*/mended.npz"))
    track = PoseTrack.load(mended)
    assert track.edited is not None and track.edited[2, INDEX["right_wrist"]]
    assert not track.edited[3:].any()
    page.click("[data-mend=close]")
    wait_until(page, "ready")
    page.get_by_role("button", name="Mend its poses").click()
    page.wait_for_selector("#mender[data-ready]")
    page.click("[data-mend=forget]")
    page.wait_for_selector("#mender[data-ready]")
    assert not mended.exists() and page.faults == []
    page.context.close()
