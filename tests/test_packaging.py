"""What a user gets who installs the package, and what `make develop` installs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib.metadata import requires
from importlib.resources import files
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
PYTHONS = ("3.10", "3.11", "3.12")
EXTRAS = ("", "dev", "rtmpose", "serve", "studio", "camera", "litert", "ray", "s3")

# Slow to import, or an extra that may not be there: imported by the function that uses it.
ENGINES = (
    "ai_edge_litert", "fastapi", "fsspec", "mediapipe", "onnxruntime", "pyvirtualcam", "ray",
    "rtmlib", "starlette", "uvicorn",
)  # fmt: skip

WEB = "dancenow.studio.web."  # needs its extra whole, and is imported by `studio.app` when it opens

IMPORT_ALL = f"""
import importlib, pkgutil, sys, dancenow
for module in pkgutil.walk_packages(dancenow.__path__, "dancenow."):
    if not module.name.endswith("__main__") and not module.name.startswith({WEB!r}):
        importlib.import_module(module.name)
print(*sorted(set(sys.modules) & set({ENGINES!r})))
"""


def pins(python: str) -> list[Requirement]:
    """The lines of constraints.txt that hold for a version of Python."""
    lines = (line.partition("#")[0].strip() for line in CONSTRAINTS.read_text().splitlines())
    found = [Requirement(line) for line in lines if line]
    return [
        pin for pin in found if not pin.marker or pin.marker.evaluate({"python_version": python})
    ]


def pinned_version(name: str, python: str) -> str:
    """The one version that constraints.txt gives a distribution."""
    wanted = canonicalize_name(name)
    (pin,) = (pin for pin in pins(python) if canonicalize_name(pin.name) == wanted)
    (version,) = pin.specifier
    assert version.operator == "=="
    return version.version


def requirements(python: str) -> list[Requirement]:
    """What `make develop` asks for by name."""
    declared = [Requirement(line) for line in requires("dancenow") or []]
    return [
        requirement
        for requirement in declared
        if requirement.name != "dancenow"
        and (
            not requirement.marker
            or any(
                requirement.marker.evaluate({"extra": extra, "python_version": python})
                for extra in EXTRAS
            )
        )
    ]


def test_every_module_can_be_imported_and_none_imports_an_engine_before_its_use() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_type_checkers_are_told_that_the_package_is_typed() -> None:
    assert (files("dancenow") / "py.typed").is_file()


@pytest.mark.parametrize("python", PYTHONS)
def test_each_requirement_has_one_tested_version_within_its_range(python: str) -> None:
    outside = {
        str(requirement): version
        for requirement in requirements(python)
        if (version := pinned_version(requirement.name, python)) not in requirement.specifier
    }
    assert outside == {}


@pytest.mark.parametrize("python", PYTHONS)
def test_the_headless_opencv_that_setup_may_put_in_place_is_of_the_same_version(
    python: str,
) -> None:
    full = pinned_version("opencv-contrib-python", python)
    assert pinned_version("opencv-contrib-python-headless", python) == full
    assert pinned_version("opencv-python", python) == full


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as for a release."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "-o", str(folder)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (built,) = folder.glob("dancenow-*-py3-none-any.whl")
    return built


def test_the_wheel_holds_every_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("dancenow/")}
        metadata = archive.read(next(n for n in archive.namelist() if n.endswith("METADATA")))
    ours = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "src/dancenow"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert held == {name.removeprefix("src/") for name in ours.stdout.split()}
    about = Parser().parsestr(metadata.decode("utf-8"))
    assert about["Version"] == "0.1.0" and about["License-Expression"] == "Apache-2.0"
    assert {"studio", "serve", "ray", "s3", "camera"} <= set(about.get_all("Provides-Extra"))
