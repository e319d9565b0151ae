"""A place to choose a clip: dropped, recorded by the camera, or a sample performer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr

from dancenow.errors import InputError
from dancenow.studio.desk import Desk
from dancenow.studio.web.asked import QUIET, owner_of_request
from dancenow.studio.web.parts import brought, chosen, nothing, person_chosen, said, step, wrong

_CAMERA: Final = {"video": {"width": {"ideal": 1280}, "height": {"ideal": 720}}}

Choices = Callable[[str], list[tuple[str, str]]]


@dataclass(frozen=True)
class Chooser:
    """The parts of it that others need.

    Attributes:
        ref: names what was chosen; "" before.
        pick: the list to choose from.
        choices: fills that list for an owner.
        outputs: what `show` gives values for.
        show: the values that show something as chosen.
    """

    ref: gr.State
    pick: gr.Dropdown
    choices: Choices
    outputs: list[Any]
    show: Callable[[str, str], tuple[Any, ...]]


def build_chooser(
    desk: Desk, number: int, title: str, hint: str, *, name: str, offer: str, choices: Choices
) -> Chooser:
    """Build one.

    Args:
        desk: the studio's desk.
        number: of the step in its form.
        title: of the step.
        hint: below the title.
        name: of its parts in the page.
        offer: what the list offers.
        choices: fills the list for an owner.
    """
    ref = gr.State("")
    gr.HTML(step(number, title, hint))
    card = gr.HTML(visible=False, elem_id=f"{name}-card")
    drop = gr.Video(
        label="Drop a clip here, choose a file, or record one",
        sources=["upload", "webcam"],
        webcam_options=gr.WebcamOptions(mirror=False, constraints=_CAMERA),
        height=270,
        elem_id=f"{name}-drop",
        elem_classes="arriving",
    )
    pick = gr.Dropdown(label=offer, choices=[("", "")], value="", elem_id=f"{name}-pick")
    another = gr.Button("Choose another", visible=False, size="md", elem_id=f"{name}-another")
    message = gr.HTML(nothing(), visible=False, elem_id=f"{name}-message")
    outputs = [ref, card, drop, pick, another, message]

    def show(owner: str, found: str) -> tuple[Any, ...]:
        """Show a clip, or a person, as chosen."""
        if found.startswith("person:"):
            entry = desk.library(owner).expect(found.removeprefix("person:"))
            words = person_chosen(entry)
        else:
            performer, _, dance = found.removeprefix("sample:").partition("/")
            words = chosen(desk.sample_clip(owner, performer, dance))
        return _full(found, words)

    def came(path: str | None, name: str, owner: str) -> Iterator[tuple[Any, ...]]:
        if path is None:
            return
        yield _waiting("Looking at your clip …")
        try:
            material = desk.take_clip(owner, Path(path), name)
            yield _full(material.ref, chosen(material))
        except InputError as error:
            yield _empty(str(error))

    def dropped(path: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield from came(path, Path(path or "").name, owner_of_request(request))

    def recorded(path: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield from came(path, "Recording", owner_of_request(request))

    def picked(value: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        if not value:
            return
        yield _waiting("Drawing …")
        try:
            yield show(owner_of_request(request), value)
        except InputError as error:
            yield _empty(str(error))

    drop.upload(dropped, drop, outputs, **QUIET)
    drop.stop_recording(recorded, drop, outputs, **QUIET)
    pick.input(picked, pick, outputs, **QUIET)
    another.click(lambda: _empty(""), None, outputs, **QUIET)
    return Chooser(ref, pick, choices, outputs, show)


def _waiting(line: str) -> tuple[Any, ...]:
    hidden = gr.Video(visible=False), gr.Dropdown(visible=False)
    return (gr.skip(), gr.skip(), *hidden, gr.skip(), said(brought(line, "")))


def _full(ref: str, card: str) -> tuple[Any, ...]:
    return (
        ref,
        gr.HTML(card, visible=True),
        gr.Video(value=None, visible=False),
        gr.Dropdown(value="", visible=False),
        gr.Button(visible=True),
        said(nothing()),
    )


def _empty(error: str) -> tuple[Any, ...]:
    return (
        "",
        gr.HTML(nothing(), visible=False),
        gr.Video(value=None, visible=True),
        gr.Dropdown(value="", visible=True),
        gr.Button(visible=False),
        said(wrong(error) if error else nothing()),
    )
