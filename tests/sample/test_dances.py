"""Dances: the same for a seed, without end, without seams, with feet that stand still."""

from __future__ import annotations

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.sample import DANCES, PERFORMERS
from dancenow.sample.dances import Choreography
from dancenow.sample.kinematics import build_skeleton, forward_kinematics
from dancenow.sample.moves import ARMS, BEATS, STEPS
from dancenow.sample.stance import CHANNEL, Solver

SIDES = ("left", "right")
BODIES = {name: build_skeleton(look.proportions) for name, look in PERFORMERS.items()}


def test_dances_use_known_moves_and_every_move_is_danced() -> None:
    assert len(DANCES) >= 4
    steps = {name for dance in DANCES.values() for name in dance.steps}
    arms = {name for dance in DANCES.values() for name in dance.arms}
    assert steps == set(STEPS)
    assert arms == set(ARMS)


@pytest.mark.parametrize("name", DANCES)
def test_a_seed_gives_one_dance_and_another_seed_another(name: str) -> None:
    times = np.arange(0, 20, 0.25)
    once = Choreography(name, 3).stances(times)
    assert np.array_equal(once, Choreography(name, 3).stances(times))
    assert not np.allclose(once, Choreography(name, 4).stances(times))


def test_any_moment_can_be_asked_for_in_any_order() -> None:
    times = np.array([0.0, 31.3, 4000.7, 2.2, 500.01])
    together = Choreography("groove", 1).stances(times)
    for t, stance in list(zip(times, together, strict=True))[::-1]:
        assert np.array_equal(Choreography("groove", 1).stances(t)[0], stance)


def test_a_long_dance_keeps_changing() -> None:
    choreography = Choreography("groove", 0)
    assert len({choreography.moves(phrase) for phrase in range(40)}) > 8


@pytest.mark.parametrize("name", DANCES)
def test_motion_has_no_seam_where_phrases_meet(name: str) -> None:
    choreography = Choreography(name, 5)
    phrase = BEATS * choreography.dance.beat
    h = 1e-4
    for k in range(1, 12):
        before, at, after = choreography.stances(np.array([-h, 0, h]) + k * phrase)
        assert np.abs(at - before).max() < 30 * h
        # Position and velocity are continuous: both sides give the same slope.
        assert np.abs((after - at) - (at - before)).max() / h < 0.3


@pytest.mark.parametrize("name", DANCES)
def test_joints_move_as_fast_as_people_can_and_no_faster(name: str) -> None:
    choreography = Choreography(name, 2)
    solver = Solver(BODIES["mika"], choreography.dance.swing)
    rate = 50
    stances = choreography.stances(np.arange(0, 16, 1 / rate))
    path = np.stack([forward_kinematics(BODIES["mika"], solver.pose(s)).positions for s in stances])
    speed = np.linalg.norm(np.diff(path, axis=0), axis=-1) * rate
    assert speed.max() < 12.0  # m/s; a fingertip in a quick gesture
    assert np.percentile(speed, 99.9) < 7.0


@pytest.mark.parametrize("name", DANCES)
def test_a_foot_on_the_floor_does_not_slide(name: str) -> None:
    stances = Choreography(name, 7).stances(np.arange(0, 24, 0.02))
    for side in SIDES:
        place_ = stances[:, [CHANNEL[f"{side}_foot_x"], CHANNEL[f"{side}_foot_z"]]]
        moves = np.abs(np.diff(place_, axis=0)).max(axis=1) > 1e-5
        lifted = stances[:, CHANNEL[f"{side}_foot_y"]] > 0
        assert moves.any()
        assert (lifted[1:] | lifted[:-1])[moves].all()


@pytest.mark.parametrize("performer", PERFORMERS)
@pytest.mark.parametrize("name", DANCES)
def test_every_body_puts_its_feet_where_the_dance_says(name: str, performer: str) -> None:
    skeleton = BODIES[performer]
    choreography = Choreography(name, 1)
    solver = Solver(skeleton, choreography.dance.swing)
    for stance in choreography.stances(np.arange(0, 12, 0.17)):
        placed = forward_kinematics(skeleton, solver.pose(stance))
        for side in SIDES:
            ball = placed.at(f"{side}_toe")
            rest = skeleton.at(f"{side}_toe")
            want = np.array([stance[CHANNEL[f"{side}_foot_{axis}"]] for axis in "xyz"])
            got = (ball - [0, rest[1], rest[2]]) / skeleton.leg
            assert np.abs(got - want).max() < 0.02


def test_an_unknown_dance_is_an_input_error_that_lists_the_dances() -> None:
    with pytest.raises(InputError, match=r"tango.*disco"):
        Choreography("tango")
