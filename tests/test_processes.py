"""Worker processes and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SLOW = """
import pathlib, time
pathlib.Path("importing").touch()
time.sleep(0.5)
"""

STARTS_A_WORKER = """
from dancenow.processes import kill, leave_terminal, start_worker, worker_context

def work(connection):
    leave_terminal()
    connection.send("up")
    connection.recv()

if __name__ == "__main__":
    context = worker_context(["slow"])
    here, there = context.Pipe()
    process = context.Process(target=work, args=(there,), daemon=True)
    try:
        start_worker(process)
    except KeyboardInterrupt:
        print("interrupted")
    there.close()
    print(here.recv())
    kill(process)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there a server forks the workers")
def test_ctrl_c_while_workers_are_prepared_reaches_those_above_them_alone(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "starts.py").write_text(STARTS_A_WORKER)
    with subprocess.Popen(
        [sys.executable, "starts.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while not (tmp_path / "importing").exists():
                assert process.poll() is None
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGINT)
            told, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (told.split(), errors) == (["interrupted", "up"], "")


ASKED_TO_END_AT_ONCE = """
import os, signal
from dancenow.processes import leave_terminal, start_worker, worker_context

def work():
    os.kill(os.getpid(), signal.SIGINT)
    leave_terminal()
    print("not reached")

if __name__ == "__main__":
    process = worker_context([]).Process(target=work)
    start_worker(process)
    process.join()
    print(process.exitcode)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that wait")
def test_a_worker_that_is_asked_to_end_before_it_began_ends_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "starts.py").write_text(ASKED_TO_END_AT_ONCE)
    done = subprocess.run(
        [sys.executable, "starts.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split(), done.stderr) == (["130"], "")
