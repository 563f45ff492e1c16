"""Generic mutants of the reference, judged in this process by the laws of the functions that they change.

    python -m properties.harness.mutants [MODULE ...] [--jobs N]

A mutant is one small change to the body or the defaults of one function. One that raises on the function's example, or
does not come back, is dropped: a crash is no catch. A survivor is killed by a sharper law, or written down in
properties/mistakes/equivalents.toml with the reason why it computes the same.
"""

import argparse
import ast
import concurrent.futures
import contextlib
import copy
import difflib
import functools
import importlib
import inspect
import itertools
import multiprocessing
import os
import resource
import signal
import tomllib
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

import properties
import reference
from properties.harness.contracts import Conventions, under_contract
from properties.harness.laws import Law, laws
from properties.harness.smoke import examples
from properties.harness.trial import failing_fast
from properties.harness.vocabulary import Function, vocabulary

EXAMPLE_SECONDS, LAW_SECONDS = 2.0, 20.0
BYTES = 8 * 2**30
EQUIVALENTS = Path(properties.__path__[0]) / "mistakes" / "equivalents.toml"

_ROOTS = ("sqrt", "rsqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "square")
_PAIRS = (("mean", "sum"), ("amax", "amin"), ("argmax", "argmin"), ("max", "min"), ("maximum", "minimum"))
_OPPOSITES = dict(_PAIRS) | {second: first for first, second in _PAIRS}

Edit = list[tuple[ast.AST, str]]


@dataclass(frozen=True)
class Mutant:
    """A module with one change in one function; `before` and `after` are the lines that differ, joined by " ; "."""

    function: str
    line: int
    before: str
    after: str
    source: str


@dataclass(frozen=True)
class Equivalent:
    """A mutant that is written down as computing the same."""

    module: str
    function: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What became of the mutants of one function, and the laws that fail on the reference and so judge nothing."""

    made: int
    returned: int
    survivors: tuple[Mutant, ...]
    broken: tuple[str, ...] = ()


class OutOfTimeError(BaseException):
    """The block took more CPU time than it may."""


def mutants(source: str, function: str) -> list[Mutant]:
    """The distinct mutants of one top-level function of a module."""
    node = _definitions(source)[function]
    lines = source.splitlines(keepends=True)
    head, body, tail = lines[: node.lineno - 1], lines[node.lineno - 1 : node.end_lineno], lines[node.end_lineno :]
    text, found = "".join(body), []
    seen = {None, _essence(text)}
    for changed in itertools.chain(_by_cosmic_ray(text), _by_the_field(text)):
        essence = _essence(changed)
        if essence in seen:
            continue
        seen.add(essence)
        edited = changed.splitlines(keepends=True)
        matches = difflib.SequenceMatcher(None, body, edited, autojunk=False).get_opcodes()
        spans = [span for tag, *span in matches if tag != "equal"]
        before = " ; ".join(" ".join(line.split()) for start, end, _, _ in spans for line in body[start:end])
        after = " ; ".join(" ".join(line.split()) for _, _, start, end in spans for line in edited[start:end])
        found.append(Mutant(function, node.lineno + spans[0][0], before, after, "".join([*head, changed, *tail])))
    return found


def judge(module: str, function: str) -> Outcome:
    """Runs the laws on every mutant of one function, each up to the first law that fails."""
    original = importlib.import_module(f"{reference.__name__}.{module.replace('/', '.')}")
    source = inspect.getsource(original)
    inputs = {name: examples()[name] for name in public_users(source, function)}
    in_place = _returning(source, original, inputs)
    if in_place is None:
        raise ValueError(f"an example of {', '.join(inputs)} raises or takes too long on the reference itself")
    contracts = {name: under_contract(name, functools.partial(_call, in_place, name), Conventions()) for name in inputs}
    concerned = [law for law in laws().values() if inputs.keys() & set(law.functions)]
    broken = tuple(law.name for law in concerned if law.catches(contracts))
    judges = [law for law in concerned if law.name not in broken]
    kills: Counter[str] = Counter()
    made, returned, survivors = mutants(source, function), 0, []
    for mutant in made:
        mutated = _returning(mutant.source, original, inputs)
        if mutated is None:
            continue
        in_place.update(mutated)
        try:
            killer = _first_failure(sorted(judges, key=lambda law: -kills[law.name]), contracts)
        except OutOfTimeError:
            continue
        returned += 1
        if killer is None:
            survivors.append(mutant)
        else:
            kills[killer.name] += 1
    return Outcome(len(made), returned, tuple(survivors), broken)


def report(module: str, outcomes: Sequence[Outcome], equivalents: Iterable[Equivalent]) -> list[str]:
    """One line of numbers, and one for everything that is amiss."""
    written = {(entry.function, entry.before, entry.after) for entry in equivalents if entry.module == module}
    alive = [(m.function, m.before, m.after, m.line) for outcome in outcomes for m in outcome.survivors]
    survivors = [mutant for mutant in alive if mutant[:3] not in written]
    made, returned = sum(outcome.made for outcome in outcomes), sum(outcome.returned for outcome in outcomes)
    counted = returned - len(alive) + len(survivors)
    score = 1 - len(survivors) / counted if counted else 1.0
    lines = [
        f"{module}: {made} made, {returned} return a value, {returned - len(alive)} caught, "
        f"{len(alive) - len(survivors)} equivalent, {len(survivors)} survive, score {score:.1%}"
    ]
    path = f"{reference.__name__}/{module}.py"
    lines += [f"  {path}:{line} {function}: {before}  ->  {after}" for function, before, after, line in survivors]
    stale = sorted(written - {mutant[:3] for mutant in alive})
    lines += [f"  stale, no such survivor: {function}: {before}  ->  {after}" for function, before, after in stale]
    broken = dict.fromkeys(law for outcome in outcomes for law in outcome.broken)
    return lines + [f"  fails on the reference, so judges nothing: {law}" for law in broken]


def read_equivalents(path: Path = EQUIVALENTS) -> list[Equivalent]:
    """The mutants that are written down, each with a reason and in a module that exists."""
    entries = [Equivalent(**entry) for entry in tomllib.loads(path.read_text()).get("equivalent", [])]
    for entry in entries:
        if not entry.reason.strip() or entry.module not in modules():
            raise ValueError(f"a written-down mutant needs a reason and a module of the reference; got {entry}")
    return entries


@functools.cache
def modules() -> dict[str, tuple[str, ...]]:
    """The modules of the reference, each with its functions that a public one reaches."""
    found = {}
    for path in dict.fromkeys(function.__module__ for function in vocabulary().values()):
        source = inspect.getsource(importlib.import_module(path))
        module = path.removeprefix(f"{reference.__name__}.").replace(".", "/")
        found[module] = tuple(name for name in _definitions(source) if public_users(source, name))
    return found


def public_users(source: str, function: str) -> list[str]:
    """The function itself if it is public; for a private one the public functions that use it, directly or not."""
    definitions = _definitions(source)
    if not function.startswith("_"):
        return [function]
    uses = {name: {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} for name, node in definitions.items()}
    reached = {function}
    while grown := {name for name in definitions if uses[name] & reached} - reached:
        reached |= grown
    return [name for name in definitions if name in reached and not name.startswith("_")]


@contextlib.contextmanager
def contained(seconds: float) -> Iterator[None]:
    """Raises OutOfTimeError in the block once it has used that much CPU time, and ignores its warnings."""

    def stop(signal_number: int, frame: types.FrameType | None) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _returning(source: str, original: types.ModuleType, inputs: dict[str, Any]) -> dict[str, Function] | None:
    """The named functions of a changed module, or None if one of them does not return on its example."""
    module = types.ModuleType(original.__name__)
    try:
        with contained(EXAMPLE_SECONDS):
            exec(compile(source, f"<mutant of {original.__name__}>", "exec"), vars(module))
            vars(module).update((name, value) for name, value in vars(original).items() if isinstance(value, type))
            functions: dict[str, Function] = {name: vars(module)[name] for name in inputs}
            for name, arguments in inputs.items():
                functions[name](**copy.deepcopy(arguments))
    except (Exception, SystemExit, OutOfTimeError):
        return None
    return functions


def _call(functions: dict[str, Function], name: str, /, **arguments: Any) -> Any:
    return functions[name](**arguments)


def _first_failure(judges: Iterable[Law], contracts: dict[str, Function]) -> Law | None:
    for law in judges:
        try:
            with contained(LAW_SECONDS), failing_fast():
                law.run(contracts)
        except (OutOfTimeError, KeyboardInterrupt):
            raise
        except BaseException:
            return law
    return None


@functools.cache
def _definitions(source: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def _essence(text: str) -> object:
    """What must differ for a function to count as another one, None if the text is not Python.

    It is the bytecode without docstrings, annotations, decorators and the text of errors, factors in a fixed order.
    """
    try:
        tree = ast.parse(text)
        for node in reversed(list(ast.walk(tree))):
            match node:
                case ast.FunctionDef():
                    node.decorator_list, node.returns = [], None
                case ast.arg():
                    node.annotation = None
                case ast.Raise(exc=ast.Call() as error):
                    error.args, error.keywords = [], []
                case ast.BinOp(op=ast.Mult()):
                    node.left, node.right = sorted((node.left, node.right), key=ast.dump)
        with warnings.catch_warnings(action="ignore"):
            return _instructions(compile(tree, "", "exec", optimize=2))
    except SyntaxError:
        return None


def _instructions(code: types.CodeType) -> object:
    constants = [_instructions(each) if isinstance(each, types.CodeType) else repr(each) for each in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, *constants


def _by_cosmic_ray(text: str) -> Iterator[str]:
    """The operators of cosmic-ray, without the two that need arguments and draw random numbers."""
    nodes = list(ast_nodes(get_ast(text)))
    for operator in (get_operator(name) for name in operator_names()):
        if not operator.arguments():
            count = sum(len(list(operator().mutation_positions(node))) for node in nodes)
            yield from (mutate_code(text, operator(), occurrence) for occurrence in range(count))


def _by_the_field(text: str) -> Iterator[str]:
    """Four operators of the field's own. Numbers, also those that are axes or indices, cosmic-ray shifts already."""
    starts = [0, *itertools.accumulate(map(len, text.splitlines(keepends=True)))]

    def span(node: Any) -> tuple[int, int]:
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    nodes = list(_nodes(ast.parse(text)))
    edits = [edit for node in nodes for edit in _edits(node, lambda part: text[slice(*span(part))])]
    for edit in [*edits, *_exchanges(nodes)]:
        changed = text
        for node, new in sorted(edit, key=lambda change: span(change[0]), reverse=True):
            start, end = span(node)
            changed = changed[:start] + new + changed[end:]
        yield changed


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The node and those below it, but for errors and texts."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Raise | ast.JoinedStr):
            yield from _nodes(child)


def _edits(node: ast.AST, code: Callable[[ast.AST], str]) -> Iterator[Edit]:
    """Drops a root, exponential, logarithm or power, shifts an index, or swaps an axis, a bound or a reduction."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=arguments) if name in _ROOTS:
            yield [(node, f"({code(arguments[0] if arguments else owner)})")]
        case ast.BinOp(left=base, op=ast.Pow()):
            yield [(node, f"({code(base)})")]
        case ast.Attribute(attr="T" | "mT" as name):
            yield [(node, code(node).removesuffix(f".{name}"))]
        case ast.Attribute(attr=name) if name in _OPPOSITES:
            yield [(node, code(node).removesuffix(name) + _OPPOSITES[name])]
        case ast.Call(func=ast.Name(name)) if name in _OPPOSITES:
            yield [(node.func, _OPPOSITES[name])]
        case ast.Subscript(slice=ast.Tuple(elts=[first, second])):
            yield [(first, code(second)), (second, code(first))]
    if isinstance(node, ast.Call) and (bounds := [word for word in node.keywords if word.arg in ("min", "max")]):
        yield [(word, f"{_OPPOSITES[str(word.arg)]}={code(word.value)}") for word in bounds]
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        ends = [end for part in parts for end in ((part.lower, part.upper) if isinstance(part, ast.Slice) else (part,))]
        for end, step in itertools.product(ends, ("+ 1", "- 1")):
            if end is not None and not isinstance(end, ast.Constant):
                yield [(end, f"({code(end)}) {step}")]


def _exchanges(nodes: Iterable[ast.AST]) -> Iterator[Edit]:
    """Each pair of the function's parameters and locals, exchanged wherever they are read."""
    names = [node for node in nodes if isinstance(node, ast.Name)]
    local = [node.arg for node in nodes if isinstance(node, ast.arg)]
    local += [node.id for node in names if isinstance(node.ctx, ast.Store)]
    loads = [node for node in names if isinstance(node.ctx, ast.Load)]
    for first, second in itertools.combinations(dict.fromkeys(local), 2):
        other = {first: second, second: first}
        yield [(node, other[node.id]) for node in loads if node.id in other]


def _prepare_worker() -> None:
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Judges the chosen modules; 0 if every mutant is caught or written down, and nothing written down is stale."""
    parser = argparse.ArgumentParser(prog="python -m properties.harness.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as posteriors or diffusion/posteriors")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="number of processes; default: of cores")
    options = parser.parse_args(arguments)
    wanted = options.modules or list(modules())
    for name in wanted:
        if not any(f"/{module}".endswith(f"/{name}") for module in modules()):
            parser.error(f"{name} is none of {', '.join(modules())}")
    chosen = [module for module in modules() if any(f"/{module}".endswith(f"/{name}") for name in wanted)]
    equivalents, well = read_equivalents(), True
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, spawn, _prepare_worker) as pool:
        pending = {module: [pool.submit(judge, module, name) for name in modules()[module]] for module in chosen}
        for module, futures in pending.items():
            lines = report(module, [future.result() for future in futures], equivalents)
            print("\n".join(lines), flush=True)
            well = well and len(lines) == 1
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())
