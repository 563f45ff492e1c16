"""Wrong variants of `reference.training.initialization`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.training.initialization import (
    Fans,
    fans,
    kaiming_bound,
    kaiming_std,
    leaky_relu_gain,
    linear_bound,
    truncated_normal,
    truncated_normal_std,
    uniform_initialization,
    xavier_bound,
    xavier_std,
)


@mistake(of=fans, seen="catalogue R001-029")
def fans_without_kernel(weight_shape):
    """the elements of the kernel are not counted"""
    found = fans(weight_shape)
    return Fans(found.fan_in * 0 + weight_shape[1], weight_shape[0])


@mistake(of=fans, seen="catalogue R001-029")
def fans_exchanged(weight_shape):
    """fan_in and fan_out are exchanged, as for weights stored (in, out)"""
    return Fans(*reversed(fans(weight_shape)))


@mistake(of=fans, seen="catalogue R001-029")
def fans_with_one_side_of_the_kernel(weight_shape):
    """the kernel counts by its last side instead of its area"""
    side = [*weight_shape[2:], 1][-1] if len(weight_shape) > 2 else 1
    return Fans(*(axis * side for axis in (fans(weight_shape[:2]).fan_in, weight_shape[0])))


@mistake(of=fans, seen="catalogue R001-029")
def fans_of_vectors(weight_shape):
    """a bias is given the fans of a weight of one column"""
    return fans((*weight_shape, 1, 1)[: max(2, len(weight_shape))])


@mistake(of=fans, seen="catalogue R001-029")
def fans_of_first_and_last_side(weight_shape):
    """the area of a kernel is the product of its first and its last side"""
    fans(weight_shape)
    out, into, *sides = weight_shape
    area = sides[0] * sides[-1] if sides else 1
    return Fans(area * into, area * out)


@mistake(of=fans, seen="catalogue R001-029")
def fans_of_flat_kernels(weight_shape):
    """two sides of a kernel are counted"""
    return fans(weight_shape[:4])


@mistake(of=leaky_relu_gain, seen="catalogue R001-029")
def leaky_relu_gain_of_relu(negative_slope):
    """the gain is sqrt 2 whatever the slope"""
    return math.sqrt(2)


@mistake(of=leaky_relu_gain, seen="catalogue R001-029")
def leaky_relu_gain_with_slope_not_squared(negative_slope):
    """the slope enters by its size and not by its square"""
    return math.sqrt(2 / (1 + abs(negative_slope)))


@mistake(of=leaky_relu_gain, seen="catalogue R001-029")
def leaky_relu_gain_without_root(negative_slope):
    """the gain of the variance is returned"""
    return 2 / (1 + negative_slope**2)


@mistake(of=kaiming_std, seen="catalogue R001-029")
def kaiming_std_without_root(fan, negative_slope=0.0):
    """the deviation is divided by fan instead of its root"""
    return kaiming_std(fan, negative_slope) / math.sqrt(fan)


@mistake(of=kaiming_std, seen="catalogue R001-029")
def kaiming_std_of_relu(fan, negative_slope=0.0):
    """the gain is that of the ReLU whatever the slope"""
    return kaiming_std(fan)


@mistake(of=kaiming_std, seen="catalogue R001-029")
def kaiming_std_of_slope_root_five(fan, negative_slope=5**0.5):
    """the slope that is not given is sqrt 5, as in the layers of PyTorch, instead of 0"""
    return kaiming_std(fan, negative_slope)


@mistake(of=kaiming_std, seen="catalogue R001-029")
def kaiming_std_without_check(fan, negative_slope=0.0):
    """a layer without inputs gets a deviation all the same"""
    return kaiming_std(max(fan, 1), negative_slope)


@mistake(of=kaiming_bound, seen="catalogue R001-029")
def kaiming_bound_that_is_a_std(fan, negative_slope=0.0):
    """the standard deviation serves as the bound, so that the variance is a third of what it should be"""
    return kaiming_std(fan, negative_slope)


@mistake(of=kaiming_bound, seen="catalogue R001-029")
def kaiming_bound_with_gain_squared(fan, negative_slope=0.0):
    """the gain enters squared"""
    return kaiming_bound(fan, negative_slope) * leaky_relu_gain(negative_slope)


@mistake(of=kaiming_bound, seen="catalogue R001-029")
def kaiming_bound_of_slope_root_five(fan, negative_slope=5**0.5):
    """the slope that is not given is sqrt 5, as in the layers of PyTorch, instead of 0"""
    return kaiming_bound(fan, negative_slope)


@mistake(of=xavier_std, seen="catalogue R001-029")
def xavier_std_of_the_sum(fan_in, fan_out, gain=1.0):
    """2 over the sum of the fans is taken for 1: both variances are half of what they should be"""
    return xavier_std(fan_in, fan_out, gain) / math.sqrt(2)


@mistake(of=xavier_std, seen="catalogue R001-029")
def xavier_std_of_fan_in(fan_in, fan_out, gain=1.0):
    """only the inputs count"""
    return xavier_std(fan_in, fan_in, gain)


@mistake(of=xavier_std, seen="catalogue R001-029")
def xavier_std_with_gain_in_the_root(fan_in, fan_out, gain=1.0):
    """the gain scales the variance instead of the deviation"""
    return math.sqrt(gain) * xavier_std(fan_in, fan_out)


@mistake(of=xavier_std, seen="catalogue R001-029")
def xavier_std_for_relu(fan_in, fan_out, gain=2**0.5):
    """the gain that is not given is that of the ReLU"""
    return xavier_std(fan_in, fan_out, gain)


@mistake(of=xavier_bound, seen="catalogue R001-029")
def xavier_bound_that_is_a_std(fan_in, fan_out, gain=1.0):
    """the standard deviation serves as the bound"""
    return xavier_std(fan_in, fan_out, gain)


@mistake(of=xavier_bound, seen="catalogue R001-029")
def xavier_bound_without_gain(fan_in, fan_out, gain=1.0):
    """the gain is ignored"""
    return xavier_bound(fan_in, fan_out)


@mistake(of=xavier_bound, seen="catalogue R001-029")
def xavier_bound_of_fan_in(fan_in, fan_out, gain=1.0):
    """sqrt(3 / fan_in), which is LeCun's: only the inputs count"""
    return xavier_bound(fan_in, fan_in, gain)


@mistake(of=linear_bound, seen="catalogue R001-029")
def linear_bound_of_relu(fan_in):
    """the layer is given the bound for a ReLU instead of slope sqrt 5"""
    return kaiming_bound(fan_in)


@mistake(of=linear_bound, seen="catalogue R001-029")
def linear_bound_of_slope_five(fan_in):
    """the slope is 5 instead of sqrt 5"""
    return kaiming_bound(fan_in, 5.0)


@mistake(of=linear_bound, seen="catalogue R001-029")
def linear_bound_of_std(fan_in):
    """1 / sqrt(fan_in) is taken for the standard deviation"""
    return math.sqrt(3) * linear_bound(fan_in)


@mistake(of=linear_bound, seen="catalogue R001-029")
def linear_bound_without_check(fan_in):
    """a layer without inputs gets a bound all the same"""
    return linear_bound(max(fan_in, 1))


@mistake(of=uniform_initialization, seen="catalogue R001-029")
def uniform_initialization_of_positive_weights(uniform, bound):
    """weights are drawn from 0 on, so that their mean is half of the bound"""
    uniform_initialization(uniform, bound)
    return bound * uniform


@mistake(of=uniform_initialization, seen="catalogue R001-029")
def uniform_initialization_of_half_the_width(uniform, bound):
    """the whole interval is as long as the bound"""
    return uniform_initialization(uniform, bound) / 2


@mistake(of=uniform_initialization, seen="catalogue R001-029")
def uniform_initialization_without_check(uniform, bound):
    """a negative bound turns the interval around in silence"""
    return bound * (2 * uniform - 1)


@mistake(of=truncated_normal, seen="catalogue R001-029")
def truncated_normal_by_clipping(uniform, std, bound):
    """what lies outside of the bounds is moved onto them instead of drawn again"""
    truncated_normal(uniform, std, bound)
    return (std * math.sqrt(2) * torch.erfinv(2 * uniform - 1)).clamp(-bound, bound)


@mistake(of=truncated_normal, seen="huggingface/pytorch-image-models trunc_normal_tf_")
def truncated_normal_with_bound_in_deviations(uniform, std, bound):
    """the bound is counted in standard deviations"""
    return truncated_normal(uniform, std, bound * std)


@mistake(of=truncated_normal, seen="catalogue R001-029")
def truncated_normal_without_root_of_two(uniform, std, bound):
    """the inverse error function is taken for the normal quantile"""
    quantile = torch.erfinv((2 * uniform - 1) * math.erf(bound / std))
    truncated_normal(uniform, std, bound)
    return (std * quantile).clamp(-bound, bound)


@mistake(of=truncated_normal, seen="catalogue R001-029")
def truncated_normal_without_clamp(uniform, std, bound):
    """where the bounds lie far out, a uniform number of 0 gives minus infinity"""
    truncated_normal(uniform, std, bound)
    return std * math.sqrt(2) * torch.erfinv((2 * uniform - 1) * math.erf(bound / (math.sqrt(2) * std)))


@mistake(of=truncated_normal, seen="catalogue R001-029")
def truncated_normal_of_the_wanted_std(uniform, std, bound):
    """the deviation of the result is divided out, so that it is `std` after the cut instead of before"""
    cut = truncated_normal(uniform, std, bound)
    return (cut * std / truncated_normal_std(std, bound)).clamp(-bound, bound)


@mistake(of=truncated_normal, seen="catalogue R001-029")
def truncated_normal_without_check(uniform, std, bound):
    """a negative deviation or bound is taken by its size"""
    return truncated_normal(uniform, max(abs(std), 0.0625), max(abs(bound), 0.0625))


@variant(of=truncated_normal, seen="PyTorch torch.nn.init.trunc_normal_")
def truncated_normal_by_two_tails(uniform, std, bound):
    """the uniform number is placed between the shares below the two bounds: symmetric bounds give the same"""
    truncated_normal(uniform, std, bound)
    below = (1 + math.erf(-bound / (std * math.sqrt(2)))) / 2
    share = below + uniform * (1 - 2 * below)
    return (std * math.sqrt(2) * torch.erfinv(2 * share - 1)).clamp(-bound, bound)


@mistake(of=truncated_normal_std, seen="catalogue R001-029")
def truncated_normal_std_before_the_cut(std, bound):
    """the standard deviation of the normal before it is cut is returned"""
    truncated_normal_std(std, bound)
    return std


@mistake(of=truncated_normal_std, seen="catalogue R001-029")
def truncated_normal_std_of_a_constant(std, bound):
    """the factor is 0.8796 wherever the cut is"""
    truncated_normal_std(std, bound)
    return 0.87962566103423978 * std


@mistake(of=truncated_normal_std, seen="catalogue R001-029")
def truncated_normal_std_that_is_a_variance(std, bound):
    """the square of the factor is multiplied with std"""
    return truncated_normal_std(std, bound) ** 2 / std


@mistake(of=truncated_normal_std, seen="catalogue R001-029")
def truncated_normal_std_without_check(std, bound):
    """a negative deviation or bound is taken by its size"""
    return truncated_normal_std(max(abs(std), 0.0625), max(abs(bound), 0.0625))
