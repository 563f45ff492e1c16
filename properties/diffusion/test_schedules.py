"""Laws of `reference.diffusion.schedules`."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import signal_left
from properties.rejection import assert_rejects
from properties.strategies import betas, dyadics, level_tables, levels, normals

STEPS = st.sampled_from([2, 3, 5, 7, 12])
FRACTIONS = st.integers(1, 4095).map(lambda numerator: numerator / 4096)
ABOVE_ONE = 1 + 2**-20
FROM_CLEAN = betas().map(lambda table: torch.cat([table.new_full((1,), 2.0**-16), table]))
OFFSETS = st.integers(0, 16).map(lambda numerator: numerator / 64)


@given(num_steps=STEPS, beta_start=FRACTIONS, beta_end=FRACTIONS)
def test_linear_beta_schedule_rises_by_equal_amounts(linear_beta_schedule, num_steps, beta_start, beta_end):
    """T betas lead from beta_start to beta_end, and their second differences are 0."""
    table = linear_beta_schedule(num_steps, beta_start, beta_end)
    assert_equal(len(table), num_steps)
    assert_close(table[[0, -1]], [beta_start, beta_end])
    assert_close(table.diff(n=2), 0.0, max(beta_start, beta_end))


@pytest.mark.parametrize(("arguments", "expected"), [((3,), [1e-4, 0.01005, 0.02]), ((3, 0.5, 1.0), [0.5, 0.75, 1.0])])
def test_linear_beta_schedule_equals_worked_tables(linear_beta_schedule, arguments, expected):
    """Three steps by hand: from 1e-4 to 0.02 unless told otherwise, and as far as 1."""
    assert_close(linear_beta_schedule(*arguments), expected)


@pytest.mark.parametrize(
    ("num_steps", "alpha_bar"),
    [(200, 0.13218275425061779), (500, 0.00635271079701505), (1000, 4.0358297653756833e-5)],
)
def test_linear_beta_schedule_leaves_worked_signal(linear_beta_schedule, num_steps, alpha_bar):
    """The products of 1 - beta in exact arithmetic: 1000 steps (Ho et al. 2020) end in noise, and fewer do not."""
    assert_close((1 - linear_beta_schedule(num_steps)).prod(), alpha_bar, roundings=2 * num_steps)


@pytest.mark.parametrize(
    ("num_steps", "beta_start", "beta_end"),
    [
        (0, 0.25, 0.5),
        (1, 0.25, 0.5),
        (3, 0.0, 0.5),
        (3, 0.5, -0.25),
        (3, 0.5, ABOVE_ONE),
        (3, ABOVE_ONE, 0.5),
        (3, math.nan, 0.5),
    ],
)
def test_linear_beta_schedule_rejects_impossible_chains(linear_beta_schedule, num_steps, beta_start, beta_end):
    """There are at least two steps, and betas lie in (0, 1]."""
    assert_rejects(linear_beta_schedule, num_steps, beta_start, beta_end)


@given(num_steps=st.integers(21, 2000))
def test_timestep_scaled_linear_beta_schedule_preserves_sum(timestep_scaled_linear_beta_schedule, num_steps):
    """T betas rise by equal amounts from 0.1 / T to 20 / T, so that any number of them adds up to 10.05."""
    table = timestep_scaled_linear_beta_schedule(num_steps)
    assert_equal(len(table), num_steps)
    assert_close(table.sum(), 10.05, roundings=num_steps)
    assert_close(table[[0, -1]], [0.1 / num_steps, 20 / num_steps])
    assert_close(table.diff(n=2), 0.0, 20 / num_steps)


@pytest.mark.parametrize(
    ("num_steps", "alpha_bar"),
    [
        (21, 8.0162314651403935e-9),
        (50, 7.7447656992267367e-6),
        (200, 3.0318371672319063e-5),
        (1000, 4.0358297653756833e-5),
        (4000, 4.2466522758022322e-5),
    ],
)
def test_timestep_scaled_linear_beta_schedule_leaves_worked_signal(
    timestep_scaled_linear_beta_schedule, num_steps, alpha_bar
):
    """The products of 1 - beta in exact arithmetic: always below exp(-10.05) = 4.32e-5, far below in short chains."""
    table = timestep_scaled_linear_beta_schedule(num_steps)
    assert_close((1 - table).prod(), alpha_bar, roundings=8 * num_steps)


@pytest.mark.parametrize("num_steps", [20, 19, 10, 2, 1])
def test_timestep_scaled_linear_beta_schedule_rejects_short_chains(timestep_scaled_linear_beta_schedule, num_steps):
    """Of 20 steps or fewer the last would have a beta of 20 / T >= 1."""
    assert_rejects(timestep_scaled_linear_beta_schedule, num_steps)


@given(num_steps=STEPS, root_start=FRACTIONS, root_end=FRACTIONS)
def test_scaled_linear_beta_schedule_equals_parabola(scaled_linear_beta_schedule, num_steps, root_start, root_end):
    """T betas lead from one square to another, and their second difference is twice the squared step of the roots."""
    table = scaled_linear_beta_schedule(num_steps, root_start**2, root_end**2)
    step = (root_end - root_start) / (num_steps - 1)
    assert_equal(len(table), num_steps)
    assert_close(table[[0, -1]], [root_start**2, root_end**2])
    assert_close(table.diff(n=2), 2 * step**2, max(root_start, root_end) ** 2)


@pytest.mark.parametrize(
    ("arguments", "expected"), [((3,), [1e-4, 0.0057321067811865475, 0.02]), ((3, 0.25, 1.0), [0.25, 0.5625, 1.0])]
)
def test_scaled_linear_beta_schedule_equals_worked_tables(scaled_linear_beta_schedule, arguments, expected):
    """Three steps by hand: the middle one averages the arithmetic and the geometric mean of the ends, 1e-4 and 0.02."""
    assert_close(scaled_linear_beta_schedule(*arguments), expected)


@pytest.mark.parametrize(
    ("num_steps", "beta_start", "beta_end"),
    [
        (0, 0.25, 0.5),
        (1, 0.25, 0.5),
        (3, 0.0, 0.5),
        (3, 0.5, 0.0),
        (3, 0.5, ABOVE_ONE),
        (3, ABOVE_ONE, 0.5),
        (3, math.nan, 0.5),
    ],
)
def test_scaled_linear_beta_schedule_rejects_impossible_chains(
    scaled_linear_beta_schedule, num_steps, beta_start, beta_end
):
    """There are at least two steps, and betas lie in (0, 1]."""
    assert_rejects(scaled_linear_beta_schedule, num_steps, beta_start, beta_end)


@given(num_steps=STEPS, beta_start=FRACTIONS, beta_end=FRACTIONS)
def test_sigmoid_beta_schedule_multiplies_odds(sigmoid_beta_schedule, num_steps, beta_start, beta_end):
    """With logits log 4 apart the odds (beta - beta_start) : (beta_end - beta) grow fourfold from step to step."""
    last = num_steps - 1
    table = sigmoid_beta_schedule(num_steps, beta_start, beta_end, last * math.log(2))
    expected = [(2**last * beta_start + 4**t * beta_end) / (2**last + 4**t) for t in range(num_steps)]
    assert_close(table, expected, max(beta_start, beta_end) * num_steps)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [((3,), [1.4920520081703201e-4, 0.01005, 0.019950794799182968]), ((3, 0.5, 1.0, 1000.0), [0.5, 0.75, 1.0])],
)
def test_sigmoid_beta_schedule_equals_worked_tables(sigmoid_beta_schedule, arguments, expected):
    """Logits of -6, 0 and 6 stop short of 1e-4 and 0.02 by 1 / (1 + e^6) of the way, and wide ones reach the ends."""
    assert_close(sigmoid_beta_schedule(*arguments), expected, 0.02 + max(expected))


@pytest.mark.parametrize(
    ("num_steps", "beta_start", "beta_end"),
    [
        (0, 0.25, 0.5),
        (1, 0.25, 0.5),
        (3, -0.25, 0.5),
        (3, 0.5, -0.25),
        (3, 0.5, 1.25),
        (3, 1.25, 0.5),
        (3, math.nan, 0.5),
    ],
)
def test_sigmoid_beta_schedule_rejects_impossible_chains(sigmoid_beta_schedule, num_steps, beta_start, beta_end):
    """There are at least two steps, and betas lie in (0, 1]."""
    assert_rejects(sigmoid_beta_schedule, num_steps, beta_start, beta_end)


@pytest.mark.parametrize("eighths", [0, 1, 3, 8])
@given(num_steps=st.integers(2, 24), beta_start=FRACTIONS, beta_end=FRACTIONS)
def test_warmup_beta_schedule_equals_interpolation_between_knots(
    warmup_beta_schedule, num_steps, beta_start, beta_end, eighths
):
    """A line from the first step to the last of the warm-up, both included, and level ground after it."""
    warm = num_steps * eighths // 8
    knots = {0: (-1, 0), 1: (0, 1)}.get(warm, (0, warm - 1))
    expected = np.interp(range(num_steps), knots, (beta_start, beta_end))
    table = warmup_beta_schedule(num_steps, beta_start, beta_end, eighths / 8)
    assert_close(table, expected.tolist(), max(beta_start, beta_end))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [((39,), [1e-4, 0.01005, *[0.02] * 37]), ((4, 0.5, 1.0, 0.75), [0.5, 0.75, 1.0, 1.0])],
)
def test_warmup_beta_schedule_equals_worked_tables(warmup_beta_schedule, arguments, expected):
    """Unless told otherwise, a tenth of the steps, rounded down, lead from 1e-4 to 0.02."""
    assert_close(warmup_beta_schedule(*arguments), expected)


@pytest.mark.parametrize(
    ("num_steps", "beta_start", "beta_end", "warmup_fraction"),
    [
        (0, 0.25, 0.5, 0.5),
        (1, 0.25, 0.5, 0.5),
        (4, 0.0, 0.5, 0.5),
        (4, 0.5, 0.0, 0.5),
        (4, 0.5, ABOVE_ONE, 0.0),
        (4, 0.25, 0.5, -0.125),
        (4, 0.25, 0.5, 1.125),
        (4, 0.25, 0.5, math.nan),
    ],
)
def test_warmup_beta_schedule_rejects_impossible_chains(
    warmup_beta_schedule, num_steps, beta_start, beta_end, warmup_fraction
):
    """There are at least two steps, betas lie in (0, 1], and the warm-up is a part of the whole."""
    assert_rejects(warmup_beta_schedule, num_steps, beta_start, beta_end, warmup_fraction)


@given(num_steps=STEPS, beta=st.integers(1, 4096).map(lambda numerator: numerator / 4096))
def test_constant_beta_schedule_leaves_powers(constant_beta_schedule, num_steps, beta):
    """Every step leaves the same share, so t steps leave its t-th power."""
    left = (1 - constant_beta_schedule(num_steps, beta)).cumprod(0)
    assert_close(left, [(1 - beta) ** t for t in range(1, num_steps + 1)], roundings=2 * num_steps)


@pytest.mark.parametrize(("arguments", "expected"), [((3, 0.1), [0.1, 0.1, 0.1]), ((2, 1.0), [1.0, 1.0])])
def test_constant_beta_schedule_equals_worked_tables(constant_beta_schedule, arguments, expected):
    """The same number at every step, and as far as 1."""
    assert_close(constant_beta_schedule(*arguments), expected)


@pytest.mark.parametrize(
    ("num_steps", "beta"), [(0, 0.5), (1, 0.5), (2, 0.0), (2, -0.25), (2, ABOVE_ONE), (2, math.nan)]
)
def test_constant_beta_schedule_rejects_impossible_chains(constant_beta_schedule, num_steps, beta):
    """There are at least two steps, and betas lie in (0, 1]."""
    assert_rejects(constant_beta_schedule, num_steps, beta)


@given(num_steps=st.sampled_from([2, 3, 5, 7, 40]))
def test_jsd_beta_schedule_erases_equal_shares(jsd_beta_schedule, num_steps):
    """After t of T steps 1 - t / T of the signal variance is left, and after the last exactly nothing."""
    table = jsd_beta_schedule(num_steps)
    left = [(num_steps - t) / num_steps for t in range(1, num_steps + 1)]
    assert_close((1 - table).cumprod(0), left, roundings=4 * num_steps)
    assert_equal(table[-1], 1.0)


@pytest.mark.parametrize("num_steps", [0, 1])
def test_jsd_beta_schedule_rejects_short_chains(jsd_beta_schedule, num_steps):
    """There are at least two steps."""
    assert_rejects(jsd_beta_schedule, num_steps)


@given(time=dyadics(0, 4096, 2, 3), offset=OFFSETS)
def test_cosine_alpha_bar_equals_raised_cosine(cosine_alpha_bar, time, offset):
    """By the half-angle formula it is 1 + cos of twice the angle, relative to its value at time 0."""
    raised = 1 + torch.cos(math.pi * (time + offset) / (1 + offset))
    assert_close(cosine_alpha_bar(time, offset), raised / (1 + math.cos(math.pi * offset / (1 + offset))), 1.0)


@given(share=dyadics(0, 4096, 2, 3), offset=OFFSETS)
def test_cosine_alpha_bar_sums_to_constant_at_mirrored_times(cosine_alpha_bar, share, offset):
    """At u and 1 - s - u the angles complement each other: the levels add up to (cos^2 + sin^2) / cos(angle at 0)^2."""
    time = share * (1 - offset)
    total = cosine_alpha_bar(time, offset) + cosine_alpha_bar(1 - offset - time, offset)
    assert_close(total, 1 + math.tan(math.pi / 2 * offset / (1 + offset)) ** 2)


def test_cosine_alpha_bar_equals_worked_levels(cosine_alpha_bar):
    """From 1 at time 0 to 0 at time 1; the offset is 0.008 unless told otherwise, so half-way is just below 1 / 2."""
    time = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    assert_close(cosine_alpha_bar(time), [1.0, 0.49384359044063771, 0.0], 1.0)


@given(root=dyadics(16, 256, 2, 3, grid=256), offset=st.integers(0, 256).map(lambda numerator: numerator / 65536))
def test_sqrt_alpha_bar_falls_by_roots(sqrt_alpha_bar, root, offset):
    """At time r^2 - s the level is 1 - r."""
    assert_close(sqrt_alpha_bar(root**2 - offset, offset), 1 - root, 1.0)


def test_sqrt_alpha_bar_equals_worked_levels(sqrt_alpha_bar):
    """The offset is 1e-4 unless told otherwise: 0.99 at time 0, and 1 - sqrt(1.0001) < 0 at time 1."""
    time = torch.tensor([0.0, 0.2499, 1.0], dtype=torch.float64)
    assert_close(sqrt_alpha_bar(time), [0.99, 0.5, -4.9998750062496094e-5], 1.0)


@given(num_steps=STEPS, rate=st.integers(1, 64).map(lambda numerator: numerator / 16))
def test_betas_for_alpha_bar_is_constant_at_constant_hazard(betas_for_alpha_bar, num_steps, rate):
    """A signal that decays as exp(-c u) loses the same share 1 - exp(-c / T) at every step."""
    table = betas_for_alpha_bar(lambda time: torch.exp(-rate * time), num_steps)
    assert_close(table, [-math.expm1(-rate / num_steps)] * num_steps, 1.0)


@pytest.mark.parametrize("eighths", [1, 5, 8])
@given(num_steps=STEPS)
def test_betas_for_alpha_bar_grows_while_signal_falls_on_a_line(betas_for_alpha_bar, num_steps, eighths):
    """On a line from 1 to 1 - k, step t takes k of the T - k (t - 1) parts that are left; the default cap is 0.999."""
    k = eighths / 8
    table = betas_for_alpha_bar(lambda time: 1 - k * time, num_steps)
    assert_close(table, [min(k / (num_steps - k * t), 0.999) for t in range(num_steps)], num_steps)


@given(num_steps=STEPS)
def test_betas_for_alpha_bar_reaches_one_with_a_cap_of_one(betas_for_alpha_bar, num_steps):
    """Where the signal ends, a cap of 1 lets the last beta be 1."""
    assert_equal(betas_for_alpha_bar(lambda time: 1 - time, num_steps, 1.0)[-1], 1.0)


@given(betas=FROM_CLEAN, max_beta=FRACTIONS)
def test_betas_for_alpha_bar_inverts_levels_up_to_the_cap(betas_for_alpha_bar, betas, max_beta):
    """The levels of a known chain give its betas back, those above the cap lowered to it, wherever the levels start."""
    levels = 0.75 * torch.cat([betas.new_ones(1), (1 - betas).cumprod(0)])
    table = betas_for_alpha_bar(lambda time: levels[(time * len(betas)).round().long()], len(betas), max_beta)
    assert_close(table, torch.where(betas < max_beta, betas, max_beta), 1.0)


@pytest.mark.parametrize(
    ("slope", "num_steps", "max_beta"),
    [
        (-0.5, 0, 0.999),
        (-0.5, 1, 0.999),
        (-0.5, 3, 0.0),
        (-0.5, 3, -0.25),
        (-0.5, 3, ABOVE_ONE),
        (-0.5, 3, math.nan),
        (0.0, 3, 0.999),
        (0.5, 3, 0.999),
    ],
)
def test_betas_for_alpha_bar_rejects_impossible_chains(betas_for_alpha_bar, slope, num_steps, max_beta):
    """There are at least two steps, the cap lies in (0, 1], and levels fall."""
    assert_rejects(betas_for_alpha_bar, lambda time: 1 + slope * time, num_steps, max_beta)


@given(num_steps=STEPS, offset=OFFSETS, max_beta=FRACTIONS)
def test_cosine_beta_schedule_equals_product_of_sines(cosine_beta_schedule, num_steps, offset, max_beta):
    """By cos(b)^2 - cos(a)^2 = sin(a - b) sin(a + b), where the step leads from angle b to a; capped at max_beta."""
    step = math.pi / 2 / (1 + offset) / num_steps
    before = step * (num_steps * offset + torch.arange(num_steps, dtype=torch.float64))
    expected = math.sin(step) * torch.sin(2 * before + step) / before.cos() ** 2
    table = cosine_beta_schedule(num_steps, offset, max_beta)
    assert_close(table, torch.where(expected < max_beta, expected, max_beta), 1 / before.cos())


@pytest.mark.parametrize(
    ("arguments", "expected"), [((3, 0.0, 1.0), [1 / 4, 2 / 3, 1.0]), ((3, 0.0), [1 / 4, 2 / 3, 0.999])]
)
def test_cosine_beta_schedule_equals_worked_tables(cosine_beta_schedule, arguments, expected):
    """Three steps of 30 degrees leave 3/4, 1/4 and 0; the last beta is 1 under a cap of 1, else 0.999."""
    assert_close(cosine_beta_schedule(*arguments), expected, 1.0)


@pytest.mark.parametrize(
    ("arguments", "first", "left"),
    [((), 4.1284224821777802e-5, 2.4287669070344684e-6), ((0.0,), 2.4673990709169441e-6, 2.4673990709169441e-6)],
)
def test_cosine_beta_schedule_equals_worked_chain(cosine_beta_schedule, arguments, first, left):
    """Of 1000 steps only the last, whose beta would be 1, is capped: at 0.999 (Nichol & Dhariwal 2021, section 3.2)."""
    table = cosine_beta_schedule(1000, *arguments)
    assert_close(table[[0, -1]], [first, 0.999], 1.0)
    assert_close((1 - table).cumprod(0)[-2], left, math.sqrt(left), roundings=4000)
    assert_equal(int((table > 0.9).sum()), 1)


@pytest.mark.parametrize(
    ("num_steps", "max_beta"), [(0, 0.999), (1, 0.999), (3, 0.0), (3, -0.25), (3, ABOVE_ONE), (3, math.nan)]
)
def test_cosine_beta_schedule_rejects_impossible_chains(cosine_beta_schedule, num_steps, max_beta):
    """There are at least two steps, and the cap lies in (0, 1]."""
    assert_rejects(cosine_beta_schedule, num_steps, 0.008, max_beta)


@given(num_steps=STEPS, root=OFFSETS, max_beta=st.sampled_from([0.9, 0.999, 1.0]))
def test_sqrt_beta_schedule_visits_equally_spaced_times(sqrt_beta_schedule, num_steps, root, max_beta):
    """The time at which 1 - sqrt(u + s) is the level after t steps is t / T, until the last beta, which is the cap."""
    table = sqrt_beta_schedule(num_steps, root**2, max_beta)
    left = (1 - root) * (1 - table[:-1]).cumprod(0)
    times = [t / num_steps for t in range(1, num_steps)]
    assert_close((1 - left) ** 2 - root**2, times, 1.0, roundings=4 * num_steps)
    assert_close(table[-1], max_beta)


def test_sqrt_beta_schedule_equals_worked_chain(sqrt_beta_schedule):
    """2000 steps of Li et al. 2022 start with a beta of (sqrt(0.0006) - 0.01) / 0.99 and end with 0.999."""
    table = sqrt_beta_schedule(2000)
    assert_equal(len(table), 2000)
    assert_close(table[[0, -1]], [0.014641310533163415, 0.999], 1.0)


@pytest.mark.parametrize(
    ("num_steps", "max_beta"), [(0, 0.999), (1, 0.999), (3, 0.0), (3, -0.25), (3, ABOVE_ONE), (3, math.nan)]
)
def test_sqrt_beta_schedule_rejects_impossible_chains(sqrt_beta_schedule, num_steps, max_beta):
    """There are at least two steps, and the cap lies in (0, 1]."""
    assert_rejects(sqrt_beta_schedule, num_steps, 1e-4, max_beta)


@given(betas=betas(min_steps=1))
def test_alpha_bar_from_betas_equals_one_minus_accumulated_noise(alpha_bar_from_betas, betas):
    """Signal and noise make up a variance of 1, where each step shrinks the noise by 1 - beta and adds beta."""
    left = signal_left(betas)
    assert_close(alpha_bar_from_betas(betas), left, left * (1 - left.log()), roundings=2 * len(betas))


@given(first=betas(), second=betas())
def test_alpha_bar_from_betas_multiplies_over_chained_chains(alpha_bar_from_betas, first, second):
    """The second of two chains begins with what the first has left."""
    whole, left = alpha_bar_from_betas(torch.cat([first, second])), signal_left(first)
    expected = torch.cat([left, left[-1] * alpha_bar_from_betas(second)])
    assert_close(whole, expected, expected * (1 - expected.log()), roundings=4 * len(whole))


@given(betas=betas())
def test_alpha_bar_from_betas_is_bounded_by_sum_of_betas(alpha_bar_from_betas, betas):
    """1 - sum beta <= alpha_bar <= exp(-sum beta): the sum decides whether the signal vanishes, not growing betas."""
    alpha_bar, total = alpha_bar_from_betas(betas), betas.cumsum(0)
    assert_at_most(alpha_bar, torch.exp(-total), 1.0)
    assert_at_most(-alpha_bar, total - 1, 1.0)


@pytest.mark.parametrize(
    ("num_steps", "beta_start", "beta_end", "alpha_bar"),
    [
        (1000, 0.01, 0.01, 4.3171247410658251e-5),
        (1000, 1e-9, 1e-6, 0.999499625062398406),
        (501, 1e-4, 0.02, 0.0062887601655013418),
        (1000, 0.02, 0.1, 9.9186245899342250e-28),
    ],
)
def test_alpha_bar_from_betas_equals_worked_products(
    alpha_bar_from_betas, linear_beta_schedule, num_steps, beta_start, beta_end, alpha_bar
):
    """In exact arithmetic: equal betas may leave as little as growing ones, and growing ones nearly everything."""
    left = alpha_bar_from_betas(linear_beta_schedule(num_steps, beta_start, beta_end))
    assert_close(left[-1], alpha_bar, alpha_bar * (1 - math.log(alpha_bar)), roundings=2 * num_steps)


@given(before=betas(), after=betas())
def test_alpha_bar_from_betas_stays_zero_after_beta_one(alpha_bar_from_betas, before, after):
    """A beta of 1 is a possible one: it erases the signal, and no later step brings it back."""
    left = alpha_bar_from_betas(torch.cat([before, before.new_ones(1), after]))
    expected = signal_left(before)
    assert_close(left[: len(before)], expected, expected * (1 - expected.log()), roundings=2 * len(before))
    assert_equal(left[len(before) :], [0.0] * (1 + len(after)))


@pytest.mark.parametrize("beta", [0.0, -0.25, ABOVE_ONE, math.nan])
def test_alpha_bar_from_betas_rejects_impossible_betas(alpha_bar_from_betas, beta):
    """A beta outside (0, 1] has no chain."""
    assert_rejects(alpha_bar_from_betas, torch.tensor([0.5, beta, 0.5], dtype=torch.float64))


@given(betas=betas(min_steps=1))
def test_log_alpha_bar_from_betas_inverts_exponential(log_alpha_bar_from_betas, betas):
    """Its exponential is what the accumulated noise leaves."""
    left = signal_left(betas)
    assert_close(log_alpha_bar_from_betas(betas).exp(), left, left * (1 - left.log()), roundings=2 * len(betas))


@given(halvings=st.lists(st.integers(1, 20), min_size=100, max_size=100))
def test_log_alpha_bar_from_betas_counts_halvings(log_alpha_bar_from_betas, halvings):
    """With betas 1 - 2^-k it is -log 2 times the sum of the k, also where alpha_bar is too small for a float."""
    exponents = torch.tensor(halvings, dtype=torch.float64)
    log_left = log_alpha_bar_from_betas(1 - 2**-exponents)
    assert_close(log_left, -math.log(2) * exponents.cumsum(0), roundings=200)


@given(exponents=st.lists(st.integers(30, 100), min_size=1, max_size=12))
def test_log_alpha_bar_from_betas_keeps_tiny_betas(log_alpha_bar_from_betas, exponents):
    """For betas below 2^-30 it is -sum (beta + beta^2 / 2), though 1 - beta may round to 1."""
    tiny = 2 ** -torch.tensor(exponents, dtype=torch.float64)
    assert_close(log_alpha_bar_from_betas(tiny), -(tiny + tiny**2 / 2).cumsum(0), roundings=2 * len(tiny) + 4)


@given(before=betas(), after=betas())
def test_log_alpha_bar_from_betas_stays_infinite_after_beta_one(log_alpha_bar_from_betas, before, after):
    """A beta of 1 erases the signal: -inf from there on, and finite before."""
    log_left = log_alpha_bar_from_betas(torch.cat([before, before.new_ones(1), after]))
    assert_equal(log_left.isfinite(), [True] * len(before) + [False] * (1 + len(after)))
    assert_equal(log_left[len(before) :], [-math.inf] * (1 + len(after)))


@pytest.mark.parametrize("beta", [0.0, -0.25, ABOVE_ONE, math.nan])
def test_log_alpha_bar_from_betas_rejects_impossible_betas(log_alpha_bar_from_betas, beta):
    """A beta outside (0, 1] has no chain."""
    assert_rejects(log_alpha_bar_from_betas, torch.tensor([0.5, beta, 0.5], dtype=torch.float64))


@given(betas=FROM_CLEAN)
def test_betas_from_alpha_bar_inverts_accumulation(betas_from_alpha_bar, betas):
    """The levels that a chain's noise leaves give its betas back."""
    assert_close(betas_from_alpha_bar(signal_left(betas)), betas, 1.0)


@given(visited=level_tables(1, 12, grid=4096))
def test_betas_from_alpha_bar_telescopes(betas_from_alpha_bar, visited):
    """Any falling levels, down to 0, are visited in turn: 1 - beta multiplies up to them."""
    left = (1 - betas_from_alpha_bar(visited)).cumprod(0)
    assert_close(left, visited, 1.0, roundings=2 * len(visited))


def test_betas_from_alpha_bar_ends_at_one_without_signal(betas_from_alpha_bar):
    """From 1 over 1/2 and 1/8 to 0: half, three quarters, and all that is left."""
    visited = torch.tensor([0.5, 0.125, 0.0], dtype=torch.float64)
    assert_equal(betas_from_alpha_bar(visited), [0.5, 0.75, 1.0])


@pytest.mark.parametrize(
    "visited", [[1.0, 0.5], [ABOVE_ONE, 0.5], [0.5, 0.5], [0.25, 0.5], [0.5, -0.25], [0.5, 0.0, 0.0], [0.5, math.nan]]
)
def test_betas_from_alpha_bar_rejects_levels_that_do_not_fall(betas_from_alpha_bar, visited):
    """Levels fall strictly, from below 1 to 0 at the least."""
    assert_rejects(betas_from_alpha_bar, torch.tensor(visited, dtype=torch.float64))


@given(signal=st.lists(st.integers(1, 4095), min_size=6, max_size=6))
def test_snr_equals_odds(snr, signal):
    """k parts of signal variance in 4096 are k to 4096 - k."""
    alpha_bar = torch.tensor(signal, dtype=torch.float64).reshape(2, 3) / 4096
    odds = torch.tensor([float(Fraction(k, 4096 - k)) for k in signal], dtype=torch.float64).reshape(2, 3)
    assert_close(snr(alpha_bar), odds, 1 + odds)


@given(alpha_bar=levels(2, 3))
def test_snr_inverts_when_signal_and_noise_trade_places(snr, alpha_bar):
    """SNR(alpha_bar) SNR(1 - alpha_bar) = 1."""
    assert_close(snr(alpha_bar) * snr(1 - alpha_bar), 1.0, 1 / (alpha_bar * (1 - alpha_bar)))


def test_snr_reaches_its_limits(snr):
    """No signal gives 0, equal parts 1, and no noise infinity."""
    assert_equal(snr(torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)), [0.0, 1.0, math.inf])


@given(alpha_bar=levels(2, 3))
def test_log_snr_equals_twice_atanh(log_snr, alpha_bar):
    """log(a / (1 - a)) = 2 atanh(2 a - 1)."""
    condition = alpha_bar.log().abs() + (1 - alpha_bar).log().abs()
    assert_close(log_snr(alpha_bar), 2 * torch.atanh(2 * alpha_bar - 1), condition)


@given(alpha_bar=levels(2, 3))
def test_log_snr_is_odd_about_equal_parts(log_snr, alpha_bar):
    """Signal and noise that trade places change the sign, and a level of 1 - 2^-12 is worth log 4095."""
    condition = alpha_bar.log().abs() + (1 - alpha_bar).log().abs()
    assert_close(log_snr(alpha_bar) + log_snr(1 - alpha_bar), 0.0, condition)
    assert_close(log_snr(torch.full((3,), 4095 / 4096, dtype=torch.float64)), math.log(4095))


def test_log_snr_reaches_its_limits(log_snr):
    """No signal gives -inf, equal parts 0, and no noise inf."""
    assert_equal(log_snr(torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)), [-math.inf, 0.0, math.inf])


@given(doublings=st.lists(st.integers(-40, 40), min_size=6, max_size=6))
def test_alpha_bar_from_log_snr_equals_share_at_doubled_odds(alpha_bar_from_log_snr, doublings):
    """A log-SNR of n log 2 means odds of 2^n to 1, hence a share of 2^n / (2^n + 1)."""
    n = torch.tensor(doublings, dtype=torch.float64).reshape(2, 3)
    share = torch.tensor([float(1 / (1 + Fraction(2) ** -k)) for k in doublings], dtype=torch.float64).reshape(2, 3)
    assert_close(alpha_bar_from_log_snr(n * math.log(2)), share, share * (1 + n.abs()))


@given(ratio=normals(2, 3))
def test_alpha_bar_from_log_snr_sums_to_one_with_opposite(alpha_bar_from_log_snr, ratio):
    """Signal and noise trade places when the log-SNR changes its sign."""
    assert_close(alpha_bar_from_log_snr(ratio) + alpha_bar_from_log_snr(-ratio), 1.0)


def test_alpha_bar_from_log_snr_reaches_its_limits(alpha_bar_from_log_snr):
    """Every real number has a level, and 0 and 1 are approached without overflow."""
    ratio = torch.tensor([-math.inf, -1e4, 0.0, 1e4, math.inf], dtype=torch.float64)
    assert_equal(alpha_bar_from_log_snr(ratio), [0.0, 0.0, 0.5, 1.0, 1.0])


@pytest.mark.parametrize("last", [0.375, 1.0])
@given(betas=betas(min_steps=1) | FROM_CLEAN)
def test_rescale_zero_terminal_snr_stretches_roots_of_levels(rescale_zero_terminal_snr, betas, last):
    """The new sqrt(alpha_bar) interpolates in the old one: unchanged where that starts, and 0 where it ends."""
    chain = torch.cat([betas, betas.new_full((1,), last)])
    root = signal_left(chain).sqrt()
    expected = torch.as_tensor(np.interp(root, [root[-1], root[0]], [0.0, root[0]])) ** 2
    table = rescale_zero_terminal_snr(chain)
    condition = root[0] / (root[0] - root[-1])
    assert_close((1 - table).cumprod(0), expected, condition, roundings=8 * len(chain))
    assert_equal(table[-1], 1.0)


def test_rescale_zero_terminal_snr_equals_worked_chain(rescale_zero_terminal_snr):
    """Roots of 1/2, 1/4 and 1/8 become 1/2, 1/6 and 0, so betas of 3/4 become 3/4, 8/9 and 1."""
    chain = torch.full((3,), 0.75, dtype=torch.float64)
    assert_close(rescale_zero_terminal_snr(chain), [3 / 4, 8 / 9, 1.0], 1.0)


@pytest.mark.parametrize(
    "chain",
    [[], [0.5], [1.0], [0.5, 0.0], [0.5, ABOVE_ONE], [0.5, -0.25], [1.0, 0.5], [0.5, 1.0, 0.5], [0.5, math.nan]],
)
def test_rescale_zero_terminal_snr_rejects_impossible_chains(rescale_zero_terminal_snr, chain):
    """There are at least two steps, and only the last beta may be 1."""
    assert_rejects(rescale_zero_terminal_snr, torch.tensor(chain, dtype=torch.float64))


@given(table=normals(7), timesteps=st.lists(st.integers(0, 6), min_size=5, max_size=5), num_dims=st.integers(1, 4))
def test_extract_equals_loop_over_samples(extract, table, timesteps, num_dims):
    """Sample b gets the very entry of its own timestep, with one axis for the batch and the others of size 1."""
    table = table / 3
    expected = torch.stack([table[t] for t in timesteps])[(..., *[None] * (num_dims - 1))]
    assert_equal(extract(table, torch.tensor(timesteps), num_dims), expected)


@given(table=normals(7), timesteps=st.lists(st.integers(0, 6), min_size=3, max_size=3, unique=True))
def test_extract_scales_samples_not_features(extract, table, timesteps):
    """In a batch with as many samples as features, all entries of a row are multiplied by the row's own number."""
    scale = extract(table, torch.tensor(timesteps), 2)
    scaled = scale * torch.ones(3, 3, dtype=scale.dtype)
    assert_equal(scaled, [[table[t].item()] * 3 for t in timesteps])
