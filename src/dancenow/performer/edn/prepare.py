"""From a target clip, or the authors' folders, to the training pairs of the paper's system."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dancenow.cache import Entry, cache_dir
from dancenow.errors import DanceNowWarning, InputError, counted
from dancenow.files import new_folder, new_pictures
from dancenow.hashing import content_hash
from dancenow.performer.edn.config import EDNConfig
from dancenow.performer.edn.dataset import PairSet, consecutive, open_pairs, save_pairs
from dancenow.performer.edn.figures import face_regions, scaled
from dancenow.performer.edn.performer import FrameScene
from dancenow.performer.method import TargetRequest
from dancenow.pose import PoseTrack
from dancenow.pose.face_region import face_side
from dancenow.pose.layout import CERTAIN
from dancenow.pose.normalize import PoseStatistics, pose_statistics
from dancenow.pose.retarget import BodyShape, body_shape
from dancenow.progress import Progress, ProgressCallback
from dancenow.reading import read_object
from dancenow.sources.camera import DriftWatch, warn_of_drift
from dancenow.sources.load import load_poses
from dancenow.sources.stick_figures import AuthorsFolder, is_authors_folder, read_authors_folder
from dancenow.video import ClipInfo, probe, read_frames

VERSION = 3  # of what is cached here; increment it when the preparation changes
_FEWEST_POINTS = 8  # body keypoints that a training frame needs
_AUTHORS_FPS = 30.0  # assumed; their folders do not say

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class PreparedPairs:
    """A target prepared for training.

    Attributes:
        scene: where the person stands.
        pairs: the training data.
        key: identifies the clip's content and the preparation.
        learned: which frames of which clip these are, for later evaluation.
    """

    scene: FrameScene
    pairs: PairSet
    key: str
    learned: dict[str, Any]


def prepare_pairs(config: EDNConfig, request: TargetRequest) -> PreparedPairs:
    """Scale a clip's frames to the painted size and find its poses; cached by content.

    Args:
        config: the painted size and the number of frames.
        request: the clip, or a folder of the authors' layout (`train_label`, `train_img`).

    Raises:
        InputError: the clip cannot be read, is too short to form a pair, or nobody is seen in it.
    """
    target, progress = request.target, request.progress
    if is_authors_folder(target):
        if request.options.poses is not None:
            raise InputError(f"{target}: has stick figures of its own; leave out `poses`.")
        return _from_authors(target, config, request.options.hold_out, progress)
    info = probe(target)
    canvas = config.canvas(info.size)
    stop = info.frames - round(request.options.hold_out * info.frames)
    if stop < 2:
        raise InputError(
            f"{target}: {counted(stop, 'frame')} to learn from: too few to form a pair; "
            "give a clip with hundreds."
        )
    known = None if request.options.poses is None else content_hash(request.options.poses)
    found_by = known or request.options.estimator
    key = content_hash(
        target, VERSION, canvas, config.max_frames, stop, found_by, request.options.target_person
    )
    entry = Entry(cache_dir("pairs") / key, (content_hash(target),), target)

    def make() -> None:
        track = load_poses(
            info,
            request.options.poses,
            person=request.options.target_person,
            estimator=request.options.estimator,
            device=request.options.device,
            progress=progress,
        )
        with new_folder(entry.path) as temporary:
            _write(temporary, target, info, track, canvas, _rows(track, stop, config), progress)

    pairs, scene, drift = entry.get(make, lambda: _read(entry.path, info))
    warn_of_drift(target, info.size, drift)
    _warn_of_faces(target, pairs)
    learned = {"clip": content_hash(target), "start": 0, "stop": stop, "frames": info.frames}
    return PreparedPairs(scene, pairs, key, learned)


def _read(folder: Path, info: ClipInfo) -> tuple[PairSet, FrameScene, dict[str, Any]]:
    document, pairs = read_object(folder / "scene.json", "is damaged."), open_pairs(folder)
    statistics = PoseStatistics.from_dict(document["statistics"])
    shape = BodyShape.from_dict(document["shape"])
    scene = FrameScene(info.size, float(info.fps), statistics, pairs.side, shape)
    return pairs, scene, dict(document["drift"])


def _rows(track: PoseTrack, stop: int, config: EDNConfig) -> NDArray[np.int64]:
    """The training frames: all that show a body, or pairs spread over the clip."""
    seen = (track.confidence[:, :25] >= CERTAIN).sum(axis=1) >= _FEWEST_POINTS
    frames = np.arange(stop)
    if stop > config.max_frames:
        first = np.linspace(0, stop - 2, config.max_frames // 2).astype(np.int64)
        frames = np.union1d(first, first + 1)
    learned: NDArray[np.int64] = frames[seen[frames]]
    return learned


def _write(
    folder: Path,
    clip: Path,
    info: ClipInfo,
    track: PoseTrack,
    canvas: tuple[int, int],
    rows: NDArray[np.int64],
    progress: ProgressCallback,
) -> None:
    """Write the frames of `rows`, their poses and the scene into `folder`."""
    pairs = consecutive(rows)
    if len(pairs) == 0:
        raise InputError(
            f"{clip}: no two neighbouring frames show a whole person; a longer clip is needed."
        )
    keypoints = track.keypoints[rows].copy()
    keypoints[..., :2] *= np.array(canvas, np.float32) / np.array(info.size, np.float32)
    frames = new_pictures(folder / "frames.npy", (len(rows), canvas[1], canvas[0], 3))
    drift = DriftWatch(track, len(rows))
    place = {int(index): row for row, index in enumerate(rows)}
    for index, frame in enumerate(read_frames(clip, stop=int(rows[-1]) + 1)):
        if index in place:
            frames[place[index]] = scaled(frame, canvas)
            drift.see(place[index], index, frame)
        progress(Progress(f"reading {clip.name}", index + 1, int(rows[-1]) + 1))
    frames.flush()
    save_pairs(folder, PairSet.of_poses(frames, keypoints, pairs))
    scene = {
        "statistics": pose_statistics(track).to_dict(),
        "shape": body_shape(track).to_dict(),
        "drift": drift.figures(),
    }
    (folder / "scene.json").write_text(json.dumps(scene), "utf-8")


def _warn_of_faces(target: Path, pairs: PairSet) -> None:
    if len(pairs.face_pairs) == 0:
        warnings.warn(
            f"{target}: no face is seen in any frame; the face stage is left out.",
            DanceNowWarning,
            stacklevel=3,
        )


def _from_authors(
    target: Path, config: EDNConfig, hold_out: float, progress: ProgressCallback
) -> PreparedPairs:
    """Pairs from `train_label`, `train_img` and `train_facetexts128`, with the given figures."""
    given = read_authors_folder(target, "train")
    canvas = config.canvas(given.size)
    count = len(given) - round(hold_out * len(given))
    content = [content_hash(target / name) for name in sorted(_subfolders(target))]
    key = content_hash(given.labels[0], VERSION, canvas, config.max_frames, count, content)
    entry = Entry(cache_dir("pairs") / key, tuple(content), target)

    def make() -> None:
        with new_folder(entry.path) as temporary:
            _write_authors(temporary, target, given, canvas, _kept(given, count, config), progress)

    pairs = entry.get(make, lambda: open_pairs(entry.path))
    _warn_of_faces(target, pairs)
    scene = FrameScene(given.size, _AUTHORS_FPS, None, pairs.side)
    clip = content_hash(target / "train_img")
    learned = {"clip": clip, "start": 0, "stop": count, "frames": len(given)}
    return PreparedPairs(scene, pairs, key, learned)


def _subfolders(target: Path) -> Iterator[str]:
    return (entry.name for entry in target.iterdir() if entry.name.startswith("train_"))


def _kept(given: AuthorsFolder, count: int, config: EDNConfig) -> NDArray[np.int64]:
    """The training pairs, int64 `(P, 2)`."""
    pairs = given.pairs[(given.pairs < count).all(axis=1)]
    if len(pairs) == 0:
        raise InputError(f"{given.labels[0].parent}: no pair of neighbouring frames is left.")
    most = config.max_frames // 2
    if len(pairs) > most:
        pairs = pairs[np.linspace(0, len(pairs) - 1, most).astype(np.int64)]
    return np.asarray(pairs)


def _write_authors(
    folder: Path,
    target: Path,
    given: AuthorsFolder,
    canvas: tuple[int, int],
    pairs: NDArray[np.int64],
    progress: ProgressCallback,
) -> None:
    rows = np.unique(pairs)
    shape = (len(rows), canvas[1], canvas[0], 3)
    frames = new_pictures(folder / "frames.npy", shape)
    figures = new_pictures(folder / "figures.npy", shape)
    for place, row in enumerate(rows.tolist()):
        frames[place] = scaled(given.image(row), canvas)
        figures[place] = scaled(given.label(row), canvas)
        progress(Progress(f"reading {target.name}", place + 1, len(rows)))
    frames.flush()
    figures.flush()
    corners = face_regions(given, canvas)[rows]
    side = face_side(canvas)
    learned = PairSet(
        frames, None, figures, np.searchsorted(rows, pairs), corners, given.has_face[rows], side
    )
    save_pairs(folder, learned)
