"""The panel of videos: what a look at the jobs may change on the page."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from serving import WORKLOAD

gr = pytest.importorskip("gradio", reason="needs dancenow[studio]")

from dancenow.studio.config import StudioConfig  # noqa: E402
from dancenow.studio.forms import TransferForm  # noqa: E402
from dancenow.studio.service import StudioService  # noqa: E402
from dancenow.studio.web.guard import OWNER_KEY  # noqa: E402
from dancenow.studio.web.videos_panel import VideosPanel  # noqa: E402


def test_a_late_look_at_the_jobs_does_not_undo_what_was_selected(tmp_path: Path) -> None:
    request: Any = SimpleNamespace(request=SimpleNamespace(scope={OWNER_KEY: "anna"}))
    service = StudioService(StudioConfig(tmp_path / "data", workload=WORKLOAD))
    try:
        with gr.Blocks():
            selected = gr.State("")
            panel = VideosPanel(service, selected)
        place = panel.outputs.index(selected)
        jobs = []
        for _ in range(2):
            job = service.start_transfer("anna", TransferForm("sample:mika/groove", "sample:zola"))
            service.queue.cancel("anna", job.id)
            jobs.append(job.id)
        # Asked before the second job was started, answered after: the first stays unmentioned.
        assert panel.refresh(jobs[0], "", request)[place] == gr.skip()
        # Nothing was selected, or it is gone: the newest is.
        assert panel.refresh("", "", request)[place] == jobs[1]
        assert panel.refresh("gone", "", request)[place] == jobs[1]
    finally:
        service.queue.close()
