"""What was asked for: how it goes, and what came out; below every tab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from dancenow.errors import InputError
from dancenow.studio.desk import Desk
from dancenow.studio.jobs import Job, State
from dancenow.studio.web.asked import QUIET, owner_of_request
from dancenow.studio.web.parts import job_panel, nothing, result, said, wrong

_NONE = "Nothing yet: what you make appears here."


@dataclass(frozen=True)
class Videos:
    """The parts of it that others need.

    Attributes:
        selected: the id of the job that is shown; "" the newest.
        another: the button that makes another with the same.
        look: gives the values of `outputs`.
        inputs: what `look` is given.
        outputs: what it fills.
    """

    selected: gr.State
    another: gr.Button
    look: Any
    inputs: list[Any]
    outputs: list[Any]


def build_videos(desk: Desk, selected: gr.State) -> Videos:
    """Build the part of the page below the tabs."""
    shown = gr.State("")
    gr.HTML("<h2>Your videos</h2>", elem_id="videos")
    pick = gr.Dropdown(label="Which one?", choices=[], visible=False, elem_id="which-job")
    panel = gr.HTML(f'<p class="hint">{_NONE}</p>', elem_id="panel")
    made = gr.HTML(nothing(), elem_id="made")
    message = gr.HTML(nothing(), visible=False, elem_id="videos-message")
    with gr.Row():
        cancel = gr.Button("Cancel", variant="stop", visible=False, size="md", elem_id="cancel")
        again = gr.Button("Go on", variant="primary", visible=False, size="md", elem_id="go-on")
        another = gr.Button(
            "Make another with this", variant="primary", visible=False, size="md", elem_id="another"
        )
        remove = gr.Button("Remove", visible=False, size="md", elem_id="remove")
    outputs = [panel, made, pick, cancel, again, another, remove, shown, selected]

    def look(chosen: str, before: str, request: gr.Request) -> tuple[Any, ...]:
        owner = owner_of_request(request)
        jobs = desk.queue.of(owner)
        job = next((job for job in jobs if job.id == chosen), jobs[0] if jobs else None)
        if job is None:
            key = "none"
            words = f'<p class="hint">{_NONE}</p>'
        else:
            key = " ".join([job.id, job.state.value, *(f"{j.id}{j.state.value}" for j in jobs)])
            words = job_panel(job, desk.queue.ahead(job), lambda line: desk.told(job, line))
        if key == before:
            # Players go on playing: they are not drawn anew.
            moving = job is not None and job.state.active
            return (words if moving else gr.skip(), *[gr.skip()] * 8)
        return (words, *_changed(job, jobs), key, "" if job is None else job.id)

    def act(what: str) -> Any:
        def acting(id: str, request: gr.Request) -> tuple[Any, Any]:
            owner = owner_of_request(request)
            try:
                if what == "cancel":
                    desk.queue.cancel(owner, id)
                elif what == "again":
                    desk.queue.again(owner, id)
                else:
                    desk.queue.remove(owner, id)
            except InputError as error:
                return said(wrong(str(error))), gr.skip()
            return said(nothing()), "changed"

        return acting

    for button, what in ((cancel, "cancel"), (again, "again"), (remove, "remove")):
        button.click(act(what), selected, [message, shown], **QUIET)
    pick.input(lambda id: (id, "changed"), pick, [selected, shown], **QUIET)
    return Videos(selected, another, look, [selected, shown], outputs)


def _changed(job: Job | None, jobs: list[Job]) -> tuple[Any, ...]:
    """What is drawn anew when a job's state changes: players, list, buttons."""
    state = None if job is None else job.state
    choices = [(f"{other.title} ({_short(other.state)})", other.id) for other in jobs]
    return (
        result(job) if job is not None and state is State.done else nothing(),
        gr.Dropdown(choices=choices, value=job.id if job else None, visible=len(jobs) > 1),
        gr.Button(visible=state in (State.queued, State.running), interactive=True),
        gr.Button(visible=state is not None and state.resumable),
        gr.Button(visible=state is State.done),
        gr.Button(visible=state is not None and not state.active),
    )


def _short(state: State) -> str:
    return {State.queued: "waiting", State.running: "at work"}.get(state, state.value)
