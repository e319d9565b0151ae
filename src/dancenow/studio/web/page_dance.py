"""The tab that composes a dance that nobody danced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from dancenow.errors import InputError
from dancenow.studio.contents import Sort
from dancenow.studio.desk import SAMPLE_DANCES_NAME, Desk
from dancenow.studio.library import Kind
from dancenow.studio.web.asked import QUIET, SCROLL, owner_of_request
from dancenow.studio.web.page_transfer import QUALITY, people
from dancenow.studio.web.parts import brought, nothing, said, step, wrong
from dancenow.studio.wishes import DanceWish

_CLIPS = "clips"


@dataclass(frozen=True)
class DanceTab:
    """The parts of it that others need.

    Attributes:
        dance: the list of dances.
        performer: the list of performers.
        seed: the number that decides which dance.
    """

    dance: gr.Dropdown
    performer: gr.Dropdown
    seed: gr.Number

    def choices(self, desk: Desk, owner: str) -> tuple[Any, Any]:
        """The two lists of an owner."""
        performers = [("A stick figure", ""), *people(desk, owner)]
        return gr.Dropdown(choices=dances(desk, owner)), gr.Dropdown(choices=performers)


def build_dance(desk: Desk, selected: gr.State) -> DanceTab:
    """Build the tab; `selected` takes the id of the job that it starts."""
    clips, music = gr.State([]), gr.State("")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            gr.HTML(step(1, "Which dance?", "It is learned from clips, then composed anew."))
            dance = gr.Dropdown(
                [(SAMPLE_DANCES_NAME, "samples"), ("From clips of mine", _CLIPS)],
                value="samples",
                label="Dance",
                elem_id="dance",
            )
            with gr.Group(visible=False) as of_clips:
                drop = gr.File(
                    label="Clips of one person dancing, 12 s or more in all",
                    file_count="multiple",
                    height=180,
                    interactive=True,
                    elem_id="dance-clips",
                )
                heard = gr.HTML(nothing(), visible=False, elem_id="dance-clips-brought")
                name = gr.Textbox(label="What is this dance called?", max_length=60)
        with gr.Column(min_width=300):
            gr.HTML(step(2, "Who dances it?", "A sample performer, or someone who was learned."))
            performer = gr.Dropdown(
                [("A stick figure", "")], value="", label="Performer", elem_id="performer"
            )
            gr.HTML(step(3, "To which music?", "Leave it out for a dance without sound."))
            sound = gr.File(label="Music", height=180, interactive=True, elem_id="music")
            playing = gr.HTML(nothing(), visible=False, elem_id="music-brought")
    gr.HTML(step(4, "What is it to be like?", "Another number gives another dance."))
    with gr.Row():
        seconds = gr.Slider(2, 60, value=16, step=1, label="Length in seconds", elem_id="seconds")
        wild = gr.Slider(
            0.5, 1.5, value=1.0, step=0.05, label="How wild? (1 is as learned)", elem_id="wild"
        )
        seed = gr.Number(
            value=0, minimum=0, maximum=2**31 - 1, precision=0, label="Number of the dance"
        )
    loop = gr.Checkbox(label="A loop: the end leads back to the start (without music)")
    minutes = gr.Radio(
        QUALITY,
        value=5.0,
        label="How long may it learn what it does not know yet?",
        elem_id="dance-quality",
    )
    go = gr.Button("Make the dance", variant="primary", size="lg", elem_id="go-dance")
    message = gr.HTML(nothing(), visible=False, elem_id="dance-message")

    def dropped(paths: list[str] | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield gr.skip(), gr.skip(), said(brought("Looking at your clips …", "")), gr.skip()
        owner, taken = owner_of_request(request), []
        try:
            for path in paths or []:
                taken.append(desk.take_clip(owner, Path(path), Path(path).name))
        except InputError as error:
            yield [], None, gr.skip(), said(wrong(str(error)))
            return
        refs = [material.ref.removeprefix("upload:") for material in taken]
        names = ", ".join(material.name for material in taken)
        yield refs, None, said(brought("Your clips", names)), said(nothing())

    def sounded(path: str | None, request: gr.Request) -> tuple[Any, ...]:
        if path is None:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        try:
            owner = owner_of_request(request)
            taken = desk.take_other(owner, Path(path), Path(path).name, Sort.sound)
        except InputError as error:
            return "", None, said(nothing()), said(wrong(str(error)))
        words = f"{taken.name}, {taken.seconds:.0f} s"
        return taken.id, None, said(brought("Your music", words)), said(nothing())

    def start(
        dance: str,
        clips: list[str],
        name: str,
        performer: str,
        music: str,
        seconds: float,
        wild: float,
        seed: float,
        loop: bool,
        minutes: float,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        wish = DanceWish(
            dance,
            tuple(clips),
            name,
            performer,
            music,
            seconds,
            wild,
            int(seed or 0),
            loop,
            minutes,
        )
        try:
            job = desk.new_dance(owner_of_request(request), wish)
        except InputError as error:
            return said(wrong(str(error))), gr.skip()
        return said(nothing()), job.id

    dance.change(lambda what: gr.Group(visible=what == _CLIPS), dance, of_clips, **QUIET)
    drop.upload(dropped, drop, [clips, drop, heard, message], **QUIET)
    sound.upload(sounded, sound, [music, sound, playing, message], **QUIET)
    go.click(
        start,
        [dance, clips, name, performer, music, seconds, wild, seed, loop, minutes],
        [message, selected],
        **QUIET,
    ).then(None, js=SCROLL)
    return DanceTab(dance, performer, seed)


def dances(desk: Desk, owner: str) -> list[tuple[str, str]]:
    """The dances to choose from."""
    mine = [
        (entry.name, f"dance:{entry.id}")
        for entry in desk.library(owner).all(Kind.dance)
        if not entry.sample
    ]
    return [(SAMPLE_DANCES_NAME, "samples"), *mine, ("From clips of mine", _CLIPS)]
