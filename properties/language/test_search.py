"""Laws of `reference.language.search`, on models of three tokens that give every prefix its own table.

Log probabilities are multiples of 4097/65536, not normalised, so that sums are exact and ties frequent.
"""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals

TOKENS = range(3)


def node(prefix):
    """The number of a prefix among all, the empty one being 0."""
    return 0 if not prefix else 3 * node(prefix[:-1]) + prefix[-1] + 1


def models():
    """A table for each prefix of at most two tokens; token 2 is always possible, and the others often are not."""

    def spread(scores):
        never = (scores == -4) & (torch.arange(3) < 2)
        return torch.where(never, -math.inf, scores) * (1 + 2**-12)

    return dyadics(-64, 0, 13, 3, grid=16).map(spread)


def log_probability(table, tokens):
    return sum(table[node(tokens[:i])][token] for i, token in enumerate(tokens))


def complete(tokens, eos, max_length):
    return tokens[-1] == eos or len(tokens) == max_length


def every_sequence(scores, eos, max_length):
    """All possible sequences that end with their first eos, or have the greatest length and none before their end."""
    table = scores.tolist()
    lengths = range(1, max_length + 1)
    sequences = itertools.chain.from_iterable(itertools.product(TOKENS, repeat=length) for length in lengths)
    return {
        tokens: log_probability(table, tokens)
        for tokens in sequences
        if complete(tokens, eos, max_length) and eos not in tokens[:-1] and log_probability(table, tokens) > -math.inf
    }


@given(log_probabilities=normals(2, 3), length=st.integers(1, 7), alpha=dyadics(-32, 32, grid=16))
def test_length_normalized_score_divides_by_power_of_length(length_normalized_score, log_probabilities, length, alpha):
    """The score is log P times exp(-alpha log L)."""
    expected = log_probabilities * math.exp(-alpha.item() * math.log(length))
    assert_close(length_normalized_score(log_probabilities, length, alpha.item()), expected, 4 * expected.abs())


@pytest.mark.parametrize(("length", "alpha"), [(0, 0.75), (-1, 0.75), (2, math.inf), (2, math.nan)])
def test_length_normalized_score_rejects_what_has_no_power(length_normalized_score, length, alpha):
    """No sequence is empty, and alpha is a finite number."""
    assert_rejects(length_normalized_score, torch.ones(2, 3, dtype=torch.float64), length, alpha)


@given(scores=models(), eos=st.sampled_from(TOKENS), max_length=st.integers(1, 3))
def test_greedy_search_takes_first_of_likeliest_tokens(greedy_search, scores, eos, max_length):
    """Each token is the first of the likeliest after those before it, up to eos or the greatest length."""
    tokens, total = greedy_search(lambda prefix: scores[node(prefix)], eos, max_length)
    table = scores.tolist()
    best = [row.index(max(row)) for row in table]
    assert_equal(tokens, tuple(best[node(tokens[:i])] for i in range(len(tokens))))
    assert complete(tokens, eos, max_length)
    assert eos not in tokens[:-1]
    assert_equal(total, log_probability(table, tokens))


@given(scores=models(), eos=st.sampled_from(TOKENS), max_length=st.integers(1, 3), alpha=dyadics(-16, 16, grid=16))
def test_beam_search_reduces_to_greedy_search_at_width_one(beam_search, greedy_search, scores, eos, max_length, alpha):
    """A beam of one sequence meets the greedy one and no other."""
    (best,) = beam_search(lambda prefix: scores[node(prefix)], eos, max_length, 1, alpha.item())
    tokens, total = greedy_search(lambda prefix: scores[node(prefix)], eos, max_length)
    assert_equal(best.tokens, tokens)
    assert_equal(best.log_probability, total)
    assert_equal(best.log_probability, log_probability(scores.tolist(), tokens))


@pytest.mark.parametrize("alpha", [-1.0, 0.0, 0.75])
@given(scores=models(), eos=st.sampled_from(TOKENS), max_length=st.integers(1, 3))
def test_beam_search_equals_exhaustive_search_at_full_width(beam_search, scores, eos, max_length, alpha):
    """A beam that is wide enough meets every possible sequence, and ranks them by log P / L^alpha."""
    found = beam_search(lambda prefix: scores[node(prefix)], eos, max_length, 3 * 2 ** (max_length - 1), alpha)
    everything = every_sequence(scores, eos, max_length)
    assert_equal(sorted(one.tokens for one in found), sorted(everything))
    assert_equal([one.log_probability.item() for one in found], [everything[one.tokens] for one in found])
    ranked = torch.stack([one.log_probability * len(one.tokens) ** -alpha for one in found])
    assert_at_most(ranked[1:], ranked[:-1], ranked[1:].abs())


@pytest.mark.parametrize("alpha", [0, 1])
@pytest.mark.parametrize("beam_width", [2, 3])
@given(scores=models(), dead=st.integers(1, 12), eos=st.sampled_from(TOKENS))
def test_beam_search_keeps_best_extensions_of_what_it_kept(beam_search, scores, dead, eos, beam_width, alpha):
    """A sequence is met if at every length it is among the k best, equals in order, whose beginning was met before."""
    scores[dead] = -math.inf
    table, met, kept = scores.tolist(), [], [()]
    for length in (1, 2, 3):
        rivals = {
            tokens: log_probability(table, tokens)
            for tokens in itertools.product(TOKENS, repeat=length)
            if tokens[:-1] in kept and eos not in tokens[:-1] and log_probability(table, tokens) > -math.inf
        }
        kept = [
            tokens
            for tokens, total in rivals.items()
            if sum((-other, rival) < (-total, tokens) for rival, other in rivals.items()) < beam_width
        ]
        met += [(-Fraction(rivals[one]) / length**alpha, one) for one in kept if complete(one, eos, 3)]
    found = beam_search(lambda prefix: scores[node(prefix)], eos, 3, beam_width, float(alpha))
    assert_equal([one.tokens for one in found], [tokens for _, tokens in sorted(met)])


@pytest.mark.parametrize(
    ("eos", "max_length", "beam_width"),
    [(1, 0, 2), (1, -1, 2), (1, 2, 0), (1, 2, -1), (3, 2, 2), (4, 2, 2), (-1, 2, 2)],
)
def test_beam_search_rejects_impossible_settings(beam_search, eos, max_length, beam_width):
    """A sequence has at least one token, a beam one sequence, and eos is a token."""
    assert_rejects(beam_search, lambda prefix: torch.zeros(3), eos, max_length, beam_width, 0.5)


@pytest.mark.parametrize(("eos", "max_length"), [(1, 0), (1, -1), (3, 2), (4, 2), (-1, 2)])
def test_greedy_search_rejects_impossible_settings(greedy_search, eos, max_length):
    """A sequence has at least one token, and eos is a token."""
    assert_rejects(greedy_search, lambda prefix: torch.zeros(3), eos, max_length)


@pytest.mark.parametrize("where", TOKENS)
def test_beam_search_rejects_undefined_probabilities(beam_search, greedy_search, where):
    """A table with NaN has no likeliest token."""
    table = torch.where(torch.arange(3) == where, math.nan, -1.0)
    assert_rejects(beam_search, lambda prefix: table, 1, 2, 2, 0.5)
    assert_rejects(greedy_search, lambda prefix: table, 1, 2)
