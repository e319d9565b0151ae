"""The tab of the user's people and dances: to view, rename, delete, download and import."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import gradio as gr

from dancenow.errors import InputError
from dancenow.report.html import element
from dancenow.studio.library import CONSENT_TEXT, EntryKind, LibraryEntry
from dancenow.studio.service import StudioService
from dancenow.studio.web.fragments import delete_question, hint, library_card, success_message
from dancenow.studio.web.handlers import (
    LISTENER_OPTIONS,
    error_update,
    message_box,
    message_update,
    request_owner,
)

_HEADINGS: Final = {EntryKind.person: "People", EntryKind.dance: "Dances"}
_NONE: Final = {
    EntryKind.person: "Nobody yet: people are learned when you make a video with them.",
    EntryKind.dance: "None yet: dances are learned when you make a new one.",
}


def build_library_tab(service: StudioService, state: gr.Textbox) -> None:
    """Build the tab; it is drawn anew when `state`, the owner's `library_state`, changes.

    Only the page's regular look at the library writes `state`.  Gradio compares it with what it was
    when an event began: written by two events at once, it would change twice, and the second time
    whatever was typed since would be lost.
    """
    message = message_box("library-message")

    def draw(_: str, request: gr.Request) -> None:
        library = service.library(request_owner(request))
        for kind in EntryKind:
            entries = library.all(kind)
            gr.HTML(element("h2", _HEADINGS[kind]))
            if not entries:
                gr.HTML(hint(_NONE[kind]))
            for entry in entries:
                _build_entry(service, entry, message)

    gr.render(inputs=[state], triggers=[state.change], show_progress="hidden", queue=False)(draw)
    gr.HTML("<h2>Add someone from a file</h2>")
    drop = gr.File(
        label="A person or a dance that was downloaded here or elsewhere (.zip, .dancenow)",
        height=180,
        interactive=True,
        elem_id="import",
    )
    consent = gr.Checkbox(label=CONSENT_TEXT.replace("in this clip ", ""), elem_id="import-consent")
    add = gr.Button("Add", elem_id="import-add")

    def import_archive(path: str | None, agreed: bool, request: gr.Request) -> tuple[Any, ...]:
        unchanged = gr.skip()
        if path is None:
            return error_update("choose the file first."), unchanged, unchanged
        owner = request_owner(request)
        try:
            entry = service.import_archive(owner, Path(path), Path(path).name, consent=agreed)
        except InputError as error:
            return error_update(error), None, unchanged
        return message_update(success_message(f"{entry.name} was added.")), None, False

    add.click(import_archive, [drop, consent], [message, drop, consent], **LISTENER_OPTIONS)


def _build_entry(service: StudioService, entry: LibraryEntry, message: gr.HTML) -> None:
    """One person or dance, with its buttons."""
    with gr.Column(elem_classes="entry"):
        gr.HTML(library_card(entry))
        with gr.Accordion(f"Rename {entry.name}", open=False):
            name = gr.Textbox(
                entry.name, label=f"New name for {entry.name}", max_length=60, interactive=True
            )
            save = gr.Button("Save the name", variant="primary", size="sm")
        with gr.Accordion(f"Delete {entry.name} …", open=False):
            gr.HTML(delete_question(entry))
            confirm = gr.Button(f"Yes, delete {entry.name}", variant="stop", size="sm")

    def renamed(new_name: str, request: gr.Request) -> Any:
        try:
            service.library(request_owner(request)).rename(entry.id, new_name)
        except InputError as error:
            return error_update(error)
        return message_update(success_message(f"{entry.name} was renamed."))

    def deleted(request: gr.Request) -> Any:
        try:
            service.delete(request_owner(request), entry.id)
        except InputError as error:
            return error_update(error)
        return message_update(success_message(f"{entry.name} was deleted."))

    save.click(renamed, name, message, **LISTENER_OPTIONS)
    confirm.click(deleted, None, message, **LISTENER_OPTIONS)
