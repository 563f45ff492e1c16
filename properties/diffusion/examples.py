"""One small valid input of every function in `reference.diffusion`, for the smoke check of adapters.

Axis sizes differ, levels are inside (0, 1), and no parameter has the value at which formulas coincide.
"""

import torch

from reference.diffusion.timestep_sampling import LossHistory


def _table(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def _ramp(*shape: int) -> torch.Tensor:
    """Distinct numbers in [-1.5, 1.5), in no simple order."""
    size = int(torch.Size(shape).numel())
    return ((torch.arange(size, dtype=torch.float64) * 7 % size) * 3 / size - 1.5).reshape(shape)


X_0, NOISE, X_T = _ramp(2, 3), _ramp(3, 2).T.contiguous() / 2, _ramp(2, 3).flip(0) + 0.25
LEVEL_T, LEVEL_S = _table(0.25, 0.5625)[:, None], _table(0.5, 0.75)[:, None]
BETAS, ALPHA_BAR = _table(0.125, 0.25, 0.375, 0.5, 0.625), _table(0.875, 0.625, 0.5, 0.25, 0.125)
GRID_X_0 = (_ramp(2, 3) * 60).round() * 2 / 255 + 1 / 255

_converted = {"x_t": X_T, "alpha_bar_t": LEVEL_T}
_pair = {"alpha_bar_t": LEVEL_T, "alpha_bar_s": LEVEL_S}
_moments = {
    "mean_1": _table(0.5, -1.0, 0.25),
    "covariance_1": torch.diag(_table(1.0, 2.0, 0.5)) + 0.25,
    "mean_2": _table(-0.5, 0.75, 1.0),
    "covariance_2": torch.diag(_table(0.75, 0.5, 1.5)) + 0.125,
}
_hybrid = {"x_0": GRID_X_0, "x_t": X_T, "noise": NOISE, "epsilon": NOISE / 2, "log_variance": X_0 - 1, **_pair}

EXAMPLES = {
    "linear_beta_schedule": {"num_steps": 7},
    "timestep_scaled_linear_beta_schedule": {"num_steps": 50},
    "scaled_linear_beta_schedule": {"num_steps": 7},
    "sigmoid_beta_schedule": {"num_steps": 7},
    "warmup_beta_schedule": {"num_steps": 20, "warmup_fraction": 0.3},
    "constant_beta_schedule": {"num_steps": 7, "beta": 0.03125},
    "jsd_beta_schedule": {"num_steps": 7},
    "cosine_alpha_bar": {"time": _table(0.125, 0.5, 0.875)},
    "sqrt_alpha_bar": {"time": _table(0.125, 0.5, 0.875)},
    "betas_for_alpha_bar": {"alpha_bar": lambda time: torch.exp(-2 * time), "num_steps": 7},
    "cosine_beta_schedule": {"num_steps": 7},
    "sqrt_beta_schedule": {"num_steps": 7},
    "alpha_bar_from_betas": {"betas": BETAS},
    "log_alpha_bar_from_betas": {"betas": BETAS},
    "betas_from_alpha_bar": {"alpha_bar": ALPHA_BAR},
    "snr": {"alpha_bar": ALPHA_BAR},
    "log_snr": {"alpha_bar": ALPHA_BAR},
    "alpha_bar_from_log_snr": {"log_snr": _table(-1.5, 0.5, 2.0)},
    "rescale_zero_terminal_snr": {"betas": BETAS},
    "extract": {"table": BETAS, "timesteps": torch.tensor([4, 0, 2]), "num_dims": 3},
    "sigma_from_alpha_bar": {"alpha_bar": ALPHA_BAR},
    "alpha_bar_from_sigma": {"sigma": _table(0.25, 1.5, 8.0)},
    "v_time_from_sigma": {"sigma": _table(0.25, 1.5, 8.0)},
    "sigma_from_v_time": {"time": _table(0.125, 0.5, 0.875)},
    "timestep_from_sigma": {"sigma": _table(0.5, 3.0), "sigmas": _table(0.25, 0.75, 2.0, 9.0)},
    "sigma_from_timestep": {"timestep": _table(0.5, 2.25), "sigmas": _table(0.25, 0.75, 2.0, 9.0)},
    "space_timesteps": {"num_steps": 30, "section_counts": [3, 5]},
    "ddim_timesteps": {"num_steps": 30, "count": 10},
    "leading_timesteps": {"num_steps": 30, "count": 7, "offset": 1},
    "linspace_timesteps": {"num_steps": 30, "count": 7},
    "trailing_timesteps": {"num_steps": 30, "count": 7},
    "step_levels": {"alpha_bar": ALPHA_BAR, "timesteps": (0, 2, 3)},
    "respace": {"betas": BETAS, "timesteps": (0, 2, 3)},
    "q_step": {"x_s": X_0, "noise": NOISE, "beta_t": LEVEL_T},
    "q_between": {"x_s": X_0, "noise": NOISE, "alpha_bar_s": LEVEL_S, "alpha_bar_t": LEVEL_T},
    "q_sample": {"x_0": X_0, "noise": NOISE, "alpha_bar_t": LEVEL_T},
    "q_mean_variance": {"x_0": X_0, "alpha_bar_t": LEVEL_T},
    "q_sample_with_context": {"x_0": X_0, "noise": NOISE, "alpha_bar_t": LEVEL_T, "context": X_0 > 0},
    "offset_noise": {"noise": _ramp(2, 3, 5), "offset": _ramp(2, 3), "strength": 0.125},
    "balanced_offset_weights": {"alpha_bar": ALPHA_BAR},
    "v_target": {"x_0": X_0, "epsilon": NOISE, "alpha_bar_t": LEVEL_T},
    "x_0_from_epsilon": {"epsilon": NOISE, **_converted},
    "x_0_from_v": {"v": NOISE, **_converted},
    "x_0_from_score": {"score": NOISE, **_converted},
    "epsilon_from_x_0": {"x_0": X_0, **_converted},
    "epsilon_from_v": {"v": NOISE, **_converted},
    "epsilon_from_score": {"score": NOISE, "alpha_bar_t": LEVEL_T},
    "v_from_x_0": {"x_0": X_0, **_converted},
    "v_from_epsilon": {"epsilon": NOISE, **_converted},
    "v_from_score": {"score": NOISE, **_converted},
    "score_from_x_0": {"x_0": X_0, **_converted},
    "score_from_epsilon": {"epsilon": NOISE, "alpha_bar_t": LEVEL_T},
    "score_from_v": {"v": NOISE, **_converted},
    "clipped_prediction": {"x_0": X_0, "bound": 0.75, **_converted},
    "x_0_weight_of_epsilon_loss": {"alpha_bar_t": ALPHA_BAR},
    "x_0_weight_of_v_loss": {"alpha_bar_t": ALPHA_BAR},
    "x_0_weight_of_score_loss": {"alpha_bar_t": ALPHA_BAR},
    "min_snr_weight_x_0": {"alpha_bar_t": ALPHA_BAR, "gamma": 2.0},
    "min_snr_weight_epsilon": {"alpha_bar_t": ALPHA_BAR, "gamma": 2.0},
    "min_snr_weight_v": {"alpha_bar_t": ALPHA_BAR, "gamma": 2.0},
    "gaussian_posterior": {"x_t": X_T, "x_0": X_0, **_pair},
    "posterior_mean_from_epsilon": {"x_t": X_T, "epsilon": NOISE, **_pair},
    "x_0_from_posterior_mean": {"mean": X_0, "x_t": X_T, **_pair},
    "clipped_posterior_mean": {"x_t": X_T, "x_0": X_0, "bound": 0.75, **_pair},
    "sample_gaussian": {"mean": X_0, "log_variance": X_T, "noise": NOISE},
    "fixed_small_log_variance": {"betas": BETAS},
    "fixed_large_log_variance": {"betas": BETAS},
    "learned_log_variance": {"model_output": _ramp(2, 6, 5)},
    "learned_range_log_variance": {
        "interpolation": X_0,
        "log_beta_t": LEVEL_S - 2,
        "log_posterior_variance_t": LEVEL_T - 3,
    },
    "normal_kl": {"mean_1": X_0, "log_variance_1": NOISE, "mean_2": X_T, "log_variance_2": LEVEL_T},
    "multivariate_normal_kl": _moments,
    "approx_standard_normal_cdf": {"x": X_0},
    "gaussian_log_likelihood": {"x": X_0, "mean": X_T, "log_scale": NOISE},
    "discretized_gaussian_log_likelihood": {"x": GRID_X_0, "mean": X_T / 4, "log_scale": NOISE},
    "prior_kl": {"x_0": X_0, "alpha_bar_T": LEVEL_T},
    "posterior_kl": {"x_0": X_0, "x_t": X_T, "mean": X_0 / 2, "log_variance": NOISE, **_pair},
    "decoder_nll": {"x_0": GRID_X_0, "mean": X_T / 4, "log_variance": NOISE - 2},
    "variational_bound": {
        "x_0": GRID_X_0,
        "noise": _ramp(5, 2, 3),
        "alpha_bar": ALPHA_BAR,
        "reverse": lambda x_t, t: (x_t * 0.75 + t / 8, torch.full_like(x_t, -0.5)),
    },
    "bits_per_dim": {"nats": _table(12.5, 7.25), "num_dims": 6, "data_scale": 127.5},
    "simple_loss": {"prediction": X_0, "target": NOISE},
    "weighted_loss": {"prediction": X_0, "target": NOISE, "weight": _table(0.25, 3.0)},
    "target_loss": {"prediction": X_0, "target": NOISE, "context": torch.tensor([[True, False, False]] * 2)},
    "variational_epsilon_weight": {"variance": LEVEL_S / 4, **_pair},
    "hybrid_loss": _hybrid,
    "rescaled_hybrid_loss": {**_hybrid, "num_steps": 50},
    "rescaled_bound": {"term": _table(0.25, 3.0), "num_steps": 50},
    "uniform_timesteps": {"uniform": _table(0.125, 0.5, 0.875), "num_steps": 7},
    "cubic_timesteps": {"uniform": _table(0.125, 0.5, 0.875), "num_steps": 7},
    "importance_timesteps": {"probabilities": _table(0.125, 0.5, 0.25, 0.125), "uniform": _table(0.5, 0.0, 0.875)},
    "empty_loss_history": {"num_steps": 7, "length": 3},
    "record_losses": {
        "history": LossHistory(_table(0.5, 0.25, 2.0, 0.0, 1.0, 3.0).reshape(3, 2), torch.tensor([2, 1, 2])),
        "timesteps": torch.tensor([2, 0, 2, 1]),
        "losses": _table(0.125, 1.5, 2.5, 0.75),
    },
    "loss_second_moment_probabilities": {
        "history": LossHistory(_table(0.5, 0.25, 2.0, 1.5, 1.0, 3.0).reshape(3, 2), torch.tensor([2, 2, 2]))
    },
    "timestep_embedding_cos_sin": {"timesteps": _table(0.0, 3.0, 250.5), "width": 7},
    "timestep_embedding_sin_cos": {"timesteps": _table(0.0, 3.0, 250.5), "width": 7},
    "fit_standardization": {"data": _ramp(5, 3)},
    "standardize": {"data": _ramp(5, 3), "mean": _table(0.5, -1.0, 2.0), "std": _table(0.25, 3.0, 1.5)},
    "unstandardize": {"data": _ramp(5, 3), "mean": _table(0.5, -1.0, 2.0), "std": _table(0.25, 3.0, 1.5)},
    "frechet_distance": _moments,
}
