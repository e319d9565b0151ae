"""BVH files: what is written is read again, what others wrote is read, what is damaged is told."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from dancenow.errors import DanceNowWarning, InputError
from dancenow.mocap import Bvh, read_bvh, write_bvh
from dancenow.mocap.bvh import Joint

Array = NDArray[np.float64]

TURN = ("Zrotation", "Xrotation", "Yrotation")
MOVE = ("Xposition", "Yposition", "Zposition")

ARM = """\
HIERARCHY
ROOT Hips
{
	OFFSET 0 0 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	JOINT Arm
	{
		OFFSET 10 0 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		End Site
		{
			OFFSET 5 0 0
		}
	}
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3 90 0 0 0 0 90
0 0 0 0 0 0 0 0 0
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bvh")


def read(folder: Path, text: str | bytes) -> Bvh:
    path = folder / "some.bvh"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_bvh(path)


def single(name: str, channels: tuple[str, ...], *values: float) -> Bvh:
    """A root at the origin, and a joint of some channels that carries an end one unit along y."""
    joints = (
        Joint("root", -1, (0.0, 0.0, 0.0), ()),
        Joint(name, 0, (4.0, 5.0, 6.0), channels),
        Joint(f"{name}_end", 1, (0.0, 1.0, 0.0), ()),
    )
    return Bvh(joints, np.array([values], np.float64), 25.0)


class TestKinematics:
    def test_a_turned_root_carries_its_joints(self, folder: Path) -> None:
        places, turns = read(folder, ARM).kinematics()
        # The root is turned about z, from x to y; the arm about its own y, from x to -z.
        assert_allclose(places[0], [[1, 2, 3], [1, 12, 3], [1, 12, -2]], atol=1e-12)
        assert_allclose(places[1], [[0, 0, 0], [10, 0, 0], [15, 0, 0]], atol=1e-12)
        assert_allclose(turns[0, 0] @ [1, 0, 0], [0, 1, 0], atol=1e-12)
        assert_allclose(turns[0, 1] @ [1, 0, 0], [0, 0, -1], atol=1e-12)

    @pytest.mark.parametrize(
        ("first", "second", "end"),
        [
            ("Zrotation", "Xrotation", (0, 0, 1)),  # about x: to z, which turning about z leaves
            ("Xrotation", "Zrotation", (-1, 0, 0)),  # about z: to -x, which turning about x leaves
            ("Yrotation", "Xrotation", (1, 0, 0)),  # about x: to z, and about y: to x
            ("Xrotation", "Yrotation", (0, 0, 1)),
        ],
    )
    def test_channels_turn_in_their_order_the_last_one_first(
        self, first: str, second: str, end: tuple[int, int, int]
    ) -> None:
        places, _ = single("arm", (first, second), 90, 90).kinematics()
        assert_allclose(places[0, 2] - places[0, 1], end, atol=1e-12)

    def test_channels_may_turn_about_one_axis_twice(self) -> None:
        places, _ = single("arm", ("Zrotation", "Xrotation", "Zrotation"), 0, 90, 90).kinematics()
        assert_allclose(places[0, 2] - places[0, 1], (-1, 0, 0), atol=1e-12)

    def test_a_position_stands_in_for_the_offset_also_below_the_root(self) -> None:
        places, _ = single("arm", (*MOVE, *TURN), 7, 8, 9, 90, 0, 0).kinematics()
        assert_allclose(places[0, 1:], [[7, 8, 9], [6, 8, 9]], atol=1e-12)

    def test_axes_without_position_keep_the_offset(self) -> None:
        places, _ = single("arm", ("Yposition",), 8).kinematics()
        assert_allclose(places[0, 1], (4, 8, 6), atol=1e-12)

    def test_the_rest_pose_adds_up_the_offsets(self) -> None:
        assert_allclose(single("arm", ()).rest(), [[0, 0, 0], [4, 5, 6], [4, 6, 6]])

    def test_values_must_fit_the_channels(self) -> None:
        with pytest.raises(ValueError, match=r"values must be \(T, 3\), not \(1, 2\)"):
            single("arm", TURN, 1, 2)


@st.composite
def skeletons(draw: st.DrawFn) -> Bvh:
    """Some tree of joints, parents first but in no further order, and some motion."""
    count = draw(st.integers(1, 12))
    parents = [-1, *(draw(st.integers(0, number)) for number in range(count - 1))]
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    joints = []
    for number, parent in enumerate(parents):
        channels = list(TURN)
        rng.shuffle(channels)
        wide = parent < 0 or rng.random() < 0.2
        offset = tuple(rng.uniform(-50, 50, 3).tolist())
        joints.append(
            Joint(f"joint {number}", parent, offset, (*(MOVE if wide else ()), *channels))
        )
    for parent in set(range(count)) - set(parents):
        joints.append(Joint(f"joint {parent}_end", parent, (0.0, 1.0, 0.0), ()))
    columns = sum(len(joint.channels) for joint in joints)
    values = rng.uniform(-180, 180, (draw(st.integers(1, 4)), columns))
    return Bvh(tuple(joints), values, draw(st.sampled_from([12.5, 24.0, 30.0, 60 / 1.001, 120.0])))


class TestRoundTrip:
    @settings(deadline=None, max_examples=40)
    @given(bvh=skeletons())
    def test_what_is_written_is_read_again(self, bvh: Bvh, folder: Path) -> None:
        write_bvh(bvh, folder / "round.bvh")
        again = read_bvh(folder / "round.bvh")
        order = [bvh.names.index(name) for name in again.names]
        assert sorted(order) == list(range(len(bvh.joints)))
        for joint, number in zip(again.joints, order, strict=True):
            old = bvh.joints[number]
            assert joint.channels == old.channels
            assert (again.names[joint.parent] if joint.parent >= 0 else None) == (
                bvh.names[old.parent] if old.parent >= 0 else None
            )
        assert again.fps == pytest.approx(bvh.fps, rel=1e-6)
        for after, before in zip(again.kinematics(), bvh.kinematics(), strict=True):
            assert_allclose(after, before[:, order], atol=1e-3)

    def test_written_again_a_file_stays_the_same(self, folder: Path) -> None:
        write_bvh(read(folder, ARM), folder / "one.bvh")
        write_bvh(read_bvh(folder / "one.bvh"), folder / "two.bvh")
        assert (folder / "one.bvh").read_bytes() == (folder / "two.bvh").read_bytes()

    def test_what_is_written_is_laid_out_as_others_lay_it_out(self, folder: Path) -> None:
        write_bvh(read(folder, ARM), folder / "one.bvh")
        lines = (folder / "one.bvh").read_text().splitlines()
        plain = ARM.replace("OFFSET 0 0 0", "OFFSET 0.000000 0.000000 0.000000")
        plain = plain.replace("OFFSET 10 0 0", "OFFSET 10.000000 0.000000 0.000000")
        plain = plain.replace("OFFSET 5 0 0", "OFFSET 5.000000 0.000000 0.000000")
        assert lines[:-3] == plain.splitlines()[:-3]
        assert lines[-3] == "Frame Time: 0.04000000"
        assert lines[-2].startswith("1.000000 2.000000 3.000000 90.000000 ")

    def test_a_joint_without_channels_is_no_end_where_it_has_children(self, folder: Path) -> None:
        joints = (
            Joint("root", -1, (0.0, 0.0, 0.0), TURN),
            Joint("stiff", 0, (1.0, 0.0, 0.0), ()),
            Joint("tip", 1, (1.0, 0.0, 0.0), TURN),
        )
        write_bvh(Bvh(joints, np.arange(6.0)[None], 30.0), folder / "stiff.bvh")
        again = read_bvh(folder / "stiff.bvh")
        assert again.names == ["root", "stiff", "tip"]
        assert [joint.parent for joint in again.joints] == [-1, 0, 1]
        assert_allclose(again.values, np.arange(6.0)[None])

    def test_a_long_chain_is_no_trouble(self, folder: Path) -> None:
        joints = tuple(Joint(f"j{n}", n - 1, (0.0, 1.0, 0.0), TURN) for n in range(1000))
        write_bvh(Bvh(joints, np.zeros((1, 3000)), 30.0), folder / "chain.bvh")
        places, _ = read_bvh(folder / "chain.bvh").kinematics()
        assert_allclose(places[0, -1], (0, 1000, 0))


LAYOUTS = {
    "windows": ARM.replace("\n", "\r\n"),
    "old mac": ARM.replace("\n", "\r"),
    "empty lines": ARM.replace("\n", "\n\n"),
    "tabs": ARM.replace(" ", "\t").replace("Frame\tTime", "Frame Time"),
    "wide": ARM.replace(" ", "   "),
    "upper case": ARM.upper().replace("HIPS", "Hips").replace("ARM", "Arm"),
    "lower case": ARM.lower().replace("hips", "Hips").replace("arm", "Arm"),
    "mixed case": ARM.replace("Zposition", "ZPosition"),
    "braces behind names": ARM.replace("\n{", " {").replace("\n\t{", "{"),
    "no blank behind colons": ARM.replace("Frames: 2", "Frames:2").replace("Time: ", "Time:"),
    "a blank before the colon": ARM.replace("Frames: 2", "Frames :\t2"),
    "frames of two lines": ARM.replace("0 0 0 0 0 0 0 0 0", "0 0 0 0\n0 0 0 0 0"),
    "numbers": ARM.replace("1 2 3 90", "1. 2.0e0 +3 9E+1"),
    "no last line end": ARM.rstrip(),
    "blanks behind": ARM + "\n \n\n",
    "blanks before": "\n \n" + ARM,
    "byte order mark": "\ufeff" + ARM,
}


class TestWhatOthersWrote:
    @pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
    def test_a_file_may_be_laid_out_otherwise(self, text: str, folder: Path) -> None:
        usual, other = read(folder, ARM), read(folder, text)
        assert other.joints == usual.joints
        assert_allclose(other.values, usual.values)
        assert other.fps == usual.fps == 25

    def test_names_may_hold_blanks_and_signs(self, folder: Path) -> None:
        text = ARM.replace("ROOT Hips", "ROOT Bip01 Pelvis").replace(
            "JOINT Arm", "JOINT  mixamorig:L.arm-02\tüpper"
        )
        assert read(folder, text).names == [
            "Bip01 Pelvis",
            "mixamorig:L.arm-02 üpper",
            "mixamorig:L.arm-02 üpper_end",
        ]

    def test_names_may_be_in_another_encoding(self, folder: Path) -> None:
        names = read(folder, ARM.replace("Arm", "Ärmel").encode("latin-1")).names
        assert names == ["Hips", "\ufffdrmel", "\ufffdrmel_end"]

    def test_two_roots_are_two_trees(self, folder: Path) -> None:
        root = "ROOT {}\n{{\nOFFSET 1 2 3\nCHANNELS 1 Yrotation\n}}\n"
        text = "HIERARCHY\n" + root.format("a") + root.format("b")
        bvh = read(folder, text + "MOTION\nFrames: 1\nFrame Time: 0.1\n5 6\n")
        assert [(joint.name, joint.parent) for joint in bvh.joints] == [("a", -1), ("b", -1)]

    @pytest.mark.parametrize(
        ("written", "fps"),
        [
            ("0.04", 25.0),
            (".03333", 30.0),
            ("0.0333333", 30.0),
            (".0083333", 120.0),
            ("0.00833333", 120.0),
            ("0.016667", 60.0),
            ("0.0333667", 30 / 1.001),
            ("0.0417083", 24 / 1.001),
            ("0.08", 12.5),
            ("2", 0.5),
        ],
    )
    def test_a_rounded_time_means_a_usual_rate(
        self, written: str, fps: float, folder: Path
    ) -> None:
        assert read(folder, ARM.replace("0.04", written)).fps == pytest.approx(fps, rel=1e-12)


HEAD, MOTION = ARM.split("MOTION\n")


def changed(old: str, new: str) -> str:
    assert old in ARM
    return ARM.replace(old, new, 1)


DAMAGED = [
    # The hierarchy.
    (HEAD, "MOTION is missing"),
    (HEAD.split("JOINT")[0], "MOTION is missing"),
    ("HIERARCHY", "MOTION is missing"),
    ("HIERARCHY\nMOTION\n" + MOTION, "ROOT is missing"),
    (changed("ROOT Hips", "JOINT Hips"), "'JOINT' is not expected at the beginning"),
    (changed("ROOT Hips", "End Site"), "'End' is not expected at the beginning"),
    (changed("ROOT Hips", "} ROOT Hips"), "'}' is not expected at the beginning"),
    (changed("JOINT Arm", "ROOT Arm"), "'ROOT' is not expected after Hips"),
    (changed("End Site", "BONE Site"), "'BONE' is not expected after Arm"),
    (changed("OFFSET 5 0 0", "OFFSET 5 0 0 0"), "'0' is not expected after Arm_end"),
    (
        changed("OFFSET 5 0 0", "OFFSET 5 0 0\nJOINT x\n{"),
        "'JOINT' is not expected after Arm_end",
    ),
    (changed("}\nMOTION", "MOTION"), "Hips is not closed before MOTION"),
    (changed("}\nMOTION", "}\n}\nMOTION"), "'}' is not expected after Arm_end"),
    (changed("Arm\n\t{\n\t\tOFFSET", "Arm\n\t\tOFFSET"), "{ is missing after 'Arm'"),
    (changed("Arm\n\t{", "{"), "a joint has no readable name"),
    (changed("Arm", "A\x07rm"), "a joint has no readable name"),
    (changed("Arm", 101 * "a"), "a joint has no readable name"),
    (HEAD[: HEAD.index("Hips")] + "\nMOTION\n", "it ends where { should be"),
    (HEAD[: HEAD.index("OFFSET")] + "\nMOTION\n", "it ends where the OFFSET of Hips should be"),
    (changed("OFFSET 10 0 0", "LENGTH 10 0 0"), "the OFFSET of Arm is missing"),
    (
        changed("OFFSET 10 0 0", "OFFSET 10 zero 0"),
        "'zero' in the OFFSET of Arm is not a number, or far too large",
    ),
    (
        changed("OFFSET 10 0 0", "OFFSET 10 0"),
        "'CHANNELS' in the OFFSET of Arm is not a number, or far too large",
    ),
    (
        changed("OFFSET 10 0 0", "OFFSET 10 nan 0"),
        "'nan' in the OFFSET of Arm is not a number, or far too large",
    ),
    (
        changed("OFFSET 10 0 0", "OFFSET 10 -1e300 0"),
        "'-1e300' in the OFFSET of Arm is not a number, or far too large",
    ),
    (changed("CHANNELS 3", "CHANELS 3"), "the CHANNELS of Arm are missing"),
    (
        changed("CHANNELS 3", "CHANNELS three"),
        "the number of CHANNELS of Arm must be a whole number, not 'three'",
    ),
    (
        changed("CHANNELS 3", "CHANNELS -1"),
        "the number of CHANNELS of Arm must be a whole number, not '-1'",
    ),
    (
        changed("CHANNELS 3", f"CHANNELS {'9' * 5000}"),
        "the number of CHANNELS of Arm must be a whole number, not '99999999999999999999...'",
    ),
    (changed("CHANNELS 3", "CHANNELS 4"), "'End' is not one of Arm's 4 channels"),
    (changed("CHANNELS 3", "CHANNELS 99999999"), "'End' is not one of Arm's 99999999 channels"),
    (changed("CHANNELS 3", "CHANNELS 2"), "'Yrotation' is not expected after Arm"),
    (changed("CHANNELS 3 Z", "CHANNELS 3 W"), "'Wrotation' is not one of Arm's 3 channels"),
    # The motion.
    (HEAD + "MOTION", "Frames: is missing"),
    (HEAD + "MOTION\nFrames 2\n", "Frames: is missing"),
    (changed("Frames: 2\n", ""), "Frames: is missing"),
    (changed("Frames: 2", "Frames: x"), "Frames must be a whole number, not 'x'"),
    (changed("Frames: 2", "Frames:"), "Frames must be a whole number, not ''"),
    (changed("Frames: 2", "Frames: 2.5"), "Frames must be a whole number, not '2.5'"),
    (changed("Frames: 2", "Frames: 0"), "Frames must be 1 to 1000000, not 0"),
    (changed("Frames: 2", "Frames: 1000001"), "Frames must be 1 to 1000000, not 1000001"),
    (
        changed("Frames: 2", "Frames: 99999999999"),
        "Frames must be a whole number, not '99999999999'",
    ),
    (changed("Frame Time: 0.04\n", ""), "Frame Time: is missing"),
    (
        changed("Time: 0.04", "Time: fast"),
        "'fast' in Frame Time is not a number, or far too large",
    ),
    (changed("Time: 0.04", "Time:"), "'' in Frame Time is not a number, or far too large"),
    (
        changed("Time: 0.04", "Time: 0"),
        "Frame Time must be 0.0001 to 10 seconds, not '0'",
    ),
    (
        changed("Time: 0.04", "Time: -0.04"),
        "Frame Time must be 0.0001 to 10 seconds, not '-0.04'",
    ),
    (
        changed("Time: 0.04", "Time: 33.3"),
        "Frame Time must be 0.0001 to 10 seconds, not '33.3'",
    ),
    (
        changed("1 2 3 90", "1 2 3"),
        "17 values follow instead of 2 frames of 9 values",
    ),
    (changed("1 2 3 90", "1 2 3 4 90"), "19 values follow instead of 2 frames of 9 values"),
    (
        changed("1 2 3 90 0 0 0 0 90", "1 2 3 90 0 0 0 0 90 0").replace("Frames: 2", "Frames: 1"),
        "19 values follow instead of 1 frames of 9 values",
    ),
    (
        changed("1 2 3 90", "1 2 0,5 90"),
        "'0,5' in the motion is not a number, or far too large",
    ),
    (
        changed("1 2 3 90", "1 2 NaN 90"),
        "'NaN' in the motion is not a number, or far too large",
    ),
    (
        changed("1 2 3 90", "1 2 inf 90"),
        "'inf' in the motion is not a number, or far too large",
    ),
    (
        changed("1 2 3 90", f"1 2 {'x' * 5000} 90"),
        "'xxxxxxxxxxxxxxxxxxxx...' in the motion is not a number, or far too large",
    ),
    (
        "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 0\n}\nMOTION\n" + MOTION,
        "no joint has CHANNELS",
    ),
]


class TestOdd:
    """What programs write that is odd, and means one thing only."""

    @pytest.mark.parametrize(
        ("text", "frames"),
        [
            (ARM + "0 0 0 0 0 0 0 0 0\n", 3),
            (changed("Frames: 2", "Frames: 3"), 2),
            (changed("Frames: 2", "Frames: 1000000"), 2),
        ],
    )
    def test_of_frames_those_that_are_there_are_read(
        self, text: str, frames: int, folder: Path
    ) -> None:
        with pytest.warns(DanceNowWarning, match=f"holds {frames} whole frames, not the"):
            bvh = read(folder, text)
        assert len(bvh) == frames and bvh.values[0].tolist() == [1, 2, 3, 90, 0, 0, 0, 0, 90]

    @pytest.mark.parametrize(
        "data",
        [
            ARM.replace("\n", "\r\n").encode() + b"\x1a",
            ARM.encode() + b"\0" * 100,
            ARM.encode("utf-16"),
            ARM.encode("utf-16-be"),
            ARM.encode("utf-8-sig"),
        ],
    )
    def test_ends_of_files_and_encodings_change_nothing(self, data: bytes, folder: Path) -> None:
        assert_array_equal(read(folder, data).values, read(folder, ARM).values)
        assert read(folder, data).joints == read(folder, ARM).joints

    def test_an_end_without_a_place_is_left_out(self, folder: Path) -> None:
        bvh = read(folder, changed("\t\t\tOFFSET 5 0 0\n", ""))
        assert bvh.names == ["Hips", "Arm"]

    def test_lengths_are_taken_from_positions_where_there_are_no_offsets(
        self, folder: Path
    ) -> None:
        text = changed("OFFSET 10 0 0", "OFFSET 0 0 0")
        text = text.replace("3 Zrot", "6 Xposition Yposition Zposition Zrot")
        text = text.replace("90 0 0 0 0 90", "90 0 0 9 1 0 0 0 90")
        text = text.replace("0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 11 1 0 0 0 0")
        assert_allclose(read(folder, text).rest()[1], [10, 1, 0])

    @pytest.mark.parametrize("name", ["plus1", "minus1", "crlf_ctrlz", "nul", "utf16"])
    def test_files_of_users(self, cases: Path, name: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            some, other = read_bvh(cases / f"bvh_{name}.bvh"), read_bvh(cases / "bvh_nul.bvh")
        assert_array_equal(some.values[:29], other.values[:29])

    @pytest.mark.parametrize("name", ["glued", "comma"])
    def test_numbers_that_mean_two_things_are_refused(self, cases: Path, name: str) -> None:
        with pytest.raises(InputError, match="in the motion is not a number"):
            read_bvh(cases / f"bvh_{name}.bvh")


class TestDamaged:
    """Each damaged file is told from the others in one line."""

    @pytest.mark.parametrize(("text", "why"), DAMAGED, ids=[why for _, why in DAMAGED])
    def test_the_message_says_what_is_wrong(self, text: str, why: str, folder: Path) -> None:
        with pytest.raises(InputError) as error:
            read(folder, text)
        assert str(error.value) == f"{folder / 'some.bvh'}: the BVH file is damaged: {why}."

    @pytest.mark.parametrize(
        ("more", "why"),
        [
            (1000 * "End Site\n{\nOFFSET 0 0 0\n}\n", "it has more than 1000 joints"),
            (100_000 * "a ", "the hierarchy is too long"),
        ],
    )
    def test_a_hierarchy_has_an_end(self, more: str, why: str, folder: Path) -> None:
        with pytest.raises(InputError) as error:
            read(folder, changed("\tJOINT Arm", f"{more}\tJOINT Arm"))
        assert str(error.value) == f"{folder / 'some.bvh'}: the BVH file is damaged: {why}."

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\n\n",
            b"MOTION\n",
            b"\x00\x01\x02\xff\xfe" * 5000,
            b"Kaydara FBX Binary  \x00\x1a\x00",
        ],
    )
    def test_what_is_no_bvh_file_is_told_so(self, data: bytes, folder: Path) -> None:
        with pytest.raises(InputError) as error:
            read(folder, data)
        assert str(error.value) == (
            f"{folder / 'some.bvh'}: is not a BVH file: it does not begin with HIERARCHY."
        )

    @pytest.mark.parametrize("name", ["none.bvh", "."])
    def test_what_is_no_file_is_told_so(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(InputError) as error:
            read_bvh(tmp_path / name)
        assert str(error.value) == f"{tmp_path / name}: no such file."

    @pytest.mark.parametrize(
        "end",
        # Not after a whole row, which is read.
        [n for n in range(0, len(ARM) - 2, 3) if len(ARM[:n].rpartition("0.04")[2].split()) != 9],
    )
    def test_a_file_that_breaks_off_is_damaged(self, end: int, folder: Path) -> None:
        with pytest.raises(InputError) as error:
            read(folder, ARM[:end])
        assert "\n" not in str(error.value)

    @settings(deadline=None, max_examples=300)
    @given(
        place=st.integers(0, len(ARM)),
        length=st.integers(0, 30),
        new=st.one_of(
            st.binary(max_size=8),
            st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
            st.sampled_from(
                [b"{", b"}", b"\n", b" ROOT a {", b" End Site {", b"MOTION\n", b"OFFSET 1 2 3 ",
                 b" 1e999 ", b" -0 ", b":", b"Frames: 3\n", b"CHANNELS 2 "]
            ),
        ),
    )  # fmt: skip
    def test_whatever_is_changed_a_file_is_read_or_refused_in_one_line(
        self, place: int, length: int, new: bytes, folder: Path
    ) -> None:
        data = ARM.encode()
        try:
            bvh = read(folder, data[:place] + new + data[place + length :])
        except InputError as error:
            assert len(str(error).splitlines()) == 1
        else:
            places, _ = bvh.kinematics()
            assert np.isfinite(places).all()
            assert np.isfinite(bvh.fps)


def test_captures_can_be_read_before_anything_else_is_imported() -> None:
    code = "import sys, dancenow.mocap; print('dancenow.sample' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "False", result.stderr
