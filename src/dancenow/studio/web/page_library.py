"""The tab with all that was learned: to look at, rename, delete, take along and bring back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from dancenow.errors import InputError
from dancenow.studio.desk import Desk
from dancenow.studio.library import CONSENT_TEXT, Entry, Kind
from dancenow.studio.web.asked import QUIET, owner_of_request
from dancenow.studio.web.parts import good, nothing, question, said, shelf, wrong

_HEADINGS = {Kind.person: "People", Kind.dance: "Dances"}
_NONE = {
    Kind.person: "Nobody yet: people are learned when you make a video with them.",
    Kind.dance: "None yet: dances are learned when you make a new one.",
}


def build_library(desk: Desk, stock: gr.State) -> None:
    """Build the tab; `stock` changes when something was learned, and is changed here."""
    message = gr.HTML(nothing(), visible=False, elem_id="library-message")

    def draw(_: str, request: gr.Request) -> None:
        library = desk.library(owner_of_request(request))
        for kind in Kind:
            entries = library.all(kind)
            gr.HTML(f"<h2>{_HEADINGS[kind]}</h2>")
            if not entries:
                gr.HTML(f'<p class="hint">{_NONE[kind]}</p>')
            for entry in entries:
                _entry(desk, entry, message, stock)

    gr.render(inputs=[stock], triggers=[stock.change], show_progress="hidden")(draw)
    gr.HTML("<h2>Bring someone along</h2>")
    drop = gr.File(
        label="A person or a dance that was downloaded here or elsewhere (.zip, .dancenow)",
        height=180,
        interactive=True,
        elem_id="bring",
    )
    consent = gr.Checkbox(label=CONSENT_TEXT.replace("in this clip ", ""), elem_id="bring-consent")
    add = gr.Button("Add it", elem_id="bring-add")

    def bring(path: str | None, agreed: bool, request: gr.Request) -> tuple[Any, ...]:
        if path is None:
            return said(wrong("choose the file first.")), gr.skip(), gr.skip(), gr.skip()
        owner = owner_of_request(request)
        try:
            entry = desk.bring(owner, Path(path), Path(path).name, consent=agreed)
        except InputError as error:
            return said(wrong(str(error))), None, gr.skip(), gr.skip()
        return said(good(f"{entry.name} is here now.")), None, False, desk.stock(owner)

    add.click(bring, [drop, consent], [message, drop, consent, stock], **QUIET)


def _entry(desk: Desk, entry: Entry, message: gr.HTML, stock: gr.State) -> None:
    """One person or dance with what can be done with it."""
    with gr.Column(elem_classes="entry"):
        gr.HTML(shelf(entry))
        with gr.Row():
            rename = gr.Button(f"Rename {entry.name}", size="sm")
            delete = gr.Button(f"Delete {entry.name} …", size="sm")
        with gr.Column(visible=False) as renaming:
            name = gr.Textbox(
                entry.name, label=f"New name for {entry.name}", max_length=60, interactive=True
            )
            save = gr.Button("Save the name", variant="primary", size="sm")
        with gr.Column(visible=False) as asking:
            gr.HTML(question(entry))
            with gr.Row():
                sure = gr.Button(f"Yes, delete {entry.name}", variant="stop", size="sm")
                keep = gr.Button(f"Keep {entry.name}", size="sm")

    def renamed(called: str, request: gr.Request) -> tuple[Any, ...]:
        owner = owner_of_request(request)
        try:
            desk.library(owner).rename(entry.id, called)
        except InputError as error:
            return said(wrong(str(error))), gr.skip()
        return said(nothing()), desk.stock(owner)

    def deleted(request: gr.Request) -> tuple[Any, ...]:
        owner = owner_of_request(request)
        try:
            desk.delete(owner, entry.id)
        except InputError as error:
            return said(wrong(str(error))), gr.skip()
        return said(good(f"{entry.name} is deleted.")), desk.stock(owner)

    rename.click(lambda: gr.Column(visible=True), None, renaming, **QUIET)
    delete.click(lambda: gr.Column(visible=True), None, asking, **QUIET)
    keep.click(lambda: gr.Column(visible=False), None, asking, **QUIET)
    save.click(renamed, name, [message, stock], **QUIET)
    sure.click(deleted, None, [message, stock], **QUIET)
