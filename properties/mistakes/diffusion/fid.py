"""Wrong variants of `reference.diffusion.fid`."""

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.fid import frechet_distance


def _root(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


@mistake(of=frechet_distance, seen="E003-045")
def frechet_distance_as_a_score(mean_1, covariance_1, mean_2, covariance_2):
    """the sign is turned, so that higher is better"""
    return -frechet_distance(mean_1, covariance_1, mean_2, covariance_2)


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_with_plain_norm(mean_1, covariance_1, mean_2, covariance_2):
    """the distance of the means is not squared"""
    distance = torch.linalg.vector_norm(mean_1 - mean_2)
    return frechet_distance(mean_1, covariance_1, mean_1, covariance_2) + distance


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_with_root(mean_1, covariance_1, mean_2, covariance_2):
    """the square root of the whole is taken, which is the distance itself and not the FID"""
    return frechet_distance(mean_1, covariance_1, mean_2, covariance_2).clamp(min=0).sqrt()


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_without_factor_two(mean_1, covariance_1, mean_2, covariance_2):
    """the root of the product is subtracted once instead of twice"""
    traces = covariance_1.trace() + covariance_2.trace()
    both = frechet_distance(mean_1, covariance_1, mean_2, covariance_2)
    means = (mean_1 - mean_2).square().sum()
    return (both + means + traces) / 2


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_with_elementwise_root(mean_1, covariance_1, mean_2, covariance_2):
    """the root is taken of each entry of the product instead of the matrix"""
    root = (covariance_1 @ covariance_2).clamp(min=0).sqrt()
    return (mean_1 - mean_2).square().sum() + (covariance_1 + covariance_2 - 2 * root).trace()


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_without_singular_covariances(mean_1, covariance_1, mean_2, covariance_2):
    """the product is made symmetric by a Cholesky factor of the second covariance, which has to be regular"""
    root = torch.linalg.cholesky(covariance_2)
    trace_root = torch.linalg.eigvalsh(root.T @ covariance_1 @ root).clamp(min=0).sqrt().sum()
    return (mean_1 - mean_2).square().sum() + covariance_1.trace() + covariance_2.trace() - 2 * trace_root


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_with_root_of_each(mean_1, covariance_1, mean_2, covariance_2):
    """the roots of the covariances are multiplied, which differs unless these commute"""
    root = _root(covariance_1) @ _root(covariance_2)
    return (mean_1 - mean_2).square().sum() + (covariance_1 + covariance_2 - 2 * root).trace()


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_of_symmetrised_product(mean_1, covariance_1, mean_2, covariance_2):
    """the product is made symmetric before its root is taken, which changes its eigenvalues"""
    product = covariance_1 @ covariance_2
    roots = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0).sqrt()
    return (mean_1 - mean_2).square().sum() + covariance_1.trace() + covariance_2.trace() - 2 * roots.sum()


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_by_singular_values(mean_1, covariance_1, mean_2, covariance_2):
    """singular values of the product stand in for its eigenvalues, which differ unless the covariances commute"""
    roots = torch.linalg.svdvals(covariance_1 @ covariance_2).sqrt()
    return (mean_1 - mean_2).square().sum() + covariance_1.trace() + covariance_2.trace() - 2 * roots.sum()


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_of_diagonals(mean_1, covariance_1, mean_2, covariance_2):
    """covariances between features are left out"""
    return frechet_distance(mean_1, covariance_1.diagonal().diag(), mean_2, covariance_2.diagonal().diag())


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_with_complex_residue(mean_1, covariance_1, mean_2, covariance_2):
    """roots of eigenvalues that rounding made negative turn into NaN"""
    roots = torch.linalg.eigvals(covariance_1 @ covariance_2).real.sqrt()
    return (mean_1 - mean_2).square().sum() + covariance_1.trace() + covariance_2.trace() - 2 * roots.sum()


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_with_jitter(mean_1, covariance_1, mean_2, covariance_2):
    """1e-6 is added to the diagonals, although nothing is singular"""
    jitter = 1e-6 * torch.eye(len(mean_1), dtype=mean_1.dtype)
    return frechet_distance(mean_1, covariance_1 + jitter, mean_2, covariance_2 + jitter)


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_by_frobenius(mean_1, covariance_1, mean_2, covariance_2):
    """the covariances are compared entry by entry"""
    return (mean_1 - mean_2).square().sum() + (covariance_1 - covariance_2).square().sum()


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_by_cholesky(mean_1, covariance_1, mean_2, covariance_2):
    """the trace of the product of the triangular factors stands in for that of the root"""
    identity = 1e-12 * torch.eye(len(mean_1), dtype=mean_1.dtype)
    root_1, root_2 = (torch.linalg.cholesky(covariance + identity) for covariance in (covariance_1, covariance_2))
    overlap = (root_1 * root_2).sum()
    return (mean_1 - mean_2).square().sum() + covariance_1.trace() + covariance_2.trace() - 2 * overlap


@mistake(of=frechet_distance, seen="catalogue R003-134")
def frechet_distance_that_diverges(mean_1, covariance_1, mean_2, covariance_2):
    """the distance is divided by the second variance, as in a KL divergence, and is not symmetric"""
    return frechet_distance(mean_1, covariance_1, mean_2, covariance_2) / covariance_2.trace()


@variant(of=frechet_distance, seen="Dowson & Landau 1982")
def frechet_distance_by_symmetric_root(mean_1, covariance_1, mean_2, covariance_2):
    """tr (S_1 S_2)^(1/2) is the sum of the singular values of S_1^(1/2) S_2^(1/2), and needs no complex numbers"""
    overlap = torch.linalg.svdvals(_root(covariance_1) @ _root(covariance_2)).sum()
    return (mean_1 - mean_2).square().sum() + covariance_1.trace() + covariance_2.trace() - 2 * overlap
