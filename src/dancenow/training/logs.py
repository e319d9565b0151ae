"""Where training logs to: TensorBoard, a CSV table, or nowhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.files import make_folder, write_text
from dancenow.options.groups import LoggerName

METRICS: Final = "metrics.csv"
FIGURES: Final = "figures.csv"


class Logger(Protocol):
    """Receives what a training reports."""

    def losses(self, step: int, seconds: float, values: Mapping[str, float]) -> None:
        """Log the losses after `step` steps and `seconds` of training."""

    def picture(self, step: int, picture: NDArray[np.uint8]) -> None:
        """Log a preview, uint8 `(H, W, 3)` RGB."""

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """Log what was measured at the end."""

    def close(self) -> None:
        """Write what is still buffered."""


def check_logger(name: LoggerName) -> None:
    """Raise `InputError` now, before long work, where the package of a logger is missing."""
    if name == "tensorboard" and find_spec("tensorboard") is None:
        raise InputError(
            "`logger=tensorboard`: needs one more package: pip install 'dancenow[tensorboard]'."
        )


def open_logger(name: LoggerName, checkpoint: Path, step: int) -> Logger:
    """The logger of that name.

    Args:
        name: which one.
        checkpoint: the training's folder; TensorBoard writes into its `logs`, CSV into its
            `metrics.csv`.
        step: steps done so far; logs of later steps are dropped.
    """
    if name == "tensorboard":
        return _TensorBoardLogger(checkpoint / "logs", step)
    if name == "csv":
        return _CsvLogger(checkpoint, step)
    return _NoLogger()


def log_figures(
    name: LoggerName, checkpoint: Path, step: int, values: Mapping[str, object]
) -> None:
    """Log what was measured at the end of a training; values that are not numbers are skipped."""
    numbers = {
        key: float(value)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    logger = open_logger(name, checkpoint, step)
    try:
        logger.figures(step, numbers)
    finally:
        logger.close()


class _NoLogger:
    """Logs nothing."""

    def losses(self, step: int, seconds: float, values: Mapping[str, float]) -> None: ...

    def picture(self, step: int, picture: NDArray[np.uint8]) -> None: ...

    def figures(self, step: int, values: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class _TensorBoardLogger:
    """Event files in a folder."""

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow to import

        # Ctrl-C inside TensorBoard's queue can let its thread sleep until the next flush.
        self._writer = SummaryWriter(str(folder), purge_step=step + 1, flush_secs=2)

    def losses(self, step: int, seconds: float, values: Mapping[str, float]) -> None:
        for name, value in {**values, "seconds": seconds}.items():
            self._writer.add_scalar(name, value, step)

    def picture(self, step: int, picture: NDArray[np.uint8]) -> None:
        self._writer.add_image("preview", picture, step, dataformats="HWC")

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(f"final/{name}", value, step)

    def close(self) -> None:
        self._writer.close()


class _CsvLogger:
    """Writes `metrics.csv`, and `figures.csv` with what was measured at the end."""

    def __init__(self, folder: Path, step: int) -> None:
        make_folder(folder)
        self._path, self._figures = folder / METRICS, folder / FIGURES
        self._names, rows = _rows_until(self._path, step)
        if self._path.exists():
            self._write(rows)

    def losses(self, step: int, seconds: float, values: Mapping[str, float]) -> None:
        new = [name for name in values if name not in self._names]
        if new or not self._path.exists():  # the header changes, so rewrite the file
            _, rows = _rows_until(self._path, step)
            self._names += new
            self._write(rows)
        row = {"step": str(step), "seconds": f"{seconds:.2f}"}
        row |= {name: f"{value:.6g}" for name, value in values.items()}
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(_line(row.get(column, "") for column in self._columns))

    def picture(self, step: int, picture: NDArray[np.uint8]) -> None: ...

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        lines = [_line(("step", "name", "value"))]
        lines += [_line((step, name, f"{value:.6g}")) for name, value in values.items()]
        write_text(self._figures, "".join(lines))

    def close(self) -> None: ...

    @property
    def _columns(self) -> list[str]:
        return ["step", "seconds", *self._names]

    def _write(self, rows: list[dict[str, str]]) -> None:
        lines = [_line(self._columns)]
        lines += [_line(row.get(column, "") for column in self._columns) for row in rows]
        write_text(self._path, "".join(lines))


def _rows_until(path: Path, step: int) -> tuple[list[str], list[dict[str, str]]]:
    """The losses' names and the rows up to a step; incomplete lines are skipped."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head, *lines = list(csv.reader(file)) or [[]]
    except (OSError, ValueError, csv.Error):
        return [], []
    whole = [dict(zip(head, line, strict=True)) for line in lines if len(line) == len(head)]
    rows = [row for row in whole if row.get("step", "").isdigit() and int(row["step"]) <= step]
    return head[2:], rows


def _line(cells: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)  # type: ignore[arg-type]
    return text.getvalue()
