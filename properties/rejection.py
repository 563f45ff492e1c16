"""Laws about inputs outside the domain."""

from collections.abc import Callable
from typing import Any

import pytest

from properties.harness.contracts import Breach

_REFUSALS = (ValueError, AssertionError, RuntimeError)


def assert_rejects(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """The function raises a deliberate error; an accidental one, such as IndexError or TypeError, does not count.

    NotImplementedError says that an adapter cannot express the call, and decides nothing. A breach of the contract,
    such as returning the input itself, is no refusal.
    """
    _assert_raises(_REFUSALS, function, *args, **kwargs)


def assert_rejects_index(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """As `assert_rejects`, for a lookup: there IndexError is deliberate too."""
    _assert_raises((IndexError, *_REFUSALS), function, *args, **kwargs)


def _assert_raises(
    refusals: tuple[type[Exception], ...], function: Callable[..., Any], *args: Any, **kwargs: Any
) -> None:
    try:
        result = function(*args, **kwargs)
    except (NotImplementedError, Breach):
        raise
    except refusals:
        return
    pytest.fail(f"accepted {', '.join(map(str, [*args, *kwargs.items()]))} and returned {result}")
