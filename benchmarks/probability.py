"""Mixtures by EM and chains by their forward recursion, beside scikit-learn, hmmlearn and pytorch-crf; their growth."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from hmmlearn import _hmmc
from sklearn.mixture import GaussianMixture as SklearnMixture
from torchcrf import CRF

from benchmarks.loops import CPU, Growth, LoopBesidePeer
from reference.probability.crf import LinearChain, crf_log_partition
from reference.probability.gaussian_mixture import GaussianMixture, mixture_em_step
from reference.probability.hmm import HiddenMarkovModel, hmm_forward

SAMPLES, COMPONENTS, DIM = [1_000, 10_000, 100_000, 1_000_000], [1, 4, 16, 64], 4
STEPS, STATES = [10, 100, 1_000, 10_000], [4, 16, 64, 256]
CRF_STEPS, BATCH = [10, 100, 1_000], 32


class EmSamples(LoopBesidePeer, size="samples", sizes=SAMPLES, peer="scikit-learn", devices=CPU):
    """One iteration of EM for 8 components in float64."""

    def prepare(self, size: int, device: str) -> None:
        self.start(size, components=8)

    def start(self, samples: int, components: int) -> None:
        self.data, means = (self.normal(count, DIM).double() for count in (samples, components))
        self.mixture = start_of_em(means)
        self.rows = self.data.numpy()
        self.sklearn = SklearnMixture(components, reg_covar=0)
        weights, means, covariances = (each.numpy() for each in self.mixture)
        self.parameters = weights, means, np.linalg.inv(np.linalg.cholesky(covariances)).mT

    def reference(self) -> GaussianMixture:
        return mixture_em_step(self.mixture, self.data)

    def peer(self) -> tuple[np.ndarray, ...]:
        model = self.sklearn
        model.weights_, model.means_, model.precisions_cholesky_ = self.parameters
        _, log_responsibilities = model._e_step(self.rows)
        model._m_step(self.rows, log_responsibilities)
        return model.weights_, model.means_, model.covariances_

    def check(self) -> None:
        for reference, peer in zip(self.reference(), self.peer(), strict=True):
            torch.testing.assert_close(reference, torch.from_numpy(peer))


class EmComponents(EmSamples, size="components", sizes=COMPONENTS, peer="scikit-learn", devices=CPU):
    """One iteration of EM for 10,000 samples in float64."""

    def prepare(self, size: int, device: str) -> None:
        self.start(10_000, components=size)


class HmmSteps(LoopBesidePeer, size="steps", sizes=STEPS, peer="hmmlearn", devices=CPU):
    """The forward recursion for 16 states in float64."""

    def prepare(self, size: int, device: str) -> None:
        self.start(size, states=16)

    def start(self, steps: int, states: int) -> None:
        rows = self.uniform(1 + states, states).double().softmax(-1)
        self.model = HiddenMarkovModel(rows[0], rows[1:])
        self.log_emission = self.normal(steps, states).double()
        self.arrays = [each.numpy() for each in (*self.model, self.log_emission)]

    def reference(self) -> torch.Tensor:
        return hmm_forward(self.model, self.log_emission)

    def peer(self) -> np.ndarray:
        return _hmmc.forward_log(*self.arrays)[1]

    def check(self) -> None:
        torch.testing.assert_close(self.reference(), torch.from_numpy(self.peer()))


class HmmStates(HmmSteps, size="states", sizes=STATES, peer="hmmlearn", devices=CPU):
    """The forward recursion over 100 steps in float64."""

    def prepare(self, size: int, device: str) -> None:
        self.start(100, states=size)


class CrfSteps(LoopBesidePeer, size="steps", sizes=CRF_STEPS, peer="pytorch-crf"):
    """The log partition of 32 sequences of different lengths, with 16 tags."""

    def prepare(self, size: int, device: str) -> None:
        self.start(size, tags=16, device=device)

    def start(self, steps: int, tags: int, device: str) -> None:
        self.chain = LinearChain(*(self.normal(*shape).to(device) for shape in ((tags,), (tags, tags), (tags,))))
        self.emissions = self.normal(BATCH, steps, tags).to(device)
        lengths = torch.randint(1, steps + 1, (BATCH, 1), generator=self.generator)
        self.mask = (torch.arange(steps) < lengths).to(device)
        self.crf = CRF(tags).to(device).requires_grad_(False)
        names = ("start_transitions", "transitions", "end_transitions")
        self.crf.load_state_dict(dict(zip(names, self.chain, strict=True)))
        self.steps_first = self.emissions.transpose(0, 1).contiguous(), self.mask.T.contiguous()
        self.least_bytes = self.emissions.nbytes
        self.least_flops = 2 * BATCH * steps * tags**2

    def reference(self) -> torch.Tensor:
        return crf_log_partition(self.chain, self.emissions, self.mask)

    def peer(self) -> torch.Tensor:
        return self.crf._compute_normalizer(*self.steps_first)


class CrfTags(CrfSteps, size="tags", sizes=STATES, peer="pytorch-crf"):
    """The log partition of 32 sequences of up to 20 steps."""

    def prepare(self, size: int, device: str) -> None:
        self.start(20, tags=size, device=device)


def start_of_em(means: torch.Tensor) -> GaussianMixture:
    """Equal weights, the given means, and covariances that are as wide as the data."""
    components, dim = means.shape
    identity = torch.eye(dim, dtype=means.dtype).repeat(components, 1, 1)
    return GaussianMixture(means.new_full((components,), 1 / components), means, identity)


class GrowthOverSamplesOrSteps(Growth, forms=["em", "hmm", "crf"], size="size"):
    """EM over samples, and the two chains over steps."""

    def form(self, name: str) -> tuple[Callable[[int], Callable[[], object]], list[int]]:
        return {
            "em": (_em, [10_000, 20_000, 40_000, 80_000]),
            "hmm": (_hmm, [500, 1_000, 2_000, 4_000]),
            "crf": (_crf, [250, 500, 1_000, 2_000]),
        }[name]


def _em(samples: int) -> Callable[[], object]:
    mixture = start_of_em(torch.randn(8, DIM, dtype=torch.float64))
    return partial(mixture_em_step, mixture, torch.randn(samples, DIM).double())


def _hmm(steps: int) -> Callable[[], object]:
    rows = torch.rand(17, 16).softmax(-1)
    return partial(hmm_forward, HiddenMarkovModel(rows[0], rows[1:]), torch.randn(steps, 16))


def _crf(steps: int) -> Callable[[], object]:
    scores, mask = torch.randn(17, 16), torch.ones(BATCH, steps, dtype=torch.bool)
    chain = LinearChain(scores[0], scores[1:], scores[0])
    return partial(crf_log_partition, chain, torch.randn(BATCH, steps, 16), mask)
