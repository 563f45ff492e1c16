"""One call of each offered function on a small valid input: tells a broken adapter from a wrong implementation."""

import importlib
import inspect
import traceback
from collections.abc import Mapping
from functools import partial
from typing import Any

from properties.harness.contracts import Breach, under_contract
from properties.harness.isolation import run_all_isolated
from properties.harness.laws import domains
from properties.harness.subjects import Subject
from properties.harness.vocabulary import Function, vocabulary


def examples() -> dict[str, dict[str, Any]]:
    """One small valid input of every public function."""
    found: dict[str, dict[str, Any]] = {}
    for domain in domains():
        found |= importlib.import_module(f"properties.{domain}.examples").EXAMPLES
    return found


def broken_functions(subject: Subject, limit: float | None) -> dict[str, str]:
    """The offered functions that cannot be called as the reference can, each with what is wrong.

    They run in child processes, for at most `limit` seconds together; in this process without a limit.
    """
    checks = {name: partial(_problem, name, function, subject) for name, function in subject.functions.items()}
    if limit is None:
        return {name: problem for name, check in checks.items() if (problem := check())}
    outcomes = run_all_isolated(checks, limit)
    problems = {name: outcome.problem or outcome.value for name, outcome in outcomes.items()}
    return {name: problem for name, problem in problems.items() if problem}


def _problem(name: str, function: Function, subject: Subject) -> str:
    example = examples()[name]
    mismatch = _signature_mismatch(function, example)
    if mismatch:
        return f"{mismatch}; the reference is {name}{inspect.signature(vocabulary()[name])}"
    try:
        under_contract(name, function, subject.conventions)(**example)
    except (Breach, NotImplementedError):
        return ""  # a law's verdict, with the law that saw it; and a call that cannot be expressed is no fault
    except Exception as error:
        if _is_annotation_error(error):
            return " ".join(str(error).split())[:600]
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"raised {type(error).__name__}: {error} (at {where.filename}:{where.lineno})"
    return ""


def _signature_mismatch(function: Function, example: Mapping[str, Any]) -> str:
    try:
        inspect.signature(function).bind(**example)
    except TypeError as error:
        return f"cannot be called with the reference's arguments: {error}"
    except ValueError:
        return ""
    return ""


def _is_annotation_error(error: Exception) -> bool:
    return type(error).__module__.startswith(("jaxtyping", "beartype"))
