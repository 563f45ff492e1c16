"""Whole runs of pytest on adapters, in a folder that is somebody else's repository."""

import re

from properties.harness.cli import main
from properties.harness.tests.adapters import GOOD, judge, records, write_adapter
from properties.harness.vocabulary import vocabulary

WRONG = (
    GOOD
    + """
from reference.diffusion.posteriors import sample_gaussian as _sample
import torch

def sample_gaussian(mean, log_variance, noise):
    return mean + torch.exp(log_variance) * noise
"""
)

MISBEHAVING = (
    WRONG
    + """
import os, time

def learned_range_log_variance(interpolation, log_beta_t, log_posterior_variance_t):
    if interpolation.min() == interpolation.max():
        time.sleep(3600)
    return interpolation * (log_beta_t - log_posterior_variance_t)

def normal_kl(mean_1, log_variance_1, mean_2, log_variance_2):
    os._exit(0)

def simple_loss(prediction):
    return prediction
"""
)

EXPECTED = """
[[expected]]
function = "sample_gaussian"
reason = "takes a variance"

[[expected]]
function = "gaussian_posterior"
reason = "none"
"""


def test_wrong_subject_gets_a_page_and_other_tests_are_left_alone(tmp_path):
    adapter = write_adapter(tmp_path, WRONG)
    (tmp_path / "test_theirs.py").write_text("def test_theirs():\n    assert True\n")
    report = tmp_path / "out.jsonl"
    run = judge(
        tmp_path, "properties.diffusion", "test_theirs.py", "--subject", str(adapter), "--report", str(report), "-v"
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "test_theirs PASSED" in run.stdout
    titles = re.findall(r"^([A-Z][A-Z ]+[A-Z])(?:$|:)", run.stdout, re.MULTILINE)
    assert titles[:6] == ["LAW", "SMALLEST FAILING INPUT", "REPRODUCE", "OBSERVED", "EXPECTED", "ERROR"]
    assert titles[-2:] == ["LOOKS LIKE", "SOURCE"]
    assert "looks like: noise scaled by the variance instead of the standard deviation" in run.stdout
    denominator = r"VERDICT on my_adapter: \d+ laws apply, \d+ ran, \d+ not offered: \d+ obeyed, 1 broken law"
    assert re.search(denominator, run.stdout)
    assert len(records(report, "footer")) == 1
    assert "did not finish" not in report.with_suffix(".html").read_text()
    assert main(["diff", str(report), str(report)]) == 0


def test_misbehaving_subject_stops_nothing_and_expectations_are_strict(tmp_path):
    adapter = write_adapter(tmp_path, MISBEHAVING)
    (tmp_path / "expected.toml").write_text(EXPECTED)
    report = tmp_path / "out.jsonl"
    arguments = ("--subject", str(adapter), "--report", str(report), "--law-timeout", "6", "-n", "1")
    run = judge(tmp_path, "properties.diffusion", *arguments)
    assert run.returncode == 1, run.stdout + run.stderr
    assert len(records(report, "footer")) == 1
    cases = records(report, "case")
    outcomes = {name: {case["outcome"] for case in cases if name in case["functions"]} for name in vocabulary()}
    pages = {name: case["page"] for case in cases for name in case["functions"]}
    assert outcomes["sample_gaussian"] == {"expected"}
    assert "function = 'gaussian_posterior' no longer fails" in run.stdout
    assert outcomes["learned_range_log_variance"] == {"failed"}
    assert "did not return within 6 s" in pages["learned_range_log_variance"]
    assert outcomes["normal_kl"] == outcomes["simple_loss"] == {"broken"}
    assert "exit status 0" in pages["normal_kl"]
    assert "cannot be called" in pages["simple_loss"]
