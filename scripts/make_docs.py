"""Make the documentation's site: the pages of docs/, the commands and the library, into build/site.

The command reference is made from the options' own descriptions, the library reference from the
docstrings.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import dancenow
from dancenow.cli.building import Argument
from dancenow.cli.commands import COMMANDS
from dancenow.options.field import Option, described

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = ROOT / "build" / "docs"
SITE: Final = ROOT / "build" / "site"
ELSEWHERE: Final = {  # pages that lie outside of docs/
    "index.md": ROOT / "README.md",
    "changelog.md": ROOT / "CHANGELOG.md",
    "contributing.md": ROOT / "CONTRIBUTING.md",
    "examples.md": ROOT / "examples" / "README.md",
    "comfyui.md": ROOT / "integrations" / "comfyui" / "README.md",
}
_LINK: Final = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s]+)")


def main() -> None:
    """Write the pages, and let MkDocs make the site; any broken link is an error."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for name, path in ELSEWHERE.items():
        (PAGES / name).write_text(path.read_text("utf-8"), "utf-8")
    for page in PAGES.rglob("*.md"):
        page.write_text(_linked(page), "utf-8")
    (PAGES / "commands.md").write_text("\n".join(_commands()), "utf-8")
    (PAGES / "reference.md").write_text("\n".join(_reference()), "utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(SITE)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # an advertisement
    subprocess.run([*command, "-f", str(ROOT / "mkdocs.yml")], check=True, env=quiet)
    print(f"{SITE / 'index.html'}")


def _linked(page: Path) -> str:
    """A page's text with links as they are on the site."""
    name = page.relative_to(PAGES).as_posix()
    source = ELSEWHERE.get(name, ROOT / "docs" / name)

    def link(found: re.Match[str]) -> str:
        path, mark, anchor = found[1].partition("#")
        goal = (source.parent / path).resolve()
        known = {place.resolve(): other for other, place in ELSEWHERE.items()}
        if goal in known:
            return known[goal] + mark + anchor
        if goal.is_relative_to(ROOT / "docs") and goal.exists():
            return goal.relative_to(ROOT / "docs").as_posix() + mark + anchor
        return found[0]

    text = _LINK.sub(link, page.read_text("utf-8"))
    # What the site does not hold stays a name.
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)+(?!\w+:)[^)\s]*\)", r"\1", text)


def _commands() -> Iterator[str]:
    yield "# The commands\n"
    yield "Every command also takes `--json`, `-v` and `--help`.\n"
    for command in COMMANDS:
        yield f"## dancenow {command.name}\n"
        yield f"{command.help}\n"
        rows = [*map(_argument, command.arguments)]
        if command.options is not None:
            rows += [_option(name, *what) for name, what in described(command.options).items()]
        if rows:
            yield "| | | by default |\n| --- | --- | --- |"
            yield from rows
            yield ""


def _argument(argument: Argument) -> str:
    shown = "`-o`, `--output`" if argument.output else f"`{argument.name.upper()}`"
    return f"| {shown} | {_cell(argument.help)} | {'optional' if argument.optional else ''} |"


def _option(name: str, kind: Any, option: Option, default: Any) -> str:
    flags = option.flags or (f"--{name.replace('_', '-')}",)
    shown = ", ".join(f"`{flag}`" for flag in flags)
    value = getattr(default, "value", default)
    plain = value is None or value in ((), "", True, False)
    usual = option.shown_default.strip() or ("" if plain else f"`{value}`")
    return f"| {shown} | {_cell(option.help)}{_choices(kind)} | {_cell(usual)} |"


def _choices(kind: Any) -> str:
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return ""
    return f" ({', '.join(f'`{each.value}`' for each in kind)})"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _reference() -> Iterator[str]:
    yield "# The library's names\n"
    yield f"{cleandoc(dancenow.__doc__ or '')}\n"
    for name in dancenow.__all__:
        found = getattr(dancenow, name)
        if name.endswith("Options"):
            yield f"## {name}\n"
            yield f"{cleandoc(found.__doc__ or '')}\n"
            yield "| field | | by default |\n| --- | --- | --- |"
            for field, (kind, option, default) in described(found).items():
                shown = _cell(repr(getattr(default, "value", default)))
                yield f"| `{field}` | {_cell(option.help)}{_choices(kind)} | `{shown}` |"
            yield ""
        elif not name.startswith("_"):
            yield f"::: {found.__module__}.{found.__qualname__}\n"


if __name__ == "__main__":
    main()
