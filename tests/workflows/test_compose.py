"""New dances of poses, from a folder to a clip: performed, timed to music, misused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.choreographer.motion.composition import Composition
from dancenow.errors import DanceNowWarning, InputError
from dancenow.music import write_wav
from dancenow.options import Formation, GenerateOptions
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.progress import Progress
from dancenow.sample.click_track import click_track
from dancenow.sample.dances import DANCES
from dancenow.training import choose_device
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.generate import Generated, generate
from motions import dancing, untrained_choreographer, without
from untrained import plated, untrained

Command = Callable[..., tuple[int, str, str]]
SIZES = {"zola": (96, 96), "mika": (120, 80), "bo": (75, 101)}
QUICK = GenerateOptions(device="cpu")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that can be given: `dance` and `pictures`, performers, tracks, sounds."""
    folder = tmp_path_factory.mktemp("stage")
    track = dancing(fps=24)
    untrained_choreographer(track).save(folder / "dance")
    (folder / "pictures").mkdir()
    document = {"version": 1, "kind": "choreographer", "config": {"codec": "frame"}}
    (folder / "pictures" / "config.json").write_text(json.dumps(document))
    for number, (dancer, size) in enumerate(SIZES.items()):
        seen = dancing(dancer, "house", seconds=1, fps=8, size=size)
        plate = np.full((size[1], size[0], 3), 60 + 50 * number, np.uint8)
        untrained(seen, plated(seen, plate)).save(folder / dancer)
    (folder / "damaged").mkdir()
    (folder / "damaged" / "config.json").write_text("{}")
    track.save(folder / "track.npz")
    track[:1].save(folder / "pose.npz")
    without(track, INDEX["left_ankle"]).save(folder / "limping.npz")
    track.with_keypoints(0 * track.keypoints).save(folder / "nobody.npz")
    np.savez(folder / "numbers.npz", numbers=np.arange(3))
    write_wav(folder / "clicks.wav", click_track("house", 8, rate=22050), 22050)
    write_wav(folder / "silence.wav", np.zeros(4 * 22050, np.float32), 22050)
    return folder


def danced(
    stage: Path, output: Path, new: GenerateOptions = QUICK, seconds: float | None = 1.0
) -> Generated:
    return generate(stage / "dance", output, replace(new, seconds=seconds))


def dance(**what: object) -> GenerateOptions:
    """A dance like that, on a CPU."""
    return replace(QUICK, **what)  # type: ignore[arg-type]


# What is written.


def test_a_track_is_written_as_it_was_composed(stage: Path, tmp_path: Path) -> None:
    made = danced(stage, tmp_path / "new.npz")
    track = PoseTrack.load(made.output)
    composed = PoseChoreographer.load(stage / "dance", choose_device("cpu")).compose(
        Composition(1.0)
    )
    assert np.array_equal(track.keypoints, composed.keypoints)
    assert (made.frames, made.fps, made.size) == (24, 24, (160, 120))
    assert str(stage / "dance") in made.summary() and "24 frames of 160 x 120" in made.summary()


def test_the_poses_come_along_with_the_clip(stage: Path, tmp_path: Path) -> None:
    made = danced(stage, tmp_path / "new.mp4", dance(performer=(stage / "zola",)), 0.5)
    danced(stage, tmp_path / "new.npz", seconds=0.5)
    assert made._track is not None
    assert np.array_equal(made._track.keypoints, PoseTrack.load(tmp_path / "new.npz").keypoints)


def test_length_and_temperature_are_given_in_one_place(stage: Path, tmp_path: Path) -> None:
    calm, wild = (
        generate(stage / "dance", tmp_path / f"{t}.npz", dance(seconds=1.0, temperature=t))
        for t in (0.0, 3.0)
    )
    assert calm.frames == wild.frames == 24
    assert (tmp_path / "0.0.npz").read_bytes() != (tmp_path / "3.0.npz").read_bytes()


@pytest.mark.parametrize("name", ["new.mp4", "new.webm", "new.gif", "new.MKV", "new"])
def test_without_a_performer_stick_figures_are_drawn(
    stage: Path, tmp_path: Path, name: str
) -> None:
    made = danced(stage, tmp_path / name, seconds=0.5)
    assert (made.frames, made.size) == (12, (160, 120))
    frames = list(read_frames(tmp_path / name))
    assert len(frames) == 12 and frames[0].shape == (120, 160, 3)
    assert all(0.005 < (frame > 100).any(axis=-1).mean() < 0.3 for frame in frames)


def test_a_performer_dances_in_their_room(stage: Path, tmp_path: Path) -> None:
    made = danced(stage, tmp_path / "new.mp4", dance(performer=(stage / "mika",)), 0.5)
    info = probe(tmp_path / "new.mp4")
    assert made.size == info.size == SIZES["mika"] and (made.frames, info.frames) == (12, 12)
    assert np.abs(next(read_frames(tmp_path / "new.mp4"))[0].astype(int) - 110).max() < 12


@pytest.mark.parametrize("formation", Formation)
def test_performers_of_different_frames_dance_in_one(
    stage: Path, tmp_path: Path, formation: Formation
) -> None:
    cast = tuple(stage / dancer for dancer in SIZES)
    new = dance(performer=cast, formation=formation, canon=0.2)
    made = danced(stage, tmp_path / "new.mp4", new, 0.5)
    assert made.size == probe(tmp_path / "new.mp4").size and made.frames == 12
    assert made.size[0] > made.size[1]


def test_a_performer_is_shown_on_nothing(stage: Path, tmp_path: Path) -> None:
    new = dance(performer=(stage / "zola",), background="transparent")
    danced(stage, tmp_path / "new.mov", new, 0.3)
    assert probe(tmp_path / "new.mov").size == SIZES["zola"]


@pytest.mark.parametrize("name", ["new.bvh", "new.glb"])
def test_a_motion_capture_is_written(stage: Path, tmp_path: Path, name: str) -> None:
    made = danced(stage, tmp_path / name)
    assert made.frames == 24 and (tmp_path / name).stat().st_size > 5000


def test_a_dance_is_filmed_from_elsewhere(stage: Path, tmp_path: Path) -> None:
    turned = {
        camera: PoseTrack.load(
            danced(stage, tmp_path / f"{camera}.npz", dance(camera=camera)).output
        )
        for camera in ("0", "180", "orbit")
    }
    sides = [INDEX["left_hip"], INDEX["right_hip"]]
    wide = {name: np.diff(each.xy[:, sides, 0], axis=1) for name, each in turned.items()}
    assert np.median(wide["0"]) < 0 < np.median(wide["180"])
    assert {each.size for each in turned.values()} == {(160, 120)}
    assert not np.array_equal(turned["orbit"].xy[-1], turned["0"].xy[-1])


def test_in_a_loop_the_camera_comes_back_too(stage: Path, tmp_path: Path) -> None:
    options = dance(camera="orbit", loop=True)
    track = PoseTrack.load(danced(stage, tmp_path / "a.npz", options, 8.0).output)
    again = np.concatenate([track.xy, track.xy[:1]])[:, :15]
    steps = np.linalg.norm(np.diff(again, axis=0), axis=-1).mean(axis=1)
    assert steps[-1] < 3 * np.median(steps)


def test_a_dance_that_was_learned_without_depth_is_flat(tmp_path: Path) -> None:
    untrained_choreographer(replace(dancing(fps=24), depth=None)).save(tmp_path / "flat")
    for name, options in (("new.npz", dance(camera="90")), ("new.glb", QUICK)):
        with pytest.raises(InputError, match=r"flat: has learned nothing of depth"):
            generate(tmp_path / "flat", tmp_path / name, replace(options, seconds=1.0))
        assert not (tmp_path / name).exists()


def test_a_loop_closes_and_a_seed_decides(stage: Path, tmp_path: Path) -> None:
    tracks = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        output = tmp_path / f"{name}.npz"
        generate(stage / "dance", output, dance(seed=seed, seconds=2.0, loop=True))
        tracks.append(PoseTrack.load(output).keypoints)
    assert np.array_equal(tracks[0], tracks[1]) and not np.array_equal(tracks[0], tracks[2])


@pytest.mark.parametrize("name", ["track.npz", "pose.npz"])
def test_a_dance_continues_a_file(stage: Path, tmp_path: Path, name: str) -> None:
    made = danced(stage, tmp_path / "new.npz", dance(continue_from=stage / name))
    free = danced(stage, tmp_path / "free.npz")
    assert made.frames == free.frames == 24
    one, other = (PoseTrack.load(m.output).keypoints for m in (made, free))
    assert not np.array_equal(one, other)


def test_a_dance_is_learned_first_where_a_track_is_given(stage: Path, tmp_path: Path) -> None:
    events: list[Progress] = []
    new = dance(preset="tiny", steps=2, seconds=1.0)
    made = [
        generate(stage / "track.npz", tmp_path / f"{n}.npz", new, progress=events.append)
        for n in range(2)
    ]
    assert made[0].choreographer == made[1].choreographer
    assert [e.done for e in events if e.stage == "learning the dance"] == [1, 2]  # once
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()


# What makes no sense.


@pytest.mark.parametrize(
    ("new", "name", "seconds", "message"),
    [
        ({}, "a.mp4", 0.0, "`seconds` must be above 0"),
        ({}, "a.mp4", float("nan"), "`seconds` must be above 0"),
        ({}, "a.mp4", 1e9, "`seconds` must be above 0 and at most 3600"),
        ({}, "a.txt", 1.0, r"a.txt: .txt cannot be written; .* or .glb for the motion"),
        ({}, "no/a.mp4", 1.0, "no: no such folder"),
        ({}, "no/a.npz", 1.0, "no: no such folder"),
        ({"bars": 2}, "a.mp4", None, "`bars`: .* add `music`"),
        ({"bpm": 100.0}, "a.mp4", None, "`bpm`: .* add `music`"),
        ({"first_beat": 1.0}, "a.mp4", None, "`first_beat`: .* add `music`"),
        ({"bpm": 5.0, "music": "clicks.wav"}, "a.mp4", None, "`bpm=5`: must be from 20 to 400"),
        ({"bpm": float("nan"), "music": "clicks.wav"}, "a.mp4", None, "`bpm=nan`: must be"),
        ({"first_beat": 99.0, "music": "clicks.wav"}, "a.mp4", None, "clicks.wav lasts 8.0 s"),
        ({"bars": 0}, "a.mp4", None, "`bars` must be at least 1, not 0"),
        ({"bars": 2, "music": "clicks.wav"}, "a.mp4", 1.0, "`bars` and `seconds`: choose one"),
        ({"loop": True, "music": "clicks.wav"}, "a.mp4", 1.0, "`loop` and `music`"),
        ({"loop": True, "continue_from": "track.npz"}, "a.mp4", 1.0, "`loop` and `continue_from`"),
        ({"music": "none.wav"}, "a.mp4", 1.0, "none.wav: no such file"),
        ({"continue_from": "none.npz"}, "a.mp4", 1.0, "none.npz: no such file"),
        ({"continue_from": "nobody.npz"}, "a.mp4", 1.0, "nobody.npz: the track holds no pose"),
        ({"continue_from": "numbers.npz"}, "a.mp4", 1.0, "numbers.npz: is not a pose track"),
        ({"continue_from": "limping.npz"}, "a.mp4", 1.0, "`continue_from`: the whole body"),
        ({"continue_from": "clicks.wav"}, "a.mp4", 1.0, "clicks.wav: holds only sound"),
        ({"performer": ["none"]}, "a.mp4", 1.0, "none: no such file"),
        ({"performer": ["dance"]}, "a.mp4", 1.0, "holds a choreographer; a performer is needed"),
        ({"performer": ["track.npz"]}, "a.mp4", 1.0, "track.npz: holds no performer"),
        ({"performer": ["zola", "damaged"]}, "a.mp4", 1.0, "damaged.* is not a performer's"),
        ({"performer": ["zola"]}, "a.npz", 1.0, "a track needs no `performer`"),
        ({"performer": ["zola"] * 9}, "a.mp4", 1.0, "`performer`: at most 8"),
        ({"performer": ["zola"], "canon": 1.0}, "a.mp4", 1.0, "`canon=1`: needs several"),
        ({"performer": ["zola"] * 2, "canon": -1.0}, "a.mp4", 1.0, "`canon` must be 0 s or"),
        ({"canon": 1.0}, "a.mp4", 1.0, "`canon=1`: needs several"),
        ({"performer": ["zola"] * 2, "canon": 1.0, "loop": True}, "a.mp4", 1.0, "`canon`: who"),
        ({"performer": ["zola"] * 2, "canon": 1.0, "camera": "orbit"}, "a.mp4", 1.0, "`canon`: w"),
        ({"camera": "90"}, "a.GLB", 1.0, "`camera`: means nothing to a motion capture"),
        ({"camera": "90"}, "a.glb", 1.0, "`camera`: means nothing to a motion capture"),
        ({"formation": Formation.together}, "a.mp4", 1.0, "`formation=together`: needs several"),
        ({"background": "red"}, "a.mp4", 1.0, "`background=red`: needs a `performer`"),
        ({"background": "source"}, "a.mp4", 1.0, "`background=source`: a new dance has no source"),
        ({"performer": ["zola"], "background": "none.png"}, "a.mp4", 1.0, "`background=none.png`"),
        ({"performer": ["zola"], "background": "transparent"}, "a.mp4", 1.0, "transparent"),
        ({"performer": ["zola"] * 2, "background": "transparent"}, "a.mov", 1.0, "one `performer`"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_and_nothing_is_written(
    stage: Path, tmp_path: Path, new: dict[str, object], name: str, seconds: float, message: str
) -> None:
    def placed(value: object) -> object:
        if isinstance(value, list):
            return tuple(stage / str(part) for part in value)
        return value

    given = {
        key: stage / str(value) if key in ("music", "continue_from") else placed(value)
        for key, value in new.items()
    }
    with pytest.raises(InputError, match=message) as told:
        danced(stage, tmp_path / name, dance(**given), seconds)
    assert "\n" not in str(told.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("read", ["dance", "track.npz", "zola"])
def test_what_is_read_is_not_written_over(stage: Path, read: str) -> None:
    before = (stage / "track.npz").read_bytes()
    new = dance(continue_from=stage / "track.npz")
    if read == "zola":
        new = dance(performer=(stage / "zola",))
    with pytest.raises(InputError):
        danced(stage, stage / read, new)
    assert (stage / "track.npz").read_bytes() == before
    assert (stage / "zola" / "config.json").is_file()


@pytest.mark.parametrize(
    "new",
    [
        dance(loop=True),
        dance(bars=0),
        dance(canon=1.0),
        dance(background="red"),
        dance(formation=Formation.together),
    ],
)
def test_a_choreographer_of_pictures_cannot_do_what_poses_can(
    stage: Path, tmp_path: Path, new: GenerateOptions
) -> None:
    with pytest.raises(InputError, match=r"pictures: was learned with `codec=frame`"):
        generate(stage / "pictures", tmp_path / "a.mp4", new)


def test_nor_be_danced_by_a_performer_or_written_as_a_track(stage: Path, tmp_path: Path) -> None:
    told = pytest.raises(InputError, match="was learned with `codec=frame` and dreams pictures")
    with told:
        generate(stage / "pictures", tmp_path / "a.npz", QUICK)
    with told:
        generate(stage / "pictures", tmp_path / "a.mp4", dance(performer=(stage / "zola",)))
    with told:
        generate(stage / "pictures", tmp_path / "a.mp4", dance(codec="pose"))


def test_options_of_the_other_codec_are_told(stage: Path, tmp_path: Path) -> None:
    output = tmp_path / "a.mp4"
    with pytest.raises(InputError, match="`reference`: belongs to `codec=frame`"):
        generate(stage / "dance", output, dance(reference=True))
    with pytest.raises(InputError, match="`background=grey`: needs a `performer`"):
        generate(stage / "dance", output, dance(background="grey"))
    with pytest.raises(InputError, match="`codec=foo`: unknown"):
        generate(stage / "track.npz", output, dance(codec="foo", loop=True))
    with pytest.raises(InputError, match="holds a performer; a choreographer is needed"):
        generate(stage / "zola", output, dance(loop=True))


@pytest.mark.parametrize("given", [{"performer": "damaged"}, {"continue_from": "limping.npz"}])
def test_what_is_given_is_looked_at_before_anything_is_learned(
    stage: Path, tmp_path: Path, given: dict[str, str]
) -> None:
    events: list[Progress] = []
    values = {k: stage / v if k != "performer" else (stage / v,) for k, v in given.items()}
    with pytest.raises(InputError):
        generate(
            stage / "track.npz",
            tmp_path / "a.mp4",
            dance(preset="tiny", steps=2, **values),
            progress=events.append,
        )
    assert not events


def test_on_the_command_line_too(dancenow: Command, stage: Path, tmp_path: Path) -> None:
    output = tmp_path / "new.mp4"
    words = ["generate", stage / "dance", "-o", output, "--device", "cpu", "--seconds", "0.5"]
    status, out, _ = dancenow(*words, "--performer", stage / "zola", "--json")
    made = json.loads(out.splitlines()[-1])
    assert status == 0 and made["frames"] == 12 and made["size"] == list(SIZES["zola"])
    assert made["tempo"] is None and made["choreographer"] == str(stage / "dance")
    for wrong in (["--canon", "-1"], ["--bars", "2"], ["--loop", "--continue-from", "x.npz"]):
        status, _, err = dancenow(*words[:6], *wrong)
        assert status == 2 and err.splitlines()[-1].startswith("dancenow: ")
        assert len(err.splitlines()) == 1 and ("--" in err or "x.npz: no such file" in err)


# Music.


def test_a_clip_is_danced_to_clicks_end_to_end(stage: Path, tmp_path: Path) -> None:
    new = dance(music=stage / "clicks.wav", performer=(stage / "zola",))
    made = danced(stage, tmp_path / "new.mp4", new, None)
    info = probe(tmp_path / "new.mp4")
    assert info.has_audio and info.frames == made.frames == pytest.approx(8 * 24, abs=2)
    assert made.tempo == pytest.approx(DANCES["house"].bpm, abs=2)
    assert made.beat_alignment is not None and {"music", "compose"} <= made.times.seconds.keys()
    assert "beats a minute, beat alignment" in made.summary()
    bars = danced(stage, tmp_path / "bars.npz", dance(music=stage / "clicks.wav", bars=2), None)
    beat = 60 / DANCES["house"].bpm
    assert bars.frames / 24 == pytest.approx(8 * beat, abs=0.1)


@pytest.mark.parametrize(
    ("music", "bars", "message"),
    [
        ("clicks.wav", 9, r"`bars=9`: .*clicks.wav has \d bars of four beats"),
        ("silence.wav", 1, "`bars`: .*silence.wav has no clear beat; give `seconds`"),
        ("track.npz", None, "track.npz: "),
        ("dance", None, "dance: is a folder"),
    ],
)
def test_what_the_music_does_not_hold_is_told_before_anything_is_learned(
    stage: Path, tmp_path: Path, music: str, bars: int | None, message: str
) -> None:
    events: list[Progress] = []
    new = dance(preset="tiny", steps=2, music=stage / music, bars=bars)
    with pytest.raises(InputError, match=message):
        generate(stage / "track.npz", tmp_path / "a.mp4", new, progress=events.append)
    assert not events and not list(tmp_path.iterdir())


def test_silence_is_danced_to_with_a_warning(stage: Path, tmp_path: Path) -> None:
    with pytest.warns(DanceNowWarning, match=r"silence.wav: has no clear beat"):
        made = danced(stage, tmp_path / "a.mp4", dance(music=stage / "silence.wav"), None)
    assert made.tempo is None and probe(tmp_path / "a.mp4").has_audio
    assert "alignment" not in made.summary()


def test_a_clip_with_sound_is_music_too(stage: Path, tmp_path: Path) -> None:
    with open_writer(tmp_path / "clip.mp4", fps=5, audio=stage / "clicks.wav") as writer:
        for _ in range(40):
            writer.write(np.zeros((32, 32, 3), np.uint8))
    made = danced(stage, tmp_path / "a.mp4", dance(music=tmp_path / "clip.mp4"), None)
    assert made.tempo == pytest.approx(DANCES["house"].bpm, abs=2)
