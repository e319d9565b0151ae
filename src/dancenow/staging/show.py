"""Whether a motion can be shown as it is asked for, and what is stated of the result."""

from __future__ import annotations

from pathlib import Path

from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import InputError
from dancenow.files import check_not_read
from dancenow.options import Camera, Retarget, ShowOptions
from dancenow.performer import Performer
from dancenow.pose.openpose import is_openpose_folder
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.staging.backdrop import (
    SOURCE,
    TARGET,
    TRANSPARENT,
    background_file,
    check_background,
)
from dancenow.staging.room import check_camera
from dancenow.video import check_output


def check_show(show: ShowOptions, output: Path) -> None:
    """Raise now what would go wrong after other long work.

    Raises:
        InputError: there is no such background, or the output cannot be written.
    """
    check_background(show.background)
    check_output(output, alpha=show.background == TRANSPARENT)
    if Path(show.background).exists():
        check_not_read(output, Path(show.background))
    if show.retarget is Retarget.limbs and not show.normalize:
        raise InputError("`retarget=limbs`: needs the motion normalised; leave one out.")


def check_source(show: ShowOptions, source: Path) -> None:
    """Raise `InputError` where the background needs a picture that the source does not have."""
    given = source.suffix.lower() in (".npz", ".bvh")
    poses = given or (source.is_dir() and is_openpose_folder(source))
    if show.background == SOURCE and (poses or is_authors_folder(source)):
        raise InputError(f"`background=source`: {source} holds poses without a picture.")


def check_performer(show: ShowOptions, performer: Performer) -> None:
    """Raise `InputError` where a performer cannot be shown like that."""
    if not performer.paints_layers:
        check_whole_frames(show, performer.preset)
    elif show.filmed_by is Camera.target:
        check_camera(performer)


def check_whole_frames(show: ShowOptions, preset: str) -> None:
    """Raise `InputError` where more is asked for than a painter of whole frames can do."""
    if show.background != TARGET or show.filmed_by is Camera.target:
        raise InputError(
            f"`background` and `camera=target`: performers of the preset {preset} paint whole "
            "frames; train one with `preset=fast`."
        )


def performance_claim(
    made: Made, performer: Performer, background: str, *inputs: Path | None
) -> Claim:
    """What the credentials of a performance state."""
    # Layers lie over a recorded room.
    origin = Origin.composite if performer.paints_layers else Origin.painted
    return Claim.of(made, origin, *inputs, background_file(background))
