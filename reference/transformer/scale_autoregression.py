"""Next-scale prediction, the transformer side of VAR: all tokens of a scale at once, given those of coarser scales.

Sides, codes and phi are those of `reference.transformer.residual_vq`. The inputs of scale k + 1 are the reconstruction
from scales up to k, resized to its grid; those of scale 0 are start tokens.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reference.diffusion.guidance import classifier_free_guidance_by_weight
from reference.training.losses import softmax_log_loss
from reference.transformer.residual_vq import area_resize, multiscale_decode, scale_bounds, scale_contribution


class NextScale(NamedTuple):
    """The reconstruction with one scale more, and the inputs of the scale that follows."""

    f_hat: Float[Tensor, "*batch channels side side"]
    tokens: Float[Tensor, "*batch tokens channels"]


class GeneratedScales(NamedTuple):
    """The codes of all scales as one sequence, the logits that they were chosen from, and their reconstruction."""

    indices: Int64[Tensor, "*batch tokens"]
    logits: Float[Tensor, "*batch tokens codes"]
    f_hat: Float[Tensor, "*batch channels side side"]


def scale_causal_mask(sides: Sequence[int]) -> Bool[Tensor, "tokens tokens"]:
    """True where a token may attend to another: to all of its own scale and of the coarser ones.

        mask[q, k] = scale of q >= scale of k

    sum_k n_k end_k pairs are visible, n_k = sides_k^2. Scale-by-scale inference with cached keys needs no mask.

    Domain: at least one side, each at least 1; else ValueError.
    Source: Tian et al. 2024, arXiv:2404.02905, section 3.2.
    Notes: R001-119.
    """
    scales = [torch.full((end - begin,), k) for k, (begin, end) in enumerate(scale_bounds(sides))]
    scale = torch.cat(scales)
    return scale[:, None] >= scale


def next_scale_input(
    f_hat: Float[Tensor, "*batch channels side side"],
    indices: Int64[Tensor, "*batch tokens"],
    codebook: Float[Tensor, "codes channels"],
    scale: int,
    sides: Sequence[int],
    phi: Callable[[Tensor, int], Tensor],
) -> NextScale:
    """The reconstruction after one scale more, and the inputs of the scale that follows.

        f_hat + h_k,   tokens = area(f_hat + h_k, sides_{k+1}) row by row

    After the last scale there are no tokens.

    Domain: f_hat of side sides[-1] and sides[scale]^2 indices; else ValueError.
    Source: Tian et al. 2024, arXiv:2404.02905, section 3.2; `get_next_autoregressive_input` in its code.
    Notes: R001-087, R001-122.
    """
    if f_hat.shape[-2:] != (sides[-1], sides[-1]):
        raise ValueError(f"f_hat of {tuple(f_hat.shape[-2:])} does not have the side of the last of the scales {sides}")
    f_hat = f_hat + scale_contribution(indices, codebook, scale, sides, phi)
    if scale + 1 == len(sides):
        return NextScale(f_hat, f_hat.new_empty(*f_hat.shape[:-3], 0, f_hat.shape[-3]))
    return NextScale(f_hat, area_resize(f_hat, sides[scale + 1]).flatten(-2).mT.contiguous())


def teacher_forcing_inputs(
    indices: Int64[Tensor, "*batch tokens"],
    codebook: Float[Tensor, "codes channels"],
    sides: Sequence[int],
    phi: Callable[[Tensor, int], Tensor],
) -> Float[Tensor, "*batch inputs channels"]:
    """Inputs of scales 1..K-1 in training, from the true codes: sides_0^2 fewer than there are tokens.

        block k = area(f_hat_{k-1}, sides_k) row by row,   f_hat_{k-1} = sum_{j<k} phi_j(up(e[indices_j]))

    Block k depends on the codes of scales before k alone, and the last block is f_hat_{K-2} itself. One scale has no
    inputs.

    Domain: as many indices as `scale_bounds` counts; else ValueError.
    Source: Tian et al. 2024, arXiv:2404.02905, section 3.2; `idxBl_to_var_input` in its code.
    Notes: R001-087.
    """
    before = multiscale_decode(indices, codebook, sides, phi)
    blocks = [area_resize(f_hat, side).flatten(-2).mT for f_hat, side in zip(before[:-1], sides[1:], strict=True)]
    return torch.cat([codebook.new_empty(*indices.shape[:-1], 0, codebook.shape[1]), *blocks], -2)


def scale_guided_logits(
    unconditional: Float[Tensor, "*shape"],
    conditional: Float[Tensor, "*shape"],
    scale: int,
    num_scales: int,
    weight: float,
) -> Float[Tensor, "*shape"]:
    """Logits moved away from the unconditional ones, the more the finer the scale.

        (1 + t) conditional - t unconditional,   t = weight scale / (num_scales - 1)

    Scale 0 is not guided, the last one by the full weight.

    Domain: 0 <= scale < num_scales and num_scales >= 2; else ValueError.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`autoregressive_infer_cfg`); weight 1.5 in its evaluation.
    Differs: Infinity writes g conditional + (1 - g) unconditional, where g = 1 + t.
    Notes: R001-098.
    """
    if not 0 <= scale < num_scales or num_scales < 2:
        raise ValueError(f"scale {scale} of {num_scales} has no relative depth")
    return classifier_free_guidance_by_weight(unconditional, conditional, weight * scale / (num_scales - 1))


def progressive_token_weights(sides: Sequence[int], stage: int, ramp: float) -> Float[Tensor, "tokens"]:
    """Weight of each token in the loss while training has come to scale `stage`, up to the end of that scale.

        1 / L for the tokens of earlier scales,   clip(ramp, 0.01, 1) / L for those of the newest

    with L the tokens of all scales, so that the weights sum to less than 1 before the last stage. There every token
    has weight 1 / L, whatever the ramp.

    Domain: 0 <= stage < len(sides); else ValueError. In the first of the stages that are trained the ramp is 1.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`train_step`, `prog_si`).
    Notes: R001-121.
    """
    if not 0 <= stage < len(sides):
        raise ValueError(f"stage {stage} is not one of the {len(sides)} scales")
    bounds = scale_bounds(sides)
    (begin, end), (_, total) = bounds[stage], bounds[-1]
    newest = 1.0 if stage == len(sides) - 1 else min(max(ramp, 0.01), 1.0)
    weights = torch.ones(end, dtype=torch.float64)
    weights[begin:] = newest
    return weights / total


def next_scale_loss(
    logits: Float[Tensor, "*batch tokens codes"],
    targets: Int64[Tensor, "*batch tokens"],
    weights: Float[Tensor, "tokens"],
) -> Float[Tensor, ""]:
    """Cross-entropy of the codes of all scales, summed over the tokens with their weights and meaned over the batch.

        mean over the batch of sum_i weights_i (-log softmax(logits_i)[targets_i])

    Weights 1 / L make it the mean over all B L tokens, log V for equal logits.

    Domain: targets in 0..codes-1.
    Source: Tian et al. 2024, arXiv:2404.02905, section 3.2; `train_step` in its code.
    Notes: R001-121.
    """
    return (weights * softmax_log_loss(logits, targets)).sum(-1).mean()


def generate_by_scale(
    start: Float[Tensor, "*batch first width"],
    cache: Float[Tensor, "*cached"],
    step: Callable[[Tensor, int, Tensor], tuple[Tensor, Tensor]],
    choose: Callable[[Tensor, int], Tensor],
    codebook: Float[Tensor, "codes channels"],
    sides: Sequence[int],
    phi: Callable[[Tensor, int], Tensor],
) -> GeneratedScales:
    """Codes drawn scale by scale, with the logits and the reconstruction that belong to them.

        tokens_0 = start,   f_hat = 0
        for each scale k:   logits_k, cache = step(tokens_k, k, cache),   indices_k = choose(logits_k, k)
                            f_hat += h_k,   tokens_{k+1} = area(f_hat, sides_{k+1})

    `step` returns the logits of the tokens of scale k, which attend to the cached ones and to each other, and the
    cache with them added. With the codes of `teacher_forcing_inputs` for `choose`, the logits are those that one
    pass under `scale_causal_mask` gives, and f_hat is what `multiscale_decode` ends in.

    Domain: sides[0]^2 start tokens of any width; else ValueError.
    Source: Tian et al. 2024, arXiv:2404.02905, section 3.2; `autoregressive_infer_cfg` in its code.
    Differs: VAR may mix the codes by a Gumbel softmax instead of choosing one (`more_smooth`).
    Notes: R001-122.
    """
    if start.shape[-2] != scale_bounds(sides)[0][1]:
        raise ValueError(f"the first of the scales {sides} does not have {start.shape[-2]} tokens")
    f_hat = codebook.new_zeros(*start.shape[:-2], codebook.shape[1], sides[-1], sides[-1])
    tokens, chosen, predicted = start, [], []
    for scale in range(len(sides)):
        logits, cache = step(tokens, scale, cache)
        indices = choose(logits, scale)
        f_hat, tokens = next_scale_input(f_hat, indices, codebook, scale, sides, phi)
        chosen.append(indices)
        predicted.append(logits)
    return GeneratedScales(torch.cat(chosen, -1), torch.cat(predicted, -2), f_hat)
