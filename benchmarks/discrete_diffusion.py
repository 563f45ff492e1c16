"""Discrete diffusion: draws, and loops back with matrices and without, beside diffusers where it has them; growth.

The peer has classes before positions, and gets each position as a sample of its own: that is its fastest layout here.
"""

from collections.abc import Callable
from functools import partial

import torch
from diffusers import VQDiffusionScheduler
from diffusers.schedulers.scheduling_vq_diffusion import gumbel_noised
from torch.distributions import Gumbel
from torch.nn.functional import pad

from benchmarks.loops import EAGER_AND_COMPILED, SEED, Growth, Loop, LoopBesidePeer
from benchmarks.peers import ratio
from reference.diffusion.discrete import discrete_sample, gumbel_max, mask_and_replace_reverse, reverse_from_mixture
from reference.diffusion.layout_diffusion import layout_transitions, masked_layout
from reference.diffusion.transitions import mask_and_replace_schedule, mask_and_replace_transition

CLASSES, MATRIX_CLASSES, STEPS = [8, 64, 1024, 8192], [8, 64, 256, 1024], 10
POSITIONS, LOOP_POSITIONS = 1024, 256
KEEP_START, MASK_END = 0.99, 0.9
LAYOUTS, LAYOUT_STEPS, LAYOUT_CATEGORIES, LAYOUT_ELEMENTS = [1, 10, 100], 20, 5, 20


class GumbelMax(LoopBesidePeer, size="classes", sizes=CLASSES, peer="diffusers", modes=EAGER_AND_COMPILED):
    """A class for each of 1024 positions, with the uniform numbers, which one seed gives to all.

    torch.distributions keeps them from 0 and 1, and so may draw another class once in a thousand times.
    """

    def prepare(self, size: int, device: str) -> None:
        self.logits = self.normal(POSITIONS, size).log_softmax(-1).to(device)
        self.noise_generator = torch.Generator(device)
        self.gumbel = Gumbel(torch.zeros((), device=device), torch.ones((), device=device))
        self.least_bytes = self.logits.nbytes + 8 * POSITIONS
        self.draw = self.compiled(gumbel_max)

    def reference(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        shape, device = self.logits.shape, self.logits.device
        return self.draw(self.logits, torch.rand(shape, generator=self.noise_generator, device=device))

    def peer(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        return gumbel_noised(self.logits[:, :, None], self.noise_generator).argmax(1).squeeze(1)

    def check(self) -> None:
        super().check()
        assert_same_classes(self.reference(), self._distributions())

    def track_ratio_to_distributions(self, size: int, device: str, mode: str) -> float:
        return ratio(self.reference, self._distributions)

    track_ratio_to_distributions.unit = "reference / torch.distributions"

    def _distributions(self) -> torch.Tensor:
        torch.manual_seed(SEED)
        return (self.logits + self.gumbel.sample(self.logits.shape)).argmax(-1)


class MaskAndReplaceLoop(LoopBesidePeer, size="classes", sizes=CLASSES, peer="diffusers", modes=EAGER_AND_COMPILED):
    """Tokens sampled by 10 steps of mask-and-replace without a matrix. MASK is counted among the classes.

    One seed gives the uniform numbers to both. The peer's last step draws none for MASK, which is impossible there.
    """

    def prepare(self, size: int, device: str) -> None:
        self.scheduler = VQDiffusionScheduler(size, STEPS, alpha_cum_start=KEEP_START, gamma_cum_end=MASK_END)
        self.scheduler.set_timesteps(STEPS, device)
        schedule = mask_and_replace_schedule(STEPS, keep_start=KEEP_START, mask_end=MASK_END)
        keep_bar_s, mask_bar_s = pad(schedule.keep_bar[:-1], (1, 0), value=1.0), pad(schedule.mask_bar[:-1], (1, 0))
        levels = torch.stack([schedule.keep, schedule.mask, keep_bar_s, mask_bar_s], 1)
        self.levels = levels[..., None, None].float().to(device)
        self.logits = self.normal(LOOP_POSITIONS, size - 1).to(device)
        self.x_T = torch.full((LOOP_POSITIONS,), size - 1, device=device)
        self.noise_generator = torch.Generator(device)
        self.least_bytes = STEPS * self.logits.nbytes
        self.step = self.compiled(mask_and_replace_step)

    def denoiser(self, x_t: torch.Tensor, t: int) -> torch.Tensor:
        return self.logits

    def reference(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        x_t, (positions, tokens) = self.x_T, self.logits.shape
        for t in reversed(range(STEPS)):
            drawn = (positions, tokens + (t > 0))
            uniform = torch.rand(drawn, generator=self.noise_generator, device=x_t.device)
            x_t = self.step(x_t, self.denoiser(x_t, t), self.levels[t], pad(uniform, (0, int(t == 0)), value=1.0))
        return x_t

    def peer(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        return vq_diffusion_sample(self.scheduler, self.denoiser, self.x_T, self.noise_generator)

    def check(self) -> None:
        assert_same_classes(self.reference(), self.peer())


class MatrixLoop(LoopBesidePeer, size="classes", sizes=MATRIX_CLASSES, peer="diffusers"):
    """Tokens sampled by 10 steps of mask-and-replace with full matrices, where the peer knows their structure.

    One seed gives the uniform numbers to both. The peer's last step draws none for MASK, which is impossible there.
    """

    def prepare(self, size: int, device: str) -> None:
        self.scheduler = VQDiffusionScheduler(size, STEPS, alpha_cum_start=KEEP_START, gamma_cum_end=MASK_END)
        self.scheduler.set_timesteps(STEPS, device)
        schedule = mask_and_replace_schedule(STEPS, keep_start=KEEP_START, mask_end=MASK_END)
        transitions = mask_and_replace_transition(schedule.keep, schedule.mask, size - 1)
        self.transitions = transitions.float().to(device)
        self.logits = self.normal(POSITIONS, size).to(device)
        self.logits[:, -1] = -torch.inf
        self.x_T = torch.full((POSITIONS,), size - 1, device=device)
        self.noise_generator = torch.Generator(device)
        self.least_bytes = self.transitions.nbytes + STEPS * self.logits.nbytes
        self.least_flops = 2 * STEPS * size**2 * (POSITIONS + size)

    def denoiser(self, x_t: torch.Tensor, t: int) -> torch.Tensor:
        return self.logits

    def reference(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        uniform = torch.ones((STEPS, *self.logits.shape), device=self.logits.device)
        for t in reversed(range(1, STEPS)):
            uniform[t].uniform_(generator=self.noise_generator)
        last = uniform[0, :, :-1]
        last[:] = torch.rand(last.shape, generator=self.noise_generator, device=last.device)
        return discrete_sample(self.denoiser, self.x_T, uniform, self.transitions)

    def peer(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        tokens = self.logits[:, :-1]
        return vq_diffusion_sample(self.scheduler, lambda x_t, t: tokens, self.x_T, self.noise_generator)

    def check(self) -> None:
        assert_same_classes(self.reference(), self.peer())


class LayoutLoop(Loop, size="layouts", sizes=LAYOUTS):
    """Layouts sampled by 20 steps of LayoutDiffusion, 121 tokens of 139 classes each, for given uniform numbers.

    No peer has the matrices of its coordinates.
    """

    def prepare(self, size: int, device: str) -> None:
        self.transitions = layout_transitions(LAYOUT_STEPS, LAYOUT_CATEGORIES).float().to(device)
        self.x_T = masked_layout(LAYOUT_ELEMENTS, LAYOUT_CATEGORIES).expand(size, -1).to(device)
        shape = (*self.x_T.shape, self.transitions.shape[1])
        self.logits = self.normal(*shape).to(device)
        self.numbers = self.uniform(LAYOUT_STEPS, *shape).to(device)
        self.least_bytes = self.transitions.nbytes + self.numbers.nbytes + LAYOUT_STEPS * self.logits.nbytes
        self.least_flops = 2 * LAYOUT_STEPS * shape[-1] ** 2 * (self.x_T.numel() + shape[-1])

    def reference(self) -> torch.Tensor:
        return discrete_sample(lambda x_t, t: self.logits, self.x_T, self.numbers, self.transitions)


class GrowthOverClasses(Growth, forms=["matrix_step", "mask_and_replace_step"], size="classes"):
    """A step back, by matrices and without one."""

    def form(self, name: str) -> tuple[Callable[[int], Callable[[], object]], list[int]]:
        return {
            "matrix_step": (_matrix_step, [250, 500, 1_000, 2_000]),
            "mask_and_replace_step": (_mask_and_replace_step, [4_000, 8_000, 16_000, 32_000]),
        }[name]


def _matrix_step(classes: int) -> Callable[[], object]:
    keep, mask = torch.tensor([[0.9, 0.5], [0.05, 0.3]])
    between, cumulative = mask_and_replace_transition(keep, mask, classes - 1)
    probabilities = torch.rand(POSITIONS, classes).softmax(-1)
    x_t = torch.full((POSITIONS,), classes - 1)
    return partial(reverse_from_mixture, x_t, probabilities, between, cumulative)


def _mask_and_replace_step(classes: int) -> Callable[[], object]:
    levels = torch.tensor([0.9, 0.05, 0.5, 0.3])[:, None, None]
    x_t, uniform = torch.randint(classes, (16,)), torch.rand(16, classes)
    return partial(mask_and_replace_step, x_t, torch.randn(16, classes - 1), levels, uniform)


def mask_and_replace_step(
    x_t: torch.Tensor, logits: torch.Tensor, levels: torch.Tensor, uniform: torch.Tensor
) -> torch.Tensor:
    """x_s for keep, mask, keep_bar_s and mask_bar_s, drawn with the uniform numbers of all classes."""
    return gumbel_max(mask_and_replace_reverse(x_t, logits.softmax(-1), *levels).log(), uniform)


def vq_diffusion_sample(
    scheduler: VQDiffusionScheduler,
    denoiser: Callable[[torch.Tensor, int], torch.Tensor],
    x_T: torch.Tensor,
    generator: torch.Generator,
) -> torch.Tensor:
    """The peer's loop, for logits of every token but MASK."""
    x_t = x_T[:, None]
    for t in scheduler.timesteps:
        log_x_0 = denoiser(x_t, t)[:, :, None].log_softmax(1)
        x_t = scheduler.step(log_x_0, t, x_t, generator).prev_sample
    return x_t.squeeze(1)


def assert_same_classes(reference: torch.Tensor, peer: torch.Tensor) -> None:
    """Equal but for one in a thousand, where rounding decides between two classes that are almost equally good."""
    assert (reference != peer).float().mean() <= 1e-3, "the peer draws other classes"
