"""Wrong variants of `reference.probability.norms`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.probability.norms import cosine_similarity, l2_normalize, min_max_scale, p_norm, standardize_vector


@mistake(of=p_norm, seen="catalogue R003-018")
def p_norm_that_overflows(x, p):
    """powers are formed without taking the largest element out, and overflow or vanish"""
    return p_norm(x, p) if p == math.inf or p < 1 else x.abs().pow(p).sum(-1).pow(1 / p)


@mistake(of=p_norm, seen="catalogue R003-018")
def p_norm_below_one(x, p):
    """the formula is used below 1, where the triangle inequality fails, and l_0 counts"""
    return p_norm(x, p) if p >= 1 else torch.linalg.vector_norm(x, p, -1)


@mistake(of=p_norm, seen="catalogue R003-018")
def p_norm_of_the_largest_for_large_p(x, p):
    """a large p is taken for infinity, so that equal elements count once"""
    return p_norm(x, math.inf if p > 32 else p)


@mistake(of=p_norm, seen="catalogue R003-018")
def p_norm_without_root(x, p):
    """the p-th root is left out"""
    return p_norm(x, p) if p == math.inf else p_norm(x, p) ** p


@mistake(of=p_norm, seen="catalogue R003-018")
def p_norm_of_signed_sum(x, p):
    """signs are kept at p = 1, so that elements cancel"""
    return x.sum(-1) if p == 1 else p_norm(x, p)


@mistake(of=p_norm, seen="catalogue R003-018")
def p_norm_of_means(x, p):
    """the mean of the powers stands for their sum"""
    return p_norm(x, p) / x.shape[-1] ** (1 / p)


@mistake(of=p_norm, seen="numpy.linalg.norm with ord=-inf")
def p_norm_at_infinity_of_the_smallest(x, p):
    """the infinity norm takes the smallest element"""
    return x.abs().amin(-1) if p == math.inf else p_norm(x, p)


@variant(of=p_norm, seen="torch.linalg.vector_norm")
def p_norm_by_library(x, p):
    """the library's norm is the same once the largest element is taken out"""
    largest = p_norm(x, math.inf)
    p_norm(x, p)
    unit = torch.where(largest > 0, largest, 1)
    return unit * torch.linalg.vector_norm(x / unit[..., None], p, -1)


@mistake(of=l2_normalize, seen="catalogue R003-021")
def l2_normalize_with_eps_under_the_root(x):
    """eps is added to the sum of squares, so that short vectors stay short"""
    return x / (x.square().sum(-1, keepdim=True) + 1e-12).sqrt()


@mistake(of=l2_normalize, seen="torch.nn.functional.normalize")
def l2_normalize_with_least_length(x):
    """lengths below 1e-12 are replaced by 1e-12"""
    return torch.nn.functional.normalize(x, dim=-1)


@mistake(of=l2_normalize, seen="catalogue R003-021")
def l2_normalize_over_the_batch(x):
    """columns are scaled instead of rows"""
    return x / torch.where(x.any(0), x.norm(dim=0), 1)


@mistake(of=l2_normalize, seen="catalogue R003-021")
def l2_normalize_of_zero_is_nan(x):
    """a zero vector is divided by its length, which makes NaN of it"""
    return x / p_norm(x, 2)[..., None]


@mistake(of=l2_normalize, seen="E003-007")
def l2_normalize_that_standardizes(x):
    """mean 0 and variance 1 are taken for length 1"""
    return standardize_vector(x)


@mistake(of=l2_normalize, seen="catalogue R003-018")
def l2_normalize_by_l1(x):
    """the sum of absolute values divides"""
    length = p_norm(x, 1)[..., None]
    return x / torch.where(length > 0, length, 1)


@mistake(of=l2_normalize, seen="catalogue R003-021")
def l2_normalize_by_squared_length(x):
    """the squared length divides: the root is left out"""
    return l2_normalize(x) / torch.where(x.any(-1, keepdim=True), p_norm(x, 2)[..., None], 1)


@mistake(of=l2_normalize, seen="torch.nn.functional.normalize")
def l2_normalize_along_axis_1(x):
    """the second axis is normalised, the default, which with two axes is the last"""
    length = x.norm(dim=1, keepdim=True)
    return torch.where(length > 0, x / length, 0)


@mistake(of=min_max_scale, seen="catalogue R003-022")
def min_max_scale_over_everything(data):
    """one range is taken over all features"""
    min_max_scale(data)
    return (data - data.min()) / (data.max() - data.min())


@mistake(of=min_max_scale, seen="sklearn.preprocessing.MaxAbsScaler")
def min_max_scale_by_the_maximum(data):
    """the maximum divides instead of the range"""
    min_max_scale(data)
    return (data - data.amin(0)) / data.abs().amax(0)


@mistake(of=min_max_scale, seen="sklearn.preprocessing.MinMaxScaler")
def min_max_scale_of_constant_features(data):
    """a constant feature is mapped to 0"""
    if not len(data):
        return 1 * data
    low, high = data.amin(0), data.amax(0)
    return (data - low) / torch.where(high > low, high - low, 1)


@mistake(of=min_max_scale, seen="catalogue R003-022")
def min_max_scale_with_eps(data):
    """eps is added to the range, so that 1 is not reached"""
    min_max_scale(data)
    low, high = data.amin(0), data.amax(0)
    return (data - low) / (high - low + 1e-8)


@mistake(of=min_max_scale, seen="catalogue R003-022")
def min_max_scale_to_both_sides(data):
    """the range is [-1, 1]"""
    return 2 * min_max_scale(data) - 1


@mistake(of=min_max_scale, seen="catalogue R003-022")
def min_max_scale_of_magnitudes(data):
    """values are ranked by their magnitude, without their sign"""
    min_max_scale(data)
    sizes = data.abs()
    low, high = sizes.amin(0), sizes.amax(0)
    return (sizes - low) / torch.where(high > low, high - low, 1)


@mistake(of=cosine_similarity, seen="E003-008")
def cosine_similarity_that_is_a_dot_product(a, b):
    """the dot product is not divided by the lengths"""
    return (a * b).sum(-1)


@mistake(of=cosine_similarity, seen="torch.nn.functional.cosine_similarity")
def cosine_similarity_with_least_length(a, b):
    """lengths below 1e-8 are replaced by 1e-8"""
    return torch.nn.functional.cosine_similarity(a, b, dim=-1)


@mistake(of=cosine_similarity, seen="catalogue R003-023")
def cosine_similarity_beyond_one(a, b):
    """rounding carries it past 1, where acos gives NaN"""
    return (l2_normalize(a) * l2_normalize(b)).sum(-1)


@mistake(of=cosine_similarity, seen="catalogue R004-027")
def cosine_similarity_without_sign(a, b):
    """antiparallel vectors count as parallel"""
    return cosine_similarity(a, b).abs()


@mistake(of=cosine_similarity, seen="scipy.spatial.distance.cosine")
def cosine_similarity_as_distance(a, b):
    """1 - cos is returned, the distance"""
    return 1 - cosine_similarity(a, b)


@mistake(of=cosine_similarity, seen="catalogue R003-023")
def cosine_similarity_over_one_length(a, b):
    """only the first vector is normalised"""
    return (l2_normalize(a) * b).sum(-1)


@mistake(of=cosine_similarity, seen="scipy.stats.pearsonr")
def cosine_similarity_that_is_a_correlation(a, b):
    """the means are taken off first: this is the correlation of the elements"""
    return cosine_similarity(a - a.mean(-1, keepdim=True), b - b.mean(-1, keepdim=True))


@mistake(of=standardize_vector, seen="torch.std")
def standardize_vector_with_sample_variance(x):
    """d - 1 divides the squares, so that the length is sqrt(d - 1)"""
    return standardize_vector(x) * math.sqrt((x.shape[-1] - 1) / x.shape[-1])


@mistake(of=standardize_vector, seen="catalogue R003-024")
def standardize_vector_to_length_one(x):
    """the length is 1 instead of sqrt(d)"""
    return standardize_vector(x) / math.sqrt(x.shape[-1])


@mistake(of=standardize_vector, seen="torch.nn.functional.layer_norm")
def standardize_vector_with_eps(x):
    """eps is added to the variance, so that small vectors stay small"""
    return torch.nn.functional.layer_norm(x, x.shape[-1:])


@mistake(of=standardize_vector, seen="catalogue R003-019")
def standardize_vector_by_mean_of_squares(x):
    """the variance is E[x^2] - E[x]^2, which cancels far from 0"""
    mean = x.mean(-1, keepdim=True)
    variance = (x.square().mean(-1, keepdim=True) - mean.square()).clamp(min=0)
    return torch.where(variance > 0, (x - mean) / variance.sqrt(), 0)


@mistake(of=standardize_vector, seen="catalogue R003-026")
def standardize_vector_over_the_batch(x):
    """columns are standardised instead of rows"""
    return standardize_vector(x.mT).mT.clone()


@mistake(of=standardize_vector, seen="arXiv:1910.07467")
def standardize_vector_without_centring(x):
    """the mean is not taken off: this is RMS norm"""
    return math.sqrt(x.shape[-1]) * l2_normalize(x)


@mistake(of=standardize_vector, seen="catalogue R003-020")
def standardize_vector_of_noise(x):
    """equal elements are standardised to what rounding leaves of them"""
    return math.sqrt(x.shape[-1]) * l2_normalize(x - x.mean(-1, keepdim=True))


@mistake(of=standardize_vector, seen="catalogue R003-024")
def standardize_vector_by_variance(x):
    """the variance divides instead of its root"""
    variance = x.var(-1, correction=0, keepdim=True)
    return standardize_vector(x) / torch.where(variance > 0, variance.sqrt(), 1)
