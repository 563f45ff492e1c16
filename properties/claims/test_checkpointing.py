"""What stopping and going on, and computing twice, leave unchanged in training with PyTorch."""

import io

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from properties.strategies import steps

DATA = steps(5, 3)


class Training:
    """Momentum on shuffled samples with dropout, and all that it depends on."""

    def __init__(self, seed):
        torch.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)).double()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.25, momentum=0.5)
        self.rates = torch.optim.lr_scheduler.StepLR(self.optimizer, 4, 0.5)
        self.generator, self.order = torch.Generator().manual_seed(seed), []

    def run(self, num_steps):
        for _ in range(num_steps):
            if not self.order:
                self.order = torch.randperm(5, generator=self.generator).tolist()
            self.optimizer.zero_grad()
            self.model(DATA[self.order.pop()]).square().sum().backward()
            self.optimizer.step()
            self.rates.step()

    def state(self):
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rates": self.rates.state_dict(),
            "dropout": torch.get_rng_state(),
            "shuffling": self.generator.get_state(),
            "position": self.order,
        }

    def load(self, state):
        for name in ("model", "optimizer", "rates"):
            if name in state:
                getattr(self, name).load_state_dict(state[name])
        if "dropout" in state:
            torch.set_rng_state(state["dropout"])
        if "shuffling" in state:
            self.generator.set_state(state["shuffling"])
        self.order = state.get("position", self.order)


@pytest.mark.claim("R001-046")
@pytest.mark.parametrize("lost", [None, "model", "optimizer", "rates", "dropout", "shuffling", "position"])
def test_resumed_run_is_the_uninterrupted_one(lost):
    """Three steps, a file, and six more end where nine steps do, to the last bit, exactly if weights, momentum, rates,
    both random states and the place in the epoch are in the file.
    """
    with torch.random.fork_rng():
        uninterrupted = Training(1)
        uninterrupted.run(9)
        first, file = Training(1), io.BytesIO()
        first.run(3)
        torch.save({name: value for name, value in first.state().items() if name != lost}, file)
        resumed = Training(2)
        resumed.load(torch.load(io.BytesIO(file.getvalue())))
        resumed.run(6)
    pairs = zip(uninterrupted.model.parameters(), resumed.model.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs) == (lost is None)


@pytest.mark.claim("R001-046")
def test_strict_loading_names_what_is_missing_and_what_is_new():
    """Keys that only one side has raise, and are named."""
    with pytest.raises(RuntimeError, match=r"(?s)Missing.*bias.*Unexpected.*scale"):
        nn.Linear(3, 2).load_state_dict({"weight": torch.ones(2, 3), "scale": torch.ones(2)})


@pytest.mark.claim("R001-047")
@pytest.mark.parametrize("preserve", [True, False])
def test_activations_computed_twice_need_the_same_dropout(preserve):
    """Checkpointing runs the forward pass again in backward; with the random state restored the gradient is that of the
    plain run, to the last bit, and without it that of another mask.
    """
    runs = []

    def branch(x):
        runs.append(1)
        return torch.dropout((x @ DATA.T).tanh(), 0.5, train=True).square()

    def gradient(run):
        x = steps(7, 3).requires_grad_()
        torch.manual_seed(1)
        run(x).sum().backward()
        return x.grad

    with torch.random.fork_rng():
        plain = gradient(branch)
        again = gradient(lambda x: checkpoint(branch, x, use_reentrant=False, preserve_rng_state=preserve))
    assert len(runs) == 1 + 2
    assert torch.equal(again, plain) == preserve
