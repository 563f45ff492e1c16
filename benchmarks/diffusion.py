"""Gaussian diffusion: adding noise, single steps back, and whole sampling loops, beside diffusers' schedulers."""

import torch
from diffusers import DDIMScheduler, DDPMScheduler

from benchmarks.loops import EAGER_AND_COMPILED, SEED, LoopBesidePeer
from reference.diffusion.forward import q_sample
from reference.diffusion.guidance import classifier_free_guidance
from reference.diffusion.parameterizations import x_0_from_epsilon
from reference.diffusion.posteriors import fixed_small_log_variance, gaussian_posterior, sample_gaussian
from reference.diffusion.respacing import leading_timesteps, respace
from reference.diffusion.samplers import ancestral_sample, ddim_sample, ddim_step
from reference.diffusion.schedules import extract

BATCHES, LOOP_BATCHES, IMAGE_BATCHES = [1, 10, 100, 1000], [1, 10, 100], [1, 4, 16]
LATENT, LOOP_LATENT, IMAGE = (4, 32, 32), (4, 64, 64), (3, 256, 256)
STEPS, KEPT, TIMESTEP = 1000, 50, 500
GUIDANCE_SCALE, DATA_VARIANCE = 7.5, 0.25


class ForwardProcess(LoopBesidePeer, size="batch", sizes=BATCHES, peer="diffusers", modes=EAGER_AND_COMPILED):
    """x_t for a batch of samples at timesteps of their own."""

    def prepare(self, size: int, device: str) -> None:
        self.scheduler = DDPMScheduler(STEPS)
        self.alpha_bar = self.scheduler.alphas_cumprod.to(device)
        self.x_0, self.noise = (self.normal(size, *LATENT).to(device) for _ in range(2))
        self.timesteps = torch.randint(STEPS, (size,), generator=self.generator).to(device)
        self.least_bytes = 3 * self.x_0.nbytes
        self.add_noise = self.compiled(self._add_noise)

    def _add_noise(self) -> torch.Tensor:
        return q_sample(self.x_0, self.noise, extract(self.alpha_bar, self.timesteps, 4))

    def reference(self) -> torch.Tensor:
        return self.add_noise()

    def peer(self) -> torch.Tensor:
        return self.scheduler.add_noise(self.x_0, self.noise, self.timesteps)


class PosteriorStep(LoopBesidePeer, size="batch", sizes=BATCHES, peer="diffusers", modes=EAGER_AND_COMPILED):
    """x_{t-1} drawn from q(x_{t-1} | x_t, x_0) for predicted data, with its noise, which one seed gives to both."""

    def prepare(self, size: int, device: str) -> None:
        self.scheduler = DDPMScheduler(STEPS, prediction_type="sample", clip_sample=False)
        levels = self.scheduler.alphas_cumprod.to(device)
        self.level_t, self.level_s = (levels[t].expand(1, 1, 1, 1) for t in (TIMESTEP, TIMESTEP - 1))
        self.x_t, self.x_0 = (self.normal(size, *LATENT).to(device) for _ in range(2))
        self.noise_generator = torch.Generator(device)
        self.least_bytes = 3 * self.x_t.nbytes
        self.step = self.compiled(self._step)

    def _step(self, noise: torch.Tensor) -> torch.Tensor:
        mean, variance = gaussian_posterior(self.x_t, self.x_0, self.level_t, self.level_s)
        return sample_gaussian(mean, variance.log(), noise)

    def reference(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        return self.step(torch.randn(self.x_t.shape, generator=self.noise_generator, device=self.x_t.device))

    def peer(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        return self.scheduler.step(self.x_0, TIMESTEP, self.x_t, generator=self.noise_generator).prev_sample


class GuidedStep(LoopBesidePeer, size="batch", sizes=BATCHES, peer="diffusers", modes=EAGER_AND_COMPILED):
    """Two predictions of the noise made one by classifier-free guidance, and the step of DDIM that follows it."""

    def prepare(self, size: int, device: str) -> None:
        self.scheduler = DDIMScheduler(STEPS, clip_sample=False)
        self.scheduler.set_timesteps(KEPT, device)
        levels = self.scheduler.alphas_cumprod.to(device)
        self.level_t, self.level_s = (levels[t].expand(1, 1, 1, 1) for t in (TIMESTEP, TIMESTEP - STEPS // KEPT))
        self.x_t, self.unconditional, self.conditional = (self.normal(size, *LATENT).to(device) for _ in range(3))
        self.no_noise = torch.zeros((), device=device).expand_as(self.x_t)
        self.least_bytes = 4 * self.x_t.nbytes
        self.step = self.compiled(self._step)

    def _step(self) -> torch.Tensor:
        epsilon = classifier_free_guidance(self.unconditional, self.conditional, GUIDANCE_SCALE)
        x_0 = x_0_from_epsilon(self.x_t, epsilon, self.level_t)
        return ddim_step(self.x_t, x_0, self.no_noise, self.level_t, self.level_s, eta=0.0)

    def reference(self) -> torch.Tensor:
        return self.step()

    def peer(self) -> torch.Tensor:
        guided = self.unconditional + GUIDANCE_SCALE * (self.conditional - self.unconditional)
        return self.scheduler.step(guided, TIMESTEP, self.x_t).prev_sample


class NormalModel:
    """The best predictions for data that is N(0, s^2) in every coordinate: multiples of x_t."""

    def __init__(self, alpha_bar: torch.Tensor) -> None:
        self.levels = alpha_bar.reshape(-1, 1, 1, 1, 1)
        self.scales = (1 - self.levels).sqrt() / (DATA_VARIANCE * self.levels + 1 - self.levels)

    def epsilon(self, x_t: torch.Tensor, t: int) -> torch.Tensor:
        return self.scales[t] * x_t

    def x_0(self, x_t: torch.Tensor, t: int) -> torch.Tensor:
        return x_0_from_epsilon(x_t, self.epsilon(x_t, t), self.levels[t])


class AncestralLoop(LoopBesidePeer, size="batch", sizes=LOOP_BATCHES, peer="diffusers"):
    """Latents sampled by 50 ancestral steps, with their noise, which one seed gives to both.

    A network stands between the steps, so that each has to read x_t and a prediction at the least, and to write x_s.
    """

    shape = LOOP_LATENT

    def prepare(self, size: int, device: str) -> None:
        self.scheduler = DDPMScheduler(STEPS, clip_sample=False)
        self.scheduler.set_timesteps(KEPT, device)
        self.alpha_bar = self.scheduler.alphas_cumprod.to(device)
        self.model = NormalModel(self.alpha_bar)
        self.timesteps = leading_timesteps(STEPS, KEPT)
        chain = respace(self.scheduler.betas.to(device), self.timesteps)
        log_variances = fixed_small_log_variance(chain.betas).reshape(-1, 1, 1, 1, 1)
        self.log_variances = dict(zip(self.timesteps, log_variances, strict=True))
        self.x_T = self.normal(size, *self.shape).to(device)
        self.noise_generator = torch.Generator(device)
        self.least_bytes = 3 * KEPT * self.x_T.nbytes

    def denoiser(self, x_t: torch.Tensor, t: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.model.x_0(x_t, t), self.log_variances[t]

    def reference(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        noise = self.x_T.new_empty(KEPT, *self.x_T.shape)
        for i in reversed(range(1, KEPT)):
            noise[i].normal_(generator=self.noise_generator)
        return ancestral_sample(self.denoiser, self.x_T, noise, self.alpha_bar, self.timesteps)

    def peer(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        x_t = self.x_T
        for t in self.scheduler.timesteps:
            x_t = self.scheduler.step(self.model.epsilon(x_t, t), t, x_t, generator=self.noise_generator).prev_sample
        return x_t


class AncestralImageLoop(AncestralLoop, size="batch", sizes=IMAGE_BATCHES, peer="diffusers"):
    """The same for images."""

    shape = IMAGE


class DdimLoop(LoopBesidePeer, size="batch", sizes=LOOP_BATCHES, peer="diffusers"):
    """Latents sampled by 50 steps of DDIM without noise."""

    shape = LOOP_LATENT

    def prepare(self, size: int, device: str) -> None:
        self.scheduler = DDIMScheduler(STEPS, clip_sample=False)
        self.scheduler.set_timesteps(KEPT, device)
        self.alpha_bar = self.scheduler.alphas_cumprod.to(device)
        self.model = NormalModel(self.alpha_bar)
        self.timesteps = leading_timesteps(STEPS, KEPT)
        self.x_T = self.normal(size, *self.shape).to(device)
        self.no_noise = torch.zeros((), device=device).expand(KEPT, *self.x_T.shape)
        self.least_bytes = 3 * KEPT * self.x_T.nbytes

    def reference(self) -> torch.Tensor:
        return ddim_sample(self.model.x_0, self.x_T, self.no_noise, self.alpha_bar, self.timesteps, eta=0.0)

    def peer(self) -> torch.Tensor:
        x_t = self.x_T
        for t in self.scheduler.timesteps:
            x_t = self.scheduler.step(self.model.epsilon(x_t, t), t, x_t).prev_sample
        return x_t


class DdimImageLoop(DdimLoop, size="batch", sizes=IMAGE_BATCHES, peer="diffusers"):
    """The same for images."""

    shape = IMAGE
