"""Wrong variants of `reference.vision.unet`."""

import math

import torch
from torch.nn.functional import (
    avg_pool2d,
    conv2d,
    conv_transpose2d,
    gelu,
    interpolate,
    linear,
    max_pool2d,
    pad,
    relu,
)

from properties.mistakes import mistake, variant
from reference.vision.unet import (
    conv_norm_gelu,
    embed_fc,
    join_skip,
    masked_context,
    modulate_features,
    residual_conv_block,
    unet,
    unet_down,
    unet_middle,
    unet_sides,
    unet_up,
)


@mistake(of=embed_fc, seen="E003-057")
def embed_fc_of_one_layer(x, weight_in, bias_in, weight_out, bias_out):
    """nothing stands between the two linear maps, so that they are one"""
    rows = x.reshape(-1, weight_in.shape[1])
    return linear(linear(rows, weight_in, bias_in), weight_out, bias_out)


@mistake(of=embed_fc, seen="catalogue R003-162")
def embed_fc_by_view(x, weight_in, bias_in, weight_out, bias_out):
    """any shape with enough numbers is cut into samples, which mixes them if they lie along another axis"""
    rows = x.reshape(-1)
    missing = -len(rows) % weight_in.shape[1]
    return embed_fc(pad(rows, (0, missing)).reshape(-1, weight_in.shape[1]), weight_in, bias_in, weight_out, bias_out)


@mistake(of=embed_fc, seen="catalogue R003-162")
def embed_fc_of_transposed_samples(x, weight_in, bias_in, weight_out, bias_out):
    """samples are read along the first axis"""
    y = embed_fc(x, weight_in, bias_in, weight_out, bias_out)
    rows = x.reshape(-1, weight_in.shape[1])
    return 0 * y + embed_fc(rows.T.reshape(rows.shape), weight_in, bias_in, weight_out, bias_out)


@mistake(of=embed_fc, seen="catalogue R003-162")
def embed_fc_with_relu(x, weight_in, bias_in, weight_out, bias_out):
    """relu stands in for GELU"""
    embed_fc(x, weight_in, bias_in, weight_out, bias_out)
    return linear(relu(linear(x.reshape(-1, weight_in.shape[1]), weight_in, bias_in)), weight_out, bias_out)


@mistake(of=conv_norm_gelu, seen="E004-25")
def conv_norm_gelu_with_norm_behind(x, kernel, bias, normalize):
    """the norm comes behind the activation"""
    return normalize(gelu(conv2d(x, kernel, bias, padding=1)))


@mistake(of=conv_norm_gelu, seen="catalogue R003-163")
def conv_norm_gelu_with_relu(x, kernel, bias, normalize):
    """relu stands in for GELU"""
    return relu(normalize(conv2d(x, kernel, bias, padding=1)))


@mistake(of=conv_norm_gelu, seen="catalogue R003-163")
def conv_norm_gelu_without_norm(x, kernel, bias, normalize):
    """there is no norm"""
    return gelu(conv2d(x, kernel, bias, padding=1))


@mistake(of=conv_norm_gelu, seen="catalogue R003-163")
def conv_norm_gelu_with_bias_behind_norm(x, kernel, bias, normalize):
    """the bias is added behind the norm"""
    return gelu(normalize(conv2d(x, kernel, padding=1)) + bias[:, None, None])


@mistake(of=residual_conv_block, seen="catalogue R003-163")
def residual_conv_block_that_is_not_divided(x, first, second):
    """the sum is not divided"""
    return residual_conv_block(x, first, second) * 1.414


@mistake(of=residual_conv_block, seen="catalogue R003-163")
def residual_conv_block_divided_by_two(x, first, second):
    """the sum is divided by 2"""
    return residual_conv_block(x, first, second) * 0.707


@mistake(of=residual_conv_block, seen="catalogue R003-163")
def residual_conv_block_around_the_second_layer(x, first, second):
    """the shortcut starts behind the first layer also where channels stay"""
    residual_conv_block(x, first, second)
    x_1 = first(x)
    return (x_1 + second(x_1)) / 1.414


@mistake(of=residual_conv_block, seen="catalogue R003-163")
def residual_conv_block_without_shortcut(x, first, second):
    """nothing is added, as with is_res=False"""
    residual_conv_block(x, first, second)
    return second(first(x)) / 1.414


@mistake(of=residual_conv_block, seen="catalogue R003-163")
def residual_conv_block_that_broadcasts(x, first, second):
    """a second layer that returns another shape is broadcast"""
    x_1 = first(x)
    return ((x if x.shape[1] == x_1.shape[1] else x_1) + second(x_1)[:, :1]) / 1.414


@mistake(of=residual_conv_block, seen="catalogue R003-163")
def residual_conv_block_with_padded_channels(x, first, second):
    """where channels are added the input is filled up with zeros, and not replaced by the first layer's output"""
    y = residual_conv_block(x, first, second)
    missing = y.shape[1] - x.shape[1]
    return (pad(x, (0, 0, 0, 0, 0, missing)) + second(first(x))) / 1.414


@mistake(of=unet_down, seen="catalogue R003-164")
def unet_down_that_averages(x, block):
    """four pixels are averaged"""
    unet_down(x, block)
    return avg_pool2d(block(x), 2)


@mistake(of=unet_down, seen="catalogue R003-164")
def unet_down_before_the_block(x, block):
    """the block comes behind the pool"""
    unet_down(x, block)
    return block(max_pool2d(x, 2))


@mistake(of=unet_down, seen="catalogue R003-164")
def unet_down_by_skipping(x, block):
    """the first of four pixels is kept"""
    unet_down(x, block)
    return block(x)[..., ::2, ::2].clone()


@mistake(of=unet_down, seen="jvanvugt/pytorch-unet#2")
def unet_down_that_drops_a_row(x, block):
    """the last row or column of odd sides is dropped"""
    return max_pool2d(block(x), 2)


@mistake(of=join_skip, seen="arXiv:1505.04597, figure 1")
def join_skip_first(x, skip):
    """the skip comes first, as in the paper"""
    join_skip(x, skip)
    return torch.cat([skip, x], 1)


@mistake(of=join_skip, seen="milesial/Pytorch-UNet#32")
def join_skip_that_pads(x, skip):
    """features of other sides are padded and cropped to those of the skip"""
    height, width = (skip.shape[axis] - x.shape[axis] for axis in (2, 3))
    fitted = pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
    return torch.cat([fitted[: len(skip)], skip[: len(fitted)]], 1)


@mistake(of=join_skip, seen="catalogue R003-164")
def join_skip_of_zeros(x, skip):
    """the skip is not used"""
    return join_skip(x, 0 * skip)


@mistake(of=join_skip, seen="catalogue R003-164")
def join_skip_in_half_precision(x, skip):
    """features are kept in half precision"""
    return join_skip(x.half().to(x.dtype), skip)


@mistake(of=unet_up, seen="catalogue R003-164")
def unet_up_by_interpolation(x, skip, kernel, bias, block):
    """pixels are repeated, and one weight is used for all four"""
    joined = interpolate(join_skip(x, skip), scale_factor=2, mode="nearest")
    weight = kernel.mean((2, 3)).T[:, :, None, None]
    return block(conv2d(joined, weight, bias))


@mistake(of=unet_up, seen="catalogue R003-164")
def unet_up_with_flipped_kernel(x, skip, kernel, bias, block):
    """the square is painted upside down"""
    return unet_up(x, skip, kernel.flip(-2), bias, block)


@mistake(of=unet_up, seen="catalogue R003-164")
def unet_up_with_skip_first(x, skip, kernel, bias, block):
    """the skip comes before the features on the way up"""
    unet_up(x, skip, kernel, bias, block)
    return block(conv_transpose2d(join_skip(skip, x), kernel, bias, stride=2))


@mistake(of=unet_up, seen="catalogue R003-164")
def unet_up_without_block(x, skip, kernel, bias, block):
    """the block is left out"""
    return unet_up(x, skip, kernel, bias, lambda z: z)


@mistake(of=unet_up, seen="catalogue R003-164")
def unet_up_that_crops(x, skip, kernel, bias, block):
    """a skip of other sides is resized to those of the features"""
    fitted = interpolate(skip[: len(x)], size=x.shape[2:]).expand(len(x), -1, -1, -1)
    return unet_up(x, fitted, kernel, bias, block)


@mistake(of=unet_middle, seen="catalogue R003-144")
def unet_middle_without_gelu(x, pool, kernel, bias, normalize):
    """the means are painted as they are"""
    unet_middle(x, pool, kernel, bias, normalize)
    return relu(normalize(conv_transpose2d(avg_pool2d(x, pool), kernel, bias, stride=kernel.shape[2:])))


@mistake(of=unet_middle, seen="catalogue R003-144")
def unet_middle_with_gelu_first(x, pool, kernel, bias, normalize):
    """GELU comes before the mean"""
    unet_middle(x, pool, kernel, bias, normalize)
    vector = avg_pool2d(gelu(x), pool)
    return relu(normalize(conv_transpose2d(vector, kernel, bias, stride=kernel.shape[2:])))


@mistake(of=unet_middle, seen="catalogue R003-144")
def unet_middle_of_maxima(x, pool, kernel, bias, normalize):
    """the largest pixel stands in for the mean"""
    unet_middle(x, pool, kernel, bias, normalize)
    vector = gelu(max_pool2d(x, pool))
    return relu(normalize(conv_transpose2d(vector, kernel, bias, stride=kernel.shape[2:])))


@mistake(of=unet_middle, seen="catalogue R003-144")
def unet_middle_with_relu_before_norm(x, pool, kernel, bias, normalize):
    """the norm comes behind the relu"""
    unet_middle(x, pool, kernel, bias, normalize)
    vector = gelu(avg_pool2d(x, pool))
    return normalize(relu(conv_transpose2d(vector, kernel, bias, stride=kernel.shape[2:])))


@mistake(of=unet_middle, seen="catalogue R003-144")
def unet_middle_that_shrinks_its_pool(x, pool, kernel, bias, normalize):
    """a pool that does not fit is made to"""
    return unet_middle(x, min(max(pool, 1), *x.shape[-2:]), kernel, bias, normalize)


@mistake(of=modulate_features, seen="E003-057")
def modulate_features_that_adds_both(x, context_embedding, time_embedding):
    """both embeddings are added, as in the network without context"""
    return x + context_embedding[..., None, None] + time_embedding[..., None, None]


@mistake(of=modulate_features, seen="catalogue R003-144")
def modulate_features_exchanged(x, context_embedding, time_embedding):
    """the time scales and the context shifts"""
    return modulate_features(x, time_embedding, context_embedding)


@mistake(of=modulate_features, seen="facebookresearch/DiT modulate")
def modulate_features_around_one(x, context_embedding, time_embedding):
    """the scale is counted from 1, as in DiT"""
    return modulate_features(x, 1 + context_embedding, time_embedding)


@mistake(of=modulate_features, seen="catalogue R003-144")
def modulate_features_shifted_first(x, context_embedding, time_embedding):
    """the shift is added before the scale"""
    return context_embedding[..., None, None] * (x + time_embedding[..., None, None])


@mistake(of=masked_context, seen="TeaPearce/Conditional_Diffusion_MNIST#1")
def masked_context_inverted(context, mask):
    """a mask of 1 drops the context"""
    return masked_context(context, ~mask)


@mistake(of=masked_context, seen="TeaPearce/Conditional_Diffusion_MNIST#1")
def masked_context_negated(context, mask):
    """contexts that are kept change their sign"""
    return -masked_context(context, mask)


@mistake(of=masked_context, seen="catalogue R003-144")
def masked_context_by_class(context, mask):
    """one decision is used for the whole batch"""
    return masked_context(context, mask[:1].expand_as(mask))


@mistake(of=unet, seen="catalogue R003-164")
def unet_with_skips_in_order(x, downs, middle, ups):
    """skips come back in the order in which they were taken, scaled to the sides that are wanted"""
    unet(x, downs, middle, ups)
    skips = [x]
    for down in downs:
        skips.append(down(skips[-1]))
    y = middle(skips[-1])
    for up, skip in zip(ups, skips[1:], strict=True):
        y = up(y, interpolate(skip, size=y.shape[2:]))
    return y


@mistake(of=unet, seen="catalogue R003-164")
def unet_without_skips(x, downs, middle, ups):
    """skips are zero"""
    return unet(x, downs, middle, [lambda y, skip, up=up: up(y, 0 * skip) for up in ups])


@mistake(of=unet, seen="catalogue R003-164")
def unet_that_skips_the_input(x, downs, middle, ups):
    """skips are what goes into each layer on the way down, and not what comes out of it"""
    unet(x, downs, middle, ups)
    skips, h = [], x
    for down in downs:
        skips.append(h)
        h = down(h)
    y = middle(h)
    for up in ups:
        y = up(y, interpolate(skips.pop(), size=y.shape[2:]))
    return y


@mistake(of=unet, seen="catalogue R003-164")
def unet_with_ups_from_the_top(x, downs, middle, ups):
    """the layers up are listed from the largest size on"""
    return unet(x, downs, middle, ups[::-1])


@mistake(of=unet, seen="catalogue R003-164")
def unet_without_check(x, downs, middle, ups):
    """layers without a partner are left out"""
    count = min(len(downs), len(ups))
    return unet(x, downs[:count], middle, ups[:count])


@mistake(of=unet_sides, seen="E003-049")
def unet_sides_of_every_multiple_of_four(side, levels, pool, growth):
    """every side that can be halved often enough is accepted, whatever the pool in the middle"""
    if side < 1 or levels < 0 or pool < 1 or growth < 1 or side % 2**levels:
        raise ValueError(side)
    down = [side >> level for level in range(levels + 1)]
    return (*down, max(1, down[-1] // pool), *reversed(down))


@mistake(of=unet_sides, seen="jvanvugt/pytorch-unet#2")
def unet_sides_of_odd_sides(side, levels, pool, growth):
    """odd sides are rounded down at each halving, and come back smaller than they went"""
    if side < 1 or levels < 0 or pool < 1 or growth < 1 or (side >> levels) // pool * growth != side >> levels:
        raise ValueError(side)
    down = [side >> level for level in range(levels + 1)]
    return (*down, down[-1] // pool, *(down[-1] << level for level in range(levels + 1)))


@mistake(of=unet_sides, seen="catalogue R003-164")
def unet_sides_with_pool_that_divides(side, levels, pool, growth):
    """the pool must divide the smallest side, which shuts out 20 and 24 for ContextUnet"""
    unet_sides(side, levels, pool, growth)
    if (side >> levels) % pool:
        raise ValueError(side)
    return unet_sides(side, levels, pool, growth)


@mistake(of=unet_sides, seen="catalogue R003-164")
def unet_sides_rounded_up(side, levels, pool, growth):
    """the last square in the middle may be partly outside, as with a pool that rounds up"""
    sides = list(unet_sides(side, levels, pool, growth))
    sides[levels + 1] = math.ceil(sides[levels] / pool)
    return tuple(sides)


@variant(of=unet_up, seen="catalogue R003-164")
def unet_up_as_two_maps(x, skip, kernel, bias, block):
    """features and skip are painted alone and added: stacking channels adds what their weights make of them"""
    unet_up(x, skip, kernel, bias, block)
    channels = x.shape[1]
    first = conv_transpose2d(x, kernel[:channels], bias, stride=2)
    return block(first + conv_transpose2d(skip, kernel[channels:], stride=2))
