"""The number of threads follows what is measured."""

from __future__ import annotations

from collections.abc import Callable

import torch

from dancenow.training.threads import ThreadTuner


class Machine:
    """A clock that work moves on, at a speed that depends on the threads."""

    def __init__(self, seconds: Callable[[int], float]) -> None:
        self.seconds, self.now, self.threads = seconds, 0.0, 0
        self.used: list[int] = []
        self.tuner = ThreadTuner(4, now=lambda: self.now, apply=self.set)

    def set(self, threads: int) -> None:
        self.threads = threads

    def work(self, units: int) -> None:
        for _ in range(units):
            with self.tuner.measure():
                self.now += self.seconds(self.threads)
            self.used.append(self.threads)


def test_all_threads_compute_where_that_is_fastest() -> None:
    machine = Machine(lambda threads: 0.4 / threads)
    machine.work(400)
    assert machine.used[0] == 4 and machine.tuner.threads == 4
    assert machine.used.count(4) > 0.9 * len(machine.used)
    assert set(machine.used) == {1, 2, 4}


def test_fewer_compute_where_threads_wait_for_each_other() -> None:
    machine = Machine(lambda threads: 0.1 * threads**2)
    machine.work(300)
    assert machine.tuner.threads == 1
    assert machine.used.count(1) > 0.8 * len(machine.used)


def test_the_choice_is_made_again_when_the_machine_becomes_busy_or_free() -> None:
    machine = Machine(lambda threads: 0.4 / threads)
    machine.work(300)
    machine.seconds = lambda threads: 0.1 * threads
    machine.work(600)
    assert machine.tuner.threads == 1
    machine.seconds = lambda threads: 0.4 / threads
    machine.work(600)
    assert machine.tuner.threads == 4


def test_a_difference_within_noise_changes_nothing() -> None:
    machine = Machine(lambda threads: 0.1 + 0.001 * threads)
    machine.work(400)
    assert machine.tuner.threads == 4


def test_a_single_core_is_left_alone() -> None:
    applied: list[int] = []
    tuner = ThreadTuner(1, apply=applied.append)
    for _ in range(10):
        with tuner.measure():
            pass
    assert applied == [] and tuner.threads == 1


def test_two_tuners_do_not_take_each_others_threads() -> None:
    applied: list[int] = []
    one, other = (ThreadTuner(most, apply=applied.append) for most in (4, 2))
    for tuner in (one, other, one):
        with tuner.measure():
            pass
    assert applied == [4, 2, 4]


def test_a_tuner_that_ended_with_few_threads_leaves_the_next_one_its_choice() -> None:
    before = torch.get_num_threads()
    most = ThreadTuner(apply=lambda _: None).threads
    try:
        torch.set_num_threads(most + 1)  # as a tuner's choice would
        assert ThreadTuner(apply=lambda _: None).threads == most
    finally:
        torch.set_num_threads(before)


def test_the_first_work_with_a_count_decides_nothing() -> None:
    machine = Machine(lambda threads: 0.4 / threads)
    with machine.tuner.measure():
        machine.now += 100  # while PyTorch warms up
    machine.work(100)
    assert machine.tuner.threads == 4
