"""U-Net: down, through the middle and up again, joined with what was on the way down; and the pieces of ContextUnet."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, max_pool2d

from reference.transformer.activations import gelu, relu
from reference.transformer.residual import Layer, residual_block
from reference.vision.convnext import gelu_perceptron


def embed_fc(
    x: Float[Tensor, "*shape"],
    weight_in: Float[Tensor, "hidden inputs"],
    bias_in: Float[Tensor, "hidden"],
    weight_out: Float[Tensor, "width hidden"],
    bias_out: Float[Tensor, "width"],
) -> Float[Tensor, "samples width"]:
    """One embedding for each sample of a condition, or for each of any number of times.

        out = W_out gelu(W_in x + b_in) + b_out,   row by row

    x is (samples, inputs); with a single input, as times have, it may have any shape.

    Domain: the last axis of x has `inputs` entries, or inputs = 1; else ValueError.
    Source: DeepLearning.AI, "How Diffusion Models Work", code (`EmbedFC`), where both layers have the same width.
    Differs: the code's x.view(-1, inputs) takes (inputs, samples) as well, and mixes the samples.
    Notes: R003-162.
    """
    inputs = weight_in.shape[1]
    if inputs > 1 and x.shape[-1:] != (inputs,):
        raise ValueError(f"samples of {inputs} numbers are wanted; got the shape {tuple(x.shape)}")
    return gelu_perceptron(x.reshape(-1, inputs), weight_in, bias_in, weight_out, bias_out)


def conv_norm_gelu(
    x: Float[Tensor, "batch channels height width"],
    kernel: Float[Tensor, "out channels 3 3"],
    bias: Float[Tensor, "out"],
    normalize: Layer,
) -> Float[Tensor, "batch out height width"]:
    """Convolution, norm and activation, in this order.

        y = gelu(norm(K * x + b))

    A norm that subtracts each channel's mean, as BatchNorm in training, removes the bias: it gets no gradient.

    Domain: every finite number.
    Source: DeepLearning.AI, "How Diffusion Models Work", code (`ResidualConvBlock`), with BatchNorm.
    Notes: R003-163.
    """
    return gelu(normalize(conv2d(x, kernel, bias, padding=1)))


def residual_conv_block(
    x: Float[Tensor, "batch channels height width"], first: Layer, second: Layer
) -> Float[Tensor, "batch out height width"]:
    """Two layers with a shortcut around both, or around the second alone if the first changes the channels.

        x_1 = first(x),   x_2 = second(x_1),   y = (x + x_2) / 1.414,  or  (x_1 + x_2) / 1.414

    1.414 stands for sqrt(2): it would keep the variance of a sum of two independent terms of equal variance to 0.03 %.
    These are not: behind a norm and GELU x_2 has a variance of about 0.35.

    Domain: the second layer keeps the shape, and the first the sides; else ValueError.
    Source: DeepLearning.AI, "How Diffusion Models Work", code (`ResidualConvBlock`, `is_res=True`).
    Notes: R003-163.
    """
    x_1 = first(x)
    shortcut = x if x.shape[1] == x_1.shape[1] else x_1
    return residual_block(shortcut, lambda _: second(x_1)) / 1.414


def unet_down(x: Float[Tensor, "batch channels height width"], block: Layer) -> Float[Tensor, "batch out rows columns"]:
    """Features of a block at half the sides: the largest of each 2 x 2 pixels.

        y[i, j] = max(z[2 i, 2 j], z[2 i, 2 j + 1], z[2 i + 1, 2 j], z[2 i + 1, 2 j + 1]),   z = block(x)

    Domain: even sides; else ValueError, as the way up could not restore them.
    Source: Ronneberger et al. 2015, arXiv:1505.04597, section 2; DeepLearning.AI, code (`UnetDown`).
    Notes: R003-164.
    """
    z = block(x)
    if z.shape[2] % 2 or z.shape[3] % 2:
        raise ValueError(f"sides must be even to be halved; got {z.shape[2]} x {z.shape[3]}")
    return max_pool2d(z, 2)


def join_skip(
    x: Float[Tensor, "batch channels height width"], skip: Float[Tensor, "skips skip_channels skip_height skip_width"]
) -> Float[Tensor, "batch both height width"]:
    """Features on the way up and those of the same size on the way down, side by side as channels.

    Domain: equal batch and sides; else RuntimeError.
    Source: Ronneberger et al. 2015, arXiv:1505.04597, section 2.
    Differs: the paper crops the skip, which is larger there, and puts it first. Others pad x to the sides of the skip.
    Notes: R003-164.
    """
    return torch.cat([x, skip], 1)


def unet_up(
    x: Float[Tensor, "batch channels height width"],
    skip: Float[Tensor, "skips skip_channels skip_height skip_width"],
    kernel: Float[Tensor, "both out 2 2"],
    bias: Float[Tensor, "out"],
    block: Layer,
) -> Float[Tensor, "batch out rows columns"]:
    """Features joined with their skip, painted at twice the sides, and refined by a block.

        z[o, 2 i + u, 2 j + v] = sum_c K[c, o, u, v] [x, skip][c, i, j] + b[o],   y = block(z)

    Domain: x and the skip have equal batch and sides; else RuntimeError.
    Source: DeepLearning.AI, "How Diffusion Models Work", code (`UnetUp`).
    Differs: Ronneberger et al. 2015 double the sides first, and join then.
    Notes: R003-164.
    """
    return block(conv_transpose2d(join_skip(x, skip), kernel, bias, stride=2))


def unet_middle(
    x: Float[Tensor, "batch channels height width"],
    pool: int,
    kernel: Float[Tensor, "channels out kernel_height kernel_width"],
    bias: Float[Tensor, "out"],
    normalize: Layer,
) -> Float[Tensor, "batch out rows columns"]:
    """Features averaged over large squares, and painted over rectangles of the kernel's sides again.

        v = gelu(mean over pool x pool pixels),   y = relu(norm(transposed convolution of v)),   stride = sides

    Pixels that do not fill a square are left out. `unet_sides` tells whether the sides come back.

    Domain: 1 <= pool <= sides of x; else RuntimeError.
    Source: DeepLearning.AI, "How Diffusion Models Work", code (`to_vec` and `up0` of ContextUnet, with GroupNorm).
    Notes: R003-144, R003-164.
    """
    vector = gelu(avg_pool2d(x, pool))
    return relu(normalize(conv_transpose2d(vector, kernel, bias, stride=kernel.shape[2:])))


def modulate_features(
    x: Float[Tensor, "batch channels height width"],
    context_embedding: Float[Tensor, "batch channels"],
    time_embedding: Float[Tensor, "batch channels"],
) -> Float[Tensor, "batch channels height width"]:
    """Features on the way up, scaled by the context and shifted by the time, channel by channel.

        y = c_emb x + t_emb

    Domain: every real number.
    Source: DeepLearning.AI, "How Diffusion Models Work", code (ContextUnet); the form of Perez et al. 2017 (FiLM),
    arXiv:1709.07871, eq. 2.
    Differs: the same course's network without context only adds, x + t_emb.
    Notes: R003-144.
    """
    return context_embedding[..., None, None] * x + time_embedding[..., None, None]


def masked_context(
    context: Float[Tensor, "batch classes"], mask: Bool[Tensor, "batch"]
) -> Float[Tensor, "batch classes"]:
    """Contexts of the samples that keep theirs, and zeros, which mean no context, for the others.

    Embedded zeros are no zeros: without context the features are scaled all the same.

    Domain: mask True where the context is kept.
    Source: DeepLearning.AI, "How Diffusion Models Work", code (`c=None` and the training with context).
    Differs: in Conditional_Diffusion_MNIST a mask of 1 drops the context.
    Notes: R003-144.
    """
    return torch.where(mask[:, None], context, 0)


def unet(
    x: Float[Tensor, "batch channels height width"],
    downs: Sequence[Layer],
    middle: Layer,
    ups: Sequence[Callable[[Tensor, Tensor], Tensor]],
) -> Float[Tensor, "batch out rows columns"]:
    """Features that went all the way down and up again, meeting at every size what was there before.

        h_0 = x,   h_i = down_i(h_{i-1}),   y = middle(h_n),   y <- up(y, h_i) for i = n..1

    The first of `ups` is applied first: it gets the last and smallest skip.

    Domain: as many ups as downs; else ValueError. Without any it is middle(x).
    Source: Ronneberger et al. 2015, arXiv:1505.04597, figure 1.
    Differs: there the skip is taken before pooling, so that `up` doubles the sides and joins then.
    Notes: R003-144, R003-164.
    """
    if len(downs) != len(ups):
        raise ValueError(f"each way down has a way up; got {len(downs)} and {len(ups)}")
    skips = [x]
    for down in downs:
        skips.append(down(skips[-1]))
    y = middle(skips[-1])
    for up in ups:
        y = up(y, skips.pop())
    return y


def unet_sides(side: int, levels: int, pool: int, growth: int) -> tuple[int, ...]:
    """Side of an image after each halving, in the middle, and after each doubling.

        n_0 = side,   n_i = n_{i-1} / 2,   middle floor(n_levels / pool),   times growth,   then doubled

    ContextUnet has two levels, pool 4 and growth floor(side / 4): it runs for sides 16, 20, 24 and 28 alone. Pool and
    growth 7 take all multiples of 28, and pool = growth = side / 4 all of 4.

        >>> unet_sides(20, 2, 4, 5)
        (20, 10, 5, 1, 5, 10, 20)

    Domain: side >= 1, levels >= 0, pool >= 1, and sides on the way up equal to those down; else ValueError.
    Source: DeepLearning.AI, "How Diffusion Models Work", code (ContextUnet).
    Notes: R003-144, R003-164.
    """
    if side < 1 or levels < 0 or pool < 1:
        raise ValueError(f"no such network: side {side}, {levels} levels, pool {pool}")
    down = [side >> level for level in range(levels + 1)]
    middle = down[-1] // pool
    if side % 2**levels or middle * growth != down[-1]:
        raise ValueError(f"{down[-1]} pixels pooled by {pool} and grown by {growth} do not lead back to {side}")
    return (*down, middle, *reversed(down))
