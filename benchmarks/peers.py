"""Compares a loop of the reference with a peer's on the same inputs, in the same process."""

import functools
import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from threadpoolctl import threadpool_limits

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
ROUNDS, SAMPLE_SECONDS, BUDGET_SECONDS = 15, 0.02, 10
WARM_UP, L2_BYTES = 10, 2**28


def single_threaded() -> None:
    """One thread for both sides, NumPy's BLAS too: what is compared is the work, not the scheduling of it."""
    torch.set_num_threads(1)
    threadpool_limits(1)


def clock() -> float:
    """Seconds, once all that was asked of the device is done: by the device's own events where there is one."""
    if not torch.cuda.is_available():
        return time.perf_counter()
    first, now = _first_event(), torch.cuda.Event(enable_timing=True)
    now.record()
    now.synchronize()
    return first.elapsed_time(now) / 1000


@functools.cache
def _first_event() -> torch.cuda.Event:
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


def seconds(function: Callable[[], object], calls: int) -> float:
    """Mean duration of a call, with the device idle before and after."""
    began = clock()
    for _ in range(calls):
        function()
    return (clock() - began) / calls


def ratio(reference: Callable[[], object], peer: Callable[[], object]) -> float:
    """Median over rounds of the reference's time over the peer's; the two alternate, so drift hits both alike.

    Calls that take seconds get fewer rounds, but three at least.
    """
    slower = max(seconds(reference, 1), seconds(peer, 1))
    calls = max(1, int(SAMPLE_SECONDS / slower))
    rounds = min(ROUNDS, max(3, int(BUDGET_SECONDS / (calls * slower))))
    return statistics.median(seconds(reference, calls) / seconds(peer, calls) for _ in range(rounds))


def growth_exponent(at: Callable[[int], Callable[[], object]], sizes: Sequence[int]) -> float:
    """Slope of log time over log size, by least squares; of each size the fastest of five calls, on the CPU.

    The time is what this process spends itself: a few calls cannot average out what others take from a shared machine.
    What is left of them, a CPU that slows down and recovers, hits all sizes alike, as every round goes through them.
    """
    functions = [at(size) for size in sizes]
    rounds = [[process_seconds(function) for function in functions] for _ in range(5)]
    times = [min(calls) for calls in zip(*rounds, strict=True)]
    return statistics.linear_regression([math.log(size) for size in sizes], [math.log(t) for t in times]).slope


def process_seconds(function: Callable[[], object]) -> float:
    """Seconds of the CPU that one call takes."""
    began = time.process_time()
    function()
    return time.process_time() - began


def assert_same(reference: Any, peer: Any) -> None:
    """Both compute the same thing, to the precision of float32 tables; otherwise their times mean nothing.

    Integers are the same exactly.
    """
    exact = isinstance(reference, torch.Tensor) and not reference.is_floating_point()
    tolerance = 0 if exact else 1e-4
    torch.testing.assert_close(reference, peer, rtol=tolerance, atol=tolerance)


def flushed_seconds(function: Callable[[], object]) -> float:
    """Median duration of a call on the GPU, after warm-up, each with nothing of use in the L2 cache."""
    cache = torch.empty(L2_BYTES, dtype=torch.uint8, device="cuda")
    for _ in range(WARM_UP):
        function()

    def once() -> float:
        cache.zero_()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        function()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1000

    return statistics.median(once() for _ in range(ROUNDS))


def limit_seconds(least_bytes: int, least_flops: int) -> float:
    """The least time that the GPU needs to move so many bytes and to do so many flops in bfloat16."""
    byte, flop = _rates()
    return max(least_bytes * byte, least_flops * flop)


@functools.cache
def _rates() -> tuple[float, float]:
    """Seconds per byte of a large copy, read and written, and per flop of a large matmul, both measured here."""
    source = torch.zeros(2**30, dtype=torch.uint8, device="cuda")
    square = torch.ones(8192, 8192, dtype=torch.bfloat16, device="cuda")
    target, product = torch.empty_like(source), torch.empty_like(square)
    copy = flushed_seconds(lambda: target.copy_(source))
    matmul = flushed_seconds(lambda: torch.matmul(square, square, out=product))
    return copy / (2 * source.numel()), matmul / (2 * 8192**3)
