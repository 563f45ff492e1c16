"""Activations, which act on every number alone, and the gated layers that are made of one."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import linear

from reference.diffusion.likelihood import approx_standard_normal_cdf


def relu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The positive part of each number.

        relu(x) = max(0, x)

    Domain: every number; the slope at 0, where there is none, is taken to be 0.
    Source: textbook.
    Differs: `torch.clamp(x, min=0)` takes the slope at 0 to be 1, and `torch.maximum` with 0 takes it to be 1/2.
    Notes: R003-015.
    """
    return torch.where(x <= 0, 0, x)


def silu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Each number times its logistic sigmoid; also called swish.

        silu(x) = x / (1 + exp(-x))

    Its only minimum is -0.278465 at x = -1.278465.

    Domain: every finite number.
    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2; Elfwing et al. 2017, arXiv:1702.03118, section 2.
    Differs: Swish of Ramachandran et al. is x sigmoid(beta x); beta = 1.702 makes the quick GELU.
    Notes: R001-023, R003-017.
    """
    return x * torch.sigmoid(x)


def gelu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Each number times the standard normal distribution function there.

        gelu(x) = x Phi(x) = x (1 + erf(x / sqrt(2))) / 2

    Its only minimum is -0.169971 at x = -0.751792.

    Domain: every finite number.
    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    Differs: GPT-2 and DiT use `gelu_tanh`; OpenAI's CLIP uses the quick GELU x sigmoid(1.702 x), up to 0.0204 away.
    Notes: R004-070.
    """
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def gelu_tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """GELU with a hyperbolic tangent in place of the error function, within 4.8e-4 of it.

        gelu_tanh(x) = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2

    Domain: every number whose cube is finite.
    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2; `approximate="tanh"` in PyTorch.
    Notes: R004-070.
    """
    return x * approx_standard_normal_cdf(x)


def swiglu(
    x: Float[Tensor, "*batch channels"],
    gate_weight: Float[Tensor, "hidden channels"],
    gate_bias: Float[Tensor, "hidden"],
    up_weight: Float[Tensor, "hidden channels"],
    up_bias: Float[Tensor, "hidden"],
) -> Float[Tensor, "*batch hidden"]:
    """An affine map of each token, gated by the SiLU of another.

        y = silu(W_gate x + b_gate) (W_up x + b_up),   elementwise

    Domain: every finite number.
    Source: Shazeer 2020, arXiv:2002.05202, eq. 5, where beta is 1.
    Differs: a fused weight holds the gate first in Phi-3, and second in the SwiGLU of diffusers.
    Notes: R003-016.
    """
    return silu(linear(x, gate_weight, gate_bias)) * linear(x, up_weight, up_bias)


def swiglu_feed_forward(
    x: Float[Tensor, "*batch channels"],
    gate_weight: Float[Tensor, "hidden channels"],
    up_weight: Float[Tensor, "hidden channels"],
    down_weight: Float[Tensor, "channels hidden"],
) -> Float[Tensor, "*batch channels"]:
    """Each token through a gated unit without biases and back to its own width.

        y = W_down (silu(W_gate x) W_up x)

    Three matrices of 2/3 of the hidden width hold as many weights as the two of a plain feed-forward layer.

    Domain: every finite number.
    Source: Shazeer 2020, arXiv:2002.05202, eq. 6; Llama's and Qwen's gate_proj, up_proj and down_proj.
    Notes: R003-016, R003-230.
    """
    return linear(silu(linear(x, gate_weight)) * linear(x, up_weight), down_weight)
