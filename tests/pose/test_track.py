"""PoseTrack: what it checks, and how it is saved, cut, resampled and mirrored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dancers import dance, without
from hypothesis import given, settings
from hypothesis import strategies as st

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX, NUM_KEYPOINTS


def swaying(fps: float = 25.0, seconds: float = 4.0) -> PoseTrack:
    return dance(lambda t: 400 + 0 * t, x=lambda t: 320 + 50 * t, fps=fps, seconds=seconds)


def holed(track: PoseTrack) -> PoseTrack:
    return without(track, "nose", "left_wrist", frames=slice(3, 6))


def test_a_saved_track_loads_as_it_was(tmp_path: Path) -> None:
    track = holed(swaying(23.976))
    track.save(tmp_path / "a.npz")
    loaded = PoseTrack.load(tmp_path / "a.npz")
    assert (loaded.keypoints == track.keypoints).all()
    assert (loaded.fps, loaded.size) == (track.fps, track.size)


def test_a_track_is_saved_as_npz_only(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.npz"):
        swaying().save(tmp_path / "a.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.npz: no such file"):
        PoseTrack.load(tmp_path / "none.npz")


def _bytes(path: Path) -> None:
    path.write_bytes(b"no zip")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _foreign(path: Path) -> None:
    np.savez(path, other=np.zeros(3))


def _pickled(path: Path) -> None:
    fields = {"fps": 25.0, "size": [1, 1], "layout": "openpose137", "version": 1}
    np.savez(path, keypoints=np.array([{}], dtype=object), **fields)


def _truncated(path: Path) -> None:
    swaying().save(path)
    path.write_bytes(path.read_bytes()[:-200])


def _misshapen(path: Path) -> None:
    fields = {"fps": 25.0, "size": [1, 1], "layout": "openpose137", "version": 1}
    np.savez(path, keypoints=np.zeros((5, 25, 3)), **fields)


@pytest.mark.parametrize(
    "write", [_bytes, _empty, _foreign, _pickled, _truncated, _misshapen], ids=lambda f: f.__name__
)
def test_what_is_no_track_is_an_input_error(write: object, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write(path)  # type: ignore[operator]
    with pytest.raises(InputError, match="is not a pose track"):
        PoseTrack.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 99}, "update DanceNow"),
        ({"layout": "coco17"}, "coco17"),
        ({"keypoints": np.full((2, 137, 3), np.nan)}, "NaN"),
    ],
)
def test_a_track_that_cannot_be_used_says_why(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    fields = {
        "keypoints": np.zeros((2, 137, 3)),
        "fps": 25.0,
        "size": [640, 480],
        "layout": "openpose137",
        "version": 1,
    }
    np.savez(tmp_path / "a.npz", **(fields | change))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        PoseTrack.load(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(137, 3), (4, 25, 3), (4, 137, 2)])
def test_keypoints_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="137"):
        PoseTrack(np.zeros(shape), 25, (640, 480))


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_an_impossible_rate_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="fps"):
        PoseTrack(np.zeros((1, 137, 3)), fps, (640, 480))
    with pytest.raises(ValueError, match="fps"):
        swaying().resample(fps)


def test_a_slice_is_a_track_and_a_step_lowers_the_rate() -> None:
    track = swaying()
    assert (track[10:20].keypoints == track.keypoints[10:20]).all()
    assert track[::5].fps == track.fps / 5
    assert track[::5].duration == track.duration
    with pytest.raises(TypeError):
        track[3]  # type: ignore[index]


def test_mirroring_swaps_sides_and_twice_is_nothing() -> None:
    track = holed(swaying())
    mirrored = track.mirror()
    left, right = INDEX["left_knee"], INDEX["right_knee"]
    assert mirrored.xy[:, left, 0] == pytest.approx(640 - track.xy[:, right, 0])
    assert mirrored.xy[:, left, 1] == pytest.approx(track.xy[:, right, 1])
    assert mirrored.mirror().keypoints == pytest.approx(track.keypoints, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([10.0, 12.5, 23.976, 30.0, 50.0, 60.0]))
def test_resampling_keeps_the_length_and_linear_motion(fps: float) -> None:
    track = swaying()
    result = track.resample(fps)
    assert result.fps == fps
    assert result.duration == pytest.approx(track.duration, abs=1 / fps)
    t = np.minimum(np.arange(len(result)) / fps, (len(track) - 1) / track.fps)
    assert result.xy[:, INDEX["neck"], 0] == pytest.approx(320 + 50 * t, abs=1e-2)


def test_resampling_never_mixes_in_a_missing_keypoint() -> None:
    result = holed(swaying()).resample(60)
    nose = result.keypoints[:, INDEX["nose"]]
    assert (nose[nose[:, 2] > 0, 1] > 100).all()
    assert (nose[:, 2] == 0).any()


def test_an_empty_track_resamples_to_an_empty_track() -> None:
    assert len(swaying()[:0].resample(60)) == 0


def deep(track: PoseTrack) -> PoseTrack:
    depth = np.random.default_rng(1).normal(0, 0.1, track.keypoints.shape[:2]).astype(np.float32)
    depth[:, 100:] = np.nan
    return replace(track, depth=depth)


def test_depth_is_saved_too_and_old_tracks_have_none(tmp_path: Path) -> None:
    track = deep(swaying())
    track.save(tmp_path / "a.npz")
    again = PoseTrack.load(tmp_path / "a.npz").depth
    assert again is not None and track.depth is not None
    np.testing.assert_array_equal(again, track.depth)
    swaying().save(tmp_path / "b.npz")
    assert PoseTrack.load(tmp_path / "b.npz").depth is None


def test_depth_follows_its_keypoints() -> None:
    track = deep(swaying())
    depth = track.depth
    assert depth is not None
    sliced, mirrored, slower = (
        track[1::2].depth,
        track.mirror().depth,
        track.resample(track.fps / 2),
    )
    assert sliced is not None and mirrored is not None and slower.depth is not None
    np.testing.assert_array_equal(sliced, depth[1::2])
    np.testing.assert_array_equal(mirrored[:, INDEX["left_wrist"]], depth[:, INDEX["right_wrist"]])
    assert slower.depth.shape == slower.keypoints.shape[:2]
    np.testing.assert_array_equal(track.with_keypoints(2 * track.keypoints).depth, depth)
    assert track.with_keypoints(track.keypoints[:1]).depth is None


def test_depth_of_other_frames_is_refused() -> None:
    track = swaying()
    with pytest.raises(ValueError, match="depth must be"):
        replace(track, depth=np.zeros((1, NUM_KEYPOINTS), np.float32))


def test_infinite_depths_are_an_input_error(tmp_path: Path) -> None:
    track = deep(swaying())
    assert track.depth is not None
    track.depth[0, 0] = np.inf
    track.save(tmp_path / "a.npz")
    with pytest.raises(InputError, match="infinite depths"):
        PoseTrack.load(tmp_path / "a.npz")


def test_an_unknown_depth_does_not_hide_the_known_one_beside_it() -> None:
    track = swaying(25.0)
    depth = np.zeros(track.keypoints.shape[:2], np.float32)
    depth[10] = np.nan
    resampled = replace(track, depth=depth).resample(30.0).depth
    assert resampled is not None and np.isnan(resampled).any(axis=1).sum() == 1
