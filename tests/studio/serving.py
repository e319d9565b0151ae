"""A studio in a process of its own that makes everything small: `python serving.py DATA`."""

from __future__ import annotations

import sys
from pathlib import Path

from dancenow.studio.app import run_studio
from dancenow.studio.config import Limits, StudioConfig, Workload

WORKLOAD = Workload(
    preset="tiny",
    dance_preset="tiny",
    steps_per_minute=20,
)
LIMITS = Limits(megabytes=5.0, seconds=20.0, megapixels=0.5)

if __name__ == "__main__":
    data = Path(sys.argv[1])
    config = StudioConfig(data, port=0, limits=LIMITS, workload=WORKLOAD, open_browser=False)
    run_studio(config, as_json=True)
