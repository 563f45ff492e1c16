"""WordPiece: training by the score of a pair, encoding by the longest match.

A piece that continues a word is written with the prefix "##". Words to train on are a mapping from the pieces of a
word, such as ("h", "##u", "##g"), to how often the word occurs.
"""

from collections.abc import Collection, Mapping
from itertools import pairwise


def wordpiece_characters(word: str) -> tuple[str, ...]:
    """The characters of a word as pieces, with which training starts.

        out = (w_1, "##" w_2, ..., "##" w_n)

    >>> wordpiece_characters("hug")
    ('h', '##u', '##g')

    Domain: every word; the empty one has no pieces.
    Source: Hugging Face course, chapter 6, "WordPiece tokenization"; the prefix is that of Devlin et al. 2018,
    arXiv:1810.04805.
    Notes: R003-185.
    """
    return tuple("##" + character if index else character for index, character in enumerate(word))


def wordpiece_pair_scores(words: Mapping[tuple[str, ...], int]) -> dict[tuple[str, str], float]:
    """Score of every pair of neighbouring pieces, by which the next merge is chosen.

        score(a, b) = count(a b) / (count(a) count(b))

    With N pieces in the corpus, p(x) = count(x) / N and p(ab) = count(a b) / N, the score is p(ab) / (p(a) p(b)) / N:
    it ranks pairs by their pointwise mutual information. It depends on the order within the pair.

    Domain: counts of at least 1, and at least one word; else ValueError. Pairs lie within a word, and in a run of
    equal pieces they overlap: ("a", "##a", "##a", "##a") holds ("##a", "##a") twice.
    Source: Hugging Face course, chapter 6, "WordPiece tokenization".
    Differs: the training code of BERT was not published; Schuster & Nakajima 2012 choose the merge that raises the
    likelihood of a language model most. WordPieceTrainer of the tokenizers library ranks by count(a b), as BPE does.
    Notes: R003-185.
    """
    if not words:
        raise ValueError(f"the corpus holds no words; got {words}")
    pieces: dict[str, int] = {}
    pairs: dict[tuple[str, str], int] = {}
    for word, count in words.items():
        if count < 1:
            raise ValueError(f"a word counts at least once; got {count} for {word}")
        for piece in word:
            pieces[piece] = pieces.get(piece, 0) + count
        for pair in pairwise(word):
            pairs[pair] = pairs.get(pair, 0) + count
    return {(a, b): count / (pieces[a] * pieces[b]) for (a, b), count in pairs.items()}


def wordpiece_best_pair(words: Mapping[tuple[str, ...], int]) -> tuple[str, str]:
    """The pair of neighbouring pieces with the largest score: the next merge.

        out = argmax over (a, b) of count(a b) / (count(a) count(b))

    Domain: as wordpiece_pair_scores; ValueError where no word has two pieces. Of equal scores the pair wins that is
    met first, words in the order of the mapping and each from left to right.
    Source: Hugging Face course, chapter 6, "WordPiece tokenization".
    Notes: R003-185.
    """
    scores = wordpiece_pair_scores(words)
    if not scores:
        raise ValueError(f"no word has two pieces to merge; got {words}")
    return max(scores, key=lambda pair: scores[pair])


def wordpiece_merge(words: Mapping[tuple[str, ...], int], pair: tuple[str, str]) -> dict[tuple[str, ...], int]:
    """The words with every occurrence of a pair made one piece, from left to right and without overlap.

        "##u" "##g"  ->  "##ug",   "h" "##ug"  ->  "hug"

    Domain: every mapping, whose pieces inside a word are more than their prefix. Counts of words that become equal add
        up.
    Source: Hugging Face course, chapter 6, "WordPiece tokenization".
    Notes: R003-185.
    """
    first, second = pair
    merged: dict[tuple[str, ...], int] = {}
    for word, count in words.items():
        pieces: tuple[str, ...] = ()
        for piece in word:
            if (*pieces[-1:], piece) == pair:
                pieces = (*pieces[:-1], first + second.removeprefix("##"))
            else:
                pieces = (*pieces, piece)
        merged[pieces] = merged.get(pieces, 0) + count
    return merged


def wordpiece_train(word_counts: Mapping[str, int], size: int) -> tuple[str, ...]:
    """The vocabulary: the characters in the order of their code points, then the merged pieces in the order of merging.

        until there are `size` pieces:   merge the pair of the largest score in all words

    >>> wordpiece_train({"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}, 10)
    ('##g', '##n', '##s', '##u', 'b', 'h', 'p', '##gs', 'hu', 'hugs')

    Domain: counts of at least 1, and a size of at least the number of different characters, where "a" and "##a" are
    two; else ValueError. If every word is a single piece, fewer are returned. A word that holds "##" itself can make a
    piece that is there already, and which is not added again.
    Source: Hugging Face course, chapter 6, "WordPiece tokenization".
    Differs: special tokens such as [UNK] are not included. The course merges "hu" "##g" third in this example, but its
    score is 10 / (15 15) and not the 1 / 15 given there.
    Notes: R003-185.
    """
    words = {wordpiece_characters(word): count for word, count in word_counts.items()}
    vocabulary = sorted({piece for word in words for piece in word})
    if size < len(vocabulary):
        raise ValueError(f"the characters alone are {len(vocabulary)} pieces; got a size of {size}")
    while len(vocabulary) < size and wordpiece_pair_scores(words):
        first, second = pair = wordpiece_best_pair(words)
        words = wordpiece_merge(words, pair)
        joined = first + second.removeprefix("##")
        if joined not in vocabulary:
            vocabulary.append(joined)
    return tuple(vocabulary)


def wordpiece_encode(
    word: str, vocabulary: Collection[str], unknown: str = "[UNK]", max_length: int = 100
) -> tuple[str, ...]:
    """Pieces of a word: at each position the longest one in the vocabulary, or else the unknown token for all of it.

    >>> wordpiece_encode("lower", {"l", "lo", "low", "##e", "##er", "##r"})
    ('low', '##er')

    The choice is greedy and never taken back. It need not use the fewest pieces, and may fail where another split
    exists: {"ab", "abc", "##cd"} makes "abcd" unknown, though "ab" "##cd" would do.

    Domain: words of more than max_length characters are unknown; the empty word has no pieces. ValueError if
    max_length < 1. A word that itself begins with "##" meets the pieces that continue a word.
    Source: Devlin et al. 2018, arXiv:1810.04805, code (`WordpieceTokenizer`).
    Differs: max_length is 200 in BERT's code and 100 in the tokenizers library.
    Notes: R003-184, R003-198.
    """
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1; got {max_length}")
    if len(word) > max_length:
        return (unknown,)
    pieces: list[str] = []
    rest = word
    while rest:
        prefix = "##" if pieces else ""
        lengths = [length for length in range(1, len(rest) + 1) if prefix + rest[:length] in vocabulary]
        if not lengths:
            return (unknown,)
        pieces.append(prefix + rest[: lengths[-1]])
        rest = rest[lengths[-1] :]
    return tuple(pieces)
