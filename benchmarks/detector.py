"""How well a detector judges people it never saw: each person is left out once.

    python benchmarks/detector.py FOLDER... [--minutes 10] [--groups 4]

In each FOLDER, `real` and `fake` hold clips whose names begin with the person's (`zola-house.mp4`),
in `fake` followed by how the performer was learned (`zola-fast-disco.mp4`);
`benchmarks/detector_people.py` makes such a folder.  For every person, or group of persons, a
detector is trained on all the others, and judges their clips: as they are, compressed again, at
half their size, and blurred.  Poses are found once, in the clip as it is.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.detector import Detector
from dancenow.detector.passages import cut_passages
from dancenow.options import TrainDetectorOptions
from dancenow.pose import PoseTrack
from dancenow.sources.detection import find_pose
from dancenow.video import clips_in, open_writer, probe, read_frames
from dancenow.workflows.train_detector import train_detector
from figures import write_figures

Frame = NDArray[np.uint8]

_MOST: Final = 150  # frames of a clip
_BLUR_PX: Final = 1.5  # where the person is 256 pixels high


@dataclass(frozen=True)
class _Way:
    """What happens to a clip before it is judged."""

    name: str
    crf: int = 18
    scale: float = 1.0
    blurred: bool = False


WAYS: Final = (
    _Way("CRF 18", 18),
    _Way("CRF 28", 28),
    _Way("CRF 35", 35),
    _Way("half the size", 23, 0.5),
    _Way("blurred", 23, 1.0, True),
)


def person_of(clip: Path) -> str:
    return re.split(r"[-_.]", clip.name)[0]


def kind_of(clip: Path) -> str:
    return clip.name.split("-")[1]


def changed(clip: Path, way: _Way, track: PoseTrack, folder: Path) -> tuple[Path, PoseTrack]:
    """A clip after what happens to it, and its poses there."""
    info, out = probe(clip), folder / "changed.mkv"
    width, height = (2 * round(side * way.scale / 2) for side in info.size)
    change = _blur(track) if way.blurred else (lambda frame: frame)
    with open_writer(out, fps=info.fps, crf=way.crf) as writer:
        for frame in read_frames(info, stop=min(info.frames, _MOST)):
            small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
            writer.write(change(np.asarray(small, np.uint8)))
    keypoints = track.keypoints[:_MOST].copy()
    keypoints[..., 0] *= width / info.size[0]
    keypoints[..., 1] *= height / info.size[1]
    return out, PoseTrack(keypoints, track.fps, (width, height))


def _blur(track: PoseTrack) -> Callable[[Frame], Frame]:
    box = np.nanpercentile(np.ptp(track.xy[..., 1], axis=1), 95)
    sigma = _BLUR_PX * float(box) / 256
    return lambda frame: np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma), np.uint8)


def judged(detector: Detector, clip: Path) -> Iterator[tuple[str, float, float]]:
    """The score of a clip and its spread, every way."""
    track = find_pose(probe(clip))
    yield "as it is", *_score(detector, clip, track[:_MOST])
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            yield way.name, *_score(detector, *changed(clip, way, track, Path(folder)))


def _score(detector: Detector, clip: Path, track: PoseTrack) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        verdict = detector.verdict(cut_passages(probe(clip), track, detector.config, Path(folder)))
    return verdict.score, verdict.spread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--groups", type=int, help="of persons left out together; one each if none")
    parser.add_argument("--rounds", type=int, help="groups that are left out; all by default")
    parser.add_argument("--filmed", nargs="*", default=[], help="who is no sample performer")
    chosen = parser.parse_args()
    clips = [
        (clip, made)
        for folder in chosen.folders
        for made in (False, True)
        for clip in clips_in(folder / ("fake" if made else "real"))
    ]
    people = sorted({person_of(clip) for clip, _ in clips})
    if odd := [clip.name for clip, made in clips if made and "-" not in clip.name]:
        parser.error(f"{odd[0]}: must be named PERSON-HOW-...")
    rows: list[dict[str, Any]] = []
    groups = [
        people[k :: chosen.groups or len(people)] for k in range(chosen.groups or len(people))
    ]
    for group in groups[: chosen.rounds]:
        known = [(clip, made) for clip, made in clips if person_of(clip) not in group]
        options = TrainDetectorOptions(
            fake=tuple(clip for clip, made in known if made), minutes=chosen.minutes, logger="none"
        )
        with tempfile.TemporaryDirectory() as folder:
            trained = train_detector([clip for clip, made in known if not made], folder, options)
            without = ", ".join(group)
            print(f"without {without}: {trained.steps} steps, {trained.held_out}", flush=True)
            detector = Detector.load(folder)
            for clip, made in clips:
                if (person := person_of(clip)) in group:
                    for way, score, spread in judged(detector, clip):
                        row = {"person": person, "clip": clip.name, "made": made, "way": way,
                               "by": kind_of(clip) if made else "", "score": round(score, 3),
                               "spread": round(spread, 3)}  # fmt: skip
                        rows.append(row)
                        right = "" if (score > 0.5) == made else "   WRONG"
                        print(f"  {clip.name:32} {way:14} {score:.2f} ± {spread:.2f}{right}",
                              flush=True)  # fmt: skip
    figures = {
        "minutes": chosen.minutes,
        "people": len(people),
        "left_out_together": len(groups[0]),
        **_summed(rows),
        "sample_performers": _summed([row for row in rows if row["person"] not in chosen.filmed]),
        "clips": rows,
    }
    for name, part in figures.items():
        if name != "clips":
            print(name, part)
    print(write_figures("detector", figures))


def _summed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The part of the clips that is right: every way, of every preset, of every person."""

    def right(of: list[dict[str, Any]]) -> float | None:
        told = [(row["score"] > 0.5) == row["made"] for row in of]
        return round(sum(told) / len(told), 4) if told else None

    def by(name: str) -> dict[str, Any]:
        found = sorted({str(row[name]) for row in rows} - {""})
        return {each: right([row for row in rows if str(row[name]) == each]) for each in found}

    def in_order(of: list[dict[str, Any]]) -> float | None:
        """Of a filmed and a made clip, how often the made one has the higher score (AUC)."""
        filmed, made = (
            [row["score"] for row in of if row["made"] == kind] for kind in (False, True)
        )
        pairs = [(a < b) + 0.5 * (a == b) for a in filmed for b in made]
        return round(sum(pairs) / len(pairs), 4) if pairs else None

    ways = sorted({str(row["way"]) for row in rows})
    return {
        "clips_as_they_are": sum(row["way"] == "as it is" for row in rows),
        "judgements": len(rows),
        "in_order": {way: in_order([row for row in rows if row["way"] == way]) for way in ways},
        "right": right(rows),
        "filmed": right([row for row in rows if not row["made"]]),
        "made": right([row for row in rows if row["made"]]),
        "way": by("way"),
        "by": by("by"),
        "person": by("person"),
    }


if __name__ == "__main__":
    main()
