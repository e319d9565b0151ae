"""The jobs of a user: their progress and their results; below every tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from dancenow.studio.job import Job, JobState
from dancenow.studio.service import StudioService
from dancenow.studio.web.fragments import first_look_panel, hint, job_panel, result_panel
from dancenow.studio.web.handlers import LISTENER_OPTIONS, attempt, message_box, request_owner

_NONE: Final = hint("Nothing yet: what you make appears here.")
_REDRAW: Final = "redraw"  # as the state that is shown: makes the next `refresh` draw everything


class VideosPanel:
    """The panel's components and their listeners.

    Args:
        service: the studio's service.
        selected: the id of the job that is shown; "" shows the newest.

    Attributes:
        another: the button that makes another video with the same person or dance.
        inputs: the components whose values `refresh` takes.
        outputs: the components that `refresh` updates.
    """

    def __init__(self, service: StudioService, selected: gr.State) -> None:
        self._service = service
        shown = gr.State("")
        gr.HTML("<h2>Your videos</h2>", elem_id="videos")
        pick = gr.Dropdown(label="Which one?", choices=[], visible=False, elem_id="which-job")
        panel = gr.HTML(_NONE, elem_id="panel")
        result = gr.HTML("", elem_id="made")
        message = message_box("videos-message")
        with gr.Row():
            cancel = _button("Cancel", "stop", "cancel")
            resume = _button("Continue", "primary", "resume")
            self.another = _button("Make another with this", "primary", "another")
            remove = _button("Remove", "secondary", "remove")
        self.inputs = [selected, shown]
        buttons = [cancel, resume, self.another, remove]
        self.outputs = [panel, result, pick, *buttons, shown, selected]

        queue = service.queue
        for button, action in (
            (cancel, queue.cancel),
            (resume, queue.resume),
            (remove, queue.remove),
        ):
            button.click(_handler(action), selected, [message, shown], **LISTENER_OPTIONS)
        pick.input(lambda id: (id, _REDRAW), pick, [selected, shown], **LISTENER_OPTIONS)

    def refresh(self, selected: str, shown: str, request: gr.Request) -> tuple[Any, ...]:
        """Updates of `outputs`: of everything where a job's state changed, else of the progress."""
        owner, queue = request_owner(request), self._service.queue
        jobs = queue.jobs_of(owner)
        job = next((job for job in jobs if job.id == selected), jobs[0] if jobs else None)
        if job is None:
            state, panel = "none", _NONE
        else:
            first = "first look" if job.first_look else ""
            others = (f"{other.id}{other.state.value}" for other in jobs)
            state = " ".join([job.id, job.state.value, first, *others])
            panel = job_panel(
                job, queue.jobs_ahead(job), lambda line: self._service.with_user_names(job, line)
            )
        if state == shown:
            # Nothing else is drawn anew: that would stop the players.
            active = job is not None and job.state.active
            return (panel if active else gr.skip(), *[gr.skip()] * (len(self.outputs) - 1))
        shown_id = "" if job is None else job.id
        # A job may have been started or picked since: what was selected is not written back.
        return (
            panel,
            *_state_updates(job, jobs),
            state,
            gr.skip() if shown_id == selected else shown_id,
        )


def _button(text: str, variant: Any, elem_id: str) -> gr.Button:
    return gr.Button(text, variant=variant, visible=False, size="md", elem_id=elem_id)


def _handler(action: Callable[[str, str], object]) -> Callable[..., tuple[Any, Any]]:
    """The handler of a button that changes the selected job."""

    def handle(id: str, request: gr.Request) -> tuple[Any, Any]:
        def change() -> str:
            action(request_owner(request), id)
            return _REDRAW

        return attempt(change)

    return handle


def _state_updates(job: Job | None, jobs: list[Job]) -> tuple[Any, ...]:
    """Updates of the result, the list and the buttons when a job's state changes."""
    state = None if job is None else job.state
    choices = [(f"{other.title} ({_short(other.state)})", other.id) for other in jobs]
    return (
        "" if job is None else _result(job),
        gr.Dropdown(choices=choices, value=job.id if job else None, visible=len(jobs) > 1),
        gr.Button(visible=state in (JobState.queued, JobState.running), interactive=True),
        gr.Button(visible=state is not None and state.resumable),
        gr.Button(visible=state is JobState.done),
        gr.Button(visible=state is not None and not state.active),
    )


def _result(job: Job) -> str:
    if job.state is JobState.done:
        return result_panel(job)
    return first_look_panel(job) if job.first_look else ""


def _short(state: JobState) -> str:
    return {JobState.queued: "waiting", JobState.running: "at work"}.get(state, state.value)
