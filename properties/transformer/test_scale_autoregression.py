"""Laws of `reference.transformer.scale_autoregression`."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from properties.closeness import assert_close, assert_equal
from properties.oracles import cell_weights
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals
from properties.transformer.test_residual_vq import SIDES, contribution, phi, size_of_sum

LOGITS = dyadics(-1024 * 8, 1024 * 8, 2, 4, 3, 5, grid=8)


def scales_of(sides):
    """The scale of every token, counted scale by scale."""
    return [scale for scale, side in enumerate(sides) for _ in range(side**2)]


def parts_of(sequence, sides):
    """A sequence of tokens, behind two axes of a batch, cut at the ends of its scales."""
    ends = itertools.accumulate((side**2 for side in sides), initial=0)
    return [sequence[:, :, begin:end] for begin, end in itertools.pairwise(ends)]


def on_grid(f_hat, side):
    """Cell means of an image, row by row."""
    means = cell_weights(3, side) @ f_hat.double() @ cell_weights(3, side).T
    return torch.stack([means[..., row, column] for row in range(side) for column in range(side)], -2)


@pytest.mark.parametrize("sides", [(1,), (2, 1, 3), (1, 2, 2)])
def test_scale_causal_mask_shows_own_and_coarser_scales(scale_causal_mask, sides):
    """A token sees another if its scale is the same or a later one, for every pair."""
    scales = scales_of(sides)
    assert_equal(scale_causal_mask(sides), torch.tensor([[query >= key for key in scales] for query in scales]))


@pytest.mark.parametrize("sides", [(), (1, 0)])
def test_scale_causal_mask_rejects_scales_without_tokens(scale_causal_mask, sides):
    """There is a scale, and every scale has a token."""
    assert_rejects(scale_causal_mask, sides)


@pytest.mark.parametrize(("sides", "scale"), [(SIDES, 0), (SIDES, 1), (SIDES, 2), ((2, 3), 1)])
@given(f_hat=normals(2, 1, 5, 3, 3), chosen=indices(7, 2, 1, 9), codebook=normals(7, 5))
def test_next_scale_input_equals_means_of_grown_reconstruction(next_scale_input, sides, scale, f_hat, chosen, codebook):
    """It grows by what the codes of its scale give; its cell means, row by row, are the tokens that follow, if any."""
    chosen = chosen[..., : sides[scale] ** 2]
    expected = f_hat + contribution(chosen, codebook, scale, sides)
    grown, tokens = next_scale_input(f_hat, chosen, codebook, scale, sides, phi)
    size = f_hat.abs().max() + size_of_sum(codebook)
    following = on_grid(expected, sides[scale + 1]) if scale + 1 < len(sides) else torch.zeros(2, 1, 0, 5)
    assert_close(grown, expected, size)
    assert_equal(tokens.shape, following.shape)
    assert_close(tokens, following, size)


@pytest.mark.parametrize(
    ("side", "sides", "tokens", "scale"),
    [(1, SIDES, 4, 1), (3, (2, 1), 1, 1), (3, SIDES, 5, 1), (3, SIDES, 9, 3), (3, SIDES, 9, -1)],
)
def test_next_scale_input_rejects_other_scales(next_scale_input, side, sides, tokens, scale):
    """The reconstruction has the last grid, and the scale its own number of codes."""
    f_hat, codebook = torch.ones(2, 5, side, side, dtype=torch.float64), torch.ones(7, 5, dtype=torch.float64)
    assert_rejects(next_scale_input, f_hat, torch.zeros(2, tokens, dtype=torch.int64), codebook, scale, sides, phi)


@pytest.mark.parametrize("sides", [SIDES, (2, 2, 3), (3,)])
@given(chosen=indices(7, 2, 1, 17), codebook=normals(7, 5))
def test_teacher_forcing_inputs_equal_those_of_steps(teacher_forcing_inputs, next_scale_input, sides, chosen, codebook):
    """Block k holds the cell means of the sum of all coarser scales, to which generation comes step by step as well."""
    chosen = chosen[..., : len(scales_of(sides))]
    inputs = teacher_forcing_inputs(chosen, codebook, sides, phi)
    assert_equal(inputs.shape, (2, 1, len(scales_of(sides)) - sides[0] ** 2, 5))
    expected = f_hat = torch.zeros(2, 1, 5, 3, 3, dtype=torch.float64)
    for scale, block in enumerate(parts_of(inputs, sides[1:])):
        part = parts_of(chosen, sides)[scale]
        expected = expected + contribution(part, codebook, scale, sides)
        f_hat, tokens = next_scale_input(f_hat.double(), part, codebook, scale, sides, phi)
        assert_close(block, on_grid(expected, sides[scale + 1]), size_of_sum(codebook))
        assert_close(tokens, block, size_of_sum(codebook))


@pytest.mark.parametrize("scale", [0, 1, 2])
@given(chosen=indices(6, 2, 1, 14), direction=normals(5))
def test_teacher_forcing_inputs_show_codes_to_finer_scales_alone(teacher_forcing_inputs, scale, chosen, direction):
    """Raising all codes of a scale by a constant raises the inputs of finer scales by phi of it, and those alone."""
    codebook, raised = torch.arange(7)[:, None] * direction, torch.tensor(scales_of(SIDES)) == scale
    before, after = (teacher_forcing_inputs(c, codebook, SIDES, phi) for c in (chosen, chosen + raised))
    finer = torch.tensor(scales_of(SIDES))[1:, None] > scale
    assert_close(after - before, finer * direction * (scale + 2) / 4, finer * size_of_sum(codebook))


@pytest.mark.parametrize("tokens", [0, 13, 15])
def test_teacher_forcing_inputs_reject_other_lengths(teacher_forcing_inputs, tokens):
    """The codes of all scales are given, those of the last too."""
    codebook, chosen = torch.ones(7, 5, dtype=torch.float64), torch.zeros(2, tokens, dtype=torch.int64)
    assert_rejects(teacher_forcing_inputs, chosen, codebook, SIDES, phi)


@pytest.mark.parametrize(("scale", "num_scales"), [(0, 2), (3, 6), (6, 7)])
@given(unconditional=normals(2, 3), conditional=normals(2, 3), weight=st.sampled_from([0.0, 1.5, 4.0, -0.5]))
def test_scale_guided_logits_go_beyond_conditional_ones(
    scale_guided_logits, scale, num_scales, unconditional, conditional, weight
):
    """They lie t times the way from the unconditional logits beyond the conditional ones, t from 0 to the weight."""
    t = float(Fraction(weight) * Fraction(scale, num_scales - 1))
    logits = scale_guided_logits(unconditional, conditional, scale, num_scales, weight)
    size = (1 + abs(t)) * (unconditional.abs() + conditional.abs())
    assert_close(logits, conditional + t * (conditional - unconditional), size)


@pytest.mark.parametrize(("scale", "num_scales"), [(-1, 7), (7, 7), (8, 7), (0, 1), (0, 0)])
def test_scale_guided_logits_reject_what_has_no_depth(scale_guided_logits, scale, num_scales):
    """A scale is one of at least two: one alone has the relative depth 0/0."""
    logits = torch.ones(2, 3, dtype=torch.float64)
    assert_rejects(scale_guided_logits, logits, 2 * logits, scale, num_scales, 1.5)


@pytest.mark.parametrize(
    ("ramp", "newest"), [(0.0, "0.01"), (0.0078125, "0.01"), (0.375, "0.375"), (1.0, "1"), (1.5, "1")]
)
@pytest.mark.parametrize(("sides", "stage"), [(SIDES, 0), (SIDES, 1), (SIDES, 2), ((2, 3), 0), ((2, 3), 1)])
def test_progressive_token_weights_ramp_up_the_newest_scale(progressive_token_weights, sides, stage, ramp, newest):
    """A token weighs 1 / L, one of the newest scale the clipped ramp times that, except in the last stage."""
    ramped = Fraction(newest if stage < len(sides) - 1 else 1)
    factors = [ramped if scale == stage else 1 for scale in scales_of(sides) if scale <= stage]
    weights = progressive_token_weights(sides, stage, ramp)
    assert_equal(weights.shape, (len(factors),))
    assert_close(weights, [float(factor / len(scales_of(sides))) for factor in factors])


@pytest.mark.parametrize("stage", [-1, 3, 4])
def test_progressive_token_weights_reject_other_stages(progressive_token_weights, stage):
    """Training comes to one of the scales."""
    assert_rejects(progressive_token_weights, SIDES, stage, 0.5)


@given(logits=LOGITS, targets=indices(5, 2, 4, 3), weights=dyadics(0, 64, 3, grid=64))
def test_next_scale_loss_equals_weighted_log_probabilities(next_scale_loss, logits, targets, weights):
    """Each token costs its weight times log sum exp of its logits less that of its code; samples count equally."""
    taken = np.take_along_axis(logits.numpy(), targets.numpy()[..., None], -1)[..., 0]
    costs = special.logsumexp(logits, -1) - taken
    loss = next_scale_loss(logits, targets, weights)
    assert_close(loss, float((weights.numpy() * costs).sum() / 8), (weights * logits.abs().amax((0, 1, 3))).sum() + 8)


@pytest.mark.parametrize(("stage", "ramp", "share"), [(2, 0.25, "1"), (1, 0.25, "2/14"), (0, 1.0, "1/14")])
def test_next_scale_loss_is_log_of_codes_for_equal_logits(
    next_scale_loss, progressive_token_weights, stage, ramp, share
):
    """Equal logits of V codes cost log V in the last stage, and before it the part of it that the weights sum to."""
    weights = progressive_token_weights(SIDES, stage, ramp)
    targets = torch.arange(2 * len(weights)).reshape(2, -1) % 7
    logits = torch.full((2, len(weights), 7), -3.5, dtype=torch.float64)
    assert_close(next_scale_loss(logits, targets, weights), float(Fraction(share)) * math.log(7), 8)


class TinyTransformer:
    """One layer of attention over start and inputs, in float64, for a whole sequence or scale by scale."""

    def __init__(self, weights, codebook):
        self.query, self.key, self.value, self.start_weight = weights
        self.codebook = codebook

    def embed(self, tokens, scale, first):
        return (tokens.double() @ self.start_weight if first else tokens.double()) + scale / 4

    def logits(self, x, seen, mask):
        scores = (x @ self.query) @ (seen @ self.key).mT
        return (x + scores.masked_fill(~mask, -math.inf).softmax(-1) @ (seen @ self.value)) @ self.codebook.T

    def size(self, x):
        """Bound of a logit: scores that are off by so much change their weights by that factor."""
        score = (x.abs() @ self.query.abs()) @ (x.abs() @ self.key.abs()).mT
        value = x.abs() @ (1 + self.value.abs())
        return (1 + 4 * score.max()) * value.max() * self.codebook.abs().sum(1).max()


def transformers():
    weights = st.tuples(*(dyadics(-8, 8, *shape, grid=32) for shape in ((5, 4), (5, 4), (5, 5), (3, 5))))
    return st.builds(TinyTransformer, weights, dyadics(-32, 32, 7, 5, grid=16))


@pytest.mark.parametrize("sides", [SIDES, (2, 1, 3)])
@given(model=transformers(), start=normals(2, 1, 4, 3), chosen=indices(7, 2, 1, 14))
def test_generate_by_scale_reproduces_training(
    generate_by_scale, teacher_forcing_inputs, scale_causal_mask, multiscale_decode, sides, model, start, chosen
):
    """Forced to the codes of training, it has the logits of one pass under the mask and ends in their f_hat."""
    codebook, scales, parts = model.codebook, torch.tensor(scales_of(sides))[:, None], parts_of(chosen, sides)
    start = start[..., : sides[0] ** 2, :]

    def step(tokens, scale, seen):
        x = model.embed(tokens, scale, scale == 0)
        seen = torch.cat([seen.double(), x], -2)
        return model.logits(x, seen, torch.tensor(True)), seen

    empty = torch.zeros(2, 1, 0, 5, dtype=torch.float64)
    generated = generate_by_scale(start, empty, step, lambda logits, scale: parts[scale], codebook, sides, phi)
    inputs = teacher_forcing_inputs(chosen, codebook, sides, phi)
    x = torch.cat([model.embed(start, 0, True), model.embed(inputs, scales[sides[0] ** 2 :], False)], -2)
    size = model.size(x.abs() + size_of_sum(codebook))
    assert_close(generated.logits, model.logits(x, x, scale_causal_mask(sides)), size)
    assert_equal(generated.indices, chosen)
    assert_close(generated.f_hat, multiscale_decode(chosen, codebook, sides, phi)[-1], size_of_sum(codebook))


@given(start=normals(2, 1, 1, 7), codebook=normals(7, 5))
def test_generate_by_scale_chooses_by_logits_of_each_scale(generate_by_scale, multiscale_decode, start, codebook):
    """What is chosen from the logits of a scale, in its own way, is kept and decoded."""

    def step(tokens, scale, counts):
        shift = tokens.sum((-2, -1), keepdim=True) / 64 if scale else 0
        return start.repeat(1, 1, SIDES[scale] ** 2, 1).to(tokens.dtype) * (scale + 1) + shift, counts

    def choose(logits, scale):
        return (logits > scale - 1).sum(-1).clamp(max=6)

    generated = generate_by_scale(start, start, step, choose, codebook, SIDES, phi)
    for scale, logits in enumerate(parts_of(generated.logits, SIDES)):
        assert_equal(parts_of(generated.indices, SIDES)[scale], choose(logits, scale))
    sums = multiscale_decode(generated.indices, codebook, SIDES, phi)
    assert_close(generated.f_hat, sums[-1], size_of_sum(codebook))


@pytest.mark.parametrize(("tokens", "sides"), [(0, SIDES), (2, SIDES), (3, (2, 3)), (1, ())])
def test_generate_by_scale_rejects_other_starts(generate_by_scale, tokens, sides):
    """There are as many start tokens as the first scale has places."""
    start, codebook = torch.ones(2, tokens, 5, dtype=torch.float64), torch.ones(7, 5, dtype=torch.float64)

    def step(tokens, scale, seen):
        return torch.ones(2, sides[scale] ** 2, 7, dtype=tokens.dtype), seen

    assert_rejects(generate_by_scale, start, start, step, lambda logits, k: logits.argmax(-1), codebook, sides, phi)
