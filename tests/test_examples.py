"""What is shown to users runs: the scripts and notebooks of examples/, and README's own lines."""

from __future__ import annotations

import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from dancenow.mocap import read_bvh
from dancenow.music import write_wav
from dancenow.pose import PoseTrack
from dancenow.sample import click_track, dance_track
from dancenow.sources.load import load_source
from dancenow.video import probe, read_frames

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
SCRIPTS = ("transfer", "learn_once", "edit_motion", "new_dance", "live", "measure")
STEPS = 4
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
CELL_SECONDS = 600  # what hangs is ended; no cell takes a tenth of it

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


SampleClip = Callable[..., Path]
TrainedOn = Callable[[Path], Path]
Known = Callable[[Path], None]


@pytest.fixture
def dancer(sample_clip: SampleClip, known: Known) -> Path:
    """The clip whose motion is used: 10 frames of 128 x 128, with sound."""
    clip = sample_clip()
    known(clip)
    return clip


@pytest.fixture
def me(sample_clip: SampleClip, known: Known) -> Path:
    """The clip of who is to dance: 12 frames of 160 x 144, 8 a second, with sound."""
    clip = sample_clip("zola", "house", seconds=1.5, size=(160, 144), fps=8)
    known(clip)
    return clip


@pytest.fixture
def learned_me(me: Path, trained_on: TrainedOn, tmp_path: Path) -> Path:
    """A folder with `me.mp4`, and beside it in `me/` a performer of as many steps as are asked."""
    shutil.copy(me, tmp_path / "me.mp4")
    shutil.copytree(trained_on(me), tmp_path / "me")
    return tmp_path


def run_script(name: str, folder: Path) -> None:
    """Run a script as users do, but for the folder and the steps."""
    runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](folder, STEPS)


def write_dances(folder: Path) -> None:
    """Two dances to learn from, and clicks to dance to."""
    (folder / "dances").mkdir()
    for name, dance in (("mika", "house"), ("bo", "groove")):
        track = dance_track(name, dance, seconds=8, size=(128, 128), fps=8)
        track.save(folder / "dances" / f"{dance}.npz")
    write_wav(folder / "music.wav", click_track("house", 5, rate=22050), 22050)


def test_every_script_is_run_here() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == sorted(SCRIPTS)


def test_two_clips_become_one(me: Path, dancer: Path, tmp_path: Path) -> None:
    shutil.copy(me, tmp_path / "me.mp4")
    shutil.copy(dancer, tmp_path / "dancer.mp4")
    run_script("transfer", tmp_path)
    made = probe(tmp_path / "me_dancing.mp4")
    assert (made.frames, made.fps, made.size, made.has_audio) == (10, 10, (160, 144), True)


def test_a_person_who_was_learned_dances_before_anything(
    learned_me: Path, dancer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("dancer", "other"):
        shutil.copy(dancer, learned_me / f"{name}.mp4")
    shutil.rmtree(learned_me / "me")
    run_script("learn_once", learned_me)
    said = capsys.readouterr().out
    assert f"learning the person of me.mp4: {STEPS} of {STEPS} steps" in said
    assert "dancing: 10 of 10 frames" in said
    for name in ("at_home.mp4", "on_green.mp4", "cut_out.webm"):
        made = probe(learned_me / name)
        assert (made.frames, made.fps, made.size, made.has_audio) == (10, 10, (160, 144), True)
    green = next(read_frames(learned_me / "on_green.mp4"))[:8, :8].mean(axis=(0, 1))
    np.testing.assert_allclose(green, (0x20, 0xC0, 0x60), atol=6)
    with av.open(str(learned_me / "cut_out.webm")) as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"


def test_an_edited_motion_is_danced(learned_me: Path, dancer: Path) -> None:
    shutil.copy(dancer, learned_me / "dancer.mp4")
    run_script("edit_motion", learned_me)
    edited, seen = PoseTrack.load(learned_me / "edited.npz"), load_source(dancer).track.mirror()
    assert (len(edited), edited.fps, edited.size) == (20, 10, (128, 128))
    there = seen.confidence > 0
    moved = (edited.xy[::2] - seen.xy)[there]
    walked = np.repeat(np.linspace(0, 12.8, 20)[::2], there.sum(axis=1))
    np.testing.assert_allclose(moved[:, 0], walked, atol=1e-3)
    np.testing.assert_allclose(moved[:, 1], 0, atol=1e-3)
    assert probe(learned_me / "edited.mp4").frames == 20
    assert len(read_bvh(learned_me / "motion.bvh")) == 10
    made = probe(learned_me / "from_the_left.mp4")
    assert (made.frames, made.size) == (10, (160, 144))


def test_a_new_dance_is_danced_to_music(
    learned_me: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_dances(learned_me)
    run_script("new_dance", learned_me)
    made = probe(learned_me / "new_dance.mp4")
    assert (made.frames, made.fps, made.size, made.has_audio) == (40, 8, (160, 144), True)
    assert "beats a minute" in capsys.readouterr().out


@pytest.mark.slow
def test_what_a_camera_sees_is_danced(
    learned_me: Path, sample_clip: SampleClip, capsys: pytest.CaptureFixture[str]
) -> None:
    # Long enough to be seen on a busy machine, too: it goes on while the estimator is loaded.
    shutil.copy(sample_clip(seconds=8, fps=5), learned_me / "camera.mp4")
    run_script("live", learned_me)
    made = probe(learned_me / "live.mp4")
    assert made.frames >= 1 and made.size == (160, 144)
    assert "frames performed live" in capsys.readouterr().out
    blue = next(read_frames(learned_me / "live.mp4"))[:8, :8].mean(axis=(0, 1))
    np.testing.assert_allclose(blue, (0, 0, 128), atol=6)


@pytest.mark.slow
def test_a_performer_is_measured_on_what_it_did_not_learn(
    me: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(me, tmp_path / "me.mp4")
    run_script("measure", tmp_path)
    said = capsys.readouterr().out
    assert "frames 10 to 11, held out" in said
    assert re.search(r"PSNR \d+\.\d dB, SSIM 0\.\d\d", said) and "body: " in said
    repeated = probe(tmp_path / "repeated.mp4")
    assert (repeated.frames, repeated.size) == (2, (160, 144))
    assert "PSNR" in (tmp_path / "report" / "index.html").read_text("utf-8")


def test_the_lines_in_the_readme_run(
    learned_me: Path, dancer: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shutil.copy(dancer, learned_me / "dancer.mp4")
    write_dances(learned_me)
    (learned_me / "music.wav").rename(learned_me / "song.wav")
    monkeypatch.chdir(learned_me)
    section = (ROOT / "README.md").read_text("utf-8").split("## As a library")[1]
    lines = section.split("```python\n")[1].split("```")[0]
    lines, shortened = re.subn(r"minutes=\d+", f'preset="tiny", steps={STEPS}', lines)
    lines, told = re.subn(r'\["ballet.mp4", "hiphop.mp4"\]', "DANCES", lines)
    assert (shortened, told) == (3, 1)
    dances = sorted(Path("dances").iterdir())
    exec(compile(lines, "README.md", "exec"), {"DANCES": dances, "__name__": "readme"})
    names = ("me_dancing.mp4", "at_home.mp4", "layer.mov", "edited.mp4", "me_new_dance.mp4")
    assert [probe(Path(name)).frames for name in names] == [10, 10, 10, 10, 40]
    assert "missing.mp4: no such file" in capsys.readouterr().out


@pytest.fixture
def quick_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run a notebook in, in little, away from the user's Jupyter settings."""
    monkeypatch.setenv("DANCENOW_EXAMPLE_QUICK", "1")
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")  # this Python's kernel, not another's
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    folder = tmp_path / "examples"
    folder.mkdir()
    return folder


def test_there_are_notebooks_to_run() -> None:
    assert NOTEBOOKS


@pytest.mark.slow
@each_notebook
def test_a_notebook_runs_from_top_to_bottom(path: Path, quick_folder: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(quick_folder)}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        pytest.fail(f"{path.name}:\n{error}", pytrace=False)


@each_notebook
def test_a_notebook_is_valid_and_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []
