"""An adapter that cannot be used is refused with a message that says what to change."""

import pytest

from properties.harness.expected import load_expected, stale
from properties.harness.smoke import broken_functions
from properties.harness.subjects import SubjectError, load_subject, shipped_subjects
from properties.harness.tests.adapters import GOOD, write_adapter

LAW = "test_gaussian_posterior_equals_product_of_gaussians"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import no_such_library", "No module named 'no_such_library'"),
        ("raise SystemExit(1)", "SystemExit"),
        ("def gausian_posterior(x_t): ...", "did you mean gaussian_posterior"),
        ("def _helper(): ...", "nothing to judge"),
        ('ARRAYS = "cupy"' + GOOD, "ARRAYS"),
        ('DTYPE = "int64"' + GOOD, "DTYPE"),
    ],
)
def test_unusable_adapter_is_refused(tmp_path, source, words):
    with pytest.raises(SubjectError, match=words):
        load_subject(str(write_adapter(tmp_path, source, "unusable")), "cpu")


def test_missing_subject_names_the_shipped_ones():
    assert "diffusers" in shipped_subjects()
    with pytest.raises(SubjectError, match=", ".join(shipped_subjects())):
        load_subject("no_such_subject", "cpu")


@pytest.mark.parametrize("before", ["", "import warnings; warnings.warn('it is old', DeprecationWarning)"])
def test_good_adapter_offers_what_it_defines(tmp_path, before):
    assert set(load_subject(str(write_adapter(tmp_path, before + GOOD)), "cpu").functions) == {"gaussian_posterior"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (f'law = "{LAW}"', "reason"),
        (f'law = "{LAW}"\nreason = " "', "needs a reason"),
        ('reason = "because"', "either a law or a function"),
        ('law = "test_nothing"\nreason = "because"', "no law that applies"),
        ('function = "q_sample"\nreason = "because"', "not offered"),
        (f'law = "{LAW}"\nreason = "because"\nnote = "x"', "note"),
    ],
)
def test_wrong_expectation_is_refused(tmp_path, entry, words):
    path = tmp_path / "expected.toml"
    path.write_text(f"[[expected]]\n{entry}\n")
    with pytest.raises(SubjectError, match=words):
        load_expected(path, ["gaussian_posterior"])


def test_expectation_that_no_longer_fails_is_stale(tmp_path):
    path = tmp_path / "expected.toml"
    path.write_text(f'[[expected]]\nlaw = "{LAW}"\nreason = "because"\n')
    entries = load_expected(path, ["gaussian_posterior"])
    assert stale(entries, {(LAW, ""): "passed"}) == list(entries)
    assert stale(entries, {(LAW, ""): "broken"}) == []
    assert stale(entries, {(LAW, ""): "expected"}) == []
    assert stale(entries, {}) == []


def test_adapter_that_cannot_express_its_example_is_not_broken(tmp_path):
    source = 'def snr(alpha_bar): raise NotImplementedError("no tables")'
    assert broken_functions(load_subject(str(write_adapter(tmp_path, source)), "cpu"), None) == {}
