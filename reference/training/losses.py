"""Losses of labels, of numbers, and their means.

A label of -100 is ignored: it has no loss. `masked_token_loss` is the mean of `softmax_log_loss` over the other labels.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn.functional import logsigmoid, one_hot

IGNORED = -100


def softmax_log_loss(
    logits: Float[Tensor, "*batch vocabulary"], target: Int64[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """Negative log probability of the target under the softmax, in nats: cross-entropy.

        loss = log sum_n exp(a_n) - a_target,   p_k = exp(a_k) / sum_n exp(a_n)

    A number added to all logits changes nothing, and none overflows. log V for V equal logits.

    Domain: finite logits and ids in 0..V-1.
    Source: textbook; of words Mikolov et al. 2013, arXiv:1310.4546, eq. 2.
    Notes: R001-034, R004-042.
    """
    return logits.logsumexp(-1) - logits.gather(-1, target[..., None]).squeeze(-1)


def softmax_log_loss_gradient(
    logits: Float[Tensor, "*batch vocabulary"], target: Int64[Tensor, "*batch"]
) -> Float[Tensor, "*batch vocabulary"]:
    """Gradient of the softmax's log loss in the logits.

        d loss / d a_k = p_k - [k = target]

    It sums to 0: what the target gains the others lose.

    Domain: finite logits and ids in 0..V-1.
    Source: Bishop 2006, eq. 4.109.
    Notes: R001-034, R003-013, R004-042.
    """
    return logits.softmax(-1) - one_hot(target, logits.shape[-1])


def soft_target_loss(
    logits: Float[Tensor, "*batch classes"], target: Float[Tensor, "*batch classes"]
) -> Float[Tensor, "*batch"]:
    """Cross-entropy of the softmax of the logits relative to a distribution over the classes, in nats.

        loss = -sum_k q_k log p_k,   p = softmax(a),   d loss / d a = p - q

    For q one-hot it is `softmax_log_loss`. Its minimum is the entropy of q, which is 0 only if q is one-hot.

    Domain: rows of q that sum to 1. Classes that q misses count for nothing, of logit -inf too, and get a gradient of 0
    in q. Infinite where q has a class of logit -inf.
    Source: Hinton et al. 2015, arXiv:1503.02531, section 2, at temperature 1.
    Differs: `cross_entropy` takes probabilities for the logits; of logits of -1000 these are 0.
    Notes: R003-013.
    """
    return -(target * torch.where(target > 0, logits.log_softmax(-1), 0)).sum(-1)


def label_smoothing_loss(
    logits: Float[Tensor, "*batch classes"], labels: Int64[Tensor, "*batch"], smoothing: float
) -> Float[Tensor, ""]:
    """Mean cross-entropy of labels, of which a share is spread evenly over all V classes, in nats.

        q = (1 - smoothing) onehot(label) + smoothing / V
        loss = mean (1 - smoothing) (-log p_label) + smoothing / V sum_k (-log p_k)

    Never 0, but at least the entropy of q, where the label's logit leads by log((1 - smoothing + smoothing / V) /
    (smoothing / V)). At 0 it is `masked_token_loss`.

    Domain: 0 <= smoothing <= 1, else ValueError; at 1 labels do not matter. Labels in 0..V-1 or -100, else
    RuntimeError; those of -100 are left out of both terms and of the number that is divided by, and their logits, NaN
    too, have no influence. Where all are -100 the loss is 0.
    Source: Szegedy et al. 2015, arXiv:1512.00567, section 7; torch.nn.functional.cross_entropy.
    Differs: tensor2tensor and fairseq spread over the other classes, as `label_smoothing_loss_over_others`; older
    fairseq as here. tensor2tensor subtracts the entropy of q. torch is NaN where all labels are ignored.
    Notes: R001-062.
    """
    if not 0 <= smoothing <= 1:
        raise ValueError(f"smoothing must be in [0, 1]; got {smoothing}")
    return _mean_loss_of_mixture(logits, labels, smoothing)


def label_smoothing_loss_over_others(
    logits: Float[Tensor, "*batch classes"], labels: Int64[Tensor, "*batch"], smoothing: float
) -> Float[Tensor, ""]:
    """Mean cross-entropy of labels, of which a share is spread evenly over the V - 1 other classes, in nats.

        q = 1 - smoothing for the label, smoothing / (V - 1) for every other class

    It is `label_smoothing_loss` with V / (V - 1) times the smoothing.

    Domain: V >= 2 and 0 <= smoothing <= 1 - 1 / V, where all classes are alike; else ValueError. Ignored labels as
    there.
    Source: fairseq, `label_smoothed_nll_loss`.
    Differs: OpenNMT-py gives the padding token no share, and V - 2 classes one each.
    Notes: R001-062.
    """
    classes = logits.shape[-1]
    if classes < 2 or not 0 <= smoothing <= 1 - 1 / classes:
        raise ValueError(f"smoothing must be in [0, 1 - 1 / V] for V >= 2 classes; got {smoothing} for {classes}")
    return _mean_loss_of_mixture(logits, labels, smoothing / (1 - 1 / classes))


def sigmoid_log_loss(
    logits: Float[Tensor, "*shape"], target: Float[Tensor, "*shape"], positive_weight: float = 1.0
) -> Float[Tensor, "*shape"]:
    """Binary cross-entropy of each logit, in nats, in which what is positive counts positive_weight times.

        loss = -w y log p - (1 - y) log(1 - p),   p = 1 / (1 + exp(-a))

    Weighing the positives by w is seeing each of them w times. At w = 1 the slope is p - y.

    Domain: finite logits, y in [0, 1], w > 0, else ValueError.
    Source: textbook; w is `pos_weight` of torch.nn.functional.binary_cross_entropy_with_logits.
    Notes: R003-013.
    """
    if not positive_weight > 0:
        raise ValueError(f"the weight of positives must be above 0; got {positive_weight}")
    return -(positive_weight * target * logsigmoid(logits) + (1 - target) * logsigmoid(-logits))


def sigmoid_focal_loss(
    logits: Float[Tensor, "*shape"], positive: Bool[Tensor, "*shape"], alpha: float, gamma: float
) -> Float[Tensor, "*shape"]:
    """Binary cross-entropy of each logit, in nats, in which easy samples count less.

        loss = -alpha_t (1 - p_t)^gamma log p_t,   p = 1 / (1 + exp(-a)),
        p_t = p and alpha_t = alpha for positives,   p_t = 1 - p and alpha_t = 1 - alpha for negatives

    The factor is at most 1: no sample counts more than in cross-entropy.

    Domain: finite logits, 0 <= alpha <= 1 and gamma >= 0, else ValueError. gamma = 0 is weighted cross-entropy.
    Source: Lin et al. 2017, arXiv:1708.02002, eq. 5.
    Differs: torchvision takes alpha < 0 for "no alpha"; that is twice this loss at alpha = 1/2.
    Notes: R003-014.
    """
    if not 0 <= alpha <= 1 or not gamma >= 0:
        raise ValueError(f"alpha must be in [0, 1] and gamma at least 0; got {alpha} and {gamma}")
    towards_truth = torch.where(positive, logits, -logits)
    loss = -torch.exp(gamma * logsigmoid(-towards_truth)) * logsigmoid(towards_truth)
    return torch.where(positive, alpha * loss, (1 - alpha) * loss)


def softmax_focal_loss(
    logits: Float[Tensor, "*batch classes"],
    target: Int64[Tensor, "*batch"],
    class_weights: Float[Tensor, "classes"],
    gamma: float,
) -> Float[Tensor, "*batch"]:
    """Cross-entropy of each label, in nats, in which easy samples count less.

        loss = -w_target (1 - p_t)^gamma log p_t,   p_t = softmax(a)_target

    With weights of 1 never above cross-entropy, and equal to it at gamma = 0. 1 - p_t is formed from the other classes:
    near p_t = 1 nothing cancels, and the slope is finite for every gamma.

    Domain: finite logits, gamma >= 0 and at least two classes, else ValueError; labels in 0..V-1.
    Source: Lin et al. 2017, arXiv:1708.02002, eq. 5, for more than two classes.
    Differs: code that calls the binary form with one-hot labels adds the losses of V binary problems.
    Notes: R003-014.
    """
    classes = logits.shape[-1]
    if not gamma >= 0 or classes < 2:
        raise ValueError(f"gamma must be at least 0 and there must be two classes; got {gamma} and {classes}")
    others = logits.masked_fill(one_hot(target, classes).bool(), -torch.inf)
    log_miss = others.logsumexp(-1) - logits.logsumexp(-1)
    return class_weights[target] * torch.exp(gamma * log_miss) * softmax_log_loss(logits, target)


def huber_loss(
    prediction: Float[Tensor, "*shape"], target: Float[Tensor, "*shape"], delta: float
) -> Float[Tensor, "*shape"]:
    """Half of the squared error of each element, which from an error of delta on grows linearly.

        loss = r^2 / 2 for |r| <= delta, else delta (|r| - delta / 2),   r = prediction - target

    The slope is r, clipped to [-delta, delta].

    Domain: delta > 0, else ValueError. For large delta half of the squared error; for small delta about delta |r|.
    Source: Huber 1964, "Robust estimation of a location parameter".
    Notes: none.
    """
    if not delta > 0:
        raise ValueError(f"delta must be above 0; got {delta}")
    size = (prediction - target).abs()
    clipped = size.clamp(max=delta)
    return clipped * (size - clipped / 2)


def smooth_l1_loss(
    prediction: Float[Tensor, "*shape"], target: Float[Tensor, "*shape"], beta: float
) -> Float[Tensor, "*shape"]:
    """Absolute error of each element, rounded off below beta: Huber's loss divided by beta.

        loss = r^2 / (2 beta) for |r| <= beta, else |r| - beta / 2,   r = prediction - target

    Domain: beta > 0, else ValueError.
    Source: Girshick 2015, arXiv:1504.08083, eq. 3, where beta = 1.
    Differs: torch.nn.functional.smooth_l1_loss takes beta = 0 too: the absolute error.
    Notes: none.
    """
    return huber_loss(prediction, target, beta) / beta


def mean_of_kept(values: Float[Tensor, "*shape"], kept: Bool[Tensor, "*shape"]) -> Float[Tensor, ""]:
    """Mean of the values that are kept.

        out = sum(values kept) / sum(kept)

    The number of kept values of the whole batch is divided by, not the number of positions.

    Domain: where nothing is kept the mean is 0. What stands elsewhere, NaN too, has no influence and gets gradient 0.
    Source: textbook.
    Notes: R003-253.
    """
    return torch.where(kept, values, 0).sum() / kept.sum().clamp(min=1)


def mean_flat(x: Float[Tensor, "batch *dims"]) -> Float[Tensor, "batch"]:
    """Mean of each sample over all of its axes.

        out_b = mean over all elements of x_b

    The mean of the results is the mean of x, since all samples are of one size.

    Domain: a vector is a batch of numbers, each its own mean. Samples without elements have the mean NaN.
    Source: Nichol & Dhariwal 2021, arXiv:2102.09672, code.
    Differs: x.mean(dim=list(range(1, x.ndim))), as there, is of a vector the mean of all.
    Notes: R001-061.
    """
    return x[:, None].flatten(1).mean(1)


def mean_and_tail_mean(values: Float[Tensor, "batch tokens"], tail: int) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Mean of the values of all tokens, and of those of the last `tail` tokens of each sample.

        mean = ((T - tail) mean of the head + tail * mean of the tail) / T

    Of losses, or of 0 and 1 for wrong and right tokens, they are what VAR reports for all scales and for the last one.

    Domain: 1 <= tail <= T and at least one sample, else ValueError.
    Source: code of Tian et al. 2024, arXiv:2404.02905 (`L_mean`, `L_tail`), where T = 680 and tail = 256.
    Notes: R001-096.
    """
    if not 1 <= tail <= values.shape[1] or not len(values):
        raise ValueError(f"no tail of {tail} tokens in values of shape {tuple(values.shape)}")
    return values.mean(), values[:, -tail:].mean()


def _mean_loss_of_mixture(logits: Tensor, labels: Tensor, even: float) -> Tensor:
    """Mean loss of the kept labels, each one-hot but for a share that is even over all classes."""
    kept, classes = labels != IGNORED, logits.shape[-1]
    label = one_hot(torch.where(kept, labels, 0), classes).to(logits.dtype)
    target = (1 - even) * label + even / classes
    return mean_of_kept(soft_target_loss(torch.where(kept[..., None], logits, 0), target), kept)
