"""Judges rotary-embedding-torch: its frequencies and its rotation of neighbouring channels, in float32.

    frequencies                           RotaryEmbedding.freqs; NTK-aware ones with theta_rescale_factor
    angles                                RotaryEmbedding.forward; of several axes get_axial_freqs
    rotation of a head, or of its start   apply_rotary_emb

Angles come twice, once for each channel of a pair, and are taken once. Tables of cosines and sines reach the rotation
as an object that has them where it expects angles.
"""

from rotary_embedding_torch import RotaryEmbedding, apply_rotary_emb

PACKAGES = ("rotary-embedding-torch",)
DTYPE = "float32"


class _Tables:
    """Angles of which the cosines and sines are given."""

    def __init__(self, cosine, sine):
        self.cosine, self.sine = cosine, sine
        self.ndim, self.shape = cosine.ndim, cosine.shape

    def __getitem__(self, index):
        return _Tables(self.cosine[index], self.sine[index])

    def cos(self):
        return self.cosine

    def sin(self):
        return self.sine


def _embedding(channels, **options):
    return RotaryEmbedding(channels, cache_if_possible=False, cache_max_seq_len=0, **options)


def _given(frequencies):
    return _embedding(2 * len(frequencies), custom_freqs=frequencies)


def _once(angles):
    return angles[..., ::2].detach().contiguous()


def _twice(table):
    return table.repeat_interleave(2, -1)


def rope_frequencies(channels, base=10000.0):
    return _embedding(channels, theta=base).freqs.detach()


def ntk_aware_frequencies(channels, base, factor):
    return _embedding(channels, theta=base, theta_rescale_factor=factor).freqs.detach()


def rope_angles(positions, frequencies):
    return _once(_given(frequencies)(positions))


def axial_rope_angles(positions, frequencies):
    places = positions.unbind(-1)
    grid = _given(frequencies).get_axial_freqs(*(int(place.max()) + 1 for place in places))
    return _once(grid[places])


def rope_interleaved(x, cosine, sine):
    return apply_rotary_emb(_Tables(_twice(cosine), _twice(sine)), x, freqs_seq_dim=-2)


def partial_rope_interleaved(x, cosine, sine):
    return rope_interleaved(x, cosine, sine)
