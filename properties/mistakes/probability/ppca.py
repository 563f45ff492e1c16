"""Wrong variants of `reference.probability.ppca`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.ppca import (
    PPCA,
    ppca_em_step,
    ppca_log_likelihood,
    ppca_maximum_likelihood,
    ppca_posterior,
)


def _eye(size, like):
    return torch.eye(size, dtype=like.dtype)


def _by_eigenvalues(data, num_latent, noise_of, stretch_of):
    """The solution with another formula for the noise or for the length of the loadings."""
    mean = ppca_maximum_likelihood(data, num_latent).mean
    values, vectors = torch.linalg.eigh((data - mean).T @ (data - mean) / len(data))
    noise = noise_of(values)
    stretch = stretch_of(values[-num_latent:], noise)
    return PPCA(mean, vectors[:, -num_latent:] * stretch, noise)


@mistake(of=ppca_maximum_likelihood, seen="scikit-learn/scikit-learn, PCA.noise_variance_")
def ppca_maximum_likelihood_with_noise_of_the_sample_rank(data, num_latent):
    """the discarded variance is shared by as many dimensions as there are points, if these are fewer"""
    model = ppca_maximum_likelihood(data, num_latent)
    points, dim = data.shape
    shared = (dim - num_latent) / max(min(points, dim) - num_latent, 1)
    return model._replace(noise_variance=model.noise_variance * shared)


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_that_keeps_the_noise(data, num_latent):
    """the loadings are the roots of the eigenvalues, from which the noise variance is not taken"""
    return _by_eigenvalues(
        data, num_latent, lambda values: values[:-num_latent].mean(), lambda values, noise: values.sqrt()
    )


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_without_root(data, num_latent):
    """the loadings are the eigenvalues less the noise, without the square root"""
    return _by_eigenvalues(
        data, num_latent, lambda values: values[:-num_latent].mean(), lambda values, noise: values - noise
    )


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_with_unit_loadings(data, num_latent):
    """the loadings are the principal axes, of length one"""
    return _by_eigenvalues(
        data, num_latent, lambda values: values[:-num_latent].mean(), lambda values, noise: torch.ones_like(values)
    )


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_with_noise_over_all_dimensions(data, num_latent):
    """the discarded eigenvalues are divided by all dimensions instead of their own number"""
    return _by_eigenvalues(
        data,
        num_latent,
        lambda values: values[:-num_latent].sum() / len(values),
        lambda values, noise: (values - noise).sqrt(),
    )


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_with_smallest_eigenvalue(data, num_latent):
    """the noise variance is the smallest eigenvalue instead of the mean of those left out"""
    return _by_eigenvalues(
        data, num_latent, lambda values: values[0].clamp(min=0), lambda values, noise: (values - noise).sqrt()
    )


@mistake(of=ppca_maximum_likelihood, seen="scikit-learn, decomposition/_pca.py")
def ppca_maximum_likelihood_with_sample_covariance(data, num_latent):
    """the covariance is divided by n - 1"""
    mean, loadings, noise = ppca_maximum_likelihood(data, num_latent)
    factor = len(data) / (len(data) - 1)
    return PPCA(mean, loadings * math.sqrt(factor), noise * factor)


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_without_centring(data, num_latent):
    """the second moments are taken around the origin instead of the mean"""
    model = ppca_maximum_likelihood(data, num_latent)
    both = ppca_maximum_likelihood(torch.cat([data, -data]), num_latent)
    return both._replace(mean=model.mean)


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_with_rows_for_axes(data, num_latent):
    """the rows of the matrix of eigenvectors are taken instead of its columns"""
    mean = ppca_maximum_likelihood(data, num_latent).mean
    values, vectors = torch.linalg.eigh((data - mean).T @ (data - mean) / len(data))
    noise = values[:-num_latent].mean()
    return PPCA(mean, vectors[-num_latent:].T * (values[-num_latent:] - noise).sqrt(), noise)


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_of_smallest_eigenvalues(data, num_latent):
    """eigenvalues in rising order are read as falling, so that the smallest are kept"""
    mean = ppca_maximum_likelihood(data, num_latent).mean
    values, vectors = torch.linalg.eigh((data - mean).T @ (data - mean) / len(data))
    noise = values[num_latent:].mean()
    return PPCA(mean, vectors[:, :num_latent] * (values[:num_latent] - noise).abs().sqrt(), noise)


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_without_check(data, num_latent):
    """data without noise gets one from rounding, and any number of factors is cut to what there is"""
    num_latent = min(max(num_latent, 1), data.shape[1] - 1)
    mean = data.mean(0) if len(data) else torch.zeros_like(data[:1].sum(0))
    values, vectors = torch.linalg.eigh((data - mean).T @ (data - mean) / max(1, len(data)))
    noise = values[:-num_latent].mean()
    return PPCA(mean, vectors[:, -num_latent:] * (values[-num_latent:] - noise).clamp(min=0).sqrt(), noise)


@mistake(of=ppca_maximum_likelihood, seen="catalogue R003-093")
def ppca_maximum_likelihood_with_as_many_factors_as_dimensions(data, num_latent):
    """as many factors as dimensions are accepted, with a noise variance of zero"""
    dim = data.shape[1]
    if num_latent != dim:
        return ppca_maximum_likelihood(data, num_latent)
    covariance = torch.cov(data.T, correction=0)
    return PPCA(data.mean(0), torch.linalg.cholesky(covariance), torch.zeros((), dtype=data.dtype))


@variant(of=ppca_maximum_likelihood, seen="Tipping & Bishop 1999, section 3.2")
def ppca_maximum_likelihood_turned(data, num_latent):
    """any rotation or reflection of the latent space gives as good a solution"""
    mean, loadings, noise = ppca_maximum_likelihood(data, num_latent)
    return PPCA(mean, -loadings.flip(1), noise)


@mistake(of=ppca_posterior, seen="catalogue R003-093")
def ppca_posterior_by_projection(model, x):
    """x is projected by (W^T W)^-1 W^T, as if there were no noise"""
    inner = model.loadings.T @ model.loadings
    _, covariance = ppca_posterior(model, x)
    return (x - model.mean) @ model.loadings @ torch.linalg.pinv(inner), covariance


@mistake(of=ppca_posterior, seen="catalogue R003-093")
def ppca_posterior_without_mean(model, x):
    """the mean is not subtracted from x"""
    return ppca_posterior(model._replace(mean=0 * model.mean), x)


@mistake(of=ppca_posterior, seen="catalogue R003-093")
def ppca_posterior_with_precision_for_covariance(model, x):
    """M / sigma^2, the inverse of the covariance, is returned"""
    mean, covariance = ppca_posterior(model, x)
    return mean, torch.linalg.inv(covariance)


@mistake(of=ppca_posterior, seen="catalogue R003-093")
def ppca_posterior_without_noise_in_covariance(model, x):
    """the covariance is M^-1, without the factor sigma^2"""
    mean, covariance = ppca_posterior(model, x)
    return mean, covariance / model.noise_variance


@mistake(of=ppca_posterior, seen="catalogue R003-093")
def ppca_posterior_with_standard_deviation(model, x):
    """the noise variance is squared, as if it were a standard deviation"""
    return ppca_posterior(model._replace(noise_variance=model.noise_variance**2), x)


@mistake(of=ppca_posterior, seen="catalogue R003-093")
def ppca_posterior_with_unit_noise_in_m(model, x):
    """M is W^T W + I, which is right for a noise variance of one"""
    inner = model.loadings.T @ model.loadings
    inverse = torch.linalg.inv(inner + _eye(len(inner), inner))
    return (x - model.mean) @ model.loadings @ inverse, model.noise_variance * inverse


@variant(of=ppca_posterior, seen="Bishop 2006, exercise 12.10")
def ppca_posterior_with_unit_prior_precision(model, x):
    """(I + W^T W / sigma^2)^-1 W^T (x - mean) / sigma^2 is the same mean, and its first factor the covariance"""
    inner = model.loadings.T @ model.loadings / model.noise_variance
    covariance = torch.linalg.inv(inner + _eye(len(inner), inner))
    return (x - model.mean) @ model.loadings @ covariance / model.noise_variance, covariance


@mistake(of=ppca_log_likelihood, seen="catalogue R003-093")
def ppca_log_likelihood_of_the_residual(model, x):
    """x is scored by the noise around its reconstruction, without the density of z"""
    latent, _ = ppca_posterior(model, x)
    residual = x - model.mean - latent @ model.loadings.T
    return -(residual**2 / model.noise_variance + (2 * math.pi * model.noise_variance).log()).sum(-1) / 2


@mistake(of=ppca_log_likelihood, seen="catalogue R003-093")
def ppca_log_likelihood_without_noise_in_covariance(model, x):
    """the noise is left out of half of the covariance: its diagonal holds sigma instead of sigma^2"""
    return ppca_log_likelihood(model._replace(noise_variance=model.noise_variance.sqrt()), x)


@mistake(of=ppca_log_likelihood, seen="catalogue R003-093")
def ppca_log_likelihood_without_determinant(model, x):
    """log det C is left out"""
    return ppca_log_likelihood(model, x) + _log_det(model) / 2


@mistake(of=ppca_log_likelihood, seen="catalogue R003-093")
def ppca_log_likelihood_without_constant(model, x):
    """log(2 pi) is left out"""
    return ppca_log_likelihood(model, x) + x.shape[-1] * math.log(2 * math.pi) / 2


@mistake(of=ppca_log_likelihood, seen="catalogue R003-093")
def ppca_log_likelihood_with_double_distance(model, x):
    """the factor 1/2 is missing"""
    return 2 * ppca_log_likelihood(model, x)


@mistake(of=ppca_log_likelihood, seen="catalogue R003-093")
def ppca_log_likelihood_by_determinant(model, x):
    """the determinant is computed before its logarithm, and underflows where the noise is small"""
    covariance = model.loadings @ model.loadings.T + model.noise_variance * _eye(x.shape[-1], x)
    return ppca_log_likelihood(model, x) + _log_det(model) / 2 - torch.linalg.det(covariance).clamp(min=1e-30).log() / 2


def _log_det(model):
    inner = model.loadings.T @ model.loadings / model.noise_variance
    small = torch.logdet(inner + _eye(len(inner), inner))
    return small + len(model.mean) * model.noise_variance.log()


@mistake(of=ppca_log_likelihood, seen="catalogue R003-093")
def ppca_log_likelihood_of_turned_loadings(model, x):
    """W^T W, which depends on more than the covariance, decides: the diagonal of it is taken for the whole"""
    inner = (model.loadings.T @ model.loadings).diagonal() / model.noise_variance
    return (
        ppca_log_likelihood(model, x)
        + (_log_det(model) - len(model.mean) * model.noise_variance.log()) / 2
        - (1 + inner).log().sum() / 2
    )


@mistake(of=ppca_log_likelihood, seen="catalogue R003-093")
def ppca_log_likelihood_with_determinant_of_posterior(model, x):
    """the determinant of the posterior covariance is formed before its logarithm, and vanishes for many latents"""
    covariance = ppca_posterior(model, x)[1]
    return ppca_log_likelihood(model, x) + (torch.det(covariance).log() - torch.logdet(covariance)) / 2


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_without_posterior_covariance(model, data):
    """the latent variables are taken to be known, so that their posterior covariance is left out"""
    mean = ppca_em_step(model, data).mean
    latent, _ = ppca_posterior(model._replace(mean=mean), data)
    loadings = (torch.linalg.pinv(latent) @ (data - mean)).T
    return PPCA(mean, loadings, (data - mean - latent @ loadings.T).square().mean())


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_with_covariance_counted_once(model, data):
    """the posterior covariance is added once instead of once per point"""
    mean = ppca_em_step(model, data).mean
    latent, covariance = ppca_posterior(model._replace(mean=mean), data)
    loadings = torch.linalg.solve(latent.T @ latent + covariance, latent.T @ (data - mean)).T
    residual = (data - mean - latent @ loadings.T).square().sum(1).mean()
    return PPCA(mean, loadings, (residual + (loadings @ covariance @ loadings.T).trace()) / data.shape[1])


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_with_noise_of_residuals(model, data):
    """the noise variance is that of the residuals, without what the latent variables leave open"""
    mean, loadings, _ = ppca_em_step(model, data)
    latent, _ = ppca_posterior(model._replace(mean=mean), data)
    return PPCA(mean, loadings, (data - mean - latent @ loadings.T).square().mean())


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_with_old_loadings_in_noise(model, data):
    """the noise variance is computed with the loadings from before the step"""
    mean, loadings, _ = ppca_em_step(model, data)
    latent, covariance = ppca_posterior(model._replace(mean=mean), data)
    residual = (data - mean - latent @ model.loadings.T).square().sum(1).mean()
    left = (model.loadings @ covariance @ model.loadings.T).trace()
    return PPCA(mean, loadings, (residual + left) / data.shape[1])


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_with_noise_per_point(model, data):
    """the noise variance is summed over the dimensions instead of averaged"""
    mean, loadings, noise = ppca_em_step(model, data)
    return PPCA(mean, loadings, noise * data.shape[1])


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_that_keeps_the_mean(model, data):
    """the mean is never updated"""
    after = ppca_em_step(model, data)
    return after._replace(mean=model.mean.clone())


@mistake(of=ppca_em_step, seen="hmmlearn/hmmlearn commit f421c7e")
def ppca_em_step_without_update(model, data):
    """the parameters are returned as they were given, but for the mean"""
    return model._replace(mean=ppca_em_step(model, data).mean)


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_with_late_mean(model, data):
    """the latent variables are inferred with the old mean, and the loadings fitted around the new one"""
    mean = ppca_em_step(model, data).mean
    latent, covariance = ppca_posterior(model, data)
    second_moment = latent.T @ latent / len(data) + covariance
    loadings = torch.linalg.solve(second_moment, latent.T @ (data - mean) / len(data)).T
    residual = (data - mean - latent @ loadings.T).square().sum(1).mean()
    return PPCA(mean, loadings, (residual + (loadings @ covariance @ loadings.T).trace()) / data.shape[1])


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_with_floor(model, data):
    """a small constant is added to the noise variance"""
    after = ppca_em_step(model, data)
    return after._replace(noise_variance=after.noise_variance + 1e-3)


@mistake(of=ppca_em_step, seen="catalogue R003-093")
def ppca_em_step_without_check(model, data):
    """without data the model stays as it was"""
    return ppca_em_step(model, data) if len(data) else PPCA(*(part.clone() for part in model))


@variant(of=ppca_em_step, seen="Tipping & Bishop 1999, appendix B")
def ppca_em_step_by_the_covariance(model, data):
    """the two sums over the points may be written with the covariance of the data"""
    mean, _, _ = ppca_em_step(model, data)
    spread = torch.cov(data.T, correction=0)
    inner = model.loadings.T @ model.loadings
    identity = _eye(len(inner), inner)
    inverse = torch.linalg.inv(inner + model.noise_variance * identity)
    stretched = spread @ model.loadings
    middle = model.noise_variance * identity + inverse @ model.loadings.T @ stretched
    loadings = torch.linalg.solve(middle, stretched, left=False)
    return PPCA(mean, loadings, (spread - stretched @ inverse @ loadings.T).trace() / len(mean))
