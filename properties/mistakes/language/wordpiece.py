"""Wrong variants of `reference.language.wordpiece`."""

import re
import unicodedata
from itertools import pairwise

from properties.mistakes import mistake, variant
from reference.language.wordpiece import (
    wordpiece_best_pair,
    wordpiece_characters,
    wordpiece_encode,
    wordpiece_merge,
    wordpiece_pair_scores,
    wordpiece_train,
)


def _counts(words):
    pieces, pairs = {}, {}
    for word, count in words.items():
        for piece in word:
            pieces[piece] = pieces.get(piece, 0) + count
        for pair in pairwise(word):
            pairs[pair] = pairs.get(pair, 0) + count
    return pieces, pairs


@mistake(of=wordpiece_characters, seen="catalogue R003-185")
def wordpiece_characters_without_prefix(word):
    """the prefix of pieces that continue a word is forgotten"""
    return tuple(word)


@mistake(of=wordpiece_characters, seen="catalogue R003-185")
def wordpiece_characters_that_all_continue(word):
    """the first character carries the prefix too"""
    return tuple("##" + character for character in word)


@mistake(of=wordpiece_characters, seen="catalogue R003-185")
def wordpiece_characters_normalised(word):
    """the word is normalised first, as BERT's text is"""
    return wordpiece_characters(unicodedata.normalize("NFC", word))


@mistake(of=wordpiece_characters, seen="catalogue R003-185")
def wordpiece_characters_in_small_letters(word):
    """the word is put into small letters, as uncased BERT's text is"""
    return wordpiece_characters(word.lower())


@mistake(of=wordpiece_characters, seen="catalogue R003-185")
def wordpiece_characters_that_continue_by_letter(word):
    """a letter that equals the first one carries no prefix wherever it stands"""
    return tuple(letter if letter == word[0] else "##" + letter for letter in word)


@mistake(of=wordpiece_pair_scores, seen="E003-072")
def wordpiece_pair_scores_with_a_sum(words):
    """the pair is compared with the sum of its parts' counts instead of their product"""
    wordpiece_pair_scores(words)
    pieces, pairs = _counts(words)
    return {(a, b): count / (pieces[a] + pieces[b]) for (a, b), count in pairs.items()}


@mistake(of=wordpiece_pair_scores, seen="catalogue R003-185")
def wordpiece_pair_scores_that_are_frequencies(words):
    """the score is the count of the pair, as in BPE"""
    wordpiece_pair_scores(words)
    return {pair: float(count) for pair, count in _counts(words)[1].items()}


@mistake(of=wordpiece_pair_scores, seen="catalogue R003-185")
def wordpiece_pair_scores_that_ignore_the_prefix(words):
    """a piece at the start of a word and one inside are counted as the same"""
    wordpiece_pair_scores(words)
    pieces, pairs = _counts(words)
    plain = {}
    for piece, count in pieces.items():
        plain[piece.removeprefix("##")] = plain.get(piece.removeprefix("##"), 0) + count
    together = {(a, b): plain[a.removeprefix("##")] * plain[b.removeprefix("##")] for a, b in pairs}
    return {pair: count / together[pair] for pair, count in pairs.items()}


@mistake(of=wordpiece_pair_scores, seen="catalogue R003-188")
def wordpiece_pair_scores_that_count_each_word_once(words):
    """how often a word occurs is ignored"""
    wordpiece_pair_scores(words)
    return wordpiece_pair_scores(dict.fromkeys(words, 1))


@mistake(of=wordpiece_pair_scores, seen="E003-073")
def wordpiece_pair_scores_with_shares_of_the_pair(words):
    """the share of a piece is its count over the counts of the two pieces instead of the size of the corpus"""
    wordpiece_pair_scores(words)
    pieces, pairs = _counts(words)
    return {(a, b): count * (pieces[a] + pieces[b]) / (pieces[a] * pieces[b]) for (a, b), count in pairs.items()}


@mistake(of=wordpiece_pair_scores, seen="catalogue R003-185")
def wordpiece_pair_scores_across_words(words):
    """the last piece of a word and the first of the next are taken for a pair"""
    scores = wordpiece_pair_scores(words)
    pieces, _ = _counts(words)
    ends = [(first[-1], second[0]) for first, second in zip(words, list(words)[1:], strict=False)]
    return {pair: 1 / (pieces[pair[0]] * pieces[pair[1]]) for pair in ends} | scores


@mistake(of=wordpiece_pair_scores, seen="Hugging Face course, chapter 6")
def wordpiece_pair_scores_of_an_empty_corpus(words):
    """a corpus without words, or with counts below 1, is accepted"""
    pieces, pairs = _counts(words)
    return {(a, b): count / ((pieces[a] * pieces[b]) or 1) for (a, b), count in pairs.items()}


@mistake(of=wordpiece_pair_scores, seen="catalogue R003-185")
def wordpiece_pair_scores_without_overlap(words):
    """in a run of equal pieces every second pair is left out"""
    scores, (pieces, _) = wordpiece_pair_scores(words), _counts(words)
    found = dict.fromkeys(scores, 0)
    for word, count in words.items():
        last = None
        for pair in pairwise(word):
            last = None if pair == last else pair
            found[pair] += count if last else 0
    return {(a, b): count / (pieces[a] * pieces[b]) for (a, b), count in found.items()}


@mistake(of=wordpiece_best_pair, seen="tokenizers, WordPieceTrainer")
def wordpiece_best_pair_by_frequency(words):
    """the most frequent pair is merged, which is BPE"""
    wordpiece_best_pair(words)
    pairs = _counts(words)[1]
    return max(pairs, key=pairs.get)


@mistake(of=wordpiece_best_pair, seen="Hugging Face course, chapter 6")
def wordpiece_best_pair_last_of_equals(words):
    """of equal scores the pair met last wins"""
    wordpiece_best_pair(words)
    scores = wordpiece_pair_scores(words)
    return max(reversed(scores), key=scores.get)


@mistake(of=wordpiece_best_pair, seen="catalogue R003-185")
def wordpiece_best_pair_with_the_least_score(words):
    """the pair with the smallest score is merged"""
    wordpiece_best_pair(words)
    scores = wordpiece_pair_scores(words)
    return min(scores, key=scores.get)


@mistake(of=wordpiece_best_pair, seen="catalogue R003-185")
def wordpiece_best_pair_by_rounded_scores(words):
    """scores are rounded to six digits after the point, where those of a large corpus are all 0"""
    scores = wordpiece_pair_scores(words)
    wordpiece_best_pair(words)
    return max(scores, key=lambda pair: round(scores[pair], 6))


@mistake(of=wordpiece_merge, seen="catalogue R003-185")
def wordpiece_merge_that_keeps_the_inner_prefix(words, pair):
    """the prefix of the second piece stays inside the merged one"""
    wrong, right = pair[0] + pair[1], pair[0] + pair[1].removeprefix("##")
    merged = wordpiece_merge(words, pair)
    return {tuple(wrong if piece == right else piece for piece in word): count for word, count in merged.items()}


@mistake(of=wordpiece_merge, seen="karpathy/minbpe, merge of a run")
def wordpiece_merge_from_the_right(words, pair):
    """runs are merged from right to left"""
    joined = pair[0] + pair[1].removeprefix("##")
    merged = {}
    for word, count in words.items():
        pieces = ()
        for piece in reversed(word):
            pieces = (joined, *pieces[1:]) if (piece, *pieces[:1]) == pair else (piece, *pieces)
        merged[pieces] = merged.get(pieces, 0) + count
    return merged


@mistake(of=wordpiece_merge, seen="catalogue R003-182")
def wordpiece_merge_of_the_first_occurrence(words, pair):
    """only the first occurrence of the pair in a word is merged"""
    joined = pair[0] + pair[1].removeprefix("##")
    merged = {}
    for word, count in words.items():
        places = [index for index in range(len(word) - 1) if word[index : index + 2] == pair][:1]
        pieces = (*word[: places[0]], joined, *word[places[0] + 2 :]) if places else word
        merged[pieces] = merged.get(pieces, 0) + count
    return merged


@mistake(of=wordpiece_merge, seen="Hugging Face course, chapter 6")
def wordpiece_merge_that_overwrites(words, pair):
    """of two splits that become equal only the last one is counted"""
    return {next(iter(wordpiece_merge({word: count}, pair))): count for word, count in words.items()}


@mistake(of=wordpiece_merge, seen="catalogue R003-185")
def wordpiece_merge_that_strips_signs(words, pair):
    """every # at the start of the second piece is taken off, also those of the text"""
    joined = pair[0] + pair[1].lstrip("#")
    right = pair[0] + pair[1].removeprefix("##")
    merged = wordpiece_merge(words, pair)
    return {tuple(joined if piece == right else piece for piece in word): count for word, count in merged.items()}


@mistake(of=wordpiece_merge, seen="catalogue R003-185")
def wordpiece_merge_that_cuts_two_characters(words, pair):
    """two characters are cut off the second piece, whether they are the prefix or not"""
    first, second = pair
    piece = first + second.removeprefix("##")
    return {
        tuple(first + second[2:] if part == piece else part for part in word): count
        for word, count in wordpiece_merge(words, pair).items()
    }


@mistake(of=wordpiece_train, seen="tokenizers, WordPieceTrainer")
def wordpiece_train_by_frequency(word_counts, size):
    """the most frequent pair is merged, which is BPE"""
    vocabulary = list(wordpiece_train(word_counts, size))
    words = {wordpiece_characters(word): count for word, count in word_counts.items()}
    known = sorted({piece for word in words for piece in word})
    while len(known) < len(vocabulary):
        pairs = _counts(words)[1]
        pair = max(pairs, key=pairs.get)
        words = wordpiece_merge(words, pair)
        known += [made] if (made := pair[0] + pair[1].removeprefix("##")) not in known else []
    return tuple(known)


@mistake(of=wordpiece_train, seen="catalogue R003-185")
def wordpiece_train_on_different_words(word_counts, size):
    """a word counts once, however often it occurs"""
    return wordpiece_train(dict.fromkeys(word_counts, 1), size)


@mistake(of=wordpiece_train, seen="catalogue R003-185")
def wordpiece_train_with_size_merges(word_counts, size):
    """the characters are not counted: as many pairs are merged as there should be pieces"""
    characters = {piece for word in word_counts for piece in wordpiece_characters(word)}
    wordpiece_train(word_counts, size)
    return wordpiece_train(word_counts, size + len(characters))


@mistake(of=wordpiece_train, seen="Hugging Face course, chapter 6")
def wordpiece_train_that_lists_a_piece_twice(word_counts, size):
    """a piece that two merges make stands in the vocabulary twice"""
    wordpiece_train(word_counts, size)
    words = {wordpiece_characters(word): count for word, count in word_counts.items()}
    known = sorted({piece for word in words for piece in word})
    while len(known) < size and wordpiece_pair_scores(words):
        pair = wordpiece_best_pair(words)
        words = wordpiece_merge(words, pair)
        known.append(pair[0] + pair[1].removeprefix("##"))
    return tuple(known)


@mistake(of=wordpiece_train, seen="catalogue R003-198")
def wordpiece_train_without_check(word_counts, size):
    """characters are dropped to reach a size that is too small for them"""
    characters = {piece for word in word_counts for piece in wordpiece_characters(word)}
    return wordpiece_train(word_counts, max(size, len(characters)))[:size]


@mistake(of=wordpiece_train, seen="catalogue R003-185")
def wordpiece_train_with_continuations_first(word_counts, size):
    """characters that continue a word come before those that start one"""
    vocabulary = wordpiece_train(word_counts, size)
    characters = {piece for word in word_counts for piece in wordpiece_characters(word)}
    start = sorted(characters, key=lambda piece: (not piece.startswith("##"), piece))
    return (*start, *vocabulary[len(start) :])


@mistake(of=wordpiece_train, seen="catalogue R003-185")
def wordpiece_train_sorted_regardless_of_case(word_counts, size):
    """characters are sorted as in a dictionary, a before B"""
    vocabulary = wordpiece_train(word_counts, size)
    characters = sorted({piece for word in word_counts for piece in wordpiece_characters(word)}, key=str.lower)
    return (*characters, *vocabulary[len(characters) :])


def _longest(word, start, vocabulary):
    prefix = "##" if start else ""
    ends = [end for end in range(start + 1, len(word) + 1) if prefix + word[start:end] in vocabulary]
    return ends[-1] if ends else None


@mistake(of=wordpiece_encode, seen="google-research/bert#763")
def wordpiece_encode_that_keeps_matched_prefixes(word, vocabulary, unknown="[UNK]", max_length=100):
    """pieces that were matched are followed by the unknown token, instead of the whole word being unknown"""
    wordpiece_encode(word, vocabulary, unknown, max_length)
    if len(word) > max_length:
        return (unknown,)
    pieces, start = [], 0
    while start < len(word):
        end = _longest(word, start, vocabulary)
        if end is None:
            return (*pieces, unknown)
        pieces.append(("##" if start else "") + word[start:end])
        start = end
    return tuple(pieces)


@mistake(of=wordpiece_encode, seen="NMZivkovic/BertTokenizers#26")
def wordpiece_encode_that_drops_the_rest(word, vocabulary, unknown="[UNK]", max_length=100):
    """what cannot be matched is dropped without a trace"""
    wordpiece_encode(word, vocabulary, unknown, max_length)
    if len(word) > max_length:
        return (unknown,)
    pieces = wordpiece_encode_that_keeps_matched_prefixes(word, vocabulary, unknown, max_length)
    return tuple(piece for piece in pieces if piece != unknown)


@mistake(of=wordpiece_encode, seen="catalogue R003-184")
def wordpiece_encode_with_unknown_characters(word, vocabulary, unknown="[UNK]", max_length=100):
    """a character that cannot be matched is unknown by itself, and the rest of the word goes on"""
    wordpiece_encode(word, vocabulary, unknown, max_length)
    if len(word) > max_length:
        return (unknown,)
    pieces, start = [], 0
    while start < len(word):
        end = _longest(word, start, vocabulary)
        pieces.append(unknown if end is None else ("##" if start else "") + word[start:end])
        start = end or start + 1
    return tuple(pieces)


@mistake(of=wordpiece_encode, seen="zhongbin1/bert_tokenization_for_java#1")
def wordpiece_encode_that_keeps_long_words(word, vocabulary, unknown="[UNK]", max_length=100):
    """a word over the limit is returned as it is"""
    return (word,) if len(word) > max_length else wordpiece_encode(word, vocabulary, unknown, max_length)


@mistake(of=wordpiece_encode, seen="huggingface/transformers.js#397")
def wordpiece_encode_without_limit(word, vocabulary, unknown="[UNK]", max_length=100):
    """words of any length are split"""
    return wordpiece_encode(word, vocabulary, unknown, max(len(word), max_length))


@mistake(of=wordpiece_encode, seen="catalogue R003-185")
def wordpiece_encode_with_limit_in_bytes(word, vocabulary, unknown="[UNK]", max_length=100):
    """the limit is one of bytes, so that words of other scripts become unknown sooner"""
    if len(word.encode()) > max_length:
        return (unknown,)
    return wordpiece_encode(word, vocabulary, unknown, max_length)


@mistake(of=wordpiece_encode, seen="huggingface/transformers.js#397")
def wordpiece_encode_with_limit_below(word, vocabulary, unknown="[UNK]", max_length=100):
    """a word of exactly the longest allowed length is unknown too"""
    pieces = wordpiece_encode(word, vocabulary, unknown, max_length)
    return (unknown,) if len(word) == max_length else pieces


@mistake(of=wordpiece_encode, seen="BERT, WordpieceTokenizer")
def wordpiece_encode_with_limit_200(word, vocabulary, unknown="[UNK]", max_length=200):
    """the limit is 200 characters if none is given, as in the code of BERT"""
    return wordpiece_encode(word, vocabulary, unknown, max_length)


@mistake(of=wordpiece_encode, seen="NMZivkovic/BertTokenizers#26")
def wordpiece_encode_that_replaces_the_match(word, vocabulary, unknown="[UNK]", max_length=100):
    """the matched piece is removed by replacement, wherever else it occurs in the word"""
    if len(word) > max_length or max_length < 1:
        return wordpiece_encode(word, vocabulary, unknown, max_length)
    pieces, rest = [], word
    while rest:
        text = "##" + rest if pieces else rest
        ends = [end for end in range(len(text) - len(rest) + 1, len(text) + 1) if text[:end] in vocabulary]
        if not ends:
            return (unknown,)
        rest = rest.replace(text[len(text) - len(rest) : ends[-1]], "")
        pieces.append(text[: ends[-1]])
    return tuple(pieces)


@mistake(of=wordpiece_encode, seen="NMZivkovic/BertTokenizers#26")
def wordpiece_encode_that_reads_a_pattern(word, vocabulary, unknown="[UNK]", max_length=100):
    """the vocabulary is joined to a regular expression, in which a dot matches anything"""
    if len(word) > max_length or max_length < 1:
        return wordpiece_encode(word, vocabulary, unknown, max_length)
    pieces, start = [], 0
    while start < len(word):
        known = [piece.removeprefix("##") for piece in vocabulary if piece.startswith("##") == bool(start)]
        try:
            matches = [found.end() for piece in known if (found := re.compile(piece).match(word, start))]
        except re.error:
            matches = []
        if max(matches, default=start) == start:
            return (unknown,)
        pieces.append(("##" if start else "") + word[start : max(matches)])
        start = max(matches)
    return tuple(pieces)


@mistake(of=wordpiece_encode, seen="catalogue R003-185")
def wordpiece_encode_without_prefix(word, vocabulary, unknown="[UNK]", max_length=100):
    """pieces inside a word are looked up without the prefix"""
    bare = {piece for piece in vocabulary if not piece.startswith("##")}
    pieces = wordpiece_encode(word, bare | {"##" + piece for piece in bare}, unknown, max_length)
    return tuple(piece.removeprefix("##") for piece in pieces)


@mistake(of=wordpiece_encode, seen="E003-070")
def wordpiece_encode_that_takes_the_shortest(word, vocabulary, unknown="[UNK]", max_length=100):
    """the shortest piece that fits is taken at each position"""
    pieces = wordpiece_encode(word, vocabulary, unknown, max_length)
    if len(word) > max_length:
        return pieces
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        end = next((end for end in range(start + 1, len(word) + 1) if prefix + word[start:end] in vocabulary), None)
        if end is None:
            return (unknown,)
        pieces.append(prefix + word[start:end])
        start = end
    return tuple(pieces)


@mistake(of=wordpiece_encode, seen="catalogue R003-184")
def wordpiece_encode_with_fewest_pieces(word, vocabulary, unknown="[UNK]", max_length=100):
    """the split with the fewest pieces is searched for, so that choices are taken back"""
    if len(word) > max_length:
        return wordpiece_encode(word, vocabulary, unknown, max_length)
    wordpiece_encode(word, vocabulary, unknown, max_length)
    best = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            piece = ("##" if start else "") + word[start:end]
            if best[start] is not None and piece in vocabulary:
                found = (*best[start], piece)
                best[end] = min(best[end] or found, found, key=len)
    return (unknown,) if best[-1] is None else best[-1]


@mistake(of=wordpiece_encode, seen="huggingface/transformers.js#397")
def wordpiece_encode_with_fixed_unknown(word, vocabulary, unknown="[UNK]", max_length=100):
    """the unknown token is [UNK] whatever was asked for"""
    return wordpiece_encode(word, vocabulary, max_length=max_length)


@mistake(of=wordpiece_encode, seen="NMZivkovic/BertTokenizers#26")
def wordpiece_encode_with_unknown_empty_word(word, vocabulary, unknown="[UNK]", max_length=100):
    """the empty word is unknown"""
    return wordpiece_encode(word, vocabulary, unknown, max_length) or (unknown,)


@mistake(of=wordpiece_encode, seen="BERT, WordpieceTokenizer")
def wordpiece_encode_without_check(word, vocabulary, unknown="[UNK]", max_length=100):
    """a limit of 0 makes every word unknown"""
    return wordpiece_encode(word, vocabulary, unknown, max_length) if max_length > 0 else (unknown,)


@mistake(of=wordpiece_encode, seen="catalogue R003-184")
def wordpiece_encode_that_starts_no_word_with_the_prefix(word, vocabulary, unknown="[UNK]", max_length=100):
    """pieces that continue a word never start one, even where the text itself has the prefix"""
    pieces = wordpiece_encode(word, vocabulary, unknown, max_length)
    return (unknown,) if pieces[:1] and pieces[0].startswith("##") else pieces


@variant(of=wordpiece_encode, seen="Song et al. 2021, arXiv:2012.15524")
def wordpiece_encode_from_the_longest_end(word, vocabulary, unknown="[UNK]", max_length=100):
    """ends are tried from the longest on, and the search stops at the first piece known"""
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1; got {max_length}")
    pieces, start = [], 0
    while start < len(word) <= max_length:
        prefix = "##" if start else ""
        end = next((end for end in range(len(word), start, -1) if prefix + word[start:end] in vocabulary), None)
        if end is None:
            return (unknown,)
        pieces.append(prefix + word[start:end])
        start = end
    return tuple(pieces) if len(word) <= max_length else (unknown,)


@mistake(of=wordpiece_encode, seen="catalogue R003-184")
def wordpiece_encode_with_first_pieces_inside(word, vocabulary, unknown="[UNK]", max_length=100):
    """where no piece that continues a word fits, one that begins a word is taken"""
    wordpiece_encode(word, vocabulary, unknown, max_length)
    if len(word) > max_length:
        return (unknown,)
    pieces, start = [], 0
    while start < len(word):
        ends = range(len(word), start, -1)
        fitting = ["##" + word[start:end] for end in ends] if start else []
        fitting = [piece for piece in [*fitting, *(word[start:end] for end in ends)] if piece in vocabulary]
        if not fitting:
            return (unknown,)
        pieces.append(fitting[0])
        start += len(fitting[0].removeprefix("##") if start else fitting[0])
    return tuple(pieces)


@mistake(of=wordpiece_encode, seen="catalogue R003-184")
def wordpiece_encode_with_short_pieces(word, vocabulary, unknown="[UNK]", max_length=100):
    """no piece of more than ten characters is tried, whatever the vocabulary has"""
    short = {piece for piece in vocabulary if len(piece.removeprefix("##")) <= 10}
    return wordpiece_encode(word, short, unknown, max_length)
