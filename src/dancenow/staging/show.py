"""Checks on how a motion is shown, and the statement of the result's credentials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import InputError
from dancenow.files import check_not_read
from dancenow.options import Camera, Formation, Legs, Retarget, ShowOptions
from dancenow.performer import Performer, is_performer
from dancenow.sources.load import is_without_picture
from dancenow.sources.stick_figures import is_authors_folder
from dancenow.staging.backdrop import (
    SOURCE,
    TARGET,
    TRANSPARENT,
    background_file,
    check_background,
)
from dancenow.staging.ensemble import check_cast
from dancenow.staging.room import check_camera
from dancenow.video import check_output


def check_show(show: ShowOptions, output: Path) -> None:
    """Check the options now, before long work.

    Raises:
        InputError: the background does not exist, or the output cannot be written.
    """
    check_background(show.background)
    check_output(output, alpha=show.background == TRANSPARENT)
    if Path(show.background).exists():
        check_not_read(output, Path(show.background))
    if show.retarget is Retarget.limbs and not show.normalize:
        raise InputError("`retarget=limbs`: needs normalisation; leave out `normalize=False`.")


def check_several(show: ShowOptions, count: int, formation: Formation) -> None:
    """Raise `InputError` if the options do not fit this number of performers."""
    if count == 1:
        if formation is Formation.beside:
            raise InputError("`formation=beside`: needs several performers.")
        return
    check_cast(count, formation)
    for name, alone in (
        ("normalize=False", not show.normalize),
        (f"camera={show.camera}", show.filmed_by not in (Camera.auto, Camera.still)),
        ("legs=cut", show.legs is Legs.cut),
        (f"background={show.background}", show.background in (SOURCE, TRANSPARENT)),
    ):
        if alone:
            raise InputError(f"`{name}`: works with one performer; leave it out.")


def check_source(show: ShowOptions, source: Path) -> None:
    """Raise `InputError` if the options need a picture or poses that the source does not have."""
    if is_performer(source):
        raise InputError(f"{source}: is a performer; SOURCE, the motion to dance, is missing.")
    drawn = is_authors_folder(source)
    poses = drawn or is_without_picture(source)
    if show.background == SOURCE and poses:
        raise InputError(
            f"`background=source`: {source} holds poses without a picture; choose another."
        )
    if show.background == SOURCE and show.view.moved:
        raise InputError(
            "`background=source`: shows the room as it was filmed; leave out `camera`, or choose "
            "another."
        )
    if drawn and show.retarget is Retarget.limbs:
        raise InputError(
            f"`retarget=limbs`: {source} holds drawn stick figures, which are danced as they are."
        )


def check_performer(show: ShowOptions, performer: Performer, source: Path | None = None) -> None:
    """Raise `InputError` if the options do not fit the performer, and the source if given."""
    scene = performer.scene
    if show.normalize and not (source is not None and is_authors_folder(source)):
        if scene.statistics is None:
            raise InputError(
                "the performer was learned from drawn stick figures without poses, so nothing can "
                "be normalised to it; add `normalize=False`."
            )
        if show.retarget is Retarget.limbs and scene.shape is None:
            raise InputError(
                "`retarget=limbs`: the performer's proportions are not known; train it again."
            )
    if not performer.paints_layers:
        check_whole_frames(show, performer.preset)
    elif show.filmed_by is Camera.target:
        check_camera(performer)


def check_whole_frames(show: ShowOptions, preset: str) -> None:
    """Raise `InputError` if the options need layers, but the preset paints whole frames."""
    if show.background != TARGET or show.filmed_by is Camera.target:
        raise InputError(
            f"`background` and `camera=target`: performers of the preset {preset} paint whole "
            "frames; train one with `preset=fast`."
        )


def performance_claim(
    made: Made, performers: Sequence[Performer], background: str, *inputs: Path | None
) -> Claim:
    """The statement of a performance's credentials."""
    # Layers are composited over a recorded room; without performers everything is drawn.
    layered = any(performer.paints_layers for performer in performers)
    origin = Origin.composite if layered else Origin.painted
    return Claim.of(made, origin, *inputs, background_file(background))
