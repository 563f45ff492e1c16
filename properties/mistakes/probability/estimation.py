"""Wrong variants of `reference.probability.estimation`."""

import torch

from properties.mistakes import mistake, variant
from reference.probability.estimation import (
    SearchState,
    bayesian_information_criterion,
    expected_tables,
    gaussian_fisher_information,
    gaussian_maximum_likelihood,
    gaussian_score,
    lasso_regression,
    lasso_sweep,
    least_squares,
    linear_negative_log_posterior,
    map_on_grid,
    propose_evaluate_refit,
    ridge_regression,
    soft_threshold,
    unbiased_covariance,
)


@mistake(of=gaussian_maximum_likelihood, seen="catalogue R003-070")
def gaussian_maximum_likelihood_with_divisor_n_minus_one(data):
    """the covariance has the divisor n - 1"""
    if len(data) == 1:
        return gaussian_maximum_likelihood(data)
    return data.mean(0), unbiased_covariance(data)


@mistake(of=gaussian_maximum_likelihood, seen="catalogue R003-070")
def gaussian_maximum_likelihood_by_difference_of_moments(data):
    """the product of the means is subtracted from the mean product, which loses all digits far from 0"""
    mean, _ = gaussian_maximum_likelihood(data)
    return mean, data.T @ data / len(data) - mean[:, None] * mean


@mistake(of=gaussian_maximum_likelihood, seen="catalogue R003-070")
def gaussian_maximum_likelihood_without_correlation(data):
    """the variances are right and the covariances 0"""
    mean, covariance = gaussian_maximum_likelihood(data)
    return mean, covariance.diagonal().diag()


@mistake(of=gaussian_maximum_likelihood, seen="catalogue R003-070")
def gaussian_maximum_likelihood_around_zero(data):
    """the second moment about 0 is returned for the covariance"""
    mean, _ = gaussian_maximum_likelihood(data)
    return mean, data.T @ data / len(data)


@mistake(of=gaussian_maximum_likelihood, seen="catalogue R003-070")
def gaussian_maximum_likelihood_of_nothing(data):
    """no data give NaN without an error"""
    centred = data - data.mean(0)
    return data.mean(0), centred.T @ centred / len(data)


@mistake(of=gaussian_maximum_likelihood, seen="catalogue R003-070")
def gaussian_maximum_likelihood_of_columns(data):
    """samples are taken as columns, where there are as many as dimensions and nothing tells them apart"""
    square = data.shape[0] == data.shape[1]
    return gaussian_maximum_likelihood(data)[0], gaussian_maximum_likelihood(data.T if square else data)[1]


@mistake(of=unbiased_covariance, seen="catalogue R003-071")
def unbiased_covariance_with_divisor_n(data):
    """the covariance has the divisor n and is too small by the factor (n - 1) / n"""
    return unbiased_covariance(data) * ((len(data) - 1) / len(data))


@mistake(of=unbiased_covariance, seen="E003-021")
def unbiased_covariance_with_divisor_n_plus_one(data):
    """the divisor is moved the wrong way, to n + 1"""
    return unbiased_covariance(data) * ((len(data) - 1) / (len(data) + 1))


@mistake(of=unbiased_covariance, seen="catalogue R003-071")
def unbiased_covariance_of_one_sample(data):
    """one sample gives NaN without an error"""
    centred = data - data.mean(0)
    return centred.T @ centred / (len(data) - 1)


@variant(of=unbiased_covariance, seen="torch.cov")
def unbiased_covariance_of_columns(data):
    """torch takes samples as columns and divides by n - 1 by default"""
    if len(data) < 2:
        raise ValueError(len(data))
    return torch.cov(data.T).reshape(data.shape[1], -1)


@mistake(of=unbiased_covariance, seen="torch.cov")
def unbiased_covariance_without_axes(data):
    """the covariance of numbers is a number, and no matrix of one row"""
    covariance = unbiased_covariance(data)
    return covariance.squeeze() if data.shape[1] == 1 else covariance


@mistake(of=gaussian_score, seen="catalogue R003-072")
def gaussian_score_with_sign_flipped(data, mean, variance):
    """the derivative in the mean points away from the data"""
    in_mean, in_variance = gaussian_score(data, mean, variance)
    return -in_mean, in_variance


@mistake(of=gaussian_score, seen="catalogue R003-072")
def gaussian_score_in_standard_deviation(data, mean, variance):
    """the second derivative is that in the standard deviation"""
    in_mean, in_variance = gaussian_score(data, mean, variance)
    return in_mean, 2 * variance.sqrt() * in_variance


@mistake(of=gaussian_score, seen="catalogue R003-072")
def gaussian_score_without_normaliser(data, mean, variance):
    """the derivative of the normalising constant is missing"""
    in_mean, in_variance = gaussian_score(data, mean, variance)
    return in_mean, in_variance + len(data) / (2 * variance)


@mistake(of=gaussian_score, seen="catalogue R003-072")
def gaussian_score_of_average(data, mean, variance):
    """the score is that of the mean log likelihood instead of the sum"""
    in_mean, in_variance = gaussian_score(data, mean, variance)
    return in_mean / len(data), in_variance / len(data)


@mistake(of=gaussian_fisher_information, seen="catalogue R003-072")
def gaussian_fisher_information_on_standard_deviation(num_samples, variance):
    """the second is the information on the standard deviation, 2 n / variance"""
    of_mean, _ = gaussian_fisher_information(num_samples, variance)
    return of_mean, 2 * of_mean


@mistake(of=gaussian_fisher_information, seen="catalogue R003-072")
def gaussian_fisher_information_of_one_draw(num_samples, variance):
    """the number of samples does not count"""
    gaussian_fisher_information(num_samples, variance)
    return gaussian_fisher_information(1, variance)


@mistake(of=gaussian_fisher_information, seen="catalogue R003-072")
def gaussian_fisher_information_without_check(num_samples, variance):
    """a negative number of samples has negative information"""
    return num_samples / variance, num_samples / (2 * variance**2)


@mistake(of=gaussian_fisher_information, seen="catalogue R003-072")
def gaussian_fisher_information_at_mean_variance(num_samples, variance):
    """several variances are averaged first"""
    return gaussian_fisher_information(num_samples, variance.mean().expand(variance.shape).clone())


@mistake(of=least_squares, seen="catalogue R003-051")
def least_squares_with_independent_columns_only(features, targets):
    """columns that depend on each other are told apart by rounding alone"""
    gram = features.T @ features
    noise = torch.arange(1, len(gram) + 1, dtype=gram.dtype).diag() * torch.finfo(gram.dtype).eps
    return torch.linalg.solve(gram + noise, features.T @ targets)


@mistake(of=least_squares, seen="catalogue R003-051")
def least_squares_of_centred_data(features, targets):
    """an intercept is fitted too and thrown away"""
    return least_squares(features - features.mean(0), targets - targets.mean())


@mistake(of=least_squares, seen="catalogue R003-051")
def least_squares_of_each_column_alone(features, targets):
    """each column is fitted as if the others were not there"""
    return features.T @ targets / features.square().sum(0).clamp(min=1e-6)


@mistake(of=least_squares, seen="catalogue R003-051")
def least_squares_without_short_columns(features, targets):
    """directions in which the features vary by less than a thousandth of their largest extent are left out"""
    return torch.linalg.pinv(features, rtol=1e-3) @ targets


@mistake(of=least_squares, seen="catalogue R003-051")
def least_squares_with_absolute_cutoff(features, targets):
    """singular values below 10^-6 count as 0, so that features in large units have no weights"""
    return torch.linalg.pinv(features, atol=1e-6) @ targets


@mistake(of=ridge_regression, seen="catalogue R003-079")
def ridge_regression_by_truncated_pseudo_inverse(features, targets, penalty):
    """singular values below a hundredth of the largest count as 0"""
    left, values, right = torch.linalg.svd(features, full_matrices=False)
    gain = torch.where(values < values.max() / 100, 0, values / (values.square() + penalty))
    return right.T @ (gain * (left.T @ targets))


@mistake(of=ridge_regression, seen="catalogue R003-079")
def ridge_regression_of_mean_error(features, targets, penalty):
    """the error is averaged over the samples, so that the penalty weighs n times as much"""
    return ridge_regression(features, targets, penalty * len(targets))


@mistake(of=ridge_regression, seen="catalogue R003-079")
def ridge_regression_with_half_the_error(features, targets, penalty):
    """only the error is halved, so that the penalty weighs twice as much"""
    return ridge_regression(features, targets, penalty * 2)


@mistake(of=ridge_regression, seen="catalogue R003-079")
def ridge_regression_with_ratio_inverted(features, targets, penalty):
    """lambda is taken for tau^2 / sigma^2"""
    return ridge_regression(features, targets, 1 / penalty if penalty else penalty)


@mistake(of=ridge_regression, seen="catalogue R003-079")
def ridge_regression_with_first_weight_free(features, targets, penalty):
    """the first weight is taken for an intercept and not penalised"""
    ridge_regression(features, targets, penalty)
    free = torch.eye(features.shape[1], dtype=features.dtype)
    free[0, 0] = 0
    return torch.linalg.lstsq(features.T @ features + penalty * free, features.T @ targets[:, None]).solution[:, 0]


@mistake(of=ridge_regression, seen="catalogue R003-079")
def ridge_regression_without_check(features, targets, penalty):
    """a negative penalty, which rewards large weights, is accepted"""
    identity = torch.eye(features.shape[1], dtype=features.dtype)
    return torch.linalg.solve(features.T @ features + penalty * identity, features.T @ targets)


@variant(of=ridge_regression, seen="catalogue R003-079")
def ridge_regression_by_samples(features, targets, penalty):
    """the system of samples is solved instead of that of features: X^T inv(X X^T + lambda I) y"""
    ridge_regression(features, targets, penalty)
    identity = torch.eye(len(features), dtype=features.dtype)
    return features.T @ torch.linalg.solve(features @ features.T + penalty * identity, targets)


@mistake(of=soft_threshold, seen="catalogue R003-080")
def soft_threshold_that_is_hard(x, threshold):
    """what exceeds the threshold is kept as it is"""
    soft_threshold(x, threshold)
    return torch.where(x.abs() > threshold, x, 0)


@mistake(of=soft_threshold, seen="catalogue R003-080")
def soft_threshold_at_twice_the_threshold(x, threshold):
    """the threshold counts twice, as without the half before the square"""
    return soft_threshold(x, 2 * threshold)


@mistake(of=soft_threshold, seen="catalogue R003-080")
def soft_threshold_on_one_side(x, threshold):
    """negative numbers become 0"""
    soft_threshold(x, threshold)
    return (x - threshold).clamp(min=0)


@mistake(of=soft_threshold, seen="catalogue R003-080")
def soft_threshold_without_check(x, threshold):
    """a negative threshold drives numbers away from 0"""
    return x.sign() * (x.abs() - threshold).clamp(min=0)


@mistake(of=lasso_sweep, seen="catalogue R003-080")
def lasso_sweep_all_at_once(weights, features, targets, penalty):
    """every weight is chosen against the old ones, which may raise the objective"""
    sweeps = [lasso_sweep(weights, *_first(features, j, weights, targets), penalty)[j] for j in range(len(weights))]
    return torch.stack(sweeps)


def _first(features, j, weights, targets):
    """The problem in which the columns before j are gone, with what they explain."""
    kept = features.clone()
    kept[:, :j] = 0
    return kept, targets - features[:, :j] @ weights[:j]


@mistake(of=lasso_sweep, seen="catalogue R003-080")
def lasso_sweep_of_mean_error(weights, features, targets, penalty):
    """the error is averaged over the samples"""
    return lasso_sweep(weights, features, targets, penalty * len(targets))


@mistake(of=lasso_sweep, seen="catalogue R003-080")
def lasso_sweep_without_half(weights, features, targets, penalty):
    """the error is not halved, so that the threshold is lambda / 2"""
    return lasso_sweep(weights, features, targets, penalty / 2)


@mistake(of=lasso_sweep, seen="catalogue R003-080")
def lasso_sweep_of_unit_columns(weights, features, targets, penalty):
    """the squared length of a column is not divided by"""
    return lasso_sweep(weights, features, targets, penalty) * features.square().sum(0)


@mistake(of=lasso_sweep, seen="catalogue R003-080")
def lasso_sweep_in_reverse_order(weights, features, targets, penalty):
    """the last weight goes first"""
    return lasso_sweep(weights.flip(0), features.flip(1), targets, penalty).flip(0)


@mistake(of=lasso_sweep, seen="catalogue R003-080")
def lasso_sweep_that_drops_short_columns(weights, features, targets, penalty):
    """a column whose square is below 10^-8 counts as one of zeros"""
    short = features.square().sum(0) < 1e-8
    return lasso_sweep(torch.where(short, 0, weights), torch.where(short, 0, features), targets, penalty)


@mistake(of=lasso_regression, seen="catalogue R003-080")
def lasso_regression_of_mean_error(features, targets, penalty, num_sweeps):
    """the error is averaged over the samples"""
    return lasso_regression(features, targets, penalty * len(targets), num_sweeps)


@mistake(of=lasso_regression, seen="catalogue R003-080")
def lasso_regression_that_stops_early(features, targets, penalty, num_sweeps):
    """no more than ten sweeps are done, too few where columns are nearly parallel"""
    return lasso_regression(features, targets, penalty, min(num_sweeps, 10))


@mistake(of=lasso_regression, seen="catalogue R003-080")
def lasso_regression_with_a_sweep_too_many(features, targets, penalty, num_sweeps):
    """one more sweep is done than asked for"""
    lasso_regression(features, targets, penalty, num_sweeps)
    return lasso_regression(features, targets, penalty, num_sweeps + 1)


@mistake(of=lasso_regression, seen="catalogue R003-080")
def lasso_regression_without_check(features, targets, penalty, num_sweeps):
    """a negative number of sweeps returns the start"""
    return lasso_regression(features, targets, penalty, max(num_sweeps, 0))


@mistake(of=lasso_regression, seen="catalogue R003-080")
def lasso_regression_by_ridge(features, targets, penalty, num_sweeps):
    """squares are penalised, which sets no weight to 0"""
    lasso_regression(features, targets, penalty, num_sweeps)
    return ridge_regression(features, targets, penalty + 1e-9)


@mistake(of=lasso_regression, seen="catalogue R003-080")
def lasso_regression_with_tolerance(features, targets, penalty, num_sweeps):
    """sweeps end as soon as no weight moves by 1e-4, whatever the unit is"""
    before = lasso_regression(features, targets, penalty, min(num_sweeps, 0))
    for _ in range(num_sweeps):
        after = lasso_sweep(before, features, targets, penalty)
        if (after - before).abs().max() < 1e-4:
            return after
        before = after
    return before


@mistake(of=linear_negative_log_posterior, seen="catalogue R003-081")
def linear_negative_log_posterior_of_mean_error(weights, features, targets, noise_variance, prior_variance):
    """the error is averaged over the samples, which changes the weight of the prior"""
    spread = noise_variance * len(targets)
    return linear_negative_log_posterior(weights, features, targets, spread, prior_variance)


@mistake(of=linear_negative_log_posterior, seen="catalogue R003-081")
def linear_negative_log_posterior_without_prior(weights, features, targets, noise_variance, prior_variance):
    """the prior is left out"""
    whole = linear_negative_log_posterior(weights, features, targets, noise_variance, prior_variance)
    nothing = linear_negative_log_posterior(weights, features[:0], targets[:0], noise_variance, prior_variance)
    return whole - nothing


@mistake(of=linear_negative_log_posterior, seen="catalogue R003-081")
def linear_negative_log_posterior_with_standard_deviations(weights, features, targets, noise_variance, prior_variance):
    """the variances are taken for standard deviations"""
    return linear_negative_log_posterior(
        weights, features, targets, noise_variance * abs(noise_variance), prior_variance * abs(prior_variance)
    )


@mistake(of=linear_negative_log_posterior, seen="catalogue R003-081")
def linear_negative_log_posterior_without_check(weights, features, targets, noise_variance, prior_variance):
    """a variance below 0 has a density"""
    size = abs(noise_variance) or 1.0, abs(prior_variance) or 1.0
    return linear_negative_log_posterior(weights, features, targets, *(s if s == s else 1.0 for s in size))


@mistake(of=map_on_grid, seen="catalogue R003-077")
def map_on_grid_without_prior(log_likelihood, log_prior):
    """the prior is left out, which makes it maximum likelihood"""
    return map_on_grid(log_likelihood, log_prior * 0)


@mistake(of=map_on_grid, seen="catalogue R003-050")
def map_on_grid_at_the_minimum(log_likelihood, log_prior):
    """the least probable point is taken"""
    map_on_grid(log_likelihood, log_prior)
    return (log_likelihood + log_prior).argmin()


@mistake(of=map_on_grid, seen="catalogue R003-077")
def map_on_grid_by_posterior_mean(log_likelihood, log_prior):
    """the grid point nearest to the mean of the posterior is taken"""
    map_on_grid(log_likelihood, log_prior)
    posterior = torch.softmax(log_likelihood + log_prior, 0)
    return (posterior @ torch.arange(len(posterior), dtype=posterior.dtype)).round().long()


@mistake(of=map_on_grid, seen="catalogue R003-050")
def map_on_grid_at_the_last_of_equals(log_likelihood, log_prior):
    """of equally probable points the last is taken"""
    return len(log_prior) - 1 - map_on_grid(log_likelihood.flip(0), log_prior.flip(0))


@mistake(of=map_on_grid, seen="catalogue R003-050")
def map_on_grid_of_probabilities(log_likelihood, log_prior):
    """the product of probabilities is compared, which underflows to 0 at every point"""
    map_on_grid(log_likelihood, log_prior)
    return (log_likelihood.exp() * log_prior.exp()).argmax()


@mistake(of=map_on_grid, seen="catalogue R003-050")
def map_on_grid_without_check(log_likelihood, log_prior):
    """a grid on which nothing is possible has a best point"""
    return (log_likelihood + log_prior).argmax() if len(log_prior) else torch.tensor(0)


@mistake(of=propose_evaluate_refit, seen="catalogue R003-052")
def propose_evaluate_refit_of_what_is_known(state, objective, candidate_features):
    """the best prediction is evaluated even if it has been before, so that the search stalls"""
    propose_evaluate_refit(state, objective, candidate_features)
    proposal = (candidate_features @ state.weights).argmax()
    indices = torch.cat([state.indices, proposal[None]])
    values = torch.cat([state.values, objective(proposal)[None]])
    return SearchState(indices, values, least_squares(candidate_features[indices], values))


@mistake(of=propose_evaluate_refit, seen="catalogue R003-052")
def propose_evaluate_refit_without_refit(state, objective, candidate_features):
    """the model stays what it was"""
    after = propose_evaluate_refit(state, objective, candidate_features)
    return after._replace(weights=state.weights.clone())


@mistake(of=propose_evaluate_refit, seen="catalogue R003-052")
def propose_evaluate_refit_to_the_last_evaluation(state, objective, candidate_features):
    """the model is fitted to the newest value only"""
    after = propose_evaluate_refit(state, objective, candidate_features)
    return after._replace(weights=least_squares(candidate_features[after.indices[-1:]], after.values[-1:]))


@mistake(of=propose_evaluate_refit, seen="E003-016")
def propose_evaluate_refit_by_grid_search(state, objective, candidate_features):
    """the next point of the grid is evaluated, whatever the model says"""
    propose_evaluate_refit(state, objective, candidate_features)
    proposal = torch.tensor(next(i for i in range(len(candidate_features)) if i not in state.indices.tolist()))
    indices = torch.cat([state.indices, proposal[None]])
    values = torch.cat([state.values, objective(proposal)[None]])
    return SearchState(indices, values, least_squares(candidate_features[indices], values))


@mistake(of=propose_evaluate_refit, seen="catalogue R003-052")
def propose_evaluate_refit_with_predicted_value(state, objective, candidate_features):
    """the prediction is written down for the value"""
    return propose_evaluate_refit(state, lambda index: candidate_features[index] @ state.weights, candidate_features)


@mistake(of=propose_evaluate_refit, seen="catalogue R003-052")
def propose_evaluate_refit_for_ever(state, objective, candidate_features):
    """a search in which everything has been evaluated returns as it is"""
    if len(state.indices) == len(candidate_features):
        return SearchState(*(part.clone() for part in state))
    return propose_evaluate_refit(state, objective, candidate_features)


@mistake(of=propose_evaluate_refit, seen="catalogue R003-052")
def propose_evaluate_refit_with_finite_mask(state, objective, candidate_features):
    """candidates that were evaluated count as -10^9, which others may be below"""
    if len(state.indices) >= len(candidate_features):
        raise ValueError("nothing is left")
    proposal = (candidate_features @ state.weights).index_fill(0, state.indices, -1e9).argmax()
    indices = torch.cat([state.indices, proposal[None]])
    values = torch.cat([state.values, objective(proposal)[None]])
    return SearchState(indices, values, least_squares(candidate_features[indices], values))


@mistake(of=propose_evaluate_refit, seen="catalogue R003-052")
def propose_evaluate_refit_that_evaluates_twice(state, objective, candidate_features):
    """the objective, which is what costs, is evaluated once more"""
    after = propose_evaluate_refit(state, objective, candidate_features)
    return after._replace(values=torch.cat([state.values, objective(after.indices[-1])[None]]))


@mistake(of=bayesian_information_criterion, seen="catalogue R003-102")
def bayesian_information_criterion_of_akaike(log_likelihood, num_parameters, num_samples):
    """a parameter costs 2 whatever the number of samples, as in AIC"""
    bayesian_information_criterion(log_likelihood, num_parameters, num_samples)
    return 2 * num_parameters - 2 * log_likelihood


@mistake(of=bayesian_information_criterion, seen="catalogue R003-102")
def bayesian_information_criterion_with_half_the_misfit(log_likelihood, num_parameters, num_samples):
    """the log likelihood counts once"""
    return bayesian_information_criterion(log_likelihood / 2, num_parameters, num_samples)


@mistake(of=bayesian_information_criterion, seen="catalogue R003-102")
def bayesian_information_criterion_to_be_maximised(log_likelihood, num_parameters, num_samples):
    """the sign is that of Schwarz, so that the smallest value is the worst"""
    return -bayesian_information_criterion(log_likelihood, num_parameters, num_samples) / 2


@mistake(of=bayesian_information_criterion, seen="catalogue R003-102")
def bayesian_information_criterion_without_check(log_likelihood, num_parameters, num_samples):
    """counts that cannot be are replaced by the least possible ones"""
    return bayesian_information_criterion(log_likelihood, max(num_parameters, 0), max(num_samples, 1))


@mistake(of=expected_tables, seen="catalogue R003-102")
def expected_tables_counted_from_one(concentration, num_customers):
    """the first customer may find no table to open: the denominators are alpha + 1, ..., alpha + n"""
    seated = torch.arange(1, num_customers + 1, dtype=concentration.dtype)
    expected_tables(concentration, num_customers)
    return (concentration[:, None] / (concentration[:, None] + seated)).sum(-1)


@mistake(of=expected_tables, seen="catalogue R003-102")
def expected_tables_by_logarithm(concentration, num_customers):
    """the approximation alpha log(1 + n / alpha) for many customers is returned for any number"""
    expected_tables(concentration, num_customers)
    return concentration * torch.log1p(num_customers / concentration)


@mistake(of=expected_tables, seen="catalogue R003-102")
def expected_tables_without_check(concentration, num_customers):
    """a concentration of 0 gives NaN, and a negative one a negative number of tables"""
    seated = torch.arange(max(num_customers, 0), dtype=concentration.dtype)
    return (concentration[:, None] / (concentration[:, None] + seated)).sum(-1)
