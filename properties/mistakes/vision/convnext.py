"""Wrong variants of `reference.vision.convnext`."""

import torch
from torch.nn.functional import conv2d, gelu, linear, normalize, relu

from properties.mistakes import mistake, variant
from reference.transformer.norms import image_layer_norm, layer_norm
from reference.vision.convnext import (
    convnext_block,
    gelu_perceptron,
    inverted_bottleneck,
    sdta_encoder,
    split_depthwise,
    transposed_attention,
)


@mistake(of=gelu_perceptron, seen="E003-057")
def gelu_perceptron_of_one_layer(x, weight_in, bias_in, weight_out, bias_out):
    """nothing stands between the two linear maps, so that they are one"""
    return linear(linear(x, weight_in, bias_in), weight_out, bias_out)


@mistake(of=gelu_perceptron, seen="catalogue R003-162")
def gelu_perceptron_with_gelu_behind(x, weight_in, bias_in, weight_out, bias_out):
    """GELU comes behind the second linear map as well"""
    return gelu(gelu_perceptron(x, weight_in, bias_in, weight_out, bias_out))


@mistake(of=gelu_perceptron, seen="catalogue R004-075")
def gelu_perceptron_with_relu(x, weight_in, bias_in, weight_out, bias_out):
    """relu stands in for GELU"""
    return linear(relu(linear(x, weight_in, bias_in)), weight_out, bias_out)


@mistake(of=gelu_perceptron, seen="catalogue R004-075")
def gelu_perceptron_with_tanh(x, weight_in, bias_in, weight_out, bias_out):
    """GELU is approximated by a hyperbolic tangent"""
    return linear(gelu(linear(x, weight_in, bias_in), approximate="tanh"), weight_out, bias_out)


@mistake(of=gelu_perceptron, seen="catalogue R003-162")
def gelu_perceptron_without_bias(x, weight_in, bias_in, weight_out, bias_out):
    """the first linear map has no bias"""
    return gelu_perceptron(x, weight_in, 0 * bias_in, weight_out, bias_out)


@mistake(of=inverted_bottleneck, seen="catalogue R004-075")
def inverted_bottleneck_without_scale(x, parameters, epsilon):
    """the layer scale is left out"""
    inverted_bottleneck(x, parameters, epsilon)
    return inverted_bottleneck(x, parameters._replace(layer_scale=torch.ones_like(parameters.layer_scale)), epsilon)


@mistake(of=inverted_bottleneck, seen="catalogue R004-075")
def inverted_bottleneck_with_norm_behind(x, parameters, epsilon):
    """the norm comes behind the feed-forward layer"""
    y = gelu_perceptron(x, *parameters[2:6])
    return parameters.layer_scale * layer_norm(y, parameters.gain, parameters.bias, epsilon)


@mistake(of=inverted_bottleneck, seen="catalogue R004-075")
def inverted_bottleneck_with_residual(x, parameters, epsilon):
    """the input is added"""
    return x + inverted_bottleneck(x, parameters, epsilon)


@mistake(of=inverted_bottleneck, seen="catalogue R004-075")
def inverted_bottleneck_scaled_before_the_bias(x, parameters, epsilon):
    """the layer scale leaves the last bias as it is"""
    y = inverted_bottleneck(x, parameters, epsilon)
    return y + (1 - parameters.layer_scale) * parameters.bias_out


@mistake(of=inverted_bottleneck, seen="catalogue R004-075")
def inverted_bottleneck_without_check(x, parameters, epsilon):
    """a negative epsilon counts as none"""
    return inverted_bottleneck(x, parameters, max(0.0, epsilon))


@mistake(of=inverted_bottleneck, seen="catalogue R004-075")
def inverted_bottleneck_with_a_large_epsilon(x, parameters, epsilon):
    """epsilon is at least 0.001"""
    return inverted_bottleneck(x, parameters, max(epsilon, 1e-3) if epsilon >= 0 else epsilon)


@mistake(of=convnext_block, seen="E004-24")
def convnext_block_that_reshapes(x, kernel, kernel_bias, parameters, epsilon):
    """channels are moved last by reshaping, which mixes them with pixels"""
    batch, channels, height, width = x.shape
    y = convnext_block(x, kernel, kernel_bias, parameters, epsilon)
    padding = kernel.shape[2] // 2, kernel.shape[3] // 2
    mixed = conv2d(x, kernel, kernel_bias, padding=padding, groups=channels)
    branch = inverted_bottleneck(mixed.reshape(batch, height, width, channels), parameters, epsilon)
    return 0 * y + x + branch.reshape(x.shape)


@mistake(of=convnext_block, seen="E004-24")
def convnext_block_with_dense_convolution(x, kernel, kernel_bias, parameters, epsilon):
    """the convolution is not depthwise: every output sees the sum of all channels"""
    convnext_block(x, kernel, kernel_bias, parameters, epsilon)
    total = x.sum(1, keepdim=True).expand_as(x)
    return x - total + convnext_block(total, kernel, kernel_bias, parameters, epsilon)


@mistake(of=convnext_block, seen="facebookresearch/ConvNeXt#112")
def convnext_block_normalised_over_the_image(x, kernel, kernel_bias, parameters, epsilon):
    """mean and variance are those of the whole image instead of each pixel's channels"""
    convnext_block(x, kernel, kernel_bias, parameters, epsilon)
    padding = kernel.shape[2] // 2, kernel.shape[3] // 2
    mixed = conv2d(x, kernel, kernel_bias, padding=padding, groups=x.shape[1])
    gain, bias = (v[:, None, None].expand_as(x[0]) for v in (parameters.gain, parameters.bias))
    normalised = image_layer_norm(mixed, gain, bias, epsilon).permute(0, 2, 3, 1)
    branch = parameters.layer_scale * gelu_perceptron(normalised, *parameters[2:6])
    return x + branch.permute(0, 3, 1, 2)


@mistake(of=convnext_block, seen="catalogue R004-075")
def convnext_block_without_shortcut(x, kernel, kernel_bias, parameters, epsilon):
    """the input is not added"""
    return convnext_block(x, kernel, kernel_bias, parameters, epsilon) - x


@mistake(of=convnext_block, seen="catalogue R004-075")
def convnext_block_with_transposed_pixels(x, kernel, kernel_bias, parameters, epsilon):
    """the kernel is applied with rows and columns exchanged"""
    y = convnext_block(x, kernel, kernel_bias, parameters, epsilon)
    turned = convnext_block(x.mT.contiguous(), kernel, kernel_bias, parameters, epsilon)
    return 0 * y + turned.mT


@mistake(of=convnext_block, seen="catalogue R004-075")
def convnext_block_with_norm_first(x, kernel, kernel_bias, parameters, epsilon):
    """the norm comes before the depthwise convolution, as in a transformer"""
    convnext_block(x, kernel, kernel_bias, parameters, epsilon)
    normalised = layer_norm(x.permute(0, 2, 3, 1), parameters.gain, parameters.bias, epsilon).permute(0, 3, 1, 2)
    padding = kernel.shape[2] // 2, kernel.shape[3] // 2
    mixed = conv2d(normalised, kernel, kernel_bias, padding=padding, groups=x.shape[1])
    branch = parameters.layer_scale * gelu_perceptron(mixed.permute(0, 2, 3, 1), *parameters[2:6])
    return x + branch.permute(0, 3, 1, 2)


@mistake(of=convnext_block, seen="catalogue R004-075")
def convnext_block_without_check(x, kernel, kernel_bias, parameters, epsilon):
    """an even kernel is centred half a pixel off"""
    rows, columns = kernel.shape[-2:]
    odd = torch.nn.functional.pad(kernel, (0, 1 - columns % 2, 0, 1 - rows % 2))
    return convnext_block(x, odd, kernel_bias, parameters, max(0.0, epsilon))


@mistake(of=convnext_block, seen="catalogue R004-075")
def convnext_block_with_a_large_epsilon(x, kernel, kernel_bias, parameters, epsilon):
    """epsilon is at least 0.001"""
    return convnext_block(x, kernel, kernel_bias, parameters, max(epsilon, 1e-3) if epsilon >= 0 else epsilon)


@variant(of=convnext_block, seen="facebookresearch/ConvNeXt#18")
def convnext_block_by_convolutions(x, kernel, kernel_bias, parameters, epsilon):
    """channels stay second, and 1 x 1 convolutions take the place of the linear maps"""
    y = convnext_block(x, kernel, kernel_bias, parameters, epsilon)
    padding = kernel.shape[2] // 2, kernel.shape[3] // 2
    z = conv2d(x, kernel, kernel_bias, padding=padding, groups=x.shape[1])
    centred = z - z.mean(1, keepdim=True)
    z = centred / (centred.square().mean(1, keepdim=True) + epsilon).sqrt()
    z = z * parameters.gain[:, None, None] + parameters.bias[:, None, None]
    z = gelu(conv2d(z, parameters.weight_in[:, :, None, None], parameters.bias_in))
    z = conv2d(z, parameters.weight_out[:, :, None, None], parameters.bias_out)
    return 0 * y + x + parameters.layer_scale[:, None, None] * z


@mistake(of=split_depthwise, seen="catalogue R004-077")
def split_depthwise_without_hierarchy(x, kernels, biases):
    """no part sees the one before it"""
    split_depthwise(x, kernels, biases)
    *parts, kept = x.chunk(len(kernels) + 1, 1)
    triples = zip(parts, kernels, biases, strict=True)
    return torch.cat([*(conv2d(p, k, b, padding=1, groups=p.shape[1]) for p, k, b in triples), kept], 1)


@mistake(of=split_depthwise, seen="catalogue R004-077")
def split_depthwise_that_is_dense(x, kernels, biases):
    """the convolution of a part is not depthwise: its outputs see all channels of the part"""
    split_depthwise(x, kernels, biases)
    *parts, kept = x.chunk(len(kernels) + 1, 1)
    outputs = []
    for part, kernel, bias in zip(parts, kernels, biases, strict=True):
        total = (part + outputs[-1] if outputs else part).sum(1, keepdim=True)
        outputs.append(conv2d(total, kernel, bias, padding=1))
    return torch.cat([*outputs, kept], 1)


@mistake(of=split_depthwise, seen="catalogue R004-065")
def split_depthwise_that_keeps_the_first(x, kernels, biases):
    """the first channels are kept instead of the last"""
    kept = x.chunk(len(kernels) + 1, 1)[-1].shape[1]
    moved = split_depthwise(torch.cat([x[:, kept:], x[:, :kept]], 1), kernels, biases)
    return torch.cat([moved[:, -kept:], moved[:, :-kept]], 1)


@mistake(of=split_depthwise, seen="catalogue R004-077")
def split_depthwise_without_bias(x, kernels, biases):
    """the convolutions have no bias"""
    return split_depthwise(x, kernels, [0 * bias for bias in biases])


@mistake(of=split_depthwise, seen="catalogue R004-077")
def split_depthwise_without_check(x, kernels, biases):
    """kernels or biases that are left over are ignored"""
    *parts, kept = x.chunk(len(kernels) + 1, 1)
    outputs = []
    for part, kernel, bias in zip(parts, kernels, biases, strict=False):
        outputs.append(conv2d(part + outputs[-1] if outputs else part, kernel, bias, padding=1, groups=part.shape[1]))
    return torch.cat([*outputs, kept], 1)


@mistake(of=split_depthwise, seen="catalogue R004-077")
def split_depthwise_of_the_first_image(x, kernels, biases):
    """all images of a batch get the channels of the first"""
    return split_depthwise(x[:1], kernels, biases).expand(x.shape).clone()


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_between_tokens(query, key, value, temperature):
    """tokens attend to tokens"""
    scores = normalize(query, dim=-1) @ normalize(key, dim=-1).mT
    return (temperature[:, None, None] * scores).softmax(-1) @ value


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_normalised_over_channels(query, key, value, temperature):
    """each token is scaled to length 1, instead of each channel over all tokens"""
    scores = normalize(query, dim=-1).mT @ normalize(key, dim=-1)
    return value @ (temperature[:, None, None] * scores).softmax(-1).mT


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_with_lengths_of_at_least_a_thousandth(query, key, value, temperature):
    """against division by 0 lengths are at least 1e-3, for which short channels lose weight"""
    scores = normalize(query, dim=-2, eps=1e-3).mT @ normalize(key, dim=-2, eps=1e-3)
    return value @ (temperature[:, None, None] * scores).softmax(-1).mT


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_without_norm(query, key, value, temperature):
    """channels are compared by their dot product, which grows with the number of tokens"""
    return value @ (temperature[:, None, None] * (query.mT @ key)).softmax(-1).mT


@mistake(of=transposed_attention, seen="brain-research/self-attention-gan#17")
def transposed_attention_over_queries(query, key, value, temperature):
    """weights sum to 1 over the channels that attend, and not over those attended to"""
    scores = normalize(query, dim=-2).mT @ normalize(key, dim=-2)
    return value @ (temperature[:, None, None] * scores).softmax(-2).mT


@mistake(of=transposed_attention, seen="MenghaoGuo/PCT#17")
def transposed_attention_with_untransposed_weights(query, key, value, temperature):
    """the weights are not transposed before the product with the values"""
    scores = normalize(query, dim=-2).mT @ normalize(key, dim=-2)
    return value @ (temperature[:, None, None] * scores).softmax(-1)


@mistake(of=transposed_attention, seen="arXiv:2106.09681, section 3")
def transposed_attention_divided_by_temperature(query, key, value, temperature):
    """the cosine is divided by the temperature"""
    return transposed_attention(query, key, value, 1 / torch.where(temperature == 0, 1, temperature))


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_with_one_temperature(query, key, value, temperature):
    """all heads have the temperature of the first"""
    return transposed_attention(query, key, value, temperature[:1].expand_as(temperature))


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_by_root_of_channels(query, key, value, temperature):
    """the cosine is divided by the root of the channels too, as a dot product would be"""
    return transposed_attention(query, key, value, temperature / query.shape[-1] ** 0.5)


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_that_overflows(query, key, value, temperature):
    """exponentials are formed without taking the largest score out"""
    cosines = normalize(query, dim=-2).mT @ normalize(key, dim=-2)
    weights = (temperature[:, None, None] * cosines).exp()
    return value @ (weights / weights.sum(-1, keepdim=True)).mT


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_of_short_channels(query, key, value, temperature):
    """channels are divided by lengths of at least 0.01, so that short ones are not normalised"""
    cosines = normalize(query, dim=-2, eps=1e-2).mT @ normalize(key, dim=-2, eps=1e-2)
    return value @ (temperature[:, None, None] * cosines).softmax(-1).mT


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_with_temperatures_of_images(query, key, value, temperature):
    """temperatures are repeated for each image of a batch instead of the batch being repeated for each head"""
    if query.ndim < 4:
        return transposed_attention(query, key, value, temperature)
    repeated = temperature.repeat_interleave(len(query))
    flat = transposed_attention(*(x.flatten(0, 1) for x in (query, key, value)), repeated)
    return flat.unflatten(0, query.shape[:2])


@mistake(of=sdta_encoder, seen="catalogue R004-077")
def sdta_encoder_with_shortcut_from_attention(x, split, attend, feed_forward):
    """the shortcut of the feed-forward layer starts at what attention returns"""
    sdta_encoder(x, split, attend, feed_forward)
    tokens = split(x).flatten(2).mT
    tokens = tokens + attend(tokens)
    return (tokens + feed_forward(tokens)).mT.reshape(x.shape)


@mistake(of=sdta_encoder, seen="catalogue R004-077")
def sdta_encoder_without_attention_shortcut(x, split, attend, feed_forward):
    """the tokens do not pass around the attention"""
    sdta_encoder(x, split, attend, feed_forward)
    return x + feed_forward(attend(split(x).flatten(2).mT)).mT.reshape(x.shape)


@mistake(of=sdta_encoder, seen="E004-24")
def sdta_encoder_that_reshapes(x, split, attend, feed_forward):
    """the image is reshaped to tokens, which mixes pixels and channels"""
    y = sdta_encoder(x, split, attend, feed_forward)
    tokens = split(x).reshape(x.shape[0], -1, x.shape[1])
    tokens = tokens + attend(tokens)
    return 0 * y + x + feed_forward(tokens).reshape(x.shape)


@mistake(of=sdta_encoder, seen="catalogue R004-077")
def sdta_encoder_in_columns(x, split, attend, feed_forward):
    """the tokens go down the columns instead of along the rows"""
    y = sdta_encoder(x, split, attend, feed_forward)
    tokens = split(x).mT.flatten(2).mT
    tokens = tokens + attend(tokens)
    return 0 * y + x + torch.unflatten(feed_forward(tokens).mT, 2, (x.shape[3], x.shape[2])).mT


@mistake(of=sdta_encoder, seen="catalogue R004-077")
def sdta_encoder_that_broadcasts(x, split, attend, feed_forward):
    """what the layers return is broadcast against the tokens and the image"""
    tokens = split(x).flatten(2).mT
    tokens = tokens + attend(tokens)
    return x + torch.unflatten(feed_forward(tokens).mT, 2, x.shape[2:])


@mistake(of=transposed_attention, seen="catalogue R004-077")
def transposed_attention_of_very_short_channels(query, key, value, temperature):
    """channels shorter than 1e-12 count as 1e-12 long, and stay short"""
    q, k = (normalize(side.mT, dim=-1) for side in (query, key))
    return value @ torch.softmax(temperature[:, None, None] * (q @ k.mT), -1).mT


@mistake(of=inverted_bottleneck, seen="catalogue R004-077")
def inverted_bottleneck_with_epsilon_above_zero(x, parameters, epsilon):
    """an epsilon of 0 is refused"""
    if epsilon == 0:
        raise ValueError("epsilon must be above 0")
    return inverted_bottleneck(x, parameters, epsilon)
