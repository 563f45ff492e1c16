"""The laws: what they are, which functions they constrain, and how one is run in this process."""

import contextlib
import functools
import importlib
import inspect
import itertools
import pkgutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, is_hypothesis_test, settings

import properties
import reference
from properties.harness.trial import failing_fast, tracked
from properties.harness.vocabulary import Function, vocabulary

DEFAULT = settings(max_examples=20, derandomize=True, deadline=None, database=None, report_multiple_bugs=False)
THOROUGH = settings(DEFAULT, max_examples=200, derandomize=False)
QUICK = settings(
    DEFAULT,
    max_examples=10,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
)


@dataclass(frozen=True)
class Law:
    """A test function whose arguments name the functions that it constrains."""

    name: str
    test: Callable[..., None]
    functions: tuple[str, ...]
    cases: tuple[dict[str, Any], ...]

    @property
    def statement(self) -> str:
        return " ".join((inspect.getdoc(self.test) or "").split())

    def run(self, implementations: Mapping[str, Function], profile: settings = QUICK) -> None:
        """Runs every case of the law on the given implementations, and on the reference where none is given."""
        functions = {name: implementations.get(name, vocabulary()[name]) for name in self.functions}
        for case in self.cases:
            with example_settings(self.test, profile):
                self.test(**functions, **case)

    def catches(self, implementations: Mapping[str, Function], profile: settings = QUICK) -> bool:
        """Whether the law fails on the given implementations; the first failing example decides, without a report."""
        try:
            with failing_fast():
                self.run(implementations, profile)
        except BaseException as exception:
            if isinstance(exception, KeyboardInterrupt):
                raise
            return True
        return False


@contextlib.contextmanager
def example_settings(test: Callable[..., None], profile: settings) -> Iterator[None]:
    """Runs a Hypothesis test under a profile, whatever it was decorated with; other tests are left alone.

    A derandomized profile draws from the law's name: Hypothesis would parse the law's source at every run instead.
    """
    if not is_hypothesis_test(test):
        yield
        return
    attributes: dict[str, Any] = {
        "_hypothesis_internal_use_settings": profile,
        "_hypothesis_internal_database_key": None,
    }
    if profile.derandomize:
        attributes["_hypothesis_internal_use_seed"] = zlib.crc32(test.__name__.encode())
    before = {name: getattr(test, name, None) for name in attributes}
    vars(test).update(attributes)
    try:
        yield
    finally:
        vars(test).update(before)


@functools.cache
def domains() -> tuple[str, ...]:
    """The folders of `reference`, each with its laws in the folder of the same name under `properties`."""
    return tuple(info.name for info in pkgutil.iter_modules(reference.__path__) if info.ispkg)


@functools.cache
def laws() -> dict[str, Law]:
    """Every law by its name, which no two may share."""
    found: dict[str, Law] = {}
    for domain in domains():
        package = importlib.import_module(f"{properties.__name__}.{domain}")
        for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            if not info.name.rsplit(".", 1)[1].startswith("test_"):
                continue
            for name, test in vars(importlib.import_module(info.name)).items():
                if name.startswith("test_") and test.__module__ == info.name:
                    if name in found:
                        raise ValueError(f"two laws are called {name}")
                    found[name] = _law(name, test)
    return found


def _law(name: str, test: Callable[..., None]) -> Law:
    functions = tuple(argument for argument in inspect.signature(test).parameters if argument in vocabulary())
    if is_hypothesis_test(test):
        test.hypothesis.inner_test = tracked(test.hypothesis.inner_test, frozenset(functions))  # type: ignore[attr-defined]
    return Law(name, test, functions, tuple(_cases(test)))


def _cases(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """The product of the test's parametrize marks."""
    axes = []
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            names = mark.args[0].replace(" ", "").split(",") if isinstance(mark.args[0], str) else list(mark.args[0])
            rows = [value if len(names) > 1 else (value,) for value in mark.args[1]]
            axes.append([dict(zip(names, row, strict=True)) for row in rows])
    for combination in itertools.product(*axes):
        yield {name: value for row in combination for name, value in row.items()}
