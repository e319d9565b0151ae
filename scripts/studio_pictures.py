"""Make the pictures of docs/studio anew: `python scripts/studio_pictures.py`, with Chromium there.

A studio of its own makes a video of the samples in a real browser, and tells clicks, seconds and
bytes.  strip.webp shows the journey at three widths, light and dark.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

DOCS = Path(__file__).resolve().parents[1] / "docs" / "studio"
VIEWS = ((390, 844, "light"), (820, 1180, "light"), (1440, 900, "light"), (1440, 900, "dark"))
HIGH = 420  # pixels of a picture in the strip
LONG = 600_000  # ms


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """The address of a studio that knows nobody yet."""
    command = [sys.executable, "-m", "dancenow", "studio", "--port", "0", "--no-open", "--json"]
    env = {**os.environ, "DANCENOW_CACHE": str(folder / "cache")}
    with subprocess.Popen(
        [*command, "--data", str(folder / "data")], stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["address"]
        finally:
            process.send_signal(signal.SIGINT)


def shot(page: Page, path: Path) -> Path:
    """Keep what is seen, once it has come to rest."""
    page.wait_for_timeout(900)
    with Image.open(io.BytesIO(page.screenshot())) as seen:
        seen.convert("RGB").save(path, quality=82)
    return path


def first_video(page: Page, address: str, folder: Path) -> None:
    """Three clicks, and what they cost."""
    sizes: list[int] = []

    def count(request: Any) -> None:
        sizes.append(request.sizes()["responseBodySize"])

    page.on("requestfinished", count)
    began = time.perf_counter()
    page.goto(address)
    page.locator("#dance .tile", has_text="Mika").wait_for()
    usable = time.perf_counter() - began
    page.wait_for_load_state("networkidle")
    page.remove_listener("requestfinished", count)
    print(f"usable after {usable:.1f} s: {len(sizes)} requests, {sum(sizes) / 1000:.0f} kB")
    page.locator("#dance .tile", has_text="Mika").click()
    page.locator("#dancer .tile", has_text="Zola").click()
    shot(page, folder / "chosen.webp")
    page.locator("#go").click()
    began = time.perf_counter()
    page.locator(".job figure").first.wait_for(timeout=LONG)
    print(f"first picture {time.perf_counter() - began:.1f} s after the third click")
    shot(page, folder / "learning.webp")
    page.locator(".job .player").wait_for(timeout=LONG)
    print(f"8 s of video at 512 pixels {time.perf_counter() - began:.1f} s after it")
    page.get_by_label("Side by side", exact=True).check()
    page.wait_for_timeout(1500)
    shot(page, folder / "made.webp")


def others(page: Page, address: str, folder: Path) -> None:
    """A new dance as a stick figure, and the people."""
    page.goto(f"{address}/#dance")
    page.locator("#style-disco").check()
    page.locator("#show").click()
    page.get_by_role("button", name="Pause").wait_for(timeout=LONG)
    shot(page, folder / "new_dance.webp")
    page.goto(f"{address}/#people")
    shot(page, folder / "people.webp")


def journey(browser: Browser, address: str, folder: Path, state: Any) -> list[list[Path]]:
    """The same at every width, light and dark: the pages, the choice, the result."""
    rows = []
    for width, height, scheme in VIEWS:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, storage_state=state
        )
        page, row = context.new_page(), []

        def keep(page: Page = page, row: list[Path] = row) -> None:
            row.append(shot(page, folder / f"{len(rows)}-{len(row)}.webp"))

        page.goto(address)
        keep()
        page.locator("#dance .tile", has_text="Mika").click()
        page.locator("#dancer .tile", has_text="Zola").click()
        page.locator(".chosen").scroll_into_view_if_needed()
        keep()
        page.goto(f"{address}/#videos")
        page.locator(".card a").first.click()
        keep()
        page.goto(f"{address}/#dance")
        keep()
        page.goto(f"{address}/timeline")
        keep()
        rows.append(row)
        context.close()
    return rows


def sheet(rows: list[list[Path]]) -> Image.Image:
    """All pictures, a row for each view."""
    strips = []
    for row in rows:
        pictures = [Image.open(path) for path in row]
        small = [each.resize((each.width * HIGH // each.height, HIGH)) for each in pictures]
        strip = Image.new("RGB", (sum(each.width + 12 for each in small), HIGH + 12), "#94a3b8")
        left = 6
        for each in small:
            strip.paste(each, (left, 6))
            left += each.width + 12
        strips.append(strip)
    whole = Image.new(
        "RGB", (max(s.width for s in strips), sum(s.height for s in strips)), "#94a3b8"
    )
    top = 0
    for strip in strips:
        whole.paste(strip, (0, top))
        top += strip.height
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=DOCS)
    folder: Path = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with (
        tempfile.TemporaryDirectory() as temporary,
        studio(Path(temporary)) as address,
        sync_playwright() as running,
    ):
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = running.chromium.launch(executable_path=chromium, args=flags)
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        first_video(page, address, folder)
        others(page, address, folder)
        rows = journey(browser, address, Path(temporary), context.storage_state())
        sheet(rows).save(folder / "strip.webp", quality=70)
        browser.close()


if __name__ == "__main__":
    main()
