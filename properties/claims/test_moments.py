"""Worked numbers of means, variances and determinants, and statements about them that are often met and wrong."""

import pytest
import torch

from properties.claims.test_diffusion import table
from properties.closeness import assert_close
from reference.probability.moments import covariance_matrix, determinant, expectation, moments_of

FACES = torch.arange(1, 7, dtype=torch.float64)
FAIR = torch.full((6,), 1 / 6, dtype=torch.float64)


@pytest.mark.claim("R003-056", "R003-059")
def test_moments_of_a_die():
    """A fair die has mean 7/2 and variance 35/12; as a sample they have 35/10. (0.3, 0.7) weighs (2, 5) to 4.1."""
    assert_close(expectation(FAIR, FACES), 3.5)
    assert_close(expectation(FAIR, (FACES - 3.5).square()), 35 / 12)
    faces = moments_of(FACES[:, None])
    assert_close(covariance_matrix(faces)[0, 0], 35 / 12)
    assert_close(covariance_matrix(faces, 1)[0, 0], 35 / 10)
    assert_close(expectation(table(0.3, 0.7), table(2, 5)), 4.1)


@pytest.mark.claim("R003-057")
def test_mean_of_a_function_is_not_the_function_of_the_mean():
    """E[X^2] = 91/6 exceeds (7/2)^2 for a die; for an affine function, or for a certain outcome, both are equal."""
    assert_close(expectation(FAIR, FACES.square()), 91 / 6)
    assert expectation(FAIR, FACES.square()) > 3.5**2 + 2
    assert_close(expectation(FAIR, 2 * FACES + 1), 2 * 3.5 + 1)
    assert expectation(table(1), table(3).square()) == expectation(table(1), table(3)).square()


@pytest.mark.claim("R003-061")
def test_uncorrelated_is_not_independent():
    """X uniform on {-1, 0, 1} has covariance 0 with X^2, which it determines."""
    covariance = covariance_matrix(moments_of(table(-1, 1, 0, 0, 1, 1).reshape(3, 2)))
    assert_close(covariance, [[2 / 3, 0], [0, 2 / 9]], 1)


@pytest.mark.claim("E003-017", "R003-060")
def test_determinant_is_no_factor_of_length():
    """2 I in the plane has determinant 4, the factor of areas, and doubles lengths and the elements of A B."""
    double = 2 * torch.eye(2, dtype=torch.float64)
    corners = table(0, 0, 3, 1, 1, 2).reshape(3, 2)
    assert determinant(double) == 4
    assert _area(corners @ double.T) == 4 * _area(corners)
    assert_close((corners @ double.T).norm(dim=1), 2 * corners.norm(dim=1))
    assert bool((double @ corners.T == 2 * corners.T).all())


def _area(corners):
    x, y = corners.T
    return (x * y.roll(-1) - y * x.roll(-1)).sum() / 2
