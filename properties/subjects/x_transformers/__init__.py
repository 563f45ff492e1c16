"""Judges x-transformers: its attention, its rotary and relative positions, its norm and its gated units.

    attention, with biases                Attend with a mask, or with attn_bias
    shared heads of keys                  Attend with fewer heads of keys
    attention in heads, pooled            Attention; AttentionPool with one token for the query
    causal mask                           attend.create_causal_mask, which is True where nothing is seen
    ALiBi                                 AlibiPositionalBias
    buckets of T5                         RelativePositionBias._relative_position_bucket
    sinusoidal positions                  ScaledSinusoidalEmbedding with scale 1, all sines before all cosines there
    frequencies, NTK-aware                inv_freq of RotaryEmbedding, with base_rescale_factor
    frequencies over a factor             angles of RotaryEmbedding at position 1, with interpolation_factor
    angles                                RotaryEmbedding
    rotations                             apply_rotary_pos_emb, also of the first channels of a head
    RMS norm                              RMSNorm for an epsilon of 0
    gated units                           GLU, FeedForward with glu, swish and no_bias

A rotation takes angles: what it is handed has the given tables for its cosine and its sine. The pool projects its
tokens to queries, which the identity leaves as they are. The first layer of a gated feed-forward has a bias: it is 0.
"""

import torch
from torch import nn
from torch.func import functional_call
from x_transformers import x_transformers as layers
from x_transformers.attend import Attend, create_causal_mask

PACKAGES = ("x-transformers",)
DTYPE = "float32"


# Attention


def attention(query, key, value, mask):
    return _attended([x[..., None, :, :] for x in (query, key, value)], mask=mask[..., None, :, :]).squeeze(-3)


def biased_attention(query, key, value, bias):
    return _attended([x[..., None, :, :] for x in (query, key, value)], attn_bias=bias[..., None, :, :]).squeeze(-3)


def grouped_query_attention(query, key, value, mask):
    return _attended([query, key, value], mask=mask)


def multi_head_attention(queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask):
    (width, channels), memory_channels = query_weight.shape, key_weight.shape[1]
    layer = layers.Attention(channels, dim_context=memory_channels, **_sizes(width, value_weight, out_weight, heads))
    projections = {"q": query_weight, "k": key_weight, "v": value_weight, "out": out_weight}
    weights = {f"to_{name}.weight": weight for name, weight in projections.items()}
    seen = _batched(mask.expand(*queries_from.shape[:-1], memory.shape[-2]), 2)[:, None]
    inputs = _batched(queries_from, 2), _batched(memory, 2)
    return functional_call(layer, weights, inputs, {"attn_mask": seen}).reshape(*queries_from.shape[:-1], -1)


def attention_pool(tokens, query, key_weight, value_weight, out_weight, kept):
    heads, d = query.shape
    sizes = _sizes(heads * d, value_weight, out_weight, heads)
    sizes = {name: sizes.pop(name) for name in ("heads", "dim_head")} | {"attn_kwargs": sizes}
    layer = layers.AttentionPool(heads * d, dim_context=tokens.shape[-1], **sizes)
    projections = {"q": torch.eye(heads * d).to(query), "k": key_weight, "v": value_weight, "out": out_weight}
    weights = {f"pooler.to_{name}.weight": weight for name, weight in projections.items()}
    weights["queries"] = query.reshape(1, -1)
    out = functional_call(layer, weights, (_batched(tokens, 2),), {"mask": _batched(kept, 1)})
    return out.reshape(*tokens.shape[:-2], -1)


def _attended(heads, **masks):
    """With one axis for the batch, and masks of the shape of the scores."""
    query, key, _ = heads
    shape = *query.shape[:-1], key.shape[-2]
    masks = {name: _batched(mask.expand(shape), 3) for name, mask in masks.items()}
    return Attend()(*[_batched(x, 3) for x in heads], **masks)[0].reshape(*query.shape[:-1], -1)


def _batched(x, kept):
    """The tensor with one axis for the batch, before as many axes as are kept."""
    return x.reshape(-1, *x.shape[x.ndim - kept :])


def _sizes(width, value_weight, out_weight, heads):
    widths = {"dim_head": width // max(heads, 1), "value_dim_head": len(value_weight) // max(heads, 1)}
    return {"heads": heads, **widths, "dim_out": len(out_weight), "project_out": True}


def causal_mask(queries, keys):
    return ~create_causal_mask(queries, keys, "cpu")


# Relative positions


def alibi_slopes(heads):
    return layers.AlibiPositionalBias(heads).slopes.flatten()


def alibi_bias(slopes, queries, keys):
    layer = layers.AlibiPositionalBias(len(slopes), slopes=slopes.tolist())
    return layer.to(slopes.device)(queries, keys)


def t5_causal_buckets(relative, num_buckets=32, max_distance=128):
    return layers.RelativePositionBias._relative_position_bucket(relative, True, num_buckets, max_distance)


def t5_bidirectional_buckets(relative, num_buckets=32, max_distance=128):
    return layers.RelativePositionBias._relative_position_bucket(relative, False, num_buckets, max_distance)


# Positions


def sinusoidal_position_embedding(positions, channels, base=10000.0):
    layer = layers.ScaledSinusoidalEmbedding(channels, base).to(positions.device)
    row = positions.reshape(1, -1)
    sines_and_cosines = functional_call(layer, {"scale": torch.ones_like(row[0, :1])}, (row, row[0]))
    return sines_and_cosines.reshape(*positions.shape, 2, -1).mT.flatten(-2)


def rope_frequencies(channels, base=10000.0):
    return layers.RotaryEmbedding(channels, base=base).inv_freq


def ntk_aware_frequencies(channels, base, factor):
    return layers.RotaryEmbedding(channels, base=base, base_rescale_factor=factor).inv_freq


def linear_scaled_frequencies(frequencies, factor):
    return _angles(torch.ones_like(frequencies[:1]), frequencies, interpolation_factor=factor)[0]


def rope_angles(positions, frequencies):
    return _angles(positions.flatten(), frequencies).reshape(*positions.shape, -1)


def _angles(positions, frequencies, **interpolation):
    layer = layers.RotaryEmbedding(2 * len(frequencies), **interpolation)
    return functional_call(layer, {"inv_freq": frequencies}, positions)[0][0, :, ::2].clone()


def rope_interleaved(x, cosine, sine):
    if x.shape[-1] > 2 * cosine.shape[-1]:
        raise NotImplementedError("x-transformers has no rotation that refuses to be of the first channels only")
    return partial_rope_interleaved(x, cosine, sine)


def partial_rope_interleaved(x, cosine, sine):
    tables = [table.expand(*x.shape[:-1], -1).repeat_interleave(2, -1) for table in (cosine, sine)]
    rows = [row.reshape(1, -1, row.shape[-1]) for row in (x, *tables)]
    return layers.apply_rotary_pos_emb(rows[0], _Angles(*rows[1:])).reshape(x.shape)


class _Angles:
    """Angles of which the cosines and the sines are given."""

    def __init__(self, cosine, sine):
        self.cos, self.sin = lambda: cosine, lambda: sine
        self.shape, self.ndim = cosine.shape, cosine.ndim

    def __getitem__(self, rows):
        return self


# Norms, gated units


def rms_norm(x, gain, epsilon):
    if epsilon != 0:
        raise NotImplementedError("x-transformers has no epsilon in its RMSNorm")
    return functional_call(layers.RMSNorm(x.shape[-1]), {"g": gain}, x)


def swiglu(x, gate_weight, gate_bias, up_weight, up_bias):
    weights = {"proj.weight": torch.cat([up_weight, gate_weight]), "proj.bias": torch.cat([up_bias, gate_bias])}
    return functional_call(layers.GLU(x.shape[-1], len(up_bias), nn.SiLU()), weights, x)


def swiglu_feed_forward(x, gate_weight, up_weight, down_weight):
    fused = torch.cat([up_weight, gate_weight])
    weights = {"ff.0.proj.weight": fused, "ff.0.proj.bias": torch.zeros_like(fused[:, 0])}
    layer = layers.FeedForward(x.shape[-1], mult=len(up_weight) / x.shape[-1], glu=True, swish=True, no_bias=True)
    return functional_call(layer, weights | {"ff.2.weight": down_weight}, x)
