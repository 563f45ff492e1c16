"""Residual blocks of convolutional networks: ResNet, ResNeXt in its three forms, Res2Net, and squeeze-and-excitation.

Norms act on single channels. They come as layers, or are left out where they could be folded into the weights.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, linear

from reference.transformer.activations import relu
from reference.transformer.conditioning import pointwise_convolution
from reference.transformer.residual import Layer, residual_block
from reference.vision.convolution import convolution_weight_count


def post_activation_block(x: Float[Tensor, "*shape"], branch: Layer) -> Float[Tensor, "*shape"]:
    """What goes in plus what the branch makes of it, without the negative numbers: the block of the first ResNet.

        y = relu(x + F(x))

    Without the branch it is relu(x): the identity for x that another block has returned. The branch ends in a norm, not
    in a relu, or the sum could only grow.

    Domain: the branch keeps the shape; else ValueError.
    Source: He et al. 2015, arXiv:1512.03385, section 3.2 and figure 2.
    Notes: R004-064.
    """
    return relu(residual_block(x, branch))


def projected_block(
    x: Float[Tensor, "batch channels height width"],
    branch: Layer,
    weight: Float[Tensor, "out channels"],
    bias: Float[Tensor, "out"],
    stride: int,
) -> Float[Tensor, "batch out rows columns"]:
    """Residual block whose branch changes channels or sides, with a 1 x 1 convolution on the shortcut to match.

        y[o, i, j] = relu(sum_c W[o, c] x[c, s i, s j] + b[o] + F(x)[o, i, j])

    The shortcut reads one pixel of s x s; n pixels become ceil(n / s).

    Domain: stride >= 1, and the branch returns the shape of the shortcut; else ValueError.
    Source: He et al. 2015, arXiv:1512.03385, eq. 2 and section 3.3 (option B).
    Differs: option A pads the missing channels with 0. ResNet-D pools 2 x 2 pixels before a shortcut of stride 1.
    Notes: R004-064.
    """
    shortcut = pointwise_convolution(x[..., ::stride, ::stride], weight, bias)
    return relu(residual_block(shortcut, lambda _: branch(x)))


def pre_activation_block(x: Float[Tensor, "*shape"], normalize: Layer, branch: Layer) -> Float[Tensor, "*shape"]:
    """Residual block with norm and relu at the entrance of the branch, so that nothing stands on the shortcut.

        y = x + F(relu(norm(x)))

    Without the branch it is the identity, also for negative x. A stack of blocks needs a last norm and relu of its own.

    Domain: the branch keeps the shape; else ValueError.
    Source: He et al. 2016, arXiv:1603.05027, figure 4 (e).
    Notes: R004-064.
    """
    return residual_block(x, lambda v: branch(relu(normalize(v))))


def bottleneck_branch(
    x: Float[Tensor, "batch channels height width"],
    reduce: Float[Tensor, "inner channels"],
    kernel: Float[Tensor, "inner group_width 3 3"],
    expand: Float[Tensor, "out inner"],
    norms: tuple[Layer, Layer, Layer],
    stride: int = 1,
) -> Float[Tensor, "batch out rows columns"]:
    """Branch of a deep residual block: fewer channels, a 3 x 3 convolution on these alone, and back to many.

        z = relu(norm_1(W_reduce x)),   z' = relu(norm_2(K * z)),   F = norm_3(W_expand z')

    The convolution has inner / group_width groups: one in ResNet, 32 in ResNeXt's third form.

    Domain: stride >= 1, else RuntimeError; group_width divides inner, else ValueError.
    Source: He et al. 2015, arXiv:1512.03385, figure 5; Xie et al. 2016, arXiv:1611.05431, figure 3 (c).
    Differs: the first ResNet gives the stride to the first 1 x 1 convolution, which then skips pixels; torchvision's
    ("v1.5"), as here, to the 3 x 3.
    Notes: R004-064, R004-066.
    """
    z = relu(norms[0](conv2d(x, reduce[:, :, None, None])))
    z = relu(norms[1](conv2d(z, kernel, stride=stride, padding=1, groups=_group_count(kernel))))
    return norms[2](conv2d(z, expand[:, :, None, None]))


def summed_branches(
    x: Float[Tensor, "batch channels height width"],
    reduce: Float[Tensor, "inner channels"],
    kernel: Float[Tensor, "inner group_width 3 3"],
    expand: Float[Tensor, "out inner"],
    bias: Float[Tensor, "out"],
) -> Float[Tensor, "batch out height width"]:
    """ResNeXt's first form: narrow bottlenecks side by side, of which each returns all channels, added up.

        F = sum_i E_i relu(K_i * relu(R_i x)) + b,   R_i, K_i the i-th group_width rows of R, K, and E_i columns of E

    The bias is added once, not in each branch. `concatenated_branches` and `bottleneck_branch` return the same.

    Domain: group_width divides inner; else ValueError.
    Source: Xie et al. 2016, arXiv:1611.05431, eq. 2 and figure 3 (a).
    Notes: R004-066.
    """
    count = _group_count(kernel)
    parts = zip(reduce.chunk(count), kernel.chunk(count), expand.chunk(count, 1), strict=True)
    branches = [conv2d(_narrow(x, R, K), E[:, :, None, None]) for R, K, E in parts]
    return torch.stack(branches).sum(0) + bias[:, None, None]


def concatenated_branches(
    x: Float[Tensor, "batch channels height width"],
    reduce: Float[Tensor, "inner channels"],
    kernel: Float[Tensor, "inner group_width 3 3"],
    expand: Float[Tensor, "out inner"],
    bias: Float[Tensor, "out"],
) -> Float[Tensor, "batch out height width"]:
    """ResNeXt's second form: narrow branches side by side, joined before one 1 x 1 convolution of all their channels.

        F = E concat_i relu(K_i * relu(R_i x)) + b

    Domain: group_width divides inner; else ValueError.
    Source: Xie et al. 2016, arXiv:1611.05431, figure 3 (b).
    Notes: R004-066.
    """
    count = _group_count(kernel)
    parts = zip(reduce.chunk(count), kernel.chunk(count), strict=True)
    return pointwise_convolution(torch.cat([_narrow(x, R, K) for R, K in parts], 1), expand, bias)


def bottleneck_parameter_count(channels: int, width: int, groups: int = 1) -> int:
    """Number of weights in the three convolutions of a bottleneck, without norms and biases.

        N = C w + 3^2 w^2 / g + w C

        >>> bottleneck_parameter_count(256, 64), bottleneck_parameter_count(256, 128, groups=32)
        (69632, 70144)

    Domain: each at least 1, and groups divides width; else ValueError.
    Source: Xie et al. 2016, arXiv:1611.05431, eq. 4.
    Notes: R004-066.
    """
    ends = convolution_weight_count(1, channels, width) + convolution_weight_count(1, width, channels)
    return ends + convolution_weight_count(3, width, width, groups)


def resnext_width(planes: int, groups: int, base_width: int) -> int:
    """Channels between the 1 x 1 convolutions of a bottleneck in a stage of so many planes, 4 planes being its output.

        width = groups floor(planes base_width / 64)

    ResNet-50 is (1, 64): width = planes. ResNeXt-50 32x4d is (32, 4): width = 2 planes.

    Domain: each at least 1, and planes base_width >= 64; else ValueError.
    Source: torchvision's and timm's ResNet; Xie et al. 2016, arXiv:1611.05431, table 1, where base_width is d.
    Notes: R004-066.
    """
    if min(planes, groups, base_width) < 1 or planes * base_width < 64:
        raise ValueError(f"a group would be empty; got {planes} planes, {groups} groups, base width {base_width}")
    return planes * base_width // 64 * groups


def res2net_split(
    x: Float[Tensor, "batch channels height width"], layers: Sequence[Layer]
) -> Float[Tensor, "batch channels height width"]:
    """Channels in equal parts, of which the first is kept and each other one sees the part before it.

        y_1 = x_1,   y_2 = K_2(x_2),   y_i = K_i(x_i + y_{i-1}),   i = 3..s

    There are s - 1 layers. With the identity for all of them y_i = x_2 + ... + x_i. Stacked 3 x 3 convolutions see
    3, 5, ..., 2 s - 1 pixels across.

    Domain: s divides the channels, and the layers keep the shape; else ValueError. Without layers it is x.
    Source: Gao et al. 2019, arXiv:1904.01169, eq. 1.
    Differs: the authors' code keeps the last part instead, `res2net_split_keeping_last`, and so does ECAPA-TDNN's.
    Notes: R004-065.
    """
    scales = len(layers) + 1
    if x.shape[1] % scales:
        raise ValueError(f"{x.shape[1]} channels do not fall into {scales} equal parts")
    kept, *parts = x.chunk(scales, 1)
    return torch.cat([kept, *_hierarchy(parts, layers)], 1)


def res2net_split_keeping_last(
    x: Float[Tensor, "batch channels height width"], layers: Sequence[Layer]
) -> Float[Tensor, "batch channels height width"]:
    """Channels in parts of which the last is kept, as Res2Net and EdgeNeXt are coded.

        y_1 = K_1(x_1),   y_i = K_i(x_i + y_{i-1}),   i = 2..s - 1,   y_s = x_s

    Every part has ceil(channels / s) channels, except that the last may have fewer.

    Domain: every part has a channel, and the layers keep the shape; else ValueError. Without layers it is x.
    Source: the code of Gao et al. 2019, arXiv:1904.01169 (`Bottle2neck`), and of Maaz et al. 2022, arXiv:2206.10589.
    Differs: the paper keeps the first part, `res2net_split`. At s = 1 the code convolves all channels. The first block
    of each stage adds no y_{i-1}, and averages the last part with its stride.
    Notes: R004-065, R004-077.
    """
    width = -(-x.shape[1] // (len(layers) + 1))
    if width * len(layers) >= x.shape[1]:
        raise ValueError(f"{x.shape[1]} channels in parts of {width} are not {len(layers) + 1} parts")
    *parts, kept = torch.split(x, width, 1)
    return torch.cat([*_hierarchy(parts, layers), kept], 1)


def squeeze_excitation(
    x: Float[Tensor, "batch channels height width"],
    weight_in: Float[Tensor, "hidden channels"],
    weight_out: Float[Tensor, "channels hidden"],
) -> Float[Tensor, "batch channels height width"]:
    """Each channel times a number between 0 and 1 that depends on the means of all channels.

        y = x s,   s = sigmoid(W_out relu(W_in mean(x)))

    The mean is over all pixels. At zero weights s = 1/2. For hidden = C / r there are 2 C^2 / r of them; r = 16.

    Domain: every finite number.
    Source: Hu et al. 2017, arXiv:1709.01507, eqs. 2-4.
    Differs: timm and torchvision add a bias to both layers. MobileNetV3 has a piecewise linear sigmoid.
    Notes: R004-067.
    """
    gates = torch.sigmoid(linear(relu(linear(x.mean((2, 3)), weight_in)), weight_out))
    return x * gates[..., None, None]


def _group_count(kernel: Tensor) -> int:
    """Number of groups of a convolution from as many channels as it returns."""
    inner, group_width = kernel.shape[:2]
    if inner % group_width:
        raise ValueError(f"groups of {group_width} channels do not make up {inner}")
    return inner // group_width


def _narrow(x: Tensor, reduce: Tensor, kernel: Tensor) -> Tensor:
    """The channels of one branch of ResNeXt."""
    return relu(conv2d(relu(conv2d(x, reduce[:, :, None, None])), kernel, padding=1))


def _hierarchy(parts: Sequence[Tensor], layers: Sequence[Layer]) -> list[Tensor]:
    """y_1 = K_1(x_1), y_i = K_i(x_i + y_{i-1})."""
    outputs: list[Tensor] = []
    for part, layer in zip(parts, layers, strict=False):
        outputs.append(layer(part + outputs[-1] if outputs else part))
        if outputs[-1].shape != part.shape:
            raise ValueError(f"a layer must keep the shape {tuple(part.shape)}; got {tuple(outputs[-1].shape)}")
    return outputs
