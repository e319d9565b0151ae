"""Every way in for a file: small good ones of each kind, and the command that reads each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image

from dancenow.detector import Detector
from dancenow.detector.calibration import Calibration
from dancenow.detector.config import DetectorConfig
from dancenow.detector.network import DetectorNetwork
from dancenow.options import (
    SampleOptions,
    TrainChoreographerOptions,
    TrainPerformerOptions,
)
from dancenow.pose import PoseTrack
from dancenow.pose.openpose import write_openpose
from dancenow.video import open_writer
from dancenow.workflows.pose import write_pose
from dancenow.workflows.sample import write_sample
from dancenow.workflows.train_choreographer import train_choreographer
from dancenow.workflows.train_performer import train_performer

CASES: Final = Path(__file__).parents[1] / "cases"
PERFORM: Final = ("perform", "P", "{}", "-o", "out.mp4", "--no-credentials")


@dataclass(frozen=True)
class Door:
    """One way in.

    Attributes:
        name: of the door.
        file: the good file, relative to the folder of all; inside a folder that is part of it, the
            whole folder is there.
        kind: what the file is; see `mutated`.
        command: with "{}" for the file; others name what lies beside it.
        statuses: the exit statuses that are right.
        weight: how often it is tried beside the others.
    """

    name: str
    file: str
    kind: str
    command: Sequence[str] | Callable[[Path], object]
    statuses: tuple[int, ...] = (0, 2)
    weight: int = 2


def make_good_files(folder: Path) -> None:
    """Write a good file of every kind, and what the commands need beside them."""
    write_sample(folder / "x.mp4", SampleOptions(seconds=0.8, size=96, fps=10, performer="bo"))
    track = PoseTrack.load(folder / "x.pose.npz")
    learn = TrainPerformerOptions(preset="tiny", steps=2, device="cpu")
    train_performer(folder / "x.mp4", folder / "P", learn)
    write_sample(folder / "long.mp4", SampleOptions(seconds=14, size=64, fps=10, performer="bo"))
    dance = TrainChoreographerOptions(codec="pose", preset="tiny", steps=2, device="cpu")
    train_choreographer(folder / "long.pose.npz", folder / "D", dance)
    small = DetectorConfig(canvas=64, body=50, passages=1, crop=32, widths=(4, 8))
    Detector(small, DetectorNetwork(small), Calibration()).save(folder / "T")
    track[:4].save(folder / "t.npz")
    write_openpose(track[:3], folder / "openpose")
    write_pose(folder / "t.npz", folder / "capture.bvh")
    poses = np.zeros((20, 24 * 3))
    poses[:, 48:51] = np.linspace(0, 0.4, 20)[:, None]
    np.savez(folder / "smpl.npz", poses=poses, trans=np.zeros((20, 3)), mocap_framerate=30.0)
    _write_videos(folder, track)
    (folder / "plan.toml").write_text(
        '[[segment]]\nclip = "t.npz"\nfrom = 0.0\nto = 0.2\nlength = 0.3\n\n'
        '[[segment]]\nclip = "t.npz"\nfrom = 0.1\nspeed = 0.5\n'
    )
    (folder / "batch.toml").write_text(
        '[performers]\nbo = "P"\n\n[sources]\na = "t.npz"\n\n'
        '[[job]]\nperformer = "bo"\nsource = "a"\n'
    )
    _write_yaml(folder, track)


def _write_videos(folder: Path, track: PoseTrack) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (5, 48, 64, 3), dtype=np.uint8)
    tone = (0.2 * np.sin(0.05 * np.arange(22050))).astype(np.float32)
    for name in ("v.mp4", "v.mkv", "v.webm", "v.mov"):
        with open_writer(folder / name, fps=10, audio=(tone, 22050)) as writer:
            for frame in noise:
                writer.write(frame)
    frames = [Image.fromarray(frame) for frame in noise]
    for name in ("a.gif", "a.webp", "a.png"):
        frames[0].save(folder / name, save_all=True, append_images=frames[1:], duration=100)
    for name in ("p.png", "p.jpg", "p.webp", "p.bmp", "p.tif"):
        frames[0].save(folder / name)
    pictures = folder / "pictures"
    pictures.mkdir()
    for number, frame in enumerate(frames):
        frame.save(pictures / f"{number}.png")
    with av.open(str(folder / "s.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        samples = (3000 * np.sin(0.3 * np.arange(8000 * 3))).astype(np.int16)[None]
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    del track


def _write_yaml(folder: Path, track: PoseTrack) -> None:
    yaml = folder / "yaml"
    yaml.mkdir()
    values = ", ".join(f"{value:.3e}" for value in track.keypoints[0, :25].ravel())
    (yaml / "0_pose.yml").write_text(
        "%YAML:1.0\n---\npose_0: !!opencv-nd-matrix\n"
        f"   sizes: [ 1, 25, 3 ]\n   dt: f\n   data: [ {values} ]\n"
    )


def _import_archive(folder: Path) -> object:
    """What the studio does with an archive: unpack it, and load the person in it."""
    from dancenow.performer import Performer
    from dancenow.studio.archive import unpack

    goal = folder.parent / "unpacked"
    goal.mkdir()
    try:
        unpack(folder, goal, most_bytes=20_000_000)
        return Performer.load(goal)
    finally:
        shutil.rmtree(goal)


def pack_person(folder: Path) -> None:
    """Write the archive of a person, as the studio gives it."""
    from dancenow.model_files import is_model_file
    from dancenow.studio.archive import pack

    person = folder / "P"
    pack({each.name: each for each in person.iterdir() if is_model_file(each.name)},
         folder / "person.zip")  # fmt: skip


_RESUME: Final = ("train", "performer", "x.mp4", "-o", "P", "--preset", "tiny", "--steps", "3",
                  "--device", "cpu")  # fmt: skip
_BEHIND: Final = (
    "perform",
    "P",
    "t.npz",
    "-o",
    "out.mp4",
    "--no-credentials",
    "--background",
    "{}",
)
_DETECT: Final = ("detect", "x.mp4", "--with", "T")
_GENERATE: Final = ("generate", "D", "-o", "out.npz", "--seconds", "1")

DOORS: Final = (
    *(Door(f"behind {name}", name, "bytes", _BEHIND)
      for name in ("v.mp4", "v.mkv", "v.webm", "v.mov", "a.gif", "a.webp", "a.png",
                   "p.png", "p.jpg", "p.webp", "p.bmp", "p.tif")),
    *(Door(f"behind case {name}", f"cases/{name}", "bytes", _BEHIND, weight=1)
      for name in ("240fps.mp4", "interlaced.mpg", "avi_mp3.avi", "hdr_hlg.mov",
                   "cover_first.mov")),
    Door("poses of a clip", "x.mp4", "bytes", ("pose", "{}", "-o", "out.npz"), weight=1),
    Door("a picture in a folder", "pictures/2.png", "bytes",
         (*_BEHIND[:-1], "pictures")),
    Door("sound", "s.wav", "bytes", (*_GENERATE, "--music", "{}")),
    Door("sound of a clip", "v.mp4", "bytes", (*_GENERATE, "--music", "{}")),
    Door("a track", "t.npz", "npz", PERFORM, weight=6),
    Door("a capture", "capture.bvh", "text", PERFORM, weight=4),
    Door("a capture of AMASS", "smpl.npz", "npz", PERFORM, weight=4),
    Door("a pose file", "openpose/openpose_000000000001_keypoints.json", "json",
         (*PERFORM[:2], "openpose", *PERFORM[3:]), weight=4),
    Door("beside pose files", "openpose/dancenow-track.json", "json",
         (*PERFORM[:2], "openpose", *PERFORM[3:])),
    Door("a YAML pose file", "yaml/0_pose.yml", "text", (*PERFORM[:2], "yaml", *PERFORM[3:]),
         weight=3),
    Door("poses of DWPose", "cases/pose_dwpose.json", "json", PERFORM, weight=1),
    Door("a performer", "P/config.json", "json", (*PERFORM[:2], "t.npz", *PERFORM[3:]), weight=8),
    *(Door(f"a performer's {name}", f"P/{name}", kind, (*PERFORM[:2], "t.npz", *PERFORM[3:]))
      for name, kind in (("generator.safetensors", "safetensors"),
                         ("references.safetensors", "safetensors"), ("plate.png", "bytes"))),
    *(Door(f"a training's {name}", f"P/checkpoint/{name}", kind, _RESUME, weight=3)
      for name, kind in (("state.json", "json"), ("history.json", "json"),
                         ("training.json", "json"), ("state-00000002.safetensors", "safetensors"))),
    Door("a choreographer", "D/config.json", "json", _GENERATE, weight=6),
    Door("a choreographer's moves", "D/moves.npz", "npz", _GENERATE, weight=3),
    Door("a choreographer's weights", "D/motion.safetensors", "safetensors", _GENERATE),
    Door("a detector", "T/config.json", "json", _DETECT, weight=3),
    Door("a detector's weights", "T/detector.safetensors", "safetensors", _DETECT, weight=1),
    Door("a plan", "plan.toml", "text", ("compose", "{}", "-o", "out.npz"), weight=4),
    Door("a batch", "batch.toml", "text", ("batch", "{}", "-o", "out", "--jobs", "1"), (0, 1, 2),
         weight=1),
    Door("a person of the studio", "person.zip", "zip", _import_archive, weight=4),
    Door("credentials", "signed.mp4", "bytes", ("verify", "{}"), (0, 1, 2)),
)  # fmt: skip
