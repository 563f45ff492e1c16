"""Laws of `reference.probability.gaussian_mixture`.

Rounding enters through the log densities: `exponents` is the size of their terms, and a responsibility is wrong by that
many roundings of itself.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import dyadics, normals, simplex
from reference.probability.gaussian_mixture import GaussianMixture

CLOUD = torch.tensor([[-3, 1], [-1, -2], [0.5, 3], [2, 0], [4, -1]], dtype=torch.float64)
SHEAR = torch.tensor([[1, 0.5], [-1, 1]], dtype=torch.float64)
FLOORS = [(), (0.5,)]


def spreads(least, *shape):
    """Covariances B B^T + least I."""
    identity = torch.eye(shape[-1], dtype=torch.float64)
    return dyadics(-16, 16, *shape, grid=16).map(lambda factor: factor @ factor.mT + least * identity)


def mixtures(components=3, dim=2, least=0):
    means = dyadics(-256, 256, components, dim, grid=64)
    return st.builds(GaussianMixture, simplex(components, least=least), means, spreads(0.5, components, dim, dim))


def broad_mixtures():
    """Mixtures of which no component is without samples of the cloud."""
    means = dyadics(-64, 64, 3, 2, grid=64)
    return st.builds(GaussianMixture, simplex(3, least=4), means, spreads(4, 3, 2, 2))


def clouds():
    """Five distinct samples that do not lie on a line."""
    return dyadics(-16, 16, 5, 2, grid=64).map(CLOUD.add)


def log_joint(mixture, data):
    """log pi_k N(x_i; mu_k, S_k), a row per sample."""
    pairs = zip(mixture.means.numpy(), mixture.covariances.numpy(), strict=True)
    columns = [stats.multivariate_normal(mean, covariance).logpdf(data.numpy()) for mean, covariance in pairs]
    return mixture.weights.log() + torch.from_numpy(np.stack(columns, -1))


def exponents(mixture, data):
    """Size of the terms of log pi_k N(x_i; mu_k, S_k), the condition of S_k counted, for weights other than 0."""
    scales = torch.linalg.eigvalsh(mixture.covariances)
    condition = scales[:, -1] / scales[:, 0] ** 2
    distances = (data[:, None] - mixture.means).square().sum(2) * condition
    return 2 + distances + scales.log().abs().sum(1) + mixture.weights.log().nan_to_num(neginf=0).abs()


def moments(data, weights):
    """Mean and covariance of samples with the given weights."""
    covariance = np.cov(data.T, aweights=weights, bias=True).reshape(data.shape[1], -1)
    return torch.from_numpy(np.average(data, 0, weights)), torch.from_numpy(covariance)


def maximum(data, gamma, floor=0.0):
    """The mixture that shares out the samples by gamma."""
    means, covariances = zip(*(moments(data, column.numpy()) for column in gamma.T), strict=True)
    identity = torch.eye(data.shape[1], dtype=torch.float64)
    return GaussianMixture(gamma.mean(0), torch.stack(means), torch.stack(covariances) + floor * identity)


def assert_mixtures_close(observed, expected, size, spread):
    """Every field is within roundings of what `size` of them make of data that reach to `spread`."""
    assert_close(observed.weights, expected.weights, size)
    assert_close(observed.means, expected.means, size * spread)
    assert_close(observed.covariances, expected.covariances, size * spread**2)


def mapped(mixture, matrix, shift):
    """The mixture of A x + b."""
    return GaussianMixture(mixture.weights, mixture.means @ matrix.T + shift, matrix @ mixture.covariances @ matrix.T)


@given(mixture=mixtures(), data=normals(5, 2), exponent=st.integers(0, 10))
def test_mixture_log_density_equals_log_of_weighted_sum(mixture_log_density, mixture, data, exponent):
    """log p(x) = log sum_k pi_k N(x; mu_k, S_k), also where every density underflows."""
    data = data * 2.0**exponent
    expected = log_joint(mixture, data).logsumexp(1)
    assert_close(mixture_log_density(mixture, data), expected, exponents(mixture, data).amax(1))


@given(mixture=mixtures(), data=normals(5, 2), exponent=st.integers(0, 10))
def test_responsibilities_equals_bayes(responsibilities, mixture, data, exponent):
    """gamma_ik is the share of component k in p(x_i); rows sum to one however far x_i lies; weight 0 has no share."""
    data = data * 2.0**exponent
    expected = log_joint(mixture, data).softmax(1)
    gamma, size = responsibilities(mixture, data), exponents(mixture, data).amax(1, keepdim=True)
    assert_close(gamma, expected, expected * size)
    assert_close(gamma.sum(1), 1)
    assert_equal(gamma[:, mixture.weights == 0].sum(), 0)


@given(mixture=mixtures(), data=dyadics(-256, 256, 5, 2, grid=64), exponent=st.integers(-24, 24), shift=normals(2))
def test_mixture_log_density_is_equivariant_under_affine_maps(
    mixture_log_density, responsibilities, mixture, data, exponent, shift
):
    """Under x -> A x + b the density is divided by |det A| and responsibilities stay, at any scale and far from 0."""
    matrix, shift = 2.0**exponent * SHEAR, 2.0**exponent * (4096 + shift.round())
    there, moved = mapped(mixture, matrix, shift), data @ matrix.T + shift
    size = exponents(mapped(mixture, SHEAR, 0), data @ SHEAR.T) + 2 * abs(exponent)
    expected = mixture_log_density(mixture, data).double() - torch.linalg.slogdet(matrix).logabsdet
    assert_close(mixture_log_density(there, moved), expected, size.amax(1))
    assert_close(responsibilities(there, moved), responsibilities(mixture, data), size.amax(1, keepdim=True))


@given(mixture=mixtures(dim=1))
def test_mixture_moments_equals_integrals_of_density(mixture_moments, mixture_log_density, mixture):
    """The density integrates to one, and x and (x - mean)^2 times it to the mean and the variance."""
    x = torch.arange(-48, 49)[:, None] / 2
    mean, covariance = mixture_moments(mixture)
    density = mixture_log_density(mixture, x.double()).exp()[:, None] / 2
    size = exponents(mixture, mixture.means).min(0).values.max() + 2
    assert_close(density.sum(), 1, size)
    assert_close(mean, (density * x).sum(0), 4 * size)
    assert_close(covariance, ((x - mean) ** 2 * density).sum(0), 16 * size)


@pytest.mark.parametrize("given_floor", FLOORS)
@given(data=normals(5, 2), gamma=simplex(5, 3, least=1))
def test_mixture_m_step_equals_weighted_moments(mixture_m_step, data, gamma, given_floor):
    """pi_k, mu_k and S_k are the share, the mean and the covariance (divided by N_k) of samples weighted by gamma_k."""
    spread = data.abs().max() + sum(given_floor)
    assert_mixtures_close(mixture_m_step(data, gamma, *given_floor), maximum(data, gamma, *given_floor), 1, spread)


@given(data=dyadics(-256, 256, 5, 2, grid=64), gamma=simplex(5, 3, least=1), exponent=st.integers(0, 14))
def test_mixture_m_step_preserves_moments_of_data(mixture_m_step, mixture_moments, data, gamma, exponent):
    """Mean and covariance of the mixture are those of the data, whatever gamma is and however far they are from 0."""
    offset = 2.0**exponent
    mean, covariance = mixture_moments(mixture_m_step(data + offset, gamma))
    expected_mean, expected_covariance = moments(data, np.ones(5))
    assert_close(mean, expected_mean + offset, 4 + offset)
    assert_close(covariance, expected_covariance, 4 * (4 + offset))


@given(data=clouds(), gamma=simplex(5, 3, least=4), weights=simplex(3), shift=normals(3, 2), turn=spreads(0, 3, 2, 2))
def test_mixture_m_step_maximises_lower_bound(mixture_m_step, mixture_lower_bound, data, gamma, weights, shift, turn):
    """No mixture, be it close, has a higher bound than sum_i H(gamma_i) - N H(pi) - sum_k N_k H(N(mu_k, S_k))."""
    best = maximum(data, gamma)
    other = GaussianMixture(
        (7 * best.weights + weights) / 8, best.means + shift / 8, best.covariances * 0.75 + turn / 4
    )
    size = exponents(best, data).sum() + exponents(other, data).sum()
    highest = mixture_lower_bound(mixture_m_step(data, gamma), data, gamma).sum()
    entropies = [stats.multivariate_normal(cov=covariance.numpy()).entropy() for covariance in best.covariances]
    lost = torch.special.entr(best.weights).sum() + best.weights @ torch.tensor(entropies, dtype=torch.float64)
    assert_close(highest, torch.special.entr(gamma).sum() - 5 * lost, size)
    assert_at_most(mixture_lower_bound(other, data, gamma).sum(), highest, size)


@pytest.mark.parametrize("num_samples", [1, 3])
@given(point=normals(1, 2), floor=dyadics(1, 4096), gamma=simplex(3, 2, least=1))
def test_mixture_m_step_reduces_to_floor_at_one_point(mixture_m_step, point, floor, gamma, num_samples):
    """A point, alone or repeated, is every mean, and only the floor is left of the covariances."""
    fitted = mixture_m_step(point.repeat(num_samples, 1), gamma[:num_samples], floor.item())
    assert_close(fitted.means, point.expand(2, 2))
    expected = floor * torch.eye(2, dtype=torch.float64)
    assert_close(fitted.covariances, expected.expand(2, 2, 2), floor + point.abs().max() ** 2)


@given(data=normals(5, 2), gamma=simplex(5, 2, least=1), column=st.integers(0, 2))
def test_mixture_m_step_leaves_others_alone_where_a_component_is_empty(mixture_m_step, data, gamma, column):
    """A component without samples has weight 0 and neither mean nor covariance; the others are as without it."""
    kept = [k for k in range(3) if k != column]
    padded = torch.zeros(5, 3, dtype=torch.float64).index_copy(1, torch.tensor(kept), gamma)
    fitted = mixture_m_step(data, padded)
    assert_equal(fitted.weights[column], 0)
    assert fitted.means[column].isnan().all()
    assert fitted.covariances[column].isnan().all()
    rest = GaussianMixture(*(field[kept] for field in fitted))
    assert_mixtures_close(rest, maximum(data, gamma), 1, data.abs().max())


@pytest.mark.parametrize("given_floor", FLOORS)
@given(mixture=broad_mixtures(), data=clouds(), exponent=st.integers(-24, 24), shift=normals(2))
def test_mixture_em_step_equals_maximum_at_posterior(mixture_em_step, mixture, data, exponent, shift, given_floor):
    """The M-step has its gamma from the mixture as it was; under x -> A x + b all moves along."""
    scale = 2.0**exponent
    gamma = log_joint(mixture, data).softmax(1)
    floors = [floor * scale**2 for floor in given_floor]
    matrix, shift = scale * SHEAR, scale * (4096 + shift.round())
    observed = mixture_em_step(mapped(mixture, matrix, shift), data @ matrix.T + shift, *floors)
    expected = mapped(maximum(data, gamma), matrix, shift)
    size = 8 * (exponents(mapped(mixture, SHEAR, 0), data @ SHEAR.T).max() + 2 * abs(exponent)) + 5000
    assert_close(observed.weights, expected.weights, size)
    assert_close(observed.means, expected.means, scale * size)
    identity = sum(floors) * torch.eye(2, dtype=torch.float64)
    assert_close(observed.covariances, expected.covariances + identity, 8 * scale**2 * size)


@given(mixture=broad_mixtures(), data=clouds())
def test_mixture_em_step_never_lowers_likelihood(mixture_em_step, mixture_log_density, mixture, data):
    """log p(data) is no lower than it was."""
    joint = log_joint(mixture, data)
    before, after = joint.logsumexp(1).sum(), mixture_log_density(mixture_em_step(mixture, data), data).sum()
    size = exponents(mixture, data).sum() + exponents(maximum(data, joint.softmax(1)), data).sum()
    assert_close(mixture_log_density(mixture, data).sum(), before, size)
    assert_at_most(-after, -before, size)


@given(mixture=broad_mixtures(), data=clouds(), order=st.permutations(range(3)))
def test_mixture_em_step_commutes_with_relabelling(mixture_em_step, responsibilities, mixture, data, order):
    """Components have no order: renamed before or after a step they are the same."""
    renamed, size = GaussianMixture(*(field[order] for field in mixture)), exponents(mixture, data).max()
    assert_close(responsibilities(renamed, data), responsibilities(mixture, data)[:, order], size)
    after, before = mixture_em_step(renamed, data), mixture_em_step(mixture, data)
    assert_mixtures_close(after, GaussianMixture(*(field[order] for field in before)), size, 5)
    assert_close(after.weights.sum(), 1)


@given(mixture=mixtures(components=1), data=normals(5, 2))
def test_mixture_em_step_reduces_to_gaussian_fit_at_one_component(mixture_em_step, hard_mixture_em_step, mixture, data):
    """One component is fitted in one step, soft or hard, wherever it starts: mean and covariance (divided by N)."""
    expected = maximum(data, torch.ones(5, 1, dtype=torch.float64))
    for step in (mixture_em_step, hard_mixture_em_step):
        assert_mixtures_close(step(mixture, data), expected, 1, data.abs().max())


@given(mixture=broad_mixtures(), data=clouds())
def test_mixture_em_step_keeps_equal_components_equal(mixture_em_step, mixture, data):
    """Components with one mean and one covariance all become the Gaussian fit, and keep their different weights."""
    mean, covariance = mixture.means[:1].expand(3, 2), mixture.covariances[:1].expand(3, 2, 2)
    together = mixture_em_step(GaussianMixture(mixture.weights, mean, covariance), data)
    centre, spread = moments(data, np.ones(5))
    assert_mixtures_close(together, GaussianMixture(mixture.weights, centre, spread), 3, 5)


@pytest.mark.parametrize("given_floor", FLOORS)
@pytest.mark.parametrize(
    ("weights", "variances"), [((0.5, 0.5), (1, 16)), ((0.984375, 0.015625), (1, 16)), ((0.984375, 0.015625), (1, 4))]
)
def test_hard_mixture_em_step_equals_fit_to_each_side_of_the_boundary(
    hard_mixture_em_step, weights, variances, given_floor
):
    """Of two components at 0 the wider owns |x|^2 > log(r w^2) / (1 - 1/r), r and w ratios of variance and weight."""
    data = torch.tensor([0.5, -1, 0.25, -1.5, 2, 3, -3.5, 4, 6, -7, 8], dtype=torch.float64)[:, None]
    table = torch.tensor(variances, dtype=torch.float64)[:, None, None]
    start = GaussianMixture(torch.tensor(weights, dtype=torch.float64), torch.zeros(2, 1, dtype=torch.float64), table)
    ratio, odds = variances[1], weights[0] / weights[1]
    outer = data**2 > math.log(ratio * odds**2) / (1 - 1 / ratio)
    expected = maximum(data, torch.cat([~outer, outer], 1).double(), *given_floor)
    assert_mixtures_close(hard_mixture_em_step(start, data, *given_floor), expected, 1, 8)


@given(mixture=mixtures(least=1), data=clouds())
def test_hard_mixture_em_step_equals_fit_to_the_likeliest(hard_mixture_em_step, mixture, data):
    """A sample belongs to the component of largest pi_k N(x; mu_k, S_k), the correlations of S_k included.

    A component that no sample belongs to stays, with weight 0.
    """
    best, second = log_joint(mixture, data).topk(2)[0].T
    assume((best - second).min() > 2**-8)
    labels = log_joint(mixture, data).argmax(1)
    kept = labels.unique()
    fitted = hard_mixture_em_step(mixture, data, 0.5)
    assert_close(fitted.weights, labels.bincount(minlength=3).double() / 5)
    fitted = GaussianMixture(*(field[kept] for field in fitted))
    assert_mixtures_close(fitted, maximum(data, (labels[:, None] == kept).double(), 0.5), 1, 5)


def test_hard_mixture_em_step_gives_ties_to_the_first(hard_mixture_em_step):
    """A sample half way between two like components belongs to the first."""
    halves, ones = torch.full((2,), 0.5, dtype=torch.float64), torch.ones(2, 1, 1, dtype=torch.float64)
    data = torch.tensor([[-1], [0], [3], [2]], dtype=torch.float64)
    fitted = hard_mixture_em_step(GaussianMixture(halves, torch.tensor([[-2.0], [2.0]]).double(), ones), data)
    assert_close(fitted.means, [[-0.5], [2.5]])


@given(mixture=mixtures(), data=normals(5, 2), gamma=simplex(5, 3))
def test_mixture_lower_bound_equals_log_density_less_divergence(mixture_lower_bound, mixture, data, gamma):
    """log p(x_i) - KL(gamma_i || posterior): infinitely low where gamma uses a component of weight 0."""
    joint = log_joint(mixture, data)
    evidence = joint.logsumexp(1)
    posterior = (joint - evidence[:, None]).exp()
    divergence = torch.from_numpy(special.rel_entr(gamma.numpy(), posterior.numpy())).sum(1)
    size = exponents(mixture, data).amax(1)
    assert_close(mixture_lower_bound(mixture, data, gamma), evidence - divergence, size)


@given(mixture=mixtures(), data=normals(5, 2))
def test_mixture_lower_bound_is_tight_at_responsibilities(
    mixture_lower_bound, mixture_log_density, responsibilities, mixture, data
):
    """The E-step makes the bound touch the log density."""
    bound = mixture_lower_bound(mixture, data, responsibilities(mixture, data))
    size = exponents(mixture, data).amax(1)
    assert_close(bound, mixture_log_density(mixture, data), size)
    assert_close(bound, log_joint(mixture, data).logsumexp(1), size)


@pytest.mark.parametrize(("num_steps", "given_floor"), [(0, ()), (1, ()), (3, (0.5,))])
@given(mixture=broad_mixtures(), data=clouds())
def test_fit_mixture_equals_repeated_steps(fit_mixture, mixture_em_step, mixture, data, num_steps, given_floor):
    """From one start it is that many iterations of EM, none of them left out: at 0 the start itself."""
    expected, size = mixture, 1
    for _ in range(num_steps):
        expected = GaussianMixture(*(field.double() for field in expected))
        size = size + exponents(expected, data).max()
        expected = mixture_em_step(expected, data, *given_floor)
    assert_mixtures_close(fit_mixture([mixture], data, num_steps, *given_floor), expected, size, 5)


@pytest.mark.parametrize(("num_steps", "given_floor"), [(0, ()), (1, (0.5,))])
@given(first=broad_mixtures(), second=broad_mixtures(), third=broad_mixtures(), data=clouds())
def test_fit_mixture_is_best_of_all_starts(
    fit_mixture, mixture_log_density, first, second, third, data, num_steps, given_floor
):
    """The likelihood is the highest that any start reaches alone, so that more starts never lower it."""
    alone = [fit_mixture([start], data, num_steps, *given_floor) for start in (first, second, third)]
    alone = [GaussianMixture(*(field.double() for field in fitted)) for fitted in alone]
    reached = max(log_joint(fitted, data).logsumexp(1).sum() for fitted in alone)
    size = 5 * max(exponents(fitted, data).max() for fitted in alone)
    fitted = fit_mixture([first, second, third], data, num_steps, *given_floor)
    assert_close(mixture_log_density(fitted, data).sum(), reached, size)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_fit_mixture_takes_the_first_of_equals(fit_mixture, order):
    """Two starts that differ in the order of their components only are as likely, and the first is taken."""
    pair = GaussianMixture(
        torch.tensor([0.25, 0.75], dtype=torch.float64),
        torch.tensor([[-1], [2]], dtype=torch.float64),
        torch.tensor([[[1]], [[4]]], dtype=torch.float64),
    )
    starts = [GaussianMixture(*(field[[first, 1 - first]] for field in pair)) for first in order]
    assert_equal(fit_mixture(starts, CLOUD[:, :1], 0).weights, starts[0].weights)


def test_fit_mixture_takes_the_last_step_though_a_floor_lowers_the_likelihood(fit_mixture):
    """From the Gaussian of highest likelihood a step adds the floor to the covariance, and that is the result."""
    best = maximum(CLOUD, torch.ones(5, 1, dtype=torch.float64))
    fitted = fit_mixture([best], CLOUD, 2, 0.5)
    assert_mixtures_close(fitted, maximum(CLOUD, torch.ones(5, 1, dtype=torch.float64), 0.5), 1, 5)


@pytest.mark.parametrize("num_steps", [0, 2])
def test_fit_mixture_rejects_starts_that_collapse(fit_mixture, num_steps):
    """A start with a singular covariance has no likelihood to compare, be the other start as good as it may."""
    best = maximum(CLOUD, torch.ones(5, 1, dtype=torch.float64))
    collapsed = best._replace(covariances=torch.zeros(1, 2, 2, dtype=torch.float64))
    for starts in ([best, collapsed], [collapsed, best]):
        assert_rejects(fit_mixture, starts, CLOUD, num_steps)


def test_fit_mixture_rejects_nothing_to_start_from(fit_mixture):
    """There must be a start, and no number of steps below 0."""
    start = GaussianMixture(*(torch.ones(*[1] * ndim, dtype=torch.float64) for ndim in (1, 2, 3)))
    assert_close(fit_mixture([start], CLOUD[:, :1], 0).means, [[1]])
    assert_rejects(fit_mixture, [], CLOUD[:, :1], 2)
    assert_rejects(fit_mixture, [start], CLOUD[:, :1], -1)


@pytest.mark.parametrize("given_floor", FLOORS)
@given(data=normals(6, 2), labels=st.permutations([0, 0, 1, 2, 2, 2]).map(torch.tensor))
def test_mixture_from_assignment_equals_fit_to_each_cluster(mixture_from_assignment, data, labels, given_floor):
    """Each component has the share, the mean and the covariance of its own samples, be it one."""
    clusters = [data[labels == label] for label in range(3)]
    floor = sum(given_floor) * torch.eye(2, dtype=torch.float64)
    expected = GaussianMixture(
        torch.tensor([2, 1, 3], dtype=torch.float64) / 6,
        torch.stack([cluster.mean(0) for cluster in clusters]),
        torch.stack([cluster.T.cov(correction=0) + floor for cluster in clusters]),
    )
    fitted = mixture_from_assignment(data, labels, 3, *given_floor)
    assert_mixtures_close(fitted, expected, 1, data.abs().max() + sum(given_floor))


@pytest.mark.parametrize(
    ("labels", "num_components"),
    [([0, 1, 1, 0, 1], 3), ([1, 2, 1, 2, 1], 3), ([0, 1, 2, 0, 3], 3), ([0, 1, 2, 0, -1], 3), ([0] * 5, 0)],
)
def test_mixture_from_assignment_rejects_empty_components(mixture_from_assignment, labels, num_components):
    """Every component needs a sample, and every label a component."""
    assert_rejects(mixture_from_assignment, CLOUD, torch.tensor(labels), num_components, 1.0)


@pytest.mark.parametrize("floor", [-1.0, -(2.0**-20), math.nan])
def test_mixture_m_step_rejects_negative_floors(
    mixture_m_step, mixture_em_step, hard_mixture_em_step, mixture_from_assignment, floor
):
    """A variance cannot be asked to be negative."""
    start = GaussianMixture(*(torch.ones(*[1] * ndim, dtype=torch.float64) for ndim in (1, 2, 3)))
    data = CLOUD[:, :1]
    assert_rejects(mixture_m_step, data, torch.ones(5, 1, dtype=torch.float64), floor)
    assert_rejects(mixture_em_step, start, data, floor)
    assert_rejects(hard_mixture_em_step, start, data, floor)
    assert_rejects(mixture_from_assignment, data, torch.zeros(5, dtype=torch.int64), 1, floor)


def test_mixture_m_step_rejects_empty_data(mixture_m_step):
    """No samples make no mixture."""
    assert_rejects(mixture_m_step, CLOUD[:0], torch.ones(0, 3, dtype=torch.float64), 1.0)


@pytest.mark.parametrize("covariance", [[[0, 0], [0, 0]], [[1, 1], [1, 1]], [[1, 2], [2, 1]], [[-1, 0], [0, 1]]])
def test_mixture_log_density_rejects_collapsed_components(
    mixture_log_density, responsibilities, mixture_em_step, mixture_lower_bound, covariance
):
    """A singular or indefinite covariance has no density, whatever the other component is."""
    pair = torch.stack([torch.eye(2, dtype=torch.float64), torch.tensor(covariance, dtype=torch.float64)])
    halves = torch.full((2,), 0.5, dtype=torch.float64)
    collapsed = GaussianMixture(halves, torch.zeros(2, 2, dtype=torch.float64), pair)
    for function in (mixture_log_density, responsibilities, mixture_em_step):
        assert_rejects(function, collapsed, CLOUD)
    assert_rejects(mixture_lower_bound, collapsed, CLOUD, halves.expand(5, 2))
