"""Data to zero mean and unit variance before diffusion, and back after sampling."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Standardization(NamedTuple):
    """Mean and standard deviation of each dimension of the training data."""

    mean: Float[Tensor, "dim"]
    std: Float[Tensor, "dim"]


def fit_standardization(data: Float[Tensor, "batch dim"]) -> Standardization:
    """Mean and standard deviation of each dimension, to be taken from training data only.

        mean = sum x / n,   std = sqrt(sum (x - mean)^2 / n)

    Domain: at least one row and no constant dimension; else ValueError.
    Source: textbook; the divisor is n, as in scikit-learn's StandardScaler.
    Differs: `torch.std` divides by n - 1 unless told otherwise.
    Notes: R002-005.
    """
    if not len(data):
        raise ValueError(f"data must hold at least one row; got {len(data)}")
    constant = ~data.diff(dim=0).any(0)
    if constant.any():
        raise ValueError(f"dimensions {constant.nonzero().flatten().tolist()} are constant and cannot be standardised")
    return Standardization(data.mean(0), data.std(0, correction=0))


def standardize(
    data: Float[Tensor, "*batch dim"], mean: Float[Tensor, "dim"], std: Float[Tensor, "dim"]
) -> Float[Tensor, "*batch dim"]:
    """Data in units of the standard deviation from the mean.

        y = (x - mean) / std

    Domain: std > 0.
    Source: textbook.
    Notes: R002-005.
    """
    return (data - mean) / std


def unstandardize(
    data: Float[Tensor, "*batch dim"], mean: Float[Tensor, "dim"], std: Float[Tensor, "dim"]
) -> Float[Tensor, "*batch dim"]:
    """Standardised data back in its own units.

        x = mean + std y

    Domain: std > 0.
    Source: textbook.
    Notes: R002-005.
    """
    return mean + std * data
