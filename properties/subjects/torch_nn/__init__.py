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
    attention, perceptron                 scaled_dot_product_attention, linear, silu
    average of blocks                     avg_pool2d
    padding                               pad; of a batch nn.utils.rnn.pad_sequence

Losses of elements are added up over the last axis where the loss is that of a vector. Where batches have a loss each,
torch.vmap makes one of several.
"""

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from reference.diffusion.layout import PAD
from reference.language.batching import PaddedBatch

PACKAGES = ("torch",)


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
