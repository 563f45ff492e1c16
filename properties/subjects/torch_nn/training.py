"""Losses of torch.nn that judge a training: of labels, of numbers, and of vectors that belong together."""

import torch
from torch.nn import functional

from reference.training.losses import IGNORED

# Labels


def soft_target_loss(logits, target):
    classes = logits.shape[-1]
    losses = functional.cross_entropy(logits.reshape(-1, classes), target.reshape(-1, classes), reduction="none")
    return losses.reshape(logits.shape[:-1])


def label_smoothing_loss(logits, labels, smoothing):
    rows = logits.reshape(-1, logits.shape[-1])
    return functional.cross_entropy(rows, labels.reshape(-1), ignore_index=IGNORED, label_smoothing=smoothing)


def sigmoid_log_loss(logits, target, positive_weight=1.0):
    weight = torch.tensor(positive_weight, dtype=logits.dtype, device=logits.device)
    return functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weight, reduction="none")


# Numbers


def huber_loss(prediction, target, delta):
    return functional.huber_loss(prediction, target, reduction="none", delta=delta)


def smooth_l1_loss(prediction, target, beta):
    return functional.smooth_l1_loss(prediction, target, reduction="none", beta=beta)


# Vectors that belong together


def contrastive_loss(first, second, is_pair, margin):
    distance = functional.pairwise_distance(first, second, eps=0)
    side = torch.where(is_pair, 1.0, -1.0)
    amiss = functional.hinge_embedding_loss(distance, side.to(distance), margin, reduction="none")
    return functional.mse_loss(amiss, torch.zeros_like(amiss), reduction="none")


def triplet_loss(anchor, positive, negative, margin):
    return functional.triplet_margin_loss(anchor, positive, negative, margin, eps=0, reduction="none")


def n_pair_loss(anchors, positives):
    own = torch.arange(len(anchors), device=anchors.device)
    return functional.cross_entropy(functional.linear(anchors, positives), own)
