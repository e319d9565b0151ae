"""The tab that makes one person dance like another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import gradio as gr

from dancenow.errors import InputError
from dancenow.studio.forms import TransferForm
from dancenow.studio.library import CONSENT_TEXT, EntryKind
from dancenow.studio.media_types import UploadKind
from dancenow.studio.requests import SAMPLE_PERFORMERS
from dancenow.studio.service import StudioService
from dancenow.studio.web.chooser import Choices, ClipChooser
from dancenow.studio.web.fragments import step_heading
from dancenow.studio.web.handlers import (
    LISTENER_OPTIONS,
    SCROLL_JS,
    attempt,
    message_box,
    request_owner,
)

QUALITY: Final = [
    ("Quick look: 1 minute", 1.0),
    ("Good: 5 minutes", 5.0),
    ("Best: 10 minutes", 10.0),
]
_OWN: Final = "own"
_BACKGROUNDS: Final = [
    ("The dancer's own room", "target"),
    ("The room in the clip of step 1", "source"),
    ("White", "white"),
    ("Green, to put something behind it later", "#00b140"),
    ("My own picture or clip", _OWN),
]


class TransferTab:
    """The tab's components and their listeners.

    Args:
        service: the studio's service.
        selected: takes the id of the job that is started.

    Attributes:
        source: where the motion is chosen.
        target: where the dancer is chosen.
    """

    def __init__(self, service: StudioService, selected: gr.State) -> None:
        self._service = service
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300):
                self.source = ClipChooser(
                    service,
                    1,
                    "Whose dance?",
                    "A clip of one person dancing, seen from head to feet.",
                    name="source",
                    list_label="Or a sample performer",
                    choices=lambda _: _sample_clips(),
                )
            with gr.Column(min_width=300):
                self.target = ClipChooser(
                    service,
                    2,
                    "Who dances it?",
                    "A clip of 10 s or more in which this person moves a lot; of a photo, a puppet "
                    "is made.",
                    name="target",
                    list_label="Or someone from the list",
                    choices=lambda owner: performer_choices(service, owner),
                    photos=True,
                )
                person = self._new_person()
        gr.HTML(step_heading(3, "How long may it learn?", "Someone it knows is ready at once."))
        minutes = gr.Radio(QUALITY, value=5.0, label="Quality", elem_id="quality")
        more = self._more_options()
        self._fields = {
            "source": self.source.ref,
            "target": self.target.ref,
            "source_person": self.source.person,
            "target_person": self.target.person,
            "minutes": minutes,
            **person,
            **more,
        }
        go = gr.Button("Make the video", variant="primary", size="lg", elem_id="go-transfer")
        message = message_box("transfer-message")
        inputs = set(self._fields.values())
        go.click(self._start, inputs, [message, selected], **LISTENER_OPTIONS).then(
            None, js=SCROLL_JS
        )

    def _new_person(self) -> dict[str, Any]:
        """The name and the consent of someone new; hidden until a clip is uploaded."""
        name = gr.Textbox(
            label="What is this person called?",
            max_length=60,
            visible=False,
            interactive=True,
            elem_id="person-name",
        )
        consent = gr.Checkbox(
            label=CONSENT_TEXT, visible=False, interactive=True, elem_id="consent"
        )

        def changed(ref: str) -> tuple[Any, Any]:
            new = ref.startswith("upload:")
            return gr.Textbox(visible=new, value=""), gr.Checkbox(visible=new, value=False)

        ref = self.target.ref
        ref.change(changed, ref, [name, consent], **LISTENER_OPTIONS)
        return {"name": name, "consent": consent}

    def _more_options(self) -> dict[str, Any]:
        with gr.Accordion("More options", open=False, elem_id="more"):
            background = gr.Radio(_BACKGROUNDS, value="target", label="What is behind the dancer?")
            own = gr.File(label="Your picture or clip", visible=False, height=180, interactive=True)
            limbs = gr.Checkbox(
                label="Fit every limb to the dancer's own length (for very different bodies)"
            )
        background.change(
            lambda choice: gr.File(visible=choice == _OWN), background, own, **LISTENER_OPTIONS
        )
        return {"background": background, "own": own, "limbs": limbs}

    def _start(self, inputs: dict[Any, Any], request: gr.Request) -> tuple[Any, Any]:
        values = {name: inputs[component] for name, component in self._fields.items()}
        owner, own = request_owner(request), values.pop("own")

        def start() -> str:
            if values["background"] == _OWN:
                values["background"] = _added_background(self._service, owner, own)
            return self._service.start_transfer(owner, TransferForm(**values)).id

        return attempt(start)


def performer_choices(service: StudioService, owner: str) -> Choices:
    """Who can dance: the owner's people, and the sample performers that are not among them."""
    people = service.library(owner).all(EntryKind.person)
    known = {entry.sample for entry in people}
    samples = [
        (f"{name.capitalize()}, a sample performer", f"sample:{name}")
        for name in SAMPLE_PERFORMERS
        if name not in known
    ]
    return [(entry.name, f"person:{entry.id}") for entry in people] + samples


def _sample_clips() -> Choices:
    return [
        (f"{name.capitalize()} dancing {dance}", f"sample:{name}/{dance}")
        for name, dance in SAMPLE_PERFORMERS.items()
    ]


def _added_background(service: StudioService, owner: str, path: str | None) -> str:
    """The ref of the background that was uploaded."""
    if path is None:
        raise InputError("choose the picture or clip that is to be behind the dancer.")
    upload = service.add_upload(owner, Path(path), Path(path).name, UploadKind.picture)
    return f"upload:{upload.id}"
