"""Laws of `reference.transformer.broadcast`."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_equal
from properties.rejection import assert_rejects
from properties.strategies import normals
from reference.transformer.broadcast import BroadcastState

EIGHT = [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
THIRTY = [1000 - 1000 * step / 30 for step in range(30)]
TIMES = st.integers(0, 12).map(lambda k: k / 2)
TIMESTEPS = st.lists(TIMES, min_size=1, max_size=9, unique=True)


def inside_window(timesteps, low, width):
    """The calls whose timestep, a multiple of a half, is that of neither end of the window nor beyond."""
    return {i for i, t in enumerate(timesteps) if 2 * (t - low) in range(1, int(2 * width))}


def computing(count, period, inside):
    """The calls that compute: the multiples of the period and all outside the window."""
    return set(range(0, count, period)) | (set(range(count)) - inside)


@pytest.mark.parametrize(
    ("period", "pattern"),
    [
        (1, "CCC" + 27 * "C"),
        (2, "CCC" + "BCBCBCBCBCBCBC" + 13 * "C"),
        (4, "CCC" + "BCBBBCBBBCBBBC" + 13 * "C"),
        (6, "CCC" + "BBBCBBBBBCBBBB" + 13 * "C"),
    ],
)
def test_broadcast_schedule_equals_worked_example(broadcast_schedule, period, pattern):
    """Of 30 steps from 1000 down, the calls 3 to 16 lie between 450 and 930, and those at a multiple compute.

    Times may come back into the window.
    """
    assert_equal(broadcast_schedule(THIRTY, period, 450.0, 930.0), tuple(call == "B" for call in pattern))
    assert_equal(broadcast_schedule([2.0, 1.0, 0.5, 0.0, 0.25], 5, 0.0, 1.0), (False, False, True, False, True))


@given(timesteps=TIMESTEPS, period=st.integers(1, 5), low=TIMES, width=TIMES)
def test_broadcast_schedule_computes_at_multiples_and_outside_the_window(
    broadcast_schedule, timesteps, period, low, width
):
    """Calls at a multiple of the period compute, and all whose timestep is an end of the window or beyond."""
    inside = inside_window(timesteps, low, width)
    computed = computing(len(timesteps), period, inside)
    expected = tuple(i not in computed for i in range(len(timesteps)))
    assert_equal(broadcast_schedule([*timesteps], period, low, low + width), expected)


@pytest.mark.parametrize("period", [0, -2])
def test_broadcast_schedule_rejects_impossible_periods(broadcast_schedule, broadcast_step, period):
    """A period is 1 or more, and so is the number of steps of a run."""
    assert_rejects(broadcast_schedule, [3.0, 2.0], period, 0.0, 9.0)
    x = torch.eye(2, dtype=torch.float64)
    assert_rejects(broadcast_step, BroadcastState(), x, 5.0, torch.exp, 3, period, 0.0, 9.0)
    assert_rejects(broadcast_step, BroadcastState(), x, 5.0, torch.exp, period, 2, 0.0, 9.0)


@pytest.mark.parametrize(
    ("stored_at", "skip_count", "pattern"),
    [
        ([], 2, "CCCCCCCC"),
        ([7.0, 4.0], 0, "CCCCCCCC"),
        ([7.0, 4.0], 1, "CCBCCBCC"),
        ([7.0, 4.0], 2, "CCBBCBBC"),
        ([7.0, 4.0], 4, "CCBBCBBB"),
        ([8.0, 6.0, 99.0], 1, "CBCBCCCC"),
        ([1.0], 3, "CCCCCCCC"),
        ([8.0], 5, "CBBBBBCC"),
    ],
)
def test_mlp_broadcast_schedule_equals_worked_example(mlp_broadcast_schedule, stored_at, skip_count, pattern):
    """Of the timesteps 8 to 1, those in the list store, and as many as asked for after them repeat what was stored."""
    wanted = tuple(call == "B" for call in pattern)
    assert_equal(mlp_broadcast_schedule(EIGHT, stored_at, skip_count), wanted)


@given(timesteps=TIMESTEPS, stored_at=st.frozensets(TIMES), skip_count=st.integers(0, 4))
def test_mlp_broadcast_schedule_repeats_after_stored_timesteps_only(
    mlp_broadcast_schedule, timesteps, stored_at, skip_count
):
    """A call repeats if one of the skip_count calls before it stores and it does not store itself."""
    before = [set(timesteps[max(i - skip_count, 0) : i]) for i in range(len(timesteps))]
    expected = tuple(bool(past & stored_at) and t not in stored_at for t, past in zip(timesteps, before, strict=True))
    assert_equal(mlp_broadcast_schedule([*timesteps], stored_at, skip_count), expected)


def test_mlp_broadcast_schedule_rejects_negative_counts(mlp_broadcast_schedule):
    """No call can be repeated less than zero times."""
    assert_rejects(mlp_broadcast_schedule, [3.0, 2.0], [3.0], -1)


@given(
    x=normals(2, 9, 3),
    timesteps=TIMESTEPS,
    period=st.integers(1, 5),
    low=TIMES,
    width=TIMES,
)
def test_broadcast_step_repeats_last_computed_output(broadcast_step, x, timesteps, period, low, width):
    """In each of two runs, a call inside the window and off the multiples returns the output of the last call that
    computed, and the layer is called for no other; at an end of the window it is called.
    """
    count, read = len(timesteps), []
    inside = inside_window(timesteps, low, width)
    computed = computing(count, period, inside)

    def layer(h):
        read.append(h)
        return 1 - 2 * h

    state = BroadcastState()
    for run in range(2):
        for i, t in enumerate(timesteps):
            state = broadcast_step(state, x[run, i], t, layer, count, period, low, low + width)
            last = max(call for call in computed if call <= i)
            assert_equal(state.output, 1 - 2 * x[run, last])
            assert_equal(state.calls, (i + 1) % count)
    assert_equal(len(read), 2 * len(computed))
    for end in (low, low + width):
        at_end = broadcast_step(BroadcastState(1, x[0, 0]), x[1, 0], end, layer, 7, 5, low, low + width)
        assert_equal(at_end.output, 1 - 2 * x[1, 0])


@given(x=normals(2, 3), calls=st.integers(1, 6))
def test_broadcast_step_computes_without_a_last_output(broadcast_step, x, calls):
    """A state that counts calls but holds no output has nothing to repeat."""
    state = broadcast_step(BroadcastState(calls, None), x, 5.0, torch.neg, 7, 8, 0.0, 9.0)
    assert_equal(state.output, -x)
    assert_equal(state.calls, (calls + 1) % 7)
