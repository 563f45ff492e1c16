"""n-gram models: the counts of a text, sentences scored and drawn word by word, perplexity.

Counts are one mapping from n-grams of every length to how often they occur. A model is any function of a word and of
the words before it, such as those of `reference.language.smoothing` with their counts filled in. Words are strings.
Where a sentence begins is context and is never predicted; where it ends is predicted like a word.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate


def pad_sentence(words: Sequence[str], num_starts: int, start: str = "<s>", end: str = "</s>") -> tuple[str, ...]:
    """The sentence between start symbols and one end symbol.

        <s> ... <s> w_1 ... w_m </s>

    Domain: num_starts >= 0, and neither symbol among the words; else ValueError. The empty sentence has its symbols.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 1.1.
    Differs: a model of order n takes n - 1 starts, KenLM always one; NLTK also adds n - 1 ends, of which all but the
    first are certain.
    Notes: R004-028, R004-039.
    """
    if num_starts < 0:
        raise ValueError(f"the number of start symbols must be at least 0; got {num_starts}")
    if start in words or end in words:
        raise ValueError(f"{start!r} and {end!r} are no words; got {words!r}")
    return (start,) * num_starts + (*words, end)


def frequent_words(sentences: Sequence[Sequence[str]], min_count: int) -> tuple[str, ...]:
    """The words that occur at least so often in all sentences together, in the order in which they first occur.

    Domain: min_count >= 1; else ValueError. No sentences have no words.
    Source: Jurafsky & Martin, "Speech and language processing", 3rd ed. draft, chapter on n-gram models.
    Differs: NLTK's Vocabulary adds its unknown word.
    Notes: R004-032.
    """
    if min_count < 1:
        raise ValueError(f"min_count must be at least 1; got {min_count}")
    counts = Counter(word for words in sentences for word in words)
    return tuple(word for word, count in counts.items() if count >= min_count)


def map_unknown_words(words: Sequence[str], vocabulary: Sequence[str], unknown: str = "<UNK>") -> tuple[str, ...]:
    """The words, with one symbol in place of each that is not in the vocabulary.

    Both the text that is counted and the text that is scored need it, before they are padded.

    Domain: a vocabulary that has the unknown symbol; else ValueError.
    Source: Jurafsky & Martin, "Speech and language processing", 3rd ed. draft, chapter on n-gram models.
    Differs: KenLM writes <unk>.
    Notes: R004-032.
    """
    if unknown not in vocabulary:
        raise ValueError(f"the vocabulary must have {unknown!r}; got {vocabulary!r}")
    return tuple(word if word in vocabulary else unknown for word in words)


def ngram_counts(sentences: Sequence[Sequence[str]], order: int, start: str = "<s>") -> dict[tuple[str, ...], int]:
    """How often each n-gram of length 1 to `order` occurs in sentences that are padded already.

    An n-gram that ends in the start symbol is not counted: nothing predicts it. The counts of length 1 then add up to
    the number of words and ends.

        >>> ngram_counts([("<s>", "no", "yes", "</s>")], 2)
        {('no',): 1, ('<s>', 'no'): 1, ('yes',): 1, ('no', 'yes'): 1, ('</s>',): 1, ('yes', '</s>'): 1}

    Domain: order >= 1; else ValueError. No sentences have no counts.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 1.1.
    Differs: NLTK also counts n-grams that end in <s>.
    Notes: R004-029, R004-030.
    """
    if order < 1:
        raise ValueError(f"the order must be at least 1; got {order}")
    return dict(
        Counter(
            tuple(words[stop - length : stop])
            for words in sentences
            for stop in range(1, len(words) + 1)
            for length in range(1, min(order, stop) + 1)
            if words[stop - 1] != start
        )
    )


def counts_after(context: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> dict[str, int]:
    """How often each word follows the context: the words w with C(context w) > 0.

    Their sum is C(context) as every estimate divides by it: the number of words predicted from the context.

    Domain: counts >= 0 after the context; else ValueError. A context that was not seen has no words after it.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 1.1.
    Notes: R004-030.
    """
    after = {ngram[-1]: count for ngram, count in counts.items() if ngram[:-1] == context and count}
    if min(after.values(), default=0) < 0:
        raise ValueError(f"counts must be at least 0; got {after} after {context!r}")
    return after


def continuation_counts(counts: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """Counts in which an n-gram counts once for each different word before it.

        N_1+(. w_1..w_n) = number of words u with C(u w_1..w_n) > 0

    An n-gram that nothing precedes keeps its count: that is so at the highest order, and for n-grams that begin at the
    only start symbol.

    Domain: counts that have the last words of every n-gram they have, as `ngram_counts` gives.
    Source: Kneser & Ney 1995, "Improved backing-off for m-gram language modeling"; Heafield et al. 2013,
    "Scalable modified Kneser-Ney language model estimation", section 3.
    Differs: with n - 1 starts, as in NLTK, an n-gram that begins at the last of them has been preceded by one word;
    with one start, as in KenLM, it keeps its count.
    Notes: R004-037.
    """
    words_before = Counter(ngram[1:] for ngram, count in counts.items() if count)
    return {ngram: words_before.get(ngram, count) for ngram, count in counts.items()}


def words_in_context(
    words: Sequence[str], order: int, start: str = "<s>", end: str = "</s>"
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each word of a sentence, and at last its end, with the order - 1 symbols before it.

        (w_i, (w_{i-n+1}, ..., w_{i-1})),   i = 1..m+1

    Domain: order >= 1 and words as for `pad_sentence`; else ValueError.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 1.1.
    Notes: R004-029.
    """
    padded = pad_sentence(words, order - 1, start, end)
    return tuple((padded[i], padded[i - order + 1 : i]) for i in range(order - 1, len(padded)))


def sentence_log_probability(
    words: Sequence[str],
    order: int,
    probability: Callable[[str, tuple[str, ...]], float],
    start: str = "<s>",
    end: str = "</s>",
) -> float:
    """Log probability of a sentence and of its end under a model `probability(word, context)`.

        log P(w_1..w_m) = sum_{i=1..m+1} log P(w_i | w_{i-n+1}, ..., w_{i-1}),   w_{m+1} = </s>

    Domain: as `words_in_context`; -inf if a word has probability 0.
    Source: Chen & Goodman 1998, "An empirical study of smoothing techniques for language modeling", section 1.1.
    Differs: NLTK's logarithms have base 2, KenLM's base 10.
    Notes: R003-178, R004-028, R004-031, R004-032.
    """
    chances = [probability(word, context) for word, context in words_in_context(words, order, start, end)]
    return math.fsum(map(math.log, chances)) if all(chances) else -math.inf


def ngram_perplexity(
    sentences: Sequence[Sequence[str]],
    order: int,
    probability: Callable[[str, tuple[str, ...]], float],
    start: str = "<s>",
    end: str = "</s>",
) -> float:
    """Perplexity of a text: the inverse of the geometric mean probability of its words and ends.

        PP = P(text)^(-1 / M) = exp(-sum_s log P(s) / M),   M = number of words + number of sentences

    Domain: at least one sentence; else ValueError. Words as for `pad_sentence`. inf if a word has probability 0.
    Source: Jelinek et al. 1977, "Perplexity - a measure of the difficulty of speech recognition tasks".
    Differs: KenLM also prints it without the unknown words, which it then leaves out of both the sum and M.
    Notes: R003-178, R004-041.
    """
    if not sentences:
        raise ValueError(f"perplexity needs at least one sentence; got {sentences!r}")
    log_probability = sum(sentence_log_probability(words, order, probability, start, end) for words in sentences)
    return math.exp(-log_probability / sum(len(words) + 1 for words in sentences))


def generate_words(
    uniforms: Sequence[float],
    order: int,
    probability: Callable[[str, tuple[str, ...]], float],
    vocabulary: Sequence[str],
    start: str = "<s>",
    end: str = "</s>",
) -> tuple[str, ...]:
    """Words drawn one after the other, each from those before it, until the end is drawn or the numbers run out.

    The number u draws the first word of the vocabulary at which the running sum of P(w | context) exceeds u. The end
    is not returned. The start symbols are the first context; they are not drawn.

    Domain: order >= 1, 0 <= u < 1, a vocabulary without the start symbol, some word that is possible; else ValueError.
    Probabilities that do not sum to 1 are divided by their sum.
    Source: Shannon 1948, "A mathematical theory of communication", section 3.
    Differs: NLTK draws from the words seen after the context.
    Notes: R004-039.
    """
    if order < 1:
        raise ValueError(f"the order must be at least 1; got {order}")
    if start in vocabulary:
        raise ValueError(f"{start!r} is never drawn; got the vocabulary {vocabulary!r}")
    words: list[str] = []
    context = (start,) * (order - 1)
    for uniform in uniforms:
        running = list(accumulate(probability(word, context) for word in vocabulary))
        if not 0 <= uniform < 1 or not (running and running[-1] > 0):
            raise ValueError(f"cannot draw with {uniform} from the sums {running} after {context!r}")
        word = vocabulary[bisect_right(running, uniform * running[-1])]
        if word == end:
            break
        words.append(word)
        context = (*context, word)[1:]
    return tuple(words)
