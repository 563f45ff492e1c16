"""Gaussian diffusion: adding noise to a batch, and one sampled step of the posterior, beside diffusers' schedulers."""

import torch
from diffusers import DDPMScheduler

from benchmarks.loops import EAGER_AND_COMPILED, SEED, LoopBesidePeer
from reference.diffusion.forward import q_sample
from reference.diffusion.posteriors import gaussian_posterior, sample_gaussian
from reference.diffusion.schedules import extract

BATCHES = [1, 10, 100, 1000]
LATENT = (4, 32, 32)
STEPS, TIMESTEP = 1000, 500


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
