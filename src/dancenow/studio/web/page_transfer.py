"""The tab that makes one person dance like another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr

from dancenow.errors import InputError
from dancenow.studio.contents import Sort
from dancenow.studio.desk import Desk
from dancenow.studio.library import CONSENT_TEXT, Kind
from dancenow.studio.orders import SAMPLES
from dancenow.studio.web.asked import QUIET, SCROLL, owner_of_request
from dancenow.studio.web.chooser import Chooser, build_chooser
from dancenow.studio.web.parts import nothing, said, step, wrong
from dancenow.studio.wishes import TransferWish

QUALITY: Final = [
    ("Quick look: 1 minute", 1.0),
    ("Good: 5 minutes", 5.0),
    ("Best: 10 minutes", 10.0),
]
_OWN: Final = "own"
_BACKGROUNDS: Final = [
    ("The dancer's own room", "target"),
    ("The room of the clip that is danced like", "source"),
    ("White", "white"),
    ("Green, to put something behind it later", "#00b140"),
    ("A picture or clip of mine", _OWN),
]


@dataclass(frozen=True)
class TransferTab:
    """The parts of it that others need.

    Attributes:
        source: where the motion is chosen.
        target: where the dancer is chosen.
    """

    source: Chooser
    target: Chooser


def build_transfer(desk: Desk, selected: gr.State) -> TransferTab:
    """Build the tab; `selected` takes the id of the job that it starts."""
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            source = build_chooser(
                desk,
                1,
                "Dance like whom?",
                "A clip of one person dancing, seen from head to feet.",
                name="source",
                offer="Or a sample performer",
                choices=lambda _: _sample_sources(),
            )
        with gr.Column(min_width=300):
            target = build_chooser(
                desk,
                2,
                "Who is to dance?",
                "A clip of 10 s or more in which this person moves a lot.",
                name="target",
                offer="Or someone from here",
                choices=lambda owner: people(desk, owner),
            )
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
    gr.HTML(step(3, "How long may it learn?", "Someone who was learned before is ready at once."))
    minutes = gr.Radio(QUALITY, value=5.0, label="Quality", elem_id="quality")
    with gr.Accordion("More choices", open=False, elem_id="more"):
        background = gr.Radio(_BACKGROUNDS, value="target", label="What is behind the dancer?")
        own = gr.File(label="Your picture or clip", visible=False, height=180, interactive=True)
        limbs = gr.Checkbox(label="Give every limb the dancer's own length (bodies differ a lot)")
    go = gr.Button("Make the video", variant="primary", size="lg", elem_id="go-transfer")
    message = gr.HTML(nothing(), visible=False, elem_id="transfer-message")

    def asked(ref: str) -> tuple[Any, Any]:
        new = ref.startswith("upload:")
        return gr.Textbox(visible=new, value=""), gr.Checkbox(visible=new, value=False)

    def start(
        of: str,
        to: str,
        called: str,
        agreed: bool,
        minutes: float,
        behind: str,
        own: str | None,
        limbs: bool,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        owner = owner_of_request(request)
        try:
            if behind == _OWN:
                behind = _taken(desk, owner, own)
            wish = TransferWish(of, to, called, agreed, minutes, behind, limbs)
            job = desk.transfer(owner, wish)
        except InputError as error:
            return said(wrong(str(error))), gr.skip()
        return said(nothing()), job.id

    target.ref.change(asked, target.ref, [name, consent], **QUIET)
    background.change(
        lambda choice: gr.File(visible=choice == _OWN),
        background,
        own,
        **QUIET,
    )
    go.click(
        start,
        [source.ref, target.ref, name, consent, minutes, background, own, limbs],
        [message, selected],
        **QUIET,
    ).then(None, js=SCROLL)
    return TransferTab(source, target)


def people(desk: Desk, owner: str) -> list[tuple[str, str]]:
    """Who can dance: the owner's people, then the sample performers that are none of them yet."""
    mine = desk.library(owner).all(Kind.person)
    known = {entry.sample for entry in mine}
    samples = [
        (f"{name.capitalize()}, a sample performer", f"sample:{name}")
        for name in SAMPLES
        if name not in known
    ]
    return [(entry.name, f"person:{entry.id}") for entry in mine] + samples


def _sample_sources() -> list[tuple[str, str]]:
    return [
        (f"{name.capitalize()} dancing {dance}", f"sample:{name}/{dance}")
        for name, dance in SAMPLES.items()
    ]


def _taken(desk: Desk, owner: str, path: str | None) -> str:
    """The background that was brought."""
    if path is None:
        raise InputError("choose the picture or clip that is to be behind the dancer.")
    upload = desk.take_other(owner, Path(path), Path(path).name, Sort.picture)
    return f"upload:{upload.id}"
