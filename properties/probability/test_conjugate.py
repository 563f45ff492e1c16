"""Laws of `reference.probability.conjugate`."""

import math

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects
from properties.strategies import covariances, dyadics, levels, masks, normals, numbers
from reference.probability.conjugate import BetaState, NormalState, RegressionState

THETA = torch.tensor([[0.125], [0.25], [0.375], [0.875]], dtype=torch.float64)


def shapes_of_beta(*shape):
    """Parameters of Beta and Dirichlet, from 1/16 to 64."""
    return dyadics(1, 1024, *shape, grid=16)


def noise_variances():
    """Variances from 1/16 to 8, as plain numbers."""
    return st.integers(1, 128).map(lambda k: k / 16)


def conditioned(mean, covariance, x, y, noise_variance):
    """Mean and covariance of w given y = x w + noise, from the joint Gaussian of w and y."""
    spread = x @ covariance @ x.T + noise_variance * torch.eye(len(x), dtype=torch.float64)
    gain = torch.linalg.solve(spread, x @ covariance).T
    return mean + gain @ (y - x @ mean), covariance - gain @ x @ covariance


@given(alpha=shapes_of_beta(3), beta=shapes_of_beta(3))
def test_beta_mean_equals_ratio_of_normalisers(beta_mean, beta_variance, alpha, beta):
    """The moments of Beta are ratios of Beta functions: E[theta^n] = B(alpha + n, beta) / B(alpha, beta)."""
    means, variances = [], []
    with mpmath.workdps(30):
        for a, b in zip(alpha.tolist(), beta.tolist(), strict=True):
            normaliser, first, second = (mpmath.beta(a + n, b) for n in range(3))
            means.append(float(first / normaliser))
            variances.append(float(second / normaliser - (first / normaliser) ** 2))
    assert_close(beta_mean(alpha, beta), means)
    assert_close(beta_variance(alpha, beta), variances)


@given(heads=st.integers(0, 64), tails=st.integers(1, 64), swap=st.booleans())
def test_beta_mode_equals_peak_of_density(beta_mode, heads, tails, swap):
    """Beta(1 + heads, 1 + tails) peaks at the share of heads, found on the grid of all shares; at 0 without any."""
    heads, tails = (tails, heads) if swap else (heads, tails)
    grid = torch.arange(heads + tails + 1, dtype=torch.float64) / (heads + tails)
    peak = grid[torch.as_tensor(stats.beta.logpdf(grid, 1 + heads, 1 + tails)).argmax()]
    assert_close(beta_mode(numbers(1 + heads), numbers(1 + tails)), peak[None])


@given(alpha=dyadics(17, 1024, 2, 3, grid=16), beta=dyadics(16, 1024, 2, 3, grid=16))
def test_beta_mode_is_symmetric(beta_mode, alpha, beta):
    """Where tails count as heads the mode is as far from 1 as it was from 0."""
    assert_close(beta_mode(alpha, beta) + beta_mode(beta, alpha), 1)


@pytest.mark.parametrize(
    ("alpha", "beta"), [(1.0, 1.0), (0.5, 0.5), (0.75, 3.0), (3.0, 0.75), (0.25, 1.75), (math.nan, 2.0)]
)
def test_beta_mode_rejects_densities_without_a_peak(beta_mode, alpha, beta):
    """A flat density has no peak, and one with an exponent below 0 grows without bound, though the formula answers."""
    assert_rejects(beta_mode, numbers(3, alpha), numbers(2, beta))


@pytest.mark.parametrize("wrong", [0.0, -0.5, math.nan])
@pytest.mark.parametrize("second", [False, True])
def test_beta_mean_rejects_impossible_parameters(
    beta_mean, beta_variance, beta_bernoulli_update, dirichlet_categorical_update, dirichlet_marginal, wrong, second
):
    """Beta and Dirichlet have a density for positive parameters only."""
    alpha, beta = (numbers(2, 2), numbers(3, wrong)) if second else (numbers(3, wrong), numbers(2, 2))
    assert_rejects(beta_mean, alpha, beta)
    assert_rejects(beta_variance, alpha, beta)
    assert_rejects(beta_bernoulli_update, BetaState(alpha[1], beta[1]), torch.tensor([True, False]))
    concentration = torch.stack([alpha[1], beta[1]])
    assert_rejects(dirichlet_categorical_update, concentration, numbers(3, 2))
    assert_rejects(dirichlet_marginal, concentration, 0)


@given(theta=levels(3), successes=st.sampled_from([0, 1, 2, 3, 2000]), failures=st.sampled_from([0, 1, 2, 3, 2000]))
def test_bernoulli_log_likelihood_equals_log_of_product(bernoulli_log_likelihood, theta, successes, failures):
    """exp of it is theta^s (1 - theta)^(n - s), in exact arithmetic; at the ends 0^0 = 1."""
    theta, expected = torch.cat([theta, numbers(0, 2.0**-60, 1)]), []
    with mpmath.workdps(40):
        for p in map(mpmath.mpf, theta.tolist()):
            expected.append(float(mpmath.log(p**successes * (1 - p) ** failures)))
    assert_close(bernoulli_log_likelihood(theta, successes, successes + failures), expected)


@given(theta=levels(3), trials=st.integers(1, 6))
def test_bernoulli_log_likelihood_sums_to_one_over_sequences(bernoulli_log_likelihood, theta, trials):
    """The probabilities of all 2^n sequences add up to 1."""
    counts = [(math.comb(trials, s), s) for s in range(trials + 1)]
    assert_close(sum(ways * bernoulli_log_likelihood(theta, s, trials).exp() for ways, s in counts), 1, trials)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, -1), (-2, -1)])
def test_bernoulli_log_likelihood_rejects_impossible_counts(bernoulli_log_likelihood, successes, trials):
    """Successes are counted from 0 to the number of trials."""
    assert_rejects(bernoulli_log_likelihood, numbers(0.25, 0.5), successes, trials)


@given(alpha=shapes_of_beta(), beta=shapes_of_beta(), draws=masks(5))
def test_beta_bernoulli_update_is_proportional_to_prior_times_likelihood(beta_bernoulli_update, alpha, beta, draws):
    """At every theta the posterior density is one and the same multiple of the prior's times that of the draws."""
    posterior = beta_bernoulli_update(BetaState(alpha, beta), draws)
    prior = stats.beta.logpdf(THETA[:, 0], alpha, beta)
    joint = torch.as_tensor(prior + stats.bernoulli.logpmf(draws.int(), THETA).sum(1))
    ratio = torch.as_tensor(stats.beta.logpdf(THETA[:, 0], *posterior)) - joint
    size = 4 * sum(posterior) * (1 + sum(posterior).log().abs())
    assert_close(ratio - ratio[0], 0, size)


@pytest.mark.parametrize("copies", [1, 99])
@given(alpha=shapes_of_beta(), beta=shapes_of_beta(), draws=masks(7), cut=st.integers(0, 7))
def test_beta_bernoulli_update_composes(beta_bernoulli_update, beta_mean, alpha, beta, draws, cut, copies):
    """The posterior is the next prior, draws come in any order and number, and pseudo-counts weight the two means."""
    draws = draws.repeat(copies)
    state, prior_weight, prior_mean = BetaState(alpha, beta), alpha + beta, alpha / (alpha + beta)
    at_once = beta_bernoulli_update(state, draws)
    for part in (draws[cut:].flip(0), draws[:cut]):
        state = beta_bernoulli_update(state, part)
    assert_equal(state, at_once)
    mean = (prior_weight * prior_mean + 7 * copies * draws.double().mean()) / (prior_weight + 7 * copies)
    assert_close(beta_mean(*at_once), mean)


@given(concentration=shapes_of_beta(5), counts=dyadics(0, 256, 5, grid=4))
def test_dirichlet_categorical_update_is_proportional_to_prior_times_likelihood(
    dirichlet_categorical_update, concentration, counts
):
    """At every p the posterior density is one and the same multiple of the prior's times p_1^n_1 ... p_K^n_K."""
    p = numbers(1, 2, 3, 4, 6, 5, 3, 1, 4, 3, 2, 8, 4, 1, 1).reshape(3, 5) / 16
    posterior = dirichlet_categorical_update(concentration, counts)
    prior, after = (stats.dirichlet.logpdf(p.T, weights.double().numpy()) for weights in (concentration, posterior))
    ratio = torch.as_tensor(after - prior) - p.log() @ counts
    total = (concentration + counts).sum()
    assert_close(ratio - ratio[0], 0, 4 * total * (1 + total.log().abs()))


@given(alpha=shapes_of_beta(), beta=shapes_of_beta(), draws=masks(7))
def test_dirichlet_categorical_update_reduces_to_beta_at_two_classes(
    dirichlet_categorical_update, beta_bernoulli_update, alpha, beta, draws
):
    """Two classes are success and failure, and each draw adds 1 to the total."""
    counts = torch.stack([draws.sum(), (~draws).sum()]).double()
    posterior = dirichlet_categorical_update(torch.stack([alpha, beta]), counts)
    assert_equal(posterior, torch.stack(beta_bernoulli_update(BetaState(alpha, beta), draws)))
    assert_equal(posterior.sum(), alpha + beta + 7)


@pytest.mark.parametrize("count", [-1.0, -0.125, math.nan])
def test_dirichlet_categorical_update_rejects_negative_counts(dirichlet_categorical_update, count):
    """No class is drawn less often than never."""
    assert_rejects(dirichlet_categorical_update, numbers(2, 3, 4), numbers(5, count, 1))


@pytest.mark.parametrize("classes", [2, 5])
@given(concentration=shapes_of_beta(5), k=st.integers(0, 4))
def test_dirichlet_marginal_has_moments_of_component(dirichlet_marginal, concentration, k, classes):
    """Mean m and variance v of p_k under the Dirichlet determine Beta(m n, (1 - m) n), n = m (1 - m) / v - 1."""
    concentration, k = concentration[:classes], k % classes
    mean, variance = (
        torch.as_tensor(moment(concentration.numpy()))[k] for moment in (stats.dirichlet.mean, stats.dirichlet.var)
    )
    total = mean * (1 - mean) / variance - 1
    alpha, beta = dirichlet_marginal(concentration, k)
    condition = (total + 1) / (1 - mean)
    assert_close(alpha, mean * total, condition)
    assert_close(beta, (1 - mean) * total, condition)


@given(exponents=dyadics(-20, 20, 5, grid=1), k=st.integers(0, 4), split=levels(1))
def test_dirichlet_marginal_is_invariant_to_splitting_other_classes(dirichlet_marginal, exponents, k, split):
    """Whether the other classes are told apart does not matter for class k, however rare they are."""
    concentration = 2.0**exponents
    concentration[k] = 2.0**60
    others = torch.cat([concentration[:k], concentration[k + 1 :]])
    parts = torch.cat([split * others[:1], (1 - split) * others[:1], concentration[k : k + 1], others[1:]])
    whole, refined = dirichlet_marginal(concentration, k), dirichlet_marginal(parts, 2)
    assert_equal(whole.alpha, concentration[k])
    assert_equal(refined.alpha, concentration[k])
    assert_close(whole.beta, others.sum())
    assert_close(refined.beta, others.sum())


@pytest.mark.parametrize(("classes", "k"), [(3, -1), (3, 3), (3, 5), (1, 0), (0, 0)])
def test_dirichlet_marginal_rejects_classes_that_are_not_there(dirichlet_marginal, classes, k):
    """A class has an index from 0, and at least one other class beside it."""
    assert_rejects(dirichlet_marginal, torch.full((classes,), 1.5, dtype=torch.float64), k)


@given(mean=normals(), variance=noise_variances(), data=normals(5), noise_variance=noise_variances())
def test_normal_mean_update_equals_conditional_of_joint(normal_mean_update, mean, variance, data, noise_variance):
    """The mean and the data are jointly Gaussian, with the prior variance as covariance."""
    precision = numbers(1 / variance)[0].float().double()
    ones = torch.ones(5, 1, dtype=torch.float64)
    centre, covariance = conditioned(mean[None], 1 / precision[None, None], ones, data, noise_variance)
    posterior = normal_mean_update(NormalState(mean, precision), data, noise_variance)
    condition = 1 + 5 / (precision * noise_variance)
    assert_close(posterior.precision, 1 / covariance[0, 0], condition / covariance[0, 0])
    assert_close(posterior.mean, centre[0], condition * (mean.abs() + data.abs().max()))


@given(
    mean=dyadics(-64, 64, grid=8),
    data=dyadics(-64, 64, 7, grid=8),
    cut=st.integers(0, 7),
    exponent=st.integers(-30, 30),
    centre=dyadics(-(2**18), 2**18, grid=1),
)
def test_normal_mean_update_composes_in_any_units(normal_mean_update, mean, data, cut, exponent, centre):
    """The posterior is the next prior, in any order of the data, far from 0, and in small and large units."""
    unit = 2.0**exponent
    near = normal_mean_update(NormalState(mean, numbers(0.75)[0]), data, 2.5)
    state = NormalState(unit * (centre + mean), 0.75 / numbers(unit**2)[0])
    for part in (data[cut:].flip(0), data[:cut]):
        state = normal_mean_update(state, unit * (centre + part), 2.5 * unit**2)
    assert_close(state.precision, (0.75 + 7 / 2.5) / unit**2)
    assert_close(state.mean, unit * (centre + near.mean), unit * (centre.abs() + 8))


@given(mean=normals(), data=normals(5), noise_variance=noise_variances())
def test_normal_mean_update_reduces_to_mean_of_data_without_prior(normal_mean_update, mean, data, noise_variance):
    """At precision 0 the posterior is N(mean of the data, noise_variance / n); at a huge one the prior stays.

    Without data there is no mean either, but perhaps the one that the state had.
    """
    flat = normal_mean_update(NormalState(mean, numbers(0)[0]), data, noise_variance)
    assert_close(flat.mean, data.mean(), data.abs().max())
    assert_close(flat.precision, 5 / noise_variance)
    unknown = normal_mean_update(NormalState(mean, numbers(0)[0]), data[:0], noise_variance)
    assert unknown.mean.isnan() or unknown.mean == mean
    assert_equal(unknown.precision, 0)
    sure = normal_mean_update(NormalState(mean, numbers(2.0**80)[0]), data, noise_variance)
    assert_close(sure.mean, mean, mean.abs() + data.abs().max())


@pytest.mark.parametrize("noise_variance", [0.0, -0.5, math.nan])
def test_normal_mean_update_rejects_impossible_noise(normal_mean_update, bayesian_regression_update, noise_variance):
    """Without noise, or with a negative variance, data have no density."""
    one = numbers(1)
    assert_rejects(normal_mean_update, NormalState(one[0], one[0]), one, noise_variance)
    assert_rejects(bayesian_regression_update, RegressionState(one, one[None]), one[None], one, noise_variance)


@given(
    mean=normals(3), precision=covariances(3), x=dyadics(-32, 32, 5, 3, grid=16), y=normals(5), noise=noise_variances()
)
def test_bayesian_regression_update_equals_conditional_of_joint(
    bayesian_regression_update, bayesian_regression_predict, mean, precision, x, y, noise
):
    """Weights, data and new observations are jointly Gaussian: what the data say of both follows by conditioning."""
    new = numbers(1, -0.5, 2, 0.25, -1, 0.75).reshape(2, 3)
    prior = torch.linalg.inv(precision)
    weights, covariance = conditioned(mean, prior, x, y, noise)
    posterior = bayesian_regression_update(RegressionState(mean, precision), x, y, noise)
    predicted, variance = bayesian_regression_predict(posterior, new, noise)
    condition = torch.linalg.cond(precision) * torch.linalg.cond(x @ prior @ x.T + noise * torch.eye(5))
    spread = condition * torch.linalg.matrix_norm(prior, 2)
    pull = precision.abs() @ mean.abs() + x.abs().T @ (y.abs() + x.abs() @ mean.abs()) / noise
    size = mean.abs().max() + spread * pull.norm()
    assert_close(posterior.mean, weights, size)
    assert_close(predicted, new @ weights, new.abs().sum(1) * size)
    assert_close(variance, (new @ covariance * new).sum(1) + noise, noise + spread * new.square().sum(1))


@given(
    mean=normals(3),
    precision=covariances(3),
    x=dyadics(-32, 32, 5, 3, grid=16),
    y=normals(5),
    noise=noise_variances(),
    cut=st.integers(0, 5),
)
def test_bayesian_regression_update_composes(bayesian_regression_update, mean, precision, x, y, noise, cut):
    """The posterior is the next prior, in any order of the rows, and its precision the curvature of -log p(w | y)."""

    def energy(w):
        return (w - mean) @ precision @ (w - mean) / 2 + (y - x @ w).square().sum() / (2 * noise)

    curvature = torch.autograd.functional.hessian(energy, mean)
    size = precision.abs() + x.abs().T @ x.abs() / noise
    at_once = bayesian_regression_update(RegressionState(mean, precision), x, y, noise)
    state = RegressionState(mean, precision)
    for part in (slice(cut, 5), slice(0, cut)):
        state = bayesian_regression_update(state, x[part].flip(0), y[part].flip(0), noise)
    assert_close(state.precision, curvature, size)
    assert_close(at_once.precision, curvature, size)
    pull = precision.abs() @ mean.abs() + x.abs().T @ y.abs() / noise
    condition = torch.linalg.cond(precision) * torch.linalg.cond(curvature)
    assert_close(state.mean, at_once.mean, condition * pull.max() / torch.linalg.eigvalsh(precision)[0])


@given(mean=normals(2), shear=dyadics(-32, 32, 5, grid=16), y=normals(5), noise=noise_variances())
def test_bayesian_regression_update_reduces_to_least_squares_without_prior(
    bayesian_regression_update, mean, shear, y, noise
):
    """At precision 0 the mean is the least-squares fit, at any noise, and at a huge one the prior stays."""
    x = torch.stack([numbers(1, -1, 2, 0.5, -0.25) + shear, shear], 1) + numbers(0, 0, 0, 3, -3)[:, None] * numbers(
        1, -1
    )
    flat = bayesian_regression_update(RegressionState(mean, torch.zeros(2, 2, dtype=torch.float64)), x, y, noise)
    expected = torch.linalg.lstsq(x, y[:, None], driver="gelsd").solution[:, 0]
    condition = torch.linalg.cond(x) ** 2
    assert_close(flat.mean, expected, condition * (expected.abs().max() + y.norm() / torch.linalg.matrix_norm(x, -2)))
    sure = bayesian_regression_update(RegressionState(mean, 2.0**80 * torch.eye(2, dtype=torch.float64)), x, y, noise)
    assert_close(sure.mean, mean, mean.abs().max() + y.abs().max())


def test_bayesian_regression_update_rejects_too_few_data_without_prior(
    bayesian_regression_update, bayesian_regression_predict
):
    """One row does not tell two weights, and weights of which nothing is known predict nothing.

    Nor do weights whose precision is indefinite, or negative.
    """
    nothing = RegressionState(numbers(0, 0), torch.zeros(2, 2, dtype=torch.float64))
    assert_rejects(bayesian_regression_update, nothing, numbers(2, 4)[None], numbers(3), 4.0)
    assert_rejects(bayesian_regression_predict, nothing, numbers(1, 2)[None], 0.5)
    for wrong in ([1, 2, 2, 1], [-1, 0, 0, -1]):
        less = RegressionState(numbers(0, 0), numbers(*wrong).reshape(2, 2))
        assert_rejects(bayesian_regression_update, less, numbers(0, 0)[None], numbers(3), 4.0)
        assert_rejects(bayesian_regression_predict, less, numbers(1, 2)[None], 0.5)


@given(mean=normals(3), precision=covariances(3), x=normals(2, 3), noise=noise_variances())
def test_bayesian_regression_predict_equals_ratio_of_determinants(
    bayesian_regression_predict, mean, precision, x, noise
):
    """Variances are noise det(P + x^T x / noise) / det P, and those of x w itself, without noise, are noise less."""
    predicted, variance = bayesian_regression_predict(RegressionState(mean, precision), x, noise)
    _, of_weights = bayesian_regression_predict(RegressionState(mean, precision), x, 0.0)
    alone, its_variance = bayesian_regression_predict(RegressionState(mean, precision), x[:1], noise)
    assert_equal((alone.shape, its_variance.shape), ((1,), (1,)))
    after = precision + x[:, :, None] * x[:, None, :] / noise
    expected = noise * torch.linalg.det(after) / torch.linalg.det(precision)
    condition = torch.linalg.cond(precision) + torch.linalg.cond(after)
    assert_close(predicted, x @ mean, x.abs() @ mean.abs())
    assert_close(variance, expected, condition * expected)
    assert_close(of_weights, expected - noise, condition * expected)


@pytest.mark.parametrize("noise_variance", [-0.5, math.nan])
def test_bayesian_regression_predict_rejects_negative_noise(bayesian_regression_predict, noise_variance):
    """A variance is not negative."""
    one = numbers(1)
    assert_rejects(bayesian_regression_predict, RegressionState(one, one[None]), one[None], noise_variance)
