"""What holds the house up: who may use whom, no cycles, and files that can be read at once.

Read from the source alone; nothing is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
Function = ast.FunctionDef | ast.AsyncFunctionDef

# From top to bottom: what stands in a row uses the rows below it, none above, and none beside it.
ROWS = (
    ("__main__",),
    ("cli",),
    ("studio", "console"),
    ("__init__",),
    ("workflows",),
    ("staging",),
    ("performer", "choreographer", "detector"),
    ("sources",),
    ("training", "evaluation", "plan"),
    ("sample", "mocap", "music", "report", "credentials"),
    ("pose", "video", "remote"),
    ("options", "cache", "consent", "version"),
    ("files", "hashing", "schema", "progress"),
    ("reading", "processes"),
    ("limits",),
    ("errors", "names", "model_files"),
)

# A method's folder is reached through its table; these know one method, since their verb does.
KNOW_A_METHOD = {
    "dancenow": "PoseChoreographer is one of the library's types",
    "dancenow.workflows.ablation": "the paper's ablation is of the paper's method",
    "dancenow.workflows.export": "writes what the paper's own code reads",
    "dancenow.workflows.import_keras": "reads DanceNet's own weights",
    "dancenow.workflows.reconstruct": "shows DanceNet's pictures and latents",
}
METHODS = {
    "dancenow.performer.fast": "dancenow.performer.table",
    "dancenow.performer.edn": "dancenow.performer.table",
    "dancenow.performer.puppet": "dancenow.performer.table",
    "dancenow.choreographer.dancenet": "dancenow.choreographer.choreographer",
    "dancenow.choreographer.motion": "dancenow.choreographer.choreographer",
}

SAMPLES_FOR = ("workflows", "studio")  # nothing else of the product knows the sample performers


def name_of(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(SRC.rglob("*.py"))}


@cache
def trees() -> dict[str, ast.Module]:
    """What Python reads in each module; read once, and only where these tests run."""
    return {name: ast.parse(path.read_text("utf-8")) for name, path in FILES.items()}


def imported(name: str) -> Iterator[str]:
    """The modules of DanceNow that a module imports anywhere: in functions, for types."""
    for node in ast.walk(trees()[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in FILES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are written out from dancenow"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found = whole if whole in FILES else str(node.module)
                if found in FILES and found != name:
                    yield found


@cache
def imports() -> dict[str, set[str]]:
    """The modules of DanceNow that each imports."""
    return {name: set(imported(name)) for name in FILES}


def folder_of(name: str) -> str:
    """The folder, or the module, directly below `dancenow`."""
    return name.split(".")[1] if "." in name else "__init__"


def inside(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_folder_has_its_row() -> None:
    assert {folder_of(name) for name in FILES} == {folder for row in ROWS for folder in row}


def test_a_row_uses_only_the_rows_below_it() -> None:
    row_of = {folder: number for number, row in enumerate(ROWS) for folder in row}
    against = [
        f"{name} imports {other}"
        for name, others in imports().items()
        for other in others
        if (ours := folder_of(name)) != (theirs := folder_of(other))
        and row_of[ours] >= row_of[theirs]
    ]
    assert against == []


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_known_to_its_table_alone(method: str) -> None:
    knows = {
        name
        for name, others in imports().items()
        if any(inside(other, method) for other in others) and not inside(name, method)
    }
    assert knows <= KNOW_A_METHOD.keys()
    assert f'"{method}.method"' in FILES[METHODS[method]].read_text("utf-8")


def test_who_knows_a_method_still_does() -> None:
    for name in KNOW_A_METHOD:
        assert any(inside(other, method) for other in imports()[name] for method in METHODS), name


def test_sample_performers_are_known_to_few() -> None:
    knows = {folder_of(name) for name, others in imports().items() for other in others
             if folder_of(other) == "sample" and folder_of(name) != "sample"}  # fmt: skip
    assert knows == set(SAMPLES_FOR)


def test_nothing_asks_of_which_kind_a_performer_or_choreographer_is() -> None:
    """Each says itself what it can do; only its own method knows its class."""
    bases = {"Performer", "Choreographer"}
    kinds = {
        node.name: name
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id in bases for base in node.bases)
    }
    assert len(kinds) == 5
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
                asked = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
                for kind in asked & (kinds.keys() | bases):
                    home = kinds.get(kind, "").rpartition(".")[0]
                    assert home and inside(name, home), f"{name}:{node.lineno} asks for a {kind}"


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_files_are_short() -> None:
    assert {str(path): n for path in FILES.values() if (n := lines_of(path)) >= 400} == {}
    verbs = (SRC / "dancenow" / "workflows").glob("*.py")
    assert {path.name: n for path in verbs if (n := lines_of(path)) >= 200} == {}


def test_functions_can_be_seen_at_once() -> None:
    lengths = {
        f"{name}.{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    }
    long = {name: lines for name, lines in lengths.items() if lines > 60}
    assert len(long) <= 5 and max(long.values(), default=0) <= 80, long


def test_what_the_page_on_architecture_names_is_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    code = set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page))
    paths = {word for word in code if re.fullmatch(r"[\w./-]+(\.(py|md|sh|ipynb)|/)", word)}
    paths |= {str(Path("docs") / link) for link in re.findall(r"\]\(([^)#:]+)\)", page)}
    paths -= {"/media/"}  # an address
    rooms = (ROOT, *{path.parent for path in FILES.values()})
    assert len(paths) > 50
    assert {path for path in paths if not any((room / path).exists() for room in rooms)} == set()

    names = {word for word in code if re.fullmatch(r"[A-Za-z_][\w.]*(\(\))?", word)} - paths
    source = "\n".join(path.read_text("utf-8") for path in FILES.values())
    known = set(re.findall(r"\w+", source))
    assert len(names) > 50
    assert {name for name in names if not set(re.findall(r"\w+", name)) <= known} == set()
