"""Training of the unigram model of pieces: seeds, expectation maximisation, and pruning.

A corpus is a mapping from words to how often they occur, and a model one from pieces to their log probabilities. A
word has a probability of its own: nothing is shared across its ends.
"""

import math
from collections.abc import Mapping, Sequence

import torch

from reference.language.text import pre_token_counts
from reference.language.unigram import (
    unigram_backward,
    unigram_forward,
    unigram_log_likelihood,
    unigram_segmentation_log_probability,
    unigram_viterbi,
)


def unigram_word_counts(texts: Sequence[str]) -> dict[str, int]:
    """How often each word occurs in the texts, where words are what whitespace separates.

    >>> unigram_word_counts(["I have a banana", "I and a  banana"])
    {'I': 2, 'have': 1, 'a': 2, 'banana': 2, 'and': 1}

    Domain: a sequence of texts, and not a single text, whose characters would count as texts; else ValueError. Texts
    without a word give no counts.
    Source: Kudo & Richardson 2018, arXiv:1808.06226, for pieces that do not cross whitespace.
    Differs: SentencePiece puts U+2581 before each word, as a part of it.
    Notes: R003-188.
    """
    if isinstance(texts, str):
        raise ValueError(f"texts must be a sequence of texts; got the text {texts!r}")
    return pre_token_counts(texts, str.split)


def unigram_substring_counts(word_counts: Mapping[str, int], max_length: int = 10) -> dict[str, int]:
    """How often each substring of at most max_length characters occurs in the corpus, overlaps included.

        count(s) = sum_w count(w) #{i: w[i:i+|s|] = s}

    >>> unigram_substring_counts({"aba": 2})
    {'a': 4, 'ab': 2, 'aba': 2, 'b': 2, 'ba': 2}

    Domain: max_length >= 1, and a corpus of at least one word, each with a character and a count of at least 1; else
    ValueError.
    Source: Hugging Face course, chapter 6, "Unigram tokenization".
    Notes: R003-187.
    """
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1; got {max_length}")
    _check_corpus(word_counts)
    counts: dict[str, int] = {}
    for word, count in word_counts.items():
        for start in range(len(word)):
            for end in range(start + 1, min(start + max_length, len(word)) + 1):
                counts[word[start:end]] = counts.get(word[start:end], 0) + count
    return counts


def unigram_seed_model(word_counts: Mapping[str, int], size: int, max_length: int = 16) -> dict[str, float]:
    """The model to start from: all characters, and the `size` best longer substrings that occur more than once.

        p(s) = count(s) |s| / sum of the same over all pieces chosen

    Domain: size >= 0, max_length >= 1, and a corpus as of unigram_substring_counts; else ValueError. Longer substrings
    are chosen by count(s) |s|, and equal ones in the order of their code points.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2, and the code of SentencePiece (`MakeSeedSentencePieces`).
    Differs: SentencePiece finds repeats in a suffix tree, which leaves out "ab" where "c" always follows it, and counts
    them once for each different word; its default size is 1,000,000.
    Notes: R003-187, R003-193.
    """
    if size < 0:
        raise ValueError(f"size must not be negative; got {size}")
    counts = unigram_substring_counts(word_counts, max_length)
    weights = {piece: count * len(piece) for piece, count in counts.items()}
    longer = [piece for piece, count in counts.items() if len(piece) > 1 and count > 1]
    chosen = sorted(longer, key=lambda piece: (-weights[piece], piece))[:size]
    characters = [piece for piece in counts if len(piece) == 1]
    return unigram_m_step({piece: weights[piece] for piece in characters + chosen})


def unigram_loss(word_counts: Mapping[str, int], model: Mapping[str, float]) -> float:
    """Negative log likelihood of the corpus, in nats, each word summed over its segmentations.

        loss = -sum_w count(w) log p(w)

    Domain: log probabilities of at most 0, and a corpus as of unigram_substring_counts; else ValueError. inf if a word
    has no segmentation.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2.
    Notes: R003-191, R003-192, R003-197.
    """
    _check_corpus(word_counts)
    return -math.fsum(count * unigram_log_likelihood(word, model) for word, count in word_counts.items())


def unigram_viterbi_loss(word_counts: Mapping[str, int], model: Mapping[str, float]) -> float:
    """Negative log probability of the best segmentations of the corpus, in nats; never below unigram_loss.

        loss = -sum_w count(w) max_{x segments w} log p(x)

    Domain: log probabilities of at most 0, a corpus as of unigram_substring_counts, and words that can be segmented;
    else ValueError.
    Source: Hugging Face course, chapter 6, "Unigram tokenization".
    Notes: R003-191, R003-192, R003-195.
    """
    _check_corpus(word_counts)
    best = {word: unigram_segmentation_log_probability(unigram_viterbi(word, model), model) for word in word_counts}
    return -math.fsum(count * best[word] for word, count in word_counts.items())


def unigram_expected_counts(word_counts: Mapping[str, int], model: Mapping[str, float]) -> dict[str, float]:
    """How often each piece is expected in the corpus, over all segmentations: the E step.

        c(s) = sum_w count(w) sum_{w[i:j] = s} exp(alpha_i + log p(s) + beta_j - log p(w))

    Domain: log probabilities of at most 0, a corpus as of unigram_substring_counts, and words that can be segmented;
    else ValueError. Pieces of the model that are never used count 0.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2.
    Notes: R003-194.
    """
    _check_corpus(word_counts)
    counts = dict.fromkeys(model, 0.0)
    for word, count in word_counts.items():
        alpha, beta = unigram_forward(word, model), unigram_backward(word, model)
        if math.isinf(alpha[-1]):
            raise ValueError(f"no pieces of the model make up {word!r}")
        for start in range(len(word)):
            for end in range(start + 1, len(word) + 1):
                piece = word[start:end]
                if piece in model:
                    counts[piece] += count * math.exp(alpha[start] + model[piece] + beta[end] - alpha[-1])
    return counts


def unigram_viterbi_counts(word_counts: Mapping[str, int], model: Mapping[str, float]) -> dict[str, int]:
    """How often each piece is used by the best segmentations of the corpus: the E step of hard EM.

        c(s) = sum_w count(w) #{i: x_i = s},   x = argmax_{x segments w} log p(x)

    Domain: as unigram_expected_counts. Ties are broken as by unigram_viterbi.
    Source: Hugging Face course, chapter 6, "Unigram tokenization".
    Notes: R003-195.
    """
    _check_corpus(word_counts)
    counts = dict.fromkeys(model, 0)
    for word, count in word_counts.items():
        for piece in unigram_viterbi(word, model):
            counts[piece] += count
    return counts


def unigram_m_step(counts: Mapping[str, float | int]) -> dict[str, float]:
    """The model under which the counted pieces are most likely: log probabilities that sum to 1 as probabilities.

        p(s) = c(s) / sum of c

    Domain: finite counts >= 0, with a sum above 0; else ValueError. Pieces that count 0 leave the model.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2.
    Notes: R003-186, R003-194.
    """
    _check_counts(counts)
    log_total = math.log(math.fsum(counts.values()))
    return {piece: math.log(count) - log_total for piece, count in counts.items() if count > 0}


def unigram_digamma_m_step(counts: Mapping[str, float | int], least: float = 0.5) -> dict[str, float]:
    """The model of the M step that favours few pieces: rare ones leave, and the others lose about half a count.

        log p(s) = psi(c(s)) - psi(sum of c),   over the s with c(s) >= least

    psi is the digamma function, so that exp(psi(c)) is about c - 1/2 for large c. The probabilities sum to less than 1,
    unless one piece is left.

    Domain: finite counts >= 0, of which one is at least `least` > 0; else ValueError.
    Source: Kudo & Richardson 2018, arXiv:1808.06226, code (`RunMStep`); Liang & Klein 2009, NAACL, for psi.
    Differs: SentencePiece sums a series for psi, with an error of up to 5.3e-11.
    Notes: R003-194.
    """
    if not least > 0:
        raise ValueError(f"the least count must be positive; got {least}")
    _check_counts(counts)
    kept = {piece: float(count) for piece, count in counts.items() if count >= least}
    if not kept:
        raise ValueError(f"no piece counts {least} or more; got {counts}")
    psi = torch.special.digamma(torch.tensor([*kept.values(), math.fsum(kept.values())], dtype=torch.float64))
    *values, of_total = psi.tolist()
    return {piece: value - of_total for piece, value in zip(kept, values, strict=True)}


def unigram_em_step(word_counts: Mapping[str, int], model: Mapping[str, float]) -> dict[str, float]:
    """The model after one step of expectation maximisation; unigram_loss never rises.

        p(s) = c(s) / sum of c,   c the expected counts under the model

    Domain: as unigram_expected_counts. If the model sums to more than 1, the loss may rise. Pieces of expected count 0
    leave the model, and a piece that has left does not return.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2.
    Differs: SentencePiece and the tokenizers library put unigram_digamma_m_step in its place.
    Notes: R003-194.
    """
    return unigram_m_step(unigram_expected_counts(word_counts, model))


def unigram_hard_em_step(word_counts: Mapping[str, int], model: Mapping[str, float]) -> dict[str, float]:
    """The model after one step of hard expectation maximisation; unigram_viterbi_loss never rises.

        p(s) = c(s) / sum of c,   c the counts in the best segmentations under the model

    Domain: as unigram_em_step.
    Source: Hugging Face course, chapter 6, "Unigram tokenization".
    Notes: R003-195.
    """
    return unigram_m_step(unigram_viterbi_counts(word_counts, model))


def unigram_loss_increases(word_counts: Mapping[str, int], model: Mapping[str, float]) -> dict[str, float]:
    """By how much unigram_loss grows if one piece is deleted and nothing else changes, for pieces of two characters on.

        increase(s) = loss(model without s) - loss(model)

    The other probabilities stay as they are, so no increase is negative.

    Domain: as unigram_expected_counts. inf if a word has no segmentation without the piece.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2 ("loss_i").
    Differs: SentencePiece estimates it: every use of the piece in the best segmentations becomes the second best
    segmentation of the piece itself.
    Notes: R003-192, R003-193.
    """
    loss = unigram_loss(word_counts, model)
    if math.isinf(loss):
        raise ValueError(f"the model cannot make up every word of {word_counts}")
    increases = {}
    for deleted in model:
        if len(deleted) > 1:
            rest = {piece: value for piece, value in model.items() if piece != deleted}
            increases[deleted] = unigram_loss(word_counts, rest) - loss
    return increases


def unigram_pruned_model(model: Mapping[str, float], increases: Mapping[str, float], size: int) -> dict[str, float]:
    """The model without the pieces whose deletion raises the loss least; characters are never deleted.

    The other log probabilities stay as they are: the next M step makes them sum to 1 again.

    Domain: at least as many pieces kept as there are characters, and an increase >= 0 for every piece of two characters
    on; else ValueError. Everything is kept if size is at least the number of pieces. Of equal increases those are kept
    whose pieces come first in the order of code points.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2, steps 3 and 4.
    Differs: SentencePiece also deletes at once the pieces that no best segmentation uses.
    Notes: R003-193, R003-198.
    """
    longer = [piece for piece in model if len(piece) > 1]
    room = size - (len(model) - len(longer))
    if room < 0:
        raise ValueError(f"the characters alone are {len(model) - len(longer)} pieces; got a size of {size}")
    for piece in longer:
        if not increases.get(piece, math.nan) >= 0:
            raise ValueError(f"a loss increase is not negative; got {increases.get(piece)} for {piece!r}")
    deleted = sorted(longer, key=lambda piece: (-increases[piece], piece))[room:]
    return {piece: value for piece, value in model.items() if piece not in deleted}


def unigram_required_characters(word_counts: Mapping[str, int], coverage: float = 0.9995) -> tuple[str, ...]:
    """The characters that a vocabulary must hold: the most frequent ones that make up the share `coverage` of the text.

    Characters are added until the share is reached; the one that reaches it is included.

    Domain: 0 < coverage <= 1, and a corpus as of unigram_substring_counts; else ValueError. Equally frequent characters
    come in the order of code points.
    Source: Kudo & Richardson 2018, arXiv:1808.06226, code (`character_coverage`).
    Notes: R003-198.
    """
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage must be in (0, 1]; got {coverage}")
    counts = unigram_substring_counts(word_counts, 1)
    total, reached = sum(counts.values()), 0
    required: list[str] = []
    for character in sorted(counts, key=lambda character: (-counts[character], character)):
        if reached / total < coverage:
            required.append(character)
            reached += counts[character]
    return tuple(required)


def unigram_final_model(model: Mapping[str, float], characters: Sequence[str], size: int) -> dict[str, float]:
    """The `size` pieces to encode with: the required characters, in the model or not, and the most probable others.

        log p(k-th required character that is missing) = least log probability of the model - k 1e-4,   k = 0, 1, ...

    Domain: a model of at least one piece, and at least as many pieces asked for as there are required characters; else
    ValueError. Equally probable pieces are chosen in the order of code points. Fewer pieces if there are no more.
    Source: Kudo & Richardson 2018, arXiv:1808.06226, code (`FinalizeSentencePieces`).
    Differs: SentencePiece adds k 1e-4, which makes the rarer of two missing characters the more probable one.
    Notes: R003-198.
    """
    if not model or size < len(characters):
        raise ValueError(f"{len(characters)} characters and {len(model)} pieces cannot make {size} pieces")
    missing = [character for character in characters if character not in model]
    final = {character: model[character] for character in characters if character in model}
    final |= {character: min(model.values()) - 1e-4 * k for k, character in enumerate(missing)}
    others = sorted((piece for piece in model if piece not in final), key=lambda piece: (-model[piece], piece))
    return final | {piece: model[piece] for piece in others[: size - len(final)]}


def _check_corpus(word_counts: Mapping[str, int]) -> None:
    if not word_counts:
        raise ValueError(f"the corpus holds no words; got {word_counts}")
    for word, count in word_counts.items():
        if not word or count < 1:
            raise ValueError(f"a word has a character and counts at least once; got {count} for {word!r}")


def _check_counts(counts: Mapping[str, float | int]) -> None:
    if not all(0 <= count < math.inf for count in counts.values()) or not any(counts.values()):
        raise ValueError(f"counts must be finite, not negative, and not all 0; got {counts}")
