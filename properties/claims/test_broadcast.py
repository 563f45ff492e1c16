"""Worked numbers of pyramid attention broadcast, and statements about it that are often met and wrong."""

import math

import pytest
import torch
from torch import Tensor

from properties.closeness import assert_close, assert_equal
from properties.strategies import steps
from reference.transformer.broadcast import BroadcastState, broadcast_schedule, broadcast_step

THIRTY = [1000 - 1000 * step / 30 for step in range(30)]


@pytest.mark.claim("R003-173")
@pytest.mark.parametrize(("period", "computed"), [(1, 30), (2, 23), (4, 20), (6, 18)])
def test_calls_that_compute_are_counted_from_the_start_of_the_run(period, computed):
    """Of 30 steps, 14 of them between 450 and 930, the periods 2, 4 and 6 leave 23, 20 and 18 that compute: the 16
    outside and the multiples of the period inside. 16 + ceil(14 / 6) = 19 would need a count that starts there.
    """
    schedule = broadcast_schedule(THIRTY, period, 450.0, 930.0)
    inside = [call for call, t in enumerate(THIRTY) if 450 < t < 930]
    assert inside == list(range(3, 17))
    assert schedule.count(False) == computed
    assert (16 + math.ceil(14 / period) == computed) == (period != 6)


def run(queries: Tensor, keys: Tensor, values: Tensor, gates: Tensor, period: int) -> tuple[list[Tensor], list[Tensor]]:
    """Outputs of gated attention in a run of as many steps, with the gate inside and outside of what is kept."""
    inside = outside = BroadcastState()
    gated, plain = [], []
    for q, k, v, gate in zip(queries, keys, values, gates, strict=True):

        def attend(_: Tensor, q: Tensor = q, k: Tensor = k, v: Tensor = v) -> Tensor:
            return torch.softmax(q @ k.T, -1) @ v

        def attend_gated(x: Tensor, attend=attend, gate: Tensor = gate) -> Tensor:
            return gate * attend(x)

        arguments = len(queries), period, 0.0, 1.0
        inside = broadcast_step(inside, q, 0.5, attend_gated, *arguments)
        outside = broadcast_step(outside, q, 0.5, attend, *arguments)
        gated.append(inside.output)
        plain.append(gate * outside.output)
    return gated, plain


def ramp(*shape: int) -> Tensor:
    """Distinct numbers in [-1, 1), in no simple order."""
    return steps(*shape) / 2


@pytest.mark.claim("R003-173", "E003-061")
def test_broadcast_keeps_outputs_and_not_values():
    """What comes back is the output of the step that computed, values and all: neither new values under old scores nor
    new scores over old values give it.
    """
    queries, keys, values, gates = (
        ramp(2, 3, 4),
        ramp(2, 5, 4) / 2,
        ramp(2, 5, 7),
        torch.ones(2, dtype=torch.float64),
    )
    (first, second), _ = run(queries, keys, values, gates, period=2)
    scores = [torch.softmax(q @ k.T, -1) for q, k in zip(queries, keys, strict=True)]
    assert_close(second, scores[0] @ values[0], 4)
    assert_equal(second, first)
    assert not torch.allclose(second, scores[0] @ values[1])
    assert not torch.allclose(second, scores[1] @ values[0])


@pytest.mark.claim("R003-173")
def test_gate_inside_the_kept_output_is_an_old_one():
    """Kept behind the gate, as in Open-Sora, an output comes back with the gate of its own step; kept before it, as in
    CogVideoX and diffusers, with the present one. Where every call computes the two agree.
    """
    queries, keys, values = ramp(2, 3, 4), ramp(2, 5, 4) / 2, ramp(2, 5, 7)
    gates = torch.tensor([0.5, 1.5], dtype=torch.float64)
    inside, outside = run(queries, keys, values, gates, period=2)
    assert_equal(inside[0], outside[0])
    assert_close(outside[1], 3 * inside[1])
    inside, outside = run(queries, keys, values, gates, period=1)
    assert_equal(inside[1], outside[1])


@pytest.mark.claim("R003-173")
def test_constant_features_lose_nothing():
    """Where a layer returns the same in every step, repeating its output is exact for every period."""
    x, state = ramp(2, 3), BroadcastState()
    for call in range(6):
        state = broadcast_step(state, x, 0.5, torch.tanh, 6, 4, 0.0, 1.0)
        assert_equal(state.output, x.tanh())
        assert state.calls == (call + 1) % 6
