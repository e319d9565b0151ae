"""The page: three tabs, and below them what was asked for.  It holds no logic; `Desk` does."""

from __future__ import annotations

from typing import Any

import gradio as gr

from dancenow.studio.desk import Desk
from dancenow.studio.web.asked import QUIET, owner_of_request
from dancenow.studio.web.page_dance import build_dance
from dancenow.studio.web.page_library import build_library
from dancenow.studio.web.page_transfer import build_transfer
from dancenow.studio.web.page_videos import build_videos

_TITLE = """<div id="title"><h1>DanceNow studio</h1>
<p>Make someone dance like someone else, or compose a dance that nobody danced. Nothing is
sent anywhere else.</p></div>"""
_SECONDS = 1.0  # between two looks at the jobs


def build_page(desk: Desk) -> Any:
    """The page as Gradio's Blocks."""
    with gr.Blocks(
        title="DanceNow studio", analytics_enabled=False, delete_cache=(1800, 6 * 3600)
    ) as page:
        selected, stock = gr.State(""), gr.State("")
        gr.HTML(_TITLE)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
            with gr.Tab("Transfer", id="transfer"):
                transfer = build_transfer(desk, selected)
            with gr.Tab("New dance", id="dance"):
                dance = build_dance(desk, selected)
            with gr.Tab("My people and dances", id="library"):
                build_library(desk, stock)
        videos = build_videos(desk, selected)

        def tick(job: str, before: str, had: str, request: gr.Request) -> tuple[Any, ...]:
            has = desk.stock(owner_of_request(request))
            return (*videos.look(job, before, request), gr.skip() if has == had else has)

        def restock(request: gr.Request) -> tuple[Any, ...]:
            owner = owner_of_request(request)
            choosers = (transfer.source, transfer.target)
            lists = (gr.Dropdown(choices=_with_none(c.choices(owner))) for c in choosers)
            return (*lists, *dance.choices(desk, owner))

        def another(id: str, request: gr.Request) -> tuple[Any, ...]:
            owner = owner_of_request(request)
            job = desk.queue.get(owner, id)
            untouched = [gr.skip()] * (len(transfer.target.outputs) + 4)
            if job is None:
                return tuple(untouched)
            again = job.request["again"]
            who = f"person:{again['person']}" if again["person"] else ""
            if job.kind == "transfer":
                shown = transfer.target.show(owner, who)
                return (gr.Tabs(selected="transfer"), *shown, *[gr.skip()] * 3)
            entry = desk.library(owner).get(again["dance"])
            what = "samples" if entry is None or entry.sample else f"dance:{entry.id}"
            seed = int(job.request["seed"]) + 1
            filled = [gr.skip()] * len(transfer.target.outputs)
            return (gr.Tabs(selected="dance"), *filled, what, who, seed)

        gr.on(
            [page.load, gr.Timer(_SECONDS).tick],
            tick,
            [*videos.inputs, stock],
            [*videos.outputs, stock],
            **QUIET,
        )
        lists = [transfer.source.pick, transfer.target.pick, dance.dance, dance.performer]
        stock.change(restock, None, lists, **QUIET)
        filled = [dance.dance, dance.performer, dance.seed]
        videos.another.click(
            another, selected, [tabs, *transfer.target.outputs, *filled], **QUIET
        ).then(None, js="() => window.scrollTo({top: 0, behavior: 'smooth'})")
    return page


def _with_none(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("Choose …", ""), *choices]
