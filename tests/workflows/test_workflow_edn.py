"""The paper's presets from clip to clip: training, performing, the authors' folders, bad input."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from dancenow.errors import DanceNowWarning, InputError
from dancenow.options import (
    EvaluatePerformerOptions,
    ExportEdnOptions,
    PerformOptions,
    TrainPerformerOptions,
    TransferOptions,
)
from dancenow.options.field import narrowed
from dancenow.performer import Performer
from dancenow.performer.edn.performer import EDNPerformer
from dancenow.performer.edn.training import EDNTraining
from dancenow.pose import PoseTrack
from dancenow.pose.layout import FACE, INDEX
from dancenow.progress import Progress
from dancenow.video import open_writer, probe, read_frames
from dancenow.workflows.evaluate_performer import evaluate_performer
from dancenow.workflows.export import export_pairs
from dancenow.workflows.perform import perform
from dancenow.workflows.train_performer import train_performer
from dancenow.workflows.transfer import transfer
from fixture_types import SampleClip


@pytest.fixture(scope="module")
def clip(sample_clip: SampleClip) -> Path:
    """Two seconds of a sample performer, with the true poses beside it."""
    return sample_clip("zola", "house", seconds=2, fps=8)


@pytest.fixture
def poses(clip: Path) -> Path:
    return clip.with_suffix(".pose.npz")


def options(poses: Path | None, steps: int = 3, **paper: object) -> TrainPerformerOptions:
    return TrainPerformerOptions(
        preset="edn-tiny",
        steps=steps,
        device="cpu",
        poses=poses,
        **paper,  # type: ignore[arg-type]
    )


def most(poses: Path, **paper: object) -> TrainPerformerOptions:
    """Options under which the last quarter of the clip is not learned."""
    return replace(options(poses, 5, **paper), hold_out=0.25)


@pytest.fixture(scope="module")
def trained(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "p"
    train_performer(clip, folder, most(clip.with_suffix(".pose.npz")))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """The networks and the state from which a training is resumed."""
    files = [*folder.glob("*.safetensors"), folder / "checkpoint" / "state.json"]
    return {path.name: path.read_bytes() for path in files}


def test_a_performer_of_the_paper_dances_a_source(
    trained: Path, clip: Path, poses: Path, tmp_path: Path
) -> None:
    made = perform(trained, poses, tmp_path / "o.mp4", PerformOptions(device="cpu"))
    info = probe(tmp_path / "o.mp4")
    assert made.frames == info.frames == 16
    assert info.size == probe(clip).size == (128, 128)


def test_what_is_loaded_paints_what_was_saved(trained: Path, poses: Path) -> None:
    first, second = (Performer.load(trained) for _ in range(2))
    assert isinstance(first, EDNPerformer) and first.face is not None
    track = PoseTrack.load(poses)
    painted = list(zip(first.perform(track), second.perform(track), strict=True))
    assert len(painted) == 16 and all(np.array_equal(a, b) for a, b in painted)


def test_every_frame_depends_on_the_one_before(trained: Path, poses: Path) -> None:
    performer = Performer.load(trained)
    track = PoseTrack.load(poses)
    whole = list(performer.perform(track))
    late = list(performer.perform(track[5:]))
    assert not np.array_equal(whole[5], late[0])  # painted from nothing here


def test_a_training_that_is_stopped_and_resumed_gives_what_an_unbroken_one_gives(
    trained: Path, clip: Path, poses: Path, tmp_path: Path
) -> None:
    def stop(event: Progress) -> None:
        if event.stage.startswith("learning") and event.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_performer(clip, tmp_path / "p", most(poses), progress=stop)
    assert train_performer(clip, tmp_path / "p", most(poses)).steps == 5
    for name in ("generator.safetensors", "face.safetensors"):
        assert (tmp_path / "p" / name).read_bytes() == (trained / name).read_bytes()


def test_a_finished_training_that_is_run_again_stays_as_it_is(
    trained: Path, clip: Path, poses: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(trained, tmp_path / "p"))
    before = contents(folder)
    again = train_performer(clip, folder, most(poses))
    assert again.steps == 5 and before.keys() == {
        "generator.safetensors", "face.safetensors", "state.json"
    }  # fmt: skip
    assert contents(folder) == before


def test_a_very_narrow_clip_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    narrow = write(tmp_path / "narrow.mp4", [np.zeros((32, 400, 3), np.uint8)] * 4)
    with pytest.raises(InputError, match="too narrow"):
        train_performer(narrow, tmp_path / "p", options(None))
    assert not (tmp_path / "p").exists()


def test_where_nobody_is_seen_the_last_pose_is_held(trained: Path, poses: Path) -> None:
    performer, track = Performer.load(trained), PoseTrack.load(poses)
    gap, held = track.keypoints.copy(), track.keypoints.copy()
    gap[6:9] = 0
    held[6:9] = held[5]
    made = list(performer.perform(track.with_keypoints(gap)))
    wanted = list(performer.perform(track.with_keypoints(held)))
    assert len(made) == 16
    assert all(np.array_equal(a, b) for a, b in zip(made, wanted, strict=True))


@pytest.mark.parametrize("paper", [{"size": 96}, {"upsampling": "resize"}, {"history": 0}])
def test_a_checkpoint_of_other_options_is_refused_and_kept(
    trained: Path, clip: Path, poses: Path, tmp_path: Path, paper: dict[str, object]
) -> None:
    folder = Path(shutil.copytree(trained, tmp_path / "p"))
    before = contents(folder)
    with pytest.raises(InputError, match=r"begun with|other options"):
        train_performer(clip, folder, most(poses, **paper))
    assert contents(folder) == before


def test_a_checkpoint_of_another_preset_is_refused_and_kept(
    trained: Path, clip: Path, poses: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(trained, tmp_path / "p"))
    before = contents(folder)
    with pytest.raises(InputError, match="begun with `preset=edn-tiny`"):
        train_performer(clip, folder, replace(most(poses), preset="tiny"))
    assert contents(folder) == before


def test_held_out_frames_are_measured(trained: Path, clip: Path, poses: Path) -> None:
    scores = evaluate_performer(trained, clip, EvaluatePerformerOptions(poses=poses, device="cpu"))
    assert scores.span == (12, 16) and scores.held_out and scores.preset == "edn-tiny"
    assert scores.scores.whole.psnr > 0 and scores.scores.face is not None


def test_the_report_says_where_the_perceptual_loss_was_left_out(
    clip: Path, poses: Path, tmp_path: Path
) -> None:
    report = train_performer(clip, tmp_path / "p", options(poses, 1))
    assert report.perceptual is False and "without the perceptual loss" in report.summary()
    document = json.loads((tmp_path / "p" / "config.json").read_text())
    assert document["training"]["perceptual"] is False


def test_without_weights_of_vgg_nothing_is_trained(
    clip: Path, poses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    paper = TrainPerformerOptions(preset="edn-512", steps=1, device="cpu", poses=poses)
    with pytest.raises(InputError, match=r"`vgg_weights=FILE`.*`no_perceptual`"):
        train_performer(clip, tmp_path / "p", paper)
    assert not (tmp_path / "p" / "checkpoint").exists()


def test_a_size_that_does_not_divide_is_told_with_two_that_do(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`size=130`: .* 128 or 136"):
        train_performer(clip, tmp_path / "p", options(None, size=130))
    assert not (tmp_path / "p").exists()


def test_an_option_of_the_paper_is_refused_by_the_fast_preset(clip: Path, tmp_path: Path) -> None:
    fast = TrainPerformerOptions(preset="fast", steps=1, size=128)
    with pytest.raises(InputError, match="`size`: `preset=fast` does not have it"):
        train_performer(clip, tmp_path / "p", fast)


def write(path: Path, frames: list[np.ndarray], fps: float = 8) -> Path:
    height, width = frames[0].shape[:2]
    with open_writer(path, fps=fps, size=(width, height)) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def test_a_clip_of_one_frame_forms_no_pair(clip: Path, tmp_path: Path) -> None:
    short = write(tmp_path / "short.mp4", list(read_frames(clip, stop=1)))
    with pytest.raises(InputError, match="too few to form a pair"):
        train_performer(short, tmp_path / "p", options(None))


def test_frames_without_neighbours_form_no_pair(clip: Path, poses: Path, tmp_path: Path) -> None:
    track = PoseTrack.load(poses)
    keypoints = track.keypoints.copy()
    keypoints[1::2] = 0  # nobody in every other frame
    track.with_keypoints(keypoints).save(tmp_path / "gaps.npz")
    with pytest.raises(InputError, match="no two neighbouring frames"):
        train_performer(clip, tmp_path / "p", options(tmp_path / "gaps.npz"))


def test_without_a_face_in_any_frame_whole_frames_are_still_learned(
    clip: Path, poses: Path, tmp_path: Path
) -> None:
    track = PoseTrack.load(poses)
    keypoints = track.keypoints.copy()
    keypoints[:, FACE] = 0
    keypoints[:, [INDEX["nose"], INDEX["left_eye"], INDEX["right_eye"]]] = 0
    track.with_keypoints(keypoints).save(tmp_path / "faceless.npz")
    with pytest.warns(DanceNowWarning, match="no face is seen in any frame"):
        train_performer(clip, tmp_path / "p", options(tmp_path / "faceless.npz", 5))
    performer = Performer.load(tmp_path / "p")
    assert isinstance(performer, EDNPerformer) and performer.face is None
    assert not (tmp_path / "p" / "face.safetensors").exists()
    assert len(list(performer.perform(track.with_keypoints(keypoints)))) == 16


def test_a_moving_camera_is_measured_and_told(poses: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wall = cv2.resize(rng.integers(0, 255, (48, 48, 3)).astype(np.uint8), (400, 400))
    track = PoseTrack.load(poses)
    frames = [wall[100 : 100 + 128, 100 + 2 * k : 100 + 2 * k + 128].copy() for k in range(16)]
    shaky = write(tmp_path / "shaky.mp4", frames)
    track.save(tmp_path / "t.npz")
    with pytest.warns(DanceNowWarning, match=r"shaky.mp4: the camera moves \(by up to (29|30|31) "):
        train_performer(shaky, tmp_path / "p", options(tmp_path / "t.npz", 1))


def test_a_still_camera_is_not_mentioned(clip: Path, poses: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DanceNowWarning)
        train_performer(clip, tmp_path / "p", options(poses, 1))


def test_too_little_memory_keeps_the_checkpoint_and_names_a_size(
    clip: Path, poses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = EDNTraining.step

    def full(self: EDNTraining, number: int, fraction: float) -> object:
        if number == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return step(self, number, fraction)

    monkeypatch.setattr(EDNTraining, "step", full)
    with pytest.raises(InputError, match=r"edn-tiny.*memory is too small; .* `size=40` "):
        train_performer(clip, tmp_path / "p", options(poses, 4))
    state = json.loads((tmp_path / "p" / "checkpoint" / "state.json").read_text())
    assert state["values"]["step"] == 2


def test_poses_of_another_clip_are_refused(clip: Path, poses: Path, tmp_path: Path) -> None:
    track = PoseTrack.load(poses)
    track[:9].save(tmp_path / "short.npz")
    with pytest.raises(InputError, match=r"has 9 poses, .* has 16 frames"):
        train_performer(clip, tmp_path / "p", options(tmp_path / "short.npz"))


def test_openpose_files_are_training_input(clip: Path, poses: Path, tmp_path: Path) -> None:
    from dancenow.pose.openpose import write_openpose

    write_openpose(PoseTrack.load(poses), tmp_path / "keypoints")
    made = train_performer(clip, tmp_path / "p", options(tmp_path / "keypoints", 1))
    assert made.steps == 1


def test_what_is_exported_can_be_learned_and_danced(
    clip: Path, poses: Path, tmp_path: Path
) -> None:
    exported = export_pairs(clip, tmp_path / "data", ExportEdnOptions(size=128, poses=poses))
    assert exported.frames == 16 and exported.size == (128, 128)
    names = {entry.name for entry in (tmp_path / "data").iterdir()}
    assert names == {"train_img", "train_label", "train_facetexts128"}
    train_performer(tmp_path / "data", tmp_path / "p", options(None, 5))
    performer = Performer.load(tmp_path / "p")
    assert isinstance(performer, EDNPerformer) and performer.face is not None
    (tmp_path / "data" / "train_label").rename(tmp_path / "data" / "test_label")
    (tmp_path / "data" / "train_facetexts128").rename(tmp_path / "data" / "test_facetexts128")
    made = perform(
        tmp_path / "p", tmp_path / "data", tmp_path / "o.mp4", PerformOptions(device="cpu")
    )
    assert made.frames == probe(tmp_path / "o.mp4").frames == 16


def test_drawn_figures_give_nothing_to_normalise_to(
    clip: Path, poses: Path, tmp_path: Path
) -> None:
    export_pairs(clip, tmp_path / "data", ExportEdnOptions(size=128, poses=poses))
    train_performer(tmp_path / "data", tmp_path / "p", options(None, 1))
    with pytest.raises(InputError, match="add `normalize=False`"):
        perform(tmp_path / "p", poses, tmp_path / "o.mp4", PerformOptions(device="cpu"))
    show = PerformOptions(normalize=False, device="cpu")
    made = perform(tmp_path / "p", poses, tmp_path / "o.mp4", show)
    assert made.frames == 16


def test_drawn_figures_are_not_for_the_fast_preset(clip: Path, poses: Path, tmp_path: Path) -> None:
    export_pairs(clip, tmp_path / "data", ExportEdnOptions(size=128, poses=poses))
    with pytest.raises(InputError, match="choose `preset=edn-512` or edn-1024"):
        train_performer(
            tmp_path / "data", tmp_path / "p", TrainPerformerOptions(preset="fast", steps=1)
        )
    with pytest.raises(InputError, match="leave out `poses`"):
        train_performer(tmp_path / "data", tmp_path / "p", options(poses))


def test_a_folder_that_is_not_empty_is_not_exported_into(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files; choose a new or empty folder"):
        export_pairs(clip, tmp_path / "data")
    assert (tmp_path / "data" / "mine.txt").read_text() == "mine"


def test_a_transfer_learns_with_a_preset_of_the_paper(
    clip: Path, poses: Path, tmp_path: Path
) -> None:
    made = transfer(poses, clip, tmp_path / "o.mp4", narrowed(options(poses, 2), TransferOptions))
    assert made.frames == 16 and made.steps == 2
