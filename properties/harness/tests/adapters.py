"""Builds adapters for the tests of the harness, and runs the laws on them as a user would."""

import json
import os
import subprocess
import sys
from pathlib import Path

GOOD = """
from reference.diffusion.posteriors import gaussian_posterior as _right

def gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s):
    return _right(x_t, x_0, alpha_bar_t, alpha_bar_s)
"""


def write_adapter(folder: Path, source: str, name: str = "my_adapter") -> Path:
    path = folder / f"{name}.py"
    path.write_text(source)
    return path


def judge(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest in the folder, as somebody does who has installed Assay."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pyargs", *arguments]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def records(report: Path, kind: str) -> list[dict]:
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    return [line for line in lines if line["type"] == kind]
