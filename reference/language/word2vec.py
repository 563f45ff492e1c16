"""Vectors of words from the words around them: training pairs, the losses, their noise, and a tree for the softmax.

A word has two vectors, one as the centre of a window and one as a word to be predicted. Words of tensors are ids.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import logsigmoid

from reference.training.losses import softmax_log_loss


class TreePath(NamedTuple):
    """The way from the root to a word: the inner nodes that it passes, and at each of them the turn, 0 or 1."""

    nodes: tuple[int, ...]
    bits: tuple[int, ...]


def skip_gram_pairs(sentence: Sequence[str], window: int) -> tuple[tuple[str, str], ...]:
    """Pairs (centre, context) of words that are at most a window apart, from left to right.

        (w_i, w_j)   for 0 < |i - j| <= c

    With every pair the list holds its reverse. A sentence of N >= c words has 2 c N - c (c + 1) pairs.

    >>> skip_gram_pairs(["the", "cat", "sat"], 1)
    (('the', 'cat'), ('cat', 'the'), ('cat', 'sat'), ('sat', 'cat'))

    Domain: window >= 1, else ValueError. One sentence: no window reaches into the next. Fewer than two words have no
    pairs.
    Source: Mikolov et al. 2013, arXiv:1301.3781, section 3.2.
    Differs: word2vec.c draws the window of each centre uniformly from 1..c, so that a pair at distance d is kept with
    probability (c - d + 1) / c.
    Notes: R004-044.
    """
    return tuple((centre, word) for centre, context in cbow_contexts(sentence, window) for word in context)


def cbow_contexts(sentence: Sequence[str], window: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each word with the words at most a window before and after it, from left to right.

        (w_i, (w_{i-c}, ..., w_{i-1}, w_{i+1}, ..., w_{i+c}))

    A window of 1 gives two words of context, except at the ends of the sentence, where there is one.

    Domain: window >= 1, else ValueError. A word that stands alone has no context and is left out.
    Source: Mikolov et al. 2013, arXiv:1301.3781, section 3.1.
    Differs: word2vec.c draws the window of each centre uniformly from 1..c.
    Notes: R004-044, R004-045.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1; got {window}")
    if len(sentence) < 2:
        return ()
    return tuple(
        (centre, (*sentence[max(i - window, 0) : i], *sentence[i + 1 : i + 1 + window]))
        for i, centre in enumerate(sentence)
    )


def context_mean(
    context_vectors: Float[Tensor, "*batch context dim"], kept: Bool[Tensor, "*batch context"]
) -> Float[Tensor, "*batch dim"]:
    """Mean vector of a context, whatever the order of its words.

        h = sum_{j kept} v_j / n,   n words kept

    Domain: contexts of fewer words are padded, and the mask is True for words. What stands in the padding, NaN too, has
    no influence. A context without words has the mean 0.
    Source: Mikolov et al. 2013, arXiv:1301.3781, section 3.1.
    Differs: word2vec.c skips a centre without context, and adds the gradient of h to every v_j without dividing by n.
    Notes: R004-045.
    """
    total = torch.where(kept[..., None], context_vectors, 0).sum(-2)
    return total / kept.sum(-1, keepdim=True).clamp(min=1)


def cbow_loss(
    context_vectors: Float[Tensor, "*batch context dim"],
    kept: Bool[Tensor, "*batch context"],
    output_vectors: Float[Tensor, "vocabulary dim"],
    target: Int64[Tensor, "*batch"],
) -> Float[Tensor, "*batch"]:
    """Negative log probability of a word given the words around it, in nats.

        loss = -log softmax(U h)_target,   h the mean of the context's vectors

    Each of n context vectors gets the gradient U^T (p - onehot) / n.

    Domain: as `context_mean` and `softmax_log_loss`.
    Source: Mikolov et al. 2013, arXiv:1301.3781, section 3.1.
    Notes: R004-045.
    """
    return softmax_log_loss(context_mean(context_vectors, kept) @ output_vectors.mT, target)


def skip_gram_loss(
    centre_vector: Float[Tensor, "*batch dim"],
    output_vectors: Float[Tensor, "vocabulary dim"],
    context: Int64[Tensor, "*batch context"],
    kept: Bool[Tensor, "*batch context"],
) -> Float[Tensor, "*batch"]:
    """Negative log probability of the words around a word given that word, in nats.

        loss = -sum_{j kept} log softmax(U v)_{w_j}

    Words of the context are independent given the centre, wherever in the window they stand.

    Domain: ids in 0..V-1, also in the padding, which has no influence. A context without words costs 0.
    Source: Mikolov et al. 2013, arXiv:1310.4546, eqs. 1-2.
    Differs: eq. 1 is the mean over all centres of this sum; some code takes the mean over pairs.
    Notes: R004-042, R004-044.
    """
    log_p = (centre_vector @ output_vectors.mT).log_softmax(-1)
    return -torch.where(kept, log_p.gather(-1, context), 0).sum(-1)


def negative_sampling_loss(
    centre_vector: Float[Tensor, "*batch dim"],
    context_vector: Float[Tensor, "*batch dim"],
    negative_vectors: Float[Tensor, "*batch negatives dim"],
) -> Float[Tensor, "*batch"]:
    """Logistic loss of telling a word of the context from k words that were drawn from a noise distribution.

        loss = -log s(u . v) - sum_k log s(-u_k . v),   s(x) = 1 / (1 + exp(-x))

    Domain: finite vectors. Without negatives the first term remains, which has no minimum.
    Source: Mikolov et al. 2013, arXiv:1310.4546, eq. 4.
    Differs: word2vec.c leaves out negatives that are the context word itself, and takes s to be 0 or 1 outside [-6, 6].
    Notes: R004-047.
    """
    attraction = logsigmoid((context_vector * centre_vector).sum(-1))
    repulsion = logsigmoid(-(negative_vectors * centre_vector[..., None, :]).sum(-1)).sum(-1)
    return -attraction - repulsion


def negative_sampling_optimum(
    joint: Float[Tensor, "words contexts"], noise: Float[Tensor, "contexts"], num_negatives: int
) -> Float[Tensor, "words contexts"]:
    """Products u . v of least expected loss under negative sampling, for vectors that are free to take any product.

        u_c . v_w = log(P(w, c) / (P(w) P_n(c))) - log k

    For noise with the contexts' own probabilities, P_n(c) = P(c), it is their pointwise mutual information - log k.

    Domain: probabilities, P_n(c) > 0, and k >= 1 negatives, else ValueError. -inf for pairs that never occur; NaN for
    words that never do.
    Source: Levy & Goldberg 2014, "Neural word embedding as implicit matrix factorization", section 3.1.
    Notes: R004-047.
    """
    if num_negatives < 1:
        raise ValueError(f"without negatives there is no optimum; got {num_negatives}")
    return (joint / (num_negatives * joint.sum(1, keepdim=True) * noise)).log()


def noise_distribution(counts: Float[Tensor, "words"], power: float = 0.75) -> Float[Tensor, "words"]:
    """Probability of each word to be drawn as a negative.

        P_n(w) = count_w^power / sum_n count_n^power

    1 would draw words as often as they occur and 0 all alike.

    Domain: finite counts >= 0, not all 0, and a finite power >= 0; else ValueError. A count of 0 has the probability 0,
    except at power 0, where 0^0 = 1.
    Source: Mikolov et al. 2013, arXiv:1310.4546, section 2.2.
    Differs: word2vec.c fills a table of 1e8 slots, which rounds the probabilities. fastText's power is 0.5.
    Notes: R004-047.
    """
    if not 0 <= power < float("inf"):
        raise ValueError(f"power must be finite and at least 0; got {power}")
    if not (counts >= 0).all() or not counts.isfinite().all() or not (counts > 0).any():
        raise ValueError(f"counts must be finite and at least 0, and one above it; got {counts.tolist()}")
    weights = counts**power
    return weights / weights.sum()


def subsampling_drop_probability(frequency: Float[Tensor, "*words"], threshold: float) -> Float[Tensor, "*words"]:
    """Probability with which an occurrence of a word is deleted from the text, by the paper.

        P(drop) = max(0, 1 - sqrt(t / f))

    For f > t, N sqrt(t f) of the N f occurrences are left to be expected.

    Domain: frequencies in [0, 1], relative to the N words of the text; threshold > 0, else ValueError. Words of f <= t
    are never dropped.
    Source: Mikolov et al. 2013, arXiv:1310.4546, eq. 5.
    Differs: the authors' code keeps more, see `subsampling_keep_probability`.
    Notes: R004-048.
    """
    if not threshold > 0:
        raise ValueError(f"threshold must be above 0; got {threshold}")
    return (1 - (threshold / frequency).sqrt()).clamp(min=0)


def subsampling_keep_probability(frequency: Float[Tensor, "*words"], threshold: float) -> Float[Tensor, "*words"]:
    """Probability with which an occurrence of a word is kept in the text, by the authors' code.

        P(keep) = min(1, sqrt(t / f) + t / f) = min(1, (sqrt(f / t) + 1) t / f)

    Domain: frequencies in [0, 1], relative to the words of the text; threshold > 0, else ValueError. Words of
    f <= t (3 + sqrt(5)) / 2 are always kept.
    Source: word2vec.c, `TrainModelThread`; gensim.
    Differs: by the paper a word is kept with probability min(1, sqrt(t / f)). word2vec.c takes a threshold of 0 as
    "keep all".
    Notes: R004-048.
    """
    if not threshold > 0:
        raise ValueError(f"threshold must be above 0; got {threshold}")
    ratio = threshold / frequency
    return (ratio.sqrt() + ratio).clamp(max=1)


def huffman_paths(counts: Sequence[int]) -> tuple[TreePath, ...]:
    """Path of each word through a binary tree in which frequent words are near the root.

        until one group of words is left:   join the two lightest under a new node, the lighter at 0, the other at 1

    Nodes are numbered as they are made, so that the root is V - 2. The mean length of a path is the least of any tree.

    >>> huffman_paths([1, 4, 2])
    (TreePath(nodes=(1, 0), bits=(0, 0)), TreePath(nodes=(1,), bits=(1,)), TreePath(nodes=(1, 0), bits=(0, 1)))

    Domain: at least one word, each with a count >= 1; else ValueError. The path of a single word is empty. Of equally
    heavy groups that whose lightest word has the lower id is taken first, as in `huffman_code_lengths`.
    Source: Huffman 1952; for words Mikolov et al. 2013, arXiv:1310.4546, section 2.1.
    Differs: word2vec.c prefers inner nodes to words at ties, which gives other paths of the same mean length.
    Notes: R004-046.
    """
    if not counts or min(counts) < 1:
        raise ValueError(f"words need counts of at least 1, and there must be one; got {counts}")
    paths = [TreePath((), ())] * len(counts)
    groups: list[tuple[int, tuple[int, ...]]] = [(count, (word,)) for word, count in enumerate(counts)]
    for node in range(len(counts) - 1):
        (least, first), (next_least, second), *others = sorted(groups)
        groups = [*others, (least + next_least, first + second)]
        for bit, group in enumerate((first, second)):
            for word in group:
                paths[word] = TreePath((node, *paths[word].nodes), (bit, *paths[word].bits))
    return tuple(paths)


def hierarchical_softmax_log_probability(
    centre_vector: Float[Tensor, "*batch dim"], node_vectors: Float[Tensor, "nodes dim"], path: TreePath
) -> Float[Tensor, "*batch"]:
    """Log probability of the word at the end of a path, each turn of which is a coin of its own.

        log p(w) = sum_{(n, bit) on the path} log s((1 - 2 bit) theta_n . v),   s(x) = 1 / (1 + exp(-x))

    Over the words of any tree the probabilities sum to 1.

    Domain: finite vectors, one for each inner node. An empty path, of the only word, has probability 1.
    Source: Mikolov et al. 2013, arXiv:1310.4546, eq. 3.
    Differs: the label of word2vec.c is 1 - bit. It skips nodes with |theta_n . v| > 6.
    Notes: R004-046.
    """
    signs = centre_vector.new_tensor([1 - 2 * bit for bit in path.bits])
    turns = centre_vector @ node_vectors[list(path.nodes)].mT
    return logsigmoid(signs * turns).sum(-1)
