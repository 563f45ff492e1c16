"""Token sequences on their way to the network: padding, shards, batches and embeddings."""

import itertools
from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.diffusion.layout import PAD

Item = TypeVar("Item")


def pad_tokens(tokens: Sequence[int], length: int) -> tuple[int, ...]:
    """The tokens, followed by as many PAD as make up the length.

        >>> pad_tokens((0, 5, 1), 5)
        (0, 5, 1, 3, 3)

    Domain: at most `length` tokens; else ValueError.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`_collate_batch_helper`).
    Differs: that code cuts longer sequences, which loses END.
    Notes: R000-004.
    """
    if len(tokens) > length:
        raise ValueError(f"at most {length} tokens fit; got {len(tokens)}")
    return *tokens, *[PAD] * (length - len(tokens))


def strided_shard(items: Sequence[Item], rank: int, world_size: int) -> tuple[Item, ...]:
    """The share of one of W workers: every W-th item, in order.

        item j of rank r = items[r + j W]

        >>> strided_shard("abcdefg", 1, 3)
        ('b', 'e')

    Domain: 0 <= rank < world_size; else ValueError. Shards differ by one item in length unless W divides the number of
    items, and are empty for ranks beyond it; workers that wait for each other after every batch must allow for that.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`TextDataset`).
    Differs: `torch.utils.data.DistributedSampler` makes shards equally long: it repeats items, or drops the last ones.
    Notes: R000-006.
    """
    if not 0 <= rank < world_size:
        raise ValueError(f"rank must be at least 0 and less than {world_size}; got {rank}")
    return tuple(items[rank::world_size])


def infinite_batches(items: Sequence[Item], batch_size: int) -> Iterator[tuple[Item, ...]]:
    """Full batches in the given order, epoch after epoch, for ever; an epoch leaves out what fills no batch.

        batch k = items[B (k mod n) : B (k mod n) + B],   n = floor(N / B)

        >>> batches = infinite_batches("abcdefg", 3)
        >>> next(batches), next(batches), next(batches)
        (('a', 'b', 'c'), ('d', 'e', 'f'), ('a', 'b', 'c'))

    Domain: 1 <= batch_size <= N; else ValueError, since a loop over no batches would never return.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`load_data_text`, deterministic).
    Differs: for training that code shuffles every epoch anew.
    Notes: R000-007.
    """
    if not 1 <= batch_size <= len(items):
        raise ValueError(f"batch_size must lie in 1..{len(items)}; got {batch_size}")
    starts = range(0, len(items) - batch_size + 1, batch_size)
    return itertools.cycle(tuple(items[start : start + batch_size]) for start in starts)


def token_embeddings(
    table: Float[Tensor, "vocabulary dim"], tokens: Int64[Tensor, "*shape"]
) -> Float[Tensor, "*shape dim"]:
    """The row of the table for each token.

        out = onehot(tokens) @ table

    Domain: tokens in 0..vocabulary-1; else IndexError (on a GPU a device assertion). The vocabulary does not hold MASK,
    so a table of its size has no row for it.
    Source: textbook; Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`helper_tokenize_encode`).
    Differs: indexing as in table[tokens] takes negative ids from the end.
    Notes: R000-005.
    """
    return torch.nn.functional.embedding(tokens, table)
