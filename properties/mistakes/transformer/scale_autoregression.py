"""Wrong variants of `reference.transformer.scale_autoregression`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.transformer.residual_vq import area_resize, bicubic_resize, multiscale_decode, scale_bounds
from reference.transformer.scale_autoregression import (
    generate_by_scale,
    next_scale_input,
    next_scale_loss,
    progressive_token_weights,
    scale_causal_mask,
    scale_guided_logits,
    teacher_forcing_inputs,
)


def listed(images, sides, channels):
    """The images resized to the sides, each row by row, in one sequence."""
    blocks = [area_resize(image, side).flatten(-2).mT for image, side in zip(images, sides, strict=True)]
    return torch.cat([channels, *blocks], -2)


def none_of(indices, codebook):
    return codebook.new_empty(*indices.shape[:-1], 0, codebook.shape[1])


@mistake(of=scale_causal_mask, seen="catalogue R001-119")
def scale_causal_mask_of_tokens(sides):
    """each token sees the tokens up to itself, also within its own scale"""
    return scale_causal_mask(sides).tril()


@mistake(of=scale_causal_mask, seen="catalogue R001-119")
def scale_causal_mask_without_own_scale(sides):
    """a token sees coarser scales and itself, and not the rest of its own scale"""
    mask = scale_causal_mask(sides)
    return ~mask.T | torch.eye(len(mask), dtype=torch.bool)


@mistake(of=scale_causal_mask, seen="catalogue R001-119")
def scale_causal_mask_of_finer_scales(sides):
    """a token sees its own and the finer scales: the mask is transposed, or True where hidden"""
    return scale_causal_mask(sides).T.clone()


@mistake(of=scale_causal_mask, seen="catalogue R001-119")
def scale_causal_mask_of_own_scale(sides):
    """a token sees its own scale alone"""
    mask = scale_causal_mask(sides)
    return mask & mask.T


@mistake(of=scale_causal_mask, seen="catalogue R001-087")
def scale_causal_mask_one_token_early(sides):
    """the scales begin one token early, as if the start token were not counted"""
    mask = scale_causal_mask((*sides, 1))[1:, 1:]
    return mask[: len(mask)].clone()


@mistake(of=scale_causal_mask, seen="catalogue R001-119")
def scale_causal_mask_without_check(sides):
    """scales without tokens are accepted"""
    scale = torch.tensor([k for k, side in enumerate(sides) for _ in range(side**2)])
    return scale[:, None] >= scale


@mistake(of=next_scale_input, seen="catalogue R001-122")
def next_scale_input_of_one_scale(f_hat, indices, codebook, scale, sides, phi):
    """the tokens are those of the last scale's codes alone instead of the sum of all"""
    grown, _ = next_scale_input(f_hat, indices, codebook, scale, sides, phi)
    _, alone = next_scale_input(0 * f_hat, indices, codebook, scale, sides, phi)
    return grown, alone


@mistake(of=next_scale_input, seen="catalogue R001-122")
def next_scale_input_with_phi_of_next_scale(f_hat, indices, codebook, scale, sides, phi):
    """phi is that of the scale that follows"""
    return next_scale_input(f_hat, indices, codebook, scale, sides, lambda h, k: phi(h, k + 1))


@mistake(of=next_scale_input, seen="catalogue R001-087")
def next_scale_input_by_cubic_downsampling(f_hat, indices, codebook, scale, sides, phi):
    """the reconstruction is shrunk by cubic convolution instead of by areas"""
    grown, tokens = next_scale_input(f_hat, indices, codebook, scale, sides, phi)
    if tokens.shape[-2]:
        tokens = bicubic_resize(grown, sides[scale + 1]).flatten(-2).mT.clone()
    return grown, tokens


@mistake(of=next_scale_input, seen="catalogue R001-087")
def next_scale_input_by_columns(f_hat, indices, codebook, scale, sides, phi):
    """the tokens are listed column by column"""
    grown, tokens = next_scale_input(f_hat, indices, codebook, scale, sides, phi)
    if tokens.shape[-2]:
        tokens = area_resize(grown, sides[scale + 1]).mT.flatten(-2).mT.clone()
    return grown, tokens


@mistake(of=next_scale_input, seen="catalogue R001-087")
def next_scale_input_with_mixed_channels(f_hat, indices, codebook, scale, sides, phi):
    """the image is reshaped to tokens without moving the channels last"""
    grown, tokens = next_scale_input(f_hat, indices, codebook, scale, sides, phi)
    return grown, tokens.mT.reshape(tokens.shape)


@mistake(of=next_scale_input, seen="catalogue R001-087")
def next_scale_input_of_any_size(f_hat, indices, codebook, scale, sides, phi):
    """a reconstruction of another size is resized without notice"""
    return next_scale_input(bicubic_resize(f_hat, sides[-1]), indices, codebook, scale % len(sides), sides, phi)


@mistake(of=teacher_forcing_inputs, seen="catalogue R001-087")
def teacher_forcing_inputs_that_show_the_answer(indices, codebook, sides, phi):
    """a scale is fed the reconstruction that contains its own codes"""
    sums = multiscale_decode(indices, codebook, sides, phi)
    return listed(sums[1:], sides[1:], none_of(indices, codebook))


@mistake(of=teacher_forcing_inputs, seen="catalogue R001-087")
def teacher_forcing_inputs_with_last_scale(indices, codebook, sides, phi):
    """the codes of the last scale, which predict nothing, are part of the inputs"""
    sums = multiscale_decode(indices, codebook, sides, phi)
    return listed(sums, (*sides[1:], sides[-1]), none_of(indices, codebook))


@mistake(of=teacher_forcing_inputs, seen="catalogue R001-087")
def teacher_forcing_inputs_of_codes(indices, codebook, sides, phi):
    """each scale is fed the codes of the one before it, resized, instead of the sum of all before it"""
    sums = multiscale_decode(indices, codebook, sides, phi)
    alone = torch.cat([sums[:1], sums[1:] - sums[:-1]])
    return listed(alone[:-1], sides[1:], none_of(indices, codebook))


@mistake(of=teacher_forcing_inputs, seen="catalogue R001-087")
def teacher_forcing_inputs_by_columns(indices, codebook, sides, phi):
    """the tokens of a block are listed column by column"""
    sums = multiscale_decode(indices, codebook, sides, phi)
    return listed(sums[:-1].mT, sides[1:], none_of(indices, codebook))


@mistake(of=teacher_forcing_inputs, seen="catalogue R001-087")
def teacher_forcing_inputs_by_cubic_downsampling(indices, codebook, sides, phi):
    """the reconstruction is shrunk by cubic convolution instead of by areas"""
    sums = multiscale_decode(indices, codebook, sides, phi)
    blocks = [bicubic_resize(image, side).flatten(-2).mT for image, side in zip(sums[:-1], sides[1:], strict=True)]
    return torch.cat([none_of(indices, codebook), *blocks], -2)


@mistake(of=teacher_forcing_inputs, seen="catalogue R001-087")
def teacher_forcing_inputs_of_longer_sequences(indices, codebook, sides, phi):
    """a sequence without the codes of the last scale, or with more than all, is accepted"""
    wanted = scale_bounds(sides)[-1][1]
    filled = torch.cat([indices, indices.new_zeros(*indices.shape[:-1], wanted)], -1)[..., :wanted]
    return teacher_forcing_inputs(filled, codebook, sides, phi)


@mistake(of=scale_guided_logits, seen="catalogue R001-098")
def scale_guided_logits_counted_from_unconditional(unconditional, conditional, scale, num_scales, weight):
    """the weight is used as a scale: 1 is the conditional prediction, and scale 0 is unconditional"""
    scale_guided_logits(unconditional, conditional, scale, num_scales, weight)
    t = weight * scale / (num_scales - 1)
    return t * conditional + (1 - t) * unconditional


@mistake(of=scale_guided_logits, seen="catalogue R001-098")
def scale_guided_logits_with_swapped_sign(unconditional, conditional, scale, num_scales, weight):
    """the unconditional logits are added"""
    logits = scale_guided_logits(unconditional, conditional, scale, num_scales, weight)
    return logits + 2 * weight * scale / (num_scales - 1) * unconditional


@mistake(of=scale_guided_logits, seen="catalogue R001-098")
def scale_guided_logits_of_probabilities(unconditional, conditional, scale, num_scales, weight):
    """probabilities are guided instead of logits"""
    return scale_guided_logits(unconditional.softmax(-1), conditional.softmax(-1), scale, num_scales, weight)


@mistake(of=scale_guided_logits, seen="catalogue R001-098")
def scale_guided_logits_in_full_strength(unconditional, conditional, scale, num_scales, weight):
    """every scale is guided by the full weight"""
    scale_guided_logits(unconditional, conditional, scale, num_scales, weight)
    return (1 + weight) * conditional - weight * unconditional


@mistake(of=scale_guided_logits, seen="catalogue R001-098")
def scale_guided_logits_over_all_scales(unconditional, conditional, scale, num_scales, weight):
    """the relative depth is k / K instead of k / (K - 1), so that the last scale misses the full weight"""
    scale_guided_logits(unconditional, conditional, scale, num_scales, weight)
    return scale_guided_logits(unconditional, conditional, scale, num_scales + 1, weight)


@mistake(of=scale_guided_logits, seen="catalogue R001-098")
def scale_guided_logits_without_check(unconditional, conditional, scale, num_scales, weight):
    """a scale outside 0..K-1, or a single one, is accepted"""
    t = weight * scale / max(num_scales - 1, 1)
    return (1 + t) * conditional - t * unconditional


@variant(of=scale_guided_logits, seen="FoundationVision/Infinity")
def scale_guided_logits_by_scale(unconditional, conditional, scale, num_scales, weight):
    """g conditional + (1 - g) unconditional with g = 1 + t is the same"""
    scale_guided_logits(unconditional, conditional, scale, num_scales, weight)
    g = 1 + weight * scale / (num_scales - 1)
    return g * conditional + (1 - g) * unconditional


@mistake(of=progressive_token_weights, seen="FoundationVision/VAR, trainer.py")
def progressive_token_weights_renormalized(sides, stage, ramp):
    """the weights are divided by the tokens of the stage, so that they sum to 1 too early"""
    weights = progressive_token_weights(sides, stage, ramp)
    return weights / weights.sum()


@mistake(of=progressive_token_weights, seen="FoundationVision/VAR, trainer.py")
def progressive_token_weights_without_least(sides, stage, ramp):
    """the ramp may fall to 0"""
    weights = progressive_token_weights(sides, stage, 1.0)
    if stage < len(sides) - 1:
        weights[scale_bounds(sides)[stage][0] :] *= min(ramp, 1.0)
    return weights


@mistake(of=progressive_token_weights, seen="FoundationVision/VAR, trainer.py")
def progressive_token_weights_with_last_ramp(sides, stage, ramp):
    """the last stage is ramped up too"""
    weights = progressive_token_weights(sides, stage, 1.0)
    weights[scale_bounds(sides)[stage][0] :] *= min(max(ramp, 0.01), 1.0)
    return weights


@mistake(of=progressive_token_weights, seen="FoundationVision/VAR, trainer.py")
def progressive_token_weights_of_any_stage(sides, stage, ramp):
    """a stage outside 0..K-1 is taken for the nearest one"""
    return progressive_token_weights(sides, min(max(stage, 0), len(sides) - 1), ramp)


@mistake(of=next_scale_loss, seen="catalogue R001-121")
def next_scale_loss_summed_over_the_batch(logits, targets, weights):
    """the samples are summed instead of meaned"""
    return next_scale_loss(logits, targets, weights) * logits.shape[0]


@mistake(of=next_scale_loss, seen="catalogue R001-121")
def next_scale_loss_meaned_over_tokens(logits, targets, weights):
    """the weighted tokens are meaned, as if the weights were not 1 / L already"""
    return next_scale_loss(logits, targets, weights / len(weights))


@mistake(of=next_scale_loss, seen="catalogue R001-121")
def next_scale_loss_over_tokens(logits, targets, weights):
    """the softmax runs over the tokens instead of the codes"""
    log_probability = logits.log_softmax(-2).gather(-1, targets[..., None]).squeeze(-1)
    return -(weights * log_probability).sum(-1).mean()


@mistake(of=next_scale_loss, seen="catalogue R001-121")
def next_scale_loss_without_weights(logits, targets, weights):
    """every token counts alike"""
    return next_scale_loss(logits, targets, torch.full_like(weights, 1 / len(weights)))


@mistake(of=next_scale_loss, seen="catalogue R001-121")
def next_scale_loss_of_logits(logits, targets, weights):
    """the softmax is left out"""
    return -(weights * logits.gather(-1, targets[..., None]).squeeze(-1)).sum(-1).mean()


@mistake(of=next_scale_loss, seen="catalogue R001-121")
def next_scale_loss_by_probabilities(logits, targets, weights):
    """the logarithm is taken of the softmax, which is 0 for codes far behind"""
    log_probability = logits.softmax(-1).log().gather(-1, targets[..., None]).squeeze(-1)
    return -(weights * log_probability).sum(-1).mean()


@mistake(of=next_scale_loss, seen="catalogue R001-121")
def next_scale_loss_meaned_over_the_first_axis(logits, targets, weights):
    """the sum is divided by the length of the first axis, also where two axes are those of the batch"""
    return next_scale_loss(logits, targets, weights) * math.prod(targets.shape[:-1]) / len(logits)


@mistake(of=generate_by_scale, seen="catalogue R001-122")
def generate_by_scale_without_cache(start, cache, step, choose, codebook, sides, phi):
    """each scale attends to itself alone, since the cache is not handed on"""
    return generate_by_scale(start, cache, lambda x, k, _: (step(x, k, cache)[0], cache), choose, codebook, sides, phi)


@mistake(of=generate_by_scale, seen="catalogue R001-122")
def generate_by_scale_with_frozen_scale(start, cache, step, choose, codebook, sides, phi):
    """the scale index does not advance: every later scale is told that it is scale 1"""
    return generate_by_scale(start, cache, lambda x, k, c: step(x, min(k, 1), c), choose, codebook, sides, phi)


@mistake(of=generate_by_scale, seen="catalogue R001-122")
def generate_by_scale_with_zero_inputs(start, cache, step, choose, codebook, sides, phi):
    """scales after the first are fed nothing of what was chosen"""
    return generate_by_scale(start, cache, lambda x, k, c: step(x * (k == 0), k, c), choose, codebook, sides, phi)


@mistake(of=generate_by_scale, seen="catalogue R001-122")
def generate_by_scale_without_start(start, cache, step, choose, codebook, sides, phi):
    """the first scale is not fed the start tokens"""
    generate_by_scale(start, cache, step, choose, codebook, sides, phi)
    return generate_by_scale(0 * start, cache, step, choose, codebook, sides, phi)


@mistake(of=generate_by_scale, seen="catalogue R001-122")
def generate_by_scale_that_is_greedy(start, cache, step, choose, codebook, sides, phi):
    """the most likely code is kept whatever was chosen"""
    return generate_by_scale(start, cache, step, lambda logits, k: logits.argmax(-1), codebook, sides, phi)


@mistake(of=generate_by_scale, seen="catalogue R001-122")
def generate_by_scale_without_last_scale(start, cache, step, choose, codebook, sides, phi):
    """the codes of the last scale are not added to the reconstruction"""
    made = generate_by_scale(start, cache, step, choose, codebook, sides, phi)
    return made._replace(f_hat=multiscale_decode(made.indices, codebook, sides, phi)[-2 if len(sides) > 1 else -1])


@mistake(of=generate_by_scale, seen="catalogue R001-122")
def generate_by_scale_of_any_start(start, cache, step, choose, codebook, sides, phi):
    """start tokens beyond the first scale are dropped, and missing ones are zeros"""
    sides = sides or (1,)
    first = sides[0] ** 2
    filled = torch.cat([start, start.new_zeros(*start.shape[:-2], first, start.shape[-1])], -2)[..., :first, :]
    return generate_by_scale(filled, cache, step, choose, codebook, sides, phi)
