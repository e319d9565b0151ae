"""How near a performer comes to frames of its own clip that it never saw.

    python benchmarks/quality.py CLIP... [--samples] [--minutes 10] [--edn] [--out runs/quality]

Each clip is cut at 80 %; a performer learns the first part for the budget and dances the poses of
the last part, which is then compared with the real one: inside the person's box, scaled to a
height of 256 px and at full size, and on the head.  True frames that were blurred or moved, the
bare plate, and with `--edn` the paper's networks under the same budget, stand beside it.  Several
`--minutes` give the curve over time, each trained from the beginning.  Sheets, real frames above
those made, are left in `--out`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from dancenow.evaluation.clip import ClipScores
from dancenow.evaluation.pictures import PictureScores
from dancenow.pose.extent import body_extent
from dancenow.sources.detection import find_pose
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.evaluate_clip import evaluate_clip

Frame = NDArray[np.uint8]

_LEARNED = 0.8
_CRF = 10  # of the two parts: nothing that is measured is lost
_SHOWN = 6  # frames on a sheet
_SAMPLES = (("zola", "groove"), ("bo", "disco"))
_SAMPLE_SECONDS = 20
_COLUMNS = (
    "clip", "what", "minutes", "PSNR", "SSIM", "aligned", "sharpness", "at full size", "ST-LPIPS",
    "at full size", "head's", "pose %", "missed %", "flicker (real)",
)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--samples", action="store_true", help="also two sample performers")
    parser.add_argument("--minutes", nargs="+", type=float, default=[10.0])
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--edn", action="store_true", help="also the paper's networks at 256 px")
    parser.add_argument("--out", type=Path, default=Path("runs/quality"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    clips = [*options.clips, *(_samples(options.out) if options.samples else [])]
    if not clips:
        parser.error("give a clip, or --samples")
    print(f"| {' | '.join(_COLUMNS)} |\n|{' --- |' * len(_COLUMNS)}")
    for clip in clips:
        first, last = cut_clip(clip, options.out / clip.stem)
        for minutes in options.minutes:
            folder = options.out / clip.stem / f"{options.preset}-{minutes:g}"
            made = _transfer(last, first, folder, minutes, ["--preset", options.preset])
            scores = evaluate_clip(made, last)
            _row(clip, options.preset, minutes, scores)
            write_sheet(made, last, folder.with_suffix(".png"))
        for name, regions in scores.yardsticks.items():
            _print([clip.stem, name, "", *_pictures(regions), "", "", ""])
        plate = folder / "performer" / "plate.png"
        if plate.is_file():
            bare = _still(plate, last, options.out / clip.stem / "plate.mp4")
            _row(clip, "bare plate", 0, evaluate_clip(bare, last))
        if options.edn:
            folder = options.out / clip.stem / f"edn-{options.minutes[0]:g}"
            extra = ["--preset", "edn-512", "--size", "256", "--no-perceptual"]
            made = _transfer(last, first, folder, options.minutes[0], extra)
            _row(clip, "EDN's networks", options.minutes[0], evaluate_clip(made, last))
            write_sheet(made, last, folder.with_suffix(".png"))


def _samples(out: Path) -> Iterator[Path]:
    for performer, dance in _SAMPLES:
        clip = out / f"{performer}_{dance}.mp4"
        if not clip.is_file():
            who = ["--performer", performer, "--dance", dance]
            _dancenow("sample", *who, "--seconds", str(_SAMPLE_SECONDS), "-o", str(clip))
        yield clip


def cut_clip(clip: Path, folder: Path) -> tuple[Path, Path]:
    """The first 80 % and the last 20 % of a clip, as clips of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    info = probe(clip)
    border = round(_LEARNED * info.frames)
    parts = folder / "first.mp4", folder / "last.mp4"
    for part, (start, stop) in zip(parts, [(0, border), (border, info.frames)], strict=True):
        if not part.is_file():
            with open_writer(part, fps=info.fps, crf=_CRF) as writer:
                for frame in read_frames(clip, start=start, stop=stop):
                    writer.write(frame)
    return parts


def _transfer(source: Path, target: Path, folder: Path, minutes: float, extra: list[str]) -> Path:
    """Train on `target` from the beginning, then dance `source`."""
    shutil.rmtree(folder, ignore_errors=True)
    performer, made = folder / "performer", folder / "out.mp4"
    folder.mkdir(parents=True)
    train = ["train", "performer", str(target), "-o", str(performer), "--minutes", str(minutes)]
    _dancenow(*train, *extra)
    _dancenow("transfer", str(source), str(performer), "-o", str(made), "--no-normalize")
    return made


def _dancenow(*arguments: str) -> None:
    command = [sys.executable, "-m", "dancenow", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")


def _still(picture: Path, like: Path, out: Path) -> Path:
    frame = cv2.cvtColor(cv2.imread(str(picture)), cv2.COLOR_BGR2RGB)
    info = probe(like)
    with open_writer(out, fps=info.fps) as writer:
        for _ in range(info.frames):
            writer.write(np.asarray(frame, dtype=np.uint8))
    return out


def _row(clip: Path, what: str, minutes: float, scores: ClipScores) -> None:
    body, flicker = scores.pose.distance_percent["body"], scores.flicker
    steady = "-"
    if flicker is not None and flicker.made is not None:
        steady = f"{flicker.made:.2f} ({flicker.real:.2f})"
    regions = {name: getattr(scores, name) for name in ("person", "native", "head")}
    missed = f"{100 * scores.pose.missed:.1f}"
    pose = "-" if body is None else f"{body:.2f}"
    _print([clip.stem, what, f"{minutes:g}", *_pictures(regions), pose, missed, steady])


def _pictures(regions: Mapping[str, PictureScores | None]) -> list[str]:
    """Cells of a row, from PSNR to the head's ST-LPIPS."""
    person, native, head = (regions.get(name) for name in ("person", "native", "head"))
    if person is None or native is None:
        return 8 * ["-"]
    return [
        f"{person.psnr:.2f}",
        f"{person.ssim:.3f}",
        f"{person.psnr_aligned:.2f} / {person.ssim_aligned:.3f}",
        f"{person.sharpness:.2f}",
        f"{native.sharpness:.2f}",
        *(
            "-" if scores is None or scores.st_lpips is None else f"{scores.st_lpips:.3f}"
            for scores in (person, native, head)
        ),
    ]


def _print(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def write_sheet(made: Path, truth: Path, path: Path) -> None:
    """Some frames of the true clip above those that were made, cut around the person."""
    extent = body_extent(find_pose(probe(truth)))
    left, top = np.nanmin(extent[:, :2], axis=0).astype(int)
    right, bottom = np.nanmax(extent[:, 2:], axis=0).astype(int)
    grow = (bottom - top) // 8
    box = max(0, left - grow), max(0, top - grow), right + grow, bottom + grow
    chosen = np.linspace(0, probe(truth).frames - 1, _SHOWN).astype(int).tolist()
    rows = []
    for clip in (truth, made):
        frames = [f for i, f in enumerate(read_frames(clip)) if i in chosen]
        rows.append(np.hstack([f[box[1] : box[3], box[0] : box[2]] for f in frames]))
    sheet = np.vstack(rows)
    if sheet.shape[1] > 3000:
        scale = 3000 / sheet.shape[1]
        sheet = cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
