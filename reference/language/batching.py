"""Sequences of different lengths in one tensor: padding with its masks and positions, buckets, and packs of documents.

Masks are True where kept. Documents of a pack are numbered from 0 in each row, and padding has the number -1.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


class PaddedBatch(NamedTuple):
    """Sequences as rows of equal length, and where their own tokens are."""

    ids: Int64[Tensor, "batch length"]
    kept: Bool[Tensor, "batch length"]


class PackedBatch(NamedTuple):
    """Rows of documents one after another, and for each token the number of its document, -1 in padding."""

    ids: Int64[Tensor, "batch length"]
    documents: Int64[Tensor, "batch length"]


class TokenCounts(NamedTuple):
    """Tokens that a model processes, padding included: in packs, sorted batches, batches in order, and one batch."""

    packed: int
    in_sorted_batches: int
    in_order: int
    in_one_batch: int


def pad_right(sequences: Sequence[Sequence[int]], pad: int) -> PaddedBatch:
    """The sequences of a batch, filled up on the right to the length of the longest.

        row = sequence + [pad] * (max length - len(sequence))

    The mask comes from the lengths: a token of a sequence that equals pad is kept. Called batch by batch this is
    dynamic padding. Labels are padded the same way, with -100.

    Domain: at least one sequence, else ValueError; a sequence may be empty.
    Source: textbook.
    Notes: R003-250, R003-251.
    """
    length = _longest(sequences)
    ids = [[*sequence, *[pad] * (length - len(sequence))] for sequence in sequences]
    kept = [[place < len(sequence) for place in range(length)] for sequence in sequences]
    return PaddedBatch(torch.tensor(ids, dtype=torch.int64), torch.tensor(kept, dtype=torch.bool))


def pad_left(sequences: Sequence[Sequence[int]], pad: int) -> PaddedBatch:
    """The sequences of a batch, filled up on the left to the length of the longest.

        row = [pad] * (max length - len(sequence)) + sequence

    The last position of every row is then the last token of its sequence, from which a decoder goes on and an embedding
    is taken. The mask comes from the lengths, as for `pad_right`.

    Domain: at least one sequence, else ValueError; a sequence may be empty.
    Source: textbook.
    Notes: R003-250.
    """
    length = _longest(sequences)
    ids = [[*[pad] * (length - len(sequence)), *sequence] for sequence in sequences]
    kept = [[place >= length - len(sequence) for place in range(length)] for sequence in sequences]
    return PaddedBatch(torch.tensor(ids, dtype=torch.int64), torch.tensor(kept, dtype=torch.bool))


def position_ids(kept: Bool[Tensor, "*batch length"]) -> Int64[Tensor, "*batch length"]:
    """Position of each token among those of its row that are kept, from 0 on.

        out_t = number of kept tokens before t,   0 in padding

    A sequence has the same positions however much padding stands on its left.

    Domain: every mask.
    Source: transformers, `prepare_inputs_for_generation`.
    Differs: older code gives padding position 1. Nothing may depend on it.
    Notes: R003-250.
    """
    return torch.where(kept, kept.cumsum(-1) - 1, 0)


def padding_mask(kept: Bool[Tensor, "*batch length"]) -> Bool[Tensor, "*batch length length"]:
    """Which keys each query may attend to: those that are not padding.

        out[q, k] = kept[k]

    A key that is padding is a column of False. Queries that are padding attend like the others: no row is empty.

    Domain: every mask. If nothing is kept all rows are empty.
    Source: Vaswani et al. 2017, arXiv:1706.03762, code.
    Notes: R003-250, R003-252.
    """
    return kept[..., None, :].repeat_interleave(kept.shape[-1], -2)


def packed_causal_mask(documents: Int64[Tensor, "*batch length"]) -> Bool[Tensor, "*batch length length"]:
    """Which keys each query may attend to in a pack: its own token and those before it in its document.

        out[q, k] = (k <= q) and d_q = d_k >= 0

    Triangles along the diagonal, one for each document, so that no document sees another. A single document has the
    causal mask: the output at t depends on no token after t. For a padded batch d = kept - 1.

    Domain: documents of a row have different numbers. Padding, -1, attends to nothing: its rows are empty.
    Source: Krell et al. 2021, arXiv:2107.02027, section 3, for attention in both directions.
    Notes: R003-250, R003-251, R004-016.
    """
    same = documents[..., :, None] == documents[..., None, :]
    return torch.where(documents[..., None, :] >= 0, same, False).tril()


def packed_position_ids(documents: Int64[Tensor, "*batch length"]) -> Int64[Tensor, "*batch length"]:
    """Position of each token in its document: positions restart where a document starts.

        out_t = number of tokens of d_t before t,   0 in padding

    Domain: documents of a row have different numbers, and padding -1. A document that goes on in another row starts
    there at 0 again, so that every position is less than the length of the pack.
    Source: Krell et al. 2021, arXiv:2107.02027, section 3.
    Notes: R003-251.
    """
    return (packed_causal_mask(documents).sum(-1) - 1).clamp(min=0)


def masked_scores(
    scores: Float[Tensor, "*batch queries keys"], kept: Bool[Tensor, "*#batch #queries keys"]
) -> Float[Tensor, "*batch queries keys"]:
    """Attention scores before the softmax, with the most negative finite number where nothing is kept.

        out = scores where kept, else least,   least = -(2 - 2^-p) 2^emax of the dtype, with p bits of fraction

    The softmax then gives weight 0 to what is not kept, and to the rest what it would get alone. This is the additive
    mask, scores + (0 where kept, else -inf), but for rows in which nothing is kept: there all scores are equal, and the
    weights uniform instead of NaN. Such a row means nothing, and its output is to be ignored.

    Domain: finite scores that are larger than `least` by far. FP16 has least = -65504.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.3, with -infinity.
    Differs: adding -1e9 does the same in FP32, but is -inf in FP16; adding `least` overflows in FP16 for scores of -16
    or less. A row in which nothing is kept is then NaN.
    Notes: R003-252.
    """
    return torch.where(kept, scores, torch.finfo(scores.dtype).min)


def masked_weights(
    weights: Float[Tensor, "*batch queries keys"], kept: Bool[Tensor, "*#batch #queries keys"]
) -> Float[Tensor, "*batch queries keys"]:
    """Attention weights after the softmax, multiplied by the mask and made to sum to 1 again.

        out = w m / sum_k w_k m_k,   m = 1 where kept, else 0

    The same as the softmax of `masked_scores`, except where nothing is kept: such a row is 0.

    Domain: weights that are not negative. If those that are kept are all 0, as weights of very low scores are in low
    precision, the row is 0 too.
    Source: textbook.
    Notes: R003-253.
    """
    remaining = torch.where(kept, weights, 0)
    total = remaining.sum(-1, keepdim=True)
    return remaining / torch.where(total == 0, 1, total)


def sorted_batches(lengths: Sequence[int], batch_size: int) -> tuple[tuple[int, ...], ...]:
    """Indices of the sequences in batches of similar length: sorted by length and cut.

    The last batch holds the rest, the longest sequences. If the batch size divides their number, no other batches of
    this size need less padding.

    >>> sorted_batches([5, 2, 9, 2], 2)
    ((1, 3), (0, 2))

    Domain: batch_size >= 1, else ValueError. Shortest first; equal lengths in the given order.
    Source: textbook.
    Differs: libraries that shuffle sort within large random blocks, and then shuffle the batches.
    Notes: R003-251.
    """
    if batch_size < 1:
        raise ValueError(f"a batch must hold at least one sequence; got {batch_size}")
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    return tuple(tuple(order[start : start + batch_size]) for start in range(0, len(order), batch_size))


def tokens_processed(lengths: Sequence[int], batch_size: int) -> TokenCounts:
    """Numbers of tokens, padding included, that four ways to batch the same sequences make a model process.

        packed  = sum_i len_i
        batches = sum_b |b| max_{i in b} len_i,   for sorted batches, batches in the given order, and a single batch

    If the batch size divides the number of sequences, each is at most the next; see `sorted_batches`.

    Domain: batch_size >= 1 and no negative length, else ValueError. Packs are counted without room at their ends: packs
    filled up to a fixed length can take more than sorted batches do.
    Source: Krell et al. 2021, arXiv:2107.02027.
    Notes: R003-251.
    """
    if any(length < 0 for length in lengths):
        raise ValueError(f"lengths must not be negative; got {min(lengths)}")
    by_length = [[lengths[index] for index in batch] for batch in sorted_batches(lengths, batch_size)]
    in_order = [lengths[start : start + batch_size] for start in range(0, len(lengths), batch_size)]
    in_one = sum(max(lengths) for _ in lengths)
    return TokenCounts(sum(lengths), _padded_tokens(by_length), _padded_tokens(in_order), in_one)


def first_fit_packs(lengths: Sequence[int], capacity: int) -> tuple[tuple[int, ...], ...]:
    """Indices of the sequences in packs of limited length: each goes into the first pack that has room for it.

    At most one pack is filled to half of the capacity or less.

    >>> first_fit_packs([3, 3, 2, 1], 5)
    ((0, 2), (1, 3))

    Domain: in the given order; lengths from 0 to the capacity, else ValueError: longer sequences are cut before.
    Source: Johnson et al. 1974, Worst-Case Performance Bounds for Simple One-Dimensional Packing Algorithms.
    Differs: first fit decreasing sorts the lengths first, and best fit takes the fullest pack that has room.
    Notes: R003-251.
    """
    packs: list[list[int]] = []
    for index, length in enumerate(lengths):
        if not 0 <= length <= capacity:
            raise ValueError(f"lengths must lie between 0 and the capacity {capacity}; got {length}")
        fitting = [pack for pack in packs if sum(lengths[other] for other in pack) + length <= capacity]
        if fitting:
            fitting[0].append(index)
        else:
            packs.append([index])
    return tuple(tuple(pack) for pack in packs)


def pack_documents(packs: Sequence[Sequence[Sequence[int]]], length: int, pad: int) -> PackedBatch:
    """Rows of a fixed length, each with the documents of a pack one after another, and padding behind them.

        row = d_0 + d_1 + ... + [pad] * rest

    A model reads a row like its documents one by one, given `packed_causal_mask`, `packed_position_ids` and
    `packed_next_token_labels` of the numbers returned here.

    Domain: at least one pack, and packs of at most `length` tokens, else ValueError.
    Source: Krell et al. 2021, arXiv:2107.02027, section 3.
    Differs: pack_padded_sequence of PyTorch joins nothing: it leaves out padding, step by step of an RNN.
    Notes: R003-251.
    """
    if not packs:
        raise ValueError(f"there must be packs; got {packs}")
    rows = [[token for document in pack for token in document] for pack in packs]
    numbers = [[number for number, document in enumerate(pack) for _ in document] for pack in packs]
    too_long = [len(row) for row in rows if len(row) > length]
    if too_long:
        raise ValueError(f"a row holds {length} tokens; got a pack of {too_long[0]}")
    ids = [[*row, *[pad] * (length - len(row))] for row in rows]
    documents = [[*row, *[-1] * (length - len(row))] for row in numbers]
    return PackedBatch(torch.tensor(ids, dtype=torch.int64), torch.tensor(documents, dtype=torch.int64))


def evaluation_windows(ids: Sequence[int], bos: int, length: int) -> tuple[tuple[int, ...], ...]:
    """A long text in windows that each begin with the start token; every token of the text is scored once.

        window_i = [bos] + ids[i (L - 1) : (i + 1) (L - 1)]

    The loss of a window is that of its tokens as a text of their own.

    >>> evaluation_windows([5, 6, 7], bos=1, length=3)
    ((1, 5, 6), (1, 7))

    Domain: length >= 2, else ValueError; the last window may be shorter. No tokens, no windows.
    Source: textbook.
    Differs: windows that overlap score the tokens of a stride with more context, and are slower.
    Notes: R004-041.
    """
    if length < 2:
        raise ValueError(f"a window must hold the start token and another; got length {length}")
    return tuple((bos, *ids[start : start + length - 1]) for start in range(0, len(ids), length - 1))


def _longest(sequences: Sequence[Sequence[int]]) -> int:
    if not sequences:
        raise ValueError(f"there must be sequences; got {sequences}")
    return max(map(len, sequences))


def _padded_tokens(batches: Sequence[Sequence[int]]) -> int:
    return sum(len(batch) * max(batch) for batch in batches)
