"""Where figures are kept: a JSON file each, written by the command that measured.

They come into `runs/figures`.  Those that README and docs quote are measured with
`FIGURES=docs/figures`; `tests/test_figures.py` compares the texts with these files.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dancenow.evaluation.protocol_results import ProtocolResult, compare, read_results
from dancenow.files import write_text
from dancenow.processes import machine_in_words
from dancenow.version import __version__

FOLDER: Final = Path(os.environ.get("FIGURES") or Path(__file__).parents[1] / "runs" / "figures")


def write_figures(
    name: str, figures: Mapping[str, Any], machine: str = "", command: str = ""
) -> Path:
    """Write `NAME.json`: the figures, and how they came about.

    Args:
        name: of the file.
        figures: what was measured; what is no finite number becomes null, a path a name.
        machine: where, if not here.
        command: with which, if not this one.
    """
    document = {
        "command": command or command_in_words(),
        "machine": machine or machine_in_words(),
        "date": _today(),
        "version": __version__,
        "figures": _plain(figures),
    }
    path = FOLDER / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")
    return path


def keep_figures(name: str, part: str, figures: Mapping[str, Any], command: str = "") -> Path:
    """Put what one run measured into `NAME.json`; its other parts stay as they were.

    Args:
        name: of the file.
        part: of its figures, such as the clip.
        figures: what was measured; when, where and with which command is added.
        command: with which, if not this one.
    """
    how = {"command": command or command_in_words(), "on": _today(), "at": machine_in_words()}
    return write_figures(name, {**read_figures(name), part: {**figures, **how}})


def _today() -> str:
    return datetime.date.today().isoformat()


def read_figures(name: str) -> dict[str, Any]:
    """The figures in `NAME.json`; none if there is no such file."""
    path = FOLDER / f"{name}.json"
    return dict(json.loads(path.read_text("utf-8"))["figures"]) if path.exists() else {}


def command_in_words() -> str:
    """The command that runs, as a text shows it."""
    return shlex.join([Path(sys.argv[0]).name, *map(_short, sys.argv[1:])])


def _short(argument: str) -> str:
    """An argument without the folders of this machine."""
    return Path(argument).name if "/" in argument else argument


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        if value and all(isinstance(inner, Mapping) and "name" in inner for inner in value):
            return {inner["name"]: _plain(inner) for inner in value}
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _short(value) if isinstance(value, str) and value.startswith("/") else value


def _of_card(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], str, str]:
    """The figures of `make gpu-check`, the card's name, and the command."""
    card, *rest = rows
    figures: dict[str, Any] = {}
    for row in rest:
        kept = {key: value for key, value in row.items() if key not in ("part", "what", "told")}
        figures.setdefault(row["part"], {})[row["what"]] = kept
    return figures, f"{card['what']}, PyTorch {card['torch']}", card["command"]


def main() -> None:
    """Keep what was measured.

    python benchmarks/figures.py RESULT.json: of `make gpu-check`.
    python benchmarks/figures.py REPORT [AGAIN]: of a protocol, and a second one like it.
    python benchmarks/figures.py NAME PART COMMAND...: what `dancenow COMMAND... --json` says.
    """
    if len(sys.argv) > 3:
        name, part, *words = sys.argv[1:]
        command = [sys.executable, "-m", "dancenow", *words, "--json"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        told = json.loads(done.stdout.splitlines()[-1])
        print(keep_figures(name, part, told, shlex.join(["dancenow", *map(_short, words)])))
        return
    path = Path(sys.argv[1])
    if path.suffix == ".json":
        print(write_figures("gpu", *_of_card(json.loads(path.read_text("utf-8")))))
        return
    result = read_results(path)
    figures = _of_report(result)
    if sys.argv[2:]:
        again = read_results(Path(sys.argv[2]))
        compared = compare(again, result, path)
        if not (compared.same_clips and compared.same_estimator):
            sys.exit("the reports are of other clips, or of another estimator")
        alike = [not each.beyond for each in compared.differences if math.isfinite(each.noise)]
        figures["again"] = {**_of_report(again), "alike": sum(alike), "of": len(alike)}
    print(write_figures(result.protocol, figures))


def _of_report(result: ProtocolResult) -> dict[str, Any]:
    return {
        "on": result.date,
        "clips": ", ".join(clip.name for clip in result.clips),
        "frames": sum(clip.frames for clip in result.clips),
        "minutes": round(result.seconds / 60, 1),
        "mean": result.means(),
        "noise": result.noise(),
        "baselines": result.baselines(),
    }


if __name__ == "__main__":
    main()
