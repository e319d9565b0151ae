"""A batch's tasks on a cluster, by Ray Core: each states what it needs, Ray finds it a place."""

from __future__ import annotations

import logging
import os
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from dancenow.errors import DanceNowError, DanceNowWarning, InputError
from dancenow.progress import silent
from dancenow.workflows._batch_do import do
from dancenow.workflows._batch_schedule import DIED, Outcome
from dancenow.workflows._batch_tasks import Kind, Task

_CORES: Final = 4  # that a task makes good use of
_GIB: Final = 1 << 30
_MEMORY: Final[dict[Kind, int]] = {"learn": 3 * _GIB, "moves": 3 * _GIB}  # bytes
_LESS: Final = 2 * _GIB  # of all others
_ON_GPU: Final = ("learn", "moves", "perform", "compose", "paint")
_GRACE: Final = 60.0  # seconds to save a checkpoint
_PASSED_ON: Final = ("DANCENOW_CACHE", "DANCENOW_CREDENTIALS")  # variables that workers get


@dataclass
class _Begun:
    task: Task
    reference: Any
    time: float


class Cluster:
    """The cluster that RAY_ADDRESS names or that runs here; else this machine becomes one.

    All its machines need DanceNow, and see inputs, outputs and DANCENOW_CACHE at the same paths.

    Args:
        count: how many tasks are begun at once; None leaves it to Ray.

    Raises:
        InputError: Ray is not installed, or its cluster is out of reach.
    """

    def __init__(self, count: int | None) -> None:
        try:
            import ray
        except ImportError as error:
            raise InputError("`engine=ray`: needs Ray: pip install 'dancenow[ray]'.") from error
        self._ray, self._count = ray, count
        self.doing: dict[str, str] = {}
        self._begun: list[_Begun] = []
        self._mine = not ray.is_initialized()
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            if self._mine:
                ray.init(
                    runtime_env={"env_vars": passed},
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
            nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise InputError(f"`engine=ray`: {' '.join(str(error).split())[:300]}") from error
        if not nodes:
            raise InputError("`engine=ray`: the cluster has no machine.")
        self._nodes = nodes
        self._attempt = ray.remote(max_retries=0)(_attempt)

    def begin(self, task: Task) -> bool:
        if self._count is not None and len(self._begun) >= self._count:
            return False
        needs = self._needs(task)
        place = self._attempt.options(name=task.key, **needs)
        begun = place.remote(task, needs["num_cpus"])
        self._begun.append(_Begun(task, begun, time.monotonic()))
        self.doing[task.key] = "on the cluster"
        return True

    def _needs(self, task: Task) -> dict[str, Any]:
        """What a task asks for: no more than one of the machines has."""
        device = str(getattr(task.options, "device", "auto"))
        with_gpu = [node for node in self._nodes if node.get("GPU", 0) >= 1]
        on_gpu = bool(with_gpu) and task.kind in _ON_GPU and device != "cpu"
        nodes = with_gpu if on_gpu else self._nodes
        best = max(nodes, key=lambda node: (min(node.get("CPU", 0), _CORES), node.get("memory", 0)))
        memory = _MEMORY.get(task.kind, _LESS)
        return {
            "num_cpus": max(1, int(min(best.get("CPU", 0), _CORES))),
            "num_gpus": int(on_gpu),
            "memory": int(min(best.get("memory", 0), memory)),
        }

    def ended(self) -> Iterator[Outcome]:
        references = [each.reference for each in self._begun]
        ready, _ = self._ray.wait(references, timeout=1.0) if references else ([], [])
        for reference in ready:
            begun = next(each for each in self._begun if each.reference == reference)
            self._begun.remove(begun)
            del self.doing[begun.task.key]
            yield self._outcome(begun)

    def _outcome(self, begun: _Begun) -> Outcome:
        seconds = time.monotonic() - begun.time
        try:
            figures, error, trace, told, seconds = self._ray.get(begun.reference)
        except self._ray.exceptions.RayTaskError as failure:
            return Outcome(begun.task, {}, _fault(failure), str(failure), seconds)
        except self._ray.exceptions.RayError:  # the worker, or its machine, is gone
            return Outcome(begun.task, {}, DIED, seconds=seconds)
        return Outcome(begun.task, figures, error, trace, seconds, told)

    def close(self) -> None:
        for each in self._begun:
            self._ray.cancel(each.reference)  # as Ctrl-C would
        if self._begun:
            references = [each.reference for each in self._begun]
            self._ray.wait(references, num_returns=len(references), timeout=_GRACE)
        if self._mine:
            self._ray.shutdown()


def _attempt(task: Task, cores: int) -> tuple[dict[str, Any], str, str, tuple[str, ...], float]:
    """Do a task on a worker: its figures, error, traceback, warnings and seconds."""
    import torch

    torch.set_num_threads(cores)
    began = time.monotonic()
    figures: dict[str, Any] = {}
    error, trace = "", ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DanceNowWarning)
        try:
            figures = do(task, silent)
        except DanceNowError as problem:
            error = str(problem)
        except Exception as problem:
            error, trace = _fault(problem), traceback.format_exc()
    told = dict.fromkeys(str(each.message) for each in caught if _ours(each))
    return figures, error, trace, tuple(told), time.monotonic() - began


def _ours(warning: warnings.WarningMessage) -> bool:
    return issubclass(warning.category, DanceNowWarning)


def _fault(error: Exception) -> str:
    return f"a fault of DanceNow: {type(error).__name__}; its traceback is in batch.json."
