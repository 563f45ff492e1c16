"""What PyTorch's DataLoader promises: order, seeds, workers and what it makes of samples."""

import os

import numpy as np
import pytest
import torch
from torch import multiprocessing
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate, get_worker_info

from properties.closeness import assert_equal
from properties.strategies import numbers

# A machine with fewer cores than workers, and processes that fork beside threads, make Python and PyTorch warn.
pytestmark = pytest.mark.filterwarnings("ignore")


class Origins(Dataset):
    """Sample i says in which process, and by which worker, it was loaded."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return index, get_worker_info().id, os.getpid()


class Waiting(Dataset):
    """Sample 0 waits until it is released."""

    def __init__(self):
        self.released = multiprocessing.get_context("fork").Event()

    def __len__(self):
        return 2

    def __getitem__(self, index):
        if index == 0:
            self.released.wait(60)
        return index


class Counted:
    """Batches of one sample each, which count how many of them were asked for."""

    def __init__(self, length):
        self.length, self.drawn = length, 0

    def __iter__(self):
        for index in range(self.length):
            self.drawn += 1
            yield [index]

    def __len__(self):
        return self.length


def shuffled(seed):
    loader = DataLoader(range(24), batch_size=None, shuffle=True, generator=torch.Generator().manual_seed(seed))
    return [list(loader) for _ in range(2)]


@pytest.mark.claim("R001-066")
def test_collate_stacks_samples_by_index():
    """Index i of every part of the batch is sample i; Python's floats become float64 and its ints int64, while NumPy's
    numbers keep their type; nothing, and tensors of different lengths, raise.
    """
    samples = [{"x": numbers(i, 2 * i), "name": str(i), "rest": (i / 2, i, np.float32(i))} for i in range(3)]
    batch = default_collate(samples)
    for i, sample in enumerate(samples):
        assert_equal(batch["x"][i], sample["x"])
        assert batch["name"][i] == sample["name"]
        assert [part[i].item() for part in batch["rest"]] == [float(part) for part in sample["rest"]]
    assert [part.dtype for part in batch["rest"]] == [torch.float64, torch.int64, torch.float32]
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([torch.ones(2), torch.ones(3)])
    with pytest.raises(IndexError):
        default_collate([])


@pytest.mark.claim("R001-068")
def test_generator_of_one_seed_repeats_its_permutations():
    """Loaders whose generators have the same seed yield the same permutations, a new one in each epoch, whatever the
    global random state; an epoch draws from the generator even if nothing is shuffled.
    """
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = shuffled(seed=7)
        torch.manual_seed(2)
        assert shuffled(seed=7) == first
        assert shuffled(seed=8) != first
    assert first[0] != first[1]
    assert [sorted(epoch) for epoch in first] == [list(range(24))] * 2
    generator = torch.Generator().manual_seed(7)
    before = generator.get_state()
    list(DataLoader(range(3), batch_size=None, generator=generator))
    assert not torch.equal(generator.get_state(), before)


@pytest.mark.claim("R001-069", "R001-071")
@pytest.mark.parametrize("persistent", [False, True])
def test_workers_take_turns_with_whole_batches(persistent):
    """Of two workers, worker k mod 2 loads batch k, and the batches come in order; in the next epoch the processes are
    the same exactly if workers persist.
    """
    loader = DataLoader(
        Origins(), batch_size=2, num_workers=2, persistent_workers=persistent, multiprocessing_context="fork"
    )
    epochs = [[torch.stack(batch) for batch in loader] for _ in range(2)]
    for epoch in epochs:
        index, worker, process = torch.stack(epoch).unbind(1)
        assert index.tolist() == [[0, 1], [2, 3], [4, 5]]
        assert worker.tolist() == [[0, 0], [1, 1], [0, 0]]
        assert len(process.unique()) == 2
    first, second = ({int(batch[2, 0]) for batch in epoch} for epoch in epochs)
    assert (first == second) == persistent


@pytest.mark.claim("R001-070")
def test_two_batches_per_worker_are_outstanding():
    """prefetch_factor is 2 with workers, and without them None and not to be given; at most 2 W batches were asked for
    and have not come yet.
    """
    batches = Counted(9)
    loader = DataLoader(range(9), batch_sampler=batches, num_workers=2, multiprocessing_context="fork")
    assert (loader.prefetch_factor, DataLoader(range(9)).prefetch_factor) == (2, None)
    iterator = iter(loader)
    assert batches.drawn == 4
    for received in range(1, 10):
        next(iterator)
        assert batches.drawn == min(received + 4, 9)
    with pytest.raises(ValueError, match="prefetch_factor"):
        DataLoader(range(9), prefetch_factor=2)


@pytest.mark.claim("R001-071")
def test_batches_out_of_order_come_as_they_are_ready():
    """With in_order=False a slow first batch comes after the second; all come once."""
    data = Waiting()
    loader = DataLoader(data, batch_size=None, num_workers=2, in_order=False, multiprocessing_context="fork")
    iterator = iter(loader)
    assert next(iterator) == 1
    data.released.set()
    assert list(iterator) == [0]


@pytest.mark.claim("R001-067")
def test_slow_worker_exceeds_the_timeout():
    """A worker that takes longer than a positive timeout raises RuntimeError; without workers there is no timeout."""
    data = Waiting()
    iterator = iter(DataLoader(data, batch_size=None, num_workers=1, timeout=0.05, multiprocessing_context="fork"))
    with pytest.raises(RuntimeError, match=r"timed out after 0\.05 seconds"):
        next(iterator)
    data.released.set()
    with pytest.raises(AssertionError):
        iter(DataLoader(TensorDataset(torch.ones(2)), timeout=0.05))
    with pytest.raises(ValueError, match="timeout"):
        DataLoader(range(2), timeout=-1)
