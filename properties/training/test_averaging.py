"""Laws of `reference.training.averaging`."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, numbers

DECAYS = st.sampled_from([0.25, 0.5, 0.875, 4095 / 4096])


@given(values=normals(4, 3), decay=DECAYS)
def test_moving_average_step_weighs_values_by_powers(moving_average_step, values, decay):
    """After n values the first has the share decay^(n-1), and the others (1 - decay) decay^(n-i)."""
    moved = values[0]
    for value in values[1:]:
        moved = moving_average_step(moved, value, decay)
    factor = Fraction(decay)
    shares = [factor**3, *((1 - factor) * factor ** (3 - i) for i in (1, 2, 3))]
    weights = torch.tensor([float(share) for share in shares], dtype=torch.float64)
    assert_close(moved, weights @ values, weights @ values.abs())


@given(average=normals(3), value=normals(3))
def test_moving_average_step_ends_at_its_arguments(moving_average_step, average, value):
    """Decay 1 keeps the average, and decay 0 forgets it."""
    assert_equal(moving_average_step(average, value, 1.0), average)
    assert_equal(moving_average_step(average, value, 0.0), value)


@given(values=normals(4, 3), decay=st.sampled_from([0.0, 0.25, 0.875, 4095 / 4096]), num_values=st.integers(1, 4))
def test_debiased_average_equals_average_whose_weights_add_up_to_one(
    debiased_average, moving_average_step, values, decay, num_values
):
    """From 0 on, the corrected average of n values weighs them by powers of decay over the sum of these powers; the
    first one is the first value.
    """
    moved = torch.zeros(3, dtype=torch.float64)
    for value in values[:num_values]:
        moved = moving_average_step(moved, value, decay)
    powers = [decay ** (num_values - 1 - i) for i in range(num_values)]
    weights = torch.tensor(powers, dtype=torch.float64) / math.fsum(powers)
    used = values[:num_values]
    assert_close(debiased_average(moved, decay, num_values), weights @ used, weights @ used.abs())


@given(
    average=normals(2, 3),
    weight=normals(2, 3),
    running=normals(3),
    count=dyadics(-8, 8, grid=1),
    decay=DECAYS,
)
def test_averaged_weights_averages_parameters_and_buffers_alike(
    averaged_weights, average, weight, running, count, decay
):
    """Real numbers move 1 - decay of the way to the model's, whatever their name, and whole ones
    and flags are the model's.
    """
    averages = {"norm.running_mean": average[0], "norm.count": torch.tensor(3), "weight": average}
    averages |= {"norm.seen": torch.tensor([True, False]), "scale": average[0, 0]}
    current = {"weight": weight, "norm.count": count.long(), "norm.running_mean": running}
    current |= {"scale": weight[0, 0], "norm.seen": torch.tensor([False, True])}
    moved = averaged_weights(averages, current, decay)
    assert_equal(set(moved), set(current))
    for name in ("norm.count", "norm.seen"):
        assert_equal(moved[name], current[name])
    for name in ("norm.running_mean", "weight", "scale"):
        before, after = averages[name], current[name]
        assert_close(moved[name], before + (1 - decay) * (after - before), after.abs() + before.abs())


@pytest.mark.parametrize("decay", [-0.25, 1.25, math.nan])
def test_moving_average_step_rejects_shares_outside_unit_interval(moving_average_step, averaged_weights, decay):
    """An average lies between what it was and what comes in."""
    assert_rejects(moving_average_step, numbers(1.0, 2.0), numbers(3.0, 5.0), decay)
    assert_rejects(averaged_weights, {"weight": numbers(1.0)}, {"weight": numbers(2.0)}, decay)


@pytest.mark.parametrize(("decay", "num_values"), [(0.5, 0), (1.0, 2), (1.25, 2), (-0.25, 2), (math.nan, 2)])
def test_debiased_average_rejects_averages_of_nothing(debiased_average, decay, num_values):
    """Without a value, or with a decay that lets none in, there is nothing to average."""
    assert_rejects(debiased_average, numbers(1.0, 2.0), decay, num_values)


@pytest.mark.parametrize("name", ["bias", "weights"])
def test_averaged_weights_rejects_other_names(averaged_weights, name):
    """Each average belongs to one tensor of the model."""
    one = numbers(1.0)
    assert_rejects(averaged_weights, {"weight": one}, {"weight": one, name: one}, 0.5)
    assert_rejects(averaged_weights, {"weight": one, name: one}, {"weight": one}, 0.5)
