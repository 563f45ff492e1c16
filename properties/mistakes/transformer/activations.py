"""Wrong variants of `reference.transformer.activations`."""

import math

import torch
from torch.nn.functional import linear

from properties.mistakes import mistake, variant
from reference.transformer.activations import gelu, gelu_tanh, relu, silu, swiglu, swiglu_feed_forward


@mistake(of=relu, seen="catalogue R003-015")
def relu_that_leaks(x):
    """a small share of negative numbers gets through, as in leaky ReLU"""
    return torch.where(x > 0, x, 0.01 * x)


@mistake(of=relu, seen="catalogue R003-015")
def relu_that_is_bounded(x):
    """numbers are cut off at 6 as well, as in ReLU6"""
    return x.clamp(0, 6)


@mistake(of=relu, seen="catalogue R003-015")
def relu_with_slope_one_at_zero(x):
    """the slope at 0 is 1, as clamp takes it, instead of 0"""
    return x.clamp(min=0)


@mistake(of=relu, seen="catalogue R003-015")
def relu_with_slope_one_half_at_zero(x):
    """the slope at 0 is shared between both arguments of the maximum"""
    return torch.maximum(x, torch.zeros_like(x))


@mistake(of=relu, seen="catalogue R003-015")
def relu_in_absolute_value(x):
    """negative numbers are turned round instead of set to 0"""
    return 1 * x.abs()


@mistake(of=silu, seen="catalogue R003-017")
def silu_that_is_quick_gelu(x):
    """the logistic function has the factor 1.702 of the quick GELU"""
    return x * torch.sigmoid(1.702 * x)


@mistake(of=silu, seen="catalogue R001-023")
def silu_that_is_sigmoid(x):
    """the number itself is left out, so that only its gate is returned"""
    return torch.sigmoid(x)


@mistake(of=silu, seen="catalogue R003-017")
def silu_that_overflows(x):
    """exp of the number is taken, which is infinite for large ones"""
    return x * x.exp() / (1 + x.exp())


@mistake(of=silu, seen="catalogue R001-023")
def silu_that_is_hard_swish(x):
    """the logistic function is replaced by a ramp from -3 to 3"""
    return x * (x + 3).clamp(0, 6) / 6


@mistake(of=silu, seen="arXiv:1908.08681")
def silu_that_is_mish(x):
    """the gate is tanh(softplus(x)), as in Mish"""
    return torch.nn.functional.mish(x)


@mistake(of=silu, seen="catalogue R001-023")
def silu_that_is_relu_far_out(x):
    """numbers beyond 8 are taken as they are, and those below -8 for 0"""
    return torch.where(x.abs() > 8, x.clamp(min=0), silu(x))


@variant(of=silu, seen="catalogue R003-017")
def silu_as_quotient(x):
    """x / (1 + exp(-x)) is 0 where the exponential is infinite"""
    return x / (1 + torch.exp(-x))


@mistake(of=gelu, seen="catalogue R003-017")
def gelu_that_is_quick(x):
    """the distribution function is replaced by sigmoid(1.702 x)"""
    return x * torch.sigmoid(1.702 * x)


@mistake(of=gelu, seen="arXiv:1606.08415, section 2")
def gelu_by_tanh(x):
    """the approximation by a hyperbolic tangent is used where the exact form is asked for"""
    return gelu_tanh(x)


@mistake(of=gelu, seen="catalogue R004-070")
def gelu_without_root_of_two(x):
    """the error function is taken of x instead of x / sqrt(2)"""
    return x * (1 + torch.erf(x)) / 2


@mistake(of=gelu, seen="catalogue R004-070")
def gelu_that_is_not_halved(x):
    """the sum 1 + erf is not halved"""
    return 2 * gelu(x)


@mistake(of=gelu, seen="catalogue R004-070")
def gelu_without_the_number(x):
    """the distribution function itself is returned"""
    return torch.special.ndtr(x)


@variant(of=gelu, seen="PyTorch")
def gelu_by_complement(x):
    """erfc(-x / sqrt(2)) is 1 + erf(x / sqrt(2))"""
    return x * torch.special.erfc(-x / math.sqrt(2)) / 2


@mistake(of=gelu_tanh, seen="arXiv:1606.08415, section 2")
def gelu_tanh_that_is_exact(x):
    """the error function is used where the hyperbolic tangent is asked for"""
    return gelu(x)


@mistake(of=gelu_tanh, seen="catalogue R004-070")
def gelu_tanh_without_cube(x):
    """the cubic term is left out"""
    return x * (1 + torch.tanh(math.sqrt(2 / math.pi) * x)) / 2


@mistake(of=gelu_tanh, seen="catalogue R004-070")
def gelu_tanh_with_root_misplaced(x):
    """the factor is 2 / pi instead of its square root"""
    return x * (1 + torch.tanh(2 / math.pi * (x + 0.044715 * x**3))) / 2


@mistake(of=gelu_tanh, seen="catalogue R004-070")
def gelu_tanh_with_rounded_constant(x):
    """the coefficient of the cube is rounded to 0.045"""
    return x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.045 * x**3))) / 2


@mistake(of=gelu_tanh, seen="catalogue R004-070")
def gelu_tanh_by_exponentials(x):
    """the hyperbolic tangent is a quotient of exponentials, which overflow"""
    shares = torch.exp(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return x * (1 + (shares - 1) / (shares + 1)) / 2


@variant(of=gelu_tanh, seen="arXiv:1606.08415, section 2")
def gelu_tanh_by_sigmoid(x):
    """(1 + tanh(u)) / 2 is sigmoid(2 u)"""
    return x * torch.sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


@mistake(of=swiglu, seen="catalogue R003-016")
def swiglu_gating_the_wrong_branch(x, gate_weight, gate_bias, up_weight, up_bias):
    """the SiLU is taken of the other branch, as when a fused weight is split in the wrong order"""
    return swiglu(x, up_weight, up_bias, gate_weight, gate_bias)


@mistake(of=swiglu, seen="catalogue R003-016")
def swiglu_of_both_branches(x, gate_weight, gate_bias, up_weight, up_bias):
    """the SiLU is taken of both branches"""
    return silu(linear(x, gate_weight, gate_bias)) * silu(linear(x, up_weight, up_bias))


@mistake(of=swiglu, seen="arXiv:2002.05202, eq. 4")
def swiglu_that_is_glu(x, gate_weight, gate_bias, up_weight, up_bias):
    """the gate is the logistic function alone, as in the original GLU"""
    return torch.sigmoid(linear(x, gate_weight, gate_bias)) * linear(x, up_weight, up_bias)


@mistake(of=swiglu, seen="arXiv:2002.05202, eq. 5")
def swiglu_that_is_geglu(x, gate_weight, gate_bias, up_weight, up_bias):
    """the gate is a GELU instead of a SiLU"""
    return gelu(linear(x, gate_weight, gate_bias)) * linear(x, up_weight, up_bias)


@mistake(of=swiglu, seen="catalogue R003-016")
def swiglu_without_biases(x, gate_weight, gate_bias, up_weight, up_bias):
    """both biases are left out"""
    return swiglu(x, gate_weight, 0 * gate_bias, up_weight, 0 * up_bias)


@mistake(of=swiglu, seen="catalogue R003-016")
def swiglu_that_adds(x, gate_weight, gate_bias, up_weight, up_bias):
    """the branches are added instead of multiplied"""
    return silu(linear(x, gate_weight, gate_bias)) + linear(x, up_weight, up_bias)


@mistake(of=swiglu, seen="catalogue R003-016")
def swiglu_by_exponentials(x, gate_weight, gate_bias, up_weight, up_bias):
    """the gate is g exp(g) / (1 + exp(g)), which overflows"""
    gate = linear(x, gate_weight, gate_bias)
    return gate * gate.exp() / (1 + gate.exp()) * linear(x, up_weight, up_bias)


@mistake(of=swiglu, seen="catalogue R003-016")
def swiglu_with_a_bounded_gate(x, gate_weight, gate_bias, up_weight, up_bias):
    """the gate is cut off at 20"""
    return silu(linear(x, gate_weight, gate_bias).clamp(max=20)) * linear(x, up_weight, up_bias)


@mistake(of=swiglu_feed_forward, seen="catalogue R003-016")
def swiglu_feed_forward_gating_the_wrong_branch(x, gate_weight, up_weight, down_weight):
    """gate and value are exchanged, as when a fused weight is split in the wrong order"""
    return swiglu_feed_forward(x, up_weight, gate_weight, down_weight)


@mistake(of=swiglu_feed_forward, seen="catalogue R003-016")
def swiglu_feed_forward_without_gate(x, gate_weight, up_weight, down_weight):
    """the value is not gated: a plain feed-forward layer of the gate is left"""
    return linear(silu(linear(x, gate_weight)), down_weight)


@mistake(of=swiglu_feed_forward, seen="catalogue R003-016")
def swiglu_feed_forward_of_the_product(x, gate_weight, up_weight, down_weight):
    """the SiLU is taken of the product of both branches"""
    return linear(silu(linear(x, gate_weight) * linear(x, up_weight)), down_weight)


@mistake(of=swiglu_feed_forward, seen="arXiv:2002.05202, eq. 6")
def swiglu_feed_forward_with_a_residual(x, gate_weight, up_weight, down_weight):
    """the token itself is added, which is the block's task"""
    return x + swiglu_feed_forward(x, gate_weight, up_weight, down_weight)


@mistake(of=swiglu_feed_forward, seen="catalogue R003-016")
def swiglu_feed_forward_by_exponentials(x, gate_weight, up_weight, down_weight):
    """the gate is g exp(g) / (1 + exp(g)), which overflows"""
    gate = linear(x, gate_weight)
    return linear(gate * gate.exp() / (1 + gate.exp()) * linear(x, up_weight), down_weight)


@mistake(of=swiglu_feed_forward, seen="catalogue R003-016")
def swiglu_feed_forward_with_a_bounded_gate(x, gate_weight, up_weight, down_weight):
    """the gate is cut off at 20"""
    return linear(silu(linear(x, gate_weight).clamp(max=20)) * linear(x, up_weight), down_weight)
