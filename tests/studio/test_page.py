"""The studio in a real browser: Chromium clicks, uploads, waits and watches.

`STUDIO_PICTURES=folder` keeps a picture of every step.
"""

from __future__ import annotations

import json
import re
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

pytest.importorskip("uvicorn", reason="needs dancenow[studio]")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the browser Chromium: apt install chromium"),
]
expect = playwright.expect
PAGES = ("make", "dance", "videos", "people", "live")


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


def opened(context: Any, studio: Studio, view: str = "make") -> Any:
    """A page of the studio that can be used, and its faults."""
    page = context.new_page()
    page.set_default_timeout(LONG)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(f"{studio.address}/#{view}")
    expect(page.locator("main > *")).to_be_visible(timeout=LONG)
    return page


def closed(page: Any) -> None:
    """Close a page on which nothing went wrong."""
    assert page.faults == []
    page.close()


def add(page: Any, where: str, file: Any) -> None:
    """Add a file to a grid, and wait until it was looked at."""
    page.locator(f"#{where}-file").set_input_files(file)
    expect(page.locator(f"#{where} .strip")).to_be_visible(timeout=LONG)


def fill(page: Any, clips: tuple[Path, Path]) -> None:
    """Upload both clips, and confirm that the person agreed."""
    for where, clip in zip(("dance", "dancer"), clips, strict=True):
        add(page, where, clip)
    page.get_by_label("The person in this clip agreed").check()


def stage(page: Any) -> Any:
    return page.locator(".stage .job")


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
    context, asked = browser.new_context(viewport={"width": 1440, "height": 900}), []
    context.on("request", lambda request: asked.append(request.url))
    page = opened(context, studio)
    picture(page, "1-empty")
    fill(page, two_clips)
    page.get_by_label("What's their name?").fill("Zola <b>B</b>")
    page.get_by_label("Quick").check()
    expect(page.locator(".quality")).to_contain_text("about")
    picture(page, "2-chosen")
    page.locator("#go").dblclick()  # learns one person, once
    expect(stage(page)).to_contain_text("A first look", timeout=LONG)
    expect(stage(page).get_by_role("progressbar")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\d+:\d\d · DanceNow$"))
    picture(page, "3-first-look")
    closed(page)  # the job continues without it
    page = opened(context, studio)
    expect(stage(page)).to_contain_text("Zola <b>B</b> dances dancer", timeout=LONG)
    expect(stage(page).locator(".player")).to_be_visible(timeout=LONG)
    picture(page, "4-made")
    jobs = [path.read_text() for path in studio.data.glob("owners/*/jobs/*/job.json")]
    assert sum('dances dancer"' in job for job in jobs) == 1
    closed(page)
    yield Finished(context, asked)
    context.close()


def result_page(finished: Finished, studio: Studio) -> Any:
    """The first video, opened from the grid of all."""
    page = opened(finished.context, studio, "videos")
    page.get_by_role("link", name="Zola <b>B</b> dances dancer").first.click()
    expect(page.locator(".player")).to_be_visible(timeout=LONG)
    return page


def test_a_first_video_is_made_and_plays_beside_its_source(
    studio: Studio, finished: Finished
) -> None:
    page = result_page(finished, studio)
    assert has_frames(page, ".screen .main video") and has_frames(page, ".over video")
    for view in ("Side by side", "Slider", "With poses", "Result"):
        page.get_by_label(view, exact=True).check()
        picture(page, f"5-{view.split()[0]}")
    expect(page.locator(".over")).to_be_hidden()
    page.get_by_label("Slider", exact=True).check()
    box = page.locator(".screen").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 40)
    page.mouse.up()
    expect(page.get_by_label("Where the pictures meet")).to_have_value("25")
    page.get_by_label("Speed").select_option("0.5")
    assert page.evaluate("document.querySelector('.main video').playbackRate") == 0.5
    page.get_by_label("With poses", exact=True).check()
    expect(page.locator(".time")).to_have_text(re.compile(r"/ 0:0[12]"), timeout=LONG)
    page.get_by_label("Forward one frame").click()
    page.get_by_label("Forward one frame").click()
    expect(page.get_by_label("Place in the video")).not_to_have_value("0")
    page.get_by_text("Details").click()
    told = page.locator(".told")
    expect(told).to_contain_text("12 frames of 96 x 96 pixels, 8 a second")
    expect(told).to_contain_text("More minutes of learning")
    closed(page)


def test_the_result_is_saved_in_every_form(studio: Studio, finished: Finished) -> None:
    page, names = result_page(finished, studio), set()
    for words, suffix, begins in (
        ("Video", ".mp4", b"ftyp"),
        ("Vertical for phones, 9:16", ".mp4", b"ftyp"),
        ("Without sound", ".mp4", b"ftyp"),
        ("Beside the original, with poses", ".mp4", b"ftyp"),
        ("GIF", ".gif", b"9a"),
    ):
        page.locator("summary", has_text="Save").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=words, exact=True).click()
        names.add(download.value.suggested_filename)
        assert download.value.suggested_filename.endswith(suffix)
        assert Path(download.value.path()).read_bytes()[4:8].startswith(begins)
    assert len(names) == 5  # none overwrites another
    closed(page)


def test_the_page_asks_nobody_else(studio: Studio, finished: Finished) -> None:
    assert finished.asked
    assert list(filter(studio.outside, finished.asked)) == []


def test_the_first_page_is_light(studio: Studio, browser: Any) -> None:
    context = browser.new_context()
    page, sizes = context.new_page(), []
    page.on("requestfinished", lambda request: sizes.append(sum(
        request.sizes()[part] for part in ("responseBodySize", "responseHeadersSize")
    )))  # fmt: skip
    page.goto(studio.address)
    expect(page.locator("#go")).to_be_visible(timeout=LONG)
    page.wait_for_load_state("networkidle")
    assert sum(sizes) < 300_000 and len(sizes) < 40
    context.close()


def test_another_is_made_with_the_same_person(studio: Studio, finished: Finished) -> None:
    page = result_page(finished, studio)
    page.get_by_role("button", name="Another background").click()
    expect(page.locator(".chosen")).to_contain_text("Zola <b>B</b>", timeout=LONG)
    expect(page.locator(".chosen")).to_contain_text("dancer.mp4")
    expect(page.get_by_label("Green screen")).to_be_visible()
    expect(page.locator("#consent")).to_be_hidden()  # it was asked before
    picture(page, "6-another")
    closed(page)


def test_nobody_else_gets_the_files(studio: Studio, finished: Finished, browser: Any) -> None:
    page = result_page(finished, studio)
    sources = page.eval_on_selector_all("video", "all => all.map(e => e.src)")
    sources += [
        f"{studio.address}/media/library/{path.name}/archive"
        for path in studio.data.glob("owners/*/library/*")
    ]
    other = browser.new_context()
    other.request.get(studio.address)
    for source in sources:
        assert finished.context.request.get(source).status in (200, 206), source
        assert other.request.get(source).status == 404, source
    (job,) = [
        path.parent
        for path in studio.data.glob("owners/*/jobs/*/job.json")
        if 'dances dancer"' in path.read_text()
    ]
    for action in ("cancel", "remove", "resume"):
        other.request.post(f"{studio.address}/api/jobs/{job.name}/{action}", data="{}")
    assert (job / "result.mp4").is_file()
    for path in (
        f"/media/jobs/..%2f..%2f{job.parents[1].name}/result",
        "/media/uploads/../../../etc/passwd",
        "/media/library/%2e%2e/archive",
        "/media/samples/zola-..%2f..%2f/strip",
        "/studio/..%2f..%2fapp.py",
        "/studio/../guard.py",
        "/timeline/..%2ftimeline.py",
        "/file=/etc/passwd",
    ):
        for asking in (finished.context, other):
            answer = asking.request.get(studio.address + path, max_redirects=0)
            assert answer.status in (404, 421, 403), path
            assert b"root:" not in answer.body()
    other.close()
    closed(page)


@pytest.mark.slow
def test_a_training_that_is_cancelled_keeps_its_checkpoint(
    studio: Studio, finished: Finished, two_clips: tuple[Path, Path]
) -> None:
    def steps() -> int:
        (state,) = studio.data.glob("owners/*/library/*/trained/checkpoint/state.json")
        return int(json.loads(state.read_text())["values"]["step"])

    before = steps()
    page = opened(finished.context, studio)
    add(page, "dance", two_clips[0])
    page.locator("#dancer .tile", has_text="Zola <b>B</b>").click()
    page.get_by_label("Best").check()
    page.locator("#go").click()
    expect(stage(page)).to_contain_text("Learning the dancer", timeout=LONG)
    expect(stage(page).get_by_alt_text("How it looks so far")).to_be_visible(timeout=LONG)
    picture(page, "3-learning")
    page.locator("#cancel").click()
    expect(stage(page)).to_contain_text("What was learned is kept", timeout=LONG)
    expect(page.locator("#resume")).to_be_visible(timeout=LONG)
    picture(page, "7-cancelled")
    assert before < steps() < 200
    stage(page).get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Yes, delete it").click()
    expect(page.locator("#go")).to_be_visible(timeout=LONG)  # the form again
    closed(page)


@pytest.mark.slow
def test_a_part_of_a_clip_is_used(
    studio: Studio, browser: Any, two_clips: tuple[Path, Path]
) -> None:
    context = browser.new_context()
    page = opened(context, studio)
    add(page, "dance", two_clips[1])
    page.get_by_text("Use only a part").click()
    page.get_by_label("From", exact=True).fill("0.5")
    page.get_by_label("To", exact=True).fill("1.5")
    page.get_by_role("button", name="Use this part").click()
    tile = page.locator("#dance .tile", has=page.locator("input:checked"))
    expect(tile).to_contain_text("me (0.5–1.5 s).mp4", timeout=LONG)
    expect(tile).to_contain_text("your clip, 1 s")
    closed(page)
    context.close()


def test_a_clip_is_recorded(studio: Studio, browser: Any) -> None:
    context = browser.new_context(permissions=["camera", "microphone"])
    page = opened(context, studio)
    page.locator("#dance-record").click()
    dialog = page.get_by_role("dialog", name="Record a clip")
    dialog.get_by_role("button", name="Start").click()
    expect(dialog.get_by_role("status")).to_have_text("1 s", timeout=LONG)
    dialog.get_by_role("button", name="Stop and use it").click()
    # What the browser shows in tests is larger than this studio takes.
    expect(page.locator("#dance .message")).to_contain_text("Recording.webm is too", timeout=LONG)
    page.locator("#dance-record").click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    closed(page)
    context.close()


def test_what_is_no_clip_is_told_beside_it(studio: Studio, browser: Any, tmp_path: Path) -> None:
    context = browser.new_context()
    page = opened(context, studio)
    text = tmp_path / "holiday.mp4"
    text.write_text("this is a text, and no film at all\n" * 20)
    page.locator("#dance-file").set_input_files(text)
    message = page.locator("#dance .message")
    expect(message).to_have_text(
        "holiday.mp4: is not a video (MP4, MOV, WebM, MKV, AVI, GIF, animated WebP or PNG), "
        "whatever its name says.",
        timeout=LONG,
    )
    expect(message).to_be_focused()
    picture(page, "8-no-clip")
    evil = {"name": "../../../evil\n.mp4", "mimeType": "video/mp4", "buffer": text.read_bytes()}
    page.locator("#dancer-file").set_input_files(evil)
    expect(page.locator("#dancer .message")).to_contain_text("evil", timeout=LONG)
    assert list(tmp_path.parent.rglob("evil*")) == []
    page.locator("#go").click()
    expect(page.locator(".stage .message")).to_have_text("Now pick a dance.")
    assert "Traceback" not in page.content()
    context.close()


def test_a_huge_upload_is_refused(studio: Studio, browser: Any) -> None:
    context = browser.new_context()
    page = opened(context, studio)
    huge = {"name": "huge.mp4", "mimeType": "video/mp4", "buffer": bytes(5_200_000)}
    page.locator("#dance-file").set_input_files(huge)
    expect(page.locator("#dance .message")).to_have_text(
        "huge.mp4 is too large: at most 5 MB.", timeout=LONG
    )
    address = f"{studio.address}/api/upload?name=huge.mp4&kind=clip"
    assert context.request.post(address, data=bytes(5_200_000)).status in (400, 413)
    assert [
        path
        for path in (studio.data / "passing").rglob("*")
        if path.is_file() and path.stat().st_size > 5e6
    ] == []
    context.close()


@pytest.mark.slow
def test_a_new_dance_is_seen_before_it_is_made(
    studio: Studio, browser: Any, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = opened(context, studio, "dance")
    page.locator("#add-music").set_input_files(sound(tmp_path / "song.wav", 6))
    expect(page.locator("#music")).to_contain_text("song.wav · 0:06", timeout=LONG)
    expect(page.locator("#music canvas")).to_be_visible(timeout=LONG)
    page.get_by_text("Use only a part").click()
    page.get_by_label("To", exact=True).fill("3")
    page.get_by_role("button", name="Use this part").click()
    expect(page.locator("#music")).to_contain_text("song (0.0–3.0 s).m4a · 0:03", timeout=LONG)
    expect(page.locator("#music canvas")).to_be_visible(timeout=LONG)
    expect(page.get_by_label("As long as the music")).to_be_checked()
    expect(page.locator(".preview")).to_contain_text(re.compile("bout .* on this computer"))
    page.get_by_role("group", name="Style").get_by_label("disco").check()
    page.locator("#performer .tile", has_text="Zola").click()
    page.locator("#show").click()
    expect(page.locator(".preview output")).to_contain_text("/ 0:03", timeout=LONG)
    drawn = "document.querySelector('.preview canvas').toDataURL()"
    first = page.evaluate(drawn)
    page.locator("#another").click()
    expect(page.locator("#another")).to_be_enabled(timeout=LONG)
    assert page.evaluate(drawn) != first
    picture(page, "9-new-dance")
    page.locator("#go-dance").click()
    expect(stage(page).locator(".player")).to_be_visible(timeout=LONG)
    assert has_frames(page, ".screen .main video")
    expect(stage(page)).to_contain_text("Zola in a new dance")
    stage(page).get_by_role("button", name="Another variation").click()
    expect(page.locator("#music")).to_contain_text("song (0.0–3.0 s).m4a")
    expect(page.get_by_role("group", name="Style").get_by_label("disco")).to_be_checked()
    expect(page.locator("#performer input:checked + .picture + .name")).to_have_text("Zola")
    page.locator("#remove-music").click()
    expect(page.locator("#add-music")).to_be_focused()
    expect(page.get_by_label("16 s")).to_be_checked()
    closed(page)
    context.close()


@pytest.mark.slow
def test_people_are_renamed_exported_imported_and_deleted(
    studio: Studio, finished: Finished, browser: Any, tmp_path: Path
) -> None:
    page = opened(finished.context, studio, "people")
    entry = page.locator(".entry").first
    expect(entry).to_contain_text("You confirmed that they agreed", timeout=LONG)
    with page.expect_download() as download:
        entry.get_by_role("link", name="Save as a file").click()
    archive = tmp_path / "zola.zip"
    download.value.save_as(archive)
    assert "generator.safetensors" in zipfile.ZipFile(archive).namelist()
    with page.expect_popup() as report:
        entry.get_by_role("link", name="How it was learned").click()
    expect(report.value.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
    answer = finished.context.request.get(report.value.url)
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    report.value.close()
    picture(page, "10-people")
    closed(page)

    context = browser.new_context()
    page = opened(context, studio, "people")
    adding = page.locator("fieldset", has_text="Add someone from a file")
    page.locator("#import-add").click()
    expect(adding.locator(".message")).to_have_text("Choose the file first.")
    page.locator("#import").set_input_files(archive)
    page.locator("#import-add").click()
    expect(adding.locator(".message")).to_contain_text("tick the box", timeout=LONG)
    expect(adding).to_contain_text("zola.zip")  # it is still chosen
    page.locator("#import-consent").check()
    page.locator("#import-add").click()
    expect(adding.locator(".message")).to_contain_text("was added", timeout=LONG)
    entry = page.locator(".entry")
    expect(entry).to_contain_text("Zola <b>B</b>", timeout=LONG)
    entry.get_by_role("button", name="Rename").click()
    entry.get_by_role("textbox").fill("Bo")
    page.wait_for_timeout(6000)  # looks at the studio come and go; what was typed stays
    entry.get_by_role("button", name="Save the name").click()
    expect(page.locator(".entry h4")).to_have_text("Bo", timeout=LONG)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Delete Bo for good")).to_be_visible(timeout=LONG)
    picture(page, "11-delete")
    page.get_by_role("button", name="Yes, delete Bo").click()
    expect(page.locator(".entry")).to_have_count(0, timeout=LONG)
    expect(page.locator(".people > .message")).to_have_text("Bo was deleted.")
    closed(page)
    context.close()


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (820, "light"), (1440, "light"), (1440, "dark")]
)
def test_the_page_fits_and_everyone_can_use_it(
    studio: Studio, finished: Finished, browser: Any, width: int, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    state = finished.context.storage_state()
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, storage_state=state
    )
    page = result_page(Finished(context, []), studio)
    for view in (None, *PAGES):
        if view is not None:
            page.goto(f"{studio.address}/#{view}")
        picture(page, f"12-{view or 'result'}-{width}-{scheme}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{view}: {wide} px"
        faults = [
            f"{fault['impact']} {fault['id']}: {fault['nodes'][0]['html'][:200]}"
            for fault in Axe().run(page).response["violations"]
            if fault["impact"] in ("moderate", "serious", "critical")
        ]
        assert faults == [], view
    closed(page)
    context.close()


def test_a_screen_reader_hears_what_there_is(studio: Studio, browser: Any) -> None:
    context = browser.new_context()
    page = opened(context, studio)
    for group, tiles in (("Pick a dance", 4), ("Pick the dancer", 4), ("Quality", 3)):
        found = page.get_by_role("group", name=group, exact=True)
        expect(found.get_by_role("radio")).to_have_count(tiles)
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link")).to_have_count(6)
    expect(page.get_by_role("link", name="Make a video")).to_have_attribute("aria-current", "page")
    page.get_by_role("radio", name="Mika dancing groove").check()
    page.get_by_role("radio", name="Bo a sample").check()
    expect(page.locator(".stage")).to_match_aria_snapshot("""
      - region "Make a video":
        - figure "Mika dancing groove"
        - img "→"
        - figure "Bo"
        - paragraph: /Bo is ready/
        - button "Make the video"
    """)
    page.goto(f"{studio.address}/#dance")
    for group in ("Pick the moves", "Who dances it?", "Music (optional)", "Energy", "Length"):
        expect(page.get_by_role("group", name=group, exact=True)).to_be_visible()
    closed(page)
    context.close()


def test_three_clicks_start_a_shipped_dancer(studio: Studio, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = opened(context, studio)
    page.locator("#dance .tile", has_text="Mika").click()
    page.locator("#dancer .tile", has_text="Zola").click()
    expect(page.locator(".form")).to_contain_text("Zola is ready: about")
    assert has_frames(page, "#dance .tile:has(input:checked) video")
    page.locator("#go").click()
    expect(stage(page)).to_contain_text("Zola dances Mika's groove", timeout=LONG)
    expect(stage(page)).to_contain_text("left", timeout=LONG)
    page.locator("#cancel").click()
    expect(stage(page)).to_contain_text("Cancelled", timeout=LONG)
    closed(page)
    context.close()


def test_all_is_picked_with_the_keyboard(studio: Studio, finished: Finished) -> None:
    page = opened(finished.context, studio)
    focused = "document.activeElement.name || document.activeElement.id"
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(focused))
        if stops[-1] == "go":
            break
        if stops[-1] in ("dance", "dancer"):
            page.keyboard.press("ArrowDown")
            page.keyboard.press("ArrowUp")
            page.keyboard.press("Space")
    # A grid of tiles is one stop, and so is the quality.
    assert [stops.count(name) for name in ("dance", "dancer", "quality", "go")] == [1, 1, 1, 1]
    expect(page.locator("#dance input:checked")).to_have_count(1)
    expect(page.locator("#dancer input:checked")).to_have_count(1)
    expect(page.locator(".pair figure.missing")).to_have_count(0)
    closed(page)


@pytest.mark.slow
def test_a_photo_becomes_a_puppet_and_one_of_two_dancers_is_chosen(
    studio: Studio, browser: Any, two_clips: tuple[Path, Path], cases: Path, tmp_path: Path
) -> None:
    photo = tmp_path / "me.png"
    Image.fromarray(next(iter(read_frames(two_clips[1])))).resize((256, 256)).save(photo)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = opened(context, studio)
    add(page, "dance", cases / "two_side_by_side.mp4")
    page.locator("label.tap").nth(1).click()
    expect(page.get_by_label("Number 2", exact=True)).to_be_checked()
    page.reload()
    page.locator("#dance .tile", has_text="two_side").click()
    expect(page.locator("#dance .strip")).to_be_visible()  # known since then
    page.locator("label.tap").nth(1).click()
    add(page, "dancer", photo)
    expect(page.locator("#dancer .tile", has_text="me.png")).to_contain_text("your photo")
    page.get_by_label("The person in this clip agreed").check()
    picture(page, "9-photo")
    page.locator("#go").click()
    expect(stage(page).locator(".player")).to_be_visible(timeout=LONG)
    page.get_by_text("Details").click()
    expect(stage(page)).to_contain_text("48 frames of 256 x 256")
    (job,) = [
        json.loads(path.read_text())
        for path in studio.data.glob("owners/*/jobs/*/job.json")
        if "two_side" in path.read_text()
    ]
    assert job["request"]["who"] == "2"
    page.goto(f"{studio.address}/#make")
    page.locator("#dance .tile", has_text="two_side").click()
    page.get_by_role("button", name="Remove this clip").click()
    page.get_by_role("button", name="Yes, remove it").click()
    expect(page.locator("#dance .tile", has_text="two_side")).to_have_count(0, timeout=LONG)
    assert not list(studio.data.glob(f"owners/*/uploads/{Path(job['request']['source']).stem}*"))
    closed(page)
    context.close()
