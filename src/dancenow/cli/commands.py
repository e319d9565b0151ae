"""The table of commands.  A new one needs a verb in `workflows`, its options, and an entry here."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from dancenow import options
from dancenow.cli.building import Argument, Command
from dancenow.cli.judging import EVALUATIONS, JUDGING
from dancenow.errors import InputError
from dancenow.options.field import Option, described
from dancenow.processes import end_process
from dancenow.progress import ProgressCallback

_CLIP: Final = Argument(
    "output", "The clip to write: .mp4, .mov, .mkv, .webm, .gif or a folder.", output=True
)
_SOURCE: Final = (
    "The motion: a clip, a track (.npz), a motion capture (BVH, AMASS, AIST++) or pose files "
    "(OpenPose, DWPose, AlphaPose, MMPose)."
)


@dataclass(frozen=True, kw_only=True)
class _PerformOptions(options.LiveOptions):
    """Options of a performance, from files or live."""

    webcam: Annotated[bool, Option("Dance live what a camera sees, until q or Ctrl-C.")] = False
    source: Annotated[
        str | None, Option("The motion, instead of the last argument.", shown_default=" ")
    ] = None


def _perform(
    performers: list[str],
    output: Path | None,
    chosen: _PerformOptions,
    *,
    progress: ProgressCallback,
) -> Any:
    """The command `perform`, which covers two verbs; the last of `performers` may be the source."""
    from dancenow.performer import is_performer
    from dancenow.workflows.live import perform_live
    from dancenow.workflows.perform import perform

    source = chosen.source
    if source is None and len(performers) > 1:
        *performers, source = performers
    if chosen.webcam:
        if len(performers) > 1 or (source is not None and is_performer(Path(source))):
            raise InputError("`webcam`: one performer dances live, not several.")
        return perform_live(performers[0], source or "0", output, chosen, progress=progress)
    if chosen.seconds is not None:
        raise InputError("`seconds`: needs `webcam`.")
    if chosen.virtual_camera is not None:
        raise InputError("`virtual_camera`: needs `webcam`.")
    if source is None or output is None:
        missing = "SOURCE, the motion to dance," if source is None else "-o OUTPUT"
        raise InputError(f"{missing} is missing; or add `webcam`.")
    return perform(performers, source, output, chosen, progress=progress)


def _train_choreographer(
    clips: list[Path] | None,
    output: Path,
    chosen: options.TrainChoreographerOptions,
    *,
    progress: ProgressCallback,
) -> Any:
    """The figures of a training, without the choreographer."""
    from dancenow.workflows.train_choreographer import train_choreographer

    return train_choreographer(clips or [], output, chosen, progress=progress)[1]


def _studio(chosen: options.StudioOptions, *, as_json: bool) -> None:
    """Run the studio until it is stopped."""
    _run_studio(chosen, as_json=as_json, open_browser=chosen.open_browser)


def _serve(chosen: options.ServeOptions, *, as_json: bool) -> None:
    """Serve other programs until it is stopped."""
    _run_studio(chosen, as_json=as_json, api=True)


def _run_studio(
    chosen: options.ServeOptions, *, as_json: bool, open_browser: bool = False, api: bool = False
) -> None:
    from dancenow.studio.app import run_studio
    from dancenow.studio.config import (
        Limits,
        StudioConfig,
        data_folder,
        is_loopback,
        own_token,
        read_account,
    )

    data = chosen.data or data_folder()
    accounts, note = tuple(map(read_account, chosen.auth)), ""
    if api and not accounts and is_loopback(chosen.host):
        accounts = (("me", own_token(data)),)
        note = f"user: me, token: {accounts[0][1]}"
    config = StudioConfig(
        data=data,
        host=chosen.host,
        port=chosen.port,
        accounts=accounts,
        limits=Limits(
            chosen.max_upload,
            chosen.max_seconds,
            chosen.max_megapixels,
            chosen.max_user_gb,
            chosen.max_total_gb,
        ),
        device=chosen.device,
        seed=chosen.seed,
        open_browser=open_browser,
        api=api,
    )
    try:
        run_studio(config, as_json=as_json, note=note)
    except KeyboardInterrupt:
        print("The studio is closed; running trainings were saved.", file=sys.stderr)
        end_process(130)


COMMANDS: Final = (
    Command(
        "transfer",
        "Make the person of one clip dance like the person of another.",
        "dancenow.workflows.transfer:transfer",
        (
            Argument("source", _SOURCE),
            Argument(
                "target",
                "The person to animate: a clip, or a trained performer's folder. Of several, each "
                "follows a dancer of the source.",
                kind=list[Path],
            ),
            _CLIP,
        ),
        options.TransferOptions,
    ),
    Command(
        "train performer",
        "Learn the person of a clip; an existing folder is resumed.",
        "dancenow.workflows.train_performer:train_performer",
        (
            Argument("target", "A clip of the person, or a folder with train_label and train_img."),
            Argument("output", "The performer's folder.", output=True),
        ),
        options.TrainPerformerOptions,
    ),
    Command(
        "perform",
        "Make a trained performer dance.",
        _perform,
        (
            Argument(
                "performers",
                "Folder of a trained performer; of several, each follows a dancer of the source. "
                f"The last argument is the motion, unless --source names it. {_SOURCE} With "
                "--webcam: a camera's number, 0 by default, or a clip played in its place.",
                kind=list[str],
            ),
            Argument(
                "output",
                f"{_CLIP.help} With --webcam, a window opens by default.",
                output=True,
                optional=True,
            ),
        ),
        _PerformOptions,
    ),
    Command(
        "train choreographer",
        "Learn the dance of some clips; an existing folder is resumed.",
        _train_choreographer,
        (
            Argument(
                "clips",
                "Clips, or folders of numbered pictures, of one dance.",
                kind=list[Path],
                optional=True,
            ),
            Argument("output", "The choreographer's folder.", output=True),
        ),
        options.TrainChoreographerOptions,
    ),
    Command(
        "train detector",
        "Learn to tell what performers made from what was filmed; a folder is resumed.",
        "dancenow.workflows.train_detector:train_detector",
        (
            Argument("real", "Filmed clips of people, or folders of them.", kind=list[Path]),
            Argument("output", "The detector's folder.", output=True),
        ),
        options.TrainDetectorOptions,
    ),
    Command(
        "generate",
        "Make a new dance: dream one up from a learned dance, or compose one for a performer.",
        "dancenow.workflows.generate:generate",
        (
            Argument("dance", "The dance: a trained choreographer's folder, or a clip."),
            Argument(
                "output",
                "The clip to write; with --codec pose also a track (.npz) or capture (.bvh, .glb).",
                output=True,
            ),
        ),
        options.GenerateOptions,
    ),
    Command(
        "compose",
        "Make the dance that a plan (dance.toml) describes: passages, poses, composed stretches.",
        "dancenow.workflows.compose:compose",
        (
            Argument("plan", "The plan; docs/directing.md says what it may hold."),
            Argument(
                "output",
                "The track (.npz), capture (.bvh, .glb) or clip to write.",
                output=True,
            ),
        ),
        options.ComposeOptions,
    ),
    Command(
        "reconstruct",
        "Show a clip beside its reconstruction by a choreographer, and a walk between latents.",
        "dancenow.workflows.reconstruct:reconstruct",
        (
            Argument("choreographer", "Folder of a trained choreographer."),
            Argument("clip", "The clip that was learned, or another."),
            _CLIP,
        ),
        options.ReconstructOptions,
    ),
    Command(
        "export-motion",
        "Write a motion as what video models are conditioned on: poses, faces, masks, JSON.",
        "dancenow.workflows.export_motion:export_motion",
        (
            Argument("source", _SOURCE),
            Argument("output", "A new or empty folder.", output=True),
        ),
        options.ExportMotionOptions,
    ),
    Command(
        "batch",
        "Make many videos: performers, sources and dances of a plan, each learned once.",
        "dancenow.workflows.batch:batch",
        (
            Argument("plan", "What is wanted: a document (.toml) or a table (.csv)."),
            Argument(
                "output",
                "The folder for the videos and their page; s3://... and the like too.",
                kind=str,
                output=True,
            ),
        ),
        options.BatchOptions,
    ),
    Command(
        "pose",
        "Find the poses in a clip.",
        "dancenow.workflows.pose:write_pose",
        (
            Argument("clip", "A clip, a track, a motion capture or pose files."),
            Argument(
                "output",
                "What to write: a track (.npz), a motion capture (.bvh, .glb), or a folder for "
                "OpenPose's JSON files.",
                output=True,
            ),
        ),
        options.PoseOptions,
    ),
    Command(
        "sample",
        "Render a sample performer dancing, with the true track beside the clip.",
        "dancenow.workflows.sample:write_sample",
        (_CLIP,),
        options.SampleOptions,
    ),
    Command(
        "demo",
        "Run everything on built-in sample performers and compare the result with the truth.",
        "dancenow.workflows.demo:run_demo",
        (),
        options.DemoOptions,
    ),
    *JUDGING,
    Command(
        "forget",
        "Remove all that was learned of a person or a dance, and all that the cache holds of "
        "them.\n\nVideos that were made stay, and so do the clips.",
        "dancenow.workflows.forget:forget_person",
        (
            Argument(
                "person",
                "The folder of a performer, a choreographer or a detector, finished or not; or a "
                "clip, of which the cache is to hold nothing more.",
            ),
        ),
        is_long=False,
        confirms="Remove all that was learned of {0} for ever?",
    ),
    *EVALUATIONS,
    Command(
        "export-edn",
        "Write train_img, train_label and train_facetexts128 for Everybody Dance Now's code.",
        "dancenow.workflows.export:export_pairs",
        (
            Argument("target", "A clip of the person."),
            Argument("output", "A new or empty folder.", output=True),
        ),
        options.ExportEdnOptions,
    ),
    Command(
        "import-keras",
        "Turn the original DanceNet's Keras weights into a choreographer.",
        "dancenow.workflows.import_keras:import_keras_weights",
        (
            Argument("vae", "The autoencoder's weights, vae_cnn.h5."),
            Argument("sequence", "The sequence network's weights, gendance.h5."),
            Argument("output", "The choreographer's folder.", output=True),
        ),
        options.ImportKerasOptions,
        is_long=False,
    ),
    Command(
        "studio",
        "Open the studio, a page in the browser that does all of this without a terminal.",
        _studio,
        (),
        options.StudioOptions,
        reports=False,
    ),
    Command(
        "serve",
        "Serve other programs over HTTP: uploads, people, dances, jobs; the studio with them.",
        _serve,
        (),
        options.ServeOptions,
        reports=False,
    ),
)

FIELDS: Final = frozenset(
    name
    for command in COMMANDS
    if command.options is not None
    for name in described(command.options)
)
"""Names of all options, as used in messages."""
