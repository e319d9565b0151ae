"""Poses mended in files: edits, spans filled by a choreographer, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.pose import PoseTrack
from dancenow.pose.layout import INDEX
from dancenow.pose.mending import Edit
from dancenow.workflows.mend import mend
from motions import dancing, untrained_choreographer, without


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mend")
    track = dancing(fps=24)
    untrained_choreographer(track).save(folder / "moves")
    track.save(folder / "a.npz")
    return folder


def test_a_span_is_filled_anew_and_the_rest_stays(folder: Path, tmp_path: Path) -> None:
    track = PoseTrack.load(folder / "a.npz")
    edits = [Edit(20, INDEX["left_wrist"], 30.0, 40.0)]
    made = mend(
        folder / "a.npz",
        tmp_path / "b.npz",
        edits=edits,
        spans=[(3.0, 4.0)],
        choreographer=folder / "moves",
        device="cpu",
    )
    span, outside = slice(72, 97), np.r_[25:72, 97:240]
    assert (made.keypoints[outside] == track.keypoints[outside]).all()
    assert (made.keypoints[span] != track.keypoints[span]).any(axis=(1, 2)).all()
    assert made.edited is not None and made.edited[span].all() and not made.edited[outside].any()
    assert (made.xy[20, INDEX["left_wrist"]] == [30, 40]).all()
    # It leads on from what is before, and to what is after.
    steps = np.linalg.norm(np.diff(made.xy[66:103, INDEX["neck"]], axis=0), axis=-1)
    assert (
        steps.max() < 3 * np.linalg.norm(np.diff(track.xy[:, INDEX["neck"]], axis=0), axis=-1).max()
    )
    saved = PoseTrack.load(tmp_path / "b.npz")
    assert (saved.keypoints == made.keypoints).all()


@pytest.mark.parametrize("span", [(0.0, 1.0), (9.0, 10.0)])
def test_a_span_at_an_end_is_filled_from_one_side(
    folder: Path, tmp_path: Path, span: tuple[float, float]
) -> None:
    made = mend(folder / "a.npz", tmp_path / "b.npz", spans=[span], choreographer=folder / "moves")
    assert np.isfinite(made.keypoints).all() and len(made) == 240


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"spans": [(3.0, 4.0)]}, "filled by a choreographer"),
        ({"spans": [(12.0, 14.0)], "choreographer": "moves"}, "is no span of a track"),
        ({"spans": [(4.0, 3.0)], "choreographer": "moves"}, "is no span of a track"),
        ({"spans": [(0.0, 10.0)], "choreographer": "moves"}, "before or after"),
        ({"spans": [(3.0, 4.0)], "choreographer": "none"}, "none"),
        ({"edits": [Edit(999, 4, 1, 1)]}, "the track has 240 frames"),
    ],
)
def test_what_cannot_be_mended_is_told(
    folder: Path, tmp_path: Path, more: dict[str, object], says: str
) -> None:
    if "choreographer" in more:
        more = {**more, "choreographer": folder / str(more["choreographer"])}
    with pytest.raises(InputError, match=says):
        mend(folder / "a.npz", tmp_path / "b.npz", **more)  # type: ignore[arg-type]
    assert not (tmp_path / "b.npz").exists()
    with pytest.raises(InputError, match=r"ends in \.npz"):
        mend(folder / "a.npz", tmp_path / "b.mp4")


def test_around_a_span_the_whole_body_must_be_seen(folder: Path, tmp_path: Path) -> None:
    hidden = without(PoseTrack.load(folder / "a.npz"), INDEX["left_ankle"], frames=slice(97, 125))
    hidden.save(tmp_path / "hidden.npz")
    with pytest.raises(InputError, match="the whole body must be seen"):
        mend(
            tmp_path / "hidden.npz",
            tmp_path / "b.npz",
            spans=[(3.0, 4.0)],
            choreographer=folder / "moves",
        )
