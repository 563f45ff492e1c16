"""Wrong variants of `reference.vision.convolution_adjoint`."""

from torch.nn.functional import conv_transpose2d, pad

from properties.mistakes import mistake, variant
from reference.vision.convolution_adjoint import (
    convolution_matrix,
    overlap_counts,
    transposed_convolution,
    transposed_convolution_size,
)


@mistake(of=convolution_matrix, seen="catalogue R003-166")
def convolution_matrix_transposed(weight, height, width, stride=1, padding=0, dilation=1):
    """rows are pixels and columns are outputs"""
    matrix = convolution_matrix(weight, height, width, stride, padding, dilation)
    return matrix.mT.reshape(matrix.shape)


@mistake(of=convolution_matrix, seen="catalogue R003-166")
def convolution_matrix_of_flipped_kernel(weight, height, width, stride=1, padding=0, dilation=1):
    """the kernel is flipped"""
    return convolution_matrix(weight.flip(-2, -1), height, width, stride, padding, dilation)


@mistake(of=convolution_matrix, seen="catalogue R003-166")
def convolution_matrix_with_channels_last(weight, height, width, stride=1, padding=0, dilation=1):
    """images are flattened with the channel varying fastest"""
    matrix = convolution_matrix(weight, height, width, stride, padding, dilation)
    return matrix.unflatten(1, (-1, height * width)).mT.flatten(1)


@mistake(of=convolution_matrix, seen="catalogue R003-166")
def convolution_matrix_without_check(weight, height, width, stride=1, padding=0, dilation=1):
    """a kernel that does not fit is cropped, and a padding below 0 is taken for 0"""
    padding = max(padding, 0)
    weight = weight[..., : height + 2 * padding, : width + 2 * padding]
    return convolution_matrix(weight, height, width, stride, padding, dilation)


@mistake(of=transposed_convolution_size, seen="catalogue R003-167")
def transposed_convolution_size_of_interpolation(size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0):
    """the size is n s, which is right only where kernel and padding make up for it"""
    transposed_convolution_size(size, kernel_size, stride, padding, dilation, output_padding)
    return size * stride


@mistake(of=transposed_convolution_size, seen="catalogue R003-167")
def transposed_convolution_size_without_output_padding(
    size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0
):
    """the output padding is left out"""
    return transposed_convolution_size(size, kernel_size, stride, padding, dilation, output_padding) - output_padding


@mistake(of=transposed_convolution_size, seen="catalogue R003-167")
def transposed_convolution_size_with_padding_added(
    size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0
):
    """padding makes the result larger instead of smaller"""
    out = transposed_convolution_size(size, kernel_size, stride, padding, dilation, output_padding)
    return out + 4 * padding


@mistake(of=transposed_convolution_size, seen="catalogue R003-167")
def transposed_convolution_size_of_dilated_weights(
    size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0
):
    """a dilated kernel is taken to be d k pixels wide instead of d (k - 1) + 1"""
    out = transposed_convolution_size(size, kernel_size, stride, padding, dilation, output_padding)
    return out + dilation - 1


@mistake(of=transposed_convolution_size, seen="catalogue R003-167")
def transposed_convolution_size_without_check(size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0):
    """an output padding of the stride or more is accepted, and so is an empty result"""
    return (size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1


@mistake(of=transposed_convolution_size, seen="catalogue R003-167")
def transposed_convolution_size_above_one_pixel(size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0):
    """a result of a single pixel is rejected"""
    out = transposed_convolution_size(size, kernel_size, stride, padding, dilation, output_padding)
    if out < 2:
        raise ValueError(f"{out} pixel is too little")
    return out


@mistake(of=transposed_convolution, seen="catalogue R003-166")
def transposed_convolution_with_flipped_kernel(x, weight, stride=1, padding=0, dilation=1, output_padding=0):
    """kernels are flipped, as if the zeros were correlated without flipping"""
    return transposed_convolution(x, weight.flip(-2, -1), stride, padding, dilation, output_padding)


@mistake(of=transposed_convolution, seen="catalogue R003-167")
def transposed_convolution_with_zeros_in_the_output_padding(
    x, weight, stride=1, padding=0, dilation=1, output_padding=0
):
    """the output padding appends zeros instead of pixels that the padding had cut off"""
    transposed_convolution(x, weight, stride, padding, dilation, output_padding)
    return pad(transposed_convolution(x, weight, stride, padding, dilation), (0, output_padding, 0, output_padding))


@mistake(of=transposed_convolution, seen="catalogue R003-167")
def transposed_convolution_with_output_padding_in_front(x, weight, stride=1, padding=0, dilation=1, output_padding=0):
    """the output padding is added at the upper left border"""
    out = transposed_convolution(x.flip(-2, -1), weight.flip(-2, -1), stride, padding, dilation, output_padding)
    return out.flip(-2, -1)


@mistake(of=transposed_convolution, seen="catalogue R003-166")
def transposed_convolution_after_repeating(x, weight, stride=1, padding=0, dilation=1, output_padding=0):
    """pixels are repeated instead of spread out by zeros"""
    out = transposed_convolution(x, weight, stride, padding, dilation, output_padding)
    repeated = x.repeat_interleave(stride, -2).repeat_interleave(stride, -1)
    larger = transposed_convolution(repeated, weight, 1, 0, dilation)[..., padding:, padding:]
    return larger[..., : out.shape[-2], : out.shape[-1]].clone()


@mistake(of=transposed_convolution, seen="catalogue R003-166")
def transposed_convolution_with_padding_left(x, weight, stride=1, padding=0, dilation=1, output_padding=0):
    """nothing is cut off at the upper left border"""
    out = transposed_convolution(x, weight, stride, padding, dilation, output_padding)
    flat = conv_transpose2d(x.reshape(-1, *x.shape[-3:]), weight, None, stride, 0, 0, 1, dilation)
    framed = pad(flat, (0, output_padding, 0, output_padding))[..., : out.shape[-2], : out.shape[-1]]
    return framed.reshape(out.shape).clone()


@mistake(of=transposed_convolution, seen="catalogue R003-166")
def transposed_convolution_without_check(x, weight, stride=1, padding=0, dilation=1, output_padding=0):
    """an output padding of the stride or more repeats the last pixels"""
    if 0 <= output_padding < max(stride, 1):
        stride, padding, dilation = max(stride, 1), max(padding, 0), max(dilation, 1)
        weight = weight if min(weight.shape) else weight.new_ones(*weight.shape[:2], 1, 1)
        smallest = min(dilation * (side - 1) + 1 for side in weight.shape[-2:])
        return transposed_convolution(x, weight, stride, min(padding, (smallest - 1) // 2), dilation, output_padding)
    return transposed_convolution(x, weight, stride, padding, dilation)


@variant(of=transposed_convolution, seen="torch.nn.ConvTranspose2d")
def transposed_convolution_by_matrix(x, weight, stride=1, padding=0, dilation=1, output_padding=0):
    """the transposed matrix of the correlation gives the same"""
    rows, columns = (
        transposed_convolution_size(size, kernel_size, stride, padding, dilation, output_padding)
        for size, kernel_size in zip(x.shape[-2:], weight.shape[-2:], strict=True)
    )
    matrix = convolution_matrix(weight, rows, columns, stride, padding, dilation)
    return (x.flatten(-3) @ matrix).unflatten(-1, (-1, rows, columns))


@mistake(of=overlap_counts, seen="catalogue R003-167")
def overlap_counts_without_gaps(size, kernel_size, stride):
    """every pixel is taken to be reached by k / s others, rounded up"""
    return (-(-kernel_size // stride),) * len(overlap_counts(size, kernel_size, stride))


@mistake(of=overlap_counts, seen="catalogue R003-167")
def overlap_counts_of_stride_1(size, kernel_size, stride):
    """the stride is left out"""
    wanted = len(overlap_counts(size, kernel_size, stride))
    return (overlap_counts(size, kernel_size, 1) + (0,) * wanted)[:wanted]


@mistake(of=overlap_counts, seen="catalogue R003-167")
def overlap_counts_with_one_pixel_more(size, kernel_size, stride):
    """kernels reach one pixel too far"""
    return overlap_counts(size, kernel_size + 1, stride)[: len(overlap_counts(size, kernel_size, stride))]


@mistake(of=overlap_counts, seen="catalogue R003-167")
def overlap_counts_without_check(size, kernel_size, stride):
    """no pixels, or a kernel or stride of 0, are accepted"""
    return overlap_counts(max(size, 1), max(kernel_size, 1), max(stride, 1))


@mistake(of=transposed_convolution, seen="catalogue R003-167")
def transposed_convolution_of_small_paddings(x, weight, stride=1, padding=0, dilation=1, output_padding=0):
    """a padding beyond the kernel, which crops whole stamps, is refused"""
    if padding > dilation * (min(weight.shape[-2:]) - 1):
        raise ValueError("the padding must lie within the kernel")
    return transposed_convolution(x, weight, stride, padding, dilation, output_padding)
