"""Laws of `reference.training.meters`."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from properties.closeness import assert_equal
from properties.machines import SavedMachine, run_machine
from properties.rejection import assert_rejects
from reference.training.meters import Meter

VALUES = st.integers(-64, 64).map(lambda value: value / 16)


@dataclass
class Log:
    """Every value of a rank since its last reset, and the exact sum and number of samples that it knows of."""

    values: list[float] = field(default_factory=list)
    total: Fraction = Fraction(0)
    samples: int = 0

    def add(self, value, samples):
        self.values.append(value)
        self.total, self.samples = self.total + Fraction(value) * samples, self.samples + samples

    def reading(self, window):
        last = self.values[-window:]
        mean = float(sum(map(Fraction, last)) / len(last))
        return float(np.median(last)), mean, max(last), last[-1], float(self.total / self.samples)


class Meters(SavedMachine):
    """Two ranks that update, reset and synchronise their meters; the model is their logs."""

    def __init__(self, empty, updated, read, synchronized, window):
        super().__init__([empty(window) for _ in range(2)], [Log() for _ in range(2)])
        self.empty, self.updated, self.read, self.synchronized = empty, updated, read, synchronized
        self.window = window

    @rule(rank=st.integers(0, 1), stream=st.lists(st.tuples(VALUES, st.integers(1, 5)), min_size=1, max_size=5))
    def update(self, rank, stream):
        for value, samples in stream:
            self.state[rank] = self.updated(self.state[rank], value, samples)
            self.model[rank].add(value, samples)

    @rule(rank=st.integers(0, 1))
    def reset(self, rank):
        self.state[rank], self.model[rank] = self.empty(self.window), Log()

    @rule()
    def synchronize(self):
        self.state = self.synchronized(self.state)
        joint = sum(log.total for log in self.model), sum(log.samples for log in self.model)
        for log in self.model:
            log.total, log.samples = joint

    @invariant()
    def agrees(self):
        for meter, log in zip(self.state, self.model, strict=True):
            if log.values:
                assert_equal(tuple(self.read(meter)), log.reading(self.window))


@given(window=st.integers(1, 4), data=st.data())
def test_update_meter_follows_a_log_of_all_values(
    empty_meter, update_meter, read_meter, synchronize_meters, window, data
):
    """Two ranks that update, reset, save and load, and synchronise in any order show what full logs of them show."""
    run_machine(Meters(empty_meter, update_meter, read_meter, synchronize_meters, window), data)


@given(
    stream=st.lists(st.tuples(VALUES, st.integers(1, 5)), min_size=1, max_size=6),
    cuts=st.tuples(*[st.integers(0, 6)] * 2),
)
def test_synchronize_meters_makes_global_mean_that_of_the_stream(
    synchronize_meters, update_meter, read_meter, empty_meter, stream, cuts
):
    """However a stream is cut over three ranks, each that saw a value shows the mean of all of it, and its own last
    values in its own window.
    """
    first, second = sorted(cuts)
    parts = stream[:first], stream[first:second], stream[second:]
    meters = []
    for part in parts:
        meter = empty_meter(3 + len(meters))
        for value, samples in part:
            meter = update_meter(meter, value, samples)
        meters.append(meter)
    assert_equal(synchronize_meters([]), [])
    everything = [Fraction(value) for value, samples in stream for _ in range(samples)]
    for meter, own, part in zip(synchronize_meters(meters), meters, parts, strict=True):
        assert_equal((meter.window, meter.recent), (own.window, own.recent))
        if part:
            reading = read_meter(meter)
            assert_equal(reading.global_mean, float(sum(everything) / len(everything)))
            assert_equal(reading.latest, part[-1][0])


def test_update_meter_counts_one_sample_in_a_window_of_twenty(empty_meter, update_meter, read_meter):
    """Unless told otherwise a value is one sample, and the twenty-first pushes out the first."""
    meter = update_meter(empty_meter(), 20.0)
    for _ in range(19):
        meter = update_meter(meter, 0.0, 1)
    assert_equal(tuple(read_meter(meter)), (0.0, 1.0, 20.0, 0.0, 1.0))
    assert_equal(tuple(read_meter(update_meter(meter, -1.0))), (0.0, -0.05, 0.0, -1.0, 19 / 21))
    assert_equal(tuple(read_meter(update_meter(empty_meter(1), 0.1))), (0.1,) * 5)


@pytest.mark.parametrize("bad", [0, -1])
def test_read_meter_rejects_nothing_to_show(empty_meter, update_meter, read_meter, bad):
    """A window holds a value, a value stands for a sample, and without values there is no mean."""
    assert_rejects(empty_meter, bad)
    assert_rejects(update_meter, Meter(3), 0.5, bad)
    assert_rejects(read_meter, Meter(3))
