"""Judges diffusers: its schedulers, guider and attention, its embeddings, its SNR and the Gaussian of its autoencoders.

    betas of the schedules, alpha_bar     tables of DDPMScheduler; betas_for_alpha_bar("cosine")
    q_sample, v_target                    DDPMScheduler.add_noise, .get_velocity
    q_step, q_between                     RePaintScheduler.undo_step
    x_0 from epsilon or v                 pred_original_sample of DDPMScheduler.step
    epsilon from x_0 or v                 DDIMInverseScheduler.step to the level without signal, where noise is all
    posterior mean                        prev_sample of DDPMScheduler.step, for a network that says its variance is 0
    posterior variance                    DDIMScheduler._get_variance, which is not clipped
    fixed small, fixed large              DDPMScheduler._get_variance
    learned range                         UnCLIPScheduler._get_variance, which has a table of betas beside the levels
    timesteps, levels of the steps        DDPMScheduler.set_timesteps, .previous_timestep
    ancestral sampling                    DDPMScheduler.step for variance_type "learned", .set_timesteps
    DDIM                                  DDIMScheduler.step, ._get_variance
    DDIM backwards                        DDIMInverseScheduler.step, in the loop of its pipelines
    sigma and its timestep                EulerDiscreteScheduler.set_timesteps, ._sigma_to_t
    sigmas of Karras et al.               EDMEulerScheduler.set_timesteps
    Euler, Heun                           EulerDiscreteScheduler and HeunDiscreteScheduler for prediction_type "sample"
    rectified flow                        FlowMatchEulerDiscreteScheduler.scale_noise, .step, its shift
    x_0 and epsilon from a velocity       its step to time 0 and to time 1
    SNR and its logarithm                 compute_snr; twice the lambda_t of DPMSolverMultistepScheduler
    classifier-free guidance              ClassifierFreeGuidance, use_original_formulation for the weight
    rescaled guidance, threshold          rescale_noise_cfg; DDPMScheduler._threshold_sample without a largest value
    dropped conditions                    LabelEmbedding, with the conditions for a table
    cross-attention                       Attention with one head and AttnProcessor
    strength, image-to-image              get_timesteps of KandinskyV22Img2ImgPipeline, then DDIMScheduler
    inpainting                            RePaintScheduler with jumps of length 1, in the loop of its pipeline
    latents                               DiagonalGaussianDistribution.sample; LTXLatentUpsamplePipeline
    mask-and-replace                      alpha_schedules, gamma_schedules; VQDiffusionScheduler
    Gumbel noise and maximum              gumbel_noised; VQDiffusionScheduler.step at timestep 0
    embedding                             get_timestep_embedding(downscale_freq_shift=0)
    KL, log likelihood                    DiagonalGaussianDistribution of the autoencoders
    standardisation                       StableUnCLIPImageNormalizer
    attention in heads                    Attention with AttnProcessor; fused, with FusedAttnProcessor2_0
    rotations                             apply_rotary_emb, use_real_unbind_dim for the layout
    norms                                 FP32LayerNorm, RMSNorm; AdaLayerNormContinuous, with and without its linear
    modulation, block of a DiT            Flux2Modulation; BasicTransformerBlock with norm_type "ada_norm_zero"
    final layer and condition of a DiT    DiTTransformer2DModel around given tokens; CombinedTimestepLabelEmbeddings
    pre-norm block                        BasicTransformerBlock with norm_type "layer_norm"
    dropped labels                        LabelEmbedding.token_drop
    zero convolution                      make_zero_conv of the ControlNets
    patches                               LuminaPatchEmbed, PatchEmbed; FluxPipeline._unpack_latents for a side of 2
    activations, gated units              FP32SiLU, GELU; SwiGLU, FeedForward
    pyramid attention broadcast           PyramidAttentionBroadcastHook, reset after each run as pipelines do
    codes, gradient and loss of VQ        VectorQuantizer of the autoencoders, legacy=False
    moving average                        EMAModel with a least decay of the decay itself, after its first step

Betas become a scheduler's `trained_betas`. Levels become its table `alphas_cumprod`: an entry for each level, and in it
a number for each sample. DDIM and RePaint take no timesteps but evenly spaced ones: there the table holds the levels of
the kept timesteps only, and the denoiser is told what timestep an entry belongs to. Noise that the library draws is
handed over in place of its generator. The step to 0 that Heun's and the flow's tables end with is left out where ours
do not reach it. Masks of attention become -10000 where a key is hidden, as models make them, and stay boolean where the
attention of PyTorch takes them. A forward method of a model gets its layers by name, and tokens one by one where they
need not be a square. A quantiser of a single code, with all numbers for its channels, quantises to what is given. What
is passed on by ** keeps the library's default.
"""

import math
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import torch
from diffusers import (
    DDIMInverseScheduler,
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EDMEulerScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    HeunDiscreteScheduler,
    RePaintScheduler,
    UnCLIPScheduler,
    VQDiffusionScheduler,
)
from diffusers.guiders import ClassifierFreeGuidance
from diffusers.guiders.guider_utils import rescale_noise_cfg
from diffusers.hooks.pyramid_attention_broadcast import PyramidAttentionBroadcastHook
from diffusers.models.activations import GELU, FP32SiLU, SwiGLU
from diffusers.models.attention import BasicTransformerBlock, FeedForward
from diffusers.models.attention_processor import Attention, AttnProcessor, FusedAttnProcessor2_0
from diffusers.models.autoencoders import vae
from diffusers.models.controlnets.controlnet_xs import make_zero_conv
from diffusers.models.embeddings import (
    CombinedTimestepLabelEmbeddings,
    LabelEmbedding,
    LuminaPatchEmbed,
    PatchEmbed,
    apply_rotary_emb,
    get_timestep_embedding,
)
from diffusers.models.normalization import AdaLayerNormContinuous, AdaLayerNormZero, FP32LayerNorm, RMSNorm
from diffusers.models.transformers.dit_transformer_2d import DiTTransformer2DModel
from diffusers.models.transformers.transformer_flux2 import Flux2Modulation
from diffusers.pipelines.flux.pipeline_flux import FluxPipeline
from diffusers.pipelines.kandinsky2_2.pipeline_kandinsky2_2_img2img import KandinskyV22Img2ImgPipeline
from diffusers.pipelines.ltx.pipeline_ltx_latent_upsample import LTXLatentUpsamplePipeline
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer
from diffusers.schedulers import scheduling_ddim, scheduling_ddpm, scheduling_repaint, scheduling_vq_diffusion
from diffusers.training_utils import EMAModel, compute_snr
from diffusers.utils import logging
from torch import nn
from torch.func import functional_call

from reference.transformer.broadcast import BroadcastState
from reference.transformer.conditioning import Modulation

PACKAGES = ("diffusers",)
DTYPE = "float32"

logging.set_verbosity_error()  # guiders warn of themselves, and Euler's scheduler of a sample that it has not scaled


def _with_levels(kind, *levels, **config):
    scheduler = kind(num_train_timesteps=len(levels), **config)
    scheduler.alphas_cumprod = torch.stack(torch.broadcast_tensors(*levels))
    return scheduler


def _chain(kind, alpha_bar, timesteps, **config):
    kept = sorted(timesteps)
    if not kept or kept != sorted(set(kept) & set(range(len(alpha_bar)))):
        raise NotImplementedError(f"diffusers has no argument for the timesteps of {kind.__name__}")
    return _with_levels(kind, *alpha_bar[kept], clip_sample=False, **config), kept


def _drawing(place, noise, name="randn_tensor"):
    return patch.object(place, name, lambda *_, **__: noise)


def _check_noise(noise, *counts):
    if noise.shape[: len(counts)] != counts:
        raise NotImplementedError("diffusers has no table of noise: each step draws its own")


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
    scheduler.set_timesteps(timesteps=list(range(alpha_bar.numel())))
    return scheduler.sigmas[:-1].reshape(alpha_bar.shape).to(alpha_bar.device)


def timestep_from_sigma(sigma, sigmas):
    log_sigmas = np.log(sigmas.numpy(force=True))
    timestep = EulerDiscreteScheduler()._sigma_to_t(sigma.numpy(force=True), log_sigmas)
    return torch.from_numpy(timestep).to(sigma)


# The forward process and what a network predicts


def q_sample(x_0, noise, alpha_bar_t):
    return _add(DDPMScheduler.add_noise, x_0, noise, alpha_bar_t)


def q_step(x_s, noise, beta_t):
    scheduler = RePaintScheduler(num_train_timesteps=1)
    scheduler.set_timesteps(1)
    scheduler.betas = beta_t[None]
    with _drawing(scheduling_repaint, noise):
        return scheduler.undo_step(x_s, 0)


def q_between(x_s, noise, alpha_bar_s, alpha_bar_t):
    return q_step(x_s, noise, 1 - alpha_bar_t / alpha_bar_s)


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


# Chains of steps back, and of DDIM forth


def ancestral_step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, log_variance):
    scheduler = _with_levels(DDPMScheduler, alpha_bar_s, alpha_bar_t, **_LEARNED)
    return _ancestral_step(scheduler, 1, x_t, x_0, log_variance, noise)


def ancestral_sample(denoiser, x_T, noise, alpha_bar, timesteps):
    _check_noise(noise, len(timesteps))
    scheduler = _with_levels(DDPMScheduler, *alpha_bar, **_LEARNED)
    scheduler.set_timesteps(timesteps=sorted(timesteps, reverse=True))
    x = x_T
    for t, drawn in zip(scheduler.timesteps.tolist(), noise.flip(0), strict=True):
        x = _ancestral_step(scheduler, t, x, *denoiser(x, t), drawn)
    return x


_LEARNED = {"variance_type": "learned", "prediction_type": "sample", "clip_sample": False}


def _ancestral_step(scheduler, t, x_t, x_0, log_variance, noise):
    output = torch.cat([x_0, log_variance.exp().expand_as(x_0)], dim=1)
    with _drawing(scheduling_ddpm, noise):
        return scheduler.step(output, t, x_t).prev_sample


def ddim_sigma(alpha_bar_t, alpha_bar_s, eta):
    return eta * _with_levels(DDIMScheduler, alpha_bar_s, alpha_bar_t)._get_variance(1, 0) ** 0.5


def ddim_step(x_t, x_0, noise, alpha_bar_t, alpha_bar_s, eta):
    scheduler = _with_levels(DDIMScheduler, alpha_bar_s, alpha_bar_t, prediction_type="sample", clip_sample=False)
    scheduler.set_timesteps(2)
    return scheduler.step(x_0, 1, x_t, eta=eta, variance_noise=noise).prev_sample


def ddim_sample(denoiser, x_T, noise, alpha_bar, timesteps, eta):
    _check_noise(noise, len(timesteps))
    scheduler, kept = _chain(DDIMScheduler, alpha_bar, timesteps, prediction_type="sample")
    scheduler.set_timesteps(len(kept))
    x = x_T
    for i in scheduler.timesteps.tolist():
        x = scheduler.step(denoiser(x, kept[i]), i, x, eta=eta, variance_noise=noise[i]).prev_sample
    return x


def ddim_encode_step(x_s, x_0, alpha_bar_s, alpha_bar_t):
    config = {"prediction_type": "sample", "clip_sample": False}
    scheduler = _with_levels(DDIMInverseScheduler, alpha_bar_s, alpha_bar_t, **config)
    scheduler.set_timesteps(2)
    return scheduler.step(x_0, 1, x_s).prev_sample


def ddim_encode(denoiser, x, alpha_bar, timesteps):
    scheduler, kept = _chain(DDIMInverseScheduler, alpha_bar, timesteps, prediction_type="sample")
    scheduler.set_timesteps(len(kept))
    x = x.clone()
    for i in scheduler.timesteps[1:].tolist():
        x = scheduler.step(denoiser(x, kept[i]), i, x).prev_sample
    return x


# Samplers in sigma, and rectified flow


def karras_sigmas(num_steps, **sigmas_and_rho):
    scheduler = EDMEulerScheduler(**sigmas_and_rho)
    scheduler.set_timesteps(num_steps)
    return scheduler.sigmas


def euler_step(x, x_0, sigma, sigma_next):
    def step(x, x_0, *ends):
        return euler_sample(lambda *_: x_0, x, torch.stack(ends))

    return _for_each_element(step, x, x_0, sigma, sigma_next)


def heun_step(denoiser, x, sigma, sigma_next):
    return heun_sample(denoiser, x, torch.stack([sigma, sigma_next]))


def euler_sample(denoiser, x, sigmas):
    scheduler = EulerDiscreteScheduler(prediction_type="sample")
    scheduler.set_timesteps(sigmas=sigmas.tolist())
    return _along_sigmas(scheduler, scheduler.timesteps, denoiser, x)


def heun_sample(denoiser, x, sigmas):
    noisy = sigmas[sigmas > 0].cpu().double()
    scheduler = HeunDiscreteScheduler(prediction_type="sample")
    scheduler.alphas_cumprod = 1 / (1 + noisy**2)
    scheduler.set_timesteps(timesteps=range(len(noisy)))
    timesteps = scheduler.timesteps if len(noisy) < len(sigmas) else scheduler.timesteps[:-1]
    return _along_sigmas(scheduler, timesteps, denoiser, x)


def flow_interpolation(x_0, noise, time):
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=time.broadcast_to(x_0.shape).flatten().tolist())
    return scheduler.scale_noise(x_0.flatten(), scheduler.timesteps, noise.flatten()).reshape(x_0.shape)


def x_0_from_velocity(x_t, velocity, time):
    return flow_euler_step(x_t, velocity, time, torch.zeros_like(time))


def epsilon_from_velocity(x_t, velocity, time):
    return flow_euler_step(x_t, velocity, time, torch.ones_like(time))


def flow_euler_step(x_t, velocity, time, time_next):
    def step(x_t, velocity, *ends):
        return flow_euler_sample(lambda *_: velocity, x_t, torch.stack(ends))

    return _for_each_element(step, x_t, velocity, time, time_next)


def flow_euler_sample(velocity, x_1, times):
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=times.tolist())
    return _along_sigmas(scheduler, scheduler.timesteps[:-1], velocity, x_1)


def shifted_flow_time(time, shift):
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=time.flatten().tolist())
    return scheduler.sigmas[:-1].reshape(time.shape).to(time.device)


def _along_sigmas(scheduler, timesteps, network, x):
    scheduler.set_begin_index(0)
    for i, t in enumerate(timesteps):
        x = scheduler.step(network(x, scheduler.sigmas[i].to(x.device)), t, x).prev_sample
    return x


def _for_each_element(step, x, *others):
    elements = torch.stack([each.broadcast_to(x.shape).flatten() for each in (x, *others)], dim=1)
    return torch.stack([step(*element) for element in elements]).reshape(x.shape)


# Guidance and conditions


def classifier_free_guidance(unconditional, conditional, scale):
    return ClassifierFreeGuidance(scale).forward(conditional, unconditional).pred


def classifier_free_guidance_by_weight(unconditional, conditional, weight):
    guider = ClassifierFreeGuidance(weight, use_original_formulation=True)
    return guider.forward(conditional, unconditional).pred


def guided_prediction(denoiser, x_t, condition, null_condition, scale):
    guider = ClassifierFreeGuidance(scale)
    batches = guider.prepare_inputs({"condition": (condition, null_condition.expand_as(condition))})
    for batch in batches:
        batch.noise_pred = denoiser(x_t, batch.condition)
    return guider(batches).pred


def rescale_guidance(guided, conditional, phi):
    return rescale_noise_cfg(guided, conditional, phi)


def dynamic_threshold(x_0, quantile):
    scheduler = DDPMScheduler(dynamic_thresholding_ratio=quantile, sample_max_value=math.inf)
    return scheduler._threshold_sample(x_0[..., None])[..., 0]


def drop_conditions(condition, null_condition, uniform, probability):
    embedding = LabelEmbedding(len(condition), len(null_condition), probability)
    table = {"embedding_table.weight": torch.cat([condition, null_condition[None]])}
    with _drawing(torch, uniform, "rand"):
        return functional_call(embedding, table, torch.arange(len(condition), device=condition.device))


def cross_attention(queries_from, memory, query_weight, key_weight, value_weight):
    (width, channels), text_channels = query_weight.shape, key_weight.shape[1]
    layer = Attention(channels, text_channels, heads=1, dim_head=width, processor=AttnProcessor())
    layer.to_out[0] = torch.nn.Identity()
    weights = {"to_q.weight": query_weight, "to_k.weight": key_weight, "to_v.weight": value_weight}
    image, text = queries_from.reshape(-1, *queries_from.shape[-2:]), memory.reshape(-1, *memory.shape[-2:])
    return functional_call(layer, weights, (image, text)).reshape(*queries_from.shape[:-1], -1)


# Editing and latents


def strength_timesteps(timesteps, strength):
    kept = sorted(timesteps)
    scheduler = DDIMScheduler(len(kept), clip_sample=False)
    return tuple(kept[i] for i in _with_strength(scheduler, strength).flip(0))


def image_to_image(denoiser, x_0, noise, alpha_bar, timesteps, strength):
    scheduler, kept = _chain(DDIMScheduler, alpha_bar, timesteps, prediction_type="sample")
    left = _with_strength(scheduler, strength)
    x = scheduler.add_noise(x_0, noise, left[:1])
    for i in left.tolist():
        x = scheduler.step(denoiser(x, kept[i]), i, x).prev_sample
    return x


def _with_strength(scheduler, strength):
    count = len(scheduler)
    scheduler.set_timesteps(count)
    pipeline = KandinskyV22Img2ImgPipeline(unet=None, scheduler=scheduler, movq=None)
    return pipeline.get_timesteps(count, strength, None)[0]


def inpaint(denoiser, x_T, x_0, known, noise, alpha_bar, timesteps, num_resamples):
    for each in noise:
        _check_noise(each, len(timesteps), max(num_resamples, 1), *x_T.shape)
    scheduler, kept = _chain(RePaintScheduler, alpha_bar, timesteps, eta=1.0)
    level = scheduler.alphas_cumprod
    scheduler.betas = 1 - level / torch.cat([level.new_ones(1), level[:-1]])
    scheduler.set_timesteps(len(kept), jump_length=1, jump_n_sample=num_resamples)
    x, last, visits = x_T, len(kept), [0] * len(kept)
    for i in scheduler.timesteps.tolist():
        if i < last:
            u, visits[i] = visits[i], visits[i] + 1
            epsilon = epsilon_from_x_0(x, denoiser(x, kept[i]), level[i].reshape([1] * x.ndim))
            with _drawing(scheduling_repaint, torch.where(known, noise.known[i, u], noise.reverse[i, u])):
                x = scheduler.step(epsilon, i, x, x_0, known.to(x)).prev_sample
        else:
            with _drawing(scheduling_repaint, noise.jump[last, visits[last]]):
                x = scheduler.undo_step(x, last)
        last = i
    return x


def encode_latents(mean, log_variance, noise, scale, shift=0.0):
    sample = sample_gaussian(mean, log_variance, noise)
    return LTXLatentUpsamplePipeline._normalize_latents(*_as_video(sample, shift), scale).reshape(sample.shape)


def decode_latents(latents, scale, shift=0.0):
    return LTXLatentUpsamplePipeline._denormalize_latents(*_as_video(latents, shift), scale).reshape(latents.shape)


def _as_video(latents, shift):
    return latents.reshape(-1, 1, 1, 1, 1), latents.new_tensor([shift]), latents.new_ones(1)


# Categories


def gumbel_noise(uniform):
    if uniform.dtype != torch.float32:
        raise NotImplementedError("diffusers has no uniform numbers but those of float32")
    with _drawing(torch, uniform, "rand"):
        return scheduling_vq_diffusion.gumbel_noised(torch.zeros_like(uniform), None)


def gumbel_max(logits, uniform):
    pixels = logits.reshape(-1, logits.shape[-1], 1)
    with _drawing(torch, uniform.reshape(pixels.shape), "rand"):
        return VQDiffusionScheduler(logits.shape[-1]).step(pixels, 0, None).prev_sample.reshape(logits.shape[:-1])


def mask_and_replace_schedule(num_steps, **ends):
    def given(kind, name):
        return {key.replace(kind, name): end for key, end in ends.items() if key.startswith(kind)}

    keep, keep_bar = scheduling_vq_diffusion.alpha_schedules(num_steps, **given("keep", "alpha_cum"))
    mask, mask_bar = scheduling_vq_diffusion.gamma_schedules(num_steps, **given("mask", "gamma_cum"))
    return tuple(torch.from_numpy(table).float() for table in (keep, mask, keep_bar[:-1], mask_bar[:-1]))


def mask_and_replace_transition(keep, mask, num_classes):
    scheduler = _mask_and_replace(keep.flatten(), mask.flatten(), num_classes)
    states = torch.arange(num_classes + 1, device=keep.device)[None]
    columns = {"x_t": states, "log_onehot_x_t": scheduling_vq_diffusion.index_to_log_onehot(states, num_classes + 1)}
    logs = [
        scheduler.log_Q_t_transitioning_to_known_class(t=t, cumulative=False, **columns) for t in range(keep.numel())
    ]
    return torch.cat(logs).exp().reshape(*keep.shape, num_classes + 1, num_classes + 1)


def mask_and_replace_marginal(x_0, keep_bar, mask_bar):
    rows = x_0.reshape(-1, x_0.shape[-1], 1)
    bars = [bar.expand(*x_0.shape[:-1], 1).reshape(1, -1, 1, 1) for bar in (keep_bar, mask_bar)]
    logs = _mask_and_replace(*bars, x_0.shape[-1]).apply_cumulative_transitions(rows.log(), 0)
    return logs.exp().reshape(*x_0.shape[:-1], -1)


def _mask_and_replace(keep, mask, num_classes):
    tables = [(table.double().numpy(force=True),) * 2 for table in (keep, mask)]
    alpha, gamma = [
        patch.object(scheduling_vq_diffusion, f"{name}_schedules", lambda *_, table=table, **__: table)
        for name, table in zip(("alpha", "gamma"), tables, strict=True)
    ]
    with alpha, gamma:
        scheduler = VQDiffusionScheduler(num_classes + 1)
    scheduler.set_timesteps(len(keep), keep.device)
    return scheduler


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


def sample_gaussian(mean, log_variance, noise):
    with _drawing(vae, noise.reshape(-1, 1, 1, 1)):
        return _gaussian(mean, log_variance, noise).sample().reshape(noise.shape)


def _gaussian(mean, log_variance, like):
    parameters = torch.stack([mean.broadcast_to(like.shape), log_variance.broadcast_to(like.shape)], dim=-1)
    return vae.DiagonalGaussianDistribution(parameters.reshape(-1, 2, 1, 1))


def _normalizer(mean, std):
    normalizer = StableUnCLIPImageNormalizer(len(mean))
    normalizer.load_state_dict({"mean": mean[None], "std": std[None]}, assign=True)
    return normalizer.requires_grad_(False)


# Attention


def multi_head_attention(queries_from, memory, query_weight, key_weight, value_weight, out_weight, heads, mask):
    (width, channels), memory_channels = query_weight.shape, key_weight.shape[1]
    sizes = {"heads": heads, "dim_head": width // max(heads, 1), "out_bias": False}
    layer = Attention(channels, memory_channels, processor=AttnProcessor(), **sizes)
    projections = {"q": query_weight, "k": key_weight, "v": value_weight, "out.0": out_weight}
    weights = {f"to_{name}.weight": weight for name, weight in projections.items()}
    image, text = _batched(queries_from, 2), _batched(memory, 2)
    bias = _batched(-10000 * (~_full(mask, queries_from, memory)).to(image), 2)
    out = functional_call(layer, weights, (image, text, bias))
    return out.reshape(*queries_from.shape[:-1], -1)


def packed_multi_head_attention(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    width, channels = len(qkv_weight) // 3, x.shape[-1]
    layer = Attention(channels, heads=heads, dim_head=width // max(heads, 1), bias=True)
    layer.fuse_projections()
    layer.set_processor(FusedAttnProcessor2_0())
    weights = {"to_qkv.weight": qkv_weight, "to_qkv.bias": qkv_bias}
    weights |= {"to_out.0.weight": out_weight, "to_out.0.bias": out_bias}
    out = functional_call(layer, weights, (_batched(x, 2),), {"attention_mask": _batched(_full(mask, x, x), 2)})
    return out.reshape(*x.shape[:-1], -1)


def _batched(x, kept):
    """The tensor with one axis for the batch, before as many axes as are kept."""
    return x.reshape(-1, *x.shape[x.ndim - kept :])


def _full(mask, queries, keys):
    return mask.expand(*queries.shape[:-1], keys.shape[-2])


def rope_interleaved(x, cosine, sine):
    return _rotated(x, [table.repeat_interleave(2, -1) for table in (cosine, sine)], -1)


def rope_half_split(x, cosine, sine):
    return _rotated(x, [torch.cat([table, table], -1) for table in (cosine, sine)], -2)


def _rotated(x, tables, unbind_dim):
    rows = [table.expand(*x.shape[:-1], -1).flatten(0, -2) for table in tables]
    tokens = x.reshape(1, 1, -1, x.shape[-1])
    return apply_rotary_emb(tokens, rows, use_real_unbind_dim=unbind_dim).reshape(x.shape)


# Norms and conditions


def standardize_tokens(x, epsilon):
    return FP32LayerNorm(x.shape[-1], epsilon, elementwise_affine=False)(x)


def layer_norm(x, gain, bias, epsilon):
    return functional_call(FP32LayerNorm(x.shape[-1], epsilon), {"weight": gain, "bias": bias}, x)


def rms_norm(x, gain, epsilon):
    return functional_call(RMSNorm(x.shape[-1], epsilon), {"weight": gain}, x)


def adaptive_layer_norm(x, scale, shift, epsilon=1e-6):
    channels = x.shape[-1]
    layer = AdaLayerNormContinuous(channels, 2 * channels, elementwise_affine=False, eps=epsilon)
    layer.silu = layer.linear = nn.Identity()
    return layer(_batched(x, 2), _batched(torch.cat([scale, shift], -1), 1)).reshape(x.shape)


def var_final_norm(x, condition, weight, bias, epsilon=1e-6):
    layer = AdaLayerNormContinuous(x.shape[-1], condition.shape[-1], elementwise_affine=False, eps=epsilon)
    weights = {"linear.weight": weight, "linear.bias": bias}
    return functional_call(layer, weights, (_batched(x, 2), _batched(condition, 1))).reshape(x.shape)


def dit_modulation(condition, weight, bias):
    layer = Flux2Modulation(condition.shape[-1], bias=True)
    rows = functional_call(layer, {"linear.weight": weight, "linear.bias": bias}, _batched(condition, 1))
    parts = [part for branch in Flux2Modulation.split(rows, 2) for part in branch]
    return Modulation(*[part.reshape(*condition.shape[:-1], -1) for part in parts])


def adaln_zero_block(x, modulation, attend, feed_forward, epsilon=1e-6):
    channels = x.shape[-1]
    norm = AdaLayerNormZero(channels)
    norm.norm.eps = epsilon
    norm.emb = lambda *_, **__: _batched(torch.cat(modulation, -1), 1)
    norm.silu = norm.linear = nn.Identity()
    second = nn.LayerNorm(channels, epsilon, elementwise_affine=False)
    return _block(x, "ada_norm_zero", attend, feed_forward, norm, second)


def pre_norm_block(x, attend, feed_forward, attention_norm, feed_forward_norm):
    return _block(x, "layer_norm", attend, feed_forward, attention_norm, feed_forward_norm)


def _block(x, norm_type, attend, feed_forward, first_norm, second_norm):
    layers = {"norm1": first_norm, "attn1": lambda h, **_: attend(h), "norm3": second_norm, "ff": feed_forward}
    layers |= dict.fromkeys(["pos_embed", "attn2", "_chunk_size", "only_cross_attention"])
    block = SimpleNamespace(norm_type=norm_type, **layers)
    return BasicTransformerBlock.forward(block, _batched(x, 2)).reshape(x.shape)


def dit_final_layer(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon=1e-6):
    def block(tokens, **_):
        return tokens

    *batch, channels = x.shape
    conditions = _batched(condition[..., None, :].expand(*batch, -1), 1)
    block.norm1 = SimpleNamespace(emb=lambda *_, **__: conditions)
    model = SimpleNamespace(pos_embed=nn.Identity(), transformer_blocks=[block], gradient_checkpointing=False)
    model.norm_out = nn.LayerNorm(channels, epsilon, elementwise_affine=False)
    model.proj_out_1 = lambda c: nn.functional.linear(c, modulation_weight, modulation_bias)
    model.proj_out_2 = lambda h: nn.functional.linear(h, weight, bias)
    model.patch_size, model.out_channels = 1, len(weight)
    return DiTTransformer2DModel.forward(model, x.reshape(-1, 1, channels)).sample.reshape(*batch, -1)


def dit_condition(time_embedding, label, label_table):
    layer = CombinedTimestepLabelEmbeddings(len(label_table) - 1, label_table.shape[1]).eval()
    layer.time_proj = layer.timestep_embedder = nn.Identity()
    table = {"class_embedder.embedding_table.weight": label_table}
    return functional_call(layer, table, (time_embedding, label), {"hidden_dtype": time_embedding.dtype})


def drop_labels(label, uniform, probability, num_classes):
    with _drawing(torch, uniform, "rand"):
        return LabelEmbedding(num_classes, 1, probability).token_drop(label)


def pointwise_convolution(x, weight, bias):
    weights = {"weight": weight[..., None, None], "bias": bias}
    out = functional_call(make_zero_conv(*reversed(weight.shape)), weights, _batched(x, 3))
    return out.reshape(*x.shape[:-3], *out.shape[1:])


# Patches, activations


def patchify(images, patch_size):
    patches = _lumina_patches(_batched(images, 3), patch_size, {}).clone()
    return patches.reshape(*images.shape[:-3], *patches.shape[1:])


def unpatchify(patches, height, width, patch_size):
    if patch_size != 2:
        raise NotImplementedError("diffusers has no argument for the side of the patches that its pipelines pack")
    images = FluxPipeline._unpack_latents(_batched(patches, 2), height, width, 1)
    return images.reshape(*patches.shape[:-2], *images.shape[1:])


def patch_embedding(images, weight, bias, patch_size):
    return _lumina_patches(images, patch_size, {"proj.weight": weight, "proj.bias": bias})


def patch_embedding_by_convolution(images, weight, bias, patch_size):
    _, channels, height, width = images.shape
    layer = PatchEmbed(height, width, patch_size, channels, len(weight), pos_embed_type=None)
    kernel = weight.reshape(len(weight), channels, patch_size, patch_size)
    return functional_call(layer, {"proj.weight": kernel, "proj.bias": bias}, images)


def _lumina_patches(images, patch_size, weights):
    layer = LuminaPatchEmbed(patch_size, images.shape[1])
    layer.proj = layer.proj if weights else nn.Identity()
    positions = torch.zeros(images.shape[-2:])
    return functional_call(layer, weights, (images, positions))[0]


def silu(x):
    return FP32SiLU()(x)


def gelu(x):
    return GELU(1, 1).gelu(x)


def gelu_tanh(x):
    return GELU(1, 1, "tanh").gelu(x)


def swiglu(x, gate_weight, gate_bias, up_weight, up_bias):
    weights = {"proj.weight": torch.cat([up_weight, gate_weight]), "proj.bias": torch.cat([up_bias, gate_bias])}
    return functional_call(SwiGLU(x.shape[-1], len(up_bias)), weights, x)


def swiglu_feed_forward(x, gate_weight, up_weight, down_weight):
    layer = FeedForward(x.shape[-1], inner_dim=len(up_weight), activation_fn="swiglu", bias=False)
    weights = {"net.0.proj.weight": torch.cat([up_weight, gate_weight]), "net.2.weight": down_weight}
    return functional_call(layer, weights, x)


# Broadcast


def broadcast_schedule(timesteps, period, low, high):
    times = iter(timesteps)
    hook = _broadcast(lambda call: call, lambda: next(times), period, low, high)
    return tuple(hook.new_forward(None, call) != call for call in range(len(timesteps)))


def broadcast_step(state, x, timestep, layer, num_steps, period, low, high):
    hook = _broadcast(layer, lambda: timestep, period, low, high)
    hook.state.iteration, hook.state.cache = state
    output = hook.new_forward(None, x)
    if hook.state.iteration == num_steps:
        hook.reset_state(None)
    return BroadcastState(hook.state.iteration, output.clone())


def _broadcast(layer, timestep, period, low, high):
    hook = PyramidAttentionBroadcastHook((low, high), period, timestep)
    hook.fn_ref = SimpleNamespace(original_forward=layer)
    hook.initialize_hook(None)
    return hook


# Vector quantisation


def nearest_code(z, codebook):
    pixels = z.reshape(-1, z.shape[-1], 1, 1)
    return _quantized(pixels, codebook)[2][2].reshape(z.shape[:-1])


def straight_through(z, quantized):
    return _quantized(z.reshape(1, -1, 1, 1), quantized.reshape(1, -1))[0].reshape(z.shape)


def multiscale_vq_loss(f, f_hat, beta=0.25):
    return _quantized(f.expand(f_hat.shape).reshape(1, -1, 1, 1), f_hat.reshape(1, -1), beta)[1]


def _quantized(z, codebook, beta=0.25):
    quantizer = vae.VectorQuantizer(*codebook.shape, beta, legacy=False)
    return functional_call(quantizer, {"embedding.weight": codebook}, z)


# Moving averages


def moving_average_step(average, value, decay):
    model = EMAModel([average])
    model.load_state_dict({"decay": decay, "min_decay": decay, "optimization_step": 1})
    model.step([nn.Parameter(value)])
    return model.shadow_params[0]
