"""Laws of `reference.probability.tables`, where probabilities are shares of a count of cases."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close
from properties.strategies import dyadics, levels, simplex


def counts():
    """Cases in two contexts with each of three causes and five outcomes, some never seen but no cause among them."""
    cases = st.tuples(dyadics(0, 9, 2, 3, 5, grid=1), dyadics(1, 9, 2, 3, 1, grid=1))
    return cases.map(lambda parts: torch.cat([parts[0][..., :2], parts[1], parts[0][..., 3:]], -1))


def shares(cases):
    """Prior of each cause and likelihood of each outcome given it, counted."""
    given_cause = cases.sum(-1)
    return given_cause / given_cause.sum(-1, keepdim=True), cases / given_cause[..., None]


@given(cases=counts())
def test_joint_from_conditional_equals_counted_shares(joint_from_conditional, marginals, cases):
    """p(z) p(x | z) is the share of the cases with both; summed, the shares of the causes and of the outcomes."""
    total = cases.sum((-2, -1), keepdim=True)
    joint = joint_from_conditional(*shares(cases))
    assert_close(joint, cases / total)
    causes, outcomes = marginals(joint)
    assert_close(causes, cases.sum(-1) / total[..., 0])
    assert_close(outcomes, cases.sum(-2) / total[..., 0])


@given(joint=simplex(2, 15).map(lambda flat: flat.reshape(2, 3, 5)))
def test_marginals_equals_row_and_column_sums(marginals, joint):
    """The table is bordered by its sums, which add up to 1 both ways."""
    causes, outcomes = marginals(joint)
    rows = [[sum(row) for row in table] for table in joint.tolist()]
    columns = [[sum(column) for column in zip(*table, strict=True)] for table in joint.tolist()]
    assert_close(causes, rows)
    assert_close(outcomes, columns)
    assert_close(causes.sum(-1), 1)
    assert_close(outcomes.sum(-1), 1)


@given(cases=counts())
def test_conditional_from_joint_equals_counted_shares(conditional_from_joint, cases):
    """Among the cases with a cause, or with an outcome, those with each of the other; NaN for what never occurs."""
    _, likelihood = shares(cases)
    assert_close(conditional_from_joint(cases), likelihood)
    turned = conditional_from_joint(cases.mT)
    seen = cases.sum(-2) > 0
    assert_close(turned[seen], (cases.mT / cases.sum(-2)[..., None])[seen])
    assert bool(turned[~seen].isnan().all())


@given(joint=simplex(15, least=1).map(lambda flat: flat.reshape(3, 5)))
def test_conditional_from_joint_obeys_the_product_rule(conditional_from_joint, marginals, joint):
    """p(x | z) p(z) = p(z | x) p(x) = p(z, x)."""
    causes, outcomes = marginals(joint)
    assert_close(conditional_from_joint(joint) * causes[:, None], joint)
    assert_close(conditional_from_joint(joint.mT) * outcomes[:, None], joint.mT)


@given(cases=counts(), scale=levels(5))
def test_posterior_table_equals_counted_shares(posterior_table, cases, scale):
    """Among the cases with an outcome in a context, those with each cause; NaN for one that never occurs there."""
    prior, likelihood = shares(cases)
    seen = cases.sum(-2) > 0
    expected = (cases.mT / cases.sum(-2)[..., None])[seen]
    for weights in (likelihood, likelihood * scale):
        posterior = posterior_table(prior, weights)
        assert_close(posterior[seen], expected)
        assert bool(posterior[~seen].isnan().all())


@given(prior=simplex(3, least=1), first=simplex(3, 5, least=1), second=simplex(3, 2, least=1))
def test_posterior_table_composes(posterior_table, prior, first, second):
    """Two outcomes that are independent given the cause update in either order as both do at once."""
    weights = [[[p * f * s for p, f, s in zip(prior, i, j, strict=True)] for j in second.T] for i in first.T]
    weights = torch.tensor(weights, dtype=torch.float64)
    expected = weights / weights.sum(-1, keepdim=True)
    one = posterior_table(posterior_table(prior, first), second.expand(5, 3, 2))
    other = posterior_table(posterior_table(prior, second), first.expand(2, 3, 5))
    assert_close(one, expected)
    assert_close(other, expected.transpose(0, 1))


@given(prior=simplex(3, least=1), outcome=simplex(5, least=1))
def test_posterior_table_equals_prior_without_evidence(posterior_table, prior, outcome):
    """Causes that make every outcome equally likely stay as probable as they were."""
    assert_close(posterior_table(prior, outcome.expand(3, 5)), prior.expand(5, 3))
