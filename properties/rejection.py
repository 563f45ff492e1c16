"""Laws about inputs outside the domain."""

from collections.abc import Callable
from typing import Any

import pytest

from properties.harness.contracts import Breach

REFUSALS = (ValueError, AssertionError, RuntimeError)


def assert_rejects(function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """The function raises a deliberate error; an accidental one, such as IndexError or TypeError, does not count.

    NotImplementedError says that an adapter cannot express the call, and decides nothing. A breach of the contract,
    such as returning the input itself, is no refusal.
    """
    try:
        result = function(*args, **kwargs)
    except (NotImplementedError, Breach):
        raise
    except REFUSALS:
        return
    pytest.fail(f"accepted {', '.join(map(str, [*args, *kwargs.items()]))} and returned {result}")
