"""What a user orders: forms become jobs, each with the steps by which its time is estimated."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dancenow.errors import InputError
from dancenow.pose.dancers import LARGEST, check_person
from dancenow.sample.shipped import DANCERS, SECONDS
from dancenow.staging.conversion import FORMS, suffix_of
from dancenow.studio.estimate import Step, learning_left, listed
from dancenow.studio.forms import DanceForm, TransferForm
from dancenow.studio.job import Job
from dancenow.studio.library import EntryKind, LibraryEntry
from dancenow.studio.requests import RequestBuilder
from dancenow.studio.service import StudioService
from dancenow.studio.tasks import RESULT_STEM, file_of
from dancenow.studio.uploads import Upload, plain_name

QUALITIES: Final = (1.0, 5.0, 10.0)
"""Minutes of learning that the page offers."""
_BACKGROUND: Final = re.compile(
    r"target|source|white|transparent|#[0-9a-f]{6}"
)  # and uploads: no path
_REMEMBERED: Final = 1000  # orders, so that none is taken twice
_LOADING: Final = 1.0  # seconds of a clip that take as long as loading what is known of one
_USUAL: Final = 16.0  # seconds of a clip whose length is not known, and of a new dance


class Orders:
    """One user's orders.

    Args:
        service: the studio's service.
        owner: the user.
    """

    def __init__(self, service: StudioService, owner: str) -> None:
        self._service, self._owner = service, owner

    def once(self, key: str, order: Callable[[], Job]) -> Job:
        """Take an order, but for a second press of the same button: that gets the first's job.

        Args:
            key: the same for both.
            order: takes it.
        """
        if not key:
            return order()
        taken = self._service.taken
        with self._service.ordering:
            known = taken.get((self._owner, key))
            job = self._service.queue.get(self._owner, known) if known else None
            if job is None:
                job = order()
                taken[self._owner, key] = job.id
                while len(taken) > _REMEMBERED:
                    taken.popitem(last=False)
        return job

    def transfer(self, form: TransferForm) -> Job:
        """Queue a transfer.

        Raises:
            InputError: something is missing, or cannot be used.
        """
        service, owner = self._service, self._owner
        if not form.source:
            raise InputError("pick a dance first: a sample, or a clip of your own.")
        if not form.target:
            raise InputError("pick the dancer first: a sample, someone you know, or a clip.")
        for who in (form.source_person, form.target_person):
            check_person(who)
        service.check_capacity(owner)
        builder = service.builder(owner)
        source, background = builder.clip(form.source), form.background
        heard = self._upload(form.source)
        if heard is not None and not any(heard.size):
            raise InputError(f"{heard.name} is music; pick a video as the dance.")
        if background.startswith("upload:"):
            background = str(builder.upload(background).file)
        elif not _BACKGROUND.fullmatch(background):
            raise InputError("choose what is behind the dancer.")
        steps = self._transfer_steps(form, form.minutes)
        person = self._person(form, builder)
        request = {
            "source": source,
            "poses": builder.poses(form.source) if form.source_person == LARGEST else None,
            "who": form.source_person,
            "person": builder.person(person, form.minutes),
            "retarget": "limbs" if form.limbs else "global",
            "background": background,
            "device": service.config.device,
            "uses": builder.uses,
            "names": builder.names,
            "again": {"person": person.id},
            "form": {
                "source": form.source,
                "source_person": form.source_person,
                "background": form.background,
                "limbs": form.limbs,
            },
            "steps": listed(steps),
        }
        title = f"{person.name} dances {self._clip_name(form.source)}"
        service.leave(owner, but=builder.uses)
        return service.queue.submit(owner, "transfer", request, title)

    def dance(self, form: DanceForm) -> Job:
        """Queue a new dance.

        Raises:
            InputError: something is missing, or cannot be used.
        """
        self._service.check_capacity(self._owner)
        request, dance, person = self._new_dance(form)
        who = "A stick figure" if person is None else person.name
        kind = " and ".join(form.style) or ("" if dance.sample else dance.name)
        title = f"{who} in a new dance{kind and f': {kind}'}"
        return self._service.queue.submit(self._owner, "new_dance", request, title)

    def show(self, form: DanceForm) -> Job:
        """Queue composing a dance as a stick figure, before anyone performs it.

        Raises:
            InputError: something is missing, or cannot be used.
        """
        self._service.check_capacity(self._owner)
        request, dance, _ = self._new_dance(form)
        if dance.codec == "frame":
            raise InputError(f"{dance.name} dreams silhouettes: make the video to see it.")
        request |= {"person": None}
        kind = "show_dance" if dance.ready else "learn_and_show"
        return self._service.queue.submit(self._owner, kind, request, "Composing")

    def learn(self, id: str, minutes: float) -> Job:
        """Queue learning a person for some minutes more.

        Raises:
            InputError: there is nothing to learn from.
        """
        service, builder = self._service, self._service.builder(self._owner)
        service.check_capacity(self._owner)
        person = service.library(self._owner).require(id)
        if not person.learns_more:
            raise InputError(f"{person.name} has no clip to learn more from.")
        known = float(person.figures.get("seconds") or 0) / 60
        request = {
            "person": builder.person(person, known + minutes),
            "uses": builder.uses,
            "names": builder.names,
            "again": {"person": person.id},
            "steps": listed([Step("learn", 60 * minutes)]),
        }
        return service.queue.submit(self._owner, "learn_person", request, f"Learning {person.name}")

    def convert(self, id: str, form: str) -> Job | None:
        """Queue writing a result in another form; None where that was done before.

        Raises:
            InputError: there is no such result, or no such form.
        """
        queue = self._service.queue
        job = queue.get(self._owner, id)
        result = None if job is None else file_of(queue.folder(job), RESULT_STEM)
        if job is None or result is None or form not in FORMS:
            raise InputError("this video cannot be saved like that; make it again.")
        folder = queue.folder(job)
        output = folder / f"{form}{suffix_of(form)}"
        if output.is_file():
            return None
        names = {str(result): job.title}
        request = {
            "form": form,
            "result": str(result),
            "output": str(output),
            "uses": [],
            "names": names,
            "again": {},
        }
        return queue.submit(self._owner, "convert", request, f"Saving {job.title}")

    def estimates(self, form: TransferForm | DanceForm) -> list[float]:
        """Seconds that an order takes on this computer, for each of `QUALITIES`.

        Raises:
            InputError: something that it names is gone.
        """
        whole = []
        for minutes in QUALITIES:
            if isinstance(form, TransferForm):
                steps = self._transfer_steps(form, minutes)
            else:
                steps = self._dance_steps(form, minutes)
            whole.append(sum(map(self._service.rates.seconds, steps)))
        return whole

    def _new_dance(
        self, form: DanceForm
    ) -> tuple[dict[str, Any], LibraryEntry, LibraryEntry | None]:
        """The request of a new dance, the dance that it is composed from, and who performs it."""
        service, builder = self._service, self._service.builder(self._owner)
        music = str(builder.upload(form.music).file) if form.music else None
        if form.loop and music is not None:
            raise InputError("a loop can't have music; choose one of them.")
        person = service.performer(self._owner, form.performer)
        dance = self._dance_of(form, builder)
        if dance.codec == "frame" and (person is not None or music is not None or form.loop):
            raise InputError(
                f"{dance.name}: was learned as pictures and dreams silhouettes; choose no "
                "performer, music or loop with it."
            )
        request = {
            "dance": builder.dance(dance, form.minutes),
            "person": None if person is None else builder.person(person, form.minutes),
            "music": music,
            "bpm": form.bpm if music else None,
            "seconds": form.seconds,
            "temperature": form.temperature,
            "seed": form.seed,
            "loop": form.loop,
            "style": list(form.style),
            "device": service.config.device,
            "uses": builder.uses,
            "names": builder.names,
            "again": {"person": None if person is None else person.id, "dance": dance.id},
            "form": {
                name: getattr(form, name)
                for name in ("seed", "temperature", "seconds", "style", "loop", "music", "bpm")
            },
            "steps": listed(self._dance_steps(form, form.minutes)),
        }
        return request, dance, person

    def _transfer_steps(self, form: TransferForm, minutes: float) -> list[Step]:
        source, learning = self._seconds(form.source), self._learning(form.target, minutes)
        person = self._known(form.target)
        steps = [Step("poses", self._unseen(form.source))]
        if learning and (person is None or not person.ready):
            clip = form.target if form.target.startswith("upload:") else ""
            steps.append(Step("look", self._unseen(clip)))
        if learning:
            steps.append(Step("learn", learning))
        return [*steps, Step("perform", source), Step("finish", source)]

    def _dance_steps(self, form: DanceForm, minutes: float) -> list[Step]:
        steps, library = [], self._service.library(self._owner)
        dance = library.get(form.dance.removeprefix("dance:"))
        if form.dance != "samples" and (learning := learning_left(dance, minutes)):
            steps.append(Step("dance", learning))
        if form.performer and (learning := self._learning(form.performer, minutes)):
            steps.append(Step("learn", learning))
        seconds = form.seconds or (self._seconds(form.music) if form.music else _USUAL)
        return [*steps, Step("perform", seconds), Step("finish", seconds)]

    def _unseen(self, ref: str) -> float:
        """Seconds of a clip that are yet to be looked at; some time passes in any case."""
        upload = self._upload(ref)
        known = ref.startswith("sample:") or (upload is not None and upload.ahead)
        return _LOADING if known else self._seconds(ref)

    def _upload(self, ref: str) -> Upload | None:
        return self._service.uploads(self._owner).get(ref.removeprefix("upload:"))

    def _seconds(self, ref: str) -> float:
        if ref.startswith("sample:"):
            return SECONDS
        upload = self._upload(ref)
        return _USUAL if upload is None else upload.seconds

    def _learning(self, ref: str, minutes: float) -> float:
        """Seconds that a dancer is yet to be learned for."""
        if ref.removeprefix("sample:") in DANCERS:
            return 0.0
        upload = self._upload(ref)
        if upload is not None and not upload.seconds:
            return 0.0  # a photo becomes a puppet
        return learning_left(self._known(ref), minutes)

    def _known(self, ref: str) -> LibraryEntry | None:
        """Someone in the library, without adding a sample performer to it."""
        library = self._service.library(self._owner)
        if ref.startswith("sample:"):
            return library.find_sample(EntryKind.person, ref.removeprefix("sample:"))
        return library.get(ref.removeprefix("person:"))

    def _clip_name(self, ref: str) -> str:
        if ref.startswith("upload:"):
            upload = self._upload(ref)
            return "" if upload is None else Path(upload.name).stem
        who, _, dance = ref.removeprefix("sample:").partition("/")
        return f"{who.capitalize()}'s {dance}"

    def _person(self, form: TransferForm, builder: RequestBuilder) -> LibraryEntry:
        """The person who is to dance; a new one for an uploaded clip."""
        if not form.target.startswith("upload:"):
            person = self._service.performer(self._owner, form.target.partition("/")[0])
            if person is None:
                raise InputError("there is no such performer; choose another.")
            return person
        upload = builder.upload(form.target)
        name = plain_name(form.name, Path(upload.name).stem or "Someone")
        return self._service.library(self._owner).add(
            EntryKind.person,
            name,
            [(upload.file, upload.name)],
            consent=form.consent,
            picture=upload.picture,
            who=form.target_person,
        )

    def _dance_of(self, form: DanceForm, builder: RequestBuilder) -> LibraryEntry:
        """The dance to compose from; a new one for uploaded clips."""
        if not form.clips or form.dance == "samples" or form.dance.startswith("dance:"):
            return self._service.dance(self._owner, form.dance)
        library = self._service.library(self._owner)
        uploads = [builder.upload(id) for id in form.clips]
        for known in library.all(EntryKind.dance):  # learned from the same clips before
            if [path.name[3:] for path in known.clips] == [upload.file.name for upload in uploads]:
                return known
        first = uploads[0]
        return library.add(
            EntryKind.dance,
            plain_name(form.name, Path(first.name).stem or "A dance"),
            [(upload.file, upload.name) for upload in uploads],
            picture=first.picture,
        )
