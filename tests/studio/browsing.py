"""What tests in a browser share: Chromium, a studio that runs, pictures of its pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
LONG = 120_000.0  # ms after which nobody waits any more; nothing depends on how long it takes


@dataclass(frozen=True)
class Studio:
    """A studio that runs: where its page is, and where its data lie."""

    address: str
    data: Path

    @property
    def outside(self) -> Callable[[str], bool]:
        """Whether an address is not of this studio."""
        inside = (self.address, "data:", "blob:")
        return lambda url: not url.startswith(inside)


def picture(page: Any, name: str) -> None:
    """Keep a picture of the whole page, where somebody asked for it."""
    if folder := os.environ.get("STUDIO_PICTURES"):
        page.wait_for_timeout(700)  # for the eye only: fonts, animations
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
