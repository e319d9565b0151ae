"""Signing and reading: what a signed video keeps, states, and tells when it was changed."""

from __future__ import annotations

import getpass
import platform
import shutil
import socket
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from signed import CAMERA, CLAIM, NETWORKS, acted, boxes, flip, packets, sign_as, write_clip

from dancenow.credentials import Claim, Made, Origin, read_credentials, sign
from dancenow.errors import CredentialsError
from dancenow.version import __version__
from dancenow.video import probe, read_comment, read_frames


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_clip(tmp_path_factory.mktemp("signed") / "out.mp4")
    sign(path, CLAIM)
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "A.MP4"])
def test_pictures_and_sound_are_copied_as_they_are(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name)
    before, order = packets(clip), list(boxes(clip))
    sign(clip, CLAIM)
    assert packets(clip) == before and len({stream for stream, *_ in before}) == 2
    assert [box for box in boxes(clip) if box != "uuid"] == order
    assert order.index("moov") < order.index("mdat")  # still plays while it is fetched
    assert probe(clip).frames == 25 and probe(clip).has_audio
    assert list(tmp_path.iterdir()) == [clip]


def test_the_frames_and_the_comment_of_a_gif_stay(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.gif")
    before = list(read_frames(clip))
    sign(clip, CLAIM)
    after = list(read_frames(clip))
    assert len(after) == 25 and all(map(np.array_equal, before, after))
    found = read_credentials(clip)
    assert found is not None and found.state == "intact" and read_comment(clip)


def test_a_signed_video_says_that_it_is_synthetic_and_what_was_done(signed: Path) -> None:
    found = read_credentials(signed)
    assert found is not None
    assert found.state == "intact" and found.trusted and found.synthetic and not found.problems
    assert found.made_with == f"DanceNow {__version__}"
    assert found.done == (Made.transfer.value,) and found.inputs == ("dancer.mp4", "me.mp4")
    assert found.when is not None and found.when.endswith("Z") and len(found.when) == 20
    assert found.signer is not None and "made on the user's machine" in found.signer


@pytest.mark.parametrize("origin", Origin)
def test_other_tools_find_how_the_pictures_came_about(tmp_path: Path, origin: Origin) -> None:
    import c2pa

    clip = write_clip(tmp_path / "a.mp4")
    sign(clip, Claim(Made.dream, origin), title="dream.mp4")
    with c2pa.Reader(clip) as reader:
        manifest = reader.get_active_manifest()
        assert reader.get_validation_state() == "Valid"  # and not trusted: they know nobody here
    assert manifest["title"] == "dream.mp4"
    actions = [a["data"] for a in manifest["assertions"] if a["label"] == "c2pa.actions.v2"]
    (action,) = actions[0]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == NETWORKS.replace("trainedAlgorithmicMedia", origin.value)


def test_inputs_are_named_without_folders_and_nobody_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Names of our own: a short one, such as "vm", turns up in signatures by chance.
    user, host = "somebody-who-signs", "a-machine-that-signs"
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, user)
    for module, function in ((socket, "gethostname"), (platform, "node")):
        monkeypatch.setattr(module, function, lambda: host)
    assert getpass.getuser() == user
    folder = tmp_path / "secret holidays"
    folder.mkdir()
    clip = write_clip(folder / "out.mp4")
    inputs = (folder / "dancer.mp4", None, folder / "me", folder / "me", Path("/"))
    claim = Claim.of(Made.transfer, Origin.composite, *inputs)
    assert claim.inputs == ("dancer.mp4", "me")
    sign(clip, claim)
    start, stop = boxes(clip)["uuid"]
    said = clip.read_bytes()[start:stop]
    assert b"dancer.mp4" in said
    for word in (str(folder), "secret", str(Path.home()) + "/", host, user):
        assert word.encode() not in said


@settings(max_examples=25)
@given(st.data())
def test_a_change_anywhere_in_index_pictures_or_sound_is_told(
    signed: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    changed = tmp_path_factory.mktemp("changed") / "a.mp4"
    shutil.copy(signed, changed)
    box = data.draw(st.sampled_from(["moov", "mdat"]))
    start, stop = boxes(signed)[box]
    flip(changed, data.draw(st.integers(start + 8, stop - 1)))
    found = read_credentials(changed)
    assert found is not None and found.state == "changed" and found.problems
    assert not found.trusted
    assert found.synthetic or box == "moov"  # it still says so, unless it cannot be taken apart


def test_a_change_far_into_a_long_video_is_told(tmp_path: Path) -> None:
    """Such a one is hashed in pieces."""
    clip = write_clip(tmp_path / "a.mp4", crf=0, size=640)
    assert clip.stat().st_size > 16 << 20
    before = packets(clip)
    sign(clip, CLAIM)
    found = read_credentials(clip)
    assert found is not None and found.state == "intact" and packets(clip) == before
    flip(clip, boxes(clip)["mdat"][1] - 1000)
    found = read_credentials(clip)
    assert found is not None and found.state == "changed"


def test_a_video_that_was_cut_off_or_extended_is_told(signed: Path, tmp_path: Path) -> None:
    data = signed.read_bytes()
    for name, other in (("cut.mp4", data[:-500]), ("longer.mp4", data + data[-500:])):
        (tmp_path / name).write_bytes(other)
        found = read_credentials(tmp_path / name)
        assert found is not None and found.state == "changed"


def test_damaged_credentials_are_told_and_not_taken_for_none(signed: Path, tmp_path: Path) -> None:
    """Whichever byte of what they say is flipped; there is room left free behind it."""
    start, _ = boxes(signed)["uuid"]
    said = signed.read_bytes().index(b"cbor", start)
    clip = tmp_path / "a.mp4"
    for place in range(said, said + 1200, 100):
        shutil.copy(signed, clip)
        flip(clip, place)
        found = read_credentials(clip)
        assert found is not None and found.state != "intact", place


def test_a_copy_without_its_credentials_has_none_but_keeps_the_note(
    signed: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.mp4"
    with av.open(str(signed)) as source, av.open(str(bare), "w") as output:
        output.metadata.update(source.metadata)
        copies = {s.index: output.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                output.mux(packet)
    assert read_credentials(bare) is None
    assert read_comment(bare) == f"Synthetic video made with DanceNow {__version__}"


def test_signing_again_replaces_nothing_but_adds_the_newer_statement(
    signed: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "again.mp4"
    shutil.copy(signed, clip)
    sign(clip, Claim(Made.performance, Origin.painted))
    found = read_credentials(clip)
    assert found is not None and found.state == "intact"
    assert found.done == (Made.performance.value,)


def test_a_file_that_cannot_carry_credentials_is_refused_and_left_alone(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.webm")
    before = clip.read_bytes()
    with pytest.raises(CredentialsError, match=r"\.webm cannot carry"):
        sign(clip, CLAIM)
    assert clip.read_bytes() == before and list(tmp_path.iterdir()) == [clip]


def test_a_file_that_is_no_video_is_left_as_it_was(tmp_path: Path) -> None:
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"not a video at all")
    with pytest.raises(CredentialsError, match="cannot be signed"):
        sign(clip, CLAIM)
    assert clip.read_bytes() == b"not a video at all" and list(tmp_path.iterdir()) == [clip]


# Of other programs.


def test_a_recording_of_a_camera_is_not_called_synthetic(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    sign_as(clip, acted(action="c2pa.created", digitalSourceType=CAMERA))
    found = read_credentials(clip)
    assert found is not None and found.state == "intact" and found.synthetic is False
    assert found.made_with == "Their Camera 7" and found.done == ("created",)


def test_a_cut_of_a_synthetic_video_is_synthetic(tmp_path: Path) -> None:
    parent, clip = write_clip(tmp_path / "parent.mp4"), write_clip(tmp_path / "a.mp4")
    sign(parent, CLAIM)
    parameters = {"ingredientIds": ["parent"]}
    sign_as(clip, acted(action="c2pa.opened", parameters=parameters), parent)
    found = read_credentials(clip)
    assert found is not None and found.state == "intact" and found.synthetic
    assert found.inputs == ("parent.mp4",)


def test_what_a_camera_recorded_after_looking_at_a_synthetic_video_is_not_synthetic(
    tmp_path: Path,
) -> None:
    """What went into a model is not what is seen: only parents and parts count."""
    clip = write_clip(tmp_path / "a.mp4")
    manifest = acted(action="c2pa.created", digitalSourceType=CAMERA)
    manifest["ingredients"] = [{"title": "seen.mp4", "relationship": "inputTo", "label": "seen"}]
    sign_as(clip, manifest)
    found = read_credentials(clip)
    assert found is not None and found.synthetic is False and found.inputs == ("seen.mp4",)


def test_credentials_in_a_picture_are_read_too(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(picture)
    assert read_credentials(picture) is None
    sign_as(picture, acted(action="c2pa.created", digitalSourceType=NETWORKS))
    found = read_credentials(picture)
    assert found is not None and found.state == "intact" and found.synthetic


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\0" * 4096, b"\0\0\0\x18ftypmp42" + b"x" * 99]
)
def test_what_is_no_media_has_no_credentials(tmp_path: Path, content: bytes) -> None:
    for name in ("a.mp4", "a.txt", "a"):
        (tmp_path / name).write_bytes(content)
        assert read_credentials(tmp_path / name) is None
