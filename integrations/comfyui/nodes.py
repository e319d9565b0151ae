"""The nodes: poses of a clip, a motion moved to somebody, a dance to music, somebody who dances it.

Pictures are ComfyUI's `IMAGE`, float32 `(T, H, W, 3)` RGB in 0..1; a motion is a `PoseTrack`.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dancenow import (
    DanceNowError,
    GenerateOptions,
    InputError,
    Performer,
    PoseOptions,
    PoseTrack,
    Progress,
    TrainPerformerOptions,
    detect,
    generate,
    train_performer,
)
from dancenow.music import write_wav
from dancenow.options import Retarget
from dancenow.pose.draw_dwpose import draw_dwpose, pose_document
from dancenow.sample.shipped import shipped_dancer, shipped_moves
from dancenow.staging.room import performable
from dancenow.video.lossless import write_lossless

MOTION, PERFORMER = "DANCENOW_MOTION", "DANCENOW_PERFORMER"
_FPS = ("FLOAT", {"default": 30.0, "min": 1.0, "max": 120.0, "step": 0.01})


class Node:
    """What all nodes share."""

    CATEGORY = "DanceNow"
    FUNCTION = "run"


class Pose(Node):
    """The poses in a clip, found once; hands and faces too."""

    RETURN_TYPES = (MOTION, "POSE_KEYPOINT", "IMAGE")
    RETURN_NAMES = ("motion", "keypoints", "drawn")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"images": ("IMAGE",), "fps": _FPS},
            "optional": {"person": ("STRING", {"default": "largest"})},
        }

    def run(self, images: torch.Tensor, fps: float, person: str = "largest") -> tuple[Any, ...]:
        with _named("the pictures") as folder:
            clip = _written(images, fps, folder)
            motion = detect(clip, PoseOptions(person=person), progress=_progress())
        return motion, *_shown(motion)


class Learn(Node):
    """Somebody, learned from a clip of them; the same clip again goes on where it was."""

    RETURN_TYPES = (PERFORMER,)
    RETURN_NAMES = ("performer",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        minutes = ("FLOAT", {"default": 5.0, "min": 0.0, "max": 600.0, "step": 0.5})
        return {"required": {"images": ("IMAGE",), "fps": _FPS, "minutes": minutes}}

    def run(self, images: torch.Tensor, fps: float, minutes: float) -> tuple[Performer]:
        with _named("the pictures") as folder:
            clip = _written(images, fps, folder)
            options = TrainPerformerOptions(minutes=minutes)
            return (train_performer(clip, None, options, progress=_progress()).performer,)


class Load(Node):
    """Somebody who was learned before: a performer's folder, or a sample's name."""

    RETURN_TYPES = (PERFORMER,)
    RETURN_NAMES = ("performer",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"folder": ("STRING", {"default": "zola"})}}

    def run(self, folder: str) -> tuple[Performer]:
        name = folder.strip()
        if not name or not (known := shipped_dancer(name) or Path(name)).is_dir():
            raise InputError(f"{name!r}: is no performer's folder, nor bo or zola.")
        return (Performer.load(known),)


class Retargeted(Node):
    """A motion, moved to a performer's body and place in their picture."""

    RETURN_TYPES = (MOTION, "POSE_KEYPOINT", "IMAGE")
    RETURN_NAMES = ("motion", "keypoints", "drawn")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        how = ([each.value for each in Retarget], {"default": Retarget.whole.value})
        return {"required": {"motion": (MOTION,), "performer": (PERFORMER,), "retarget": how}}

    def run(self, motion: PoseTrack, performer: Performer, retarget: str) -> tuple[Any, ...]:
        moved = performable(performer, motion, retarget=Retarget(retarget))
        return moved, *_shown(moved)


class Compose(Node):
    """A dance that nobody danced, to music if there is any."""

    RETURN_TYPES = (MOTION, "POSE_KEYPOINT", "IMAGE")
    RETURN_NAMES = ("motion", "keypoints", "drawn")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "seconds": ("FLOAT", {"default": 16.0, "min": 1.0, "max": 600.0, "step": 0.5}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**31 - 1}),
            },
            "optional": {
                "audio": ("AUDIO",),
                "choreographer": ("STRING", {"default": ""}),
                "style": ("STRING", {"default": ""}),
            },
        }

    def run(
        self,
        seconds: float,
        seed: int,
        audio: dict[str, Any] | None = None,
        choreographer: str = "",
        style: str = "",
    ) -> tuple[Any, ...]:
        moves = Path(choreographer) if choreographer else shipped_moves()
        if moves is None:
            raise InputError("the sample dances are missing; name a choreographer's folder.")
        with _named("the audio") as folder:
            music = None
            if audio is not None:
                waveform = audio["waveform"]
                if waveform.ndim != 3 or not waveform.numel():
                    raise InputError("the audio: holds no sound, as (batch, channels, samples).")
                music = folder / "music.wav"
                mono = waveform[0].float().mean(dim=0).cpu().numpy()
                write_wav(music, np.asarray(mono, np.float32), int(audio["sample_rate"]))
            path = folder / "dance.npz"
            wanted = tuple(part.strip() for part in style.split(",") if part.strip())
            options = GenerateOptions(
                codec="pose", seconds=seconds, seed=seed, music=music, style=wanted
            )
            generate(moves, path, options, progress=_progress())
            motion = PoseTrack.load(path)
        return motion, *_shown(motion)


class Perform(Node):
    """A motion, danced by a performer: in their room, and the person alone with a mask."""

    RETURN_TYPES = ("IMAGE", "MASK", "FLOAT")
    RETURN_NAMES = ("images", "mask", "fps")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"motion": (MOTION,), "performer": (PERFORMER,)},
            "optional": {"background": ("IMAGE",)},
        }

    def run(
        self, motion: PoseTrack, performer: Performer, background: torch.Tensor | None = None
    ) -> tuple[Any, ...]:
        track, tell = performable(performer, motion), _progress()
        width, height = track.size
        behind = None if background is None else _resized(background, width, height)
        images = torch.empty((len(track), height, width, 3))
        mask = torch.ones((len(track), height, width))
        if not performer.paints_layers:
            for index, frame in enumerate(performer.perform(track)):
                images[index] = torch.from_numpy(frame) / 255
                tell(Progress("dancing", index + 1, len(track)))
            return images, mask, float(track.fps)
        for index, layer in enumerate(performer.layers(track)):
            room = performer.scene.plate if behind is None else behind[index % len(behind)]
            images[index] = torch.from_numpy(layer.over(room)) / 255
            mask[index] = torch.from_numpy(layer.alone()[..., 3]) / 255
            tell(Progress("dancing", index + 1, len(track)))
        return images, mask, float(track.fps)


NODES = {
    "Pose": (Pose, "DanceNow: poses of a clip"),
    "Retarget": (Retargeted, "DanceNow: move to a performer"),
    "Compose": (Compose, "DanceNow: compose a dance"),
    "Learn": (Learn, "DanceNow: learn somebody"),
    "Load": (Load, "DanceNow: somebody learned before"),
    "Perform": (Perform, "DanceNow: perform"),
}


@contextmanager
def _named(what: str) -> Iterator[Path]:
    """A folder for files, which messages call by what they hold: the user knows no files."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield Path(folder)
        except DanceNowError as error:
            line = re.sub(rf"{re.escape(folder)}/[\w.-]+", what, str(error))
            raise type(error)(line) from error


def _rgb(images: torch.Tensor) -> torch.Tensor:
    """Pictures of any number of channels as `(T, H, W, 3)`."""
    if images.ndim != 4 or not images.numel():
        raise InputError("the pictures: there are none, as (frames, height, width, channels).")
    return images[..., :3] if images.shape[-1] >= 3 else images[..., :1].expand(-1, -1, -1, 3)


def _written(images: torch.Tensor, fps: float, folder: Path) -> Path:
    """Pictures as a clip that holds them exactly."""
    path = folder / "clip.mkv"
    frames = ((255 * each.clamp(0, 1)).round().byte().cpu().numpy() for each in _rgb(images))
    write_lossless(path, frames, Fraction(fps).limit_denominator(1001))
    return path


def _shown(motion: PoseTrack) -> tuple[list[dict[str, Any]], torch.Tensor]:
    """A motion as the pose nodes of others take it, and drawn as DWPose draws it."""
    documents = [pose_document(each, motion.size) for each in motion.keypoints]
    drawn = np.stack([draw_dwpose(each, motion.size) for each in motion.keypoints])
    return documents, torch.from_numpy(drawn).float() / 255


def _resized(images: torch.Tensor, width: int, height: int) -> np.ndarray[Any, Any]:
    planes = _rgb(images).permute(0, 3, 1, 2)
    fitted = torch.nn.functional.interpolate(planes, (height, width), mode="area")
    return (255 * fitted.clamp(0, 1)).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()


def _progress() -> Callable[[Progress], None]:
    """Tells ComfyUI how far a node is, and stops it where the user wants that."""
    try:
        from comfy.model_management import throw_exception_if_processing_interrupted
        from comfy.utils import ProgressBar
    except ImportError:  # outside of ComfyUI
        return lambda _: None
    bar = ProgressBar(100)

    def tell(event: Progress) -> None:
        throw_exception_if_processing_interrupted()
        if event.total:
            bar.update_absolute(int(100 * event.done / event.total), 100)

    return tell
