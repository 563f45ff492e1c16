"""The implementation under test: the reference, or an adapter module that offers some of its functions."""

import difflib
import importlib
import importlib.metadata
import importlib.util
import inspect
import platform
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch

from properties.harness.contracts import Conventions
from properties.harness.vocabulary import Function, vocabulary

SHIPPED = "properties.subjects"


class SubjectError(Exception):
    """The adapter cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Subject:
    """What is judged: its functions by name, and how they want to be called. `argument` is what --subject was given."""

    name: str
    argument: str
    functions: Mapping[str, Function]
    conventions: Conventions
    module: str
    versions: Mapping[str, str]
    expected_path: Path | None

    @property
    def is_reference(self) -> bool:
        return self.module == "reference"


def reference_subject(device: str) -> Subject:
    """The reference itself, judged like any other."""
    versions = _versions(())
    return Subject("reference", "", vocabulary(), Conventions(device=device), "reference", versions, None)


def load_subject(name: str, device: str) -> Subject:
    """The adapter of the given name, path or dotted module, with the mistakes that adapters make named."""
    module = _import(name)
    arrays = getattr(module, "ARRAYS", "torch")
    if arrays not in ("torch", "numpy"):
        raise SubjectError(f'{name}: ARRAYS must be "torch" or "numpy"; got {arrays!r}')
    dtype = getattr(torch, str(getattr(module, "DTYPE", "float64")), None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise SubjectError(f'{name}: DTYPE must name a floating dtype such as "float32"; got {module.DTYPE!r}')
    if arrays == "numpy" and device != "cpu":
        raise SubjectError(f"{name}: works on NumPy arrays, which cannot be handed over on {device}")
    conventions = Conventions(arrays, dtype, device)
    path = Path(inspect.getfile(module)).with_name("expected.toml")
    versions = _versions(getattr(module, "PACKAGES", ()))
    short = name.removesuffix(".py").rsplit("/", 1)[-1]
    return Subject(short, name, _offered(module, name), conventions, module.__name__, versions, path)


def _import(name: str) -> ModuleType:
    try:
        with warnings.catch_warnings(action="ignore"):  # a library may find another one out of date
            if name.endswith(".py"):
                return _import_path(Path(name).resolve())
            shipped = f"{SHIPPED}.{name}"
            if importlib.util.find_spec(shipped):
                return importlib.import_module(shipped)
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        available = ", ".join(shipped_subjects())
        raise SubjectError(
            f"cannot import subject {name!r}: {type(error).__name__}: {error}\n"
            f"a subject is a path ending in .py, a module that can be imported, or one of: {available}"
        ) from error


def _import_path(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise FileNotFoundError(f"no file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent))
    spec.loader.exec_module(module)
    return module


def shipped_subjects() -> tuple[str, ...]:
    """Names of the adapters that come with Assay."""
    folder = Path(inspect.getfile(importlib.import_module(SHIPPED))).parent
    return tuple(sorted(path.parent.name for path in folder.glob("*/__init__.py")))


def _offered(module: ModuleType, name: str) -> dict[str, Function]:
    offered = {key: vars(module)[key] for key in vars(module) if key in vocabulary() and callable(vars(module)[key])}
    for key, value in vars(module).items():
        own = inspect.isfunction(value) and value.__module__ == module.__name__ and not key.startswith("_")
        if own and key not in vocabulary():
            close = difflib.get_close_matches(key, vocabulary(), 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise SubjectError(f"{name}: Assay has no function {key}{hint} (helpers begin with an underscore)")
    if not offered:
        raise SubjectError(f"{name}: offers no function of Assay, so there is nothing to judge")
    return offered


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    names = ("torch", "numpy", "hypothesis", *packages)
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}
