"""Laws of `reference.diffusion.fid`."""

import scipy.linalg
import torch
from hypothesis import given

from properties.closeness import assert_close
from properties.strategies import covariances, dyadics, normals

# A rotation of four dimensions whose entries are exact in every floating format.
ROTATION = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [-1, 1, 1, -1]], dtype=torch.float64) / 2


def magnitude(mean_1, covariance_1, mean_2, covariance_2):
    """Largest term of the distance, for covariances that are not singular.

    By the theorem of Bauer and Fike a rounding moves an eigenvalue of S_1 S_2 by at most |S_1| |S_2| sqrt(cond S_1)
    roundings, hence its root by that over the root.
    """
    low, high = torch.linalg.eigvalsh(torch.stack([covariance_1, covariance_2])).aminmax(dim=1)
    of_roots = len(mean_1) * high.prod() * (high[0] / low[0]).sqrt() / low.prod().sqrt()
    return (mean_1.abs() + mean_2.abs()).square().sum() + (covariance_1 + covariance_2).trace() + of_roots


@given(mean_1=normals(3), covariance_1=covariances(3), mean_2=normals(3), covariance_2=covariances(3))
def test_frechet_distance_equals_matrix_square_root(frechet_distance, mean_1, covariance_1, mean_2, covariance_2):
    """It is |m_1 - m_2|^2 + tr S_1 + tr S_2 - 2 tr (S_1 S_2)^(1/2), the root by Schur's triangular form."""
    root = torch.as_tensor(scipy.linalg.sqrtm((covariance_1 @ covariance_2).numpy()).real)
    expected = (mean_1 - mean_2).square().sum() + (covariance_1 + covariance_2 - 2 * root).trace()
    moments = mean_1, covariance_1, mean_2, covariance_2
    assert_close(frechet_distance(*moments), expected, magnitude(*moments))


@given(mean=normals(3), covariance=covariances(3), stretch=covariances(3), shift=normals(3))
def test_frechet_distance_equals_cost_of_transport(frechet_distance, mean, covariance, stretch, shift):
    """A symmetric positive map T carries N(m, S) to N(m + b, T S T) at the least cost, |b|^2 + tr (T - 1) S (T - 1)."""
    excess = stretch - torch.eye(3, dtype=torch.float64)
    moments = mean, covariance, mean + shift, stretch @ covariance @ stretch
    expected = shift.square().sum() + (excess @ covariance @ excess).trace()
    assert_close(frechet_distance(*moments), expected, magnitude(*moments))


@given(difference=normals(4), std_1=dyadics(4, 64, 4, grid=16), std_2=dyadics(4, 64, 4, grid=16))
def test_frechet_distance_adds_up_along_common_axes(frechet_distance, difference, std_1, std_2):
    """Covariances with the same axes, however these are turned, lie (s_1 - s_2)^2 apart along each of them."""
    covariance_1, covariance_2 = (ROTATION @ std.square().diag() @ ROTATION.T for std in (std_1, std_2))
    moments = torch.zeros_like(difference), covariance_1, difference, covariance_2
    expected = (difference.square() + (std_1 - std_2).square()).sum()
    assert_close(frechet_distance(*moments), expected, magnitude(*moments))


@given(mean_1=normals(1), std_1=dyadics(0, 4096, 1), mean_2=normals(1), std_2=dyadics(0, 4096, 1))
def test_frechet_distance_reduces_to_distance_of_moments_in_one_dimension(
    frechet_distance, mean_1, std_1, mean_2, std_2
):
    """Of one feature it is (m_1 - m_2)^2 + (s_1 - s_2)^2, also where it does not vary at all."""
    distance = frechet_distance(mean_1, std_1.square()[:, None], mean_2, std_2.square()[:, None])
    expected = (mean_1 - mean_2).square() + (std_1 - std_2).square()
    assert_close(distance, expected[0], (mean_1.square() + mean_2.square() + std_1.square() + std_2.square())[0])


@given(mean_1=normals(4), covariance_1=covariances(4), mean_2=normals(4), covariance_2=covariances(4))
def test_frechet_distance_is_invariant_to_rigid_motion(frechet_distance, mean_1, covariance_1, mean_2, covariance_2):
    """Turned, moved and exchanged sets are as far apart; about one centre they are |m_1 - m_2|^2 closer."""
    turned_1, turned_2 = (ROTATION @ covariance @ ROTATION.T for covariance in (covariance_1, covariance_2))
    moved = frechet_distance(ROTATION @ mean_2 + 1, turned_2, ROTATION @ mean_1 + 1, turned_1)
    centred = frechet_distance(mean_1, covariance_1, mean_1, covariance_2)
    size = magnitude(mean_1.abs() + 1, covariance_1, mean_2.abs() + 1, covariance_2)
    size = size + magnitude(mean_2, covariance_2, mean_1, covariance_1)
    assert_close(moved - centred, (mean_1 - mean_2).square().sum(), size)


@given(mean=normals(3), direction=dyadics(-32, 32, 3, grid=16), other_mean=normals(3), covariance=covariances(3))
def test_frechet_distance_equals_that_of_a_line(frechet_distance, mean, direction, other_mean, covariance):
    """A set on a line along u, or a point at u = 0, is |m_1 - m_2|^2 + |u|^2 + tr S - 2 sqrt(u^T S u) away.

    The zero eigenvalues of u u^T S are only as small as a rounding, and their roots as the root of one.
    """
    distance = frechet_distance(mean, direction.outer(direction), other_mean, covariance)
    length, reach = direction.square().sum(), (direction @ covariance @ direction).sqrt()
    expected = (mean - other_mean).square().sum() + length + covariance.trace() - 2 * reach
    largest = (length * torch.linalg.matrix_norm(covariance, 2) * torch.linalg.cond(covariance).sqrt()).sqrt()
    size = (mean.abs() + other_mean.abs()).square().sum() + length + covariance.trace()
    size = size + 3 * largest / torch.finfo(distance.dtype).eps ** 0.5
    assert_close(distance, expected, size)
    assert_close(frechet_distance(other_mean, covariance, mean, direction.outer(direction)), expected, size)


@given(mean=normals(3), covariance=covariances(3), noise=covariances(3))
def test_frechet_distance_grows_with_noise_from_zero(frechet_distance, mean, covariance, noise):
    """A set is at distance 0 from itself, and the more noise is added to it, the further it moves away."""
    same, near, far = (frechet_distance(mean, covariance, mean, covariance + times * noise) for times in (0, 1, 4))
    assert_close(same, 0, magnitude(mean, covariance, mean, covariance))
    assert same < near < far
