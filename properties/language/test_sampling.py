"""Laws of `reference.language.sampling`."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals, simplex

EVERY_SUBSET = torch.tensor(list(itertools.product([0.0, 1.0], repeat=5)), dtype=torch.float64)


def only(kept, logits):
    return torch.where(torch.as_tensor(kept), logits, -math.inf)


@given(logits=normals(2, 3, 5), temperature=dyadics(1, 64, grid=16))
def test_temperature_logits_equals_power_of_probabilities(temperature_logits, logits, temperature):
    """softmax(z / T) is p^(1/T) renormalised, p being the softmax of z, and the impossible stays impossible."""
    logits = torch.cat([logits, torch.full((2, 3, 1), -math.inf)], -1)
    power = logits.exp() ** (1 / temperature)
    seen = torch.softmax(temperature_logits(logits, temperature.item()), -1)
    expected = power / power.sum(-1, keepdim=True)
    assert_close(seen, expected, expected * (1 + 8 / temperature))


@pytest.mark.parametrize("temperature", [0.0, 2.0**-22])
@given(logits=dyadics(-2, 2, 2, 5))
def test_temperature_logits_converges_to_uniform_over_maxima(temperature_logits, logits, temperature):
    """As T falls to 0, and at 0, all probability goes to the likeliest tokens, in equal parts; at 0 others are out."""
    best = [[value == max(row) for value in row] for row in logits.tolist()]
    expected = [[hit / sum(row) for hit in row] for row in best]
    cold = temperature_logits(logits, temperature)
    assert_close(torch.softmax(cold, -1), expected)
    assert_equal(cold > -math.inf, torch.tensor(best) | (temperature > 0))


@pytest.mark.parametrize("temperature", [-0.25, math.inf, math.nan])
def test_temperature_logits_rejects_impossible_temperatures(temperature_logits, temperature):
    """There is no temperature below 0, at infinity or that is no number."""
    assert_rejects(temperature_logits, torch.ones(2, 5, dtype=torch.float64), temperature)


@given(logits=normals(2, 5), cap=dyadics(1, 512, grid=16))
def test_soft_cap_logits_equals_difference_of_exponentials(soft_cap_logits, logits, cap):
    """cap tanh(z / cap) = cap (1 - e^(-2 z / cap)) / (1 + e^(-2 z / cap)), to the last digits also where it is flat."""
    logits = torch.cat([logits, 256 * logits, torch.full((2, 5), -math.inf)])
    decay = torch.exp(-2 * logits.abs() / cap)
    expected = logits.sign() * cap * -torch.expm1(-2 * logits.abs() / cap) / (1 + decay)
    assert_close(soft_cap_logits(logits, cap.item()), expected)


@pytest.mark.parametrize("cap", [0.0, -2.0, math.inf, math.nan])
def test_soft_cap_logits_rejects_impossible_caps(soft_cap_logits, cap):
    """A cap is a finite number above 0."""
    assert_rejects(soft_cap_logits, torch.ones(2, 5, dtype=torch.float64), cap)


@pytest.mark.parametrize("length", [0, 3])
@given(logits=normals(2, 3, 5), ids=indices(5, 2, 3, 4), penalty=dyadics(1, 64, grid=16))
def test_penalize_repetition_scales_what_occurs_once(penalize_repetition, logits, ids, penalty, length):
    """A token that occurs, once or more, has its logit moved down by one factor, and no other token changes."""
    factor, ids = penalty.item(), ids[..., :length]
    expected = [
        [value if i not in seen else value * factor if value < 0 else value / factor for i, value in enumerate(row)]
        for row, seen in zip(logits.flatten(0, 1).tolist(), ids.flatten(0, 1).tolist(), strict=True)
    ]
    assert_close(penalize_repetition(logits, ids, factor).flatten(0, 1), expected)


@pytest.mark.parametrize("penalty", [0.0, -2.0, math.inf, math.nan])
def test_penalize_repetition_rejects_impossible_penalties(penalize_repetition, penalty):
    """A factor that is 0, negative or infinite makes no token less likely."""
    assert_rejects(penalize_repetition, torch.ones(2, 5, dtype=torch.float64), torch.tensor([[1], [2]]), penalty)


@pytest.mark.parametrize("length", [0, 3])
@given(logits=normals(2, 3, 5), ids=indices(5, 2, 3, 4), penalties=dyadics(-32, 32, 2, grid=16))
def test_penalize_frequency_subtracts_for_each_occurrence(penalize_frequency, logits, ids, penalties, length):
    """A token that occurs c times loses c times the one penalty and, if c > 0, the other."""
    (frequency, presence), ids = penalties.tolist(), ids[..., :length]
    expected = [
        [value - frequency * seen.count(i) - presence * (i in seen) for i, value in enumerate(row)]
        for row, seen in zip(logits.flatten(0, 1).tolist(), ids.flatten(0, 1).tolist(), strict=True)
    ]
    seen = penalize_frequency(logits, ids, frequency, presence).flatten(0, 1)
    assert_close(seen, expected, logits.flatten(0, 1).abs() + 3 * penalties.abs().sum())


@pytest.mark.parametrize("penalties", [(math.inf, 0.5), (0.5, -math.inf), (math.nan, 0.5), (0.5, math.nan)])
def test_penalize_frequency_rejects_infinite_penalties(penalize_frequency, penalties):
    """An infinite penalty would turn a count of 0 into NaN."""
    assert_rejects(penalize_frequency, torch.ones(2, 5, dtype=torch.float64), torch.tensor([[1], [2]]), *penalties)


@pytest.mark.parametrize("k", [1, 2, 4, 5, 7])
@given(orders=st.tuples(st.permutations(range(5)), st.permutations(range(5))))
def test_top_k_filter_keeps_those_exceeded_by_fewer_than_k(top_k_filter, orders, k):
    """Of different logits, however near, exactly k stay, unchanged, or all if there are fewer."""
    logits = 1 + torch.tensor(orders, dtype=torch.float64) / 2**20
    assert_equal(top_k_filter(logits, k), only([[5 - i <= k for i in row] for row in orders], logits))


@pytest.mark.parametrize("k", [1, 2, 4])
@given(logits=dyadics(-1, 1, 2, 3, 5, grid=1))
def test_top_k_filter_keeps_ties(top_k_filter, logits, k):
    """A logit stays if fewer than k are larger, so all that equal the k-th largest do."""
    larger = (logits[..., None, :] > logits[..., :, None]).sum(-1)
    assert_equal(top_k_filter(logits, k), only(larger < k, logits))


@pytest.mark.parametrize("k", [0, -1])
def test_top_k_filter_rejects_empty_choices(top_k_filter, k):
    """At least one token must stay."""
    assert_rejects(top_k_filter, torch.ones(2, 5, dtype=torch.float64), k)


@given(weights=simplex(2, 3, 5), level=st.integers(0, 63), shift=normals(2, 3, 1))
def test_top_p_filter_keeps_smallest_set_of_mass(top_p_filter, weights, level, shift):
    """No set of fewer tokens has a mass of p, and none of as many has more than the one that stays."""
    p, logits = (2 * level + 1) / 128, weights.log() + 256 * shift
    filtered = top_p_filter(logits, p)
    kept = filtered > -math.inf
    masses, sizes = weights @ EVERY_SUBSET.T, EVERY_SUBSET.sum(-1)
    smallest = torch.where(masses >= p, sizes, math.inf).amin(-1, keepdim=True)
    assert_equal(kept.sum(-1), smallest.squeeze(-1).long())
    assert_equal((kept * weights).sum(-1), torch.where(sizes == smallest, masses, 0).amax(-1))
    assert_equal(filtered, only(kept, logits))


@pytest.mark.parametrize(("tied", "enough"), [(2, 1), (4, 0), (4, 1), (4, 2), (4, 3)])
@given(order=st.permutations(range(7)))
def test_top_p_filter_keeps_lowest_ids_of_exact_mass(top_p_filter, typical_filter, order, tied, enough):
    """Of n equally likely tokens, the m of the lowest ids have a mass of m / n, and for a mass of 0 one is kept."""
    logits = torch.where(torch.tensor(order) < tied, 0.0, -math.inf).double()
    lowest = sorted(order.index(i) for i in range(tied))[: max(enough, 1)]
    expected = only([i in lowest for i in range(7)], logits)
    assert_equal(top_p_filter(logits, enough / tied), expected)
    assert_equal(typical_filter(logits, enough / tied), expected)


@given(logits=normals(2, 5))
def test_top_p_filter_is_greedy_at_zero_and_idle_at_one(top_p_filter, logits):
    """p = 0 leaves the first of the likeliest tokens, p = 1 all of them, however unlikely."""
    logits = 16 * logits
    first = [[i == row.index(max(row)) for i in range(5)] for row in logits.tolist()]
    assert_equal(top_p_filter(logits, 0.0), only(first, logits))
    assert_equal(top_p_filter(logits, 1.0), logits)


@pytest.mark.parametrize("mass", [-0.125, 1.125, math.nan])
def test_top_p_filter_rejects_impossible_masses(top_p_filter, typical_filter, min_p_filter, mass):
    """The mass to keep, and the ratio to the likeliest token, are in [0, 1]."""
    for function in (top_p_filter, typical_filter, min_p_filter):
        assert_rejects(function, torch.ones(2, 5, dtype=torch.float64), mass)


@given(weights=simplex(2, 3, 5), level=st.integers(0, 63), shift=normals(2, 3, 1))
def test_min_p_filter_keeps_ratio_to_likeliest(min_p_filter, weights, level, shift):
    """A token stays if its probability is at least r times the largest in its row, whatever constant logits have."""
    logits = weights.log() + shift
    kept = 128 * weights >= (2 * level + 1) * weights.amax(-1, keepdim=True)
    assert_equal(min_p_filter(logits, (2 * level + 1) / 128), only(kept, logits))


@given(logits=dyadics(-2, 2, 2, 5, grid=1))
def test_min_p_filter_is_idle_at_zero_and_greedy_at_one(min_p_filter, logits):
    """A ratio of 0 keeps every token, however unlikely, and 1 all of the likeliest."""
    logits = 512 * logits
    best = [[value == max(row) for value in row] for row in logits.tolist()]
    assert_equal(min_p_filter(logits, 1.0), only(best, logits))
    assert_equal(min_p_filter(logits, 0.0), logits)


@pytest.mark.parametrize(
    "weights", [(32, 16, 8, 4, 4, 0), (48, 6, 6, 3, 1, 0), (28, 28, 5, 1, 1, 1), (40, 8, 8, 8, 0, 0)]
)
@given(order=st.permutations(range(6)), level=st.integers(0, 63), shift=normals())
def test_typical_filter_keeps_smallest_set_nearest_to_entropy(typical_filter, weights, order, level, shift):
    """Tokens are taken by how far their information is from the average, equals by id, until their mass suffices."""
    rows, kept = ([weights[i] for i in order], list(weights), [1, 60, 1, 1, 1, 0]), []
    for row in rows:
        entropy = -sum(count / 64 * math.log(count / 64) for count in row if count)
        far = [abs(-math.log(count / 64) - entropy) if count else math.inf for count in row]
        nearest = sorted(range(6), key=lambda i: (far[i], i))
        needed = next(n for n in range(1, 7) if 2 * sum(row[i] for i in nearest[:n]) >= 2 * level + 1)
        kept.append([i in nearest[:needed] for i in range(6)])
    logits = torch.tensor(rows, dtype=torch.float64).log() + shift
    assert_equal(typical_filter(logits, (2 * level + 1) / 128), only(kept, logits))


@given(logits=normals(2, 5))
def test_typical_filter_is_idle_at_one(typical_filter, logits):
    """A mass of 1 keeps every token, however unlikely, and one of 0 a single token."""
    logits = 16 * logits
    assert_equal(typical_filter(logits, 1.0), logits)
    assert_equal((typical_filter(logits, 0.0) > -math.inf).sum(-1), [1, 1])


@given(
    order=st.permutations(range(1, 8)),
    power=st.integers(1, 3),
    k=st.integers(1, 6),
    needed=st.integers(0, 4),
    shift=normals(),
)
def test_sampling_probabilities_equals_renormalized_powers(sampling_probabilities, order, power, k, needed, shift):
    """Powers 1/T of the probabilities, cut to k and renormalised, then cut to the mass p and renormalised once more."""
    weights = [Fraction(number) ** power for number in order[:5]]
    best = sorted(weights, reverse=True)[:k]
    needed %= len(best)
    p = (sum(best[:needed]) + best[needed] / 2) / sum(best)
    nucleus = best[: needed + 1]
    expected = [float(weight / sum(nucleus)) if weight in nucleus else 0.0 for weight in weights]
    logits = torch.tensor(order[:5], dtype=torch.float64).log() + shift
    certain = torch.tensor([1, 0, 0, 0, 0], dtype=torch.float64)
    rows = torch.tensor([certain.tolist(), expected, expected[::-1]], dtype=torch.float64)[:, None]
    seen = sampling_probabilities(torch.stack([certain.log(), logits, logits.flip(0)])[:, None], 1 / power, k, float(p))
    assert_close(seen, rows, rows * (1 + power * (6 + shift.abs())))


@pytest.mark.parametrize(
    ("temperature", "p", "expected"),
    [(0.0, 1.0, (0, 1, 0, 0)), (1.0, 0.0, (0, 1, 0, 0)), (1.0, 1.0, (1, 4, 1, 1)), (2.0, 1.0, (1, 2, 1, 1))],
)
def test_sampling_probabilities_keeps_ties(sampling_probabilities, temperature, p, expected):
    """Of weights 1, 4, 1, 1 the two largest are all four, in ratios of square roots if T = 2; T = 0, or p = 0, takes 4
    alone.
    """
    logits = torch.tensor([1, 4, 1, 1], dtype=torch.float64).log()
    shares = [weight / sum(expected) for weight in expected]
    assert_close(sampling_probabilities(logits, temperature, 2, p), shares)


@pytest.mark.parametrize(("temperature", "k", "p"), [(-0.5, 3, 0.75), (0.5, 0, 0.75), (0.5, 3, 1.25), (0.5, 3, -0.25)])
def test_sampling_probabilities_rejects_impossible_settings(sampling_probabilities, temperature, k, p):
    """What a filter rejects, their composition does."""
    assert_rejects(sampling_probabilities, torch.ones(2, 5, dtype=torch.float64), temperature, k, p)


@given(p=simplex(5), scale=st.sampled_from([0.5, 1.0, 3.0, 2.0**-40]))
def test_inverse_cdf_sample_gives_each_token_its_share(inverse_cdf_sample, p, scale):
    """Of the numbers 0/64..63/64 each token gets, in order, 64 times its probability, and 1 goes where 63/64 does."""
    tokens = [torch.repeat_interleave(torch.arange(5), (64 * row).long()) for row in (p, p.flip(0))]
    uniform = torch.arange(65, dtype=torch.float64) / 64
    expected = torch.stack([torch.cat([row, row[-1:]]) for row in tokens])
    weights = torch.stack([scale * p, p.flip(0)])
    assert_equal(inverse_cdf_sample(weights[:, None].expand(2, 65, 5), uniform.expand(2, 65)), expected)
