"""`Detector`: a learned judge of clips, on disk and in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from dancenow.detector.calibration import Calibration
from dancenow.detector.config import RUN, DetectorConfig
from dancenow.detector.examples import evened
from dancenow.detector.network import DetectorNetwork, joined
from dancenow.detector.passages import Passages, find_passages, runs_of
from dancenow.detector.training import as_input, as_places
from dancenow.errors import InputError
from dancenow.files import write_text
from dancenow.progress import ProgressCallback, silent
from dancenow.reading import read_object, reading
from dancenow.training import Device, choose_device
from dancenow.training.checkpoint import fill_module, write_weights
from dancenow.video import ClipInfo

VERSION: Final = 2
KIND: Final = "detector"
CONFIG: Final = "config.json"
WEIGHTS: Final = "detector.safetensors"
_UNSURE: Final = (0.25, 0.75)


@dataclass(frozen=True)
class Verdict:
    """What a detector sees in a clip.

    Attributes:
        clip: the clip.
        score: the probability, 0..1, that a performer made what it shows.
        spread: standard deviation of the same of single passages.
        passages: how many were looked at.
    """

    clip: Path
    score: float
    spread: float
    passages: int

    @property
    def made(self) -> bool:
        """Whether it is taken for made."""
        return self.score > 0.5

    @property
    def sure(self) -> bool:
        """Whether the score is far enough from the middle to say so."""
        return not _UNSURE[0] <= self.score <= _UNSURE[1]

    def words(self) -> str:
        """The verdict in words."""
        if not self.sure:
            return "cannot be told"
        return "looks made by a performer" if self.made else "looks filmed"

    def summary(self) -> str:
        """A line for the user."""
        return f"{self.clip}: {self.told()}"

    def told(self) -> str:
        """The verdict with its figures."""
        return (
            f"{self.words()}: probably made {100 * self.score:.0f} % "
            f"(± {100 * self.spread:.0f} from passage to passage; {self.passages} looked at)"
        )


@dataclass
class Detector:
    """A learned judge of clips.

    Attributes:
        config: how it was trained.
        network: in evaluation mode.
        calibration: turns its logits into probabilities.
        device: where it computes.
        training: figures of the training.
    """

    config: DetectorConfig
    network: DetectorNetwork
    calibration: Calibration
    device: Device = field(default_factory=choose_device)
    training: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.network = self.network.to(self.device.torch).eval()

    def judge(self, info: ClipInfo, *, progress: ProgressCallback = silent) -> Verdict:
        """Look at a clip; the estimator finds the person with which the detector was learned.

        Args:
            info: the clip.
            progress: called for every frame.

        Raises:
            InputError: the clip cannot be read, is too short, or shows nobody.
        """
        device = self.device.kind
        passages = find_passages(
            info,
            self.config,
            recompressed=0,
            estimator=str(self.training.get("estimator", "mediapipe")),
            device=device,
            progress=progress,
        )
        return self.verdict(passages)

    def verdict(self, passages: Passages) -> Verdict:
        """The verdict on passages."""
        logits = self.logits(passages, range(len(passages)))
        each = self.calibration.probability(logits)
        score = float(self.calibration.probability(logits.mean(keepdims=True))[0])
        return Verdict(passages.clip, score, float(each.std()), len(each))

    @torch.no_grad()
    def logits(self, passages: Passages, which: range, variant: int = 0) -> NDArray[np.float64]:
        """The mean logit of each of some passages, before calibration.

        Raises:
            InputError: the network is damaged.
        """
        found = []
        for number in which:
            pictures = np.asarray(passages.variants[variant][number])
            each = []
            for start in runs_of(len(pictures)):
                run = evened(pictures[start : start + RUN])[None]
                with self.device.autocast():
                    logits = self.network(as_input(run, self.device))
                places = as_places(passages.places[number][None], logits)
                each.append(float(joined(logits, places)[0]))
            found.append(float(np.mean(each)))
        if not np.isfinite(found).all():
            raise InputError("the detector says what is no number: it is damaged; train it again.")
        return np.array(found)

    def save(self, folder: Path) -> None:
        """Write it into a folder, each file atomically; the configuration is last."""
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(folder / WEIGHTS, self.network)
        document = {
            "version": VERSION,
            "kind": KIND,
            "config": self.config.model_dump(mode="json"),
            "calibration": self.calibration.model_dump(mode="json"),
            "training": self.training,
        }
        write_text(folder / CONFIG, json.dumps(document, indent=1))

    @staticmethod
    def load(folder: str | Path, device: Device | None = None) -> Detector:
        """Read a detector.

        Raises:
            InputError: there is none in the folder, or it is damaged or of another version.
        """
        folder = Path(folder)
        if not is_detector(folder):
            raise InputError(
                f"{folder}: holds no detector; make one with "
                "`dancenow train detector REAL... --fake CLIP -o DIR`."
            )
        said = "the detector is damaged; train it again."
        with reading(folder, said):
            document = read_object(folder / CONFIG, said)
            version = int(document["version"])
            if version != VERSION:
                raise InputError(
                    f"{folder}: a detector of version {version}, and this DanceNow reads version "
                    f"{VERSION}; {'update DanceNow' if version > VERSION else 'train it again'}."
                )
            config = DetectorConfig.model_validate(document["config"])
            calibration = Calibration.model_validate(document["calibration"])
            training = dict(document["training"])
            weights = load_file(folder / WEIGHTS)
            with torch.device("meta"):  # no time is spent on first weights
                network = DetectorNetwork(config)
        fill_module(network, weights, folder)
        return Detector(config, network, calibration, device or choose_device(), training)


def is_detector(folder: Path) -> bool:
    """Whether a folder holds a trained detector, complete or not."""
    try:
        return read_object(folder / CONFIG, "").get("kind") == KIND
    except InputError:
        return False
