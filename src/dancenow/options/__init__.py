"""What can be chosen: one frozen dataclass a verb, each field with its line of help.

Light to import: the command line shows its help from here.
"""

from dancenow.options.groups import Camera, Formation, PresetOptions, Retarget, ShowOptions
from dancenow.options.verbs import (
    AblationOptions,
    DemoOptions,
    EvaluateClipOptions,
    EvaluateDanceOptions,
    EvaluatePerformerOptions,
    ExportEdnOptions,
    GenerateOptions,
    ImportKerasOptions,
    LiveOptions,
    PerformOptions,
    PoseOptions,
    ReconstructOptions,
    SampleOptions,
    StudioOptions,
    TrainChoreographerOptions,
    TrainPerformerOptions,
    TransferOptions,
)

__all__ = [
    "AblationOptions",
    "Camera",
    "DemoOptions",
    "EvaluateClipOptions",
    "EvaluateDanceOptions",
    "EvaluatePerformerOptions",
    "ExportEdnOptions",
    "Formation",
    "GenerateOptions",
    "ImportKerasOptions",
    "LiveOptions",
    "PerformOptions",
    "PoseOptions",
    "PresetOptions",
    "ReconstructOptions",
    "Retarget",
    "SampleOptions",
    "ShowOptions",
    "StudioOptions",
    "TrainChoreographerOptions",
    "TrainPerformerOptions",
    "TransferOptions",
]
