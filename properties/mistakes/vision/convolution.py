"""Wrong variants of `reference.vision.convolution`."""

import torch
from torch.nn.functional import conv1d, conv2d, pad

from properties.mistakes import mistake, variant
from reference.vision.convolution import (
    block_diagonal_weight,
    causal_convolution,
    convolution_layer,
    convolution_multiply_adds,
    convolution_size,
    convolution_weight_count,
    correlation,
    depthwise_correlation,
    grouped_correlation,
    image_windows,
    receptive_field,
)


@mistake(of=convolution_size, seen="catalogue R003-036")
def convolution_size_rounded_up(size, kernel_size, stride=1, padding=0, dilation=1):
    """the number of steps is rounded up, so that the last window reaches beyond the image"""
    convolution_size(size, kernel_size, stride, padding, dilation)
    return -(-(size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride) + 1


@mistake(of=convolution_size, seen="catalogue R003-036")
def convolution_size_of_padding_on_one_side(size, kernel_size, stride=1, padding=0, dilation=1):
    """the padding is counted once instead of on both sides"""
    convolution_size(size, kernel_size, stride, padding, dilation)
    return (size + padding - dilation * (kernel_size - 1) - 1) // stride + 1


@mistake(of=convolution_size, seen="catalogue R003-036")
def convolution_size_of_dilated_weights(size, kernel_size, stride=1, padding=0, dilation=1):
    """a dilated kernel is taken to be d k pixels wide instead of d (k - 1) + 1"""
    convolution_size(size, kernel_size, stride, padding, dilation)
    return (size + 2 * padding - dilation * kernel_size) // stride + 1


@mistake(of=convolution_size, seen="catalogue R003-036")
def convolution_size_without_first_place(size, kernel_size, stride=1, padding=0, dilation=1):
    """the place at which the kernel begins is not counted"""
    return convolution_size(size, kernel_size, stride, padding, dilation) - 1


@mistake(of=convolution_size, seen="catalogue R003-036")
def convolution_size_without_check(size, kernel_size, stride=1, padding=0, dilation=1):
    """a kernel that does not fit, or a stride of 0, is accepted"""
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // (stride or 1) + 1


@mistake(of=image_windows, seen="catalogue R003-036")
def image_windows_with_swapped_axes(x, kernel_height, kernel_width, stride=1, dilation=1):
    """rows and columns are exchanged, of the places and in the windows"""
    windows = image_windows(x.mT, kernel_width, kernel_height, stride, dilation)
    return windows.reshape(image_windows(x, kernel_height, kernel_width, stride, dilation).shape)


@mistake(of=image_windows, seen="catalogue R003-036")
def image_windows_flipped(x, kernel_height, kernel_width, stride=1, dilation=1):
    """the pixels of each window are in reverse order"""
    return image_windows(x, kernel_height, kernel_width, stride, dilation).flip(-2, -1)


@mistake(of=image_windows, seen="catalogue R003-036")
def image_windows_without_dilation(x, kernel_height, kernel_width, stride=1, dilation=1):
    """windows hold neighbouring pixels whatever the dilation"""
    rows, columns = image_windows(x, kernel_height, kernel_width, stride, dilation).shape[-4:-2]
    return image_windows(x, kernel_height, kernel_width, stride)[..., :rows, :columns, :, :].clone()


@mistake(of=image_windows, seen="catalogue R003-036")
def image_windows_without_check(x, kernel_height, kernel_width, stride=1, dilation=1):
    """a kernel that does not fit finds zeros where there is no pixel, and strides below 1 are taken for 1"""
    stride, dilation = max(stride, 1), max(dilation, 1)
    high, wide = (dilation * max(size, 1) for size in (kernel_height, kernel_width))
    height, width = x.shape[-2:]
    framed = pad(x, (0, max(wide - width, 0), 0, max(high - height, 0)))
    return image_windows(framed, max(kernel_height, 1), max(kernel_width, 1), stride, dilation)


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_with_flipped_kernel(x, weight, stride=1, padding=0, dilation=1):
    """the kernel is flipped, as convolution is defined in mathematics"""
    return correlation(x, weight.flip(-2, -1), stride, padding, dilation)


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_with_transposed_kernel(x, weight, stride=1, padding=0, dilation=1):
    """rows and columns of the kernel are exchanged"""
    return correlation(x, weight.mT.reshape(weight.shape), stride, padding, dilation)


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_with_padding_behind(x, weight, stride=1, padding=0, dilation=1):
    """all padding is put at the right and the lower border"""
    return correlation(pad(x, (0, 2 * padding, 0, 2 * padding)), weight, stride, 0, dilation)


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_with_repeated_border(x, weight, stride=1, padding=0, dilation=1):
    """padding repeats the border instead of being 0"""
    correlation(x, weight, stride, padding, dilation)
    flat = pad(x.reshape(-1, *x.shape[-3:]), (padding,) * 4, mode="replicate")
    return correlation(flat.reshape(*x.shape[:-2], *flat.shape[-2:]), weight, stride, 0, dilation)


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_with_ignored_dilation(x, weight, stride=1, padding=0, dilation=1):
    """the dilation decides on the size and not on the pixels"""
    rows, columns = correlation(x, weight, stride, padding, dilation).shape[-2:]
    return correlation(x, weight, stride, padding)[..., :rows, :columns].clone()


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_averaged_over_channels(x, weight, stride=1, padding=0, dilation=1):
    """channels are averaged instead of added up"""
    return correlation(x, weight, stride, padding, dilation) / weight.shape[1]


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_with_offset_stride(x, weight, stride=1, padding=0, dilation=1):
    """of s places the last is kept instead of the first"""
    correlation(x, weight, stride, padding, dilation)
    every = correlation(x, weight, 1, padding, dilation)
    behind = pad(every, (0, stride - 1, 0, stride - 1))
    return behind[..., stride - 1 :: stride, stride - 1 :: stride].clone()


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_without_check(x, weight, stride=1, padding=0, dilation=1):
    """a padding below 0 crops the image, and a kernel that does not fit is cropped too"""
    cropped = weight[..., : x.shape[-2] + 2 * max(padding, 0), : x.shape[-1] + 2 * max(padding, 0)]
    if padding < 0 or cropped.shape != weight.shape:
        return conv2d(pad(x, (padding,) * 4), cropped, None, stride, 0, dilation)
    return correlation(x, weight, stride, padding, dilation)


@mistake(of=correlation, seen="catalogue R003-036")
def correlation_that_broadcasts(x, weight, stride=1, padding=0, dilation=1):
    """a single channel, of the image or of the kernels, is repeated for all others"""
    channels = max(x.shape[-3], weight.shape[1])
    x = x.expand(*x.shape[:-3], channels, *x.shape[-2:]) if x.shape[-3] == 1 else x
    return correlation(x, weight.expand(-1, channels, -1, -1), stride, padding, dilation)


@variant(of=correlation, seen="torch.nn.functional.unfold")
def correlation_by_matrix_of_windows(x, weight, stride=1, padding=0, dilation=1):
    """windows laid out as columns of a matrix and multiplied by the flattened kernels give the same"""
    rows, columns = correlation(x, weight, stride, padding, dilation).shape[-2:]
    flat = x.reshape(-1, *x.shape[-3:])
    windows = torch.nn.functional.unfold(flat, weight.shape[-2:], dilation, padding, stride)
    return (weight.flatten(1) @ windows).reshape(*x.shape[:-3], -1, rows, columns)


@mistake(of=convolution_layer, seen="catalogue R004-010")
def convolution_layer_with_bias_of_every_channel(x, weight, bias, stride=1, padding=0, dilation=1):
    """the bias is added once for every input channel"""
    return convolution_layer(x, weight, bias * weight.shape[1], stride, padding, dilation)


@mistake(of=convolution_layer, seen="catalogue R004-010")
def convolution_layer_with_flipped_kernel(x, weight, bias, stride=1, padding=0, dilation=1):
    """the kernel is flipped, as convolution is defined in mathematics"""
    return convolution_layer(x, weight.flip(-2, -1), bias, stride, padding, dilation)


@mistake(of=convolution_layer, seen="catalogue R004-010")
def convolution_layer_without_bias(x, weight, bias, stride=1, padding=0, dilation=1):
    """the bias is left out"""
    return convolution_layer(x, weight, 0 * bias, stride, padding, dilation)


@mistake(of=convolution_layer, seen="catalogue R003-036")
def convolution_layer_with_stride_1(x, weight, bias, stride=1, padding=0, dilation=1):
    """the stride only crops the result"""
    rows, columns = convolution_layer(x, weight, bias, stride, padding, dilation).shape[-2:]
    return convolution_layer(x, weight, bias, 1, padding, dilation)[..., :rows, :columns].clone()


@mistake(of=convolution_layer, seen="catalogue R004-010")
def convolution_layer_with_bias_on_the_first_axis(x, weight, bias, stride=1, padding=0, dilation=1):
    """the bias is added along the first axis, which is that of the batch if there is one"""
    y = correlation(x, weight, stride, padding, dilation)
    return y + bias.reshape(-1, *[1] * (y.ndim - 1))


@mistake(of=grouped_correlation, seen="catalogue R003-037")
def grouped_correlation_of_interleaved_channels(x, weight, groups, stride=1, padding=0, dilation=1):
    """a group has every g-th channel instead of neighbouring ones"""
    grouped_correlation(x, weight, groups, stride, padding, dilation)
    mixed = x.unflatten(-3, (-1, groups)).transpose(-4, -3).flatten(-4, -3)
    return grouped_correlation(mixed, weight, groups, stride, padding, dilation)


@mistake(of=grouped_correlation, seen="catalogue R003-037")
def grouped_correlation_with_shuffled_outputs(x, weight, groups, stride=1, padding=0, dilation=1):
    """the outputs of the groups take turns, as behind a channel shuffle"""
    out = grouped_correlation(x, weight, groups, stride, padding, dilation)
    return out.unflatten(-3, (groups, -1)).transpose(-4, -3).flatten(-4, -3)


@mistake(of=grouped_correlation, seen="catalogue R003-037")
def grouped_correlation_of_first_group(x, weight, groups, stride=1, padding=0, dilation=1):
    """all outputs see the channels of the first group"""
    grouped_correlation(x, weight, groups, stride, padding, dilation)
    return correlation(x[..., : weight.shape[1], :, :], weight, stride, padding, dilation)


@mistake(of=grouped_correlation, seen="catalogue R003-037")
def grouped_correlation_without_check(x, weight, groups, stride=1, padding=0, dilation=1):
    """channels and outputs that are left over are dropped"""
    groups = max(groups, 1)
    each = len(weight) // groups
    parts = [x[..., g * weight.shape[1] :, :, :][..., : weight.shape[1], :, :] for g in range(groups)]
    kernels = [weight[g * each : (g + 1) * each, : part.shape[-3]] for g, part in enumerate(parts)]
    pairs = zip(parts, kernels, strict=True)
    return torch.cat([correlation(part, w, stride, padding, dilation) for part, w in pairs], -3)


@mistake(of=grouped_correlation, seen="catalogue R003-037")
def grouped_correlation_of_the_first_image(x, weight, groups, stride=1, padding=0, dilation=1):
    """all images of a batch get the channels of the first"""
    y = grouped_correlation(x, weight, groups, stride, padding, dilation)
    return y[:1].expand(y.shape).clone() if y.ndim > 3 else y


@mistake(of=block_diagonal_weight, seen="catalogue R003-037")
def block_diagonal_weight_on_every_block(weight, groups):
    """the kernels of a group are repeated for all channels instead of being 0 elsewhere"""
    block_diagonal_weight(weight, groups)
    return weight.repeat(1, groups, 1, 1)


@mistake(of=block_diagonal_weight, seen="catalogue R003-037")
def block_diagonal_weight_by_turns(weight, groups):
    """outputs are dealt out to the groups in turn"""
    dense = block_diagonal_weight(weight, groups)
    return dense.unflatten(0, (groups, -1)).transpose(0, 1).flatten(0, 1)


@mistake(of=block_diagonal_weight, seen="catalogue R003-037")
def block_diagonal_weight_without_check(weight, groups):
    """outputs that fit into no group are dropped"""
    whole = len(weight) // max(groups, 1) * max(groups, 1)
    return block_diagonal_weight(weight[:whole], max(groups, 1))


@mistake(of=depthwise_correlation, seen="catalogue R003-038")
def depthwise_correlation_added_up(x, weight, stride=1, padding=0, dilation=1):
    """channels are added up, as in a dense correlation, and handed to every output"""
    out = depthwise_correlation(x, weight, stride, padding, dilation)
    return out.sum(-3, keepdim=True).repeat_interleave(len(weight), -3)


@mistake(of=depthwise_correlation, seen="catalogue R003-038")
def depthwise_correlation_with_one_kernel(x, weight, stride=1, padding=0, dilation=1):
    """all channels share the first kernel"""
    return depthwise_correlation(x, weight[:1].expand_as(weight).clone(), stride, padding, dilation)


@mistake(of=depthwise_correlation, seen="catalogue R003-038")
def depthwise_correlation_with_flipped_kernel(x, weight, stride=1, padding=0, dilation=1):
    """kernels are flipped"""
    return depthwise_correlation(x, weight.flip(-2, -1), stride, padding, dilation)


@mistake(of=depthwise_correlation, seen="catalogue R003-038")
def depthwise_correlation_of_the_first_image(x, weight, stride=1, padding=0, dilation=1):
    """all images of a batch get the channels of the first"""
    y = depthwise_correlation(x, weight, stride, padding, dilation)
    return y[:1].expand(y.shape).clone() if y.ndim > 3 else y


@mistake(of=causal_convolution, seen="catalogue R003-036")
def causal_convolution_that_sees_the_future(x, weight, dilation=1):
    """the sequence is padded on both sides, so that outputs depend on what comes later"""
    causal_convolution(x, weight, dilation)
    reach = dilation * (weight.shape[-1] - 1)
    flat = pad(x.reshape(-1, *x.shape[-2:]), (reach // 2, reach - reach // 2))
    return conv1d(flat, weight, None, 1, 0, dilation).reshape(*x.shape[:-2], -1, x.shape[-1])


@mistake(of=causal_convolution, seen="catalogue R003-036")
def causal_convolution_with_flipped_kernel(x, weight, dilation=1):
    """the first weight is that of the present"""
    return causal_convolution(x, weight.flip(-1), dilation)


@mistake(of=causal_convolution, seen="catalogue R003-036")
def causal_convolution_of_the_past_alone(x, weight, dilation=1):
    """the present is left out, as the first layer of a pixel-wise model does"""
    return pad(causal_convolution(x, weight, dilation), (1, 0))[..., :-1].clone()


@mistake(of=causal_convolution, seen="catalogue R003-036")
def causal_convolution_padded_by_kernel(x, weight, dilation=1):
    """the padding is that of dilation 1, with zeros behind to keep the length"""
    causal_convolution(x, weight, dilation)
    missing = (dilation - 1) * (weight.shape[-1] - 1)
    later = pad(x, (0, missing))[..., missing:]
    return causal_convolution(later, weight, dilation)


@mistake(of=causal_convolution, seen="catalogue R003-036")
def causal_convolution_without_check(x, weight, dilation=1):
    """an empty kernel, or a dilation below 1, is accepted"""
    return causal_convolution(x, weight if weight.shape[-1] else pad(weight, (0, 1)), max(dilation, 1))


@mistake(of=causal_convolution, seen="catalogue R003-036")
def causal_convolution_cut_at_the_end(x, weight, dilation=1):
    """the last p numbers of a sequence padded by p on both sides are dropped with [:-p], which is all for p = 0"""
    past = dilation * (weight.shape[-1] - 1)
    y = causal_convolution(x, weight, dilation)
    return torch.cat([y, y[..., :past]], -1)[..., :-past]


@mistake(of=causal_convolution, seen="catalogue R003-036")
def causal_convolution_across_sequences(x, weight, dilation=1):
    """sequences of a batch are joined, so that the past of one is the end of the one before"""
    if x.ndim == 2:
        return causal_convolution(x, weight, dilation)
    y = causal_convolution(x.transpose(0, 1).flatten(1), weight, dilation)
    return y.unflatten(1, (len(x), -1)).transpose(0, 1)


@mistake(of=receptive_field, seen="catalogue R003-161")
def receptive_field_without_dilation(kernel_sizes, strides, dilations):
    """the dilations are left out"""
    receptive_field(kernel_sizes, strides, dilations)
    return receptive_field(kernel_sizes, strides, [1] * len(kernel_sizes))


@mistake(of=receptive_field, seen="catalogue R003-161")
def receptive_field_without_strides(kernel_sizes, strides, dilations):
    """strides are left out, so that every layer adds its kernel less 1"""
    receptive_field(kernel_sizes, strides, dilations)
    return receptive_field(kernel_sizes, [1] * len(kernel_sizes), dilations)


@mistake(of=receptive_field, seen="catalogue R003-161")
def receptive_field_with_own_stride(kernel_sizes, strides, dilations):
    """the stride of a layer counts for its own kernel"""
    receptive_field(kernel_sizes, strides, dilations)
    return receptive_field((1, *kernel_sizes), (*strides, 1), (1, *dilations))


@mistake(of=receptive_field, seen="catalogue R003-161")
def receptive_field_of_summed_kernels(kernel_sizes, strides, dilations):
    """each layer adds its whole kernel instead of what it reaches beyond a pixel"""
    return receptive_field(kernel_sizes, strides, dilations) + len(kernel_sizes) - bool(kernel_sizes)


@mistake(of=receptive_field, seen="catalogue R003-161")
def receptive_field_without_check(kernel_sizes, strides, dilations):
    """layers without a kernel, or with fewer strides than kernels, are accepted"""
    layers = [[max(number, 1) for number in layer] for layer in zip(kernel_sizes, strides, dilations, strict=False)]
    return receptive_field(*zip(*layers, strict=True)) if layers else 1


@mistake(of=convolution_weight_count, seen="catalogue R003-160")
def convolution_weight_count_of_kernel_side(kernel_size, channels, out, groups=1):
    """the kernel counts by its side instead of its area"""
    return convolution_weight_count(kernel_size, channels, out, groups) // kernel_size


@mistake(of=convolution_weight_count, seen="catalogue R003-037")
def convolution_weight_count_with_groups_on_both_sides(kernel_size, channels, out, groups=1):
    """inputs and outputs are both divided by the groups, so that one group is counted alone"""
    return convolution_weight_count(kernel_size, channels, out, groups) // groups


@mistake(of=convolution_weight_count, seen="catalogue R003-038")
def convolution_weight_count_with_bias(kernel_size, channels, out, groups=1):
    """the biases are counted too"""
    return convolution_weight_count(kernel_size, channels, out, groups) + out


@mistake(of=convolution_weight_count, seen="catalogue R003-037")
def convolution_weight_count_without_check(kernel_size, channels, out, groups=1):
    """a number of groups that does not divide the channels is accepted"""
    return kernel_size**2 * channels * out // (groups or 1)


@mistake(of=convolution_multiply_adds, seen="catalogue R003-160")
def convolution_multiply_adds_as_operations(rows, columns, kernel_size, channels, out, groups=1):
    """multiplications and additions are counted apart, which is twice as many"""
    return 2 * convolution_multiply_adds(rows, columns, kernel_size, channels, out, groups)


@mistake(of=convolution_multiply_adds, seen="catalogue R003-160")
def convolution_multiply_adds_without_kernel(rows, columns, kernel_size, channels, out, groups=1):
    """the area of the kernel is left out"""
    return convolution_multiply_adds(rows, columns, kernel_size, channels, out, groups) // kernel_size**2


@mistake(of=convolution_multiply_adds, seen="catalogue R003-160")
def convolution_multiply_adds_without_groups(rows, columns, kernel_size, channels, out, groups=1):
    """groups save nothing"""
    return convolution_multiply_adds(rows, columns, kernel_size, channels, out, groups) * groups


@mistake(of=convolution_multiply_adds, seen="catalogue R003-160")
def convolution_multiply_adds_without_check(rows, columns, kernel_size, channels, out, groups=1):
    """an image without pixels, or a kernel without weights, is accepted"""
    return rows * columns * kernel_size**2 * channels * out // groups


@mistake(of=grouped_correlation, seen="catalogue R003-037")
def grouped_correlation_that_crops(x, weight, groups, stride=1, padding=0, dilation=1):
    """a negative padding is accepted and crops the image"""
    if padding < 0:
        return grouped_correlation(pad(x, (padding,) * 4), weight, groups, stride, 0, dilation)
    return grouped_correlation(x, weight, groups, stride, padding, dilation)


@mistake(of=depthwise_correlation, seen="catalogue R003-038")
def depthwise_correlation_that_crops(x, weight, stride=1, padding=0, dilation=1):
    """a negative padding is accepted and crops the image"""
    if padding < 0:
        return depthwise_correlation(pad(x, (padding,) * 4), weight, stride, 0, dilation)
    return depthwise_correlation(x, weight, stride, padding, dilation)


@mistake(of=convolution_layer, seen="catalogue R003-036")
def convolution_layer_that_crops(x, weight, bias, stride=1, padding=0, dilation=1):
    """a negative padding is accepted and crops the image"""
    if padding < 0:
        return convolution_layer(pad(x, (padding,) * 4), weight, bias, stride, 0, dilation)
    return convolution_layer(x, weight, bias, stride, padding, dilation)


@mistake(of=causal_convolution, seen="catalogue R003-036")
def causal_convolution_of_long_sequences(x, weight, dilation=1):
    """a sequence shorter than the dilated kernel is refused"""
    if x.shape[-1] <= dilation * (weight.shape[-1] - 1):
        raise ValueError("the sequence is shorter than the kernel")
    return causal_convolution(x, weight, dilation)


@mistake(of=receptive_field, seen="catalogue R003-161")
def receptive_field_of_any_dilation(kernel_sizes, strides, dilations):
    """a dilation of 0 is taken for 1"""
    return receptive_field(kernel_sizes, strides, [dilation or 1 for dilation in dilations])
