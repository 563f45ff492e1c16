"""Laws of `reference.diffusion.timestep_sampling`."""

import math
from collections import deque

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import distributions, dyadics, unit
from reference.diffusion.timestep_sampling import LossHistory


def remembered(history):
    """The losses of each timestep, oldest first, without the places that are still empty."""
    return [row[:count].tolist() for row, count in zip(history.losses, history.counts.tolist(), strict=True)]


def full(losses):
    """A history that has seen as many losses of each timestep as it keeps."""
    return LossHistory(losses, torch.full((losses.shape[0],), losses.shape[1]))


def observations(num_steps, max_size=16):
    """Pairs of a timestep and a loss."""
    pairs = st.tuples(st.integers(0, num_steps - 1), st.integers(0, 4096))
    return st.lists(pairs, min_size=1, max_size=max_size)


def tabled(pairs):
    """Pairs of a timestep and a loss as two tensors."""
    timesteps, losses = zip(*pairs, strict=True)
    return torch.tensor(timesteps), torch.tensor(losses, dtype=torch.float64) / 64


@given(uniform=unit(5), num_steps=st.integers(2, 1000))
def test_uniform_timesteps_equals_share_that_holds_u(uniform_timesteps, uniform, num_steps):
    """The unit interval is cut into T shares [t / T, (t + 1) / T), and u picks the one that it lies in."""
    shares_before = (torch.arange(1, num_steps) <= (uniform * num_steps)[:, None]).sum(1)
    assert_equal(uniform_timesteps(uniform, num_steps), shares_before)


@pytest.mark.parametrize("num_steps", [1, 2, 7, 60, 1000])
def test_uniform_timesteps_is_balanced(uniform_timesteps, num_steps):
    """Of 4096 equally spaced numbers every timestep gets the same share, as far as 4096 is divisible."""
    timesteps = uniform_timesteps(torch.arange(4096, dtype=torch.float64) / 4096, num_steps)
    times_drawn, sharers = torch.bincount(timesteps, minlength=num_steps).sort().values, 4096 % num_steps
    even = [4096 // num_steps] * (num_steps - sharers) + [4096 // num_steps + 1] * sharers
    assert_equal(times_drawn, even)


@pytest.mark.parametrize("num_steps", [1, 2, 7, 1000, 4095])
def test_uniform_timesteps_is_bounded_by_last(uniform_timesteps, cubic_timesteps, num_steps):
    """The largest u below 1 picks the last timestep, and by the cubic rule, which falls with u, the first."""
    largest = torch.tensor([1 - 2.0**-24], dtype=torch.float64)
    assert_equal(uniform_timesteps(largest, num_steps), [num_steps - 1])
    assert_equal(cubic_timesteps(largest, num_steps), [0])


@given(uniform=dyadics(0, 63, 5, grid=64), num_steps=st.integers(2, 63))
def test_cubic_timesteps_equals_steps_that_a_cube_leaves(cubic_timesteps, uniform, num_steps):
    """t is how many of 1 / T, ..., (T - 1) / T the rest of a unit cube reaches when a cube of side u is taken out."""
    rest = (64**3 - (uniform * 64).long() ** 3) * num_steps
    assert_equal(cubic_timesteps(uniform, num_steps), (torch.arange(1, num_steps) * 64**3 <= rest[:, None]).sum(1))


@pytest.mark.parametrize("num_steps", [5, 40])
def test_cubic_timesteps_has_tail_of_cube_root(cubic_timesteps, num_steps):
    """P(t >= j) = (1 - j / T)^(1/3): of 64 equally spaced numbers that many, to within one of them."""
    timesteps = cubic_timesteps(torch.arange(64, dtype=torch.float64) / 64, num_steps)
    later = torch.arange(1, num_steps)
    share = (timesteps[:, None] >= later).sum(0) / 64
    tail = (1 - later / num_steps) ** (1 / 3)
    assert_at_most((share - tail).abs(), 1 / 64)


@pytest.mark.parametrize("uniform", [0.0, 2.0**-20, 2.0**-9, 0.0625, 0.125])
def test_cubic_timesteps_is_bounded_by_last(cubic_timesteps, uniform):
    """Where u^3 T <= 1, also at u = 0 and where u^3 is lost in 1 - u^3, the last timestep is picked."""
    assert_equal(cubic_timesteps(torch.tensor([uniform], dtype=torch.float64), 512), [511])


@pytest.mark.parametrize("num_steps", [-1, 0])
def test_uniform_timesteps_rejects_empty_chain(uniform_timesteps, cubic_timesteps, num_steps):
    """Without a step there is none to pick."""
    uniform = torch.tensor([0.0, 0.5], dtype=torch.float64)
    assert_rejects(uniform_timesteps, uniform, num_steps)
    assert_rejects(cubic_timesteps, uniform, num_steps)


@given(probabilities=distributions())
def test_importance_timesteps_is_unbiased(importance_timesteps, probabilities):
    """Over all u the mean of weight f(t) is the mean of f, for each f that is 1 at one timestep and 0 elsewhere."""
    num_steps = len(probabilities)
    drawn = importance_timesteps(probabilities, torch.arange(64, dtype=torch.float64) / 64)
    means = drawn.weights.new_zeros(num_steps).index_add(0, drawn.timesteps, drawn.weights) / 64
    assert_close(means, 1 / num_steps, roundings=64)


@given(probabilities=distributions(), uniform=dyadics(0, 63, 5, grid=64))
def test_importance_timesteps_inverts_distribution_function(importance_timesteps, probabilities, uniform):
    """t is the number of partial sums p_0, p_0 + p_1, ... that u has reached, and its weight times T p_t is 1."""
    drawn = importance_timesteps(probabilities, uniform)
    reached = (probabilities.cumsum(0) <= uniform[:, None]).sum(1)
    assert_equal(drawn.timesteps, reached)
    assert_close(drawn.weights * len(probabilities), 1 / probabilities[reached])


@given(exponent=st.integers(1, 4), uniform=unit(5))
def test_importance_timesteps_reduces_to_uniform_timesteps_at_equal_probabilities(
    importance_timesteps, uniform_timesteps, exponent, uniform
):
    """Equal probabilities leave uniform sampling, and weights of 1."""
    num_steps = 2**exponent
    drawn = importance_timesteps(torch.full((num_steps,), 1 / num_steps, dtype=torch.float64), uniform)
    assert_equal(drawn.timesteps, uniform_timesteps(uniform, num_steps))
    assert_equal(drawn.weights, torch.ones(5))


def test_importance_timesteps_is_bounded_by_last(importance_timesteps):
    """Where rounding leaves the sum of the probabilities below 1, a u above the sum picks the last timestep."""
    probabilities = torch.tensor([0.25, 0.25, 0.375, 0.125 - 2.0**-22], dtype=torch.float64)
    drawn = importance_timesteps(probabilities, torch.tensor([0.5, 1 - 2.0**-23], dtype=torch.float64))
    assert_equal(drawn.timesteps, [2, 3])


@given(length=st.integers(1, 5), pairs=observations(num_steps=3))
def test_record_losses_equals_queue_of_bounded_length(record_losses, empty_loss_history, length, pairs):
    """Each timestep keeps its last losses, oldest first, as a queue does that drops from the other end when full."""
    queues = [deque(maxlen=length) for _ in range(3)]
    for t, loss in pairs:
        queues[t].append(loss / 64)
    history = record_losses(empty_loss_history(3, length), *tabled(pairs))
    assert_equal(tuple(history.losses.shape), (3, length))
    assert_equal(history.counts, [len(queue) for queue in queues])
    assert_equal(remembered(history), [list(queue) for queue in queues])


@given(first=observations(num_steps=2, max_size=6), second=observations(num_steps=2, max_size=6))
def test_record_losses_composes(record_losses, empty_loss_history, first, second):
    """Two batches in turn leave what one batch of both leaves, with the last loss at the end."""
    in_turn = record_losses(record_losses(empty_loss_history(2, 3), *tabled(first)), *tabled(second))
    at_once = record_losses(empty_loss_history(2, 3), *tabled(first + second))
    last_step, last_loss = second[-1]
    assert_equal(remembered(in_turn), remembered(at_once))
    assert_equal(remembered(in_turn)[last_step][-1], last_loss / 64)


def test_empty_loss_history_keeps_ten_losses_by_default(empty_loss_history, record_losses):
    """Of twelve losses of one timestep the last ten are kept, and those of the others are left alone."""
    losses = torch.arange(1, 14, dtype=torch.float64)
    history = record_losses(empty_loss_history(3), torch.tensor([2] + [1] * 12), losses)
    assert_equal(remembered(history), [[], losses[3:].tolist(), [1.0]])
    assert_equal(history.counts, [0, 10, 1])


@pytest.mark.parametrize(("num_steps", "length"), [(0, 3), (-1, 3), (3, 0), (3, -1)])
def test_empty_loss_history_rejects_empty_tables(empty_loss_history, num_steps, length):
    """There is at least one timestep, and at least one loss is kept of each."""
    assert_rejects(empty_loss_history, num_steps, length)


@given(losses=dyadics(1, 4096, 3, 5), fraction=st.sampled_from([0.0, 0.125, 0.75, 1.0]))
def test_loss_second_moment_probabilities_equals_shares_of_length(loss_second_moment_probabilities, losses, fraction):
    """Timesteps share a part of the probability by the lengths of their loss vectors, and the rest equally."""
    lengths = [math.hypot(*row) for row in losses.tolist()]
    shares = [(1 - fraction) * length / sum(lengths) + fraction / 3 for length in lengths]
    assert_close(loss_second_moment_probabilities(full(losses), fraction), shares, roundings=32)


@pytest.mark.parametrize("busy", [0, 1, 2])
def test_loss_second_moment_probabilities_keeps_a_thousandth_uniform(loss_second_moment_probabilities, busy):
    """A timestep whose losses are all 0 is still drawn with probability 0.001 / T, or never if nothing is uniform."""
    losses = torch.zeros(3, 5, dtype=torch.float64)
    losses[busy, 3] = 2.0
    expected = [0.999 + 0.001 / 3 if t == busy else 0.001 / 3 for t in range(3)]
    assert_close(loss_second_moment_probabilities(full(losses)), expected)
    assert_close(loss_second_moment_probabilities(full(losses), 0.0), [float(t == busy) for t in range(3)])


@pytest.mark.parametrize("counts", [[0, 0, 0], [1, 1, 1], [0, 5, 5], [5, 4, 5], [5, 5, 4], [4, 4, 4]])
def test_loss_second_moment_probabilities_is_uniform_until_all_are_full(loss_second_moment_probabilities, counts):
    """As long as one timestep has seen fewer losses than are kept, all timesteps are equally likely."""
    losses = torch.arange(1, 16, dtype=torch.float64).reshape(3, 5)
    assert_close(loss_second_moment_probabilities(LossHistory(losses, torch.tensor(counts))), [1 / 3] * 3, roundings=1)


@given(losses=dyadics(1, 4096, 3, 5), exponent=st.integers(-8, 8), order=st.permutations(range(5)))
def test_loss_second_moment_probabilities_is_invariant_to_scale_and_order(
    loss_second_moment_probabilities, losses, exponent, order
):
    """Losses in another unit, or seen in another order, give the same probabilities, which sum to 1."""
    probabilities = loss_second_moment_probabilities(full(losses))
    assert_close(probabilities.sum(), 1.0)
    assert_close(loss_second_moment_probabilities(full(losses[:, order] * 2.0**exponent)), probabilities, roundings=32)


@pytest.mark.parametrize("fraction", [-(2.0**-10), 1 + 2.0**-10, math.nan])
def test_loss_second_moment_probabilities_rejects_impossible_fractions(loss_second_moment_probabilities, fraction):
    """No less than nothing and no more than all of the probability is uniform."""
    assert_rejects(loss_second_moment_probabilities, full(torch.ones(3, 5, dtype=torch.float64)), fraction)


def test_loss_second_moment_probabilities_rejects_losses_of_zero(loss_second_moment_probabilities):
    """Where every loss is 0 there are no proportions."""
    assert_rejects(loss_second_moment_probabilities, full(torch.zeros(3, 5, dtype=torch.float64)))
