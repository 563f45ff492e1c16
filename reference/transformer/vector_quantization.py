"""Quantisers: the code nearest to a vector, what trains the codes, and how many of them are in use."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.probability.norms import l2_normalize
from reference.training.averaging import moving_average_step


def nearest_code(
    z: Float[Tensor, "*batch channels"], codebook: Float[Tensor, "codes channels"]
) -> Int64[Tensor, "*batch"]:
    """Index of the code nearest to each vector.

        index = argmin_v |z - e_v|^2

    Domain: at least one code; else ValueError. Of equally near codes the first.
    Source: van den Oord et al. 2017, arXiv:1711.00937, eq. 1.
    Differs: VAR's code expands |z|^2 - 2 z . e + |e|^2 in float32, which can flip near ties.
    Notes: R001-085.
    """
    _check_codebook(codebook)
    return (z[..., None, :] - codebook).square().sum(-1).argmin(-1)


def nearest_code_by_cosine(
    z: Float[Tensor, "*batch channels"], codebook: Float[Tensor, "codes channels"]
) -> Int64[Tensor, "*batch"]:
    """Index of the code whose direction is nearest to that of each vector, whatever their lengths.

        index = argmax_v (z / |z|) . (e_v / |e_v|)

    Domain: at least one code; else ValueError. A zero vector or code has cosine 0 with everything, so a zero vector
    gets the first code. Which of two codes of one direction is taken is left to rounding.
    Source: Yu et al. 2021 (ViT-VQGAN), arXiv:2110.04627, section 3.2; `using_znorm` in VAR's code.
    Notes: R001-085.
    """
    _check_codebook(codebook)
    return (l2_normalize(z) @ l2_normalize(codebook).T).argmax(-1)


def straight_through(z: Float[Tensor, "*shape"], quantized: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The quantised value, whose gradient goes to z as if nothing had been quantised, and to no code.

        value = quantized,   d out / d z = identity,   d out / d quantized = 0

    Domain: finite z. The losses of the codes are to be taken from `quantized` itself, since here they get no gradient.
    Source: Bengio et al. 2013, arXiv:1308.3432; van den Oord et al. 2017, arXiv:1711.00937, section 3.2.
    Differs: z + sg(quantized - z) in most code, whose value carries the rounding of a difference and a sum.
    Notes: R001-085.
    """
    return quantized.detach() + (z - z.detach())


def multiscale_vq_loss(
    f: Float[Tensor, "*shape"], f_hat: Float[Tensor, "scales *shape"], beta: float = 0.25
) -> Float[Tensor, ""]:
    """Loss that draws the codes to the features and, weighted by beta, the features to the codes, meaned over scales.

        mean_k [ mean (f_hat_k - sg(f))^2 + beta mean (sg(f_hat_k) - f)^2 ]

    with f_hat_k the reconstruction after scale k and sg without gradient. Plain VQ is the case of one scale.

    Domain: beta >= 0, else ValueError; at 0 the features are not drawn at all.
    Source: Tian et al. 2024, arXiv:2404.02905, section 3.2 and code; van den Oord et al. 2017, arXiv:1711.00937, eq. 3.
    Differs: the paper of VQ-VAE sums over elements; beside a reconstruction loss that is summed these means weigh too
    little. taming-transformers puts beta on the first term unless `legacy=False`.
    Notes: R001-085.
    """
    if beta < 0:
        raise ValueError(f"beta must not be negative; got {beta}")
    to_features = (f_hat - f.detach()).square().mean()
    to_codes = (f_hat.detach() - f).square().mean()
    return to_features + beta * to_codes


def update_code_usage(
    usage: Float[Tensor, "codes"], indices: Int64[Tensor, "*batch"], num_updates: int
) -> Float[Tensor, "codes"]:
    """Moving average of how often each code is chosen in a batch, after num_updates earlier ones.

        usage_v <- d usage_v + (1 - d) #{indices = v}

    with d = 0 for num_updates = 0, the first update, then 0.9 below 100, and 0.99 from there on.

    Domain: num_updates >= 0, else ValueError; indices in 0..codes-1.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`ema_vocab_hit_SV`), where each scale has a usage of its own.
    Differs: there one counter advances at every scale. Hence only the first scale starts with its counts, the others
    with a tenth of them, and with 10 scales d = 0.9 lasts 10 iterations.
    Notes: R001-085.
    """
    if num_updates < 0:
        raise ValueError(f"num_updates must not be negative; got {num_updates}")
    decay = 0.0 if num_updates == 0 else 0.9 if num_updates < 100 else 0.99
    counts = (indices.flatten()[:, None] == torch.arange(len(usage), device=usage.device)).sum(0)
    return moving_average_step(usage, counts.to(usage.dtype), decay)


def used_code_share(usage: Float[Tensor, "codes"], num_positions: int, threshold: float = 0.08) -> Float[Tensor, ""]:
    """Share of the codes that are chosen at least `threshold` times as often as if all were chosen equally often.

        #{usage_v >= threshold num_positions / codes} / codes

    Domain: num_positions >= 1 and threshold > 0, else ValueError.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`usages`), as a percentage.
    Differs: there num_positions counts the positions of f at every scale, of which a coarse scale chooses few codes.
    Notes: R001-085.
    """
    if num_positions < 1 or not threshold > 0:
        raise ValueError(f"{num_positions} positions and a threshold of {threshold} leave no code unused")
    return (usage >= threshold * num_positions / len(usage)).to(usage.dtype).mean()


def smoothed_code_counts(
    counts: Float[Tensor, "*codebooks codes"], epsilon: float
) -> Float[Tensor, "*codebooks codes"]:
    """Counts of each codebook moved towards their mean, so that none is 0 and their sum stays.

        out_v = N (n_v + epsilon) / (N + V epsilon),   N = sum_v n_v

    It divides the moving sums of vectors in a codebook that is trained by averaging.

    Domain: epsilon > 0, else ValueError. A codebook without counts stays at 0.
    Source: code of van den Oord et al. 2017, arXiv:1711.00937, appendix A.1 (`VectorQuantizerEMA` in Sonnet).
    Notes: none.
    """
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0; got {epsilon}")
    total = counts.sum(-1, keepdim=True)
    return total * (counts + epsilon) / (total + counts.shape[-1] * epsilon)


def fsq_bound(z: Float[Tensor, "*batch channels"], levels: Sequence[int]) -> Float[Tensor, "*batch channels"]:
    """Each channel squashed into a range in which rounding finds its number of levels, with 0 at 0.

        out = h tanh(z + atanh(o / h)) - o,   h = (L - 1) / 2,   o = 0 for odd L, 1/2 for even L

    out lies strictly between -h - o and h - o, so that it rounds to the integers -floor(L / 2)..ceil(L / 2) - 1, and
    `straight_through` of it and its rounding is finite scalar quantisation.

    Domain: one number of levels, at least 3, for each channel; else ValueError. Two levels have o / h = 1.
    Source: Mentzer et al. 2023, arXiv:2309.15505, section 3.1 and its code.
    Differs: that code has tan for atanh, which does not map 0 to 0 for even L, and h a thousandth smaller.
    Notes: none.
    """
    if len(levels) != z.shape[-1] or min(levels) < 3:
        raise ValueError(f"{z.shape[-1]} channels need as many numbers of levels, each at least 3; got {levels}")
    half = (torch.tensor(levels, dtype=z.dtype, device=z.device) - 1) / 2
    offset = half % 1
    return half * torch.tanh(z + torch.atanh(offset / half)) - offset


def _check_codebook(codebook: Tensor) -> None:
    if not len(codebook):
        raise ValueError(f"a codebook needs at least one code; got {len(codebook)}")
