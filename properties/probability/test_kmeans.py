"""Laws of `reference.probability.kmeans`.

Samples are whole numbers, so that distances, ties and the draws of k-means++ are exact.
"""

import itertools
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals, unit
from reference.probability.gaussian_mixture import GaussianMixture


def points(*shape):
    return dyadics(-4, 4, *shape, grid=1)


PLACES = st.sampled_from([(0, 1), (2**23, 2**-6)])


def moved(drawn, origin, unit):
    """Points around (origin, 0), in steps of 1 along the first axis and of `unit` along the second."""
    return drawn * torch.tensor([1, unit]) + torch.tensor([origin, 0])


def squares(data, centroids):
    """Squared distances from every sample to every centroid, as whole numbers or fractions."""
    rows, others = (
        [[Fraction(entry) for entry in row] for row in table.double().tolist()] for table in (data, centroids)
    )
    return [[sum((x - c) ** 2 for x, c in zip(row, other, strict=True)) for other in others] for row in rows]


def nearest(data, centroids):
    return [row.index(min(row)) for row in squares(data, centroids)]


def centres(data, labels, centroids):
    """The mean of each cluster, and the centroid of one that is empty."""
    clusters = [data[torch.tensor([label == k for label in labels])] for k in range(len(centroids))]
    means = [cluster.mean(0) if len(cluster) else old for cluster, old in zip(clusters, centroids, strict=True)]
    return torch.stack(means)


@given(data=points(5, 2), centroids=points(3, 2), place=PLACES)
def test_assign_to_centroids_equals_first_of_the_nearest(assign_to_centroids, data, centroids, place):
    """The label is the index of the least squared distance, the lowest at a tie, however far all is from 0."""
    data, centroids = moved(data, *place), moved(centroids, *place)
    assert_equal(assign_to_centroids(data, centroids), nearest(data, centroids))


@given(data=points(5, 2), labels=indices(3, 5), centroids=points(3, 2))
def test_update_centroids_equals_mean_of_each_cluster(update_centroids, data, labels, centroids):
    """A centroid moves to the mean of its samples, and stays where it is without any."""
    updated = update_centroids(data, labels, centroids)
    assert_close(updated, centres(data, labels.tolist(), centroids), 4)
    empty = [k for k in range(3) if k not in labels.tolist()]
    assert_equal(updated[empty], centroids[empty])


@given(data=points(5, 2), centroids=points(3, 2), place=PLACES)
def test_kmeans_step_equals_mean_of_nearest_samples(kmeans_step, data, centroids, place):
    """Each centroid becomes the mean of the samples that are nearest to it, however far all is from 0."""
    data, centroids = moved(data, *place), moved(centroids, *place)
    size = torch.tensor([4 + place[0], 4])
    assert_close(kmeans_step(data, centroids), centres(data, nearest(data, centroids), centroids), size)


@given(data=points(5, 2), centroids=points(3, 2))
def test_kmeans_step_never_raises_inertia(kmeans_step, inertia, data, centroids):
    """The inertia falls at least by what the means save: N_k |c_k - mean_k|^2 for every cluster."""
    labels = nearest(data, centroids)
    before = float(sum(min(row) for row in squares(data, centroids)))
    saved = (centroids[labels] - centres(data, labels, centroids)[labels]).square().sum()
    assert_at_most(inertia(data, kmeans_step(data, centroids)), before - saved, 5 * 128)
    assert_close(inertia(data, centroids), before)


@given(jitter=dyadics(-16, 16, 5, 2, grid=64), order=st.permutations(range(3)))
def test_kmeans_step_is_the_limit_of_em(kmeans_step, mixture_em_step, jitter, order):
    """EM for equal weights and covariances sigma^2 I makes the same means when sigma is small."""
    data = torch.tensor([[-3, 1], [-2, 1], [2, 3], [2, -3], [3, -2]], dtype=torch.float64) + jitter
    centroids = torch.tensor([[-2, 0], [1, 2], [2, -2]], dtype=torch.float64)[order]
    narrow = 2.0**-10 * torch.eye(2, dtype=torch.float64).expand(3, 2, 2)
    limit = mixture_em_step(GaussianMixture(torch.full((3,), 1 / 3, dtype=torch.float64), centroids, narrow), data)
    moved = kmeans_step(data, centroids)
    assert_close(limit.means, moved.double(), 4)
    assert_close(moved, centres(data, nearest(data, centroids), centroids), 4)


@given(data=points(4, 2), centroids=points(3, 2))
def test_inertia_equals_least_sum_over_assignments(inertia, data, centroids):
    """No assignment of samples to centroids has a smaller sum of squared distances."""
    distances = squares(data, centroids)
    sums = [
        sum(row[k] for row, k in zip(distances, labels, strict=True))
        for labels in itertools.product(range(3), repeat=4)
    ]
    assert_close(inertia(data, centroids), float(min(sums)))


@given(data=normals(5, 2), centroids=normals(3, 2))
def test_inertia_is_invariant_to_shifts(inertia, data, centroids):
    """Far from 0 it is what it is near 0, to the roundings of the samples themselves."""
    offset = 2.0**20
    expected = (data[:, None] - centroids).norm(dim=2).amin(1).square().sum()
    assert_close(inertia(data + offset, centroids + offset), expected, 5 * 2 * 16 * (8 + offset))


@given(data=points(5, 2), uniform=unit(3))
def test_kmeans_plus_plus_inverts_distribution_function(kmeans_plus_plus, data, uniform):
    """u picks the first sample at which the running sum of the squared distances exceeds its share u of the total."""
    chosen, weights = [], [1] * 5
    for u in uniform.tolist():
        reached = list(itertools.accumulate(weights))
        index = next((i for i, total in enumerate(reached) if total > Fraction(u) * reached[-1]), 4)
        chosen.append(index)
        weights = [min(row) for row in squares(data, data[chosen])]
    assert_equal(kmeans_plus_plus(data, uniform), data[chosen])


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_kmeans_plus_plus_draws_in_proportion_to_squared_distance(kmeans_plus_plus, first):
    """Over equally spaced u each sample is drawn as often as its squared distance says, and the first never again."""
    data = torch.tensor([[1, 0], [0, 0], [0, 1], [2, -1]], dtype=torch.float64)
    distances = [int(square) for (square,) in squares(data, data[first : first + 1])]
    draws = (torch.arange(sum(distances), dtype=torch.float64) + 0.5) / sum(distances)
    pairs = [kmeans_plus_plus(data, torch.tensor([(first + 0.5) / 4, u])) for u in draws.tolist()]
    counts = [sum(torch.equal(second.double(), sample) for _, second in pairs) for sample in data]
    assert_equal(counts, distances)


@pytest.mark.parametrize("uniform", [0.0, 0.25, 0.75])
def test_kmeans_plus_plus_repeats_the_last_sample_where_all_are_chosen(kmeans_plus_plus, uniform):
    """Duplicates of what is chosen are never drawn; once nothing else is left the last sample fills up."""
    data = torch.tensor([[2, 3], [2, 3], [5, 1], [2, 3], [2, 3], [7, 0]], dtype=torch.float64)
    draws = torch.tensor([0.25, 0.25, 0.75, uniform, uniform], dtype=torch.float64)
    assert_equal(kmeans_plus_plus(data, draws), data[[1, 2, 5, 5, 5]])


@pytest.mark.parametrize("num_clusters", [0, 4])
def test_kmeans_plus_plus_rejects_impossible_numbers_of_clusters(kmeans_plus_plus, num_clusters):
    """There must be a cluster, and a sample for each: three samples start one or three."""
    data = torch.tensor([[2, 3], [0, 1], [1, 1]], dtype=torch.float64)
    assert_equal(kmeans_plus_plus(data, torch.zeros(1, dtype=torch.float64)), data[:1])
    assert_equal(kmeans_plus_plus(data, torch.zeros(3, dtype=torch.float64)), data)
    assert_rejects(kmeans_plus_plus, data, torch.zeros(num_clusters, dtype=torch.float64))


@pytest.mark.parametrize("num_steps", [0, 1, 3])
@given(data=points(5, 2), centroids=points(3, 2), place=PLACES, unit=st.sampled_from([1, 2.0**-20]))
def test_kmeans_equals_repeated_steps(kmeans, kmeans_step, data, centroids, num_steps, place, unit):
    """It takes that many steps from the given centroids, none of them left out, in any unit: at 0 it returns them."""
    data, centroids = unit * moved(data, *place), unit * moved(centroids, *place)
    expected = centroids
    for _ in range(num_steps):
        expected = kmeans_step(data, expected).double()
    assert_close(kmeans(data, centroids, num_steps), expected, unit * torch.tensor([4 + place[0], 4]))


def test_assign_to_centroids_rejects_no_centroids(assign_to_centroids, inertia, kmeans_step, kmeans):
    """Without a centroid there is none to be near to, nor can steps be fewer than none."""
    data = torch.tensor([[2, 3], [0, 1], [1, 1]], dtype=torch.float64)
    for function in (assign_to_centroids, inertia, kmeans_step):
        assert_rejects(function, data, data[:0])
    assert_rejects(kmeans, data, data[:2], -1)
