"""Wrong variants of `reference.diffusion.objectives`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.likelihood import decoder_nll, normal_kl, posterior_kl
from reference.diffusion.objectives import (
    hybrid_loss,
    rescaled_bound,
    rescaled_hybrid_loss,
    simple_loss,
    target_loss,
    variational_epsilon_weight,
    weighted_loss,
)
from reference.diffusion.posteriors import gaussian_posterior, posterior_mean_from_epsilon


@mistake(of=simple_loss, seen="catalogue R002-003")
def simple_loss_summed_over_elements(prediction, target):
    """the elements of a sample are added up instead of averaged"""
    return (target - prediction).square().flatten(1).sum(1)


@mistake(of=simple_loss, seen="catalogue R002-003")
def simple_loss_against_another_sample(prediction, target):
    """each prediction is compared with the noise of another sample of the batch"""
    return simple_loss(prediction, target.roll(1, 0))


@mistake(of=simple_loss, seen="E002-6")
def simple_loss_of_squeezed_prediction(prediction, target):
    """a trailing axis of size one is squeezed off the prediction, so that the difference broadcasts"""
    squeezed = prediction.squeeze(-1) if prediction.ndim > 2 else prediction
    return (target - squeezed).square().flatten(1).mean(1)


@mistake(of=simple_loss, seen="catalogue R002-019")
def simple_loss_averaged_over_batch(prediction, target):
    """the batch is averaged too, so that samples cannot be weighted any more"""
    return (target - prediction).square().mean().expand(len(target)).clone()


@mistake(of=simple_loss, seen="mnist-dits")
def simple_loss_absolute(prediction, target):
    """the error is not squared"""
    return (target - prediction).abs().flatten(1).mean(1)


@mistake(of=simple_loss, seen="lucidrains/denoising-diffusion-pytorch, loss_type")
def simple_loss_smooth(prediction, target):
    """errors beyond 1 count in proportion, as in the smooth L1 loss"""
    return 2 * torch.nn.functional.smooth_l1_loss(prediction, target, reduction="none").flatten(1).mean(1)


@mistake(of=simple_loss, seen="catalogue R002-010")
def simple_loss_halved(prediction, target):
    """the 1/2 of the Gaussian log likelihood is kept, at the cost of every other weight"""
    return simple_loss(prediction, target) / 2


@mistake(of=simple_loss, seen="catalogue R003-140")
def simple_loss_without_mean(prediction, target):
    """the variance of the error is taken, so that a constant error costs nothing"""
    return (target - prediction).flatten(1).var(1, correction=0)


@mistake(of=simple_loss, seen="catalogue R002-003")
def simple_loss_without_gradient(prediction, target):
    """the loss is cut off from the prediction, so that nothing is learnt from it"""
    return simple_loss(prediction.detach(), target)


@variant(of=simple_loss, seen="catalogue R002-003")
def simple_loss_the_other_way_round(prediction, target):
    """prediction minus target has the same square"""
    return torch.nn.functional.mse_loss(prediction, target, reduction="none").flatten(1).mean(1)


@mistake(of=weighted_loss, seen="catalogue R002-010")
def weighted_loss_without_weight(prediction, target, weight):
    """the weight is ignored"""
    return simple_loss(prediction, target)


@mistake(of=weighted_loss, seen="catalogue R002-010")
def weighted_loss_with_weight_inside_the_square(prediction, target, weight):
    """the weight multiplies the error before it is squared"""
    return weight**2 * simple_loss(prediction, target)


@mistake(of=weighted_loss, seen="catalogue R002-010")
def weighted_loss_normalised(prediction, target, weight):
    """the weights are divided by their mean over the batch, so that a loss depends on its neighbours"""
    return weight / weight.mean() * simple_loss(prediction, target)


@mistake(of=weighted_loss, seen="huggingface/diffusers#1733")
def weighted_loss_divided_by_weight(prediction, target, weight):
    """the loss is divided by the weight"""
    return simple_loss(prediction, target) / weight


@mistake(of=weighted_loss, seen="catalogue R002-019")
def weighted_loss_averaged_before_weighting(prediction, target, weight):
    """the weights multiply the mean over the batch instead of each sample's own loss"""
    return weight * (target - prediction).square().mean()


@mistake(of=weighted_loss, seen="catalogue R002-010")
def weighted_loss_with_gradient_of_simple_loss(prediction, target, weight):
    """the weight is applied to the value alone, so that all samples teach alike"""
    loss = simple_loss(prediction, target)
    return loss + (weighted_loss(prediction, target, weight) - loss).detach()


@mistake(of=target_loss, seen="E002-7")
def target_loss_without_mask(prediction, target, context):
    """the mask is accepted and ignored"""
    return simple_loss(prediction, target)


@mistake(of=target_loss, seen="catalogue R002-011")
def target_loss_divided_by_all(prediction, target, context):
    """the sum over the targets is divided by the number of all elements"""
    return torch.where(context, 0, (target - prediction).square()).flatten(1).mean(1)


@mistake(of=target_loss, seen="catalogue R002-011")
def target_loss_with_inverted_mask(prediction, target, context):
    """the loss is taken over the context instead of the targets"""
    return target_loss(prediction, target, ~context)


@mistake(of=target_loss, seen="catalogue R002-011")
def target_loss_divided_by_context(prediction, target, context):
    """the sum over the targets is divided by the number of elements of the context"""
    return torch.where(context, 0, (target - prediction).square()).flatten(1).sum(1) / context.flatten(1).sum(1)


@mistake(of=target_loss, seen="catalogue R002-011")
def target_loss_divided_by_targets_of_batch(prediction, target, context):
    """each sample is divided by the mean number of targets in the batch instead of its own"""
    square = torch.where(context, 0, (target - prediction).square()).flatten(1)
    return square.sum(1) / (~context).flatten(1).sum(1).to(square.dtype).mean()


@mistake(of=target_loss, seen="catalogue R002-011")
def target_loss_of_nothing_is_zero(prediction, target, context):
    """a sample without targets counts as solved"""
    square = torch.where(context, 0, (target - prediction).square()).flatten(1)
    return square.sum(1) / (~context).flatten(1).sum(1).clamp(min=1)


@mistake(of=target_loss, seen="catalogue R002-011")
def target_loss_that_pulls_at_the_context(prediction, target, context):
    """the loss is right, but gradients flow to predictions in the context too"""
    everywhere = simple_loss(prediction, target)
    return target_loss(prediction, target, context) + everywhere - everywhere.detach()


@variant(of=target_loss, seen="arXiv:2107.03502, eq. 9")
def target_loss_by_multiplication(prediction, target, context):
    """a residual that is multiplied by the mask has the same square as one that is selected"""
    residual = ((target - prediction) * ~context).flatten(1)
    return residual.square().sum(1) / (~context).flatten(1).sum(1)


@mistake(of=variational_epsilon_weight, seen="catalogue R004-091")
def variational_epsilon_weight_with_first_power_of_beta(alpha_bar_t, alpha_bar_s, variance):
    """beta is not squared"""
    a = alpha_bar_t / alpha_bar_s
    return (1 - a) / (2 * variance * a * (1 - alpha_bar_t))


@mistake(of=variational_epsilon_weight, seen="catalogue R003-137")
def variational_epsilon_weight_without_half(alpha_bar_t, alpha_bar_s, variance):
    """the factor 1/2 is left out"""
    return 2 * variational_epsilon_weight(alpha_bar_t, alpha_bar_s, variance)


@mistake(of=variational_epsilon_weight, seen="catalogue R004-091")
def variational_epsilon_weight_with_root_of_noise(alpha_bar_t, alpha_bar_s, variance):
    """1 - alpha_bar_t is not squared on the way from the mean to its squared error"""
    a = alpha_bar_t / alpha_bar_s
    return (1 - a) ** 2 / (2 * variance * a * (1 - alpha_bar_t).sqrt())


@mistake(of=variational_epsilon_weight, seen="catalogue R004-091")
def variational_epsilon_weight_with_cumulative_alpha(alpha_bar_t, alpha_bar_s, variance):
    """the step's alpha is replaced by alpha_bar_t"""
    a = alpha_bar_t / alpha_bar_s
    return (1 - a) ** 2 / (2 * variance * alpha_bar_t * (1 - alpha_bar_t))


@mistake(of=variational_epsilon_weight, seen="E004-30")
def variational_epsilon_weight_with_posterior_variance(alpha_bar_t, alpha_bar_s, variance):
    """the posterior's variance is used, whatever that of the model is"""
    posterior = (1 - alpha_bar_t / alpha_bar_s) * (1 - alpha_bar_s) / (1 - alpha_bar_t)
    return variational_epsilon_weight(alpha_bar_t, alpha_bar_s, posterior.clamp(min=1e-20))


@mistake(of=variational_epsilon_weight, seen="catalogue R003-137")
def variational_epsilon_weight_with_standard_deviation(alpha_bar_t, alpha_bar_s, variance):
    """the weight is divided by the standard deviation instead of the variance"""
    return variational_epsilon_weight(alpha_bar_t, alpha_bar_s, variance.sqrt())


@mistake(of=variational_epsilon_weight, seen="catalogue R003-140")
def variational_epsilon_weight_of_simple_loss(alpha_bar_t, alpha_bar_s, variance):
    """the weight is dropped, which makes the simple loss and no term of the bound"""
    return torch.ones_like(alpha_bar_t)


@variant(of=variational_epsilon_weight, seen="catalogue R004-091")
def variational_epsilon_weight_by_inverse_alpha(alpha_bar_t, alpha_bar_s, variance):
    """one of the two factors beta may be taken as 1 / alpha - 1, which is beta / alpha"""
    a = alpha_bar_t / alpha_bar_s
    return (1 / a - 1) * (1 - a) / (1 - alpha_bar_t) / (2 * variance)


def _hybrid(loss, arguments, vlb_weight, keep=lambda x: x.detach(), keep_variance=lambda x: x):
    """The hybrid loss with another loss of the mean, or other gradients."""
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s = arguments
    mean = posterior_mean_from_epsilon(x_t, keep(epsilon), alpha_bar_t, alpha_bar_s)
    log_variance = keep_variance(log_variance)
    below = posterior_kl(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s)
    bound = torch.where(alpha_bar_s.flatten() == 1, decoder_nll(x_0, mean, log_variance), below)
    return loss(epsilon, noise) + vlb_weight * bound / x_0[0].numel()


@mistake(of=hybrid_loss, seen="catalogue R004-100")
def hybrid_loss_without_stop_gradient(
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001
):
    """the mean is not detached, so that the bound pulls at epsilon too"""
    arguments = x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s
    return _hybrid(simple_loss, arguments, vlb_weight, keep=lambda x: x)


@mistake(of=hybrid_loss, seen="catalogue R004-100")
def hybrid_loss_with_stopped_variance(
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001
):
    """the gradient is stopped at the log variance instead of the mean"""
    arguments = x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s
    return _hybrid(simple_loss, arguments, vlb_weight, lambda x: x, lambda x: x.detach() + 0 * x)


@mistake(of=hybrid_loss, seen="catalogue R004-100")
def hybrid_loss_without_bound(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001):
    """the bound is left out, so that the variance is never trained"""
    return simple_loss(epsilon, noise) + 0 * log_variance.flatten(1).sum(1)


@mistake(of=hybrid_loss, seen="openai/improved-diffusion, gaussian_diffusion.py")
def hybrid_loss_in_bits(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001):
    """the bound's term is counted in bits instead of nats"""
    weight = vlb_weight / math.log(2)
    return hybrid_loss(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, weight)


@mistake(of=hybrid_loss, seen="openai/improved-diffusion, gaussian_diffusion.py")
def hybrid_loss_with_bound_per_sample(
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001
):
    """the bound's term is added up over the elements while the error is averaged"""
    weight = vlb_weight * x_0[0].numel()
    return hybrid_loss(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, weight)


@mistake(of=hybrid_loss, seen="catalogue R004-100")
def hybrid_loss_with_full_weight(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=1.0):
    """the bound weighs as much as the error unless told otherwise"""
    return hybrid_loss(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight)


@mistake(of=hybrid_loss, seen="catalogue R004-086")
def hybrid_loss_without_decoder(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001):
    """the step to the data is compared with a posterior of variance 1e-20 instead of scoring the data"""
    mean = posterior_mean_from_epsilon(x_t, epsilon.detach(), alpha_bar_t, alpha_bar_s)
    true_mean, true_variance = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    bound = normal_kl(true_mean, true_variance.clamp(min=1e-20).log(), mean, log_variance)
    return simple_loss(epsilon, noise) + vlb_weight * bound.flatten(1).mean(1)


@mistake(of=hybrid_loss, seen="catalogue R004-086")
def hybrid_loss_with_decoder_everywhere(
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001
):
    """the data is scored at every level, also where the step does not lead to it"""
    mean = posterior_mean_from_epsilon(x_t, epsilon.detach(), alpha_bar_t, alpha_bar_s)
    return simple_loss(epsilon, noise) + vlb_weight * decoder_nll(x_0, mean, log_variance) / x_0[0].numel()


@mistake(of=hybrid_loss, seen="E004-30")
def hybrid_loss_for_equal_variances(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001):
    """the divergence is that of equal variances, whose minimum is an infinite variance"""
    mean = posterior_mean_from_epsilon(x_t, epsilon.detach(), alpha_bar_t, alpha_bar_s)
    true_mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    below = ((true_mean - mean) ** 2 * torch.exp(-log_variance) / 2).flatten(1).sum(1)
    bound = torch.where(alpha_bar_s.flatten() == 1, decoder_nll(x_0, mean, log_variance), below)
    return simple_loss(epsilon, noise) + vlb_weight * bound / x_0[0].numel()


@mistake(of=hybrid_loss, seen="catalogue R002-003")
def hybrid_loss_of_data(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001):
    """epsilon is compared with x_0 instead of the noise"""
    arguments = x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s
    return _hybrid(lambda guess, _: simple_loss(guess, x_0), arguments, vlb_weight)


@mistake(of=hybrid_loss, seen="catalogue R004-100")
def hybrid_loss_with_true_mean(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001):
    """the bound is taken at the mean that the true noise gives, so that the variance never learns of errors"""
    mean = posterior_mean_from_epsilon(x_t, noise, alpha_bar_t, alpha_bar_s)
    below = posterior_kl(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s)
    bound = torch.where(alpha_bar_s.flatten() == 1, decoder_nll(x_0, mean, log_variance), below)
    return simple_loss(epsilon, noise) + vlb_weight * bound / x_0[0].numel()


@mistake(of=hybrid_loss, seen="catalogue R004-086")
def hybrid_loss_with_decoder_near_the_data(
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001
):
    """levels with more signal than noise count as the data itself"""
    mean = posterior_mean_from_epsilon(x_t, epsilon.detach(), alpha_bar_t, alpha_bar_s)
    below = posterior_kl(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s)
    bound = torch.where(alpha_bar_s.flatten() > 0.5, decoder_nll(x_0, mean, log_variance), below)
    return simple_loss(epsilon, noise) + vlb_weight * bound / x_0[0].numel()


@mistake(of=hybrid_loss, seen="catalogue R004-100")
def hybrid_loss_with_one_variance_per_channel(
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001
):
    """the log variances of a channel are averaged over its positions"""
    averaged = log_variance.mean(1, keepdim=True).expand_as(log_variance)
    return hybrid_loss(x_0, x_t, noise, epsilon, averaged, alpha_bar_t, alpha_bar_s, vlb_weight)


@mistake(of=hybrid_loss, seen="catalogue R004-100")
def hybrid_loss_with_decoder_within_a_tolerance(
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001
):
    """levels within 2e-5 of 1 count as the data itself"""
    mean = posterior_mean_from_epsilon(x_t, epsilon.detach(), alpha_bar_t, alpha_bar_s)
    below = posterior_kl(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s)
    bound = torch.where(alpha_bar_s.flatten() > 1 - 2e-5, decoder_nll(x_0, mean, log_variance), below)
    return simple_loss(epsilon, noise) + vlb_weight * bound / x_0[0].numel()


@variant(of=hybrid_loss, seen="openai/improved-diffusion, gaussian_diffusion.py")
def hybrid_loss_with_frozen_output(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, vlb_weight=0.001):
    """detaching the mean instead of epsilon stops the same gradient"""
    mean = posterior_mean_from_epsilon(x_t, epsilon, alpha_bar_t, alpha_bar_s).detach()
    below = posterior_kl(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s)
    bound = torch.where(alpha_bar_s.flatten() == 1, decoder_nll(x_0, mean, log_variance), below)
    return simple_loss(epsilon, noise) + vlb_weight * bound / x_0[0].numel()


@mistake(of=rescaled_hybrid_loss, seen="catalogue R004-100")
def rescaled_hybrid_loss_not_rescaled(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, num_steps):
    """one term stands for the whole bound"""
    rescaled_bound(noise, num_steps)
    return hybrid_loss(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s)


@mistake(of=rescaled_hybrid_loss, seen="openai/improved-diffusion, gaussian_diffusion.py")
def rescaled_hybrid_loss_with_whole_bound(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, num_steps):
    """the whole bound is added instead of one thousandth of it"""
    rescaled_bound(noise, num_steps)
    return hybrid_loss(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, num_steps)


@mistake(of=rescaled_hybrid_loss, seen="catalogue R004-100")
def rescaled_hybrid_loss_scaled_as_a_whole(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, num_steps):
    """the error of epsilon is multiplied by the number of steps too"""
    return rescaled_bound(hybrid_loss(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s), num_steps)


@mistake(of=rescaled_hybrid_loss, seen="catalogue R004-100")
def rescaled_hybrid_loss_without_stop_gradient(
    x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, num_steps
):
    """the mean is not detached, so that the bound pulls at epsilon too"""
    rescaled_bound(noise, num_steps)
    arguments = x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s
    return _hybrid(simple_loss, arguments, num_steps / 1000, keep=lambda x: x)


@mistake(of=rescaled_hybrid_loss, seen="arXiv:2102.09672, code")
def rescaled_hybrid_loss_without_check(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, num_steps):
    """a chain without steps gets a loss all the same"""
    return hybrid_loss(x_0, x_t, noise, epsilon, log_variance, alpha_bar_t, alpha_bar_s, num_steps / 1000)


@mistake(of=rescaled_bound, seen="catalogue R004-084")
def rescaled_bound_without_first_step(term, num_steps):
    """the number of steps is one too small, as if the sum started at the second"""
    rescaled_bound(term, num_steps)
    return (num_steps - 1) * term


@mistake(of=rescaled_bound, seen="catalogue R004-084")
def rescaled_bound_not_rescaled(term, num_steps):
    """one term stands for the whole bound"""
    rescaled_bound(term, num_steps)
    return 1 * term


@mistake(of=rescaled_bound, seen="openai/improved-diffusion, gaussian_diffusion.py")
def rescaled_bound_by_a_thousand(term, num_steps):
    """the thousandth of the hybrid loss is applied to the bound alone too"""
    return rescaled_bound(term, num_steps) / 1000


@mistake(of=rescaled_bound, seen="catalogue R004-084")
def rescaled_bound_summed_over_batch(term, num_steps):
    """the batch is averaged, so that samples cannot be weighted any more"""
    return rescaled_bound(term, num_steps).mean().expand(len(term)).clone()


@mistake(of=rescaled_bound, seen="arXiv:2102.09672, code")
def rescaled_bound_without_check(term, num_steps):
    """a chain without steps gets a bound all the same"""
    return num_steps * term
