"""What the time line asks for: material, plans kept and made into dances.

A plan comes as JSON, as in `dance.toml`, with refs in place of paths: "upload:ID" or
"sample:mika/house" for clips and music, "dance:ID" or "samples" for the choreographer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from dancenow import limits
from dancenow.errors import InputError
from dancenow.files import make_folder, write_text
from dancenow.plan import DancePlan, Pin, Segment, plan_of, plan_text, plan_values
from dancenow.pose.layout import NUM_KEYPOINTS
from dancenow.sample.shipped import SECONDS
from dancenow.studio.catalogue import stored
from dancenow.studio.estimate import Step, learning_left, listed
from dancenow.studio.job import Job, JobState
from dancenow.studio.library import EntryKind, LibraryEntry
from dancenow.studio.media_types import UploadKind
from dancenow.studio.requests import SAMPLE_PERFORMERS, RequestBuilder, title_of, with_user_names
from dancenow.studio.service import SAMPLE_DANCES_NAME, StudioService

NAME: Final = "dance.toml"
_LEARNING: Final = 5.0  # minutes
_DANCERS: Final = 8
_FPS: Final = 60
_KINDS: Final = {"clip": UploadKind.clip, "music": UploadKind.sound}


class PlanDesk:
    """One user's plan: what it may be made of, and what is made of it.

    Args:
        service: the studio's service.
        owner: the user.
    """

    def __init__(self, service: StudioService, owner: str) -> None:
        self._service, self._owner = service, owner

    def state(self) -> dict[str, Any]:
        """The plan as it was kept, and what can be chosen for it."""
        library, uploads = self._service.library(self._owner), self._service.uploads(self._owner)
        dances = [e for e in library.all(EntryKind.dance) if e.codec in ("", "pose")]
        learned = [
            {"ref": f"dance:{e.id}", "name": e.name, "ready": e.ready}
            for e in dances
            if not e.sample
        ]
        found = uploads.all()
        return {
            "plan": self._service.kept_plan(self._owner),
            "material": [
                *(stored(upload) for upload in found if upload.seconds and any(upload.size)),
                *self._samples(),
            ],
            "music": [stored(upload) for upload in found if not any(upload.size)],
            "dances": [{"ref": "samples", "name": SAMPLE_DANCES_NAME, "ready": True}, *learned],
            "people": [
                *(
                    {"ref": f"person:{e.id}", "name": e.name}
                    for e in library.all(EntryKind.person)
                    if not e.sample
                ),
                *({"ref": f"sample:{n}", "name": n.capitalize()} for n in SAMPLE_PERFORMERS),
            ],
        }

    def keep(self, document: Mapping[str, Any]) -> None:
        """Keep a plan, whatever its faults, for the next time, with the uploads that it uses.

        Raises:
            InputError: it holds what no answer can.
        """
        try:
            text = json.dumps(document, allow_nan=False)
            json.dumps(document, ensure_ascii=False).encode()
        except ValueError as error:
            raise InputError("the plan cannot be kept.") from error
        self._service.quota.check(self._owner, len(text))
        file = self._service.plan_file(self._owner)
        make_folder(file.parent)
        write_text(file, text)

    def add(self, path: Path, name: str, kind: str) -> dict[str, Any]:
        """Store an uploaded clip or music; the file at `path` is gone afterwards.

        Raises:
            InputError: it is neither, too large, or nobody is seen in it.
        """
        if kind not in _KINDS:
            raise InputError("choose a clip or music.")
        if kind == "music":
            return stored(self._service.add_upload(self._owner, path, name, UploadKind.sound))
        return stored(self._service.add_clip(self._owner, path, name))

    def hear(self, ref: str, bpm: float | None, first_beat: float | None) -> Job:
        """Queue hearing a piece of music.

        Raises:
            InputError: it is gone.
        """
        builder = self._service.builder(self._owner)
        music = str(builder.upload(ref).file)
        request = {"music": music, "bpm": bpm, "first_beat": first_beat}
        return self._submit("hear_music", request, builder, "Hearing the music")

    def arrange(self, document: Mapping[str, Any]) -> Job:
        """Queue making a plan's motion.

        Raises:
            InputError: the plan is wrong; the message tells where.
        """
        request, builder = self._request(document, learned=True)
        return self._submit("arrange_plan", request, builder, "Arranging")

    def perform(self, document: Mapping[str, Any], people: list[str], seconds: float) -> Job:
        """Queue performing a plan by people, one for each dancer; nobody: stick figures.

        Args:
            document: the plan.
            people: their refs.
            seconds: how long the dance is, as far as the page knows.

        Raises:
            InputError: the plan is wrong, or somebody is gone.
        """
        request, builder = self._request(document, learned=True)
        entries = [self._service.performer(self._owner, ref) for ref in people if ref]
        known = [entry for entry in entries if entry is not None]
        request["people"] = [builder.person(entry, _LEARNING) for entry in known]
        names = " and ".join(entry.name for entry in known) or "A stick figure"
        request["again"] = {"person": known[0].id if known else None, "dance": None}
        learning = Step("learn", sum(learning_left(entry, _LEARNING) for entry in known))
        steps = [Step("poses", seconds), learning, Step("perform", seconds)]
        request["steps"] = listed(step for step in steps if step.units)
        return self._submit("perform_plan", request, builder, f"{names}, directed")

    def learn(self, ref: str) -> Job:
        """Queue learning a dance that plans are to be composed with.

        Raises:
            InputError: it is gone.
        """
        builder = self._service.builder(self._owner)
        entry = self._service.dance(self._owner, ref)
        request = {"dance": builder.dance(entry, _LEARNING)}
        return self._submit("learn_dance", request, builder, f"Learning {entry.name}")

    def poses(self, ref: str) -> Job:
        """Queue finding the poses of an uploaded clip, mended or not.

        Raises:
            InputError: it is gone.
        """
        builder = self._service.builder(self._owner)
        request = {"source": str(self._motion(builder, ref))}
        return self._submit("find_poses", request, builder, "Finding the poses")

    def mend(self, ref: str, edits: list[Any], spans: list[Any], dance: str) -> Job:
        """Queue mending the poses of an uploaded clip.

        Args:
            ref: of the clip.
            edits: frame, keypoint, x and y of each.
            spans: from and to in seconds of each, which a dance's choreographer fills.
            dance: its ref; "" without spans.

        Raises:
            InputError: it is gone, or the dance is not learned.
        """
        builder = self._service.builder(self._owner)
        upload = builder.upload(ref)
        entry = self._learned(dance, builder) if spans else None
        try:
            request = {
                "source": str(self._motion(builder, ref)),
                "output": str(upload.mended),
                "edits": [
                    (
                        _within(int(frame), limits.FRAMES),
                        _within(int(keypoint), NUM_KEYPOINTS - 1),
                        _within(float(x), limits.FARTHEST, -limits.FARTHEST),
                        _within(float(y), limits.FARTHEST, -limits.FARTHEST),
                    )
                    for frame, keypoint, x, y in edits
                ],
                "spans": [
                    tuple(_within(float(end), limits.SECONDS) for end in ends)
                    for ends in spans
                    if len(ends) == 2
                ],
                "choreographer": None if entry is None else str(entry.trained),
                "device": self._service.config.device,
            }
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError("an edit cannot be read; try again.") from error
        return self._submit("mend_poses", request, builder, "Mending the poses")

    def unmend(self, ref: str) -> None:
        """Forget how the poses of an uploaded clip were mended."""
        self._service.builder(self._owner).upload(ref).mended.unlink(missing_ok=True)

    def text(self, document: Mapping[str, Any]) -> str:
        """A plan as `dance.toml`, with the user's names for files.

        Raises:
            InputError: the plan is wrong.
        """
        request, builder = self._request(document, learned=False)
        names: dict[Path, Path] = {}
        for path, name in builder.names.items():
            name = name.replace("/", "-")
            taken = Path(name) in names.values()
            names[Path(path)] = Path(f"{len(names) + 1}-{name}" if taken else name)
        plan = plan_of(request["plan"], Path(NAME))
        found = {
            key: names[value]
            for key in ("music", "choreographer")
            if (value := getattr(plan, key)) is not None
        }
        return plan_text(_with_files(plan, lambda path: names[path], found))

    def job(self, id: str) -> dict[str, Any]:
        """How a job stands: its progress, its result, or the line that says why it failed.

        Raises:
            InputError: there is none.
        """
        job = self._service.queue.get(self._owner, id)
        if job is None:
            raise InputError("it was cancelled; try again.")
        if not job.state.active:
            self._service.queue.forget(job)
        error = job.error or ("" if job.state is JobState.done else "it was cancelled; try again.")
        return {
            "active": job.state.active,
            "progress": job.progress,
            "ahead": self._service.queue.jobs_ahead(job),
            "warnings": [with_user_names(line, job.request["names"]) for line in job.warnings],
            "result": job.result if job.state is JobState.done else None,
            "error": "" if job.state.active else with_user_names(error, job.request["names"]),
        }

    def cancel(self, id: str) -> None:
        """End a job, if it is still active."""
        self._service.queue.cancel(self._owner, id)

    def _request(
        self, document: Mapping[str, Any], *, learned: bool
    ) -> tuple[dict[str, Any], RequestBuilder]:
        """A job's request, in which the plan has paths."""
        plan, builder = self._read(document), self._service.builder(self._owner)

        def path(ref: Path) -> Path:
            if str(ref).startswith("sample:"):
                return builder.sample_motion(str(ref))
            return self._motion(builder, str(ref))

        found: dict[str, Path] = {}
        if plan.music is not None:
            found["music"] = builder.upload(str(plan.music)).file
        if plan.choreographer is not None:
            entry = self._learned(str(plan.choreographer), builder, needed=learned)
            found["choreographer"] = entry.trained
        plan = _with_files(plan, path, found)
        return {
            "plan": plan_values(plan),
            "device": self._service.config.device,
            "longest": self._service.config.limits.seconds,
        }, builder

    @staticmethod
    def _read(document: Mapping[str, Any]) -> DancePlan:
        """The plan in a document whose paths are refs, and not too much of it for a studio."""
        try:
            plan = plan_of(document, Path(NAME))
        except TypeError as error:  # keys that are no texts
            raise InputError("the plan cannot be read.") from error
        if len({segment.dancer for segment in plan.segments}) > _DANCERS:
            raise InputError(f"at most {_DANCERS} dance together.")
        if plan.fps is not None and plan.fps > _FPS:
            raise InputError(f"at most {_FPS} frames a second are made here.")
        return plan

    def _submit(
        self, kind: str, request: dict[str, Any], builder: RequestBuilder, title: str
    ) -> Job:
        self._service.check_capacity(self._owner)
        about = {"uses": builder.uses, "names": builder.names, "again": {}}
        return self._service.queue.submit(self._owner, kind, about | request, title)

    def _learned(self, ref: str, builder: RequestBuilder, *, needed: bool = True) -> LibraryEntry:
        """A dance that composes; `needed`: it must have been learned."""
        entry = self._service.dance(self._owner, ref)
        builder.names[str(entry.trained)] = entry.name
        if needed and not entry.ready:
            raise InputError(f"{entry.name} is not learned yet: press Learn it.")
        return entry

    @staticmethod
    def _motion(builder: RequestBuilder, ref: str) -> Path:
        """The file with the motion of an uploaded clip."""
        upload = builder.upload(ref)
        builder.names[str(upload.mended)] = upload.name
        return upload.motion

    @staticmethod
    def _samples() -> list[dict[str, Any]]:
        return [
            {
                "ref": f"sample:{performer}/{dance}",
                "name": title_of(performer, dance),
                "seconds": SECONDS,
            }
            for performer, dance in SAMPLE_PERFORMERS.items()
        ]


Number = TypeVar("Number", int, float)


def _within(value: Number, most: float, least: float = 0) -> Number:
    if not least <= value <= most:
        raise ValueError(f"{value} is out of range")
    return value


def _with_files(
    plan: DancePlan, path: Callable[[Path], Path], found: Mapping[str, Path]
) -> DancePlan:
    """A plan with other files: `path` gives those of clips and poses, `found` those at the top."""

    def renamed(part: Segment | Pin) -> dict[str, Path]:
        files = {key: getattr(part, key, None) for key in ("clip", "pose")}
        return {key: path(file) for key, file in files.items() if file is not None}

    return plan.model_copy(
        update={
            "segments": tuple(each.model_copy(update=renamed(each)) for each in plan.segments),
            "pins": tuple(each.model_copy(update=renamed(each)) for each in plan.pins),
            **found,
        }
    )
