"""Wrong variants of `reference.vision.resampling`."""

import torch
from torch.nn.functional import interpolate, pad

from properties.mistakes import mistake, variant
from reference.vision.resampling import (
    aligned_bilinear_resize,
    aligned_cubic_resize,
    bilinear_resize,
    cubic_kernel,
    cubic_resize,
    nearest_centre_resize,
    nearest_resize,
)


def resized(image, rows, columns, mode, **options):
    bilinear_resize(image, rows, columns)
    flat = image.reshape(-1, 1, *image.shape[-2:])
    return interpolate(flat, (rows, columns), mode=mode, **options).reshape(*image.shape[:-2], rows, columns).clone()


def within_zeros(resize, image, rows, columns, *options):
    """The middle of the resized image that is continued by its own size of zeros on all sides."""
    resize(image, rows, columns, *options)
    height, width = image.shape[-2:]
    framed = resize(pad(image, (width, width, height, height)), 3 * rows, 3 * columns, *options)
    return framed[..., rows : 2 * rows, columns : 2 * columns].clone()


@mistake(of=nearest_resize, seen="pytorch/pytorch#34808")
def nearest_resize_by_centres(image, rows, columns):
    """the pixel under the centre of a cell is taken, as Pillow and nearest-exact do"""
    return nearest_centre_resize(image, rows, columns)


@mistake(of=nearest_resize, seen="catalogue R003-165")
def nearest_resize_with_aligned_corners(image, rows, columns):
    """the corners are laid on one another"""
    nearest_resize(image, rows, columns)
    height, width = image.shape[-2:]
    i = torch.arange(rows) * (height - 1) // max(rows - 1, 1)
    j = torch.arange(columns) * (width - 1) // max(columns - 1, 1)
    return image[..., i[:, None], j]


@mistake(of=nearest_resize, seen="catalogue R003-165")
def nearest_resize_by_a_rounded_factor(image, rows, columns):
    """the factor is a float32, by which a corner on a border can fall into the pixel before it"""
    nearest_resize(image, rows, columns)
    i, j = (
        (torch.arange(side) * torch.tensor(size / side, dtype=torch.float32)).floor().long().clamp(max=size - 1)
        for size, side in zip(image.shape[-2:], (rows, columns), strict=True)
    )
    return image[..., i[:, None], j]


@mistake(of=nearest_resize, seen="catalogue R003-165")
def nearest_resize_of_tiles(image, rows, columns):
    """the image is repeated instead of its pixels"""
    nearest_resize(image, rows, columns)
    height, width = image.shape[-2:]
    return image[..., (torch.arange(rows) % height)[:, None], torch.arange(columns) % width]


@mistake(of=nearest_resize, seen="catalogue R003-165")
def nearest_resize_with_swapped_sides(image, rows, columns):
    """rows and columns of the result are exchanged"""
    return nearest_resize(image, columns, rows)


@mistake(of=nearest_resize, seen="catalogue R003-165")
def nearest_resize_without_check(image, rows, columns):
    """an image without rows is returned if it is asked for"""
    if min(rows, columns, *image.shape[-2:]) < 1:
        return image.new_zeros(*image.shape[:-2], max(rows, 0), max(columns, 0))
    return nearest_resize(image, rows, columns)


@mistake(of=nearest_centre_resize, seen="OpenCV, INTER_NEAREST")
def nearest_centre_resize_by_corners(image, rows, columns):
    """the pixel under the upper left corner of a cell is taken"""
    return nearest_resize(image, rows, columns)


@mistake(of=nearest_centre_resize, seen="catalogue R003-165")
def nearest_centre_resize_to_the_earlier(image, rows, columns):
    """of two pixels at the same distance the one above or on the left is taken"""
    return nearest_centre_resize(image.flip(-2, -1), rows, columns).flip(-2, -1)


@mistake(of=nearest_centre_resize, seen="catalogue R003-165")
def nearest_centre_resize_by_a_rounded_factor(image, rows, columns):
    """centres are multiplied by a rounded quotient of sides, which brings them below the border of two pixels"""
    nearest_centre_resize(image, rows, columns)
    places = ((image.shape[-2], rows), (image.shape[-1], columns))
    i, j = (((torch.arange(side) + 0.5).double() * (size / side)).long() for size, side in places)
    return image[..., i[:, None], j]


@mistake(of=bilinear_resize, seen="catalogue R003-165")
def bilinear_resize_with_aligned_corners(image, rows, columns):
    """the corners are laid on one another"""
    return aligned_bilinear_resize(image, rows, columns)


@mistake(of=bilinear_resize, seen="catalogue R003-165")
def bilinear_resize_without_half_pixel(image, rows, columns):
    """places are i H / rows without the half pixels, so that the image moves"""
    bilinear_resize(image, rows, columns)
    height, width = image.shape[-2:]
    high, wide = (
        (1 - (torch.arange(side)[:, None] * size / side - torch.arange(size)).abs()).clamp(min=0).to(image.dtype)
        for size, side in ((height, rows), (width, columns))
    )
    return high @ image @ wide.mT


@mistake(of=bilinear_resize, seen="catalogue R003-165")
def bilinear_resize_beyond_a_black_border(image, rows, columns):
    """pixels beyond the border are 0 instead of those of the border"""
    return within_zeros(bilinear_resize, image, rows, columns)


@mistake(of=bilinear_resize, seen="Pillow, BILINEAR")
def bilinear_resize_with_antialiasing(image, rows, columns):
    """the kernel is wider where the image shrinks"""
    return resized(image, rows, columns, "bilinear", align_corners=False, antialias=True)


@mistake(of=bilinear_resize, seen="catalogue R003-165")
def bilinear_resize_without_check(image, rows, columns):
    """images without pixels are accepted"""
    return nearest_resize_without_check(bilinear_resize_or_empty(image, rows, columns), rows, columns)


def bilinear_resize_or_empty(image, rows, columns):
    return image if min(rows, columns, *image.shape[-2:]) < 1 else bilinear_resize(image, rows, columns)


@variant(of=bilinear_resize, seen="torch.nn.functional.interpolate")
def bilinear_resize_by_torch(image, rows, columns):
    """interpolate with align_corners=False gives the same"""
    return resized(image, rows, columns, "bilinear", align_corners=False)


@mistake(of=aligned_bilinear_resize, seen="catalogue R003-165")
def aligned_bilinear_resize_by_centres(image, rows, columns):
    """pixels are cells whose centres lie half a pixel inside the border"""
    return bilinear_resize(image, rows, columns)


@mistake(of=aligned_bilinear_resize, seen="catalogue R003-165")
def aligned_bilinear_resize_up_to_the_last_step(image, rows, columns):
    """places are i (H - 1) / rows, so that the last pixel is never reached"""
    return aligned_bilinear_resize(image, rows + 1, columns + 1)[..., :-1, :-1].clone()


@mistake(of=aligned_bilinear_resize, seen="catalogue R003-165")
def aligned_bilinear_resize_of_the_middle(image, rows, columns):
    """a single row or column is that of the middle"""
    out = aligned_bilinear_resize(image, rows, columns)
    middle = aligned_bilinear_resize(image, 3 if rows == 1 else rows, 3 if columns == 1 else columns)
    i = torch.arange(rows) + (rows == 1)
    j = torch.arange(columns) + (columns == 1)
    return middle[..., i[:, None], j].reshape(out.shape)


@variant(of=aligned_bilinear_resize, seen="torch.nn.functional.interpolate")
def aligned_bilinear_resize_by_torch(image, rows, columns):
    """interpolate with align_corners=True gives the same"""
    return resized(image, rows, columns, "bilinear", align_corners=True)


@mistake(of=cubic_kernel, seen="catalogue R003-165")
def cubic_kernel_of_opencv(distance, a):
    """a is -3/4 whatever was asked for"""
    return cubic_kernel(distance, -0.75)


@mistake(of=cubic_kernel, seen="catalogue R003-165")
def cubic_kernel_with_opposite_slope(distance, a):
    """the sign of a is lost"""
    return cubic_kernel(distance, -a - 1)


@mistake(of=cubic_kernel, seen="catalogue R003-165")
def cubic_kernel_without_far_pixels(distance, a):
    """pixels at a distance above 1 are left out"""
    return cubic_kernel(distance, a) * (distance.abs() <= 1)


@mistake(of=cubic_kernel, seen="catalogue R003-165")
def cubic_kernel_that_continues(distance, a):
    """the outer piece is not cut off at distance 2"""
    d = distance.abs()
    return torch.where(d <= 1, cubic_kernel(distance, a), a * (d - 1) * (d - 2) ** 2)


@mistake(of=cubic_kernel, seen="Mitchell & Netravali 1988, B = 1, C = 0")
def cubic_kernel_of_b_spline(distance, a):
    """the kernel is that of the cubic B-spline, which smooths and does not go through the pixels"""
    d = distance.abs()
    outer = (2 - d).clamp(min=0) ** 3 / 6
    return outer - 4 * (1 - d).clamp(min=0) ** 3 / 6 + 0 * a


@mistake(of=cubic_resize, seen="catalogue R003-165")
def cubic_resize_with_aligned_corners(image, rows, columns, a):
    """the corners are laid on one another"""
    return aligned_cubic_resize(image, rows, columns, a)


@mistake(of=cubic_resize, seen="catalogue R003-165")
def cubic_resize_of_opencv(image, rows, columns, a):
    """a is -3/4 whatever was asked for"""
    return cubic_resize(image, rows, columns, -0.75)


@mistake(of=cubic_resize, seen="catalogue R003-165")
def cubic_resize_by_lines(image, rows, columns, a):
    """the interpolation is linear"""
    return bilinear_resize(image, rows, columns)


@mistake(of=cubic_resize, seen="catalogue R003-165")
def cubic_resize_beyond_a_black_border(image, rows, columns, a):
    """pixels beyond the border are 0 instead of those of the border"""
    return within_zeros(cubic_resize, image, rows, columns, a)


@mistake(of=cubic_resize, seen="catalogue R003-165")
def cubic_resize_clipped(image, rows, columns, a):
    """the result is clipped to the range of the image, so that it cannot overshoot"""
    low, high = image.amin((-2, -1), keepdim=True), image.amax((-2, -1), keepdim=True)
    return cubic_resize(image, rows, columns, a).clamp(low, high)


@mistake(of=cubic_resize, seen="Pillow, BICUBIC")
def cubic_resize_with_antialiasing(image, rows, columns, a):
    """the kernel is wider where the image shrinks"""
    return resized(image, rows, columns, "bicubic", align_corners=False, antialias=True)


@mistake(of=aligned_cubic_resize, seen="catalogue R003-165")
def aligned_cubic_resize_by_centres(image, rows, columns, a):
    """pixels are cells whose centres lie half a pixel inside the border"""
    return cubic_resize(image, rows, columns, a)


@mistake(of=aligned_cubic_resize, seen="catalogue R003-165")
def aligned_cubic_resize_of_opencv(image, rows, columns, a):
    """a is -3/4 whatever was asked for"""
    return aligned_cubic_resize(image, rows, columns, -0.75)


@mistake(of=aligned_bilinear_resize, seen="catalogue R003-165")
def aligned_bilinear_resize_to_the_last_column(image, rows, columns):
    """a single column is the last one"""
    return aligned_bilinear_resize(image.flip(-1) if columns == 1 else image, rows, columns)


@mistake(of=aligned_cubic_resize, seen="catalogue R003-165")
def aligned_cubic_resize_to_the_last_column(image, rows, columns, a):
    """a single column is the last one"""
    return aligned_cubic_resize(image.flip(-1) if columns == 1 else image, rows, columns, a)


@mistake(of=nearest_resize, seen="catalogue R003-165")
def nearest_resize_to_no_column(image, rows, columns):
    """no columns are accepted, and an image without pixels returned"""
    return nearest_resize(image, rows, columns or 1)[..., :columns]
