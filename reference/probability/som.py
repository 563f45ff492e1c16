"""Self-organising maps: nodes on a rectangular grid whose weights move towards the data, neighbours together.

The weights of node (row, column) are weights[row, column]. Learning rate and radius change with every sample.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def best_matching_unit(weights: Float[Tensor, "rows columns dim"], x: Float[Tensor, "dim"]) -> Int64[Tensor, "2"]:
    """Row and column of the node whose weights are nearest to x.

        u = argmin_v |x - W_v|

    Domain: at least one node; else ValueError. Of equally near nodes the first, row by row.
    Source: Kohonen 1990, "The self-organizing map".
    Differs: |x|^2 - 2 x W + |W|^2, in fast implementations, loses the distances of data far from the origin.
    Notes: R004-054.
    """
    return som_map(weights, x[None]).squeeze(0)


def som_map(
    weights: Float[Tensor, "rows columns dim"], data: Float[Tensor, "samples dim"]
) -> Int64[Tensor, "samples 2"]:
    """Row and column of the best matching unit of each sample.

    Domain: as for `best_matching_unit`.
    Source: Kohonen 1990, "The self-organizing map".
    Notes: R004-059.
    """
    return _places(_differences(weights, data).square().sum(2).argmin(1), weights.shape[1])


def squared_grid_distances(rows: int, columns: int, unit: Int64[Tensor, "2"]) -> Int64[Tensor, "rows columns"]:
    """Squared distance on the grid from each node (i, j) to the node at unit (r, c), whatever their weights.

        d^2 = (i - r)^2 + (j - c)^2

    Domain: rows, columns >= 1; else ValueError.
    Source: Kohonen 1990, "The self-organizing map".
    Differs: hexagonal grids shift every other row by half a column.
    Notes: R004-055.
    """
    _check_grid(rows, columns)
    down = torch.arange(rows, device=unit.device) - unit[0]
    across = torch.arange(columns, device=unit.device) - unit[1]
    return down[:, None] ** 2 + across**2


def gaussian_neighborhood(squared_distance: Float[Tensor, "*shape"], sigma: float) -> Float[Tensor, "*shape"]:
    """Share theta of the winner's step that a node at a distance on the grid takes: 1 at 0, falling towards 0.

        theta = exp(-d^2 / (2 sigma^2))

    Domain: sigma > 0; else ValueError.
    Source: Kohonen 1990, "The self-organizing map".
    Differs: MiniSom once divided by 2 pi sigma^2. Bubble, triangle and Mexican hat take the Gaussian's place.
    Notes: R004-055.
    """
    if not sigma > 0:
        raise ValueError(f"sigma must be positive; got {sigma}")
    return torch.exp(-squared_distance / (2 * sigma**2))


def linear_decay(step: int, num_steps: int) -> float:
    """Factor of the learning rate that falls to 0 in equal steps: at 1 the winner may land on x, at 0 nothing moves.

        1 - s / lambda

    Domain: 0 <= step <= num_steps, num_steps >= 1; else ValueError.
    Source: Kohonen 1990, "The self-organizing map".
    Notes: R004-056.
    """
    _check_step(step, num_steps)
    return 1 - step / num_steps


def asymptotic_decay(step: int, num_steps: int) -> float:
    """Factor of the learning rate, or of the radius, that falls from 1 to 1/3.

        1 / (1 + s / (lambda / 2))

    Domain: as for `linear_decay`.
    Source: MiniSom, `_asymptotic_decay`.
    Notes: R004-056.
    """
    _check_step(step, num_steps)
    return 1 / (1 + step / (num_steps / 2))


def linear_radius(initial: float, step: int, num_steps: int) -> float:
    """Radius sigma of the neighbourhood that shrinks to 1, the distance of two nodes, in equal steps.

        sigma(s) = sigma_0 + (1 - sigma_0) s / lambda

    Domain: initial >= 1, 0 <= step <= num_steps, num_steps >= 1; else ValueError.
    Source: MiniSom, `_linear_decay_to_one`.
    Differs: the learning rate's schedule, used for the radius too, ends with a winner that moves alone.
    Notes: R004-055.
    """
    if not (initial >= 1 and math.isfinite(initial)):
        raise ValueError(f"the initial radius must be a number of at least 1; got {initial}")
    _check_step(step, num_steps)
    return initial + (1 - initial) * step / num_steps


def som_update(
    weights: Float[Tensor, "rows columns dim"],
    x: Float[Tensor, "dim"],
    unit: Int64[Tensor, "2"],
    learning_rate: float,
    sigma: float,
) -> Float[Tensor, "rows columns dim"]:
    """The weights after every node moved towards x, the one at unit most, the others less with distance from it.

        W_v := W_v + learning_rate theta(u, v) (x - W_v),   theta(u, v) = exp(-|u - v|^2 / (2 sigma^2))

    Each node stays between where it was and x.

    Domain: learning_rate in [0, 1], sigma > 0; else ValueError. At learning_rate = 1 node u lands on x, at 0 nothing
    moves.
    Source: Kohonen 1990, "The self-organizing map".
    Notes: R004-055.
    """
    if not 0 <= learning_rate <= 1:
        raise ValueError(f"learning_rate must be in [0, 1]; got {learning_rate}")
    rows, columns, _ = weights.shape
    squared_distance = squared_grid_distances(rows, columns, unit).to(weights.dtype)
    theta = gaussian_neighborhood(squared_distance, sigma)
    return weights + learning_rate * theta[:, :, None] * (x - weights)


def som_train(
    weights: Float[Tensor, "rows columns dim"],
    data: Float[Tensor, "samples dim"],
    order: Int64[Tensor, "steps"],
    learning_rate: float,
    sigma: float,
) -> Float[Tensor, "rows columns dim"]:
    """The weights after an update for the best matching unit of each sample in turn.

        x = data[order[s]],   u = argmin_v |x - W_v|,   s = 0..lambda-1
        W_v := W_v + learning_rate (1 - s / lambda) theta(u, v) (x - W_v)

    The radius of theta goes from sigma to 1 by `linear_radius`; lambda is the number of samples taken, over all passes.

    Domain: learning_rate in [0, 1], sigma >= 1, as each step checks; else ValueError. With an empty order the given
        weights.
    Source: Kohonen 1990, "The self-organizing map".
    Differs: MiniSom shrinks both by `asymptotic_decay` unless told otherwise.
    Notes: R004-055, R004-056, R004-058.
    """
    weights, samples = weights.clone(), data[order]
    for step, x in enumerate(samples):
        rate = learning_rate * linear_decay(step, len(samples))
        radius = linear_radius(sigma, step, len(samples))
        weights = som_update(weights, x, best_matching_unit(weights, x), rate, radius)
    return weights


def som_pca_start(data: Float[Tensor, "samples dim"], rows: int, columns: int) -> Float[Tensor, "rows columns dim"]:
    """Weights to start from: an even grid in the plane of the two leading principal components, around the mean.

        W_ij = mean + a_i sigma_1 e_1 + b_j sigma_2 e_2

    with unit axes e_1, e_2 and standard deviations sigma_1 >= sigma_2 of the data along them (the variance divided by
    the number of samples), and a, b evenly from -1 to 1; in a single row or column 0. Less the mean, their rank is at
    most 2. The sign of an axis is arbitrary, and turns the sheet over.

    Domain: at least two samples, of two dimensions or more; rows, columns >= 1; else ValueError. With equal samples
    every node is the mean.
    Source: Kohonen 2001, "Self-Organizing Maps".
    Differs: MiniSom takes e_1 and e_2 as they are, without the spread of the data.
    Notes: R004-057.
    """
    _check_grid(rows, columns)
    samples, dim = data.shape
    if samples < 2 or dim < 2:
        raise ValueError(f"two components need at least two samples of two dimensions; got {samples} of {dim}")
    mean = data.mean(0)
    _, singular, axes = torch.linalg.svd(data - mean, full_matrices=False)
    sides = singular[:2, None] / math.sqrt(samples) * axes[:2]
    return mean + _even(rows, data)[:, None, None] * sides[0] + _even(columns, data)[:, None] * sides[1]


def quantization_error(
    weights: Float[Tensor, "rows columns dim"], data: Float[Tensor, "samples dim"]
) -> Float[Tensor, ""]:
    """Mean distance of the samples from the weights of their best matching units.

        mean over i of min_v |x_i - W_v|

    Domain: at least one node and one sample; else ValueError.
    Source: Kohonen 2001, "Self-Organizing Maps".
    Differs: some take the mean of the squared distances.
    Notes: R004-059.
    """
    _check_samples(data)
    return torch.linalg.vector_norm(_differences(weights, data), dim=2).amin(1).mean()


def topographic_error(
    weights: Float[Tensor, "rows columns dim"], data: Float[Tensor, "samples dim"]
) -> Float[Tensor, ""]:
    """Share of the samples whose nearest two nodes are not neighbours on the grid, sharing a side or a corner.

    Domain: at least two nodes and one sample; else ValueError. Of equally near nodes the first count, row by row.
    Source: Kiviluoto 1996, "Topology preservation in self-organizing maps".
    Differs: some count only nodes that share a side as neighbours.
    Notes: R004-059.
    """
    _check_samples(data)
    rows, columns, _ = weights.shape
    if rows * columns < 2:
        raise ValueError(f"a topographic error needs at least two nodes; got {rows * columns}")
    nearest = _differences(weights, data).square().sum(2).argsort(dim=1, stable=True)[:, :2]
    steps = _places(nearest, columns).diff(dim=1).abs().amax(2)
    return (steps > 1).to(data.dtype).mean()


def _differences(weights: Tensor, data: Tensor) -> Tensor:
    """Of each sample from each node, the nodes row by row."""
    _check_grid(*weights.shape[:2])
    return data[:, None] - weights.flatten(0, 1)


def _places(nodes: Tensor, columns: int) -> Tensor:
    """Row and column of nodes that are counted row by row."""
    return torch.stack([nodes // columns, nodes % columns], -1)


def _even(count: int, like: Tensor) -> Tensor:
    """Numbers evenly from -1 to 1, both included; a single one is 0."""
    return (2 * torch.arange(count, dtype=like.dtype, device=like.device) - (count - 1)) / max(count - 1, 1)


def _check_grid(rows: int, columns: int) -> None:
    if rows < 1 or columns < 1:
        raise ValueError(f"a map needs at least one row and one column; got {rows} and {columns}")


def _check_step(step: int, num_steps: int) -> None:
    if num_steps < 1 or not 0 <= step <= num_steps:
        raise ValueError(f"step must be in 0..num_steps, and num_steps at least 1; got {step} of {num_steps}")


def _check_samples(data: Tensor) -> None:
    if not len(data):
        raise ValueError(f"there must be at least one sample; got {len(data)}")
