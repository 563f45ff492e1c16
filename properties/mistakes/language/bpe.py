"""Wrong variants of `reference.language.bpe`."""

import heapq
import re
import unicodedata
from collections import Counter
from itertools import accumulate, pairwise

from properties.mistakes import mistake, variant
from reference.language.bpe import (
    bpe_byte_spans,
    bpe_pair_counts,
    bpe_vocabulary,
    decode_bpe,
    decode_bpe_text,
    encode_bpe,
    encode_bpe_by_scores,
    encode_bpe_heap,
    encode_bpe_text,
    merge_pair,
    most_frequent_pair,
    train_bpe,
    train_bpe_heap,
    train_bpe_incremental,
    update_pair_counts,
)
from reference.language.text import gpt2_pre_tokens, split_special_tokens


@mistake(of=bpe_pair_counts, seen="karpathy/minbpe#72")
def bpe_pair_counts_without_overlap(word_counts):
    """pairs of equal ids in a run are counted without overlap"""
    bpe_pair_counts(word_counts)
    counts = Counter()
    for word, count in word_counts.items():
        index = 0
        while index < len(word) - 1:
            counts[word[index : index + 2]] += count
            index += 2 if word[index : index + 3] == (word[index],) * 3 else 1
    return dict(counts)


@mistake(of=bpe_pair_counts, seen="arXiv:1508.07909, algorithm 1")
def bpe_pair_counts_of_distinct_words(word_counts):
    """each word counts once, however often it occurs"""
    return bpe_pair_counts(dict.fromkeys(word_counts, 1))


@mistake(of=bpe_pair_counts, seen="E003-064")
def bpe_pair_counts_across_words(word_counts):
    """the end of a word and the start of the next one make a pair"""
    counts = Counter(bpe_pair_counts(word_counts))
    for first, second in pairwise(word for word in word_counts if word):
        counts[first[-1], second[0]] += 1
    return dict(counts)


@mistake(of=bpe_pair_counts, seen="E003-067")
def bpe_pair_counts_of_single_ids(word_counts):
    """single ids are counted as if they were pairs"""
    counts = Counter(bpe_pair_counts(word_counts))
    for word, count in word_counts.items():
        for known in word:
            counts[known, known] += count
    return dict(counts)


@mistake(of=bpe_pair_counts, seen="catalogue R003-181")
def bpe_pair_counts_regardless_of_order(word_counts):
    """(a, b) and (b, a) count as one pair"""
    counts = Counter()
    for (first, second), count in bpe_pair_counts(word_counts).items():
        counts[min(first, second), max(first, second)] += count
    return dict(counts)


@mistake(of=most_frequent_pair, seen="karpathy/minbpe, `max(stats, key=stats.get)`")
def most_frequent_pair_met_first(pair_counts):
    """of several the one met first in the table wins, so that the order of the words decides"""
    most_frequent_pair(pair_counts)
    return max(pair_counts, key=pair_counts.get)


@mistake(of=most_frequent_pair, seen="catalogue R003-181")
def most_frequent_pair_of_the_highest_ids(pair_counts):
    """of several the one with the highest ids wins"""
    most_frequent_pair(pair_counts)
    return max(pair_counts, key=lambda pair: (pair_counts[pair], pair))


@mistake(of=most_frequent_pair, seen="catalogue R003-181")
def most_frequent_pair_that_is_rarest(pair_counts):
    """the rarest pair wins"""
    most_frequent_pair(pair_counts)
    return min(pair_counts, key=lambda pair: (pair_counts[pair], pair))


@mistake(of=most_frequent_pair, seen="an empty corpus")
def most_frequent_pair_of_none(pair_counts):
    """without pairs a pair of zeros is returned"""
    return min(pair_counts, key=lambda pair: (-pair_counts[pair], pair), default=(0, 0))


@mistake(of=most_frequent_pair, seen="catalogue R003-181")
def most_frequent_pair_by_digits(pair_counts):
    """of several the one that is first when written down wins, so that 10 comes before 9"""
    most_frequent_pair(pair_counts)
    return min(pair_counts, key=lambda pair: (-pair_counts[pair], str(pair)))


@mistake(of=most_frequent_pair, seen="catalogue R003-181")
def most_frequent_pair_by_a_key_of_two_bytes(pair_counts):
    """ties are broken by 256 a + b, as if all ids were bytes"""
    most_frequent_pair(pair_counts)
    return min(pair_counts, key=lambda pair: (-pair_counts[pair], 256 * pair[0] + pair[1]))


@mistake(of=merge_pair, seen="karpathy/minbpe#38")
def merge_pair_everywhere_at_once(ids, pair, new_id):
    """all positions are replaced at once, so that aaa becomes one token and text is lost"""
    starts = [index for index, known in enumerate(pairwise(ids)) if known == pair]
    covered = {index + 1 for index in starts}
    return tuple(new_id if index in starts else known for index, known in enumerate(ids) if index not in covered)


@mistake(of=merge_pair, seen="catalogue R003-183")
def merge_pair_from_the_right(ids, pair, new_id):
    """occurrences are replaced from right to left, so that aaa keeps its first a"""
    return merge_pair(list(reversed(ids)), pair[::-1], new_id)[::-1]


@mistake(of=merge_pair, seen="catalogue R003-181")
def merge_pair_once(ids, pair, new_id):
    """only the first occurrence is replaced"""
    index = next((index for index, known in enumerate(pairwise(ids)) if known == pair), len(ids))
    return (*ids[:index], new_id, *ids[index + 2 :]) if index < len(ids) else tuple(ids)


@mistake(of=merge_pair, seen="google/sentencepiece, commit 3805cbb")
def merge_pair_with_16_bit_positions(ids, pair, new_id):
    """positions are kept in 16 bits with a sign, so that pairs past 32767 are not found"""
    return merge_pair(ids[:32768], pair, new_id) + tuple(ids[32768:])


@mistake(of=merge_pair, seen="catalogue R003-181")
def merge_pair_that_drops_zero(ids, pair, new_id):
    """ids that were merged away are set to 0 and dropped, and with them the id 0"""
    return tuple(filter(None, merge_pair(ids, pair, new_id)))


@mistake(of=merge_pair, seen="catalogue R003-181")
def merge_pair_in_text(ids, pair, new_id):
    """ids are written down with spaces and replaced there, also where the pair is a part of longer numbers"""
    text = " ".join(map(str, ids)).replace(" ".join(map(str, pair)), str(new_id))
    return tuple(map(int, text.split()))


@mistake(of=update_pair_counts, seen="E003-069")
def update_pair_counts_that_loses_new_pairs(pair_counts, word_counts, pair, new_id):
    """the pairs that the new id makes are not counted"""
    updated = update_pair_counts(pair_counts, word_counts, pair, new_id)
    return {known: count for known, count in updated.items() if new_id not in known}


@mistake(of=update_pair_counts, seen="E003-069")
def update_pair_counts_from_unmerged_neighbours(pair_counts, word_counts, pair, new_id):
    """the left neighbour is the one before the merge, so that what stands between two occurrences is taken off twice"""
    updated = Counter(pair_counts)
    update_pair_counts(pair_counts, word_counts, pair, new_id)
    for word, count in word_counts.items():
        index = 0
        while index < len(word) - 1:
            if word[index : index + 2] != pair:
                index += 1
                continue
            updated[pair] -= count
            if index > 0:
                updated[word[index - 1], pair[0]] -= count
                updated[word[index - 1], new_id] += count
            if index + 2 < len(word):
                updated[pair[1], word[index + 2]] -= count
                updated[new_id, word[index + 2]] += count
            index += 2
    return {known: count for known, count in updated.items() if count}


@mistake(of=update_pair_counts, seen="google/sentencepiece#318")
def update_pair_counts_that_erases_neighbours(pair_counts, word_counts, pair, new_id):
    """a pair that loses one occurrence to its neighbour is erased, though others of it are still there"""
    updated = update_pair_counts(pair_counts, word_counts, pair, new_id)
    return {known: count for known, count in updated.items() if pair_counts.get(known, count) == count}


@mistake(of=update_pair_counts, seen="catalogue R003-182")
def update_pair_counts_once_a_word(pair_counts, word_counts, pair, new_id):
    """a word that occurs several times is counted once"""
    return update_pair_counts(pair_counts, dict.fromkeys(word_counts, 1), pair, new_id)


@mistake(of=update_pair_counts, seen="catalogue R003-182")
def update_pair_counts_that_keeps_zeros(pair_counts, word_counts, pair, new_id):
    """pairs that are gone stay in the table with a count of 0"""
    return {**dict.fromkeys(pair_counts, 0), **update_pair_counts(pair_counts, word_counts, pair, new_id)}


@mistake(of=update_pair_counts, seen="catalogue R003-182")
def update_pair_counts_by_recount(pair_counts, word_counts, pair, new_id):
    """the given counts are ignored, so that those of other words pass"""
    return bpe_pair_counts({merge_pair(word, pair, new_id): count for word, count in word_counts.items()})


@mistake(of=update_pair_counts, seen="catalogue R003-182")
def update_pair_counts_with_no_neighbour_zero(pair_counts, word_counts, pair, new_id):
    """the id 0 to the left of an occurrence is taken for no neighbour"""
    updated = Counter(update_pair_counts(pair_counts, word_counts, pair, new_id))
    updated[0, pair[0]] += updated.pop((0, new_id), 0)
    return {known: count for known, count in updated.items() if count}


@mistake(of=train_bpe, seen="rasbt/LLMs-from-scratch#619")
def train_bpe_without_room_for_special_tokens(word_counts, vocab_size, num_special_tokens=0):
    """special tokens are not subtracted, so that the vocabulary grows larger than asked for"""
    train_bpe(word_counts, vocab_size, num_special_tokens)
    return train_bpe(word_counts, vocab_size)


@mistake(of=train_bpe, seen="E003-065")
def train_bpe_with_255_bytes(word_counts, vocab_size, num_special_tokens=0):
    """255 bytes are counted instead of 256, so that there is a merge too many"""
    train_bpe(word_counts, vocab_size, num_special_tokens)
    return train_bpe(word_counts, vocab_size + 1, num_special_tokens)


@mistake(of=train_bpe, seen="karpathy/minbpe#72")
def train_bpe_counting_without_overlap(word_counts, vocab_size, num_special_tokens=0):
    """pairs in a run are counted without overlap, so that other pairs win"""
    merges = train_bpe(word_counts, vocab_size, num_special_tokens)
    words = {tuple(word.encode()): count for word, count in word_counts.items()}
    learned = []
    while len(learned) < len(merges):
        counts = bpe_pair_counts_without_overlap(words)
        if not counts:
            break
        learned.append(most_frequent_pair(counts))
        words = {merge_pair(word, learned[-1], 255 + len(learned)): count for word, count in words.items()}
    return tuple(learned)


@mistake(of=train_bpe, seen="tokenizers, `min_frequency` = 2")
def train_bpe_that_skips_single_pairs(word_counts, vocab_size, num_special_tokens=0):
    """training ends at pairs that occur once"""
    merges = train_bpe(word_counts, vocab_size, num_special_tokens)
    words = {tuple(word.encode()): count for word, count in word_counts.items()}
    for index, pair in enumerate(merges):
        if bpe_pair_counts(words)[pair] < 2:
            return merges[:index]
        words = {merge_pair(word, pair, 256 + index): count for word, count in words.items()}
    return merges


@mistake(of=train_bpe, seen="E003-064")
def train_bpe_across_words(word_counts, vocab_size, num_special_tokens=0):
    """the words are joined to one text, so that tokens are learned across their ends"""
    train_bpe(word_counts, vocab_size, num_special_tokens)
    return train_bpe({"".join(word * count for word, count in word_counts.items()): 1}, vocab_size, num_special_tokens)


@mistake(of=train_bpe, seen="catalogue R003-181")
def train_bpe_by_first_counts(word_counts, vocab_size, num_special_tokens=0):
    """pairs are counted once, before the first merge, and never again"""
    merges = train_bpe(word_counts, vocab_size, num_special_tokens)
    counts = bpe_pair_counts({tuple(word.encode()): count for word, count in word_counts.items()})
    return tuple(sorted(counts, key=lambda pair: (-counts[pair], pair))[: len(merges)])


@mistake(of=train_bpe, seen="catalogue R003-181")
def train_bpe_of_anything(word_counts, vocab_size, num_special_tokens=0):
    """an empty corpus, or a vocabulary too small for the bytes, gives no merges in silence"""
    return train_bpe({"": 1} | word_counts, max(vocab_size, 256 + num_special_tokens), num_special_tokens)


@mistake(of=train_bpe, seen="catalogue R003-181")
def train_bpe_of_characters(word_counts, vocab_size, num_special_tokens=0):
    """words are code points instead of bytes, so that a character beyond ASCII is one id"""
    train_bpe(word_counts, vocab_size, num_special_tokens)
    words = {tuple(map(ord, word)): count for word, count in word_counts.items()}
    learned = []
    while (counts := bpe_pair_counts(words)) and len(learned) < vocab_size - 256 - num_special_tokens:
        learned.append(most_frequent_pair(counts))
        words = {merge_pair(word, learned[-1], 255 + len(learned)): count for word, count in words.items()}
    return tuple(learned)


@mistake(of=train_bpe, seen="catalogue R003-181")
def train_bpe_normalised(word_counts, vocab_size, num_special_tokens=0):
    """words are normalised to NFC first, which the encoder does not do"""
    words = {unicodedata.normalize("NFC", word): count for word, count in word_counts.items()}
    return train_bpe(words, vocab_size, num_special_tokens)


@mistake(of=train_bpe, seen="catalogue R003-181")
def train_bpe_of_stripped_words(word_counts, vocab_size, num_special_tokens=0):
    """the space before a word is taken off"""
    return train_bpe({word.strip(): n for word, n in word_counts.items()}, vocab_size, num_special_tokens)


@mistake(of=train_bpe_incremental, seen="google/sentencepiece#318")
def train_bpe_incremental_with_erased_pairs(word_counts, vocab_size, num_special_tokens=0):
    """a pair that loses one occurrence to its neighbour is erased for good, as in a run of equal bytes"""
    merges = train_bpe_incremental(word_counts, vocab_size, num_special_tokens)
    words = {tuple(word.encode()): count for word, count in word_counts.items()}
    counts, erased, learned = bpe_pair_counts(words), set(), []
    while counts and len(learned) < len(merges):
        pair, new_id = most_frequent_pair(counts), 256 + len(learned)
        words = {merge_pair(word, pair, new_id): count for word, count in words.items()}
        recounted = bpe_pair_counts(words)
        erased |= {known for known, count in counts.items() if recounted.get(known) != count}
        counts = {known: count for known, count in recounted.items() if known not in erased}
        learned.append(pair)
    return tuple(learned)


@mistake(of=train_bpe_incremental, seen="E003-069")
def train_bpe_incremental_without_new_pairs(word_counts, vocab_size, num_special_tokens=0):
    """pairs with the new ids are never counted, so that only bytes are joined"""
    merges = train_bpe_incremental(word_counts, vocab_size, num_special_tokens)
    return tuple(pair for pair in merges if max(pair) < 256)


@mistake(of=train_bpe_incremental, seen="rasbt/LLMs-from-scratch#619")
def train_bpe_incremental_without_room_for_special_tokens(word_counts, vocab_size, num_special_tokens=0):
    """special tokens are not subtracted, so that the vocabulary grows larger than asked for"""
    train_bpe_incremental(word_counts, vocab_size, num_special_tokens)
    return train_bpe_incremental(word_counts, vocab_size)


@mistake(of=train_bpe_incremental, seen="catalogue R003-182")
def train_bpe_incremental_of_small_letters(word_counts, vocab_size, num_special_tokens=0):
    """words are put into small letters first"""
    words = {word.lower(): count for word, count in word_counts.items()}
    return train_bpe_incremental(words, vocab_size, num_special_tokens)


@mistake(of=train_bpe_heap, seen="catalogue R003-182")
def train_bpe_heap_of_first_counts(word_counts, vocab_size, num_special_tokens=0):
    """a pair keeps the place on the heap that it had at first, though merges take occurrences from it"""
    merges = train_bpe_heap(word_counts, vocab_size, num_special_tokens)
    words = {tuple(word.encode()): count for word, count in word_counts.items()}
    highest, learned = bpe_pair_counts(words), []
    while len(learned) < len(merges):
        pair, new_id = most_frequent_pair(highest), 256 + len(learned)
        words = {merge_pair(word, pair, new_id): count for word, count in words.items()}
        counts = bpe_pair_counts(words)
        highest = {known: highest.get(known, count) for known, count in counts.items()}
        learned.append(pair)
        if not highest:
            break
    return tuple(learned)


@mistake(of=train_bpe_heap, seen="catalogue R003-182")
def train_bpe_heap_with_overlapping_merges(word_counts, vocab_size, num_special_tokens=0):
    """every place of the pair is merged, also two that share an id, so that a run of three becomes two new ids"""
    merges = train_bpe_heap(word_counts, vocab_size, num_special_tokens)
    words = {tuple(word.encode()): count for word, count in word_counts.items()}
    learned = []
    while (counts := bpe_pair_counts(words)) and len(learned) < len(merges):
        pair, new_id = most_frequent_pair(counts), 256 + len(learned)
        merged = {}
        for word, count in words.items():
            ids = [new_id if word[i : i + 2] == pair else known for i, known in enumerate(word)]
            merged[tuple(ids)] = count
        words = merged
        learned.append(pair)
    return tuple(learned)


@mistake(of=train_bpe_heap, seen="catalogue R003-182")
def train_bpe_heap_that_ignores_how_often_a_word_occurs(word_counts, vocab_size, num_special_tokens=0):
    """a place counts once, however often its word occurs"""
    train_bpe_heap(word_counts, vocab_size, num_special_tokens)
    return train_bpe_heap(dict.fromkeys(word_counts, 1), vocab_size, num_special_tokens)


@mistake(of=train_bpe_heap, seen="catalogue R003-181")
def train_bpe_heap_with_the_highest_of_equals(word_counts, vocab_size, num_special_tokens=0):
    """of pairs with equal counts the one with the highest ids comes first off the heap"""
    merges = train_bpe_heap(word_counts, vocab_size, num_special_tokens)
    words = {tuple(word.encode()): count for word, count in word_counts.items()}
    learned = []
    while (counts := bpe_pair_counts(words)) and len(learned) < len(merges):
        pair, new_id = max(counts, key=lambda pair: (counts[pair], pair)), 256 + len(learned)
        words = {merge_pair(word, pair, new_id): count for word, count in words.items()}
        learned.append(pair)
    return tuple(learned)


@mistake(of=train_bpe_heap, seen="catalogue R003-182")
def train_bpe_heap_of_bytes_encoded_twice(word_counts, vocab_size, num_special_tokens=0):
    """bytes are read as Latin-1 and written as UTF-8 once more"""
    words = {word.encode().decode("latin-1"): count for word, count in word_counts.items()}
    return train_bpe_heap(words, vocab_size, num_special_tokens)


@mistake(of=bpe_vocabulary, seen="catalogue R003-180")
def bpe_vocabulary_with_swapped_parts(merges):
    """the second part comes before the first"""
    vocabulary = bpe_vocabulary(merges)
    for new_id, (first, second) in enumerate(merges, 256):
        vocabulary[new_id] = vocabulary[second] + vocabulary[first]
    return vocabulary


@mistake(of=bpe_vocabulary, seen="E003-065")
def bpe_vocabulary_without_the_last_byte(merges):
    """the byte 255 is left out"""
    vocabulary = bpe_vocabulary(merges)
    del vocabulary[255]
    return vocabulary


@mistake(of=bpe_vocabulary, seen="catalogue R003-180")
def bpe_vocabulary_in_utf_8(merges):
    """bytes from 128 on are written as the two bytes of a character"""
    vocabulary = {byte: chr(byte).encode() for byte in range(256)}
    for new_id in range(256, len(bpe_vocabulary(merges))):
        first, second = merges[new_id - 256]
        vocabulary[new_id] = vocabulary[first] + vocabulary[second]
    return vocabulary


@mistake(of=bpe_vocabulary, seen="catalogue R003-198")
def bpe_vocabulary_of_distinct_texts(merges):
    """of two ids for the same bytes only the later one is kept"""
    last = {spelled: known for known, spelled in bpe_vocabulary(merges).items()}
    return {known: spelled for spelled, known in last.items()}


@mistake(of=encode_bpe, seen="E003-070, ggml-org/llama.cpp#167")
def encode_bpe_by_longest_match(data, merges):
    """the longest piece of the vocabulary is taken from the left, as WordPiece does"""
    ids_of = {piece: known for known, piece in reversed(bpe_vocabulary(merges).items())}
    ids, start = [], 0
    while start < len(data):
        end = next(end for end in range(len(data), start, -1) if data[start:end] in ids_of)
        ids.append(ids_of[data[start:end]])
        start = end
    return tuple(ids)


@mistake(of=encode_bpe, seen="pie-project/pie#83")
def encode_bpe_by_single_tokens(data, merges):
    """the rank of one token is looked up instead of two, so that no merge is ever made"""
    bpe_vocabulary(merges)
    return tuple(data)


@mistake(of=encode_bpe, seen="catalogue R003-183")
def encode_bpe_from_the_left(data, merges):
    """the leftmost pair of the table is merged, whatever its rank"""
    encode_bpe(data, merges)
    new_ids = {pair: new_id for new_id, pair in enumerate(merges, 256)}
    ids = list(data)
    while found := [index for index, pair in enumerate(pairwise(ids)) if pair in new_ids]:
        ids[found[0] : found[0] + 2] = [new_ids[ids[found[0]], ids[found[0] + 1]]]
    return tuple(ids)


@mistake(of=encode_bpe, seen="catalogue R003-183")
def encode_bpe_latest_first(data, merges):
    """the latest merge that applies is made first"""
    encode_bpe(data, merges)
    new_ids = {pair: new_id for new_id, pair in enumerate(merges, 256)}
    ids = tuple(data)
    while found := [pair for pair in pairwise(ids) if pair in new_ids]:
        pair = max(found, key=new_ids.get)
        ids = merge_pair(ids, pair, new_ids[pair])
    return ids


@mistake(of=encode_bpe, seen="catalogue R003-183")
def encode_bpe_in_one_round(data, merges):
    """each merge looks at bytes only, so that merges of merges are not made"""
    encode_bpe(data, merges)
    ids = tuple(data)
    for new_id, pair in enumerate(merges, 256):
        ids = merge_pair(ids, pair, new_id) if max(pair) < 256 else ids
    return ids


@mistake(of=encode_bpe, seen="catalogue R003-183")
def encode_bpe_of_unchecked_merges(data, merges):
    """a table with a merge of ids that do not exist yet, or with a pair twice, is used all the same"""
    ids = tuple(data)
    for new_id, pair in enumerate(merges, 256):
        ids = merge_pair(ids, pair, new_id)
    return ids


@variant(of=encode_bpe, seen="rsennrich/subword-nmt, `apply_bpe.py`")
def encode_bpe_in_order_of_the_table(data, merges):
    """one pass for each merge is the same, since a merge only makes pairs that rank after it"""
    bpe_vocabulary(merges)
    return encode_bpe_of_unchecked_merges(data, merges)


def _heap_encoded(data, merges, is_current=tuple.__eq__, key=lambda new_id, left: (new_id, left), sides=2):
    encode_bpe_heap(data, merges)
    new_ids = {pair: new_id for new_id, pair in enumerate(merges, 256)}
    ids, after, before = [*data, -1], [*range(1, len(data) + 1), len(data)], list(range(-1, len(data)))
    heap = [(key(new_ids[pair], left), left, pair) for left, pair in enumerate(pairwise(data)) if pair in new_ids]
    heapq.heapify(heap)
    while heap:
        _, left, pair = heapq.heappop(heap)
        right = after[left]
        if min(ids[left], ids[right]) < 0 or not is_current((ids[left], ids[right]), pair):
            continue
        ids[left], ids[right] = new_ids[pair], -1
        after[left] = after[right]
        before[after[left]] = left
        for start in (left, before[left])[:sides]:
            offered = (ids[start], ids[after[start]])
            if offered in new_ids:
                heapq.heappush(heap, (key(new_ids[offered], start), start, offered))
    return tuple(known for known in ids if known >= 0)


@mistake(of=encode_bpe_heap, seen="timtoole02/Camelid#518")
def encode_bpe_heap_with_stale_merges(data, merges):
    """a merge that comes up when its ids have changed is made all the same"""
    return _heap_encoded(data, merges, is_current=lambda now, then: True)


@mistake(of=encode_bpe_heap, seen="timtoole02/Camelid#518")
def encode_bpe_heap_rightmost_first(data, merges):
    """of equal merges the rightmost is made first, so that aaa keeps its first a"""
    return _heap_encoded(data, merges, key=lambda new_id, left: (new_id, -left))


@mistake(of=encode_bpe_heap, seen="timtoole02/Camelid#518")
def encode_bpe_heap_that_offers_one_side(data, merges):
    """after a merge only the pair to the right is put on the heap"""
    return _heap_encoded(data, merges, sides=1)


@mistake(of=encode_bpe_heap, seen="catalogue R003-183")
def encode_bpe_heap_leftmost_first(data, merges):
    """the heap is ordered by position instead of rank"""
    return _heap_encoded(data, merges, key=lambda new_id, left: (left, new_id))


@mistake(of=encode_bpe_heap, seen="catalogue R003-183")
def encode_bpe_heap_of_unchecked_merges(data, merges):
    """a table with a merge of ids that do not exist yet, or with a pair twice, is used all the same"""
    return encode_bpe_of_unchecked_merges(data, merges)


@mistake(of=encode_bpe_by_scores, seen="E003-070, ggml-org/llama.cpp#252")
def encode_bpe_by_scores_of_longest_match(text, scores):
    """the longest piece from the left is taken, whatever its score"""
    pieces, start = [], 0
    while start < len(text):
        end = next(end for end in range(len(text), start, -1) if text[start:end] in scores or end == start + 1)
        pieces.append(text[start:end])
        start = end
    return tuple(pieces)


@mistake(of=encode_bpe_by_scores, seen="timtoole02/Camelid#518")
def encode_bpe_by_scores_of_lowest(text, scores):
    """the lowest score wins, as if it were a rank"""
    return encode_bpe_by_scores(text, {piece: -score for piece, score in scores.items()})


@mistake(of=encode_bpe_by_scores, seen="timtoole02/Camelid#518")
def encode_bpe_by_scores_rightmost_first(text, scores):
    """of equal scores the rightmost is joined first"""
    reversed_scores = {piece[::-1]: score for piece, score in scores.items()}
    return tuple(piece[::-1] for piece in reversed(encode_bpe_by_scores(text[::-1], reversed_scores)))


@mistake(of=encode_bpe_by_scores, seen="timtoole02/Camelid#518")
def encode_bpe_by_scores_everywhere_at_once(text, scores):
    """all occurrences of the best piece are joined before the scores are looked at again"""
    pieces = list(text)
    while joins := [(scores[a + b], -i) for i, (a, b) in enumerate(pairwise(pieces)) if a + b in scores]:
        left = -max(joins)[1]
        best, joined = (pieces[left], pieces[left + 1]), []
        for piece in pieces:
            if joined and (joined[-1], piece) == best:
                joined[-1] += piece
            else:
                joined.append(piece)
        pieces = joined
    return tuple(pieces)


@mistake(of=encode_bpe_by_scores, seen="catalogue R003-183")
def encode_bpe_by_scores_in_whole_numbers(text, scores):
    """scores are cut to whole numbers, as if they were ranks"""
    return encode_bpe_by_scores(text, {piece: int(score) for piece, score in scores.items()})


@mistake(of=encode_bpe_by_scores, seen="catalogue R003-183")
def encode_bpe_by_scores_longest_of_equals(text, scores):
    """of equal scores the longest piece is joined first instead of the leftmost"""
    pieces = list(text)
    while joins := [(scores[a + b], len(a + b), -i) for i, (a, b) in enumerate(pairwise(pieces)) if a + b in scores]:
        left = -max(joins)[2]
        pieces[left : left + 2] = [pieces[left] + pieces[left + 1]]
    return tuple(pieces)


@mistake(of=encode_bpe_by_scores, seen="catalogue R003-183")
def encode_bpe_by_scores_with_marked_spaces(text, scores):
    """spaces are marked here, though that is done before"""
    return encode_bpe_by_scores(text.replace(" ", "\u2581"), scores)


@mistake(of=decode_bpe, seen="E003-088")
def decode_bpe_that_drops_unknown_ids(ids, merges):
    """ids outside the vocabulary are dropped in silence"""
    vocabulary = bpe_vocabulary(merges)
    return b"".join(vocabulary.get(known, b"") for known in ids)


@mistake(of=decode_bpe, seen="catalogue R003-180")
def decode_bpe_that_reads_text(ids, merges):
    """bytes are read as text and written again, so that those that are none become U+FFFD"""
    return decode_bpe(ids, merges).decode("utf-8", errors="replace").encode()


@mistake(of=decode_bpe, seen="catalogue R003-183")
def decode_bpe_one_level_deep(ids, merges):
    """a merge is taken apart once, and parts that are merges themselves are lost"""
    decode_bpe(ids, merges)
    parts = [merges[known - 256] if known >= 256 else (known,) for known in ids]
    return bytes(part for pair in parts for part in pair if part < 256)


@mistake(of=bpe_byte_spans, seen="tensorflow/text#344")
def bpe_byte_spans_of_text_pieces(ids, merges):
    """each token is read as text on its own, where half a character is U+FFFD with its three bytes"""
    spans, start = [], 0
    for known in ids:
        end = start + len(decode_bpe([known], merges).decode("utf-8", errors="replace").encode())
        spans.append((start, end))
        start = end
    return tuple(spans)


@mistake(of=bpe_byte_spans, seen="tensorflow/text#344")
def bpe_byte_spans_with_last_byte(ids, merges):
    """the end is the last byte of the token instead of the first behind it"""
    return tuple((start, end - 1) for start, end in bpe_byte_spans(ids, merges))


@mistake(of=bpe_byte_spans, seen="tensorflow/text#344")
def bpe_byte_spans_of_positions(ids, merges):
    """tokens are counted instead of bytes"""
    bpe_byte_spans(ids, merges)
    return tuple((index, index + 1) for index in range(len(ids)))


@mistake(of=bpe_byte_spans, seen="catalogue R003-199")
def bpe_byte_spans_of_characters(ids, merges):
    """the characters of each token are counted, of which a part of one is a single U+FFFD"""
    ends = accumulate((len(decode_bpe([known], merges).decode(errors="replace")) for known in ids), initial=0)
    return tuple(pairwise(ends))


@mistake(of=encode_bpe_text, seen="rasbt/LLMs-from-scratch#975")
def encode_bpe_text_without_pre_tokens(text, merges, special_ids):
    """the text is not cut into pre-tokens, so that merges reach across words"""
    encode_bpe_text(text, merges, special_ids)
    ids = []
    for part in split_special_tokens(text, list(special_ids)):
        ids.extend([special_ids[part]] if part in special_ids else encode_bpe(part.encode(), merges))
    return tuple(ids)


@mistake(of=encode_bpe_text, seen="ggml-org/llama.cpp#167")
def encode_bpe_text_with_leading_space(text, merges, special_ids):
    """a space is put before the text"""
    return encode_bpe_text(" " + text, merges, special_ids)


@mistake(of=encode_bpe_text, seen="huggingface/tokenizers#918")
def encode_bpe_text_with_special_pre_tokens(text, merges, special_ids):
    """special tokens are looked for among the pre-tokens, where most are cut to pieces"""
    encode_bpe_text(text, merges, special_ids)
    ids = []
    for piece in gpt2_pre_tokens(text):
        ids.extend([special_ids[piece]] if piece in special_ids else encode_bpe(piece.encode(), merges))
    return tuple(ids)


@mistake(of=encode_bpe_text, seen="catalogue R003-198")
def encode_bpe_text_without_special_tokens(text, merges, special_ids):
    """special tokens are encoded as plain text"""
    encode_bpe_text(text, merges, special_ids)
    return encode_bpe_text(text, merges, {})


@mistake(of=encode_bpe_text, seen="rasbt/LLMs-from-scratch#619")
def encode_bpe_text_with_shared_ids(text, merges, special_ids):
    """a special token may have the id of a merge, or that of another special token"""
    highest = max([256 + len(merges), *special_ids.values()]) + 1
    moved = {token: highest + index for index, token in enumerate(special_ids)}
    back = {new: special_ids[token] for token, new in moved.items()}
    return tuple(back.get(known, known) for known in encode_bpe_text(text, merges, moved))


@mistake(of=encode_bpe_text, seen="catalogue R003-180")
def encode_bpe_text_with_question_marks(text, merges, special_ids):
    """a lone surrogate becomes a question mark in silence"""
    return encode_bpe_text(text.encode(errors="replace").decode(), merges, special_ids)


@mistake(of=encode_bpe_text, seen="catalogue R003-180")
def encode_bpe_text_normalised(text, merges, special_ids):
    """the text is normalised to NFC first, so that another text comes back"""
    return encode_bpe_text(unicodedata.normalize("NFC", text), merges, special_ids)


@mistake(of=encode_bpe_text, seen="catalogue R003-180")
def encode_bpe_text_with_line_feeds(text, merges, special_ids):
    """ends of lines are made line feeds, as reading a file does"""
    return encode_bpe_text(text.replace("\r\n", "\n"), merges, special_ids)


@mistake(of=encode_bpe_text, seen="tiktoken, `special_tokens_set`")
def encode_bpe_text_with_special_tokens_in_order_of_the_table(text, merges, special_ids):
    """of special tokens that start together the first of the table is taken instead of the longest"""
    encode_bpe_text(text, merges, special_ids)
    pattern = "(" + "|".join(map(re.escape, special_ids)) + ")" if special_ids else r"(\b\B)"
    ids = []
    for part in re.split(pattern, text):
        ids.extend([special_ids[part]] if part in special_ids else encode_bpe_text(part, merges, {}))
    return tuple(ids)


@mistake(of=decode_bpe_text, seen="karpathy/nanochat, commit 2ce972a")
def decode_bpe_text_token_by_token(ids, merges, special_ids):
    """each token is read as text on its own, so that a character that two share is lost"""
    return "".join(decode_bpe_text([known], merges, special_ids) for known in ids)


@mistake(of=decode_bpe_text, seen="transformers, `clean_up_tokenization_spaces`")
def decode_bpe_text_tidied(ids, merges, special_ids):
    """spaces at the ends are taken off"""
    return decode_bpe_text(ids, merges, special_ids).strip()


@mistake(of=decode_bpe_text, seen="transformers, `skip_special_tokens`")
def decode_bpe_text_without_special_tokens(ids, merges, special_ids):
    """special tokens are left out"""
    decode_bpe_text(ids, merges, special_ids)
    return decode_bpe_text([known for known in ids if known not in special_ids.values()], merges, special_ids)


@mistake(of=decode_bpe_text, seen="catalogue R003-180")
def decode_bpe_text_without_byte_order_mark(ids, merges, special_ids):
    """a mark of the byte order at the start is eaten"""
    return decode_bpe_text(ids, merges, special_ids).removeprefix("\ufeff")


@mistake(of=decode_bpe_text, seen="catalogue R003-180")
def decode_bpe_text_with_line_feeds(ids, merges, special_ids):
    """ends of lines are made line feeds, as reading a file does"""
    return decode_bpe_text(ids, merges, special_ids).replace("\r\n", "\n")


@mistake(of=decode_bpe_text, seen="catalogue R003-183")
def decode_bpe_text_with_ascii_special_tokens(ids, merges, special_ids):
    """special tokens are written in ASCII, with a question mark for every other character"""
    known = {token.encode("ascii", "replace").decode(): special_id for token, special_id in special_ids.items()}
    return decode_bpe_text(ids, merges, known)


@mistake(of=decode_bpe_text, seen="transformers, `clean_up_tokenization_spaces`")
def decode_bpe_text_without_spaces_before_marks(ids, merges, special_ids):
    """spaces before a full stop or an apostrophe are taken out"""
    return decode_bpe_text(ids, merges, special_ids).replace(" .", ".").replace(" '", "'")
