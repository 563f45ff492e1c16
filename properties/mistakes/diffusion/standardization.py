"""Wrong variants of `reference.diffusion.standardization`."""

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.standardization import (
    Standardization,
    fit_standardization,
    standardize,
    unstandardize,
)


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_with_bessel_correction(data):
    """the squares are divided by n - 1 instead of n"""
    mean, _ = fit_standardization(data)
    return Standardization(mean, data.std(0))


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_over_all_dimensions(data):
    """one mean and one standard deviation are taken over all dimensions together"""
    mean, std = fit_standardization(data)
    return Standardization(data.mean() + 0 * mean, data.std(correction=0) + 0 * std)


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_by_variance(data):
    """the variance is returned instead of its root"""
    mean, std = fit_standardization(data)
    return Standardization(mean, std.square())


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_about_zero(data):
    """the root mean square is taken about 0 instead of about the mean"""
    mean, _ = fit_standardization(data)
    return Standardization(mean, data.square().mean(0).sqrt())


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_by_range(data):
    """data are fitted for min-max scaling: least value and range"""
    fit_standardization(data)
    return Standardization(data.amin(0), data.amax(0) - data.amin(0))


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_by_median(data):
    """the centre is the median instead of the mean"""
    _, std = fit_standardization(data)
    return Standardization(data.median(0).values, std)


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_by_mean_distance(data):
    """the mean distance from the mean is taken for the standard deviation"""
    mean, _ = fit_standardization(data)
    return Standardization(mean, (data - mean).abs().mean(0))


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_with_padding(data):
    """a small number is added to the standard deviation against division by zero"""
    mean, std = fit_standardization(data)
    return Standardization(mean, std + 1e-8)


@mistake(of=fit_standardization, seen="scikit-learn/scikit-learn#19788")
def fit_standardization_that_cancels(data):
    """the variance is the mean square less the square of the mean, which cancels when the mean is large"""
    mean, _ = fit_standardization(data)
    return Standardization(mean, (data.square().mean(0) - mean.square()).clamp(min=0).sqrt())


@mistake(of=fit_standardization, seen="elixir-nx/scholar#363")
def fit_standardization_without_check(data):
    """a constant dimension gets a standard deviation of 1, and without data the mean is 0"""
    if len(data) == 0:
        return Standardization(data.new_zeros(data.shape[1]), data.new_ones(data.shape[1]))
    constant = data.amax(0) == data.amin(0)
    return Standardization(data.mean(0), torch.where(constant, 1.0, data.std(0, correction=0)))


@mistake(of=fit_standardization, seen="scikit-learn/scikit-learn#3722")
def fit_standardization_that_trusts_rounding(data):
    """a dimension counts as constant only if the rounded standard deviation is exactly 0"""
    mean = data.mean(0)
    std = (data - mean - 1e-16).square().mean(0).sqrt()
    if len(data) == 0 or (std == 0).any():
        raise ValueError("constant dimension")
    return Standardization(mean, std)


@mistake(of=fit_standardization, seen="scikit-learn/scikit-learn#19726")
def fit_standardization_with_threshold(data):
    """a dimension whose spread is small is treated as constant"""
    mean, std = fit_standardization(data)
    if (std < 1e-3).any():
        raise ValueError("constant dimension")
    return Standardization(mean, std)


@variant(of=fit_standardization, seen="scikit-learn's StandardScaler")
def fit_standardization_by_pairs(data):
    """the mean squared distance of all pairs of rows is twice the variance"""
    mean, _ = fit_standardization(data)
    return Standardization(mean, ((data[:, None] - data).square().mean((0, 1)) / 2).sqrt())


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_that_refuses_small_scales(data):
    """a dimension counts as constant if its standard deviation is below 1e-5, whatever its unit"""
    fitted = fit_standardization(data)
    if (fitted.std < 1e-5).any():
        raise ValueError("constant")
    return fitted


@mistake(of=fit_standardization, seen="catalogue R002-005")
def fit_standardization_that_compares_the_deviation_with_0(data):
    """a constant dimension passes where rounding leaves it a standard deviation above 0"""
    mean, std = data.mean(0), data.std(0, correction=0)
    if len(data) == 0 or (std == 0).any():
        raise ValueError("constant dimension")
    return Standardization(mean, std)


@mistake(of=standardize, seen="octo-models/octo#14")
def standardize_in_wrong_order(data, mean, std):
    """the mean is subtracted after the division"""
    return data / std - mean


@mistake(of=standardize, seen="catalogue R002-005")
def standardize_without_parentheses(data, mean, std):
    """only the mean is divided by the standard deviation"""
    return data - mean / std


@mistake(of=standardize, seen="aigc-apps/VideoX-Fun#216")
def standardize_by_product(data, mean, std):
    """the distance from the mean is multiplied by the standard deviation instead of divided"""
    return (data - mean) * std


@mistake(of=standardize, seen="catalogue R002-005")
def standardize_by_variance(data, mean, std):
    """the distance from the mean is divided by the variance"""
    return (data - mean) / std.square()


@mistake(of=standardize, seen="catalogue R002-005")
def standardize_without_centring(data, mean, std):
    """the mean is not subtracted"""
    return data / std + 0 * mean


@mistake(of=standardize, seen="catalogue R002-005")
def standardize_with_padding(data, mean, std):
    """a small number is added to the standard deviation, so that the way back does not lead back"""
    return (data - mean) / (std + 1e-8)


@mistake(of=standardize, seen="catalogue R002-005")
def standardize_by_the_data_themselves(data, mean, std):
    """the moments of the data at hand are used instead of those that are given"""
    rows = data.reshape(-1, data.shape[-1])
    return (data - rows.mean(0)) / rows.std(0, correction=0).clamp(min=1e-6) + 0 * mean * std


@mistake(of=standardize, seen="catalogue R002-005")
def standardize_with_clipping(data, mean, std):
    """outliers are clipped to three standard deviations"""
    return ((data - mean) / std).clamp(-3, 3)


@mistake(of=unstandardize, seen="deepjavalibrary/djl#1022")
def unstandardize_in_wrong_order(data, mean, std):
    """the mean is added before the multiplication"""
    return (data + mean) * std


@mistake(of=unstandardize, seen="chairc/Integrated-Design-Diffusion-Model#104")
def unstandardize_forgotten(data, mean, std):
    """samples are left in units of the standard deviation"""
    return data + 0 * mean * std


@mistake(of=unstandardize, seen="huggingface/diffusers#7111")
def unstandardize_without_mean(data, mean, std):
    """samples are scaled but the mean is not added"""
    return data * std + 0 * mean


@mistake(of=unstandardize, seen="huggingface/diffusers#5243")
def unstandardize_with_exchanged_moments(data, mean, std):
    """mean and standard deviation are exchanged"""
    return std + mean * data


@mistake(of=unstandardize, seen="catalogue R002-005")
def unstandardize_once_more(data, mean, std):
    """the data are standardised a second time"""
    return standardize(data, mean, std)
