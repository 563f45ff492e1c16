"""Judges MiniSom: its maps on rectangular grids, with Gaussian neighbourhoods.

    best matching units                   MiniSom.winner
    one update                            MiniSom.update at the first step, where nothing has decayed
    training                              MiniSom.train with "linear_decay_to_zero" and "linear_decay_to_one"
    neighbourhood                         MiniSom.neighborhood of a row of nodes, of which the winner is the first
    decays and radius                     the functions behind the names "linear_decay_to_zero", "asymptotic_decay" and
                                          "linear_decay_to_one", at a rate of 1
    start in the plane of two components  MiniSom.pca_weights_init
    quantisation, topographic error       MiniSom.quantization_error, MiniSom.topographic_error

A map has no argument for its weights, which are put in the place of the random ones. Nor has a neighbourhood one for
distances: the nodes are put that far from the first.
"""

import numpy as np
from minisom import MiniSom

PACKAGES = ("MiniSom",)
ARRAYS = "numpy"

_UNTRAINED = MiniSom(1, 1, 1)


def _som(weights, **config):
    som = MiniSom(*weights.shape, **config)
    som._weights = weights.copy()
    return som


def best_matching_unit(weights, x):
    return np.array(_som(weights).winner(x))


def som_map(weights, data):
    som = _som(weights)
    return np.array([som.winner(x) for x in data])


def gaussian_neighborhood(squared_distance, sigma):
    places = np.sqrt(np.append(0, squared_distance))
    row = MiniSom(len(places), 1, 1)
    row._xx = places[None]
    return row.neighborhood((0, 0), sigma)[1:, 0].reshape(squared_distance.shape).astype(squared_distance.dtype)


def linear_decay(step, num_steps):
    return _UNTRAINED._linear_decay_to_zero(1.0, step, num_steps)


def asymptotic_decay(step, num_steps):
    return _UNTRAINED._asymptotic_decay(1.0, step, num_steps)


def linear_radius(initial, step, num_steps):
    return _UNTRAINED._linear_decay_to_one(initial, step, num_steps)


def som_update(weights, x, unit, learning_rate, sigma):
    som = _som(weights, learning_rate=learning_rate, sigma=sigma)
    som.update(x, tuple(unit), 0, 1)
    return som.get_weights()


def som_train(weights, data, order, learning_rate, sigma):
    decays = {"decay_function": "linear_decay_to_zero", "sigma_decay_function": "linear_decay_to_one"}
    som = _som(weights, learning_rate=learning_rate, sigma=sigma, **decays)
    if len(order):
        som.train(data[order], len(order))
    return som.get_weights()


def som_pca_start(data, rows, columns):
    som = MiniSom(rows, columns, data.shape[1])
    som.pca_weights_init(data)
    return som.get_weights().astype(data.dtype)


def quantization_error(weights, data):
    return _som(weights).quantization_error(data)


def topographic_error(weights, data):
    return np.asarray(_som(weights).topographic_error(data), weights.dtype)
