"""Wrong variants of `reference.transformer.conditioning`."""

import torch
from torch.nn.functional import linear

from properties.mistakes import mistake, variant
from reference.transformer.activations import silu
from reference.transformer.conditioning import (
    Modulation,
    adaln_zero_block,
    adaptive_layer_norm,
    controlled_block,
    dit_condition,
    dit_final_layer,
    dit_modulation,
    drop_labels,
    drop_text_conditions,
    pointwise_convolution,
    shared_var_modulation,
    var_final_norm,
    var_modulation,
)
from reference.transformer.norms import standardize_tokens


def _overflowing(condition):
    """A condition whose SiLU is not a number where c exp(c) / (1 + exp(c)) overflows."""
    return torch.where(condition.exp() < torch.inf, condition, torch.nan)


def _without_check(x, epsilon):
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return (x - mean) / (variance + epsilon).sqrt()


@mistake(of=adaptive_layer_norm, seen="catalogue R001-092")
def adaptive_layer_norm_without_one(x, scale, shift, epsilon=1e-6):
    """tokens are multiplied by the scale instead of 1 + scale, so that a scale of 0 wipes them out"""
    return adaptive_layer_norm(x, scale - 1, shift, epsilon)


@mistake(of=adaptive_layer_norm, seen="catalogue R001-027")
def adaptive_layer_norm_swapped(x, scale, shift, epsilon=1e-6):
    """scale and shift are exchanged"""
    return adaptive_layer_norm(x, shift, scale, epsilon)


@mistake(of=adaptive_layer_norm, seen="catalogue R003-175")
def adaptive_layer_norm_of_raw_tokens(x, scale, shift, epsilon=1e-6):
    """the tokens are not normalised first"""
    return x * (1 + scale[..., None, :]) + shift[..., None, :]


@mistake(of=adaptive_layer_norm, seen="catalogue R003-175")
def adaptive_layer_norm_that_scales_the_shift(x, scale, shift, epsilon=1e-6):
    """the shift is added before the scaling"""
    return (standardize_tokens(x, epsilon) + shift[..., None, :]) * (1 + scale[..., None, :])


@mistake(of=adaptive_layer_norm, seen="PyTorch, whose LayerNorm has an epsilon of 1e-5")
def adaptive_layer_norm_with_other_epsilon(x, scale, shift, epsilon=1e-5):
    """epsilon is 1e-5, the default of many libraries, instead of 1e-6"""
    return adaptive_layer_norm(x, scale, shift, epsilon)


@mistake(of=adaptive_layer_norm, seen="catalogue R003-175")
def adaptive_layer_norm_over_the_image(x, scale, shift, epsilon=1e-6):
    """all tokens of a sample share one mean and one variance"""
    normed = standardize_tokens(x.flatten(-2), epsilon).reshape(x.shape)
    return normed * (1 + scale[..., None, :]) + shift[..., None, :]


@mistake(of=adaptive_layer_norm, seen="catalogue R001-092")
def adaptive_layer_norm_of_batches_alone(x, scale, shift, epsilon=1e-6):
    """scale and shift get a second axis for the tokens, whatever the number of axes"""
    return standardize_tokens(x, epsilon) * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


@mistake(of=adaptive_layer_norm, seen="catalogue R001-092")
def adaptive_layer_norm_by_difference_of_squares(x, scale, shift, epsilon=1e-6):
    """the variance is mean(x^2) - mean(x)^2, which loses its digits where the mean is large"""
    adaptive_layer_norm(x, scale, shift, epsilon)
    mean = x.mean(-1, keepdim=True)
    variance = (x.square().mean(-1, keepdim=True) - mean.square()).clamp(min=0)
    return (x - mean) / (variance + epsilon).sqrt() * (1 + scale[..., None, :]) + shift[..., None, :]


@mistake(of=adaptive_layer_norm, seen="catalogue R001-092")
def adaptive_layer_norm_without_check(x, scale, shift, epsilon=1e-6):
    """a negative epsilon is used as it is"""
    return _without_check(x, epsilon) * (1 + scale[..., None, :]) + shift[..., None, :]


@variant(of=adaptive_layer_norm, seen="huggingface/diffusers, AdaLayerNormZero with its norm's output kept")
def adaptive_layer_norm_that_adds_the_scaled_part(x, scale, shift, epsilon=1e-6):
    """LN(x) + scale LN(x) + shift is the same sum"""
    normed = standardize_tokens(x, epsilon)
    return normed + scale[..., None, :] * normed + shift[..., None, :]


@mistake(of=dit_modulation, seen="catalogue R004-107")
def dit_modulation_in_var_order(condition, weight, bias):
    """the rows are read in VAR's order: gates, scales, shifts"""
    return var_modulation(condition, weight, bias)


@mistake(of=dit_modulation, seen="catalogue R003-175")
def dit_modulation_with_scale_first(condition, weight, bias):
    """the first third of each sub-layer's rows is taken for the scale, the second for the shift"""
    shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = dit_modulation(condition, weight, bias)
    return Modulation(scale_1, shift_1, gate_1, scale_2, shift_2, gate_2)


@mistake(of=dit_modulation, seen="catalogue R004-107")
def dit_modulation_without_silu(condition, weight, bias):
    """the condition goes into the linear map without an activation"""
    return Modulation(*linear(condition, weight, bias).chunk(6, -1))


@mistake(of=dit_modulation, seen="catalogue R004-107")
def dit_modulation_with_silu_after(condition, weight, bias):
    """the activation comes after the linear map, so that no factor can be below -0.28"""
    return Modulation(*silu(linear(condition, weight, bias)).chunk(6, -1))


@mistake(of=dit_modulation, seen="catalogue R003-175")
def dit_modulation_interleaved(condition, weight, bias):
    """the six parts of a channel stand side by side, instead of the channels of a part"""
    return Modulation(*linear(silu(condition), weight, bias).unflatten(-1, (-1, 6)).unbind(-1))


@mistake(of=dit_modulation, seen="catalogue R003-175")
def dit_modulation_of_uneven_parts(condition, weight, bias):
    """rows that do not divide by 6 are split into uneven parts"""
    return Modulation(*linear(silu(condition), weight, bias).tensor_split(6, -1))


@mistake(of=dit_modulation, seen="catalogue R003-175")
def dit_modulation_of_batches_alone(condition, weight, bias):
    """the second axis is cut into six, whatever the number of axes"""
    dit_modulation(condition, weight, bias)
    return Modulation(*linear(silu(condition), weight, bias).chunk(6, 1))


@mistake(of=dit_modulation, seen="catalogue R003-175")
def dit_modulation_by_exponentials(condition, weight, bias):
    """the SiLU is c exp(c) / (1 + exp(c)), which overflows"""
    return dit_modulation(_overflowing(condition), weight, bias)


@mistake(of=var_modulation, seen="catalogue R001-092")
def var_modulation_in_dit_order(condition, weight, bias):
    """the rows are read in DiT's order: shift, scale, gate of one sub-layer, then of the other"""
    return dit_modulation(condition, weight, bias)


@mistake(of=var_modulation, seen="catalogue R001-092")
def var_modulation_with_shifts_before_scales(condition, weight, bias):
    """after the gates come the shifts instead of the scales"""
    shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = var_modulation(condition, weight, bias)
    return Modulation(scale_1, shift_1, gate_1, scale_2, shift_2, gate_2)


@mistake(of=var_modulation, seen="catalogue R001-092")
def var_modulation_by_sub_layer(condition, weight, bias):
    """the rows are read as gate, scale, shift of one sub-layer and then of the other"""
    gate_1, scale_1, shift_1, gate_2, scale_2, shift_2 = dit_modulation(condition, weight, bias)
    return Modulation(shift_1, scale_1, gate_1, shift_2, scale_2, gate_2)


@mistake(of=var_modulation, seen="E001-19")
def var_modulation_that_is_the_condition(condition, weight, bias):
    """the condition itself stands in for each of the six parts"""
    six = linear(silu(condition), weight, bias).chunk(6, -1)
    return Modulation(*(condition.mean(-1, keepdim=True) + 0 * part for part in six))


@mistake(of=var_modulation, seen="catalogue R001-092")
def var_modulation_by_exponentials(condition, weight, bias):
    """the SiLU is c exp(c) / (1 + exp(c)), which overflows"""
    return var_modulation(_overflowing(condition), weight, bias)


@mistake(of=shared_var_modulation, seen="E001-4")
def shared_var_modulation_for_all_samples(condition, weight, bias, block_constant):
    """all samples share one modulation, as if the norm's own gain and bias were shared"""
    shared = condition.mean(0, keepdim=True).expand(condition.shape)
    return shared_var_modulation(shared, weight, bias, block_constant)


@mistake(of=shared_var_modulation, seen="E001-4")
def shared_var_modulation_without_constant(condition, weight, bias, block_constant):
    """the blocks do not add a constant of their own, so that all have the same modulation"""
    return shared_var_modulation(condition, weight, bias, 0 * block_constant)


@mistake(of=shared_var_modulation, seen="catalogue R001-092")
def shared_var_modulation_with_factor(condition, weight, bias, block_constant):
    """the block's constant multiplies the shared modulation instead of being added"""
    factors = block_constant.flatten()
    return var_modulation(condition, weight * factors[:, None], bias * factors)


@mistake(of=shared_var_modulation, seen="catalogue R001-092")
def shared_var_modulation_with_transposed_constant(condition, weight, bias, block_constant):
    """the block's constant is laid out channel by channel instead of part by part"""
    return shared_var_modulation(condition, weight, bias, block_constant.T.reshape(block_constant.shape))


@mistake(of=shared_var_modulation, seen="catalogue R001-092")
def shared_var_modulation_of_any_constant(condition, weight, bias, block_constant):
    """a constant of one channel is spread over all channels instead of being refused"""
    channels = len(weight) // 6
    return shared_var_modulation(condition, weight, bias, block_constant[:, :channels].expand(6, channels))


@mistake(of=shared_var_modulation, seen="catalogue R001-092")
def shared_var_modulation_by_exponentials(condition, weight, bias, block_constant):
    """the SiLU is c exp(c) / (1 + exp(c)), which overflows"""
    return shared_var_modulation(_overflowing(condition), weight, bias, block_constant)


@mistake(of=shared_var_modulation, seen="catalogue R001-092")
def shared_var_modulation_of_batches_alone(condition, weight, bias, block_constant):
    """the second axis is cut into six, whatever the number of axes"""
    shared_var_modulation(condition, weight, bias, block_constant)
    parts = (linear(silu(condition), weight, bias).unflatten(1, (6, -1)) + block_constant).unbind(1)
    return Modulation(parts[4], parts[2], parts[0], parts[5], parts[3], parts[1])


@mistake(of=adaln_zero_block, seen="catalogue R003-175")
def adaln_zero_block_without_gates(x, modulation, attend, feed_forward, epsilon=1e-6):
    """the branches are added without a gate, as in adaLN without the Zero"""
    ones = torch.ones_like(modulation.attention_gate)
    return adaln_zero_block(
        x, modulation._replace(attention_gate=ones, feed_forward_gate=ones), attend, feed_forward, epsilon
    )


@mistake(of=adaln_zero_block, seen="catalogue R003-175")
def adaln_zero_block_with_one_plus_gate(x, modulation, attend, feed_forward, epsilon=1e-6):
    """a gate of 0 lets the whole branch through: 1 + gate stands where the gate belongs"""
    attention_gate, feed_forward_gate = modulation.attention_gate + 1, modulation.feed_forward_gate + 1
    opened = modulation._replace(attention_gate=attention_gate, feed_forward_gate=feed_forward_gate)
    return adaln_zero_block(x, opened, attend, feed_forward, epsilon)


@mistake(of=adaln_zero_block, seen="catalogue R004-107")
def adaln_zero_block_in_parallel(x, modulation, attend, feed_forward, epsilon=1e-6):
    """both branches read the input of the block, instead of one after the other"""
    m = modulation
    attended = attend(adaptive_layer_norm(x, m.attention_scale, m.attention_shift, epsilon))
    fed = feed_forward(adaptive_layer_norm(x, m.feed_forward_scale, m.feed_forward_shift, epsilon))
    return x + m.attention_gate[..., None, :] * attended + m.feed_forward_gate[..., None, :] * fed


@mistake(of=adaln_zero_block, seen="catalogue R004-107")
def adaln_zero_block_with_feed_forward_first(x, modulation, attend, feed_forward, epsilon=1e-6):
    """the feed-forward branch comes before attention"""
    return adaln_zero_block(x, Modulation(*modulation[3:], *modulation[:3]), feed_forward, attend, epsilon)


@mistake(of=adaln_zero_block, seen="catalogue R003-175")
def adaln_zero_block_that_adds_the_adapted_tokens(x, modulation, attend, feed_forward, epsilon=1e-6):
    """the branch is added to the adapted tokens instead of the input"""
    m = modulation
    adapted = adaptive_layer_norm(x, m.attention_scale, m.attention_shift, epsilon)
    h = adapted + m.attention_gate[..., None, :] * attend(adapted)
    adapted = adaptive_layer_norm(h, m.feed_forward_scale, m.feed_forward_shift, epsilon)
    return adapted + m.feed_forward_gate[..., None, :] * feed_forward(adapted)


@mistake(of=adaln_zero_block, seen="catalogue R003-175")
def adaln_zero_block_gated_before_attention(x, modulation, attend, feed_forward, epsilon=1e-6):
    """the gate multiplies what goes into a branch instead of what comes out"""
    m = modulation
    adapted = adaptive_layer_norm(x, m.attention_scale, m.attention_shift, epsilon)
    h = x + attend(m.attention_gate[..., None, :] * adapted)
    adapted = adaptive_layer_norm(h, m.feed_forward_scale, m.feed_forward_shift, epsilon)
    return h + feed_forward(m.feed_forward_gate[..., None, :] * adapted)


@mistake(of=adaln_zero_block, seen="catalogue R003-175")
def adaln_zero_block_that_ignores_epsilon(x, modulation, attend, feed_forward, epsilon=1e-6):
    """epsilon is 1e-6 whatever was asked for"""
    return adaln_zero_block(x, modulation, attend, feed_forward)


@mistake(of=adaln_zero_block, seen="catalogue R001-092")
def adaln_zero_block_of_batches_alone(x, modulation, attend, feed_forward, epsilon=1e-6):
    """all six parts get a second axis for the tokens, whatever the number of axes"""
    shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = (part.unsqueeze(1) for part in modulation)
    x = x + gate_1 * attend(standardize_tokens(x, epsilon) * (1 + scale_1) + shift_1)
    return x + gate_2 * feed_forward(standardize_tokens(x, epsilon) * (1 + scale_2) + shift_2)


@mistake(of=adaln_zero_block, seen="catalogue R001-092")
def adaln_zero_block_without_check(x, modulation, attend, feed_forward, epsilon=1e-6):
    """a negative epsilon is used as it is"""
    shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = (part[..., None, :] for part in modulation)
    x = x + gate_1 * attend(_without_check(x, epsilon) * (1 + scale_1) + shift_1)
    return x + gate_2 * feed_forward(_without_check(x, epsilon) * (1 + scale_2) + shift_2)


@mistake(of=dit_final_layer, seen="catalogue R001-027")
def dit_final_layer_with_scale_first(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon=1e-6):
    """the first half of the modulation is taken for the scale, as in VAR"""
    return linear(var_final_norm(x, condition, modulation_weight, modulation_bias, epsilon), weight, bias)


@mistake(of=dit_final_layer, seen="catalogue R003-175")
def dit_final_layer_that_modulates_last(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon=1e-6):
    """the condition changes the input of the norm, which takes much of it out again"""
    shift, scale = linear(silu(condition), modulation_weight, modulation_bias)[..., None, :].chunk(2, -1)
    return linear(standardize_tokens(x * (1 + scale) + shift, epsilon), weight, bias)


@mistake(of=dit_final_layer, seen="catalogue R003-175")
def dit_final_layer_with_other_epsilon(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon=1e-5):
    """epsilon is 1e-5 instead of 1e-6"""
    return dit_final_layer(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon)


@mistake(of=dit_final_layer, seen="catalogue R003-175")
def dit_final_layer_without_check(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon=1e-6):
    """one row for all channels is accepted"""
    shift, scale = linear(silu(condition), modulation_weight, modulation_bias)[..., None, :].chunk(2, -1)
    return linear(standardize_tokens(x, epsilon) * (1 + scale) + shift, weight, bias)


@mistake(of=dit_final_layer, seen="catalogue R003-175")
def dit_final_layer_of_batches_alone(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon=1e-6):
    """the second axis is cut into shift and scale, whatever the number of axes"""
    dit_final_layer(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon)
    shift, scale = linear(silu(condition), modulation_weight, modulation_bias).chunk(2, 1)
    return linear(adaptive_layer_norm(x, scale, shift, epsilon), weight, bias)


@mistake(of=dit_final_layer, seen="catalogue R003-175")
def dit_final_layer_by_exponentials(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon=1e-6):
    """the SiLU is c exp(c) / (1 + exp(c)), which overflows"""
    return dit_final_layer(x, _overflowing(condition), modulation_weight, modulation_bias, weight, bias, epsilon)


@mistake(of=dit_final_layer, seen="catalogue R003-175")
def dit_final_layer_of_any_epsilon(x, condition, modulation_weight, modulation_bias, weight, bias, epsilon=1e-6):
    """a negative epsilon is taken for 0"""
    return dit_final_layer(x, condition, modulation_weight, modulation_bias, weight, bias, max(epsilon, 0))


@mistake(of=var_final_norm, seen="catalogue R001-027")
def var_final_norm_with_shift_first(x, condition, weight, bias, epsilon=1e-6):
    """the first half of the modulation is taken for the shift, as in DiT"""
    identity = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    return dit_final_layer(x, condition, weight, bias, identity, 0 * identity[0], epsilon)


@mistake(of=var_final_norm, seen="catalogue R001-027")
def var_final_norm_without_one(x, condition, weight, bias, epsilon=1e-6):
    """a weight of 0 wipes the tokens out: they are multiplied by the scale instead of 1 + scale"""
    scale, shift = linear(silu(condition), weight, bias)[..., None, :].chunk(2, -1)
    return standardize_tokens(x, epsilon) * scale + shift


@mistake(of=var_final_norm, seen="catalogue R001-027")
def var_final_norm_without_silu(x, condition, weight, bias, epsilon=1e-6):
    """the condition goes into the linear map without an activation"""
    scale, shift = linear(condition, weight, bias)[..., None, :].chunk(2, -1)
    return standardize_tokens(x, epsilon) * (1 + scale) + shift


@mistake(of=var_final_norm, seen="catalogue R001-027")
def var_final_norm_with_other_epsilon(x, condition, weight, bias, epsilon=1e-5):
    """epsilon is 1e-5 instead of 1e-6"""
    return var_final_norm(x, condition, weight, bias, epsilon)


@mistake(of=var_final_norm, seen="catalogue R001-027")
def var_final_norm_by_exponentials(x, condition, weight, bias, epsilon=1e-6):
    """the SiLU is c exp(c) / (1 + exp(c)), which overflows"""
    return var_final_norm(x, _overflowing(condition), weight, bias, epsilon)


@mistake(of=var_final_norm, seen="catalogue R001-027")
def var_final_norm_of_any_epsilon(x, condition, weight, bias, epsilon=1e-6):
    """a negative epsilon is taken for 0"""
    return var_final_norm(x, condition, weight, bias, max(epsilon, 0))


@mistake(of=dit_condition, seen="catalogue R001-091")
def dit_condition_with_null_class_first(time_embedding, label, label_table):
    """row 0 belongs to the null class, and each class has the row after its index"""
    return dit_condition(time_embedding, (label + 1) % len(label_table), label_table)


@mistake(of=dit_condition, seen="catalogue R004-107")
def dit_condition_without_time(time_embedding, label, label_table):
    """the embedding of the time is left out, as in VAR, which has none"""
    return dit_condition(0 * time_embedding, label, label_table)


@mistake(of=dit_condition, seen="catalogue R001-091")
def dit_condition_wrapped_around(time_embedding, label, label_table):
    """a label outside the table is taken modulo the number of its rows"""
    return dit_condition(time_embedding, label % len(label_table), label_table)


@mistake(of=dit_condition, seen="catalogue R001-091")
def dit_condition_with_null_for_negative_labels(time_embedding, label, label_table):
    """a label of -1 reads the last row, that of the null class"""
    return time_embedding + label_table[label]


@mistake(of=drop_labels, seen="catalogue R001-091")
def drop_labels_to_last_class(label, uniform, probability, num_classes):
    """dropped labels become num_classes - 1, the last class"""
    return torch.where(uniform < probability, num_classes - 1, label)


@mistake(of=drop_labels, seen="catalogue R001-091")
def drop_labels_to_zero(label, uniform, probability, num_classes):
    """dropped labels become class 0"""
    return torch.where(uniform < probability, 0, label)


@mistake(of=drop_labels, seen="catalogue R001-091")
def drop_labels_that_keeps_the_share(label, uniform, probability, num_classes):
    """the probability is that of keeping a label"""
    return torch.where(uniform < probability, label, num_classes)


@mistake(of=drop_labels, seen="catalogue R001-091")
def drop_labels_at_equality(label, uniform, probability, num_classes):
    """a draw that equals the probability drops too, so that at 0 some labels are dropped"""
    return torch.where(uniform <= probability, num_classes, label)


@mistake(of=drop_labels, seen="catalogue R001-091")
def drop_labels_of_whole_batches(label, uniform, probability, num_classes):
    """one draw decides for all samples of the batch"""
    return torch.where(uniform[:1] < probability, num_classes, label)


@mistake(of=drop_labels, seen="catalogue R001-091")
def drop_labels_without_check(label, uniform, probability, num_classes):
    """impossible probabilities and numbers of classes are accepted"""
    return torch.where(uniform < probability, num_classes, label)


@mistake(of=drop_text_conditions, seen="catalogue R001-120")
def drop_text_conditions_by_token(tokens, lengths, null_tokens, uniform, probability):
    """the draws decide token by token instead of text by text"""
    place = torch.arange(len(tokens))
    dropped = (uniform < probability)[place % len(lengths), None]
    return torch.where(dropped, null_tokens[place % len(null_tokens)], tokens)


@mistake(of=drop_text_conditions, seen="catalogue R001-120")
def drop_text_conditions_with_one_null_vector(tokens, lengths, null_tokens, uniform, probability):
    """the first null vector stands in for every token of a dropped text"""
    return drop_text_conditions(tokens, lengths, null_tokens[:1].expand(null_tokens.shape), uniform, probability)


@mistake(of=drop_text_conditions, seen="catalogue R001-120")
def drop_text_conditions_by_place_in_the_batch(tokens, lengths, null_tokens, uniform, probability):
    """the null vectors are taken by the place in the packed batch instead of the place in the text"""
    text = torch.repeat_interleave(lengths, output_size=len(tokens))
    nulls = null_tokens[torch.arange(len(tokens)) % len(null_tokens)]
    return torch.where((uniform < probability)[text, None], nulls, tokens)


@mistake(of=drop_text_conditions, seen="catalogue R001-120")
def drop_text_conditions_from_the_end(tokens, lengths, null_tokens, uniform, probability):
    """a text is replaced by the last null vectors instead of the first"""
    return drop_text_conditions(tokens, lengths, null_tokens.flip(0), uniform, probability)


@mistake(of=drop_text_conditions, seen="FoundationVision/Infinity")
def drop_text_conditions_in_place(tokens, lengths, null_tokens, uniform, probability):
    """the null vectors are written into the batch that the caller holds"""
    return tokens.copy_(drop_text_conditions(tokens, lengths, null_tokens, uniform, probability))


@mistake(of=drop_text_conditions, seen="catalogue R001-120")
def drop_text_conditions_without_gradient(tokens, lengths, null_tokens, uniform, probability):
    """the null vectors are copied as numbers and never learn"""
    return drop_text_conditions(tokens, lengths, null_tokens.detach(), uniform, probability) + 0 * null_tokens.sum()


@mistake(of=drop_text_conditions, seen="catalogue R001-120")
def drop_text_conditions_without_check(tokens, lengths, null_tokens, uniform, probability):
    """impossible probabilities are accepted"""
    return drop_text_conditions(tokens, lengths, null_tokens, uniform, min(max(probability, 0.0), 1.0))


@mistake(of=pointwise_convolution, seen="catalogue R003-159")
def pointwise_convolution_with_transposed_weight(x, weight, bias):
    """the weight is laid out channels first"""
    return pointwise_convolution(x, weight.T.reshape(weight.shape), bias)


@mistake(of=pointwise_convolution, seen="catalogue R003-159")
def pointwise_convolution_without_bias(x, weight, bias):
    """the bias is left out"""
    return pointwise_convolution(x, weight, 0 * bias)


@mistake(of=pointwise_convolution, seen="catalogue R003-159")
def pointwise_convolution_of_transposed_image(x, weight, bias):
    """height and width are exchanged"""
    return pointwise_convolution(x.mT.reshape(x.shape), weight, bias)


@variant(of=pointwise_convolution, seen="lllyasviel/ControlNet, zero_module(conv_nd(dims, channels, channels, 1))")
def pointwise_convolution_by_library(x, weight, bias):
    """a convolution whose kernel has one pixel is a linear map of the channels"""
    batch = x.reshape(-1, *x.shape[-3:])
    out = torch.nn.functional.conv2d(batch, weight[..., None, None], bias)
    return out.reshape(*x.shape[:-3], *out.shape[-3:])


@mistake(of=controlled_block, seen="catalogue R003-159")
def controlled_block_without_skip(x, control, block, trained_copy, weight_in, bias_in, weight_out, bias_out):
    """the copy sees the control alone, so that two zero layers in series never start to train"""
    steered = trained_copy(pointwise_convolution(control, weight_in, bias_in))
    return block(x) + pointwise_convolution(steered, weight_out, bias_out)


@mistake(of=controlled_block, seen="catalogue R003-159")
def controlled_block_that_replaces_the_block(x, control, block, trained_copy, weight_in, bias_in, weight_out, bias_out):
    """the output of the frozen block is left out, so that the start is 0 instead of the trained model"""
    steered = trained_copy(x + pointwise_convolution(control, weight_in, bias_in))
    return 0 * block(x) + pointwise_convolution(steered, weight_out, bias_out)


@mistake(of=controlled_block, seen="catalogue R003-159")
def controlled_block_of_steered_input(x, control, block, trained_copy, weight_in, bias_in, weight_out, bias_out):
    """the frozen block sees the control too"""
    steered = x + pointwise_convolution(control, weight_in, bias_in)
    return block(steered) + pointwise_convolution(trained_copy(steered), weight_out, bias_out)


@mistake(of=controlled_block, seen="catalogue R003-159")
def controlled_block_with_frozen_copy(x, control, block, trained_copy, weight_in, bias_in, weight_out, bias_out):
    """the copy is frozen, and no gradient reaches the convolution before it"""
    steered = trained_copy(x + pointwise_convolution(control, weight_in, bias_in)).detach()
    return block(x) + pointwise_convolution(steered, weight_out, bias_out) + 0 * (weight_in.sum() + bias_in.sum())


@mistake(of=controlled_block, seen="catalogue R003-159")
def controlled_block_frozen_by_detaching(x, control, block, trained_copy, weight_in, bias_in, weight_out, bias_out):
    """the frozen block passes no gradient on, so that what lies before it learns less"""
    return controlled_block(
        x, control, lambda h: block(h.detach()), trained_copy, weight_in, bias_in, weight_out, bias_out
    )


@mistake(of=controlled_block, seen="catalogue R003-159")
def controlled_block_twice_the_block(x, control, block, trained_copy, weight_in, bias_in, weight_out, bias_out):
    """the frozen block stands where the copy belongs"""
    steered = block(x + pointwise_convolution(control, weight_in, bias_in))
    padded = torch.cat([steered, 0 * trained_copy(x)], -3)[..., : weight_out.shape[1], :, :]
    return block(x) + pointwise_convolution(padded, weight_out, bias_out)


@mistake(of=controlled_block, seen="E003-055")
def controlled_block_with_zero_in_both_places(
    x, control, block, trained_copy, weight_in, bias_in, weight_out, bias_out
):
    """the output convolution is scaled by the size of the first one, so that both stay at 0 for good"""
    steered = trained_copy(x + pointwise_convolution(control, weight_in, bias_in))
    return block(x) + pointwise_convolution(steered, weight_out * weight_in.square().sum(), bias_out)


@mistake(of=controlled_block, seen="catalogue R003-159")
def controlled_block_of_single_images(x, control, block, trained_copy, weight_in, bias_in, weight_out, bias_out):
    """the matrices are applied along the first axis, which is that of the batch if there is one"""

    def convolution(image, weight, bias):
        return torch.tensordot(weight, image, 1) + bias[:, None, None]

    return block(x) + convolution(trained_copy(x + convolution(control, weight_in, bias_in)), weight_out, bias_out)


@mistake(of=adaln_zero_block, seen="catalogue R003-175")
def adaln_zero_block_with_gates_before_attention(x, modulation, attend, feed_forward, epsilon=1e-6):
    """the first gate multiplies what attention gets instead of what it gives"""
    gate = modulation.attention_gate[..., None, :]
    open_gate = modulation._replace(attention_gate=torch.ones_like(modulation.attention_gate))
    return adaln_zero_block(x, open_gate, lambda h: attend(gate * h), feed_forward, epsilon)


@mistake(of=dit_condition, seen="catalogue R004-107")
def dit_condition_without_training_of_the_null_class(time_embedding, label, label_table):
    """the null class is taken for padding, so that its row has no gradient"""
    return time_embedding + torch.nn.functional.embedding(label, label_table, padding_idx=len(label_table) - 1)
