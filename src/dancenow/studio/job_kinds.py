"""The kinds of jobs, and what their workers import."""

from __future__ import annotations

from typing import Final

from dancenow.studio import plan_tasks, tasks
from dancenow.studio.job import JobKind

JOB_KINDS: Final = {
    "transfer": JobKind(tasks.transfer),
    "new_dance": JobKind(tasks.new_dance),
    "learn_person": JobKind(tasks.learn_person),
    "perform_plan": JobKind(plan_tasks.perform_plan),
    "look_at_dance": JobKind(tasks.look_ahead, lane="dances", temporary=True, ahead=True),
    "look_at_dancer": JobKind(tasks.look_ahead, lane="dancers", temporary=True, ahead=True),
    "learn_dance": JobKind(plan_tasks.learn_dance, temporary=True),
    "arrange_plan": JobKind(plan_tasks.arrange_plan, lane="plans", temporary=True),
    "show_dance": JobKind(plan_tasks.show_dance, lane="plans", temporary=True),
    "learn_and_show": JobKind(plan_tasks.show_dance, temporary=True),
    "find_poses": JobKind(plan_tasks.find_poses, lane="plans", temporary=True),
    "mend_poses": JobKind(plan_tasks.mend_poses, lane="plans", temporary=True),
    "convert": JobKind(tasks.convert, lane="short", temporary=True),
    "hear_music": JobKind(plan_tasks.hear_music, lane="short", temporary=True),
    "cut_clip": JobKind(tasks.cut_clip, lane="short", temporary=True),
    "preview_clip": JobKind(tasks.preview_clip, lane="short", temporary=True),
    "check_import": JobKind(tasks.check_import, lane="short", temporary=True),
}
PRELOAD: Final = (
    "mediapipe",
    "dancenow.studio.thumbnails",
    *(
        f"dancenow.workflows.{name}"
        for name in (
            "compose",
            "generate",
            "perform",
            "train_choreographer",
            "train_performer",
        )
    ),
)
"""What most jobs import, which takes seconds."""
