"""The public functions of `reference`: the one list of names from which coverage, fixtures and reports derive."""

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from typing import Any

import reference

Function = Callable[..., Any]


@functools.cache
def vocabulary() -> dict[str, Function]:
    """Every public function of `reference` by its name, which no two may share."""
    functions: dict[str, Function] = {}
    for info in pkgutil.walk_packages(reference.__path__, "reference."):
        module = importlib.import_module(info.name)
        for name, function in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(function) or function.__module__ != info.name:
                continue
            if name in functions:
                raise ValueError(f"{name} is defined in {functions[name].__module__} and again in {info.name}")
            functions[name] = function
    return functions


def docstring_section(function: Function, title: str) -> str:
    """The text behind `title:` in a reference docstring, up to the next section, on one line; empty without one."""
    text = inspect.getdoc(function) or ""
    found = re.search(rf"^{title}: (.*?)(?=^\w+: |\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""
