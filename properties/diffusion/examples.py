"""One small valid input of every function in `reference.diffusion`, for the smoke check of adapters.

Axis sizes differ, levels are inside (0, 1), and no parameter has the value at which formulas coincide.
"""

import torch

from reference.diffusion.editing import InpaintingNoise
from reference.diffusion.layout import LayoutElement
from reference.diffusion.regression import Attention, Denoiser, Perceptron
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
_chain = {"x_T": X_T, "noise": _ramp(4, 2, 3), "alpha_bar": ALPHA_BAR, "timesteps": (0, 2, 3, 4)}
_hybrid = {"x_0": GRID_X_0, "x_t": X_T, "noise": NOISE, "epsilon": NOISE / 2, "log_variance": X_0 - 1, **_pair}

# Two categories, three coordinates: eleven tokens, all of which blend a little at each step.
_layout = {
    "denoiser": lambda x, t: torch.nn.functional.one_hot(x, 11) * (t + 1.5) + _ramp(len(x), 11),
    "start": torch.tensor([0, 6, 7, 8, 9, 9, 1, 3]),
    "transitions": torch.eye(11, dtype=torch.float64) * _table(0.5, 0.625, 0.75)[:, None, None]
    + _table(0.5, 0.375, 0.25)[:, None, None] / 11,
}

# Three steps of four classes, none of them symmetric; a batch of two sequences of five.
_transitions = torch.stack(
    [
        _ramp(4, 4).softmax(-1),
        (_ramp(4, 4).T + 0.5 * torch.eye(4)).softmax(-1),
        (torch.eye(4, dtype=torch.float64) + 0.5).roll(1, 0) / 3,
    ]
)
_tokens = torch.tensor([[3, 0, 1, 1, 2], [2, 3, 0, 1, 0]])
_uniform = (_ramp(2, 5, 4) + 1.5625) / 3.125
_back = {"x_t": _tokens.flip(0), "between": _transitions[1], "cumulative_s": _transitions[0]}


def _denoiser(x_t: torch.Tensor, t: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(x_t, 4) * (1.5 - t) + _ramp(5, 4)


_ode = {"denoiser": lambda x, sigma: (x + sigma / 4) / (1 + sigma**2) + 0.5}


def _perceptron(inputs: int, width: int = 4) -> Perceptron:
    return Perceptron(_ramp(width, inputs), _ramp(width) / 4, _ramp(width, width) / 2, _ramp(width) / 8)


_attention = Attention(_ramp(4, 4) / 2, _ramp(4, 4).T.contiguous(), _ramp(4, 4).sin())
_regression = {
    "predict": lambda x, y_t, timesteps, context: y_t / 2 + x.mean() + (timesteps / 8)[:, None, None],
    "x": _ramp(2, 5, 6),
    "context": torch.tensor([[True, False, True, False, True], [True, True, False, False, True]]),
    "alpha_bar": ALPHA_BAR,
}

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
    "classifier_gradient": {
        "logits_of": lambda x: torch.stack([x.sum(1), x.square().sum(1), x[:, 0] * x[:, 1], x[:, 2].sin()], 1),
        "x_t": X_T,
        "labels": torch.tensor([3, 1]),
    },
    "classifier_guided_mean": {"mean": X_0, "gradient": NOISE, "variance": LEVEL_S, "scale": 2.5},
    "classifier_guided_epsilon": {"epsilon": X_0, "gradient": NOISE, "alpha_bar_t": LEVEL_T, "scale": 2.5},
    "classifier_free_guidance": {"unconditional": X_0, "conditional": NOISE, "scale": 2.5},
    "classifier_free_guidance_by_weight": {"unconditional": X_0, "conditional": NOISE, "weight": 1.5},
    "guidance_scale_from_weight": {"weight": 1.5},
    "negative_prompt_guidance": {"negative": X_0, "positive": NOISE, "scale": 2.5},
    "negative_and_unconditional_guidance": {
        "unconditional": X_0,
        "positive": NOISE,
        "negative": X_T,
        "positive_scale": 2.5,
        "negative_scale": 0.75,
    },
    "rescale_guidance": {"guided": _ramp(2, 3, 5) * 2, "conditional": _ramp(5, 6).reshape(2, 3, 5).sin(), "phi": 0.75},
    "dynamic_threshold": {"x_0": _ramp(2, 3, 5) * 2, "quantile": 0.875},
    "guided_prediction": {
        "denoiser": lambda x_t, condition: x_t * condition[:, :1] + condition[:, 1:].sum(1, keepdim=True).square(),
        "x_t": X_T,
        "condition": _ramp(2, 4),
        "null_condition": _table(0.5, -1.0, 0.25, 0.0),
        "scale": 2.5,
    },
    "drop_conditions": {
        "condition": _ramp(3, 2),
        "null_condition": _table(0.125, -0.75),
        "uniform": _table(0.125, 0.5, 0.875),
        "probability": 0.375,
    },
    "cross_attention": {
        "queries_from": _ramp(2, 3, 5),
        "memory": _ramp(2, 4, 7),
        "query_weight": _ramp(6, 5),
        "key_weight": _ramp(6, 7),
        "value_weight": _ramp(8, 7),
    },
    "ancestral_step": {"x_t": X_T, "x_0": X_0, "noise": NOISE, "log_variance": X_T - 1, **_pair},
    "ancestral_sample": {**_chain, "denoiser": lambda x_t, t: (x_t * 0.75 + t / 8, x_t[:, :1] * 0 - t / 4)},
    "ddim_sigma": {**_pair, "eta": 0.75},
    "ddim_step": {"x_t": X_T, "x_0": X_0, "noise": NOISE, "eta": 0.75, **_pair},
    "ddim_sample": {**_chain, "denoiser": lambda x_t, t: x_t * 0.75 + t / 8, "eta": 0.75},
    "ddim_encode_step": {"x_s": X_T, "x_0": X_0, **_pair},
    "ddim_encode": {
        "denoiser": lambda x_s, s: x_s * 0.75 + s / 8,
        "x": X_T,
        "alpha_bar": ALPHA_BAR,
        "timesteps": (0, 2, 3, 4),
    },
    "cumulative_transitions": {"transitions": _transitions},
    "transition_between": {"transitions": _transitions, "s": 0, "t": 2},
    "categorical_marginal": {"x_0": _ramp(2, 4).softmax(-1), "cumulative": _transitions[2]},
    "gumbel_noise": {"uniform": _uniform},
    "gumbel_max": {"logits": _ramp(5, 4, 2).reshape(2, 5, 4), "uniform": _uniform},
    "log_add_exp": {"x": X_0, "y": NOISE},
    "categorical_posterior": {"x_0": _tokens, **_back},
    "reverse_from_joint": {"probabilities": _ramp(2, 5, 4).softmax(-1), **_back},
    "reverse_from_mixture": {"probabilities": _ramp(2, 5, 4).softmax(-1), **_back},
    "auxiliary_cross_entropy": {"logits": _ramp(2, 5, 4), "x_0": _tokens},
    "discrete_variational_bound": {
        "x_0": _tokens[0],
        "transitions": _transitions,
        "reverse": _ramp(3, 4, 4).softmax(-1),
        "prior": _table(0.125, 0.25, 0.125, 0.5),
    },
    "d3pm_loss": {
        "denoiser": _denoiser,
        "x_0": _tokens,
        "t": 1,
        "uniform": _uniform,
        "transitions": _transitions,
        "coefficient": 0.125,
    },
    "substitution_log_probabilities": {"logits": _ramp(2, 5, 4), "x_t": _tokens, "absorbing": 3},
    "mask_and_replace_marginal": {
        "x_0": _ramp(2, 3, 4).softmax(-1),
        "keep_bar": _table(0.25, 0.5)[:, None, None],
        "mask_bar": _table(0.5, 0.125, 0.25)[:, None],
    },
    "mask_and_replace_reverse": {
        "x_t": torch.tensor([[4, 0, 3], [2, 1, 4]]),
        "probabilities": _ramp(2, 3, 4).softmax(-1),
        "keep": _table(0.5, 0.25)[:, None, None],
        "mask": _table(0.25, 0.125, 0.5)[:, None],
        "keep_bar_s": _table(0.625, 0.375)[:, None, None],
        "mask_bar_s": _table(0.125, 0.25, 0.1875)[:, None],
    },
    "discrete_sample": {
        "denoiser": _denoiser,
        "x_T": _tokens,
        "uniform": (_ramp(3, 2, 5, 4) + 1.5625) / 3.125,
        "transitions": _transitions,
    },
    "uniform_transition": {"beta": LEVEL_T[:, 0], "num_classes": 5},
    "absorbing_transition": {"beta": LEVEL_T[:, 0], "num_classes": 5, "absorbing": 3},
    "discretized_gaussian_transition": {"beta": LEVEL_T[:, 0], "num_classes": 5},
    "banded_gaussian_transition": {"beta": LEVEL_T[:, 0], "num_classes": 5, "band": 3},
    "banded_transition": {"beta": LEVEL_T[:, 0], "num_classes": 5, "band": 3},
    "nearest_neighbor_rate": {"embeddings": _ramp(5, 3), "num_neighbors": 2},
    "rate_transition": {"rate": _ramp(3, 3).abs() - torch.diag(_ramp(3, 3).abs().sum(1)), "time": LEVEL_T[:, 0]},
    "mask_and_replace_transition": {"keep": LEVEL_T[:, 0], "mask": LEVEL_S[:, 0] / 4, "num_classes": 5},
    "mask_and_replace_schedule": {
        "num_steps": 7,
        "keep_start": 0.875,
        "keep_end": 0.0625,
        "mask_start": 0.03125,
        "mask_end": 0.75,
    },
    "unsquared_cosine_beta_schedule": {"num_steps": 7, "offset": 0.125, "max_beta": 0.75},
    "mutual_information": {"transition": _ramp(2, 3, 5).softmax(-1), "prior": _table(0.125, 0.5, 0.375)},
    "mutual_information_times": {
        "family": lambda time: (1 - time[:, None, None] / 2) * _ramp(3, 5).softmax(-1) + time[:, None, None] / 10,
        "prior": _table(0.125, 0.5, 0.375),
        "num_steps": 4,
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
    "karras_sigmas": {"num_steps": 5, "sigma_min": 0.25, "sigma_max": 9.0, "rho": 3.0},
    "euler_step": {"x": X_T * 3, "x_0": X_0, "sigma": _table(3.0, 1.5)[:, None], "sigma_next": LEVEL_T},
    "heun_step": {"x": X_T * 3, "sigma": torch.tensor(3.0).double(), "sigma_next": torch.tensor(1.25).double(), **_ode},
    "euler_sample": {"x": X_T * 3, "sigmas": _table(3.0, 1.25, 0.5, 0.0), **_ode},
    "heun_sample": {"x": X_T * 3, "sigmas": _table(3.0, 1.25, 0.5, 0.0), **_ode},
    "vp_sigma": {"time": _table(0.125, 0.5, 0.875), "beta_min": 0.25, "beta_max": 8.0},
    "vp_sigma_derivative": {"time": _table(0.125, 0.5, 0.875), "beta_min": 0.25, "beta_max": 8.0},
    "flow_interpolation": {"x_0": X_0, "noise": NOISE, "time": LEVEL_T},
    "flow_velocity": {"x_0": X_0, "noise": NOISE},
    "x_0_from_velocity": {"x_t": X_T, "velocity": NOISE, "time": LEVEL_T},
    "epsilon_from_velocity": {"x_t": X_T, "velocity": NOISE, "time": LEVEL_T},
    "flow_euler_step": {"x_t": X_T, "velocity": NOISE, "time": LEVEL_S, "time_next": LEVEL_T},
    "flow_euler_sample": {
        "velocity": lambda x_t, time: x_t * (time - 0.75) + 0.5,
        "x_1": X_T,
        "times": _table(1.0, 0.625, 0.25, 0.0),
    },
    "shifted_flow_time": {"time": _table(0.125, 0.5, 0.875), "shift": 3.0},
    "asymmetric_times": {"num_steps": 5, "delay": 1.5},
    "layout_vocabulary": {"categories": ["title", "text", "figure"]},
    "mask_id": {"num_categories": 3},
    "token_id": {"vocabulary": {"START": 0, "END": 1, "UNK": 2, "PAD": 3, "|": 4, "text": 5, "0": 6}, "token": "text"},
    "quantize_coordinate": {"x": _ramp(2, 3) / 4 + 0.5},
    "dequantize_coordinate": {"index": torch.tensor([[5, 127, 64], [0, 99, 31]])},
    "corners_from_size": {
        "boxes": _table(0.125, 0.25, 0.5, 0.375, -0.25, 0.5, 0.75, 1.0, 0.75, -0.5, 0.5, 0.25).reshape(3, 4)
    },
    "encode_layout": {
        "elements": [LayoutElement("text", 0.125, 0.25, 0.5, 1.0), LayoutElement("title", 0.0, 0.375, 0.875, 0.625)],
        "categories": ["title", "text", "figure"],
        "length": 16,
    },
    "decode_layout": {
        "tokens": (0, 6, 18, 40, 72, 135, 4, 5, 8, 56, 119, 87, 1, 3, 3, 3),
        "categories": ["title", "text", "figure"],
    },
    "pad_tokens": {"tokens": [0, 6, 1], "length": 5},
    "strided_shard": {"items": [11, 12, 13, 14, 15, 16, 17], "rank": 1, "world_size": 3},
    "infinite_batches": {"items": [11, 12, 13, 14, 15, 16, 17], "batch_size": 3},
    "token_embeddings": {"table": _ramp(7, 5), "tokens": torch.tensor([[6, 0, 3], [3, 1, 2]])},
    "two_stage_schedule": {"num_steps": 9},
    "blur_widths": {"num_steps": 9, "scale": 8.0, "power": 1.5},
    "layout_transitions": {"num_steps": 6, "num_categories": 2, "num_coordinates": 3},
    "masked_layout": {"num_elements": 2, "num_categories": 3, "length": 15, "num_coordinates": 4},
    "layout_given_categories": {
        "categories": torch.tensor([7, 5]),
        "uniform": _ramp(2, 4) / 4 + 0.5,
        "num_categories": 3,
        "length": 15,
        "num_coordinates": 4,
    },
    "sample_given_categories": {**_layout, "uniform": _ramp(2, 8, 11) / 4 + 0.5, "num_categories": 2},
    "refine_layout": {
        "denoiser": _layout["denoiser"],
        "tokens": _layout["start"],
        "uniform": _ramp(2, 8, 11) / 4 + 0.5,
        "transitions": _layout["transitions"],
    },
    "complete_layout": {
        **_layout,
        "known": torch.tensor([0, 5, 9]),
        "uniform": _ramp(3, 8, 11) / 4 + 0.5,
        "known_uniform": _ramp(3, 3, 11) / 4 + 0.5,
    },
    "strength_timesteps": {"timesteps": (900, 700, 500, 300, 100), "strength": 0.5},
    "image_to_image": {
        "denoiser": lambda x_t, t: x_t * 0.75 + t / 8,
        "x_0": X_0,
        "noise": NOISE,
        "alpha_bar": ALPHA_BAR,
        "timesteps": (4, 2, 1),
        "strength": 0.75,
    },
    "inpainting_blend": {
        "x_s": X_T,
        "x_0": X_0,
        "noise": NOISE,
        "alpha_bar_s": LEVEL_S,
        "known": torch.tensor([[True, False, True]]),
    },
    "inpaint": {
        "denoiser": lambda x_t, t: x_t.roll(1, 1) * 0.75 + t / 8,
        "x_T": X_T,
        "x_0": X_0,
        "known": torch.tensor([[True, False, True]]),
        "noise": InpaintingNoise(_ramp(4, 5, 2, 3), _ramp(4, 5, 2, 3).flip(0), _ramp(4, 5, 2, 3).sin()),
        "alpha_bar": ALPHA_BAR,
        "timesteps": (0, 1, 2, 4),
        "num_resamples": 5,
    },
    "textual_inversion_gradient": {
        "loss": lambda embeddings: (embeddings[torch.tensor([3, 1, 3])].sum(0) - _table(0.5, -1.0, 2.0)).square().sum(),
        "embeddings": _ramp(5, 3),
        "token": 3,
    },
    "textual_inversion_step": {
        "embeddings": _ramp(5, 3),
        "gradient": _ramp(3, 5).T.contiguous() / 2,
        "token": 3,
        "learning_rate": 0.375,
        "weight_decay": 0.25,
    },
    "encode_latents": {"mean": X_0, "log_variance": X_T, "noise": NOISE, "scale": 0.1875, "shift": 0.0625},
    "decode_latents": {"latents": X_0, "scale": 0.1875, "shift": 0.0625},
    "area_downsample": {"image": _ramp(2, 3, 4, 6), "factor": 2},
    "interleave": {"x_tokens": _ramp(2, 5, 3), "y_tokens": _ramp(2, 5, 3) / 2 + 0.125},
    "deinterleave": {"tokens": _ramp(2, 6, 5)},
    "perceptron": {"values": _ramp(2, 3, 5), "parameters": _perceptron(5)},
    "init_denoiser": {"inputs": 2, "outputs": 3, "width": 5, "generator": torch.Generator().manual_seed(1)},
    "predict_noise": {
        "parameters": Denoiser(
            read_x=_perceptron(6),
            read_y=_perceptron(3),
            read_time=_perceptron(4),
            known=_ramp(4) / 2,
            within_pairs=_attention,
            after_pairs=_perceptron(4),
            across_pairs=_attention,
            after_all=_perceptron(4),
            read_out=_ramp(3, 4),
        ),
        "x": _regression["x"],
        "y_t": _ramp(2, 5, 3),
        "timesteps": torch.tensor([3, 1]),
        "context": _regression["context"],
    },
    "regression_loss": {
        **_regression,
        "y_0": _ramp(2, 5, 3),
        "noise": _ramp(2, 5, 3).flip(0) / 2,
        "timesteps": torch.tensor([3, 1]),
    },
    "sample_targets": {
        **_regression,
        "y": _ramp(2, 5, 3),
        "y_T": _ramp(2, 5, 3).flip(0) / 2,
        "noise": _ramp(4, 2, 5, 3).sin(),
        "timesteps": (0, 2, 3, 4),
        "log_variance": BETAS.log(),
    },
}
