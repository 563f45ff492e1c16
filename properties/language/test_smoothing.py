"""Laws of `reference.language.smoothing`.

A letter is a word, "<" the start and ">" the end. Counts are those of every part of the texts that does not end in the
start; oracles read the texts themselves, in exact arithmetic. The first text breaks off before its end. The vocabulary
has a letter that no text has.
"""

import math
from collections import Counter
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, simplex

WORDS = ("b", "c", ">", "a")
texts = st.tuples(st.lists(st.text("ab", max_size=6), min_size=2, max_size=4), st.sampled_from(["<<", "<"])).map(
    lambda drawn: [drawn[1] + drawn[0][0], *(drawn[1] + text + ">" for text in drawn[0][1:])]
)
contexts = st.sampled_from(["a", "b", "", "ab", "<", "c", "<<", "<a", "aa", "ba", "bb", "ca", "bc"]).map(tuple)
UNSEEN = dict.fromkeys([tuple(gram) for gram in ("c", "ac", "bac", "ca")], 0)
eighths = st.sampled_from([0.375, 0.625, 0.125, 0.875, 1.0, 0.25, 0.75, 0.0])
ratios = st.sampled_from([0.625, 0.375, 0.875, 0.125, 1.0, 0.25, 0.75])
rows_of_ratios = st.tuples(*[st.tuples(ratios, ratios, ratios) | st.tuples(ratios)] * 3)
triples = st.tuples(eighths, eighths.map(lambda d: 2 * d), eighths.map(lambda d: 3 * d))


def counts_of(texts, order=3):
    parts = (
        text[stop - n : stop]
        for text in texts
        for stop in range(1, len(text) + 1)
        for n in range(1, min(order, stop) + 1)
    )
    return dict(Counter(tuple(part) for part in parts if part[-1] != "<"))


def followers(texts, context):
    """The words that stand after a context in the texts, each as often as it does."""
    end = "".join(context)
    places = [(text, i + len(end)) for text in texts for i in range(len(text)) if text.startswith(end, i)]
    return Counter(text[i] for text, i in places if text[i : i + 1] not in ("", "<"))


def totals_of(texts):
    """For each context that a word stands after, the number of such words and of different ones."""
    found = {ngram[:-1]: followers(texts, ngram[:-1]) for ngram in counts_of(texts)}
    return {context: (after.total(), len(after)) for context, after in found.items()}


def neighbours(texts, context):
    """The words that stand after a context: as often as it has different words before it; if it has none, as before."""
    found = followers(texts, context)
    for word in found:
        gram = "".join(context) + word
        before = {text[i - 1] for text in texts for i in range(1, len(text)) if text.startswith(gram, i)}
        found[word] = len(before) or found[word]
    return found


def ends(context):
    """The context and what is left of it as one word after the other is taken from its front."""
    return [context[i:] for i in range(len(context) + 1)]


def mixture(levels, taken, word):
    """Probability of a word when each level, from the highest, keeps what is not taken and passes the rest down.

    A level is the words after a context; `taken` says, at each, how much of a count is taken. What arrives below
    unigrams is shared equally. Levels without words pass everything down.
    """
    passed, total = Fraction(1), Fraction(0)
    for after, take in zip(levels, taken, strict=True):
        if after:
            pool = sum(Fraction(take(count)) for count in after.values())
            kept = after[word] - Fraction(take(after[word])) if after[word] else 0
            total += passed * kept / after.total()
            passed *= pool / after.total()
    return float(total + passed / len(WORDS))


def constant(discounts, context):
    return [lambda count, discount=discount: discount for discount in discounts[len(context) :: -1]]


def by_count(rows, context):
    return [lambda count, row=row: row[min(count, 3) - 1] for row in rows[len(context) :: -1]]


@given(texts=texts, context=contexts)
def test_maximum_likelihood_probability_equals_share_of_followers(maximum_likelihood_probability, texts, context):
    """After a context that the text has, a word is as likely as it is frequent there; other contexts are refused."""
    after, counts = followers(texts, context), UNSEEN | counts_of(texts)
    if not after:
        assert_rejects(maximum_likelihood_probability, "a", context, counts)
    else:
        seen = [maximum_likelihood_probability(word, context, counts) for word in WORDS]
        assert_close(seen, [after[word] / after.total() for word in WORDS])


@given(texts=texts, rows=simplex(3, 3, least=1))
def test_maximum_likelihood_probability_has_highest_likelihood(maximum_likelihood_probability, texts, rows):
    """No other table of bigrams makes the text that was counted more probable."""
    counts = counts_of(texts, 2)
    pairs = [(gram[1], gram[:1], count) for gram, count in counts.items() if len(gram) == 2]
    other = sum(n * rows["<ab".index(v[0]), "ab>".index(w)].log().item() for w, v, n in pairs)
    best = sum(n * math.log(maximum_likelihood_probability(w, v, counts)) for w, v, n in pairs)
    assert_at_most(-best, -other, abs(other))


@given(texts=texts, context=contexts, k=st.integers(1, 40).map(lambda number: number / 16))
def test_lidstone_probability_equals_mixture_with_uniform(lidstone_probability, texts, context, k):
    """C(h) / (C(h) + k |V|) of the relative frequency and the rest of 1 / |V|: uniform if the context is new."""
    counts = UNSEEN | counts_of(texts)
    after = followers(texts, context)
    share = after.total() / (after.total() + Fraction(k) * 4)
    expected = [float(share * Fraction(after[w], after.total() or 1) + (1 - share) / 4) for w in WORDS]
    assert_close([lidstone_probability(word, context, counts, WORDS, k) for word in WORDS], expected)


@given(texts=texts, context=contexts)
def test_laplace_probability_equals_share_after_more_text(laplace_probability, texts, context):
    """It is the share of followers in the text with each word of the vocabulary after the context once more."""
    counts = UNSEEN | counts_of(texts)
    after = followers(texts, context) + Counter(WORDS)
    expected = [after[word] / after.total() for word in WORDS]
    assert_close([laplace_probability(word, context, counts, WORDS) for word in WORDS], expected)


@pytest.mark.parametrize("k", [0.0, -0.5, math.inf, math.nan])
def test_lidstone_probability_rejects_impossible_k(lidstone_probability, k):
    """k = 0 says nothing after a new context, and an infinite k nothing anywhere."""
    assert_rejects(lidstone_probability, "a", ("a",), {("a", "b"): 2, ("a", "a"): 1}, ("a", "b"), k)


@pytest.mark.parametrize(
    "change", [{"word": "<"}, {"vocabulary": ("a", "c")}, {"vocabulary": ("a", "b", "a")}, {"vocabulary": ()}]
)
def test_lidstone_probability_rejects_words_outside_vocabulary(
    lidstone_probability,
    laplace_probability,
    absolute_discount_probability,
    kneser_ney_probability,
    modified_kneser_ney_probability,
    katz_probability,
    change,
):
    """What may be predicted is a set that has the word and all words that were counted, and not the start."""
    inputs = {"word": "a", "context": ("a",), "counts": {("a",): 2, ("a", "b"): 1}, "vocabulary": ("a", "b"), **change}
    assert_rejects(lidstone_probability, **inputs, k=0.5)
    assert_rejects(laplace_probability, **inputs)
    assert_rejects(absolute_discount_probability, **inputs, discounts=(0.5, 0.25))
    assert_rejects(kneser_ney_probability, **inputs, discounts=(0.5, 0.25))
    assert_rejects(modified_kneser_ney_probability, **inputs, discounts=((0.5, 1.0, 1.5), (0.25, 0.5, 0.75)))
    assert_rejects(katz_probability, **inputs, ratios=((0.5,), (0.25,)))


@pytest.mark.parametrize("context", [("a", "a"), ("a", "a", "a")])
def test_absolute_discount_probability_rejects_contexts_of_higher_order(
    absolute_discount_probability,
    kneser_ney_probability,
    modified_kneser_ney_probability,
    katz_probability,
    interpolation_components,
    interpolated_probability,
    context,
):
    """n words of context ask for order n + 1."""
    inputs = {"word": "a", "context": context, "counts": {("a",): 2, ("a", "a"): 1}}
    assert_rejects(absolute_discount_probability, **inputs, vocabulary=("a", "b"), discounts=(0.5, 0.25))
    assert_rejects(kneser_ney_probability, **inputs, vocabulary=("a", "b"), discounts=(0.5, 0.25))
    assert_rejects(modified_kneser_ney_probability, **inputs, vocabulary=("a", "b"), discounts=((0.5, 1.0, 1.5),) * 2)
    assert_rejects(katz_probability, **inputs, vocabulary=("a", "b"), ratios=((0.5,), (0.25,)))
    assert_rejects(interpolation_components, **inputs, order=2)
    assert_rejects(interpolated_probability, **inputs, weights=(0.5, 0.5))


@given(
    texts=texts,
    context=contexts,
    discounts=st.tuples(eighths, eighths, eighths),
    rows=st.tuples(triples, triples, triples),
    ratios=rows_of_ratios,
    k=ratios,
    weights=simplex(3),
)
def test_lidstone_probability_sums_to_one(
    lidstone_probability,
    laplace_probability,
    absolute_discount_probability,
    kneser_ney_probability,
    modified_kneser_ney_probability,
    witten_bell_probability,
    katz_probability,
    interpolated_probability,
    texts,
    context,
    discounts,
    rows,
    ratios,
    k,
    weights,
):
    """Over the vocabulary each smoothing sums to 1, after a context that was seen or not."""
    counts = counts_of(texts)
    totals = [
        sum(lidstone_probability(word, context, counts, WORDS, k) for word in WORDS),
        sum(laplace_probability(word, context, counts, WORDS) for word in WORDS),
        sum(absolute_discount_probability(word, context, counts, WORDS, discounts) for word in WORDS),
        sum(kneser_ney_probability(word, context, counts, WORDS, discounts) for word in WORDS),
        sum(modified_kneser_ney_probability(word, context, counts, WORDS, rows) for word in WORDS),
        sum(witten_bell_probability(word, context, counts) for word in WORDS),
        sum(katz_probability(word, context, counts, WORDS, ratios) for word in WORDS),
        sum(interpolated_probability(word, context, counts, weights.tolist()) for word in WORDS),
    ]
    assert_close(totals, [1.0] * 8, roundings=64)


@given(context=contexts, discounts=st.tuples(eighths, eighths, eighths), ratios=rows_of_ratios)
def test_lidstone_probability_reduces_to_uniform_without_counts(
    lidstone_probability,
    absolute_discount_probability,
    kneser_ney_probability,
    katz_probability,
    context,
    discounts,
    ratios,
):
    """If nothing was seen, all words of the vocabulary are equal."""
    chances = [
        lidstone_probability("c", context, {}, WORDS, 0.375),
        absolute_discount_probability("c", context, {}, WORDS, discounts),
        kneser_ney_probability("c", context, {}, WORDS, discounts),
        katz_probability("c", context, {}, WORDS, ratios),
    ]
    assert_close(chances, [0.25] * 4)


@given(texts=texts, context=contexts, discounts=st.tuples(eighths, eighths, eighths))
def test_absolute_discount_probability_equals_mixture_of_orders(
    absolute_discount_probability, texts, context, discounts
):
    """Each word seen after the context passes D of its count on to the order below, and below unigrams all is equal."""
    counts = UNSEEN | counts_of(texts)
    levels = [followers(texts, end) for end in ends(context)]
    expected = [mixture(levels, constant(discounts, context), word) for word in WORDS]
    seen = [absolute_discount_probability(w, context, counts, WORDS, discounts) for w in WORDS]
    assert_close(seen, expected, roundings=32)


@given(texts=texts, context=contexts, discounts=st.tuples(eighths, eighths, eighths))
def test_kneser_ney_probability_equals_mixture_of_neighbours(kneser_ney_probability, texts, context, discounts):
    """It mixes how often words stand after trigram contexts with how many words they stand after, for shorter ones."""
    counts = UNSEEN | counts_of(texts)
    levels = [followers(texts, end) if len(end) == 2 else neighbours(texts, end) for end in ends(context)]
    expected = [mixture(levels, constant(discounts, context), word) for word in WORDS]
    seen = [kneser_ney_probability(word, context, counts, WORDS, discounts) for word in WORDS]
    assert_close(seen, expected, roundings=32)


def test_kneser_ney_probability_counts_words_before_without_their_order(
    kneser_ney_probability, modified_kneser_ney_probability
):
    """Unigrams alone are the shares of different words before, which the text has two of for a, and one for b and >."""
    counts = counts_of(["<abab>"], 2)
    assert_close([kneser_ney_probability(word, (), counts, WORDS, (0.0,)) for word in WORDS], [1 / 4, 0, 1 / 4, 1 / 2])
    seen = [modified_kneser_ney_probability(word, (), counts, WORDS, ((0.0, 0.0, 0.0),)) for word in WORDS]
    assert_close(seen, [1 / 4, 0, 1 / 4, 1 / 2])


@given(texts=texts, discount=eighths)
def test_kneser_ney_probability_preserves_frequencies(kneser_ney_probability, texts, discount):
    """Averaged over the contexts of the text, bigrams with one discount give each word its relative frequency."""
    marked = [text.replace("<<", "<") for text in texts]
    counts, total = counts_of(marked, 2), len("".join(marked)) - len(marked)
    sizes = {context: followers(marked, context).total() for context in "<ab"}
    averages = [
        sum(n * kneser_ney_probability(w, (v,), counts, WORDS, (0.0, discount)) for v, n in sizes.items()) / total
        for w in WORDS
    ]
    assert_close(averages, [followers(marked, "")[word] / total for word in WORDS], 1)


@given(texts=texts, context=contexts, rows=st.tuples(triples, triples, triples))
def test_modified_kneser_ney_probability_equals_mixture_of_neighbours(
    modified_kneser_ney_probability, texts, context, rows
):
    """As Kneser-Ney, where counts 1, 2 and 3 or more pass on discounts of their own."""
    counts = UNSEEN | counts_of(texts)
    levels = [followers(texts, end) if len(end) == 2 else neighbours(texts, end) for end in ends(context)]
    expected = [mixture(levels, by_count(rows, context), word) for word in WORDS]
    seen = [modified_kneser_ney_probability(word, context, counts, WORDS, rows) for word in WORDS]
    assert_close(seen, expected, roundings=32)


@pytest.mark.parametrize("discount", [-0.125, 1.125, math.nan])
def test_absolute_discount_probability_rejects_impossible_discounts(
    absolute_discount_probability, kneser_ney_probability, modified_kneser_ney_probability, discount
):
    """A discount below 0 or above the count leaves no probabilities."""
    inputs = ("a", ("a",), {("a",): 2, ("a", "b"): 1}, ("a", "b"))
    assert_rejects(absolute_discount_probability, *inputs, (0.5, discount))
    assert_rejects(kneser_ney_probability, *inputs, (0.5, discount))
    row = (0.5, discount * 2, 1.0)
    assert_rejects(modified_kneser_ney_probability, *inputs, ((0.5, 1.0, 1.5), row))


def table(numbers, order=2):
    """Counts in which numbers[j - 1] n-grams have count j, beside longer and shorter n-grams with counts 1 and 2."""
    repeated = [count for count, number in enumerate(numbers, 1) for _ in range(number)]
    others = {(letter,) * length: count for length in (order - 1, order + 1) for count, letter in ((1, "x"), (2, "y"))}
    return {(str(i),) * order: count for i, count in enumerate(repeated)} | others


some = st.integers(1, 5)
orders = st.sampled_from([2, 3])


@given(n_1=some, n_2=st.integers(0, 5), n_3=st.integers(0, 5), order=orders)
def test_absolute_discount_balances_counts_of_counts(absolute_discount, n_1, n_2, n_3, order):
    """What D takes from n-grams with counts 1 and, twice, 2 is the number of those with count 1."""
    discount = absolute_discount(table([n_1, n_2, n_3], order), order)
    assert_close(discount * (n_1 + 2 * n_2), n_1)
    assert_at_most(discount, 1)


@given(numbers=st.tuples(some, some, some, st.integers(0, 5), st.integers(0, 5)), order=orders)
def test_modified_kneser_ney_discounts_balance_counts_of_counts(modified_kneser_ney_discounts, numbers, order):
    """(j - D_j) n_j is (j + 1) n_{j+1} Y, and D_1 is Y; refused where a D_j would be below 0."""
    n = [0, *numbers]
    y = Fraction(n[1], n[1] + 2 * n[2])
    expected = [j - (j + 1) * y * n[j + 1] / Fraction(n[j]) for j in (1, 2, 3)]
    if min(expected) < 0:
        assert_rejects(modified_kneser_ney_discounts, table(numbers, order), order)
    else:
        seen = modified_kneser_ney_discounts(table(numbers, order), order)
        assert_close(seen[0], float(y))
        assert_close(list(seen), [float(d) for d in expected], [j + 4 * n[j + 1] / n[j] for j in (1, 2, 3)])


@pytest.mark.parametrize(
    ("numbers", "discounts"), [((4, 4, 4, 9), (1 / 3, 1.0, 0.0)), ((4, 4, 8, 0), (1 / 3, 0.0, 3.0))]
)
def test_modified_kneser_ney_discounts_may_be_zero(modified_kneser_ney_discounts, numbers, discounts):
    """D_2 = 0 where 3 n_3 Y is 2 n_2, D_3 = 0 where 4 n_4 Y is 3 n_3, and D_3 = 3 where no n-gram has count 4."""
    assert_close(list(modified_kneser_ney_discounts(table(numbers), 2)), list(discounts))


@pytest.mark.parametrize("numbers", [(0, 2, 1, 1), (3, 0, 1, 1), (3, 2, 0, 1), (4, 4, 4, 10), (4, 4, 9, 1)])
def test_modified_kneser_ney_discounts_rejects_missing_counts(
    modified_kneser_ney_discounts, absolute_discount, numbers
):
    """Without n-grams of count 1, 2 or 3 there is nothing to estimate from, a single discount needs count 1, and D_2 or
    D_3 below 0 is no discount.
    """
    assert_rejects(modified_kneser_ney_discounts, table(numbers), 2)
    if numbers[0] == 0:
        assert_rejects(absolute_discount, table(numbers), 2)


@given(texts=texts, context=contexts)
def test_witten_bell_probability_equals_share_after_draws_from_below(
    witten_bell_probability, witten_bell_probability_by_totals, texts, context
):
    """It is the share among the followers and, for each different one, one more that the order below draws."""
    counts = UNSEEN | counts_of(texts)
    chances = {word: Fraction(followers(texts, "")[word], followers(texts, "").total()) for word in WORDS}
    for end in ends(context)[-2::-1]:
        after = followers(texts, end)
        more = {word: after[word] + len(after) * chances[word] for word in WORDS}
        chances = {word: more[word] / sum(more.values()) for word in WORDS} if after else chances
    expected = [float(chances[word]) for word in WORDS]
    assert_close([witten_bell_probability(word, context, counts) for word in WORDS], expected)
    totals = totals_of(texts)
    assert_close([witten_bell_probability_by_totals(word, context, counts, totals) for word in WORDS], expected)


@given(texts=texts)
def test_context_totals_counts_the_followers(context_totals, texts):
    """Words after a context are counted as often as they stand there, and once each; a count of 0 says nothing."""
    assert_equal(context_totals(counts_of(texts)), totals_of(texts))
    assert_equal(context_totals({("c",): 0, ("c", "b"): 0, **counts_of(texts)}), totals_of(texts))


def test_context_totals_rejects_negative_counts(context_totals):
    """Nothing is seen less than never."""
    assert_equal(context_totals({("a",): 0, ("b",): 2}), {(): (2, 1)})
    assert_rejects(context_totals, {("a",): 3, ("b",): -1})


def test_witten_bell_probability_rejects_no_counts(
    witten_bell_probability,
    witten_bell_probability_by_totals,
    interpolation_components,
    maximum_likelihood_probability,
):
    """Where nothing was counted nothing is known."""
    assert_rejects(maximum_likelihood_probability, "a", (), {})
    assert_rejects(witten_bell_probability, "a", ("a",), {})
    assert_rejects(witten_bell_probability_by_totals, "a", ("a",), {}, {})
    assert_rejects(interpolation_components, "a", ("a",), {}, 2)


def falling(extras):
    """Numbers of n-grams with counts 1 to 4 such that each count, times its number, is no more than the one below."""
    numbers = [extras[-1]]
    for count, extra in zip((3, 2, 1), extras[-2::-1], strict=True):
        numbers.append(-(-(count + 1) * numbers[-1] // count) + extra)
    return tuple(numbers[::-1])


any_numbers = st.tuples(*[st.integers(0, 12)] * 4)


@given(
    numbers=st.one_of(st.tuples(*[st.integers(0, 3)] * 4).map(falling), any_numbers),
    order=orders,
    cutoff=st.integers(1, 3),
)
def test_good_turing_ratios_frees_singletons(good_turing_ratios, numbers, order, cutoff):
    """All counts up to the cutoff together lose n_1, each in proportion to what Turing's r* = (r+1) n_{r+1} / n_r takes
    from it; where this leaves nothing of a count, or adds to it, there are no such ratios.
    """
    n = [0, *numbers]
    whole = all(n[r] for r in range(1, cutoff + 1))
    turing = [1 - Fraction((r + 1) * n[r + 1], r * n[r]) for r in range(1, cutoff + 1)] if whole else [Fraction(-1)]
    lost = sum(r * n[r] * loss for r, loss in enumerate(turing, 1))
    scale = n[1] / lost if lost else Fraction(-1)
    if not all(loss >= 0 and loss * scale < 1 for loss in turing) or scale < 0:
        assert_rejects(good_turing_ratios, table(numbers, order), order, cutoff)
    else:
        seen = good_turing_ratios(table(numbers, order), order, cutoff)
        assert_close(list(seen), [float(1 - loss * scale) for loss in turing], float(1 + scale) ** 2)


def test_good_turing_ratios_may_keep_all(good_turing_ratios):
    """With n_r = 8, 4, 2, 1 count 1 keeps all, since 1* = 1; counts 2 and 3 lose the 8 of n_1: half, and two thirds."""
    assert_close(list(good_turing_ratios(table([8, 4, 2, 1]), 2, 3)), [1.0, 1 / 2, 1 / 3])


@pytest.mark.parametrize(
    ("numbers", "cutoff"),
    [((8, 4, 2), 0), ((8, 4, 2), -1), ((8, 0, 2, 1), 3), ((8, 4, 0, 1), 3), ((7, 4, 2, 1), 3), ((4, 2, 1), 2)],
)
def test_good_turing_ratios_rejects_missing_counts(good_turing_ratios, numbers, cutoff):
    """There is a cutoff, each count up to it occurs, none grows, and each keeps something."""
    assert_rejects(good_turing_ratios, table(numbers), 2, cutoff)


@given(texts=texts, context=contexts, ratios=rows_of_ratios)
def test_katz_probability_keeps_part_of_seen_counts(katz_probability, texts, context, ratios):
    """A word seen after the context has what is kept of its count, whatever shorter contexts say; if no other word is
    possible there, the words that were seen share out what is kept.
    """
    counts = UNSEEN | counts_of(texts)
    after = followers(texts, context)
    row = (*ratios[len(context)], *[1.0] * 20)
    kept = {word: Fraction(row[count - 1]) * count for word, count in after.items()}
    chances = [katz_probability(word, context, counts, WORDS, ratios) for word in WORDS]
    below = [katz_probability(w, context[1:], counts, WORDS, ratios) for w in WORDS if w not in after]
    total = after.total() if sum(below) or not context else sum(kept.values())
    expected = [float(kept[word] / total) for word in WORDS if word in kept]
    seen = [chance for word, chance in zip(WORDS, chances, strict=True) if word in kept]
    assert_close([sum(chances), *seen], [1.0, *expected], roundings=32)


@given(texts=texts, context=contexts, ratios=rows_of_ratios)
def test_katz_probability_shares_rest_as_lower_order(katz_probability, texts, context, ratios):
    """What seen words leave goes to the others in proportion to their probabilities without the context's first word;
    below unigrams these are equal.
    """
    after, counts = followers(texts, context), UNSEEN | counts_of(texts)
    chances = {word: katz_probability(word, context, counts, WORDS, ratios) for word in WORDS}
    new = [word for word in WORDS if word not in after]
    lower = [katz_probability(word, context[1:], counts, WORDS, ratios) if context else 0.25 for word in new]
    left = 1 - sum(chances[word] for word in after)
    expected = [left * chance / (sum(lower) or 1) for chance in lower]
    assert_close([sum(chances.values()), *(chances[word] for word in new)], [1.0, *expected], 1)
    assert_equal(min(chances.values()) < 0, False)


@pytest.mark.parametrize(
    ("word", "chance"), [("a", 0.25 / 10), ("b", 1 / 10), ("c", 2.25 / 10), ("d", 4 / 10), ("e", 2.5 / 10)]
)
def test_katz_probability_reads_ratio_of_own_count(katz_probability, word, chance):
    """Of counts 1, 2, 3, 4 a quarter, a half, three quarters and all are kept; a new word has the rest, 2.5 of 10, and
    where there is none the others share it.
    """
    counts = {("a",): 1, ("b",): 2, ("c",): 3, ("d",): 4}
    assert_close(katz_probability(word, (), counts, ("e", "d", "c", "b", "a"), ((0.25, 0.5, 0.75),)), chance)
    if word != "e":
        seen = katz_probability(word, (), counts, ("d", "c", "b", "a"), ((0.25, 0.5, 0.75),))
        assert_close(seen, chance / 0.75)


@pytest.mark.parametrize("ratio", [0.0, -0.5, 1.125, math.nan])
def test_katz_probability_rejects_impossible_ratios(katz_probability, ratio):
    """A seen word keeps some of its count, and no more than all."""
    assert_rejects(katz_probability, "a", ("a",), {("a",): 2, ("a", "b"): 1}, ("a", "b"), ((0.5,), (0.5, ratio)))


@pytest.mark.parametrize("factor", [(), (0.75,), (1.0,)])
@given(texts=texts, context=contexts)
def test_stupid_backoff_score_equals_share_after_longest_end(stupid_backoff_score, texts, context, factor):
    """The share after the longest end of the context that the word follows, times 0.4 for each word that is cut off."""
    counts = UNSEEN | counts_of(texts)
    base = Fraction(factor[0]) if factor else Fraction(2, 5)
    levels = list(enumerate(followers(texts, end) for end in ends(context)))
    expected = [next((base**i * after[w] / after.total() for i, after in levels if after[w]), 0) for w in WORDS]
    seen = [stupid_backoff_score(word, context, counts, *factor) for word in WORDS]
    assert_close(seen, [float(score) for score in expected])


@pytest.mark.parametrize("factor", [0.0, -0.5, 1.125, math.nan])
def test_stupid_backoff_score_rejects_impossible_factor(stupid_backoff_score, factor):
    """Cutting off a word leaves some of the score and adds none."""
    assert_rejects(stupid_backoff_score, "a", ("a",), {("a",): 2, ("a", "b"): 1}, factor)


def frequencies(texts, word, context, order):
    """The share of the word after the longest end of at most 0, 1, ... words that the texts have."""
    found = []
    for length in range(order):
        known = [end for end in ends(context) if len(end) <= length and followers(texts, end)]
        found.append(Fraction(followers(texts, known[0])[word], followers(texts, known[0]).total()))
    return found


@given(texts=texts, context=contexts, order=st.integers(1, 4))
def test_interpolation_components_equals_share_at_each_order(interpolation_components, texts, context, order):
    """Component k is the share of the word after the last k - 1 words, or after those of them that the text has."""
    counts = UNSEEN | counts_of(texts)
    end = context[max(len(context) - order + 1, 0) :]
    expected = [[float(share) for share in frequencies(texts, word, end, order)] for word in WORDS]
    assert_close([list(interpolation_components(word, end, counts, order)) for word in WORDS], expected)


@given(texts=texts, context=contexts, weights=simplex(3))
def test_interpolated_probability_is_affine_in_weights(interpolated_probability, texts, context, weights):
    """It is the mean of the shares at the three orders under the weights, and one of them where that has all weight."""
    counts, weights = UNSEEN | counts_of(texts), weights.tolist()
    shares = [frequencies(texts, word, context, 3) for word in WORDS]
    expected = [float(sum(Fraction(v) * s for v, s in zip(weights, row, strict=True))) for row in shares]
    assert_close([interpolated_probability(word, context, counts, weights) for word in WORDS], expected)
    expected = [float(Fraction(6, 10) * row[0] + Fraction(3, 10) * row[1] + row[2] / 10) for row in shares]
    assert_close([interpolated_probability(word, context, counts, (0.6, 0.3, 0.1)) for word in WORDS], expected)
    bigrams = [interpolated_probability(word, context, counts, (0.0, 1.0, 0.0)) for word in WORDS]
    assert_close(bigrams, [float(row[1]) for row in shares])


@pytest.mark.parametrize("weights", [(0.5, 0.25), (-0.25, 1.25), (), (math.nan, 1.0), (0.5, 0.75), (0.5, 0.505)])
def test_interpolated_probability_rejects_impossible_weights(interpolated_probability, weights):
    """Weights are a distribution over orders."""
    assert_rejects(interpolated_probability, "a", (), {("a",): 2, ("b",): 1}, weights)


def exact_em_step(weights, rows):
    """Expected number of words that each order predicts, over their number."""
    joint = [[w * p for w, p in zip(weights, row, strict=True)] for row in rows]
    return [sum(row[k] / sum(row) for row in joint) / len(rows) for k in range(len(weights))]


@pytest.mark.parametrize("scale", [1, 2.0**-40])
@given(weights=simplex(3), components=dyadics(1, 64, 5, 3, grid=64))
def test_interpolation_em_step_equals_expected_shares(interpolation_em_step, weights, components, scale):
    """A weight becomes the mean probability that its order spoke, and the held-out words become no less probable; an
    impossible word leaves no weights.
    """
    components = scale * components
    exact = [[Fraction(value) for value in row] for row in [weights.tolist(), *components.tolist()]]
    expected = [float(weight) for weight in exact_em_step(exact[0], exact[1:])]
    after = interpolation_em_step(weights, components)
    assert_close(after, torch.tensor(expected, dtype=torch.float64))
    impossible = interpolation_em_step(weights, torch.cat([components, torch.zeros(1, 3)]))
    assert_equal(impossible.isnan(), [True] * 3)
    before = (components @ weights).log()
    logs = (components.to(after.dtype) @ after).log()
    assert_at_most(-logs.sum(), -before.sum(), 5 + before.abs().sum())


@given(texts=texts, held_out=st.text("ab", min_size=1, max_size=2), num_steps=st.integers(0, 3))
def test_interpolation_weights_equals_iterated_shares(interpolation_weights, texts, held_out, num_steps):
    """From equal weights, step by step, each becomes the mean share of its order in the held-out words."""
    texts, marked = [*texts, "<<ab>"], "<<" + 3 * held_out + ">"
    counts = counts_of(texts)
    pairs = [(marked[i], tuple(marked[i - 2 : i])) for i in range(2, len(marked))]
    rows = [frequencies(texts, word, context, 3) for word, context in pairs]
    weights = [Fraction(1, 3)] * 3
    for _ in range(num_steps):
        weights = exact_em_step(weights, rows)
    seen = interpolation_weights(pairs, counts, 3, num_steps)
    assert_close(list(seen), [float(weight) for weight in weights], roundings=64)


@pytest.mark.parametrize("num_steps", [3, 40])
def test_interpolation_weights_converge_to_the_better_order(interpolation_weights, num_steps):
    """If bigrams find each word twice as probable as unigrams, the odds of the two weights double at each step."""
    counts = {("a",): 1, ("b",): 1, ("a", "b"): 1}
    seen = interpolation_weights([("b", ("a",))], counts, 2, num_steps)
    assert_close(list(seen), [1 / (1 + 2**num_steps), 1 / (1 + 2**-num_steps)], roundings=8 * num_steps)


@pytest.mark.parametrize(("held_out", "num_steps"), [([], 2), ([("a", ())], -1), ([("a", ()), ("c", ("a",))], 2)])
def test_interpolation_weights_rejects_words_without_chance(interpolation_weights, held_out, num_steps):
    """EM needs words, each of which some order finds possible."""
    assert_rejects(interpolation_weights, held_out, {("a",): 2, ("a", "b"): 1, ("b",): 1}, 2, num_steps)
