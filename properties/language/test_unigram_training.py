"""Laws of `reference.language.unigram_training`."""

import collections
import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import log_fraction, log_shares, segmentation_probability, segmentations, word_probability
from properties.rejection import assert_rejects
from properties.strategies import corpora, piece_weights

STRINGS = ["".join(letters) for n in (1, 2, 3, 4, 5) for letters in itertools.product("ab", repeat=n)]
counts_in_halves = st.dictionaries(st.sampled_from(STRINGS[:6]), st.integers(0, 9), min_size=1)
broken_corpora = pytest.mark.parametrize(
    "word_counts", [{}, {"a": 0}, {"ab": 3, "b": -1}, {"": 1}, {"ab": 3, "b": 0}, {"ab": 3, "": 1}]
)


def _occurrences(word_counts, longest):
    """Count of each string of up to `longest` letters, by looking for it at every place of every copy of a word."""
    copies = [word for word, count in word_counts.items() for _ in range(count)]
    found = {s: sum(word.startswith(s, place) for word in copies for place in range(len(word))) for s in STRINGS}
    return {s: count for s, count in found.items() if count and len(s) <= longest}


def _magnitude(word_counts, model):
    """Size of the log probability of the corpus: every letter may cost as much as the least likely piece."""
    letters = sum(count * len(word) for word, count in word_counts.items())
    return letters * (1 - min(model.values()))


def _posterior_counts(word_counts, weights):
    """Expected count of each piece in rational numbers, over a list of all segmentations of all words."""
    expected = dict.fromkeys(weights, Fraction(0))
    for word, count in word_counts.items():
        for pieces in segmentations(word):
            chance = segmentation_probability(pieces, weights) / word_probability(word, weights)
            for piece in set(pieces) & set(weights):
                expected[piece] += count * chance * pieces.count(piece)
    return expected


def _corpus_probability(word_counts, weights):
    return math.prod(word_probability(word, weights) ** count for word, count in word_counts.items())


def _best_probability(word_counts, weights):
    best = {
        word: max(segmentation_probability(pieces, weights) for pieces in segmentations(word)) for word in word_counts
    }
    return math.prod(best[word] ** count for word, count in word_counts.items())


@given(
    texts=st.lists(st.lists(st.sampled_from(["a", "A", "ab", "é\0", "a,b"]), max_size=4), max_size=3),
    gap=st.sampled_from([" ", "\n", "\t ", "\u00a0", "\u3000"]),
)
def test_unigram_word_counts_equal_counts_in_one_list(unigram_word_counts, texts, gap):
    """Words between any whitespace count in all texts together; case and other characters are kept."""
    words = list(itertools.chain(*texts))
    joined = [gap + gap.join(words_of_text) for words_of_text in texts]
    assert_equal(unigram_word_counts(["x", *joined]), {"x": 1} | {word: words.count(word) for word in words})


def test_unigram_word_counts_reject_a_single_text(unigram_word_counts):
    """A text is no sequence of texts; no texts, and texts without words, have no counts."""
    assert_equal(unigram_word_counts(["b"]), {"b": 1})
    assert_equal(unigram_word_counts([]), {})
    assert_equal(unigram_word_counts(["", " \n"]), {})
    assert_rejects(unigram_word_counts, "ab a")


@given(word_counts=corpora(), longest=st.integers(1, 5))
def test_unigram_substring_counts_equal_occurrences(unigram_substring_counts, word_counts, longest):
    """Each string of at most max_length letters counts once for every place of every copy of a word."""
    assert_equal(unigram_substring_counts(word_counts, longest), _occurrences(word_counts, longest))


def test_unigram_substring_counts_know_no_longer_ones(unigram_substring_counts):
    """Of 12 letters, n - k + 1 substrings have k letters, and none has more than 10 unless asked for."""
    lengths = collections.Counter(map(len, unigram_substring_counts({"abcdefghijkl": 3})))
    assert_equal(lengths, {k: 12 - k + 1 for k in range(1, 11)})
    assert_rejects(unigram_substring_counts, {"ab": 1}, 0)


@given(word_counts=corpora(), size=st.integers(0, 6), longest=st.integers(1, 4))
def test_unigram_seed_model_keeps_characters_and_best_repeats(unigram_seed_model, word_counts, size, longest):
    """Count times length ranks the strings that occur twice; `size` of them and all letters share the probability."""
    counts = _occurrences(word_counts, longest)
    ranked = sorted((-count * len(s), s) for s, count in counts.items() if count > 1 and len(s) > 1)
    weights = {s: counts[s] * len(s) for s in [*(set(counts) & {"a", "b"}), *(s for _, s in ranked[:size])]}
    model = unigram_seed_model(word_counts, size, longest)
    assert_equal(set(model), set(weights))
    assert_close([math.exp(model[s]) for s in weights], [w / sum(weights.values()) for w in weights.values()], 1)


def test_unigram_seed_model_knows_no_longer_ones(unigram_seed_model):
    """Seeds have at most 16 characters unless asked for, and their number may be 0 but not negative."""
    assert_equal(max(map(len, unigram_seed_model({"abcdefghijklmnopqr": 2}, 99))), 16)
    assert_equal(set(unigram_seed_model({"aba": 2}, 0)), {"a", "b"})
    assert_rejects(unigram_seed_model, {"aba": 2}, -1)
    assert_rejects(unigram_seed_model, {"aba": 2}, 1, 0)


@given(word_counts=corpora(), weights=piece_weights())
def test_unigram_loss_equals_logarithm_of_corpus_probability(unigram_loss, word_counts, weights):
    """It is minus the logarithm of the exact product of the words' probabilities, as often as they occur."""
    model = log_shares(weights)
    expected = -log_fraction(_corpus_probability(word_counts, weights))
    assert_close(unigram_loss(word_counts, model), expected, _magnitude(word_counts, model))
    assert_equal(unigram_loss(word_counts | {"ac": 1}, model), math.inf)


@given(word_counts=corpora(), weights=piece_weights())
def test_unigram_viterbi_loss_equals_logarithm_of_best_probability(unigram_viterbi_loss, word_counts, weights):
    """It is minus the logarithm of the exact product of the largest probabilities of a segmentation."""
    model = log_shares(weights)
    expected = -log_fraction(_best_probability(word_counts, weights))
    assert_close(unigram_viterbi_loss(word_counts, model), expected, _magnitude(word_counts, model))


@given(word_counts=corpora(), weights=piece_weights())
def test_unigram_viterbi_loss_is_at_least_loss(unigram_viterbi_loss, unigram_loss, word_counts, weights):
    """A sum is at least its largest term; the losses of a word that is one piece, and no other, are equal."""
    model = log_shares(weights)
    magnitude = _magnitude(word_counts, model)
    assert_at_most(unigram_loss(word_counts, model), unigram_viterbi_loss(word_counts, model), magnitude)
    assert_close(unigram_viterbi_loss({"a": 3}, model), -3 * model["a"], 1 - 3 * model["a"])
    assert_close(unigram_loss({"a": 3}, model), -3 * model["a"], 1 - 3 * model["a"])


def test_unigram_loss_and_counts_preserve_tiny_probabilities(
    unigram_loss, unigram_viterbi_loss, unigram_expected_counts, unigram_em_step
):
    """Half of three copies of aa is a piece and half two, though either has a probability far below the least float."""
    word_counts, model = {"aa": 3}, {"a": -800.0, "aa": -1600.0}
    assert_close(unigram_loss(word_counts, model), 3 * (1600 - math.log(2)))
    assert_close(unigram_viterbi_loss(word_counts, model), 4800)
    counts, after = unigram_expected_counts(word_counts, model), unigram_em_step(word_counts, model)
    assert_close([counts["a"], counts["aa"]], [3, 1.5], 4800)
    assert_close([after["a"], after["aa"]], [math.log(2 / 3), math.log(1 / 3)], 1600)


@broken_corpora
def test_unigram_loss_rejects_broken_corpora(
    unigram_loss,
    unigram_viterbi_loss,
    unigram_substring_counts,
    unigram_seed_model,
    unigram_expected_counts,
    unigram_viterbi_counts,
    unigram_em_step,
    unigram_hard_em_step,
    unigram_loss_increases,
    unigram_required_characters,
    word_counts,
):
    """A corpus holds at least one word, each has a letter and occurs at least once; a count of 1 is enough."""
    model = {"a": -0.5, "b": -1.0, "ab": -1.5}
    assert_equal(unigram_loss({"a": 1}, model), 0.5)
    assert_rejects(unigram_loss, word_counts, model)
    assert_rejects(unigram_viterbi_loss, word_counts, model)
    assert_rejects(unigram_substring_counts, word_counts)
    assert_rejects(unigram_seed_model, word_counts, 1)
    assert_rejects(unigram_expected_counts, word_counts, model)
    assert_rejects(unigram_viterbi_counts, word_counts, model)
    assert_rejects(unigram_em_step, word_counts, model)
    assert_rejects(unigram_hard_em_step, word_counts, model)
    assert_rejects(unigram_loss_increases, word_counts, model)
    assert_rejects(unigram_required_characters, word_counts)


def test_unigram_expected_counts_rejects_words_without_segmentation(
    unigram_viterbi_loss,
    unigram_expected_counts,
    unigram_viterbi_counts,
    unigram_em_step,
    unigram_hard_em_step,
    unigram_loss_increases,
):
    """Nothing can be counted in a word that the pieces do not make up."""
    model = {"a": -0.5, "ab": -1.5}
    assert_equal(unigram_viterbi_counts({"aaab": 2}, model), {"a": 4, "ab": 2})
    assert_close(list(unigram_expected_counts({"aaab": 2}, model).values()), [4, 2], 16)
    assert_equal(unigram_expected_counts({"aaba": 2}, model | {"": 0.0})[""], 0)
    assert_rejects(unigram_viterbi_loss, {"a": 1, "abb": 1}, model)
    assert_rejects(unigram_expected_counts, {"a": 1, "abb": 1}, model)
    assert_rejects(unigram_viterbi_counts, {"a": 1, "abb": 1}, model)
    assert_rejects(unigram_em_step, {"a": 1, "abb": 1}, model)
    assert_rejects(unigram_hard_em_step, {"a": 1, "abb": 1}, model)
    assert_rejects(unigram_loss_increases, {"a": 1, "abb": 1}, model)


@given(word_counts=corpora(), weights=piece_weights())
def test_unigram_expected_counts_equal_posterior_means(unigram_expected_counts, word_counts, weights):
    """The count of a piece is its mean over all segmentations, each weighed by its exact posterior probability; the
    lengths of the pieces counted sum to the number of letters.
    """
    model, expected = log_shares(weights), _posterior_counts(word_counts, weights)
    counts = unigram_expected_counts(word_counts, model)
    assert_equal(set(counts), set(model))
    size = _magnitude(dict.fromkeys(word_counts, 1), model)
    letters = sum(count * len(word) for word, count in word_counts.items())
    values = [float(expected[piece]) for piece in counts]
    assert_close(list(counts.values()), values, [size * value for value in values])
    assert_close(math.fsum(len(piece) * count for piece, count in counts.items()), letters, size * letters)


@given(word_counts=corpora(), weights=piece_weights())
def test_unigram_viterbi_counts_equal_uses_in_best_segmentations(unigram_viterbi_counts, word_counts, weights):
    """Each copy of a word uses the pieces of its best segmentation, of equal ones that with the longest last pieces."""
    model = {piece: 1.0 - len(piece) - weight % 3 for piece, weight in weights.items()}
    expected = dict.fromkeys(model, 0)
    for word, count in word_counts.items():
        possible = [pieces for pieces in segmentations(word) if set(pieces) <= set(model)]
        best = max(possible, key=lambda pieces: (sum(map(model.get, pieces)), [len(piece) for piece in pieces[::-1]]))
        for piece in best * count:
            expected[piece] += 1
    assert_equal(unigram_viterbi_counts(word_counts, model), expected)


@given(counts=counts_in_halves)
def test_unigram_m_step_maximises_likelihood(unigram_m_step, counts):
    """The shares of the counts are the likeliest probabilities of the counted pieces; what counts 0 leaves."""
    counts |= {"a": counts.get("a", 0) + 1}
    total = sum(counts.values())
    model = unigram_m_step({piece: count / 2 for piece, count in counts.items()})
    assert_equal(set(model), {piece for piece, count in counts.items() if count})
    assert_close(
        list(model.values()), [log_fraction(Fraction(counts[piece], total)) for piece in model], 2 * math.log(64)
    )


@given(counts=counts_in_halves, doubled_least=st.sampled_from([None, 1, 2, 3]))
def test_unigram_digamma_m_step_equals_harmonic_numbers(unigram_digamma_m_step, counts, doubled_least):
    """psi(n) + gamma = sum_{k<n} 1 / k and psi(n + 1/2) + gamma + log 4 = sum_{k<=n} 2 / (2 k - 1); counts below 1/2,
    or below what is asked for, are left out.
    """

    def psi(doubled):
        steps = sum((Fraction(2, k) for k in range(2 - doubled % 2, doubled, 2)), start=Fraction(0))
        return float(steps) - (math.log(4) if doubled % 2 else 0.0)

    counts |= {"a": 3 + counts.get("a", 0)}
    least = doubled_least or 1
    kept = {piece: count for piece, count in counts.items() if count >= least}
    given = {piece: count / 2 for piece, count in counts.items()} | {"c": math.nextafter(least / 2, 0)}
    model = unigram_digamma_m_step(given, *([doubled_least / 2] if doubled_least else []))
    assert_equal(set(model), set(kept))
    assert_close(list(model.values()), [psi(kept[piece]) - psi(sum(kept.values())) for piece in model], 8)


@pytest.mark.parametrize(
    "counts", [{}, {"a": 0.0}, {"a": 2.0, "b": -0.125}, {"a": math.nan, "b": 2.0}, {"a": math.inf, "b": 2.0}]
)
def test_unigram_m_step_rejects_impossible_counts(unigram_m_step, unigram_digamma_m_step, counts):
    """Counts are finite, not negative and not all 0; a single piece is certain, whatever its count above 0."""
    assert_equal(unigram_m_step({"a": 2.0**-20, "b": 0.0}), {"a": 0.0})
    assert_equal(unigram_digamma_m_step({"a": 0.5, "b": 0.25}), {"a": 0.0})
    assert_rejects(unigram_m_step, counts)
    assert_rejects(unigram_digamma_m_step, counts)


@pytest.mark.parametrize(("count", "least"), [(0.25, 0.5), (3.0, 4.0), (3.0, 0.0), (3.0, -1.0), (3.0, math.nan)])
def test_unigram_digamma_m_step_rejects_thresholds_that_leave_nothing(unigram_digamma_m_step, count, least):
    """One piece must stay, and a count of 0 cannot: psi(0) is not finite."""
    assert_equal(unigram_digamma_m_step({"a": count}, count), {"a": 0.0})
    assert_rejects(unigram_digamma_m_step, {"a": count}, least)


@given(word_counts=corpora(), weights=piece_weights())
def test_unigram_em_step_never_raises_the_loss(unigram_em_step, unigram_loss, word_counts, weights):
    """A step from any distribution leads to one under which the corpus is at least as likely."""
    model = log_shares(weights)
    after = unigram_em_step(word_counts, model)
    assert_close(math.fsum(map(math.exp, after.values())), 1)
    loss = unigram_loss(word_counts, after)
    assert_at_most(loss, unigram_loss(word_counts, model), _magnitude(word_counts, model))


@given(word_counts=corpora(), weights=piece_weights())
def test_unigram_em_step_equals_shares_of_posterior_counts(unigram_em_step, word_counts, weights):
    """The new probability of a piece is its share of all expected counts, in rational numbers."""
    model = log_shares(weights)
    counts = {piece: count for piece, count in _posterior_counts(word_counts, weights).items() if count}
    after = unigram_em_step(word_counts, model)
    assert_equal(set(after), set(counts))
    expected = [log_fraction(counts[piece] / sum(counts.values())) for piece in after]
    assert_close(list(after.values()), expected, 8 + _magnitude(dict.fromkeys(word_counts, 1), model))


@given(word_counts=corpora(), weights=piece_weights())
def test_unigram_hard_em_step_never_raises_the_viterbi_loss(
    unigram_hard_em_step, unigram_viterbi_loss, word_counts, weights
):
    """A step from any distribution leads to one under which the best segmentations are at least as likely."""
    model = log_shares(weights)
    after = unigram_hard_em_step(word_counts, model)
    assert_close(math.fsum(map(math.exp, after.values())), 1)
    loss = unigram_viterbi_loss(word_counts, after)
    assert_at_most(loss, unigram_viterbi_loss(word_counts, model), _magnitude(word_counts, model))


def test_unigram_hard_em_step_equals_shares_of_uses(unigram_hard_em_step):
    """Five copies of ab c and three of ab use ab eight times of thirteen; the other pieces leave."""
    model = {"a": -2.0, "b": -2.0, "c": -1.0, "ab": -1.5, "bc": -3.0}
    after = unigram_hard_em_step({"abc": 5, "ab": 3}, model)
    assert_equal(set(after), {"ab", "c"})
    assert_close([after["ab"], after["c"]], [math.log(8 / 13), math.log(5 / 13)], 4)


@given(word_counts=corpora(max_words=2), weights=piece_weights())
def test_unigram_loss_increases_equal_lost_shares_of_probability(unigram_loss_increases, word_counts, weights):
    """Without a piece the segmentations that use it are gone, and the others keep their exact probabilities."""
    model = log_shares(weights)
    increases = unigram_loss_increases(word_counts, model)
    assert_equal(set(increases), {piece for piece in model if len(piece) > 1})
    lost = []
    for deleted in increases:
        left = {piece: weight for piece, weight in weights.items() if piece != deleted} | {"rest": weights[deleted]}
        lost.append(log_fraction(_corpus_probability(word_counts, weights) / _corpus_probability(word_counts, left)))
    assert_close(list(increases.values()), lost, _magnitude(word_counts, model))


def test_unigram_loss_increases_are_infinite_for_what_cannot_be_replaced(unigram_loss_increases):
    """A piece of two letters that a word cannot do without costs infinitely much, an unused one nothing."""
    model = {"a": -1.0, "ab": -1.0, "aa": -2.0, "ba": -3.0}
    increases = unigram_loss_increases({"aab": 2}, model)
    assert_equal((increases["ab"], increases["aa"], increases["ba"]), (math.inf, 0.0, 0.0))


@given(weights=piece_weights(), costs=st.lists(st.integers(0, 3), min_size=12, max_size=12), fewer=st.integers(-1, 13))
def test_unigram_pruned_model_deletes_what_raises_the_loss_least(unigram_pruned_model, weights, costs, fewer):
    """Nothing kept costs less than what is deleted, letters stay, and the rest keeps its log probabilities."""
    model = {piece: -weight / 4 for piece, weight in weights.items()}
    increases = dict(zip(sorted(STRINGS[2:14], key=lambda piece: piece[::-1]), map(float, costs), strict=True))
    size = max(2, len(model) - fewer)
    kept = unigram_pruned_model(model, increases, size)
    order = sorted(
        (piece for piece in model if len(piece) > 1),
        key=lambda piece: (increases[piece], *(-ord(letter) for letter in piece.ljust(3, "@"))),
    )
    gone = order[: len(model) - size] if size < len(model) else []
    assert_equal(kept, {piece: value for piece, value in model.items() if piece not in gone})


@pytest.mark.parametrize(
    ("increases", "size"),
    [({"ab": 1.0}, 1), ({"ab": 1.0}, -1), ({}, 2), ({"ab": -0.125}, 2), ({"ab": math.nan}, 2)],
)
def test_unigram_pruned_model_rejects_what_cannot_be_kept(unigram_pruned_model, increases, size):
    """Letters are never deleted, and a loss cannot fall by a deletion; all letters and nothing else is a model."""
    model = {"a": -1.0, "b": -1.0, "ab": -2.0}
    assert_equal(unigram_pruned_model(model, {"ab": 0.0}, 2), {"a": -1.0, "b": -1.0})
    assert_equal(unigram_pruned_model(model, {"ab": math.inf}, 3), model)
    assert_rejects(unigram_pruned_model, model, increases, size)


@given(word_counts=corpora(alphabet="abcde"), percent=st.integers(1, 100))
def test_unigram_required_characters_are_the_fewest_that_cover(unigram_required_characters, word_counts, percent):
    """They are the shortest list of most frequent characters, and then the first ones, that reaches the share."""
    text = "".join(word * count for word, count in word_counts.items())
    ranked = sorted(set(text), key=lambda character: (-text.count(character), character))
    shares = list(itertools.accumulate(text.count(character) for character in ranked))
    wanted = next(size + 1 for size, share in enumerate(shares) if share / len(text) >= percent / 100)
    assert_equal(unigram_required_characters(word_counts, percent / 100), tuple(ranked[:wanted]))


@pytest.mark.parametrize(("rest", "characters"), [(9995, "a"), (9994, "ab")])
def test_unigram_required_characters_cover_9995_of_10000(unigram_required_characters, rest, characters):
    """Unless asked for, 99.95 % of the text must be covered; the share is above 0 and at most 1."""
    word_counts = {"a": rest, "b": 10_000 - rest}
    assert_equal(unigram_required_characters(word_counts), tuple(characters))
    assert_equal(unigram_required_characters(word_counts, 1.0), ("a", "b"))
    assert_equal(unigram_required_characters({"jihgfedcba": 1}, 0.8), tuple("abcdefgh"))
    assert_rejects(unigram_required_characters, word_counts, 0.0)
    assert_rejects(unigram_required_characters, word_counts, -0.125)
    assert_rejects(unigram_required_characters, word_counts, 1.125)
    assert_rejects(unigram_required_characters, word_counts, math.nan)


@given(weights=piece_weights(), extra=st.integers(0, 15), missing=st.permutations("xyz"))
def test_unigram_final_model_keeps_characters_and_best_pieces(unigram_final_model, weights, extra, missing):
    """Characters come first, known or not, then the most probable pieces, of equal ones the first, up to the size."""
    model = {piece: -(weight % 3) / 4 for piece, weight in reversed(weights.items())}
    characters = (missing[0], "b", *missing[1:])
    final = unigram_final_model(model, characters, 4 + extra)
    others = sorted((-value, piece) for piece, value in model.items() if piece != "b")[:extra]
    least = min(model.values())
    assert_equal(
        {piece: final[piece] for piece in final if piece not in missing},
        {"b": model["b"]} | {piece: -value for value, piece in others},
    )
    assert_close([final[character] for character in missing], [least - k / 10_000 for k in range(3)])


@pytest.mark.parametrize(("model", "size"), [({}, 5), ({"a": -1.0}, 1), ({"a": -1.0}, -1)])
def test_unigram_final_model_rejects_too_small_a_size(unigram_final_model, model, size):
    """All required characters must find room, and only a model has a least log probability."""
    assert_equal(unigram_final_model({"a": -1.0, "ab": -0.5}, ("a", "b"), 2), {"a": -1.0, "b": -1.0})
    assert_rejects(unigram_final_model, model, ("a", "b"), size)
