"""Search for a likely sequence under a model that gives the log probabilities of the next token.

`log_probabilities(prefix)` returns one entry per token of the vocabulary for the ids chosen so far. A sequence is
complete after its first `eos`, or, cut off, at the greatest length.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Hypothesis(NamedTuple):
    """A complete sequence, `eos` included where it has one, and the logarithm of its probability."""

    tokens: tuple[int, ...]
    log_probability: Float[Tensor, ""]


def length_normalized_score(
    log_probability: Float[Tensor, "*batch"], length: int, alpha: float
) -> Float[Tensor, "*batch"]:
    """Score of sequences of one length, by which those of different lengths are compared.

        log P / L^alpha

    As log P < 0, a greater alpha favours longer sequences: 0 ranks by probability, 1 by the mean over tokens.

    Domain: length >= 1, finite alpha, also below 0; else ValueError.
    Source: Graves 2012, arXiv:1211.3711, section 2.5 (alpha = 1); Zhang et al., Dive into Deep Learning, section 10.8.
    Differs: L counts every factor of P, hence `eos` too; some do not. Wu et al. 2016, arXiv:1609.08144, eq. 14, divide
    by ((5 + L) / 6)^alpha.
    Notes: R004-021.
    """
    if length < 1:
        raise ValueError(f"length must be at least 1; got {length}")
    if not math.isfinite(alpha):
        raise ValueError(f"alpha must be finite; got {alpha}")
    return log_probability / length**alpha


def greedy_search(log_probabilities: Callable[[tuple[int, ...]], Tensor], eos: int, max_length: int) -> Hypothesis:
    """Sequence whose every token is the likeliest one after those before it.

    It need not be the likeliest sequence, and has at most its probability.

    Domain: max_length >= 1, eos in the vocabulary, no NaN; else ValueError. Of equally likely tokens the lowest id is
    chosen.
    Source: Zhang et al., Dive into Deep Learning, section 10.8.1.
    Notes: R004-018, R004-019.
    """
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1; got {max_length}")
    tokens: tuple[int, ...] = ()
    total = torch.zeros(())
    for _ in range(max_length):
        following = _after(tokens, log_probabilities, eos)
        token = max(range(len(following)), key=following.tolist().__getitem__)
        tokens, total = (*tokens, token), (total + following)[token]
        if token == eos:
            break
    return Hypothesis(tokens, total)


def beam_search(
    log_probabilities: Callable[[tuple[int, ...]], Tensor], eos: int, max_length: int, beam_width: int, alpha: float
) -> tuple[Hypothesis, ...]:
    """Complete sequences that a beam of the given width meets, best score first.

    At each length the beam_width likeliest extensions of the unfinished sequences are kept. Those that end in `eos`
    are set aside and not extended; the rest go on, and count as they stand at max_length. The result is ranked by
    `length_normalized_score`. There is no early stop.

    A width of 1 is greedy search. With |Y| tokens, a width of |Y|^(max_length - 1) finds the best of all sequences;
    between them a wider beam may find a worse one.

    Domain: max_length >= 1, beam_width >= 1, eos in the vocabulary, no NaN; else ValueError. Sequences of probability 0
    are left out. Of equals, in the beam as in the result, the lexicographically first come first.
    Source: Sutskever et al. 2014, arXiv:1409.3215, section 3.2; Zhang et al., Dive into Deep Learning, section 10.8.3.
    Differs: transformers keeps beam_width unfinished sequences beside those that end, so that its beam of one sequence
    is not greedy; Dive into Deep Learning also ranks the unfinished sequences of every length.
    Notes: R004-020, R004-021.
    """
    if max_length < 1 or beam_width < 1:
        raise ValueError(f"max_length and beam_width must be at least 1; got {max_length} and {beam_width}")
    finished, unfinished = [], [Hypothesis((), torch.zeros(()))]
    for _ in range(max_length):
        if not unfinished:
            break
        reached = [total + _after(prefix, log_probabilities, eos) for prefix, total in unfinished]
        likeliest = torch.cat(reached).topk(min(beam_width, sum(map(len, reached)))).values
        extensions = [
            Hypothesis((*prefix, token), after[token])
            for (prefix, _), after in zip(unfinished, reached, strict=True)
            for token in ((after >= likeliest[-1]) & (after > -math.inf)).nonzero().flatten().tolist()
        ]
        kept = sorted(extensions, key=lambda one: (-float(one.log_probability), one.tokens))[:beam_width]
        finished += [one for one in kept if one.tokens[-1] == eos]
        unfinished = [one for one in kept if one.tokens[-1] != eos]

    def rank(one: Hypothesis) -> tuple[float, tuple[int, ...]]:
        return -float(length_normalized_score(one.log_probability, len(one.tokens), alpha)), one.tokens

    return tuple(sorted(finished + unfinished, key=rank))


def _after(prefix: tuple[int, ...], log_probabilities: Callable[[tuple[int, ...]], Tensor], eos: int) -> Tensor:
    following = log_probabilities(prefix)
    if not 0 <= eos < len(following):
        raise ValueError(f"eos must be one of the {len(following)} tokens; got {eos}")
    if following.isnan().any():
        raise ValueError(f"the log probabilities after {prefix} are {following.tolist()}")
    return following
