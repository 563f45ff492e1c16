"""Discrete diffusion: draws, and steps back by full matrices, beside diffusers where it has them; growth with classes.

The peer has classes before positions, and gets each position as a sample of its own: that is its fastest layout here.
"""

from collections.abc import Callable
from functools import partial

import torch
from diffusers import VQDiffusionScheduler
from diffusers.schedulers.scheduling_vq_diffusion import gumbel_noised

from benchmarks.loops import EAGER_AND_COMPILED, SEED, Loop, LoopBesidePeer
from benchmarks.peers import growth_exponent, single_threaded
from reference.diffusion.discrete import discrete_sample, gumbel_max, mask_and_replace_marginal, reverse_from_mixture
from reference.diffusion.layout_diffusion import layout_transitions, masked_layout
from reference.diffusion.transitions import mask_and_replace_schedule, mask_and_replace_transition

CLASSES, MATRIX_CLASSES, POSITIONS = [8, 64, 1024, 8192], [8, 64, 256, 1024], 1024
STEPS, TIMESTEP = 10, 5
KEEP_START, MASK_END = 0.99, 0.9
LAYOUTS, LAYOUT_STEPS, LAYOUT_CATEGORIES, LAYOUT_ELEMENTS = [1, 10, 100], 20, 5, 20


class GumbelMax(LoopBesidePeer, size="classes", sizes=CLASSES, peer="diffusers", modes=EAGER_AND_COMPILED):
    """A class for each of 1024 positions, with the uniform numbers, which one seed gives to both."""

    def prepare(self, size: int, device: str) -> None:
        self.logits = self.normal(POSITIONS, size).log_softmax(-1).to(device)
        self.noise_generator = torch.Generator(device)
        self.least_bytes = self.logits.nbytes + 8 * POSITIONS
        self.draw = self.compiled(gumbel_max)

    def reference(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        shape, device = self.logits.shape, self.logits.device
        return self.draw(self.logits, torch.rand(shape, generator=self.noise_generator, device=device))

    def peer(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        return gumbel_noised(self.logits[:, :, None], self.noise_generator).argmax(1).squeeze(1)


class MaskAndReplaceDraw(LoopBesidePeer, size="classes", sizes=CLASSES, peer="diffusers", modes=EAGER_AND_COMPILED):
    """x_t of mask-and-replace drawn for predicted data without a matrix. MASK is counted among the classes."""

    def prepare(self, size: int, device: str) -> None:
        self.scheduler = VQDiffusionScheduler(size, STEPS, alpha_cum_start=KEEP_START, gamma_cum_end=MASK_END)
        self.scheduler.set_timesteps(STEPS, device)
        schedule = mask_and_replace_schedule(STEPS, keep_start=KEEP_START, mask_end=MASK_END)
        bars = (schedule.keep_bar, schedule.mask_bar)
        self.keep_bar, self.mask_bar = (bar[TIMESTEP].float().expand(1, 1).to(device) for bar in bars)
        self.x_0 = self.normal(POSITIONS, size - 1).softmax(-1).to(device)
        self.log_x_0 = self.x_0.log()[:, :, None]
        self.noise_generator = torch.Generator(device)
        self.least_bytes = self.x_0.nbytes + 8 * POSITIONS
        self.draw = self.compiled(self._draw)

    def _draw(self, uniform: torch.Tensor) -> torch.Tensor:
        return gumbel_max(mask_and_replace_marginal(self.x_0, self.keep_bar, self.mask_bar).log(), uniform)

    def reference(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        shape = (POSITIONS, self.x_0.shape[1] + 1)
        return self.draw(torch.rand(shape, generator=self.noise_generator, device=self.x_0.device))

    def peer(self) -> torch.Tensor:
        self.noise_generator.manual_seed(SEED)
        log_marginal = self.scheduler.apply_cumulative_transitions(self.log_x_0, TIMESTEP)
        return gumbel_noised(log_marginal, self.noise_generator).argmax(1).squeeze(1)

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
        x_t = self.x_T[:, None]
        for t in self.scheduler.timesteps:
            log_x_0 = self.denoiser(x_t, t)[:, :-1, None].log_softmax(1)
            x_t = self.scheduler.step(log_x_0, t, x_t, self.noise_generator).prev_sample
        return x_t.squeeze(1)

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


class Growth:
    """Exponent of the time over the number of classes: a step back by matrices, and a draw without one."""

    params = (["matrix_step", "mask_and_replace_draw"],)
    param_names = ("form",)
    timeout = 600

    def setup(self, form: str) -> None:
        single_threaded()

    def track_exponent(self, form: str) -> float:
        return growth_exponent(*_forms()[form])

    track_exponent.unit = "log time / log classes"


def _forms() -> dict[str, tuple[Callable[[int], Callable[[], object]], list[int]]]:
    return {
        "matrix_step": (_matrix_step, [250, 500, 1_000, 2_000]),
        "mask_and_replace_draw": (_mask_and_replace_draw, [1_000, 2_000, 4_000, 8_000]),
    }


def _matrix_step(classes: int) -> Callable[[], object]:
    keep, mask = torch.tensor([[0.9, 0.5], [0.05, 0.3]])
    between, cumulative = mask_and_replace_transition(keep, mask, classes - 1)
    probabilities = torch.rand(POSITIONS, classes).softmax(-1)
    x_t = torch.full((POSITIONS,), classes - 1)
    return partial(reverse_from_mixture, x_t, probabilities, between, cumulative)


def _mask_and_replace_draw(classes: int) -> Callable[[], object]:
    x_0, uniform = torch.rand(64, classes - 1).softmax(-1), torch.rand(64, classes)
    bar = torch.full((1, 1), 0.4)
    return lambda: gumbel_max(mask_and_replace_marginal(x_0, bar, bar).log(), uniform)


def assert_same_classes(reference: torch.Tensor, peer: torch.Tensor) -> None:
    """Equal but for one in a thousand, where rounding decides between two classes that are almost equally good."""
    assert (reference != peer).float().mean() <= 1e-3, "the peer draws other classes"
