"""One small valid input of every function in `reference.probability`, for the smoke check of adapters.

Axis sizes differ, and no parameter has the value at which formulas coincide.
"""

import torch

from reference.probability.coins import TwoCoins
from reference.probability.conjugate import BetaState, NormalState, RegressionState
from reference.probability.crf import LinearChain
from reference.probability.estimation import SearchState
from reference.probability.gan import GanParameters
from reference.probability.gaussian_mixture import GaussianMixture
from reference.probability.hmm import CategoricalHiddenMarkovModel, HiddenMarkovModel
from reference.probability.kalman import LinearGaussianState, StateSpaceModel
from reference.probability.moments import Moments
from reference.probability.ppca import PPCA
from reference.probability.random_field import Clique


def _table(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


_hidden_model = HiddenMarkovModel(_table(0.5, 0.125, 0.375), _table(2, 5, 1, 4, 3, 1, 3, 2, 3).reshape(3, 3) / 8)
_log_emission = _table(-1, -2, -0.5, -0.25, -3, -1.5, -2, -0.75, -1.25, -0.5, -1, -2.5, -3, -0.125, -2).reshape(5, 3)
_hidden_chain = {"model": _hidden_model, "log_emission": _log_emission}
_linear_state = LinearGaussianState(_table(0.5, -1), _table(2, 0.5, 0.5, 1).reshape(2, 2))
_state_space = StateSpaceModel(
    _table(0.75, 0.25, -0.5, 1).reshape(2, 2),
    _table(0.5, 0.125, 0.125, 0.25).reshape(2, 2),
    _table(1, 0.5, -1, 0.25, 0, 2).reshape(3, 2),
    _table(1, 0.25, 0, 0.25, 0.5, 0.125, 0, 0.125, 2).reshape(3, 3),
)
_ppca = PPCA(_table(1, -0.5, 0.25, 2), _table(1, 0.5, -0.25, 2, 0.75, -1, 1.5, 0.125).reshape(4, 2), _table(0.375)[0])
_ppca_data = _table(3, -1, 0, 2, 1, 1, -2, 0.5, 0, 2, 1, -1, -1, 0, 3, 1, 2, 2, -1, 0, 0.5, -2, 1, 3, -3, 1, 0, 1)

_coins = {
    "coins": TwoCoins(_table(0.625)[0], _table(0.25)[0]),
    "heads": torch.tensor([5, 2, 6]),
    "tosses": 7,
}
_mixture = GaussianMixture(
    _table(0.5, 0.125, 0.375),
    _table(0.5, -1, 2, 0.25, -0.5, 1.5).reshape(3, 2),
    _table(2, 0.5, 0.5, 1, 3, -1, -1, 2, 1, 0.25, 0.25, 4).reshape(3, 2, 2),
)
_samples = _table(0.75, -2, 3, 1.5, -1, 0.25, 2, 2.5, -3, -1.25).reshape(5, 2)
_gamma = _table(1, 2, 5, 3, 1, 4, 5, 2, 1, 2, 4, 2, 1, 6, 1).reshape(5, 3) / 8
_centroids = _table(0.5, -1, 2, 0.25, -0.5, 1.5).reshape(3, 2)

_moments = Moments(torch.tensor(7), _table(0.5, -1), _table(8, -3, -3, 5).reshape(2, 2))
_likelihood = _table(0.5, 0.125, 0.375, 0.25, 0.625, 0.125).reshape(2, 3)

_targets = _table(2, -1.5, 0.75, 3, -0.25)
_regression = {"features": _samples, "targets": _targets}
_classification = {
    "features": _samples,
    "labels": torch.tensor([True, False, False, True, True]),
    "penalty": 0.75,
}

_log_joint = _table(-0.5, -2.25, -1.0, 0.75, -3.0, -1.75).reshape(2, 3)
_precision = _table(2.0, 0.5, -0.75, 0.5, 1.5, 0.25, -0.75, 0.25, 1.0).reshape(3, 3)


def _decode(z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.cat([z, z[:, :1] * z[:, 1:]], 1) / 2 + 0.25, z[:, :1].sin()


_gaussian = {
    "mean": _table(0.5, -1, 0.25),
    "covariance": _table(2, 0.5, -0.25, 0.5, 1, 0.75, -0.25, 0.75, 3).reshape(3, 3),
}
_linear_map = {
    "matrix": _table(1, 0.5, -2, 0.25, -1, 1.5).reshape(2, 3),
    "offset": _table(0.75, -0.5),
    "noise_covariance": _table(1.5, 0.25, 0.25, 0.5).reshape(2, 2),
}

_crf = {
    "chain": LinearChain(
        _table(0.5, -1, 0.25), _table(1, -2, 0.5, 0.75, -0.25, 2, -1.5, 1.25, 0).reshape(3, 3), _table(-0.5, 1, 0.75)
    ),
    "emissions": (torch.arange(24, dtype=torch.float64) * 7 % 24 / 8 - 1.5).reshape(2, 4, 3),
    "mask": torch.tensor([[True, True, True, True], [True, True, True, False]]),
}
_tagged = {**_crf, "tags": torch.tensor([[2, 0, 1, 1], [0, 2, 1, 0]])}
_field = {
    "cliques": (
        Clique((1, 0), _table(0.5, -1, 2, 0.25, -0.5, 1.5).reshape(3, 2)),
        Clique((1, 2), _table(1, -0.5, 0.25, 2, -2, 0.75, -1, 0.5, 1.5, -0.25, 0.125, -1.5).reshape(3, 4)),
    ),
    "num_states": (2, 3, 4),
}
_map_weights = (torch.arange(24, dtype=torch.float64) * 11 % 24 / 8 - 1.25).reshape(2, 3, 4)
_map_data = (torch.arange(20, dtype=torch.float64) * 7 % 20 / 8 - 1.0625).reshape(5, 4)
_map = {"weights": _map_weights, "data": _map_data}
_winner = torch.tensor([1, 2])

_first = _table(4, 1, 3, 2, 5, 1).reshape(2, 3) / 8
_second = _table(2, 3, 3, 3, 4, 1).reshape(2, 3) / 8


def _bowl(x: torch.Tensor) -> torch.Tensor:
    return x.square().sum(-1) / 2 + x.logsumexp(-1)


EXAMPLES = {
    # norms
    "p_norm": {"x": _log_joint, "p": 2.5},
    "l2_normalize": {"x": _log_joint},
    "min_max_scale": {"data": _samples},
    "cosine_similarity": {"a": _log_joint, "b": _log_joint.cos()},
    "standardize_vector": {"x": _log_joint},
    # moments
    "moments_of": {"data": _samples},
    "merge_moments": {"a": _moments, "b": Moments(torch.tensor(3), _table(2, 0.25), 1.5 * _moments.scatter)},
    "add_observation": {"moments": _moments, "x": _table(2, 1.5)},
    "covariance_matrix": {"moments": _moments, "ddof": 1},
    "affine_moments": {
        "mean": _gaussian["mean"],
        "covariance": _gaussian["covariance"],
        "matrix": _linear_map["matrix"],
        "offset": _linear_map["offset"],
    },
    "expectation": {"probabilities": _table(0.25, 0.125, 0.625), "values": _samples[:3]},
    "total_variance": {
        "group_probabilities": _table(0.25, 0.125, 0.625),
        "group_means": _table(1.5, -2, 0.25),
        "group_variances": _table(2, 0.5, 0.75),
    },
    "determinant": {"matrix": _table(1, 2, -1, 4, 0.5, 3, -2, 1.5, 0.25).reshape(3, 3)},
    # tables
    "joint_from_conditional": {"prior": _table(0.25, 0.75), "likelihood": _likelihood},
    "marginals": {"joint": _likelihood / 2},
    "conditional_from_joint": {"joint": _likelihood / 2},
    "posterior_table": {"prior": _table(0.25, 0.75), "likelihood": _likelihood},
    # gaussian
    "mahalanobis_squared": {"x": _table(1, -0.5, 0.25, 2, 1.5, -1).reshape(2, 3), **_gaussian},
    "multivariate_normal_log_density": {"x": _table(1, -0.5, 0.25, 2, 1.5, -1).reshape(2, 3), **_gaussian},
    "normal_interval_probability": {
        "low": _table(-1, 0.25, 1).reshape(3, 1),
        "high": _table(0.5, 0.75, 3).reshape(3, 1),
        "mean": _table(0.125, -0.5, 0.25).reshape(3, 1),
        "std": _table(2, 0.5, 0.75).reshape(3, 1),
    },
    "condition_gaussian": {**_gaussian, "observed": [2, 0], "values": _table(1.5, -0.25)},
    "linear_gaussian_marginal": {**_gaussian, **_linear_map},
    "linear_gaussian_posterior": {**_gaussian, **_linear_map, "y": _table(2, -1.5)},
    # conjugate
    "beta_mean": {"alpha": _table(2.5, 3, 8), "beta": _table(4, 1.75, 2)},
    "beta_mode": {"alpha": _table(2.5, 3, 8), "beta": _table(4, 1.75, 2)},
    "beta_variance": {"alpha": _table(2.5, 3, 8), "beta": _table(4, 1.75, 2)},
    "bernoulli_log_likelihood": {"theta": _table(0.25, 0.625, 0.75), "successes": 2, "trials": 7},
    "beta_bernoulli_update": {
        "state": BetaState(_table(2.5)[0], _table(4)[0]),
        "draws": torch.tensor([True, True, False, True, False]),
    },
    "dirichlet_categorical_update": {"concentration": _table(2, 0.5, 3, 1.5), "counts": _table(4, 0, 1, 2)},
    "dirichlet_marginal": {"concentration": _table(2, 0.5, 3, 1.5), "k": 2},
    "normal_mean_update": {
        "state": NormalState(_table(0.5)[0], _table(0.75)[0]),
        "data": _table(2, -1, 3.5),
        "noise_variance": 2.5,
    },
    "bayesian_regression_update": {
        "state": RegressionState(_table(0.5, -1), _table(2, 0.5, 0.5, 1).reshape(2, 2)),
        "x": _table(1, 0.5, -2, 1.5, 0.25, 3).reshape(3, 2),
        "y": _table(2, -1, 0.75),
        "noise_variance": 2.5,
    },
    "bayesian_regression_predict": {
        "state": RegressionState(_table(0.5, -1), _table(2, 0.5, 0.5, 1).reshape(2, 2)),
        "x": _table(1, 0.5, -2, 1.5, 0.25, 3).reshape(3, 2),
        "noise_variance": 2.5,
    },
    # estimation
    "gaussian_maximum_likelihood": {"data": _samples},
    "unbiased_covariance": {"data": _samples},
    "gaussian_score": {"data": _samples[:, 1], "mean": _table(0.625)[0], "variance": _table(2.5)[0]},
    "gaussian_fisher_information": {"num_samples": 5, "variance": _table(0.375, 2.5)},
    "least_squares": _regression,
    "ridge_regression": {**_regression, "penalty": 0.75},
    "soft_threshold": {"x": _table(1.5, -2, 0.25, -0.5, 0.75, -3).reshape(2, 3), "threshold": 0.625},
    "lasso_sweep": {"weights": _table(0.5, -1), **_regression, "penalty": 0.75},
    "lasso_regression": {**_regression, "penalty": 0.75, "num_sweeps": 3},
    "linear_negative_log_posterior": {
        "weights": _table(0.5, -1),
        **_regression,
        "noise_variance": 2.5,
        "prior_variance": 0.375,
    },
    "map_on_grid": {"log_likelihood": _table(-2, -0.5, -1, -4), "log_prior": _table(-1, -2.5, -0.25, -0.5)},
    "propose_evaluate_refit": {
        "state": SearchState(torch.tensor([3]), _table(0.5), _table(0.25, -0.125)),
        "objective": lambda index: index * 0.25 - _targets[0],
        "candidate_features": _samples,
    },
    "bayesian_information_criterion": {
        "log_likelihood": _table(-12.5, -7.25),
        "num_parameters": 3,
        "num_samples": 20,
    },
    "expected_tables": {"concentration": _table(0.5, 2.25), "num_customers": 6},
    # covariate_shift
    "logistic_regression_step": {"weights": _table(0.25, -0.5), **_classification},
    "fit_logistic_regression": {**_classification, "num_steps": 3},
    "importance_weights": {
        "logits": _table(0.5, -1, 2, 0.25, -0.5, 1.5).reshape(2, 3),
        "num_source": 5,
        "num_target": 3,
    },
    "weighted_risk": {"losses": _gamma, "weights": _gamma.roll(1, 1) * 4},
    "effective_sample_size": {"weights": _gamma},
    # information
    "entropy": {"p": _first},
    "cross_entropy": {"p": _first, "q": _second},
    "kl_divergence": {"p": _first, "q": _second},
    "total_variation": {"p": _first, "q": _second},
    "jensen_shannon_divergence": {"p": _first, "q": _second},
    "joint_mutual_information": {"joint": _table(4, 1, 2, 1, 3, 5).reshape(2, 3) / 16},
    "huffman_code_lengths": {"probabilities": [0.25, 0.0625, 0.375, 0.125, 0.1875]},
    # gan
    "gan_value": {"p_data": _first, "p_generator": _second, "discriminator": 1 - _second},
    "optimal_discriminator": {"p_data": _first, "p_generator": _second},
    "discriminator_loss": {"real_logits": _log_joint, "fake_logits": _table(0.5, -1, 2, 0.25, -0.75)},
    "generator_loss_saturating": {"logits": _log_joint},
    "generator_loss_non_saturating": {"logits": _log_joint},
    "gan_training_round": {
        "discriminate": lambda d, x: x @ d,
        "generate": lambda g, z: torch.cat([z * g[0] + g[1], z * g[2]], -1),
        "parameters": GanParameters(_table(0.5, -1), _table(0.25, 2, -0.75)),
        "real": (torch.arange(12, dtype=torch.float64) * 5 % 12 / 8).reshape(2, 3, 2),
        "noise": (torch.arange(15, dtype=torch.float64) * 4 % 15 / 8 - 1).reshape(3, 5, 1),
        "learning_rate": 0.25,
    },
    # convexity
    "convexity_gap": {"f": _bowl, "x": _log_joint, "y": _log_joint.flip(0), "weight": 0.375},
    "jensen_gap": {"f": _bowl, "probabilities": _table(0.125, 0.625, 0.25), "values": _log_joint.T.contiguous()},
    "stationary_point_kind": {"hessian": _precision - torch.eye(3, dtype=torch.float64)},
    "gradient_descent_contraction": {"eigenvalues": _table(0.5, 3, 1.25), "learning_rate": 0.375},
    "best_quadratic_learning_rate": {"eigenvalues": _table(0.5, 3, 1.25)},
    "descend_quadratic": {
        "matrix": _precision,
        "start": _table(0.5, -1, 2),
        "learning_rate": 0.375,
        "num_steps": 2,
    },
    # coins
    "coin_responsibilities": _coins,
    "coin_em_step": _coins,
    "coin_log_likelihood": _coins,
    # gaussian_mixture
    "mixture_log_density": {"mixture": _mixture, "data": _samples},
    "responsibilities": {"mixture": _mixture, "data": _samples},
    "mixture_m_step": {"data": _samples, "responsibilities": _gamma, "variance_floor": 0.25},
    "mixture_em_step": {"mixture": _mixture, "data": _samples, "variance_floor": 0.25},
    "hard_mixture_em_step": {"mixture": _mixture, "data": _samples, "variance_floor": 0.25},
    "mixture_lower_bound": {"mixture": _mixture, "data": _samples, "responsibilities": _gamma},
    "fit_mixture": {
        "starts": [_mixture, _mixture._replace(means=_mixture.means / 2)],
        "data": _samples,
        "num_steps": 2,
        "variance_floor": 0.25,
    },
    "mixture_from_assignment": {
        "data": _samples,
        "labels": torch.tensor([1, 0, 2, 0, 2]),
        "num_components": 3,
        "variance_floor": 0.25,
    },
    "mixture_moments": {"mixture": _mixture},
    # kmeans
    "assign_to_centroids": {"data": _samples, "centroids": _centroids},
    "update_centroids": {"data": _samples, "labels": torch.tensor([1, 0, 2, 0, 2]), "centroids": _centroids},
    "kmeans_step": {"data": _samples, "centroids": _centroids},
    "inertia": {"data": _samples, "centroids": _centroids},
    "kmeans_plus_plus": {"data": _samples, "uniform": _table(0.375, 0.625, 0.25)},
    "kmeans": {"data": _samples, "centroids": _centroids, "num_steps": 2},
    # variational
    "evidence": {"prior": _table(0.125, 0.5, 0.375), "log_likelihood": _log_joint},
    "exact_posterior": {"log_joint": _log_joint},
    "elbo": {"q": _table(0.25, 0.125, 0.625, 0.5, 0.375, 0.125).reshape(2, 3), "log_joint": _log_joint},
    "importance_weighted_bound": {"log_weights": _log_joint},
    "reparameterized_sample": {"mean": _log_joint, "std": _table(0.25, 3.0)[:, None], "noise": _log_joint.sin()},
    "cavi_gaussian_sweep": {
        "mean": _table(0.5, -1.0, 0.25),
        "precision": _precision,
        "current": _table(-2.0, 0.125, 1.5),
    },
    "mean_field_variances": {"precision": _precision},
    "cavi_categorical_sweep": {"log_joint": _log_joint, "q_columns": _table(0.125, 0.5, 0.375)},
    # vae
    "diagonal_gaussian_kl": {"mean": _log_joint, "log_variance": _log_joint.sin()},
    "latent_code": {"mean": _log_joint, "log_scale": _log_joint.sin(), "noise": _log_joint.cos()},
    "gaussian_reconstruction_nll": {
        "x": _log_joint,
        "mean": _log_joint.cos(),
        "log_variance": _table(-1.5, 0.25)[:, None],
    },
    "bernoulli_reconstruction_nll": {"x": _log_joint.sin().abs(), "logits": _log_joint},
    "expected_linear_log_likelihood": {
        "x": _table(0.5, -1.0, 0.25),
        "weight": _log_joint.T.contiguous(),
        "bias": _table(-2.0, 0.125, 1.5),
        "mean": _table(0.75, -0.5),
        "covariance": _table(1.0, 0.25, 0.25, 0.5).reshape(2, 2),
        "variance": torch.tensor(0.375, dtype=torch.float64),
    },
    "mixture_prior_kl_bound": {
        "mean": _log_joint,
        "log_variance": _log_joint.sin(),
        "weights": _table(0.125, 0.25, 0.125, 0.5),
        "prior_means": _table(*range(12)).reshape(4, 3) / 4,
        "prior_log_variances": _table(*range(12)).reshape(4, 3).cos(),
    },
    "vae_loss": {
        "x": _log_joint,
        "encode": lambda x: (x[:, :2] * 0.75 + x[:, 2:] / 4, x[:, 1:].sin()),
        "decode": _decode,
        "noise": _table(0.5, -1.0, 1.5, 0.25).reshape(2, 2),
    },
    "vae_sample": {
        "decode": _decode,
        "z": _table(0.5, -1.0, 1.5, 0.25).reshape(2, 2),
        "noise": _log_joint,
    },
    "aggregate_moments": {"means": _log_joint, "variances": _log_joint.square() / 4},
    "average_kl_split": {
        "data": _table(0.375, 0.625),
        "q": _table(0.25, 0.125, 0.625, 0.5, 0.375, 0.125).reshape(2, 3),
        "prior": _table(0.125, 0.5, 0.375),
    },
    # hmm
    "hmm_forward": _hidden_chain,
    "hmm_backward": _hidden_chain,
    "hmm_log_likelihood": _hidden_chain,
    "hmm_posteriors": _hidden_chain,
    "hmm_viterbi": _hidden_chain,
    "baum_welch_step": {
        "model": CategoricalHiddenMarkovModel(
            *_hidden_model, _table(1, 4, 2, 1, 3, 1, 1, 3, 2, 2, 3, 1).reshape(3, 4) / 8
        ),
        "sequences": [torch.tensor([3, 0, 1, 1, 2]), torch.tensor([1, 3])],
    },
    # kalman
    "kalman_predict": {
        "state": _linear_state,
        "transition": _state_space.transition,
        "process_noise": _state_space.process_noise,
    },
    "kalman_update": {
        "state": _linear_state,
        "observation": _table(1, -0.5, 2),
        "observation_matrix": _state_space.observation_matrix,
        "observation_noise": _state_space.observation_noise,
    },
    "kalman_filter": {
        "prior": _linear_state,
        "model": _state_space,
        "observations": _table(1, -0.5, 2, 0, 1.5, -1, 0.25, 2, 1, -2, 0.5, 0.75).reshape(4, 3),
    },
    "rts_smoother": {
        "filtered": LinearGaussianState(
            _table(0.5, -1, 2, 0.25, 1, 0, -0.5, 0.75).reshape(4, 2),
            _linear_state.covariance * _table(1, 0.5, 0.75, 0.25)[:, None, None],
        ),
        "transition": _state_space.transition,
        "process_noise": _state_space.process_noise,
    },
    # ppca
    "ppca_maximum_likelihood": {"data": _ppca_data.reshape(7, 4), "num_latent": 2},
    "ppca_posterior": {"model": _ppca, "x": _ppca_data[:12].reshape(3, 4)},
    "ppca_log_likelihood": {"model": _ppca, "x": _ppca_data[:12].reshape(3, 4)},
    "ppca_em_step": {"model": _ppca, "data": _ppca_data.reshape(7, 4)},
    # crf
    "crf_score": _tagged,
    "crf_log_partition": _crf,
    "crf_log_likelihood": _tagged,
    "crf_marginals": _crf,
    "crf_viterbi": _crf,
    # random_field
    "field_log_potential": {"cliques": _field["cliques"], "assignment": torch.tensor([[1, 2, 0], [0, 1, 3]])},
    "field_log_partition": _field,
    "field_probability_table": _field,
    "field_conditional": {**_field, "variable": 1, "assignment": torch.tensor([1, 0, 2])},
    # som
    "best_matching_unit": {"weights": _map_weights, "x": _map_data[1]},
    "som_map": _map,
    "squared_grid_distances": {"rows": 4, "columns": 3, "unit": _winner},
    "gaussian_neighborhood": {"squared_distance": _table(0, 1, 2, 4, 5).reshape(5, 1), "sigma": 1.25},
    "linear_decay": {"step": 2, "num_steps": 5},
    "asymptotic_decay": {"step": 2, "num_steps": 5},
    "linear_radius": {"initial": 2.5, "step": 2, "num_steps": 5},
    "som_update": {"weights": _map_weights, "x": _map_data[1], "unit": _winner, "learning_rate": 0.625, "sigma": 1.25},
    "som_train": {**_map, "order": torch.tensor([4, 1, 0, 3, 1, 2]), "learning_rate": 0.625, "sigma": 1.75},
    "som_pca_start": {"data": _map_data.roll(1, 0) ** 2, "rows": 2, "columns": 3},
    "quantization_error": _map,
    "topographic_error": _map,
}
