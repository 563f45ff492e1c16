"""Parts of a transformer beside those of transformers and PyTorch: rotary positions, decoding with a cache, norms.

Multi-scale residual quantisation stands alone: no package offers it.
"""

from collections.abc import Callable

import torch
from torch.nn.functional import layer_norm, rms_norm, scaled_dot_product_attention
from transformers import DynamicCache, LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

from benchmarks.loops import EAGER, EAGER_AND_COMPILED, Growth, Loop, LoopBesidePeer
from benchmarks.peers import assert_same
from reference.transformer import norms
from reference.transformer.attention import grouped_query_attention
from reference.transformer.cache import CachedAttention, KeyValueCache, append_to_cache
from reference.transformer.masks import causal_mask
from reference.transformer.positions import rope_angles, rope_half_split
from reference.transformer.residual_vq import (
    MultiscaleCode,
    blended_convolution,
    multiscale_encode,
    shared_phi_indices,
)

LENGTHS, NORM_TOKENS = [100, 1_000, 10_000, 100_000], [10, 100, 1_000, 10_000]
HEADS, GROUPS, CHANNELS, MODEL_CHANNELS = 8, 2, 64, 4096
SIDES, CODE_CHANNELS, NUM_PHI, PHI_RATIO = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16), 32, 4, 0.5

Pair = tuple[torch.Tensor, torch.Tensor]


def llama_rotary(tokens: int, device: str) -> LlamaRotaryEmbedding:
    heads = {"num_attention_heads": HEADS, "num_key_value_heads": GROUPS, "hidden_size": HEADS * CHANNELS}
    return LlamaRotaryEmbedding(LlamaConfig(max_position_embeddings=tokens, **heads)).to(device)


class RopeTable(LoopBesidePeer, size="tokens", sizes=LENGTHS, peer="transformers"):
    """Cosines and sines of all positions; transformers has each twice, for both channels of a pair."""

    def prepare(self, size: int, device: str) -> None:
        self.rotary = llama_rotary(size, device)
        self.positions = torch.arange(size, device=device)
        self.witness = torch.empty(0, device=device)  # whose dtype and device transformers takes
        self.least_bytes = self.positions.nbytes + 4 * size * CHANNELS

    def reference(self) -> Pair:
        angles = rope_angles(self.positions, self.rotary.inv_freq)
        return angles.cos(), angles.sin()

    def peer(self) -> Pair:
        return self.rotary(self.witness, self.positions[None])

    def check(self) -> None:
        for reference, peer in zip(self.reference(), self.peer(), strict=True):
            assert_same(torch.cat([reference, reference], -1)[None], peer)


class Rope(LoopBesidePeer, size="tokens", sizes=LENGTHS, peer="transformers", modes=EAGER_AND_COMPILED):
    """Queries and keys of all heads turned by their positions, from tables that are there already."""

    def prepare(self, size: int, device: str) -> None:
        self.query = self.normal(1, HEADS, size, CHANNELS).to(device)
        self.key = self.normal(1, GROUPS, size, CHANNELS).to(device)
        self.wide = llama_rotary(size, device)(self.query, torch.arange(size, device=device)[None])
        self.cosine, self.sine = (table[0, :, : CHANNELS // 2].contiguous() for table in self.wide)
        self.least_bytes = 2 * (self.query.nbytes + self.key.nbytes + self.cosine.nbytes)
        self.turn = self.compiled(self._turn)

    def _turn(self) -> Pair:
        query = rope_half_split(self.query, self.cosine, self.sine)
        return query, rope_half_split(self.key, self.cosine, self.sine)

    def reference(self) -> Pair:
        return self.turn()

    def peer(self) -> Pair:
        return apply_rotary_pos_emb(self.query, self.key, *self.wide)


class CachedDecoding(LoopBesidePeer, size="cached", sizes=LENGTHS, peer="transformers"):
    """One new token whose grouped heads attend to itself and to a cache, and the cache with it.

    The peer's cache drops its last token first, so that every call finds it as long as before.
    """

    def prepare(self, size: int, device: str) -> None:
        self.query = self.normal(1, HEADS, 1, CHANNELS).to(device)
        self.new, self.cache = (
            KeyValueCache(*(self.normal(1, GROUPS, tokens, CHANNELS).to(device) for _ in range(2)))
            for tokens in (1, size)
        )
        self.dynamic = DynamicCache()
        self.dynamic.update(*append_to_cache(self.cache, *self.new), layer_idx=0)
        self.least_bytes = self.cache.key.nbytes + self.cache.value.nbytes
        self.least_flops = 4 * HEADS * CHANNELS * size

    def reference(self) -> CachedAttention:
        cache = append_to_cache(self.cache, *self.new)
        mask = causal_mask(1, cache.key.shape[-2]).to(self.query.device)
        return CachedAttention(grouped_query_attention(self.query, *cache, mask), cache)

    def peer(self) -> CachedAttention:
        self.dynamic.crop(-1)
        cache = KeyValueCache(*self.dynamic.update(*self.new, layer_idx=0))
        return CachedAttention(scaled_dot_product_attention(self.query, *cache, enable_gqa=True), cache)


class GrowthOverCache(Growth, forms=["cached_decoding"], size="cached tokens"):
    """One new token; without a cache the exponent would be 2."""

    def form(self, name: str) -> tuple[Callable[[int], Callable[[], object]], list[int]]:
        def at(cached: int) -> Callable[[], object]:
            loop = CachedDecoding()
            loop.setup(cached, "cpu", *EAGER)
            return loop.reference

        return at, [20_000, 40_000, 80_000, 160_000]


class LayerNorm(LoopBesidePeer, size="tokens", sizes=NORM_TOKENS, peer="torch", modes=EAGER_AND_COMPILED):
    """Tokens standardised over their channels, scaled and shifted."""

    def prepare(self, size: int, device: str) -> None:
        self.x = self.normal(size, MODEL_CHANNELS).to(device)
        self.gain, self.bias = (self.normal(MODEL_CHANNELS).to(device) for _ in range(2))
        self.least_bytes = 2 * self.x.nbytes
        self.norm = self.compiled(self._norm)

    def _norm(self) -> torch.Tensor:
        return norms.layer_norm(self.x, self.gain, self.bias, 1e-5)

    def reference(self) -> torch.Tensor:
        return self.norm()

    def peer(self) -> torch.Tensor:
        return layer_norm(self.x, (MODEL_CHANNELS,), self.gain, self.bias, 1e-5)


class RmsNorm(LoopBesidePeer, size="tokens", sizes=NORM_TOKENS, peer="torch"):
    """Tokens divided by their root mean square and scaled."""

    def prepare(self, size: int, device: str) -> None:
        self.x, self.gain = self.normal(size, MODEL_CHANNELS).to(device), self.normal(MODEL_CHANNELS).to(device)
        self.least_bytes = 2 * self.x.nbytes

    def reference(self) -> torch.Tensor:
        return norms.rms_norm(self.x, self.gain, 1e-5)

    def peer(self) -> torch.Tensor:
        return rms_norm(self.x, (MODEL_CHANNELS,), self.gain, 1e-5)


class MultiscaleEncoding(Loop, size="codes", sizes=[4, 40, 400, 4_000]):
    """The features of one image as codes of ten grids, with the shared convolutions of VAR."""

    def prepare(self, size: int, device: str) -> None:
        self.features = self.normal(1, CODE_CHANNELS, SIDES[-1], SIDES[-1]).to(device)
        self.codebook = self.normal(size, CODE_CHANNELS).to(device)
        self.weights = (0.05 * self.normal(NUM_PHI, CODE_CHANNELS, CODE_CHANNELS, 3, 3)).to(device)
        self.biases = self.normal(NUM_PHI, CODE_CHANNELS).to(device)
        self.modules = shared_phi_indices(len(SIDES), NUM_PHI)
        tokens = sum(side**2 for side in SIDES)
        self.least_bytes = self.codebook.nbytes + (1 + 2 * len(SIDES)) * self.features.nbytes + 8 * tokens
        convolutions = len(SIDES) * 9 * CODE_CHANNELS * self.features.numel()
        self.least_flops = 2 * (tokens * size * CODE_CHANNELS + convolutions)

    def _phi(self, h: torch.Tensor, scale: int) -> torch.Tensor:
        module = self.modules[scale]
        return blended_convolution(h, self.weights[module], self.biases[module], PHI_RATIO)

    def reference(self) -> MultiscaleCode:
        return multiscale_encode(self.features, self.codebook, SIDES, self._phi)
