"""Training a choreographer on the dance of some clips, by the method of the codec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dancenow.cache import Entry, cache_dir
from dancenow.choreographer import (
    METHODS,
    Choreographer,
    find_method,
    is_choreographer,
    learned_codec,
)
from dancenow.choreographer.config import MethodConfig
from dancenow.choreographer.folder import looks_trained
from dancenow.choreographer.job import TrainingJob
from dancenow.errors import InputError
from dancenow.hashing import content_hash
from dancenow.options import TrainChoreographerOptions
from dancenow.options.styles import styled_clips
from dancenow.options.unused import warn_of_unused
from dancenow.progress import ProgressCallback, StageTimes, silent
from dancenow.training import Budget, choose_device
from dancenow.training.budget import budget_of
from dancenow.training.session import CHECKPOINT, Session


def train_choreographer(
    clips: Sequence[Path | str] | Path | str,
    out: str | Path | None = None,
    options: TrainChoreographerOptions | None = None,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes | None = None,
) -> tuple[Choreographer, Any]:
    """Learn the dance of some clips.

    A folder that holds a choreographer of the same clips and preset is resumed; nothing is done if
    its budget is used up.

    Args:
        clips: video files or folders of numbered pictures; with the pose codec also tracks, motion
            captures and pose files; may be empty if `options.style` names some.
        out: the choreographer's folder; by default in the cache.
        options: see `TrainChoreographerOptions`.
        progress: called for every frame and step.
        times: the seconds of each stage are added to it.

    Returns:
        The choreographer, and the figures of its training: `FrameTrainingResult` or
        `PoseTrainingResult`.

    Raises:
        InputError: a clip or an option cannot be used, or `out` holds other files.
        TrainingError: the loss is NaN or infinite.
    """
    options = options or TrainChoreographerOptions()
    given = [Path(clip) for clip in ([clips] if isinstance(clips, str | Path) else clips)]
    styled = styled_clips(options.style, given)
    paths, styles = [path for path, _ in styled], tuple(style for _, style in styled)
    if not paths:
        raise InputError("give at least one clip to learn from.")
    if options.style:
        options = replace(options, codec=_of_tracks(options.codec))
    method = find_method(options.codec)
    config, device = method.configure(options), choose_device(options.device)
    default, enough = Budget(minutes=config.minutes), method.enough_steps(config)
    budget_of(options, default, enough_steps=enough)  # reports wrong values now
    folder = _cached_folder(paths, config, options) if out is None else Path(out)
    _check_codec(folder, options.codec)
    times = StageTimes() if times is None else times
    finished = is_choreographer(folder)
    with Session(
        folder,
        "choreographer",
        finished=finished,
        contents=[content_hash(clip) for clip in paths if clip.exists()],
        logger=options.logger,
        progress=progress,
    ) as session:
        job = TrainingJob(paths, config, options, device, times, progress, styles)
        return method.train(session, job)


def codec_of(dance: Path, options: TrainChoreographerOptions, *, of_tracks: bool) -> str:
    """The codec of a folder's choreographer, or of the one to train on a clip.

    Args:
        dance: the folder or the clip.
        options: of the training.
        of_tracks: whether it must compose tracks.

    Raises:
        InputError: the choreographer does not fit the options, or an option is wrong.
    """
    of_tracks = of_tracks or find_method(options.codec).composes_tracks
    if not is_choreographer(dance):
        codec = _of_tracks(options.codec) if of_tracks else options.codec
        find_method(codec).configure(replace(options, codec=codec))
        return codec
    codec = learned_codec(dance)
    if find_method(codec).composes_tracks:
        if options.background is not None:
            raise InputError(
                f"`background={options.background}`: needs a `performer` to be behind."
            )
        if options.reference:
            raise InputError("`reference`: belongs to `codec=frame`; leave it out.")
    elif of_tracks:
        raise InputError(
            f"{dance}: was learned with `codec={codec}` and dreams pictures; performers, music, "
            "loops and tracks need one that was trained with `codec=pose`."
        )
    return codec


def _of_tracks(codec: str) -> str:
    """A codec if it composes tracks, else the one that does."""
    if find_method(codec).composes_tracks:
        return codec
    return next(name for name in METHODS if find_method(name).composes_tracks)


def load_or_train(
    dance: Path,
    options: TrainChoreographerOptions,
    *,
    progress: ProgressCallback = silent,
    times: StageTimes,
) -> tuple[Path, Choreographer]:
    """A choreographer and its folder: a trained one, or one trained on a clip in the cache.

    Arguments and errors as for `train_choreographer`.
    """
    if is_choreographer(dance) or looks_trained(dance):
        warn_of_unused(dance, options, "dancenow train choreographer")
        with times.stage("load"):
            return dance, Choreographer.load(dance, choose_device(options.device))
    made, result = train_choreographer(dance, None, options, progress=progress, times=times)
    return result.folder, made


def _check_codec(folder: Path, codec: str) -> None:
    """Raise `InputError` if the folder holds a choreographer of another codec, even unfinished."""
    found = learned_codec(folder) if is_choreographer(folder) else codec
    for other in METHODS.keys() - {codec}:
        begun = (folder / CHECKPOINT / name for name in find_method(other).trainings)
        if found == other or any(path.is_dir() for path in begun):
            raise InputError(
                f"{folder}: was learned with `codec={other}`; add that to resume it, or choose "
                "another folder."
            )


def _cached_folder(
    clips: list[Path], config: MethodConfig, options: TrainChoreographerOptions
) -> Path:
    contents = [content_hash(clip) for clip in clips if clip.exists()]
    if len(contents) < len(clips):
        missing = next(clip for clip in clips if not clip.exists())
        raise InputError(f"{missing}: no such file or folder.")
    budget = (options.minutes, options.steps, *filter(None, [options.quality]))
    version = find_method(options.codec).version
    made_as = (options.seed, budget, *options.style)
    key = content_hash(clips[0], version, config.model_dump(), contents, *made_as)
    entry = Entry(cache_dir("choreographers") / key, tuple(contents))
    entry.begin()
    return entry.path
