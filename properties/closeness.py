"""Comparison of an observed value with an expected one, with a tolerance that is counted in roundings."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Value = Tensor | float | int | Sequence["Value"]


class Mismatch(AssertionError):
    """Observed and expected differ by more than the tolerance; `error` is the largest excess in units of it."""

    def __init__(self, observed: object, expected: object, error: float, tolerance: str) -> None:
        super().__init__(observed, expected, error, tolerance)
        self.observed, self.expected, self.error, self.tolerance = observed, expected, error, tolerance

    def __str__(self) -> str:
        off = f"off by {self.error:.3g} tolerances ({self.tolerance})"
        return f"observed {self.observed}, expected {self.expected}: {off}"


def assert_close(observed: Value, expected: Value, magnitude: Value | None = None, roundings: float = 16) -> None:
    """The observed value is within `roundings` * eps * magnitude of the expected one, element by element.

    eps is that of the observed dtype, which for Python's numbers is float64. `magnitude` is the size of the largest
    term that was added or subtracted on the way to the result; it defaults to the expected value itself, which suits
    products and quotients. Shapes must broadcast to the observed one. NaN is never close; equal infinities are.
    """
    observed = _tensor(observed)
    wanted = torch.as_tensor(expected, dtype=torch.float64).detach().broadcast_to(observed.shape)
    size = wanted.abs() if magnitude is None else torch.as_tensor(magnitude, dtype=torch.float64).abs().detach()
    seen = observed.detach().to("cpu", torch.float64)
    dtype = observed.dtype if observed.is_floating_point() else torch.float64
    allowed = roundings * torch.finfo(dtype).eps * size.broadcast_to(wanted.shape) + torch.finfo(dtype).tiny
    error = torch.where(seen == wanted, 0.0, (seen - wanted).abs() / allowed).nan_to_num(nan=torch.inf)
    if error.numel() and not error.max() <= 1:
        name = str(dtype).removeprefix("torch.")
        largest = size.max().item()
        raise Mismatch(
            seen, wanted, error.max().item(), f"{roundings:g} roundings of {name} at magnitude {largest:.3g}"
        )


def assert_equal(observed: object, expected: object) -> None:
    """Observed and expected are the same, to the last bit; NaN equals nothing."""
    if isinstance(observed, Tensor):
        wanted = torch.as_tensor(expected, dtype=observed.dtype)
        same = observed.shape == wanted.shape and bool((observed.cpu() == wanted).all())
    else:
        same = bool(observed == expected)
    if not same:
        raise Mismatch(observed, expected, float("inf"), "exact")


def assert_identical(observed: Tensor, expected: Tensor) -> None:
    """As `assert_equal`, but NaN is NaN, and -0 is not 0."""
    wanted = expected.to(observed.dtype)
    if observed.shape != wanted.shape or bool(_differ(observed, wanted).any()):
        raise Mismatch(observed, wanted, float("inf"), "exact")


def assert_identical_everywhere(
    function: Callable[[Tensor], Tensor], inputs: Tensor, expected: Callable[[Tensor], Tensor]
) -> None:
    """Each element of function(inputs) is the one of expected(inputs); a failure shows seven of the inputs at most.

    If numbers come back, those that went in are rounded to their dtype first, as the function has seen them.
    """
    observed = function(inputs)

    def wanted(given: Tensor) -> Tensor:
        return expected(given.to(observed.dtype) if observed.is_floating_point() & given.is_floating_point() else given)

    wrong = inputs[_differ(observed, wanted(inputs).to(observed.dtype))][:7]
    if len(wrong):
        assert_identical(function(wrong), wanted(wrong))
    assert_identical(observed, wanted(inputs))


def assert_at_most(lower: Value, upper: Value, magnitude: Value | None = None, roundings: float = 16) -> None:
    """No element of `lower` exceeds `upper` by more than `roundings` * eps * magnitude."""
    lower = _tensor(lower)
    limit = torch.as_tensor(upper, dtype=torch.float64).detach().broadcast_to(lower.shape)
    seen = lower.detach().to("cpu", torch.float64)
    assert_close(lower, torch.where(seen <= limit, seen, limit), magnitude, roundings)


def _differ(observed: Tensor, expected: Tensor) -> Tensor:
    both_nan = observed.isnan() & expected.isnan()
    return ~both_nan & ((observed != expected) | (observed.signbit() != expected.signbit()))


def _tensor(value: Value) -> Tensor:
    return value if isinstance(value, Tensor) else torch.as_tensor(value, dtype=torch.float64)
