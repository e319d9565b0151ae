"""Nothing that one system lacks is in the way of the product: read from the source, and tried."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from dancenow.options import SampleOptions
from dancenow.workflows.sample import write_sample

SRC = Path(__file__).resolve().parents[1] / "src" / "dancenow"
HOME = SRC / "processes.py"  # where the differences are

# What Windows' Python does not have; `hasattr` before it, in its home, is the way to use it.
MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "readline", "syslog"}
NAMES = {
    "os.fork", "os.setsid", "os.killpg", "os.getpgid", "os.geteuid", "os.getuid", "os.nice",
    "os.sched_getaffinity", "os.mkfifo", "os.sysconf", "os.wait",
    "signal.SIGHUP", "signal.SIGKILL", "signal.SIGUSR1", "signal.alarm", "signal.pause",
}  # fmt: skip
WITHOUT = """
import importlib, os, pkgutil, signal, sys
def all_modules():
    import dancenow
    for each in pkgutil.walk_packages(dancenow.__path__, 'dancenow.'):
        if not each.name.endswith('__main__'):
            importlib.import_module(each.name)
all_modules()  # what others need of this system, they have now
for name in [name for name in sys.modules if name.partition('.')[0] == 'dancenow']:
    del sys.modules[name]
for name in {modules!r}:
    sys.modules[name] = None
for name in {names!r}:
    module, _, attribute = name.partition(".")
    if hasattr(globals()[module], attribute):
        delattr(globals()[module], attribute)
if hasattr(os, "posix_fallocate"):
    del os.posix_fallocate
all_modules()
"""


def used(path: Path) -> list[str]:
    """The modules and names in a file that Windows lacks."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            found += [name] if name in NAMES else []
    return found


def test_what_windows_lacks_is_named_in_one_place() -> None:
    named = {path: found for path in SRC.rglob("*.py") if path != HOME and (found := used(path))}
    assert named == {}
    assert used(HOME)  # the search finds something


def without(code: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run Python without what Windows lacks."""
    hidden = WITHOUT.format(modules=sorted(MODULES), names=sorted(NAMES))
    command = [sys.executable, "-c", hidden + code, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_every_module_is_imported_and_a_person_is_learned_without_them(tmp_path: Path) -> None:
    clip = SampleOptions(performer="zola", dance="house", seconds=2, size=96, fps=8)
    write_sample(tmp_path / "a.mp4", clip)
    ended = without(
        "from dancenow.cli import main\nmain()\n",
        "train", "performer", str(tmp_path / "a.mp4"), "-o", str(tmp_path / "a"),
        "--preset", "tiny", "--steps", "2", "--device", "cpu",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert (tmp_path / "a" / "config.json").is_file()


@pytest.mark.parametrize(
    ("line", "found"),
    [("import fcntl", ["fcntl"]), ("os.setsid()", ["os.setsid"]), ("os.getpid()", [])],
)
def test_the_search_finds_what_it_should(tmp_path: Path, line: str, found: list[str]) -> None:
    (tmp_path / "a.py").write_text(line)
    assert used(tmp_path / "a.py") == found
