"""Probabilities of the next word from the counts of a text.

`counts` is as `ngram_counts` returns it, of any order: a function for a context of n - 1 words reads the n-grams of
length n, and shorter ones where it falls back. `vocabulary` has every word that may be predicted: the end and the
unknown word too, the start symbol never. C(h) is the number of words predicted from h, sum_w C(h w); h' is h without
its first word, and P at length 0 is uniform, 1 / |V|. What belongs to an order is listed from unigrams up.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from reference.language.ngram import continuation_counts, counts_after


def maximum_likelihood_probability(word: str, context: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> float:
    """Relative frequency of the word after the context.

        P(w | h) = C(h w) / C(h)

    Domain: a context that was seen; else ValueError. 0 for a word that was not seen after it.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 1.1.
    Differs: NLTK has 0 for every word after a context that was not seen.
    Notes: R004-030, R004-031.
    """
    after = counts_after(context, counts)
    if not after:
        raise ValueError(f"nothing was seen after the context {context!r}")
    return after.get(word, 0) / sum(after.values())


def lidstone_probability(
    word: str,
    context: tuple[str, ...],
    counts: Mapping[tuple[str, ...], int],
    vocabulary: Sequence[str],
    k: float,
) -> float:
    """Add-k smoothing: the frequency as if each word of the vocabulary had been seen k times more.

        P(w | h) = (C(h w) + k) / (C(h) + k |V|)

    Domain: 0 < k < inf, a word of the vocabulary, no counts of other words; else ValueError. Uniform after a context
    that was not seen.
    Source: Lidstone 1920; Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling",
    section 2.1.
    Notes: R004-034.
    """
    _check_words(word, counts, vocabulary)
    if not (k > 0 and math.isfinite(k)):
        raise ValueError(f"k must be positive and finite; got {k}")
    after = counts_after(context, counts)
    return (after.get(word, 0) + k) / (sum(after.values()) + k * len(vocabulary))


def laplace_probability(
    word: str, context: tuple[str, ...], counts: Mapping[tuple[str, ...], int], vocabulary: Sequence[str]
) -> float:
    """Add-one smoothing: the posterior mean under a uniform prior over all distributions.

        P(w | h) = (C(h w) + 1) / (C(h) + |V|)

    Domain: as `lidstone_probability`.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 2.1.
    Notes: R004-033.
    """
    return lidstone_probability(word, context, counts, vocabulary, 1.0)


def absolute_discount(counts: Mapping[tuple[str, ...], int], order: int) -> float:
    """The discount that the counts of one length suggest; for Kneser-Ney, pass continuation counts.

        D = n_1 / (n_1 + 2 n_2),   n_j = number of n-grams with count j

    Domain: n_1 > 0; else ValueError. 1 where n_2 = 0.
    Source: Ney, Essen & Kneser 1994, "On structuring probabilistic dependences in stochastic language modelling".
    Differs: NLTK leaves it to the user, 0.75 for absolute discounting and 0.1 for Kneser-Ney.
    Notes: R004-035.
    """
    n_1, n_2 = (_number_with_count(counts, order, count) for count in (1, 2))
    if not n_1:
        raise ValueError(f"no n-gram of length {order} has count 1: n_1 = {n_1}")
    return n_1 / (n_1 + 2 * n_2)


def absolute_discount_probability(
    word: str,
    context: tuple[str, ...],
    counts: Mapping[tuple[str, ...], int],
    vocabulary: Sequence[str],
    discounts: Sequence[float],
) -> float:
    """Interpolated absolute discounting: each seen word gives up D of its count, shared out as the lower order says.

        P(w | h) = max(C(h w) - D, 0) / C(h) + D N_1+(h .) / C(h) P(w | h'),   N_1+(h .) = number of words after h

    Domain: 0 <= D <= 1, one for each order, and fewer words in the context; a word of the vocabulary, no counts of
    other words; else ValueError. After a context that was not seen, P(w | h').
    Source: Ney, Essen & Kneser 1994, "On structuring probabilistic dependences in stochastic language modelling";
    Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 2.6.
    Differs: NLTK has one discount for all orders but unigrams, for which it is 0.
    Notes: R004-035.
    """
    _check_words(word, counts, vocabulary)
    return _discounted(word, context, counts, vocabulary, [_single(discount) for discount in discounts])


def kneser_ney_probability(
    word: str,
    context: tuple[str, ...],
    counts: Mapping[tuple[str, ...], int],
    vocabulary: Sequence[str],
    discounts: Sequence[float],
) -> float:
    """Interpolated Kneser-Ney smoothing: absolute discounting where lower orders count different words before.

        P(w | h) = max(A(h w) - D, 0) / A(h) + D N_1+(h .) / A(h) P(w | h')

    A are the counts as `continuation_counts` has them, A(h) = sum_w A(h w). With D = 0 for unigrams these have
    P(w) = N_1+(. w) / N_1+(. .), which does not ask how often a word was seen but after how many different words.

    Domain: as `absolute_discount_probability`.
    Source: Kneser & Ney 1995, "Improved backing-off for m-gram language modeling"; Chen & Goodman 1998, "An empirical
    study of smoothing techniques for language modeling", section 2.7.
    Differs: NLTK has one discount for all orders but unigrams, for which it is 0; KenLM discounts them too.
    Notes: R004-037.
    """
    _check_words(word, counts, vocabulary)
    rows = [_single(discount) for discount in discounts]
    return _discounted(word, context, continuation_counts(counts), vocabulary, rows)


def modified_kneser_ney_discounts(counts: Mapping[tuple[str, ...], int], order: int) -> tuple[float, float, float]:
    """The discounts of counts 1, 2 and 3 or more that the continuation counts of one length suggest.

        Y = n_1 / (n_1 + 2 n_2),   D_j = j - (j + 1) Y n_{j+1} / n_j,   j = 1, 2, 3

    Domain: counts as `continuation_counts` returns them; n_1, n_2, n_3 > 0, and 0 <= D_j <= j as follows; else
        ValueError. D_3 = 3 where n_4 = 0.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 3.
    Differs: lmplz of KenLM stops in the same cases, unless told to fall back to given discounts.
    Notes: R004-037.
    """
    n_1, n_2, n_3, n_4 = (_number_with_count(counts, order, count) for count in (1, 2, 3, 4))
    if 0 in (n_1, n_2, n_3):
        raise ValueError(f"counts 1, 2 and 3 must occur at length {order}; n_1 = {n_1}, n_2 = {n_2}, n_3 = {n_3}")
    whole = n_1 + 2 * n_2
    d_1 = 1 - 2 * n_2 / whole
    d_2 = 2 - 3 * n_1 * n_3 / (whole * n_2)
    d_3 = 3 - 4 * n_1 * n_4 / (whole * n_3)
    if min(d_2, d_3) < 0:
        raise ValueError(f"the discounts of length {order} must be at least 0; got {(d_1, d_2, d_3)}")
    return d_1, d_2, d_3


def modified_kneser_ney_probability(
    word: str,
    context: tuple[str, ...],
    counts: Mapping[tuple[str, ...], int],
    vocabulary: Sequence[str],
    discounts: Sequence[tuple[float, float, float]],
) -> float:
    """Kneser-Ney smoothing with discounts of their own for counts 1, 2 and 3 or more.

        P(w | h) = (A(h w) - D(A(h w))) / A(h) + gamma(h) P(w | h')
        gamma(h) = (D_1 N_1(h .) + D_2 N_2(h .) + D_3 N_3+(h .)) / A(h)

    N_j(h .) is the number of words w with A(h w) = j, and D(0) = 0.

    Domain: 0 <= D_j <= j; else as `absolute_discount_probability`.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 3.
    Notes: R004-037.
    """
    _check_words(word, counts, vocabulary)
    return _discounted(word, context, continuation_counts(counts), vocabulary, discounts)


def witten_bell_probability(word: str, context: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> float:
    """Witten-Bell smoothing: a new word is as likely as words were new when they were first seen after the context.

        P(w | h) = (C(h w) + N_1+(h .) P(w | h')) / (C(h) + N_1+(h .)),   P(w) = C(w) / C()

    Domain: at least one count; else ValueError. After a context that was not seen, P(w | h'). 0 for a word that was
    not seen at all.
    Source: Witten & Bell 1991, "The zero-frequency problem", method C; Chen & Goodman 1998, "An empirical study of
    smoothing techniques for language modeling", section 2.5.
    Differs: some smooth unigrams too, with the uniform distribution below them.
    Notes: R004-036.
    """
    if not context:
        return maximum_likelihood_probability(word, context, counts)
    lower = witten_bell_probability(word, context[1:], counts)
    after = counts_after(context, counts)
    if not after:
        return lower
    return (after.get(word, 0) + len(after) * lower) / (sum(after.values()) + len(after))


def context_totals(counts: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], tuple[int, int]]:
    """How many words were predicted from each context that was seen, and how many different ones: C(h), N_1+(h .).

        >>> context_totals({("a",): 2, ("b",): 1, ("a", "b"): 1})
        {(): (3, 2), ('a',): (1, 1)}

    Domain: counts >= 0; else ValueError. No counts have no totals.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 2.5.
    Notes: R004-036.
    """
    totals: dict[tuple[str, ...], tuple[int, int]] = {}
    for ngram, count in counts.items():
        if count < 0:
            raise ValueError(f"counts must be at least 0; got {count} of {ngram!r}")
        if count:
            predicted, different = totals.get(ngram[:-1], (0, 0))
            totals[ngram[:-1]] = predicted + count, different + 1
    return totals


def witten_bell_probability_by_totals(
    word: str,
    context: tuple[str, ...],
    counts: Mapping[tuple[str, ...], int],
    totals: Mapping[tuple[str, ...], tuple[int, int]],
) -> float:
    """The probability of `witten_bell_probability`, with what a context needs looked up and not counted each time.

    Domain: totals as `context_totals(counts)` gives them, at least one of them; else ValueError.
    Source: as `witten_bell_probability`.
    Notes: R004-036.
    """
    if () not in totals:
        raise ValueError(f"nothing was seen; got the totals {totals!r}")
    chance = counts.get((word,), 0) / totals[()][0]
    for start in reversed(range(len(context))):
        end = context[start:]
        if end in totals:
            predicted, different = totals[end]
            chance = (counts.get((*end, word), 0) + different * chance) / (predicted + different)
    return chance


def good_turing_ratios(counts: Mapping[tuple[str, ...], int], order: int, cutoff: int) -> tuple[float, ...]:
    """What Katz keeps of the counts 1 to `cutoff` of one length; larger counts are trusted.

        d_r = (r* / r - A) / (1 - A),   r* = (r + 1) n_{r+1} / n_r,   A = (k + 1) n_{k+1} / n_1,   k = cutoff

    Together they free n_1 counts: sum_r n_r r (1 - d_r) = n_1.

    Domain: cutoff >= 2, as k = 1 keeps d_1 = 0; n_1..n_k > 0, and 0 < d_r <= 1 as follows; else ValueError.
    Source: Katz 1987, "Estimation of probabilities from sparse data for the language model component of a speech
    recognizer".
    Differs: SRILM leaves counts alone where the ratio is not in (0, 1].
    Notes: R004-036.
    """
    numbers = [_number_with_count(counts, order, count) for count in range(1, cutoff + 2)]
    if cutoff < 2 or 0 in numbers[:-1]:
        raise ValueError(f"counts 1..{cutoff} must occur at length {order}, and 1..2 at least; n_1.. = {numbers}")
    large = (cutoff + 1) * numbers[-1] / numbers[0]
    turing = [(r + 1) * numbers[r] / (r * numbers[r - 1]) for r in range(1, cutoff + 1)]
    if not all(large < ratio <= 1 for ratio in turing):
        raise ValueError(f"the ratios r* / r must lie in ({large}, 1]; got {turing}")
    return tuple((ratio - large) / (1 - large) for ratio in turing)


def katz_probability(
    word: str,
    context: tuple[str, ...],
    counts: Mapping[tuple[str, ...], int],
    vocabulary: Sequence[str],
    ratios: Sequence[Sequence[float]],
) -> float:
    """Katz back-off: seen words keep a part of their count, and the rest goes to unseen ones as the lower order says.

        P(w | h) = d(C(h w)) C(h w) / C(h)                                                      if C(h w) > 0
                   alpha(h) P(w | h'),   alpha(h) = (1 - sum_seen P(w | h)) / sum_unseen P(w | h')   otherwise

    The row of an order has d of counts 1, 2, ...; counts beyond it keep all, d = 1. Where no unseen word is possible at
    the lower order, P of the seen ones is divided by its sum.

    Domain: 0 < d <= 1, one row for each order, and fewer words in the context; a word of the vocabulary, no counts of
    other words; else ValueError. After a context that was not seen, P(w | h'). Where d = 1 for all that was seen,
    unseen words have probability 0.
    Source: Katz 1987, "Estimation of probabilities from sparse data for the language model component of a speech
    recognizer".
    Differs: with d(c) = (c - D) / c it is absolute discounting with back-off.
    Notes: R004-036.
    """
    _check_words(word, counts, vocabulary)
    _check_context(context, len(ratios))
    for ratio in (ratio for row in ratios for ratio in row):
        if not 0 < ratio <= 1:
            raise ValueError(f"a ratio must lie in (0, 1]; got {ratio}")
    chances = {w: 1 / len(vocabulary) for w in vocabulary}
    for start, row in zip(range(len(context), -1, -1), ratios, strict=False):
        after = counts_after(context[start:], counts)
        kept = {w: count * (row[count - 1] if count <= len(row) else 1.0) for w, count in after.items()}
        freed = sum(count - kept[w] for w, count in after.items())
        below = sum(chance for w, chance in chances.items() if w not in kept)
        if after and below:
            total = sum(after.values())
            chances = {w: kept[w] / total if w in kept else freed / total * chances[w] / below for w in vocabulary}
        elif after:
            chances = {w: kept.get(w, 0.0) / sum(kept.values()) for w in vocabulary}
    return chances[word]


def stupid_backoff_score(
    word: str, context: tuple[str, ...], counts: Mapping[tuple[str, ...], int], factor: float = 0.4
) -> float:
    """Relative frequency after the longest end of the context that the word was seen after: a score, not a probability.

        S(w | h) = C(h w) / C(h) if C(h w) > 0, else factor S(w | h');   S(w) = C(w) / C()

    Scores do not sum to 1 over the vocabulary.

    Domain: 0 < factor <= 1; else ValueError. 0 for a word that was not seen at all.
    Source: Brants et al. 2007, "Large language models in machine translation", section 4.
    Notes: R004-036.
    """
    if not 0 < factor <= 1:
        raise ValueError(f"the factor must lie in (0, 1]; got {factor}")
    after = counts_after(context, counts)
    if word in after:
        return after[word] / sum(after.values())
    return factor * stupid_backoff_score(word, context[1:], counts, factor) if context else 0.0


def interpolation_components(
    word: str, context: tuple[str, ...], counts: Mapping[tuple[str, ...], int], order: int
) -> tuple[float, ...]:
    """Relative frequency of the word at each order, from unigrams up.

        (P_1(w), P_2(w | w_{-1}), ..., P_n(w | w_{-n+1}..w_{-1}))

    Where an order's context was not seen, or the given one is shorter, the order below stands in, so that each
    component sums to 1.

    Domain: order >= 1, at most order - 1 words in the context, at least one count; else ValueError.
    Source: Jelinek & Mercer 1980, "Interpolated estimation of Markov source parameters from sparse data".
    Notes: R004-038.
    """
    _check_context(context, order)
    components = [maximum_likelihood_probability(word, (), counts)]
    for length in range(1, order):
        seen = counts_after(context[-length:], counts)
        components.append(maximum_likelihood_probability(word, context[-length:], counts) if seen else components[-1])
    return tuple(components)


def interpolated_probability(
    word: str, context: tuple[str, ...], counts: Mapping[tuple[str, ...], int], weights: Sequence[float]
) -> float:
    """Linear interpolation of the relative frequencies of all orders.

        P(w | h) = lambda_1 P_1(w) + lambda_2 P_2(w | w_{-1}) + ... + lambda_n P_n(w | h)

    Domain: weights >= 0 that sum to 1, one for each order; else ValueError. The rest as `interpolation_components`.
    0 for a word that was not seen at all.
    Source: Jelinek & Mercer 1980, "Interpolated estimation of Markov source parameters from sparse data".
    Notes: R004-038.
    """
    if not all(weight >= 0 for weight in weights) or not math.isclose(sum(weights), 1):
        raise ValueError(f"weights must be at least 0 and sum to 1; got {weights}")
    components = interpolation_components(word, context, counts, len(weights))
    return sum(weight * component for weight, component in zip(weights, components, strict=True))


def interpolation_em_step(
    weights: Float[Tensor, "orders"], components: Float[Tensor, "words orders"]
) -> Float[Tensor, "orders"]:
    """The weights after one iteration of EM: the share that each order has in predicting the held-out words.

        lambda_k := mean_t lambda_k P_k(t) / sum_j lambda_j P_j(t)

    Domain: weights >= 0 with sum 1; at least one word, and some order with weight that finds each possible; else NaN.
    Source: Jelinek & Mercer 1980, "Interpolated estimation of Markov source parameters from sparse data".
    Differs: on the text that was counted, the weight of the highest order goes to 1.
    Notes: R004-038.
    """
    shares = weights * components
    return (shares / shares.sum(1, keepdim=True)).mean(0)


def interpolation_weights(
    held_out: Sequence[tuple[str, tuple[str, ...]]],
    counts: Mapping[tuple[str, ...], int],
    order: int,
    num_steps: int,
) -> tuple[float, ...]:
    """The weights of linear interpolation after so many iterations of EM on held-out words, from equal ones.

    `held_out` has words with their contexts, as `words_in_context` gives; they must not be those that were counted.

    Domain: num_steps >= 0, at least one word, and none that was not counted at all; else ValueError.
    Source: Jelinek & Mercer 1980, "Interpolated estimation of Markov source parameters from sparse data".
    Notes: R004-038.
    """
    if num_steps < 0 or not held_out:
        raise ValueError(f"EM needs words and num_steps >= 0; got {held_out!r} and {num_steps}")
    rows = []
    for word, context in held_out:
        rows.append(interpolation_components(word, context, counts, order))
        if not any(rows[-1]):
            raise ValueError(f"{word!r} was not counted: no weights make it possible")
    weights = torch.full((order,), 1 / order, dtype=torch.float64)
    for _ in range(num_steps):
        weights = interpolation_em_step(weights, torch.tensor(rows, dtype=torch.float64))
    return tuple(weights.tolist())


def _discounted(
    word: str,
    context: tuple[str, ...],
    counts: Mapping[tuple[str, ...], int],
    vocabulary: Sequence[str],
    discounts: Sequence[tuple[float, float, float]],
) -> float:
    """Interpolation of every order with the one below, after discounts that depend on the count."""
    _check_context(context, len(discounts))
    for row in discounts:
        if not all(0 <= discount <= count for count, discount in enumerate(row, 1)):
            raise ValueError(f"the discount of a count j must lie in [0, j], and a single one in [0, 1]; got {row}")
    chance = 1 / len(vocabulary)
    for start, row in zip(range(len(context), -1, -1), discounts, strict=False):
        after = counts_after(context[start:], counts)
        taken = {w: row[min(count, 3) - 1] for w, count in after.items()}
        if after:
            left = after.get(word, 0) - taken.get(word, 0.0)
            chance = (left + sum(taken.values()) * chance) / sum(after.values())
    return chance


def _single(discount: float) -> tuple[float, float, float]:
    """One discount for every count."""
    return discount, discount, discount


def _number_with_count(counts: Mapping[tuple[str, ...], int], order: int, count: int) -> int:
    return sum(len(ngram) == order and seen == count for ngram, seen in counts.items())


def _check_words(word: str, counts: Mapping[tuple[str, ...], int], vocabulary: Sequence[str]) -> None:
    known = set(vocabulary)
    if len(known) != len(vocabulary):
        raise ValueError(f"the vocabulary has a word twice; got {vocabulary!r}")
    for predicted in (word, *(ngram[-1] for ngram in counts)):
        if predicted not in known:
            raise ValueError(f"{predicted!r} is not in the vocabulary {vocabulary!r}")


def _check_context(context: tuple[str, ...], order: int) -> None:
    if len(context) >= order:
        raise ValueError(f"a model of order {order} takes at most {order - 1} words of context; got {context!r}")
