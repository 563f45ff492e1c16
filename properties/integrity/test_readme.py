"""The README says what the code does: its coverage table is the generated one, and CI runs its test command."""

import importlib
from pathlib import Path

import pytest

import properties
from properties.harness.cli import coverage_table

ROOT = Path(properties.__path__[0]).parent
pytestmark = pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="an installed package has no README")


def test_coverage_table_is_current():
    assert coverage_table() in (ROOT / "README.md").read_text()


def test_table_of_core_loops_is_current():
    """It is made of the results that are saved in the repository."""
    pytest.importorskip("asv", reason="asv reads its results")
    table = importlib.import_module("benchmarks.table")
    assert f"{table.BEGIN}\n{table.table()}\n{table.END}" in (ROOT / "README.md").read_text()


def test_continuous_integration_runs_the_test_command():
    commands = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("python3 -m venv")]
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text()
