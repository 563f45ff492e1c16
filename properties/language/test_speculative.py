"""Laws of `reference.language.speculative`."""

import itertools
import math
from fractions import Fraction

import mpmath
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.strategies import dyadics, indices, simplex, unit

STEPS = 16


def fractions(tensor):
    return [Fraction(value) for value in tensor.tolist()]


def surplus(p, q):
    """The part of p above q, not normalised."""
    return [max(there - here, Fraction(0)) for there, here in zip(p, q, strict=True)]


@given(p=simplex(2, 3, 5), q=simplex(2, 3, 5, least=1))
def test_rejection_bound_is_smallest_that_dominates(rejection_bound, p, q):
    """M is the largest ratio p / q, and 0 / 0 is none."""
    expected = [
        max(float(there / here) for there, here in zip(*map(fractions, rows), strict=True))
        for rows in zip(p.flatten(0, 1), q.flatten(0, 1), strict=True)
    ]
    p, q = (torch.cat([table, torch.zeros(2, 3, 1)], -1) for table in (p, q))
    assert_close(rejection_bound(p, q).flatten(), expected)


@given(p=simplex(2, 5, least=1), missing=st.integers(0, 4))
def test_rejection_bound_is_infinite_where_proposal_misses(rejection_bound, p, missing):
    """No multiple of q dominates p where q is 0 and p is not; elsewhere p = 2 q gives 2, p = q / 2 a half, p = 0 gives
    0.
    """
    q = p.clone() / 2
    q[0, missing] = 0
    assert_equal(rejection_bound(p, q), [math.inf, 2])
    assert_equal(rejection_bound(torch.stack([p[0] / 2, 0 * p[1]]), p), [0.5, 0])


@given(q_x=dyadics(1, 64, 3, 1, grid=64), accepted=indices(STEPS + 1, 3), bound=dyadics(1, 64, 3, 1, grid=16))
def test_rejection_mask_accepts_at_ratio_of_densities(rejection_mask, q_x, accepted, bound):
    """Of the numbers 0/n..(n-1)/n exactly the first p / (M q) of them accept, none at p = 0 and all at p = M q."""
    p_x = accepted[:, None] / STEPS * bound * q_x
    uniform = (torch.arange(STEPS, dtype=torch.float64) / STEPS).expand(3, STEPS)
    mask = rejection_mask(p_x.expand(3, STEPS), q_x.expand(3, STEPS), bound, uniform)
    assert_equal(mask, torch.arange(STEPS) < accepted[:, None])


@given(p=simplex(2, 5), q=simplex(2, 5))
def test_residual_distribution_completes_accepted_mass(residual_distribution, p, q):
    """min(p, q), which is accepted, and the residual for all that is rejected add up to p; at q = p it is p."""
    expected, near = [], torch.tensor([[2**21, 2**21, 0, 0, 0], [2**21 - 1, 2**21, 1, 0, 0]]) / 2**22
    p = torch.cat([p, p, near])
    q = torch.cat([q, p[:1], 0 * p[:1], near.flip(0)])
    for p_row, q_row in zip(p, q, strict=True):
        rest = surplus(fractions(p_row), fractions(q_row))
        expected.append([float(part / sum(rest)) for part in rest] if sum(rest) else p_row.tolist())
    seen = residual_distribution(p.reshape(2, 3, 5), q.reshape(2, 3, 5))
    assert_close(seen.flatten(0, 1), expected)


@given(log_p=dyadics(-64, 64, 5, grid=8), distance=dyadics(1, 20480, 5))
def test_log_residual_equals_log_of_difference(log_residual, log_p, distance):
    """exp of it is p - q, with all digits however near the two are or however small q is."""
    log_p = torch.cat([log_p, torch.zeros(10), log_p - 1024])
    distance = torch.cat([distance, 16 * distance, distance / 4096, distance])
    with mpmath.workdps(60):
        shares = [float(mpmath.log(-mpmath.expm1(-mpmath.mpf(d)))) for d in distance.tolist()]
    share = torch.tensor(shares, dtype=torch.float64)
    seen = log_residual(log_p, log_p - distance)
    assert_close(seen, log_p + share, log_p.abs() + share.abs() * (1 + distance))


@given(log_p=dyadics(-64, 0, 5, grid=8), distance=dyadics(0, 64, 5, grid=16))
def test_log_residual_is_empty_where_draft_is_likelier(log_residual, log_p, distance):
    """Nothing is left where p <= q, also if both are 0, and all of p where q is 0."""
    impossible = torch.full((5,), -math.inf, dtype=torch.float64)
    first = torch.cat([log_p - distance, impossible, log_p])
    second = torch.cat([log_p, impossible, impossible])
    assert_equal(log_residual(first, second), torch.cat([impossible, impossible, log_p]))


@given(halved=st.permutations(range(3)), p=simplex(2, 3, grid=16))
def test_speculative_step_equals_draws_from_the_large_model(speculative_step, halved, p):
    """Over all drafts and all uniform numbers, the first token follows p_0 and, if it was drafted, the second p_1."""
    q = torch.tensor([[1 / 2, 1 / 4, 1 / 4][i] for i in halved], dtype=torch.float64)
    left = sum(surplus(fractions(p[0]), fractions(q))) * 16
    draws = math.lcm(int(left) or 1, 16)
    cases = torch.tensor(list(itertools.product(range(3), range(8), range(draws))))
    draft, rows = cases[:, :1], len(cases)
    uniform = torch.stack([(2 * cases[:, 1] + 1) / 16, (2 * cases[:, 2] + 1) / (2 * draws)], -1).double()
    kept, following = speculative_step(draft, q.expand(rows, 1, 3), p.expand(rows, 2, 3), uniform)
    first = torch.where(kept == 1, draft[:, 0], following)
    weight = q[draft[:, 0]] / (8 * draws)
    drafted = torch.minimum(p[0], q).sum()
    assert_close([weight[first == token].sum().item() for token in range(3)], p[0], 1, roundings=rows)
    second = [weight[(kept == 1) & (following == token)].sum().item() for token in range(3)]
    assert_close(second, drafted * p[1], 1, roundings=rows)


@given(
    draft=indices(4, 2, 5, 3),
    q=simplex(2, 5, 3, 4),
    p=simplex(2, 5, 4, 4),
    uniform=unit(2, 5, 3),
    last=indices(4096, 2, 5),
)
def test_speculative_step_stops_at_first_rejection(speculative_step, draft, q, p, uniform, last):
    """The first draft with u q(x) >= p(x) is rejected, with all after it, and replaced from the surplus of p there."""
    final = (2 * last + 1) / 8192
    expected = []
    for row in itertools.product(range(2), range(5)):
        tokens, below, above, numbers, draw = (part[row] for part in (draft, q, p, uniform, final))
        refused = [
            number * small[token] >= large[token]
            for token, small, large, number in zip(tokens, below, above[:3], numbers, strict=True)
        ]
        kept = [*refused, True].index(True)
        rest = fractions(above[kept])
        rest = surplus(rest, fractions(below[kept])) if kept < 3 else rest
        rest = rest if sum(rest) else fractions(above[kept])
        passed = [total / sum(rest) <= Fraction(draw.item()) for total in itertools.accumulate(rest)]
        expected.append((kept, sum(passed)))
    seen = speculative_step(draft, q, p, torch.cat([uniform, final[..., None]], -1))
    assert_equal(list(zip(*(part.flatten().tolist() for part in seen), strict=True)), expected)
