"""Wrong variants of `reference.probability.kmeans`."""

import torch

from properties.mistakes import mistake, variant
from reference.probability.kmeans import (
    assign_to_centroids,
    inertia,
    kmeans,
    kmeans_plus_plus,
    kmeans_step,
    update_centroids,
)


def _squares(data, centroids):
    if not len(centroids):
        raise ValueError(f"no centroids: {len(centroids)}")
    return (data[:, None] - centroids).square().sum(2)


def _seeded(data, uniform, weigh):
    """k-means++ with weights that `weigh` makes of the data and the indices chosen."""
    kmeans_plus_plus(data, uniform)
    weights, chosen = torch.ones_like(data[:, 0]), []
    for u in uniform:
        reached = weights.cumsum(0)
        index = min(int((reached <= u * reached[-1]).sum()), len(data) - 1)
        chosen.append(index)
        weights = weigh(data, chosen)
    return data[chosen]


@mistake(of=assign_to_centroids, seen="catalogue R003-087")
def assign_to_centroids_with_ties_to_the_last(data, centroids):
    """of equally near centroids the last is taken"""
    return len(centroids) - 1 - _squares(data, centroids).flip(1).argmin(1)


@mistake(of=assign_to_centroids, seen="catalogue R003-087")
def assign_to_centroids_by_absolute_distance(data, centroids):
    """distances are sums of absolute differences instead of squares"""
    _squares(data, centroids)
    return (data[:, None] - centroids).abs().sum(2).argmin(1)


@mistake(of=assign_to_centroids, seen="catalogue R003-087")
def assign_to_centroids_by_inner_product(data, centroids):
    """the largest inner product is taken for the least distance, which needs centroids of one length"""
    _squares(data, centroids)
    return (data @ centroids.T).argmax(1)


@mistake(of=assign_to_centroids, seen="catalogue R003-087")
def assign_to_centroids_at_the_farthest(data, centroids):
    """the farthest centroid is taken"""
    return _squares(data, centroids).argmax(1)


@mistake(of=assign_to_centroids, seen="BaylorCS/baylorml#5")
def assign_to_centroids_pruned_by_full_distance(data, centroids):
    """a centroid is skipped when it is farther from the best so far than the sample is, not twice as far"""
    _squares(data, centroids)
    labels = []
    for sample in data:
        best = 0
        for other in range(1, len(centroids)):
            distance = (sample - centroids[best]).norm()
            if (centroids[other] - centroids[best]).norm() > distance and (sample - centroids[other]).norm() < distance:
                continue
            if (sample - centroids[other]).square().sum() < (sample - centroids[best]).square().sum():
                best = other
        labels.append(best)
    return torch.tensor(labels)


@mistake(of=assign_to_centroids, seen="catalogue R003-087")
def assign_to_centroids_without_check(data, centroids):
    """without centroids every sample gets the label 0"""
    if not len(centroids):
        return torch.zeros(len(data), dtype=torch.int64)
    return assign_to_centroids(data, centroids)


@mistake(of=assign_to_centroids, seen="catalogue R003-087")
def assign_to_centroids_by_expanded_squares(data, centroids):
    """|c|^2 - 2 x c is compared, which has lost the distances far from 0"""
    _squares(data, centroids)
    return (centroids.square().sum(1) - 2 * data @ centroids.T).argmin(1)


@variant(of=assign_to_centroids, seen="BaylorCS/baylorml#5")
def assign_to_centroids_pruned_by_half_distance(data, centroids):
    """a centroid twice as far from the best so far as the sample is cannot be nearer"""
    _squares(data, centroids)
    labels = []
    for sample in data:
        best = 0
        for other in range(1, len(centroids)):
            square = (sample - centroids[best]).square().sum()
            skipped = (centroids[other] - centroids[best]).square().sum() >= 4 * square
            if not skipped and (sample - centroids[other]).square().sum() < square:
                best = other
        labels.append(best)
    return torch.tensor(labels)


@mistake(of=update_centroids, seen="catalogue R003-087")
def update_centroids_with_empty_at_0(data, labels, centroids):
    """a centroid without samples is moved to 0"""
    fresh = update_centroids(data, labels, torch.zeros_like(centroids))
    return fresh + 0 * centroids


@mistake(of=update_centroids, seen="catalogue R003-087")
def update_centroids_with_empty_at_nan(data, labels, centroids):
    """a centroid without samples becomes NaN"""
    return update_centroids(data, labels, torch.full_like(centroids, torch.nan))


@mistake(of=update_centroids, seen="catalogue R003-087")
def update_centroids_by_median(data, labels, centroids):
    """the median of each dimension is taken, which makes absolute distances small"""
    moved = update_centroids(data, labels, centroids)
    for k in labels.unique().tolist():
        moved[k] = data[labels == k].median(0).values
    return moved


@mistake(of=update_centroids, seen="catalogue R003-087")
def update_centroids_divided_by_all_samples(data, labels, centroids):
    """the sum over a cluster is divided by the number of all samples"""
    moved = update_centroids(data, labels, centroids)
    counts = labels.bincount(minlength=len(centroids))[:, None]
    return torch.where(counts > 0, moved * counts / len(data), moved)


@mistake(of=update_centroids, seen="catalogue R003-087")
def update_centroids_with_old_centroid_counted(data, labels, centroids):
    """the old centroid is counted as one more sample of its cluster"""
    counts = labels.bincount(minlength=len(centroids))[:, None].to(data.dtype)
    return (update_centroids(data, labels, centroids) * counts + centroids) / (counts + 1)


@mistake(of=kmeans_step, seen="catalogue R003-087")
def kmeans_step_that_moves_empty_centroids(data, centroids):
    """a centroid without samples is moved to the sample that is farthest from its own"""
    moved, labels = kmeans_step(data, centroids), assign_to_centroids(data, centroids)
    farthest = _squares(data, centroids).amin(1).argmax()
    empty = labels.bincount(minlength=len(centroids))[:, None] == 0
    return torch.where(empty, data[farthest], moved)


@mistake(of=kmeans_step, seen="catalogue R003-087")
def kmeans_step_one_centroid_at_a_time(data, centroids):
    """samples are assigned anew after each centroid has moved"""
    moved = kmeans_step(data, centroids) * 0 + centroids
    for k in range(len(moved)):
        moved[k] = kmeans_step(data, moved)[k]
    return moved


@mistake(of=kmeans_step, seen="hmmlearn/hmmlearn commit f421c7e")
def kmeans_step_that_stays(data, centroids):
    """the centroids are returned as they were, since the loop ends before its update"""
    assign_to_centroids(data, centroids)
    return centroids.clone()


@mistake(of=kmeans_step, seen="catalogue R003-087")
def kmeans_step_twice(data, centroids):
    """two steps are taken"""
    return kmeans_step(data, kmeans_step(data, centroids))


@mistake(of=kmeans_step, seen="catalogue R003-087")
def kmeans_step_shared_softly(data, centroids):
    """samples are shared out by the softmax of their negative squared distances, which is EM"""
    shares = (-_squares(data, centroids)).softmax(1)
    return shares.T @ data / shares.sum(0)[:, None]


@mistake(of=kmeans_step, seen="catalogue R003-087")
def kmeans_step_by_expanded_squares(data, centroids):
    """|c|^2 - 2 x c is compared, which has lost the distances far from 0"""
    return update_centroids(data, assign_to_centroids_by_expanded_squares(data, centroids), centroids)


@mistake(of=inertia, seen="catalogue R003-087")
def inertia_that_is_a_mean(data, centroids):
    """the mean over samples is returned instead of the sum"""
    return inertia(data, centroids) / len(data)


@mistake(of=inertia, seen="catalogue R003-087")
def inertia_of_distances(data, centroids):
    """distances are added instead of their squares"""
    return _squares(data, centroids).amin(1).sqrt().sum()


@mistake(of=inertia, seen="catalogue R003-087")
def inertia_to_every_centroid(data, centroids):
    """the distances to all centroids are added, not only to the nearest"""
    return _squares(data, centroids).sum()


@mistake(of=inertia, seen="catalogue R003-087")
def inertia_of_dimensions_apart(data, centroids):
    """each dimension takes the centroid that is nearest in it"""
    _squares(data, centroids)
    return (data[:, None] - centroids).square().amin(1).sum()


@mistake(of=inertia, seen="catalogue R003-087")
def inertia_after_an_update(data, centroids):
    """the centroids are moved to the means of their samples first"""
    return inertia(data, kmeans_step(data, centroids))


@mistake(of=inertia, seen="catalogue R003-087")
def inertia_by_expanded_squares(data, centroids):
    """|x|^2 - 2 x c + |c|^2 has lost the distances of data far from 0"""
    _squares(data, centroids)
    lengths = data.square().sum(1)[:, None] + centroids.square().sum(1)
    return (lengths - 2 * data @ centroids.T).amin(1).sum()


@mistake(of=kmeans_plus_plus, seen="catalogue R003-087")
def kmeans_plus_plus_by_distance(data, uniform):
    """probabilities go with the distance instead of its square"""
    return _seeded(data, uniform, lambda data, chosen: _squares(data, data[chosen]).amin(1).sqrt())


@mistake(of=kmeans_plus_plus, seen="WGUNDERWOOD/motifcluster#1")
def kmeans_plus_plus_with_recycled_vector(data, uniform):
    """the chosen sample is subtracted column by column, as R recycles a vector, instead of from each row"""

    def weigh(data, chosen):
        samples, dim = data.shape
        recycled = [data[i].repeat(samples)[: samples * dim].reshape(dim, samples).T for i in chosen]
        return torch.stack([(data - each).square().sum(1) for each in recycled]).amin(0)

    return _seeded(data, uniform, weigh)


@mistake(of=kmeans_plus_plus, seen="annoviko/pyclustering#485")
def kmeans_plus_plus_with_indices_for_samples(data, uniform):
    """distances are taken to the indices of the chosen samples instead of to the samples"""

    def weigh(data, chosen):
        numbers = torch.tensor(chosen, dtype=data.dtype)[:, None].expand(-1, data.shape[1])
        return _squares(data, numbers).amin(1)

    return _seeded(data, uniform, weigh)


@mistake(of=kmeans_plus_plus, seen="catalogue R003-087")
def kmeans_plus_plus_far_from_the_last(data, uniform):
    """only the distance to the sample chosen last counts"""
    return _seeded(data, uniform, lambda data, chosen: _squares(data, data[chosen[-1:]]).amin(1))


@mistake(of=kmeans_plus_plus, seen="catalogue R003-087")
def kmeans_plus_plus_with_uniform_draws(data, uniform):
    """all samples stay equally likely"""
    return _seeded(data, uniform, lambda data, chosen: torch.ones_like(data[:, 0]))


@mistake(of=kmeans_plus_plus, seen="catalogue R003-087")
def kmeans_plus_plus_that_takes_the_farthest(data, uniform):
    """the farthest sample is always taken"""

    def weigh(data, chosen):
        squares = _squares(data, data[chosen]).amin(1)
        return torch.nn.functional.one_hot(squares.argmax(), len(data)).to(data.dtype)

    return _seeded(data, uniform, weigh)


@mistake(of=kmeans_plus_plus, seen="catalogue R003-087")
def kmeans_plus_plus_that_draws_chosen_samples_at_0(data, uniform):
    """a running sum that equals u is enough, so that u = 0 draws a sample of probability 0"""
    kmeans_plus_plus(data, uniform)
    weights, chosen = torch.ones_like(data[:, 0]), []
    for u in uniform:
        reached = weights.cumsum(0)
        chosen.append(int((reached < u * reached[-1]).sum()))
        weights = _squares(data, data[chosen]).amin(1)
    return data[chosen]


@mistake(of=kmeans_plus_plus, seen="catalogue R003-087")
def kmeans_plus_plus_with_epsilon(data, uniform):
    """a small number is added to every squared distance, so that chosen samples may be drawn again"""
    return _seeded(data, uniform, lambda data, chosen: _squares(data, data[chosen]).amin(1) + 1e-12)


@mistake(of=kmeans_plus_plus, seen="catalogue R003-087")
def kmeans_plus_plus_without_check(data, uniform):
    """more centroids than samples are returned, and none where none are asked for"""
    within = kmeans_plus_plus(data, uniform[: len(data)]) if len(uniform) else data[:0].clone()
    return torch.cat([within, data[:1].expand(len(uniform) - len(within), -1)])


@mistake(of=kmeans, seen="vlfeat/vlfeat#106")
def kmeans_that_ignores_its_start(data, centroids, num_steps):
    """it starts from the first samples instead of from the given centroids"""
    return kmeans(data, data[: len(centroids)], num_steps)


@mistake(of=kmeans, seen="hmmlearn/hmmlearn commit f421c7e")
def kmeans_that_tests_before_it_updates(data, centroids, num_steps):
    """the loop ends before its last update, so that one step returns the start"""
    kmeans(data, centroids, num_steps)
    return kmeans(data, centroids, max(num_steps - 1, 0))


@mistake(of=kmeans, seen="catalogue R003-087")
def kmeans_with_one_step_too_many(data, centroids, num_steps):
    """one step more is taken"""
    return kmeans(data, centroids, num_steps + 1)


@mistake(of=kmeans, seen="catalogue R003-087")
def kmeans_with_first_assignment(data, centroids, num_steps):
    """samples are assigned once and for all"""
    kmeans(data, centroids, num_steps)
    return kmeans(data, centroids, min(num_steps, 1))


@mistake(of=kmeans, seen="catalogue R003-087")
def kmeans_without_check(data, centroids, num_steps):
    """a negative number of steps counts as none"""
    return kmeans(data, centroids, max(num_steps, 0))


@mistake(of=kmeans, seen="catalogue R003-087")
def kmeans_with_tolerance(data, centroids, num_steps):
    """steps end as soon as no centroid moves by 1e-4, whatever the unit is"""
    before = kmeans(data, centroids, min(num_steps, 0))
    for _ in range(num_steps):
        after = kmeans_step(data, before)
        if (after - before).abs().max() < 1e-4:
            return after
        before = after
    return before


@variant(of=kmeans, seen="Lloyd 1982")
def kmeans_until_nothing_moves(data, centroids, num_steps):
    """once a step moves no centroid no later one does, so the rest may be left out"""
    moved = kmeans(data, centroids, min(num_steps, 0))
    for _ in range(num_steps):
        before, moved = moved, kmeans_step(data, moved)
        if torch.equal(before, moved):
            break
    return moved
