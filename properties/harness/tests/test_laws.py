"""A law draws the same inputs at every run of a fixed profile, and its first failing example is verdict enough."""

import torch

from properties.closeness import assert_equal
from properties.harness.laws import DEFAULT, QUICK, laws
from properties.harness.vocabulary import vocabulary

LAW = laws()["test_sample_gaussian_equals_shift_by_standard_deviation"]
right = vocabulary()["sample_gaussian"]


def spy(calls, function):
    def called(mean, log_variance, noise):
        calls.append(noise)
        return function(mean, log_variance, noise)

    return {"sample_gaussian": called}


def test_fixed_profile_draws_the_same_inputs():
    first, second = [], []
    for calls in (first, second):
        LAW.run(spy(calls, right))
    assert len(first) == QUICK.max_examples * len(LAW.cases)
    assert_equal(torch.stack(first), torch.stack(second))


def test_law_does_not_keep_the_profile_of_a_run():
    before = dict(vars(LAW.test))
    LAW.run({}, DEFAULT)
    assert vars(LAW.test) == before


def test_first_failing_example_decides():
    calls = []
    assert LAW.catches(spy(calls, lambda mean, log_variance, noise: mean + 7))
    assert len(calls) == 1
    assert not LAW.catches({})
