"""Blocks that mix pixels channel by channel and channels pixel by pixel: ConvNeXt, and EdgeNeXt with its attention.

Tokens are the pixels in raster order, with channels last. A block permutes an image to tokens; reshaping it would mix
pixels and channels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, linear

from reference.probability.norms import l2_normalize
from reference.transformer.activations import gelu
from reference.transformer.norms import layer_norm
from reference.transformer.residual import Layer, residual_block
from reference.vision.residual_blocks import res2net_split_keeping_last


class InvertedBottleneck(NamedTuple):
    """Parameters of a feed-forward layer that is wider inside, with the norm before it and the scale behind it."""

    gain: Float[Tensor, "channels"]
    bias: Float[Tensor, "channels"]
    weight_in: Float[Tensor, "hidden channels"]
    bias_in: Float[Tensor, "hidden"]
    weight_out: Float[Tensor, "channels hidden"]
    bias_out: Float[Tensor, "channels"]
    layer_scale: Float[Tensor, "channels"]


def gelu_perceptron(
    x: Float[Tensor, "*batch inputs"],
    weight_in: Float[Tensor, "hidden inputs"],
    bias_in: Float[Tensor, "hidden"],
    weight_out: Float[Tensor, "outputs hidden"],
    bias_out: Float[Tensor, "outputs"],
) -> Float[Tensor, "*batch outputs"]:
    """Linear map, GELU, linear map, of each vector alone: the feed-forward layer of ViT and ConvNeXt.

        y = W_out gelu(W_in x + b_in) + b_out

    Domain: every finite number.
    Source: Dosovitskiy et al. 2020, arXiv:2010.11929, section 3.1.
    Notes: R003-162, R004-075.
    """
    return linear(gelu(linear(x, weight_in, bias_in)), weight_out, bias_out)


def inverted_bottleneck(
    x: Float[Tensor, "*batch channels"], parameters: InvertedBottleneck, epsilon: float
) -> Float[Tensor, "*batch channels"]:
    """The branch of a ConvNeXt block that mixes channels: norm, wider by 4, GELU, back, and one factor a channel.

        F = gamma (W_out gelu(W_in LN(x) + b_in) + b_out)

    A 1 x 1 convolution is a linear map of channels that stand last.

    Domain: epsilon >= 0; else ValueError.
    Source: Liu et al. 2022, arXiv:2201.03545, figure 4; gamma: Touvron et al. 2021,
    arXiv:2103.17239, section 2.
    Notes: R004-075, R004-077.
    """
    normalized = layer_norm(x, parameters.gain, parameters.bias, epsilon)
    return parameters.layer_scale * gelu_perceptron(normalized, *parameters[2:6])


def convnext_block(
    x: Float[Tensor, "batch channels height width"],
    kernel: Float[Tensor, "channels 1 rows columns"],
    kernel_bias: Float[Tensor, "channels"],
    parameters: InvertedBottleneck,
    epsilon: float,
) -> Float[Tensor, "batch channels height width"]:
    """Image plus what a depthwise convolution, a norm of each pixel and a wide feed-forward layer make of it.

        y = x + inverted_bottleneck(K * x + b)

    Nothing mixes pixels but the depthwise convolution, 7 x 7 in ConvNeXt, and nothing mixes channels before the norm.
    At gamma = 0 the block is the identity; it starts at gamma = 1e-6. ConvNeXt's epsilon is 1e-6.

    Domain: odd sides of the kernel, epsilon >= 0; else ValueError.
    Source: Liu et al. 2022, arXiv:2201.03545, figure 4.
    Differs: in training the branch is dropped at random, `drop_path`. ConvNeXt V2 has no gamma, and a norm after GELU.
    Notes: R004-075, R004-077.
    """
    rows, columns = kernel.shape[2:]

    def branch(image: Tensor) -> Tensor:
        mixed = conv2d(image, kernel, kernel_bias, padding=(rows // 2, columns // 2), groups=image.shape[1])
        return inverted_bottleneck(mixed.permute(0, 2, 3, 1), parameters, epsilon).permute(0, 3, 1, 2)

    return residual_block(x, branch)


def split_depthwise(
    x: Float[Tensor, "batch channels height width"],
    kernels: Sequence[Float[Tensor, "part 1 3 3"]],
    biases: Sequence[Float[Tensor, "part"]],
) -> Float[Tensor, "batch channels height width"]:
    """The first half of EdgeNeXt's encoder: Res2Net's hierarchy with a depthwise 3 x 3 convolution for each part.

        y_1 = K_1 * x_1 + b_1,   y_i = K_i * (x_i + y_{i-1}) + b_i,   y_s = x_s

    A channel sees those at its own place in earlier parts, and no other.

    Domain: one bias for each kernel, and every part has a channel; else ValueError.
    Source: Maaz et al. 2022, arXiv:2206.10589, section 3, and code (`SDTAEncoder`).
    Differs: with a single scale the code convolves all channels, and keeps none.
    Notes: R004-077.
    """

    def layer(kernel: Tensor, bias: Tensor) -> Layer:
        return lambda part: conv2d(part, kernel, bias, padding=1, groups=part.shape[1])

    return res2net_split_keeping_last(x, [layer(*pair) for pair in zip(kernels, biases, strict=True)])


def transposed_attention(
    query: Float[Tensor, "*batch heads tokens width"],
    key: Float[Tensor, "*batch heads tokens width"],
    value: Float[Tensor, "*batch heads tokens width"],
    temperature: Float[Tensor, "heads"],
) -> Float[Tensor, "*batch heads tokens width"]:
    """Attention between channels in place of tokens: each channel becomes a mean of all, weighted by their likeness.

        out[n, i] = sum_j A[i, j] v[n, j],   A = softmax_j(temperature cos(q[:, i], k[:, j]))

    Channels are compared over all tokens. A is width x width: its rows sum to 1, the cost is linear in the tokens, and
    permuting these permutes the output.

    Domain: finite numbers. A channel of zeros is like all others to the same degree; its gradient is NaN.
    Source: El-Nouby et al. 2021 (XCiT), arXiv:2106.09681, section 3; Maaz et al. 2022, arXiv:2206.10589, section 3.
    Differs: XCiT's paper divides by the temperature; its code and EdgeNeXt's multiply, as here.
    Notes: R004-077.
    """
    q, k = l2_normalize(query.mT), l2_normalize(key.mT)
    weights = torch.softmax(temperature[:, None, None] * (q @ k.mT), dim=-1)
    return value @ weights.mT


def sdta_encoder(
    x: Float[Tensor, "batch channels height width"], split: Layer, attend: Layer, feed_forward: Layer
) -> Float[Tensor, "batch channels height width"]:
    """EdgeNeXt's block of split depthwise convolutions, attention between channels, and a feed-forward layer.

        z = tokens of split(x),   z' = z + attend(z),   y = x + image of feed_forward(z')

    The shortcut of the feed-forward layer starts at the block's input, not at z'. Norms and layer scales belong to the
    branches. A position encoding is added behind the split, and so passes around the attention too.

    Domain: every layer keeps the shape; else ValueError.
    Source: Maaz et al. 2022, arXiv:2206.10589, figure 2, and code (`SDTAEncoder`).
    Notes: R004-077.
    """

    def branch(image: Tensor) -> Tensor:
        tokens = residual_block(split(image).flatten(2).mT, attend)
        return torch.unflatten(feed_forward(tokens).mT, 2, image.shape[2:])

    return residual_block(x, branch)
