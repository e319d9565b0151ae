"""The check of a GPU, tried on the CPU with small networks: every part runs and passes."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "gpu.py"


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("gpu_check", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "gpu_check", module)  # dataclasses look for it
    spec.loader.exec_module(module)
    return module


def run(gpu: ModuleType, monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["gpu.py", *map(str, words)])
    status = gpu.main()
    assert isinstance(status, int)
    return status


@pytest.mark.slow
def test_every_part_passes_on_the_cpu(
    gpu: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit, result = tmp_path / "kit", tmp_path / "rows.json"
    words = [kit, "--quick", "--device", "cpu", "--minutes", 0.02, "--compare", 0.02]
    words += ["--json", result]
    assert run(gpu, monkeypatch, "check", *words) == 2  # there is no kit
    assert run(gpu, monkeypatch, "kit", kit, "--quick") == 0
    assert run(gpu, monkeypatch, "check", *words) == 0
    rows = json.loads(result.read_text())
    assert {row["part"] for row in rows} >= {part.__name__ for part in gpu.PARTS}
    assert sum(row.get("passed") is True for row in rows) == 14
    assert all(row.get("passed", True) and "error" not in row for row in rows)


def test_a_part_that_fails_is_told_and_the_others_go_on(
    gpu: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such kernel")

    run(gpu, monkeypatch, "kit", tmp_path, "--quick")
    monkeypatch.setattr(gpu, "PARTS", (broken, gpu.memory))
    assert run(gpu, monkeypatch, "check", tmp_path, "--quick", "--device", "cpu") == 1
    out = capsys.readouterr().out
    assert "no such kernel" in out and "out of memory" in out


def test_a_device_that_is_not_there_is_one_line(
    gpu: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "person.safetensors").touch()
    monkeypatch.setattr(gpu.torch.cuda, "is_available", lambda: False)
    assert run(gpu, monkeypatch, "check", tmp_path, "--device", "cuda") == 2
    assert "`device=cuda`: PyTorch" in capsys.readouterr().err
