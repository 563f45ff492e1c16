"""Judges flow_matching: its affine probability paths, the conversions along them, and its ODE solver.

    rectified flow                        CondOTProbPath.sample, .velocity_to_target, .velocity_to_epsilon
    Euler along a velocity                ODESolver.sample with method "euler"
    q_sample, v_target                    AffineProbPath.sample
    x_0, epsilon and v                    conversions of AffineProbPath between target, epsilon and velocity
    Euler in sigma, a step of Heun        ODESolver.sample with method "euler" or "heun2", along .target_to_velocity
    time from sigma                       CosineScheduler.snr_inverse

The library runs from noise x_0 at time 0 to data x_1 at time 1, so that time is 1 minus ours and the velocity has the
other sign. A path gets its coefficients from a scheduler. That of given levels has time as the angle between data and
noise, where v is a velocity; that of sigma keeps the weight of the data at 1.

A path takes one time for each sample: here an entry is a sample. Times of a grid must differ: where a step has no
length, it holds one.
"""

import torch
from flow_matching.path import AffineProbPath, CondOTProbPath
from flow_matching.path.scheduler import CosineScheduler, Scheduler
from flow_matching.path.scheduler.scheduler import SchedulerOutput
from flow_matching.solver import ODESolver

PACKAGES = ("flow_matching", "torchdiffeq")


class _Angle(Scheduler):
    """Levels in the place of times; a unit of time turns the noise into the data by one radian."""

    def __call__(self, t):
        data, noise = t.sqrt(), (1 - t).sqrt()
        return SchedulerOutput(alpha_t=data, sigma_t=noise, d_alpha_t=noise, d_sigma_t=-data)

    def snr_inverse(self, snr):
        raise NotImplementedError


class _Sigma(Scheduler):
    """Sigma in the place of time."""

    def __call__(self, t):
        return SchedulerOutput(torch.ones_like(t), t, torch.zeros_like(t), torch.ones_like(t))

    def snr_inverse(self, snr):
        raise NotImplementedError


_ANGLE, _SIGMA = AffineProbPath(_Angle()), AffineProbPath(_Sigma())


def _sample(path, noise, x_0, time):
    drawn = path.sample(noise.flatten(), x_0.flatten(), time.broadcast_to(x_0.shape).flatten())
    return drawn.x_t.reshape(x_0.shape), drawn.dx_t.reshape(x_0.shape)


def _solve(velocity, x, levels, method):
    return ODESolver(velocity).sample(x, step_size=None, method=method, time_grid=levels)


def _step(velocity, x, start, end):
    entries = zip(*(each.broadcast_to(x.shape).flatten() for each in (velocity, x, start, end)), strict=True)
    return torch.stack([_step_of_entry(*entry) for entry in entries]).reshape(x.shape)


def _step_of_entry(velocity, x, start, end):
    grid = torch.stack([start, end]).unique_consecutive()
    return _solve(lambda x, t: velocity, x, grid, "euler")


# Rectified flow


def flow_interpolation(x_0, noise, time):
    return _sample(CondOTProbPath(), noise, x_0, 1 - time)[0]


def flow_velocity(x_0, noise):
    return -_sample(CondOTProbPath(), noise, x_0, torch.zeros_like(x_0))[1]


def x_0_from_velocity(x_t, velocity, time):
    return CondOTProbPath().velocity_to_target(-velocity, x_t, 1 - time)


def epsilon_from_velocity(x_t, velocity, time):
    return CondOTProbPath().velocity_to_epsilon(-velocity, x_t, 1 - time)


def flow_euler_step(x_t, velocity, time, time_next):
    return _step(-velocity, x_t, 1 - time, 1 - time_next)


def flow_euler_sample(velocity, x_1, times):
    return _solve(lambda x, t: -velocity(x, 1 - t), x_1, 1 - times, "euler")


# What a network predicts, at a given level


def q_sample(x_0, noise, alpha_bar_t):
    return _sample(_ANGLE, noise, x_0, alpha_bar_t)[0]


def v_target(x_0, epsilon, alpha_bar_t):
    return -_sample(_ANGLE, epsilon, x_0, alpha_bar_t)[1]


def x_0_from_epsilon(x_t, epsilon, alpha_bar_t):
    return _ANGLE.epsilon_to_target(epsilon, x_t, alpha_bar_t)


def x_0_from_v(x_t, v, alpha_bar_t):
    return _ANGLE.velocity_to_target(-v, x_t, alpha_bar_t)


def epsilon_from_x_0(x_t, x_0, alpha_bar_t):
    return _ANGLE.target_to_epsilon(x_0, x_t, alpha_bar_t)


def epsilon_from_v(x_t, v, alpha_bar_t):
    return _ANGLE.velocity_to_epsilon(-v, x_t, alpha_bar_t)


def v_from_x_0(x_t, x_0, alpha_bar_t):
    return -_ANGLE.target_to_velocity(x_0, x_t, alpha_bar_t)


def v_from_epsilon(x_t, epsilon, alpha_bar_t):
    return -_ANGLE.epsilon_to_velocity(epsilon, x_t, alpha_bar_t)


def v_time_from_sigma(sigma):
    return CosineScheduler().snr_inverse(sigma)


# The probability-flow ODE in sigma


def euler_step(x, x_0, sigma, sigma_next):
    return _step(_SIGMA.target_to_velocity(x_0, x, sigma), x, sigma, sigma_next)


def euler_sample(denoiser, x, sigmas):
    return _solve(_slope(denoiser), x, sigmas, "euler")


def heun_step(denoiser, x, sigma, sigma_next):
    return _solve(_slope(denoiser), x, torch.stack([sigma, sigma_next]), "heun2")


def _slope(denoiser):
    return lambda x, t: _SIGMA.target_to_velocity(denoiser(x, t), x, t)
