"""Laws of `reference.training.initialization`."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch.nn.functional import conv2d, conv_transpose2d, linear

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import numbers, unit

FANS = st.integers(1, 4096)
SLOPES = st.integers(-40, 40).map(lambda slope: slope / 16)
STDS = st.sampled_from([0.0625, 0.75, 1.5, 8.0])
CUTS = st.integers(4, 40).map(lambda cut: cut / 16)


def mean_square_after_leaky_relu(slope):
    """E[f(z)^2] of a standard normal z, half of which is positive."""
    half = stats.halfnorm.moment(2) / 2
    return half + slope**2 * half


@pytest.mark.parametrize(("out", "into"), [(2, 3), (5, 2)])
def test_fans_count_connections(fans, out, into):
    """With inputs and weights of 1 outputs count their inputs, and what an input hands on its outputs."""
    weight, image = torch.ones(out, into, 5, 7), torch.ones(1, into, 15, 15)
    by_input = conv2d(image, weight)[0, 0, 5, 5]
    by_output = conv_transpose2d(torch.ones(1, out, 15, 15), weight)[0, 0, 9, 9]
    assert_equal(fans((out, into, 5, 7)), (by_input.item(), by_output.item()))
    assert_equal(fans((out, into, 5)), (5 * into, 5 * out))
    assert_equal(fans((out, into, 5, 7, 2)), (70 * into, 70 * out))
    flat = torch.ones(out, into)
    assert_equal(fans((out, into)), (linear(torch.ones(into), flat)[0].item(), flat.sum(0)[0].item()))


@given(slope=SLOPES)
def test_leaky_relu_gain_restores_the_mean_square(leaky_relu_gain, slope):
    """The mean square of a standard normal after the activation, times the gain squared, is 1."""
    assert_close(leaky_relu_gain(slope) ** 2 * mean_square_after_leaky_relu(slope), 1)


@given(fan=FANS, slope=SLOPES)
def test_kaiming_std_preserves_the_mean_square(kaiming_std, fan, slope):
    """fan independent weights of this deviation, on activations of standard normals, sum to a variance of 1."""
    assert_close(fan * kaiming_std(fan, slope) ** 2 * mean_square_after_leaky_relu(slope), 1)


@given(fan=FANS, slope=SLOPES)
def test_kaiming_bound_preserves_the_mean_square(kaiming_bound, fan, slope):
    """So do weights uniform within the bound."""
    variance = stats.uniform(-kaiming_bound(fan, slope), 2 * kaiming_bound(fan, slope)).var()
    assert_close(fan * variance * mean_square_after_leaky_relu(slope), 1)


@given(fan=FANS)
def test_kaiming_std_reduces_to_relu_without_slope(kaiming_std, kaiming_bound, fan):
    """A ReLU keeps half of the mean square, so that unless a slope is given variances are 2 / fan."""
    assert_close(kaiming_std(fan) ** 2, 2 / fan)
    assert_close(kaiming_bound(fan) ** 2, 6 / fan)


@given(fan_in=FANS, fan_out=FANS, gain=SLOPES.map(abs))
def test_xavier_std_preserves_the_mean_of_both_variances(xavier_std, xavier_bound, fan_in, fan_out, gain):
    """Signals grow by fan_in Var[w] and gradients by fan_out Var[w], which are gain^2 on average."""
    for variance in (xavier_std(fan_in, fan_out, gain) ** 2, xavier_bound(fan_in, fan_out, gain) ** 2 / 3):
        assert_close((fan_in * variance + fan_out * variance) / 2, gain**2)


@given(fan=FANS)
def test_xavier_std_preserves_both_variances_of_a_square_layer(xavier_std, xavier_bound, fan):
    """With as many inputs as outputs a variance of 1 stays 1 both ways, unless a gain is given."""
    assert_close(fan * xavier_std(fan, fan) ** 2, 1)
    assert_close(fan * xavier_bound(fan, fan) ** 2, 3)


@given(fan_in=FANS)
def test_linear_bound_leaves_a_third_of_the_variance(linear_bound, kaiming_bound, fan_in):
    """fan_in weights uniform within the bound have variances that sum to 1 / 3, as for slope sqrt 5."""
    assert_close(fan_in * stats.uniform(-linear_bound(fan_in), 2 * linear_bound(fan_in)).var(), 1 / 3)
    assert_close(kaiming_bound(fan_in, math.sqrt(5)) ** 2, 1 / fan_in)


@pytest.mark.parametrize("bad", [0, -1])
def test_kaiming_std_rejects_layers_without_inputs(
    kaiming_std, kaiming_bound, xavier_std, xavier_bound, linear_bound, bad
):
    """Nothing comes out of a layer without inputs, whatever its weights."""
    for function in (kaiming_std, kaiming_bound, linear_bound):
        assert_rejects(function, bad)
    for function in (xavier_std, xavier_bound):
        assert_rejects(function, bad, 3)
        assert_rejects(function, 3, bad)


@pytest.mark.parametrize("shape", [(), (3,)])
def test_fans_rejects_vectors(fans, shape):
    """A bias has no inputs."""
    assert_rejects(fans, shape)


@given(uniform=unit(2, 3), bound=STDS)
def test_uniform_initialization_inverts_distribution(uniform_initialization, uniform, bound):
    """The share of weights below w is u = (w + b) / 2b: w is -b at 0 and would be b at 1."""
    edges = torch.cat([uniform, numbers(0, 0.5, 1).expand(2, 3)])
    below = stats.uniform.ppf(edges.numpy(), -bound, 2 * bound)
    assert_close(uniform_initialization(edges, bound), torch.as_tensor(below), bound)


@pytest.mark.parametrize("bound", [0.0, 0.5, 3.0])
def test_uniform_initialization_has_moments_zero_and_third(uniform_initialization, bound):
    """At the two nodes of Gauss, exact for cubics, the weights have the mean 0 and the mean square b^2 / 3."""
    weights = uniform_initialization(0.5 + numbers(-1, 1) / math.sqrt(12), bound)
    assert_close(weights.mean(), 0, bound)
    assert_close(weights.square().mean(), bound**2 / 3)


@pytest.mark.parametrize("bad", [-0.125, math.nan])
def test_uniform_initialization_rejects_impossible_bounds(uniform_initialization, bad):
    """The bound is half of a length."""
    assert_rejects(uniform_initialization, numbers(0.25, 0.75), bad)


@given(uniform=unit(2, 3), std=STDS, cut=CUTS)
def test_truncated_normal_inverts_distribution(truncated_normal, uniform, std, cut):
    """The share of the truncated distribution below a weight is its uniform number, and where its density is low a
    rounding of the share moves the weight far.
    """
    expected = torch.as_tensor(stats.truncnorm.ppf(uniform.numpy(), -cut, cut)) * std
    density = torch.as_tensor(stats.norm.pdf(expected / std))
    assert_close(truncated_normal(uniform, std, cut * std), expected, std / density)


@pytest.mark.parametrize("cut", [0.5, 2.0, 100.0])
def test_truncated_normal_never_leaves_its_bounds(truncated_normal, cut):
    """The uniform numbers 0 and 1 give the bounds, also where floats see nothing outside of them."""
    edges = truncated_normal(numbers(0, 0.5, 1), 0.5, cut / 2)
    assert_close(edges, numbers(-cut / 2, 0, cut / 2), cut)
    assert_equal(edges.abs() <= cut / 2, torch.ones(3).bool())


@given(std=STDS, cut=st.one_of(CUTS, st.sampled_from([4.0, 5.0, 8.0])))
def test_truncated_normal_std_equals_closed_form(truncated_normal_std, std, cut):
    """It is the deviation of a normal cut at `cut` standard deviations; the less is left, the more digits cancel."""
    expected = std * float(stats.truncnorm.std(-cut, cut))
    assert_close(truncated_normal_std(std, cut * std), expected, std**2 / expected)


@pytest.mark.parametrize(("std", "bound"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (1.0, -1.0), (math.nan, 1.0)])
def test_truncated_normal_rejects_empty_intervals(truncated_normal, truncated_normal_std, std, bound):
    """Both lengths are positive."""
    assert_rejects(truncated_normal, numbers(0.25, 0.75), std, bound)
    assert_rejects(truncated_normal_std, std, bound)
