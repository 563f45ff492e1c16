"""In-context regression by diffusion: targets are sampled given pairs (x_i, y_i) that stay clean.

A network predicts the noise of all pairs at once, as `predict(x, y_t, timesteps, context)`; context is True where y is
known. `predict_noise` is a transformer small enough to learn linear regression in seconds.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import linear, silu

from reference.diffusion.conditioning import cross_attention
from reference.diffusion.embedding import timestep_embedding_sin_cos
from reference.diffusion.forward import q_sample_with_context
from reference.diffusion.objectives import target_loss
from reference.diffusion.parameterizations import x_0_from_epsilon
from reference.diffusion.samplers import ancestral_sample
from reference.diffusion.schedules import extract
from reference.training.initialization import uniform_initialization

Predictor = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


class Perceptron(NamedTuple):
    """Weights of two linear maps, each a row per output, and what they add."""

    weight_in: Float[Tensor, "hidden inputs"]
    bias_in: Float[Tensor, "hidden"]
    weight_out: Float[Tensor, "outputs hidden"]
    bias_out: Float[Tensor, "outputs"]


class Attention(NamedTuple):
    """Weights of one attention head, each a row per output."""

    query: Float[Tensor, "width width"]
    key: Float[Tensor, "width width"]
    value: Float[Tensor, "width width"]


class Denoiser(NamedTuple):
    """Parameters of `predict_noise`; `known` is added to the y tokens of the context."""

    read_x: Perceptron
    read_y: Perceptron
    read_time: Perceptron
    known: Float[Tensor, "width"]
    within_pairs: Attention
    after_pairs: Perceptron
    across_pairs: Attention
    after_all: Perceptron
    read_out: Float[Tensor, "outputs width"]


def interleave(
    x_tokens: Float[Tensor, "batch pairs width"], y_tokens: Float[Tensor, "batch pairs width"]
) -> Float[Tensor, "batch tokens width"]:
    """One sequence x_0, y_0, x_1, y_1, ... of twice the length.

        out[:, 2 i] = x_i,   out[:, 2 i + 1] = y_i

    Domain: any number of pairs.
    Source: Garg et al. 2022, arXiv:2208.01066, section 2.
    Notes: R002-008.
    """
    return torch.stack([x_tokens, y_tokens], dim=2).flatten(1, 2)


def deinterleave(
    tokens: Float[Tensor, "batch tokens width"],
) -> tuple[Float[Tensor, "batch pairs width"], Float[Tensor, "batch pairs width"]]:
    """The x tokens and the y tokens of a sequence in which they alternate.

        x_i = tokens[:, 2 i],   y_i = tokens[:, 2 i + 1]

    Domain: an even number of tokens; else ValueError.
    Source: Garg et al. 2022, arXiv:2208.01066, section 2.
    Notes: R002-008.
    """
    if tokens.shape[1] % 2:
        raise ValueError(f"pairs need an even number of tokens; got {tokens.shape[1]}")
    return tokens[:, 0::2].clone(), tokens[:, 1::2].clone()


def perceptron(
    values: Float[Tensor, "*positions inputs"], parameters: Perceptron
) -> Float[Tensor, "*positions outputs"]:
    """Linear map, SiLU, linear map, of each position alone: how numbers become tokens.

        out = W_out silu(W_in values + b_in) + b_out,   silu(z) = z / (1 + exp(-z))

    Domain: every real number.
    Source: textbook; Elfwing et al. 2017, arXiv:1702.03118, eq. 3 for the SiLU.
    Notes: R002-021.
    """
    hidden = silu(linear(values, parameters.weight_in, parameters.bias_in))
    return linear(hidden, parameters.weight_out, parameters.bias_out)


def init_denoiser(inputs: int, outputs: int, width: int, generator: torch.Generator) -> Denoiser:
    """Parameters of an untrained denoiser, which predicts 0, so that its expected loss is 1.

        W ~ Uniform(-sqrt(3 / fan_in), sqrt(3 / fan_in)), of variance 1 / fan_in;   biases, known and read_out = 0

    Domain: inputs >= 1, outputs >= 1, width >= 2; else ValueError.
    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6.
    Notes: R002-023.
    """
    if min(inputs, outputs) < 1 or width < 2:
        raise ValueError(f"a denoiser needs inputs, outputs >= 1 and width >= 2; got {inputs}, {outputs}, {width}")

    def weight(fan_in: int) -> Tensor:
        uniform = torch.rand(width, fan_in, generator=generator, dtype=torch.float64)
        return uniform_initialization(uniform, math.sqrt(3 / fan_in))

    def zeros(*shape: int) -> Tensor:
        return torch.zeros(shape, dtype=torch.float64)

    def layers(fan_in: int) -> Perceptron:
        return Perceptron(weight(fan_in), zeros(width), weight(width), zeros(width))

    def attention() -> Attention:
        return Attention(weight(width), weight(width), weight(width))

    return Denoiser(
        read_x=layers(inputs),
        read_y=layers(outputs),
        read_time=layers(width),
        known=zeros(width),
        within_pairs=attention(),
        after_pairs=layers(width),
        across_pairs=attention(),
        after_all=layers(width),
        read_out=zeros(outputs, width),
    )


def predict_noise(
    parameters: Denoiser,
    x: Float[Tensor, "batch pairs inputs"],
    y_t: Float[Tensor, "batch pairs outputs"],
    timesteps: Int64[Tensor, "batch"],
    context: Bool[Tensor, "batch pairs"],
) -> Float[Tensor, "batch pairs outputs"]:
    """Noise that a small transformer sees in y_t, in exactly its shape; at the context it means nothing.

        h   = interleave(read_x(x), read_y(y_t) + known where context) + read_time(embedding of t) at every token
        h <- h + attention(h),  h <- h + perceptron(h)    within each pair
        h <- h + attention(h),  h <- h + perceptron(h)    across all tokens
        out = read_out h at the y tokens,                 attention(h) = softmax(Q K^T / sqrt(width)) V

    Without positions, pairs may come in any order and number.

    Domain: at least one pair.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1 (attention); Garg et al. 2022, arXiv:2208.01066,
    section 2 (tokens).
    Differs: Garg et al. use a causal GPT-2 of twelve blocks, with positions and layer norm.
    Notes: R002-018, R002-021.
    """
    width = len(parameters.known)
    embedding = timestep_embedding_sin_cos(timesteps.to(x.dtype), width)
    y_tokens = perceptron(y_t, parameters.read_y) + context[..., None] * parameters.known
    tokens = interleave(perceptron(x, parameters.read_x), y_tokens)
    tokens = tokens + perceptron(embedding, parameters.read_time)[:, None]

    tokens = tokens.reshape(*x.shape[:2], 2, width)
    tokens = tokens + cross_attention(tokens, tokens, *parameters.within_pairs)
    tokens = tokens + perceptron(tokens, parameters.after_pairs)

    tokens = tokens.flatten(1, 2)
    tokens = tokens + cross_attention(tokens, tokens, *parameters.across_pairs)
    tokens = tokens + perceptron(tokens, parameters.after_all)
    return linear(deinterleave(tokens)[1], parameters.read_out)


def regression_loss(
    predict: Predictor,
    x: Float[Tensor, "batch pairs inputs"],
    y_0: Float[Tensor, "batch pairs outputs"],
    noise: Float[Tensor, "batch pairs outputs"],
    alpha_bar: Float[Tensor, "steps"],
    timesteps: Int64[Tensor, "batch"],
    context: Bool[Tensor, "batch pairs"],
) -> Float[Tensor, "batch"]:
    """Mean squared error of the predicted noise of each sample, over the targets that were noised.

        y_t = y_0 where context, sqrt(alpha_bar_t) y_0 + sqrt(1 - alpha_bar_t) noise elsewhere
        L   = mean over targets of (noise - predict(x, y_t, timesteps, context))^2

    Domain: 0 <= timesteps < steps; NaN for a sample without targets; ValueError for a prediction of another shape than
    the noise, which would broadcast.
    Source: Tashiro et al. 2021 (CSDI), arXiv:2107.03502, eq. 9.
    Notes: R002-011, R002-018, R002-023.
    """
    kept = context[..., None].expand_as(y_0)
    y_t = q_sample_with_context(y_0, noise, extract(alpha_bar, timesteps, y_0.ndim), kept)
    return target_loss(_in_shape(noise, predict(x, y_t, timesteps, context)), noise, kept)


def sample_targets(
    predict: Predictor,
    x: Float[Tensor, "batch pairs inputs"],
    y: Float[Tensor, "batch pairs outputs"],
    context: Bool[Tensor, "batch pairs"],
    y_T: Float[Tensor, "batch pairs outputs"],
    noise: Float[Tensor, "kept batch pairs outputs"],
    alpha_bar: Float[Tensor, "steps"],
    timesteps: Sequence[int],
    log_variance: Float[Tensor, "steps"],
) -> Float[Tensor, "batch pairs outputs"]:
    """Targets by ancestral sampling from y_T, beside a context that stays clean; y outside it has no effect.

        y_t <- y where context;   y_0 = (y_t - sqrt(1 - alpha_bar_t) predict(x, y_t, t, context)) / sqrt(alpha_bar_t)
        y_s = ancestral_step(y_t, y_0, noise[i], ..., log_variance_t),   t = tau_i, s = tau_{i-1}

    The noises are those of `ancestral_sample`: noise[0] is not used, nor is the first kept log variance.

    Domain: as `ancestral_sample`, with alpha_bar > 0 at the last kept timestep; ValueError for a prediction of another
    shape than y. Where all is context the result is y.
    Source: Tashiro et al. 2021 (CSDI), arXiv:2107.03502, section 4; Ho et al. 2020, arXiv:2006.11239, algorithm 2.
    Notes: R002-011, R002-018.
    """
    kept = context[..., None].expand_as(y)

    def denoiser(y_t: Tensor, t: int) -> tuple[Tensor, Tensor]:
        y_t = torch.where(kept, y, y_t)
        epsilon = predict(x, y_t, torch.full(y.shape[:1], t, device=y.device), context)
        return x_0_from_epsilon(y_t, _in_shape(y, epsilon), alpha_bar[t].reshape(1, 1, 1)), log_variance[t]

    return torch.where(kept, y, ancestral_sample(denoiser, y_T, noise, alpha_bar, timesteps))


def _in_shape(like: Tensor, prediction: Tensor) -> Tensor:
    if prediction.shape != like.shape:
        raise ValueError(f"a prediction must have shape {tuple(like.shape)}; got {tuple(prediction.shape)}")
    return prediction
