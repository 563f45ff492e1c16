"""Judges MONAI: its diffusion schedulers, the decoder of its diffusion inferer, its FID and a normalisation.

    betas of the schedules                NoiseSchedules
    alpha_bar, q_sample, v_target         tables, .add_noise and .get_velocity of DDPMScheduler
    x_0 from epsilon or v                 second result of DDPMScheduler.step
    epsilon from x_0 or v                 DDIMScheduler.reversed_step to the level without signal, where noise is all
    posterior mean                        first result of DDPMScheduler.step, for a network that says its variance is 0
    posterior variance                    DDIMScheduler._get_variance, which is not clipped
    log variances                         logarithms of DDPMScheduler._get_variance
    timesteps                             DDPMScheduler.set_timesteps
    embedding                             get_timestep_embedding of DiffusionModelUNet
    normal CDF, discretised Gaussian      DiffusionInferer, as get_likelihood uses them
    Frechet distance                      compute_frechet_distance in float64, as get_fid_score uses it
    standardisation                       NormalizeIntensity with a mean and a deviation for each channel

Betas and levels reach a scheduler through a noise schedule that is registered here and returns the tables it is given:
an entry for each step, and in it a number for each sample.
"""

import warnings

import torch
from monai.inferers import DiffusionInferer
from monai.metrics.fid import compute_frechet_distance
from monai.networks.nets.diffusion_model_unet import get_timestep_embedding
from monai.networks.schedulers import DDIMScheduler, DDPMScheduler, NoiseSchedules
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


def linspace_timesteps(num_steps, count):
    scheduler = DDPMScheduler(num_steps)
    scheduler.set_timesteps(count)
    return tuple(scheduler.timesteps.flip(0).tolist())


# Embedding, likelihood, distance, standardisation


def timestep_embedding_cos_sin(timesteps, width, **max_period):
    return get_timestep_embedding(timesteps, width, **max_period)


def approx_standard_normal_cdf(x):
    return DiffusionInferer(DDPMScheduler())._approx_standard_normal_cdf(x)


def discretized_gaussian_log_likelihood(x, mean, log_scale):
    inferer = DiffusionInferer(DDPMScheduler())
    return inferer._get_decoder_log_likelihood(x, mean.broadcast_to(x.shape), log_scale, (0, 255), (-1, 1))


def frechet_distance(mean_1, covariance_1, mean_2, covariance_2):
    moments = [moment.double() for moment in (mean_1, covariance_1, mean_2, covariance_2)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The `disp` argument is deprecated", DeprecationWarning)
        warnings.simplefilter("ignore", RuntimeWarning)  # of scipy about singular covariances, which are allowed
        return compute_frechet_distance(*moments).to(mean_1)


def standardize(data, mean, std):
    return NormalizeIntensity(mean, std, channel_wise=True)(data.movedim(-1, 0)).as_tensor().movedim(0, -1)
