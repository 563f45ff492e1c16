"""Judges torch.nn: its losses, norms, embeddings and padding, nearly all of torch.nn.functional.

    losses of tokens, cross-entropy       cross_entropy, also with labels of -100 and with probabilities
    its gradient                          that of cross_entropy by autograd
    KL divergence                         kl_div of the logarithms of q, and p
    Gaussian decoder, log density         gaussian_nll_loss with full=True
    Bernoulli decoder, losses of a GAN    binary_cross_entropy_with_logits
    value of a GAN                        binary_cross_entropy of the discriminator, weighted
    Bradley-Terry                         soft_margin_loss of the differences
    squared errors                        mse_loss, with what is not context as its weight
    cosine, direction, norm               cosine_similarity, normalize, pairwise_distance from 0 with eps=0
    standardisation                       layer_norm of a vector and batch_norm of columns, with eps=0
    embeddings                            embedding; without padding embedding_bag, one token in each bag
    mean of a context                     embedding_bag with mode "mean"
    shares of exponentials, shrinkage     softmax, softshrink
    cross-attention, perceptron           scaled_dot_product_attention, linear, silu
    average of blocks                     avg_pool2d
    padding                               pad; of a batch nn.utils.rnn.pad_sequence
    attention, masked or biased           scaled_dot_product_attention with a mask of bool or of numbers
    grouped-query attention               scaled_dot_product_attention with enable_gqa
    attention with a cache                the same with nn.attention.bias.causal_lower_right
    attention with changed scores         flex_attention of nn.attention, not compiled
    blocks of a mask                      create_block_mask of nn.attention.flex_attention
    packed multi-head attention           multi_head_attention_forward, with zeros for channels that are missing
    norms                                 layer_norm, rms_norm, group_norm, instance_norm, batch_norm
    activations                           relu, silu, gelu
    patches                               unfold, fold; embedded by linear or by conv2d
    convolutions of pixels                conv2d; blended with lerp
    sizes of images                       interpolate
    cyclic shift                          torch.roll
    loss of soft or of smoothed labels    cross_entropy of probabilities, and with label_smoothing
    binary cross-entropy                  binary_cross_entropy_with_logits with pos_weight
    Huber, smooth L1                      huber_loss, smooth_l1_loss
    contrastive loss                      mse_loss from 0 of the hinge_embedding_loss of the pairwise_distance
    triplets, N pairs                     triplet_margin_loss with eps=0, cross_entropy of the products
    correlation and its matrix            conv2d, of all images that are 1 in one pixel; of sequences conv1d
    windows of an image                   unfold
    transposed convolution                conv_transpose2d; overlaps are what conv_transpose1d makes of ones
    sizes of convolutions                 shapes that conv1d and conv_transpose1d return
    number of weights                     nn.Conv2d
    pooling                               max_pool2d, avg_pool2d, adaptive_avg_pool2d
    images of another size                interpolate, nearest, nearest-exact, bilinear, bicubic
    recurrent steps, LSTM, GRU            nn.RNNCell, nn.LSTMCell, nn.GRUCell, with one bias of two at 0
    gradient through time                 that of nn.RNN by autograd, over windows with the state detached
    loss of codes by scale                cross_entropy with the weight of its token in place of each 1

Losses of elements are added up over the last axis where the loss is that of a vector. Where batches have a loss each,
torch.vmap makes one of several.
"""

import torch
from torch.nn import functional
from torch.nn.attention import flex_attention
from torch.nn.attention.bias import causal_lower_right
from torch.nn.utils.rnn import pad_sequence

from properties.subjects.torch_nn.training import (  # noqa: F401
    contrastive_loss,
    huber_loss,
    label_smoothing_loss,
    n_pair_loss,
    sigmoid_log_loss,
    smooth_l1_loss,
    soft_target_loss,
    triplet_loss,
)
from properties.subjects.torch_nn.vision import (  # noqa: F401
    aligned_bilinear_resize,
    aligned_cubic_resize,
    average_pool,
    average_pool_of_pixels,
    bilinear_resize,
    causal_convolution,
    convolution_layer,
    convolution_matrix,
    convolution_size,
    convolution_weight_count,
    correlation,
    cubic_resize,
    depthwise_correlation,
    global_average_pool,
    grouped_correlation,
    gru_step,
    image_windows,
    joined_recurrent_step,
    lstm_step,
    max_pool,
    nearest_centre_resize,
    nearest_resize,
    overlap_counts,
    recurrent_gradient,
    recurrent_step,
    transposed_convolution,
    transposed_convolution_size,
    truncated_recurrent_gradient,
)
from reference.diffusion.layout import PAD
from reference.language.batching import PaddedBatch
from reference.transformer.cache import CachedAttention, KeyValueCache
from reference.transformer.norms import RunningMoments

PACKAGES = ("torch",)

flex_attention._FLEX_ATTENTION_DISABLE_COMPILE_DEBUG = True  # it would compile anew for every function of the scores


# Outcomes


def softmax_log_loss(logits, target):
    losses = functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), target.reshape(-1), reduction="none")
    return losses.reshape(target.shape)


def auxiliary_cross_entropy(logits, x_0):
    return softmax_log_loss(logits, x_0)


def softmax_log_loss_gradient(logits, target):
    inputs = logits.detach().requires_grad_()
    return torch.autograd.grad(softmax_log_loss(inputs, target).sum(), inputs)[0]


def masked_token_loss(logits, labels):
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))


def cross_entropy(p, q):
    return functional.cross_entropy(q.log().movedim(-1, 0)[None], p.movedim(-1, 0)[None], reduction="none")[0]


def kl_divergence(p, q):
    return functional.kl_div(q.log(), p, reduction="none").sum(-1)


def exact_posterior(log_joint):
    return functional.softmax(log_joint, -1)


# Losses


def gaussian_log_likelihood(x, mean, log_scale):
    variance = (2 * log_scale).exp().expand_as(x)
    return -functional.gaussian_nll_loss(mean.expand_as(x), x, variance, full=True, reduction="none")


def gaussian_reconstruction_nll(x, mean, log_variance):
    variance = log_variance.exp().expand_as(x)
    return functional.gaussian_nll_loss(mean, x, variance, full=True, reduction="none").sum(-1)


def bernoulli_reconstruction_nll(x, logits):
    return functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def discriminator_loss(real_logits, fake_logits):
    return generator_loss_non_saturating(real_logits) - generator_loss_saturating(fake_logits)


def generator_loss_saturating(logits):
    return -functional.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def generator_loss_non_saturating(logits):
    return functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def gan_value(p_data, p_generator, discriminator):
    real, fake = torch.ones_like(discriminator), torch.zeros_like(discriminator)
    gain = functional.binary_cross_entropy(discriminator, real, weight=p_data, reduction="none")
    loss = functional.binary_cross_entropy(discriminator, fake, weight=p_generator, reduction="none")
    return -(gain + loss).sum(-1)


def ranking_loss(rewards):
    better, worse = torch.combinations(torch.arange(rewards.shape[-1], device=rewards.device)).T
    ahead = rewards[..., better] - rewards[..., worse]
    return functional.soft_margin_loss(ahead, torch.ones_like(ahead), reduction="none").mean(-1)


def simple_loss(prediction, target):
    return torch.vmap(functional.mse_loss)(prediction, target)


def target_loss(prediction, target, context):
    noised = (~context).to(target)
    return torch.vmap(lambda *sample: functional.mse_loss(*sample[:2], weight=sample[2]))(prediction, target, noised)


# Vectors


def p_norm(x, p):
    return functional.pairwise_distance(x, torch.zeros_like(x), p, eps=0)


def l2_normalize(x):
    return functional.normalize(x, dim=-1)


def cosine_similarity(a, b):
    return functional.cosine_similarity(a, b, dim=-1)


def standardize_vector(x):
    return functional.layer_norm(x, x.shape[-1:], eps=0)


def standardize(data, mean, std):
    return functional.batch_norm(data.reshape(-1, len(mean)), mean, std**2, eps=0).reshape(data.shape)


def soft_threshold(x, threshold):
    return functional.softshrink(x, threshold)


# Layers


def token_embeddings(table, tokens):
    return functional.embedding(tokens, table)


def masked_embedding(table, ids, pad):
    bags = functional.embedding_bag(ids.reshape(-1, 1), table, mode="sum", padding_idx=pad)
    return bags.reshape(*ids.shape, table.shape[-1])


def context_mean(context_vectors, kept):
    *batch, length, dim = context_vectors.shape
    table = functional.pad(context_vectors.reshape(-1, dim), (0, 0, 0, 1))
    padding = len(table) - 1
    ids = torch.arange(padding, device=kept.device).reshape(-1, length).masked_fill(~kept.reshape(-1, length), padding)
    return functional.embedding_bag(ids, table, mode="mean", padding_idx=padding).reshape(*batch, dim)


def cross_attention(queries_from, memory, query_weight, key_weight, value_weight):
    keys, values = functional.linear(memory, key_weight), functional.linear(memory, value_weight)
    return functional.scaled_dot_product_attention(functional.linear(queries_from, query_weight), keys, values)


def perceptron(values, parameters):
    hidden = functional.silu(functional.linear(values, parameters.weight_in, parameters.bias_in))
    return functional.linear(hidden, parameters.weight_out, parameters.bias_out)


def area_downsample(image, factor):
    pages = image.reshape(-1, 1, *image.shape[-2:])
    small = functional.avg_pool2d(pages, factor)
    return small.reshape(*image.shape[:-2], *small.shape[-2:])


# Padding


def pad_tokens(tokens, length):
    return tuple(functional.pad(torch.tensor(tokens, dtype=torch.int64), (0, length - len(tokens)), value=PAD).tolist())


def pad_right(sequences, pad):
    return _padded(sequences, pad, "right")


def pad_left(sequences, pad):
    return _padded(sequences, pad, "left")


def _padded(sequences, pad, side):
    rows = [torch.tensor(sequence, dtype=torch.int64) for sequence in sequences]
    kept = [torch.ones_like(row, dtype=torch.bool) for row in rows]
    ids = pad_sequence(rows, batch_first=True, padding_value=pad, padding_side=side)
    return PaddedBatch(ids, pad_sequence(kept, batch_first=True, padding_side=side))


# Attention


def attention(query, key, value, mask):
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)


def biased_attention(query, key, value, bias):
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)


def grouped_query_attention(query, key, value, mask):
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=True)


def cached_attention(query, key, value, cache):
    keys, values = torch.cat([cache.key, key], -2), torch.cat([cache.value, value], -2)
    mask = causal_lower_right(query.shape[-2], keys.shape[-2])
    return CachedAttention(
        functional.scaled_dot_product_attention(query, keys, values, mask), KeyValueCache(keys, values)
    )


def score_modified_attention(query, key, value, score_mod):
    *batch, queries, _ = query.shape
    parts = (x.reshape(-1, 1, *x.shape[-2:]) for x in (query, key, value))
    out = flex_attention.flex_attention(*parts, score_mod=lambda score, b, h, i, j: score_mod(score, i, j))
    return out.reshape(*batch, queries, -1)


def block_mask(mask, query_block, key_block):
    *batch, queries, keys = mask.shape
    pages = mask.reshape(-1, queries, keys)
    blocks = flex_attention.create_block_mask(
        lambda b, h, i, j: pages[b, i, j], len(pages), 1, queries, keys, mask.device, (query_block, key_block)
    )
    dense = blocks.to_dense()
    return dense.reshape(*batch, *dense.shape[-2:]).bool()


def packed_multi_head_attention(x, qkv_weight, qkv_bias, out_weight, out_bias, heads, mask):
    *batch, tokens, channels = x.shape
    width = out_weight.shape[1]
    if channels > width:
        raise NotImplementedError("torch.nn has no multi-head attention that is narrower than its input")
    wide = functional.pad(x.reshape(-1, tokens, channels), (0, width - channels)).transpose(0, 1)
    weight = functional.pad(qkv_weight, (0, width - channels))
    hidden = ~mask.expand(*batch, tokens, tokens).reshape(-1, 1, tokens, tokens).expand(-1, heads, -1, -1).flatten(0, 1)
    projections = weight, qkv_bias, None, None, False, 0.0, out_weight, out_bias
    out, _ = functional.multi_head_attention_forward(
        wide, wide, wide, width, heads, *projections, need_weights=False, attn_mask=hidden
    )
    return out.transpose(0, 1).reshape(*batch, tokens, -1)


def upcast_softmax(scores):
    return functional.softmax(scores, -1)


# Norms


def standardize_tokens(x, epsilon):
    return functional.layer_norm(x, x.shape[-1:], eps=epsilon)


def layer_norm(x, gain, bias, epsilon):
    return functional.layer_norm(x, gain.shape, gain, bias, epsilon)


def rms_norm(x, gain, epsilon):
    return functional.rms_norm(x, gain.shape, gain, epsilon)


def image_layer_norm(x, gain, bias, epsilon):
    return functional.layer_norm(x, gain.shape, gain, bias, epsilon)


def group_norm(x, groups, gain, bias, epsilon):
    return functional.group_norm(x, groups, gain, bias, epsilon)


def instance_norm(x, gain, bias, epsilon):
    return functional.instance_norm(x, weight=gain, bias=bias, eps=epsilon)


def batch_norm_in_training(x, moments, gain, bias, momentum, epsilon):
    moved = RunningMoments(moments.mean.clone(), moments.variance.clone())
    y = functional.batch_norm(x, *moved, gain, bias, training=True, momentum=momentum, eps=epsilon)
    return y, moved


def batch_norm_in_evaluation(x, moments, gain, bias, epsilon):
    return functional.batch_norm(x, *moments, gain, bias, eps=epsilon)


# Activations


def relu(x):
    return functional.relu(x)


def silu(x):
    return functional.silu(x)


def gelu(x):
    return functional.gelu(x)


def gelu_tanh(x):
    return functional.gelu(x, approximate="tanh")


# Positions, patches and pixels


def learned_position_embedding(table, positions):
    return functional.embedding(positions, table)


def patchify(images, patch_size):
    columns = functional.unfold(images.reshape(-1, *images.shape[-3:]), patch_size, stride=patch_size)
    return columns.mT.reshape(*images.shape[:-3], *columns.mT.shape[1:])


def unpatchify(patches, height, width, patch_size):
    columns = patches.reshape(-1, *patches.shape[-2:]).mT
    images = functional.fold(columns, (height, width), patch_size, stride=patch_size)
    return images.reshape(*patches.shape[:-2], *images.shape[1:])


def patch_embedding(images, weight, bias, patch_size):
    return functional.linear(patchify(images, patch_size), weight, bias)


def patch_embedding_by_convolution(images, weight, bias, patch_size):
    kernel = weight.reshape(len(weight), images.shape[1], patch_size, patch_size)
    return functional.conv2d(images, kernel, bias, stride=patch_size).flatten(2).mT


def pointwise_convolution(x, weight, bias):
    out = functional.conv2d(x.reshape(-1, *x.shape[-3:]), weight[..., None, None], bias)
    return out.reshape(*x.shape[:-3], *out.shape[1:])


def blended_convolution(h, weight, bias, ratio):
    convolved = functional.conv2d(h.reshape(-1, *h.shape[-3:]), weight, bias, padding="same")
    return torch.lerp(h, convolved.reshape(h.shape), ratio)


def area_resize(image, side):
    return _interpolate(image, side, "area")


def bicubic_resize(image, side):
    return _interpolate(image, side, "bicubic")


def _interpolate(image, side, mode):
    resized = functional.interpolate(image.reshape(-1, *image.shape[-3:]), (side, side), mode=mode)
    return resized.reshape(*image.shape[:-2], *resized.shape[-2:])


def cyclic_shift(x, shift):
    return torch.roll(x, (-shift, -shift), (-3, -2))


def next_scale_loss(logits, targets, weights):
    codes, samples = logits.shape[-1], targets[..., 0].numel()
    shares = functional.one_hot(targets, codes) * weights[:, None]
    return functional.cross_entropy(logits.reshape(-1, codes), shares.reshape(-1, codes), reduction="sum") / samples
