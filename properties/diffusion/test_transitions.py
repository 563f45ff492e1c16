"""Laws of `reference.diffusion.transitions`."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, optimize, special

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, levels, simplex

BETAS = dyadics(0, 4096, 2, 3)
WIDTHS = dyadics(1, 16384, 2, 3)
ONE_BETA = torch.full((1,), 0.5, dtype=torch.float64)
# No two distances are equal, and neighbours differ by sum or maximum of differences, inner product, or one coordinate.
POINTS = ((-4, -2, 0), (1, -2, 0), (2, 0, 4), (0, 2, 0), (2, 1, 3))


def tabulated(steps, num_states, moves):
    """The matrices in which state i goes to each `to` of the pairs (probability, to) of moves(step, i)."""

    def row(step, i):
        return [sum(probability for probability, to in moves(step, i) if to == j) for j in range(num_states)]

    matrices = [[row(step, i) for i in range(num_states)] for step in steps.flatten(0, 1).tolist()]
    return torch.tensor(matrices, dtype=torch.float64).unflatten(0, steps.shape[:2])


def composed(first, second):
    """The beta of two steps in a row: what neither changes is left alone."""
    return 1 - (1 - first) * (1 - second)


def gaussian_moves(beta, num_classes, band):
    """Gaussian matrices, and the size of the terms of their entries: errors of an exponent count as many times."""

    def entries(beta, i):
        exponents = [(2 * (i - j) / (num_classes - 1)) ** 2 / beta for j in range(num_classes)]
        total = sum(math.exp(-((2 * n / (num_classes - 1)) ** 2) / beta) for n in range(-band, band + 1))
        moves = [math.exp(-exponents[j]) / total if 0 < abs(i - j) <= band else 0.0 for j in range(num_classes)]
        sizes = [move * (1 + exponent) for move, exponent in zip(moves, exponents, strict=True)]
        moves[i], sizes[i] = 1 - sum(moves), 1.0
        return moves, sizes

    flat = beta.flatten().tolist()
    matrices = torch.tensor([[entries(beta, i) for i in range(num_classes)] for beta in flat], dtype=torch.float64)
    return matrices.unflatten(0, beta.shape).unbind(-2)


def information(transition, prior):
    """Mutual information as the divergence of the joint distribution from the product of its marginals."""
    joint = (prior[:, None] * transition).numpy()
    apart = prior[:, None].numpy() * joint.sum(-2, keepdims=True)
    return torch.as_tensor(special.rel_entr(joint, apart).sum((-2, -1)))


@pytest.mark.parametrize("num_classes", [2, 5])
@given(beta=BETAS)
def test_uniform_transition_equals_draw_from_all_classes(uniform_transition, beta, num_classes):
    """With probability 1 - beta nothing happens, and with beta / K each class is drawn, the same one included."""

    def moves(beta, i):
        return [(1 - beta, i), *((beta / num_classes, to) for to in range(num_classes))]

    assert_close(uniform_transition(beta, num_classes), tabulated(beta, num_classes, moves))


@given(beta=levels(2, 3))
def test_uniform_transition_multiplies_signal(uniform_transition, beta):
    """Rows sum to 1, and two steps in either order have beta = 1 - (1 - beta_1) (1 - beta_2)."""
    first, second = uniform_transition(beta, 5)
    both = uniform_transition(composed(*beta), 5)
    assert_close(first.sum(-1), 1.0)
    assert_close(first @ second, both)
    assert_close(second @ first, both)


@pytest.mark.parametrize("num_classes", [1, 0])
def test_uniform_transition_rejects_too_few_classes(
    uniform_transition, absorbing_transition, discretized_gaussian_transition, mask_and_replace_transition, num_classes
):
    """Nothing can change without a second class."""
    assert_rejects(uniform_transition, ONE_BETA, num_classes)
    assert_rejects(absorbing_transition, ONE_BETA, num_classes, 0)
    assert_rejects(discretized_gaussian_transition, ONE_BETA, num_classes)
    assert_rejects(mask_and_replace_transition, ONE_BETA, ONE_BETA, num_classes)


@pytest.mark.parametrize(("num_classes", "absorbing"), [(2, 0), (5, 3), (5, 4)])
@given(beta=BETAS)
def test_absorbing_transition_equals_one_way_move(absorbing_transition, beta, num_classes, absorbing):
    """With probability beta every class becomes the absorbing one, which stays; rows tell from where."""

    def moves(beta, i):
        return [(1 - beta, i), (beta, absorbing)]

    assert_close(absorbing_transition(beta, num_classes, absorbing), tabulated(beta, num_classes, moves))


@given(beta=levels(2, 3))
def test_absorbing_transition_multiplies_signal(absorbing_transition, beta):
    """The product of two steps has beta = 1 - (1 - beta_1) (1 - beta_2), and all mass of the absorbing class stays."""
    first, second = absorbing_transition(beta, 5, 1)
    assert_close(first @ second, absorbing_transition(composed(*beta), 5, 1))
    assert_close(first[:, 1], torch.eye(5)[1].expand(3, 5))


@pytest.mark.parametrize("absorbing", [-1, 4])
def test_absorbing_transition_rejects_unknown_class(absorbing_transition, absorbing):
    """Of four classes 0 to 3 can absorb."""
    assert_rejects(absorbing_transition, ONE_BETA, 4, absorbing)


@pytest.mark.parametrize("num_classes", [2, 5])
@given(beta=WIDTHS)
def test_discretized_gaussian_transition_equals_sum_over_both_sides(discretized_gaussian_transition, beta, num_classes):
    """Moves weigh exp(-d^2 / beta), over the sum for all |n| < K, where K - 1 classes make d = 2; the rest stays."""
    expected, size = gaussian_moves(beta, num_classes, num_classes - 1)
    assert_close(discretized_gaussian_transition(beta, num_classes), expected, size)


@given(beta=WIDTHS)
def test_discretized_gaussian_transition_preserves_uniform_distribution(discretized_gaussian_transition, beta):
    """Q is symmetric with rows that sum to 1, the identity at beta = 0, and with beta more mass leaves class 0."""
    wider = torch.cumsum(torch.cat([0 * beta[:1], beta]), 0)
    matrix = discretized_gaussian_transition(wider, 5)
    assert_equal(matrix, matrix.mT)
    assert_close(matrix.sum(-2), 1.0)
    assert_equal(matrix[0], torch.eye(5).expand(3, 5, 5))
    assert_at_most(matrix[1:, :, 0, 0], matrix[:-1, :, 0, 0], 1.0)


@pytest.mark.parametrize(("num_classes", "band"), [(2, 1), (5, 1), (5, 3)])
@given(beta=WIDTHS)
def test_banded_gaussian_transition_equals_sum_within_band(banded_gaussian_transition, beta, num_classes, band):
    """Moves by up to `band` weigh exp(-d^2 / beta) over the sum for |n| <= band, and none goes further."""
    expected, size = gaussian_moves(beta, num_classes, band)
    assert_close(banded_gaussian_transition(beta, num_classes, band), expected, size)


@given(beta=WIDTHS)
def test_banded_gaussian_transition_reduces_to_discretized_gaussian_at_full_band(
    banded_gaussian_transition, discretized_gaussian_transition, beta
):
    """A band of K - 1 leaves nothing out, and what a narrower one leaves out stays, all of it at beta = 0."""
    full = banded_gaussian_transition(beta, 5, 4)
    exponent = 4 / beta[..., None, None]
    assert_close(full, discretized_gaussian_transition(beta, 5), full * (1 + exponent))
    assert_close(banded_gaussian_transition(beta, 5, 2).sum(-2), 1.0)
    assert_equal(banded_gaussian_transition(0 * beta, 5, 2), torch.eye(5).expand(2, 3, 5, 5))


@pytest.mark.parametrize(("num_classes", "band"), [(2, 1), (5, 1), (5, 3)])
@given(beta=BETAS)
def test_banded_transition_equals_draw_that_counts_within_band(banded_transition, beta, num_classes, band):
    """With probability beta any of K classes is drawn, and one that lies more than `band` away changes nothing."""

    def moves(beta, i):
        draws = ((beta / num_classes, to if abs(i - to) <= band else i) for to in range(num_classes))
        return [(1 - beta, i), *draws]

    assert_close(banded_transition(beta, num_classes, band), tabulated(beta, num_classes, moves), 1.0)


@given(beta=BETAS)
def test_banded_transition_reduces_to_uniform_at_full_band(banded_transition, uniform_transition, beta):
    """A band of K - 1 leaves nothing out, and a narrower one still keeps the uniform distribution."""
    assert_close(banded_transition(beta, 5, 4), uniform_transition(beta, 5), 1.0)
    assert_close(banded_transition(beta, 5, 2).sum(-2), 1.0)


@pytest.mark.parametrize(("num_classes", "band"), [(4, 0), (4, 4), (4, -1), (1, 1)])
def test_banded_transition_rejects_impossible_bands(banded_transition, banded_gaussian_transition, num_classes, band):
    """Of four classes one is 1 to 3 away from another."""
    assert_rejects(banded_transition, ONE_BETA, num_classes, band)
    assert_rejects(banded_gaussian_transition, ONE_BETA, num_classes, band)


@given(
    points=st.permutations(POINTS),
    signs=dyadics(0, 1, 3, grid=1),
    scale=st.sampled_from([0.125, 1.0, 8.0]),
    num_neighbors=st.integers(1, 4),
)
def test_nearest_neighbor_rate_counts_neighbours_both_ways(nearest_neighbor_rate, points, signs, scale, num_neighbors):
    """The rate of i to j is 1 / (2 k) if j is one of the k nearest to i, and as much again if i is one of j's."""
    embeddings = torch.tensor(points, dtype=torch.float64) * (2 * signs - 1) * scale

    def neighbours(i):
        others = (j for j in range(5) if j != i)
        return sorted(others, key=lambda j: math.dist(points[i], points[j]))[:num_neighbors]

    expected = torch.zeros(5, 5, dtype=torch.float64)
    for i in range(5):
        for j in neighbours(i):
            for start, end in ((i, j), (j, i)):
                expected[start, end] += 1 / (2 * num_neighbors)
                expected[start, start] -= 1 / (2 * num_neighbors)
    assert_close(nearest_neighbor_rate(embeddings, num_neighbors), expected, 5.0)


@pytest.mark.parametrize("num_neighbors", [1, 3])
@given(embeddings=dyadics(-8, 8, 5, 2, grid=4), shift=dyadics(-64, 64, 2, grid=4))
def test_nearest_neighbor_rate_is_invariant_to_shifts(nearest_neighbor_rate, embeddings, shift, num_neighbors):
    """Rates are symmetric, add up to 0 in each row and leave a class with rate 1 on average, wherever the origin."""
    rate = nearest_neighbor_rate(embeddings, num_neighbors)
    assert_equal(rate, rate.mT)
    assert_close(rate.sum(-1), 0.0, 5.0)
    assert_close(-rate.diagonal().mean(), 1.0, 5.0)
    assert_equal(nearest_neighbor_rate(embeddings + shift, num_neighbors), rate)


@pytest.mark.parametrize("num_neighbors", [0, 4, -1])
def test_nearest_neighbor_rate_rejects_impossible_numbers(nearest_neighbor_rate, num_neighbors):
    """Each of four classes has 1 to 3 neighbours."""
    assert_rejects(nearest_neighbor_rate, torch.tensor(POINTS[:4], dtype=torch.float64), num_neighbors)


@given(rates=dyadics(0, 64, 4, 4, grid=64), time=dyadics(0, 128, 2, 3, grid=64))
def test_rate_transition_equals_pade_approximant(rate_transition, rates, time):
    """SciPy's scaled and squared Pade approximant of the matrix exponential gives the same matrices."""
    rate = rates - torch.diag(rates.sum(-1))
    expected = torch.as_tensor(linalg.expm((time[..., None, None] * rate).numpy()))
    assert_close(rate_transition(rate, time), expected, 1 + 8 * time[..., None, None] * rates.sum())


@given(rates=dyadics(0, 64, 4, 4, grid=64), time=dyadics(0, 128, 2, 3, grid=64))
def test_rate_transition_adds_times(rate_transition, rates, time):
    """Two stretches of time in a row are one of their sum, rows sum to 1, and no time at all changes nothing."""
    rate = rates - torch.diag(rates.sum(-1))
    first, second = rate_transition(rate, time)
    size = 1 + 8 * time.sum(0)[:, None, None] * rates.sum()
    assert_close(first @ second, rate_transition(rate, time.sum(0)), size)
    assert_close(first.sum(-1), 1.0, size[..., 0])
    assert_equal(rate_transition(rate, 0 * time[0]), torch.eye(4).expand(3, 4, 4))


@pytest.mark.parametrize("num_classes", [2, 5])
@given(steps=dyadics(0, 2048, 2, 3, 2))
def test_mask_and_replace_transition_equals_keep_mask_or_draw(mask_and_replace_transition, steps, num_classes):
    """A token is kept, becomes MASK, or is drawn anew from the N classes, which do not include MASK; MASK stays."""

    def moves(step, i):
        keep, mask = step
        draws = (((1 - keep - mask) / num_classes, to) for to in range(num_classes))
        return [(1, i)] if i == num_classes else [(keep, i), (mask, num_classes), *draws]

    matrix = mask_and_replace_transition(*steps.unbind(-1), num_classes)
    assert_close(matrix, tabulated(steps, num_classes + 1, moves))


@given(keep=dyadics(1, 2048, 2, 3), mask=dyadics(1, 2048, 2, 3))
def test_mask_and_replace_transition_multiplies_keep_and_not_mask(mask_and_replace_transition, keep, mask):
    """In a product keep and 1 - mask multiply, while replacements follow from both and do not multiply."""
    first, second = mask_and_replace_transition(keep, mask, 3)
    assert_close(first.sum(-1), 1.0)
    assert_close(first @ second, mask_and_replace_transition(keep.prod(0), composed(*mask), 3), 1.0)


@given(
    num_steps=st.integers(2, 6),
    kept=st.tuples(st.integers(1, 16), st.integers(0, 16)),
    masked=st.tuples(st.integers(0, 15), st.integers(0, 16)),
)
def test_mask_and_replace_schedule_changes_totals_by_equal_amounts(mask_and_replace_schedule, num_steps, kept, masked):
    """Cumulative probabilities lie on lines between the given ends, and what each step leaves multiplies up to them."""
    (mask_start, mask_end), (left_end, left_start) = sorted(masked), sorted(kept)
    keep_start, keep_end = (left * (16 - mask) / 256 for left, mask in ((left_start, mask_start), (left_end, mask_end)))
    ends = (keep_start, keep_end, mask_start / 16, mask_end / 16)
    schedule = mask_and_replace_schedule(num_steps, *ends)
    for observed, start, end in ((schedule.keep_bar, *ends[:2]), (schedule.mask_bar, *ends[2:])):
        line = [start + (end - start) * i / (num_steps - 1) for i in range(num_steps)]
        assert_close(observed, line, 1.0)
    assert_close(schedule.keep.cumprod(0), schedule.keep_bar, 1.0)
    assert_close((1 - schedule.mask).cumprod(0), 1 - schedule.mask_bar, 1.0)
    assert_at_most(schedule.keep + schedule.mask, 1.0, 4.0)


@pytest.mark.parametrize(
    ("arguments", "ends"),
    [((3,), ("0.99999", "9e-6", "9e-6", "0.99999")), ((3, 0.75, 0.0, 0.25, 1.0), ("0.75", "0", "0.25", "1"))],
)
def test_mask_and_replace_schedule_equals_worked_tables(mask_and_replace_schedule, arguments, ends):
    """Three steps in rational arithmetic, with the published ends unless told otherwise, down to nothing kept."""
    keep_start, keep_end, mask_start, mask_end = map(Fraction, ends)
    keep_bar = [Fraction(1), keep_start, (keep_start + keep_end) / 2, keep_end]
    mask_bar = [Fraction(0), mask_start, (mask_start + mask_end) / 2, mask_end]
    keep = [float(now / before) for before, now in itertools.pairwise(keep_bar)]
    mask = [float(1 - (1 - now) / (1 - before)) for before, now in itertools.pairwise(mask_bar)]
    schedule = mask_and_replace_schedule(*arguments)
    assert_close(schedule.keep, keep)
    assert_close(schedule.mask, mask, 1.0)
    assert_close(schedule.keep_bar, [float(level) for level in keep_bar[1:]])
    assert_close(schedule.mask_bar, [float(level) for level in mask_bar[1:]])


@given(num_steps=st.integers(2, 6))
def test_mask_and_replace_schedule_multiplies_up_to_cumulative_matrices(
    mask_and_replace_schedule, mask_and_replace_transition, num_steps
):
    """The one-step matrices are stochastic, and their product is the matrix of the cumulative probabilities."""
    keep, mask, keep_bar, mask_bar = mask_and_replace_schedule(num_steps, 0.875, 0.0625, 0.0625, 0.75)
    matrices = mask_and_replace_transition(keep, mask, 3)
    product = torch.linalg.multi_dot(list(matrices))
    assert_close(product, mask_and_replace_transition(keep_bar, mask_bar, 3)[-1], 1.0)
    assert_at_most(-matrices, 0.0, 1.0)
    assert_close(matrices.sum(-1), 1.0)


@pytest.mark.parametrize(
    "arguments",
    [
        (1,),
        (0,),
        (3, 0.0, 0.0, 0.25, 0.75),
        (3, 0.875, 0.125, 0.25, 0.75),
        (3, 0.5, 0.375, 0.25, 0.75),
        (3, 0.375, 0.25, 0.25, 0.75),
        (3, 0.75, 0.5, 0.25, 0.75),
        (3, 0.5, -0.125, 0.25, 0.75),
        (3, 0.5, 0.0625, -0.125, 0.75),
        (3, -0.5, 0.0, 0.25, 1.0),
        (3, 0.5, 0.125, 0.25, 0.125),
        (3, 0.5, 0.0, 0.25, 1.125),
        (3, 0.5, math.nan, 0.25, 0.75),
    ],
)
def test_mask_and_replace_schedule_rejects_impossible_probabilities(mask_and_replace_schedule, arguments):
    """There are two steps at least, ever more is masked, ever less of the rest is kept, and nothing is negative."""
    assert_rejects(mask_and_replace_schedule, *arguments)


@given(num_steps=st.integers(2, 12), offset=st.integers(0, 16), max_beta=st.sampled_from([0.25, 0.75, 1.0]))
def test_unsquared_cosine_beta_schedule_equals_turn_by_equal_angles(
    unsquared_cosine_beta_schedule, num_steps, offset, max_beta
):
    """cos(x + d) / cos(x) = cos d - sin d tan x, so each turn by d costs 1 - cos d + sin d tan x, up to the cap."""
    turn = math.pi / 2 / (1 + offset / 64)
    d = turn / num_steps
    losses = [1 - math.cos(d) + math.sin(d) * math.tan(turn * (offset / 64 + t / num_steps)) for t in range(num_steps)]
    table = unsquared_cosine_beta_schedule(num_steps, offset / 64, max_beta)
    assert_close(table, [min(loss, max_beta) for loss in losses], 1.0 + num_steps)


def test_unsquared_cosine_beta_schedule_equals_worked_table(unsquared_cosine_beta_schedule):
    """Unless told otherwise s = 0.008 and betas end at 0.999, worked out for three steps to 30 digits."""
    expected = [0.13809302741436591, 0.42402663220130524, 0.999]
    assert_close(unsquared_cosine_beta_schedule(3), expected, 1.0)


@pytest.mark.parametrize("arguments", [(1,), (3, 0.008, 0.0), (3, 0.008, 1.25)])
def test_unsquared_cosine_beta_schedule_rejects_impossible_chains(unsquared_cosine_beta_schedule, arguments):
    """There are two steps at least, and the cap lies in (0, 1]."""
    assert_rejects(unsquared_cosine_beta_schedule, *arguments)


@given(transition=simplex(2, 3, 5), prior=simplex(3))
def test_mutual_information_equals_divergence_from_independence(mutual_information, transition, prior):
    """It is the divergence in nats of the joint distribution from the product of its marginals, with 0 log 0 = 0."""
    assert_close(mutual_information(transition, prior), information(transition, prior), 2.0)


@given(first=simplex(3, 3), second=simplex(3, 5), prior=simplex(3))
def test_mutual_information_falls_from_entropy(mutual_information, first, second, prior):
    """All of the entropy before any step, less after every step, and none once the rows are equal."""
    entropy = special.entr(prior.numpy()).sum()
    assert_close(mutual_information(torch.eye(3, dtype=torch.float64), prior), entropy, 2.0)
    after = mutual_information(first, prior)
    assert_at_most(after, entropy, 2.0)
    assert_at_most(mutual_information(first @ second, prior), after, 2.0)
    assert_close(mutual_information(second[:1].expand(3, 5), prior), 0.0, 2.0)


def test_mutual_information_takes_rounding_below_zero_for_zero(mutual_information):
    """An entry of -2^-60 that stands for 0 counts as 0."""
    nearly = torch.tensor([[1, -(2.0**-60)], [0.5, 0.5]], dtype=torch.float64)
    prior = torch.tensor([0.5, 0.5], dtype=torch.float64)
    assert_close(mutual_information(nearly, prior), information(nearly.clamp(min=0), prior), 2.0)


@given(
    num_steps=st.integers(2, 6),
    data=simplex(3, least=1),
    chain=st.sampled_from([(0.0, 1.0, 2), (0.25, 0.75, 1), (0.0, 1.0, 1)]),
)
def test_mutual_information_times_equals_lost_fraction_of_absorbing_chain(
    mutual_information_times, num_steps, data, chain
):
    """Absorbed with probability a + (b - a) s^n, data lose information in proportion to s^n: s_t = (t / T)^(1 / n)."""
    first, last, power = chain
    prior = torch.cat([data, torch.zeros(1, dtype=torch.float64)])

    def family(time):
        beta = (first + (last - first) * time**power)[:, None, None]
        identity = torch.eye(4, dtype=time.dtype)
        return (1 - beta) * identity + beta * identity[3]

    times = mutual_information_times(family, prior, num_steps)
    expected = [(t / num_steps) ** (1 / power) for t in range(1, num_steps + 1)]
    assert_close(times, expected, 8 / special.entr(data.numpy()).sum())


@given(num_steps=st.integers(2, 4), prior=simplex(3, least=1))
def test_mutual_information_times_inverts_information_of_uniform_chain(mutual_information_times, num_steps, prior):
    """The times are the roots of I(s) = (1 - t / T) H for a chain that draws classes anew with probability s."""

    def family(time):
        beta = time[..., None, None]
        return (1 - beta) * torch.eye(3, dtype=time.dtype) + beta / 3

    def left(time):
        return float(information(family(torch.tensor(time, dtype=torch.float64)), prior))

    expected, slopes = [], []
    for t in range(1, num_steps):
        target = (1 - t / num_steps) * left(0.0)
        expected.append(optimize.brentq(lambda time, target=target: left(time) - target, 0, 1, xtol=1e-15))
        slopes.append((left(expected[-1] * 0.75) - target) / (expected[-1] * 0.25))
    size = [4 / slope for slope in slopes]
    assert_close(mutual_information_times(family, prior, num_steps), [*expected, 1.0], [*size, 1.0])


@pytest.mark.parametrize(("num_steps", "direction"), [(1, 1), (0, 1), (3, 0), (3, -1)])
def test_mutual_information_times_rejects_families_that_lose_nothing(mutual_information_times, num_steps, direction):
    """There are two steps at least, and information that falls."""

    def family(time):
        beta = (0.5 + direction * (time - 0.5))[:, None, None]
        return (1 - beta) * torch.eye(2, dtype=time.dtype) + beta / 2

    assert_rejects(mutual_information_times, family, torch.tensor([0.25, 0.75], dtype=torch.float64), num_steps)
