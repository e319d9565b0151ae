"""ComfyUI's nodes, called as ComfyUI calls them: by name, with links of matching types."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from dancenow.errors import InputError
from dancenow.pose.layout import INDEX
from dancenow.video import read_frames
from fixture_types import SampleClip

FOLDER = Path(__file__).parents[2] / "integrations" / "comfyui"
PLAIN = ("FLOAT", "INT", "STRING")


@pytest.fixture(scope="module")
def package() -> ModuleType:
    """The folder, imported as ComfyUI imports those in `custom_nodes`: by its path."""
    spec = importlib.util.spec_from_file_location(
        "custom_nodes_dancenow", FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Graph:
    """A small executor: fills in defaults, and checks that what is linked is of the type."""

    def __init__(self, package: ModuleType) -> None:
        self._nodes = package.NODE_CLASS_MAPPINGS
        assert package.NODE_DISPLAY_NAME_MAPPINGS.keys() == self._nodes.keys()

    def run(self, name: str, **given: Any) -> list[tuple[str, Any]]:
        """A node's outputs, each with its type; links are such pairs, widgets plain values."""
        node = self._nodes[f"DanceNow{name}"]
        inputs = node.INPUT_TYPES()
        values = {}
        for place in ("required", "optional"):
            for key, (kind, *more) in inputs.get(place, {}).items():
                if key in given:
                    link = given.pop(key)
                    if isinstance(kind, str) and kind not in PLAIN:
                        assert link[0] == kind, f"{key} takes {kind}, not {link[0]}"
                        link = link[1]
                    values[key] = link
                elif more and "default" in more[0]:
                    values[key] = more[0]["default"]
                else:
                    assert place == "optional", f"{name} lacks {key}"
        assert not given, f"{name} has no {', '.join(given)}"
        made = getattr(node(), node.FUNCTION)(**values)
        assert isinstance(made, tuple) and len(made) == len(node.RETURN_TYPES)
        assert len(node.RETURN_NAMES) == len(made) and node.CATEGORY
        return list(zip(node.RETURN_TYPES, made, strict=True))


def pictures(clip: Path) -> tuple[str, torch.Tensor]:
    return "IMAGE", torch.from_numpy(np.stack(list(read_frames(clip)))).float() / 255


@pytest.mark.slow
def test_a_clip_is_danced_by_somebody_else(package: ModuleType, sample_clip: SampleClip) -> None:
    graph, images = Graph(package), pictures(sample_clip("bo", "wave"))
    motion, keypoints, drawn = graph.run("Pose", images=images, fps=10.0)
    assert len(motion[1]) == len(keypoints[1]) == 10 and motion[1].fps == 10
    assert motion[1].confidence[:, INDEX["neck"]].min() > 0.5
    first = keypoints[1][0]
    assert (first["canvas_width"], first["canvas_height"]) == (128, 128)
    assert len(first["people"][0]["pose_keypoints_2d"]) == 54
    assert drawn[1].shape == (10, 128, 128, 3) and 0.9 < drawn[1].max() <= 1
    (zola,) = graph.run("Load", folder="zola")
    moved, _, shown = graph.run("Retarget", motion=motion, performer=zola)
    assert shown[1].shape == (10, 512, 512, 3)
    danced, mask, fps = graph.run("Perform", motion=moved, performer=zola)
    assert danced[1].shape == (10, 512, 512, 3) and fps == ("FLOAT", 10.0)
    assert 0.02 < mask[1].mean() < 0.5 and danced[1].min() >= 0 and danced[1].max() <= 1
    white = ("IMAGE", torch.ones((1, 64, 64, 3)))
    again, same, _ = graph.run("Perform", motion=moved, performer=zola, background=white)
    assert torch.equal(same[1], mask[1])
    assert (again[1][mask[1] == 0] == 1).all() and (danced[1][mask[1] == 0] < 1).any()


def test_a_dance_is_composed_to_music(package: ModuleType) -> None:
    graph, rate = Graph(package), 8000
    time = np.arange(6 * rate) / rate
    beat = np.exp(-20 * (time % 0.5)) * np.sin(2 * np.pi * 110 * time)
    waveform = torch.from_numpy(beat).float()[None, None].repeat(1, 2, 1)
    audio = ("AUDIO", {"waveform": waveform, "sample_rate": rate})
    motion, keypoints, _ = graph.run("Compose", seconds=4.0, audio=audio, style="house")
    assert abs(len(motion[1]) / motion[1].fps - 4) < 0.2 and keypoints[1][0]["people"]
    same = graph.run("Compose", seconds=4.0, audio=audio, style="house")[0]
    other = graph.run("Compose", seconds=4.0, audio=audio, style="house", seed=1)[0]
    np.testing.assert_array_equal(same[1].keypoints, motion[1].keypoints)
    assert not np.array_equal(other[1].keypoints, motion[1].keypoints)


@pytest.mark.slow
def test_somebody_is_learned_from_pictures(package: ModuleType, sample_clip: SampleClip) -> None:
    graph, images = Graph(package), pictures(sample_clip("zola", "house", seconds=2, size=160))
    (learned,) = graph.run("Learn", images=images, fps=10.0, minutes=0.0)
    motion = graph.run("Compose", seconds=1.0)[0]
    danced, _, _ = graph.run("Perform", motion=motion, performer=learned)
    assert danced[1].shape[1:] == (160, 160, 3)


def test_what_cannot_be_used_is_told(package: ModuleType) -> None:
    graph = Graph(package)
    for name in ("/nowhere", "", "nobody"):
        with pytest.raises(InputError, match="nor bo or zola"):
            graph.run("Load", folder=name)
    for shape, line in (
        ((4, 64, 64, 3), "^the pictures: .*whole body"),
        ((0, 64, 64, 3), "there are none"),
        ((64, 64, 3), "there are none"),
    ):
        with pytest.raises(InputError, match=line):
            graph.run("Pose", images=("IMAGE", torch.zeros(shape)), fps=10.0)
    for shape in ((0, 2, 100), (1, 2, 0), (2, 100)):
        audio = ("AUDIO", {"waveform": torch.zeros(shape), "sample_rate": 8000})
        with pytest.raises(InputError, match="the audio: holds no sound"):
            graph.run("Compose", audio=audio)


@pytest.mark.slow
def test_grey_pictures_are_as_good_as_colours(package: ModuleType) -> None:
    graph = Graph(package)
    (zola,) = graph.run("Load", folder=" zola ")
    motion = graph.run("Compose", seconds=1.0)[0]
    grey = ("IMAGE", torch.full((1, 32, 32, 1), 0.5))
    danced, mask, _ = graph.run("Perform", motion=motion, performer=zola, background=grey)
    assert ((danced[1][mask[1] == 0] - 0.5).abs() < 0.02).all()
