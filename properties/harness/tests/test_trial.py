"""Only a law that does not hold is a failure."""

import math

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import StopTest

from properties.harness.laws import DEFAULT
from properties.harness.trial import SHRINK_SECONDS, recording, tracked


def stops(x):
    raise StopTest(7)


def fails(x):
    raise AssertionError(x)


def test_example_that_hypothesis_gives_up_is_no_failure():
    with recording() as trial:
        with pytest.raises(StopTest):
            tracked(stops, frozenset())(x=1)
        assert trial.last is None
        assert trial.shrink_until == math.inf


def test_failure_is_noted_with_its_inputs_and_ends_the_search_in_time():
    with recording() as trial:
        with pytest.raises(AssertionError):
            tracked(fails, frozenset())(x=1)
        assert trial.last is not None
        assert trial.last.inputs == {"x": 1}
        assert trial.shrink_until < math.inf


def test_shrinking_takes_a_third_of_the_time_limit_at_most():
    with recording(limit=6.0) as trial:
        assert trial.shrink_seconds == 2.0
    with recording() as trial:
        assert trial.shrink_seconds == SHRINK_SECONDS


def test_law_that_rejects_examples_outlasts_the_time_to_shrink():
    """Examples that are given up do not start the clock: after them come others."""
    seen = []

    def law(x):
        seen.append(x % 2)
        hypothesis.assume(x % 2)

    test = given(x=st.integers(0, 9))(law)
    test.hypothesis.inner_test = tracked(test.hypothesis.inner_test, frozenset())
    with recording(limit=0.0):
        DEFAULT(test)()
    assert 1 in seen[seen.index(0) :]
