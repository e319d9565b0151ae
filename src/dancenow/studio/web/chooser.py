"""One step of a form: choose a clip by upload, by camera, or from a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import gradio as gr

from dancenow.errors import InputError
from dancenow.pose.dancers import LARGEST
from dancenow.report.html import Html
from dancenow.studio.forms import ClipCard
from dancenow.studio.media_types import UploadKind
from dancenow.studio.service import StudioService
from dancenow.studio.web.fragments import clip_card, person_card, status_message, step_heading
from dancenow.studio.web.handlers import (
    QUEUED_OPTIONS,
    error_update,
    message_box,
    message_update,
    request_owner,
)

_PERSONS: Final = [
    ("The largest", LARGEST),
    ("The one on the left at first", "left"),
    ("The one on the right at first", "right"),
]
_CAMERA: Final = {"video": {"width": {"ideal": 1280}, "height": {"ideal": 720}}}

Choices = list[tuple[str, str]]
"""What a list offers: texts and values."""


class ClipChooser:
    """The step's components and their listeners.

    Args:
        service: the studio's service.
        number: of the step in its form.
        title: of the step.
        hint: shown below the title.
        name: prefix of the elements' ids.
        list_label: label of the list.
        choices: returns what the list offers an owner.
        photos: whether a photo can be chosen, too.

    Attributes:
        ref: refers to what was chosen; "" before.
        pick: the list.
        person: who of several persons in the clip.
        outputs: the components that `chosen` updates.
    """

    def __init__(
        self,
        service: StudioService,
        number: int,
        title: str,
        hint: str,
        *,
        name: str,
        list_label: str,
        choices: Callable[[str], Choices],
        photos: bool = False,
    ) -> None:
        self._service, self.choices = service, choices
        self.ref = gr.State("")
        gr.HTML(step_heading(number, title, hint))
        card = gr.HTML(visible=False, elem_id=f"{name}-card")
        drop = gr.Video(
            label="Drop a clip here, choose a file, or record one",
            sources=["upload", "webcam"],
            webcam_options=gr.WebcamOptions(mirror=False, constraints=_CAMERA),
            height=270,
            elem_id=f"{name}-drop",
            elem_classes="arriving",
        )
        self.pick = gr.Dropdown(
            label=list_label, choices=[("", "")], value="", elem_id=f"{name}-pick"
        )
        photo = gr.UploadButton(
            "Or use a photo of them",
            file_types=["image", ".heic"],
            visible=photos,
            size="md",
            elem_id=f"{name}-photo",
        )
        self._photos = photos
        self.person = gr.Radio(
            _PERSONS, value=LARGEST, label="Which one?", visible=False, elem_id=f"{name}-person"
        )
        another = gr.Button("Choose another", visible=False, size="md", elem_id=f"{name}-another")
        message = message_box(f"{name}-message")
        self.outputs = [self.ref, card, drop, self.pick, photo, self.person, another, message]
        drop.upload(self._uploaded, drop, self.outputs, **QUEUED_OPTIONS)
        photo.upload(self._photo, photo, self.outputs, **QUEUED_OPTIONS)
        drop.stop_recording(self._recorded, drop, self.outputs, **QUEUED_OPTIONS)
        self.pick.input(self._picked, self.pick, self.outputs, **QUEUED_OPTIONS)
        another.click(self._empty, None, self.outputs, **QUEUED_OPTIONS)

    def chosen(self, owner: str, ref: str) -> tuple[Any, ...]:
        """Updates that show a sample performer's clip, or a person, as chosen."""
        if ref.startswith("person:"):
            entry = self._service.library(owner).require(ref.removeprefix("person:"))
            return _filled(ref, person_card(entry))
        performer, _, dance = ref.removeprefix("sample:").partition("/")
        return _filled(ref, clip_card(self._service.sample_clip(owner, performer, dance)))

    def _uploaded(self, path: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield from self._added(path, Path(path or "").name, request)

    def _recorded(self, path: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield from self._added(path, "Recording", request)

    def _photo(self, path: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield from self._added(path, Path(path or "").name, request, UploadKind.picture)

    def _added(
        self,
        path: str | None,
        name: str,
        request: gr.Request,
        kind: UploadKind = UploadKind.clip,
    ) -> Iterator[tuple[Any, ...]]:
        if path is None:
            return
        yield _waiting("Looking at it …")
        try:
            card = self._service.add_clip(request_owner(request), Path(path), name, kind)
            yield _filled(card.ref, clip_card(card), _people(card))
        except InputError as error:
            yield self._empty(error_update(error))

    def _picked(self, ref: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        if not ref:
            return
        yield _waiting("Drawing …")
        try:
            yield self.chosen(request_owner(request), ref)
        except InputError as error:
            yield self._empty(error_update(error))

    def _empty(self, message: Any = None) -> tuple[Any, ...]:
        """Updates while nothing is chosen, with one of the message box."""
        return (
            "",
            gr.HTML("", visible=False),
            gr.Video(value=None, visible=True),
            gr.Dropdown(value="", visible=True),
            gr.UploadButton(visible=self._photos),
            gr.Radio(choices=_PERSONS, value=LARGEST, visible=False),
            gr.Button(visible=False),
            message_update() if message is None else message,
        )


def _waiting(line: str) -> tuple[Any, ...]:
    """Updates while a clip is checked."""
    return (
        gr.skip(),
        gr.skip(),
        gr.Video(visible=False),
        gr.Dropdown(visible=False),
        gr.UploadButton(visible=False),
        gr.skip(),
        gr.skip(),
        message_update(status_message(line)),
    )


def _people(card: ClipCard) -> Choices:
    """Who can be meant in a clip; empty if that is clear."""
    if card.people < 2 or not card.playable:
        return []
    if card.numbered:
        return [(f"Number {number}", str(number)) for number in range(1, card.people + 1)]
    return _PERSONS


def _filled(ref: str, card: Html, people: Choices | None = None) -> tuple[Any, ...]:
    """Updates once something is chosen, and perhaps one of several persons can be."""
    who = people or _PERSONS
    return (
        ref,
        gr.HTML(card, visible=True),
        gr.Video(value=None, visible=False),
        gr.Dropdown(value="", visible=False),
        gr.UploadButton(visible=False),
        gr.Radio(choices=who, value=who[0][1], visible=bool(people)),
        gr.Button(visible=True),
        message_update(),
    )
