"""A job as it is stored."""

from __future__ import annotations

import json
from pathlib import Path

from dancenow.studio.job import Job, JobState, read_jobs, write_job

STORED = {
    "id": "AbCdEfGhIjKlMnOpQrStUv",
    "owner": "anna",
    "kind": "transfer",
    "title": "Zola dances like Mika",
    "request": {"uses": [], "names": {}, "again": {"person": "x"}},
    "state": "cancelled",
    "created": 1.0,
    "ended": 2.0,
    "progress": {"stage": "learning", "done": 3.0, "left": None},
    "preview": 1.5,
    "result": {},
    "error": "",
    "warnings": ["mind the step"],
}


def test_a_job_that_was_stored_before_is_read_and_stored_alike(tmp_path: Path) -> None:
    file = tmp_path / str(STORED["id"]) / "job.json"
    file.parent.mkdir()
    file.write_text(json.dumps(STORED))
    (job,) = read_jobs(tmp_path, "anna")
    assert isinstance(job, Job)
    assert job.state is JobState.cancelled
    assert job.warnings == ("mind the step",)
    file.unlink()
    write_job(job, file.parent)
    assert json.loads(file.read_text()) == STORED | {"first_look": False, "step": "", "began": 0.0}
    assert read_jobs(tmp_path, "ben") == []
