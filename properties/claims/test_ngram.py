"""Worked numbers of n-gram models, and statements about them that are often met and wrong."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from torch.nn.functional import cross_entropy

from properties.closeness import assert_close
from reference.language.ngram import (
    continuation_counts,
    counts_after,
    ngram_counts,
    ngram_perplexity,
    pad_sentence,
    sentence_log_probability,
    words_in_context,
)
from reference.language.smoothing import (
    interpolation_components,
    interpolation_weights,
    kneser_ney_probability,
    maximum_likelihood_probability,
    modified_kneser_ney_probability,
    stupid_backoff_score,
)

CORPUS = [pad_sentence(line.split(), 2) for line in ("yes no no no no yes", "no no no yes yes yes no")]


@pytest.mark.claim("E004-8", "R004-031", "R004-041")
def test_trigram_example():
    """P(yes no no yes) = 1/2 * 1 * 1/2 * 2/5 * 1/2 = 1/20, not 0.1; its perplexity is 1.8206."""
    counts, words = ngram_counts(CORPUS, 3), ("yes", "no", "no", "yes")
    factors = []
    for word, context in words_in_context(words, 3):
        after = counts_after(context, counts)
        factors.append(Fraction(after[word], sum(after.values())))
    assert factors == [Fraction(1, 2), 1, Fraction(1, 2), Fraction(2, 5), Fraction(1, 2)]
    assert math.prod(factors) == Fraction(1, 20)

    def model(word, context):
        return maximum_likelihood_probability(word, context, counts)

    assert_close(sentence_log_probability(words, 3, model), math.log(0.05), 4)
    assert round(ngram_perplexity([words], 3, model), 4) == 1.8206


@pytest.mark.claim("E004-7", "R004-029")
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_model_of_order_n_sees_n_minus_one_words(order):
    """An n-gram model conditions on the n - 1 words before, not on n: for n = 1 on none."""
    assert {len(context) for _, context in words_in_context(("a", "b", "c", "d"), order)} == {order - 1}


@pytest.mark.claim("R003-178")
def test_shifted_loss_leaves_out_the_first_word():
    """exp(-sum of losses) sums to 1 over all sequences of one length if x_1 is scored too, and to V if it is not; the
    mean loss of a uniform model is log V.
    """
    table = torch.arange(16, dtype=torch.float64).reshape(4, 4).sin()
    sequences = torch.tensor(list(itertools.product(range(3), repeat=3)))
    logits = table[torch.cat([torch.full((27, 1), 3), sequences[:, :2]], 1)][..., :3]
    losses = cross_entropy(logits.transpose(1, 2), sequences, reduction="none")
    assert_close(torch.exp(-losses.sum(1)).sum(), 1)
    assert_close(torch.exp(-losses[:, 1:].sum(1)).sum(), 3)
    assert_close(cross_entropy(torch.zeros(27, 3, 3, dtype=torch.float64), sequences), math.log(3))


@pytest.mark.claim("R004-037")
def test_francisco_follows_one_word_only():
    """A word that is frequent after a single word has less probability in a new context than a rarer one that follows
    many, though its relative frequency is larger.
    """
    lines = ["san francisco"] * 5 + ["red glasses", "my glasses", "new glasses"]
    counts = ngram_counts([pad_sentence(line.split(), 1) for line in lines], 2)
    vocabulary = sorted({gram[-1] for gram in counts})
    francisco, glasses = (
        kneser_ney_probability(word, ("unheard",), counts, vocabulary, (0.0, 0.75)) for word in ("francisco", "glasses")
    )
    assert counts["francisco",] > counts["glasses",]
    assert (continuation_counts(counts)["francisco",], continuation_counts(counts)["glasses",]) == (1, 3)
    assert_close(glasses, 3 * francisco)


@pytest.mark.claim("R004-037")
def test_modified_kneser_ney_does_not_preserve_frequencies():
    """With discounts that depend on the count, the average over contexts is no longer the relative frequency."""
    counts = ngram_counts([pad_sentence(line, 1) for line in ("aab", "aab", "ab")], 2)
    sizes = {v: sum(counts_after((v,), counts).values()) for v in ("<s>", "a", "b")}

    def average(discounts):
        rows = ((0.0, 0.0, 0.0), discounts)
        vocabulary = ("a", "b", "</s>")
        chances = {v: modified_kneser_ney_probability("a", (v,), counts, vocabulary, rows) for v in sizes}
        return sum(size * chances[v] for v, size in sizes.items()) / sum(sizes.values())

    frequency = counts["a",] / sum(sizes.values())
    assert_close(average((0.5, 0.5, 0.5)), frequency)
    assert abs(average((0.5, 1.0, 1.5)) - frequency) > 0.01


@pytest.mark.claim("R004-036")
def test_stupid_backoff_is_no_distribution():
    """The scores after (<s>, yes) in the example are 0.4 * 2/5, 1 and 0.4 * 1/5: they sum to 1.24."""
    counts = ngram_counts(CORPUS, 3)
    scores = {word: stupid_backoff_score(word, ("<s>", "yes"), counts) for word in ("yes", "no", "</s>")}
    assert_close(list(scores.values()), [0.4 * 2 / 5, 1.0, 0.4 * 1 / 5])


@pytest.mark.claim("R004-038")
def test_weights_fitted_to_counted_text_forget_lower_orders():
    """EM on the text that was counted gives the highest order all weight, which is why it needs held-out text."""
    counts = ngram_counts(CORPUS, 3)
    pairs = [(words[i], words[i - 2 : i]) for words in CORPUS for i in range(2, len(words))]
    trace = [interpolation_weights(pairs, counts, 3, num_steps)[2] for num_steps in (0, 1, 10, 100)]
    assert trace == sorted(trace)
    assert trace[-1] > 0.98
    assert interpolation_components("no", ("no", "no"), counts, 3) == (8 / 15, 5 / 8, 3 / 5)
