"""A law that wants a refusal takes only a deliberate one."""

import pytest

from properties.harness.contracts import Breach
from properties.rejection import assert_rejects, assert_rejects_index


def raising(exception):
    def function(value):
        raise exception

    return function


@pytest.mark.parametrize("refusal", [ValueError("3"), AssertionError(), RuntimeError()])
def test_deliberate_errors_are_refusals(refusal):
    assert_rejects(raising(refusal), 3)
    assert_rejects_index(raising(refusal), 3)


def test_index_error_is_a_refusal_of_lookups_only():
    assert_rejects_index(raising(IndexError()), 3)
    with pytest.raises(IndexError):
        assert_rejects(raising(IndexError()), 3)


@pytest.mark.parametrize("exception", [NotImplementedError("no argument"), Breach("returns its input"), TypeError()])
@pytest.mark.parametrize("rejects", [assert_rejects, assert_rejects_index])
def test_other_errors_are_passed_on(rejects, exception):
    with pytest.raises(type(exception)):
        rejects(raising(exception), 3)


@pytest.mark.parametrize("rejects", [assert_rejects, assert_rejects_index])
def test_a_result_is_no_refusal(rejects):
    with pytest.raises(pytest.fail.Exception, match="accepted 3 and returned 4"):
        rejects(lambda value: value + 1, 3)
