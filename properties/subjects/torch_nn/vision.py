"""Layers of torch.nn that see images or read sequences: convolution, pooling, resizing, recurrence."""

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional

from reference.vision.recurrent import LstmState, RecurrentGradient

# Convolution


def convolution_size(size, kernel_size, stride=1, padding=0, dilation=1):
    line, kernel = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel_size)
    return functional.conv1d(line, kernel, None, stride, padding, dilation).shape[-1]


def image_windows(x, kernel_height, kernel_width, stride=1, dilation=1):
    columns = functional.unfold(_pages(x), (kernel_height, kernel_width), dilation, stride=stride)
    rows = convolution_size(x.shape[-2], kernel_height, stride, 0, dilation)
    return columns.mT.reshape(*x.shape[:-2], rows, -1, kernel_height, kernel_width)


def correlation(x, weight, stride=1, padding=0, dilation=1):
    return grouped_correlation(x, weight, 1, stride, padding, dilation)


def convolution_layer(x, weight, bias, stride=1, padding=0, dilation=1):
    return _of_images(functional.conv2d, x, weight, bias, stride, padding, dilation)


def grouped_correlation(x, weight, groups, stride=1, padding=0, dilation=1):
    return _of_images(functional.conv2d, x, weight, None, stride, padding, dilation, groups)


def depthwise_correlation(x, weight, stride=1, padding=0, dilation=1):
    return grouped_correlation(x, weight[:, None], len(weight), stride, padding, dilation)


def causal_convolution(x, weight, dilation=1):
    past = functional.pad(x.reshape(-1, *x.shape[-2:]), (dilation * (weight.shape[-1] - 1), 0))
    out = functional.conv1d(past, weight, dilation=dilation)
    return out.reshape(*x.shape[:-2], *out.shape[1:])


def convolution_weight_count(kernel_size, channels, out, groups=1):
    return nn.Conv2d(channels, out, kernel_size, groups=groups, device="meta").weight.numel()


def convolution_matrix(weight, height, width, stride=1, padding=0, dilation=1):
    inputs = weight.shape[1] * height * width
    pixels = torch.eye(inputs, dtype=weight.dtype, device=weight.device).reshape(inputs, -1, height, width)
    return functional.conv2d(pixels, weight, None, stride, padding, dilation).flatten(1).mT


def transposed_convolution_size(size, kernel_size, stride=1, padding=0, dilation=1, output_padding=0):
    line, kernel = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel_size)
    return functional.conv_transpose1d(line, kernel, None, stride, padding, output_padding, 1, dilation).shape[-1]


def transposed_convolution(x, weight, stride=1, padding=0, dilation=1, output_padding=0):
    return _of_images(functional.conv_transpose2d, x, weight, None, stride, padding, output_padding, 1, dilation)


def overlap_counts(size, kernel_size, stride):
    stamps = functional.conv_transpose1d(torch.ones(1, 1, size), torch.ones(1, 1, kernel_size), stride=stride)
    return tuple(map(int, stamps.flatten()))


def _of_images(layer, x, *options):
    out = layer(x.reshape(-1, *x.shape[-3:]), *options)
    return out.reshape(*x.shape[:-3], *out.shape[1:])


# Pooling


def max_pool(x, kernel_size, stride, padding=0):
    return _like(functional.max_pool2d(_pages(x), kernel_size, stride, padding), x)


def average_pool(x, kernel_size, stride, padding=0):
    return _like(functional.avg_pool2d(_pages(x), kernel_size, stride, padding), x)


def average_pool_of_pixels(x, kernel_size, stride, padding=0):
    return _like(functional.avg_pool2d(_pages(x), kernel_size, stride, padding, count_include_pad=False), x)


def global_average_pool(x):
    return functional.adaptive_avg_pool2d(_pages(x), 1).reshape(x.shape[:-2])


# Resizing


def nearest_resize(image, rows, columns):
    return _like(functional.interpolate(_pages(image), (rows, columns), mode="nearest"), image)


def nearest_centre_resize(image, rows, columns):
    return _like(functional.interpolate(_pages(image), (rows, columns), mode="nearest-exact"), image)


def bilinear_resize(image, rows, columns):
    return _like(functional.interpolate(_pages(image), (rows, columns), mode="bilinear"), image)


def aligned_bilinear_resize(image, rows, columns):
    resized = functional.interpolate(_pages(image), (rows, columns), mode="bilinear", align_corners=True)
    return _like(resized, image)


def cubic_resize(image, rows, columns, a):
    return _cubic(image, rows, columns, a, align_corners=False)


def aligned_cubic_resize(image, rows, columns, a):
    return _cubic(image, rows, columns, a, align_corners=True)


def _cubic(image, rows, columns, a, **options):
    if a != -0.75:
        raise NotImplementedError("interpolate has no cubic convolution but that of a = -0.75")
    return _like(functional.interpolate(_pages(image), (rows, columns), mode="bicubic", **options), image)


def _pages(images):
    return images.reshape(-1, 1, *images.shape[-2:])


def _like(pages, images):
    return pages.reshape(*images.shape[:-2], *pages.shape[-2:])


# Recurrence


def recurrent_step(x, state, weight_x, weight_h, bias):
    biases = {"bias_ih": bias, "bias_hh": torch.zeros_like(bias)}
    return _cell(nn.RNNCell, x, state, weight_x, weight_h, biases)


def joined_recurrent_step(x, state, weight, bias):
    return functional.tanh(functional.linear(torch.cat([x, state], -1), weight, bias))


def recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar):
    return truncated_recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar, x.shape[1])


def truncated_recurrent_gradient(x, state, weight_x, weight_h, bias, states_bar, window):
    inputs = [each.detach().requires_grad_() for each in (weight_x, weight_h, bias, x, state)]
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")
    weights = dict(zip(names, inputs[:3], strict=True)) | {"bias_hh_l0": torch.zeros_like(bias)}
    network = nn.RNN(x.shape[2], state.shape[1], batch_first=True, device="meta")
    states, last = [], inputs[4][None]
    for part in inputs[3].split(window, 1):
        out, last = functional_call(network, weights, (part, last))
        states, last = [*states, out], last.detach()
    return RecurrentGradient(*torch.autograd.grad(torch.cat(states, 1), inputs, states_bar))


def lstm_step(x, state, weight_x, weight_h, bias):
    biases = {"bias_ih": bias, "bias_hh": torch.zeros_like(bias)}
    return LstmState(*_cell(nn.LSTMCell, x, (state.hidden, state.cell), weight_x, weight_h, biases))


def gru_step(x, state, weight_x, weight_h, bias_x, bias_h):
    return _cell(nn.GRUCell, x, state, weight_x, weight_h, {"bias_ih": bias_x, "bias_hh": bias_h})


def _cell(kind, x, state, weight_x, weight_h, biases):
    cell = kind(weight_x.shape[1], weight_h.shape[1], device="meta")
    return functional_call(cell, {"weight_ih": weight_x, "weight_hh": weight_h, **biases}, (x, state))
