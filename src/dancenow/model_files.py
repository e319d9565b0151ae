"""The names of the files in which something learned is kept."""

from __future__ import annotations

import re
from typing import Final

MODEL_FILES: Final = frozenset(
    {
        "config.json",
        "preview.png",
        "generator.safetensors",
        "face.safetensors",
        "references.safetensors",
        "fine.safetensors",
        "plate.png",
        "detector.safetensors",
        "motion.safetensors",
        "moves.npz",
        "vae.safetensors",
        "sequence.safetensors",
        "latents.npz",
    }
)
_PUPPET_PART: Final = re.compile(r"photo\d{1,2}_(body|(left|right)_(arm|leg)_\d)\.png")


def is_model_file(name: str) -> bool:
    """Whether a file of that name can be part of what was learned, or of a puppet."""
    return name in MODEL_FILES or _PUPPET_PART.fullmatch(name) is not None
