"""Gaussian diffusion: adding noise to a batch, and one sampled step of the posterior, beside diffusers' schedulers."""

import torch
from diffusers import DDPMScheduler

from benchmarks.peers import DEVICES, assert_same, ratio, single_threaded
from reference.diffusion.forward import q_sample
from reference.diffusion.posteriors import gaussian_posterior, sample_gaussian
from reference.diffusion.schedules import extract

LATENT = (4, 64, 64)
STEPS, TIMESTEP, SEED = 1000, 500, 7


class _BesideDiffusers:
    """Batches of latents, a decade apart at the ends; eager and compiled; the peer is always as it ships."""

    params = ([1, 4, 16, 64], DEVICES, ["eager", "compile"])
    param_names = ("batch", "device", "mode")
    timeout = 180
    sample_time = 0.05

    def setup(self, batch: int, device: str, mode: str) -> None:
        single_threaded()
        self.scheduler = DDPMScheduler(STEPS, prediction_type="sample", clip_sample=False)
        self.alpha_bar = self.scheduler.alphas_cumprod.to(device)
        generator = torch.Generator().manual_seed(SEED)
        self.x, self.noise = (torch.randn(batch, *LATENT, generator=generator).to(device) for _ in range(2))
        self.timesteps = torch.randint(STEPS, (batch,), generator=generator).to(device)
        self.generator = torch.Generator(device)
        self.arithmetic = torch.compile(self._arithmetic, fullgraph=True) if mode == "compile" else self._arithmetic
        assert_same(self._seeded(self._reference), self._seeded(self._peer))

    def time_reference(self, batch: int, device: str, mode: str) -> None:
        self._reference()

    def track_ratio_to_diffusers(self, batch: int, device: str, mode: str) -> float:
        return ratio(self._reference, self._peer)

    track_ratio_to_diffusers.unit = "reference / diffusers"

    def _seeded(self, function) -> torch.Tensor:
        self.generator.manual_seed(SEED)
        return function()


class ForwardProcess(_BesideDiffusers):
    """x_t for a batch of samples at timesteps of their own."""

    def _arithmetic(self) -> torch.Tensor:
        return q_sample(self.x, self.noise, extract(self.alpha_bar, self.timesteps, 4))

    def _reference(self) -> torch.Tensor:
        return self.arithmetic()

    def _peer(self) -> torch.Tensor:
        return self.scheduler.add_noise(self.x, self.noise, self.timesteps)


class PosteriorStep(_BesideDiffusers):
    """x_{t-1} drawn from q(x_{t-1} | x_t, x_0) for predicted data, with the noise given to both sides by one seed."""

    def setup(self, batch: int, device: str, mode: str) -> None:
        one = [1, 1, 1, 1]
        self.level_t, self.level_s = (
            DDPMScheduler(STEPS).alphas_cumprod[[t]].to(device).reshape(one) for t in (TIMESTEP, TIMESTEP - 1)
        )
        super().setup(batch, device, mode)

    def _arithmetic(self, noise: torch.Tensor) -> torch.Tensor:
        mean, variance = gaussian_posterior(self.x, self.noise, self.level_t, self.level_s)
        return sample_gaussian(mean, variance.log(), noise)

    def _reference(self) -> torch.Tensor:
        return self.arithmetic(torch.randn(self.x.shape, generator=self.generator, device=self.x.device))

    def _peer(self) -> torch.Tensor:
        return self.scheduler.step(self.noise, TIMESTEP, self.x, generator=self.generator).prev_sample
