"""Judges SciPy: scipy.stats, scipy.special, scipy.linalg, scipy.spatial.distance, scipy.signal, scipy.ndimage and more.

    density of a Gaussian                 stats.multivariate_normal.logpdf; of each element stats.norm.logpdf
    its fit by maximum likelihood         stats.multivariate_normal.fit
    probability of an interval            Normal.cdf of two points, the newer interface of stats
    total variance                        Mixture.variance, the newer interface of stats
    Beta                                  stats.beta.mean, .var
    Bernoulli sequence                    stats.bernoulli.nnlf
    mean of a function of the outcome     rv_discrete.expect of stats
    sums of a table                       stats.contingency.margins
    entropy, KL divergence                stats.entropy of one or of two distributions
    Jensen-Shannon, total variation       spatial.distance.jensenshannon squared, cityblock halved
    Mahalanobis distance, cosine          spatial.distance.cdist squared, cosine from 1
    standardisation of a vector           stats.zscore
    Gumbel noise                          stats.gumbel_r.ppf
    sums and shares of exponentials       special.logsumexp, softmax, log_softmax
    logarithm of the odds, and back       special.logit, expit
    norm, determinant                     linalg.norm, det
    matrix exponential                    linalg.expm
    least squares, ridge regression       linalg.lstsq, sparse.linalg.lsqr with the root of the penalty as damping
    k-means                               cluster.vq.vq, kmeans2
    correlation, causal convolution       signal.correlate with mode "valid" of all channels at once
    correlation of each channel           signal.correlate2d with mode "valid"
    overlaps of a transposed convolution  signal.upfirdn of ones
    nearest pixel, bilinear interpolation ndimage.zoom of order 0 and 1 with mode "nearest"; corners are aligned unless
                                          grid_mode is set

The distance of Mahalanobis takes the inverse covariance, which is that of linalg.inv. A Normal whose variance may be 0
is made without validation. lsqr iterates for as long as rounding lets it, and not only to its usual six digits. Images
are padded with zeros before a correlation, and strides skip places after it.
"""

import numpy as np
from scipy import linalg, ndimage, signal, special, stats
from scipy.cluster import vq
from scipy.sparse.linalg import lsqr
from scipy.spatial import distance

PACKAGES = ("scipy",)
ARRAYS = "numpy"


def _of_rows(function, *tables):
    """The function of the vectors along the last axis."""
    batch = tables[0].shape[:-1]
    rows = zip(*(table.reshape(-1, table.shape[-1]) for table in tables), strict=True)
    return np.array([function(*row) for row in rows]).reshape(batch)


# Gaussians


def mahalanobis_squared(x, mean, covariance):
    points = x.reshape(-1, len(mean))
    return distance.cdist(points, mean[None], "mahalanobis", VI=linalg.inv(covariance)).reshape(x.shape[:-1]) ** 2


def multivariate_normal_log_density(x, mean, covariance):
    return np.reshape(stats.multivariate_normal.logpdf(x, mean, covariance), x.shape[:-1])


def gaussian_maximum_likelihood(data):
    return stats.multivariate_normal.fit(data)


def gaussian_log_likelihood(x, mean, log_scale):
    return stats.norm.logpdf(x, mean, np.exp(log_scale))


def normal_interval_probability(low, high, mean, std):
    return stats.Normal(mu=mean, sigma=std).cdf(low, high)


def total_variance(group_probabilities, group_means, group_variances):
    moments = zip(group_means, np.sqrt(group_variances), strict=True)
    groups = [stats.Normal(mu=mean, sigma=std, validation_policy="skip_all") for mean, std in moments]
    return stats.Mixture(groups, weights=group_probabilities).variance()


# Beta and Bernoulli


def beta_mean(alpha, beta):
    return stats.beta.mean(alpha, beta)


def beta_variance(alpha, beta):
    return stats.beta.var(alpha, beta)


def bernoulli_log_likelihood(theta, successes, trials):
    if not 0 <= successes <= trials:
        raise NotImplementedError("SciPy takes the draws, of which so many cannot be successes")
    draws = np.arange(trials) < successes
    return -np.array([stats.bernoulli.nnlf((p, 0), draws) for p in theta.flat]).reshape(theta.shape)


# Finitely many outcomes


def entropy(p):
    return stats.entropy(p, axis=-1)


def kl_divergence(p, q):
    return stats.entropy(p, q, axis=-1)


def jensen_shannon_divergence(p, q):
    return distance.jensenshannon(p, q, axis=-1) ** 2


def total_variation(p, q):
    return _of_rows(distance.cityblock, p, q) / 2


def expectation(probabilities, values):
    outcome = stats.rv_discrete(values=(np.arange(len(probabilities)), probabilities))
    functions = values.reshape(len(values), -1).T
    return np.array([outcome.expect(lambda k, f=f: f[k]) for f in functions]).reshape(values.shape[1:])


def marginals(joint):
    *batch, causes, outcomes = joint.shape
    tables = [stats.contingency.margins(table) for table in joint.reshape(-1, causes, outcomes)]
    of_causes, of_outcomes = (np.array(sums) for sums in zip(*tables, strict=True))
    return of_causes.reshape(*batch, causes), of_outcomes.reshape(*batch, outcomes)


def evidence(prior, log_likelihood):
    return special.logsumexp(log_likelihood, axis=-1, b=prior)


def exact_posterior(log_joint):
    return special.softmax(log_joint, axis=-1)


def log_add_exp(x, y):
    return special.logsumexp([x, y], axis=0)


def auxiliary_cross_entropy(logits, x_0):
    return -np.take_along_axis(special.log_softmax(logits, axis=-1), x_0[..., None], -1)[..., 0]


def gumbel_noise(uniform):
    return stats.gumbel_r.ppf(uniform).astype(uniform.dtype)


def log_snr(alpha_bar):
    return special.logit(alpha_bar)


def alpha_bar_from_log_snr(log_snr):
    return special.expit(log_snr)


def rate_transition(rate, time):
    return linalg.expm(time[..., None, None] * rate)


# Vectors and matrices


def p_norm(x, p):
    return linalg.norm(x, p, axis=-1)


def cosine_similarity(a, b):
    return 1 - _of_rows(distance.cosine, a, b)


def standardize_vector(x):
    return stats.zscore(x, axis=-1)


def determinant(matrix):
    return linalg.det(matrix)


def least_squares(features, targets):
    return linalg.lstsq(features, targets)[0]


def ridge_regression(features, targets, penalty):
    if not penalty >= 0:
        raise NotImplementedError("lsqr takes the root of the penalty")
    return lsqr(features, targets, damp=np.sqrt(penalty), atol=0, btol=0, conlim=0)[0]


# k-means


def assign_to_centroids(data, centroids):
    return vq.vq(data, centroids)[0].astype(np.int64)


def kmeans_step(data, centroids):
    return kmeans(data, centroids, 1)


def kmeans(data, centroids, num_steps):
    if num_steps == 0:
        raise NotImplementedError("kmeans2 makes at least one iteration")
    return vq.kmeans2(data, centroids, num_steps, minit="matrix")[0]


# Images


def correlation(x, weight, stride=1, padding=0, dilation=1):
    return _places(lambda image: np.stack([_valid(image, kernels) for kernels in weight]), x, stride, padding, dilation)


def depthwise_correlation(x, weight, stride=1, padding=0, dilation=1):
    def channels(image):
        return np.stack([signal.correlate2d(c, w, "valid") for c, w in zip(image, weight, strict=True)])

    return _places(channels, x, stride, padding, dilation)


def causal_convolution(x, weight, dilation=1):
    if dilation != 1:
        raise NotImplementedError("scipy.signal has no dilation")
    past = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(weight.shape[-1] - 1, 0)])
    out = [[_valid(sequence, kernel) for kernel in weight] for sequence in past.reshape(-1, *past.shape[-2:])]
    return np.array(out).reshape(*x.shape[:-2], len(weight), -1)


def overlap_counts(size, kernel_size, stride):
    return tuple(map(int, signal.upfirdn(np.ones(kernel_size), np.ones(size), stride)))


def nearest_centre_resize(image, rows, columns):
    return _zoomed(image, rows, columns, order=0, grid_mode=True)


def bilinear_resize(image, rows, columns):
    return _zoomed(image, rows, columns, order=1, grid_mode=True)


def aligned_bilinear_resize(image, rows, columns):
    return _zoomed(image, rows, columns, order=1, grid_mode=False)


def _valid(image, kernels):
    return signal.correlate(image, kernels, "valid", "direct").squeeze(0)


def _places(correlated, x, stride, padding, dilation):
    """The correlation of each padded image, at every stride-th place."""
    if dilation != 1 or stride < 1:
        raise NotImplementedError("scipy.signal has no dilation, and no stride but by leaving out places")
    padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)
    out = np.stack([correlated(image) for image in padded.reshape(-1, *padded.shape[-3:])])[..., ::stride, ::stride]
    return out.reshape(*x.shape[:-3], *out.shape[1:])


def _zoomed(image, rows, columns, **options):
    height, width = image.shape[-2:]
    if 0 in (height, width):
        raise NotImplementedError("ndimage.zoom takes a factor, and none makes pixels of an image without them")
    factors = [rows / height, columns / width]
    pages = [ndimage.zoom(page, factors, mode="nearest", **options) for page in image.reshape(-1, height, width)]
    return np.array(pages, dtype=image.dtype).reshape(*image.shape[:-2], rows, columns)
