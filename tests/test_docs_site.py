"""The documentation's site: every page has its place, every link goes somewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dancenow.cli.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_site_is_made_and_knows_every_page_command_and_name() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_docs.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    site = ROOT / "build" / "site"
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / f"{page.stem}.html").is_file()
        assert f"{page.stem}.md" in (ROOT / "mkdocs.yml").read_text("utf-8")
    commands = (site / "commands.html").read_text("utf-8")
    assert all(f">dancenow {command.name}<" in commands for command in COMMANDS)
    names = (site / "reference.html").read_text("utf-8")
    assert "hold_out" in names and 'id="dancenow.workflows.transfer.transfer"' in names
