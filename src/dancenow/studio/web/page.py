"""The page: three tabs, and below them the user's videos.  It holds no logic: the service does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import gradio as gr

from dancenow.studio.service import StudioService
from dancenow.studio.web.dance_tab import DanceTab
from dancenow.studio.web.handlers import LISTENER_OPTIONS, QUEUED_OPTIONS, request_owner
from dancenow.studio.web.library_tab import build_library_tab
from dancenow.studio.web.transfer_tab import TransferTab
from dancenow.studio.web.videos_panel import VideosPanel

_TITLE: Final = """<div id="title"><h1>DanceNow studio</h1>
<p>Make someone dance like someone else, or compose a dance that nobody danced. Nothing is
sent anywhere else. <a href="/timeline">Direct a dance on the time line</a>, of passages, poses and
music.</p></div>"""
_REFRESH_SECONDS: Final = 1.0
_SCROLL_UP_JS: Final = "() => window.scrollTo({top: 0, behavior: 'smooth'})"


def build_page(service: StudioService) -> Any:
    """The page as Gradio's Blocks."""
    with gr.Blocks(
        title="DanceNow studio", analytics_enabled=False, delete_cache=(1800, 6 * 3600)
    ) as page:
        selected = gr.State("")
        # A component, not a state: the browser notices that it changes, without Gradio's queue.
        library_state = gr.Textbox(visible="hidden", elem_id="library-state")
        gr.HTML(_TITLE)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
            with gr.Tab("Transfer", id="transfer"):
                transfer = TransferTab(service, selected)
            with gr.Tab("New dance", id="dance"):
                dance = DanceTab(service, selected)
            with gr.Tab("My people and dances", id="library"):
                build_library_tab(service, library_state)
        videos = VideosPanel(service, selected)

        def refresh(job: str, shown: str, old: str, request: gr.Request) -> tuple[Any, ...]:
            new = service.library_state(request_owner(request))
            return (*videos.refresh(job, shown, request), gr.skip() if new == old else new)

        def update_lists(request: gr.Request) -> tuple[Any, ...]:
            owner = request_owner(request)
            choosers = (transfer.source, transfer.target)
            lists = [gr.Dropdown(choices=[("Choose …", ""), *c.choices(owner)]) for c in choosers]
            return (*lists, *dance.choices(owner))

        def another(id: str, request: gr.Request) -> tuple[Any, ...]:
            return _prefilled(service, request_owner(request), id, transfer)

        gr.on(
            [page.load, gr.Timer(_REFRESH_SECONDS).tick],
            refresh,
            [*videos.inputs, library_state],
            [*videos.outputs, library_state],
            **LISTENER_OPTIONS,
        )
        lists = [transfer.source.pick, transfer.target.pick, dance.dance, dance.performer]
        library_state.change(update_lists, None, lists, **LISTENER_OPTIONS)
        videos.another.click(
            another,
            selected,
            [tabs, *transfer.target.outputs, dance.dance, dance.performer, dance.seed],
            **QUEUED_OPTIONS,
        ).then(None, js=_SCROLL_UP_JS)
    return page


def _prefilled(
    service: StudioService, owner: str, id: str, transfer: TransferTab
) -> tuple[Any, ...]:
    """Updates that select the tab which started a job, and fill in its person and dance."""
    job, library = service.queue.get(owner, id), service.library(owner)
    tab = gr.skip()
    person: Sequence[Any] = [gr.skip()] * len(transfer.target.outputs)
    form: Sequence[Any] = [gr.skip()] * 3
    if job is not None:
        again = job.request["again"]
        known = again["person"] is not None and library.get(again["person"]) is not None
        ref = f"person:{again['person']}" if known else ""  # it may have been deleted since
        if job.kind == "new_dance":
            entry = library.get(again["dance"])
            name = "samples" if entry is None or entry.sample else f"dance:{entry.id}"
            tab, form = gr.Tabs(selected="dance"), (name, ref, int(job.request["seed"]) + 1)
        else:
            tab = gr.Tabs(selected="transfer")
            person = transfer.target.chosen(owner, ref) if known else person
    return (tab, *person, *form)
