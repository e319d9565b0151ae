"""The command line as scripts know it: every command's options, and the keys of its JSON.

Both are pinned in `cli_snapshot.json`.  `python tests/test_cli_snapshot.py` writes that file anew,
for a change that is meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
import typer

from dancenow.cli.apps import app
from dancenow.progress import StageTimes

SNAPSHOT = Path(__file__).with_name("cli_snapshot.json")


def results() -> dict[str, tuple[type, ...]]:
    """What each command prints with `--json`; some have two kinds of result."""
    from dancenow.choreographer.dancenet.method import FrameTrainingResult
    from dancenow.choreographer.motion.method import PoseTrainingResult
    from dancenow.detector import Verdict
    from dancenow.detector.learning import DetectorTrained
    from dancenow.evaluation.ablation import Ablation
    from dancenow.evaluation.clip import ClipScores
    from dancenow.evaluation.dance import DanceScores
    from dancenow.evaluation.motion import MotionScores
    from dancenow.evaluation.performer import PerformerScores
    from dancenow.workflows.demo import Demo
    from dancenow.workflows.evaluate_benchmark import Benchmarked
    from dancenow.workflows.export import PairsExported
    from dancenow.workflows.generate import Generated
    from dancenow.workflows.import_keras import Imported
    from dancenow.workflows.live import Live
    from dancenow.workflows.perform import Performed
    from dancenow.workflows.pose import PoseResult
    from dancenow.workflows.reconstruct import Reconstructed
    from dancenow.workflows.sample import SampleResult
    from dancenow.workflows.train_performer import Trained
    from dancenow.workflows.verify import Verified

    return {
        "demo": (Demo,),
        "detect": (Verdict,),
        "evaluate ablation": (Ablation,),
        "evaluate benchmark": (Benchmarked,),
        "evaluate clip": (ClipScores,),
        "evaluate dance": (MotionScores, DanceScores),
        "evaluate performer": (PerformerScores,),
        "export-edn": (PairsExported,),
        "generate": (Generated,),
        "import-keras": (Imported,),
        "perform": (Performed, Live),
        "pose": (PoseResult,),
        "reconstruct": (Reconstructed,),
        "sample": (SampleResult,),
        "train choreographer": (FrameTrainingResult, PoseTrainingResult),
        "train detector": (DetectorTrained,),
        "train performer": (Trained,),
        "transfer": (Performed,),
        "verify": (Verified,),
    }


def commands() -> dict[str, Any]:
    """Every command by its words."""

    def walk(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*words, name))
        if not hasattr(command, "commands"):
            yield " ".join(words), command

    return dict(sorted(walk(typer.main.get_command(app))))


def parameters(command: Any) -> dict[str, Any]:
    """A command's arguments and options by what the user types."""
    return {
        "/".join([*parameter.opts, *parameter.secondary_opts]): {
            "type": kind(parameter.type_descriptor.annotation),
            "required": parameter.required,
            "default": plain(parameter.default),
            "several": parameter.nargs != 1 or getattr(parameter, "multiple", False),
            "flag": getattr(parameter, "is_flag", False),
        }
        for parameter in command.params
        if parameter.name != "help"
    }


def kind(annotation: Any) -> str | list[str]:
    """What a parameter's text is read as, or what it can be chosen from."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(choice.value) for choice in annotation]
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return str(annotation.__name__)


def plain(value: Any) -> Any:
    """A default as JSON."""
    value = value() if callable(value) else getattr(value, "value", value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def keys(kind: Any) -> Any:
    """The keys of a result as JSON, nested where it holds others."""
    if kind is StageTimes:
        return "seconds by stage"
    if hasattr(kind, "model_fields"):
        return {name: keys(field.annotation) for name, field in kind.model_fields.items()}
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return {f.name: keys(hints[f.name]) for f in fields(kind) if not f.name.startswith("_")}
    if get_origin(kind) in (Union, UnionType):
        (inner,) = [each for each in get_args(kind) if each is not type(None)] or [None]
        return keys(inner)
    if get_origin(kind) in (list, tuple) and any(map(is_described, get_args(kind))):
        return [keys(get_args(kind)[0])]
    return "value"


def is_described(kind: Any) -> bool:
    """Whether a type has fields of its own."""
    return is_dataclass(kind) or hasattr(kind, "model_fields")


def found() -> dict[str, Any]:
    """What there is now, as it is pinned."""
    made = results()
    return {
        name: {
            "options": json.loads(json.dumps(parameters(command))),
            "json": [keys(kind) for kind in made.get(name, ())],
        }
        for name, command in commands().items()
    }


PINNED: Mapping[str, Any] = json.loads(SNAPSHOT.read_text("utf-8")) if SNAPSHOT.is_file() else {}


def test_there_are_the_commands_that_scripts_know() -> None:
    assert sorted(commands()) == sorted(PINNED)


@pytest.mark.parametrize("name", sorted(PINNED))
def test_a_command_takes_the_options_and_gives_the_keys_that_scripts_know(name: str) -> None:
    assert found()[name] == PINNED[name]


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(found(), indent=1, sort_keys=True) + "\n", "utf-8")
