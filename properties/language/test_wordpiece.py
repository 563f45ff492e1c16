"""Laws of `reference.language.wordpiece`."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.oracles import segmentations
from properties.rejection import assert_rejects
from properties.strategies import corpora

_LETTERS = st.sampled_from(["a", "##a", "##b"])
_PIECES = [
    mark + "".join(letters) for mark in ("", "##") for n in (1, 2, 3) for letters in itertools.product("ab", repeat=n)
]
split_corpora = st.dictionaries(
    st.lists(_LETTERS, min_size=1, max_size=4).map(tuple), st.integers(1, 5), min_size=1, max_size=3
)
vocabularies = st.sets(st.sampled_from(_PIECES), max_size=9)


def _shares(words):
    """Share of each pair among all pieces of the corpus, and of each piece, from a list of every copy of a word."""
    copies = [word for word, count in words.items() for _ in range(count)]
    pieces, pairs = (
        list(itertools.chain(*copies)),
        [pair for word in copies for pair in itertools.pairwise(word)],
    )
    of_pair = {pair: Fraction(pairs.count(pair), len(pieces)) for pair in pairs}
    return of_pair, {piece: Fraction(pieces.count(piece), len(pieces)) for piece in pieces}


def _lifts(words):
    """p(ab) / (p(a) p(b)) of each pair, in the order in which the pairs are met."""
    of_pair, of_piece = _shares(words)
    return {(a, b): share / (of_piece[a] * of_piece[b]) for (a, b), share in of_pair.items()}


def _joined(pieces):
    return "".join(piece[2:] if index else piece for index, piece in enumerate(pieces))


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("", ()),
        ("a", ("a",)),
        ("aba", ("a", "##b", "##a")),
        ("#\0é", ("#", "##\0", "##é")),
        ("Be\u0301", ("B", "##e", "##\u0301")),
    ],
)
def test_wordpiece_characters_continue_all_but_the_first(wordpiece_characters, word, pieces):
    """A word is as many pieces as it has characters, and all but the first carry the prefix."""
    assert_equal(wordpiece_characters("hug" + word)[:3], ("h", "##u", "##g"))
    assert_equal(wordpiece_characters(word), pieces)


@given(words=split_corpora)
def test_wordpiece_pair_scores_are_proportional_to_the_ratio_of_shares(wordpiece_pair_scores, words):
    """The score times the number N of pieces is p(ab) / (p(a) p(b)), counted in a list of every copy of a word."""
    assert_equal(wordpiece_pair_scores({("a",): 2, ("##b",): 1}), {})
    for corpus in (words, words | {("##b", "##a", "##a", "##a"): 2}):
        lifts, size = _lifts(corpus), sum(len(word) * count for word, count in corpus.items())
        scores = wordpiece_pair_scores(corpus)
        assert_equal(set(scores), set(lifts))
        assert_close(list(scores.values()), [float(lifts[pair] / size) for pair in scores])


@pytest.mark.parametrize("words", [{}, {("a", "##b"): 0}, {("a", "##b"): 3, ("a",): -1}])
def test_wordpiece_pair_scores_reject_counts_below_one(wordpiece_pair_scores, words):
    """A corpus holds at least one word, and each of them at least once."""
    assert_rejects(wordpiece_pair_scores, words)


@given(words=split_corpora)
def test_wordpiece_best_pair_maximises_mutual_information(wordpiece_best_pair, words):
    """It is the first pair met of those with the largest log p(ab) / (p(a) p(b)), however large the corpus, and there
    is none without a pair.
    """
    lifts = _lifts(words)
    if lifts:
        best = next(pair for pair in lifts if lifts[pair] == max(lifts.values()))
        assert_equal(wordpiece_best_pair(words), best)
        assert_equal(wordpiece_best_pair({word: 2**24 * count for word, count in words.items()}), best)
    else:
        assert_rejects(wordpiece_best_pair, words)


@given(words=split_corpora, pair=st.tuples(_LETTERS, st.sampled_from(["##a", "##b"])))
def test_wordpiece_merge_equals_replacement_of_letters(wordpiece_merge, words, pair):
    """With a letter for each piece, a merge replaces the pair's two letters by a third in every word."""
    letter = {"a": "x", "##a": "y", "##b": "z", pair[0] + pair[1][2:]: "w"}
    piece = {name: text for text, name in letter.items()}
    expected = {}
    for word, count in words.items():
        text = "".join(letter[part] for part in word).replace(letter[pair[0]] + letter[pair[1]], "w")
        key = tuple(piece[name] for name in text)
        expected[key] = expected.get(key, 0) + count
    assert_equal(wordpiece_merge(words, pair), expected)


@pytest.mark.parametrize(
    ("words", "pair", "merged"),
    [
        ({("a", "##b"): 2, ("ab",): 3}, ("a", "##b"), {("ab",): 5}),
        ({("a", "####"): 2}, ("a", "####"), {("a##",): 2}),
        ({("a", "bc"): 2}, ("a", "bc"), {("abc",): 2}),
        ({("a", "##a", "##a", "##a"): 2}, ("##a", "##a"), {("a", "##aa", "##a"): 2}),
        ({("a", "##a", "##a", "##a", "##a"): 2}, ("##a", "##a"), {("a", "##aa", "##aa"): 2}),
    ],
)
def test_wordpiece_merge_preserves_text_and_counts(wordpiece_merge, words, pair, merged):
    """A run is merged from the left, every occurrence counts, and two splits that become equal add up."""
    assert_equal(wordpiece_merge(words, pair), merged)


@given(word_counts=corpora(alphabet="!Ba"), merges=st.integers(0, 3))
def test_wordpiece_train_merges_the_best_pair_each_time(
    wordpiece_train, wordpiece_best_pair, wordpiece_merge, word_counts, merges
):
    """The sorted characters come first, then what the best pairs make, each piece once."""
    words = {(word[0], *("##" + letter for letter in word[1:])): count for word, count in word_counts.items()}
    expected = sorted(set(itertools.chain(*words)))
    size = len(expected) + merges
    while len(expected) < size and max(map(len, words)) > 1:
        pair = wordpiece_best_pair(words)
        expected += [made] if (made := _joined(pair)) not in expected else []
        words = wordpiece_merge(words, pair)
    assert_equal(wordpiece_train(word_counts, size), tuple(expected))
    assert_rejects(wordpiece_train, word_counts, size - merges - 1)


@pytest.mark.parametrize(
    ("word", "vocabulary"), [("##a", ("##", "###", "##a", "#")), ("aaa", ("##a", "a", "aa", "aaa"))]
)
def test_wordpiece_train_stops_at_single_pieces(wordpiece_train, word, vocabulary):
    """Training ends when every word is one piece, and no piece stands twice even where a word contains the prefix."""
    assert_equal(set(wordpiece_train({word: 1}, 9)), set(vocabulary))
    assert_equal(len(wordpiece_train({word: 1}, 9)), len(vocabulary))


@pytest.mark.parametrize(("count", "other_count", "piece"), [(3, 1, "cd"), (1, 3, "ab"), (2, 2, "ab")])
def test_wordpiece_train_prefers_what_rare_letters_make(wordpiece_train, count, other_count, piece):
    """Of two words of letters of their own the rarer one is merged first, and of equally rare ones the first."""
    words = {"ab": count, "cd": other_count}
    assert_equal(wordpiece_train(words, 5), ("##b", "##d", "a", "c", piece))


@given(word=st.text("ab", max_size=4), vocabulary=vocabularies)
def test_wordpiece_encode_equals_the_split_into_longest_pieces(wordpiece_encode, word, vocabulary):
    """Of all splits at most one has the longest known piece at each of its places; without one the word is unknown."""
    greedy = []
    for cut in segmentations(word):
        pieces = [("##" if index else "") + piece for index, piece in enumerate(cut)]
        rests = [("##" if index else "") + "".join(cut[index:]) for index in range(len(cut))]
        fitting = [[known for known in vocabulary if rest.startswith(known)] for rest in rests]
        greedy += [tuple(pieces)] if pieces == [max(known, key=len, default="") for known in fitting] else []
    assert_equal(wordpiece_encode("a", {"a"}), ("a",))
    assert_equal(wordpiece_encode(word, vocabulary), greedy[0] if greedy else ("[UNK]",))


@given(word=st.text(max_size=5), others=st.sets(st.text(min_size=1, max_size=3), max_size=3))
def test_wordpiece_encode_inverts_to_the_word(wordpiece_encode, word, others):
    """A vocabulary with every character in both forms leaves nothing unknown, and the pieces join to the word."""
    vocabulary = {mark + letter for mark in ("", "##") for letter in word} | {"##" + other for other in others}
    assert_equal(_joined(wordpiece_encode(word + "x", {*vocabulary, "x", "##x"})), word + "x")
    assert_equal(wordpiece_encode("y" + word, vocabulary - {"y"}, "?"), ("?",))


@pytest.mark.parametrize(
    ("word", "vocabulary", "pieces"),
    [
        ("abcd", ("ab", "abc", "##cd"), ("[UNK]",)),
        ("abb", ("a", "", "##"), ("[UNK]",)),
        ("ab", ("a", "b"), ("[UNK]",)),
        ("anan", ("an", "##a", "##n"), ("an", "##a", "##n")),
        ("a.a.", ("a.", "##a."), ("a.", "##a.")),
        ("##ab", ("##a", "##b"), ("##a", "##b")),
        ("abcde", ("abc", "ab", "##cde", "##d", "##e"), ("abc", "##d", "##e")),
        ("lower", ("l", "lo", "low", "##er", "##w", "##e", "##r"), ("low", "##er")),
    ],
)
def test_wordpiece_encode_takes_nothing_back(wordpiece_encode, word, vocabulary, pieces):
    """The longest piece is taken by its place, though it may leave more pieces, or none that fit, for "" is none."""
    assert_equal(wordpiece_encode(word, vocabulary), pieces)


@pytest.mark.parametrize("letter", ["a", "\u7231"])
@pytest.mark.parametrize("given_length", [(), (1,), (5,)])
def test_wordpiece_encode_knows_no_longer_words(wordpiece_encode, given_length, letter):
    """A word of max_length characters, 100 if not given, is split; one more makes it unknown. The least limit is 1."""
    limit = given_length[0] if given_length else 100
    known = {letter, "##" + letter}
    pieces = (letter, *["##" + letter] * (limit - 1))
    assert_equal(wordpiece_encode(letter * limit, known, "?", *given_length), pieces)
    assert_equal(wordpiece_encode(letter * limit, {*known, letter * limit}, "?", *given_length), (letter * limit,))
    assert_equal(wordpiece_encode(letter * (limit + 1), known, "?", *given_length), ("?",))
    assert_equal(wordpiece_encode(letter * (limit + 1), {*known, letter * (limit + 1)}, "?", *given_length), ("?",))
    assert_rejects(wordpiece_encode, "", known, "?", 0)
