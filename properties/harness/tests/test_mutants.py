"""Mutants are made where they count, and judged as the command line reports them."""

import contextlib
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.harness.laws import Law

mutants = pytest.importorskip("properties.harness.mutants", reason="cosmic-ray is an extra of developers")

SOURCE = '''"""A module."""


def scaled(x: "float | int", *, by: float = 0.5) -> "float | int":
    """Not 1 but by."""
    if by < 0:
        raise ValueError(f"at least {0 + 0}; got {by}")
    return _helper(x, by)


def plain(x):
    return x


def indirect(x):
    return scaled(x)


def _helper(x, by):
    return x * by
'''


def after(body: str) -> set[str]:
    """The changed lines of every mutant of a function with the given body."""
    return {mutant.after for mutant in mutants.mutants(f"def f(x, n):\n    return {body}\n", "f")}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(1 - x).sqrt()", "(1 - x)"),
        ("torch.log1p(-x)", "(-x)"),
        ("math.exp(x)", "(x)"),
        ("(x + 1) ** 2", "(x + 1)"),
        ("x.square().sum()", "(x).sum()"),
        ("x.square().sum()", "x.square().mean()"),
        ("torch.maximum(x, n)", "torch.minimum(x, n)"),
        ("x.clamp(min=0, max=1)", "x.clamp(max=0, min=1)"),
        ("max(x)", "min(x)"),
        ("x[n:]", "x[(n) + 1:]"),
        ("x[n]", "x[(n) - 1]"),
        ("x[-1]", "x[- 0]"),
        ("x[:, None]", "x[None, :]"),
        ("x @ n.mT", "x @ n"),
        ("x.sum(0)", "x.sum( 1)"),
        ("x - 2 * n", "n - 2 * x"),
        ("x - n", "x + n"),
    ],
)
def test_operators_change_what_they_should(body, expected):
    assert f"return {expected}" in after(body)


def test_order_of_factors_does_not_count():
    assert "return n * x" not in after("x * n")
    assert "return (n * x) - (x * n)" not in after("(x * n) - (n * x)")
    assert "return n + x" in after("x + n")


def test_only_what_runs_counts():
    found = mutants.mutants(SOURCE, "scaled")
    changed = {(mutant.before, mutant.after) for mutant in found}
    head = 'def scaled(x: "float | int", *, by: float = 0.5) -> "float | int":'
    assert {one for one, _ in changed} == {head, "if by < 0:", "if by < 0: ; return _helper(x, by)"}
    assert (head, head.replace("0.5", "1.5")) in changed
    assert len({mutant.source for mutant in found}) == len(found) == len(changed)


def test_mutant_is_the_module_with_one_change():
    mutant = next(mutant for mutant in mutants.mutants(SOURCE, "_helper") if mutant.after == "return x + by")
    assert mutant.source == SOURCE.replace("x * by", "x + by")
    assert SOURCE.splitlines()[mutant.line - 1].strip() == mutant.before == "return x * by"


@pytest.mark.parametrize(
    ("function", "users"), [("plain", ["plain"]), ("scaled", ["scaled"]), ("_helper", ["scaled", "indirect"])]
)
def test_helpers_are_judged_through_their_public_users(function, users):
    assert mutants.public_users(SOURCE, function) == users


@pytest.mark.parametrize("body", ["raise ValueError", "while True: pass", "return undefined"])
def test_crashes_and_hangs_are_dropped(body, monkeypatch):
    monkeypatch.setattr(mutants, "EXAMPLE_SECONDS", 0.1)
    assert mutants._returning(f"def f(x):\n    {body}\n", ModuleType("m"), {"f": {"x": 1}}) is None


def test_example_is_left_alone():
    inputs = {"f": {"x": [1]}}
    assert mutants._returning("def f(x):\n    x.append(2)\n", ModuleType("m"), inputs) is not None
    assert inputs == {"f": {"x": [1]}}


def test_time_limit_gets_past_code_that_swallows_it():
    def stubborn():
        with contextlib.suppress(BaseException):
            while True:
                pass
        while True:
            pass

    with pytest.raises(mutants.OutOfTimeError), mutants.contained(0.1):
        stubborn()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_hang_in_a_law_is_no_catch(monkeypatch):
    @given(st.integers())
    def hang(sample_gaussian, number):
        while True:
            pass

    monkeypatch.setattr(mutants, "LAW_SECONDS", 0.3)
    with pytest.raises(mutants.OutOfTimeError):
        mutants._first_failure([Law("hang", hang, ("sample_gaussian",), ({},))], {})


def test_sample_gaussian_has_no_survivors_but_an_undiscerning_law_has(monkeypatch):
    outcome = mutants.judge("diffusion/posteriors", "sample_gaussian")
    assert outcome.made > outcome.returned > 10
    assert not outcome.survivors
    assert not outcome.broken
    monkeypatch.setattr(mutants, "laws", dict)
    assert len(mutants.judge("diffusion/posteriors", "sample_gaussian").survivors) == outcome.returned


def test_report_tells_survivors_from_equivalents_and_stale_entries():
    alive = [mutants.Mutant("f", line, "x * y", f"y * x + {line}", "") for line in (1, 2)]
    outcomes = [mutants.Outcome(9, 6, tuple(alive), ("test_f",)), mutants.Outcome(3, 3, ())]
    written = mutants.Equivalent("d/m", "f", "x * y", "y * x + 1", "products commute")
    stale = mutants.Equivalent("d/m", "g", "x * y", "y * x + 1", "products commute")
    elsewhere = mutants.Equivalent("d/n", "h", "x * y", "y * x + 1", "products commute")
    assert mutants.report("d/m", outcomes, [written, stale, elsewhere]) == [
        "d/m: 12 made, 9 return a value, 7 caught, 1 equivalent, 1 survive, score 87.5%",
        "  reference/d/m.py:2 f: x * y  ->  y * x + 2",
        "  stale, no such survivor: g: x * y  ->  y * x + 1",
        "  fails on the reference, so judges nothing: test_f",
    ]
    assert len(mutants.report("d/m", [mutants.Outcome(9, 6, (alive[0],))], [written])) == 1


def test_equivalents_have_reasons():
    assert all(entry.reason for entry in mutants.read_equivalents())


@pytest.mark.parametrize(
    "entry",
    [
        'module = "diffusion/posteriors"\nfunction = "f"\nbefore = "a"\nafter = "b"\nreason = " "',
        'module = "diffusion/nowhere"\nfunction = "f"\nbefore = "a"\nafter = "b"\nreason = "same"',
    ],
)
def test_equivalents_without_reason_or_module_are_refused(entry, tmp_path):
    path = tmp_path / "equivalents.toml"
    path.write_text(f"[[equivalent]]\n{entry}\n")
    with pytest.raises(ValueError, match="needs a reason"):
        mutants.read_equivalents(path)


def test_unknown_module_is_refused(capsys):
    with pytest.raises(SystemExit):
        mutants.main(["nowhere"])
    assert "nowhere is none of" in capsys.readouterr().err
