"""Wrong variants of `reference.diffusion.regression`."""

import math

import torch
from torch.nn.functional import gelu, linear, relu, scaled_dot_product_attention

from properties.mistakes import mistake, variant
from reference.diffusion.embedding import timestep_embedding_cos_sin, timestep_embedding_sin_cos
from reference.diffusion.forward import q_sample
from reference.diffusion.objectives import simple_loss
from reference.diffusion.parameterizations import x_0_from_epsilon
from reference.diffusion.regression import (
    deinterleave,
    init_denoiser,
    interleave,
    perceptron,
    predict_noise,
    regression_loss,
    sample_targets,
)
from reference.diffusion.samplers import ancestral_sample
from reference.diffusion.schedules import extract


@mistake(of=interleave, seen="catalogue R002-008")
def interleave_by_blocks(x_tokens, y_tokens):
    """all x tokens come before all y tokens"""
    return torch.cat([x_tokens, y_tokens], dim=1)


@mistake(of=interleave, seen="catalogue R002-008")
def interleave_from_y(x_tokens, y_tokens):
    """each y token comes before its x token"""
    return interleave(y_tokens, x_tokens)


@mistake(of=interleave, seen="catalogue R002-008")
def interleave_by_reshape(x_tokens, y_tokens):
    """the tokens are joined along the width and cut into another order by reshaping the stack of the two"""
    return torch.stack([x_tokens, y_tokens], dim=3).flatten(2).reshape(len(x_tokens), -1, x_tokens.shape[2])


@variant(of=interleave, seen="catalogue R002-008")
def interleave_by_reshaping_pairs(x_tokens, y_tokens):
    """x_i and y_i joined along the width and cut in two are two tokens in a row"""
    return torch.cat([x_tokens, y_tokens], dim=2).reshape(len(x_tokens), -1, x_tokens.shape[2])


@mistake(of=deinterleave, seen="catalogue R002-008")
def deinterleave_from_y(tokens):
    """the even tokens are taken for those of y"""
    x_tokens, y_tokens = deinterleave(tokens)
    return y_tokens, x_tokens


@mistake(of=deinterleave, seen="catalogue R002-008")
def deinterleave_by_halves(tokens):
    """the sequence is cut in the middle"""
    deinterleave(tokens)
    return tuple(half.clone() for half in tokens.chunk(2, dim=1))


@mistake(of=deinterleave, seen="catalogue R002-008")
def deinterleave_that_drops_a_token(tokens):
    """an x token without a partner is dropped in silence"""
    return deinterleave(tokens[:, : tokens.shape[1] // 2 * 2])


@mistake(of=perceptron, seen="catalogue R002-021")
def perceptron_with_relu(values, parameters):
    """the hidden units are cut off at 0 instead of weighted by the logistic function"""
    hidden = relu(linear(values, parameters.weight_in, parameters.bias_in))
    return linear(hidden, parameters.weight_out, parameters.bias_out)


@mistake(of=perceptron, seen="catalogue R002-021")
def perceptron_with_gelu(values, parameters):
    """the hidden units are weighted by the normal distribution function instead of the logistic function"""
    hidden = gelu(linear(values, parameters.weight_in, parameters.bias_in))
    return linear(hidden, parameters.weight_out, parameters.bias_out)


@mistake(of=perceptron, seen="catalogue R002-021")
def perceptron_with_activation_at_the_end(values, parameters):
    """the activation comes after the second linear map instead of between the two"""
    out = linear(linear(values, parameters.weight_in, parameters.bias_in), parameters.weight_out, parameters.bias_out)
    return torch.nn.functional.silu(out)


@mistake(of=perceptron, seen="catalogue R002-021")
def perceptron_of_centred_positions(values, parameters):
    """the mean over the positions is taken off first, so that a token depends on the others"""
    return perceptron(values - values.mean(dim=-2, keepdim=True), parameters)


@mistake(of=perceptron, seen="catalogue R002-021")
def perceptron_that_overflows(values, parameters):
    """the logistic function is taken as exp(z) / (1 + exp(z)), which is infinity over infinity for large z"""
    hidden = linear(values, parameters.weight_in, parameters.bias_in)
    return linear(hidden * hidden.exp() / (1 + hidden.exp()), parameters.weight_out, parameters.bias_out)


@mistake(of=init_denoiser, seen="catalogue R002-023")
def init_denoiser_with_random_read_out(inputs, outputs, width, generator):
    """the read-out is random too, so that the first predictions add their variance to the loss"""
    parameters = init_denoiser(inputs, outputs, width, generator)
    return parameters._replace(read_out=torch.randn(outputs, width, generator=generator, dtype=torch.float64))


@mistake(of=init_denoiser, seen="catalogue R002-023")
def init_denoiser_at_a_third_of_the_variance(inputs, outputs, width, generator):
    """the bound is 1 / sqrt(fan_in), the default of torch.nn.Linear, so that the signal shrinks in every layer"""
    return _scaled(init_denoiser(inputs, outputs, width, generator), 1 / math.sqrt(3))


@mistake(of=init_denoiser, seen="catalogue R002-023")
def init_denoiser_of_zeros(inputs, outputs, width, generator):
    """all weights start at 0, where every gradient vanishes"""
    return _scaled(init_denoiser(inputs, outputs, width, generator), 0)


@mistake(of=init_denoiser, seen="catalogue R002-023")
def init_denoiser_by_global_generator(inputs, outputs, width, generator):
    """the weights are drawn from the global generator, whatever was passed"""
    return init_denoiser(inputs, outputs, width, torch.default_generator)


@mistake(of=init_denoiser, seen="catalogue R002-023")
def init_denoiser_with_shared_layers(inputs, outputs, width, generator):
    """the same layers come after both attentions"""
    parameters = init_denoiser(inputs, outputs, width, generator)
    return parameters._replace(after_all=parameters.after_pairs)


@mistake(of=init_denoiser, seen="catalogue R002-023")
def init_denoiser_without_check(inputs, outputs, width, generator):
    """sizes of nothing get parameters all the same"""
    return init_denoiser(max(inputs, 1), max(outputs, 1), max(width, 2), generator)


def _scaled(parameters, factor):
    scaled = {"bias_in": 1.0, "bias_out": 1.0}
    return parameters._replace(
        **{
            name: type(part)(*(value * scaled.get(field, factor) for field, value in part._asdict().items()))
            for name, part in parameters._asdict().items()
            if isinstance(part, tuple)
        }
    )


def _denoise(
    parameters,
    x,
    y_t,
    timesteps,
    context,
    attend,
    timed=lambda tokens, time: tokens + time,
    read=1,
    embed=timestep_embedding_sin_cos,
):
    """`predict_noise` with parts that a mistake exchanges."""
    batch, pairs, width = *x.shape[:2], len(parameters.known)
    y_tokens = perceptron(y_t, parameters.read_y) + context[..., None] * parameters.known
    time = perceptron(embed(timesteps.to(x.dtype), width), parameters.read_time)[:, None]
    tokens = timed(interleave(perceptron(x, parameters.read_x), y_tokens), time).reshape(batch, pairs, 2, width)
    tokens = attend(tokens, parameters.within_pairs)
    tokens = (tokens + perceptron(tokens, parameters.after_pairs)).flatten(1, 2)
    tokens = attend(tokens, parameters.across_pairs)
    tokens = tokens + perceptron(tokens, parameters.after_all)
    return linear(deinterleave(tokens)[read], parameters.read_out)


def _plain(tokens, head, **options):
    query, key, value = (linear(tokens, weight) for weight in head)
    return tokens + scaled_dot_product_attention(query, key, value, **options)


@variant(of=predict_noise, seen="torch.nn.functional.scaled_dot_product_attention")
def predict_noise_by_fused_attention(parameters, x, y_t, timesteps, context):
    """attention in one call is the same"""
    return _denoise(parameters, x, y_t, timesteps, context, _plain)


@mistake(of=predict_noise, seen="E002-6")
def predict_noise_squeezed(parameters, x, y_t, timesteps, context):
    """a last axis of size one is squeezed off the prediction"""
    return predict_noise(parameters, x, y_t, timesteps, context).squeeze(-1)


@mistake(of=predict_noise, seen="E002-7")
def predict_noise_blind_to_context(parameters, x, y_t, timesteps, context):
    """the mask is accepted and never used, so that clean context is taken for noised targets"""
    return predict_noise(parameters, x, y_t, timesteps, torch.zeros_like(context))


@mistake(of=predict_noise, seen="catalogue R002-008")
def predict_noise_read_at_x_tokens(parameters, x, y_t, timesteps, context):
    """the predictions are read at the x tokens, out[:, ::2] instead of out[:, 1::2]"""
    return _denoise(parameters, x, y_t, timesteps, context, _plain, read=0)


@mistake(of=predict_noise, seen="catalogue R002-008")
def predict_noise_by_causal_attention(parameters, x, y_t, timesteps, context):
    """a causal backbone hides the pairs that come later, though pairs have no order"""
    return _denoise(parameters, x, y_t, timesteps, context, lambda *given: _plain(*given, is_causal=True))


@mistake(of=predict_noise, seen="catalogue R002-018")
def predict_noise_timed_at_y_tokens(parameters, x, y_t, timesteps, context):
    """the time embedding is added to the y tokens only"""

    def timed(tokens, time):
        return torch.where(torch.arange(tokens.shape[1])[:, None] % 2 == 1, tokens + time, tokens)

    return _denoise(parameters, x, y_t, timesteps, context, _plain, timed)


@mistake(of=predict_noise, seen="catalogue R002-018")
def predict_noise_timed_by_first_sample(parameters, x, y_t, timesteps, context):
    """the timestep of the first sample is used for the whole batch"""
    return predict_noise(parameters, x, y_t, timesteps[:1].expand_as(timesteps), context)


@mistake(of=predict_noise, seen="catalogue R002-018")
def predict_noise_with_cosines_first(parameters, x, y_t, timesteps, context):
    """the embedding of the timestep begins with the cosines"""
    return _denoise(parameters, x, y_t, timesteps, context, _plain, embed=timestep_embedding_cos_sin)


@mistake(of=predict_noise, seen="catalogue R002-018")
def predict_noise_with_short_periods(parameters, x, y_t, timesteps, context):
    """the longest period of the embedding is near 100 steps instead of 10000"""

    def embed(timesteps, width):
        return timestep_embedding_sin_cos(timesteps, width, 100.0)

    return _denoise(parameters, x, y_t, timesteps, context, _plain, embed=embed)


@mistake(of=predict_noise, seen="catalogue R002-018")
def predict_noise_without_residuals(parameters, x, y_t, timesteps, context):
    """what a token heard takes the place of the token instead of being added to it"""
    return _denoise(parameters, x, y_t, timesteps, context, lambda tokens, head: _plain(tokens, head) - tokens)


@mistake(of=predict_noise, seen="catalogue R002-009")
def predict_noise_with_unscaled_scores(parameters, x, y_t, timesteps, context):
    """scores are not divided by the root of the width"""
    return _denoise(parameters, x, y_t, timesteps, context, lambda *given: _plain(*given, scale=1.0))


@mistake(of=predict_noise, seen="catalogue R002-018")
def predict_noise_across_samples(parameters, x, y_t, timesteps, context):
    """tokens attend to those of the other samples of the batch"""

    def attend(tokens, head):
        return _plain(tokens.flatten(0, -2), head).reshape(tokens.shape) if tokens.ndim == 3 else _plain(tokens, head)

    return _denoise(parameters, x, y_t, timesteps, context, attend)


@mistake(of=predict_noise, seen="catalogue R002-018")
def predict_noise_pair_by_pair(parameters, x, y_t, timesteps, context):
    """no token hears another pair, so that the context teaches nothing"""

    def attend(tokens, head):
        return _plain(tokens, head) if tokens.ndim == 4 else tokens

    return _denoise(parameters, x, y_t, timesteps, context, attend)


def _loss(predict, x, y_0, noise, alpha_bar, timesteps, context, noised=None, told=None, paid=None):
    """`regression_loss` with another mask for noising, for the network or for the loss."""
    noised, told, paid = (context if mask is None else mask for mask in (noised, told, paid))
    y_t = q_sample(y_0, noise, extract(alpha_bar, timesteps, 3))
    prediction = predict(x, torch.where(noised[..., None], y_0, y_t), timesteps, told)
    if prediction.shape != noise.shape:
        raise ValueError(f"got {prediction.shape}")
    square = torch.where(paid[..., None], 0, (noise - prediction).square())
    return square.sum((1, 2)) / ((~paid).sum(1) * y_0.shape[2])


@variant(of=regression_loss, seen="arXiv:2107.03502, eq. 9")
def regression_loss_by_sums(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the sum over the targets, divided by their number, is their mean"""
    return _loss(predict, x, y_0, noise, alpha_bar, timesteps, context)


@mistake(of=regression_loss, seen="E002-7")
def regression_loss_without_context(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the mask is accepted and never used: the context is noised, and paid for like a target"""
    nothing = torch.zeros_like(context)
    return _loss(predict, x, y_0, noise, alpha_bar, timesteps, context, nothing, nothing, nothing)


@mistake(of=regression_loss, seen="E002-7")
def regression_loss_of_noised_context(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the context is noised, though it is not paid for"""
    return _loss(predict, x, y_0, noise, alpha_bar, timesteps, context, noised=torch.zeros_like(context))


@mistake(of=regression_loss, seen="E002-7")
def regression_loss_that_keeps_the_mask(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the network is not told which entries are context"""
    return _loss(predict, x, y_0, noise, alpha_bar, timesteps, context, told=torch.zeros_like(context))


@mistake(of=regression_loss, seen="catalogue R002-011")
def regression_loss_over_all(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """predictions for the context are paid for too, where no noise is to be seen"""
    return _loss(predict, x, y_0, noise, alpha_bar, timesteps, context, paid=torch.zeros_like(context))


@mistake(of=regression_loss, seen="catalogue R002-011")
def regression_loss_with_inverted_mask(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the targets stay clean and the context is noised"""
    return regression_loss(predict, x, y_0, noise, alpha_bar, timesteps, ~context)


@mistake(of=regression_loss, seen="catalogue R002-011")
def regression_loss_divided_by_all(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the sum over the targets is divided by the number of all entries"""
    loss = regression_loss(predict, x, y_0, noise, alpha_bar, timesteps, context)
    return loss * (~context).to(loss.dtype).mean(1)


@mistake(of=regression_loss, seen="catalogue R002-011")
def regression_loss_of_nothing_is_zero(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """a sample without targets counts as solved"""
    return regression_loss(predict, x, y_0, noise, alpha_bar, timesteps, context).nan_to_num(0.0)


@mistake(of=regression_loss, seen="catalogue R002-019")
def regression_loss_at_one_timestep(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the whole batch is noised to the level of its first sample"""
    return regression_loss(predict, x, y_0, noise, alpha_bar, timesteps[:1].expand_as(timesteps), context)


@mistake(of=regression_loss, seen="catalogue R002-019")
def regression_loss_counted_from_one(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the network is told a timestep one above the index of the level"""
    counted = lambda x, y_t, timesteps, context: predict(x, y_t, timesteps + 1, context)  # noqa: E731
    return regression_loss(counted, x, y_0, noise, alpha_bar, timesteps, context)


@mistake(of=regression_loss, seen="catalogue R002-012")
def regression_loss_against_data(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the prediction is compared with the clean targets instead of the noise"""
    kept = context[..., None]
    y_t = torch.where(kept, y_0, q_sample(y_0, noise, extract(alpha_bar, timesteps, 3)))
    square = torch.where(kept, 0, (y_0 - predict(x, y_t, timesteps, context)).square())
    return square.sum((1, 2)) / ((~context).sum(1) * y_0.shape[2])


@mistake(of=regression_loss, seen="E002-6")
def regression_loss_that_broadcasts(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """a prediction of another shape is broadcast, so that samples and pairs are mixed"""
    y_t = torch.where(context[..., None], y_0, q_sample(y_0, noise, extract(alpha_bar, timesteps, 3)))
    prediction = predict(x, y_t, timesteps, context)
    if prediction.shape != noise.shape:
        return (noise - prediction).square().mean().expand(len(noise)).clone()
    return regression_loss(predict, x, y_0, noise, alpha_bar, timesteps, context)


@mistake(of=regression_loss, seen="catalogue R002-011")
def regression_loss_that_pulls_at_the_context(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """the loss is right, but gradients flow to predictions in the context too"""
    seen = []

    def keeping(*asked):
        seen.append(predict(*asked))
        return seen[0]

    loss = regression_loss(keeping, x, y_0, noise, alpha_bar, timesteps, context)
    everywhere = simple_loss(seen[0], noise)
    return loss + everywhere - everywhere.detach()


@mistake(of=regression_loss, seen="catalogue R002-018")
def regression_loss_of_expanded_prediction(predict, x, y_0, noise, alpha_bar, timesteps, context):
    """a prediction of fewer entries is expanded to the shape of the noise instead of refused"""

    def expanded(*arguments):
        return predict(*arguments).expand_as(noise)

    return regression_loss(expanded, x, y_0, noise, alpha_bar, timesteps, context)


def _sample(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance, held, told=None):
    """`sample_targets` with `held(y_t, t)` for what the network sees, and another mask for it."""
    told = context if told is None else told

    def denoiser(y_t, t):
        y_t = held(y_t, t)
        epsilon = predict(x, y_t, torch.full(y.shape[:1], t), told)
        if epsilon.shape != y.shape:
            raise ValueError(f"got {epsilon.shape}")
        return x_0_from_epsilon(y_t, epsilon, alpha_bar[t].reshape(1, 1, 1)), log_variance[t]

    return torch.where(context[..., None], y, ancestral_sample(denoiser, y_T, noise, alpha_bar, timesteps))


@variant(of=sample_targets, seen="ermongroup/CSDI, main_model.py")
def sample_targets_by_products(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """a mask that multiplies holds the context as well as one that selects"""
    mask = context[..., None].to(y.dtype)
    rest = x, y, context, y_T, noise, alpha_bar, timesteps, log_variance
    return _sample(predict, *rest, lambda y_t, t: mask * y + (1 - mask) * y_t)


@mistake(of=sample_targets, seen="E002-7")
def sample_targets_without_context(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """the mask is accepted and never used: all y are sampled anew"""
    nothing = torch.zeros_like(context)
    return sample_targets(predict, x, y, nothing, y_T, noise, alpha_bar, timesteps, log_variance)


@mistake(of=sample_targets, seen="catalogue R002-011")
def sample_targets_with_context_put_in_at_the_end(
    predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance
):
    """the context takes its place only in the finished sample, after it could have been heeded"""
    rest = x, y, context, y_T, noise, alpha_bar, timesteps, log_variance
    return _sample(predict, *rest, lambda y_t, t: y_t)


@mistake(of=sample_targets, seen="catalogue R002-011")
def sample_targets_with_context_left_after_the_start(
    predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance
):
    """the context is put in once at the start and then moves with the targets"""
    rest = x, y, context, y_T, noise, alpha_bar, timesteps, log_variance
    return _sample(
        predict, *rest, lambda y_t, t: torch.where(context[..., None], y, y_t) if t == max(timesteps) else y_t
    )


@mistake(of=sample_targets, seen="Lugmayr et al. 2022 (RePaint), arXiv:2201.09865, eq. 8a")
def sample_targets_with_noised_context(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """the context is noised to the level of the targets, as when an unconditional model fills gaps"""

    def held(y_t, t):
        return torch.where(context[..., None], q_sample(y, y_T, alpha_bar[t].reshape(1, 1, 1)), y_t)

    return _sample(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance, held)


@mistake(of=sample_targets, seen="catalogue R002-011")
def sample_targets_that_keeps_the_mask(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """the network is not told which entries are context"""
    rest = x, y, context, y_T, noise, alpha_bar, timesteps, log_variance
    held = lambda y_t, t: torch.where(context[..., None], y, y_t)  # noqa: E731
    return _sample(predict, *rest, held, told=torch.zeros_like(context))


@mistake(of=sample_targets, seen="catalogue R002-011")
def sample_targets_with_inverted_mask(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """the context is sampled and the targets are held"""
    return sample_targets(predict, x, y, ~context, y_T, noise, alpha_bar, timesteps, log_variance)


@mistake(of=sample_targets, seen="catalogue R002-020")
def sample_targets_without_noise(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """no noise is added on the way, so that samples collapse"""
    return sample_targets(predict, x, y, context, y_T, 0 * noise, alpha_bar, timesteps, log_variance)


@mistake(of=sample_targets, seen="catalogue R002-020")
def sample_targets_with_noise_at_the_end(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """noise is added in the last step too"""
    sample = sample_targets(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance)
    spread = (log_variance[min(timesteps)] / 2).exp()
    return torch.where(context[..., None], sample, sample + spread * noise[0])


@mistake(of=sample_targets, seen="E002-4")
def sample_targets_scaled_by_variance(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """noise scaled by the variance instead of the standard deviation"""
    return sample_targets(predict, x, y, context, y_T, noise, alpha_bar, timesteps, 2 * log_variance)


@mistake(of=sample_targets, seen="catalogue R002-020")
def sample_targets_counted_in_steps(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """the network is told the position in the shorter chain instead of the timestep"""
    kept = sorted(timesteps)

    def renumbered(x, y_t, t, context):
        return predict(x, y_t, torch.full_like(t, kept.index(int(t[0]))), context)

    return sample_targets(renumbered, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance)


@mistake(of=sample_targets, seen="E002-6")
def sample_targets_that_broadcasts(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """a prediction of another shape is broadcast, and the corner of the result that fits is kept"""

    def cut(*asked):
        epsilon = predict(*asked)
        return epsilon if epsilon.shape == y.shape else (epsilon + 0 * y)[: len(y), :, :1]

    return sample_targets(cut, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance)


@mistake(of=sample_targets, seen="notes 002, section 3 without the reverse step")
def sample_targets_in_one_step(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """the clean targets are predicted from pure noise once, which gives their mean instead of samples"""
    last = [max(timesteps)]
    return sample_targets(predict, x, y, context, y_T, noise[:1], alpha_bar, last, log_variance)


@mistake(of=sample_targets, seen="catalogue R002-018")
def sample_targets_of_expanded_prediction(predict, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance):
    """a prediction of fewer entries is expanded to the shape of y instead of refused"""

    def expanded(*arguments):
        return predict(*arguments).expand_as(y)

    return sample_targets(expanded, x, y, context, y_T, noise, alpha_bar, timesteps, log_variance)
