"""CRNN: a convolutional network turns a line of text into columns, and a recurrent one reads them both ways."""

import itertools
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, linear, max_pool2d

from reference.transformer.activations import relu
from reference.transformer.residual import Layer

# Of the seven convolutions, counted from 0: their padding, which are followed by a norm, and by which pool (stride,
# padding). Shi et al. 2015, arXiv:1507.05717, table 1, as coded in crnn.pytorch.
PADDINGS = (1, 1, 1, 1, 1, 1, 0)
NORMED_LAYERS = (2, 4, 6)
POOLED_LAYERS = {0: ((2, 2), (0, 0)), 1: ((2, 2), (0, 0)), 3: ((2, 1), (0, 1)), 5: ((2, 1), (0, 1))}


def crnn_features(
    x: Float[Tensor, "batch channels height width"],
    kernels: Sequence[Float[Tensor, "_ _ _ _"]],
    biases: Sequence[Float[Tensor, "_"]],
    norms: Sequence[Layer],
) -> Float[Tensor, "batch features high wide"]:
    """Features of an image of a line of text, of one row if the image is 32 pixels high, and a quarter as wide.

        conv 3x3, relu, pool;  conv, relu, pool;  conv, norm, relu;  conv, relu, pool';
        conv, norm, relu;  conv, relu, pool';  conv 2x2 without padding, norm, relu

    Every pool is 2 x 2. It has stride 2, and pool' stride 2 downwards and 1 along the line, with a column of padding on
    each side.

    Domain: seven kernels and biases, three norms, sides as in `crnn_sizes`; else ValueError.
    Source: Shi et al. 2015, arXiv:1507.05717, table 1, as coded in crnn.pytorch.
    Differs: the paper has norms behind the fifth and the sixth convolution, and 1 x 2 windows in the last two pools.
    Notes: R004-076.
    """
    if len(norms) != len(NORMED_LAYERS):
        raise ValueError(f"{len(NORMED_LAYERS)} norms are wanted; got {len(norms)}")
    crnn_sizes(*x.shape[2:])
    for layer, (kernel, bias, padding) in enumerate(zip(kernels, biases, PADDINGS, strict=True)):
        x = conv2d(x, kernel, bias, padding=padding)
        if layer in NORMED_LAYERS:
            x = norms[NORMED_LAYERS.index(layer)](x)
        x = relu(x)
        if layer in POOLED_LAYERS:
            x = max_pool2d(x, 2, *POOLED_LAYERS[layer])
    return x


def crnn_sizes(height: int, width: int) -> tuple[int, int]:
    """Height and width of the features of an image.

        floor(height / 16) - 1,   floor(width / 4) + 1

        >>> crnn_sizes(32, 100), crnn_sizes(47, 160), crnn_sizes(64, 600)
        ((1, 26), (1, 41), (3, 151))

    Only heights from 32 to 47 leave one row, as `crnn_columns` needs it.

    Domain: height >= 32, width >= 4; else ValueError.
    Source: the layers of `crnn_features`.
    Notes: R004-076.
    """
    if height < 32 or width < 4:
        raise ValueError(f"the image must have at least 32 x 4 pixels; got {height} x {width}")
    return height // 16 - 1, width // 4 + 1


def crnn_columns(features: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch width channels"]:
    """Features column by column from left to right, as a recurrent layer reads them.

    Domain: height 1; else ValueError.
    Source: Shi et al. 2015, arXiv:1507.05717, section 2.1.
    Differs: crnn.pytorch stacks the columns along axis 0, as torch.nn.LSTM reads them unless batch_first is set.
    Notes: R004-076.
    """
    if features.shape[2] != 1:
        raise ValueError(f"columns need features of height 1; got {features.shape[2]}")
    return features.squeeze(2).mT.clone()


def bidirectional_layer(
    x: Float[Tensor, "batch steps channels"],
    forward: Layer,
    backward: Layer,
    weight: Float[Tensor, "out both"],
    bias: Float[Tensor, "out"],
) -> Float[Tensor, "batch steps out"]:
    """A linear map of what two recurrent layers have read up to each step, one from the left and one from the right.

        y_t = W [forward(x)_t, backward(x reversed)_{n+1-t}] + b

    CRNN stacks two of these over LSTMs. The last one returns the logits of all characters and the blank.

    Domain: layers map (batch, steps, channels) to (batch, steps, hidden).
    Source: Graves et al. 2013, arXiv:1303.5778, section 2; crnn.pytorch (`BidirectionalLSTM`).
    Notes: R004-076.
    """
    return linear(torch.cat([forward(x), backward(x.flip(1)).flip(1)], -1), weight, bias)


def ctc_collapse(path: Sequence[int], blank: int = 0) -> list[int]:
    """The text that a path of one label for each column spells: first repeats are merged, then blanks removed.

        >>> ctc_collapse([1, 1, 0, 2, 2, 0, 2, 3])
        [1, 2, 2, 3]

    A doubled letter needs a blank in between.

    Domain: every path; an empty one spells nothing.
    Source: Graves et al. 2006, "Connectionist Temporal Classification", section 3.1.
    Differs: TensorFlow puts the blank last.
    Notes: R004-076.
    """
    return [label for label, _ in itertools.groupby(path) if label != blank]
