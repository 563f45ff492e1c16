"""Conjugate priors: after each batch of data the posterior has the form of the prior and takes its place."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class BetaState(NamedTuple):
    """What is known of the probability of success: Beta(alpha, beta)."""

    alpha: Float[Tensor, ""]
    beta: Float[Tensor, ""]


class NormalState(NamedTuple):
    """What is known of the mean of normal data: N(mean, 1 / precision)."""

    mean: Float[Tensor, ""]
    precision: Float[Tensor, ""]


class RegressionState(NamedTuple):
    """What is known of the weights of a linear regression: N(mean, precision^-1)."""

    mean: Float[Tensor, "dim"]
    precision: Float[Tensor, "dim dim"]


def beta_mean(alpha: Float[Tensor, "*shape"], beta: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Mean of Beta(alpha, beta), which is also the probability that the next draw is a success.

        alpha / (alpha + beta)

    Domain: alpha, beta > 0; else ValueError.
    Source: Bishop 2006, eq. 2.15.
    Notes: R003-064, R003-066.
    """
    _require_positive(alpha=alpha, beta=beta)
    return alpha / (alpha + beta)


def beta_mode(alpha: Float[Tensor, "*shape"], beta: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Point of highest density of Beta(alpha, beta): the share of heads among alpha - 1 heads and beta - 1 tails.

        (alpha - 1) / (alpha + beta - 2)

    Domain: alpha, beta >= 1 and not both 1, where the density is flat; else ValueError. At alpha = 1 the mode is 0, at
    beta = 1 it is 1. Below 1 the density has no maximum.
    Source: Bishop 2006, exercise 2.6.
    Notes: R003-064, R003-067.
    """
    heads, tails = alpha - 1, beta - 1
    if not ((heads >= 0) & (tails >= 0) & (heads + tails > 0)).all():
        got = f"got {alpha.tolist()} and {beta.tolist()}"
        raise ValueError(f"a mode needs alpha and beta of at least 1 and not both 1; {got}")
    return heads / (heads + tails)


def beta_variance(alpha: Float[Tensor, "*shape"], beta: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Variance of Beta(alpha, beta).

        alpha beta / ((alpha + beta)^2 (alpha + beta + 1))

    Domain: alpha, beta > 0; else ValueError.
    Source: Bishop 2006, eq. 2.16.
    Notes: R003-064.
    """
    _require_positive(alpha=alpha, beta=beta)
    total = alpha + beta
    return (alpha / total) * (beta / total) / (total + 1)


def bernoulli_log_likelihood(theta: Float[Tensor, "*shape"], successes: int, trials: int) -> Float[Tensor, "*shape"]:
    """Log probability of a sequence of draws, of which only the number of successes matters.

        successes log(theta) + (trials - successes) log(1 - theta),   0 log 0 = 0

    Domain: 0 <= theta <= 1, the ends giving 0 or -inf; 0 <= successes <= trials, else ValueError.
    Source: Bishop 2006, eq. 2.6.
    Differs: `scipy.stats.binom.logpmf` adds log(trials choose successes), for draws without their order.
    Notes: R003-065.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..trials; got {successes} of {trials}")
    failures = trials - successes
    of_successes = successes * theta.log() if successes else torch.zeros_like(theta)
    of_failures = failures * torch.log1p(-theta) if failures else torch.zeros_like(theta)
    return of_successes + of_failures


def beta_bernoulli_update(state: BetaState, draws: Bool[Tensor, "draws"]) -> BetaState:
    """Posterior of the probability of success after draws, True for a success.

        Beta(alpha + successes, beta + failures)

    Its mean weights the prior mean by alpha + beta and the share of successes by the number of draws.

    Domain: alpha, beta > 0; else ValueError. No draws leave the state as it is.
    Source: Bishop 2006, eq. 2.18.
    Notes: R003-066, R003-067, R003-068.
    """
    _require_positive(alpha=state.alpha, beta=state.beta)
    return BetaState(state.alpha + draws.sum(), state.beta + (~draws).sum())


def dirichlet_categorical_update(
    concentration: Float[Tensor, "classes"], counts: Float[Tensor, "classes"]
) -> Float[Tensor, "classes"]:
    """Posterior concentration of class probabilities after so many draws of each class.

        Dir(concentration + counts)

    Domain: concentration > 0 and counts >= 0, which need not be whole; else ValueError.
    Source: Bishop 2006, eq. 2.41.
    Notes: R003-069.
    """
    _require_positive(concentration=concentration)
    if not (counts >= 0).all():
        raise ValueError(f"counts must not be negative; got {counts.tolist()}")
    return concentration + counts


def dirichlet_marginal(concentration: Float[Tensor, "classes"], k: int) -> BetaState:
    """Distribution of the probability of class k under Dir(concentration).

        Beta(concentration_k, sum_{j != k} concentration_j)

    Domain: at least two classes, k in 0..classes-1, concentration > 0; else ValueError.
    Source: textbook; class k against all the others taken together.
    Notes: R003-069.
    """
    _require_positive(concentration=concentration)
    if not 0 <= k < len(concentration) or len(concentration) < 2:
        raise ValueError(f"k must be one of at least two classes; got {k} of {len(concentration)}")
    others = [j for j in range(len(concentration)) if j != k]
    return BetaState(concentration[k].clone(), concentration[others].sum())


def normal_mean_update(state: NormalState, data: Float[Tensor, "samples"], noise_variance: float) -> NormalState:
    """Posterior of the mean of normal data whose variance is known.

        precision' = precision + n / noise_variance
        mean'      = (precision mean + sum data / noise_variance) / precision'

    The posterior is symmetric, so that mean' is also its mode, the MAP estimate.

    Domain: noise_variance > 0; else ValueError. No data leave the state as it is, unless its precision is 0: then
        nothing was known, and the mean is that of the data, NaN without any.
    Source: Bishop 2006, eqs. 2.141-2.142.
    Notes: R003-078.
    """
    _require_noise(noise_variance)
    precision = state.precision + len(data) / noise_variance
    return NormalState((state.precision * state.mean + data.sum() / noise_variance) / precision, precision)


def bayesian_regression_update(
    state: RegressionState, x: Float[Tensor, "samples dim"], y: Float[Tensor, "samples"], noise_variance: float
) -> RegressionState:
    """Posterior of the weights w of y = x w + noise whose variance is known.

        precision' = precision + x^T x / noise_variance
        mean'      = precision'^-1 (precision mean + x^T y / noise_variance)

    Domain: noise_variance > 0, else ValueError; precision symmetric. At precision 0 nothing was known, and the mean is
    that of least squares. Unless precision' is positive definite, up to rounding, torch.linalg.LinAlgError.
    Source: Bishop 2006, eqs. 3.50-3.51.
    Differs: scikit-learn's BayesianRidge also fits the variances of noise and prior.
    Notes: R003-053.
    """
    _require_noise(noise_variance)
    precision = state.precision + x.T @ x / noise_variance
    pull = state.precision @ state.mean + x.T @ y / noise_variance
    mean = torch.cholesky_solve(pull[:, None], torch.linalg.cholesky(precision))
    return RegressionState(mean[:, 0], precision)


def bayesian_regression_predict(
    state: RegressionState, x: Float[Tensor, "samples dim"], noise_variance: float
) -> tuple[Float[Tensor, "samples"], Float[Tensor, "samples"]]:
    """Mean and variance of a new observation at each row of x, averaged over what the weights may be.

        x mean,   x precision^-1 x^T + noise_variance     (the diagonal)

    Domain: noise_variance >= 0, else ValueError; at 0 the moments are those of x w. Unless the precision is positive
    definite, torch.linalg.LinAlgError.
    Source: Bishop 2006, eqs. 3.58-3.59.
    Notes: R003-053.
    """
    if not noise_variance >= 0:
        raise ValueError(f"noise_variance must not be negative; got {noise_variance}")
    root = torch.linalg.cholesky(state.precision)
    whitened = torch.linalg.solve_triangular(root, x.T, upper=False)
    return x @ state.mean, whitened.square().sum(0) + noise_variance


def _require_noise(noise_variance: float) -> None:
    if not noise_variance > 0:
        raise ValueError(f"noise_variance must be positive; got {noise_variance}")


def _require_positive(**parameters: Tensor) -> None:
    for name, values in parameters.items():
        if not (values > 0).all():
            raise ValueError(f"{name} must be positive; got {values.tolist()}")
