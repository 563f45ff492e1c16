"""Laws of `reference.language.bpe`.

The oracles write a sequence of ids as a string of the characters with these code points: `str.replace` then merges a
pair from left to right without overlap.
"""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_equal
from properties.rejection import assert_rejects

A, B, C = b"abc"


def table(choices):
    """A table of merges of "a", "b" and earlier merges, without repetition."""
    merges = []
    for first, second in choices:
        known = [A, B, *range(256, 256 + len(merges))]
        pair = (known[first % len(known)], known[second % len(known)])
        merges += [pair] if pair not in merges else []
    return merges


def one_way(merges):
    """The merges but for those that make a text for the second time or give one a second way to be made."""
    kept = []
    for pair in merges:
        if max([A, B, *pair]) < 256 + len(kept):
            tokens = [spelled(known, [*kept, pair]) for known in (A, B, *range(256, 257 + len(kept)))]
            ways = [
                sum(text[:cut] in tokens and text[cut:] in tokens for cut in range(1, len(text))) for text in tokens
            ]
            kept += [pair] if len(set(tokens)) == len(tokens) and max(ways) == 1 else []
    return kept


merge_tables = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6).map(table)
# Libraries that know a token by its text, and not by the pair that it was made of, can be given these.
one_way_tables = merge_tables.map(one_way)
texts = st.text("ab", max_size=10)
id_words = st.lists(st.sampled_from([0, 3, 5]), max_size=7).map(tuple)
id_corpora = st.dictionaries(id_words, st.integers(1, 3), max_size=3).map(
    lambda words: {(0, 3, 5, 3, 5, 3, 3, 3): 2, **words}
)
corpora = st.dictionaries(texts, st.integers(1, 3), min_size=1, max_size=3).map(lambda words: {"aaab": 1, **words})


def replaced(ids, pair, new_id):
    """The pair replaced in a string of characters."""
    return tuple(map(ord, "".join(map(chr, ids)).replace("".join(map(chr, pair)), chr(new_id))))


def rewritten(data, merges):
    """Every merge made wherever it applies, one after the other in the order learned."""
    ids = tuple(data)
    for new_id, pair in enumerate(merges, 256):
        ids = replaced(ids, pair, new_id)
    return ids


def neighbours(word_counts):
    """Number of positions at which each pair stands."""
    found = Counter()
    for word, count in word_counts.items():
        for index in range(1, len(word)):
            found[word[index - 1 : index + 1]] += count
    return dict(found)


def learned(word_counts, num_merges):
    """The merges of the definition, with the words that they leave after each."""
    words = {tuple(word.encode()): count for word, count in word_counts.items()}
    merges, steps = [], [words]
    while (counts := neighbours(words)) and len(merges) < num_merges:
        most = max(counts.values())
        merges.append(sorted(pair for pair in counts if counts[pair] == most)[0])
        words = {replaced(word, merges[-1], 255 + len(merges)): count for word, count in words.items()}
        steps.append(words)
    return tuple(merges), steps


def spelled(known, merges):
    """Bytes of an id, by taking its merge apart."""
    return bytes([known]) if known < 256 else b"".join(spelled(part, merges) for part in merges[known - 256])


@given(word_counts=id_corpora)
def test_bpe_pair_counts_equals_number_of_positions(bpe_pair_counts, word_counts):
    """A pair counts at every place where it stands, overlapping ones included, and a word as often as it occurs."""
    assert_equal(bpe_pair_counts(word_counts), neighbours(word_counts))


@pytest.mark.parametrize("count", [0, -1])
def test_bpe_pair_counts_rejects_words_that_do_not_occur(bpe_pair_counts, count):
    """A word occurs at least once, and without words there are no pairs."""
    assert_equal(bpe_pair_counts({}), {})
    assert_equal(bpe_pair_counts({(3, 5): 1, (7,): 1}), {(3, 5): 1})
    assert_rejects(bpe_pair_counts, {(3, 5): 2, (5, 6): count})


@given(
    pair_counts=st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(1, 2), min_size=1, max_size=9
    )
)
def test_most_frequent_pair_precedes_all_others(most_frequent_pair, pair_counts):
    """Every other pair counts less, or as much and comes later; the order of the table does not matter."""
    best = most_frequent_pair(pair_counts)
    ranked = sorted((-count, *pair) for pair, count in pair_counts.items())
    assert_equal(best, ranked[0][1:])
    assert_equal(most_frequent_pair(dict(reversed(pair_counts.items()))), best)
    assert_equal(most_frequent_pair({(10, 3): 2, (9, 500): 2}), (9, 500))


def test_most_frequent_pair_rejects_no_pairs(most_frequent_pair):
    """Among no pairs none is the most frequent."""
    assert_rejects(most_frequent_pair, {})


@given(ids=st.lists(st.sampled_from([0, 1, 2, 11]), max_size=9), pair=st.tuples(st.sampled_from([1, 2]), st.just(1)))
def test_merge_pair_equals_replacement(merge_pair, ids, pair):
    """Occurrences are replaced from left to right, and one that overlaps the last is none."""
    ids = [0, *ids, 1, 1, 1]
    assert_equal(merge_pair(ids, pair, 256), replaced(ids, pair, 256))


@pytest.mark.parametrize(("length", "merged"), [(0, 0), (1, 0), (2, 1), (32771, 16385)])
def test_merge_pair_halves_a_run(merge_pair, length, merged):
    """A run of n equal ids becomes n // 2 new ones, and an odd one at the end stays, however long the run is."""
    assert_equal(merge_pair([7] * length, (7, 7), 300), (300,) * merged + (7,) * (length - 2 * merged))
    assert_equal(merge_pair([7, 8], (8, 7), 300), (7, 8))


@given(word_counts=id_corpora, pair=st.tuples(st.sampled_from([3, 5]), st.sampled_from([3, 5])))
def test_update_pair_counts_equals_recount(update_pair_counts, word_counts, pair):
    """After a merge the counts are those of the merged words, where a pair that is gone has none."""
    merged = {replaced(word, pair, 9): count for word, count in word_counts.items()}
    assert_equal(update_pair_counts(neighbours(word_counts), word_counts, pair, 9), neighbours(merged))


@pytest.mark.parametrize("missing", [(3, 5), (5, 6), (6, 3)])
def test_update_pair_counts_rejects_counts_of_other_words(update_pair_counts, missing):
    """A count that would fall below 0 shows that the table belongs to other words."""
    word_counts = {(6, 3, 5, 6): 2}
    pair_counts = neighbours(word_counts)
    assert_equal(update_pair_counts(pair_counts, word_counts, (3, 5), 9), {(6, 9): 2, (9, 6): 2})
    assert_rejects(update_pair_counts, {**pair_counts, missing: 1}, word_counts, (3, 5), 9)


@given(word_counts=corpora, vocab_size=st.integers(256, 264), num_special_tokens=st.sampled_from([0, 1]))
def test_train_bpe_equals_definition(train_bpe, word_counts, vocab_size, num_special_tokens):
    """Each merge is the pair that counts most in words merged so far; special tokens take the place of merges."""
    vocab_size += num_special_tokens + 1
    expected, _ = learned(word_counts, vocab_size - 256 - num_special_tokens)
    assert_equal(train_bpe(word_counts, vocab_size, num_special_tokens), expected)
    assert_equal(train_bpe(word_counts, vocab_size), learned(word_counts, vocab_size - 256)[0])


@given(word_counts=corpora)
def test_train_bpe_winning_count_never_rises(train_bpe, merge_pair, word_counts):
    """The pair that wins counts no more than the one before it, and each merge leaves fewer tokens or ends training."""
    words, counts = {tuple(word.encode()): count for word, count in word_counts.items()}, []
    for new_id, pair in enumerate(train_bpe(word_counts, 400), 256):
        counts.append(neighbours(words)[pair])
        words = {merge_pair(word, pair, new_id): count for word, count in words.items()}
    assert_at_most(counts[1:], counts[:-1])
    assert_equal(max(map(len, words)), 1)


@given(word_counts=corpora, vocab_size=st.integers(258, 265), num_special_tokens=st.sampled_from([0, 1]))
def test_train_bpe_incremental_equals_plain(
    train_bpe_incremental, train_bpe_heap, train_bpe, word_counts, vocab_size, num_special_tokens
):
    """Counts that are updated, all of them or where something changed, choose the same merges as counts made anew."""
    expected = train_bpe(word_counts, vocab_size, num_special_tokens)
    assert_equal(train_bpe_incremental(word_counts, vocab_size, num_special_tokens), expected)
    assert_equal(train_bpe_heap(word_counts, vocab_size, num_special_tokens), expected)
    assert_equal(expected, learned(word_counts, vocab_size - 256 - num_special_tokens)[0])
    assert_equal(train_bpe_incremental(word_counts, vocab_size), train_bpe(word_counts, vocab_size))
    assert_equal(train_bpe_heap(word_counts, vocab_size), train_bpe(word_counts, vocab_size))


@pytest.mark.parametrize(
    ("word_counts", "vocab_size", "num_special_tokens"),
    [
        ({}, 300, 0),
        ({"ab": 0}, 256, 0),
        ({"ab": 2, "b": -1}, 300, 0),
        ({"ab": 2}, 255, 0),
        ({"ab": 2}, 257, 2),
        ({"ab": 2}, 511, 256),
        ({"ab": 2}, 300, -1),
        ({"a\ud800": 2}, 300, 0),
    ],
)
def test_train_bpe_rejects_impossible_input(
    train_bpe, train_bpe_incremental, train_bpe_heap, word_counts, vocab_size, num_special_tokens
):
    """Words must be there and be text, and the vocabulary must hold the bytes and the special tokens."""
    assert_rejects(train_bpe, word_counts, vocab_size, num_special_tokens)
    assert_rejects(train_bpe_incremental, word_counts, vocab_size, num_special_tokens)
    assert_rejects(train_bpe_heap, word_counts, vocab_size, num_special_tokens)


@pytest.mark.parametrize(
    ("word_counts", "vocab_size", "num_special_tokens", "merges"),
    [
        ({"ab": 2}, 256, 0, ()),
        ({"ab": 2}, 258, 2, ()),
        ({"ab": 2}, 258, 1, ((A, B),)),
        ({"ab": 1}, 300, 0, ((A, B),)),
        ({"a": 5, "": 1}, 300, 0, ()),
        ({"ab": 1, "ca": 1}, 257, 0, ((A, B),)),
        ({" A": 1}, 300, 0, ((32, 65),)),
        ({"\u00e9": 1}, 300, 0, ((0xC3, 0xA9),)),
        ({"e\u0301": 1}, 300, 0, ((101, 0xCC), (256, 0x81))),
        ({"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}, 259, 0, ((117, 103), (117, 110), (104, 256))),
    ],
)
def test_train_bpe_ends_where_nothing_is_left(
    train_bpe, train_bpe_incremental, train_bpe_heap, word_counts, vocab_size, num_special_tokens, merges
):
    """The smallest vocabulary has no merges, and words of one token end training. Words are their bytes as they are."""
    assert_equal(train_bpe(word_counts, vocab_size, num_special_tokens), merges)
    assert_equal(train_bpe_incremental(word_counts, vocab_size, num_special_tokens), merges)
    assert_equal(train_bpe_heap(word_counts, vocab_size, num_special_tokens), merges)


@given(merges=merge_tables)
def test_bpe_vocabulary_equals_parts_of_merges(bpe_vocabulary, merges):
    """An id below 256 is its byte, another spells its two parts, first one first, and two ids may spell the same."""
    expected = {known: spelled(known, merges) for known in range(256 + len(merges))}
    assert_equal(bpe_vocabulary(merges), expected)
    twice = bpe_vocabulary([(A, A), (A, 256), (256, A)])
    assert_equal([twice.get(known) for known in (256, 257, 258)], [b"aa", b"aaa", b"aaa"])


@given(text=texts, merges=one_way_tables)
def test_encode_bpe_equals_rewriting_in_order(encode_bpe, text, merges):
    """The ids are those of making all occurrences of the first merge, then of the second, and so on to the last."""
    assert_equal(encode_bpe(b"aab" + text.encode(), merges), rewritten(b"aab" + text.encode(), merges))


@given(text=texts, merges=merge_tables)
def test_encode_bpe_heap_equals_plain(encode_bpe_heap, encode_bpe, text, merges):
    """One merge at a time, the earliest first and of equal ones the leftmost, leads to the same ids."""
    data = b"aab" + text.encode()
    assert_equal(encode_bpe_heap(data, merges), encode_bpe(data, merges))
    assert_equal(encode_bpe_heap(data, merges), rewritten(data, merges))


@pytest.mark.parametrize(
    "merges",
    [
        [(A, A), (B, A), (256, 257)],
        [(B, C), (A, B), (256, 256)],
        [(A, B), (256, C), (C, C), (257, 258)],
        [(A, B), (B, A), (256, A), (A, 257), (B, B)],
    ],
)
def test_encode_bpe_heap_equals_rewriting_of_every_short_text(encode_bpe_heap, encode_bpe, merges):
    """All texts of up to four letters, the empty one included, one of five, and all of them one after the other."""
    texts = [bytes(letters) for length in range(5) for letters in itertools.product((A, B, C), repeat=length)]
    texts.append(b"abccc")
    assert_equal([encode_bpe(data, merges) for data in texts], [rewritten(data, merges) for data in texts])
    assert_equal([encode_bpe_heap(data, merges) for data in texts], [rewritten(data, merges) for data in texts])
    assert_equal(encode_bpe_heap(b"".join(texts), merges), rewritten(b"".join(texts), merges))


@given(word_counts=corpora, vocab_size=st.integers(257, 262))
def test_encode_bpe_reproduces_the_training_segmentation(encode_bpe, train_bpe, word_counts, vocab_size):
    """A word of the corpus is encoded into the ids that training left it with."""
    merges = train_bpe(word_counts, vocab_size)
    _, steps = learned(word_counts, vocab_size - 256)
    assert_equal([encode_bpe(word.encode(), merges) for word in word_counts], list(steps[-1]))


@given(data=st.binary(max_size=6), merges=one_way_tables)
def test_encode_bpe_is_inverted_by_decoding(encode_bpe, encode_bpe_heap, decode_bpe, data, merges):
    """Any bytes come back as they were, whether they are text or not, and nothing is unknown."""
    data, merges = b"ab\x00\x00\xff" + data, [*merges, (0, 255)]
    assert_equal(decode_bpe(encode_bpe(data, merges), merges), data)
    assert_equal(decode_bpe(encode_bpe_heap(data, merges), merges), data)
    assert_equal(decode_bpe([0, 255, 256], merges), b"\x00\xff" + spelled(256, merges))


@given(first=texts, second=texts, merges=one_way_tables)
def test_encode_bpe_of_parts_equals_whole_unless_a_token_crosses(encode_bpe, first, second, merges):
    """Two parts encoded apart give the ids of the whole just if no token of the whole reaches from one to the other."""
    first, second = f"{first}a".encode(), f"b{second}".encode()
    whole = encode_bpe(first + second, merges)
    assert_equal(whole, rewritten(first + second, merges))
    ends = itertools.accumulate(len(spelled(known, merges)) for known in whole)
    assert_equal(encode_bpe(first, merges) + encode_bpe(second, merges) == whole, len(first) in ends)


@pytest.mark.parametrize(
    "merges", [[(A, 256)], [(257, A), (A, B)], [(A, -1)], [(-1, A)], [(A, B), (A, C), (A, B)], [(A, B), (257, C)]]
)
def test_encode_bpe_rejects_impossible_merges(encode_bpe, encode_bpe_heap, bpe_vocabulary, decode_bpe, merges):
    """A merge joins ids that are there before it, and no pair has two."""
    assert_rejects(encode_bpe, b"ab", merges)
    assert_rejects(encode_bpe_heap, b"ab", merges)
    assert_rejects(bpe_vocabulary, merges)
    assert_rejects(decode_bpe, [A], merges)


@pytest.mark.parametrize("unknown", [258, 300, -1])
def test_decode_bpe_rejects_unknown_ids(decode_bpe, bpe_byte_spans, decode_bpe_text, unknown):
    """The last merge has the last id, and no other stands for anything."""
    merges = [(A, B), (256, 256)]
    assert_equal(decode_bpe([257, A], merges), b"ababa")
    assert_rejects(decode_bpe, [A, unknown], merges)
    assert_rejects(bpe_byte_spans, [A, unknown], merges)
    assert_rejects(decode_bpe_text, [A, unknown], merges, {"<end>": 259})


def best_cuts(text, scores):
    """The cuts that are left when, as long as one can go, the one that leaves the best piece goes, leftmost first."""
    cuts = list(range(len(text) + 1))
    while True:
        pieces = {cut: text[cuts[i - 1] : cuts[i + 1]] for i, cut in enumerate(cuts) if 0 < i < len(cuts) - 1}
        ranked = sorted((-scores[piece], cut) for cut, piece in pieces.items() if piece in scores)
        if not ranked:
            return tuple(text[start:end] for start, end in itertools.pairwise(cuts))
        cuts.remove(ranked[0][1])


@given(
    text=texts,
    scores=st.dictionaries(st.text("ab", min_size=2, max_size=4), st.integers(-2, 2).map(float), max_size=5),
)
def test_encode_bpe_by_scores_equals_best_cuts(encode_bpe_by_scores, text, scores):
    """The pieces are those between the cuts that are left, and of equal scores the leftmost is joined."""
    scores = {"aa": 0.0, "ab": 0.0, **scores}
    assert_equal(encode_bpe_by_scores("aaab" + text, scores), best_cuts("aaab" + text, scores))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", ()),
        ("c", ("c",)),
        ("aaa", ("aa", "a")),
        ("abc", ("a", "bc")),
        ("storm", ("st", "orm")),
        ("vwxy", ("vw", "xy")),
        ("a c", ("a", " ", "c")),
    ],
)
def test_encode_bpe_by_scores_prefers_score_to_length(encode_bpe_by_scores, text, pieces):
    """A longer piece, from the left or of equal score, is not preferred, and a character without a score stays."""
    ranked = {"bc": 1, "st": 1, "xy": 1, "vw": 2, "wxy": 2, "ab": 2, "or": 2, "orm": 3, "sto": 4, "aa": 5, "stor": 5}
    scores = {piece: -rank / 8 for piece, rank in ranked.items()}
    assert_equal(encode_bpe_by_scores(text, scores), pieces)


@given(text=texts, merges=merge_tables)
def test_bpe_byte_spans_cover_the_bytes(bpe_byte_spans, text, merges):
    """Each token spells the bytes of its span, the spans follow each other, and the last ends where the bytes do."""
    merges = [*merges, (0xE7, 0x88)]
    ids = rewritten(b"ab\xe7\x88" + text.encode(), merges)
    ends = [len(b"".join(spelled(known, merges) for known in ids[:n])) for n in range(len(ids) + 1)]
    assert_equal(bpe_byte_spans(ids, merges), tuple(itertools.pairwise(ends)))
    assert_equal(bpe_byte_spans([], merges), ())


SPECIAL_IDS = {"<a>": 400, "b b": 500, "\u2581": 600}
PLAIN = ["ab", " ab", " ", "b", "\u5b57", "ab\n", "'s"]


@given(parts=st.lists(st.sampled_from([*PLAIN, *SPECIAL_IDS]), max_size=5).map("".join), merges=one_way_tables)
def test_encode_bpe_text_encodes_pre_tokens_apart(
    encode_bpe_text, split_special_tokens, gpt2_pre_tokens, parts, merges
):
    """A special token is its id, and any other part the ids of its pre-tokens, each rewritten on its own."""
    merges = [*merges, (32, A), (B, 32), (ord("\n"), ord("\n")), (ord("b"), ord("'"))]
    text, expected = "ab <a>be\u0301\r\n" + parts, []
    for part in split_special_tokens(text, list(SPECIAL_IDS)):
        for pre_token in [] if part in SPECIAL_IDS else gpt2_pre_tokens(part):
            expected.extend(rewritten(pre_token.encode(), merges))
        expected += [SPECIAL_IDS[part]] if part in SPECIAL_IDS else []
    assert_equal(encode_bpe_text(text, merges, SPECIAL_IDS), tuple(expected))
    assert_equal(encode_bpe_text("<a>", merges, {}), tuple(b"<a>"))


def test_encode_bpe_text_takes_the_longest_special_token(encode_bpe_text):
    """Of special tokens that start together the longest is taken, whichever comes first in the table."""
    for special_ids in ({"<a>": 300, "<a>>": 301}, {"<a>>": 301, "<a>": 300}):
        assert_equal(encode_bpe_text("<a>b<a>>", [], special_ids), (300, B, 301))


@given(text=st.text(max_size=6), merges=one_way_tables)
def test_decode_bpe_text_inverts_encoding(decode_bpe_text, encode_bpe_text, text, merges):
    """Any text comes back, special tokens in it too, and characters whose bytes are spread over several ids."""
    text = f" ab .\u7231 's<a>{text} "
    assert_equal(decode_bpe_text(list(text.encode()), merges, SPECIAL_IDS), text)
    assert_equal(decode_bpe_text(encode_bpe_text(text, merges, SPECIAL_IDS), merges, SPECIAL_IDS), text)


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([0xE7, 0x88, 0xB1], "\u7231"),
        ([0xE7, 0x88], "\ufffd"),
        ([0x88, 0xB1, 400], "\ufffd\ufffd<a>"),
        ([256, 0xE7, 400, 0x88], "ab\ufffd<a>\ufffd"),
        ([13, 10], "\r\n"),
        ([600], "\u2581"),
        ([], ""),
    ],
)
def test_decode_bpe_text_joins_before_it_reads(decode_bpe_text, ids, text):
    """Bytes are read as one text, and where they are none there is U+FFFD. A mark of the byte order stays."""
    assert_equal(decode_bpe_text([A, *ids], [(A, B)], SPECIAL_IDS), "a" + text)
    assert_equal(decode_bpe_text([0xEF, 0xBB, 0xBF, *ids], [(A, B)], SPECIAL_IDS), "\ufeff" + text)


@pytest.mark.parametrize("special_ids", [{"<a>": 256}, {"<a>": 0}, {"<a>": 400, "<b>": 400}, {"<a>": 257, "<b>": -1}])
def test_encode_bpe_text_rejects_ids_in_use(encode_bpe_text, decode_bpe_text, special_ids):
    """A special token has an id of its own, above those of the merges."""
    assert_equal(encode_bpe_text("<a>b", [(A, B)], {"<a>": 257}), (257, B))
    assert_equal(decode_bpe_text([257, B], [(A, B)], {"<a>": 257}), "<a>b")
    assert_rejects(encode_bpe_text, "ab", [(A, B)], special_ids)
    assert_rejects(encode_bpe_text, "ab", [(A, byte) for byte in range(256)], {"<a>": 511})
    assert_rejects(decode_bpe_text, [A], [(A, B)], special_ids)


@pytest.mark.parametrize(("text", "special_ids"), [("a\ud800", {}), ("a", {"": 300}), ("<a>\udfff", {"<a>": 300})])
def test_encode_bpe_text_rejects_what_is_no_text(encode_bpe_text, text, special_ids):
    """A lone surrogate has no bytes, and an empty special token no place."""
    assert_rejects(encode_bpe_text, text, [(A, B)], special_ids)
