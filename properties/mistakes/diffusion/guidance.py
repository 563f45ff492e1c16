"""Wrong variants of `reference.diffusion.guidance`."""

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.guidance import (
    classifier_free_guidance,
    classifier_free_guidance_by_weight,
    classifier_gradient,
    classifier_guided_epsilon,
    classifier_guided_mean,
    dynamic_threshold,
    guidance_scale_from_weight,
    guided_prediction,
    negative_and_unconditional_guidance,
    negative_prompt_guidance,
    rescale_guidance,
)


def _of_label(table, labels):
    return table.gather(1, labels[:, None])


@mistake(of=classifier_gradient, seen="catalogue R003-149")
def classifier_gradient_of_probability(logits_of, x_t, labels):
    """the gradient of p(y | x) is taken instead of that of its logarithm"""
    return torch.func.grad(lambda x: _of_label(logits_of(x).softmax(1), labels).sum())(x_t)


@mistake(of=classifier_gradient, seen="openai/guided-diffusion#51")
def classifier_gradient_of_batch_mean(logits_of, x_t, labels):
    """log probabilities are averaged over the batch, so that guidance weakens with its size"""
    return torch.func.grad(lambda x: _of_label(logits_of(x).log_softmax(1), labels).mean())(x_t)


@mistake(of=classifier_gradient, seen="arXiv:2105.05233, section 4")
def classifier_gradient_of_logit(logits_of, x_t, labels):
    """the gradient of the label's logit is taken without that of the normaliser"""
    return torch.func.grad(lambda x: _of_label(logits_of(x), labels).sum())(x_t)


@mistake(of=classifier_gradient, seen="arXiv:2105.05233, section 4")
def classifier_gradient_of_loss(logits_of, x_t, labels):
    """the gradient of the cross-entropy loss is taken, which points away from the label"""
    return torch.func.grad(lambda x: torch.nn.functional.cross_entropy(logits_of(x), labels, reduction="sum"))(x_t)


@mistake(of=classifier_gradient, seen="arXiv:2105.05233, section 4")
def classifier_gradient_normalised_over_batch(logits_of, x_t, labels):
    """the softmax runs over the samples of the batch instead of the classes"""
    return torch.func.grad(lambda x: _of_label(logits_of(x).log_softmax(0), labels).sum())(x_t)


@mistake(of=classifier_gradient, seen="arXiv:2105.05233, section 4")
def classifier_gradient_of_independent_classes(logits_of, x_t, labels):
    """each class has a sigmoid of its own instead of a share of one softmax"""
    return torch.func.grad(lambda x: _of_label(torch.nn.functional.logsigmoid(logits_of(x)), labels).sum())(x_t)


@mistake(of=classifier_gradient, seen="arXiv:2105.05233, section 4")
def classifier_gradient_of_first_label(logits_of, x_t, labels):
    """every sample is led to the label of the first one"""
    return classifier_gradient(logits_of, x_t, labels[:1].expand(len(labels)))


@mistake(of=classifier_gradient, seen="catalogue R004-103")
def classifier_gradient_through_probabilities(logits_of, x_t, labels):
    """the logarithm is taken of a softmax, which underflows to 0 for logits far apart"""
    return torch.func.grad(lambda x: _of_label(logits_of(x).softmax(1).log(), labels).sum())(x_t)


@variant(of=classifier_gradient, seen="openai/guided-diffusion#51")
def classifier_gradient_sample_by_sample(logits_of, x_t, labels):
    """one sample at a time gives what the sum over the batch does"""
    return torch.cat([classifier_gradient(logits_of, x_t[b : b + 1], labels[b : b + 1]) for b in range(len(x_t))])


@mistake(of=classifier_guided_mean, seen="catalogue R001-112")
def classifier_guided_mean_by_standard_deviation(mean, gradient, variance, scale):
    """the gradient is multiplied by the standard deviation instead of the variance"""
    return mean + scale * variance.sqrt() * gradient


@mistake(of=classifier_guided_mean, seen="catalogue R004-105")
def classifier_guided_mean_without_variance(mean, gradient, variance, scale):
    """the gradient is added without the variance"""
    return mean + scale * gradient + 0 * variance


@mistake(of=classifier_guided_mean, seen="catalogue R004-105")
def classifier_guided_mean_downhill(mean, gradient, variance, scale):
    """the mean is moved against the gradient, as if it were that of a loss"""
    return mean - scale * variance * gradient


@mistake(of=classifier_guided_mean, seen="catalogue R004-105")
def classifier_guided_mean_without_scale(mean, gradient, variance, scale):
    """the scale is not used"""
    return mean + variance * gradient


@mistake(of=classifier_guided_mean, seen="catalogue R001-112")
def classifier_guided_mean_with_curvature(mean, gradient, variance, scale):
    """the shift is shrunk by 1 + scale variance, as if every log p(y | x) had the curvature -1"""
    return mean + scale * variance * gradient / (1 + abs(scale) * variance)


@mistake(of=classifier_guided_epsilon, seen="catalogue R001-113")
def classifier_guided_epsilon_with_wrong_sign(epsilon, gradient, alpha_bar_t, scale):
    """the gradient is added to the noise, which leads away from the condition"""
    return epsilon + scale * (1 - alpha_bar_t).sqrt() * gradient


@mistake(of=classifier_guided_epsilon, seen="catalogue R001-113")
def classifier_guided_epsilon_with_signal_level(epsilon, gradient, alpha_bar_t, scale):
    """the gradient is multiplied by sqrt(alpha_bar_t) instead of sqrt(1 - alpha_bar_t)"""
    return epsilon - scale * alpha_bar_t.sqrt() * gradient


@mistake(of=classifier_guided_epsilon, seen="catalogue R001-113")
def classifier_guided_epsilon_without_root(epsilon, gradient, alpha_bar_t, scale):
    """the gradient is multiplied by the variance 1 - alpha_bar_t instead of its root"""
    return epsilon - scale * (1 - alpha_bar_t) * gradient


@mistake(of=classifier_guided_epsilon, seen="arXiv:2105.05233, algorithm 2 without its s")
def classifier_guided_epsilon_without_scale(epsilon, gradient, alpha_bar_t, scale):
    """the scale is not used"""
    return epsilon - (1 - alpha_bar_t).sqrt() * gradient


@mistake(of=classifier_guided_epsilon, seen="catalogue R001-113")
def classifier_guided_epsilon_with_levels_in_a_column(epsilon, gradient, alpha_bar_t, scale):
    """the levels are brought into one column, which fits rows of features but no images"""
    return classifier_guided_epsilon(epsilon, gradient, alpha_bar_t.reshape(-1, 1), scale)


@mistake(of=classifier_free_guidance, seen="labmlai/annotated_deep_learning_paper_implementations#177")
def classifier_free_guidance_with_wrong_sign(unconditional, conditional, scale):
    """the weights are s and s - 1 instead of s and 1 - s, and do not sum to one"""
    return scale * conditional + (scale - 1) * unconditional


@mistake(of=classifier_free_guidance, seen="tatakai1/classifier_free_ddim#1, ashawkey/stable-dreamfusion#370")
def classifier_free_guidance_off_by_one(unconditional, conditional, scale):
    """the scale is used as the weight w of (1 + w) c - w u, and guides by one too much"""
    return classifier_free_guidance_by_weight(unconditional, conditional, scale)


@mistake(of=classifier_free_guidance, seen="threestudio-project/threestudio#127")
def classifier_free_guidance_from_conditional(unconditional, conditional, scale):
    """the difference is added to the conditional prediction instead of the unconditional one"""
    return conditional + scale * (conditional - unconditional)


@mistake(of=classifier_free_guidance, seen="facebookresearch/DiT#41")
def classifier_free_guidance_of_three_channels(unconditional, conditional, scale):
    """only the first three channels are guided, and the others stay conditional"""
    guided = classifier_free_guidance(unconditional, conditional, scale)
    return torch.cat([guided[:, :3], conditional[:, 3:]], 1)


@mistake(of=classifier_free_guidance, seen="catalogue R003-150")
def classifier_free_guidance_with_swapped_predictions(unconditional, conditional, scale):
    """the two predictions are exchanged, as when the halves of a doubled batch are taken in the wrong order"""
    return classifier_free_guidance(conditional, unconditional, scale)


@mistake(of=classifier_free_guidance, seen="catalogue R003-150")
def classifier_free_guidance_without_extrapolation(unconditional, conditional, scale):
    """the scale is limited to 1"""
    return classifier_free_guidance(unconditional, conditional, min(scale, 1.0))


@mistake(of=classifier_free_guidance, seen="catalogue R003-150")
def classifier_free_guidance_of_three_last_channels(unconditional, conditional, scale):
    """only the first three entries of the last axis are guided, as of channels that come last"""
    guided = unconditional + scale * (conditional - unconditional)
    return torch.cat([guided[..., :3], conditional[..., 3:]], dim=-1)


@variant(of=classifier_free_guidance, seen="threestudio-project/threestudio#127")
def classifier_free_guidance_from_conditional_by_one_less(unconditional, conditional, scale):
    """counted from the conditional prediction, scale - 1 is the same"""
    return conditional + (scale - 1) * (conditional - unconditional)


@variant(of=classifier_free_guidance, seen="arXiv:2205.11487, eq. 2")
def classifier_free_guidance_by_coefficients(unconditional, conditional, scale):
    """s c + (1 - s) u is the same"""
    return scale * conditional + (1 - scale) * unconditional


@mistake(of=classifier_free_guidance_by_weight, seen="huggingface/diffusers#5882")
def classifier_free_guidance_by_weight_as_scale(unconditional, conditional, weight):
    """the weight is used as a scale from the unconditional prediction, and guides by one too little"""
    return classifier_free_guidance(unconditional, conditional, weight)


@mistake(of=classifier_free_guidance_by_weight, seen="ashawkey/stable-dreamfusion#32")
def classifier_free_guidance_by_weight_that_adds(unconditional, conditional, weight):
    """the unconditional prediction is added instead of subtracted"""
    return (1 + weight) * conditional + weight * unconditional


@mistake(of=classifier_free_guidance_by_weight, seen="arXiv:2207.12598, eq. 6")
def classifier_free_guidance_by_weight_with_swapped_predictions(unconditional, conditional, weight):
    """the two predictions are exchanged"""
    return classifier_free_guidance_by_weight(conditional, unconditional, weight)


@variant(of=classifier_free_guidance_by_weight, seen="lucidrains/classifier-free-guidance-pytorch#15")
def classifier_free_guidance_by_weight_from_conditional(unconditional, conditional, weight):
    """c + w (c - u) is the same"""
    return conditional + weight * (conditional - unconditional)


@mistake(of=guidance_scale_from_weight, seen="tatakai1/classifier_free_ddim#1")
def guidance_scale_from_weight_unchanged(weight):
    """weights are taken for scales"""
    return weight


@mistake(of=guidance_scale_from_weight, seen="catalogue R003-150")
def guidance_scale_from_weight_inverted(weight):
    """the weight of a scale is returned, instead of the scale of a weight"""
    return weight - 1


@mistake(of=guidance_scale_from_weight, seen="catalogue R003-150")
def guidance_scale_from_weight_without_negative_scales(weight):
    """scales below 0, which push away from the condition, become 0"""
    return max(guidance_scale_from_weight(weight), 0.0)


@mistake(of=negative_prompt_guidance, seen="catalogue R003-153")
def negative_prompt_guidance_with_swapped_prompts(negative, positive, scale):
    """the prompts are exchanged"""
    return negative_prompt_guidance(positive, negative, scale)


@mistake(of=negative_prompt_guidance, seen="catalogue R003-153")
def negative_prompt_guidance_that_only_subtracts(negative, positive, scale):
    """the negative prediction is subtracted as a whole, with coefficients that do not sum to one"""
    return positive - scale * negative


@mistake(of=negative_prompt_guidance, seen="catalogue R003-153")
def negative_prompt_guidance_from_positive(negative, positive, scale):
    """the difference is added to the positive prediction"""
    return positive + scale * (positive - negative)


@mistake(of=negative_and_unconditional_guidance, seen="catalogue R003-154")
def negative_and_unconditional_guidance_with_wrong_sign(
    unconditional, positive, negative, positive_scale, negative_scale
):
    """the prediction is moved towards the negative prompt"""
    return negative_and_unconditional_guidance(unconditional, positive, negative, positive_scale, -negative_scale)


@mistake(of=negative_and_unconditional_guidance, seen="catalogue R003-154")
def negative_and_unconditional_guidance_with_swapped_prompts(
    unconditional, positive, negative, positive_scale, negative_scale
):
    """the prompts are exchanged"""
    return negative_and_unconditional_guidance(unconditional, negative, positive, positive_scale, negative_scale)


@mistake(of=negative_and_unconditional_guidance, seen="catalogue R003-154")
def negative_and_unconditional_guidance_away_from_positive(
    unconditional, positive, negative, positive_scale, negative_scale
):
    """the negative direction starts at the positive prediction instead of the unconditional one"""
    return unconditional + positive_scale * (positive - unconditional) - negative_scale * (negative - positive)


@mistake(of=negative_and_unconditional_guidance, seen="catalogue R003-154")
def negative_and_unconditional_guidance_with_one_scale(
    unconditional, positive, negative, positive_scale, negative_scale
):
    """the scale of the positive prompt serves both"""
    return negative_and_unconditional_guidance(unconditional, positive, negative, positive_scale, positive_scale)


def _std(prediction, axes=None):
    return prediction.std(tuple(range(1, prediction.ndim)) if axes is None else axes, correction=0, keepdim=True)


@mistake(of=rescale_guidance, seen="lucidrains/denoising-diffusion-pytorch#256")
def rescale_guidance_without_phi(guided, conditional, phi):
    """phi is not passed on, and the prediction stays as it was"""
    return rescale_guidance(guided, conditional, 0 * phi)


@mistake(of=rescale_guidance, seen="lucidrains/classifier-free-guidance-pytorch#2")
def rescale_guidance_with_swapped_phi(guided, conditional, phi):
    """phi and 1 - phi are exchanged"""
    return rescale_guidance(guided, conditional, 1 - phi)


@mistake(of=rescale_guidance, seen="huggingface/diffusers#13425")
def rescale_guidance_without_guard(guided, conditional, phi):
    """a guided prediction without spread is multiplied by a deviation divided by 0"""
    factor = phi * _std(conditional) / _std(guided) + 1 - phi
    return factor * guided + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="huggingface/diffusers#13426")
def rescale_guidance_with_constant_in_denominator(guided, conditional, phi):
    """1e-6 is added to the deviation, which is all that a prediction of equal elements is then divided by"""
    factor = phi * _std(conditional) / (_std(guided) + 1e-6) + 1 - phi
    return factor * guided + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="huggingface/diffusers#14334")
def rescale_guidance_guarded_against_zero_only(guided, conditional, phi):
    """a spread of 1e-17, which rounding leaves of equal elements, passes for a spread"""
    factor = torch.where(_std(guided) > 0, phi * _std(conditional) / _std(guided) + 1 - phi, 1)
    return factor * guided + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="arXiv:2305.08891, section 3.4")
def rescale_guidance_over_batch(guided, conditional, phi):
    """one deviation is taken over the whole batch"""
    axes = tuple(range(guided.ndim))
    ratio = (_std(conditional, axes) / _std(guided, axes)).nan_to_num(1, 1)
    return (phi * ratio + 1 - phi) * guided + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="arXiv:2305.08891, section 3.4")
def rescale_guidance_by_channel(guided, conditional, phi):
    """each channel has a deviation of its own"""
    axes = tuple(range(2, guided.ndim)) or (1,)
    ratio = (_std(conditional, axes) / _std(guided, axes)).nan_to_num(1, 1)
    return (phi * ratio + 1 - phi) * guided + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="arXiv:2305.08891, section 3.4")
def rescale_guidance_by_variance(guided, conditional, phi):
    """variances take the place of standard deviations"""
    ratio = (_std(conditional) / _std(guided)).nan_to_num(1, 1) ** 2
    return (phi * ratio + 1 - phi) * guided + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="arXiv:2305.08891, section 3.4")
def rescale_guidance_about_its_mean(guided, conditional, phi):
    """the mean of the guided prediction is kept, instead of being scaled along"""
    mean = guided.mean(tuple(range(1, guided.ndim)), keepdim=True)
    ratio = (_std(conditional) / _std(guided)).nan_to_num(1, 1)
    return mean + (phi * ratio + 1 - phi) * (guided - mean) + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="arXiv:2305.08891, section 3.4")
def rescale_guidance_by_inverse(guided, conditional, phi):
    """the ratio of the deviations is upside down"""
    ratio = (_std(guided) / _std(conditional)).nan_to_num(1, 1)
    return (phi * ratio + 1 - phi) * guided + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="arXiv:2305.08891, section 3.4")
def rescale_guidance_by_norm(guided, conditional, phi):
    """root mean squares take the place of deviations about the mean"""
    axes = tuple(range(1, guided.ndim))
    ratio = (conditional.square().mean(axes, True) / guided.square().mean(axes, True)).sqrt().nan_to_num(1, 1)
    return (phi * ratio + 1 - phi) * guided + 0 * rescale_guidance(guided, conditional, phi)


@mistake(of=rescale_guidance, seen="arXiv:2305.08891, section 3.4")
def rescale_guidance_without_check(guided, conditional, phi):
    """a phi outside [0, 1] is taken, and can turn the prediction round"""
    scaled = rescale_guidance(guided, conditional, 1.0)
    return phi * scaled + (1 - phi) * guided


@mistake(of=rescale_guidance, seen="arXiv:2305.08891, section 3.4")
def rescale_guidance_over_the_last_two_axes(guided, conditional, phi):
    """deviations are taken over the last two axes, so that each channel of an image has its own"""
    axes = tuple(range(max(guided.ndim - 2, 1), guided.ndim))
    own, other = (each.std(axes, correction=0, keepdim=True) for each in (guided, conditional))
    rescale_guidance(guided, conditional, phi)
    factor = torch.where(own > 0, phi * other / own.where(own > 0, 1) + 1 - phi, 1)
    return factor * guided


@variant(of=rescale_guidance, seen="huggingface/diffusers, rescale_noise_cfg")
def rescale_guidance_with_unbiased_deviations(guided, conditional, phi):
    """deviations with n - 1 in the denominator have the same ratio"""
    axes = tuple(range(1, guided.ndim))
    flat = guided.amax(axes, keepdim=True) == guided.amin(axes, keepdim=True)
    correction = min(1, guided[0].numel() - 1)
    ratio = conditional.std(axes, correction=correction, keepdim=True) / guided.std(
        axes, correction=correction, keepdim=True
    )
    kept = rescale_guidance(guided, conditional, phi)
    return torch.where(flat, kept, (phi * ratio + 1 - phi) * guided)


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_static(x_0, quantile):
    """data is clipped to [-1, 1], which saturates what lies beyond"""
    return x_0.clamp(-1, 1) + 0 * dynamic_threshold(x_0, quantile)


@mistake(of=dynamic_threshold, seen="huggingface/diffusers#3003")
def dynamic_threshold_bounded_from_below_by_two(x_0, quantile):
    """the bound is at least a largest value of the sample's range, such as 2, and shrinks data in [-1, 1]"""
    bound = x_0.abs().flatten(1).quantile(quantile, dim=1).clamp(min=2).reshape(-1, *[1] * (x_0.ndim - 1))
    return x_0.clamp(-bound, bound) / bound


@mistake(of=dynamic_threshold, seen="huggingface/diffusers, sample_max_value")
def dynamic_threshold_capped(x_0, quantile):
    """the bound is capped at 1.5, and what lies beyond saturates after all"""
    bound = x_0.abs().flatten(1).quantile(quantile, dim=1).clamp(1, 1.5).reshape(-1, *[1] * (x_0.ndim - 1))
    return x_0.clamp(-bound, bound) / bound


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_without_floor(x_0, quantile):
    """the bound may be below 1, so that faint data is stretched"""
    bound = x_0.abs().flatten(1).quantile(quantile, dim=1).clamp(min=1e-6).reshape(-1, *[1] * (x_0.ndim - 1))
    return x_0.clamp(-bound, bound) / bound


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_of_signed_values(x_0, quantile):
    """the quantile is that of the values instead of their absolute values"""
    bound = x_0.flatten(1).quantile(quantile, dim=1).clamp(min=1).reshape(-1, *[1] * (x_0.ndim - 1))
    return x_0.clamp(-bound, bound) / bound


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3, without its pseudocode")
def dynamic_threshold_only_above_one(x_0, quantile):
    """data is not clipped at all where the quantile is below 1, and its largest values leave [-1, 1]"""
    bound = x_0.abs().flatten(1).quantile(quantile, dim=1).reshape(-1, *[1] * (x_0.ndim - 1))
    return torch.where(bound > 1, x_0.clamp(-bound, bound) / bound, x_0)


@variant(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_divided_first(x_0, quantile):
    """dividing first and clipping to [-1, 1] afterwards is the same"""
    bound = x_0.abs().flatten(1).quantile(quantile, dim=1).clamp(min=1).reshape(-1, *[1] * (x_0.ndim - 1))
    return (x_0 / bound).clamp(-1, 1)


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_over_batch(x_0, quantile):
    """one bound serves the whole batch"""
    bound = x_0.abs().flatten().quantile(quantile).clamp(min=1)
    return x_0.clamp(-bound, bound) / bound


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_without_division(x_0, quantile):
    """data is clipped but not brought back to [-1, 1]"""
    bound = x_0.abs().flatten(1).quantile(quantile, dim=1).clamp(min=1).reshape(-1, *[1] * (x_0.ndim - 1))
    return x_0.clamp(-bound, bound)


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_without_clipping(x_0, quantile):
    """data is divided but not clipped, and leaves [-1, 1]"""
    bound = x_0.abs().flatten(1).quantile(quantile, dim=1).clamp(min=1).reshape(-1, *[1] * (x_0.ndim - 1))
    return x_0 / bound


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_at_a_value_of_the_sample(x_0, quantile):
    """the quantile is the next lower value, without interpolation"""
    bound = x_0.abs().flatten(1).quantile(quantile, dim=1, interpolation="lower")
    bound = bound.clamp(min=1).reshape(-1, *[1] * (x_0.ndim - 1))
    return x_0.clamp(-bound, bound) / bound


@mistake(of=dynamic_threshold, seen="arXiv:2205.11487, section 2.3")
def dynamic_threshold_without_check(x_0, quantile):
    """a percentile such as 99.5 passes for the quantile 1"""
    return dynamic_threshold(x_0, max(0.0, min(quantile, 1.0)))


@mistake(of=guided_prediction, seen="lucidrains/denoising-diffusion-pytorch, commit e3c8036")
def guided_prediction_with_dropout(denoiser, x_t, condition, null_condition, scale):
    """conditions are dropped at random in the conditional prediction too, as in training"""
    dropped = torch.cat([null_condition[None], condition[1:]])
    return guided_prediction(denoiser, x_t, dropped, null_condition, scale)


@mistake(of=guided_prediction, seen="catalogue R003-150")
def guided_prediction_on_different_noise(denoiser, x_t, condition, null_condition, scale):
    """the two predictions are made for different x_t"""
    unconditional = denoiser(x_t.roll(1, 0), null_condition.expand_as(condition))
    return classifier_free_guidance(unconditional, denoiser(x_t, condition), scale)


@mistake(of=guided_prediction, seen="catalogue R003-150")
def guided_prediction_with_swapped_halves(denoiser, x_t, condition, null_condition, scale):
    """a doubled batch is split in the wrong order"""
    both = denoiser(torch.cat([x_t, x_t]), torch.cat([condition, null_condition.expand_as(condition)]))
    unconditional, conditional = both.chunk(2)
    return classifier_free_guidance(unconditional, conditional, scale)


@mistake(of=guided_prediction, seen="arXiv:2207.12598, algorithm 2, read with scales")
def guided_prediction_off_by_one(denoiser, x_t, condition, null_condition, scale):
    """the scale is used as the weight w of (1 + w) c - w u"""
    return guided_prediction(denoiser, x_t, condition, null_condition, scale + 1)


@mistake(of=guided_prediction, seen="catalogue R003-153")
def guided_prediction_of_guided_condition(denoiser, x_t, condition, null_condition, scale):
    """conditions are combined instead of the predictions for them"""
    return denoiser(x_t, null_condition + scale * (condition - null_condition))


@mistake(of=guided_prediction, seen="arXiv:2207.12598, algorithm 1")
def guided_prediction_with_zero_for_null(denoiser, x_t, condition, null_condition, scale):
    """zeros stand in for the learned null condition"""
    return guided_prediction(denoiser, x_t, condition, torch.zeros_like(null_condition), scale)


@mistake(of=guided_prediction, seen="catalogue R003-150")
def guided_prediction_with_one_null_condition(denoiser, x_t, condition, null_condition, scale):
    """the denoiser is handed the null condition once for the batch instead of once for each sample"""
    unconditional = denoiser(x_t, null_condition[None])
    return unconditional + scale * (denoiser(x_t, condition) - unconditional)


@variant(of=guided_prediction, seen="facebookresearch/DiT, forward_with_cfg")
def guided_prediction_on_a_doubled_batch(denoiser, x_t, condition, null_condition, scale):
    """one call on a doubled batch is the same as two calls"""
    both = denoiser(torch.cat([x_t, x_t]), torch.cat([condition, null_condition.expand_as(condition)]))
    conditional, unconditional = both.chunk(2)
    return classifier_free_guidance(unconditional, conditional, scale)
