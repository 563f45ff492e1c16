"""Wrong variants of `reference.transformer.lora`."""

import math

import torch
from torch.nn.functional import linear

from properties.mistakes import mistake, variant
from reference.transformer.lora import (
    concatenate_adapters,
    glora_merge,
    lora_forward,
    lora_merge,
    lora_parameter_count,
    lora_scaling,
    lora_unmerge,
    rank_stabilized_scaling,
)


@mistake(of=lora_scaling, seen="rasbt/LLMs-from-scratch#821")
def lora_scaling_without_rank(alpha, rank):
    """alpha is not divided by the rank"""
    return alpha * lora_scaling(1, 1) if rank > 0 else lora_scaling(alpha, rank)


@mistake(of=lora_scaling, seen="catalogue R003-241")
def lora_scaling_inverted(alpha, rank):
    """the rank is divided by alpha"""
    return 1 / lora_scaling(alpha, rank)


@mistake(of=lora_scaling, seen="catalogue R003-241")
def lora_scaling_of_any_rank(alpha, rank):
    """a rank of 0 turns the adapter off instead of being refused"""
    return alpha / rank if rank else 0.0


@mistake(of=rank_stabilized_scaling, seen="paiml/aprender#2189, huggingface/peft#2775")
def rank_stabilized_scaling_by_rank(alpha, rank):
    """alpha is divided by the rank as for any adapter, instead of its root"""
    return lora_scaling(alpha, rank)


@mistake(of=rank_stabilized_scaling, seen="paiml/aprender#2189")
def rank_stabilized_scaling_of_one(alpha, rank):
    """the scaling is 1 whatever alpha and the rank are"""
    return rank_stabilized_scaling(alpha, rank) ** 0


@mistake(of=rank_stabilized_scaling, seen="arXiv:2312.03732")
def rank_stabilized_scaling_with_root_of_alpha(alpha, rank):
    """the root is taken of alpha too"""
    return math.sqrt(lora_scaling(alpha, rank))


@mistake(of=lora_forward, seen="hao-ai-lab/FastVideo#870")
def lora_forward_without_scaling(x, weight, A, B, scaling):
    """the update is added without its scaling"""
    return lora_forward(x, weight, A, B, 1.0)


@mistake(of=lora_forward, seen="EricLBuehler/candle-lora#26")
def lora_forward_that_adds_the_update_twice(x, weight, A, B, scaling):
    """the update is added again to an output that has it already, as after a merge that is not noted down"""
    return lora_forward(x, lora_merge(weight, A, B, scaling), A, B, scaling)


@mistake(of=lora_forward, seen="EricLBuehler/candle-lora#26")
def lora_forward_of_frozen_weight(x, weight, A, B, scaling):
    """the adapter is left out, as after a merge into a copy that is then thrown away"""
    return lora_forward(x, weight, A, B, 0 * scaling)


@mistake(of=lora_forward, seen="catalogue R003-242")
def lora_forward_scaled_as_a_whole(x, weight, A, B, scaling):
    """the scaling multiplies the frozen output too"""
    return scaling * lora_forward(x, weight, A, B, 1.0)


@mistake(of=lora_forward, seen="E003-121")
def lora_forward_scaled_in_the_backward_pass(x, weight, A, B, scaling):
    """the scaling multiplies the gradient only, as a learning rate would"""
    update = linear(linear(x, A), B)
    return linear(x, weight) + update.detach() + scaling * (update - update.detach())


@mistake(of=lora_forward, seen="catalogue R003-241")
def lora_forward_with_two_scalings(x, weight, A, B, scaling):
    """the scaling is applied behind A and behind B"""
    return lora_forward(x, weight, scaling * A, B, scaling)


@mistake(of=lora_forward, seen="catalogue R003-242")
def lora_forward_with_frozen_update(x, weight, A, B, scaling):
    """A and B get no gradient"""
    return lora_forward(x, weight, A.detach(), B.detach(), scaling) + 0 * (A.sum() + B.sum())


@mistake(of=lora_merge, seen="hao-ai-lab/FastVideo#870, cloneofsimo/lora#187")
def lora_merge_without_scaling(weight, A, B, scaling):
    """B A is added without its scaling"""
    return lora_merge(weight, A, B, 1.0)


@mistake(of=lora_merge, seen="EricLBuehler/candle-lora#26")
def lora_merge_into_a_copy(weight, A, B, scaling):
    """the update goes into a copy, and the weight that is returned is the frozen one"""
    return weight + 0 * scaling * (B @ A)


@mistake(of=lora_merge, seen="EricLBuehler/candle-lora#26")
def lora_merge_twice(weight, A, B, scaling):
    """an update that was merged already is merged again"""
    return lora_merge(lora_merge(weight, A, B, scaling), A, B, scaling)


@mistake(of=lora_merge, seen="catalogue R003-241")
def lora_merge_with_squared_scaling(weight, A, B, scaling):
    """the scaling is applied to both A and B"""
    return lora_merge(weight, scaling * A, B, scaling)


@mistake(of=lora_merge, seen="catalogue R003-241")
def lora_merge_transposed(weight, A, B, scaling):
    """the update is laid out inputs first, as for GPT-2's Conv1D"""
    return weight + scaling * (B @ A).T.reshape(weight.shape)


@variant(of=lora_merge, seen="huggingface/peft, get_delta_weight")
def lora_merge_by_outer_products(weight, A, B, scaling):
    """a sum of one outer product for each rank is the same matrix"""
    return weight + scaling * torch.einsum("ri,or->oi", A, B)


@mistake(of=lora_unmerge, seen="hao-ai-lab/FastVideo#870")
def lora_unmerge_without_scaling(merged, A, B, scaling):
    """B A is taken out without its scaling"""
    return lora_unmerge(merged, A, B, 1.0)


@mistake(of=lora_unmerge, seen="catalogue R003-241")
def lora_unmerge_that_adds(merged, A, B, scaling):
    """the update is added once more instead of taken out"""
    return lora_merge(merged, A, B, scaling)


@mistake(of=lora_unmerge, seen="EricLBuehler/candle-lora#26")
def lora_unmerge_that_forgets(merged, A, B, scaling):
    """the adapter is marked as unmerged while the weight stays merged"""
    return merged + 0 * (B @ A)


@mistake(of=concatenate_adapters, seen="huggingface/peft#3473, huggingface/peft#3449")
def concatenate_adapters_scaled_again(A, B, scalings):
    """a scaling that was folded into B already is applied once more"""
    whole = concatenate_adapters(A, B, scalings)
    return whole[0], whole[1] * scalings[0]


@mistake(of=concatenate_adapters, seen="huggingface/peft#3473")
def concatenate_adapters_without_scalings(A, B, scalings):
    """the scalings are left out"""
    return concatenate_adapters(A, B, [1.0 for _ in scalings])


@mistake(of=concatenate_adapters, seen="huggingface/peft, combination_type linear")
def concatenate_adapters_with_cross_terms(A, B, scalings):
    """each B also multiplies the A of every other adapter"""
    whole = concatenate_adapters(A, B, scalings)
    rows, columns = whole[0].sum(0, keepdim=True), whole[1].sum(1, keepdim=True)
    rank = len(whole[0])
    return rows.expand(rank, -1) / rank, columns.expand(-1, rank).clone()


@variant(of=concatenate_adapters, seen="huggingface/peft, add_weighted_adapter")
def concatenate_adapters_scaled_on_the_other_side(A, B, scalings):
    """A may carry the scalings as well as B, since only the product counts"""
    return torch.cat([s * a for s, a, _ in zip(scalings, A, B, strict=True)]), torch.cat([*B], dim=1)


@mistake(of=concatenate_adapters, seen="catalogue R003-241")
def concatenate_adapters_scaled_on_both_sides(A, B, scalings):
    """A and B are both multiplied by the scaling"""
    return concatenate_adapters([s * a for s, a in zip(scalings, A, strict=True)], B, scalings)


@mistake(of=concatenate_adapters, seen="catalogue R003-241")
def concatenate_adapters_up_to_the_shortest(A, B, scalings):
    """an A, B or scaling without the other two is dropped in silence"""
    count = min(len(A), len(B), len(scalings))
    return concatenate_adapters(A[:count], B[:count], scalings[:count])


@mistake(of=concatenate_adapters, seen="catalogue R003-241")
def concatenate_adapters_without_scaling_of_a_single_one(A, B, scalings):
    """a single adapter is returned as it is, without its scaling"""
    whole = concatenate_adapters(A, B, scalings)
    return (A[0].clone(), B[0].clone()) if len(A) == 1 else whole


@mistake(of=glora_merge, seen="huggingface/peft#3411")
def glora_merge_one_after_the_other(weight, multipliers, offsets):
    """each adapter multiplies the weight that the one before it has changed, so that their order matters"""
    for a, b in zip(multipliers, offsets, strict=True):
        weight = weight + weight @ a + b
    return weight.clone()


@mistake(of=glora_merge, seen="huggingface/peft#3411")
def glora_merge_of_last_adapter(weight, multipliers, offsets):
    """only the last adapter is merged"""
    return glora_merge(weight, multipliers[-1:], offsets[-1:])


@mistake(of=glora_merge, seen="arXiv:2306.07967")
def glora_merge_without_offsets(weight, multipliers, offsets):
    """the offsets are left out"""
    return glora_merge(weight, multipliers, [0 * b for b in offsets])


@mistake(of=glora_merge, seen="arXiv:2306.07967")
def glora_merge_up_to_the_shortest(weight, multipliers, offsets):
    """a multiplier without an offset is dropped in silence"""
    count = min(len(multipliers), len(offsets))
    return glora_merge(weight, multipliers[:count], offsets[:count])


@mistake(of=lora_parameter_count, seen="catalogue R003-243")
def lora_parameter_count_of_square_weights(outputs, inputs, rank):
    """every weight is taken for square, which keys and values of grouped-query attention are not"""
    return lora_parameter_count(inputs, inputs, rank) if outputs > 0 else lora_parameter_count(outputs, inputs, rank)


@mistake(of=lora_parameter_count, seen="catalogue R003-243")
def lora_parameter_count_of_the_update(outputs, inputs, rank):
    """the entries of B A are counted instead of those of A and B"""
    return outputs * inputs


@mistake(of=lora_parameter_count, seen="catalogue R003-241")
def lora_parameter_count_of_one_matrix(outputs, inputs, rank):
    """only A is counted"""
    return rank * inputs
