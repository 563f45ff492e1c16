"""A tolerance is a number of roundings, and NaN is never close."""

import pytest
import torch

from properties.closeness import (
    Mismatch,
    assert_at_most,
    assert_close,
    assert_equal,
    assert_identical,
    assert_identical_everywhere,
)

ONE = torch.ones(3, dtype=torch.float64)
EPS = torch.finfo(torch.float64).eps


def test_within_tolerance_passes():
    assert_close(ONE * (1 + 15 * EPS), ONE, roundings=16)


def test_beyond_tolerance_counts_tolerances():
    with pytest.raises(Mismatch) as caught:
        assert_close(ONE * (1 + 64 * EPS), ONE, roundings=16)
    assert caught.value.error == pytest.approx(4)


def test_eps_follows_the_observed_dtype():
    assert_close(ONE.float() * (1 + 8 * torch.finfo(torch.float32).eps), ONE)


def test_numbers_of_python_count_as_float64():
    assert_close([0.1, 0.2], [0.1 * (1 + 8 * EPS), 0.2])
    assert_at_most(0.1, 0.1 * (1 - 8 * EPS))
    with pytest.raises(Mismatch):
        assert_close(0.1, 0.1 * (1 + 64 * EPS))


def test_magnitude_stands_in_for_a_small_expected_value():
    assert_close(torch.tensor([1e-16], dtype=torch.float64), 0.0, magnitude=1.0)
    with pytest.raises(Mismatch):
        assert_close(torch.tensor([1e-16], dtype=torch.float64), 0.0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_nan_and_lone_infinity_are_not_close(bad):
    with pytest.raises(Mismatch):
        assert_close(torch.tensor([bad], dtype=torch.float64), 1.0, magnitude=1e300)


def test_expected_nan_is_not_close():
    with pytest.raises(Mismatch):
        assert_close(torch.tensor([float("nan")], dtype=torch.float64), float("nan"))


def test_equal_infinities_are_close():
    assert_close(torch.tensor([-float("inf")], dtype=torch.float64), -float("inf"))


def test_wrong_shape_does_not_broadcast_silently():
    with pytest.raises(RuntimeError):
        assert_close(ONE, torch.ones(2, 3))


def test_equality_is_exact():
    assert_equal(ONE, torch.ones(3))
    with pytest.raises(Mismatch):
        assert_equal(ONE * (1 + EPS), ONE)
    with pytest.raises(Mismatch):
        assert_equal((0, 1), (0, 2))


def test_bound_allows_roundings_only():
    assert_at_most(ONE * (1 + EPS), 1.0)
    with pytest.raises(Mismatch):
        assert_at_most(ONE * (1 + 1e-9), 1.0)
    with pytest.raises(Mismatch):
        assert_at_most(ONE * float("nan"), 1.0)


def test_identity_tells_zeros_apart_and_takes_nan_for_nan():
    assert_identical(ONE * float("nan"), -ONE * float("nan"))
    with pytest.raises(Mismatch):
        assert_identical(0 * ONE, -0.0 * ONE)
    with pytest.raises(Mismatch):
        assert_identical(ONE, torch.ones(2))


def test_identity_everywhere_rounds_inputs_as_the_result_and_shows_seven():
    x = 1 + torch.arange(1, 40, dtype=torch.float64) * 2.0**-30
    assert_identical_everywhere(lambda given: given.float(), x, lambda given: given)
    with pytest.raises(Mismatch) as failure:
        assert_identical_everywhere(lambda given: given * 2, x, lambda given: given + 1)
    assert failure.value.observed.tolist() == (2 * x[:7]).tolist()
