"""Poses by MediaPipe Holistic (Grishchenko & Bazarevsky, Google, 2020), of one person or several.

Holistic follows one person.  Two safety nets surround it.  When it loses that person, or jumps to
another, the person is searched for a while near where it was.  When nobody is found in the whole
frame, the frame is searched in parts, because a person shorter than a quarter of the frame vanishes
at the 224 pixels at which MediaPipe looks for people.  Whoever is found is followed in a window.
Every twelve frames all persons are looked for, and each other one gets a Holistic in a window, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from dancenow.pose.cuts import with_cuts
from dancenow.pose.estimators.base import Detection, Frame, PoseEstimator
from dancenow.pose.estimators.graphs import HEAVY, PLAIN, Graph, Graphs, MediaPipeGraphs
from dancenow.pose.estimators.heavy_model import has_heavy_model
from dancenow.pose.estimators.mediapipe_layout import depth_of, to_layout
from dancenow.pose.estimators.person_detector import PersonDetector, Spot
from dancenow.pose.estimators.stderr_filter import MEDIAPIPE, drop_stderr_lines
from dancenow.pose.estimators.window import ROOMY, TIGHT, Cutter, Window
from dancenow.pose.layout import BODY
from dancenow.pose.looks import look_of
from dancenow.pose.track import FloatArray
from dancenow.pose.tracking import Person

_FORGET: Final = 36  # frames after which a lost person is given up
_SEEK: Final = 5  # frames in a row in which a lost person is searched for nearby
_SEEK_EVERY: Final = 4  # frames between two searches after that
_SEARCH_EVERY: Final = 12  # frames between two searches of the whole frame
_CLOSELY_EVERY: Final = 3  # such searches; the others do not see small persons
_MOST_OTHERS: Final = 4  # persons beside the first; each takes as long as it
_GIVE_UP: Final = 8  # frames after which another person who is lost is not looked for any more
_TWIN: Final = 0.35  # spreads between what two windows show of one person
_NOT_MEANT: Final = 0.6  # spreads between a person and another one
_AT: Final = 0.6  # radii between a person and where the detector sees one
_MIN_VISIBILITY: Final = 0.5  # of shoulders and hips, for a person found by searching
_TORSO: Final = (11, 12, 23, 24)  # MediaPipe's shoulders and hips


class MediaPipeEstimator(PoseEstimator):
    """MediaPipe Holistic 0.10.21: bodies, faces and hands, on the CPU.

    It gets frames at full size: its speed hardly depends on the size (it works on crops of 256
    pixels), but its accuracy does.

    Args:
        quick: use the model in MediaPipe's package even where the heavy one is there, whose errors
            are a fifth smaller and which takes half as long again; look for one person only; and
            look at no frame that follows.
        graphs: what looks at the pictures; by default MediaPipe's.
    """

    def __init__(self, *, quick: bool = False, graphs: Graphs | None = None) -> None:
        self._quick = quick
        self._graphs = graphs or MediaPipeGraphs()

    def stream(self, frames: Iterable[Frame], *, masks: bool = False) -> Iterator[Detection]:
        """Detect the person in each frame; see `PoseEstimator.stream`.

        The person whom Holistic follows comes first, and the mask shows them; if it jumped to
        another person and the one it followed was found again, the latter.  Others follow.
        """
        complexity = PLAIN if self._quick or not has_heavy_model() else HEAVY
        with (
            _WindowedHolistic(self._graphs, complexity, masks=masks) as view,
            PersonDetector(self._graphs) as detector,
            _Finder(self._graphs, detector) as finder,
            _Others(self._graphs, complexity, detector) as others,
        ):
            last: Person | None = None
            missed = 0
            for frame, cut in with_cuts(frames, at_once=self._quick):
                if cut:
                    last, missed = None, 0
                    view.move_to(None)
                    others.forget()
                seen, mask = view.look(frame)
                people = [] if seen is None else [seen]
                same = seen is not None and (last is None or last.may_become(seen, missed + 1))
                if not same:
                    window = finder.find(frame, last, missed)
                    if window is not None:
                        view.move_to(window)
                        found, found_mask = view.look(frame)
                        if found is not None:
                            seen, mask, same = found, found_mask, True
                            people.insert(0, found)
                    elif seen is None:
                        view.move_to(None)
                if same and seen is not None:
                    last, missed = seen, 0
                    view.keep_up_with(seen)
                else:
                    missed += 1
                    last = last if missed <= _FORGET else seen
                if not self._quick:
                    people += others.look(frame, seen)
                candidates = [person.keypoints for person in people]
                looks = [look_of(frame, keypoints) for keypoints in candidates]
                yield Detection(candidates, mask, [each.depth for each in people], looks, cut)


class Segmenter:
    """Masks of persons whose poses are known, in single pictures."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._cutter = Cutter()

    def __enter__(self) -> Segmenter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._graph is not None:
            self._graph.close()

    def mask(self, frame: Frame, keypoints: FloatArray) -> FloatArray:
        """The mask of a person, float32 `(H, W)`, 0..1; all 0 if they are not seen.

        Args:
            frame: uint8 `(H, W, 3)` RGB.
            keypoints: the person's, float32 `(137, 3)`, pixels.
        """
        height, width = frame.shape[:2]
        nothing = np.zeros((height, width), np.float32)
        meant = Person.of(keypoints, (width, height))
        if meant is None:
            return nothing
        window = Window.around(keypoints, max(width, height))
        with drop_stderr_lines(MEDIAPIPE):
            if self._graph is None:
                self._graph = MediaPipeGraphs().pose(PLAIN, masks=True)
            result = self._graph.process(self._cutter.cut(frame, window))
        found = to_layout(result, window.side, (window.left, window.top))
        person = None if found is None else Person.of(found, (width, height))
        if person is None or meant.offset_to(person) > _NOT_MEANT:
            return nothing
        return window.paste(result.segmentation_mask, width, height)


class _WindowedHolistic:
    """Holistic, looking at a window of the frames."""

    def __init__(
        self, graphs: Graphs, complexity: int, *, masks: bool, share: float = ROOMY
    ) -> None:
        self._graphs, self._complexity, self._masks, self._share = graphs, complexity, masks, share
        self._window: Window | None = None  # None: the whole frame
        self._cutter = Cutter()
        self._size = (0, 0)
        self._graph: Any = None
        self._moved = False
        self._noisy = True

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
        person = replace(person, depth=depth_of(result))
        mask = result.segmentation_mask if self._masks else None
        return person, None if mask is None else window.paste(mask, width, height)

    def _process(self, picture: Frame) -> Any:
        # Its threads log when they start, and when the first person is seen.
        with drop_stderr_lines(MEDIAPIPE) if self._noisy or self._moved else nullcontext():
            if self._graph is None:
                self._graph = self._graphs.holistic(self._complexity, masks=self._masks)
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
            self.move_to(Window.around(person.keypoints, largest, self._share))


class _Finder:
    """Finds a person whom Holistic lost or missed."""

    def __init__(self, graphs: Graphs, detector: PersonDetector) -> None:
        self._graphs = graphs
        self._graph: Graph | None = None
        self._cutter = Cutter()
        self._detector = detector

    def __enter__(self) -> _Finder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._graph is not None:
            self._graph.close()

    def find(self, frame: Frame, last: Person | None, missed: int) -> Window | None:
        """A window with a person in it: near `last` if given, else anywhere."""
        largest = max(frame.shape[:2])
        if last is not None:
            if missed >= _SEEK and missed % _SEEK_EVERY:
                return None
            window = Window.around(last.keypoints, largest)
            found = self._look(frame, window)
            near = found is not None and last.may_become(found, missed + 1)
            return window if near else None
        if missed % _SEARCH_EVERY == 0:
            spots = self._detector.find(frame, small=True)
            if spots:
                spot = max(spots, key=lambda spot: spot.radius * spot.score)
                return Window.at(spot.x, spot.y, 2 * spot.radius, largest)
        return None

    def _look(self, frame: Frame, window: Window) -> Person | None:
        picture = self._cutter.cut(frame, window)
        with drop_stderr_lines(MEDIAPIPE):
            if self._graph is None:
                self._graph = self._graphs.pose(PLAIN)
            result = self._graph.process(picture)
        keypoints = to_layout(result, window.side, (window.left, window.top))
        if keypoints is None:
            return None
        torso = [result.pose_landmarks.landmark[i].visibility for i in _TORSO]
        if float(np.mean(torso)) < _MIN_VISIBILITY:
            return None
        return Person.of(keypoints, (frame.shape[1], frame.shape[0]))


@dataclass
class _Follower:
    """Somebody beside the person whom Holistic follows by itself."""

    view: _WindowedHolistic
    last: Person
    missed: int = 0


class _Others:
    """Everybody beside the person whom Holistic follows by itself, each in a window of their own.

    Nothing but the search for them is spent on a clip with one person.
    """

    def __init__(self, graphs: Graphs, complexity: int, detector: PersonDetector) -> None:
        self._graphs, self._complexity, self._detector = graphs, complexity, detector
        self._followed: list[_Follower] = []
        self._frame = 0
        self._soon = _FORGET  # the frame until which others are looked for more often

    def __enter__(self) -> _Others:
        return self

    def __exit__(self, *_: object) -> None:
        self.forget()

    def forget(self) -> None:
        """A new shot begins."""
        for follower in self._followed:
            follower.view.__exit__()
        self._followed.clear()
        self._frame, self._soon = 0, _FORGET

    def look(self, frame: Frame, main: Person | None) -> list[Person]:
        """The others in a frame, given whom Holistic sees."""
        people = [] if main is None else [main]
        for follower in tuple(self._followed):
            person, _ = follower.view.look(frame)
            if (
                person is None
                or _is_one_of(person, people)
                or not follower.last.may_become(person, follower.missed + 1)
            ):
                follower.missed += 1
                if follower.missed > _GIVE_UP:
                    follower.view.__exit__()
                    self._followed.remove(follower)
                    self._soon = self._frame + _FORGET
                continue
            follower.last, follower.missed = person, 0
            follower.view.keep_up_with(person)
            people.append(person)
        if self._frame % (_SEEK_EVERY if self._frame < self._soon else _SEARCH_EVERY) == 0:
            people += self._newcomers(frame, people)
        self._frame += 1
        return people[0 if main is None else 1 :]

    def _newcomers(self, frame: Frame, known: list[Person]) -> list[Person]:
        """Persons whom nobody follows yet."""
        found: list[Person] = []
        closely = self._frame % (_CLOSELY_EVERY * _SEARCH_EVERY) == 0
        for spot in self._detector.find(frame, closely=closely):
            if len(self._followed) >= _MOST_OTHERS or any(_is_at(p, spot) for p in known):
                continue
            # Beside others, a tight window shows the right one; with spread arms, a roomy one does.
            for share in (TIGHT, ROOMY):
                view = _WindowedHolistic(self._graphs, self._complexity, masks=False, share=share)
                side = max(frame.shape[:2])
                view.move_to(Window.at(spot.x, spot.y, 2 * spot.radius, side, share))
                person, _ = view.look(frame)
                if person and _is_at(person, spot) and not _is_one_of(person, known + found):
                    self._followed.append(_Follower(view, person))
                    found.append(person)
                    break
                view.__exit__()
        return found


def _is_one_of(person: Person, people: list[Person]) -> bool:
    return any(person.offset_to(other) < _TWIN for other in people)


def _is_at(person: Person, spot: Spot) -> bool:
    """Whether the detector means this person."""
    body = person.keypoints[BODY, :2][person.seen]
    apart = np.abs(body.mean(axis=0) - (spot.x, spot.y))
    return bool((apart < _AT * spot.radius).all())
