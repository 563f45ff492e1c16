"""Laws of `reference.language.ngram`.

A letter is a word, "<" the start and ">" the end, so that a padded sentence is a string and an n-gram a part of it.
"""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects

sentences = st.lists(st.text("ab", max_size=4), min_size=1, max_size=3)
# Three distributions over "a", "b" and ">" in quarters.
shares = [(i, j, 4 - i - j) for i in range(5) for j in range(5 - i)]
tables = st.tuples(*[st.sampled_from(shares)] * 3)
positive_tables = st.tuples(*[st.sampled_from([row for row in shares if all(row)])] * 3)


def quarters(rows, context):
    """The row for a context, which depends on each of its symbols and on their order."""
    return rows[sum(i * ord(symbol) for i, symbol in enumerate(context, 1)) % 3]


def model(rows, words="ab>"):
    return lambda word, context: quarters(rows, context)[words.index(word)] / 4


def exact_probability(rows, sentence, order):
    """Product of the quarters of each letter and of the end, in exact arithmetic."""
    padded = "<" * (order - 1) + sentence + ">"
    steps = [(padded[i], padded[i - order + 1 : i]) for i in range(order - 1, len(padded))]
    return math.prod(Fraction(quarters(rows, context)["ab>".index(word)], 4) for word, context in steps)


def occurrences(texts, gram):
    return sum(text.startswith(gram, i) for text in texts for i in range(len(text)))


def padded(texts, num_starts):
    return [tuple("<" * num_starts + text + ">") for text in texts]


@pytest.mark.parametrize("symbols", [(), ("<", ">")])
@given(words=st.text("ab", max_size=4), num_starts=st.integers(0, 3))
def test_pad_sentence_equals_marked_string(pad_sentence, words, num_starts, symbols):
    """The starts, the words and one end stand in this order; without other symbols they are <s> and </s>."""
    named = {"<": "<s>", ">": "</s>"} if not symbols else {}
    expected = tuple(named.get(letter, letter) for letter in "<" * num_starts + words + ">")
    assert_equal(pad_sentence(tuple(words), num_starts, *symbols), expected)


@pytest.mark.parametrize(("words", "num_starts"), [(("a", "<s>"), 1), (("</s>", "a"), 1), (("a",), -1)])
def test_pad_sentence_rejects_symbols_among_words(pad_sentence, words, num_starts):
    """A start or an end inside a sentence would be counted as one, and no sentence has fewer than no starts."""
    assert_rejects(pad_sentence, words, num_starts)
    for word in "<>":
        assert_rejects(pad_sentence, ("a", word), 1, "<", ">")


@given(texts=sentences, min_count=st.integers(1, 3))
def test_frequent_words_equals_count_in_joined_text(frequent_words, texts, min_count):
    """A word stays if the whole text has it often enough, and the text decides the order."""
    joined = "".join(texts)
    expected = [word for word in sorted(set(joined), key=joined.index) if joined.count(word) >= min_count]
    assert_equal(frequent_words([tuple(text) for text in texts], min_count), tuple(expected))


def test_frequent_words_rejects_no_count(frequent_words):
    """Words that need not occur cannot be listed."""
    assert_rejects(frequent_words, (("a", "b"),), 0)


@pytest.mark.parametrize("unknown", [(), ("?",)])
@given(words=st.text("abxy", min_size=1, max_size=5))
def test_map_unknown_words_equals_replacement(map_unknown_words, words, unknown):
    """Words of the vocabulary stay and every other one becomes the same symbol, in its place."""
    symbol = unknown[0] if unknown else "<UNK>"
    expected = [symbol if letter in "xy" else letter for letter in words]
    assert_equal(map_unknown_words(tuple(words), ("b", "a", symbol), *unknown), tuple(expected))


def test_map_unknown_words_rejects_unknown_symbol(map_unknown_words):
    """A symbol outside the vocabulary would be unknown itself."""
    assert_rejects(map_unknown_words, ("a", "x"), ("a", "b"))


@given(texts=sentences, num_starts=st.integers(0, 2), order=st.integers(1, 3))
def test_ngram_counts_equals_occurrences(ngram_counts, texts, num_starts, order):
    """An n-gram counts once for each place in the text where it stands, unless it ends in a start."""
    marked = ["".join(words) for words in padded(texts, num_starts)]
    grams = ["".join(gram) for length in range(1, order + 1) for gram in itertools.product("<ab>", repeat=length)]
    seen = {tuple(gram): occurrences(marked, gram) for gram in grams if gram[-1] != "<"}
    expected = {gram: count for gram, count in seen.items() if count}
    assert_equal(ngram_counts(padded(texts, num_starts), order, "<"), expected)


@given(texts=sentences, order=st.integers(1, 3))
def test_ngram_counts_sums_to_number_of_words_and_ends(ngram_counts, texts, order):
    """With n - 1 starts every word and every end has one n-gram of each length, and <s> ends none of them."""
    counts = ngram_counts([("<s>",) * (order - 1) + (*text, "</s>") for text in texts], order)
    totals = [sum(count for gram, count in counts.items() if len(gram) == length + 1) for length in range(order)]
    assert_equal(totals, [len("".join(texts)) + len(texts)] * order)


def test_ngram_counts_rejects_no_order(ngram_counts, words_in_context):
    """An n-gram has at least one word."""
    assert_rejects(ngram_counts, (("<s>", "a", "</s>"),), 0)
    assert_rejects(words_in_context, ("a", "b"), 0)


@given(texts=sentences, context=st.sampled_from(["", "<", "a", "b", "<a", "ab", "ba", "bb"]))
def test_counts_after_equals_occurrences_after_context(counts_after, texts, context):
    """A word has the number of places where it follows the context; words that never do are left out."""
    marked = ["<" + text + ">" for text in texts]
    grams = {part for text in marked for i in range(len(text)) for part in (text[i:][:1], text[i:][:2], text[i:][:3])}
    counts = {tuple(gram): occurrences(marked, gram) for gram in grams if gram[-1] != "<"} | {(*context, "c"): 0}
    expected = {word: occurrences(marked, context + word) for word in "ab>" if occurrences(marked, context + word)}
    assert_equal(counts_after(tuple(context), counts), expected)


def test_counts_after_reads_whole_words(counts_after, map_unknown_words, pad_sentence, frequent_words):
    """Words that share letters, spell the same together or differ in capitals are different words."""
    assert_equal(counts_after(("ab", "c"), {("a", "bc", "d"): 1, ("ab", "c", "e"): 2}), {"e": 2})
    assert_equal(map_unknown_words(("a", "Cat", "cat"), ("cat", "<UNK>")), ("<UNK>", "<UNK>", "cat"))
    assert_equal(pad_sentence(("x<s>",), 1), ("<s>", "x<s>", "</s>"))
    assert_equal(frequent_words((("A", "a", "b", "b"),), 2), ("b",))


def test_counts_after_rejects_negative_count(counts_after):
    """Nothing occurs less than never."""
    assert_rejects(counts_after, ("a",), {("a", "b"): 2, ("a", "a"): -1})


@given(texts=sentences, num_starts=st.integers(1, 2))
def test_continuation_counts_equals_number_of_words_before(continuation_counts, texts, num_starts):
    """An n-gram counts the symbols that stand before it anywhere; where none does, it counts as often as it occurs."""
    marked = ["<" * num_starts + text + ">" for text in texts]
    grams = ["".join(gram) for n in (1, 2, 3) for gram in itertools.product("<ab>", repeat=n) if gram[-1] != "<"]
    counts = {gram: occurrences(marked, gram) for gram in grams}
    before = {gram: sum(counts.get(symbol + gram, 0) > 0 for symbol in "<ab>") for gram in grams}
    expected = {tuple(gram): before[gram] or counts[gram] for gram in grams}
    assert_equal(continuation_counts({tuple(gram): count for gram, count in counts.items()}), expected)
    assert_equal(continuation_counts({("<s>", "a"): 2, ("a",): 2}), {("<s>", "a"): 2, ("a",): 1})


@given(texts=sentences, times=st.integers(2, 5))
def test_continuation_counts_is_invariant_to_repeated_text(continuation_counts, texts, times):
    """Text that says the same again has no new neighbours: only the highest order counts it."""
    marked = ["<<" + text + ">" for text in texts]
    grams = {text[i : i + n] for text in marked for n in (1, 2, 3) for i in range(len(text) - n + 1)}
    counts = {tuple(gram): occurrences(marked, gram) for gram in grams if gram[-1] != "<"}
    once = continuation_counts(counts)
    often = continuation_counts({gram: times * count for gram, count in counts.items()})
    assert_equal(often, {gram: times * count if len(gram) == 3 else once[gram] for gram, count in counts.items()})


@pytest.mark.parametrize("symbols", [(), ("<", ">")])
@given(words=st.text("ab", max_size=4), order=st.integers(1, 4))
def test_words_in_context_equals_windows_of_marked_string(words_in_context, words, order, symbols):
    """Window by window, n - 1 symbols and what follows them spell the marked sentence, and the end follows the last."""
    named = {"<": "<s>", ">": "</s>"} if not symbols else {}
    marked = tuple(named.get(letter, letter) for letter in "<" * (order - 1) + words + ">")
    windows = zip(*[marked[i:] for i in range(order)], strict=False)
    expected = tuple((window[-1], window[:-1]) for window in windows)
    assert_equal(words_in_context(tuple(words), order, *symbols), expected)


@given(rows=positive_tables, words=st.text("ab", max_size=4), order=st.integers(1, 3))
def test_sentence_log_probability_equals_log_of_product(sentence_log_probability, rows, words, order):
    """exp of it is the product of the probabilities of each word and of the end, given what stands before them."""
    seen = sentence_log_probability(tuple(words), order, model(rows), "<", ">")
    expected = math.log(exact_probability(rows, words, order))
    assert_close(seen, expected, 1 + abs(expected))


@given(rows=positive_tables, order=st.integers(1, 3))
def test_sentence_log_probability_sums_to_one(sentence_log_probability, rows, order):
    """All sentences of up to two words, and all beginnings of three, exhaust what can be said."""
    short = [words for length in (0, 1, 2) for words in itertools.product("ab", repeat=length)]
    whole = sum(math.exp(sentence_log_probability(words, order, model(rows), "<", ">")) for words in short)
    endless = model([(*row[:2], 4) for row in rows])
    long = itertools.product("ab", repeat=3)
    begun = sum(math.exp(sentence_log_probability(words, order, endless, "<", ">")) for words in long)
    assert_close(whole + begun, 1, roundings=64)


@pytest.mark.parametrize("bits", [1, 64, math.inf])
def test_sentence_log_probability_does_not_underflow(sentence_log_probability, bits):
    """The first of 2000 words has probability 1/4, each other 1/2, and the end 1/2, 2^-64 or 0: bits add up."""

    def chance(word, context):
        return 2.0**-bits if word == "</s>" else 0.25 if context == ("<s>",) else 0.5

    seen = sentence_log_probability(("a",) * 2000, 2, chance)
    assert_close(seen, -(2001 + bits) * math.log(2), 2065 * math.log(2))


@given(rows=positive_tables, texts=sentences, order=st.integers(1, 3))
def test_ngram_perplexity_equals_root_of_probability(ngram_perplexity, rows, texts, order):
    """PP^M is 1 / P of all sentences together, M being the letters and one end for each."""
    number = len("".join(texts)) + len(texts)
    product = math.prod(exact_probability(rows, text, order) for text in texts)
    seen = ngram_perplexity([tuple(text) for text in texts], order, model(rows), "<", ">")
    assert_close(seen, float(1 / product) ** (1 / number), roundings=16 * (1 + number))


@pytest.mark.parametrize("size", [2, 3, 7, math.inf])
def test_ngram_perplexity_reduces_to_size_of_vocabulary_for_uniform_model(ngram_perplexity, size):
    """Words that are drawn from V equal ones have perplexity V; impossible ones have inf."""
    seen = ngram_perplexity((("a", "b"), (), ("a",)), 2, lambda word, context: 1 / size)
    assert_close(seen, size)


def test_ngram_perplexity_does_not_underflow(ngram_perplexity):
    """2000 words, of which the first has probability 1/4 and each other 1/2, and a certain end have perplexity 2."""

    def chance(word, context):
        return 1.0 if word == "</s>" else 0.25 if "<s>" in context else 0.5

    assert_close(ngram_perplexity((("a",) * 2000,), 2, chance), 2, roundings=4096)


def test_ngram_perplexity_rejects_no_sentences(ngram_perplexity):
    """No text has no perplexity."""
    assert_rejects(ngram_perplexity, (), 2, lambda word, context: 0.5)


@pytest.mark.parametrize("scale", [1, 3])
@given(
    rows=tables,
    draws=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.5, 1 - 2**-50])), max_size=4),
    order=st.integers(1, 3),
)
def test_generate_words_equals_urn_of_four(generate_words, rows, draws, order, scale):
    """u in [i/4, (i+1)/4) draws ball i of an urn that has each word as often as the model says, up to the first end."""
    context, expected = "<" * (order - 1), ""
    for ball, _ in draws:
        word = "".join(letter * copies for letter, copies in zip("ab>", quarters(rows, context), strict=True))[ball]
        if word == ">":
            break
        expected, context = expected + word, (context + word)[1:]
    uniforms = [(ball + offset) / 4 for ball, offset in draws]
    chances = model([tuple(scale * share for share in row) for row in rows])
    assert_equal(generate_words(uniforms, order, chances, ("a", "b", ">"), "<", ">"), tuple(expected))


@given(uniforms=st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75]), max_size=5))
def test_generate_words_starts_and_ends_with_symbols(generate_words, uniforms):
    """The first context is all <s>, and </s> ends the sentence."""

    def chance(word, context):
        return float(word == ("!" if "<s>" in context else "</s>"))

    assert_equal(generate_words(uniforms, 4, chance, ("</s>", "b", "!")), ("!", "!", "!")[: len(uniforms)])
    assert_equal(generate_words([0.5] * 5, 4, chance, ("</s>", "b", "!")), ("!", "!", "!"))


@pytest.mark.parametrize(
    "change",
    [
        {"uniforms": (0.25, 1.0)},
        {"uniforms": (1.25,)},
        {"uniforms": (-0.25,)},
        {"uniforms": (math.nan,)},
        {"order": 0},
        {"vocabulary": ("a", "<s>", "</s>")},
        {"vocabulary": ()},
        {"probability": lambda word, context: 0.0},
        {"probability": lambda word, context: -0.5},
    ],
)
def test_generate_words_rejects_impossible_draws(generate_words, change):
    """Numbers outside [0, 1), no context, a start that could be drawn and a model of nothing draw no words."""
    given_model = {"order": 2, "probability": lambda word, context: 0.5, "vocabulary": ("a", "</s>")}
    assert_rejects(generate_words, **{"uniforms": (0.25, 0.125), **given_model, **change})
