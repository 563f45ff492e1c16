"""Laws of `reference.probability.gaussian`."""

import math

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import covariances, dyadics, normals

MIX = torch.tensor([[1.0, 0.0, 0.0], [-2.0, 1.0, 0.0], [1.0, 3.0, 3.0]], dtype=torch.float64)
MAP = torch.tensor([[1.0, -0.5, 2.0], [0.25, 3.0, -1.0]], dtype=torch.float64)
FAR = torch.tensor([[6.0, -7.5, -9.0], [7.25, -6.0, 2.0]], dtype=torch.float64)
NO_COVARIANCES = [[[1, 1], [1, 1]], [[1, 2], [2, 1]], [[-1, 0], [0, 1]], [[1, 0], [0, 0]]]


def information_form(mean, covariance, matrix, noise_covariance, difference):
    """Mean and covariance of x given y = A x + b + noise, `difference` being y - b, by adding precisions."""
    prior, noise = torch.linalg.inv(covariance), torch.linalg.inv(noise_covariance)
    posterior = torch.linalg.inv(prior + matrix.T @ noise @ matrix)
    return posterior @ (prior @ mean + matrix.T @ noise @ difference), posterior


@given(x=normals(2, 5, 3), mean=normals(3), covariance=covariances(3))
def test_mahalanobis_squared_equals_squares_along_principal_axes(mahalanobis_squared, x, mean, covariance):
    """m^2 adds the squared coordinates along the eigenvectors of the covariance, each over its eigenvalue."""
    variances, axes = torch.linalg.eigh(covariance)
    expected = (((x - mean) @ axes).square() / variances).sum(-1)
    assert_close(mahalanobis_squared(x, mean, covariance), expected, expected * torch.linalg.cond(covariance))


@given(z=dyadics(-32, 32, 5, 3, grid=8), centre=dyadics(-(2**20), 2**20, 3, grid=1), exponent=st.integers(-40, 40))
def test_mahalanobis_squared_is_invariant_to_affine_maps(mahalanobis_squared, z, centre, exponent):
    """x = mean + A z is as far from the mean as z from 0, however far out the mean and however small the units."""
    unit = 2.0**exponent
    squared = mahalanobis_squared(unit * (centre + z @ MIX.T), unit * centre, unit**2 * MIX @ MIX.T)
    assert_close(squared, z.square().sum(-1), z.square().sum(-1) * torch.linalg.cond(MIX) ** 2)


@given(x=normals(2, 5, 3), mean=normals(3), covariance=covariances(3))
def test_multivariate_normal_log_density_equals_product_of_conditionals(
    multivariate_normal_log_density, x, mean, covariance
):
    """log N(x; mean, S) is that of each coordinate given those before it, added up."""
    terms = []
    for i in range(3):
        weights = torch.linalg.solve(covariance[:i, :i], covariance[:i, i])
        std = (covariance[i, i] - weights @ covariance[:i, i]).sqrt()
        terms.append(torch.as_tensor(stats.norm.logpdf(x[..., i], mean[i] + (x - mean)[..., :i] @ weights, std)))
    expected, size = torch.stack(terms).sum(0), torch.stack(terms).abs().sum(0)
    density = multivariate_normal_log_density(x, mean, covariance)
    assert_close(density, expected, 3 + size * torch.linalg.cond(covariance))


@given(z=dyadics(-64, 64, 2, 40, grid=1), mean=normals(40), exponents=dyadics(28, 40, 40, grid=1))
def test_multivariate_normal_log_density_sums_over_independent_coordinates(
    multivariate_normal_log_density, z, mean, exponents
):
    """With a diagonal covariance log densities add up, also where determinant and density are beyond every float."""
    std = 2.0**-exponents
    expected = -(z.square() / 2 + std.log() + math.log(2 * math.pi) / 2)
    density = multivariate_normal_log_density(std * (mean + z), std * mean, std.square().diag())
    assert_close(density, expected.sum(-1), expected.abs().sum(-1) + 40)


@pytest.mark.parametrize("covariance", NO_COVARIANCES)
def test_mahalanobis_squared_rejects_what_is_no_covariance(
    mahalanobis_squared, multivariate_normal_log_density, covariance
):
    """A singular or an indefinite matrix measures no distance and has no density."""
    x, wrong = torch.ones(5, 2, dtype=torch.float64), torch.tensor(covariance, dtype=torch.float64)
    assert_rejects(mahalanobis_squared, x, 0 * x[0], wrong)
    assert_rejects(multivariate_normal_log_density, x, 0 * x[0], wrong)


@given(
    ends=dyadics(-12 * 64, 12 * 64, 2, 3, grid=64),
    std=dyadics(1, 64, 2, 3, grid=16),
    mean=dyadics(-(2**10), 2**10, 2, 3, grid=1),
)
def test_normal_interval_probability_equals_difference_of_tails(normal_interval_probability, ends, std, mean):
    """P(low <= X <= high) is one tail less the other, to the last digits even where both are tiny."""
    ends = torch.stack([ends, FAR], 1)
    low, high = mean + std * ends
    expected, size = [], []
    for a, b in ends.flatten(1).T.tolist():
        tails = [mpmath.erfc(sign * z / mpmath.sqrt(2)) / 2 for z in (a, b) for sign in (1, -1)]
        expected.append(float(tails[0] - tails[2] if a + b > 0 else tails[3] - tails[1]))
        near = [min(tails[:2]), min(tails[2:])] if a * b > 0 else [1]
        size.append(float(max(near)) * (1 + min(a * a, b * b)))
    probability = normal_interval_probability(low, high, mean, std)
    assert_close(probability.flatten(), expected, size)


@given(cuts=dyadics(-64, 64, 4, grid=8), mean=dyadics(-(2**20), 2**20, 1, grid=1), std=dyadics(1, 64, 1, grid=16))
def test_normal_interval_probability_sums_to_one(normal_interval_probability, cuts, mean, std):
    """The pieces between any points from -inf to inf make 1, a piece that is walked backwards counting as negative."""
    ends = torch.cat([torch.tensor([-math.inf]), mean + cuts, torch.tensor([math.inf])])
    pieces = normal_interval_probability(ends[:-1], ends[1:], mean, std)
    assert_close(pieces.sum(), 1, len(pieces))


@given(
    mean=normals(5),
    covariance=covariances(5),
    values=normals(4),
    observed=st.permutations(range(5)),
    count=st.integers(0, 4),
)
def test_condition_gaussian_equals_block_of_precision(condition_gaussian, mean, covariance, values, observed, count):
    """The covariance given the others is the inverse of the precision's block, and precisions pull on the mean."""
    observed, values = observed[:count], values[:count]
    rest = sorted(set(range(5)) - set(observed))
    precision = torch.linalg.inv(covariance)
    block, pull = torch.linalg.inv(precision[rest][:, rest]), precision[rest][:, observed]
    conditional, spread = condition_gaussian(mean, covariance, observed, values)
    condition, size = torch.linalg.cond(covariance), (values - mean[observed]).abs().sum()
    assert_close(
        conditional, mean[rest] - block @ pull @ (values - mean[observed]), mean[rest].abs() + condition * size
    )
    assert_close(spread, block, condition * covariance.abs().max())


@given(mean=normals(5), covariance=covariances(5), values=normals(2))
def test_condition_gaussian_composes(condition_gaussian, mean, covariance, values):
    """Observing coordinate 3 and then coordinate 1 is observing both; without any the Gaussian stays as it is."""
    same, full = condition_gaussian(mean, covariance, [], values[:0])
    assert_equal(same, mean)
    assert_equal(full, covariance)
    first = condition_gaussian(mean, covariance, [3], values[:1])
    stepwise, narrowed = condition_gaussian(*first, [1], values[1:])
    at_once, spread = condition_gaussian(mean, covariance, [3, 1], values)
    condition, size = torch.linalg.cond(covariance), mean.abs().max() + values.abs().max()
    assert_close(stepwise, at_once, condition * size)
    assert_close(narrowed, spread, condition * covariance.abs().max())


@pytest.mark.parametrize(
    ("observed", "count"), [([1, 1], 2), ([3], 1), ([-1], 1), ([0, 2], 1), ([0], 2), ([], 1), ([1, 2], 2)]
)
def test_condition_gaussian_rejects_what_cannot_be_observed(condition_gaussian, observed, count):
    """Coordinates are observed once, exist, have one value each, and none of them follows from the others."""
    covariance = torch.tensor([[2, 1, 1], [1, 1, 1], [1, 1, 1]], dtype=torch.float64)
    assert_rejects(condition_gaussian, covariance[0], covariance, observed, torch.ones(count, dtype=torch.float64))
    indefinite = torch.tensor([[1, 2, 0], [2, 1, 0], [0, 0, 1]], dtype=torch.float64)
    assert_rejects(condition_gaussian, covariance[0], indefinite, [0, 1], covariance[0, :2])


@given(mean=normals(3), covariance=covariances(3), offset=normals(2), noise_covariance=covariances(2))
def test_linear_gaussian_marginal_equals_moments_of_mapped_points(
    linear_gaussian_marginal, mean, covariance, offset, noise_covariance
):
    """The 2 n points mean +- sqrt(n) L_i have the moments of x; mapped, with the noise added, they have those of y."""
    reach = math.sqrt(3) * torch.linalg.cholesky(covariance).T
    mapped = torch.cat([mean - reach, mean + reach]) @ MAP.T + offset
    centred = mapped - mapped.mean(0)
    y_mean, y_covariance = linear_gaussian_marginal(mean, covariance, MAP, offset, noise_covariance)
    size = MAP.abs() @ mean.abs() + offset.abs()
    assert_close(y_mean, mapped.mean(0), size + mapped.abs().amax(0))
    spread = MAP.abs() @ covariance.abs() @ MAP.T.abs() + noise_covariance.abs()
    assert_close(y_covariance, centred.T @ centred / 6 + noise_covariance, spread)


@given(
    mean=normals(3),
    covariance=covariances(3),
    offset=normals(2),
    noise_covariance=covariances(2),
    y=normals(2),
)
def test_linear_gaussian_posterior_adds_precisions(
    linear_gaussian_posterior, mean, covariance, offset, noise_covariance, y
):
    """p(x | y) has precision S^-1 + A^T R^-1 A, and its mean weights prior and observation by theirs."""
    expected_mean, expected_covariance = information_form(mean, covariance, MAP, noise_covariance, y - offset)
    posterior_mean, posterior_covariance = linear_gaussian_posterior(mean, covariance, MAP, offset, noise_covariance, y)
    condition = torch.linalg.cond(MAP @ covariance @ MAP.T + noise_covariance)
    condition += torch.linalg.cond(covariance) * torch.linalg.cond(noise_covariance)
    gain = (covariance @ MAP.T).abs() @ torch.linalg.inv(noise_covariance).abs()
    size = mean.abs().max() + gain @ (MAP.abs() @ mean.abs() + offset.abs() + y.abs())
    assert_close(posterior_mean, expected_mean, condition * size)
    assert_close(posterior_covariance, expected_covariance, condition * covariance.abs().max())


@given(mean=normals(2), covariance=covariances(2), offset=normals(2), y=normals(2))
def test_linear_gaussian_posterior_inverts_the_map_without_noise(
    linear_gaussian_posterior, mean, covariance, offset, y
):
    """Without noise an invertible map is undone, whatever the prior: x = A^-1 (y - b), and no variance is left."""
    matrix = torch.tensor([[1.0, -2.0], [0.5, 3.0]], dtype=torch.float64)
    posterior_mean, posterior_covariance = linear_gaussian_posterior(
        mean, covariance, matrix, offset, torch.zeros(2, 2, dtype=torch.float64), y
    )
    condition = torch.linalg.cond(matrix @ covariance @ matrix.T)
    size = mean.abs().max() + offset.abs().max() + y.abs().max()
    assert_close(posterior_mean, torch.linalg.solve(matrix, y - offset), condition * size)
    assert_close(posterior_covariance, 0, condition * covariance.abs().max())


@pytest.mark.parametrize("noise", NO_COVARIANCES)
def test_linear_gaussian_posterior_rejects_observations_without_spread(linear_gaussian_posterior, noise):
    """What no prior and no noise can vary has no density to condition on."""
    mean, matrix = torch.ones(3, dtype=torch.float64), torch.zeros(2, 3, dtype=torch.float64)
    noise_covariance = torch.tensor(noise, dtype=torch.float64)
    eye = torch.eye(3, dtype=torch.float64)
    assert_rejects(linear_gaussian_posterior, mean, eye, matrix, mean[:2], noise_covariance, mean[:2])
