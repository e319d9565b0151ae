"""RTMPose through rtmlib, with tiny ONNX models that have the inputs and outputs of the real ones.

The detector gives two fixed boxes and believes in them as far as there is blue in the picture; the
pose model puts all 133 keypoints where its crop is reddest.  So a picture tells what they must say.
"""

from __future__ import annotations

import sys
import urllib.error
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dancenow.errors import DanceNowWarning, InputError
from dancenow.pose.bodies import WHOLEBODY as MODEL
from dancenow.pose.estimators import RTMPoseEstimator, make_estimator
from dancenow.pose.estimators.wholebody import wholebody_to_layout
from dancenow.pose.layout import FACE_NAMES, INDEX, NUM_KEYPOINTS

WHOLEBODY = list(MODEL.rows)
BOXES = [[8, 8, 56, 72], [72, 8, 120, 72]]  # px of a 128 x 96 frame
DETECTOR_SIDE = 64  # the frame is shrunk by half


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    pytest.importorskip("rtmlib", reason="needs the extra rtmpose")
    onnx = pytest.importorskip("onnx", reason="needs onnx to make the models")
    folder = tmp_path_factory.mktemp("models")
    for name, model in (("detector", detector(onnx)), ("pose", pose(onnx, 133))):
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"{name}.onnx")
    return {name: folder / f"{name}.onnx" for name in ("detector", "pose")}


def _model(onnx, nodes, constants, input_shape, outputs):
    def info(name, shape):
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

    graph = onnx.helper.make_graph(
        nodes,
        "tiny",
        [info("input", input_shape)],
        [info(name, shape) for name, shape in outputs],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [onnx.helper.make_opsetid("", 13)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)


def detector(onnx):
    """(1, 3, 64, 64) BGR -> (1, 2, 5): x0, y0, x1, y1, score, like YOLOX with NMS built in."""
    node = onnx.helper.make_node
    boxes = np.array([[*box, 1.0] for box in BOXES], np.float32)[None]
    boxes[..., :4] /= 2
    constants = {
        "boxes": boxes,
        "is_score": np.array([0, 0, 0, 0, 1], np.float32),
        "is_box": np.array([1, 1, 1, 1, 0], np.float32),
        "grey": np.array(128, np.float32),  # rtmlib pads with grey
        "zero": np.array([0], np.int64),
    }
    nodes = [
        node("Gather", ["input", "zero"], ["first"], axis=1),  # blue, of BGR
        node("ReduceMax", ["first"], ["blue"], axes=[0, 1, 2, 3], keepdims=0),
        node("Sub", ["blue", "grey"], ["over"]),
        node("Div", ["over", "grey"], ["score"]),
        node("Mul", ["score", "is_score"], ["scores"]),
        node("Add", ["scores", "is_box"], ["factors"]),
        node("Mul", ["boxes", "factors"], ["dets"]),
    ]
    shape = (1, 3, DETECTOR_SIDE, DETECTOR_SIDE)
    return _model(onnx, nodes, constants, shape, [("dets", (1, 2, 5))])


def pose(onnx, points: int):
    """(1, 3, 64, 48) RGB -> SimCC (1, K, 96) and (1, K, 128), two bins a pixel."""
    node = onnx.helper.make_node
    constants = {"zero": np.array([0], np.int64)}
    nodes = [node("Gather", ["input", "zero"], ["red"], axis=1)]
    outputs = []
    for name, axis, length in (("x", 2, 48), ("y", 3, 64)):
        constants |= {
            f"column_{name}": np.array([1, 1, length, 1], np.int64),
            f"twice_{name}": np.array([1, points, length, 2], np.int64),
            f"bins_{name}": np.array([1, points, 2 * length], np.int64),
        }
        nodes += [
            node("ReduceMax", ["red"], [f"profile_{name}"], axes=[axis], keepdims=1),
            node("Reshape", [f"profile_{name}", f"column_{name}"], [f"tall_{name}"]),
            node("Expand", [f"tall_{name}", f"twice_{name}"], [f"wide_{name}"]),
            node("Reshape", [f"wide_{name}", f"bins_{name}"], [f"simcc_{name}"]),
        ]
        outputs.append((f"simcc_{name}", (1, points, 2 * length)))
    return _model(onnx, nodes, constants, (1, 3, 64, 48), outputs)


def picture(*red: tuple[int, int], blue: bool = True) -> np.ndarray:
    frame = np.zeros((96, 128, 3), np.uint8)
    for x, y in red:
        frame[y - 1 : y + 2, x - 1 : x + 2, 0] = 255
    if blue:
        frame[80:90, 60:70, 2] = 255
    return frame


def use_models(monkeypatch, detector: Path, pose: Path) -> None:
    """Let rtmlib take these files for its own models."""
    own = {
        "det": str(detector),
        "det_input_size": (DETECTOR_SIDE, DETECTOR_SIDE),
        "pose": str(pose),
        "pose_input_size": (48, 64),
    }
    monkeypatch.setattr("rtmlib.Wholebody.MODE", {"balanced": own})


@pytest.fixture
def estimator(models, monkeypatch) -> RTMPoseEstimator:
    use_models(monkeypatch, models["detector"], models["pose"])
    return RTMPoseEstimator()


def test_every_person_is_a_candidate_with_keypoints_where_the_model_puts_them(estimator):
    spots = [(30, 40), (100, 25)]
    (detection,) = estimator.stream([picture(*spots)])
    assert len(detection.candidates) == 2
    assert detection.mask is None
    for keypoints, spot in zip(detection.candidates, spots, strict=True):
        assert keypoints.shape == (NUM_KEYPOINTS, 3)
        # The crop is a fifth smaller than the box with its margin: a pixel is 1.25 px.
        assert_allclose(keypoints[WHOLEBODY, :2], [np.add(spot, 0.5)] * 133, atol=2)


def test_confidence_is_cut_to_one_and_the_pupils_have_none(estimator):
    (detection,) = estimator.stream([picture((30, 40), (100, 25))])
    confidence = detection.candidates[0][:, 2]
    assert_array_equal(confidence[WHOLEBODY], 1)
    assert confidence[INDEX["neck"]] == confidence[INDEX["mid_hip"]] == 1
    assert confidence[INDEX["face_left_pupil"]] == confidence[INDEX["face_right_pupil"]] == 0


def test_a_frame_in_which_the_detector_sees_nobody_has_no_candidate(estimator):
    seen, dark = estimator.stream([picture((30, 40)), picture((30, 40), blue=False)])
    assert len(seen.candidates) == 2
    assert dark.candidates == []


def test_nothing_is_printed_to_standard_output(models, monkeypatch, capsys):
    use_models(monkeypatch, models["detector"], models["pose"])
    RTMPoseEstimator()
    assert capsys.readouterr().out == ""


def test_a_model_file_that_is_broken_is_refused(models, monkeypatch, tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    use_models(monkeypatch, broken, models["pose"])
    with pytest.raises(InputError, match=r"broken\.onnx: is no usable ONNX model") as error:
        RTMPoseEstimator()
    assert "\n" not in str(error.value)


@pytest.fixture
def devices(monkeypatch) -> list[str]:
    """Where rtmlib's models are put; ONNX Runtime and PyTorch both have CUDA."""
    used = []

    class Model:
        def __init__(self, *_, device, **__):
            used.append(device)

    class Wholebody:
        MODE: ClassVar = {
            "balanced": dict.fromkeys(("det", "det_input_size", "pose", "pose_input_size"))
        }

    rtmlib = SimpleNamespace(YOLOX=Model, RTMPose=Model, Wholebody=Wholebody)
    monkeypatch.setitem(sys.modules, "rtmlib", rtmlib)
    have(monkeypatch, "CUDAExecutionProvider", "CPUExecutionProvider")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    return used


def have(monkeypatch, *providers: str) -> None:
    """Let ONNX Runtime have these providers only."""
    runtime = SimpleNamespace(get_available_providers=lambda: list(providers))
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_the_models_run_on_the_device_that_is_asked_for(devices, device):
    make_estimator("rtmpose", device=device)
    assert devices == [device, device]


def test_auto_is_cuda_where_both_pytorch_and_onnx_runtime_have_it(devices, monkeypatch):
    make_estimator("rtmpose", device="auto")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    make_estimator("rtmpose", device="auto")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    have(monkeypatch, "CPUExecutionProvider")
    make_estimator("rtmpose", device="auto")
    assert devices == ["cuda", "cuda", "cpu", "cpu", "cpu", "cpu"]


def test_cuda_that_onnx_runtime_does_not_have_is_told(devices, monkeypatch):
    have(monkeypatch, "CPUExecutionProvider")
    with pytest.warns(DanceNowWarning, match="runs on the CPU.*onnxruntime-gpu"):
        make_estimator("rtmpose", device="cuda")
    assert devices == ["cpu", "cpu"]


def test_without_rtmlib_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    with pytest.raises(InputError, match=r'pip install "dancenow\[rtmpose\]"'):
        make_estimator("rtmpose")


def test_without_a_network_the_message_says_what_else_can_be_done(monkeypatch, tmp_path):
    pytest.importorskip("rtmlib", reason="needs the extra rtmpose")

    def unreachable(*_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("rtmlib.tools.file.urlopen", unreachable)
    with pytest.raises(InputError, match=r"cannot be fetched.*check the network") as error:
        make_estimator("rtmpose")
    assert "\n" not in str(error.value)


def test_the_ordering_fills_every_keypoint_once_but_the_derived_and_the_pupils():
    derived = {INDEX[name] for name in ("neck", "mid_hip")}
    pupils = {INDEX["face_left_pupil"], INDEX["face_right_pupil"]}
    assert len(set(WHOLEBODY)) == len(WHOLEBODY) == 133
    assert set(range(NUM_KEYPOINTS)) - set(WHOLEBODY) == derived | pupils
    assert len(FACE_NAMES) == 70


def test_another_number_of_keypoints_is_an_error():
    with pytest.raises(ValueError, match="not 17"):
        wholebody_to_layout(np.zeros((1, 17, 2)), np.zeros((1, 17)))
