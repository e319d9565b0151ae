"""What every kind of choreographer has in common, whatever method it was learned with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dancenow
from dancenow.choreographer import METHODS, Choreographer, find_method, learned_codec
from dancenow.choreographer.choreographer import DanceRequest
from dancenow.choreographer.config import MethodConfig
from dancenow.choreographer.dancenet.config import PRESETS as FRAME_PRESETS
from dancenow.choreographer.dancenet.config import read_config as read_frame_config
from dancenow.choreographer.motion.config import PRESETS as POSE_PRESETS
from dancenow.choreographer.motion.config import read_config as read_pose_config
from dancenow.errors import InputError
from dancenow.options import TrainChoreographerOptions
from motions import CPU, dancing, untrained_choreographer

# As one class wrote it that held the fields of both methods.
FORMER = {
    "picture": {"height": 64, "width": 64, "background": "auto", "stride": None},
    "vae": {
        "latent": 32,
        "filters": [16, 32, 64],
        "dense": 64,
        "optimizer": "adam",
        "learning_rate": 0.001,
        "decay": 0.9,
        "epsilon": 1e-07,
        "batch": 12,
        "epochs": None,
        "anneal": True,
    },
    "sequence": {
        "hidden": 128,
        "layers": 2,
        "dropout": 0.1,
        "dense": 128,
        "mixtures": 8,
        "gate": "sigmoid",
        "principal_axes": True,
        "residual": True,
        "learning_rate": 0.0005,
        "window": 16,
        "batch": 8,
        "input_noise": 0.0,
        "epochs": None,
        "held_out": 0.2,
    },
    "motion": {
        "window": 40,
        "width": 96,
        "heads": 2,
        "layers": 3,
        "learning_rate": 0.001,
        "weight_decay": 0.02,
        "warmup_steps": 50,
        "batch": 16,
        "average_decay": 0.995,
        "noise_mean": -0.6,
        "noise_deviation": 1.3,
        "pace": 0.2,
        "joints": 0.1,
        "stray": 0.15,
        "mirror": True,
        "held_out": 0.1,
    },
    "reference": False,
    "minutes": 0.5,
    "codec_share": 0.6,
    "preset": "tiny",
}


def test_any_kind_is_loaded_by_what_its_folder_says(tmp_path: Path) -> None:
    untrained_choreographer(dancing()).save(tmp_path)
    loaded = dancenow.Choreographer.load(tmp_path, CPU)
    assert type(loaded) is dancenow.PoseChoreographer and loaded.composes_tracks
    assert (loaded.codec_name, loaded.preset, loaded.size) == ("pose", "tiny", (160, 120))
    assert loaded.device == CPU and loaded.training == {"steps": 0}


@pytest.mark.parametrize("codec", METHODS)
def test_a_method_makes_choreographers_of_its_codec(codec: str) -> None:
    method = find_method(codec)
    config = method.configure(TrainChoreographerOptions(preset="tiny", codec=codec))
    assert isinstance(config, MethodConfig) and config.codec == codec and config.preset == "tiny"
    assert len(method.trainings) > 0
    others = [find_method(name).trainings for name in METHODS if name != codec]
    assert all(set(method.trainings).isdisjoint(names) for names in others)


def test_a_codec_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    document = {"version": 1, "kind": "choreographer", "config": {"codec": "hologram"}}
    (tmp_path / "config.json").write_text(json.dumps(document))
    assert learned_codec(tmp_path) == "hologram"
    with pytest.raises(InputError, match=r"hologram.*: unknown; choose frame or pose"):
        Choreographer.load(tmp_path, CPU)


def test_what_composes_tracks_dreams_no_pictures() -> None:
    with pytest.raises(InputError, match="composes tracks"):
        untrained_choreographer(dancing()).dream(DanceRequest())


def test_configurations_of_older_versions_are_read() -> None:
    now = FRAME_PRESETS["tiny"]
    former = {  # as they were
        "calibration_seconds": 15.0,
        "neighbours": 0,
        "picture": now.picture.model_copy(update={"crop": "off"}),
        "vae": now.vae.model_copy(update={"absolute": 0.0}),
    }
    assert read_frame_config({**FORMER, "codec": "frame"}) == now.model_copy(update=former)
    assert read_pose_config({**FORMER, "codec": "pose"}) == POSE_PRESETS["tiny"]
    with pytest.raises(ValueError, match="colour"):
        read_pose_config({**FORMER, "codec": "pose", "colour": "mauve"})
