"""How a condition steers a transformer: through its norms and gates, through null conditions, and through a copy.

Scale, shift and gate belong to a sample and are the same for all of its tokens. Layers that start at zero leave the
model as it was before, and train nevertheless.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import embedding, linear

from reference.transformer.activations import silu
from reference.transformer.norms import standardize_tokens


class Modulation(NamedTuple):
    """What a condition does to the two sub-layers of a block, in the order in which DiT stores it."""

    attention_shift: Float[Tensor, "*batch channels"]
    attention_scale: Float[Tensor, "*batch channels"]
    attention_gate: Float[Tensor, "*batch channels"]
    feed_forward_shift: Float[Tensor, "*batch channels"]
    feed_forward_scale: Float[Tensor, "*batch channels"]
    feed_forward_gate: Float[Tensor, "*batch channels"]


def adaptive_layer_norm(
    x: Float[Tensor, "*batch tokens channels"],
    scale: Float[Tensor, "*batch channels"],
    shift: Float[Tensor, "*batch channels"],
    epsilon: float = 1e-6,
) -> Float[Tensor, "*batch tokens channels"]:
    """Standardised tokens, scaled and shifted channel by channel as the sample's condition says.

        out = LN(x) (1 + scale) + shift

    LN has no gain and bias of its own. A scale and a shift of 0 leave it as it is.

    Domain: epsilon >= 0; else ValueError.
    Source: Peebles & Xie 2022 (DiT), arXiv:2212.09748, section 3.2, and code (`modulate`).
    Notes: R001-092, R003-175.
    """
    return standardize_tokens(x, epsilon) * (1 + scale[..., None, :]) + shift[..., None, :]


def dit_modulation(
    condition: Float[Tensor, "*batch dim"],
    weight: Float[Tensor, "six_channels dim"],
    bias: Float[Tensor, "six_channels"],
) -> Modulation:
    """Shift, scale and gate of both sub-layers from rows in DiT's order.

        (shift_1, scale_1, gate_1, shift_2, scale_2, gate_2) = W silu(c) + b

    Domain: a weight whose rows divide by 6; else ValueError. At W = 0, b = 0, as trained from, all six are 0.
    Source: Peebles & Xie 2022, arXiv:2212.09748, section 3.2, and code (`adaLN_modulation`).
    Differs: `var_modulation` reads the same rows in another order, so that weights cannot be exchanged.
    Notes: R003-175, R004-107.
    """
    return Modulation(*_six_chunks(condition, weight, bias))


def var_modulation(
    condition: Float[Tensor, "*batch dim"],
    weight: Float[Tensor, "six_channels dim"],
    bias: Float[Tensor, "six_channels"],
) -> Modulation:
    """Shift, scale and gate of both sub-layers from rows in VAR's order.

        (gamma_1, gamma_2, scale_1, scale_2, shift_1, shift_2) = W silu(c) + b,   gamma being the gate

    Domain: a weight whose rows divide by 6; else ValueError.
    Source: Tian et al. 2024 (VAR), arXiv:2404.02905, code (`AdaLNSelfAttn`).
    Differs: `dit_modulation` keeps the three of a sub-layer together.
    Notes: R001-092.
    """
    gate_1, gate_2, scale_1, scale_2, shift_1, shift_2 = _six_chunks(condition, weight, bias)
    return Modulation(shift_1, scale_1, gate_1, shift_2, scale_2, gate_2)


def shared_var_modulation(
    condition: Float[Tensor, "*batch dim"],
    weight: Float[Tensor, "six_channels dim"],
    bias: Float[Tensor, "six_channels"],
    block_constant: Float[Tensor, "6 channels"],
) -> Modulation:
    """Modulation of one block where all blocks share a map of the condition and each adds a constant that it learns.

        (gamma_1, gamma_2, scale_1, scale_2, shift_1, shift_2) = W silu(c) + b + block_constant

    W and b have 6 C (D + 1) parameters once, and 6 C more for each block. Samples still differ, by their conditions;
    two blocks differ by the same amount for every sample.

    Domain: a weight of 6 rows for each channel of the constant; else RuntimeError from the addition.
    Source: Tian et al. 2024 (VAR), arXiv:2404.02905, code (`shared_aln`, `ada_gss`).
    Notes: R001-092.
    """
    return var_modulation(condition, weight, bias + block_constant.flatten())


def adaln_zero_block(
    x: Float[Tensor, "*batch tokens channels"],
    modulation: Modulation,
    attend: Callable[[Tensor], Tensor],
    feed_forward: Callable[[Tensor], Tensor],
    epsilon: float = 1e-6,
) -> Float[Tensor, "*batch tokens channels"]:
    """A transformer block whose norms and residual branches are set by the condition.

        h = x + gate_1 attend(LN(x) (1 + scale_1) + shift_1)
        out = h + gate_2 feed_forward(LN(h) (1 + scale_2) + shift_2)

    At gates of 0 it is the identity, where its training starts; at gates of 1 and the rest 0 a plain pre-norm block.

    Domain: epsilon >= 0, else ValueError.
    Source: Peebles & Xie 2022, arXiv:2212.09748, section 3.2 and figure 3 (adaLN-Zero).
    Differs: code that does not start the rows of the gates at 0, such as mnist-dits, is adaLN without the Zero; VAR
    multiplies its initial rows of the gates by 1e-5 or so.
    Notes: R001-092, R003-175, R004-107.
    """
    m = modulation
    attended = attend(adaptive_layer_norm(x, m.attention_scale, m.attention_shift, epsilon))
    h = x + m.attention_gate[..., None, :] * attended
    fed = feed_forward(adaptive_layer_norm(h, m.feed_forward_scale, m.feed_forward_shift, epsilon))
    return h + m.feed_forward_gate[..., None, :] * fed


def dit_final_layer(
    x: Float[Tensor, "*batch tokens channels"],
    condition: Float[Tensor, "*batch dim"],
    modulation_weight: Float[Tensor, "two_channels dim"],
    modulation_bias: Float[Tensor, "two_channels"],
    weight: Float[Tensor, "out channels"],
    bias: Float[Tensor, "out"],
    epsilon: float = 1e-6,
) -> Float[Tensor, "*batch tokens out"]:
    """The pixels of each patch, from its token and the condition.

        out = W (LN(x) (1 + scale) + shift) + b,   (shift, scale) = W_m silu(c) + b_m

    All four start at 0, and so does the output. W alone then has a gradient, and b.

    Domain: a modulation weight of two rows for each channel of x, epsilon >= 0; else ValueError.
    Source: Peebles & Xie 2022, arXiv:2212.09748, code (`FinalLayer`).
    Differs: `var_final_norm` stores the scale before the shift.
    Notes: R003-175, R004-107.
    """
    shift, scale = _two_chunks(x, condition, modulation_weight, modulation_bias)
    return linear(adaptive_layer_norm(x, scale, shift, epsilon), weight, bias)


def var_final_norm(
    x: Float[Tensor, "*batch tokens channels"],
    condition: Float[Tensor, "*batch dim"],
    weight: Float[Tensor, "two_channels dim"],
    bias: Float[Tensor, "two_channels"],
    epsilon: float = 1e-6,
) -> Float[Tensor, "*batch tokens channels"]:
    """The norm before VAR's classifier, which has a map of the condition of its own even where the blocks share one.

        out = LN(x) (1 + scale) + shift,   (scale, shift) = W silu(c) + b

    From b = 0 and W scaled by a factor it departs from LN(x) in proportion to the factor, and not at all at 0.

    Domain: a weight of two rows for each channel of x, epsilon >= 0; else ValueError.
    Source: Tian et al. 2024 (VAR), arXiv:2404.02905, code (`AdaLNBeforeHead`).
    Differs: `dit_final_layer` stores the shift before the scale.
    Notes: R001-027.
    """
    scale, shift = _two_chunks(x, condition, weight, bias)
    return adaptive_layer_norm(x, scale, shift, epsilon)


def dit_condition(
    time_embedding: Float[Tensor, "*batch dim"],
    label: Int64[Tensor, "*batch"],
    label_table: Float[Tensor, "classes_and_null dim"],
) -> Float[Tensor, "*batch dim"]:
    """The condition of a sample: the embeddings of its time and of its class, added.

        c = time_embedding + label_table[label]

    The last row of the table belongs to the null class, whose index is the number of classes.

    Domain: labels 0..number of classes; else IndexError from the lookup.
    Source: Peebles & Xie 2022, arXiv:2212.09748, section 3.2, and code (`LabelEmbedder`).
    Differs: VAR takes every negative label for the null class, and the class embedding alone for the condition.
    Notes: R001-091, R004-107.
    """
    return time_embedding + embedding(label, label_table)


def drop_labels(
    label: Int64[Tensor, "batch"], uniform: Float[Tensor, "batch"], probability: float, num_classes: int
) -> Int64[Tensor, "batch"]:
    """Labels of a batch, each replaced by the null class with the given probability.

        out[b] = num_classes where uniform[b] < probability, else label[b]

    Domain: uniform in [0, 1); 0 <= probability <= 1 and num_classes >= 1, else ValueError.
    Source: Ho & Salimans 2022, arXiv:2207.12598, algorithm 1; DiT's code (`token_drop`), with probability 0.1.
    Notes: R001-091, R004-107.
    """
    if num_classes < 1:
        raise ValueError(f"there must be at least one class; got {num_classes}")
    return torch.where(_dropped(uniform, probability), num_classes, label)


def drop_text_conditions(
    tokens: Float[Tensor, "total channels"],
    lengths: Int64[Tensor, "batch"],
    null_tokens: Float[Tensor, "longest channels"],
    uniform: Float[Tensor, "batch"],
    probability: float,
) -> Float[Tensor, "total channels"]:
    """Texts of a batch, packed one after the other, each replaced as a whole by as many learned null vectors.

        text b, of lengths[b] tokens, becomes null_tokens[:lengths[b]] where uniform[b] < probability

    The null vectors receive the gradient of the tokens that they replace.

    Domain: lengths >= 0 that add up to the number of tokens, none above `longest`; uniform in [0, 1);
    0 <= probability <= 1, else ValueError.
    Source: Han et al. 2024 (Infinity), arXiv:2412.04431, code (`cfg_uncond`).
    Differs: that code writes into the tokens, which changes the caller's batch.
    Notes: R001-120.
    """
    place, ends = torch.arange(len(tokens), device=tokens.device), lengths.cumsum(0)
    text = (place[:, None] >= ends).sum(1)
    nulls = null_tokens[place - (ends - lengths)[text]]
    return torch.where(_dropped(uniform, probability)[text, None], nulls, tokens)


def pointwise_convolution(
    x: Float[Tensor, "*batch channels height width"], weight: Float[Tensor, "out channels"], bias: Float[Tensor, "out"]
) -> Float[Tensor, "*batch out height width"]:
    """A linear map of the channels of each pixel: a 1 x 1 convolution, called a zero convolution if it starts at 0.

        out[o, i, j] = sum_c W[o, c] x[c, i, j] + b[o]

    At W = 0, b = 0 and for a gradient g of the output, W has the gradient sum g x', b has sum g, and x has W' g = 0.

    Domain: every real number.
    Source: Zhang et al. 2023 (ControlNet), arXiv:2302.05543, section 3.1.
    Notes: R003-159.
    """
    return torch.einsum("oc,...chw->...ohw", weight, x) + bias[:, None, None]


def controlled_block(
    x: Float[Tensor, "*batch channels height width"],
    control: Float[Tensor, "*batch control_channels height width"],
    block: Callable[[Tensor], Tensor],
    trained_copy: Callable[[Tensor], Tensor],
    weight_in: Float[Tensor, "channels control_channels"],
    bias_in: Float[Tensor, "channels"],
    weight_out: Float[Tensor, "out copy_out"],
    bias_out: Float[Tensor, "out"],
) -> Float[Tensor, "*batch out height width"]:
    """Output of a frozen block plus that of a copy which also sees the control, between two zero convolutions.

        y = F(x) + Z_out(F_copy(x + Z_in(control)))

    While Z_out is 0, y is F(x) whatever the control, and of all parameters only those of Z_out have a gradient; those
    of the copy and of Z_in have one from the next step on. With another zero layer in series and no way around it
    (x + ...), the weights of both would stay at 0.

    Domain: a block and a copy that keep the height and the width, and return `out` and `copy_out` channels.
    Source: Zhang et al. 2023 (ControlNet), arXiv:2302.05543, eq. 2.
    Differs: Stable Diffusion's ControlNet embeds the control by a few convolutions, the last of them zero, and adds
    the output of every block of the copied encoder, times a strength, to the skip connections.
    Notes: R003-159.
    """
    steered = trained_copy(x + pointwise_convolution(control, weight_in, bias_in))
    return block(x) + pointwise_convolution(steered, weight_out, bias_out)


def _six_chunks(condition: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
    if len(weight) % 6:
        raise ValueError(f"the rows of the weight must divide by 6; got {len(weight)}")
    return linear(silu(condition), weight, bias).chunk(6, -1)


def _two_chunks(x: Tensor, condition: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
    if len(weight) != 2 * x.shape[-1]:
        raise ValueError(f"{x.shape[-1]} channels need a weight of twice as many rows; got {len(weight)}")
    return linear(silu(condition), weight, bias).chunk(2, -1)


def _dropped(uniform: Tensor, probability: float) -> Tensor:
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability must be in [0, 1]; got {probability}")
    return uniform < probability
