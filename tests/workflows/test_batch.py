"""A batch: many results, each once; what fails, dies or is stopped leaves the rest alone."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import DanceNowError, InputError
from dancenow.options import BatchOptions, GenerateOptions, PerformOptions
from dancenow.plan.batch import read_batch
from dancenow.progress import Progress
from dancenow.video import probe
from dancenow.video.png import encode_png
from dancenow.workflows.batch import RECORD, Batched, batch
from fixture_types import SampleClip
from motions import dancing, untrained_choreographer
from untrained import plated, untrained

TWO = BatchOptions(jobs=2)
HEAD = "[options]\ncredentials = false\ndevice = 'cpu'\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four performers, five sources, a choreographer, and something that is no clip."""
    for dancer in ("mika", "zola", "bo", "lin"):
        seen = dancing(dancer, "house", seconds=1, fps=8, size=(64, 64))
        plate = np.full((64, 64, 3), 90, np.uint8)
        untrained(seen, plated(seen, plate)).save(tmp_path / dancer)
    for number in range(5):
        dancing("bo", "disco", seconds=0.5 + 0.1 * number, fps=8, size=(64, 64)).save(
            tmp_path / f"{number}.npz"
        )
    untrained_choreographer(dancing(fps=24)).save(tmp_path / "moves")
    (tmp_path / "no.mp4").write_text("no clip")
    return tmp_path


def planned(folder: Path, text: str, name: str = "plan.toml") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def twenty(folder: Path, more: str = "") -> Path:
    performers = "\n".join(f"{name} = '{name}'" for name in ("mika", "zola", "bo", "lin"))
    sources = "\n".join(f"s{number} = '{number}.npz'" for number in range(5))
    return planned(folder, f"{HEAD}[performers]\n{performers}\n[sources]\n{sources}\n{more}")


def made_at(made: Batched) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (made.output / "videos").iterdir()}


@pytest.mark.slow
def test_twenty_results_are_made_once_and_a_failure_leaves_them_alone(folder: Path) -> None:
    plan = twenty(folder, "no = 'no.mp4'")
    notes: list[str] = []
    first = batch(plan, folder / "out", TWO, progress=lambda event: notes.append(event.note))
    assert len(first.made) == 20 and not first.found and first.exit_status == 1
    assert {path.name for path in first.made} == {
        f"{who}, s{number}.mp4" for who in ("mika", "zola", "bo", "lin") for number in range(5)
    }
    assert probe(folder / "out" / "videos" / "lin, s4.mp4").frames == 7
    (poses,) = (key for key in first.failed if key.startswith("poses no-"))
    assert "no.mp4" in first.failed[poses] and len(first.failed) == 5
    assert f"{poses!r} failed" in first.failed["video mika, no"]
    page = first.page.read_text("utf-8")
    assert page.count("<video") == 20 and "videos/bo%2C%20s0.mp4" in page
    assert any("dancing" in note for note in notes)
    before = made_at(first)
    (folder / "out" / "videos" / "bo, s3.mp4").unlink()
    plan.write_text(plan.read_text().replace("no = 'no.mp4'", "") + "more = '0.npz'\n")
    second = batch(plan, folder / "out", TWO)
    assert sorted(path.name for path in second.made) == sorted(
        ["bo, s3.mp4", *(f"{who}, more.mp4" for who in ("mika", "zola", "bo", "lin"))]
    )
    assert second.exit_status == 0 and len(second.found) == 19
    now = made_at(second)
    assert all(now[name] == when for name, when in before.items() if name != "bo, s3.mp4")


@pytest.mark.slow
def test_what_is_changed_is_made_anew_and_nothing_else(
    folder: Path, sample_clip: SampleClip
) -> None:
    (folder / "white.png").write_bytes(encode_png(np.full((8, 8, 3), 255, np.uint8)))
    me = folder / "me.mp4"
    shutil.copy(sample_clip(), me)
    head = HEAD + "steps = 1\npreset = 'tiny'\n"
    plan = planned(
        folder,
        head + "[performers]\n'J. Lo' = 'me.mp4'\nbo = 'bo'\n[sources]\ns = '0.npz'\n",
    )
    first = batch(plan, folder / "out", BatchOptions(jobs=1))
    assert {path.name for path in first.made} == {"J. Lo, s.mp4", "bo, s.mp4"}
    (learned,) = (folder / "out" / "people").iterdir()
    shutil.copy(sample_clip("zola", "house", seconds=1.5, size=(160, 144), fps=8), me)
    plan.write_text(plan.read_text().replace("bo = 'bo'", "bo = 'bo'\nlin = 'lin'"))
    second = batch(plan.resolve(), folder / "out", BatchOptions(jobs=1))
    assert {path.name for path in second.made} == {"J. Lo, s.mp4", "lin, s.mp4"}
    assert learned in (people := list((folder / "out" / "people").iterdir())) and len(people) == 2
    again = planned(folder, head + "[[job]]\nperformer='bo'\nsource='0.npz'\nname='x'\n"
                    "background='white.png'\n")  # fmt: skip
    assert len(batch(again, folder / "out", TWO).made) == 1
    (folder / "white.png").write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
    assert len(batch(again, folder / "out", TWO).made) == 1
    assert len(batch(again, folder / "out", TWO).found) == 1


@pytest.mark.slow
def test_a_plan_that_is_stopped_goes_on(folder: Path) -> None:
    plan = twenty(folder)

    def stop(event: Progress) -> None:
        if event.done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch(plan, folder / "out", TWO, progress=stop)
    assert not multiprocessing.active_children()
    done = json.loads((folder / "out" / RECORD).read_text())["tasks"]
    assert (folder / "out" / "index.html").is_file() and 8 <= len(done) < 25
    videos = sum(key.startswith("video") for key in done)
    made = batch(plan, folder / "out", TWO)
    assert len(made.made) == 20 - videos and len(made.found) == videos


def test_a_process_that_dies_is_replaced(folder: Path) -> None:
    killed: list[int] = []

    def kill(event: Progress) -> None:
        busy = [each for each in multiprocessing.active_children() if each.name == "worker 1"]
        if busy and "video" in event.note and not killed:
            killed.append(busy[0].pid or 0)
            busy[0].kill()

    made = batch(twenty(folder), folder / "out", TWO, progress=kill)
    assert killed and len(made.made) == 20 and not made.failed


def test_dances_are_composed_and_options_are_those_of_the_verbs(folder: Path) -> None:
    plan = planned(
        folder,
        HEAD
        + """
        [dances]
        fresh = { from = "moves", seconds = 1, seed = 3 }
        [[job]]
        dance = "fresh"
        name = "figure"
        [[job]]
        dance = "fresh"
        performer = "zola"
        [[job]]
        performer = ["zola", "bo"]
        source = "0.npz"
        formation = "beside"
    """,
    )
    figure, fresh, pair = read_batch(plan)
    assert isinstance(figure.options, GenerateOptions) and figure.options.seed == 3
    assert isinstance(pair.options, PerformOptions) and pair.options.formation.value == "beside"
    assert [each.name for each in (figure, fresh, pair)] == [
        "figure", "zola, fresh", "zola and bo, 0",
    ]  # fmt: skip
    made = batch(plan, folder / "out", BatchOptions(jobs=1))
    assert not made.failed and len(made.made) == 3
    assert probe(folder / "out" / "videos" / "zola and bo, 0.mp4").size[0] > 80


@pytest.mark.parametrize(("shown", "before"), [("white", "white"), ("source", "target")])
def test_shared_options_are_those_of_composed_dances_too(
    folder: Path, shown: str, before: str
) -> None:
    text = HEAD + f"background = '{shown}'\n[performers]\nzola = 'zola'\n[dances]\n"
    (wanted,) = read_batch(planned(folder, f"{text}fresh = {{ from = 'moves' }}"))
    assert isinstance(wanted.options, GenerateOptions)
    assert wanted.options.background == before and not wanted.options.credentials
    text = text.replace("[performers]\nzola = 'zola'\n", "") + "fresh = { from = 'moves' }\n"
    (figure,) = read_batch(planned(folder, f"{text}[[job]]\ndance = 'fresh'\n"))
    assert isinstance(figure.options, GenerateOptions) and figure.options.background == "target"


def test_a_dance_is_learned_from_a_track_and_two_equal_jobs_are_made(folder: Path) -> None:
    dancing("lin", "groove", seconds=12, fps=24, size=(256, 256)).save(folder / "long.npz")
    plan = planned(
        folder,
        HEAD
        + """
        [dances]
        fresh = { from = "long.npz", seconds = 1, steps = 2, preset = "tiny" }
        [[job]]
        dance = "fresh"
        [[job]]
        dance = "fresh"
        name = "again"
    """,
    )
    made = batch(plan, folder / "out", BatchOptions(jobs=1))
    assert not made.failed and len(made.made) == 2
    assert len(list((folder / "out" / "dances").iterdir())) == 1


def test_a_table_names_paths(folder: Path) -> None:
    plan = planned(
        folder,
        "performer,source,name,background,steps\nzola,0.npz,first,white,3\nbo,1.npz,,,\n",
        "plan.csv",
    )
    first, second = read_batch(plan)
    assert first.name == "first" and second.name == "bo, 1"
    assert first.training.steps == 3 and second.training.steps is None
    assert isinstance(first.options, PerformOptions) and first.options.background == "white"
    for text, line in (
        ("performer;source\nzola;0.npz\n", "with commas between"),
        ("Performer,Source\nzola,0.npz\n", "found: Performer, Source"),
        ("performer,source,source\nzola,0.npz,1.npz\n", "each once"),
        ("performer,source\nzola,0.npz,1.npz\n", "line 2: has more cells"),
    ):
        with pytest.raises(InputError, match=line):
            read_batch(planned(folder, text, "wrong.csv"))


@pytest.mark.parametrize("damage", ["", "[" * 100_000, '{"version": 1, "tasks": {"a": 5}}', "\x00"])
def test_a_damaged_record_is_begun_anew(folder: Path, damage: str) -> None:
    plan = planned(
        folder, f"{HEAD}[[job]]\nperformer = 'zola'\nsource = '0.npz'\nname = '{'é' * 300}'"
    )
    (folder / "out").mkdir()
    (folder / "out" / RECORD).write_text(damage)
    made = batch(plan, folder / "out", BatchOptions(jobs=1))
    assert len(made.made) == 1 and len(made.made[0].name.encode()) < 200


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("", "wants nothing"),
        ("[performers]\na = 'zola'", "wants nothing"),
        ("a = [", "plan.toml: "),
        ("suffix = 'mp4'\n[[job]]\nperformer = 'zola'\nsource = '0.npz'", "'mp4' is none of"),
        ("[[job]]\nperformer = 'zola'\nsource = '0.npz'\nname = '{source[x]}'", "it may have"),
        (f"[[job]]\nperformer = 'zola'\nsource = '{'x' * 5000}'", "does not exist"),
        ("perfomers = {}", "is 'performers' meant?"),
        ("[sources]\na = '0.npz'\na = '1.npz'", 'Key "a" already exists'),
        ("[dances]\nf = {from = []}", "at least 1 item"),
        ("[dances]\nf = {from = {a = 1}}", "is no path"),
        ("[performers.zola]\na = 1", "is no path"),
        ("[[job]]\nperformer = 'zola'\nsorce = '0.npz'", "is 'source' meant?"),
        ("[[job]]\nperformer = 'zola'\nsource = '.'", "names no file"),
        ("[[job]]\nperformer = 'zola'\nsource = 'pipe'", "pipe does not exist"),
        ("[[job]]\nperformer = 'zola'\nsource = '0.npz'\nfps = 0", "`fps=0`"),
        ("[[job]]\nperformer = 'zola'\nsource = '0.npz'\nperson = 'x'", "`person=x`"),
        ("[[job]]\nperformer = 'no.mp4'\nsource = '0.npz'\nseed = 99999999999999999999", "`seed="),
        ("[[job]]\nperformer = 'zola'\nsource = '0.npz'\nbackground = 'no.jpg'", "no.jpg"),
        (
            "[[job]]\nperformer = 'zola'\nsource = '0.npz'\nbackground = 'transparent'",
            "transparent",
        ),
        ("[[job]]\nperformer = 'no.mp4'\nsource = '0.npz'\npreset = 'tinyy'", "tinyy"),
        (
            "[[job]]\nperformer = 'no.mp4'\nsource = '0.npz'\nminutes = -3",
            "must be above 0, not -3",
        ),
        ("[[job]]\nperformer = 'zola'\nsource = '0.npz'\nname = '{source.x}'", "it may have"),
        ("[[job]]\nperformer = 'zola'", "job 1: needs a `source` or a `dance`"),
        ("[[job]]\nsource = '0.npz'", "needs a `performer`"),
        ("[[job]]\nperformer = 'zola'\nsource = 'gone.mp4'", "gone.mp4 does not exist"),
        (
            "[[job]]\nperformer = 'zola'\nsource = '0.npz'\nbackgroud = 'white'",
            "'background' meant",
        ),
        ("[[job]]\nperformer = 'zola'\nsource = '0.npz'\nminutes = 'many'", "minutes"),
        ("[[job]]\nperformer = 'zola'\nsource = '0.npz'\nname = '{who}'", "it may have"),
        ("[[job]]\nperformer = 'zola'\ndance = 'fresh'", "there is no dance 'fresh'"),
        ("name = 'x'\n[performers]\na = 'zola'\nb = 'bo'\n[sources]\ns = '0.npz'", "as job 1 is"),
    ],
)
def test_a_wrong_plan_is_told_in_one_line(folder: Path, written: str, line: str) -> None:
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")  # which would be waited for without end
    plan = planned(folder, written)
    with pytest.raises(InputError) as caught:
        batch(plan, folder / "out")
    assert line in str(caught.value) and "\n" not in str(caught.value)
    assert not (folder / "out").exists()


def test_names_stay_in_the_folder_and_other_files_are_left_alone(folder: Path) -> None:
    plan = planned(folder, "[[job]]\nperformer = 'zola'\nsource = '0.npz'\nname = '../../a:b'\n")
    assert read_batch(plan)[0].name == "-..-a-b"
    (folder / "out").mkdir()
    (folder / "out" / "mine.txt").write_text("mine")
    with pytest.raises(DanceNowError, match="holds other files"):
        batch(plan, folder / "out")
    with pytest.raises(InputError, match="must be 1 or more"):
        batch(plan, folder / "new", BatchOptions(jobs=0))
