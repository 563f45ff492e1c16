"""Distance between two sets of samples by the first two moments of their features."""

import torch
from jaxtyping import Float
from torch import Tensor


def frechet_distance(
    mean_1: Float[Tensor, "dim"],
    covariance_1: Float[Tensor, "dim dim"],
    mean_2: Float[Tensor, "dim"],
    covariance_2: Float[Tensor, "dim dim"],
) -> Float[Tensor, ""]:
    """Squared 2-Wasserstein distance between two Gaussians: the FID when they are fitted to Inception features.

        FID = |m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2))

    Domain: symmetric positive semi-definite covariances. 0 for equal moments; lower is better.
    Source: Heusel et al. 2017, arXiv:1706.08500, eq. 6; Dowson & Landau 1982.
    Notes: R003-134.
    """
    trace_root = torch.linalg.eigvals(covariance_1 @ covariance_2).real.clamp(min=0).sqrt().sum()
    traces = covariance_1.diagonal().sum() + covariance_2.diagonal().sum()
    return (mean_1 - mean_2).square().sum() + traces - 2 * trace_root
