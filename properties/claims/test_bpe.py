"""Worked numbers of byte-pair encoding, and statements about it that are often met and wrong, each with a witness."""

from collections import Counter
from itertools import accumulate, pairwise

import pytest
import regex

from properties.closeness import assert_close, assert_equal
from reference.language.bpe import (
    bpe_pair_counts,
    bpe_vocabulary,
    decode_bpe,
    decode_bpe_text,
    encode_bpe,
    encode_bpe_by_scores,
    encode_bpe_text,
    merge_pair,
    train_bpe,
    update_pair_counts,
)
from reference.language.text import (
    bytes_from_text,
    characters_per_token,
    delete_characters,
    gpt2_pre_tokens,
    pre_token_counts,
)

A, B, C, N = b"abcn"
BANANA = {tuple(b"I have a banana"): 1}


@pytest.mark.claim("R003-180", "E003-066", "E003-068")
@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("\u7231", "e7 88 b1"),
        ("\u9999", "e9 a6 99"),
        ("an", "61 6e"),
        ("I have a banana", "49 20 68 61 76 65 20 61 20 62 61 6e 61 6e 61"),
    ],
)
def test_worked_examples_have_these_bytes(text, octets):
    """U+9999 is e9 a6 99, as no byte of a longer character is below 0x80, and a and n are 61 and 6e, not 22 and 44."""
    data = bytes_from_text(text)
    assert_equal(data.hex(" "), octets)
    assert_equal(all(byte >= 0x80 for byte in data), not text.isascii())


@pytest.mark.claim("E003-065")
def test_a_byte_has_256_values():
    """Without merges the vocabulary has 256 ids, 0 to 255, and not 255."""
    assert_equal(sorted(bpe_vocabulary([])), list(range(256)))
    assert_equal(len(set(bpe_vocabulary([]).values())), 256)


@pytest.mark.claim("R003-181", "E003-067")
def test_pairs_of_a_sentence_are_counted():
    """In "I have a banana" an and na occur twice and nothing else does; a single I is no pair."""
    counts = bpe_pair_counts(BANANA)
    assert_equal({pair: count for pair, count in counts.items() if count > 1}, {(A, N): 2, (N, A): 2})
    assert_equal(sum(counts.values()), 14)
    assert_equal(all(len(pair) == 2 for pair in counts), True)


@pytest.mark.claim("R003-181")
def test_textbook_corpus_gives_these_merges():
    """hug 10, pug 5, pun 12, bun 4, hugs 5 merge ug (20 times), un (16), hug (15) and then pun (12)."""
    word_counts = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
    merges = train_bpe(word_counts, 260)
    words = {tuple(word.encode()): count for word, count in word_counts.items()}
    found = []
    for new_id, pair in enumerate(merges, 256):
        found.append((bpe_vocabulary(merges)[new_id], bpe_pair_counts(words)[pair]))
        words = {merge_pair(word, pair, new_id): count for word, count in words.items()}
    assert_equal(found, [(b"ug", 20), (b"un", 16), (b"hug", 15), (b"pun", 12)])


@pytest.mark.claim("R003-182", "E003-069")
def test_neighbours_of_a_merge_are_counted_anew():
    """After an is merged banana holds (b, an), (an, an), (an, a); two decrements an occurrence leave na at -1."""
    banana = {tuple(b"banana"): 1}
    counts = update_pair_counts(bpe_pair_counts(banana), banana, (A, N), 256)
    assert_equal(counts, {(B, 256): 1, (256, 256): 1, (256, A): 1})
    naive = Counter(bpe_pair_counts(banana))
    for index, pair in enumerate(pairwise(b"banana")):
        if pair == (A, N):
            naive.subtract([(b"banana"[index - 1], A), (N, b"banana"[index + 2])])
    assert_equal(naive[N, A], -1)


@pytest.mark.claim("R003-183", "E003-070")
def test_rank_decides_and_not_length():
    """With (b, c) learned before (a, b), abc is a, bc; the longest match from the left would be ab, c."""
    assert_equal(encode_bpe(b"abc", [(B, C), (A, B)]), (A, 256))
    assert_equal(encode_bpe_by_scores("abc", {"bc": -0.0, "ab": -1.0}), ("a", "bc"))


@pytest.mark.claim("E003-064")
def test_no_learned_token_crosses_words():
    """Trained on pre-tokens, no token has a space but at its start; trained on the bare text, some do."""
    text = "a ban a ban a ban"
    apart = bpe_vocabulary(train_bpe(pre_token_counts([text], gpt2_pre_tokens), 300))
    whole = bpe_vocabulary(train_bpe({text: 1}, 300))
    assert_equal(any(b" " in token[1:] for token in apart.values()), False)
    assert_equal(any(b" " in token[1:] for token in whole.values()), True)


@pytest.mark.claim("R003-188")
def test_words_of_two_sentences_are_counted():
    """I and banana occur twice, once in each sentence, and every other word once."""
    counts = pre_token_counts(["I have banana", "I like and eat banana"], str.split)
    assert_equal(counts, {"I": 2, "banana": 2, "have": 1, "like": 1, "and": 1, "eat": 1})


@pytest.mark.claim("E003-088")
def test_nothing_is_dropped():
    """Every character of a sentence comes back, its commas and spaces too."""
    text = "\u7136\u800c \uff0c a\u0301 \U0001f600\x00"
    merges = train_bpe(pre_token_counts([text], gpt2_pre_tokens), 264)
    assert_equal(decode_bpe_text(encode_bpe_text(text, merges, {}), merges, {}), text)


@pytest.mark.claim("R003-199")
def test_density_of_the_worked_example():
    """100 characters in 32 tokens are 3.125 a token, and a further merge never makes it less."""
    assert_close(characters_per_token("x" * 100, list(range(32))), 3.125)
    merges = train_bpe({"banana ban": 1}, 270)
    densities = [characters_per_token("banana ban", encode_bpe(b"banana ban", merges[:n])) for n in range(len(merges))]
    assert_equal(densities, sorted(densities))
    assert_equal(densities[0], 1.0)


@pytest.mark.claim("R003-198")
def test_every_letter_has_an_id():
    """Whatever was trained on, each byte can be encoded, so that nothing is unknown."""
    merges = train_bpe({"banana": 2}, 300)
    assert_equal(decode_bpe(encode_bpe(bytes(range(256)), merges), merges), bytes(range(256)))


@pytest.mark.claim("R003-204", "E003-109")
def test_parts_encoded_apart_can_differ_from_the_whole():
    """With (a, b) merged, xa and by make x, a, b, y, but xaby makes x, ab, y, where no token starts at by."""
    merges = [(A, B)]
    assert_equal(decode_bpe(encode_bpe(b"xa", merges) + encode_bpe(b"by", merges), merges), b"xaby")
    assert_equal(len(encode_bpe(b"xa", merges) + encode_bpe(b"by", merges)), 4)
    assert_equal(encode_bpe(b"xaby", merges), (*b"x", 256, *b"y"))


@pytest.mark.claim("R003-204")
def test_pre_tokens_that_look_ahead_differ_without_a_token_across():
    """Numbers cut in threes: 12 and 34 make 12, 34, but 1234 makes 12, 3, 4, though no token spans the two parts."""
    one, two, three, four = b"1234"
    merges = [(one, two), (three, four)]

    def encode(text):
        pieces = regex.findall(r"\p{N}{1,3}", text)
        return [known for piece in pieces for known in encode_bpe(piece.encode(), merges)]

    whole = encode("1234")
    assert_equal(encode("12") + encode("34"), [256, 257])
    assert_equal(whole, [256, three, four])
    assert_equal(2 in accumulate(len(decode_bpe([known], merges)) for known in whole), True)


@pytest.mark.claim("R004-043")
def test_class_of_chinese_punctuation_takes_the_apostrophe():
    """A class with ' and the half-width stop U+FF61 takes the apostrophe of "it's" and spares the full stop U+3002."""
    punctuation = "\uff0c\uff01\uff1f\uff61\u3001\u201c\u201d'"
    assert_equal(delete_characters("it's\uff0c\u597d\u3002\uff61 3.5", punctuation), "its\u597d\u3002 3.5")
