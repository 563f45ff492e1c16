"""A function under test as the laws see it: torch in, torch out, and every breach of good conduct named."""

import functools
import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from beartype import beartype
from jaxtyping import jaxtyped
from torch import Tensor

from properties.harness.trial import Call, record
from properties.harness.vocabulary import Function, vocabulary


class Breach(AssertionError):
    """The function misbehaved in a way that no law needs to state."""


@dataclass(frozen=True)
class Conventions:
    """What the subject works on: its array library, its floating dtype and the device of its tensors."""

    arrays: str = "torch"
    dtype: torch.dtype = torch.float64
    device: str = "cpu"


def under_contract(name: str, function: Function, conventions: Conventions) -> Function:
    """The function with the reference's signature and annotations, checked at every call.

    Inputs are copies in the subject's own conventions. It must leave them alone, return memory of its own, keep their
    dtype, and return the shapes that the reference's annotations state.
    """
    standard = vocabulary()[name]
    signature = inspect.signature(standard)
    returns = typing.get_type_hints(standard).get("return")

    def conducted(given: dict[str, Any]) -> Any:
        handed = {key: _handed(value, conventions) for key, value in given.items()}
        untouched = {key: _handed(value, conventions) for key, value in given.items()}
        try:
            raw = function(**handed)
        except SystemExit as exit_request:
            raise Breach(f"{name} tried to end the process (SystemExit: {exit_request.code})") from None
        for key in given:
            if not _identical(handed[key], untouched[key]):
                raise Breach(f"{name} changed its input {key} in place")
            if any(_shares_memory(output, source) for output in _owned(raw) for source in _owned(handed[key])):
                raise Breach(f"{name} returned a view of its input {key}: editing the result would edit the input")
        on_device = any(isinstance(leaf, Tensor) for value in handed.values() for leaf in leaves(value))
        result = _returned(raw, returns, conventions.device if on_device else None, name)
        _check_dtype(name, handed, result, conventions)
        return result

    @functools.wraps(standard)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = dict(signature.bind(*args, **kwargs).arguments)
        try:
            result = conducted(given)
        except Exception as error:
            record(Call(name, given, error))
            raise
        record(Call(name, given, result))
        return result

    return jaxtyped(call, typechecker=beartype)


def reference_in(name: str, dtype: torch.dtype) -> Function:
    """The reference on inputs rounded to a floating dtype, with its tables rounded too."""
    function = vocabulary()[name]

    def narrow(**arguments: Any) -> Any:
        return map_tensors(function(**arguments), lambda t: t.to(dtype) if t.dtype == torch.float64 else t)

    return under_contract(name, narrow, Conventions(dtype=dtype))


def _handed(value: Any, conventions: Conventions) -> Any:
    def hand(leaf: Any) -> Any:
        if isinstance(leaf, Tensor):
            narrow = leaf.dtype == torch.float64 and conventions.dtype != torch.float64
            copy = leaf.to(conventions.device, conventions.dtype if narrow else leaf.dtype, copy=True)
            if conventions.arrays == "numpy" and copy.dtype == torch.bfloat16:
                raise NotImplementedError("NumPy has no bfloat16")
            return copy.numpy() if conventions.arrays == "numpy" else copy
        if callable(leaf):
            return lambda *args: _handed(leaf(*(_as_tensor(arg, "cpu") for arg in args)), conventions)
        return leaf

    return map_leaves(value, hand)


def _returned(value: Any, annotation: Any, device: str | None, name: str) -> Any:
    def take(leaf: Any) -> Any:
        if isinstance(leaf, Tensor) and device and leaf.device.type != torch.device(device).type:
            raise Breach(f"{name} returned a tensor on {leaf.device} for inputs on {device}")
        return _as_tensor(leaf, "cpu")

    result = map_leaves(value, take)
    return annotation(*result) if isinstance(result, tuple) and hasattr(annotation, "_fields") else result


def _as_tensor(value: Any, device: str) -> Any:
    if isinstance(value, np.ndarray | np.floating):
        return torch.as_tensor(np.array(value))
    return value.to(device) if isinstance(value, Tensor) else value


def _owned(value: Any) -> Iterator[Any]:
    """Every tensor, array, list and dictionary in a value: what could be edited in place."""
    if isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _owned(item)
    if isinstance(value, Tensor | np.ndarray | list | dict):
        yield value


def leaves(value: Any) -> Iterator[Any]:
    """Every tensor and array in a value."""
    return (item for item in _owned(value) if isinstance(item, Tensor | np.ndarray))


def _identical(first: Any, second: Any) -> bool:
    if isinstance(first, Tensor | np.ndarray):
        one, other = _array(first), _array(second)
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(first, tuple | list):
        return len(first) == len(second) and all(map(_identical, first, second))
    if isinstance(first, dict):
        return list(first) == list(second) and all(map(_identical, first.values(), second.values()))
    return bool(callable(first) or first == second or first != first)


def _shares_memory(first: Any, second: Any) -> bool:
    if isinstance(first, list | dict):
        return first is second
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return first.untyped_storage().data_ptr() == second.untyped_storage().data_ptr() and first.numel() > 0
    return isinstance(first, np.ndarray) and isinstance(second, np.ndarray) and np.shares_memory(first, second)


def _array(value: Tensor | np.ndarray) -> np.ndarray:
    if not isinstance(value, Tensor):
        return value
    own = value.detach().cpu()
    return (own.float() if own.dtype == torch.bfloat16 else own).numpy()


def _check_dtype(name: str, handed: dict[str, Any], result: Any, conventions: Conventions) -> None:
    inputs = [torch.as_tensor(leaf).dtype for value in handed.values() for leaf in leaves(value)]
    floats = [dtype for dtype in inputs if dtype.is_floating_point]
    expected = functools.reduce(torch.promote_types, floats) if floats else conventions.dtype
    for leaf in leaves((result,)):
        if leaf.is_floating_point() and leaf.dtype != expected:
            raise Breach(f"{name} returned {leaf.dtype} where {expected} went in")


def map_tensors(value: Any, change: Callable[[Tensor], Any]) -> Any:
    """The value with every tensor in it, also inside tuples, lists and dictionaries, changed."""
    return map_leaves(value, lambda leaf: change(leaf) if isinstance(leaf, Tensor) else leaf)


def map_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with everything in it that is no tuple, list or dictionary changed."""
    if isinstance(value, tuple):
        items = [map_leaves(item, change) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return [map_leaves(item, change) for item in value]
    if isinstance(value, dict):
        return {key: map_leaves(item, change) for key, item in value.items()}
    return change(value)
