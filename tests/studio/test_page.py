"""The studio in a real browser: Chromium clicks, uploads, waits and watches.

`STUDIO_PICTURES=folder` keeps a picture of every step.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, LONG, Studio, picture
from PIL import Image
from test_uploads import sound

from dancenow.options import SampleOptions
from dancenow.video import read_frames
from dancenow.workflows.sample import write_sample

pytest.importorskip("gradio", reason="needs dancenow[studio]")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the browser Chromium: apt install chromium"),
]
expect = playwright.expect


@pytest.fixture(scope="module")
def two_clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source and a target, each a second or two of a sample performer."""
    folder = tmp_path_factory.mktemp("clips")
    source, target = folder / "dancer.mp4", folder / "me.mp4"
    write_sample(
        source, SampleOptions(performer="mika", dance="groove", seconds=1.5, size=96, fps=8)
    )
    write_sample(target, SampleOptions(performer="zola", dance="house", seconds=2, size=96, fps=8))
    return source, target


def is_regular_look(asked: Any) -> bool:
    """Whether a request is the page's timer's."""
    return "/gradio_api/run/" in asked.url and "event_data" not in (asked.post_data or "")


def opened(context: Any, studio: Studio) -> Any:
    """A page of the studio that can be used."""
    page = context.new_page()
    page.set_default_timeout(LONG)
    page.goto(studio.address)
    expect(page.locator("#go-transfer")).to_be_visible(timeout=LONG)
    # While Gradio draws the library, what is pressed is not heard: two regular looks later it is.
    for _ in range(2):
        page.wait_for_event("requestfinished", is_regular_look)
    expect(page.locator("#panel")).not_to_be_empty(timeout=LONG)
    return page


def drop(page: Any, where: str, file: Any) -> None:
    page.locator(f"#{where} input[type=file]").first.set_input_files(file)


def make_another(page: Any) -> None:
    """Ask for another video with the same person."""
    page.locator("#another").click()
    expect(page.locator("#target-card")).to_be_visible(timeout=LONG)


def choose(page: Any, where: str, words: str) -> None:
    page.locator(f"#{where} input").click()
    page.get_by_role("option", name=words).click()


def fill(page: Any, clips: tuple[Path, Path]) -> None:
    """Upload both clips, and confirm that the person agreed."""
    for where, clip in zip(("source", "target"), clips, strict=True):
        drop(page, f"{where}-drop", clip)
        expect(page.locator(f"#{where}-card video")).to_be_visible(timeout=LONG)
    page.get_by_label("The person in this clip agreed").check()


def has_frames(page: Any, video: str) -> bool:
    """Whether a player shows pictures that are not all one colour."""
    return bool(
        page.evaluate(
            """async (selector) => {
              const video = document.querySelector(selector);
              video.muted = true;
              await video.play();
              const canvas = document.createElement('canvas');
              canvas.width = video.videoWidth; canvas.height = video.videoHeight;
              const drawing = canvas.getContext('2d');
              // Playing begins before the first picture is there to be drawn.
              for (let tries = 0; tries < 600; tries++) {
                drawing.drawImage(video, 0, 0);
                const pixels = drawing.getImageData(0, 0, canvas.width, canvas.height).data;
                if (video.duration > 1 && new Set(pixels).size > 20) return true;
                await new Promise((resolve) => setTimeout(resolve, 100));
              }
              return false;
            }""",
            video,
        )
    )


@dataclass(frozen=True)
class Finished:
    """A user whose first video is made.

    Attributes:
        context: the browser's windows of that user.
        asked: addresses that were asked for, of anyone.
    """

    context: Any
    asked: list[str]


@pytest.fixture(scope="module")
def finished(studio: Studio, browser: Any, two_clips: tuple[Path, Path]) -> Iterator[Finished]:
    context, asked = browser.new_context(viewport={"width": 1200, "height": 900}), []
    context.on("request", lambda request: asked.append(request.url))
    page = opened(context, studio)
    picture(page, "1-empty")
    fill(page, two_clips)
    page.get_by_label("What is this person called?").fill("Zola <b>B</b>")
    page.get_by_label("Quick look").check()
    picture(page, "2-chosen")
    page.locator("#go-transfer").click()
    expect(panel_of(page)).to_contain_text("At work", timeout=LONG)
    expect(page.locator("#made")).to_contain_text("A first look", timeout=LONG)
    picture(page, "3-first-look")
    page.close()  # the job continues without it
    page = opened(context, studio)
    expect(panel_of(page)).to_contain_text("dances like dancer.mp4", timeout=LONG)
    expect(page.locator("#made video")).to_have_count(2, timeout=LONG)
    picture(page, "4-made")
    page.close()
    yield Finished(context, asked)
    context.close()


def panel_of(page: Any) -> Any:
    return page.locator("#panel")


def test_a_first_video_is_made_and_plays(studio: Studio, finished: Finished) -> None:
    page = opened(finished.context, studio)
    expect(page.locator("#made video")).to_have_count(2, timeout=LONG)
    assert has_frames(page, "#made figure:nth-child(1) video")
    assert has_frames(page, "#made figure:nth-child(2) video")
    made = page.locator("#made")
    expect(made).to_contain_text("12 frames of 96 x 96 pixels, 8 per second")
    expect(made).to_contain_text("Learning the person took 20 steps")
    page.close()


def test_the_result_is_downloaded_whole(studio: Studio, finished: Finished) -> None:
    page = opened(finished.context, studio)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the result").click()
    assert download.value.suggested_filename.endswith(".mp4")
    assert Path(download.value.path()).read_bytes()[4:8] == b"ftyp"
    page.close()


def test_the_page_asks_nobody_else(studio: Studio, finished: Finished) -> None:
    assert finished.asked
    assert list(filter(studio.outside, finished.asked)) == []


def test_another_is_made_with_the_same_person(studio: Studio, finished: Finished) -> None:
    page = opened(finished.context, studio)
    make_another(page)
    expect(page.locator("#target-card")).to_contain_text("Zola <b>B</b>", timeout=LONG)
    expect(page.locator("#target-card")).to_contain_text("20 steps")
    expect(page.locator("#consent")).to_be_hidden()  # it was asked before
    picture(page, "5-another")
    page.close()


def test_nobody_else_gets_the_files(studio: Studio, finished: Finished, browser: Any) -> None:
    page = opened(finished.context, studio)
    expect(page.locator("#made video")).to_have_count(2, timeout=LONG)
    sources = page.eval_on_selector_all("video, #made a", "all => all.map(e => e.src || e.href)")
    sources += [
        f"{studio.address}/media/library/{path.name}/archive"
        for path in studio.data.glob("owners/*/library/*")
    ]
    other = browser.new_context()
    other.request.get(studio.address)
    for source in sources:
        assert finished.context.request.get(source).status in (200, 206), source
        assert other.request.get(source).status == 404, source
    (owner,) = {path.parents[1].name for path in studio.data.glob("owners/*/jobs/*")}
    (result,) = studio.data.glob("owners/*/jobs/*/result.mp4")
    for path in (
        f"/gradio_api/file={result}",
        f"/gradio_api/file={studio.data}/owners/../owners/{owner}/jobs",
        "/gradio_api/file=/etc/passwd",
        "/file=/etc/passwd",
        f"/media/jobs/..%2f..%2f{owner}/result",
        "/media/uploads/../../../etc/passwd",
        "/media/library/%2e%2e/archive",
        "/media/samples/zola-..%2f..%2f/strip",
    ):
        for asking in (finished.context, other):
            answer = asking.request.get(studio.address + path, max_redirects=0)
            assert answer.status in (404, 421, 403), path
            assert b"root:" not in answer.body()
    other.close()
    page.close()


def test_a_request_cannot_name_a_file_of_this_computer(studio: Studio, finished: Finished) -> None:
    page = opened(finished.context, studio)
    config = finished.context.request.get(f"{studio.address}/config").json()
    drops = [c["id"] for c in config["components"] if c["props"].get("elem_id") == "source-drop"]
    event = next(d for d in config["dependencies"] if [t[0] for t in d["targets"]] == drops)
    secret = studio.data / "secret.mp4"
    secret.write_bytes(b"\x00\x00\x00\x18ftypisom")
    join = f"{studio.address}/gradio_api/queue/join"
    for path in ("/etc/passwd", str(secret), "http://localhost/x.mp4"):
        data = {"path": path, "orig_name": "x.mp4", "meta": {"_type": "gradio.FileData"}}
        asked = {"data": [data], "fn_index": event["id"], "session_hash": "s3cret"}
        answer = finished.context.request.post(join, data=asked)
        assert answer.status == 403
    assert secret.exists()
    page.close()


def test_a_training_that_is_cancelled_keeps_its_checkpoint(
    studio: Studio, finished: Finished, two_clips: tuple[Path, Path]
) -> None:
    def steps() -> int:
        (state,) = studio.data.glob("owners/*/library/*/trained/checkpoint/state.json")
        return int(json.loads(state.read_text())["values"]["step"])

    before = steps()
    page = opened(finished.context, studio)
    make_another(page)
    drop(page, "source-drop", two_clips[0])
    expect(page.locator("#source-card video")).to_be_visible(timeout=LONG)
    page.get_by_label("Best").check()
    page.locator("#go-transfer").click()
    expect(panel_of(page)).to_contain_text("Learning the person of me.mp4", timeout=LONG)
    expect(panel_of(page).get_by_role("progressbar")).to_be_visible(timeout=LONG)
    picture(page, "3-learning")
    page.locator("#cancel").click()
    expect(panel_of(page)).to_contain_text("what was learned is kept", timeout=LONG)
    expect(panel_of(page).get_by_alt_text("What was learned so far")).to_be_visible(timeout=LONG)
    expect(page.locator("#resume")).to_be_visible(timeout=LONG)
    picture(page, "6-cancelled")
    assert before < steps() < 200
    page.locator("#remove").click()
    expect(page.locator("#made video")).to_have_count(2, timeout=LONG)  # the first one again
    page.close()


def test_what_is_no_clip_is_told_in_one_line(studio: Studio, browser: Any, tmp_path: Path) -> None:
    context = browser.new_context()
    page = opened(context, studio)
    text = tmp_path / "holiday.mp4"
    text.write_text("this is a text, and no film at all\n" * 20)
    drop(page, "source-drop", text)
    message = page.locator("#source-message [role=alert]")
    expect(message).to_have_text(
        "holiday.mp4: is not a video (MP4, MOV, WebM, MKV, AVI, GIF, animated WebP or PNG), "
        "whatever its name says.",
        timeout=LONG,
    )
    picture(page, "7-no-clip")
    expect(page.locator("#source-drop")).to_be_visible()  # another can be tried
    expect(page.locator(".toast-body")).to_have_count(0)
    evil = {"name": "../../../evil\n.mp4", "mimeType": "video/mp4", "buffer": text.read_bytes()}
    drop(page, "target-drop", evil)
    expect(page.locator("#target-message [role=alert]")).to_contain_text("evil", timeout=LONG)
    assert list(tmp_path.parent.rglob("evil*")) == []
    page.locator("#go-transfer").click()
    expect(page.locator("#transfer-message")).to_contain_text("choose a clip", timeout=LONG)
    assert "Traceback" not in page.content()
    context.close()


def test_a_huge_upload_is_refused(studio: Studio, browser: Any) -> None:
    context = browser.new_context()
    page = opened(context, studio)
    huge = {"name": "huge.mp4", "mimeType": "video/mp4", "buffer": bytes(5_200_000)}
    drop(page, "source-drop", huge)
    expect(page.get_by_role("alert")).to_have_text(
        "huge.mp4: is larger than the 5 MB that are allowed here.", timeout=LONG
    )
    picture(page, "8-huge")
    answer = context.request.post(f"{studio.address}/gradio_api/upload", multipart={"files": huge})
    assert answer.status == 413
    assert [
        path
        for path in (studio.data / "passing").rglob("*")
        if path.is_file() and path.stat().st_size > 5e6
    ] == []
    context.close()


def test_a_new_dance_is_composed_to_music(studio: Studio, browser: Any, tmp_path: Path) -> None:
    context = browser.new_context()
    page = opened(context, studio)
    page.get_by_role("tab", name="New dance").click()
    drop(page, "music", sound(tmp_path / "song.wav", 3))
    expect(page.locator("#music-status")).to_contain_text("song.wav, 3 s", timeout=LONG)
    page.locator("#dance-quality").get_by_label("Quick look").check()
    page.locator("#seconds input[type=number]").fill("2")
    page.locator("#seconds input[type=number]").press("Tab")
    page.locator("#go-dance").click()
    expect(page.locator("#made video")).to_have_count(1, timeout=LONG)
    picture(page, "9-new-dance")
    assert has_frames(page, "#made video")
    expect(page.locator("#panel")).to_contain_text("A stick figure in a new dance")
    context.close()


def test_people_are_renamed_exported_imported_and_deleted(
    studio: Studio, finished: Finished, browser: Any, tmp_path: Path
) -> None:
    page = opened(finished.context, studio)
    page.get_by_role("tab", name="My people and dances").click()
    entry = page.locator(".entry").first
    expect(entry).to_contain_text("The person agreed", timeout=LONG)
    with page.expect_download() as download:
        entry.get_by_role("link", name="Download").click()
    archive = tmp_path / "zola.zip"
    download.value.save_as(archive)
    assert "generator.safetensors" in zipfile.ZipFile(archive).namelist()
    with page.expect_popup() as report:
        entry.get_by_role("link", name="How Zola").click()
    expect(report.value.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    answer = finished.context.request.get(report.value.url)
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    report.value.close()
    picture(page, "10-people")
    page.close()

    context = browser.new_context()
    page = opened(context, studio)
    page.get_by_role("tab", name="My people and dances").click()
    drop(page, "import", archive)
    expect(page.locator("#import")).to_contain_text("zola", timeout=LONG)
    page.locator("#import-add").click()
    expect(page.locator("#library-message")).to_contain_text("tick the box", timeout=LONG)
    drop(page, "import", archive)
    expect(page.locator("#import")).to_contain_text("zola", timeout=LONG)
    page.locator("#import-consent").get_by_role("checkbox").check()
    page.locator("#import-add").click()
    expect(page.locator("#library-message")).to_contain_text("was added", timeout=LONG)
    entry = page.locator(".entry")
    expect(entry).to_contain_text("Zola <b>B</b>", timeout=LONG)
    entry.get_by_role("button", name="Rename").click()
    entry.get_by_role("textbox").fill("Bo")
    page.wait_for_timeout(3000)  # looks at the library come and go; what was typed stays
    entry.get_by_role("button", name="Save the name").click()
    expect(page.locator(".entry h3")).to_have_text("Bo", timeout=LONG)
    page.get_by_role("button", name="Delete Bo …").click()
    expect(page.get_by_text("Delete Bo permanently")).to_be_visible(timeout=LONG)
    picture(page, "11-delete")
    page.get_by_role("button", name="Yes, delete Bo").click()
    expect(page.locator(".entry")).to_have_count(0, timeout=LONG)
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1200, "dark")])
def test_the_page_fits_and_everyone_can_use_it(
    studio: Studio, finished: Finished, browser: Any, width: int, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    state = finished.context.storage_state()
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, storage_state=state
    )
    page = opened(context, studio)
    expect(page.locator("#made video")).to_have_count(2, timeout=LONG)
    for tab in ("Transfer", "New dance", "My people and dances"):
        page.get_by_role("tab", name=tab).click()
        picture(page, f"12-{tab.split()[0]}-{width}-{scheme}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{tab}: {wide} px"
        faults = [
            f"{fault['impact']} {fault['id']}: {fault['nodes'][0]['html'][:200]}"
            for fault in Axe().run(page).response["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
        assert faults == [], tab
    context.close()


def test_a_photo_becomes_a_puppet_and_one_of_two_dancers_is_chosen(
    studio: Studio, browser: Any, two_clips: tuple[Path, Path], cases: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "me.png"
    Image.fromarray(next(iter(read_frames(two_clips[1])))).resize((256, 256)).save(photo)
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = opened(context, studio)
    drop(page, "source-drop", cases / "two_side_by_side.mp4")
    expect(page.locator("#source-card video")).to_be_visible(timeout=LONG)
    page.get_by_label("Number 2").check()
    with page.expect_file_chooser() as chooser:
        page.locator("#target-photo").click()
    chooser.value.set_files(photo)
    expect(page.locator("#target-card")).to_contain_text("a photo, 256 x 256", timeout=LONG)
    expect(page.locator("#target-photo")).to_be_hidden()
    page.get_by_label("The person in this clip agreed").check()
    picture(page, "9-photo")
    page.locator("#go-transfer").click()
    expect(page.locator("#made")).to_contain_text("48 frames of 256 x 256", timeout=LONG)
    (job,) = [
        json.loads(path.read_text())
        for path in studio.data.glob("owners/*/jobs/*/job.json")
        if "two_side" in path.read_text()
    ]
    assert job["request"]["who"] == "2"
    context.close()
