"""Wrong variants of `reference.probability.tables`."""

import torch

from properties.mistakes import mistake, variant
from reference.probability.tables import conditional_from_joint, joint_from_conditional, marginals, posterior_table


@mistake(of=joint_from_conditional, seen="catalogue R003-046")
def joint_from_conditional_without_prior(prior, likelihood):
    """the likelihood is taken for the joint probability"""
    return 1 * likelihood


@mistake(of=joint_from_conditional, seen="catalogue R003-045")
def joint_from_conditional_of_equal_causes(prior, likelihood):
    """the base rate is neglected: every cause has the same prior"""
    return likelihood / prior.shape[-1]


@mistake(of=joint_from_conditional, seen="catalogue R003-046")
def joint_from_conditional_of_independent_variables(prior, likelihood):
    """the outcome is taken as independent of the cause, with its average probability"""
    return prior[..., None] * (prior[..., None] * likelihood).sum(-2, keepdim=True)


@mistake(of=marginals, seen="catalogue R003-045")
def marginals_over_the_wrong_axis(joint):
    """sums run over the variable that is kept"""
    causes, outcomes = marginals(joint)
    return outcomes, causes


@mistake(of=marginals, seen="catalogue R003-048")
def marginals_by_averaging(joint):
    """means are taken instead of sums"""
    return joint.mean(-1), joint.mean(-2)


@mistake(of=marginals, seen="catalogue R003-048")
def marginals_by_maximum(joint):
    """the most probable partner stands for all of them"""
    return joint.amax(-1), joint.amax(-2)


@mistake(of=conditional_from_joint, seen="E003-014")
def conditional_from_joint_the_other_way(joint):
    """the column sums divide: this is p(z | x)"""
    return joint / joint.sum(-2, keepdim=True)


@mistake(of=conditional_from_joint, seen="E003-015")
def conditional_from_joint_that_is_joint(joint):
    """the joint probability is returned, which is the same both ways"""
    return joint / joint.sum((-2, -1), keepdim=True)


@mistake(of=conditional_from_joint, seen="catalogue R003-046")
def conditional_from_joint_of_the_impossible_is_zero(joint):
    """what has probability 0 gets a row of zeros, which sums to no 1"""
    return conditional_from_joint(joint).nan_to_num(nan=0)


@mistake(of=conditional_from_joint, seen="catalogue R003-045")
def conditional_from_joint_with_eps(joint):
    """eps is added to the divisor, so that rows fall short of 1"""
    return joint / (joint.sum(-1, keepdim=True) + 1e-8)


@mistake(of=posterior_table, seen="E003-014")
def posterior_table_that_is_the_likelihood(prior, likelihood):
    """p(x | z) is taken for p(z | x)"""
    return likelihood.mT.clone()


@mistake(of=posterior_table, seen="catalogue R003-045")
def posterior_table_without_prior(prior, likelihood):
    """the base rate is neglected: likelihoods are normalised over the causes"""
    return posterior_table(torch.ones_like(prior), likelihood)


@mistake(of=posterior_table, seen="catalogue R003-045")
def posterior_table_without_evidence(prior, likelihood):
    """p(x) does not divide: this is the joint table"""
    return joint_from_conditional(prior, likelihood).mT.clone()


@mistake(of=posterior_table, seen="catalogue R003-045")
def posterior_table_over_outcomes(prior, likelihood):
    """the evidence is summed over the outcomes instead of the causes"""
    return conditional_from_joint(joint_from_conditional(prior, likelihood)).mT.clone()


@mistake(of=posterior_table, seen="catalogue R003-047")
def posterior_table_with_pooled_evidence(prior, likelihood):
    """the third variable is dropped from the evidence, which is averaged over contexts"""
    joint = joint_from_conditional(prior, likelihood)
    evidence = joint.sum(-2, keepdim=True)
    return (joint / (evidence.mean(0, keepdim=True) if joint.ndim > 2 else evidence)).mT.clone()


@mistake(of=posterior_table, seen="catalogue R003-047")
def posterior_table_with_pooled_prior(prior, likelihood):
    """the third variable is dropped from the prior"""
    pooled = prior.mean(0, keepdim=True).expand_as(prior) if prior.ndim > 1 else prior
    return posterior_table(pooled, likelihood)


@mistake(of=posterior_table, seen="catalogue R003-045")
def posterior_table_with_the_prior_for_the_impossible(prior, likelihood):
    """an outcome that no cause has leaves the prior as it is"""
    posterior = posterior_table(prior, likelihood)
    return torch.where(posterior.isnan(), prior[..., None, :], posterior)


@variant(of=posterior_table, seen="catalogue R003-045")
def posterior_table_by_logarithms(prior, likelihood):
    """log prior and log likelihood are added and go through a softmax"""
    return torch.softmax((prior[..., None].log() + likelihood.log()).mT, -1)
