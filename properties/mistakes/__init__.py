"""Known wrong variants, which the laws must catch, and variants that look wrong but are right, which they must not."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variant:
    """Another form of a reference function: one sentence on how it differs, and where it was seen."""

    of: str
    function: Callable[..., Any]
    seen: str
    right: bool

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def sentence(self) -> str:
        return " ".join((inspect.getdoc(self.function) or "").split())


_registered: dict[str, Variant] = {}


def mistake(of: Callable[..., Any], seen: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a wrong variant of a reference function; its docstring says in one sentence what is wrong."""
    return functools.partial(_register, of, seen, False)


def variant(of: Callable[..., Any], seen: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a right variant of a reference function that looks wrong; its docstring says why it is right."""
    return functools.partial(_register, of, seen, True)


def mistakes() -> tuple[Variant, ...]:
    """Every known mistake."""
    return tuple(known for known in _all().values() if not known.right)


def variants() -> tuple[Variant, ...]:
    """Every variant that looks wrong and is right."""
    return tuple(known for known in _all().values() if known.right)


def _register(of: Callable[..., Any], seen: str, right: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    name = function.__name__
    if name in _registered and inspect.getfile(_registered[name].function) != inspect.getfile(function):
        raise ValueError(f"two variants are called {name}")
    _registered[name] = Variant(of.__name__, function, seen, right)
    return function


@functools.cache
def _all() -> dict[str, Variant]:
    for info in pkgutil.walk_packages(__path__, __name__ + "."):
        importlib.import_module(info.name)
    return _registered
