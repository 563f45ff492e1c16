"""Laws of `reference.probability.ppca`.

Loadings are compared by way of the covariance W W^T + sigma^2 I: a rotation of z changes W, and nothing else.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, stats

from properties.closeness import assert_at_most, assert_close
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals
from reference.probability.ppca import PPCA

OFFSETS = st.sampled_from([0.0, 2.0**16])
SCALES = st.sampled_from([(1.0, 0.0), (1.0, 2.0**16), (2.0**-60, 0.0)])
IDENTITY = torch.eye(5, dtype=torch.float64)
QUARTER_TURN = torch.tensor([[0, -1], [1, 0]], dtype=torch.float64)

# Eight points with standard deviations 4, 3, 1, 3/4 and 1/2 along axes that two reflections tilt.
_signs = torch.as_tensor(linalg.hadamard(8), dtype=torch.float64)[:, 1:6]
_normals = torch.tensor([[1, 1, 1, 1, 2], [0, 2, 0, 1, -1]], dtype=torch.float64)
_first, _second = (IDENTITY - 2 * torch.outer(v, v) / (v @ v) for v in _normals)
SPREAD = _signs * torch.tensor([4, 3, 1, 0.75, 0.5], dtype=torch.float64) @ _first @ _second


def clouds():
    """Eight points in five dimensions, whose second and third largest variance are never close."""
    return dyadics(-8, 8, 8, 5, grid=64).map(lambda moved: SPREAD + moved)


def ppca_models(dim, latent):
    noise = dyadics(4, 64, grid=16)
    return st.builds(PPCA, normals(dim), dyadics(-32, 32, dim, latent, grid=16), noise)


def covariance_of(model):
    mean, loadings, noise_variance = model
    return loadings @ loadings.T + noise_variance * torch.eye(len(mean), dtype=loadings.dtype)


def moments(data):
    """Mean and covariance with the divisor n."""
    return torch.as_tensor(np.mean(data.numpy(), 0)), torch.as_tensor(np.cov(data.numpy(), rowvar=False, bias=True))


def log_likelihood(model, data):
    covariance, away = covariance_of(model), data.to(model.mean.dtype) - model.mean
    distances = (away.T * torch.linalg.solve(covariance, away.T)).sum()
    return -(len(data) * torch.logdet(2 * math.pi * covariance) + distances) / 2


@pytest.mark.parametrize("num_latent", [1, 3])
@given(data=clouds(), units=SCALES)
def test_ppca_maximum_likelihood_keeps_largest_eigenvalues(ppca_maximum_likelihood, data, units, num_latent):
    """The covariance has the eigenvectors of the data's and its largest eigenvalues; the others are their mean."""
    scale, offset = units
    data = scale * data
    mean, covariance = moments(data)
    values, vectors = (torch.as_tensor(part) for part in linalg.eigh(covariance))
    noise = values[:-num_latent].mean()
    kept = torch.cat([noise.expand(5 - num_latent), values[-num_latent:]])
    model = PPCA(*ppca_maximum_likelihood(data + offset, num_latent))
    gap = values[-num_latent] - values[-num_latent - 1]
    size = (values[-1] + values[-1].sqrt() * offset) * (1 + values[-1] / gap)
    assert_close(model.mean, mean + offset, offset + data.abs().max())
    assert_close(model.noise_variance, noise, size)
    assert_close(covariance_of(model), (vectors * kept) @ vectors.T, size)


@pytest.mark.parametrize("points", [4, 8])
@given(data=clouds())
def test_ppca_maximum_likelihood_preserves_total_variance(ppca_maximum_likelihood, data, points):
    """tr(W W^T + sigma^2 I) is that of the covariance, also of fewer points than dimensions."""
    model = PPCA(*ppca_maximum_likelihood(data[:points], 2))
    total = moments(data[:points])[1].trace()
    assert_close(model.loadings.square().sum() + 5 * model.noise_variance, total, data.square().sum())


@given(data=clouds(), other=ppca_models(5, 2))
def test_ppca_maximum_likelihood_exceeds_any_other(ppca_maximum_likelihood, data, other):
    """No other model makes the data more likely, and its log likelihood is -n (d log 2 pi + log det C + d) / 2."""
    model = PPCA(*ppca_maximum_likelihood(data, 2))
    reached = log_likelihood(model, data)
    condition = 8 * torch.linalg.cond(moments(data)[1]) * (1 + data.square().sum(1).max())
    assert_close(reached, -4 * (torch.logdet(2 * math.pi * covariance_of(model)) + 5), condition)
    assert_at_most(-reached, -log_likelihood(other._replace(mean=moments(data)[0]), data), condition)


@pytest.mark.parametrize("width", [0.3, 3])
@pytest.mark.parametrize("num_latent", [1, 2, 4])
def test_ppca_maximum_likelihood_of_round_data_is_noise(ppca_maximum_likelihood, num_latent, width):
    """Data that is equally wide in all directions leaves nothing to the loadings."""
    model = PPCA(*ppca_maximum_likelihood(width * _signs @ _second, num_latent))
    assert_close(model.noise_variance, width**2)
    assert_close(covariance_of(model), width**2 * IDENTITY, width**2)


@pytest.mark.parametrize("num_latent", [-1, 0, 5, 6])
def test_ppca_maximum_likelihood_rejects_impossible_numbers_of_factors(ppca_maximum_likelihood, num_latent):
    """There are from 1 to dim - 1 latent dimensions."""
    assert_rejects(ppca_maximum_likelihood, SPREAD, num_latent)


@pytest.mark.parametrize(("scale", "offset"), [(0, 0), (0, 0.375), (1, 0.375), (1, 2.0**20), (2.0**20, 0)])
@pytest.mark.parametrize("points", [0, 1, 3])
def test_ppca_maximum_likelihood_rejects_data_without_noise(ppca_maximum_likelihood, points, scale, offset):
    """Points that lie in a plane, as three always do, leave no variance to the noise of a model of a plane."""
    assert_rejects(ppca_maximum_likelihood, scale * SPREAD[:points] + offset, 2)


@given(model=ppca_models(5, 2), x=normals(2, 3, 5), offset=OFFSETS)
def test_ppca_posterior_conditions_the_joint_gaussian(ppca_posterior, model, x, offset):
    """z given x has the mean W^T C^-1 (x - mean) and the covariance I - W^T C^-1 W, where C is the covariance of x."""
    covariance = covariance_of(model)
    gain = torch.linalg.solve(covariance, model.loadings).T
    mean, spread = ppca_posterior(model._replace(mean=model.mean + offset), x + offset)
    condition = torch.linalg.cond(covariance)
    assert_close(mean, (x - model.mean) @ gain.T, condition * (8 + 2 * offset))
    assert_close(spread, torch.eye(2) - gain @ model.loadings, condition)


@given(model=ppca_models(5, 2))
def test_ppca_posterior_averages_to_the_prior(ppca_posterior, model):
    """Over x the posterior means have mean 0, and their covariance and the posterior one add up to I."""
    reach = 5**0.5 * torch.linalg.cholesky(covariance_of(model)).T
    mean, spread = ppca_posterior(model, torch.cat([model.mean + reach, model.mean - reach]))
    condition = torch.linalg.cond(covariance_of(model)) * (5 + model.mean.abs().max())
    assert_close(mean.sum(0), 0, 10 * condition)
    assert_close(mean.T @ mean / 10 + spread, torch.eye(2), condition)


@given(model=ppca_models(5, 2), x=normals(2, 3, 5), offset=OFFSETS)
def test_ppca_log_likelihood_equals_normal_log_density(ppca_log_likelihood, model, x, offset):
    """x has the density of N(mean, W W^T + sigma^2 I), wherever the origin is, and however z is turned."""
    covariance = covariance_of(model)
    expected = torch.as_tensor(stats.multivariate_normal.logpdf(x, model.mean, covariance))
    far = PPCA(model.mean + offset, model.loadings @ QUARTER_TURN, model.noise_variance)
    size = torch.linalg.cond(covariance) * (1 + (x - model.mean).square().sum(-1) + 8 * offset)
    assert_close(ppca_log_likelihood(far, x + offset), expected, size)


@given(noise=normals(3, 12), coordinates=normals(3, 12), exponent=st.integers(-50, 20))
def test_ppca_log_likelihood_is_that_of_independent_axes(ppca_log_likelihood, noise, coordinates, exponent):
    """If W stretches 12 axes of 24 by 1 or 2, coordinates are independent, down to noise of standard deviation 2^-50,
    where determinants are below any float.
    """
    scale = 2.0**exponent
    stretch = torch.tensor([1, 2] * 6 + [0] * 12, dtype=torch.float64)
    model = PPCA(
        torch.zeros(24, dtype=torch.float64), stretch.diag()[:, :12].contiguous(), torch.tensor(scale**2).double()
    )
    widths = (stretch**2 + scale**2).sqrt()
    x = torch.cat([coordinates, scale * noise], 1)
    expected = torch.as_tensor(stats.norm.logpdf(x, 0, widths)).sum(1)
    assert_close(ppca_log_likelihood(model, x), expected, 128 + 24 * abs(exponent) + 16 * x.square().sum(1))


@given(model=ppca_models(3, 2), data=normals(7, 3), offset=OFFSETS)
def test_ppca_em_step_equals_update_by_the_covariance(ppca_em_step, model, data, offset):
    """With S the data's covariance, W' = S W (sigma^2 I + M^-1 W^T S W)^-1 and sigma'^2 = tr(S - S W M^-1 W'^T) / d."""
    mean, spread = moments(data)
    _, loadings, noise = model
    inverse = torch.linalg.inv(loadings.T @ loadings + noise * torch.eye(2))
    stretched = spread @ loadings
    expected = torch.linalg.solve(noise * torch.eye(2) + inverse @ loadings.T @ stretched, stretched, left=False)
    left = (spread - stretched @ inverse @ expected.T).trace() / 3
    seen = PPCA(*ppca_em_step(model, data + offset))
    condition = torch.linalg.cond(covariance_of(model))
    size = condition**2 * (1 + spread.abs().max()) * (1 + offset)
    assert_close(seen.mean, mean + offset, offset + data.abs().max())
    assert_close(seen.loadings, expected, size)
    assert_close(seen.noise_variance, left, size)


@given(model=ppca_models(5, 2), data=clouds())
def test_ppca_em_step_never_lowers_the_likelihood(ppca_em_step, model, data):
    """The data is at least as likely after a step as before, even if its own mean had been known before."""
    after = PPCA(*ppca_em_step(model, data))
    before = model._replace(mean=moments(data)[0])
    condition = 8 * torch.linalg.cond(covariance_of(model)) * (1 + data.square().sum(1).max())
    assert_at_most(-log_likelihood(after, data), -log_likelihood(before, data), condition)


@given(data=clouds())
def test_ppca_em_step_stays_at_the_maximum(ppca_em_step, ppca_maximum_likelihood, data):
    """The model of maximum likelihood is a fixed point, and its noise is what the largest eigenvalues leave."""
    best = PPCA(*ppca_maximum_likelihood(data, 2))
    after = PPCA(*ppca_em_step(best, data))
    covariance = moments(data)[1]
    top = torch.as_tensor(linalg.eigvalsh(covariance)[-2:].copy())
    condition = torch.linalg.cond(covariance) * top[1]
    assert_close(after.loadings, best.loadings, condition)
    assert_close(after.noise_variance, (covariance.trace() - top.sum()) / 3, condition)


@given(model=ppca_models(3, 2), point=normals(3), points=st.integers(1, 4))
def test_ppca_em_step_leaves_nothing_of_points_that_coincide(ppca_em_step, model, point, points):
    """Data without spread has its own mean, no loadings and no noise."""
    mean, loadings, noise_variance = ppca_em_step(model, point.expand(points, 3).contiguous())
    assert_close(mean, point)
    assert_close(loadings, 0, 8)
    assert_close(noise_variance, 0, 8)


def test_ppca_em_step_rejects_no_data(ppca_em_step):
    """Without points there is no mean."""
    model = PPCA(SPREAD[0], SPREAD[:2].T.contiguous(), torch.tensor(0.5).double())
    assert_rejects(ppca_em_step, model, SPREAD[:0])
