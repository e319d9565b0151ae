"""The page of an evaluation: its figures with their meaning, and frames beside the true ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.clip import ClipScores, PerFrame
from dancenow.evaluation.dance import DanceScores
from dancenow.evaluation.motion import MotionScores
from dancenow.evaluation.pictures import PictureScores
from dancenow.files import check_folder, make_folder, write_bytes
from dancenow.report import (
    PAGE,
    Curve,
    Html,
    Meaning,
    Page,
    Row,
    Section,
    Shot,
    curves,
    encode_jpeg,
    facts,
    figures,
    page_kind,
    paragraph,
    strip,
    times,
    write_page,
)
from dancenow.report.meanings import DANCE, PICTURES, POSES, STEADINESS
from dancenow.video import probe, read_frames

Frame = NDArray[np.uint8]

SHOTS: Final = 8  # frames of a strip
_GAP: Final = 0.02  # of a frame, between the true and the made one
_REGIONS: Final = {
    "whole": "whole frame",
    "person": "person's box",
    "native": "person at full size",
    "face": "face",
    "head": "head, close",
}
_CLIP_TIMES: Final = {
    "detect": "finding poses",
    "perform": "dancing",
    "compare": "comparing",
    "measure": "measuring",
}


@dataclass(frozen=True)
class Compared:
    """Two clips to show side by side.

    Attributes:
        made: the one to judge.
        truth: the true one.
        start: the frame of `truth` at which `made` begins.
    """

    made: Path
    truth: Path
    start: int = 0


def check_report(folder: Path) -> None:
    """Raise `OutputError` now if a report cannot be written into a folder later."""
    check_folder(folder, "report", ours=page_kind(folder / PAGE) == "evaluation")


def write_clip_page(
    folder: Path,
    title: str,
    entries: Mapping[str, object],
    scores: ClipScores,
    frames: PerFrame,
    clips: Compared,
    seconds: Mapping[str, float],
) -> Path:
    """Write the page of a clip that was compared with the true one.

    Args:
        folder: where it goes, with the pictures.
        title: its heading.
        entries: what was compared.
        scores: the figures.
        frames: those of every frame.
        clips: the two clips.
        seconds: of each stage.
    """
    _begin(folder)
    shots, shows = _beside(folder, clips, scores.frames)
    missing = [paragraph(m) for m in (scores.lpips_missing, scores.st_lpips_missing) if m]
    spent = {_CLIP_TIMES.get(name, name): value for name, value in seconds.items()}
    page = Page(
        "evaluation",
        title,
        (paragraph("Every figure is a mean over the compared frames."),),
        (
            Section("What was compared", (facts("The clips", entries),)),
            Section("The frames", (paragraph(shows), strip(shots, "Frames"))),
            Section("Pictures", (picture_figures(scores), *missing)),
            Section("What these figures are worth", yardstick_figures(scores)),
            Section("Poses", (pose_figures(scores),)),
            Section("Steadiness", (steadiness_figures(scores),)),
            Section("Over time", (_over_time(frames, float(probe(clips.truth).fps)),)),
            Section("How long it took", (times("Stages", spent),)),
        ),
    )
    return write_page(folder / PAGE, page)


def write_dance_page(
    folder: Path,
    title: str,
    entries: Mapping[str, object],
    scores: MotionScores | DanceScores,
    speeds: tuple[NDArray[np.float32], float],
    rows: Mapping[str, Sequence[tuple[float, Frame]]],
) -> Path:
    """Write the page of a dance that was measured.

    Args:
        folder: where it goes, with the pictures.
        title: its heading.
        entries: what was measured.
        scores: the figures.
        speeds: of the dance, relative to the learned one's mean, and their rate per second.
        rows: pictures of dances by what they show, uint8 `(H, W, 3)` RGB with their time in
            seconds, evenly spaced.
    """
    _begin(folder)
    values, rate = speeds
    parts: list[object] = []
    for number, (what, pictures) in enumerate(rows.items()):
        shots = [
            _shot(folder, f"{number}-{k}", picture, f"at {seconds:.1f} s", what)
            for k, (seconds, picture) in enumerate(pictures)
        ]
        parts += [paragraph(f"{what}, at even intervals."), strip(shots, what)] if shots else []
    speed = Curve(
        "Speed",
        np.arange(len(values)) / rate,
        values.astype(np.float64),
        "Mean movement relative to the learned dance's; long stretches near 0 are stalls.",
        "seconds",
        level=(1.0, "as learned"),
        log=False,
    )
    page = Page(
        "evaluation",
        title,
        (paragraph("A new dance was made and compared with the learned one."),),
        (
            Section("What was measured", (facts("The dance", entries),)),
            Section("How it moves", (dance_figures(scores), curves([speed], "speed"))),
            Section("How it looks", tuple(parts)),
        ),
    )
    return write_page(folder / PAGE, page)


def picture_figures(scores: ClipScores) -> Html:
    """The table of pictures, one column per region."""
    regions = {name: getattr(scores, region) for region, name in _REGIONS.items()}
    return _pictures("Pictures against the true ones", regions)


def yardstick_figures(scores: ClipScores) -> tuple[Html, ...]:
    """A table for each region: what was made beside true frames that were blurred or moved."""
    tables = []
    for region in dict.fromkeys(name for found in scores.yardsticks.values() for name in found):
        columns = {"made": getattr(scores, region)}
        columns |= {name: found.get(region) for name, found in scores.yardsticks.items()}
        tables.append(_pictures(_REGIONS[region].capitalize(), columns))
    return tuple(tables)


def _pictures(title: str, columns: Mapping[str, PictureScores | None]) -> Html:
    seen = {name: scores for name, scores in columns.items() if scores is not None}
    rows = [
        Row(meaning, [getattr(scores, name) for scores in seen.values()])
        for name, meaning in PICTURES.items()
        if any(getattr(scores, name) is not None for scores in seen.values())
    ]
    return figures(title, rows, tuple(seen))


def pose_figures(scores: ClipScores) -> Html:
    """The table of poses, one column per part of the body."""
    pose = scores.pose
    parts = list(dict.fromkeys([*pose.distance_percent, *pose.missed_keypoints]))
    tables = ("distance_percent", "distance_px", "missed_keypoints")
    rows = [Row(POSES[t], [getattr(pose, t).get(part) for part in parts]) for t in tables]
    body = [pose.missed if part == "body" else None for part in parts]
    return figures("Poses against the true ones", [*rows, Row(POSES["missed"], body)], parts)


def steadiness_figures(scores: ClipScores) -> Html:
    """The table of flicker."""
    rows = [Row(m, (getattr(scores.flicker, name, None),)) for name, m in STEADINESS.items()]
    return figures("Changes from frame to frame", rows)


def dance_figures(scores: MotionScores | DanceScores) -> Html:
    """The table of a dance, beside the learned one's."""
    rows = []
    for field in fields(scores):
        value = getattr(scores, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if not field.name.startswith("learned_"):
            meaning = DANCE.get(field.name) or Meaning(field.name.replace("_", " "), "")
            rows.append(Row(meaning, (value, getattr(scores, f"learned_{field.name}", None))))
    return figures("Movement", rows, ("new dance", "learned dance"))


def evenly(count: int, most: int = SHOTS) -> list[int]:
    """Up to `most` numbers below `count`, as far apart as possible."""
    numbers: list[int] = np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist()
    return list(dict.fromkeys(numbers))


def _beside(folder: Path, clips: Compared, count: int) -> tuple[list[Shot], str]:
    """Frames of both clips at some moments, and a sentence on their arrangement."""
    fps = float(probe(clips.truth).fps)
    shots: list[Shot] = []
    wide = False
    for index in evenly(count):
        true, made = _frame(clips.truth, clips.start + index), _frame(clips.made, index)
        if true is None or made is None:
            continue
        wide = true.shape[1] > true.shape[0]
        number = clips.start + index
        caption = f"frame {number:,}, {number / fps:.1f} s"
        axis = 0 if wide else 1
        gap = list(true.shape)
        gap[axis] = max(2, round(_GAP * true.shape[axis]))
        both = np.concatenate((true, np.full(gap, 255, np.uint8), made), axis=axis)
        shots.append(_shot(folder, f"frame-{number:06d}", both, caption, "The true and the made"))
    shows = "Above: the true clip. Below: the made one."
    return shots, shows if wide else "Left: the true clip. Right: the made one."


def _frame(clip: Path, index: int) -> Frame | None:
    return next(iter(read_frames(clip, start=index, stop=index + 1)), None)


def _begin(folder: Path) -> None:
    """Make a report's folder, and remove the pictures of an earlier report."""
    make_folder(folder)
    for picture in (folder / "pictures").glob("*.jpg"):
        picture.unlink()


def _shot(folder: Path, name: str, picture: Frame, caption: str, what: str) -> Shot:
    """A picture of the page, also written beside it."""
    make_folder(folder / "pictures")
    data = encode_jpeg(picture)
    write_bytes(folder / "pictures" / f"{name}.jpg", data)
    return Shot(data, caption, f"{what}: {caption}")


def _over_time(frames: PerFrame, fps: float) -> Html:
    """PSNR and SSIM of the person's box, or of whole frames, over the clip's time."""
    region = "person" if any(score is not None for score in frames["person"]) else "whole"
    shown: list[Curve] = []
    score: Callable[[PictureScores], float]
    for name, score, unit in (("psnr", lambda s: s.psnr, "dB"), ("ssim", lambda s: s.ssim, "")):
        values = np.array([np.nan if s is None else score(s) for s in frames[region]])
        at = np.arange(len(values)) / fps
        what = f"Frame by frame, {_REGIONS[region]}; higher is closer to the truth."
        shown.append(Curve(PICTURES[name].name, at, values, what, "seconds", unit, log=False))
    return curves(shown, "time")


def chosen(
    pictures: Iterator[Frame], count: int, rate: float, kept: list[tuple[float, Frame]]
) -> Iterator[Frame]:
    """Pass pictures through; copy some, evenly spaced over all `count`, to `kept` with their time.

    Their rate is `rate` per second.
    """
    wanted = set(evenly(count))
    for index, picture in enumerate(pictures):
        if index in wanted:
            kept.append((index / rate, picture.copy()))
        yield picture
