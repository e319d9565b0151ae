"""How a motion is shown: background, camera, proportions; and whether that can be done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dancenow.credentials import Claim, Made, Origin
from dancenow.errors import InputError
from dancenow.files import check_not_read
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
from dancenow.staging.choices import CameraChoice, Retarget
from dancenow.staging.room import check_camera
from dancenow.video import check_output


@dataclass(frozen=True)
class ShowOptions:
    """How a motion is shown.

    Attributes:
        normalized: move and scale the motion to the target's body and place.
        retarget: whether single limbs take the target's lengths, or the body as a whole.
        camera: whose camera films it.
        azimuth: from where a motion capture is filmed, in degrees: 0 is its front, 90 its left.
        background: "target", "source", "transparent", a colour, a picture or a clip.
    """

    normalized: bool = True
    retarget: Retarget = Retarget.whole
    camera: CameraChoice = CameraChoice.auto
    azimuth: float = 0.0
    background: str = TARGET

    def check(self, output: Path) -> None:
        """Raise now what would go wrong after other long work.

        Raises:
            InputError: there is no such background, or the output cannot be written.
        """
        check_background(self.background)
        check_output(output, alpha=self.background == TRANSPARENT)
        if Path(self.background).exists():
            check_not_read(output, Path(self.background))
        if self.retarget is Retarget.limbs and not self.normalized:
            raise InputError("--retarget limbs: needs the motion normalised; leave one out.")

    def check_source(self, source: Path) -> None:
        """Raise `InputError` where the background needs a picture that the source does not have."""
        given = source.suffix.lower() in (".npz", ".bvh")
        poses = given or (source.is_dir() and is_openpose_folder(source))
        if self.background == SOURCE and (poses or is_authors_folder(source)):
            raise InputError(f"--background source: {source} holds poses without a picture.")

    def check_performer(self, performer: Performer) -> None:
        """Raise `InputError` where a performer cannot be shown so."""
        if not performer.paints_layers:
            self.check_whole_frames(performer.preset)
        elif self.camera is CameraChoice.target:
            check_camera(performer)

    def check_whole_frames(self, preset: str) -> None:
        """Raise `InputError` where more is asked for than a painter of whole frames can do."""
        if self.background != TARGET or self.camera is CameraChoice.target:
            raise InputError(
                f"--background and --camera target: performers of the preset {preset} paint whole "
                "frames; train one with --preset fast."
            )

    def claim(self, made: Made, performer: Performer, *inputs: Path | None) -> Claim:
        """What the credentials of a performance state."""
        # Layers lie over a recorded room.
        origin = Origin.composite if performer.paints_layers else Origin.painted
        return Claim.of(made, origin, *inputs, background_file(self.background))
