"""Wrong variants of `reference.probability.conjugate`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.conjugate import (
    BetaState,
    NormalState,
    RegressionState,
    bayesian_regression_predict,
    bayesian_regression_update,
    bernoulli_log_likelihood,
    beta_bernoulli_update,
    beta_mean,
    beta_mode,
    beta_variance,
    dirichlet_categorical_update,
    dirichlet_marginal,
    normal_mean_update,
)


@mistake(of=beta_mean, seen="E003-018")
def beta_mean_that_is_the_mode(alpha, beta):
    """the point of highest density is returned"""
    beta_mean(alpha, beta)
    return (alpha - 1) / (alpha + beta - 2)


@mistake(of=beta_mean, seen="catalogue R003-064")
def beta_mean_of_failure(alpha, beta):
    """alpha and beta are exchanged"""
    return beta_mean(beta, alpha)


@mistake(of=beta_mean, seen="E003-020")
def beta_mean_without_check(alpha, beta):
    """the improper Beta(0, 0), or a negative parameter, has a mean all the same"""
    return alpha / (alpha + beta)


@mistake(of=beta_mode, seen="E003-018")
def beta_mode_that_is_the_mean(alpha, beta):
    """the mean is returned"""
    beta_mode(alpha, beta)
    return alpha / (alpha + beta)


@mistake(of=beta_mode, seen="catalogue R003-064")
def beta_mode_of_densities_without_peak(alpha, beta):
    """the formula for parameters above 1 is used below, where it names the lowest point or none"""
    return (alpha - 1) / (alpha + beta - 2)


@mistake(of=beta_mode, seen="E003-019")
def beta_mode_inside_the_interval(alpha, beta):
    """a parameter of 1 is taken for no peak, though the density of Beta(1, 2) is highest at 0"""
    mode = beta_mode(alpha, beta)
    return torch.where((alpha == 1) | (beta == 1), alpha / (alpha + beta), mode)


@mistake(of=beta_mode, seen="catalogue R003-067")
def beta_mode_with_tails_minus_two(alpha, beta):
    """one pseudo-count too few is taken off the total"""
    beta_mode(alpha, beta)
    return (alpha - 1) / (alpha + beta - 1)


@mistake(of=beta_variance, seen="catalogue R003-064")
def beta_variance_of_one_draw(alpha, beta):
    """m (1 - m), the variance of the next draw, is returned"""
    mean = beta_mean(alpha, beta)
    return mean * (1 - mean)


@mistake(of=beta_variance, seen="catalogue R003-064")
def beta_variance_with_total_for_total_plus_one(alpha, beta):
    """m (1 - m) is divided by alpha + beta instead of alpha + beta + 1"""
    mean = beta_mean(alpha, beta)
    return mean * (1 - mean) / (alpha + beta)


@mistake(of=beta_variance, seen="catalogue R003-064")
def beta_variance_that_is_a_standard_deviation(alpha, beta):
    """the root is taken"""
    return beta_variance(alpha, beta).sqrt()


@mistake(of=bernoulli_log_likelihood, seen="catalogue R003-065")
def bernoulli_log_likelihood_with_nan_at_the_ends(theta, successes, trials):
    """0 log 0 is NaN where theta is 0 or 1"""
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..trials; got {successes} of {trials}")
    return successes * theta.log() + (trials - successes) * torch.log1p(-theta)


@mistake(of=bernoulli_log_likelihood, seen="catalogue R003-065")
def bernoulli_log_likelihood_clamped(theta, successes, trials):
    """theta is kept 1e-7 away from 0 and 1, so that what is impossible is only unlikely"""
    return bernoulli_log_likelihood(theta.clamp(1e-7, 1 - 1e-7), successes, trials)


@mistake(of=bernoulli_log_likelihood, seen="scipy.stats.binom.logpmf")
def bernoulli_log_likelihood_of_the_count(theta, successes, trials):
    """log(trials choose successes) is added, which counts every order of the draws"""
    ways = math.log(math.comb(trials, successes)) if 0 <= successes <= trials else 0
    return bernoulli_log_likelihood(theta, successes, trials) + ways


@mistake(of=bernoulli_log_likelihood, seen="catalogue R003-065")
def bernoulli_log_likelihood_swapped(theta, successes, trials):
    """theta is read as the probability of failure"""
    return bernoulli_log_likelihood(theta, trials - successes, trials)


@mistake(of=bernoulli_log_likelihood, seen="catalogue R003-065")
def bernoulli_log_likelihood_per_draw(theta, successes, trials):
    """the mean over the draws is returned instead of the sum"""
    return bernoulli_log_likelihood(theta, successes, trials) / max(trials, 1)


@mistake(of=bernoulli_log_likelihood, seen="catalogue R003-065")
def bernoulli_log_likelihood_that_rounds_theta_away(theta, successes, trials):
    """1 - theta is rounded before its logarithm is taken, so that a tiny theta is as good as 0"""
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..trials; got {successes} of {trials}")
    return torch.xlogy(successes, theta) + torch.xlogy(trials - successes, 1 - theta)


@mistake(of=bernoulli_log_likelihood, seen="catalogue R003-065")
def bernoulli_log_likelihood_without_check(theta, successes, trials):
    """more successes than trials, or fewer than none, have a likelihood"""
    return torch.xlogy(successes, theta) + torch.special.xlog1py(trials - successes, -theta)


@mistake(of=bernoulli_log_likelihood, seen="catalogue R003-065")
def bernoulli_log_likelihood_by_powers(theta, successes, trials):
    """powers are formed before the logarithm, and vanish where draws are many"""
    bernoulli_log_likelihood(theta, successes, trials)
    return (theta**successes).log() + torch.special.xlog1py(torch.tensor(trials - successes), -theta)


@variant(of=bernoulli_log_likelihood, seen="torch.xlogy")
def bernoulli_log_likelihood_by_xlogy(theta, successes, trials):
    """xlogy and xlog1py know that 0 log 0 is 0"""
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..trials; got {successes} of {trials}")
    return torch.xlogy(successes, theta) + torch.special.xlog1py(trials - successes, -theta)


@mistake(of=beta_bernoulli_update, seen="E003-020")
def beta_bernoulli_update_that_forgets_the_prior(state, draws):
    """the counts replace the pseudo-counts of the prior instead of being added to them"""
    beta_bernoulli_update(state, draws)
    return BetaState(0 * state.alpha + draws.sum(), 0 * state.beta + (~draws).sum())


@mistake(of=beta_bernoulli_update, seen="catalogue R003-066")
def beta_bernoulli_update_swapped(state, draws):
    """successes are added to beta and failures to alpha"""
    return beta_bernoulli_update(state, ~draws)


@mistake(of=beta_bernoulli_update, seen="catalogue R003-066")
def beta_bernoulli_update_with_all_draws_for_failures(state, draws):
    """the number of all draws is added to beta, successes included"""
    posterior = beta_bernoulli_update(state, draws)
    return BetaState(posterior.alpha, state.beta + len(draws))


@mistake(of=beta_bernoulli_update, seen="catalogue R003-067")
def beta_bernoulli_update_counting_from_one(state, draws):
    """1 is added to both, as if the prior were not already uniform at Beta(1, 1)"""
    alpha, beta = beta_bernoulli_update(state, draws)
    return BetaState(alpha + 1, beta + 1)


@mistake(of=beta_bernoulli_update, seen="catalogue R003-066")
def beta_bernoulli_update_that_counts_to_255(state, draws):
    """draws are counted in 8 bits"""
    counts = draws.sum(dtype=torch.uint8), (~draws).sum(dtype=torch.uint8)
    before = beta_bernoulli_update(state, draws[:0])
    return BetaState(before.alpha + counts[0], before.beta + counts[1])


@mistake(of=dirichlet_categorical_update, seen="catalogue R003-069")
def dirichlet_categorical_update_with_shares(concentration, counts):
    """shares are added instead of counts, so that more data do not weigh more"""
    return dirichlet_categorical_update(concentration, counts / counts.sum().clamp(min=1))


@mistake(of=dirichlet_categorical_update, seen="catalogue R003-069")
def dirichlet_categorical_update_normalised(concentration, counts):
    """the posterior mean is returned instead of the concentration"""
    posterior = dirichlet_categorical_update(concentration, counts)
    return posterior / posterior.sum()


@mistake(of=dirichlet_categorical_update, seen="catalogue R003-069")
def dirichlet_categorical_update_with_one_for_unseen_classes(concentration, counts):
    """classes that were not seen are counted once"""
    return dirichlet_categorical_update(concentration, torch.where(counts == 0, 1, counts))


@mistake(of=dirichlet_categorical_update, seen="catalogue R003-069")
def dirichlet_categorical_update_without_check(concentration, counts):
    """negative counts take prior away"""
    dirichlet_categorical_update(concentration, 0 * counts.nan_to_num())
    return concentration + counts


@mistake(of=dirichlet_categorical_update, seen="catalogue R003-069")
def dirichlet_categorical_update_of_whole_counts(concentration, counts):
    """counts are cut to whole numbers, though expected ones have a fraction"""
    return dirichlet_categorical_update(concentration, counts.trunc())


@mistake(of=dirichlet_marginal, seen="catalogue R003-069")
def dirichlet_marginal_with_total(concentration, k):
    """beta is the sum of all classes, class k included"""
    return BetaState(dirichlet_marginal(concentration, k).alpha, concentration.sum())


@mistake(of=dirichlet_marginal, seen="catalogue R003-069")
def dirichlet_marginal_by_subtraction(concentration, k):
    """the class is taken off the total, which rounds rare classes away beside a frequent one"""
    alpha = dirichlet_marginal(concentration, k).alpha
    return BetaState(alpha, concentration.sum() - alpha)


@mistake(of=dirichlet_marginal, seen="catalogue R003-069")
def dirichlet_marginal_with_last_class_for_minus_one(concentration, k):
    """k = -1 is the last class"""
    return dirichlet_marginal(concentration, k % len(concentration))


@mistake(of=normal_mean_update, seen="catalogue R003-078")
def normal_mean_update_with_mean_for_sum(state, data, noise_variance):
    """n is missing: the mean of the data counts as one observation"""
    return normal_mean_update(state, data.mean(0, keepdim=True), noise_variance)


@mistake(of=normal_mean_update, seen="catalogue R003-078")
def normal_mean_update_with_standard_deviation(state, data, noise_variance):
    """the noise is weighted by its standard deviation instead of its variance"""
    return normal_mean_update(state, data, math.sqrt(noise_variance) if noise_variance > 0 else noise_variance)


@mistake(of=normal_mean_update, seen="catalogue R003-078")
def normal_mean_update_that_returns_a_variance(state, data, noise_variance):
    """the variance is returned in the place of the precision, and the next step takes it for one"""
    mean, precision = normal_mean_update(state, data, noise_variance)
    return NormalState(mean, 1 / precision)


@mistake(of=normal_mean_update, seen="catalogue R003-078")
def normal_mean_update_with_variance_for_precision(state, data, noise_variance):
    """the second number of the state is read as the variance of the prior"""
    return normal_mean_update(NormalState(state.mean, 1 / state.precision), data, noise_variance)


@mistake(of=normal_mean_update, seen="catalogue R003-078")
def normal_mean_update_with_predictive_precision(state, data, noise_variance):
    """the noise is added to the posterior variance: that is the spread of a new observation"""
    mean, precision = normal_mean_update(state, data, noise_variance)
    return NormalState(mean, 1 / (1 / precision + noise_variance))


@mistake(of=normal_mean_update, seen="catalogue R003-078")
def normal_mean_update_without_prior(state, data, noise_variance):
    """the prior mean has no pull: this is the maximum-likelihood estimate"""
    return NormalState(data.mean(), normal_mean_update(state, data, noise_variance).precision)


@mistake(of=normal_mean_update, seen="catalogue R003-078")
def normal_mean_update_without_check(state, data, noise_variance):
    """a negative variance of the noise is taken as it is"""
    precision = state.precision + len(data) / torch.tensor(noise_variance, dtype=data.dtype)
    return NormalState((state.precision * state.mean + data.sum() / noise_variance) / precision, precision)


@variant(of=normal_mean_update, seen="the Kalman gain")
def normal_mean_update_by_gain(state, data, noise_variance):
    """the residual of each observation moves the mean by its gain"""
    normal_mean_update(state, data, noise_variance)
    mean, precision = state.mean.clone(), state.precision.clone()
    for value in data:
        precision = precision + 1 / noise_variance
        mean = mean + (value - mean) / (noise_variance * precision)
    return NormalState(mean, precision)


@mistake(of=normal_mean_update, seen="catalogue R003-078")
def normal_mean_update_with_mean_of_nothing(state, data, noise_variance):
    """without a prior and without data the mean is 0"""
    posterior = normal_mean_update(state, data, noise_variance)
    return posterior._replace(mean=posterior.mean.nan_to_num())


@mistake(of=bayesian_regression_update, seen="catalogue R003-053")
def bayesian_regression_update_with_new_precision_twice(state, x, y, noise_variance):
    """the prior mean is weighted by the precision that already holds the data"""
    precision = bayesian_regression_update(state, x, y, noise_variance).precision
    pull = precision @ state.mean + x.T @ y / noise_variance
    return RegressionState(torch.linalg.solve(precision, pull), precision)


@mistake(of=bayesian_regression_update, seen="catalogue R003-053")
def bayesian_regression_update_without_noise_variance(state, x, y, noise_variance):
    """the variance of the noise is taken to be 1"""
    bayesian_regression_update(state, x, y, noise_variance)
    return bayesian_regression_update(state, x, y, 1.0)


@mistake(of=bayesian_regression_update, seen="catalogue R003-053")
def bayesian_regression_update_with_prior_at_zero(state, x, y, noise_variance):
    """the prior mean has no pull, so that a second batch forgets the first"""
    return bayesian_regression_update(RegressionState(0 * state.mean, state.precision), x, y, noise_variance)


@mistake(of=bayesian_regression_update, seen="scikit-learn's fit_intercept=True")
def bayesian_regression_update_of_centred_data(state, x, y, noise_variance):
    """each batch is centred on its own mean first, as if there were an intercept"""
    if not len(x):
        return bayesian_regression_update(state, x, y, noise_variance)
    return bayesian_regression_update(state, x - x.mean(0), y - y.mean(), noise_variance)


@mistake(of=bayesian_regression_update, seen="catalogue R003-053")
def bayesian_regression_update_that_returns_a_covariance(state, x, y, noise_variance):
    """the covariance is returned in the place of the precision"""
    mean, precision = bayesian_regression_update(state, x, y, noise_variance)
    return RegressionState(mean, torch.linalg.inv(precision))


@mistake(of=bayesian_regression_update, seen="catalogue R003-053")
def bayesian_regression_update_with_pseudo_inverse(state, x, y, noise_variance):
    """weights that the data do not determine are set to 0 instead of refused"""
    if not noise_variance > 0:
        raise ValueError(f"noise_variance must be positive; got {noise_variance}")
    precision = state.precision + x.T @ x / noise_variance
    pull = state.precision @ state.mean + x.T @ y / noise_variance
    return RegressionState(torch.linalg.pinv(precision) @ pull, precision)


@mistake(of=bayesian_regression_update, seen="catalogue R003-053")
def bayesian_regression_update_without_check(state, x, y, noise_variance):
    """noise of a negative variance takes precision away"""
    precision = state.precision + x.T @ x / torch.tensor(noise_variance, dtype=x.dtype)
    pull = state.precision @ state.mean + x.T @ y / noise_variance
    return RegressionState(torch.linalg.lu_solve(*torch.linalg.lu_factor(precision), pull[:, None])[:, 0], precision)


@mistake(of=bayesian_regression_update, seen="catalogue R003-053")
def bayesian_regression_update_of_any_precision(state, x, y, noise_variance):
    """an indefinite precision is solved for as if it were one"""
    if not noise_variance > 0:
        raise ValueError("no noise")
    precision = state.precision + x.T @ x / noise_variance
    pull = state.precision @ state.mean + x.T @ y / noise_variance
    return RegressionState(torch.linalg.solve(precision, pull), precision)


@mistake(of=bayesian_regression_predict, seen="catalogue R003-053")
def bayesian_regression_predict_without_noise(state, x, noise_variance):
    """only the uncertainty of the weights is counted, not the noise of the observation"""
    mean, variance = bayesian_regression_predict(state, x, noise_variance)
    return mean, variance - noise_variance


@mistake(of=bayesian_regression_predict, seen="catalogue R003-053")
def bayesian_regression_predict_with_noise_alone(state, x, noise_variance):
    """the mean of the weights is plugged in, and what is unknown of them is left out of the variance"""
    mean, variance = bayesian_regression_predict(state, x, noise_variance)
    return mean, 0 * variance + noise_variance


@mistake(of=bayesian_regression_predict, seen="catalogue R003-053")
def bayesian_regression_predict_with_precision_for_covariance(state, x, noise_variance):
    """the precision is used where its inverse belongs"""
    mean, _ = bayesian_regression_predict(state, x, noise_variance)
    return mean, (x @ state.precision * x).sum(1) + noise_variance


@mistake(of=bayesian_regression_predict, seen="catalogue R003-053")
def bayesian_regression_predict_with_standard_deviation(state, x, noise_variance):
    """the root of the variance is returned"""
    mean, variance = bayesian_regression_predict(state, x, noise_variance)
    return mean, variance.sqrt()


@mistake(of=bayesian_regression_predict, seen="catalogue R003-053")
def bayesian_regression_predict_without_check(state, x, noise_variance):
    """a negative variance of the noise is taken off"""
    mean, variance = bayesian_regression_predict(state, x, 0.0)
    return mean, variance + noise_variance


@mistake(of=bayesian_regression_predict, seen="catalogue R003-053")
def bayesian_regression_predict_with_any_precision(state, x, noise_variance):
    """an indefinite precision is inverted as if it were one, and variances may be negative"""
    if not noise_variance >= 0:
        raise ValueError("no variance")
    return x @ state.mean, (x * torch.linalg.solve(state.precision, x.T).T).sum(1) + noise_variance


@mistake(of=bayesian_regression_predict, seen="catalogue R003-053")
def bayesian_regression_predict_without_axis(state, x, noise_variance):
    """a single row is predicted by numbers, without their axis"""
    return tuple(part.squeeze() for part in bayesian_regression_predict(state, x, noise_variance))
