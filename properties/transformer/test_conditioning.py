"""Laws of `reference.transformer.conditioning`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects, assert_rejects_index
from properties.strategies import dyadics, indices, normals
from reference.transformer.conditioning import Modulation

DIT_ORDER = Modulation._fields
VAR_ORDER = (
    "attention_gate",
    "feed_forward_gate",
    "attention_scale",
    "feed_forward_scale",
    "attention_shift",
    "feed_forward_shift",
)
GIVEN_EPSILON = pytest.mark.parametrize("given_epsilon", [(), (0.25,)])


def small(*shape):
    return dyadics(-64, 64, *shape, grid=64)


def scaled(*shape):
    """Numbers down to where an epsilon of 1e-6 counts beside their variance."""
    return st.builds(lambda x, exponent: x * 2.0**exponent, normals(*shape), st.integers(-10, 0))


def table(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def standardized(x, given_epsilon, x_size):
    """LN(x) token by token in Python floats, and its size where x is made of terms of the size of x_size.

    An error in x moves the token and its spread.
    """
    (epsilon,) = given_epsilon or (1e-6,)
    values, sizes = [], []
    for token, size in zip(x.flatten(0, -2).tolist(), x_size.flatten(0, -2).tolist(), strict=True):
        mean = math.fsum(token) / len(token)
        spread = math.sqrt(math.fsum((v - mean) ** 2 for v in token) / len(token) + epsilon)
        values.append([(v - mean) / spread for v in token])
        sizes.append([(1 + math.sqrt(len(token))) * max(size) / spread])
    return table(values).reshape(x.shape), table(sizes).reshape(*x.shape[:-1], 1)


def adapted(x, scale, shift, given_epsilon=(), x_size=None):
    """LN(x) (1 + scale) + shift and its size; scale and shift are pairs of a value and a size for each sample."""
    (scale, scale_size), (shift, shift_size) = ([part[:, None] for part in pair] for pair in (scale, shift))
    normed, size = standardized(x, given_epsilon, x.abs() if x_size is None else x_size)
    return normed * (1 + scale) + shift, size * (1 + scale_size) + shift_size


def sized(value):
    return value, value.abs()


def projected(condition, weight, bias):
    """W silu(c) + b of each sample by sums of Python floats, and the size of its terms."""
    silu = [[c / (1 + math.exp(-c)) for c in sample] for sample in condition.tolist()]
    rows = list(zip(weight.tolist(), bias.tolist(), strict=True))
    terms = [[[*(w * s for w, s in zip(row, c, strict=True)), b] for row, b in rows] for c in silu]
    return table([[math.fsum(entry) for entry in sample] for sample in terms]), table(terms).abs().sum(-1)


def projected_apart(condition, weights, biases):
    """What each of several matrices makes of the condition, and the sizes."""
    pairs = [projected(condition, weight, bias) for weight, bias in zip(weights, biases, strict=True)]
    return tuple(torch.stack(list(part)) for part in zip(*pairs, strict=True))


def in_order(modulation, names):
    return torch.stack([getattr(modulation, name) for name in names])


def convolved(x, weight, bias):
    """W x + b pixel by pixel in Python floats."""
    x, weight, bias = x.tolist(), weight.tolist(), bias.tolist()
    height, width = len(x[0]), len(x[0][0])

    def pixel(row, offset, i, j):
        return math.fsum([*(w * channel[i][j] for w, channel in zip(row, x, strict=True)), offset])

    rows = zip(weight, bias, strict=True)
    return table([[[pixel(row, b, i, j) for j in range(width)] for i in range(height)] for row, b in rows])


@GIVEN_EPSILON
@given(x=scaled(2, 3, 5) | normals(2, 3, 5).map(lambda x: 4096 + x), scale=normals(2, 5), shift=normals(2, 5))
def test_adaptive_layer_norm_equals_loop_over_tokens(adaptive_layer_norm, x, scale, shift, given_epsilon):
    """Every token of a sample is brought to mean 0 and variance v / (v + epsilon), times 1 + scale, plus shift."""
    expected, size = adapted(x, sized(scale), sized(shift), given_epsilon)
    assert_close(adaptive_layer_norm(x, scale, shift, *given_epsilon), expected, size)
    assert_close(adaptive_layer_norm(x[0], scale[0], shift[0], *given_epsilon), expected[0], size[0])


def test_adaptive_layer_norm_rejects_negative_epsilon(
    adaptive_layer_norm, adaln_zero_block, dit_final_layer, var_final_norm
):
    """A sum of a variance and a negative epsilon need not have a root."""
    x, ones = torch.arange(6, dtype=torch.float64).reshape(1, 2, 3), torch.ones(1, 3, dtype=torch.float64)
    weight, bias = torch.ones(6, 3, dtype=torch.float64), torch.ones(6, dtype=torch.float64)
    assert_rejects(adaptive_layer_norm, x, ones, ones, -0.25)
    assert_rejects(adaln_zero_block, x, Modulation(*[ones] * 6), torch.abs, torch.abs, -0.25)
    assert_rejects(dit_final_layer, x, ones, weight, bias, weight, bias, -0.25)
    assert_rejects(var_final_norm, x, ones, weight, bias, -0.25)


@given(condition=normals(2, 3), weights=small(6, 5, 3), biases=small(6, 5))
def test_dit_modulation_reads_shift_scale_gate_twice(dit_modulation, condition, weights, biases):
    """Six matrices in the order shift, scale, gate, shift, scale, gate give each its own W silu(c) + b."""
    condition[0, 0] = 1024
    expected, size = projected_apart(condition, weights, biases)
    modulation = dit_modulation(condition, weights.flatten(0, 1), biases.flatten())
    assert_close(in_order(modulation, DIT_ORDER), expected, size)
    alone = dit_modulation(condition[0], weights.flatten(0, 1), biases.flatten())
    assert_close(in_order(alone, DIT_ORDER), expected[:, 0], size[:, 0])


@given(condition=normals(2, 3), weights=small(6, 7, 3), biases=small(6, 7))
def test_var_modulation_reads_gates_scales_shifts(var_modulation, condition, weights, biases):
    """Six matrices, for two gates, two scales and two shifts in this order, give each its own W silu(c) + b."""
    condition[0, 0] = 1024
    modulation = var_modulation(condition[None], weights.flatten(0, 1), biases.flatten())
    assert_close(in_order(modulation, VAR_ORDER)[:, 0], *projected_apart(condition, weights, biases))


@given(condition=normals(2, 3), weights=small(6, 5, 3), biases=small(6, 5), constants=normals(6, 5))
def test_shared_var_modulation_adds_the_constant_of_the_block(
    shared_var_modulation, condition, weights, biases, constants
):
    """Each of the six is that of the shared map for the sample plus the block's constant, the same for all samples."""
    condition[0, 0] = 1024
    modulation = shared_var_modulation(condition[:, None], weights.flatten(0, 1), biases.flatten(), constants)
    shared, size = projected_apart(condition, weights, biases)
    assert_close(in_order(modulation, VAR_ORDER)[:, :, 0], shared + constants[:, None], size + constants[:, None].abs())


@pytest.mark.parametrize("rows", [5, 7])
def test_dit_modulation_rejects_rows_that_do_not_divide_by_six(
    dit_modulation, var_modulation, shared_var_modulation, rows
):
    """Each of the six needs as many rows as the others, and as the constant of a block has channels."""
    condition, bias = torch.ones(2, 3, dtype=torch.float64), torch.ones(rows, dtype=torch.float64)
    weight = torch.ones(rows, 3, dtype=torch.float64)
    assert_rejects(dit_modulation, condition, weight, bias)
    assert_rejects(var_modulation, condition, weight, bias)
    weights, biases = torch.ones(12, 3, dtype=torch.float64), torch.ones(12, dtype=torch.float64)
    assert_rejects(shared_var_modulation, condition, weights, biases, torch.ones(6, rows, dtype=torch.float64))
    assert_rejects(shared_var_modulation, condition, weights, biases, torch.ones(6, 1, dtype=torch.float64))


@GIVEN_EPSILON
@given(x=scaled(2, 3, 5), parts=normals(6, 2, 5), mixing=small(3, 3))
def test_adaln_zero_block_equals_both_branches_added(adaln_zero_block, x, parts, mixing, given_epsilon):
    """Gated attention to the adapted tokens is added, then a gated map of the adapted sum; a sample with gates of 0
    stays as it is.
    """
    shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = parts
    gate_1[0] = gate_2[0] = 0

    def attend(h):
        return mixing.to(h.dtype) @ (h + 1)

    def feed_forward(h):
        return h.abs() - 1

    h, size = adapted(x, sized(scale_1), sized(shift_1), given_epsilon)
    middle = x + gate_1[:, None] * attend(h)
    middle_size = x.abs() + gate_1[:, None].abs() * (mixing.abs() @ (1 + size))
    h, size = adapted(middle, sized(scale_2), sized(shift_2), given_epsilon, middle_size)
    expected = middle + gate_2[:, None] * feed_forward(h)
    size = middle_size + gate_2[:, None].abs() * (1 + size)
    out = adaln_zero_block(x, Modulation(*parts), attend, feed_forward, *given_epsilon)
    assert_close(out, expected, size)
    assert_equal(out[0], x[0])
    alone = adaln_zero_block(x[1], Modulation(*parts[:, 1]), attend, feed_forward, *given_epsilon)
    assert_close(alone, expected[1], size[1])


@GIVEN_EPSILON
@given(
    x=scaled(2, 3, 5),
    condition=normals(2, 4),
    weights=small(2, 5, 4),
    biases=normals(2, 5),
    weight=small(7, 5),
    bias=normals(7),
)
def test_dit_final_layer_reads_shift_before_scale(
    dit_final_layer, x, condition, weights, biases, weight, bias, given_epsilon
):
    """Tokens adapted by the shift of the first and the scale of the second matrix go through the last linear map."""
    condition[0, 0] = 1024
    shift, scale = (projected(condition, w, b) for w, b in zip(weights, biases, strict=True))
    adjusted, size = adapted(x, scale, shift, given_epsilon)
    terms = adjusted[..., None, :] * weight
    expected = terms.sum(-1) + bias
    matrices = weights.flatten(0, 1), biases.flatten(), weight, bias
    out = dit_final_layer(x[None], condition[None], *matrices, *given_epsilon)
    assert_close(out[0], expected, size @ weight.abs().T + bias.abs())


@GIVEN_EPSILON
@given(x=scaled(2, 3, 5), condition=normals(2, 4), weights=small(2, 5, 4), biases=normals(2, 5))
def test_var_final_norm_reads_scale_before_shift(var_final_norm, x, condition, weights, biases, given_epsilon):
    """Tokens are adapted by the scale of the first and the shift of the second matrix."""
    condition[0, 0] = 1024
    scale, shift = (projected(condition, w, b) for w, b in zip(weights, biases, strict=True))
    expected, size = adapted(x, scale, shift, given_epsilon)
    out = var_final_norm(x[None], condition[None], weights.flatten(0, 1), biases.flatten(), *given_epsilon)
    assert_close(out[0], expected, size)


@given(x=normals(2, 3, 5), condition=normals(2, 4), weight=normals(10, 4), exponent=st.integers(-6, -1))
def test_var_final_norm_departs_in_proportion_to_its_weight(var_final_norm, x, condition, weight, exponent):
    """Without a bias, 2^-k times the weight gives 2^-k times the difference from LN(x), and 0 gives LN(x)."""
    zero, factor = torch.zeros(10, dtype=torch.float64), 2.0**exponent
    halves = [projected(condition, half, zero[:5]) for half in weight.chunk(2)]
    full, size = adapted(x, *halves)
    normed, _ = standardized(x, (), x.abs())
    out = var_final_norm(x, condition, factor * weight, zero)
    assert_close(out, normed + factor * (full - normed), size)
    assert_close(var_final_norm(x, condition, 0 * weight, zero), normed, size)


@pytest.mark.parametrize(("channels", "rows"), [(1, 4), (5, 2), (5, 9)])
def test_dit_final_layer_rejects_rows_that_are_not_two_a_channel(dit_final_layer, var_final_norm, channels, rows):
    """Each channel needs a row for the scale and one for the shift."""
    x, condition = torch.ones(2, 4, channels, dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64)
    weight, bias = torch.ones(rows, 3, dtype=torch.float64), torch.ones(rows, dtype=torch.float64)
    out = torch.ones(7, channels, dtype=torch.float64), torch.ones(7, dtype=torch.float64)
    assert_rejects(dit_final_layer, x, condition, weight, bias, *out)
    assert_rejects(var_final_norm, x, condition, weight, bias)


@given(time_embedding=normals(6, 5), label=indices(4, 6), label_table=normals(4, 5))
def test_dit_condition_adds_the_row_of_the_label(dit_condition, time_embedding, label, label_table):
    """Each sample adds the row of its class, the last one for the null class, to the embedding of its time."""
    label[0] = 3
    rows = torch.stack([label_table[index] for index in label.tolist()])
    assert_equal(dit_condition(time_embedding, label, label_table), time_embedding + rows)


@pytest.mark.autograd
@given(time_embedding=normals(3, 5), label_table=normals(4, 5), pull=normals(3, 5))
def test_dit_condition_trains_the_null_class(dit_condition, time_embedding, label_table, pull):
    """The last row has the gradient of all samples of the null class, as another has that of the samples of its own."""
    out = dit_condition(time_embedding, torch.tensor([3, 0, 3]), label_table.requires_grad_())
    (gradient,) = torch.autograd.grad((out * pull).sum(), [label_table])
    none = torch.zeros(5, dtype=torch.float64)
    expected = torch.stack([pull[1], none, none, pull[0] + pull[2]])
    assert_close(gradient.to(out.dtype), expected, pull.abs().sum(0))


@pytest.mark.parametrize("label", [-1, 4])
def test_dit_condition_rejects_labels_outside_the_table(dit_condition, label):
    """With three classes the labels are 0, 1, 2 and 3, that of the null class, and no others."""
    time_embedding, label_table = table([[1.0], [1.0]]), table([[2.0], [3.0], [4.0], [5.0]])
    assert_equal(dit_condition(time_embedding, torch.tensor([0, 3]), label_table), [[3.0], [6.0]])
    assert_rejects_index(dit_condition, time_embedding, torch.tensor([0, label]), label_table)


@pytest.mark.parametrize(
    ("probability", "dropped"), [(0.0, []), (0.5, [1, 3]), (0.625, [1, 2, 3]), (1.0, [0, 1, 2, 3])]
)
@given(label=indices(6, 4))
def test_drop_labels_replaces_the_stated_share(drop_labels, label, probability, dropped):
    """The draws 3/4, 0, 1/2, 1/4 turn a label into the number of classes if below the probability, and no other."""
    expected = label.clone()
    expected[dropped] = 6
    assert_equal(drop_labels(label, table([0.75, 0.0, 0.5, 0.25]), probability, 6), expected)


TEXTS = {0.0: [], 0.25: [1, 2], 0.5: [1, 2, 6], 0.625: [1, 2, 3, 4, 5, 6], 1.0: [0, 1, 2, 3, 4, 5, 6]}
PLACES = torch.tensor([0, 0, 1, 0, 1, 2, 0])
LENGTHS, DRAWS = torch.tensor([1, 2, 0, 3, 1]), [0.75, 0.0, 0.0, 0.5, 0.25]


@pytest.mark.parametrize("probability", TEXTS)
@given(tokens=normals(7, 2), null_tokens=normals(4, 2))
def test_drop_text_conditions_replaces_whole_texts(drop_text_conditions, tokens, null_tokens, probability):
    """Texts of 1, 2, 0, 3 and 1 tokens become the first null vectors if their draw is below the probability."""
    expected = tokens.clone()
    expected[TEXTS[probability]] = null_tokens[PLACES[TEXTS[probability]]]
    assert_equal(drop_text_conditions(tokens, LENGTHS, null_tokens, table(DRAWS), probability), expected)


@pytest.mark.autograd
@given(tokens=normals(7, 2), null_tokens=normals(4, 2), gradient=normals(7, 2))
def test_drop_text_conditions_passes_gradients_to_what_it_shows(drop_text_conditions, tokens, null_tokens, gradient):
    """The gradient of a place goes to the null vector that stands there, or else to the token."""
    inputs = tokens.requires_grad_(), null_tokens.requires_grad_()
    out = drop_text_conditions(inputs[0], LENGTHS, inputs[1], table(DRAWS), 0.5)
    to_tokens, to_nulls = torch.autograd.grad((gradient.to(out.dtype) * out).sum(), inputs)
    kept = gradient.clone()
    kept[[1, 2, 6]] = 0
    assert_equal(to_tokens, kept)
    assert_equal(to_nulls, torch.stack([gradient[1] + gradient[6], gradient[2], *torch.zeros(2, 2)]))


@pytest.mark.parametrize("probability", [-0.125, 1.125, math.nan])
def test_drop_labels_rejects_impossible_probabilities(drop_labels, drop_text_conditions, probability):
    """A probability lies in [0, 1]."""
    uniform, texts = table([0.25, 0.75]), torch.eye(3, dtype=torch.float64)
    assert_rejects(drop_labels, torch.tensor([0, 2]), uniform, probability, 3)
    assert_rejects(drop_text_conditions, texts, torch.tensor([1, 2]), texts[:2], uniform, probability)


@pytest.mark.parametrize("num_classes", [0, -1])
def test_drop_labels_rejects_too_few_classes(drop_labels, num_classes):
    """There is no label to drop without a class; the null class of a single one is 1."""
    assert_equal(drop_labels(torch.tensor([0, 0]), table([0.25, 0.75]), 0.5, 1), [1, 0])
    assert_rejects(drop_labels, torch.tensor([0, 0]), table([0.25, 0.75]), 0.5, num_classes)


@given(x=normals(2, 3, 5, 4), weight=normals(7, 3), bias=normals(7))
def test_pointwise_convolution_equals_loop_over_pixels(pointwise_convolution, x, weight, bias):
    """The channels of each pixel, and of no other, are summed with the weights of each output channel."""
    expected = torch.stack([convolved(image, weight, bias) for image in x])
    size = torch.stack([convolved(image, weight.abs(), bias.abs()) for image in x.abs()])
    assert_close(pointwise_convolution(x, weight, bias), expected, size)


def frozen(h):
    return torch.cat([h, h[..., :1, :, :] / 2 - 1], -3)


def doubled(h):
    return torch.cat([h.abs(), -2 * h], -3)


@given(
    x=normals(3, 2, 7),
    control=normals(5, 2, 7),
    weight_in=small(3, 5),
    bias_in=normals(3),
    weight_out=small(4, 6),
    bias_out=normals(4),
)
def test_controlled_block_equals_loop_over_pixels(
    controlled_block, x, control, weight_in, bias_in, weight_out, bias_out
):
    """To the block's output comes a linear map of what the copy makes of the input plus a linear map of the control."""
    weights = weight_in, bias_in, weight_out, bias_out
    expected = frozen(x) + convolved(doubled(x + convolved(control, weight_in, bias_in)), weight_out, bias_out)
    sizes = [weight.abs() for weight in weights]
    steered = doubled(x.abs() + convolved(control.abs(), *sizes[:2])).abs()
    size = 1 + frozen(x).abs() + convolved(steered, *sizes[2:])
    assert_close(controlled_block(x, control, frozen, doubled, *weights), expected, size)
    twice = controlled_block(torch.stack([x, x]), torch.stack([control, control]), frozen, doubled, *weights)
    assert_close(twice, torch.stack([expected, expected]), size)


@given(x=normals(3, 2, 7), control=normals(5, 2, 7), weight_in=normals(3, 5), bias_in=normals(3))
def test_controlled_block_reduces_to_block_at_zero_output(controlled_block, x, control, weight_in, bias_in):
    """While the output convolution is 0, no control changes a bit of what the frozen block returns."""
    zero = torch.zeros(4, 6, dtype=torch.float64)
    out = controlled_block(x, control, frozen, doubled, weight_in, bias_in, zero, zero[:, 0])
    assert_equal(out, frozen(x))


@pytest.mark.autograd
@pytest.mark.parametrize("started", [0, 1])
@given(
    x=normals(3, 2, 7),
    control=normals(5, 2, 7),
    weight_in=small(3, 5),
    weight_out=small(4, 6),
    gradient=small(4, 2, 7),
)
def test_controlled_block_trains_its_output_first(
    controlled_block, x, control, weight_in, weight_out, gradient, started
):
    """W_out gets g h', h being the copy's output; the copy and W_in get theirs through W_out, so none while it is 0,
    and x through the block in any case.
    """
    factor, weight_out = table(1.5).requires_grad_(), started * weight_out
    bias_in, bias_out = (torch.zeros(size, dtype=torch.float64) for size in (3, 4))
    leaves = [leaf.requires_grad_() for leaf in (x, weight_in, bias_in, weight_out, bias_out)]

    def trained_copy(h):
        return factor * torch.cat([h, 2 * h.flip(-3)], -3)

    out = controlled_block(x, control, frozen, trained_copy, *leaves[1:])
    found = torch.autograd.grad((gradient.to(out.dtype) * out).sum(), [*leaves, factor])
    with torch.no_grad():
        expected, size = (
            gradients_of_controlled(x, control, weight_in, weight_out, gradient),
            gradients_of_controlled(x.abs(), control.abs(), weight_in.abs(), weight_out.abs(), gradient.abs()),
        )
    flat = torch.cat([part.flatten() for part in found]).to(out.dtype)
    assert_close(flat, expected, size)


def gradients_of_controlled(x, control, weight_in, weight_out, gradient):
    """Gradients of x, of the weights and biases in and out, and of the factor 1.5 of the copy, one after the other."""
    h = x + torch.einsum("oc,chw->ohw", weight_in, control)
    shown = torch.cat([h, 2 * h.flip(0)])
    back = torch.einsum("oc,ohw->chw", weight_out, gradient)
    into_h = 1.5 * (back[:3] + 2 * back[3:].flip(0))
    through_block = torch.cat([gradient[:1] + gradient[3:] / 2, gradient[1:3]])
    parts = [
        through_block + into_h,
        torch.einsum("ohw,chw->oc", into_h, control),
        into_h.sum((1, 2)),
        1.5 * torch.einsum("ohw,chw->oc", gradient, shown),
        gradient.sum((1, 2)),
        (back * shown).sum(),
    ]
    return torch.cat([part.flatten() for part in parts])
