"""A report is checked line by line, survives an interruption, and becomes a page."""

import json

import pytest

from properties.harness.cli import main
from properties.harness.report import page, read

LAW = "test_gaussian_posterior_equals_product_of_gaussians"
HEADER = {
    "type": "header",
    "assay": "0.1.0",
    "started": "2026-01-01T00:00:00+00:00",
    "subject": "theirs",
    "versions": {"torch": "2.13.0"},
    "arrays": "torch",
    "dtype": "float64",
    "device": "cpu",
    "profile": "default",
    "seed": "fixed",
    "offered": ["gaussian_posterior"],
    "apply": 1,
    "not_offered": [],
}
CASE = {
    "type": "case",
    "law": LAW,
    "case": "",
    "functions": ["gaussian_posterior"],
    "statement": "Precisions add.",
    "seconds": 0.25,
    "outcome": "failed",
    "page": "OBSERVED\n    1 < 2 & 3",
    "looks_like": ["the variance is beta_t"],
    "reason": "",
}
FOOTER = {"type": "footer", "ran": 1, "failed": 1, "stale": []}


def write(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_finished_report_is_read_and_rendered(tmp_path):
    path = write(tmp_path / "r.jsonl", HEADER, CASE, FOOTER)
    assert read(path).footer == FOOTER
    text = page(path)
    assert "1 &lt; 2 &amp; 3" in text
    assert "looks like: the variance is beta_t" in text
    assert "did not finish" not in text


def test_interrupted_report_keeps_what_it_found_and_says_so(tmp_path):
    path = write(tmp_path / "r.jsonl", HEADER, CASE)
    assert read(path).footer is None
    assert main(["html", str(path)]) == 0
    assert "The run did not finish." in path.with_suffix(".html").read_text()


@pytest.mark.parametrize("line", [{**CASE, "outcome": "fine"}, {"type": "case"}, {**CASE, "extra": 1}])
def test_line_outside_the_schema_is_refused(tmp_path, line):
    with pytest.raises(ValueError, match=r"r.jsonl:2 is not a line of a report"):
        read(write(tmp_path / "r.jsonl", HEADER, line))


def test_diff_and_matrix_name_what_changed(tmp_path, capsys):
    before = write(tmp_path / "a.jsonl", HEADER, CASE, FOOTER)
    after = write(tmp_path / "b.jsonl", HEADER, {**CASE, "outcome": "passed"}, FOOTER)
    assert main(["diff", str(before), str(after)]) == 1
    assert f"failed       -> passed       {LAW}" in capsys.readouterr().out
    assert main(["matrix", str(before), str(after)]) == 0
    assert f"| {LAW.removeprefix('test_')} | failed | passed |" in capsys.readouterr().out


def test_commands_name_a_file_that_is_no_report(tmp_path, capsys):
    assert main(["html", str(tmp_path / "missing.jsonl")]) == 2
    assert "missing.jsonl" in capsys.readouterr().err
