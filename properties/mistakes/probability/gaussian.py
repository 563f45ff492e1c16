"""Wrong variants of `reference.probability.gaussian`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.gaussian import (
    condition_gaussian,
    linear_gaussian_marginal,
    linear_gaussian_posterior,
    mahalanobis_squared,
    multivariate_normal_log_density,
    normal_interval_probability,
)


@mistake(of=mahalanobis_squared, seen="catalogue R003-062")
def mahalanobis_squared_that_is_a_distance(x, mean, covariance):
    """the root is taken, so that it is a distance and not its square"""
    return mahalanobis_squared(x, mean, covariance).sqrt()


@mistake(of=mahalanobis_squared, seen="catalogue R003-062")
def mahalanobis_squared_times_covariance(x, mean, covariance):
    """the difference is multiplied by the covariance instead of its inverse"""
    torch.linalg.cholesky(covariance)
    return ((x - mean) @ covariance * (x - mean)).sum(-1)


@mistake(of=mahalanobis_squared, seen="catalogue R003-062")
def mahalanobis_squared_without_correlations(x, mean, covariance):
    """each coordinate is divided by its own variance, and correlations are left out"""
    torch.linalg.cholesky(covariance)
    return ((x - mean).square() / covariance.diagonal()).sum(-1)


@mistake(of=mahalanobis_squared, seen="catalogue R003-062")
def mahalanobis_squared_with_transposed_factor(x, mean, covariance):
    """the difference is whitened by L^T instead of L"""
    root = torch.linalg.cholesky(covariance).T
    return torch.linalg.solve_triangular(root, (x - mean)[..., None], upper=True).square().sum((-2, -1))


@mistake(of=mahalanobis_squared, seen="catalogue R003-062")
def mahalanobis_squared_by_expansion(x, mean, covariance):
    """the square is expanded, so that points far from the origin lose their digits"""
    torch.linalg.cholesky(covariance)
    precision = torch.linalg.inv(covariance)
    return (x @ precision * x).sum(-1) - 2 * x @ precision @ mean + mean @ precision @ mean


@mistake(of=mahalanobis_squared, seen="scipy.stats.multivariate_normal with allow_singular=True")
def mahalanobis_squared_by_pseudo_inverse(x, mean, covariance):
    """a singular covariance measures distances with its pseudo-inverse, as if nothing lay outside its plane"""
    return ((x - mean) @ torch.linalg.pinv(covariance) * (x - mean)).sum(-1)


@variant(of=mahalanobis_squared, seen="scipy.spatial.distance.mahalanobis, squared")
def mahalanobis_squared_by_solving(x, mean, covariance):
    """an LU decomposition solves the same equations"""
    torch.linalg.cholesky(covariance)
    solved = torch.linalg.solve(covariance.expand(*x.shape, -1), (x - mean)[..., None])
    return (solved.squeeze(-1) * (x - mean)).sum(-1)


@mistake(of=multivariate_normal_log_density, seen="catalogue R003-062")
def multivariate_normal_log_density_by_determinant(x, mean, covariance):
    """the determinant is formed before its logarithm is taken, and underflows"""
    log_det = torch.linalg.det(covariance).log()
    return -(mahalanobis_squared(x, mean, covariance) + log_det + len(mean) * math.log(2 * math.pi)) / 2


@mistake(of=multivariate_normal_log_density, seen="catalogue R003-062")
def multivariate_normal_log_density_of_the_density(x, mean, covariance):
    """the density is formed before its logarithm is taken, and underflows far from the mean"""
    return multivariate_normal_log_density(x, mean, covariance).exp().log()


@mistake(of=multivariate_normal_log_density, seen="catalogue R003-062")
def multivariate_normal_log_density_with_one_two_pi(x, mean, covariance):
    """log(2 pi) / 2 is subtracted once instead of once per dimension"""
    return multivariate_normal_log_density(x, mean, covariance) + (len(mean) - 1) * math.log(2 * math.pi) / 2


@mistake(of=multivariate_normal_log_density, seen="catalogue R003-062")
def multivariate_normal_log_density_without_two_pi(x, mean, covariance):
    """the constant (2 pi)^(dim / 2) is left out"""
    return multivariate_normal_log_density(x, mean, covariance) + len(mean) * math.log(2 * math.pi) / 2


@mistake(of=multivariate_normal_log_density, seen="catalogue R003-062")
def multivariate_normal_log_density_with_half_log_det(x, mean, covariance):
    """the log determinant of the factor stands for that of the covariance, half of it"""
    half = torch.linalg.cholesky(covariance).diagonal().log().sum()
    return multivariate_normal_log_density(x, mean, covariance) + half / 2


@mistake(of=multivariate_normal_log_density, seen="R001-094 in many dimensions")
def multivariate_normal_log_density_without_log_det(x, mean, covariance):
    """the log determinant is left out, so that a wide Gaussian has the mass of a narrow one many times over"""
    return (
        multivariate_normal_log_density(x, mean, covariance) + torch.linalg.cholesky(covariance).diagonal().log().sum()
    )


@mistake(of=multivariate_normal_log_density, seen="scipy.stats.multivariate_normal with allow_singular=True")
def multivariate_normal_log_density_by_pseudo_inverse(x, mean, covariance):
    """a singular covariance has a density all the same: that on its plane"""
    values = torch.linalg.eigvalsh(covariance)
    log_det = values[values > 1e-12].log().sum()
    squared = ((x - mean) @ torch.linalg.pinv(covariance) * (x - mean)).sum(-1)
    return -(squared + log_det + len(mean) * math.log(2 * math.pi)) / 2


@mistake(of=multivariate_normal_log_density, seen="catalogue R003-062")
def multivariate_normal_log_density_with_product_of_root(x, mean, covariance):
    """the diagonal of the root is multiplied before the logarithm is taken, and underflows in many dimensions"""
    root = torch.linalg.cholesky(covariance).diagonal()
    return multivariate_normal_log_density(x, mean, covariance) + root.log().sum() - root.prod().log()


@mistake(of=normal_interval_probability, seen="catalogue R003-054")
def normal_interval_probability_by_density(low, high, mean, std):
    """the density at the middle times the width stands for the integral"""
    middle = ((low + high) / 2 - mean) / std
    return (high - low) / std * torch.exp(-middle.square() / 2) / math.sqrt(2 * math.pi)


@mistake(of=normal_interval_probability, seen="catalogue R003-063")
def normal_interval_probability_with_variance(low, high, mean, std):
    """the variance divides the ends instead of the standard deviation"""
    return normal_interval_probability(low, high, mean, std**2)


@mistake(of=normal_interval_probability, seen="catalogue R003-054")
def normal_interval_probability_that_cancels(low, high, mean, std):
    """two numbers near 1 are subtracted above the mean, where nothing is left of a small probability"""
    return torch.special.ndtr((high - mean) / std) - torch.special.ndtr((low - mean) / std)


@mistake(of=normal_interval_probability, seen="catalogue R003-054")
def normal_interval_probability_without_sign(low, high, mean, std):
    """an interval that is given backwards counts as if it were not, so that pieces no longer add up"""
    return normal_interval_probability(low, high, mean, std).abs()


@mistake(of=normal_interval_probability, seen="catalogue R001-093")
def normal_interval_probability_by_tanh(low, high, mean, std):
    """the distribution function is the one of tanh-GELU, which is off by up to 1.8e-4"""
    below, above = (low - mean) / std, (high - mean) / std
    root = math.sqrt(2 / math.pi)
    return (torch.tanh(root * (above + 0.044715 * above**3)) - torch.tanh(root * (below + 0.044715 * below**3))) / 2


@mistake(of=normal_interval_probability, seen="torch.special.ndtr")
def normal_interval_probability_by_ndtr(low, high, mean, std):
    """the distribution function is 1 plus an error function near -1, so that far tails are noise"""
    below, above = (low - mean) / std, (high - mean) / std
    side = torch.where(below + above > 0, -1, 1)
    return side * (torch.special.ndtr(side * above) - torch.special.ndtr(side * below))


@variant(of=normal_interval_probability, seen="scipy.special.log_ndtr")
def normal_interval_probability_by_log_tails(low, high, mean, std):
    """the difference of two tails, each from its logarithm, is the same"""
    below, above = (low - mean) / std, (high - mean) / std
    side = torch.where(below + above > 0, -1, 1)
    return side * (torch.special.log_ndtr(side * above).exp() - torch.special.log_ndtr(side * below).exp())


@mistake(of=condition_gaussian, seen="Bishop 2006, eq. 2.82")
def condition_gaussian_with_prior_covariance(mean, covariance, observed, values):
    """the mean is moved, but the covariance stays that of the marginal"""
    conditional, _ = condition_gaussian(mean, covariance, observed, values)
    rest = [index for index in range(len(mean)) if index not in observed]
    return conditional, covariance[rest][:, rest]


@mistake(of=condition_gaussian, seen="Bishop 2006, eq. 2.81")
def condition_gaussian_with_values_for_residuals(mean, covariance, observed, values):
    """the mean of what is observed is not taken off the values"""
    _, spread = condition_gaussian(mean, covariance, observed, values)
    return condition_gaussian(mean, covariance, observed, values + mean[list(observed)])[0], spread


@mistake(of=condition_gaussian, seen="Bishop 2006, eq. 2.75")
def condition_gaussian_with_pull_of_the_wrong_sign(mean, covariance, observed, values):
    """the sign of the precision form is used with the covariance form: the mean moves the other way"""
    return condition_gaussian(mean, covariance, observed, 2 * mean[list(observed)] - values)


@mistake(of=condition_gaussian, seen="Bishop 2006, eq. 2.73")
def condition_gaussian_that_returns_a_precision(mean, covariance, observed, values):
    """the block of the precision is returned, which is the inverse of the covariance"""
    conditional, spread = condition_gaussian(mean, covariance, observed, values)
    return conditional, torch.linalg.inv(spread)


@mistake(of=condition_gaussian, seen="Bishop 2006, eq. 2.81")
def condition_gaussian_with_sorted_indices(mean, covariance, observed, values):
    """the indices are sorted, and the values are not"""
    return condition_gaussian(mean, covariance, sorted(observed), values)


@mistake(of=condition_gaussian, seen="negative indices in NumPy and PyTorch")
def condition_gaussian_with_negative_indices(mean, covariance, observed, values):
    """an index of -1 conditions on the last coordinate, which is returned as if it were unknown"""
    chosen = list(observed)
    rest = [index for index in range(len(mean)) if index not in chosen]
    gain = torch.linalg.solve(covariance[chosen][:, chosen], covariance[chosen][:, rest]).T
    centre = mean[rest] + gain @ (values - mean[chosen])
    return centre, covariance[rest][:, rest] - gain @ covariance[chosen][:, rest]


@mistake(of=condition_gaussian, seen="broadcasting in NumPy and PyTorch")
def condition_gaussian_that_broadcasts_values(mean, covariance, observed, values):
    """one value stands for every observed coordinate"""
    return condition_gaussian(mean, covariance, observed, values.expand(len(observed)) if len(values) == 1 else values)


@mistake(of=condition_gaussian, seen="catalogue R003-062")
def condition_gaussian_by_lu(mean, covariance, observed, values):
    """the block of the observed coordinates is only tested for being invertible, not for being positive definite"""
    rest = [i for i in range(len(mean)) if i not in observed]
    condition_gaussian(mean, torch.eye(len(mean), dtype=mean.dtype), observed, values)
    gain = torch.linalg.solve(covariance[observed][:, observed], covariance[observed][:, rest]).T
    spread = covariance[rest][:, rest] - gain @ covariance[observed][:, rest]
    return mean[rest] + gain @ (values - mean[observed]), spread


@mistake(of=linear_gaussian_marginal, seen="catalogue R003-048")
def linear_gaussian_marginal_without_noise(mean, covariance, matrix, offset, noise_covariance):
    """the noise is left out: this is the distribution of A x + b"""
    return matrix @ mean + offset, matrix @ covariance @ matrix.T


@mistake(of=linear_gaussian_marginal, seen="catalogue R003-048")
def linear_gaussian_marginal_without_prior_spread(mean, covariance, matrix, offset, noise_covariance):
    """the mean of x is plugged in instead of averaging over x: only the noise is left as spread"""
    return matrix @ mean + offset, 1 * noise_covariance


@mistake(of=linear_gaussian_marginal, seen="Bishop 2006, eq. 2.115")
def linear_gaussian_marginal_without_offset(mean, covariance, matrix, offset, noise_covariance):
    """the offset is left out of the mean"""
    return matrix @ mean, matrix @ covariance @ matrix.T + noise_covariance


@mistake(of=linear_gaussian_marginal, seen="Bishop 2006, eq. 2.115")
def linear_gaussian_marginal_with_noise_precision(mean, covariance, matrix, offset, noise_covariance):
    """the noise is added as a precision, the L of the book, instead of its inverse"""
    return matrix @ mean + offset, matrix @ covariance @ matrix.T + torch.linalg.inv(noise_covariance)


@mistake(of=linear_gaussian_posterior, seen="Bishop 2006, eq. 2.116")
def linear_gaussian_posterior_that_ignores_the_offset(mean, covariance, matrix, offset, noise_covariance, y):
    """the offset is not taken off the observation"""
    return linear_gaussian_posterior(mean, covariance, matrix, 0 * offset, noise_covariance, y)


@mistake(of=linear_gaussian_posterior, seen="Bishop 2006, eq. 2.116")
def linear_gaussian_posterior_with_prior_mean_at_zero(mean, covariance, matrix, offset, noise_covariance, y):
    """the prior mean has no pull"""
    return linear_gaussian_posterior(0 * mean, covariance, matrix, offset, noise_covariance, y)


@mistake(of=linear_gaussian_posterior, seen="Bishop 2006, eq. 2.117")
def linear_gaussian_posterior_that_returns_a_precision(mean, covariance, matrix, offset, noise_covariance, y):
    """the precision of x is returned instead of its covariance"""
    noise = torch.linalg.inv(noise_covariance)
    centre, _ = linear_gaussian_posterior(mean, covariance, matrix, offset, noise_covariance, y)
    return centre, torch.linalg.inv(covariance) + matrix.T @ noise @ matrix


@mistake(of=linear_gaussian_posterior, seen="Bishop 2006, eq. 2.116")
def linear_gaussian_posterior_with_gain_of_noise_alone(mean, covariance, matrix, offset, noise_covariance, y):
    """the gain divides by the noise alone instead of the whole spread of y"""
    _, spread = linear_gaussian_posterior(mean, covariance, matrix, offset, noise_covariance, y)
    gain = covariance @ matrix.T @ torch.linalg.pinv(noise_covariance)
    return mean + gain @ (y - matrix @ mean - offset), spread


@mistake(of=linear_gaussian_posterior, seen="Bishop 2006, eq. 2.117")
def linear_gaussian_posterior_that_adds_jitter(mean, covariance, matrix, offset, noise_covariance, y):
    """1e-6 is added to the diagonal of the spread, which answers where there is no answer and is off where there is"""
    jitter = 1e-6 * torch.eye(len(y), dtype=y.dtype)
    return linear_gaussian_posterior(mean, covariance, matrix, offset, noise_covariance + jitter, y)


@mistake(of=linear_gaussian_posterior, seen="Bishop 2006, eq. 2.117")
def linear_gaussian_posterior_by_pseudo_inverse(mean, covariance, matrix, offset, noise_covariance, y):
    """an observation without any spread is taken all the same, whatever its value"""
    gain = covariance @ matrix.T @ torch.linalg.pinv(matrix @ covariance @ matrix.T + noise_covariance)
    return mean + gain @ (y - matrix @ mean - offset), covariance - gain @ matrix @ covariance


@variant(of=linear_gaussian_posterior, seen="Bishop 2006, section 2.3.3")
def linear_gaussian_posterior_by_conditioning_the_joint(mean, covariance, matrix, offset, noise_covariance, y):
    """x and y are jointly Gaussian, so that conditioning on the last coordinates does it"""
    cross, n = matrix @ covariance, len(mean)
    joint = torch.cat([torch.cat([covariance, cross.T], 1), torch.cat([cross, cross @ matrix.T + noise_covariance], 1)])
    centre = torch.cat([mean, matrix @ mean + offset])
    return condition_gaussian(centre, joint, range(n, n + len(y)), y)
