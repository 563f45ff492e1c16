"""Laws of `reference.probability.variational`."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close
from properties.oracles import relative_entropy
from properties.rejection import assert_rejects
from properties.strategies import covariances, dyadics, normals, simplex

FAR = [-1024, 1024]
NEVER = torch.full((2, 3, 1), -math.inf, dtype=torch.float64)
SELDOM = torch.tensor([[-math.inf] * 4, [-math.inf, 0, -math.inf, 0]], dtype=torch.float64)


def log_tables(*shape):
    return dyadics(-16384, 8192, *shape)


@pytest.mark.parametrize("offset", FAR)
@given(prior=simplex(5), log_likelihood=log_tables(2, 3, 5))
def test_evidence_equals_log_of_total_probability(evidence, prior, log_likelihood, offset):
    """exp of it is sum_z p(z) p(x | z), however many zeros p(x | z) has before or behind the point.

    A z that the prior excludes does not count, whatever p(x | z) is.
    """
    expected = (log_likelihood.exp() @ prior).log() + offset
    size = log_likelihood.abs().amax(-1) + math.log(64) + abs(offset)
    assert_close(evidence(prior, log_likelihood + offset + 1024 * (prior == 0)), expected, size)


def test_evidence_is_minus_infinity_where_no_latent_has_the_data(evidence, importance_weighted_bound):
    """Of data that cannot be, log p(x) and its bounds are -inf; data that can be have their own beside them."""
    prior = torch.tensor([0.5, 0.25, 0.25, 0], dtype=torch.float64)
    assert_close(evidence(prior, SELDOM), [-math.inf, -math.log(4)], 2)
    assert_close(importance_weighted_bound(SELDOM), [-math.inf, -math.log(2)], 2)


def test_exact_posterior_is_nan_where_no_latent_has_the_data(exact_posterior):
    """Data that cannot be have no posterior; data that can be have their own beside them."""
    never, half = exact_posterior(SELDOM)
    assert never.isnan().all()
    assert_close(half, [0, 0.5, 0, 0.5])


@given(prior=simplex(5, least=1), log_likelihood=log_tables(7, 5))
def test_evidence_rises_under_em(evidence, exact_posterior, prior, log_likelihood):
    """With the average posterior as prior, N data gain at least N KL(average posterior || prior)."""
    average = exact_posterior(prior.log() + log_likelihood).mean(0)
    joint = prior * log_likelihood.exp()
    expected_average = (joint / joint.sum(1, keepdim=True)).mean(0)
    gain = 7 * relative_entropy(expected_average, prior)
    size = 7 * (2 * log_likelihood.abs().max() + math.log(64))
    assert_at_most(evidence(prior, log_likelihood).sum(), evidence(average, log_likelihood).sum() - gain, size)


@pytest.mark.parametrize("offset", FAR)
@given(log_joint=log_tables(2, 3, 5))
def test_exact_posterior_equals_share_of_joint(exact_posterior, log_joint, offset):
    """A latent has the share of p(x) that it contributes, whatever p(x) is, and a share of 0 if it excludes x."""
    joint = torch.cat([log_joint, NEVER], -1).exp()
    expected = joint / joint.sum(-1, keepdim=True)
    posterior = exact_posterior(torch.cat([log_joint + offset, NEVER], -1))
    assert_close(posterior, expected, expected * (1 + 2 * log_joint.abs().amax(-1, keepdim=True)))


@given(q=simplex(2, 3, 5), log_joint=log_tables(2, 3, 5))
def test_elbo_falls_short_of_evidence_by_divergence_from_posterior(elbo, q, log_joint):
    """log p(x) = L(q) + KL(q || p(z | x)) for every q, and a z that q excludes may be excluded by p(x, z) too."""
    joint = log_joint.exp()
    total = joint.sum(-1, keepdim=True)
    gap = relative_entropy(q, joint / total)
    nobody = torch.zeros(2, 3, 1, dtype=torch.float64)
    observed = elbo(torch.cat([q, nobody], -1), torch.cat([log_joint, NEVER], -1))
    assert_close(observed, total.log().squeeze(-1) - gap, 2 + log_joint.abs().amax(-1))


@given(prior=simplex(5, least=1), log_likelihood=log_tables(2, 3, 5))
def test_elbo_equals_evidence_at_exact_posterior(elbo, evidence, exact_posterior, prior, log_likelihood):
    """The E-step closes the gap: there p(x, z) / q(z) is the same for every z, and Jensen's inequality is tight."""
    log_joint = prior.log() + log_likelihood
    size = 2 + log_joint.abs().amax(-1)
    total = evidence(prior, log_likelihood)
    assert_close(total, log_joint.exp().sum(-1).log(), size)
    assert_close(elbo(exact_posterior(log_joint), log_joint), total, size * (1 + log_joint.abs().amax(-1)))


@given(log_joint=dyadics(-4096, 4096, 2, 3))
def test_elbo_is_minus_infinity_where_q_has_what_the_joint_excludes(elbo, log_joint):
    """A single z with q(z) > 0 and p(x, z) = 0 makes the bound worthless."""
    q = torch.tensor([[0.25, 0.5, 0.25, 0], [0.5, 0.25, 0.125, 0.125]], dtype=torch.float64)
    bound = elbo(q, torch.cat([log_joint, NEVER[:, 0]], -1))
    expected = (q[0, :3] * (log_joint[0] - q[0, :3].log())).sum()
    assert_close(bound, torch.stack([expected, torch.tensor(-math.inf)]), torch.tensor([4.0, 1.0]))


@pytest.mark.autograd
@given(q=simplex(2, 3, 4, least=1), log_joint=log_tables(2, 3, 4))
def test_elbo_has_finite_gradients_at_excluded_latents(elbo, q, log_joint):
    """dL/dq = log p(x, z) - log q(z) - 1 and dL/dlog p(x, z) = q(z) where q(z) > 0; both are 0 where q(z) = 0."""
    nobody = torch.zeros(2, 3, 1, dtype=torch.float64)
    slope = torch.cat([log_joint - q.log() - 1, nobody], -1)
    q, log_joint = torch.cat([q, nobody], -1).requires_grad_(), torch.cat([log_joint, NEVER], -1).requires_grad_()
    value = elbo(q, log_joint)
    in_q, in_joint = (part.to(value.dtype) for part in torch.autograd.grad(value.sum(), (q, log_joint)))
    assert_close(in_q, slope, 6 + log_joint.detach().nan_to_num(neginf=0).abs())
    assert_close(in_joint, q)


@pytest.mark.parametrize("offset", FAR)
@given(log_weights=log_tables(2, 3, 5))
def test_importance_weighted_bound_equals_log_of_average_weight(importance_weighted_bound, log_weights, offset):
    """It is log of the mean of the weights, which may themselves be too small or too large for a float."""
    expected = log_weights.exp().mean(-1).log() + offset
    size = log_weights.abs().amax(-1) + math.log(5) + abs(offset)
    assert_close(importance_weighted_bound(log_weights + offset), expected, size)


@pytest.mark.parametrize("samples", [1, 2, 3])
@given(q=simplex(3), log_weights=log_tables(3))
def test_importance_weighted_bound_rises_to_evidence(importance_weighted_bound, elbo, q, log_weights, samples):
    """Its mean over all K draws of q lies between that of K - 1 draws and log p(x); one draw has the ELBO as mean."""

    def average(count):
        draws = torch.tensor(list(itertools.product(range(3), repeat=count)))
        bounds = importance_weighted_bound(log_weights[draws])
        return (q[draws].prod(-1).to(bounds.dtype) * bounds).sum()

    size = log_weights.abs().max() + math.log(64)
    below = average(samples - 1) if samples > 1 else elbo(q, log_weights + torch.where(q > 0, q, 1).log())
    assert_at_most(below, average(samples), 4 * size)
    assert_at_most(average(samples), (q * log_weights.exp()).sum().log(), 4 * size)


@pytest.mark.autograd
@given(log_weights=log_tables(2, 5))
def test_importance_weighted_bound_has_normalised_weights_as_gradient(importance_weighted_bound, log_weights):
    """Each sample enters the gradient with its share of the total weight."""
    log_weights.requires_grad_()
    bound = importance_weighted_bound(log_weights)
    (gradient,) = torch.autograd.grad(bound.sum(), log_weights)
    weights = log_weights.detach().exp()
    expected = weights / weights.sum(-1, keepdim=True)
    assert_close(gradient.to(bound.dtype), expected, expected * (1 + 2 * log_weights.abs().amax(-1, keepdim=True)))


def test_importance_weighted_bound_rejects_no_samples(importance_weighted_bound):
    """There is nothing to average."""
    assert_rejects(importance_weighted_bound, torch.zeros(2, 0, dtype=torch.float64))


@pytest.mark.autograd
@given(mean=normals(2, 3), std=dyadics(0, 16384, 2, 1))
def test_reparameterized_sample_has_pathwise_gradients(reparameterized_sample, mean, std):
    """E[z] = mean and E[z^2] = mean^2 + std^2, averaged exactly at noise -1 and 1, with gradients 2 mean and 2 std."""
    mean.requires_grad_(), std.requires_grad_()
    z = torch.stack([reparameterized_sample(mean, std, torch.full_like(mean, sign)) for sign in (-1, 1)])
    size = mean.abs() + std
    assert_close(z.mean(0), mean, size)
    assert_close(z.square().mean(0), mean**2 + std**2, size**2)
    in_mean, in_std = (part.to(z.dtype) for part in torch.autograd.grad(z.square().mean(0).sum(), (mean, std)))
    assert_close(in_mean, 2 * mean, 2 * size)
    assert_close(in_std, 2 * 3 * std, 2 * 3 * size.sum(1, keepdim=True))


@given(mean=normals(2, 3), exponent=dyadics(-4, 4, 2, 3, grid=1), noise=normals(2, 3))
def test_reparameterized_sample_standardises_to_its_noise(reparameterized_sample, mean, exponent, noise):
    """(z - mean) / std is the noise again, entry by entry."""
    std = 2.0**exponent
    z = reparameterized_sample(mean, std, noise)
    assert_close((z - mean.to(z.dtype)) / std.to(z.dtype), noise, mean.abs() / std + noise.abs())


@given(mean=normals(3), precision=covariances(3), current=normals(3))
def test_cavi_gaussian_sweep_equals_triangular_solve(cavi_gaussian_sweep, mean, precision, current):
    """A pass solves (lower triangle of L)(m' - mean) = -(strict upper triangle of L)(m - mean)."""
    pull = -precision.triu(1) @ (current - mean)
    expected = mean + torch.linalg.solve_triangular(precision.tril(), pull[:, None], upper=False).flatten()
    size = (mean.abs() + current.abs()).max() * torch.linalg.cond(precision) ** 1.5
    assert_close(cavi_gaussian_sweep(mean, precision, current), expected, size)


@given(mean=normals(3), precision=covariances(3), current=normals(3), variances=dyadics(1, 256, 3, grid=64))
def test_cavi_gaussian_sweep_approaches_the_mean(cavi_gaussian_sweep, mean, precision, current, variances):
    """(m - mean)^T L (m - mean) falls by sum_j L_jj (m'_j - m_j)^2; a diagonal L needs one pass."""
    after = cavi_gaussian_sweep(mean, precision, current)
    off, steps = current - mean, after.double() - current
    left = after - mean.to(after.dtype)
    expected = off @ precision @ off - precision.diagonal() @ steps**2
    reach = (mean.abs() + current.abs()).max() * torch.linalg.cond(precision) ** 1.5
    assert_close(left @ precision.to(after.dtype) @ left, expected, 9 * precision.abs().max() * reach**2)
    assert_close(cavi_gaussian_sweep(mean, variances.diag(), current), mean, mean.abs() + current.abs())


@given(precision=covariances(3), scale=dyadics(1, 256, 3, grid=64))
def test_mean_field_variances_minimise_divergence(mean_field_variances, multivariate_normal_kl, precision, scale):
    """Variances s_j times as large cost sum_j (s_j - 1 - log s_j) / 2 more."""
    variances = mean_field_variances(precision)
    covariance, zero = torch.linalg.inv(precision), torch.zeros(3, dtype=torch.float64)
    least, more = (
        multivariate_normal_kl(zero, v.double().diag(), zero, covariance) for v in (variances, variances * scale)
    )
    size = scale.sum() + scale.log().abs().sum() + torch.linalg.cond(precision) ** 2
    assert_close((more - least).to(variances.dtype), (scale - 1 - scale.log()).sum() / 2, size)


@given(precision=covariances(3), exponent=dyadics(-4, 4, 3, grid=1))
def test_mean_field_variances_are_bounded_by_marginal_variances(mean_field_variances, precision, exponent):
    """What z_j varies by given the others, det S / det S without j, is at most S_jj, and the same if S is diagonal."""
    covariance = torch.linalg.inv(precision)
    others = [[k for k in range(3) if k != j] for j in range(3)]
    minors = torch.stack([torch.linalg.det(covariance[kept][:, kept]) for kept in others])
    observed, condition = mean_field_variances(precision), torch.linalg.cond(precision) ** 2
    assert_close(observed, torch.linalg.det(covariance) / minors, condition * covariance.diagonal())
    assert_at_most(observed, covariance.diagonal(), condition * covariance.diagonal())
    assert_close(mean_field_variances((2.0**-exponent).diag()), 2.0**exponent)


@pytest.mark.parametrize(
    "wrong", [[[1, 1], [1, 1]], [[1, 2], [2, 1]], [[-1, 0], [0, 1]], [[2, 0], [0, 0]], [[-1, 0], [0, -1]]]
)
def test_cavi_gaussian_sweep_rejects_what_is_no_precision(cavi_gaussian_sweep, mean_field_variances, wrong):
    """A singular or an indefinite matrix belongs to no Gaussian."""
    precision, point = torch.tensor(wrong, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    assert_rejects(cavi_gaussian_sweep, 2 * point, precision, point)
    assert_rejects(mean_field_variances, precision)


@pytest.mark.parametrize("offset", FAR)
@given(log_joint=log_tables(5, 5), num_rows=st.sampled_from([3, 5]), q_columns=simplex(5))
def test_cavi_categorical_sweep_equals_geometric_means(cavi_categorical_sweep, log_joint, num_rows, q_columns, offset):
    """Each factor is the geometric mean of the joint under the other one, normalised, rows before columns."""
    log_joint = log_joint[:num_rows]
    rows, columns = cavi_categorical_sweep(log_joint + offset, q_columns)
    mean = (log_joint.exp() ** q_columns).prod(1)
    expected_rows = mean / mean.sum()
    mean = (log_joint.exp() ** expected_rows[:, None]).prod(0)
    size = 1 + 2 * (log_joint.abs().max() + abs(offset))
    assert_close(rows, expected_rows, size * expected_rows)
    assert_close(columns, mean / mean.sum(), size**2 * mean / mean.sum())


@given(log_joint=log_tables(3, 5), q_rows=simplex(3), q_columns=simplex(5))
def test_cavi_categorical_sweep_raises_the_bound(cavi_categorical_sweep, elbo, log_joint, q_rows, q_columns):
    """From any product q, the bound rises by KL(old rows || new rows) + KL(old columns || new columns)."""
    rows, columns = cavi_categorical_sweep(log_joint, q_columns)
    before = elbo(torch.outer(q_rows, q_columns).flatten(), log_joint.flatten())
    moves = relative_entropy(q_rows, rows.double()) + relative_entropy(q_columns, columns.double())
    size = (3 + log_joint.abs().max()) * (1 + 2 * log_joint.abs().max())
    assert_close(elbo(torch.outer(rows, columns).double().flatten(), log_joint.flatten()), before + moves, size)


@given(rows=log_tables(3), columns=log_tables(5), q_columns=simplex(5))
def test_cavi_categorical_sweep_finds_independent_factors(cavi_categorical_sweep, rows, columns, q_columns):
    """If the joint is a product, one pass returns its normalised factors from every start."""
    observed = cavi_categorical_sweep(rows[:, None] + columns, q_columns)
    size = 1 + 2 * (rows.abs().max() + columns.abs().max())
    for seen, log_factor in zip(observed, (rows, columns), strict=True):
        expected = log_factor.exp() / log_factor.exp().sum()
        assert_close(seen, expected, size * expected)
