"""Reading and checking credentials, ours and others'."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from dancenow.credentials.c2pa_library import c2pa_settings, load_c2pa
from dancenow.credentials.certificate import known_certificate

State = Literal["intact", "changed", "doubtful"]

_Manifest = dict[str, Any]
_Status = dict[str, Any]

# The IPTC's digital source types that mean synthetic, wholly or in part.
_SYNTHETIC: Final = frozenset(
    [
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "algorithmicMedia",
        "compositeSynthetic",
        "trainedAlgorithmicData",
    ]
)
_UNTRUSTED: Final = "signingCredential.untrusted"
_TRUSTED: Final = "signingCredential.trusted"
_CHANGED: Final = (".mismatch", ".missing")  # endings of failure codes
_MARK: Final = b"jumdc2pa\x00\x11\x00\x10"  # the start of C2PA's data in any file
_CHUNK: Final = 1 << 20  # bytes


@dataclass(frozen=True)
class Credentials:
    """What a file's credentials say, and what that is worth.

    Attributes:
        state: "intact"; "changed" since it was signed; or "doubtful", because of the signer's
            certificate or because the credentials break the rules.
        trusted: whether they are intact and the signer is known: by this user's own certificate,
            or by one that the library trusts.
        synthetic: whether the pictures are synthetic, wholly or in part; None if not stated.
        made_with: name and version of the program.
        when: when it was made (ISO 8601), by the clock of the machine that made it.
        done: what was done, in words.
        inputs: names of the files it was made from.
        signer: who signed, in the certificate's words.
        problems: what is wrong, in the library's words.
    """

    state: State
    trusted: bool = False
    synthetic: bool | None = None
    made_with: str | None = None
    when: str | None = None
    done: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    signer: str | None = None
    problems: tuple[str, ...] = ()


def read_credentials(path: Path) -> Credentials | None:
    """Read and check the credentials in a file, whoever made it; None if it holds none.

    The network is not used: credentials stored elsewhere are not fetched, and it is not checked
    whether a certificate was revoked.

    Raises:
        CredentialsError: the library that reads them cannot be loaded, or this user's own
            certificate cannot be read.
    """
    c2pa = load_c2pa()
    try:
        with (
            c2pa.Context.from_dict(c2pa_settings(known_certificate())) as context,
            c2pa.Reader(path, context=context) as reader,
        ):
            report: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError.RemoteManifest as error:
        return Credentials("doubtful", problems=(f"they are stored elsewhere: {error}",))
    except c2pa.C2paError as error:
        # A file without credentials ends here, and so does one whose credentials are damaged.
        return Credentials("changed", problems=(str(error),)) if _is_marked(path) else None
    return _parse_report(report)


def _parse_report(report: dict[str, Any]) -> Credentials:
    manifests: dict[str, _Manifest] = report["manifests"]
    active = manifests[report["active_manifest"]]
    results = report.get("validation_results", {})
    checked = results.get("activeManifest", {})
    failures, of_inputs = _failures(checked), []
    for delta in results.get("ingredientDeltas") or ():
        of_inputs += _failures(delta.get("validationDeltas", {}))
    actions = list(_actions(active))
    state = _state(failures, of_inputs)
    known = any(status["code"] == _TRUSTED for status in checked.get("success", ()))
    return Credentials(
        state=state,
        trusted=known and state == "intact",
        synthetic=_is_synthetic(active, manifests),
        made_with=_program(active),
        when=_when(active, actions),
        done=tuple(
            str(action.get("description") or str(action["action"]).removeprefix("c2pa."))
            for action in actions
        ),
        inputs=tuple(
            str(ingredient["title"])
            for ingredient in active.get("ingredients", ())
            if ingredient.get("title")
        ),
        signer=_signer(active),
        problems=tuple(
            str(status.get("explanation") or status["code"]) for status in failures + of_inputs
        ),
    )


def _failures(checked: dict[str, Any]) -> list[_Status]:
    """What is wrong; an unknown signer is not."""
    return [status for status in checked.get("failure", ()) if status["code"] != _UNTRUSTED]


def _state(failures: list[_Status], of_inputs: list[_Status]) -> State:
    if any(status["code"].endswith(_CHANGED) for status in failures):
        return "changed"
    return "doubtful" if failures or of_inputs else "intact"


def _actions(manifest: _Manifest) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions", ()):
        if str(assertion.get("label")).startswith("c2pa.actions"):
            yield from assertion.get("data", {}).get("actions", ())


def _is_synthetic(active: _Manifest, manifests: dict[str, _Manifest]) -> bool | None:
    """What a manifest, or that of anything it shows, says about how pictures were made."""
    said: bool | None = None
    seen: set[str] = set()
    open_ = [active]
    while open_:
        manifest = open_.pop()
        for action in _actions(manifest):
            source = str(action.get("digitalSourceType") or "").rpartition("/")[2]
            if source in _SYNTHETIC:
                return True
            said = False if source else said
        for ingredient in manifest.get("ingredients", ()):
            label = str(ingredient.get("active_manifest"))
            if ingredient.get("relationship") == "inputTo" or label in seen:
                continue  # what went into a model is not what is seen
            seen.add(label)
            if label in manifests:
                open_.append(manifests[label])
    return said


def _program(manifest: _Manifest) -> str | None:
    for program in manifest.get("claim_generator_info") or ():
        return " ".join(str(program[key]) for key in ("name", "version") if program.get(key))
    generator = manifest.get("claim_generator")
    return None if generator is None else str(generator)


def _when(manifest: _Manifest, actions: list[dict[str, Any]]) -> str | None:
    stamped = (manifest.get("signature_info") or {}).get("time")
    moments = [stamped, *(action.get("when") for action in actions)]
    return next((str(moment) for moment in moments if moment), None)


def _signer(manifest: _Manifest) -> str | None:
    info = manifest.get("signature_info") or {}
    names = dict.fromkeys(str(info[key]) for key in ("common_name", "issuer") if info.get(key))
    return ", ".join(names) or None


def _is_marked(path: Path) -> bool:
    """Whether a file holds C2PA data, intact or damaged."""
    end = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if _MARK in end + chunk:
                    return True
                end = chunk[-len(_MARK) :]
    except OSError:
        pass  # whoever examines the file itself reports that it cannot be read
    return False
