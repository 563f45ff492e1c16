"""A whole run of pytest on an adapter, in a folder that is somebody else's repository."""

import re

from properties.harness.cli import main
from properties.harness.tests.adapters import GOOD, judge, records, write_adapter
from properties.harness.vocabulary import vocabulary

ADAPTER = (
    GOOD
    + """
import os, time, warnings

def gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s):
    warnings.warn("this is slow", RuntimeWarning)
    return _right(x_t, x_0, alpha_bar_t, alpha_bar_s)

def sample_gaussian(mean, log_variance, noise):
    return mean + log_variance.exp() * noise

def score_from_epsilon(epsilon, alpha_bar_t):
    return 0 * alpha_bar_t - epsilon

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
function = "score_from_epsilon"
reason = "is not divided by the standard deviation"

[[expected]]
function = "gaussian_posterior"
reason = "none"
"""


def test_run_judges_everything_and_leaves_other_tests_alone(tmp_path):
    adapter = write_adapter(tmp_path, ADAPTER)
    (tmp_path / "expected.toml").write_text(EXPECTED)
    (tmp_path / "test_theirs.py").write_text("def test_theirs():\n    assert True\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    report = tmp_path / "out.jsonl"
    arguments = ("--subject", str(adapter), "--report", str(report), "--law-timeout", "5", "-v")
    run = judge(tmp_path, "properties.diffusion", "test_theirs.py", *arguments)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "test_theirs PASSED" in run.stdout

    cases = records(report, "case")
    outcomes = {name: {case["outcome"] for case in cases if name in case["functions"]} for name in vocabulary()}
    pages = {name: case["page"] for case in cases for name in case["functions"]}
    assert outcomes["gaussian_posterior"] == {"passed"}
    assert outcomes["score_from_epsilon"] == {"expected"}
    assert outcomes["sample_gaussian"] == outcomes["learned_range_log_variance"] == {"failed"}
    assert outcomes["normal_kl"] == outcomes["simple_loss"] == {"broken"}
    assert "did not return within 5 s" in pages["learned_range_log_variance"]
    assert "exit status 0" in pages["normal_kl"]
    assert "cannot be called" in pages["simple_loss"]

    titles = re.findall(r"^([A-Z][A-Z ]+[A-Z])(?:$|:)", pages["sample_gaussian"], re.MULTILINE)
    assert titles[:6] == ["LAW", "SMALLEST FAILING INPUT", "REPRODUCE", "OBSERVED", "EXPECTED", "ERROR"]
    assert titles[-2:] == ["LOOKS LIKE", "SOURCE"]
    assert "looks like: noise scaled by the variance instead of the standard deviation" in run.stdout
    assert re.search(
        r"VERDICT on my_adapter: \d+ laws apply, \d+ ran, \d+ not offered: \d+ obeyed, 2 broken", run.stdout
    )
    assert "function = 'gaussian_posterior' no longer fails" in run.stdout

    assert len(records(report, "footer")) == 1
    assert "did not finish" not in report.with_suffix(".html").read_text()
    assert main(["diff", str(report), str(report)]) == 0
