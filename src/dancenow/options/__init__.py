"""Options: one frozen dataclass per verb, each field with its help line.

Light to import, so the command line shows its help fast.
"""

from dancenow.options.exports import ExportEdnOptions, ExportMotionOptions
from dancenow.options.groups import (
    BatchEngine,
    Camera,
    Formation,
    Legs,
    Others,
    PresetOptions,
    Retarget,
    ShowOptions,
)
from dancenow.options.judging import (
    EvaluateBenchmarkOptions,
    JudgeOptions,
    TrainDetectorOptions,
)
from dancenow.options.serving import ServeOptions, StudioOptions
from dancenow.options.verbs import (
    AblationOptions,
    BatchOptions,
    ComposeOptions,
    DemoOptions,
    EvaluateClipOptions,
    EvaluateDanceOptions,
    EvaluatePerformerOptions,
    GenerateOptions,
    ImportKerasOptions,
    LiveOptions,
    PerformOptions,
    PoseOptions,
    ReconstructOptions,
    SampleOptions,
    TrainChoreographerOptions,
    TrainPerformerOptions,
    TransferOptions,
)

__all__ = [
    "AblationOptions",
    "BatchEngine",
    "BatchOptions",
    "Camera",
    "ComposeOptions",
    "DemoOptions",
    "EvaluateBenchmarkOptions",
    "EvaluateClipOptions",
    "EvaluateDanceOptions",
    "EvaluatePerformerOptions",
    "ExportEdnOptions",
    "ExportMotionOptions",
    "Formation",
    "GenerateOptions",
    "ImportKerasOptions",
    "JudgeOptions",
    "Legs",
    "LiveOptions",
    "Others",
    "PerformOptions",
    "PoseOptions",
    "PresetOptions",
    "ReconstructOptions",
    "Retarget",
    "SampleOptions",
    "ServeOptions",
    "ShowOptions",
    "StudioOptions",
    "TrainChoreographerOptions",
    "TrainDetectorOptions",
    "TrainPerformerOptions",
    "TransferOptions",
]
