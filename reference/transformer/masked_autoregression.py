"""Masked autoregression (MAR): continuous tokens are generated in random order, several at a time, by a diffusion loss.

`order` lists the positions of each sample; its first m entries are masked, so that generation runs from its end to its
start. `masked` is True where a token is hidden and to be predicted.
"""

import itertools
import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from reference.diffusion.guidance import classifier_free_guidance
from reference.diffusion.posteriors import sample_gaussian
from reference.training.losses import mean_of_kept


class GenerationState(NamedTuple):
    """Tokens so far, the order in which positions are masked, and how many of its first entries still are."""

    tokens: Float[Tensor, "*batch tokens channels"]
    order: Int64[Tensor, "*batch tokens"]
    num_masked: int


def generation_order(uniform: Float[Tensor, "*batch tokens"]) -> Int64[Tensor, "*batch tokens"]:
    """Random permutation of the positions of each sample: those of its uniform numbers, from the smallest up.

        out[k] = position of the k-th smallest of uniform[0..n-1]

    Domain: every real number; of equal ones the first position comes first.
    Source: Li et al. 2024, arXiv:2406.11838, section 3.4 (random orders).
    Differs: the authors' code shuffles 0..n-1, which has the same distribution.
    Notes: R001-129.
    """
    return uniform.argsort(dim=-1, stable=True)


def masking_rate(uniform: float, least: float = 0.7, deviation: float = 0.25) -> float:
    """Share of masked tokens in training: a normal variable around 1, cut to [least, 1], at a uniform number.

        r = 1 + deviation Phi^-1(c + uniform (1/2 - c)),   c = Phi((least - 1) / deviation)

    One number serves a whole batch, so that every sample shows the encoder equally many tokens.

    Domain: uniform in [0, 1], least < 1 and deviation > 0; else ValueError. 0 gives least, 1 gives 1.
    Source: Li et al. 2024, arXiv:2406.11838, section 4.2 and code (`mask_ratio_generator`).
    Notes: R001-127.
    """
    if not 0 <= uniform <= 1:
        raise ValueError(f"uniform must be in [0, 1]; got {uniform}")
    if not least < 1:
        raise ValueError(f"least must be below 1; got {least}")
    if not deviation > 0:
        raise ValueError(f"deviation must be positive; got {deviation}")
    below = math.erfc((1 - least) / (math.sqrt(2) * deviation)) / 2
    return NormalDist(1, deviation).inv_cdf(below + uniform * (0.5 - below))


def num_masked_tokens(num_tokens: int, rate: float) -> int:
    """Number of tokens that a masking rate hides, rounded up.

        m = ceil(num_tokens rate)

    Domain: num_tokens >= 1 and rate in [0, 1]; else ValueError.
    Source: Li et al. 2024, arXiv:2406.11838, code (`random_masking`).
    Notes: R001-127.
    """
    if num_tokens < 1:
        raise ValueError(f"there must be at least one token; got {num_tokens}")
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must be in [0, 1]; got {rate}")
    return math.ceil(num_tokens * rate)


def mask_by_order(order: Int64[Tensor, "*batch tokens"], num_masked: int) -> Bool[Tensor, "*batch tokens"]:
    """Mask that hides the first entries of each sample's order.

        out[order[k]] = k < num_masked

    Masks of one order are nested: a longer one hides whatever a shorter one hides.

    Domain: order a permutation of 0..n-1 along the last axis; 0 <= num_masked <= n, else ValueError.
    Source: Li et al. 2024, arXiv:2406.11838, code (`mask_by_order`).
    Notes: R001-129.
    """
    if not 0 <= num_masked <= order.shape[-1]:
        raise ValueError(f"num_masked must be in 0..{order.shape[-1]}; got {num_masked}")
    return torch.zeros_like(order, dtype=torch.bool).scatter(-1, order[..., :num_masked], True)


def visible_positions(order: Int64[Tensor, "*batch tokens"], num_masked: int) -> Int64[Tensor, "*batch visible"]:
    """Positions that `mask_by_order` leaves visible, in ascending order.

        out = sorted(order[num_masked], ..., order[n - 1])

    Domain: order a permutation of 0..n-1 along the last axis; 0 <= num_masked <= n, else ValueError.
    Source: Li et al. 2024, arXiv:2406.11838, code (`forward_mae_encoder`, the nonzero entries of 1 - mask).
    Notes: R001-123, R001-124.
    """
    if not 0 <= num_masked <= order.shape[-1]:
        raise ValueError(f"num_masked must be in 0..{order.shape[-1]}; got {num_masked}")
    return order[..., num_masked:].sort(-1).values


def masked_encoder(
    tokens: Float[Tensor, "*batch tokens channels"],
    class_embedding: Float[Tensor, "*batch channels"],
    positions: Float[Tensor, "slots_and_tokens channels"],
    visible: Int64[Tensor, "*batch visible"],
    encoder: Callable[[Tensor], Tensor],
) -> Float[Tensor, "*batch slots_and_visible width"]:
    """Encoding of the visible tokens behind a buffer of slots that all hold the sample's class.

        out = encoder([class + p_1, ..., class + p_s, x_v1 + p_{s+v1}, x_v2 + p_{s+v2}, ...])

    with s = slots_and_tokens - tokens slots, which are never masked. What stands at masked positions has no influence.

    Domain: at least as many positions as tokens; else ValueError. Without slots the class has no influence.
    Source: Li et al. 2024, arXiv:2406.11838, section 4.2 and code (`forward_mae_encoder`; there s = 64).
    Notes: R001-123.
    """
    slots = len(positions) - tokens.shape[-2]
    if slots < 0:
        raise ValueError(f"{tokens.shape[-2]} tokens need as many positions; got {len(positions)}")
    buffer = class_embedding[..., None, :] + positions[:slots]
    shown = torch.take_along_dim(tokens + positions[slots:], visible[..., None], -2)
    return encoder(torch.cat([buffer, shown], -2))


def masked_decoder(
    encoded: Float[Tensor, "*batch slots_and_visible width"],
    visible: Int64[Tensor, "*batch visible"],
    mask_token: Float[Tensor, "width"],
    positions: Float[Tensor, "slots_and_tokens width"],
    output_positions: Float[Tensor, "tokens width"],
    decoder: Callable[[Tensor], Tensor],
) -> Float[Tensor, "*batch tokens width"]:
    """Condition z of every token: encodings put back in place, the mask token elsewhere, decoded, without the buffer.

        x[v_k] = encoded[s + k],   x = mask_token elsewhere
        z = decoder([encoded[:s], x] + positions)[s:] + output_positions

    with s = slots_and_tokens - tokens slots.

    Domain: visible as given to `masked_encoder`; s >= 0 and encodings of s slots and of each visible token, else
    ValueError.
    Source: Li et al. 2024, arXiv:2406.11838, code (`forward_mae_decoder`).
    Notes: R001-124.
    """
    slots = len(positions) - len(output_positions)
    if slots < 0 or encoded.shape[-2] != slots + visible.shape[-1]:
        raise ValueError(f"{slots} slots and {visible.shape[-1]} visible tokens; got {encoded.shape[-2]} encodings")
    shown = encoded[..., slots:, :]
    hidden = mask_token.expand(*visible.shape[:-1], *output_positions.shape)
    filled = hidden.scatter(-2, visible[..., None].expand_as(shown), shown)
    decoded = decoder(torch.cat([encoded[..., :slots, :], filled], -2) + positions)
    return decoded[..., slots:, :] + output_positions


def masked_diffusion_loss(
    token_loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
    target: Float[Tensor, "*batch tokens channels"],
    z: Float[Tensor, "*batch tokens width"],
    masked: Bool[Tensor, "*batch tokens"],
    timesteps: Int64[Tensor, "copies *batch tokens"],
    noise: Float[Tensor, "copies *batch tokens channels"],
) -> Float[Tensor, ""]:
    """Mean diffusion loss of the masked tokens, each at several noise levels of its own.

        L = sum_{c, i} masked_i l(target_i, z_i, t_ci, noise_ci) / (copies sum_i masked_i)

    `token_loss(x_0, z, t, noise)` returns one loss for each row of its arguments. It is one small network for all
    tokens, and z is computed once for all copies.

    Domain: what stands at visible positions of target has no influence. If nothing is masked the loss is 0.
    Source: Li et al. 2024, arXiv:2406.11838, section 3.2 and code (`diffusion_batch_mul`: 4 copies).
    Differs: the authors' code divides 0 by 0 where nothing is masked.
    Notes: R001-125, R001-126.
    """
    copies = len(noise)
    x_0, condition = (rows.flatten(0, -2).repeat(copies, 1) for rows in (target, z))
    losses = token_loss(x_0, condition, timesteps.flatten(), noise.flatten(0, -2))
    return mean_of_kept(losses, masked.flatten().repeat(copies))


def masked_counts(num_tokens: int, num_steps: int) -> tuple[int, ...]:
    """Number of tokens that are to stay masked after each step of generation, falling along a cosine.

        m_i = max(1, min(m_{i-1} - 1, floor(n cos(pi i / (2 N))))),   i = 1..N,   m_0 = n

    So every step predicts a token as long as two are masked, and one is left for the last step.

    Domain: num_tokens n >= 1 and num_steps N >= 1; else ValueError. m_N is 1 too: the last step predicts what is left
    all the same, and only `linear_guidance_schedule` sees this 1. For N > n some m_i equal m_{i-1} = 1. Where i / N is
    2 / 3 the cosine is 1 / 2, and for even n the last bit of a float decides between n / 2 and n / 2 - 1.
    Source: Chang et al. 2022, arXiv:2202.04200 (MaskGIT), section 3.3; Li et al. 2024, arXiv:2406.11838, code
    (`sample_tokens`).
    Notes: R001-128.
    """
    if num_tokens < 1 or num_steps < 1:
        raise ValueError(f"there must be at least one token and one step; got {num_tokens} and {num_steps}")
    left, counts = num_tokens, []
    for step in range(1, num_steps + 1):
        aimed = math.floor(num_tokens * math.cos(math.pi * step / (2 * num_steps)))
        left = max(1, min(left - 1, aimed))
        counts.append(left)
    return tuple(counts)


def predicted_counts(num_tokens: int, num_steps: int) -> tuple[int, ...]:
    """Number of tokens that each step of generation predicts.

        out_i = m_{i-1} - m_i,   with m of `masked_counts` but m_N = 0

    They add up to n, and rise along the cosine but for the rounding.

    Domain: num_tokens n >= 1 and num_steps N >= 1; else ValueError. For N > n some steps predict nothing.
    Source: Li et al. 2024, arXiv:2406.11838, code (`sample_tokens`).
    Notes: R001-128.
    """
    left = (num_tokens, *masked_counts(num_tokens, num_steps)[:-1], 0)
    return tuple(before - after for before, after in itertools.pairwise(left))


def tokens_to_predict(masked: Bool[Tensor, "*shape"], masked_next: Bool[Tensor, "*shape"]) -> Bool[Tensor, "*shape"]:
    """Tokens that a step predicts: those that are masked now and not after it.

        out = masked xor masked_next

    Domain: masked_next hides nothing that masked does not. It is all False in the last step.
    Source: Li et al. 2024, arXiv:2406.11838, code (`sample_tokens`).
    Notes: R001-128.
    """
    return masked ^ masked_next


def generation_step(
    state: GenerationState, num_masked_next: int, sample: Callable[[Tensor, Tensor, Tensor], Tensor]
) -> GenerationState:
    """State after the tokens between two mask lengths are predicted; all others stay.

        tokens[order[k]] <- sample(tokens, masked, predicted)[order[k]],   num_masked_next <= k < num_masked

    `sample(tokens, masked, predicted)` returns tokens for all positions, of which only the predicted ones are used.

    Domain: 0 <= num_masked_next <= state.num_masked; else ValueError. If they are equal nothing is predicted.
    Source: Li et al. 2024, arXiv:2406.11838, section 3.4 and code (`sample_tokens`).
    Notes: R001-128.
    """
    if num_masked_next > state.num_masked:
        raise ValueError(f"a mask of {state.num_masked} tokens cannot grow; got {num_masked_next}")
    masked = mask_by_order(state.order, state.num_masked)
    predicted = tokens_to_predict(masked, mask_by_order(state.order, num_masked_next))
    sampled = sample(state.tokens, masked, predicted)
    tokens = torch.where(predicted[..., None], sampled, state.tokens)
    return GenerationState(tokens, state.order.clone(), num_masked_next)


def generate_tokens(
    tokens: Float[Tensor, "*batch tokens channels"],
    order: Int64[Tensor, "*batch tokens"],
    num_steps: int,
    sample: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Float[Tensor, "*batch tokens channels"]:
    """Tokens that are all masked at the start, predicted along a cosine in the given number of steps.

        state <- generation_step(state, m_i, sample),   i = 1..N,   with m of `masked_counts` but m_N = 0

    Each token is predicted once, from the end of its sample's order to the start.

    Domain: num_steps >= 1; else ValueError. The given tokens (zeros, in the paper) are what `sample` sees where nothing
    is predicted yet. With more steps than tokens it is also called with nothing to predict.
    Source: Li et al. 2024, arXiv:2406.11838, section 3.4 and code (`sample_tokens`).
    Notes: R001-128.
    """
    state = GenerationState(tokens, order, tokens.shape[-2])
    for num_masked_next in (*masked_counts(tokens.shape[-2], num_steps)[:-1], 0):
        state = generation_step(state, num_masked_next, sample)
    return state.tokens


def linear_guidance_schedule(scale: float, num_tokens: int, num_steps: int) -> tuple[float, ...]:
    """Guidance scale of each step, which rises with the share of tokens that are no longer masked after it.

        s_i = 1 + (scale - 1) (n - m_i) / n,   with m of `masked_counts`

    Domain: every real scale, which counts from the unconditional prediction; 1 gives 1 throughout. As m_N = 1 the last
    step uses 1 + (scale - 1) (n - 1) / n and not scale, also if it is the only one.
    Source: Chang et al. 2023, arXiv:2301.00704 (Muse), section 2.7; Li et al. 2024, arXiv:2406.11838, code.
    Notes: R001-130.
    """
    left = masked_counts(num_tokens, num_steps)
    return tuple(1 + (scale - 1) * (num_tokens - masked) / num_tokens for masked in left)


def constant_guidance_schedule(scale: float, num_steps: int) -> tuple[float, ...]:
    """The same guidance scale at each step.

        s_i = scale

    Domain: num_steps >= 1; else ValueError.
    Source: Li et al. 2024, arXiv:2406.11838, code (`cfg_schedule`).
    Notes: R001-130.
    """
    if num_steps < 1:
        raise ValueError(f"there must be at least one step; got {num_steps}")
    return (scale,) * num_steps


def guided_token_output(
    unconditional: Float[Tensor, "*batch both"], conditional: Float[Tensor, "*batch both"], scale: float
) -> Float[Tensor, "*batch both"]:
    """Output of a network that stacks noise and variance, of which the noise alone is guided.

        out = [epsilon_u + scale (epsilon_c - epsilon_u), v_c]

    Domain: an even number of channels, else ValueError; every real scale. At scale 0 the noise is the unconditional one
    and the variance still the conditional one.
    Source: Li et al. 2024, arXiv:2406.11838, code (`forward_with_cfg`).
    Differs: there the unconditional half of the batch gets the guided noise with its own variance and is dropped at the
    end. DiT guides three of four channels only.
    Notes: R001-131.
    """
    channels, odd = divmod(conditional.shape[-1], 2)
    if odd:
        raise ValueError(f"noise and variance need an even number of channels; got {conditional.shape[-1]}")
    epsilon = classifier_free_guidance(unconditional[..., :channels], conditional[..., :channels], scale)
    return torch.cat([epsilon, conditional[..., channels:]], -1)


def tempered_sample(
    mean: Float[Tensor, "*batch dim"],
    log_variance: Float[Tensor, "*#batch #dim"],
    noise: Float[Tensor, "*batch dim"],
    temperature: float,
) -> Float[Tensor, "*batch dim"]:
    """Sample of a reverse diffusion step whose noise is scaled by a temperature.

        x = mean + temperature exp(log_variance / 2) noise

    Domain: temperature >= 0, else ValueError; 0 gives the mean. The noise that the chain starts from is not scaled.
    Source: Li et al. 2024, arXiv:2406.11838, section 3.2 (sampler).
    Notes: R001-131.
    """
    if not temperature >= 0:
        raise ValueError(f"temperature must be at least 0; got {temperature}")
    return sample_gaussian(mean, log_variance, temperature * noise)
