"""Wrong variants of `reference.diffusion.latents`."""

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.latents import area_downsample, decode_latents, encode_latents


@mistake(of=encode_latents, seen="catalogue R003-146")
def encode_latents_without_scale(mean, log_variance, noise, scale, shift=0.0):
    """the scaling is forgotten, so that the latents keep the variance that the encoder gave them"""
    return encode_latents(mean, log_variance, noise, scale, shift) / scale


@mistake(of=encode_latents, seen="CUHK-AIM-Group/Endora#6")
def encode_latents_divided_by_scale(mean, log_variance, noise, scale, shift=0.0):
    """the latents are divided by the scale instead of multiplied"""
    return encode_latents(mean, log_variance, noise, scale, shift) / scale**2


@mistake(of=encode_latents, seen="huggingface/diffusers#8887")
def encode_latents_without_shift(mean, log_variance, noise, scale, shift=0.0):
    """the shift is forgotten"""
    return encode_latents(mean, log_variance, noise, scale)


@mistake(of=encode_latents, seen="huggingface/diffusers#8887")
def encode_latents_shifted_after_scaling(mean, log_variance, noise, scale, shift=0.0):
    """the shift is subtracted after the scaling instead of before"""
    return encode_latents(mean, log_variance, noise, scale) - shift


@mistake(of=encode_latents, seen="huggingface/diffusers#8887")
def encode_latents_shifted_the_wrong_way(mean, log_variance, noise, scale, shift=0.0):
    """the shift is added instead of subtracted"""
    return encode_latents(mean, log_variance, noise, scale, -shift)


@mistake(of=encode_latents, seen="catalogue R003-146")
def encode_latents_scaled_by_variance(mean, log_variance, noise, scale, shift=0.0):
    """the noise is scaled by the variance instead of the standard deviation"""
    return encode_latents(mean, 2 * log_variance, noise, scale, shift)


@mistake(of=encode_latents, seen="catalogue R003-146")
def encode_latents_without_noise(mean, log_variance, noise, scale, shift=0.0):
    """the mean of the encoder is taken instead of a sample"""
    return encode_latents(mean, log_variance, 0 * noise, scale, shift)


@mistake(of=encode_latents, seen="catalogue R003-146")
def encode_latents_with_unscaled_noise(mean, log_variance, noise, scale, shift=0.0):
    """the mean is scaled, but not the noise that is added to it"""
    return (mean - shift) * scale + torch.exp(log_variance / 2) * noise


@mistake(of=encode_latents, seen="catalogue R003-146")
def encode_latents_with_one_variance(mean, log_variance, noise, scale, shift=0.0):
    """the first log variance of a sample is used for all of its dimensions"""
    return encode_latents(mean, log_variance[..., :1], noise, scale, shift)


@mistake(of=encode_latents, seen="huggingface/diffusers, DiagonalGaussianDistribution")
def encode_latents_with_clamped_log_variance(mean, log_variance, noise, scale, shift=0.0):
    """log variances above 20 count as 20"""
    return encode_latents(mean, log_variance.clamp(max=20.0), noise, scale, shift)


@mistake(of=encode_latents, seen="catalogue R003-146")
def encode_latents_shifted_by_default(mean, log_variance, noise, scale, shift=0.0609):
    """the latents are shifted as in Stable Diffusion 3 unless told otherwise"""
    return encode_latents(mean, log_variance, noise, scale, shift)


@mistake(of=encode_latents, seen="catalogue R003-146")
def encode_latents_without_check(mean, log_variance, noise, scale, shift=0.0):
    """a scale that cannot be undone is accepted"""
    return (mean + torch.exp(log_variance / 2) * noise - shift) * scale


@mistake(of=decode_latents, seen="Project-MONAI/GenerativeModels#214")
def decode_latents_multiplied_by_scale(latents, scale, shift=0.0):
    """the latents are multiplied by the scale once more instead of divided"""
    return latents * scale + decode_latents(0 * latents, scale, shift)


@mistake(of=decode_latents, seen="priyammaz/PyTorch-Adventures#4")
def decode_latents_without_scale(latents, scale, shift=0.0):
    """the decoder gets scaled latents"""
    return latents + decode_latents(0 * latents, scale, shift)


@mistake(of=decode_latents, seen="huggingface/diffusers#8887")
def decode_latents_without_shift(latents, scale, shift=0.0):
    """the shift is not undone"""
    return decode_latents(latents, scale)


@mistake(of=decode_latents, seen="huggingface/diffusers#8887")
def decode_latents_shifted_before_scaling(latents, scale, shift=0.0):
    """the shift is added before the scaling is undone instead of after"""
    return decode_latents(latents + shift, scale)


@mistake(of=decode_latents, seen="huggingface/diffusers#8887")
def decode_latents_shifted_the_wrong_way(latents, scale, shift=0.0):
    """the shift is subtracted on both ways"""
    return decode_latents(latents, scale, -shift)


@mistake(of=decode_latents, seen="catalogue R003-146")
def decode_latents_shifted_by_default(latents, scale, shift=0.0609):
    """the latents are shifted as in Stable Diffusion 3 unless told otherwise"""
    return decode_latents(latents, scale, shift)


@mistake(of=decode_latents, seen="catalogue R003-146")
def decode_latents_without_check(latents, scale, shift=0.0):
    """a scale that cannot be undone is accepted"""
    return latents / torch.tensor(scale, dtype=latents.dtype) + shift


@mistake(of=area_downsample, seen="catalogue R003-145")
def area_downsample_by_nearest(image, factor):
    """one pixel of each block is kept and the others are ignored"""
    return area_downsample(image, factor) * 0 + image[..., ::factor, ::factor]


@mistake(of=area_downsample, seen="catalogue R003-145")
def area_downsample_without_antialiasing(image, factor):
    """bilinear interpolation without antialiasing looks at no more than four pixels of each block"""
    mode = {"mode": "bilinear", "align_corners": False, "antialias": False}
    return torch.nn.functional.interpolate(image, area_downsample(image, factor).shape[-2:], **mode)


@mistake(of=area_downsample, seen="catalogue R003-145")
def area_downsample_by_sum(image, factor):
    """the pixels of a block are added up instead of averaged"""
    return area_downsample(image, factor) * factor**2


@mistake(of=area_downsample, seen="catalogue R003-145")
def area_downsample_divided_once(image, factor):
    """the sum over a block is divided by its side instead of its area"""
    return area_downsample(image, factor) * factor


@mistake(of=area_downsample, seen="catalogue R003-145")
def area_downsample_by_maximum(image, factor):
    """the brightest pixel of each block is taken"""
    area_downsample(image, factor)
    return torch.nn.functional.max_pool2d(image, factor)


@mistake(of=area_downsample, seen="catalogue R003-145")
def area_downsample_of_strided_pixels(image, factor):
    """pixels that lie a block apart are averaged instead of those of one block"""
    height, width = area_downsample(image, factor).shape[-2:]
    return image.reshape(*image.shape[:-2], factor, height, factor, width).mean((-4, -2))


@mistake(of=area_downsample, seen="catalogue R003-145")
def area_downsample_that_drops_the_rest(image, factor):
    """rows and columns that fill no block are cut off in silence, and the mean with them"""
    height, width = (size // max(factor, 1) * max(factor, 1) for size in image.shape[-2:])
    return area_downsample(image[..., :height, :width], max(factor, 1))


@variant(of=area_downsample, seen="torch.nn.functional.interpolate(mode='area')")
def area_downsample_by_adaptive_pooling(image, factor):
    """pooling to a given size takes the same blocks where the factor divides both sizes"""
    return torch.nn.functional.adaptive_avg_pool2d(image, area_downsample(image, factor).shape[-2:])
