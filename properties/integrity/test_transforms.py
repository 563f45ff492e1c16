"""The reference runs under torch.compile without a graph break, under vmap and autograd, and on other devices."""

import pytest
import torch
from torch import Tensor

from properties.closeness import assert_close
from properties.harness.contracts import leaves, map_leaves, map_tensors
from properties.harness.smoke import examples
from properties.harness.vocabulary import vocabulary

# Tables are made once and check their values, and the loss history is bookkeeping: both read numbers on the host.
ON_THE_HOST = {
    "alpha_bar_from_betas",
    "log_alpha_bar_from_betas",
    "betas_from_alpha_bar",
    "rescale_zero_terminal_snr",
    "step_levels",
    "respace",
    "fixed_small_log_variance",
    "fixed_large_log_variance",
    "fit_standardization",
    "empty_loss_history",
    "record_losses",
    "loss_second_moment_probabilities",
    "cumulative_transitions",
    "transition_between",
    "ancestral_sample",  # this and the next two check the levels that they visit
    "ddim_sample",
    "ddim_encode",
    "image_to_image",  # and so do these two
    "inpaint",
    "heun_sample",  # whether a step is corrected depends on its sigma
    "complete_layout",
    "mutual_information_times",
    "cavi_gaussian_sweep",  # this and the next check that a precision is one
    "mean_field_variances",
    "beta_mean",  # parameters and counts are tables: these six check them
    "beta_mode",
    "beta_variance",
    "beta_bernoulli_update",
    "dirichlet_categorical_update",
    "dirichlet_marginal",
    "min_max_scale",  # checks that no feature is constant
    "map_on_grid",  # nothing on the grid may be possible
    "expected_tables",  # checks its parameter
    "fit_mixture",  # compares the likelihoods of its starts
    "mixture_from_assignment",
    "ppca_maximum_likelihood",  # whether the data has any noise depends on its eigenvalues
    "stationary_point_kind",  # its result is a word
    "best_quadratic_learning_rate",  # without a minimum there is none
    "sample_targets",  # as ancestral_sample, which it calls
    "noise_distribution",  # checks its counts
    "nearest_neighbors_in_class",  # how many are found depends on the labels
    "broadcast_step",  # its state counts calls, and the count decides what runs
    "checked_graph",  # checks the ends of its edges
    "is_undirected",  # its result is a truth value
}
ON_TENSORS = [
    name
    for name, example in examples().items()
    if name not in ON_THE_HOST and any(isinstance(value, Tensor) for value in example.values())
]
# Timesteps are whole numbers, the mean of a hybrid loss is detached on purpose, and a covariance of which a single
# entry moves is symmetric no more. Indices of coordinates are whole numbers too.
NOT_SMOOTH = {
    "uniform_timesteps",
    "cubic_timesteps",
    "importance_timesteps",
    "hybrid_loss",
    "rescaled_hybrid_loss",
    "multivariate_normal_kl",
    "quantize_coordinate",
    "dequantize_coordinate",
    "nearest_neighbor_rate",
    "substitution_log_probabilities",  # log 0 has no finite difference
    "mahalanobis_squared",  # as multivariate_normal_kl, and the next three too
    "multivariate_normal_log_density",
    "condition_gaussian",
    "linear_gaussian_posterior",
    "coin_responsibilities",  # counts are whole numbers
    "coin_em_step",
    "coin_log_likelihood",
    "assign_to_centroids",
    "kalman_update",  # covariances again
    "rts_smoother",
    "field_log_potential",  # assignments are whole numbers, and so are nodes of a map and the samples counted by it
    "field_conditional",
    "best_matching_unit",
    "som_map",
    "squared_grid_distances",
    "topographic_error",
    "propose_evaluate_refit",  # evaluated candidates are whole numbers
    "top_k_filter",  # this and the next three return -inf, which has no finite difference
    "top_p_filter",
    "min_p_filter",
    "typical_filter",
    "next_token_labels",  # labels, masks and positions are whole numbers, here and in the next six
    "packed_next_token_labels",
    "decoder_inputs",
    "position_ids",
    "padding_mask",
    "packed_causal_mask",
    "packed_position_ids",
    "block_mask",  # masks, lengths, places and buckets are whole numbers too, here and in the next five
    "cumulative_lengths",
    "segment_ids",
    "segment_mask",
    "t5_causal_buckets",
    "t5_bidirectional_buckets",
    "nearest_code",  # indices are whole numbers
    "nearest_code_by_cosine",
    "straight_through",  # this and the next stop gradients on purpose
    "multiscale_vq_loss",
    "used_code_share",  # a share of codes is a step function
    "mrope_delta",  # ids of positions and cells are whole numbers, here and in the next four
    "continued_position_ids",
    "raster_id",
    "raster_coordinates",
    "segment_raster_id",
    "mask_by_order",  # orders and masks are whole numbers, here and in the next two
    "visible_positions",
    "tokens_to_predict",
    "integer_matmul",  # codes and flags are whole numbers, here and in the next three
    "requantize",
    "found_on_any_rank",
    "update_loss_scale",
    "decode_float",  # codes are whole numbers, and numbers of a format are steps, here and in the next ten
    "encode_float",
    "decode_float_lookup",
    "encode_float_bitwise",
    "spacing",
    "round_nearest_even",
    "round_nearest_away",
    "round_towards_zero",
    "round_towards_positive",
    "round_towards_negative",
    "round_stochastic",
    "mx_scale",  # powers of two and codes are steps, here and in the next two
    "mx_scale_up",
    "quantize_float",
    "bfloat16_bits",  # bits are whole numbers
    "frame_differences",  # bytes are whole numbers, and so are sums of their differences
    "key_frames",
    "greedy_continuation",  # tokens and numbers of edges are whole numbers, here and in the next three
    "adjacency_matrix",
    "in_degrees",
    "add_self_loops",
}


def _floats(example):
    return {name: value for name, value in example.items() if isinstance(value, Tensor) and value.is_floating_point()}


def _compiled(function):
    """As one graph, which has no place for the host to wait for a number."""
    torch.compiler.reset()
    return torch.compile(function, backend="eager", fullgraph=True)


@pytest.mark.parametrize("name", ON_TENSORS)
@pytest.mark.filterwarnings("ignore")
def test_function_compiles_once_and_without_a_graph_break(name):
    """One graph, no host synchronisation, the same result; other numbers in the same shapes compile nothing again."""
    function = vocabulary()[name]
    example = map_tensors(examples()[name], lambda tensor: tensor.clone(memory_format=torch.contiguous_format))
    compiled = _compiled(function)
    for seen, wanted in zip(leaves(compiled(**example)), leaves(function(**example)), strict=True):
        assert_close(seen, wanted)
    with torch.compiler.set_stance("fail_on_recompile"):
        compiled(**map_tensors(example, lambda tensor: tensor * 0.75 if tensor.is_floating_point() else tensor.clone()))


@pytest.mark.parametrize("name", ["adam_step", "amsgrad_step"])
@pytest.mark.filterwarnings("ignore")
def test_optimizer_is_compiled_for_two_of_its_steps_at_most(name):
    """The second number of a step makes it a variable of the graph; after that no number is new."""
    example = examples()[name]
    step, parameter, state = _compiled(vocabulary()[name]), example["parameter"], example["state"]._replace(step=0)
    for _ in range(2):
        parameter, state = step(parameter, example["gradient"], state, 0.5)
    with torch.compiler.set_stance("fail_on_recompile"):
        for _ in range(3):
            parameter, state = step(parameter, example["gradient"], state, 0.5)


def test_function_that_reads_a_value_or_a_number_does_not_compile_so():
    """What the law above forbids is noticed: a branch on a value, and a graph made for one number."""
    with pytest.raises(torch._dynamo.exc.Unsupported):
        _compiled(lambda x: x if x.sum() > 0 else -x)(torch.ones(3))
    scaled = _compiled(lambda x, factor: x * factor if factor > 2 else x)
    scaled(torch.ones(3), 1)
    with torch.compiler.set_stance("fail_on_recompile"), pytest.raises(RuntimeError, match="recompile"):
        scaled(torch.ones(3), 5)


def _elsewhere(value):
    """On a device that has shapes but no numbers, which refuses most computations with tensors of the CPU, as GPUs do.

    It adds, multiplies, selects and joins none of them, but gathers by an index and convolves with a kernel of the CPU.
    """

    def move(leaf):
        if callable(leaf) and not isinstance(leaf, torch.Generator):
            return lambda *args: _elsewhere(leaf(*map_tensors(args, lambda t: torch.ones_like(t, device="cpu"))))
        return leaf.to("meta") if isinstance(leaf, Tensor) else leaf

    return map_leaves(value, move)


@pytest.mark.parametrize("name", ON_TENSORS)
def test_function_computes_where_its_tensors_are(name):
    """Tables, masks and noise that it makes itself are made on the device of its input, and so is its result."""
    with torch.no_grad():
        result = vocabulary()[name](**{key: _elsewhere(value) for key, value in examples()[name].items()})
    assert {leaf.device.type for leaf in leaves(result)} <= {"meta"}


def test_function_that_makes_a_table_on_the_cpu_is_noticed():
    with pytest.raises(RuntimeError, match="device"):
        (lambda x: x + torch.arange(3.0))(_elsewhere(torch.ones(3)))


@pytest.mark.parametrize("name", [name for name in ON_TENSORS if name != "variational_bound"])
def test_function_vectorises(name):
    """vmap over a new leading axis equals a loop."""
    function, example = vocabulary()[name], examples()[name]
    tensors = {key: value for key, value in example.items() if isinstance(value, Tensor)}
    rest = {key: value for key, value in example.items() if key not in tensors}
    pair = [tensors, {key: value * 0.75 if value.is_floating_point() else value for key, value in tensors.items()}]
    stacked = {key: torch.stack([one[key] for one in pair]) for key in tensors}
    together = torch.func.vmap(lambda batch: tuple(leaves(function(**batch, **rest))))(stacked)
    for index, one in enumerate(pair):
        for seen, wanted in zip(together, leaves(function(**one, **rest)), strict=True):
            assert_close(seen[index], wanted, (1 * wanted).abs() + 1)


@pytest.mark.parametrize("name", [name for name in ON_TENSORS if name not in NOT_SMOOTH])
def test_function_differentiates(name):
    """Autograd agrees with finite differences in every floating input."""
    function, example = vocabulary()[name], examples()[name]
    floats = _floats(example)
    inputs = [value.clone().requires_grad_() for value in floats.values()]

    def outputs(*values):
        result = function(**{**example, **dict(zip(floats, values, strict=True))})
        return tuple(leaf for leaf in leaves(result) if leaf.requires_grad)

    assert torch.autograd.gradcheck(outputs, inputs)


@pytest.mark.parametrize("name", [name for name, example in examples().items() if _floats(example)])
def test_function_leaves_its_input_alone(name):
    """Pure: arguments are the same after the call, and the result is memory of its own."""
    example = examples()[name]
    before = {key: map_tensors(value, Tensor.clone) for key, value in example.items()}
    result = vocabulary()[name](**example)
    for key, value in _floats(example).items():
        assert torch.equal(value, before[key])
        assert all(leaf.untyped_storage().data_ptr() != value.untyped_storage().data_ptr() for leaf in leaves(result))
