"""Shared by all training: devices and precision, budgets, averaged weights, checkpoints."""

from dancenow.training.average import WeightAverage
from dancenow.training.budget import Budget, Clock
from dancenow.training.checkpoint import TrainingState, load_state, save_state
from dancenow.training.device import Device, choose_device, measure_precision

__all__ = [
    "Budget",
    "Clock",
    "Device",
    "TrainingState",
    "WeightAverage",
    "choose_device",
    "load_state",
    "measure_precision",
    "save_state",
]
