"""The tab that composes a dance that nobody danced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import gradio as gr

from dancenow.errors import InputError
from dancenow.studio.forms import DanceForm
from dancenow.studio.library import EntryKind
from dancenow.studio.media_types import UploadKind
from dancenow.studio.service import SAMPLE_DANCES_NAME, StudioService
from dancenow.studio.web.fragments import status_message, step_heading
from dancenow.studio.web.handlers import (
    LISTENER_OPTIONS,
    QUEUED_OPTIONS,
    SCROLL_JS,
    attempt,
    error_update,
    message_box,
    message_update,
    request_owner,
)
from dancenow.studio.web.transfer_tab import QUALITY, performer_choices

_CLIPS: Final = "clips"
_SAMPLE_CHOICE: Final = (SAMPLE_DANCES_NAME, "samples")
_CLIPS_CHOICE: Final = ("My own clips", _CLIPS)
_STICK_FIGURE: Final = ("A stick figure", "")


class DanceTab:
    """The tab's components and their listeners.

    Args:
        service: the studio's service.
        selected: takes the id of the job that is started.

    Attributes:
        dance: the list of dances.
        performer: the list of performers.
        seed: the number that decides which dance is composed.
    """

    def __init__(self, service: StudioService, selected: gr.State) -> None:
        self._service = service
        clips, music = gr.State([]), gr.State("")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300):
                gr.HTML(step_heading(1, "Which dance?", "It is learned from clips, then varied."))
                self.dance = gr.Dropdown(
                    [_SAMPLE_CHOICE, _CLIPS_CHOICE], value="samples", label="Dance", elem_id="dance"
                )
                with gr.Group(visible=False) as own_clips:
                    clip_drop = gr.File(
                        label="Clips of one person dancing, 12 s or more in all",
                        file_count="multiple",
                        height=180,
                        interactive=True,
                        elem_id="dance-clips",
                    )
                    clip_status = message_box("dance-clips-status")
                    name = gr.Textbox(label="What is this dance called?", max_length=60)
            with gr.Column(min_width=300):
                gr.HTML(step_heading(2, "Who dances it?", "A sample performer, or your people."))
                self.performer = gr.Dropdown(
                    [_STICK_FIGURE], value="", label="Performer", elem_id="performer"
                )
                gr.HTML(step_heading(3, "To which music?", "Leave it out for a silent dance."))
                music_drop = gr.File(label="Music", height=180, interactive=True, elem_id="music")
                music_status = message_box("music-status")
        options = self._options()
        self.seed = options["seed"]
        self._fields = {
            "dance": self.dance,
            "clips": clips,
            "name": name,
            "performer": self.performer,
            "music": music,
            **options,
        }
        go = gr.Button("Make the dance", variant="primary", size="lg", elem_id="go-dance")
        message = message_box("dance-message")

        self.dance.change(
            lambda dance: gr.Group(visible=dance == _CLIPS),
            self.dance,
            own_clips,
            **LISTENER_OPTIONS,
        )
        outputs = [clips, clip_drop, clip_status, message]
        clip_drop.upload(self._clips_uploaded, clip_drop, outputs, **QUEUED_OPTIONS)
        outputs = [music, music_drop, music_status, message]
        music_drop.upload(self._music_uploaded, music_drop, outputs, **QUEUED_OPTIONS)
        inputs = set(self._fields.values())
        go.click(self._start, inputs, [message, selected], **LISTENER_OPTIONS).then(
            None, js=SCROLL_JS
        )

    def choices(self, owner: str) -> tuple[Any, Any]:
        """Updates of the two lists for an owner."""
        dances = [
            (entry.name, f"dance:{entry.id}")
            for entry in self._service.library(owner).all(EntryKind.dance)
            if not entry.sample
        ]
        performers = performer_choices(self._service, owner)
        return (
            gr.Dropdown(choices=[_SAMPLE_CHOICE, *dances, _CLIPS_CHOICE]),
            gr.Dropdown(choices=[_STICK_FIGURE, *performers]),
        )

    def _options(self) -> dict[str, Any]:
        """The components of the last step, by the form's fields."""
        gr.HTML(step_heading(4, "What should it be like?", "Another number gives another dance."))
        with gr.Row():
            seconds = gr.Slider(
                2, 60, value=16, step=1, label="Length in seconds", elem_id="seconds"
            )
            temperature = gr.Slider(
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
        return {
            "seconds": seconds,
            "temperature": temperature,
            "seed": seed,
            "loop": loop,
            "minutes": minutes,
        }

    def _clips_uploaded(
        self, paths: list[str] | None, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        yield (
            gr.skip(),
            gr.skip(),
            message_update(status_message("Looking at your clips …")),
            gr.skip(),
        )
        owner, cards = request_owner(request), []
        try:
            for path in paths or []:
                cards.append(self._service.add_clip(owner, Path(path), Path(path).name))
        except InputError as error:
            yield [], None, message_update(), error_update(error)
            return
        ids = [card.ref.removeprefix("upload:") for card in cards]
        names = ", ".join(card.name for card in cards)
        yield ids, None, message_update(status_message("Your clips", names)), message_update()

    def _music_uploaded(self, path: str | None, request: gr.Request) -> tuple[Any, ...]:
        if path is None:
            return (gr.skip(),) * 4
        owner, name = request_owner(request), Path(path).name
        try:
            upload = self._service.add_upload(owner, Path(path), name, UploadKind.sound)
        except InputError as error:
            return "", None, message_update(), error_update(error)
        status = status_message("Your music", f"{upload.name}, {upload.seconds:.0f} s")
        return upload.id, None, message_update(status), message_update()

    def _start(self, inputs: dict[Any, Any], request: gr.Request) -> tuple[Any, Any]:
        values = {name: inputs[component] for name, component in self._fields.items()}
        values["clips"], values["seed"] = tuple(values["clips"]), int(values["seed"] or 0)
        owner = request_owner(request)
        return attempt(lambda: self._service.start_dance(owner, DanceForm(**values)).id)
