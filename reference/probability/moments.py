"""Means, variances and covariances, of data in one piece, in groups or as a stream, and of finite distributions."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor


class Moments(NamedTuple):
    """Number of vectors, their mean, and the sum of the outer products of their deviations from it."""

    num_samples: Int64[Tensor, ""]
    mean: Float[Tensor, "dim"]
    scatter: Float[Tensor, "dim dim"]


def moments_of(data: Float[Tensor, "samples dim"]) -> Moments:
    """Moments of the n rows, by two passes.

        mean = sum x / n,   scatter = sum (x - mean) (x - mean)^T

    Domain: finite data. No rows have n, mean and scatter 0, which `merge_moments` leaves out of account.
    Source: textbook. The form sum x x^T - n mean mean^T cancels far from the origin.
    Notes: R003-019, R003-061.
    """
    mean = data.sum(0) / max(len(data), 1)
    deviations = data - mean
    return Moments(torch.tensor(len(data), device=data.device), mean, deviations.T @ deviations)


def merge_moments(a: Moments, b: Moments) -> Moments:
    """Moments of two groups taken together.

        n = n_a + n_b,   delta = mean_b - mean_a
        mean    = mean_a + delta n_b / n
        scatter = scatter_a + scatter_b + delta delta^T n_a n_b / n

    Domain: groups of the same dimension, else ValueError. Either or both may be empty.
    Source: Chan, Golub & LeVeque 1979, eq. 2.1.
    Notes: R003-019.
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"the groups must have one dimension; got {len(a.mean)} and {len(b.mean)}")
    total = a.num_samples + b.num_samples
    divisor = total.clamp(min=1)
    delta = b.mean - a.mean
    between = torch.outer(delta, delta) * a.num_samples * b.num_samples / divisor
    return Moments(total, a.mean + delta * b.num_samples / divisor, a.scatter + b.scatter + between)


def add_observation(moments: Moments, x: Float[Tensor, "dim"]) -> Moments:
    """Moments with one more vector: a step of the streaming form.

        n' = n + 1,   delta = x - mean
        mean'    = mean + delta / n'
        scatter' = scatter + delta delta^T n / n'

    Domain: x of the dimension of the moments, else ValueError. n may be 0.
    Source: Welford 1962; Knuth, TAOCP 2, section 4.2.2, writes the last term delta (x - mean')^T.
    Notes: R003-019.
    """
    if moments.mean.shape != x.shape:
        raise ValueError(f"x must have dimension {len(moments.mean)}; got {len(x)}")
    total = moments.num_samples + 1
    delta = x - moments.mean
    scatter = moments.scatter + torch.outer(delta, delta) * moments.num_samples / total
    return Moments(total, moments.mean + delta / total, scatter)


def covariance_matrix(moments: Moments, ddof: int = 0) -> Float[Tensor, "dim dim"]:
    """Covariance matrix, with the variances on its diagonal.

        scatter / (n - ddof)

    ddof is 0 for the data themselves, and 1 for an unbiased estimate of what they were drawn from.

    Domain: n > ddof, else ValueError.
    Source: textbook.
    Differs: `torch.cov`, `torch.var` and `numpy.cov` have 1 as default, `numpy.var` 0.
    Notes: R003-019, R003-059, R003-061.
    """
    if moments.num_samples <= ddof:
        raise ValueError(f"ddof {ddof} needs more than {ddof} vectors; got {moments.num_samples}")
    return moments.scatter / (moments.num_samples - ddof)


def affine_moments(
    mean: Float[Tensor, "dim"],
    covariance: Float[Tensor, "dim dim"],
    matrix: Float[Tensor, "out dim"],
    offset: Float[Tensor, "out"],
) -> tuple[Float[Tensor, "out"], Float[Tensor, "out out"]]:
    """Mean and covariance of A x + b, for x of any distribution.

        A mean + b,   A covariance A^T

    Domain: every real number.
    Source: textbook.
    Notes: R003-059, R003-061.
    """
    return matrix @ mean + offset, matrix @ covariance @ matrix.T


def expectation(
    probabilities: Float[Tensor, "outcomes"], values: Float[Tensor, "outcomes *rest"]
) -> Float[Tensor, "*rest"]:
    """Mean of a function of the outcome, given its value at each of them.

        E[f(z)] = sum_z q(z) f(z)

    Only f and the distribution of z enter, not that of f(z). Unless f is affine, it is not f(E[z]).

    Domain: probabilities >= 0 that sum to 1, finite values.
    Source: textbook.
    Notes: R003-055, R003-056, R003-057.
    """
    return torch.tensordot(probabilities, values, 1)


def total_variance(
    group_probabilities: Float[Tensor, "groups"],
    group_means: Float[Tensor, "groups"],
    group_variances: Float[Tensor, "groups"],
) -> Float[Tensor, ""]:
    """Variance of the whole, from the mean and the variance in each group: within the groups plus between them.

        Var X = E[Var(X | Y)] + Var(E[X | Y])

    Domain: group_probabilities >= 0 that sum to 1, group_variances >= 0.
    Source: textbook.
    Notes: R003-059.
    """
    deviations = group_means - group_probabilities @ group_means
    return group_probabilities @ (group_variances + deviations.square())


def determinant(matrix: Float[Tensor, "rows columns"]) -> Float[Tensor, ""]:
    """Factor by which the matrix scales volume, negative if it mirrors, by elimination with row exchanges.

    Each step takes the largest element of the first column as pivot, which brings its row to the top and changes the
    sign if it was not there, and clears the column below:

        det A = sign pivot det(rest - column row / pivot)

    Domain: a square matrix, else ValueError. 0 if a column has no pivot left, 1 for a matrix of no rows.
    Source: Golub & Van Loan, Matrix Computations, section 3.4.
    Notes: R003-060.
    """
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"the matrix must be square; got {tuple(matrix.shape)}")
    rest, product = matrix, matrix.new_ones(())
    while len(rest):
        place = rest[:, 0].abs().argmax()
        row = rest.index_select(0, place[None])
        moved = torch.where(torch.arange(len(rest), device=rest.device)[:, None] == place, rest[0], rest)[1:]
        pivot = row[0, 0]
        product = product * torch.where(place == 0, pivot, -pivot)
        rest = moved[:, 1:] - moved[:, :1] / torch.where(pivot == 0, 1, pivot) * row[:, 1:]
    return product
