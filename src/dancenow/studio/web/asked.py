"""Who asks, and what they are told: between the page's events and the desk."""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from dancenow.studio.web.guard import OWNER

QUIET: Final[dict[str, Any]] = {
    "api_visibility": "private",
    "concurrency_limit": None,
    "show_progress": "hidden",
}
"""How events are heard: no API, all at once, without a veil over what they change."""

SCROLL: Final = """() => {
  const wrong = [...document.querySelectorAll('.message.wrong')].find((it) => it.offsetParent);
  const goal = wrong || document.getElementById('videos');
  goal.scrollIntoView({behavior: 'smooth', block: 'center'});
}"""
"""Shows what came of pressing a button: a message, or the job."""


def owner_of_request(request: gr.Request) -> str:
    """The owner whom the guard found for a request; a request without one never comes here."""
    asked: Any = request.request
    return str(asked.scope[OWNER])
