"""Dropout with the uniform numbers given: of single elements, and of whole channels."""

import torch
from jaxtyping import Float
from torch import Tensor


def dropout(x: Float[Tensor, "*shape"], rate: float, uniform: Float[Tensor, "*#shape"]) -> Float[Tensor, "*shape"]:
    """The input with elements set to 0 at random, and the others enlarged so that the mean stays: inverted dropout.

        y = x / (1 - rate) if uniform >= rate, else 0
        E[y] = x,   Var[y] = x^2 rate / (1 - rate)

    Along an axis where `uniform` has size 1, elements are dropped together. In evaluation nothing is dropped: y = x.

    Domain: uniform in [0, 1); 0 <= rate <= 1, else ValueError. Rate 0 keeps everything, rate 1 nothing.
    Source: Srivastava et al. 2014, section 10 (the inverted form).
    Differs: the paper's own form does not enlarge, and multiplies by 1 - rate at test time. `uniform > rate` drops a
    uniform number of exactly 0 even at rate 0.
    Notes: R001-059, R004-009.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must lie in [0, 1]; got {rate}")
    scale = 1 / (1 - rate) if rate < 1 else 0.0
    return torch.where(uniform >= rate, scale * x, 0)


def drop_channels(
    x: Float[Tensor, "*batch channels height width"], rate: float, uniform: Float[Tensor, "*batch channels"]
) -> Float[Tensor, "*batch channels height width"]:
    """Images with whole channels set to 0 at random, and the others enlarged so that the mean stays.

        y_c = x_c / (1 - rate) if uniform_c >= rate, else 0

    Neighbouring pixels are much alike: dropped one by one they would be known from what remains.

    Domain: uniform in [0, 1); 0 <= rate <= 1, else ValueError.
    Source: Tompson et al. 2015, arXiv:1411.4280 (SpatialDropout); `dropout2d` in PyTorch.
    Notes: R001-059.
    """
    return dropout(x, rate, uniform[..., None, None])
