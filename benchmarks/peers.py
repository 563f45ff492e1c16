"""Compares a loop of the reference with a peer's on the same inputs, in the same process."""

import math
import statistics
import time
from collections.abc import Callable, Sequence

import torch

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
ROUNDS, SAMPLE_SECONDS, BUDGET_SECONDS = 15, 0.02, 10


def single_threaded() -> None:
    """One thread for both sides: what is compared is the work, not the scheduling of it."""
    torch.set_num_threads(1)


def seconds(function: Callable[[], object], calls: int) -> float:
    """Mean duration of a call, with the device idle before and after."""
    _synchronise()
    began = time.perf_counter()
    for _ in range(calls):
        function()
    _synchronise()
    return (time.perf_counter() - began) / calls


def ratio(reference: Callable[[], object], peer: Callable[[], object]) -> float:
    """Median over rounds of the reference's time over the peer's; the two alternate, so drift hits both alike.

    Calls that take seconds get fewer rounds, but three at least.
    """
    slower = max(seconds(reference, 1), seconds(peer, 1))
    calls = max(1, int(SAMPLE_SECONDS / slower))
    rounds = min(ROUNDS, max(3, int(BUDGET_SECONDS / (calls * slower))))
    return statistics.median(seconds(reference, calls) / seconds(peer, calls) for _ in range(rounds))


def growth_exponent(at: Callable[[int], Callable[[], object]], sizes: Sequence[int]) -> float:
    """Slope of log time over log size, by least squares; of each size the fastest of three calls."""
    functions = [at(size) for size in sizes]
    times = [min(seconds(function, 1) for _ in range(3)) for function in functions]
    return statistics.linear_regression([math.log(size) for size in sizes], [math.log(t) for t in times]).slope


def assert_same(reference: torch.Tensor, peer: torch.Tensor) -> None:
    """Both compute the same thing, to the precision of float32 tables; otherwise their times mean nothing."""
    torch.testing.assert_close(reference, peer, rtol=1e-4, atol=1e-4)


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
