"""Judges MONAI: its schedulers of diffusion and of rectified flow, its inferer, some of its blocks and losses, its FID.

    betas of the schedules                NoiseSchedules
    alpha_bar, q_sample, v_target         tables, .add_noise and .get_velocity of DDPMScheduler
    x_0 from epsilon or v                 second result of DDPMScheduler.step
    epsilon from x_0 or v                 DDIMScheduler.reversed_step to the level without signal, where noise is all
    posterior mean                        first result of DDPMScheduler.step, for a network that says its variance is 0
    posterior variance                    DDIMScheduler._get_variance, which is not clipped
    log variances                         logarithms of DDPMScheduler._get_variance
    ancestral step and sampling           first result of DDPMScheduler.step, for a network that says its variance
    DDIM step, sampling, and the noise    first result of DDIMScheduler.step
    DDIM in the other direction           first result of DDIMScheduler.reversed_step
    timesteps                             DDPMScheduler.set_timesteps, RFlowScheduler.sample_timesteps
    rectified flow                        RFlowScheduler.add_noise, both results of .step; timestep_transform
    classifier-free guidance              DiffusionInferer.sample, in a step that returns the prediction
    cross-attention                       CrossAttentionBlock without the layer behind it
    embedding                             get_timestep_embedding of DiffusionModelUNet
    sample of a Gaussian                  AutoencoderKL.encode_stage_2_inputs, of which the layers are given
    normal CDF, discretised Gaussian      DiffusionInferer, as get_likelihood uses them
    Frechet distance                      compute_frechet_distance in float64, as get_fid_score uses it
    standardisation                       NormalizeIntensity with a mean and a deviation for each channel
    focal loss                            FocalLoss; with use_softmax of one-hot labels, of which the others lose 0
    contrast of two views                 ContrastiveLoss
    squeeze-and-excitation                ChannelSELayer with biases of 0
    size of a convolution                 calculate_out_shape

Betas and levels reach a scheduler through a noise schedule that is registered here and returns the tables it is given:
an entry for each step, and in it a number for each sample. Of a chain the scheduler is given all levels and the number
of steps, if that makes it choose the given timesteps, and else the kept levels only. Noise is what torch draws.

The velocity of rectified flow has the other sign, and its timesteps are thousandths, whole or not.
"""

import itertools
from unittest.mock import patch

import torch
from monai.inferers import DiffusionInferer
from monai.losses import ContrastiveLoss, FocalLoss
from monai.metrics.fid import compute_frechet_distance
from monai.networks.blocks import ChannelSELayer
from monai.networks.blocks.crossattention import CrossAttentionBlock
from monai.networks.layers import calculate_out_shape
from monai.networks.nets.autoencoderkl import AutoencoderKL
from monai.networks.nets.diffusion_model_unet import get_timestep_embedding
from monai.networks.schedulers import DDIMScheduler, DDPMScheduler, NoiseSchedules, RFlowScheduler
from monai.networks.schedulers.rectified_flow import timestep_transform
from monai.transforms import NormalizeIntensity

PACKAGES = ("monai", "scipy")
DTYPE = "float32"


@NoiseSchedules.add_def("given", "The tables that it is given")
def _given(num_train_timesteps, tables):
    return tables


def _with_levels(kind, *levels, **config):
    alpha_bar = torch.stack(torch.broadcast_tensors(*levels))
    alpha = torch.cat([alpha_bar[:1], alpha_bar[1:] / alpha_bar[:-1]])
    return kind(len(levels), "given", tables=(1 - alpha, alpha, alpha_bar), **config)


# Tables


def linear_beta_schedule(num_steps, **beta_start_and_end):
    return NoiseSchedules["linear_beta"](num_steps, **beta_start_and_end)


def scaled_linear_beta_schedule(num_steps, **beta_start_and_end):
    return NoiseSchedules["scaled_linear_beta"](num_steps, **beta_start_and_end)


def sigmoid_beta_schedule(num_steps, logit_range=6.0, **beta_start_and_end):
    return NoiseSchedules["sigmoid_beta"](num_steps, sig_range=logit_range, **beta_start_and_end)


def cosine_beta_schedule(num_steps, offset=0.008, max_beta=0.999):
    if max_beta != 0.999:
        raise NotImplementedError("MONAI has no argument for the cap")
    betas, _, _ = NoiseSchedules["cosine"](num_steps, s=offset)
    return betas


def alpha_bar_from_betas(betas):
    return DDPMScheduler(len(betas), "given", tables=betas).alphas_cumprod


# The forward process and what a network predicts


def q_sample(x_0, noise, alpha_bar_t):
    return _add(DDPMScheduler.add_noise, x_0, noise, alpha_bar_t)


def v_target(x_0, epsilon, alpha_bar_t):
    return _add(DDPMScheduler.get_velocity, x_0, epsilon, alpha_bar_t)


def x_0_from_epsilon(x_t, epsilon, alpha_bar_t):
    scheduler = _with_levels(DDPMScheduler, alpha_bar_t, prediction_type="epsilon", clip_sample=False)
    return scheduler.step(epsilon, 0, x_t)[1]


def x_0_from_v(x_t, v, alpha_bar_t):
    scheduler = _with_levels(DDPMScheduler, alpha_bar_t, prediction_type="v_prediction", clip_sample=False)
    return scheduler.step(v, 0, x_t)[1]


def epsilon_from_x_0(x_t, x_0, alpha_bar_t):
    return _noise(x_t, x_0, alpha_bar_t, "sample")


def epsilon_from_v(x_t, v, alpha_bar_t):
    return _noise(x_t, v, alpha_bar_t, "v_prediction")


def _add(method, x_0, noise, alpha_bar_t):
    rows = alpha_bar_t.broadcast_to(*x_0.shape[:-1], 1).flatten()
    scheduler = DDPMScheduler(len(rows), "given", tables=(1 - rows, rows, rows))
    flat_x_0, flat_noise = x_0.reshape(len(rows), -1), noise.reshape(len(rows), -1)
    return method(scheduler, flat_x_0, flat_noise, torch.arange(len(rows))).reshape(x_0.shape)


def _noise(x_t, prediction, alpha_bar_t, prediction_type):
    no_signal = torch.zeros_like(alpha_bar_t)
    scheduler = _with_levels(DDIMScheduler, alpha_bar_t, no_signal, prediction_type=prediction_type, clip_sample=False)
    return scheduler.reversed_step(prediction, 0, x_t)[0]


# The step back


def gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s):
    mean = _posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_s, prediction_type="sample", clip_sample=False)
    return mean, _with_levels(DDIMScheduler, alpha_bar_s, alpha_bar_t)._get_variance(1, 0)


def posterior_mean_from_epsilon(x_t, epsilon, alpha_bar_t, alpha_bar_s):
    return _posterior_mean(x_t, epsilon, alpha_bar_t, alpha_bar_s, prediction_type="epsilon", clip_sample=False)


def clipped_posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_s, bound=1.0):
    clip = {"clip_sample": True, "clip_sample_min": -bound, "clip_sample_max": bound}
    return _posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_s, prediction_type="sample", **clip)


def _posterior_mean(x_t, prediction, alpha_bar_t, alpha_bar_s, **config):
    scheduler = _with_levels(DDPMScheduler, alpha_bar_s, alpha_bar_t, variance_type="learned", **config)
    variance = torch.zeros_like(prediction)
    return scheduler.step(torch.cat([prediction, variance], dim=1), 1, x_t)[0]


def fixed_small_log_variance(betas):
    return _log_variance(betas, "fixed_small")


def fixed_large_log_variance(betas):
    return _log_variance(betas, "fixed_large")


def learned_range_log_variance(interpolation, log_beta_t, log_posterior_variance_t):
    beta_t = log_beta_t.double().exp()
    noise_s = (log_posterior_variance_t - log_beta_t).double().exp()
    tables = [torch.stack(torch.broadcast_tensors(*pair)) for pair in [(noise_s, beta_t), (1 - noise_s, 0 * noise_s)]]
    scheduler = DDPMScheduler(2, "given", tables=(tables[0], 1 - tables[0], tables[1]), variance_type="learned_range")
    return scheduler._get_variance(1, interpolation).log().to(interpolation)


def _log_variance(betas, variance_type):
    scheduler = DDPMScheduler(len(betas), "given", tables=betas, variance_type=variance_type)
    return torch.stack([scheduler._get_variance(t) for t in range(len(betas))]).log()


def ancestral_step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    rows = [_rows(value, x_t) for value in (x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance.exp())]
    return torch.cat([_ancestral_row(*row) for row in zip(*rows, strict=True)]).reshape(x_t.shape)


def ancestral_sample(denoiser, x_T, noise, alpha_bar, timesteps):
    _check_noise(noise, timesteps)
    scheduler, full = _chain(DDPMScheduler, alpha_bar, timesteps, variance_type="learned", **_PREDICTS_X_0)
    x_t = x_T.clone()
    with _drawing("randn", *noise.flip(0)):
        for t in scheduler.timesteps:
            x_0, log_variance = denoiser(x_t, full[t])
            x_t, _ = scheduler.step(torch.cat([x_0, log_variance.exp().expand_as(x_0)], 1), t, x_t)
    return x_t


def ddim_sigma(alpha_bar_t, alpha_bar_s, eta):
    nothing = torch.zeros_like(alpha_bar_t)
    return ddim_step(nothing, nothing, nothing + 1, alpha_bar_t, alpha_bar_s, eta)


def ddim_step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    scheduler = _with_levels(DDIMScheduler, alpha_bar_s, alpha_bar_t, **_PREDICTS_X_0)
    with _drawing("randn", noise):
        return scheduler.step(x_0, 1, x_t, eta=eta)[0]


def ddim_sample(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    _check_noise(noise, timesteps)
    scheduler, full = _chain(DDIMScheduler, alpha_bar, timesteps, **_PREDICTS_X_0)
    x_t = x_T.clone()
    with _drawing("randn", *noise.flip(0)):
        for t in scheduler.timesteps:
            x_t, _ = scheduler.step(denoiser(x_t, full[t]), t, x_t, eta=eta)
    return x_t


def ddim_encode_step(x_s, x_0, alpha_bar_s, alpha_bar_t):
    scheduler = _with_levels(DDIMScheduler, alpha_bar_s, alpha_bar_t, **_PREDICTS_X_0)
    return scheduler.reversed_step(x_0, 0, x_s)[0]


def ddim_encode(denoiser, x, alpha_bar, timesteps):
    scheduler, full = _chain(DDIMScheduler, alpha_bar, timesteps, **_PREDICTS_X_0)
    x_s = x.clone()
    for s in scheduler.timesteps.flip(0)[:-1]:
        x_s, _ = scheduler.reversed_step(denoiser(x_s, full[s]), s, x_s)
    return x_s


def linspace_timesteps(num_steps, count):
    scheduler = DDPMScheduler(num_steps)
    scheduler.set_timesteps(count)
    return tuple(scheduler.timesteps.flip(0).tolist())


_PREDICTS_X_0 = {"prediction_type": "sample", "clip_sample": False}


def _rows(value, like):
    return value.broadcast_to(like.shape).reshape(-1, 1, like.shape[-1])


def _ancestral_row(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, variance):
    levels = [alpha_bar_t] if (alpha_bar_s == 1).all() else [alpha_bar_s, alpha_bar_t]
    scheduler = _with_levels(DDPMScheduler, *levels, variance_type="learned", **_PREDICTS_X_0)
    with _drawing("randn", noise):
        return scheduler.step(torch.cat([x_0, variance], 1), len(levels) - 1, x_t)[0]


def _chain(kind, alpha_bar, timesteps, **config):
    kept, full = sorted(timesteps), list(range(len(alpha_bar)))
    scheduler = _with_levels(kind, *alpha_bar, **config)
    scheduler.set_timesteps(len(kept))
    if scheduler.timesteps.flip(0).tolist() == kept:
        return scheduler, full
    if not set(kept) <= set(full) or len(set(kept)) < len(kept):
        raise NotImplementedError("MONAI has no argument for the timesteps")
    return _with_levels(kind, *alpha_bar[kept], **config), kept


def _check_noise(noise, timesteps):
    if len(noise) != len(timesteps):
        raise NotImplementedError("MONAI draws the noise of each step itself")


def _drawing(name, *noise):
    return patch.object(torch, name, side_effect=noise)


# Rectified flow


def flow_interpolation(x_0, noise, time):
    pixels = [each.reshape(-1, 1, 1, 1) for each in (x_0, noise)]
    return _flow().add_noise(*pixels, 1000 * time.broadcast_to(x_0.shape).flatten()).reshape(x_0.shape)


def x_0_from_velocity(x_t, velocity, time):
    return _flow().step(-velocity, 1000 * time, x_t)[1]


def flow_euler_step(x_t, velocity, time, time_next):
    columns = [each.broadcast_to(x_t.shape).flatten() for each in (-velocity, 1000 * time, x_t, 1000 * time_next)]
    return torch.stack([_flow().step(*row)[0] for row in zip(*columns, strict=True)]).reshape(x_t.shape)


def flow_euler_sample(velocity, x_1, times):
    scheduler, x_t = _flow(), x_1.clone()
    for t, t_next in itertools.pairwise(1000 * times):
        x_t, _ = scheduler.step(-velocity(x_t, t / 1000), t, x_t, t_next)
    return x_t


def shifted_flow_time(time, shift):
    return timestep_transform(time, 1, 1, scale=shift, num_train_timesteps=1)


def uniform_timesteps(uniform, num_steps):
    with _drawing("rand", uniform):
        return RFlowScheduler(num_steps).sample_timesteps(uniform)


def _flow():
    scheduler = RFlowScheduler(1000, use_discrete_timesteps=False)
    scheduler.set_timesteps(1)
    return scheduler


# Conditions


def classifier_free_guidance(unconditional, conditional, scale):
    scheduler = _with_levels(DDPMScheduler, torch.tensor(0.5), **_PREDICTS_X_0)
    predictions = torch.cat([unconditional, conditional])
    inferer = DiffusionInferer(scheduler)
    return inferer.sample(unconditional, lambda x, timesteps, context: predictions, verbose=False, cfg=scale)


def cross_attention(queries_from, memory, query_weight, key_weight, value_weight):
    block = CrossAttentionBlock(1, num_heads=1, dim_head=len(query_weight))
    block.out_proj = torch.nn.Identity()
    weights = {"to_q.weight": query_weight, "to_k.weight": key_weight, "to_v.weight": value_weight}
    tokens = [each[None].flatten(0, -3) for each in (queries_from, memory)]
    out = torch.func.functional_call(block, weights, tuple(tokens))
    return out.reshape(*queries_from.shape[:-1], len(value_weight))


# Embedding, Gaussians, distance, standardisation


def timestep_embedding_cos_sin(timesteps, width, **max_period):
    return get_timestep_embedding(timesteps, width, **max_period)


def sample_gaussian(mean, log_variance, noise):
    with _drawing("randn_like", noise):
        return _Encoded(mean, log_variance).encode_stage_2_inputs(noise)


def approx_standard_normal_cdf(x):
    return DiffusionInferer(DDPMScheduler())._approx_standard_normal_cdf(x)


def discretized_gaussian_log_likelihood(x, mean, log_scale):
    inferer = DiffusionInferer(DDPMScheduler())
    return inferer._get_decoder_log_likelihood(x, mean.broadcast_to(x.shape), log_scale, (0, 255), (-1, 1))


def frechet_distance(mean_1, covariance_1, mean_2, covariance_2):
    moments = [moment.double() for moment in (mean_1, covariance_1, mean_2, covariance_2)]
    return compute_frechet_distance(*moments).to(mean_1)


def standardize(data, mean, std):
    return NormalizeIntensity(mean, std, channel_wise=True)(data.movedim(-1, 0)).as_tensor().movedim(0, -1)


# Losses and blocks


def sigmoid_focal_loss(logits, positive, alpha, gamma):
    loss = FocalLoss(gamma=gamma, alpha=alpha, reduction="none")
    return loss(logits.reshape(-1, 1), positive.reshape(-1, 1)).reshape(logits.shape)


def softmax_focal_loss(logits, target, class_weights, gamma):
    loss = FocalLoss(to_onehot_y=True, gamma=gamma, weight=class_weights, reduction="none", use_softmax=True)
    losses = loss(logits.reshape(-1, logits.shape[-1]), target.reshape(-1, 1))
    return losses.sum(-1).reshape(target.shape)


def nt_xent_loss(first, second, temperature):
    return ContrastiveLoss(temperature)(first, second)


def squeeze_excitation(x, weight_in, weight_out):
    channels = len(weight_out)
    weights = {"fc.0.weight": weight_in, "fc.0.bias": torch.zeros_like(weight_in[:, 0])}
    weights |= {"fc.2.weight": weight_out, "fc.2.bias": torch.zeros_like(weight_out[:, 0])}
    return torch.func.functional_call(ChannelSELayer(2, channels, r=channels), weights, (x,))


def convolution_size(size, kernel_size, stride=1, padding=0, dilation=1):
    if dilation != 1:
        raise NotImplementedError("calculate_out_shape has no dilation")
    return calculate_out_shape(size, kernel_size, stride, padding)[0]


class _Encoded(AutoencoderKL):
    """An autoencoder of which the layers return the given mean and log variance."""

    def __init__(self, mean, log_variance):
        torch.nn.Module.__init__(self)
        self.use_checkpoint, self.encoder = False, torch.nn.Identity()
        self.quant_conv_mu, self.quant_conv_log_sigma = lambda hidden: mean, lambda hidden: log_variance
