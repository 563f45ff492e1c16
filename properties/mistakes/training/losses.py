"""Wrong variants of `reference.training.losses`."""

import math

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, one_hot, softplus

from properties.mistakes import mistake, variant
from reference.training.losses import (
    IGNORED,
    huber_loss,
    label_smoothing_loss,
    label_smoothing_loss_over_others,
    mean_and_tail_mean,
    mean_flat,
    mean_of_kept,
    sigmoid_focal_loss,
    sigmoid_log_loss,
    smooth_l1_loss,
    soft_target_loss,
    softmax_focal_loss,
    softmax_log_loss,
    softmax_log_loss_gradient,
)


def _kept_logits(logits, labels):
    kept = labels != IGNORED
    return kept, torch.where(kept[..., None], logits, 0), torch.where(kept, labels, 0)


@mistake(of=softmax_log_loss, seen="catalogue R004-042")
def softmax_log_loss_that_overflows(logits, target):
    """exponentials are formed without taking the largest logit out, and overflow or vanish"""
    return logits.exp().sum(-1).log() - logits.gather(-1, target[..., None]).squeeze(-1)


@mistake(of=softmax_log_loss, seen="catalogue R004-042")
def softmax_log_loss_of_probabilities(logits, target):
    """the softmax is taken twice"""
    return softmax_log_loss(logits.softmax(-1), target)


@mistake(of=softmax_log_loss, seen="catalogue R004-042")
def softmax_log_loss_in_bits(logits, target):
    """the loss is in bits"""
    return softmax_log_loss(logits, target) / math.log(2)


@mistake(of=softmax_log_loss, seen="catalogue R004-042")
def softmax_log_loss_divided_by_the_vocabulary(logits, target):
    """the loss is a mean over the vocabulary"""
    return softmax_log_loss(logits, target) / logits.shape[-1]


@mistake(of=softmax_log_loss, seen="catalogue R004-042")
def softmax_log_loss_of_clamped_probabilities(logits, target):
    """probabilities are at least 1e-12, so that no loss is above 27.7"""
    return -logits.softmax(-1).clamp(min=1e-12).log().gather(-1, target[..., None]).squeeze(-1)


@mistake(of=softmax_log_loss, seen="catalogue R004-042")
def softmax_log_loss_of_vanished_probabilities(logits, target):
    """the logarithm is taken behind the softmax, and infinite where that is 0"""
    return -logits.softmax(-1).log().gather(-1, target[..., None]).squeeze(-1)


@mistake(of=softmax_log_loss, seen="catalogue R004-042")
def softmax_log_loss_of_a_batch(logits, target):
    """a single vector of logits, without a batch, is refused"""
    if logits.ndim < 2:
        raise ValueError("needs a batch")
    return softmax_log_loss(logits, target)


@variant(of=softmax_log_loss, seen="torch.nn.functional.cross_entropy")
def softmax_log_loss_by_library(logits, target):
    """the library's cross-entropy of ids is the same without a reduction"""
    flat = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), target.flatten(), reduction="none")
    return flat.reshape(target.shape)


@mistake(of=softmax_log_loss_gradient, seen="catalogue R004-042")
def softmax_log_loss_gradient_of_the_log_probability(logits, target):
    """the sign is that of the log probability, so that a step downhill makes the target rarer"""
    return -softmax_log_loss_gradient(logits, target)


@mistake(of=softmax_log_loss_gradient, seen="catalogue R004-042")
def softmax_log_loss_gradient_without_the_target(logits, target):
    """the target is not taken off, so that every logit falls"""
    return logits.softmax(-1)


@mistake(of=softmax_log_loss_gradient, seen="catalogue R004-042")
def softmax_log_loss_gradient_of_the_mean(logits, target):
    """the gradient is divided by the size of the batch"""
    return softmax_log_loss_gradient(logits, target) / len(target)


@mistake(of=softmax_log_loss_gradient, seen="catalogue R004-042")
def softmax_log_loss_gradient_through_a_sigmoid(logits, target):
    """each logit has a sigmoid of its own"""
    return logits.sigmoid() - torch.nn.functional.one_hot(target, logits.shape[-1])


@mistake(of=softmax_log_loss_gradient, seen="catalogue R004-042")
def softmax_log_loss_gradient_of_clamped_probabilities(logits, target):
    """probabilities stay 1e-7 away from 0 and 1"""
    return logits.softmax(-1).clamp(1e-7, 1 - 1e-7) - one_hot(target, logits.shape[-1])


@mistake(of=soft_target_loss, seen="google-deepmind/optax commit 51537b4e")
def soft_target_loss_with_zero_times_infinity(logits, target):
    """a class that neither the target nor the logits allow gives 0 times infinity, which is NaN"""
    return -(target * logits.log_softmax(-1)).sum(-1)


@mistake(of=soft_target_loss, seen="catalogue R003-013")
def soft_target_loss_of_the_likeliest_class(logits, target):
    """the target is made one-hot"""
    return softmax_log_loss(logits, target.argmax(-1))


@mistake(of=soft_target_loss, seen="catalogue R003-013")
def soft_target_loss_of_probabilities(logits, target):
    """the logarithm is that of probabilities, which are 0 where the logits lie far apart"""
    return -(target * torch.where(target > 0, logits.exp() / logits.exp().sum(-1, keepdim=True), 1).log()).sum(-1)


@mistake(of=soft_target_loss, seen="catalogue R003-013")
def soft_target_loss_swapped(logits, target):
    """the softmax of the logits weights the logarithms of the target"""
    return -(logits.softmax(-1) * target.log()).sum(-1)


@mistake(of=soft_target_loss, seen="catalogue R003-013")
def soft_target_loss_less_entropy(logits, target):
    """the entropy of the target is taken off: it is the divergence, whose minimum is 0"""
    return soft_target_loss(logits, target) - torch.special.entr(target).sum(-1)


@mistake(of=soft_target_loss, seen="catalogue R003-013")
def soft_target_loss_averaged_over_classes(logits, target):
    """the terms of the classes are averaged and not added"""
    return soft_target_loss(logits, target) / logits.shape[-1]


@mistake(of=soft_target_loss, seen="catalogue R003-013")
def soft_target_loss_with_undefined_gradient(logits, target):
    """the value is right, but a product with -inf behind the where makes the gradient NaN"""
    return -torch.where(target > 0, target * logits.log_softmax(-1), 0).sum(-1)


@mistake(of=soft_target_loss, seen="catalogue R003-013")
def soft_target_loss_of_clamped_logarithms(logits, target):
    """log probabilities are at least -100"""
    log_p = logits.log_softmax(-1).clamp(min=-100)
    return -(target * log_p).sum(-1)


@mistake(of=label_smoothing_loss, seen="huggingface/transformers#5919")
def label_smoothing_loss_over_all_positions(logits, labels, smoothing):
    """the sum is divided by the number of all positions, the ignored ones included"""
    return label_smoothing_loss(logits, labels, smoothing) * (labels != IGNORED).sum() / labels.numel()


@mistake(of=label_smoothing_loss, seen="pytorch/pytorch#73205")
def label_smoothing_loss_with_ignored_positions(logits, labels, smoothing):
    """ignored positions are left out of the label's term, but not of the smoothing"""
    kept, _, labels = _kept_logits(logits, labels)
    spread = -logits.log_softmax(-1).mean(-1).sum() / kept.sum().clamp(min=1)
    return (1 - smoothing) * mean_of_kept(softmax_log_loss(logits, labels), kept) + smoothing * spread


@mistake(of=label_smoothing_loss, seen="OpenNMT/OpenNMT#570")
def label_smoothing_loss_without_a_class(logits, labels, smoothing):
    """the id -100 of ignored labels is taken for a class, counted from the end, which gets no share"""
    kept, logits, labels = _kept_logits(logits, labels)
    classes = logits.shape[-1]
    spread = torch.full((classes,), smoothing / classes, dtype=logits.dtype)
    spread[IGNORED % classes] = 0
    target = (1 - smoothing) * one_hot(labels, classes).to(logits.dtype) + spread
    return mean_of_kept(soft_target_loss(logits, target), kept)


@mistake(of=label_smoothing_loss, seen="awslabs/sockeye#200")
def label_smoothing_loss_of_the_ignored(logits, labels, smoothing):
    """the mask is inverted, so that only ignored positions are learned"""
    kept, logits, labels = _kept_logits(logits, labels)
    target = (1 - smoothing) * one_hot(labels, logits.shape[-1]).to(logits.dtype) + smoothing / logits.shape[-1]
    return mean_of_kept(soft_target_loss(logits, target), ~kept)


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_over_the_others(logits, labels, smoothing):
    """the share is spread over the V - 1 other classes, and the label gets none of it"""
    return label_smoothing_loss(logits, labels, min(smoothing * logits.shape[-1] / (logits.shape[-1] - 1), 1))


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_that_reaches_zero(logits, labels, smoothing):
    """the entropy of the target is taken off, so that the least loss is 0"""
    share = smoothing / logits.shape[-1]
    shares = torch.tensor([1 - smoothing + share, *[share] * (logits.shape[-1] - 1)], dtype=logits.dtype)
    return label_smoothing_loss(logits, labels, smoothing) - torch.special.entr(shares).sum()


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_with_a_sum_over_classes(logits, labels, smoothing):
    """the smoothing is multiplied by the sum over the classes and not by their mean"""
    plain, even = (label_smoothing_loss(logits, labels, share) for share in (0, 1))
    return label_smoothing_loss(logits, labels, smoothing) + smoothing * ((logits.shape[-1] - 1) * even - 0 * plain)


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_with_a_whole_label(logits, labels, smoothing):
    """the label keeps its whole weight, and the smoothing comes on top"""
    return label_smoothing_loss(logits, labels, smoothing) + smoothing * label_smoothing_loss(logits, labels, 0)


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_without_smoothing(logits, labels, smoothing):
    """labels are learned as they are"""
    return label_smoothing_loss(logits, labels, 0 * smoothing)


@mistake(of=label_smoothing_loss, seen="pytorch/pytorch#116349")
def label_smoothing_loss_of_nothing(logits, labels, smoothing):
    """where all labels are ignored 0 is divided by 0"""
    kept = (labels != IGNORED).sum()
    return label_smoothing_loss(logits, labels, smoothing) * kept / kept


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_with_clamped_share(logits, labels, smoothing):
    """a share outside of [0, 1] is moved to its nearest end"""
    return label_smoothing_loss(logits, labels, min(max(0.0, smoothing), 1.0))


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_with_negative_labels_ignored(logits, labels, smoothing):
    """every negative label is ignored, and not -100 alone"""
    return label_smoothing_loss(logits, torch.where(labels < 0, IGNORED, labels), smoothing)


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_of_clamped_probabilities(logits, labels, smoothing):
    """probabilities are at least 1e-12, which hides how far apart the logits are"""
    label_smoothing_loss(logits, labels, smoothing)
    kept, logits, labels = _kept_logits(logits, labels)
    log_p = logits.softmax(-1).clamp(min=1e-12).log()
    chosen = (1 - smoothing) * log_p.gather(-1, labels[..., None]).squeeze(-1)
    return mean_of_kept(-chosen - smoothing * log_p.mean(-1), kept)


@mistake(of=label_smoothing_loss, seen="catalogue R001-062")
def label_smoothing_loss_that_overflows(logits, labels, smoothing):
    """exponentials are formed without taking the largest logit out"""
    label_smoothing_loss(logits, labels, smoothing)
    kept, logits, labels = _kept_logits(logits, labels)
    log_p = logits - logits.exp().sum(-1, keepdim=True).log()
    chosen = (1 - smoothing) * log_p.gather(-1, labels[..., None]).squeeze(-1)
    return mean_of_kept(-chosen - smoothing * log_p.mean(-1), kept)


@variant(of=label_smoothing_loss, seen="torch.nn.functional.cross_entropy")
def label_smoothing_loss_as_combination(logits, labels, smoothing):
    """the loss is linear in the target: it mixes the loss of labels and that of a uniform target"""
    plain, even = (label_smoothing_loss(logits, labels, share) for share in (0, 1))
    return label_smoothing_loss(logits, labels, smoothing) * 0 + (1 - smoothing) * plain + smoothing * even


@mistake(of=label_smoothing_loss_over_others, seen="catalogue R001-062")
def label_smoothing_loss_over_others_and_the_label(logits, labels, smoothing):
    """the share is spread over all classes, so that the label gets back some of it"""
    return label_smoothing_loss(logits, labels, smoothing) + 0 * label_smoothing_loss_over_others(
        logits, labels, smoothing
    )


@mistake(of=label_smoothing_loss_over_others, seen="facebookresearch/fairseq, code without the correction by eps_i")
def label_smoothing_loss_over_others_with_too_much(logits, labels, smoothing):
    """the sum over all classes is weighted by s / (V - 1) and the label by 1 - s: shares add up to more than 1"""
    classes = logits.shape[-1]
    label_smoothing_loss_over_others(logits, labels, smoothing)
    kept, logits, labels = _kept_logits(logits, labels)
    total = -logits.log_softmax(-1).sum(-1)
    return mean_of_kept((1 - smoothing) * softmax_log_loss(logits, labels) + smoothing / (classes - 1) * total, kept)


@mistake(of=label_smoothing_loss_over_others, seen="OpenNMT/OpenNMT-py#1463")
def label_smoothing_loss_over_others_but_padding(logits, labels, smoothing):
    """the first class is taken for padding: it gets no share, and V - 2 classes one each"""
    label_smoothing_loss_over_others(logits, labels, smoothing)
    kept, logits, labels = _kept_logits(logits, labels)
    classes = logits.shape[-1]
    target = torch.full_like(logits, smoothing / max(classes - 2, 1))
    target[..., 0] = 0
    target = target.scatter(-1, labels[..., None], 1 - smoothing)
    return mean_of_kept(soft_target_loss(logits, target), kept)


@mistake(of=label_smoothing_loss_over_others, seen="catalogue R001-062")
def label_smoothing_loss_over_others_with_a_rare_label(logits, labels, smoothing):
    """shares that leave less to the label than to another class are taken"""
    classes = logits.shape[-1]
    return label_smoothing_loss(logits, labels, min(smoothing / (1 - 1 / classes), 1) if classes > 1 else smoothing)


@mistake(of=label_smoothing_loss_over_others, seen="catalogue R001-062")
def label_smoothing_loss_over_others_that_overflows(logits, labels, smoothing):
    """exponentials are formed without taking the largest logit out"""
    kept, finite, _ = _kept_logits(logits, labels)
    off = finite.exp().sum(-1).log() - finite.logsumexp(-1)
    return label_smoothing_loss_over_others(logits, labels, smoothing) + mean_of_kept(off, kept)


@mistake(of=label_smoothing_loss_over_others, seen="catalogue R001-062")
def label_smoothing_loss_over_others_of_masked_products(logits, labels, smoothing):
    """losses at ignored labels are multiplied by 0, which NaN survives"""
    return label_smoothing_loss_over_others(logits, labels, smoothing) + 0 * logits.sum()


@mistake(of=label_smoothing_loss_over_others, seen="catalogue R001-062")
def label_smoothing_loss_over_others_of_nothing(logits, labels, smoothing):
    """without a label to learn the mean is NaN"""
    return label_smoothing_loss_over_others(logits, labels, smoothing) / (labels != IGNORED).any()


@mistake(of=sigmoid_log_loss, seen="catalogue R003-013")
def sigmoid_log_loss_that_overflows(logits, target, positive_weight=1.0):
    """probabilities are formed first, and their logarithm is infinite where they are 0"""
    p = logits.sigmoid()
    return sigmoid_log_loss(0 * logits, target, positive_weight) * 0 - (
        positive_weight * target * p.log() + (1 - target) * (1 - p).log()
    )


@mistake(of=sigmoid_log_loss, seen="torch.nn.functional.binary_cross_entropy")
def sigmoid_log_loss_clamped_at_100(logits, target, positive_weight=1.0):
    """logarithms below -100 are taken for -100"""
    p = logits.sigmoid()
    terms = positive_weight * target * p.log().clamp(min=-100) + (1 - target) * (1 - p).log().clamp(min=-100)
    return 0 * sigmoid_log_loss(0 * logits, target, positive_weight) - terms


@mistake(of=sigmoid_log_loss, seen="catalogue R003-013")
def sigmoid_log_loss_weighted_throughout(logits, target, positive_weight=1.0):
    """the weight of positives multiplies negatives too"""
    return positive_weight * sigmoid_log_loss(logits, target) + 0 * sigmoid_log_loss(logits, target, positive_weight)


@mistake(of=sigmoid_log_loss, seen="catalogue R003-013")
def sigmoid_log_loss_with_weighted_negatives(logits, target, positive_weight=1.0):
    """the weight of positives multiplies negatives"""
    return sigmoid_log_loss(-logits, 1 - target, positive_weight)


@mistake(of=sigmoid_log_loss, seen="catalogue R003-013")
def sigmoid_log_loss_of_the_positives(logits, target, positive_weight=1.0):
    """the term of negatives is missing"""
    return sigmoid_log_loss(logits, target, positive_weight) + (1 - target) * logsigmoid(-logits)


@mistake(of=sigmoid_log_loss, seen="torch.nn.functional.softplus, which is linear above its threshold of 20")
def sigmoid_log_loss_by_softplus(logits, target, positive_weight=1.0):
    """the library's softplus is linear from 20 on, and misses 2e-9 there"""
    checked = 0 * sigmoid_log_loss(0 * logits, target, positive_weight)
    return checked + positive_weight * target * softplus(-logits) + (1 - target) * softplus(logits)


@mistake(of=sigmoid_log_loss, seen="catalogue R003-013")
def sigmoid_log_loss_without_check(logits, target, positive_weight=1.0):
    """positives may count for nothing, or for less than nothing"""
    return -(positive_weight * target * logsigmoid(logits) + (1 - target) * logsigmoid(-logits))


@mistake(of=sigmoid_log_loss, seen="torch.nn.functional.binary_cross_entropy_with_logits")
def sigmoid_log_loss_as_a_difference(logits, target, positive_weight=1.0):
    """it is (1 - y) a - (1 + (w - 1) y) log sigmoid(a), in which a sure negative loses its digits"""
    if not positive_weight > 0:
        return sigmoid_log_loss(logits, target, positive_weight)
    weight = torch.tensor(positive_weight, dtype=logits.dtype)
    return binary_cross_entropy_with_logits(logits, target, pos_weight=weight, reduction="none")


@mistake(of=sigmoid_focal_loss, seen="catalogue R003-014")
def sigmoid_focal_loss_with_p_for_p_t(logits, positive, alpha, gamma):
    """the factor of negatives is (1 - p)^gamma too, so that easy ones count in full"""
    plain = sigmoid_focal_loss(logits, positive, alpha, 0 * gamma)
    return torch.exp(gamma * logsigmoid(-logits)) * plain


@mistake(of=sigmoid_focal_loss, seen="catalogue R003-014")
def sigmoid_focal_loss_with_one_alpha(logits, positive, alpha, gamma):
    """alpha multiplies negatives too"""
    return alpha * 2 * sigmoid_focal_loss(logits, positive, 0.5, gamma) + 0 * sigmoid_focal_loss(
        logits, positive, alpha, gamma
    )


@mistake(of=sigmoid_focal_loss, seen="catalogue R003-014")
def sigmoid_focal_loss_with_swapped_alpha(logits, positive, alpha, gamma):
    """alpha belongs to negatives and 1 - alpha to positives"""
    return sigmoid_focal_loss(logits, positive, 1 - alpha, gamma)


@mistake(of=sigmoid_focal_loss, seen="catalogue R003-014")
def sigmoid_focal_loss_of_easy_samples(logits, positive, alpha, gamma):
    """the factor is p_t^gamma, so that hard samples count less"""
    plain = sigmoid_focal_loss(logits, positive, alpha, 0 * gamma)
    return torch.exp(gamma * logsigmoid(torch.where(positive, logits, -logits))) * plain


@mistake(of=sigmoid_focal_loss, seen="catalogue R003-014")
def sigmoid_focal_loss_with_undefined_slope(logits, positive, alpha, gamma):
    """a power below 1 of a probability that is 0 has the slope infinity, and NaN comes of it"""
    sigmoid_focal_loss(logits, positive, alpha, gamma)
    p_t = torch.where(positive, logits, -logits).sigmoid()
    loss = -((1 - p_t) ** gamma) * torch.where(positive, logsigmoid(logits), logsigmoid(-logits))
    return torch.where(positive, alpha * loss, (1 - alpha) * loss)


@mistake(of=sigmoid_focal_loss, seen="catalogue R003-014")
def sigmoid_focal_loss_with_detached_factor(logits, positive, alpha, gamma):
    """the factor is taken for a constant, and its share of the slope is missing"""
    sigmoid_focal_loss(logits, positive, alpha, gamma)
    factor = torch.exp(gamma * logsigmoid(torch.where(positive, -logits, logits)))
    return factor.detach() * sigmoid_focal_loss(logits, positive, alpha, 0 * gamma)


@mistake(of=sigmoid_focal_loss, seen="catalogue R003-014")
def sigmoid_focal_loss_without_check(logits, positive, alpha, gamma):
    """shares beyond 0 and 1, and factors above 1, are taken"""
    towards = torch.where(positive, logits, -logits)
    loss = -torch.exp(gamma * logsigmoid(-towards)) * logsigmoid(towards)
    return torch.where(positive, alpha, 1 - alpha) * loss


@mistake(of=softmax_focal_loss, seen="HeyLynne/FocalLoss_for_multiclass#3")
def softmax_focal_loss_with_a_logarithm_for_p(logits, target, class_weights, gamma):
    """log p_t stands for p_t in the factor (1 - p_t)^gamma, which then is above 1"""
    log_p = -softmax_log_loss(logits, target)
    return (1 - log_p) ** gamma * softmax_focal_loss(logits, target, class_weights, 0 * gamma)


@mistake(of=softmax_focal_loss, seen="fudannlp16/focal-loss#8")
def softmax_focal_loss_with_a_product(logits, target, class_weights, gamma):
    """1 - p_t is multiplied by gamma and not raised to it"""
    p_t = (-softmax_log_loss(logits, target)).exp()
    return (1 - p_t) * gamma * softmax_focal_loss(logits, target, class_weights, 0 * gamma)


@mistake(of=softmax_focal_loss, seen="kaidic/LDAM-DRW#6")
def softmax_focal_loss_of_the_mean(logits, target, class_weights, gamma):
    """the factor is that of the batch's mean loss, and not each sample's own"""
    p = (-softmax_log_loss(logits, target).mean()).exp()
    return (1 - p) ** gamma * softmax_focal_loss(logits, target, class_weights, 0 * gamma)


@mistake(of=softmax_focal_loss, seen="kornia/kornia#2393")
def softmax_focal_loss_with_one_weight(logits, target, class_weights, gamma):
    """all classes have the weight of the first"""
    return softmax_focal_loss(logits, target, class_weights[:1].expand(len(class_weights)), gamma)


@mistake(of=softmax_focal_loss, seen="BloodAxe/pytorch-toolbelt#78")
def softmax_focal_loss_of_binary_problems(logits, target, class_weights, gamma):
    """each class is a binary problem of its own, by a sigmoid"""
    positive = one_hot(target, logits.shape[-1]).bool()
    losses = 2 * sigmoid_focal_loss(logits, positive, 0.5, gamma)
    return class_weights[target] * losses.sum(-1) + 0 * softmax_focal_loss(logits, target, class_weights, gamma)


@mistake(of=softmax_focal_loss, seen="E003-006")
def softmax_focal_loss_that_adds(logits, target, class_weights, gamma):
    """the loss of hard samples is raised by (1 - p_t)^gamma, so that it exceeds cross-entropy"""
    return softmax_focal_loss(logits, target, class_weights, 0 * gamma) + softmax_focal_loss(
        logits, target, class_weights, gamma
    )


@mistake(of=softmax_focal_loss, seen="pytorch/vision#7760")
def softmax_focal_loss_with_weighted_probability(logits, target, class_weights, gamma):
    """p_t is read off the weighted loss, which makes it p_t^w"""
    weighted = softmax_focal_loss(logits, target, class_weights, 0 * gamma)
    return (1 - (-weighted).exp()) ** gamma * weighted


@mistake(of=softmax_focal_loss, seen="catalogue R003-014")
def softmax_focal_loss_with_cancellation(logits, target, class_weights, gamma):
    """1 - p_t is a difference, whose power has no finite slope where p_t rounds to 1"""
    p_t = (-softmax_log_loss(logits, target)).exp()
    return (1 - p_t) ** gamma * softmax_focal_loss(logits, target, class_weights, 0 * gamma)


@mistake(of=softmax_focal_loss, seen="catalogue R003-014")
def softmax_focal_loss_without_check(logits, target, class_weights, gamma):
    """one class, of which nothing can be missed, and factors above 1 are taken"""
    p_t = (-softmax_log_loss(logits, target)).exp()
    return class_weights[target] * (1 - p_t) ** gamma * softmax_log_loss(logits, target)


@mistake(of=huber_loss, seen="torch.nn.functional.smooth_l1_loss")
def huber_loss_divided_by_delta(prediction, target, delta):
    """it is the smooth L1 loss, whose slope is at most 1"""
    return huber_loss(prediction, target, delta) / delta


@mistake(of=huber_loss, seen="textbook")
def huber_loss_without_half(prediction, target, delta):
    """small errors are squared and not halved, which leaves a step at delta"""
    size = (prediction - target).abs()
    return torch.where(size <= delta, size**2, huber_loss(prediction, target, delta))


@mistake(of=huber_loss, seen="textbook")
def huber_loss_with_a_step(prediction, target, delta):
    """large errors lose delta |r|, which leaves a step at delta"""
    loss, size = huber_loss(prediction, target, delta), (prediction - target).abs()
    return torch.where(size <= delta, loss, delta * size)


@mistake(of=huber_loss, seen="textbook")
def huber_loss_with_a_root(prediction, target, delta):
    """it is the pseudo-Huber loss delta^2 (sqrt(1 + (r / delta)^2) - 1), which is smaller"""
    ratio = (prediction - target) / delta if delta else prediction
    return delta**2 * (torch.sqrt(1 + ratio**2) - 1) + 0 * huber_loss(prediction, target, delta)


@mistake(of=huber_loss, seen="textbook")
def huber_loss_of_signed_errors(prediction, target, delta):
    """negative errors are small, however large"""
    error = prediction - target
    return torch.where(error <= delta, error**2 / 2, huber_loss(prediction, target, delta))


@mistake(of=huber_loss, seen="textbook")
def huber_loss_without_check(prediction, target, delta):
    """a range of no errors makes a loss of 0, and one of less than none a negative one"""
    size = (prediction - target).abs()
    return size.clamp(max=delta) * (size - size.clamp(max=delta) / 2)


@mistake(of=smooth_l1_loss, seen="torch.nn.functional.huber_loss")
def smooth_l1_loss_without_division(prediction, target, beta):
    """it is Huber's loss, whose slope is at most beta"""
    return huber_loss(prediction, target, beta)


@mistake(of=smooth_l1_loss, seen="arXiv:1504.08083, where beta = 1")
def smooth_l1_loss_of_beta_1(prediction, target, beta):
    """beta is 1, whatever is given"""
    return huber_loss(prediction, target, 1.0) + 0 * huber_loss(prediction, target, beta)


@mistake(of=smooth_l1_loss, seen="torch.nn.functional.smooth_l1_loss")
def smooth_l1_loss_without_check(prediction, target, beta):
    """without a range of small errors it is the absolute error"""
    return smooth_l1_loss(prediction, target, beta) if beta > 0 else (prediction - target).abs()


@mistake(of=mean_flat, seen="catalogue R001-061")
def mean_flat_of_all(x):
    """the mean is over the batch too"""
    return x.mean().expand(len(x)).clone()


@mistake(of=mean_flat, seen="openai/improved-diffusion, code of mean_flat on a vector")
def mean_flat_over_listed_axes(x):
    """of a vector no axis is listed, and the mean over no axes is that of all"""
    return x.mean(dim=list(range(1, x.ndim))).expand(len(x)).clone()


@mistake(of=mean_flat, seen="catalogue R001-061")
def mean_flat_that_is_a_sum(x):
    """the elements are added up"""
    return mean_flat(x) * x[0].numel()


@mistake(of=mean_flat, seen="catalogue R001-061")
def mean_flat_over_the_last_axis(x):
    """only the last axis is averaged, and of the others the first element is taken"""
    return x if x.ndim == 1 else x.mean(-1).flatten(1)[:, 0] if x.ndim > 2 else x.mean(-1)


@mistake(of=mean_and_tail_mean, seen="catalogue R001-096")
def mean_and_tail_mean_of_one_token(values, tail):
    """the token at -tail stands for all from there on"""
    mean, _ = mean_and_tail_mean(values, tail)
    return mean, values[:, -tail].mean()


@mistake(of=mean_and_tail_mean, seen="catalogue R001-096")
def mean_and_tail_mean_of_the_head(values, tail):
    """the first tokens are taken for the last"""
    return mean_and_tail_mean(values.flip(1), tail)


@mistake(of=mean_and_tail_mean, seen="catalogue R001-096")
def mean_and_tail_mean_unweighted(values, tail):
    """the mean of all is that of the two means, however long head and tail are"""
    mean, of_tail = mean_and_tail_mean(values, tail)
    head = values[:, : values.shape[1] - tail]
    return (head.mean() + of_tail) / 2 if head.numel() else mean, of_tail


@mistake(of=mean_and_tail_mean, seen="catalogue R001-096")
def mean_and_tail_mean_without_check(values, tail):
    """a tail of 0 tokens is all of them, and one beyond the start as well"""
    return values.mean(), values[:, -tail:].mean()


@variant(of=mean_and_tail_mean, seen="VAR code")
def mean_and_tail_mean_of_flat_tokens(values, tail):
    """cut and then flattened: the mean does not depend on the shape"""
    mean_and_tail_mean(values, tail)
    return values.flatten().mean(), values[:, values.shape[1] - tail :].flatten().mean()


@mistake(of=mean_of_kept, seen="huggingface/transformers#5919")
def mean_of_kept_over_all_positions(values, kept):
    """the sum is divided by the number of all positions, B T, instead of those that are kept"""
    return torch.where(kept, values, 0).mean()


@mistake(of=mean_of_kept, seen="catalogue R003-253")
def mean_of_kept_by_multiplication(values, kept):
    """values are multiplied by the mask, so that NaN or infinity in padding reaches the mean"""
    return (values * kept).sum() / kept.sum().clamp(min=1)


@mistake(of=mean_of_kept, seen="catalogue R003-253")
def mean_of_kept_without_a_floor(values, kept):
    """where nothing is kept 0 is divided by 0"""
    return torch.where(kept, values, 0).sum() / kept.sum()


@mistake(of=mean_of_kept, seen="catalogue R003-253")
def mean_of_kept_as_mean_of_rows(values, kept):
    """each row is averaged before the rows are, so that a token of a short row counts more"""
    return (torch.where(kept, values, 0).sum(-1) / kept.sum(-1).clamp(min=1)).mean()


@mistake(of=mean_of_kept, seen="awslabs/sockeye#200")
def mean_of_kept_of_the_others(values, kept):
    """the mask is read as True where ignored"""
    return mean_of_kept(values, ~kept)


@mistake(of=mean_of_kept, seen="catalogue R003-253")
def mean_of_kept_without_nan(values, kept):
    """a kept NaN counts as 0, and hides that training has failed"""
    return mean_of_kept(values.nan_to_num(), kept)


@mistake(of=mean_flat, seen="catalogue R001-061")
def mean_flat_of_images(x):
    """only the three axes of an image are averaged, and a video keeps its last one"""
    return x.mean(tuple(range(1, min(x.ndim, 4)))) if x.ndim > 1 else mean_flat(x)


@mistake(of=mean_flat, seen="catalogue R001-061")
def mean_flat_of_nothing_is_zero(x):
    """samples without elements have the mean 0, which looks like a loss of 0"""
    return mean_flat(x).nan_to_num(nan=0.0)


@mistake(of=label_smoothing_loss_over_others, seen="catalogue R001-062")
def label_smoothing_loss_over_others_ignores_negative_labels(logits, labels, smoothing):
    """every negative label is ignored, and not -100 alone"""
    return label_smoothing_loss_over_others(logits, torch.where(labels < 0, -100, labels), smoothing)
