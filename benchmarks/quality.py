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
from figures import keep_figures

Frame = NDArray[np.uint8]

_LEARNED = 0.8
_CRF = 10  # of the two parts: nothing that is measured is lost
_SHOWN = 6  # frames on a sheet
_SAMPLES = (("zola", "groove"), ("bo", "disco"))
_SAMPLE_SECONDS = 20
_EXTRA = {"edn-512": ["--size", "256", "--no-perceptual"]}
_SHOWN_AS = {
    "psnr": "PSNR", "ssim": "SSIM", "psnr_aligned": "aligned", "ssim_aligned": "SSIM, aligned",
    "sharpness": "sharpness", "native_sharpness": "at full size", "st_lpips": "ST-LPIPS",
    "native_st_lpips": "at full size", "head_st_lpips": "head's", "pose_percent": "pose %",
    "missed_percent": "missed %", "flicker": "flicker", "real_flicker": "the clip's own",
}  # fmt: skip


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
    columns = ("clip", "what", *_SHOWN_AS.values())
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for clip in clips:
        for what, found in _measured(clip, options):
            keep_figures("quality", f"{clip.stem}, {what}", found)
            cells = (f"{found[name]:.3f}" if name in found else "-" for name in _SHOWN_AS)
            print(f"| {clip.stem} | {what} | {' | '.join(cells)} |", flush=True)


def _measured(clip: Path, options: argparse.Namespace) -> Iterator[tuple[str, dict[str, float]]]:
    """What stands in each row of a clip's table, and its figures."""
    first, last = cut_clip(clip, options.out / clip.stem)
    ways = [(options.preset, minutes) for minutes in options.minutes]
    ways += [("edn-512", options.minutes[0])] if options.edn else []
    for preset, minutes in ways:
        folder = options.out / clip.stem / f"{preset}-{minutes:g}"
        made = _transfer(
            last, first, folder, minutes, ["--preset", preset, *_EXTRA.get(preset, [])]
        )
        scores = evaluate_clip(made, last)
        yield f"{preset}, {minutes:g} minutes", figures_of(scores)
        write_sheet(made, last, folder.with_suffix(".png"))
    yield from ((name, _pictures(regions)) for name, regions in scores.yardsticks.items())
    plate = options.out / clip.stem / f"{ways[0][0]}-{ways[0][1]:g}" / "performer" / "plate.png"
    if plate.is_file():
        bare = _still(plate, last, options.out / clip.stem / "plate.mp4")
        yield "bare plate", figures_of(evaluate_clip(bare, last))


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
    train += ["--consent", "yes"]
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


def figures_of(scores: ClipScores) -> dict[str, float]:
    """What a clip is judged by, named as in `_SHOWN_AS`; what was not measured is missing."""
    regions = {name: getattr(scores, name) for name in ("person", "native", "head")}
    found = {
        "pose_percent": scores.pose.distance_percent["body"],
        "missed_percent": 100 * scores.pose.missed,
        "flicker": getattr(scores.flicker, "made", None),
        "real_flicker": getattr(scores.flicker, "real", None),
    }
    return _pictures(regions) | _known(found)


def _pictures(regions: Mapping[str, PictureScores | None]) -> dict[str, float]:
    person, native, head = (regions.get(name) for name in ("person", "native", "head"))
    found = {name: getattr(person, name, None) for name in _SHOWN_AS}
    found["native_sharpness"] = getattr(native, "sharpness", None)
    found["native_st_lpips"] = getattr(native, "st_lpips", None)
    found["head_st_lpips"] = getattr(head, "st_lpips", None)
    return _known(found)


def _known(found: Mapping[str, float | None]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in found.items() if value is not None}


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
