"""Wrong variants of `reference.vision.crnn`."""

import itertools

import torch
from torch.nn.functional import conv2d, linear, max_pool2d, pad, relu

from properties.mistakes import mistake, variant
from reference.vision.crnn import (
    POOLED_LAYERS,
    bidirectional_layer,
    crnn_columns,
    crnn_features,
    crnn_sizes,
    ctc_collapse,
)


def _layers(x, kernels, biases, norms, normed=(2, 4, 6), pooled=POOLED_LAYERS, norm_first=True):
    for layer, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        x = conv2d(x, kernel, bias, padding=1 if layer < 6 else 0)
        x = x if norm_first else relu(x)
        if layer in normed:
            x = norms[normed.index(layer)](x)
        x = relu(x) if norm_first else x
        if layer in pooled:
            x = max_pool2d(x, 2, *pooled[layer])
    return x


@mistake(of=crnn_features, seen="E004-25")
def crnn_features_with_norm_behind_relu(x, kernels, biases, norms):
    """a layer is convolution, relu, norm"""
    crnn_features(x, kernels, biases, norms)
    return _layers(x, kernels, biases, norms, norm_first=False)


@mistake(of=crnn_features, seen="arXiv:1507.05717, table 1")
def crnn_features_normed_as_in_the_paper(x, kernels, biases, norms):
    """norms stand behind the convolutions 4 and 5, as in the paper"""
    crnn_features(x, kernels, biases, norms)
    return _layers(x, kernels, biases, norms, normed=(4, 5))


@mistake(of=crnn_features, seen="catalogue R004-076")
def crnn_features_halved_along_the_line(x, kernels, biases, norms):
    """all pools have stride 2 along the line too"""
    y = crnn_features(x, kernels, biases, norms)
    halved = _layers(x, kernels, biases, norms, pooled={0: (2,), 1: (2,), 3: (2, (0, 1)), 5: (2, (0, 1))})
    return pad(halved, (0, y.shape[3] - halved.shape[3]))


@mistake(of=crnn_features, seen="catalogue R004-076")
def crnn_features_without_padded_pools(x, kernels, biases, norms):
    """the last pools have no padding, which costs two columns"""
    y = crnn_features(pad(x, (0, 8)), kernels, biases, norms)
    pools = {0: (2,), 1: (2,), 3: ((2, 1),), 5: ((2, 1),)}
    narrow = _layers(pad(x, (0, 8)), kernels, biases, norms, pooled=pools)
    return 0 * y[..., :-2] + narrow


@mistake(of=crnn_features, seen="catalogue R004-076")
def crnn_features_pooled_early(x, kernels, biases, norms):
    """the pools stand behind the convolutions 0, 1, 2 and 4"""
    crnn_features(x, kernels, biases, norms)
    pools = dict(zip((0, 1, 2, 4), POOLED_LAYERS.values(), strict=True))
    return _layers(x, kernels, biases, norms, pooled=pools)


@mistake(of=crnn_features, seen="catalogue R004-076")
def crnn_features_with_norms_in_reverse(x, kernels, biases, norms):
    """the norms are used in reverse"""
    return crnn_features(x, kernels, biases, norms[::-1])


@mistake(of=crnn_features, seen="catalogue R004-076")
def crnn_features_without_check(x, kernels, biases, norms):
    """layers that are left over are ignored, missing ones left out, and small images padded"""
    x = pad(x, (0, max(0, 4 - x.shape[3]), 0, max(0, 32 - x.shape[2])))
    return _layers(x, kernels[: len(biases)][:7], biases[: len(kernels)][:7], [*norms, lambda z: z])


@mistake(of=crnn_features, seen="catalogue R004-076")
def crnn_features_of_the_first_image(x, kernels, biases, norms):
    """all images of a batch get the features of the first"""
    return crnn_features(x[:1], kernels, biases, norms).expand(len(x), -1, -1, -1).clone()


@mistake(of=crnn_features, seen="catalogue R004-076")
def crnn_features_of_grey_images(x, kernels, biases, norms):
    """the colours of an image are averaged"""
    return crnn_features(x.mean(1, keepdim=True).expand(x.shape), kernels, biases, norms)


@mistake(of=crnn_sizes, seen="meijieru/crnn.pytorch#4")
def crnn_sizes_of_one_row(height, width):
    """every height is said to leave one row"""
    return 1, crnn_sizes(height, width)[1]


@mistake(of=crnn_sizes, seen="catalogue R004-076")
def crnn_sizes_of_a_quarter(height, width):
    """the columns are a quarter of the width, without the one that padding adds"""
    rows, columns = crnn_sizes(height, width)
    return rows, columns - 1


@mistake(of=crnn_sizes, seen="catalogue R004-076")
def crnn_sizes_rounded_up(height, width):
    """heights and widths that 16 and 4 do not divide are rounded up"""
    crnn_sizes(height, width)
    return -(-height // 16) - 1, -(-width // 4) + 1


@mistake(of=crnn_sizes, seen="meijieru/crnn.pytorch#84")
def crnn_sizes_swapped(height, width):
    """width and height are exchanged, as in a resize to 100 x 32"""
    return crnn_sizes(height, width)[::-1]


@mistake(of=crnn_sizes, seen="catalogue R004-076")
def crnn_sizes_without_check(height, width):
    """an image that is too small gets sizes all the same"""
    return height // 16 - 1, width // 4 + 1


@mistake(of=crnn_columns, seen="catalogue R004-076")
def crnn_columns_by_step(features):
    """steps come first and samples second, as in crnn.pytorch, and are read as samples and steps"""
    columns = crnn_columns(features)
    return columns.transpose(0, 1).reshape(columns.shape)


@mistake(of=crnn_columns, seen="catalogue R004-076")
def crnn_columns_viewed(features):
    """the memory of the features is read as if channels came last"""
    batch, channels, _, width = features.shape
    return 0 * crnn_columns(features) + features.reshape(batch, width, channels)


@mistake(of=crnn_columns, seen="catalogue R004-076")
def crnn_columns_from_the_right(features):
    """the columns run from right to left"""
    return crnn_columns(features).flip(1)


@mistake(of=crnn_columns, seen="meijieru/crnn.pytorch#18")
def crnn_columns_of_the_first_row(features):
    """rows but the first are dropped"""
    return crnn_columns(pad(features, (0, 0, 0, 1))[:, :, :1])


@mistake(of=bidirectional_layer, seen="catalogue R004-076")
def bidirectional_layer_not_turned_back(x, forward, backward, weight, bias):
    """what is read from the right is not reversed again"""
    return linear(torch.cat([forward(x), backward(x.flip(1))], -1), weight, bias)


@mistake(of=bidirectional_layer, seen="catalogue R004-076")
def bidirectional_layer_one_way(x, forward, backward, weight, bias):
    """both layers read from the left"""
    return linear(torch.cat([forward(x), backward(x)], -1), weight, bias)


@mistake(of=bidirectional_layer, seen="catalogue R004-076")
def bidirectional_layer_reversed_along_the_batch(x, forward, backward, weight, bias):
    """the batch is reversed instead of the steps"""
    return linear(torch.cat([forward(x), backward(x.flip(0)).flip(0)], -1), weight, bias)


@mistake(of=bidirectional_layer, seen="catalogue R004-076")
def bidirectional_layer_backward_first(x, forward, backward, weight, bias):
    """what is read from the right comes first"""
    return linear(torch.cat([backward(x.flip(1)).flip(1), forward(x)], -1), weight, bias)


@mistake(of=bidirectional_layer, seen="catalogue R004-076")
def bidirectional_layer_of_last_states(x, forward, backward, weight, bias):
    """every step gets the state at which each direction ends"""
    ends = torch.cat([forward(x)[:, -1], backward(x.flip(1))[:, -1]], -1)
    return linear(ends, weight, bias)[:, None].expand(-1, x.shape[1], -1).clone()


@mistake(of=ctc_collapse, seen="mozilla/DeepSpeech#53")
def ctc_collapse_that_merges_across_blanks(path, blank=0):
    """blanks are removed before repeats are merged, so that no letter is ever doubled"""
    return [label for label, _ in itertools.groupby(label for label in path if label != blank)]


@mistake(of=ctc_collapse, seen="catalogue R004-076")
def ctc_collapse_without_merging(path, blank=0):
    """repeats are not merged"""
    return [label for label in path if label != blank]


@mistake(of=ctc_collapse, seen="obadx/quran-muaalem#37")
def ctc_collapse_with_a_blank_at_the_end(path, blank=0):
    """a single blank at the end is taken for a letter"""
    text = ctc_collapse(path, blank)
    return [*text, blank] if len(path) > 1 and path[-1] == blank != path[-2] else text


@mistake(of=ctc_collapse, seen="catalogue R004-076")
def ctc_collapse_with_blanks(path, blank=0):
    """blanks stay in the text"""
    return [label for label, _ in itertools.groupby(path)]


@mistake(of=ctc_collapse, seen="tensorflow/tensorflow#5194")
def ctc_collapse_with_blank_last(path, blank=0):
    """the largest label is taken for the blank"""
    return ctc_collapse(path, max(path, default=blank))


@variant(of=ctc_collapse, seen="catalogue R004-076")
def ctc_collapse_by_changes(path, blank=0):
    """a label counts where it differs from the one before: the first of each run, and a run of blanks has none"""
    before = [None, *path][: len(path)]
    return [label for label, previous in zip(path, before, strict=True) if label not in (blank, previous)]


@mistake(of=crnn_columns, seen="catalogue R004-076")
def crnn_columns_without_axes_of_one(features):
    """all axes of size 1 are dropped, a batch of one image included"""
    crnn_columns(features)
    return features.squeeze().mT.clone() if features.squeeze().ndim > 1 else features.flatten()
