"""What all event handlers of the page share: their options, who sent the event, messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from dancenow.errors import InputError
from dancenow.studio.web.fragments import error_message
from dancenow.studio.web.guard import OWNER_KEY

LISTENER_OPTIONS: Final[dict[str, Any]] = {
    "api_visibility": "private",
    "concurrency_limit": None,
    "show_progress": "hidden",
    "queue": False,
}
"""For event listeners: no public API, no limit on concurrency, no overlay while they run.

They are answered at once and do not use Gradio's queue: its stream of answers can close just when
the next event arrives, whose answer then never comes.
"""

QUEUED_OPTIONS: Final = {**LISTENER_OPTIONS, "queue": True}
"""For event listeners that update the page while they run, or write a state that others listen to:
only the queue can do either."""

SCROLL_JS: Final = """() => {
  const wrong = [...document.querySelectorAll('.message.wrong')].find((it) => it.offsetParent);
  const goal = wrong || document.getElementById('videos');
  goal.scrollIntoView({behavior: 'smooth', block: 'center'});
}"""
"""Scrolls to the outcome of pressing a button: an error message, or the job."""


def request_owner(request: gr.Request) -> str:
    """The owner that the guard found for a request; it lets none through without one."""
    inner: Any = request.request
    return str(inner.scope[OWNER_KEY])


def message_box(elem_id: str) -> gr.HTML:
    """A place for a message, hidden at first."""
    return gr.HTML("", visible=False, elem_id=elem_id)


def message_update(html: str = "") -> Any:
    """An update of a message box: shows a message, or hides the box where there is none."""
    return gr.HTML(html, visible=bool(html))


def error_update(error: object) -> Any:
    """An update of a message box: shows an error message."""
    return message_update(error_message(str(error)))


def attempt(action: Callable[[], Any]) -> tuple[Any, Any]:
    """Updates of a message box and a value: what an action returns, or why it fails."""
    try:
        value = action()
    except InputError as error:
        return error_update(error), gr.skip()
    return message_update(), value
