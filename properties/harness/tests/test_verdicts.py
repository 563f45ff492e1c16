"""Whatever a function does instead of its work, no law of it passes, and the page says what was seen."""

import os
import time

import pytest
import torch
from hypothesis import settings

from properties.harness import trial
from properties.harness.contracts import Conventions, under_contract
from properties.harness.laws import DEFAULT, QUICK, Law, laws
from properties.harness.subjects import Subject
from properties.harness.verdicts import Verdict, judge, judge_isolated
from properties.harness.vocabulary import vocabulary
from properties.mistakes import mistakes

right = vocabulary()["q_mean_variance"]


def zeros(x_0, alpha_bar_t):
    return torch.zeros_like(x_0), torch.zeros_like(alpha_bar_t)


def inputs(x_0, alpha_bar_t):
    return x_0, alpha_bar_t


def nan(x_0, alpha_bar_t):
    return torch.full_like(x_0, torch.nan), torch.full_like(alpha_bar_t, torch.nan)


def constant(x_0, alpha_bar_t):
    return torch.full_like(x_0, 0.5), torch.full_like(alpha_bar_t, 0.5)


def float32(x_0, alpha_bar_t):
    return tuple(result.float() for result in right(x_0, alpha_bar_t))


def raises(x_0, alpha_bar_t):
    return x_0.no_such_method()


def asks_to_exit(x_0, alpha_bar_t):
    raise SystemExit(0)


def exits(x_0, alpha_bar_t):
    os._exit(0)


def hangs(x_0, alpha_bar_t):
    time.sleep(3600)


def verdicts(function, limit=None, profile=QUICK):
    """The verdict of every law of q_mean_variance on the function."""
    subject = Subject("theirs", "theirs.py", {"q_mean_variance": function}, Conventions(), "theirs", {}, None)
    for law in laws().values():
        if "q_mean_variance" in law.functions:
            yield _verdict(law, subject, limit, profile)


def _verdict(law: Law, subject: Subject, limit: float | None, profile: settings) -> Verdict:
    arguments = {name: vocabulary()[name] for name in law.functions}
    arguments["q_mean_variance"] = under_contract(
        "q_mean_variance", subject.functions["q_mean_variance"], subject.conventions
    )
    if limit:
        return judge_isolated(law, "", arguments, profile, subject, limit)
    return judge(law, "", arguments, profile, subject)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (zeros, "tolerances"),
        (inputs, "view of its input"),
        (nan, "not a number, or infinite on one side only"),
        (constant, "tolerances"),
        (float32, "returned torch.float32"),
        (raises, "AttributeError"),
        (asks_to_exit, "tried to end the process"),
    ],
)
def test_misbehaviour_passes_no_law(function, words):
    for verdict in verdicts(function):
        assert verdict.outcome == "failed"
        assert words in verdict.page


@pytest.mark.parametrize(
    ("function", "limit", "words"), [(exits, 60.0, "exit status 0"), (hangs, 0.5, "did not return within 0.5 s")]
)
def test_misbehaviour_of_the_process_passes_no_law(function, limit, words):
    for verdict in verdicts(function, limit):
        assert verdict.outcome == "failed"
        assert words in verdict.page


def test_right_function_passes_every_law():
    assert {verdict.outcome for verdict in verdicts(right, limit=60.0)} == {"passed"}


def test_cause_is_named_only_if_it_fits_a_plain_example_too():
    """On the smallest failing input, which is mostly zeros, many mistakes give the same answer."""
    known = next(each for each in mistakes() if each.name == "q_mean_variance_with_standard_deviation")
    assert all(verdict.looks_like == [f"{known.sentence} ({known.seen})"] for verdict in verdicts(known.function))
    assert not any(verdict.looks_like for verdict in verdicts(zeros))


def test_what_an_adapter_cannot_express_is_skipped_at_once():
    calls = []

    def partial(x_0, alpha_bar_t):
        calls.append(x_0)
        raise NotImplementedError("only for images")

    found = [(verdict.outcome, verdict.reason) for verdict in verdicts(partial)]
    assert set(found) == {("skipped", "only for images")}
    assert len(calls) == len(found)


def test_what_cannot_be_expressed_does_not_hide_a_failure():
    def wrong_but_for_small(x_0, alpha_bar_t):
        size = x_0.abs().max()
        if 0 < size < 1:
            raise NotImplementedError("only for large images")
        mean, variance = right(x_0, alpha_bar_t)
        return mean + (size >= 1), variance

    assert "failed" in {verdict.outcome for verdict in verdicts(wrong_but_for_small, profile=DEFAULT)}


def test_page_says_where_the_subject_raised_and_on_what():
    found = list(verdicts(raises, profile=DEFAULT))
    assert found
    for verdict in found:
        call, trace = verdict.page.split("REPRODUCE")[1].split("TRACEBACK")
        assert "print(q_mean_variance(x_0=torch.tensor(" in call
        assert "in raises\n" in trace
        assert "Falsifying example" not in trace


def test_slow_shrinking_ends_with_the_smallest_example_so_far(monkeypatch):
    monkeypatch.setattr(trial, "SHRINK_SECONDS", 0.2)

    def slow_and_wrong(x_0, alpha_bar_t):
        time.sleep(0.02)
        return nan(x_0, alpha_bar_t)

    began = time.monotonic()
    found = list(verdicts(slow_and_wrong, profile=DEFAULT))
    assert time.monotonic() - began < 2 * len(found)
    assert {verdict.outcome for verdict in found} == {"failed"}
    assert all("SMALLEST FAILING INPUT" in verdict.page for verdict in found)
