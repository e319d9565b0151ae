"""A dance as a document: `dance.toml`, and where its segments lie in time."""

from dancenow.plan.clock import Clock
from dancenow.plan.document import (
    LONGEST,
    DancePlan,
    Kind,
    Pin,
    Segment,
    plan_of,
    plan_text,
    plan_values,
    read_plan,
)
from dancenow.plan.timeline import Pinned, Placed, TimeLine, lay_out

__all__ = [
    "LONGEST",
    "Clock",
    "DancePlan",
    "Kind",
    "Pin",
    "Pinned",
    "Placed",
    "Segment",
    "TimeLine",
    "lay_out",
    "plan_of",
    "plan_text",
    "plan_values",
    "read_plan",
]
