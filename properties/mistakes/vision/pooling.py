"""Wrong variants of `reference.vision.pooling`."""

import torch
from torch.nn.functional import avg_pool2d, max_pool2d, pad

from properties.mistakes import mistake, variant
from reference.vision.pooling import average_pool, average_pool_of_pixels, global_average_pool, max_pool


@mistake(of=max_pool, seen="catalogue R004-011")
def max_pool_over_zeros(x, kernel_size, stride, padding=0):
    """padding takes part as 0 and hides negative pixels at the border"""
    max_pool(x, kernel_size, stride, padding)
    return max_pool(pad(x, (padding,) * 4), kernel_size, stride)


@mistake(of=max_pool, seen="catalogue R004-011")
def max_pool_of_sizes(x, kernel_size, stride, padding=0):
    """the pixel of the largest absolute value is taken"""
    high, low = max_pool(x, kernel_size, stride, padding), -max_pool(-x, kernel_size, stride, padding)
    return torch.where(high.abs() >= low.abs(), high, low)


@mistake(of=max_pool, seen="catalogue R004-011")
def max_pool_with_stride_of_kernel(x, kernel_size, stride, padding=0):
    """windows never overlap: the stride is the kernel size"""
    rows, columns = max_pool(x, kernel_size, stride, padding).shape[-2:]
    apart = max_pool(x, kernel_size, kernel_size, padding)
    i, j = (torch.arange(n).clamp(max=m - 1) for n, m in zip((rows, columns), apart.shape[-2:], strict=True))
    return apart[..., i[:, None], j]


@mistake(of=max_pool, seen="catalogue R004-011")
def max_pool_that_averages(x, kernel_size, stride, padding=0):
    """the mean is taken"""
    return average_pool_of_pixels(x, kernel_size, stride, padding)


@mistake(of=max_pool, seen="pytorch/pytorch, ceil_mode=True")
def max_pool_with_last_part(x, kernel_size, stride, padding=0):
    """a window that reaches beyond the image at the end counts too"""
    max_pool(x, kernel_size, stride, padding)
    flat = x.reshape(-1, 1, *x.shape[-2:])
    pooled = max_pool2d(flat, kernel_size, stride, padding, ceil_mode=True)
    return pooled.reshape(*x.shape[:-2], *pooled.shape[-2:])


@mistake(of=max_pool, seen="catalogue R004-011")
def max_pool_without_check(x, kernel_size, stride, padding=0):
    """windows without a pixel are accepted and return -inf"""
    padding, kernel_size, stride = max(padding, 0), max(kernel_size, 1), max(stride, 1)
    framed = pad(x, (padding + kernel_size,) * 4, value=-torch.inf)
    return max_pool(framed, kernel_size, stride)


@mistake(of=max_pool, seen="catalogue R004-011")
def max_pool_over_a_finite_border(x, kernel_size, stride, padding=0):
    """padding takes part as -10000 and hides lower pixels at the border"""
    max_pool(x, kernel_size, stride, padding)
    return max_pool(pad(x, (padding,) * 4, value=-1e4), kernel_size, stride)


@mistake(of=average_pool, seen="catalogue R004-011")
def average_pool_without_padding_in_the_mean(x, kernel_size, stride, padding=0):
    """only pixels of the image are counted"""
    return average_pool_of_pixels(x, kernel_size, stride, padding)


@mistake(of=average_pool, seen="catalogue R004-011")
def average_pool_added_up(x, kernel_size, stride, padding=0):
    """the sum is not divided by the number of pixels"""
    return average_pool(x, kernel_size, stride, padding) * kernel_size**2


@mistake(of=average_pool, seen="catalogue R004-011")
def average_pool_divided_by_side(x, kernel_size, stride, padding=0):
    """the sum is divided by the side of the window instead of its area"""
    return average_pool(x, kernel_size, stride, padding) * kernel_size


@mistake(of=average_pool, seen="catalogue R004-011")
def average_pool_without_check(x, kernel_size, stride, padding=0):
    """a padding of more than half the window, or below 0, is accepted"""
    padding, kernel_size, stride = max(padding, 0), max(kernel_size, 1), max(stride, 1)
    if 2 * padding > kernel_size:
        return average_pool(pad(x, (padding,) * 4), kernel_size, stride)
    return average_pool(x, min(kernel_size, *x.shape[-2:]), stride, min(padding, min(x.shape[-2:]) // 2))


@mistake(of=average_pool, seen="catalogue R004-011")
def average_pool_of_the_first_image(x, kernel_size, stride, padding=0):
    """all images of a batch get the means of the first"""
    y = average_pool(x, kernel_size, stride, padding)
    return y[:1].expand(y.shape).clone() if y.ndim > 3 else y


@mistake(of=average_pool_of_pixels, seen="catalogue R004-011")
def average_pool_of_pixels_with_padding_in_the_mean(x, kernel_size, stride, padding=0):
    """padding is counted as pixels of value 0"""
    return average_pool(x, kernel_size, stride, padding)


@mistake(of=average_pool_of_pixels, seen="catalogue R004-011")
def average_pool_of_pixels_that_are_not_zero(x, kernel_size, stride, padding=0):
    """black pixels are taken for padding"""
    count = average_pool((x != 0).to(x.dtype), kernel_size, stride, padding)
    return average_pool(x, kernel_size, stride, padding) / count.where(count > 0, 1)


@mistake(of=average_pool_of_pixels, seen="catalogue R004-011")
def average_pool_of_pixels_of_joined_images(x, kernel_size, stride, padding=0):
    """the axes of batch and channels are joined"""
    y = average_pool_of_pixels(x, kernel_size, stride, padding)
    return y.flatten(0, -3)


@variant(of=average_pool_of_pixels, seen="torch.nn.functional.avg_pool2d")
def average_pool_of_pixels_by_torch(x, kernel_size, stride, padding=0):
    """count_include_pad=False is the same"""
    average_pool_of_pixels(x, kernel_size, stride, padding)
    flat = x.reshape(-1, 1, *x.shape[-2:])
    pooled = avg_pool2d(flat, kernel_size, stride, padding, count_include_pad=False)
    return pooled.reshape(*x.shape[:-2], *pooled.shape[-2:])


@mistake(of=global_average_pool, seen="catalogue R004-011")
def global_average_pool_over_channels(x):
    """all channels share one mean"""
    each = global_average_pool(x)
    return each.mean(-1, keepdim=True).expand_as(each).clone()


@mistake(of=global_average_pool, seen="catalogue R004-011")
def global_average_pool_of_maxima(x):
    """the largest pixel is taken"""
    global_average_pool(x)
    return x.amax((-2, -1))


@mistake(of=global_average_pool, seen="catalogue R004-011")
def global_average_pool_without_check(x):
    """an image without pixels has the mean NaN"""
    return x.mean((-2, -1))


@mistake(of=global_average_pool, seen="catalogue R004-011")
def global_average_pool_of_all_but_the_first_axis(x):
    """all axes behind the first are averaged, the channels of a batch too"""
    return global_average_pool(x).flatten(1).mean(1) if x.ndim > 3 else global_average_pool(x)


@mistake(of=global_average_pool, seen="catalogue R004-011")
def global_average_pool_of_two_leading_axes(x):
    """channels are the second axis, whatever the number of axes"""
    return x.flatten(2).mean(2)


@mistake(of=average_pool, seen="catalogue R004-011")
def average_pool_of_batches_alone(x, kernel_size, stride, padding=0):
    """a single plane is refused"""
    if x.ndim == 2:
        raise ValueError("three axes are wanted")
    return average_pool(x, kernel_size, stride, padding)


@mistake(of=average_pool_of_pixels, seen="catalogue R004-011")
def average_pool_of_pixels_of_four_axes(x, kernel_size, stride, padding=0):
    """batches of batches are refused"""
    if x.ndim > 4:
        raise ValueError("at most four axes are wanted")
    return average_pool_of_pixels(x, kernel_size, stride, padding)
