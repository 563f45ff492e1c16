"""What a run is worth in the end."""

import pytest

from properties.harness.plugin import exit_status


@pytest.mark.parametrize(
    ("before", "stale", "nothing_ran", "after"),
    [
        (0, False, False, 0),
        (0, True, False, 1),
        (0, False, True, 5),
        (1, True, False, 1),
        (2, True, True, 2),
    ],
)
def test_passed_run_fails_if_an_expectation_is_stale_or_no_law_ran(before, stale, nothing_ran, after):
    assert exit_status(before, stale, nothing_ran) == after
