"""`compose`: a dance out of a plan, twice the same, and what is told where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dancenow.errors import InputError
from dancenow.evaluation.features import joint_speed, joints_of
from dancenow.mocap import read_bvh
from dancenow.music import write_wav
from dancenow.options import ComposeOptions, Formation
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.sample.click_track import click_track
from dancenow.video import probe
from dancenow.workflows.compose import Composed, compose
from motions import dancing, untrained_choreographer, without
from untrained import plated, untrained

Command = Callable[..., tuple[int, str, str]]
CPU = ComposeOptions(device="cpu")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that a plan can name: `moves`, tracks, a sound, performers."""
    folder = tmp_path_factory.mktemp("plans")
    track = dancing(fps=24)
    untrained_choreographer(track).save(folder / "moves")
    track.save(folder / "a.npz")
    dancing("mika", "house", fps=12).save(folder / "b.npz")
    limping = without(track, INDEX["left_ankle"], frames=slice(48, 96))
    limping.save(folder / "limping.npz")
    write_wav(folder / "clicks.wav", click_track("house", 12, rate=22050), 22050)
    for dancer in ("zola", "mika"):
        seen = dancing(dancer, "house", seconds=1, fps=8, size=(96, 96))
        untrained(seen, plated(seen, np.full((96, 96, 3), 90, np.uint8))).save(folder / dancer)
    (folder / "pictures").mkdir()
    (folder / "pictures" / "config.json").write_text(
        '{"version": 1, "kind": "choreographer", "config": {"codec": "frame"}}'
    )
    return folder


def written(stage: Path, text: str) -> Path:
    path = stage / "dance.toml"
    path.write_text(text)
    return path


def composed(
    stage: Path, text: str, name: str = "new.npz", options: ComposeOptions = CPU
) -> tuple[Composed, PoseTrack | None]:
    made = compose(written(stage, text), stage / name, options)
    return made, PoseTrack.load(made.output) if name.endswith(".npz") else None


def track_of(stage: Path, text: str) -> PoseTrack:
    track = composed(stage, text)[1]
    assert track is not None
    return track


PASSAGES = """
[[segment]]
clip = "a.npz"
from = 1
to = 3
repeat = 2

[[segment]]
pose = "a.npz"
from = 4
length = 1
"""

WHOLE = """
choreographer = "moves"
music = "clicks.wav"
unit = "beats"
[[segment]]
clip = "a.npz"
to = 2
length = 4
[[segment]]
compose = true
length = 8
seed = 1
[[segment]]
gap = true
length = 2
[[segment]]
clip = "b.npz"
from = 1
to = 3
mirror = true
[[pin]]
at = 8
pose = "b.npz"
from = 2
"""


def test_a_passage_is_danced_as_in_its_clip_and_again(stage: Path) -> None:
    track, given = track_of(stage, PASSAGES), PoseTrack.load(stage / "a.npz")
    assert len(track) == 5 * 24 and track.size == given.size
    joints = joints_of(given).places
    inner = slice(10, 40)  # away from where passages pass into each other
    for begins in (0, 48):
        danced = joints_of(track).places[begins:][inner]
        like = joints[24:][inner]
        apart = (danced - danced.mean(axis=(0, 1))) - (like - like.mean(axis=(0, 1)))
        assert np.nanmedian(np.linalg.norm(apart, axis=-1)) < 0.01  # body heights
    speed = joint_speed(joints_of(track))
    assert speed[-15:].max() < 0.05 < speed.mean()  # the pose is held
    assert speed.max() < 1.5 * joint_speed(joints_of(given))[24:72].max()  # nothing jumps


def test_a_plan_gives_the_same_dance_and_only_what_changed_is_made_anew(
    stage: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DANCENOW_CACHE", str(tmp_path / "one"))
    first, track = composed(stage, WHOLE)
    assert track is not None and np.isfinite(track.keypoints).all()
    assert first.segments == 4 and first.stretches >= 4 and first.reused == 0
    assert (
        f"; {first.stretches} parts composed, filled or joined, all made now (" in first.summary()
    )
    again, same = composed(stage, WHOLE)
    assert same is not None and (same.keypoints == track.keypoints).all()
    assert again.reused == again.stretches == first.stretches
    assert "parts composed, filled or joined, all from the cache (" in again.summary()
    monkeypatch.setenv("DANCENOW_CACHE", str(tmp_path / "two"))
    _, elsewhere = composed(stage, WHOLE)
    assert elsewhere is not None and (elsewhere.keypoints == track.keypoints).all()
    monkeypatch.setenv("DANCENOW_CACHE", str(tmp_path / "one"))
    changed, other = composed(stage, WHOLE.replace("from = 1\n", "from = 1.5\n"))
    assert other is not None and np.abs(other.xy[:24] - track.xy[:24]).max() < 1
    assert 0 < changed.reused < changed.stretches
    assert f"joined, {changed.reused} of them from the cache (" in changed.summary()


def test_a_pinned_pose_is_struck(stage: Path) -> None:
    at = "[[pin]]\nat = 1.5\npose = 'b.npz'\nfrom = 5\n"
    track, plain = track_of(stage, PASSAGES + at), track_of(stage, PASSAGES)
    given = joints_of(PoseTrack.load(stage / "b.npz")).places[60]
    struck, before = (joints_of(each).places[36] for each in (track, plain))

    def apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        return float(np.linalg.norm((a - a.mean(axis=0)) - (b - b.mean(axis=0)), axis=-1).mean())

    assert apart(struck, given) < 0.5 * apart(before, given)


def test_a_gap_is_filled_and_the_dance_stays_whole(stage: Path) -> None:
    gap = 'choreographer = "moves"\n' + PASSAGES.replace(
        "[[segment]]\npose", "[[segment]]\nat = 6\npose"
    )
    track = track_of(stage, gap)
    assert len(track) == 7 * 24
    assert (track.confidence[:, INDEX["neck"]] > 0).all()


def test_several_dancers_have_tracks_of_their_own_and_share_a_picture(stage: Path) -> None:
    other = '[[segment]]\nclip = "b.npz"\nto = 3\ndancer = "her"\n'
    made, _ = composed(stage, PASSAGES + other)
    assert [path.name for path in (made.output, *made.others)] == ["new-first.npz", "new-her.npz"]
    told = "; the plan has 2 dancers (one without a name, her)"
    assert f"3 segments{told}, a file for each (" in made.summary()
    tracks = [PoseTrack.load(path) for path in (made.output, *made.others)]
    assert [len(track) for track in tracks] == [120, 120]
    left, right = (track.xy[:, INDEX["mid_hip"], 0].mean() for track in tracks)
    assert left < right and tracks[0].size == tracks[1].size == (320, 120)
    both, _ = composed(stage, PASSAGES + other, "both.mp4")
    assert f"{told} (" in both.summary()
    assert probe(stage / "both.mp4").size == (320, 120)
    cast = (stage / "zola", stage / "mika")
    for formation in Formation:
        options = ComposeOptions(device="cpu", performer=cast, formation=formation)
        made, _ = composed(stage, PASSAGES + other, "cast.mp4", options)
        assert made.frames == probe(stage / "cast.mp4").frames == 120
    with pytest.raises(InputError, match="`performer`: the plan has 2 dancers, and 1 would"):
        composed(stage, PASSAGES + other, "cast.mp4", ComposeOptions(performer=cast[:1]))


def test_no_dancers_file_replaces_what_the_plan_reads(stage: Path) -> None:
    (stage / "new-her.npz").write_bytes((stage / "b.npz").read_bytes())
    text = PASSAGES + '[[segment]]\nclip = "new-her.npz"\nto = 3\ndancer = "her"\n'
    with pytest.raises(InputError, match="new-her"):
        composed(stage, text)
    assert (stage / "new-her.npz").read_bytes() == (stage / "b.npz").read_bytes()


def test_a_passage_of_one_frame_is_a_pose(stage: Path) -> None:
    track = track_of(stage, '[[segment]]\nclip = "a.npz"\nfrom = 9.97\nlength = 0.2\n')
    assert len(track) == 5 and (track.confidence[:, INDEX["neck"]] > 0).all()
    height = track.xy[:, INDEX["left_ankle"], 1] - track.xy[:, INDEX["neck"], 1]
    assert (height > 20).all()


def test_gaps_beside_each_other_are_each_filled_their_own_way(stage: Path) -> None:
    def made(seed: int) -> PoseTrack:
        gap = "[[segment]]\ngap = true\nlength = 1\n"
        text = f'choreographer = "moves"\n{PASSAGES}{gap}{gap}seed = {seed}\n{PASSAGES}'
        return track_of(stage, text)

    one, other = made(1), made(2)
    apart = np.abs(one.xy - other.xy).max(axis=(1, 2))
    assert apart[125:140].max() < 1 < apart[150:160].max()  # pixels


def test_it_is_performed_with_its_music_filmed_and_captured(stage: Path) -> None:
    options = ComposeOptions(device="cpu", performer=(stage / "zola",))
    made, _ = composed(stage, WHOLE, "new.mp4", options)
    info = probe(stage / "new.mp4")
    assert info.has_audio and info.size == (96, 96) and made.frames == info.frames
    assert made.credentials
    spatial, _ = composed(stage, PASSAGES, "new.bvh")
    assert len(read_bvh(spatial.output)) == 120
    turned, _ = composed(stage, PASSAGES, "turned.npz", ComposeOptions(camera="90"))
    assert turned.frames == 120


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[segment]]\nclip = "none.mp4"', "line 2: none.mp4: no such file"),
        ('music = "none.wav"\n' + PASSAGES, "line 1: none.wav: no such file"),
        ('choreographer = "none"\n' + PASSAGES, "line 1: none: no such file"),
        ('choreographer = "pictures"\n' + PASSAGES, "line 1: "),
        ('choreographer = "zola"\n' + PASSAGES, "line 1: "),
        ('music = "a.npz"\n' + PASSAGES, "line 1: "),
        ('music = "clicks.wav"\nbpm = 1000\n' + PASSAGES, "line 2: 'bpm=1000': must be from"),
        ('music = "clicks.wav"\nfirst_beat = 70\n' + PASSAGES, "line 2: 'first_beat=70': must"),
        ('[[segment]]\nclip = "moves"', "line 2: "),
        ('[[segment]]\nclip = "limping.npz"\nto = 3', "line 2: limping.npz does not show the"),
        (
            '[[segment]]\npose = "limping.npz"\nfrom = 3\nlength = 1',
            "line 3: limping.npz does not show the whole body at 3 s",
        ),
        ("[[segment]]\ncompose = true\nlength = 3", "line 2: 'compose' needs a 'choreographer'"),
        (
            'choreographer = "moves"\n[[segment]]\ncompose = true\nlength = 3\nstyle = "tango"',
            "line 5: 'style=tango': unknown",
        ),
        (
            'choreographer = "moves"\n[[segment]]\ncompose = true\nlength = 3\nstyle = "a:b"',
            "line 5: 'style=a:b': must be a style",
        ),
        (
            PASSAGES.replace("length = 1", "length = 1\nat = 9"),
            "line 8: nothing is said of 4.00 s to 9.00 s, before this segment; a 'choreographer'",
        ),
        ('[[segment]]\nclip = "a.npz"\nperson = "x"', "line 3: "),
        (f'[[segment]]\nclip = "{5000 * "x"}.mp4"', "line 2: xxx"),
        ('[[segment]]\nclip = "~nobody-here/a.mp4"', "line 2: ~nobody-here/a.mp4: no such"),
        (PASSAGES + '[[segment]]\nclip = "a.npz"\ndancer = "First"', "two dancers would have one"),
    ],
)
def test_what_cannot_be_made_is_told_with_its_line(
    stage: Path, text: str, says: str, dancenow: Command
) -> None:
    path = written(stage, text)
    status, _, told = dancenow("compose", str(path), "-o", str(stage / "bad.npz"))
    lines = [line for line in told.splitlines() if line.startswith("dancenow: ")]
    assert status == 2 and len(lines) == 1 and says in lines[0]
    assert not (stage / "bad.npz").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "new.txt"], ".txt cannot be written; choose a name that ends in .mp4, .mov"),
        (["-o", "new.fbx"], "or .gif, in .npz, .bvh or .glb for the motion, or one without"),
        (["-o", "new.npz", "--performer", "zola"], "needs no `performer`"),
        (["-o", "new.bvh", "--camera", "90"], "cannot be chosen for a motion capture"),
        (["-o", "new.mp4", "--background", "white"], "needs a --performer to be behind"),
        (["-o", "new.mp4", "--camera", "left"], "--camera left"),
        (["-o", "a.npz"], "a.npz"),
    ],
)
def test_options_that_cannot_be_are_told(
    stage: Path, arguments: list[str], says: str, dancenow: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stage)
    status, _, told = dancenow("compose", str(written(stage, PASSAGES)), *arguments)
    assert status == 2 and says.replace("`performer`", "--performer") in told
