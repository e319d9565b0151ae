"""The library: stored under names of the studio's own, exported and imported safely."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path

import pytest

from dancenow.choreographer.dancenet.choreographer import FILES as PICTURE_FILES
from dancenow.choreographer.motion.choreographer import FILES as MOTION_FILES
from dancenow.errors import InputError
from dancenow.model_files import MODEL_FILES
from dancenow.studio.archive import unpack
from dancenow.studio.library import EntryKind, Library, LibraryEntry

MOST = 100_000
CONFIG = {
    "version": 1,
    "kind": "performer",
    "config": {"preset": "tiny"},
    "training": {"steps": 12, "seconds": 3.5, "frames": 40},
}


def learned(entry: LibraryEntry) -> LibraryEntry:
    """An entry as if it had been trained."""
    entry.trained.mkdir(parents=True)
    (entry.trained / "config.json").write_text(json.dumps(CONFIG))
    (entry.trained / "generator.safetensors").write_bytes(b"weights")
    (entry.trained / "checkpoint").mkdir()
    (entry.trained / "checkpoint" / "state.json").write_text("{}")
    return entry


def person(library: Library, tmp_path: Path, name: str = "Zola") -> LibraryEntry:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")
    return library.add(EntryKind.person, name, [(clip, "me.mp4")], consent=True)


def archived(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_person_is_learned_only_where_they_agreed_and_the_answer_is_kept(tmp_path: Path) -> None:
    library = Library(tmp_path / "mine")
    with pytest.raises(InputError, match="confirm that the person in the clip agreed"):
        library.add(EntryKind.person, "Zola", [(tmp_path / "clip.mp4", "me.mp4")])
    assert library.all(EntryKind.person) == []
    consent = person(library, tmp_path).consent
    assert consent is not None and consent.confirmed
    assert "agreed" in consent.text
    assert consent.when.endswith("Z")


def test_a_sample_performer_needs_no_consent(tmp_path: Path) -> None:
    library = Library(tmp_path)
    entry = library.add(EntryKind.person, "Zola", [], sample="zola")
    assert entry.consent.confirmed is False
    assert "no real person" in entry.consent.text
    assert library.find_sample(EntryKind.person, "zola") == entry


def test_an_entry_tells_what_was_learned(tmp_path: Path) -> None:
    library = Library(tmp_path / "mine")
    entry = person(library, tmp_path)
    assert not entry.ready
    learned(entry)
    assert entry.ready
    assert entry.figures == {"steps": 12, "seconds": 3.5, "frames": 40}
    assert entry.clip == "me.mp4"
    assert entry.size_bytes > 0
    assert [clip.read_bytes() for clip in entry.clips] == [b"a clip"]
    assert library.all(EntryKind.person) == [entry]
    assert library.all(EntryKind.dance) == []


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a/../b", "C:\\x", "x\x00y", "…/é"])
def test_a_name_is_only_shown(tmp_path: Path, name: str) -> None:
    library = Library(tmp_path / "mine")
    entry = person(library, tmp_path, name)
    renamed = library.rename(entry.id, name)
    assert renamed.folder == entry.folder == tmp_path / "mine" / entry.id
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "clip.mp4"}
    assert "\x00" not in renamed.name


def test_renaming_needs_a_name_and_an_entry(tmp_path: Path) -> None:
    library = Library(tmp_path / "mine")
    entry = person(library, tmp_path)
    assert library.rename(entry.id, "  Anna \n Maria ").name == "Anna Maria"
    with pytest.raises(InputError, match="enter a name"):
        library.rename(entry.id, " ")
    for id in ("..", "", "no-such-entry-here-0"):
        with pytest.raises(InputError, match="does not exist any more"):
            library.rename(id, "Anna")


def test_deleting_leaves_nothing(tmp_path: Path) -> None:
    library = Library(tmp_path / "mine")
    entry = learned(person(library, tmp_path))
    library.delete(entry.id)
    library.delete("..")
    assert library.all(EntryKind.person) == []
    assert list((tmp_path / "mine").iterdir()) == []


def test_an_exported_entry_is_imported_unchanged(tmp_path: Path) -> None:
    here, there = Library(tmp_path / "here"), Library(tmp_path / "there")
    entry = learned(person(here, tmp_path, "Zola B."))
    archive = tmp_path / "zola.zip"
    here.export(entry, archive)
    names = set(zipfile.ZipFile(archive).namelist())
    assert names == {"config.json", "generator.safetensors", "studio.json", "consent.json"}
    back = there.import_archive(archive, "zola.zip", most_bytes=MOST, consent=True)
    assert (back.name, back.clip, back.figures) == (entry.name, entry.clip, entry.figures)
    assert (back.trained / "generator.safetensors").read_bytes() == b"weights"
    assert back.consent.confirmed is True
    assert back.ready
    assert back.clips == []


def test_an_imported_person_needs_consent_too(tmp_path: Path) -> None:
    library = Library(tmp_path / "mine")
    files = {"config.json": json.dumps(CONFIG).encode(), "generator.safetensors": b"w"}
    archive = archived(files, tmp_path / "a.zip")
    with pytest.raises(InputError, match="confirm that the person agreed"):
        library.import_archive(archive, "a.zip", most_bytes=MOST, consent=False)
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_folder_that_was_packed_by_hand_is_imported(tmp_path: Path) -> None:
    files = {
        "me/config.json": json.dumps(CONFIG).encode(),
        "me/generator.safetensors": b"w",
        "me/checkpoint/state.json": b"{}",
        "me/index.html": b"<html>",
        "__MACOSX/me/._config.json": b"x",
    }
    library = Library(tmp_path / "mine")
    entry = library.import_archive(
        archived(files, tmp_path / "a.zip"), "me.zip", most_bytes=MOST, consent=True
    )
    assert {path.name for path in entry.trained.iterdir()} == {
        "config.json",
        "consent.json",
        "generator.safetensors",
    }


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["../config.json"], "outside itself"),
        (["a/../../config.json"], "outside itself"),
        (["/etc/config.json"], "outside itself"),
        (["..\\config.json"], "outside itself"),
        (["C:config.json"], "outside itself"),
        (["checkpoint/../../x"], "outside itself"),
        (["config.json", "weights.pkl"], "not part of a trained"),
        (["config.json", "sub/generator.safetensors"], "not part of a trained"),
        (["config.json", "run.sh"], "not part of a trained"),
        (["generator.safetensors"], "config.json is missing"),
    ],
)
def test_an_archive_with_anything_else_is_refused(
    tmp_path: Path, names: list[str], words: str
) -> None:
    archive = archived(dict.fromkeys(names, b"{}"), tmp_path / "a.zip")
    with pytest.raises(InputError, match=words):
        Library(tmp_path / "mine").import_archive(archive, "a", most_bytes=MOST, consent=True)
    assert not (tmp_path.parent / "config.json").exists()
    assert list((tmp_path / "mine").iterdir()) == []


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("config.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="links"):
        Library(tmp_path / "mine").import_archive(path, "a", most_bytes=MOST, consent=True)


def test_a_bomb_is_refused_by_its_table_and_by_what_comes_out(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", bytes(10 * MOST))
    path = tmp_path / "bomb.zip"
    path.write_bytes(data.getvalue())
    with pytest.raises(InputError, match="too much"):
        Library(tmp_path / "mine").import_archive(path, "a", most_bytes=MOST, consent=True)
    size = (10 * MOST).to_bytes(4, "little")
    path.write_bytes(data.getvalue().replace(size, (10).to_bytes(4, "little")))  # it lies
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(InputError):
        unpack(path, folder, most_bytes=MOST)
    assert sum(file.stat().st_size for file in folder.iterdir()) <= MOST


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_bounds_is_refused(tmp_path: Path, packed: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", packed) as archive:
        archive.writestr("config.json", bytes(MOST))
    with pytest.raises(InputError, match="unusual way"):
        Library(tmp_path / "mine").import_archive(path, "a", most_bytes=2 * MOST, consent=True)


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not an archive of the studio"):
        Library(tmp_path / "mine").import_archive(path, "a", most_bytes=MOST, consent=True)


def test_everything_that_a_trained_folder_needs_is_exported() -> None:
    needed = {"config.json", "generator.safetensors", "references.safetensors", "plate.png"}
    assert needed | set(MOTION_FILES) | set(PICTURE_FILES) <= MODEL_FILES


def test_an_entry_that_was_stored_before_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "AbCdEfGhIjKlMnOpQrStUv"
    folder.mkdir()
    document = {"kind": "person", "name": "Anna", "clip": "me.mp4", "made": 1.5, "sample": ""}
    (folder / "studio.json").write_text(json.dumps(document))
    (entry,) = Library(tmp_path).all(EntryKind.person)
    assert (entry.name, entry.clip, entry.created) == ("Anna", "me.mp4", 1.5)


def test_a_damaged_entry_does_not_hide_the_others(tmp_path: Path) -> None:
    library = Library(tmp_path / "mine")
    entry = person(library, tmp_path)
    other = tmp_path / "mine" / "abcdefghijklmnopqrst"
    other.mkdir()
    (other / "studio.json").write_text("[1")
    assert library.all(EntryKind.person) == [entry]
