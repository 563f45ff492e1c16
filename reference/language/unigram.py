"""The unigram model of pieces: a word is split into pieces, each drawn by itself.

A model is a mapping from pieces to their log probabilities. A piece that is not in it has probability 0, and the piece
without characters is never used.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any


def unigram_segmentation_log_probability(pieces: Sequence[str], model: Mapping[str, float]) -> float:
    """Log probability of one segmentation of a word.

        log p(x_1, ..., x_m) = sum_i log p(x_i)

    Domain: log probabilities of at most 0; else ValueError. -inf if a piece is not in the model; 0 for no pieces.
    Source: Kudo 2018, arXiv:1804.10959, eq. 6.
    Notes: R003-186, R003-196.
    """
    return math.fsum(_log_probability(piece, model) for piece in pieces)


def unigram_forward(word: str, model: Mapping[str, float]) -> tuple[float, ...]:
    """Log of the summed probability of all segmentations of each prefix of a word, from the empty one to all of it.

        alpha_0 = 0,   alpha_j = log sum_{i < j} exp(alpha_i + log p(w[i:j]))

    Domain: log probabilities of at most 0; else ValueError. -inf where a prefix has no segmentation.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2 ("the marginal likelihood").
    Notes: R003-190.
    """
    alpha = [0.0]
    for end in range(1, len(word) + 1):
        steps = [alpha[start] + _log_probability(word[start:end], model) for start in range(end)]
        alpha.append(_log_sum_exp(steps))
    return tuple(alpha)


def unigram_backward(word: str, model: Mapping[str, float]) -> tuple[float, ...]:
    """Log of the summed probability of all segmentations of each suffix of a word, from all of it to the empty one.

        beta_n = 0,   beta_i = log sum_{j > i} exp(log p(w[i:j]) + beta_j)

    Domain: log probabilities of at most 0; else ValueError. -inf where a suffix has no segmentation.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2.
    Notes: R003-190.
    """
    beta = [0.0] * (len(word) + 1)
    for start in reversed(range(len(word))):
        ends = range(start + 1, len(word) + 1)
        beta[start] = _log_sum_exp([_log_probability(word[start:end], model) + beta[end] for end in ends])
    return tuple(beta)


def unigram_log_likelihood(word: str, model: Mapping[str, float]) -> float:
    """Log probability of a word: the sum over all of its 2^(n-1) segmentations.

        log p(w) = log sum_{x segments w} prod_i p(x_i)

    It is no distribution over words: without an end token, the probabilities of all words together exceed 1.

    Domain: log probabilities of at most 0; else ValueError. -inf if there is no segmentation; 0 for the empty word.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2.
    Notes: R003-190, R003-197.
    """
    return unigram_forward(word, model)[-1]


def unigram_viterbi(word: str, model: Mapping[str, float]) -> tuple[str, ...]:
    """The most probable segmentation of a word.

        best_0 = 0,   best_j = max_{i < j} best_i + log p(w[i:j])

    Domain: log probabilities of at most 0, and a word that can be segmented; else ValueError. The empty word has no
    pieces. Of equal segmentations the one with the longest last piece wins, then with the longest last but one, ...
    Source: Kudo 2018, arXiv:1804.10959, section 3.2.
    Differs: SentencePiece and the tokenizers library break ties in the same way, but cover a character that is not in
    the model by an unknown piece whose score is the least one minus 10.
    Notes: R003-189, R003-198.
    """
    best: list[tuple[float, tuple[str, ...]]] = [(0.0, ())]
    for end in range(1, len(word) + 1):
        candidates = []
        for start, (score, pieces) in enumerate(best):
            candidates.append((score + _log_probability(word[start:end], model), (*pieces, word[start:end])))
        best.append(max(candidates, key=lambda candidate: candidate[0]))
    score, pieces = best[-1]
    if math.isinf(score):
        raise ValueError(f"no pieces of the model make up {word!r}")
    return pieces


def unigram_viterbi_trie(word: str, model: Mapping[str, float]) -> tuple[str, ...]:
    """The segmentation of `unigram_viterbi`, from a trie of the pieces that is walked from each place of the word.

    For a word of n characters and pieces of at most L it takes O(n L) steps, so that a whole text can be one word.

    Domain: as `unigram_viterbi`, but that every log probability of the model is checked.
    Source: Kudo 2018, arXiv:1804.10959, section 3.2; SentencePiece's code (`unigram_model.cc`).
    Notes: R003-189.
    """
    trie: dict[str, Any] = {}
    for piece in model:
        node = trie
        for character in piece:
            node = node.setdefault(character, {})
        node[""] = _log_probability(piece, model)
    best = {0: 0.0}
    starts: dict[int, int] = {}
    for start in range(len(word)):
        node = trie if start in best else {}
        for end in range(start + 1, len(word) + 1):
            node = node.get(word[end - 1], {})
            if not node:
                break
            score = best[start] + node.get("", -math.inf)
            if score > best.get(end, -math.inf):
                best[end], starts[end] = score, start
    if len(word) not in best:
        raise ValueError(f"no pieces of the model make up {word!r}")
    pieces, end = [], len(word)
    while end:
        pieces.append(word[starts[end] : end])
        end = starts[end]
    return tuple(reversed(pieces))


def unigram_n_best(word: str, model: Mapping[str, float], n: int) -> tuple[tuple[str, ...], ...]:
    """The n most probable segmentations of a word, the best one first; all of them if there are fewer.

    Every prefix keeps its n best: no other can be part of the n best of the word.

    Domain: n >= 1, log probabilities of at most 0, and a word that can be segmented; else ValueError. Equal ones are
    ordered by the length of the last piece, the longest first, then by that of the last but one, ...
    Source: Kudo 2018, arXiv:1804.10959, section 3.2.
    Differs: SentencePiece searches backwards by A*, which leaves the order of equal segmentations open.
    Notes: R003-189.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1; got {n}")
    best: list[list[tuple[float, tuple[str, ...]]]] = [[(0.0, ())]]
    for end in range(1, len(word) + 1):
        candidates = []
        for start, prefixes in enumerate(best):
            last = _log_probability(word[start:end], model)
            candidates += [(score + last, (*pieces, word[start:end])) for score, pieces in prefixes if last > -math.inf]
        best.append(sorted(candidates, key=lambda candidate: -candidate[0])[:n])
    if not best[-1]:
        raise ValueError(f"no pieces of the model make up {word!r}")
    return tuple(pieces for _, pieces in best[-1])


def unigram_sample(word: str, model: Mapping[str, float], theta: float, uniform: Sequence[float]) -> tuple[str, ...]:
    """A segmentation of a word drawn with chances proportional to the power theta of its probability.

        P(x) = exp(theta log p(x)) / sum_{y segments w} exp(theta log p(y))

    Pieces are drawn from the last to the first: after w[:j] is left, the piece w[i:j] has the chance
    exp(alpha_i + theta log p(w[i:j]) - alpha_j), with alpha of the powers. uniform[j - 1] decides it by the inverse of
    the distribution function, i rising from 0. theta = 0 draws among all segmentations alike, a large theta the best.

    Domain: theta finite and >= 0, one uniform number in [0, 1) a character, log probabilities of at most 0, and a word
    that can be segmented; else ValueError.
    Source: Kudo 2018, arXiv:1804.10959, section 3.3, for all segmentations instead of the best l ("l -> infinity").
    Notes: R003-190.
    """
    if not 0 <= theta < math.inf:
        raise ValueError(f"theta must be finite and not negative; got {theta}")
    if len(uniform) != len(word) or not all(0 <= number < 1 for number in uniform):
        raise ValueError(f"{word!r} needs {len(word)} uniform numbers in [0, 1); got {uniform}")
    powers = {piece: theta * value for piece, value in model.items() if value > -math.inf}
    alpha = unigram_forward(word, powers)
    if math.isinf(alpha[-1]):
        raise ValueError(f"no pieces of the model make up {word!r}")
    pieces: tuple[str, ...] = ()
    end = len(word)
    while end:
        steps = [alpha[start] + _log_probability(word[start:end], powers) - alpha[end] for start in range(end)]
        possible = [start for start in range(end) if steps[start] > -math.inf]
        masses = accumulate(math.exp(steps[start]) for start in possible)
        start = next(
            (start for start, mass in zip(possible, masses, strict=True) if uniform[end - 1] < mass), possible[-1]
        )
        pieces = (word[start:end], *pieces)
        end = start
    return pieces


def _log_probability(piece: str, model: Mapping[str, float]) -> float:
    value = model.get(piece, -math.inf)
    if not value <= 0:
        raise ValueError(f"a log probability is at most 0; got {value} for {piece!r}")
    return value


def _log_sum_exp(values: Sequence[float]) -> float:
    largest = max(values)
    if math.isinf(largest):
        return largest
    return largest + math.log(math.fsum(math.exp(value - largest) for value in values))
