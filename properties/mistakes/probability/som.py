"""Wrong variants of `reference.probability.som`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.som import (
    asymptotic_decay,
    best_matching_unit,
    gaussian_neighborhood,
    linear_decay,
    linear_radius,
    quantization_error,
    som_map,
    som_pca_start,
    som_train,
    som_update,
    squared_grid_distances,
    topographic_error,
)


def distances(weights, data):
    """Of each sample from each node, the nodes row by row."""
    return torch.linalg.vector_norm(data[:, None] - weights.flatten(0, 1), dim=2)


def places(nodes, columns):
    return torch.stack([nodes // columns, nodes % columns], -1)


def even(count):
    return torch.linspace(-1, 1, count) if count > 1 else torch.zeros(1)


def pulled(weights, x, theta, learning_rate):
    return weights + learning_rate * theta[:, :, None] * (x - weights)


def trained(weights, samples, rate, radius):
    for step, x in enumerate(samples):
        weights = som_update(weights, x, best_matching_unit(weights, x), rate(step), radius(step))
    return weights.clone()


@mistake(of=best_matching_unit, seen="JustGlowing/minisom#152")
def best_matching_unit_transposed(weights, x):
    """the index of the node is split into column and row"""
    return best_matching_unit(weights, x).flip(0)


@mistake(of=best_matching_unit, seen="JustGlowing/minisom#152")
def best_matching_unit_split_by_rows(weights, x):
    """the index of the node is divided by the number of rows instead of the number of columns"""
    row, column = best_matching_unit(weights, x)
    return places(row * weights.shape[1] + column, weights.shape[0])


@mistake(of=best_matching_unit, seen="catalogue R004-054")
def best_matching_unit_by_dot_product(weights, x):
    """the node with the largest product with x is taken, which is the nearest only if all weights are equally long"""
    return places((weights @ x).flatten().argmax(), weights.shape[1])


@mistake(of=best_matching_unit, seen="catalogue R004-054")
def best_matching_unit_last_of_equals(weights, x):
    """of equally near nodes the last is taken"""
    rows, columns, _ = weights.shape
    return torch.tensor([rows - 1, columns - 1]) - best_matching_unit(weights.flip(0, 1), x)


@mistake(of=best_matching_unit, seen="catalogue R004-054")
def best_matching_unit_by_expanded_squares(weights, x):
    """|W|^2 - 2 x W is compared, which has lost the distances far from 0"""
    best_matching_unit(weights, x)
    nodes = weights.flatten(0, 1)
    return places((nodes.square().sum(1) - 2 * nodes @ x).argmin(), weights.shape[1])


@mistake(of=som_map, seen="JustGlowing/minisom commit 0373452")
def som_map_by_expansion(weights, data):
    """|x|^2 - 2 x W + |W|^2 loses the distances of data far from the origin"""
    som_map(weights, data)
    nodes = weights.flatten(0, 1)
    squared = data.square().sum(1, keepdim=True) - 2 * data @ nodes.T + nodes.square().sum(1)
    return places(squared.clamp(min=0).argmin(1), weights.shape[1])


@mistake(of=som_map, seen="catalogue R004-059")
def som_map_by_city_block(weights, data):
    """distances are sums of absolute differences"""
    squared = (data[:, None] - weights.flatten(0, 1)).abs().sum(2)
    return places(squared.argmin(1), weights.shape[1])


@mistake(of=som_map, seen="catalogue R004-059")
def som_map_of_nodes(weights, data):
    """each sample gets the node to which it is nearest of all samples, if there is one"""
    taken = distances(weights, data).argmin(0)
    nearest = torch.stack([(taken == i).long().argmax() for i in range(len(data))])
    return places(nearest, weights.shape[1])


@variant(of=som_map, seen="catalogue R004-059")
def som_map_with_roots(weights, data):
    """the root of the squared distance keeps the order of the nodes"""
    som_map(weights, data)
    return places((data[:, None] - weights.flatten(0, 1)).square().sum(2).sqrt().argmin(1), weights.shape[1])


@mistake(of=squared_grid_distances, seen="JustGlowing/minisom#152")
def squared_grid_distances_transposed(rows, columns, unit):
    """row and column of the unit are exchanged"""
    return squared_grid_distances(rows, columns, unit.flip(0))


@mistake(of=squared_grid_distances, seen="catalogue R004-055")
def squared_grid_distances_of_city_blocks(rows, columns, unit):
    """steps along the rows and along the columns are added before they are squared"""
    squared = squared_grid_distances(rows, columns, unit)
    down, across = (torch.arange(rows) - unit[0]).abs(), (torch.arange(columns) - unit[1]).abs()
    return (down[:, None] + across) ** 2 + 0 * squared


@mistake(of=squared_grid_distances, seen="catalogue R004-055")
def squared_grid_distances_on_a_torus(rows, columns, unit):
    """the grid is closed to a ring in both directions"""
    squared_grid_distances(rows, columns, unit)
    down, across = (torch.arange(rows) - unit[0]).abs(), (torch.arange(columns) - unit[1]).abs()
    return (torch.minimum(down, rows - down) ** 2)[:, None] + torch.minimum(across, columns - across) ** 2


@mistake(of=squared_grid_distances, seen="catalogue R004-055")
def squared_grid_distances_without_check(rows, columns, unit):
    """a map without rows or columns has distances all the same"""
    return (torch.arange(rows) - unit[0])[:, None] ** 2 + (torch.arange(columns) - unit[1]) ** 2


@mistake(of=gaussian_neighborhood, seen="JustGlowing/minisom commit fe020e3")
def gaussian_neighborhood_with_pi(squared_distance, sigma):
    """the exponent is divided by 2 pi sigma^2 instead of 2 sigma^2"""
    return gaussian_neighborhood(squared_distance / math.pi, sigma)


@mistake(of=gaussian_neighborhood, seen="E004-13")
def gaussian_neighborhood_that_is_a_distance(squared_distance, sigma):
    """the distance itself is returned, which grows where the weight is to fall"""
    return squared_distance.sqrt() / sigma + 0 * gaussian_neighborhood(squared_distance, sigma)


@mistake(of=gaussian_neighborhood, seen="catalogue R004-055")
def gaussian_neighborhood_of_squared_squares(squared_distance, sigma):
    """the squared distance is squared again"""
    return gaussian_neighborhood(squared_distance**2, sigma)


@mistake(of=gaussian_neighborhood, seen="catalogue R004-055")
def gaussian_neighborhood_that_sums_to_one(squared_distance, sigma):
    """the weights are normalised, so that the winner itself does not take the whole step"""
    return gaussian_neighborhood(squared_distance, sigma) / (math.sqrt(2 * math.pi) * sigma)


@mistake(of=gaussian_neighborhood, seen="catalogue R004-055")
def gaussian_neighborhood_without_check(squared_distance, sigma):
    """a radius of 0, or below, is taken all the same"""
    return torch.exp(-squared_distance / (2 * sigma**2 + 1e-12 * (sigma == 0)))


@mistake(of=linear_decay, seen="catalogue R004-056")
def linear_decay_that_rises(step, num_steps):
    """the rate rises from 0 to 1"""
    return 1 - linear_decay(step, num_steps)


@mistake(of=linear_decay, seen="catalogue R004-056")
def linear_decay_to_the_last_step(step, num_steps):
    """the rate is 0 at the last update already, which is then lost"""
    linear_decay(step, num_steps)
    return 1 - step / max(num_steps - 1, 1)


@mistake(of=linear_decay, seen="catalogue R004-056")
def linear_decay_without_check(step, num_steps):
    """steps after the end get a negative rate, which drives nodes away from the data"""
    return 1 - step / (num_steps or 1)


@mistake(of=asymptotic_decay, seen="catalogue R004-056")
def asymptotic_decay_to_a_half(step, num_steps):
    """the step is divided by lambda instead of half of it"""
    asymptotic_decay(step, num_steps)
    return 1 / (1 + step / num_steps)


@mistake(of=asymptotic_decay, seen="JustGlowing/minisom#184")
def asymptotic_decay_to_zero(step, num_steps):
    """the rate falls to 0 instead of 1/3"""
    asymptotic_decay(step, num_steps)
    return 1 - step / num_steps


@mistake(of=linear_radius, seen="JustGlowing/minisom#184")
def linear_radius_to_zero(initial, step, num_steps):
    """the radius shares the learning rate's schedule and shrinks to 0, where no neighbour moves"""
    linear_radius(initial, step, num_steps)
    return initial * linear_decay(step, num_steps)


@mistake(of=linear_radius, seen="JustGlowing/minisom#184")
def linear_radius_to_a_third(initial, step, num_steps):
    """the radius shares the asymptotic schedule and ends at a third of its start, whatever that is"""
    linear_radius(initial, step, num_steps)
    return initial * asymptotic_decay(step, num_steps)


@mistake(of=linear_radius, seen="catalogue R004-055")
def linear_radius_without_check(initial, step, num_steps):
    """a radius below 1 grows"""
    linear_decay(step, num_steps)
    return initial + (1 - initial) * step / num_steps


@mistake(of=som_update, seen="E004-12")
def som_update_around_every_node(weights, x, unit, learning_rate, sigma):
    """the neighbourhood of each node is centred on itself, so that all move as the winner does"""
    som_update(weights, x, unit, learning_rate, sigma)
    return weights + learning_rate * (x - weights)


@mistake(of=som_update, seen="abhinavralhan/kohonen-maps#2")
def som_update_by_distance_from_weights(weights, x, unit, learning_rate, sigma):
    """the neighbourhood measures the distance of a node's place from the winner's weights instead of its place"""
    som_update(weights, x, unit, learning_rate, sigma)
    rows, columns, _ = weights.shape
    centre = weights[unit[0], unit[1]]
    squared = (torch.arange(rows) - centre[0])[:, None] ** 2 + (torch.arange(columns) - centre[1]) ** 2
    return pulled(weights, x, gaussian_neighborhood(squared, sigma), learning_rate)


@mistake(of=som_update, seen="JustGlowing/minisom commit fe020e3")
def som_update_with_pi(weights, x, unit, learning_rate, sigma):
    """the neighbourhood is divided by 2 pi sigma^2 instead of 2 sigma^2"""
    return som_update(weights, x, unit, learning_rate, math.sqrt(math.pi) * sigma)


@mistake(of=som_update, seen="catalogue R004-055")
def som_update_of_the_winner(weights, x, unit, learning_rate, sigma):
    """only the winner moves"""
    som_update(weights, x, unit, learning_rate, sigma)
    return som_update(weights, x, unit, learning_rate, 2.0**-6)


@mistake(of=som_update, seen="catalogue R004-055")
def som_update_away_from_the_sample(weights, x, unit, learning_rate, sigma):
    """the sign of the difference is wrong, so that nodes flee"""
    return 2 * weights - som_update(weights, x, unit, learning_rate, sigma)


@mistake(of=som_update, seen="catalogue R004-055")
def som_update_without_check(weights, x, unit, learning_rate, sigma):
    """a learning rate outside [0, 1] throws nodes beyond the sample"""
    return weights + learning_rate * (som_update(weights, x, unit, 1.0, sigma) - weights)


@mistake(of=som_train, seen="catalogue R004-058")
def som_train_in_the_order_of_data(weights, data, order, learning_rate, sigma):
    """the samples are taken as they lie, whatever the order"""
    return som_train(weights, data, torch.arange(len(order)) % len(data), learning_rate, sigma)


@mistake(of=som_train, seen="catalogue R004-056")
def som_train_at_constant_rate(weights, data, order, learning_rate, sigma):
    """the learning rate does not fall"""
    som_train(weights, data, order, learning_rate, sigma)
    steps = len(order)
    return trained(weights, data[order], lambda s: learning_rate, lambda s: linear_radius(sigma, s, steps))


@mistake(of=som_train, seen="catalogue R004-055")
def som_train_at_constant_radius(weights, data, order, learning_rate, sigma):
    """the radius does not shrink"""
    som_train(weights, data, order, learning_rate, sigma)
    return trained(weights, data[order], lambda s: learning_rate * linear_decay(s, len(order)), lambda s: sigma)


@mistake(of=som_train, seen="JustGlowing/minisom#184")
def som_train_with_radius_to_zero(weights, data, order, learning_rate, sigma):
    """the radius shrinks to 0 with the learning rate, and the winner ends up moving alone"""
    som_train(weights, data, order, learning_rate, sigma)
    decay = [linear_decay(s, len(order)) for s in range(len(order))]
    return trained(weights, data[order], lambda s: learning_rate * decay[s], lambda s: sigma * decay[s])


@mistake(of=som_train, seen="angelolab/ark-analysis#348")
def som_train_with_radius_per_pass(weights, data, order, learning_rate, sigma):
    """the radius shrinks with every sample by what it is to shrink in a pass over the data"""
    som_train(weights, data, order, learning_rate, sigma)
    steps, passes = len(order), math.ceil(len(order) / len(data))
    return trained(
        weights,
        data[order],
        lambda s: learning_rate * linear_decay(s, steps),
        lambda s: linear_radius(sigma, min(s, passes), passes),
    )


@mistake(of=som_train, seen="catalogue R004-058")
def som_train_as_a_batch(weights, data, order, learning_rate, sigma):
    """all winners are found on the map as it was at the start, and their pulls are added"""
    som_train(weights, data, order, learning_rate, sigma)
    steps, total = len(order), weights.clone()
    for s, x in enumerate(data[order]):
        rate, radius = learning_rate * linear_decay(s, steps), linear_radius(sigma, s, steps)
        total = total + som_update(weights, x, best_matching_unit(weights, x), rate, radius) - weights
    return total


@mistake(of=som_train, seen="catalogue R004-058")
def som_train_with_first_winners(weights, data, order, learning_rate, sigma):
    """winners are found on the map as it was at the start"""
    som_train(weights, data, order, learning_rate, sigma)
    winners = som_map(weights, data[order])
    for s, (x, unit) in enumerate(zip(data[order], winners, strict=True)):
        rate, radius = learning_rate * linear_decay(s, len(order)), linear_radius(sigma, s, len(order))
        weights = som_update(weights, x, unit, rate, radius)
    return weights.clone()


@mistake(of=som_train, seen="catalogue R004-055")
def som_train_around_the_corner(weights, data, order, learning_rate, sigma):
    """the neighbourhood is centred on the first node instead of the winner"""
    som_train(weights, data, order, learning_rate, sigma)
    for s, x in enumerate(data[order]):
        rate, radius = learning_rate * linear_decay(s, len(order)), linear_radius(sigma, s, len(order))
        weights = som_update(weights, x, torch.tensor([0, 0]), rate, radius)
    return weights.clone()


@mistake(of=som_train, seen="catalogue R004-055")
def som_train_without_check(weights, data, order, learning_rate, sigma):
    """rates outside [0, 1] and radii below 1 are bent into the domain in silence"""
    rate = min(max(learning_rate, 0.0), 1.0) if learning_rate == learning_rate else 0.5
    return som_train(weights, data, order, rate, max(sigma, 1.0) if sigma < math.inf else 1.0)


@mistake(of=som_pca_start, seen="JustGlowing/minisom, pca_weights_init")
def som_pca_start_with_unit_sides(data, rows, columns):
    """the sides of the sheet have length 1 whatever the spread of the data"""
    nodes, mean = som_pca_start(data, rows, columns), data.mean(0)
    first, second = torch.linalg.svd(data - mean, full_matrices=False).Vh[:2]
    return 0 * nodes + mean + even(rows)[:, None, None] * first + even(columns)[:, None] * second


@mistake(of=som_pca_start, seen="catalogue R004-057")
def som_pca_start_around_the_origin(data, rows, columns):
    """the mean of the data is not added"""
    return som_pca_start(data, rows, columns) - data.mean(0)


@mistake(of=som_pca_start, seen="catalogue R004-057")
def som_pca_start_of_raw_data(data, rows, columns):
    """the data is not centred before its axes are found"""
    nodes = som_pca_start(torch.cat([data, -data]), rows, columns)
    return nodes + data.mean(0)


@mistake(of=som_pca_start, seen="catalogue R004-057")
def som_pca_start_with_variances(data, rows, columns):
    """the sides are variances instead of standard deviations"""
    mean, nodes = data.mean(0), som_pca_start(data, rows, columns)
    covariance = (data - mean).T @ (data - mean) / len(data)
    first, second = torch.linalg.eigvalsh(covariance).sqrt().flip(0)[:2]
    offset = nodes - mean
    middle = (nodes[:1] + nodes[-1:]) / 2 - mean
    return mean + (offset - middle) * first + middle * second


@mistake(of=som_pca_start, seen="catalogue R004-057")
def som_pca_start_with_last_axes(data, rows, columns):
    """eigenvectors in ascending order are taken from the front: the narrowest axes"""
    nodes, mean = som_pca_start(data, rows, columns), data.mean(0)
    values, vectors = torch.linalg.eigh((data - mean).T @ (data - mean) / len(data))
    first, second = (values.clamp(min=0).sqrt()[:, None] * vectors.T)[:2]
    return 0 * nodes + mean + even(rows)[:, None, None] * first + even(columns)[:, None] * second


@mistake(of=som_pca_start, seen="catalogue R004-057")
def som_pca_start_of_sample_variance(data, rows, columns):
    """the variance along an axis is divided by one less than the number of samples"""
    mean = data.mean(0)
    return mean + (som_pca_start(data, rows, columns) - mean) * math.sqrt(len(data) / max(len(data) - 1, 1))


@mistake(of=som_pca_start, seen="catalogue R004-057")
def som_pca_start_without_check(data, rows, columns):
    """one sample, or one dimension, gives a map all the same"""
    if min(data.shape) < 2 or min(rows, columns) < 1:
        return data.nanmean(0).nan_to_num().expand(rows, columns, -1).clone()
    return som_pca_start(data, rows, columns)


@mistake(of=quantization_error, seen="catalogue R004-059")
def quantization_error_of_squares(weights, data):
    """the squared distances are averaged"""
    quantization_error(weights, data)
    return distances(weights, data).amin(1).square().mean()


@mistake(of=quantization_error, seen="catalogue R004-059")
def quantization_error_by_city_block(weights, data):
    """distances are sums of absolute differences"""
    quantization_error(weights, data)
    return (data[:, None] - weights.flatten(0, 1)).abs().sum(2).amin(1).mean()


@mistake(of=quantization_error, seen="catalogue R004-059")
def quantization_error_over_nodes(weights, data):
    """the mean is over the nodes, each to its nearest sample"""
    quantization_error(weights, data)
    return distances(weights, data).amin(0).mean()


@mistake(of=quantization_error, seen="JustGlowing/minisom commit 0373452")
def quantization_error_by_expansion(weights, data):
    """|x|^2 - 2 x W + |W|^2 loses the distances of data far from the origin"""
    quantization_error(weights, data)
    nodes = weights.flatten(0, 1)
    squared = data.square().sum(1, keepdim=True) - 2 * data @ nodes.T + nodes.square().sum(1)
    return squared.clamp(min=0).sqrt().amin(1).mean()


@mistake(of=quantization_error, seen="catalogue R004-059")
def quantization_error_without_check(weights, data):
    """no samples have an error of 0"""
    return quantization_error(weights, data) if len(data) and weights.numel() else weights.sum()


@mistake(of=topographic_error, seen="JustGlowing/minisom#55")
def topographic_error_of_inverse_permutation(weights, data):
    """the ranks of the first two nodes are taken for the nodes of the first two ranks"""
    topographic_error(weights, data)
    ranks = distances(weights, data).argsort(dim=1, stable=True)
    best = [(ranks == place).long().argmax(1) for place in (0, 1)]
    moves = (places(best[0], weights.shape[1]) - places(best[1], weights.shape[1])).abs().amax(1)
    return (moves > 1).to(data.dtype).mean()


@mistake(of=topographic_error, seen="JustGlowing/minisom#129")
def topographic_error_without_corners(weights, data):
    """nodes that share a corner do not count as neighbours"""
    topographic_error(weights, data)
    best = distances(weights, data).argsort(dim=1, stable=True)[:, :2]
    moves = places(best, weights.shape[1]).diff(dim=1).abs().sum((1, 2))
    return (moves > 1).to(data.dtype).mean()


@mistake(of=topographic_error, seen="catalogue R004-059")
def topographic_error_of_indices(weights, data):
    """nodes count as neighbours if their indices follow each other, also over the end of a row"""
    topographic_error(weights, data)
    best = distances(weights, data).argsort(dim=1, stable=True)[:, :2]
    return (best.diff(dim=1).abs() > 1).to(data.dtype).mean()


@mistake(of=topographic_error, seen="catalogue R004-059")
def topographic_error_that_is_a_share_of_good_samples(weights, data):
    """the samples whose two nodes are neighbours are counted"""
    return 1 - topographic_error(weights, data)


@mistake(of=topographic_error, seen="catalogue R004-059")
def topographic_error_without_check(weights, data):
    """a single node, or no sample, has an error of 0"""
    return topographic_error(weights, data) if len(data) and weights[:, :, 0].numel() > 1 else data.sum() * 0
