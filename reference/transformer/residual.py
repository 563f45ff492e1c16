"""Residual blocks around given sub-layers, where their norms stand, and what keeps deep stacks trainable."""

import math
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from reference.training.dropout import dropout

Layer = Callable[[Tensor], Tensor]


def residual_block(x: Float[Tensor, "*shape"], branch: Layer) -> Float[Tensor, "*shape"]:
    """What goes in, and what the branch makes of it, added up.

        y = x + F(x),   dy / dx = I + dF / dx

    Domain: the branch keeps the shape; else ValueError, as the sum would broadcast.
    Source: He et al. 2015, arXiv:1512.03385, eq. 1.
    Differs: where the shapes differ, eq. 2 of the paper puts a linear projection of x in place of x.
    Notes: R003-029.
    """
    change = branch(x)
    if change.shape != x.shape:
        raise ValueError(f"the branch must keep the shape {tuple(x.shape)}; got {tuple(change.shape)}")
    return x + change


def pre_norm_block(
    x: Float[Tensor, "*batch tokens channels"],
    attend: Layer,
    feed_forward: Layer,
    attention_norm: Layer,
    feed_forward_norm: Layer,
) -> Float[Tensor, "*batch tokens channels"]:
    """Transformer block whose norms stand at the entrance of its branches, so that the sum itself is never normalised.

        z = x + attend(attention_norm(x))
        y = z + feed_forward(feed_forward_norm(z))

    Without the branches it is the identity. A stack of blocks needs a last norm of its own.

    Domain: every branch keeps the shape; else ValueError.
    Source: Xiong et al. 2020, arXiv:2002.04745, table 1; ViT, arXiv:2010.11929, eqs. 2-3.
    Differs: GPT-J and PaLM add both branches of one normalised x at once.
    Notes: R003-032, R004-070.
    """
    z = residual_block(x, lambda tokens: attend(attention_norm(tokens)))
    return residual_block(z, lambda tokens: feed_forward(feed_forward_norm(tokens)))


def post_norm_block(
    x: Float[Tensor, "*batch tokens channels"],
    attend: Layer,
    feed_forward: Layer,
    attention_norm: Layer,
    feed_forward_norm: Layer,
) -> Float[Tensor, "*batch tokens channels"]:
    """Transformer block that normalises each sum, as in the first Transformer, BERT and GPT-1.

        z = attention_norm(x + attend(x))
        y = feed_forward_norm(z + feed_forward(z))

    Without the branches it is feed_forward_norm(attention_norm(x)), which is not x unless x was normalised.

    Domain: every branch keeps the shape; else ValueError.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.1.
    Notes: R003-031.
    """
    z = attention_norm(residual_block(x, attend))
    return feed_forward_norm(residual_block(z, feed_forward))


def drop_path(
    branch: Float[Tensor, "batch *size"], rate: float, uniform: Float[Tensor, "batch"]
) -> Float[Tensor, "batch *size"]:
    """A residual branch left out of whole samples at random and enlarged in the others, so that its mean stays.

        y_i = x_i / (1 - rate) if uniform_i >= rate, else 0

    Domain: uniform in [0, 1); 0 <= rate <= 1, else ValueError. Rate 0 keeps everything, rate 1 nothing.
    Source: Huang et al. 2016, arXiv:1603.09382, section 3.
    Differs: the paper does not enlarge, and multiplies by 1 - rate at test time. `uniform > rate` drops a uniform
    number of exactly 0 even at rate 0.
    Notes: R001-033.
    """
    return dropout(branch, rate, uniform.reshape(-1, *[1] * (branch.ndim - 1)))


def drop_path_rates(depth: int, last_rate: float) -> list[float]:
    """Drop rate of each block of a stack, rising in equal steps from 0 to the last one's.

        rate_l = last_rate l / (depth - 1),   l = 0..depth - 1

    Their mean is last_rate / 2, so that depth (1 - last_rate / 2) blocks are expected to remain.

    Domain: depth >= 1, 0 <= last_rate <= 1; else ValueError. A single block has rate 0.
    Source: timm and VAR code, after Huang et al. 2016, arXiv:1603.09382, eq. 4.
    Differs: the paper's rates are last_rate l / depth, l = 1..depth: the first block is dropped at times too.
    Notes: R001-033.
    """
    if depth < 1:
        raise ValueError(f"depth must be at least 1; got {depth}")
    if not 0 <= last_rate <= 1:
        raise ValueError(f"last_rate must lie in [0, 1]; got {last_rate}")
    return [last_rate * block / max(depth - 1, 1) for block in range(depth)]


def residual_scale(depth: int) -> float:
    """Factor on the output weights of every residual branch in a stack of blocks with two branches each.

        s = 1 / sqrt(2 depth)

    Independent branches of unit gain then multiply the variance by (1 + s^2)^(2 depth) < e, and not by 4^depth. The
    weights scale the branch by s if it ends in a linear map without bias.

    Domain: depth >= 1, else ValueError.
    Source: Radford et al. 2019 (GPT-2), section 2.3, where N = 2 depth residual layers; VAR code.
    Notes: R001-042.
    """
    if depth < 1:
        raise ValueError(f"depth must be at least 1; got {depth}")
    return 1 / math.sqrt(2 * depth)
