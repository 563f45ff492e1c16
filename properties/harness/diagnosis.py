"""Names the known mistake that gives the same wrong answer as the subject."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from properties.harness.trial import Call
from properties.harness.vocabulary import vocabulary
from properties.mistakes import Variant, mistakes

_NOTHING = object()


def looks_like(calls: Iterable[Call]) -> list[Variant]:
    """Mistakes that reproduce what the subject returned in every call in which they differ from the reference."""
    suspects = []
    recorded = [call for call in calls if not isinstance(call.result, Exception)]
    for known in mistakes():
        votes = [_vote(known, call) for call in recorded if call.name == known.of]
        if any(vote is True for vote in votes) and not any(vote is False for vote in votes):
            suspects.append(known)
    return suspects


def _vote(known: Variant, call: Call) -> bool | None:
    """Whether the mistake agrees with the subject; None where it cannot be told from the reference."""
    wrong, right = _attempt(known.function, call), _attempt(vocabulary()[known.of], call)
    if wrong is _NOTHING or _same(wrong, right):
        return None
    return _same(wrong, call.result)


def _attempt(function: Any, call: Call) -> Any:
    try:
        return function(**call.arguments)
    except Exception:
        return _NOTHING


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        if first.shape != second.shape:
            return False
        kinds = [tensor.dtype for tensor in (first, second) if tensor.is_floating_point()] or [torch.float64]
        eps = max(torch.finfo(kind).eps for kind in kinds)
        first, second = first.double(), second.double()
        # Relative to the largest number, as scales of a format can all be tiny; what is below eps is 0.
        size = torch.cat([first.flatten(), first.new_zeros(1)]).abs().nan_to_num().max().item()
        nearly_zero = max(eps, eps**0.75 * min(1.0, size))
        return torch.allclose(first, second, rtol=eps**0.75, atol=nearly_zero, equal_nan=True)
    if isinstance(first, tuple | list) and isinstance(second, tuple | list):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_same(first[key], second[key]) for key in first)
    return type(first) is type(second) and bool(first == second)
