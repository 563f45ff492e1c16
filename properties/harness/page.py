"""What a failure says: the law, the smallest input, observed and expected, the worst one, a likely cause, a source."""

import contextlib
import textwrap
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from hypothesis.strategies import DataObject
from torch import Tensor

from properties.closeness import Mismatch
from properties.harness.contracts import Breach, under_contract
from properties.harness.diagnosis import looks_like
from properties.harness.laws import Law
from properties.harness.smoke import examples
from properties.harness.subjects import Subject
from properties.harness.trial import Call, Failure, Trial
from properties.harness.vocabulary import docstring_section, vocabulary


def explain(
    law: Law, case: str, arguments: Mapping[str, Any], trial: Trial, exception: BaseException, subject: Subject
) -> tuple[str, list[str]]:
    """The page for a failed law, and the sentences of the mistakes that it looks like."""
    parameters = {name: value for name, value in arguments.items() if name not in law.functions}
    failure = trial.last or Failure(parameters, tuple(trial.calls), exception)
    judged = [call for call in failure.calls if call.name in subject.functions]
    seen = [call for each in (failure, trial.worst) if each for call in each.calls if call.name in subject.functions]
    parts = [
        ("SMALLEST FAILING INPUT", "\n".join([*_inputs(failure.inputs), *_operations(failure, exception)])),
        ("REPRODUCE", reproduction(law, judged, subject)),
        *_verdict(failure.exception),
        ("WORST INPUT SEEN", _worst(trial, failure)),
    ]
    # Last, because replaying a call adds to what a spy among its arguments has seen.
    suspects = looks_like([*seen, *_calls_on_examples({call.name for call in seen}, subject)])
    sentences = [f"{known.sentence} ({known.seen})" for known in suspects]
    return layout(law, case, [*parts, ("LOOKS LIKE", "\n".join(sentences))]), sentences


def layout(law: Law, case: str, parts: Iterable[tuple[str, str]]) -> str:
    """The page: the law, the parts that have a text, and where the algorithm comes from.

    Lone surrogates, of which no report can be written, are escaped.
    """
    sources = "\n".join(f"{name}: {docstring_section(vocabulary()[name], 'Source')}" for name in law.functions)
    blocks = [f"{title}\n{textwrap.indent(text, '    ')}" for title, text in [*parts, ("SOURCE", sources)] if text]
    page = "\n".join([f"LAW: {law.statement}", f"    {law.name}{case}", *blocks])
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def _calls_on_examples(names: set[str], subject: Subject) -> Iterator[Call]:
    """What the subject returns on inputs that are not as special as the smallest failing one."""
    for name in names:
        arguments = examples()[name]
        with contextlib.suppress(Exception):
            yield Call(name, arguments, under_contract(name, subject.functions[name], subject.conventions)(**arguments))


def _verdict(exception: BaseException) -> list[tuple[str, str]]:
    if isinstance(exception, Mismatch):
        error = f"{exception.error:.3g} tolerances"
        if exception.error == float("inf"):
            error = "not the same" if exception.tolerance == "exact" else "not a number, or infinite on one side only"
        return [
            ("OBSERVED", _show(exception.observed)),
            ("EXPECTED", _show(exception.expected)),
            ("ERROR", f"{error} ({exception.tolerance})"),
        ]
    if isinstance(exception, Breach):
        return [("OBSERVED", str(exception))]
    told = traceback.TracebackException.from_exception(exception)
    told.__notes__ = None  # Hypothesis says there what stands above already
    lines = list(told.format())
    return [("OBSERVED", f"{type(exception).__name__}: {exception}"), ("TRACEBACK", "".join(lines[-6:]).rstrip())]


def _worst(trial: Trial, failure: Failure) -> str:
    if trial.worst is None or trial.worst is failure or trial.worst.error <= failure.error:
        return ""
    return "\n".join([f"{trial.worst.error:.3g} tolerances at", *_inputs(trial.worst.inputs)])


def _inputs(inputs: dict[str, Any]) -> list[str]:
    return [f"{name} = {_show(value)}" for name, value in inputs.items() if not isinstance(value, DataObject)]


def _operations(failure: Failure, exception: BaseException) -> list[str]:
    """What the law drew itself, or a state machine was put through: Hypothesis notes it on the smallest failing input.

    Where shrinking had no time to end there are no such notes, but the calls of the last failing input.
    """
    if not any(isinstance(value, DataObject) for value in failure.inputs.values()):
        return []
    notes = [note for note in getattr(exception, "__notes__", ()) if note.startswith(("state", "Draw "))]
    return notes or [f"{call.name}({', '.join(_inputs(call.arguments))})" for call in failure.calls]


def reproduction(law: Law, calls: list[Any], subject: Subject) -> str:
    """The command that runs the law again, and where its arguments can be written down, Python for the last call."""
    flag = "" if subject.is_reference else f"--subject {subject.argument} "
    lines = [f"pytest --pyargs properties {flag}-k {law.name}"]
    if calls and not any(
        callable(value) or isinstance(value, torch.Generator) for value in calls[-1].arguments.values()
    ):
        call = calls[-1]
        home = vocabulary()[call.name].__module__ if subject.is_reference else subject.module
        types = dict.fromkeys(_named_tuples(tuple(call.arguments.values())))
        imports = "".join(f"from {kind.__module__} import {kind.__name__}; " for kind in types)
        arrays = "torch.tensor" if subject.conventions.arrays == "torch" else "numpy.array"
        arguments = ", ".join(f"{name}={_literal(value, arrays)}" for name, value in call.arguments.items())
        library = arrays.split(".")[0]
        lines.append(f"import {library}; {imports}from {home} import {call.name}; print({call.name}({arguments}))")
    return "\n".join(lines)


def _named_tuples(value: Any) -> Iterator[type]:
    """The types of all named tuples in a value."""
    if hasattr(value, "_fields"):
        yield type(value)
    if isinstance(value, tuple | list | dict):
        for item in value.items() if isinstance(value, dict) else value:
            yield from _named_tuples(item)


def _literal(value: Any, arrays: str) -> str:
    """Python source for a value that is neither a function nor a generator; arrays says what makes a tensor."""
    if isinstance(value, Tensor):
        kind = str(value.dtype).replace("torch", arrays.split(".")[0])
        dtype = "" if value.dtype in (torch.int64, torch.bool) else f", dtype={kind}"
        return f"{arrays}({_finite(value.tolist())}{dtype})"
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, tuple | list):
        items = ", ".join(_literal(item, arrays) for item in value)
        if hasattr(value, "_fields"):
            return f"{type(value).__name__}({items})"
        return f"[{items}]" if isinstance(value, list) else f"({items}{',' * (len(value) == 1)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(key, arrays)}: {_literal(item, arrays)}' for key, item in value.items())}}}"
    return repr(value)


def _finite(numbers: Any) -> str:
    """Source of numbers, of which inf and nan have no literal."""
    return repr(numbers).replace("inf", "float('inf')").replace("nan", "float('nan')")


def _show(value: Any) -> str:
    if not isinstance(value, Tensor):
        return repr(value)
    if value.ndim == 0:
        return repr(value.item())
    if value.numel() > 100:
        return f"{type(value).__name__} of shape {tuple(value.shape)}, beginning {value.flatten()[:6].tolist()}"
    return repr(value.tolist())
