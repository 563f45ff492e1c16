"""What all core loops share: inputs of growing size, a peer that computes the same, and what asv measures of both."""

import abc
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch

from benchmarks.peers import (
    DEVICES,
    assert_same,
    clock,
    flushed_seconds,
    growth_exponent,
    limit_seconds,
    ratio,
    single_threaded,
)

EAGER = ("eager",)
EAGER_AND_COMPILED = ("eager", "compile")
CPU = ("cpu",)  # for peers that know no other device
SEED = 7

F = TypeVar("F", bound=Callable[..., Any])


class Loop(abc.ABC):
    """One core loop at growing sizes.

    A subclass makes the inputs of a size (`prepare`), where it also compiles what is to be compiled (`compiled`), and
    says what the loop is (`reference`). A GPU is judged by the bytes that must move, or the flops that must be done,
    at the least. asv finds `time_reference`; on CUDA also `track_multiple_of_limit` and `track_peak_memory`.
    """

    timeout = 600
    sample_time, rounds, repeat = 0.05, 1, (3, 10, 2.0)
    timer = staticmethod(clock)
    least_bytes = 0
    least_flops = 0
    _ready: tuple[Any, ...] = ()

    def __init_subclass__(
        cls,
        *,
        size: str = "",
        sizes: Sequence[int] = (),
        devices: Sequence[str] = DEVICES,
        modes: Sequence[str] = EAGER,
    ) -> None:
        cls.params = (list(sizes), list(devices), list(modes))
        cls.param_names = (size, "device", "mode")

    @abc.abstractmethod
    def prepare(self, size: int, device: str) -> None:
        """Makes the inputs."""

    @abc.abstractmethod
    def reference(self) -> Any:
        """Runs the loop once."""

    def setup(self, size: int, device: str, mode: str) -> None:
        """Makes the inputs. asv asks for them before every sample: once is enough."""
        if self._ready == (size, device, mode):
            return
        single_threaded()
        self.generator = torch.Generator().manual_seed(SEED)
        self._mode = mode
        self.prepare(size, device)
        self.check()
        self._ready = (size, device, mode)

    def check(self) -> None:
        """Runs the loop once, so that nothing that is done only once is timed."""
        self.reference()

    def time_reference(self, size: int, device: str, mode: str) -> None:
        self.reference()

    if "cuda" in DEVICES:

        def track_multiple_of_limit(self, size: int, device: str, mode: str) -> float:
            """Time over that of a copy of as many bytes, or a matmul of as many flops, measured here and now."""
            if device == "cpu":
                return math.nan
            return flushed_seconds(self.reference) / limit_seconds(self.least_bytes, self.least_flops)

        def track_peak_memory(self, size: int, device: str, mode: str) -> float:
            """Bytes that one call allocates at most, beyond what lay there before."""
            if device == "cpu":
                return math.nan
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            self.reference()
            return float(torch.cuda.max_memory_allocated() - before)

        track_multiple_of_limit.unit = "time / limit"
        track_peak_memory.unit = "bytes"

    def compiled(self, function: F) -> F:
        """The function as the mode wants it: as it is, or compiled as one graph."""
        return torch.compile(function, fullgraph=True) if self._mode == "compile" else function

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal numbers in float32, the same in every run."""
        return torch.randn(shape, generator=self.generator)

    def uniform(self, *shape: int) -> torch.Tensor:
        """Numbers from (0, 1) in float32, the same in every run."""
        return torch.rand(shape, generator=self.generator).clamp(min=2**-24)


class LoopBesidePeer(Loop):
    """A core loop beside the peer that a user would pick instead: `track_ratio` is reference over peer.

    The peer gets the same inputs and is always as it ships. The two are checked equal before they are timed.
    """

    def __init_subclass__(cls, *, peer: str, **parameters: Any) -> None:
        super().__init_subclass__(**parameters)
        cls.unit = f"reference / {peer}"

    @abc.abstractmethod
    def peer(self) -> Any:
        """Runs the peer once."""

    def check(self) -> None:
        assert_same(self.reference(), self.peer())

    def track_ratio(self, size: int, device: str, mode: str) -> float:
        return ratio(self.reference, self.peer)


class Growth(abc.ABC):
    """How time grows where that is a promise: for each form the exponent of its time over a size."""

    timeout = 600

    def __init_subclass__(cls, *, forms: Sequence[str], size: str) -> None:
        cls.params = (list(forms),)
        cls.param_names = ("form",)
        cls.unit = f"log time / log {size}"

    @abc.abstractmethod
    def form(self, name: str) -> tuple[Callable[[int], Callable[[], Any]], Sequence[int]]:
        """What a form does at a size, with its inputs made, and the sizes at which it is timed."""

    def setup(self, form: str) -> None:
        single_threaded()

    def track_exponent(self, form: str) -> float:
        return growth_exponent(*self.form(form))
