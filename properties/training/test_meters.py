"""Laws of `reference.training.meters`."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_equal
from properties.rejection import assert_rejects
from reference.training.meters import Meter

RANKS = st.integers(0, 1)
VALUES = st.integers(-64, 64).map(lambda value: value / 16)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("update"), RANKS, VALUES, st.integers(1, 5)),
        st.tuples(st.sampled_from(["reset", "save", "synchronize"]), RANKS),
    ),
    max_size=8,
)


class Log:
    """Every value of a rank since its last reset, and the exact sum and number of samples that it knows of."""

    def __init__(self):
        self.values, self.total, self.samples = [], Fraction(0), 0

    def add(self, value, samples):
        self.values.append(value)
        self.total, self.samples = self.total + Fraction(value) * samples, self.samples + samples

    def reading(self, window):
        last = self.values[-window:]
        mean = float(sum(map(Fraction, last)) / len(last))
        return float(np.median(last)), mean, max(last), last[-1], float(self.total / self.samples)


@given(window=st.integers(1, 4), operations=OPERATIONS, last=VALUES)
def test_update_meter_follows_a_log_of_all_values(
    empty_meter, update_meter, read_meter, synchronize_meters, window, operations, last
):
    """Two ranks that update, reset, save and load, and synchronise in any order show what full logs of them show."""
    meters, logs = [empty_meter(window) for _ in range(2)], [Log() for _ in range(2)]
    for name, rank, *data in [*operations, *(("update", rank, last, 2) for rank in range(2))]:
        if name == "update":
            meters[rank] = update_meter(meters[rank], *data)
            logs[rank].add(*data)
        elif name == "reset":
            meters[rank], logs[rank] = empty_meter(window), Log()
        elif name == "save":
            meters[rank] = pickle.loads(pickle.dumps(meters[rank]))
        else:
            meters = synchronize_meters(meters)
            joint = sum(log.total for log in logs), sum(log.samples for log in logs)
            for log in logs:
                log.total, log.samples = joint
    for meter, log in zip(meters, logs, strict=True):
        assert_equal(tuple(read_meter(meter)), log.reading(window))


@given(
    stream=st.lists(st.tuples(VALUES, st.integers(1, 5)), min_size=1, max_size=6),
    cuts=st.tuples(*[st.integers(0, 6)] * 2),
)
def test_synchronize_meters_makes_global_mean_that_of_the_stream(
    synchronize_meters, update_meter, read_meter, empty_meter, stream, cuts
):
    """However a stream is cut over three ranks, each that saw a value shows the mean of all of it, and its own last."""
    first, second = sorted(cuts)
    parts = stream[:first], stream[first:second], stream[second:]
    meters = []
    for part in parts:
        meter = empty_meter(3)
        for value, samples in part:
            meter = update_meter(meter, value, samples)
        meters.append(meter)
    everything = [Fraction(value) for value, samples in stream for _ in range(samples)]
    for meter, part in zip(synchronize_meters(meters), parts, strict=True):
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


@pytest.mark.parametrize("bad", [0, -1])
def test_read_meter_rejects_nothing_to_show(empty_meter, update_meter, read_meter, bad):
    """A window holds a value, a value stands for a sample, and without values there is no mean."""
    assert_rejects(empty_meter, bad)
    assert_rejects(update_meter, Meter(3), 0.5, bad)
    assert_rejects(read_meter, Meter(3))
