"""Wrong variants of `reference.training.dropout`."""

import torch

from properties.mistakes import mistake, variant
from reference.training.dropout import drop_channels, dropout


@mistake(of=dropout, seen="E004-4")
def dropout_of_uniform_above_rate(x, rate, uniform):
    """an element is kept where its uniform number exceeds the rate, so that a number of 0 drops it even at rate 0"""
    return torch.where(uniform > rate, dropout(x, rate, uniform), 0)


@mistake(of=dropout, seen="catalogue R001-059")
def dropout_without_enlarging(x, rate, uniform):
    """what is kept is not divided by 1 - rate, so that the mean shrinks"""
    return dropout(x, rate, uniform) * (1 - rate)


@mistake(of=dropout, seen="catalogue R004-009")
def dropout_with_rate_for_keeping(x, rate, uniform):
    """the rate is taken as the probability of keeping an element"""
    return dropout(x, 1 - rate, uniform)


@mistake(of=dropout, seen="catalogue R004-009")
def dropout_divided_by_rate(x, rate, uniform):
    """what is kept is divided by the rate instead of 1 - rate"""
    return dropout(x, rate, uniform) * (1 - rate) / max(rate, 0.0625)


@mistake(of=dropout, seen="catalogue R001-059")
def dropout_that_enlarges_everything_only(x, rate, uniform):
    """everything is enlarged and nothing dropped"""
    dropout(x, rate, uniform)
    return x / max(1 - rate, 0.0625)


@mistake(of=dropout, seen="catalogue R004-009")
def dropout_that_divides_by_zero(x, rate, uniform):
    """at rate 1 the result is NaN: 0 is divided by 0"""
    dropout(x, rate, uniform)
    return (uniform >= rate) * x / (1 - rate)


@mistake(of=dropout, seen="catalogue R001-059")
def dropout_of_the_kept_variance(x, rate, uniform):
    """what is kept is divided by sqrt(1 - rate), which keeps the mean square and not the mean"""
    return dropout(x, rate, uniform) * (1 - rate) ** 0.5


@mistake(of=dropout, seen="catalogue R001-059")
def dropout_without_check(x, rate, uniform):
    """an impossible rate is brought into [0, 1] in silence"""
    return dropout(x, min(max(rate, 0.0), 1.0), uniform)


@mistake(of=dropout, seen="catalogue R001-059")
def dropout_at_coarse_rates(x, rate, uniform):
    """the rate is rounded to 1 / 256, as a generator of bytes would have it"""
    return dropout(x, round(256 * rate) / 256 if 0 <= rate <= 1 else rate, uniform)


@mistake(of=dropout, seen="catalogue R001-059")
def dropout_by_bytes(x, rate, uniform):
    """the uniform numbers are bytes"""
    return dropout(x, rate, (256 * uniform).floor() / 256)


@variant(of=dropout, seen="catalogue R004-009")
def dropout_by_multiplication(x, rate, uniform):
    """a mask of 0 and 1 is multiplied with the input: for finite numbers the same"""
    dropout(x, rate, uniform)
    return (uniform >= rate).to(x.dtype) * x / (1 - min(rate, 0.96875))


@mistake(of=drop_channels, seen="catalogue R001-059")
def drop_channels_along_rows(x, rate, uniform):
    """the uniform number of a channel decides on rows of pixels"""
    drop_channels(x, rate, uniform)
    rows = uniform.mean(-1)[..., None, None, None] + 0 * x[..., :1, :, :1]
    return dropout(x, rate, rows)


@mistake(of=drop_channels, seen="catalogue R001-059")
def drop_channels_of_the_whole_sample(x, rate, uniform):
    """the first uniform number decides on all channels of a sample"""
    return drop_channels(x, rate, uniform[..., :1].expand(uniform.shape).clone())


@mistake(of=drop_channels, seen="catalogue R001-059")
def drop_channels_without_enlarging(x, rate, uniform):
    """the channels that are kept are not divided by 1 - rate"""
    return drop_channels(x, rate, uniform) * (1 - rate)


@mistake(of=drop_channels, seen="catalogue R001-059")
def drop_channels_without_check(x, rate, uniform):
    """an impossible rate is brought into [0, 1] in silence"""
    return drop_channels(x, min(max(rate, 0.0), 1.0), uniform)


@mistake(of=drop_channels, seen="catalogue R001-059")
def drop_channels_of_batches_alone(x, rate, uniform):
    """an image without a batch is refused"""
    if x.ndim == 3:
        raise ValueError("four axes are wanted")
    return drop_channels(x, rate, uniform)
