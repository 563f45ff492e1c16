"""Laws of `reference.language.unigram`."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import log_fraction, log_shares, segmentation_probability, segmentations, word_probability
from properties.rejection import assert_rejects
from properties.strategies import piece_weights

words = st.text("ab", max_size=4)


def _size(model):
    """Bound on the logarithms that enter the probability of a word of up to four letters."""
    return 1 - 4 * min(model.values(), default=0.0)


def _whole(weights):
    """Whole log probabilities from 0 down: sums of them are exact, and many are equal."""
    return {piece: 1.0 - len(piece) - weight % 3 for piece, weight in weights.items()}


def _ranked(word, model):
    """All segmentations within the model, the best first, of equal ones the one with the longest last piece."""
    possible = [pieces for pieces in segmentations(word) if all(piece in model for piece in pieces)]
    lengths = {pieces: [-len(piece) for piece in reversed(pieces)] for pieces in possible}
    return sorted(possible, key=lambda pieces: (-sum(model[piece] for piece in pieces), lengths[pieces]))


@given(pieces=st.lists(st.sampled_from(["a", "b", "ab", "bba", "c"]), max_size=5), weights=piece_weights())
def test_unigram_segmentation_log_probability_equals_product(unigram_segmentation_log_probability, pieces, weights):
    """It is the logarithm of the exact product of shares; many small factors do not underflow to 0."""
    log_p = math.log(1 / 8) * 400
    model = log_shares(weights)
    expected = log_fraction(segmentation_probability(pieces, weights))
    assert_close(unigram_segmentation_log_probability(pieces, model), expected, 5 * _size(model))
    assert_close(unigram_segmentation_log_probability(["a"] * 400, {"a": math.log(1 / 8)}), log_p, 400 * log_p)


@given(word=words, weights=piece_weights(least=0))
def test_unigram_forward_equals_sum_over_segmentations_of_prefixes(
    unigram_forward, unigram_log_likelihood, word, weights
):
    """alpha_j is the logarithm of the exact sum over all 2^(j-1) segmentations of w[:j], and the last one log p(w)."""
    model = log_shares(weights)
    expected = [log_fraction(word_probability(word[:end], weights)) for end in range(len(word) + 1)]
    assert_close(unigram_forward(word, model), expected, _size(model))
    assert_close(
        unigram_log_likelihood(word + "b", model), log_fraction(word_probability(word + "b", weights)), 5 * _size(model)
    )


@given(word=words, weights=piece_weights(least=0))
def test_unigram_backward_equals_sum_over_segmentations_of_suffixes(unigram_backward, word, weights):
    """beta_i is the logarithm of the exact sum over all segmentations of w[i:]."""
    model = log_shares(weights)
    expected = [log_fraction(word_probability(word[start:], weights)) for start in range(len(word) + 1)]
    assert_close(unigram_backward(word, model), expected, _size(model))


def test_unigram_forward_and_backward_preserve_tiny_probabilities(
    unigram_forward, unigram_backward, unigram_log_likelihood
):
    """Probabilities far below the least float add up in logarithms: p(aa) = p^2 + p(aa). So do those that are far from
    each other, by a factor of e^20.
    """
    model = {"a": -800.0, "aa": -1600.0}
    assert_close(unigram_forward("aa", model), [0, -800, -1600 + math.log(2)])
    assert_close(unigram_backward("aa", model), [-1600 + math.log(2), -800, 0])
    assert_close(unigram_log_likelihood("aa", model), -1600 + math.log(2))
    assert_close(unigram_forward("aa", {"a": -0.5, "aa": -21.0})[2], math.log1p(math.exp(-20)) - 1)
    assert_close(unigram_backward("aa", {"a": -10.5, "aa": -1.0})[0], math.log1p(math.exp(-20)) - 1)
    assert_close(unigram_log_likelihood("aa", {"a": -0.5, "aa": -21.0}), math.log1p(math.exp(-20)) - 1)


def test_unigram_forward_and_all_others_know_pieces_of_any_length(
    unigram_forward,
    unigram_backward,
    unigram_log_likelihood,
    unigram_viterbi,
    unigram_viterbi_trie,
    unigram_n_best,
    unigram_sample,
):
    """Forty letters may be a single piece, and no word is too long for it."""
    word = "a" + "b" * 39
    model = {"a": -8.0, "b": -8.0, word: -0.5}
    assert_close(unigram_forward(word, model), [*range(0, -320, -8), -0.5], 320)
    assert_close(unigram_backward(word, model), [-0.5, *range(-312, 1, 8)], 320)
    assert_close(unigram_log_likelihood(word, model), -0.5)
    assert_equal(unigram_viterbi(word, model), (word,))
    assert_equal(unigram_viterbi_trie(word, model), (word,))
    assert_equal(unigram_n_best(word, model, 1), ((word,),))
    assert_equal(unigram_sample(word, model, 1.0, [0.5] * 40), (word,))


def test_unigram_forward_and_all_others_ignore_a_piece_without_letters(
    unigram_forward, unigram_backward, unigram_viterbi, unigram_viterbi_trie, unigram_n_best, unigram_sample
):
    """Every piece takes at least one letter, so that "" is never used, even where it is certain."""
    model = {"": 0.0, "a": -1.0, "b": -2.0, "ab": -3.0}
    assert_close(unigram_forward("ab", model), [0, -1, -3 + math.log(2)])
    assert_close(unigram_backward("ab", model), [-3 + math.log(2), -2, 0])
    assert_equal(unigram_viterbi("ab", model), ("ab",))
    assert_equal(unigram_viterbi_trie("ab", model), ("ab",))
    assert_equal(unigram_n_best("ab", model, 9), (("ab",), ("a", "b")))
    assert_equal(unigram_sample("ab", model, 1.0, [0.25, 0.75]), ("a", "b"))


def test_unigram_forward_and_all_others_take_impossible_pieces_for_missing(
    unigram_segmentation_log_probability,
    unigram_forward,
    unigram_backward,
    unigram_log_likelihood,
    unigram_viterbi,
    unigram_viterbi_trie,
    unigram_n_best,
    unigram_sample,
):
    """A log probability of 0 stands for certainty, and a piece of -inf is as good as none."""
    certain = {"a": 0.0, "ab": -math.inf}
    assert_equal(unigram_segmentation_log_probability(["a", "a"], certain), 0)
    assert_equal(unigram_segmentation_log_probability(["a", "ab"], certain), -math.inf)
    assert_equal(unigram_forward("ab", certain), (0, 0, -math.inf))
    assert_equal(unigram_backward("aba", certain), (-math.inf, -math.inf, 0, 0))
    assert_equal(unigram_log_likelihood("aa", certain), 0)
    assert_equal(unigram_viterbi("aa", certain), ("a", "a"))
    assert_equal(unigram_viterbi_trie("aa", certain | {"aa": -math.inf}), ("a", "a"))
    assert_equal(unigram_n_best("aa", certain | {"aa": -math.inf}, 2), (("a", "a"),))
    assert_equal(unigram_sample("aa", certain | {"aa": -math.inf}, 0.0, [0.0, 0.0]), ("a", "a"))


@pytest.mark.parametrize("value", [0.125, math.inf, math.nan])
def test_unigram_forward_and_all_others_reject_what_is_no_log_probability(
    unigram_segmentation_log_probability,
    unigram_forward,
    unigram_backward,
    unigram_log_likelihood,
    unigram_viterbi,
    unigram_viterbi_trie,
    unigram_n_best,
    unigram_sample,
    value,
):
    """A log probability is at most 0."""
    wrong = {"a": -0.5, "ab": value}
    assert_rejects(unigram_segmentation_log_probability, ["a", "ab"], wrong)
    assert_rejects(unigram_forward, "ab", wrong)
    assert_rejects(unigram_backward, "ab", wrong)
    assert_rejects(unigram_log_likelihood, "ab", wrong)
    assert_rejects(unigram_viterbi, "ab", wrong)
    assert_rejects(unigram_viterbi_trie, "ab", wrong)
    assert_rejects(unigram_n_best, "ab", wrong, 1)
    assert_rejects(unigram_sample, "ab", wrong, 1.0, [0.5, 0.5])


@given(word=words, weights=piece_weights())
def test_unigram_viterbi_maximises_probability(unigram_viterbi, word, weights):
    """No segmentation is better, and of equal ones it has the longest last piece, then the longest last but one, ..."""
    model = _whole(weights)
    assert_equal(unigram_viterbi(word + "a", model), _ranked(word + "a", model)[0])
    assert_equal(unigram_viterbi("aabb", {"a": -1.0, "b": -1.0, "bb": -1.0, "aab": -2.0}), ("a", "a", "bb"))
    assert_equal(unigram_viterbi("", model), ())


@given(word=words, weights=piece_weights(), more=st.sampled_from(["", "ba", "baab"]))
def test_unigram_viterbi_trie_equals_plain(unigram_viterbi_trie, unigram_viterbi, word, weights, more):
    """Walking a trie from each place finds the same pieces, of equal segmentations those with the longest last one."""
    model = _whole(weights)
    assert_equal(unigram_viterbi_trie(more + word + "a", model), _ranked(more + word + "a", model)[0])
    assert_equal(unigram_viterbi_trie("aabb", {"a": -1.0, "b": -1.0, "bb": -1.0, "aab": -2.0}), ("a", "a", "bb"))
    assert_equal(unigram_viterbi_trie(more + word + "a", model), unigram_viterbi(more + word + "a", model))
    assert_equal(unigram_viterbi_trie("", model), ())


@given(word=words, weights=piece_weights(), n=st.integers(1, 9))
def test_unigram_n_best_equals_sorted_segmentations(unigram_n_best, word, weights, n):
    """It is the head of the list of all segmentations sorted by their probability; all of it if there are fewer."""
    model = _whole(weights)
    assert_equal(unigram_n_best(word + "b", model, n), tuple(_ranked(word + "b", model)[:n]))
    assert_equal(unigram_n_best("", model, n), ((),))
    tied = unigram_n_best("aabb", {"a": -1.0, "b": -1.0, "bb": -1.0, "aab": -2.0}, 2)
    assert_equal(tied, (("a", "a", "bb"), ("aab", "b")))


@given(word=words, weights=piece_weights(), n=st.integers(-2, 0))
def test_unigram_n_best_starts_with_viterbi(unigram_n_best, unigram_viterbi, word, weights, n):
    """The best of n is the Viterbi segmentation also where several are best, and n is at least 1."""
    model = _whole(weights)
    assert_equal(unigram_n_best(word, model, 3)[0], unigram_viterbi(word, model))
    assert_rejects(unigram_n_best, word, model, n)


@pytest.mark.parametrize("model", [{}, {"a": -1.0}, {"ab": -1.0, "bb": -1.0}, {"a": -1.0, "b": -math.inf}])
def test_unigram_viterbi_rejects_words_without_segmentation(
    unigram_viterbi, unigram_viterbi_trie, unigram_n_best, unigram_sample, model
):
    """Nothing is best among no segmentations, and nothing can be drawn; the empty word has one."""
    assert_equal(unigram_viterbi("", model), ())
    assert_equal(unigram_n_best("", model, 2), ((),))
    assert_rejects(unigram_viterbi, "abb", model)
    assert_rejects(unigram_viterbi_trie, "abb", model)
    assert_rejects(unigram_n_best, "abb", model, 2)
    assert_rejects(unigram_sample, "abb", model, 1.0, [0.5, 0.5, 0.5])
    assert_equal(unigram_sample("", model, 1.0, []), ())


@pytest.mark.parametrize("theta", [0, 1, 2])
@given(word=words, weights=piece_weights(), numbers=st.tuples(*[st.integers(0, 2**23 - 1)] * 4))
def test_unigram_sample_inverts_the_distribution_function(unigram_sample, word, weights, numbers, theta):
    """The last piece is the first one at which the exact cumulative share of powers, longest piece first, exceeds the
    uniform number of the last letter; then likewise for what is left.
    """
    uniform = [(2 * number + 1) / 2**24 for number in numbers[: len(word)]]
    shares = {piece: Fraction(1 + weight % 3, 4) for piece, weight in weights.items()}
    pieces, left = (), word
    while left:
        masses = dict.fromkeys(range(len(left), 0, -1), Fraction(0))
        for cut in segmentations(left):
            masses[len(cut[-1])] += (
                math.prod(shares.get(piece, 0) for piece in cut) ** theta if set(cut) <= set(shares) else 0
            )
        below = zip(masses, itertools.accumulate(masses.values()), strict=True)
        length = next(
            length for length, mass in below if mass > Fraction(uniform[len(left) - 1]) * sum(masses.values())
        )
        pieces, left = (left[-length:], *pieces), left[:-length]
    model = {piece: math.log(share) for piece, share in shares.items()}
    assert_equal(unigram_sample(word, model, float(theta), uniform), pieces)


@given(word=words, weights=piece_weights(), numbers=st.tuples(*[st.integers(0, 255)] * 5))
def test_unigram_sample_converges_to_the_best(unigram_sample, word, weights, numbers):
    """As theta grows the sample has the probability of the best segmentation, whatever the uniform numbers. A theta
    between 0 and 1 lies between equal chances and those of the model.
    """
    model, word = _whole(weights), word + "a"
    pieces = unigram_sample(word, model, 2.0**10, [(2 * number + 1) / 512 for number in numbers[: len(word)]])
    best = _ranked(word, model)[0]
    assert_equal("".join(pieces), word)
    assert_equal(sum(model[piece] for piece in pieces), sum(model[piece] for piece in best))
    halves = [unigram_sample("aa", {"a": -1.0, "aa": -1.0}, 0.5, [0.0, number]) for number in (0.5625, 0.6875)]
    assert_equal(halves, [("aa",), ("a", "a")])


@given(weights=piece_weights())
def test_unigram_sample_never_draws_what_is_not_in_the_model(unigram_sample, weights):
    """The largest number below 1 draws the shortest last piece of the model, though chances may add up to less."""
    model = log_shares({piece: weight for piece, weight in weights.items() if piece != "b"} | {"ab": 3, "aab": 7})
    pieces = unigram_sample("aab", model, 1.0, [math.nextafter(1.0, 0.0)] * 3)
    assert_equal(pieces, ("a", "ab"))


@pytest.mark.parametrize(
    ("theta", "uniform"),
    [
        (-0.125, [0.5, 0.5]),
        (math.inf, [0.5, 0.5]),
        (math.nan, [0.5, 0.5]),
        (1.0, [0.5]),
        (1.0, [0.5, 0.5, 0.5]),
        (1.0, [0.5, 1.0]),
        (1.0, [-0.125, 0.5]),
        (1.0, [1.125, 0.5]),
    ],
)
def test_unigram_sample_rejects_impossible_randomness(unigram_sample, theta, uniform):
    """theta is finite and not negative, and there is one number in [0, 1) for each letter; 0 is one of them."""
    model = {"a": 0.0, "aa": 0.0}
    assert_equal(unigram_sample("aa", model, 0.0, [0.0, 0.0]), ("aa",))
    assert_rejects(unigram_sample, "aa", model, theta, uniform)
    assert_rejects(unigram_sample, "", model, math.inf, [])
