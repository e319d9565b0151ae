"""What the page of each kind of training tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dancenow.choreographer import ChoreographerConfig
from dancenow.training import Budget, Device
from dancenow.training.page import Stage, Story, said_budget, said_device

if TYPE_CHECKING:
    pass

_PERFORMER_TIMES = {"prepare": "poses, masks, background", "train": "learning the person"}
_CHOREOGRAPHER_TIMES = {
    "prepare": "reading the dance",
    "codec": "learning the pictures",
    "encode": "encoding the pictures",
    "sequence": "learning their sequence",
    "calibrate": "finding the temperature",
    "motion": "learning the motion",
}


def choreographer_story(
    out: Path,
    clips: Sequence[Path],
    config: ChoreographerConfig,
    device: Device,
    budget: tuple[float | None, int | None],
    seed: int,
    figures: Mapping[str, Any],
    seconds: Mapping[str, float],
) -> Story:
    """A choreographer of pictures or of poses.

    Args:
        out: its folder.
        clips: what it learned from.
        config: the preset's configuration.
        device: where it learned.
        budget: minutes and steps as they were asked for.
        seed: of the training.
        figures: what it keeps of the training; empty where it is not over.
        seconds: of the stages of the last run.
    """
    of_poses = config.codec == "pose"
    minutes, steps = budget
    asked = Budget(config.minutes if minutes is None and steps is None else minutes, steps)
    measured = {
        "codec_loss": figures.get("codec_loss"),
        "held_out_moves" if of_poses else "held_out": figures.get("held_out"),
        "temperature": figures.get("temperature"),
    }
    names = ", ".join(clip.name for clip in clips)
    entries: dict[str, object] = {"clips" if len(clips) > 1 else "clip": names}
    if not of_poses:
        picture = config.picture
        entries |= {
            "pictures": f"{figures['pictures']:,}" if "pictures" in figures else "",
            "picture": f"{picture.width} x {picture.height} px",
            "background": picture.background,
            "frames": _kept(picture.stride),
        }
    entries |= {
        "codec": config.codec,
        "preset": f"{config.preset}{' (as the original)' if config.reference else ''}",
        "budget": said_budget(asked),
        "device": said_device(device),
        "seed": str(seed),
    }
    dance = ["dancenow", "generate", out.name, "-o", "dance.mp4", "--seconds", "16"]
    measure = ["dancenow", "evaluate", "dance", out.name, "--report", "report"]
    return Story(
        f"The dance of {clips[0].name}{f' and {len(clips) - 1} more' if len(clips) > 1 else ''}",
        "A choreographer: it composes new dances as motion, for any performer."
        if of_poses
        else "A choreographer: it dreams new dances, picture by picture.",
        entries,
        _motion_stages(out) if of_poses else _picture_stages(out),
        _named(seconds, _CHOREOGRAPHER_TIMES),
        [dance, measure],
        measured,
        (
            out / "preview.png",
            "Stick figures of a composed dance, half a second apart."
            if of_poses
            else "Some of the pictures that were learned from.",
        ),
    )


def _kept(stride: int | None) -> str:
    return "" if stride is None else "every one" if stride == 1 else f"one of {stride}"


def _motion_stages(out: Path) -> tuple[Stage, ...]:
    shows = "Stick figures of a dance composed at that time, half a second apart."
    return (Stage("The motion", out / "checkpoint" / "motion", shows),)


def _picture_stages(out: Path) -> tuple[Stage, ...]:
    return (
        Stage(
            "The pictures",
            out / "checkpoint" / "codec",
            "Above: pictures of the dance. Below: what the autoencoder gives back.",
            "nats",
        ),
        Stage(
            "Their sequence",
            out / "checkpoint" / "sequence",
            "A dance dreamt at that time, every fourth picture.",
            "nats",
        ),
    )


def _named(seconds: Mapping[str, float], names: Mapping[str, str]) -> dict[str, float]:
    """The stages that belong to the training, in words."""
    return {names[stage]: spent for stage, spent in seconds.items() if stage in names}
