"""Byte-pair encoding of bytes: ids 0..255 are the bytes, and merge k joins a pair of smaller ids into id 256 + k.

Words are pre-tokens: no pair reaches from one to the next.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise

from reference.language.text import bytes_from_text, gpt2_pre_tokens, split_special_tokens, text_from_bytes

Pair = tuple[int, int]


def bpe_pair_counts(word_counts: Mapping[tuple[int, ...], int]) -> dict[Pair, int]:
    """How often two ids stand side by side, over all words, each as often as it occurs.

        out[a, b] = sum over words w of count(w) #{i: w_i = a, w_{i+1} = b}

    Occurrences may overlap: a run of n equal ids holds n - 1 pairs, of which a merge can join n // 2.

    Domain: counts of at least 1, else ValueError. No words have no pairs.
    Source: Sennrich et al. 2016, arXiv:1508.07909, algorithm 1 (`get_stats`).
    Differs: SentencePiece counted without overlap until 2023.
    Notes: R003-181, R003-188.
    """
    _check_counts(word_counts)
    pair_counts: Counter[Pair] = Counter()
    for word, count in word_counts.items():
        for pair in pairwise(word):
            pair_counts[pair] += count
    return dict(pair_counts)


def most_frequent_pair(pair_counts: Mapping[Pair, int]) -> Pair:
    """The pair with the highest count; of several, the one with the lowest first id, then the lowest second.

    Domain: at least one pair, else ValueError.
    Source: Sennrich et al. 2016, arXiv:1508.07909, algorithm 1, which leaves ties open; Hugging Face's tokenizers.
    Differs: minbpe takes the pair met first, SentencePiece the shorter and then alphabetically first text.
    Notes: R003-181.
    """
    if not pair_counts:
        raise ValueError(f"without pairs none is the most frequent; got {dict(pair_counts)}")
    return min(pair_counts, key=lambda pair: (-pair_counts[pair], pair))


def merge_pair(ids: Sequence[int], pair: Pair, new_id: int) -> tuple[int, ...]:
    """The ids with every occurrence of a pair replaced by a new id, from left to right and without overlap.

    Domain: every sequence; a run of an odd number of equal ids keeps its last one.
    Source: Sennrich et al. 2016, arXiv:1508.07909, algorithm 1 (`merge_vocab`).
    Notes: R003-181, R003-183.

    >>> merge_pair([97, 97, 97, 98], (97, 97), 256)
    (256, 97, 98)
    """
    merged: list[int] = []
    index = 0
    while index < len(ids):
        if tuple(ids[index : index + 2]) == pair:
            merged.append(new_id)
            index += 2
        else:
            merged.append(ids[index])
            index += 1
    return tuple(merged)


def update_pair_counts(
    pair_counts: Mapping[Pair, int], word_counts: Mapping[tuple[int, ...], int], pair: Pair, new_id: int
) -> dict[Pair, int]:
    """Pair counts after a merge, from those before it: only the neighbours of each occurrence change.

    With l the id to the left, already merged, and r the one to the right of an occurrence of (a, b), each if there is
    one, and n the new id, (a, b), (l, a) and (b, r) lose the count of the word and (l, n) and (n, r) gain it.

    Domain: `pair_counts` are those of `word_counts`; a count that falls below 0 raises ValueError. Pairs that no longer
    occur are left out.
    Source: Sennrich et al. 2016, arXiv:1508.07909, section 3.2 and code (`update_pair_statistics`).
    Notes: R003-182.
    """
    updated = Counter(pair_counts)
    first, second = pair
    for word, count in word_counts.items():
        done: list[int] = []
        index = 0
        while index < len(word):
            if word[index : index + 2] != pair:
                done.append(word[index])
                index += 1
                continue
            updated[pair] -= count
            if done:
                updated[done[-1], first] -= count
                updated[done[-1], new_id] += count
            done.append(new_id)
            index += 2
            if index < len(word):
                updated[second, word[index]] -= count
                updated[new_id, word[index]] += count
    for known, count in updated.items():
        if count < 0:
            raise ValueError(f"the pair counts are not those of the words: {known} is left with {count}")
    return {known: count for known, count in updated.items() if count}


def train_bpe(word_counts: Mapping[str, int], vocab_size: int, num_special_tokens: int = 0) -> tuple[Pair, ...]:
    """Merges learned from words: each joins the pair that is most frequent after the ones before it.

    A vocabulary of V ids, s of them special, has V - 256 - s merges. Ties go to the lowest pair of ids.

    Domain: at least one word, counts of at least 1, vocab_size >= 256 + num_special_tokens; else ValueError. When every
    word is a single token, training ends early with fewer merges. A pair that occurs once is merged too.
    Source: Sennrich et al. 2016, arXiv:1508.07909, algorithm 1; on bytes Radford et al. 2019, section 2.2.
    Differs: Sennrich's starts from characters with an end-of-word mark. Libraries give a text that two merges spell a
    single id, and may stop at a lowest count (`min_frequency`).
    Notes: R003-181.
    """
    words = _words_of_bytes(word_counts)
    merges: list[Pair] = []
    for new_id in _merged_ids(vocab_size, num_special_tokens):
        pair_counts = bpe_pair_counts(words)
        if not pair_counts:
            break
        pair = most_frequent_pair(pair_counts)
        words = {merge_pair(word, pair, new_id): count for word, count in words.items()}
        merges.append(pair)
    return tuple(merges)


def train_bpe_incremental(
    word_counts: Mapping[str, int], vocab_size: int, num_special_tokens: int = 0
) -> tuple[Pair, ...]:
    """The merges of `train_bpe`, with pair counts that are updated at each merge instead of counted again.

    Domain: as `train_bpe`.
    Source: Sennrich et al. 2016, arXiv:1508.07909, section 3.2.
    Notes: R003-182.
    """
    words = _words_of_bytes(word_counts)
    pair_counts = bpe_pair_counts(words)
    merges: list[Pair] = []
    for new_id in _merged_ids(vocab_size, num_special_tokens):
        if not pair_counts:
            break
        pair = most_frequent_pair(pair_counts)
        pair_counts = update_pair_counts(pair_counts, words, pair, new_id)
        words = {merge_pair(word, pair, new_id): count for word, count in words.items()}
        merges.append(pair)
    return tuple(merges)


def train_bpe_heap(word_counts: Mapping[str, int], vocab_size: int, num_special_tokens: int = 0) -> tuple[Pair, ...]:
    """The merges of `train_bpe`, each of which looks only at the words that hold its pair.

    For N bytes of different words, none longer than L, it takes O(N (L + log N)) steps, however many merges there are:
    a table has the words of every pair, and a heap the pairs by their counts. A pair that comes up with a count that it
    no longer has is dropped.

    Domain: as `train_bpe`.
    Source: Hugging Face's tokenizers (`models/bpe/trainer.rs`).
    Notes: R003-182.
    """
    words = [*_words_of_bytes(word_counts).items()]
    counts = Counter(bpe_pair_counts(dict(words)))
    holders: defaultdict[Pair, set[int]] = defaultdict(set)
    for number, (word, _) in enumerate(words):
        for pair in pairwise(word):
            holders[pair].add(number)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)
    merges: list[Pair] = []
    for new_id in _merged_ids(vocab_size, num_special_tokens):
        while heap and -heap[0][0] != counts[heap[0][1]]:
            heapq.heappop(heap)
        if not heap:
            break
        _, pair = heapq.heappop(heap)
        changes: Counter[Pair] = Counter()
        for number in holders[pair]:
            word, count = words[number]
            merged = merge_pair(word, pair, new_id)
            changes.subtract(bpe_pair_counts({word: count}))
            changes.update(bpe_pair_counts({merged: count}))
            for known in pairwise(merged):
                holders[known].add(number)
            words[number] = merged, count
        for known, change in changes.items():
            counts[known] += change
            if change and counts[known]:
                heapq.heappush(heap, (-counts[known], known))
        merges.append(pair)
    return tuple(merges)


def bpe_vocabulary(merges: Sequence[Pair]) -> dict[int, bytes]:
    """Bytes that each id stands for: the 256 bytes, and the two parts of each merge joined.

    Domain: merge k joins ids below 256 + k, and no two merges the same pair; else ValueError. Two ids may stand for the
    same bytes.
    Source: Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.2.
    Notes: R003-180, R003-198.
    """
    vocabulary = {byte: bytes([byte]) for byte in range(256)}
    for (first, second), new_id in _new_ids(merges).items():
        vocabulary[new_id] = vocabulary[first] + vocabulary[second]
    return vocabulary


def encode_bpe(data: bytes, merges: Sequence[Pair]) -> tuple[int, ...]:
    """Ids of the bytes of one pre-token: the earliest merge that applies is made wherever it does, until none applies.

    Domain: all bytes, none included; merges as in `bpe_vocabulary`. Every byte is an id, so nothing is unknown.
    Source: Sennrich et al. 2016, arXiv:1508.07909, section 3.2.
    Differs: tokenizers and tiktoken know a merge by the text that it makes. With two merges for one text the order of
    merging matters there; here it does not, and all forms agree. WordPiece takes the longest match instead.
    Notes: R003-183, R003-198, R003-204.
    """
    new_ids = _new_ids(merges)
    ids = tuple(data)
    while applicable := [pair for pair in pairwise(ids) if pair in new_ids]:
        pair = min(applicable, key=lambda pair: new_ids[pair])
        ids = merge_pair(ids, pair, new_ids[pair])
    return ids


def encode_bpe_heap(data: bytes, merges: Sequence[Pair]) -> tuple[int, ...]:
    """The ids of `encode_bpe`, made one merge at a time: the earliest first, and of equal ones the leftmost.

    For n bytes it takes O(n log n) steps: the ids are a linked list, and a heap holds the merges on offer. One that
    comes up when its ids have changed is dropped.

    Domain: as `encode_bpe`.
    Source: Hugging Face's tokenizers (`models/bpe/word.rs`).
    Notes: R003-183.
    """
    new_ids = _new_ids(merges)
    end = len(data)
    ids = [*data, -1]  # -1: merged away; the last one closes both ends
    before, after = list(range(-1, end)), list(range(1, end + 1))
    heap = [(new_ids[pair], left) for left, pair in enumerate(pairwise(data)) if pair in new_ids]
    heapq.heapify(heap)
    while heap:
        new_id, left = heapq.heappop(heap)
        right = after[left]
        if new_ids.get((ids[left], ids[right])) != new_id:
            continue
        ids[left], ids[right] = new_id, -1
        after[left] = after[right]
        before[after[left]] = left
        for start in (before[left], left):
            pair = (ids[start], ids[after[start]])
            if pair in new_ids:
                heapq.heappush(heap, (new_ids[pair], start))
    return tuple(known for known in ids if known >= 0)


def encode_bpe_by_scores(text: str, scores: Mapping[str, float]) -> tuple[str, ...]:
    """Pieces of a text: of all neighbours that join to a piece with a score, the best are joined, until none do.

    Of equal scores the leftmost is joined first.

    Domain: every text; characters without a score stay as they are.
    Source: Kudo & Richardson 2018, arXiv:1808.06226, and code (`bpe_model.cc`), where the score of merge k is -k.
    Notes: R003-183.
    """
    pieces = list(text)
    while joins := [(scores[a + b], -i) for i, (a, b) in enumerate(pairwise(pieces)) if a + b in scores]:
        left = -max(joins)[1]
        pieces[left : left + 2] = [pieces[left] + pieces[left + 1]]
    return tuple(pieces)


def decode_bpe(ids: Sequence[int], merges: Sequence[Pair]) -> bytes:
    """Bytes that the ids stand for.

    Domain: ids of the vocabulary, else ValueError; merges as in `bpe_vocabulary`.
    Source: Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.2.
    Notes: R003-180, R003-183.
    """
    return b"".join(_spelled(ids, bpe_vocabulary(merges)))


def bpe_byte_spans(ids: Sequence[int], merges: Sequence[Pair]) -> tuple[tuple[int, int], ...]:
    """Where the bytes of each id start and end in the bytes that they decode to; the end is not included.

    Domain: as `decode_bpe`.
    Source: the definition.
    Differs: libraries give offsets in characters, which a token that holds a part of a character does not have.
    Notes: R003-199.
    """
    ends = list(accumulate((len(piece) for piece in _spelled(ids, bpe_vocabulary(merges))), initial=0))
    return tuple(pairwise(ends))


def encode_bpe_text(text: str, merges: Sequence[Pair], special_ids: Mapping[str, int]) -> tuple[int, ...]:
    """Ids of a text: special tokens first, the rest cut by GPT-2's pattern, and each pre-token encoded on its own.

    Domain: special ids lie above those of the merges and are distinct, no special token is empty, and the text has no
    lone surrogate; else ValueError. Merges as in `bpe_vocabulary`. No space is put before the text.
    Source: Radford et al. 2019, section 2.2 and code (`encoder.py`); special tokens as in tokenizers.
    Notes: R003-180, R003-183, R003-198, R003-204.
    """
    _check_special_ids(special_ids, merges)
    ids: list[int] = []
    for part in split_special_tokens(text, list(special_ids)):
        if part in special_ids:
            ids.append(special_ids[part])
        else:
            for pre_token in gpt2_pre_tokens(part):
                ids.extend(encode_bpe(bytes_from_text(pre_token), merges))
    return tuple(ids)


def decode_bpe_text(ids: Sequence[int], merges: Sequence[Pair], special_ids: Mapping[str, int]) -> str:
    """Text of ids: their bytes are joined first and then read as UTF-8, with U+FFFD where they are none.

    Domain: ids of the vocabulary or special ones, else ValueError; the rest as in `encode_bpe_text`.
    Source: Radford et al. 2019, code (`encoder.py`).
    Notes: R003-180, R003-183.
    """
    _check_special_ids(special_ids, merges)
    specials = {special_id: bytes_from_text(token) for token, special_id in special_ids.items()}
    return text_from_bytes(b"".join(_spelled(ids, bpe_vocabulary(merges) | specials)))


def _check_counts(word_counts: Mapping[tuple[int, ...], int]) -> None:
    for word, count in word_counts.items():
        if count < 1:
            raise ValueError(f"a word occurs at least once; got {count} of {word}")


def _words_of_bytes(word_counts: Mapping[str, int]) -> dict[tuple[int, ...], int]:
    if not word_counts:
        raise ValueError(f"a tokenizer needs words to be trained on; got {dict(word_counts)}")
    words = {tuple(bytes_from_text(word)): count for word, count in word_counts.items()}
    _check_counts(words)
    return words


def _merged_ids(vocab_size: int, num_special_tokens: int) -> range:
    if num_special_tokens < 0 or vocab_size < 256 + num_special_tokens:
        raise ValueError(f"{vocab_size} ids do not hold 256 bytes and {num_special_tokens} special tokens")
    return range(256, vocab_size - num_special_tokens)


def _new_ids(merges: Sequence[Pair]) -> dict[Pair, int]:
    new_ids: dict[Pair, int] = {}
    for new_id, pair in enumerate(merges, 256):
        if pair in new_ids or min(pair) < 0 or max(pair) >= new_id:
            raise ValueError(f"the merge that makes {new_id} must be a new pair of ids below it; got {pair}")
        new_ids[pair] = new_id
    return new_ids


def _spelled(ids: Sequence[int], vocabulary: Mapping[int, bytes]) -> Iterable[bytes]:
    unknown = [known for known in ids if known not in vocabulary]
    if unknown:
        raise ValueError(f"ids outside the vocabulary: {unknown}")
    return [vocabulary[known] for known in ids]


def _check_special_ids(special_ids: Mapping[str, int], merges: Sequence[Pair]) -> None:
    lowest = 256 + len(merges)
    if len(set(special_ids.values())) < len(special_ids) or min(special_ids.values(), default=lowest) < lowest:
        raise ValueError(f"special tokens need ids of their own from {lowest} on; got {dict(special_ids)}")
