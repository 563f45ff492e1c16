"""Worked numbers of WordPiece, and statements about it that are often met and wrong, each with a witness."""

import math

import pytest

from properties.closeness import assert_close, assert_equal
from reference.language.wordpiece import (
    wordpiece_best_pair,
    wordpiece_characters,
    wordpiece_encode,
    wordpiece_merge,
    wordpiece_pair_scores,
    wordpiece_train,
)

CORPUS = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}


@pytest.mark.claim("R003-184", "E003-071")
@pytest.mark.parametrize(("word", "pieces"), [("lower", ("low", "##er")), ("worl", ("[UNK]",))])
def test_vocabulary_without_a_character_leaves_words_unknown(word, pieces):
    """With l, lo, low, er, w, e and r "lower" is low er, but "worl" is unknown, for o alone is missing."""
    known = ["l", "lo", "low", "er", "w", "e", "r"]
    assert_equal(wordpiece_encode(word, {*known, *("##" + piece for piece in known)}), pieces)


@pytest.mark.claim("E003-070")
def test_longest_match_is_wordpiece():
    """Longest match makes ab c of abc, whatever the order of the merges: with (b, c) before (a, b) BPE makes a bc."""
    assert_equal(wordpiece_encode("abc", {"a", "ab", "##b", "##c", "##bc"}), ("ab", "##c"))


@pytest.mark.claim("R003-185")
def test_the_first_merges_of_the_corpus():
    """g s has score 1/20 and every pair with u 1/36, so that gs is merged first, then hu; the third is hugs with 1/15,
    for hu g has only 10 / (15 15) = 2/45 and not 1/15, as the Hugging Face course has it.
    """
    words = {wordpiece_characters(word): count for word, count in CORPUS.items()}
    scores = wordpiece_pair_scores(words)
    assert_close([scores.pop(("##g", "##s")), *scores.values()], [1 / 20, *[1 / 36] * len(scores)])
    words = wordpiece_merge(words, wordpiece_best_pair(words))
    words = wordpiece_merge(words, wordpiece_best_pair(words))
    scores = wordpiece_pair_scores(words)
    assert_close([scores[("hu", "##g")], scores[("hu", "##gs")], scores[("p", "##u")]], [2 / 45, 1 / 15, 1 / 21])
    assert_equal(wordpiece_train(CORPUS, 10)[-3:], ("##gs", "hu", "hugs"))


@pytest.mark.claim("E003-072", "R003-185")
def test_pair_is_compared_with_the_product_of_its_parts():
    """The criterion is p(ab) / (p(a) p(b)). Over one denominator p(ab) never exceeds p(a) + p(b); over the number of
    pairs it can: in the one word ab it is 1, and the pieces have 1/2 each, so that PMI is log 4 > -log p(a).
    """
    scores = wordpiece_pair_scores({("a", "##b"): 3, ("a",): 2})
    assert_close(scores[("a", "##b")], 3 / (5 * 3))
    lone = wordpiece_pair_scores({("a", "##b"): 1})[("a", "##b")]
    pairs, pieces = 1, 2
    assert_close(math.log(lone * pieces**2 / pairs), math.log(4))


@pytest.mark.claim("R003-185")
def test_score_depends_on_the_order_of_a_pair():
    """a b and b a are different pairs with different scores, as they occur differently often."""
    scores = wordpiece_pair_scores({("x", "##a", "##b"): 3, ("x", "##b", "##a"): 1})
    assert_equal((scores[("##a", "##b")], scores[("##b", "##a")]), (3 / 16, 1 / 16))


@pytest.mark.claim("E003-073")
def test_share_of_a_piece_is_over_the_whole_corpus():
    """e 100 times and d 50 times among 1000 pieces have p(e) = 0.1 and p(d) = 0.05; 100 / (100 + 50) is no such share,
    and 100 / 100 + 50 is 51. A pair seen 10 times has p(ed) / (p(e) p(d)) = 2, which is 1000 times its score.
    """
    words = {("e", "##d"): 10, ("e",): 90, ("x", "##d"): 40, ("y",): 810}
    assert_equal(sum(len(word) * count for word, count in words.items()), 1000)
    assert_close(1000 * wordpiece_pair_scores(words)[("e", "##d")], 0.01 / (0.1 * 0.05))
