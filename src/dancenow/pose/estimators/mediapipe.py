"""Poses by MediaPipe Holistic (Grishchenko & Bazarevsky, Google, 2020): one person.

Holistic follows one person.  Two safety nets surround it.  When it loses that person, or jumps to
another, the person is searched for a while near where it was.  When nobody is found in the whole
frame, the frame is searched in parts, because a person shorter than a quarter of the frame vanishes
at the 224 pixels at which MediaPipe looks for people.  Whoever is found is followed in a window.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import Any, Final

import numpy as np

from dancenow.pose.estimators.base import Detection, Frame, PoseEstimator
from dancenow.pose.estimators.heavy_model import has_heavy_model
from dancenow.pose.estimators.mediapipe_layout import to_layout, world_landmarks
from dancenow.pose.estimators.stderr_filter import drop_stderr_lines
from dancenow.pose.estimators.window import Cutter, Window, search_windows
from dancenow.pose.track import FloatArray
from dancenow.pose.tracking import Person

_NOISE: Final = re.compile(
    rb"inference_feedback_manager|landmark_projection_calculator|XNNPACK delegate"
    rb"|before absl::InitializeLog|gl_context"
)
_PLAIN, _HEAVY = 1, 2  # MediaPipe's numbers of its pose models
_FORGET: Final = 36  # frames after which a lost person is given up
_SEEK: Final = 5  # frames in a row in which a lost person is searched for nearby
_SEEK_EVERY: Final = 4  # frames between two searches after that
_SEARCH_EVERY: Final = 12  # frames between two searches of the whole frame
_MIN_VISIBILITY: Final = 0.5  # of shoulders and hips, for a person found by searching
_TORSO: Final = (11, 12, 23, 24)  # MediaPipe's shoulders and hips


class MediaPipeEstimator(PoseEstimator):
    """MediaPipe Holistic 0.10.21: body, face and hands of one person, on the CPU.

    It gets frames at full size: its speed hardly depends on the size (it works on crops of 256
    pixels), but its accuracy does.

    Args:
        quick: use the model in MediaPipe's package even where the heavy one is there, whose errors
            are a fifth smaller and which takes half as long again.
    """

    def __init__(self, *, quick: bool = False) -> None:
        self._quick = quick

    def stream(self, frames: Iterable[Frame], *, masks: bool = False) -> Iterator[Detection]:
        """Detect the person in each frame; see `PoseEstimator.stream`.

        There are two candidates if Holistic jumped to another person and the one it followed was
        found again: the latter comes first, and the mask shows it.
        """
        complexity = _PLAIN if self._quick or not has_heavy_model() else _HEAVY
        with _WindowedHolistic(complexity, masks=masks) as view, _Finder() as finder:
            last: Person | None = None
            missed = 0
            for frame in frames:
                seen, mask = view.look(frame)
                candidates = [] if seen is None else [seen.keypoints]
                same = seen is not None and (last is None or last.may_become(seen, missed + 1))
                if not same:
                    window = finder.find(frame, last, missed)
                    if window is not None:
                        view.move_to(window)
                        found, found_mask = view.look(frame)
                        if found is not None:
                            seen, mask, same = found, found_mask, True
                            candidates.insert(0, found.keypoints)
                    elif seen is None:
                        view.move_to(None)
                if same and seen is not None:
                    last, missed = seen, 0
                    view.keep_up_with(seen)
                else:
                    missed += 1
                    last = last if missed <= _FORGET else seen
                yield Detection(candidates, mask, None if seen is None else view.world)


class _WindowedHolistic:
    """Holistic, looking at a window of the frames."""

    def __init__(self, complexity: int, *, masks: bool) -> None:
        self._complexity, self._masks = complexity, masks
        self._window: Window | None = None  # None: the whole frame
        self._cutter = Cutter()
        self._size = (0, 0)
        self._graph: Any = None
        self._moved = False
        self._noisy = True
        self.world: FloatArray | None = None  # of whoever was seen last

    def __enter__(self) -> _WindowedHolistic:
        return self

    def __exit__(self, *_: object) -> None:
        if self._graph is not None:
            self._graph.close()

    def look(self, frame: Frame) -> tuple[Person | None, FloatArray | None]:
        """The person in the window and, if wanted, its mask in the whole frame."""
        height, width = frame.shape[:2]
        self._size = (width, height)
        window = self._window or Window.whole(width, height)
        # In a picture that is not square, MediaPipe misplaces the points of turned hands and faces
        # (it warns of "NORM_RECT without IMAGE_DIMENSIONS"): hence the square window.
        result = self._process(self._cutter.cut(frame, window))
        keypoints = to_layout(result, window.side, (window.left, window.top))
        person = None if keypoints is None else Person.of(keypoints, self._size)
        if person is None:
            return None, None
        self._noisy = False
        self.world = world_landmarks(result)
        mask = result.segmentation_mask if self._masks else None
        return person, None if mask is None else window.paste(mask, width, height)

    def _process(self, picture: Frame) -> Any:
        # Its threads log when they start, and when the first person is seen.
        with drop_stderr_lines(_NOISE) if self._noisy or self._moved else nullcontext():
            if self._graph is None:
                from mediapipe.python.solutions.holistic import Holistic

                # Its causal filter lags by a third of a frame; `pose.flow_fusion` does better.
                # The irises come with the refined face mesh, which costs no more time.
                self._graph = Holistic(
                    model_complexity=self._complexity,
                    smooth_landmarks=False,
                    enable_segmentation=self._masks,
                    refine_face_landmarks=True,
                )
            elif self._moved:
                self._graph.reset()
            self._moved = False
            return self._graph.process(picture)

    def move_to(self, window: Window | None) -> None:
        """Look at another window from now on (None: the whole frame)."""
        self._moved = self._moved or window != self._window
        self._window = window

    def keep_up_with(self, person: Person) -> None:
        """Choose a new window when the person has nearly left the current one."""
        largest = max(self._size)
        if self._window is not None and not self._window.fits(person.keypoints, largest):
            self.move_to(Window.around(person.keypoints, largest))


class _Finder:
    """MediaPipe's pose model on single pictures: finds persons whom Holistic lost or missed."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._cutter = Cutter()

    def __enter__(self) -> _Finder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._graph is not None:
            self._graph.close()

    def find(self, frame: Frame, last: Person | None, missed: int) -> Window | None:
        """A window with a person in it: near `last` if given, else anywhere."""
        height, width = frame.shape[:2]
        largest = max(width, height)
        if last is not None:
            if missed >= _SEEK and missed % _SEEK_EVERY:
                return None
            window = Window.around(last.keypoints, largest)
            found = self._look(frame, window)
            near = found is not None and last.may_become(found, missed + 1)
            return window if near else None
        if missed % _SEARCH_EVERY == 0:
            everyone = (self._look(frame, window) for window in search_windows(width, height))
            found = max(
                (person for person in everyone if person is not None),
                key=lambda person: person.weight,
                default=None,
            )
            return None if found is None else Window.around(found.keypoints, largest)
        return None

    def _look(self, frame: Frame, window: Window) -> Person | None:
        picture = self._cutter.cut(frame, window)
        with drop_stderr_lines(_NOISE):
            if self._graph is None:
                from mediapipe.python.solutions.pose import Pose

                self._graph = Pose(static_image_mode=True, model_complexity=_PLAIN)
            result = self._graph.process(picture)
        keypoints = to_layout(result, window.side, (window.left, window.top))
        if keypoints is None:
            return None
        torso = [result.pose_landmarks.landmark[i].visibility for i in _TORSO]
        if float(np.mean(torso)) < _MIN_VISIBILITY:
            return None
        return Person.of(keypoints, (frame.shape[1], frame.shape[0]))
