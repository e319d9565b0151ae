"""What is shipped of the sample performers is what the renderer draws, and dances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.choreographer import Choreographer
from dancenow.choreographer.choreographer import DanceRequest
from dancenow.choreographer.motion.choreographer import PoseChoreographer
from dancenow.evaluation.features import joint_speed, joints_of
from dancenow.evaluation.pictures import picture_scores
from dancenow.performer import Performer
from dancenow.performer.fast.condition import POSE_CHANNELS
from dancenow.performer.fast.networks import FastGenerator
from dancenow.performer.fast.performer import FastPerformer
from dancenow.performer.fast.texture import LAYERS
from dancenow.pose import PoseTrack
from dancenow.pose.extent import body_extent
from dancenow.sample import PERFORMERS, SampleStage, dance_track
from dancenow.sample.shipped import (
    CLIPS,
    DANCERS,
    FOLDER,
    FPS,
    MOVES,
    PX,
    SECONDS,
    shipped_clip,
    shipped_dancer,
    shipped_moves,
    shipped_track,
)
from dancenow.video import probe, read_frames

FRAMES = round(SECONDS * FPS)
MOMENTS = (40, 140)  # frames of each clip that are drawn anew
SECOND = slice(100, 125, 4)  # some frames of a second of a dance
MIB = 2**20


def there(path: Path | None) -> Path:
    assert path is not None
    return path


def test_what_is_not_shipped_is_none() -> None:
    assert shipped_clip("mika", "wave") is shipped_track("nobody", "house") is None
    assert shipped_dancer("mika") is None


def test_all_of_it_is_small() -> None:
    size = {path: path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()}
    for name in DANCERS:
        folder = there(shipped_dancer(name))
        assert sum(s for path, s in size.items() if folder in path.parents) < 11 * MIB
        assert not (folder / "checkpoint").exists()
    assert sum(s for path, s in size.items() if path.parent.name == "clips") < 8 * MIB


@pytest.mark.parametrize(("performer", "dance"), CLIPS)
def test_a_clip_is_what_the_renderer_draws_and_its_track_where_it_is(
    performer: str, dance: str
) -> None:
    clip, track = there(shipped_clip(performer, dance)), there(shipped_track(performer, dance))
    info, poses = probe(clip), PoseTrack.load(track)
    assert (info.size, info.frames, info.has_audio) == ((PX, PX), FRAMES, True)
    assert (poses.size, len(poses), poses.fps) == (info.size, FRAMES, float(info.fps))
    frames = list(read_frames(info))
    assert len(frames) == FRAMES
    stage = SampleStage(PERFORMERS[performer], PX)
    truth = list(stage.poses(dance, seconds=SECONDS, fps=FPS))
    for moment in MOMENTS:
        assert picture_scores(frames[moment], stage.draw(truth[moment])).psnr > 34
        true = stage.keypoints(truth[moment])
        assert np.abs(poses.keypoints[moment] - true).max() < 0.01
        assert poses.depth is not None
        assert np.allclose(poses.depth[moment], stage.depth(truth[moment]), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", DANCERS)
def test_a_dancer_dances_what_another_danced_nearly_as_they_would(name: str) -> None:
    """In the box around the person, and nearer than pixels that no training corrects."""
    dancer = Performer.load(there(shipped_dancer(name)))
    assert isinstance(dancer, FastPerformer) and dancer.training["steps"] > 250
    beginner = FastGenerator(POSE_CHANNELS, dancer.config.generator.widths, LAYERS)
    untrained = FastPerformer(dancer.config, dancer.scene, beginner, dancer.texture, dancer.device)
    stage = SampleStage(PERFORMERS[name], PX)
    poses = list(stage.poses("groove", seconds=SECONDS, fps=FPS))[SECOND]
    truth = [stage.draw(pose) for pose in poses]
    track = PoseTrack(np.stack([stage.keypoints(pose) for pose in poses]), FPS, stage.size)
    learned = near(list(dancer.perform(track)), truth, track)
    assert learned > 24
    assert learned > near(list(untrained.perform(track)), truth, track) + 1


@pytest.mark.slow
@pytest.mark.parametrize("style", [dance for _, dance in MOVES])
def test_the_choreographer_dances_each_style_about_as_fast_as_it_is(style: str) -> None:
    moves = Choreographer.load(there(shipped_moves()))
    assert isinstance(moves, PoseChoreographer) and moves.training["steps"] > 1000
    new = moves.compose_track(DanceRequest(20.0, seed=1, style={style: 1.0})).track
    performer = next(name for name, dance in MOVES if dance == style)
    learned = dance_track(performer, style, seconds=20, fps=FPS)
    assert new.duration == pytest.approx(20, abs=0.1)
    speeds = [float(joint_speed(joints_of(track)).mean()) for track in (new, learned)]
    assert 0.6 < speeds[0] / speeds[1] < 1.5


def near(made: list[np.ndarray], truth: list[np.ndarray], track: PoseTrack) -> float:
    """Mean PSNR inside the person's box, in dB."""
    boxes = body_extent(track).round().astype(int).clip(0)
    scores = [
        picture_scores(a[top:bottom, left:right], b[top:bottom, left:right]).psnr
        for a, b, (left, top, right, bottom) in zip(made, truth, boxes, strict=True)
    ]
    return float(np.mean(scores))
