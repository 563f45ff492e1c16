"""Every public function has laws, mistakes, an example, and a docstring that says where it comes from."""

import ast
import doctest
import inspect
import sys
from pathlib import Path

import pytest

import properties
import reference
from properties.harness.catalogue import BY_READING, PLANNED, catalogue, claims, mentions
from properties.harness.cli import errata_table
from properties.harness.laws import domains, laws
from properties.harness.smoke import examples
from properties.harness.vocabulary import docstring_section, vocabulary
from properties.mistakes import mistakes, variants


@pytest.mark.parametrize("name", vocabulary())
def test_function_is_covered(name):
    """It has a law, a known mistake, an example, and states its domain, its source and its rows."""
    assert any(name in law.functions for law in laws().values()), f"{name} has no law"
    assert any(known.of == name for known in mistakes()), f"{name} has no known mistake"
    assert name in examples(), f"{name} has no example"
    for title in ("Domain", "Source", "Notes"):
        assert docstring_section(vocabulary()[name], title), f"{name} does not state its {title}"


@pytest.mark.parametrize("name", laws())
def test_law_is_stated(name):
    """It names a function that it constrains, says in one sentence what must hold, and its name begins with it."""
    law = laws()[name]
    assert law.functions
    assert law.statement.endswith(".")
    assert any(name.startswith(f"test_{function}_") for function in law.functions), f"{name} begins with no function"
    unknown = set(inspect.signature(law.test).parameters) - set(law.functions) - {key for c in law.cases for key in c}
    assert not unknown, f"{name} asks for {unknown}, which is neither a function nor a parameter"


@pytest.mark.parametrize("name", vocabulary())
def test_mistakes_can_be_called_as_the_function_is(name):
    """They have its parameters, say what is wrong with them and where it was seen, and are named after it."""
    parameters = list(inspect.signature(vocabulary()[name]).parameters)
    for known in (*mistakes(), *variants()):
        if known.of == name:
            assert list(inspect.signature(known.function).parameters) == parameters, known.name
            assert known.sentence, known.name
            assert known.seen, known.name
            assert known.name.startswith(name), known.name


def test_laws_and_oracles_do_not_use_the_reference():
    """A law takes functions as arguments; of `reference` it may import only the types that they exchange."""
    root = Path(properties.__path__[0])
    paths = [*root.glob("*.py"), *(path for domain in domains() for path in (root / domain).glob("test_*.py"))]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(module.split(".")[0] == "reference" for module in modules):
                names = [alias.name for alias in node.names]
                types = [name for name in names if inspect.isclass(getattr(sys.modules[modules[0]], name, None))]
                assert types == names, f"{path.name} imports {names} from {modules[0]}"


def test_errors_name_the_value():
    """Every ValueError of the reference says what it got."""
    for path in Path(reference.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                message = node.exc.args[0]
                values = [part for part in ast.walk(message) if isinstance(part, ast.FormattedValue)]
                assert values, f"{path.name}:{node.lineno} does not name the value"


@pytest.mark.parametrize("name", sorted({function.__module__ for function in vocabulary().values()}))
def test_worked_examples_hold(name):
    """The examples in the docstrings print what they say."""
    assert doctest.testmod(sys.modules[name]).failed == 0


def test_catalogue_and_code_name_each_other():
    """Every answered row names just the functions, claims and mistakes that name it, and no mention lacks a row."""
    named = mentions()
    assert not set(named) - set(catalogue())
    for row in catalogue().values():
        by_code = tuple(sorted(named.get(row.id, ())))
        wanted = {by_code} if by_code else {(PLANNED,), (BY_READING,)}
        assert row.answered_by in wanted, f"{row.id} should be answered by {' or '.join(map(' '.join, wanted))}"


def test_every_erratum_has_a_verdict():
    """A statement that is wrong is refuted by a claim or a mistake, or, being about words, corrected by reading."""
    read = [row.id for row in catalogue().values() if row.answered_by == (BY_READING,)]
    assert all(row.startswith("E") for row in read)
    table = errata_table().splitlines()[2:]
    assert len(table) == sum(row.startswith("E") for row in catalogue())
    assert not [line for line in table if line.endswith("| open |")]


def test_catalogue_is_well_formed():
    """Ids are unique, and rows say one thing, where it comes from, and in which domain it belongs."""
    rows = catalogue().values()
    assert len({row.statement for row in rows}) == len(rows)
    assert all(row.statement.isascii() and row.statement.endswith(".") and row.source and row.domain for row in rows)


def test_claims_are_found():
    """Claims carry the ids that they settle."""
    assert claims()
