"""What processes of torch.distributed hold after an exchange is what the functions on stacked ranks return."""

import fcntl
import multiprocessing
import os
import threading
import time
from datetime import timedelta
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from properties.closeness import assert_close, assert_equal
from properties.strategies import steps
from reference.training.collectives import (
    all_gather,
    all_reduce_mean,
    all_reduce_sum,
    all_to_all,
    broadcast,
    grouped_all_reduce_sum,
    reduce_scatter_sum,
    reduce_sum,
)
from reference.training.data_parallel import data_parallel_gradient, pooled_moments

PROCESSES, SECONDS = 3, 60
WORLDS = pytest.mark.parametrize("world_size", [2, 3])
COUNTS = {"equal": [2, 2, 2], "unequal": [4, 1, 2]}


TENSORS, SAMPLES = steps(PROCESSES, 6, 5), steps(7, 3)


def shard_of(rank: int, counts: list[int]) -> Tensor:
    """The samples of a rank."""
    return SAMPLES.split([*counts, len(SAMPLES) - sum(counts)])[rank]


def mean_loss(model: nn.Module, samples: Tensor) -> Tensor:
    """Mean squared error of a model that should return the first feature."""
    return (model(samples)[:, 0] - samples[:, 0]).square().mean()


def exchange(rank: int, world_size: int) -> dict[str, Tensor]:
    """What a rank holds after each collective."""
    held = TENSORS[rank]
    found = {name: held.clone() for name in ("all_reduce", "reduce", "broadcast", "grouped", "all_to_all")}
    dist.all_reduce(found["all_reduce"])
    dist.reduce(found["reduce"], dst=world_size - 1)
    dist.broadcast(found["broadcast"], src=1)
    members = [*range(1, world_size)]
    group = dist.new_group(members)
    if rank in members:
        dist.all_reduce(found["grouped"], group=group)
    gathered = [torch.empty_like(held) for _ in range(world_size)]
    dist.all_gather(gathered, held)
    found["all_gather"] = torch.cat(gathered)
    found["reduce_scatter"] = torch.empty_like(held[: 6 // world_size])
    dist.reduce_scatter(found["reduce_scatter"], [*held.chunk(world_size)])
    dist.all_to_all_single(found["all_to_all"], held)
    return found


def differentiate(rank: int, world_size: int) -> dict[str, Tensor]:
    """Parameters before and after wrapping, gradients for equal and unequal shards, and parameters after two steps."""
    torch.manual_seed(rank)
    model = nn.Linear(3, 1, dtype=torch.float64)
    found = {"own weight": model.weight.detach().clone()}
    wrapped = DistributedDataParallel(model)
    found["weight"] = model.weight.detach().clone()
    for name, counts in COUNTS.items():
        total = sum(counts[:world_size])
        for kind, factor in {"": 1.0, " scaled": world_size * counts[rank] / total}.items():
            model.zero_grad()
            (factor * mean_loss(wrapped, shard_of(rank, counts))).backward()
            found[name + kind] = model.weight.grad.clone()
    model.zero_grad()
    mean_loss(model, shard_of(rank, COUNTS["unequal"])).backward()
    found["local"] = model.weight.grad.clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.125, momentum=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        mean_loss(wrapped, shard_of(rank, COUNTS["unequal"])).backward()
        optimizer.step()
    return {**found, "trained": model.weight.detach().clone()}


def gather_in_loss(rank: int, world_size: int) -> dict[str, Tensor]:
    """The averaged gradient of the squared mean of features that were gathered, the rank's own put back in place."""
    weight = torch.ones(3, dtype=torch.float64, requires_grad=True)
    own = shard_of(rank, COUNTS["equal"]) @ weight
    gathered = [torch.empty_like(own) for _ in range(world_size)]
    dist.all_gather(gathered, own.detach())
    gathered[rank] = own
    torch.cat(gathered).mean().square().backward()
    dist.all_reduce(weight.grad)
    return {"gathered": weight.grad / world_size}


def normalize(rank: int, world_size: int) -> dict[str, Tensor]:
    """Running means after each of two forward passes, and moments that the ranks have pooled."""
    wrapped, found = DistributedDataParallel(nn.BatchNorm1d(3, dtype=torch.float64)), {}
    for step in ("first", "second"):
        wrapped(shard_of(rank, COUNTS["equal"]))
        found[f"{step} running mean"] = wrapped.module.running_mean.clone()
    samples = shard_of(rank, COUNTS["unequal"])
    own = torch.stack([samples.mean(0), samples.var(0, correction=0)])
    gathered = [torch.empty_like(own) for _ in range(world_size)]
    dist.all_gather(gathered, own)
    means, variances = torch.stack(gathered, 1)
    return {**found, "pooled": torch.stack(pooled_moments(means, variances, COUNTS["unequal"][:world_size]))}


def count(rank: int, world_size: int, store: dist.Store) -> dict[str, Tensor]:
    """The value of a counter on a TCP store to which every rank has added 1 fifty times."""
    if rank == 0:
        server = dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        store.set("port", str(server.port))
    else:
        server = dist.TCPStore("127.0.0.1", int(store.get("port")), is_master=False)
    for _ in range(50):
        server.add("counter", 1)
    dist.barrier()
    total = server.add("counter", 0)
    dist.barrier()
    return {"counter": torch.tensor(total)}


def run_rank(rank: int, folder: str, rendezvous: str) -> None:
    """Does everything on one rank, in worlds of two and of three, and writes down what it found."""
    torch.set_num_threads(1)
    found = {}
    for world_size in (2, 3):
        if rank < world_size:
            store = dist.PrefixStore(str(world_size), dist.FileStore(rendezvous, PROCESSES))
            limit = timedelta(seconds=SECONDS)
            dist.init_process_group("gloo", store=store, rank=rank, world_size=world_size, timeout=limit)
            found[world_size] = exchange(rank, world_size) | differentiate(rank, world_size)
            found[world_size] |= gather_in_loss(rank, world_size) | normalize(rank, world_size)
            found[world_size] |= count(rank, world_size, store)
            dist.destroy_process_group()
    torch.save(found, Path(folder) / f"{rank}.pt")


def run_ranks(folder: Path, rendezvous: Path) -> None:
    """Starts the processes from one that has imported everything once; the first that fails, or the time limit, ends
    all of them.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "torch._dynamo"])
    ranks = [
        context.Process(target=run_rank, args=(rank, str(folder), str(rendezvous)), daemon=True)
        for rank in range(PROCESSES)
    ]
    try:
        for process in ranks:
            process.start()
        deadline = time.monotonic() + SECONDS
        while running := [process.sentinel for process in ranks if process.exitcode is None]:
            if not wait(running, max(0.0, deadline - time.monotonic())) or any(process.exitcode for process in ranks):
                break
    finally:
        for process in ranks:
            if process.pid:
                process.kill()
                process.join()
    assert [process.exitcode for process in ranks] == [0] * PROCESSES


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Tensor]]:
    """What all ranks found, stacked, by world size; under pytest-xdist one worker starts them for all."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    paths = [folder / f"{rank}.pt" for rank in range(PROCESSES)]
    with (folder / "ranks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(path.exists() for path in paths):
            run_ranks(folder, tmp_path_factory.mktemp("rendezvous") / "store")
    ranks: list[dict[int, Any]] = [torch.load(path) for path in paths]
    return {
        world_size: {
            name: torch.stack([rank[world_size][name] for rank in ranks[:world_size]]) for name in ranks[0][world_size]
        }
        for world_size in (2, 3)
    }


@WORLDS
@pytest.mark.claim("R001-001", "R001-054", "R001-022")
def test_processes_hold_what_the_functions_return(found, world_size):
    """all_reduce replaces each rank's tensor by the sum, in a group that of its members; the mean takes a division.
    reduce leaves the sum on the destination alone, and partial sums may be elsewhere.
    """
    seen, held = found[world_size], TENSORS[:world_size]
    assert_close(seen["all_reduce"], all_reduce_sum(held), 4)
    assert_close(seen["all_reduce"] / world_size, all_reduce_mean(held), 4)
    assert_close(seen["reduce"][-1], reduce_sum(held, world_size - 1)[-1], 4)
    assert_equal(seen["broadcast"], broadcast(held, 1))
    assert_close(seen["grouped"], grouped_all_reduce_sum(held, [range(1, world_size)]), 4)
    assert_equal(seen["all_gather"], all_gather(held))
    assert_close(seen["reduce_scatter"], reduce_scatter_sum(held), 4)
    assert_equal(seen["all_to_all"], all_to_all(held))


def joined_gradient(weight: Tensor, bias: Tensor, counts: list[int]) -> Tensor:
    """Gradient of the mean loss on the samples of all ranks, in this process."""
    model = nn.Linear(3, 1, dtype=torch.float64)
    model.load_state_dict({"weight": weight, "bias": bias})
    mean_loss(model, SAMPLES[: sum(counts)]).backward()
    return model.weight.grad


@WORLDS
@pytest.mark.claim("R001-002")
def test_distributed_data_parallel_averages_rank_gradients(found, world_size):
    """For equal shards this is the gradient of the joined batch; for shards of 4, 1 and 2 samples it is that only if
    rank r multiplies its loss by W n_r / N.
    """
    seen = found[world_size]
    torch.manual_seed(0)
    model = nn.Linear(3, 1, dtype=torch.float64)
    for name, every in COUNTS.items():
        counts = every[:world_size]
        expected = joined_gradient(model.weight.detach(), model.bias.detach(), counts).expand(world_size, 1, 3)
        assert_close(seen[f"{name} scaled"], expected, 64)
        if name == "equal":
            assert_close(seen[name], expected, 64)
        else:
            assert_close(data_parallel_gradient(seen["local"], counts), expected, 64)
            assert_close(seen[name], all_reduce_mean(seen["local"]), 64)
            assert (seen[name] - expected).abs().max() > 0.01


@WORLDS
@pytest.mark.claim("R001-021")
def test_distributed_data_parallel_starts_from_rank_0(found, world_size):
    """Weights drawn with another seed on each rank are those of rank 0 after wrapping, and equal after two steps."""
    seen = found[world_size]
    assert len(seen["own weight"].unique(dim=0)) == world_size
    assert_equal(seen["weight"], broadcast(seen["own weight"], 0))
    assert_equal(seen["trained"], broadcast(seen["trained"], 0))
    assert (seen["trained"] - seen["weight"]).abs().min() > 0


@WORLDS
@pytest.mark.claim("R001-001")
def test_gathering_without_gradient_leaves_one_share_of_it(found, world_size):
    """all_gather passes no gradient on: a loss over gathered features, averaged over the ranks, has 1 / W of it."""
    samples = SAMPLES[: 2 * world_size]
    whole = 2 * samples.sum(1).mean() * samples.mean(0)
    assert_close(found[world_size]["gathered"], (whole / world_size).expand(world_size, 3), 8)


@WORLDS
@pytest.mark.claim("R001-020")
def test_distributed_data_parallel_copies_the_buffers_of_rank_0(found, world_size):
    """The running mean before a forward pass is that of rank 0, not the average over the ranks and not their own."""
    seen = found[world_size]
    means = torch.stack([shard_of(rank, COUNTS["equal"]).mean(0) for rank in range(world_size)])
    assert_close(seen["first running mean"], 0.1 * means, 1)
    assert_close(seen["second running mean"], 0.9 * broadcast(seen["first running mean"], 0) + 0.1 * means, 1)
    assert (seen["first running mean"][0] - seen["first running mean"].mean(0)).abs().min() > 0.01


@WORLDS
@pytest.mark.claim("R001-003")
def test_processes_pool_the_moments_of_the_joined_batch(found, world_size):
    """From the means and variances that the ranks gather each has mean and variance of all samples."""
    samples = SAMPLES[: sum(COUNTS["unequal"][:world_size])]
    expected = torch.stack([samples.mean(0), samples.var(0, correction=0)])
    assert_close(found[world_size]["pooled"], expected.expand(world_size, 2, 3), 8)


@WORLDS
@pytest.mark.claim("R001-006")
def test_additions_to_a_store_are_atomic(found, world_size):
    """N processes that add 1 fifty times each leave 50 N, whoever asks."""
    assert_equal(found[world_size]["counter"], [50 * world_size] * world_size)


@pytest.mark.claim("R001-006")
def test_a_store_waits_until_a_key_is_set():
    """get() comes back with bytes once another thread has set the key, and a prefix keeps the keys of others apart."""
    store = dist.HashStore()
    store.set_timeout(timedelta(seconds=SECONDS))
    first, second = (dist.PrefixStore(name, store) for name in ("first", "second"))
    writer = threading.Thread(target=lambda: first.set("key", second.get("question")))
    writer.start()
    second.set("question", "value")
    assert first.get("key") == b"value"
    writer.join()
    assert not second.check(["key"])
    threads = [threading.Thread(target=lambda: [store.add("counter", 1) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.add("counter", 0) == 200
