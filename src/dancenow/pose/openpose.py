"""Writing OpenPose's files: a folder with each frame's keypoints as JSON.

One `NAME_000000000042_keypoints.json` a frame, with `people[...]` that hold `pose_keypoints_2d`,
`face_keypoints_2d`, `hand_left_keypoints_2d`, `hand_right_keypoints_2d`, each x1, y1, c1, x2, y2,
c2, ...
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from dancenow import limits
from dancenow.errors import InputError, OutputError
from dancenow.files import atomic_folder, check_folder
from dancenow.pose.layout import BODY, FACE, LEFT_HAND, RIGHT_HAND
from dancenow.pose.track import FloatArray, PoseTrack
from dancenow.reading import read_object, reading

# Name of the part in JSON (before version 1.2 without _2d), in YAML, and where it goes.
PARTS: Final = (
    ("pose_keypoints", "pose", BODY),
    ("face_keypoints", "face", FACE),
    ("hand_left_keypoints", "hand_left", LEFT_HAND),
    ("hand_right_keypoints", "hand_right", RIGHT_HAND),
)
JSON_END: Final = "_keypoints.json"
SIDECAR: Final = "dancenow-track.json"
"""Beside files of ours: rate and size, which OpenPose's files lack."""


def write_openpose(track: PoseTrack, folder: str | Path) -> None:
    """Write `track` as OpenPose JSON files (BODY_25, face, hands) into a new or empty folder.

    The folder appears complete, or not at all.  Reading it returns the same keypoints.

    Raises:
        OutputError: the folder is not empty, or cannot be written.
    """
    folder = Path(folder)
    check_folder(folder, "set of pose files", ours=False)
    try:
        with atomic_folder(folder) as whole:
            for frame, keypoints in enumerate(track.keypoints):
                name = f"{folder.name}_{frame:012d}{JSON_END}"
                (whole / name).write_text(json.dumps(_as_json(keypoints)), encoding="utf-8")
            sidecar = {"version": 1, "fps": track.fps, "size": list(track.size)}
            (whole / SIDECAR).write_text(json.dumps(sidecar), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}).") from error


def read_sidecar(folder: Path) -> tuple[float | None, tuple[int, int] | None]:
    """Frames a second and frame size, if DanceNow wrote the files."""
    try:
        with reading(folder / SIDECAR, ""):
            stated = read_object(folder / SIDECAR, "")
            fps, (width, height) = float(stated["fps"]), map(int, stated["size"])
            limits.check_rate(folder, fps)
            limits.check_picture(folder, width, height)
    except InputError:
        return None, None
    return fps, (width, height)


def _as_json(keypoints: FloatArray) -> dict[str, Any]:
    people = []
    if (keypoints[:, 2] > 0).any():
        # The shortest decimal that gives the same float32 again.
        values = [float(str(value)) for value in keypoints.ravel()]
        people.append(
            {
                "person_id": [-1],
                **{f"{name}_2d": values[3 * part.start : 3 * part.stop] for name, _, part in PARTS},
            }
        )
    return {"version": 1.3, "people": people}
