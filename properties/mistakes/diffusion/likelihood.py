"""Wrong variants of `reference.diffusion.likelihood`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.forward import q_sample
from reference.diffusion.likelihood import (
    VariationalBound,
    approx_standard_normal_cdf,
    bits_per_dim,
    decoder_nll,
    discretized_gaussian_log_likelihood,
    gaussian_log_likelihood,
    multivariate_normal_kl,
    normal_kl,
    posterior_kl,
    prior_kl,
    variational_bound,
)
from reference.diffusion.posteriors import gaussian_posterior


@mistake(of=normal_kl, seen="E004-27")
def normal_kl_swapped(mean_1, log_variance_1, mean_2, log_variance_2):
    """the divergence is taken the other way round, from the second Gaussian to the first"""
    return normal_kl(mean_2, log_variance_2, mean_1, log_variance_1).expand(mean_1.shape)


@mistake(of=normal_kl, seen="E004-29")
def normal_kl_with_half_on_one_term(mean_1, log_variance_1, mean_2, log_variance_2):
    """the factor 1/2 multiplies the ratio of the variances only instead of all terms"""
    ratio = torch.exp(log_variance_1 - log_variance_2)
    distance = (mean_1 - mean_2) ** 2 * torch.exp(-log_variance_2)
    return ratio / 2 + distance - 1 + log_variance_2 - log_variance_1


@mistake(of=normal_kl, seen="E004-30")
def normal_kl_for_equal_variances(mean_1, log_variance_1, mean_2, log_variance_2):
    """the two variances are taken to be equal, so that only the distance of the means counts"""
    return (mean_1 - mean_2) ** 2 * torch.exp(-log_variance_2) / 2


@mistake(of=normal_kl, seen="tqch/ddpm-torch#9")
def normal_kl_of_log_standard_deviations(mean_1, log_variance_1, mean_2, log_variance_2):
    """log variances are read as log standard deviations"""
    return normal_kl(mean_1, 2 * log_variance_1, mean_2, 2 * log_variance_2)


@mistake(of=normal_kl, seen="catalogue R003-137")
def normal_kl_scaled_by_first_variance(mean_1, log_variance_1, mean_2, log_variance_2):
    """the distance of the means is divided by the first variance instead of the second"""
    distance = (mean_1 - mean_2) ** 2 * torch.exp(-log_variance_1)
    difference = log_variance_1 - log_variance_2
    return (torch.exp(difference) - difference + distance - 1) / 2


@mistake(of=normal_kl, seen="catalogue R004-088")
def normal_kl_without_constant(mean_1, log_variance_1, mean_2, log_variance_2):
    """the constant -1 is left out, so that equal Gaussians diverge"""
    return normal_kl(mean_1, log_variance_1, mean_2, log_variance_2) + 0.5


@mistake(of=normal_kl, seen="catalogue R004-088")
def normal_kl_with_clamped_log_variance(mean_1, log_variance_1, mean_2, log_variance_2):
    """log variances beyond +-8 count as +-8"""
    return normal_kl(mean_1, log_variance_1.clamp(-8, 8), mean_2, log_variance_2.clamp(-8, 8))


@mistake(of=normal_kl, seen="catalogue R004-088")
def normal_kl_without_gradient_of_the_second(mean_1, log_variance_1, mean_2, log_variance_2):
    """the second Gaussian is taken for fixed, so that a model in its place learns nothing"""
    return normal_kl(mean_1, log_variance_1, mean_2.detach(), log_variance_2.detach())


@mistake(of=normal_kl, seen="catalogue R001-095")
def normal_kl_of_clamped_log_variances(mean_1, log_variance_1, mean_2, log_variance_2):
    """log variances are clamped to [-30, 20]"""
    return normal_kl(mean_1, log_variance_1.clamp(-30, 20), mean_2, log_variance_2.clamp(-30, 20))


@mistake(of=multivariate_normal_kl, seen="catalogue R004-087")
def multivariate_normal_kl_by_determinants(mean_1, covariance_1, mean_2, covariance_2):
    """the logarithms are taken of the determinants, which are 0 where many dimensions are small"""
    root_1, root_2 = torch.linalg.cholesky(covariance_1), torch.linalg.cholesky(covariance_2)
    trace = torch.linalg.solve_triangular(root_2, root_1, upper=False).square().sum()
    difference = torch.linalg.solve_triangular(root_2, (mean_2 - mean_1)[:, None], upper=False)
    log_det_ratio = 2 * (root_2.diagonal().prod().log() - root_1.diagonal().prod().log())
    return (trace + difference.square().sum() - len(mean_1) + log_det_ratio) / 2


@mistake(of=multivariate_normal_kl, seen="E004-29")
def multivariate_normal_kl_with_half_on_the_trace(mean_1, covariance_1, mean_2, covariance_2):
    """the factor 1/2 multiplies the trace only instead of all terms"""
    inverse, difference = torch.linalg.inv(covariance_2), mean_2 - mean_1
    log_det_ratio = torch.logdet(covariance_2) - torch.logdet(covariance_1)
    return (inverse @ covariance_1).trace() / 2 + difference @ inverse @ difference - len(mean_1) + log_det_ratio


@mistake(of=multivariate_normal_kl, seen="E004-27")
def multivariate_normal_kl_swapped(mean_1, covariance_1, mean_2, covariance_2):
    """the divergence is taken the other way round, from the second Gaussian to the first"""
    return multivariate_normal_kl(mean_2, covariance_2, mean_1, covariance_1)


@mistake(of=multivariate_normal_kl, seen="catalogue R004-087")
def multivariate_normal_kl_of_the_diagonals(mean_1, covariance_1, mean_2, covariance_2):
    """covariances off the diagonal are left out"""
    return multivariate_normal_kl(mean_1, covariance_1.diagonal().diag(), mean_2, covariance_2.diagonal().diag())


@mistake(of=multivariate_normal_kl, seen="catalogue R004-087")
def multivariate_normal_kl_with_inverted_determinants(mean_1, covariance_1, mean_2, covariance_2):
    """the log ratio of the determinants has the wrong sign"""
    log_det_ratio = torch.logdet(covariance_2) - torch.logdet(covariance_1)
    return multivariate_normal_kl(mean_1, covariance_1, mean_2, covariance_2) - log_det_ratio


@mistake(of=multivariate_normal_kl, seen="catalogue R004-087")
def multivariate_normal_kl_without_roots_of_determinants(mean_1, covariance_1, mean_2, covariance_2):
    """the log determinant is read off the Cholesky factor without doubling it"""
    log_det_ratio = torch.logdet(covariance_2) - torch.logdet(covariance_1)
    return multivariate_normal_kl(mean_1, covariance_1, mean_2, covariance_2) - log_det_ratio / 4


@mistake(of=multivariate_normal_kl, seen="catalogue R004-087")
def multivariate_normal_kl_by_absolute_determinants(mean_1, covariance_1, mean_2, covariance_2):
    """the log of the absolute determinant lets through matrices that are no covariances"""
    inverse, difference = torch.linalg.pinv(covariance_2), mean_2 - mean_1
    log_det_ratio = torch.linalg.slogdet(covariance_2)[1] - torch.linalg.slogdet(covariance_1)[1]
    quadratic = difference @ inverse @ difference
    return ((inverse @ covariance_1).trace() + quadratic - len(mean_1) + log_det_ratio) / 2


@variant(of=multivariate_normal_kl, seen="catalogue R004-087")
def multivariate_normal_kl_by_the_other_roots(mean_1, covariance_1, mean_2, covariance_2):
    """any matrix with R R^T = S serves as a root, such as that of the eigenvectors, once S is known to be positive"""
    torch.linalg.cholesky(torch.stack([covariance_1, covariance_2]))
    values, vectors = torch.linalg.eigh(covariance_2)
    whiten = vectors.T / values.sqrt()[:, None]
    inner, difference = whiten @ covariance_1 @ whiten.T, whiten @ (mean_2 - mean_1)
    return (inner.trace() + difference @ difference - len(mean_1) - torch.linalg.eigvalsh(inner).log().sum()) / 2


@mistake(of=approx_standard_normal_cdf, seen="catalogue R001-093")
def approx_standard_normal_cdf_with_square(x):
    """the cubic term is a square"""
    return (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**2))) / 2


@mistake(of=approx_standard_normal_cdf, seen="catalogue R001-093")
def approx_standard_normal_cdf_by_erf(x):
    """the exact distribution function is returned instead of its approximation"""
    return torch.special.ndtr(x)


@mistake(of=approx_standard_normal_cdf, seen="catalogue R001-093")
def approx_standard_normal_cdf_with_another_coefficient(x):
    """the coefficient 0.044715 has lost a digit"""
    return (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.04715 * x**3))) / 2


@mistake(of=approx_standard_normal_cdf, seen="arXiv:1606.08415, section 2")
def approx_standard_normal_cdf_by_sigmoid(x):
    """the coarser approximation sigmoid(1.702 x) is used"""
    return torch.sigmoid(1.702 * x)


@variant(of=approx_standard_normal_cdf, seen="catalogue R001-093")
def approx_standard_normal_cdf_by_logistic(x):
    """(1 + tanh u) / 2 is the logistic function of 2 u"""
    return torch.sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))


@mistake(of=gaussian_log_likelihood, seen="catalogue R001-094")
def gaussian_log_likelihood_without_log_scale(x, mean, log_scale):
    """-log_scale is left out, so that the density does not integrate to one"""
    return gaussian_log_likelihood(x, mean, log_scale) + log_scale


@mistake(of=gaussian_log_likelihood, seen="facebookresearch/DiT#52")
def gaussian_log_likelihood_of_8_bit_bins(x, mean, log_scale):
    """continuous data is scored as if it were 8-bit values, by the probability of a bin of width 2 / 255"""
    return discretized_gaussian_log_likelihood(x, mean, log_scale)


@mistake(of=gaussian_log_likelihood, seen="catalogue R002-010")
def gaussian_log_likelihood_with_log_variance(x, mean, log_scale):
    """the log standard deviation is read as a log variance"""
    return gaussian_log_likelihood(x, mean, log_scale / 2)


@mistake(of=gaussian_log_likelihood, seen="catalogue R002-010")
def gaussian_log_likelihood_without_constant(x, mean, log_scale):
    """the constant log(2 pi) / 2 is left out"""
    return -(((x - mean) * torch.exp(-log_scale)) ** 2) / 2 - log_scale


@mistake(of=gaussian_log_likelihood, seen="catalogue R002-010")
def gaussian_log_likelihood_divided_by_scale(x, mean, log_scale):
    """the squared distance is divided by the standard deviation instead of the variance"""
    return -((x - mean) ** 2) * torch.exp(-log_scale) / 2 - log_scale - math.log(2 * math.pi) / 2


def _bins(cdf, x, mean, log_scale, width=1 / 255, edge=0.999):
    upper = torch.where(x > edge, torch.inf, (x + width - mean) * torch.exp(-log_scale))
    lower = torch.where(x < -edge, -torch.inf, (x - width - mean) * torch.exp(-log_scale))
    return cdf(upper) - cdf(lower)


@variant(of=discretized_gaussian_log_likelihood, seen="openai/improved-diffusion, losses.py")
def discretized_gaussian_log_likelihood_by_tanh(x, mean, log_scale):
    """the tanh approximation of the distribution function, as in the paper's code, telescopes to one as well"""
    return _bins(approx_standard_normal_cdf, x, mean, log_scale).clamp(min=1e-12).log()


@variant(of=discretized_gaussian_log_likelihood, seen="openai/improved-diffusion, losses.py")
def discretized_gaussian_log_likelihood_by_tails(x, mean, log_scale):
    """the outer bins are the tails on either side: log F(x + 1/255) and log(1 - F(x - 1/255))"""
    upper, lower = (torch.special.ndtr((x + side / 255 - mean) * torch.exp(-log_scale)) for side in (1, -1))
    probability = torch.where(x < -0.999, upper, torch.where(x > 0.999, 1 - lower, upper - lower))
    return probability.clamp(min=1e-12).log()


@mistake(of=discretized_gaussian_log_likelihood, seen="E004-28")
def discretized_gaussian_log_likelihood_by_density(x, mean, log_scale):
    """the density at the value times the width of the bin stands in for the integral over the bin"""
    density = gaussian_log_likelihood(x, mean, log_scale).exp()
    return (density * 2 / 255).clamp(min=1e-12).log()


@mistake(of=discretized_gaussian_log_likelihood, seen="facebookresearch/DiT#52")
def discretized_gaussian_log_likelihood_of_continuous_data(x, mean, log_scale):
    """8-bit values are scored by a density, which is no probability"""
    return gaussian_log_likelihood(x, mean, log_scale)


@mistake(of=discretized_gaussian_log_likelihood, seen="catalogue R004-086")
def discretized_gaussian_log_likelihood_with_closed_ends(x, mean, log_scale):
    """the first and the last bin end where the others do, so that the tails are lost"""
    return _bins(torch.special.ndtr, x, mean, log_scale, edge=2).clamp(min=1e-12).log()


@mistake(of=discretized_gaussian_log_likelihood, seen="catalogue R001-116")
def discretized_gaussian_log_likelihood_with_wide_bins(x, mean, log_scale):
    """bins reach 1 / 127.5 to either side, twice as far as they should"""
    return _bins(torch.special.ndtr, x, mean, log_scale, width=1 / 127.5).clamp(min=1e-12).log()


@mistake(of=discretized_gaussian_log_likelihood, seen="catalogue R001-116")
def discretized_gaussian_log_likelihood_of_256_wide_bins(x, mean, log_scale):
    """bins are 2 / 256 wide, although 256 values on [-1, 1] lie 2 / 255 apart"""
    return _bins(torch.special.ndtr, x, mean, log_scale, width=1 / 256).clamp(min=1e-12).log()


@mistake(of=discretized_gaussian_log_likelihood, seen="catalogue R001-116")
def discretized_gaussian_log_likelihood_with_wide_ends(x, mean, log_scale):
    """values next to the first and the last count as outermost too"""
    return _bins(torch.special.ndtr, x, mean, log_scale, edge=0.99).clamp(min=1e-12).log()


@mistake(of=discretized_gaussian_log_likelihood, seen="catalogue R001-116")
def discretized_gaussian_log_likelihood_with_swapped_ends(x, mean, log_scale):
    """the first bin reaches to plus infinity and the last to minus infinity"""
    return discretized_gaussian_log_likelihood(-x, mean, log_scale)


@mistake(of=discretized_gaussian_log_likelihood, seen="catalogue R001-116")
def discretized_gaussian_log_likelihood_without_floor(x, mean, log_scale):
    """a probability that rounds to 0 has the log -inf"""
    return _bins(torch.special.ndtr, x, mean, log_scale).log()


@mistake(of=discretized_gaussian_log_likelihood, seen="catalogue R001-116")
def discretized_gaussian_log_likelihood_with_added_floor(x, mean, log_scale):
    """1e-5 is added to every probability, so that they sum to 1.00256"""
    return (_bins(torch.special.ndtr, x, mean, log_scale) + 1e-5).log()


@mistake(of=discretized_gaussian_log_likelihood, seen="tqch/ddpm-torch#9")
def discretized_gaussian_log_likelihood_with_log_variance(x, mean, log_scale):
    """the log standard deviation is read as a log variance"""
    return discretized_gaussian_log_likelihood(x, mean, log_scale / 2)


@mistake(of=gaussian_log_likelihood, seen="catalogue R001-094")
def gaussian_log_likelihood_with_least_scale(x, mean, log_scale):
    """log scales below -7 count as -7"""
    return gaussian_log_likelihood(x, mean, log_scale.clamp(min=-7.0))


@mistake(of=discretized_gaussian_log_likelihood, seen="catalogue R004-086")
def discretized_gaussian_log_likelihood_with_least_scale(x, mean, log_scale):
    """log scales below -7 count as -7"""
    return discretized_gaussian_log_likelihood(x, mean, log_scale.clamp(min=-7.0))


@mistake(of=prior_kl, seen="tqch/ddpm-torch#9")
def prior_kl_with_standard_deviation_for_log_variance(x_0, alpha_bar_T):
    """the standard deviation sqrt(1 - alpha_bar_T) is passed on as the log variance"""
    mean, deviation = alpha_bar_T.sqrt() * x_0, (1 - alpha_bar_T).sqrt()
    return normal_kl(mean, deviation, torch.zeros_like(mean), torch.zeros_like(mean)).flatten(1).sum(1)


@mistake(of=prior_kl, seen="E004-27")
def prior_kl_swapped(x_0, alpha_bar_T):
    """q(x_T | x_0) is called the prior, and the divergence is taken from N(0, 1) to it"""
    mean, variance = alpha_bar_T.sqrt() * x_0, (1 - alpha_bar_T).expand(x_0.shape)
    return normal_kl(torch.zeros_like(mean), torch.zeros_like(mean), mean, variance.log()).flatten(1).sum(1)


@mistake(of=prior_kl, seen="catalogue R004-085")
def prior_kl_of_mean_only(x_0, alpha_bar_T):
    """the variance of the last level is taken to be 1"""
    return (alpha_bar_T * x_0**2 / 2).flatten(1).sum(1)


@mistake(of=prior_kl, seen="openai/improved-diffusion, gaussian_diffusion.py")
def prior_kl_averaged_over_elements(x_0, alpha_bar_T):
    """the elements of a sample are averaged instead of added up"""
    return prior_kl(x_0, alpha_bar_T) / x_0[0].numel()


@mistake(of=prior_kl, seen="catalogue R004-085")
def prior_kl_without_root(x_0, alpha_bar_T):
    """the mean is alpha_bar_T x_0, without the square root"""
    return prior_kl(alpha_bar_T.sqrt() * x_0, alpha_bar_T)


@variant(of=prior_kl, seen="mhw32/multimodal-vae-public#5")
def prior_kl_with_log_of_one(x_0, alpha_bar_T):
    """the prior's log variance may be written as log(1), which is 0"""
    mean, log_variance = alpha_bar_T.sqrt() * x_0, torch.log1p(-alpha_bar_T)
    return normal_kl(mean, log_variance, torch.zeros_like(mean), torch.ones_like(mean).log()).flatten(1).sum(1)


def _posterior_kl(divergence, x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s):
    true_mean, true_variance = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    return divergence(true_mean, true_variance.log(), mean, log_variance).flatten(1).sum(1)


@mistake(of=posterior_kl, seen="catalogue R003-136")
def posterior_kl_swapped(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s):
    """the divergence is taken from the model to the posterior instead of the other way round"""
    return _posterior_kl(normal_kl_swapped, x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s)


@mistake(of=posterior_kl, seen="E004-30")
def posterior_kl_for_equal_variances(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s):
    """the posterior is given the model's variance, so that a constant per element is lost"""
    return _posterior_kl(normal_kl_for_equal_variances, x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s)


@mistake(of=posterior_kl, seen="catalogue R004-084")
def posterior_kl_of_forward_step(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s):
    """the posterior's variance is replaced by that of the forward step"""
    true_mean, _ = gaussian_posterior(x_t, x_0, alpha_bar_t, alpha_bar_s)
    beta = 1 - alpha_bar_t / alpha_bar_s
    return normal_kl(true_mean, beta.log(), mean, log_variance).flatten(1).sum(1)


@mistake(of=posterior_kl, seen="catalogue R003-130")
def posterior_kl_of_exchanged_data(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s):
    """x_0 and x_t are exchanged on the way to the posterior"""
    return posterior_kl(x_t, x_0, mean, log_variance, alpha_bar_t, alpha_bar_s)


@mistake(of=posterior_kl, seen="catalogue R003-136")
def posterior_kl_of_marginal(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s):
    """q(x_s | x_0) is used, without the knowledge of x_t"""
    marginal = alpha_bar_s.sqrt() * x_0, (1 - alpha_bar_s).log()
    return normal_kl(*marginal, mean, log_variance).flatten(1).sum(1)


@mistake(of=posterior_kl, seen="openai/improved-diffusion, gaussian_diffusion.py")
def posterior_kl_in_bits(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s):
    """the divergence is given in bits"""
    return posterior_kl(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s) / math.log(2)


@mistake(of=posterior_kl, seen="openai/improved-diffusion, gaussian_diffusion.py")
def posterior_kl_averaged_over_elements(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s):
    """the elements of a sample are averaged instead of added up"""
    return posterior_kl(x_0, x_t, mean, log_variance, alpha_bar_t, alpha_bar_s) / x_0[0].numel()


@mistake(of=decoder_nll, seen="tqch/ddpm-torch#9")
def decoder_nll_with_variance_for_scale(x_0, mean, log_variance):
    """the scale of the bins is the variance instead of the standard deviation"""
    return -discretized_gaussian_log_likelihood(x_0, mean, log_variance).flatten(1).sum(1)


@mistake(of=decoder_nll, seen="catalogue R004-079")
def decoder_nll_with_wrong_sign(x_0, mean, log_variance):
    """the log likelihood is returned instead of its negative"""
    return -decoder_nll(x_0, mean, log_variance)


@mistake(of=decoder_nll, seen="E004-28")
def decoder_nll_by_density(x_0, mean, log_variance):
    """the density times the width of the bin stands in for the probability of the bin"""
    return -discretized_gaussian_log_likelihood_by_density(x_0, mean, log_variance / 2).flatten(1).sum(1)


@mistake(of=decoder_nll, seen="facebookresearch/DiT#52")
def decoder_nll_of_continuous_data(x_0, mean, log_variance):
    """8-bit values are scored by a density"""
    return -gaussian_log_likelihood(x_0, mean, log_variance / 2).flatten(1).sum(1)


@mistake(of=decoder_nll, seen="openai/improved-diffusion, gaussian_diffusion.py")
def decoder_nll_averaged_over_elements(x_0, mean, log_variance):
    """the elements of a sample are averaged instead of added up"""
    return decoder_nll(x_0, mean, log_variance) / x_0[0].numel()


@variant(of=decoder_nll, seen="openai/improved-diffusion, losses.py")
def decoder_nll_by_tanh(x_0, mean, log_variance):
    """the tanh approximation of the distribution function is accepted in the decoder too"""
    return -discretized_gaussian_log_likelihood_by_tanh(x_0, mean, log_variance / 2).flatten(1).sum(1)


def _levels(alpha_bar, x_0):
    return alpha_bar.reshape(-1, *[1] * x_0.ndim)


@mistake(of=variational_bound, seen="tqch/ddpm-torch#20")
def variational_bound_with_frozen_timestep(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the model is told the last timestep at every level"""
    last = len(alpha_bar) - 1
    return variational_bound(x_0, noise, alpha_bar, lambda x_t, t: reverse(x_t, last), log_likelihood)


@mistake(of=variational_bound, seen="tqch/ddpm-torch#20")
def variational_bound_counted_from_one(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the model is told t + 1 at level t"""
    last = len(alpha_bar) - 1
    return variational_bound(x_0, noise, alpha_bar, lambda x_t, t: reverse(x_t, min(t + 1, last)), log_likelihood)


@mistake(of=variational_bound, seen="catalogue R003-136")
def variational_bound_with_one_noise(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """every level gets the same noise"""
    return variational_bound(x_0, noise[:1].expand(noise.shape), alpha_bar, reverse, log_likelihood)


@mistake(of=variational_bound, seen="catalogue R003-136")
def variational_bound_without_noise(x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood):
    """the model sees the mean of x_t, without any noise"""
    return variational_bound(x_0, 0 * noise, alpha_bar, reverse, log_likelihood)


@mistake(of=variational_bound, seen="catalogue R004-084")
def variational_bound_that_drops_a_term(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the sum over the steps starts one too late"""
    terms, prior = variational_bound(x_0, noise, alpha_bar, reverse, log_likelihood)
    return VariationalBound(torch.cat([terms[:1], 0 * terms[1:2], terms[2:]]), prior)


@mistake(of=variational_bound, seen="catalogue R004-084")
def variational_bound_that_treats_the_first_step_as_any_other(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """terms[0] compares with the posterior at level 0 instead of scoring the data"""
    terms, prior = variational_bound(x_0, noise, alpha_bar, reverse, log_likelihood)
    level = _levels(alpha_bar, x_0)[0]
    x_t = q_sample(x_0, noise[0], level)
    mean, log_variance = reverse(x_t, 0)
    first = posterior_kl(x_0, x_t, mean, log_variance, level, torch.full_like(level, 1 - 1e-6))
    return VariationalBound(torch.cat([first[None], terms[1:]]), prior)


@mistake(of=variational_bound, seen="catalogue R004-079")
def variational_bound_with_wrong_sign(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the bound on log p(x_0) is returned, which lies below, instead of that on -log p(x_0)"""
    terms, prior = variational_bound(x_0, noise, alpha_bar, reverse, log_likelihood)
    return VariationalBound(-terms, -prior)


@mistake(of=variational_bound, seen="catalogue R003-136")
def variational_bound_with_swapped_divergences(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the divergences are taken from the model to the posterior"""
    terms, prior = variational_bound(x_0, noise, alpha_bar, reverse, log_likelihood)
    level = _levels(alpha_bar, x_0)
    x_t = [q_sample(x_0, noise[t], level[t]) for t in range(len(alpha_bar))]
    steps = [(x_0, x_t[t], *reverse(x_t[t], t), level[t], level[t - 1]) for t in range(1, len(alpha_bar))]
    return VariationalBound(torch.stack([terms[0], *(posterior_kl_swapped(*step) for step in steps)]), prior)


@mistake(of=variational_bound, seen="facebookresearch/DiT#52")
def variational_bound_with_fixed_decoder(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the data is scored as 8-bit values, whatever likelihood was asked for"""
    return variational_bound(x_0, noise, alpha_bar, reverse)


@mistake(of=variational_bound, seen="facebookresearch/DiT#52")
def variational_bound_with_continuous_default(x_0, noise, alpha_bar, reverse, log_likelihood=gaussian_log_likelihood):
    """the data is scored as continuous unless told otherwise"""
    return variational_bound(x_0, noise, alpha_bar, reverse, log_likelihood)


@mistake(of=variational_bound, seen="tqch/ddpm-torch#9")
def variational_bound_with_variance_for_scale(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the decoder gets the log variance where it wants the log standard deviation"""
    return variational_bound(
        x_0, noise, alpha_bar, reverse, lambda x, mean, log_scale: log_likelihood(x, mean, 2 * log_scale)
    )


@mistake(of=variational_bound, seen="catalogue R004-085")
def variational_bound_without_prior(x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood):
    """the term L_T is left out because it has no parameters, although it is not 0"""
    terms, prior = variational_bound(x_0, noise, alpha_bar, reverse, log_likelihood)
    return VariationalBound(terms, 0 * prior)


@mistake(of=variational_bound, seen="catalogue R003-136")
def variational_bound_with_noise_of_another_level(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """each level takes the noise that was drawn for the one below"""
    return variational_bound(x_0, noise.roll(1, 0), alpha_bar, reverse, log_likelihood)


@mistake(of=variational_bound, seen="catalogue R004-085")
def variational_bound_with_prior_of_first_level(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the first level is compared with the prior instead of the last"""
    terms, _ = variational_bound(x_0, noise, alpha_bar, reverse, log_likelihood)
    return VariationalBound(terms, prior_kl(x_0, _levels(alpha_bar, x_0)[0]))


@mistake(of=variational_bound, seen="catalogue R003-136")
def variational_bound_from_last_to_first(
    x_0, noise, alpha_bar, reverse, log_likelihood=discretized_gaussian_log_likelihood
):
    """the terms are listed from the last level to the first, in the order of sampling"""
    terms, prior = variational_bound(x_0, noise, alpha_bar, reverse, log_likelihood)
    return VariationalBound(terms.flip(0), prior)


@mistake(of=bits_per_dim, seen="yang-song/score_sde_pytorch#51")
def bits_per_dim_with_constant_offset(nats, num_dims, data_scale=1.0):
    """7 bits are added as if all data were 8-bit images on [-1, 1]"""
    return nats / (num_dims * math.log(2)) + 7


@mistake(of=bits_per_dim, seen="Weixy21/SafeDiffuser#9")
def bits_per_dim_divided_by_255(nats, num_dims, data_scale=1.0):
    """the likelihood is divided by 255 instead of the number of dimensions"""
    return nats / (255 * math.log(2)) + math.log2(data_scale)


@mistake(of=bits_per_dim, seen="yang-song/score_sde_pytorch#51")
def bits_per_dim_with_inverted_scale(nats, num_dims, data_scale=1.0):
    """the scale is subtracted, as if the data had been multiplied by it"""
    return nats / (num_dims * math.log(2)) - math.log2(data_scale)


@mistake(of=bits_per_dim, seen="yang-song/score_sde_pytorch#51")
def bits_per_dim_with_shared_scale(nats, num_dims, data_scale=1.0):
    """the scale is counted once per sample instead of once per dimension"""
    return (nats / math.log(2) + math.log2(data_scale)) / num_dims


@mistake(of=bits_per_dim, seen="catalogue R004-085")
def bits_per_dim_in_nats(nats, num_dims, data_scale=1.0):
    """nats are not converted to bits"""
    return nats / num_dims + math.log(data_scale)


@mistake(of=bits_per_dim, seen="yang-song/score_sde_pytorch#51")
def bits_per_dim_for_8_bit_data_by_default(nats, num_dims, data_scale=127.5):
    """data is taken to be 8-bit on [-1, 1] unless told otherwise"""
    return bits_per_dim(nats, num_dims, data_scale)


@mistake(of=bits_per_dim, seen="arXiv:1511.01844, section 3.1")
def bits_per_dim_without_check(nats, num_dims, data_scale=1.0):
    """data without dimensions, or of a scale that is not positive, gets a number all the same"""
    return nats / (num_dims * math.log(2)) + torch.tensor(data_scale, dtype=nats.dtype).log2()
