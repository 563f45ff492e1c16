"""Judges diffusers: its schedulers, its timestep embedding, its SNR and the Gaussian of its autoencoders.

    betas of the schedules, alpha_bar     tables of DDPMScheduler; betas_for_alpha_bar("cosine")
    q_sample, v_target                    DDPMScheduler.add_noise, .get_velocity
    x_0 from epsilon or v                 pred_original_sample of DDPMScheduler.step
    epsilon from x_0 or v                 DDIMInverseScheduler.step to the level without signal, where noise is all
    posterior mean                        prev_sample of DDPMScheduler.step, for a network that says its variance is 0
    posterior variance                    DDIMScheduler._get_variance, which is not clipped
    fixed small, fixed large              DDPMScheduler._get_variance
    learned range                         UnCLIPScheduler._get_variance, which has a table of betas beside the levels
    timesteps, levels of the steps        DDPMScheduler.set_timesteps, .previous_timestep
    sigma and its timestep                EulerDiscreteScheduler.set_timesteps, ._sigma_to_t
    SNR and its logarithm                 compute_snr; twice the lambda_t of DPMSolverMultistepScheduler
    embedding                             get_timestep_embedding(downscale_freq_shift=0)
    KL, log likelihood                    DiagonalGaussianDistribution of the autoencoders
    standardisation                       StableUnCLIPImageNormalizer

Betas become a scheduler's `trained_betas`. Levels become its table `alphas_cumprod`: an entry for each level, and in it
a number for each sample. What is passed on by ** keeps the library's default.
"""

import warnings
from types import SimpleNamespace

import numpy as np
import torch
from diffusers import (
    DDIMInverseScheduler,
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    UnCLIPScheduler,
)
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.models.embeddings import get_timestep_embedding
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer
from diffusers.schedulers import scheduling_ddim, scheduling_ddpm
from diffusers.training_utils import compute_snr

PACKAGES = ("diffusers",)
DTYPE = "float32"


def _with_levels(kind, *levels, **config):
    scheduler = kind(num_train_timesteps=len(levels), **config)
    scheduler.alphas_cumprod = torch.stack(torch.broadcast_tensors(*levels))
    return scheduler


# Tables


def linear_beta_schedule(num_steps, **beta_start_and_end):
    return DDPMScheduler(num_steps, beta_schedule="linear", **beta_start_and_end).betas


def scaled_linear_beta_schedule(num_steps, **beta_start_and_end):
    return DDPMScheduler(num_steps, beta_schedule="scaled_linear", **beta_start_and_end).betas


def sigmoid_beta_schedule(num_steps, logit_range=6.0, **beta_start_and_end):
    if logit_range != 6:
        raise NotImplementedError("diffusers has no argument for the range of the logits")
    return DDPMScheduler(num_steps, beta_schedule="sigmoid", **beta_start_and_end).betas


def cosine_beta_schedule(num_steps, offset=0.008, **max_beta):
    if offset != 0.008:
        raise NotImplementedError("diffusers has no argument for the offset")
    return scheduling_ddpm.betas_for_alpha_bar(num_steps, **max_beta)


def rescale_zero_terminal_snr(betas):
    return scheduling_ddim.rescale_zero_terminal_snr(betas)


def alpha_bar_from_betas(betas):
    return DDPMScheduler(trained_betas=betas.tolist()).alphas_cumprod.to(betas.device)


def snr(alpha_bar):
    table = SimpleNamespace(alphas_cumprod=alpha_bar.flatten())
    return compute_snr(table, torch.arange(alpha_bar.numel(), device=alpha_bar.device)).reshape(alpha_bar.shape)


def log_snr(alpha_bar):
    betas = (1 - alpha_bar).flatten().tolist()
    half = [DPMSolverMultistepScheduler(trained_betas=[beta]).lambda_t for beta in betas]
    return 2 * torch.cat(half).reshape(alpha_bar.shape).to(alpha_bar.device)


def sigma_from_alpha_bar(alpha_bar):
    scheduler = EulerDiscreteScheduler()
    scheduler.alphas_cumprod = alpha_bar.flatten().cpu()
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        scheduler.set_timesteps(timesteps=list(range(alpha_bar.numel())))
    return scheduler.sigmas[:-1].reshape(alpha_bar.shape).to(alpha_bar.device)


def timestep_from_sigma(sigma, sigmas):
    log_sigmas = np.log(sigmas.numpy(force=True))
    timestep = EulerDiscreteScheduler()._sigma_to_t(sigma.numpy(force=True), log_sigmas)
    return torch.from_numpy(timestep).to(sigma)


# The forward process and what a network predicts


def q_sample(x_0, noise, alpha_bar_t):
    return _add(DDPMScheduler.add_noise, x_0, noise, alpha_bar_t)


def v_target(x_0, epsilon, alpha_bar_t):
    return _add(DDPMScheduler.get_velocity, x_0, epsilon, alpha_bar_t)


def x_0_from_epsilon(x_t, epsilon, alpha_bar_t):
    scheduler = _with_levels(DDPMScheduler, alpha_bar_t, prediction_type="epsilon", clip_sample=False)
    return scheduler.step(epsilon, 0, x_t).pred_original_sample


def x_0_from_v(x_t, v, alpha_bar_t):
    scheduler = _with_levels(DDPMScheduler, alpha_bar_t, prediction_type="v_prediction", clip_sample=False)
    return scheduler.step(v, 0, x_t).pred_original_sample


def epsilon_from_x_0(x_t, x_0, alpha_bar_t):
    return _noise(x_t, x_0, alpha_bar_t, "sample")


def epsilon_from_v(x_t, v, alpha_bar_t):
    return _noise(x_t, v, alpha_bar_t, "v_prediction")


def _add(method, x_0, noise, alpha_bar_t):
    rows = alpha_bar_t.broadcast_to(*x_0.shape[:-1], 1).flatten()
    scheduler = _with_levels(DDPMScheduler, *rows)
    flat_x_0, flat_noise = x_0.reshape(len(rows), -1), noise.reshape(len(rows), -1)
    return method(scheduler, flat_x_0, flat_noise, torch.arange(len(rows))).reshape(x_0.shape)


def _noise(x_t, prediction, alpha_bar_t, prediction_type):
    no_signal = torch.zeros_like(alpha_bar_t)
    scheduler = _with_levels(
        DDIMInverseScheduler, alpha_bar_t, no_signal, prediction_type=prediction_type, clip_sample=False
    )
    scheduler.set_timesteps(2)
    return scheduler.step(prediction, 1, x_t).prev_sample


# The step back


def gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s):
    mean = _posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_s, prediction_type="sample", clip_sample=False)
    return mean, _with_levels(DDIMScheduler, alpha_bar_s, alpha_bar_t)._get_variance(1, 0)


def posterior_mean_from_epsilon(x_t, epsilon, alpha_bar_t, alpha_bar_s):
    return _posterior_mean(x_t, epsilon, alpha_bar_t, alpha_bar_s, prediction_type="epsilon", clip_sample=False)


def clipped_posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_s, bound=1.0):
    clip = {"clip_sample": True, "clip_sample_range": bound}
    return _posterior_mean(x_t, x_0, alpha_bar_t, alpha_bar_s, prediction_type="sample", **clip)


def _posterior_mean(x_t, prediction, alpha_bar_t, alpha_bar_s, **config):
    scheduler = _with_levels(DDPMScheduler, alpha_bar_s, alpha_bar_t, variance_type="learned", **config)
    variance = torch.zeros_like(prediction)
    return scheduler.step(torch.cat([prediction, variance], dim=1), 1, x_t).prev_sample


def fixed_small_log_variance(betas):
    return _variances(betas, "fixed_small").log()


def fixed_large_log_variance(betas):
    return _variances(betas, "fixed_large_log")


def learned_range_log_variance(interpolation, log_beta_t, log_posterior_variance_t):
    beta_t = log_beta_t.double().exp()
    noise_s = (log_posterior_variance_t - log_beta_t).double().exp()
    scheduler = _with_levels(UnCLIPScheduler, 1 - noise_s, torch.zeros_like(noise_s))
    scheduler.betas = torch.stack([noise_s, beta_t])
    return scheduler._get_variance(1, 0, interpolation, "learned_range").to(interpolation)


def _variances(betas, variance_type):
    scheduler = DDPMScheduler(trained_betas=betas.tolist(), variance_type=variance_type)
    return torch.stack([scheduler._get_variance(t) for t in range(len(betas))]).to(betas.device)


# Shorter chains


def leading_timesteps(num_steps, count, offset=0):
    return _timesteps(num_steps, count, timestep_spacing="leading", steps_offset=offset)


def linspace_timesteps(num_steps, count):
    return _timesteps(num_steps, count, timestep_spacing="linspace")


def trailing_timesteps(num_steps, count):
    return _timesteps(num_steps, count, timestep_spacing="trailing")


def step_levels(alpha_bar, timesteps):
    scheduler = DDPMScheduler(len(alpha_bar))
    scheduler.set_timesteps(timesteps=sorted(timesteps, reverse=True))
    kept = scheduler.timesteps.flip(0)
    previous = [scheduler.previous_timestep(t) for t in kept]
    return alpha_bar[kept], torch.stack([alpha_bar[s] if s >= 0 else scheduler.one.to(alpha_bar) for s in previous])


def _timesteps(num_steps, count, **config):
    scheduler = DDPMScheduler(num_steps, **config)
    scheduler.set_timesteps(count)
    return tuple(scheduler.timesteps.flip(0).tolist())


# Embedding, Gaussians, standardisation


def timestep_embedding_cos_sin(timesteps, width, **max_period):
    return get_timestep_embedding(timesteps, width, flip_sin_to_cos=True, downscale_freq_shift=0, **max_period)


def timestep_embedding_sin_cos(timesteps, width, **max_period):
    return get_timestep_embedding(timesteps, width, flip_sin_to_cos=False, downscale_freq_shift=0, **max_period)


def normal_kl(mean_1, log_variance_1, mean_2, log_variance_2):
    return _gaussian(mean_1, log_variance_1, mean_1).kl(_gaussian(mean_2, log_variance_2, mean_1)).reshape(mean_1.shape)


def gaussian_log_likelihood(x, mean, log_scale):
    return -_gaussian(mean, 2 * log_scale, x).nll(x.reshape(-1, 1, 1, 1)).reshape(x.shape)


def standardize(data, mean, std):
    return _normalizer(mean, std).scale(data)


def unstandardize(data, mean, std):
    return _normalizer(mean, std).unscale(data)


def _gaussian(mean, log_variance, like):
    parameters = torch.stack([mean.broadcast_to(like.shape), log_variance.broadcast_to(like.shape)], dim=-1)
    return DiagonalGaussianDistribution(parameters.reshape(-1, 2, 1, 1))


def _normalizer(mean, std):
    normalizer = StableUnCLIPImageNormalizer(len(mean))
    normalizer.load_state_dict({"mean": mean[None], "std": std[None]}, assign=True)
    return normalizer.requires_grad_(False)
