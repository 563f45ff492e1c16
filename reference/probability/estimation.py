"""Estimates from data: Gaussians by maximum likelihood, linear models with and without a prior, and model choice.

Rows of `features` are samples, its columns what the weights multiply; a constant term is a column of ones.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.probability.moments import moments_of


class SearchState(NamedTuple):
    """Candidates evaluated so far, in order, what the objective was there, and the linear model fitted to that."""

    indices: Int64[Tensor, "evaluations"]
    values: Float[Tensor, "evaluations"]
    weights: Float[Tensor, "features"]


def gaussian_maximum_likelihood(
    data: Float[Tensor, "samples dim"],
) -> tuple[Float[Tensor, "dim"], Float[Tensor, "dim dim"]]:
    """Mean and covariance of the Gaussian under which the data is most likely.

        mean = sum_i x_i / n,   covariance = sum_i (x_i - mean)(x_i - mean)^T / n

    Domain: at least one sample; else ValueError. One sample, or equal ones, have covariance 0, and the likelihood has
    no maximum: it grows without bound as the covariance shrinks.
    Source: Bishop 2006, eqs. 2.121-2.122.
    Differs: `torch.cov` and `numpy.cov` divide by n - 1, as `unbiased_covariance` does, and numpy takes samples as
    columns.
    Notes: R003-070, R003-071.
    """
    if len(data) < 1:
        raise ValueError(f"a mean needs at least one sample; got {len(data)}")
    moments = moments_of(data)
    return moments.mean, moments.scatter / len(data)


def unbiased_covariance(data: Float[Tensor, "samples dim"]) -> Float[Tensor, "dim dim"]:
    """Covariance whose expectation over independent samples is the true one.

        sum_i (x_i - mean)(x_i - mean)^T / (n - 1)

    The square root of a variance so estimated is too small on average.

    Domain: at least two samples; else ValueError.
    Source: Bishop 2006, eqs. 2.124-2.125.
    Notes: R003-071.
    """
    if len(data) < 2:
        raise ValueError(f"an unbiased covariance needs at least two samples; got {len(data)}")
    return moments_of(data).scatter / (len(data) - 1)


def gaussian_score(
    data: Float[Tensor, "samples"], mean: Float[Tensor, ""], variance: Float[Tensor, ""]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Derivatives of log p(data) under N(mean, variance), in the mean and in the variance.

        d/dmean     = sum_i (x_i - mean) / variance
        d/dvariance = sum_i ((x_i - mean)^2 / variance - 1) / (2 variance)

    Both are 0 at the maximum likelihood estimates, and on average at the true parameters.

    Domain: variance > 0. No samples give 0.
    Source: Bishop 2006, eqs. 1.54-1.56.
    Differs: the derivative in the standard deviation is 2 sqrt(variance) times that in the variance.
    Notes: R003-072.
    """
    deviation = data - mean
    return deviation.sum() / variance, (deviation.square() / variance - 1).sum() / (2 * variance)


def gaussian_fisher_information(
    num_samples: int, variance: Float[Tensor, "*shape"]
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Information that independent draws of N(mean, variance) carry on the mean and on the variance.

        n / variance,   n / (2 variance^2)

    These are the variances of the two scores; the scores are uncorrelated.

    Domain: variance > 0; num_samples >= 0, else ValueError.
    Source: textbook.
    Notes: R003-072.
    """
    if num_samples < 0:
        raise ValueError(f"num_samples must not be negative; got {num_samples}")
    return num_samples / variance, num_samples / (2 * variance.square())


def least_squares(
    features: Float[Tensor, "samples features"], targets: Float[Tensor, "samples"]
) -> Float[Tensor, "features"]:
    """Weights with the least squared error, and of these the shortest.

        w = pinv(X) y,   so that X^T (y - X w) = 0

    They maximise the likelihood under Gaussian noise of any variance.

    Domain: any number of rows and columns. Where columns depend on each other many w fit equally well; the shortest is
    the limit of `ridge_regression` as its penalty falls to 0.
    Source: Bishop 2006, eq. 3.15.
    Differs: `torch.linalg.lstsq` assumes independent columns on CUDA.
    Notes: R003-051.
    """
    return torch.linalg.pinv(features) @ targets


def ridge_regression(
    features: Float[Tensor, "samples features"], targets: Float[Tensor, "samples"], penalty: float
) -> Float[Tensor, "features"]:
    """Weights that minimise the squared error plus a penalty on their squares, all of them alike.

        w = argmin |y - X w|^2 + lambda |w|^2 = inv(X^T X + lambda I) X^T y

    This is the MAP estimate for noise N(0, sigma^2) and prior w ~ N(0, tau^2 I) at lambda = sigma^2 / tau^2.

    Domain: penalty > 0, else ValueError; at 0 it would be `least_squares`.
    Source: Bishop 2006, eqs. 3.27-3.28.
    Differs: where the error is a mean over n samples the same lambda weighs n times as much.
    Notes: R003-079.
    """
    if not penalty > 0:
        raise ValueError(f"penalty must be positive; got {penalty}")
    identity = torch.eye(features.shape[1], dtype=features.dtype, device=features.device)
    return torch.linalg.solve(features.T @ features + penalty * identity, features.T @ targets)


def soft_threshold(x: Float[Tensor, "*shape"], threshold: float) -> Float[Tensor, "*shape"]:
    """Numbers moved towards 0 by the threshold, those within it to 0.

        argmin_z (z - x)^2 / 2 + threshold |z| = sign(x) max(|x| - threshold, 0)

    Domain: threshold >= 0, else ValueError; at 0 the numbers stay.
    Source: Tibshirani 1996, Regression Shrinkage and Selection via the Lasso, eq. 3.
    Notes: R003-080.
    """
    if not threshold >= 0:
        raise ValueError(f"threshold must not be negative; got {threshold}")
    return x.sign() * (x.abs() - threshold).clamp(min=0)


def lasso_sweep(
    weights: Float[Tensor, "features"],
    features: Float[Tensor, "samples features"],
    targets: Float[Tensor, "samples"],
    penalty: float,
) -> Float[Tensor, "features"]:
    """Weights after one pass of coordinate descent on |y - X w|^2 / 2 + lambda |w|_1.

        w_j <- S(x_j^T (y - sum_{k != j} x_k w_k), lambda) / |x_j|^2   for j = 1, 2, ...

    S is `soft_threshold`; weights with k < j are those of this pass. The objective never rises.

    Domain: penalty >= 0, else ValueError. The weight of a column of zeros becomes 0.
    Source: Friedman et al. 2010, Regularization Paths for Generalized Linear Models, section 2.1.
    Notes: R003-080.
    """
    units = torch.eye(len(weights), dtype=weights.dtype, device=weights.device)
    for column, unit in zip(features.T, units, strict=True):
        others = weights * (1 - unit)
        square = column.square().sum()
        best = soft_threshold(column @ (targets - features @ others), penalty) / torch.where(square > 0, square, 1)
        weights = others + best * unit
    return weights


def lasso_regression(
    features: Float[Tensor, "samples features"], targets: Float[Tensor, "samples"], penalty: float, num_sweeps: int
) -> Float[Tensor, "features"]:
    """Weights after sweeps of coordinate descent from 0, which converge to those of the lasso.

        w = argmin |y - X w|^2 / 2 + lambda |w|_1,   where |x_j^T (y - X w)| <= lambda, with equality if w_j != 0

    This is the MAP estimate for noise N(0, sigma^2) and a prior exp(-|w_j| / b) / (2 b) at lambda = sigma^2 / b. It is
    0 iff lambda >= max_j |x_j^T y|, and S(X^T y, lambda), in one sweep, if the columns are orthonormal.

    Domain: penalty >= 0, as each sweep checks, and num_sweeps >= 0; else ValueError.
    Source: Tibshirani 1996; Friedman et al. 2010, section 2.
    Differs: `sklearn.linear_model.Lasso` divides the error by n, so that its alpha is lambda / n.
    Notes: R003-080.
    """
    if num_sweeps < 0:
        raise ValueError(f"num_sweeps must not be negative; got {num_sweeps}")
    weights = features.new_zeros(features.shape[1])
    for _ in range(num_sweeps):
        weights = lasso_sweep(weights, features, targets, penalty)
    return weights


def linear_negative_log_posterior(
    weights: Float[Tensor, "features"],
    features: Float[Tensor, "samples features"],
    targets: Float[Tensor, "samples"],
    noise_variance: float,
    prior_variance: float,
) -> Float[Tensor, ""]:
    """Minus the log posterior of the weights of y = X w + noise, but for log p(y), which is free of w.

        -log p(y | w) - log p(w) = |y - X w|^2 / (2 sigma^2) + n log(2 pi sigma^2) / 2
                                   + |w|^2 / (2 tau^2) + d log(2 pi tau^2) / 2

    Domain: both variances > 0; else ValueError.
    Source: Bishop 2006, eq. 3.55.
    Differs: as a loss it is often the mean squared error plus lambda |w|^2: then lambda is sigma^2 / (n tau^2).
    Notes: R003-081.
    """
    if not (noise_variance > 0 and prior_variance > 0):
        raise ValueError(f"variances must be positive; got {noise_variance} and {prior_variance}")
    error = (targets - features @ weights).square() / noise_variance + math.log(2 * math.pi * noise_variance)
    prior = weights.square() / prior_variance + math.log(2 * math.pi * prior_variance)
    return (error.sum() + prior.sum()) / 2


def map_on_grid(log_likelihood: Float[Tensor, "grid"], log_prior: Float[Tensor, "grid"]) -> Int64[Tensor, ""]:
    """Index of the grid point with the highest posterior probability, the first of several.

        argmax_i log p(x | theta_i) + log p(theta_i)

    Constants added to either do not matter. Under a flat prior it is the maximum likelihood estimate; under one that
    becomes ever sharper, the grid point of highest prior.

    Domain: -inf for what cannot be. ValueError on an empty grid, or where the sum is NaN, or -inf at every point.
    Source: Bishop 2006, section 1.2.5.
    Notes: R003-050, R003-077.
    """
    log_joint = log_likelihood + log_prior
    if not len(log_joint) or not log_joint.amax() > -math.inf:
        raise ValueError(f"no point of the grid has a posterior probability; its logarithms are {log_joint.tolist()}")
    return log_joint.argmax()


def propose_evaluate_refit(
    state: SearchState,
    objective: Callable[[Int64[Tensor, ""]], Float[Tensor, ""]],
    candidate_features: Float[Tensor, "candidates features"],
) -> SearchState:
    """State of a search after one more evaluation, at the new candidate of which the linear model hopes most.

        k = argmax_{i not evaluated} x_i w,   value = objective(k),   w' = `least_squares` on all that was evaluated

    Without noise, and if the objective is linear in the features, w is exact after as many independent rows as there
    are features; the next proposal is then the best candidate that is left. Otherwise nothing is promised before all
    have been evaluated, but that the best value never falls.

    Domain: at least one candidate not evaluated yet; else ValueError. A search may start without evaluations. Of equal
    predictions the first is taken.
    Source: textbook; greedy surrogate optimisation.
    Notes: R003-051, R003-052.
    """
    if len(state.indices) >= len(candidate_features):
        raise ValueError(f"all of the {len(candidate_features)} candidates have been evaluated")
    predicted = (candidate_features @ state.weights).index_fill(0, state.indices, -math.inf)
    proposal = predicted.argmax()
    indices = torch.cat([state.indices, proposal[None]])
    values = torch.cat([state.values, objective(proposal)[None]])
    return SearchState(indices, values, least_squares(candidate_features[indices], values))


def bayesian_information_criterion(
    log_likelihood: Float[Tensor, "*models"], num_parameters: int, num_samples: int
) -> Float[Tensor, "*models"]:
    """Criterion that is smallest for the model to be chosen: its misfit, and the price of its parameters.

        BIC = p log(n) - 2 log L

    Domain: log L at its maximum, summed over the samples; num_parameters >= 0 and num_samples >= 1, else ValueError.
    Source: Schwarz 1978, Estimating the Dimension of a Model.
    Differs: Schwarz maximises log L - p log(n) / 2, as Bishop 2006, eq. 4.139, does.
    Notes: R003-102.
    """
    if num_parameters < 0 or num_samples < 1:
        raise ValueError(f"parameters must be >= 0 and samples >= 1; got {num_parameters} and {num_samples}")
    return num_parameters * math.log(num_samples) - 2 * log_likelihood


def expected_tables(concentration: Float[Tensor, "*shape"], num_customers: int) -> Float[Tensor, "*shape"]:
    """Number of tables that a Chinese restaurant process opens on average: the clusters that it expects.

        sum_{i = 1}^n alpha / (alpha + i - 1)

    Domain: concentration > 0 and num_customers >= 0; else ValueError.
    Source: textbook; Antoniak 1974.
    Notes: R003-102.
    """
    if num_customers < 0 or not (concentration > 0).all():
        got = f"got {num_customers} and {concentration.tolist()}"
        raise ValueError(f"customers must be >= 0 and the concentration positive; {got}")
    seated = torch.arange(num_customers, dtype=concentration.dtype, device=concentration.device)
    return (concentration[..., None] / (concentration[..., None] + seated)).sum(-1)
