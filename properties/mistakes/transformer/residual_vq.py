"""Wrong variants of `reference.transformer.residual_vq`."""

import itertools
from fractions import Fraction

import torch
from torch.nn.functional import conv2d, interpolate

from properties.mistakes import mistake, variant
from reference.transformer.residual_vq import (
    MultiscaleCode,
    area_resize,
    bicubic_resize,
    blended_convolution,
    multiscale_decode,
    multiscale_encode,
    scale_bounds,
    scale_contribution,
    shared_phi_indices,
)
from reference.transformer.vector_quantization import nearest_code


def resized(image, side, mode, **options):
    flat = image.reshape(-1, *image.shape[-3:])
    return interpolate(flat, size=(side, side), mode=mode, **options).reshape(*image.shape[:-2], side, side)


def encoded(f, codebook, sides, phi, nearest, shrink=area_resize, subtract=lambda rest, h, grown: rest - h):
    """The loop of the encoder with its own way to shrink the rest, and to subtract what a scale explains."""
    f_hat, rest, indices, sums, rests = torch.zeros_like(f), f, [], [], []
    for scale, side in enumerate(sides):
        indices.append(nearest(shrink(rest, side).flatten(-2).mT, codebook))
        h = scale_contribution(indices[-1], codebook, scale, sides, phi)
        grown = scale_contribution(indices[-1], codebook, scale, sides, lambda h, k: h)
        f_hat, rest = f_hat + h, subtract(rest, h, grown)
        sums.append(f_hat)
        rests.append(rest.clone())
    return MultiscaleCode(torch.cat(indices, -1), torch.stack(sums), torch.stack(rests))


@mistake(of=scale_bounds, seen="catalogue R001-088")
def scale_bounds_of_sides(sides):
    """a scale has as many tokens as its side instead of the square of it"""
    scale_bounds(sides)
    return tuple((sum(sides[:k]), sum(sides[: k + 1])) for k in range(len(sides)))


@mistake(of=scale_bounds, seen="catalogue R001-088")
def scale_bounds_with_last_token(sides):
    """the end is the last token instead of the one behind it"""
    return tuple((begin, end - 1) for begin, end in scale_bounds(sides))


@mistake(of=scale_bounds, seen="catalogue R001-087")
def scale_bounds_without_first_scale(sides):
    """positions are counted without those of the first scale"""
    return tuple((begin - sides[0] ** 2, end - sides[0] ** 2) for begin, end in scale_bounds(sides))


@mistake(of=scale_bounds, seen="catalogue R001-088")
def scale_bounds_without_check(sides):
    """no scale, or one of side 0, is accepted"""
    ends = [sum(side**2 for side in sides[:count]) for count in range(len(sides) + 1)]
    return tuple(itertools.pairwise(ends))


@mistake(of=area_resize, seen="catalogue R001-085")
def area_resize_by_nearest_pixel(image, side):
    """one pixel is taken from each cell instead of their mean"""
    area_resize(image, side)
    return resized(image, side, "nearest").clone()


@mistake(of=area_resize, seen="catalogue R001-085")
def area_resize_by_interpolation(image, side):
    """the cells are interpolated without antialiasing instead of averaged"""
    area_resize(image, side)
    return resized(image, side, "bilinear", align_corners=False).clone()


@mistake(of=area_resize, seen="catalogue R001-085")
def area_resize_by_maximum(image, side):
    """the largest pixel of each cell is taken"""
    area_resize(image, side)
    flat = image.reshape(-1, *image.shape[-3:])
    return torch.nn.functional.adaptive_max_pool2d(flat, side).reshape(*image.shape[:-2], side, side)


@mistake(of=area_resize, seen="catalogue R001-085")
def area_resize_without_check(image, side):
    """a side below 1 is taken for 1"""
    return area_resize(image, max(side, 1))


@mistake(of=area_resize, seen="OpenCV, INTER_AREA")
def area_resize_by_share_of_pixels(image, side):
    """a pixel counts by the part of it that lies in the cell"""
    area_resize(image, side)
    fine = image.repeat_interleave(side, -2).repeat_interleave(side, -1)
    return area_resize(fine, side)


@variant(of=area_resize, seen="torch.nn.functional.adaptive_avg_pool2d")
def area_resize_by_adaptive_pooling(image, side):
    """adaptive average pooling is the same"""
    area_resize(image, side)
    flat = image.reshape(-1, *image.shape[-3:])
    return torch.nn.functional.adaptive_avg_pool2d(flat, side).reshape(*image.shape[:-2], side, side).clone()


@mistake(of=bicubic_resize, seen="catalogue R001-085")
def bicubic_resize_by_bilinear(image, side):
    """the interpolation is bilinear"""
    bicubic_resize(image, side)
    return resized(image, side, "bilinear", align_corners=False).clone()


@mistake(of=bicubic_resize, seen="catalogue R001-085")
def bicubic_resize_by_nearest_pixel(image, side):
    """pixels are repeated"""
    bicubic_resize(image, side)
    return resized(image, side, "nearest").clone()


@mistake(of=bicubic_resize, seen="catalogue R001-085")
def bicubic_resize_with_aligned_corners(image, side):
    """the corners of both grids are laid on one another"""
    bicubic_resize(image, side)
    return resized(image, side, "bicubic", align_corners=True).clone()


@mistake(of=bicubic_resize, seen="Pillow, BICUBIC")
def bicubic_resize_with_antialiasing(image, side):
    """the kernel is Pillow's: a = -1/2, and wider where the image shrinks"""
    bicubic_resize(image, side)
    return resized(image, side, "bicubic", align_corners=False, antialias=True).clone()


@mistake(of=bicubic_resize, seen="catalogue R001-085")
def bicubic_resize_beyond_a_black_border(image, side):
    """pixels beyond the border are 0 instead of those of the border"""
    bicubic_resize(image, side)
    height, width = image.shape[-2:]
    padded = torch.nn.functional.pad(image, (width, width, height, height))
    return bicubic_resize(padded, 3 * side)[..., side : 2 * side, side : 2 * side].clone()


@mistake(of=bicubic_resize, seen="catalogue R001-085")
def bicubic_resize_without_check(image, side):
    """a side below 1 is taken for 1"""
    return bicubic_resize(image, max(side, 1))


@mistake(of=blended_convolution, seen="catalogue R001-086")
def blended_convolution_with_swapped_weights(h, weight, bias, ratio):
    """the convolution gets 1 - ratio"""
    return blended_convolution(h, weight, bias, 1 - ratio)


@mistake(of=blended_convolution, seen="catalogue R001-086")
def blended_convolution_as_residual(h, weight, bias, ratio):
    """the convolution is added to all of h"""
    return blended_convolution(h, weight, bias, ratio) + ratio * h


@mistake(of=blended_convolution, seen="catalogue R001-086")
def blended_convolution_without_bias(h, weight, bias, ratio):
    """the bias is left out"""
    return blended_convolution(h, weight, 0 * bias, ratio)


@mistake(of=blended_convolution, seen="catalogue R001-086")
def blended_convolution_that_is_flipped(h, weight, bias, ratio):
    """the weight is flipped, as in a convolution of signal processing"""
    return blended_convolution(h, weight.flip(-1, -2), bias, ratio)


@mistake(of=blended_convolution, seen="catalogue R001-086")
def blended_convolution_with_repeated_border(h, weight, bias, ratio):
    """the border is padded with its own pixels instead of zeros"""
    padded = torch.nn.functional.pad(h.reshape(-1, *h.shape[-3:]), (1, 1, 1, 1), mode="replicate")
    return (1 - ratio) * h + ratio * conv2d(padded, weight, bias).reshape(h.shape)


@mistake(of=blended_convolution, seen="catalogue R001-086")
def blended_convolution_without_small_ratios(h, weight, bias, ratio):
    """the convolution is left out at ratios below a millionth"""
    return blended_convolution(h, weight, bias, ratio if abs(ratio) > 1e-6 else 0.0)


@mistake(of=shared_phi_indices, seen="catalogue R001-086")
def shared_phi_indices_with_even_ticks(num_scales, num_modules):
    """four modules too have ticks (j + 1/2) / 4, which gives VAR's scale 7 the third one"""
    shared_phi_indices(num_scales, num_modules)
    return tuple(min(k * num_modules // (num_scales - 1), num_modules - 1) for k in range(num_scales))


@mistake(of=shared_phi_indices, seen="catalogue R001-086")
def shared_phi_indices_with_earlier_ties(num_scales, num_modules):
    """of two equally near ticks the earlier one is taken"""
    return tuple(num_modules - 1 - j for j in reversed(shared_phi_indices(num_scales, num_modules)))


@mistake(of=shared_phi_indices, seen="catalogue R001-086")
def shared_phi_indices_over_all_scales(num_scales, num_modules):
    """the relative depth is k / K instead of k / (K - 1), so that the last scale is not at 1"""
    return shared_phi_indices(num_scales + 1, num_modules)[:-1]


@mistake(of=shared_phi_indices, seen="catalogue R001-086")
def shared_phi_indices_in_turn(num_scales, num_modules):
    """the modules take turns"""
    return tuple(k % len(set(shared_phi_indices(num_scales, num_modules))) for k in range(num_scales))


@mistake(of=shared_phi_indices, seen="catalogue R001-086")
def shared_phi_indices_of_one_scale(num_scales, num_modules):
    """a single scale, whose relative depth is 0/0, or no module at all is accepted"""
    return shared_phi_indices(max(num_scales, 2), max(num_modules, 1))[: max(num_scales, 1)]


@mistake(of=scale_contribution, seen="catalogue R001-085")
def scale_contribution_with_phi_before_upsampling(indices, codebook, scale, sides, phi):
    """phi is applied to the codes before they are upsampled"""
    own = scale_contribution(indices, codebook, scale, (*sides[:scale], sides[scale]), phi)
    return bicubic_resize(own, sides[-1])


@mistake(of=scale_contribution, seen="catalogue R001-087")
def scale_contribution_that_is_transposed(indices, codebook, scale, sides, phi):
    """the codes are laid out column by column"""
    scale_contribution(indices, codebook, scale, sides, phi)
    square = indices.unflatten(-1, (sides[scale], sides[scale]))
    return scale_contribution(square.mT.flatten(-2), codebook, scale, sides, phi)


@mistake(of=scale_contribution, seen="catalogue R001-087")
def scale_contribution_with_mixed_channels(indices, codebook, scale, sides, phi):
    """the tokens are reshaped to an image without moving the channels first"""
    scale_contribution(indices, codebook, scale, sides, phi)
    grid = codebook[indices].reshape(*indices.shape[:-1], codebook.shape[1], sides[scale], sides[scale])
    return phi(bicubic_resize(grid, sides[-1]), scale)


@mistake(of=scale_contribution, seen="catalogue R001-086")
def scale_contribution_of_first_phi(indices, codebook, scale, sides, phi):
    """every scale uses the phi of the first"""
    return scale_contribution(indices, codebook, scale, sides, lambda h, k: phi(h, 0))


@mistake(of=scale_contribution, seen="catalogue R001-085")
def scale_contribution_without_phi(indices, codebook, scale, sides, phi):
    """phi is left out"""
    return scale_contribution(indices, codebook, scale, sides, lambda h, k: h)


@mistake(of=scale_contribution, seen="catalogue R001-085")
def scale_contribution_by_nearest_pixel(indices, codebook, scale, sides, phi):
    """the codes are repeated instead of upsampled by cubic convolution"""
    scale_contribution(indices, codebook, scale, sides, phi)
    grid = codebook[indices].mT.reshape(*indices.shape[:-1], -1, sides[scale], sides[scale])
    return phi(resized(grid, sides[-1], "nearest"), scale)


@mistake(of=scale_contribution, seen="catalogue R001-122")
def scale_contribution_counted_from_the_end(indices, codebook, scale, sides, phi):
    """a negative scale is counted from the end, as Python indices are"""
    return scale_contribution(indices, codebook, scale % len(sides), sides, phi)


@mistake(of=multiscale_encode, seen="catalogue R001-085")
def multiscale_encode_before_phi(f, codebook, sides, phi, nearest=nearest_code):
    """the upsampled codes are subtracted from the rest before phi is applied"""
    multiscale_encode(f, codebook, sides, phi, nearest)
    return encoded(f, codebook, sides, phi, nearest, subtract=lambda rest, h, grown: rest - grown)


@mistake(of=multiscale_encode, seen="catalogue R001-085")
def multiscale_encode_without_residual(f, codebook, sides, phi, nearest=nearest_code):
    """every scale quantises the features themselves instead of what is left of them"""
    code = multiscale_encode(f, codebook, sides, phi, nearest)
    indices = [nearest(area_resize(f, side).flatten(-2).mT, codebook) for side in sides]
    f_hat = multiscale_decode(torch.cat(indices, -1), codebook, sides, phi)
    return code._replace(indices=torch.cat(indices, -1), f_hat=f_hat, rest=f - f_hat)


@mistake(of=multiscale_encode, seen="catalogue R001-085")
def multiscale_encode_by_cubic_downsampling(f, codebook, sides, phi, nearest=nearest_code):
    """the rest is shrunk by cubic convolution instead of by areas"""
    multiscale_encode(f, codebook, sides, phi, nearest)
    return encoded(f, codebook, sides, phi, nearest, shrink=bicubic_resize)


@mistake(of=multiscale_encode, seen="catalogue R001-085")
def multiscale_encode_that_adds(f, codebook, sides, phi, nearest=nearest_code):
    """what a scale explains is added to the rest"""
    multiscale_encode(f, codebook, sides, phi, nearest)
    return encoded(f, codebook, sides, phi, nearest, subtract=lambda rest, h, grown: rest + h)


@mistake(of=multiscale_encode, seen="catalogue R001-085")
def multiscale_encode_by_columns(f, codebook, sides, phi, nearest=nearest_code):
    """the codes of a scale are listed column by column"""
    turned = multiscale_encode(f.mT, codebook, sides, lambda h, k: phi(h.mT, k).mT, nearest)
    return turned._replace(f_hat=turned.f_hat.mT.clone(), rest=turned.rest.mT.clone())


@mistake(of=multiscale_encode, seen="catalogue R001-085")
def multiscale_encode_that_ignores_the_choice(f, codebook, sides, phi, nearest=nearest_code):
    """the distance decides also where the cosine was asked for"""
    return multiscale_encode(f, codebook, sides, phi)


@mistake(of=multiscale_encode, seen="catalogue R001-085")
def multiscale_encode_of_other_sizes(f, codebook, sides, phi, nearest=nearest_code):
    """features of another size than the last grid are resized to it"""
    sides = sides or (1,)
    return multiscale_encode(bicubic_resize(f, sides[-1]), codebook, sides, phi, nearest)


@variant(of=multiscale_encode, seen="FoundationVision/VAR, models/quant.py")
def multiscale_encode_without_resizing_at_last_scale(f, codebook, sides, phi, nearest=nearest_code):
    """at the last scale both resizings are the identity, so that leaving them out changes nothing"""
    multiscale_encode(f, codebook, sides, phi, nearest)
    return encoded(
        f, codebook, sides, phi, nearest, shrink=lambda x, side: x if side == sides[-1] else area_resize(x, side)
    )


@mistake(of=multiscale_decode, seen="catalogue R001-085")
def multiscale_decode_without_sum(indices, codebook, sides, phi):
    """each scale is returned by itself instead of the sum up to it"""
    sums = multiscale_decode(indices, codebook, sides, phi)
    return torch.cat([sums[:1], sums[1:] - sums[:-1]])


@mistake(of=multiscale_decode, seen="FoundationVision/VAR, models/quant.py, all_to_max_scale=False")
def multiscale_decode_scale_by_scale(indices, codebook, sides, phi):
    """the sum is upsampled from each grid to the next instead of every scale to the last grid"""
    multiscale_decode(indices, codebook, sides, phi)
    f_hat, sums = codebook.new_zeros(*indices.shape[:-1], codebook.shape[1], sides[0], sides[0]), []
    for k, (begin, end) in enumerate(scale_bounds(sides)):
        own = scale_contribution(indices[..., begin:end], codebook, k, sides[: k + 1], phi)
        f_hat = bicubic_resize(f_hat, sides[k]) + own
        sums.append(bicubic_resize(f_hat, sides[-1]))
    return torch.stack(sums)


@mistake(of=multiscale_decode, seen="catalogue R001-087")
def multiscale_decode_one_scale_late(indices, codebook, sides, phi):
    """the sum is taken before a scale is added"""
    sums = multiscale_decode(indices, codebook, sides, phi)
    return torch.cat([0 * sums[:1], sums[:-1]])


@mistake(of=multiscale_decode, seen="catalogue R001-088")
def multiscale_decode_of_longer_sequences(indices, codebook, sides, phi):
    """tokens behind the last scale are ignored"""
    return multiscale_decode(indices[..., : scale_bounds(sides)[-1][1]], codebook, sides, phi)


@mistake(of=shared_phi_indices, seen="catalogue R001-086")
def shared_phi_indices_by_thirds(num_scales, num_modules):
    """ticks begin at a third of a module's share, as four do, whatever their number"""
    if num_modules == 4 or num_modules < 2 or num_scales < 2:
        return shared_phi_indices(num_scales, num_modules)
    edge = Fraction(1, 3 * num_modules)
    ticks = [edge + j * (1 - 2 * edge) / (num_modules - 1) for j in range(num_modules)]
    depths = [Fraction(k, num_scales - 1) for k in range(num_scales)]
    return tuple(min(range(num_modules), key=lambda j: (abs(ticks[j] - depth), -j)) for depth in depths)
