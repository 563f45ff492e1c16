"""Entropy, cross-entropy and distances of distributions over finitely many outcomes, in nats, and the code they price.

Divided by log 2 the results are in bits.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def entropy(p: Float[Tensor, "*batch outcomes"]) -> Float[Tensor, "*batch"]:
    """Average information of an outcome drawn from p, in nats.

        H(p) = -sum_x p(x) log p(x),   0 log 0 = 0

    It lies between 0, for a certain outcome, and log K, for K outcomes that are equally likely.

    Domain: entries >= 0 and rows that sum to 1. Outcomes that p misses count for nothing and get a gradient of 0.
    Source: Shannon 1948, section 6.
    Notes: R003-074.
    """
    return -(p * torch.where(p > 0, p, 1).log()).sum(-1)


def cross_entropy(p: Float[Tensor, "*batch outcomes"], q: Float[Tensor, "*batch outcomes"]) -> Float[Tensor, "*batch"]:
    """Average information that outcomes drawn from p seem to have if they are believed to follow q, in nats.

        H(p, q) = -sum_x p(x) log q(x) = H(p) + KL(p || q)

    Only the second term knows q: over q, the minimum of the one is that of the other. For p the frequencies of data it
    is the mean negative log likelihood; for p one-hot at c it is -log q(c).

    Domain: entries >= 0 and rows of p that sum to 1. Infinite where q misses an outcome that p has. Outcomes that p
    misses count for nothing and get a gradient of 0.
    Source: Goodfellow et al. 2016, Deep Learning, section 3.13.
    Differs: `torch.nn.functional.cross_entropy` takes logits of q, and p as its second argument.
    Notes: R003-073, R003-075, R004-063.
    """
    return -(p * torch.where(p > 0, q, 1).log()).sum(-1)


def kl_divergence(p: Float[Tensor, "*batch outcomes"], q: Float[Tensor, "*batch outcomes"]) -> Float[Tensor, "*batch"]:
    """KL(p || q) of distributions over the same outcomes, in nats.

        sum_x p(x) (log p(x) - log q(x)),   0 log 0 = 0

    It is 0 only for p = q, not symmetric, and never grows when both pass through one channel.

    Domain: entries >= 0 and rows that sum to 1. Infinite where q misses an outcome that p has. Outcomes that p misses
    count for nothing and get a gradient of 0.
    Source: Kullback & Leibler 1951.
    Differs: `torch.nn.functional.kl_div` takes log q first and p second.
    Notes: R000-019, R003-073, R003-075, R003-076, R003-096, R004-083.
    """
    held = p > 0
    return (p * (torch.where(held, p, 1).log() - torch.where(held, q, 1).log())).sum(-1)


def total_variation(
    p: Float[Tensor, "*batch outcomes"], q: Float[Tensor, "*batch outcomes"]
) -> Float[Tensor, "*batch"]:
    """Largest difference between the probabilities that p and q give to one event.

        TV(p, q) = sum_x |p(x) - q(x)| / 2 = max_A |p(A) - q(A)| <= sqrt(KL(p || q) / 2)

    Domain: rows that sum to 1. 1 if no outcome has probability under both.
    Source: Levin & Peres 2017, Markov Chains and Mixing Times, proposition 4.2; Pinsker's inequality.
    Differs: without the 1/2 it is the L1 distance.
    Notes: R003-096.
    """
    return (p - q).abs().sum(-1) / 2


def jensen_shannon_divergence(
    p: Float[Tensor, "*batch outcomes"], q: Float[Tensor, "*batch outcomes"]
) -> Float[Tensor, "*batch"]:
    """Mean divergence of p and of q from their average, in nats.

        JSD(p, q) = (KL(p || m) + KL(q || m)) / 2,   m = (p + q) / 2

    Domain: entries >= 0 and rows that sum to 1. Between 0, for p = q, and log 2, if no outcome has probability under
    both, however far apart these lie.
    Source: Lin 1991, "Divergence measures based on the Shannon entropy".
    Differs: `scipy.spatial.distance.jensenshannon` returns the square root.
    Notes: R003-118.
    """
    average = (p + q) / 2
    return (kl_divergence(p, average) + kl_divergence(q, average)) / 2


def joint_mutual_information(joint: Float[Tensor, "*batch x y"]) -> Float[Tensor, "*batch"]:
    """Mutual information of two variables given by their joint probabilities, in nats.

        I(X; Y) = H(X) + H(Y) - H(X, Y) = KL(p(x, y) || p(x) p(y))

    The entropies need no product p(x) p(y), which may be too small for a float where p(x, y) is not.

    Domain: tables with entries >= 0 that sum to 1. 0, up to rounding, iff X and Y are independent.
    Source: Cover & Thomas 2006, Elements of Information Theory, section 2.4.
    Differs: `mutual_information` takes p(y | x) and p(x).
    Notes: R003-074, R003-096.
    """
    return entropy(joint.sum(-1)) + entropy(joint.sum(-2)) - entropy(joint.flatten(-2))


def huffman_code_lengths(probabilities: Sequence[float]) -> tuple[int, ...]:
    """Length in bits of the word of each symbol in a prefix code of least mean length.

        until one group of symbols is left:   join the two least likely, and lengthen the words of both by a bit

    2^-length sums to 1, and the mean length L is within a bit of the entropy, in bits: H <= L < H + 1. If weights tie,
    other lengths may have the same mean.

    >>> huffman_code_lengths([0.125, 0.5, 0.25, 0.125])
    (3, 1, 2, 3)

    Domain: at least one symbol, each with a finite weight > 0, such as a probability or a count; else ValueError. A
    symbol that never occurs is to be left out. A single symbol needs no bit: its length is 0.
    Source: Huffman 1952, "A method for the construction of minimum-redundancy codes".
    Differs: codecs such as DEFLATE give a single symbol one bit.
    Notes: R003-074.
    """
    if not probabilities or not all(0 < weight < math.inf for weight in probabilities):
        raise ValueError(f"symbols need finite weights above 0, and at least one; got {probabilities}")
    lengths = [0] * len(probabilities)
    groups: list[tuple[float, tuple[int, ...]]] = [(weight, (symbol,)) for symbol, weight in enumerate(probabilities)]
    while len(groups) > 1:
        (least, first), (next_least, second), *others = sorted(groups)
        groups = [*others, (least + next_least, first + second)]
        for symbol in first + second:
            lengths[symbol] += 1
    return tuple(lengths)
