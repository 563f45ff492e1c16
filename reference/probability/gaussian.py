"""The multivariate Gaussian: distance, density, mass of an interval, conditioning, linear maps with Gaussian noise."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def mahalanobis_squared(
    x: Float[Tensor, "*batch dim"], mean: Float[Tensor, "dim"], covariance: Float[Tensor, "dim dim"]
) -> Float[Tensor, "*batch"]:
    """Squared distance from the mean, in units of the spread in that direction.

        m^2 = (x - mean)^T S^-1 (x - mean) = |L^-1 (x - mean)|^2,   S = covariance = L L^T

    Under N(mean, S) it is chi-square with dim degrees of freedom.

    Domain: symmetric S; unless it is positive definite, torch.linalg.LinAlgError.
    Source: Bishop 2006, eq. 2.44.
    Differs: `scipy.spatial.distance.mahalanobis` takes S^-1 and returns m.
    Notes: R003-062.
    """
    root = torch.linalg.cholesky(covariance)
    whitened = torch.linalg.solve_triangular(root, (x - mean)[..., None], upper=False)
    return whitened.square().sum((-2, -1))


def multivariate_normal_log_density(
    x: Float[Tensor, "*batch dim"], mean: Float[Tensor, "dim"], covariance: Float[Tensor, "dim dim"]
) -> Float[Tensor, "*batch"]:
    """Log density of N(mean, S) at each point.

        log p = -(m^2 + log det S + dim log(2 pi)) / 2,   log det S = 2 sum_i log L_ii,   S = covariance = L L^T

    with m^2 of `mahalanobis_squared`. The determinant itself, which underflows in many dimensions, is not formed.

    Domain: symmetric S; unless it is positive definite, torch.linalg.LinAlgError.
    Source: Bishop 2006, eq. 2.43.
    Notes: R003-062.
    """
    log_det = 2 * torch.linalg.cholesky(covariance).diagonal().log().sum()
    return -(mahalanobis_squared(x, mean, covariance) + log_det + len(mean) * math.log(2 * math.pi)) / 2


def normal_interval_probability(
    low: Float[Tensor, "*shape"],
    high: Float[Tensor, "*#shape"],
    mean: Float[Tensor, "*#shape"],
    std: Float[Tensor, "*#shape"],
) -> Float[Tensor, "*shape"]:
    """Probability that a draw from N(mean, std^2) falls between low and high.

        P = Phi((high - mean) / std) - Phi((low - mean) / std)

    Phi(z) = erfc(-z / sqrt(2)) / 2, and an interval mostly below the mean is reflected about it, so that small tails
    are subtracted and never two numbers near 1.

    Domain: std > 0; the ends may be infinite. If high < low it is minus the probability, as an integral is.
    Source: textbook.
    Differs: `torch.special.ndtr` has an absolute precision only: at -8 it is off by 2 % in float64, and 0 in float32.
    Notes: R003-054, R003-063.
    """
    below, above = (low - mean) / (math.sqrt(2) * std), (high - mean) / (math.sqrt(2) * std)
    side = torch.where(below + above < 0, -1, 1)
    return side * (torch.special.erfc(side * below) - torch.special.erfc(side * above)) / 2


def condition_gaussian(
    mean: Float[Tensor, "dim"],
    covariance: Float[Tensor, "dim dim"],
    observed: Sequence[int],
    values: Float[Tensor, "observed"],
) -> tuple[Float[Tensor, "rest"], Float[Tensor, "rest rest"]]:
    """Mean and covariance of the coordinates that are not observed, in rising order, given the values of the others.

        mean_a + S_ab S_bb^-1 (values - mean_b),   S_aa - S_ab S_bb^-1 S_ba     (a the rest, b the observed)

    Domain: distinct indices in 0..dim-1, one value for each; else ValueError. Without any the Gaussian is returned as
    it is. S = covariance is symmetric; unless S_bb is positive definite, torch.linalg.LinAlgError.
    Source: Bishop 2006, eqs. 2.81-2.82.
    Notes: R003-062.
    """
    chosen = list(observed)
    rest = [index for index in range(len(mean)) if index not in chosen]
    if len(chosen) + len(rest) != len(mean):
        raise ValueError(f"observed must be distinct indices in 0..{len(mean) - 1}; got {chosen}")
    if len(values) != len(chosen):
        raise ValueError(f"{len(chosen)} coordinates are observed; got {len(values)} values")
    from_chosen = covariance[chosen]
    surprise = values - mean[chosen]
    return _update(mean[rest], covariance[rest][:, rest], from_chosen[:, rest], from_chosen[:, chosen], surprise)


def linear_gaussian_marginal(
    mean: Float[Tensor, "dim"],
    covariance: Float[Tensor, "dim dim"],
    matrix: Float[Tensor, "out dim"],
    offset: Float[Tensor, "out"],
    noise_covariance: Float[Tensor, "out out"],
) -> tuple[Float[Tensor, "out"], Float[Tensor, "out out"]]:
    """Mean and covariance of y = A x + b + noise with x from N(mean, S) and noise from N(0, R): the marginal p(y).

        A mean + b,   A S A^T + R

    Domain: every real number.
    Source: Bishop 2006, eq. 2.115.
    Notes: R003-048.
    """
    return matrix @ mean + offset, matrix @ covariance @ matrix.T + noise_covariance


def linear_gaussian_posterior(
    mean: Float[Tensor, "dim"],
    covariance: Float[Tensor, "dim dim"],
    matrix: Float[Tensor, "out dim"],
    offset: Float[Tensor, "out"],
    noise_covariance: Float[Tensor, "out out"],
    y: Float[Tensor, "out"],
) -> tuple[Float[Tensor, "dim"], Float[Tensor, "dim dim"]]:
    """Mean and covariance of p(x | y) for y = A x + b + noise with x from N(mean, S) and noise from N(0, R).

        mean + K (y - A mean - b),   S - K A S,   K = S A^T (A S A^T + R)^-1

    Where S and R can be inverted, the covariance is (S^-1 + A^T R^-1 A)^-1: precisions add.

    Domain: symmetric S and R, either of which may be singular; unless A S A^T + R is positive definite,
    torch.linalg.LinAlgError.
    Source: Bishop 2006, eqs. 2.116-2.117, in the form that inverts neither S nor R.
    Notes: R003-048, R003-078.
    """
    predicted, spread = linear_gaussian_marginal(mean, covariance, matrix, offset, noise_covariance)
    return _update(mean, covariance, matrix @ covariance, spread, y - predicted)


def _update(
    mean: Float[Tensor, "dim"],
    covariance: Float[Tensor, "dim dim"],
    cross: Float[Tensor, "out dim"],
    spread: Float[Tensor, "out out"],
    surprise: Float[Tensor, "out"],
) -> tuple[Float[Tensor, "dim"], Float[Tensor, "dim dim"]]:
    """mean + cross^T spread^-1 surprise and covariance - cross^T spread^-1 cross, which stays symmetric."""
    root = torch.linalg.cholesky(spread)
    gain = torch.linalg.solve_triangular(root, cross, upper=False)
    whitened = torch.linalg.solve_triangular(root, surprise[:, None], upper=False)
    return mean + (gain.T @ whitened)[:, 0], covariance - gain.T @ gain
