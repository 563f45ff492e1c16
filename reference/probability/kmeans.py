"""k-means: Lloyd's iteration, its objective, and k-means++ seeding."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def assign_to_centroids(
    data: Float[Tensor, "samples dim"], centroids: Float[Tensor, "clusters dim"]
) -> Int64[Tensor, "samples"]:
    """Index of the centroid nearest to each sample.

        label_i = argmin_k |x_i - c_k|^2

    Domain: at least one centroid; else ValueError. Of equally near centroids the first.
    Source: Lloyd 1982, "Least squares quantization in PCM".
    Differs: |x|^2 - 2 x c + |c|^2, in fast implementations, has lost the distances of data far from the origin.
    Notes: R003-087.
    """
    return _squared_distances(data, centroids).argmin(1)


def update_centroids(
    data: Float[Tensor, "samples dim"],
    labels: Int64[Tensor, "samples"],
    centroids: Float[Tensor, "clusters dim"],
) -> Float[Tensor, "clusters dim"]:
    """Mean of the samples of each cluster; a centroid without samples keeps its place.

        c_k = mean of x_i over the samples with label_i = k

    Domain: 0 <= labels < clusters.
    Source: Lloyd 1982, "Least squares quantization in PCM".
    Differs: scikit-learn moves a centroid without samples to the sample that is farthest from its own.
    Notes: R003-087.
    """
    members = labels == torch.arange(len(centroids), device=labels.device)[:, None]
    sums = torch.where(members.any(1, keepdim=True), members.to(data.dtype) @ data, centroids)
    return sums / members.sum(1, keepdim=True).clamp(min=1)


def kmeans_step(
    data: Float[Tensor, "samples dim"], centroids: Float[Tensor, "clusters dim"]
) -> Float[Tensor, "clusters dim"]:
    """The centroids after one iteration of Lloyd's, which never raises the inertia.

        c_k = mean of the samples whose nearest centroid is c_k

    It is EM for a mixture of equal weights and covariances sigma^2 I in the limit sigma -> 0.

    Domain: as `assign_to_centroids`; a centroid without samples keeps its place.
    Source: Lloyd 1982; Bishop 2006, sections 9.1 and 9.3.2.
    Notes: R003-087.
    """
    return update_centroids(data, assign_to_centroids(data, centroids), centroids)


def inertia(data: Float[Tensor, "samples dim"], centroids: Float[Tensor, "clusters dim"]) -> Float[Tensor, ""]:
    """Sum of the squared distances between samples and their nearest centroids: what k-means makes small.

        J = sum_i min_k |x_i - c_k|^2

    Domain: at least one centroid; else ValueError.
    Source: Bishop 2006, eq. 9.1.
    Notes: R003-087.
    """
    return _squared_distances(data, centroids).amin(1).sum()


def kmeans_plus_plus(
    data: Float[Tensor, "samples dim"], uniform: Float[Tensor, "clusters"]
) -> Float[Tensor, "clusters dim"]:
    """Samples to start k-means from, each drawn far from those before it, by one uniform number each.

        first sample: all equally likely;   next: P(i) = D_i^2 / sum_j D_j^2

    with D_i the distance from sample i to the nearest one chosen. The first i with P(0) + ... + P(i) > u is taken, so
    that a chosen sample, or a duplicate of it, is never taken again.

    Domain: 0 <= uniform < 1; 1 <= clusters <= samples, else ValueError. With fewer distinct samples than clusters the
    last sample fills the rest.
    Source: Arthur & Vassilvitskii 2007, "k-means++: the advantages of careful seeding", section 2.2.
    Differs: scikit-learn draws several candidates and keeps the one that lowers the inertia most.
    Notes: R003-087.
    """
    if not 1 <= len(uniform) <= len(data):
        raise ValueError(f"{len(data)} samples cannot give {len(uniform)} centroids")
    weights, chosen = data.new_ones(len(data)), data[:0]
    for threshold in uniform:
        reached = weights.cumsum(0)
        index = torch.searchsorted(reached, threshold[None] * reached[-1], right=True).clamp(max=len(data) - 1)
        chosen = torch.cat([chosen, data.index_select(0, index)])
        weights = _squared_distances(data, chosen).amin(1)
    return chosen


def kmeans(
    data: Float[Tensor, "samples dim"], centroids: Float[Tensor, "clusters dim"], num_steps: int
) -> Float[Tensor, "clusters dim"]:
    """The centroids after num_steps iterations of Lloyd's from the given ones.

    Domain: num_steps >= 0, else ValueError; at 0 the given centroids.
    Source: Lloyd 1982, "Least squares quantization in PCM".
    Notes: R003-087.
    """
    if num_steps < 0:
        raise ValueError(f"num_steps must not be negative; got {num_steps}")
    centroids = centroids.clone()
    for _ in range(num_steps):
        centroids = kmeans_step(data, centroids)
    return centroids


def _squared_distances(data: Tensor, centroids: Tensor) -> Tensor:
    if not len(centroids):
        raise ValueError(f"k-means needs at least one centroid; got {len(centroids)}")
    return (data[:, None] - centroids).square().sum(-1)
