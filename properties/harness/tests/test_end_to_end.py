"""Whole runs of pytest on adapters, in a folder that is somebody else's repository."""

import re

from properties.harness.cli import main
from properties.harness.tests.adapters import GOOD, judge, records, write_adapter

WRONG = (
    GOOD
    + """
from reference.diffusion.posteriors import sample_gaussian as _sample
import torch

def sample_gaussian(mean, log_variance, noise):
    return mean + torch.exp(log_variance) * noise
"""
)

MISBEHAVING = """
import os, time
import torch

def q_sample(x_0, noise, alpha_bar_t):
    return torch.zeros_like(x_0)

def v_target(x_0, epsilon, alpha_bar_t):
    return x_0

def snr(alpha_bar):
    return torch.full_like(alpha_bar, torch.nan)

def gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s):
    return torch.full_like(x_t, 0.5), torch.full_like(alpha_bar_t, 0.5)

def x_0_from_v(x_t, v, alpha_bar_t):
    return (alpha_bar_t.sqrt() * x_t - (1 - alpha_bar_t).sqrt() * v).float()

def sample_gaussian(mean, log_variance, noise):
    if log_variance.shape != mean.shape:
        time.sleep(3600)
    return mean + torch.exp(log_variance / 2) * noise

def normal_kl(mean_1, log_variance_1, mean_2, log_variance_2):
    os._exit(0)

def log_snr(alpha_bar):
    raise SystemExit

def simple_loss(prediction):
    return prediction
"""


def test_wrong_subject_gets_a_page_and_other_tests_are_left_alone(tmp_path):
    adapter = write_adapter(tmp_path, WRONG)
    (tmp_path / "test_theirs.py").write_text("def test_theirs():\n    assert True\n")
    report = tmp_path / "out.jsonl"
    run = judge(tmp_path, "properties.diffusion", "test_theirs.py", "--subject", str(adapter), "--report", str(report), "-v")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "test_theirs PASSED" in run.stdout
    titles = re.findall(r"^([A-Z][A-Z ]+[A-Z])$", run.stdout, re.MULTILINE)
    assert titles[:3] == ["LAW", "SMALLEST FAILING INPUT", "REPRODUCE"]
    assert titles[-2:] == ["LOOKS LIKE", "SOURCE"]
    assert "looks like: noise scaled by the variance instead of the standard deviation" in run.stdout
    denominator = r"VERDICT on my_adapter: \d+ laws apply, \d+ ran, \d+ not offered: \d+ obeyed, 1 broken law"
    assert re.search(denominator, run.stdout)
    assert len(records(report, "footer")) == 1
    assert "did not finish" not in report.with_suffix(".html").read_text()
    assert main(["diff", str(report), str(report)]) == 0


def test_misbehaving_subject_passes_nothing_and_stops_nothing(tmp_path):
    adapter = write_adapter(tmp_path, MISBEHAVING)
    report = tmp_path / "out.jsonl"
    run = judge(tmp_path, "properties.diffusion", "--subject", str(adapter), "--report", str(report), "--law-timeout", "6")
    assert run.returncode == 1, run.stdout + run.stderr
    cases = records(report, "case")
    assert {case["outcome"] for case in cases} <= {"failed", "broken"}
    assert len(records(report, "footer")) == 1
    pages = {name: case["page"] for case in cases for name in case["functions"]}
    assert "did not return within 6 s" in pages["sample_gaussian"]
    assert "exit status 0" in pages["normal_kl"]
    assert "SystemExit" in pages["log_snr"]
    assert "float32" in pages["x_0_from_v"]
    assert "cannot be called" in pages["simple_loss"]


def test_expected_difference_is_excused_and_stale_entry_fails_the_run(tmp_path):
    adapter = write_adapter(tmp_path, WRONG)
    (tmp_path / "expected.toml").write_text(
        '[[expected]]\nfunction = "sample_gaussian"\nreason = "takes a variance"\n'
        '[[expected]]\nfunction = "gaussian_posterior"\nreason = "none"\n'
    )
    run = judge(tmp_path, "properties.diffusion", "--subject", str(adapter), "-n", "2")
    assert "1 expected difference" in run.stdout, run.stdout + run.stderr
    assert "failed" not in run.stdout
    assert "function = 'gaussian_posterior' no longer fails" in run.stdout
    assert run.returncode == 1
