"""Judges NLTK: the language models of nltk.lm, and the n-grams that they count.

    marked sentences, n-grams             util.pad_sequence, ngrams, everygrams
    their counts                          lm.NgramCounter
    frequent words, unknown words         lm.Vocabulary, iterated and looked up
    sentences and perplexity              LanguageModel.entropy and perplexity of a model that is given
    relative frequency, add-k, add-one    lm.MLE, Lidstone, Laplace
    absolute discounting, Kneser-Ney      lm.AbsoluteDiscountingInterpolated, KneserNeyInterpolated
    Witten-Bell, stupid backoff           lm.WittenBellInterpolated, StupidBackoff

Starts and ends are added by a call each, as pad_both_ends adds as many ends as starts. N-grams that end in a start are
left out of what is counted. A vocabulary of NLTK has its unknown word, which is the last of those given. Its models
have one discount for all orders, none for unigrams, and nothing below these. Here each order has a model of its own,
with its discount, and all are one order higher: every context ends in a mark, so that unigrams are what follows the
mark alone, and below them each word of the vocabulary counts once.
"""

import math

from nltk.lm import (
    MLE,
    AbsoluteDiscountingInterpolated,
    KneserNeyInterpolated,
    Laplace,
    Lidstone,
    NgramCounter,
    StupidBackoff,
    Vocabulary,
    WittenBellInterpolated,
)
from nltk.lm.api import LanguageModel, Smoothing
from nltk.util import everygrams, ngrams, pad_sequence

PACKAGES = ("nltk",)

_MARK, _REST = "|", "||"


# n-grams


def pad_sentence(words, num_starts, start="<s>", end="</s>"):
    started = pad_sequence(words, num_starts + 1, pad_left=True, left_pad_symbol=start)
    return tuple(pad_sequence(started, 2, pad_right=True, right_pad_symbol=end))


def frequent_words(sentences, min_count):
    words = (word for sentence in sentences for word in sentence)
    return tuple(Vocabulary(words, unk_cutoff=min_count))[:-1]


def map_unknown_words(words, vocabulary, unknown="<UNK>"):
    return Vocabulary(vocabulary, unk_label=unknown).lookup(words)


def ngram_counts(sentences, order, start="<s>"):
    counter = NgramCounter(everygrams(words, max_len=order) for words in sentences)
    longer = [
        ((*context, word), count)
        for length in range(2, order + 1)
        for context, after in counter[length].items()
        for word, count in after.items()
    ]
    counted = [*(((word,), count) for word, count in counter.unigrams.items()), *longer]
    return {ngram: count for ngram, count in counted if ngram[-1] != start}


def words_in_context(words, order, start="<s>", end="</s>"):
    return tuple((ngram[-1], ngram[:-1]) for ngram in ngrams(pad_sentence(words, order - 1, start, end), order))


class _Given(LanguageModel):
    """A model of which the probabilities are given."""

    def __init__(self, order, probability, words):
        super().__init__(order, Vocabulary(words))
        self.probability = probability

    def unmasked_score(self, word, context=None):
        return self.probability(word, context or ())


def _given(sentences, order, probability, start, end):
    model = _Given(order, probability, [start, end, *(word for words in sentences for word in words)])
    return model, [ngram for words in sentences for ngram in ngrams(pad_sentence(words, order - 1, start, end), order)]


def sentence_log_probability(words, order, probability, start="<s>", end="</s>"):
    model, text = _given([words], order, probability, start, end)
    return -model.entropy(text) * len(text) * math.log(2)


def ngram_perplexity(sentences, order, probability, start="<s>", end="</s>"):
    model, text = _given(sentences, order, probability, start, end)
    return model.perplexity(text)


# Smoothing


def _vocabulary(words):
    return Vocabulary(words[:-1], unk_label=words[-1]) if words else Vocabulary()


def _counter(counts):
    counter = NgramCounter()
    for (*context, word), count in counts.items():
        if count:  # what NLTK counts, it has seen
            after = counter[tuple(context)] if context else counter.unigrams
            after[word] += count
    return counter


def maximum_likelihood_probability(word, context, counts):
    return float(MLE(len(context) + 1, counter=_counter(counts)).unmasked_score(word, context))


def lidstone_probability(word, context, counts, vocabulary, k):
    return Lidstone(k, len(context) + 1, _vocabulary(vocabulary), _counter(counts)).unmasked_score(word, context)


def laplace_probability(word, context, counts, vocabulary):
    return Laplace(len(context) + 1, _vocabulary(vocabulary), _counter(counts)).unmasked_score(word, context)


class _EachOrder(Smoothing):
    """An estimator for each length of the context, the mark included."""

    def __init__(self, estimators):
        self.estimators = estimators

    def alpha_gamma(self, word, context):
        return self.estimators[len(context) - 1].alpha_gamma(word, context)

    def unigram_score(self, word):
        return self.estimators[0].unigram_score(word)


def _discounted(interpolated, word, context, counts, vocabulary, discounts):
    counter = _counter({(*ngram[:-1], _MARK, ngram[-1]): count for ngram, count in counts.items()})
    counter.unigrams.update(vocabulary)  # what absolute discounting reads without a context
    counter[_REST,].update(w for w in vocabulary if w not in counter[_MARK,])  # Kneser-Ney: each follows one context
    order = len(discounts) + 1
    models = [interpolated(order, discount=discount, counter=counter) for discount in discounts]
    models[-1].estimator = _EachOrder([model.estimator for model in models])
    return models[-1].unmasked_score(word, (*context, _MARK))


def absolute_discount_probability(word, context, counts, vocabulary, discounts):
    return _discounted(AbsoluteDiscountingInterpolated, word, context, counts, vocabulary, discounts)


def kneser_ney_probability(word, context, counts, vocabulary, discounts):
    return _discounted(KneserNeyInterpolated, word, context, counts, vocabulary, discounts)


def witten_bell_probability(word, context, counts):
    return float(WittenBellInterpolated(len(context) + 1, counter=_counter(counts)).unmasked_score(word, context))


def stupid_backoff_score(word, context, counts, factor=0.4):
    return float(StupidBackoff(factor, len(context) + 1, counter=_counter(counts)).unmasked_score(word, context))
