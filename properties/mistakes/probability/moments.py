"""Wrong variants of `reference.probability.moments`."""

import torch

from properties.mistakes import mistake, variant
from reference.probability.moments import (
    Moments,
    add_observation,
    affine_moments,
    covariance_matrix,
    determinant,
    expectation,
    merge_moments,
    moments_of,
    total_variance,
)


@mistake(of=moments_of, seen="catalogue R003-019")
def moments_of_by_mean_of_squares(data):
    """n mean mean^T is subtracted from the sum of x x^T, which cancels far from 0"""
    moments = moments_of(data)
    return moments._replace(scatter=data.T @ data - len(data) * torch.outer(moments.mean, moments.mean))


@mistake(of=moments_of, seen="catalogue R003-061")
def moments_of_with_covariance(data):
    """the covariance stands for the scatter: it is divided by n"""
    moments = moments_of(data)
    return moments._replace(scatter=moments.scatter / max(len(data), 1))


@mistake(of=moments_of, seen="catalogue R003-061")
def moments_of_independent_dimensions(data):
    """only variances are kept, and covariances are 0"""
    moments = moments_of(data)
    return moments._replace(scatter=moments.scatter.diagonal().diag())


@mistake(of=moments_of, seen="torch.mean of no rows")
def moments_of_nothing_are_nan(data):
    """no rows have a mean of NaN, so that nothing can be added to them"""
    return moments_of(data)._replace(mean=data.mean(0))


@mistake(of=merge_moments, seen="hmmlearn/hmmlearn#78")
def merge_moments_without_spread_of_means(a, b):
    """the scatters are added without the spread of the two means"""
    return merge_moments(a, b)._replace(scatter=a.scatter + b.scatter)


@mistake(of=merge_moments, seen="catalogue R003-019")
def merge_moments_with_mean_of_means(a, b):
    """the mean is that of the two means, whatever the sizes of the groups"""
    return merge_moments(a, b)._replace(mean=(a.mean + b.mean) / 2)


@mistake(of=merge_moments, seen="catalogue R003-019")
def merge_moments_by_mean_of_squares(a, b):
    """sums of x x^T are restored, added and made central again, which cancels far from 0"""
    merged = merge_moments(a, b)
    squares = [m.scatter + m.num_samples * torch.outer(m.mean, m.mean) for m in (a, b)]
    return merged._replace(scatter=sum(squares) - merged.num_samples * torch.outer(merged.mean, merged.mean))


@mistake(of=merge_moments, seen="catalogue R003-019")
def merge_moments_of_nothing_are_nan(a, b):
    """two empty groups divide by their number, 0"""
    merged = merge_moments(a, b)
    return merged._replace(mean=a.mean + (b.mean - a.mean) * b.num_samples / merged.num_samples)


@mistake(of=merge_moments, seen="broadcasting in NumPy and PyTorch")
def merge_moments_that_broadcasts(a, b):
    """a group of numbers is taken for vectors whose elements are all equal"""
    total = a.num_samples + b.num_samples
    divisor = total.clamp(min=1)
    delta = b.mean - a.mean
    between = torch.outer(delta, delta) * a.num_samples * b.num_samples / divisor
    return Moments(total, a.mean + delta * b.num_samples / divisor, a.scatter + b.scatter + between)


@variant(of=merge_moments, seen="Chan, Golub & LeVeque 1979")
def merge_moments_from_the_other_side(a, b):
    """the groups change places, and the deviation its sign"""
    return merge_moments(b, a)


@mistake(of=merge_moments, seen="catalogue R003-019")
def merge_moments_that_overflows(a, b):
    """the numbers of vectors are multiplied in 32 bits, which millions overflow"""
    merged = merge_moments(a, b)
    delta = b.mean - a.mean
    product, whole = a.num_samples * b.num_samples, a.num_samples.int() * b.num_samples.int()
    return merged._replace(
        scatter=merged.scatter + torch.outer(delta, delta) * (whole - product) / merged.num_samples.clamp(min=1)
    )


@mistake(of=add_observation, seen="Knuth, TAOCP 2, section 4.2.2")
def add_observation_with_old_mean_twice(moments, x):
    """both deviations are from the old mean"""
    delta = x - moments.mean
    return add_observation(moments, x)._replace(scatter=moments.scatter + torch.outer(delta, delta))


@mistake(of=add_observation, seen="Knuth, TAOCP 2, section 4.2.2")
def add_observation_with_new_mean_twice(moments, x):
    """both deviations are from the new mean"""
    added = add_observation(moments, x)
    delta = x - added.mean
    return added._replace(scatter=moments.scatter + torch.outer(delta, delta))


@mistake(of=add_observation, seen="catalogue R003-019")
def add_observation_over_old_count(moments, x):
    """the deviation is divided by the number before instead of the number after"""
    divisor = moments.num_samples.clamp(min=1)
    return add_observation(moments, x)._replace(mean=moments.mean + (x - moments.mean) / divisor)


@mistake(of=add_observation, seen="torch.nn.BatchNorm1d with momentum")
def add_observation_with_momentum(moments, x):
    """every observation has a tenth of the weight: this is a moving average"""
    return add_observation(moments, x)._replace(mean=0.9 * moments.mean + 0.1 * x)


@variant(of=add_observation, seen="Knuth, TAOCP 2, section 4.2.2")
def add_observation_by_old_and_new_mean(moments, x):
    """delta (x - mean')^T is symmetric up to rounding"""
    after = add_observation(moments, x)
    return after._replace(scatter=moments.scatter + torch.outer(x - moments.mean, x - after.mean))


@mistake(of=covariance_matrix, seen="catalogue R003-061")
def covariance_matrix_of_a_sample(moments, ddof=1):
    """n - 1 divides by default"""
    return covariance_matrix(moments, ddof)


@mistake(of=covariance_matrix, seen="catalogue R003-059")
def covariance_matrix_of_the_data(moments, ddof=0):
    """n divides, whatever ddof says"""
    covariance_matrix(moments, ddof)
    return covariance_matrix(moments)


@mistake(of=covariance_matrix, seen="numpy.cov")
def covariance_matrix_of_too_few(moments, ddof=0):
    """a divisor of 0 or less gives NaN, infinity or negative variances"""
    return moments.scatter / (moments.num_samples - ddof)


@mistake(of=covariance_matrix, seen="catalogue R003-061")
def covariance_matrix_that_is_a_correlation(moments, ddof=0):
    """correlations are returned, with 1 on the diagonal"""
    covariance = covariance_matrix(moments, ddof)
    std = covariance.diagonal().sqrt()
    return covariance / torch.outer(std, std)


@mistake(of=covariance_matrix, seen="catalogue R003-019")
def covariance_matrix_with_ddof_added(moments, ddof=0):
    """ddof is added to n"""
    covariance_matrix(moments, ddof)
    return moments.scatter / (moments.num_samples + ddof)


@mistake(of=affine_moments, seen="catalogue R003-059")
def affine_moments_with_matrix_once(mean, covariance, matrix, offset):
    """the map is applied to the standard deviations one by one, as if dimensions were independent"""
    return affine_moments(mean, covariance.diagonal().diag(), matrix, offset)


@mistake(of=affine_moments, seen="catalogue R003-059")
def affine_moments_with_offset_in_covariance(mean, covariance, matrix, offset):
    """the offset adds to the covariance as well"""
    centre, spread = affine_moments(mean, covariance, matrix, offset)
    return centre, spread + torch.outer(offset, offset)


@mistake(of=affine_moments, seen="catalogue R003-059")
def affine_moments_without_offset(mean, covariance, matrix, offset):
    """the offset is left out of the mean"""
    return affine_moments(mean, covariance, matrix, 0 * offset)


@mistake(of=expectation, seen="catalogue R003-055")
def expectation_over_the_support(probabilities, values):
    """all outcomes count alike"""
    return values.mean(0)


@mistake(of=expectation, seen="catalogue R003-055")
def expectation_of_the_mode(probabilities, values):
    """the value of the most probable outcome is returned"""
    return values[probabilities.argmax()].clone()


@mistake(of=expectation, seen="catalogue R003-056")
def expectation_divided_by_outcomes(probabilities, values):
    """the weighted values are averaged instead of added"""
    return expectation(probabilities, values) / len(probabilities)


@mistake(of=total_variance, seen="hmmlearn/hmmlearn#78")
def total_variance_within_groups(group_probabilities, group_means, group_variances):
    """the spread of the group means is left out"""
    return group_probabilities @ group_variances


@mistake(of=total_variance, seen="catalogue R003-059")
def total_variance_between_groups(group_probabilities, group_means, group_variances):
    """only the spread of the group means is counted"""
    return total_variance(group_probabilities, group_means, 0 * group_variances)


@mistake(of=total_variance, seen="catalogue R003-059")
def total_variance_of_equal_groups(group_probabilities, group_means, group_variances):
    """the mean of the whole is the plain mean of the groups' means"""
    return group_probabilities @ (group_variances + (group_means - group_means.mean()).square())


@mistake(of=total_variance, seen="catalogue R003-019")
def total_variance_by_mean_of_squares(group_probabilities, group_means, group_variances):
    """the squared mean is subtracted from the mean square, which cancels far from 0"""
    square = (group_probabilities @ group_means).square()
    return group_probabilities @ (group_variances + group_means.square()) - square


@mistake(of=determinant, seen="catalogue R003-060")
def determinant_without_sign_of_exchanges(matrix):
    """exchanges of rows do not turn the sign: this is the volume"""
    return determinant(matrix).abs()


@mistake(of=determinant, seen="catalogue R003-060")
def determinant_by_diagonal(matrix):
    """the elements on the diagonal are multiplied, as if the matrix were triangular"""
    determinant(matrix)
    return matrix.diagonal().prod()


@mistake(of=determinant, seen="catalogue R003-060")
def determinant_by_permanent(matrix):
    """the rule of Sarrus with every sign positive is used for three rows"""
    if matrix.shape != (3, 3):
        return determinant(matrix)
    places = [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (1, 0, 2), (2, 1, 0)]
    return torch.stack([matrix[range(3), list(columns)].prod() for columns in places]).sum()


@mistake(of=determinant, seen="catalogue R003-060")
def determinant_without_pivoting(matrix):
    """rows are not exchanged, so that a zero on the way gives NaN and a tiny pivot loses every digit"""
    determinant(matrix)
    rest, product = matrix, matrix.new_ones(())
    while len(rest):
        product = product * rest[0, 0]
        rest = rest[1:, 1:] - rest[1:, :1] / rest[0, 0] * rest[:1, 1:]
    return product


@mistake(of=determinant, seen="E003-017")
def determinant_as_factor_of_length(matrix):
    """the n-th root is taken: the factor of length, if the matrix scales all directions alike"""
    value = determinant(matrix)
    return value.sign() * value.abs() ** (1 / max(len(matrix), 1))


@mistake(of=determinant, seen="catalogue R003-060")
def determinant_of_the_gram_matrix(matrix):
    """the root of det(A^T A) is taken, which any shape has: the volume, without a sign"""
    return determinant(matrix.T @ matrix).clamp(min=0).sqrt()


@variant(of=determinant, seen="torch.linalg.det")
def determinant_by_laplace_expansion(matrix):
    """minors of the first column are added with signs that alternate, in n! steps instead of n^3"""
    whole = determinant(matrix)
    if not len(matrix):
        return whole
    minors = [torch.cat([matrix[:i, 1:], matrix[i + 1 :, 1:]]) for i in range(len(matrix))]
    terms = [(-1) ** i * matrix[i, 0] * determinant_by_laplace_expansion(minor) for i, minor in enumerate(minors)]
    return torch.stack(terms).sum()


@variant(of=determinant, seen="numpy.linalg.det")
def determinant_by_its_logarithm(matrix):
    """sign times exp(log |det|) is off by as many roundings as the logarithm is large"""
    sign, log_size = torch.linalg.slogdet(matrix)
    return sign * log_size.exp()
