"""Wrong variants of `reference.transformer.contrastive`."""

import math

import torch

from properties.mistakes import mistake, variant
from reference.language.word2vec import softmax_log_loss
from reference.probability.norms import l2_normalize
from reference.transformer.contrastive import clip_loss


def _loss(logits):
    partner = torch.arange(len(logits))
    return (softmax_log_loss(logits, partner) + softmax_log_loss(logits.T, partner)).mean() / 2


def _cosines(first, second):
    return l2_normalize(first) @ l2_normalize(second).T


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_rows_alone(first, second, log_scale):
    """only the vectors of the first tower are asked for their partners"""
    logits = log_scale.clamp(max=math.log(100)).exp() * _cosines(first, second)
    return softmax_log_loss(logits, torch.arange(len(first))).mean()


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_summed_over_towers(first, second, log_scale):
    """the losses of rows and columns are added and not averaged"""
    return 2 * clip_loss(first, second, log_scale)


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_products(first, second, log_scale):
    """vectors are not normalised, so that long ones attract"""
    return _loss(log_scale.clamp(max=math.log(100)).exp() * first @ second.T)


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_divided_by_the_scale(first, second, log_scale):
    """the learned number is taken for the logarithm of a temperature and divides"""
    return _loss((-log_scale).exp() * _cosines(first, second))


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_with_the_logarithm_for_the_scale(first, second, log_scale):
    """cosines are multiplied by the learned number itself and not by its exponential"""
    return _loss(log_scale.clamp(max=100) * _cosines(first, second))


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_an_unbounded_scale(first, second, log_scale):
    """the scale grows beyond 100"""
    return _loss(log_scale.exp() * _cosines(first, second))


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_without_the_partner_below(first, second, log_scale):
    """the partner is left out of the sum over candidates, so that the loss of a certain pair is negative"""
    logits = log_scale.clamp(max=math.log(100)).exp() * _cosines(first, second)
    others = logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -torch.inf)
    rows, columns = others.logsumexp(1), others.logsumexp(0)
    return (rows + columns - 2 * logits.diagonal()).mean() / 2 + 0 * clip_loss(first, second, log_scale)


@mistake(of=clip_loss, seen="catalogue R003-228")
def clip_loss_of_an_empty_batch(first, second, log_scale):
    """the mean over no pairs is NaN"""
    return clip_loss(first, second, log_scale) if len(first) else log_scale * torch.nan


@variant(of=clip_loss, seen="open_clip, code")
def clip_loss_by_log_softmax_of_both_axes(first, second, log_scale):
    """both cross-entropies are read off the diagonals of log softmaxes along the two axes"""
    if not len(first):
        return clip_loss(first, second, log_scale)
    logits = log_scale.clamp(max=math.log(100)).exp() * _cosines(first, second)
    return -(logits.log_softmax(0).diagonal() + logits.log_softmax(1).diagonal()).mean() / 2
