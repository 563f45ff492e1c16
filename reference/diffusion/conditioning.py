"""How a condition enters a denoiser: replaced at random by a null condition in training, attended to in its layers."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear


def drop_conditions(
    condition: Float[Tensor, "batch dim"],
    null_condition: Float[Tensor, "dim"],
    uniform: Float[Tensor, "batch"],
    probability: float,
) -> Float[Tensor, "batch dim"]:
    """Conditions of a batch, each replaced as a whole by the null condition with the given probability.

        out[b] = null_condition where uniform[b] < probability, else condition[b]

    One network then learns the conditional and the unconditional prediction.

    Domain: uniform in [0, 1); 0 <= probability <= 1, else ValueError. 0 keeps every condition, 1 drops every one.
    Source: Ho & Salimans 2022, arXiv:2207.12598, algorithm 1 (p_uncond).
    Notes: R003-150.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability must be in [0, 1]; got {probability}")
    return torch.where((uniform < probability)[:, None], null_condition, condition)


def cross_attention(
    queries_from: Float[Tensor, "*batch image_tokens channels"],
    memory: Float[Tensor, "*batch text_tokens text_channels"],
    query_weight: Float[Tensor, "width channels"],
    key_weight: Float[Tensor, "width text_channels"],
    value_weight: Float[Tensor, "out text_channels"],
) -> Float[Tensor, "*batch image_tokens out"]:
    """What each image token reads from the text, with one head.

        out = softmax(Q K^T / sqrt(width)) V,   Q = queries_from W_q^T,   K = memory W_k^T,   V = memory W_v^T

    Image tokens do not see each other: self-attention stays beside it. The order of the memory does not matter.

    Domain: at least one text token; else ValueError. A single one gives its value to every image token.
    Source: Rombach et al. 2021, arXiv:2112.10752, section 3.3; Vaswani et al. 2017, arXiv:1706.03762, eq. 1.
    Notes: R002-009, R003-151.
    """
    if memory.shape[-2] < 1:
        raise ValueError(f"attention needs at least one token to read; got {memory.shape[-2]}")
    q, k, v = linear(queries_from, query_weight), linear(memory, key_weight), linear(memory, value_weight)
    return torch.softmax(q @ k.mT / math.sqrt(len(query_weight)), dim=-1) @ v
