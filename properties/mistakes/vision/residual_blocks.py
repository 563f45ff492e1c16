"""Wrong variants of `reference.vision.residual_blocks`."""

import math

import torch
from torch.nn.functional import conv2d, relu

from properties.mistakes import mistake, variant
from reference.vision.residual_blocks import (
    bottleneck_branch,
    bottleneck_parameter_count,
    concatenated_branches,
    post_activation_block,
    pre_activation_block,
    projected_block,
    res2net_split,
    res2net_split_keeping_last,
    resnext_width,
    squeeze_excitation,
    summed_branches,
)


@mistake(of=post_activation_block, seen="kuangliu/pytorch-cifar#4")
def post_activation_block_that_rectifies_the_branch(x, branch):
    """the branch is rectified and not the sum"""
    post_activation_block(x, branch)
    return x + relu(branch(x))


@mistake(of=post_activation_block, seen="fastai/fastbook#1")
def post_activation_block_without_relu(x, branch):
    """the sum is not rectified, as in the pre-activation form"""
    post_activation_block(x, branch)
    return x + branch(x)


@mistake(of=post_activation_block, seen="catalogue R004-064")
def post_activation_block_that_rectifies_both(x, branch):
    """input and branch are rectified one by one before they are added"""
    post_activation_block(x, branch)
    return relu(x) + relu(branch(x))


@mistake(of=post_activation_block, seen="catalogue R004-064")
def post_activation_block_that_broadcasts(x, branch):
    """a branch of another shape is broadcast against the input"""
    return relu(x + branch(x))


@mistake(of=post_activation_block, seen="catalogue R004-064")
def post_activation_block_in_half_precision(x, branch):
    """the shortcut is kept in half precision"""
    return relu(x.half().to(x.dtype) + branch(x))


@variant(of=post_activation_block, seen="catalogue R004-064")
def post_activation_block_rectified_first(x, branch):
    """x, F(x) and 0: the larger of x + F(x) and 0 is F(x) plus the larger of x and -F(x)"""
    post_activation_block(x, branch)
    return torch.maximum(x, -branch(x)) + branch(x)


@mistake(of=pre_activation_block, seen="rosinality/vq-vae-2-pytorch#60")
def pre_activation_block_with_relu_in_place(x, normalize, branch):
    """a relu in place rectifies the shortcut as well"""
    pre_activation_block(x, normalize, branch)
    z = normalize(x)
    return relu(x) + branch(relu(z))


@mistake(of=pre_activation_block, seen="catalogue R004-064")
def pre_activation_block_that_is_post_activation(x, normalize, branch):
    """norm and relu stand behind the sum"""
    return relu(normalize(pre_activation_block(x, lambda v: v, branch)))


@mistake(of=pre_activation_block, seen="catalogue R004-064")
def pre_activation_block_with_relu_before_norm(x, normalize, branch):
    """the norm comes after the relu"""
    pre_activation_block(x, normalize, branch)
    return x + branch(normalize(relu(x)))


@mistake(of=pre_activation_block, seen="catalogue R004-064")
def pre_activation_block_with_shortcut_behind_the_norm(x, normalize, branch):
    """the shortcut starts behind norm and relu, as in the first block of each stage"""
    pre_activation_block(x, normalize, branch)
    z = relu(normalize(x))
    return z + branch(z)


@mistake(of=pre_activation_block, seen="catalogue R004-064")
def pre_activation_block_that_broadcasts(x, normalize, branch):
    """a branch of another shape is broadcast against the input"""
    return x + branch(relu(normalize(x)))


@mistake(of=projected_block, seen="catalogue R004-064")
def projected_block_that_averages(x, branch, weight, bias, stride):
    """the shortcut averages the pixels that it skips"""
    y = projected_block(x, branch, weight, bias, stride)
    pooled = torch.nn.functional.avg_pool2d(x, stride, ceil_mode=True, count_include_pad=False)
    return 0 * y + relu(torch.einsum("oc,bchw->bohw", weight, pooled) + bias[:, None, None] + branch(x))


@mistake(of=projected_block, seen="catalogue R004-064")
def projected_block_that_starts_inside(x, branch, weight, bias, stride):
    """the shortcut reads the last pixel of each square instead of the first"""
    y = projected_block(x, branch, weight, bias, stride)
    rows, columns = (torch.arange(0, n, stride) for n in x.shape[2:])
    last = [(at + stride - 1).clamp(max=n - 1) for at, n in zip((rows, columns), x.shape[2:], strict=True)]
    picked = x[:, :, last[0]][..., last[1]]
    return 0 * y + relu(torch.einsum("oc,bchw->bohw", weight, picked) + bias[:, None, None] + branch(x))


@mistake(of=projected_block, seen="catalogue R004-064")
def projected_block_of_the_shortcut(x, branch, weight, bias, stride):
    """the projection has no bias"""
    return projected_block(x, branch, weight, 0 * bias, stride)


@mistake(of=projected_block, seen="fastai/fastbook#1")
def projected_block_without_relu(x, branch, weight, bias, stride):
    """the sum is not rectified"""
    projected_block(x, branch, weight, bias, stride)
    return conv2d(x, weight[:, :, None, None], bias, stride) + branch(x)


@mistake(of=projected_block, seen="catalogue R004-064")
def projected_block_that_broadcasts(x, branch, weight, bias, stride):
    """a branch of another shape is broadcast against the shortcut, and any stride is taken"""
    return relu(conv2d(x, weight[:, :, None, None], bias, max(stride, 1)) + branch(x))


@mistake(of=projected_block, seen="catalogue R004-064")
def projected_block_with_the_identity(x, branch, weight, bias, stride):
    """a shortcut that keeps channels and sides is not mapped"""
    y = projected_block(x, branch, weight, bias, stride)
    return relu(x + branch(x)) if y.shape == x.shape else y


@mistake(of=projected_block, seen="catalogue R004-064")
def projected_block_of_strides_up_to_2(x, branch, weight, bias, stride):
    """any stride above 1 is taken for 2"""
    return projected_block(x, branch, weight, bias, min(stride, 2))


@mistake(of=bottleneck_branch, seen="kuangliu/pytorch-cifar#4")
def bottleneck_branch_that_ends_in_relu(x, reduce, kernel, expand, norms, stride=1):
    """the branch is rectified at its end too"""
    return relu(bottleneck_branch(x, reduce, kernel, expand, norms, stride))


@mistake(of=bottleneck_branch, seen="catalogue R004-064")
def bottleneck_branch_with_stride_in_front(x, reduce, kernel, expand, norms, stride=1):
    """the first 1 x 1 convolution has the stride, as in the first ResNet"""
    bottleneck_branch(x, reduce, kernel, expand, norms, stride)
    return bottleneck_branch(x[..., ::stride, ::stride], reduce, kernel, expand, norms, 1)


@mistake(of=bottleneck_branch, seen="dmlc/gluon-cv#205")
def bottleneck_branch_with_one_group(x, reduce, kernel, expand, norms, stride=1):
    """the kernel is not grouped: every group is given the weights of all input channels by repeating its own"""
    bottleneck_branch(x, reduce, kernel, expand, norms, stride)
    dense = kernel.repeat(1, len(kernel) // kernel.shape[1], 1, 1)
    return bottleneck_branch(x, reduce, dense, expand, norms, stride)


@mistake(of=bottleneck_branch, seen="catalogue R004-066")
def bottleneck_branch_with_shuffled_groups(x, reduce, kernel, expand, norms, stride=1):
    """a group takes every n-th channel instead of consecutive ones"""
    order = torch.arange(len(kernel)).reshape(kernel.shape[1], -1).T.flatten()
    return bottleneck_branch(x, reduce[order], kernel, expand, norms, stride)


@mistake(of=bottleneck_branch, seen="E004-25")
def bottleneck_branch_with_norms_behind_relu(x, reduce, kernel, expand, norms, stride=1):
    """the norms come after the relus"""
    bottleneck_branch(x, reduce, kernel, expand, norms, stride)
    groups = len(kernel) // kernel.shape[1]
    z = norms[0](relu(conv2d(x, reduce[:, :, None, None])))
    z = norms[1](relu(conv2d(z, kernel, None, stride, 1, 1, groups)))
    return norms[2](conv2d(z, expand[:, :, None, None]))


@mistake(of=bottleneck_branch, seen="catalogue R004-064")
def bottleneck_branch_without_first_relu(x, reduce, kernel, expand, norms, stride=1):
    """the narrow channels are not rectified before the 3 x 3 convolution"""
    bottleneck_branch(x, reduce, kernel, expand, norms, stride)
    groups = len(kernel) // kernel.shape[1]
    z = norms[0](conv2d(x, reduce[:, :, None, None]))
    z = relu(norms[1](conv2d(z, kernel, None, stride, 1, 1, groups)))
    return norms[2](conv2d(z, expand[:, :, None, None]))


@mistake(of=bottleneck_branch, seen="catalogue R004-064")
def bottleneck_branch_with_exchanged_norms(x, reduce, kernel, expand, norms, stride=1):
    """the norms of the first and of the second convolution are exchanged"""
    return bottleneck_branch(x, reduce, kernel, expand, (norms[1], norms[0], norms[2]), stride)


@mistake(of=bottleneck_branch, seen="catalogue R004-064")
def bottleneck_branch_that_convolves(x, reduce, kernel, expand, norms, stride=1):
    """the kernel is flipped, as in a convolution in the sense of mathematics"""
    return bottleneck_branch(x, reduce, kernel.flip(-2, -1), expand, norms, stride)


@mistake(of=bottleneck_branch, seen="catalogue R004-064")
def bottleneck_branch_without_check(x, reduce, kernel, expand, norms, stride=1):
    """a width that groups do not fill, or a stride below 1, is taken for another"""
    stride, group_width = max(stride, 1), math.gcd(len(kernel), kernel.shape[1])
    return bottleneck_branch(x, reduce, kernel[:, :group_width], expand, norms, stride)


@mistake(of=summed_branches, seen="catalogue R004-066")
def summed_branches_with_a_bias_each(x, reduce, kernel, expand, bias):
    """every branch adds the bias, which counts as many times as there are branches"""
    return summed_branches(x, reduce, kernel, expand, bias * (len(kernel) // kernel.shape[1]))


@mistake(of=summed_branches, seen="catalogue R004-066")
def summed_branches_that_are_averaged(x, reduce, kernel, expand, bias):
    """the branches are averaged instead of added up"""
    count = len(kernel) // kernel.shape[1]
    return (summed_branches(x, reduce, kernel, expand, bias) - bias[:, None, None]) / count + bias[:, None, None]


@mistake(of=summed_branches, seen="tensorflow/tensorflow#25818")
def summed_branches_with_one_kernel(x, reduce, kernel, expand, bias):
    """all branches share the kernel of the first"""
    width = kernel.shape[1]
    shared = kernel[:width].repeat(-(-len(kernel) // width), 1, 1, 1)[: len(kernel)]
    return summed_branches(x, reduce, shared, expand, bias)


@mistake(of=summed_branches, seen="catalogue R004-066")
def summed_branches_rectified_once(x, reduce, kernel, expand, bias):
    """the sum of the branches is rectified, as if it were the end of a block"""
    return relu(summed_branches(x, reduce, kernel, expand, bias))


@mistake(of=summed_branches, seen="catalogue R004-066")
def summed_branches_without_check(x, reduce, kernel, expand, bias):
    """channels that do not fill a group are left out"""
    group_width = kernel.shape[1]
    whole = len(kernel) // group_width * group_width
    return summed_branches(x, reduce[:whole], kernel[:whole], expand[:, :whole], bias)


@mistake(of=concatenated_branches, seen="catalogue R004-066")
def concatenated_branches_interleaved(x, reduce, kernel, expand, bias):
    """the channels of the branches are interleaved before the last map"""
    order = torch.arange(expand.shape[1]).reshape(kernel.shape[1], -1).T.flatten()
    return concatenated_branches(x, reduce, kernel, expand[:, order], bias)


@mistake(of=concatenated_branches, seen="catalogue R004-066")
def concatenated_branches_without_relu(x, reduce, kernel, expand, bias):
    """the joined channels are not rectified"""
    concatenated_branches(x, reduce, kernel, expand, bias)
    z = relu(conv2d(x, reduce[:, :, None, None]))
    z = conv2d(z, kernel, padding=1, groups=len(kernel) // kernel.shape[1])
    return conv2d(z, expand[:, :, None, None], bias)


@mistake(of=concatenated_branches, seen="catalogue R004-066")
def concatenated_branches_without_bias(x, reduce, kernel, expand, bias):
    """the last map has no bias"""
    return concatenated_branches(x, reduce, kernel, expand, 0 * bias)


@mistake(of=concatenated_branches, seen="catalogue R004-066")
def concatenated_branches_without_check(x, reduce, kernel, expand, bias):
    """channels that do not fill a group are left out"""
    whole = len(kernel) // kernel.shape[1] * kernel.shape[1]
    return concatenated_branches(x, reduce[:whole], kernel[:whole], expand[:, :whole], bias)


@mistake(of=bottleneck_parameter_count, seen="E004-18")
def bottleneck_parameter_count_of_a_plain_layer(channels, width, groups=1):
    """a single 3 x 3 convolution of all channels is counted, which a bottleneck does not replace"""
    bottleneck_parameter_count(channels, width, groups)
    return 9 * channels * channels


@mistake(of=bottleneck_parameter_count, seen="titu1994/Keras-ResNeXt#6")
def bottleneck_parameter_count_without_groups(channels, width, groups=1):
    """the 3 x 3 convolution is counted as if it had one group"""
    return bottleneck_parameter_count(channels, width) + 0 * bottleneck_parameter_count(channels, width, groups)


@mistake(of=bottleneck_parameter_count, seen="catalogue R004-066")
def bottleneck_parameter_count_with_one_end(channels, width, groups=1):
    """one of the two 1 x 1 convolutions is left out"""
    return bottleneck_parameter_count(channels, width, groups) - channels * width


@mistake(of=bottleneck_parameter_count, seen="catalogue R004-066")
def bottleneck_parameter_count_without_check(channels, width, groups=1):
    """groups that do not divide the width are counted, rounded down"""
    return 2 * channels * width + 9 * width * width // max(groups, 1)


@mistake(of=resnext_width, seen="prlz77/ResNeXt.pytorch#14")
def resnext_width_rounded_at_the_end(planes, groups, base_width):
    """the width of all groups together is rounded down, so that groups need not divide it"""
    resnext_width(planes, groups, base_width)
    return planes * base_width * groups // 64


@mistake(of=resnext_width, seen="FluxML/Metalhead.jl#100")
def resnext_width_of_the_first_stage(planes, groups, base_width):
    """the width is groups times base_width in every stage"""
    resnext_width(planes, groups, base_width)
    return groups * base_width


@mistake(of=resnext_width, seen="catalogue R004-066")
def resnext_width_of_a_group(planes, groups, base_width):
    """the channels of one group are returned"""
    return resnext_width(planes, groups, base_width) // groups


@mistake(of=resnext_width, seen="catalogue R004-066")
def resnext_width_without_check(planes, groups, base_width):
    """an empty group gets no channels, or is counted backwards"""
    return planes * base_width // 64 * groups


@mistake(of=resnext_width, seen="catalogue R004-066")
def resnext_width_rounded_up(planes, groups, base_width):
    """a part of a channel counts as one where the base width is below 64"""
    width = resnext_width(planes, groups, base_width)
    return -(-planes * base_width // 64) * groups if base_width < 64 else width


@mistake(of=res2net_split, seen="TaoRuijie/ECAPA-TDNN#24")
def res2net_split_that_keeps_the_last(x, layers):
    """the last part is kept instead of the first, as in the authors' code"""
    res2net_split(x, layers)
    return res2net_split_keeping_last(x, layers)


@mistake(of=res2net_split, seen="Res2Net/Res2Net-PretrainedModels#76")
def res2net_split_that_adds_the_first_part(x, layers):
    """the second part is added to the first before its layer"""
    first, *parts = x.chunk(len(layers) + 1, 1)
    joined = res2net_split(x, layers)
    if not parts:
        return joined
    return res2net_split(torch.cat([first, parts[0] + first, *parts[1:]], 1), layers)


@mistake(of=res2net_split, seen="catalogue R004-065")
def res2net_split_without_hierarchy(x, layers):
    """no part sees the one before it, as in the first block of each stage"""
    first, *parts = x.chunk(len(layers) + 1, 1)
    res2net_split(x, layers)
    return torch.cat([first, *(layer(part) for part, layer in zip(parts, layers, strict=True))], 1)


@mistake(of=res2net_split, seen="catalogue R004-065")
def res2net_split_that_adds_after_the_layer(x, layers):
    """the part before is added behind the layer, K_i(x_i) + y_{i-1}, instead of before it"""
    first, *parts = x.chunk(len(layers) + 1, 1)
    res2net_split(x, layers)
    outputs = []
    for part, layer in zip(parts, layers, strict=True):
        outputs.append(layer(part) + (outputs[-1] if outputs else 0))
    return torch.cat([first, *outputs], 1)


@mistake(of=res2net_split, seen="Res2Net/Res2Net-PretrainedModels#35")
def res2net_split_by_width(x, layers):
    """the number of parts is taken for their width"""
    res2net_split(x, layers)
    order = torch.arange(x.shape[1]).reshape(-1, len(layers) + 1).T.flatten()
    return res2net_split(x[:, order], layers)


@mistake(of=res2net_split, seen="catalogue R004-065")
def res2net_split_without_check(x, layers):
    """channels left over by the division, and layers that drop channels, are accepted"""
    width = x.shape[1] // (len(layers) + 1)
    first, *parts = x[:, : width * (len(layers) + 1)].split(max(width, 1), 1)
    outputs = [first]
    for part, layer in zip(parts, layers, strict=False):
        outputs.append(layer(part + outputs[-1] if len(outputs) > 1 else part))
    return torch.cat(outputs, 1)


@mistake(of=res2net_split_keeping_last, seen="TaoRuijie/ECAPA-TDNN#68")
def res2net_split_keeping_last_that_keeps_the_first(x, layers):
    """the first part is kept instead of the last, as in the paper"""
    kept, *parts = x.split(-(-x.shape[1] // (len(layers) + 1)), 1)
    res2net_split_keeping_last(x, layers)
    outputs = []
    for part, layer in zip(parts, layers, strict=True):
        outputs.append(layer(part + outputs[-1][:, : part.shape[1]] if outputs else part))
    return torch.cat([kept, *outputs], 1)


@mistake(of=res2net_split_keeping_last, seen="catalogue R004-065")
def res2net_split_keeping_last_without_it(x, layers):
    """the part that no layer sees is set to zero"""
    y = res2net_split_keeping_last(x, layers)
    kept = x.chunk(len(layers) + 1, 1)[-1].shape[1]
    return torch.cat([y[:, :-kept], 0 * y[:, -kept:]], 1)


@mistake(of=res2net_split_keeping_last, seen="catalogue R004-065")
def res2net_split_keeping_last_that_adds_inputs(x, layers):
    """the part before is added as it came in, x_i + x_{i-1}, and not as its layer returned it"""
    res2net_split_keeping_last(x, layers)
    *parts, kept = x.chunk(len(layers) + 1, 1)
    sums = [part + before for part, before in zip(parts[1:], parts, strict=False)]
    return torch.cat([*(layer(v) for v, layer in zip([*parts[:1], *sums], layers, strict=True)), kept], 1)


@mistake(of=res2net_split_keeping_last, seen="mmaaz60/EdgeNeXt SDTAEncoder")
def res2net_split_keeping_last_without_check(x, layers):
    """if a part is missing the last layers are left out, and what a layer returns may broadcast"""
    *parts, kept = x.chunk(len(layers) + 1, 1)
    outputs = []
    for part, layer in zip(parts, layers, strict=False):
        outputs.append(layer(part + outputs[-1] if outputs else part))
    return torch.cat([*outputs, kept], 1)


@mistake(of=squeeze_excitation, seen="xiaolai-sqlai/mobilenetv3#12")
def squeeze_excitation_without_squeeze(x, weight_in, weight_out):
    """the gates are computed pixel by pixel, without the mean"""
    hidden = relu(conv2d(x, weight_in[:, :, None, None]))
    return x * torch.sigmoid(conv2d(hidden, weight_out[:, :, None, None]))


@mistake(of=squeeze_excitation, seen="pytorch/vision#8209")
def squeeze_excitation_without_relu(x, weight_in, weight_out):
    """there is no relu between the two linear maps"""
    means = x.mean((-2, -1))
    return x * torch.sigmoid(means @ weight_in.T @ weight_out.T)[..., None, None]


@mistake(of=squeeze_excitation, seen="open-mmlab/mmpretrain#327")
def squeeze_excitation_without_sigmoid(x, weight_in, weight_out):
    """the gates are not brought between 0 and 1"""
    hidden = relu(x.mean((-2, -1)) @ weight_in.T)
    return x * (hidden @ weight_out.T)[..., None, None]


@mistake(of=squeeze_excitation, seen="catalogue R004-067")
def squeeze_excitation_with_softmax(x, weight_in, weight_out):
    """the gates are a softmax over channels and compete"""
    hidden = relu(x.mean((-2, -1)) @ weight_in.T)
    return x * (hidden @ weight_out.T).softmax(-1)[..., None, None]


@mistake(of=squeeze_excitation, seen="catalogue R004-067")
def squeeze_excitation_of_sums(x, weight_in, weight_out):
    """pixels are added up instead of averaged"""
    return squeeze_excitation(x, weight_in * x[0, 0].numel(), weight_out)


@mistake(of=squeeze_excitation, seen="catalogue R004-067")
def squeeze_excitation_with_residual(x, weight_in, weight_out):
    """the input is added once more"""
    return x + squeeze_excitation(x, weight_in, weight_out)


@mistake(of=squeeze_excitation, seen="catalogue R004-067")
def squeeze_excitation_of_maxima(x, weight_in, weight_out):
    """the largest pixel of each channel stands in for the mean"""
    hidden = relu(x.amax((-2, -1)) @ weight_in.T)
    return x * torch.sigmoid(hidden @ weight_out.T)[..., None, None]


@mistake(of=squeeze_excitation, seen="catalogue R004-067")
def squeeze_excitation_that_overflows(x, weight_in, weight_out):
    """the gate is e^z / (1 + e^z), and NaN for large z"""
    scores = (relu(x.mean((-2, -1)) @ weight_in.T) @ weight_out.T).exp()
    return (scores / (1 + scores))[..., None, None] * x


@mistake(of=bottleneck_branch, seen="catalogue R004-064")
def bottleneck_branch_with_the_stride_at_its_end(x, reduce, kernel, expand, norms, stride=1):
    """the last convolution has the stride, and the second norm sees pixels that it skips"""
    inner = bottleneck_branch(x, reduce, kernel, torch.eye(len(kernel)).to(x), (*norms[:2], lambda v: v))
    if stride < 1:
        return bottleneck_branch(x, reduce, kernel, expand, norms, stride)
    return norms[2](torch.einsum("oc,bchw->bohw", expand, inner[..., ::stride, ::stride]))


@mistake(of=bottleneck_branch, seen="catalogue R004-064")
def bottleneck_branch_with_its_shortcut(x, reduce, kernel, expand, norms, stride=1):
    """where the shapes allow it the input is added already in the branch"""
    y = bottleneck_branch(x, reduce, kernel, expand, norms, stride)
    return x + y if x.shape == y.shape else y
