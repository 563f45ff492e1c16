"""Laws of `reference.transformer.residual_vq`."""

import itertools
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_at_most, assert_close, assert_equal
from properties.oracles import cell_weights, cubic_weights
from properties.rejection import assert_rejects
from properties.strategies import dyadics, indices, normals

SIDES = (1, 2, 3)


def phi(h, k):
    return h.flip(-1) * (k + 2) / 4 + k / 8


def distances(z, codebook):
    return (z[..., None, :] - codebook).square().sum(-1)


def farthest(z, codebook):
    return distances(z, codebook).argmax(-1)


def contribution(chosen, codebook, scale, sides, phi=phi):
    """Codes laid out row by row, upsampled by cubic convolution, through the phi of their scale."""
    side = sides[scale]
    rows = [[codebook[chosen[..., row * side + column]] for column in range(side)] for row in range(side)]
    grid = torch.stack([torch.stack(row, -1) for row in rows], -2)
    return phi(cubic_weights(side, sides[-1]) @ grid @ cubic_weights(side, sides[-1]).T, scale)


def size_of_sum(codebook):
    """Bound of three scales of phi, whose factors are at most 1: sizes of cubic weights sum to 1.375^2 < 2.

    The places that they are taken at are off by as many roundings as there are pixels.
    """
    return 3 * 3 * (2 * codebook.abs().max() + 1 / 4)


@pytest.mark.parametrize("sides", [(1,), (2, 1, 3), (2, 3, 5, 2)])
def test_scale_bounds_equal_first_and_last_of_counted_tokens(scale_bounds, sides):
    """Tokens counted scale by scale, row by row: a scale begins at its first token and ends behind its last one."""
    tokens = [k for k, side in enumerate(sides) for _ in range(side) for _ in range(side)]
    expected = tuple((tokens.index(k), tokens.index(k) + tokens.count(k)) for k in range(len(sides)))
    assert_equal(scale_bounds(sides), expected)


@pytest.mark.parametrize("sides", [(), (0,), (1, 0, 2), (1, -1)])
def test_scale_bounds_reject_scales_without_tokens(scale_bounds, sides):
    """There is a scale, and every scale has a token."""
    assert_rejects(scale_bounds, sides)


@pytest.mark.parametrize("side", [1, 3, 7])
@given(image=normals(2, 1, 3, 4, 5))
def test_area_resize_equals_means_of_touched_pixels(area_resize, side, image):
    """Each pixel of the result is the mean of all pixels that its cell touches."""
    expected = cell_weights(4, side) @ image @ cell_weights(5, side).T
    assert_close(area_resize(image, side), expected, image.abs().max())


@pytest.mark.parametrize("side", [3, 7])
@given(image=normals(2, 3, 4, 5))
def test_bicubic_resize_equals_cubic_convolution(bicubic_resize, side, image):
    """Along each axis it is the cubic convolution with a = -3/4 of the image continued by its border."""
    expected = cubic_weights(4, side) @ image @ cubic_weights(5, side).T
    assert_close(bicubic_resize(image, side), expected, 2 * 5 * image.abs().max())


@given(level=normals(3, 1, 1), side=st.integers(1, 6))
def test_bicubic_resize_preserves_constants(bicubic_resize, level, side):
    """A pixel, and every constant, fills the image with itself, and an image that has the side already stays."""
    assert_close(bicubic_resize(level, side), level.expand(3, side, side), 2 * level.abs())
    assert_close(bicubic_resize(level.expand(3, 4, 5), side), level.expand(3, side, side), 2 * level.abs())
    ramp = level + torch.arange(25, dtype=torch.float64).reshape(5, 5)
    assert_equal(bicubic_resize(ramp, 5), ramp)


@pytest.mark.parametrize("side", [0, -2])
def test_area_resize_rejects_empty_images(area_resize, bicubic_resize, side):
    """An image has a pixel."""
    for resize in (area_resize, bicubic_resize):
        assert_rejects(resize, torch.ones(3, 4, 5, dtype=torch.float64), side)


@given(
    h=normals(3, 2, 4, 5),
    weight=dyadics(-4096, 4096, 2, 2, 3, 3),
    bias=normals(2),
    ratio=st.sampled_from([0.0, 0.375, 1.0, -0.25, 2.0, 2.0**-22]),
)
def test_blended_convolution_equals_sum_over_neighbours(blended_convolution, h, weight, bias, ratio):
    """A pixel keeps 1 - r of itself and gets r times the bias and its weighted neighbours, 0 beyond the border."""
    padded = torch.zeros(3, 2, 6, 7, dtype=torch.float64)
    padded[..., 1:5, 1:6] = h
    convolved = bias[:, None, None].expand(3, 2, 4, 5)
    for u, v in itertools.product(range(3), range(3)):
        convolved = convolved + (weight[:, :, u, v] @ padded[..., u : u + 4, v : v + 5].flatten(2)).reshape(3, 2, 4, 5)
    size = (1 + abs(ratio)) * (h.abs().max() * (1 + weight.abs().sum()) + bias.abs().max())
    assert_close(blended_convolution(h, weight, bias, ratio), (1 - ratio) * h + ratio * convolved, size)


@pytest.mark.parametrize(
    ("num_scales", "num_modules"), [(10, 4), (10, 1), (2, 4), (4, 4), (7, 3), (3, 2), (9, 5), (2, 7), (101, 4), (12, 5)]
)
def test_shared_phi_indices_are_nearest_ticks(shared_phi_indices, num_scales, num_modules):
    """Each scale takes a tick as near as any, 4 ticks reaching from 1/12 to 11/12 and others from 1/2K to 1 - 1/2K."""
    chosen = shared_phi_indices(num_scales, num_modules)
    edge = Fraction(1, 12) if num_modules == 4 else Fraction(1, 2 * num_modules)
    gap = (1 - 2 * edge) / max(num_modules - 1, 1)
    away = [[abs(edge + j * gap - Fraction(k, num_scales - 1)) for j in range(num_modules)] for k in range(num_scales)]
    assert_equal([away[k][j] for k, j in enumerate(chosen)], [min(row) for row in away])


def test_shared_phi_indices_of_var(shared_phi_indices):
    """Of 4 modules the 10 scales of VAR use 0 0 1 1 1 2 2 3 3 3, where scales 2 and 7 lie midway and take the later."""
    assert_equal(shared_phi_indices(10, 4), (0, 0, 1, 1, 1, 2, 2, 3, 3, 3))


@pytest.mark.parametrize("num_scales", [2, 3, 4, 5, 10])
def test_shared_phi_indices_reduce_to_identity_for_a_module_each(shared_phi_indices, num_scales):
    """With as many modules as scales each scale has its own."""
    assert_equal(shared_phi_indices(num_scales, num_scales), tuple(range(num_scales)))


@pytest.mark.parametrize(("num_scales", "num_modules"), [(1, 4), (0, 1), (10, 0), (2, -1)])
def test_shared_phi_indices_reject_what_has_no_depth(shared_phi_indices, num_scales, num_modules):
    """One scale alone has the relative depth 0/0, and no module can be shared."""
    assert_rejects(shared_phi_indices, num_scales, num_modules)


@pytest.mark.parametrize("scale", [0, 1, 2])
@given(chosen=indices(7, 2, 1, 9), codebook=normals(7, 5))
def test_scale_contribution_equals_phi_of_upsampled_codes(scale_contribution, scale, chosen, codebook):
    """Codes laid out row by row, upsampled by cubic convolution, go through the phi of their scale."""

    def uneven(h, k):
        return phi(h, k) * torch.linspace(0.5, 1, h.shape[-1]).to(h)

    chosen = chosen[..., : SIDES[scale] ** 2]
    expected = contribution(chosen, codebook, scale, SIDES, uneven)
    assert_close(scale_contribution(chosen, codebook, scale, SIDES, uneven), expected, size_of_sum(codebook))


@pytest.mark.parametrize(("scale", "tokens"), [(1, 2), (1, 5), (0, 9), (-1, 9), (3, 9), (4, 9), (0, 0)])
def test_scale_contribution_rejects_other_scales(scale_contribution, scale, tokens):
    """A scale is one of 0..K-1 and has as many tokens as its grid."""
    codebook, chosen = torch.ones(7, 4, dtype=torch.float64), torch.zeros(2, tokens, dtype=torch.int64)
    assert_rejects(scale_contribution, chosen, codebook, scale, SIDES, phi)


@given(f=normals(2, 1, 5, 3, 3), codebook=normals(7, 5))
def test_multiscale_encode_conserves_features(multiscale_encode, multiscale_decode, f, codebook):
    """What is explained and what is left add up to f after every scale, and the codes alone say what is explained."""
    code = multiscale_encode(f, codebook, SIDES, phi)
    size = f.abs().max() + 2 * size_of_sum(codebook)
    assert_close(code.f_hat + code.rest, f.expand(3, 2, 1, 5, 3, 3), size)
    assert_close(multiscale_decode(code.indices, codebook, SIDES, phi), code.f_hat, size)


@pytest.mark.parametrize(("sides", "choice"), [(SIDES, ()), ((3,), ()), ((2, 1, 3), (farthest,))])
@given(f=normals(2, 1, 5, 3, 3), codebook=normals(7, 5))
def test_multiscale_encode_chooses_by_what_is_left(multiscale_encode, sides, choice, f, codebook):
    """Each scale takes the nearest code, or the farthest if told so, to the cell means of what the last one left."""
    code = multiscale_encode(f, codebook, sides, phi, *choice)
    sign, begin = -1 if choice else 1, 0
    for side, left in zip(sides, [f, *code.rest[:-1]], strict=True):
        means = cell_weights(3, side) @ left.double() @ cell_weights(3, side).T
        away = sign * distances(means.flatten(-2).mT, codebook)
        chosen = code.indices[..., begin : begin + side**2]
        taken = away.gather(-1, chosen[..., None]).squeeze(-1).to(code.rest.dtype)
        assert_at_most(taken, away.amin(-1), 5 * (left.double().abs().max() + codebook.abs().max()) ** 2)
        begin += side**2
    assert_equal(code.indices.shape[-1], begin)


@pytest.mark.parametrize(("side", "sides"), [(3, ()), (3, (1, 2)), (3, (2, 1)), (1, (1, 3))])
def test_multiscale_encode_rejects_features_of_other_size(multiscale_encode, side, sides):
    """The last grid is that of the features."""
    codebook = torch.ones(7, 5, dtype=torch.float64)
    assert_rejects(multiscale_encode, torch.ones(2, 5, side, side, dtype=torch.float64), codebook, sides, phi)


@pytest.mark.parametrize("sides", [SIDES, (2, 1, 3)])
@given(chosen=indices(7, 2, 1, 14), codebook=normals(7, 5))
def test_multiscale_decode_adds_up_contributions(multiscale_decode, sides, chosen, codebook):
    """After each scale it is the sum of what the parts of the sequence give that belong to the scales so far."""
    sums = multiscale_decode(chosen, codebook, sides, phi)
    ends = itertools.pairwise(itertools.accumulate((side**2 for side in sides), initial=0))
    parts = [contribution(chosen[..., slice(*end)], codebook, scale, sides) for scale, end in enumerate(ends)]
    for scale in range(3):
        assert_close(sums[scale], sum(parts[: scale + 1]), size_of_sum(codebook))


@pytest.mark.parametrize("tokens", [0, 5, 13, 15])
def test_multiscale_decode_rejects_other_lengths(multiscale_decode, tokens):
    """The sequence holds every token of every scale."""
    codebook, chosen = torch.ones(7, 5, dtype=torch.float64), torch.zeros(2, tokens, dtype=torch.int64)
    assert_rejects(multiscale_decode, chosen, codebook, SIDES, phi)
