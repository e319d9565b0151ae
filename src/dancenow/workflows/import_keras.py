"""Importing the original DanceNet's Keras weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from dancenow.choreographer import is_choreographer
from dancenow.choreographer.dancenet.keras_import import import_keras
from dancenow.files import check_folder, make_folder
from dancenow.options import ImportKerasOptions
from dancenow.training.device import choose_device


@dataclass(frozen=True)
class Imported:
    """An imported choreographer.

    Attributes:
        folder: its path.
        parameters: of its networks.
        gate: activation of the LSTM's gates: "sigmoid" or "hard_sigmoid".
        latents: number of the original's latents given; 0 if their range is assumed.
    """

    folder: Path
    parameters: int
    gate: str
    latents: int

    def summary(self) -> str:
        """One line for the user."""
        scale = f"scaled by {self.latents} latents" if self.latents else "its range is assumed"
        return (
            f"{self.folder}: {self.parameters:,} parameters imported, the gates compute "
            f"{self.gate}, {scale}"
        )


def import_keras_weights(
    vae: str | Path,
    sequence: str | Path,
    out: str | Path,
    options: ImportKerasOptions | None = None,
) -> Imported:
    """Turn the original's two weight files into a choreographer's folder.

    Args:
        vae: weights of the autoencoder, `vae_cnn.h5`.
        sequence: weights of the sequence network, `gendance.h5`.
        out: the folder; an earlier import is replaced.
        options: see `ImportKerasOptions`.

    Raises:
        InputError: a file or an option cannot be used, or `out` holds other files.
    """
    out, options = Path(out), options or ImportKerasOptions()
    # Otherwise other files or hours of training would be lost.
    check_folder(out, "choreographer", ours=_was_imported(out))
    choreographer = import_keras(
        vae,
        sequence,
        gate=options.gate,
        latents=options.latents,
        device=choose_device(options.device),
    )
    make_folder(out)
    choreographer.save(out)
    modules = (choreographer.vae, choreographer.network)
    return Imported(
        out,
        sum(weight.numel() for module in modules for weight in module.parameters()),
        choreographer.config.sequence.gate,
        0 if options.latents is None else len(choreographer.learned.means),
    )


def _was_imported(folder: Path) -> bool:
    if not is_choreographer(folder) or (folder / "checkpoint").exists():
        return False
    training = json.loads((folder / "config.json").read_text("utf-8")).get("training")
    return isinstance(training, dict) and "imported" in training
