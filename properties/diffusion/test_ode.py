"""Laws of `reference.diffusion.ode`.

Gaussian data N(m, s^2) has its solution in closed form: in the plane of the deviations of signal and noise, (s, sigma)
or ((1 - t) s, t), the distance of x from its mean grows and shrinks with the length of that vector. A step that turns
the vector by an angle h keeps cos(h) of the right distance under Euler; `_heun` has the factor of a Heun step.
"""

import math
from fractions import Fraction

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, level_tables, levels, levels_and, normals, unit

SIGMAS = level_tables(2, 4, grid=256, least=16).flatmap(
    lambda table: st.sampled_from([16 * table, table / 64, table / 2**10])
)
TIMES_AND_ENDS = levels_and(0.0, 1.0, axes=2)
PATHS = SIGMAS | SIGMAS.map(lambda table: table.flip(0)) | SIGMAS.map(lambda t: torch.cat([t, t.new_zeros(1)]))
TIMES = level_tables(2, 4) | level_tables(2, 4).map(lambda table: 1 - table)
SPREADS = st.integers(2, 16).map(lambda k: k / 4)
BETAS = st.tuples(st.integers(1, 64).map(lambda k: k / 16), st.integers(0, 80).map(lambda k: k / 4))


def _euler(angles):
    return torch.cos(angles[:-1] - angles[1:])


def _heun(angles):
    turn, sine = angles[:-1] - angles[1:], torch.sin(angles[:-1] - angles[1:])
    return turn.cos() * (1 + sine**2 / 2) + angles[:-1].tan() * sine**3 / 2


def _denoiser(parameterization, mean, spread):
    """The best denoiser of N(mean, spread^2), converted from what a network predicts."""

    def x_0(x, sigma):
        return mean + spread**2 / (spread**2 + sigma**2) * (x - mean)

    def epsilon(x, sigma):
        return sigma / (spread**2 + sigma**2) * (x - mean)

    def v(x, sigma):
        return (epsilon(x, sigma) - sigma * x_0(x, sigma)) / (1 + sigma**2).sqrt()

    return {
        "x_0": x_0,
        "epsilon": lambda x, sigma: x - sigma * epsilon(x, sigma),
        "v": lambda x, sigma: x / (1 + sigma**2) - sigma / (1 + sigma**2).sqrt() * v(x, sigma),
    }[parameterization]


def _recording(told, answer):
    """A network that gives one answer everywhere and writes down the level that it is told, a tensor without axes."""

    def network(x, level):
        assert_equal(tuple(level.shape), ())
        told.append(float(level))
        return answer.expand(x.shape)

    return network


def _odds(time, shift):
    """Times whose odds t / (1 - t) are `shift` times as large."""
    odds = [Fraction(t) / (1 - Fraction(t)) * Fraction(shift) for t in time.flatten().tolist()]
    return torch.tensor([float(o / (1 + o)) for o in odds], dtype=torch.float64).reshape(time.shape)


@given(num_steps=st.integers(2, 12), low=st.integers(1, 8), rise=st.integers(1, 24), rho=st.sampled_from([1, 2, 3, 7]))
def test_karras_sigmas_equals_powers_of_evenly_spaced_roots(karras_sigmas, num_steps, low, rise, rho):
    """From (b / 8)^rho down to (a / 8)^rho, the roots fall from b / 8 to a / 8 by equal fractions; then comes 0."""
    roots = [Fraction(low * i + (low + rise) * (num_steps - 1 - i), 8 * (num_steps - 1)) for i in range(num_steps)]
    sigmas = karras_sigmas(num_steps, (low / 8) ** rho, ((low + rise) / 8) ** rho, float(rho))
    expected = torch.tensor([*(float(root**rho) for root in roots), 0.0], dtype=torch.float64)
    assert_close(sigmas, expected, expected * (rho + rho * math.log(32)))


@pytest.mark.parametrize("given_range", [(), (0.002, 80.0, 7.0), (0.03125, 14.5, 2.5), (0.5, 0.75, 0.5)])
def test_karras_sigmas_is_even_in_its_roots(karras_sigmas, given_range):
    """The roots of order rho differ by equal amounts; not told otherwise, rho is 7 and sigma falls from 80 to 0.002."""
    sigma_min, sigma_max, rho = given_range or (0.002, 80.0, 7.0)
    roots = karras_sigmas(18, *given_range)[:-1] ** (1 / rho)
    first, last = sigma_max ** (1 / rho), sigma_min ** (1 / rho)
    assert_close(roots, [first + (last - first) * i / 17 for i in range(18)], first)


@pytest.mark.parametrize("num_steps", [1, 2])
def test_karras_sigmas_ends_at_zero(karras_sigmas, num_steps):
    """A single step leads from sigma_max to 0, and two by way of sigma_min."""
    assert_close(karras_sigmas(num_steps, 0.25, 16.0, 2.0), [16.0, *[0.25] * (num_steps - 1), 0.0])


@pytest.mark.parametrize(
    "arguments",
    [
        (0,),
        (-1,),
        (5, 0.0),
        (5, -0.5, 2.0, 1.0),
        (5, math.nan),
        (5, 2.0, 2.0),
        (5, 3.0, 2.0),
        (5, 0.5, float("inf")),
        (5, 0.5, math.nan),
        (5, 0.5, 2.0, 0.0),
        (5, 0.5, 2.0, -7.0),
        (5, 0.5, 2.0, float("inf")),
        (5, 0.5, 2.0, math.nan),
    ],
)
def test_karras_sigmas_rejects_impossible_ranges(karras_sigmas, arguments):
    """No steps, a range that does not fall to a positive sigma, or a root of order 0 or infinity makes no table."""
    assert_rejects(karras_sigmas, *arguments)


@given(
    x_0=normals(2, 4, 3),
    epsilon=normals(2, 4, 3),
    sigma=dyadics(1, 4096, 2, 1, 1, grid=64) | dyadics(1, 64, 2, 1, 1, grid=4096),
    ratio=unit(2, 1, 1),
)
def test_euler_step_carries_noise_to_the_next_sigma(euler_step, x_0, epsilon, sigma, ratio):
    """Told the true x_0, it turns x_0 + sigma epsilon into x_0 + sigma' epsilon, whether sigma' is below or above."""
    x = x_0 + sigma * epsilon
    size = x_0.abs() + sigma * epsilon.abs()
    assert_close(euler_step(x, x_0, sigma, ratio * sigma), x_0 + ratio * sigma * epsilon, size)
    assert_close(euler_step(x, x_0, sigma, 2 * sigma), x_0 + 2 * sigma * epsilon, 2 * size)


@given(x=normals(2, 3), x_0=normals(2, 3), sigma=dyadics(64, 4096, 2, 1, grid=64))
def test_euler_step_reduces_to_x_0_at_zero(euler_step, x, x_0, sigma):
    """A step to sigma 0 gives x_0, and a step of no length x."""
    assert_close(euler_step(x, x_0, sigma, 0 * sigma), x_0, x.abs() + x_0.abs())
    assert_close(euler_step(x, x_0, sigma, sigma), x, x.abs() + x_0.abs())


@given(x=normals(2, 3), mean=normals(3), spread=SPREADS, sigmas=SIGMAS)
def test_heun_step_follows_gaussian_data(heun_step, x, mean, spread, sigmas):
    """From the angle p a turn by h keeps cos h (1 + sin^2 h / 2) + tan p sin^3 h / 2 of the right distance."""
    ends = sigmas[:2]
    lengths = torch.hypot(ends, torch.tensor(spread))
    gain = lengths[1] / lengths[0] * _heun(torch.atan(ends / spread))[0]
    size = (x.abs() + mean.abs()) * (1 + ends[0] / ends[1])
    stepped = heun_step(_denoiser("x_0", mean, spread), x, ends[0], ends[1])
    assert_close(stepped, mean + gain * (x - mean), size)


@given(x=normals(2, 3), sigmas=SIGMAS)
def test_heun_step_averages_slopes(heun_step, x, sigmas):
    """Where the slope is 3 sigma^2 for every x, the step adds sigma'^3 - sigma^3 and half the cube of its length."""
    (start, end), cube = sigmas[:2], 3 * sigmas[0] ** 3
    stepped = heun_step(lambda x, sigma: x - 3 * sigma**3, x, start, end)
    size = (x.abs() + cube) * (1 + start / end)
    assert_close(stepped, x + end**3 - start**3 + (end - start) ** 3 / 2, size)


@pytest.mark.parametrize("end", [(), (0.0,)])
@given(x=normals(2, 3), point=normals(3), sigmas=SIGMAS)
def test_euler_sample_is_straight_towards_a_point(euler_sample, x, point, sigmas, end):
    """Data that is a single point is met at sigma 0, in any number of steps; the denoiser is told each sigma left."""
    sigmas, told = torch.cat([sigmas, torch.tensor(end, dtype=torch.float64)]), []
    sample = euler_sample(_recording(told, point), x, sigmas)
    expected = point + sigmas[-1] / sigmas[0] * (x - point)
    assert_close(sample, expected, x.abs() + point.abs(), roundings=16 * len(sigmas))
    assert_equal(told, sigmas[:-1].tolist())


@pytest.mark.parametrize("end", [(), (0.0,)])
@given(x=normals(2, 3), point=normals(3), sigmas=SIGMAS)
def test_heun_sample_is_straight_towards_a_point(heun_sample, x, point, sigmas, end):
    """Data that is a single point is met at sigma 0; the denoiser is told both ends of each step, but never sigma 0."""
    sigmas, told = torch.cat([sigmas, torch.tensor(end, dtype=torch.float64)]), []
    sample = heun_sample(_recording(told, point), x, sigmas)
    expected = point + sigmas[-1] / sigmas[0] * (x - point)
    size = (x.abs() + point.abs()) * (1 + (sigmas[:-1] / sigmas[1:]).nan_to_num(posinf=0).max())
    assert_close(sample, expected, size, roundings=16 * len(sigmas))
    ends = torch.stack([sigmas[:-1], sigmas[1:]], 1).flatten()
    assert_equal(told, ends[ends > 0].tolist())


@given(x=normals(2, 3), mean=normals(3), spread=SPREADS, sigmas=PATHS)
def test_euler_sample_follows_gaussian_data(euler_sample, x, mean, spread, sigmas):
    """On Gaussian data, the distance from the mean is the right one times the cosine of the angle of each step."""
    lengths = torch.hypot(sigmas, torch.tensor(spread))
    gain = lengths[-1] / lengths[0] * _euler(torch.atan(sigmas / spread)).prod()
    size = (x.abs() + mean.abs()) * (1 + sigmas[-1] / sigmas[0])
    sample = euler_sample(_denoiser("x_0", mean, spread), x, sigmas)
    assert_close(sample, mean + gain * (x - mean), size, roundings=16 * len(sigmas))


@pytest.mark.parametrize("parameterization", ["epsilon", "v"])
@given(x=normals(2, 3), mean=normals(3), spread=SPREADS, sigmas=PATHS)
def test_heun_sample_follows_gaussian_data(heun_sample, x, mean, spread, sigmas, parameterization):
    """Whether epsilon or v is predicted, Gaussian data leads to the same sample: Heun's, with Euler's step to 0."""
    lengths, angles = torch.hypot(sigmas, torch.tensor(spread)), torch.atan(sigmas / spread)
    gain = lengths[-1] / lengths[0] * torch.where(sigmas[1:] > 0, _heun(angles), _euler(angles)).prod()
    size = (x.abs() + mean.abs()) * (1 + sigmas.max() / sigmas[sigmas > 0].min())
    sample = heun_sample(_denoiser(parameterization, mean, spread), x, sigmas)
    assert_close(sample, mean + gain * (x - mean), size, roundings=16 * len(sigmas))


@pytest.mark.parametrize("num_steps", [2, 4])
@given(x=normals(2, 3), end=st.integers(0, 8), length=st.integers(1, 8))
def test_euler_sample_converges_to_first_order(euler_sample, x, end, length, num_steps):
    """Where the slope is 2 sigma, the error is minus the squared range over n: 2 n steps halve it."""
    sigmas = end + length * torch.arange(num_steps, -1, -1, dtype=torch.float64) / num_steps
    sample = euler_sample(lambda x, sigma: x - 2 * sigma**2, x, sigmas)
    error = -(length**2) / num_steps
    size = x.abs() + 2 * sigmas[0] ** 2
    assert_close(sample, x + sigmas[-1] ** 2 - sigmas[0] ** 2 + error, size, roundings=16 * num_steps)


@pytest.mark.parametrize("num_steps", [2, 4])
@given(x=normals(2, 3), end=st.integers(1, 8), length=st.integers(1, 8))
def test_heun_sample_converges_to_second_order(heun_sample, x, end, length, num_steps):
    """Where the slope is 3 sigma^2, the error is minus half the cubed range over n^2: 2 n steps leave a quarter."""
    sigmas = end + length * torch.arange(num_steps, -1, -1, dtype=torch.float64) / num_steps
    sample = heun_sample(lambda x, sigma: x - 3 * sigma**3, x, sigmas)
    error = -(length**3) / (2 * num_steps**2)
    size = (x.abs() + 3 * sigmas[0] ** 3) * (1 + sigmas[0] / sigmas[-1])
    assert_close(sample, x + sigmas[-1] ** 3 - sigmas[0] ** 3 + error, size, roundings=16 * num_steps)


@pytest.mark.parametrize("count", [0, 1])
def test_euler_sample_rejects_tables_without_a_step(euler_sample, heun_sample, flow_euler_sample, count):
    """A table of fewer than two levels leaves no step to take."""
    x, table = torch.ones(2, 3, dtype=torch.float64), torch.full((count,), 0.5, dtype=torch.float64)
    assert_rejects(euler_sample, lambda x, sigma: x / 2, x, table)
    assert_rejects(heun_sample, lambda x, sigma: x / 2, x, table)
    assert_rejects(flow_euler_sample, lambda x, time: x / 2, x, table)


@given(time=levels_and(0.0, 1.0), betas=BETAS)
def test_vp_sigma_equals_decay_by_area_under_beta(vp_sigma, time, betas):
    """The signal's variance decays by the exponential of the area under beta, and noise fills the rest."""
    low, rise = betas
    area = time * (low + (low + rise * time)) / 2
    ratio = vp_sigma(time, low, low + rise) ** 2
    assert_close(1 / (1 + ratio), torch.exp(-area), (1 + area) * torch.exp(-area))
    assert_close(ratio / (1 + ratio), -torch.expm1(-area))


@given(time=levels(2, 3), betas=BETAS)
def test_vp_sigma_derivative_equals_difference_quotient(vp_sigma_derivative, time, betas):
    """The derivative is that of sqrt(exp(area) - 1), differentiated numerically in 30 digits."""
    low, rise = betas
    area = time * (low + rise * time / 2)

    def sigma(t):
        return mpmath.sqrt(mpmath.expm1(t * (low + (low + rise * t)) / 2))

    with mpmath.workdps(30):
        expected = [float(mpmath.diff(sigma, t)) for t in time.flatten().tolist()]
    expected = torch.tensor(expected, dtype=torch.float64).reshape(2, 3)
    assert_close(vp_sigma_derivative(time, low, low + rise), expected, expected * (1 + area))


@given(time=levels(2, 3), betas=BETAS)
def test_vp_sigma_derivative_equals_decay_at_rate_beta(vp_sigma_derivative, vp_sigma, time, betas):
    """The logarithm of 1 + sigma^2, minus that of the signal level, grows at the rate beta."""
    low, rise = betas
    sigma, derivative = vp_sigma(time, low, low + rise), vp_sigma_derivative(time, low, low + rise)
    beta = low + rise * time
    assert_close(2 * sigma * derivative / (1 + sigma**2), beta, beta * (1 + time * (low + rise * time / 2)))


def test_vp_sigma_derivative_diverges_at_time_zero(vp_sigma_derivative):
    """sigma starts like the root of time, so with an infinite slope."""
    assert_equal(vp_sigma_derivative(torch.zeros(2, 3, dtype=torch.float64), 0.5, 8.0), torch.full((2, 3), math.inf))


@pytest.mark.parametrize(
    ("beta_min", "beta_max"),
    [(0.0, 2.0), (-0.5, 2.0), (2.0, 1.5), (0.5, float("inf")), (math.nan, 2.0), (0.5, math.nan)],
)
def test_vp_sigma_rejects_impossible_betas(vp_sigma, vp_sigma_derivative, beta_min, beta_max):
    """A beta that is not positive, that falls or that is infinite has no schedule."""
    time = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    assert_rejects(vp_sigma, time, beta_min, beta_max)
    assert_rejects(vp_sigma_derivative, time, beta_min, beta_max)


@given(x_0=normals(4, 2, 3), noise=normals(4, 2, 3), time=TIMES_AND_ENDS)
def test_flow_interpolation_divides_the_way_from_data_to_noise(flow_interpolation, x_0, noise, time):
    """At time t the share t of the way is done: nothing at 0, all of it at 1."""
    assert_close(flow_interpolation(x_0, noise, time), x_0 + time * (noise - x_0), x_0.abs() + noise.abs())
    assert_equal(flow_interpolation(x_0, noise, 0 * time), x_0)
    assert_equal(flow_interpolation(x_0, noise, 0 * time + 1), noise)


@given(x_0=normals(2, 3), noise=normals(2, 3))
def test_flow_velocity_leads_from_data_to_noise(flow_velocity, x_0, noise):
    """In unit time the velocity carries the data to the noise."""
    velocity = flow_velocity(x_0, noise)
    assert_close(x_0.to(velocity.dtype) + velocity, noise, x_0.abs() + noise.abs())


@given(x_0=normals(2, 3), noise=normals(2, 3), time=levels(2, 1))
def test_flow_velocity_leads_along_the_interpolation(flow_velocity, flow_interpolation, x_0, noise, time):
    """From x_t it is t velocities back to the data, and 1 - t on to the noise."""
    x_t, velocity, size = flow_interpolation(x_0, noise, time), flow_velocity(x_0, noise), x_0.abs() + noise.abs()
    time = time.to(velocity.dtype)
    assert_close(x_t - time * velocity, x_0, size)
    assert_close(x_t + (1 - time) * velocity, noise, size)


@given(x_0=normals(4, 2, 3), noise=normals(4, 2, 3), time=TIMES_AND_ENDS)
def test_x_0_from_velocity_inverts_interpolation(x_0_from_velocity, epsilon_from_velocity, x_0, noise, time):
    """Point and velocity of a straight path give back its two ends."""
    x_t, velocity = (1 - time) * x_0 + time * noise, noise - x_0
    assert_close(x_0_from_velocity(x_t, velocity, time), x_0, x_0.abs() + noise.abs())
    assert_close(epsilon_from_velocity(x_t, velocity, time), noise, x_0.abs() + noise.abs())


@given(x_t=normals(2, 3), velocity=normals(2, 3), time=levels(2, 1))
def test_epsilon_from_velocity_is_opposite_to_data(epsilon_from_velocity, x_0_from_velocity, x_t, velocity, time):
    """The two ends differ by the velocity, and x_t divides the way between them."""
    x_0, epsilon = x_0_from_velocity(x_t, velocity, time), epsilon_from_velocity(x_t, velocity, time)
    size = x_t.abs() + velocity.abs()
    assert_close(epsilon - x_0, velocity, size)
    assert_close(x_0 + time.to(x_0.dtype) * (epsilon - x_0), x_t, size)


@given(x_0=normals(4, 2, 3), noise=normals(4, 2, 3), time=levels(4, 1, 1), time_next=TIMES_AND_ENDS)
def test_flow_euler_step_stays_on_a_straight_path(flow_euler_step, x_0, noise, time, time_next):
    """With the true velocity, the point at one time becomes the point at the other, towards data or noise."""
    x_t = x_0 + time * (noise - x_0)
    stepped = flow_euler_step(x_t, noise - x_0, time, time_next)
    assert_close(stepped, (1 - time_next) * x_0 + time_next * noise, x_0.abs() + noise.abs())


@given(x=normals(2, 3), push=normals(3), times=TIMES)
def test_flow_euler_sample_is_exact_on_straight_paths(flow_euler_sample, x, push, times):
    """A constant velocity leads to the same point in any number of steps; the network is told each time left."""
    told = []
    sample = flow_euler_sample(_recording(told, push), x, times)
    assert_close(sample, x + (times[-1] - times[0]) * push, x.abs() + push.abs(), roundings=16 * len(times))
    assert_equal(told, times[:-1].tolist())


@given(x=normals(2, 3), mean=normals(3), spread=SPREADS, times=TIMES)
def test_flow_euler_sample_follows_gaussian_data(flow_euler_sample, x, mean, spread, times):
    """The flow of Gaussian data is followed up to the cosine of the angle of each step."""

    def velocity(x, time):
        pull = (x - (1 - time) * mean) / ((1 - time) ** 2 * spread**2 + time**2)
        return time * pull - (mean + (1 - time) * spread**2 * pull)

    lengths = torch.hypot((1 - times) * spread, times)
    gain = lengths[-1] / lengths[0] * _euler(torch.atan2(times, (1 - times) * spread)).prod()
    expected = (1 - times[-1]) * mean + gain * (x - (1 - times[0]) * mean)
    size = (x.abs() + mean.abs()) * (lengths.max() / lengths.min()) ** 2
    assert_close(flow_euler_sample(velocity, x, times), expected, size, roundings=16 * len(times))


@pytest.mark.parametrize("num_steps", [2, 4])
@given(x=normals(2, 3))
def test_flow_euler_sample_converges_to_first_order(flow_euler_sample, x, num_steps):
    """From 1 to 0 at a velocity of 2 t, the error is -1 / n: 2 n steps halve it."""
    times = torch.arange(num_steps, -1, -1, dtype=torch.float64) / num_steps
    sample = flow_euler_sample(lambda x, time: 2 * time.expand(x.shape), x, times)
    assert_close(sample, x - 1 - 1 / num_steps, x.abs() + 2, roundings=16 * num_steps)


@given(time=levels(2, 3), eighths=st.integers(1, 64))
def test_shifted_flow_time_multiplies_odds(shifted_flow_time, time, eighths):
    """The ratio of noise to signal, t / (1 - t), is multiplied by the shift; 0 and 1 stay."""
    shift = eighths / 8
    expected = _odds(time, shift)
    assert_close(shifted_flow_time(time, shift), expected, expected * (1 + 1 / shift))
    assert_close(shifted_flow_time(torch.tensor([0.0, 1.0], dtype=torch.float64), shift), [0.0, 1.0])


@given(time=levels(2, 3), eighths=st.tuples(st.integers(1, 64), st.integers(1, 64)))
def test_shifted_flow_time_twice_multiplies_shifts(shifted_flow_time, time, eighths):
    """A shift of a shifted time is one shift by the product."""
    first, second = (k / 8 for k in eighths)
    expected = _odds(time, first * second)
    condition = expected * (1 + 1 / first) * (1 + 1 / second)
    assert_close(shifted_flow_time(shifted_flow_time(time, first), second), expected, condition)


@pytest.mark.parametrize("shift", [0.0, -3.0, float("inf"), math.nan])
def test_shifted_flow_time_rejects_impossible_shifts(shifted_flow_time, shift):
    """A ratio times nothing, a negative number or infinity is no ratio."""
    assert_rejects(shifted_flow_time, torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64), shift)


@given(num_steps=st.integers(1, 12), quarters=st.integers(0, 24))
def test_asymmetric_times_aims_beyond_the_next_start(asymmetric_times, num_steps, quarters):
    """Step i starts at the share i / n of the way from 1 to 0 and aims 1 + delay such shares further, at most at 0."""
    delay = Fraction(quarters, 4)
    starts = [Fraction(num_steps - i, num_steps) for i in range(num_steps)]
    aims = [max(start - (1 + delay) / num_steps, Fraction(0)) for start in starts]
    expected = [[float(now), float(then)] for now, then in zip(starts, aims, strict=True)]
    assert_close(asymmetric_times(num_steps, float(delay)), expected, 1.0)


@pytest.mark.parametrize(("num_steps", "delay"), [(0, 1), (-2, 1), (5, -0.5), (5, float("inf")), (5, math.nan)])
def test_asymmetric_times_rejects_impossible_delays(asymmetric_times, num_steps, delay):
    """Without steps there are no times, and no step aims at a time before it or at infinity."""
    assert_rejects(asymmetric_times, num_steps, delay)
